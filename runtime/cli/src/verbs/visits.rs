//! The visits of a run by the names that people type: `implement-2`.

use crate::exit::Fail;
use minion_grants::shown;
use minion_host::recorded;
use minion_journal::{Body, Effective, RunId, Seq, Store};

/// The most names in a message: those of the last visits.
const MOST_NAMES: usize = 30;

/// The end of a visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Visit {
    pub(crate) node: String,
    /// The how-manieth stay in the node.
    pub(crate) round: u64,
    pub(crate) seq: Seq,
    /// The workspace's tree then.
    pub(crate) tree: String,
    /// The workspace's tree when it began.
    pub(crate) begun: String,
    /// The component that the run was of then.
    pub(crate) component: String,
}

impl Visit {
    /// As people type it.
    pub(crate) fn name(&self) -> String {
        format!("{}-{}", self.node, self.round)
    }
}

/// Every visit of a run that came to its end, in order.
pub(crate) fn checkpoints(store: &dyn Store, run: RunId) -> Result<Vec<Visit>, Fail> {
    let read = |e: minion_journal::ReadError| Fail::read(&e);
    let recorded = recorded(store, run).map_err(|e| super::drive::failed(&e))?;
    let mut component = recorded.started.component;
    let mut visits = Vec::new();
    let mut begun = recorded.started.base_tree;
    for record in Effective::of(store, run).map_err(read)? {
        let record = record.map_err(read)?;
        match record.body {
            Body::Resumed {
                moved: Some(moved), ..
            } => component = moved.component,
            Body::VisitStarted { tree, .. } => begun = tree,
            Body::Checkpoint {
                node, visit, tree, ..
            } => visits.push(Visit {
                node,
                round: visit,
                seq: record.seq,
                begun: std::mem::replace(&mut begun, tree.clone()),
                tree,
                component: component.clone(),
            }),
            _ => {}
        }
    }
    Ok(visits)
}

/// What a person typed for a visit: `implement-2`, or `implement` for its last one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place(String);

impl Place {
    pub(crate) fn parse(text: &str) -> Result<Self, Fail> {
        if text.is_empty() {
            return Err(Fail::usage("no visit is named after the `@`"));
        }
        Ok(Self(text.to_owned()))
    }

    /// The visit of that name; else the last one of the node of that name.
    pub(crate) fn find<'v>(&self, run: RunId, visits: &'v [Visit]) -> Result<&'v Visit, Fail> {
        let named = visits.iter().find(|visit| visit.name() == self.0);
        let last = || visits.iter().rfind(|visit| visit.node == self.0);
        named.or_else(last).ok_or_else(|| {
            let last = visits.iter().skip(visits.len().saturating_sub(MOST_NAMES));
            let known: Vec<_> = last.map(|visit| shown(&visit.name())).collect();
            let run = run.short();
            Fail::usage(if known.is_empty() {
                format!("run {run} has no visit that came to its end")
            } else {
                let place = shown(&self.0);
                format!(
                    "run {run} has no visit `{place}`; it has {}",
                    known.join(", ")
                )
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visit(node: &str, visit: u64) -> Visit {
        Visit {
            node: node.to_owned(),
            round: visit,
            seq: Seq(visit),
            tree: String::new(),
            begun: String::new(),
            component: String::new(),
        }
    }

    #[test]
    fn a_visit_is_found_by_its_name_or_as_the_last_of_its_node() {
        let visits = [visit("fix", 1), visit("fix-1", 1), visit("fix", 2)];
        let run = RunId::from_bits(1);
        let found = |text: &str| Place::parse(text).unwrap().find(run, &visits).cloned();
        assert_eq!(found("fix-1").unwrap(), visits[0]);
        assert_eq!(found("fix-1-1").unwrap(), visits[1]);
        assert_eq!(found("fix").unwrap(), visits[2]);
        assert!(format!("{:?}", found("lint").unwrap_err()).contains("fix-1, fix-1-1, fix-2"));
    }
}
