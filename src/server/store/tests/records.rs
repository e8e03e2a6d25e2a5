//! Records, their chain, and what is kept beside them.

use super::*;

for_every_store![
    the_same_verdict_is_recorded_once_and_another_one_names_it,
    records_are_found_by_page_repository_commit_and_time,
    confirmations_policies_baselines_repositories_and_marks_are_kept,
    what_is_old_is_forgotten_and_records_are_not,
    what_a_retention_removes_is_accounted_for_and_the_rest_is_whole,
    a_chain_that_lost_its_beginning_without_a_retention_is_broken,
];

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
