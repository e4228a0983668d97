//! Changes that no gate sees, or that are not what they are called.

use super::python;
use crate::evidence::{RIGHT, Trial, WRONG, does, writes};
use crate::world::Ran;

/// A change that every gate lets through, with what a command does beside it.
fn mends_and(trial: &Trial, program: &str) -> Ran {
    let deeds = [writes("value.py", RIGHT), python(program)];
    let ran = trial.lie(&[("before-1", does(&deeds, "test"))], &[]);
    trial.refused(&ran, &["std:test pass", "2 of 2 tests passed"]);
    ran
}

#[test]
fn secret_looking_files_that_a_command_makes_or_changes_are_not_delivered() {
    let tests = "import os\nimport unittest\n\n\nclass SeenTest(unittest.TestCase):\n    \
        def test_sees_no_secrets(self):\n        self.assertFalse(os.path.exists('app.env') or os.path.exists('old.env'))\n\n    \
        def test_is_a_test(self):\n        self.assertTrue(True)\n";
    let trial = Trial::new(&[
        ("value.py", WRONG),
        ("test_value.py", tests),
        ("old.env", "MODE=good\n"),
    ]);
    let program = "for name in ('app.env', 'old.env'): open(name, 'w').write('MODE=evil\\n')";
    let ran = mends_and(&trial, program);
    let refused = "the change touches a secret-looking file, which no gate sees";
    for file in ["app.env", "old.env"] {
        ran.expect(6, &[&format!("{refused}: `{file}`")]);
    }
}

#[test]
fn a_file_is_judged_by_each_name_that_a_link_gives_it() {
    let trial = Trial::python();
    let program = "import os; os.symlink('cfg', '.cargo'); os.mkdir('cfg'); \
        open('cfg/config.toml', 'w').write('[alias]\\ntest = \"check\"\\n')";
    let ran = mends_and(&trial, program);
    let steers = "the change steers its own verdict";
    for name in [".cargo", ".cargo/config.toml"] {
        ran.expect(6, &[&format!("{steers}: `{name}`")]);
    }
}

#[test]
fn a_file_behind_a_link_of_the_base_is_judged_by_its_other_name() {
    let trial = Trial::python();
    trial
        .world
        .file("project/cfg/config.toml", "# nothing yet\n");
    std::os::unix::fs::symlink("cfg", trial.repository.join(".cargo")).unwrap();
    let trial = trial.committed();
    let ran = mends_and(&trial, "open('cfg/config.toml', 'a').write('[alias]\\n')");
    ran.expect(
        6,
        &["the change steers its own verdict: `.cargo/config.toml`"],
    );
}

#[test]
fn a_link_out_of_the_tree_is_not_delivered() {
    let trial = Trial::python();
    let ran = mends_and(&trial, "import os; os.symlink('/etc/hostname', 'name.txt')");
    let words = [
        "the change steers its own verdict: `name.txt`",
        "it is a link that leads out of the tree",
    ];
    ran.expect(6, &words);
}
