//! One request: headers, addresses, connection, head of the response.

use std::net::IpAddr;
use std::sync::Arc;

use http::{Request, Response};
use hyper::body::Incoming as Pieces;
use hyper::client::conn::http1;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout, timeout_at};

use crate::connect::{Connection, connect};
use crate::incoming::{Driver, Incoming};
use crate::outgoing::{Bounded, Trouble};
use crate::scrub::Scrubber;
use crate::{Bound, BoundKind, Bounds, Credential, Names, Outgoing, Trust, headers};

/// Headers of a response, at most.
const HEADERS: usize = 100;

/// Sends requests.
#[derive(Debug, Clone)]
pub struct Egress {
    names: Names,
    trust: Trust,
    bounds: Bounds,
    room: Arc<Semaphore>,
}

/// Why there is no response, or no more of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// A header that the host alone sets, or that is none.
    #[error("header `{0}` cannot be sent: it is malformed, or set by the host alone")]
    ForbiddenHeader(String),
    /// An address of the name may not be reached. Nothing was connected to.
    #[error("`{0}` may not be reached")]
    Address(IpAddr),
    /// A credential would go over plain HTTP.
    #[error("a credential goes over TLS alone")]
    PlainCredential,
    /// The name has no address.
    #[error("`{0}` has no address")]
    NoAddress(String),
    /// Nobody answers there.
    #[error("it cannot be reached: {0}")]
    Unreachable(String),
    /// No TLS for this name.
    #[error("TLS failed: {0}")]
    Tls(String),
    /// What came back is no HTTP.
    #[error("the response is malformed: {0}")]
    Malformed(&'static str),
    /// A body in an encoding in which no echo of the credential would be found.
    #[error("the response is encoded (`{0}`), which is not taken where a credential was sent")]
    Encoded(String),
    /// A bound was reached.
    #[error("limit reached, {0}")]
    Bound(Bound),
}

impl Egress {
    /// With these bounds for each request.
    pub fn new(names: Names, trust: Trust, bounds: Bounds) -> Self {
        Self {
            names,
            trust,
            bounds,
            room: Arc::new(Semaphore::new(bounds.at_once)),
        }
    }

    /// Sends a request that was judged, once. `admits` says which addresses it
    /// may reach; if any address of its name is none of them, nothing is
    /// connected to.
    ///
    /// # Errors
    /// [`SendError`]; it never holds a credential.
    pub async fn send(
        &self,
        outgoing: Outgoing,
        admits: impl Fn(IpAddr) -> bool,
    ) -> Result<Incoming, SendError> {
        let ends = Instant::now() + self.bounds.total;
        let total = SendError::Bound(Bound::time(BoundKind::Total, self.bounds.total));
        let permit = timeout_at(ends, Arc::clone(&self.room).acquire_owned());
        let Ok(Ok(permit)) = permit.await else {
            return Err(total);
        };
        let Outgoing {
            request,
            headers: given,
            body,
            credential,
        } = outgoing;
        if credential.as_ref().is_some_and(|own| !own.plain) && !request.is_tls() {
            return Err(SendError::PlainCredential);
        }
        let (body, trouble) = Bounded::new(body, self.bounds.request_body)?;
        let own = credential.as_ref();
        let mut headers = headers::outgoing(&request, &given, own, &self.bounds)?;
        let allowed = |address| admits(address) && may_hold(own, request.is_tls(), address);
        let connecting = async {
            let addresses = self.addresses(&request, allowed).await?;
            let host = request.host();
            let tls = request.is_tls().then_some((&self.trust, host.as_str()));
            connect(&addresses, request.port(), tls, self.bounds.connect).await
        };
        let connection = timeout(self.bounds.connect, connecting)
            .await
            .map_err(|_| self.late(BoundKind::Connect))??;
        if let Some(own) = own {
            let value = own.value().map_err(|_| SendError::PlainCredential)?;
            headers.insert(own.header.clone(), value);
        }
        let mut message = Request::builder()
            .method(request.method().as_str())
            .uri(request.path_and_query())
            .body(body)
            .map_err(|_| SendError::ForbiddenHeader("request line".to_owned()))?;
        *message.headers_mut() = headers;
        let until = ends.min(Instant::now() + self.bounds.first_byte);
        let (driver, response) = timeout_at(until, self.exchange(connection, message, &trouble))
            .await
            .map_err(|_| self.late(BoundKind::FirstByte))??;
        check_encoding(&response, credential.as_ref())?;
        Ok(Incoming {
            status: response.status().as_u16(),
            headers: headers::incoming(response.headers(), credential.as_ref()),
            body: response.into_body(),
            credential,
            scrubber: Scrubber::default(),
            bounds: self.bounds,
            ends,
            left: self.bounds.response_body,
            over: false,
            _connection: driver,
            _permit: permit,
        })
    }

    /// The addresses to try, each of them checked.
    async fn addresses(
        &self,
        request: &minion_grants::HttpRequest,
        allowed: impl Fn(IpAddr) -> bool,
    ) -> Result<Vec<IpAddr>, SendError> {
        let addresses = match request.address() {
            Some(address) => vec![address],
            None => self.names.addresses(&request.host()).await,
        };
        if addresses.is_empty() {
            return Err(SendError::NoAddress(request.host()));
        }
        match addresses.iter().find(|address| !allowed(**address)) {
            Some(address) => Err(SendError::Address(*address)),
            None => Ok(addresses),
        }
    }

    async fn exchange(
        &self,
        connection: Connection,
        message: Request<Bounded>,
        trouble: &Trouble,
    ) -> Result<(Driver, Response<Pieces>), SendError> {
        let failed = |error| {
            let own = trouble.take();
            own.unwrap_or_else(|| SendError::from_hyper(&error, &self.bounds))
        };
        let (mut sender, connection) = http1::Builder::new()
            .max_headers(HEADERS)
            .max_header_size(self.bounds.response_headers)
            .max_buf_size(self.bounds.response_headers.max(8 << 10))
            .handshake(connection)
            .await
            .map_err(failed)?;
        let driver = Driver(tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
        }));
        let response = sender.send_request(message).await.map_err(failed)?;
        Ok((driver, response))
    }

    fn late(&self, kind: BoundKind) -> SendError {
        let within = match kind {
            BoundKind::Connect => self.bounds.connect,
            _ => self.bounds.first_byte,
        };
        SendError::Bound(Bound::time(kind, within))
    }
}

/// A credential goes over TLS, or to this machine where its binding says so.
fn may_hold(credential: Option<&Credential>, tls: bool, address: IpAddr) -> bool {
    credential.is_none_or(|own| tls || (own.plain && address.is_loopback()))
}

fn check_encoding(
    response: &Response<Pieces>,
    credential: Option<&Credential>,
) -> Result<(), SendError> {
    let mut encodings = response.headers().get_all("content-encoding").iter();
    let encoded = encodings.find(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity"));
    match (encoded, credential) {
        (Some(encoding), Some(credential)) => {
            let encoding = credential.needles.scrub(encoding.as_bytes());
            let encoding = minion_grants::shown(&String::from_utf8_lossy(&encoding));
            Err(SendError::Encoded(encoding))
        }
        _ => Ok(()),
    }
}

impl SendError {
    /// What hyper says, without anything that came from the other side.
    pub(crate) fn from_hyper(error: &hyper::Error, bounds: &Bounds) -> Self {
        if error.is_parse_too_large() {
            return Self::Bound(Bound {
                kind: BoundKind::ResponseHeaders,
                allowed: bounds.response_headers as u64,
            });
        }
        if error.is_parse() {
            return Self::Malformed("it is no HTTP/1.1");
        }
        if error.is_incomplete_message() || error.is_body_write_aborted() {
            return Self::Malformed("it ends too early");
        }
        Self::Unreachable("the connection broke".to_owned())
    }
}
