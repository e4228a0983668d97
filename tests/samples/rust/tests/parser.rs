use ledger::{Entry, NotAnEntry, parse};

fn entry(cents: i64, memo: &str) -> Entry {
    Entry {
        day: "2026-03-12".to_owned(),
        cents,
        memo: memo.to_owned(),
    }
}

#[test]
fn reads_an_entry() {
    assert_eq!(
        parse("2026-03-12 450 coffee\n"),
        Ok(vec![entry(450, "coffee")])
    );
}

#[test]
fn keeps_the_order() {
    let text = "2026-03-12 450 coffee\n2026-03-12 1120 lunch with Ada\n";
    assert_eq!(
        parse(text),
        Ok(vec![entry(450, "coffee"), entry(1120, "lunch with Ada")])
    );
}

#[test]
fn keeps_the_last_line() {
    let text = "2026-03-12 450 coffee\n2026-03-12 1120 lunch with Ada";
    assert_eq!(
        parse(text),
        Ok(vec![entry(450, "coffee"), entry(1120, "lunch with Ada")])
    );
}

#[test]
fn nothing_has_no_entries() {
    assert_eq!(parse(""), Ok(Vec::new()));
}

#[test]
fn names_a_line_that_is_no_entry() {
    assert_eq!(parse("coffee\n"), Err(NotAnEntry("coffee".to_owned())));
}
