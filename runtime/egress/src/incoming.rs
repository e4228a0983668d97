//! What comes back: head at once, body piece by piece, each within its bound.

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::Incoming as Pieces;
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use crate::scrub::Scrubber;
use crate::{Bound, BoundKind, Bounds, Credential, SendError};

/// A response. Dropping it closes its connection.
pub struct Incoming {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Pieces,
    pub(crate) credential: Option<Credential>,
    pub(crate) scrubber: Scrubber,
    pub(crate) bounds: Bounds,
    pub(crate) ends: Instant,
    pub(crate) left: u64,
    pub(crate) over: bool,
    pub(crate) _connection: Driver,
    pub(crate) _permit: OwnedSemaphorePermit,
}

/// The task that drives a connection; it ends with its response.
pub(crate) struct Driver(pub(crate) JoinHandle<()>);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Incoming {
    /// The status: 200, 404.
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// The headers, without those of the connection and without echoes.
    pub fn headers(&self) -> &[(String, Vec<u8>)] {
        &self.headers
    }

    /// The next piece of the body; none at its end.
    ///
    /// # Errors
    /// [`SendError`] at a bound, or where the connection breaks. Nothing comes after it.
    pub async fn next(&mut self) -> Result<Option<Bytes>, SendError> {
        while !self.over {
            match self.piece().await {
                Ok(Some(piece)) if piece.is_empty() => {}
                Ok(piece) => return Ok(piece),
                Err(error) => {
                    self.over = true;
                    return Err(error);
                }
            }
        }
        Ok(None)
    }

    /// The whole body.
    ///
    /// # Errors
    /// As [`Incoming::next`].
    pub async fn whole(&mut self) -> Result<Vec<u8>, SendError> {
        let mut whole = Vec::new();
        while let Some(piece) = self.next().await? {
            whole.extend_from_slice(&piece);
        }
        Ok(whole)
    }

    async fn piece(&mut self) -> Result<Option<Bytes>, SendError> {
        let between = Instant::now() + self.bounds.between_bytes;
        let (until, bound) = if between < self.ends {
            let within = self.bounds.between_bytes;
            (between, Bound::time(BoundKind::BetweenBytes, within))
        } else {
            (self.ends, Bound::time(BoundKind::Total, self.bounds.total))
        };
        let frame = timeout_at(until, self.body.frame())
            .await
            .map_err(|_| SendError::Bound(bound))?;
        let Some(frame) = frame else {
            self.over = true;
            return Ok(self.rest());
        };
        let frame =
            frame.map_err(|_| SendError::Malformed("its body is broken or ends too early"))?;
        // Trailers are nobody's affair.
        let Ok(data) = frame.into_data() else {
            return Ok(Some(Bytes::new()));
        };
        self.left = self.left.checked_sub(data.len() as u64).ok_or({
            SendError::Bound(Bound {
                kind: BoundKind::ResponseBody,
                allowed: self.bounds.response_body,
            })
        })?;
        Ok(Some(match &self.credential {
            Some(own) => self.scrubber.push(&own.needles, &data).into(),
            None => data,
        }))
    }

    fn rest(&mut self) -> Option<Bytes> {
        let own = self.credential.as_ref()?;
        let rest = self.scrubber.end(&own.needles);
        (!rest.is_empty()).then(|| rest.into())
    }
}

impl std::fmt::Debug for Incoming {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Incoming({})", self.status)
    }
}
