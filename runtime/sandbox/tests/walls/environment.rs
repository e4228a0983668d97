//! A program starts with nothing of the host's around it.

use minion_sandbox::Spec;
use std::process::{Command, Stdio};

use crate::fixture::{Place, all, run, sandboxes, stage, text};

#[tokio::test]
async fn only_the_given_environment_and_four_fixed_names_are_there() {
    for sandbox in sandboxes() {
        let place = Place::new(&sandbox);
        let spec = Spec {
            program: "/usr/bin/env".into(),
            arguments: vec![],
            ..place.sh("")
        };
        let finished = run(&sandbox, spec).await;
        let output = text(&finished.stdout);
        let mut names: Vec<_> = output
            .lines()
            .map(|line| line.split('=').next().unwrap())
            .collect();
        names.sort_unstable();
        assert_eq!(
            names,
            ["HOME", "LANG", "OUT", "PATH", "TMPDIR"],
            "{}",
            all(&finished)
        );
    }
}

#[tokio::test]
async fn stdin_is_empty_and_no_other_descriptor_is_open() {
    for sandbox in sandboxes() {
        let place = Place::new(&sandbox);
        let script = "import os, sys\n\
             assert sys.stdin.read() == ''\n\
             for number in range(3, 4096):\n\
             \x20   try: os.fstat(number)\n\
             \x20   except OSError: continue\n\
             \x20   sys.exit(f'descriptor {number} is open')\n";
        let finished = run(&sandbox, place.python(script)).await;
        assert!(finished.is_success(), "{}", all(&finished));
    }
}

/// A shell leaks descriptor 9 into this test's own program, which leaks it into the stages.
#[test]
fn a_descriptor_leaked_into_the_host_does_not_reach_the_program() {
    let exe = std::env::current_exe().unwrap();
    let script = "exec 9</etc/passwd; exec \"$0\" --exact \
                  environment::stdin_is_empty_and_no_other_descriptor_is_open";
    let status = Command::new("/bin/sh")
        .arg("-c")
        .arg(script)
        .arg(exe)
        .stdout(Stdio::null())
        .status();
    assert!(status.unwrap().success());
}

#[tokio::test]
async fn the_working_directory_and_arguments_arrive_as_given() {
    for sandbox in sandboxes() {
        let place = Place::new(&sandbox);
        let odd = ["a b", "", "'\"$(x)", "-n", "\n", "ü"].map(str::to_owned);
        let script = "import os, sys; print(os.getcwd(), sys.argv[1:])";
        let mut spec = place.python(script);
        spec.arguments.extend(odd.clone());
        let finished = run(&sandbox, spec).await;
        let expected = format!(
            "{} ['a b', '', '\\'\"$(x)', '-n', '\\n', 'ü']\n",
            place.workspace.display()
        );
        assert_eq!(text(&finished.stdout), expected);
    }
}

#[test]
fn an_ordinary_start_of_the_stage_program_is_no_stage() {
    let status = Command::new(stage()).arg("anything").status().unwrap();
    assert_eq!(status.code(), Some(2));
}
