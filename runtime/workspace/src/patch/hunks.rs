//! The hunks of a unified diff.

use std::ops::Range;

use imara_diff::{Algorithm, Diff, Hunk, InternedInput, Token};

/// What differs between two texts, with `context` lines around it.
pub(super) fn hunks(before: &[u8], after: &[u8], context: u32) -> Vec<u8> {
    let input = InternedInput::new(before, after);
    let mut diff = Diff::compute(Algorithm::Histogram, &input);
    diff.postprocess_lines(&input);
    let mut out = Vec::new();
    let mut near: Vec<Hunk> = Vec::new();
    for hunk in diff.hunks() {
        let apart = near
            .last()
            .is_some_and(|last| hunk.before.start - last.before.end > context.saturating_mul(2));
        if apart {
            group(&input, &near, context, &mut out);
            near.clear();
        }
        near.push(hunk);
    }
    group(&input, &near, context, &mut out);
    out
}

/// Writes hunks that share their context.
fn group(input: &InternedInput<&[u8]>, near: &[Hunk], context: u32, out: &mut Vec<u8>) {
    let (Some(first), Some(last)) = (near.first(), near.last()) else {
        return;
    };
    // As many lines are the same before and after, so one count serves both.
    let lead = context.min(first.before.start);
    let end = u32::try_from(input.before.len()).unwrap_or(u32::MAX);
    let tail = context.min(end - last.before.end);
    let before = first.before.start - lead..last.before.end + tail;
    let after = first.after.start - lead..last.after.end + tail;
    out.extend(format!("@@ -{} +{} @@\n", span(&before), span(&after)).into_bytes());
    let mut at = before.start;
    for hunk in near {
        lines(input, b' ', &input.before, at..hunk.before.start, out);
        lines(input, b'-', &input.before, hunk.before.clone(), out);
        lines(input, b'+', &input.after, hunk.after.clone(), out);
        at = hunk.before.end;
    }
    lines(input, b' ', &input.before, at..before.end, out);
}

/// First line and count; of no lines, the line before them.
fn span(range: &Range<u32>) -> String {
    match range.len() {
        0 => format!("{},0", range.start),
        1 => format!("{}", range.start + 1),
        count => format!("{},{count}", range.start + 1),
    }
}

fn lines(
    input: &InternedInput<&[u8]>,
    mark: u8,
    of: &[Token],
    range: Range<u32>,
    out: &mut Vec<u8>,
) {
    let range = range.start as usize..range.end as usize;
    for token in of.get(range).unwrap_or_default() {
        let line = input.interner[*token];
        out.push(mark);
        out.extend_from_slice(line);
        if !line.ends_with(b"\n") {
            out.extend_from_slice(b"\n\\ No newline at end of file\n");
        }
    }
}
