//! A drawing as an SVG picture that needs nothing else: no script, no font, no link.
//!
//! Where the nodes stand is worked out by `rust-sugiyama` (Sugiyama's layered drawing of a
//! directed graph); here they get their shapes, and the edges their ways. The same graph
//! gives the same bytes.

use super::{Drawing, Drawn, Shape};
use rust_sugiyama::configure::Config;
use std::fmt::Write;

/// Width of a character and height of a line, in the picture's units.
const CHARACTER: f64 = 7.3;
const LINE: f64 = 17.0;
/// Around the picture, and between nodes.
const MARGIN: f64 = 30.0;
const SPACING: f64 = 60.0;
/// Between ways back, and how they turn.
const LANE: f64 = 26.0;
const BEND: f64 = 8.0;

/// Where a node stands: its middle and its size.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
}

/// The picture, ending with a line break.
pub(crate) fn svg(drawing: &Drawing) -> String {
    let ahead = ahead(drawing);
    let places = places(drawing, &ahead);
    let back = ahead.iter().filter(|ahead| !**ahead).count();
    let lanes = f64::from(u32::try_from(back).unwrap_or(0)) * LANE;
    let right = places.iter().map(|at| at.x + at.width / 2.0);
    let right = right.fold(0.0, f64::max) + LANE;
    let below = places.iter().map(|at| at.y + at.height / 2.0);
    let below = below.fold(0.0, f64::max);
    let (width, height) = (right + lanes + MARGIN, below + MARGIN);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" \
         width=\"{width:.0}\" height=\"{height:.0}\" font-family=\"monospace\" font-size=\"12\">\n\
         <defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"8\" \
         markerHeight=\"8\" orient=\"auto\"><path d=\"M0 0 L8 4 L0 8 z\"/></marker></defs>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    let mut lane = right;
    for (edge, ahead) in drawing.edges.iter().zip(&ahead) {
        let (from, to) = (places[edge.from], places[edge.to]);
        let way = if *ahead {
            way_on(from, to)
        } else {
            lane += LANE;
            way_back(from, to, lane - LANE)
        };
        let dashes = if edge.spent {
            " stroke-dasharray=\"5 4\""
        } else {
            ""
        };
        let _ = writeln!(
            out,
            "<path d=\"{}\" fill=\"none\" stroke=\"black\"{dashes} marker-end=\"url(#tip)\"/>",
            way.path
        );
        if !edge.label.is_empty() {
            let label = escaped(&edge.label);
            let (x, y) = way.middle;
            let _ = writeln!(
                out,
                "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"middle\" fill=\"#444\" \
                 stroke=\"white\" stroke-width=\"4\" paint-order=\"stroke\">{label}</text>"
            );
        }
    }
    for (node, at) in drawing.nodes.iter().zip(&places) {
        draw(&mut out, node, *at);
    }
    out.push_str("</svg>\n");
    out
}

/// The size that a node's text needs in its shape.
fn size(node: &Drawn) -> (f64, f64) {
    let widest = node.lines.iter().map(|line| line.chars().count()).max();
    let width = f64::from(u32::try_from(widest.unwrap_or(0)).unwrap_or(0)) * CHARACTER;
    let height = f64::from(u32::try_from(node.lines.len()).unwrap_or(0)) * LINE;
    match node.shape {
        Shape::Start => (14.0, 14.0),
        // A text fits a diamond of twice its size.
        Shape::Diamond => (width * 1.5 + 40.0, height * 1.8 + 30.0),
        Shape::Cloud => (width + 90.0, height + 76.0),
        Shape::Slanted => (width + 60.0, height + 20.0),
        Shape::Box | Shape::End => (width + 28.0, height + 18.0),
    }
}

/// Which edges lead on, as a reader goes from the start: all others lead back to a node that
/// they came from.
fn ahead(drawing: &Drawing) -> Vec<bool> {
    let mut ahead = vec![true; drawing.edges.len()];
    let (mut done, mut within) = (
        vec![false; drawing.nodes.len()],
        vec![false; drawing.nodes.len()],
    );
    for root in 0..drawing.nodes.len() {
        // A node with the next of its edges to look at.
        let mut path = vec![(root, 0)];
        while let Some((node, next)) = path.pop() {
            if done[node] {
                continue;
            }
            within[node] = true;
            let edges = drawing.edges.iter().enumerate().skip(next);
            let mut own = edges.filter(|(_, edge)| edge.from == node);
            let Some((index, edge)) = own.next() else {
                (done[node], within[node]) = (true, false);
                continue;
            };
            path.push((node, index + 1));
            if within[edge.to] {
                ahead[index] = false;
            } else if !done[edge.to] {
                path.push((edge.to, 0));
            }
        }
    }
    ahead
}

fn places(drawing: &Drawing, ahead: &[bool]) -> Vec<Place> {
    let number = |index: usize| u32::try_from(index).unwrap_or(u32::MAX);
    let sizes: Vec<_> = drawing.nodes.iter().map(size).collect();
    let nodes: Vec<_> = sizes
        .iter()
        .enumerate()
        .map(|(index, size)| (number(index), *size))
        .collect();
    let mut edges: Vec<_> = drawing
        .edges
        .iter()
        .zip(ahead)
        .filter(|(_, ahead)| **ahead)
        .map(|(edge, _)| (number(edge.from), number(edge.to)))
        .collect();
    edges.sort_unstable();
    edges.dedup();
    let config = Config {
        vertex_spacing: SPACING,
        ..Config::default()
    };
    let mut places = vec![Place::default(); nodes.len()];
    let mut left = MARGIN;
    for (found, width, _) in rust_sugiyama::from_vertices_and_edges(&nodes, &edges, &config) {
        // One part of the graph beside the other; each counts from its own corner.
        let lowest = |pick: fn(&Place) -> f64| {
            let all = found.iter().map(|(index, (x, y))| {
                let (width, height) = sizes[*index];
                pick(&Place {
                    x: *x,
                    y: *y,
                    width,
                    height,
                })
            });
            all.fold(f64::INFINITY, f64::min)
        };
        let (west, north) = (
            lowest(|at| at.x - at.width / 2.0),
            lowest(|at| at.y - at.height / 2.0),
        );
        for (index, (x, y)) in &found {
            let (width, height) = sizes[*index];
            places[*index] = Place {
                x: x - west + left,
                y: y - north + MARGIN,
                width,
                height,
            };
        }
        left += width + SPACING;
    }
    places
}

/// The way of an edge, and where its label stands.
struct Way {
    path: String,
    middle: (f64, f64),
}

/// From the foot of one node to the head of a later one.
fn way_on(from: Place, to: Place) -> Way {
    let (out, into) = (from.y + from.height / 2.0, to.y - to.height / 2.0);
    let half = f64::midpoint(out, into);
    Way {
        path: format!(
            "M{:.1} {out:.1} C{:.1} {half:.1} {:.1} {half:.1} {:.1} {into:.1}",
            from.x, from.x, to.x, to.x
        ),
        middle: (f64::midpoint(from.x, to.x), half),
    }
}

/// Back to an earlier node, or to the same: along a lane of its own at the right side.
fn way_back(from: Place, to: Place, lane: f64) -> Way {
    let (start, end) = (from.x + from.width / 2.0, to.x + to.width / 2.0);
    let same = (from.x, from.y) == (to.x, to.y);
    let target = if same { to.y - to.height / 4.0 } else { to.y };
    let (bend, turn) = (lane - BEND, BEND);
    Way {
        path: format!(
            "M{start:.1} {:.1} H{bend:.1} q{turn} 0 {turn} -{turn} V{:.1} q0 -{turn} -{turn} -{turn} H{end:.1}",
            from.y,
            target + BEND
        ),
        middle: (lane, f64::midpoint(from.y, target)),
    }
}

fn draw(out: &mut String, node: &Drawn, at: Place) {
    let _ = writeln!(out, "{}", outline(node.shape, at));
    if node.shape == Shape::Start {
        return;
    }
    let lines = f64::from(u32::try_from(node.lines.len()).unwrap_or(0));
    let mut below = at.y - lines * LINE / 2.0 + LINE * 0.75;
    for (index, line) in node.lines.iter().enumerate() {
        let weight = if index == 0 {
            " font-weight=\"bold\""
        } else {
            " fill=\"#333\""
        };
        let _ = writeln!(
            out,
            "<text x=\"{:.1}\" y=\"{below:.1}\" text-anchor=\"middle\"{weight}>{}</text>",
            at.x,
            escaped(line)
        );
        below += LINE;
    }
}

fn outline(shape: Shape, at: Place) -> String {
    let (across, down) = (at.width / 2.0, at.height / 2.0);
    let (left, right, top, bottom) = (at.x - across, at.x + across, at.y - down, at.y + down);
    let style = "fill=\"white\" stroke=\"black\"";
    match shape {
        Shape::Start => format!("<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"7\"/>", at.x, at.y),
        Shape::Box => rectangle(at, 0.0, style),
        Shape::End => rectangle(at, down, style),
        Shape::Diamond => {
            let corners = [(at.x, top), (right, at.y), (at.x, bottom), (left, at.y)];
            polygon(&corners, style)
        }
        Shape::Slanted => {
            let corners = [
                (left + 18.0, top),
                (right, top),
                (right - 18.0, bottom),
                (left, bottom),
            ];
            polygon(&corners, style)
        }
        Shape::Cloud => cloud(at, style),
    }
}

fn rectangle(at: Place, round: f64, style: &str) -> String {
    let (x, y) = (at.x - at.width / 2.0, at.y - at.height / 2.0);
    format!(
        "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"{round:.1}\" {style}/>",
        at.width, at.height
    )
}

fn polygon(corners: &[(f64, f64)], style: &str) -> String {
    let points: Vec<_> = corners
        .iter()
        .map(|(x, y)| format!("{x:.1},{y:.1}"))
        .collect();
    format!("<polygon points=\"{}\" {style}/>", points.join(" "))
}

/// Bulges all around.
fn cloud(at: Place, style: &str) -> String {
    let (w, h) = (at.width / 2.0 - 24.0, at.height / 2.0 - 29.0);
    let corners = [
        (-w, -h),
        (-w / 3.0, -h),
        (w / 3.0, -h),
        (w, -h),
        (w, h),
        (w / 3.0, h),
        (-w / 3.0, h),
        (-w, h),
    ];
    let mut path = format!("M{:.1} {:.1}", at.x + corners[0].0, at.y + corners[0].1);
    for index in 1..=corners.len() {
        let (from, to) = (corners[index - 1], corners[index % corners.len()]);
        let radius = ((to.0 - from.0).hypot(to.1 - from.1) / 2.0 * 1.15).max(8.0);
        let _ = write!(
            path,
            " A{radius:.1} {radius:.1} 0 0 1 {:.1} {:.1}",
            at.x + to.0,
            at.y + to.1
        );
    }
    format!("<path d=\"{path} z\" {style}/>")
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_graph_is_the_same_picture() {
        let first = svg(&super::super::tests::drawing());
        for _ in 0..20 {
            assert_eq!(svg(&super::super::tests::drawing()), first);
        }
        assert_eq!(
            first.matches("<polygon").count(),
            2,
            "a gate and an approval"
        );
        assert_eq!(first.matches(" A").count(), 8, "one cloud");
        assert!(
            first.contains("run &quot;ruff&quot; &lt;check&gt; **"),
            "{first}"
        );
    }

    #[test]
    fn no_two_nodes_stand_on_one_another() {
        let drawing = super::super::tests::drawing();
        let ahead = ahead(&drawing);
        let back: Vec<_> = drawing
            .edges
            .iter()
            .zip(&ahead)
            .filter(|(_, ahead)| !**ahead)
            .collect();
        assert!(
            back.iter().all(|(edge, _)| edge.to == 2),
            "only back to the agent"
        );
        let places = places(&drawing, &ahead);
        assert!(
            places.windows(2).take(4).all(|two| two[0].y < two[1].y),
            "{places:?}"
        );
        for (index, one) in places.iter().enumerate() {
            for other in &places[index + 1..] {
                let apart = (one.x - other.x).abs() * 2.0 >= one.width + other.width
                    || (one.y - other.y).abs() * 2.0 >= one.height + other.height;
                assert!(apart, "{one:?} {other:?}");
            }
        }
    }
}
