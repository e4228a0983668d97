//! A credential as it is sent, and the traces by which an echo of it is found.
//!
//! It has no `Display`, its `Debug` is a mark, and its memory is overwritten
//! when it is dropped. Refused is what could not be scrubbed: less than eight
//! letters, or anything but printable ASCII.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use http::{HeaderName, HeaderValue};
use minion_grants::{Attach, CredentialBinding};
use zeroize::Zeroizing;

use crate::scrub::Needles;

const LEAST_BYTES: usize = 8;
const MOST_BYTES: usize = 8 << 10;

/// A credential that goes with requests.
#[derive(Clone)]
pub struct Credential {
    pub(crate) header: HeaderName,
    value: Arc<Zeroizing<String>>,
    pub(crate) plain: bool,
    pub(crate) needles: Arc<Needles>,
    lower: Arc<Vec<Zeroizing<String>>>,
}

/// A text that is no credential. It is not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadCredential {
    /// Blanks, line ends, or letters beyond ASCII within it.
    #[error("it is empty or has blanks, control or non-ASCII characters in it")]
    Letters,
    /// An echo of it could not be told from ordinary text.
    #[error("it has less than 8 or more than 8,192 letters")]
    Length,
    /// `attach = "basic"` without a colon.
    #[error("for `attach = \"basic\"` it is `user:password`")]
    NotBasic,
    /// The header that it is to stand in.
    #[error("its header is none")]
    Header,
}

impl Credential {
    /// Takes a credential; blanks and line ends around it are dropped.
    ///
    /// # Errors
    /// [`BadCredential`], which does not show it.
    pub fn new(secret: &str, binding: &CredentialBinding) -> Result<Self, BadCredential> {
        let secret = secret.trim();
        if secret.is_empty() || !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(BadCredential::Letters);
        }
        if !(LEAST_BYTES..=MOST_BYTES).contains(&secret.len()) {
            return Err(BadCredential::Length);
        }
        let (header, value) = match &binding.attach {
            Attach::Bearer => ("authorization", format!("Bearer {secret}")),
            Attach::Basic if secret.contains(':') => (
                "authorization",
                format!("Basic {}", STANDARD.encode(secret)),
            ),
            Attach::Basic => return Err(BadCredential::NotBasic),
            Attach::Header(name) => (name.as_str(), secret.to_owned()),
        };
        let traces = traces(secret);
        let lower = traces.iter().map(|trace| trace.to_ascii_lowercase());
        Ok(Self {
            lower: Arc::new(lower.map(Zeroizing::new).collect()),
            header: HeaderName::try_from(header).map_err(|_| BadCredential::Header)?,
            value: Arc::new(Zeroizing::new(value)),
            plain: binding.plain,
            needles: Arc::new(Needles::new(&traces)),
        })
    }

    /// Whether a text that was put into lower case holds it.
    pub(crate) fn is_in_any_case(&self, lower: &str) -> bool {
        self.lower
            .iter()
            .any(|trace| lower.contains(trace.as_str()))
    }

    /// The header's value. It is marked, so that nobody prints it.
    pub(crate) fn value(&self) -> Result<HeaderValue, BadCredential> {
        let mut value = HeaderValue::from_str(&self.value).map_err(|_| BadCredential::Letters)?;
        value.set_sensitive(true);
        Ok(value)
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credential({})", self.header)
    }
}

/// Every spelling under which an echo of the secret is looked for: as it is,
/// in base 64 wherever it begins, percent-encoded, in hexadecimal, as JSON and
/// HTML escape it. Of `user:password`, the password by itself too.
fn traces(secret: &str) -> Vec<Zeroizing<String>> {
    let mut traces = Vec::new();
    let password = secret.split_once(':').map(|(_, password)| password);
    let parts = std::iter::once(secret).chain(password);
    for part in parts.filter(|part| part.len() >= LEAST_BYTES) {
        traces.push(part.to_owned());
        traces.extend(in_base64(part));
        let hex = spelled(part, |_| false, |byte| format!("{byte:02x}"));
        traces.extend([hex.to_uppercase(), hex]);
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        for kept in [&plain as &dyn Fn(u8) -> bool, &|_| false] {
            let percent = spelled(part, kept, |byte| format!("%{byte:02X}"));
            let lower = spelled(part, kept, |byte| format!("%{byte:02x}"));
            traces.extend([percent, lower]);
        }
        traces.push(part.replace('\\', "\\\\").replace('"', "\\\""));
        traces.push(part.replace('/', "\\/"));
        let html = part.replace('&', "&amp;").replace('<', "&lt;");
        traces.push(html.replace('>', "&gt;").replace('"', "&quot;"));
    }
    traces.sort();
    traces.dedup();
    traces.into_iter().map(Zeroizing::new).collect()
}

/// Base 64 of whatever contains the part: three ways to begin, without the
/// letters at both ends that depend on what stands beside it.
fn in_base64(part: &str) -> Vec<String> {
    let mut spellings = Vec::new();
    for engine in [&STANDARD, &URL_SAFE] {
        for before in 0..3_usize {
            let bytes = [&b"\0\0"[..before], part.as_bytes()].concat();
            let text = engine.encode(&bytes);
            let first = (before * 8).div_ceil(6);
            let last = bytes.len() * 8 / 6;
            spellings.push(text[first..last].to_owned());
        }
    }
    spellings
}

fn spelled(part: &str, kept: impl Fn(u8) -> bool, other: impl Fn(u8) -> String) -> String {
    part.bytes()
        .map(|byte| {
            if kept(byte) {
                char::from(byte).to_string()
            } else {
                other(byte)
            }
        })
        .collect()
}
