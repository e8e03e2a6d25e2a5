//! `evidence.grade`: the evidence is as strong as the policy asks for (gate.md b7).

use super::{Direction, Field, FieldKind, Judgement, Rule, RuleSpec, Scope, Settings, provenance};
use crate::compare::Evidence;
use crate::model::{Detail, Grade, Graded, Kind, Measured, OutcomeKind, Untrusted};
use std::collections::BTreeMap;

pub(super) const SPEC: RuleSpec = RuleSpec::of::<EvidenceGrade>(
    "evidence.grade",
    "Strength of the evidence",
    "grade",
    None,
    "The evidence must have at least this grade: A attested (a run of the repository's own uploaded it, and the second \
     stage verified its signed provenance: `actions/attest-build-provenance` in that run's workflow; never for a fork, \
     whose runs cannot sign), B isolated (nothing of the change ran: `publish: { isolated: [...] }`), C intact (what \
     makes the evidence is as on the base), D modified (the change edits it), E unknown. Below it there is no \
     verdict until a maintainer confirms the evidence of this commit.",
)
.guard()
.not_waivable();

const LETTERS: FieldKind = FieldKind::Word(Grade::LETTERS);

/// What a first stage says where A is asked for: it runs beside what it would have to verify.
const FIRST_STAGE: &str =
    "no grade A: only the second stage verifies signed provenance (`tollgate publish`, `tollgate serve`)";

/// The kinds of evidence that these settings want attested (A).
pub fn wants_attested(settings: &Settings) -> Vec<Kind> {
    let needed = EvidenceGrade::read(settings).needed;
    needed.into_iter().filter(|(_, grade)| *grade == Some(Grade::Attested)).map(|(kind, _)| kind).collect()
}

/// What was verified of the evidence that is attested.
fn verified(grades: &BTreeMap<Kind, Graded>) -> Option<Detail> {
    let attested = grades.iter().filter(|(_, graded)| graded.grade == Grade::Attested);
    let mut rows: Vec<Vec<Untrusted>> =
        attested.map(|(kind, graded)| vec![kind.word().into(), graded.why.clone()]).collect();
    if rows.is_empty() {
        return None;
    }
    rows.insert(0, vec!["Evidence".into(), "What was verified".into()]);
    Some(Detail { title: "Signed provenance".to_owned(), rows, text: Untrusted::default() })
}

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
        // Of evidence that the change may have edited there is a better reason than the stage.
        let could_be_a = |kind: Kind| {
            let grade = grades.get(&kind).filter(|_| evidence.has(kind)).map(|graded| graded.grade);
            matches!(grade, Some(Grade::Intact | Grade::Isolated))
        };
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
        let is_first_stage = !evidence.provenance.was_attestation_sought;
        if is_first_stage
            && self.needed.iter().any(|(kind, needed)| *needed == Some(Grade::Attested) && could_be_a(*kind))
        {
            weak.push(FIRST_STAGE.into());
        }
        let text = if shown.is_empty() { "no evidence".to_owned() } else { shown.join(", ") };
        let mut judgement =
            Judgement::new(OutcomeKind::Met, Measured::Count(weak.len() as u64), text, required);
        judgement.details.extend(verified(grades));
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
    use super::super::sample::{Sample, settings, tests};
    use super::*;
    use crate::model::Provenance;
    use crate::model::TestStatus::Passed;

    /// All evidence has this grade after signed provenance was looked for.
    fn sought(grade: Grade, why: &str) -> Provenance {
        Provenance { was_attestation_sought: true, ..Provenance::of_all_kinds(&Graded::new(grade, why)) }
    }

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
    fn a_first_stage_never_gives_an_a_and_says_so() {
        let judgement = change().judge("evidence.grade", &[("min", "A")]);
        assert_eq!(judgement.kind, OutcomeKind::NotMeasured);
        let reason = judgement.reason.raw();
        assert!(reason.contains("only the second stage verifies signed provenance"), "{reason}");
        // What the change edits has no A in any stage.
        let edited =
            change().changing(".github/workflows/ci.yml", [3]).judge("evidence.grade", &[("min", "A")]);
        assert_eq!(edited.reason.raw(), "the change edits .github/workflows/ci.yml");
        // Who asks for less reads nothing of it.
        assert_eq!(
            change().judge("evidence.grade", &[("tests", "B")]).reason.raw(),
            "code of the change ran"
        );
    }

    #[test]
    fn attested_evidence_is_enough_for_every_minimum() {
        let judgement = change().judge_with(
            sought(Grade::Attested, "signed by run 77"),
            "evidence.grade",
            &[("min", "A")],
        );
        assert_eq!(judgement.kind, OutcomeKind::Met);
        assert_eq!(judgement.measured_text, "tests A attested");
        assert!(judgement.details[0].rows.contains(&vec!["tests".into(), "signed by run 77".into()]));
    }

    #[test]
    fn where_provenance_was_sought_the_reason_is_what_came_of_it() {
        let why = "code of the change ran; no grade A: of another run";
        let judgement = change().judge_with(
            sought(Grade::Intact, why),
            "evidence.grade",
            &[("min", "C"), ("tests", "A")],
        );
        assert_eq!(judgement.kind, OutcomeKind::NotMeasured);
        assert_eq!(judgement.reason.raw(), why);
        assert!(judgement.details.is_empty());
    }

    #[test]
    fn the_kinds_that_must_be_attested_are_those_with_an_a() {
        let wanted = |fields| wants_attested(&settings(&SPEC, fields));
        assert_eq!(wanted(&[("min", "C"), ("scan", "A")]), [Kind::Scan]);
        assert_eq!(wanted(&[("min", "A")]), [Kind::Tests, Kind::Coverage, Kind::Scan]);
        assert_eq!(wanted(&[]), []);
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
