//! The check from the first second to the verdict, and its buttons.

use super::*;
use crate::signing::{Attested, Authority, Like};

pub(super) fn folder() -> (tempfile::TempDir, Keeps) {
    let folder = tempfile::tempdir().unwrap();
    let keeps = Keeps::Folder(folder.path().join("data"));
    (folder, keeps)
}

#[test]
fn a_pull_request_is_queued_then_waits_and_then_gets_its_verdict() {
    let github = github();
    let (_folder, keeps) = folder();
    let service = Service::start(&github, &keeps);
    let head = github.pull(7).head_sha();
    let begun = Instant::now();
    assert_eq!(service.deliver("d1", "pull_request", &opened(7, &head)), 202);
    service.until("queued", || check(&github, &head).0 == "queued");
    assert!(begun.elapsed() < Duration::from_secs(10), "queued within 10 seconds: {:?}", begun.elapsed());
    github.run(77).of_pull(7).in_progress();
    let requested = event("requested", json!({"workflow_run": {"head_sha": head, "event": "pull_request"}}));
    assert_eq!(service.deliver("d2", "workflow_run", &requested), 202);
    service.until("in progress", || check(&github, &head).0 == "in_progress");
    ran(&github, 7, 77, PASSES, "success");
    let begun = Instant::now();
    assert_eq!(service.deliver("d3", "workflow_run", &run_completed(&head)), 202);
    service.until("the verdict", || concludes(&github, &head, "success"));
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    let checks = github.checks(&head);
    assert_eq!((checks.len(), checks[0].app), (1, APP));
    assert!(checks[0].summary.contains("an App of its own"), "{}", checks[0].summary);
    assert_eq!(checks[0].actions[0]["identifier"], "re-evaluate");
    service.until("counted", || service.figure("tollgate_verdicts_total{verdict=\"passed\"}") == Some(1));
}

#[test]
fn the_details_of_a_check_lead_to_its_verdict() {
    let github = github();
    let head = ran(&github, 7, 77, FAILS, "failure");
    let (_folder, keeps) = folder();
    let pages = "https://gate.example.com";
    let settings = [("TOLLGATE_PUBLIC_URL", pages), ("TOLLGATE_PUBLIC_READ", "true")];
    let service = Service::start_with(&github, &keeps, &settings);
    service.deliver("d1", "workflow_run", &run_completed(&head));
    service.until("the verdict", || concludes(&github, &head, "failure"));
    let details = github.checks(&head)[0].details_url.clone().unwrap();
    let path = details.strip_prefix(pages).unwrap();
    service.until("it is kept", || service.get(path).is_some_and(|(status, _)| status == 303));
    let (status, page) = service.get("/repositories/acme/payments/verdicts/1").unwrap();
    assert!(status == 200 && page.contains(&head[..10]), "{page}");
}

#[test]
fn a_newcomer_reads_that_a_maintainer_must_approve_the_run() {
    let github = github();
    let (_folder, keeps) = folder();
    let service = Service::start(&github, &keeps);
    github.run(77).of_pull(7).awaits_approval();
    let head = github.pull(7).head_sha();
    service.deliver("d1", "pull_request", &opened(7, &head));
    service.until("waits", || check(&github, &head).0 == "in_progress");
    let check = &github.checks(&head)[0];
    assert!(check.summary.contains("Nothing for you to do") && check.title.contains("approve"), "{check:?}");
}

#[test]
fn a_maintainer_confirms_the_evidence_and_nobody_else_can() {
    let github = github();
    let strict = format!("{POLICY}rules:\n  evidence.grade: {{ min: C }}\n");
    github.commit("main", &[("tollgate.yml", &strict)]);
    github.pull(7).changes(&[(CI, "on: pull_request # run: echo all well\n")]);
    github.permission("eve", "read").permission("ada", "write");
    let head = ran(&github, 7, 77, PASSES, "success");
    let (_folder, keeps) = folder();
    let service = Service::start(&github, &keeps);
    service.deliver("d1", "workflow_run", &run_completed(&head));
    service.until("a human must look", || concludes(&github, &head, "action_required"));
    assert_eq!(github.checks(&head)[0].actions[1]["identifier"], "confirm-evidence");
    let press = |id: &str, login: &str| {
        let check = json!({"head_sha": head, "app": {"id": APP}});
        let pressed = json!({"identifier": "confirm-evidence"});
        let mut event = event("requested_action", json!({"check_run": check, "requested_action": pressed}));
        event["sender"] = json!({"login": login});
        assert_eq!(service.deliver(id, "check_run", &event), 202);
    };
    press("d2", "eve");
    service.until("refused", || service.said().contains("may not confirm evidence"));
    assert!(concludes(&github, &head, "action_required"));
    press("d3", "ada");
    service
        .until("confirmed", || github.checks(&head).last().unwrap().conclusion.as_deref() == Some("success"));
    // The next push is another commit, which nobody has confirmed.
    github.pull(7).pushes(&[("src/a.py", "a = 3\n")]);
    let head = ran(&github, 7, 78, PASSES, "success");
    service.deliver("d4", "workflow_run", &run_completed(&head));
    service.until("a human must look again", || concludes(&github, &head, "action_required"));
}

#[test]
fn the_button_re_evaluate_judges_once_more_and_says_nothing_new() {
    let github = github();
    let head = ran(&github, 7, 77, FAILS, "failure");
    let (_folder, keeps) = folder();
    let service = Service::start(&github, &keeps);
    service.deliver("d1", "workflow_run", &run_completed(&head));
    service.until("the verdict", || concludes(&github, &head, "failure"));
    let done = || service.figure("tollgate_jobs_total{kind=\"judge\",outcome=\"Done\"}");
    service.until("one is done", || done() == Some(1));
    let pressed = event(
        "requested_action",
        json!({"check_run": {"head_sha": head, "app": {"id": APP}}, "requested_action": {"identifier": "re-evaluate"}}),
    );
    service.deliver("d2", "check_run", &pressed);
    service.until("two are done", || done() == Some(2));
    assert_eq!(verdicts_posted(&github), 1);
}

#[test]
fn a_group_of_the_merge_queue_is_judged_on_its_own_commit() {
    let github = github();
    let base = github.commit_of("main");
    let branch = format!("gh-readonly-queue/main/pr-7-{base}");
    github.branch(&branch, "main").commit(&branch, &[("src/a.py", "a = 2\n")]);
    github
        .run(80)
        .of_branch(&branch)
        .event("merge_group")
        .job("test", "success")
        .artifact("tollgate-reports-test-a1", &zip(&[("junit.xml", PASSES)]))
        .completed("success");
    let sha = github.commit_of(&branch);
    let (_folder, keeps) = folder();
    let service = Service::start(&github, &keeps);
    let group = event("checks_requested", json!({"merge_group": {"head_sha": sha}}));
    service.deliver("d1", "merge_group", &group);
    service.until("judged", || concludes(&github, &sha, "success"));
}

#[test]
fn what_was_judged_is_judged_again_without_github_and_flips_are_listed() {
    let github = github();
    let head = ran(&github, 7, 77, PASSES, "success");
    let (folder, keeps) = folder();
    let service = Service::start(&github, &keeps);
    service.deliver("d1", "workflow_run", &run_completed(&head));
    service.until("the verdict", || concludes(&github, &head, "success"));
    service
        .until("done", || service.figure("tollgate_jobs_total{kind=\"judge\",outcome=\"Done\"}") == Some(1));
    let replay = || {
        let asked = github.asked().len();
        let output = command(&github, &keeps).args(["--replay", "7d"]).output().unwrap();
        assert_eq!(github.asked().len(), asked, "GitHub is not asked");
        let text = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap(), String::from_utf8(text).unwrap())
    };
    let (status, text) = replay();
    assert_eq!(status, 0, "{text}");
    assert!(
        text.contains("1 verdicts stay byte for byte, 0 with other details, 0 change, 0 cannot be judged again; of 0 no evidence"),
        "{text}"
    );
    // As if another version had judged otherwise.
    let connection = rusqlite::Connection::open(folder.path().join("data/tollgate.sqlite")).unwrap();
    connection.execute("UPDATE verdicts SET kind = 'needs-changes'", []).unwrap();
    let (status, text) = replay();
    assert_eq!(status, 1, "{text}");
    assert!(text.contains(&format!("acme/payments {head}  needs-changes -> passed")), "{text}");
}

#[test]
fn a_commit_for_which_nothing_runs_says_early_what_is_missing_and_gives_no_verdict() {
    let github = github();
    let head = github.pull(7).head_sha();
    let (folder, keeps) = folder();
    let mut service = Service::start(&github, &keeps);
    service.deliver("d1", "pull_request", &opened(7, &head));
    let title = |part: &str| github.checks(&head).first().is_some_and(|check| check.title.contains(part));
    service.until("it has no workflow", || title("no workflow ran, the repository has none"));
    assert_eq!(check(&github, &head), ("queued".to_owned(), None));
    // Now there is one, which has not run for this pull request.
    github.pull(8).of_fork("bob").branch("b8").changes(&[("src/a.py", "a = 8\n")]);
    ran(&github, 8, 80, PASSES, "success");
    service.deliver("d2", "pull_request", &opened(7, &head));
    service.until("it may still come", || title("no run has begun yet"));
    service.until("done", || service.figure("tollgate_queue{state=\"taken\"}") == Some(0));
    service.kill();
    let connection = rusqlite::Connection::open(folder.path().join("data/tollgate.sqlite")).unwrap();
    connection.execute("UPDATE commits SET opened = opened - 5 * 60 * 1000", []).unwrap();
    drop(connection);
    let service = Service::start(&github, &keeps);
    service.until("none ran", || title("no workflow ran for this commit"));
    assert!(github.checks(&head)[0].summary.contains("conflicts with its base"));
    assert_eq!(check(&github, &head), ("queued".to_owned(), None));
    ran(&github, 7, 77, PASSES, "success");
    service.deliver("d3", "workflow_run", &run_completed(&head));
    service.until("the verdict", || concludes(&github, &head, "success"));
}

#[test]
fn a_check_that_waited_six_hours_for_its_reports_ends_without_a_verdict_and_later_reports_still_count() {
    let github = github();
    let head = github.pull(7).head_sha();
    let (folder, keeps) = folder();
    let mut service = Service::start(&github, &keeps);
    service.deliver("d1", "pull_request", &opened(7, &head));
    service.until("queued", || check(&github, &head).0 == "queued");
    service.until("done", || service.figure("tollgate_queue{state=\"taken\"}") == Some(0));
    service.kill();
    let connection = rusqlite::Connection::open(folder.path().join("data/tollgate.sqlite")).unwrap();
    connection.execute("UPDATE commits SET opened = opened - 6 * 3600 * 1000", []).unwrap();
    drop(connection);
    let service = Service::start(&github, &keeps);
    service.until("no verdict", || concludes(&github, &head, "action_required"));
    let summary = github.checks(&head)[0].summary.clone();
    assert!(summary.contains("did not arrive within 6 hours"), "{summary}");
    ran(&github, 7, 77, PASSES, "success");
    service.deliver("d2", "workflow_run", &run_completed(&head));
    service.until("the verdict", || {
        github.checks(&head).last().unwrap().conclusion.as_deref() == Some("success")
    });
}

#[test]
fn a_new_policy_of_the_default_branch_judges_the_open_pull_requests_again() {
    let github = github();
    let head = ran(&github, 7, 77, FAILS, "failure");
    let (_folder, keeps) = folder();
    let service = Service::start(&github, &keeps);
    service.deliver("d1", "workflow_run", &run_completed(&head));
    service.until("the verdict", || concludes(&github, &head, "failure"));
    github.commit("main", &[("tollgate.yml", &format!("{POLICY}rules:\n  tests.failed: {{ max: 9 }}\n"))]);
    let commits = json!([{"modified": ["tollgate.yml"]}]);
    let mut push = event("", json!({"ref": "refs/heads/main", "commits": commits}));
    push.as_object_mut().unwrap().remove("action");
    assert_eq!(service.deliver("d2", "push", &push), 202);
    // The failed test is allowed now; the failed job still says that something is wrong.
    service.until("judged by the new policy", || {
        github.checks(&head).last().unwrap().conclusion.as_deref() == Some("action_required")
    });
}

#[test]
fn the_service_believes_a_signed_provenance_and_asks_for_the_right_to_read_it_only_then() {
    let github = github();
    let (_folder, keeps) = folder();
    let authority = Authority::new(Like::Private);
    let root = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(root.path(), authority.trusted_root()).unwrap();
    let settings = [("TOLLGATE_TRUSTED_ROOT", root.path().to_str().unwrap())];
    let service = Service::start_with(&github, &keeps, &settings);
    let rights_of_reading = |github: &GitHub| {
        let asked = github.asked();
        let minted = asked.iter().filter(|asked| asked.path.ends_with("/access_tokens"));
        minted.filter(|asked| asked.body.as_ref().unwrap()["permissions"]["attestations"] == "read").count()
    };
    // Who does not ask for it needs no such right.
    let of_fork = ran(&github, 7, 77, PASSES, "success");
    service.deliver("d1", "workflow_run", &run_completed(&of_fork));
    service.until("the verdict", || concludes(&github, &of_fork, "success"));
    assert_eq!(rights_of_reading(&github), 0);
    let strict = format!("{POLICY}rules:\n  evidence.grade: {{ min: A }}\n");
    github.commit("main", &[("tollgate.yml", &strict)]);
    github.pull(8).changes(&[("src/a.py", "a = 3\n")]);
    let head = ran(&github, 8, 78, PASSES, "success");
    service.deliver("d2", "workflow_run", &run_completed(&head));
    service.until("a human must look", || concludes(&github, &head, "action_required"));
    let of = Attested::new(REPOSITORY, github.repository_id(), 78, 1, &head);
    let digest = github.artifact_digest("tollgate-reports-test-a1");
    github.keeps_attestation(&digest, authority.attest(&of, &digest));
    service.deliver("d3", "workflow_run", &run_completed(&head));
    service.until("it is believed", || concludes(&github, &head, "success"));
    assert_eq!(rights_of_reading(&github), 1, "its token is kept");
    // All three are judged again from what is kept: without provenance sought, with none, and with a signed one.
    service.until("all is kept", || {
        let idle = |state: &str| service.figure(&format!("tollgate_queue{{state=\"{state}\"}}")) == Some(0);
        ["due", "later", "taken"].into_iter().all(idle)
    });
    let replayed = command(&github, &keeps).envs(settings).args(["--replay", "30d"]).output().unwrap();
    let text = String::from_utf8(replayed.stdout).unwrap();
    assert!(text.contains("3 verdicts stay byte for byte, 0 with other details, 0 change"), "{text}");
}
