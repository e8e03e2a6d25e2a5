//! What holds for SQLite alone.

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
