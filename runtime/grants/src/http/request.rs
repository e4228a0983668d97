//! A request as it is judged: method and address in one canonical spelling.
//!
//! In comes text of a guest. Refused is what two readers could take for two
//! things: userinfo, backslashes, blanks and controls (which a browser's parser
//! drops), numbers for hosts, port 0, a path that climbs.

use std::fmt;

use url::Url;

use super::HttpMethod;
use super::host::Host;
use crate::shown::deceives;
use crate::{CapabilityKind, Denial};

const URL_BYTES: usize = 8 * 1024;
/// How often a path may have been escaped.
const READINGS: usize = 4;

/// A request to judge and to send: what is judged is what is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpRequest {
    pub(super) method: HttpMethod,
    pub(super) host: Host,
    pub(super) port: u16,
    /// The path as it is sent first, then as servers may read it.
    pub(super) readings: Vec<String>,
    url: Url,
}

impl HttpRequest {
    /// Reads a request. The fragment of an address is dropped.
    ///
    /// # Errors
    /// A denial with the rule `not-a-request`.
    pub fn read(method: &str, url: &str) -> Result<Self, Denial> {
        let denied = |why: &str| Denial {
            capability: CapabilityKind::Http,
            target: crate::shown(&format!("{method} {url}")),
            rule: "not-a-request".to_owned(),
            cure: why.to_owned(),
        };
        let method = method.parse().map_err(denied)?;
        Self::of(method, url).map_err(denied)
    }

    fn of(method: HttpMethod, text: &str) -> Result<Self, &'static str> {
        if text.len() > URL_BYTES {
            return Err("an address has at most 8,192 bytes");
        }
        let (host, written) = authority(text)?;
        let mut url = Url::parse(text).map_err(|_| "this is no address")?;
        url.set_fragment(None);
        let port = url.port_or_known_default().filter(|port| *port != 0);
        let port = port.ok_or("a port is a number from 1 to 65,535")?;
        if written.is_some_and(|written| written != port.to_string()) {
            return Err("a port is a number from 1 to 65,535, without zeros in front");
        }
        url.set_host(Some(&host.to_string()))
            .map_err(|_| "this host cannot stand in an address")?;
        let readings = readings(url.path())?;
        Ok(Self {
            method,
            host,
            port,
            readings,
            url,
        })
    }

    /// The method.
    pub const fn method(&self) -> HttpMethod {
        self.method
    }

    /// `http` or `https`.
    pub fn scheme(&self) -> &str {
        self.url.scheme()
    }

    /// Whether it goes over TLS.
    pub fn is_tls(&self) -> bool {
        self.scheme() == "https"
    }

    /// The host, in lower-case ASCII; IPv6 in brackets.
    pub fn host(&self) -> String {
        self.host.to_string()
    }

    /// The address, where the host is one.
    pub const fn address(&self) -> Option<std::net::IpAddr> {
        match self.host {
            Host::Address(address) => Some(address),
            Host::Name(_) => None,
        }
    }

    /// The port, the scheme's own where none is written.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Path and query as they are sent.
    pub fn path_and_query(&self) -> &str {
        &self.url[url::Position::BeforePath..url::Position::AfterQuery]
    }

    /// `https://api.example.com`: scheme and host, the port where it is not the scheme's.
    pub fn origin(&self) -> String {
        self.url[..url::Position::BeforePath].to_owned()
    }

    /// The whole address.
    pub fn url(&self) -> &str {
        self.url.as_str()
    }
}

impl fmt::Display for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.url)
    }
}

/// Host and port as they are written, with what the parser would forgive refused.
fn authority(text: &str) -> Result<(Host, Option<&str>), &'static str> {
    if text.contains('\\') || text.contains(' ') || text.chars().any(deceives) {
        return Err("an address has no blank, no `\\` and no control or invisible character");
    }
    let (scheme, rest) = text
        .split_once("://")
        .ok_or("write the whole address: `https://host/path`")?;
    if !["http", "https"].contains(&scheme.to_ascii_lowercase().as_str()) {
        return Err("the scheme is `https` or `http`");
    }
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let authority = &rest[..end];
    if authority.contains('@') {
        return Err("an address names no user; credentials are bound by the operator");
    }
    let (host, port) = split_port(authority);
    Ok((Host::read(host)?, port))
}

/// Parts host and port; the colons of `[::1]` are not the port's.
pub(super) fn split_port(authority: &str) -> (&str, Option<&str>) {
    let name_end = authority.rfind(']').map_or(0, |at| at + 1);
    match authority[name_end..].find(':') {
        Some(at) => (
            &authority[..name_end + at],
            Some(&authority[name_end + at + 1..]),
        ),
        None => (authority, None),
    }
}

/// The path as sent, and as a server reads it that takes escapes apart before
/// it looks for slashes. A pattern has to take all of them.
fn readings(path: &str) -> Result<Vec<String>, &'static str> {
    let mut readings = vec![path.to_owned()];
    while let Some(next) = readings.last().and_then(|last| unescaped(last)) {
        if readings.len() == READINGS {
            return Err("the path is escaped more than three times");
        }
        if next.contains(char::is_control) {
            return Err("the path hides a control character");
        }
        readings.push(next.replace('\\', "/"));
    }
    // `..;x` is `..` to servers that take parameters off a part.
    let climbs = |part: &str| matches!(part.split(';').next(), Some("." | ".."));
    if readings.iter().any(|path| path.split('/').any(climbs)) {
        return Err("the path hides a `.` or `..`");
    }
    Ok(readings)
}

/// With escapes taken apart; `None` where there are none.
fn unescaped(path: &str) -> Option<String> {
    let mut out = Vec::with_capacity(path.len());
    let mut changed = false;
    let mut rest = path.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let code = (first == b'%')
            .then(|| after.get(..2))
            .flatten()
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        out.push(code.unwrap_or(first));
        rest = if code.is_some() { &after[2..] } else { after };
        changed |= code.is_some();
    }
    changed.then(|| String::from_utf8_lossy(&out).into_owned())
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
