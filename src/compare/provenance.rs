//! What a change itself says of the strength of its evidence: it is weaker if the change edits what makes it
//! (gate.md b6, b7).

use super::Occasion;
use crate::model::{DiffState, Grade, Graded, Provenance, RepoPath, ReportRead, Untrusted};
use std::collections::BTreeSet;

/// Folders whose files say what CI runs, from the root.
const FOLDERS: &[&str] =
    &[".github/", ".gitlab/", ".circleci/", ".buildkite/", ".azure-pipelines/", ".tollgate/"];

/// Files that say what CI runs, what is tested, measured or scanned, wherever they lie. Lock files are not among
/// them (DECISIONS 18).
const NAMES: &[&str] = &[
    // CI.
    ".gitlab-ci.yml",
    ".travis.yml",
    "azure-pipelines.yml",
    "bitbucket-pipelines.yml",
    "jenkinsfile",
    "action.yml",
    "action.yaml",
    // The gate, and other gates.
    "tollgate.yml",
    "codecov.yml",
    ".codecov.yml",
    "sonar-project.properties",
    // Tests and coverage.
    ".coveragerc",
    "setup.cfg",
    "tox.ini",
    "pytest.ini",
    "pyproject.toml",
    "noxfile.py",
    "package.json",
    ".nycrc",
    "phpunit.xml",
    "phpunit.xml.dist",
    "phpunit.dist.xml",
    "pom.xml",
    "build.gradle",
    "build.gradle.kts",
    "nextest.toml",
    "tarpaulin.toml",
    ".tarpaulin.toml",
    ".simplecov",
    ".rspec",
    "coverlet.runsettings",
    "testplan",
    "cmakepresets.json",
    "ctestcustom.cmake",
    ".gcovr",
    "gcovr.cfg",
    ".lcovrc",
    // Scans.
    ".bandit",
    ".semgrepignore",
    ".semgrep.yml",
    ".gitleaks.toml",
    ".gitleaksignore",
    ".trivyignore",
    ".trivyignore.yaml",
    "trivy.yaml",
    ".grype.yaml",
    "osv-scanner.toml",
    ".snyk",
    ".checkov.yml",
    ".checkov.yaml",
    ".brakeman.ignore",
    "brakeman.ignore",
    ".nsprc",
    ".npmrc",
    ".bundler-audit.yml",
    "audit.toml",
    ".secrets.baseline",
];

/// Beginnings of the names of such files: `jest.config.mjs`, `.nycrc.json`.
const STEMS: &[&str] = &[
    "jest.config.",
    "vitest.config.",
    "vitest.workspace.",
    "vite.config.",
    "karma.conf.",
    "cypress.config.",
    "playwright.config.",
    ".mocharc.",
    ".nycrc.",
    ".c8rc.",
    "nyc.config.",
    "codeception.",
    "wdio.conf.",
];

/// True if the file says how evidence is made: what CI runs, which tests and files it counts, what a scanner
/// leaves out. A change of it is no fault; it only has to be seen by a person.
pub fn is_sensitive(path: &RepoPath) -> bool {
    let path = path.as_str().to_lowercase();
    let name = path.rsplit('/').next().unwrap_or(&path);
    FOLDERS.iter().any(|folder| path.starts_with(folder))
        || NAMES.contains(&name)
        || STEMS.iter().any(|stem| name.starts_with(stem))
}

/// The grade that the change alone gives: code of the change ran, so it is intact at best; modified if the
/// change edits what makes the evidence, unknown if the change is unknown. A commit that is judged by itself has
/// no grade.
pub fn of_change(occasion: Occasion, diff: &DiffState) -> Provenance {
    let diff = match (occasion, diff) {
        (Occasion::Absolute, _) | (_, DiffState::NoBase) => return Provenance::default(),
        (Occasion::Change, DiffState::Unavailable { .. }) => {
            return Provenance::of_all_kinds(&Graded::new(Grade::Unknown, "the change is not known"));
        }
        (Occasion::Change, DiffState::Known(diff)) => diff,
    };
    // A file that is moved away is gone from its place.
    let touched =
        diff.files.iter().flat_map(|(path, file)| std::iter::once(path).chain(file.old_path.as_ref()));
    let touched = touched.filter(|path| is_sensitive(path));
    let sensitive: BTreeSet<&RepoPath> = touched.chain(&diff.sensitive_elsewhere).collect();
    let sensitive: Vec<RepoPath> = sensitive.into_iter().cloned().collect();
    let graded = match sensitive.as_slice() {
        [] if diff.unreadable_paths > 0 => {
            Graded::new(Grade::Modified, "the change touches a file whose path is not UTF-8")
        }
        [] => Graded::new(Grade::Intact, "code of the change ran"),
        [only] => Graded::new(Grade::Modified, format!("the change edits {}", only.as_str())),
        [first, rest @ ..] => Graded::new(
            Grade::Modified,
            Untrusted::new(format!("the change edits {} and {} more", first.as_str(), rest.len())),
        ),
    };
    Provenance { sensitive, ..Provenance::of_all_kinds(&graded) }
}

/// Raises the grade of a kind of evidence to isolated (B) where runs that execute nothing of the change made all of it.
/// Only what is intact is raised: a change of what makes the evidence may be a change of these runs. A report that
/// nobody can read may be of any kind.
pub fn raise_isolated(
    provenance: &mut Provenance,
    reports: &[ReportRead],
    is_isolated: &dyn Fn(&Untrusted) -> bool,
) {
    for (kind, graded) in &mut provenance.grades {
        let mut of_kind = reports.iter().filter(|report| report.kind.is_none_or(|of| of == *kind)).peekable();
        let is_there = of_kind.peek().is_some();
        if graded.grade == Grade::Intact && is_there && of_kind.all(|report| is_isolated(&report.file)) {
            let why = "it is from runs that execute nothing of the change, and nothing attests them";
            *graded = Graded::new(Grade::Isolated, why);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Diff, DiffFile, FileChange, Kind, LineMarks, LineRanges};

    fn path(text: &str) -> RepoPath {
        RepoPath::new(text).unwrap()
    }

    fn changing(files: &[(&str, Option<&str>)]) -> DiffState {
        let entry = |(file, old): &(&str, Option<&str>)| {
            let (added, removed) = (LineRanges::default(), LineRanges::default());
            let (change, marks) = (FileChange::Modified, LineMarks::default());
            (path(file), DiffFile { change, old_path: old.map(path), added, removed, marks })
        };
        DiffState::Known(Diff { files: files.iter().map(entry).collect(), ..Diff::default() })
    }

    fn grade(diff: &DiffState) -> (&'static str, String) {
        let provenance = of_change(Occasion::Change, diff);
        let graded = &provenance.grades[&Kind::Tests];
        (graded.grade.letter(), graded.why.raw().to_owned())
    }

    #[test]
    fn a_change_of_code_leaves_its_evidence_intact() {
        assert_eq!(grade(&changing(&[("src/a.rs", None), ("Cargo.lock", None)])).0, "C");
    }

    #[test]
    fn a_change_of_what_makes_the_evidence_lowers_it() {
        for file in [
            ".github/workflows/ci.yml",
            ".github/tollgate.yml",
            "a/.coveragerc",
            "web/jest.config.mjs",
            "Jenkinsfile",
            "JENKINSFILE",
            ".nycrc.json",
            "app/pom.xml",
            ".trivyignore",
        ] {
            assert_eq!(grade(&changing(&[(file, None)])), ("D", format!("the change edits {file}")));
        }
        for file in ["docs/github/x.md", "src/package.json.rs", "yarn.lock", "a.github/x", "jest.configs"] {
            assert_eq!(grade(&changing(&[(file, None)])).0, "C", "{file}");
        }
    }

    #[test]
    fn moving_such_a_file_away_is_a_change_of_it() {
        let moved = changing(&[("old.txt", Some(".coveragerc")), (".github/a.yml", None)]);
        assert_eq!(grade(&moved), ("D", "the change edits .coveragerc and 1 more".to_owned()));
    }

    #[test]
    fn what_lies_outside_of_the_judged_directory_or_cannot_be_named_counts_too() {
        let mut diff = Diff { unreadable_paths: 1, ..Diff::default() };
        assert_eq!(grade(&DiffState::Known(diff.clone())).0, "D");
        diff.sensitive_elsewhere.insert(path(".github/workflows/ci.yml"));
        let expected = ("D", "the change edits .github/workflows/ci.yml".to_owned());
        assert_eq!(grade(&DiffState::Known(diff)), expected);
    }

    #[test]
    fn an_unknown_change_makes_unknown_evidence_and_a_commit_alone_has_no_grade() {
        let unknown = DiffState::Unavailable { reason: "x".into(), help: String::new() };
        assert_eq!(grade(&unknown).0, "E");
        assert_eq!(
            of_change(Occasion::Absolute, &changing(&[(".github/a.yml", None)])),
            Provenance::default()
        );
        assert_eq!(of_change(Occasion::Change, &DiffState::NoBase), Provenance::default());
    }
}
