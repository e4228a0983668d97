//! What `--allow-asked` granted: the patterns themselves, since nobody wrote them down.

use super::{plural, talk};
use minion_grants::{
    Admission, Ask, Capability, DeliveryGrant, GrantUsed, PartName, escaped, shown,
};

/// Writes it to stderr; in one line where it is `known`, since the run began with it.
pub(crate) fn granted(admission: &Admission, known: bool) {
    if known {
        let asks = admission.parts().iter().map(|part| part.asks().len());
        return talk(&again(asks.sum()));
    }
    for line in told(admission) {
        talk(&line);
    }
}

fn again(asks: usize) -> String {
    format!(
        "granted  as at its beginning, {}",
        plural(asks as u64, "ask")
    )
}

fn told(admission: &Admission) -> Vec<String> {
    let mut lines = Vec::new();
    for part in admission.parts() {
        for ask in part.asks() {
            lines.extend(asked(part.name(), ask, admission.delivery()));
        }
    }
    lines.extend(admission.narrowed().iter().map(|narrowed| {
        format!(
            "narrowed {} {}: {} of {}",
            narrowed.part,
            narrowed.ask,
            narrowed.granted.join(" "),
            narrowed.asked
        )
    }));
    lines.push(
        "not granted  secret-looking and protected files, private addresses, credentials, commands without a sandbox".to_owned(),
    );
    lines
}

/// Who approved the entries of the grants file that are in use, where they say so.
pub(crate) fn approved(admission: &Admission) {
    let says = |grant: &&GrantUsed| grant.approved_by.is_some() || grant.reason.is_some();
    for grant in admission.grants().iter().filter(says) {
        talk(&format!("grant  {}", super::grants::used(grant)));
    }
}

/// One line for each thing that an ask lets its part do, the reason on the first.
fn asked(part: &PartName, ask: &Ask, delivery: Option<&DeliveryGrant>) -> Vec<String> {
    let mut reason = format!("   \"{}\"", shown(&ask.reason));
    let told = ask.capability.told().into_iter().map(|(what, code)| {
        let gates = match (&ask.capability, delivery) {
            (Capability::Delivery(_), Some(grant)) => gates(grant),
            _ => String::new(),
        };
        let code = if code { " (runs workspace code)" } else { "" };
        let reason = std::mem::take(&mut reason);
        format!(
            "granted  {part} {}: {}{gates}{code}{reason}",
            ask.id,
            escaped(&what)
        )
    });
    told.collect()
}

fn gates(grant: &DeliveryGrant) -> String {
    let names: Vec<_> = grant
        .require
        .iter()
        .map(|gate| gate.gate.as_str())
        .collect();
    match names.as_slice() {
        [] => ", no gate required".to_owned(),
        names => format!(", once {} passed on it", names.join(" and ")),
    }
}
