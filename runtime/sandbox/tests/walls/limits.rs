//! Output, memory, processes, file sizes, scratch space: bounded, and said so.

use std::time::{Duration, Instant};

use minion_sandbox::{Exceeded, Level, Limits, Spec};

use crate::fixture::{Place, all, full, run, sandboxes, text};

const MIB: u64 = 1 << 20;

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
async fn one_process_cannot_have_more_memory_than_the_limit() {
    for sandbox in sandboxes() {
        let place = Place::new(&sandbox);
        let limits = Limits {
            memory: 256 * MIB,
            ..Limits::default()
        };
        let big = Spec {
            limits,
            ..place.python("bytearray(1 << 30)")
        };
        let finished = run(&sandbox, big).await;
        assert!(all(&finished).contains("MemoryError"), "{}", all(&finished));
        let small = Spec {
            limits,
            ..place.python("bytearray(1 << 26)")
        };
        assert!(run(&sandbox, small).await.is_success());
    }
}

#[tokio::test]
async fn many_processes_together_cannot_have_more_memory_than_the_limit() {
    for sandbox in sandboxes() {
        let place = Place::new(&sandbox);
        let limits = Limits {
            memory: 256 * MIB,
            ..Limits::default()
        };
        let script = "import os, time\n\
            for _ in range(4):\n\
            \x20   if os.fork() == 0: x = bytearray(100 << 20); time.sleep(60)\n\
            time.sleep(60)\n";
        let finished = run(
            &sandbox,
            Spec {
                limits,
                ..place.python(script)
            },
        )
        .await;
        assert_eq!(
            finished.exceeded,
            Some(Exceeded::Memory),
            "{}",
            all(&finished)
        );
        assert!(finished.exit.is_none() && finished.duration < Duration::from_secs(20));
    }
}

#[tokio::test]
async fn memory_shared_between_processes_is_bounded_too() {
    for sandbox in sandboxes() {
        let place = Place::new(&sandbox);
        let limits = Limits {
            memory: 256 * MIB,
            ..Limits::default()
        };
        let script = "import mmap, time\n\
            shared = mmap.mmap(-1, 1 << 30)\n\
            for at in range(0, 1 << 30, 4096): shared[at] = 1\n\
            time.sleep(60)\n";
        let finished = run(
            &sandbox,
            Spec {
                limits,
                ..place.python(script)
            },
        )
        .await;
        assert_eq!(
            finished.exceeded,
            Some(Exceeded::Memory),
            "{}",
            all(&finished)
        );
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
async fn threads_count_as_processes() {
    for sandbox in sandboxes() {
        let place = Place::new(&sandbox);
        let script = "import threading, time\n\
            for _ in range(200): threading.Thread(target=time.sleep, args=(3,), daemon=True).start()\n";
        let limits = Limits {
            processes: 32,
            ..Limits::default()
        };
        let finished = run(
            &sandbox,
            Spec {
                limits,
                ..place.python(script)
            },
        )
        .await;
        assert!(
            all(&finished).contains("can't start new thread"),
            "{}",
            all(&finished)
        );
    }
}

#[tokio::test]
async fn a_file_cannot_grow_past_its_limit_nor_be_sparse_past_it() {
    for sandbox in sandboxes() {
        let place = Place::new(&sandbox);
        let limits = Limits {
            file_size: MIB,
            ..Limits::default()
        };
        for script in [
            "exec head -c 2097152 /dev/zero > big",
            "exec truncate -s 1T sparse",
        ] {
            let finished = run(
                &sandbox,
                Spec {
                    limits,
                    ..place.sh(script)
                },
            )
            .await;
            assert!(!finished.is_success(), "{script}: {}", all(&finished));
        }
        let sizes = std::fs::read_dir(&place.workspace).unwrap();
        assert!(
            sizes
                .into_iter()
                .all(|entry| entry.unwrap().metadata().unwrap().len() <= MIB)
        );
    }
}

#[tokio::test]
async fn scratch_space_is_bounded_at_level_full() {
    let Some(sandbox) = full() else { return };
    let place = Place::new(&sandbox);
    let limits = Limits {
        scratch: 8 * MIB,
        ..Limits::default()
    };
    let script = "head -c 6000000 /dev/zero > /tmp/a && head -c 6000000 /dev/zero > /tmp/b";
    let finished = run(
        &sandbox,
        Spec {
            limits,
            ..place.sh(script)
        },
    )
    .await;
    assert!(
        all(&finished).contains("No space left"),
        "{}",
        all(&finished)
    );
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
