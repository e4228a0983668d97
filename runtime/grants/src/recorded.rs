//! What a journal keeps of an admission, held against the evidence that it keeps, too: for
//! whoever does a run again. It says no more than why a delivery does not follow; authority
//! comes from an [`Admission`](crate::Admission) alone.

use serde::Deserialize;
use serde_json::Value;

use crate::deliver::carrying;
use crate::{DeliveryGrant, DeliveryTarget, Digest, Evidence, PartName, RequiredGate};

/// Of a recorded admission, what a delivery rests on.
#[derive(Deserialize)]
struct Kept {
    delivery: Option<KeptDelivery>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct KeptDelivery {
    to: DeliveryTarget,
    require: Vec<KeptGate>,
    accept_basic: bool,
    accept_unsandboxed: bool,
}

#[derive(Deserialize)]
struct KeptGate {
    gate: PartName,
    plugin: Digest,
    parameters: Value,
}

/// Why evidence does not carry a delivery of `tree` under an admission as it was recorded;
/// empty when it does. What a change touches is not looked at: a record does not hold it.
pub fn uncarried(admission: &Value, tree: &str, evidence: &[Evidence]) -> Vec<String> {
    let kept = match Kept::deserialize(admission) {
        Ok(kept) => kept,
        Err(error) => return vec![format!("the recorded admission cannot be read: {error}")],
    };
    let Some(kept) = kept.delivery else {
        return vec!["no delivery was granted".to_owned()];
    };
    let grant = DeliveryGrant {
        to: kept.to,
        require: Vec::new(),
        accept_self_steered: Vec::new(),
        accept_protected: Vec::new(),
        accept_basic: kept.accept_basic,
        accept_unsandboxed: kept.accept_unsandboxed,
        rule: String::new(),
    };
    let refusal = |gate: KeptGate| {
        let required = RequiredGate {
            gate: gate.gate,
            plugin: gate.plugin,
            parameters: gate.parameters,
        };
        let carried = carrying(&grant, &required, tree, evidence);
        carried.err().map(|refusal| refusal.to_string())
    };
    kept.require.into_iter().filter_map(refusal).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_recorded_admission_is_read_as_it_is_written() {
        let digest = Digest::of(b"lint");
        let gate = json!({ "gate": "std:lint", "plugin": digest, "parameters": {} });
        let delivery = json!({
            "to": "branch", "require": [gate], "accept-self-steered": [], "accept-protected": [],
            "accept-basic": true, "accept-unsandboxed": false, "rule": "--allow",
        });
        let admission = json!({ "delivery": delivery });
        let told = uncarried(&admission, "t1", &[]);
        assert_eq!(told, ["required gate `std:lint` has not judged any tree"]);
        assert_eq!(
            uncarried(&json!({}), "t1", &[]),
            ["no delivery was granted"]
        );
        assert!(uncarried(&json!({ "delivery": 1 }), "t1", &[])[0].contains("cannot be read"));
    }
}
