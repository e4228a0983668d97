//! What lies outside cannot be read or changed; what lies inside can.

use std::fs;
use std::os::unix::fs::symlink;

use minion_sandbox::{Level, SandboxError, Spec};

use crate::fixture::{Place, all, full, run, sandboxes, text};

#[tokio::test]
async fn the_workspace_and_an_own_tmp_can_be_written() {
    for sandbox in sandboxes() {
        let place = Place::new(&sandbox);
        let script = "set -e; echo x > made; mkdir d; mv made d/; cp /bin/true t; ./t; \
                      echo y > $TMPDIR/y; cat $TMPDIR/y; touch $HOME/z";
        let finished = run(&sandbox, place.sh(script)).await;
        assert!(finished.is_success(), "{}", all(&finished));
        assert_eq!(
            fs::read_to_string(place.workspace.join("d/made")).unwrap(),
            "x\n"
        );
    }
}

#[tokio::test]
async fn nothing_outside_can_be_read() {
    for sandbox in sandboxes() {
        let place = Place::new(&sandbox);
        symlink(place.outside.join("secret"), place.workspace.join("link")).unwrap();
        for target in [
            "$OUT/secret",
            "link",
            "../outside/secret",
            "/etc/shadow",
            "/proc/1/environ",
        ] {
            let finished = run(&sandbox, place.sh(&format!("cat {target}"))).await;
            assert!(!finished.is_success(), "{target}: {}", all(&finished));
            assert!(!text(&finished.stdout).contains("canary"), "{target}");
        }
        for folder in ["$OUT", "/root", "/home", "/var", "/run"] {
            let finished = run(&sandbox, place.sh(&format!("ls {folder}/*"))).await;
            assert!(finished.stdout.is_empty(), "{folder}: {}", all(&finished));
        }
    }
}

#[tokio::test]
async fn nothing_outside_can_be_changed() {
    let attempts = [
        "echo x > $OUT/new",
        "echo x >> $OUT/secret",
        "truncate -s 0 $OUT/secret",
        "rm $OUT/secret",
        "mv $OUT/secret stolen",
        "ln $OUT/secret stolen",
        "cp /bin/true /usr/bin/minion-was-here",
        "touch /usr/minion-was-here",
        "echo x > /etc/passwd",
        "echo x > /minion-was-here",
        "mknod device c 1 3 && echo x > device",
    ];
    for sandbox in sandboxes() {
        let place = Place::new(&sandbox);
        for attempt in attempts {
            let finished = run(&sandbox, place.sh(attempt)).await;
            assert!(!finished.is_success(), "{attempt}: {}", all(&finished));
        }
        // Beside the workspace there may be an own, empty folder that goes with the command.
        run(&sandbox, place.sh("mkdir ../made; echo x > ../written")).await;
        let secret = fs::read_to_string(place.outside.join("secret")).unwrap();
        assert_eq!(secret, "canary");
        assert_eq!(fs::read_dir(&place.outside).unwrap().count(), 1);
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 2);
    }
}

#[tokio::test]
async fn modes_and_times_outside_stay_where_the_host_gave_up_root() {
    for sandbox in sandboxes() {
        if sandbox.level() == Level::Basic && sandbox.owner().is_none() {
            assert!(sandbox.description().contains("modes and times"));
            continue;
        }
        let place = Place::new(&sandbox);
        let finished = run(
            &sandbox,
            place.sh("chmod 777 /usr/bin/env || chmod 600 $OUT/secret"),
        )
        .await;
        assert!(!finished.is_success(), "{}", all(&finished));
    }
}

#[tokio::test]
async fn read_only_folders_can_be_read_and_executed_and_not_written() {
    for sandbox in sandboxes() {
        let place = Place::new(&sandbox);
        fs::copy("/bin/true", place.outside.join("tool")).unwrap();
        let script = "set -e; cat $OUT/secret; $OUT/tool; ! touch $OUT/new; ! echo x > $OUT/secret";
        let spec = Spec {
            read_only: vec![place.outside.clone()],
            ..place.sh(script)
        };
        let finished = run(&sandbox, spec).await;
        assert!(finished.is_success(), "{}", all(&finished));
        assert_eq!(text(&finished.stdout), "canary");
    }
}

#[tokio::test]
async fn a_read_only_folder_below_a_writable_one_stays_read_only() {
    let Some(sandbox) = full() else { return };
    let place = Place::new(&sandbox);
    let kept = place.workspace.join("kept");
    fs::create_dir(&kept).unwrap();
    sandbox.hand_over(&kept).unwrap();
    let script = "touch here && ! touch kept/there && ! mv kept gone && ! rmdir kept";
    let finished = run(
        &sandbox,
        Spec {
            read_only: vec![kept],
            ..place.sh(script)
        },
    )
    .await;
    assert!(finished.is_success(), "{}", all(&finished));
}

#[tokio::test]
async fn a_workspace_named_through_a_symlink_is_there_under_both_names() {
    for sandbox in sandboxes() {
        let place = Place::new(&sandbox);
        let alias = place.path().join("alias");
        symlink(&place.workspace, &alias).unwrap();
        let script = format!(
            "set -e; touch {}/a; ls {}/a",
            place.workspace.display(),
            alias.display()
        );
        let spec = Spec {
            writable: vec![alias.clone()],
            directory: alias,
            ..place.sh(&script)
        };
        let finished = run(&sandbox, spec).await;
        assert!(finished.is_success(), "{}", all(&finished));
    }
}

#[tokio::test]
async fn what_belongs_to_the_host_is_refused_before_anything_starts() {
    for sandbox in sandboxes() {
        let place = Place::new(&sandbox);
        for path in [
            "/",
            "/proc",
            "/proc/self/root",
            "/dev/shm",
            "/sys/fs",
            "/etc",
            "/run",
        ] {
            let spec = Spec {
                writable: vec![path.into()],
                ..place.sh("true")
            };
            let error = sandbox.run(spec, std::future::pending()).await.unwrap_err();
            assert!(
                matches!(error, SandboxError::Forbidden { .. }),
                "{path}: {error}"
            );
        }
        for path in ["relative", "/usr/../etc", "/no/such/folder"] {
            let spec = Spec {
                read_only: vec![path.into()],
                ..place.sh("true")
            };
            let error = sandbox.run(spec, std::future::pending()).await.unwrap_err();
            let named = matches!(
                error,
                SandboxError::Relative(_) | SandboxError::Missing { .. }
            );
            assert!(named, "{path}: {error}");
        }
    }
}
