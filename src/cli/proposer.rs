//! Who proposes the change that the second stage judges, and what the page says to them.

use crate::io::git::Repository;
use crate::io::policy::OrgFiles;
use crate::metrics::{self, CodeOwners, Handle, Owners, Person, Teams};
use crate::model::{Author, AuthorClass, Diff, HeaderFact, Note, Proposer, Verdict, VerdictKind};
use crate::policy::Policy;
use std::rc::Rc;

/// What has to be read before the repository is judged.
pub(super) struct Sources {
    code_owners: Option<Rc<CodeOwners>>,
    teams: Teams,
    /// Sources that are there and cannot be read.
    unread: Vec<&'static str>,
}

impl Sources {
    /// Reads CODEOWNERS of the default branch, and the teams that stand beside the organisation's policy. What cannot be
    /// read names no owner, and the class says so.
    pub(super) fn read(
        repository: &Repository,
        default_branch: &str,
        organisation: Option<&OrgFiles>,
    ) -> Self {
        let mut unread = Vec::new();
        let tip = repository.revision(&format!("refs/remotes/origin/{default_branch}"));
        let code_owners = match tip.and_then(|tip| repository.code_owners_at(&tip)) {
            Ok(found) => found.map(Rc::new),
            Err(_) => {
                unread.push("CODEOWNERS cannot be read");
                None
            }
        };
        let teams = match organisation.and_then(|files| files.teams.as_deref()) {
            Some(text) => Teams::parse(text, "teams.json").unwrap_or_else(|_| {
                unread.push("teams.json cannot be read");
                Teams::default()
            }),
            None => Teams::default(),
        };
        Self { code_owners, teams, unread }
    }

    /// The class of the author of a change.
    pub(super) fn class(self, proposer: &Proposer, policy: &Policy, diff: Option<&Diff>) -> Author {
        let person = Person {
            logins: [proposer.login.raw().to_lowercase()].into(),
            is_bot: proposer.is_bot,
            ..Person::default()
        };
        let owners = Owners {
            policy: policy.owners.iter().filter_map(|owner| Handle::parse(owner)).collect(),
            code_owners: self.code_owners,
        };
        // A file that is moved away is gone from its place.
        let files = diff.into_iter().flat_map(|diff| &diff.files);
        let paths = files.flat_map(|(path, file)| std::iter::once(path).chain(&file.old_path));
        let paths = paths.map(|path| path.as_str());
        let permission = proposer.permission.as_ref().map(String::as_str).map_err(String::as_str);
        let author = metrics::proposer(&person, &owners, &self.teams, paths, permission);
        let why = std::iter::once(author.why.as_str()).chain(self.unread).collect::<Vec<_>>().join("; ");
        Author { why, ..author }
    }
}

/// Says it on the page: the class changes words, never the bar.
pub(super) fn tell(verdict: &mut Verdict, author: &Author, policy: &Policy) {
    let words = format!("{} ({})", author.class.word(), author.why);
    verdict.header.push(HeaderFact { key: "author", value: words.into() });
    let is_outside = match author.class {
        // Who may be an outsider is spoken to as one.
        AuthorClass::External | AuthorClass::UnknownIdentity | AuthorClass::NoOwners => true,
        AuthorClass::Owner | AuthorClass::Bot => false,
    };
    if is_outside && verdict.kind != VerdictKind::Passed {
        let owners = if policy.owners.is_empty() {
            "the owners".to_owned()
        } else {
            format!("the owners ({})", policy.owners.join(", "))
        };
        let text = format!(
            "new to this code? Ask {owners} here if a step is unclear; the bar is the same for everybody"
        );
        verdict.notes.push(Note { kind: "outside-author", text, names: Vec::new() });
    }
}
