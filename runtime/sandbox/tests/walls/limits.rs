//! Output, memory, processes, file sizes, scratch space: bounded, and said so.

use std::time::{Duration, Instant};

use minion_sandbox::{Exceeded, Finished, Level, Limits, Spec};

use crate::fixture::{Place, all, full, run, sandboxes, text};

const MIB: u64 = 1 << 20;

/// A command under a limit, and what of its end shows that the limit held.
struct Case {
    claim: &'static str,
    script: Script,
    limits: Limits,
    holds: fn(&Finished) -> bool,
}

enum Script {
    Sh(&'static str),
    Python(&'static str),
}
use Script::{Python, Sh};

impl Case {
    fn spec(&self, place: &Place) -> Spec {
        let limits = self.limits;
        let spec = match self.script {
            Sh(script) => place.sh(script),
            Python(script) => place.python(script),
        };
        Spec { limits, ..spec }
    }
}

/// The defaults, with less memory.
fn memory(mib: u64) -> Limits {
    Limits {
        memory: mib * MIB,
        ..Limits::default()
    }
}

/// The defaults, with smaller files.
fn files(bytes: u64) -> Limits {
    Limits {
        file_size: bytes,
        ..Limits::default()
    }
}

fn was_ended_for_memory(finished: &Finished) -> bool {
    let soon = finished.duration < Duration::from_secs(20);
    finished.exceeded == Some(Exceeded::Memory) && finished.exit.is_none() && soon
}

fn cases() -> Vec<Case> {
    vec![
        Case {
            claim: "one process cannot have more memory than the limit",
            script: Python("bytearray(1 << 30)"),
            limits: memory(256),
            holds: |finished| all(finished).contains("MemoryError"),
        },
        Case {
            claim: "one process can have what the limit leaves",
            script: Python("bytearray(1 << 26)"),
            limits: memory(256),
            holds: Finished::is_success,
        },
        Case {
            claim: "many processes together cannot have more memory than the limit",
            script: Python(
                "import os, time\n\
                 for _ in range(4):\n\
                 \x20   if os.fork() == 0: x = bytearray(100 << 20); time.sleep(60)\n\
                 time.sleep(60)\n",
            ),
            limits: memory(256),
            holds: was_ended_for_memory,
        },
        Case {
            claim: "memory shared between processes is bounded too",
            script: Python(
                "import mmap, time\n\
                 shared = mmap.mmap(-1, 1 << 30)\n\
                 for at in range(0, 1 << 30, 4096): shared[at] = 1\n\
                 time.sleep(60)\n",
            ),
            limits: memory(256),
            holds: was_ended_for_memory,
        },
        Case {
            claim: "threads count as processes",
            script: Python(
                "import threading, time\n\
                 for _ in range(200): threading.Thread(target=time.sleep, args=(3,), daemon=True).start()\n",
            ),
            limits: Limits {
                processes: 32,
                ..Limits::default()
            },
            holds: |finished| all(finished).contains("can't start new thread"),
        },
        Case {
            claim: "a file cannot grow past its limit",
            script: Sh("exec head -c 2097152 /dev/zero > big"),
            limits: files(MIB),
            holds: |finished| !finished.is_success(),
        },
        Case {
            claim: "a file cannot be sparse past its limit",
            script: Sh("exec truncate -s 1T sparse"),
            limits: files(MIB),
            holds: |finished| !finished.is_success(),
        },
    ]
}

#[tokio::test]
async fn each_limit_holds_at_each_level() {
    for sandbox in sandboxes() {
        for case in cases() {
            let place = Place::new(&sandbox);
            let finished = run(&sandbox, case.spec(&place)).await;
            assert!(
                (case.holds)(&finished),
                "{}: {}",
                case.claim,
                all(&finished)
            );
            let left = std::fs::read_dir(&place.workspace).unwrap();
            let sizes = left.map(|entry| entry.unwrap().metadata().unwrap().len());
            let largest = sizes.max().unwrap_or_default();
            assert!(
                largest <= case.limits.file_size,
                "{}: {largest}",
                case.claim
            );
        }
    }
}

#[tokio::test]
async fn scratch_space_is_bounded_at_level_full() {
    let Some(sandbox) = full() else { return };
    let case = Case {
        claim: "files in /tmp count together",
        script: Sh("head -c 6000000 /dev/zero > /tmp/a && head -c 6000000 /dev/zero > /tmp/b"),
        limits: Limits {
            scratch: 8 * MIB,
            ..Limits::default()
        },
        holds: |finished| all(finished).contains("No space left"),
    };
    let finished = run(&sandbox, case.spec(&Place::new(&sandbox))).await;
    assert!(
        (case.holds)(&finished),
        "{}: {}",
        case.claim,
        all(&finished)
    );
}

#[tokio::test]
async fn a_gibibyte_of_output_is_counted_and_not_kept() {
    for sandbox in sandboxes() {
        let place = Place::new(&sandbox);
        let script = "echo first; head -c 1073741824 /dev/zero; echo last; echo error >&2";
        let limits = Limits {
            output_bytes: 1 << 16,
            ..Limits::default()
        };
        let finished = run(
            &sandbox,
            Spec {
                limits,
                ..place.sh(script)
            },
        )
        .await;
        assert_eq!(
            (finished.exit, finished.stdout_bytes),
            (Some(0), (1 << 30) + 11)
        );
        assert!(finished.truncated && finished.stdout.len() < (1 << 16) + 100);
        let kept = text(&finished.stdout);
        assert!(kept.starts_with("first\n") && kept.ends_with("last\n"));
        assert_eq!(finished.stderr, b"error\n");
    }
}

#[tokio::test]
async fn a_fork_bomb_stays_small_ends_and_leaves_room_for_others() {
    for sandbox in sandboxes() {
        let place = Place::new(&sandbox);
        let script = "import os, time\n\
            while True:\n\
            \x20   try: os.fork()\n\
            \x20   except OSError: time.sleep(0.01)\n";
        let limits = Limits {
            processes: 64,
            wall: Duration::from_secs(2),
            ..Limits::default()
        };
        let bomb = Spec {
            limits,
            ..place.python(script)
        };
        let bystander = async {
            tokio::time::sleep(Duration::from_millis(700)).await;
            run(
                &sandbox,
                place.sh("for i in 1 2 3 4 5; do /bin/true || exit 1; done"),
            )
            .await
        };
        let started = Instant::now();
        let (bomb, bystander) = tokio::join!(run(&sandbox, bomb), bystander);
        assert!(
            bomb.exit.is_none() && bomb.exceeded.is_some(),
            "{}",
            all(&bomb)
        );
        assert!(started.elapsed() < Duration::from_secs(20));
        assert!(bystander.is_success(), "{}", all(&bystander));
    }
}

#[tokio::test]
async fn processor_time_of_all_processes_is_counted() {
    for sandbox in sandboxes() {
        let place = Place::new(&sandbox);
        let script = "import os\n\
            children = [os.fork() for _ in range(2)]\n\
            sum(range(4_000_000))\n\
            if 0 not in children: [os.wait() for _ in children]\n";
        let busy = run(&sandbox, place.python(script)).await;
        let idle = run(&sandbox, place.sh("sleep 0.2")).await;
        assert!(busy.cpu > Duration::from_millis(60), "{:?}", busy.cpu);
        assert!(idle.cpu < busy.cpu && idle.duration >= Duration::from_millis(200));
        assert!(matches!(idle.level, Level::Full | Level::Basic));
    }
}

#[tokio::test]
async fn the_own_temporary_folder_is_gone_afterwards() {
    for sandbox in sandboxes() {
        let place = Place::new(&sandbox);
        let finished = run(
            &sandbox,
            place.sh("mkdir -p $TMPDIR/a/b; touch $HOME/x; echo $TMPDIR"),
        )
        .await;
        let folder = text(&finished.stdout).trim().to_owned();
        let is_gone = folder == "/tmp" || !std::path::Path::new(&folder).exists();
        assert!(is_gone && finished.is_success(), "{}", all(&finished));
        assert!(!std::path::Path::new("/tmp/home").exists());
    }
}
