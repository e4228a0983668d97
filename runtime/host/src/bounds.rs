//! What one store may hold at most: bytes of memory and entries of tables, all of its
//! instances together.
//!
//! What would pass a bound traps, and the trap says which bound it was; a growth that merely
//! fails would come back as whatever the guest's allocator does then.

use wasmtime::ResourceLimiter;

/// Bytes of memory, all memories together: 256 MiB.
const MEMORY: usize = 256 << 20;
/// Entries of tables, all tables together.
const ENTRIES: usize = 1_000_000;

/// What a store holds by now.
#[derive(Debug, Default)]
pub(crate) struct Bounds {
    memory: usize,
    entries: usize,
}

/// A growth that would pass a bound.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OverBound {
    /// Of memory.
    #[error("it wanted more than {} MiB of memory", MEMORY >> 20)]
    Memory,
    /// Of tables.
    #[error("it wanted more than {ENTRIES} table entries")]
    Entries,
}

impl ResourceLimiter for Bounds {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        self.memory = grown(self.memory, current, desired, MEMORY).ok_or(OverBound::Memory)?;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        self.entries = grown(self.entries, current, desired, ENTRIES).ok_or(OverBound::Entries)?;
        Ok(true)
    }

    fn instances(&self) -> usize {
        64
    }

    fn tables(&self) -> usize {
        64
    }

    fn memories(&self) -> usize {
        16
    }
}

fn grown(held: usize, current: usize, desired: usize, most: usize) -> Option<usize> {
    let held = held.saturating_add(desired.saturating_sub(current));
    (held <= most).then_some(held)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memories_count_together() {
        let mut bounds = Bounds::default();
        assert!(bounds.memory_growing(0, MEMORY / 2, None).unwrap());
        assert!(bounds.memory_growing(0, MEMORY / 2, None).unwrap());
        let error = bounds.memory_growing(0, 1, None).unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&OverBound::Memory));
    }

    #[test]
    fn tables_count_together() {
        let mut bounds = Bounds::default();
        assert!(bounds.table_growing(10, ENTRIES + 10, None).unwrap());
        let error = bounds.table_growing(0, 1, None).unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&OverBound::Entries));
    }

    #[test]
    fn a_growth_past_the_guests_own_maximum_only_fails() {
        let mut bounds = Bounds::default();
        assert!(!bounds.memory_growing(0, 2 * MEMORY, Some(MEMORY)).unwrap());
        assert!(bounds.memory_growing(0, MEMORY, None).unwrap());
    }
}
