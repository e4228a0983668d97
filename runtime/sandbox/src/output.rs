//! Keeps the beginning and the end of a stream, counts the rest, and never stops reading.

use std::collections::VecDeque;
use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

/// What was kept of one stream.
#[derive(Debug)]
pub(crate) struct Kept {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    limit: usize,
    seen: u64,
}

impl Kept {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            head: Vec::new(),
            tail: VecDeque::new(),
            limit,
            seen: 0,
        }
    }

    /// Reads to the end of the stream.
    pub(crate) async fn drain<R: AsyncRead + Unpin>(&mut self, mut from: R) -> io::Result<()> {
        let mut buffer = vec![0; 64 << 10];
        loop {
            match from.read(&mut buffer).await? {
                0 => return Ok(()),
                n => self.push(&buffer[..n]),
            }
        }
    }

    /// All bytes that went through.
    pub(crate) fn seen(&self) -> u64 {
        self.seen
    }

    pub(crate) fn is_truncated(&self) -> bool {
        self.left_out() > 0
    }

    /// Beginning, a line that says how much is missing, end.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        let left_out = self.left_out();
        let mut bytes = self.head;
        if left_out > 0 {
            bytes.extend(format!("\n[... {left_out} bytes left out ...]\n").into_bytes());
        }
        bytes.extend(self.tail);
        bytes
    }

    fn push(&mut self, mut chunk: &[u8]) {
        self.seen += chunk.len() as u64;
        let for_head = (self.limit / 2)
            .saturating_sub(self.head.len())
            .min(chunk.len());
        self.head.extend(&chunk[..for_head]);
        chunk = &chunk[for_head..];
        let room = self.limit - self.limit / 2;
        if chunk.len() >= room {
            self.tail.clear();
            chunk = &chunk[chunk.len() - room..];
        }
        let surplus = (self.tail.len() + chunk.len()).saturating_sub(room);
        self.tail.drain(..surplus);
        self.tail.extend(chunk);
    }

    fn left_out(&self) -> u64 {
        self.seen - (self.head.len() + self.tail.len()) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::Kept;

    fn keep(limit: usize, chunks: &[&[u8]]) -> Kept {
        let mut kept = Kept::new(limit);
        for chunk in chunks {
            kept.push(chunk);
        }
        kept
    }

    #[test]
    fn short_output_is_kept_whole_however_it_arrives() {
        let kept = keep(10, &[b"abc", b"defghi", b"j"]);
        assert!(!kept.is_truncated());
        assert_eq!(kept.into_bytes(), b"abcdefghij");
    }

    #[test]
    fn long_output_keeps_beginning_and_end_and_says_what_is_missing() {
        let kept = keep(8, &[b"start", b"........", b"...", b"..", b"end!"]);
        assert_eq!((kept.is_truncated(), kept.seen()), (true, 22));
        assert_eq!(
            kept.into_bytes(),
            b"star\n[... 14 bytes left out ...]\nend!"
        );
    }

    #[test]
    fn a_limit_of_zero_keeps_nothing_and_still_counts() {
        let kept = keep(0, &[b"abc"]);
        assert_eq!((kept.seen(), kept.left_out()), (3, 3));
    }
}
