//! A bound credential reaches its server and nobody else: no guest, no journal, no log, no
//! error, no workspace.

use super::server::Server;
use super::{CANARY, ONE, TWO, Trial, get, holding, run_id};
use crate::world::Ran;
use serde_json::json;

const BOUND: &str = r#"[grant.http]
send = [{ to = "* http://127.77.0.1:8077/**", private = true },
        { to = "GET http://127.77.0.2:8077/v1/**", private = true }]
[[grant.credential]]
name = "api"
from = { env = "MINION_TEST_CANARY" }
attach = "bearer"
to = ["* http://127.77.0.1:8077/api/**"]
plain = true
"#;

#[track_caller]
fn is_nowhere(trial: &Trial, ran: &Ran) {
    let spelled = [
        CANARY,
        "Y2FuYXJ5LTQ3MTEt",
        "canary-4711-Zx%2F9%2Bq",
        "63616e6172792d34373131",
    ];
    for trace in spelled {
        assert!(!ran.all().contains(trace), "{}", ran.all());
        let found = holding(&trial.world.path(""), trace.as_bytes());
        assert!(found.is_empty(), "{trace}: {found:?}");
    }
}

#[test]
fn it_goes_with_the_requests_that_it_is_bound_to_and_no_echo_of_it_is_anywhere() {
    let trial = Trial::new("");
    trial.grants(BOUND);
    let servers = [Server::echo(ONE), Server::echo(TWO)];
    let guests = json!({
        "url": format!("http://{ONE}/api/own"), "headers": [["Authorization", "Bearer of-the-guest"]],
    });
    let send = json!([
        get(ONE, "/api/x"),
        guests,
        get(ONE, "/other"),
        get(TWO, "/v1/x")
    ]);
    let mut command = trial.command(&send, "done", &[]);
    let ran = Ran::of(command.env("MINION_RT_LOG", "trace").output().unwrap());
    ran.expect(0, &["delivered"]);
    let bearer = format!("authorization: Bearer {CANARY}\r\n");
    let heads = servers[0].heard();
    assert!(
        heads[0].contains(&bearer) && heads[1].contains(&bearer),
        "{heads:?}"
    );
    assert!(!heads[2].contains("authorization") && !heads[1].contains("of-the-guest"));
    assert!(!servers[1].heard()[0].contains("authorization"));
    // The search finds what is there.
    assert!(
        trial.heard().contains("authorization: Bearer [redacted]"),
        "{}",
        trial.heard()
    );
    assert!(!holding(&trial.world.path("state"), b"Bearer [redacted]").is_empty());
    is_nowhere(&trial, &ran);
    let shown = trial.world.minion(&["runs", "show", &run_id(&trial.world)]);
    is_nowhere(&trial, &shown);
}

#[test]
fn one_that_is_not_to_be_had_is_told_to_the_operator_alone() {
    let trial = Trial::new("");
    trial.grants(&BOUND.replace("MINION_TEST_CANARY", "MINION_TEST_NONE"));
    let server = Server::echo(ONE);
    let ran = trial.exec(&json!([get(ONE, "/api/x")]), "done", &[]);
    ran.expect(0, &["delivered"]);
    let heard = trial.heard();
    assert!(
        heard.contains("credential `api` is not to be had"),
        "{heard}"
    );
    assert!(!heard.contains("MINION_TEST_NONE"), "{heard}");
    assert!(server.heard().is_empty());
}
