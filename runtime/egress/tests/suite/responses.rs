//! Servers that drip, flood, redirect and lie: each ends at its bound.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use minion_egress::{BoundKind, SendError};

use crate::server::{Server, at_once, get, got, ok, plain};

fn bound(error: &SendError) -> Option<BoundKind> {
    match error {
        SendError::Bound(bound) => Some(bound.kind),
        _ => None,
    }
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let target = Server::start(|_| ok("followed")).await;
    let to = target.url("/");
    let server = Server::start(move |_| {
        at_once(format!(
            "HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n"
        ))
    })
    .await;
    let answer = get(&plain().await, &server.url("/")).await.unwrap();
    assert_eq!(answer.status(), 302);
    let location = answer.headers().iter().find(|(name, _)| name == "location");
    assert_eq!(location.unwrap().1, target.url("/").into_bytes());
    assert!(target.heads().is_empty());
}

#[tokio::test]
async fn a_server_that_never_answers_ends_at_the_bound_for_the_first_byte() {
    let silent = Server::start(|_| vec![(Duration::from_mins(1), Vec::new())]).await;
    let drips = Server::start(|_| {
        let piece = (
            Duration::from_millis(100),
            b"HTTP/1.1 100 Continue\r\n\r\n".to_vec(),
        );
        vec![piece; 100]
    })
    .await;
    let egress = plain().await;
    for server in [&silent, &drips] {
        let error = get(&egress, &server.url("/")).await.unwrap_err();
        assert_eq!(bound(&error), Some(BoundKind::FirstByte), "{error}");
    }
}

#[tokio::test]
async fn a_drip_ends_at_the_bound_between_pieces_or_at_that_of_the_whole() {
    let head = (Duration::ZERO, b"HTTP/1.1 200 OK\r\n\r\n".to_vec());
    let stops = vec![head.clone(), (Duration::from_mins(1), b"x".to_vec())];
    let mut drips = vec![(Duration::from_millis(50), b"x".to_vec()); 1000];
    drips.insert(0, head);
    let egress = plain().await;
    for (pieces, kind) in [(stops, BoundKind::BetweenBytes), (drips, BoundKind::Total)] {
        let server = Server::start(move |_| pieces.clone()).await;
        let since = Instant::now();
        let error = got(&egress, &server.url("/")).await.unwrap_err();
        assert_eq!(bound(&error), Some(kind), "{error}");
        assert!(since.elapsed() < Duration::from_secs(5));
    }
}

#[tokio::test]
async fn a_body_without_end_ends_at_its_bound() {
    let mut pieces = vec![(Duration::ZERO, b"HTTP/1.1 200 OK\r\n\r\n".to_vec())];
    pieces.extend(vec![(Duration::ZERO, vec![b'x'; 64 << 10]); 1000]);
    let server = Server::start(move |_| pieces.clone()).await;
    let error = got(&plain().await, &server.url("/")).await.unwrap_err();
    assert_eq!(bound(&error), Some(BoundKind::ResponseBody), "{error}");
}

#[tokio::test]
async fn what_is_compressed_stays_so() {
    // 10 MiB of zeros would come out of this; what is passed on are the bytes that came.
    let bomb = [
        &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3][..],
        &[0xec, 0xc1, 1, 1, 0, 0, 0],
    ]
    .concat();
    let mut answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
        bomb.len()
    )
    .into_bytes();
    answer.extend_from_slice(&bomb);
    let server = Server::start(move |_| at_once(answer.clone())).await;
    assert_eq!(got(&plain().await, &server.url("/")).await.unwrap(), bomb);
}

#[tokio::test]
async fn headers_without_end_end_at_their_bound() {
    let many = |count: usize, length: usize| {
        let mut head = String::from("HTTP/1.1 200 OK\r\n");
        for number in 0..count {
            let _ = write!(head, "x-{number}: {}\r\n", "y".repeat(length));
        }
        head + "\r\n"
    };
    let egress = plain().await;
    for (count, length) in [(100_000, 1), (101, 1), (3, 60_000)] {
        let head = many(count, length);
        let server = Server::start(move |_| at_once(head.clone())).await;
        let error = get(&egress, &server.url("/")).await.unwrap_err();
        assert_eq!(
            bound(&error),
            Some(BoundKind::ResponseHeaders),
            "{count} {length}: {error}"
        );
    }
    let head = many(90, 100);
    let server = Server::start(move |_| at_once(head.clone())).await;
    assert_eq!(
        get(&egress, &server.url("/"))
            .await
            .unwrap()
            .headers()
            .len(),
        90
    );
}

#[tokio::test]
async fn what_is_no_http_or_ends_too_early_is_malformed() {
    let egress = plain().await;
    for text in [
        "SSH-2.0-OpenSSH_9\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabcd",
        "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\n",
        "",
    ] {
        let server = Server::start(move |_| at_once(text)).await;
        let error = got(&egress, &server.url("/")).await.unwrap_err();
        assert!(
            matches!(error, SendError::Malformed(_)),
            "{text:?}: {error:?}"
        );
    }
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    let error = get(&plain().await, "http://127.0.0.1:1/")
        .await
        .unwrap_err();
    assert!(matches!(error, SendError::Unreachable(_)), "{error:?}");
}
