//! A plugin that reads one file, with panics in it that name their place.

mod bindings {
    wit_bindgen::generate!({
        path: ["../../../../../wit/host", "../../../../../wit/node"],
        world: "minion:node/plugin",
        generate_all,
    });
}

use bindings::exports::minion::node::node::{Failure, Guest, Input, Output, Verdict};
use bindings::minion::host::{log, workspace};

struct Tiny;

impl Guest for Tiny {
    fn run(input: Input) -> Result<Output, Failure> {
        let bytes = workspace::read("README.md")?;
        let first = helper::first(&bytes);
        log::log(log::Level::Info, &format!("{} {first}", input.project[0].program));
        Ok(Output {
            verdict: if first == b'#' { Verdict::Pass } else { Verdict::Fail },
            summary: panic_place().to_owned(),
            findings: Vec::new(),
            tests: None,
            data: None,
        })
    }
}

/// What a build from another folder would change, were the path not remapped.
fn panic_place() -> &'static str {
    concat!(file!(), ":", line!())
}

bindings::export!(Tiny with_types_in bindings);
