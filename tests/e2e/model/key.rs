//! The key goes to the endpoint and nowhere else, whatever the endpoint does with it.

use super::double::Double;
use super::{KEY, Trial, holding, mends};
use crate::world::Ran;
use serde_json::json;

#[track_caller]
fn is_nowhere(trial: &Trial, ran: &Ran) {
    assert!(!ran.all().contains(KEY), "{}", ran.all());
    let found = holding(&trial.world.path(""), KEY.as_bytes());
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn the_key_is_in_no_output_journal_recording_or_workspace() {
    let trial = Trial::new();
    let mut answers = mends();
    // The endpoint says it back, in words and as arguments of a tool.
    answers[0]["text"] = json!(format!("Your header was: Bearer {KEY}"));
    let last = answers.last_mut().unwrap();
    last["text"] = json!(format!("Mended. By the way, your key is {KEY}."));
    let double = Double::start(&answers);
    let recorded = trial.world.path("new.json");
    let ran = trial.live(&double, &["--record", recorded.to_str().unwrap()]);
    ran.expect(0, &["delivered"]);
    assert_eq!(double.asked()[0].authorization, format!("Bearer {KEY}"));
    // The search finds what is there.
    assert!(!holding(&trial.world.path(""), b"Your header was").is_empty());
    is_nowhere(&trial, &ran);
}

#[test]
fn a_model_that_was_given_the_key_cannot_write_it_into_the_project() {
    let trial = Trial::new();
    let leak = json!({ "file": "leak.txt", "content": format!("{KEY}\n") });
    let double = Double::start(&[
        json!({ "tool-calls": [{ "tool": "write", "arguments": leak }] }),
        json!({ "text": "Done." }),
    ]);
    let ran = trial.live(&double, &[]);
    ran.expect(6, &["nothing was delivered"]);
    is_nowhere(&trial, &ran);
}

#[test]
fn a_refused_key_is_not_in_the_error() {
    let trial = Trial::new();
    let error = json!({ "error": { "message": format!("Incorrect API key provided: {KEY}"), "type": "invalid_request_error" } });
    let double = Double::with(vec![(401, error)]);
    let ran = trial.live(&double, &[]);
    ran.expect(1, &["failed", "401"]);
    assert_eq!(double.asked().len(), 1, "a refusal is not tried again");
    assert!(trial.branches().is_empty());
    is_nowhere(&trial, &ran);
}

#[test]
fn a_variable_that_is_not_set_is_named() {
    let trial = Trial::new();
    let model = [
        "--model-url",
        "http://127.0.0.1:9/v1",
        "--model",
        "m",
        "--key-env",
        "NO_SUCH_KEY",
    ];
    trial
        .exec(&model)
        .expect(2, &["`NO_SUCH_KEY`", "is not set"]);
}
