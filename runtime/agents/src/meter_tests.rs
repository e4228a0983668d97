//! What is reserved, what is charged.

use std::time::Duration;

use super::*;
use crate::Usage;

const LIMITS: Limits = Limits {
    turns: 3,
    tokens: 10_000,
    tool_calls: 2,
    wall: Duration::from_mins(1),
};

const PRICE: Price = Price {
    input: 1_000_000,
    output: 2_000_000,
    cached_input: None,
};

fn turn(input_tokens: u64, output_tokens: u64) -> Turn {
    Turn {
        usage: Some(Usage {
            input_tokens,
            output_tokens,
            cached_input_tokens: 0,
        }),
        ..Turn::default()
    }
}

fn stopped_by(result: &Result<Reserved, AgentFailure>) -> Option<(LimitKind, u64)> {
    match *result {
        Err(AgentFailure::Limit { kind, allowed }) => Some((kind, allowed)),
        _ => None,
    }
}

#[tokio::test]
async fn a_turn_gets_no_more_room_than_is_left() {
    let mut meter = Meter::new(LIMITS, None);
    let first = meter.reserve(4_000).unwrap();
    assert_eq!(first.output, 8_000);
    meter.charge(first, &turn(1_000, 500));
    // 1,000 tokens counted for the first 4,000 bytes, 500 estimated for 1,000 more.
    assert_eq!(meter.reserve(5_000).unwrap().output, 8_500 - 1_500);
}

#[tokio::test]
async fn a_turn_that_would_not_fit_is_not_asked_for() {
    let mut meter = Meter::new(LIMITS, None);
    let refused = meter.reserve(2 * (10_000 - 63));
    assert_eq!(stopped_by(&refused), Some((LimitKind::Tokens, 10_000)));
    assert_eq!(meter.spent().turns, 0);
}

#[tokio::test]
async fn the_fourth_of_three_turns_is_not_asked_for() {
    let mut meter = Meter::new(LIMITS, None);
    for _ in 0..3 {
        meter.reserve(10).unwrap();
    }
    assert_eq!(stopped_by(&meter.reserve(10)), Some((LimitKind::Turns, 3)));
}

#[tokio::test]
async fn default_limits_allow_nothing() {
    let mut meter = Meter::new(Limits::default(), None);
    assert!(meter.reserve(0).is_err());
    assert!(meter.take_call().is_err());
}

#[tokio::test]
async fn a_turn_that_overshoots_overdraws() {
    let mut meter = Meter::new(LIMITS, None);
    let reserved = meter.reserve(10).unwrap();
    meter.charge(reserved, &turn(u64::MAX, u64::MAX));
    assert_eq!(meter.overdrawn(), Some(LimitKind::Tokens));
    assert!(meter.reserve(0).is_err());
}

#[tokio::test]
async fn an_uncounted_turn_is_estimated_and_its_cost_unknown() {
    for usage in [None, Some(Usage::default())] {
        let mut meter = Meter::new(LIMITS, Some(PRICE));
        let reserved = meter.reserve(1_000).unwrap();
        let text = "x".repeat(100);
        meter.charge(
            reserved,
            &Turn {
                text,
                usage,
                ..Turn::default()
            },
        );
        let spent = meter.spent();
        assert_eq!((spent.input_tokens, spent.output_tokens), (500, 51));
        assert!(spent.estimated);
        assert_eq!(spent.cost_microdollars, None);
    }
}

#[tokio::test]
async fn counted_turns_cost_their_price_and_unpriced_ones_are_unknown() {
    for (price, cost) in [(Some(PRICE), Some(20)), (None, None)] {
        let mut meter = Meter::new(LIMITS, price);
        let reserved = meter.reserve(10).unwrap();
        meter.charge(reserved, &turn(10, 5));
        assert_eq!(meter.spent().cost_microdollars, cost);
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_asked_for_after_the_deadline() {
    let mut meter = Meter::new(LIMITS, None);
    tokio::time::advance(Duration::from_mins(1)).await;
    assert_eq!(
        stopped_by(&meter.reserve(10)),
        Some((LimitKind::WallTime, 60_000))
    );
    assert_eq!(meter.overdrawn(), Some(LimitKind::WallTime));
}

#[tokio::test]
async fn an_endless_wall_limit_is_no_panic() {
    let limits = Limits {
        wall: Duration::MAX,
        ..LIMITS
    };
    Meter::new(limits, None).reserve(10).unwrap();
}
