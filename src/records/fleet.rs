//! What the verdicts of many repositories say together: which repositories need somebody, and why.
//!
//! No person is ever named and no team is ranked: repositories that need attention come first, by the kind of
//! attention and their name. Rates of groups under [`FEWEST`] pull requests are not given.

use super::{Counts, Lifted, Recorded, median};
use crate::model::{AuthorClass, Date, Moment, Untrusted, VerdictKind};
use std::collections::{BTreeMap, BTreeSet};

/// Groups of fewer pull requests are not shown: they would speak of persons.
const FEWEST: u64 = 5;
/// An exception that ends within so many days is worth a word.
const ENDING_DAYS: u32 = 14;
/// A repository whose verdicts are more often none than this, in percent, is worth a word.
const MANY_NO_VERDICTS: u64 = 10;

/// The days that are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The last day.
    pub today: Date,
    /// How many days, today among them.
    pub days: u32,
}

impl Window {
    fn age(self, day: Date) -> u32 {
        self.today.days().saturating_sub(day.days())
    }

    fn holds(self, day: Date) -> bool {
        day <= self.today && self.age(day) < self.days
    }
}

/// Why somebody should look at a repository. Ordered by what comes first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Attention {
    /// No verdict in the window.
    Silent {
        /// The day of the last one; `None` if there is no record at all.
        since: Option<Date>,
    },
    /// The repository asks for less than the organisation's floor, which holds all the same.
    BelowFloor {
        /// The value and the floor, in words.
        what: Untrusted,
    },
    /// A test fails on the base too.
    BrokenBase {
        /// The test.
        test: Untrusted,
        /// The first day on which a verdict says so.
        since: Date,
        /// Pull requests that it touched.
        pull_requests: u64,
    },
    /// Verdicts are missing for one reason.
    NoVerdict {
        /// The rule that could not be measured.
        rule: String,
        /// Why, as most of them say it.
        reason: Untrusted,
        /// How many verdicts.
        verdicts: u64,
        /// Of how many.
        of: u64,
    },
    /// An exception ends soon.
    Ending {
        /// What it lifts.
        lifted: Lifted,
    },
}

impl Attention {
    /// The word in front of it.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Silent { .. } => "silent",
            Self::BelowFloor { .. } => "below floor",
            Self::BrokenBase { .. } => "broken base",
            Self::NoVerdict { .. } => "no verdict",
            Self::Ending { .. } => "exception",
        }
    }
}

/// One repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    /// Its name: the folder of its records.
    pub name: String,
    /// The teams that own it.
    pub owners: Untrusted,
    /// The policy that judged last.
    pub policy: Untrusted,
    /// Verdicts of the window.
    pub verdicts: Counts,
    /// Pull requests of the window.
    pub pull_requests: u64,
    /// Exceptions that hold.
    pub exceptions: u64,
    /// The day of the last verdict.
    pub last: Option<Date>,
    /// Why somebody should look at it, most important first.
    pub attention: Vec<Attention>,
}

impl Repository {
    /// True if its rates may be shown.
    pub const fn is_large_enough(&self) -> bool {
        self.pull_requests >= FEWEST
    }
}

/// The verdicts on one class of contributors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Column {
    /// Pull requests.
    pub pull_requests: u64,
    /// All verdicts on them.
    pub verdicts: Counts,
    /// Pull requests whose first verdict lies in the window.
    pub begun: u64,
    /// Of those, passed at the first verdict.
    pub first_attempt: u64,
    /// Seconds from the first verdict to the first passed one, in the middle of those that needed more than one.
    pub median_seconds: Option<u64>,
}

impl Column {
    /// True if it may be shown.
    pub const fn is_large_enough(&self) -> bool {
        self.pull_requests >= FEWEST
    }
}

/// All repositories.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fleet {
    /// The days that were looked at.
    pub window: Window,
    /// The repositories: those that need attention first, then by name.
    pub repositories: Vec<Repository>,
    /// All verdicts of the window.
    pub verdicts: Counts,
    /// Verdicts on pull requests of the owning team.
    pub owners: Column,
    /// Verdicts on pull requests from outside of it.
    pub external: Column,
    /// Verdicts by bots, and where nobody could say whose the change was: in neither column.
    pub neither: u64,
    /// Exceptions that hold.
    pub exceptions: u64,
    /// Of those, that end within two weeks.
    pub ending: u64,
    /// Share of the verdicts that are none which the worst repositories cause: how many repositories, and how
    /// many of these verdicts.
    pub worst: Option<(u64, u64)>,
    /// Records that were left out: without a date, later than today, or contradicting themselves.
    pub left_out: u64,
}

impl Fleet {
    /// Repositories with a verdict in the window.
    pub fn reporting(&self) -> u64 {
        self.repositories.iter().filter(|repository| repository.verdicts.total() > 0).count() as u64
    }
}

/// Adds up the records. `names` are all repositories, also those without a record.
pub fn fleet<'r>(
    records: impl IntoIterator<Item = &'r Recorded>,
    names: &'r [String],
    window: Window,
) -> Fleet {
    let mut by_name: BTreeMap<&str, Vec<(Moment, Date, &Recorded)>> =
        names.iter().map(|name| (name.as_str(), Vec::new())).collect();
    let mut left_out = 0;
    for record in records {
        let dated = record.decided.and_then(|moment| Some((moment, moment.day()?)));
        match dated.filter(|(_, day)| *day <= window.today && !record.contradicts_itself) {
            Some((moment, day)) => {
                by_name.entry(record.repository.as_str()).or_default().push((moment, day, record));
            }
            None => left_out += 1,
        }
    }
    let mut columns = Columns::default();
    let mut repositories: Vec<Repository> = Vec::new();
    let (mut exceptions, mut ending) = (0, 0);
    for (name, mut records) in by_name {
        records.sort_by(|a, b| (a.0, &a.2.file).cmp(&(b.0, &b.2.file)));
        columns.add(&records, window);
        let repository = repository(name, &records, window);
        exceptions += repository.exceptions;
        ending +=
            repository.attention.iter().filter(|why| matches!(why, Attention::Ending { .. })).count() as u64;
        repositories.push(repository);
    }
    let mut verdicts = Counts::default();
    for repository in &repositories {
        verdicts.add(&repository.verdicts);
    }
    let worst = worst(&repositories, verdicts.no_verdict);
    repositories.sort_by(|a, b| rank(a).cmp(&rank(b)));
    let (owners, external) = columns.finish();
    Fleet {
        window,
        repositories,
        verdicts,
        owners,
        external,
        neither: columns.neither,
        exceptions,
        ending,
        worst,
        left_out,
    }
}

/// By the kind of attention and the name, never by how good or bad a repository is.
fn rank(repository: &Repository) -> (u8, &str) {
    let kind = match repository.attention.first() {
        Some(Attention::Silent { .. }) => 0,
        Some(Attention::BelowFloor { .. }) => 1,
        Some(Attention::BrokenBase { .. }) => 2,
        Some(Attention::NoVerdict { .. }) => 3,
        Some(Attention::Ending { .. }) => 4,
        None => 5,
    };
    (kind, &repository.name)
}

type Dated<'r> = (Moment, Date, &'r Recorded);

fn repository(name: &str, records: &[Dated<'_>], window: Window) -> Repository {
    let inside: Vec<&Dated<'_>> = records.iter().filter(|(_, day, _)| window.holds(*day)).collect();
    let mut verdicts = Counts::default();
    for (.., record) in &inside {
        verdicts.count(record.kind);
    }
    let last = records.last();
    let mut attention = Vec::new();
    if inside.is_empty() {
        attention.push(Attention::Silent { since: last.map(|(_, day, _)| *day) });
    }
    for what in last.iter().flat_map(|(.., record)| &record.below_floor) {
        attention.push(Attention::BelowFloor { what: what.clone() });
    }
    attention.extend(broken_bases(records, &inside));
    attention.extend(no_verdicts(&inside, verdicts.total()));
    let held: BTreeSet<&Lifted> = inside
        .iter()
        .flat_map(|(.., record)| &record.lifted)
        .filter(|lifted| lifted.until >= window.today)
        .collect();
    let soon = |lifted: &&&Lifted| lifted.until.days() - window.today.days() <= ENDING_DAYS;
    attention.extend(held.iter().filter(soon).map(|lifted| Attention::Ending { lifted: (*lifted).clone() }));
    attention.sort();
    attention.dedup();
    let pull_requests: BTreeSet<u64> = inside.iter().filter_map(|(.., record)| record.pull_request).collect();
    Repository {
        name: name.to_owned(),
        owners: last.map(|(.., record)| record.owners.clone()).unwrap_or_default(),
        policy: last.map(|(.., record)| record.policy.clone()).unwrap_or_default(),
        verdicts,
        pull_requests: pull_requests.len() as u64,
        exceptions: held.len() as u64,
        last: last.map(|(_, day, _)| *day),
        attention,
    }
}

/// Tests that still failed on the base at the last verdict that names the base's failures.
fn broken_bases(records: &[Dated<'_>], inside: &[&Dated<'_>]) -> Vec<Attention> {
    let Some((.., last)) = inside.last() else { return Vec::new() };
    let mut found = Vec::new();
    for test in last.broken_base.iter().collect::<BTreeSet<_>>() {
        let with_it = records.iter().filter(|(.., record)| record.broken_base.contains(test));
        let since = with_it.clone().map(|(_, day, _)| *day).min();
        let touched: BTreeSet<Option<u64>> = with_it.map(|(.., record)| record.pull_request).collect();
        if let Some(since) = since {
            let pull_requests = touched.into_iter().flatten().count() as u64;
            found.push(Attention::BrokenBase { test: test.clone(), since, pull_requests });
        }
    }
    found
}

/// The most frequent reason, where verdicts are missing often.
fn no_verdicts(inside: &[&Dated<'_>], of: u64) -> Option<Attention> {
    let mut reasons: BTreeMap<(&str, &Untrusted), u64> = BTreeMap::new();
    let mut none = 0_u64;
    for (.., record) in inside.iter().filter(|(.., record)| record.kind == VerdictKind::NoVerdict) {
        none += 1;
        if let Some((rule, reason)) = record.not_measured.first() {
            *reasons.entry((rule, reason)).or_default() += 1;
        }
    }
    if none < FEWEST.min(2) || none * 100 < of * MANY_NO_VERDICTS {
        return None;
    }
    let most = reasons.into_iter().max_by_key(|(key, count)| (*count, std::cmp::Reverse(*key)));
    let (rule, reason) = most.map_or((String::new(), Untrusted::default()), |((rule, reason), _)| {
        (rule.to_owned(), reason.clone())
    });
    Some(Attention::NoVerdict { rule, reason, verdicts: none, of })
}

/// How few repositories cause most of the verdicts that are none.
fn worst(repositories: &[Repository], all: u64) -> Option<(u64, u64)> {
    let mut counts: Vec<u64> = repositories.iter().map(|repository| repository.verdicts.no_verdict).collect();
    counts.sort_unstable_by(|a, b| b.cmp(a));
    let (mut few, mut sum) = (0, 0);
    for count in counts.into_iter().filter(|count| *count > 0) {
        few += 1;
        sum += count;
        if sum * 2 >= all {
            break;
        }
    }
    (all >= FEWEST && few > 0).then_some((few, sum))
}

impl Counts {
    const fn add(&mut self, other: &Self) {
        self.passed += other.passed;
        self.needs_changes += other.needs_changes;
        self.no_verdict += other.no_verdict;
    }
}

/// The two columns in the making.
#[derive(Default)]
struct Columns {
    owners: (Column, Vec<u64>),
    external: (Column, Vec<u64>),
    neither: u64,
}

impl Columns {
    /// Adds one repository, whose records are in the order of time.
    fn add(&mut self, records: &[Dated<'_>], window: Window) {
        let mut by_number: BTreeMap<u64, Vec<&Dated<'_>>> = BTreeMap::new();
        for dated in records {
            if let Some(number) = dated.2.pull_request {
                by_number.entry(number).or_default().push(dated);
            }
        }
        for attempts in by_number.values() {
            let inside: Vec<&&Dated<'_>> = attempts.iter().filter(|(_, day, _)| window.holds(*day)).collect();
            let Some((.., last)) = inside.last() else { continue };
            let (column, times) = match last.class {
                AuthorClass::Owner => &mut self.owners,
                AuthorClass::External => &mut self.external,
                AuthorClass::Bot | AuthorClass::UnknownIdentity | AuthorClass::NoOwners => {
                    self.neither += inside.len() as u64;
                    continue;
                }
            };
            column.pull_requests += 1;
            for (.., record) in &inside {
                column.verdicts.count(record.kind);
            }
            let Some((began, day, first)) = attempts.first() else { continue };
            if window.holds(*day) {
                column.begun += 1;
                column.first_attempt += u64::from(first.kind == VerdictKind::Passed);
            }
            let passed = attempts.iter().find(|(.., record)| record.kind == VerdictKind::Passed);
            if let Some((moment, day, _)) = passed
                && window.holds(*day)
                && first.kind != VerdictKind::Passed
            {
                times.push(moment.seconds().saturating_sub(began.seconds()));
            }
        }
    }

    fn finish(&self) -> (Column, Column) {
        let finish = |(column, times): &(Column, Vec<u64>)| Column {
            median_seconds: median(times.clone()).filter(|_| times.len() as u64 >= FEWEST),
            ..*column
        };
        (finish(&self.owners), finish(&self.external))
    }
}
