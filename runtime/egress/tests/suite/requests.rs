//! What is sent, and what is not.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Frame;
use minion_egress::{Body, BodyError, BoundKind, SendError, body_of};

use crate::server::{Server, asking, at_once, ok, plain};

/// A body in pieces whose length nobody knows beforehand.
fn pieces(pieces: Vec<Frame<Bytes>>) -> Body {
    let pieces = pieces.into_iter().map(Ok::<_, BodyError>);
    StreamBody::new(futures::stream::iter(pieces)).boxed_unsync()
}

#[tokio::test]
async fn the_target_is_never_absolute_and_the_host_is_that_of_the_address() {
    let server = Server::start(|_| ok("")).await;
    let mut asking = asking("POST", &server.url("/a/../b?c=d#e"), body_of("body"));
    asking.headers = vec![
        ("Content-Type".to_owned(), b"text/plain".to_vec()),
        ("content-length".to_owned(), b"9999".to_vec()),
    ];
    plain().await.send(asking, |_| true).await.unwrap();
    let head = server.heads().remove(0);
    assert!(head.starts_with("POST /b?c=d HTTP/1.1\r\n"), "{head}");
    assert!(head.contains(&format!("host: {}\r\n", server.at)), "{head}");
    assert!(head.contains("content-length: 4\r\n"), "{head}");
    assert!(head.contains("content-type: text/plain\r\n"), "{head}");
    assert!(head.contains("accept-encoding: identity\r\n"), "{head}");
}

#[tokio::test]
async fn headers_that_the_host_sets_and_those_that_split_are_refused_before_anything_is_sent() {
    let server = Server::start(|_| ok("")).await;
    let egress = plain().await;
    for (name, value) in [
        ("Host", "evil.test"),
        ("host", "evil.test"),
        ("Connection", "close, authorization"),
        ("Transfer-Encoding", "chunked"),
        ("TE", "trailers"),
        ("Trailer", "x"),
        ("Upgrade", "h2c"),
        ("HTTP2-Settings", "x"),
        ("Proxy-Authorization", "x"),
        ("Expect", "100-continue"),
        ("X-Forwarded-For", "127.0.0.1"),
        ("Accept-Encoding", "gzip"),
        ("x\r\nHost", "evil.test"),
        ("x", "y\r\nHost: evil.test"),
        ("x", "y\nz"),
        ("x", "y\0"),
        (":authority", "evil.test"),
        ("x y", "z"),
        ("", "x"),
    ] {
        let mut asking = asking("GET", &server.url("/"), body_of(""));
        asking.headers = vec![(name.to_owned(), value.as_bytes().to_vec())];
        let sent = egress.send(asking, |_| true).await;
        assert!(
            matches!(sent, Err(SendError::ForbiddenHeader(_))),
            "{name:?}: {value:?}"
        );
    }
    let mut flood = asking("GET", &server.url("/"), body_of(""));
    flood.headers = (0..100_000)
        .map(|n| (format!("x-{n}"), Vec::new()))
        .collect();
    let sent = egress.send(flood, |_| true).await;
    assert!(
        matches!(sent, Err(SendError::Bound(bound)) if bound.kind == BoundKind::RequestHeaders)
    );
    assert!(server.heads().is_empty());
}

#[tokio::test]
async fn a_body_ends_at_its_bound_and_where_trailers_begin() {
    let server = Server::start(|_| vec![(Duration::from_millis(300), Vec::new())]).await;
    let egress = plain().await;
    let large = body_of(vec![0; 2 << 20]);
    let endless = pieces(
        (0..64)
            .map(|_| Frame::data(vec![0; 64 << 10].into()))
            .collect(),
    );
    for body in [large, endless] {
        let sent = egress
            .send(asking("PUT", &server.url("/"), body), |_| true)
            .await;
        assert!(
            matches!(&sent, Err(SendError::Bound(bound)) if bound.kind == BoundKind::RequestBody),
            "{sent:?}"
        );
    }
    let mut trailers = http::HeaderMap::new();
    trailers.insert("authorization", http::HeaderValue::from_static("x"));
    let body = pieces(vec![Frame::data("a".into()), Frame::trailers(trailers)]);
    let sent = egress
        .send(asking("PUT", &server.url("/"), body), |_| true)
        .await;
    assert_eq!(
        sent.unwrap_err(),
        SendError::ForbiddenHeader("trailer".to_owned())
    );
    assert!(!server.heads().join("").contains("authorization"));
}

#[tokio::test]
async fn each_request_has_a_connection_of_its_own() {
    let server = Server::start(|head| {
        // Somebody who says "keep-alive" and leaves an answer for the next.
        let own = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: keep-alive\r\n\r\n";
        at_once(format!(
            "{own}{}HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nSTALE",
            &head[5..7]
        ))
    })
    .await;
    let egress = plain().await;
    for path in ["/aa", "/bb"] {
        let body = crate::server::got(&egress, &server.url(path))
            .await
            .unwrap();
        assert_eq!(body, path.as_bytes()[1..]);
    }
    assert_eq!(server.heads().len(), 2);
}
