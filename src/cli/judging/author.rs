//! Who proposes the change: what CI says, held against the owners that the change cannot write.

use crate::diagnostic::{Diagnostic, Weight};
use crate::io::git::{Base, Repository, Run, default_branch_tip};
use crate::metrics::{self, Handle, Owners, Person, Teams};
use crate::model::{Author, AuthorClass, Diff, Proposer};
use crate::policy::Policy;
use std::rc::Rc;

/// A change and where it goes.
pub(super) struct Change<'c> {
    /// The repository, if there is one.
    pub(super) repository: Option<&'c Repository>,
    /// What the head is compared with.
    pub(super) base: &'c Base,
    /// What CI says of the run.
    pub(super) run: &'c Run,
    /// The changed files, if they are known.
    pub(super) diff: Option<&'c Diff>,
}

/// The class by the owners of the policy that judges and of CODEOWNERS at the tip of the default branch.
pub(super) fn author_of_change(
    proposer: &Proposer,
    change: &Change<'_>,
    policy: &Policy,
    teams: &Teams,
    diagnostics: &mut Vec<Diagnostic>,
) -> Author {
    let code_owners = || {
        let Some(repository) = change.repository else { return Ok(None) };
        match default_branch_tip(repository, change.base, change.run)? {
            Some((commit, _)) => repository.code_owners_at(&commit),
            None => Ok(None),
        }
    };
    let code_owners = match code_owners() {
        Ok(found) => found.map(Rc::new),
        Err(mut problem) => {
            // It bears on no verdict.
            problem.weight = Weight::Warning;
            diagnostics.push(*problem);
            let why = "CODEOWNERS cannot be read".to_owned();
            return Author { class: AuthorClass::UnknownIdentity, why };
        }
    };
    let owners = Owners {
        policy: policy.owners.iter().filter_map(|owner| Handle::parse(owner)).collect(),
        code_owners,
    };
    let prefix = change.repository.map_or("", Repository::prefix);
    let mut paths = Vec::new();
    for (path, file) in change.diff.iter().flat_map(|diff| &diff.files) {
        let names = std::iter::once(path).chain(&file.old_path);
        paths.extend(names.map(|path| format!("{prefix}{}", path.as_str())));
    }
    let person = Person {
        logins: [proposer.login.raw().to_lowercase()].into(),
        is_bot: proposer.is_bot || proposer.login.raw().ends_with("[bot]"),
        ..Person::default()
    };
    let asked = proposer.permission.as_ref().map(String::as_str).map_err(String::as_str);
    let mut author = metrics::proposer(&person, &owners, teams, paths.iter().map(String::as_str), asked);
    if proposer.from_fork == Some(true) {
        // Certain about the token, and not about the person.
        author.why.push_str("; from a fork");
    }
    author
}
