//! Verdicts that were kept long enough are removed, and their chain says so.

use super::*;
use std::sync::Arc;
use tollgate::io::github::Network;
use tollgate::records::chain::Digest;
use tollgate::server::clock::Time;
use tollgate::server::store::{Claim, Effects, Finish, JobKind, NewRecord, Postgres, Sqlite, Store, Trigger};

const DAY: Duration = Duration::from_secs(86_400);

/// Verdicts so many days old, one after the other.
async fn keep(store: &dyn Store, ages: &[u32]) {
    let now = store.clock().now();
    for (number, age) in (1..).zip(ages) {
        let sha = format!("{number:040}");
        let trigger = Trigger {
            kind: JobKind::Judge,
            repository: REPOSITORY.to_owned(),
            subject: sha.clone(),
            pull: number,
            installation: INSTALLATION,
            cause: "test",
        };
        store.trigger(vec![trigger], Time(1), Time(1)).await.unwrap();
        let claim = Claim { most: 1, per_repository: 9, until: now.after(DAY) };
        let job = store.claim(claim, now).await.unwrap().remove(0);
        let kept = NewRecord {
            repository: REPOSITORY.to_owned(),
            sha,
            pulls: vec![number],
            kind: "passed".to_owned(),
            decided: now.before(DAY * *age),
            policy: Some(Digest::of(b"policy")),
            evidence: Some(Digest::of(b"evidence")),
            body: br#"{"schema":"tollgate.verdict/1"}"#.to_vec(),
        };
        let effects = Effects { record: Some(kept), ..Effects::default() };
        assert!(store.finish(&job.lease, Finish::Done(now), effects, now).await.unwrap());
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

async fn open(keeps: &Keeps) -> Arc<dyn Store> {
    match keeps {
        Keeps::Folder(folder) => Arc::new(Sqlite::open(folder).unwrap()),
        Keeps::Database(address) => {
            let tls = Network::direct().tls().unwrap();
            Arc::new(Postgres::connect(address, None, &tls).await.unwrap())
        }
    }
}

/// What `records verify` says, and whether it accepts the chains.
fn verify(keeps: &Keeps) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tollgate"));
    command.args(["records", "verify"]).env_clear();
    match keeps {
        Keeps::Folder(folder) => command.arg("--data").arg(folder),
        Keeps::Database(address) => command.arg("--database").arg(address),
    };
    let out = command.output().unwrap();
    let said = [out.stdout, out.stderr].concat();
    (out.status.success(), String::from_utf8(said).unwrap())
}

fn removes_what_is_old_and_the_chain_stays_whole(keeps: &Keeps) {
    let github = github();
    runtime().block_on(async { keep(&*open(keeps).await, &[50, 40, 35, 20, 1]).await });
    let (is_whole, said) = verify(keeps);
    assert!(is_whole && said.contains("5 verdicts"), "{said}");
    let service = Service::start_with(&github, keeps, &[("TOLLGATE_KEEP_RECORDS_DAYS", "30")]);
    service.until("the old are gone", || service.figure("tollgate_records_removed_total") == Some(3));
    let log = service.said();
    assert!(log.contains("old verdicts were removed") && log.contains("\"verdicts\":3"), "{log}");
    let (is_whole, said) = verify(keeps);
    assert!(is_whole && said.contains("2 verdicts"), "{said}");
    assert!(said.contains("up to 3 removed after 30 days"), "{said}");
}

#[test]
fn old_verdicts_are_removed_from_a_folder_and_the_chain_stays_whole() {
    let folder = tempfile::tempdir().unwrap();
    let keeps = Keeps::Folder(folder.path().to_owned());
    removes_what_is_old_and_the_chain_stays_whole(&keeps);
    // Who takes one more away is found out.
    let file = rusqlite::Connection::open(folder.path().join("tollgate.sqlite")).unwrap();
    assert_eq!(file.execute("DELETE FROM verdicts WHERE number = 4", []).unwrap(), 1);
    let (is_whole, said) = verify(&keeps);
    assert!(!is_whole && said.contains("the chain is broken"), "{said}");
}

#[test]
fn old_verdicts_are_removed_from_a_database_and_the_chain_stays_whole() {
    let Some(server) = Server::start() else { return };
    let address = server.database("retention");
    let keeps = Keeps::Database(address.clone());
    removes_what_is_old_and_the_chain_stays_whole(&keeps);
    runtime().block_on(async {
        let (client, connection) = tokio_postgres::connect(&address, tokio_postgres::NoTls).await.unwrap();
        let connection = tokio::spawn(connection);
        assert_eq!(client.execute("DELETE FROM checkpoints", &[]).await.unwrap(), 1);
        drop(client);
        connection.await.unwrap().unwrap();
    });
    let (is_whole, said) = verify(&keeps);
    assert!(!is_whole && said.contains("the chain is broken"), "{said}");
}
