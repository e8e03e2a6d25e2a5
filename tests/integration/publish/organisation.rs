//! The organisation's policy: where it is looked for, who may see it, what it may not be.

use super::{CI, PASSES, POLICY, github, publish, publish_as_action, ran};
use crate::github::{GitHub, REPOSITORY};

/// A token that sees what the job's own does not.
const OF_ORGANISATION: &str = "ghp_organisationorganisationorganisation";

#[test]
fn the_floors_of_a_public_organisation_policy_are_in_force() {
    let floor = "version: 1\nfloor:\n  tests.executed: { min: 5 }\n";
    for (repository, file) in [("acme/.tollgate", "org.yml"), ("acme/.github", "tollgate/org.yml")] {
        let github = github();
        github.commit_in(repository, "main", &[(file, floor)]);
        let head = ran(&github, PASSES, "success");
        publish(&github).exits(0).says("the verdict is needs-changes");
        let check = &github.checks(&head)[0];
        assert!(check.summary.contains(repository), "{}", check.summary);
        assert!(!check.summary.contains("floors are not in force"), "{}", check.summary);
    }
}

#[test]
fn groups_and_the_file_of_the_repository_are_read_with_the_organisation_policy() {
    let github = github();
    github.repository_says(REPOSITORY, serde_json::json!({"topics": ["tier-1"]}));
    github.commit_in(
        "acme/.tollgate",
        "main",
        &[
            ("org.yml", "version: 1\n"),
            (
                "groups/tier.yml",
                "version: 1\nselect: { topic: tier-1 }\nfloor:\n  tests.executed: { min: 5 }\n",
            ),
            ("repos/payments.yml", "version: 1\ndefaults:\n  tests.executed: { min: 2 }\n"),
            ("repos/other.yml", "this is: [no policy\n"),
        ],
    );
    ran(&github, PASSES, "success");
    publish(&github).exits(0).says("the verdict is needs-changes").says("at least 5 tests");
}

#[test]
fn an_organisation_without_a_policy_is_said_and_one_that_is_declared_and_unseen_is_no_verdict() {
    let github = github();
    let head = ran(&github, PASSES, "success");
    publish(&github).exits(0).says("the verdict is passed");
    assert!(github.checks(&head)[0].summary.contains("floors are not in force here"));

    let github = GitHub::start();
    let extends = format!("{POLICY}extends: acme/.tollgate\n");
    github.commit_in("acme/.tollgate", "main", &[("org.yml", "version: 1\n")]);
    github.seen_only_by("acme/.tollgate", OF_ORGANISATION);
    github.commit("main", &[("src/a.py", "a = 1\n"), ("tollgate.yml", &extends), (CI, "on: pull_request\n")]);
    github.pull(7).of_fork("eve").changes(&[("src/a.py", "a = 2\n")]);
    ran(&github, PASSES, "success");
    publish(&github).exits(0).says("the verdict is no-verdict");
    // A token that may read it makes it a verdict.
    github.token(OF_ORGANISATION, &[("metadata", "read"), ("contents", "read")]);
    publish_as_action(&github, &[("INPUT_ORG-POLICY-TOKEN", OF_ORGANISATION)])
        .exits(0)
        .says("the verdict is passed");
}

#[test]
fn a_token_for_the_organisation_policy_that_does_not_see_it_is_no_verdict() {
    let github = github();
    ran(&github, PASSES, "success");
    github.token(OF_ORGANISATION, &[("metadata", "read"), ("contents", "read")]);
    publish_as_action(&github, &[("INPUT_ORG-POLICY-TOKEN", OF_ORGANISATION)])
        .exits(0)
        .says("the verdict is no-verdict")
        .says("no-organisation-policy");
}

#[test]
fn an_organisation_policy_with_mistakes_or_a_link_for_a_file_is_no_verdict() {
    for file in ["version: 1\nflor: {}\n", "[unclosed"] {
        let github = github();
        github.commit_in("acme/.tollgate", "main", &[("org.yml", file)]);
        ran(&github, PASSES, "success");
        publish(&github).exits(0).says("the verdict is no-verdict");
    }
    let github = github();
    github.commit_in(
        "acme/.tollgate",
        "main",
        &[("org.yml", "version: 1\n"), ("groups/a.yaml", "version: 1\n")],
    );
    ran(&github, PASSES, "success");
    publish(&github).exits(0).says("the verdict is no-verdict").says("misnamed-policy");
}
