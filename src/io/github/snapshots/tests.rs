use super::*;
use crate::io::github::tests::{Server, TOKEN, archive};
use serde_json::{Value, json};

const LIST: &str = "/repos/acme/payments/actions/artifacts?name=tollgate-snapshot&per_page=100";
const FORK: u64 = 9;

fn commit(digit: char) -> String {
    digit.to_string().repeat(40)
}

fn packed(commit: &str) -> Vec<u8> {
    let snapshot = Snapshot { commit: Some(commit.to_owned()), ..Snapshot::default() };
    archive(&[("tollgate-snapshot.json.gz", &wire::snapshot::write(&snapshot))])
}

/// An artifact of a push to main as GitHub lists it; its run has the same number.
fn listed(id: u64, commit: &str) -> Value {
    json!({"id": id, "name": "tollgate-snapshot", "expired": false, "size_in_bytes": 100, "workflow_run":
        {"id": id, "repository_id": 1, "head_repository_id": 1, "head_branch": "main", "head_sha": commit}})
}

fn run(id: u64, event: &str, commit: &str, head: u64) -> String {
    json!({"id": id, "path": ".github/workflows/ci.yml", "workflow_id": 3, "event": event, "head_sha": commit,
        "head_branch": "main", "repository": {"id": 1, "full_name": "acme/payments"},
        "head_repository": {"id": head, "full_name": "x/y"}})
    .to_string()
}

/// A repository with these artifacts, each of a push to main.
fn repository(artifacts: &[(u64, &str)]) -> Server {
    let server = Server::start();
    let all: Vec<Value> = artifacts.iter().map(|(id, commit)| listed(*id, commit)).collect();
    list(&server, &all);
    for (id, commit) in artifacts {
        server.answer(&format!("/repos/acme/payments/actions/runs/{id}"), 200, run(*id, "push", commit, 1));
        server.answer(&zip(*id), 200, packed(commit));
    }
    server
}

fn list(server: &Server, artifacts: &[Value]) {
    let body = json!({"total_count": artifacts.len(), "artifacts": artifacts});
    server.answer(LIST, 200, body.to_string());
}

fn zip(id: u64) -> String {
    format!("/repos/acme/payments/actions/artifacts/{id}/zip")
}

fn snapshots(server: &Server, place: Place) -> Snapshots {
    Snapshots::new(&server.address, TOKEN, "acme/payments", "main", place).unwrap()
}

/// A clone that knows nothing but the commit itself.
fn shallow(of: &str) -> impl Fn(&str) -> Option<Option<u64>> {
    move |candidate| (candidate == of).then_some(Some(0))
}

fn nearest(server: &Server, of: &str, at_least: u64) -> Result<(String, u64), String> {
    let found = snapshots(server, Place::Artifacts).nearest(of, at_least, &shallow(of))?;
    Ok((found.snapshot.commit.unwrap(), found.distance))
}

fn compare(server: &Server, commit: &str, with: &str, status: &str, ahead: u64) {
    let body = json!({"status": status, "ahead_by": ahead, "files": []});
    server.answer(
        &format!("/repos/acme/payments/compare/{commit}...{with}?per_page=1"),
        200,
        body.to_string(),
    );
}

#[test]
fn the_snapshot_of_the_commit_itself_is_taken_without_asking_for_the_history() {
    let (a, b) = (commit('a'), commit('b'));
    let server = repository(&[(2, &b), (1, &a)]);
    assert_eq!(nearest(&server, &a, 0), Ok((a, 0)));
    assert!(server.asked().iter().all(|(path, _)| !path.contains("compare")));
}

#[test]
fn the_nearest_commit_before_it_is_taken_and_its_distance_is_known() {
    let (a, b, c, here) = (commit('a'), commit('b'), commit('c'), commit('d'));
    let server = repository(&[(3, &c), (2, &b), (1, &a)]);
    compare(&server, &c, &here, "diverged", 4);
    compare(&server, &b, &here, "ahead", 7);
    compare(&server, &a, &here, "ahead", 3);
    assert_eq!(nearest(&server, &here, 0), Ok((a, 3)));
}

#[test]
fn a_run_of_the_default_branch_goes_on_from_an_earlier_commit_than_its_own() {
    let (a, here) = (commit('a'), commit('d'));
    let server = repository(&[(2, &here), (1, &a)]);
    compare(&server, &a, &here, "ahead", 1);
    assert_eq!(nearest(&server, &here, 1), Ok((a, 1)));
}

#[test]
fn what_a_fork_or_another_branch_left_is_never_the_base() {
    let a = commit('a');
    let server = repository(&[(1, &a)]);
    let with = |key: &str, value: Value| {
        let mut artifact = listed(1, &a);
        artifact["workflow_run"][key] = value;
        artifact
    };
    let mut expired = listed(1, &a);
    expired["expired"] = json!(true);
    let mut nobodys = listed(1, &a);
    nobodys["workflow_run"] = Value::Null;
    let of_others = [
        with("head_repository_id", json!(FORK)),
        with("head_repository_id", Value::Null),
        with("head_branch", json!("topic")),
        expired,
        nobodys,
    ];
    for artifact in of_others {
        list(&server, &[artifact]);
        let why = nearest(&server, &a, 0).unwrap_err();
        assert_eq!(why, "no push run of the default branch left an artifact `tollgate-snapshot`");
    }
    assert!(server.asked().iter().all(|(path, _)| !path.ends_with("/zip")));
}

#[test]
fn the_run_itself_must_be_a_push_of_our_own_repository() {
    let a = commit('a');
    let server = repository(&[(1, &a)]);
    for answer in [
        run(1, "pull_request", &a, 1),
        run(1, "workflow_dispatch", &a, 1),
        run(1, "push", &a, FORK),
        run(1, "push", &commit('b'), 1),
    ] {
        server.answer("/repos/acme/payments/actions/runs/1", 200, answer);
        let why = nearest(&server, &a, 0).unwrap_err();
        assert_eq!(why, "the artifact `tollgate-snapshot` of aaaaaaa is of no push to the default branch");
    }
}

#[test]
fn a_snapshot_that_is_damaged_or_of_another_commit_is_none() {
    let a = commit('a');
    let server = repository(&[(1, &a)]);
    for (bytes, why) in [
        (packed(&commit('b')), "says that it is of another commit"),
        (archive(&[("x", b"{}")]), "cannot be read"),
        (archive(&[("x", b"1"), ("y", b"2")]), "does not hold one file"),
        (b"no archive".to_vec(), "cannot be unpacked"),
    ] {
        server.answer(&zip(1), 200, bytes);
        assert!(nearest(&server, &a, 0).unwrap_err().contains(why), "{why}");
    }
}

#[test]
fn a_token_that_may_not_list_is_told_what_it_needs() {
    let server = Server::start();
    server.answer(LIST, 403, "{}");
    let why = nearest(&server, &commit('a'), 0).unwrap_err();
    assert_eq!(why, "the job's token may not list artifacts; give it `actions: read`");
    let debug = format!("{:?}", snapshots(&server, Place::Artifacts));
    assert!(!debug.contains(TOKEN), "{debug}");
}

const REPOSITORY: &str = "/repos/acme/payments/git";

/// A reference with a file per commit, the last being the newest.
fn reference(commits: &[String]) -> Server {
    let server = Server::start();
    let answer =
        |path: &str, body: Value| server.answer(&format!("{REPOSITORY}{path}"), 200, body.to_string());
    answer("/ref/tollgate/snapshots", json!({"object": {"sha": "r"}}));
    answer("/commits/r", json!({"tree": {"sha": "t"}, "parents": []}));
    let mut entries: Vec<Value> = Vec::new();
    for (index, commit) in commits.iter().enumerate() {
        let path = format!("{:010}-{commit}.json.gz", index + 1);
        entries.push(json!({"path": path, "mode": "100644", "type": "blob", "sha": format!("b{index}")}));
        let snapshot = Snapshot { commit: Some(commit.clone()), ..Snapshot::default() };
        let content =
            base64::Engine::encode(&base64::prelude::BASE64_STANDARD, wire::snapshot::write(&snapshot));
        answer(&format!("/blobs/b{index}"), json!({"content": content, "encoding": "base64"}));
    }
    entries.push(json!({"path": "README", "mode": "100644", "type": "blob", "sha": "x"}));
    answer("/trees/t", json!({"sha": "t", "truncated": false, "tree": entries}));
    for (path, sha) in [("/blobs", "nb"), ("/trees", "nt"), ("/commits", "nc")] {
        answer(path, json!({"sha": sha}));
    }
    answer("/refs/tollgate/snapshots", json!({}));
    server
}

#[test]
fn a_reference_holds_snapshots_by_commit() {
    let (a, b) = (commit('a'), commit('b'));
    let server = reference(&[a.clone(), b]);
    let found = snapshots(&server, Place::Reference).nearest(&a, 0, &shallow(&a)).unwrap();
    assert_eq!((found.snapshot.commit, found.distance), (Some(a.clone()), 0));
    let nothing = snapshots(&Server::start(), Place::Reference).nearest(&a, 0, &shallow(&a));
    assert_eq!(nothing.unwrap_err(), "there is no reference refs/tollgate/snapshots");
}

#[test]
fn a_reference_keeps_as_many_snapshots_as_it_is_told() {
    let server = reference(&[commit('a'), commit('b'), commit('c')]);
    let store = |commit: String, keep| {
        let snapshot = Snapshot { commit: Some(commit), ..Snapshot::default() };
        snapshots(&server, Place::Reference).store(&snapshot, keep).unwrap()
    };
    assert_eq!(store(commit('d'), 20), 4);
    assert_eq!(store(commit('d'), 2), 2);
    assert_eq!(store(commit('d'), 0), 1);
    // The commit's own earlier snapshot is replaced.
    assert_eq!(store(commit('b'), 20), 3);
    let nameless = snapshots(&server, Place::Reference).store(&Snapshot::default(), 2);
    assert_eq!(nameless.unwrap_err().code, Code::BadSnapshot);
}

#[test]
fn where_github_is_not_there_the_search_ends_soon() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let snapshots =
        Snapshots::new(&format!("http://{closed}"), TOKEN, "acme/payments", "main", Place::Artifacts)
            .unwrap();
    let begun = std::time::Instant::now();
    let error = snapshots.nearest(&commit('a'), 0, &shallow(&commit('a'))).unwrap_err();
    assert!(error.contains("could not be reached"), "{error}");
    assert!(begun.elapsed() < std::time::Duration::from_millis(1_500), "{:?}", begun.elapsed());
}
