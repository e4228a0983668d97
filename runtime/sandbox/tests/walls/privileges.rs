//! No privilege is left, and no way to get one.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use minion_sandbox::{Level, Spec};

use crate::fixture::{Place, all, run, sandboxes, text};

#[tokio::test]
async fn the_program_is_not_root_even_when_the_host_is() {
    for sandbox in sandboxes() {
        let place = Place::new(&sandbox);
        let script = "import os; print(*os.getresuid(), *os.getresgid(), os.getgroups())";
        let finished = run(&sandbox, place.python(script)).await;
        let own = rustix::process::getuid().as_raw();
        assert_eq!(own == 0, sandbox.owner().is_some());
        if let Some((uid, gid)) = sandbox.owner() {
            let expected = format!("{uid} {uid} {uid} {gid} {gid} {gid} []\n");
            assert_eq!(text(&finished.stdout), expected, "{}", all(&finished));
        } else {
            assert!(text(&finished.stdout).starts_with(&format!("{own} {own} {own} ")));
        }
    }
}

#[tokio::test]
async fn privileges_cannot_be_gained_back() {
    let attempts = [
        "import os; os.setuid(0)",
        "import os; os.setresgid(0, 0, 0)",
        "import os; os.setgroups([0])",
        "import os; os.chroot('.')",
        "import os; os.chown('.', 0, 0)",
        "import ctypes; assert ctypes.CDLL(None).unshare(0x10000000) == 0",
        "import os; os.setpriority(os.PRIO_PROCESS, 0, -5)",
        "import resource; resource.setrlimit(resource.RLIMIT_NPROC, (1 << 20, 1 << 20))",
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (-1, -1))",
        "import socket; socket.sethostname('x')",
    ];
    for sandbox in sandboxes() {
        let place = Place::new(&sandbox);
        for attempt in attempts {
            let finished = run(&sandbox, place.python(attempt)).await;
            assert!(!finished.is_success(), "{attempt}: {}", all(&finished));
        }
        for attempt in [
            "mount -t tmpfs x /usr",
            "unshare -r true",
            "su -c true",
            "unshare -n true",
        ] {
            let finished = run(&sandbox, place.sh(attempt)).await;
            assert!(!finished.is_success(), "{attempt}: {}", all(&finished));
        }
    }
}

/// Numbers of `x86_64`; what is denied gives EPERM, what is declared absent ENOSYS.
#[cfg(target_arch = "x86_64")]
#[tokio::test]
async fn dangerous_system_calls_are_closed() {
    let calls = [
        ("ptrace", 101, 1),
        ("keyctl", 250, 1),
        ("add_key", 248, 1),
        ("bpf", 321, 1),
        ("userfaultfd", 323, 1),
        ("perf_event_open", 298, 1),
        ("process_vm_readv", 310, 1),
        ("mount", 165, 1),
        ("move_mount", 429, 1),
        ("open_by_handle_at", 304, 1),
        ("setns", 308, 1),
        ("pidfd_getfd", 438, 1),
        ("kexec_load", 246, 1),
        ("io_uring_setup", 425, 38),
        ("clone3", 435, 38),
        ("ptrace as x32", 0x4000_0000 + 521, 38),
        ("getpid as x32", 0x4000_0000 + 39, 38),
    ];
    let list: Vec<_> = calls
        .iter()
        .map(|(_, number, _)| number.to_string())
        .collect();
    let script = format!(
        "import ctypes\n\
         libc = ctypes.CDLL(None, use_errno=True)\n\
         for number in [{}]:\n\
         \x20   ctypes.set_errno(0)\n\
         \x20   result = libc.syscall(ctypes.c_long(number), 0, 0, 0, 0, 0, 0)\n\
         \x20   print(ctypes.get_errno() if result == -1 else f'result {{result}}')\n",
        list.join(",")
    );
    for sandbox in sandboxes() {
        let place = Place::new(&sandbox);
        let finished = run(&sandbox, place.python(&script)).await;
        let output = text(&finished.stdout);
        let errors: Vec<_> = output.lines().collect();
        assert_eq!(errors.len(), calls.len(), "{}", all(&finished));
        for ((name, _, expected), error) in calls.iter().zip(errors) {
            assert_eq!(
                error,
                expected.to_string(),
                "{name} at level {}",
                sandbox.level()
            );
        }
    }
}

/// A 32-bit system call would have numbers of its own: the process ends.
#[cfg(target_arch = "x86_64")]
#[tokio::test]
async fn system_calls_of_another_architecture_end_the_process() {
    let script = "import ctypes, mmap\n\
        code = mmap.mmap(-1, 4096, prot=7)\n\
        code.write(b'\\xb8\\x14\\x00\\x00\\x00\\xcd\\x80\\xc3')\n\
        address = ctypes.addressof(ctypes.c_char.from_buffer(code))\n\
        ctypes.CFUNCTYPE(ctypes.c_int)(address)()\n";
    for sandbox in sandboxes() {
        let place = Place::new(&sandbox);
        let finished = run(&sandbox, place.python(script)).await;
        assert_eq!(finished.signal, Some(31), "{}", all(&finished));
    }
}

/// Owned by the host's user, so by root when the host is.
#[tokio::test]
async fn a_setuid_program_gains_nothing() {
    for sandbox in sandboxes() {
        let place = Place::new(&sandbox);
        let program = place.outside.join("id");
        fs::copy("/usr/bin/id", &program).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o6755)).unwrap();
        let read_only = vec![place.outside.clone()];
        let script = "test $($OUT/id -u) = $(id -u) && test $($OUT/id -ru) = $(id -u)";
        let finished = run(
            &sandbox,
            Spec {
                read_only,
                ..place.sh(script)
            },
        )
        .await;
        assert!(finished.is_success(), "{}", all(&finished));
    }
}

#[tokio::test]
async fn processes_outside_cannot_be_signalled_or_seen() {
    let mut outside = Command::new("/bin/sleep")
        .arg("300")
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let (id, own) = (outside.id(), std::process::id());
    for sandbox in sandboxes() {
        let place = Place::new(&sandbox);
        let script = format!(
            "kill -9 {id}; kill -9 {own}; kill -9 1; kill -9 $PPID; \
             cat /proc/{id}/cmdline /proc/{own}/environ; echo alive; kill -9 -1"
        );
        let finished = run(&sandbox, place.sh(&script)).await;
        assert_eq!(text(&finished.stdout), "alive\n", "{}", all(&finished));
        assert!(
            outside.try_wait().unwrap().is_none(),
            "{}: it was killed",
            sandbox.level()
        );
    }
    outside.kill().unwrap();
    outside.wait().unwrap();
}

#[tokio::test]
async fn the_supervising_process_cannot_be_written_to() {
    for sandbox in sandboxes()
        .into_iter()
        .filter(|sandbox| sandbox.level() == Level::Full)
    {
        let place = Place::new(&sandbox);
        let finished = run(&sandbox, place.sh("exec 3<>/proc/1/mem")).await;
        assert!(!finished.is_success(), "{}", all(&finished));
        let finished = run(&sandbox, place.sh("ls -l /proc/1/fd /proc/1/root/")).await;
        assert!(!finished.is_success(), "{}", all(&finished));
    }
}
