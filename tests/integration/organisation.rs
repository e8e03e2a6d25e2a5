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
fn a_record_says_as_a_class_who_proposes_the_change() {
    let place = repository("version: 1\nowners: ['@acme/pay']\n");
    let by = |login: &str, files: &[(&str, &str)]| {
        let runner = Place::new();
        let organisation = organisation(&[&[("org.yml", ORG)], files].concat());
        let base = place.git(&["rev-parse", "main"]);
        let event = format!(
            r#"{{"repository": {{"default_branch": "main"}}, "pull_request": {{"user": {{"login": "{login}"}},
            "base": {{"ref": "main", "sha": "{base}", "repo": {{"id": 1}}}}, "head": {{"repo": {{"id": 2}}}}}}}}"#
        );
        let event = runner.file("event.json", &event);
        let record = runner.path().join("verdict.json");
        let options =
            ["check", "--org-policy", text(&organisation), "--write-json", record.to_str().unwrap()];
        let variables = [
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_EVENT_NAME", "pull_request"),
            ("GITHUB_EVENT_PATH", event.to_str().unwrap()),
            ("GITHUB_BASE_REF", "main"),
        ];
        place.tollgate_with(&options, &variables).exits(0);
        let text = std::fs::read_to_string(&record).unwrap();
        assert!(!text.contains(login), "a record names nobody");
        let record: serde_json::Value = serde_json::from_str(&text).unwrap();
        let author = &record["context"]["author"];
        [&author["class"], &author["why"]].map(|said| said.as_str().unwrap().to_owned())
    };
    let asked = "permission unknown: nobody was asked with a token that may know";
    let teams = ("teams.json", r#"{"acme/pay": ["alice"]}"#);
    assert_eq!(by("alice", &[teams]), ["owner", "in owners, or owns a changed path; from a fork"]);
    assert_eq!(
        by("carol", &[teams]),
        ["external", &format!("{asked}; not in owners, owns no changed path; from a fork")]
    );
    assert_eq!(by("robot[bot]", &[teams]), ["bot", "a bot; from a fork"]);
    let unknown = format!("{asked}; the members of a team of owners are not known; from a fork");
    assert_eq!(by("alice", &[]), ["unknown", &unknown]);
    let broken = organisation(&[("org.yml", ORG), ("teams.json", "[]")]);
    check(&place, text(&broken)).exits(2).says("error[bad-export]").says("teams.json");
}

#[test]
fn a_member_of_a_team_may_own_a_waiver_where_the_team_may() {
    let waiver = "version: 1\nrules: { tests.executed: { min: 5 } }\nwaivers: [ { rule: tests.executed, owner: '@alice', \
                  reason: r, expires: 2099-01-01 } ]\n";
    let place = repository(waiver);
    let limits = "version: 1\nlimits: { waiver-owners: ['@acme/sec'] }\n";
    check(&place, text(&organisation(&[("org.yml", limits)]))).exits(1).says("waiver-refused");
    let teams = r#"{"acme/sec": ["@acme/leads"], "acme/leads": ["alice"]}"#;
    check(&place, text(&organisation(&[("org.yml", limits), ("teams.json", teams)]))).exits(0);
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

#[test]
fn an_organisation_s_policy_is_replayed_over_records_with_paths_of_their_own() {
    let place = repository(
        "version: 1\nrules: { tests.executed: { min: 1 }, tests.skipped: { max: 5 } }\n\
         paths: [ { suites: [c], rules: { tests.skipped: { max: 3 } } }, { suites: [s], rules: { tests.skipped: { max: 4 } } } ]\n",
    );
    std::fs::create_dir(place.path().join("records")).unwrap();
    let record = place.path().join("records/1.json");
    let options = ["check", "--base", "main", "--write-json", record.to_str().unwrap()];
    place.tollgate(&options).exits(0);
    let simulate = |text_of: &str| {
        let policy = organisation(&[("org.yml", text_of)]);
        place.tollgate(&["simulate", "--records", "records", "--org-policy", text(&policy)])
    };
    let same = "Nothing in the records differs from the change";
    simulate(ORG).exits(0).says(same);
    simulate(STRICT).exits(0).says("tests.executed");
    // What an entry of `paths` would release then is not in the record: it is left out, and never guessed.
    simulate("version: 1\nfloor: { tests.skipped: { max: 2 } }\n").exits(0).says("1 left out: no data");
    let as_of =
        ["explain", "tests.executed", "--base", "main", "--records", "records", "--as-of", "2026-12-01"];
    let lately = place.tollgate(&as_of).exits(0);
    assert!(lately.out.contains("last 90 days"), "{}", lately.out);
    simulate("version: 1\nflor: {}\n").exits(2).says("did you mean `floor`?");
}

#[test]
fn a_release_branch_may_ask_for_more_and_only_with_leave_judges_by_its_own_file() {
    let place =
        repository("version: 1\nbranches: [ { match: release/*, rules: { tests.executed: { min: 2 } } } ]\n");
    place.git(&["branch", "release/1", "main"]);
    place.tollgate(&["check", "--base", "main"]).exits(0);
    place.tollgate(&["check", "--base", "release/1"]).exits(1).says("need: at least 2 tests");
    let explain = place.tollgate(&["explain", "tests.executed", "--base", "release/1"]).exits(0);
    explain.says("repository, for the branch");
    // The branch's own file asks for nothing, and counts only where the organisation lets it.
    place.git(&["checkout", "-q", "release/1"]);
    place.file("tollgate.yml", "version: 1\n");
    place.commit("lax");
    let base = place.git(&["rev-parse", "release/1"]);
    place.git(&["checkout", "-q", "-b", "fix"]);
    place.file("src/a.py", "a = 3\n");
    place.file("junit.xml", PASSING);
    place.commit("fix");
    let run = |organisation: &Place| {
        let runner = Place::new();
        let event = format!(
            r#"{{"repository": {{"default_branch": "main"}},
            "pull_request": {{"base": {{"ref": "release/1", "sha": "{base}"}}}}}}"#
        );
        let event = runner.file("event.json", &event);
        let variables = [
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_EVENT_NAME", "pull_request"),
            ("GITHUB_EVENT_PATH", event.to_str().unwrap()),
            ("GITHUB_BASE_REF", "release/1"),
        ];
        place.tollgate_with(&["check", "--org-policy", text(organisation)], &variables)
    };
    let none = organisation(&[("org.yml", "version: 1\n")]);
    run(&none).exits(1).says("need: at least 2 tests");
    let leave = organisation(&[("org.yml", "version: 1\nlimits: { own-branches: release/* }\n")]);
    run(&leave).exits(0).says("read from release/1");
    let floor = "version: 1\nlimits: { own-branches: release/* }\nfloor: { tests.executed: { min: 3 } }\n";
    run(&organisation(&[("org.yml", floor)])).exits(1).says("need: at least 3 tests");
}

#[test]
fn the_dry_run_of_a_proposed_policy_reads_what_the_change_brings_beside_it() {
    let place = repository("version: 1\n");
    place.file("tollgate.yml", "version: 1\nvex: vex.json\n");
    let missing = place.tollgate(&["check", "--base", "main"]).exits(0);
    missing.says("under it: no verdict");
    let vex = r#"{"@context": "https://openvex.dev/ns/v0.2.0", "@id": "x", "author": "a", "version": 1,
        "timestamp": "2026-01-01T00:00:00Z", "statements": []}"#;
    place.file("vex.json", vex);
    place.tollgate(&["check", "--base", "main"]).exits(0).says("under it: passed");
}

#[test]
fn a_laptop_with_the_context_of_ci_gives_the_verdict_of_ci() {
    let policy = "version: 1\nvex: vex.json\nrules: { tests.executed: { min: 1 }, tests.removed: { max: 0 } }\nwaivers: [ { rule: \
                  tests.executed, owner: '@alice', reason: r, expires: 2099-01-01 } ]\n";
    let place = repository("");
    place.git(&["checkout", "-q", "main"]);
    place.file("tollgate.yml", policy);
    place.file(
        "vex.json",
        r#"{"@context": "https://openvex.dev/ns/v0.2.0", "@id": "x", "author": "a", "version": 1,
        "timestamp": "2026-01-01T00:00:00Z", "statements": []}"#,
    );
    place.commit("policy");
    place.file("junit.xml", PASSING.replace("works", "was-here"));
    let snapshot = place.path().join(".git/base.snapshot");
    place.tollgate(&["check", "--save-snapshot", snapshot.to_str().unwrap()]);
    place.git(&["checkout", "-q", "-B", "change"]);
    place.file("src/a.py", "a = 2\n");
    place.file("junit.xml", PASSING);
    place.commit("change");
    let limits =
        "version: 1\nlimits: { waiver-owners: ['@acme/sec'] }\nfloor: { tests.executed: { min: 9 } }\n";
    let teams = r#"{"acme/sec": ["alice", "bob"]}"#;
    let organisation = organisation(&[("org.yml", limits), ("teams.json", teams)]);
    let context = place.path().join(".git/context.gz");
    let (context, snapshot) = (context.to_str().unwrap(), snapshot.to_str().unwrap());
    let ci = place
        .tollgate(&[
            "check",
            "--base",
            "main",
            "--base-snapshot",
            snapshot,
            "--org-policy",
            text(&organisation),
            "--save-context",
            context,
        ])
        .exits(1);
    let ci = ci.says("1 removed").says("waived by @alice");
    // Nothing is left on the laptop but the clone and the context.
    drop(organisation);
    std::fs::remove_file(snapshot).unwrap();
    let laptop = place.tollgate(&["check", "--context", context]).exits(1);
    assert_eq!(laptop.out, ci.out);
    let alone = place.tollgate(&["check", "--base", "main"]);
    assert_ne!(alone.out, ci.out);
    alone.says("judged without the evidence of the base, an organisation's policy");
    // No person stands in it whom the policy does not name.
    let packed = std::fs::read(context).unwrap();
    let mut plain = String::new();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(packed.as_slice()), &mut plain).unwrap();
    assert!(plain.contains("@alice") && !plain.contains("bob"));
    // What is not as it was is named.
    place.file("src/a.py", "a = 3\n");
    place.commit("more");
    place.tollgate(&["check", "--context", context]).says("context-differs");
    place.file("tollgate.yml", "version: 1\n");
    place.tollgate(&["check", "--context", context]).says("policy-differs");
    place.tollgate(&["check", "--context", context, "--org-policy", "x"]).exits(2);
    let damaged = place.file("damaged.gz", "nothing");
    place.tollgate(&["check", "--context", damaged.to_str().unwrap()]).exits(2).says("--save-context");
    // A change must not bring its own.
    let brought = place.path().join("own.gz");
    std::fs::copy(context, &brought).unwrap();
    check_in_ci(&place, &["--context", brought.to_str().unwrap()], "").exits(2).says("policy-from-head");
}

const VEX: &str = r#"{"@context": "https://openvex.dev/ns/v0.2.0", "author": "sec@acme.example", "timestamp": "2026-01-01T00:00:00Z",
    "statements": [{"vulnerability": {"name": "CVE-2026-1"}, "products": [{"@id": "pkg:npm/p"}],
    "status": "not_affected", "justification": "vulnerable_code_not_present"}]}"#;
const KEV: &str =
    r#"{"dateReleased": "2026-11-01T00:00:00Z", "count": 1, "vulnerabilities": [{"cveID": "CVE-2026-2"}]}"#;

/// A repository whose change brings two vulnerabilities.
fn vulnerable() -> Place {
    let place = repository(
        "version: 1\nrules: { scan.all: { critical: 0, high: 0 }, scan.exploited: { max: 0, count: all } }\n",
    );
    let finding = |id: &str| {
        format!(
            r#"{{"VulnerabilityID": "{id}", "PkgName": "p", "InstalledVersion": "1", "Severity": "HIGH"}}"#
        )
    };
    place.file(
        "trivy.json",
        format!(
            r#"{{"SchemaVersion": 2, "ArtifactName": ".", "Results": [{{"Target": "package-lock.json", "Class": "lang-pkgs", "Type": "npm", "Vulnerabilities": [{}, {}]}}]}}"#,
            finding("CVE-2026-1"),
            finding("CVE-2026-2")
        ),
    );
    place
}

#[test]
fn what_the_organisation_states_of_vulnerabilities_holds_for_its_repositories() {
    let place = vulnerable();
    let named = "version: 1\nvex: [vex/all.json]\nkev: feeds/kev.json\n";
    for folder in ["", "tollgate/"] {
        let org = organisation(&[
            (&format!("{folder}org.yml"), named),
            (&format!("{folder}vex/all.json"), VEX),
            (&format!("{folder}feeds/kev.json"), KEV),
        ]);
        check(&place, text(&org))
            .exits(1)
            .says("scan.all          1 finding (1 high), 1 not counted")
            .says("sec@acme.example in")
            .says(&format!("{folder}vex/all.json"))
            .says("1 exploited vulnerability, KEV of 2026-11-01");
    }
}

#[test]
fn a_context_carries_what_the_organisation_names() {
    let place = vulnerable();
    let named = "version: 1\nvex: [vex/all.json]\nkev: feeds/kev.json\n";
    let org = organisation(&[("org.yml", named), ("vex/all.json", VEX), ("feeds/kev.json", KEV)]);
    let context = place.path().join(".git/context.gz");
    let context = context.to_str().unwrap();
    let ci = place
        .tollgate(&["check", "--base", "main", "--org-policy", text(&org), "--save-context", context])
        .exits(1)
        .says("1 not counted");
    drop(org);
    assert_eq!(place.tollgate(&["check", "--context", context]).exits(1).out, ci.out);
}

#[test]
fn a_vex_statement_that_is_too_old_hides_nothing_and_is_named() {
    let place = vulnerable();
    let named = |limits: &str| format!("version: 1\nvex: [vex/all.json]\n{limits}");
    let judged = |limits: &str, day: &str| {
        let org = organisation(&[("org.yml", &named(limits)), ("vex/all.json", VEX)]);
        place.tollgate(&["check", "--base", "main", "--org-policy", text(&org), "--as-of", day])
    };
    // It was made on 2026-01-01.
    judged("", "2026-12-01").says("1 not counted");
    judged("", "2027-01-02").says("2 findings (2 high)").says("waiver-expired").says("is older than 365");
    judged("limits: { vex-max-days: 90 }\n", "2026-12-01")
        .says("2 findings (2 high)")
        .says("is older than 90");
}

#[test]
fn a_document_that_the_organisation_names_and_nobody_can_read_is_never_an_empty_one() {
    let place = vulnerable();
    let named = "version: 1\nvex: [vex/all.json]\n";
    check(&place, text(&organisation(&[("org.yml", named)]))).exits(2).says("vex/all.json");
    let broken = organisation(&[("org.yml", named), ("vex/all.json", "{}")]);
    check(&place, text(&broken)).exits(2).says("the file is no VEX document");
    let outside = organisation(&[("org.yml", "version: 1\nvex: [../all.json]\n")]);
    check(&place, text(&outside)).exits(2).says("../all.json");
}
