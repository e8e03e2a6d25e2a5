//! What was merged while the service was away is judged afterwards and listed.

use super::*;
use crate::github::Merging;
use std::time::{SystemTime, UNIX_EPOCH};
use tollgate::model::Moment;

const HOUR: u64 = 3_600;

/// So many seconds ago, as GitHub writes it.
fn ago(seconds: u64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    Moment::from_seconds(now - seconds).rfc3339().unwrap()
}

/// As if the last sign of life were so many seconds old, and every verdict a day older than it is.
fn away(keeps: &Keeps, seconds: u64) {
    let seen = (SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() - seconds) * 1_000;
    let statements =
        format!("UPDATE alive SET seen = {seen}; UPDATE verdicts SET decided = decided - 86400000");
    match keeps {
        Keeps::Folder(folder) => {
            let connection = rusqlite::Connection::open(folder.join("tollgate.sqlite")).unwrap();
            connection.execute_batch(&statements).unwrap();
        }
        Keeps::Database(address) => {
            let status = Command::new("psql").args(["-q", "-c", &statements, address]).status();
            assert!(status.unwrap().success());
        }
    }
}

/// Whether a sign of life is kept.
fn is_alive(keeps: &Keeps) -> bool {
    let signs = "SELECT COUNT(*) FROM alive";
    match keeps {
        Keeps::Folder(folder) => {
            let connection = rusqlite::Connection::open(folder.join("tollgate.sqlite")).unwrap();
            connection.busy_timeout(Duration::from_secs(10)).unwrap();
            connection.query_row(signs, [], |row| row.get::<_, i64>(0)).unwrap() == 1
        }
        Keeps::Database(address) => {
            let output = Command::new("psql").args(["-qtA", "-c", signs, address]).output().unwrap();
            output.stdout == b"1\n"
        }
    }
}

/// A service that knows the repository from a pull request that was judged, and then goes away for an hour.
fn away_for_an_hour(github: &GitHub, keeps: &Keeps) {
    let mut service = Service::start(github, keeps);
    service.until("a sign of life", || is_alive(keeps));
    github.pull(6).of_fork("bob").branch("b6").changes(&[("src/f.py", "f = 6\n")]);
    let head = ran(github, 6, 66, PASSES, "success");
    service.deliver("d6", "workflow_run", &run_completed(&head));
    service.until("judged", || concludes(github, &head, "success"));
    is_idle(&service);
    service.kill();
    away(keeps, HOUR);
    github.forget_calls();
}

/// What the last sign of life leaves when nothing was judged yet.
fn away_before_anything_was_known(github: &GitHub, keeps: &Keeps) {
    let mut service = Service::start(github, keeps);
    service.until("a sign of life", || is_alive(keeps));
    is_idle(&service);
    service.kill();
    away(keeps, HOUR);
    github.forget_calls();
}

fn is_idle(service: &Service) {
    service.until("nothing is left", || {
        // All of one moment: a job that ends may leave another one.
        let Some((_, text)) = service.get("/metrics") else { return false };
        let none = |state: &str| text.contains(&format!("tollgate_queue{{state=\"{state}\"}} 0\n"));
        ["due", "later", "taken"].into_iter().all(none)
    });
}

/// One that passes and one that fails, merged half an hour ago; one that was judged before, and one of the day before.
fn merged_meanwhile(github: &GitHub) -> [String; 2] {
    github.pull(8).of_fork("bob").branch("b8").changes(&[("src/b.py", "b = 8\n")]);
    let green = ran(github, 8, 88, PASSES, "success");
    let red = ran(github, 7, 77, FAILS, "failure");
    github.pull(9).of_fork("bob").branch("b9").changes(&[("src/c.py", "c = 9\n")]);
    ran(github, 9, 99, FAILS, "failure");
    github.pull(9).merged_at(Merging::Commit, &ago(25 * HOUR)).updated(&ago(60));
    github.pull(8).merged_at(Merging::Squash, &ago(HOUR / 2));
    github.pull(7).merged_at(Merging::Commit, &ago(HOUR / 3));
    github.pull(6).merged_at(Merging::Rebase, &ago(HOUR / 4));
    github.pull(10).closed().updated(&ago(HOUR / 4));
    [green, red]
}

fn are_judged(github: &GitHub, [green, red]: &[String; 2]) -> bool {
    concludes(github, green, "success") && concludes(github, red, "failure")
}

/// The checks say that they came afterwards, and were posted once.
fn is_said_once(github: &GitHub, heads: &[String; 2]) {
    assert_eq!(verdicts_posted(github), 2);
    for head in heads {
        let check = &github.checks(head)[0];
        assert!(check.title.starts_with("Merged already. "), "{}", check.title);
        let said = "**This was merged while the gate did not answer, and is judged afterwards.** Nothing is taken back";
        assert!(check.summary.contains(said), "{}", check.summary);
    }
    // The change is what was proposed, though the base holds it by now.
    let red = &github.checks(&heads[1])[0];
    assert_eq!(red.annotations[0]["path"], "tests/test_a.py", "{:?}", red.annotations);
}

fn judges_what_was_merged_meanwhile(keeps: &Keeps) {
    let github = github();
    away_for_an_hour(&github, keeps);
    let heads = merged_meanwhile(&github);
    let mut service = Service::start(&github, keeps);
    service.until("both are judged", || are_judged(&github, &heads));
    is_idle(&service);
    is_said_once(&github, &heads);
    assert_eq!(service.figure("tollgate_outages_total"), Some(1));
    assert_eq!(service.figure("tollgate_merged_while_away_total"), Some(2));
    let lists = github.asked().into_iter().filter(|asked| asked.query.contains_key("sort")).count();
    assert_eq!(lists, 1, "one request for the repository");
    // It is started again at once: that is no outage, and nothing is said twice.
    service.kill();
    let service = Service::start(&github, keeps);
    service.until("the sweep", || {
        github.calls().iter().filter(|call| call.ends_with("/hook/deliveries")).count() > 1
    });
    is_idle(&service);
    assert_eq!(service.figure("tollgate_outages_total"), Some(0));
    is_said_once(&github, &heads);
}

#[test]
fn what_was_merged_while_the_service_was_away_is_judged_afterwards_and_said_once() {
    let folder = tempfile::tempdir().unwrap();
    judges_what_was_merged_meanwhile(&Keeps::Folder(folder.path().join("data")));
}

#[test]
fn two_replicas_that_come_back_together_judge_what_was_merged_once() {
    let Some(server) = Server::start() else { return };
    let keeps = Keeps::Database(server.database("outage"));
    let github = github();
    away_for_an_hour(&github, &keeps);
    let heads = merged_meanwhile(&github);
    let replicas = [Service::start(&github, &keeps), Service::start(&github, &keeps)];
    replicas[0].until("both are judged", || are_judged(&github, &heads));
    replicas.iter().for_each(is_idle);
    is_said_once(&github, &heads);
    let sum = |name: &str| replicas.iter().filter_map(|replica| replica.figure(name)).sum::<u64>();
    assert_eq!((sum("tollgate_outages_total"), sum("tollgate_merged_while_away_total")), (1, 2));
}

#[test]
fn a_service_that_is_killed_while_it_looks_for_what_was_merged_finds_all_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let keeps = Keeps::Folder(folder.path().join("data"));
    let github = github();
    away_for_an_hour(&github, &keeps);
    let heads = merged_meanwhile(&github);
    for wait in [30, 150, 300, 600] {
        let mut service = Service::start(&github, &keeps);
        std::thread::sleep(Duration::from_millis(wait));
        service.kill();
    }
    let service = Service::start(&github, &keeps);
    service.until("both are judged", || are_judged(&github, &heads));
    is_idle(&service);
    is_said_once(&github, &heads);
}

#[test]
fn a_merged_change_is_judged_by_the_policy_of_before_however_it_was_merged_and_without_evidence_gets_no_verdict()
 {
    let folder = tempfile::tempdir().unwrap();
    let keeps = Keeps::Folder(folder.path().join("data"));
    let github = github();
    away_for_an_hour(&github, &keeps);
    let mut heads = Vec::new();
    for (pull, merging) in [(20, Merging::Commit), (21, Merging::Squash), (22, Merging::Rebase)] {
        let policy = format!("{POLICY}rules:\n  tests.failed: {{ max: {pull} }}\n");
        let branch = format!("b{pull}");
        let file = format!("src/{pull}.py");
        github.pull(pull).of_fork("eve").branch(&branch).changes(&[("tollgate.yml", &policy)]);
        github.pull(pull).pushes(&[(&file, "x = 1\n")]);
        heads.push(ran(&github, pull, 200 + pull, FAILS, "success"));
        github.pull(pull).merged_at(merging, &ago(HOUR / 2));
        // The next one starts from the policy that the test began with.
        github.commit("main", &[("tollgate.yml", POLICY)]);
    }
    github.commit("main", &[("tollgate.yml", &format!("{POLICY}rules:\n  tests.failed: {{ max: 99 }}\n"))]);
    github.pull(23).of_fork("eve").branch("b23").changes(&[("src/23.py", "x = 1\n")]);
    let expired = github.pull(23).head_sha();
    let old = zip(&[("junit.xml", PASSES)]);
    github.run(223).of_pull(23).artifact("tollgate-reports-old-a1", &old).completed("success");
    github.artifact_expires("tollgate-reports-old-a1").pull(23).merged_at(Merging::Squash, &ago(HOUR / 3));
    github.pull(24).of_fork("eve").branch("b24").changes(&[("src/24.py", "x = 1\n")]);
    let nothing_ran = github.pull(24).head_sha();
    github.pull(24).merged_at(Merging::Squash, &ago(HOUR / 3));
    github.pull(25).of_fork("eve").branch("b25").changes(&[("src/25.py", "x = 1\n")]);
    github.run(225).of_pull(25).awaits_approval();
    let not_approved = github.pull(25).head_sha();
    github.pull(25).merged_at(Merging::Squash, &ago(HOUR / 3));
    let service = Service::start(&github, &keeps);
    for head in &heads {
        service.until("judged by the policy of before", || concludes(&github, head, "failure"));
        let summary = &github.checks(head)[0].summary;
        assert!(summary.contains("proposes another policy"), "{summary}");
    }
    for (head, why) in [
        (&expired, "it has expired"),
        (&nothing_ran, "no run of a pull request has this commit"),
        (&not_approved, "no maintainer has approved the run"),
    ] {
        service.until("no verdict", || concludes(&github, head, "action_required"));
        let check = &github.checks(head)[0];
        assert!(check.summary.contains(why) && !check.summary.contains("stays open"), "{}", check.summary);
        assert!(check.title.starts_with("Merged already. No verdict"), "{}", check.title);
    }
    assert_eq!(service.figure("tollgate_merged_while_away_total"), Some(6));
    // A run that ends late is judged after all.
    ran(&github, 24, 224, PASSES, "success");
    service.deliver("late", "workflow_run", &run_completed(&nothing_ran));
    service.until("judged after all", || concludes(&github, &nothing_ran, "success"));
}

#[test]
fn a_repository_that_the_app_was_given_meanwhile_is_looked_through_too() {
    let folder = tempfile::tempdir().unwrap();
    let keeps = Keeps::Folder(folder.path().join("data"));
    let github = github();
    away_before_anything_was_known(&github, &keeps);
    let red = ran(&github, 7, 77, FAILS, "failure");
    github.pull(7).merged_at(Merging::Commit, &ago(HOUR / 3));
    let service = Service::start(&github, &keeps);
    service.until("judged", || concludes(&github, &red, "failure"));
    is_idle(&service);
    assert_eq!(service.figure("tollgate_merged_while_away_total"), Some(1));
    assert_eq!(verdicts_posted(&github), 1);
    // A new policy does not judge what was merged before it, of which nothing may be left.
    github.artifact_expires("tollgate-reports-test-a1");
    let push = json!({
        "ref": "refs/heads/main",
        "commits": [{"added": [], "removed": [], "modified": ["tollgate.yml"]}],
    });
    service.deliver("policy", "push", &event("", push));
    let done = "tollgate_jobs_total{kind=\"policy\",outcome=\"Done\"}";
    service.until("the policy is looked at", || service.figure(done) == Some(1));
    is_idle(&service);
    assert!(concludes(&github, &red, "failure"));
    assert_eq!(verdicts_posted(&github), 1);
}

#[test]
fn what_was_merged_is_found_by_the_clock_of_github_although_the_store_s_is_ahead() {
    let folder = tempfile::tempdir().unwrap();
    let keeps = Keeps::Folder(folder.path().join("data"));
    let github = github();
    away_before_anything_was_known(&github, &keeps);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let (ahead, seen) = ((now + HOUR / 2) * 1_000, (now - HOUR / 2) * 1_000);
    let statements = format!(
        "INSERT INTO deliveries (id, event, repository, received) VALUES ('ahead', 'push', '', {ahead}); \
         UPDATE alive SET seen = {seen}"
    );
    let connection = rusqlite::Connection::open(folder.path().join("data/tollgate.sqlite")).unwrap();
    connection.execute_batch(&statements).unwrap();
    drop(connection);
    let red = ran(&github, 7, 77, FAILS, "failure");
    github.pull(7).merged_at(Merging::Commit, &ago(HOUR - 600));
    let service = Service::start(&github, &keeps);
    service.until("judged", || concludes(&github, &red, "failure"));
}

#[test]
fn a_group_that_the_merge_queue_merged_meanwhile_is_judged_by_the_policy_of_before() {
    let folder = tempfile::tempdir().unwrap();
    let keeps = Keeps::Folder(folder.path().join("data"));
    let github = github();
    away_for_an_hour(&github, &keeps);
    let merged_by_queue = |number: u64, files: &[(&str, &str)], junit: &str| {
        let base = github.commit_of("main");
        github.pull(number).of_fork("bob").branch(&format!("b{number}")).changes(files);
        let head = ran(&github, number, 300 + number, PASSES, "success");
        let branch = format!("gh-readonly-queue/main/pr-{number}-{base}");
        let group = github.group(&branch, &base, files);
        let run = github.run(400 + number).of_branch(&branch).event("merge_group").job("test", "success");
        run.artifact("tollgate-reports-test-a1", &zip(&[("junit.xml", junit)])).completed("success");
        github.pull(number).merged_by_queue(&group, &ago(HOUR / 3));
        (head, group)
    };
    let (_, green) = merged_by_queue(30, &[("src/q.py", "q = 30\n")], PASSES);
    let policy = format!("{POLICY}rules:\n  tests.failed: {{ max: 99 }}\n");
    let (head, red) = merged_by_queue(31, &[("tollgate.yml", &policy)], FAILS);
    let service = Service::start(&github, &keeps);
    service.until("the groups are judged", || {
        concludes(&github, &green, "success") && concludes(&github, &red, "failure")
    });
    is_idle(&service);
    let check = &github.checks(&red)[0];
    assert!(check.title.starts_with("Merged already. "), "{}", check.title);
    assert!(check.summary.contains("proposes another policy"), "{}", check.summary);
    assert_eq!(check_count(&github, &head), 1, "the head of the pull request is judged as well");
    assert_eq!(service.figure("tollgate_merged_while_away_total"), Some(4));
}

fn check_count(github: &GitHub, sha: &str) -> usize {
    github.checks(sha).iter().filter(|check| check.status == "completed").count()
}

#[test]
fn a_change_whose_verdict_was_removed_before_its_merge_is_not_called_unjudged() {
    let folder = tempfile::tempdir().unwrap();
    let keeps = Keeps::Folder(folder.path().join("data"));
    let github = github();
    away_for_an_hour(&github, &keeps);
    let [green, red] = merged_meanwhile(&github);
    // The verdict was kept long enough, and so was what is known of the commit; its check stands.
    let judged = github.pull(6).head_sha();
    github.checks_ended(&judged, &ago(40 * 24 * HOUR));
    let connection = rusqlite::Connection::open(folder.path().join("data/tollgate.sqlite")).unwrap();
    connection.execute_batch("DELETE FROM verdicts; DELETE FROM commits").unwrap();
    drop(connection);
    let service = Service::start(&github, &keeps);
    service.until("both are judged", || are_judged(&github, &[green.clone(), red.clone()]));
    is_idle(&service);
    assert_eq!(service.figure("tollgate_merged_while_away_total"), Some(2), "not the one that had a verdict");
}
