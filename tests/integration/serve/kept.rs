//! What the service keeps of its verdicts: it can be judged again to the same bytes, and nobody can change it unseen.

use super::*;

/// The program beside the service, over the same store: its status and what it says.
fn beside(keeps: &Keeps, arguments: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tollgate"));
    command.env_clear().args(arguments);
    match keeps {
        Keeps::Folder(folder) => command.arg("--data").arg(folder),
        Keeps::Database(address) => command.arg("--database").arg(address),
    };
    let output = command.output().unwrap();
    (output.status.code().unwrap(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

/// Judges what is kept once more; GitHub is not asked.
fn replayed(github: &GitHub, keeps: &Keeps) -> (i32, String) {
    let asked = github.asked().len();
    let output = command(github, keeps).args(["--replay", "30d"]).output().unwrap();
    assert_eq!(github.asked().len(), asked, "GitHub is not asked");
    (output.status.code().unwrap(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

/// A commit that passes, one that does not, and one for whose evidence a person stands.
fn three_verdicts(github: &GitHub, keeps: &Keeps) -> Service {
    let strict = format!("{POLICY}rules:\n  evidence.grade: {{ min: C }}\n");
    github.commit("main", &[("tollgate.yml", &strict)]);
    github.permission("ada", "write");
    github.pull(8).of_fork("bob").branch("b8").changes(&[("src/a.py", "a = 8\n")]);
    github.pull(9).of_fork("eve").branch("b9").changes(&[(CI, "on: pull_request # run: echo all well\n")]);
    let service = Service::start(github, keeps);
    for (pull, junit, job, conclusion) in [
        (7, PASSES, "success", "success"),
        (8, FAILS, "failure", "failure"),
        (9, PASSES, "success", "action_required"),
    ] {
        let head = ran(github, pull, 70 + pull, junit, job);
        service.deliver(&format!("d{pull}"), "workflow_run", &run_completed(&head));
        service.until("the verdict", || concludes(github, &head, conclusion));
    }
    let head = github.pull(9).head_sha();
    let check = json!({"head_sha": head, "app": {"id": APP}});
    let pressed = json!({"identifier": "confirm-evidence"});
    let confirm = event("requested_action", json!({"check_run": check, "requested_action": pressed}));
    service.deliver("confirm", "check_run", &confirm);
    service
        .until("confirmed", || github.checks(&head).last().unwrap().conclusion.as_deref() == Some("success"));
    service.until("all is kept", || {
        let idle = |state: &str| service.figure(&format!("tollgate_queue{{state=\"{state}\"}}")) == Some(0);
        ["due", "later", "taken"].into_iter().all(idle)
    });
    service
}

fn is_judged_again_to_the_same_bytes(keeps: &Keeps) {
    let github = github();
    let service = three_verdicts(&github, keeps);
    let (status, text) = replayed(&github, keeps);
    assert!(
        text.contains(
            "4 verdicts stay byte for byte, 0 with other details, 0 change, 0 cannot be judged again; of 0 no"
        ),
        "{text}"
    );
    assert_eq!(status, 0, "{text}");
    let (status, text) = beside(keeps, &["records", "verify"]);
    assert_eq!(status, 0, "{text}");
    assert!(text.starts_with("whole  acme/payments  4 verdicts"), "{text}");
    drop(service);
}

#[test]
fn verdicts_that_sqlite_keeps_are_judged_again_to_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    is_judged_again_to_the_same_bytes(&Keeps::Folder(folder.path().join("data")));
}

#[test]
fn verdicts_that_postgresql_keeps_are_judged_again_to_the_same_bytes() {
    let Some(server) = Server::start() else { return };
    is_judged_again_to_the_same_bytes(&Keeps::Database(server.database("kept")));
}

#[test]
fn a_record_that_somebody_changed_is_found_by_both() {
    let github = github();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let keeps = Keeps::Folder(data.clone());
    let mut service = three_verdicts(&github, &keeps);
    service.kill();
    let connection = rusqlite::Connection::open(data.join("tollgate.sqlite")).unwrap();
    let changed = connection
        .execute(
            "UPDATE verdicts SET body = CAST(REPLACE(CAST(body AS TEXT), 'halves', 'thirds') AS BLOB) \
                  WHERE kind = 'needs-changes'",
            [],
        )
        .unwrap();
    assert_eq!(changed, 1);
    drop(connection);
    let (status, text) = replayed(&github, &keeps);
    assert_eq!(status, 0, "the verdict itself stays: {text}");
    assert!(text.contains("the same verdict with other details:\n  acme/payments "), "{text}");
    assert!(text.contains("3 verdicts stay byte for byte, 1 with other details"), "{text}");
    let (status, text) = beside(&keeps, &["records", "verify"]);
    assert_eq!(status, 1, "{text}");
}

#[test]
fn a_waiver_counts_on_the_day_of_the_verdict_however_late_it_is_judged_again() {
    use tollgate::model::Date;
    const DAY: i64 = 24 * 3_600 * 1_000;
    let github = github();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let ended = Date::from_unix_seconds(now - 5 * 24 * 3_600).unwrap();
    let policy = format!(
        "{POLICY}quarantine:\n  - {{ test: \"t::halves\", owner: \"@acme/core\", reason: flaky, expires: {ended} }}\n"
    );
    github.commit("main", &[("tollgate.yml", &policy)]);
    let head = ran(&github, 7, 77, FAILS, "failure");
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let keeps = Keeps::Folder(data.clone());
    let mut service = Service::start(&github, &keeps);
    service.deliver("d1", "workflow_run", &run_completed(&head));
    service.until("the verdict", || concludes(&github, &head, "failure"));
    service.until("done", || service.figure("tollgate_queue{state=\"taken\"}") == Some(0));
    service.kill();
    let (_, text) = replayed(&github, &keeps);
    assert!(text.contains("1 verdicts stay byte for byte"), "{text}");
    // As if it had been judged while the entry still held.
    let connection = rusqlite::Connection::open(data.join("tollgate.sqlite")).unwrap();
    connection.execute("UPDATE verdicts SET decided = decided - ?1", [10 * DAY]).unwrap();
    drop(connection);
    let (status, text) = replayed(&github, &keeps);
    assert_eq!(status, 1, "{text}");
    assert!(text.contains("needs-changes -> "), "{text}");
}
