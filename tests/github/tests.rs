//! The client against the fake: what it asks, what it makes of the answers, and what it does when something breaks.

use super::*;
use secrecy::SecretString;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tollgate::io::github::{
    Annotation, Api, AppKey, Button, CheckStatus, CheckWrite, Client, Commit, Conclusion, Identity, Level,
    Network, Output, RequestError, Scope, TreeEntry,
};
use tollgate::model::Moment;

/// A key for tests alone; no App has it.
const KEY: &str = include_str!("keys/app.pem");

pub(super) fn wait<T>(what: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(what)
}

/// Asks with the job's token. The client lives as long as the questions.
fn ask<T, F: AsyncFnOnce(&Client) -> T>(github: &GitHub, question: F) -> T {
    wait(async {
        let client = Client::new(Api::new(github.url()).unwrap(), TOKEN, &Network::direct()).unwrap();
        question(&client).await
    })
}

fn completed(sha: &str) -> CheckWrite {
    CheckWrite {
        name: Some("Tollgate".to_owned()),
        head_sha: Some(sha.to_owned()),
        external_id: Some("tg1:a".to_owned()),
        status: Some(CheckStatus::Completed),
        conclusion: Some(Conclusion::Failure),
        output: Some(Output { title: "1 of 2".to_owned(), summary: "…".to_owned(), ..Output::default() }),
        ..CheckWrite::default()
    }
}

fn annotations(count: u32) -> Vec<Annotation> {
    let annotation = |line| Annotation {
        path: "src/a.py".to_owned(),
        start_line: line,
        end_line: line,
        annotation_level: Level::Failure,
        message: "no test runs this line".to_owned(),
        title: None,
        raw_details: None,
    };
    (1..=count).map(annotation).collect()
}

#[test]
fn the_description_of_the_api_is_here_where_ci_runs() {
    let missing = ["api.github.com", "ghes-3.19"].iter().any(|server| spec::of(server).is_none());
    assert!(
        !missing || std::env::var("CI").as_deref() != Ok("true"),
        "CI must run `tests/github/fetch` first"
    );
}

#[test]
fn the_pull_request_of_a_forks_run_is_found_by_its_branch() {
    let github = GitHub::start();
    let head = github.pull(7).of_fork("eve").branch("main").changes(&[("src/a.py", "a = 2\n")]).head_sha();
    github.pull(8).branch("main2");
    github.run(77).of_pull(7).completed("success");
    ask(&github, async |client| {
        let run = client.run(REPOSITORY, 77).await.unwrap().unwrap();
        assert_eq!((run.path.as_str(), run.head_sha.as_str()), (".github/workflows/ci.yml", head.as_str()));
        assert_eq!(run.head_repository.as_ref().unwrap().full_name.raw(), "eve/payments");
        assert!(run.is_completed() && !run.awaits_approval());
        let pulls = client.pulls_by_head(REPOSITORY, "eve", "main", &head).await.unwrap();
        assert_eq!(pulls.iter().map(|pull| pull.number).collect::<Vec<_>>(), [7]);
        assert_eq!(pulls[0].head.repo.as_ref().unwrap().id, run.head_repository.unwrap().id);
        // GitHub gives nothing for commits of forks here, nor for a head that has moved on.
        assert_eq!(client.pulls_with_commit(REPOSITORY, &head).await.unwrap(), []);
        github.pull(7).pushes(&[("src/a.py", "a = 3\n")]);
        assert_eq!(client.pulls_by_head(REPOSITORY, "eve", "main", &head).await.unwrap(), []);
        assert_eq!(client.run(REPOSITORY, 78).await, Ok(None));
    });
}

#[test]
fn a_deleted_fork_a_conflict_and_an_approval_are_seen() {
    let github = GitHub::start();
    github.pull(7).of_fork("eve").fork_deleted();
    github.pull(8).conflicting();
    github.run(77).of_pull(7).awaits_approval();
    ask(&github, async |client| {
        assert_eq!(client.pull(REPOSITORY, 7).await.unwrap().unwrap().head.repo, None);
        assert_eq!(client.pull(REPOSITORY, 8).await.unwrap().unwrap().mergeable, Some(false));
        let run = client.run(REPOSITORY, 77).await.unwrap().unwrap();
        assert!(run.awaits_approval());
        assert_eq!(run.head_repository, None);
    });
}

#[test]
fn a_check_is_made_found_and_changed_and_annotations_add_up() {
    let github = GitHub::start();
    let head = github.pull(7).head_sha();
    github.foreign_check(&head, "Tollgate", 1, "success");
    ask(&github, async |client| {
        let mut check = completed(&head);
        check.output.as_mut().unwrap().annotations = annotations(50);
        let made = client.create_check_run(REPOSITORY, &check).await.unwrap();
        let found = client.check_runs(REPOSITORY, &head, "Tollgate", Some(ACTIONS_APP)).await.unwrap();
        assert_eq!(found, std::slice::from_ref(&made));
        assert_eq!(client.check_runs(REPOSITORY, &head, "Tollgate", None).await.unwrap().len(), 2);
        let change = CheckWrite {
            conclusion: Some(Conclusion::ActionRequired),
            output: Some(Output { annotations: annotations(3), ..check.output.clone().unwrap() }),
            ..CheckWrite::default()
        };
        let change = CheckWrite {
            actions: vec![Button {
                label: "Check again".to_owned(),
                description: "Judge once more".to_owned(),
                identifier: "again".to_owned(),
            }],
            ..change
        };
        let changed = client.update_check_run(REPOSITORY, made.id, &change).await.unwrap();
        assert_eq!(changed.output.annotations_count, 53);
        assert_eq!(changed.conclusion.as_deref(), Some("action_required"));
    });
    let ours: Vec<Check> =
        github.checks(&head).into_iter().filter(|check| check.app == ACTIONS_APP).collect();
    assert_eq!(ours.len(), 1);
    assert_eq!(ours[0].external_id.as_deref(), Some("tg1:a"));
    assert_eq!(ours[0].actions[0]["identifier"], "again");
}

#[test]
fn a_token_that_may_only_read_writes_no_check() {
    let github = GitHub::start();
    let head = github.pull(7).head_sha();
    github.token(TOKEN, &[("checks", "read")]);
    let answer = ask(&github, async |client| {
        assert_eq!(client.check_runs(REPOSITORY, &head, "Tollgate", None).await, Ok(Vec::new()));
        client.create_check_run(REPOSITORY, &completed(&head)).await
    });
    assert_eq!(answer, Err(RequestError::Status(403)));
}

#[test]
fn two_pull_requests_with_one_commit_are_both_found() {
    let github = GitHub::start();
    github.commit("release", &[("a.py", "a = 1\n")]);
    let head = github.pull(7).of_fork("eve").branch("fix").head_sha();
    github.pull(8).of_fork("eve").branch("fix").base("release").head(&head);
    let pulls = ask(&github, async |client| client.pulls_by_head(REPOSITORY, "eve", "fix", &head).await);
    assert_eq!(pulls.unwrap().iter().map(|pull| pull.number).collect::<Vec<_>>(), [7, 8]);
}

#[test]
fn the_check_of_another_app_cannot_be_changed() {
    let github = GitHub::start();
    let head = github.pull(7).head_sha();
    github.foreign_check(&head, "Tollgate", 1, "success");
    let id = github.checks(&head)[0].id;
    let answer =
        ask(&github, async |client| client.update_check_run(REPOSITORY, id, &completed(&head)).await);
    assert_eq!(answer, Err(RequestError::Status(403)));
}

#[test]
fn the_jobs_of_the_newest_attempt_and_the_runs_of_a_commit_are_listed() {
    let github = GitHub::start();
    let head = github.pull(7).head_sha();
    github.run(77).of_pull(7).job("test (linux)", "success").job("test (mac)", "failure").attempt(2);
    github.run(77).job("test (mac)", "success").completed("success");
    github.run(78).of_pull(7).workflow(".github/workflows/scan.yml").named("CI").in_progress();
    github.run(79).of_branch("main").event("schedule").awaits_approval();
    ask(&github, async |client| {
        let jobs = client.jobs(REPOSITORY, 77).await.unwrap();
        let ended: Vec<_> = jobs.iter().map(|job| (job.name.raw(), job.conclusion.as_deref())).collect();
        assert_eq!(ended, [("test (linux)", Some("success")), ("test (mac)", Some("success"))]);
        let runs = client.runs_of(REPOSITORY, &head).await.unwrap();
        assert_eq!(runs.iter().map(|run| run.id).collect::<Vec<_>>(), [78, 77]);
        assert!(!runs[0].is_completed());
        assert_eq!(client.run(REPOSITORY, 79).await.unwrap().unwrap().event, "schedule");
        let workflows = client.workflows(REPOSITORY).await.unwrap();
        let paths: Vec<&str> = workflows.iter().map(|workflow| workflow.path.as_str()).collect();
        assert_eq!(paths, [".github/workflows/ci.yml", ".github/workflows/scan.yml"]);
    });
    let event: Value = serde_json::from_str(&github.workflow_run_event(77)).unwrap();
    assert_eq!(event["workflow_run"]["head_sha"], head.as_str());
    assert_eq!(event["workflow_run"]["pull_requests"], json!([]), "as for every fork");
}

#[test]
fn a_repository_its_people_and_its_rules_are_read() {
    let github = GitHub::start();
    let policy = github.commit_in("acme/.tollgate", "main", &[("org.yml", "version: 1\n")]);
    github.repository_says(
        REPOSITORY,
        json!({"private": true, "topics": ["tier-1"], "fork_write_tokens": true}),
    );
    github.permission("mona", "write");
    let checks = json!({"required_status_checks": [{"context": "Tollgate", "integration_id": 4711}],
        "strict_required_status_checks_policy": false});
    github.branch_rules(json!([{"type": "required_status_checks", "parameters": checks,
        "ruleset_source_type": "Organization", "ruleset_source": "acme", "ruleset_id": 1}]));
    ask(&github, async |client| {
        let repository = client.repository(REPOSITORY).await.unwrap().unwrap();
        assert!(repository.private && repository.topics == ["tier-1"]);
        let forks = client.fork_workflows(REPOSITORY).await.unwrap().unwrap();
        assert!(forks.send_write_tokens_to_workflows && !forks.send_secrets_and_variables);
        assert_eq!(client.repository("acme/none").await, Ok(None));
        assert!(client.repository("acme/../x").await.is_err());
        assert!(client.permission(REPOSITORY, "mona").await.unwrap().may_write());
        assert!(!client.permission(REPOSITORY, "eve").await.unwrap().may_write());
        let rules = client.branch_rules(REPOSITORY, "main").await.unwrap();
        assert_eq!(rules[0].kind, "required_status_checks");
        assert_eq!(rules[0].parameters["required_status_checks"][0]["integration_id"], 4_711);
        let file = client.content("acme/.tollgate", "org.yml", &policy, 100).await.unwrap().unwrap();
        assert_eq!(file.bytes, b"version: 1\n");
        assert_eq!(client.rate_limit().await.unwrap().limit, 5_000);
    });
    let server = GitHub::enterprise();
    let limit = ask(&server, async |client| client.rate_limit().await);
    assert_eq!(limit, Err(RequestError::Status(404)), "a server without rate limits says so");
}

#[test]
fn a_comment_is_made_and_edited_in_place() {
    let github = GitHub::start();
    github.pull(7).title("Change").author("mona", "OWNER");
    ask(&github, async |client| {
        let made = client.create_comment(REPOSITORY, 7, "first").await.unwrap();
        client.update_comment(REPOSITORY, made.id, "second").await.unwrap();
        let comments = client.comments(REPOSITORY, 7).await.unwrap();
        assert_eq!(comments[0].body.as_ref().unwrap().raw(), "second");
    });
    assert_eq!(github.comments(7), ["second"]);
}

#[test]
fn closed_merged_and_retargeted_pull_requests_are_told_apart() {
    let github = GitHub::start();
    github.commit("release", &[("a.py", "a = 1\n")]);
    github.pull(7).closed();
    github.pull(8).merged();
    github.pull(9).base("release");
    ask(&github, async |client| {
        let seven = client.pull(REPOSITORY, 7).await.unwrap().unwrap();
        assert!(!seven.is_open() && seven.merged_at.is_none());
        assert!(client.pull(REPOSITORY, 8).await.unwrap().unwrap().merged_at.is_some());
        let nine = client.pull(REPOSITORY, 9).await.unwrap().unwrap();
        assert!(nine.is_open() && nine.base.branch.raw() == "release");
        assert_eq!(client.pull(REPOSITORY, 10).await, Ok(None));
    });
}

#[test]
fn what_was_merged_since_is_found_and_no_page_beyond_is_read() {
    let github = GitHub::start();
    // Merged long ago and changed since, and closed without being merged.
    github.pull(9).merged().updated("2026-03-01T12:30:00Z");
    github.pull(7).changes(&[("a.py", "a = 7\n")]).merged_at(Merging::Commit, "2026-03-01T11:59:59Z");
    github.pull(8).changes(&[("b.py", "b = 8\n")]).merged_at(Merging::Squash, "2026-03-01T12:00:00Z");
    github.pull(10).closed().updated("2026-03-01T12:40:00Z");
    github.pull(11).changes(&[("c.py", "c = 11\n")]).merged_at(Merging::Rebase, "2026-03-01T13:00:00Z");
    for number in 100..160 {
        github.pull(number).closed();
    }
    let since = Moment::parse("2026-03-01T12:00:00Z").unwrap();
    let merged = ask(&github, async |client| client.merged_since(REPOSITORY, since).await).unwrap();
    assert_eq!(merged.iter().map(|(_, pull)| pull.number).collect::<Vec<_>>(), [11, 8]);
    assert_eq!(merged[1].0, since);
    let parents = |commit: &Option<String>| {
        let commit = commit.clone().unwrap();
        ask(&github, async |client| client.commit(REPOSITORY, &commit).await).unwrap().parents
    };
    let [(_, rebased), (_, squashed)] = merged.as_slice() else { panic!("{merged:?}") };
    assert_eq!(parents(&rebased.merge_commit_sha), [squashed.merge_commit_sha.clone().unwrap()]);
    assert_eq!(parents(&squashed.merge_commit_sha), std::slice::from_ref(&squashed.base.sha));
    assert_eq!(github.calls().iter().filter(|call| call.ends_with("/pulls")).count(), 1);
}

#[test]
fn files_and_objects_are_read_and_written() {
    let github = GitHub::start();
    let base = github.commit("main", &[(".github/tollgate.yml", "version: 1\n"), ("src/ä b.py", "a = 1\n")]);
    let head = github.pull(7).changes(&[("src/ä b.py", "a = 2\n")]).head_sha();
    ask(&github, async |client| {
        let file = client.content(REPOSITORY, "src/ä b.py", &head, 1_000).await.unwrap().unwrap();
        assert_eq!(file.bytes, b"a = 2\n");
        assert_eq!(client.content(REPOSITORY, "none.yml", &head, 1_000).await, Ok(None));
        assert_eq!(client.blob(REPOSITORY, &file.sha, 6).await.unwrap(), b"a = 2\n");
        assert_eq!(client.blob(REPOSITORY, &file.sha, 5).await, Err(RequestError::TooLarge(5)));
        assert!(client.content(REPOSITORY, "src", &head, 1_000).await.is_err());
        let compared = client.compared(REPOSITORY, "main", &head).await.unwrap();
        assert_eq!((compared.merge_base, compared.base), (base.clone(), base.clone()));
        assert_eq!(client.branch_tip(REPOSITORY, "main").await.unwrap(), Some(base.clone()));
        assert_eq!(client.branch_tip(REPOSITORY, "gone").await.unwrap(), None);
        let commit = client.commit(REPOSITORY, &head).await.unwrap();
        assert_eq!(commit.parents, std::slice::from_ref(&base));
        let tree = client.tree(REPOSITORY, &commit.tree, true).await.unwrap();
        let paths: Vec<&str> = tree.entries.iter().map(|entry| entry.path.as_str()).collect();
        assert_eq!(paths, [".github", ".github/tollgate.yml", "README.md", "src", "src/ä b.py"]);
        assert!(!tree.truncated);

        let blob = client.create_blob(REPOSITORY, b"\x00\xff").await.unwrap();
        let entry = TreeEntry {
            path: "snapshot".to_owned(),
            mode: "100644".to_owned(),
            kind: "blob".to_owned(),
            sha: blob,
            size: None,
        };
        let made = client.create_tree(REPOSITORY, None, &[entry]).await.unwrap();
        let first = Commit { tree: made.clone(), parents: Vec::new() };
        let first = client.create_commit(REPOSITORY, "first", &first).await.unwrap();
        client.create_reference(REPOSITORY, "refs/tollgate/snapshots", &first).await.unwrap();
        let second = Commit { tree: made, parents: vec![first.clone()] };
        let second = client.create_commit(REPOSITORY, "second", &second).await.unwrap();
        client.move_reference(REPOSITORY, "tollgate/snapshots", &second).await.unwrap();
        assert_eq!(client.reference(REPOSITORY, "tollgate/snapshots").await.unwrap(), Some(second));
        let back = client.move_reference(REPOSITORY, "tollgate/snapshots", &first).await;
        assert_eq!(back, Err(RequestError::Status(422)), "never back");
    });
}

#[test]
fn the_second_page_has_the_token_and_stays_at_the_base_of_the_server() {
    for github in [GitHub::start(), GitHub::enterprise()] {
        let run = github.run(77);
        (0..250).fold(run, |run, number| run.artifact(&format!("reports-{number}"), b"x"));
        ask(&github, async |client| {
            assert_eq!(client.artifacts(REPOSITORY, 77, 1_000).await.unwrap().len(), 250);
            assert!(client.artifacts(REPOSITORY, 77, 249).await.is_err());
        });
        let asked = github.asked();
        assert!(asked.len() >= 3);
        assert!(asked.iter().all(|asked| asked.authorization.is_some() && asked.path.starts_with("/repos/")));
    }
}

#[test]
fn a_download_is_sent_on_without_the_token_and_within_its_limit() {
    let github = GitHub::start();
    let bytes = zip(&[("junit.xml", "<x/>")]);
    github.run(77).artifact("reports", &bytes);
    ask(&github, async |client| {
        let id = client.artifacts(REPOSITORY, 77, 100).await.unwrap()[0].id;
        assert_eq!(client.download(REPOSITORY, id, 10_000).await.unwrap(), bytes);
        assert_eq!(client.download(REPOSITORY, id, 10).await, Err(RequestError::TooLarge(10)));
        github.artifact_expires("reports");
        assert_eq!(client.download(REPOSITORY, id, 10_000).await, Err(RequestError::Status(410)));
    });
}

#[test]
fn what_has_not_changed_costs_nothing_of_the_rate_limit() {
    let github = GitHub::start();
    github.rate_limit(2, 3_600);
    let base = github.commit("main", &[("a.py", "a = 1\n")]);
    ask(&github, async |client| {
        for _ in 0..5 {
            assert_eq!(client.branch_tip(REPOSITORY, "main").await.unwrap(), Some(base.clone()));
        }
        let moved = github.commit("main", &[("a.py", "a = 2\n")]);
        assert_eq!(client.branch_tip(REPOSITORY, "main").await.unwrap(), Some(moved));
        let client = Client::new(client.api().clone(), TOKEN, &Network::direct()).unwrap();
        let late = client.with_patience(Duration::from_secs(5)).branch_tip(REPOSITORY, "main").await;
        assert!(matches!(late, Err(RequestError::RateLimited(wait)) if wait.as_secs() > 3_000), "{late:?}");
    });
}

#[test]
fn a_rate_limit_is_waited_for_and_the_request_is_sent_again() {
    let github = GitHub::start();
    let head = github.pull(7).head_sha();
    github.fails_at(1, Fault::SecondaryLimit(1)).fails_at(3, Fault::SecondaryLimit(900));
    let begin = Instant::now();
    ask(&github, async |client| {
        client.create_check_run(REPOSITORY, &completed(&head)).await.unwrap();
        let late = client.branch_tip(REPOSITORY, "main").await;
        assert_eq!(late, Err(RequestError::RateLimited(Duration::from_secs(900))));
    });
    assert!(begin.elapsed() >= Duration::from_secs(1));
    assert_eq!(github.checks(&head).len(), 1);
}

#[test]
fn a_write_is_sent_once_whatever_happens_to_it() {
    for fault in [Fault::CutBefore, Fault::CutAfter, Fault::CutWithin, Fault::Status(502)] {
        let github = GitHub::start();
        let head = github.pull(7).head_sha();
        github.fails_at(1, fault.clone());
        let answer =
            ask(&github, async |client| client.create_check_run(REPOSITORY, &completed(&head)).await);
        assert!(answer.is_err(), "{fault:?}");
        assert_eq!(github.calls(), [format!("POST /repos/{REPOSITORY}/check-runs")], "{fault:?}");
        let arrived = matches!(fault, Fault::CutAfter | Fault::CutWithin);
        assert_eq!(github.checks(&head).len(), usize::from(arrived), "{fault:?}");
    }
}

#[test]
fn a_read_is_tried_again_and_not_for_ever() {
    for fault in [Fault::CutBefore, Fault::CutAfter, Fault::CutWithin, Fault::Status(503)] {
        let github = GitHub::start();
        github.fails_at(1, fault);
        let tip = ask(&github, async |client| client.branch_tip(REPOSITORY, "main").await);
        assert!(matches!(tip, Ok(Some(_))), "{tip:?}");
        assert_eq!(github.calls().len(), 2);
    }
    let github = GitHub::start();
    github.fails_at(1, Fault::Status(502)).fails_at(2, Fault::Status(502)).fails_at(3, Fault::Status(502));
    let tip = ask(&github, async |client| client.branch_tip(REPOSITORY, "main").await);
    assert_eq!(tip, Err(RequestError::Status(502)));
    github
        .forget_calls()
        .fails_at(1, Fault::Slow(Duration::from_millis(300)))
        .fails_at(2, Fault::Status(502));
    let tip = ask(&github, async |client| client.branch_tip(REPOSITORY, "main").await);
    assert!(tip.is_ok() && github.calls().len() == 1, "a slow answer is waited for");
    github.recovers();
    assert!(ask(&github, async |client| client.branch_tip(REPOSITORY, "main").await).is_ok());
    assert_eq!(github.calls().len(), 2);
}

fn app() -> (Arc<AppKey>, Vec<u8>) {
    use ring::signature::{KeyPair as _, RsaKeyPair};
    use rustls::pki_types::{PrivatePkcs1KeyDer, pem::PemObject as _};
    let der = PrivatePkcs1KeyDer::from_pem_slice(KEY.as_bytes()).unwrap();
    let public = RsaKeyPair::from_der(der.secret_pkcs1_der()).unwrap().public_key().as_ref().to_owned();
    (Arc::new(AppKey::new(4_711, &SecretString::from(KEY)).unwrap()), public)
}

#[test]
fn an_app_finds_its_installation_and_asks_with_no_more_rights_than_it_needs() {
    let github = GitHub::start();
    let (key, public) = app();
    github.app(4_711, &public, 5);
    let head = github.pull(7).head_sha();
    let api = || Api::new(github.url()).unwrap();
    wait(async {
        let app = Client::new(api(), Identity::app(Arc::clone(&key)), &Network::direct()).unwrap();
        assert_eq!(app.installation_of(REPOSITORY).await.unwrap(), Some(5));
        let scope = Scope {
            repositories: vec!["payments".to_owned()],
            permissions: [("checks", "write"), ("metadata", "read")]
                .map(|(name, level)| (name.to_owned(), level.to_owned()))
                .into(),
        };
        let identity = Identity::installation(Arc::clone(&key), 5, scope);
        let client = Client::new(api(), identity, &Network::direct()).unwrap();
        client.create_check_run(REPOSITORY, &completed(&head)).await.unwrap();
        client.create_check_run(REPOSITORY, &completed(&head)).await.unwrap();
        let denied = client.create_comment(REPOSITORY, 7, "hello").await;
        assert_eq!(denied, Err(RequestError::Status(403)));
        let minted = || github.calls().iter().filter(|call| call.ends_with("access_tokens")).count();
        assert_eq!(minted(), 1, "one token serves many requests");
        let used = github.asked().last().unwrap().authorization.clone().unwrap();
        github.token_expires(used.trim_start_matches("Bearer "));
        client.create_check_run(REPOSITORY, &completed(&head)).await.unwrap();
        assert_eq!(minted(), 2, "a token that is no longer taken is asked for anew");
    });
    assert!(github.checks(&head).iter().all(|check| check.app == 4_711));
}

#[test]
fn deliveries_of_the_hook_that_failed_are_found_and_ordered_again() {
    let github = GitHub::start();
    let (key, public) = app();
    github.app(4_711, &public, 5);
    for id in 1..=159 {
        github.delivered(id, "workflow_run", if id == 40 { 0 } else { 202 });
    }
    let newest_first: Vec<u64> = (1..=159).rev().collect();
    wait(async {
        let identity = Identity::app(Arc::clone(&key));
        let client = Client::new(Api::new(github.url()).unwrap(), identity, &Network::direct()).unwrap();
        let first = client.deliveries(None).await.unwrap();
        let second = client.deliveries(first.next.as_deref()).await.unwrap();
        assert_eq!(second.next, None);
        let deliveries = [first.newest_first, second.newest_first].concat();
        assert_eq!(deliveries.iter().map(|delivery| delivery.id).collect::<Vec<_>>(), newest_first);
        let lost: Vec<u64> =
            deliveries.iter().filter(|delivery| !delivery.arrived()).map(|delivery| delivery.id).collect();
        assert_eq!(lost, [40]);
        let elsewhere = client.deliveries(Some("/app/hook/config?per_page=100")).await;
        assert_eq!(elsewhere, Err(RequestError::Malformed("the next page is no page of deliveries")));
        client.deliver_again(40).await.unwrap();
        assert_eq!(client.deliver_again(160).await, Err(RequestError::Status(404)));
    });
    // Everything else is for the App alone.
    let denied = ask(&github, async |client| client.deliver_again(40).await);
    assert_eq!(denied, Err(RequestError::Status(404)));
}

#[test]
fn nothing_secret_is_in_a_message_or_a_debug_text() {
    let github = GitHub::start();
    let (key, _) = app();
    let texts = wait(async {
        let client = Client::new(Api::new(github.url()).unwrap(), "ghs_wrongwrongwrong", &Network::direct());
        let client = client.unwrap();
        let refused = client.branch_tip(REPOSITORY, "main").await.unwrap_err();
        let identity = Identity::installation(Arc::clone(&key), 5, Scope::default());
        format!("{refused} {refused:?} {client:?} {key:?} {identity:?} {:?}", Identity::from(TOKEN))
    });
    assert!(texts.contains("401"), "{texts}");
    for secret in ["ghs_", "Bearer", KEY.lines().nth(3).unwrap(), "PRIVATE"] {
        assert!(!texts.contains(secret), "{secret}: {texts}");
    }
    let no_key = AppKey::new(1, &SecretString::from("-----BEGIN RSA PRIVATE KEY-----\nAAAA")).unwrap_err();
    assert!(!no_key.to_string().contains("AAAA"));
}

#[test]
fn the_fake_refuses_what_github_refuses() {
    let Some(_) = spec::of("api.github.com") else { return };
    let github = GitHub::start();
    let head = github.pull(7).head_sha();
    let mut check = completed(&head);
    check.output.as_mut().unwrap().annotations = annotations(51);
    check.output.as_mut().unwrap().summary = "x".repeat(65_536);
    let answer = ask(&github, async |client| client.create_check_run(REPOSITORY, &check).await);
    assert_eq!(answer, Err(RequestError::Status(422)));
    let wrong = std::mem::take(&mut github.shared.lock().wrong).join("\n");
    assert!(wrong.contains("annotations") && wrong.contains("summary"), "{wrong}");
}
