//! A host in its one spelling: lower-case ASCII without the final dot, or an
//! address as its standard writes it.
//!
//! Everything else that some resolver takes for a host is refused: numbers in
//! other notations (`2130706433`, `0x7f.1`, `①②⑦.0.0.1`), zone ids, percent
//! signs, letters that only turn into plain ones when they are normalised.

use std::fmt;
use std::net::IpAddr;

const HOST_BYTES: usize = 253;
const LABEL_BYTES: usize = 63;

/// Why a text is no host, in a clause.
const NO_NAME: &str = "a host is a name of letters, digits and `-`, or an address";
const NO_ADDRESS: &str = "an address is written in its one usual form, e.g. `192.0.2.1`, `[::1]`";

/// A host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Host {
    /// A name: labels joined by dots.
    Name(String),
    /// An address.
    Address(IpAddr),
}

impl Host {
    /// Reads what stands between `//` and the port.
    pub(crate) fn read(text: &str) -> Result<Self, &'static str> {
        if text.is_empty() || text.contains(['%', '@', '\\', '*']) {
            return Err(NO_NAME);
        }
        match url::Host::parse(text).map_err(|_| NO_NAME)? {
            url::Host::Ipv4(address) => canonical(text, &address.to_string(), address.into()),
            url::Host::Ipv6(address) if address.to_ipv4_mapped().is_some() => Err(NO_ADDRESS),
            url::Host::Ipv6(address) => canonical(text, &format!("[{address}]"), address.into()),
            url::Host::Domain(name) => name_of(text, &name),
        }
    }

    /// How many labels its name has; an address has none.
    pub(crate) fn labels(&self) -> usize {
        match self {
            Self::Name(name) => name.split('.').count(),
            Self::Address(_) => 0,
        }
    }
}

/// WHATWG reads a dozen spellings of an address; one is taken.
fn canonical(text: &str, canonical: &str, address: IpAddr) -> Result<Host, &'static str> {
    (text == canonical)
        .then_some(Host::Address(address))
        .ok_or(NO_ADDRESS)
}

fn name_of(text: &str, ascii: &str) -> Result<Host, &'static str> {
    let name = ascii.strip_suffix('.').unwrap_or(ascii);
    let written = text.strip_suffix('.').unwrap_or(text);
    let letters = |label: &str| {
        label
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let sound = name.len() <= HOST_BYTES
        && name
            .split('.')
            .all(|label| (1..=LABEL_BYTES).contains(&label.len()) && letters(label));
    let numeric = name
        .rsplit('.')
        .next()
        .is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
    if !sound || numeric {
        return Err(NO_NAME);
    }
    same_labels(written, name)
        .then(|| Host::Name(name.to_owned()))
        .ok_or("write the host in plain letters, or in its `xn--` form")
}

/// Whether each label stayed what it was, apart from capitals and IDNA: one
/// that turned from other letters into plain ones looks like what it is not.
fn same_labels(written: &str, ascii: &str) -> bool {
    let same = |(written, ascii): (&str, &str)| {
        if written.is_ascii() {
            written.eq_ignore_ascii_case(ascii)
        } else {
            ascii.starts_with("xn--")
        }
    };
    written.split('.').count() == ascii.split('.').count()
        && written.split('.').zip(ascii.split('.')).all(same)
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(IpAddr::V4(address)) => write!(f, "{address}"),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses_have_one_spelling() {
        for (text, canonical) in [
            ("Example.COM", "example.com"),
            ("example.com.", "example.com"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("_dmarc.example.com", "_dmarc.example.com"),
            ("127.0.0.1", "127.0.0.1"),
            ("[::1]", "[::1]"),
            ("localhost", "localhost"),
        ] {
            assert_eq!(Host::read(text).unwrap().to_string(), canonical, "{text}");
        }
    }

    #[test]
    fn a_look_alike_is_another_host() {
        let cyrillic = Host::read("\u{430}pi.example.com").unwrap();
        assert!(cyrillic.to_string().starts_with("xn--"), "{cyrillic}");
    }

    #[test]
    fn what_only_some_resolvers_take_for_a_host_is_refused() {
        for text in [
            "",
            ".",
            "example.com..",
            "a..b",
            "2130706433",
            "0x7f000001",
            "0x7f.1",
            "0177.0.0.1",
            "127.1",
            "127.0.0.1.",
            "127.0.0.01",
            "256.0.0.1",
            "1.2.3.4.5",
            "①②⑦.⓪.⓪.①",
            "１２７.0.0.1",
            "ｅxample.com",
            "example。com",
            "a.1",
            "[::ffff:127.0.0.1",
            "[0:0:0:0:0:0:0:1]",
            "[::ffff:7F00:1]",
            "[::ffff:127.0.0.1]",
            "[fe80::1%25eth0]",
            "[fe80::1%eth0]",
            "::1",
            "ex%61mple.com",
            "a@b",
            "a b.com",
            "a\tb.com",
            "-a.com",
            "*.example.com",
            "exa\u{ad}mple.com",
        ] {
            assert!(Host::read(text).is_err(), "{text}: {:?}", Host::read(text));
        }
    }
}
