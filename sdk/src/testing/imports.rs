//! The host's interfaces with the signatures of the real imports, answered by
//! the double of this thread.

use super::double::{answer, current};
use crate::bindings::host::types::Failure as WitFailure;

/// The files of the test's workspace.
pub(crate) mod workspace {
    use super::{WitFailure, current};
    use crate::{Change, Entry, EntryKind, Hit};
    use std::collections::BTreeMap;

    /// A whole file.
    pub(crate) fn read(file: &str) -> Result<Vec<u8>, WitFailure> {
        let double = current()?;
        let double = double.borrow();
        double.judge(file)?;
        let content = double.files.get(file).cloned();
        content.ok_or_else(|| WitFailure::NotFound(format!("`{file}`")))
    }

    /// The entries of a folder, from the paths of the files beneath it.
    pub(crate) fn list(directory: &str) -> Result<Vec<Entry>, WitFailure> {
        let double = current()?;
        let double = double.borrow();
        double.judge(directory)?;
        let mut entries = BTreeMap::new();
        for path in double
            .files
            .keys()
            .filter(|path| double.judge(path).is_ok())
        {
            let Some(rest) = beneath(path, directory) else {
                continue;
            };
            let (name, kind) = match rest.split_once('/') {
                Some((folder, _)) => (folder, EntryKind::Directory),
                None => (rest, EntryKind::File),
            };
            entries.insert(name.to_owned(), kind);
        }
        if entries.is_empty() && !directory.is_empty() {
            return Err(WitFailure::NotFound(format!("`{directory}`")));
        }
        Ok(entries
            .into_iter()
            .map(|(name, kind)| Entry { name, kind })
            .collect())
    }

    /// At most 200 lines that match.
    pub(crate) fn search(pattern: &str, directory: &str) -> Result<Vec<Hit>, WitFailure> {
        let pattern =
            regex::Regex::new(pattern).map_err(|error| WitFailure::Invalid(error.to_string()))?;
        let double = current()?;
        let double = double.borrow();
        let mut hits = Vec::new();
        for (path, content) in &double.files {
            if beneath(path, directory).is_none() || double.judge(path).is_err() {
                continue;
            }
            let text = String::from_utf8_lossy(content);
            let lines = (1..)
                .zip(text.lines())
                .filter(|(_, text)| pattern.is_match(text));
            hits.extend(lines.map(|(line, text)| Hit {
                file: path.clone(),
                line,
                text: text.to_owned(),
            }));
        }
        hits.truncate(200);
        Ok(hits)
    }

    /// Makes or replaces a file.
    pub(crate) fn write(file: &str, content: &[u8]) -> Result<(), WitFailure> {
        let double = current()?;
        let mut double = double.borrow_mut();
        double.judge(file)?;
        double.files.insert(file.to_owned(), content.to_vec());
        Ok(())
    }

    /// Replaces the one place.
    pub(crate) fn edit(file: &str, old: &str, new: &str) -> Result<(), WitFailure> {
        let text = String::from_utf8(read(file)?)
            .map_err(|_| WitFailure::Invalid(format!("`{file}` is not UTF-8")))?;
        match text.matches(old).count() {
            1 => write(file, text.replacen(old, new, 1).as_bytes()),
            count => Err(WitFailure::Invalid(format!(
                "`old` stands {count} times in `{file}`"
            ))),
        }
    }

    /// Removes a file.
    pub(crate) fn remove(file: &str) -> Result<(), WitFailure> {
        let double = current()?;
        let mut double = double.borrow_mut();
        double.judge(file)?;
        let removed = double.files.remove(file);
        removed
            .map(drop)
            .ok_or_else(|| WitFailure::NotFound(format!("`{file}`")))
    }

    /// What differs from the base.
    pub(crate) fn changes() -> Result<Vec<Change>, WitFailure> {
        Ok(current()?.borrow().changes())
    }

    fn beneath<'a>(path: &'a str, directory: &str) -> Option<&'a str> {
        match directory {
            "" => Some(path),
            _ => path.strip_prefix(directory)?.strip_prefix('/'),
        }
    }
}

/// Scripted commands.
pub(crate) mod command {
    use super::{WitFailure, answer, current};
    use crate::Completed;

    /// The next answer for the line.
    pub(crate) fn run(program: &str, arguments: &[String]) -> Result<Completed, WitFailure> {
        let mut line = program.to_owned();
        for argument in arguments {
            line.push(' ');
            line.push_str(argument);
        }
        let double = current()?;
        let mut double = double.borrow_mut();
        double.judge_command(&line)?;
        double.ran.push(line.clone());
        Ok(answer(&mut double.commands, &line)?)
    }

    /// Whether any line of the program has an answer.
    pub(crate) fn available(program: &str) -> bool {
        let starts = |line: &str| line.split(' ').next() == Some(program);
        current().is_ok_and(|double| {
            double
                .borrow()
                .commands
                .iter()
                .any(|(line, _)| starts(line))
        })
    }
}

/// Scripted answers to requests.
pub(crate) mod http {
    use super::{WitFailure, answer, current};
    use crate::Response;
    use crate::bindings::host::http::Message;

    /// The next answer for method and address.
    pub(crate) fn request(message: &Message) -> Result<Response, WitFailure> {
        let line = format!("{} {}", message.method.as_str(), message.url);
        let double = current()?;
        let mut double = double.borrow_mut();
        double.sent.push(line.clone());
        Ok(answer(&mut double.responses, &line)?)
    }
}

/// The test's agent.
pub(crate) mod agent {
    use super::super::Task;
    use super::{WitFailure, current};
    use crate::Report;

    /// Asks the agent, which may itself use the workspace.
    pub(crate) fn run(task: &Task) -> Result<Report, WitFailure> {
        let double = current()?;
        double.borrow_mut().tasks.push(task.clone());
        let Some(mut agent) = double.borrow_mut().agent.take() else {
            return Err(WitFailure::Unavailable("the test gave no agent".to_owned()));
        };
        let report = agent(task);
        double.borrow_mut().agent = Some(agent);
        Ok(report?)
    }
}

/// Scripted plugins.
pub(crate) mod plugins {
    use super::{WitFailure, answer, current};
    use crate::Answer;

    /// The next answer for the plugin.
    pub(crate) fn run(name: &str, _parameters: &str) -> Result<Answer, WitFailure> {
        Ok(answer(&mut current()?.borrow_mut().plugins, name)?)
    }
}

/// Remembered lines.
pub(crate) mod log {
    use super::current;
    use crate::Level;

    /// Keeps the line.
    pub(crate) fn log(level: Level, message: &str) {
        if let Ok(double) = current() {
            double.borrow_mut().logs.push((level, message.to_owned()));
        }
    }
}
