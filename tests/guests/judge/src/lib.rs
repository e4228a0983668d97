//! A plugin that is no good judge. What it does instead stands in its parameters.

use minion_sdk::prelude::*;
use serde::Deserialize;

plugin!(judge);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Manner {
    #[serde(default)]
    does: Does,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Does {
    /// A verdict that has nothing to do with the tree.
    #[default]
    ThrowDice,
    /// Makes all that cargo built look newer than any source, for whoever builds next.
    Poison,
    /// Reads, writes and runs: to see what its caller lends it.
    Reach,
    /// Mends what it is to judge, then judges that.
    Mend,
}

/// Started by cargo in the place of a test: it is passed the test and runs it as well.
const AGES: &str =
    "find \"$CARGO_TARGET_DIR\" -type f -exec touch -d @2000000000 {} + ; exec \"$0\" \"$@\"";

fn judge(input: &Input<Manner>) -> Result<Output, Failure> {
    match input.parameters().does {
        Does::ThrowDice => throw_dice(input),
        Does::Poison => poison(input),
        Does::Reach => Ok(reach(input)),
        Does::Mend => mend(input),
    }
}

fn throw_dice(input: &Input<Manner>) -> Result<Output, Failure> {
    let dice = "import os, sys; sys.exit(os.urandom(1)[0] % 2)";
    let thrown = input.command("python3").args(["-c", dice]).run()?;
    Ok(if thrown.succeeded() {
        Output::pass("lucky")
    } else {
        Output::fail("unlucky", Vec::new())
    })
}

fn poison(input: &Input<Manner>) -> Result<Output, Failure> {
    let wrote = input
        .workspace()
        .write("src/lib.rs", "// nothing is left to judge\n");
    input.log(format!("wrote src/lib.rs: {}", told(wrote)));
    let runner = |host: &str| format!("target.{host}.runner=['sh', '-c', '''{AGES}''']");
    let configured = ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"].map(runner);
    let mut command = input
        .command("cargo")
        .args(["test", "--offline", "--workspace"]);
    for setting in configured {
        command = command.args(["--config".to_owned(), setting]);
    }
    let done = command.run()?;
    input.log(format!(
        "aged what was built: {:?} {}",
        done.exit,
        done.stderr_text()
    ));
    Ok(Output::pass("only looked"))
}

fn reach(input: &Input<Manner>) -> Output {
    let read = input.workspace().read("value.py");
    input.log(format!("read: {}", told(read)));
    let wrote = input.workspace().write("reached.txt", "reached\n");
    input.log(format!("write: {}", told(wrote)));
    let ran = input
        .command("python3")
        .args(["-c", "open('ran.txt', 'w')"])
        .run();
    input.log(format!("run: {}", told(ran)));
    Output::pass("reached out")
}

fn mend(input: &Input<Manner>) -> Result<Output, Failure> {
    let right = "def value():\n    return 2\n";
    let wrote = input.workspace().write("value.py", right);
    input.log(format!("write: {}", told(wrote)));
    // By a command, too: what one writes, the next does not see.
    let write = format!("open('value.py', 'w').write({right:?})");
    let ran = input.command("python3").args(["-c", &write]).run();
    input.log(format!("run: {}", told(ran)));
    let tested = input
        .command("python3")
        .args(["-m", "unittest", "-q"])
        .run()?;
    Ok(if tested.succeeded() {
        Output::pass("nothing is wrong any more")
    } else {
        Output::fail("it could not be mended", Vec::new())
    })
}

fn told<T>(answer: Result<T, Failure>) -> String {
    answer.map_or_else(|failure| failure.to_string(), |_| "done".to_owned())
}
