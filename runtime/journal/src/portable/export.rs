//! Writing a run into one file: a page of records or one blob in memory at a time.

use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use super::{FORMAT, Header, Line, Tail, VERSION};
use crate::reader::Pages;
use crate::{ReadError, RunId, Seq, Store, StoreError, Verified, VerifyError, verify};

/// Why a run was not written into a file.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// It was altered, or cannot be read.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// It cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It was altered since it was verified.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A record that was altered since it was verified.
    #[error("record {0} is no text")]
    NotText(Seq),
    /// The file cannot be written.
    #[error("the run could not be written out")]
    Write(#[from] io::Error),
}

/// Writes a run, verified before, up to its head of this moment.
pub fn export(store: &dyn Store, run: RunId, out: &mut dyn Write) -> Result<Verified, ExportError> {
    let verified = verify(store, run)?;
    let blobs = store.references(run)?;
    let head = Tail {
        hash: verified.head.hash.to_string(),
        seq: verified.head.seq.0,
    };
    let header = Header {
        blobs: blobs.len() as u64,
        format: FORMAT.to_owned(),
        head,
        records: verified.records,
        run: run.to_string(),
        version: VERSION,
    };
    write(out, &header)?;
    for digest in blobs {
        let bytes = STANDARD.encode(store.get_blob(&digest)?);
        let digest = digest.to_string();
        write(out, &Line::Blob { bytes, digest })?;
    }
    let mut pages = Pages::starting(store, run, Seq::FIRST)?;
    while let Some((_, stored)) = pages.advance()? {
        let hash = stored.hash.to_string();
        let bytes =
            String::from_utf8(stored.bytes).map_err(|_| ExportError::NotText(stored.seq))?;
        write(out, &Line::Record { bytes, hash })?;
        if stored.seq == verified.head.seq {
            break;
        }
    }
    out.flush()?;
    Ok(verified)
}

fn write(out: &mut dyn Write, line: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}
