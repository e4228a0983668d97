//! Path patterns: what they match, and that their relations hold.

use proptest::prelude::*;

use super::{Matcher, PathPattern};

fn pattern(text: &str) -> PathPattern {
    text.parse().unwrap()
}

#[test]
fn star_stays_within_its_part() {
    assert!(pattern("src/*.rs").matches("src/a.rs"));
    assert!(!pattern("src/*.rs").matches("src/b/a.rs"));
    assert!(pattern("src/**/*.rs").matches("src/b/c/a.rs"));
    assert!(pattern("src/**/*.rs").matches("src/a.rs"));
    assert!(!pattern("src/a?.rs").matches("src/a/.rs"));
}

#[test]
fn folder_pattern_covers_the_folder_itself_and_no_neighbour() {
    let src = pattern("src/**");
    assert!(src.matches("src") && src.matches("src/a/b"));
    assert!(!src.matches("srcx") && !src.matches("src2/a") && !src.matches("a/src/b"));
    assert!(pattern("**").matches("") && pattern("**").matches("a/b"));
    assert!(!pattern("*").matches(""));
}

#[test]
fn brackets_and_braces_are_letters() {
    assert!(pattern("app/[id]/page.tsx").matches("app/[id]/page.tsx"));
    assert!(!pattern("app/[id]/page.tsx").matches("app/i/page.tsx"));
    assert!(!pattern("{a,b}").matches("a"));
    assert!(pattern("{a,b}").matches("{a,b}"));
}

#[test]
fn patterns_that_mean_something_else_are_refused() {
    for text in [
        "",
        "/etc",
        "src/",
        "a//b",
        "../x",
        "a/..",
        ".",
        "!src",
        "a\\b",
        "src**",
        "a/**b",
        "**/**",
        "x\ny",
        "a\u{202e}b",
        ".git",
        "a/.GIT/config",
        "git~1/x",
        &"a".repeat(600),
    ] {
        assert!(text.parse::<PathPattern>().is_err(), "{text:?}");
    }
}

#[test]
fn folder_on_the_way_is_reached_into() {
    let deep = pattern("src/parser/**");
    for folder in ["", "src", "src/parser", "src/parser/deep"] {
        assert!(deep.reaches_into(folder), "{folder}");
    }
    for folder in ["tests", "srcx", "src/other"] {
        assert!(!deep.reaches_into(folder), "{folder}");
    }
}

#[test]
fn covering_and_overlap_of_the_usual_patterns() {
    assert!(pattern("**").covers(&pattern("src/*.rs")));
    assert!(pattern("src/**").covers(&pattern("src/parser/**")));
    assert!(pattern("src/**").covers(&pattern("src")));
    assert!(!pattern("src/parser/**").covers(&pattern("src/**")));
    assert!(!pattern("src/*").covers(&pattern("src/**")));
    assert!(pattern("src/**").overlaps(&pattern("**/*.rs")));
    assert!(!pattern("src/**").overlaps(&pattern("tests/**")));
    assert!(!pattern("*.rs").overlaps(&pattern("*.py")));
}

#[test]
fn long_patterns_are_related_quickly() {
    let many = pattern(&vec!["**/a*a*a"; 50].join("/"));

    assert!(many.overlaps(&many));
}

fn patterns() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        Just("**"),
        Just("*"),
        Just("a"),
        Just("b"),
        Just("a*"),
        Just("*b"),
        Just("?"),
        Just("ab")
    ];
    prop::collection::vec(part, 1..4)
        .prop_map(|parts| parts.join("/"))
        .prop_filter("says no more", |text| !text.contains("**/**"))
}

fn paths() -> impl Strategy<Value = String> {
    let part = prop_oneof![Just("a"), Just("b"), Just("ab"), Just("ba"), Just("aab")];
    prop::collection::vec(part, 0..5).prop_map(|parts| parts.join("/"))
}

/// Paths that no resolution ends at are among them: empty parts, slashes at the ends.
fn odd_paths() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        4 => prop::sample::select(vec!["a", "b", "ab", "ba", "aab"]).prop_map(str::to_owned),
        1 => Just(String::new()),
        1 => "\\PC{0,2}",
    ];
    prop::collection::vec(part, 0..5).prop_map(|parts| parts.join("/"))
}

proptest! {
    #[test]
    fn what_a_covered_pattern_matches_is_matched(wide in patterns(), narrow in patterns(), path in paths()) {
        let (wide, narrow) = (pattern(&wide), pattern(&narrow));
        if wide.covers(&narrow) && narrow.matches(&path) {
            prop_assert!(wide.matches(&path));
        }
    }

    #[test]
    fn patterns_that_match_one_path_overlap(a in patterns(), b in patterns(), path in paths()) {
        let (a, b) = (pattern(&a), pattern(&b));
        prop_assert!(a.covers(&a) && a.overlaps(&a));
        prop_assert_eq!(a.overlaps(&b), b.overlaps(&a));
        if a.matches(&path) && b.matches(&path) {
            prop_assert!(a.overlaps(&b));
        }
    }

    #[test]
    fn every_folder_above_a_match_is_reached_into(a in patterns(), path in paths()) {
        let a = pattern(&a);
        if a.matches(&path) {
            let parts: Vec<_> = path.split('/').collect();
            for length in 0..=parts.len() {
                prop_assert!(a.reaches_into(&parts[..length].join("/")));
            }
        }
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,40}", path in "\\PC{0,40}") {
        if let Ok(pattern) = text.parse::<PathPattern>() {
            pattern.matches(&path);
            prop_assert_eq!(pattern.to_string(), text);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]
    #[test]
    fn a_usual_shape_answers_as_the_matcher_and_the_relations(a in patterns(), path in odd_paths()) {
        let a = pattern(&a);
        if !path.is_empty() {
            let matcher = Matcher::of(a.as_str()).unwrap();
            prop_assert_eq!(a.matches(&path), matcher.is_match(&path));
        }
        prop_assert_eq!(a.reaches_into(&path), a.overlaps_beneath(&path));
    }
}
