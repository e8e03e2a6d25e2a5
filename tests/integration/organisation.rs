//! An organisation's policy over a repository's, as an admin and an owner meet them.

use crate::program::{Place, Run};

const PASSING: &str = "<testsuite name='s' tests='1'><testcase classname='c' name='works'/></testsuite>";
const ORG: &str = "version: 1\nfloor:\n  tests.executed: { min: 1 }\n";
const STRICT: &str = "version: 1\nfloor:\n  tests.executed: { min: 9 }\n";

/// A repository with one passing test on a branch beside `main`.
fn repository(policy: &str) -> Place {
    let place = Place::new();
    place.git(&["init", "-q"]);
    place.file(".gitignore", "junit.xml\n");
    place.file("src/a.py", "a = 1\n");
    if !policy.is_empty() {
        place.file("tollgate.yml", policy);
    }
    place.commit("base");
    place.git(&["checkout", "-q", "-b", "change"]);
    place.file("src/a.py", "a = 2\n");
    place.file("junit.xml", PASSING);
    place.commit("change");
    let base = place.git(&["rev-parse", "main"]);
    place.git(&["remote", "add", "origin", "https://host.example/acme/payments"]);
    place.git(&["update-ref", "refs/remotes/origin/main", &base]);
    place
}

/// A folder with the files of an organisation's policy.
fn organisation(files: &[(&str, &str)]) -> Place {
    let place = Place::new();
    for (name, text) in files {
        place.file(name, text);
    }
    place
}

fn check(place: &Place, organisation: &str) -> Run {
    place.tollgate(&["check", "--base", "main", "--org-policy", organisation])
}

/// The same in the run of a pull request, which must not trust its own checkout.
pub(crate) fn check_in_ci(place: &Place, arguments: &[&str], event: &str) -> Run {
    let runner = Place::new();
    let base = place.git(&["rev-parse", "main"]);
    let event = format!(
        r#"{{"repository": {{"default_branch": "main"{event}}},
        "pull_request": {{"base": {{"ref": "main", "sha": "{base}"}}}}}}"#
    );
    let event = runner.file("event.json", event);
    let variables = [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_EVENT_NAME", "pull_request"),
        ("GITHUB_EVENT_PATH", event.to_str().unwrap()),
        ("GITHUB_BASE_REF", "main"),
        ("GITHUB_REPOSITORY", "acme/payments"),
    ];
    place.tollgate_with(&[&["check"], arguments].concat(), &variables)
}

fn text(place: &Place) -> &str {
    place.path().to_str().unwrap()
}

#[test]
fn a_floor_holds_for_a_repository_that_asks_for_less_and_is_said() {
    let place = repository("version: 1\nrules: { tests.executed: { min: 1 } }\n");
    let organisation = organisation(&[("org.yml", STRICT)]);
    let run = check(&place, text(&organisation)).exits(1).says("need: at least 9 tests");
    run.says("below-floor").says("org.yml:3");
    check(&place, text(&self::organisation(&[("org.yml", ORG)]))).exits(0);
}

#[test]
fn without_an_organisation_s_policy_the_verdict_says_so() {
    let said = "no organisation policy read: floors are not in force here";
    let place = repository("");
    place.tollgate(&["check", "--base", "main"]).exits(0).says(said);
    let with = check(&place, text(&organisation(&[("org.yml", ORG)]))).exits(0);
    assert!(!with.all().contains(said));
}

#[test]
fn a_policy_that_is_extended_and_not_read_is_no_verdict() {
    let place = repository("version: 1\nextends: acme/.tollgate\n");
    let run = place.tollgate(&["check", "--base", "main"]).exits(3);
    run.says("error[no-organisation-policy]").says("tollgate.yml:2").says("--org-policy");
    check(&place, text(&organisation(&[("org.yml", ORG)]))).exits(0);
    let other = organisation(&[("org.yml", ORG)]);
    other.git(&["init", "-q"]);
    other.git(&["remote", "add", "origin", "git@host.example:evil/policy.git"]);
    check(&place, text(&other)).exits(3).says("that of `evil/policy` was");
}

#[test]
fn an_organisation_s_policy_with_a_mistake_or_without_a_place_never_means_no_rules() {
    let place = repository("");
    let broken = |files: &[(&str, &str)]| check(&place, text(&organisation(files))).exits(2);
    broken(&[("org.yml", "version: 1\nflor: {}\n")]).says("did you mean `floor`?").says("org.yml:2:1");
    broken(&[("org.yml", ORG), ("groups/a.yml", "version: 1\n")]).says("groups/a.yml:1:1");
    broken(&[("org.yml", ORG), ("groups/a.yaml", "version: 1\n")]).says("error[misnamed-policy]");
    broken(&[("org.yml", ORG), ("repos/payments.yml", "nonsense\n")]).says("repos/payments.yml");
    broken(&[("org.yml", ORG), ("repos/Payments.yml", "nonsense\n")]).says("repos/Payments.yml");
    broken(&[("org.yml", ORG), ("tollgate/org.yml", ORG)]).says("error[two-policies]");
    broken(&[("org.yaml", ORG)]).says("error[misnamed-policy]");
    broken(&[("README.md", "policy")]).says("error[no-organisation-policy]");
    broken(&[("org.yml", &format!("version: 1\n#{}", "x".repeat(10 << 20)))]).says("error[policy-too-large]");
    check(&place, "/nonexistent").exits(2).says("error[no-organisation-policy]");
    check(&place, "https://host.example/acme/.tollgate").exits(2).says("git clone --bare");
    // Somebody else's file stops nobody here.
    let other =
        organisation(&[("org.yml", ORG), ("repos/other.yml", "nonsense\n"), ("groups/README.md", "x")]);
    check(&place, text(&other)).exits(0);
}

#[test]
fn a_group_by_topic_needs_facts_of_the_repository() {
    let place = repository("");
    let group = "version: 1\nselect: { topic: tier-1 }\nfloor: { tests.executed: { min: 9 } }\n";
    let policy = organisation(&[("org.yml", ORG), ("groups/tier.yml", group)]);
    check(&place, text(&policy)).exits(3).says("error[facts-missing]").says("groups/tier.yml:2");
    let with_facts = |facts: &str| {
        let file = policy.file("facts.json", facts);
        let options = ["--org-policy", text(&policy), "--repo-facts", file.to_str().unwrap()];
        place.tollgate(&[["check", "--base", "main"].as_slice(), &options].concat())
    };
    with_facts(r#"{"topics": ["tier-1"]}"#).exits(1);
    with_facts(r#"{"topics": []}"#).exits(0);
    with_facts(r#"{"topics": "tier-1"}"#).exits(2).says("error[facts-missing]");
    with_facts("").exits(2);
    // GitHub's event says the same, and no change can write it.
    check_in_ci(&place, &["--org-policy", text(&policy)], r#", "topics": ["tier-1"]"#).exits(1);
    check_in_ci(&place, &["--org-policy", text(&policy)], r#", "topics": []"#).exits(0);
    check_in_ci(&place, &["--org-policy", text(&policy)], "").exits(3);
}

#[test]
fn a_file_for_one_repository_goes_by_its_name_in_any_case() {
    let place = repository("");
    let own = "version: 1\nfloor: { tests.executed: { min: 9 } }\n";
    let policy = organisation(&[("org.yml", ORG), ("repos/PAYMENTS.yml", own)]);
    check(&place, text(&policy)).exits(1).says("PAYMENTS.yml:2");
}

#[test]
fn a_change_never_brings_the_organisation_s_policy_or_the_facts() {
    let place = repository("");
    place.file("policy/org.yml", ORG);
    let facts = place.file("facts.json", r#"{"topics": []}"#);
    place.commit("mine");
    let outside = organisation(&[("org.yml", ORG)]);
    for (arguments, status) in [
        (["--org-policy", "policy"], 2),
        (["--org-policy", "src/../policy"], 2),
        (["--org-policy", place.path().join("policy").to_str().unwrap()], 2),
        (["--org-policy", "policy@HEAD"], 2),
        (["--repo-facts", facts.to_str().unwrap()], 2),
        (["--org-policy", text(&outside)], 0),
    ] {
        let run = check_in_ci(&place, &arguments, "").exits(status);
        assert!(status == 0 || run.all().contains("error[policy-from-head]"), "{arguments:?}: {}", run.all());
    }
    check(&place, "policy").exits(0);
}

#[cfg(unix)]
#[test]
fn a_link_or_a_submodule_of_the_change_is_no_policy_and_a_clone_in_the_checkout_is() {
    let place = repository("");
    let outside = organisation(&[("org.yml", ORG)]);
    std::os::unix::fs::symlink(outside.path(), place.path().join("link")).unwrap();
    place.file("module/org.yml", ORG);
    place.file("module/.git", "gitdir: ../.git/modules/module\n");
    check_in_ci(&place, &["--org-policy", "link"], "").exits(2).says("policy-from-head");
    check_in_ci(&place, &["--org-policy", "module"], "").exits(2).says("policy-from-head");
    let clone = organisation(&[("org.yml", ORG)]);
    clone.git(&["init", "-q"]);
    clone.commit("policy");
    place.git(&["clone", "-q", text(&clone), "cloned"]);
    check_in_ci(&place, &["--org-policy", "cloned"], "").exits(0);
}

#[test]
fn a_revision_of_a_clone_is_read_and_named() {
    let place = repository("");
    let policy = organisation(&[("org.yml", STRICT)]);
    policy.git(&["init", "-q"]);
    let strict = policy.commit("strict");
    policy.git(&["tag", "v1"]);
    policy.file("org.yml", ORG);
    policy.commit("lax");
    let at = |revision: &str| format!("{}@{revision}", text(&policy));
    check(&place, &at("v1")).exits(1).says(strict.get(..7).unwrap());
    check(&place, &at(&strict)).exits(1);
    check(&place, &at("main")).exits(0);
    check(&place, &at("v2")).exits(2).says("error[unknown-revision]");
    let bare = Place::new();
    bare.git(&["clone", "-q", "--bare", text(&policy), "policy.git"]);
    check(&place, &format!("{}/policy.git@v1", text(&bare))).exits(1);
    check(&place, &format!("file://{}/policy.git@main", text(&bare))).exits(0);
}

#[test]
fn a_revision_of_the_judged_repository_is_one_of_its_default_branch() {
    let place = repository("");
    place.git(&["checkout", "-q", "main"]);
    place.file("policy/org.yml", STRICT);
    place.commit("policy");
    let base = place.git(&["rev-parse", "main"]);
    place.git(&["update-ref", "refs/remotes/origin/main", &base]);
    place.git(&["checkout", "-q", "-b", "topic"]);
    place.file("policy/org.yml", ORG);
    place.commit("laxer");
    check_in_ci(&place, &["--org-policy", "policy@origin/main"], "").exits(1).says("at least 9 tests");
    check_in_ci(&place, &["--org-policy", "policy@topic"], "").exits(2).says("policy-from-head");
}
