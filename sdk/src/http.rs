//! Requests over HTTP.

pub use crate::bindings::host::http::{Method, Response};

use crate::bindings::host::http::Message;
use crate::{Failure, host};

/// A request, not yet sent. A credential that the operator bound to it is added by the host.
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until `send`"]
pub struct Request(Message);

impl Request {
    pub(crate) fn new(method: Method, url: &str) -> Self {
        Self(Message {
            method,
            url: url.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        })
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        let value = value.as_ref().to_vec();
        self.0.headers.push((name.to_owned(), value));
        self
    }

    /// With this body.
    pub fn body(mut self, body: impl AsRef<[u8]>) -> Self {
        self.0.body = body.as_ref().to_vec();
        self
    }

    /// Sends it and waits for the end of the answer. A status of 404 is no failure of the
    /// call, and a redirect is an answer.
    pub fn send(self) -> Result<Response, Failure> {
        Ok(host::http::request(&self.0)?)
    }
}

impl Response {
    /// Whether the status is of the kind 2xx.
    pub fn succeeded(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The first header of this name, as text; names are in lower case.
    pub fn header(&self, name: &str) -> Option<String> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| String::from_utf8_lossy(value).into_owned())
    }

    /// The body as text; what is not UTF-8 is replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Method {
    /// As it is sent: `GET`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Options => "OPTIONS",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
            Self::Post => "POST",
            Self::Patch => "PATCH",
        }
    }
}
