//! The second stage: the program against the fake GitHub, from the artifacts of a fork's run to the check.

use crate::github::{ACTIONS_APP, Fault, GitHub, REPOSITORY, TOKEN, zip, zip_of};
use crate::program::{Place, Run};
use sha2::{Digest as _, Sha256};
use tollgate::io::github::{Api, Client, Network};
use tollgate::model::Snapshot;
use tollgate::policy::Globs;
use tollgate::server::evaluation::{self, Judgement, Target};
use tollgate::server::publication;
use tollgate::wire;

const PASSES: &str =
    r#"<testsuite tests="1"><testcase classname="t" name="adds" file="tests/test_a.py"/></testsuite>"#;
const FAILS: &str = r#"<testsuite tests="2" failures="1"><testcase classname="t" name="adds"/>
<testcase classname="t" name="halves" file="tests/test_a.py" line="2"><failure message="1 is not 2"/></testcase></testsuite>"#;
const POLICY: &str = "version: 1\nreports:\n  unit: { kind: tests, path: junit.xml }\n";
const CI: &str = ".github/workflows/ci.yml";

/// A repository with a policy and a workflow, and a pull request from a fork.
fn github() -> GitHub {
    let github = GitHub::start();
    start(&github);
    github
}

fn start(github: &GitHub) {
    github.commit(
        "main",
        &[
            ("src/a.py", "a = 1\n"),
            ("tests/test_a.py", "x\ny\n"),
            ("tollgate.yml", POLICY),
            (CI, "on: pull_request\n"),
        ],
    );
    github.pull(7).of_fork("eve").changes(&[("src/a.py", "a = 2\n"), ("tests/test_a.py", "x\nz\n")]);
}

/// The fork's run ends with this report.
fn ran(github: &GitHub, junit: &str, conclusion: &str) -> String {
    github
        .run(77)
        .of_pull(7)
        .job("test", conclusion)
        .artifact("tollgate-reports-test-a1", &zip(&[("junit.xml", junit)]))
        .completed(conclusion);
    github.pull(7).head_sha()
}

fn publish(github: &GitHub) -> Run {
    publish_with(github, &[])
}

fn publish_with(github: &GitHub, more: &[&str]) -> Run {
    let arguments = [&["publish", "--repository", REPOSITORY, "--run", "77"], more].concat();
    let environment = [("GITHUB_TOKEN", TOKEN), ("GITHUB_API_URL", github.url())];
    Place::new().tollgate_with(&arguments, &environment)
}

#[test]
fn a_fork_that_is_ready_gets_one_green_check() {
    let github = github();
    let head = ran(&github, PASSES, "success");
    publish(&github).exits(0).says("the verdict is passed; the check is posted");
    let checks = github.checks(&head);
    assert_eq!(checks.len(), 1, "{checks:?}");
    let check = &checks[0];
    assert_eq!((check.name.as_str(), check.conclusion.as_deref()), ("Tollgate", Some("success")));
    assert!(check.title.starts_with("Passed: "), "{}", check.title);
    assert!(
        check.summary.contains("Advisory") && check.summary.contains("read from main at"),
        "{}",
        check.summary
    );
    assert!(check.summary.contains(&head[..7]), "the head goes by its own id: {}", check.summary);
}

#[test]
fn a_failure_stands_on_the_line_that_the_change_adds() {
    let github = github();
    let head = ran(&github, FAILS, "failure");
    publish(&github).exits(0);
    let check = &github.checks(&head)[0];
    assert_eq!(check.conclusion.as_deref(), Some("failure"));
    assert_eq!(check.annotations.len(), 1, "{:?}", check.annotations);
    assert_eq!(check.annotations[0]["path"], "tests/test_a.py");
    assert_eq!(check.annotations[0]["start_line"], 2);
}

#[test]
fn the_same_evidence_writes_nothing_and_other_evidence_writes_the_same_check() {
    let github = github();
    let head = ran(&github, PASSES, "success");
    publish(&github).exits(0);
    publish(&github).exits(0).says("the check says so already");
    assert_eq!(github.checks(&head).len(), 1);
    github
        .run(77)
        .attempt(2)
        .job("test", "success")
        .artifact("tollgate-reports-test-a2", &zip(&[("junit.xml", FAILS)]));
    publish(&github).exits(0).says("the verdict is needs-changes");
    let last = github.checks(&head).last().unwrap().clone();
    assert_eq!(last.conclusion.as_deref(), Some("failure"));
}

#[test]
fn a_trial_posts_nothing() {
    let github = github();
    let head = ran(&github, PASSES, "success");
    publish_with(&github, &["--trial"]).exits(0).says("this is a trial");
    assert_eq!(github.checks(&head), []);
}

#[test]
fn a_run_that_waits_for_approval_is_said_and_not_judged() {
    let github = github();
    github.run(77).of_pull(7).awaits_approval();
    publish(&github).exits(0);
    let check = &github.checks(&github.pull(7).head_sha())[0];
    assert_eq!((check.status.as_str(), check.conclusion.as_deref()), ("in_progress", None));
    assert_eq!(check.title, "Waiting: a maintainer must approve the run");
    // The maintainer approves, and the same check gets the verdict.
    let head = ran(&github, PASSES, "success");
    publish(&github).exits(0);
    let checks = github.checks(&head);
    assert_eq!((checks.len(), checks[0].conclusion.as_deref()), (1, Some("success")));
}

#[test]
fn runs_that_are_not_over_are_waited_for() {
    let github = github();
    let head = ran(&github, PASSES, "success");
    github.run(78).of_pull(7).workflow(".github/workflows/scan.yml").in_progress();
    publish(&github).exits(0).says("1 runs are not over yet");
    let check = &github.checks(&head)[0];
    assert!(check.conclusion.is_none() && check.summary.contains("scan.yml"), "{}", check.summary);
}

#[test]
fn no_report_is_no_verdict_and_a_failed_job_without_one_is_a_failed_build() {
    let github = github();
    github.run(77).of_pull(7).completed("success");
    publish(&github).exits(0);
    let check = &github.checks(&github.pull(7).head_sha())[0];
    assert_eq!(check.conclusion.as_deref(), Some("action_required"), "{}", check.summary);
    let github = self::github();
    github.run(77).of_pull(7).job("build", "failure").completed("failure");
    publish(&github).exits(0);
    let check = &github.checks(&github.pull(7).head_sha())[0];
    assert_ne!(check.conclusion.as_deref(), Some("success"), "{}", check.summary);
}

/// Calls that count: not git objects and downloads, and not what GitHub says is unchanged, which costs nothing.
fn counted(github: &GitHub) -> Vec<String> {
    let asked = github.asked();
    let counts = |path: &str| !path.contains("/git/") && !path.contains("/zip") && !path.contains("/blob/");
    let asked = asked.iter().filter(|asked| counts(&asked.path) && !asked.unchanged);
    asked.map(|asked| format!("{} {}", asked.method, asked.path)).collect()
}

#[test]
fn a_warm_evaluation_takes_at_most_eight_calls_beside_git_objects() {
    let github = GitHub::start();
    let base = github.commit(
        "main",
        &[
            ("src/a.py", "a = 1\n"),
            ("tests/test_a.py", "x\ny\n"),
            ("tollgate.yml", POLICY),
            (CI, "on: push\n"),
        ],
    );
    github.commit_in("acme/.tollgate", "main", &[("org.yml", "version: 1\n")]);
    github.pull(7).of_fork("eve").changes(&[("src/a.py", "a = 2\n")]);
    evidence_of_main(&github, &base, PASSES);
    // As a service does: one client for all evaluations, and a commit that comes after another one.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let client = Client::new(Api::new(github.url()).unwrap(), TOKEN, &Network::direct()).unwrap();
        for round in ["cold", "warm"] {
            let head = github.pull(7).pushes(&[("src/a.py", &format!("a = '{round}'\n"))]).head_sha();
            ran(&github, FAILS, "failure");
            github.forget_calls();
            let target = Target::new(REPOSITORY, &head, Globs::new(["tollgate-reports-*"]).unwrap());
            let scratch = tempfile::tempdir().unwrap();
            let judge = |question: evaluation::Question<'_>| -> Judgement {
                assert!(matches!(question.base, Some(Ok(_))), "{:?}", question.base);
                assert!(question.organisation.is_some());
                evaluation::unjudged(question.diagnostics.into_iter().next().unwrap_or_else(sample), "main")
            };
            let evaluated =
                evaluation::evaluate(&client, &target, scratch.path(), &|question| Ok(judge(question))).await;
            let place = publication::Place {
                repository: REPOSITORY,
                sha: &head,
                app: None,
                details_url: None,
                note: publication::ADVISORY,
                has_buttons: false,
                until: None,
            };
            publication::publish(&client, &place, &evaluated.unwrap()).await.unwrap();
            assert_eq!(github.checks(&head).len(), 1);
            let counted = counted(&github);
            assert!(round == "cold" || counted.len() <= 8, "{counted:#?}");
        }
    });
}

fn sample() -> tollgate::diagnostic::Diagnostic {
    use tollgate::diagnostic::{Code, Diagnostic, Origin, Weight};
    Diagnostic::new(Code::NoReport, Weight::Error, "a sample", Origin::default())
}

#[test]
fn the_process_of_a_job_takes_at_most_ten_calls_beside_git_objects() {
    let github = github();
    let head = github.pull(7).head_sha();
    ran(&github, PASSES, "success");
    publish_as_action(&github, &[]).exits(0).says("the check is posted");
    assert_eq!(github.checks(&head).len(), 1);
    let counted = counted(&github);
    assert!(counted.len() <= 10, "{counted:#?}");
}

#[test]
fn t1_a_job_of_our_name_is_not_taken_for_our_check() {
    let github = github();
    let head = ran(&github, FAILS, "failure");
    github.foreign_check(&head, "Tollgate", ACTIONS_APP, "success");
    publish(&github).exits(0);
    let checks = github.checks(&head);
    assert_eq!(checks.len(), 2, "ours stands beside it: {checks:?}");
    assert_eq!(checks[1].conclusion.as_deref(), Some("failure"));
    assert!(checks[1].summary.contains("can imitate it"));
}

#[test]
fn t2_a_commit_of_two_pull_requests_gets_the_worse_verdict() {
    let github = github();
    let head = ran(&github, PASSES, "success");
    // The second goes to a branch on which the workflow is another one: its evidence is of unknown origin there.
    github.commit("release", &[("src/a.py", "a = 0\n"), ("tollgate.yml", POLICY)]);
    github.pull(8).of_fork("eve").branch("change-7").base("release").head(&head);
    publish(&github).exits(0);
    let check = &github.checks(&head)[0];
    assert!(check.summary.contains("several pull requests"), "{}", check.summary);
}

#[test]
fn t3_the_policy_of_the_default_branch_judges_and_not_the_one_that_the_change_proposes() {
    let github = github();
    github.pull(7).pushes(&[("tollgate.yml", "version: 1\nrules:\n  tests.failed: { max: 9 }\n")]);
    let head = ran(&github, FAILS, "failure");
    publish(&github).exits(0);
    let check = &github.checks(&head)[0];
    assert_eq!(check.conclusion.as_deref(), Some("failure"));
    assert!(check.summary.contains("proposes another policy"), "{}", check.summary);
}

#[test]
fn t4_an_archive_that_leads_out_or_is_none_is_no_verdict() {
    for bytes in [zip(&[("../evil.xml", PASSES)]), b"no zip".to_vec()] {
        let github = github();
        github.run(77).of_pull(7).artifact("tollgate-reports-test-a1", &bytes).completed("success");
        publish(&github).exits(0);
        let check = &github.checks(&github.pull(7).head_sha())[0];
        assert_eq!(check.conclusion.as_deref(), Some("action_required"), "{}", check.summary);
    }
}

#[test]
fn t5_a_workflow_that_the_base_does_not_have_gives_evidence_of_unknown_origin() {
    let github = GitHub::start();
    let strict = format!("{POLICY}rules:\n  evidence.grade: {{ min: C }}\n");
    github.commit("main", &[("src/a.py", "a = 1\n"), ("tollgate.yml", &strict), (CI, "on: pull_request\n")]);
    github.pull(7).of_fork("eve").changes(&[("src/a.py", "a = 2\n")]);
    ran(&github, PASSES, "success");
    github.run(77).workflow(".github/workflows/forged.yml");
    publish(&github).exits(0);
    let check = &github.checks(&github.pull(7).head_sha())[0];
    assert_eq!(check.conclusion.as_deref(), Some("action_required"), "{}", check.summary);
    assert!(check.summary.contains("forged"), "{}", check.summary);
}

#[test]
fn t5_a_change_of_the_workflow_needs_a_maintainer_where_the_policy_asks_for_one() {
    let github = GitHub::start();
    let strict = format!("{POLICY}rules:\n  evidence.grade: {{ min: C }}\n");
    github.commit("main", &[("src/a.py", "a = 1\n"), ("tollgate.yml", &strict), (CI, "on: pull_request\n")]);
    github.pull(7).of_fork("eve").changes(&[(CI, "on: pull_request # run: echo all well\n")]);
    let head = ran(&github, PASSES, "success");
    publish(&github).exits(0);
    assert_eq!(github.checks(&head)[0].conclusion.as_deref(), Some("action_required"));
    // A maintainer looks at it and confirms; somebody who may only read cannot.
    let confirm = |login: &str| {
        let place = Place::new();
        let event = format!(
            r#"{{"inputs": {{"run-id": "77", "confirm": "true"}}, "sender": {{"login": "{login}"}}, "repository": {{}}}}"#
        );
        let file = place.file("event.json", event);
        let environment = [
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_EVENT_NAME", "workflow_dispatch"),
            ("GITHUB_EVENT_PATH", file.to_str().unwrap()),
            ("GITHUB_REPOSITORY", REPOSITORY),
            ("GITHUB_RUN_ID", "500"),
            ("INPUT_STAGE", "publish"),
            ("INPUT_RUN-ID", "77"),
            ("INPUT_GITHUB-TOKEN", TOKEN),
            ("INPUT_GITHUB-API-URL", github.url()),
        ];
        place.tollgate_with(&["action"], &environment)
    };
    github.permission("eve", "read").permission("ada", "write");
    confirm("eve").exits(4).says("may not write here");
    confirm("ada").exits(0).says("the verdict is passed");
    let last = github.checks(&head).last().unwrap().clone();
    assert_eq!(last.conclusion.as_deref(), Some("success"));
    assert!(
        last.summary.contains("confirmed by a maintainer") || last.title.contains("Passed"),
        "{}",
        last.summary
    );
    // The next push is another commit, which nobody has confirmed.
    github.pull(7).pushes(&[("src/a.py", "a = 3\n")]);
    let head = ran(&github, PASSES, "success");
    publish(&github).exits(0);
    assert_eq!(github.checks(&head)[0].conclusion.as_deref(), Some("action_required"));
}

#[test]
fn t6_a_number_in_an_artifact_leads_to_no_other_pull_request() {
    let github = github();
    github.pull(8).of_fork("bob").changes(&[("src/a.py", "a = 5\n")]);
    github
        .run(77)
        .of_pull(7)
        .artifact(
            "tollgate-reports-test-a1",
            &zip(&[("junit.xml", PASSES), ("pr-number.txt", "8"), ("event.json", "{}")]),
        )
        .completed("success");
    publish(&github);
    assert_eq!(github.checks(&github.pull(8).head_sha()), []);
    assert_eq!(github.checks(&github.pull(7).head_sha()).len(), 1);
}

#[test]
fn t24_a_push_while_the_commit_is_judged_leaves_the_new_commit_alone() {
    let github = github();
    let head = ran(&github, PASSES, "success");
    github.pull(7).pushes(&[("src/a.py", "a = 9\n")]);
    publish(&github).exits(0).says("no open pull request has this commit as its head");
    assert_eq!(github.checks(&head), []);
    assert_eq!(github.checks(&github.pull(7).head_sha()), []);
}

#[test]
fn a_closed_pull_request_and_one_whose_fork_is_gone() {
    let github = github();
    let head = ran(&github, PASSES, "success");
    github.pull(7).closed();
    publish(&github).exits(0).says("nothing is posted");
    assert_eq!(github.checks(&head), []);
}

#[test]
fn t30_a_branch_that_is_called_main_and_a_workflow_that_is_called_ci_decide_nothing() {
    let github = GitHub::start();
    github.commit("main", &[("src/a.py", "a = 1\n"), ("tollgate.yml", POLICY), (CI, "x\n")]);
    github
        .pull(7)
        .of_fork("eve")
        .branch("main")
        .changes(&[("tollgate.yml", "version: 1\nrules: { tests.failed: { mode: off } }\n")]);
    let head = ran(&github, FAILS, "failure");
    github.run(77).named("CI");
    publish(&github).exits(0);
    assert_eq!(github.checks(&head)[0].conclusion.as_deref(), Some("failure"));
}

#[test]
fn a_network_that_is_cut_at_any_call_leaves_one_check_when_it_is_back() {
    let count = {
        let github = github();
        ran(&github, FAILS, "failure");
        publish(&github).exits(0);
        github.asked().len()
    };
    assert!(count > 8, "{count}");
    for fault in [Fault::CutBefore, Fault::CutAfter, Fault::Status(502)] {
        for number in 1..=count {
            let github = github();
            let head = ran(&github, FAILS, "failure");
            github.forget_calls().fails_at(number, fault.clone());
            let first = publish(&github);
            assert!(matches!(first.status, 0 | 4), "{number} {fault:?}: {}", first.all());
            github.recovers();
            publish(&github).exits(0);
            let checks = github.checks(&head);
            assert_eq!(checks.len(), 1, "{number} {fault:?}: {checks:?}");
            assert_eq!(checks[0].conclusion.as_deref(), Some("failure"), "{number} {fault:?}");
            assert_eq!(checks[0].annotations.len(), 1, "{number} {fault:?}");
        }
    }
}

#[test]
fn a_policy_with_mistakes_is_no_verdict_and_the_owners_are_told() {
    let github = GitHub::start();
    github
        .commit("main", &[("src/a.py", "a = 1\n"), ("tollgate.yml", "version: 1\nruels: {}\n"), (CI, "x\n")]);
    github.pull(7).of_fork("eve").changes(&[("src/a.py", "a = 2\n")]);
    let head = ran(&github, PASSES, "success");
    publish(&github).exits(0).says("the verdict is no-verdict");
    let check = &github.checks(&head)[0];
    assert_eq!(check.conclusion.as_deref(), Some("action_required"));
    assert!(check.summary.contains("the owners must mend it"), "{}", check.summary);
}

#[test]
fn a_token_that_may_not_write_checks_is_said() {
    let github = github();
    ran(&github, PASSES, "success");
    github.token(
        TOKEN,
        &[("actions", "read"), ("contents", "read"), ("pull-requests", "read"), ("metadata", "read")],
    );
    publish(&github).exits(4).says("the check cannot be posted");
}

#[test]
fn github_enterprise_server_is_spoken_to_the_same() {
    let github = GitHub::enterprise();
    start(&github);
    let head = ran(&github, PASSES, "success");
    publish(&github).exits(0);
    assert_eq!(github.checks(&head)[0].conclusion.as_deref(), Some("success"));
}

/// A token that sees what the job's own does not.
const OF_ORGANISATION: &str = "ghp_organisationorganisationorganisation";

/// Publishes as the action does, with these inputs.
fn publish_as_action(github: &GitHub, inputs: &[(&str, &str)]) -> Run {
    let place = Place::new();
    let file = place.file("event.json", github.workflow_run_event(77));
    let environment = [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_EVENT_NAME", "workflow_run"),
        ("GITHUB_EVENT_PATH", file.to_str().unwrap()),
        ("GITHUB_REPOSITORY", REPOSITORY),
        ("INPUT_GITHUB-TOKEN", TOKEN),
        ("INPUT_GITHUB-API-URL", github.url()),
    ];
    place.tollgate_with(&["action"], &[&environment, inputs].concat())
}

#[test]
fn the_floors_of_a_public_organisation_policy_are_in_force() {
    let floor = "version: 1\nfloor:\n  tests.executed: { min: 5 }\n";
    for (repository, file) in [("acme/.tollgate", "org.yml"), ("acme/.github", "tollgate/org.yml")] {
        let github = github();
        github.commit_in(repository, "main", &[(file, floor)]);
        let head = ran(&github, PASSES, "success");
        publish(&github).exits(0).says("the verdict is needs-changes");
        let check = &github.checks(&head)[0];
        assert!(check.summary.contains(repository), "{}", check.summary);
        assert!(!check.summary.contains("floors are not in force"), "{}", check.summary);
    }
}

#[test]
fn groups_and_the_file_of_the_repository_are_read_with_the_organisation_policy() {
    let github = github();
    github.repository_says(REPOSITORY, serde_json::json!({"topics": ["tier-1"]}));
    github.commit_in(
        "acme/.tollgate",
        "main",
        &[
            ("org.yml", "version: 1\n"),
            (
                "groups/tier.yml",
                "version: 1\nselect: { topic: tier-1 }\nfloor:\n  tests.executed: { min: 5 }\n",
            ),
            ("repos/payments.yml", "version: 1\ndefaults:\n  tests.executed: { min: 2 }\n"),
            ("repos/other.yml", "this is: [no policy\n"),
        ],
    );
    ran(&github, PASSES, "success");
    publish(&github).exits(0).says("the verdict is needs-changes").says("at least 5 tests");
}

#[test]
fn an_organisation_without_a_policy_is_said_and_one_that_is_declared_and_unseen_is_no_verdict() {
    let github = github();
    let head = ran(&github, PASSES, "success");
    publish(&github).exits(0).says("the verdict is passed");
    assert!(github.checks(&head)[0].summary.contains("floors are not in force here"));

    let github = GitHub::start();
    let extends = format!("{POLICY}extends: acme/.tollgate\n");
    github.commit_in("acme/.tollgate", "main", &[("org.yml", "version: 1\n")]);
    github.seen_only_by("acme/.tollgate", OF_ORGANISATION);
    github.commit("main", &[("src/a.py", "a = 1\n"), ("tollgate.yml", &extends), (CI, "on: pull_request\n")]);
    github.pull(7).of_fork("eve").changes(&[("src/a.py", "a = 2\n")]);
    ran(&github, PASSES, "success");
    publish(&github).exits(0).says("the verdict is no-verdict");
    // A token that may read it makes it a verdict.
    github.token(OF_ORGANISATION, &[("metadata", "read"), ("contents", "read")]);
    publish_as_action(&github, &[("INPUT_ORG-POLICY-TOKEN", OF_ORGANISATION)])
        .exits(0)
        .says("the verdict is passed");
}

#[test]
fn a_token_for_the_organisation_policy_that_does_not_see_it_is_no_verdict() {
    let github = github();
    ran(&github, PASSES, "success");
    github.token(OF_ORGANISATION, &[("metadata", "read"), ("contents", "read")]);
    publish_as_action(&github, &[("INPUT_ORG-POLICY-TOKEN", OF_ORGANISATION)])
        .exits(0)
        .says("the verdict is no-verdict")
        .says("no-organisation-policy");
}

#[test]
fn an_organisation_policy_with_mistakes_or_a_link_for_a_file_is_no_verdict() {
    for file in ["version: 1\nflor: {}\n", "[unclosed"] {
        let github = github();
        github.commit_in("acme/.tollgate", "main", &[("org.yml", file)]);
        ran(&github, PASSES, "success");
        publish(&github).exits(0).says("the verdict is no-verdict");
    }
    let github = github();
    github.commit_in(
        "acme/.tollgate",
        "main",
        &[("org.yml", "version: 1\n"), ("groups/a.yaml", "version: 1\n")],
    );
    ran(&github, PASSES, "success");
    publish(&github).exits(0).says("the verdict is no-verdict").says("misnamed-policy");
}

/// The default branch's own run left this as its evidence.
fn evidence_of_main(github: &GitHub, commit: &str, junit: &str) {
    let place = Place::new();
    place.file("tollgate.yml", POLICY);
    place.file("junit.xml", junit);
    place.git(&["init", "-q"]);
    place.tollgate(&["check", "--save-snapshot", "s.json"]);
    let bytes = std::fs::read(place.path().join("s.json")).unwrap();
    let snapshot = wire::snapshot::read(&bytes).unwrap();
    let packed = wire::snapshot::write(&Snapshot { commit: Some(commit.to_owned()), ..snapshot });
    github
        .run(50)
        .of_branch("main")
        .artifact("tollgate-snapshot", &zip_of(&[("tollgate-snapshot.json.gz", &packed)]))
        .completed("success");
}

#[test]
fn a_failure_that_the_default_branch_has_too_is_not_counted() {
    let github = GitHub::start();
    let base = github.commit(
        "main",
        &[
            ("src/a.py", "a = 1\n"),
            ("tests/test_a.py", "x\ny\n"),
            ("tollgate.yml", POLICY),
            (CI, "on: push\n"),
        ],
    );
    github.pull(7).of_fork("eve").changes(&[("src/a.py", "a = 2\n")]);
    evidence_of_main(&github, &base, FAILS);
    // The manifest ties the failed job to its report, and so to what explains it.
    let head = github.pull(7).head_sha();
    github
        .run(77)
        .of_pull(7)
        .job("test", "failure")
        .artifact("tollgate-reports-test-a1", &collected(2, ", \"reads-as\": 1", &head, FAILS, "failure"))
        .completed("failure");
    publish(&github).exits(0).says("the verdict is passed");
    let check = &github.checks(&head)[0];
    assert_eq!(check.conclusion.as_deref(), Some("success"), "{}", check.summary);
    // Somebody else's artifact of that name is none of the base's.
    let other = self::github();
    let head = ran(&other, FAILS, "failure");
    other.run(77).artifact("tollgate-snapshot", &zip(&[("tollgate-snapshot.json", "{}")]));
    publish(&other).exits(0);
    assert_eq!(other.checks(&head)[0].conclusion.as_deref(), Some("failure"));
}

#[test]
fn a_job_that_no_runner_took_is_nobodys_fault() {
    let github = github();
    github
        .run(77)
        .of_pull(7)
        .job("test", "success")
        .job_without_runner("macos")
        .artifact("tollgate-reports-test-a1", &zip(&[("junit.xml", PASSES)]))
        .completed("cancelled");
    publish(&github).exits(0).says("the verdict is no-verdict");
    let check = &github.checks(&github.pull(7).head_sha())[0];
    assert!(check.summary.contains("never started"), "{}", check.summary);
}

/// A repository whose policy asks for a comment.
fn with_comment() -> GitHub {
    let github = GitHub::start();
    let policy = format!("{POLICY}publish: {{ comment: true }}\n");
    github.commit(
        "main",
        &[
            ("src/a.py", "a = 1\n"),
            ("tests/test_a.py", "x\ny\n"),
            ("tollgate.yml", &policy),
            (CI, "on: push\n"),
        ],
    );
    github.pull(7).of_fork("eve").changes(&[("src/a.py", "a = 2\n")]);
    github
}

#[test]
fn no_comment_is_written_unless_the_policy_asks_for_one() {
    let github = github();
    ran(&github, FAILS, "failure");
    publish(&github).exits(0);
    assert_eq!(github.comments(7), [""; 0]);
}

#[test]
fn one_comment_is_edited_in_place() {
    let github = with_comment();
    ran(&github, FAILS, "failure");
    publish(&github).exits(0);
    let comments = github.comments(7);
    assert_eq!(comments.len(), 1);
    assert!(comments[0].contains("Needs changes") && !comments[0].contains("halves"), "{}", comments[0]);
    github.forget_calls();
    publish(&github).exits(0);
    assert!(!github.calls().iter().any(|call| call.starts_with("PATCH") || call.starts_with("POST")));
    github.pull(7).pushes(&[("src/a.py", "a = 3\n")]);
    ran(&github, PASSES, "success");
    publish(&github).exits(0);
    let comments = github.comments(7);
    assert_eq!(comments.len(), 1);
    assert!(comments[0].contains("Passed"), "{}", comments[0]);
}

#[test]
fn a_comment_with_our_mark_by_somebody_else_is_not_ours() {
    let github = with_comment();
    github.comments_as(7, 66, "<!-- tollgate: verdict -->\n### Passed: all is well");
    ran(&github, FAILS, "failure");
    publish(&github).exits(0);
    let comments = github.comments(7);
    assert_eq!(comments.len(), 2);
    assert!(comments[0].contains("all is well") && comments[1].contains("Needs changes"));
}

#[test]
fn t24_a_comment_is_not_written_when_the_head_has_moved_on() {
    let github = with_comment();
    ran(&github, FAILS, "failure");
    publish(&github).exits(0);
    let at = github
        .calls()
        .iter()
        .position(|call| call.ends_with("/comments") && call.starts_with("GET"))
        .unwrap();
    // The same once more, and somebody pushes while the comments are read.
    let github = with_comment();
    ran(&github, FAILS, "failure");
    github.pushes_at(at + 1, 7);
    publish(&github).exits(0);
    assert_eq!(github.comments(7), [""; 0]);
}

#[test]
fn a_comment_that_may_not_be_written_is_said_and_the_check_stands() {
    let github = with_comment();
    let head = ran(&github, PASSES, "success");
    let rights = [("actions", "read"), ("checks", "write"), ("contents", "read"), ("metadata", "read")];
    github.token(TOKEN, &[&rights[..], &[("pull-requests", "read")]].concat());
    publish(&github).exits(4).says("pull-requests: write");
    assert_eq!(github.checks(&head).len(), 1);
}

#[test]
fn a_preview_says_that_it_is_none_of_the_gate() {
    for (gate, says) in [("publish", true), ("service", true), ("step", false)] {
        let place = Place::new();
        place.file("tollgate.yml", format!("{POLICY}gate: {gate}\n"));
        place.file("junit.xml", PASSES);
        let run = place.tollgate(&["check"]).exits(0);
        assert_eq!(run.out.contains("preview: not the gate"), says, "{}", run.out);
    }
}

/// A scanner's workflow beside the tests, which the policy calls isolated; scans need grade B.
fn with_scanner(change: &[(&str, &str)]) -> GitHub {
    const SCAN: &str = ".github/workflows/scan.yml";
    let policy = "version: 1\nreports:\n  unit: { kind: tests, path: junit.xml }\n  sast: { kind: scan, path: \"*.sarif\" }\n\
        publish: { isolated: [.github/workflows/scan.yml] }\nrules:\n  evidence.grade: { min: C, scan: B }\n";
    let github = GitHub::start();
    github.commit(
        "main",
        &[
            ("src/a.py", "a = 1\n"),
            ("tollgate.yml", policy),
            (CI, "on: pull_request\n"),
            (SCAN, "on: pull_request\n"),
        ],
    );
    github.pull(7).of_fork("eve").changes(change);
    ran(&github, PASSES, "success");
    github
        .run(78)
        .of_pull(7)
        .workflow(SCAN)
        .artifact("tollgate-reports-scan-a1", &zip(&[("sast.sarif", SARIF)]))
        .completed("success");
    github
}

const SARIF: &str = r#"{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "s", "version": "1", "rules": []}},
    "invocations": [{"executionSuccessful": true}], "results": []}]}"#;

#[test]
fn scans_of_a_workflow_that_runs_nothing_of_the_change_are_isolated() {
    let github = with_scanner(&[("src/a.py", "a = 2\n")]);
    publish(&github).exits(0).says("the verdict is passed");
    // The same artifact from the run of the tests is a claim of code of the change.
    let github = with_scanner(&[("src/a.py", "a = 2\n")]);
    github.run(77).artifact("tollgate-reports-scan-a1", &zip(&[("sast.sarif", SARIF)]));
    publish(&github).exits(0).says("the verdict is no-verdict");
    // A change of the scanner's workflow makes its evidence the change's own.
    let github = with_scanner(&[(".github/workflows/scan.yml", "on: pull_request # run: nothing\n")]);
    publish(&github).exits(0).says("the verdict is no-verdict");
}

#[test]
fn the_class_of_the_author_stands_in_the_record_and_changes_words_and_no_bar() {
    let record = |owners: &str, files: &[(&str, &str)], permission: &str| {
        let github = GitHub::start();
        let policy = format!("{POLICY}{owners}");
        let all = [
            &[
                ("src/a.py", "a = 1\n"),
                ("tests/test_a.py", "x\ny\n"),
                ("tollgate.yml", policy.as_str()),
                (CI, "on: push\n"),
            ],
            files,
        ];
        github.commit("main", &all.concat());
        github.commit_in(
            "acme/.tollgate",
            "main",
            &[("org.yml", "version: 1\n"), ("teams.json", r#"{"acme/core": ["ada"]}"#)],
        );
        github.pull(7).of_fork("quixote").changes(&[("src/a.py", "a = 2\n")]);
        github.permission("quixote", permission);
        let head = ran(&github, FAILS, "failure");
        let place = Place::new();
        let arguments = ["publish", "--repository", REPOSITORY, "--run", "77", "--write-json", "v.json"];
        let environment = [("GITHUB_TOKEN", TOKEN), ("GITHUB_API_URL", github.url())];
        place.tollgate_with(&arguments, &environment).exits(0).says("the verdict is needs-changes");
        let text = std::fs::read_to_string(place.path().join("v.json")).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["context"]["repo"], REPOSITORY);
        assert_eq!(value["context"]["pull-request"], 7);
        let author = value["context"]["author"].to_string();
        assert!(!author.contains("quixote"), "no name stands with the class: {author}");
        let author = &value["context"]["author"];
        let asked = github.checks(&head)[0].summary.contains("the bar is the same for everybody");
        (author["class"].as_str().unwrap().to_owned(), author["why"].as_str().unwrap().to_owned(), asked)
    };
    let (class, why, is_asked) = record("", &[], "read");
    assert_eq!(
        (class.as_str(), why.as_str(), is_asked),
        ("external", "permission=read; no owners are named", true)
    );
    assert_eq!(record("", &[], "write").0, "owner");
    assert_eq!(
        record("owners: [\"@quixote\"]\n", &[], "read"),
        ("owner".into(), "in owners, or owns a changed path".into(), false)
    );
    assert_eq!(record("owners: [\"@acme/core\"]\n", &[], "write").0, "external");
    assert_eq!(record("", &[(".github/CODEOWNERS", "src/ @quixote\n")], "read").0, "owner");
    assert_eq!(record("", &[("docs/CODEOWNERS", "docs/ @quixote\n")], "write").0, "external");
}

/// An artifact as a collector of some version packs it.
pub(crate) fn collected(version: u64, reads_as: &str, head: &str, junit: &str, unit: &str) -> Vec<u8> {
    let digest: String = Sha256::digest(junit).iter().map(|byte| format!("{byte:02x}")).collect();
    let manifest = format!(
        r#"{{"version": {version}{reads_as}, "job": "test", "index": 0, "run-id": "77", "attempt": 1, "sha": "{head}",
            "steps": {{"unit": {{"outcome": "{unit}"}}}}, "skipped": 0, "of-the-future": [1],
            "files": [{{"path": "junit.xml", "file": "0.xml", "bytes": {}, "sha256": "{digest}"}}]}}"#,
        junit.len()
    );
    zip(&[("manifest.json", &manifest), ("0.xml", junit)])
}

#[test]
fn a_first_stage_of_the_version_before_or_behind_is_read() {
    let verdict = |version: u64, reads_as: &str| {
        let github = github();
        let head = github.pull(7).head_sha();
        let artifact = collected(version, reads_as, &head, PASSES, "success");
        github.run(77).of_pull(7).artifact("tollgate-reports-test-a1", &artifact).completed("success");
        publish(&github).exits(0);
        github.checks(&head)[0].conclusion.clone().unwrap()
    };
    for (version, reads_as) in [(1, ""), (2, ""), (2, ", \"reads-as\": 1"), (3, ", \"reads-as\": 2")] {
        assert_eq!(verdict(version, reads_as), "success", "{version} {reads_as}");
    }
    for (version, reads_as) in [(0, ""), (3, ""), (4, ", \"reads-as\": 3")] {
        assert_eq!(verdict(version, reads_as), "action_required", "{version} {reads_as}");
    }
}

/// A group of the merge queue with pull request 7 on top of main.
fn group(github: &GitHub, junit: &str, conclusion: &str) -> String {
    let branch = "gh-readonly-queue/main/pr-7-0123456789abcdef";
    let base = github.commit("main", &[("other.txt", "x\n")]);
    let head = github.group(branch, &base, &[("src/a.py", "a = 2\n"), ("tests/test_a.py", "x\nz\n")]);
    github
        .run(77)
        .of_branch(branch)
        .event("merge_group")
        .job("test", conclusion)
        .artifact("tollgate-reports-test-a1", &zip(&[("junit.xml", junit)]))
        .completed(conclusion);
    head
}

#[test]
fn a_group_of_the_merge_queue_is_judged_for_real_and_on_its_own_commit() {
    for (junit, conclusion, expected) in [(PASSES, "success", "success"), (FAILS, "failure", "failure")] {
        let github = github();
        let head = group(&github, junit, conclusion);
        publish(&github).exits(0);
        let checks = github.checks(&head);
        assert_eq!(checks.len(), 1);
        assert_eq!(checks[0].conclusion.as_deref(), Some(expected), "{}", checks[0].summary);
        assert_eq!(github.checks(&github.pull(7).head_sha()), [], "the pull request has its own check");
    }
}

#[test]
fn a_group_whose_runs_are_not_over_waits_and_a_branch_of_another_name_is_none() {
    let github = github();
    let head = group(&github, PASSES, "success");
    github.run(77).in_progress();
    publish(&github).exits(0).says("1 runs are not over yet");
    assert_eq!(github.checks(&head)[0].status, "in_progress");
    // Only GitHub writes below gh-readonly-queue/.
    let github = self::github();
    github.commit("queue", &[("src/a.py", "a = 2\n")]);
    github.run(77).of_branch("queue").event("merge_group").completed("success");
    publish(&github).exits(4).says("whose branch has another name");
}

#[test]
fn a_network_that_is_cut_at_the_comment_leaves_one_comment_when_it_is_back() {
    let calls = {
        let github = with_comment();
        ran(&github, FAILS, "failure");
        publish(&github).exits(0);
        github.calls()
    };
    let posted =
        calls.iter().position(|call| call.starts_with("POST") && call.ends_with("/comments")).unwrap() + 1;
    for fault in [Fault::CutBefore, Fault::CutAfter, Fault::CutWithin, Fault::Status(502)] {
        let github = with_comment();
        let head = ran(&github, FAILS, "failure");
        github.forget_calls().fails_at(posted, fault.clone());
        publish(&github).exits(4).says("the check is posted");
        github.recovers();
        publish(&github).exits(0);
        assert_eq!((github.comments(7).len(), github.checks(&head).len()), (1, 1), "{fault:?}");
    }
}
