//! The output of Rust's test harness, for humans: the only one that is stable.
//!
//! Each binary prints `running N tests`, N lines of `test NAME ... OUTCOME`, the
//! output of those that failed, and `test result: …`. A report is complete when
//! each block has its result, the result agrees with the lines, and there are
//! as many blocks as cargo said that it started.

use crate::outcome::{Tests, case};
use minion_sdk::{Finding, TestOutcome};

/// What one test binary printed.
#[derive(Debug, Default)]
struct Block {
    planned: usize,
    cases: Vec<(String, TestOutcome)>,
    /// What failed tests printed, by name.
    details: Vec<(String, Vec<String>)>,
    /// Where a runner with one thread wrote a name and not yet an outcome.
    begun: Option<String>,
    result: Option<Summary>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Summary {
    ok: bool,
    passed: usize,
    failed: usize,
    ignored: usize,
    others: usize,
}

/// Reads the output of `cargo test`: the tests' from `stdout`, what was started
/// from `stderr`.
pub(crate) fn read(stdout: &str, stderr: &str) -> Tests {
    let started = started(stderr);
    let (blocks, stray) = blocks(stdout);
    let incomplete = incomplete(&started, &blocks, stray);
    let mut tests = Tests {
        incomplete,
        ..Tests::default()
    };
    for (index, block) in blocks.into_iter().enumerate() {
        let binary = started
            .get(index)
            .or(started.last())
            .map_or("", String::as_str);
        for (name, outcome) in block.cases {
            if outcome == TestOutcome::Failed {
                tests.findings.push(finding(&name, &block.details));
            }
            tests
                .cases
                .push(case(format!("{binary}::{}", without_line(&name)), outcome));
        }
    }
    tests
}

/// The names that `cargo test -- --list` prints: `NAME: test`, a blank line and
/// a count after each binary's.
pub(crate) fn listed(stdout: &str, stderr: &str) -> Vec<String> {
    let started = started(stderr);
    let mut names = Vec::new();
    let mut binaries = started.iter().map(String::as_str);
    let mut binary = binaries.next().unwrap_or_default();
    for line in stdout.lines() {
        if let Some(name) = line.strip_suffix(": test") {
            names.push(format!("{binary}::{}", without_line(name)));
        } else if line.contains(" tests, ") || line.contains(" test, ") {
            binary = binaries.next().unwrap_or(binary);
        }
    }
    names
}

/// The names of the test binaries and documentations that cargo started.
fn started(stderr: &str) -> Vec<String> {
    stderr
        .lines()
        .filter_map(|line| started_binary(line.trim()))
        .collect()
}

fn started_binary(line: &str) -> Option<String> {
    if let Some(name) = line.strip_prefix("Doc-tests ") {
        return Some(format!("{name} (doc)"));
    }
    let (_, path) = line
        .strip_prefix("Running ")?
        .strip_suffix(')')?
        .rsplit_once(" (")?;
    let file = path.rsplit(['/', '\\']).next()?;
    Some(
        file.rsplit_once('-')
            .map_or(file, |(name, _hash)| name)
            .to_owned(),
    )
}

/// Every block, and whether a result stands there without one.
fn blocks(stdout: &str) -> (Vec<Block>, bool) {
    let mut blocks = Vec::<Block>::new();
    let mut stray = false;
    for line in stdout.lines() {
        let open = blocks.last_mut().filter(|block| block.result.is_none());
        match (open, planned(line)) {
            // In what a failed test printed, such a line is the test's own.
            (Some(block), Some(_)) if block.is_reporting() => block.detail(line),
            (_, Some(planned)) => blocks.push(Block {
                planned,
                ..Block::default()
            }),
            (Some(block), None) => block.take(line),
            (None, None) => stray |= summary(line).is_some(),
        }
    }
    (blocks, stray)
}

fn planned(line: &str) -> Option<usize> {
    let rest = line.strip_prefix("running ")?;
    rest.strip_suffix(" tests")
        .or(rest.strip_suffix(" test"))?
        .parse()
        .ok()
}

impl Block {
    /// Whether each test has its line, so that what follows is about failures.
    fn is_reporting(&self) -> bool {
        self.planned > 0 && self.cases.len() == self.planned
    }

    fn take(&mut self, line: &str) {
        if let Some(result) = summary(line) {
            self.result = Some(result);
        } else if self.cases.len() < self.planned {
            self.take_case(line);
        } else {
            self.detail(line);
        }
    }

    fn take_case(&mut self, line: &str) {
        let test = line
            .strip_prefix("test ")
            .and_then(|rest| rest.split_once(" ... "));
        match (test, self.begun.take()) {
            (Some((name, rest)), _) => match outcome(rest) {
                Some(outcome) => self.cases.push((name.to_owned(), outcome)),
                None => self.begun = Some(name.to_owned()),
            },
            // The test printed something between its name and its outcome.
            (None, Some(name)) => match line.rsplit(' ').next().and_then(outcome) {
                Some(outcome) => self.cases.push((name, outcome)),
                None => self.begun = Some(name),
            },
            (None, None) => {}
        }
    }

    fn detail(&mut self, line: &str) {
        let title = line
            .strip_prefix("---- ")
            .and_then(|rest| rest.strip_suffix(" ----"));
        if let Some(title) = title {
            let name = title.strip_suffix(" stdout").unwrap_or(title);
            self.details.push((name.to_owned(), Vec::new()));
        } else if let Some((_, lines)) = self.details.last_mut() {
            lines.push(line.to_owned());
        }
    }

    /// Why this is not a complete report.
    fn problem(&self) -> Option<String> {
        let Some(result) = self.result else {
            return Some("a test binary ended before its report did".to_owned());
        };
        let count = |wanted| {
            self.cases
                .iter()
                .filter(|(_, outcome)| *outcome == wanted)
                .count()
        };
        let agrees = self.cases.len() == self.planned
            && result.passed == count(TestOutcome::Passed)
            && result.failed == count(TestOutcome::Failed)
            && result.ignored == count(TestOutcome::Skipped)
            && result.others == 0
            && result.ok == (result.failed == 0);
        (!agrees).then(|| "a test binary's counts do not agree with its tests".to_owned())
    }
}

fn outcome(text: &str) -> Option<TestOutcome> {
    match text.split([',', ' ']).next()? {
        "ok" => Some(TestOutcome::Passed),
        "FAILED" => Some(TestOutcome::Failed),
        "ignored" => Some(TestOutcome::Skipped),
        _ => None,
    }
}

/// `test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; …`
fn summary(line: &str) -> Option<Summary> {
    let (word, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let ok = match word {
        "ok" => true,
        "FAILED" => false,
        _ => return None,
    };
    let mut numbers = [0; 5];
    let names = ["passed", "failed", "ignored", "measured", "filtered out"];
    let mut counts = counts.split("; ");
    for (number, name) in numbers.iter_mut().zip(names) {
        *number = counts.next()?.strip_suffix(name)?.trim_end().parse().ok()?;
    }
    let [passed, failed, ignored, measured, filtered] = numbers;
    Some(Summary {
        ok,
        passed,
        failed,
        ignored,
        others: measured + filtered,
    })
}

fn incomplete(started: &[String], blocks: &[Block], stray: bool) -> Option<String> {
    if started.is_empty() {
        return Some("cargo started no test binary".to_owned());
    }
    // Documentation may take more than one block: some of it is run apart.
    if blocks.len() < started.len() {
        let counts = format!(
            "{} test binaries were started, {}",
            started.len(),
            blocks.len()
        );
        return Some(format!("{counts} reported"));
    }
    let has_docs = started.last().is_some_and(|name| name.ends_with(" (doc)"));
    if stray || (blocks.len() > started.len() && !has_docs) {
        return Some("there are more results than test binaries".to_owned());
    }
    blocks.iter().find_map(Block::problem)
}

fn finding(name: &str, details: &[(String, Vec<String>)]) -> Finding {
    let lines = details
        .iter()
        .find(|(title, _)| title == name)
        .map(|(_, lines)| lines.as_slice());
    let lines = lines.unwrap_or_default();
    let finding = |message: String| Finding::error(message).rule(name);
    for (index, line) in lines.iter().enumerate() {
        let Some((_, place)) = line.split_once(" panicked at ") else {
            continue;
        };
        let mut parts = place.trim_end_matches(':').rsplitn(3, ':').skip(1);
        let number = parts.next().and_then(|line| line.parse::<u32>().ok());
        let message = message(&lines[index + 1..]);
        return match parts.next() {
            Some(file) if !file.starts_with('/') => finding(message).at(file, number),
            _ => finding(message),
        };
    }
    finding(message(lines))
}

/// The lines of a panic's message as one.
fn message(lines: &[String]) -> String {
    let ends = |line: &&String| {
        line.starts_with("note: ") || line.starts_with("stack backtrace:") || *line == "failures:"
    };
    let lines = lines
        .iter()
        .skip_while(|line| line.trim().is_empty())
        .take_while(|line| !ends(line));
    let words: Vec<_> = lines
        .map(|line| line.trim())
        .filter(|line| !line.is_empty())
        .collect();
    match words.join(" ") {
        words if words.is_empty() => "it failed and said nothing".to_owned(),
        words => words,
    }
}

/// `src/lib.rs - item (line 12) - compile fail` without its end: the line moves
/// with every edit.
fn without_line(name: &str) -> String {
    let before = name
        .split_once(" (line ")
        .map_or(name, |(before, _)| before);
    before
        .strip_suffix(" - should panic")
        .unwrap_or(before)
        .to_owned()
}

#[cfg(test)]
#[path = "libtest_tests.rs"]
mod tests;
