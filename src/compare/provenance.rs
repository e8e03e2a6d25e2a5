//! What a change itself says of the strength of its evidence: it is weaker if the change edits what makes it
//! (gate.md b6, b7).

use super::Occasion;
use crate::diagnostic::Code;
use crate::model::{DiffState, Grade, Graded, Kind, Provenance, RepoPath, ReportRead, Untrusted};
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

/// The reports whose signed provenance would make one of these kinds of evidence attested (A), each by its file; `None`
/// if none can be: there is no such evidence, or the change edits what makes it. A report that nobody can read may be of
/// any kind.
pub fn attestable(
    provenance: &Provenance,
    reports: &[ReportRead],
    kinds: &[Kind],
) -> Option<BTreeSet<Untrusted>> {
    let open = |kind: &Kind| {
        let graded = provenance.grades.get(kind);
        graded.is_some_and(|graded| may_be_attested(graded.grade))
            && reports.iter().any(|report| report.kind == Some(*kind))
    };
    let open: Vec<Kind> = kinds.iter().copied().filter(open).collect();
    let wanted = |report: &&ReportRead| report.kind.is_none_or(|kind| open.contains(&kind));
    let files = reports.iter().filter(wanted).filter(|report| !is_carried(report));
    (!open.is_empty()).then(|| files.map(|report| report.file.clone()).collect())
}

/// Raises the grade of these kinds of evidence to attested (A) where the provenance of all of it was verified;
/// elsewhere the grade stays, and its reason says why it is not A.
pub fn raise_attested(
    provenance: &mut Provenance,
    reports: &[ReportRead],
    kinds: &[Kind],
    verified: &dyn Fn(&Untrusted) -> Result<Untrusted, Untrusted>,
) {
    provenance.was_attestation_sought = true;
    let of_report = |report: &ReportRead| match is_carried(report) {
        true => {
            Err(Untrusted::new("reports were carried from the base, which no provenance of this run covers"))
        }
        false => verified(&report.file),
    };
    for (kind, graded) in &mut provenance.grades {
        if !kinds.contains(kind) || !may_be_attested(graded.grade) {
            continue;
        }
        let of_kind = reports.iter().filter(|report| report.kind.is_none_or(|of| of == *kind));
        let all: Result<BTreeSet<Untrusted>, Untrusted> = of_kind.map(of_report).collect();
        match all {
            Ok(verified) if verified.is_empty() => {}
            Ok(verified) => {
                let said: Vec<&str> = verified.iter().map(Untrusted::raw).collect();
                *graded = Graded::new(Grade::Attested, said.join("; "));
            }
            Err(why) => graded.why = format!("{}; no grade A: {}", graded.why.raw(), why.raw()).into(),
        }
    }
}

/// A change of what makes the evidence may be a change of what is signed.
const fn may_be_attested(grade: Grade) -> bool {
    matches!(grade, Grade::Intact | Grade::Isolated)
}

/// True for a report of the base that stands for one of the head.
fn is_carried(report: &ReportRead) -> bool {
    report.warnings.iter().any(|warning| warning.code == Code::CarriedReport)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Diagnostic, Origin, Weight};
    use crate::model::{Diff, DiffFile, FileChange, Health, LineMarks, LineRanges, ReportTotals};

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

    fn report(file: &str, kind: Option<Kind>) -> ReportRead {
        ReportRead {
            file: file.into(),
            entry: String::new(),
            kind,
            format: String::new(),
            health: Health::Complete,
            totals: ReportTotals::default(),
            warnings: Vec::new(),
        }
    }

    fn carried(file: &str, kind: Kind) -> ReportRead {
        let note = Diagnostic::new(Code::CarriedReport, Weight::Note, "not run", Origin::default());
        ReportRead { warnings: vec![note], ..report(file, Some(kind)) }
    }

    fn of_grade(grade: Grade) -> Provenance {
        Provenance::of_all_kinds(&Graded::new(grade, "as it is"))
    }

    /// The letters and reasons of tests and scans after both were looked for; files that begin with `ok` are attested.
    fn raised(grade: Grade, reports: &[ReportRead]) -> [(&'static str, String); 2] {
        let mut provenance = of_grade(grade);
        raise_attested(&mut provenance, reports, &[Kind::Tests, Kind::Scan], &|file| {
            if file.raw().starts_with("ok") { Ok("signed".into()) } else { Err("nothing is signed".into()) }
        });
        assert!(provenance.was_attestation_sought);
        [Kind::Tests, Kind::Scan].map(|kind| {
            let graded = &provenance.grades[&kind];
            (graded.grade.letter(), graded.why.raw().to_owned())
        })
    }

    #[test]
    fn evidence_is_attested_kind_by_kind_and_only_if_all_of_the_kind_is() {
        let reports = [
            report("ok/junit.xml", Some(Kind::Tests)),
            report("ok/more.xml", Some(Kind::Tests)),
            report("ok/a.sarif", Some(Kind::Scan)),
            report("b.sarif", Some(Kind::Scan)),
        ];
        for (grade, letter) in [(Grade::Intact, "C"), (Grade::Isolated, "B")] {
            let [tests, scan] = raised(grade, &reports);
            assert_eq!(tests, ("A", "signed".to_owned()));
            assert_eq!(scan, (letter, "as it is; no grade A: nothing is signed".to_owned()));
        }
    }

    #[test]
    fn a_report_that_nobody_can_read_may_be_of_any_kind() {
        let of_any = |file: &str| {
            raised(Grade::Intact, &[report("ok/junit.xml", Some(Kind::Tests)), report(file, None)])[0].0
        };
        assert_eq!(of_any("what.bin"), "C");
        assert_eq!(of_any("ok/what.bin"), "A");
    }

    #[test]
    fn what_was_carried_from_the_base_is_not_attested_whatever_its_file_is_called() {
        let reports = [report("ok/a.xml", Some(Kind::Tests)), carried("ok/b.xml", Kind::Tests)];
        let [tests, _] = raised(Grade::Intact, &reports);
        assert_eq!(tests.0, "C");
        assert!(tests.1.contains("carried from the base"), "{}", tests.1);
        let wanted = attestable(&of_grade(Grade::Intact), &reports, &[Kind::Tests]).unwrap();
        assert_eq!(wanted, [Untrusted::new("ok/a.xml")].into());
    }

    #[test]
    fn evidence_that_the_change_may_have_edited_is_never_raised() {
        let reports = [report("ok/junit.xml", Some(Kind::Tests))];
        for grade in [Grade::Unknown, Grade::Modified] {
            assert_eq!(raised(grade, &reports)[0], (grade.letter(), "as it is".to_owned()));
            assert_eq!(attestable(&of_grade(grade), &reports, &[Kind::Tests]), None);
        }
    }

    #[test]
    fn no_evidence_is_not_attested_and_is_not_asked_for() {
        assert_eq!(raised(Grade::Intact, &[])[0], ("C", "as it is".to_owned()));
        assert_eq!(attestable(&of_grade(Grade::Intact), &[], &[Kind::Tests]), None);
    }

    #[test]
    fn only_reports_of_the_kinds_that_are_asked_for_need_a_provenance() {
        let reports = [
            report("junit.xml", Some(Kind::Tests)),
            report("a.sarif", Some(Kind::Scan)),
            report("what.bin", None),
        ];
        let wanted = attestable(&of_grade(Grade::Isolated), &reports, &[Kind::Scan]).unwrap();
        assert_eq!(wanted, ["a.sarif", "what.bin"].map(Untrusted::new).into());
        let mut provenance = of_grade(Grade::Isolated);
        raise_attested(&mut provenance, &reports, &[Kind::Scan], &|_| Ok("signed".into()));
        let letters = provenance.grades.values().map(|graded| graded.grade.letter());
        assert_eq!(letters.collect::<Vec<_>>(), ["B", "B", "A"]);
    }
}
