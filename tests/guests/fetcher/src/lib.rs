//! Sends a GET to the address in `fetch.txt`, and passes where it is answered.

use minion_sdk::Method;
use minion_sdk::prelude::*;

plugin!(fetch);

fn fetch(input: &Input<NoParameters>) -> Result<Output, Failure> {
    let url = input.workspace().read_text("fetch.txt")?;
    Ok(match input.http(Method::Get, url.trim()).send() {
        Ok(answer) => Output::pass(&format!("{} {}", answer.status, answer.text())),
        Err(failure) => Output::fail(&failure.to_string(), Vec::new()),
    })
}
