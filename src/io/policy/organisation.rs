//! Where an organisation's policy is read from: a folder, a revision of a clone, or files that GitHub's API gave
//! (DECISIONS 6).
//!
//! Every source gives [`OrgFiles`], and nothing else has to know.
//! A source that cannot be read is never "no policy".

use super::trust::Judged;
use super::{LIMIT, PolicyError, as_text};
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::io::beneath::{OpenError, read_beneath, read_named};
use crate::io::git::{self, CommittedFile, Repository};
use crate::model::{RepoPath, Teams};
use crate::policy::{Beside, BesideKind, OrgPolicy, OrgText, RepoFacts, parse_org};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The members of teams.
const TEAMS: &str = "teams.json";

/// The longest file of teams that is read, in bytes.
const MOST_TEAMS: u64 = 4 << 20;

/// The longest file of facts that is read, in bytes.
const FACTS_LIMIT: u64 = 64 << 20;

/// The files of an organisation's policy, as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrgFiles {
    /// `org.yml`, `groups/*.yml` and `repos/*.yml`.
    pub files: Vec<OrgFile>,
    /// What stands beside them and `org.yml` names: VEX documents, and copies of KEV and EPSS.
    pub beside: Vec<OrgBeside>,
    /// Where they were read, for the header: `acme/.tollgate at a1b2c3d`.
    pub source: String,
    /// The repository that they were read from, `owner/name`, where that is known.
    pub repository: Option<String>,
    /// `teams.json` beside them, where it is there: the members of teams, exported for those who have no token.
    pub teams: Option<String>,
}

/// One file of an organisation's policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrgFile {
    /// Its path in the folder of the policy: `groups/service.yml`.
    pub path: String,
    /// What people know it as: `acme/.tollgate/groups/service.yml`.
    pub name: String,
    /// The commit that it was read from, in full hexadecimal; empty if it was read from a folder.
    pub commit: String,
    /// Its text.
    pub text: String,
}

/// A file that an organisation's policy names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrgBeside {
    /// What it is.
    pub kind: BesideKind,
    /// Its path in the folder of the policy.
    pub path: RepoPath,
    /// What people know it as: `acme/.tollgate/vex/openvex.json`.
    pub name: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// Which files of `repos/` are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// The one of this repository; another one's mistake stops nobody else.
    Of(String),
    /// All of them.
    All,
}

impl OrgFiles {
    /// The policy.
    ///
    /// # Errors
    /// Everything that is wrong with any of the files.
    pub fn parse(&self) -> Result<OrgPolicy, Vec<Diagnostic>> {
        let texts: Vec<OrgText<'_>> = self
            .files
            .iter()
            .map(|file| OrgText {
                path: &file.path,
                name: &file.name,
                commit: &file.commit,
                text: &file.text,
            })
            .collect();
        let name = format!("{}/{TEAMS}", self.repository.as_deref().unwrap_or(&self.source));
        let teams = self.teams.as_ref().map(|text| Teams::parse(text, &name));
        let policy = parse_org(&texts, &self.source);
        let (mut policy, teams) = match (policy, teams.transpose()) {
            (Ok(policy), Ok(teams)) => (policy, teams.unwrap_or_default()),
            (Ok(_), Err(error)) => return Err(vec![*error]),
            (Err(errors), teams) => {
                return Err(errors.into_iter().chain(teams.err().map(|error| *error)).collect());
            }
        };
        for named in policy.beside.clone() {
            // Whoever read the files has read these too, or nobody knows what they would have said.
            let is_named = |file: &&OrgBeside| (file.kind, &file.path) == (named.kind, &named.path);
            let Some(file) = self.beside.iter().find(is_named) else {
                let message =
                    format!("`{}`, which the organisation's policy names, was not read", named.path.as_str());
                let error = Diagnostic::new(Code::UnreadableFile, Weight::Error, message, named.origin);
                return Err(vec![error.with_help("write the context anew, with this version of Tollgate")]);
            };
            policy.take_beside(&named, &file.bytes, &file.name).map_err(|error| vec![error])?;
        }
        Ok(OrgPolicy { repository: self.repository.clone(), teams, ..policy })
    }
}

/// Reads the policy that `named` stands for: a folder, or `CLONE@REVISION` with the path of a clone.
///
/// # Errors
/// See [`PolicyError`]: the place does not exist or is not to be trusted, a file is too large or no text.
pub fn read(named: &str, wanted: &Wanted, judged: &Judged<'_>) -> Result<OrgFiles, PolicyError> {
    let path = named.strip_prefix("file://").unwrap_or(named);
    if Path::new(path).is_dir() {
        judged.refuse_own(Path::new(path), "the organisation's policy")?;
        return in_folder(path, wanted);
    }
    match path.rsplit_once('@') {
        Some((clone, revision)) if Path::new(clone).is_dir() && !revision.is_empty() => {
            in_commit(clone, revision, wanted, judged)
        }
        _ => Err(not_there(named)),
    }
}

/// Reads `--repo-facts FILE`.
///
/// # Errors
/// See [`PolicyError`].
pub fn read_facts(path: &Path, judged: &Judged<'_>) -> Result<RepoFacts, PolicyError> {
    let text = facts_text(path, judged)?;
    RepoFacts::parse(&text, &path.to_string_lossy()).map_err(|error| PolicyError::Wrong(Box::new(error)))
}

/// Reads `--repositories FILE`.
///
/// # Errors
/// See [`PolicyError`].
pub fn read_repositories(path: &Path, judged: &Judged<'_>) -> Result<Vec<RepoFacts>, PolicyError> {
    let text = facts_text(path, judged)?;
    RepoFacts::parse_list(&text, &path.to_string_lossy()).map_err(|error| PolicyError::Wrong(Box::new(error)))
}

fn facts_text(path: &Path, judged: &Judged<'_>) -> Result<String, PolicyError> {
    judged.refuse_own(path, "the file of the repository's facts")?;
    let file = path.to_string_lossy();
    let wrong = |message: String| wrong(Code::FactsMissing, message, &file, "");
    let bytes = read_named(path, FACTS_LIMIT)
        .map_err(|error| wrong(format!("the repository's facts cannot be read: {error}")))?;
    String::from_utf8(bytes).map_err(|_| wrong("the facts are not valid UTF-8".to_owned()))
}

/// A name that is no place that can be read.
fn not_there(named: &str) -> PolicyError {
    let remote = named.contains("://") || named.split_once(':').is_some_and(|(host, _)| host.contains('@'));
    let (message, help) = if remote {
        (
            "an organisation's policy is not fetched from an address".to_owned(),
            "clone it first (`git clone --bare ADDRESS policy.git`) and name a revision of it: `policy.git@v1`",
        )
    } else {
        (
            format!("there is no organisation's policy at `{named}`"),
            "name a folder with `org.yml` in it, or a revision of a clone: `CLONE@REVISION`",
        )
    };
    let error = Diagnostic::new(Code::NoOrganisationPolicy, Weight::Error, message, Origin::default());
    PolicyError::Wrong(Box::new(error.with_help(help)))
}

fn in_folder(path: &str, wanted: &Wanted) -> Result<OrgFiles, PolicyError> {
    let root = PathBuf::from(path);
    let shown = path.trim_end_matches('/');
    let of_runner = action_of(&root);
    let clone = git::open(&root).ok().filter(Repository::is_own_clone);
    let repository = match &of_runner {
        Some((repository, _)) => Some(repository.clone()),
        None => clone.as_ref().and_then(Repository::remote_repository),
    };
    let label = repository.clone().unwrap_or_else(|| shown.to_owned());
    let store = Store::Folder(root);
    let Texts { mut files, teams } = read_all(&store, &label, wanted)?;
    let is_committed =
        |clone: &&Repository| files.iter().all(|(file, place)| clone.head_holds(place, file.text.as_bytes()));
    let head = clone.as_ref().filter(is_committed).and_then(|clone| clone.head().ok()?.commit);
    let source = match (&of_runner, &head) {
        (Some((repository, reference)), _) => format!("{repository} at {reference}"),
        (None, Some(commit)) => format!("{label} at {}", short(commit)),
        (None, None) => label.clone(),
    };
    for (file, _) in &mut files {
        file.commit = head.clone().unwrap_or_default();
    }
    let beside = read_beside(&store, &label, &files)?;
    let files = files.into_iter().map(|(file, _)| file).collect();
    Ok(OrgFiles { files, beside, source, repository, teams })
}

fn in_commit(
    path: &str,
    revision: &str,
    wanted: &Wanted,
    judged: &Judged<'_>,
) -> Result<OrgFiles, PolicyError> {
    let clone = git::open(Path::new(path)).map_err(|mut error| {
        error.weight = Weight::Error;
        PolicyError::Wrong(error)
    })?;
    let commit = clone.revision(revision).map_err(PolicyError::Wrong)?;
    judged.refuse_own_commit(&clone, &commit, revision)?;
    let repository = clone.remote_repository().filter(|_| clone.prefix().is_empty());
    let label = repository.clone().unwrap_or_else(|| path.trim_end_matches('/').to_owned());
    let source = format!("{label} at {}", short(&commit));
    let store = Store::Commit(&clone, &commit);
    let Texts { mut files, teams } = read_all(&store, &label, wanted)?;
    for (file, _) in &mut files {
        file.commit.clone_from(&commit);
    }
    let beside = read_beside(&store, &label, &files)?;
    let files = files.into_iter().map(|(file, _)| file).collect();
    Ok(OrgFiles { files, beside, source, repository, teams })
}

/// The files of a repository that hold an organisation's policy, as they were fetched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FetchedFiles {
    /// `owner/name`.
    pub repository: String,
    /// The commit, in full hexadecimal.
    pub commit: String,
    /// By their path in the repository.
    pub files: BTreeMap<String, FetchedFile>,
}

/// One fetched file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FetchedFile {
    /// Its bytes.
    Bytes(Vec<u8>),
    /// It is too large to be a policy, and was not fetched.
    TooLarge,
    /// It is a symlink or a submodule.
    NotRegular,
    /// Nobody asks for it; that it is there may still be a mistake.
    Listed,
}

impl FetchedFiles {
    /// True if a file of this path in a repository may belong to an organisation's policy.
    pub fn may_belong(path: &str) -> bool {
        let path = path.strip_prefix("tollgate/").unwrap_or(path);
        matches!(path, "org.yml" | "org.yaml" | TEAMS)
            || ["groups/", "repos/"].iter().any(|folder| {
                path.strip_prefix(folder).is_some_and(|name| !name.is_empty() && !name.contains('/'))
            })
    }

    /// True if a file has to be fetched to judge the repository of this name.
    pub fn is_wanted(path: &str, name: &str) -> bool {
        let path = path.strip_prefix("tollgate/").unwrap_or(path);
        match path.strip_prefix("repos/").and_then(|name| name.strip_suffix(".yml")) {
            Some(stem) => stem.eq_ignore_ascii_case(name),
            None => path.ends_with(".yml") || path == TEAMS,
        }
    }

    /// The most bytes that a file may have to be fetched.
    pub fn most_bytes(path: &str) -> u64 {
        if path.ends_with(TEAMS) { MOST_TEAMS } else { LIMIT }
    }

    /// True if they hold a policy at all.
    pub fn hold_a_policy(&self) -> bool {
        ["", "tollgate/"].iter().any(|folder| {
            ["org.yml", "org.yaml"].iter().any(|name| self.files.contains_key(&format!("{folder}{name}")))
        })
    }

    /// The files that `org.yml` names beside the policy, each by its path in the repository with the most bytes that
    /// it may have. What is wrong with the policy is said when it is read as one.
    pub fn named_beside(&self) -> Vec<(String, u64)> {
        let found =
            ["", "tollgate/"].into_iter().find_map(|base| match self.files.get(&format!("{base}org.yml")) {
                Some(FetchedFile::Bytes(bytes)) => {
                    Some((base, std::str::from_utf8(bytes).unwrap_or_default()))
                }
                _ => None,
            });
        let Some((base, text)) = found else { return Vec::new() };
        let text = OrgText { path: "org.yml", name: "org.yml", commit: "", text };
        let Ok(policy) = parse_org(&[text], "") else { return Vec::new() };
        let of = |file: &Beside| (format!("{base}{}", file.path.as_str()), file.most_bytes());
        policy.beside.iter().map(of).collect()
    }

    /// The policy's files, of those that are wanted for a repository of this name.
    ///
    /// # Errors
    /// As [`read`].
    pub fn policy(&self, name: &str) -> Result<OrgFiles, PolicyError> {
        let wanted = Wanted::Of(name.to_owned());
        let store = Store::Fetched(&self.files);
        let Texts { mut files, teams } = read_all(&store, &self.repository, &wanted)?;
        for (file, _) in &mut files {
            file.commit.clone_from(&self.commit);
        }
        let beside = read_beside(&store, &self.repository, &files)?;
        Ok(OrgFiles {
            files: files.into_iter().map(|(file, _)| file).collect(),
            beside,
            source: format!("{} at {}", self.repository, short(&self.commit)),
            repository: Some(self.repository.clone()),
            teams,
        })
    }
}

/// What a store holds.
struct Texts {
    /// The files of the policy, each with its place in the store.
    files: Vec<(OrgFile, String)>,
    /// The export of the teams.
    teams: Option<String>,
}

/// Reads all files.
fn read_all(store: &Store<'_>, label: &str, wanted: &Wanted) -> Result<Texts, PolicyError> {
    let at_root = store.names("", label)?.unwrap_or_default();
    // A repository that is not for policies alone has them in a folder.
    let below = store.names("tollgate", label)?.unwrap_or_default();
    let has = |names: &[String], name: &str| names.iter().any(|known| known == name);
    let base = match (has(&at_root, "org.yml"), has(&below, "org.yml")) {
        (true, true) => {
            let message = format!("`{label}` holds both `org.yml` and `tollgate/org.yml`");
            return Err(wrong(Code::TwoPolicies, message, label, "keep one of the two"));
        }
        (false, true) => "tollgate/",
        _ => "",
    };
    let names = if base.is_empty() { &at_root } else { &below };
    let mut paths = Vec::new();
    if has(names, "org.yml") {
        paths.push("org.yml".to_owned());
    }
    if has(names, "org.yaml") {
        return Err(misnamed(label, &format!("{base}org.yaml")));
    }
    if paths.is_empty() {
        let message = format!("`{label}` has no `org.yml`");
        let help = "name the folder that holds it; with nothing to say it is the one line `version: 1`";
        return Err(wrong(Code::NoOrganisationPolicy, message, label, help));
    }
    for folder in ["groups", "repos"] {
        for name in store.names(&format!("{base}{folder}"), label)?.unwrap_or_default() {
            let Some(stem) = name.strip_suffix(".yml") else {
                if name.starts_with('.') || name.starts_with("README") {
                    continue;
                }
                // A file that nobody reads would be a bar that nobody holds.
                return Err(misnamed(label, &format!("{base}{folder}/{name}")));
            };
            let is_wanted = match wanted {
                Wanted::Of(repository) => folder == "groups" || stem.eq_ignore_ascii_case(repository),
                Wanted::All => true,
            };
            if is_wanted {
                paths.push(format!("{folder}/{name}"));
            }
        }
    }
    let mut files = Vec::new();
    for path in paths {
        let place = format!("{base}{path}");
        let name = format!("{label}/{place}");
        let text = as_text(store.read(&place, &name, LIMIT)?, &name).map_err(PolicyError::Wrong)?;
        files.push((OrgFile { path, name, commit: String::new(), text }, place));
    }
    let teams = if has(names, TEAMS) {
        let name = format!("{label}/{base}{TEAMS}");
        let text = as_text(store.read(&format!("{base}{TEAMS}"), &name, MOST_TEAMS)?, &name);
        Some(text.map_err(PolicyError::Wrong)?)
    } else {
        None
    };
    Ok(Texts { files, teams })
}

/// The files that `org.yml` names, from the folder that it stands in. One that is no policy names none here, and its
/// mistakes are said when it is read as one.
fn read_beside(
    store: &Store<'_>,
    label: &str,
    files: &[(OrgFile, String)],
) -> Result<Vec<OrgBeside>, PolicyError> {
    let Some((root, place)) = files.iter().find(|(file, _)| file.path == "org.yml") else {
        return Ok(Vec::new());
    };
    let base = place.strip_suffix("org.yml").unwrap_or_default();
    let text = OrgText { path: &root.path, name: &root.name, commit: &root.commit, text: &root.text };
    let Ok(policy) = parse_org(&[text], label) else { return Ok(Vec::new()) };
    let mut read = Vec::new();
    for beside in policy.beside {
        let place = format!("{base}{}", beside.path.as_str());
        let name = format!("{label}/{place}");
        let bytes = store.read(&place, &name, beside.most_bytes())?;
        read.push(OrgBeside { kind: beside.kind, path: beside.path, name, bytes });
    }
    Ok(read)
}

/// Where files are.
enum Store<'s> {
    Folder(PathBuf),
    Commit(&'s Repository, &'s str),
    Fetched(&'s BTreeMap<String, FetchedFile>),
}

impl Store<'_> {
    /// The names in a folder, sorted; `None` if there is no such folder.
    fn names(&self, folder: &str, label: &str) -> Result<Option<Vec<String>>, PolicyError> {
        let root = match self {
            Self::Commit(clone, commit) => {
                return clone.names_in(commit, folder).map_err(PolicyError::Unreadable);
            }
            Self::Fetched(files) => return Ok(names_below(files, folder)),
            Self::Folder(root) => root,
        };
        let path = root.join(folder);
        let failed = |error: &std::io::Error| {
            let message = format!("the folder cannot be read: {error}");
            wrong(Code::UnreadableFile, message, &format!("{label}/{folder}"), "")
        };
        match std::fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_symlink() && !folder.is_empty() => {
                let message = "a folder of the policy is a symlink".to_owned();
                return Err(wrong(Code::NotRegular, message, &format!("{label}/{folder}"), ""));
            }
            Ok(_) if path.is_dir() => {}
            Ok(_) => return Ok(None),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(&error)),
        }
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&path).map_err(|error| failed(&error))? {
            let entry = entry.map_err(|error| failed(&error))?;
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(Some(names))
    }

    fn read(&self, place: &str, name: &str, limit: u64) -> Result<Vec<u8>, PolicyError> {
        match self {
            Self::Folder(root) => read_beneath(root, Path::new(place), limit).map_err(|error| {
                let code = match error {
                    OpenError::TooLarge { .. } => Code::PolicyTooLarge,
                    _ => error.code(),
                };
                wrong(code, format!("the file cannot be read: {error}"), name, "")
            }),
            Self::Fetched(files) => match files.get(place) {
                Some(FetchedFile::Bytes(bytes)) => Ok(bytes.clone()),
                Some(FetchedFile::TooLarge) => Err(too_large(name, limit)),
                Some(FetchedFile::NotRegular | FetchedFile::Listed) | None => Err(not_regular(name)),
            },
            Self::Commit(clone, commit) => {
                match clone.file_at(commit, place, limit).map_err(PolicyError::Unreadable)? {
                    CommittedFile::Bytes(bytes) => Ok(bytes),
                    CommittedFile::TooLarge => Err(too_large(name, limit)),
                    CommittedFile::Absent | CommittedFile::NotRegular => Err(not_regular(name)),
                }
            }
        }
    }
}

/// The names in a folder of fetched files; `None` if there is none.
fn names_below(files: &BTreeMap<String, FetchedFile>, folder: &str) -> Option<Vec<String>> {
    let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    let names: BTreeSet<&str> = files
        .keys()
        .filter_map(|path| path.strip_prefix(&prefix))
        .filter_map(|rest| rest.split('/').next())
        .collect();
    (!names.is_empty()).then(|| names.into_iter().map(str::to_owned).collect())
}

fn too_large(name: &str, limit: u64) -> PolicyError {
    wrong(Code::PolicyTooLarge, format!("the file is larger than {} KiB", limit >> 10), name, "")
}

fn not_regular(name: &str) -> PolicyError {
    wrong(Code::NotRegular, "this is no regular file".to_owned(), name, "")
}

fn misnamed(label: &str, path: &str) -> PolicyError {
    let message = "a file of an organisation's policy ends in `.yml`, and this one would not be read";
    wrong(Code::MisnamedPolicy, message.to_owned(), &format!("{label}/{path}"), "rename it, or remove it")
}

fn wrong(code: Code, message: String, file: &str, help: &str) -> PolicyError {
    // Of a file that is there the whole is wrong, from its first line on.
    let is_whole = matches!(code, Code::PolicyTooLarge | Code::TwoPolicies | Code::MisnamedPolicy);
    let origin = if is_whole { Origin::at(file, 1, 1) } else { Origin::file(file) };
    let error = Diagnostic::new(code, Weight::Error, message, origin);
    PolicyError::Wrong(Box::new(if help.is_empty() { error } else { error.with_help(help) }))
}

/// `owner/name` and reference of an action that a runner downloaded: `…/_actions/acme/.tollgate/v1`.
fn action_of(path: &Path) -> Option<(String, String)> {
    let names: Vec<&str> =
        path.components().map(|component| component.as_os_str().to_str()).collect::<Option<_>>()?;
    let at = names.iter().position(|name| *name == "_actions")?;
    match names.get(at + 1..)? {
        [owner, name, reference] => Some((format!("{owner}/{name}"), (*reference).to_owned())),
        _ => None,
    }
}

fn short(commit: &str) -> &str {
    commit.get(..7).unwrap_or(commit)
}
