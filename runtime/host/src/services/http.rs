//! Requests over HTTP: judged, announced in the journal, sent by the one egress.
//!
//! A gate sends nothing: its evidence is about a tree, and has to come out the
//! same for that tree tomorrow.

use super::{Services, recorded};
use crate::view::{Place, View};
use minion_door::{Caller, Failure, Halt, LimitKind, LimitReached, Passed};
use minion_egress::{BoundKind, Outgoing, SendError, body_of};
use minion_grants::{CapabilityKind, Denial, HttpMethod, HttpRequest, HttpRule, Verdict};
use serde_json::json;
use std::sync::Arc;

/// Bytes of an address and of headers that are taken at all.
const MOST_HEAD: usize = 64 << 10;
/// Bytes of a body.
const MOST_BODY: usize = 8 << 20;

/// A request as a guest wants it.
pub(crate) struct Asked {
    pub(crate) method: HttpMethod,
    pub(crate) url: String,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
}

/// A whole answer, as whoever asked sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
}

/// Sends a request and waits for the end of its answer.
pub(crate) async fn request(
    services: &Arc<Services>,
    caller: &Caller,
    view: &View,
    asked: Asked,
) -> Passed<Answered> {
    if let Some(failure) = asked.too_large() {
        return Ok(Err(failure));
    }
    if let Err(limit) = services.door.meter().request() {
        return Ok(Err(Failure::Limit(limit)));
    }
    let call = if asked.method.is_idempotent() {
        &recorded::REQUEST
    } else {
        &recorded::REQUEST_ONCE
    };
    let told = json!({
        "method": asked.method.as_str(), "url": asked.url,
        "headers": recorded::headers(&asked.headers), "body": recorded::content(&asked.body),
    });
    let judged = judge(caller, view, &asked);
    let verdict = match &judged {
        Ok((_, rule)) => Verdict::Allow {
            rule: rule.to_string(),
        },
        Err(denial) => Verdict::Deny(denial.clone()),
    };
    let tree = || {
        let seen = view.look().map_err(Halt::Stopped)?;
        Ok(seen.tree.to_string())
    };
    let effect = |_permit| async {
        let (request, rule) = judged.map_err(Failure::Denied)?;
        let answered = send(services, caller, &request, rule, asked).await?;
        let response = recorded::answered(&answered);
        Ok((answered, response))
    };
    let door = &services.door;
    door.pass_external(caller, call, told, verdict, tree, effect)
        .await
}

impl Asked {
    fn too_large(&self) -> Option<Failure> {
        let headers = self.headers.iter();
        let headers: usize = headers.map(|(name, value)| name.len() + value.len()).sum();
        let head = self.url.len() + headers;
        let too_much = |bytes: usize, most: usize| {
            let why = format!("a request of {bytes} bytes; at most {most} are taken");
            (bytes > most).then_some(Failure::Invalid(why))
        };
        too_much(head, MOST_HEAD).or_else(|| too_much(self.body.len(), MOST_BODY))
    }
}

fn judge<'a>(
    caller: &'a Caller,
    view: &View,
    asked: &Asked,
) -> Result<(HttpRequest, HttpRule<'a>), Denial> {
    let request = HttpRequest::read(asked.method.as_str(), &asked.url)?;
    if matches!(view.place, Place::Gate(_)) {
        let cure = "a gate judges a tree, and no answer of somebody else; ask before the gate";
        return Err(denied(&request, "not-in-a-gate", cure.to_owned()));
    }
    let rule = caller.http(&request)?;
    Ok((request, rule))
}

async fn send(
    services: &Services,
    caller: &Caller,
    request: &HttpRequest,
    rule: HttpRule<'_>,
    asked: Asked,
) -> Result<Answered, Failure> {
    let network = &services.world()?.network;
    let credential = match rule.credential() {
        Some(binding) => Some(network.credential(binding).await?),
        None => None,
    };
    let outgoing = Outgoing {
        request: request.clone(),
        headers: asked.headers,
        body: body_of(asked.body),
        credential,
    };
    let admits = |address| rule.admits(request, address);
    let failed = |error| failed(caller, request, error);
    let egress = network.egress()?;
    let mut incoming = egress.send(outgoing, admits).await.map_err(failed)?;
    let body = incoming.whole().await.map_err(failed)?;
    Ok(Answered {
        status: incoming.status(),
        headers: incoming.headers().to_vec(),
        body,
    })
}

fn denied(request: &HttpRequest, rule: &str, cure: String) -> Denial {
    Denial {
        capability: CapabilityKind::Http,
        target: minion_grants::shown(&request.to_string()),
        rule: rule.to_owned(),
        cure,
    }
}

fn failed(caller: &Caller, request: &HttpRequest, error: SendError) -> Failure {
    match error {
        SendError::Address(address) => {
            Failure::Denied(caller.authority.private_address(request, address))
        }
        SendError::ForbiddenHeader(_) => {
            let cure = format!("{error}; leave it out");
            Failure::Denied(denied(request, "forbidden-header", cure))
        }
        SendError::Bound(bound) => Failure::Limit(LimitReached {
            kind: match bound.kind {
                kind if kind.is_time() => LimitKind::WallTime,
                BoundKind::RequestBody | BoundKind::RequestHeaders => LimitKind::Memory,
                _ => LimitKind::Output,
            },
            allowed: bound.allowed,
        }),
        SendError::NoAddress(name) => Failure::NotFound(name),
        other => Failure::Unavailable(format!("{}: {other}", request.origin())),
    }
}
