//! Which policy file judges (DECISIONS 2, 3), as raw text; `policy/` reads it.

mod organisation;
mod trust;

pub use organisation::{
    FetchedFile, FetchedFiles, OrgBeside, OrgFile, OrgFiles, Wanted, read as read_organisation, read_facts,
    read_repositories,
};
pub use trust::Judged;

use super::beneath::{OpenError, read_beneath, read_named};
use super::git::{Base, CommittedFile, Repository, Run, default_branch_tip};
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::model::{RepoPath, Untrusted};
use crate::policy::Globs;
use std::path::Path;

/// Where a policy may stand below DIR; both at once are an error.
pub const PLACES: [&str; 2] = [".github/tollgate.yml", "tollgate.yml"];
/// The longest policy that is read, in bytes.
pub const LIMIT: u64 = 64 << 10;

/// The text of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyText {
    /// The file as people know it: `.github/tollgate.yml`, or as given with `--policy`.
    pub file: Untrusted,
    /// Its text.
    pub text: String,
    /// Where it was read, for the header: `read from main at a1b2c3d`; empty for `--policy`.
    pub read_from: Untrusted,
    /// The commit that it was read from, in full hexadecimal; empty if it was read from a folder.
    pub commit: String,
}

/// What the change (or the working tree) would make of the policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proposed {
    /// The same text, or there is nothing to compare.
    Same,
    /// It removes the file that judges.
    Removed,
    /// Another text, to be tried out as a dry run.
    Text(PolicyText),
}

/// The policy files of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyFiles {
    /// The file that judges; `None` is the built-in policy alone.
    pub judging: Option<PolicyText>,
    /// What the change would make of it.
    pub proposed: Proposed,
    /// Problems that do not stop the run.
    pub diagnostics: Vec<Diagnostic>,
}

/// Why no policy can be had.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// The user's fault: two files, a file that is too large, a `--policy` that cannot be read. Exit 2.
    #[error("{}", .0.message.raw())]
    Wrong(Box<Diagnostic>),
    /// The policy that has to judge cannot be read: no verdict, exit 3.
    #[error("{}", .0.message.raw())]
    Unreadable(Box<Diagnostic>),
}

/// Finds the policy: `named` (`--policy`), else the file at the tip of the default branch, else (never in a pull
/// request's run) the working tree's.
///
/// `repository` is what [`super::git::open`] gave. For changes that go to one of `own_branches`, which only an
/// organisation names, the file at the tip of that branch comes first.
///
/// # Errors
/// See [`PolicyError`]. A policy that cannot be read is never taken for an absent one.
pub fn find(
    repository: Result<&Repository, &Diagnostic>,
    dir: &Path,
    named: Option<&Path>,
    base: &Base,
    run: &Run,
    own_branches: &Globs,
) -> Result<PolicyFiles, PolicyError> {
    if let Some(path) = named {
        let judged = Judged { repository: repository.ok(), dir, run, tip: None };
        let judging = match judged.refuse_own(path, "the policy") {
            Ok(()) => Some(self::named(path).map_err(PolicyError::Wrong)?),
            Err(refused) => Some(named_in_commit(repository, path, base, run)?.ok_or(refused)?),
        };
        return Ok(PolicyFiles { judging, proposed: Proposed::Same, diagnostics: Vec::new() });
    }
    let tip = match repository {
        Ok(repository) => default_branch_tip(repository, base, run)
            .map_err(PolicyError::Unreadable)?
            .map(|tip| (repository, tip)),
        Err(diagnostic) if diagnostic.weight == Weight::Error || run.judges_a_change() => {
            let mut diagnostic = diagnostic.clone();
            diagnostic.weight = Weight::Error;
            return Err(PolicyError::Unreadable(Box::new(diagnostic)));
        }
        Err(_) => None,
    };
    let Some((repository, (commit, branch))) = tip else {
        if run.judges_a_change() {
            let message = "the default branch, whose policy judges, is not in this clone";
            let diagnostic = Diagnostic::new(Code::NoBase, Weight::Error, message, Origin::default())
                .with_help("add `fetch-depth: 0` to actions/checkout");
            return Err(PolicyError::Unreadable(Box::new(diagnostic)));
        }
        let judging = in_working_tree(dir).map_err(PolicyError::Wrong)?;
        return Ok(PolicyFiles { judging, proposed: Proposed::Same, diagnostics: misnamed(dir) });
    };
    let own = match (base, &run.base_branch) {
        (Base::Known(point), Some(branch)) if own_branches.is_match_text(branch) => {
            in_commit(repository, &point.tip, &branch.as_str().into(), &PLACES)?
        }
        _ => None,
    };
    let judging = match own {
        Some(own) => Some(own),
        None => in_commit(repository, &commit, &branch, &PLACES)?,
    };
    let mut diagnostics = misnamed(dir);
    let proposed = match proposed_by(repository, dir) {
        Ok(proposed) => proposed,
        Err(mut diagnostic) => {
            diagnostic.weight = Weight::Warning;
            diagnostics.push(*diagnostic);
            return Ok(PolicyFiles { judging, proposed: Proposed::Same, diagnostics });
        }
    };
    let (judging, proposed) = match (judging, proposed) {
        (None, None) => (None, Proposed::Same),
        (None, Some(own)) if run.judges_a_change() => (None, Proposed::Text(own)),
        (None, Some(own)) => (Some(own), Proposed::Same),
        (Some(judging), None) => (Some(judging), Proposed::Removed),
        (Some(judging), Some(own)) if own.text == judging.text => (Some(judging), Proposed::Same),
        (Some(judging), Some(own)) => (Some(judging), Proposed::Text(own)),
    };
    Ok(PolicyFiles { judging, proposed, diagnostics })
}

/// A policy that is known already, beside what the working tree would make of it.
///
/// # Errors
/// See [`PolicyError`].
pub fn beside_working_tree(dir: &Path, judging: Option<PolicyText>) -> Result<PolicyFiles, PolicyError> {
    let own = in_working_tree(dir).map_err(PolicyError::Wrong)?;
    let proposed = match (&judging, own) {
        (None, None) => Proposed::Same,
        (Some(_), None) => Proposed::Removed,
        (Some(judging), Some(own)) if own.text == judging.text => Proposed::Same,
        (_, Some(own)) => Proposed::Text(own),
    };
    Ok(PolicyFiles { judging, proposed, diagnostics: misnamed(dir) })
}

/// What the change makes of the policy: the working tree's file; of a change that was put together from git objects,
/// the head's.
fn proposed_by(repository: &Repository, dir: &Path) -> Result<Option<PolicyText>, Box<Diagnostic>> {
    if !repository.is_rebuilt() {
        return in_working_tree(dir);
    }
    let Some(head) = repository.head()?.commit else { return Ok(None) };
    in_commit(repository, &head, &"the change".into(), &PLACES).map_err(|error| match error {
        PolicyError::Wrong(diagnostic) | PolicyError::Unreadable(diagnostic) => diagnostic,
    })
}

/// Reads a file that the policy names, where the policy is read: at the tip of the default branch. Only where no
/// change is judged may it be the working tree's.
///
/// # Errors
/// Says why it cannot be had. A file that the policy names and that is not there is never taken for an empty one.
pub fn read_beside(
    repository: Result<&Repository, &Diagnostic>,
    dir: &Path,
    base: &Base,
    run: &Run,
    path: &RepoPath,
    limit: u64,
) -> Result<Vec<u8>, Box<Diagnostic>> {
    let failed = |code: Code, what: &str| {
        let message = format!("`{}`, which the policy names, {what}", path.as_str());
        Box::new(Diagnostic::new(code, Weight::Error, message, Origin::file(path.as_str())))
    };
    let tip = match repository {
        Ok(repository) => default_branch_tip(repository, base, run)?.map(|tip| (repository, tip.0)),
        Err(_) => None,
    };
    if let Some((repository, commit)) = tip {
        match repository.file_at(&commit, path.as_str(), limit)? {
            CommittedFile::Bytes(bytes) => return Ok(bytes),
            CommittedFile::TooLarge => return Err(failed(Code::ReportTooLarge, "is too large")),
            CommittedFile::NotRegular => return Err(failed(Code::NotRegular, "is no regular file")),
            CommittedFile::Absent if run.judges_a_change() => {
                return Err(failed(Code::UnreadableFile, "is not on the default branch"));
            }
            CommittedFile::Absent => {}
        }
    } else if run.judges_a_change() {
        return Err(failed(Code::NoBase, "cannot be read: the default branch is not in this clone"));
    }
    read_beneath(dir, Path::new(path.as_str()), limit)
        .map_err(|error| failed(error.code(), &format!("cannot be read: {error}")))
}

/// The same for a policy that the change proposes: as the file stands in the change. What it holds is tried out and
/// never judges.
///
/// # Errors
/// As [`read_beside`].
pub fn read_beside_proposed(
    repository: Option<&Repository>,
    dir: &Path,
    path: &RepoPath,
    limit: u64,
) -> Result<Vec<u8>, Box<Diagnostic>> {
    let failed = |code: Code, what: &str| {
        let message = format!("`{}`, which the proposed policy names, {what}", path.as_str());
        Box::new(Diagnostic::new(code, Weight::Error, message, Origin::file(path.as_str())))
    };
    let rebuilt = repository.filter(|repository| repository.is_rebuilt());
    if let Some(repository) = rebuilt {
        let commit = repository.head()?.commit.unwrap_or_default();
        return match repository.file_at(&commit, path.as_str(), limit)? {
            CommittedFile::Bytes(bytes) => Ok(bytes),
            CommittedFile::TooLarge => Err(failed(Code::ReportTooLarge, "is too large")),
            CommittedFile::NotRegular => Err(failed(Code::NotRegular, "is no regular file")),
            CommittedFile::Absent => Err(failed(Code::UnreadableFile, "is not in the change")),
        };
    }
    read_beneath(dir, Path::new(path.as_str()), limit)
        .map_err(|error| failed(error.code(), &format!("cannot be read: {error}")))
}

/// The policy file of a revision that the user names; `None` if it has none.
///
/// # Errors
/// See [`PolicyError`].
pub fn at_revision(repository: &Repository, revision: &str) -> Result<Option<PolicyText>, PolicyError> {
    let commit = repository.revision(revision).map_err(PolicyError::Wrong)?;
    in_commit(repository, &commit, &revision.into(), &PLACES)
}

/// The policy file of a folder; `None` if it has none.
///
/// # Errors
/// See [`PolicyError`].
pub fn in_folder(dir: &Path) -> Result<Option<PolicyText>, PolicyError> {
    in_working_tree(dir).map_err(PolicyError::Wrong)
}

/// The file that `--policy` names.
///
/// # Errors
/// It cannot be read, is too large, or is no text.
pub fn named(path: &Path) -> Result<PolicyText, Box<Diagnostic>> {
    let file = path.to_string_lossy();
    let bytes = read_named(path, LIMIT).map_err(|error| unreadable(&file, &error))?;
    let text = as_text(bytes, &file)?;
    Ok(PolicyText { file: (&*file).into(), text, read_from: Untrusted::default(), commit: String::new() })
}

/// The file that `--policy` names below DIR, as the default branch has it: the change may have written the one of
/// the checkout.
fn named_in_commit(
    repository: Result<&Repository, &Diagnostic>,
    path: &Path,
    base: &Base,
    run: &Run,
) -> Result<Option<PolicyText>, PolicyError> {
    let Ok(repository) = repository else { return Ok(None) };
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let below = absolute.strip_prefix(repository.dir()).ok().and_then(Path::to_str);
    let tip = default_branch_tip(repository, base, run).map_err(PolicyError::Unreadable)?;
    let (Some(below), Some((commit, branch))) = (below, tip) else { return Ok(None) };
    in_commit(repository, &commit, &branch, &[below])
}

fn in_working_tree(dir: &Path) -> Result<Option<PolicyText>, Box<Diagnostic>> {
    let mut found: Option<PolicyText> = None;
    for place in PLACES {
        let bytes = match read_beneath(dir, Path::new(place), LIMIT) {
            Ok(bytes) => bytes,
            Err(error) if error.is_absent() => continue,
            Err(error) => return Err(unreadable(place, &error)),
        };
        if found.is_some() {
            return Err(two_policies("the working tree"));
        }
        let text = as_text(bytes, place)?;
        found = Some(PolicyText {
            file: place.into(),
            text,
            read_from: "read from the working tree".into(),
            commit: String::new(),
        });
    }
    Ok(found)
}

fn in_commit(
    repository: &Repository,
    commit: &str,
    branch: &Untrusted,
    places: &[&str],
) -> Result<Option<PolicyText>, PolicyError> {
    let mut found: Option<PolicyText> = None;
    let short: String = commit.chars().take(7).collect();
    for &place in places {
        let wrong = |code: Code, what: &str| {
            let message = format!("the policy of `{}` {what}", branch.raw());
            PolicyError::Wrong(Box::new(Diagnostic::new(
                code,
                Weight::Error,
                message,
                Origin::at(place, 1, 1),
            )))
        };
        let bytes = match repository.file_at(commit, place, LIMIT).map_err(PolicyError::Unreadable)? {
            CommittedFile::Absent => continue,
            CommittedFile::Bytes(bytes) => bytes,
            CommittedFile::TooLarge => return Err(wrong(Code::PolicyTooLarge, "is larger than 64 KiB")),
            CommittedFile::NotRegular => return Err(wrong(Code::NotRegular, "is no regular file")),
        };
        if found.is_some() {
            return Err(PolicyError::Wrong(two_policies(&format!("`{}`", branch.raw()))));
        }
        let text = as_text(bytes, place).map_err(PolicyError::Wrong)?;
        let read_from = format!("read from {} at {short}", branch.raw()).into();
        found = Some(PolicyText { file: place.into(), text, read_from, commit: commit.to_owned() });
    }
    Ok(found)
}

/// Files that look like a policy and are none: a policy that nobody reads is a gate that nobody keeps.
fn misnamed(dir: &Path) -> Vec<Diagnostic> {
    let spelled = [
        ".github/tollgate.yaml",
        "tollgate.yaml",
        ".tollgate.yml",
        ".tollgate.yaml",
        ".github/.tollgate.yml",
    ];
    let there = spelled.into_iter().filter(|name| std::fs::symlink_metadata(dir.join(name)).is_ok());
    there
        .map(|name| {
            let message = format!("`{name}` is not read: a policy is called `.github/tollgate.yml`");
            Diagnostic::new(Code::MisnamedPolicy, Weight::Warning, message, Origin::file(name))
        })
        .collect()
}

fn two_policies(place: &str) -> Box<Diagnostic> {
    let message = format!("{place} holds both `{}` and `{}`", PLACES[0], PLACES[1]);
    Box::new(Diagnostic::new(Code::TwoPolicies, Weight::Error, message, Origin::at(PLACES[1], 1, 1)))
}

fn as_text(bytes: Vec<u8>, file: &str) -> Result<String, Box<Diagnostic>> {
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
        let line = memchr::memchr_iter(b'\n', valid).count() + 1;
        let column = valid.len() - memchr::memrchr(b'\n', valid).map_or(0, |at| at + 1) + 1;
        let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let origin = Origin::at(file, number(line), number(column));
        Box::new(
            Diagnostic::new(Code::BadEncoding, Weight::Error, "the policy is not valid UTF-8", origin)
                .with_help("save the policy in UTF-8"),
        )
    })
}

fn unreadable(file: &str, error: &OpenError) -> Box<Diagnostic> {
    let code = if matches!(error, OpenError::TooLarge { .. }) { Code::PolicyTooLarge } else { error.code() };
    let message = format!("the policy cannot be read: {error}");
    // Of a file that is there the whole is wrong, from its first line on.
    let origin = if error.is_absent() { Origin::file(file) } else { Origin::at(file, 1, 1) };
    Box::new(Diagnostic::new(code, Weight::Error, message, origin))
}

#[cfg(test)]
mod tests;
