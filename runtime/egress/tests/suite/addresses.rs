//! Only checked addresses are connected to, whatever a name server says and when.

use minion_egress::{SendError, body_of};
use minion_grants::is_public;

use crate::dns::Dns;
use crate::server::{Authority, Server, asking, egress, get, got, ok, quick};

#[tokio::test]
async fn a_name_with_a_private_address_is_not_connected_to() {
    let (dns, server) = (Dns::start().await, Server::start(|_| ok("")).await);
    let egress = egress(&dns, &[], quick());
    for answer in [
        &["127.0.0.1"][..],
        &["10.0.0.1"],
        &["169.254.169.254"],
        &["8.8.8.8", "127.0.0.1"],
        &["::1"],
        &["::ffff:127.0.0.1"],
        &["64:ff9b::7f00:1"],
        &["2002:7f00:1::"],
        &["fd00:ec2::254"],
        &["8.8.8.8", "fe80::1"],
    ] {
        dns.set("rebound.test", &[answer]);
        let url = format!("http://rebound.test:{}/", server.at.port());
        let sent = egress
            .send(asking("GET", &url, body_of("")), is_public)
            .await;
        assert!(
            matches!(sent, Err(SendError::Address(_))),
            "{answer:?}: {sent:?}"
        );
    }
    assert!(server.heads().is_empty());
}

#[tokio::test]
async fn a_private_address_by_itself_is_not_connected_to() {
    let (dns, server) = (Dns::start().await, Server::start(|_| ok("")).await);
    let egress = egress(&dns, &[], quick());
    let port = server.at.port();
    for url in [server.url("/"), format!("http://[::1]:{port}/")] {
        let sent = egress
            .send(asking("GET", &url, body_of("")), is_public)
            .await;
        assert!(
            matches!(sent, Err(SendError::Address(_))),
            "{url}: {sent:?}"
        );
    }
    assert!(server.heads().is_empty() && dns.asked().is_empty());
}

#[tokio::test]
async fn a_name_that_changes_its_answer_is_looked_up_once_and_connected_where_it_was_checked() {
    let dns = Dns::start().await;
    let checked = Server::start(|_| ok("checked")).await;
    let other = format!("127.0.0.2:{}", checked.at.port());
    let other = Server::start_at(&other, |_| ok("other")).await;
    dns.set("rebound.test", &[&["127.0.0.1"], &["127.0.0.2"]]);
    let egress = egress(&dns, &[], quick());
    let url = format!("http://rebound.test:{}/", checked.at.port());
    assert_eq!(got(&egress, &url).await.unwrap(), b"checked");
    assert!(other.heads().is_empty());
    let mut asked = dns.asked();
    asked.sort();
    assert_eq!(asked, ["rebound.test A", "rebound.test AAAA"]);
    // Nothing is kept: the next request hears, and checks, the new answer.
    assert_eq!(got(&egress, &url).await.unwrap(), b"other");
}

#[tokio::test]
async fn one_address_that_does_not_answer_leaves_the_others() {
    let (dns, server) = (Dns::start().await, Server::start(|_| ok("here")).await);
    dns.set("two.test", &[&["127.0.0.9", "127.0.0.1"]]);
    let egress = egress(&dns, &[], quick());
    let url = format!("http://two.test:{}/", server.at.port());
    assert_eq!(got(&egress, &url).await.unwrap(), b"here");
}

#[tokio::test]
async fn a_name_without_address_is_said_to_have_none() {
    let dns = Dns::start().await;
    let egress = egress(&dns, &[], quick());
    let sent = get(&egress, "http://nowhere.test/").await.unwrap_err();
    assert_eq!(sent, SendError::NoAddress("nowhere.test".to_owned()));
}

#[tokio::test]
async fn tls_is_for_the_name_that_was_asked_for() {
    let (dns, own, strange) = (Dns::start().await, Authority::new(), Authority::new());
    let server = Server::start_tls(&own, "api.test", |_| ok("over TLS")).await;
    for name in ["api.test", "api.test.evil.test"] {
        dns.set(name, &[&["127.0.0.1"]]);
    }
    let port = server.at.port();
    let url = |name: &str| format!("https://{name}:{port}/");
    let trusting = egress(&dns, std::slice::from_ref(&own.der), quick());
    assert_eq!(got(&trusting, &url("api.test")).await.unwrap(), b"over TLS");
    assert!(server.heads()[0].contains(&format!("host: api.test:{port}\r\n")));
    for (egress, name) in [
        (&trusting, "api.test.evil.test"),
        (&trusting, "127.0.0.1"),
        (&egress(&dns, &[strange.der], quick()), "api.test"),
    ] {
        let sent = get(egress, &url(name)).await;
        assert!(matches!(sent, Err(SendError::Tls(_))), "{name}: {sent:?}");
    }
    assert_eq!(
        server
            .heads()
            .iter()
            .filter(|head| *head != "no TLS")
            .count(),
        1
    );
}
