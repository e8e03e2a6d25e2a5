//! Contents, comparisons and git objects: all from a bare repository.

use super::{Answer, Caller, Result, not_found};
use crate::github::server::Asked;
use crate::github::state::State;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use git2::{Oid, Repository, TreeWalkMode, TreeWalkResult};
use serde_json::{Value, json};

pub(super) fn route(state: &mut State, asked: &Asked, repo: &str, rest: &[&str], caller: &Caller) -> Result {
    let writes = asked.method != "GET";
    caller.needs("contents", if writes { "write" } else { "read" })?;
    let git = &state.repo(repo).git;
    let body = asked.body.clone().unwrap_or_default();
    match (asked.method.as_str(), rest) {
        ("GET", ["contents", path @ ..]) => contents(git, asked, &path.join("/")),
        ("GET", ["compare", spec @ ..]) => {
            let spec = spec.join("/");
            let (base, head) = spec.split_once("...").ok_or_else(not_found)?;
            let (base, head) = (commit(git, base)?, commit(git, head)?);
            let merge_base = git.merge_base(base, head).map_err(|_| not_found())?;
            let (ahead, behind) = git.graph_ahead_behind(head, base).unwrap();
            let status = match (ahead, behind) {
                (0, 0) => "identical",
                (_, 0) => "ahead",
                (0, _) => "behind",
                (_, _) => "diverged",
            };
            let shown = |id: Oid| json!({"sha": id.to_string(), "commit": commit_json(git, id)});
            Ok(Answer::json(
                200,
                json!({
                    "base_commit": shown(base), "merge_base_commit": shown(merge_base), "status": status,
                    "ahead_by": ahead, "behind_by": behind, "total_commits": ahead, "commits": [], "files": [],
                }),
            ))
        }
        ("GET", ["git", "commits", sha]) => Ok(Answer::json(200, commit_json(git, commit(git, sha)?))),
        ("GET", ["git", "trees", of]) => tree(git, of, asked.query.contains_key("recursive")),
        ("GET", ["git", "blobs", sha]) => {
            let blob = git.find_blob(id(sha)?).map_err(|_| not_found())?;
            Ok(Answer::json(
                200,
                json!({
                    "sha": sha, "size": blob.size(), "encoding": "base64",
                    "content": lines(&BASE64_STANDARD.encode(blob.content())),
                }),
            ))
        }
        ("GET", ["git", "ref", name @ ..]) => {
            let name = format!("refs/{}", name.join("/"));
            let target = git.find_reference(&name).ok().and_then(|reference| reference.target());
            let target = target.ok_or_else(not_found)?;
            Ok(Answer::json(200, reference_json(&name, target)))
        }
        ("POST", ["git", "blobs"]) => {
            let content = body["content"].as_str().unwrap();
            let bytes = match body["encoding"].as_str() {
                Some("base64") => BASE64_STANDARD.decode(content).map_err(|_| unprocessable())?,
                _ => content.as_bytes().to_vec(),
            };
            let blob = git.blob(&bytes).unwrap().to_string();
            Ok(Answer::json(201, json!({"sha": blob, "url": "https://github.example/blob"})))
        }
        ("POST", ["git", "trees"]) => new_tree(git, &body),
        ("POST", ["git", "commits"]) => {
            let tree = git.find_tree(id(body["tree"].as_str().unwrap())?).map_err(|_| unprocessable())?;
            let mut parents = Vec::new();
            for parent in body["parents"].as_array().into_iter().flatten() {
                parents.push(git.find_commit(id(parent.as_str().unwrap())?).map_err(|_| unprocessable())?);
            }
            let parents: Vec<&git2::Commit<'_>> = parents.iter().collect();
            let who =
                git2::Signature::new("A", "a@example.invalid", &git2::Time::new(1_767_325_000, 0)).unwrap();
            let message = body["message"].as_str().unwrap();
            let made = git.commit(None, &who, &who, message, &tree, &parents).unwrap();
            Ok(Answer::json(201, commit_json(git, made)))
        }
        ("POST", ["git", "refs"]) => {
            let (name, target) = (body["ref"].as_str().unwrap(), id(body["sha"].as_str().unwrap())?);
            git.reference(name, target, false, "")
                .map_err(|_| Answer::error(422, "Reference already exists"))?;
            Ok(Answer::json(201, reference_json(name, target)))
        }
        ("PATCH", ["git", "refs", name @ ..]) => {
            let name = format!("refs/{}", name.join("/"));
            let target = id(body["sha"].as_str().unwrap())?;
            let before = git.find_reference(&name).ok().and_then(|reference| reference.target());
            let before = before.ok_or_else(unprocessable)?;
            let forward = git.graph_descendant_of(target, before).unwrap_or(false) || target == before;
            if !forward && body["force"] != true {
                return Err(Answer::error(422, "Update is not a fast forward"));
            }
            git.reference(&name, target, true, "").map_err(|_| unprocessable())?;
            Ok(Answer::json(200, reference_json(&name, target)))
        }
        _ => Err(not_found()),
    }
}

fn unprocessable() -> Answer {
    Answer::error(422, "Validation Failed")
}

fn id(sha: &str) -> std::result::Result<Oid, Answer> {
    Oid::from_str(sha).map_err(|_| not_found())
}

/// A commit by its object or its branch.
fn commit(git: &Repository, name: &str) -> std::result::Result<Oid, Answer> {
    let branch = git.find_reference(&format!("refs/heads/{name}")).ok().and_then(|branch| branch.target());
    let id = match branch {
        Some(id) => id,
        None => id(name)?,
    };
    git.find_commit(id).map(|commit| commit.id()).map_err(|_| not_found())
}

/// Base64 as GitHub writes it, in lines.
fn lines(text: &str) -> String {
    let lines: Vec<&[u8]> = text.as_bytes().chunks(60).collect();
    lines.iter().map(|line| format!("{}\n", str::from_utf8(line).unwrap())).collect()
}

fn contents(git: &Repository, asked: &Asked, path: &str) -> Result {
    let at = asked.query.get("ref").map_or("main", String::as_str);
    let tree = git.find_commit(commit(git, at)?).unwrap().tree().unwrap();
    let entry = tree.get_path(std::path::Path::new(path)).map_err(|_| not_found())?;
    let name = path.rsplit('/').next().unwrap();
    let common = |kind: &str, size: usize| {
        json!({
            "type": kind, "name": name, "path": path, "sha": entry.id().to_string(), "size": size,
            "url": "https://github.example/x", "git_url": null, "html_url": null, "download_url": null,
            "_links": {"self": "https://github.example/x", "git": null, "html": null},
        })
    };
    if let Ok(blob) = git.find_blob(entry.id()) {
        let mut value = common("file", blob.size());
        let is_link = entry.filemode() == 0o120_000;
        if is_link {
            value["type"] = json!("symlink");
            value["target"] = json!(String::from_utf8_lossy(blob.content()));
            return Ok(Answer::json(200, value));
        }
        // GitHub gives the content of files up to 1 MB here.
        let small = blob.size() <= 1 << 20;
        value["encoding"] = json!(if small { "base64" } else { "none" });
        value["content"] =
            json!(if small { lines(&BASE64_STANDARD.encode(blob.content())) } else { String::new() });
        return Ok(Answer::json(200, value));
    }
    let folder = git.find_tree(entry.id()).map_err(|_| not_found())?;
    let listed: Vec<Value> = folder
        .iter()
        .map(|entry| {
            let kind = if entry.kind() == Some(git2::ObjectType::Tree) { "dir" } else { "file" };
            let mut value = common(kind, 0);
            value["name"] = json!(entry.name().unwrap());
            value["path"] = json!(format!("{path}/{}", entry.name().unwrap()));
            value["sha"] = json!(entry.id().to_string());
            value
        })
        .collect();
    Ok(Answer::json(200, json!(listed)))
}

fn commit_json(git: &Repository, id: Oid) -> Value {
    let commit = git.find_commit(id).unwrap();
    let parents: Vec<Value> = commit.parent_ids().map(|parent| json!({"sha": parent.to_string()})).collect();
    json!({
        "sha": id.to_string(), "message": commit.message().unwrap(), "tree": {"sha": commit.tree_id().to_string()},
        "parents": parents,
        "author": {"name": "A", "email": "a@example.invalid", "date": super::super::state::WHEN},
        "committer": {"name": "A", "email": "a@example.invalid", "date": super::super::state::WHEN},
    })
}

fn reference_json(name: &str, target: Oid) -> Value {
    json!({"ref": name, "object": {"type": "commit", "sha": target.to_string()}})
}

fn tree(git: &Repository, of: &str, recursive: bool) -> Result {
    let found = match commit(git, of) {
        Ok(commit) => git.find_commit(commit).unwrap().tree().unwrap(),
        Err(_) => git.find_tree(id(of)?).map_err(|_| not_found())?,
    };
    let mut entries = Vec::new();
    found
        .walk(TreeWalkMode::PreOrder, |folder, entry| {
            let kind = entry.kind().map_or("blob", |kind| kind.str());
            let mut value = json!({
                "path": format!("{folder}{}", entry.name().unwrap_or_default()),
                "mode": format!("{:06o}", entry.filemode()), "type": kind, "sha": entry.id().to_string(),
            });
            if let Ok(blob) = git.find_blob(entry.id()) {
                value["size"] = json!(blob.size());
            }
            entries.push(value);
            if recursive { TreeWalkResult::Ok } else { TreeWalkResult::Skip }
        })
        .unwrap();
    Ok(Answer::json(200, json!({"sha": found.id().to_string(), "tree": entries, "truncated": false})))
}

fn new_tree(git: &Repository, body: &Value) -> Result {
    let base = match body["base_tree"].as_str() {
        Some(base) => git.find_tree(id(base)?).map_err(|_| unprocessable())?,
        None => git.find_tree(git.treebuilder(None).unwrap().write().unwrap()).unwrap(),
    };
    let mut updates = git2::build::TreeUpdateBuilder::new();
    for entry in body["tree"].as_array().unwrap() {
        let mode = match entry["mode"].as_str() {
            Some("100755") => git2::FileMode::BlobExecutable,
            Some("120000") => git2::FileMode::Link,
            _ => git2::FileMode::Blob,
        };
        let blob = match (entry["sha"].as_str(), entry["content"].as_str()) {
            (Some(sha), _) => id(sha)?,
            (None, Some(text)) => git.blob(text.as_bytes()).unwrap(),
            (None, None) => return Err(unprocessable()),
        };
        updates.upsert(entry["path"].as_str().unwrap(), blob, mode);
    }
    let made = updates.create_updated(git, &base).map_err(|_| unprocessable())?;
    let Answer { body: super::Body::Json(value), .. } = tree(git, &made.to_string(), false)? else {
        unreachable!()
    };
    Ok(Answer::json(201, value))
}
