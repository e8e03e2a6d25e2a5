//! The table of merging rules, a row each: what the organisation says, what the repository says, what comes of it.

use super::*;
use crate::policy::{OrgText, parse, parse_org};

/// One row.
struct Row {
    /// The rule of merging.
    says: &'static str,
    /// `org.yml`, without its version.
    organisation: &'static str,
    /// The repository's file, without its version.
    repository: &'static str,
    /// `rule.field`, its value and the rule's mode; or the code of the error.
    gives: Result<(&'static str, &'static str), Code>,
    /// What is said beside.
    notes: &'static [Code],
}

fn row(
    says: &'static str,
    organisation: &'static str,
    repository: &'static str,
    gives: (&'static str, &'static str),
    notes: &'static [Code],
) -> Row {
    Row { says, organisation, repository, gives: Ok(gives), notes }
}

fn refused(says: &'static str, organisation: &'static str, repository: &'static str, code: Code) -> Row {
    Row { says, organisation, repository, gives: Err(code), notes: &[] }
}

fn rows() -> Vec<Row> {
    const MIN: &str = "coverage.changed.min";
    const MAX: &str = "tests.skipped.max";
    const LOCK: &str = "locked: { scan.new: { critical: 0 } }";
    vec![
        row("built-in without anybody", "{}", "{}", (MIN, "80% warn"), &[]),
        row(
            "a file that names a rule means it",
            "{}",
            "rules: { coverage.changed: {} }",
            (MIN, "80% enforce"),
            &[],
        ),
        row(
            "the organisation's default lies over the built-in one",
            "defaults: { coverage.changed: { min: 70 } }",
            "{}",
            (MIN, "70% enforce"),
            &[],
        ),
        row(
            "a group lies over a default",
            "defaults: { coverage.changed: { min: 70 } }\ngroups: [{ select: { name: billing }, defaults: { coverage.changed: { min: 65 } } }]",
            "{}",
            (MIN, "65% enforce"),
            &[],
        ),
        row(
            "of two groups the stricter value holds",
            "groups: [{ select: { name: billing }, defaults: { tests.skipped: { max: 9 } } }, { select: { name: '*' }, defaults: { tests.skipped: { max: 3 } } }]",
            "{}",
            (MAX, "3 enforce"),
            &[],
        ),
        row(
            "the repository's value wins over a default, whichever is stricter",
            "defaults: { coverage.changed: { min: 70 } }",
            "rules: { coverage.changed: { min: 10 } }",
            (MIN, "10% enforce"),
            &[],
        ),
        row(
            "min: the larger of the repository's and the floor's",
            "floor: { coverage.changed: { min: 70 } }",
            "rules: { coverage.changed: { min: 60 } }",
            (MIN, "70% enforce"),
            &[Code::BelowFloor],
        ),
        row(
            "min: above the floor the repository's stands",
            "floor: { coverage.changed: { min: 70 } }",
            "rules: { coverage.changed: { min: 75 } }",
            (MIN, "75% enforce"),
            &[],
        ),
        row(
            "max: the smaller of the two",
            "floor: { tests.skipped: { max: 5 } }",
            "rules: { tests.skipped: { max: 7 } }",
            (MAX, "5 enforce"),
            &[Code::BelowFloor],
        ),
        row(
            "max: below the floor's the repository's stands",
            "floor: { tests.skipped: { max: 5 } }",
            "rules: { tests.skipped: { max: 2 } }",
            (MAX, "2 enforce"),
            &[],
        ),
        row(
            "an ordered word: the later of the two",
            "floor: { coverage.changed: { partials: uncovered } }",
            "rules: { coverage.changed: { partials: covered } }",
            ("coverage.changed.partials", "uncovered enforce"),
            &[Code::BelowFloor],
        ),
        row(
            "a field without an order is locked by a floor on the rule",
            "floor: { coverage.total: { min: 1 } }",
            "rules: { coverage.total: { metric: branch } }",
            ("coverage.total.metric", "line enforce"),
            &[Code::BelowFloor],
        ),
        row(
            "mode: off < info < warn < enforce, and a floor sets the least",
            "floor: { tests.skipped: { max: 5, mode: warn } }",
            "rules: { tests.skipped: { mode: info } }",
            (MAX, "5 warn"),
            &[Code::BelowFloor],
        ),
        row(
            "a lock that nobody names holds",
            LOCK,
            "rules: { scan.new: { medium: 3 } }",
            ("scan.new.critical", "0 enforce"),
            &[],
        ),
        row(
            "a locked value that the repository repeats is a warning",
            LOCK,
            "rules: { scan.new: { critical: 0 } }",
            ("scan.new.critical", "0 enforce"),
            &[Code::LockedRule],
        ),
        refused(
            "another value than a locked one is an error",
            LOCK,
            "rules: { scan.new: { critical: 1 } }",
            Code::LockedRule,
        ),
        refused(
            "under `paths` too",
            LOCK,
            "paths: [{ match: a/**, rules: { scan.new: { critical: 1 } } }]",
            Code::LockedRule,
        ),
        refused(
            "under `branches` too, also for another branch",
            LOCK,
            "branches: [{ match: old/*, rules: { scan.new: { critical: 1 } } }]",
            Code::LockedRule,
        ),
        refused(
            "a lock that undercuts a floor is an error",
            "floor: { tests.skipped: { max: 3 } }\nlocked: { tests.skipped: { max: 4 } }",
            "{}",
            Code::PolicyContradiction,
        ),
        row(
            "an overlay may ask for less only where the organisation allows it",
            "floor: { coverage.changed: { min: 60 } }",
            "paths: [{ match: old/**, rules: { coverage.changed: { min: 10 } } }]",
            (MIN, "80% enforce"),
            &[Code::RelaxRefused],
        ),
        row(
            "and there it may; the note says where",
            "floor: { coverage.changed: { min: 60 } }\nlimits: { relax-allowed: old/** }",
            "paths: [{ match: old/**, rules: { coverage.changed: { min: 10 } } }]",
            (MIN, "80% enforce"),
            &[Code::RelaxRefused],
        ),
        row(
            "an exclusion has no effect where the organisation pins coverage",
            "floor: { coverage.changed: { min: 60 } }",
            "exclude: gen/**",
            (MIN, "80% enforce"),
            &[Code::RelaxRefused],
        ),
        row(
            "an entry for the branch is laid beside, and the stricter holds",
            "{}",
            "rules: { coverage.changed: { min: 60 } }\nbranches: [{ match: release/*, rules: { coverage.changed: { min: 90 } } }]",
            (MIN, "90% enforce"),
            &[],
        ),
        row(
            "of two entries for the branch the stricter holds",
            "{}",
            "branches: [{ match: release/*, rules: { tests.skipped: { max: 1 } } }, { match: '**', rules: { tests.skipped: { max: 4 } } }]",
            (MAX, "1 enforce"),
            &[],
        ),
        row(
            "an entry for the branch that asks for less has no effect",
            "{}",
            "rules: { coverage.changed: { min: 60 } }\nbranches: [{ match: release/*, rules: { coverage.changed: { min: 50, mode: warn } } }]",
            (MIN, "60% enforce"),
            &[Code::RelaxRefused, Code::RelaxRefused],
        ),
        row(
            "an entry for another branch has none either, and is said if it asks for less",
            "{}",
            "rules: { coverage.changed: { min: 60 } }\nbranches: [{ match: old/*, rules: { coverage.changed: { min: 50 } } }]",
            (MIN, "60% enforce"),
            &[Code::RelaxRefused],
        ),
        row(
            "an entry for the branch is below a floor like all else",
            "floor: { coverage.changed: { min: 85 } }",
            "branches: [{ match: release/*, rules: { coverage.changed: { min: 82 } } }]",
            (MIN, "85% enforce"),
            &[Code::RelaxRefused],
        ),
        row(
            "a waiver of the repository ends with the term that the organisation sets",
            "limits: { waiver-max-days: 9 }",
            "waivers: [{ rule: tests.failed, owner: '@a', reason: r, expires: 2027-01-01 }]",
            ("tests.failed.max", "0 enforce"),
            &[Code::WaiverRefused],
        ),
        row(
            "a waiver is not for what nobody may waive",
            "locked: { tests.failed: { max: 0, waivable: false } }",
            "waivers: [{ rule: tests.failed, owner: '@a', reason: r, expires: 2027-01-01 }]",
            ("tests.failed.max", "0 enforce"),
            &[Code::WaiverRefused],
        ),
        row(
            "an expired waiver is listed and lifts nothing",
            "{}",
            "waivers: [{ rule: tests.failed, owner: '@a', reason: r, expires: 2026-11-21 }]",
            ("tests.failed.max", "0 enforce"),
            &[Code::WaiverExpired],
        ),
        row(
            "a requirement that waits for its day does not hold yet",
            "floor: { tests.skipped: { max: 5, enforce-from: 2027-01-01 } }",
            "rules: { tests.skipped: { max: 7 } }",
            (MAX, "7 enforce"),
            &[],
        ),
        row(
            "a rollout stages what is new",
            "rollout: { enforce-from: 2027-01-01 }\nfloor: { tests.skipped: { max: 5 } }",
            "rules: { tests.skipped: { max: 7 } }",
            (MAX, "7 enforce"),
            &[],
        ),
    ]
}

#[test]
fn every_merging_rule_holds() {
    for Row { says, organisation, repository, gives, notes } in rows() {
        let text = |text: &str| {
            if text == "{}" { "version: 1\n".to_owned() } else { format!("version: 1\n{text}\n") }
        };
        let organisation_text = text(organisation);
        let files = [OrgText { path: "org.yml", name: "org.yml", commit: "", text: &organisation_text }];
        let organisation = parse_org(&files, "acme/.tollgate").unwrap();
        let file = parse(&text(repository), "tollgate.yml").unwrap();
        let facts = RepoFacts { name: Some("billing".to_owned()), ..RepoFacts::default() };
        let resolved = resolve_layers(&Layers {
            organisation: Some(&organisation),
            facts,
            file: Some(&file),
            source: "tollgate.yml",
            branch: Some("release/2"),
            today: Date::parse("2026-11-22").ok(),
        });
        let (policy, (path, value)) = match (resolved, gives) {
            (Ok(policy), Ok(wanted)) => (policy, wanted),
            (Err(errors), Err(code)) => {
                assert_eq!(errors.iter().map(|error| error.code).collect::<Vec<_>>(), [code], "{says}");
                continue;
            }
            (resolved, wanted) => panic!("{says}: {:?} instead of {wanted:?}", resolved.err()),
        };
        let (id, field) = path.rsplit_once('.').unwrap();
        let rule = policy.rule(id).unwrap();
        let shown = rule.settings.get(field).map_or("-".to_owned(), |setting| setting.value.to_string());
        assert_eq!(format!("{shown} {}", rule.mode.word()), value, "{says}");
        let said: Vec<Code> = policy.diagnostics.iter().map(|note| note.code).collect();
        assert_eq!(said, notes, "{says}");
    }
}
