//! Properties of the lattice, held against the members of its sets.

use proptest::prelude::*;

use super::*;
use crate::delivery::Requirement;
use crate::http::CredentialRule;
use crate::reach::handover::HandedOver;
use crate::{Attach, CredentialBinding, CredentialSource, DeliveryTarget};

fn rule<P>(pattern: P, opens_marked: bool) -> Rule<P> {
    Rule {
        pattern,
        from: "test".to_owned(),
        opens_marked,
    }
}

fn words(parts: &'static [&'static str], most: usize) -> impl Strategy<Value = Vec<&'static str>> {
    prop::collection::vec(prop::sample::select(parts), 1..=most)
}

fn path_pattern() -> impl Strategy<Value = PathPattern> {
    let parts = words(
        &["a", "b", "a*", "*", "?", "**", ".env", ".github", "*.pem"],
        3,
    );
    parts.prop_filter_map("no pattern", |parts| parts.join("/").parse().ok())
}

fn command_pattern() -> impl Strategy<Value = CommandPattern> {
    let tokens = words(
        &[
            "a", "b", "a*", "*", "**", "-f", "--g=*", "[-f]", "[--g=*]", "[--g=1]", "--",
        ],
        4,
    );
    let program = prop::sample::select(&["cargo test", "x"][..]);
    (program, tokens).prop_filter_map("no pattern", |(program, tokens)| {
        format!("{program} {}", tokens.join(" ")).parse().ok()
    })
}

fn http_pattern() -> impl Strategy<Value = HttpPattern> {
    let methods = prop::sample::select(&["GET", "GET,POST", "*"][..]);
    let hosts = prop::sample::select(
        &[
            "https://a.example.com",
            "https://*.example.com",
            "http://127.0.0.1:80",
        ][..],
    );
    let path = words(&["a", "a*", "*", "**"], 2);
    (methods, hosts, path).prop_filter_map("no pattern", |(methods, host, path)| {
        format!("{methods} {host}/{}", path.join("/")).parse().ok()
    })
}

fn requests() -> Vec<HttpRequest> {
    let paths = ["", "a", "ab", "a/b", "b/a", "%61/b", "a%2fb"];
    let hosts = [
        "https://a.example.com",
        "https://b.example.com",
        "http://127.0.0.1",
    ];
    let mut all = Vec::new();
    for (host, path) in hosts.iter().flat_map(|host| paths.map(|path| (host, path))) {
        for method in ["GET", "POST"] {
            all.extend(HttpRequest::read(method, &format!("{host}/{path}")));
        }
    }
    all
}

fn agent_rule() -> impl Strategy<Value = AgentRule> {
    let names = |of: &'static [&'static str]| {
        prop::sample::subsequence(of, 0..=of.len())
            .prop_map(|names| names.into_iter().map(str::to_owned).collect::<Vec<_>>())
    };
    let most = || prop::option::of(1_u32..4);
    (
        names(&["m", "n"]),
        prop::option::of(names(&["read", "run"])),
        most(),
        most(),
    )
        .prop_map(|(models, tools, max_turns, max_tokens)| AgentRule {
            models,
            tools,
            max_turns,
            max_tokens: max_tokens.map(u64::from),
            from: "test".to_owned(),
        })
}

fn some<T: std::fmt::Debug>(of: impl Strategy<Value = T>) -> impl Strategy<Value = Vec<T>> {
    prop::collection::vec(of, 0..3)
}

prop_compose! {
    fn denies()(
        read in some(path_pattern()), write in some(path_pattern()), run in some(command_pattern()), send in some(http_pattern()),
        models in some(prop::sample::select(&["m"][..])), tools in some(prop::sample::select(&["run"][..])),
        // Most sets deny nothing.
        none in prop::bool::weighted(0.5),
    ) -> Denies {
        let names = |names: Vec<&str>| names.into_iter().map(|name| rule(name.to_owned(), true)).collect();
        let denies = Denies {
            read: read.into_iter().map(|pattern| rule(pattern, true)).collect(),
            write: write.into_iter().map(|pattern| rule(pattern, true)).collect(),
            run: run.into_iter().map(|pattern| rule(pattern, true)).collect(),
            send: send.into_iter().map(|pattern| rule(pattern, true)).collect(),
            models: names(models), tools: names(tools), delivery: Vec::new(),
        };
        if none { Denies::default() } else { denies }
    }
}

fn credential(to: Vec<HttpPattern>) -> CredentialRule {
    CredentialRule {
        binding: CredentialBinding {
            name: "token".to_owned(),
            from: CredentialSource::Env("TOKEN".to_owned()),
            attach: Attach::Bearer,
            plain: false,
        },
        to,
        from: "test".to_owned(),
    }
}

prop_compose! {
    fn rules()(
        read in some((path_pattern(), any::<bool>())), write in some((path_pattern(), any::<bool>())),
        run in some(command_pattern()), agents in some(agent_rule()),
        send in some((http_pattern(), any::<bool>())), bound in some(http_pattern()),
        unsandboxed in any::<bool>(), denied in denies(),
    ) -> Rules {
        let paths = |patterns: Vec<(PathPattern, bool)>| patterns.into_iter().map(|(pattern, opens)| rule(pattern, opens)).collect();
        Rules {
            read: paths(read), write: paths(write),
            run: run.into_iter().map(|pattern| rule(pattern, true)).collect(),
            send: send.into_iter().map(|(pattern, private)| rule(pattern, private)).collect(),
            credentials: vec![credential(bound)],
            agents, unsandboxed, denied,
        }
    }
}

fn reach() -> impl Strategy<Value = Reach> {
    rules().prop_map(|rules| Reach::of(&rules, []))
}

/// Deeds of every kind, enough to tell most sets apart.
fn deeds() -> Vec<Deed> {
    let parts = ["a", "b", "ab", ".env", ".github", "x.pem"];
    let mut paths: Vec<String> = parts.map(str::to_owned).to_vec();
    for (one, two) in parts.iter().flat_map(|one| parts.map(|two| (one, two))) {
        paths.push(format!("{one}/{two}"));
        paths.extend(parts.map(|three| format!("{one}/{two}/{three}")));
    }
    let mut deeds: Vec<Deed> = paths.iter().cloned().map(Deed::Read).collect();
    deeds.extend(paths.into_iter().map(Deed::Write));
    deeds.extend(lines());
    for request in requests() {
        deeds.push(Deed::Credential("token".to_owned(), request.clone()));
        deeds.extend([false, true].map(|private| {
            Deed::Send(Sent {
                request: request.clone(),
                private,
            })
        }));
    }
    for model in ["m", "n"] {
        for tools in [&[][..], &["read"], &["run"], &["read", "run"]] {
            deeds.extend([(1, 1), (3, 1), (1, 3), (9, 9)].map(|(turns, tokens)| {
                Deed::Model(ModelCall {
                    model: model.to_owned(),
                    tools: tools.iter().map(|&tool| tool.to_owned()).collect(),
                    turns,
                    tokens,
                })
            }));
        }
    }
    deeds
}

fn lines() -> Vec<Deed> {
    let words = ["a", "b", "ab", "-f", "--g=1", "--g=2", "--offline", "--"];
    let mut arguments: Vec<Vec<&str>> = vec![Vec::new()];
    arguments.extend(words.map(|word| vec![word]));
    for (one, two) in words.iter().flat_map(|&one| words.map(|two| (one, two))) {
        arguments.push(vec![one, two]);
        arguments.extend(["a", "-f"].map(|three| vec![one, two, three]));
    }
    let line = |program: &str, lead: &[&str], arguments: &[&str]| {
        let words = lead.iter().chain(arguments);
        Deed::Run(CommandLine {
            program: program.to_owned(),
            arguments: words.map(|&word| word.to_owned()).collect(),
        })
    };
    let both = |arguments: &Vec<&str>| {
        [
            line("x", &[], arguments),
            line("cargo", &["test"], arguments),
        ]
    };
    arguments.iter().flat_map(both).collect()
}

/// The same by the rules alone, one after the other.
fn by_rules(rules: &Rules, deed: &Deed) -> bool {
    let paths = |rules: &[Rule<PathPattern>], denied: &[Rule<PathPattern>], path: &str, changes| {
        let mut marks = crate::marks::marks(path);
        marks.retain(|mark| changes || mark.kind == crate::marks::MarkKind::Secret);
        let fit = crate::rules::path_fit(rules, path, &marks, false);
        matches!(fit, crate::rules::PathFit::Hit(_))
            && !denied.iter().any(|rule| rule.pattern.matches(path))
    };
    match deed {
        Deed::Read(path) => paths(&rules.read, &rules.denied.read, path, false),
        Deed::Write(path) => paths(&rules.write, &rules.denied.write, path, true),
        Deed::Run(line) => {
            let takes = |rule: &Rule<CommandPattern>| rule.pattern.takes(line);
            rules.run.iter().any(takes)
                && !rules
                    .denied
                    .run
                    .iter()
                    .map(Rule::denying)
                    .any(|rule| takes(&rule))
        }
        Deed::Send(sent) => {
            let address = sent.request.address();
            let private = sent.private || address.is_some_and(|address| !crate::is_public(address));
            let fit = crate::rules::http_fit(&rules.send, &sent.request);
            fit.is_some_and(|rule| rule.opens_marked || !private)
                && !rules
                    .denied
                    .send
                    .iter()
                    .any(|rule| rule.pattern.denies(&sent.request))
        }
        Deed::Credential(name, request) => rules
            .credentials
            .iter()
            .any(|rule| rule.is_for(name, request)),
        Deed::Model(call) => {
            let denied = &rules.denied;
            rules.agents.iter().any(|rule| models(rule).takes(call))
                && !denied.model_names().contains(&call.model)
                && !call
                    .tools
                    .iter()
                    .any(|tool| denied.tool_names().contains(tool))
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_set_has_what_its_rules_allow_and_nothing_that_they_deny(rules in rules()) {
        let reach = Reach::of(&rules, []);
        for deed in deeds() {
            prop_assert_eq!(reach.allows(&deed), by_rules(&rules, &deed), "{:?}", deed);
        }
    }

    #[test]
    fn intersection_has_what_is_in_both(a in reach(), b in reach()) {
        let both = a.intersect(&b);
        for deed in deeds() {
            prop_assert_eq!(both.allows(&deed), a.allows(&deed) && b.allows(&deed), "{:?}", deed);
        }
        prop_assert!(a.covers(&both) && b.covers(&both));
    }

    #[test]
    fn order_of_sources_makes_no_difference(a in reach(), b in reach(), c in reach()) {
        let orders = [
            a.intersect(&b).intersect(&c),
            c.intersect(&a.intersect(&b)),
            b.intersect(&c).intersect(&a),
        ];
        for deed in deeds() {
            let found = orders.each_ref().map(|reach| reach.allows(&deed));
            prop_assert!(found.iter().all(|allowed| *allowed == found[0]), "{deed:?}");
        }
    }

    #[test]
    fn what_covers_has_every_member(a in reach(), b in reach(), c in reach()) {
        // Made to lie within one another often.
        let mut wide = a.clone();
        wide.read = wide.read.union(&c.read);
        wide.run = wide.run.union(&c.run);
        wide.send = wide.send.union(&c.send);
        for (wide, narrow) in [(&a, &b), (&wide, &a.intersect(&b)), (&a, &c.intersect(&a)), (&wide, &c)] {
            let covers = wide.covers(narrow);
            prop_assert_eq!(covers, narrow.beyond(wide).is_empty());
            if covers {
                for deed in deeds() {
                    prop_assert!(!narrow.allows(&deed) || wide.allows(&deed), "{deed:?}\n{wide:?}\n{narrow:?}");
                }
            }
        }
        prop_assert!(a.covers(&a) && a.covers(&Reach::default()));
    }

    #[test]
    fn a_deny_wins_and_only_narrows(rules in rules(), denies in denies()) {
        let before = Reach::of(&rules, []);
        let mut after = before.clone();
        after.deny(&denies);
        prop_assert!(before.covers(&after));
        for deed in deeds() {
            let hit = match &deed {
                Deed::Read(path) => denies.read.iter().any(|rule| rule.pattern.matches(path)),
                Deed::Write(path) => denies.write.iter().any(|rule| rule.pattern.matches(path)),
                Deed::Run(line) => denies.run.iter().any(|rule| rule.pattern.takes(line)),
                Deed::Send(sent) => denies.send.iter().any(|rule| rule.pattern.denies(&sent.request)),
                Deed::Credential(..) => false,
                Deed::Model(call) => denies.model_names().contains(&call.model),
            };
            prop_assert!(!(hit && after.allows(&deed)), "{deed:?}");
        }
    }
}

#[test]
fn a_star_denies_options_too() {
    let denies = Denies {
        run: vec![rule("git push *".parse().unwrap(), true)],
        ..Denies::default()
    };
    let rules = Rules {
        run: vec![rule("git **".parse().unwrap(), true)],
        denied: denies,
        ..Rules::default()
    };
    let reach = Reach::of(&rules, []);
    let run = |words: &[&str]| {
        reach.allows(&Deed::Run(CommandLine {
            program: "git".to_owned(),
            arguments: words.iter().map(|&word| word.to_owned()).collect(),
        }))
    };
    assert!(run(&["status"]) && !run(&["push", "origin"]) && !run(&["push", "--force"]));
}

#[test]
fn what_lies_outside_is_named_with_what_it_touches() {
    let read = |text: &str| Rules {
        read: vec![rule(text.parse().unwrap(), true)],
        ..Rules::default()
    };
    let (narrow, wide) = (
        Reach::of(&read("src/parser/**"), []),
        Reach::of(&read("src/**"), []),
    );
    assert!(narrow.beyond(&wide).is_empty() && wide.covers(&narrow));
    let beyond = wide.beyond(&narrow);
    assert_eq!(beyond.len(), 1);
    assert_eq!((beyond[0].key, &*beyond[0].what), ("files read", "src/**"));
    assert_eq!(beyond[0].touches, ["src/parser/**"]);
}

#[test]
fn a_broad_pattern_does_not_cover_a_secret_that_is_named() {
    let read = |text: &str| {
        let rules = Rules {
            read: vec![rule(text.parse().unwrap(), true)],
            ..Rules::default()
        };
        Reach::of(&rules, [])
    };
    assert!(!read("**").covers(&read(".env")));
    assert!(read("**").covers(&read("src/**")));
    assert!(read(".env").covers(&read(".env")));
    assert!(
        !read("**")
            .intersect(&read(".env"))
            .allows(&Deed::Read(".env".to_owned()))
    );
}

#[test]
fn a_delivery_with_more_gates_and_fewer_acceptances_lies_within() {
    let gate = |name: &str| Requirement {
        gate: name.parse().unwrap(),
        parameters: serde_json::json!({}),
        digest: None,
    };
    let loose = Handover {
        self_steered: Accepts::Only(vec!["Cargo.toml".parse().unwrap()]),
        require: vec![gate("std:lint")],
        ..Handover::open(DeliveryTarget::Branch)
    };
    let strict = Handover {
        self_steered: Accepts::Only(Vec::new()),
        require: vec![gate("std:lint"), gate("std:test")],
        basic: false,
        ..Handover::open(DeliveryTarget::Branch)
    };
    assert!(loose.covers(&strict) && !strict.covers(&loose));
    let deed = |passed: &[&str], steered: &[&str]| HandedOver {
        to: DeliveryTarget::Branch,
        passed: passed.iter().map(|name| gate(name)).collect(),
        self_steered: steered.iter().map(|&path| path.to_owned()).collect(),
        protected: Vec::new(),
        basic: false,
        unsandboxed: false,
    };
    let both = loose.meet(&strict).unwrap();
    for deed in [
        deed(&[], &[]),
        deed(&["std:lint"], &[]),
        deed(&["std:lint", "std:test"], &[]),
        deed(&["std:lint", "std:test"], &["Cargo.toml"]),
    ] {
        assert_eq!(both.takes(&deed), loose.takes(&deed) && strict.takes(&deed));
        assert!(loose.takes(&deed) || !strict.takes(&deed));
    }
}
