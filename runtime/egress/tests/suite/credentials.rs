//! A bound credential: where it goes, where it never goes, and that no echo of it comes back.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minion_egress::{Credential, Egress, Incoming, Outgoing, SendError, body_of};
use minion_grants::{Attach, CredentialBinding};
use proptest::prelude::*;

use crate::dns::Dns;
use crate::server::{Authority, Pieces, Server, asking, at_once, egress, ok, quick};

const CANARY: &str = "canary-4711/AbC+xyz";

fn binding(attach: Attach, plain: bool) -> CredentialBinding {
    CredentialBinding::new("api", attach, plain)
}

fn bearer() -> Credential {
    Credential::new(CANARY, &binding(Attach::Bearer, false)).unwrap()
}

/// A server over TLS under the name `api.test`, and a way out that believes it.
async fn over_tls(
    answer: impl Fn(&str) -> Pieces + Send + Sync + 'static,
) -> (Server, Egress, String) {
    let (dns, authority) = (Dns::start().await, Authority::new());
    let server = Server::start_tls(&authority, "api.test", answer).await;
    dns.set("api.test", &[&["127.0.0.1"]]);
    let url = format!("https://api.test:{}/", server.at.port());
    let egress = egress(&dns, &[authority.der], quick());
    (server, egress, url)
}

fn with(credential: Credential, url: &str, headers: &[(&str, &str)]) -> Outgoing {
    let mut asking = asking("GET", url, body_of(""));
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), value.as_bytes().to_vec());
    asking.headers = headers.iter().map(owned).collect();
    asking.credential = Some(credential);
    asking
}

/// Everything that whoever asked gets to see.
async fn seen(mut answer: Incoming) -> String {
    let mut seen = String::new();
    for (name, value) in answer.headers() {
        let value = String::from_utf8_lossy(value);
        seen.extend([
            name, ": ", &value, "
",
        ]);
    }
    seen + &String::from_utf8_lossy(&answer.whole().await.unwrap())
}

#[tokio::test]
async fn it_takes_the_place_of_whatever_a_guest_says_of_itself() {
    let (server, egress, url) = over_tls(|_| ok("")).await;
    let own = [
        ("Authorization", "Bearer of-the-guest"),
        ("Cookie", "of-the-guest"),
        ("X-Api-Key", "of-the-guest"),
        ("X-Amz-Security-Token", "of-the-guest"),
        ("Accept", "text/plain"),
    ];
    egress
        .send(with(bearer(), &url, &own), |_| true)
        .await
        .unwrap();
    let head = server.heads().remove(0);
    assert!(
        head.contains(&format!("authorization: Bearer {CANARY}\r\n")),
        "{head}"
    );
    assert!(
        head.contains("accept: text/plain") && !head.contains("of-the-guest"),
        "{head}"
    );
}

#[tokio::test]
async fn basic_and_a_header_of_its_own() {
    let (server, egress, url) = over_tls(|_| ok("")).await;
    let basic = Credential::new("me:canary-4711", &binding(Attach::Basic, false)).unwrap();
    let header = Attach::Header("x-key".to_owned());
    let header = Credential::new(CANARY, &binding(header, false)).unwrap();
    for credential in [basic, header] {
        let guests = [("X-Key", "of-the-guest")];
        egress
            .send(with(credential, &url, &guests), |_| true)
            .await
            .unwrap();
    }
    let heads = server.heads();
    let basic = format!(
        "authorization: Basic {}\r\n",
        STANDARD.encode("me:canary-4711")
    );
    assert!(heads[0].contains(&basic), "{}", heads[0]);
    assert!(
        heads[1].contains(&format!("x-key: {CANARY}\r\n")),
        "{}",
        heads[1]
    );
    assert!(!heads[1].contains("of-the-guest"), "{}", heads[1]);
}

#[tokio::test]
async fn without_tls_it_goes_to_this_machine_alone_and_only_where_the_binding_says_so() {
    let server = Server::start(|_| ok("")).await;
    let dns = Dns::start().await;
    dns.set("elsewhere.test", &[&["192.0.2.1"]]);
    let egress = egress(&dns, &[], quick());
    let sent = egress
        .send(with(bearer(), &server.url("/"), &[]), |_| true)
        .await;
    assert_eq!(sent.unwrap_err(), SendError::PlainCredential);
    let plain = || Credential::new(CANARY, &binding(Attach::Bearer, true)).unwrap();
    let sent = egress
        .send(with(plain(), "http://elsewhere.test/", &[]), |_| true)
        .await;
    assert!(matches!(sent, Err(SendError::Address(_))), "{sent:?}");
    assert!(server.heads().is_empty());
    egress
        .send(with(plain(), &server.url("/"), &[]), |_| true)
        .await
        .unwrap();
    assert!(server.heads()[0].contains(CANARY));
}

#[tokio::test]
async fn it_does_not_follow_a_redirect() {
    let other = Server::start(|_| ok("")).await;
    let to = other.url("/");
    let (_server, egress, url) = over_tls(move |_| {
        at_once(format!(
            "HTTP/1.1 307 Temporary Redirect\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n"
        ))
    })
    .await;
    let answer = egress
        .send(with(bearer(), &url, &[]), |_| true)
        .await
        .unwrap();
    assert_eq!(answer.status(), 307);
    assert!(other.heads().is_empty());
}

fn spelled(text: &str, one: impl Fn(u8) -> String) -> String {
    text.bytes().map(one).collect()
}

/// The head that came, sent back in a header and in a body cut into pieces of `size`.
fn echo(head: &str, size: usize) -> Pieces {
    let line = head.lines().find(|line| line.starts_with("authorization"));
    let line = line.unwrap_or_default();
    let secret = line.rsplit(' ').next().unwrap_or_default();
    let percent = spelled(secret, |byte| format!("%{byte:02X}"));
    let sparse = secret.replace('/', "%2F").replace('+', "%2B");
    let hex = spelled(secret, |byte| format!("{byte:02x}"));
    let encoded: Vec<_> = ["", "a", "ab"]
        .iter()
        .map(|before| STANDARD.encode(format!("{before}{secret} and more")))
        .collect();
    let json = secret.replace('/', "\\/");
    let body = format!(
        "{head}|{percent}|{sparse}|{hex}|{json}|{}|end",
        encoded.join("|")
    );
    let own = format!(
        "HTTP/1.1 200 OK\r\nx-echo: {line}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let mut pieces = at_once(own);
    pieces.extend(
        body.as_bytes()
            .chunks(size)
            .map(|piece| (Duration::ZERO, piece.to_vec())),
    );
    pieces
}

#[tokio::test]
async fn no_echo_of_it_comes_back_in_headers_or_body_wherever_a_piece_ends() {
    for size in [1, 3, 7, 10_000] {
        let (server, egress, url) = over_tls(move |head| echo(head, size)).await;
        let answer = egress
            .send(with(bearer(), &url, &[]), |_| true)
            .await
            .unwrap();
        let seen = seen(answer).await;
        assert!(server.heads()[0].contains(CANARY));
        assert!(seen.ends_with("|end"), "{seen}");
        let hex = spelled(CANARY, |byte| format!("{byte:02x}"));
        let lower = seen.to_lowercase();
        for trace in [
            "canary-4711",
            &hex,
            &STANDARD.encode(CANARY)[..16],
            "%63%61%6e%61",
        ] {
            assert!(
                !lower.contains(&trace.to_lowercase()),
                "{size}: {trace} in {seen}"
            );
        }
        assert_eq!(seen.matches("[redacted]").count(), 9, "{seen}");
        assert!(!seen.contains("content-length"), "{seen}");
    }
}

#[tokio::test]
async fn a_name_of_a_header_holds_no_echo_either() {
    let (_server, egress, url) = over_tls(|_| {
        at_once("HTTP/1.1 200 OK\r\nX-Of-CANARY-4711: y\r\ncontent-length: 0\r\n\r\n")
    })
    .await;
    let credential = Credential::new("Canary-4711", &binding(Attach::Bearer, false)).unwrap();
    let answer = egress
        .send(with(credential, &url, &[]), |_| true)
        .await
        .unwrap();
    assert_eq!(seen(answer).await, "redacted: y\n");
}

#[tokio::test]
async fn ways_around_the_scrubbing_are_refused() {
    let (_server, egress, url) = over_tls(|_| {
        at_once("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 1\r\n\r\nx")
    })
    .await;
    let sent = egress.send(with(bearer(), &url, &[]), |_| true).await;
    assert_eq!(sent.unwrap_err(), SendError::Encoded("gzip".to_owned()));
    for name in ["Range", "If-Range"] {
        let sent = egress
            .send(with(bearer(), &url, &[(name, "bytes=0-3")]), |_| true)
            .await;
        assert!(
            matches!(sent, Err(SendError::ForbiddenHeader(_))),
            "{sent:?}"
        );
    }
}

#[tokio::test]
async fn nothing_that_is_printed_holds_it() {
    let credential = bearer();
    let (_server, egress, _) = over_tls(|_| ok("")).await;
    let asking = with(credential, "https://nowhere.test/", &[]);
    let mut printed = format!("{asking:?}");
    printed.extend([
        format!("{:?}", egress.send(asking, |_| true).await),
        format!("{egress:?}"),
    ]);
    for bad in [
        "short",
        "a b canary-4711",
        "canary-4711\r\nx: y",
        "",
        "canäry-4711",
    ] {
        let refused = Credential::new(bad, &binding(Attach::Bearer, false)).unwrap_err();
        printed.extend([refused.to_string(), format!("{refused:?}")]);
    }
    assert!(!printed.contains("4711"), "{printed}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn scrubbing_takes_echoes_and_nothing_else(
        parts in prop::collection::vec(prop_oneof![Just(CANARY.to_owned()), "[a-c/+]{0,9}"], 0..8),
        size in 1_usize..40,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let body = parts.concat();
        let expected = body.replace(CANARY, "[redacted]");
        let mut pieces = at_once("HTTP/1.1 200 OK\r\n\r\n");
        pieces.extend(body.as_bytes().chunks(size).map(|piece| (Duration::ZERO, piece.to_vec())));
        let scrubbed = runtime.block_on(async move {
            let server = Server::start(move |_| pieces.clone()).await;
            let egress = crate::server::plain().await;
            let plain = Credential::new(CANARY, &binding(Attach::Bearer, true)).unwrap();
            let mut answer = egress.send(with(plain, &server.url("/"), &[]), |_| true).await.unwrap();
            answer.whole().await.unwrap()
        });
        prop_assert_eq!(String::from_utf8(scrubbed).unwrap(), expected);
    }
}
