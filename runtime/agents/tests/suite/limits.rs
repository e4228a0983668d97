//! Every bound of an agent, and what it leaves undone.

use std::time::Duration;

use minion_agents::{
    AgentError, AgentFailure, LimitKind, Limits, Price, SetupError, Stop, Turn, Usage, run,
};
use serde_json::json;

use crate::script::{Script, Tools, WIDE, calls, reads, says, task};

fn limit(error: &AgentError) -> Option<(LimitKind, u64)> {
    match error.cause {
        AgentFailure::Limit { kind, allowed } => Some((kind, allowed)),
        _ => None,
    }
}

async fn stopped(limits: Limits, model: &Script, tools: &mut Tools) -> AgentError {
    let mut task = task();
    task.limits = limits;
    run(&task, model, tools).await.unwrap_err()
}

#[tokio::test]
async fn turns_run_out() {
    let model = Script::new([reads("a"), reads("b"), reads("c")]);
    let mut tools = Tools::new("x");
    let error = stopped(Limits { turns: 2, ..WIDE }, &model, &mut tools).await;
    assert_eq!(limit(&error), Some((LimitKind::Turns, 2)));
    assert_eq!((error.spent.turns, tools.called.len()), (2, 2));
}

#[tokio::test]
async fn calls_past_the_limit_are_refused_and_the_model_may_still_finish() {
    let model = Script::new([reads("a"), reads("b"), reads("c"), says("done")]);
    let mut tools = Tools::new("x");
    let mut task = task();
    task.limits.tool_calls = 1;
    let report = run(&task, &model, &mut tools).await.unwrap();
    assert_eq!(report.summary, "done");
    assert_eq!(tools.called.len(), 1);
    assert_eq!(tools.rules(), ["agent-limit", "agent-limit"]);
}

#[tokio::test]
async fn a_model_that_only_calls_past_the_limit_is_stopped() {
    let model = Script::new((0..9).map(|_| reads("a")));
    let mut tools = Tools::new("x");
    let limits = Limits {
        tool_calls: 1,
        ..WIDE
    };
    let error = stopped(limits, &model, &mut tools).await;
    assert_eq!(limit(&error), Some((LimitKind::ToolCalls, 1)));
    assert_eq!((tools.called.len(), tools.refused.len()), (1, 5));
}

#[tokio::test]
async fn calls_of_a_turn_that_overdraws_the_tokens_are_not_executed() {
    let mut greedy = reads("a");
    greedy.usage = Some(Usage {
        input_tokens: 5_000,
        output_tokens: 6_000,
        cached_input_tokens: 0,
    });
    let mut tools = Tools::new("x");
    let limits = Limits {
        tokens: 10_000,
        ..WIDE
    };
    let error = stopped(limits, &Script::new([greedy]), &mut tools).await;
    assert_eq!(limit(&error), Some((LimitKind::Tokens, 10_000)));
    assert_eq!(tools.called, []);
    assert_eq!(tools.rules(), ["agent-limit"]);
    assert_eq!(error.spent.input_tokens, 5_000);
}

#[tokio::test]
async fn a_turn_is_told_what_is_left_and_none_is_asked_for_without_room() {
    let mut first = reads("a");
    first.usage = Some(Usage {
        input_tokens: 1_000,
        output_tokens: 500,
        cached_input_tokens: 0,
    });
    let model = Script::new([first, says("unasked")]);
    let mut tools = Tools::new(&"x".repeat(50_000));
    let limits = Limits {
        tokens: 12_000,
        ..WIDE
    };
    let error = stopped(limits, &model, &mut tools).await;
    assert_eq!(limit(&error), Some((LimitKind::Tokens, 12_000)));
    let asked = model.requests();
    assert_eq!(asked.len(), 1);
    assert!((1..12_000).contains(&asked[0].max_output_tokens));
}

#[tokio::test(start_paused = true)]
async fn wall_time_ends_a_slow_model_and_its_tokens_are_estimated() {
    let mut model = Script::new([says("too late")]);
    model.takes = Duration::from_mins(1);
    let error = stopped(WIDE, &model, &mut Tools::new("x")).await;
    assert_eq!(limit(&error), Some((LimitKind::WallTime, 30_000)));
    assert!(error.spent.estimated && error.spent.input_tokens > 0);
}

#[tokio::test(start_paused = true)]
async fn wall_time_ends_a_slow_tool_and_skips_the_calls_after_it() {
    let turn = calls(&[
        ("read", json!({ "file": "a" })),
        ("read", json!({ "file": "b" })),
    ]);
    let mut tools = Tools::new("x");
    tools.takes = Duration::from_mins(1);
    let error = stopped(WIDE, &Script::new([turn]), &mut tools).await;
    assert_eq!(limit(&error), Some((LimitKind::WallTime, 30_000)));
    assert_eq!(tools.called, []);
}

#[tokio::test]
async fn no_limits_at_all_allow_nothing() {
    let model = Script::new([]);
    let error = stopped(Limits::default(), &model, &mut Tools::new("x")).await;
    assert_eq!(limit(&error), Some((LimitKind::Turns, 0)));
}

#[tokio::test]
async fn five_bad_calls_in_a_row_end_the_agent_and_a_good_one_between_does_not() {
    let bad = || calls(&[("sudo", json!({})), ("sudo", json!({}))]);
    let model = Script::new([bad(), bad(), reads("a"), bad(), bad(), bad()]);
    let mut tools = Tools::new("x");
    let error = stopped(WIDE, &model, &mut tools).await;
    let AgentFailure::OnlyBadCalls { count, ref last } = error.cause else {
        panic!("{error}");
    };
    assert_eq!((count, last.rule()), (5, "tool-not-offered"));
    assert_eq!((error.spent.turns, tools.called.len()), (6, 1));
    assert_eq!((error.spent.refused_calls, error.spent.tool_calls), (9, 10));
}

#[tokio::test]
async fn empty_and_cut_off_answers_are_asked_for_again_but_not_for_ever() {
    let cut = || Turn {
        stop: Stop::Length,
        ..says("half a sen")
    };
    let model = Script::new([says(" "), cut(), says("whole")]);
    let report = run(&task(), &model, &mut Tools::new("x")).await.unwrap();
    assert_eq!(report.summary, "whole");
    assert!(model.last_conversation().contains("cut off at"));

    let model = Script::new((0..9).map(|_| says("")));
    let error = stopped(WIDE, &model, &mut Tools::new("x")).await;
    assert!(matches!(
        error.cause,
        AgentFailure::OnlyBadCalls { count: 5, .. }
    ));
}

#[tokio::test]
async fn a_withheld_answer_is_no_answer() {
    let model = Script::new([Turn {
        stop: Stop::Filtered,
        ..says("partial")
    }]);
    let error = stopped(WIDE, &model, &mut Tools::new("x")).await;
    assert!(matches!(error.cause, AgentFailure::Filtered));
}

#[tokio::test]
async fn too_many_tools_are_refused_before_the_model_is_asked() {
    let mut tools = Tools::new("x");
    let spec = tools.offered[0].clone();
    tools.offered = (0..16)
        .map(|n| {
            let mut spec = spec.clone();
            spec.name = format!("t{n}");
            spec
        })
        .collect();
    let model = Script::new([]);
    let error = stopped(WIDE, &model, &mut tools).await;
    let refused = SetupError::TooManyTools { count: 16, max: 15 };
    assert!(matches!(error.cause, AgentFailure::Setup(ref setup) if *setup == refused));
    assert_eq!(model.requests().len(), 0);
}

#[tokio::test]
async fn a_fault_of_the_host_ends_the_agent_at_once() {
    let model = Script::new([reads("a"), says("unasked")]);
    let mut tools = Tools::new("x");
    tools.broken = true;
    let error = stopped(WIDE, &model, &mut tools).await;
    assert!(matches!(error.cause, AgentFailure::Host(_)), "{error}");
    assert_eq!(model.requests().len(), 1);
}

#[tokio::test]
async fn cost_is_summed_over_turns_or_unknown() {
    let price = Price {
        input: 1_000_000,
        output: 10_000_000,
        cached_input: None,
    };
    for (price, cost) in [(Some(price), Some(400)), (None, None)] {
        let mut model = Script::new([reads("a"), says("done")]);
        model.price = price;
        let report = run(&task(), &model, &mut Tools::new("x")).await.unwrap();
        assert_eq!(report.spent.cost_microdollars, cost);
        let tokens = (report.spent.input_tokens, report.spent.output_tokens);
        assert_eq!(tokens, (200, 20));
    }
}
