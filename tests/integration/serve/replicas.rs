//! Several replicas on one PostgreSQL.

use super::*;

const PULLS: std::ops::Range<u64> = 40..60;

fn many(github: &GitHub) -> Vec<String> {
    let one = |pull: u64| {
        github
            .pull(pull)
            .of_fork("bob")
            .branch(&format!("b{pull}"))
            .changes(&[("src/a.py", &format!("a = {pull}\n"))]);
        ran(github, pull, 2_000 + pull, PASSES, "success")
    };
    PULLS.map(one).collect()
}

fn all_done(github: &GitHub, heads: &[String]) -> bool {
    heads.iter().all(|sha| concludes(github, sha, "success"))
}

#[test]
fn two_replicas_share_the_work_and_each_verdict_is_posted_once() {
    let Some(server) = Server::start() else { return };
    let github = github();
    let heads = many(&github);
    let keeps = Keeps::Database(server.database("shared"));
    // All are of one repository, of which otherwise two are judged at once by whoever comes first.
    let settings = [("TOLLGATE_PER_REPOSITORY", "8"), ("TOLLGATE_WORKERS", "2")];
    let start = || Service::start_with(&github, &keeps, &settings);
    let replicas = [start(), start()];
    for (n, sha) in heads.iter().enumerate() {
        assert_eq!(replicas[n % 2].deliver(&format!("d{n}"), "workflow_run", &run_completed(sha)), 202);
        // The same delivery at the other door.
        assert_eq!(replicas[(n + 1) % 2].deliver(&format!("d{n}"), "workflow_run", &run_completed(sha)), 200);
    }
    replicas[0].until("all are done", || all_done(&github, &heads));
    assert_eq!(verdicts_posted(&github), heads.len());
    let done = |replica: &Service| {
        replica.figure("tollgate_jobs_total{kind=\"judge\",outcome=\"Done\"}").unwrap_or(0)
    };
    assert!(done(&replicas[0]) > 0 && done(&replicas[1]) > 0, "both work");
}

#[test]
fn a_replica_that_is_killed_leaves_its_jobs_to_the_other() {
    let Some(server) = Server::start() else { return };
    let github = github();
    let heads = many(&github);
    let keeps = Keeps::Database(server.database("killed"));
    let mut first = Service::start(&github, &keeps);
    let second = Service::start(&github, &keeps);
    for (n, sha) in heads.iter().enumerate() {
        assert_eq!(first.deliver(&format!("d{n}"), "workflow_run", &run_completed(sha)), 202);
    }
    std::thread::sleep(Duration::from_millis(2_600));
    first.kill();
    second.until_within(Duration::from_secs(150), "all are done", || all_done(&github, &heads));
    assert_eq!(verdicts_posted(&github), heads.len());
}

#[test]
fn a_replica_that_is_stopped_and_goes_on_posts_nothing_that_the_other_has_posted() {
    let Some(server) = Server::start() else { return };
    let github = github();
    let heads = many(&github);
    let keeps = Keeps::Database(server.database("stopped"));
    let first = Service::start(&github, &keeps);
    for (n, sha) in heads.iter().enumerate() {
        assert_eq!(first.deliver(&format!("d{n}"), "workflow_run", &run_completed(sha)), 202);
    }
    std::thread::sleep(Duration::from_millis(2_600));
    first.signal("-STOP");
    let second = Service::start(&github, &keeps);
    second.until_within(Duration::from_secs(180), "all are done", || all_done(&github, &heads));
    first.signal("-CONT");
    first.until("it goes on", || first.get("/readyz").is_some_and(|(status, _)| status == 200));
    std::thread::sleep(Duration::from_secs(5));
    assert!(all_done(&github, &heads));
    assert_eq!(verdicts_posted(&github), heads.len());
}

#[test]
fn a_database_that_is_restarted_loses_nothing() {
    let Some(mut server) = Server::start() else { return };
    let github = github();
    let heads = many(&github);
    let keeps = Keeps::Database(server.database("restarted"));
    let service = Service::start(&github, &keeps);
    let mut refused = Vec::new();
    for (n, sha) in heads.iter().enumerate() {
        if n == heads.len() / 2 {
            server.restart();
        }
        if service.deliver(&format!("d{n}"), "workflow_run", &run_completed(sha)) >= 300 {
            refused.push((n, sha));
        }
    }
    for (n, sha) in refused {
        service.until("it is taken the second time", || {
            service.deliver(&format!("d{n}"), "workflow_run", &run_completed(sha)) < 300
        });
    }
    service.until_within(Duration::from_secs(150), "all are done", || all_done(&github, &heads));
    assert_eq!(verdicts_posted(&github), heads.len());
}

/// The time below which 95 of 100 lie.
fn p95(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[(times.len() * 95).div_ceil(100) - 1]
}

/// How long it takes for each of them to become true, counted from now.
fn times(service: &Service, heads: &[String], is_true: impl Fn(&str) -> bool) -> Vec<Duration> {
    let begun = Instant::now();
    let mut times = vec![None; heads.len()];
    service.until("all of them", || {
        for (time, _) in times.iter_mut().zip(heads).filter(|(time, sha)| time.is_none() && is_true(sha)) {
            *time = Some(begun.elapsed());
        }
        times.iter().all(Option::is_some)
    });
    times.into_iter().flatten().collect()
}

#[test]
fn at_p95_a_check_is_queued_within_ten_seconds_and_has_its_verdict_thirty_seconds_after_the_reports() {
    let Some(server) = Server::start() else { return };
    let github = github();
    let pulls = PULLS.start..PULLS.start + 12;
    let heads: Vec<String> = pulls
        .clone()
        .map(|pull| {
            let changed = format!("a = {pull}\n");
            github
                .pull(pull)
                .of_fork("bob")
                .branch(&format!("b{pull}"))
                .changes(&[("src/a.py", &changed)])
                .head_sha()
        })
        .collect();
    let keeps = Keeps::Database(server.database("p95"));
    let replicas = [Service::start(&github, &keeps), Service::start(&github, &keeps)];
    let deliver = |name: &str, event: &dyn Fn(u64, &str) -> Value| {
        for (n, (pull, sha)) in pulls.clone().zip(&heads).enumerate() {
            assert_eq!(replicas[n % 2].deliver(&format!("{name}{pull}"), name, &event(pull, sha)), 202);
        }
    };
    deliver("pull_request", &opened);
    let queued = p95(times(&replicas[0], &heads, |sha| check(&github, sha).0 == "queued"));
    for pull in pulls.clone() {
        ran(&github, pull, 2_000 + pull, PASSES, "success");
    }
    deliver("workflow_run", &|_, sha| run_completed(sha));
    let judged = p95(times(&replicas[0], &heads, |sha| concludes(&github, sha, "success")));
    println!("p95 of {}: queued after {queued:.1?}, judged {judged:.1?} after the last report", heads.len());
    assert!(queued <= Duration::from_secs(10), "{queued:?}");
    assert!(judged <= Duration::from_secs(30), "{judged:?}");
}
