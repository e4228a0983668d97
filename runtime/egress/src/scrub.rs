//! Takes echoes of a credential out of what comes back, also where a piece of
//! the body ends within one.

use std::fmt;

use aho_corasick::{AhoCorasick, MatchKind};
use zeroize::{Zeroize as _, Zeroizing};

/// Stands where an echo stood.
pub(crate) const REDACTED: &[u8] = b"[redacted]";

/// The spellings that are looked for.
pub(crate) struct Needles {
    /// None where they are too many to be compiled: then nothing passes.
    finder: Option<AhoCorasick>,
    longest: usize,
}

impl Needles {
    pub(crate) fn new(traces: &[Zeroizing<String>]) -> Self {
        let finder = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(traces.iter().map(|trace| trace.as_bytes()));
        Self {
            finder: finder.ok(),
            longest: traces.iter().map(|trace| trace.len()).max().unwrap_or(1),
        }
    }

    /// The whole text without echoes.
    pub(crate) fn scrub(&self, bytes: &[u8]) -> Vec<u8> {
        let mut scrubber = Scrubber::default();
        let mut out = scrubber.push(self, bytes);
        out.extend(scrubber.end(self));
        out
    }
}

impl fmt::Debug for Needles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Needles")
    }
}

/// What of a body is held back: it may be the beginning of an echo.
#[derive(Default)]
pub(crate) struct Scrubber {
    held: Vec<u8>,
}

impl Scrubber {
    /// What is sure after one more piece.
    pub(crate) fn push(&mut self, needles: &Needles, piece: &[u8]) -> Vec<u8> {
        self.held.extend_from_slice(piece);
        let sure = self.held.len().saturating_sub(needles.longest - 1);
        self.release(needles, sure)
    }

    /// The rest.
    pub(crate) fn end(&mut self, needles: &Needles) -> Vec<u8> {
        let all = self.held.len();
        self.release(needles, all)
    }

    /// Lets go what begins before `sure`: an echo that begins there lies in
    /// `held` as a whole.
    fn release(&mut self, needles: &Needles, sure: usize) -> Vec<u8> {
        let Some(finder) = &needles.finder else {
            self.held.zeroize();
            return REDACTED.to_vec();
        };
        let (mut out, mut done) = (Vec::with_capacity(sure), 0);
        for found in finder.find_iter(&self.held) {
            if found.start() >= sure {
                break;
            }
            out.extend_from_slice(&self.held[done..found.start()]);
            out.extend_from_slice(REDACTED);
            done = found.end();
        }
        if done < sure {
            out.extend_from_slice(&self.held[done..sure]);
            done = sure;
        }
        let rest = self.held[done..].to_vec();
        self.held.zeroize();
        self.held = rest;
        out
    }
}

impl Drop for Scrubber {
    fn drop(&mut self) {
        self.held.zeroize();
    }
}
