//! `minion-rt audit verify`: whether journals are what was written, as far as they can tell
//! by themselves or a head that was kept elsewhere tells.

use super::{look, meant};
use crate::exit::{ALTERED, DONE, Fail, chain};
use crate::render::{data, plural, say};
use crate::verbs::runs::At;
use clap::Args;
use minion_grants::shown;
use minion_journal::{
    Hash, LookupError, RunId, Store, Verified, VerifyError, resolve, verify, verify_holds,
};
use serde_json::json;

/// Verifies that the journals of runs are what was written
///
/// Reads every record, blob and head. Ends with 4 where something was altered. Somebody who
/// may write the journal's file can write a run anew, put an older copy back, or delete a run:
/// against that, give with --head a hash that was kept elsewhere, such as the trailer
/// `Minion-Journal` of the run's commit, or the head in its summary.
#[derive(Args)]
pub(super) struct Verify {
    /// The runs, by their ids or the parts of them that screens show [default: all]
    runs: Vec<String>,
    /// A head that was kept elsewhere, 64 hexadecimal digits: the run must hold it; without a
    /// run, some run must
    #[arg(long, value_name = "HASH")]
    head: Option<String>,
}

const PROVED: &str = "as long as its head is the one that was written, no record and no blob of a run was edited, \
    removed, exchanged, added or cut off since, and the list of runs says what the records say";
const NOT_PROVED: &str = "that nobody computed a whole run anew, put back an older copy of the journal, or deleted a run: \
    whoever may write its file can, and only a head that was kept elsewhere tells (--head); who holds a run and \
    what was said to it from outside is in no chain, and nothing is signed";
const PROVED_AGAINST: &str =
    "the run holds the head that was kept elsewhere, so no record up to that one was ever altered";
const NOT_PROVED_AGAINST: &str = "anything of the records after that head but that they fit together, and of any other run; \
    and the head itself proves only as much as the place where it was kept";

impl Verify {
    pub(super) fn run(&self, at: &At) -> Result<u8, Fail> {
        let head = self.head.as_deref().map(str::parse::<Hash>).transpose();
        let head = head.map_err(|e| Fail::usage(format!("--head: {}", shown(&e.to_string()))))?;
        if let Some(head) = head {
            return self.against(at, head);
        }
        let Some(store) = look(&at.settings)? else {
            return Ok(DONE);
        };
        let runs = meant(&*store, &self.runs)?;
        let mut code = DONE;
        for run in runs {
            match verify(&*store, run) {
                Ok(verified) => told_sound(&verified, at.json),
                Err(error) => {
                    code = ALTERED;
                    told_altered(run, &error, at.json);
                }
            }
        }
        concluded(code, at.json, PROVED, NOT_PROVED);
        Ok(code)
    }

    /// Holds one run, or any, against a head that was kept elsewhere.
    fn against(&self, at: &At, head: Hash) -> Result<u8, Fail> {
        let typed = match self.runs.as_slice() {
            [] => None,
            [one] => Some(one.as_str()),
            _ => return Err(Fail::usage("--head is the head of one run: name that one")),
        };
        let store = look(&at.settings)?;
        let found = match (store.as_deref(), typed) {
            (Some(store), Some(typed)) => found(store, typed)?,
            (Some(store), None) => Some(holder(store, head)?),
            (None, _) => None,
        };
        let (Some(store), Some(run)) = (store, found) else {
            return Err(gone(typed, head));
        };
        let verified = verify_holds(&*store, run, head);
        let code = match &verified {
            Ok(verified) => {
                told_sound(verified, at.json);
                DONE
            }
            Err(error) => {
                told_altered(run, error, at.json);
                ALTERED
            }
        };
        concluded(code, at.json, PROVED_AGAINST, NOT_PROVED_AGAINST);
        Ok(code)
    }
}

/// The run that a person means, if it is there.
fn found(store: &dyn Store, typed: &str) -> Result<Option<RunId>, Fail> {
    match resolve(store, typed) {
        Ok(run) => Ok(Some(run)),
        Err(LookupError::None(_)) => Ok(None),
        Err(LookupError::Store(error)) => Err(Fail::altered(chain(&error))),
        Err(error) => Err(Fail::usage(chain(&error))),
    }
}

/// The run that holds a head.
fn holder(store: &dyn Store, head: Hash) -> Result<RunId, Fail> {
    let runs = meant(store, &[])?;
    let holds = |run: &RunId| match verify_holds(store, *run, head) {
        Ok(_) => true,
        // Altered before it was come by or after: what is wrong is told once it is found.
        Err(_) => contains(store, *run, head),
    };
    runs.into_iter().find(holds).ok_or_else(|| gone(None, head))
}

/// Whether a record of the run says of itself that this is its hash.
fn contains(store: &dyn Store, run: RunId, head: Hash) -> bool {
    let records = minion_journal::Records::all(store, run);
    let mut records = records.into_iter().flatten();
    records.any(|record| record.is_ok_and(|record| record.hash == head))
}

fn gone(typed: Option<&str>, head: Hash) -> Fail {
    let head = head.short();
    Fail::altered(match typed {
        Some(typed) => format!(
            "there is no run `{}` in this journal: it was deleted, or was never here; a head `{head}…` was kept of it",
            shown(typed)
        ),
        None => format!(
            "no run of this journal holds the head `{head}…`: its run was deleted, altered, or was never here"
        ),
    })
}

fn told_sound(verified: &Verified, json: bool) {
    if json {
        return data(
            &json!({
                "run": verified.run.to_string(), "sound": true, "records": verified.records,
                "ended": verified.ended, "head": verified.head.hash.to_string(),
            })
            .to_string(),
        );
    }
    let run = verified.run.short();
    say(&format!("sound    {run}  {}", sound(verified)));
}

/// How many records are sound, and their head.
pub(super) fn sound(verified: &Verified) -> String {
    let (records, head) = (plural(verified.records, "record"), verified.head.hash);
    let end = if verified.ended {
        "sealed by its end"
    } else {
        "without an end yet"
    };
    format!("{records} sound, {end}, head {head}")
}

fn told_altered(run: RunId, error: &VerifyError, json: bool) {
    let (at, why) = match error {
        VerifyError::Tampered(tampered) => (Some(tampered.seq.0), tampered.what.to_string()),
        VerifyError::Store(error) => (None, chain(error)),
    };
    if json {
        return data(
            &json!({ "run": run.to_string(), "sound": false, "record": at, "flaw": why })
                .to_string(),
        );
    }
    let place = at.map_or_else(String::new, |seq| format!("record {seq}: "));
    say(&format!("ALTERED  {}  {place}{}", run.short(), shown(&why)));
}

/// Says what all this proves, and what it does not.
fn concluded(code: u8, json: bool, proved: &str, not_proved: &str) {
    let proved = (code == DONE).then_some(proved);
    if json {
        return data(&json!({ "proved": proved, "not-proved": not_proved }).to_string());
    }
    say("");
    say(&match proved {
        Some(proved) => format!("proved      {proved}"),
        None => "proved      that something was altered since it was written".to_owned(),
    });
    say(&format!("not proved  {not_proved}"));
}

/// What to say of one run that does not verify.
pub(super) fn failed(error: &VerifyError) -> Fail {
    Fail::altered(chain(error))
}
