//! The one thread that writes.
//!
//! What has gathered while it committed becomes one transaction, each request in a savepoint of its own, so that
//! thousands of deliveries a second share the wait for the disk.

use super::trouble;
use crate::server::store::StoreError;
use rusqlite::{Connection, TransactionBehavior};
use std::sync::mpsc;

/// The most requests that share one transaction.
const MAX_GROUP: usize = 256;

/// One request to the writer: done inside the transaction (if there is one), and answered when its fate is known.
pub(super) type Write = Box<dyn FnOnce(Option<&Connection>) -> Done + Send>;

/// What a request did.
pub(super) struct Done {
    pub(super) went_well: bool,
    pub(super) answer: Answer,
}

/// Tells the asker what became of it.
pub(super) type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// The writer: until the store is dropped.
pub(super) fn write_all(connection: &mut Connection, requests: &mpsc::Receiver<Write>) {
    while let Ok(first) = requests.recv() {
        let group = std::iter::once(first).chain(requests.try_iter().take(MAX_GROUP - 1));
        let mut answers = Vec::new();
        let committed = write_group(connection, group, &mut answers);
        for answer in answers {
            answer(committed.clone());
        }
    }
}

fn write_group(
    connection: &mut Connection,
    group: impl Iterator<Item = Write>,
    answers: &mut Vec<Answer>,
) -> Result<(), StoreError> {
    let begun = connection.transaction_with_behavior(TransactionBehavior::Immediate);
    for request in group {
        let transaction =
            begun.as_ref().ok().filter(|transaction| run(transaction, "SAVEPOINT request").is_ok());
        let Some(transaction) = transaction else {
            answers.push(request(None).answer);
            continue;
        };
        let Done { went_well, answer } = request(Some(transaction));
        // What a request began and could not end is taken back.
        let taken_back = if went_well { Ok(()) } else { run(transaction, "ROLLBACK TO request") };
        answers.push(match taken_back.and_then(|()| run(transaction, "RELEASE request")) {
            Ok(()) => answer,
            Err(error) => Box::new(move |_| answer(Err(trouble(&error)))),
        });
    }
    begun.and_then(rusqlite::Transaction::commit).map_err(|error| trouble(&error))
}

/// Runs a statement without parameters that is kept compiled: one is begun and ended for each request.
fn run(connection: &Connection, statement: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(statement)?.execute([]).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::clock::Time;
    use crate::server::store::sqlite::{prepare, queue};
    use crate::server::store::{JobKind, NewDelivery, Trigger, sql};
    use rusqlite::StatementStatus;

    fn store() -> Connection {
        let mut connection = Connection::open_in_memory().unwrap();
        prepare(&mut connection).unwrap().unwrap();
        connection
    }

    fn accept(connection: &Connection, n: i64) -> rusqlite::Result<()> {
        let (id, repository) = (format!("d{n}"), format!("acme/r{n}"));
        let delivery = NewDelivery { id, event: "push".to_owned(), repository: repository.clone() };
        let (kind, subject, cause) = (JobKind::Judge, String::new(), "run-completed");
        let trigger = Trigger { kind, repository, subject, pull: 0, installation: 5, cause };
        queue::accept(connection, &delivery, &[trigger], Time(n + 2), Time(n)).map(|_| ())
    }

    fn deliveries(connection: &Connection) -> Vec<String> {
        let mut ids = connection.prepare("SELECT id FROM deliveries ORDER BY id").unwrap();
        ids.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn a_request_that_cannot_be_ended_is_taken_back_and_its_neighbours_are_kept() {
        let mut connection = store();
        let (told, heard) = mpsc::channel();
        let request = |n: i64| -> Write {
            let told = told.clone();
            Box::new(move |connection| {
                let mut done = accept(connection.unwrap(), n);
                if n == 2 {
                    done = Err(rusqlite::Error::InvalidQuery);
                }
                let went_well = done.is_ok();
                let answer = move |committed: Result<(), StoreError>| {
                    told.send((n, committed.is_ok() && done.is_ok())).unwrap();
                };
                Done { went_well, answer: Box::new(answer) }
            })
        };
        let mut answers = Vec::new();
        let committed = write_group(&mut connection, [1, 2, 3].map(request).into_iter(), &mut answers);
        assert_eq!(committed, Ok(()));
        answers.into_iter().for_each(|answer| answer(committed.clone()));
        assert_eq!(heard.try_iter().collect::<Vec<_>>(), [(1, true), (2, false), (3, true)]);
        assert_eq!(deliveries(&connection), ["d1", "d3"]);
    }

    #[test]
    fn statements_are_planned_once_whatever_they_are_given() {
        let connection = store();
        for n in 1..=20 {
            accept(&connection, n).unwrap();
        }
        for statement in [sql::ACCEPT, sql::TRIGGER] {
            let kept = connection.prepare_cached(statement).unwrap();
            assert_eq!(kept.get_status(StatementStatus::Run), 20, "{statement}");
            assert_eq!(kept.get_status(StatementStatus::RePrepare), 0, "{statement}");
        }
    }
}
