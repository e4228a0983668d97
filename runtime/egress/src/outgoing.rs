//! What is sent: a request that was judged, its headers and its body.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Frame, SizeHint};
use minion_grants::HttpRequest;

use crate::{Bound, BoundKind, Credential, SendError};

/// A body that is sent.
pub type Body = UnsyncBoxBody<Bytes, BodyError>;

/// Why a body that is sent ended too early.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the body ended early: {0}")]
pub struct BodyError(pub String);

/// A request that was judged.
#[derive(Debug)]
pub struct Outgoing {
    /// Method and address; what was judged is what is sent.
    pub request: HttpRequest,
    /// Headers as whoever asks wants them.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body.
    pub body: Body,
    /// The credential that the operator bound to it.
    pub credential: Option<Credential>,
}

/// A body of bytes that are all there.
pub fn body_of(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into())
        .map_err(|never| match never {})
        .boxed_unsync()
}

/// What went wrong with a body while it was sent.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trouble(Arc<Mutex<Option<SendError>>>);

impl Trouble {
    fn note(&self, error: SendError) -> BodyError {
        let told = error.to_string();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        BodyError(told)
    }

    pub(crate) fn take(&self) -> Option<SendError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// A body that ends at its bound, and where trailers would begin.
pub(crate) struct Bounded {
    body: Body,
    left: u64,
    allowed: u64,
    trouble: Trouble,
}

impl Bounded {
    /// # Errors
    /// [`SendError::Bound`] where the body says itself that it is too large.
    pub(crate) fn new(body: Body, allowed: u64) -> Result<(Self, Trouble), SendError> {
        if body.size_hint().lower() > allowed {
            return Err(too_large(allowed));
        }
        let trouble = Trouble::default();
        let bounded = Self {
            body,
            left: allowed,
            allowed,
            trouble: trouble.clone(),
        };
        Ok((bounded, trouble))
    }

    fn checked(&mut self, frame: Frame<Bytes>) -> Result<Frame<Bytes>, BodyError> {
        let Some(data) = frame.data_ref() else {
            let trailers = SendError::ForbiddenHeader("trailer".to_owned());
            return Err(self.trouble.note(trailers));
        };
        match self.left.checked_sub(data.len() as u64) {
            Some(left) => self.left = left,
            None => return Err(self.trouble.note(too_large(self.allowed))),
        }
        Ok(frame)
    }
}

fn too_large(allowed: u64) -> SendError {
    SendError::Bound(Bound {
        kind: BoundKind::RequestBody,
        allowed,
    })
}

impl hyper::body::Body for Bounded {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match Pin::new(&mut self.body).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => Poll::Ready(Some(self.checked(frame))),
            other => other,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
