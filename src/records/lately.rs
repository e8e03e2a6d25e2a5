//! How one rule came out lately, for `explain`.

use super::{Recorded, last_of_each};
use crate::model::OutcomeKind;

/// The last outcome of a rule on each pull request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lately {
    /// Met.
    pub met: u64,
    /// Not met.
    pub not_met: u64,
    /// Not met, and waived.
    pub waived: u64,
    /// Not measured.
    pub not_measured: u64,
    /// Not judged.
    pub not_judged: u64,
}

/// Counts the outcomes of a rule, without those for single paths, by the last verdict of each pull request. A record
/// that contradicts itself tells nothing.
pub fn lately(records: &[Recorded], rule: &str) -> Lately {
    let mut counts = Lately::default();
    let (last, _) = last_of_each(records);
    for record in last.into_iter().filter(|record| !record.contradicts_itself) {
        for outcome in record.outcomes.iter().filter(|one| one.id == rule && one.scope.is_empty()) {
            match outcome.kind {
                OutcomeKind::Met => counts.met += 1,
                OutcomeKind::NotMet => counts.not_met += 1,
                OutcomeKind::Waived => counts.waived += 1,
                OutcomeKind::NotMeasured => counts.not_measured += 1,
                OutcomeKind::NotJudged => counts.not_judged += 1,
            }
        }
    }
    counts
}

impl Lately {
    /// `41 met, 3 not met, 2 not judged`, without what did not happen.
    pub fn text(&self) -> String {
        let all = [
            (self.met, "met"),
            (self.not_met, "not met"),
            (self.waived, "waived"),
            (self.not_measured, "not measured"),
            (self.not_judged, "not judged"),
        ];
        let said = all.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}"));
        let said: Vec<String> = said.collect();
        if said.is_empty() { "no verdict is recorded".to_owned() } else { said.join(", ") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::AuthorClass;
    use crate::records::tests::verdict;

    #[test]
    fn the_last_outcome_of_each_pull_request_counts_once() {
        let of = |number, day: &str, covered| verdict("web", number, day, AuthorClass::Owner, (covered, 100));
        let records = [
            of(1, "2026-11-20T10:00:00Z", 10),
            of(1, "2026-11-21T10:00:00Z", 90),
            of(2, "2026-11-21T10:00:00Z", 10),
            of(3, "2026-11-21T10:00:00Z", 80),
        ];
        let counts = lately(&records, "coverage.changed");
        assert_eq!(counts, Lately { met: 2, not_met: 1, ..Lately::default() });
        assert_eq!(counts.text(), "2 met, 1 not met");
        assert_eq!(lately(&records, "scan.new").text(), "no verdict is recorded");
    }
}
