//! Where requests go.

use url::{Host, Url};

/// Why a base URL cannot be used. Messages show no user, password or query.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// Not an absolute URL.
    #[error("`base-url` is not a URL ({0}): write it like `https://api.openai.com/v1`")]
    NotAUrl(String),
    /// Neither http nor https.
    #[error("`base-url` has scheme `{0}`: only https, or http to this machine, can be used")]
    Scheme(String),
    /// Plain HTTP over a network.
    #[error(
        "`base-url` goes to `{0}` over plain http, which would show key and code to the network: use https, or a tunnel that begins on this machine"
    )]
    PlainHttp(String),
    /// User or password in the URL.
    #[error("`base-url` has a user or password in it: give the key apart from it")]
    Credentials,
    /// More than a base.
    #[error("`base-url` already ends in `chat/completions`: leave that out")]
    NotABase,
}

/// A checked endpoint.
#[derive(Clone)]
pub(super) struct Endpoint {
    url: Url,
    shown: String,
}

impl Endpoint {
    pub(super) fn parse(base: &str, plain_http: bool) -> Result<Self, EndpointError> {
        let mut url =
            Url::parse(base).map_err(|error| EndpointError::NotAUrl(error.to_string()))?;
        check_scheme(&url, plain_http)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(EndpointError::Credentials);
        }
        if url
            .path()
            .trim_end_matches('/')
            .ends_with("chat/completions")
        {
            return Err(EndpointError::NotABase);
        }
        url.set_fragment(None);
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(["chat", "completions"]);
        }
        let shown = format!("{}{}", url.origin().ascii_serialization(), url.path());
        Ok(Self { url, shown })
    }

    pub(super) fn url(&self) -> Url {
        self.url.clone()
    }

    /// Scheme, host, port and path: fit to be shown.
    pub(super) fn shown(&self) -> &str {
        &self.shown
    }

    pub(super) fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }
}

fn check_scheme(url: &Url, plain_http: bool) -> Result<(), EndpointError> {
    match (url.scheme(), url.host()) {
        ("https", Some(_)) => Ok(()),
        ("http", Some(host)) if plain_http || is_loopback(&host) => Ok(()),
        ("http", Some(host)) => Err(EndpointError::PlainHttp(host.to_string())),
        (scheme, _) => Err(EndpointError::Scheme(scheme.to_owned())),
    }
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_is_added_once_and_the_query_kept_but_not_shown() {
        for base in ["https://a.example/v1", "https://a.example/v1/"] {
            let endpoint = Endpoint::parse(base, false).unwrap();
            assert_eq!(endpoint.shown(), "https://a.example/v1/chat/completions");
        }
        let endpoint = Endpoint::parse("https://a.example/v1?token=canary", false).unwrap();
        assert_eq!(endpoint.url().query(), Some("token=canary"));
        assert!(!endpoint.shown().contains("canary"));
    }

    #[test]
    fn plain_http_reaches_only_this_machine() {
        for base in [
            "http://localhost:1/v1",
            "http://127.0.0.1:1/v1",
            "http://127.8.9.1/v1",
            "http://[::1]:1/v1",
            "http://2130706433/v1",
        ] {
            assert!(Endpoint::parse(base, false).is_ok(), "{base}");
        }
        for base in [
            "http://api.openai.com/v1",
            "http://localhost.evil.example/v1",
            "http://192.168.0.1/v1",
            "http://0.0.0.0/v1",
            "http://[::ffff:127.0.0.1]/v1",
            "http://169.254.169.254/v1",
        ] {
            let refused = Endpoint::parse(base, false).err();
            assert!(
                matches!(refused, Some(EndpointError::PlainHttp(_))),
                "{base}"
            );
            assert!(Endpoint::parse(base, true).is_ok(), "{base}");
        }
    }

    #[test]
    fn what_is_no_base_url_is_refused_without_being_repeated() {
        for base in [
            "",
            "api.openai.com/v1",
            "ftp://a.example",
            "file:///etc/passwd",
            "https://me:canary@a.example/v1",
            "http://canary@localhost/v1",
            "https://a.example/v1/chat/completions",
            "unix:/run/x",
        ] {
            let refused = Endpoint::parse(base, true).err().unwrap().to_string();
            assert!(!refused.contains("canary"), "{refused}");
        }
    }
}
