//! What only a gate knows: how contributors fare at it.

use super::{TOO_FEW, median};
use crate::model::{AuthorClass, VerdictKind};
use std::collections::{BTreeMap, BTreeSet};

/// One verdict on a pull request, as far as the figures need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// `owner/name`, in lower case; empty if the record does not say.
    pub repo: String,
    /// Number of the pull request.
    pub pull_request: u64,
    /// When it was decided, in seconds since 1970.
    pub decided_at: u64,
    /// Who proposes the change.
    pub class: AuthorClass,
    /// What the gate said.
    pub verdict: VerdictKind,
    /// Enforced rules that stopped it.
    pub stopped_by: Vec<String>,
    /// True if a rule is not met and its steps are for the contributor.
    pub is_authors: bool,
}

/// How one class of people fares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// Pull requests with at least one verdict.
    pub pull_requests: u64,
    /// Those whose first verdict was a pass.
    pub passed_at_first: u64,
    /// Those that passed at some time.
    pub passed: u64,
    /// The middle time from the first verdict to the first pass, in seconds, of those that did not pass at once.
    pub median_seconds_to_pass: Option<u64>,
    /// Verdicts that were no pass.
    pub reds: u64,
    /// Of those, the ones that asked nothing of the author: evidence was missing, or the owners had to act.
    pub reds_not_authors: u64,
    /// The rule that stopped most pull requests, and how many.
    pub most_stopping: Option<(String, u64)>,
    /// Pull requests that at least one verdict stopped.
    pub stopped: u64,
    /// Verdicts.
    pub verdicts: u64,
    /// Of those, no-verdict.
    pub no_verdicts: u64,
}

impl Group {
    /// True if nothing of it should be shown.
    pub const fn is_too_few(&self) -> bool {
        self.pull_requests < TOO_FEW
    }
}

/// Both classes side by side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Companions {
    /// People outside of the owning team.
    pub external: Group,
    /// Owners.
    pub owners: Group,
    /// Pull requests of programs and of people whose class is not known.
    pub left_out: u64,
}

/// The figures of these attempts. A pull request has the class of its last verdict.
pub fn companions<'a>(attempts: impl IntoIterator<Item = &'a Attempt>) -> Companions {
    let mut by_pull_request: BTreeMap<(&str, u64), Vec<&Attempt>> = BTreeMap::new();
    for attempt in attempts {
        by_pull_request.entry((&attempt.repo, attempt.pull_request)).or_default().push(attempt);
    }
    let mut groups: BTreeMap<AuthorClass, Vec<Vec<&Attempt>>> = BTreeMap::new();
    let mut left_out = 0;
    for mut attempts in by_pull_request.into_values() {
        attempts.sort_by_key(|attempt| attempt.decided_at);
        match attempts.last().map(|last| last.class) {
            Some(class @ (AuthorClass::External | AuthorClass::Owner)) => {
                groups.entry(class).or_default().push(attempts);
            }
            _ => left_out += 1,
        }
    }
    let mut take = |class| group(&groups.remove(&class).unwrap_or_default());
    Companions { external: take(AuthorClass::External), owners: take(AuthorClass::Owner), left_out }
}

fn group(pull_requests: &[Vec<&Attempt>]) -> Group {
    let mut group = Group::default();
    let (mut times, mut stops) = (Vec::new(), BTreeMap::<&str, u64>::new());
    for attempts in pull_requests {
        let Some(first) = attempts.first() else { continue };
        group.pull_requests += 1;
        group.verdicts += attempts.len() as u64;
        let mut stopping = BTreeSet::new();
        for attempt in attempts.iter().filter(|attempt| attempt.verdict != VerdictKind::Passed) {
            group.reds += 1;
            group.reds_not_authors += u64::from(!attempt.is_authors);
            group.no_verdicts += u64::from(attempt.verdict == VerdictKind::NoVerdict);
            stopping.extend(attempt.stopped_by.iter().map(String::as_str));
        }
        for rule in &stopping {
            *stops.entry(rule).or_default() += 1;
        }
        group.stopped += u64::from(!stopping.is_empty());
        let pass = attempts.iter().find(|attempt| attempt.verdict == VerdictKind::Passed);
        let Some(pass) = pass else { continue };
        group.passed += 1;
        if first.verdict == VerdictKind::Passed {
            group.passed_at_first += 1;
        } else {
            times.push(pass.decided_at.saturating_sub(first.decided_at));
        }
    }
    group.median_seconds_to_pass = median(times);
    // Of two that stopped equally many, the first by its name: the figure must not depend on chance.
    let most = stops.into_iter().rev().max_by_key(|(_, count)| *count);
    group.most_stopping = most.map(|(rule, count)| (rule.to_owned(), count));
    group
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(number: u64, at: u64, class: AuthorClass, verdict: VerdictKind, rules: &[&str]) -> Attempt {
        Attempt {
            repo: "acme/x".to_owned(),
            pull_request: number,
            decided_at: at,
            class,
            verdict,
            stopped_by: rules.iter().map(|rule| (*rule).to_owned()).collect(),
            is_authors: verdict == VerdictKind::NeedsChanges,
        }
    }

    #[test]
    fn outsiders_and_owners_are_counted_apart() {
        use VerdictKind::{NeedsChanges, NoVerdict, Passed};
        let attempts = [
            attempt(1, 100, AuthorClass::External, NeedsChanges, &["coverage.changed", "tests.failed"]),
            attempt(1, 400, AuthorClass::External, Passed, &[]),
            attempt(2, 100, AuthorClass::External, NoVerdict, &["evidence.reports"]),
            attempt(2, 160, AuthorClass::External, NeedsChanges, &["coverage.changed"]),
            attempt(3, 100, AuthorClass::External, Passed, &[]),
            attempt(4, 100, AuthorClass::Owner, Passed, &[]),
            attempt(5, 100, AuthorClass::Bot, NeedsChanges, &["tests.failed"]),
        ];
        let found = companions(&attempts);
        let external = Group {
            pull_requests: 3,
            passed_at_first: 1,
            passed: 2,
            median_seconds_to_pass: Some(300),
            reds: 3,
            reds_not_authors: 1,
            most_stopping: Some(("coverage.changed".to_owned(), 2)),
            stopped: 2,
            verdicts: 5,
            no_verdicts: 1,
        };
        assert_eq!(found.external, external);
        assert_eq!(found.owners.passed_at_first, 1);
        assert_eq!(found.left_out, 1);
    }

    #[test]
    fn the_order_of_the_records_does_not_matter() {
        let attempts = [
            attempt(1, 400, AuthorClass::External, VerdictKind::Passed, &[]),
            attempt(1, 100, AuthorClass::External, VerdictKind::NeedsChanges, &["b", "a"]),
        ];
        let found = companions(&attempts);
        assert_eq!(found.external.passed_at_first, 0);
        assert_eq!(found.external.most_stopping, Some(("a".to_owned(), 1)));
    }
}
