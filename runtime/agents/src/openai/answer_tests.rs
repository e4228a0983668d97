//! Official shapes, shapes of servers that come close, and nonsense.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn read_json(answer: &Value) -> Result<Turn, Nonsense> {
    read(&answer.to_string(), None)
}

fn with_call(call: &Value) -> Result<Turn, Nonsense> {
    read_json(&json!({ "choices": [{ "message": { "tool_calls": [call] } }] }))
}

fn with_arguments(arguments: &Value) -> Result<Value, Nonsense> {
    let function = json!({ "name": "read", "arguments": arguments });
    let turn = with_call(&json!({ "id": "c1", "type": "function", "function": function }))?;
    Ok(turn.tool_calls[0].arguments.clone())
}

#[test]
fn the_official_answer_is_read_whole() {
    let turn = read_json(&json!({
        "id": "chatcmpl-abc123", "object": "chat.completion", "created": 1_699_896_916,
        "model": "gpt-4o-mini",
        "choices": [{
            "index": 0,
            "message": {
                "role": "assistant", "content": null, "refusal": null,
                "tool_calls": [{
                    "id": "call_abc123", "type": "function",
                    "function": { "name": "read", "arguments": "{\n\"file\": \"a.rs\"\n}" }
                }]
            },
            "logprobs": null, "finish_reason": "tool_calls"
        }],
        "usage": {
            "prompt_tokens": 82, "completion_tokens": 17, "total_tokens": 99,
            "prompt_tokens_details": { "cached_tokens": 64, "audio_tokens": 0 },
            "completion_tokens_details": { "reasoning_tokens": 0 }
        }
    }))
    .unwrap();
    let call = ToolCall {
        id: "call_abc123".to_owned(),
        name: "read".to_owned(),
        arguments: json!({ "file": "a.rs" }),
    };
    assert_eq!(turn.tool_calls, [call]);
    assert_eq!((turn.text.as_str(), turn.stop), ("", Stop::ToolCalls));
    let usage = turn.usage.unwrap();
    let counts = (
        usage.input_tokens,
        usage.output_tokens,
        usage.cached_input_tokens,
    );
    assert_eq!(counts, (82, 17, 64));
}

#[test]
fn text_comes_from_content_its_parts_or_a_refusal() {
    for message in [
        json!({ "content": "hello" }),
        json!({ "content": [{ "type": "text", "text": "hel" }, { "type": "text", "text": "lo" }] }),
        json!({ "content": null, "refusal": "hello" }),
    ] {
        let turn = read_json(&json!({ "choices": [{ "message": message }] })).unwrap();
        assert_eq!((turn.text.as_str(), turn.usage), ("hello", None));
    }
}

#[test]
fn arguments_are_an_object_or_the_text_that_was_none() {
    assert_eq!(with_arguments(&json!("")), Ok(json!({})));
    assert_eq!(with_arguments(&json!({ "a": 1 })), Ok(json!({ "a": 1 })));
    for text in ["{\"file\": \"a", "[1]", "null", "\"x\"", "rm -rf /"] {
        assert_eq!(with_arguments(&json!(text)), Ok(json!(text)));
    }
    for odd in [json!(null), json!(1), json!([1]), json!(true)] {
        let refused = with_arguments(&odd);
        assert!(
            matches!(refused, Err(Nonsense::ToolCall { index: 0, .. })),
            "{odd}"
        );
    }
}

#[test]
fn a_call_without_id_or_name_is_named() {
    let function = json!({ "name": "read", "arguments": "{}" });
    for (call, why) in [
        (json!({ "function": function }), "has no `id`"),
        (json!({ "id": "", "function": function }), "has no `id`"),
        (json!({ "id": 7, "function": function }), "has no `id`"),
        (json!({ "id": "c" }), "has no `function`"),
        (
            json!({ "id": "c", "function": { "arguments": "{}" } }),
            "has no `name`",
        ),
        (json!(null), "has no `function`"),
    ] {
        assert_eq!(with_call(&call), Err(Nonsense::ToolCall { index: 0, why }));
    }
}

#[test]
fn two_calls_of_one_id_are_refused() {
    let call = json!({ "id": "c", "function": { "name": "read", "arguments": "{}" } });
    let twice = read_json(&json!({ "choices": [{ "message": { "tool_calls": [call, call] } }] }));
    assert_eq!(
        twice,
        Err(Nonsense::ToolCall {
            index: 1,
            why: "has the `id` of an earlier one"
        })
    );
}

#[test]
fn nonsense_says_what_it_is() {
    for (text, says) in [
        ("<!DOCTYPE html><html>", "a web page"),
        (" \u{feff}<html>", "a web page"),
        ("", "not JSON"),
        ("{\"choices\":[{\"message\":{\"conte", "not JSON"),
        ("[]", "no `choices`"),
        ("{}", "no `choices`"),
        ("{\"choices\":[]}", "`choices` is empty"),
        ("{\"choices\":{}}", "`choices` is empty or no list"),
        ("{\"choices\":[{}]}", "no `message`"),
        ("{\"choices\":[{\"message\":\"hi\"}]}", "no `message`"),
        (
            "{\"choices\":[{\"message\":{\"content\":7}}]}",
            "`content` is neither",
        ),
        (
            "{\"choices\":[{\"message\":{\"tool_calls\":7}}]}",
            "`tool_calls` is no list",
        ),
        ("{\"error\":{\"message\":\"no credit\"}}", "no credit"),
    ] {
        let nonsense = read(text, None).unwrap_err().to_string();
        assert!(nonsense.contains(says), "{text}: {nonsense}");
    }
}

#[test]
fn an_echoed_key_is_scrubbed_everywhere_even_when_escaped() {
    let key = Secret::new("sk-canary-4711").unwrap();
    let arguments = "{\"file\": \"sk-\\u0063anary-4711\", \"sk-canary-4711\": 1}";
    let body = json!({
        "choices": [{
            "message": {
                "content": "your key is sk-canary-4711",
                "tool_calls": [{ "id": "sk-canary-4711", "function": {
                    "name": "sk-canary-4711", "arguments": arguments } }],
            },
            "finish_reason": "sk-canary-4711",
        }],
    });
    let body = body.to_string().replace("is sk-", "is \\u0073k-");
    let turn = read(&body, Some(&key)).unwrap();
    assert!(!format!("{turn:?}").contains("canary"), "{turn:?}");
}

#[test]
fn an_error_is_one_short_line_without_the_key_and_without_escapes() {
    let key = Secret::new("sk-canary-4711").unwrap();
    let body = json!({ "error": { "message": format!("\u{1b}[31mbad\nkey \"sk-canary-4711\" {}", "x".repeat(5000)) } });
    let shown = error_message(&body.to_string(), Some(&key));
    assert!(shown.contains("bad key \"[redacted]\""), "{shown}");
    assert!(!shown.contains('\u{1b}') && shown.len() < 400, "{shown}");
    assert_eq!(
        error_message("sk-canary-4711 broke", Some(&key)),
        "[redacted] broke"
    );
    assert_eq!(error_message("", None), "no reason given");
}

proptest! {
    #[test]
    fn no_body_makes_it_panic(text in any::<String>()) {
        let _ = read(&text, None);
        let _ = error_message(&text, None);
    }

    #[test]
    fn no_cut_of_an_answer_is_taken_for_one(cut in 0_usize..100) {
        let whole = r#"{"choices":[{"message":{"content":"hello","tool_calls":null}}],"usage":{"prompt_tokens":1}}"#;
        prop_assume!(cut < whole.len());
        prop_assert!(read(&whole[..cut], None).is_err());
    }
}
