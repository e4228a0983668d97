//! What the walls cost: `true` run plainly, at every level, and by bubblewrap where it is
//! installed. Rounds alternate, so that what else the machine does hits all alike.

use std::future::pending;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use minion_sandbox::{Level, Sandbox, Spec};

const ROUNDS: usize = 100;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let runtime = runtime.expect("a runtime");
    let stage = PathBuf::from(env!("CARGO_BIN_EXE_minion-sandbox-stage"));
    let levels = [Level::Full, Level::Basic, Level::Unsandboxed];
    let sandboxes: Vec<_> = levels
        .into_iter()
        .filter_map(|level| Sandbox::at(level, stage.clone()).ok())
        .collect();
    let names = ["plain spawn", "bubblewrap"].map(str::to_owned).into_iter();
    let mut rows: Vec<(String, Vec<Duration>)> = names
        .chain(sandboxes.iter().map(|s| s.level().to_string()))
        .map(|name| (name, vec![]))
        .collect();
    for _ in 0..ROUNDS {
        rows[0]
            .1
            .push(timed(|| plain(&mut Command::new("/usr/bin/true"))));
        if Path::new("/usr/bin/bwrap").exists() {
            rows[1].1.push(timed(|| plain(&mut bubblewrap())));
        }
        for (sandbox, row) in sandboxes.iter().zip(&mut rows[2..]) {
            row.1.push(timed(|| runtime.block_on(confined(sandbox))));
        }
    }
    report(rows);
}

fn timed(act: impl FnOnce()) -> Duration {
    let started = Instant::now();
    act();
    started.elapsed()
}

fn plain(command: &mut Command) {
    let status = command.stdin(Stdio::null()).status().expect("started");
    assert!(status.success());
}

fn bubblewrap() -> Command {
    let mut command = Command::new("/usr/bin/bwrap");
    command.args([
        "--unshare-all",
        "--die-with-parent",
        "--ro-bind",
        "/usr",
        "/usr",
    ]);
    command.args([
        "--symlink",
        "usr/lib",
        "/lib",
        "--symlink",
        "usr/lib64",
        "/lib64",
    ]);
    command.args([
        "--proc",
        "/proc",
        "--dev",
        "/dev",
        "--tmpfs",
        "/tmp",
        "/usr/bin/true",
    ]);
    command
}

async fn confined(sandbox: &Sandbox) {
    let spec = Spec {
        program: "/usr/bin/true".into(),
        directory: "/usr".into(),
        ..Spec::default()
    };
    let finished = sandbox.run(spec, pending()).await.expect("started");
    assert!(finished.is_success());
}

#[expect(clippy::print_stdout, reason = "the table is what the bench is for")]
fn report(rows: Vec<(String, Vec<Duration>)>) {
    println!("{:<14}{:>12}{:>12}", "true, ms", "median", "95th");
    for (name, mut times) in rows.into_iter().filter(|(_, times)| !times.is_empty()) {
        times.sort();
        let at = |part: usize| times[(times.len() - 1) * part / 100].as_secs_f64() * 1000.0;
        println!("{name:<14}{:>12.2}{:>12.2}", at(50), at(95));
    }
}
