//! Checkout and snapshot of 5,000 files, against `git worktree add` of the same
//! commit in the same run: medians over alternating rounds, and their ratio.
//!
//! `cargo bench -p minion-workspace [-- ROUNDS]`. Objects are packed, as in a
//! clone; every round writes into a fresh folder on the same file system.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a program for people to read"
)]

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use minion_workspace::{CheckoutOptions, Repository, RunStore, discard};

const FILES: usize = 5_000;
const ROUNDS: usize = 15;

fn main() {
    // `cargo bench` passes `--bench`; `cargo test --benches` does not.
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if !arguments.iter().any(|argument| argument == "--bench") {
        return;
    }
    let rounds = arguments
        .iter()
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(ROUNDS);
    let folder = tempfile::tempdir().unwrap();
    let project = folder.path().join("project");
    make_project(&project);
    let measured = measure(folder.path(), &project, rounds);
    let floor = median(&measured[0].1);
    println!(
        "{FILES} files, {rounds} rounds, median [fastest .. slowest], ratio to git worktree add"
    );
    for (name, times) in &measured {
        let (fastest, slowest) = (times.iter().min().unwrap(), times.iter().max().unwrap());
        let ratio = median(times).as_secs_f64() / floor.as_secs_f64();
        println!(
            "{name:<34} {:>8.1} ms [{:.1} .. {:.1}]  {ratio:.2}",
            millis(median(times)),
            millis(*fastest),
            millis(*slowest)
        );
    }
}

/// Source-like files of 0.2 to 12 KiB in some 250 folders, packed.
fn make_project(project: &Path) {
    std::fs::create_dir(project).unwrap();
    for number in 0..FILES {
        let folder = project.join(format!("crate-{}/src/part-{}", number % 25, number % 250));
        std::fs::create_dir_all(&folder).unwrap();
        let line = format!("let value_{number} = compute({number}, \"some text\");\n");
        let content = line.repeat(4 + (number * 7919) % 230);
        std::fs::write(folder.join(format!("file_{number}.rs")), content).unwrap();
    }
    std::fs::write(project.join(".gitignore"), "target/\n*.log\n").unwrap();
    git(project, &["init", "-q"]);
    git(project, &["add", "-A"]);
    git(
        project,
        &[
            "-c",
            "user.name=x",
            "-c",
            "user.email=x",
            "commit",
            "-qm",
            "x",
        ],
    );
    git(project, &["gc", "-q"]);
}

type Measured = Vec<(&'static str, Vec<Duration>)>;

fn measure(folder: &Path, project: &Path, rounds: usize) -> Measured {
    let mut measured: Measured = [
        "git worktree add",
        "open, base, store and checkout",
        "checkout",
        "snapshot right after the checkout",
        "snapshot, nothing changed",
        "snapshot, 10 files changed",
        "git add -A && write-tree, 10 changed",
    ]
    .map(|name| (name, Vec::new()))
    .into();
    for round in 0..=rounds {
        let mut times = one_round(folder, project, round);
        // The first round warms the page cache for both.
        if round > 0 {
            for (_, all) in measured.iter_mut().rev() {
                all.push(times.pop().unwrap());
            }
        }
    }
    measured
}

fn one_round(folder: &Path, project: &Path, round: usize) -> Vec<Duration> {
    let worktree = folder.join(format!("worktree-{round}"));
    let path = worktree.to_str().unwrap();
    let by_git = settled(|| {
        git(
            project,
            &["worktree", "add", "-q", "--detach", path, "HEAD"],
        )
    })
    .0;

    let store_path = folder.join(format!("store-{round}"));
    let dest = folder.join(format!("checkout-{round}"));
    let (with_open, (base, store)) = settled(|| {
        let repository = Repository::open(project).unwrap();
        let base = repository.base(None).unwrap();
        let store = RunStore::create(&store_path, &repository, &base).unwrap();
        store
            .checkout(base.tree, &dest, CheckoutOptions::default())
            .unwrap();
        (base, store)
    });
    let again = folder.join(format!("again-{round}"));
    let (alone, mut checkout) = settled(|| {
        store
            .checkout(base.tree, &again, CheckoutOptions::default())
            .unwrap()
    });
    let (first, taken) = timed(|| checkout.snapshot().unwrap());
    assert_eq!(taken.tree, base.tree);
    let (unchanged, _) = timed(|| checkout.snapshot().unwrap());
    change(&again, round);
    let (changed, ours) = timed(|| checkout.snapshot().unwrap());
    change(&worktree, round);
    let (git_changed, theirs) = timed(|| {
        git(&worktree, &["add", "-A"]);
        git(&worktree, &["write-tree"])
    });
    assert_eq!(ours.tree.to_string(), theirs.trim());

    git(project, &["worktree", "remove", "--force", path]);
    discard(&dest).unwrap();
    discard(&again).unwrap();
    discard(&store_path).unwrap();
    vec![
        by_git,
        with_open,
        alone,
        first,
        unchanged,
        changed,
        git_changed,
    ]
}

fn change(root: &Path, round: usize) {
    for number in 0..10 {
        let path = format!("crate-{number}/src/part-{number}/file_{number}.rs");
        std::fs::write(root.join(path), format!("changed in round {round}\n")).unwrap();
    }
}

/// Like [`timed`], once what was written or deleted before is on the disk, so
/// that no checkout pays for another.
fn settled<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    rustix::fs::sync();
    timed(work)
}

fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let started = Instant::now();
    let answer = work();
    (started.elapsed(), answer)
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .current_dir(folder)
        .args(arguments)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

fn median(times: &[Duration]) -> Duration {
    let mut times = times.to_vec();
    times.sort_unstable();
    times[times.len() / 2]
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
