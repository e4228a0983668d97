//! The judge at work: files and commands that are denied, and by which rule.

use serde_json::json;

use crate::admit::tests::{subject_asking, with_flags};
use crate::{Authority, CapabilityKind, FileOp, Verdict};

/// Everything that a broad ask and a broad grant give.
fn broad() -> Authority {
    let asks = json!([
        {"id": "f", "reason": "r", "files": {"read": ["**"], "write": ["**"]}},
        {"id": "c", "reason": "r", "command": {"run": ["cargo test *", "git log *"]}},
    ]);
    let flags = [
        "files:read=**",
        "files:write=**",
        "command=cargo **",
        "command=git log *",
    ];
    let admission = with_flags(&subject_asking(&asks), &flags, false).unwrap();
    admission.authority(&"acme/fix-bug".parse().unwrap(), None)
}

fn rule(op: FileOp, path: &str) -> String {
    broad().file(op, path).rule().to_owned()
}

const ALL: [FileOp; 6] = [
    FileOp::Stat,
    FileOp::List,
    FileOp::Read,
    FileOp::Write,
    FileOp::Create,
    FileOp::Delete,
];

#[test]
fn default_authority_may_do_nothing() {
    let none = Authority::default();
    for op in ALL {
        assert!(!none.file(op, "src/a.rs").is_allowed());
        assert!(!none.file(op, "").is_allowed());
    }
    assert!(!none.command("true", &[]).is_allowed() && !none.program_granted("true"));
    assert!(
        none.agent().is_none() && !none.agent_run().is_allowed() && !none.tool("read").is_allowed()
    );
    assert!(!none.unsandboxed());
}

#[test]
fn what_is_no_resolved_path_is_denied_without_panic() {
    let deep = "a/".repeat(100_000) + "a";
    for path in [
        "../x",
        "a/../../x",
        "/etc/passwd",
        ".",
        "./a",
        "a/.",
        "a//b",
        "a/",
        "a\0b",
        "a\nb",
        "\u{1b}[2J",
        &deep,
        &"x".repeat(5_000),
        "a/\u{202e}b",
    ] {
        for op in ALL {
            assert_eq!(broad().file(op, path).rule(), "not-a-path", "{path:.40?}");
        }
    }
}

#[test]
fn git_is_closed_for_everything_whatever_is_granted() {
    for path in [
        ".git",
        ".git/config",
        "sub/.GIT/hooks/pre-commit",
        ".git./x",
        "git~1",
        ".git::$DATA",
    ] {
        for op in ALL {
            assert_eq!(rule(op, path), "git-folder", "{path}");
        }
    }
}

#[test]
fn broad_grant_opens_no_secret() {
    for path in [
        ".env",
        "id_rsa",
        "a/.netrc",
        ".npmrc",
        ".ssh/config",
        ".ENV",
    ] {
        for op in ALL {
            assert_eq!(rule(op, path), "secret-looking-file", "{path}");
        }
    }
}

#[test]
fn broad_grant_changes_nothing_that_others_execute() {
    for path in [
        ".github/workflows/ci.yml",
        ".cargo/config.toml",
        ".vscode/tasks.json",
        ".mcp.json",
    ] {
        for op in [FileOp::Write, FileOp::Create, FileOp::Delete] {
            assert_eq!(rule(op, path), "protected-path", "{path}");
        }
        assert!(
            broad().file(FileOp::Read, path).is_allowed(),
            "reading them is harmless"
        );
    }
}

fn naming(pattern: &str) -> Authority {
    let asks = json!([{"id": "f", "reason": "r", "files": {"write": [pattern]}}]);
    let flag = format!("files:write={pattern}");
    let flags = [flag.as_str(), "command=cargo **"];
    with_flags(&subject_asking(&asks), &flags, false)
        .unwrap()
        .authority(&"acme/fix-bug".parse().unwrap(), None)
}

#[test]
fn only_a_rule_that_writes_the_name_out_opens_it() {
    for (pattern, path) in [
        (".github/workflows/ci.yml", ".github/workflows/ci.yml"),
        (".github/workflows/**", ".github/workflows/ci.yml"),
        ("**/.cargo/config.toml", "sub/.cargo/config.toml"),
        ("sub/.env", "sub/.env"),
    ] {
        assert!(
            naming(pattern).file(FileOp::Write, path).is_allowed(),
            "{pattern} {path}"
        );
    }
    for (pattern, path) in [
        (".github/**", ".github/workflows/ci.yml"),
        ("**/config.toml", ".cargo/config.toml"),
        ("**/*.yml", ".github/workflows/ci.yml"),
        ("*", ".env"),
        (".en?", ".env"),
        (".env*", ".env"),
        ("sub/.env", ".env"),
        (".ssh/**", ".ssh/id_rsa"),
    ] {
        assert!(
            !naming(pattern).file(FileOp::Write, path).is_allowed(),
            "{pattern} {path}"
        );
    }
}

#[test]
fn folders_on_the_way_are_listed_and_nothing_beside() {
    let asks = json!([{"id": "f", "reason": "r", "files": {"read": ["src/parser/**"]}}]);
    let flags = ["files:read=**", "command=cargo **"];
    let admission = with_flags(&subject_asking(&asks), &flags, false).unwrap();
    let authority = admission.authority(&"acme/fix-bug".parse().unwrap(), None);
    for folder in ["", "src", "src/parser", "src/parser/deep"] {
        assert!(
            authority.file(FileOp::List, folder).is_allowed(),
            "{folder}"
        );
    }
    assert!(!authority.file(FileOp::List, "tests").is_allowed());
    assert!(!authority.file(FileOp::Stat, "src/main.rs").is_allowed());
    assert!(!authority.file(FileOp::Read, "src").is_allowed());
}

#[test]
fn writing_implies_no_reading() {
    let authority = naming("src/**");
    assert!(authority.file(FileOp::Write, "src/a.rs").is_allowed());
    assert!(authority.file(FileOp::Stat, "src/a.rs").is_allowed());
    assert!(!authority.file(FileOp::Read, "src/a.rs").is_allowed());
}

fn command(program: &str, arguments: &[&str]) -> Verdict {
    let arguments: Vec<_> = arguments
        .iter()
        .map(|&argument| argument.to_owned())
        .collect();
    broad().command(program, &arguments)
}

#[test]
fn command_beyond_ask_or_grant_is_denied() {
    assert!(command("cargo", &["test", "--offline"]).is_allowed());
    assert_eq!(command("cargo", &["build"]).rule(), "not-asked");
    assert_eq!(command("sh", &["-c", "true"]).rule(), "not-asked");
    assert!(broad().program_granted("cargo") && !broad().program_granted("sh"));
}

#[test]
fn smuggled_option_is_denied_by_name() {
    let Verdict::Deny(denial) = command("git", &["log", "--output=/x"]) else {
        panic!("allowed")
    };
    assert_eq!(
        (denial.capability, denial.rule.as_str()),
        (CapabilityKind::Command, "option-not-named")
    );
    assert!(denial.cure.contains("[--output=/x]"), "{}", denial.cure);
    assert_eq!(
        command("cargo", &["test", "--config=x"]).rule(),
        "option-not-named"
    );
}

#[test]
fn program_in_the_workspace_is_no_program() {
    for program in [
        "./cargo",
        "/usr/bin/cargo",
        "bin/cargo",
        "",
        "..",
        "-c",
        "cargo\n",
    ] {
        assert_eq!(
            command(program, &["test"]).rule(),
            "not-a-program",
            "{program:?}"
        );
    }
    assert_eq!(command("cargo", &["test", "a\0b"]).rule(), "not-a-program");
    assert_eq!(command("cargo", &vec!["x"; 2_000]).rule(), "not-a-program");
    assert_eq!(
        command("cargo", &["test", &"x".repeat(200_000)]).rule(),
        "not-a-program"
    );
}

#[test]
fn denial_tells_the_four_facts_in_bounded_escaped_text() {
    let path = "src/\u{fffd}".to_owned() + &"x".repeat(3_000);
    let Verdict::Deny(denial) = naming("doc/**").file(FileOp::Write, &path) else {
        panic!("allowed")
    };
    assert_eq!(denial.capability, CapabilityKind::Files);
    assert_eq!(denial.rule, "not-asked");
    assert!(denial.target.chars().count() <= 201 && denial.cure.chars().count() <= 600);
    let line = command("sh", &["\u{1b}]0;x\u{7}", "a\nb"]);
    let Verdict::Deny(denial) = line else {
        panic!("allowed")
    };
    assert!(
        !denial.target.chars().any(char::is_control) && !denial.cure.chars().any(char::is_control)
    );
}

#[test]
fn allowed_call_names_the_grant_and_the_ask() {
    let rule = broad().file(FileOp::Read, "src/a.rs").rule().to_owned();
    assert_eq!(rule, "--allow files.read `**`, ask f");
}
