//! Repositories, branches, rules and permissions.

use super::pulls::user_json;
use super::{Answer, Caller, Result, not_found};
use crate::github::state::{Repo, State};
use serde_json::{Value, json};

pub(super) fn route(state: &mut State, repo: &str, rest: &[&str], caller: &Caller) -> Result {
    caller.needs("metadata", "read")?;
    let found = state.repo(repo);
    match rest {
        [] => Ok(Answer::json(200, repository_json(state, found))),
        ["branches", branch] => {
            let tip = found.tip(branch).ok_or_else(not_found)?;
            Ok(Answer::json(200, json!({"name": branch, "commit": {"sha": tip}, "protected": false})))
        }
        ["branches", _, "protection", "required_status_checks"] => {
            caller.needs("administration", "read")?;
            let protection = found.settings.get("protection").cloned().ok_or_else(not_found)?;
            Ok(Answer::json(200, protection))
        }
        ["rules", "branches", _] => Ok(Answer::json(200, found.rules.clone())),
        ["rulesets"] => Ok(Answer::json(200, json!([]))),
        ["collaborators", login, "permission"] => {
            let permission = found.permissions.get(*login).map_or("read", String::as_str);
            Ok(Answer::json(
                200,
                json!({"permission": permission, "role_name": permission, "user": user_json(login, "User")}),
            ))
        }
        _ => Err(not_found()),
    }
}

pub(in crate::github) fn repository_json(_: &State, repo: &Repo) -> Value {
    let mut value = json!({
        "id": repo.id, "name": repo.name(), "full_name": repo.full_name, "default_branch": "main",
        "private": false, "fork": false, "archived": false, "visibility": "public", "topics": [],
        "owner": user_json(repo.owner(), "Organization"),
    });
    value.as_object_mut().unwrap().extend(repo.facts.as_object().unwrap().clone());
    value.as_object_mut().unwrap().remove("fork_write_tokens");
    value
}

/// A fork, which has a number of its own.
pub(super) fn fork_json(full_name: &str) -> Value {
    let owner = full_name.split('/').next().unwrap();
    let id = full_name.bytes().fold(1_u64, |id, byte| (id * 31 + u64::from(byte)) % 9_999_991);
    json!({
        "id": id, "name": full_name.split('/').nth(1).unwrap(), "full_name": full_name, "default_branch": "main",
        "private": false, "fork": true, "owner": user_json(owner, "User"),
    })
}
