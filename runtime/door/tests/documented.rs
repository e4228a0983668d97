//! The table of call kinds in `ARCHITECTURE.md` is what the code says.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use minion_door::{CALLS, CallKind};
use minion_journal::{Effect, InDoubt};
use std::fmt::Write;
use std::path::Path;

const BEGIN: &str = "<!-- calls: written by the test `documented` of minion-door -->\n";
const END: &str = "<!-- end of calls -->\n";
/// Set, the test writes the table anew.
const REWRITE: &str = "MINION_REWRITE_DOCS";

fn row(kind: &CallKind) -> [&'static str; 3] {
    let effect = match kind.effect {
        Effect::Observe => "observes",
        Effect::Local => "local",
        Effect::External => "external",
    };
    let in_doubt = match (kind.effect, kind.in_doubt) {
        (Effect::Observe, InDoubt::Again) => "done again",
        (Effect::Local, InDoubt::Again) => "done again, on the restored tree",
        (Effect::External, InDoubt::Again) => "done again; the first may have to be paid, too",
        (_, InDoubt::Look) => "looked up: whether it is there, with this tree",
        (_, InDoubt::Ask) => "escalated, saying what is in doubt",
    };
    [kind.name, effect, in_doubt]
}

fn table() -> String {
    let mut table =
        format!("{BEGIN}| call | effect | without a result, a resume |\n|---|---|---|\n");
    for kind in CALLS {
        let [name, effect, in_doubt] = row(kind);
        writeln!(table, "| `{name}` | {effect} | {in_doubt} |").unwrap();
    }
    table + END
}

#[test]
fn the_table_of_calls_says_what_the_code_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ARCHITECTURE.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let begin = text.find(BEGIN).unwrap();
    let end = text.find(END).unwrap() + END.len();
    let (told, table) = (&text[begin..end], table());
    if std::env::var_os(REWRITE).is_some() {
        let text = [&text[..begin], &table, &text[end..]].concat();
        return std::fs::write(&path, text).unwrap();
    }
    assert!(
        told == table,
        "ARCHITECTURE.md tells other calls than there are. To write them anew:\n\n  \
         {REWRITE}=1 cargo test -p minion-door --test documented\n\nit has\n{told}\nand should have\n{table}"
    );
}
