//! Runs, jobs, artifacts and workflows.

use super::pulls::user_json;
use super::repositories::{fork_json, repository_json};
use super::{Answer, Body, Caller, Result, counted, not_found, page, paged};
use crate::github::server::Asked;
use crate::github::state::{Artifact, JobState, Repo, RunState, State, WHEN};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;

pub(super) fn route(state: &mut State, asked: &Asked, repo: &str, rest: &[&str], caller: &Caller) -> Result {
    caller.needs("actions", "read")?;
    let repo = state.repo(repo);
    let run = |id: &str| repo.runs.values().find(|run| run.id.to_string() == id).ok_or_else(not_found);
    match rest {
        ["runs"] => {
            let query = |name: &str, value: &str| asked.query.get(name).is_none_or(|wanted| wanted == value);
            let wanted = |run: &&RunState| query("head_sha", &run.head.sha) && query("event", &run.event);
            let runs = repo.runs.values().rev().filter(wanted).map(|run| run_json(state, repo, run));
            Ok(counted(state, asked, "workflow_runs", runs.collect()))
        }
        ["runs", id] => Ok(Answer::json(200, run_json(state, repo, run(id)?))),
        ["runs", id, "jobs"] => {
            let run = run(id)?;
            let all = asked.query.get("filter").is_some_and(|filter| filter == "all");
            // A re-run of failed jobs leaves the others in the attempt in which they ran.
            let newest = |job: &&JobState| {
                let same = run.jobs.iter().filter(|other| other.name == job.name);
                all || same.map(|other| other.attempt).max() == Some(job.attempt)
            };
            let jobs = run.jobs.iter().filter(newest).map(|job| job_json(run, job)).collect();
            Ok(counted(state, asked, "jobs", jobs))
        }
        ["runs", id, "artifacts"] => {
            let run = run(id)?;
            let artifacts = repo.artifacts.values().filter(|artifact| artifact.run == run.id);
            let shown = artifacts.map(|artifact| artifact_json(repo, run, artifact)).collect();
            Ok(counted(state, asked, "artifacts", shown))
        }
        ["artifacts"] => {
            let wanted =
                |artifact: &&Artifact| asked.query.get("name").is_none_or(|name| *name == artifact.name);
            let found = repo.artifacts.values().rev().filter(wanted);
            let shown =
                found.map(|artifact| artifact_json(repo, &repo.runs[&artifact.run], artifact)).collect();
            Ok(counted(state, asked, "artifacts", shown))
        }
        ["artifacts", id, "zip"] => {
            let found = repo.artifacts.values().find(|artifact| artifact.id.to_string() == *id);
            let artifact = found.ok_or_else(not_found)?;
            if artifact.expired {
                return Err(Answer::error(410, "Artifact has expired"));
            }
            let answer = Answer { status: 302, headers: Vec::new(), body: Body::Nothing };
            Ok(answer.with("location", &format!("{}/blob/{id}?sig=s3cr3t", state.store)))
        }
        ["workflows"] => {
            let paths: BTreeSet<&str> = repo.runs.values().map(|run| run.workflow.as_str()).collect();
            let shown = paths.into_iter().map(|path| {
                json!({"id": workflow_id(path), "path": path, "state": "active", "name": "CI", "created_at": WHEN, "updated_at": WHEN})
            });
            Ok(counted(state, asked, "workflows", shown.collect()))
        }
        ["permissions", rest @ ..] => {
            caller.needs("administration", "read")?;
            let writes = repo.facts["fork_write_tokens"].as_bool().unwrap_or(false);
            let (name, unsaid) = match rest {
                [] => (
                    "permissions",
                    json!({"enabled": true, "allowed_actions": "all", "sha_pinning_required": false}),
                ),
                ["workflow"] => (
                    "workflow",
                    json!({"default_workflow_permissions": "read", "can_approve_pull_request_reviews": false}),
                ),
                ["fork-pr-workflows-private-repos"] => (
                    "fork-pr-workflows-private-repos",
                    json!({
                        "run_workflows_from_fork_pull_requests": true, "send_write_tokens_to_workflows": writes,
                        "send_secrets_and_variables": false, "require_approval_for_fork_pr_workflows": true,
                    }),
                ),
                _ => return Err(not_found()),
            };
            Ok(Answer::json(200, repo.settings.get(name).cloned().unwrap_or(unsaid)))
        }
        _ => Err(not_found()),
    }
}

/// Bundles about a digest, whoever signed them: GitHub verifies nothing of them here.
pub(super) fn attestations(
    state: &State,
    asked: &Asked,
    repo: &str,
    digest: &str,
    caller: &Caller,
) -> Result {
    caller.needs("attestations", "read")?;
    let repo = state.repo(repo);
    let kept = repo.attestations.get(digest).ok_or_else(not_found)?;
    let shown = kept.iter().map(|bundle| {
        let mut attestation = json!({"repository_id": repo.id, "initiator": "user"});
        if bundle.is_null() {
            attestation["bundle_url"] = json!(format!("{}/bundle/1?sig=s3cr3t", state.store));
        } else {
            attestation["bundle"] = bundle.clone();
        }
        attestation
    });
    let (shown, next) = page(state, asked, shown.collect());
    Ok(paged(Answer::json(200, json!({"attestations": shown})), next))
}

fn workflow_id(path: &str) -> u64 {
    path.bytes().fold(3, |id: u64, byte| (id * 31 + u64::from(byte)) % 1_000_003)
}

pub(in crate::github) fn run_json(state: &State, repo: &Repo, run: &RunState) -> Value {
    let head_repo = match &run.head.fork {
        _ if run.head.gone => Value::Null,
        None => repository_json(state, repo),
        Some(owner) => fork_json(&format!("{owner}/{}", repo.name())),
    };
    json!({
        "id": run.id, "name": run.name, "path": run.workflow, "workflow_id": workflow_id(&run.workflow),
        "event": run.event, "status": run.status, "conclusion": run.conclusion, "run_attempt": run.attempt,
        "run_number": 1, "head_sha": run.head.sha, "head_branch": run.head.branch,
        "display_title": "Change", "repository": repository_json(state, repo), "head_repository": head_repo,
        "pull_requests": [], "created_at": WHEN, "updated_at": WHEN, "run_started_at": WHEN,
        "actor": user_json("mona", "User"), "triggering_actor": user_json("mona", "User"),
        "html_url": format!("https://github.example/{}/actions/runs/{}", repo.full_name, run.id),
        "head_commit": {
            "id": run.head.sha, "tree_id": run.head.sha, "message": "change", "timestamp": WHEN,
            "author": {"name": "A", "email": "a@example.invalid"},
            "committer": {"name": "A", "email": "a@example.invalid"},
        },
    })
}

fn job_json(run: &RunState, job: &JobState) -> Value {
    let over = !matches!(job.conclusion.as_str(), "in_progress" | "queued");
    let steps = if job.never_started {
        json!([])
    } else {
        let conclusion = over.then_some(job.conclusion.as_str());
        json!([{"name": "run", "number": 1, "status": if over { "completed" } else { "in_progress" }, "conclusion": conclusion}])
    };
    json!({
        "id": job.id, "run_id": run.id, "name": job.name, "run_attempt": job.attempt, "head_sha": run.head.sha,
        "status": if over { "completed" } else { job.conclusion.as_str() },
        "conclusion": over.then_some(job.conclusion.as_str()),
        "created_at": WHEN, "started_at": WHEN, "completed_at": over.then_some(WHEN), "labels": [],
        "runner_id": if job.never_started { 0 } else { 7 }, "steps": steps,
    })
}

fn artifact_json(repo: &Repo, run: &RunState, artifact: &Artifact) -> Value {
    let fork = run.head.fork.as_ref().map(|owner| fork_json(&format!("{owner}/{}", repo.name())));
    let head_repository = fork.map_or(json!(repo.id), |fork| fork["id"].clone());
    let digest = Sha256::digest(&artifact.bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    json!({
        "id": artifact.id, "name": artifact.name, "size_in_bytes": artifact.bytes.len(),
        "expired": artifact.expired, "digest": format!("sha256:{digest}"),
        "created_at": WHEN, "updated_at": WHEN, "expires_at": WHEN,
        "workflow_run": {
            "id": run.id, "repository_id": repo.id, "head_repository_id": head_repository,
            "head_branch": run.head.branch, "head_sha": run.head.sha,
        },
    })
}
