//! What every store does, whichever database is below it.

use super::*;
use crate::io::github::Network;
use crate::records::chain::{Break, Broken, Content, Digest, Stored, Verified, verify};
use std::sync::OnceLock;
use std::time::Duration;

const REPOSITORY: &str = "acme/payments";
const SHA: &str = "1111111111111111111111111111111111111111";

/// Each test for each database.
macro_rules! for_every_store {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(
                #[test]
                fn $name() {
                    let folder = tempfile::tempdir().unwrap();
                    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                    runtime.block_on(async {
                        let store = super::Sqlite::open(folder.path()).unwrap();
                        super::$name(&store).await;
                    });
                }
            )*
        }

        mod postgres {
            $(
                #[test]
                fn $name() {
                    let Some(server) = super::server() else { return };
                    let address = server.database(stringify!($name));
                    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
                    runtime.unwrap().block_on(async {
                        let store = super::connect(&address).await.unwrap();
                        super::$name(&store).await;
                    });
                }
            )*
        }
    };
}

#[path = "../../../tests/postgres/mod.rs"]
mod server;

/// One server for all tests of the process; it ends with it.
pub(in crate::server) fn server() -> Option<&'static server::Server> {
    static SERVER: OnceLock<Option<server::Server>> = OnceLock::new();
    SERVER.get_or_init(server::Server::start).as_ref()
}

pub(in crate::server) async fn connect(address: &str) -> Result<Postgres, StoreError> {
    Postgres::connect(address, None, &Network::direct().tls().unwrap()).await
}

for_every_store![
    a_delivery_is_kept_once_and_asks_once,
    triggers_for_one_commit_are_one_job,
    a_job_that_is_triggered_while_it_is_done_is_due_again,
    a_job_whose_lease_ran_out_goes_to_another_and_the_first_may_not_finish_it,
    a_repository_with_many_jobs_does_not_keep_another_waiting,
    of_one_repository_only_so_many_jobs_are_taken,
    a_job_that_went_wrong_is_tried_later_and_given_up_in_the_end,
    a_job_that_is_released_has_not_been_tried,
    the_same_verdict_is_recorded_once_and_another_one_names_it,
    records_are_found_by_page_repository_commit_and_time,
    what_a_lost_job_leaves_behind_is_not_kept,
    a_commit_that_is_opened_again_has_a_new_deadline,
    confirmations_policies_baselines_repositories_and_marks_are_kept,
    what_is_old_is_forgotten_and_records_are_not,
    what_a_retention_removes_is_accounted_for_and_the_rest_is_whole,
    a_chain_that_lost_its_beginning_without_a_retention_is_broken,
    the_lock_of_a_commit_is_had_by_one,
    a_service_that_was_away_too_long_has_every_repository_looked_at_once,
    a_repository_is_given_when_it_is_kept_first,
    what_was_merged_without_a_verdict_is_kept_once_and_judged,
    what_was_merged_with_a_verdict_is_not_kept_as_merged_without_one,
];

fn trigger(repository: &str, subject: &str) -> Trigger {
    Trigger {
        kind: JobKind::Judge,
        repository: repository.to_owned(),
        subject: subject.to_owned(),
        pull: 7,
        installation: 5,
        cause: "run-completed",
    }
}

fn delivery(id: &str) -> NewDelivery {
    NewDelivery { id: id.to_owned(), event: "workflow_run".to_owned(), repository: REPOSITORY.to_owned() }
}

fn all(until: i64) -> Claim {
    Claim { most: 100, per_repository: 100, until: Time(until) }
}

fn verdict(sha: &str, kind: &str, decided: i64) -> NewRecord {
    NewRecord {
        repository: REPOSITORY.to_owned(),
        sha: sha.to_owned(),
        pulls: vec![7, 12],
        kind: kind.to_owned(),
        decided: Time(decided),
        policy: Some(Digest::of(b"policy")),
        evidence: Some(Digest::of(b"evidence")),
        body: br#"{"schema":"tollgate.verdict/1"}"#.to_vec(),
    }
}

/// Asks for a job, does it and leaves something behind.
async fn done(store: &dyn Store, repository: &str, sha: &str, effects: Effects, now: i64) -> Job {
    store.trigger(vec![trigger(repository, sha)], Time(now), Time(now)).await.unwrap();
    let job = store.claim(all(now + 100), Time(now)).await.unwrap().remove(0);
    assert!(store.finish(&job.lease, Finish::Done(Time(now)), effects, Time(now)).await.unwrap());
    job
}

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

async fn the_same_verdict_is_recorded_once_and_another_one_names_it(store: &dyn Store) {
    for (kind, now) in [("passed", 1), ("passed", 2), ("needs-changes", 3)] {
        let effects = Effects { record: Some(verdict(SHA, kind, now)), ..Effects::default() };
        done(store, REPOSITORY, SHA, effects, now).await;
    }
    let records = store.records(RecordQuery { limit: 9, ..RecordQuery::default() }).await.unwrap();
    let [second, first] = records.as_slice() else { panic!("{records:?}") };
    assert_eq!((first.number, first.previous), (1, Digest::START));
    assert_eq!((second.number, second.previous), (2, first.hash));
    for record in [first, second] {
        assert_eq!(record.hash, entry(record.number, record.previous, &record.what).hash());
    }
    assert_eq!(first.what, verdict(SHA, "passed", 1));
    assert_eq!(store.record(second.id).await.unwrap().as_ref(), Some(second));
}

async fn records_are_found_by_page_repository_commit_and_time(store: &dyn Store) {
    for (n, repository) in (1..).zip(["acme/a", "acme/b", "acme/a"]) {
        let what =
            NewRecord { repository: repository.to_owned(), ..verdict(&format!("{n:040}"), "passed", n) };
        let effects = Effects { record: Some(what), ..Effects::default() };
        done(store, repository, &format!("{n:040}"), effects, n).await;
    }
    let found = async |query: RecordQuery| {
        let records = store.records(RecordQuery { limit: 9, ..query }).await.unwrap();
        records.iter().map(|record| record.what.decided.0).collect::<Vec<_>>()
    };
    assert_eq!(found(RecordQuery::default()).await, [3, 2, 1]);
    let of_a = RecordQuery { repository: Some("acme/a".to_owned()), ..RecordQuery::default() };
    assert_eq!(found(of_a).await, [3, 1]);
    let of_commit = RecordQuery { sha: Some(format!("{:040}", 2)), ..RecordQuery::default() };
    assert_eq!(found(of_commit).await, [2]);
    assert_eq!(found(RecordQuery { since: Some(Time(2)), ..RecordQuery::default() }).await, [3, 2]);
    let newest = store.records(RecordQuery { limit: 1, ..RecordQuery::default() }).await.unwrap();
    assert_eq!(found(RecordQuery { before: Some(newest[0].id), ..RecordQuery::default() }).await, [2, 1]);
    assert_eq!(store.chains("", 10).await.unwrap(), ["acme/a", "acme/b"]);
    assert_eq!(store.chains("acme/a", 10).await.unwrap(), ["acme/b"]);
    assert_eq!(store.chains("", 1).await.unwrap(), ["acme/a"]);
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

async fn confirmations_policies_baselines_repositories_and_marks_are_kept(store: &dyn Store) {
    assert_eq!(store.confirmed(REPOSITORY, SHA).await.unwrap(), None);
    store.confirm(REPOSITORY, SHA, "ada", Time(5)).await.unwrap();
    store.confirm(REPOSITORY, SHA, "ada", Time(9)).await.unwrap();
    let by = Confirmed { login: "ada".to_owned(), at: Time(5) };
    assert_eq!(store.confirmed(REPOSITORY, SHA).await.unwrap(), Some(by));
    assert_eq!(store.confirmed(REPOSITORY, &SHA.replace('1', "2")).await.unwrap(), None);

    let policy = CachedPolicy {
        place: "acme/.tollgate/payments".to_owned(),
        etag: "\"1\"".to_owned(),
        body: b"version: 1\n".to_vec(),
        fetched: Time(7),
        is_stale: false,
    };
    store.keep_policy(policy.clone()).await.unwrap();
    assert_eq!(store.policy(&policy.place).await.unwrap(), Some(policy.clone()));
    assert_eq!(store.policies_changed("acme/.tollgate/").await.unwrap(), 1);
    assert_eq!(store.policies_changed("acme/other/").await.unwrap(), 0);
    assert!(store.policy(&policy.place).await.unwrap().unwrap().is_stale);
    assert_eq!(store.policy("acme/other/payments").await.unwrap(), None);

    for (sha, stored) in [("a", 1), ("b", 2)] {
        let baseline = Baseline {
            repository: REPOSITORY.to_owned(),
            branch: "main".to_owned(),
            sha: sha.to_owned(),
            stored: Time(stored),
            body: sha.as_bytes().to_vec(),
        };
        store.keep_baseline(baseline).await.unwrap();
    }
    let named = store.baseline(REPOSITORY, "a").await.unwrap().unwrap();
    assert_eq!((named.sha.as_str(), named.body.as_slice()), ("a", &b"a"[..]));
    assert_eq!(store.baseline(REPOSITORY, "c").await.unwrap(), None);
    store.forget_baseline(REPOSITORY, "a").await.unwrap();
    assert_eq!(store.baseline(REPOSITORY, "a").await.unwrap(), None);
    for n in 0..50 {
        let (repository, branch) = (REPOSITORY.to_owned(), "main".to_owned());
        let baseline =
            Baseline { repository, branch, sha: format!("c{n}"), stored: Time(10 + n), body: Vec::new() };
        store.keep_baseline(baseline).await.unwrap();
        let is_there = store.baseline(REPOSITORY, "b").await.unwrap().is_some();
        assert_eq!(is_there, n < 49, "of a repository the newest fifty are kept");
    }

    let known = KnownRepository {
        repository: REPOSITORY.to_owned(),
        installation: 5,
        default_branch: "main".to_owned(),
        is_private: true,
        seen: Time(3),
    };
    store.keep_repository(known.clone()).await.unwrap();
    let later = KnownRepository { default_branch: String::new(), seen: Time(4), ..known.clone() };
    store.keep_repository(later).await.unwrap();
    let known = KnownRepository { seen: Time(4), ..known };
    assert_eq!(store.repository(REPOSITORY).await.unwrap().as_ref(), Some(&known));
    assert_eq!(store.repositories("", 10).await.unwrap(), [known]);
    assert_eq!(store.repositories(REPOSITORY, 10).await.unwrap(), []);
    store.forget_repository(REPOSITORY).await.unwrap();
    assert_eq!(store.repository(REPOSITORY).await.unwrap(), None);

    assert_eq!(store.mark("swept").await.unwrap(), None);
    let of = async |commit: &str, branch: &str, stored: i64| {
        let (repository, branch, sha) = ("acme/other".to_owned(), branch.to_owned(), commit.to_owned());
        let kept = Baseline { repository, branch, sha, stored: Time(stored), body: Vec::new() };
        store.keep_baseline(kept).await.unwrap();
    };
    of("a", "trunk", 10).await;
    of("b", "trunk", 30).await;
    of("c", "other", 20).await;
    let newest_first = vec![("b".to_owned(), Time(30)), ("a".to_owned(), Time(10))];
    assert_eq!(store.baselines("acme/other", "trunk").await.unwrap(), newest_first);
    store.set_mark("swept", "2026-01-01").await.unwrap();
    store.set_mark("swept", "2026-01-02").await.unwrap();
    assert!(store.replace_mark("rest", "", "a").await.unwrap(), "what is not there is empty");
    assert!(!store.replace_mark("rest", "", "b").await.unwrap(), "another has changed it");
    assert!(store.replace_mark("rest", "a", "c").await.unwrap());
    assert_eq!(store.mark("rest").await.unwrap().as_deref(), Some("c"));
    assert_eq!(store.mark("swept").await.unwrap().as_deref(), Some("2026-01-02"));
    store.ready().await.unwrap();
}

async fn what_is_old_is_forgotten_and_records_are_not(store: &dyn Store) {
    store.accept(delivery("old"), Vec::new(), Time(1), Time(1)).await.unwrap();
    store.accept(delivery("new"), Vec::new(), Time(50), Time(50)).await.unwrap();
    let effects = Effects {
        commit: Some(CommitState::Done),
        record: Some(verdict(SHA, "passed", 1)),
        evidence: Some(("e1".to_owned(), b"evidence".to_vec())),
    };
    done(store, REPOSITORY, SHA, effects, 1).await;
    let retention = Retention { deliveries: Time(50), evidence: Time(50), commits: Time(50) };
    let forgotten = store.forget(retention).await.unwrap();
    assert_eq!(forgotten, Forgotten { deliveries: 1, evidence: 1, commits: 1, baselines: 0 });
    assert_eq!(store.evidence("e1").await.unwrap(), None);
    assert_eq!(store.records(RecordQuery { limit: 9, ..RecordQuery::default() }).await.unwrap().len(), 1);
    let known = store.accept(delivery("new"), Vec::new(), Time(60), Time(60)).await.unwrap();
    assert_eq!(known, Accepted::Known);
}

const DAY: i64 = 86_400_000;

/// A verdict a day, from the first day on.
async fn a_verdict_on_each_of(store: &dyn Store, days: std::ops::RangeInclusive<i64>) {
    for day in days {
        let kind = if day % 2 == 0 { "passed" } else { "needs-changes" };
        let effects = Effects { record: Some(verdict(SHA, kind, day * DAY)), ..Effects::default() };
        done(store, REPOSITORY, SHA, effects, day * DAY).await;
    }
}

async fn chain(store: &dyn Store) -> Vec<Stored> {
    let mut chain = Vec::new();
    for place in places(store, REPOSITORY).await.unwrap() {
        chain.push(stored(store, place).await.unwrap().unwrap());
    }
    chain
}

fn verified(chain: Vec<Stored>) -> Result<Verified, Broken> {
    verify(chain.into_iter().map(Ok::<_, StoreError>), None).unwrap()
}

async fn what_a_retention_removes_is_accounted_for_and_the_rest_is_whole(store: &dyn Store) {
    a_verdict_on_each_of(store, 1..=10).await;
    let now = Time(40 * DAY);
    assert_eq!(store.with_old_records(Time(2 * DAY), "", 9).await.unwrap(), [REPOSITORY]);
    assert!(store.with_old_records(Time(DAY), "", 9).await.unwrap().is_empty());
    assert!(store.with_old_records(now, REPOSITORY, 9).await.unwrap().is_empty());
    assert_eq!(store.remove_records(REPOSITORY, 40, now).await.unwrap(), None);
    assert_eq!(store.remove_records("acme/other", 30, now).await.unwrap(), None);
    let whole = chain(store).await;
    // Day 40, thirty days are kept: day 10 stays.
    let removed = store.remove_records(REPOSITORY, 30, now).await.unwrap().unwrap();
    assert_eq!(removed, Removed { verdicts: 9, through: whole[8].entry.link() });
    let after = verified(chain(store).await).unwrap();
    assert_eq!((after.entries, after.verdicts, after.first.sequence), (2, 1, 10));
    assert_eq!(after.removed.map(|checkpoint| checkpoint.keep_days), Some(30));
    assert_eq!(store.remove_records(REPOSITORY, 30, now).await.unwrap(), None);
    // The chain goes on behind the checkpoint.
    a_verdict_on_each_of(store, 41..=41).await;
    let after = verified(chain(store).await).unwrap();
    assert_eq!((after.entries, after.verdicts, after.last.sequence), (3, 2, 12));
    // Much later everything but the last entry goes, and what is left is a chain that has a name.
    store.remove_records(REPOSITORY, 30, Time(400 * DAY)).await.unwrap().unwrap();
    store.remove_records(REPOSITORY, 30, Time(400 * DAY)).await.unwrap().unwrap();
    assert!(store.records(RecordQuery { limit: 9, ..RecordQuery::default() }).await.unwrap().is_empty());
    assert_eq!(store.chains("", 9).await.unwrap(), [REPOSITORY]);
    let after = verified(chain(store).await).unwrap();
    assert_eq!((after.verdicts, after.first.sequence), (0, 13));
    assert_eq!(store.remove_records(REPOSITORY, 30, Time(400 * DAY)).await.unwrap(), None);
}

async fn a_chain_that_lost_its_beginning_without_a_retention_is_broken(store: &dyn Store) {
    a_verdict_on_each_of(store, 1..=4).await;
    store.remove_records(REPOSITORY, 30, Time(33 * DAY)).await.unwrap().unwrap();
    let whole = chain(store).await;
    let breaks = |chain: &[Stored]| verified(chain.to_vec()).unwrap_err().what;
    // One more is missing than the checkpoint says.
    assert_eq!(breaks(&whole[1..]), Break::BeginningMissing);
    // Without the checkpoint nothing accounts for what is gone.
    assert_eq!(breaks(&whole[..whole.len() - 1]), Break::BeginningMissing);
    let mut changed = whole.clone();
    changed[0].record = Some(b"{}".to_vec());
    assert_eq!(breaks(&changed), Break::RecordChanged);
    let mut changed = whole;
    if let Some(Content::Checkpoint(checkpoint)) = changed.last_mut().map(|stored| &mut stored.entry.content)
    {
        checkpoint.keep_days = 31;
    }
    assert_eq!(breaks(&changed), Break::Changed);
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

async fn knows(store: &dyn Store, repository: &str) {
    let known = KnownRepository {
        repository: repository.to_owned(),
        installation: 5,
        default_branch: "main".to_owned(),
        is_private: false,
        seen: Time(1),
    };
    store.keep_repository(known).await.unwrap();
}

async fn a_service_that_was_away_too_long_has_every_repository_looked_at_once(store: &dyn Store) {
    let longest = Duration::from_millis(100);
    knows(store, "acme/a").await;
    knows(store, "acme/b").await;
    // What is not known of the time before the first sign of life is no outage.
    assert_eq!(store.alive(longest, Time(1_000)).await.unwrap(), None);
    assert_eq!(store.alive(longest, Time(1_100)).await.unwrap(), None);
    assert_eq!(store.queue(Time(9_999)).await.unwrap().due, 0);
    let outage = Outage { since: Time(1_100), until: Time(1_201) };
    assert_eq!(store.alive(longest, Time(1_201)).await.unwrap(), Some(outage));
    assert_eq!(store.alive(longest, Time(1_201)).await.unwrap(), None, "another replica comes back, too");
    // A replica whose clock is behind moves nothing back.
    assert_eq!(store.alive(longest, Time(1_150)).await.unwrap(), None);
    assert_eq!(store.alive(longest, Time(1_301)).await.unwrap(), None);
    let mut first = store.claim(all(9_000), Time(1_301)).await.unwrap();
    first.sort_by(|a, b| a.repository.cmp(&b.repository));
    let places: Vec<&str> = first.iter().map(|job| job.repository.as_str()).collect();
    assert_eq!(places, ["acme/a", EVERYWHERE], "one repository after the other");
    assert!(first.iter().all(|job| job.kind == JobKind::Outage && job.pull == 0));
    assert!(first.iter().all(|job| Outage::of_subject(&job.subject) == Some(outage)));
    assert_eq!((first[0].installation, first[1].installation), (5, 0));
    let second = store.claim(all(9_000), Time(2_201)).await.unwrap();
    assert_eq!(second.iter().map(|job| job.repository.as_str()).collect::<Vec<_>>(), ["acme/b"]);
    // The next outage is another one, while the work of this one is not done.
    assert_eq!(
        store.alive(longest, Time(2_000)).await.unwrap(),
        Some(Outage { since: Time(1_301), until: Time(2_000) })
    );
    assert_eq!(store.queue(Time(9_999)).await.unwrap().due, 6);
    for text in ["", "1100", "1100-", "a-b", "1100-1201-1"] {
        assert_eq!(Outage::of_subject(text), None, "{text}");
    }
}

async fn a_repository_is_given_when_it_is_kept_first(store: &dyn Store) {
    let keep = async |repository: &str, installation: u64, seen: i64| {
        let known = KnownRepository {
            repository: repository.to_owned(),
            installation,
            default_branch: "main".to_owned(),
            is_private: false,
            seen: Time(seen),
        };
        store.keep_repository(known).await.unwrap();
    };
    keep("acme/old", 5, 10).await;
    keep("acme/new", 5, 20).await;
    keep("acme/newer", 5, 30).await;
    keep("other/new", 6, 20).await;
    // What is heard of one that is known does not make it new.
    keep("acme/old", 5, 40).await;
    let given: Vec<String> =
        store.given_since(5, Time(20)).await.unwrap().into_iter().map(|known| known.repository).collect();
    assert_eq!(given, ["acme/new", "acme/newer"]);
    store.forget_repository("acme/old").await.unwrap();
    keep("acme/old", 5, 50).await;
    assert_eq!(store.given_since(5, Time(45)).await.unwrap().len(), 1, "given once more");
}

/// As a newer replica asks for something that this program does not know.
const OF_A_NEWER: &str = "UPDATE jobs SET kind = 'of-a-newer', turn = 0 WHERE repository = 'acme/newer'";

async fn is_left_to_a_newer_replica(store: &dyn Store) {
    let jobs = store.claim(all(900), Time(2)).await.unwrap();
    assert_eq!(jobs.len(), 1, "nobody waits for what this program does not know");
    assert_eq!((jobs[0].kind, jobs[0].repository.as_str()), (JobKind::Judge, REPOSITORY));
    assert!(store.finish(&jobs[0].lease, Finish::Done(Time(3)), Effects::default(), Time(3)).await.unwrap());
    assert!(store.claim(all(900), Time(4)).await.unwrap().is_empty());
    let figures = store.queue(Time(4)).await.unwrap();
    assert_eq!((figures.due, figures.dead), (1, 0), "it is still there, and untried");
}

/// The jobs of a newer replica that were given up are listed with those of this one.
async fn is_listed_when_it_was_given_up(store: &dyn Store) {
    let dead = store.dead_jobs(9).await.unwrap();
    assert_eq!((dead.len(), dead[0].kind.as_str()), (1, "of-a-newer"));
    assert_eq!(store.revive(Some(dead[0].id), Time(5)).await.unwrap(), 1);
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

fn merged(at: i64) -> Merged {
    Merged {
        repository: REPOSITORY.to_owned(),
        sha: SHA.to_owned(),
        pull: 7,
        installation: 5,
        at: Time(at),
        judged_until: Time(at + 10),
    }
}

async fn what_was_merged_without_a_verdict_is_kept_once_and_judged(store: &dyn Store) {
    assert!(store.keep_merged(merged(50), Time(100)).await.unwrap());
    let commit = store.commit(REPOSITORY, SHA).await.unwrap().unwrap();
    assert_eq!((commit.merged_by, commit.is_open, commit.opened), (Some(7), true, Time(100)));
    let listed = |verdict| MergedCommit {
        repository: REPOSITORY.to_owned(),
        sha: SHA.to_owned(),
        pull: 7,
        at: Time(50),
        verdict,
    };
    assert_eq!(store.merged("", Time(50), 9).await.unwrap(), [listed(None)]);
    assert_eq!(store.merged("", Time(51), 9).await.unwrap(), []);
    assert_eq!(store.merged("acme/other", Time(0), 9).await.unwrap(), []);
    // Whoever looked was killed and looks again: nothing is done twice.
    assert!(!store.keep_merged(merged(50), Time(101)).await.unwrap());
    let job = store.claim(all(900), Time(101)).await.unwrap().remove(0);
    assert_eq!((job.kind, job.subject.as_str(), job.pull, job.lease.triggers), (JobKind::Judge, SHA, 7, 1));
    let effects = Effects {
        commit: Some(CommitState::Done),
        record: Some(verdict(SHA, "needs-changes", 102)),
        ..Effects::default()
    };
    assert!(store.finish(&job.lease, Finish::Done(Time(103)), effects, Time(103)).await.unwrap());
    assert!(!store.keep_merged(merged(50), Time(104)).await.unwrap(), "judged afterwards");
    let [judged] = store.merged(REPOSITORY, Time(0), 9).await.unwrap().try_into().unwrap();
    let id = store.records(RecordQuery { limit: 1, ..RecordQuery::default() }).await.unwrap()[0].id;
    assert_eq!(judged, listed(Some((id, "needs-changes".to_owned()))));
    // It stays listed when other commits are forgotten.
    done(
        store,
        REPOSITORY,
        &"2".repeat(40),
        Effects { commit: Some(CommitState::Done), ..Effects::default() },
        105,
    )
    .await;
    let retention = Retention { deliveries: Time(999), evidence: Time(999), commits: Time(999) };
    assert_eq!(store.forget(retention).await.unwrap().commits, 1);
    assert_eq!(store.merged("", Time(0), 9).await.unwrap().len(), 1);
}

async fn what_was_merged_with_a_verdict_is_not_kept_as_merged_without_one(store: &dyn Store) {
    let effects = || Effects {
        commit: Some(CommitState::Done),
        record: Some(verdict(SHA, "needs-changes", 60)),
        ..Effects::default()
    };
    done(store, REPOSITORY, SHA, effects(), 60).await;
    assert!(!store.keep_merged(merged(50), Time(100)).await.unwrap(), "within what clocks may differ");
    assert!(!store.keep_merged(merged(70), Time(100)).await.unwrap());
    assert_eq!(store.merged("", Time(0), 9).await.unwrap(), []);
    assert_eq!(store.queue(Time(999)).await.unwrap().due, 0);
    // A verdict that came after the merge was none when it was merged.
    assert!(store.keep_merged(merged(49), Time(100)).await.unwrap());
    assert_eq!(store.merged("", Time(0), 9).await.unwrap().len(), 1);
}

/// What holds for SQLite alone.
mod file {
    use super::super::migrations::newest;
    use super::*;

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
    }

    #[test]
    fn what_was_kept_is_there_when_it_is_opened_again_and_what_was_taken_is_due() {
        let folder = tempfile::tempdir().unwrap();
        block_on(async {
            let store = Sqlite::open(folder.path()).unwrap();
            store.accept(delivery("d1"), vec![trigger(REPOSITORY, SHA)], Time(1), Time(1)).await.unwrap();
            assert_eq!(store.claim(all(i64::MAX), Time(1)).await.unwrap().len(), 1);
        });
        block_on(async {
            let store = Sqlite::open(folder.path()).unwrap();
            assert_eq!(store.claim(all(9), Time(2)).await.unwrap().len(), 1);
            let known = store.accept(delivery("d1"), Vec::new(), Time(3), Time(3)).await.unwrap();
            assert_eq!(known, Accepted::Known);
        });
    }

    #[test]
    fn time_goes_on_from_what_the_store_holds_where_the_clock_of_the_machine_went_back() {
        let folder = tempfile::tempdir().unwrap();
        let hour = Duration::from_secs(3_600);
        let ahead = block_on(async {
            let store = Sqlite::open(folder.path()).unwrap();
            let ahead = store.clock().now().after(hour);
            let due = ahead.after(Duration::from_millis(1));
            store.accept(delivery("d1"), vec![trigger(REPOSITORY, SHA)], due, ahead).await.unwrap();
            ahead
        });
        block_on(async {
            let store = Sqlite::open(folder.path()).unwrap();
            let now = store.clock().now();
            assert!(now >= ahead && now < ahead.after(hour), "{now:?} is behind {ahead:?}");
        });
    }

    #[test]
    fn a_job_of_a_newer_replica_is_left_to_it() {
        let folder = tempfile::tempdir().unwrap();
        block_on(async {
            let store = Sqlite::open(folder.path()).unwrap();
            let asked = vec![trigger("acme/newer", SHA), trigger(REPOSITORY, SHA)];
            store.trigger(asked, Time(1), Time(1)).await.unwrap();
            let newer = rusqlite::Connection::open(folder.path().join("tollgate.sqlite")).unwrap();
            newer.execute_batch(OF_A_NEWER).unwrap();
            is_left_to_a_newer_replica(&store).await;
            newer.execute_batch("UPDATE jobs SET died = 4").unwrap();
            is_listed_when_it_was_given_up(&store).await;
        });
    }

    #[test]
    fn a_folder_is_served_by_one_process() {
        let folder = tempfile::tempdir().unwrap();
        let _first = Sqlite::open(folder.path()).unwrap();
        assert_eq!(Sqlite::open(folder.path()).unwrap_err(), StoreError::InUse);
    }

    #[test]
    fn a_folder_is_free_when_the_last_thread_has_closed_its_file() {
        let folder = tempfile::tempdir().unwrap();
        for n in 1..=40 {
            block_on(async {
                let store = Sqlite::open(folder.path()).unwrap();
                let accepted = store.accept(delivery(&format!("d{n}")), Vec::new(), Time(n), Time(n)).await;
                assert_eq!(accepted, Ok(Accepted::New), "{n}");
                assert_eq!(store.queue(Time(n)).await.unwrap().due, 0, "{n}");
            });
        }
    }

    #[test]
    fn a_store_of_a_newer_tollgate_is_not_opened() {
        let folder = tempfile::tempdir().unwrap();
        drop(Sqlite::open(folder.path()).unwrap());
        let file = folder.path().join("tollgate.sqlite");
        let connection = rusqlite::Connection::open(file).unwrap();
        connection.pragma_update(None, "user_version", newest() + 1).unwrap();
        drop(connection);
        let error = Sqlite::open(folder.path()).unwrap_err();
        assert_eq!(error, StoreError::Newer { found: newest() + 1, known: newest() });
        assert_eq!(error.diagnostic("data").code.id(), "store-newer");
    }

    #[test]
    fn beside_a_service_its_jobs_can_be_seen_and_asked_for_again() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Sqlite::beside(folder.path()).is_err(), "there is nothing yet");
        block_on(async {
            let serving = Sqlite::open(folder.path()).unwrap();
            serving.trigger(vec![trigger(REPOSITORY, SHA)], Time(1), Time(1)).await.unwrap();
            let job = serving.claim(all(50), Time(1)).await.unwrap().remove(0);
            let dead = Finish::Dead { problem: "gone".to_owned() };
            assert!(serving.finish(&job.lease, dead, Effects::default(), Time(2)).await.unwrap());
            let beside = Sqlite::beside(folder.path()).unwrap();
            assert_eq!(beside.dead_jobs(9).await.unwrap().len(), 1);
            assert_eq!(beside.revive(None, Time(3)).await.unwrap(), 1);
            assert_eq!(serving.claim(all(50), Time(3)).await.unwrap().len(), 1);
        });
    }

    #[test]
    fn a_file_that_is_no_database_is_damaged_and_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tollgate.sqlite");
        std::fs::write(&file, "no database, and long enough to be looked at as one ".repeat(20)).unwrap();
        let error = Sqlite::open(folder.path()).unwrap_err();
        assert!(matches!(error, StoreError::Damaged(_)), "{error}");
        assert!(std::fs::read_to_string(&file).unwrap().starts_with("no database"));
    }

    #[test]
    fn deliveries_that_come_together_share_a_commit_and_each_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        runtime.unwrap().block_on(async {
            let store = std::sync::Arc::new(Sqlite::open(folder.path()).unwrap());
            let mut tasks = Vec::new();
            for n in 0..500 {
                let store = std::sync::Arc::clone(&store);
                tasks.push(tokio::spawn(async move {
                    let jobs = vec![trigger(REPOSITORY, &format!("{n:040}"))];
                    store.accept(delivery(&format!("d{n}")), jobs, Time(1), Time(1)).await.unwrap()
                }));
            }
            for task in tasks {
                assert_eq!(task.await.unwrap(), Accepted::New);
            }
            assert_eq!(store.queue(Time(2)).await.unwrap().due, 500);
        });
    }
}

/// What holds for PostgreSQL alone.
mod database {
    use super::super::migrations::newest;
    use super::*;

    fn run(name: &str, test: impl AsyncFnOnce(String)) {
        let Some(server) = server() else { return };
        let address = server.database(name);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        runtime.unwrap().block_on(test(address));
    }

    #[test]
    fn replicas_share_the_queue_and_no_job_is_taken_twice() {
        run("two_replicas", async |address| {
            let stores = [connect(&address).await.unwrap(), connect(&address).await.unwrap()];
            let many: Vec<Trigger> =
                (0..60).map(|n| trigger(&format!("acme/r{}", n % 7), &format!("{n:040}"))).collect();
            stores[0].trigger(many, Time(1), Time(1)).await.unwrap();
            let claim = Claim { most: 40, per_repository: 100, until: Time(99) };
            let (left, right) =
                tokio::join!(stores[0].claim(claim, Time(2)), stores[1].claim(claim, Time(2)));
            let (left, right) = (left.unwrap(), right.unwrap());
            let mut ids: Vec<i64> = left.iter().chain(&right).map(|job| job.id).collect();
            ids.sort_unstable();
            ids.dedup();
            assert_eq!((ids.len(), left.len() + right.len()), (60, 60));
        });
    }

    #[test]
    fn the_lock_of_a_commit_holds_between_replicas() {
        run("lock_between", async |address| {
            let stores = [connect(&address).await.unwrap(), connect(&address).await.unwrap()];
            stores[0].trigger(vec![trigger(REPOSITORY, SHA)], Time(1), Time(1)).await.unwrap();
            let first = stores[0].claim(all(10), Time(1)).await.unwrap().remove(0);
            let lock = stores[0].lock(&first).await.unwrap().unwrap();
            // Its lease ran out, and another replica took the job: it waits until the first does not write any more.
            let second = stores[1].claim(all(50), Time(11)).await.unwrap().remove(0);
            let waiting = tokio::time::timeout(Duration::from_millis(300), stores[1].lock(&second)).await;
            assert!(waiting.is_err());
            lock.release().await;
            assert!(stores[1].lock(&second).await.unwrap().is_some());
            assert!(stores[0].lock(&first).await.unwrap().is_none());
        });
    }

    #[test]
    fn a_replica_that_stands_still_in_the_middle_of_a_transaction_holds_nobody_up_for_long() {
        run("standing_still", async |address| {
            let stores = [connect(&address).await.unwrap(), connect(&address).await.unwrap()];
            // As if it was stopped while it recorded a verdict.
            let stopped = stores[0].client().await.unwrap();
            let chain = format!("BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('{REPOSITORY}', 2))");
            stopped.batch_execute(&chain).await.unwrap();
            let effects = Effects { record: Some(verdict(SHA, "passed", 1)), ..Effects::default() };
            let other = done(&stores[1], REPOSITORY, SHA, effects, 1);
            tokio::time::timeout(Duration::from_secs(30), other).await.unwrap();
            assert!(stopped.batch_execute("COMMIT").await.is_err(), "the server has ended it");
        });
    }

    #[test]
    fn replicas_that_start_together_make_the_tables_once_and_a_newer_store_is_refused() {
        run("migrating", async |address| {
            let (left, right) = tokio::join!(connect(&address), connect(&address));
            left.unwrap();
            let store = right.unwrap();
            store.change("UPDATE tollgate_version SET version = version + 1", &[]).await.unwrap();
            let error = connect(&address).await.unwrap_err();
            assert_eq!(error, StoreError::Newer { found: newest() + 1, known: newest() });
        });
    }

    #[test]
    fn a_database_that_was_restarted_is_used_again() {
        let Some(mut server) = server::Server::start() else { return };
        let address = server.database("restarted");
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let store = runtime.block_on(connect(&address)).unwrap();
        runtime.block_on(store.trigger(vec![trigger(REPOSITORY, SHA)], Time(1), Time(1))).unwrap();
        server.restart();
        // What was connected is gone; the next ask connects anew.
        let taken = (0..20).find_map(|_| runtime.block_on(store.claim(all(9), Time(2))).ok());
        assert_eq!(taken.unwrap().len(), 1);
    }

    #[test]
    fn an_address_that_leads_nowhere_is_an_error_without_the_password() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let address = "postgres://tollgate:hunter2hunter2@127.0.0.1:1/none?sslmode=disable";
        let error = runtime.block_on(connect(address)).unwrap_err();
        assert!(
            matches!(error, StoreError::Unavailable(_)) && !error.to_string().contains("hunter2"),
            "{error}"
        );
    }
}
