//! The stage `collect`: what a leg packs, and that its exit code says nothing about the reports.

use super::{FAILING, Job, PASSING, TOKEN};
use serde_json::Value;
use std::fs;

/// A leg of a matrix.
fn leg() -> Job {
    Job::pull_request()
        .with("INPUT_STAGE", "collect")
        .with("GITHUB_JOB", "test")
        .with("GITHUB_WORKFLOW", "CI \"quoted\"")
        .with("GITHUB_RUN_ATTEMPT", "2")
        .with("RUNNER_OS", "Linux")
}

/// The folder that the output names, and the manifest in it.
fn collected(job: &Job) -> (std::path::PathBuf, Value) {
    let outputs = job.outputs();
    assert_eq!(outputs.len(), 1, "{outputs:?}");
    assert_eq!(outputs[0].0, "collected");
    let folder = job.workspace.path().join(&outputs[0].1);
    let manifest = serde_json::from_slice(&fs::read(folder.join("manifest.json")).unwrap()).unwrap();
    (folder, manifest)
}

fn paths(manifest: &Value) -> Vec<&str> {
    manifest["files"].as_array().unwrap().iter().map(|file| file["path"].as_str().unwrap()).collect()
}

#[test]
fn the_reports_of_a_leg_are_packed_with_a_manifest_whatever_they_say() {
    let steps = format!(
        r#"{{"unit": {{"outputs": {{"token": "{TOKEN}"}}, "outcome": "failure", "conclusion": "success"}}}}"#
    );
    let job = leg().with("INPUT_STEPS", &steps);
    job.workspace.file("out/junit.xml", FAILING);
    job.workspace.file("lcov.info", "abc");
    job.run().exits(0).says("packed 2 reports").says("left out 0");
    let (folder, manifest) = collected(&job);
    assert_eq!(paths(&manifest), ["lcov.info", "out/junit.xml"]);
    let first = &manifest["files"][0];
    assert_eq!(first["bytes"], 3);
    assert_eq!(first["sha256"], "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_eq!(fs::read_to_string(folder.join(first["file"].as_str().unwrap())).unwrap(), "abc");
    assert_eq!(manifest["job"], "test");
    assert_eq!(manifest["workflow"], "CI \"quoted\"");
    assert_eq!(manifest["attempt"], 2);
    assert_eq!(manifest["run-id"], "77");
    assert_eq!(manifest["skipped"], 0);
    assert_eq!(manifest["steps"]["unit"]["outcome"], "failure");
    assert!(!manifest.to_string().contains(TOKEN), "outputs of steps are left out");
    assert_eq!(job.summary(), "", "legs write no summary");
}

#[test]
fn globs_say_what_is_packed_and_a_second_collect_packs_nothing_of_the_first() {
    let job = leg().with("INPUT_REPORTS", "tests=results/*.log");
    job.workspace.file("results/unit.log", PASSING);
    job.run().exits(0).says("packed 1 reports");
    fs::write(job.path("output"), "").unwrap();
    let job = job.with("INPUT_REPORTS", "");
    job.workspace.file("junit.xml", PASSING);
    job.run().exits(0);
    assert_eq!(paths(&collected(&job).1), ["junit.xml"]);
}

#[cfg(unix)]
#[test]
fn t12_links_and_pipes_are_left_out_and_counted() {
    use std::os::unix::fs::symlink;
    let job = leg();
    job.workspace.file("junit.xml", PASSING);
    let secret = job.runner.file("secret", TOKEN);
    symlink("/proc/self/environ", job.workspace.path().join("TEST-environ.xml")).unwrap();
    symlink(&secret, job.workspace.path().join("TEST-secret.xml")).unwrap();
    fs::hard_link(&secret, job.workspace.path().join("TEST-second-name.xml")).unwrap();
    job.workspace.file("TEST-line\nbreak.xml", PASSING);
    let pipe = job.workspace.path().join("TEST-pipe.xml");
    assert!(std::process::Command::new("mkfifo").arg(pipe).status().unwrap().success());
    job.run()
        .exits(0)
        .says("[symlink-outside]")
        .says("[not-a-regular-file]")
        .says("[unreadable-file]")
        .says("left out 5");
    let (folder, manifest) = collected(&job);
    assert_eq!(paths(&manifest), ["junit.xml"]);
    assert_eq!(manifest["skipped"], 5);
    assert_eq!(fs::read_dir(folder.join("files")).unwrap().count(), 1);
}

#[test]
fn nothing_to_pack_is_said_and_left_to_the_gate() {
    let job = leg();
    job.run().exits(0).says("no report was found");
    assert_eq!(paths(&collected(&job).1), Vec::<&str>::new());
}

#[test]
fn what_the_stage_cannot_use_is_a_coded_error() {
    for (name, value, code) in [
        ("INPUT_ARTIFACTS", "reports-*", "bad-input"),
        ("INPUT_POLICY", "p.yml", "bad-input"),
        ("INPUT_NEEDS", "{}", "bad-input"),
        ("INPUT_STEPS", "{\"a\": ", "bad-jobs-file"),
        ("INPUT_STEPS", "[]", "bad-jobs-file"),
        ("INPUT_REPORTS", "tests=[", "bad-glob"),
        ("GITHUB_OUTPUT", "/nonexistent/file", "output-not-written"),
        ("GITHUB_EVENT_NAME", "pull_request_target", "bad-event"),
    ] {
        let job = leg().with(name, value);
        job.workspace.file("junit.xml", PASSING);
        job.run().exits(2).says(&format!("[{code}]"));
    }
}
