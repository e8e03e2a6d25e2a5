//! Figures worked out by hand.

use super::*;
use crate::diagnostic::Origin;
use crate::rules::{self, Setting};

fn day(text: &str) -> Date {
    Date::parse(text).unwrap()
}

/// A verdict with one outcome of `coverage.changed` (min 80%), so many of so many lines covered.
pub(crate) fn verdict(
    repository: &str,
    number: u64,
    moment: &str,
    class: AuthorClass,
    share: (u64, u64),
) -> Recorded {
    let (covered, of) = share;
    let is_met = covered * 100 >= of * 80;
    let kind = if is_met { OutcomeKind::Met } else { OutcomeKind::NotMet };
    let spec = rules::by_id("coverage.changed").unwrap();
    let mut settings = Settings::default();
    for field in spec.fields {
        let value = field.kind.read(field.default.unwrap()).unwrap();
        settings.set(field.key, Setting { value, origin: Origin::at(".github/tollgate.yml", 7, 3) });
    }
    let figures = [("covered", covered), ("of", of), ("unmeasured-files", 0)];
    let figures = figures.into_iter().map(|(name, number)| (name.to_owned(), number)).collect();
    let replay = Replay { figures: Some(figures), named: true, ..Replay::default() };
    Recorded {
        repository: repository.to_owned(),
        file: format!("{repository}/{number}-{moment}.json").into(),
        pull_request: Some(number),
        decided: Some(Moment::parse(moment).unwrap()),
        class,
        kind: if is_met { VerdictKind::Passed } else { VerdictKind::NeedsChanges },
        has_errors: false,
        contradicts_itself: false,
        outcomes: vec![RecordedOutcome {
            id: spec.id.to_owned(),
            spec: Some(spec),
            scope: String::new(),
            mode: Mode::Enforce,
            kind,
            settings: Some(settings),
            replay: Some(replay),
            origin: Origin::default(),
        }],
        owners: Untrusted::new(format!("@acme/{repository}")),
        policy: ".github/tollgate.yml".into(),
        broken_base: Vec::new(),
        lifted: Vec::new(),
        not_measured: Vec::new(),
        below_floor: Vec::new(),
    }
}

/// The same, without a verdict for a reason.
pub(crate) fn none(
    repository: &str,
    number: u64,
    moment: &str,
    class: AuthorClass,
    reason: &str,
) -> Recorded {
    Recorded {
        kind: VerdictKind::NoVerdict,
        outcomes: Vec::new(),
        not_measured: vec![("coverage.changed".to_owned(), reason.into())],
        ..verdict(repository, number, moment, class, (1, 1))
    }
}

fn at(number: u64) -> String {
    format!("2026-11-{:02}T10:00:00Z", number % 28 + 1)
}

/// Ten pull requests of 100 changed lines: 81 to 90 covered, two of three by external contributors.
fn ten() -> Vec<Recorded> {
    (1..=10)
        .map(|number| {
            let class = if number % 3 == 0 { AuthorClass::Owner } else { AuthorClass::External };
            verdict("web", number, &at(number), class, (80 + number, 100))
        })
        .collect()
}

fn min(percent: &str) -> Change {
    Change::Fields(vec![FieldChange::parse(&format!("coverage.changed.min={percent}")).unwrap()])
}

#[test]
fn a_higher_bar_flips_what_lies_below_it_and_says_how_short_it_fell() {
    let simulation = simulate(&ten(), &min("87"));
    // 81 to 86 lie below 87: #1 to #6, of which #3 and #6 are the owners'.
    assert_eq!((simulation.today.passed, simulation.then.passed), (10, 4));
    let flips: Vec<u64> = simulation.flips.iter().filter_map(|flip| flip.pull_request).collect();
    assert_eq!(flips, [1, 2, 3, 4, 5, 6]);
    let effect = &simulation.rules["coverage.changed"];
    assert_eq!((effect.flips, effect.external), (6, 4));
    // Short by 6, 5, 4, 3, 2, 1 lines: of the two in the middle the smaller.
    assert_eq!(effect.short, Some(3));
    let (from, to) = &effect.fields["min"];
    assert_eq!((from.first().unwrap().as_str(), to.first().unwrap().as_str()), ("80%", "87%"));
    assert_eq!(simulation.days, Some((day("2026-11-02"), day("2026-11-11"))));
}

#[test]
fn exactly_at_the_new_bar_passes() {
    assert_eq!(simulate(&ten(), &min("81")).flips.len(), 0);
    assert_eq!(simulate(&ten(), &min("81.01")).flips.len(), 1);
}

#[test]
fn a_lower_bar_lets_failures_pass() {
    let records = [verdict("web", 1, &at(1), AuthorClass::External, (70, 100))];
    let simulation = simulate(&records, &min("70"));
    assert_eq!((simulation.today.needs_changes, simulation.then.passed), (1, 1));
    assert_eq!(simulation.newly_failing().count(), 0);
}

#[test]
fn of_each_pull_request_the_last_verdict_counts() {
    let mut records = ten();
    records.push(verdict("web", 1, "2026-11-20T10:00:00Z", AuthorClass::External, (100, 100)));
    let simulation = simulate(&records, &min("87"));
    assert_eq!((simulation.replayed, simulation.earlier), (10, 1));
    assert_eq!(simulation.then.passed, 5);
}

#[test]
fn a_record_without_figures_is_left_out_where_its_rule_changes_and_only_there() {
    let mut old = ten();
    old[0].outcomes[0].replay = None;
    let simulation = simulate(&old, &min("87"));
    assert_eq!(simulation.left_out, [LeftOut { rule: "coverage.changed".to_owned(), records: 1 }]);
    assert_eq!(simulation.replayed, 9);
    let other = Change::Fields(vec![FieldChange::parse("tests.failed.max=1").unwrap()]);
    assert_eq!(simulate(&old, &other).replayed, 10);
}

#[test]
fn a_record_that_contradicts_itself_is_left_out() {
    let mut records = ten();
    records[0].kind = VerdictKind::NoVerdict;
    records[0].contradicts_itself = true;
    assert_eq!(simulate(&records, &min("87")).left_out_records(), 1);
}

#[test]
fn another_policy_replays_the_rules_of_the_record() {
    let text = "version: 1\nrules:\n  coverage.changed: { min: 90, mode: enforce }\n";
    let file = crate::policy::parse(text, "next.yml").unwrap();
    let policy = crate::policy::resolve(Some(&file), "next.yml");
    let simulation = simulate(&ten(), &Change::Policy(Box::new(policy)));
    // The built-in rules that the records do not have are not named by the file, so they ask for nothing here.
    assert_eq!((simulation.left_out_records(), simulation.then.passed), (0, 1));
}

fn window() -> Window {
    Window { today: day("2026-11-28"), days: 7 }
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Six pull requests of the owners, all passing at once; five external ones, of which two need a second try.
fn week() -> Vec<Recorded> {
    let mut records: Vec<Recorded> = (1..=6)
        .map(|number| verdict("web", number, "2026-11-23T08:00:00Z", AuthorClass::Owner, (90, 100)))
        .collect();
    for number in 11..=15 {
        if number <= 12 {
            records.push(verdict("web", number, "2026-11-24T08:00:00Z", AuthorClass::External, (10, 100)));
        }
        records.push(verdict("web", number, "2026-11-24T11:05:00Z", AuthorClass::External, (90, 100)));
    }
    records
}

#[test]
fn owners_and_external_contributors_stand_beside_each_other() {
    let fleet = fleet(&week(), &names(&["web"]), window());
    assert_eq!((fleet.owners.pull_requests, fleet.owners.verdicts.passed), (6, 6));
    assert_eq!((fleet.owners.begun, fleet.owners.first_attempt), (6, 6));
    // 7 verdicts on 5 pull requests: 5 passed, 2 did not; 3 of 5 at the first attempt.
    assert_eq!((fleet.external.verdicts.passed, fleet.external.verdicts.needs_changes), (5, 2));
    assert_eq!((fleet.external.begun, fleet.external.first_attempt), (5, 3));
    // Two waited: fewer than five times are not given.
    assert_eq!(fleet.external.median_seconds, None);
}

#[test]
fn the_time_to_pass_is_that_of_pull_requests_that_needed_another_try() {
    let mut records = Vec::new();
    for number in 1..=5 {
        records.push(verdict("web", number, "2026-11-24T08:00:00Z", AuthorClass::External, (10, 100)));
        let later = format!("2026-11-24T{:02}:00:00Z", 8 + number);
        records.push(verdict("web", number, &later, AuthorClass::External, (90, 100)));
    }
    // 1, 2, 3, 4 and 5 hours.
    let fleet = fleet(&records, &names(&["web"]), window());
    assert_eq!(fleet.external.median_seconds, Some(3 * 3_600));
}

#[test]
fn a_group_of_fewer_than_five_pull_requests_is_not_shown() {
    let records: Vec<Recorded> = week().into_iter().filter(|record| record.pull_request < Some(15)).collect();
    let fleet = fleet(&records, &names(&["web"]), window());
    assert!(fleet.owners.is_large_enough());
    assert_eq!(fleet.external.pull_requests, 4);
    assert!(!fleet.external.is_large_enough());
}

#[test]
fn a_repository_without_a_verdict_in_the_window_is_silent() {
    let records = [verdict("old", 1, "2026-11-21T23:59:59Z", AuthorClass::Owner, (1, 1))];
    let fleet = fleet(&records, &names(&["never", "old"]), window());
    let why: Vec<&Attention> =
        fleet.repositories.iter().flat_map(|repository| &repository.attention).collect();
    // The window is 22 to 28 November.
    assert_eq!(
        why,
        [&Attention::Silent { since: None }, &Attention::Silent { since: Some(day("2026-11-21")) }]
    );
    assert_eq!(fleet.reporting(), 0);
}

#[test]
fn a_broken_base_is_dated_by_the_first_verdict_that_says_so() {
    let mut records = Vec::new();
    for (number, moment) in
        [(1, "2026-11-10T08:00:00Z"), (2, "2026-11-24T08:00:00Z"), (3, "2026-11-25T08:00:00Z")]
    {
        let mut record = verdict("web", number, moment, AuthorClass::Owner, (1, 1));
        record.broken_base = vec!["ledger_sync".into()];
        records.push(record);
    }
    let found = fleet(&records, &names(&["web"]), window());
    let expected =
        Attention::BrokenBase { test: "ledger_sync".into(), since: day("2026-11-10"), pull_requests: 3 };
    assert_eq!(found.repositories[0].attention, [expected]);
    // It is mended when the last verdict no longer says so.
    records.push(verdict("web", 4, "2026-11-26T08:00:00Z", AuthorClass::Owner, (1, 1)));
    assert_eq!(fleet(&records, &names(&["web"]), window()).repositories[0].attention, []);
}

#[test]
fn missing_verdicts_are_named_with_their_most_frequent_reason() {
    let mut records: Vec<Recorded> = (1..=3)
        .map(|number| none("ios", number, "2026-11-24T08:00:00Z", AuthorClass::Owner, "lcov.info is missing"))
        .collect();
    records.push(none("ios", 4, "2026-11-24T08:00:00Z", AuthorClass::Owner, "cut off"));
    records.extend(
        (5..=8).map(|number| verdict("ios", number, "2026-11-24T08:00:00Z", AuthorClass::Owner, (1, 1))),
    );
    let fleet = fleet(&records, &names(&["ios"]), window());
    let expected = Attention::NoVerdict {
        rule: "coverage.changed".to_owned(),
        reason: "lcov.info is missing".into(),
        verdicts: 4,
        of: 8,
    };
    assert_eq!(fleet.repositories[0].attention, [expected]);
}

#[test]
fn an_exception_is_named_in_its_last_two_weeks() {
    let lifted =
        |until: &str| Lifted { rule: "scan.new".to_owned(), until: day(until), what: "CVE-1".into() };
    let mut record = verdict("web", 1, "2026-11-24T08:00:00Z", AuthorClass::Owner, (1, 1));
    record.lifted =
        vec![lifted("2026-11-27"), lifted("2026-11-28"), lifted("2026-12-12"), lifted("2026-12-13")];
    let fleet = fleet(&[record], &names(&["web"]), window());
    // One has ended, three hold, and two of them end within 14 days.
    assert_eq!((fleet.exceptions, fleet.ending), (3, 2));
}

#[test]
fn what_cannot_be_dated_is_left_out_and_said() {
    let mut undated = verdict("web", 1, "2026-11-24T08:00:00Z", AuthorClass::Owner, (1, 1));
    undated.decided = None;
    let future = verdict("web", 2, "2026-11-29T08:00:00Z", AuthorClass::Owner, (1, 1));
    assert_eq!(fleet(&[undated, future], &names(&["web"]), window()).left_out, 2);
}

#[test]
fn repositories_are_ordered_by_what_they_need_and_never_by_how_good_they_are() {
    let records = [
        verdict("a-good", 1, "2026-11-24T08:00:00Z", AuthorClass::Owner, (1, 1)),
        verdict("b-bad", 2, "2026-11-24T08:00:00Z", AuthorClass::Owner, (0, 1)),
    ];
    let fleet = fleet(&records, &names(&["c-silent", "a-good", "b-bad"]), window());
    let order: Vec<&str> = fleet.repositories.iter().map(|repository| repository.name.as_str()).collect();
    assert_eq!(order, ["c-silent", "a-good", "b-bad"]);
}

#[test]
fn the_median_of_two_is_the_smaller() {
    assert_eq!(median(vec![]), None);
    assert_eq!(median(vec![9]), Some(9));
    assert_eq!(median(vec![4, 2]), Some(2));
    assert_eq!(median(vec![5, 1, 3]), Some(3));
}

#[test]
fn a_floor_of_the_organisation_is_laid_over_what_each_repository_asked_for() {
    let text = "version: 1\nfloor:\n  coverage.changed: { min: 85 }\n";
    let texts = [crate::policy::OrgText { path: "org.yml", name: "org.yml", commit: "", text }];
    let policy = crate::policy::parse_org(&texts, "acme").unwrap();
    let organisation = Organisation { policy, today: Some(day("2026-11-28")) };
    let simulation = simulate(&ten(), &Change::Organisation(Box::new(organisation)));
    // The repository asks for 80%: 81 to 84 of 100 lines do not reach the floor.
    assert_eq!((simulation.left_out_records(), simulation.flips.len()), (0, 4));
}
