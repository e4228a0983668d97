//! `--allow`: grants for one run, on the command line.

use std::str::FromStr;

use serde_json::Value;

use crate::asks::is_word;
use crate::delivery::Requirement;
use crate::{CommandPattern, DeliveryTarget, HttpPattern, PartName, PathPattern};

/// One `--allow`.
#[derive(Debug, Clone, PartialEq)]
pub struct Allow(pub(crate) Allowed);

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Allowed {
    Read(PathPattern),
    Write(PathPattern),
    Command(CommandPattern),
    /// With whether it may leave the public internet.
    Send(HttpPattern, bool),
    Agent(String),
    Delivery(DeliveryTarget),
    Require(Requirement),
    NoGates,
}

impl Allow {
    /// Reads `files:read=src/**`, `files:write=src/**`, `command=cargo test *`,
    /// `http=GET https://api.example.com/v1/**`, `http:private=GET http://127.0.0.1:8080/**`,
    /// `agent=default`, `delivery=branch`, `require=std:lint` (also
    /// `require=std:test {"json": "parameters"}`), `gates=none`.
    pub fn parse(text: &str) -> Result<Self, AllowError> {
        let refuse = |why: String| AllowError {
            text: crate::shown(text),
            why,
        };
        let (key, value) = text
            .split_once('=')
            .ok_or_else(|| refuse("write `what=which`, e.g. `files:read=src/**`".to_owned()))?;
        parse(key, value).map(Self).map_err(refuse)
    }
}

fn parse(key: &str, value: &str) -> Result<Allowed, String> {
    let path = || {
        value
            .parse()
            .map_err(|error: crate::PathPatternError| error.to_string())
    };
    match key {
        "files:read" => path().map(Allowed::Read),
        "files:write" => path().map(Allowed::Write),
        "command" => match value.parse() {
            Ok(pattern) => Ok(Allowed::Command(pattern)),
            Err(error) => Err(format!("{error}")),
        },
        "http" | "http:private" => send(value, key == "http:private"),
        "agent" if is_word(value) => Ok(Allowed::Agent(value.to_owned())),
        "agent" => Err("name a model, e.g. `agent=default`".to_owned()),
        "delivery" if value == "branch" => Ok(Allowed::Delivery(DeliveryTarget::Branch)),
        "delivery" => Err("this version delivers to a local branch only: `delivery=branch`".to_owned()),
        "require" => requirement(value).map(Allowed::Require),
        "gates" if value == "none" => Ok(Allowed::NoGates),
        "gates" => Err("`gates=none` is all there is; name gates with `require=…`".to_owned()),
        _ => Err("known are `files:read`, `files:write`, `command`, `http`, `http:private`, `agent`, `delivery`, `require`, `gates`".to_owned()),
    }
}

fn send(value: &str, private: bool) -> Result<Allowed, String> {
    let pattern: HttpPattern = value
        .parse()
        .map_err(|error: crate::HttpPatternError| error.to_string())?;
    if pattern.is_private() && !private {
        return Err(format!(
            "its host is outside of the public internet; write `http:private={pattern}`"
        ));
    }
    Ok(Allowed::Send(pattern, private))
}

fn requirement(value: &str) -> Result<Requirement, String> {
    let (gate, parameters) = value.split_once(' ').unwrap_or((value, "{}"));
    let gate = PartName::new(gate).map_err(|error| error.to_string())?;
    let parameters: Value =
        serde_json::from_str(parameters).map_err(|_| "parameters are a JSON object".to_owned())?;
    if !parameters.is_object() {
        return Err("parameters are a JSON object".to_owned());
    }
    Ok(Requirement {
        gate,
        parameters,
        digest: None,
    })
}

impl FromStr for Allow {
    type Err = AllowError;

    fn from_str(text: &str) -> Result<Self, AllowError> {
        Self::parse(text)
    }
}

/// An `--allow` was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`--allow {text}` cannot be read: {why}")]
pub struct AllowError {
    text: String,
    why: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_read() {
        for text in [
            "files:read=src/**",
            "files:write=a.rs",
            "command=cargo test *",
            "http=GET https://api.example.com/v1/**",
            "http:private=GET http://127.0.0.1:8080/**",
            "agent=default",
            "delivery=branch",
            "require=std:lint",
            "require=std:test {\"a\":1}",
            "gates=none",
            "files:read=a=b",
        ] {
            assert!(Allow::parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_enforced_is_refused() {
        for text in [
            "",
            "files",
            "files=src",
            "files:read=",
            "files:read=/etc/passwd",
            "files:write=.git/config",
            "command=",
            "command=sh -c 'x'",
            "http=https://api.example.com",
            "http=GET https://*/**",
            "http=GET http://127.0.0.1/**",
            "credential=x",
            "agent=",
            "delivery=origin",
            "gates=some",
            "network=all",
            "require=",
            "require=std:lint [1]",
            "unsandboxed=true",
        ] {
            assert!(Allow::parse(text).is_err(), "{text}");
        }
    }
}
