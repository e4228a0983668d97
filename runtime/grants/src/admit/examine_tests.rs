//! What is proposed admits, what is over-granted is named, and each layer says its word.

use crate::admit::tests::{file, subject, today, with_file};
use crate::{Explanation, GrantSources, Question, examine, explain, propose};

#[test]
fn what_is_proposed_is_read_and_admits_and_grants_nothing_more() {
    let text = propose(&subject(), today());
    assert!(
        text.contains("#   files write src/** tests/**: \"to mend it\""),
        "{text}"
    );
    assert!(text.contains("(plugin std:test): \"to test\"; runs code of the workspace"));
    let admission = with_file(&subject(), &text).unwrap();
    assert!(admission.narrowed().is_empty());
    let file = file(&text);
    let sources = GrantSources {
        file: Some(&file),
        ..Default::default()
    };
    assert_eq!(examine(&subject(), &sources, today(), today()).over, []);
}

#[test]
fn a_reason_cannot_leave_its_comment() {
    let mut subject = subject();
    subject.manifest.asks[0].reason = "x\n[[grant]]\nblueprint = \"evil/x\"".to_owned();
    assert_eq!(propose(&subject, today()).matches("\n[[grant]]").count(), 1);
}

#[test]
fn what_nobody_asks_and_what_ends_soon_is_named() {
    let own = propose(&subject(), today());
    let text = own
        .replace(
            "\"src/**\", \"tests/**\"",
            "\"src/**\", \"tests/**\", \"docs/**\"",
        )
        .replace(
            "tools = [\"edit\", \"read\"]",
            "tools = [\"edit\", \"read\", \"run\"]",
        )
        .replace("# expires = 2030-12-31", &format!("expires = {}", today()));
    let file = file(&text);
    let sources = GrantSources {
        file: Some(&file),
        ..Default::default()
    };
    let yesterday = today().yesterday().unwrap();
    let found = examine(&subject(), &sources, today(), yesterday);
    assert!(found.admitted.is_ok() && found.ending.is_empty());
    let told: Vec<_> = found
        .over
        .iter()
        .map(|over| (over.key, over.partly_asked))
        .collect();
    assert_eq!(told, [("files write", false), ("agent", true)]);
    assert_eq!(found.over[0].what, "docs/**");
    let found = examine(&subject(), &sources, today(), today());
    assert_eq!(found.ending.len(), 1);
}

fn explained(text: &str, question: &str, node: Option<&str>) -> Explanation {
    let file = file(text);
    let sources = GrantSources {
        file: Some(&file),
        ..Default::default()
    };
    let question: Question = question.parse().unwrap();
    let node = node.map(|node| node.parse().unwrap());
    explain(&subject(), &sources, today(), (&question, node.as_ref())).unwrap()
}

#[test]
fn each_layer_says_its_word_and_the_judge_decides() {
    let text =
        propose(&subject(), today()) + "\n[[deny]]\nfiles = { write = [\"src/secret/**\"] }\n";
    let says = |found: &Explanation| -> Vec<(&str, bool)> {
        found
            .layers
            .iter()
            .map(|layer| (layer.layer, layer.passes))
            .collect()
    };
    let found = explained(&text, "files write src/a.rs", None);
    assert!(found.allowed && found.layers.iter().all(|layer| layer.passes));
    assert!(
        found.layers[3].by.starts_with("grants.toml:"),
        "{:?}",
        found.layers
    );
    let found = explained(&text, "files write src/a.rs", Some("gather"));
    assert_eq!(found.rule, "not-needed-by-node");
    assert_eq!(says(&found)[..2], [("asked", true), ("needed", false)]);
    let found = explained(&text, "files write src/secret/a.rs", None);
    assert_eq!(
        (&*found.rule, says(&found)[2]),
        ("denied-by-operator", ("denied", false))
    );
    let found = explained(&text, "command cargo test", Some("test"));
    assert!(found.allowed, "{found:?}");
    assert!(!explained(&text, "command cargo test", Some("lint")).allowed);
    // It is explained, though it would not be admitted.
    let found = explained("", "files read src/a.rs", None);
    assert_eq!((&*found.rule, found.cure.is_some()), ("not-granted", true));
}

#[test]
fn what_is_no_question_is_told_so() {
    for text in [
        "",
        "files",
        "files eat a",
        "http GET",
        "http GET https://a@b/",
        "tea",
    ] {
        assert!(text.parse::<Question>().is_err(), "{text}");
    }
}
