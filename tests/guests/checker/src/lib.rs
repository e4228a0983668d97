//! A small gate with a call of each kind: it reads a file, runs a program on it, and says
//! yes when both find the word `right`.

use minion_sdk::prelude::*;

plugin!(check);

fn check(input: &Input<NoParameters>) -> Result<Output, Failure> {
    let written = input
        .workspace()
        .read_text("answer.txt")
        .unwrap_or_default();
    let done = input
        .command("sh")
        .args(["-c", "grep -q right answer.txt"])
        .run()?;
    let right = written.contains("right");
    Ok(if right && done.succeeded() {
        Output::pass("the answer is right")
    } else {
        Output::fail("the answer is wrong", Vec::new())
    })
}
