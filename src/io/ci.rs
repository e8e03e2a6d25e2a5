//! Which CI we run in, and what it says of the run.

use super::actions;
use super::git::{Run, RunKind};
use crate::diagnostic::Diagnostic;
use crate::model::Proposer;
use crate::policy::RepoFacts;
use std::collections::BTreeMap;
use std::ffi::OsString;

/// What CI says of the run: GitHub Actions by its event, GitLab by its variables, any other as a branch.
///
/// # Errors
/// `bad-event` inside of GitHub Actions; see [`actions::event`].
pub fn run_of(environment: &Environment) -> Result<Run, Box<Diagnostic>> {
    if environment.is_github_actions() {
        return Ok(actions::event(environment)?.run(environment));
    }
    if environment.get("GITLAB_CI") == Some("true") {
        return Ok(run_of_gitlab(environment));
    }
    let in_ci = environment.get("CI").is_some_and(|value| value != "false" && value != "0");
    Ok(Run { kind: if in_ci { RunKind::Branch } else { RunKind::Local }, ..Run::default() })
}

/// What CI says of the repository. On a laptop nothing is known.
///
/// # Errors
/// `bad-event` or `facts-missing` inside of GitHub Actions; see [`actions::Event::facts`].
pub fn facts_of(environment: &Environment) -> Result<RepoFacts, Box<Diagnostic>> {
    if environment.is_github_actions() {
        return actions::event(environment)?.facts(environment);
    }
    let name = environment.get("CI_PROJECT_NAME").filter(|_| environment.get("GITLAB_CI") == Some("true"));
    Ok(RepoFacts { name: name.map(str::to_owned), ..RepoFacts::default() })
}

/// What CI says of who proposes the change. A merge request of GitLab names who started the pipeline, and not who
/// wrote the change: nobody is known there.
///
/// # Errors
/// `bad-event` inside of GitHub Actions; see [`actions::event`].
pub fn proposer_of(environment: &Environment) -> Result<Option<Proposer>, Box<Diagnostic>> {
    if !environment.is_github_actions() {
        return Ok(None);
    }
    Ok(actions::event(environment)?.proposer())
}

/// <https://docs.gitlab.com/ci/variables/predefined_variables/>
fn run_of_gitlab(environment: &Environment) -> Run {
    let text = |name: &str| environment.get(name).map(str::to_owned);
    let default_branch = text("CI_DEFAULT_BRANCH");
    let Some(base_branch) = text("CI_MERGE_REQUEST_TARGET_BRANCH_NAME") else {
        let branch = text("CI_COMMIT_BRANCH");
        return Run { kind: RunKind::Branch, branch, default_branch, ..Run::default() };
    };
    let kind_of_pipeline = environment.get("CI_MERGE_REQUEST_EVENT_TYPE");
    let is_merged = matches!(kind_of_pipeline, Some("merged_result" | "merge_train"));
    Run {
        kind: RunKind::PullRequest,
        base_branch: Some(base_branch),
        branch: None,
        base_commit: text("CI_MERGE_REQUEST_DIFF_BASE_SHA"),
        merge_commit: text("CI_COMMIT_SHA").filter(|_| is_merged),
        default_branch,
        is_first: false,
    }
}

/// The variables of a process.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

// A token may stand in it, so its values are never printed.
impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.keys()).finish()
    }
}

impl Environment {
    /// Takes the variables of GitHub Actions (`GITHUB_*`, `RUNNER_*`, `INPUT_*`), of GitLab (`CI*`), our own
    /// (`TOLLGATE_*`) and those that say how the network is reached; all others are left out.
    /// A value that is no text is as good as none.
    pub fn new(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let wanted = |name: &str| {
            ["GITHUB_", "RUNNER_", "INPUT_", "CI_", "TOLLGATE_"].iter().any(|prefix| name.starts_with(prefix))
                || matches!(name, "CI" | "GITLAB_CI" | "SSL_CERT_FILE")
                || ["HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"]
                    .iter()
                    .any(|known| name.eq_ignore_ascii_case(known))
        };
        let texts = variables.into_iter().filter_map(|(name, value)| {
            let name = name.into_string().ok().filter(|name| wanted(name))?;
            Some((name, value.into_string().ok()?))
        });
        Self(texts.collect())
    }

    /// A variable; empty counts as unset, as in GitHub's own tools.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// An input of the action: `INPUT_WORKING-DIRECTORY`, as the runner names it, or with `_` as a shell can
    /// pass it on.
    pub fn input(&self, name: &str) -> Option<&str> {
        let upper = name.to_uppercase();
        let by_runner = self.get(&format!("INPUT_{upper}"));
        by_runner.or_else(|| self.get(&format!("INPUT_{}", upper.replace('-', "_")))).map(str::trim)
    }

    /// True inside of GitHub Actions.
    pub fn is_github_actions(&self) -> bool {
        self.get("GITHUB_ACTIONS") == Some("true")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(variables: &[(&str, &str)]) -> Run {
        let variables = variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
        run_of(&Environment::new(variables)).unwrap()
    }

    #[test]
    fn a_laptop_is_no_ci_and_an_unknown_ci_judges_its_commit() {
        assert_eq!(run(&[("HOME", "/root"), ("GITHUB_TOKEN", "x")]), Run::default());
        assert_eq!(run(&[("CI", "false")]).kind, RunKind::Local);
        assert_eq!(run(&[("CI", "1")]).kind, RunKind::Branch);
    }

    #[test]
    fn a_merge_request_of_gitlab_names_its_target() {
        let common = [
            ("CI", "true"),
            ("GITLAB_CI", "true"),
            ("CI_DEFAULT_BRANCH", "main"),
            ("CI_COMMIT_SHA", "c"),
            ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "release"),
            ("CI_MERGE_REQUEST_DIFF_BASE_SHA", "b"),
        ];
        let expected = Run {
            kind: RunKind::PullRequest,
            base_branch: Some("release".to_owned()),
            branch: None,
            base_commit: Some("b".to_owned()),
            merge_commit: None,
            default_branch: Some("main".to_owned()),
            is_first: false,
        };
        assert_eq!(run(&common), expected);
        let merged = [common.as_slice(), &[("CI_MERGE_REQUEST_EVENT_TYPE", "merged_result")]].concat();
        assert_eq!(run(&merged), Run { merge_commit: Some("c".to_owned()), ..expected });
        assert_eq!(run(common.get(..4).unwrap()).kind, RunKind::Branch);
    }

    #[test]
    fn inside_of_actions_the_event_decides_and_must_be_there() {
        let variables = [("GITHUB_ACTIONS", "true"), ("GITHUB_EVENT_NAME", "push"), ("CI", "true")];
        assert_eq!(run(&variables).kind, RunKind::Branch);
        let nothing = Environment::new([(OsString::from("GITHUB_ACTIONS"), OsString::from("true"))]);
        assert!(run_of(&nothing).is_err());
    }
}
