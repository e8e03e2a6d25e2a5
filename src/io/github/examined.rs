//! What `tollgate doctor` asks GitHub: rules of the default branch, what runs of forks get, what Actions may do, and
//! whether the two stages run. What the token may not see is said with each answer.

use super::client::{Client, RequestError, part};
use super::organisation::{OrganisationError, fetch_organisation};
use super::repository::{BranchRule, Repository, repository_path};
use super::runs::WorkflowRun;
use crate::io::policy::PLACES;
use crate::setup::TextFile;
use crate::setup::doctor::{
    ActionsSettings, BranchDemands, ForkRuns, GitHubFacts, Known, OrganisationSeen, RequiredCheck, RunsSeen,
};
use serde::Deserialize;
use serde_json::Value;

/// The folder of workflows.
const WORKFLOWS: &str = ".github/workflows";

/// How many workflow files are read.
const MAX_WORKFLOWS: usize = 200;

/// The largest workflow or policy that is read, in bytes.
const MAX_FILE: usize = 1 << 20;

/// The files of the default branch that say how changes are judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SetUpFiles {
    /// The workflows, sorted.
    pub workflows: Vec<TextFile>,
    /// The policy, if there is one.
    pub policy: Option<TextFile>,
    /// The commit that they are of.
    pub commit: String,
}

impl Client {
    /// Reads the workflows and the policy at the tip of a branch.
    ///
    /// # Errors
    /// As every request; a file that cannot be read is never left out.
    pub async fn set_up_files(&self, repository: &str, branch: &str) -> Result<SetUpFiles, RequestError> {
        let tip = self.branch_tip(repository, branch).await?.ok_or(RequestError::Status(404))?;
        let mut files = SetUpFiles { commit: tip.clone(), ..SetUpFiles::default() };
        let root = self.tree(repository, &tip, false).await?;
        let mut wanted = Vec::new();
        let mut folder = Some((String::new(), root));
        while let Some((prefix, level)) = folder.take() {
            if level.truncated {
                return Err(RequestError::Malformed("a folder has more files than GitHub lists"));
            }
            for entry in level.entries {
                let path = format!("{prefix}{}", entry.path);
                if entry.kind == "tree" && matches!(path.as_str(), ".github" | WORKFLOWS) {
                    let below = self.tree(repository, &entry.sha, false).await?;
                    folder = Some((format!("{path}/"), below));
                } else if entry.kind == "blob" && is_wanted(&path) {
                    wanted.push((path, entry.sha));
                }
            }
        }
        wanted.sort();
        if wanted.len() > MAX_WORKFLOWS {
            return Err(RequestError::Malformed("more than 200 workflows"));
        }
        for (path, id) in wanted {
            let bytes = self.blob(repository, &id, MAX_FILE).await?;
            let text = String::from_utf8(bytes)
                .map_err(|_| RequestError::Malformed("a workflow that is not UTF-8"))?;
            let file = TextFile { name: path, text };
            if PLACES.contains(&file.name.as_str()) {
                files.policy = Some(file);
            } else {
                files.workflows.push(file);
            }
        }
        Ok(files)
    }

    /// Everything else that is examined; `extends` is what the repository's policy says of the organisation's.
    pub async fn examined(
        &self,
        repository: &Repository,
        extends: Option<&str>,
        second_stages: &[String],
    ) -> GitHubFacts {
        let name = &repository.full_name;
        let is_private = repository.private || repository.visibility.as_deref() == Some("internal");
        GitHubFacts {
            default_branch: repository.default_branch.clone(),
            is_private,
            demands: self.demands(name, &repository.default_branch).await,
            fork_runs: if is_private { self.fork_runs(name).await } else { Ok(None) },
            actions: self.actions_settings(name).await,
            default_rights: self.default_rights(name).await,
            switched_off: self.switched_off(name).await,
            runs: self.runs_seen(name, second_stages).await,
            organisation: self.organisation_seen(name, extends).await,
        }
    }

    async fn demands(&self, repository: &str, branch: &str) -> Known<BranchDemands> {
        let rules = self.branch_rules(repository, branch).await.map_err(|error| error.to_string())?;
        let mut demands = demands_of(&rules)?;
        match self.protection(repository, branch).await {
            Ok(checks) => demands.checks.extend(checks),
            Err(error) => demands.protection_unseen = Some(error.to_string()),
        }
        Ok(demands)
    }

    /// The checks that the classic protection of a branch asks for; none if it has none.
    async fn protection(&self, repository: &str, branch: &str) -> Result<Vec<RequiredCheck>, RequestError> {
        let path = format!(
            "{}/branches/{}/protection/required_status_checks",
            repository_path(repository)?,
            part(branch)
        );
        let found: Option<Protection> = self.json_if_there(&path, super::client::MAX_JSON).await?;
        let checks = found.map(|found| found.checks).unwrap_or_default();
        Ok(checks
            .into_iter()
            .map(|check| RequiredCheck {
                name: check.context,
                // -1 stands for any App.
                app: check.app_id.and_then(|app| u64::try_from(app).ok()),
                asked_by: format!("the protection of `{branch}`"),
            })
            .collect())
    }

    async fn fork_runs(&self, repository: &str) -> Known<Option<ForkRuns>> {
        let said = self.fork_workflows(repository).await.map_err(|error| error.to_string())?;
        Ok(said.map(|said| ForkRuns {
            run: said.run_workflows_from_fork_pull_requests,
            write_tokens: said.send_write_tokens_to_workflows,
            secrets: said.send_secrets_and_variables,
        }))
    }

    async fn actions_settings(&self, repository: &str) -> Known<ActionsSettings> {
        let settings: ActionsAnswer = self.setting(repository, "actions/permissions").await?;
        Ok(ActionsSettings { enabled: settings.enabled, allowed: settings.allowed_actions })
    }

    async fn default_rights(&self, repository: &str) -> Known<String> {
        let rights: RightsAnswer = self.setting(repository, "actions/permissions/workflow").await?;
        Ok(rights.default_workflow_permissions)
    }

    async fn setting<T: serde::de::DeserializeOwned>(&self, repository: &str, what: &str) -> Known<T> {
        let asked = async {
            let path = format!("{}/{what}", repository_path(repository)?);
            self.json(&path).await
        };
        asked.await.map_err(|error: RequestError| error.to_string())
    }

    async fn switched_off(&self, repository: &str) -> Known<Vec<(String, String)>> {
        let workflows = self.workflows(repository).await.map_err(|error| error.to_string())?;
        Ok(workflows
            .into_iter()
            .filter(|workflow| workflow.state != "active")
            .map(|workflow| (workflow.path, workflow.state))
            .collect())
    }

    async fn runs_seen(&self, repository: &str, second_stages: &[String]) -> Known<RunsSeen> {
        let of =
            async |event: &str| self.newest_runs(repository, event).await.map_err(|error| error.to_string());
        let first = of("pull_request").await?;
        let second = of("workflow_run").await?;
        let newest = second.into_iter().find(|run| second_stages.contains(&run.path));
        Ok(RunsSeen {
            first_stage: first.iter().any(WorkflowRun::is_completed),
            second_stage: newest.map(|run| run.conclusion.unwrap_or_else(|| "in_progress".to_owned())),
        })
    }

    async fn organisation_seen(&self, repository: &str, extends: Option<&str>) -> Known<OrganisationSeen> {
        let declared = extends.map(str::to_owned);
        match fetch_organisation(self, repository, extends).await {
            Ok(files) => Ok(OrganisationSeen { declared, source: files.map(|files| files.source) }),
            Err(OrganisationError::Wrong(error)) => Err(error.message.raw().to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// A workflow, or the policy.
fn is_wanted(path: &str) -> bool {
    let name = path.strip_prefix(WORKFLOWS).and_then(|rest| rest.strip_prefix('/'));
    let is_workflow = name.is_some_and(|name| name.ends_with(".yml") || name.ends_with(".yaml"));
    is_workflow || PLACES.contains(&path)
}

#[derive(Deserialize)]
struct ActionsAnswer {
    enabled: bool,
    #[serde(default)]
    allowed_actions: Option<String>,
}

#[derive(Deserialize)]
struct RightsAnswer {
    default_workflow_permissions: String,
}

#[derive(Deserialize)]
struct Protection {
    #[serde(default)]
    checks: Vec<ProtectedCheck>,
}

#[derive(Deserialize)]
struct ProtectedCheck {
    context: String,
    #[serde(default)]
    app_id: Option<i64>,
}

/// What rulesets ask for.
///
/// # Errors
/// A rule that does not say what it asks for.
fn demands_of(rules: &[BranchRule]) -> Known<BranchDemands> {
    let unreadable = || "a rule of the branch does not say what it asks for".to_owned();
    let listed = |rule: &BranchRule, name: &str| -> Known<Vec<Value>> {
        rule.parameters.get(name).and_then(Value::as_array).cloned().ok_or_else(unreadable)
    };
    let mut demands = BranchDemands::default();
    for rule in rules {
        match rule.kind.as_str() {
            "merge_queue" => demands.merge_queue = true,
            "required_status_checks" => {
                let asked_by = match rule.ruleset_id {
                    Some(id) => format!("ruleset {id}"),
                    None => "a ruleset".to_owned(),
                };
                for check in listed(rule, "required_status_checks")? {
                    let name = check.get("context").and_then(Value::as_str).ok_or_else(unreadable)?;
                    let app = check.get("integration_id").and_then(Value::as_u64);
                    demands.checks.push(RequiredCheck {
                        name: name.to_owned(),
                        app,
                        asked_by: asked_by.clone(),
                    });
                }
            }
            "workflows" => {
                for workflow in listed(rule, "workflows")? {
                    let path = workflow.get("path").and_then(Value::as_str).ok_or_else(unreadable)?;
                    demands.workflows.push(path.to_owned());
                }
            }
            _ => {}
        }
    }
    Ok(demands)
}
