//! The evidence of the base, from the run of the default branch that keeps it to the change that is compared with it:
//! each place, in both stages, as the policy of the default branch says.

use crate::github::{GitHub, REPOSITORY, TOKEN, zip_of};
use crate::program::{Place, Run};
use crate::publish::collected;

/// What a fork's job may do.
const READ_ONLY: &str = "ghs_readonlyreadonlyreadonlyreadonlyreado";

const FAILS: &str = r#"<testsuite tests="2" failures="1"><testcase classname="t" name="adds"/>
<testcase classname="t" name="halves" file="tests/test_a.py"><failure message="1 is not 2"/></testcase></testsuite>"#;

/// A repository whose default branch has a failing test since its last commit but one, and a pull request on top of it
/// that does not touch the test.
pub(crate) struct Home {
    pub(crate) github: GitHub,
    clone: Place,
}

impl Home {
    /// With this line in the policy.
    pub(crate) fn new(places: &str) -> Self {
        let github = GitHub::start();
        github.token(READ_ONLY, &[("actions", "read"), ("contents", "read"), ("metadata", "read")]);
        let policy = format!("version: 1\nreports:\n  unit: {{ kind: tests, path: junit.xml }}\n{places}");
        github.commit(
            "main",
            &[
                (".gitignore", "*.xml\n*.gz\n"),
                ("src/a.py", "a = 1\n"),
                ("tests/test_a.py", "x\ny\n"),
                ("tollgate.yml", &policy),
            ],
        );
        let clone = Place::new();
        clone.git(&["init", "-q"]);
        let home = Self { github, clone };
        home.fetch();
        home
    }

    /// Brings the clone to the default branch's tip, with the report of a run beside it.
    fn fetch(&self) {
        self.clone.git(&["fetch", "-q", self.github.folder().to_str().unwrap(), "main"]);
        self.clone.git(&["reset", "-q", "--hard", "FETCH_HEAD"]);
        self.clone.git(&["update-ref", "refs/remotes/origin/main", "HEAD"]);
        self.clone.file("junit.xml", FAILS);
    }

    /// A run of the default branch keeps its evidence below the git reference, and says so.
    pub(crate) fn keeps_below_the_reference(&self) -> Run {
        self.clone.tollgate(&["check", "--save-snapshot", "main.snapshot.gz"]).exits(1);
        let environment = [
            ("GITHUB_API_URL", self.github.url()),
            ("GITHUB_TOKEN", TOKEN),
            ("GITHUB_REPOSITORY", REPOSITORY),
        ];
        self.clone.tollgate_with(&["snapshot", "store", "main.snapshot.gz"], &environment).exits(0)
    }

    /// A push run of the default branch keeps it as its artifact.
    fn keeps_as_an_artifact(&self) {
        self.clone.tollgate(&["check", "--save-snapshot", "main.snapshot.gz"]).exits(1);
        let snapshot = std::fs::read(self.clone.path().join("main.snapshot.gz")).unwrap();
        let artifact = zip_of(&[("tollgate-snapshot.json.gz", &snapshot)]);
        self.github.run(50).of_branch("main").artifact("tollgate-snapshot", &artifact).completed("success");
    }

    /// The default branch goes on by one commit.
    pub(crate) fn moves_on(&self) {
        self.github.commit("main", &[("docs/notes.md", "notes\n")]);
        self.fetch();
    }

    /// The clone is at the change, merged on top of the default branch: the commits of the base, the head and the merge.
    fn merged(&self) -> [String; 3] {
        let base = self.clone.git(&["rev-parse", "HEAD"]);
        self.clone.git(&["checkout", "-q", "-B", "change"]);
        self.clone.file("src/a.py", "a = 2\n");
        let head = self.clone.commit("change");
        self.clone.git(&["checkout", "-q", "-B", "merged", &base]);
        self.clone.git(&["merge", "-q", "--no-ff", "-m", "merge", "change"]);
        let merge = self.clone.git(&["rev-parse", "HEAD"]);
        [base, head, merge]
    }

    /// The first stage in the fork's own run, with the token that such a run has.
    fn first_stage(&self) -> Run {
        let [base, head, merge] = self.merged();
        let event = format!(
            r#"{{"action": "opened", "number": 7, "repository": {{"default_branch": "main"}}, "pull_request": {{
            "base": {{"ref": "main", "sha": "{base}"}}, "head": {{"ref": "change", "sha": "{head}", "repo": null}}}}}}"#
        );
        let runner = Place::new();
        let files = [("event.json", event.as_str()), ("output", ""), ("summary", "")]
            .map(|(name, text)| runner.file(name, text).to_str().unwrap().to_owned());
        let run = self.clone.tollgate_with(
            &["action"],
            &[
                ("GITHUB_ACTIONS", "true"),
                ("GITHUB_EVENT_NAME", "pull_request"),
                ("GITHUB_EVENT_PATH", &files[0]),
                ("GITHUB_OUTPUT", &files[1]),
                ("GITHUB_STEP_SUMMARY", &files[2]),
                ("GITHUB_BASE_REF", "main"),
                ("GITHUB_SHA", &merge),
                ("GITHUB_REPOSITORY", REPOSITORY),
                ("GITHUB_RUN_ID", "77"),
                ("GITHUB_WORKSPACE", self.clone.path().to_str().unwrap()),
                ("INPUT_STAGE", "auto"),
                ("INPUT_WORKING-DIRECTORY", "."),
                ("INPUT_GITHUB-TOKEN", READ_ONLY),
                ("INPUT_GITHUB-API-URL", self.github.url()),
            ],
        );
        self.fetch();
        run
    }

    /// The fork's run ends and leaves its report: the change's head.
    pub(crate) fn change_ran(&self) -> String {
        self.github.pull(7).of_fork("eve").changes(&[("src/a.py", "a = 2\n")]);
        let head = self.github.pull(7).head_sha();
        let artifact = collected(2, ", \"reads-as\": 1", &head, FAILS, "failure");
        self.github
            .run(77)
            .of_pull(7)
            .job("test", "failure")
            .artifact("tollgate-reports-test-a1", &artifact)
            .completed("failure");
        head
    }

    /// The second stage, and the summary of the check that it posts.
    fn second_stage(&self) -> (Run, String) {
        let head = self.change_ran();
        let environment = [("GITHUB_TOKEN", TOKEN), ("GITHUB_API_URL", self.github.url())];
        let run = Place::new()
            .tollgate_with(&["publish", "--repository", REPOSITORY, "--run", "77"], &environment)
            .exits(0);
        let summary = self.github.checks(&head)[0].summary.clone();
        (run, summary)
    }
}

#[test]
fn evidence_below_a_git_reference_is_found_by_both_stages_where_the_policy_says_so() {
    let home = Home::new("base-snapshot: { from: reference, keep: 1 }\n");
    home.keeps_below_the_reference().says("keeps 1 of at most 1");
    home.moves_on();
    home.first_stage().exits(0).says("0 new failures, 1 not counted").says("is 1 commit older");
    let (run, summary) = home.second_stage();
    run.says("the verdict is passed");
    assert!(summary.contains("is 1 commit older"), "{summary}");
    // The next run's evidence takes the place of the one before.
    home.keeps_below_the_reference().says("keeps 1 of at most 1");
}

#[test]
fn the_artifact_of_a_push_run_is_found_by_both_stages_unless_the_policy_says_otherwise() {
    let home = Home::new("");
    home.keeps_as_an_artifact();
    home.moves_on();
    home.first_stage().exits(0).says("0 new failures, 1 not counted").says("is 1 commit older");
    let (run, summary) = home.second_stage();
    run.says("the verdict is passed");
    assert!(summary.contains("is 1 commit older"), "{summary}");
}

#[test]
fn a_policy_that_looks_nowhere_or_elsewhere_has_no_evidence_of_the_base_and_says_so() {
    for places in ["base-snapshot: { from: none }\n", "base-snapshot: { from: reference }\n"] {
        let home = Home::new(places);
        home.keeps_as_an_artifact();
        home.moves_on();
        home.first_stage().exits(1).says("no evidence of the base");
        let (run, summary) = home.second_stage();
        run.says("the verdict is needs-changes");
        assert!(summary.contains("no evidence of the base"), "{summary}");
    }
}

#[test]
fn a_file_that_is_given_comes_before_the_place_that_the_policy_names() {
    let home = Home::new("base-snapshot: { from: none }\n");
    home.clone.tollgate(&["check", "--save-snapshot", "main.snapshot.gz"]).exits(1);
    home.moves_on();
    home.merged();
    let check = ["check", "--base", "origin/main"];
    let with_file = [&check[..], &["--base-snapshot", "main.snapshot.gz"]].concat();
    home.clone.tollgate(&with_file).exits(0).says("0 new failures, 1 not counted").says("is 1 commit older");
    home.clone.tollgate(&check).exits(1).says("no evidence of the base");
}
