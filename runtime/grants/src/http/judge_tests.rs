//! Which request is denied by which rule, and which credential goes with it.

use serde_json::json;

use crate::admit::tests::{subject, subject_asking, with_file, with_flags};
use crate::{Admission, AskId, Attach, Authority, Basis, CredentialSource, HttpRequest, facts};

fn asks() -> serde_json::Value {
    json!([
        {"id": "api", "reason": "r", "http": {
            "send": ["GET,POST https://api.example.com/**", "GET http://127.0.0.1:8080/**"],
            "credential": "github",
        }},
        {"id": "other", "reason": "r", "http": {"send": ["GET https://other.example.com/**"]}},
    ])
}

fn request(text: &str) -> HttpRequest {
    let (method, url) = text.split_once(' ').unwrap();
    HttpRequest::read(method, url).unwrap()
}

fn needing(admission: &Admission, needs: &[&str]) -> Authority {
    let needs: Vec<AskId> = needs.iter().map(|id| id.parse().unwrap()).collect();
    admission.authority(&"acme/fix-bug".parse().unwrap(), Some(&needs))
}

fn grant(more: &str) -> String {
    let digest = subject().digest;
    format!("[[grant]]\nblueprint = \"acme/fix-bug\"\ndigest = \"{digest}\"\n{more}")
}

fn granted(more: &str) -> Admission {
    with_file(&subject_asking(&asks()), &grant(&format!("{REST}{more}"))).unwrap()
}

/// What the fixture asks besides.
const REST: &str = "[grant.command]\nrun = [\"cargo **\", \"ruff **\"]\n";

const CREDENTIAL: &str = r#"
[[grant.credential]]
name = "github"
from = { env = "GITHUB_TOKEN" }
attach = "bearer"
to = ["GET https://api.example.com/v1/**"]
"#;

fn rule(authority: &Authority, text: &str) -> String {
    authority.http(&request(text)).rule().to_owned()
}

#[test]
fn each_source_denies_by_a_rule_of_its_own() {
    let send = "[grant.http]\nsend = [\"GET https://*.example.com/v1/**\"]\n";
    let admission = granted(send);
    let authority = needing(&admission, &["api"]);
    assert_eq!(
        rule(&authority, "GET https://api.example.com/v1/x"),
        "grants.toml:1 http.send `GET https://*.example.com/v1/**`, ask api"
    );
    for (text, denied_by) in [
        ("GET https://evil.com/v1/x", "not-asked"),
        ("GET https://other.example.com/v1/x", "not-needed-by-node"),
        ("GET https://api.example.com/v2/x", "not-granted"),
        ("POST https://api.example.com/v1/x", "not-granted"),
        ("GET http://127.0.0.1:8080/x", "not-granted"),
    ] {
        assert_eq!(rule(&authority, text), denied_by, "{text}");
    }
    let none = Authority::default();
    assert_eq!(rule(&none, "GET https://api.example.com/v1/x"), "not-asked");
}

#[test]
fn the_cure_of_a_denied_request_is_a_flag_that_can_be_read() {
    let authority = needing(
        &granted("[grant.http]\nsend = [\"GET https://*.example.com/v1/**\"]\n"),
        &["api"],
    );
    let own = request("GET http://127.0.0.1:8080/a");
    let cure = authority.http_rule(&own).unwrap_err().cure;
    let flag = cure.split("--allow '").nth(1).unwrap();
    assert!(
        crate::Allow::parse(flag.split('\'').next().unwrap()).is_ok(),
        "{cure}"
    );
    for path in ["/a?b=c", "/a*b", "/a%20b", "/a';reboot;'"] {
        let request = request(&format!("POST https://api.example.com{path}"));
        let denial = authority.http_rule(&request).unwrap_err();
        let flag = denial.cure.split("--allow '").nth(1).unwrap();
        let flags = [
            flag.split('\'').next().unwrap(),
            "command=cargo **",
            "command=ruff **",
            "http=GET https://other.example.com/**",
        ];
        let admission = with_flags(&subject_asking(&asks()), &flags, false).unwrap();
        let authority = needing(&admission, &["api"]);
        assert!(authority.http(&request).is_allowed(), "{denial}");
    }
}

#[test]
fn only_a_private_rule_reaches_private_addresses() {
    let private = r#"
[grant.http]
send = ["GET https://*.example.com/**", { to = "GET http://127.0.0.1:8080/**", private = true }]
"#;
    let admission = granted(private);
    let authority = needing(&admission, &["api"]);
    let own = request("GET http://127.0.0.1:8080/x");
    assert!(authority.http_rule(&own).unwrap().private());
    let public = request("GET https://api.example.com/x");
    assert!(!authority.http_rule(&public).unwrap().private());
    let denial = authority.private_address(&public, "10.0.0.1".parse().unwrap());
    assert!(denial.cure.contains("private = true"), "{denial}");
    let denial = authority.private_address(&public, "169.254.169.254".parse().unwrap());
    assert!(denial.cure.contains("by no name"), "{denial}");
    let rule = authority.http_rule(&own).unwrap();
    let admits = |address: &str| rule.admits(&own, address.parse().unwrap());
    assert!(admits("127.0.0.1") && admits("10.0.0.1") && admits("8.8.8.8"));
    assert!(!admits("169.254.169.254"));
}

#[test]
fn allow_asked_opens_no_private_address_and_no_credential() {
    let admission = with_flags(&subject_asking(&asks()), &[], true).unwrap();
    let authority = needing(&admission, &["api"]);
    let public = request("GET https://api.example.com/v1/x");
    let rule = authority.http_rule(&public).unwrap();
    assert!(!rule.private() && rule.credential().is_none());
    let own = request("GET http://127.0.0.1:8080/x");
    assert_eq!(authority.http_rule(&own).unwrap_err().rule, "not-granted");
    let narrowed: Vec<_> = admission
        .narrowed()
        .iter()
        .map(|n| n.key.as_str())
        .collect();
    assert_eq!(narrowed, ["http.send", "http.credential"]);
}

#[test]
fn a_credential_goes_only_with_what_asks_for_it_and_is_bound() {
    let send = "[grant.http]\nsend = [\"* https://*.example.com/**\"]\n";
    let admission = granted(&format!("{send}{CREDENTIAL}"));
    let api = needing(&admission, &["api", "other"]);
    let bound = request("GET https://api.example.com/v1/x");
    let binding = api.http_rule(&bound).unwrap().credential().unwrap().clone();
    assert_eq!(binding.attach, Attach::Bearer);
    assert_eq!(
        binding.from,
        CredentialSource::Env("GITHUB_TOKEN".to_owned())
    );
    for text in [
        "POST https://api.example.com/v1/x",
        "GET https://api.example.com/v2/x",
        "GET https://other.example.com/v1/x",
    ] {
        let rule = request(text);
        assert!(
            api.http_rule(&rule).unwrap().credential().is_none(),
            "{text}"
        );
    }
    assert!(
        admission
            .narrowed()
            .iter()
            .all(|narrowed| narrowed.key != "http.credential")
    );
    let elsewhere = CREDENTIAL.replace("api.example.com", "elsewhere.example.com");
    let elsewhere = granted(&format!("{send}{elsewhere}"));
    assert!(
        elsewhere
            .narrowed()
            .iter()
            .any(|narrowed| narrowed.key == "http.credential")
    );
    // The ask of the other host wants none, though one is bound to it.
    let wider = CREDENTIAL.replace("to = [", "to = [\"GET https://other.example.com/**\", ");
    let wider = granted(&format!("{send}{wider}"));
    let other = request("GET https://other.example.com/v1/x");
    let wider = needing(&wider, &["api", "other"]);
    assert!(wider.http_rule(&other).unwrap().credential().is_none());
    assert!(wider.http_rule(&bound).unwrap().credential().is_some());
    let told = api.http_rule(&bound).unwrap().to_string();
    assert!(told.ends_with("ask api, credential github"), "{told}");
}

#[test]
fn an_admission_tells_where_a_credential_lies_and_no_argument_of_a_program() {
    let send = "[grant.http]\nsend = [\"* https://*.example.com/**\"]\n";
    let told = |from: &str| {
        let credential = CREDENTIAL.replace("{ env = \"GITHUB_TOKEN\" }", from);
        json!(granted(&format!("{send}{credential}"))).to_string()
    };
    assert!(told("{ env = \"GITHUB_TOKEN\" }").contains("GITHUB_TOKEN"));
    let command = told("{ command = [\"print-it\", \"canary-4711\"] }");
    assert!(
        command.contains("print-it") && !command.contains("canary"),
        "{command}"
    );
}

#[test]
fn bindings_that_would_leak_are_refused() {
    for (from, to) in [
        (
            "https://api.example.com/v1/**",
            "http://api.example.com/v1/**",
        ),
        ("https://api.example.com/v1/**", "http://127.0.0.1:1/**"),
        ("attach = \"bearer\"", "attach = { header = \"host\" }"),
        ("attach = \"bearer\"", "attach = { header = \"X-Key\" }"),
        ("attach = \"bearer\"", "attach = { header = \"x\\r\\ny\" }"),
        ("attach = \"bearer\"", "attach = \"query\""),
        ("{ env = \"GITHUB_TOKEN\" }", "{ env = \"\" }"),
        ("{ env = \"GITHUB_TOKEN\" }", "{ command = [] }"),
        ("{ env = \"GITHUB_TOKEN\" }", "\"ghp_secret\""),
        ("[\"GET https://api.example.com/v1/**\"]", "[]"),
        ("name", "nmae"),
    ] {
        let text = grant(&CREDENTIAL.replace(from, to));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("grants.toml");
        std::fs::write(&path, &text).unwrap();
        let error = crate::GrantsFile::load(&path, &[]).unwrap_err().to_string();
        assert!(
            error.contains("grants.toml:") && !error.contains("ghp_"),
            "{error}"
        );
    }
    let own = CREDENTIAL.replace("https://api.example.com/v1/**", "http://127.0.0.1:1/**");
    assert!(
        with_file(
            &subject_asking(&json!([])),
            &grant(&format!("{REST}{own}plain = true\n"))
        )
        .is_ok()
    );
}

#[test]
fn pasted_lines_and_flags_admit_every_request() {
    let subject = subject_asking(&asks());
    let refused = with_flags(&subject, &[], false).unwrap_err();
    let admission = with_file(&subject, &refused.lines_to_add).unwrap();
    let keys: Vec<_> = admission
        .narrowed()
        .iter()
        .map(|n| n.key.as_str())
        .collect();
    assert_eq!(keys, ["http.credential"]);
    assert!(
        refused
            .allow_flags
            .contains("--allow 'http:private=GET http://127.0.0.1:8080/**'")
    );
}

#[test]
fn a_reviewer_is_told_of_requests() {
    let asks = json!([{"id": "api", "reason": "r", "http": {
        "send": ["GET https://*.example.com/**", "GET http://127.0.0.1/**", "GET http://a.com/**"],
        "credential": "github",
    }}]);
    let facts = facts(
        &subject_asking(&asks).manifest,
        &["minion:host/http@0.1.0".to_owned()],
        None,
    );
    assert_eq!(
        facts.can[0].what,
        "send GET https://*.example.com/** with credential github"
    );
    assert_eq!(facts.look_at.len(), 3, "{:?}", facts.look_at);
    let other = facts
        .cannot
        .iter()
        .find(|fact| fact.what == "send any other request");
    assert_eq!(other.unwrap().basis, Basis::Enforced);
    assert!(
        !facts
            .cannot
            .iter()
            .any(|fact| fact.what.contains("network connection"))
    );
}
