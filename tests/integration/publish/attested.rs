//! Signed provenance: whose evidence is attested (grade A), and whose is not, and why.

use super::{CI, PASSES, POLICY, publish_as_action, ran};
use crate::github::{Check, Fault, GitHub, REPOSITORY, TOKEN, zip};
use crate::program::{Place, Run};
use crate::signing::{Attested, Authority, Like, SIGNED_AT};
use serde_json::Value;

const ARTIFACT: &str = "tollgate-reports-test-a1";
const SCAN: &str = ".github/workflows/scan.yml";
const SARIF: &str = r#"{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "s", "version": "1", "rules": []}},
    "invocations": [{"executionSuccessful": true}], "results": []}]}"#;

/// A policy that wants signed provenance.
fn policy() -> String {
    format!("{POLICY}rules:\n  evidence.grade: {{ min: A }}\n")
}

/// A pull request from a branch of the repository itself, whose run uploaded a report.
fn github(policy: &str) -> GitHub {
    let github = GitHub::start();
    github.commit("main", &[("src/a.py", "a = 1\n"), ("tollgate.yml", policy), (CI, "on: pull_request\n")]);
    github.pull(7).changes(&[("src/a.py", "a = 2\n")]);
    ran(&github, PASSES, "success");
    github
}

/// What run 77 gets into its certificate.
fn of_run(github: &GitHub) -> Attested {
    Attested::new(REPOSITORY, github.repository_id(), 77, 1, &github.pull(7).head_sha())
}

/// GitHub keeps what an authority signed for the artifact of the run.
fn attest(github: &GitHub, authority: &Authority, of: &Attested) {
    let digest = github.artifact_digest(ARTIFACT);
    github.keeps_attestation(&digest, authority.attest(of, &digest));
}

/// Publishes, believing this authority alone.
fn publish(github: &GitHub, authority: &Authority) -> Run {
    let place = Place::new();
    place.file("trusted-root.jsonl", authority.trusted_root());
    let arguments =
        ["publish", "--repository", REPOSITORY, "--run", "77", "--trusted-root", "trusted-root.jsonl"];
    place.tollgate_with(&arguments, &[("GITHUB_TOKEN", TOKEN), ("GITHUB_API_URL", github.url())])
}

/// How often GitHub was asked for attestations.
fn asked(github: &GitHub) -> usize {
    github.calls().iter().filter(|call| call.contains("/attestations/")).count()
}

/// What a run said, on one line.
struct Said(String);

impl Said {
    fn of(run: &Run) -> Self {
        Self(run.all().split_whitespace().collect::<Vec<_>>().join(" "))
    }

    fn says(&self, text: &str) -> &Self {
        assert!(self.0.contains(text), "does not say {text:?}: {}", self.0);
        self
    }
}

/// What is said where the provenance is this: the check is posted, and a maintainer has to look.
fn refused(change: impl FnOnce(&mut Attested)) -> Said {
    let (github, authority) = (github(&policy()), Authority::new(Like::Private));
    let mut of = of_run(&github);
    change(&mut of);
    attest(&github, &authority, &of);
    not_attested(&github, &authority)
}

fn not_attested(github: &GitHub, authority: &Authority) -> Said {
    let said = Said::of(&publish(github, authority).exits(0));
    said.says("the verdict is no-verdict").says("no grade A");
    let check = github.checks(&github.pull(7).head_sha()).pop().unwrap();
    assert_eq!(check.conclusion.as_deref(), Some("action_required"));
    said
}

#[test]
fn a_verified_provenance_of_the_very_run_makes_the_evidence_attested() {
    for like in [Like::Public, Like::Private] {
        let (github, authority) = (github(&policy()), Authority::new(like));
        attest(&github, &authority, &of_run(&github));
        publish(&github, &authority).exits(0).says("the verdict is passed");
        assert_eq!(asked(&github), 1, "one call for the artifact");
        let check = github.checks(&github.pull(7).head_sha()).pop().unwrap();
        assert_eq!(check.conclusion.as_deref(), Some("success"));
        let run = "run 77 of .github/workflows/ci.yml, which signed what it uploaded";
        assert!(check.summary.contains("Signed provenance"), "{}", check.summary);
        assert!(check.summary.replace('\u{2060}', "").contains(run), "{}", check.summary);
        // Without that trust there is none.
        let publish = super::publish(&github).exits(0);
        Said::of(&publish).says("the verdict is no-verdict").says("the provenance is not verified");
    }
}

#[test]
fn a_network_that_is_cut_at_the_provenance_leaves_one_check_that_is_right_when_it_is_back() {
    let authority = Authority::new(Like::Private);
    let ready = || {
        let github = github(&policy());
        attest(&github, &authority, &of_run(&github));
        github
    };
    let number = {
        let github = ready();
        publish(&github, &authority).exits(0);
        github.calls().iter().position(|call| call.contains("/attestations/")).unwrap() + 1
    };
    for fault in [Fault::CutBefore, Fault::CutAfter, Fault::CutWithin, Fault::Status(502)] {
        let github = ready();
        github.forget_calls().fails_at(number, fault.clone());
        // One cut is not seen: what is read is asked for again.
        publish(&github, &authority).exits(0).says("the verdict is passed");
        github.recovers();
        publish(&github, &authority).exits(0).says("the verdict is passed");
        let checks = github.checks(&github.pull(7).head_sha());
        assert_eq!(checks.len(), 1, "{fault:?}: {checks:?}");
        assert_eq!(checks[0].conclusion.as_deref(), Some("success"), "{fault:?}");
    }
}

#[test]
fn nobody_is_blamed_while_the_provenance_cannot_be_asked_for() {
    let authority = Authority::new(Like::Private);
    for (part, fault) in [("/attestations/", Fault::Status(502)), ("/attestations/", Fault::CutBefore)] {
        let github = github(&policy());
        attest(&github, &authority, &of_run(&github));
        github.fails_for(part, fault.clone());
        publish(&github, &authority).exits(4).says("the provenance of an artifact");
        let ended = |check: &Check| check.conclusion.is_some();
        assert!(!github.checks(&github.pull(7).head_sha()).iter().any(ended), "{fault:?}");
        github.recovers();
        publish(&github, &authority).exits(0).says("the verdict is passed");
    }
}

#[test]
fn the_action_takes_the_trusted_root_as_text() {
    let (github, authority) = (github(&policy()), Authority::new(Like::Private));
    attest(&github, &authority, &of_run(&github));
    let root = authority.trusted_root();
    publish_as_action(&github, &[("INPUT_TRUSTED-ROOT", &root)]).exits(0).says("the verdict is passed");
    publish_as_action(&github, &[("INPUT_TRUSTED-ROOT", "{}")]).exits(2).says("holds no trusted root");
}

#[test]
fn a_trusted_root_that_is_none_is_said_before_anything_is_asked() {
    let github = github(&policy());
    let place = Place::new();
    place.file("root.json", "nothing");
    for (file, why) in [("root.json", "holds no trusted root"), ("absent.json", "cannot be read")] {
        let arguments = ["publish", "--repository", REPOSITORY, "--run", "77", "--trusted-root", file];
        let environment = [("GITHUB_TOKEN", TOKEN), ("GITHUB_API_URL", github.url())];
        place.tollgate_with(&arguments, &environment).exits(2).says(why);
    }
    assert!(github.calls().is_empty());
}

#[test]
fn t5_a_provenance_of_another_run_is_not_believed() {
    let run = |text: &str| text.replace("/runs/77/", "/runs/78/");
    refused(|of| of.run = run(&of.run)).says("its provenance is of another run");
    refused(|of| of.run = of.run.replace("/attempts/1", "/attempts/2")).says("another attempt of the run");
    refused(|of| of.workflow = of.workflow.replace("ci.yml", "other.yml")).says("another workflow");
    refused(|of| of.repository_id = "1".to_owned()).says("its provenance is of another repository");
    refused(|of| of.commit = "0".repeat(40)).says("its provenance is of another commit");
}

#[test]
fn t5_a_provenance_of_an_event_that_is_no_evidence_is_not_believed() {
    refused(|of| of.trigger = "pull_request_target".to_owned()).says("a run that another event started");
    refused(|of| of.trigger = "workflow_run".to_owned()).says("a run that another event started");
    refused(|of| of.issuer = "https://accounts.google.com".to_owned()).says("no run of GitHub Actions");
    refused(|of| of.predicate_type = "https://spdx.dev/Document/v2.3".to_owned()).says("no build provenance");
}

#[test]
fn t5_what_is_signed_too_late_by_nobody_known_or_for_other_bytes_is_not_believed() {
    refused(|of| of.stamped_at = SIGNED_AT + 3_600).says("the provenance is not verified");
    let (github, authority) = (github(&policy()), Authority::new(Like::Private));
    let digest = github.artifact_digest(ARTIFACT);
    // The bundle of another artifact under the digest of ours, and a signature by somebody else's keys.
    github.keeps_attestation(&digest, authority.attest(&of_run(&github), &[7; 32]));
    not_attested(&github, &authority).says("the provenance is not verified");
    attest(&github, &Authority::new(Like::Private), &of_run(&github));
    not_attested(&github, &authority).says("the provenance is not verified");
    // One of several is enough, wherever it stands.
    attest(&github, &authority, &of_run(&github));
    publish(&github, &authority).exits(0).says("the verdict is passed");
}

#[test]
fn a_fork_is_never_attested_and_nobody_is_asked_about_it() {
    let (github, authority) = (github(&policy()), Authority::new(Like::Private));
    github.pull(7).of_fork("eve");
    github.run(77).of_pull(7);
    attest(&github, &authority, &of_run(&github));
    not_attested(&github, &authority).says("a fork, which has no identity to sign with");
    assert_eq!(asked(&github), 0);
}

#[test]
fn a_change_of_what_makes_the_evidence_is_not_attested_whatever_is_signed() {
    let (github, authority) = (github(&policy()), Authority::new(Like::Private));
    github.pull(7).changes(&[(CI, "on: pull_request # another\n")]);
    github.run(77).of_pull(7);
    attest(&github, &authority, &of_run(&github));
    publish(&github, &authority).exits(0).says("the verdict is no-verdict").says("the change edits");
    assert_eq!(asked(&github), 0);
}

#[test]
fn where_nothing_can_be_had_the_reason_is_said_and_the_check_is_posted() {
    let (github, authority) = (github(&policy()), Authority::new(Like::Private));
    not_attested(&github, &authority).says("it has no provenance");
    let digest = github.artifact_digest(ARTIFACT);
    github.keeps_attestation(&digest, Value::Null);
    not_attested(&github, &authority).says("at another address, which is not followed");
    github.fails_for("/attestations/", Fault::Status(501));
    not_attested(&github, &authority).says("GitHub answered 501");
    github.recovers().token(
        TOKEN,
        &[
            ("actions", "read"),
            ("checks", "write"),
            ("contents", "read"),
            ("pull-requests", "read"),
            ("metadata", "read"),
        ],
    );
    not_attested(&github, &authority).says("without the right `attestations: read`");
}

#[test]
fn an_enterprise_server_has_no_attestations_and_is_not_asked() {
    let github = GitHub::enterprise();
    let files = [("src/a.py", "a = 1\n"), ("tollgate.yml", &policy()), (CI, "on: pull_request\n")];
    github.commit("main", &files);
    github.pull(7).changes(&[("src/a.py", "a = 2\n")]);
    ran(&github, PASSES, "success");
    not_attested(&github, &Authority::new(Like::Public)).says("this server has no artifact attestations");
    assert_eq!(asked(&github), 0);
}

#[test]
fn the_merge_that_the_run_tested_binds_if_git_confirms_it() {
    let (github, authority) = (github(&policy()), Authority::new(Like::Private));
    let base = github.commit_of("main");
    let signed = |commit: String| attest(&github, &authority, &Attested { commit, ..of_run(&github) });
    // A merge of something else, and one into what is not on the base branch.
    let elsewhere = github.commit("elsewhere", &[("x.txt", "x\n")]);
    signed(github.test_merge(&base, &elsewhere));
    not_attested(&github, &authority).says("another commit: is not the head, and no merge of it");
    let github = self::github(&policy());
    let (head, base) = (github.pull(7).head_sha(), github.commit_of("main"));
    let signed = |commit: String| attest(&github, &authority, &Attested { commit, ..of_run(&github) });
    let elsewhere = github.commit("elsewhere", &[("x.txt", "x\n")]);
    signed(github.test_merge(&elsewhere, &head));
    not_attested(&github, &authority).says("another commit: is not merged into the base branch");
    signed(github.test_merge(&base, &head));
    publish(&github, &authority).exits(0).says("the verdict is passed");
}

#[test]
fn who_asks_for_less_than_an_a_costs_no_call() {
    for rules in [
        "",
        "rules:\n  evidence.grade: { min: C, scan: B }\n",
        "rules:\n  evidence.grade: { min: A, mode: off }\n",
    ] {
        let github = github(&format!("{POLICY}{rules}"));
        publish(&github, &Authority::new(Like::Private)).exits(0).says("the verdict is passed");
        assert_eq!(asked(&github), 0, "{rules}");
    }
}

/// Tests and a scanner in workflows of their own; scans must be attested, of the rest no more than usual.
fn with_scanner() -> GitHub {
    let policy = "version: 1\nreports:\n  unit: { kind: tests, path: junit.xml }\n  sast: { kind: scan, path: \"*.sarif\" }\n\
        rules:\n  evidence.grade: { min: C, scan: A }\n";
    let github = github(policy);
    github.commit("main", &[(SCAN, "on: pull_request\n")]);
    github.pull(7).changes(&[("src/a.py", "a = 2\n")]);
    github.run(77).of_pull(7);
    github.run(78).of_pull(7).workflow(SCAN);
    github.run(78).artifact("tollgate-reports-scan", &zip(&[("sast.sarif", SARIF)])).completed("success");
    github
}

#[test]
fn only_artifacts_with_reports_of_the_kind_that_is_asked_for_are_looked_up() {
    let (github, authority) = (with_scanner(), Authority::new(Like::Private));
    not_attested(&github, &authority).says("artifact tollgate-reports-scan: it has no provenance");
    assert_eq!(asked(&github), 1);
    let digest = github.artifact_digest("tollgate-reports-scan");
    let scanner = |of: Attested| Attested {
        workflow: of.workflow.replace("ci.yml", "scan.yml"),
        run: of.run.replace("/runs/77/", "/runs/78/"),
        ..of
    };
    // The signature of the tests' run over the scanner's artifact is none of the scanner.
    github.keeps_attestation(&digest, authority.attest(&of_run(&github), &digest));
    not_attested(&github, &authority).says("its provenance is of another run");
    github.keeps_attestation(&digest, authority.attest(&scanner(of_run(&github)), &digest));
    publish(&github, &authority).exits(0).says("the verdict is passed");
}

#[test]
fn all_reports_of_the_kind_must_be_attested() {
    let (github, authority) = (github(&policy()), Authority::new(Like::Private));
    attest(&github, &authority, &of_run(&github));
    github.run(77).artifact("tollgate-reports-more-a1", &zip(&[("more/junit.xml", PASSES)]));
    let policy = policy().replace("path: junit.xml", "path: \"**/junit.xml\"");
    github.commit("main", &[("tollgate.yml", &policy)]);
    github.pull(7).changes(&[("src/a.py", "a = 3\n")]);
    github.run(77).of_pull(7);
    attest(&github, &authority, &of_run(&github));
    not_attested(&github, &authority).says("artifact tollgate-reports-more-a1: it has no provenance");
}

#[test]
fn of_too_many_artifacts_none_is_looked_up() {
    let (github, authority) =
        (github(&policy().replace("junit.xml", "\"**/*.xml\"")), Authority::new(Like::Private));
    for n in 0..20 {
        let (name, file) = (format!("tollgate-reports-{n}"), format!("{n}.xml"));
        github.run(77).artifact(&name, &zip(&[(&file, PASSES)]));
    }
    not_attested(&github, &authority).says("21 artifacts hold these reports");
    assert_eq!(asked(&github), 0);
}
