use super::*;

const CI: &str = "name: CI\non:\n  pull_request:\n  merge_group:\njobs:\n  test:\n    steps:\n      - uses: acme/tollgate@v1\n";
const SECOND: &str = "name: Check\non:\n  workflow_run:\n    workflows: [CI]\n    types: [completed]\njobs:\n  publish:\n    \
     permissions: { actions: read, checks: write, contents: read, pull-requests: read }\n    steps:\n      \
     - uses: acme/tollgate@v1\n        with: { stage: publish }\n";

fn files(files: &[(&str, &str)]) -> Vec<TextFile> {
    files.iter().map(|(name, text)| TextFile { name: (*name).to_owned(), text: (*text).to_owned() }).collect()
}

fn facts() -> GitHubFacts {
    GitHubFacts {
        default_branch: "main".to_owned(),
        is_private: false,
        demands: Ok(BranchDemands {
            checks: vec![RequiredCheck {
                name: "Tollgate".to_owned(),
                app: Some(77),
                asked_by: "ruleset 4".to_owned(),
            }],
            merge_queue: true,
            ..BranchDemands::default()
        }),
        fork_runs: Ok(None),
        actions: Ok(ActionsSettings { enabled: true, allowed: Some("all".to_owned()) }),
        default_rights: Ok("read".to_owned()),
        switched_off: Ok(Vec::new()),
        runs: Ok(RunsSeen { first_stage: true, second_stage: Some("success".to_owned()) }),
        organisation: Ok(OrganisationSeen {
            declared: None,
            source: Some("acme/.tollgate at a1b2c3d".to_owned()),
        }),
    }
}

/// The codes of what is found, with their lines.
fn found(workflows: &[(&str, &str)], facts: Option<&GitHubFacts>) -> Vec<(&'static str, usize)> {
    let workflows = files(workflows);
    let examined = examine(&SetUp { workflows: &workflows, gate: None, github: facts, ..SetUp::default() });
    examined
        .findings
        .iter()
        .map(|finding| (finding.code, finding.place.as_ref().map_or(0, |place| place.line)))
        .collect()
}

const BOTH: [(&str, &str); 2] = [("ci.yml", CI), ("check.yml", SECOND)];

fn with(change: impl FnOnce(&mut GitHubFacts)) -> Vec<&'static str> {
    let mut facts = facts();
    change(&mut facts);
    found(&BOTH, Some(&facts)).into_iter().map(|(code, _)| code).collect()
}

#[test]
fn a_set_up_as_the_samples_have_it_has_nothing_to_mend() {
    assert_eq!(found(&BOTH, Some(&facts())), []);
    assert_eq!(found(&BOTH, None), []);
    let workflows = files(&BOTH);
    let facts = facts();
    let examined =
        examine(&SetUp { workflows: &workflows, gate: None, github: Some(&facts), ..SetUp::default() });
    assert!(examined.unseen.is_empty() && examined.fine.len() >= 5, "{:?}", examined.fine);
}

#[test]
fn the_samples_that_are_shipped_have_nothing_to_mend() {
    let gate = include_str!("../../../examples/workflows/gate-job.yml");
    let publish = include_str!("../../../examples/workflows/publish.yml");
    assert_eq!(found(&[("gate-job.yml", gate), ("publish.yml", publish)], None), []);
}

#[test]
fn a_required_check_from_any_source_is_a_problem_and_from_the_app_of_all_workflows_advice() {
    let source = |app| with(|facts| facts.demands.as_mut().unwrap().checks[0].app = app);
    assert_eq!(source(None), ["unpinned-check-source"]);
    assert_eq!(source(Some(ACTIONS_APP)), ["shared-check-source"]);
}

#[test]
fn a_check_that_no_rule_asks_for_or_spells_otherwise_is_a_problem() {
    assert_eq!(with(|facts| facts.demands = Ok(BranchDemands::default())), ["check-not-required"]);
    let renamed = |facts: &mut GitHubFacts| {
        facts.demands.as_mut().unwrap().checks[0].name = "tollgate".to_owned();
    };
    assert_eq!(with(renamed), ["check-not-required"]);
    // Where the other place for such rules cannot be seen, nobody can say that none asks.
    let unseen = |facts: &mut GitHubFacts| {
        facts.demands =
            Ok(BranchDemands { protection_unseen: Some("403".to_owned()), ..BranchDemands::default() });
    };
    assert_eq!(with(unseen), [""; 0]);
}

#[test]
fn a_workflow_that_does_not_run_in_the_queue_is_a_problem_where_there_is_one() {
    let ci = CI.replace("  merge_group:\n", "");
    let workflows = [("ci.yml", ci.as_str()), ("check.yml", SECOND)];
    let mut facts = facts();
    let level = |facts: Option<&GitHubFacts>| {
        let files = files(&workflows);
        let examined = examine(&SetUp { workflows: &files, gate: None, github: facts, ..SetUp::default() });
        examined.findings.iter().map(|finding| (finding.code, finding.level)).collect::<Vec<_>>()
    };
    assert_eq!(level(Some(&facts)), [("missing-merge-group", Level::Problem)]);
    assert_eq!(level(None), [("missing-merge-group", Level::Advice)]);
    facts.demands.as_mut().unwrap().merge_queue = false;
    assert_eq!(level(Some(&facts)), []);
}

#[test]
fn filters_of_a_judging_workflow_are_problems_with_their_lines() {
    let ci = CI.replace("  pull_request:\n", "  pull_request:\n    paths: [src/**]\n    branches: [main]\n");
    let workflows = [("ci.yml", ci.as_str()), ("check.yml", SECOND)];
    let filtered = "filtered-required-workflow";
    assert_eq!(found(&workflows, Some(&facts())), [(filtered, 5), (filtered, 4)]);
    let more =
        [("ci.yml", ci.as_str()), ("more.yml", &CI.replace("name: CI", "name: More")), ("check.yml", SECOND)];
    let files = files(&more);
    let examined = examine(&SetUp { workflows: &files, gate: None, github: None, ..SetUp::default() });
    assert!(!examined.fine.iter().any(|fine| fine.contains("filter")), "one that is well hides no other");
    // A workflow that has nothing to do with the gate may have them.
    let other = "name: Docs\non:\n  pull_request:\n    paths: [docs/**]\njobs: { docs: { steps: [] } }\n";
    assert_eq!(found(&[("ci.yml", CI), ("check.yml", SECOND), ("docs.yml", other)], Some(&facts())), []);
}

#[test]
fn names_that_look_alike_are_problems() {
    let job = "on: push\njobs:\n  Tollgate:\n    steps: []\n";
    let workflows = [("ci.yml", CI), ("check.yml", SECOND), ("x.yml", job)];
    assert_eq!(found(&workflows, Some(&facts())), [("look-alike-job", 3)]);
    let named = job.replace("Tollgate", "other").replace("    steps", "    name: Tollgate\n    steps");
    assert_eq!(
        found(&[("ci.yml", CI), ("check.yml", SECOND), ("x.yml", &named)], None),
        [("look-alike-job", 3)]
    );
    let same = "on: push\njobs:\n  test: { steps: [] }\n";
    assert_eq!(
        found(&[("ci.yml", CI), ("check.yml", SECOND), ("x.yml", same)], None),
        [("look-alike-job", 3)]
    );
    let twin = "name: CI\non: [push, merge_group]\njobs: { lint: { steps: [] } }\n";
    assert_eq!(
        found(&[("ci.yml", CI), ("check.yml", SECOND), ("x.yml", twin)], None),
        [("look-alike-workflow", 3)]
    );
}

#[test]
fn forks_with_rights_or_without_runs_are_problems() {
    let runs = |run, write_tokens, secrets| {
        with(|facts| {
            facts.is_private = true;
            facts.fork_runs = Ok(Some(ForkRuns { run, write_tokens, secrets }));
        })
    };
    assert_eq!(runs(true, true, true), ["secrets-for-forks", "write-token-for-forks"]);
    assert_eq!(runs(false, false, false), ["forks-do-not-run"]);
    assert_eq!(runs(true, false, false), [""; 0]);
    assert_eq!(with(|facts| facts.default_rights = Ok("write".to_owned())), ["default-write-token"]);
}

#[test]
fn a_second_stage_that_cannot_start_or_never_ran_is_a_problem() {
    let ran = |second: Option<&str>| {
        let second_stage = second.map(str::to_owned);
        with(|facts| facts.runs = Ok(RunsSeen { first_stage: true, second_stage }))
    };
    assert_eq!(ran(Some("startup_failure")), ["second-stage-blocked"]);
    assert_eq!(ran(None), ["second-stage-blocked"]);
    assert_eq!(ran(Some("failure")), [""; 0]);
    assert_eq!(with(|facts| facts.runs = Ok(RunsSeen::default())), [""; 0]);
    let off = |facts: &mut GitHubFacts| {
        facts.switched_off = Ok(vec![("check.yml".to_owned(), "disabled_inactivity".to_owned())]);
    };
    assert_eq!(with(off), ["workflow-switched-off"]);
    let settings = |enabled, allowed: &str| {
        let allowed = Some(allowed.to_owned());
        with(|facts| facts.actions = Ok(ActionsSettings { enabled, allowed }))
    };
    assert_eq!(settings(true, "local_only"), ["action-not-allowed"]);
    assert_eq!(settings(false, "all"), ["actions-switched-off"]);
}

#[test]
fn a_second_stage_with_a_checkout_a_missing_right_or_a_wrong_name_is_a_problem() {
    let changed = |from: &str, to: &str| {
        let second = SECOND.replace(from, to);
        assert_ne!(second, SECOND);
        found(&[("ci.yml", CI), ("check.yml", &second)], None)
    };
    assert_eq!(changed("checks: write", "checks: read"), [("missing-right", 7)]);
    let checkout = "steps:\n      - uses: actions/checkout@v5\n      ";
    assert_eq!(changed("steps:\n      ", checkout), [("checkout-in-second-stage", 10)]);
    assert_eq!(changed("[CI]", "[Tests]"), [("second-stage-hears-nothing", 3)]);
    let target = CI.replace("pull_request:", "pull_request_target:");
    let both = found(&[("ci.yml", &target), ("check.yml", SECOND)], None);
    assert!(both.contains(&("pull-request-target", 3)), "{both:?}");
}

#[test]
fn an_organisation_policy_that_is_declared_and_unseen_is_a_problem_and_undeclared_advice() {
    let seen = |declared: Option<&str>| {
        let declared = declared.map(str::to_owned);
        with(|facts| facts.organisation = Ok(OrganisationSeen { declared, source: None }))
    };
    assert_eq!(seen(Some("acme/.tollgate")), ["organisation-policy-unreadable"]);
    assert_eq!(seen(None), ["no-organisation-policy"]);
}

#[test]
fn what_could_not_be_looked_at_is_said_and_never_taken_for_well() {
    let workflows = files(&BOTH);
    let no = || Err("GitHub answered 403".to_owned());
    let facts = GitHubFacts {
        demands: Err("GitHub answered 403".to_owned()),
        fork_runs: Err("GitHub answered 403".to_owned()),
        actions: Err("GitHub answered 403".to_owned()),
        default_rights: no(),
        switched_off: Err("GitHub answered 403".to_owned()),
        runs: Err("GitHub answered 403".to_owned()),
        organisation: Err("GitHub answered 403".to_owned()),
        ..facts()
    };
    let examined =
        examine(&SetUp { workflows: &workflows, gate: None, github: Some(&facts), ..SetUp::default() });
    assert_eq!((examined.findings.len(), examined.unseen.len()), (0, 7), "{:?}", examined.findings);
    let broken = files(&[("ci.yml", "on: [unclosed"), ("check.yml", SECOND)]);
    let examined = examine(&SetUp { workflows: &broken, gate: None, github: None, ..SetUp::default() });
    assert_eq!(examined.unseen.len(), 1);
}

#[test]
fn no_workflow_is_no_gate() {
    assert_eq!(found(&[], None), [("no-gate", 0)]);
}

#[test]
fn a_policy_that_cannot_be_used_is_a_problem() {
    let workflows = files(&[("ci.yml", CI)]);
    let problem = PolicyProblem {
        what: "there are two policies".to_owned(),
        place: Some(Place { file: "tollgate.yml".to_owned(), line: 1 }),
    };
    let set_up = SetUp { workflows: &workflows, policy_problem: Some(&problem), ..SetUp::default() };
    let examined = examine(&set_up);
    let found = examined.findings.iter().find(|finding| finding.code == "policy-unusable").unwrap();
    assert_eq!(found.level, Level::Problem);
    assert_eq!(found.what, "the policy cannot be used, so no change gets a verdict: there are two policies");
}

/// What is found where the policy asks for attested evidence.
fn found_attested(ci: &str, second: &str) -> Vec<(&'static str, usize)> {
    let workflows = files(&[("ci.yml", ci), ("check.yml", second)]);
    let examined = examine(&SetUp { workflows: &workflows, wants_attested: true, ..SetUp::default() });
    let line = |finding: &Finding| finding.place.as_ref().map_or(0, |place| place.line);
    examined.findings.iter().map(|finding| (finding.code, line(finding))).collect()
}

#[test]
fn a_policy_that_asks_for_attested_evidence_needs_a_run_that_signs_and_a_stage_that_reads() {
    let ci = CI.replace("  test:\n", "  test:\n    permissions: { id-token: write, attestations: write }\n");
    let ci = format!(
        "{ci}      - uses: actions/attest-build-provenance@977bb373ede98d70efdf65b84cb5f73e068dcc2a\n"
    );
    let second = SECOND.replace("checks: write,", "checks: write, attestations: read,");
    assert_eq!(found_attested(&ci, &second), []);
    assert_eq!(found_attested(CI, &second), [("nothing-attested", 0)]);
    assert_eq!(
        found_attested(&ci.replace("attestations: write", "actions: read"), &second),
        [("missing-right", 6)]
    );
    assert_eq!(found_attested(&ci.replace("id-token: write,", ""), &second), [("missing-right", 6)]);
    assert_eq!(found_attested(&ci, SECOND), [("missing-right", 7)]);
    // Where the repository's settings say what there is, the right to sign alone is lacking for certain.
    let silent = ci.replace("    permissions: { id-token: write, attestations: write }\n", "");
    assert_eq!(found_attested(&silent, &second), [("missing-right", 6)]);
    // Who does not ask for it hears nothing of it.
    assert_eq!(found(&[("ci.yml", CI), ("check.yml", SECOND)], None), []);
}

#[test]
fn the_sample_that_signs_is_fine() {
    let ci = include_str!("../../../examples/workflows/attested.yml");
    let second = include_str!("../../../examples/workflows/publish.yml");
    let second = second.replace("# attestations: read", "attestations: read");
    assert_eq!(found_attested(ci, &second), []);
}
