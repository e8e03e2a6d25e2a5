//! The evidence of the base: where it comes from, and whether it is of a commit that the change builds on.

use crate::compare::{BaseSide, Drift};
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::io::git::{Ancestry, Base, Repository, Side};
use crate::io::github::{Nearest, Snapshots};
use crate::model::{Diff, Snapshot, Untrusted};

/// The evidence of the base as it was found.
#[derive(Debug, Default)]
pub(super) struct BaseEvidence {
    /// The snapshot; `None` if there is none that can be used.
    pub(super) snapshot: Option<Snapshot>,
    /// What people call the base.
    name: Untrusted,
    /// How many commits it is older than the merge base.
    distance: u64,
    /// What happened since; `None` if nothing did, else the change or why nobody can say.
    drift: Option<Result<Diff, String>>,
    /// Why there is none.
    absent: String,
}

/// What people call a base.
pub(super) fn name_of(base: &Base) -> Untrusted {
    match base {
        Base::Known(point) => point.name.clone(),
        Base::None | Base::Unavailable(_) => Untrusted::default(),
    }
}

impl BaseEvidence {
    /// A snapshot that somebody gave, held against the history: of another branch, it proves nothing.
    pub(super) fn given(
        snapshot: Option<Snapshot>,
        repository: Option<&Repository>,
        base: &Base,
        head: Option<&str>,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Self {
        let name = name_of(base);
        let Some(snapshot) = snapshot else { return Self { name, ..Self::default() } };
        let descendant = match base {
            Base::Known(point) => Some(point.merge_base.as_str()),
            Base::None => head,
            // Without a merge base nothing can be told apart, and the run has an error already.
            Base::Unavailable(_) => None,
        };
        let known = snapshot.commit.as_deref().zip(descendant).zip(repository);
        let Some(((commit, descendant), repository)) = known else {
            return Self { snapshot: Some(snapshot), name, ..Self::default() };
        };
        let short = commit.get(..7).unwrap_or(commit).to_owned();
        let refused = |why: String, help: Option<&str>| {
            let problem =
                Diagnostic::new(Code::ForeignSnapshot, Weight::Error, why.as_str(), Origin::default());
            let problem = help.map_or(problem.clone(), |help| problem.with_help(help));
            (Self { name: name.clone(), absent: why, ..Self::default() }, problem)
        };
        let (evidence, problem) = match repository.ancestry(commit, descendant) {
            Ok(Ancestry::Before(distance)) => {
                return Self { snapshot: Some(snapshot), name, distance, ..Self::default() };
            }
            Ok(Ancestry::Another) => refused(
                format!("the snapshot is of {short}, which is no commit that the change builds on"),
                None,
            ),
            Ok(Ancestry::NotHere) => refused(
                format!(
                    "the snapshot is of {short}, which is not in this clone, so nobody can say whether the \
                         change builds on it"
                ),
                Some("add `fetch-depth: 0` to actions/checkout, or run `git fetch --unshallow`"),
            ),
            Err(problem) => {
                let why = "git cannot say whether the change builds on the snapshot's commit".to_owned();
                (Self { name: name.clone(), absent: why, ..Self::default() }, *problem)
            }
        };
        diagnostics.push(problem);
        evidence
    }

    /// The nearest snapshot of the default branch, of those that a store holds.
    pub(super) fn found(
        snapshots: &Snapshots,
        repository: Option<&Repository>,
        base: &Base,
        head: Option<&str>,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Self {
        let (name, search) = match base {
            Base::Known(point) => (point.name.clone(), Some((point.merge_base.as_str(), 0))),
            // A run of the default branch goes on from an earlier commit.
            Base::None => (Untrusted::default(), head.map(|head| (head, 1))),
            Base::Unavailable(_) => (Untrusted::default(), None),
        };
        let Some((commit, at_least)) = search else {
            return Self { name, absent: "the base itself is not known".to_owned(), ..Self::default() };
        };
        let local = |candidate: &str| match repository?.ancestry(candidate, commit) {
            Ok(Ancestry::Before(distance)) => Some(Some(distance)),
            Ok(Ancestry::Another) => Some(None),
            // GitHub knows the whole history.
            Ok(Ancestry::NotHere) | Err(_) => None,
        };
        Self::answered(snapshots.nearest(commit, at_least, &local), name, diagnostics)
    }

    /// What was found, or why nothing was.
    pub(super) fn answered(
        found: Result<Nearest, String>,
        name: Untrusted,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Self {
        match found {
            Ok(Nearest { snapshot, distance }) => {
                Self { snapshot: Some(snapshot), name, distance, ..Self::default() }
            }
            Err(absent) => {
                let note =
                    Diagnostic::new(Code::NoBaseSnapshot, Weight::Note, absent.as_str(), Origin::default());
                diagnostics.push(note);
                Self { name, absent, ..Self::default() }
            }
        }
    }

    /// Finds out what happened between the snapshot's commit and the merge base; where no change is judged, what is
    /// judged itself.
    pub(super) fn with_drift(self, repository: Option<&Repository>, base: &Base, side: Side) -> Self {
        let commit = self.snapshot.as_ref().and_then(|snapshot| snapshot.commit.as_deref());
        let until = match base {
            Base::Known(point) => Some(point.merge_base.as_str()),
            Base::None => None,
            Base::Unavailable(_) => return self,
        };
        let is_the_same = self.distance == 0 && (until.is_some() || side == Side::Commit);
        if let (Some(commit), Some(repository), false) = (commit, repository, is_the_same) {
            let drift = repository.drift(commit, until, side);
            return self.with_known_drift(drift.map_err(|problem| problem.message.raw().to_owned()));
        }
        self
    }

    /// Takes what happened since then, as somebody found it out.
    pub(super) fn with_known_drift(mut self, drift: Result<Diff, String>) -> Self {
        let commit =
            self.snapshot.as_ref().and_then(|snapshot| snapshot.commit.as_deref()).unwrap_or_default();
        let short = commit.get(..7).unwrap_or(commit);
        let unknown = |why| {
            format!("the evidence of the base is of {short}, and git cannot say what happened since: {why}")
        };
        self.drift = Some(drift.map_err(unknown));
        self
    }

    /// The same for a comparison.
    pub(super) fn side(&self) -> BaseSide<'_> {
        BaseSide {
            snapshot: self.snapshot.as_ref(),
            name: self.name.clone(),
            distance: self.distance,
            drift: match &self.drift {
                None => Drift::None,
                Some(Ok(diff)) => Drift::Known(diff),
                Some(Err(why)) => Drift::Unknown(why),
            },
            absent: self.absent.clone(),
        }
    }
}
