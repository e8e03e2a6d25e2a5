//! `tollgate init` as a new user runs it, on tiny projects whose reports their real tools wrote.

use crate::program::Place;
use std::fs;
use std::path::{Path, PathBuf};

/// The day of every run: the projects' lines are dated by it.
const TODAY: &str = "2027-03-01";

fn formats() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formats")
}

/// A repository with a project of ours, committed long before [`TODAY`], and reports that git ignores.
struct Project {
    place: Place,
}

impl Project {
    fn new(source: &str) -> Self {
        let place = Place::new();
        place.git(&["init", "-q"]);
        place.copy(&formats().join("sources").join(source), ".");
        place.file(".gitignore", "/out\n/target\n/build\n/coverage\n");
        let project = Self { place };
        project.commit("2026-06-01");
        project
    }

    fn file(self, name: &str, text: &str) -> Self {
        self.place.file(name, text);
        self
    }

    /// Takes a report of the project from our fixtures.
    fn report(self, fixture: &str, to: &str) -> Self {
        self.place.file(to, fs::read(formats().join(fixture)).unwrap());
        self
    }

    /// Commits everything on a day.
    fn commit(&self, day: &str) {
        self.place.git(&["add", "-A"]);
        let date = format!("{day}T12:00:00Z");
        let output = std::process::Command::new("git")
            .args(["-c", "user.name=t", "-c", "user.email=t@example.invalid"])
            .args(["commit", "-q", "--allow-empty", "-m", day])
            .current_dir(self.place.path())
            .env("GIT_COMMITTER_DATE", &date)
            .env("GIT_AUTHOR_DATE", &date)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .status()
            .unwrap();
        assert!(output.success());
    }

    fn init(&self, arguments: &[&str]) -> crate::program::Run {
        let mut all = vec!["init", "--as-of", TODAY];
        all.extend(arguments);
        self.place.tollgate(&all)
    }

    /// What the first hour promises: what is written is valid, is judged `passed` right after, and stays as it is.
    fn writes_a_policy_that_passes(&self) -> String {
        self.init(&["--write"]).exits(0);
        let policy = fs::read_to_string(self.place.path().join(".github/tollgate.yml")).unwrap();
        self.place.tollgate(&["check"]).exits(0).says("PASSED");
        self.init(&["--write"]).exits(2).says("never overwritten");
        assert_eq!(fs::read_to_string(self.place.path().join(".github/tollgate.yml")).unwrap(), policy);
        policy
    }
}

const PYTHON_CI: &str = "\
name: CI
on:
  pull_request:
  push: { branches: [main] }
permissions: { contents: read }
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v5
      - run: |
          pip install pytest pytest-cov
          python -m pytest --junit-xml=out/junit.xml --cov --cov-report=lcov:out/lcov.info
  docs:
    runs-on: ubuntu-latest
    steps:
      - run: make docs
";

fn python() -> Project {
    Project::new("python")
        .file("pyproject.toml", "[project]\nname = \"ledger\"\n")
        .file(".github/workflows/ci.yml", PYTHON_CI)
        .file(".github/CODEOWNERS", "# who decides\n* @acme/payments-core\n")
        .file("CONTRIBUTING.md", "# How to contribute\n\n## Tests\n\n`python -m pytest`\n")
        .report("junit/pytest-passing/junit.xml", "out/junit.xml")
        .report("lcov/coveragepy/lcov.info", "out/lcov.info")
}

#[test]
fn a_python_project_gets_a_policy_that_it_passes() {
    let project = python();
    project.commit("2026-06-02");
    insta::assert_snapshot!("python", project.init(&[]).exits(0).out);
    assert!(!project.place.path().join(".github/tollgate.yml").exists(), "nothing is written unasked");
    insta::assert_snapshot!("python_policy", project.writes_a_policy_that_passes());
}

#[test]
fn the_diff_is_one_that_git_applies() {
    let project = python();
    project.commit("2026-06-02");
    let diff = project.init(&["--diff"]).exits(0).out;
    insta::assert_snapshot!("python_diff", diff);
    project.place.file("out/init.diff", &diff);
    project.place.git(&["apply", "out/init.diff"]);
    let workflow = fs::read_to_string(project.place.path().join(".github/workflows/ci.yml")).unwrap();
    assert!(workflow.contains("      - uses: actions/checkout@v5\n        with: { fetch-depth: 2 }\n"));
    let step = workflow.find("uses: acme/tollgate@v1").unwrap();
    assert!(workflow.find("python -m pytest").unwrap() < step && step < workflow.find("docs:").unwrap());
    project.place.tollgate(&["check"]).exits(0);
}

#[test]
fn a_javascript_project_with_coverage_in_two_formats_names_one() {
    let project = Project::new("javascript")
        .report("junit/jest-passing/junit.xml", "out/junit.xml")
        .report("lcov/jest/lcov.info", "coverage/lcov.info")
        .report("clover/jest/clover.xml", "coverage/clover.xml")
        .report("npm-audit/findings/npm-audit.json", "out/npm-audit.json");
    insta::assert_snapshot!("javascript", project.init(&[]).exits(0).out);
    insta::assert_snapshot!("javascript_policy", project.writes_a_policy_that_passes());
}

#[test]
fn a_java_project_with_failing_tests_is_asked_for_no_more_than_today() {
    let ant = "junit/ant/TEST-ledger";
    let project = Project::new("java")
        .report(&format!("{ant}.MoneyTest.xml"), "build/test-results/TEST-ledger.MoneyTest.xml")
        .report(&format!("{ant}.BrokenTest.xml"), "build/test-results/TEST-ledger.BrokenTest.xml")
        .report(&format!("{ant}.PassingTest.xml"), "build/test-results/TEST-ledger.PassingTest.xml")
        .report("jacoco/ant/jacoco.xml", "build/jacoco.xml");
    insta::assert_snapshot!("java", project.init(&[]).exits(0).out);
    insta::assert_snapshot!("java_policy", project.writes_a_policy_that_passes());
}

#[test]
fn a_rust_project_without_coverage_is_told_what_to_run() {
    let project = Project::new("rust")
        .file(".config/nextest.toml", "[profile.ci.junit]\npath = \"junit.xml\"\n")
        .file(
            ".github/workflows/ci.yml",
            "on: push\njobs:\n  t:\n    steps:\n      - run: cargo nextest run --profile ci # writes target/nextest/ci/junit.xml\n      \
             - run: cargo llvm-cov --lcov --output-path lcov.info\n",
        )
        .file("CODEOWNERS", "/src @acme/core\n")
        .file("CONTRIBUTING.md", "Be kind.\n")
        .report("junit/nextest-passing/junit.xml", "target/nextest/ci/junit.xml");
    insta::assert_snapshot!("rust", project.init(&[]).exits(0).out);
    insta::assert_snapshot!("rust_policy", project.writes_a_policy_that_passes());
}

#[test]
fn the_bar_for_changed_lines_comes_from_the_lines_of_the_last_90_days() {
    let place = Place::new();
    place.git(&["init", "-q"]);
    let project = Project { place };
    let old: String = (1..=100).map(|line| format!("old {line}\n")).collect();
    let new: String = (1..=40).map(|line| format!("new {line}\n")).collect();
    let project = project.file(".gitignore", "/out\n").file("src/a.py", &old);
    // 91 days before the day of the run, and 89 days.
    project.commit("2026-11-30");
    let project = project.file("src/a.py", &format!("{old}{new}"));
    project.commit("2026-12-02");
    // None of the old lines is covered, and 31 of the 40 new ones are: 77.5%.
    let lines: String =
        (1..=140).map(|line| format!("DA:{line},{}\n", u8::from((101..=131).contains(&line)))).collect();
    let project = project
        .file("out/lcov.info", &format!("TN:\nSF:src/a.py\n{lines}LF:140\nLH:31\nend_of_record\n"))
        .file(
            "out/junit.xml",
            "<testsuite name='s' tests='1'><testcase classname='c' name='works'/></testsuite>",
        );
    project
        .init(&[])
        .exits(0)
        .says("coverage.changed: { min: 75, mode: warn }")
        .says("lines changed in the last 90 days: 77.5% covered today")
        .says("total coverage 22.1%");
}

#[test]
fn a_shallow_clone_is_no_place_to_date_lines() {
    let origin = python();
    origin.commit("2026-06-02");
    let project = Project { place: Place::new() };
    let url = format!("file://{}", origin.place.path().display());
    project.place.git(&["clone", "-q", "--depth", "1", &url, "."]);
    let project = project
        .report("junit/pytest-passing/junit.xml", "out/junit.xml")
        .report("lcov/coveragepy/lcov.info", "out/lcov.info");
    let run = project.place.tollgate(&["init", "--as-of", "2026-06-10"]);
    run.exits(0).says("the clone is shallow");
}

#[test]
fn without_a_report_nothing_is_proposed() {
    let project = Project::new("go");
    project.init(&["--write"]).exits(3).says("No report was found").says("go test -json");
    assert!(!project.place.path().join(".github").exists());
}

#[test]
fn a_broken_report_is_said_and_never_left_out() {
    let project = python();
    project.place.file("out/TEST-other.xml", "");
    project.init(&[]).exits(0).says("is empty").says("no verdict (");
}

#[test]
fn settings_of_other_tools_are_converted() {
    let place = Place::new();
    place.file(
        "codecov.yml",
        "coverage:\n  status:\n    patch: { default: { target: 90% } }\ncomment: false\n",
    );
    insta::assert_snapshot!("from_codecov", place.tollgate(&["init", "--from", "codecov.yml"]).exits(0).out);
    place.tollgate(&["init", "--from", "codecov.yml", "--write"]).exits(0);
    assert!(fs::read_to_string(place.path().join(".github/tollgate.yml")).unwrap().contains("min: 90"));
    place.tollgate(&["init", "--from", "codecov.yml", "--write"]).exits(2).says("there is a policy already");
    place.file("other.yml", "a: 1\n");
    place.tollgate(&["init", "--from", "other.yml"]).exits(2).says("neither a workflow");
    place.tollgate(&["init", "--from", "absent.yml"]).exits(2).says("absent.yml");
}

#[test]
fn what_a_hostile_tree_says_cannot_leave_the_page_or_the_policy() {
    let project = Project::new("python");
    let one = "<testsuite name='s' tests='1'><testcase classname='c' name='works'/></testsuite>";
    project.place.file("out/\u{1b}[2J\n::error::x.xml", one);
    project.place.file("out/x - \"}]: {[*].xml", one);
    project.place.file(".github/CODEOWNERS", "* @a\u{1b}[31m @acme/core::x\n");
    let run = project.init(&[]).exits(0);
    assert!(
        !run.out.contains('\u{1b}') && run.out.lines().all(|line| !line.starts_with("::")),
        "{}",
        run.out
    );
    assert!(run.out.contains("has a name that no policy can hold"), "{}", run.out);
    project.writes_a_policy_that_passes();
}
