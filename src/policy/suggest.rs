//! "Did you mean": the candidate that is closest to a misspelt word.

/// The candidate with the fewest edits (insert, delete, replace, swap neighbours) from `word`, if they are few
/// enough for a slip of the hand: one for short words, up to a third of the letters for long ones.
pub(super) fn closest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let lower = word.to_lowercase();
    if lower.chars().count() > 100 {
        return None;
    }
    candidates
        .into_iter()
        .map(|candidate| (edits(&lower, candidate), candidate))
        .filter(|(edits, candidate)| *edits <= (candidate.chars().count() / 3).max(1))
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, candidate)| candidate)
}

/// `did you mean `x`?`, with the rest of the help behind it.
pub(super) fn help<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>, otherwise: &str) -> String {
    match closest(word, candidates) {
        Some(candidate) if otherwise.is_empty() => format!("did you mean `{candidate}`?"),
        Some(candidate) => format!("did you mean `{candidate}`? {otherwise}"),
        None => otherwise.to_owned(),
    }
}

/// Optimal string alignment distance, over three rows of the table.
fn edits(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=right.len()).collect();
    let mut previous = None;
    for (row, from) in left.chars().enumerate() {
        let mut current = vec![row + 1];
        for (column, &to) in right.iter().enumerate() {
            let at = |cells: &[usize], index: usize| cells.get(index).copied().unwrap_or(usize::MAX - 1);
            let replaced = at(&last, column) + usize::from(from != to);
            let mut best = replaced.min(at(&last, column + 1) + 1).min(at(&current, column) + 1);
            let swapped = column
                .checked_sub(1)
                .filter(|&earlier| previous == Some(to) && right.get(earlier) == Some(&from));
            if let Some(earlier) = swapped {
                best = best.min(at(&before, earlier) + 1);
            }
            current.push(best);
        }
        before = std::mem::replace(&mut last, current);
        previous = Some(from);
    }
    last.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_swapped_letters_are_one_slip() {
        assert_eq!(edits("coverage.chnaged", "coverage.changed"), 1);
        assert_eq!(edits("", "abc"), 3);
        assert_eq!(edits("kitten", "sitting"), 3);
    }

    #[test]
    fn a_word_that_is_too_far_away_is_not_suggested() {
        assert_eq!(closest("mni", ["min", "max"]), Some("min"));
        assert_eq!(closest("quorum", ["min", "max"]), None);
        assert_eq!(closest("Tests.Failed", ["tests.failed"]), Some("tests.failed"));
    }
}
