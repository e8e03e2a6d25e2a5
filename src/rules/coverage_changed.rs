//! `coverage.changed`: the lines that the change adds or modifies are tested.

use super::uncovered::{detail, exclusions_detail, groups, steps, unmeasured_detail};
use super::words::counted;
use super::{Direction, Field, FieldKind, Judgement, Replayed, Rule, RuleSpec, Scope, Settings, doubt};
use crate::compare::{
    ChangedFile, ChangedLines, Counted, Counting, Evidence, Metric, Moved, Partials, Respaced,
};
use crate::diagnostic::Code;
use crate::model::{
    DiffState, Kind, Measured, OutcomeKind, PathResolution, Percent, Ratio, Replay, RepoPath, Step, Untrusted,
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

struct CoverageChanged {
    min: Percent,
    min_lines: u64,
    max_uncovered: u64,
    counting: Counting,
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
        super::METRIC,
        super::PARTIALS,
        Field {
            key: "moved",
            kind: FieldKind::Word(&["excused", "counted"]),
            direction: Direction::Ordered,
            default: Some("excused"),
            doc: "what an uncovered line does that the change only moved or indented: `excused` leaves it out where \
                  the base's snapshot proves that no test ran it there, `counted` counts it like any other",
        },
        Field {
            key: "white-space",
            kind: FieldKind::Word(&["ignored", "counted"]),
            direction: Direction::Unordered,
            default: Some("counted"),
            doc: "whether a line is changed of which only white space differs, line ends among it: `counted` or \
                  `ignored`",
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
            counting: Counting {
                metric: super::metric_of(settings),
                partials: super::partials_of(settings),
                respaced: match settings.word("white-space") {
                    Some("ignored") => Respaced::Ignored,
                    _ => Respaced::Counted,
                },
                moved: match settings.word("moved") {
                    Some("excused") => Moved::Excused,
                    _ => Moved::Counted,
                },
            },
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
        let metric = self.counting.metric;
        if metric != Metric::Line && !coverage.has_records(metric == Metric::Branch) {
            let (_, many) = super::words::of_metric(metric);
            let text = format!("no {many} measured");
            return Judgement::new(OutcomeKind::NotMeasured, Measured::Nothing, text, required)
                .because(format!("the reports have no record of {many}"));
        }
        let files = changed.count(&self.counting, scope.wanted);
        let sum = sum(&files);
        let unmeasured = changed.unmeasured.iter().filter(|path| (scope.wanted)(path)).count() as u64;
        let [covered, of] = figure_names(&self.counting);
        let figures = [
            (covered.as_str(), sum.ratio.part),
            (of.as_str(), sum.ratio.whole),
            ("unmeasured-files", unmeasured),
        ];
        let mut judgement = self.judge_share(&sum, changed, scope, required).measuring(&figures);
        judgement.details.extend(detail(&files, metric));
        judgement.details.extend(unmeasured_detail(changed, scope));
        judgement.details.extend(exclusions_detail(changed, scope));
        if let Some(reason) = self.doubtful(evidence, scope, changed, &coverage.paths) {
            judgement.kind = OutcomeKind::NotMeasured;
            judgement.reason = reason;
            judgement.steps.clear();
            return judgement;
        }
        if judgement.kind == OutcomeKind::NotMet {
            judgement.steps = steps(SPEC.id, &files, sum.ratio, self.min, metric, scope);
            judgement.uncovered = groups(SPEC.id, &files, coverage);
        }
        doubt::settle_share(judgement, evidence, scope, Kind::Coverage)
    }

    fn replay(&self, replay: &Replay) -> Option<Replayed> {
        let figures = replay.figures.as_ref()?;
        // What was counted otherwise cannot be replayed.
        let [covered, of] = figure_names(&self.counting);
        let ratio = Ratio { part: *figures.get(&covered)?, whole: *figures.get(&of)? };
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

/// The names of the figures of a way of counting; plain for the built-in one.
fn figure_names(counting: &Counting) -> [String; 2] {
    let built_in = Counting { moved: Moved::Excused, ..Counting::LINES };
    if *counting == built_in {
        return ["covered".to_owned(), "of".to_owned()];
    }
    let (metric, _) = super::words::of_metric(counting.metric);
    let mut way = format!("-{metric}");
    if counting.partials == Partials::Uncovered {
        way.push_str("-without-partials");
    }
    if counting.respaced == Respaced::Ignored {
        way.push_str("-without-white-space");
    }
    if counting.moved == Moved::Counted {
        way.push_str("-with-moved");
    }
    ["covered", "of"].map(|name| format!("{name}{way}"))
}

/// What all files have together; its lines are not those of one file and stay empty.
fn sum(files: &[(&ChangedFile<'_>, Counted)]) -> Counted {
    let mut sum = Counted::default();
    for (_, counted) in files {
        sum.ratio.part = sum.ratio.part.saturating_add(counted.ratio.part);
        sum.ratio.whole = sum.ratio.whole.saturating_add(counted.ratio.whole);
        sum.partial += counted.partial;
        sum.excused += counted.excused;
    }
    sum
}

impl CoverageChanged {
    fn judge_share(
        &self,
        sum: &Counted,
        changed: &ChangedLines<'_>,
        scope: &Scope<'_>,
        required: String,
    ) -> Judgement {
        let ratio = sum.ratio;
        let (one, many) = super::words::of_metric(self.counting.metric);
        let Some(reached) = ratio.reaches(self.min) else {
            let text = match sum.excused {
                0 => format!("no changed {one} can be covered"),
                _ => format!("the only uncovered {many} were uncovered before they moved"),
            };
            return Judgement::new(OutcomeKind::NotJudged, Measured::Share(ratio), "", required)
                .because(text);
        };
        let lines = counted(ratio.whole, &format!("changed {one}"), &format!("changed {many}"));
        if ratio.whole < self.min_lines {
            let text = format!("{lines} can be covered");
            let from = format!("judged from {} up", counted(self.min_lines, one, many));
            return Judgement::new(OutcomeKind::NotJudged, Measured::Share(ratio), text, required)
                .because(from);
        }
        let missed = ratio.whole.saturating_sub(ratio.part);
        let met = reached || missed <= self.max_uncovered;
        let mut text = format!(
            "{} ({} of {})",
            ratio.text_against(Some(self.min)),
            ratio.part,
            counted(ratio.whole, one, many)
        );
        if sum.partial > 0 && self.counting.metric == Metric::Line {
            let as_what = match self.counting.partials {
                Partials::Covered => "covered",
                Partials::Uncovered => "uncovered",
            };
            let lines = counted(sum.partial, "line that ran in part counts", "lines that ran in part count");
            text.push_str(&format!("; {lines} as {as_what}"));
        }
        if sum.excused > 0 {
            let strict = Counting { moved: Moved::Counted, ..self.counting };
            let strict = self::sum(&changed.count(&strict, scope.wanted)).ratio;
            let share = strict.text_against(None);
            text.push_str(&format!(
                "; {share} with {} that moved uncovered",
                counted(sum.excused, one, many)
            ));
        }
        let kind = if met { OutcomeKind::Met } else { OutcomeKind::NotMet };
        let required = match self.max_uncovered {
            0 => required,
            most => format!("{required}, or at most {} uncovered", counted(most, one, many)),
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

#[cfg(test)]
mod tests {
    use super::super::sample::{Sample, coverage, path, report};
    use super::*;
    use crate::model::{Exclusion, FileCoverage, Health};

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

    /// Five changed lines: 1 and 2 ran, 2 in part; 3 to 5 did not. Line 3 stood in `old.rs` before.
    fn parts() -> Sample {
        let mut head = coverage(&[("a.rs", &[(1, 1), (2, 1), (3, 0), (4, 0), (5, 0)])]);
        head.coverage
            .as_mut()
            .unwrap()
            .files
            .get_mut(&path("a.rs"))
            .unwrap()
            .branches
            .count_at_least(2, 1, 2);
        let mut base = coverage(&[("old.rs", &[(30, 0), (40, 1)])]);
        base.commit = Some("b1".to_owned());
        let mut sample = Sample::of(head).changing("a.rs", 1..6).against(base);
        let DiffState::Known(diff) = &mut sample.diff else { unreachable!() };
        diff.base = Some("b1".to_owned());
        let file = diff.files.get_mut(&path("a.rs")).unwrap();
        file.marks.moved.insert(path("old.rs"), vec![(3, 30), (4, 40)]);
        file.marks.respaced = [1].into_iter().collect();
        sample
    }

    fn text(sample: &Sample, fields: &[(&str, &str)]) -> String {
        let all: Vec<_> = [("min-lines", "1")].iter().chain(fields).copied().collect();
        sample.judge("coverage.changed", &all).measured_text
    }

    #[test]
    fn a_line_that_ran_in_part_counts_as_the_policy_says() {
        let strict = ("moved", "counted");
        assert_eq!(
            text(&parts(), &[strict]),
            "40.0% (2 of 5 lines); 1 line that ran in part counts as covered"
        );
        assert_eq!(
            text(&parts(), &[strict, ("partials", "uncovered")]),
            "20.0% (1 of 5 lines); 1 line that ran in part counts as uncovered"
        );
    }

    #[test]
    fn a_line_that_the_base_proves_uncovered_is_excused_when_it_moves() {
        assert_eq!(
            text(&parts(), &[]),
            "50.0% (2 of 4 lines); 1 line that ran in part counts as covered; 40.0% with 1 line that moved uncovered",
            "line 4 ran at the base"
        );
        let mut other = parts();
        other.base.as_mut().unwrap().commit = Some("b2".to_owned());
        assert!(text(&other, &[]).starts_with("40.0% (2 of 5 lines)"), "the snapshot is of another commit");
        let mut broken = parts();
        broken.base.as_mut().unwrap().reports[0].health = Health::Degraded;
        assert!(text(&broken, &[]).starts_with("40.0% (2 of 5 lines)"), "the base's report is not whole");
    }

    #[test]
    fn white_space_can_be_left_out_of_the_change() {
        assert!(text(&parts(), &[("white-space", "ignored")]).starts_with("33.3% (1 of 3 lines)"));
    }

    #[test]
    fn branches_and_functions_of_changed_lines_can_be_required() {
        assert_eq!(text(&parts(), &[("metric", "branch")]), "50.0% (1 of 2 branches)");
        let judgement = parts().judge("coverage.changed", &[("metric", "branch"), ("min-lines", "0")]);
        assert_eq!(judgement.steps[0].action, "Test 1 more changed branch.");
        assert_eq!(judgement.steps[0].subject.raw(), "2");
        let none = parts().judge("coverage.changed", &[("metric", "function"), ("min-lines", "0")]);
        assert_eq!(none.kind, OutcomeKind::NotMeasured);
        assert_eq!(none.reason.raw(), "the reports have no record of functions");
    }

    #[test]
    fn what_takes_code_out_of_the_coverage_is_listed() {
        let mut sample = mockup();
        let DiffState::Known(diff) = &mut sample.diff else { unreachable!() };
        let exclusion = Exclusion { line: 31, marker: "pragma: no cover" };
        diff.files.get_mut(&path("src/refund.rs")).unwrap().marks.exclusions.push(exclusion);
        let judgement = sample.judge("coverage.changed", &[]);
        let detail = &judgement.details[1];
        assert_eq!(detail.title, "Lines of the change that take code out of the coverage (1)");
        let row: Vec<&str> = detail.rows[1].iter().map(Untrusted::raw).collect();
        assert_eq!(row, ["src/refund.rs", "31", "pragma: no cover"]);
    }

    #[test]
    fn uncovered_lines_are_grouped_over_small_gaps_without_code() {
        let groups = |sample: &Sample| -> Vec<(u32, u32)> {
            let judgement = sample.judge("coverage.changed", &[("min-lines", "0")]);
            judgement.uncovered.iter().map(|group| (group.first.get(), group.last.get())).collect()
        };
        assert_eq!(groups(&mockup()), [(41, 46), (52, 52), (58, 59)], "what lies between ran");
        let gaps = Sample::of(coverage(&[("a.rs", &[(1, 0), (5, 0), (10, 0), (12, 1), (13, 0)])]));
        assert_eq!(groups(&gaps.changing("a.rs", 1..14)), [(1, 5), (10, 10), (13, 13)]);
    }
}
