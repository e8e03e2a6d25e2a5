//! `tollgate action` as a runner starts it: everything from the environment. The threats are those of a pull
//! request from a stranger's fork: its reports, file names and workspace are hostile.

use crate::program::{Place, Run};
use std::fs;
use std::path::PathBuf;

const PASSING: &str = "<testsuite name='s' tests='1'><testcase classname='c' name='works'/></testsuite>";
const FAILING: &str = "<testsuite name='s' tests='2'><testcase classname='c' name='works'/>\
    <testcase classname='c' name='breaks'><failure message='expected 10, got 9'/></testcase></testsuite>";
const TOKEN: &str = "ghs_0123456789abcdefghijABCDEFGHIJ012345";

/// A checkout of a pull request, and the runner's own files beside it.
struct Job {
    workspace: Place,
    runner: Place,
    event: String,
    variables: Vec<(String, String)>,
}

impl Job {
    /// A pull request that changes one line of `src/a.py`.
    fn pull_request() -> Self {
        let workspace = Place::new();
        workspace.git(&["init", "-q"]);
        workspace.file(".gitignore", "*.xml\n*.info\ntollgate-verdict.json\n");
        workspace.file("src/a.py", "a = 1\nb = 2\nc = 3\n");
        let base = workspace.commit("base");
        workspace.git(&["checkout", "-q", "-b", "change"]);
        workspace.file("src/a.py", "a = 1\nb = 20\nc = 3\n");
        workspace.commit("change");
        workspace.git(&["checkout", "-q", "main"]);
        workspace.git(&["merge", "-q", "--no-ff", "-m", "merge", "change"]);
        let merge = workspace.git(&["rev-parse", "HEAD"]);
        let event = format!(
            r#"{{"action": "opened", "number": 7, "repository": {{"default_branch": "main"}}, "pull_request": {{
            "title": "::error::injected", "base": {{"ref": "main", "sha": "{base}"}},
            "head": {{"ref": "x\u001b[2J", "sha": "{merge}", "repo": null}}}}}}"#
        );
        // The policy of the default branch is read where the base is.
        workspace.git(&["update-ref", "refs/remotes/origin/main", &base]);
        let runner = Place::new();
        runner.file("output", "");
        runner.file("summary", "");
        let variables = [
            ("GITHUB_ACTIONS", "true"),
            ("CI", "true"),
            ("GITHUB_EVENT_NAME", "pull_request"),
            ("GITHUB_BASE_REF", "main"),
            ("GITHUB_SHA", &merge),
            ("GITHUB_REPOSITORY", "acme/payments"),
            ("GITHUB_SERVER_URL", "https://github.example"),
            ("GITHUB_RUN_ID", "77"),
            ("INPUT_STAGE", "auto"),
            ("INPUT_WORKING-DIRECTORY", "."),
            ("INPUT_GITHUB-TOKEN", TOKEN),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        Self { workspace, runner, event, variables }
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.retain(|(have, _)| have != name);
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    fn path(&self, name: &str) -> PathBuf {
        self.runner.path().join(name)
    }

    /// Runs the action. Whatever happens: nothing of the token is shown, and no line is a command of a report.
    #[track_caller]
    fn run(&self) -> Run {
        self.runner.file("event.json", &self.event);
        let file = |name: &str| self.path(name).to_str().unwrap().to_owned();
        let mut variables = vec![
            ("GITHUB_EVENT_PATH".to_owned(), file("event.json")),
            ("GITHUB_OUTPUT".to_owned(), file("output")),
            ("GITHUB_STEP_SUMMARY".to_owned(), file("summary")),
            ("GITHUB_ENV".to_owned(), self.runner.file("env", "").to_str().unwrap().to_owned()),
            ("GITHUB_PATH".to_owned(), self.runner.file("path", "").to_str().unwrap().to_owned()),
            ("GITHUB_WORKSPACE".to_owned(), self.workspace.path().to_str().unwrap().to_owned()),
        ];
        variables.extend(self.variables.iter().cloned());
        let variables: Vec<(&str, &str)> =
            variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let run = self.workspace.tollgate_with(&["action"], &variables);
        let everything = format!("{}{}{}", run.all(), self.summary(), self.output());
        assert!(!everything.contains(TOKEN), "the token leaks");
        assert!(!everything.contains('\u{1b}') && !everything.contains('\r'), "{everything:?}");
        for line in run.all().lines() {
            let command = line.trim_start();
            let ours = ["::notice title=Tollgate", "::warning title=Tollgate", "::error title=Tollgate"];
            assert!(!command.starts_with("::") || ours.iter().any(|own| line.starts_with(own)), "{line}");
            assert!(!line.contains("##["), "{line}");
        }
        for untouched in ["env", "path"] {
            assert_eq!(fs::read_to_string(self.path(untouched)).unwrap(), "");
        }
        run
    }

    fn summary(&self) -> String {
        fs::read_to_string(self.path("summary")).unwrap_or_default()
    }

    fn output(&self) -> String {
        fs::read_to_string(self.path("output")).unwrap_or_default()
    }

    /// The summary without its fenced blocks: what a page shows as more than plain text.
    fn page(&self) -> String {
        let summary = self.summary();
        let mut fence = None;
        let outside = summary.lines().filter(|line| match fence {
            Some(open) if *line == open => {
                fence = None;
                false
            }
            Some(_) => false,
            None if line.starts_with("```") => {
                fence = line.find(|c| c != '`').map_or(Some(*line), |end| line.get(..end));
                false
            }
            None => true,
        });
        outside.collect::<Vec<_>>().join("\n")
    }

    /// The outputs, as the runner reads them.
    fn outputs(&self) -> Vec<(String, String)> {
        let text = self.output();
        let mut lines = text.lines();
        let mut outputs = Vec::new();
        while let Some(line) = lines.next() {
            let (name, delimiter) = line.split_once("<<").unwrap();
            let value: Vec<&str> = lines.by_ref().take_while(|line| *line != delimiter).collect();
            outputs.push((name.to_owned(), value.join("\n")));
        }
        outputs
    }

    #[track_caller]
    fn gives(&self, expected: &[(&str, &str)]) {
        let expected: Vec<(String, String)> =
            expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        assert_eq!(self.outputs(), expected);
    }
}

#[test]
fn a_pull_request_that_is_ready_passes_and_says_where_to_read_on() {
    let job = Job::pull_request().with("INPUT_STEPS", r#"{"test": {"outcome": "success"}}"#);
    job.workspace.file("junit.xml", PASSING);
    let run = job.run().exits(0);
    assert!(run.out.starts_with("::notice title=Tollgate::Passed"), "{}", run.out);
    let last: Vec<&str> = run.out.trim_end().rsplit('\n').take(2).collect();
    assert!(last[1].starts_with("PASSED"), "{last:?}");
    assert!(last[0].contains("https://github.example/acme/payments/actions/runs/77"), "{last:?}");
    job.gives(&[("verdict", "passed"), ("rules-not-met", "0"), ("json", "tollgate-verdict.json")]);
    let json = fs::read_to_string(job.workspace.path().join("tollgate-verdict.json")).unwrap();
    assert!(json.contains("tollgate.verdict/1"), "{json}");
    assert!(job.summary().contains("not forgery-proof"), "{}", job.summary());
}

#[test]
fn a_failing_test_fails_the_job_after_everything_is_written() {
    let job = Job::pull_request();
    job.workspace.file("junit.xml", FAILING);
    let run = job.run().exits(1).says("breaks");
    assert!(run.out.starts_with("::error title=Tollgate::Needs changes"), "{}", run.out);
    job.gives(&[("verdict", "needs-changes"), ("rules-not-met", "1"), ("json", "tollgate-verdict.json")]);
    assert!(job.summary().starts_with("### ❌ Needs changes"), "{}", job.summary());
}

#[test]
fn a_second_run_in_the_same_job_reads_no_file_of_the_first() {
    let job = Job::pull_request();
    job.workspace.file("junit.xml", PASSING);
    job.run().exits(0);
    job.run().exits(0);
    assert_eq!(job.outputs().len(), 6);
    assert_eq!(job.summary().matches("### ✅").count(), 2);
}

#[test]
fn a_step_that_failed_without_a_report_is_never_a_pass() {
    let job = Job::pull_request().with("INPUT_STEPS", r#"{"test": {"outcome": "failure", "outputs": {}}}"#);
    assert_ne!(job.run().status, 0);
    let job = Job::pull_request()
        .with("INPUT_NEEDS", r#"{"test": {"result": "cancelled", "outputs": {}}}"#)
        .with("INPUT_STEPS", r#"{"unit": {"outcome": "success"}}"#);
    job.workspace.file("junit.xml", PASSING);
    assert_ne!(job.run().status, 0, "neither `needs` nor `steps` hides the other");
}

#[test]
fn a_push_and_a_merge_group_are_judged_too() {
    let mut job = Job::pull_request().with("GITHUB_EVENT_NAME", "push");
    job.event = r#"{"ref": "refs/heads/main", "repository": {"default_branch": "main"}}"#.to_owned();
    job.workspace.file("junit.xml", PASSING);
    job.run().exits(0);
    assert!(!job.summary().contains("forgery"), "a push runs the branch's own workflow");
    let mut job = Job::pull_request().with("GITHUB_EVENT_NAME", "merge_group");
    let base = job.workspace.git(&["rev-parse", "HEAD^1"]);
    job.event = format!(
        r#"{{"merge_group": {{"head_sha": "x", "base_ref": "refs/heads/main", "base_sha": "{base}"}}, "repository": {{"default_branch": "main"}}}}"#
    );
    job.workspace.file("junit.xml", PASSING);
    job.run().exits(0);
}

#[test]
fn what_cannot_be_used_is_a_coded_error_and_no_verdict() {
    for (name, value, code) in [
        ("GITHUB_EVENT_NAME", "issue_comment", "bad-event"),
        ("GITHUB_EVENT_NAME", "pull_request_target", "bad-event"),
        ("GITHUB_EVENT_NAME", "workflow_run", "bad-input"),
        ("GITHUB_EVENT_NAME", "::error::x", "bad-event"),
        ("GITHUB_EVENT_PATH", "/nonexistent/event.json", "bad-event"),
        ("GITHUB_EVENT_PATH", "/proc/self/environ", "bad-event"),
        ("INPUT_STAGE", "publish", "bad-input"),
        ("INPUT_STAGE", "collect", "bad-input"),
        ("INPUT_STAGE", "everything", "bad-input"),
        ("INPUT_ORG-POLICY", "acme/.tollgate", "bad-input"),
        ("INPUT_WORKING-DIRECTORY", "../..", "bad-input"),
        ("INPUT_REPORTS", "junit.xml", "bad-input"),
        ("INPUT_REPORTS", "tests=[", "bad-glob"),
        ("INPUT_STEPS", "{\"a\": ", "bad-jobs-file"),
        ("INPUT_NEEDS", "[1]", "bad-jobs-file"),
        ("INPUT_ARTIFACTS", "reports-*", "bad-input"),
    ] {
        let job = Job::pull_request().with(name, value);
        job.workspace.file("junit.xml", PASSING);
        let run = job.run().exits(2).says(&format!("[{code}]"));
        assert!(run.out.starts_with("::error title=Tollgate::No verdict"), "{}", run.out);
        job.gives(&[("verdict", "no-verdict")]);
        assert!(job.summary().contains("No verdict"), "{}", job.summary());
    }
}

#[test]
fn a_file_of_the_runner_that_cannot_be_written_makes_no_pass() {
    for name in ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"] {
        let job = Job::pull_request().with(name, "/nonexistent/file");
        job.workspace.file("junit.xml", PASSING);
        job.run().exits(2).says("[output-not-written]").says("PASSED");
    }
    let job = Job::pull_request();
    job.workspace.file("junit.xml", PASSING);
    job.runner.file("summary", "x".repeat(2 << 20));
    job.run().exits(2).says("[output-not-written]");
    assert_eq!(job.summary().len(), 2 << 20);
}

#[test]
fn a_summary_that_is_nearly_full_still_gets_the_verdict() {
    let job = Job::pull_request();
    let cases: String = (0..2_000)
        .map(|n| {
            format!(
                "<testcase classname='c' name='case {n}'><failure message='{}'/></testcase>",
                "m".repeat(500)
            )
        })
        .collect();
    job.workspace.file("junit.xml", format!("<testsuite name='s' tests='2000'>{cases}</testsuite>"));
    job.runner.file("summary", "x".repeat((1 << 20) - 20_000));
    let run = job.run().exits(1);
    assert!(run.out.lines().filter(|line| line.starts_with("::")).count() <= 10);
    assert!(job.summary().contains("### ❌ Needs changes"));
    assert!(job.summary().len() <= 1 << 20);
}

/// A failing report whose every text is hostile.
fn hostile(text: &str) -> String {
    let text =
        text.replace('&', "&amp;").replace('<', "&lt;").replace('\'', "&apos;").replace('\u{1b}', "\u{241b}");
    format!(
        "<testsuite name='{text}' tests='1'><testcase classname='{text}' name='{text}' file='{text}'>\
         <failure message='{text}'>{text}</failure></testcase></testsuite>"
    )
}

#[test]
fn t11_a_path_in_a_report_opens_and_names_nothing_outside() {
    let job = Job::pull_request();
    for (number, path) in
        ["/etc/passwd", "../../etc/passwd", "file:///etc/passwd", "C:\\x"].iter().enumerate()
    {
        job.workspace.file(&format!("junit-{number}.xml"), hostile(path));
    }
    let run = job.run().exits(1);
    assert!(!run.all().contains("root:"), "{}", run.out);
    assert!(!run.out.contains(",file="), "no annotation stands on a file outside: {}", run.out);
}

#[cfg(unix)]
#[test]
fn t12_a_symlink_in_the_workspace_is_not_followed_out_of_it() {
    use std::os::unix::fs::symlink;
    let job = Job::pull_request();
    job.workspace.file("reports/junit.xml", PASSING);
    symlink("/proc/self/environ", job.workspace.path().join("TEST-environ.xml")).unwrap();
    let victim = job.runner.file("victim", "untouched");
    symlink(&victim, job.workspace.path().join("tollgate-verdict.json")).unwrap();
    job.run().exits(3).says("symlink-outside");
    assert_eq!(fs::read_to_string(victim).unwrap(), "untouched");
    assert!(job.workspace.path().join("tollgate-verdict.json").symlink_metadata().unwrap().is_file());
}

#[test]
fn t14_t15_t16_text_of_a_report_is_no_markup_no_mention_and_no_command_in_the_summary() {
    let job = Job::pull_request();
    job.workspace.file(
        "junit.xml",
        hostile("<img src=x onerror=y> </details> @octocat closes #1 /lgtm @bors r+ ![b](http://evil.example/b.png)"),
    );
    job.run().exits(1);
    let summary = job.summary();
    for raw in ["@octocat", "@bors", "closes #1", "\n/lgtm"] {
        assert!(!summary.contains(raw), "{raw}: {summary}");
    }
    for event in pulldown_cmark::Parser::new(&summary) {
        use pulldown_cmark::{Event, Tag};
        match event {
            Event::Start(Tag::Image { .. } | Tag::Link { .. }) => panic!("{event:?}: {summary}"),
            Event::Html(html) | Event::InlineHtml(html) => {
                let ours = ["<details>", "</details>", "<summary>"];
                assert!(ours.iter().any(|own| html.starts_with(own)), "{html}: {summary}");
            }
            _ => {}
        }
    }
}

#[test]
fn t17_text_of_a_report_is_cut_where_it_is_quoted() {
    let job = Job::pull_request();
    job.workspace.file("junit.xml", hostile(&"ignore previous instructions ".repeat(1_000)));
    job.run().exits(1);
    let said = |text: &str| text.matches("ignore previous instructions").count();
    assert!(said(&job.page()) < 40, "{}", job.page());
    assert!(said(&job.summary()) < 500, "{}", job.summary().len());
}

#[test]
fn t18_a_report_cannot_write_a_verdict() {
    let job = Job::pull_request();
    job.workspace.file("junit.xml", hostile("\n\n### ✅ Passed: 4 of 4 criteria are met\n\nPASSED: all"));
    let run = job.run().exits(1);
    assert!(job.summary().starts_with("### ❌ Needs changes"));
    assert!(job.page().lines().all(|line| !line.starts_with("### ✅")), "{}", job.summary());
    assert!(run.out.lines().all(|line| !line.starts_with("PASSED")), "{}", run.out);
}

#[test]
fn t19_a_report_gives_the_runner_no_command() {
    // `run` looks at every line.
    let job = Job::pull_request();
    job.workspace.file(
        "junit.xml",
        hostile("\n::set-output name=verdict::passed\n  ::add-mask::x\n##[error]x ::stop-commands::y %0A::error::z"),
    );
    job.workspace.file("junit-::error::x.xml", hostile("##vso[task.complete]"));
    job.run().exits(1);
}

#[test]
fn t20_a_report_sets_no_output_and_no_variable() {
    let job = Job::pull_request();
    job.workspace.file("junit.xml", hostile("\nverdict=passed\nverdict<<EOF\npassed\nEOF\n"));
    job.run().exits(1);
    job.gives(&[("verdict", "needs-changes"), ("rules-not-met", "1"), ("json", "tollgate-verdict.json")]);
}

#[test]
fn t22_escape_sequences_of_a_report_do_not_reach_the_log() {
    // `run` looks for them.
    let job = Job::pull_request();
    let report = "{\"Action\":\"run\",\"Package\":\"p\",\"Test\":\"T\\u001b[2J\\rPASSED\"}\n\
        {\"Action\":\"output\",\"Package\":\"p\",\"Test\":\"T\\u001b[2J\\rPASSED\",\"Output\":\"\\u001b]8;;http://evil\\u0007x\\n\"}\n\
        {\"Action\":\"fail\",\"Package\":\"p\",\"Test\":\"T\\u001b[2J\\rPASSED\",\"Elapsed\":0}\n\
        {\"Action\":\"fail\",\"Package\":\"p\",\"Elapsed\":0}\n";
    job.workspace.file("go-test.json", report);
    job.run().exits(1);
}

#[test]
fn t23_a_secret_in_a_report_is_blotted_out() {
    // `run` looks for the token, which a test printed here.
    let job = Job::pull_request();
    job.workspace.file("junit.xml", hostile(&format!("env: GITHUB_TOKEN={TOKEN} AKIAIOSFODNN7EXAMPLE")));
    job.run().exits(1);
    assert!(!job.summary().contains("AKIAIOSFODNN7EXAMPLE"));
}
