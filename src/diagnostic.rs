//! Every problem has a code, a place and a fix.

use crate::model::Untrusted;
use serde::{Deserialize, Serialize};
use std::fmt;

/// How much a diagnostic weighs. Ordered from lightest to heaviest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weight {
    /// Worth knowing; nothing was lost.
    Note,
    /// Read or repaired, with a doubt that somebody should look at.
    Warning,
    /// Evidence or policy that cannot be used as it is.
    Error,
}

impl Weight {
    /// The word printed before the code.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// Where something stands: a file, and in it a line and column if they are known.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Origin {
    /// The file as people know it; `built-in policy` for our own defaults; empty if there is none.
    pub file: Untrusted,
    /// 1-based line; 0 if unknown.
    pub line: u32,
    /// 1-based column in characters; 0 if unknown.
    pub column: u32,
    /// The commit that the file was read from, in full hexadecimal; empty if it was read from a folder.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub commit: String,
}

impl Origin {
    /// A place in a file.
    pub fn at(file: impl Into<Untrusted>, line: u32, column: u32) -> Self {
        Self { file: file.into(), line, column, commit: String::new() }
    }

    /// The same in this commit; empty for a file of a folder.
    #[must_use]
    pub fn in_commit(mut self, commit: &str) -> Self {
        commit.clone_into(&mut self.commit);
        self
    }

    /// A whole file.
    pub fn file(file: impl Into<Untrusted>) -> Self {
        Self::at(file, 0, 0)
    }
}

/// One problem: what, where, and how to fix it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Diagnostic {
    /// Which problem.
    pub code: Code,
    /// How much it weighs.
    pub weight: Weight,
    /// What is wrong; a fragment in lower case without a full stop. May quote a report.
    pub message: Untrusted,
    /// Where.
    pub origin: Origin,
    /// How to fix it, in words of ours; may be empty for notes.
    pub help: Untrusted,
}

impl Diagnostic {
    /// A problem whose help is that of its code.
    pub fn new(code: Code, weight: Weight, message: impl Into<Untrusted>, origin: Origin) -> Self {
        Self { code, weight, message: message.into(), origin, help: code.help().into() }
    }

    /// The same with a more exact help.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<Untrusted>) -> Self {
        self.help = help.into();
        self
    }
}

/// Every kind of problem that Tollgate can name. The list in [`Code::ALL`] carries id and standard help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[expect(
    missing_docs,
    reason = "each code's meaning stands in `Code::ALL`, where the user's help is made from it"
)]
pub enum Code {
    // Reading files.
    UnknownFormat,
    AmbiguousFormat,
    WrongFormat,
    UnreadableFile,
    ReportTooLarge,
    EmptyFile,
    EmptyReport,
    CutOff,
    Malformed,
    TooDeep,
    TokenTooLong,
    EntityDeclaration,
    NulByte,
    BadEncoding,
    Utf16,
    IllegalCharacter,
    UnknownEntity,
    TextCut,
    CasesCut,
    FindingsCut,
    LineTooLong,
    // Meaning of reports.
    TotalsDisagree,
    UnknownStatus,
    BadNumber,
    BadTime,
    BadLine,
    UnattributedLines,
    SummaryOnly,
    UnsupportedVersion,
    ToolFailed,
    UnknownRule,
    UnknownSeverity,
    MissingResults,
    NotAScan,
    MissingField,
    ExternalProperties,
    GoneResults,
    DuplicateReport,
    // Finding files.
    NoReport,
    SymlinkOutside,
    NotRegular,
    StaleReport,
    StrayReport,
    TooManyFiles,
    MissingReport,
    CarriedReport,
    NotCarried,
    OtherOrigin,
    UnknownOrigin,
    UnresolvedPaths,
    StaleCoverage,
    // Policy.
    PolicySyntax,
    PolicyTooLarge,
    UnknownKey,
    UnknownPolicyRule,
    DuplicateKey,
    WrongType,
    BadValue,
    MissingKey,
    UnsupportedYaml,
    TwoPolicies,
    MisnamedPolicy,
    PolicyDiffers,
    BadGlob,
    GlobMatchedNothing,
    BelowFloor,
    LockedRule,
    PolicyContradiction,
    RelaxRefused,
    FactsMissing,
    NoOrganisationPolicy,
    PolicyCopy,
    WaiverExpired,
    WaiverEnding,
    WaiverRefused,
    WaiverUnused,
    PolicyFromHead,
    NoPolicy,
    UnknownRepository,
    // Repository.
    NoRepository,
    ForeignRepository,
    NoBase,
    ShallowClone,
    UnknownRevision,
    GitFailed,
    // GitHub Actions.
    BadInput,
    BadEvent,
    BadArtifact,
    GithubFailed,
    ReaderStopped,
    StoreNewer,
    StoreOlder,
    StoreInUse,
    StoreUnavailable,
    StoreDamaged,
    BadSetting,
    AppUnusable,
    ReportsLate,
    NothingRan,
    OutputNotWritten,
    // Jobs, snapshots, exports.
    BadExport,
    BadJobsFile,
    BadSnapshot,
    BadRecord,
    ForeignSnapshot,
    NoBaseSnapshot,
    ContextDiffers,
}

impl Code {
    /// Every code with its id and the help that is printed where the place has no better one.
    pub const ALL: &'static [(Self, &'static str, &'static str)] = &[
        (
            Self::UnknownFormat,
            "unknown-format",
            "name the format in the policy (`format:`), or point the glob elsewhere; `tollgate formats` lists what is read",
        ),
        (Self::AmbiguousFormat, "ambiguous-format", "name the format in the policy: `format: <id>`"),
        (Self::WrongFormat, "wrong-format", "correct `format:` in the policy, or the path"),
        (Self::UnreadableFile, "unreadable-file", "check that the file exists and may be read"),
        (Self::ReportTooLarge, "report-too-large", "split the report, or raise `--max-report-bytes`"),
        (Self::EmptyFile, "empty-file", "the tool died before it wrote anything: look at its log"),
        (Self::EmptyReport, "empty-report", "check that the tool ran over what it should"),
        (Self::CutOff, "cut-off", "the tool died while it wrote, or the upload broke: run it again"),
        (
            Self::Malformed,
            "malformed",
            "let the tool write the file anew; do not concatenate or edit reports",
        ),
        (Self::TooDeep, "too-deep", "no known tool nests this deep: check what wrote the file"),
        (
            Self::TokenTooLong,
            "token-too-long",
            "no known tool writes a tag or string of this size: check what wrote the file",
        ),
        (
            Self::EntityDeclaration,
            "entity-declaration",
            "remove the DOCTYPE's declarations: Tollgate expands no entity of a document",
        ),
        (Self::NulByte, "nul-byte", "the file is binary or damaged: let the tool write it anew"),
        (Self::BadEncoding, "bad-encoding", "write the report in UTF-8"),
        (Self::Utf16, "utf-16", "write the report in UTF-8 (in PowerShell: `Out-File -Encoding utf8`)"),
        (
            Self::IllegalCharacter,
            "illegal-character",
            "let the tool escape control characters of test output",
        ),
        (Self::UnknownEntity, "unknown-entity", "let the tool write `&amp;` for an ampersand"),
        (Self::TextCut, "text-cut", ""),
        (Self::CasesCut, "cases-cut", ""),
        (Self::FindingsCut, "findings-cut", "narrow the scanner's rules or split its report"),
        (
            Self::LineTooLong,
            "line-too-long",
            "no known tool writes a line of this length: check what wrote the file",
        ),
        (
            Self::TotalsDisagree,
            "totals-disagree",
            "the report contradicts itself: let the tool write it anew, and report it to the tool's authors if it stays",
        ),
        (
            Self::UnknownStatus,
            "unknown-status",
            "Tollgate does not know this word, so it is no pass: please open an issue with the report",
        ),
        (Self::BadNumber, "bad-number", "let the tool write the report anew"),
        (Self::BadTime, "bad-time", ""),
        (Self::BadLine, "bad-line", "let the tool write the report anew"),
        (
            Self::UnattributedLines,
            "unattributed-lines",
            "configure the tool so that it names the source file",
        ),
        (
            Self::SummaryOnly,
            "summary-only",
            "let the tool write line records too; totals alone cannot say which changed lines are covered",
        ),
        (
            Self::UnsupportedVersion,
            "unsupported-version",
            "let the tool write the version that Tollgate reads",
        ),
        (
            Self::ToolFailed,
            "tool-failed",
            "look at the tool's log; a scan that did not finish proves nothing",
        ),
        (Self::UnknownRule, "unknown-rule-of-tool", ""),
        (
            Self::UnknownSeverity,
            "unknown-severity",
            "`unknown-as` in the policy says what such findings count as",
        ),
        (Self::MissingResults, "missing-results", "the tool did not start to analyse: look at its log"),
        (
            Self::NotAScan,
            "not-a-scan",
            "name it in `reports:` if it should hold vulnerabilities; let the scanner write them into it",
        ),
        (Self::MissingField, "missing-field", "let the tool write the report anew"),
        (
            Self::ExternalProperties,
            "external-properties",
            "keep the file that the report names beside it, or let the tool write everything into the report",
        ),
        (
            Self::GoneResults,
            "gone-results",
            "let the tool write the report without a baseline; Tollgate compares with the base itself",
        ),
        (Self::DuplicateReport, "duplicate-report", "leave one of the copies"),
        (
            Self::NoReport,
            "no-report",
            "run the tests with a report (`tollgate formats` lists what is read), or name the place with `--report KIND=GLOB`",
        ),
        (Self::SymlinkOutside, "symlink-outside", "copy the report into the directory instead of linking it"),
        (Self::NotRegular, "not-a-regular-file", "point the glob at regular files"),
        (Self::StaleReport, "stale-report", "remove old reports before the tests run"),
        (Self::StrayReport, "stray-report", "add its glob to `reports:` if it should count"),
        (
            Self::TooManyFiles,
            "too-many-files",
            "name the reports in the policy (`reports:`) so that no search is needed",
        ),
        (
            Self::CarriedReport,
            "carried-report",
            "the change touches none of the files that `when` names; let the job run if it should count itself",
        ),
        (
            Self::NotCarried,
            "report-not-carried",
            "let the job write its reports, or judge with evidence of the base that has them",
        ),
        (
            Self::OtherOrigin,
            "other-origin",
            "upload the report in the artifact and workflow that the entry names, or correct the entry",
        ),
        (
            Self::UnknownOrigin,
            "unknown-origin",
            "give the entries globs that tell their files apart, or judge the artifacts of the run",
        ),
        (
            Self::MissingReport,
            "missing-report",
            "the job that writes it failed or never ran, or the path in `reports:` is wrong",
        ),
        (
            Self::UnresolvedPaths,
            "unresolved-paths",
            "run the coverage tool in the repository's root, or say where its paths start: `path-rules: [\"/build => .\"]` (`FROM => -` for what is not of the repository)",
        ),
        (Self::StaleCoverage, "stale-coverage", "measure the coverage of the commit that is judged"),
        (
            Self::PolicySyntax,
            "policy-syntax",
            "correct the YAML; `tollgate policy validate` checks a file or a folder",
        ),
        (Self::PolicyTooLarge, "policy-too-large", "a policy is at most 64 KiB"),
        (Self::UnknownKey, "unknown-key", "remove the key or correct its spelling"),
        (Self::UnknownPolicyRule, "unknown-rule", "`tollgate rules` lists all rules"),
        (Self::DuplicateKey, "duplicate-key", "leave one of the two"),
        (Self::WrongType, "wrong-type", "write the value in the form that the message names"),
        (Self::BadValue, "bad-value", "write the value in the form that the message names"),
        (Self::MissingKey, "missing-key", "add the key"),
        (
            Self::UnsupportedYaml,
            "unsupported-yaml",
            "write the value out: anchors, aliases, tags and several documents are not read",
        ),
        (Self::TwoPolicies, "two-policies", "keep `.github/tollgate.yml` and remove the other"),
        (Self::MisnamedPolicy, "misnamed-policy", "rename it to `.github/tollgate.yml`"),
        (
            Self::PolicyDiffers,
            "policy-differs",
            "the base's policy judges; yours takes effect once it is merged",
        ),
        (Self::BadGlob, "bad-glob", "correct the glob; `*` does not cross `/`, `**` does"),
        (Self::GlobMatchedNothing, "glob-matched-nothing", "correct the glob, or remove the entry"),
        (
            Self::BelowFloor,
            "below-floor",
            "write a value that is as strict as the organisation's, or remove the key",
        ),
        (Self::LockedRule, "locked", "remove the key: the organisation's value holds anyway"),
        (
            Self::PolicyContradiction,
            "policy-contradiction",
            "leave one of the two entries of the organisation's policy, or make them agree",
        ),
        (
            Self::RelaxRefused,
            "relax-refused",
            "ask the organisation for the paths in `limits.relax-allowed`, or remove the entry",
        ),
        (
            Self::FactsMissing,
            "facts-missing",
            "give the repository's name, topics and properties with `--repo-facts FILE`",
        ),
        (Self::PolicyCopy, "policy-copy", "nothing to do; the next evaluation asks GitHub again"),
        (
            Self::NoOrganisationPolicy,
            "no-organisation-policy",
            "let the job read it (`--org-policy DIR`), or remove `extends:`",
        ),
        (Self::WaiverEnding, "waiver-ending", "repair what it lifts, or renew it with a new reason"),
        (Self::WaiverExpired, "waiver-expired", "repair what it lifted, or renew it"),
        (
            Self::WaiverRefused,
            "waiver-refused",
            "change it so that it keeps to the organisation's `limits`, or remove it",
        ),
        (Self::WaiverUnused, "waiver-unused", "remove the entry, or correct what it names"),
        (
            Self::PolicyFromHead,
            "policy-from-head",
            "name a file that the change cannot edit: outside of the checkout, or of a commit (`DIR@REVISION`)",
        ),
        (
            Self::NoPolicy,
            "no-policy",
            "add `.github/tollgate.yml`, or name a policy file or a folder with `org.yml`",
        ),
        (Self::UnknownRepository, "unknown-repository", "correct the name, or remove it"),
        (Self::NoRepository, "no-repository", "run inside a git repository to have changed lines judged"),
        (
            Self::ForeignRepository,
            "foreign-repository",
            "run `git config --global --add safe.directory <directory>`",
        ),
        (Self::NoBase, "no-base", "name it with `--base <branch or commit>`"),
        (
            Self::ShallowClone,
            "shallow-clone",
            "fetch more history: `fetch-depth: 0` in actions/checkout (2 is enough on a merge commit), or `git fetch --unshallow`",
        ),
        (Self::UnknownRevision, "unknown-revision", "fetch the branch or commit first, or correct its name"),
        (Self::GitFailed, "git-failed", "check the repository with `git fsck`"),
        (Self::BadInput, "bad-input", "correct the action's `with:`"),
        (Self::BadEvent, "bad-event", "run the action on `pull_request`, `merge_group` or `push`"),
        (
            Self::BadArtifact,
            "bad-artifact",
            "let the job upload plain reports (`.github/actions/collect` does), and run it again",
        ),
        (
            Self::GithubFailed,
            "github-failed",
            "give the job `permissions: actions: read`; if it has it, run the job again",
        ),
        (
            Self::ReaderStopped,
            "reader-stopped",
            "a report is too large or made to be slow: split it, or find out which one with `tollgate inspect`",
        ),
        (
            Self::StoreNewer,
            "store-newer",
            "run the Tollgate that changed it, or a newer one, or begin with an empty store",
        ),
        (Self::StoreOlder, "store-older", "start the service once with this Tollgate"),
        (
            Self::StoreInUse,
            "store-in-use",
            "stop the other process, or give this one a folder of its own; several replicas need `--database`",
        ),
        (
            Self::StoreUnavailable,
            "store-unavailable",
            "check that the disk has room and the folder may be written, or that the database can be reached",
        ),
        (
            Self::StoreDamaged,
            "store-damaged",
            "bring back the last good copy of the store; nothing is made up in its place",
        ),
        (
            Self::BadSetting,
            "bad-setting",
            "correct the setting in the file or the environment; `tollgate serve --help` lists all of them",
        ),
        (
            Self::AppUnusable,
            "app-unusable",
            "compare the App's page on GitHub with `examples/deploy/README.md`: number, key, permissions and events",
        ),
        (
            Self::ReportsLate,
            "reports-late",
            "an owner finds out why the runs do not end, and runs them again; the check then judges by itself",
        ),
        (
            Self::NothingRan,
            "nothing-ran",
            "run the workflow for this commit again if it should be judged after all; the check then judges by itself",
        ),
        (
            Self::OutputNotWritten,
            "output-not-written",
            "check that the step may write the runner's files (GITHUB_OUTPUT, GITHUB_STEP_SUMMARY)",
        ),
        (Self::BadExport, "bad-export", "export the file anew, in the form that the message names"),
        (
            Self::BadJobsFile,
            "bad-jobs-file",
            "give `toJSON(needs)`, `toJSON(steps)` or the API's list of jobs",
        ),
        (Self::BadSnapshot, "bad-snapshot", "write it anew with `tollgate check --save-snapshot`"),
        (Self::BadRecord, "bad-record", "records are the files of `tollgate check --write-json`, unchanged"),
        (
            Self::ForeignSnapshot,
            "foreign-snapshot",
            "give the snapshot of the change's base, or of a commit before it (`--save-snapshot` on the default branch)",
        ),
        (Self::ContextDiffers, "context-differs", "take the context that CI uploaded for this commit"),
        (
            Self::NoBaseSnapshot,
            "no-base-snapshot",
            "give one with `--base-snapshot FILE` (made by `--save-snapshot` on the base)",
        ),
    ];

    /// The code as people search for it: `unknown-format`.
    pub fn id(self) -> &'static str {
        self.row().1
    }

    /// The standard help; empty where nothing needs doing.
    pub fn help(self) -> &'static str {
        self.row().2
    }

    fn row(self) -> &'static (Self, &'static str, &'static str) {
        const MISSING: &(Code, &str, &str) = &(Code::Malformed, "unlisted-code", "");
        Self::ALL.iter().find(|row| row.0 == self).unwrap_or(MISSING)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl From<Code> for String {
    fn from(code: Code) -> Self {
        code.id().to_owned()
    }
}

impl TryFrom<String> for Code {
    type Error = String;

    fn try_from(id: String) -> Result<Self, Self::Error> {
        let found = Self::ALL.iter().find(|row| row.1 == id).map(|row| row.0);
        found.ok_or_else(|| format!("no diagnostic has the code `{id}`"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_code_is_listed_once_with_an_id_of_its_own() {
        let ids: BTreeSet<_> = Code::ALL.iter().map(|row| row.1).collect();
        let codes: BTreeSet<_> = Code::ALL.iter().map(|row| row.0).collect();
        assert_eq!(ids.len(), Code::ALL.len(), "an id stands twice");
        assert_eq!(codes.len(), Code::ALL.len(), "a code stands twice");
        let last = Code::ContextDiffers as usize;
        assert_eq!(Code::ALL.len(), last + 1, "a code is not listed, or `last` is not the last variant");
    }

    #[test]
    fn ids_are_kebab_case() {
        for (_, id, help) in Code::ALL {
            assert!(id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'), "{id}");
            assert!(!help.ends_with('.'), "{id}: help ends with a full stop");
        }
    }
}
