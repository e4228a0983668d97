//! The words of the command that say what to do.

use crate::exit::Fail;
use minion_grants::{PartName, shown};
use std::collections::BTreeMap;

/// A task says something.
pub(super) fn task(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err("say what to do, e.g. --task \"the parser drops the last line\"".to_owned());
    }
    Ok(text.to_owned())
}

/// The inputs by name, each once and each declared by the blueprint.
pub(super) fn inputs(
    texts: &[String],
    declared: &BTreeMap<PartName, String>,
) -> Result<BTreeMap<String, String>, Fail> {
    let mut inputs = BTreeMap::new();
    for text in texts {
        let (name, value) = text
            .split_once('=')
            .filter(|(name, _)| !name.is_empty())
            .ok_or_else(|| {
                Fail::usage(format!("the input `{}` is not `name=value`", shown(text)))
            })?;
        if !declared.keys().any(|known| known.as_str() == name) {
            return Err(Fail::usage(unknown(name, declared)));
        }
        if inputs.insert(name.to_owned(), value.to_owned()).is_some() {
            return Err(Fail::usage(format!("the input `{name}` is given twice")));
        }
    }
    Ok(inputs)
}

fn unknown(name: &str, declared: &BTreeMap<PartName, String>) -> String {
    let name = shown(name);
    if declared.is_empty() {
        return format!("the blueprint takes no input `{name}`: it declares none");
    }
    let known = declared
        .iter()
        .map(|(name, says)| format!("\n  {name}  {}", shown(says)));
    format!(
        "the blueprint takes no input `{name}`; it takes{}",
        known.collect::<String>()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared(names: &[&str]) -> BTreeMap<PartName, String> {
        let entry = |name: &&str| (name.parse().unwrap(), "what it says".to_owned());
        names.iter().map(entry).collect()
    }

    fn told(texts: &[&str], names: &[&str]) -> String {
        let texts: Vec<_> = texts.iter().map(ToString::to_string).collect();
        format!("{:?}", inputs(&texts, &declared(names)))
    }

    #[test]
    fn an_input_that_nobody_declared_is_refused_with_those_that_are() {
        let wrong = told(&["mdoe=1"], &["mode", "scope"]);
        for word in ["`mdoe`", "mode  what it says", "scope  what it says"] {
            assert!(wrong.contains(word), "{wrong}");
        }
        let none = told(&["mode=1"], &[]);
        assert!(none.contains("declares none"), "{none}");
    }

    #[test]
    fn a_declared_input_is_taken_once() {
        assert_eq!(told(&["mode=a=b"], &["mode"]), "Ok({\"mode\": \"a=b\"})");
        assert!(told(&["mode=1", "mode=2"], &["mode"]).contains("given twice"));
        assert!(told(&["mode"], &["mode"]).contains("name=value"));
    }

    #[test]
    fn a_task_of_spaces_says_nothing() {
        for empty in ["", " ", "\t\n"] {
            assert!(task(empty).unwrap_err().contains("--task"));
        }
        assert_eq!(task(" mend it").unwrap(), " mend it");
    }
}
