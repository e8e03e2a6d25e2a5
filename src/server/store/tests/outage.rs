//! What was merged while the service was away.

use super::*;

for_every_store![
    a_service_that_was_away_too_long_has_every_repository_looked_at_once,
    a_repository_is_given_when_it_is_kept_first,
    what_was_merged_without_a_verdict_is_kept_once_and_judged,
    what_was_merged_with_a_verdict_is_not_kept_as_merged_without_one,
];

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
