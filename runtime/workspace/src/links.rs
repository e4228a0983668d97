//! The symlinks of a tree, and under which other names they show a path.
//!
//! A rule about names is only as good as the names: with a link `.cargo -> cfg` in the tree,
//! a change of `cfg/config.toml` is one of `.cargo/config.toml` too.

use gix::objs::Kind;

use crate::TreeId;
use crate::objects::Reader;
use crate::tree::{MAX_ENTRIES, TreeError, flatten};

/// Links that are followed after one another, as Linux does.
const MAX_HOPS: usize = 40;

/// The symlinks of a tree.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Links {
    /// The link's own path, and where it leads as a path of the tree; none: out of the tree.
    links: Vec<(String, Option<String>)>,
}

pub(crate) fn links(reader: &Reader, tree: TreeId) -> Result<Links, TreeError> {
    let mut buffer = Vec::new();
    let mut links = Vec::new();
    for leaf in flatten(reader, tree, MAX_ENTRIES)?.leaves {
        if leaf.mode.is_link() {
            let target = reader.get(&leaf.id, Kind::Blob, &mut buffer)?;
            let folder = leaf.path.rsplit_once('/').map_or("", |(folder, _)| folder);
            let to = lexical(folder, &String::from_utf8_lossy(target));
            links.push((leaf.path, to));
        }
    }
    Ok(Links { links })
}

impl Links {
    /// Links that lead out of the tree: by an absolute path or by `..`.
    pub fn leaving(&self) -> impl Iterator<Item = &str> {
        let out = self.links.iter().filter(|(_, target)| target.is_none());
        out.map(|(path, _)| path.as_str())
    }

    /// Every other name under which the tree shows `path`, sorted.
    pub fn aliases(&self, path: &str) -> Vec<String> {
        let mut known = vec![path.to_owned()];
        let mut next = 0;
        while next < known.len() && known.len() <= MAX_HOPS {
            let name = known[next].clone();
            for (link, target) in &self.links {
                let Some(rest) = target.as_deref().and_then(|target| beneath(&name, target)) else {
                    continue;
                };
                let alias = if rest.is_empty() {
                    link.clone()
                } else {
                    format!("{link}/{rest}")
                };
                if !known.contains(&alias) {
                    known.push(alias);
                }
            }
            next += 1;
        }
        known.remove(0);
        known.sort();
        known
    }
}

/// What of `path` lies beneath `folder`; `""` when it is the same.
fn beneath<'p>(path: &'p str, folder: &str) -> Option<&'p str> {
    if folder.is_empty() {
        return Some(path);
    }
    let rest = path.strip_prefix(folder)?;
    if rest.is_empty() {
        Some(rest)
    } else {
        rest.strip_prefix('/')
    }
}

/// Where a link in `folder` leads, by its text alone; none when it leaves the tree.
fn lexical(folder: &str, target: &str) -> Option<String> {
    if target.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(links: &[(&str, Option<&str>)]) -> Links {
        let links = links
            .iter()
            .map(|(path, to)| ((*path).to_owned(), to.map(str::to_owned)));
        Links {
            links: links.collect(),
        }
    }

    #[test]
    fn a_file_is_known_under_the_names_of_linked_folders() {
        let links = of(&[(".cargo", Some("cfg")), ("deep/x", Some(".cargo"))]);
        assert_eq!(
            links.aliases("cfg/config.toml"),
            [".cargo/config.toml", "deep/x/config.toml"]
        );
        assert_eq!(links.aliases("cfg"), [".cargo", "deep/x"]);
        assert!(links.aliases("cfgs/config.toml").is_empty());
    }

    #[test]
    fn links_in_a_circle_come_to_an_end() {
        let links = of(&[("a", Some("b")), ("b", Some("a"))]);
        assert_eq!(links.aliases("a"), ["b"]);
        assert!(of(&[("a/b", Some("a"))]).aliases("a/c").len() <= MAX_HOPS + 1);
    }

    #[test]
    fn a_link_out_of_the_tree_is_named() {
        assert_eq!(lexical("a", "../../x"), None);
        assert_eq!(lexical("", "/etc"), None);
        assert_eq!(lexical("a/b", "../c/./d").as_deref(), Some("a/c/d"));
        assert_eq!(
            of(&[("x", None), ("y", Some("z"))])
                .leaving()
                .collect::<Vec<_>>(),
            ["x"]
        );
    }
}
