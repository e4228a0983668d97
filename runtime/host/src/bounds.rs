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
        let growth = Growth::of(current, desired, maximum);
        Ok(growth.held(&mut self.memory, MEMORY, OverBound::Memory)?)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let growth = Growth::of(current, desired, maximum);
        Ok(growth.held(&mut self.entries, ENTRIES, OverBound::Entries)?)
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

/// How much more a memory or a table wants; `None` where it is more than the guest itself
/// said that it would ever want.
struct Growth(Option<usize>);

impl Growth {
    fn of(current: usize, desired: usize, maximum: Option<usize>) -> Self {
        let fits = maximum.is_none_or(|maximum| desired <= maximum);
        Self(fits.then(|| desired.saturating_sub(current)))
    }

    /// Adds it to what is held of the kind. A growth past the guest's own maximum only fails.
    fn held(self, held: &mut usize, most: usize, over: OverBound) -> Result<bool, OverBound> {
        let Some(more) = self.0 else {
            return Ok(false);
        };
        let now = held.saturating_add(more);
        if now > most {
            return Err(over);
        }
        *held = now;
        Ok(true)
    }
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
