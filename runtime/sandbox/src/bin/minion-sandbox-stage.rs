//! Nothing but the stages of the sandbox: what tests and benches start as the stage program.

fn main() -> std::process::ExitCode {
    match minion_sandbox::stage_main() {
        Some(code) => std::process::ExitCode::from(u8::try_from(code).unwrap_or(1)),
        None => std::process::ExitCode::from(2),
    }
}
