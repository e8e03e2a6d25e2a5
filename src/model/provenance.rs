//! How strong the evidence is: who could have made it say what it says (gate.md b7).

use super::{Kind, RepoPath, Untrusted};
use std::collections::BTreeMap;

/// The grade of evidence, from the weakest up. Evidence of a change is never better than the weakest of the
/// runs that made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grade {
    /// E: nobody can say where it comes from (a deleted fork, a workflow that the policy does not name).
    Unknown,
    /// D: the change edits what makes the evidence, such as a workflow or the configuration of the coverage.
    Modified,
    /// C: what makes the evidence is as on the base, and code of the change ran.
    Intact,
    /// B: a run that executes nothing of the change made it.
    Isolated,
    /// A: a run of the repository's own, with a provenance that was verified.
    Attested,
}

impl Grade {
    /// All grades as they are written in policies, from the weakest up.
    pub const LETTERS: &'static [&'static str] = &["E", "D", "C", "B", "A"];

    /// The grade as policies and tables write it: `C`.
    pub const fn letter(self) -> &'static str {
        match self {
            Self::Unknown => "E",
            Self::Modified => "D",
            Self::Intact => "C",
            Self::Isolated => "B",
            Self::Attested => "A",
        }
    }

    /// What the letter means: `intact`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Modified => "modified",
            Self::Intact => "intact",
            Self::Isolated => "isolated",
            Self::Attested => "attested",
        }
    }

    /// The grade with this letter.
    pub fn from_letter(letter: &str) -> Option<Self> {
        let all = [Self::Unknown, Self::Modified, Self::Intact, Self::Isolated, Self::Attested];
        all.into_iter().find(|grade| grade.letter() == letter)
    }
}

/// The grade of one kind of evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Graded {
    /// The grade.
    pub grade: Grade,
    /// Why it is not better; may quote a path.
    pub why: Untrusted,
}

impl Graded {
    /// A grade and its reason.
    pub fn new(grade: Grade, why: impl Into<Untrusted>) -> Self {
        Self { grade, why: why.into() }
    }
}

/// A maintainer who looked at the change and stands for its evidence. It holds for one commit and no other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirmation {
    /// Who.
    pub by: Untrusted,
    /// The head's commit, in full hexadecimal.
    pub commit: String,
}

/// Where the evidence of a commit comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Provenance {
    /// The grade of each kind of evidence; a kind that is absent here has none (a commit that is judged by itself).
    pub grades: BTreeMap<Kind, Graded>,
    /// Changed files that say how evidence is made, sorted.
    pub sensitive: Vec<RepoPath>,
    /// The confirmation, if there is one.
    pub confirmed: Option<Confirmation>,
    /// True if signed provenance was looked for. The first stage cannot: who judges there is who is judged.
    pub was_attestation_sought: bool,
}

/// What became of the signed provenance of artifacts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attestations {
    /// By the run that uploaded an artifact and its name: what was verified, or why nothing was.
    pub artifacts: BTreeMap<(u64, String), Result<Untrusted, Untrusted>>,
}

impl Provenance {
    /// The same grade for every kind.
    pub fn of_all_kinds(graded: &Graded) -> Self {
        let kinds = [Kind::Tests, Kind::Coverage, Kind::Scan];
        Self { grades: kinds.into_iter().map(|kind| (kind, graded.clone())).collect(), ..Self::default() }
    }

    /// Lowers the grade of a kind; a better one than before changes nothing.
    pub fn lower(&mut self, kind: Kind, graded: &Graded) {
        match self.grades.get(&kind) {
            Some(have) if have.grade <= graded.grade => {}
            _ => drop(self.grades.insert(kind, graded.clone())),
        }
    }

    /// The confirmation, if it is for this commit.
    pub fn confirmation_of(&self, commit: Option<&str>) -> Option<&Confirmation> {
        self.confirmed.as_ref().filter(|confirmed| commit == Some(confirmed.commit.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_stand_in_the_order_of_grades() {
        let by_letter: Vec<Grade> = Grade::LETTERS.iter().filter_map(|l| Grade::from_letter(l)).collect();
        assert_eq!(by_letter.len(), 5);
        assert!(by_letter.is_sorted());
        assert_eq!(Grade::from_letter("F"), None);
    }

    #[test]
    fn a_grade_is_only_ever_lowered() {
        let mut provenance = Provenance::of_all_kinds(&Graded::new(Grade::Intact, ""));
        provenance.lower(Kind::Tests, &Graded::new(Grade::Attested, "better"));
        provenance.lower(Kind::Scan, &Graded::new(Grade::Modified, "worse"));
        let grade = |kind| provenance.grades.get(&kind).map(|graded| graded.grade);
        assert_eq!(grade(Kind::Tests), Some(Grade::Intact));
        assert_eq!(grade(Kind::Scan), Some(Grade::Modified));
    }

    #[test]
    fn a_confirmation_holds_for_its_commit_alone() {
        let confirmed = Confirmation { by: "ada".into(), commit: "abc".to_owned() };
        let provenance = Provenance { confirmed: Some(confirmed), ..Provenance::default() };
        assert!(provenance.confirmation_of(Some("abc")).is_some());
        assert!(provenance.confirmation_of(Some("abd")).is_none());
        assert!(provenance.confirmation_of(None).is_none());
    }
}
