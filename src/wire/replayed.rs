//! A replay says what the gate would have said: held against the gate itself on any evidence.

#[cfg(test)]
mod tests {
    use crate::diagnostic::Origin;
    use crate::evaluate::evaluate;
    use crate::evaluate::properties::{all_rungs, policy_of};
    use crate::model::{Mode, Verdict};
    use crate::policy::{self, Policy};
    use crate::records::{Change, FieldChange, Recorded, replay};
    use crate::rules::sample::Sample;
    use crate::rules::{NARROWING_FIELDS, RULES, Setting, Settings, arbitrary};
    use crate::wire::recorded::{self, Keep};
    use crate::wire::verdict::{VerdictRecord, write};
    use proptest::prelude::*;

    fn judged(policy: &Policy, sample: &Sample) -> Verdict {
        let base = sample.base_side();
        evaluate(policy, &sample.evidence(&base), Vec::new(), Vec::new())
    }

    /// The policy as a file would say it: a record leaves out what narrows a rule by default.
    fn as_written(mut policy: Policy) -> Policy {
        for rule in &mut policy.rules {
            let mut settings = Settings::default();
            for (key, setting) in rule.settings.iter() {
                let origin = Origin::file("tollgate.yml");
                settings.set(key, Setting { value: setting.value.clone(), origin });
            }
            rule.settings = settings;
        }
        policy
    }

    fn stored(verdict: &Verdict) -> Recorded {
        recorded::read(&write(&VerdictRecord::from(verdict)), "", "1.json", Keep::Outcomes).unwrap()
    }

    /// Where a record may say too little: rules that keep no figures, the metric of a drop (that of the day is
    /// kept), another choice of findings or another way of counting, tests that ran several times, a drop to no
    /// test at all, and a share of skipped tests in doubt.
    fn may_lack_data(record: &Recorded, new: &Policy, id: &str) -> bool {
        let outcome = record.outcomes.iter().find(|outcome| outcome.id == id);
        let keeps = outcome
            .and_then(|outcome| outcome.replay.as_ref())
            .is_some_and(|replay| replay.figures.is_some());
        let differs = |key: &str| {
            let value = |settings: &Settings| settings.get(key).map(|setting| setting.value.clone());
            let before = outcome.and_then(|outcome| outcome.settings.as_ref()).and_then(value);
            before != new.rule(id).and_then(|rule| value(&rule.settings))
        };
        let narrows = NARROWING_FIELDS.iter().any(|key| differs(key));
        let counts_otherwise = id.starts_with("coverage.")
            && ["metric", "partials", "white-space", "moved"].into_iter().any(differs);
        let repeats = outcome
            .and_then(|outcome| outcome.replay.as_ref()?.figures.as_ref())
            .is_some_and(|figures| figures.contains_key("repeated"));
        !keeps
            || narrows
            || counts_otherwise
            || repeats
            || matches!(id, "coverage.drop" | "tests.skipped" | "tests.executed" | "build.jobs")
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1_500) })]

        #[test]
        fn a_replay_is_what_the_gate_says_or_nothing(
            sample in arbitrary::sample(),
            before in all_rungs(),
            after in all_rungs(),
            named in proptest::collection::vec((any::<bool>(), any::<bool>()), RULES.len()),
        ) {
            let (mut old, mut new) = (as_written(policy_of(&before)), as_written(policy_of(&after)));
            for ((old, new), named) in old.rules.iter_mut().zip(&mut new.rules).zip(named) {
                (old.named, new.named) = named;
            }
            let record = stored(&judged(&old, &sample));
            prop_assert!(!record.contradicts_itself);
            let truth = judged(&new, &sample);
            match replay(&record, &Change::Policy(Box::new(new.clone()))) {
                Ok(replayed) => prop_assert_eq!(replayed.kind, truth.kind, "{:?}", truth.outcomes),
                Err(no_data) => prop_assert!(may_lack_data(&record, &new, &no_data.rule), "{}", no_data.rule),
            }
        }

        #[test]
        fn without_a_change_everything_stays(sample in arbitrary::sample(), rungs in all_rungs()) {
            let policy = as_written(policy_of(&rungs));
            let record = stored(&judged(&policy, &sample));
            let replayed = replay(&record, &Change::Policy(Box::new(policy))).unwrap();
            prop_assert_eq!(replayed.kind, record.kind);
            prop_assert!(replayed.newly_blocking.is_empty());
        }

        #[test]
        fn any_record_is_replayed_without_a_panic(
            sample in arbitrary::sample(),
            rungs in all_rungs(),
            figure in any::<u64>(),
        ) {
            let mut record = VerdictRecord::from(&judged(&policy_of(&rungs), &sample));
            for outcome in &mut record.outcomes {
                for number in outcome.replay.iter_mut().flat_map(|replay| &mut replay.figures).flat_map(|f| f.values_mut()) {
                    *number = figure;
                }
            }
            let record = recorded::read(&write(&record), "", "1.json", Keep::Outcomes).unwrap();
            let after = policy_of(&rungs);
            for rule in &after.rules {
                for mode in [Mode::Off, Mode::Enforce] {
                    let change = FieldChange::parse(&format!("{}.mode={}", rule.spec.id, mode.word())).unwrap();
                    let _either_way = replay(&record, &Change::Fields(vec![change]));
                }
            }
            let _either_way = replay(&record, &Change::Policy(Box::new(policy::resolve(None, ""))));
        }
    }
}
