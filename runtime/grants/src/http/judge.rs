//! Judges a request: `asked ∩ granted ∩ ceiling ∩ needed by the node`, and says
//! which credential goes with it.

use std::net::IpAddr;

use super::{CredentialBinding, HttpPattern, HttpRequest};
use crate::authority::{DENIED, denial, deny_cure};
use crate::rules::{HttpRule, http_fit};
use crate::{Authority, CapabilityKind, Denial, Verdict};

impl Authority {
    /// Judges a request.
    pub fn http(&self, request: &HttpRequest) -> Verdict {
        match self.http_rule(request) {
            Ok(rule) => Verdict::Allow {
                rule: rule.to_string(),
            },
            Err(denial) => Verdict::Deny(denial),
        }
    }

    /// The same, with what goes with the request.
    ///
    /// # Errors
    /// The denial.
    pub fn http_rule(&self, request: &HttpRequest) -> Result<HttpRule<'_>, Denial> {
        let refuse = |rule: &str, cure: String| {
            let target = request.to_string();
            Err(denial(CapabilityKind::Http, &target, rule, cure))
        };
        let Some(need) = http_fit(&self.send.needed, request) else {
            return match http_fit(&self.send.asked, request) {
                Some(_) => refuse(
                    "not-needed-by-node",
                    "the node would have to name the ask with this request in its `needs`"
                        .to_owned(),
                ),
                None => refuse(
                    "not-asked",
                    "its author would have to ask for it in `http.send` of `minion.toml`"
                        .to_owned(),
                ),
            };
        };
        let mut denied = self.send.denied.iter();
        if let Some(rule) = denied.find(|rule| rule.pattern.denies(request)) {
            let pattern = rule.pattern.to_string();
            return refuse(DENIED, deny_cure(&rule.from, "http.send", &pattern));
        }
        let Some(grant) = http_fit(&self.send.granted, request) else {
            return refuse("not-granted", self.grant_request(request, false));
        };
        let mut private = grant.opens_marked;
        if let Some(ceiling) = &self.send.ceiling {
            let Some(rule) = http_fit(ceiling, request) else {
                let cure = "the ceiling would have to allow it in `http.send`";
                return refuse("above-ceiling", cure.to_owned());
            };
            private &= rule.opens_marked;
        }
        if let Some(address) = request.address()
            && !private
            && !super::is_public(address)
        {
            return Err(self.private_address(request, address));
        }
        Ok(HttpRule {
            grant,
            need,
            private,
            credential: self.credential(request),
        })
    }

    /// Why an address that a host has is not connected to.
    pub fn private_address(&self, request: &HttpRequest, address: IpAddr) -> Denial {
        let cure = if super::is_own(address) || request.address().is_some() {
            let line = self.grant_request(request, true);
            format!("`{address}` is outside of the public internet; {line}")
        } else {
            format!("`{address}` is reached by no name; the grant would have to write it out")
        };
        let target = request.to_string();
        denial(CapabilityKind::Http, &target, "private-address", cure)
    }

    /// The credential that a needed ask wants and the operator bound to this request.
    fn credential(&self, request: &HttpRequest) -> Option<&CredentialBinding> {
        let wanting = self.wanted.iter().filter(|(_, to)| to.matches(request));
        wanting
            .flat_map(|(name, _)| {
                self.credentials
                    .iter()
                    .filter(|rule| rule.is_for(name, request))
            })
            .map(|rule| &rule.binding)
            .find(|binding| request.is_tls() || binding.plain)
    }

    fn grant_request(&self, request: &HttpRequest, private: bool) -> String {
        let path = request.path_and_query().split('?').next().unwrap_or("/");
        let line = |path: &str| format!("{} {}{path}", request.method(), request.origin());
        let exact = line(path).parse::<HttpPattern>();
        // A star would be a wildcard in the pattern, a quote would end the flag.
        let exact = exact.is_ok() && !path.contains(['*', '\'']);
        let line = line(if exact { path } else { "/**" });
        let private = private
            || line
                .parse()
                .is_ok_and(|line: HttpPattern| line.is_private());
        let line = crate::shown(&line);
        let (entry, key) = if private {
            let entry = format!("{{ to = \"{line}\", private = true }}");
            (entry, "http:private")
        } else {
            (format!("\"{line}\""), "http")
        };
        format!(
            "add {entry} to `http.send` of the grant for `{}`, or `--allow '{key}={line}'`",
            self.part
        )
    }
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
