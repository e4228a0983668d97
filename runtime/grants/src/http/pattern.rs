//! Patterns of requests: `GET https://api.example.com/v1/**`.
//!
//! Methods joined by commas (`*` for any), one blank, scheme, host, port where
//! it is not the scheme's, path. A host is a name, `*.` before a name of two
//! labels or more (exactly one label in its place), or an address written out.
//! In a path `*` stands for letters within one part, `**` as a whole part for
//! any number of parts: `/v1/**` takes `/v1` itself, `/**` every path. Queries
//! are not judged. Nothing is left out and nothing stands for "any host".

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::host::Host;
use super::request::split_port;
use super::{HttpMethod, HttpRequest};
use crate::paths::{self, Segment};
use crate::relate::{self, Step};
use crate::shown::deceives;

const PATTERN_BYTES: usize = 1024;
/// Labels after a `*.`: one alone would take a whole top-level domain.
const LABELS: usize = 2;

/// A checked pattern of requests.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HttpPattern {
    text: String,
    methods: Vec<HttpMethod>,
    tls: bool,
    host: HostPattern,
    port: u16,
    path: Vec<Step<Segment>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum HostPattern {
    Exactly(Host),
    /// One label before this name.
    Under(String),
}

impl HttpPattern {
    /// Whether the pattern takes the request, however its server reads the path.
    pub fn matches(&self, request: &HttpRequest) -> bool {
        self.is_addressed(request) && request.readings.iter().all(|path| self.takes_path(path))
    }

    /// Whether it denies the request: some server may read its path so.
    pub(crate) fn denies(&self, request: &HttpRequest) -> bool {
        self.is_addressed(request) && request.readings.iter().any(|path| self.takes_path(path))
    }

    fn is_addressed(&self, request: &HttpRequest) -> bool {
        self.methods.contains(&request.method)
            && self.tls == request.is_tls()
            && self.port == request.port
            && self.host.takes(&request.host)
    }

    fn takes_path(&self, path: &str) -> bool {
        relate::covers(&self.path, &parts(path, paths::exactly), paths::over)
    }

    /// Whether some request is taken by both.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.same_origin(other)
            && (self.host.covers(&other.host) || other.host.covers(&self.host))
            && self.methods.iter().any(|one| other.methods.contains(one))
            && relate::overlaps(&self.path, &other.path, paths::meet)
    }

    /// Whether every request that `other` takes is taken by this one too.
    /// `false` may also mean that it could not be shown.
    pub fn covers(&self, other: &Self) -> bool {
        self.same_origin(other)
            && self.host.covers(&other.host)
            && other.methods.iter().all(|one| self.methods.contains(one))
            && relate::covers(&self.path, &other.path, paths::over)
    }

    /// The pattern in its one spelling.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it takes every method and every path of its host: what a tunnel
    /// needs, through which neither can be seen.
    pub fn is_whole_host(&self) -> bool {
        self.methods.len() == HttpMethod::ALL.len()
            && matches!(self.path[..], [Step::Many(Segment::Any)])
    }

    /// Whether its host is an address outside of the public internet, or this
    /// machine by name.
    pub fn is_private(&self) -> bool {
        match &self.host {
            HostPattern::Exactly(Host::Address(address)) => !super::is_public(*address),
            HostPattern::Exactly(Host::Name(name)) | HostPattern::Under(name) => {
                name == "localhost" || name.ends_with(".localhost")
            }
        }
    }

    /// Whether its host is this machine, by name or by address.
    pub fn is_loopback(&self) -> bool {
        match &self.host {
            HostPattern::Exactly(Host::Address(address)) => address.is_loopback(),
            HostPattern::Exactly(Host::Name(name)) => name == "localhost",
            HostPattern::Under(_) => false,
        }
    }

    /// Whether its host begins with `*.`.
    pub const fn is_wide(&self) -> bool {
        matches!(self.host, HostPattern::Under(_))
    }

    /// Whether it goes over TLS.
    pub const fn is_tls(&self) -> bool {
        self.tls
    }

    fn same_origin(&self, other: &Self) -> bool {
        self.tls == other.tls && self.port == other.port
    }
}

impl HostPattern {
    fn takes(&self, host: &Host) -> bool {
        match (self, host) {
            (Self::Exactly(own), host) => own == host,
            (Self::Under(own), Host::Name(name)) => {
                name.split_once('.').is_some_and(|(_, rest)| rest == own)
            }
            (Self::Under(_), Host::Address(_)) => false,
        }
    }

    fn covers(&self, other: &Self) -> bool {
        match other {
            Self::Exactly(host) => self.takes(host),
            Self::Under(_) => self == other,
        }
    }

    fn read(text: &str) -> Result<Self, &'static str> {
        let Some(name) = text.strip_prefix("*.") else {
            if text.contains('*') {
                return Err("in a host, `*` stands only as the first label: `*.example.com`");
            }
            return Host::read(text).map(Self::Exactly);
        };
        match Host::read(name)? {
            host if host.labels() < LABELS => {
                Err("after `*.` stands a name of two labels or more: `*.example.com`")
            }
            host => Ok(Self::Under(host.to_string())),
        }
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(host) => write!(f, "{host}"),
            Self::Under(name) => write!(f, "*.{name}"),
        }
    }
}

fn parts<T>(path: &str, part: impl Fn(&str) -> T) -> Vec<T> {
    let path = path.strip_prefix('/').unwrap_or(path);
    path.split('/').map(part).collect()
}

impl FromStr for HttpPattern {
    type Err = HttpPatternError;

    fn from_str(text: &str) -> Result<Self, HttpPatternError> {
        parse(text).map_err(|why| HttpPatternError {
            pattern: crate::shown(text),
            why,
        })
    }
}

fn parse(text: &str) -> Result<HttpPattern, &'static str> {
    if text.len() > PATTERN_BYTES || text.chars().any(deceives) {
        return Err("it has more than 1,024 bytes, or a control or an invisible character");
    }
    let (methods, address) = text
        .split_once(' ')
        .ok_or("name methods and address: `GET https://api.example.com/v1/**`")?;
    let methods = read_methods(methods)?;
    let (tls, rest) = match address.split_once("://") {
        Some(("https", rest)) => (true, rest),
        Some(("http", rest)) => (false, rest),
        _ => return Err("an address begins with `https://` or `http://`"),
    };
    let slash = rest
        .find('/')
        .ok_or("write the path too; `/**` is every path")?;
    let (authority, path) = rest.split_at(slash);
    if authority.contains('@') {
        return Err("an address names no user; bind a `credential`");
    }
    let (host, port) = split_port(authority);
    let (host, port) = (HostPattern::read(host)?, read_port(port, tls)?);
    check_path(path)?;
    Ok(HttpPattern {
        text: spelling(&methods, tls, &host, port, path),
        methods,
        tls,
        host,
        port,
        path: parts(path, paths::segment),
    })
}

fn read_methods(text: &str) -> Result<Vec<HttpMethod>, &'static str> {
    if text == "*" {
        return Ok(HttpMethod::ALL.to_vec());
    }
    let mut methods = text
        .split(',')
        .map(str::parse)
        .collect::<Result<Vec<_>, _>>()?;
    methods.sort_unstable();
    methods.dedup();
    Ok(methods)
}

const fn own_port(tls: bool) -> u16 {
    if tls { 443 } else { 80 }
}

fn read_port(port: Option<&str>, tls: bool) -> Result<u16, &'static str> {
    let Some(text) = port else {
        return Ok(own_port(tls));
    };
    let port = text.parse::<u16>().ok().filter(|port| *port != 0);
    port.filter(|port| port.to_string() == text)
        .ok_or("a port is one number from 1 to 65,535")
}

/// The path has to stand there as it is sent, or it would never match.
fn check_path(path: &str) -> Result<(), &'static str> {
    let sent = url::Url::parse(&format!("http://host{path}"));
    if sent.is_ok_and(|sent| sent.path() != path) || path.contains(['?', '#', '%', ' ']) {
        return Err("a path has no query, no escapes, no `.` or `..` and plain letters only");
    }
    let parts: Vec<_> = path.split('/').skip(1).collect();
    if parts.windows(2).any(|pair| pair == ["**", "**"]) {
        return Err("`**/**` says no more than `**`");
    }
    if parts
        .iter()
        .any(|part| *part != "**" && part.contains("**"))
    {
        return Err("`**` stands only as a whole part of a path");
    }
    Ok(())
}

fn spelling(
    methods: &[HttpMethod],
    tls: bool,
    host: &HostPattern,
    port: u16,
    path: &str,
) -> String {
    let names: Vec<_> = methods.iter().map(|method| method.as_str()).collect();
    let methods = if names.len() == HttpMethod::ALL.len() {
        "*".to_owned()
    } else {
        names.join(",")
    };
    let port = if port == own_port(tls) {
        String::new()
    } else {
        format!(":{port}")
    };
    let scheme = if tls { "https" } else { "http" };
    format!("{methods} {scheme}://{host}{port}{path}")
}

impl TryFrom<String> for HttpPattern {
    type Error = HttpPatternError;

    fn try_from(text: String) -> Result<Self, HttpPatternError> {
        text.parse()
    }
}

impl From<HttpPattern> for String {
    fn from(pattern: HttpPattern) -> Self {
        pattern.text
    }
}

impl fmt::Display for HttpPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for HttpPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

impl PartialEq for HttpPattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for HttpPattern {}

/// The text is no pattern of requests.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{pattern}` is no pattern of requests: {why}")]
pub struct HttpPatternError {
    pattern: String,
    why: &'static str,
}

#[cfg(test)]
#[path = "pattern_tests.rs"]
mod tests;
