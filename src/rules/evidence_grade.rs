//! `evidence.grade`: the evidence is as strong as the policy asks for (gate.md b7).

use super::{Direction, Field, FieldKind, Judgement, Rule, RuleSpec, Scope, Settings, provenance};
use crate::compare::Evidence;
use crate::model::{Grade, Kind, Measured, OutcomeKind};

pub(super) const SPEC: RuleSpec = RuleSpec::of::<EvidenceGrade>(
    "evidence.grade",
    "Strength of the evidence",
    "grade",
    None,
    "The evidence must have at least this grade: A attested (no evidence has it: nothing verifies a provenance \
     yet, so a minimum of A always asks for a maintainer), B isolated (nothing of the change ran: `publish: { isolated: [...] }`), C intact (what \
     makes the evidence is as on the base), D modified (the change edits it), E unknown. Below it there is no \
     verdict until a maintainer confirms the evidence of this commit.",
)
.guard()
.not_waivable();

const LETTERS: FieldKind = FieldKind::Word(Grade::LETTERS);

struct EvidenceGrade {
    /// What each kind needs; `None` asks for nothing.
    needed: [(Kind, Option<Grade>); 3],
}

impl Rule for EvidenceGrade {
    const FIELDS: &'static [Field] = &[
        Field {
            key: "min",
            kind: LETTERS,
            direction: Direction::Ordered,
            default: Some("C"),
            doc: "the lowest grade of any evidence, from `E` to `A`",
        },
        Field {
            key: "tests",
            kind: LETTERS,
            direction: Direction::Ordered,
            default: None,
            doc: "a higher one for test results",
        },
        Field {
            key: "coverage",
            kind: LETTERS,
            direction: Direction::Ordered,
            default: None,
            doc: "a higher one for coverage",
        },
        Field {
            key: "scan",
            kind: LETTERS,
            direction: Direction::Ordered,
            default: None,
            doc: "a higher one for scans",
        },
    ];

    fn read(settings: &Settings) -> Self {
        let grade = |key: &str| settings.word(key).and_then(Grade::from_letter);
        // The stricter of the two holds, so that no field can undercut another.
        let of = |kind: Kind| (kind, grade("min").max(grade(kind.word())));
        Self { needed: [of(Kind::Tests), of(Kind::Coverage), of(Kind::Scan)] }
    }

    fn judge(&self, evidence: &Evidence<'_>, _: &Scope<'_>) -> Judgement {
        let required = self.required();
        let grades = &evidence.provenance.grades;
        if grades.is_empty() {
            return Judgement::new(OutcomeKind::NotJudged, Measured::Nothing, "", required)
                .because("no change is judged, so nothing of a change can have made the evidence");
        }
        let mut shown = Vec::new();
        let mut weak = Vec::new();
        for (kind, needed) in &self.needed {
            let Some(graded) = grades.get(kind).filter(|_| evidence.has(*kind)) else { continue };
            let (letter, word) = (graded.grade.letter(), graded.grade.word());
            shown.push(format!("{} {letter} {word}", kind.word()));
            if needed.is_some_and(|needed| graded.grade < needed) && !weak.contains(&graded.why) {
                weak.push(graded.why.clone());
            }
        }
        // A contributor who reads only why it is not better would look for what makes it so.
        if self.needed.iter().any(|(_, needed)| *needed == Some(Grade::Attested)) {
            weak.push("no evidence can have grade A: nothing verifies a provenance yet".into());
        }
        let text = if shown.is_empty() { "no evidence".to_owned() } else { shown.join(", ") };
        let judgement = Judgement::new(OutcomeKind::Met, Measured::Count(weak.len() as u64), text, required);
        provenance::confirmed_or_open(judgement, evidence, SPEC.id, &weak)
    }
}

impl EvidenceGrade {
    /// `at least C`, `at least C (scan: B)`
    fn required(&self) -> String {
        let lowest = self.needed.iter().map(|(_, grade)| *grade).min().flatten();
        let Some(lowest) = lowest else { return "any grade".to_owned() };
        let higher: Vec<String> = self
            .needed
            .iter()
            .filter_map(|(kind, grade)| grade.filter(|grade| *grade > lowest).map(|grade| (kind, grade)))
            .map(|(kind, grade)| format!("{}: {}", kind.word(), grade.letter()))
            .collect();
        let more = if higher.is_empty() { String::new() } else { format!(" ({})", higher.join(", ")) };
        format!("at least {}{more}", lowest.letter())
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{Sample, tests};
    use super::*;
    use crate::model::TestStatus::Passed;

    fn change() -> Sample {
        let mut sample = Sample::of(tests(&[("a", Passed)])).changing("src/a.rs", [1]);
        sample.head.commit = Some("c0ffee".to_owned());
        sample
    }

    #[test]
    fn a_change_of_code_has_grade_c_which_is_enough_by_default() {
        let judgement = change().judge("evidence.grade", &[]);
        assert_eq!(judgement.kind, OutcomeKind::Met);
        assert_eq!(judgement.measured_text, "tests C intact");
        assert_eq!(judgement.required_text, "at least C");
    }

    #[test]
    fn a_change_of_the_workflow_needs_a_maintainer_and_nothing_of_the_contributor() {
        let judgement = change().changing(".github/workflows/ci.yml", [3]).judge("evidence.grade", &[]);
        assert_eq!(judgement.kind, OutcomeKind::NotMeasured);
        assert_eq!(judgement.reason.raw(), "the change edits .github/workflows/ci.yml");
        assert!(judgement.steps.iter().all(|step| step.for_owners));
        assert_eq!(judgement.steps.len(), 1);
    }

    #[test]
    fn a_higher_grade_for_one_kind_does_not_lower_the_others() {
        let judgement = change().judge("evidence.grade", &[("min", "C"), ("tests", "E"), ("scan", "B")]);
        assert_eq!(judgement.kind, OutcomeKind::Met);
        assert_eq!(judgement.required_text, "at least C (scan: B)");
        assert_eq!(change().judge("evidence.grade", &[("tests", "B")]).kind, OutcomeKind::NotMeasured);
    }

    #[test]
    fn who_asks_for_what_nothing_can_have_reads_so() {
        let judgement = change().judge("evidence.grade", &[("min", "A")]);
        assert_eq!(judgement.kind, OutcomeKind::NotMeasured);
        assert!(
            judgement.reason.raw().contains("no evidence can have grade A"),
            "{}",
            judgement.reason.raw()
        );
    }

    #[test]
    fn a_commit_by_itself_has_no_grade_and_an_unknown_change_the_lowest() {
        assert_eq!(change().without_base().judge("evidence.grade", &[]).kind, OutcomeKind::NotJudged);
        let mut unknown = change();
        unknown.diff = crate::model::DiffState::Unavailable { reason: "shallow".into(), help: String::new() };
        assert_eq!(unknown.judge("evidence.grade", &[("min", "D")]).kind, OutcomeKind::NotMeasured);
        assert_eq!(unknown.judge("evidence.grade", &[("min", "E")]).kind, OutcomeKind::Met);
    }
}
