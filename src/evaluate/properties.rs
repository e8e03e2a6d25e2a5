//! Invariants of judging: total, deterministic, and stricter never loosens.

use super::tests::verdict;
use super::*;
use crate::model::{Health, TestHistory};
use crate::policy::{Globs, Layers, OrgEntry, OrgPolicy, PolicyFile, RuleEntry, resolve, resolve_layers};
use crate::rules::sample::Sample;
use crate::rules::{Direction, Field, FieldKind, RULES, RuleSpec, Setting, Settings, Value, arbitrary};
use proptest::prelude::*;
use proptest::sample::select;

/// The values of a field from laxest to strictest; the first is the field out of force.
fn ladder(field: &Field) -> Vec<Option<Value>> {
    let counts = [5, 3, 1, 0].map(|count| Some(Value::Count(count)));
    let percents = ["0", "30", "66.66", "100"].map(|text| FieldKind::Percent.read(text).ok());
    let mut rungs: Vec<Option<Value>> = match field.kind {
        FieldKind::Count => counts.to_vec(),
        FieldKind::Percent => percents.to_vec(),
        FieldKind::Word(words) => words.iter().map(|word| Some(Value::Word(word))).collect(),
        FieldKind::Words(_) => ["source", "source, dependency", "all, source, dependency"]
            .map(|words| field.kind.read(words).ok())
            .to_vec(),
        FieldKind::Flag => vec![Some(Value::Flag(false)), Some(Value::Flag(true))],
        FieldKind::Globs => Vec::new(),
    };
    match (field.direction, field.kind) {
        (Direction::Max, FieldKind::Percent) | (Direction::Min, FieldKind::Count) => rungs.reverse(),
        (Direction::Unordered, _) => {
            return vec![field.default.and_then(|text| field.kind.read(text).ok())];
        }
        _ => {}
    }
    if field.default.is_none() {
        rungs.insert(0, None);
    }
    rungs
}

const MODES: [Mode; 4] = [Mode::Off, Mode::Info, Mode::Warn, Mode::Enforce];

/// A rung per field and, at the end, one for the mode.
fn rungs(spec: &'static RuleSpec) -> impl Strategy<Value = Vec<usize>> {
    let mut rungs: Vec<BoxedStrategy<usize>> =
        spec.fields.iter().map(|field| (0..ladder(field).len()).boxed()).collect();
    rungs.push(select(vec![0, 2, 3, 3, 3]).boxed());
    rungs
}

/// Rungs for all rules.
pub(crate) fn all_rungs() -> impl Strategy<Value = Vec<Vec<usize>>> {
    RULES.iter().map(|spec| rungs(spec).boxed()).collect::<Vec<_>>()
}

/// The policy of these rungs.
pub(crate) fn policy_of(rungs: &[Vec<usize>]) -> Policy {
    let mut policy = resolve(None, "");
    for (rule, rungs) in policy.rules.iter_mut().zip(rungs) {
        let mut settings = Settings::default();
        for (field, rung) in rule.spec.fields.iter().zip(rungs) {
            if let Some(value) = ladder(field)[*rung].clone() {
                settings.set(field.key, Setting { value, origin: rule.origin.clone() });
            }
        }
        rule.settings = settings;
        rule.mode = MODES[rungs[rule.spec.fields.len()]];
        rule.named = true;
    }
    policy
}

/// The places of the rules that may differ by path.
fn by_path() -> Vec<usize> {
    (0..RULES.len()).filter(|rule| RULES[*rule].by_path).collect()
}

/// An overlay for one rule that says exactly its rungs.
fn overlay_of(policy: &Policy, rule: usize, glob: &str, rungs: &[Vec<usize>]) -> Overlay {
    let overlaid = policy_of(rungs).rules.swap_remove(rule);
    let origin = policy.rules[rule].origin.clone();
    Overlay { globs: Globs::new([glob]).unwrap(), suites: Vec::new(), rules: vec![overlaid], origin }
}

/// A file that says exactly these rungs.
fn file_of(rungs: &[Vec<usize>]) -> PolicyFile {
    PolicyFile {
        rules: RULES.iter().zip(rungs).map(|(spec, rungs)| entry_of(spec, rungs)).collect(),
        ..PolicyFile::default()
    }
}

fn entry_of(spec: &'static RuleSpec, rungs: &[usize]) -> RuleEntry {
    let origin = Origin::file("test");
    let set = |(field, rung): (&Field, &usize)| {
        let value = ladder(field)[*rung].clone()?;
        Some((field.key, Setting { value, origin: origin.clone() }))
    };
    let fields = spec.fields.iter().zip(rungs).filter_map(set).collect();
    RuleEntry { spec, mode: Some((MODES[rungs[spec.fields.len()]], origin.clone())), fields, origin }
}

/// The verdict under a file, and under a floor for one rule if there is one.
fn under(floor: Option<RuleEntry>, file: &PolicyFile, sample: &Sample) -> VerdictKind {
    let mut organisation = OrgPolicy::default();
    let floor = floor.map(|rule| OrgEntry { rule, enforce_from: None, since: None, waivable: true });
    organisation.all.floor.extend(floor);
    let layers = Layers { organisation: Some(&organisation), file: Some(file), ..Layers::default() };
    verdict(&resolve_layers(&layers).unwrap(), sample).kind
}

fn strictest(rungs: &[Vec<usize>], rule: usize, field: usize) -> usize {
    match RULES[rule].fields.get(field) {
        Some(field) => ladder(field).len() - 1,
        None => rungs[rule][field].max(MODES.len() - 1),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1_000) })]

    #[test]
    fn any_evidence_gives_a_verdict_and_always_the_same(sample in arbitrary::sample(), rungs in all_rungs()) {
        let policy = policy_of(&rungs);
        let first = verdict(&policy, &sample);
        prop_assert_eq!(&first, &verdict(&policy, &sample));
        prop_assert_eq!(first.outcomes.len(), RULES.len());
        for outcome in &first.outcomes {
            prop_assert!(!outcome.measured_text.is_empty() || !outcome.reason.is_empty());
            prop_assert!(!outcome.required_text.is_empty());
            let needs_reason = matches!(outcome.kind, OutcomeKind::NotJudged | OutcomeKind::NotMeasured);
            prop_assert!(!needs_reason || !outcome.reason.is_empty(), "{:?}", outcome);
        }
    }

    #[test]
    fn a_stricter_rule_never_turns_a_failure_into_a_pass(
        sample in arbitrary::sample(),
        rungs in all_rungs(),
        rule in 0..RULES.len(),
        field in 0_usize..8,
    ) {
        let field = field % (RULES[rule].fields.len() + 1);
        let lax = verdict(&policy_of(&rungs), &sample);
        let mut stricter = rungs.clone();
        let from = rungs[rule][field];
        for rung in from..=strictest(&rungs, rule, field) {
            stricter[rule][field] = rung;
            // Of two words neither of which is stricter, either may let pass what the other does not.
            let ordered = RULES[rule].fields.get(field).is_none_or(|field| {
                let ladder = ladder(field);
                field.strictness(ladder[rung].as_ref(), ladder[from].as_ref()).is_some()
            });
            if !ordered {
                continue;
            }
            let strict = verdict(&policy_of(&stricter), &sample);
            prop_assert!(
                lax.kind == VerdictKind::Passed || strict.kind != VerdictKind::Passed,
                "{} field {field} from {from} to {rung}", RULES[rule].id
            );
        }
    }

    #[test]
    fn raising_a_bar_for_some_paths_never_turns_a_failure_into_a_pass(
        sample in arbitrary::sample(),
        rungs in all_rungs(),
        first in all_rungs(),
        second in all_rungs(),
        rule in select(by_path()),
        field in 0_usize..8,
    ) {
        let field = field % (RULES[rule].fields.len() + 1);
        let overlays = |first: &[Vec<usize>]| {
            let mut policy = policy_of(&rungs);
            policy.overlays = vec![
                overlay_of(&policy, rule, "{src,old}/**", first),
                overlay_of(&policy, rule, "{old,tests}/**", &second),
            ];
            policy
        };
        let lax = verdict(&overlays(&first), &sample);
        let mut stricter = first.clone();
        for rung in first[rule][field]..=strictest(&first, rule, field) {
            stricter[rule][field] = rung;
            let strict = verdict(&overlays(&stricter), &sample);
            prop_assert!(
                lax.kind == VerdictKind::Passed || strict.kind != VerdictKind::Passed,
                "{} field {field} from {} to {rung}", RULES[rule].id, first[rule][field]
            );
        }
    }

    #[test]
    fn raising_a_bar_above_that_of_some_paths_never_turns_a_failure_into_a_pass(
        sample in arbitrary::sample(),
        rungs in all_rungs(),
        first in all_rungs(),
        second in all_rungs(),
        rule in select(by_path()),
        field in 0_usize..8,
    ) {
        let field = field % (RULES[rule].fields.len() + 1);
        let under = |rungs: &[Vec<usize>]| {
            let mut policy = policy_of(rungs);
            policy.overlays = vec![
                overlay_of(&policy, rule, "{src,old}/**", &first),
                overlay_of(&policy, rule, "{old,tests}/**", &second),
            ];
            policy
        };
        let lax = verdict(&under(&rungs), &sample);
        let mut stricter = rungs.clone();
        let from = rungs[rule][field];
        for rung in from..=strictest(&rungs, rule, field) {
            stricter[rule][field] = rung;
            let ordered = RULES[rule].fields.get(field).is_none_or(|field| {
                let ladder = ladder(field);
                field.strictness(ladder[rung].as_ref(), ladder[from].as_ref()).is_some()
            });
            if !ordered {
                continue;
            }
            let strict = verdict(&under(&stricter), &sample);
            prop_assert!(
                lax.kind == VerdictKind::Passed || strict.kind != VerdictKind::Passed,
                "{} field {field} from {from} to {rung}", RULES[rule].id
            );
        }
    }

    #[test]
    fn a_floor_and_a_higher_floor_never_turn_a_failure_into_a_pass(
        sample in arbitrary::sample(),
        repository in all_rungs(),
        floor in all_rungs(),
        rule in 0..RULES.len(),
        field in 0_usize..8,
    ) {
        let field = field % (RULES[rule].fields.len() + 1);
        let file = file_of(&repository);
        let without = under(None, &file, &sample);
        let with = under(Some(entry_of(RULES[rule], &floor[rule])), &file, &sample);
        prop_assert!(without == VerdictKind::Passed || with != VerdictKind::Passed, "{} by a floor", RULES[rule].id);
        let mut higher = floor.clone();
        higher[rule][field] = strictest(&floor, rule, field);
        let higher = under(Some(entry_of(RULES[rule], &higher[rule])), &file, &sample);
        prop_assert!(with == VerdictKind::Passed || higher != VerdictKind::Passed, "{} by a higher floor", RULES[rule].id);
    }

    #[test]
    fn what_the_head_says_of_itself_excuses_nothing(sample in arbitrary::sample(), rungs in all_rungs()) {
        let mut sample = sample;
        // A base without a failure, now and before, is no proof of any; whatever the head claims.
        if let Some(base) = &mut sample.base {
            base.history = None;
            if let Some(run) = &mut base.tests {
                run.cases.retain(|case| !case.status.is_bad());
                run.containers.clear();
            }
        }
        for _ in 0..3 {
            let history = TestHistory::after(sample.head.history.as_ref(), Some("c"), sample.head.tests.as_ref());
            sample.head.history = history;
        }
        prop_assert_eq!(verdict(&policy_of(&rungs), &sample).not_counted, []);
    }

    #[test]
    fn more_evidence_of_the_head_never_lowers_what_counts(
        sample in arbitrary::sample(),
        other in arbitrary::sample(),
    ) {
        let count = |sample: &Sample| {
            let side = sample.base_side();
            let failures = sample.evidence(&side).failures;
            failures.cases.len() + failures.containers.len()
        };
        let mut sample = sample;
        // The history of the default branch is proof of the base, and not of the head.
        if let Some(base) = &mut sample.base {
            base.history = None;
        }
        let before = count(&sample);
        if let (Some(run), Some(claimed)) = (&mut sample.head.tests, other.head.tests) {
            run.cases.extend(claimed.cases);
            run.containers.extend(claimed.containers);
        }
        sample.head.history = other.head.history;
        sample.head.scans.extend(other.head.scans);
        prop_assert!(count(&sample) >= before);
    }

    #[test]
    fn each_failure_of_the_base_excuses_at_most_one(sample in arbitrary::sample()) {
        let of_base = sample.base.iter().filter_map(|base| base.tests.as_ref());
        let there: usize = of_base
            .map(|run| run.cases.iter().filter(|case| case.status.is_bad()).count() + run.containers.len())
            .sum();
        let evidence = sample.base_side();
        let failures = sample.evidence(&evidence).failures;
        prop_assert!(failures.not_counted.len() <= there);
        let all = sample.head.tests.as_ref().map_or(0, |run| run.cases.iter().filter(|case| case.status.is_bad()).count() + run.containers.len());
        prop_assert_eq!(failures.cases.len() + failures.containers.len() + failures.not_counted.len(), all);
    }

    #[test]
    fn nothing_passes_on_a_report_that_is_not_whole(sample in arbitrary::sample()) {
        let verdict = verdict(&resolve(None, ""), &sample);
        let broken = sample.head.reports.iter().any(|report| {
            !matches!(report.health, Health::Complete | Health::Missing)
        });
        let nothing = sample.head.reports.iter().all(|report| report.health == Health::Missing);
        prop_assert!(verdict.kind != VerdictKind::Passed || !(broken || nothing));
    }
}
