//! What is recorded plays back; what differs is told.

use std::fs;
use std::path::Path;

use minion_agents::{
    AgentError, AgentFailure, AgentReport, Cassette, CassetteError, Model as _, ModelError, Price,
    Recorder, run, workspace_specs,
};
use serde_json::{Value, json};
use tempfile::tempdir;

use crate::double::{Double, Reply};
use crate::provider::request;
use crate::script::{Script, Tools, calls, reads, says, task};

async fn record(path: &Path) -> AgentReport {
    let mut script = Script::new([
        calls(&[
            ("read", json!({ "file": "a" })),
            ("sudo", json!({})),
            ("write", json!("{\"file\"")),
        ]),
        reads("b"),
        says("done"),
    ]);
    script.price = Some(Price {
        input: 7_000_000,
        output: 1_000_000,
        cached_input: Some(1),
    });
    let model = Recorder::new(script, path).unwrap();
    run(&task(), &model, &mut Tools::new("one")).await.unwrap()
}

fn cassette_error(error: AgentError) -> CassetteError {
    match error.cause {
        AgentFailure::Model(ModelError::Cassette(error)) => error,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_recorded_agent_plays_back_to_the_same_report() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("fix.json");
    let recorded = record(&path).await;
    let cassette = Cassette::load(&path).unwrap().strict(true);
    let mut tools = Tools::new("one");
    let played = run(&task(), &cassette, &mut tools).await.unwrap();
    assert_eq!(played, recorded);
    assert!(played.spent.cost_microdollars.is_some());
    assert_eq!(tools.called.len(), 2, "tools are live");
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        1,
        "nothing is left beside it"
    );
}

#[tokio::test]
async fn a_recording_of_a_real_endpoint_plays_back_without_it() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("live.json");
    let recorded = {
        let double = Double::start([
            Reply::turn(
                Some("Let me look."),
                &[("call_1", "read", "{\"file\":\"a\"}")],
            ),
            Reply::turn(Some("Mended."), &[]),
        ])
        .await;
        let model = Recorder::new(double.model(), &path).unwrap();
        run(&task(), &model, &mut Tools::new("one")).await.unwrap()
    };
    let cassette = Cassette::load(&path).unwrap();
    assert_eq!(
        run(&task(), &cassette, &mut Tools::new("one"))
            .await
            .unwrap(),
        recorded
    );
    assert_eq!(cassette.recorded_from(), "gpt-4.1 at 127.0.0.1");
}

#[tokio::test]
async fn a_live_result_that_differs_is_noted_and_an_error_when_strict() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("fix.json");
    record(&path).await;
    let cassette = Cassette::load(&path).unwrap();
    let report = run(&task(), &cassette, &mut Tools::new("two"))
        .await
        .unwrap();
    assert_eq!(report.notes.len(), 2, "{:?}", report.notes);
    assert!(
        report.notes[0].contains("node `implement` visit 1 turn 2"),
        "{:?}",
        report.notes
    );

    let strict = cassette.strict(true);
    let error = run(&task(), &strict, &mut Tools::new("two"))
        .await
        .unwrap_err();
    let error = cassette_error(error);
    assert_eq!(error.code(), "cassette-differs");
    assert!(
        error
            .to_string()
            .contains("`read` (call 1) answering otherwise"),
        "{error}"
    );
}

#[tokio::test]
async fn other_tools_are_another_request() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("fix.json");
    record(&path).await;
    let mut tools = Tools::new("one");
    tools.offered = workspace_specs(["read"]);
    let error = run(&task(), &Cassette::load(&path).unwrap(), &mut tools)
        .await
        .unwrap_err();
    let shown = cassette_error(error).to_string();
    for part in [
        "fix.json",
        "visit 1 turn 1",
        "tools were [read, write]",
        "now [read]",
    ] {
        assert!(shown.contains(part), "{shown}");
    }
}

#[tokio::test]
async fn another_shape_of_the_conversation_is_another_request() {
    let cassette = Cassette::parse(
        "x.json",
        json!({ "cassette": 1, "turns": [
            { "node": "implement", "visit": 1, "turn": 1,
              "answer": { "tool-calls": [{ "tool": "read", "arguments": { "file": "a" } }] } },
            { "node": "implement", "visit": 1, "turn": 2,
              "request": { "messages": ["assistant+1", "tool:write"] },
              "answer": { "text": "done" } },
        ] })
        .to_string()
        .as_bytes(),
    )
    .unwrap();
    let error = run(&task(), &cassette, &mut Tools::new("x"))
        .await
        .unwrap_err();
    let shown = cassette_error(error).to_string();
    assert!(
        shown.contains("[assistant+1, tool:write]") && shown.contains("[assistant+1, tool:read]"),
        "{shown}"
    );
}

#[tokio::test]
async fn a_cassette_that_has_run_out_says_what_there_is() {
    for (turns, there) in [
        (json!([]), "it has turns for: no node at all"),
        (
            json!([{ "node": "other", "visit": 1, "turn": 1, "answer": {} }]),
            "it has turns for: other",
        ),
        (
            json!([{ "node": "implement", "visit": 2, "turn": 1, "answer": {} }]),
            "the first of that node is visit 2 turn 1",
        ),
        (
            json!([{ "node": "implement", "visit": 1, "turn": 1, "answer": { "text": "" } }]),
            "the last before it is visit 1 turn 1",
        ),
    ] {
        let json = json!({ "cassette": 1, "turns": turns }).to_string();
        let cassette = Cassette::parse("x.json", json.as_bytes()).unwrap();
        let error = run(&task(), &cassette, &mut Tools::new("x"))
            .await
            .unwrap_err();
        let error = cassette_error(error);
        assert_eq!(error.code(), "cassette-ran-out");
        let shown = error.to_string();
        assert!(
            shown.contains(there) && shown.contains("`implement` visit 1 turn"),
            "{shown}"
        );
    }
}

fn refused(json: &str) -> CassetteError {
    Cassette::parse("x.json", json.as_bytes()).unwrap_err()
}

#[test]
fn what_is_no_cassette_is_refused_by_name() {
    let entry = |visit: u64| json!({ "node": "n", "visit": visit, "turn": 1, "answer": {} });
    let file = |turns: Value| json!({ "cassette": 1, "turns": turns }).to_string();
    for (json, code) in [
        (String::new(), "cassette-malformed"),
        ("[]".to_owned(), "cassette-malformed"),
        ("{\"turns\": []}".to_owned(), "cassette-malformed"),
        (
            "{\"cassette\": 2, \"reels\": []}".to_owned(),
            "cassette-version",
        ),
        (
            "{\"cassette\": 1, \"turns\": [], \"x\": 1}".to_owned(),
            "cassette-malformed",
        ),
        (file(json!([entry(1), entry(1)])), "cassette-twice"),
        (file(json!([entry(0)])), "cassette-malformed"),
    ] {
        let error = refused(&json);
        assert_eq!(error.code(), code, "{json}");
        assert!(error.to_string().contains("x.json"), "{error}");
    }
}

#[test]
fn a_file_that_is_missing_or_a_folder_is_refused() {
    let folder = tempdir().unwrap();
    for path in [folder.path().join("none.json"), folder.path().to_owned()] {
        assert_eq!(Cassette::load(path).unwrap_err().code(), "cassette-file");
    }
}

#[test]
fn a_recording_replaces_nothing_and_fails_before_the_model_is_paid() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("mine.json");
    fs::write(&path, "precious").unwrap();
    let error = Recorder::new(Script::new([]), &path).unwrap_err();
    assert_eq!(error.code(), "cassette-exists");
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    let nowhere = folder.path().join("no/such/folder.json");
    assert_eq!(
        Recorder::new(Script::new([]), nowhere).unwrap_err().code(),
        "cassette-file"
    );
}

#[tokio::test]
async fn a_recording_that_breaks_off_is_a_whole_cassette() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("fix.json");
    let model = Recorder::new(Script::new([reads("a"), reads("b")]), &path).unwrap();
    let mut task = task();
    task.limits.turns = 2;
    run(&task, &model, &mut Tools::new("x")).await.unwrap_err();
    let cassette: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    assert_eq!(cassette["turns"].as_array().unwrap().len(), 2);
    assert!(
        !cassette.to_string().contains("drops the last line"),
        "only the model's side"
    );
    Cassette::load(&path).unwrap();
}

#[tokio::test]
async fn a_turn_that_is_asked_for_once_more_stands_there_once() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("fix.json");
    let model = Recorder::new(Script::new([says("first"), says("second")]), &path).unwrap();
    model.turn(&request()).await.unwrap();
    model.turn(&request()).await.unwrap();
    let cassette = Cassette::load(&path).unwrap();
    assert_eq!(cassette.turn(&request()).await.unwrap().text, "second");
}

#[test]
fn a_cassette_says_where_it_is_from_in_words_that_fit_any_source() {
    let folder = tempdir().unwrap();
    let label = |from: &str| {
        let path = folder.path().join("fix.json");
        fs::write(
            &path,
            json!({ "cassette": 1, "recorded-from": from, "turns": [] }).to_string(),
        )
        .unwrap();
        Cassette::load(&path).unwrap().label()
    };
    assert_eq!(
        label("written by hand"),
        "cassette fix.json (written by hand)"
    );
    assert_eq!(label(""), "cassette fix.json");
}
