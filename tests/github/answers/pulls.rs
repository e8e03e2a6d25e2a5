//! Pull requests and comments.

use super::{Answer, Caller, Result, listed, not_found};
use crate::github::server::Asked;
use crate::github::state::{CommentState, PullState, Repo, State, WHEN};
use serde_json::{Value, json};

pub(super) fn route(state: &mut State, asked: &Asked, repo: &str, rest: &[&str], caller: &Caller) -> Result {
    match (asked.method.as_str(), rest) {
        ("GET", ["pulls"]) => {
            caller.needs("pull-requests", "read")?;
            let query = |name: &str| asked.query.get(name).map(String::as_str);
            let repo = state.repo(repo);
            let wanted = |pull: &&PullState| {
                let head = format!("{}:{}", owner(repo, pull), pull.head.branch);
                let state = query("state").unwrap_or("open");
                query("head").is_none_or(|wanted| wanted == head)
                    && query("base").is_none_or(|wanted| wanted == pull.base)
                    && (state == "all" || state == pull.state)
            };
            let mut pulls: Vec<&PullState> = repo.pulls.values().filter(wanted).collect();
            if query("sort") == Some("updated") {
                pulls.sort_by(|a, b| a.updated.cmp(&b.updated));
            }
            if query("direction") == Some("desc") {
                pulls.reverse();
            }
            let pulls = pulls.into_iter().map(|pull| pull_json(state, repo, pull, false));
            Ok(listed(state, asked, pulls.collect()))
        }
        ("GET", ["pulls", number]) => {
            caller.needs("pull-requests", "read")?;
            let repo = state.repo(repo);
            let pull =
                repo.pulls.values().find(|pull| pull.number.to_string() == *number).ok_or_else(not_found)?;
            Ok(Answer::json(200, pull_json(state, repo, pull, true)))
        }
        // Commits of forks are in no branch of ours, and GitHub gives nothing for them.
        ("GET", ["commits", sha, "pulls"]) => {
            caller.needs("pull-requests", "read")?;
            let repo = state.repo(repo);
            let wanted = |pull: &&PullState| pull.head.sha == *sha && pull.head.fork.is_none();
            let pulls = repo.pulls.values().filter(wanted).map(|pull| pull_json(state, repo, pull, false));
            Ok(listed(state, asked, pulls.collect()))
        }
        ("GET", ["issues", number, "comments"]) => {
            caller.needs("pull-requests", "read")?;
            let comments = state.repo(repo).comments.iter();
            let comments = comments.filter(|comment| comment.issue.to_string() == *number).map(comment_json);
            Ok(listed(state, asked, comments.collect()))
        }
        ("POST", ["issues", number, "comments"]) => {
            caller.needs("pull-requests", "write")?;
            let body = asked.body.as_ref().unwrap()["body"].as_str().unwrap().to_owned();
            let issue = number.parse().map_err(|_| not_found())?;
            let comment = CommentState { id: state.new_id(), issue, app: caller.token.app, body };
            let shown = comment_json(&comment);
            state.repo_mut(repo).comments.push(comment);
            Ok(Answer::json(201, shown))
        }
        ("PATCH", ["issues", "comments", id]) => {
            caller.needs("pull-requests", "write")?;
            let comments = &mut state.repo_mut(repo).comments;
            let comment =
                comments.iter_mut().find(|comment| comment.id.to_string() == *id).ok_or_else(not_found)?;
            comment.body = asked.body.as_ref().unwrap()["body"].as_str().unwrap().to_owned();
            Ok(Answer::json(200, comment_json(comment)))
        }
        _ => Err(not_found()),
    }
}

fn owner<'r>(repo: &'r Repo, pull: &'r PullState) -> &'r str {
    pull.head.fork.as_deref().unwrap_or(repo.owner())
}

/// The name of an App in addresses.
pub(super) fn slug(app: u64) -> String {
    if app == crate::github::ACTIONS_APP { "github-actions".to_owned() } else { format!("app-{app}") }
}

fn comment_json(comment: &CommentState) -> Value {
    json!({
        "id": comment.id, "body": comment.body, "user": user_json(&format!("{}[bot]", slug(comment.app)), "Bot"),
        "created_at": WHEN, "updated_at": WHEN,
    })
}

pub(super) fn user_json(login: &str, kind: &str) -> Value {
    let id =
        login.bytes().fold(7_u64, |id, byte| id.wrapping_mul(31).wrapping_add(u64::from(byte))) % 1_000_000;
    json!({"login": login, "id": id, "type": kind})
}

fn pull_json(state: &State, repo: &Repo, pull: &PullState, whole: bool) -> Value {
    let owner = owner(repo, pull);
    let full_name = format!("{owner}/{}", repo.name());
    let head_repo = match &pull.head.fork {
        _ if pull.head.gone => Value::Null,
        None => super::repositories::repository_json(state, repo),
        Some(_) => super::repositories::fork_json(&full_name),
    };
    let merged = pull.merged.as_ref();
    // Where the base stood when it was merged; of one that is open the fake has it up to date.
    let base = merged.map_or_else(|| repo.tip(&pull.base).unwrap(), |merged| merged.base.clone());
    let test_merge = "0123456789012345678901234567890123456789";
    let mut value = json!({
        "id": 100_000 + pull.number, "number": pull.number, "state": pull.state, "title": pull.title,
        "draft": false, "locked": false, "user": user_json(&pull.author, "User"),
        "author_association": pull.association,
        "head": {
            "label": format!("{owner}:{}", pull.head.branch), "ref": pull.head.branch, "sha": pull.head.sha,
            "user": user_json(owner, "User"), "repo": head_repo,
        },
        "base": {
            "label": format!("{}:{}", repo.owner(), pull.base), "ref": pull.base, "sha": base,
            "user": user_json(repo.owner(), "Organization"),
            "repo": super::repositories::repository_json(state, repo),
        },
        "merge_commit_sha": merged.map_or(test_merge, |merged| merged.commit.as_str()),
        "merged_at": merged.map(|merged| merged.at.as_str()), "created_at": WHEN, "updated_at": pull.updated,
        "labels": [], "assignees": [], "requested_reviewers": [], "requested_teams": [],
    });
    if whole {
        value["merged"] = json!(merged.is_some());
        value["mergeable"] = json!(pull.mergeable);
        value["mergeable_state"] = json!(if pull.mergeable == Some(false) { "dirty" } else { "clean" });
    }
    value
}
