//! What of the set-up would let a change through, or keep the check from coming: `tollgate doctor`.
//!
//! [`examine`] is pure: the workflow files and what GitHub says of the repository come in, findings come out, each
//! with its fix. What could not be looked at is said, and never taken for well.

mod github;
mod workflows;

use super::{Place, TextFile};
use crate::policy::GatePlace;

/// The App that every job's token belongs to, on github.com.
pub const ACTIONS_APP: u64 = 15_368;

/// What the check is called.
const CHECK: &str = "Tollgate";

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The gate can be walked around, or will not answer.
    Problem,
    /// It holds, and could hold better.
    Advice,
}

impl Level {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Problem => "problem",
            Self::Advice => "advice",
        }
    }
}

/// One thing that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// How much it matters.
    pub level: Level,
    /// Its name.
    pub code: &'static str,
    /// What is so, and what it lets happen.
    pub what: String,
    /// The line of a file; `None` for a setting at GitHub.
    pub place: Option<Place>,
    /// What to do.
    pub fix: String,
}

/// Something that could not be looked at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unseen {
    /// What it would have shown.
    pub what: &'static str,
    /// Why it could not be looked at.
    pub why: String,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Examined {
    /// The worst first.
    pub findings: Vec<Finding>,
    /// What is as it should be, in words of ours.
    pub fine: Vec<&'static str>,
    /// What could not be looked at.
    pub unseen: Vec<Unseen>,
}

impl Examined {
    fn problem(
        &mut self,
        code: &'static str,
        place: Option<Place>,
        what: impl Into<String>,
        fix: impl Into<String>,
    ) {
        self.add(Level::Problem, code, place, what, fix);
    }

    fn advice(
        &mut self,
        code: &'static str,
        place: Option<Place>,
        what: impl Into<String>,
        fix: impl Into<String>,
    ) {
        self.add(Level::Advice, code, place, what, fix);
    }

    fn add(
        &mut self,
        level: Level,
        code: &'static str,
        place: Option<Place>,
        what: impl Into<String>,
        fix: impl Into<String>,
    ) {
        self.findings.push(Finding { level, code, what: what.into(), place, fix: fix.into() });
    }

    fn has(&self, code: &str) -> bool {
        self.findings.iter().any(|finding| finding.code == code)
    }

    /// How many findings are problems.
    pub fn problems(&self) -> usize {
        self.findings.iter().filter(|finding| finding.level == Level::Problem).count()
    }
}

/// Something that GitHub was asked, or why it did not say it.
pub type Known<T> = Result<T, String>;

/// A check that has to be green before a change is merged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequiredCheck {
    /// Its name.
    pub name: String,
    /// The App that has to post it; `None` for anybody.
    pub app: Option<u64>,
    /// What asks for it: `ruleset 42`, `the protection of main`.
    pub asked_by: String,
}

/// What rulesets and branch protection ask of the default branch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BranchDemands {
    /// The checks.
    pub checks: Vec<RequiredCheck>,
    /// True if changes go through the merge queue.
    pub merge_queue: bool,
    /// Workflows that a ruleset runs in every repository.
    pub workflows: Vec<String>,
    /// Why the classic protection of the branch could not be looked at, if it could not.
    pub protection_unseen: Option<String>,
}

/// What runs of forks get in a private repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ForkRuns {
    /// They run.
    pub run: bool,
    /// With a token that may write.
    pub write_tokens: bool,
    /// With secrets.
    pub secrets: bool,
}

/// What Actions may do in the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionsSettings {
    /// They run at all.
    pub enabled: bool,
    /// `all`, `local_only` or `selected`.
    pub allowed: Option<String>,
}

/// Runs of the two stages, as far as GitHub keeps them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunsSeen {
    /// A run of a pull request has ended.
    pub first_stage: bool,
    /// How the newest run that another run started ended; `None` if there is none.
    pub second_stage: Option<String>,
}

/// An organisation's policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrganisationSeen {
    /// What the repository's policy extends.
    pub declared: Option<String>,
    /// Where it was read; `None` if none can be seen.
    pub source: Option<String>,
}

/// What GitHub says of the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitHubFacts {
    /// The default branch.
    pub default_branch: String,
    /// True for a private or internal repository.
    pub is_private: bool,
    /// What its rules ask for.
    pub demands: Known<BranchDemands>,
    /// What runs of forks get; `None` in a public repository.
    pub fork_runs: Known<Option<ForkRuns>>,
    /// What Actions may do.
    pub actions: Known<ActionsSettings>,
    /// `read` or `write`: the rights of a job that says nothing.
    pub default_rights: Known<String>,
    /// Workflows that are switched off, by their file, with the word for why.
    pub switched_off: Known<Vec<(String, String)>>,
    /// What ran.
    pub runs: Known<RunsSeen>,
    /// The organisation's policy.
    pub organisation: Known<OrganisationSeen>,
}

/// Everything that is examined.
#[derive(Clone, Debug, Default)]
pub struct SetUp<'s> {
    /// The workflow files of the default branch, or of the working tree.
    pub workflows: &'s [TextFile],
    /// Where the policy says that the verdict is given; `None` if it does not say.
    pub gate: Option<GatePlace>,
    /// True if the policy asks for attested evidence (grade A).
    pub wants_attested: bool,
    /// What is wrong with the policy, if it cannot be read or has mistakes.
    pub policy_problem: Option<&'s PolicyProblem>,
    /// What GitHub says; `None` if nobody asked.
    pub github: Option<&'s GitHubFacts>,
}

/// Why nobody can judge by the policy that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyProblem {
    /// What is wrong, in a sentence without its full stop.
    pub what: String,
    /// Where, if that is known.
    pub place: Option<Place>,
}

/// The files of the workflows that post the check for other runs.
pub fn second_stages(files: &[TextFile]) -> Vec<String> {
    let read = workflows::read(files, &mut Examined::default());
    read.into_iter().filter(workflows::Workflow::is_second_stage).map(|workflow| workflow.file).collect()
}

/// Examines a set-up.
pub fn examine(set_up: &SetUp<'_>) -> Examined {
    let mut examined = Examined::default();
    let read = workflows::read(set_up.workflows, &mut examined);
    // A workflow that posts the check says where the verdict is given, if the policy does not.
    let has_second_stage = read.iter().any(workflows::Workflow::is_second_stage);
    let gate = set_up.gate.unwrap_or(if has_second_stage { GatePlace::Publish } else { GatePlace::Step });
    workflows::examine(&read, gate, set_up.github, &mut examined);
    if set_up.wants_attested {
        workflows::attestations(&read, &mut examined);
    }
    if let Some(facts) = set_up.github {
        github::examine(facts, &read, gate, &mut examined);
    }
    if let Some(problem) = set_up.policy_problem {
        let what = format!("the policy cannot be used, so no change gets a verdict: {}", problem.what);
        let fix = "correct the file; `tollgate policy validate` names every mistake";
        examined.problem("policy-unusable", problem.place.clone(), what, fix);
    }
    examined.findings.sort();
    examined.findings.dedup();
    examined.unseen.sort();
    examined
}

#[cfg(test)]
mod tests;
