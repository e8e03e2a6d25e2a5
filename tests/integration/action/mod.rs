//! `tollgate action` as a runner starts it: everything from the environment.

mod collect;
mod judging;
mod threats;

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
