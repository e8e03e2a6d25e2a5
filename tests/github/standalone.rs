//! The fake as a server of its own, which a workflow runner talks to: `tests/action/stages.sh` starts it and meets it in
//! a folder.

use super::{GitHub, REPOSITORY};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The runner takes its time.
const PATIENCE: Duration = Duration::from_secs(600);

#[test]
#[ignore = "a server for tests/action/stages.sh"]
fn a_server_for_a_workflow_runner() {
    let meet = PathBuf::from(std::env::var_os("TOLLGATE_FAKE_GITHUB").unwrap());
    let github = GitHub::start();
    let files = |folder: &str| files_below(&meet.join(folder));

    let main = files("main");
    let main: Vec<(&str, &str)> = main.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    github.commit("main", &main);
    let change = files("change");
    let change: Vec<(&str, &str)> =
        change.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let head = github.pull(7).of_fork("eve").changes(&change).head_sha();
    let git = github.shared.lock().repo(REPOSITORY).git.path().display().to_string();
    say(&meet, "ready", &format!("{}\n{git}\n{head}\n", github.url()));

    let artifact = fs::read(wait_for(&meet, "artifact.zip")).unwrap();
    github
        .run(1)
        .of_pull(7)
        .job("test", "failure")
        .artifact("tollgate-reports-test-a1", &artifact)
        .completed("failure");
    say(&meet, "event.json", &github.workflow_run_event(1));

    wait_for(&meet, "stop");
    let checks: Vec<Value> = github
        .checks(&head)
        .iter()
        .map(|check| {
            json!({
                "name": check.name, "status": check.status, "conclusion": check.conclusion, "title": check.title,
                "summary": check.summary, "annotations": check.annotations,
            })
        })
        .collect();
    say(&meet, "checks.json", &json!(checks).to_string());
}

/// The text files of a folder, by their path in it.
fn files_below(folder: &Path) -> Vec<(String, String)> {
    let mut open = vec![folder.to_owned()];
    let mut found = Vec::new();
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().display().to_string();
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found
}

/// Writes a file that is there at once or not at all.
fn say(meet: &Path, name: &str, text: &str) {
    let draft = meet.join(format!("{name}.new"));
    fs::write(&draft, text).unwrap();
    fs::rename(draft, meet.join(name)).unwrap();
}

fn wait_for(meet: &Path, name: &str) -> PathBuf {
    let (path, begun) = (meet.join(name), Instant::now());
    while !path.exists() {
        assert!(begun.elapsed() < PATIENCE, "nobody came with {name}");
        std::thread::sleep(Duration::from_millis(50));
    }
    path
}
