//! What comes in: signed, once, bounded; and what an operator sees of it.

use super::*;

fn service(github: &GitHub) -> (tempfile::TempDir, Service) {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(github, &Keeps::Folder(folder.path().join("data")));
    (folder, service)
}

#[test]
fn t31_a_webhook_that_is_forged_replayed_or_too_large_has_nothing_judged() {
    let github = github();
    let head = ran(&github, 7, 77, PASSES, "success");
    let (_folder, service) = service(&github);
    let body = run_completed(&head).to_string();
    // Forged: without a signature, with that of another secret, of another body, and of the older scheme.
    let other = signature("another secret of the hook", &body);
    let of_another = signature(SECRET, "{}");
    let sha1 = "sha1=7d38cdd689735b008b3c702edd92eea23791c5f6";
    for forged in [None, Some(other.as_str()), Some(of_another.as_str()), Some(sha1)] {
        assert_eq!(service.post("d1", "workflow_run", &body, forged), Some(401));
    }
    // Too large: refused before anything is computed.
    let large = format!("{{\"x\": \"{}\"}}", "a".repeat(26 << 20));
    let refused = service.post("d2", "workflow_run", &large, Some(&signature(SECRET, &large)));
    assert!(matches!(refused, Some(413) | None), "{refused:?}");
    // No JSON, though signed; no id; an event of ours that does not say of what.
    assert_eq!(service.post("d3", "workflow_run", "no json", Some(&signature(SECRET, "no json"))), Some(422));
    assert_eq!(service.post("", "workflow_run", &body, Some(&signature(SECRET, &body))), Some(400));
    assert_eq!(service.deliver("d4", "workflow_run", &json!({"action": "completed"})), 422);
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(github.checks(&head), [], "nothing of it was acted upon");
    // The real one is taken, and a replay of it has nothing judged again.
    assert_eq!(service.post("d5", "workflow_run", &body, Some(&signature(SECRET, &body))), Some(202));
    service.until("the verdict", || concludes(&github, &head, "success"));
    service.until("done", || service.figure("tollgate_queue{state=\"taken\"}") == Some(0));
    let asked = github.asked().len();
    assert_eq!(service.post("d5", "workflow_run", &body, Some(&signature(SECRET, &body))), Some(200));
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(github.asked().len(), asked);
    assert_eq!(service.figure("tollgate_deliveries_total{outcome=\"Forged\"}"), Some(4));
    assert_eq!(service.figure("tollgate_deliveries_total{outcome=\"Known\"}"), Some(1));
}

#[test]
fn what_is_unknown_is_taken_and_asks_for_nothing() {
    let github = github();
    let (_folder, service) = service(&github);
    assert_eq!(service.deliver("d1", "ping", &json!({"zen": "Keep it logically awesome."})), 202);
    assert_eq!(service.deliver("d2", "an_event_of_next_year", &json!({"action": "x"})), 202);
    assert_eq!(service.deliver("d3", "pull_request", &event("labeled", json!({}))), 202);
    assert_eq!(service.figure("tollgate_deliveries_total{outcome=\"Ignored\"}"), Some(3));
}

#[test]
fn no_secret_and_no_address_with_a_signature_is_logged() {
    let github = github();
    let head = ran(&github, 7, 77, PASSES, "success");
    let (_folder, service) = service(&github);
    service.deliver("d1", "workflow_run", &run_completed(&head));
    service.until("the verdict", || concludes(&github, &head, "success"));
    let said = service.said();
    assert!(said.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{said}");
    for secret in [SECRET, "PRIVATE KEY", "ghs_", "sig=", "Bearer"] {
        assert!(!said.contains(secret), "{secret} in {said}");
    }
    assert!(said.contains("the check is posted"), "{said}");
}

#[test]
fn a_service_that_is_told_to_stop_ends_what_it_began_and_goes() {
    let github = github();
    let (_folder, mut service) = service(&github);
    service.signal("-TERM");
    let status = service.child.wait().unwrap();
    assert_eq!(status.code(), Some(0), "{}", service.said());
}

#[test]
fn settings_are_checked_before_anything_is_served() {
    let github = github();
    let folder = tempfile::tempdir().unwrap();
    let keeps = Keeps::Folder(folder.path().join("data"));
    let check = |change: &dyn Fn(&mut Command)| {
        let mut command = command(&github, &keeps);
        change(command.arg("--check"));
        let output = command.output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap(), String::from_utf8(text).unwrap())
    };
    let (status, text) = check(&|_| {});
    assert_eq!(status, 0, "{text}");
    assert!(text.contains("ok    the App has the permissions and events"), "{text}");
    let (status, text) = check(&|command| {
        command.env("TOLLGATE_WEBHOOK_SECRET", "short");
    });
    assert_eq!(status, 2, "{text}");
    assert!(text.contains("bad-setting") && !text.contains("short"), "{text}");
    let settings = folder.path().join("tollgate.yml");
    std::fs::write(&settings, "listen: 127.0.0.1:0\nworkerz: 3\n").unwrap();
    let (status, text) = check(&|command| {
        command.arg("--config").arg(&settings);
    });
    assert_eq!(status, 2, "{text}");
    assert!(text.contains("did you mean `workers`?") && text.contains("tollgate.yml:2"), "{text}");
    github.app_gets(&["push"]);
    let (status, text) = check(&|_| {});
    assert_eq!(status, 4, "{text}");
    assert!(text.contains("the App does not get the event `workflow_run`"), "{text}");
}

#[test]
fn senders_that_never_end_take_neither_memory_nor_places_for_long() {
    let github = github();
    let (_folder, service) = service(&github);
    let head = "POST /webhook HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n{";
    let stall = || {
        let mut stream = TcpStream::connect(("127.0.0.1", service.port)).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        stream
    };
    let mut stalled: Vec<TcpStream> = (0..64).map(|_| stall()).collect();
    let ping = || service.deliver("d1", "ping", &json!({}));
    service.until("all places are taken", || {
        let refused = ping() == 503;
        // A ping may have had the place of one of them, which was refused then.
        if !refused {
            stalled.push(stall());
        }
        refused
    });
    assert_eq!(service.get("/healthz").unwrap().0, 200, "everything else goes on");
    // Each is let go after nine seconds, whatever it does.
    service.until_within(Duration::from_secs(20), "there is room again", || ping() == 202);
    drop(stalled);
}
