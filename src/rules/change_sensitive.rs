//! `change.sensitive`: a person looks at a change of what makes the evidence (gate.md b6).

use super::words::counted;
use super::{Direction, Field, FieldKind, Globs, Judgement, Rule, RuleSpec, Scope, Settings, provenance};
use crate::compare::Evidence;
use crate::model::{Detail, Measured, OutcomeKind, RepoPath, Untrusted};
use std::collections::BTreeSet;

pub(super) const SPEC: RuleSpec = RuleSpec::of::<ChangeSensitive>(
    "change.sensitive",
    "Sensitive files",
    "sensitive",
    None,
    "A change of files that say how evidence is made (workflows, configuration of tests, coverage and scans, the \
     policy) has no verdict until a maintainer confirms the evidence of this commit. Lock files do not count.",
)
.guard()
.not_waivable();

/// More are counted and not listed.
const MOST_LISTED: usize = 50;

struct ChangeSensitive {
    more: Globs,
}

impl Rule for ChangeSensitive {
    const FIELDS: &'static [Field] = &[Field {
        key: "also",
        kind: FieldKind::Globs,
        direction: Direction::Unordered,
        default: None,
        doc: "globs of more files that count as sensitive",
    }];

    fn read(settings: &Settings) -> Self {
        // The policy's reader has checked the globs.
        Self { more: Globs::new(settings.globs("also")).unwrap_or_default() }
    }

    fn judge(&self, evidence: &Evidence<'_>, _: &Scope<'_>) -> Judgement {
        let required = "none changed, or confirmed";
        let Some(diff) = evidence.diff() else {
            let unknown = matches!(evidence.diff, crate::model::DiffState::Unavailable { .. });
            let (kind, reason) = if unknown {
                (OutcomeKind::NotMeasured, "the change is not known")
            } else {
                (OutcomeKind::NotJudged, "no change is judged")
            };
            return Judgement::new(kind, Measured::Nothing, "", required).because(reason);
        };
        let also = diff.files.keys().filter(|path| self.more.is_match(path));
        let sensitive: BTreeSet<&RepoPath> = evidence.provenance.sensitive.iter().chain(also).collect();
        let count = sensitive.len() as u64;
        let text = counted(count, "sensitive file changed", "sensitive files changed");
        let mut judgement = Judgement::new(OutcomeKind::Met, Measured::Count(count), text, required);
        if sensitive.is_empty() {
            return judgement;
        }
        let listed = sensitive.iter().take(MOST_LISTED).map(|path| vec![Untrusted::new(path.as_str())]);
        judgement.details.push(Detail {
            title: format!("Sensitive files that the change edits ({count})"),
            rows: std::iter::once(vec!["File".into()]).chain(listed).collect(),
            text: Untrusted::default(),
        });
        let named: Vec<Untrusted> = sensitive.iter().map(|path| Untrusted::new(path.as_str())).collect();
        provenance::confirmed_or_open(judgement, evidence, SPEC.id, &named)
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{Sample, tests};
    use super::*;
    use crate::model::TestStatus::Passed;
    use crate::model::{Confirmation, Provenance};

    fn change() -> Sample {
        let mut sample = Sample::of(tests(&[("a", Passed)])).changing("src/a.rs", [1]);
        sample.head.commit = Some("c0ffee".to_owned());
        sample
    }

    #[test]
    fn a_change_of_code_and_lock_files_is_not_sensitive() {
        let judgement = change().changing("Cargo.lock", [1]).judge("change.sensitive", &[]);
        assert_eq!(judgement.kind, OutcomeKind::Met);
        assert_eq!(judgement.measured_text, "0 sensitive files changed");
    }

    #[test]
    fn a_sensitive_file_needs_a_maintainer() {
        let judgement = change().changing("jest.config.js", [1]).judge("change.sensitive", &[]);
        assert_eq!(judgement.kind, OutcomeKind::NotMeasured);
        assert_eq!(judgement.reason.raw(), "jest.config.js");
        assert_eq!(judgement.details[0].rows.len(), 2);
        assert!(judgement.steps[0].for_owners);
    }

    #[test]
    fn a_policy_may_name_more_files() {
        let changed = change().changing("ci/test.sh", [1]);
        assert_eq!(changed.judge("change.sensitive", &[]).kind, OutcomeKind::Met);
        let judgement = changed.judge("change.sensitive", &[("also", "ci/**")]);
        assert_eq!(judgement.kind, OutcomeKind::NotMeasured);
    }

    #[test]
    fn a_confirmation_of_this_commit_lifts_it_and_one_of_another_does_not() {
        let changed = change().changing("jest.config.js", [1]);
        let confirmed = |commit: &str| {
            let by = Confirmation { by: "ada".into(), commit: commit.to_owned() };
            let sensitive = vec![RepoPath::new("jest.config.js").unwrap()];
            let provenance = Provenance { sensitive, confirmed: Some(by), ..Provenance::default() };
            changed.judge_with(provenance, "change.sensitive", &[])
        };
        assert_eq!(confirmed("c0ffee").kind, OutcomeKind::Met);
        assert_eq!(confirmed("c0ffef").kind, OutcomeKind::NotMeasured);
    }

    #[test]
    fn without_a_change_there_is_nothing_to_look_at() {
        assert_eq!(change().without_base().judge("change.sensitive", &[]).kind, OutcomeKind::NotJudged);
    }
}
