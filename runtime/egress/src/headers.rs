//! Headers both ways: what whoever asks may set, and what they get to see.

use http::header::{ACCEPT_ENCODING, CONTENT_LENGTH, HOST, HeaderMap, HeaderName, HeaderValue};
use minion_grants::HttpRequest;

use crate::{Bound, BoundKind, Bounds, Credential, SendError};

/// Headers of a request, at most.
const HEADERS: usize = 100;

/// Headers that the host alone sets: where a request goes, how it travels, who
/// is said to have sent it.
const FORBIDDEN: &[&str] = &[
    "accept-encoding",
    "connection",
    "expect",
    "forwarded",
    "host",
    "http2-settings",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
];
const FORBIDDEN_LEADS: &[&str] = &["proxy-", "sec-", "x-forwarded-"];

/// Headers by which somebody says who they are; where the operator binds a
/// credential, nobody else does.
const IDENTITY: &[&str] = &["authorization", "cookie", "x-api-key", "api-key"];
const IDENTITY_LEADS: &[&str] = &["x-amz-", "x-auth-", "x-goog-"];

/// With a credential, an echo is read as a whole or not at all: asking for
/// pieces of it would get past the scrubbing.
const PIECES: &[&str] = &["range", "if-range"];

/// Headers of a response that say how it travelled, and nothing of its content.
const TRAVEL: &[&str] = &[
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// The headers to send.
pub(crate) fn outgoing(
    request: &HttpRequest,
    given: &[(String, Vec<u8>)],
    credential: Option<&Credential>,
    bounds: &Bounds,
) -> Result<HeaderMap, SendError> {
    check_size(given, bounds)?;
    let mut headers = HeaderMap::new();
    for (name, value) in given {
        let refused = || SendError::ForbiddenHeader(minion_grants::shown(name));
        let name = HeaderName::try_from(name.as_str()).map_err(|_| refused())?;
        let value = HeaderValue::from_bytes(value).map_err(|_| refused())?;
        if is_forbidden(&name) || (credential.is_some() && PIECES.contains(&name.as_str())) {
            return Err(refused());
        }
        // The length is that of the body, whatever is said of it.
        let dropped = name == CONTENT_LENGTH
            || credential.is_some_and(|own| own.header == name || is_identity(&name));
        if !dropped {
            headers.append(name, value);
        }
    }
    headers.insert(HOST, host(request)?);
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    Ok(headers)
}

fn check_size(given: &[(String, Vec<u8>)], bounds: &Bounds) -> Result<(), SendError> {
    let bytes: usize = given
        .iter()
        .map(|(name, value)| name.len() + value.len())
        .sum();
    if given.len() > HEADERS || bytes > bounds.request_headers {
        return Err(SendError::Bound(Bound {
            kind: BoundKind::RequestHeaders,
            allowed: bounds.request_headers as u64,
        }));
    }
    Ok(())
}

fn is_forbidden(name: &HeaderName) -> bool {
    let name = name.as_str();
    FORBIDDEN.contains(&name) || FORBIDDEN_LEADS.iter().any(|lead| name.starts_with(lead))
}

fn is_identity(name: &HeaderName) -> bool {
    let name = name.as_str();
    IDENTITY.contains(&name) || IDENTITY_LEADS.iter().any(|lead| name.starts_with(lead))
}

fn host(request: &HttpRequest) -> Result<HeaderValue, SendError> {
    let own = if request.is_tls() { 443 } else { 80 };
    let host = if request.port() == own {
        request.host()
    } else {
        format!("{}:{}", request.host(), request.port())
    };
    HeaderValue::try_from(host).map_err(|_| SendError::ForbiddenHeader("host".to_owned()))
}

/// The headers that whoever asked gets to see, without echoes of the credential.
pub(crate) fn incoming(
    headers: &HeaderMap,
    credential: Option<&Credential>,
) -> Vec<(String, Vec<u8>)> {
    let travels = |name: &HeaderName| {
        // Scrubbing changes the length of a body.
        TRAVEL.contains(&name.as_str()) || (credential.is_some() && name == CONTENT_LENGTH)
    };
    let shown = headers.iter().filter(|(name, _)| !travels(name));
    shown
        .map(|(name, value)| match credential {
            // A name is in lower case by now, where an echo could not be told; so only
            // those go through that hold none in either case.
            Some(credential) => (
                scrubbed_name(name, credential),
                credential.needles.scrub(value.as_bytes()),
            ),
            None => (name.to_string(), value.as_bytes().to_vec()),
        })
        .collect()
}

fn scrubbed_name(name: &HeaderName, credential: &Credential) -> String {
    if credential.is_in_any_case(name.as_str()) {
        return "redacted".to_owned();
    }
    name.to_string()
}
