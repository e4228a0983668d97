//! The provider against an endpoint that answers well, badly or not at all.

use std::time::{Duration, Instant};

use minion_agents::{
    AgentFailure, Message, Model, ModelError, Nonsense, OpenAi, Timeouts, Turn, TurnRequest, run,
};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::process::Command;

use crate::double::{Body, Double, KEY, Reply, model_at, quick};
use crate::script::{Tools, task};

pub(crate) fn request() -> TurnRequest {
    TurnRequest {
        node: "implement".to_owned(),
        visit: 1,
        turn: 1,
        messages: vec![Message::User {
            text: "hello".to_owned(),
        }],
        tools: vec![],
        max_output_tokens: 500,
        deadline: None,
    }
}

async fn answer_to(replies: impl IntoIterator<Item = Reply>) -> (Result<Turn, ModelError>, usize) {
    let double = Double::start(replies).await;
    let answer = double.model().turn(&request()).await;
    (answer, double.asked().len())
}

/// The error, which must name the cure and must not name the key.
async fn failure(reply: Reply) -> (ModelError, usize) {
    let (answer, asked) = answer_to([reply]).await;
    let error = answer.unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("canary"), "{shown}");
    (error, asked)
}

fn good() -> Reply {
    Reply::turn(Some("hello"), &[])
}

#[tokio::test]
async fn a_conversation_with_tools_goes_over_the_wire_in_the_official_shape() {
    let double = Double::start([
        Reply::turn(None, &[("call_1", "read", "{\"file\":\"src/a.rs\"}")]),
        Reply::turn(Some("Mended."), &[]),
    ])
    .await;
    let report = run(&task(), &double.model(), &mut Tools::new("fn main() {}"))
        .await
        .unwrap();
    assert_eq!(report.summary, "Mended.");
    assert_eq!(
        (report.spent.input_tokens, report.spent.output_tokens),
        (380, 20)
    );

    let asked = double.asked();
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[0].path, "/v1/chat/completions");
    assert_eq!(asked[0].headers["authorization"], format!("Bearer {KEY}"));
    let first = &asked[0].body;
    assert_eq!(
        (&first["model"], &first["stream"]),
        (&json!("gpt-4.1"), &json!(false))
    );
    assert!(first["max_completion_tokens"].as_u64().unwrap() > 0);
    assert_eq!(first["tools"][0]["type"], "function");
    assert_eq!(first["tools"][0]["function"]["name"], "read");
    assert_eq!(
        first["tools"][0]["function"]["parameters"]["type"],
        "object"
    );

    let second = asked[1].body["messages"].as_array().unwrap();
    assert_eq!(
        second[2],
        json!({ "role": "assistant", "content": null, "tool_calls": [{
            "id": "call_1", "type": "function",
            "function": { "name": "read", "arguments": "{\"file\":\"src/a.rs\"}" } }] })
    );
    assert_eq!(
        (&second[3]["role"], &second[3]["tool_call_id"]),
        (&json!("tool"), &json!("call_1"))
    );
    assert!(
        second[3]["content"]
            .as_str()
            .unwrap()
            .contains("fn main() {}")
    );
}

#[tokio::test]
async fn no_tools_are_sent_as_no_field_and_older_servers_get_their_own_limit() {
    let double = Double::start([good()]).await;
    let model = double.model().with_max_tokens().with_output_tokens(77);
    model.turn(&request()).await.unwrap();
    let body = &double.asked()[0].body;
    assert_eq!(body["max_tokens"], 77);
    assert!(body.get("tools").is_none() && body.get("max_completion_tokens").is_none());
}

#[tokio::test]
async fn retry_after_is_waited_for() {
    let busy = Reply::error(429, "slow down").with("retry-after", "0.3");
    let started = Instant::now();
    let (answer, asked) = answer_to([busy, good()]).await;
    assert_eq!((answer.unwrap().text.as_str(), asked), ("hello", 2));
    assert!(started.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn a_retry_after_past_the_deadline_is_not_waited_for() {
    let double = Double::start([Reply::error(429, "slow down").with("retry-after", "60")]).await;
    let mut task = task();
    task.limits.wall = Duration::from_secs(20);
    let started = Instant::now();
    let error = run(&task, &double.model(), &mut Tools::new(""))
        .await
        .unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(10));
    let AgentFailure::Model(ModelError::Busy { retry_after, .. }) = error.cause else {
        panic!("{error}");
    };
    assert_eq!(retry_after, Some(Duration::from_mins(1)));
}

#[tokio::test]
async fn passing_faults_are_tried_again_and_lasting_ones_given_up() {
    for status in [408, 409, 500, 502, 503, 529] {
        let (answer, asked) = answer_to([Reply::error(status, "oops"), good()]).await;
        assert!(answer.is_ok(), "{status}");
        assert_eq!(asked, 2, "{status}");
    }
    let (error, asked) = failure(Reply::error(500, &format!("oops {KEY}"))).await;
    assert_eq!(asked, 3);
    assert!(
        matches!(
            error,
            ModelError::Busy {
                status: 500,
                attempts: 3,
                ..
            }
        ),
        "{error}"
    );
    assert!(error.to_string().contains("oops [redacted]"), "{error}");
}

#[tokio::test]
async fn a_refused_connection_names_the_endpoint() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = model_at(address).turn(&request()).await.unwrap_err();
    assert_eq!(error.code(), "model-unreachable");
    let shown = error.to_string();
    assert!(
        shown.contains(&address.to_string()) && shown.contains("base-url"),
        "{shown}"
    );
}

#[tokio::test]
async fn a_drip_ends_at_the_timeout_and_is_not_tried_again() {
    let reply = Reply::of(
        200,
        "application/json",
        Body::Drip(Duration::from_millis(20)),
    );
    let double = Double::start([reply]).await;
    let timeouts = Timeouts {
        answer: Duration::from_millis(400),
        ..quick()
    };
    let base = format!("http://{}/v1", double.address);
    let model = OpenAi::new(&base, "m", None, timeouts).unwrap();
    let error = model.turn(&request()).await.unwrap_err();
    assert!(matches!(error, ModelError::TimedOut { .. }), "{error}");
    assert_eq!(double.asked().len(), 1);
}

#[tokio::test]
async fn a_flood_ends_at_the_cap() {
    let flood = |status| Reply::of(status, "application/json", Body::Flood);
    let (error, _) = failure(flood(200)).await;
    assert!(
        matches!(
            error,
            ModelError::Nonsense {
                what: Nonsense::TooLarge { .. },
                ..
            }
        ),
        "{error}"
    );
    let (error, _) = failure(flood(400)).await;
    assert_eq!(error.code(), "model-rejected");
}

#[tokio::test]
async fn a_web_page_is_called_one() {
    let page = Body::Whole("<!DOCTYPE html><title>Welcome</title>".to_owned());
    for kind in ["text/html; charset=utf-8", "application/json"] {
        let (error, asked) = failure(Reply::of(200, kind, page.clone())).await;
        assert!(
            matches!(
                error,
                ModelError::Nonsense {
                    what: Nonsense::Html,
                    ..
                }
            ),
            "{error}"
        );
        assert_eq!(asked, 1);
    }
    let (error, _) = failure(Reply::of(404, "text/html", page)).await;
    let shown = error.to_string();
    assert!(
        shown.contains("(404): a web page") && shown.contains("/v1"),
        "{shown}"
    );
}

#[tokio::test]
async fn half_an_answer_is_an_error_however_it_was_cut() {
    let half = "{\"choices\":[{\"message\":{\"role\":\"assistant\",\"cont".to_owned();
    let (error, _) = failure(Reply::of(
        200,
        "application/json",
        Body::Whole(half.clone()),
    ))
    .await;
    assert!(
        matches!(
            error,
            ModelError::Nonsense {
                what: Nonsense::NotJson { .. },
                ..
            }
        ),
        "{error}"
    );
    let (error, asked) = failure(Reply::of(200, "application/json", Body::BrokenOff(half))).await;
    assert_eq!((error.code(), asked), ("model-broke-off", 1));
}

#[tokio::test]
async fn an_answer_of_another_shape_says_what_is_missing() {
    for (body, says) in [
        (
            json!({ "id": "x", "object": "chat.completion" }),
            "no `choices`",
        ),
        (json!({ "error": { "message": "no credit" } }), "no credit"),
        (
            json!({ "choices": [{ "message": { "tool_calls": [{ "type": "function",
                "function": { "name": "read", "arguments": "{}" } }] } }] }),
            "has no `id`",
        ),
    ] {
        let (error, _) = failure(Reply::json(200, &body)).await;
        assert_eq!(error.code(), "model-nonsense");
        assert!(error.to_string().contains(says), "{error}");
    }
}

#[tokio::test]
async fn a_refused_key_is_not_shown_even_when_the_endpoint_shows_part_of_it() {
    for status in [401, 403] {
        let (error, asked) = failure(Reply::error(
            status,
            "Incorrect API key provided: sk-canary-****cdef.",
        ))
        .await;
        assert!(matches!(error, ModelError::KeyRefused { .. }), "{error}");
        assert_eq!(asked, 1);
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_gets_no_key() {
    let other = Double::start([good()]).await;
    let target = format!("http://{}/v1/chat/completions", other.address);
    for status in [301, 302, 303, 307, 308] {
        let redirect = Reply::error(status, "moved").with("location", target.clone());
        let (error, asked) = failure(redirect).await;
        assert!(matches!(error, ModelError::Redirected { .. }), "{error}");
        assert_eq!(asked, 1);
    }
    assert_eq!(other.asked().len(), 0);
}

#[tokio::test]
async fn a_request_that_is_not_taken_is_not_repeated_and_tells_the_cure() {
    for (status, message, cure) in [
        (400, "Unsupported parameter: 'max_tokens'", "output-limit"),
        (
            400,
            "This model's maximum context length is 8192",
            "less context",
        ),
        (404, "The model `gpt-9` does not exist", "check `model`"),
        (422, "tools are not supported", "takes tools"),
    ] {
        let (error, asked) = failure(Reply::error(status, message)).await;
        let shown = error.to_string();
        assert!(shown.contains(message) && shown.contains(cure), "{shown}");
        assert_eq!(asked, 1);
    }
}

/// The environment of a process cannot be changed safely from within, so a
/// process of its own runs one of the tests above.
#[tokio::test]
async fn a_proxy_of_the_environment_is_not_taken() {
    let proxy = Double::start([good()]).await;
    let address = format!("http://{}", proxy.address);
    let names = ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"];
    let ran = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "provider::retry_after_is_waited_for"])
        .envs(names.map(|name| (name, address.as_str())))
        .output()
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(ran.status.success() && said.contains("1 passed"), "{said}");
    assert_eq!(proxy.asked().len(), 0);
}
