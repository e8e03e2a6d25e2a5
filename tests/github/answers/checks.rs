//! Check runs.

use super::{Answer, Caller, Result, counted, listed, not_found};
use crate::github::server::Asked;
use crate::github::state::{Check, State, WHEN, now, written};
use serde_json::{Value, json};

/// GitHub's limits that no schema holds, in bytes.
const MAX_MESSAGE: usize = 64 << 10;

pub(super) fn route(state: &mut State, asked: &Asked, repo: &str, rest: &[&str], caller: &Caller) -> Result {
    match (asked.method.as_str(), rest) {
        ("GET", ["commits", sha, "check-runs"]) => {
            caller.needs("checks", "read")?;
            let query = |name: &str| asked.query.get(name);
            let wanted = |check: &&Check| {
                check.head_sha == *sha
                    && query("check_name").is_none_or(|name| *name == check.name)
                    && query("app_id").is_none_or(|app| *app == check.app.to_string())
            };
            let checks: Vec<&Check> = state.repo(repo).checks.iter().filter(wanted).collect();
            // The newest of each name and App hides the others, unless all are asked for.
            let all = query("filter").is_some_and(|filter| filter == "all");
            let newest = |check: &&Check| {
                let same = |other: &&&Check| (&other.name, other.app) == (&check.name, check.app);
                all || checks.iter().filter(same).map(|other| other.id).max() == Some(check.id)
            };
            let shown = checks.iter().copied().filter(newest).map(check_json).collect();
            Ok(counted(state, asked, "check_runs", shown))
        }
        ("POST", ["check-runs"]) => {
            caller.needs("checks", "write")?;
            let mut check = Check { id: state.new_id(), app: caller.token.app, ..Check::default() };
            check.status = "queued".to_owned();
            write(&mut check, asked.body.as_ref().unwrap())?;
            let shown = check_json(&check);
            state.repo_mut(repo).checks.push(check);
            Ok(Answer::json(201, shown))
        }
        ("PATCH", ["check-runs", id]) => {
            caller.needs("checks", "write")?;
            let checks = &mut state.repo_mut(repo).checks;
            let check = checks.iter_mut().find(|check| check.id.to_string() == *id).ok_or_else(not_found)?;
            if check.app != caller.token.app {
                return Err(Answer::error(
                    403,
                    "Invalid app_id - check run can only be modified by the GitHub App that created it.",
                ));
            }
            write(check, asked.body.as_ref().unwrap())?;
            Ok(Answer::json(200, check_json(check)))
        }
        ("GET", ["check-runs", id]) => {
            caller.needs("checks", "read")?;
            let found = state.repo(repo).checks.iter().find(|check| check.id.to_string() == *id);
            found.map(|check| Answer::json(200, check_json(check))).ok_or_else(not_found)
        }
        ("GET", ["check-runs", id, "annotations"]) => {
            caller.needs("checks", "read")?;
            let found = state.repo(repo).checks.iter().find(|check| check.id.to_string() == *id);
            let annotations = found.ok_or_else(not_found)?.annotations.clone();
            Ok(listed(state, asked, annotations))
        }
        _ => Err(not_found()),
    }
}

/// Carries out a write: what is not named stays, annotations are added.
fn write(check: &mut Check, body: &Value) -> std::result::Result<(), Answer> {
    let text = |name: &str| body[name].as_str().map(str::to_owned);
    let set = |field: &mut String, name: &str| {
        if let Some(value) = text(name) {
            *field = value;
        }
    };
    set(&mut check.name, "name");
    set(&mut check.head_sha, "head_sha");
    set(&mut check.status, "status");
    check.external_id = text("external_id").or(check.external_id.take());
    check.details_url = text("details_url").or(check.details_url.take());
    if let Some(conclusion) = text("conclusion") {
        check.conclusion = Some(conclusion);
        check.status = "completed".to_owned();
        check.completed_at = Some(text("completed_at").unwrap_or_else(|| written(now())));
    } else if check.status == "completed" && check.conclusion.is_none() {
        return Err(Answer::error(422, "a completed check run needs a conclusion"));
    } else if check.status != "completed" {
        check.conclusion = None;
        check.completed_at = None;
    }
    if let Some(actions) = body["actions"].as_array() {
        check.actions.clone_from(actions);
    }
    let output = &body["output"];
    if output.is_null() {
        return Ok(());
    }
    check.title = output["title"].as_str().unwrap_or(&check.title).to_owned();
    check.summary = output["summary"].as_str().unwrap_or(&check.summary).to_owned();
    check.text = output["text"].as_str().map(str::to_owned).or(check.text.take());
    for annotation in output["annotations"].as_array().into_iter().flatten() {
        let length = |name: &str| annotation[name].as_str().unwrap_or_default().len();
        if length("message") > MAX_MESSAGE || length("raw_details") > MAX_MESSAGE || length("title") > 255 {
            return Err(Answer::error(422, "an annotation is too long"));
        }
        check.annotations.push(annotation.clone());
    }
    Ok(())
}

fn check_json(check: &Check) -> Value {
    json!({
        "id": check.id, "name": check.name, "head_sha": check.head_sha, "external_id": check.external_id,
        "details_url": check.details_url, "status": check.status, "conclusion": check.conclusion,
        "started_at": WHEN, "completed_at": check.completed_at,
        "output": {
            "title": check.title, "summary": check.summary, "text": check.text,
            "annotations_count": check.annotations.len(),
        },
        "app": {"id": check.app, "slug": super::pulls::slug(check.app)},
        "check_suite": {"id": check.app},
        "pull_requests": [],
    })
}
