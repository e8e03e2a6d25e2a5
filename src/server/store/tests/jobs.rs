//! Deliveries, jobs and commits.

use super::*;

for_every_store![
    a_delivery_is_kept_once_and_asks_once,
    triggers_for_one_commit_are_one_job,
    a_job_that_is_triggered_while_it_is_done_is_due_again,
    a_job_whose_lease_ran_out_goes_to_another_and_the_first_may_not_finish_it,
    a_repository_with_many_jobs_does_not_keep_another_waiting,
    of_one_repository_only_so_many_jobs_are_taken,
    a_job_that_went_wrong_is_tried_later_and_given_up_in_the_end,
    a_job_that_is_released_has_not_been_tried,
    what_a_lost_job_leaves_behind_is_not_kept,
    a_commit_that_is_opened_again_has_a_new_deadline,
    the_lock_of_a_commit_is_had_by_one,
];

async fn a_delivery_is_kept_once_and_asks_once(store: &dyn Store) {
    let jobs = vec![trigger(REPOSITORY, SHA)];
    let accepted = store.accept(delivery("d1"), jobs.clone(), Time(10), Time(10)).await.unwrap();
    assert_eq!(accepted, Accepted::New);
    let job = store.claim(all(20), Time(10)).await.unwrap().remove(0);
    assert_eq!((job.repository.as_str(), job.subject.as_str()), (REPOSITORY, SHA));
    assert_eq!((job.kind, job.pull, job.installation, job.attempts), (JobKind::Judge, 7, 5, 1));
    assert!(store.finish(&job.lease, Finish::Done(Time(11)), Effects::default(), Time(11)).await.unwrap());
    let again = store.accept(delivery("d1"), jobs, Time(12), Time(12)).await.unwrap();
    assert_eq!(again, Accepted::Known);
    assert_eq!(store.queue(Time(50)).await.unwrap(), QueueFigures::default());
}

async fn triggers_for_one_commit_are_one_job(store: &dyn Store) {
    for now in [10, 11, 12] {
        store.trigger(vec![trigger(REPOSITORY, SHA)], Time(now + 5), Time(now)).await.unwrap();
    }
    assert_eq!(store.claim(all(99), Time(14)).await.unwrap(), []);
    let jobs = store.claim(all(99), Time(15)).await.unwrap();
    assert_eq!(jobs.len(), 1, "the first trigger says when: {jobs:?}");
    assert_eq!(jobs[0].asked, Time(10));
    assert_eq!(store.claim(all(99), Time(16)).await.unwrap(), [], "it is taken");
}

async fn a_job_that_is_triggered_while_it_is_done_is_due_again(store: &dyn Store) {
    store.trigger(vec![trigger(REPOSITORY, SHA)], Time(1), Time(1)).await.unwrap();
    let job = store.claim(all(50), Time(1)).await.unwrap().remove(0);
    store.trigger(vec![trigger(REPOSITORY, SHA)], Time(2), Time(2)).await.unwrap();
    assert_eq!(store.claim(all(50), Time(3)).await.unwrap(), [], "one writer for a commit");
    assert!(store.finish(&job.lease, Finish::Done(Time(9)), Effects::default(), Time(4)).await.unwrap());
    assert_eq!(store.claim(all(50), Time(8)).await.unwrap(), []);
    let again = store.claim(all(50), Time(9)).await.unwrap();
    assert_eq!((again.len(), again[0].attempts), (1, 1));
}

async fn a_job_whose_lease_ran_out_goes_to_another_and_the_first_may_not_finish_it(store: &dyn Store) {
    store.trigger(vec![trigger(REPOSITORY, SHA)], Time(1), Time(1)).await.unwrap();
    let first = store.claim(all(10), Time(1)).await.unwrap().remove(0);
    assert!(store.keep(&first.lease, Time(20)).await.unwrap());
    assert_eq!(store.claim(all(30), Time(19)).await.unwrap(), [], "its time was made longer");
    let second = store.claim(all(30), Time(20)).await.unwrap().remove(0);
    assert_eq!(second.attempts, 2);
    assert!(!store.keep(&first.lease, Time(99)).await.unwrap());
    assert!(store.lock(&first).await.unwrap().is_none(), "and it may not write");
    let done = || Finish::Done(Time(21));
    assert!(!store.finish(&first.lease, done(), Effects::default(), Time(21)).await.unwrap());
    assert!(store.finish(&second.lease, done(), Effects::default(), Time(21)).await.unwrap());
}

async fn a_repository_with_many_jobs_does_not_keep_another_waiting(store: &dyn Store) {
    let many: Vec<Trigger> = (0..50).map(|n| trigger("acme/busy", &format!("{n:040}"))).collect();
    store.trigger(many, Time(1), Time(1)).await.unwrap();
    store.trigger(vec![trigger("acme/quiet", SHA)], Time(2), Time(2)).await.unwrap();
    let claim = Claim { most: 3, per_repository: 100, until: Time(9) };
    let taken = store.claim(claim, Time(3)).await.unwrap();
    assert!(taken.iter().any(|job| job.repository == "acme/quiet"), "{taken:?}");
}

async fn of_one_repository_only_so_many_jobs_are_taken(store: &dyn Store) {
    let many: Vec<Trigger> = (0..5).map(|n| trigger("acme/busy", &format!("{n:040}"))).collect();
    store.trigger(many, Time(1), Time(1)).await.unwrap();
    let claim = Claim { most: 10, per_repository: 2, until: Time(9) };
    assert_eq!(store.claim(claim, Time(1)).await.unwrap().len(), 2);
    assert_eq!(store.claim(claim, Time(2)).await.unwrap(), []);
    let figures = store.queue(Time(2)).await.unwrap();
    assert_eq!((figures.due, figures.taken, figures.oldest), (3, 2, Some(Time(1))));
}

async fn a_job_that_went_wrong_is_tried_later_and_given_up_in_the_end(store: &dyn Store) {
    store.trigger(vec![trigger(REPOSITORY, SHA)], Time(1), Time(1)).await.unwrap();
    let job = store.claim(all(50), Time(1)).await.unwrap().remove(0);
    let retry = Finish::Retry { at: Time(30), problem: "GitHub answered 502".to_owned() };
    assert!(store.finish(&job.lease, retry, Effects::default(), Time(2)).await.unwrap());
    assert_eq!(store.claim(all(60), Time(29)).await.unwrap(), []);
    let job = store.claim(all(60), Time(30)).await.unwrap().remove(0);
    assert_eq!(job.attempts, 2);
    let dead = Finish::Dead { problem: "GitHub answered 502".to_owned() };
    assert!(store.finish(&job.lease, dead, Effects::default(), Time(31)).await.unwrap());
    assert_eq!(store.claim(all(99), Time(90)).await.unwrap(), []);
    let dead = store.dead_jobs(10).await.unwrap();
    assert_eq!((dead.len(), dead[0].attempts, dead[0].died), (1, 2, Time(31)));
    assert_eq!(dead[0].problem, "GitHub answered 502");
    assert_eq!(store.revive(Some(dead[0].id + 1), Time(91)).await.unwrap(), 0);
    assert_eq!(store.revive(Some(dead[0].id), Time(91)).await.unwrap(), 1);
    let job = store.claim(all(99), Time(91)).await.unwrap().remove(0);
    assert_eq!(job.attempts, 1);
    let wait = Finish::Wait { at: Time(92), problem: "the rate limit".to_owned() };
    assert!(store.finish(&job.lease, wait, Effects::default(), Time(91)).await.unwrap());
    let job = store.claim(all(99), Time(92)).await.unwrap().remove(0);
    assert_eq!(job.attempts, 1, "waiting is no attempt");
    // Whatever happens to the commit next asks for it again, too.
    let dead = Finish::Dead { problem: "once more".to_owned() };
    assert!(store.finish(&job.lease, dead, Effects::default(), Time(92)).await.unwrap());
    store.trigger(vec![trigger(REPOSITORY, SHA)], Time(93), Time(93)).await.unwrap();
    assert_eq!(store.dead_jobs(10).await.unwrap(), []);
    assert_eq!(store.claim(all(99), Time(93)).await.unwrap().len(), 1);
}

async fn a_job_that_is_released_has_not_been_tried(store: &dyn Store) {
    store.trigger(vec![trigger(REPOSITORY, SHA)], Time(1), Time(1)).await.unwrap();
    let job = store.claim(all(50), Time(1)).await.unwrap().remove(0);
    assert!(store.finish(&job.lease, Finish::Released, Effects::default(), Time(2)).await.unwrap());
    let job = store.claim(all(50), Time(2)).await.unwrap().remove(0);
    assert_eq!(job.attempts, 1);
}

async fn what_a_lost_job_leaves_behind_is_not_kept(store: &dyn Store) {
    store.trigger(vec![trigger(REPOSITORY, SHA)], Time(1), Time(1)).await.unwrap();
    let lost = store.claim(all(10), Time(1)).await.unwrap().remove(0);
    let ours = store.claim(all(30), Time(11)).await.unwrap().remove(0);
    let effects = Effects {
        commit: Some(CommitState::Done),
        record: Some(verdict(SHA, "passed", 1)),
        evidence: Some(("e1".to_owned(), b"evidence".to_vec())),
    };
    let finished = store.finish(&lost.lease, Finish::Done(Time(12)), effects.clone(), Time(12)).await;
    assert!(!finished.unwrap());
    assert_eq!(store.records(RecordQuery { limit: 9, ..RecordQuery::default() }).await.unwrap(), []);
    assert_eq!(store.evidence("e1").await.unwrap(), None);
    assert!(store.finish(&ours.lease, Finish::Done(Time(12)), effects, Time(12)).await.unwrap());
    assert_eq!(store.records(RecordQuery { limit: 9, ..RecordQuery::default() }).await.unwrap().len(), 1);
    assert_eq!(store.evidence("e1").await.unwrap().as_deref(), Some(&b"evidence"[..]));
}

async fn a_commit_that_is_opened_again_has_a_new_deadline(store: &dyn Store) {
    let effects = |state| Effects { commit: Some(state), ..Effects::default() };
    done(store, REPOSITORY, SHA, effects(CommitState::Open), 10).await;
    done(store, REPOSITORY, SHA, effects(CommitState::Open), 20).await;
    let commit = store.commit(REPOSITORY, SHA).await.unwrap().unwrap();
    assert_eq!((commit.opened, commit.changed, commit.is_open), (Time(10), Time(20), true));
    assert_eq!(store.open_commits(Time(19), 10).await.unwrap(), []);
    assert_eq!(store.open_commits(Time(20), 10).await.unwrap(), [commit]);
    done(store, REPOSITORY, SHA, effects(CommitState::Done), 30).await;
    assert_eq!(store.open_commits(Time(99), 10).await.unwrap(), []);
    assert_eq!(store.commits_of(REPOSITORY, Time(30), 10).await.unwrap().len(), 1);
    assert_eq!(store.commits_of(REPOSITORY, Time(31), 10).await.unwrap(), []);
    assert_eq!(store.commits_of("acme/other", Time(0), 10).await.unwrap(), []);
    done(store, REPOSITORY, SHA, effects(CommitState::Open), 40).await;
    assert_eq!(store.commit(REPOSITORY, SHA).await.unwrap().unwrap().opened, Time(40));
}

async fn the_lock_of_a_commit_is_had_by_one(store: &dyn Store) {
    store.trigger(vec![trigger(REPOSITORY, SHA)], Time(1), Time(1)).await.unwrap();
    let job = store.claim(all(50), Time(1)).await.unwrap().remove(0);
    let lock = store.lock(&job).await.unwrap().unwrap();
    let second = tokio::time::timeout(Duration::from_millis(200), store.lock(&job)).await;
    assert!(second.is_err(), "it is had by one");
    lock.release().await;
    assert!(store.lock(&job).await.unwrap().is_some());
}

#[test]
fn every_kind_of_job_is_taken() {
    for kind in JobKind::ALL {
        assert!(sql::NEXT_DUE.contains(&format!("'{}'", kind.word())), "{kind:?}");
    }
}

#[test]
fn a_job_of_a_newer_replica_is_left_to_it_in_postgres() {
    let Some(server) = server() else { return };
    let address = server.database("of_a_newer");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    runtime.unwrap().block_on(async {
        let store = connect(&address).await.unwrap();
        let asked = vec![trigger("acme/newer", SHA), trigger(REPOSITORY, SHA)];
        store.trigger(asked, Time(1), Time(1)).await.unwrap();
        store.change(OF_A_NEWER, &[]).await.unwrap();
        is_left_to_a_newer_replica(&store).await;
        store.change("UPDATE jobs SET died = 4", &[]).await.unwrap();
        is_listed_when_it_was_given_up(&store).await;
    });
}
