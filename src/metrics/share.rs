//! The innersource contribution percentage, with everything that it is made from.

use crate::model::{AuthorClass, Date, Ratio, Untrusted};
use std::collections::BTreeMap;

/// With fewer contributions than this a share says nothing.
pub const TOO_FEW: u64 = 5;

/// The seconds of a day.
const DAY: u64 = 86_400;

/// What is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unit {
    /// Merged pull requests.
    #[default]
    PullRequests,
    /// Commits that are no merges.
    Commits,
    /// Pull requests that passed, where only records are there: they do not say what was merged.
    PassedPullRequests,
}

impl Unit {
    /// For people and JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::PullRequests => "pull-requests",
            Self::Commits => "commits",
            Self::PassedPullRequests => "passed-pull-requests",
        }
    }
}

/// One merged contribution. It has no author: the class is all that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contribution {
    /// When it was merged, in seconds since 1970.
    pub at: u64,
    /// Number of the pull request, where it is known.
    pub number: Option<u64>,
    /// Its title.
    pub title: Untrusted,
    /// Who it came from.
    pub class: AuthorClass,
    /// True if the class was decided by the gate on the day; false if it is estimated from the history.
    pub on_the_day: bool,
}

/// The days that are counted: from and until, both inclusive, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The first day.
    pub from: Date,
    /// The last day.
    pub until: Date,
}

impl Window {
    /// True if a moment, in seconds since 1970, lies in it.
    pub fn holds(&self, at: u64) -> bool {
        let day = at / DAY;
        (u64::from(self.from.days())..=u64::from(self.until.days())).contains(&day)
    }
}

/// Numerator and the rest of the denominator.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// Contributions by external people.
    pub external: u64,
    /// Contributions by owners.
    pub owners: u64,
}

impl Share {
    /// External of all; `None` if there are too few to say anything.
    pub const fn ratio(&self) -> Option<Ratio> {
        let whole = self.external.saturating_add(self.owners);
        if whole < TOO_FEW { None } else { Some(Ratio { part: self.external, whole }) }
    }

    /// Both together.
    pub const fn total(&self) -> u64 {
        self.external.saturating_add(self.owners)
    }

    const fn add(&mut self, class: AuthorClass) -> bool {
        match class {
            AuthorClass::External => self.external += 1,
            AuthorClass::Owner => self.owners += 1,
            AuthorClass::Bot | AuthorClass::UnknownIdentity | AuthorClass::NoOwners => return false,
        }
        true
    }
}

/// What is in neither number, and why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// By programs.
    pub bots: u64,
    /// By authors of whom nobody can say whether they are owners.
    pub unknown_identity: u64,
    /// From a time when nobody was named as owner.
    pub no_owners: u64,
    /// Commits without a pull request: pushed directly, or rebased.
    pub direct_commits: u64,
}

/// A month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Period {
    /// `2026-11`.
    pub month: String,
    /// What was merged in it.
    pub share: Share,
}

/// The figures of one repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepositoryFigures {
    /// Its name.
    pub name: Untrusted,
    /// What is counted.
    pub unit: Unit,
    /// The days.
    pub window: Window,
    /// Numerator and denominator.
    pub share: Share,
    /// How many of the denominator were classed by the gate on the day; the others are estimated.
    pub on_the_day: u64,
    /// What is in neither.
    pub left_out: LeftOut,
    /// The months of the window from the first one with a contribution, the oldest first.
    pub months: Vec<Period>,
    /// The first day that a shallow clone still shows, if it lies in the window.
    pub cut_at: Option<Date>,
    /// What only a gate knows; `None` without records.
    pub gate: Option<super::Companions>,
}

/// Numerator, denominator and rest of the contributions in the window; of direct commits the times are enough.
pub fn figures(
    name: Untrusted,
    unit: Unit,
    window: Window,
    contributions: &[Contribution],
    direct_commits: &[u64],
) -> RepositoryFigures {
    let mut months: BTreeMap<String, Share> =
        months_of(window).into_iter().map(|month| (month, Share::default())).collect();
    let (mut share, mut left_out, mut on_the_day) = (Share::default(), LeftOut::default(), 0);
    for contribution in contributions.iter().filter(|one| window.holds(one.at)) {
        if share.add(contribution.class) {
            on_the_day += u64::from(contribution.on_the_day);
            if let Some(month) = month_of(contribution.at) {
                months.entry(month).or_default().add(contribution.class);
            }
        }
        match contribution.class {
            AuthorClass::Owner | AuthorClass::External => {}
            AuthorClass::Bot => left_out.bots += 1,
            AuthorClass::UnknownIdentity => left_out.unknown_identity += 1,
            AuthorClass::NoOwners => left_out.no_owners += 1,
        }
    }
    left_out.direct_commits = direct_commits.iter().map(|at| u64::from(window.holds(*at))).sum();
    let months = months.into_iter().skip_while(|(_, share)| share.total() == 0);
    let months = months.map(|(month, share)| Period { month, share }).collect();
    RepositoryFigures { name, unit, window, share, on_the_day, left_out, months, cut_at: None, gate: None }
}

/// Numerator and denominator of several repositories together.
pub fn share_of(repositories: &[RepositoryFigures]) -> Share {
    let mut sum = Share::default();
    for repository in repositories {
        sum.external = sum.external.saturating_add(repository.share.external);
        sum.owners = sum.owners.saturating_add(repository.share.owners);
    }
    sum
}

fn month_of(at: u64) -> Option<String> {
    Date::from_unix_seconds(at).map(month)
}

fn month(date: Date) -> String {
    date.to_string().chars().take(7).collect()
}

fn months_of(window: Window) -> Vec<String> {
    let (first, last) = (u64::from(window.from.days()), u64::from(window.until.days()));
    let mut months: Vec<String> = (first..=last).filter_map(|day| month_of(day * DAY)).collect();
    months.dedup();
    months
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(from: &str, until: &str) -> Window {
        Window { from: Date::parse(from).unwrap(), until: Date::parse(until).unwrap() }
    }

    fn contribution(day: &str, class: AuthorClass) -> Contribution {
        let at = u64::from(Date::parse(day).unwrap().days()) * DAY + DAY - 1;
        Contribution {
            at,
            number: None,
            title: "t".into(),
            class,
            on_the_day: class == AuthorClass::External,
        }
    }

    #[test]
    fn the_share_is_external_of_external_and_owners() {
        let all = [
            contribution("2026-01-31", AuthorClass::Owner),
            contribution("2026-02-01", AuthorClass::External),
            contribution("2026-02-01", AuthorClass::Owner),
            contribution("2026-03-31", AuthorClass::External),
            contribution("2026-03-31", AuthorClass::Owner),
            contribution("2026-03-31", AuthorClass::Bot),
            contribution("2026-03-31", AuthorClass::UnknownIdentity),
            contribution("2026-03-31", AuthorClass::NoOwners),
            contribution("2026-04-01", AuthorClass::External),
        ];
        let figures = figures("x".into(), Unit::PullRequests, window("2026-01-31", "2026-03-31"), &all, &[0]);
        assert_eq!(figures.share, Share { external: 2, owners: 3 });
        assert_eq!(figures.share.ratio(), Some(Ratio { part: 2, whole: 5 }));
        assert_eq!(figures.on_the_day, 2);
        let left_out = LeftOut { bots: 1, unknown_identity: 1, no_owners: 1, direct_commits: 0 };
        assert_eq!(figures.left_out, left_out);
        let months: Vec<_> = figures.months.iter().map(|p| (p.month.as_str(), p.share.total())).collect();
        assert_eq!(months, [("2026-01", 1), ("2026-02", 2), ("2026-03", 2)]);
    }

    #[test]
    fn fewer_than_five_are_too_few_to_give_a_share() {
        assert_eq!(Share { external: 4, owners: 0 }.ratio(), None);
        assert!(Share { external: 0, owners: 5 }.ratio().is_some());
    }

    #[test]
    fn both_ends_of_the_window_count() {
        let window = window("2026-01-01", "2026-01-02");
        let at = |text: &str| u64::from(Date::parse(text).unwrap().days()) * DAY;
        assert!(!window.holds(at("2026-01-01") - 1) && window.holds(at("2026-01-01")));
        assert!(window.holds(at("2026-01-03") - 1) && !window.holds(at("2026-01-03")));
    }
}
