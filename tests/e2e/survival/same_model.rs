//! A run goes on with the model that it began with.

use super::asking::Asking;
use super::stage::UNGATED;
use serde_json::json;

#[test]
fn a_resume_takes_no_model_from_todays_agents_toml() {
    let asking = Asking::new();
    let endpoint = |name: &str, more: &str| {
        let text =
            format!("[default]\nbase-url = \"http://127.0.0.1:9/v1\"\nmodel = \"{name}\"\n{more}");
        asking.world.file("config/minion-rt/agents.toml", text);
    };
    endpoint("first", "");
    let run = asking.parked(&[]);
    endpoint("second", "key-env = \"A_SECRET_OF_SOMEBODY\"\n");
    asking.minion(&["approve", &run]).expect(0, &[]);
    let resumed = asking.minion(&["resume", &run]);
    resumed.expect(0, &["agent  first at 127.0.0.1", "delivered"]);
}

#[test]
fn a_run_goes_on_with_no_other_model() {
    let asking = Asking::new();
    let cassette = |from: &str| {
        let text = json!({ "cassette": 1, "recorded-from": from, "turns": [] }).to_string();
        asking.world.file("turns.json", text)
    };
    let path = cassette("one").display().to_string();
    let grants = [&UNGATED[..], &["--cassette", &path]].concat();
    let run = asking.parked_under(&grants, &[]);
    asking.minion(&["approve", &run]).expect(0, &[]);
    cassette("two");
    let before = asking.untouched(&run);
    let words = ["is not what it was when the run began", "exec --fork"];
    asking.minion(&["resume", &run]).expect(3, &words);
    assert_eq!(asking.untouched(&run), before);
    cassette("one");
    asking.minion(&["resume", &run]).expect(0, &["delivered"]);
}
