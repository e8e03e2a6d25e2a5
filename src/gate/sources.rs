//! What is read, what it is held against, and how.

use crate::diagnostic::Diagnostic;
use crate::formats::{Format, Source};
use crate::model::{Kind, RepoPath, ScanClasses, Untrusted};
use crate::paths::{GoModule, PathHints, PathRule, Tree};
use std::num::NonZeroUsize;

/// One file to read, opened by `io`.
pub struct ReportSource<'r> {
    /// The file as it is shown to people: relative to the root of the check, with `/`.
    pub file: Untrusted,
    /// The entry of the policy's `reports:` that asked for it; empty if it was found by its content.
    pub entry: String,
    /// The kind that the entry announces.
    pub kind: Option<Kind>,
    /// The format that the entry names; `None` lets the content decide.
    pub format: Option<&'static Format>,
    /// What the entry says that its scanners look for.
    pub classes: ScanClasses,
    /// The bytes, or why they could not be opened.
    pub source: Result<Source<'r>, Diagnostic>,
}

impl std::fmt::Debug for ReportSource<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReportSource").field("file", &self.file).finish_non_exhaustive()
    }
}

/// What the paths of reports are held against.
#[derive(Debug, Default)]
pub struct Ground {
    /// The tracked files of the commit; `None` outside of a repository.
    pub tree: Option<Tree>,
    /// The Go modules of the tree.
    pub modules: Vec<GoModule>,
    /// Absolute folders in which the commit is checked out, with `/`.
    pub workspaces: Vec<String>,
    /// What the tracked files hold, for findings that are known by their line; `None` outside of a repository.
    pub texts: Option<Texts>,
    /// The policy's rules for paths.
    pub path_rules: Vec<PathRule>,
}

/// What is known of a tracked file of the commit that is judged; `None` for one that cannot be had or is too large to
/// be source.
pub struct Texts(pub Box<TextOf>);

/// What is known of a file of the tree.
type TextOf = dyn Fn(&RepoPath) -> Option<Text> + Send;

/// What is known of a tracked file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Text {
    /// Its bytes.
    Whole(Vec<u8>),
    /// How many bytes it has, and no more: it was not fetched.
    Length(u64),
}

impl std::fmt::Debug for Texts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Texts")
    }
}

/// What is kept of the reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Totals alone (`inspect`).
    Totals,
    /// What a verdict needs: failures and findings too.
    Failures,
    /// Identities of passed tests too, for a later comparison with this snapshot.
    Everything,
}

/// How reports are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// What is kept of them.
    pub keep: Keep,
    /// True if a policy asks how the runs of a test ended that a report holds several times.
    pub with_repeats: bool,
    /// True if a policy asks for counts of tests by suite or file.
    pub with_places: bool,
    /// How many reports are read at once. The snapshot is the same for any number.
    pub at_once: NonZeroUsize,
}

impl Reading {
    /// One report after the other, and what `keep` needs; for a later comparison, everything is needed.
    pub const fn keeping(keep: Keep) -> Self {
        let all = matches!(keep, Keep::Everything);
        Self { keep, with_repeats: all, with_places: all, at_once: NonZeroUsize::MIN }
    }
}

impl Ground {
    /// What is known for the paths of a report.
    pub(super) fn hints_of<'g>(&'g self, report: &'g str) -> PathHints<'g> {
        PathHints { report, workspaces: &self.workspaces, modules: &self.modules, rules: &self.path_rules }
    }

    /// What is known for paths that stand in no report of coverage.
    pub(super) fn hints(&self) -> PathHints<'_> {
        self.hints_of("")
    }
}
