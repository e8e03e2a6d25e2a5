//! `coverage.total`: the share of the whole repository that tests ran.

use super::words::{self, counted};
use super::{Direction, Field, FieldKind, Judgement, Replayed, Rule, RuleSpec, Scope, Settings, doubt};
use crate::compare::{Evidence, Metric, Partials};
use crate::diagnostic::Code;
use crate::model::{
    CoverageTotals, Figures, Kind, Measured, OutcomeKind, Percent, Ratio, Replay, Step, Untrusted,
};

pub(super) const SPEC: RuleSpec = RuleSpec::of::<CoverageTotal>(
    "coverage.total",
    "Coverage in total",
    "coverage",
    Some(Kind::Coverage),
    "The share of all lines, branches or functions that tests ran, over the tracked files that the reports measure. \
     Without `min` the figure is only shown.",
)
.by_path();

struct CoverageTotal {
    min: Option<Percent>,
    metric: Metric,
    partials: Partials,
}

impl Rule for CoverageTotal {
    const FIELDS: &'static [Field] = &[
        Field {
            key: "min",
            kind: FieldKind::Percent,
            direction: Direction::Min,
            default: None,
            doc: "the smallest share, a percentage",
        },
        super::METRIC,
        super::PARTIALS,
    ];

    fn read(settings: &Settings) -> Self {
        Self {
            min: settings.percent("min"),
            metric: super::metric_of(settings),
            partials: super::partials_of(settings),
        }
    }

    fn judge(&self, evidence: &Evidence<'_>, scope: &Scope<'_>) -> Judgement {
        let required = self.min.map_or("no minimum".to_owned(), |min| format!("at least {min}"));
        if let Some(judgement) = doubt::absent(evidence, scope, Kind::Coverage, &required) {
            return judgement;
        }
        let Some(coverage) = &evidence.head.coverage else {
            return Judgement::new(OutcomeKind::NotMeasured, Measured::Nothing, "not measured", required)
                .because("there is no coverage report");
        };
        if let Some(stale) = coverage.stale.iter().find(|path| (scope.wanted)(path)) {
            let path = stale.as_str();
            return Judgement::new(OutcomeKind::NotMeasured, Measured::Nothing, "not measured", required)
                .because(format!("the coverage of {path} is of another state of the file"));
        }
        let totals = coverage.totals(scope.wanted);
        let (one, many) = words::of_metric(self.metric);
        let ratio = match self.metric {
            Metric::Branch => totals.branches,
            Metric::Function => totals.functions,
            Metric::Line => totals.lines,
        };
        let lost = coverage.paths.ambiguous_count.saturating_add(coverage.paths.outside_count);
        let Some(ratio) = ratio.filter(|ratio| ratio.whole > 0) else {
            let reason = if coverage.paths.resolved == 0 && lost > 0 {
                let help = Code::UnresolvedPaths.help();
                format!("no path of the coverage reports is a file of the repository: {help}")
            } else {
                format!("the reports have no record of {many} here")
            };
            let text = format!("no {many} measured");
            return Judgement::new(OutcomeKind::NotMeasured, Measured::Nothing, text, required)
                .because(reason);
        };
        if ratio.part > ratio.whole {
            let text = format!("{} of {}", ratio.part, counted(ratio.whole, one, many));
            return Judgement::new(OutcomeKind::NotMeasured, Measured::Nothing, text, required)
                .because("the reports say that more was covered than there is");
        }
        let mut ratio = ratio;
        let mut figures = figures(&totals);
        if (self.metric, self.partials) == (Metric::Line, Partials::Uncovered) {
            let files = coverage.files.iter().filter(|(path, _)| (scope.wanted)(path));
            for (path, file) in files {
                if file.lines.is_empty() && file.totals().lines.is_some() {
                    let path = path.as_str();
                    return Judgement::new(OutcomeKind::NotMeasured, Measured::Nothing, "", required)
                        .because(format!(
                            "the coverage of {path} has totals alone: nothing says what ran in part"
                        ));
                }
                let partial = file.partial_lines().len() as u64;
                ratio.part = ratio.part.saturating_sub(partial);
                *figures.entry(PARTIAL_LINES.to_owned()).or_default() += partial;
            }
        }
        let mut judgement = self.judge_share(ratio, required, one, many);
        judgement.figures = Some(figures);
        doubt::settle_share(judgement, evidence, scope, Kind::Coverage)
    }

    fn replay(&self, replay: &Replay) -> Option<Replayed> {
        let figures = replay.figures.as_ref()?;
        let (metric, _) = words::of_metric(self.metric);
        let figure = |name: &str| figures.get(&format!("{metric}-{name}")).copied();
        let Some((part, whole)) = figure("covered").zip(figure("of")) else {
            return Some(Replayed::NOT_MEASURED);
        };
        let Some(min) = self.min else { return Some(Replayed::NOT_JUDGED) };
        let partial = match (self.metric, self.partials) {
            (Metric::Line, Partials::Uncovered) => *figures.get(PARTIAL_LINES)?,
            _ => 0,
        };
        let ratio = Ratio { part: part.saturating_sub(partial), whole };
        Some(match ratio.reaches(min) {
            Some(true) => Replayed::MET,
            _ => Replayed::not_met(ratio.shortfall(min)),
        })
    }
}

/// Lines that ran in part; kept only where a policy asks for it.
const PARTIAL_LINES: &str = "line-partial";

/// Every metric that has records, so that another one can be replayed.
fn figures(totals: &CoverageTotals) -> Figures {
    let metrics = [("line", totals.lines), ("branch", totals.branches), ("function", totals.functions)];
    let mut figures = Figures::new();
    for (metric, ratio) in metrics {
        if let Some(ratio) = ratio.filter(|ratio| ratio.whole > 0 && ratio.part <= ratio.whole) {
            figures.insert(format!("{metric}-covered"), ratio.part);
            figures.insert(format!("{metric}-of"), ratio.whole);
        }
    }
    figures
}

impl CoverageTotal {
    fn judge_share(&self, ratio: Ratio, required: String, one: &str, many: &str) -> Judgement {
        let text = format!(
            "{} ({} of {})",
            ratio.text_against(self.min),
            ratio.part,
            counted(ratio.whole, one, many)
        );
        let mut judgement = Judgement::new(OutcomeKind::Met, Measured::Share(ratio), text, required);
        let Some(min) = self.min else {
            judgement.kind = OutcomeKind::NotJudged;
            return judgement.because("no minimum is set");
        };
        if ratio.reaches(min) != Some(true) {
            let short = ratio.shortfall(min);
            let more = if short == 1 { one } else { many };
            judgement.kind = OutcomeKind::NotMet;
            judgement.steps.push(Step {
                rule: SPEC.id,
                action: format!("Cover {short} more {more}."),
                subject: Untrusted::default(),
                file: Untrusted::default(),
                line: None,
                detail: Untrusted::new(match short {
                    1 => format!("any one of them reaches {min} in total"),
                    _ => format!("any {short} of them reach {min} in total"),
                }),
                run: String::new(),
                for_owners: false,
            });
        }
        judgement
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{Sample, coverage, path, report};
    use super::*;
    use crate::model::{FileCoverage, Health, Summary};

    fn three_of_four() -> Sample {
        Sample::of(coverage(&[("a.rs", &[(1, 1), (2, 0)]), ("b.rs", &[(1, 1), (2, 1)])]))
    }

    #[test]
    fn exactly_at_the_bar_is_met() {
        assert_eq!(three_of_four().judge("coverage.total", &[("min", "75")]).kind, OutcomeKind::Met);
        let judgement = three_of_four().judge("coverage.total", &[("min", "75.01")]);
        assert_eq!(judgement.kind, OutcomeKind::NotMet);
        assert_eq!(judgement.measured_text, "75.0% (3 of 4 lines)");
        assert_eq!(judgement.steps[0].action, "Cover 1 more line.");
    }

    #[test]
    fn a_report_of_another_state_of_a_file_gives_no_total() {
        let mut sample = three_of_four();
        sample.head.coverage.as_mut().unwrap().stale.push(path("b.rs"));
        let judgement = sample.judge("coverage.total", &[("min", "10")]);
        assert_eq!(judgement.kind, OutcomeKind::NotMeasured);
        assert_eq!(judgement.reason.raw(), "the coverage of b.rs is of another state of the file");
    }

    #[test]
    fn without_a_minimum_the_figure_is_only_shown() {
        let judgement = three_of_four().judge("coverage.total", &[]);
        assert_eq!(judgement.kind, OutcomeKind::NotJudged);
        assert_eq!(judgement.measured_text, "75.0% (3 of 4 lines)");
    }

    #[test]
    fn a_metric_that_no_report_has_is_not_measured() {
        let judgement = three_of_four().judge("coverage.total", &[("min", "1"), ("metric", "branch")]);
        assert_eq!(judgement.kind, OutcomeKind::NotMeasured);
        assert_eq!(judgement.reason.raw(), "the reports have no record of branches here");
    }

    #[test]
    fn more_than_everything_is_no_figure() {
        let mut sample = three_of_four();
        let summary = Summary { lines: Some(Ratio { part: 9, whole: 1 }), ..Summary::default() };
        let file = FileCoverage { summary: Some(Box::new(summary)), ..FileCoverage::default() };
        sample.head.coverage.as_mut().unwrap().files.insert(path("c.rs"), file);
        assert_eq!(sample.judge("coverage.total", &[("min", "75")]).kind, OutcomeKind::NotMeasured);
    }

    #[test]
    fn a_broken_report_beside_a_good_one_gives_no_figure() {
        let mut sample = three_of_four();
        sample.head.reports.push(report("cut.info", Kind::Coverage, Health::Invalid));
        assert_eq!(sample.judge("coverage.total", &[("min", "1")]).kind, OutcomeKind::NotMeasured);
        assert_eq!(sample.judge("coverage.total", &[("min", "99")]).kind, OutcomeKind::NotMeasured);
    }

    #[test]
    fn without_a_report_it_applies_only_where_a_file_asks_for_it() {
        assert_eq!(Sample::default().judge("coverage.total", &[("min", "1")]).kind, OutcomeKind::NotMeasured);
        assert_eq!(Sample::default().judge_unnamed("coverage.total").kind, OutcomeKind::NotJudged);
    }

    #[test]
    fn lines_that_ran_in_part_count_as_the_policy_says() {
        let mut head = coverage(&[("a.rs", &[(1, 1), (2, 1), (3, 0), (4, 1)])]);
        let file = head.coverage.as_mut().unwrap().files.get_mut(&path("a.rs")).unwrap();
        file.branches.count_at_least(2, 1, 2);
        file.branches.count_at_least(3, 0, 2);
        file.parts.count_at_least(4, 1, 2);
        let sample = Sample::of(head);
        let text = |partials| sample.judge("coverage.total", &[("partials", partials)]).measured_text;
        assert_eq!(text("covered"), "75.0% (3 of 4 lines)");
        assert_eq!(text("uncovered"), "25.0% (1 of 4 lines)");
    }
}
