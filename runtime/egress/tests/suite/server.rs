//! A server on loopback that answers with whatever bytes the test wants, in
//! the clear or over TLS under an authority of the test's own.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use minion_egress::{Body, Bounds, Egress, Incoming, Names, Outgoing, SendError, Trust, body_of};
use minion_grants::HttpRequest;
use rcgen::{CertificateParams, IsCa, Issuer, KeyPair};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::dns::Dns;

/// Pieces of an answer, each with how long the server waits before it.
pub(crate) type Pieces = Vec<(Duration, Vec<u8>)>;

/// A running server.
pub(crate) struct Server {
    pub(crate) at: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Answers each request with what `answer` makes of its head.
    pub(crate) async fn start(answer: impl Fn(&str) -> Pieces + Send + Sync + 'static) -> Self {
        Self::run("127.0.0.1:0", None, answer).await
    }

    pub(crate) async fn start_at(
        at: &str,
        answer: impl Fn(&str) -> Pieces + Send + Sync + 'static,
    ) -> Self {
        Self::run(at, None, answer).await
    }

    pub(crate) async fn start_tls(
        authority: &Authority,
        name: &str,
        answer: impl Fn(&str) -> Pieces + Send + Sync + 'static,
    ) -> Self {
        Self::run("127.0.0.1:0", Some(authority.acceptor(name)), answer).await
    }

    async fn run(
        at: &str,
        tls: Option<TlsAcceptor>,
        answer: impl Fn(&str) -> Pieces + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(at).await.unwrap();
        let server = Self {
            at: listener.local_addr().unwrap(),
            heads: Arc::default(),
        };
        let (heads, answer) = (Arc::clone(&server.heads), Arc::new(answer));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (heads, answer, tls) = (Arc::clone(&heads), Arc::clone(&answer), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => serve(stream, &heads, &*answer).await,
                        Some(tls) => match tls.accept(stream).await {
                            Ok(stream) => serve(stream, &heads, &*answer).await,
                            Err(_) => heads.lock().unwrap().push("no TLS".to_owned()),
                        },
                    }
                });
            }
        });
        server
    }

    /// What was received: heads, and what of the bodies came with them.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.at)
    }
}

async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    heads: &Mutex<Vec<String>>,
    answer: &(impl Fn(&str) -> Pieces + ?Sized),
) {
    let (mut received, mut buffer) = (Vec::new(), [0; 4096]);
    while !received.windows(4).any(|window| window == b"\r\n\r\n") {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => break,
            Ok(length) => received.extend_from_slice(&buffer[..length]),
        }
    }
    let head = String::from_utf8_lossy(&received).into_owned();
    heads.lock().unwrap().push(head.clone());
    for (pause, piece) in answer(&head) {
        tokio::time::sleep(pause).await;
        if stream.write_all(&piece).await.is_err() {
            return;
        }
        let _ = stream.flush().await;
    }
    let _ = stream.shutdown().await;
}

/// An answer in one piece.
pub(crate) fn at_once(text: impl Into<Vec<u8>>) -> Pieces {
    vec![(Duration::ZERO, text.into())]
}

/// A usual answer with this body.
pub(crate) fn ok(body: &str) -> Pieces {
    at_once(format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    ))
}

/// A certificate authority that only this test believes.
pub(crate) struct Authority {
    pub(crate) der: Vec<u8>,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self {
            der: certificate.der().to_vec(),
            issuer: Issuer::new(params, key),
        }
    }

    fn acceptor(&self, name: &str) -> TlsAcceptor {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let key = rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }
}

/// The way out with a name server and an authority of the test's own.
pub(crate) fn egress(dns: &Dns, authorities: &[Vec<u8>], bounds: Bounds) -> Egress {
    let names = Names::by(&[dns.at]).unwrap();
    Egress::new(names, Trust::only(authorities).unwrap(), bounds)
}

/// A way out that reaches servers by their address alone.
pub(crate) async fn plain() -> Egress {
    egress(&Dns::start().await, &[], quick())
}

/// Bounds that a test does not wait long for.
pub(crate) fn quick() -> Bounds {
    Bounds {
        connect: Duration::from_secs(2),
        first_byte: Duration::from_millis(700),
        between_bytes: Duration::from_millis(400),
        total: Duration::from_millis(1500),
        request_body: 1 << 20,
        response_body: 1 << 20,
        ..Bounds::default()
    }
}

pub(crate) fn asking(method: &str, url: &str, body: Body) -> Outgoing {
    Outgoing {
        request: HttpRequest::read(method, url).unwrap(),
        headers: Vec::new(),
        body,
        credential: None,
    }
}

/// Gets an address that may be anywhere.
pub(crate) async fn get(egress: &Egress, url: &str) -> Result<Incoming, SendError> {
    egress.send(asking("GET", url, body_of("")), |_| true).await
}

/// The same with the whole body.
pub(crate) async fn got(egress: &Egress, url: &str) -> Result<Vec<u8>, SendError> {
    get(egress, url).await?.whole().await
}
