//! What is to be judged, and by what.

use crate::cli::policies::PolicyOptions;
use crate::diagnostic::Diagnostic;
use crate::formats::Source;
use crate::io::git::{Repository, Run};
use crate::io::github::{Fetched, Nearest, Snapshots};
use crate::model::{BuildJobs, Confirmation, Diff, Graded, Kind, Proposer};
use crate::policy::RepoFacts;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What is to be judged, and by what.
pub(in crate::cli) struct Question {
    /// The directory to judge.
    pub(in crate::cli) dir: PathBuf,
    /// What CI says of the run.
    pub(in crate::cli) run: Run,
    /// Where the policy comes from.
    pub(in crate::cli) policy: PolicyOptions,
    /// What CI says of the repository.
    pub(in crate::cli) facts: RepoFacts,
    /// What CI says of who proposes the change.
    pub(in crate::cli) proposer: Option<Proposer>,
    /// Globs that replace the policy's, by kind.
    pub(in crate::cli) reports: Vec<(Kind, String)>,
    /// The branch or commit to compare with, if it was named.
    pub(in crate::cli) base: Option<String>,
    /// How the CI jobs or steps ended.
    pub(in crate::cli) jobs: Option<BuildJobs>,
    /// A file with the base's evidence.
    pub(in crate::cli) base_snapshot: Option<PathBuf>,
    /// Where the base's evidence is looked for if no file is given.
    pub(in crate::cli) snapshots: Option<Snapshots>,
    /// Files that this run reads or writes and that are no reports.
    pub(in crate::cli) written: Vec<PathBuf>,
    /// Other names of the workspace that paths in reports may begin with.
    pub(in crate::cli) workspaces: Vec<String>,
    /// What other jobs uploaded, to be judged instead of the reports of the directory.
    pub(in crate::cli) artifacts: Option<Fetched>,
    /// The largest report that is read, in bytes.
    pub(in crate::cli) max_report_bytes: u64,
    /// True if the evidence is kept for later comparisons.
    pub(in crate::cli) keeps_everything: bool,
    /// What the second stage knows beside it.
    pub(in crate::cli) second_stage: Option<SecondStage>,
}

/// A change that was put together from git objects, and what is known of where its evidence comes from.
pub(in crate::cli) struct SecondStage {
    /// The change, the base and the policy.
    pub(in crate::cli) repository: Repository,
    /// The program whose process reads the reports: this one.
    pub(in crate::cli) reader: PathBuf,
    /// Reasons to trust the evidence less than the change alone gives.
    pub(in crate::cli) lowered: Vec<Graded>,
    /// The files of the workflows that ran, by the runs that uploaded the reports.
    pub(in crate::cli) workflows: BTreeMap<u64, String>,
    /// A maintainer who stands for the evidence.
    pub(in crate::cli) confirmed: Option<Confirmation>,
    /// Problems that were found on the way.
    pub(in crate::cli) diagnostics: Vec<Diagnostic>,
    /// The evidence of the base, or why there is none; `None` if nobody looked for it.
    pub(in crate::cli) base: Option<Result<Nearest, String>>,
    /// What happened since that evidence was made, or why nobody can say; `None` if it is of the merge base.
    pub(in crate::cli) since: Option<Result<Diff, String>>,
}

impl Question {
    /// A directory as it stands, with nothing named.
    pub(in crate::cli) fn new(dir: PathBuf, run: Run) -> Self {
        Self {
            dir,
            run,
            policy: PolicyOptions::default(),
            facts: RepoFacts::default(),
            proposer: None,
            reports: Vec::new(),
            base: None,
            jobs: None,
            base_snapshot: None,
            snapshots: None,
            written: Vec::new(),
            workspaces: Vec::new(),
            artifacts: None,
            max_report_bytes: Source::DEFAULT_MAX_BYTES,
            keeps_everything: false,
            second_stage: None,
        }
    }
}
