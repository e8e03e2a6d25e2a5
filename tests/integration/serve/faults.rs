//! What breaks: the process, GitHub, the disk, the deliveries. Afterwards everything is as if nothing had.

use super::*;
use crate::github::Fault;

const PULLS: std::ops::Range<u64> = 20..32;

/// Many pull requests, each with a run that has ended; every third fails.
fn many(github: &GitHub) -> Vec<(u64, String)> {
    let one = |pull: u64| {
        github
            .pull(pull)
            .of_fork("bob")
            .branch(&format!("b{pull}"))
            .changes(&[("src/a.py", &format!("a = {pull}\n"))]);
        let fails = pull.is_multiple_of(3);
        let (junit, conclusion) = if fails { (FAILS, "failure") } else { (PASSES, "success") };
        (pull, ran(github, pull, 1_000 + pull, junit, conclusion))
    };
    PULLS.map(one).collect()
}

fn expected(pull: u64) -> &'static str {
    if pull.is_multiple_of(3) { "failure" } else { "success" }
}

/// Every commit has one check with its verdict, and each verdict was posted once.
fn is_as_undisturbed(github: &GitHub, heads: &[(u64, String)]) -> bool {
    heads.iter().all(|(pull, sha)| concludes(github, sha, expected(*pull)))
}

fn deliver_all(service: &Service, heads: &[(u64, String)]) -> Vec<String> {
    let mut lost = Vec::new();
    for (pull, sha) in heads {
        let id = format!("d{pull}");
        if !(200..300).contains(&service.deliver(&id, "workflow_run", &run_completed(sha))) {
            lost.push(sha.clone());
        }
    }
    lost
}

#[test]
fn kill_9_in_the_middle_of_everything_loses_nothing_and_posts_nothing_twice() {
    let github = github();
    let heads = many(&github);
    let folder = tempfile::tempdir().unwrap();
    let keeps = Keeps::Folder(folder.path().join("data"));
    let mut service = Service::start(&github, &keeps);
    assert!(deliver_all(&service, &heads).is_empty(), "an acknowledged delivery is kept");
    // Killed again and again, wherever it is.
    for wait in [2_100, 600, 900, 1_300] {
        std::thread::sleep(Duration::from_millis(wait));
        service.kill();
        service = Service::start(&github, &keeps);
    }
    service.until("as undisturbed", || is_as_undisturbed(&github, &heads));
    service.until("nothing is left", || service.figure("tollgate_queue{state=\"due\"}") == Some(0));
    assert_eq!(verdicts_posted(&github), heads.len());
}

#[test]
fn duplicate_and_reordered_deliveries_come_out_the_same() {
    let github = github();
    let heads = many(&github);
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(&github, &Keeps::Folder(folder.path().join("data")));
    for round in 0..3 {
        for (pull, sha) in heads.iter().rev() {
            // The end of the run before its beginning, and before the pull request.
            assert!(service.deliver(&format!("c{pull}"), "workflow_run", &run_completed(sha)) < 300);
            let begun =
                event("requested", json!({"workflow_run": {"head_sha": sha, "event": "pull_request"}}));
            assert!(service.deliver(&format!("r{pull}-{round}"), "workflow_run", &begun) < 300);
            assert!(service.deliver(&format!("p{pull}-{round}"), "pull_request", &opened(*pull, sha)) < 300);
        }
    }
    service.until("as undisturbed", || is_as_undisturbed(&github, &heads));
    assert_eq!(verdicts_posted(&github), heads.len());
}

#[test]
fn deliveries_that_were_lost_are_asked_for_again_at_the_start() {
    let github = github();
    let head = ran(&github, 7, 77, PASSES, "success");
    let now = now();
    github.delivered_at(41, "workflow_run", 0, &now).delivered_at(42, "star", 0, &now);
    github.delivered_at(43, "pull_request", 202, &now);
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(&github, &Keeps::Folder(folder.path().join("data")));
    let again = "POST /app/hook/deliveries/41/attempts".to_owned();
    service.until("asked for again", || github.calls().contains(&again));
    let asked: Vec<String> =
        github.calls().into_iter().filter(|call| call.starts_with("POST /app/hook")).collect();
    assert_eq!(asked, [again], "only what was lost and is ours");
    // GitHub delivers it once more, with the id that it had.
    assert_eq!(service.deliver("guid-41", "workflow_run", &run_completed(&head)), 202);
    service.until("the verdict", || concludes(&github, &head, "success"));
}

#[test]
fn an_open_check_whose_last_event_was_lost_is_looked_at_again() {
    let github = github();
    let head = github.pull(7).head_sha();
    let folder = tempfile::tempdir().unwrap();
    let keeps = Keeps::Folder(folder.path().join("data"));
    let mut service = Service::start(&github, &keeps);
    service.deliver("d1", "pull_request", &opened(7, &head));
    service.until("queued", || check(&github, &head).0 == "queued");
    service.until("done", || service.figure("tollgate_queue{state=\"taken\"}") == Some(0));
    service.kill();
    // The run ends while nobody listens.
    ran(&github, 7, 77, PASSES, "success");
    let service = Service::start(&github, &keeps);
    service.until("the verdict", || concludes(&github, &head, "success"));
}

#[test]
fn github_that_breaks_answers_late_or_limits_is_asked_again_later() {
    let faults = [
        Fault::Status(502),
        Fault::CutAfter,
        Fault::CutWithin,
        Fault::SecondaryLimit(1),
        Fault::Slow(Duration::from_millis(700)),
    ];
    for fault in faults {
        let github = github();
        let head = ran(&github, 7, 77, FAILS, "failure");
        let folder = tempfile::tempdir().unwrap();
        let service = Service::start(&github, &Keeps::Folder(folder.path().join("data")));
        service.until("the sweep is over", || {
            github.calls().iter().any(|call| call.ends_with("/hook/deliveries"))
        });
        github.fails(Some(fault.clone()));
        assert_eq!(service.deliver("d1", "workflow_run", &run_completed(&head)), 202, "{fault:?}");
        std::thread::sleep(Duration::from_secs(4));
        assert_eq!(service.get("/readyz").unwrap().0, 200, "it takes deliveries meanwhile");
        github.recovers();
        service.until("the verdict", || concludes(&github, &head, "failure"));
        assert_eq!(verdicts_posted(&github), 1, "{fault:?}");
    }
}

#[test]
fn a_job_that_never_goes_well_is_given_up_where_a_person_sees_it_and_can_try_again() {
    let github = github();
    let folder = tempfile::tempdir().unwrap();
    let keeps = Keeps::Folder(folder.path().join("data"));
    let service = Service::start(&github, &keeps);
    drop(service);
    // What the service would have kept after its last attempt.
    let connection = rusqlite::Connection::open(folder.path().join("data/tollgate.sqlite")).unwrap();
    let job = "INSERT INTO jobs (kind, repository, subject, pull, installation, cause, turn, triggers, attempts, asked, \
               due, lease, leased_until, died, problem) VALUES ('judge', 'acme/payments', ?1, 7, 5, 'x', 0, 1, 8, 1, 1, \
               '', 0, 1767322000000, 'GitHub answered 502')";
    let head = ran(&github, 7, 77, PASSES, "success");
    connection.execute(job, [&head]).unwrap();
    drop(connection);
    let service = Service::start(&github, &keeps);
    let jobs = |more: &[&str]| {
        let output = command(&github, &keeps).arg("jobs").args(more).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let listed = jobs(&[]);
    assert!(listed.contains("tried 8 times: GitHub answered 502") && listed.contains(&head), "{listed}");
    assert_eq!(service.figure("tollgate_queue{state=\"dead\"}"), Some(1));
    assert!(jobs(&["--retry", "all"]).contains("1 jobs are tried again"));
    service.until("the verdict", || concludes(&github, &head, "success"));
    assert!(jobs(&[]).contains("no job was given up"));
}

#[test]
fn a_full_disk_refuses_deliveries_and_forgets_none_that_it_took() {
    let github = github();
    let folder = tempfile::tempdir().unwrap();
    let keeps = Keeps::Folder(folder.path().join("data"));
    // Nothing larger than this can be written: SQLite meets a disk that is full.
    let mut limited = Command::new("prlimit");
    let program = command(&github, &keeps);
    limited.arg("--fsize=400000").arg(program.get_program()).args(program.get_args()).env_clear();
    limited.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let mut service = Service::of(limited);
    let head = ran(&github, 7, 77, PASSES, "success");
    assert_eq!(service.deliver("first", "workflow_run", &run_completed(&head)), 202);
    service.until("the verdict", || concludes(&github, &head, "success"));
    let mut kept = 0;
    let refused = (0..5_000).find(|n| {
        let status = service.deliver(&format!("d{n}"), "workflow_run", &run_completed(&format!("{n:040x}")));
        kept += u64::from(status == 202);
        status != 202
    });
    assert!(refused.is_some(), "the limit was never met");
    service.kill();
    let service = Service::start(&github, &keeps);
    let again = service.deliver("d0", "workflow_run", &run_completed(&format!("{:040x}", 0)));
    assert_eq!((again, kept > 0), (200, true), "what was taken is known");
    let head = {
        github.pull(8).of_fork("bob").changes(&[("src/a.py", "a = 8\n")]);
        ran(&github, 8, 88, PASSES, "success")
    };
    assert_eq!(service.deliver("after", "workflow_run", &run_completed(&head)), 202);
    service.until("the verdict", || concludes(&github, &head, "success"));
}

/// The time of the machine, as GitHub writes it.
pub(super) fn now() -> String {
    let output = Command::new("date").args(["-u", "+%Y-%m-%dT%H:%M:%SZ"]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// As if the clock had been set while the service was down: everything that it kept lies so much later than it was.
fn shift(keeps: &Keeps, milliseconds: i64) {
    let statements = [
        format!("UPDATE deliveries SET received = received + {milliseconds}"),
        format!("UPDATE jobs SET asked = asked + {milliseconds}, due = due + {milliseconds}"),
        format!("UPDATE jobs SET leased_until = leased_until + {milliseconds} WHERE leased_until > 0"),
        format!("UPDATE commits SET opened = opened + {milliseconds}, changed = changed + {milliseconds}"),
    ];
    let statements = statements.join(";\n");
    match keeps {
        Keeps::Folder(folder) => {
            let connection = rusqlite::Connection::open(folder.join("tollgate.sqlite")).unwrap();
            connection.execute_batch(&statements).unwrap();
        }
        Keeps::Database(address) => {
            let status = Command::new("psql")
                .args(["-q", "-v", "ON_ERROR_STOP=1", "-c", &statements, address])
                .status();
            assert!(status.unwrap().success());
        }
    }
}

#[test]
fn a_clock_that_goes_an_hour_back_and_a_day_ahead_delays_nothing_and_posts_nothing_twice() {
    const HOUR: i64 = 3_600_000;
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let mut stores = vec![Keeps::Folder(folder.path().join("data"))];
    stores.extend(server.as_ref().map(|server| Keeps::Database(server.database("jumps"))));
    for keeps in stores {
        let github = github();
        let heads = many(&github);
        let (before, after) = heads.split_at(heads.len() / 2);
        let mut service = Service::start(&github, &keeps);
        assert!(deliver_all(&service, before).is_empty());
        service.kill();
        shift(&keeps, HOUR);
        service = Service::start(&github, &keeps);
        service.until("judged, although the clock is an hour behind", || is_as_undisturbed(&github, before));
        assert!(deliver_all(&service, after).is_empty());
        service.kill();
        shift(&keeps, -24 * HOUR);
        service = Service::start(&github, &keeps);
        service.until("as undisturbed", || is_as_undisturbed(&github, &heads));
        service.until("nothing is left", || service.figure("tollgate_queue{state=\"due\"}") == Some(0));
        assert_eq!(verdicts_posted(&github), heads.len());
    }
}
