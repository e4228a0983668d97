//! A drawing as Mermaid text, for pages that draw it themselves. Shapes are those of
//! Mermaid 11.3 and later, where a cloud is one of them.

use super::{Drawing, Shape};
use std::fmt::Write;

/// The text, ending with a line break.
pub(crate) fn mermaid(drawing: &Drawing) -> String {
    let mut text = "flowchart TD\n".to_owned();
    for (index, node) in drawing.nodes.iter().enumerate() {
        let shape = match node.shape {
            Shape::Start => "sm-circ",
            Shape::Box => "rect",
            Shape::Cloud => "cloud",
            Shape::Diamond => "diam",
            Shape::Slanted => "lean-r",
            Shape::End => "stadium",
        };
        let label: Vec<_> = node.lines.iter().map(|line| quoted(line)).collect();
        let label = label.join("<br/>");
        let _ = writeln!(
            text,
            "    n{index}@{{ shape: {shape}, label: \"{label}\" }}"
        );
    }
    for edge in &drawing.edges {
        let arrow = if edge.spent { "-.->" } else { "-->" };
        let label = match edge.label.as_str() {
            "" => String::new(),
            label => format!("|\"{}\"|", quoted(label)),
        };
        let _ = writeln!(text, "    n{} {arrow}{label} n{}", edge.from, edge.to);
    }
    text
}

/// What Mermaid takes as text and as nothing else: anything but letters, digits and plain
/// marks becomes the number of its character.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || " .,:/-=_+…".contains(c);
    let mut out = String::new();
    for c in text.chars() {
        if plain(c) {
            out.push(c);
        } else {
            let _ = write!(out, "#{};", u32::from(c));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawing_is_written_as_text() {
        let text = mermaid(&super::super::tests::drawing());
        for line in [
            "flowchart TD",
            "    n1@{ shape: rect, label: \"gather\" }",
            "    n2@{ shape: cloud, label: \"implement\" }",
            "    n3@{ shape: diam, label: \"lint<br/>= std:lint<br/>run #34;ruff#34; #60;check#62; #42;#42;\" }",
            "    n0 --> n1",
            "    n3 -->|\"fail\"| n2",
            "    n2 -.->|\"after 2 visits\"| n6",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
    }
}
