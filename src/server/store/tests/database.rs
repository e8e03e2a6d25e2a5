//! What holds for PostgreSQL alone.

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
        let (left, right) = tokio::join!(stores[0].claim(claim, Time(2)), stores[1].claim(claim, Time(2)));
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
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
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
    assert!(matches!(error, StoreError::Unavailable(_)) && !error.to_string().contains("hunter2"), "{error}");
}
