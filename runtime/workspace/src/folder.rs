//! A folder without git, taken as one commit.
//!
//! Its own `.gitignore` files say what is in. The commit has a fixed author
//! and time, so that the same content always gives the same commit.

use std::collections::HashMap;
use std::path::Path;

use gix::objs::{Kind, WriteTo};

use crate::checkout::Limits;
use crate::deliver::{Signature, commit};
use crate::ignore::IgnoreRules;
use crate::objects::{Objects, Writer, hash};
use crate::opening;
use crate::snapshot::{SnapshotError, Taking, walk};
use crate::tree::{Entry, build};
use crate::walk::Tracked;
use crate::{CommitId, TreeId};

/// Takes the content of the folder `top`, into `objects` when given.
pub(crate) fn take(
    top: &Path,
    objects: Option<&Objects>,
) -> Result<(CommitId, TreeId), SnapshotError> {
    let root = opening::root(top).map_err(|error| SnapshotError::System {
        path: String::new(),
        source: error.into(),
    })?;
    let limits = Limits::default();
    let tracked = Tracked::default();
    let walked = walk(&root, &tracked, &mut IgnoreRules::default(), true, limits)?;
    let taking = Taking {
        root: &root,
        objects,
        tracked: &tracked,
        limits,
    };
    let leaves = taking.leaves(&walked, &mut HashMap::new())?;
    let leaves: Vec<Entry> = leaves.into_values().collect();
    let writer = objects.map(Objects::writer);
    let put = |kind, content: &[u8]| match &writer {
        Some(writer) => Writer::put(writer, kind, content),
        None => hash(kind, content),
    };
    let tree = build(&leaves, |content| put(Kind::Tree, content))?;
    let made = commit(tree, None, "The folder as the run found it.\n", &author());
    let mut content = Vec::new();
    made.write_to(&mut content)
        .map_err(|source| SnapshotError::System {
            path: String::new(),
            source: std::io::Error::other(source.to_string()),
        })?;
    Ok((CommitId(put(Kind::Commit, &content)?), tree))
}

fn author() -> Signature {
    Signature {
        name: "minion-rt".to_owned(),
        email: "minion-rt@localhost".to_owned(),
        seconds: 0,
        offset_minutes: 0,
    }
}
