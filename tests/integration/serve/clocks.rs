//! A wall clock that is set while the service runs.

use super::faults::now;
use super::*;
use std::path::Path;

const HOUR: i64 = 3_600;

/// A process whose wall clock can be set, and the others' not.
struct WallClock {
    folder: tempfile::TempDir,
}

impl WallClock {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/integration/serve/wall_clock.c");
        let built = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .arg(folder.path().join("clock.so"))
            .arg(source)
            .status();
        assert!(built.unwrap().success());
        Self { folder }
    }

    /// So many seconds from the others' time; written in one step.
    fn differs(&self, seconds: i64) {
        let draft = self.folder.path().join("draft");
        std::fs::write(&draft, seconds.to_string()).unwrap();
        std::fs::rename(draft, self.folder.path().join("shift")).unwrap();
    }

    fn start(&self, github: &GitHub, keeps: &Keeps) -> Service {
        let mut command = command(github, keeps);
        command.env("LD_PRELOAD", self.folder.path().join("clock.so"));
        command.env("WALL_CLOCK", self.folder.path().join("shift"));
        Service::of(command)
    }
}

/// A run that ended, delivered without the installation: the App itself is asked for it.
fn deliver(service: &Service, id: &str, sha: &str) {
    let mut event = run_completed(sha);
    event.as_object_mut().unwrap().remove("installation");
    assert_eq!(service.deliver(id, "workflow_run", &event), 202);
}

#[test]
#[cfg_attr(
    target_feature = "crt-static",
    ignore = "nothing can be put before the clock of a static binary: `cargo test --test integration clocks`"
)]
fn a_wall_clock_that_is_set_while_the_service_runs_delays_nothing_and_posts_nothing_twice() {
    let github = github();
    let folder = tempfile::tempdir().unwrap();
    let keeps = Keeps::Folder(folder.path().join("data"));
    let clock = WallClock::new();
    clock.differs(0);
    let mut service = clock.start(&github, &keeps);
    let today = now()[..13].to_owned();
    // Forward, back, and, when it is started anew, wrong from the first moment on.
    for (pull, shift, is_restarted) in [
        (30, 0, false),
        (31, 9 * HOUR, false),
        (32, -40 * HOUR, false),
        (33, -30 * HOUR, true),
        (34, 0, false),
    ] {
        clock.differs(shift);
        if is_restarted {
            service.kill();
            github.forget_calls();
            service = clock.start(&github, &keeps);
            assert!(!service.said().contains(&today), "its clock is another: {}", service.said());
        }
        github
            .pull(pull)
            .of_fork("bob")
            .branch(&format!("b{pull}"))
            .changes(&[("src/a.py", &format!("a = {pull}\n"))]);
        let head = ran(&github, pull, 3_000 + pull, PASSES, "success");
        for n in 0..3 {
            deliver(&service, &format!("d{pull}-{n}"), &head);
        }
        service.until("the verdict", || concludes(&github, &head, "success"));
    }
    // The rate limit ends by GitHub's clock.
    clock.differs(-5 * HOUR);
    let head = ran(&github, 7, 77, PASSES, "success");
    github.rate_limit(0, 8);
    deliver(&service, "limited", &head);
    service.until("the limit is met", || service.said().contains("rate limit is reached"));
    service.until("the verdict", || concludes(&github, &head, "success"));
    service.until("nothing is left", || service.figure("tollgate_queue{state=\"later\"}") == Some(0));
    assert_eq!(service.figure("tollgate_jobs_total{kind=\"judge\",outcome=\"Dead\"}"), None);
    assert_eq!(verdicts_posted(&github), 3, "one for each pull request since the restart");
}
