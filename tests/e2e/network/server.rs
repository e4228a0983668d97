//! A server that says everything back that it was told, where the guests expect one.
//!
//! What a guest asks stands in its manifest, so the address cannot be chosen when a test runs;
//! each test waits until it can have it.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What a request is answered with; none: nothing, ever.
type Answer = dyn Fn(&str) -> Option<String> + Send + Sync;

pub(crate) struct Server {
    at: String,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(crate) fn start(
        at: &str,
        answer: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        let since = Instant::now();
        let listener = loop {
            match TcpListener::bind(at) {
                Ok(listener) => break listener,
                Err(error) => assert!(since.elapsed() < Duration::from_mins(5), "{at}: {error}"),
            }
            std::thread::sleep(Duration::from_millis(50));
        };
        let server = Self {
            at: at.to_owned(),
            heard: Arc::default(),
        };
        let (heard, answer): (_, Arc<Answer>) = (Arc::clone(&server.heard), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if *heard.lock().unwrap() == ["stop"] {
                    return;
                }
                let (heard, answer) = (Arc::clone(&heard), Arc::clone(&answer));
                std::thread::spawn(move || serve(stream, &heard, &*answer));
            }
        });
        server
    }

    /// Says back what it hears.
    pub(crate) fn echo(at: &str) -> Self {
        Self::start(at, |head| {
            let length = head.len();
            Some(format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{head}"
            ))
        })
    }

    pub(crate) fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        *self.heard.lock().unwrap() = vec!["stop".to_owned()];
        let _ = TcpStream::connect(&self.at);
    }
}

fn serve(mut stream: TcpStream, heard: &Mutex<Vec<String>>, answer: &Answer) {
    let (mut received, mut buffer) = (Vec::new(), [0; 4096]);
    while !received.windows(4).any(|window| window == b"\r\n\r\n") {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return,
            Ok(length) => received.extend_from_slice(&buffer[..length]),
        }
    }
    let asked = String::from_utf8_lossy(&received).into_owned();
    heard.lock().unwrap().push(asked.clone());
    match answer(&asked) {
        Some(answer) => drop(stream.write_all(answer.as_bytes())),
        // Until whoever asked is gone.
        None => drop(stream.read(&mut buffer)),
    }
}
