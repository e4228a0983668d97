//! Sends the requests of its input `send` and writes what it heard into `heard.txt`:
//!
//! ```json
//! [{ "method": "post", "url": "http://…", "headers": [["x", "y"]], "body": "z" }]
//! ```

use minion_sdk::Method;
use minion_sdk::prelude::*;
use serde::Deserialize;

/// What goes from visit to visit.
#[state]
pub struct Notes {
    heard: Vec<String>,
}

blueprint! {
    state: Notes,
    start: fetch,

    deterministic fetch {
        needs: [notes, api],
        done => delivered, judge => check, idle => idle, plugin => narrow,
    }
    deterministic idle { needs: [notes], done => delivered }
    deterministic narrow { needs: [notes], done => delivered }
    gate check = "acme/fetcher" { pass => delivered, fail => delivered, error => failed }
}

#[derive(Deserialize)]
struct Wanted {
    #[serde(default)]
    method: String,
    url: String,
    #[serde(default)]
    headers: Vec<(String, String)>,
    #[serde(default)]
    body: String,
}

fn fetch(notes: Notes, cx: &Context) -> Step<Notes> {
    send("send", notes, cx)
}

fn idle(notes: Notes, cx: &Context) -> Step<Notes> {
    send("idle", notes, cx)
}

/// Has a plugin that may send do what it may not itself.
fn narrow(mut notes: Notes, cx: &Context) -> Step<Notes> {
    let answer = cx.plugin("acme/fetcher").run()?;
    notes.heard.push(answer.summary);
    cx.workspace().write("heard.txt", &notes.heard.join("\n"))?;
    Ok(notes.then("done"))
}

fn send(input: &str, mut notes: Notes, cx: &Context) -> Step<Notes> {
    let wanted: Vec<Wanted> = serde_json::from_str(cx.input(input).unwrap_or("[]"))
        .map_err(|error| Failure::Invalid(error.to_string()))?;
    for wanted in wanted {
        let mut request = cx
            .http(method(&wanted.method), &wanted.url)
            .body(&wanted.body);
        for (name, value) in &wanted.headers {
            request = request.header(name, value);
        }
        let heard = match request.send() {
            Ok(answer) => {
                let headers: Vec<_> = answer
                    .headers
                    .iter()
                    .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value)))
                    .collect();
                format!("{} {headers:?} {}", answer.status, answer.text())
            }
            Err(failure) => failure.to_string(),
        };
        cx.log(&heard);
        notes.heard.push(heard);
    }
    cx.workspace().write("heard.txt", &notes.heard.join("\n"))?;
    let then = if input == "send" {
        cx.input("then")
    } else {
        None
    };
    Ok(notes.then(then.unwrap_or("done")))
}

fn method(name: &str) -> Method {
    match name {
        "head" => Method::Head,
        "put" => Method::Put,
        "delete" => Method::Delete,
        "post" => Method::Post,
        _ => Method::Get,
    }
}
