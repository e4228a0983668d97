//! What is written into an overlay is seen while the command runs, and is gone afterwards.

use std::fs;

use minion_sandbox::{Limits, Overlay, SandboxError, Spec};

use crate::fixture::{Place, all, full, run, sandboxes};

#[tokio::test]
async fn writes_into_an_overlay_vanish() {
    let Some(sandbox) = full() else { return };
    assert!(sandbox.has_overlay());
    let place = Place::new(&sandbox);
    let file = place.workspace.join("kept");
    fs::write(&file, "before").unwrap();
    sandbox.hand_over(&file).unwrap();
    let script = "set -e; cat kept; echo after > kept; echo new > new; mkdir d; mv new d/; cat kept d/new; \
                  rm kept; ! test -e kept; ls -la .";
    let overlay = Overlay {
        lower: place.workspace.clone(),
        at: place.workspace.clone(),
    };
    let spec = Spec {
        writable: vec![],
        overlay: vec![overlay],
        ..place.sh(script)
    };
    for _ in 0..2 {
        let finished = run(&sandbox, spec.clone()).await;
        assert!(finished.is_success(), "{}", all(&finished));
        assert!(
            finished.stdout.starts_with(b"beforeafter\nnew\n"),
            "{}",
            all(&finished)
        );
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), "before");
    assert_eq!(fs::read_dir(&place.workspace).unwrap().count(), 1);
}

#[tokio::test]
async fn an_overlay_can_be_seen_elsewhere_and_beside_another() {
    let Some(sandbox) = full() else { return };
    let place = Place::new(&sandbox);
    let lower = place.path().join("odd, name:with\\signs");
    fs::create_dir(&lower).unwrap();
    fs::write(lower.join("seed"), "seed").unwrap();
    sandbox.hand_over(&lower).unwrap();
    let overlay = vec![
        Overlay {
            lower: place.workspace.clone(),
            at: place.workspace.clone(),
        },
        Overlay {
            lower: lower.clone(),
            at: "/cache".into(),
        },
        Overlay {
            lower: lower.clone(),
            at: "/second".into(),
        },
    ];
    let script = "set -e; cat /cache/seed; touch /cache/made here; ! test -e /second/made";
    let spec = Spec {
        writable: vec![],
        overlay,
        ..place.sh(script)
    };
    let finished = run(&sandbox, spec).await;
    assert!(finished.is_success(), "{}", all(&finished));
    assert_eq!(fs::read_dir(&lower).unwrap().count(), 1);
}

#[tokio::test]
async fn an_overlay_cannot_hold_more_than_the_scratch_limit() {
    let Some(sandbox) = full() else { return };
    let place = Place::new(&sandbox);
    let overlay = vec![Overlay {
        lower: place.workspace.clone(),
        at: place.workspace.clone(),
    }];
    let limits = Limits {
        scratch: 4 << 20,
        ..Limits::default()
    };
    let script = "head -c 8000000 /dev/zero > big";
    let spec = Spec {
        writable: vec![],
        overlay,
        limits,
        ..place.sh(script)
    };
    let finished = run(&sandbox, spec).await;
    assert!(
        all(&finished).contains("No space left"),
        "{}",
        all(&finished)
    );
}

#[tokio::test]
async fn a_level_without_overlays_refuses_them() {
    for sandbox in sandboxes()
        .into_iter()
        .filter(|sandbox| !sandbox.has_overlay())
    {
        let place = Place::new(&sandbox);
        let overlay = vec![Overlay {
            lower: place.workspace.clone(),
            at: place.workspace.clone(),
        }];
        let spec = Spec {
            overlay,
            ..place.sh("true")
        };
        let error = sandbox.run(spec, std::future::pending()).await.unwrap_err();
        assert!(matches!(error, SandboxError::NoOverlay(_)), "{error}");
    }
}
