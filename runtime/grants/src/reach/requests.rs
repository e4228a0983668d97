//! Requests, and the credentials that go with them.

use std::collections::BTreeSet;
use std::fmt;

use super::Names;
use super::set::Atom;
use crate::rules::Rule;
use crate::{HttpPattern, HttpRequest};

/// Requests, and whether they may leave the public internet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Requests {
    pub(crate) pattern: HttpPattern,
    pub(crate) private: bool,
}

/// A request that is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The request.
    pub request: HttpRequest,
    /// Whether the address that its host has is outside of the public internet.
    pub private: bool,
}

impl Sent {
    fn is_private(&self) -> bool {
        let address = self.request.address();
        self.private || address.is_some_and(|address| !crate::is_public(address))
    }
}

impl Requests {
    /// With the operator's term left open: an ask cannot name it.
    pub(crate) fn open(mut self) -> Self {
        self.private = true;
        self
    }
}

impl From<&Rule<HttpPattern>> for Requests {
    fn from(rule: &Rule<HttpPattern>) -> Self {
        Self {
            pattern: rule.pattern.clone(),
            private: rule.opens_marked,
        }
    }
}

impl Atom for Requests {
    type Deed = Sent;

    fn takes(&self, sent: &Sent) -> bool {
        self.pattern.matches(&sent.request) && (self.private || !sent.is_private())
    }

    fn denies(&self, sent: &Sent) -> bool {
        self.pattern.denies(&sent.request)
    }

    fn covers(&self, other: &Self) -> bool {
        self.pattern.covers(&other.pattern) && (self.private || !other.private)
    }

    fn overlaps(&self, other: &Self) -> bool {
        self.pattern.overlaps(&other.pattern)
    }

    fn meet(&self, other: &Self) -> Option<Self> {
        let narrow = if self.pattern.covers(&other.pattern) {
            other
        } else if other.pattern.covers(&self.pattern) {
            self
        } else {
            return None;
        };
        Some(Self {
            pattern: narrow.pattern.clone(),
            private: self.private && other.private,
        })
    }
}

impl fmt::Display for Requests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.pattern, f)
    }
}

/// Credentials of these names, with these requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bound {
    names: Names,
    /// None: with any request that is allowed.
    to: Option<HttpPattern>,
}

impl Bound {
    /// This credential with each of these requests.
    pub(crate) fn to<'a>(name: &'a str, to: &'a [HttpPattern]) -> impl Iterator<Item = Self> + 'a {
        to.iter().map(move |pattern| Self {
            names: Names::Only(BTreeSet::from([name.to_owned()])),
            to: Some(pattern.clone()),
        })
    }

    pub(crate) fn any() -> Self {
        Self {
            names: Names::any(),
            to: None,
        }
    }
}

impl Atom for Bound {
    type Deed = (String, HttpRequest);

    fn takes(&self, (name, request): &(String, HttpRequest)) -> bool {
        self.names.has(name) && self.to.as_ref().is_none_or(|to| to.matches(request))
    }

    fn covers(&self, other: &Self) -> bool {
        let to = match (&self.to, &other.to) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(own), Some(theirs)) => own.covers(theirs),
        };
        to && self.names.covers(&other.names)
    }

    fn overlaps(&self, other: &Self) -> bool {
        let to = match (&self.to, &other.to) {
            (Some(own), Some(theirs)) => own.overlaps(theirs),
            _ => true,
        };
        to && !self.names.meet(&other.names).is_empty()
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.names)?;
        match &self.to {
            Some(to) => write!(f, " with {to}"),
            None => Ok(()),
        }
    }
}
