//! Tests counted by their place: suite, class and file, so that rules can be narrowed to some of them.

use super::neighbours::Neighbour;
use super::run::{Case, short};
use crate::model::{TestGroup, TestId};
use std::collections::BTreeMap;

/// The counts per place, as far as the caps allow; cases beyond them stand in the totals of the report alone.
#[derive(Debug, Default)]
pub(super) struct Places {
    groups: Vec<TestGroup>,
    /// Where each place's group stands, by the hash of the place.
    by_hash: BTreeMap<u64, usize>,
    /// The group of the last case; `None` if there was no room for it.
    last: Option<usize>,
    bytes: usize,
}

impl Places {
    /// How many places one report may have.
    const MOST: usize = 10_000;
    /// How many bytes their names may take.
    const MOST_BYTES: usize = 3 << 20;

    /// Counts a case at its place.
    pub(super) fn count(&mut self, case: &Case<'_>, flaky: bool, neighbour: Neighbour) {
        if neighbour == Neighbour::Other {
            let file = match case.place {
                Some((place, _)) if case.file.is_empty() => place,
                _ => case.file,
            };
            self.last = self.group(&short(case.suite), &short(case.class), &short(file));
        }
        let Some(group) = self.last.and_then(|last| self.groups.get_mut(last)) else { return };
        group.totals.count(case.status, flaky);
        if let Some(time) = case.counted_time() {
            group.duration = Some(group.duration.unwrap_or_default().saturating_add(time));
        }
        group.untimed += u64::from(case.is_untimed());
    }

    /// Where the group of a place stands; a new one if there is room.
    fn group(&mut self, suite: &str, class: &str, file: &str) -> Option<usize> {
        let mut hasher = TestId::hasher_behind(suite, class);
        TestId::hash_rest(&mut hasher, "", file);
        let hash = std::hash::Hasher::finish(&hasher);
        if let Some(&place) = self.by_hash.get(&hash) {
            return Some(place);
        }
        let bytes = self.bytes + suite.len() + class.len() + file.len();
        if self.groups.len() >= Self::MOST || bytes > Self::MOST_BYTES {
            return None;
        }
        self.bytes = bytes;
        self.by_hash.insert(hash, self.groups.len());
        self.groups.push(TestGroup {
            suite: suite.into(),
            class: class.into(),
            file: file.into(),
            ..TestGroup::default()
        });
        Some(self.groups.len() - 1)
    }

    /// The groups, sorted by place.
    pub(super) fn finish(mut self) -> Vec<TestGroup> {
        self.groups.sort_unstable_by(|left, right| left.place().cmp(&right.place()));
        self.groups
    }
}

#[cfg(test)]
mod tests {
    use crate::formats::tests::support::read;
    use std::time::Duration;

    #[test]
    fn cases_are_counted_by_suite_class_and_file_wherever_they_stand() {
        let case = |class: &str, name: &str, inner: &str| {
            format!(
                "<testcase classname='{class}' name='{name}' file='t/{class}.py' time='0.5'>{inner}</testcase>"
            )
        };
        let cases = [case("A", "1", ""), case("B", "1", "<skipped/>"), case("A", "2", "<failure/>")].concat();
        let seen = read("junit", &format!("<testsuite name='s'>{cases}</testsuite>"));
        let shown = seen.run.groups.iter().map(|group| {
            let totals = group.totals;
            (
                group.class.raw(),
                group.file.raw(),
                [totals.tests, totals.failed, totals.skipped],
                group.duration,
            )
        });
        let time = |millis| Some(Duration::from_millis(millis));
        assert_eq!(
            shown.collect::<Vec<_>>(),
            [("A", "t/A.py", [2, 1, 0], time(1_000)), ("B", "t/B.py", [1, 0, 1], time(500))]
        );
    }

    #[test]
    fn beyond_the_cap_cases_stand_in_the_totals_alone() {
        let cases: String =
            (0..=super::Places::MOST).map(|n| format!("<testcase classname='{n}' name='t'/>")).collect();
        let seen = read("junit", &format!("<testsuite name='s'>{cases}</testsuite>"));
        assert_eq!(seen.run.groups.len(), super::Places::MOST);
        assert_eq!(seen.run.totals.tests, super::Places::MOST as u64 + 1);
    }
}
