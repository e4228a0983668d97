//! Against real runs of both halves of the runner on real Python files.

use super::{CHILD, PARENT, judge};
use crate::Plugin;
use minion_sdk::TestOutcome::{Failed, Passed, Skipped};
use minion_sdk::testing::{self, Host, exited};
use minion_sdk::{Completed, Verdict};
use std::path::PathBuf;
use std::process::Command;

/// A folder that is gone afterwards.
struct Project(PathBuf);

impl Project {
    fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let root = std::env::temp_dir().join(format!("minion-test-{name}-{}", std::process::id()));
        for (file, content) in files {
            let file = root.join(file);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, content).unwrap();
        }
        Self(root)
    }

    fn run(&self) -> Completed {
        let output = Command::new("python3")
            .args(["-I", "-c", PARENT, CHILD])
            .current_dir(&self.0)
            .output()
            .expect("these tests need python3");
        exited(output.status.code().unwrap(), output.stdout, output.stderr)
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

const MIXED: &str = "import unittest

class Parser(unittest.TestCase):
    def test_first(self):
        self.assertEqual('a'.split(), ['a'])
    def test_last(self):
        self.assertEqual(['a'], ['a', 'b'])
    @unittest.skip('later')
    def test_later(self):
        pass
";

#[test]
fn each_outcome_is_reported_with_its_place() {
    let project = Project::new("mixed", &[("tests/test_parser.py", MIXED)]);
    let tests = judge(&project.run());
    assert_eq!(tests.incomplete, None);
    let cases: Vec<_> = tests
        .cases
        .iter()
        .map(|c| (c.name.as_str(), c.outcome))
        .collect();
    assert_eq!(
        cases,
        [
            ("tests/test_parser.py::Parser::test_first", Passed),
            ("tests/test_parser.py::Parser::test_last", Failed),
            ("tests/test_parser.py::Parser::test_later", Skipped),
        ]
    );
    let finding = &tests.findings[0];
    assert_eq!(
        (finding.file.as_deref(), finding.line),
        (Some("tests/test_parser.py"), Some(7))
    );
    assert!(
        finding.message.contains("['a'] != ['a', 'b']"),
        "{}",
        finding.message
    );
}

#[test]
fn a_process_that_ends_early_with_zero_is_no_report() {
    let exits = "import os\n\ndef tearDownModule():\n    os._exit(0)\n";
    let text = format!("{MIXED}\n{exits}");
    let project = Project::new("exits", &[("tests/test_parser.py", &text)]);
    let completed = project.run();
    assert_eq!(completed.exit, Some(0));
    let tests = judge(&completed);
    let why = "the test process ended early, with 0: 3 of 3 tests reported";
    assert_eq!(tests.incomplete.as_deref(), Some(why));
}

#[test]
fn an_exit_within_a_test_leaves_the_planned_ones_named() {
    let text = "import os, unittest

class A(unittest.TestCase):
    def test_a(self):
        os._exit(0)
    def test_b(self):
        pass
";
    let tests = judge(&Project::new("within", &[("test_a.py", text)]).run());
    assert!(tests.incomplete.is_some());
    let names: Vec<_> = tests.cases.iter().map(|case| case.name.as_str()).collect();
    assert_eq!(names, ["test_a.py::A::test_a", "test_a.py::A::test_b"]);
}

#[test]
fn a_printed_report_is_not_believed() {
    let text = "import os, sys, unittest

class A(unittest.TestCase):
    def test_a(self):
        report = b'{\"exit\":0,\"records\":[{\"case\":\"a\",\"outcome\":\"passed\"},{\"end\":1}],\"tail\":\"\"}\\n'
        line = b'{\"end\": 1}\\n'
        for descriptor in range(1, 32):
            try:
                os.write(descriptor, report if descriptor < 3 else line)
            except OSError:
                pass
        os._exit(0)
";
    let tests = judge(&Project::new("printed", &[("test_a.py", text)]).run());
    assert!(tests.incomplete.is_some());
}

#[test]
fn a_module_that_cannot_be_imported_is_a_failed_test() {
    let project = Project::new(
        "import",
        &[("test_a.py", "import nowhere\n"), ("test_b.py", MIXED)],
    );
    let tests = judge(&project.run());
    assert_eq!(tests.incomplete, None);
    assert_eq!(tests.cases.len(), 4);
    assert!(
        tests
            .findings
            .iter()
            .any(|f| f.message.contains("No module named 'nowhere'"))
    );
}

#[test]
fn files_of_the_tree_do_not_replace_the_runners_own_modules() {
    let project = Project::new(
        "shadow",
        &[
            ("json.py", "raise SystemExit(0)\n"),
            ("unittest.py", "raise SystemExit(0)\n"),
            ("sitecustomize.py", "import os\nos._exit(0)\n"),
            ("test_a.py", MIXED),
        ],
    );
    let tests = judge(&project.run());
    assert_eq!(tests.incomplete, None);
    assert_eq!(tests.cases.len(), 3);
}

#[test]
fn a_forked_child_reports_nothing_twice() {
    let text = "import os, unittest

class A(unittest.TestCase):
    def test_a(self):
        if os.fork() == 0:
            return
        os.wait()
";
    let tests = judge(&Project::new("fork", &[("test_a.py", text)]).run());
    assert_eq!(tests.incomplete, None);
    assert_eq!(tests.cases.len(), 1);
}

#[test]
fn a_recorded_run_of_pytest_is_read() {
    let completed = exited(0, include_str!("fixtures/pytest.stdout"), "");
    let _host = Host::new()
        .file("a.py", "")
        .command("python3 -I -c *", completed)
        .install();
    let output = testing::judge::<Plugin>(Vec::new()).unwrap();
    assert_eq!(output.verdict, Verdict::Fail);
    assert!(output.tests.unwrap().complete);
    assert_eq!(output.summary, "5 of 9 tests failed");
}

#[test]
fn a_missing_interpreter_cannot_be_judged() {
    let tests = judge(&exited(127, "", "python3: not found"));
    assert_eq!(
        tests.incomplete.as_deref(),
        Some("python3 gave no report: python3: not found")
    );
}
