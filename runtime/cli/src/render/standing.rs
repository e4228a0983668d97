//! How a run stands that has not ended: in one word, why, and what one can do next.

use super::listing::Status;
use super::short;
use minion_grants::shown;
use minion_journal::{Body, Records, RunState, RunSummary, Seq, Store};

/// What the last records say of a run that has not ended.
#[derive(Default)]
pub(crate) struct Stands {
    /// The node that it waits at, or whose visit ended last.
    pub(crate) node: Option<String>,
    /// The visit that ended last, by its name.
    last: Option<String>,
    pub(crate) tree: Option<String>,
    /// In a person's words.
    pub(crate) why: Option<String>,
}

impl Stands {
    pub(crate) fn of(store: &dyn Store, run: &RunSummary) -> Self {
        let record = |seq: Seq| {
            let mut from = Records::starting(store, run.begun.run, seq).ok()?;
            from.next()?.ok().map(|record| record.body)
        };
        let mut stands = Self::default();
        if run.ending.is_some() {
            return stands;
        }
        if let Some(Body::Checkpoint {
            node, visit, tree, ..
        }) = run.checkpoint.and_then(record)
        {
            stands.last = Some(format!("{node}-{visit}"));
            (stands.node, stands.tree) = (Some(node), Some(tree));
        }
        match record(run.head.seq) {
            Some(Body::Waiting { node, tree, .. }) => {
                stands.why = Some(format!("for a human at {node}"));
                (stands.node, stands.tree) = (Some(node), Some(tree));
            }
            Some(Body::Decided(decision)) => {
                let word = if decision.approved {
                    "approved"
                } else {
                    "rejected"
                };
                stands.why = Some(format!("{word} by {}, to be resumed", decision.by));
                (stands.node, stands.tree) = (Some(decision.node), Some(decision.tree));
            }
            Some(Body::Stopped { reason }) => stands.why = Some(reason),
            _ => {}
        }
        stands
    }
}

/// The lines of a run that has not ended; `visit` is the one that no checkpoint has closed, as far
/// as the journal has heard of it: what only observes is durable with the checkpoint.
pub(crate) fn lines(store: &dyn Store, run: &RunSummary, visit: Option<&str>) -> Vec<String> {
    if run.ending.is_some() {
        return Vec::new();
    }
    let stands = Stands::of(store, run);
    let word = Status::of(run).name();
    let why = why(run, stands.why.as_deref());
    let visit = under_way(run.state, visit, stands.last.as_deref());
    let mut lines = vec![String::new(), format!("{word:<11} {why}{visit}")];
    let told = |name: &str, text: &str| format!("  {name:<10} {text}");
    let id = run.begun.run.short();
    if let (RunState::Waiting, Some(tree)) = (run.state, &stands.tree) {
        lines.push(told("look at", &look_at(&id, tree)));
    }
    lines.push(told("next", &next(&id, run.state)));
    lines
}

fn why(run: &RunSummary, said: Option<&str>) -> String {
    match (run.state, &run.holder) {
        (RunState::Running, Some(holder)) => format!("as {holder}"),
        (RunState::Running, None) => "in a process that cannot be seen from here".to_owned(),
        (RunState::Interrupted, _) => "its process died".to_owned(),
        (RunState::Imported, _) => {
            "it had not ended where it came from; here it can be read and replayed".to_owned()
        }
        _ => shown(said.unwrap_or_default()),
    }
}

fn under_way(state: RunState, visit: Option<&str>, last: Option<&str>) -> String {
    let visit = match (visit, last) {
        (Some(visit), _) => visit.to_owned(),
        (None, Some(last)) => format!("the visit after {}", shown(last)),
        (None, None) => "its first visit".to_owned(),
    };
    match state {
        RunState::Waiting | RunState::Decided => String::new(),
        RunState::Running => format!("; {visit} is under way"),
        _ => format!("; {visit} was under way"),
    }
}

/// How the work of a run that waits is looked at.
pub(crate) fn look_at(run: &str, tree: &str) -> String {
    format!("minion-rt runs diff {run}   tree {}", short(tree))
}

/// What one can do with a run that stands so.
pub(crate) fn next(run: &str, state: RunState) -> String {
    match state {
        RunState::Running => format!("minion-rt runs watch {run}, or minion-rt cancel {run}"),
        RunState::Waiting => format!(
            "minion-rt approve {run}, or minion-rt reject {run}; then minion-rt resume {run}"
        ),
        RunState::Imported => format!("minion-rt replay {run}"),
        _ => format!("minion-rt resume {run}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use minion_journal::{Hash, Head, Holder, NewRun, RunId, Timestamp};

    fn run(state: RunState, holder: Option<Holder>) -> RunSummary {
        let begun = NewRun {
            run: RunId::from_bits(1),
            started: Timestamp(0),
            blueprint: "acme/x".to_owned(),
            version: "0.1.0".to_owned(),
            repository: "/p".to_owned(),
            task: String::new(),
        };
        let (seq, hash) = (Seq(7), Hash::ZERO);
        RunSummary {
            begun,
            state,
            epoch: 1,
            head: Head { seq, hash },
            holder,
            pause: None,
            imported: false,
            checkpoint: None,
            ended: None,
            ending: None,
        }
    }

    #[test]
    fn each_standing_has_its_reason_the_visit_under_way_and_a_next_step() {
        let holder = Some(Holder {
            process: 4711,
            born: 1,
            since: Timestamp(0),
        });
        let cases = [
            (
                RunState::Running,
                holder,
                "as process 4711",
                "; lint-1 is under way",
                "runs watch 000001",
            ),
            (
                RunState::Interrupted,
                None,
                "its process died",
                "; lint-1 was under way",
                "resume 000001",
            ),
            (
                RunState::Stopped,
                None,
                "by dana\\u{1b}",
                "; lint-1 was under way",
                "resume 000001",
            ),
            (
                RunState::Waiting,
                None,
                "by dana\\u{1b}",
                "",
                "approve 000001",
            ),
            (
                RunState::Decided,
                None,
                "by dana\\u{1b}",
                "",
                "resume 000001",
            ),
            (
                RunState::Imported,
                None,
                "it had not ended",
                "; lint-1 was",
                "replay 000001",
            ),
        ];
        for (state, holder, because, visit, then) in cases {
            let run = run(state, holder);
            let because_of = why(&run, Some("by dana\u{1b}"));
            assert!(because_of.starts_with(because), "{because_of}");
            let told = under_way(state, Some("lint-1"), Some("fix-1"));
            assert!(told.starts_with(visit) && told.is_empty() == visit.is_empty());
            assert!(next("000001", state).contains(then));
        }
        let died = |last| under_way(RunState::Interrupted, None, last);
        assert_eq!(died(Some("fix-1")), "; the visit after fix-1 was under way");
        assert_eq!(died(None), "; its first visit was under way");
    }
}
