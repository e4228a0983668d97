//! The smallest blueprint with an agent in it, and what a test of one looks like.

use minion_sdk::prelude::*;

#[state]
struct Work {
    greeting: String,
}

blueprint! {
    state: Work,
    start: greet,

    agentic greet {
        needs: [model],
        prompts: ["greet.md"],
        max_turns: 3, max_tokens: 10_000, max_seconds: 60,
        done => delivered,
    }
}

fn greet(mut work: Work, cx: &Context) -> Step<Work> {
    work.greeting = cx.agent("greet.md").task(cx.task()).run()?.summary;
    cx.log(&work.greeting);
    Ok(work.then("done"))
}

mod tests {
    use super::{Blueprint, Work};
    use minion_sdk::testing::{Host, Visit, Walk, step};
    use minion_sdk::{Blueprint as _, Failure, Level, Report};

    fn said(summary: &str) -> Report {
        Report {
            summary: summary.to_owned(),
            output: None,
            turns: 1,
            tool_calls: 0,
            input_tokens: 10,
            output_tokens: 2,
        }
    }

    #[test]
    fn the_agent_greets() {
        let host = Host::new()
            .agent(|task| Ok(said(&format!("hello, {}", task.task))))
            .install();
        let done = step::<Blueprint>("greet", Work::default(), &Visit::to("Ada")).unwrap();
        assert_eq!(done.label, "done");
        assert_eq!(done.state.greeting, "hello, Ada");
        assert_eq!(host.logs(), [(Level::Info, "hello, Ada".to_owned())]);
    }

    #[test]
    fn the_walk_ends_in_delivery() {
        let _host = Host::new().agent(|_| Ok(said("hello"))).install();
        let walked = Walk::to("Ada").run::<Blueprint>().unwrap();
        assert_eq!(walked.end, "delivered");
    }

    #[test]
    fn the_state_starts_as_an_empty_object_and_knows_its_schema() {
        assert_eq!(
            minion_sdk::__private::serde_json::from_str::<Work>("{}").unwrap(),
            Work::default()
        );
        let schema = Blueprint::graph().state_schema;
        assert!(
            schema.contains(r#""greeting""#) && !schema.contains("required"),
            "{schema}"
        );
    }

    #[test]
    fn without_a_host_nothing_is_answered() {
        let step = step::<Blueprint>("greet", Work::default(), &Visit::to("Ada"));
        assert!(matches!(step, Err(Failure::Unavailable(_))));
    }
}
