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

mod database;
mod file;
mod jobs;
mod outage;
mod records;
#[path = "../../../../tests/postgres/mod.rs"]
mod server;

/// One server for all tests of the process; it ends with it.
pub(in crate::server) fn server() -> Option<&'static server::Server> {
    static SERVER: OnceLock<Option<server::Server>> = OnceLock::new();
    SERVER.get_or_init(server::Server::start).as_ref()
}

pub(in crate::server) async fn connect(address: &str) -> Result<Postgres, StoreError> {
    Postgres::connect(address, None, &Network::direct().tls().unwrap()).await
}

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
