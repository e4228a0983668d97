//! How two patterns relate: whether they meet, whether one lies within the
//! other. One algorithm for the letters of a path segment, the segments of a
//! path and the arguments of a command.

/// A step of a pattern: one thing, or any number of things, each like `T`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step<T> {
    /// Exactly one.
    One(T),
    /// None, one or more.
    Many(T),
}

/// Whether something exists that both patterns match. `meet` says it of steps.
pub(crate) fn overlaps<T>(a: &[Step<T>], b: &[Step<T>], meet: impl Fn(&T, &T) -> bool) -> bool {
    solve(a.len(), b.len(), |i, j, known| match (a.get(i), b.get(j)) {
        (None, None) => true,
        (Some(Step::Many(_)), None) => known(i + 1, j),
        (None, Some(Step::Many(_))) => known(i, j + 1),
        (Some(Step::One(_)), None) | (None, Some(Step::One(_))) => false,
        (Some(Step::One(x)), Some(Step::One(y))) => meet(x, y) && known(i + 1, j + 1),
        (Some(Step::Many(x)), Some(Step::One(y))) => {
            known(i + 1, j) || (meet(x, y) && known(i, j + 1))
        }
        (Some(Step::One(x)), Some(Step::Many(y))) => {
            known(i, j + 1) || (meet(x, y) && known(i + 1, j))
        }
        (Some(Step::Many(_)), Some(Step::Many(_))) => known(i + 1, j) || known(i, j + 1),
    })
}

/// Whether everything that `narrow` matches is matched by `wide` too. Sound,
/// not complete: `false` may also mean that it could not be shown.
pub(crate) fn covers<T>(
    wide: &[Step<T>],
    narrow: &[Step<T>],
    over: impl Fn(&T, &T) -> bool,
) -> bool {
    solve(wide.len(), narrow.len(), |i, j, known| {
        match (wide.get(i), narrow.get(j)) {
            (None, None) => true,
            (Some(Step::Many(_)), None) => known(i + 1, j),
            (None, Some(_)) | (Some(Step::One(_)), None | Some(Step::Many(_))) => false,
            (Some(Step::One(x)), Some(Step::One(y))) => over(x, y) && known(i + 1, j + 1),
            (Some(Step::Many(x)), Some(Step::One(y) | Step::Many(y))) => {
                known(i + 1, j) || (over(x, y) && known(i, j + 1))
            }
        }
    })
}

/// Fills the table of answers from the end, so that long patterns cost their
/// product and no more.
fn solve(
    rows: usize,
    columns: usize,
    answer: impl Fn(usize, usize, &dyn Fn(usize, usize) -> bool) -> bool,
) -> bool {
    let width = columns + 2;
    let mut table = vec![false; (rows + 2) * width];
    for i in (0..=rows).rev() {
        for j in (0..=columns).rev() {
            let known = |i: usize, j: usize| table[i * width + j];
            let value = answer(i, j, &known);
            table[i * width + j] = value;
        }
    }
    table[0]
}
