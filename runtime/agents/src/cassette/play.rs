//! Plays a cassette: answers a request with the turn recorded at its place.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read as _};
use std::path::Path;

use async_trait::async_trait;

use super::file::{Entry, File};
use super::request::Request;
use super::{CassetteError, Difference, Place};
use crate::{Model, ModelError, Price, Turn, TurnRequest};

const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// Recorded turns, played as a [`Model`].
///
/// On disk a cassette is JSON, meant to be read and edited:
///
/// ```
/// # fn main() -> Result<(), minion_agents::CassetteError> {
/// let cassette = minion_agents::Cassette::parse("fix.json", br#"{
///   "cassette": 1,
///   "recorded-from": "gpt-5-mini at api.openai.com",
///   "price": { "input": 250000, "output": 2000000 },
///   "turns": [
///     {
///       "node": "implement", "visit": 1, "turn": 1,
///       "request": {
///         "tools": ["edit", "read"],
///         "messages": ["system", "user"],
///         "results": []
///       },
///       "answer": {
///         "text": "I look at the parser first.",
///         "tool-calls": [
///           { "id": "c1", "tool": "read", "arguments": { "file": "src/parser.rs" } }
///         ],
///         "usage": { "input-tokens": 812, "output-tokens": 31 },
///         "stop": "tool-calls"
///       }
///     },
///     {
///       "node": "implement", "visit": 1, "turn": 2,
///       "answer": { "text": "Nothing was wrong." }
///     }
///   ]
/// }"#)?;
/// # let _ = cassette;
/// # Ok(())
/// # }
/// ```
///
/// - `cassette`: the version of the format. `recorded-from`: for people.
///   `price`: micro-dollars for a million tokens; left out: unknown.
/// - A turn is found by `node`, `visit` and `turn`, which count from 1.
/// - `request` is what has to be the same again; left out, or any list in it
///   left out: not compared. `tools` are the names, sorted; `messages` the roles
///   added since the turn before (`system`, `user`, `assistant`, `assistant+2`
///   for two calls, `tool:read`). When these differ, the turn is refused.
///   `results` are SHA-256 of the arguments and answers of the last calls; when
///   these differ, the turn gets a note, and is refused if [strict](Self::strict).
/// - `answer` is the model's turn. All of it may be left out but itself; an
///   `id` is made up where none stands; `arguments` that are no object stand
///   for text of the model that was no JSON. `stop` is `finished`,
///   `tool-calls`, `length`, `filtered` or `{ "other": "…" }`.
#[derive(Debug, Clone)]
pub struct Cassette {
    name: String,
    recorded_from: String,
    price: Option<Price>,
    turns: BTreeMap<Place, Entry>,
    strict: bool,
}

impl Cassette {
    /// Reads a cassette of at most 64 MiB.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, CassetteError> {
        let path = path.as_ref();
        let json = read(path)?;
        let name = path.file_name().unwrap_or(path.as_os_str());
        Self::parse(&name.to_string_lossy(), &json)
    }

    /// Reads a cassette from memory; `name` is what messages call it.
    pub fn parse(name: &str, json: &[u8]) -> Result<Self, CassetteError> {
        let file = File::parse(name, json)?;
        Ok(Self {
            name: name.to_owned(),
            recorded_from: file.recorded_from.clone(),
            price: file.price,
            turns: file.into_turns(name)?,
            strict: false,
        })
    }

    /// Refuses turns whose live tool results differ from the recorded ones,
    /// instead of noting it. Default: off.
    #[must_use]
    pub fn strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }

    /// The label of the model that was recorded, when the cassette says so.
    pub fn recorded_from(&self) -> &str {
        &self.recorded_from
    }

    fn play(&self, live: &TurnRequest) -> Result<Turn, CassetteError> {
        let place = Place {
            node: live.node.clone(),
            visit: live.visit,
            turn: live.turn,
        };
        let Some(entry) = self.turns.get(&place) else {
            return Err(self.ran_out(place));
        };
        let mut turn = entry.answer.to_turn();
        if let Some(recorded) = &entry.request {
            turn.notes = self.compare(&place, recorded, &Request::of(live))?;
        }
        Ok(turn)
    }

    fn compare(
        &self,
        place: &Place,
        recorded: &Request,
        live: &Request,
    ) -> Result<Vec<String>, CassetteError> {
        if let Some(difference) = recorded.differs(live) {
            return Err(self.differs(place, difference));
        }
        let mut drifts = recorded.drifts(live).into_iter();
        if self.strict
            && let Some(first) = drifts.next()
        {
            return Err(self.differs(place, first));
        }
        let name = &self.name;
        Ok(drifts
            .map(|drift| format!("cassette `{name}` at {place}: {drift}"))
            .collect())
    }

    fn differs(&self, place: &Place, difference: Difference) -> CassetteError {
        CassetteError::Differs {
            name: self.name.clone(),
            place: place.clone(),
            difference: Box::new(difference),
        }
    }

    fn ran_out(&self, place: Place) -> CassetteError {
        let same_node = |there: &&Place| there.node == place.node;
        let before = self
            .turns
            .keys()
            .filter(same_node)
            .rfind(|there| **there < place);
        let there = match (before, self.turns.keys().find(same_node)) {
            (Some(last), _) => format!(
                "the last before it is visit {} turn {}",
                last.visit, last.turn
            ),
            (None, Some(first)) => {
                format!(
                    "the first of that node is visit {} turn {}",
                    first.visit, first.turn
                )
            }
            (None, None) => format!("it has turns for: {}", self.nodes()),
        };
        CassetteError::RanOut {
            name: self.name.clone(),
            place,
            there,
        }
    }

    fn nodes(&self) -> String {
        let mut nodes: Vec<_> = self.turns.keys().map(|place| &*place.node).collect();
        nodes.dedup();
        if nodes.is_empty() {
            return "no node at all".to_owned();
        }
        nodes.join(", ")
    }
}

#[async_trait]
impl Model for Cassette {
    fn label(&self) -> String {
        if self.recorded_from.is_empty() {
            return format!("cassette {}", self.name);
        }
        format!("cassette {} ({})", self.name, self.recorded_from)
    }

    fn price(&self) -> Option<Price> {
        self.price
    }

    async fn turn(&self, request: &TurnRequest) -> Result<Turn, ModelError> {
        Ok(self.play(request)?)
    }
}

fn read(path: &Path) -> Result<Vec<u8>, CassetteError> {
    let failed = |source: io::Error| CassetteError::File {
        action: "read",
        path: path.to_owned(),
        source,
    };
    // Asked before opening: a FIFO would never open.
    if !fs::metadata(path).map_err(failed)?.is_file() {
        return Err(failed(io::Error::other("not a regular file")));
    }
    let mut json = Vec::new();
    let file = fs::File::open(path).map_err(failed)?;
    let read = file.take(MAX_BYTES + 1).read_to_end(&mut json);
    if read.map_err(failed)? as u64 > MAX_BYTES {
        let path = path.to_owned();
        let limit = MAX_BYTES;
        return Err(CassetteError::TooLarge { path, limit });
    }
    Ok(json)
}
