//! A connection of its own for each request: TCP to an address that was
//! checked, TLS for the name that was asked for.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::TokioIo;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::SendError;

/// Whose certificates are believed.
#[derive(Clone)]
pub struct Trust(TlsConnector);

/// No certificate could be believed.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// A certificate authority cannot be read.
    #[error("a certificate authority is malformed: {0}")]
    Authority(rustls::Error),
    /// TLS cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    Tls(rustls::Error),
}

impl Trust {
    /// The authorities that this machine believes, and `more` of them (DER).
    ///
    /// # Errors
    /// [`TrustError`] where one of `more` is malformed.
    pub fn of_this_machine(more: &[Vec<u8>]) -> Result<Self, TrustError> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        Self::with(roots, more)
    }

    /// These authorities alone (DER).
    ///
    /// # Errors
    /// [`TrustError`] where one is malformed.
    pub fn only(authorities: &[Vec<u8>]) -> Result<Self, TrustError> {
        Self::with(RootCertStore::empty(), authorities)
    }

    fn with(mut roots: RootCertStore, more: &[Vec<u8>]) -> Result<Self, TrustError> {
        for authority in more {
            roots
                .add(CertificateDer::from(authority.clone()))
                .map_err(TrustError::Authority)?;
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(TrustError::Tls)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        // Nothing of one request is kept for another, sessions of TLS neither.
        config.resumption = rustls::client::Resumption::disabled();
        Ok(Self(TlsConnector::from(Arc::new(config))))
    }
}

impl std::fmt::Debug for Trust {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Trust")
    }
}

/// Bytes both ways.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A connection as hyper takes it.
pub(crate) type Connection = TokioIo<Box<dyn Stream>>;

/// Connects to the first of the checked addresses that answers.
pub(crate) async fn connect(
    addresses: &[IpAddr],
    port: u16,
    tls: Option<(&Trust, &str)>,
    within: Duration,
) -> Result<Connection, SendError> {
    let tcp = tcp(addresses, port, within).await?;
    let Some((trust, host)) = tls else {
        return Ok(TokioIo::new(Box::new(tcp)));
    };
    let name = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .to_owned();
    let name = ServerName::try_from(name).map_err(|_| SendError::Tls(host.to_owned()))?;
    let stream = trust.0.connect(name, tcp).await.map_err(|error| {
        tracing::debug!(%error, "no TLS");
        SendError::Tls(error.to_string())
    })?;
    Ok(TokioIo::new(Box::new(stream)))
}

async fn tcp(addresses: &[IpAddr], port: u16, within: Duration) -> Result<TcpStream, SendError> {
    // One address that swallows packets must not use up the time of all.
    let each = within / u32::try_from(addresses.len().max(1)).unwrap_or(1);
    let mut last = None;
    for address in addresses {
        let stream = TcpStream::connect(SocketAddr::new(*address, port));
        match tokio::time::timeout(each, stream).await {
            Ok(Ok(stream)) => {
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Ok(Err(error)) => last = Some(error.kind()),
            Err(_) => last = Some(std::io::ErrorKind::TimedOut),
        }
    }
    let why = last.map_or_else(|| "no address".to_owned(), |kind| kind.to_string());
    Err(SendError::Unreachable(why))
}
