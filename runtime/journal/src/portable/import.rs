//! Reading a run from a file that anybody may have written: everything is verified before
//! anything is kept, and nothing is read beyond its bounds.
//!
//! An imported run is there to be read and replayed. It can never be claimed, even if it
//! had not ended: its workspace is elsewhere, and so may be a process that goes on with it.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{FORMAT, Header, Line, VERSION, sense};
use crate::disk::decode;
use crate::{
    AppendError, Batch, Blob, Body, DecodeError, Hash, Head, NewRun, Pause, Payload, Record, RunId,
    Seq, Store, StoreError, StoredRecord, Timestamp,
};

/// The most bytes of a line: a blob of 64 MiB in base64, and some.
const MAX_LINE: u64 = 96 * 1024 * 1024;

/// The most bytes of a file, which is held in memory until it is verified: 512 MiB.
const MAX_FILE: u64 = 512 * 1024 * 1024;

/// How far ahead of ours the clock of another machine may be: a day, in microseconds.
const AHEAD: u64 = 24 * 60 * 60 * 1_000_000;

/// A run that is in the store now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Imported {
    /// Which run.
    pub run: RunId,
    /// Its last record.
    pub head: Head,
    /// Whether it was there already, the same.
    pub known: bool,
}

/// Why a file was not taken.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// Something else altogether.
    #[error("this is no run that `minion-rt runs export` wrote")]
    NotARun,
    /// Written by a later program.
    #[error(
        "the file has version {0}, and this program reads 1: use the newer minion-rt that wrote it"
    )]
    Newer(u64),
    /// A line or the file is longer than any that is written.
    #[error("line {line} goes beyond the {max} bytes that are read")]
    TooLong {
        /// Which line.
        line: u64,
        /// How much is read.
        max: u64,
    },
    /// It ends before all of it has come: it was cut off, or is still being copied.
    #[error("it is incomplete: it ends in line {line}; copy it again")]
    Incomplete {
        /// Which line.
        line: u64,
    },
    /// It is not as it was written.
    #[error("line {line} was altered: {what}")]
    Altered {
        /// Which line.
        line: u64,
        /// What is wrong.
        what: &'static str,
    },
    /// A record cannot be read.
    #[error("line {line} was altered")]
    Record {
        /// Which line.
        line: u64,
        /// What is wrong.
        source: DecodeError,
    },
    /// There is a run of that id with other records.
    #[error(
        "run `{short}` is in this journal with other records, perhaps from an earlier or a later export; \
         `minion-rt runs gc {short} --yes` makes room for it", short = .0.short()
    )]
    Other(RunId),
    /// The file cannot be read.
    #[error("the file could not be read")]
    Read(#[from] io::Error),
    /// The journal cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The journal cannot be written.
    #[error(transparent)]
    Append(#[from] AppendError),
}

/// Takes a run that [`super::export`] wrote, `now` being the time here. One that is there already,
/// the same, is left as it is.
pub fn import(
    store: &dyn Store,
    file: &mut dyn Read,
    now: Timestamp,
) -> Result<Imported, ImportError> {
    let mut lines = Lines {
        file: BufReader::new(file.take(MAX_FILE + 1)),
        line: 0,
        read: 0,
    };
    let (header, run, head) = header(&mut lines)?;
    let latest = Timestamp(now.0.saturating_add(AHEAD));
    if run.begun() > latest {
        return Err(ImportError::Altered {
            line: 1,
            what: "the run's id is of a time that has not come yet",
        });
    }
    let mut whole = Whole::new(run, latest);
    for _ in 0..header.blobs {
        whole.blob(lines.one()?, lines.line)?;
    }
    for _ in 0..header.records {
        whole.record(lines.one()?, lines.line)?;
    }
    lines.end()?;
    let (new, batch) = whole.finish(head, lines.line)?;
    keep(store, &new, batch, head)
}

fn keep(
    store: &dyn Store,
    new: &NewRun,
    batch: Batch,
    head: Head,
) -> Result<Imported, ImportError> {
    let run = new.run;
    let known = match store.adopt(new, batch) {
        Ok(()) => false,
        Err(AppendError::Exists(_)) if store.head(run)? == head => true,
        Err(AppendError::Exists(_)) => return Err(ImportError::Other(run)),
        Err(error) => return Err(error.into()),
    };
    Ok(Imported { run, head, known })
}

fn header<R: BufRead>(lines: &mut Lines<R>) -> Result<(Header, RunId, Head), ImportError> {
    #[derive(serde::Deserialize)]
    struct Kind {
        format: String,
        version: u64,
    }
    let ours = begins_as_ours(lines.file.fill_buf()?);
    let text = lines.text().map_err(|error| match error {
        ImportError::Incomplete { .. } if !ours => ImportError::NotARun,
        error => error,
    })?;
    let kind: Kind = serde_json::from_slice(&text).map_err(|_| ImportError::NotARun)?;
    match (kind.format.as_str(), kind.version) {
        (FORMAT, VERSION) => {}
        (FORMAT, newer) if newer > VERSION => return Err(ImportError::Newer(newer)),
        _ => return Err(ImportError::NotARun),
    }
    let header: Header = lines.canonical(&text)?;
    let wrong = |what| ImportError::Altered { line: 1, what };
    let run: RunId = header.run.parse().map_err(|_| wrong("no run's id"))?;
    if run.to_string() != header.run {
        // Read as people type it, an id has other forms.
        return Err(wrong("no run's id"));
    }
    let hash = header.head.hash.parse().map_err(|_| wrong("no hash"))?;
    let seq = Seq(header.head.seq);
    if seq.0 != header.records {
        return Err(wrong("its head is not the last of its records"));
    }
    Ok((header, run, Head { seq, hash }))
}

/// Whether a file, as far as it was read, may be the beginning of an export: an empty one is.
fn begins_as_ours(read: &[u8]) -> bool {
    const BEGIN: &[u8] = b"{\"blobs\":";
    let seen = read.len().min(BEGIN.len());
    read[..seen] == BEGIN[..seen]
}

/// A file, line by line, within its bounds.
struct Lines<R> {
    file: R,
    line: u64,
    read: u64,
}

impl<R: BufRead> Lines<R> {
    fn altered(&self, what: &'static str) -> ImportError {
        let line = self.line;
        ImportError::Altered { line, what }
    }

    /// The next line, which must be there, without its end.
    fn text(&mut self) -> Result<Vec<u8>, ImportError> {
        self.line += 1;
        let mut text = Vec::new();
        let mut within = (&mut self.file).take(MAX_LINE + 1);
        self.read += within.read_until(b'\n', &mut text)? as u64;
        for (read, max) in [(text.len() as u64, MAX_LINE), (self.read, MAX_FILE)] {
            if read > max {
                let line = self.line;
                return Err(ImportError::TooLong { line, max });
            }
        }
        match text.pop() {
            Some(b'\n') => Ok(text),
            _ => Err(ImportError::Incomplete { line: self.line }),
        }
    }

    /// Reads a line that is written in the one way.
    fn canonical<T: Serialize + DeserializeOwned>(&self, text: &[u8]) -> Result<T, ImportError> {
        let read: T = serde_json::from_slice(text).map_err(|_| self.altered("it has no sense"))?;
        match serde_json::to_vec(&read) {
            Ok(again) if again == text => Ok(read),
            _ => Err(self.altered("it is not written as it would be")),
        }
    }

    fn one(&mut self) -> Result<Line, ImportError> {
        let text = self.text()?;
        self.canonical(&text)
    }

    fn end(&mut self) -> Result<(), ImportError> {
        if self.file.fill_buf()?.is_empty() {
            return Ok(());
        }
        self.line += 1;
        Err(self.altered("there is more than the first line says"))
    }
}

/// What was read and verified so far.
struct Whole {
    run: RunId,
    prev: Hash,
    begun: Option<NewRun>,
    batch: Batch,
    last_blob: Option<Hash>,
    lengths: BTreeMap<Hash, u64>,
    /// No record is later.
    latest: Timestamp,
}

impl Whole {
    fn new(run: RunId, latest: Timestamp) -> Self {
        Self {
            run,
            latest,
            prev: Hash::ZERO,
            begun: None,
            batch: Batch::default(),
            last_blob: None,
            lengths: BTreeMap::new(),
        }
    }

    fn blob(&mut self, blob: Line, line: u64) -> Result<(), ImportError> {
        let altered = |what| ImportError::Altered { line, what };
        let Line::Blob { bytes, digest } = blob else {
            return Err(altered("a blob is expected"));
        };
        let bytes = STANDARD.decode(bytes).map_err(|_| altered("no base64"))?;
        let blob = Blob::new(bytes);
        if blob.digest().to_string() != digest {
            return Err(altered("its bytes have another digest"));
        }
        if self.last_blob >= Some(blob.digest()) {
            return Err(altered("blobs are not in their order"));
        }
        self.last_blob = Some(blob.digest());
        let bytes = blob.bytes().len() as u64;
        self.lengths.insert(blob.digest(), bytes);
        self.batch.blobs.push(blob);
        Ok(())
    }

    fn record(&mut self, record: Line, line: u64) -> Result<(), ImportError> {
        let altered = |what| ImportError::Altered { line, what };
        let Line::Record { bytes, hash } = record else {
            return Err(altered("a record is expected"));
        };
        let seq = Seq(self.batch.records.len() as u64 + 1);
        let bytes = bytes.into_bytes();
        let stored = StoredRecord {
            seq,
            hash: Hash::of_record(&self.prev, self.run, seq, &bytes),
            bytes,
        };
        if stored.hash.to_string() != hash {
            return Err(altered("its bytes do not give its hash"));
        }
        let record = decode(self.run, self.prev, &stored);
        self.content(record.map_err(|source| ImportError::Record { line, source })?)
            .map_err(altered)?;
        self.prev = stored.hash;
        self.batch.records.push(stored);
        Ok(())
    }

    fn content(&mut self, record: Record) -> Result<(), &'static str> {
        let begins = matches!(record.body, Body::RunStarted(_));
        if begins != self.begun.is_none() || self.batch.ending.is_some() {
            return Err("it cannot stand there");
        }
        sense::check(&record, self.latest)?;
        for payload in record.body.payloads().into_iter().flatten() {
            if let Payload::Blob { digest, bytes } = payload
                && self.lengths.get(digest) != Some(bytes)
            {
                return Err("a blob that it names is missing");
            }
        }
        self.batch.pause = Pause::after(&record.body);
        match record.body {
            Body::RunStarted(started) => {
                self.begun = Some(NewRun::of(self.run, record.at, &started));
            }
            Body::Checkpoint { .. } => self.batch.checkpoint = Some(record.seq),
            Body::Ended(ending) => self.batch.ending = Some((record.at, ending)),
            _ => {}
        }
        Ok(())
    }

    fn finish(self, head: Head, line: u64) -> Result<(NewRun, Batch), ImportError> {
        match self.begun {
            Some(begun) if self.prev == head.hash => Ok((begun, self.batch)),
            _ => Err(ImportError::Altered {
                line,
                what: "it is not the head that the first line tells",
            }),
        }
    }
}
