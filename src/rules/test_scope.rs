//! Which tests belong to a path overlay: those whose file its globs match.

use super::Scope;
use crate::model::{Place, RepoPath, TestCase, TestId};

/// True if the test belongs to the scope. Its file is the one that the report names as the test's or, where that
/// is none of the repository, the one where it failed. A test without a file belongs to the rule itself and to no
/// overlay.
pub(super) fn case_in_scope(case: &TestCase, scope: &Scope<'_>) -> bool {
    let named = RepoPath::new(case.id.file.raw()).ok();
    in_scope(named.or_else(|| placed(case.place.as_ref()?)), scope)
}

/// The same for a test of which only the identity is known.
pub(super) fn id_in_scope(id: &TestId, scope: &Scope<'_>) -> bool {
    in_scope(RepoPath::new(id.file.raw()).ok(), scope)
}

fn placed(place: &Place) -> Option<RepoPath> {
    RepoPath::new(place.file.raw()).ok()
}

fn in_scope(path: Option<RepoPath>, scope: &Scope<'_>) -> bool {
    path.map_or(scope.whole, |path| (scope.wanted)(&path))
}
