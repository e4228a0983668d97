//! Which lines of a text were added and removed: a longest common subsequence
//! between the lines that both begin and end with.

/// A line of the newer or the older text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineChange<'a> {
    /// In both.
    Kept(&'a str),
    /// In the newer one alone.
    Added(&'a str),
    /// In the older one alone.
    Removed(&'a str),
}

/// Beyond so many pairs of lines the middle is told as replaced.
const PAIRS: usize = 1_000_000;

/// The newer text, line by line, with the lines of the older that are gone.
pub fn changed_lines<'a>(old: &'a str, new: &'a str) -> Vec<LineChange<'a>> {
    let (old, new): (Vec<_>, Vec<_>) = (old.lines().collect(), new.lines().collect());
    let start = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let (rest_old, rest_new) = (&old[start..], &new[start..]);
    let backwards = rest_old.iter().rev().zip(rest_new.iter().rev());
    let end = backwards.take_while(|(a, b)| a == b).count();
    let middle_old = &rest_old[..rest_old.len() - end];
    let middle_new = &rest_new[..rest_new.len() - end];
    let mut lines: Vec<_> = new[..start]
        .iter()
        .map(|line| LineChange::Kept(line))
        .collect();
    lines.extend(middle(middle_old, middle_new));
    lines.extend(
        new[new.len() - end..]
            .iter()
            .map(|line| LineChange::Kept(line)),
    );
    lines
}

fn middle<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<LineChange<'a>> {
    if old.len().saturating_mul(new.len()) > PAIRS {
        let removed = old.iter().map(|line| LineChange::Removed(line));
        return removed
            .chain(new.iter().map(|line| LineChange::Added(line)))
            .collect();
    }
    let width = new.len() + 1;
    let mut common = vec![0_usize; (old.len() + 1) * width];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[i * width + j] = if old[i] == new[j] {
                common[(i + 1) * width + j + 1] + 1
            } else {
                common[(i + 1) * width + j].max(common[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut lines = Vec::new();
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            lines.push(LineChange::Kept(new[j]));
            (i, j) = (i + 1, j + 1);
        } else if j == new.len()
            || (i < old.len() && common[(i + 1) * width + j] >= common[i * width + j + 1])
        {
            lines.push(LineChange::Removed(old[i]));
            i += 1;
        } else {
            lines.push(LineChange::Added(new[j]));
            j += 1;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::LineChange::{Added, Kept, Removed};
    use super::*;

    #[test]
    fn lines_are_told_as_kept_added_and_removed() {
        let found = changed_lines("a\nb\nc\nd\n", "a\nc\nx\nd\n");
        assert_eq!(
            found,
            [Kept("a"), Removed("b"), Kept("c"), Added("x"), Kept("d")]
        );
        assert_eq!(changed_lines("", "a"), [Added("a")]);
        assert_eq!(changed_lines("a\na", "a"), [Kept("a"), Removed("a")]);
        assert!(changed_lines("", "").is_empty());
    }
}
