//! Judge, intent, effect, result: the order that every call goes through. What the journal
//! already says of a call is its answer, and then nothing happens.

use crate::door::Door;
use crate::judge::Judge;
use crate::script::{Said, brief};
use crate::{After, Call, CallKind, Caller, Divergence, Failure, Halt};
use minion_grants::{Denial, Verdict};
use minion_journal::{Body, Effect, Hash, InDoubt, Payload, Seq};
use serde_json::Value;
use std::time::Instant;

/// What a caller gets and what the journal keeps of it.
pub type Answer<T> = Result<(T, Value), Failure>;

/// What a call came to; the outer error ends the run.
pub type Passed<T> = Result<Result<T, Failure>, Halt>;

/// Proof that the judge has said yes to one call. Only the door makes one.
#[derive(Debug)]
pub struct Permit {
    rule: String,
    in_doubt: bool,
    intent: Option<Hash>,
}

impl Permit {
    /// The rule that allowed the call.
    pub fn rule(&self) -> &str {
        &self.rule
    }

    /// The hash of the record that announced an external effect: it proves all of the
    /// journal before the effect, and is the same when the effect is done again.
    pub fn intent(&self) -> Option<Hash> {
        self.intent
    }

    /// Whether the effect was intended before by a process that did not tell what came of
    /// it: it has to be looked up before it is done again.
    pub fn is_in_doubt(&self) -> bool {
        self.in_doubt
    }
}

/// An open call with calls beneath it: an agent's work, a plugin's, a gate's.
#[derive(Debug)]
pub struct Scope {
    seq: Seq,
    since: Instant,
}

impl Scope {
    /// The record that the calls beneath name as their parent.
    pub fn seq(&self) -> Seq {
        self.seq
    }
}

/// What became of a call that has others beneath it.
#[derive(Debug)]
pub enum Opened<T> {
    /// It is known, or refused.
    Answered(Result<T, Failure>),
    /// It is to be done, or to be gone on with.
    Scope(Scope),
}

/// A call at the door.
#[derive(Clone, Copy)]
struct Asking<'a> {
    caller: &'a Caller,
    kind: &'static CallKind,
}

impl Door {
    /// A call on files: `effect` asks the judge about each resolved path.
    ///
    /// # Errors
    /// [`Halt`] when the journal cannot be written or says otherwise; the inner error is the
    /// caller's.
    pub fn pass<T>(
        &self,
        caller: &Caller,
        call: &Call<T>,
        request: Value,
        effect: impl FnOnce(&Judge<'_>) -> Answer<T>,
    ) -> Passed<T> {
        let kind = call.kind;
        debug_assert!(
            kind.effect != Effect::External,
            "an external effect needs its intent first"
        );
        if let Known::Answered(answer) = self.said(caller, call, &request)? {
            return Ok(answer);
        }
        let since = Instant::now();
        let judge = Judge::of(caller, &request);
        let answer = effect(&judge);
        let ruled = judge.found();
        self.record(Asking { caller, kind }, request, ruled, since, answer)
    }

    /// A call that is judged before it begins, and stays on this machine.
    ///
    /// # Errors
    /// As [`Door::pass`].
    pub async fn pass_judged<T, F>(
        &self,
        caller: &Caller,
        call: &Call<T>,
        request: Value,
        verdict: Verdict,
        effect: impl FnOnce(Permit) -> F,
    ) -> Passed<T>
    where
        F: Future<Output = Answer<T>>,
    {
        let kind = call.kind;
        debug_assert!(
            kind.effect != Effect::External,
            "an external effect needs its intent first"
        );
        if let Known::Answered(answer) = self.said(caller, call, &request)? {
            return Ok(answer);
        }
        let rule = match verdict {
            Verdict::Allow { rule } => rule,
            Verdict::Deny(denial) => return self.deny(caller, kind, request, denial).map(Err),
        };
        let since = Instant::now();
        let permit = Permit {
            rule: rule.clone(),
            in_doubt: false,
            intent: None,
        };
        let answer = effect(permit).await;
        self.record(
            Asking { caller, kind },
            request,
            (rule, None),
            since,
            answer,
        )
    }

    /// A call with an effect on the outside world: its intent is committed before it happens,
    /// with the id of the workspace's tree that `tree` takes, and its result before the
    /// caller hears of it.
    ///
    /// # Errors
    /// As [`Door::pass`]; [`Halt::InDoubt`] when only a human can tell whether it happened.
    pub async fn pass_external<T, F>(
        &self,
        caller: &Caller,
        call: &Call<T>,
        request: Value,
        verdict: Verdict,
        tree: impl FnOnce() -> Result<String, Halt>,
        effect: impl FnOnce(Permit) -> F,
    ) -> Passed<T>
    where
        F: Future<Output = Answer<T>>,
    {
        let kind = call.kind;
        let begun = match self.said(caller, call, &request)? {
            Known::Answered(answer) => return Ok(answer),
            Known::Begun(seq, hash) => Some((seq, hash)),
            Known::Nothing => None,
        };
        let rule = match verdict {
            Verdict::Allow { rule } => rule,
            Verdict::Deny(denial) => return self.deny(caller, kind, request, denial).map(Err),
        };
        let (intent, hash) = match begun {
            Some(_) if kind.in_doubt == InDoubt::Ask => {
                return Err(Halt::InDoubt(brief(&format!("{} {request}", kind.name))));
            }
            Some(begun) => begun,
            None => {
                let tree = Some(tree()?);
                let seq = self.intent(Asking { caller, kind }, request, rule.clone(), tree)?;
                self.journal()?.commit()?;
                (seq, self.journal()?.head().hash)
            }
        };
        let since = Instant::now();
        let permit = Permit {
            rule,
            in_doubt: begun.is_some(),
            intent: Some(hash),
        };
        let (result, response) = split(effect(permit).await);
        self.result(caller, intent, since, response)?;
        self.journal()?.commit()?;
        Ok(result)
    }

    /// Opens a call that has others beneath it. One that the record finishes is answered
    /// from there, but for a guest's own work in a replay, which is done again.
    ///
    /// # Errors
    /// As [`Door::pass`].
    pub fn open<T>(
        &self,
        caller: &Caller,
        call: &Call<T>,
        request: Value,
        verdict: Verdict,
    ) -> Result<Opened<T>, Halt> {
        let kind = call.kind;
        let scope = |seq| {
            Opened::Scope(Scope {
                seq,
                since: Instant::now(),
            })
        };
        match self.said(caller, call, &request)? {
            Known::Answered(answer) => return Ok(Opened::Answered(answer)),
            Known::Begun(seq, _) => return Ok(scope(seq)),
            Known::Nothing => {}
        }
        match verdict {
            Verdict::Deny(denial) => {
                let failure = self.deny(caller, kind, request, denial)?;
                Ok(Opened::Answered(Err(failure)))
            }
            Verdict::Allow { rule } => Ok(scope(self.intent(
                Asking { caller, kind },
                request,
                rule,
                None,
            )?)),
        }
    }

    /// Closes it with what it came to, which a replay holds against the record.
    ///
    /// # Errors
    /// As [`Door::pass`].
    #[expect(clippy::needless_pass_by_value, reason = "a scope is closed once")]
    pub fn close<T>(
        &self,
        caller: &Caller,
        call: &Call<T>,
        scope: Scope,
        answer: Answer<T>,
    ) -> Passed<T> {
        let (result, response) = split(answer);
        if let Some(mut script) = self.script() {
            let name = call.kind.name;
            return script.with(|script| {
                let Some(recorded) = script.result(scope.seq)? else {
                    return Err(script.differs(caller, name, &response.to_string()));
                };
                script.same(caller, name, scope.seq, &recorded, &response)?;
                Ok(result)
            });
        }
        self.result(caller, scope.seq, scope.since, response)?;
        Ok(result)
    }

    /// What the record says of a call.
    fn said<T>(&self, caller: &Caller, call: &Call<T>, request: &Value) -> Result<Known<T>, Halt> {
        let Some(mut script) = self.script() else {
            return Ok(Known::Nothing);
        };
        let again = self.replays() && call.kind.holds_a_guest();
        let said = script.with(|script| {
            let said = script.call(caller, call.kind.name, request)?;
            let whole = match said {
                Said::Begun(seq, _) if !again => script.whole(seq)?,
                _ => None,
            };
            match (said, whole) {
                (Said::Answered(response), _) | (_, Some(response)) => {
                    Ok(Heard::Response(script.load(response)?))
                }
                (Said::Begun(seq, _), None) if !again && script.after == After::Nothing => {
                    script.pass_beneath(seq)?;
                    Err(Halt::RecordEnds)
                }
                (Said::Begun(seq, hash), None) => Ok(Heard::Begun(seq, hash)),
                (Said::Denied(denial), None) => Ok(Heard::Denied(denial)),
                (Said::Nothing, None) => Ok(Heard::Nothing),
            }
        })?;
        drop(script);
        match said {
            Heard::Nothing => Ok(Known::Nothing),
            Heard::Begun(seq, hash) => Ok(Known::Begun(seq, hash)),
            Heard::Response(response) => Self::read(caller, call, response).map(Known::Answered),
            Heard::Denied(denial) => {
                self.remember(caller, call.kind, &denial);
                Ok(Known::Answered(Err(Failure::Denied(denial))))
            }
        }
    }

    fn read<T>(caller: &Caller, call: &Call<T>, response: Value) -> Passed<T> {
        if let Some(failure) = Failure::from_json(&response) {
            return Ok(Err(failure));
        }
        (call.read)(response).map(Ok).ok_or_else(|| {
            let (name, actual) = (call.kind.name, "a response of another shape");
            let expected = "a response as this version reads it";
            Halt::Diverged(Box::new(Divergence::new(caller, name, expected, actual)))
        })
    }

    fn record<T>(
        &self,
        Asking { caller, kind }: Asking<'_>,
        request: Value,
        (rule, judged): (String, Option<String>),
        since: Instant,
        answer: Answer<T>,
    ) -> Passed<T> {
        if let Err(Failure::Denied(denial)) = answer {
            return self.deny(caller, kind, request, denial).map(Err);
        }
        let (result, response) = split(answer);
        let (request, response) = (self.payload(request)?, self.payload(response)?);
        let call = kind.name.to_owned();
        self.write(
            caller,
            micros(since),
            Body::Call {
                call,
                effect: kind.effect,
                request,
                rule,
                judged,
                response,
            },
        )?;
        Ok(result)
    }

    fn intent(
        &self,
        Asking { caller, kind }: Asking<'_>,
        request: Value,
        rule: String,
        tree: Option<String>,
    ) -> Result<Seq, Halt> {
        let (call, request) = (kind.name.to_owned(), self.payload(request)?);
        let body = Body::Intent {
            call,
            effect: kind.effect,
            request,
            rule,
            policy: kind.in_doubt,
            tree,
        };
        self.write(caller, 0, body)
    }

    fn result(
        &self,
        caller: &Caller,
        intent: Seq,
        since: Instant,
        response: Value,
    ) -> Result<(), Halt> {
        let response: Payload = self.payload(response)?;
        self.write(caller, micros(since), Body::Result { intent, response })
            .map(|_| ())
    }
}

/// What the record says of a call, with what was answered.
enum Heard {
    Nothing,
    Begun(Seq, Hash),
    Response(Value),
    Denied(Denial),
}

/// What is known of a call before it happens.
enum Known<T> {
    /// Nothing.
    Nothing,
    /// What came of it.
    Answered(Result<T, Failure>),
    /// It was begun, and nothing is known of its end.
    Begun(Seq, Hash),
}

fn split<T>(answer: Answer<T>) -> (Result<T, Failure>, Value) {
    match answer {
        Ok((value, response)) => (Ok(value), response),
        Err(failure) => {
            let response = failure.to_json();
            (Err(failure), response)
        }
    }
}

fn micros(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX)
}
