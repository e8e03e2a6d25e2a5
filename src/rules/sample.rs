//! Small evidence for tests.

use super::{
    Covered, Feeds, FieldKind, Globs, Judgement, Pattern, Quarantined, Reproduce, RuleSpec, Scope, Setting,
    Settings, Statements, Value, VexStatement, Waiver, by_id,
};
use crate::compare::{self, BaseSide, ContractState, Drift, Evidence, Occasion};
use crate::diagnostic::Origin;
use crate::model::{
    BuildJobs, ContainerFailure, Coverage, Date, Diff, DiffFile, DiffState, FileChange, FileCoverage,
    Finding, FindingId, Health, Job, JobFate, JobReports, JobResult, Kind, LineMarks, LineRanges, Place,
    Provenance, RepoPath, ReportRead, ReportTotals, Scan, ScanClass, ScanClasses, Severity, SeverityCounts,
    Snapshot, TestCase, TestId, TestRun, TestStatus, Tool, Traits, Untrusted,
};
use std::num::NonZeroU32;

/// What a test gives to [`compare::evidence`].
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub(crate) head: Snapshot,
    pub(crate) base: Option<Snapshot>,
    /// What happened since the base's evidence was made, or why nobody can say.
    pub(crate) since: Option<Result<Diff, &'static str>>,
    pub(crate) occasion: Occasion,
    pub(crate) diff: DiffState,
    pub(crate) contract: Vec<ContractState>,
    pub(crate) waivers: Vec<Waiver>,
    pub(crate) quarantine: Vec<Quarantined>,
    pub(crate) vex: Vec<VexStatement>,
    pub(crate) feeds: Feeds,
    pub(crate) pinned: bool,
    pub(crate) failures_block: bool,
}

impl Default for Sample {
    fn default() -> Self {
        Self {
            head: Snapshot::default(),
            base: None,
            since: None,
            occasion: Occasion::Change,
            diff: DiffState::Known(Diff::default()),
            contract: Vec::new(),
            waivers: Vec::new(),
            quarantine: Vec::new(),
            vex: Vec::new(),
            feeds: Feeds::default(),
            pinned: false,
            failures_block: true,
        }
    }
}

impl Sample {
    pub(crate) fn of(head: Snapshot) -> Self {
        Self { head, ..Self::default() }
    }

    pub(crate) fn against(mut self, base: Snapshot) -> Self {
        self.base = Some(base);
        self
    }

    pub(crate) fn without_base(mut self) -> Self {
        self.diff = DiffState::NoBase;
        self.occasion = Occasion::Absolute;
        self
    }

    /// Adds a changed file.
    pub(crate) fn changing(mut self, file: &str, added: impl IntoIterator<Item = u32>) -> Self {
        if let DiffState::Known(diff) = &mut self.diff {
            let added = LineRanges::from_iter(added);
            let removed = LineRanges::default();
            let marks = LineMarks::default();
            let entry = DiffFile { change: FileChange::Modified, old_path: None, added, removed, marks };
            diff.files.insert(path(file), entry);
        }
        self
    }

    /// Adds a file of which the change removes lines of the base.
    pub(crate) fn removing(mut self, file: &str, removed: impl IntoIterator<Item = u32>) -> Self {
        if let DiffState::Known(diff) = &mut self.diff {
            let entry = diff.files.entry(path(file)).or_insert(DiffFile {
                change: FileChange::Modified,
                old_path: None,
                added: LineRanges::default(),
                removed: LineRanges::default(),
                marks: LineMarks::default(),
            });
            entry.removed = LineRanges::from_iter(removed);
        }
        self
    }

    /// Adds a file that changed between the base's evidence and the merge base.
    pub(crate) fn since_then(
        mut self,
        file: &str,
        added: impl IntoIterator<Item = u32>,
        removed: impl IntoIterator<Item = u32>,
    ) -> Self {
        let entry = DiffFile {
            change: FileChange::Modified,
            old_path: None,
            added: LineRanges::from_iter(added),
            removed: LineRanges::from_iter(removed),
            marks: LineMarks::default(),
        };
        if let Ok(diff) = self.since.get_or_insert(Ok(Diff::default())) {
            diff.files.insert(path(file), entry);
        }
        self
    }

    pub(crate) fn asking(mut self, entry: &str, kind: Kind, at_least: u64, arrived: u64) -> Self {
        let entry = entry.to_owned();
        self.contract.push(ContractState {
            entry,
            kind,
            at_least,
            arrived,
            optional: false,
            classes: ScanClasses::NONE,
            shards: None,
        });
        self
    }

    pub(crate) fn waiving(mut self, rule: &'static str, covered: Covered) -> Self {
        let what = Some(covered);
        let expires = Date::parse("2027-01-31").unwrap();
        let origin = Origin::at("tollgate.yml", 9, 5);
        self.waivers.push(Waiver {
            rule,
            what,
            owner: "@acme/sec".into(),
            reason: "unreachable".into(),
            expires,
            origin,
        });
        self
    }

    pub(crate) fn quarantining(mut self, test: &str) -> Self {
        let expires = Date::parse("2027-01-15").unwrap();
        let (owner, reason) = ("@acme/core".to_owned(), "flaky".to_owned());
        let origin = Origin::at("tollgate.yml", 12, 5);
        self.quarantine.push(Quarantined { test: Pattern::new(test), owner, reason, expires, origin });
        self
    }

    /// The base, called `main`.
    pub(crate) fn base_side(&self) -> BaseSide<'_> {
        let drift = match &self.since {
            None => Drift::None,
            Some(Ok(diff)) => Drift::Known(diff),
            Some(Err(why)) => Drift::Unknown(why),
        };
        BaseSide { name: "main".into(), drift, ..BaseSide::of(self.base.as_ref()) }
    }

    pub(crate) fn evidence<'e>(&'e self, base: &'e BaseSide<'e>) -> Evidence<'e> {
        let none = |_: &RepoPath| false;
        compare::evidence(&self.head, base, self.occasion, &self.diff, &self.contract, &none)
    }

    /// Judges by one rule that a file names: `key value` pairs over the rule's defaults.
    pub(crate) fn judge(&self, rule: &str, fields: &[(&str, &str)]) -> Judgement {
        self.judge_as(rule, fields, true)
    }

    /// The same for a rule that only the built-in policy asks for.
    pub(crate) fn judge_unnamed(&self, rule: &str) -> Judgement {
        self.judge_as(rule, &[], false)
    }

    /// Judges the files that an overlay wants.
    pub(crate) fn judge_below(&self, folder: &str, rule: &str, fields: &[(&str, &str)]) -> Judgement {
        let wanted = |path: &RepoPath| path.as_str().starts_with(folder);
        self.judge_in(&wanted, false, rule, fields, true)
    }

    /// Judges with another provenance than the change gives.
    pub(crate) fn judge_with(
        &self,
        provenance: Provenance,
        rule: &str,
        fields: &[(&str, &str)],
    ) -> Judgement {
        let base = self.base_side();
        let evidence = Evidence { provenance, ..self.evidence(&base) };
        self.judge_evidence(&evidence, &|_| true, true, rule, fields, true)
    }

    fn judge_as(&self, rule: &str, fields: &[(&str, &str)], named: bool) -> Judgement {
        self.judge_in(&|_| true, true, rule, fields, named)
    }

    fn judge_in(
        &self,
        wanted: &dyn Fn(&RepoPath) -> bool,
        whole: bool,
        rule: &str,
        fields: &[(&str, &str)],
        named: bool,
    ) -> Judgement {
        self.judge_evidence(&self.evidence(&self.base_side()), wanted, whole, rule, fields, named)
    }

    fn judge_evidence(
        &self,
        evidence: &Evidence<'_>,
        wanted: &dyn Fn(&RepoPath) -> bool,
        whole: bool,
        rule: &str,
        fields: &[(&str, &str)],
        named: bool,
    ) -> Judgement {
        let spec = by_id(rule).unwrap();
        let reproduce = Reproduce {
            tests: Some("cargo test {name}".to_owned()),
            tests_file: None,
            coverage: Some("cargo llvm-cov".to_owned()),
        };
        let waivers: Vec<&Waiver> = self.waivers.iter().collect();
        let quarantine: Vec<&Quarantined> = self.quarantine.iter().collect();
        let test = |path: Option<&RepoPath>, _: &str, _: &str| path.map_or(whole, wanted);
        let scope = Scope {
            wanted,
            test: &test,
            whole,
            named,
            doubts: &[],
            failures_block: self.failures_block,
            reproduce: &reproduce,
            waivers: &waivers,
            quarantine: &quarantine,
            vex: &Statements::new(&self.vex),
            feeds: &self.feeds,
            pinned: self.pinned,
        };
        (spec.judge)(&settings(spec, fields), evidence, &scope)
    }
}

/// The rule's defaults and, over them, `fields`.
pub(crate) fn settings(spec: &'static RuleSpec, fields: &[(&str, &str)]) -> Settings {
    let mut settings = Settings::default();
    for field in spec.fields {
        let given = fields.iter().find(|(key, _)| *key == field.key).map(|(_, text)| *text);
        if let Some(text) = given.or(field.default) {
            let value = match field.kind {
                FieldKind::Globs => Value::Globs(Globs::new([text]).unwrap().patterns().to_vec()),
                kind => kind.read(text).unwrap(),
            };
            settings.set(field.key, Setting { value, origin: Origin::file("test") });
        }
    }
    for (key, _) in fields {
        assert!(spec.field(key).is_some(), "{} has no field {key}", spec.id);
    }
    settings
}

pub(crate) fn path(text: &str) -> RepoPath {
    RepoPath::new(text).unwrap()
}

pub(crate) fn report(file: &str, kind: Kind, health: Health) -> ReportRead {
    ReportRead {
        file: file.into(),
        entry: String::new(),
        kind: Some(kind),
        format: String::new(),
        health,
        totals: ReportTotals::None,
        warnings: Vec::new(),
    }
}

pub(crate) fn case(name: &str, status: TestStatus) -> TestCase {
    TestCase {
        id: TestId { name: name.into(), file: "tests/a.rs".into(), ..TestId::default() },
        status,
        flaky: false,
        duration: None,
        place: Some(Place { file: "tests/a.rs".into(), line: NonZeroU32::new(8) }),
        message: Untrusted::default(),
        expected: None,
        got: None,
        repeated: None,
    }
}

/// A snapshot with one whole report of these cases.
pub(crate) fn tests(cases: &[(&str, TestStatus)]) -> Snapshot {
    let mut run = TestRun::default();
    let mut passed = std::collections::BTreeSet::new();
    for (name, status) in cases {
        let case = case(name, *status);
        run.totals.count(*status, false);
        if *status == TestStatus::Passed {
            passed.insert(case.id);
        } else {
            run.cases.push(case);
        }
    }
    run.passed = crate::model::PassedTests::Names(passed);
    run.cases.sort();
    Snapshot {
        commit: Some("a1b2c3d4e5f6".to_owned()),
        reports: vec![report("junit.xml", Kind::Tests, Health::Complete)],
        tests: Some(run),
        ..Snapshot::default()
    }
}

/// The same with a failure of a container.
pub(crate) fn with_container_failure(mut snapshot: Snapshot, name: &str) -> Snapshot {
    let run = snapshot.tests.as_mut().unwrap();
    run.totals.container_failures += 1;
    run.containers.push(ContainerFailure { container: name.into(), message: "setup failed".into() });
    snapshot
}

/// A snapshot with one whole report: per file, lines and hits.
pub(crate) fn coverage(files: &[(&str, &[(u32, u64)])]) -> Snapshot {
    let mut coverage = Coverage::default();
    for (file, hits) in files {
        let mut entry = FileCoverage::default();
        for (line, hits) in *hits {
            entry.lines.add(NonZeroU32::new(*line).unwrap(), *hits);
        }
        coverage.files.insert(path(file), entry);
        coverage.paths.resolved += 1;
    }
    Snapshot {
        reports: vec![report("lcov.info", Kind::Coverage, Health::Complete)],
        coverage: Some(coverage),
        ..Snapshot::default()
    }
}

pub(crate) fn finding(rule: &str, severity: Severity) -> Finding {
    Finding {
        severity,
        severity_source: Untrusted::default(),
        class: ScanClass::Source,
        rule: rule.into(),
        aliases: Box::default(),
        message: "do not".into(),
        place: Some(Place { file: "src/a.rs".into(), line: NonZeroU32::new(3) }),
        package: None,
        suppression: None,
        identities: [FindingId(rule.bytes().fold(7, |hash, b| hash * 31 + u64::from(b))); 3],
        line: FindingId::ABSENT,
        traits: Traits::default(),
    }
}

/// A snapshot with one whole run of `scanner`.
pub(crate) fn scan(findings: Vec<Finding>) -> Snapshot {
    let mut active = SeverityCounts::default();
    for finding in findings.iter().filter(|finding| finding.suppression.is_none()) {
        active.count(finding.severity);
    }
    let scan = Scan {
        tool: Tool { name: "scanner".into(), ..Tool::default() },
        category: Untrusted::default(),
        health: Health::Complete,
        health_reason: Untrusted::default(),
        looked_for: findings.iter().map(|finding| finding.class).collect(),
        active,
        suppressed: findings.iter().filter(|finding| finding.suppression.is_some()).count() as u64,
        findings,
        not_kept: SeverityCounts::default(),
    };
    Snapshot {
        reports: vec![report("scan.sarif", Kind::Scan, Health::Complete)],
        scans: vec![scan],
        ..Snapshot::default()
    }
}

/// Adds jobs to a snapshot.
pub(crate) fn with_jobs(mut snapshot: Snapshot, jobs: &[(&str, JobResult)]) -> Snapshot {
    let job = |(name, result): &(&str, JobResult)| Job {
        name: (*name).into(),
        result: *result,
        fate: JobFate::Ordinary,
        reports: JobReports::Unknown,
    };
    snapshot.jobs = Some(BuildJobs { jobs: jobs.iter().map(job).collect(), each_leg: false });
    snapshot
}
