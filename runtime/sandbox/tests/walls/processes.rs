//! Whatever a command starts ends with it: by itself, by time, by cancelling, by the host's death.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use minion_sandbox::{Exceeded, Limits, SandboxError, Spec};

use crate::fixture::{Place, all, marked, run, sandboxes, soon};

/// Daemons in all the ways there are, each with a mark in its arguments; then `end`.
fn with_daemons(mark: &str, end: &str) -> String {
    format!(
        "setsid sleep {mark} & (setsid sh -c 'trap \"\" TERM HUP INT; sleep {mark}; true {mark}' &) & \
         python3 -c 'import os, time\nif os.fork() == 0:\n os.setsid()\n if os.fork() == 0: time.sleep({mark})' ; \
         nohup sleep {mark} >/dev/null 2>&1 & sleep 0.1; {end}"
    )
}

#[tokio::test]
async fn exit_codes_and_signals_are_told_apart() {
    for sandbox in sandboxes() {
        let place = Place::new(&sandbox);
        for (script, exit, signal) in [
            ("exit 0", Some(0), None),
            ("exit 3", Some(3), None),
            ("exit 125", Some(125), None),
            ("exit 137", Some(137), None),
            ("kill -9 $$", None, Some(9)),
            ("kill -11 $$", None, Some(11)),
        ] {
            let finished = run(&sandbox, place.sh(script)).await;
            assert_eq!(
                (finished.exit, finished.signal),
                (exit, signal),
                "{script}: {}",
                all(&finished)
            );
            assert!(!finished.timed_out && !finished.cancelled && finished.exceeded.is_none());
        }
    }
}

#[tokio::test]
async fn a_program_that_cannot_be_executed_is_an_error_and_not_an_exit_code() {
    for sandbox in sandboxes() {
        let place = Place::new(&sandbox);
        for program in ["/usr/bin/no-such-program", "/etc/passwd", "/usr"] {
            let spec = Spec {
                program: program.into(),
                ..place.sh("")
            };
            let error = sandbox.run(spec, std::future::pending()).await.unwrap_err();
            assert!(
                matches!(error, SandboxError::Start { .. }),
                "{program}: {error}"
            );
            assert!(error.to_string().contains(program), "{error}");
        }
    }
}

#[tokio::test]
async fn daemons_do_not_outlive_the_program() {
    for sandbox in sandboxes() {
        let place = Place::new(&sandbox);
        let mark = format!("71{}01", std::process::id());
        let finished = run(&sandbox, place.sh(&with_daemons(&mark, "exit 3"))).await;
        assert_eq!(marked(&mark), 0, "{}", all(&finished));
        assert_eq!(finished.exit, Some(3), "{}", all(&finished));
    }
}

#[tokio::test]
async fn the_wall_time_ends_everything() {
    for sandbox in sandboxes() {
        let place = Place::new(&sandbox);
        let mark = format!("71{}02", std::process::id());
        let script = with_daemons(&mark, &format!("trap '' TERM; echo started; sleep {mark}"));
        let limits = Limits {
            wall: Duration::from_millis(700),
            ..Limits::default()
        };
        let started = Instant::now();
        let finished = run(
            &sandbox,
            Spec {
                limits,
                ..place.sh(&script)
            },
        )
        .await;
        assert_eq!(marked(&mark), 0, "{}", all(&finished));
        assert!(
            finished.timed_out && finished.exit.is_none(),
            "{}",
            all(&finished)
        );
        assert_eq!(
            (finished.exceeded, finished.signal),
            (Some(Exceeded::Wall), Some(9))
        );
        assert_eq!(finished.stdout, b"started\n");
        assert!(started.elapsed() < Duration::from_secs(5));
    }
}

#[tokio::test]
async fn cancelling_ends_everything_and_says_so() {
    for sandbox in sandboxes() {
        let place = Place::new(&sandbox);
        let mark = format!("71{}03", std::process::id());
        let spec = place.sh(&with_daemons(&mark, &format!("sleep {mark}")));
        let finished = sandbox
            .run(spec, tokio::time::sleep(Duration::from_millis(500)))
            .await
            .unwrap();
        assert_eq!(marked(&mark), 0, "{}", all(&finished));
        assert!(finished.cancelled && !finished.timed_out && finished.exit.is_none());
    }
}

#[tokio::test]
async fn dropping_the_future_ends_everything() {
    for sandbox in sandboxes() {
        let place = Place::new(&sandbox);
        let mark = format!("71{}04", std::process::id());
        let spec = place.sh(&with_daemons(&mark, &format!("sleep {mark}")));
        let running = sandbox.run(spec, std::future::pending());
        assert!(
            tokio::time::timeout(Duration::from_millis(500), running)
                .await
                .is_err()
        );
        assert!(soon(|| marked(&mark) == 0), "{}", sandbox.level());
    }
}

/// The part of the next test that is killed.
#[tokio::test]
#[ignore = "runs until it is killed; the next test starts it"]
async fn host_to_be_killed() {
    let mark = std::env::var("MINION_TEST_MARK").unwrap();
    let runs = sandboxes().into_iter().map(|sandbox| {
        let (place, mark) = (Place::new(&sandbox), mark.clone());
        tokio::spawn(async move {
            let spec = place.sh(&with_daemons(&mark, &format!("sleep {mark}")));
            run(&sandbox, spec).await
        })
    });
    for running in runs.collect::<Vec<_>>() {
        running.await.unwrap();
    }
}

#[test]
fn a_host_killed_with_sigkill_leaves_nothing_behind() {
    let mark = format!("71{}05", std::process::id());
    let mut host = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "processes::host_to_be_killed"])
        .env("MINION_TEST_MARK", &mark)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let expected = 4 * sandboxes().len();
    assert!(
        soon(|| marked(&mark) >= expected),
        "{} of {expected} started",
        marked(&mark)
    );
    host.kill().unwrap();
    host.wait().unwrap();
    assert!(soon(|| marked(&mark) == 0), "{} left", marked(&mark));
}

#[tokio::test]
async fn many_commands_at_once_keep_their_output_apart() {
    for sandbox in sandboxes() {
        let place = Place::new(&sandbox);
        let runs: Vec<_> = (0..12)
            .map(|number| {
                let (sandbox, spec) = (
                    sandbox.clone(),
                    place.sh(&format!("sleep 0.1; echo {number}")),
                );
                tokio::spawn(async move { run(&sandbox, spec).await })
            })
            .collect();
        for (number, running) in runs.into_iter().enumerate() {
            let finished = running.await.unwrap();
            assert_eq!(
                finished.stdout,
                format!("{number}\n").as_bytes(),
                "{}",
                all(&finished)
            );
        }
    }
}
