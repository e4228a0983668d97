//! The same work on many things, on as many threads as the machine has cores.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

/// Below this a thread costs more than it saves.
const FEW: usize = 8;
const MOST_THREADS: usize = 8;
/// Threads that only wait for the disk.
const WAITING_THREADS: usize = 16;

/// Does `work` on every item; answers in the order of the items, or the first
/// error met. `state` is made once a thread.
pub(crate) fn each<I, S, T, E>(
    items: &[I],
    state: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, &I) -> Result<T, E> + Sync,
) -> Result<Vec<T>, E>
where
    I: Sync,
    T: Send,
    E: Send,
{
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get().min(MOST_THREADS));
    let threads = if items.len() < FEW { 1 } else { threads };
    on(threads, items, state, work)
}

/// Like [`each`], for work that waits for the disk rather than for a core.
pub(crate) fn each_waiting<I, S, T, E>(
    items: &[I],
    state: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, &I) -> Result<T, E> + Sync,
) -> Result<Vec<T>, E>
where
    I: Sync,
    T: Send,
    E: Send,
{
    on(items.len().min(WAITING_THREADS), items, state, work)
}

fn on<I, S, T, E>(
    threads: usize,
    items: &[I],
    state: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, &I) -> Result<T, E> + Sync,
) -> Result<Vec<T>, E>
where
    I: Sync,
    T: Send,
    E: Send,
{
    if threads <= 1 {
        let mut state = state();
        return items.iter().map(|item| work(&mut state, item)).collect();
    }
    let next = AtomicUsize::new(0);
    let failed = AtomicBool::new(false);
    let share = || {
        let mut state = state();
        let mut done = Vec::new();
        while !failed.load(Relaxed) {
            let at = next.fetch_add(1, Relaxed);
            let Some(item) = items.get(at) else { break };
            let answer = work(&mut state, item);
            failed.fetch_or(answer.is_err(), Relaxed);
            done.push((at, answer));
        }
        done
    };
    let mut done = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(share)).collect();
        let mut done = share();
        for other in others {
            match other.join() {
                Ok(more) => done.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    done.sort_unstable_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, answer)| answer).collect()
}
