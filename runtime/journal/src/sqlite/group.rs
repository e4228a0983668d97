//! Appends that share a flush.
//!
//! Whoever comes first leads: it takes all that waits into one transaction and answers
//! all of it. Whoever comes meanwhile waits for its own answer, not for the connection,
//! so that all who are answered go on at once and are back with their next batch when
//! the next flush begins. A leader that is done makes the first who waits the next.

use std::sync::{Arc, Condvar, Mutex};

use crate::{AppendError, Batch, Head, Lease, StoreError};

use super::rows::Append;

type Answer = Result<Head, AppendError>;

/// One append that waits for its transaction.
pub(super) struct Ticket {
    pub(super) lease: Lease,
    expected: Head,
    batch: Batch,
    word: Mutex<Word>,
    told: Condvar,
}

/// What a ticket is told.
#[derive(Default)]
enum Word {
    #[default]
    Wait,
    Lead,
    Done(Answer),
}

impl Ticket {
    pub(super) fn new(lease: Lease, expected: Head, batch: Batch) -> Arc<Self> {
        Arc::new(Self {
            lease,
            expected,
            batch,
            word: Mutex::default(),
            told: Condvar::new(),
        })
    }

    pub(super) fn append(&self) -> Append<'_> {
        Append {
            lease: &self.lease,
            expected: self.expected,
            batch: &self.batch,
        }
    }

    pub(super) fn answer(&self, answer: Answer) {
        self.tell(Word::Done(answer));
    }

    fn tell(&self, word: Word) {
        if let Ok(mut slot) = self.word.lock() {
            *slot = word;
            self.told.notify_one();
        }
    }

    /// Waits for the answer; none when this one has to lead.
    fn wait(&self) -> Option<Answer> {
        let broken = || Some(Err(StoreError::Broken.into()));
        let Ok(mut word) = self.word.lock() else {
            return broken();
        };
        loop {
            match std::mem::take(&mut *word) {
                Word::Done(answer) => return Some(answer),
                Word::Lead => return None,
                Word::Wait => {}
            }
            word = match self.told.wait(word) {
                Ok(word) => word,
                Err(_) => return broken(),
            };
        }
    }

    fn is_open(&self) -> bool {
        self.word
            .lock()
            .is_ok_and(|word| !matches!(*word, Word::Done(_)))
    }
}

/// Those that wait, and whether somebody leads.
#[derive(Default)]
pub(super) struct Queue(Mutex<Line>);

#[derive(Default)]
struct Line {
    waiting: Vec<Arc<Ticket>>,
    led: bool,
}

impl Queue {
    /// Gives the answer of a ticket. `write` answers all tickets that it is given, or
    /// they are told that the store is broken.
    pub(super) fn take(&self, ticket: &Arc<Ticket>, write: impl FnOnce(&[Arc<Ticket>])) -> Answer {
        let leads = self.line_up(Arc::clone(ticket))?;
        if !leads && let Some(answer) = ticket.wait() {
            return answer;
        }
        let group = Group {
            queue: self,
            tickets: self.waiting()?,
        };
        write(&group.tickets);
        drop(group);
        ticket.wait().unwrap_or(Err(StoreError::Broken.into()))
    }

    /// Whether nobody leads yet.
    fn line_up(&self, ticket: Arc<Ticket>) -> Result<bool, StoreError> {
        let mut line = self.0.lock().map_err(|_| StoreError::Broken)?;
        line.waiting.push(ticket);
        Ok(!std::mem::replace(&mut line.led, true))
    }

    fn waiting(&self) -> Result<Vec<Arc<Ticket>>, StoreError> {
        let mut line = self.0.lock().map_err(|_| StoreError::Broken)?;
        Ok(std::mem::take(&mut line.waiting))
    }
}

/// What one leader writes. However it ends, nobody is left waiting.
struct Group<'a> {
    queue: &'a Queue,
    tickets: Vec<Arc<Ticket>>,
}

impl Drop for Group<'_> {
    fn drop(&mut self) {
        for ticket in self.tickets.iter().filter(|ticket| ticket.is_open()) {
            ticket.answer(Err(StoreError::Broken.into()));
        }
        if let Ok(mut line) = self.queue.0.lock() {
            match line.waiting.first() {
                Some(next) => next.tell(Word::Lead),
                None => line.led = false,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;
    use std::time::Duration;

    use super::*;
    use crate::conformance::run_id;
    use crate::{Hash, Seq};

    const HEAD: Head = Head {
        seq: Seq(1),
        hash: Hash::ZERO,
    };

    fn ticket() -> Arc<Ticket> {
        let lease = Lease::new(run_id(1), 1, None);
        Ticket::new(lease, HEAD, Batch::default())
    }

    #[test]
    fn those_who_come_meanwhile_share_the_next_write() {
        let (queue, writes, together) = (Queue::default(), AtomicUsize::new(0), Barrier::new(16));
        let write = |group: &[Arc<Ticket>]| {
            writes.fetch_add(1, Ordering::SeqCst);
            thread::sleep(Duration::from_millis(20));
            for ticket in group {
                ticket.answer(Ok(HEAD));
            }
        };
        thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    together.wait();
                    for _ in 0..4 {
                        assert_eq!(queue.take(&ticket(), write).expect("is written"), HEAD);
                    }
                });
            }
        });
        let writes = writes.into_inner();
        assert!(writes <= 16, "64 batches took {writes} writes");
    }

    #[test]
    fn a_leader_that_answers_nobody_leaves_nobody_waiting() {
        let (queue, together) = (Queue::default(), Barrier::new(8));
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    together.wait();
                    let silent = |_: &[Arc<Ticket>]| thread::sleep(Duration::from_millis(5));
                    let answer = queue.take(&ticket(), silent);
                    assert!(matches!(
                        answer,
                        Err(AppendError::Store(StoreError::Broken))
                    ));
                });
            }
        });
    }
}
