//! Joining sources only ever narrows.

use proptest::prelude::*;
use serde_json::json;

use super::tests::{subject_asking, today};
use super::{GrantSources, admit};
use crate::{Allow, AskId, Ceiling, FileOp, PartName};

fn patterns() -> impl Strategy<Value = Vec<String>> {
    let part = prop_oneof![
        Just("**"),
        Just("src/**"),
        Just("src/*.rs"),
        Just(".env"),
        Just("**/.env"),
        Just("a/b"),
        Just(".cargo/**")
    ];
    prop::collection::vec(part.prop_map(str::to_owned), 0..3)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever is asked, granted, needed and under the ceiling: what works is
    /// in each of them, and adding a source never opens anything.
    #[test]
    fn intersection_never_widens(
        asked in patterns(),
        granted in patterns(),
        ceiling in patterns(),
        path in prop_oneof![Just("src/a.rs"), Just(".env"), Just("src/.env"), Just("a/b"), Just(".cargo/config.toml"), Just("x")],
        write in any::<bool>(),
    ) {
        prop_assume!(!asked.is_empty());
        let word = if write { "write" } else { "read" };
        let op = if write { FileOp::Write } else { FileOp::Read };
        let subject = subject_asking(&json!([{"id": "a", "reason": "r", "files": {word: asked}}]));
        let flags: Vec<_> = granted.iter().map(|pattern| format!("files:{word}={pattern}")).collect();
        let allow: Vec<_> = flags.iter().map(|flag| Allow::parse(flag).unwrap())
            .chain(["command=cargo **"].map(|flag| Allow::parse(flag).unwrap())).collect();
        let parsed: Vec<crate::PathPattern> = ceiling.iter().map(|text| text.parse().unwrap()).collect();
        let high = Ceiling::new(parsed.clone(), parsed, vec!["cargo **".parse().unwrap()], Vec::new());
        let part: PartName = "acme/fix-bug".parse().unwrap();
        let works = |ceiling: Option<&Ceiling>, needs: Option<&[AskId]>| {
            let sources = GrantSources { allow: &allow, ceiling, ..Default::default() };
            admit(&subject, &sources, today()).is_ok_and(|admission| admission.authority(&part, needs).file(op, path).is_allowed())
        };
        let matched = |texts: &[String]| texts.iter().any(|text| text.parse::<crate::PathPattern>().unwrap().matches(path));
        let free = works(None, None);
        prop_assert!(!free || (matched(&asked) && matched(&granted)));
        prop_assert!(!works(Some(&high), None) || (free && matched(&ceiling)));
        prop_assert!(!works(None, Some(&[])));
        if free && (crate::secret_looking(path).is_some() || (write && crate::protected(path).is_some())) {
            let names = |texts: &[String]| texts.iter().any(|text| text != "**" && text != "src/**");
            prop_assert!(names(&asked) && names(&granted), "only a rule that names it opens a marked file");
        }
    }
}
