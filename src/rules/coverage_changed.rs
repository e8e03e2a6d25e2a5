//! `coverage.changed`: the lines that the change adds or modifies are tested.

use super::words::{counted, ranges};
use super::{Direction, Field, FieldKind, Judgement, Replayed, Rule, RuleSpec, Scope, Settings, doubt};
use crate::compare::{ChangedFile, ChangedLines, Evidence};
use crate::diagnostic::Code;
use crate::model::{
    Detail, DiffState, Kind, Measured, OutcomeKind, PathResolution, Percent, Ratio, Replay, RepoPath, Step,
    Untrusted,
};

pub(super) const SPEC: RuleSpec = RuleSpec::of::<CoverageChanged>(
    "coverage.changed",
    "Coverage of changed lines",
    "coverage",
    Some(Kind::Coverage),
    "The share of the added and modified lines that a test ran, among those that can be covered. Deleted lines \
     and lines of unchanged files never count.",
)
.by_path();

const MOST_STEPS: usize = 5;
const MOST_ROWS: usize = 500;
const MOST_RANGES: usize = 40;

struct CoverageChanged {
    min: Percent,
    min_lines: u64,
    max_uncovered: u64,
    unmeasured_is_note: bool,
}

impl Rule for CoverageChanged {
    const FIELDS: &'static [Field] = &[
        Field {
            key: "min",
            kind: FieldKind::Percent,
            direction: Direction::Min,
            default: Some("80"),
            doc: "the smallest share of changed lines that a test must run, a percentage",
        },
        Field {
            key: "min-lines",
            kind: FieldKind::Count,
            direction: Direction::Max,
            default: Some("20"),
            doc: "changes with fewer changed lines that can be covered are not judged, a whole number",
        },
        Field {
            key: "max-uncovered",
            kind: FieldKind::Count,
            direction: Direction::Max,
            default: Some("0"),
            doc: "with at most so many uncovered changed lines the rule is met whatever the share, a whole number",
        },
        Field {
            key: "unmeasured",
            kind: FieldKind::Word(&["note", "not-measured"]),
            direction: Direction::Ordered,
            default: Some("note"),
            doc: "what a changed source file that no report measures does: `note` lists it, `not-measured` gives \
                  no verdict; a file that the base's reports measured always gives none",
        },
    ];

    fn read(settings: &Settings) -> Self {
        Self {
            min: settings.percent("min").unwrap_or(Percent::from_hundredths(10_000)),
            min_lines: settings.count("min-lines").unwrap_or(0),
            max_uncovered: settings.count("max-uncovered").unwrap_or(0),
            unmeasured_is_note: settings.word("unmeasured") == Some("note"),
        }
    }

    fn judge(&self, evidence: &Evidence<'_>, scope: &Scope<'_>) -> Judgement {
        let required = format!("at least {}", self.min);
        if let DiffState::NoBase = evidence.diff {
            return Judgement::new(OutcomeKind::NotJudged, Measured::Nothing, "", required)
                .because("no base to compare with")
                .before_measuring();
        }
        if let Some(judgement) = doubt::absent(evidence, scope, Kind::Coverage, &required) {
            return judgement;
        }
        if let DiffState::Unavailable { reason, help } = evidence.diff {
            return unavailable(reason, help, required).before_measuring();
        }
        let (Some(changed), Some(coverage)) = (&evidence.changed, &evidence.head.coverage) else {
            return Judgement::new(OutcomeKind::NotMeasured, Measured::Nothing, "not measured", required)
                .because("the changed lines could not be joined with the coverage");
        };
        let files: Vec<&ChangedFile<'_>> =
            changed.files.iter().filter(|file| (scope.wanted)(file.path)).collect();
        let ratio = changed.ratio(scope.wanted);
        let unmeasured = changed.unmeasured.iter().filter(|path| (scope.wanted)(path)).count() as u64;
        let figures = [("covered", ratio.part), ("of", ratio.whole), ("unmeasured-files", unmeasured)];
        let mut judgement = self.judge_share(ratio, &files, required).measuring(&figures);
        judgement.details.extend(missed_detail(&files));
        judgement.details.extend(unmeasured_detail(changed, scope));
        if let Some(reason) = self.doubtful(evidence, scope, changed, &coverage.paths) {
            judgement.kind = OutcomeKind::NotMeasured;
            judgement.reason = reason;
            judgement.steps.clear();
            return judgement;
        }
        if judgement.kind == OutcomeKind::NotMet {
            judgement.steps = steps(&files, ratio, self.min, scope);
        }
        doubt::settle_share(judgement, evidence, scope, Kind::Coverage)
    }

    fn replay(&self, replay: &Replay) -> Option<Replayed> {
        let figures = replay.figures.as_ref()?;
        let ratio = Ratio { part: *figures.get("covered")?, whole: *figures.get("of")? };
        if *figures.get("unmeasured-files")? > 0 && !self.unmeasured_is_note {
            return Some(Replayed::NOT_MEASURED);
        }
        Some(match ratio.reaches(self.min) {
            None => Replayed::NOT_JUDGED,
            Some(_) if ratio.whole < self.min_lines => Replayed::NOT_JUDGED,
            Some(true) => Replayed::MET,
            Some(false) if ratio.whole.saturating_sub(ratio.part) <= self.max_uncovered => Replayed::MET,
            Some(false) => Replayed::not_met(ratio.shortfall(self.min)),
        })
    }
}

impl CoverageChanged {
    fn judge_share(&self, ratio: Ratio, files: &[&ChangedFile<'_>], required: String) -> Judgement {
        let missed: u64 = files.iter().map(|file| file.missed.len()).sum();
        let Some(reached) = ratio.reaches(self.min) else {
            let text = "no changed line can be covered";
            return Judgement::new(OutcomeKind::NotJudged, Measured::Share(ratio), "", required)
                .because(text);
        };
        let lines = counted(ratio.whole, "changed line", "changed lines");
        if ratio.whole < self.min_lines {
            let text = format!("{lines} can be covered");
            let from = format!("judged from {} up", counted(self.min_lines, "line", "lines"));
            return Judgement::new(OutcomeKind::NotJudged, Measured::Share(ratio), text, required)
                .because(from);
        }
        let met = reached || missed <= self.max_uncovered;
        let text = format!(
            "{} ({} of {})",
            ratio.text_against(Some(self.min)),
            ratio.part,
            counted(ratio.whole, "line", "lines")
        );
        let kind = if met { OutcomeKind::Met } else { OutcomeKind::NotMet };
        let required = match self.max_uncovered {
            0 => required,
            most => format!("{required}, or at most {} uncovered", counted(most, "line", "lines")),
        };
        Judgement::new(kind, Measured::Share(ratio), text, required)
    }

    /// Why the figure cannot be right, although all reports are whole.
    fn doubtful(
        &self,
        evidence: &Evidence<'_>,
        scope: &Scope<'_>,
        changed: &ChangedLines<'_>,
        paths: &PathResolution,
    ) -> Option<Untrusted> {
        let wanted = |path: &&&RepoPath| (scope.wanted)(path);
        let lost = paths.ambiguous_count.saturating_add(paths.outside_count);
        if paths.resolved == 0 && lost > 0 {
            let help = Code::UnresolvedPaths.help();
            return Some(
                format!("no path of the coverage reports is a file of the repository: {help}").into(),
            );
        }
        if let Some(path) = changed.unusable.iter().find(wanted) {
            let path = path.as_str();
            return Some(
                format!("the coverage of {path} is of another state of the file, or has no lines").into(),
            );
        }
        if let Some(path) = changed.unmeasured.iter().filter(wanted).find(|path| at_base(evidence, path)) {
            let path = path.as_str();
            return Some(format!("{path} is measured at the base and by no report of the change").into());
        }
        let ambiguous = |path: &&&RepoPath| {
            let name = path.file_name();
            let unseen = paths.ambiguous_count > paths.ambiguous.len() as u64;
            unseen || paths.ambiguous.iter().any(|text| text.raw().ends_with(name))
        };
        if paths.ambiguous_count > 0
            && let Some(path) = changed.unmeasured.iter().filter(wanted).find(ambiguous)
        {
            let path = path.as_str();
            return Some(format!("a path of the reports could be {path} and other files too").into());
        }
        match changed.unmeasured.iter().find(wanted) {
            Some(path) if !self.unmeasured_is_note => {
                Some(format!("no report measures {}", path.as_str()).into())
            }
            _ => None,
        }
    }
}

/// The judgement where there should be a base and the change cannot be computed.
fn unavailable(reason: &Untrusted, help: &str, required: String) -> Judgement {
    let text = "changed lines unknown";
    let mut judgement = Judgement::new(OutcomeKind::NotMeasured, Measured::Nothing, text, required);
    judgement.steps.push(Step {
        rule: SPEC.id,
        action: "Let the job read the base.".to_owned(),
        subject: Untrusted::default(),
        file: Untrusted::default(),
        line: None,
        detail: Untrusted::new(help),
        run: String::new(),
        for_owners: true,
    });
    judgement.because(reason.clone())
}

/// True if the base's reports measure the file, under its old path if it moved (DECISIONS 12).
fn at_base(evidence: &Evidence<'_>, path: &RepoPath) -> bool {
    let Some(coverage) = evidence.base.and_then(|base| base.coverage.as_ref()) else { return false };
    let old = evidence.diff().and_then(|diff| diff.files.get(path)).and_then(|file| file.old_path.as_ref());
    [Some(path), old].into_iter().flatten().any(|path| coverage.files.contains_key(path))
}

fn steps(files: &[&ChangedFile<'_>], ratio: Ratio, min: Percent, scope: &Scope<'_>) -> Vec<Step> {
    let mut files: Vec<_> = files.iter().filter(|file| !file.missed.is_empty()).collect();
    files.sort_by_key(|file| (std::cmp::Reverse(file.missed.len()), file.path));
    let missed = ratio.whole - ratio.part.min(ratio.whole);
    let short = ratio.shortfall(min);
    let them = if files.len() == 1 { "them".to_owned() } else { format!("all {missed}") };
    let enough = match short {
        short if short == missed => format!("all of them are needed to reach {min}"),
        1 => format!("1 of {them} is enough to reach {min}"),
        short => format!("{short} of {them} are enough to reach {min}"),
    };
    let run = scope.reproduce.coverage.clone().unwrap_or_default();
    files
        .into_iter()
        .take(MOST_STEPS)
        .enumerate()
        .map(|(index, file)| Step {
            rule: SPEC.id,
            action: format!(
                "Test {}.",
                counted(file.missed.len(), "more changed line", "more changed lines")
            ),
            subject: Untrusted::new(ranges(&file.missed, MOST_RANGES)),
            file: Untrusted::new(file.path.as_str()),
            line: file.missed.lines().next().and_then(std::num::NonZeroU32::new),
            detail: Untrusted::new(if index == 0 { enough.as_str() } else { "" }),
            run: run.clone(),
            for_owners: false,
        })
        .collect()
}

fn missed_detail(files: &[&ChangedFile<'_>]) -> Option<Detail> {
    let missed: u64 = files.iter().map(|file| file.missed.len()).sum();
    let mut rows = vec![vec!["File".into(), "Lines".into()]];
    rows.extend(files.iter().filter(|file| !file.missed.is_empty()).take(MOST_ROWS).map(|file| {
        vec![Untrusted::new(file.path.as_str()), Untrusted::new(ranges(&file.missed, MOST_RANGES))]
    }));
    let title = format!("Changed lines without a test ({missed})");
    (missed > 0).then(|| Detail { title, rows, text: Untrusted::default() })
}

fn unmeasured_detail(changed: &ChangedLines<'_>, scope: &Scope<'_>) -> Option<Detail> {
    let paths: Vec<&RepoPath> =
        changed.unmeasured.iter().copied().filter(|path| (scope.wanted)(path)).collect();
    let mut rows = vec![vec!["File".into()]];
    rows.extend(paths.iter().take(MOST_ROWS).map(|path| vec![Untrusted::new(path.as_str())]));
    let title = format!("Changed files that no report measures ({})", paths.len());
    (!paths.is_empty()).then(|| Detail { title, rows, text: Untrusted::default() })
}

#[cfg(test)]
mod tests {
    use super::super::sample::{Sample, coverage, path, report};
    use super::*;
    use crate::model::{FileCoverage, Health};

    /// 21 changed lines of which 12 ran, as in the mock-up.
    fn mockup() -> Sample {
        let missed = [41, 42, 43, 44, 45, 46, 52, 58, 59];
        let lines: Vec<(u32, u64)> =
            (39..60).map(|line| (line, u64::from(!missed.contains(&line)))).collect();
        Sample::of(coverage(&[("src/refund.rs", &lines)])).changing("src/refund.rs", 30..80)
    }

    #[test]
    fn a_shortfall_is_said_in_lines() {
        let judgement = mockup().judge("coverage.changed", &[]);
        assert_eq!(judgement.kind, OutcomeKind::NotMet);
        assert_eq!(judgement.measured_text, "57.1% (12 of 21 lines)");
        assert_eq!(judgement.required_text, "at least 80%");
        let step = &judgement.steps[0];
        assert_eq!(step.action, "Test 9 more changed lines.");
        assert_eq!(step.subject.raw(), "41-46, 52, 58-59");
        assert_eq!(step.detail.raw(), "5 of them are enough to reach 80%");
        assert_eq!(step.run, "cargo llvm-cov");
        assert_eq!(judgement.details[0].title, "Changed lines without a test (9)");
    }

    #[test]
    fn exactly_at_the_bar_is_met() {
        let sample = Sample::of(coverage(&[("a.rs", &[(1, 1), (2, 1), (3, 1), (4, 1), (5, 0)])]))
            .changing("a.rs", 1..6);
        let bar = |min| sample.judge("coverage.changed", &[("min", min), ("min-lines", "5")]).kind;
        assert_eq!(bar("80"), OutcomeKind::Met);
        assert_eq!(bar("80.01"), OutcomeKind::NotMet);
    }

    #[test]
    fn a_small_change_is_not_judged() {
        let lines: Vec<(u32, u64)> = (1..7).map(|line| (line, 0)).collect();
        let sample = Sample::of(coverage(&[("a.rs", &lines)])).changing("a.rs", 1..7);
        let judgement = sample.judge("coverage.changed", &[]);
        assert_eq!(judgement.kind, OutcomeKind::NotJudged);
        assert_eq!(judgement.measured_text, "6 changed lines can be covered");
        assert_eq!(judgement.reason.raw(), "judged from 20 lines up");
        assert_eq!(sample.judge("coverage.changed", &[("min-lines", "6")]).kind, OutcomeKind::NotMet);
    }

    #[test]
    fn a_change_of_documents_is_green_and_not_judged() {
        let sample = Sample::of(coverage(&[("a.rs", &[(1, 1)])])).changing("README.md", 1..50);
        let judgement = sample.judge("coverage.changed", &[]);
        assert_eq!(judgement.kind, OutcomeKind::NotJudged);
        assert_eq!(judgement.reason.raw(), "no changed line can be covered");
    }

    #[test]
    fn a_few_uncovered_lines_can_be_allowed_whatever_their_share() {
        assert_eq!(mockup().judge("coverage.changed", &[("max-uncovered", "9")]).kind, OutcomeKind::Met);
        assert_eq!(mockup().judge("coverage.changed", &[("max-uncovered", "8")]).kind, OutcomeKind::NotMet);
    }

    #[test]
    fn an_unmeasured_file_is_listed_or_not_measured() {
        let sample = mockup().changing("src/new.rs", 1..9);
        let fields = [("min", "50")];
        let judgement = sample.judge("coverage.changed", &fields);
        assert_eq!(judgement.kind, OutcomeKind::Met);
        assert_eq!(judgement.details[1].title, "Changed files that no report measures (1)");
        let strict = [("min", "50"), ("unmeasured", "not-measured")];
        assert_eq!(sample.judge("coverage.changed", &strict).kind, OutcomeKind::NotMeasured);
    }

    #[test]
    fn a_file_that_the_base_measured_must_still_be_measured() {
        let base = coverage(&[("src/new.rs", &[(1, 1)])]);
        let judgement =
            mockup().changing("src/new.rs", 1..9).against(base).judge("coverage.changed", &[("min", "50")]);
        assert_eq!(judgement.kind, OutcomeKind::NotMeasured);
        assert_eq!(
            judgement.reason.raw(),
            "src/new.rs is measured at the base and by no report of the change"
        );
    }

    #[test]
    fn a_report_of_another_state_or_with_totals_alone_gives_no_figure() {
        let mut sample = mockup();
        sample.head.coverage.as_mut().unwrap().stale.push(path("src/refund.rs"));
        assert_eq!(sample.judge("coverage.changed", &[("min", "0")]).kind, OutcomeKind::NotMeasured);
        let mut sample = mockup();
        let file = FileCoverage { summary: Some(Box::default()), ..FileCoverage::default() };
        sample.head.coverage.as_mut().unwrap().files.insert(path("src/refund.rs"), file);
        assert_eq!(sample.judge("coverage.changed", &[("min", "0")]).kind, OutcomeKind::NotMeasured);
    }

    #[test]
    fn paths_that_belong_to_no_file_are_not_measured() {
        let mut sample = mockup();
        let coverage = sample.head.coverage.as_mut().unwrap();
        coverage.files.clear();
        coverage.paths.resolved = 0;
        coverage.paths.outside_count = 3;
        let judgement = sample.judge("coverage.changed", &[]);
        assert_eq!(judgement.kind, OutcomeKind::NotMeasured);
        assert!(judgement.reason.raw().contains("no path of the coverage reports"), "{judgement:?}");
    }

    #[test]
    fn a_path_that_could_be_a_changed_file_is_not_measured() {
        let mut sample = mockup().changing("a/lib.rs", 1..9);
        let paths = &mut sample.head.coverage.as_mut().unwrap().paths;
        paths.ambiguous_count = 1;
        paths.ambiguous.push("src/lib.rs".into());
        assert_eq!(sample.judge("coverage.changed", &[("min", "50")]).kind, OutcomeKind::NotMeasured);
    }

    #[test]
    fn a_missing_shard_makes_a_shortfall_not_measured() {
        let mut sample = mockup();
        sample.head.reports.push(report("other.info", Kind::Coverage, Health::Empty));
        let judgement = sample.judge("coverage.changed", &[]);
        assert_eq!(judgement.kind, OutcomeKind::NotMeasured);
        assert_eq!(judgement.reason.raw(), "other.info is empty");
        assert!(judgement.steps.is_empty());
    }

    #[test]
    fn without_a_base_it_does_not_apply_and_without_history_it_is_not_measured() {
        assert_eq!(mockup().without_base().judge("coverage.changed", &[]).kind, OutcomeKind::NotJudged);
        let mut sample = mockup();
        sample.diff =
            DiffState::Unavailable { reason: "the clone is shallow".into(), help: "fetch more".to_owned() };
        let judgement = sample.judge("coverage.changed", &[]);
        assert_eq!(judgement.kind, OutcomeKind::NotMeasured);
        assert_eq!(judgement.reason.raw(), "the clone is shallow");
        assert_eq!(judgement.steps[0].detail.raw(), "fetch more");
    }

    #[test]
    fn without_a_report_it_applies_only_where_a_file_asks_for_it() {
        assert_eq!(Sample::default().judge("coverage.changed", &[]).kind, OutcomeKind::NotMeasured);
        assert_eq!(Sample::default().judge_unnamed("coverage.changed").kind, OutcomeKind::NotJudged);
    }
}
