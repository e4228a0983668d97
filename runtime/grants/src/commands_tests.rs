//! Command patterns: what a wildcard takes, and what it never takes.

use proptest::prelude::*;

use super::{CommandPattern, Fit};

fn pattern(text: &str) -> CommandPattern {
    text.parse().unwrap()
}

fn takes(text: &str, line: &str) -> bool {
    let mut words = line.split(' ').map(str::to_owned);
    let program = words.next().unwrap();
    pattern(text).matches(&program, &words.collect::<Vec<_>>())
}

#[test]
fn known_options_pass_a_wildcard() {
    for line in [
        "cargo test",
        "cargo test parser",
        "cargo test --offline -- --format=json",
        "cargo test --workspace --no-fail-fast -p parser -- --nocapture keeps",
    ] {
        assert!(takes("cargo test *", line), "{line}");
    }
    assert!(takes(
        "cargo clippy *",
        "cargo clippy --all-targets --offline -- -D warnings"
    ));
    assert!(takes("python3 -m pytest *", "python3 -m pytest -q tests"));
}

#[test]
fn options_that_smuggle_are_not_taken_by_a_wildcard() {
    for (text, line) in [
        (
            "cargo test *",
            "cargo test --config build.rustc-wrapper=/tmp/x",
        ),
        ("cargo test *", "cargo test --config=x"),
        ("cargo test *", "cargo test --manifest-path=/x/Cargo.toml"),
        ("cargo test *", "cargo test --target-dir=/x"),
        ("cargo test *", "cargo test --target=evil.json"),
        ("cargo test *", "cargo test -Zunstable-options"),
        ("cargo test *", "cargo test -- --logfile=/x"),
        ("cargo test *", "cargo test --format=json"),
        ("cargo test *", "cargo test -- -- --config"),
        ("cargo test *", "cargo test +nightly"),
        ("cargo clippy *", "cargo clippy -- -Clinker=/tmp/x"),
        ("cargo clippy *", "cargo clippy --fix"),
        ("git fetch *", "git fetch --upload-pack=/tmp/x origin"),
        ("git *", "git -c core.pager=/tmp/x log"),
        ("git diff *", "git diff --output=/x"),
        ("git log *", "git log -- x"),
        ("gcc *", "gcc @args"),
        ("tar *", "tar --to-command=sh -xf a.tar"),
        ("python3 -m pytest *", "python3 -m pytest -p evil"),
        ("python3 -m pytest *", "python3 -m pytest -c /x/pytest.ini"),
        ("cargo * *", "cargo test --offline"),
    ] {
        assert!(!takes(text, line), "{text} took {line}");
    }
}

#[test]
fn only_the_option_in_the_way_is_named() {
    let arguments = ["test".to_owned(), "x".to_owned(), "--config=y".to_owned()];
    assert_eq!(
        pattern("cargo test *").fit("cargo", &arguments),
        Fit::Option(2)
    );
    assert_eq!(
        pattern("cargo build *").fit("cargo", &arguments),
        Fit::Misses
    );
}

#[test]
fn position_counts() {
    assert!(takes("git log *", "git log a b"));
    assert!(!takes("git log * x", "git log x"));
    assert!(takes("git log * x", "git log y x"));
    assert!(!takes("git log * x", "git log y x z"));
    assert!(!takes("cargo test", "cargo test x"));
    assert!(!takes("cargo test *", "cargo build"));
    assert!(!takes("cargo test *", "cargo"));
    assert!(!takes("cargo test *", "rustc test"));
}

#[test]
fn options_are_taken_where_they_are_named() {
    assert!(takes("cargo clippy --fix *", "cargo clippy --fix src"));
    assert!(takes(
        "git log [--oneline] [-n] [--format=*] *",
        "git log -n 5 --oneline --format=%h main"
    ));
    assert!(!takes("git log [--oneline] *", "git log --oneline=x"));
    assert!(!takes("git log [--oneline] *", "git log --output=x"));
    assert!(takes("make **", "make -j4 --eval=x"));
    assert!(takes("tool --level=*", "tool --level=3"));
    assert!(!takes("tool --level=*", "tool --output=3"));
}

#[test]
fn patterns_that_cannot_be_enforced_are_refused() {
    for text in [
        "",
        "   ",
        "*",
        "car*",
        "/bin/sh",
        "./git",
        "../x",
        "-x",
        "sh -c 'x'",
        "a | b",
        "a && b",
        "a > b",
        "a $HOME",
        "a ** b",
        "a -*",
        "a --*",
        "a x*y",
        "a **x",
        "a [release]",
        "a\nb",
        "a\u{1b}b",
    ] {
        assert!(text.parse::<CommandPattern>().is_err(), "{text:?}");
    }
}

#[test]
fn covering_of_the_usual_patterns() {
    assert!(pattern("cargo test *").covers(&pattern("cargo test --offline -- --format=json")));
    assert!(pattern("cargo test *").covers(&pattern("cargo test parser *")));
    assert!(pattern("cargo **").covers(&pattern("cargo test *")));
    assert!(
        !pattern("cargo * *").covers(&pattern("cargo test *")),
        "that one takes options"
    );
    assert!(!pattern("cargo test *").covers(&pattern("cargo test --config=*")));
    assert!(!pattern("cargo test *").covers(&pattern("cargo **")));
    assert!(!pattern("git log *").covers(&pattern("git log [--output=*] *")));
    assert!(!pattern("cargo test *").overlaps(&pattern("cargo clippy *")));
    assert!(pattern("cargo test --offline *").overlaps(&pattern("cargo test *")));
}

#[test]
fn only_formatters_leave_the_workspace_data() {
    assert!(pattern("cargo test *").runs_workspace_code());
    assert!(pattern("cargo *").runs_workspace_code());
    assert!(pattern("anything").runs_workspace_code());
    assert!(!pattern("cargo fmt --all").runs_workspace_code());
}

fn patterns() -> impl Strategy<Value = CommandPattern> {
    let word = prop_oneof![
        Just("*"),
        Just("a"),
        Just("a*"),
        Just("--x"),
        Just("--x=*"),
        Just("test"),
        Just("clippy"),
        Just("--"),
        Just("--offline"),
        Just("[--x]"),
        Just("[--y=*]")
    ];
    let program = prop_oneof![Just("cargo"), Just("p")];
    (program, prop::collection::vec(word, 0..4), prop::bool::ANY).prop_map(
        |(program, words, any)| {
            let mut line = vec![program];
            line.extend(words);
            line.extend(any.then_some("**"));
            pattern(&line.join(" "))
        },
    )
}

fn arguments() -> impl Strategy<Value = Vec<String>> {
    let word = prop_oneof![
        Just("a"),
        Just("ab"),
        Just("--x"),
        Just("--x=1"),
        Just("--y=1"),
        Just("test"),
        Just("clippy"),
        Just("--"),
        Just("--offline"),
        Just("--format=json"),
        Just("@f"),
        Just(""),
        Just("-D")
    ];
    prop::collection::vec(word.prop_map(str::to_owned), 0..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_a_covered_pattern_takes_is_taken(wide in patterns(), narrow in patterns(), arguments in arguments()) {
        for program in ["cargo", "p"] {
            if wide.covers(&narrow) && narrow.matches(program, &arguments) {
                prop_assert!(wide.matches(program, &arguments), "{} {} {:?}", wide, narrow, arguments);
            }
        }
    }

    #[test]
    fn patterns_that_take_one_command_overlap(a in patterns(), b in patterns(), arguments in arguments()) {
        prop_assert!(a.covers(&a) && a.overlaps(&a));
        for program in ["cargo", "p"] {
            if a.matches(program, &arguments) && b.matches(program, &arguments) {
                prop_assert!(a.overlaps(&b), "{} {} {:?}", a, b, arguments);
            }
        }
    }

    #[test]
    fn a_wildcard_without_names_takes_no_unknown_option(option in "[-@+][a-z=/.]{0,12}") {
        prop_assume!(option != "--");
        prop_assert!(!pattern("p *").matches("p", &[option]));
    }
}
