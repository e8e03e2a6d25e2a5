//! `coverage.drop`: the change does not lower the coverage of the repository too far.

use super::words::counted;
use super::{Direction, Field, FieldKind, Judgement, Replayed, Rule, RuleSpec, Scope, Settings, doubt};
use crate::compare::{CoverageDrop as Compared, Evidence, Metric, NoDrop, Partials, coverage_drop};
use crate::model::{
    Detail, Figures, Kind, Measured, OutcomeKind, Percent, Ratio, Replay, RepoPath, Step, Untrusted,
};

pub(super) const SPEC: RuleSpec = RuleSpec::of::<CoverageDrop>(
    "coverage.drop",
    "Drop of the coverage",
    "coverage",
    Some(Kind::Coverage),
    "By how many percentage points the share of lines, branches or functions that tests run may fall below the \
     base. Lines that the change removes are no loss. Lines that the change does not touch and that no longer run \
     are listed; they count only with `unchanged-lines: counted`.",
)
.by_path();

const MOST_ROWS: usize = 500;
const MOST_RANGES: usize = 40;

struct CoverageDrop {
    max: Percent,
    metric: Metric,
    partials: Partials,
    counts_unchanged: bool,
}

impl Rule for CoverageDrop {
    const FIELDS: &'static [Field] = &[
        Field {
            key: "max",
            kind: FieldKind::Percent,
            direction: Direction::Max,
            default: Some("0"),
            doc: "the largest drop, in percentage points",
        },
        super::METRIC,
        // Both sides are counted alike, so that neither word is the stricter.
        Field { direction: Direction::Unordered, ..super::PARTIALS },
        Field {
            key: "unchanged-lines",
            kind: FieldKind::Word(&["listed", "counted"]),
            direction: Direction::Ordered,
            default: Some("listed"),
            doc: "what lines do that the change does not touch and whose state differs from the base: `listed` \
                  shows them, `counted` also holds the figure with them against the limit",
        },
    ];

    fn read(settings: &Settings) -> Self {
        Self {
            max: settings.percent("max").unwrap_or_default(),
            metric: super::metric_of(settings),
            partials: super::partials_of(settings),
            counts_unchanged: settings.word("unchanged-lines") == Some("counted"),
        }
    }

    fn judge(&self, evidence: &Evidence<'_>, scope: &Scope<'_>) -> Judgement {
        let required = match self.max.hundredths() {
            0 => "no drop".to_owned(),
            _ => format!("a drop of at most {}", points(self.max.hundredths().into())),
        };
        if let Some(judgement) = doubt::absent(evidence, scope, Kind::Coverage, &required) {
            return judgement;
        }
        let not_measured = |reason: Untrusted| {
            Judgement::new(OutcomeKind::NotMeasured, Measured::Nothing, "", required.clone()).because(reason)
        };
        let drop = match coverage_drop(evidence, self.metric, self.partials, scope.wanted) {
            Ok(drop) => drop,
            Err(NoDrop::NoBase) => {
                let mut judgement = not_measured("there is no coverage of the base to compare with".into());
                if !scope.named {
                    judgement.kind = OutcomeKind::NotJudged;
                }
                return judgement.before_measuring();
            }
            Err(NoDrop::NotMeasured(reason)) => return not_measured(reason),
        };
        // Without a diff nobody can say which lines were touched: all count.
        let figures: Vec<Ratio> = match drop.direct {
            Some(direct) if self.counts_unchanged => vec![direct, drop.head],
            Some(direct) => vec![direct],
            None => vec![drop.head],
        };
        if figures.contains(&drop.head)
            && let Some(path) =
                drop.vanished.first().filter(|_| self.counts_unchanged || drop.direct.is_none())
        {
            let mut judgement = not_measured(vanished(path, drop.vanished.len()));
            judgement.figures = Some(self.figures(&drop));
            return judgement;
        }
        let mut judgement = self.judge_figures(&drop, &figures, required.clone());
        judgement.figures = Some(self.figures(&drop));
        doubt::settle_share(judgement, evidence, scope, Kind::Coverage)
    }

    fn replay(&self, replay: &Replay) -> Option<Replayed> {
        let figures = replay.figures.as_ref()?;
        // Only the metric of the day is kept.
        figures.get(self.metric_name())?;
        let ratio = |name: &str| {
            let figure = |what: &str| figures.get(&format!("{name}-{what}")).copied();
            Some(Ratio { part: figure("covered")?, whole: figure("of")? })
        };
        let (base, head, direct) = (ratio("base")?, ratio("head")?, ratio("direct"));
        let counts_head = self.counts_unchanged || direct.is_none();
        if counts_head && *figures.get("vanished-files")? > 0 {
            return Some(Replayed::NOT_MEASURED);
        }
        let mut worst = 0;
        for figure in direct.into_iter().chain(counts_head.then_some(head)) {
            match points_lost(base, figure) {
                Ok(lost) => worst = lost.max(worst),
                Err(_) if base.whole == 0 => return Some(Replayed::NOT_JUDGED),
                Err(_) => return Some(Replayed::NOT_MEASURED),
            }
        }
        let lost = u64::try_from(worst).unwrap_or(u64::MAX);
        Some(Replayed::at_most(lost, self.max.hundredths().into()))
    }
}

impl CoverageDrop {
    /// What is compared, of the metric in force.
    fn figures(&self, drop: &Compared<'_>) -> Figures {
        let mut figures = Figures::from([
            (self.metric_name().to_owned(), 1),
            ("vanished-files".to_owned(), drop.vanished.len() as u64),
        ]);
        let ratios = [("base", Some(drop.base)), ("head", Some(drop.head)), ("direct", drop.direct)];
        for (name, ratio) in ratios {
            if let Some(ratio) = ratio {
                figures.insert(format!("{name}-covered"), ratio.part);
                figures.insert(format!("{name}-of"), ratio.whole);
            }
        }
        figures
    }

    const fn metric_name(&self) -> &'static str {
        match (self.metric, self.partials) {
            (Metric::Line, Partials::Covered) => "line",
            (Metric::Line, Partials::Uncovered) => "line-without-partials",
            (Metric::Branch, _) => "branch",
            (Metric::Function, _) => "function",
        }
    }

    fn judge_figures(&self, drop: &Compared<'_>, figures: &[Ratio], required: String) -> Judgement {
        let mut worst: Option<(Ratio, u128)> = None;
        for &figure in figures {
            match points_lost(drop.base, figure) {
                Ok(lost) if worst.is_none_or(|(_, most)| lost > most) => worst = Some((figure, lost)),
                Ok(_) => {}
                Err(reason) => {
                    let kind =
                        if drop.base.whole == 0 { OutcomeKind::NotJudged } else { OutcomeKind::NotMeasured };
                    return Judgement::new(kind, Measured::Nothing, "", required).because(reason);
                }
            }
        }
        let Some((figure, lost)) = worst else {
            return Judgement::new(OutcomeKind::NotMeasured, Measured::Nothing, "", required)
                .because("there is nothing to compare");
        };
        let mut text = format!("{}, {} on the base", figure.text_against(None), drop.base.text_against(None));
        if lost > 0 {
            text = format!("{} lost: {text}", points(lost));
        }
        let unchanged: u64 = drop.indirect.iter().map(|file| file.lost.len()).sum();
        if unchanged > 0 && !self.counts_unchanged && drop.direct.is_some() {
            let lines = counted(unchanged, "unchanged line no longer runs", "unchanged lines no longer run");
            text.push_str(&format!("; {lines}, not counted"));
        }
        let kind =
            if lost > u128::from(self.max.hundredths()) { OutcomeKind::NotMet } else { OutcomeKind::Met };
        let mut judgement = Judgement::new(kind, Measured::Share(figure), text, required);
        judgement.details.extend(indirect(drop));
        if kind == OutcomeKind::NotMet {
            let action = if drop.direct == Some(figure) {
                "Cover what the change adds as well as the rest is covered."
            } else {
                "Let tests run the lines again that they run on the base."
            };
            judgement.steps.push(Step {
                rule: SPEC.id,
                action: action.to_owned(),
                subject: Untrusted::default(),
                file: Untrusted::default(),
                line: None,
                detail: Untrusted::new(judgement.measured_text.clone()),
                run: String::new(),
                for_owners: false,
            });
        }
        judgement
    }
}

/// By how many hundredths of a point `now` is below `before`, rounded up, so that a drop above the limit is never
/// shown as the limit; 0 if it is not below.
fn points_lost(before: Ratio, now: Ratio) -> Result<u128, &'static str> {
    if before.part > before.whole || now.part > now.whole {
        return Err("the reports say that more was covered than there is");
    }
    if before.whole == 0 {
        return Err("the base measures nothing of it");
    }
    if now.whole == 0 {
        return Err("the reports measure nothing of what the base measures");
    }
    let product = |a: u64, b: u64| u128::from(a) * u128::from(b);
    let lost = product(before.part, now.whole).saturating_sub(product(now.part, before.whole));
    let Some(lost) = lost.checked_mul(10_000) else { return Err("the numbers of the reports are too large") };
    Ok(lost.div_ceil(product(before.whole, now.whole)))
}

/// `0.5 points`, `1 point`: from hundredths of a point.
fn points(hundredths: u128) -> String {
    let text = format!("{}.{:02}", hundredths / 100, hundredths % 100);
    let noun = if hundredths == 100 { "point" } else { "points" };
    format!("{} {noun}", text.trim_end_matches('0').trim_end_matches('.'))
}

fn vanished(path: &RepoPath, files: usize) -> Untrusted {
    let path = path.as_str();
    let more = match files {
        1 => String::new(),
        _ => format!(" (and {})", counted(files as u64 - 1, "more file", "more files")),
    };
    Untrusted::new(format!("{path}{more} is measured at the base and by no report of the change"))
}

/// Untouched lines whose state differs, and files that are no longer measured.
fn indirect(drop: &Compared<'_>) -> Option<Detail> {
    let mut rows =
        vec![vec!["File".into(), "No longer run".into(), "Run now".into(), "Run in part now".into()]];
    for file in &drop.indirect {
        rows.push(vec![
            file.path.as_str().into(),
            file.lost.text(MOST_RANGES).into(),
            file.gained.text(MOST_RANGES).into(),
            file.halved.text(MOST_RANGES).into(),
        ]);
    }
    for path in &drop.vanished {
        rows.push(vec![
            path.as_str().into(),
            "in no report".into(),
            Untrusted::default(),
            Untrusted::default(),
        ]);
    }
    let files = rows.len() as u64 - 1;
    rows.truncate(MOST_ROWS + 1);
    let title = format!("Coverage of unchanged lines ({})", counted(files, "file", "files"));
    (files > 0).then(|| Detail { title, rows, text: Untrusted::default() })
}

#[cfg(test)]
mod tests {
    use super::super::sample::{Sample, coverage, report};
    use super::*;
    use crate::model::{DiffState, Health};

    /// 8 of 10 lines on the base; the change adds two lines that do not run.
    fn diluted() -> Sample {
        let base: Vec<(u32, u64)> = (1..11).map(|line| (line, u64::from(line > 2))).collect();
        let mut head = base.clone();
        head.extend([(11, 0), (12, 0)]);
        Sample::of(coverage(&[("a.rs", &head)]))
            .against(coverage(&[("a.rs", &base)]))
            .changing("a.rs", 11..13)
    }

    #[test]
    fn a_drop_as_large_as_allowed_is_met_and_a_larger_one_is_not() {
        // 80% to 66.66...%: 13.33... points, 13.34 when rounded up.
        assert_eq!(diluted().judge("coverage.drop", &[("max", "13.34")]).kind, OutcomeKind::Met);
        let judgement = diluted().judge("coverage.drop", &[("max", "13.33")]);
        assert_eq!(judgement.kind, OutcomeKind::NotMet);
        assert_eq!(judgement.measured_text, "13.34 points lost: 66.6%, 80.0% on the base");
        assert_eq!(judgement.required_text, "a drop of at most 13.33 points");
        let judgement = diluted().judge("coverage.drop", &[("max", "1")]);
        assert_eq!(judgement.required_text, "a drop of at most 1 point");
    }

    #[test]
    fn exactly_the_allowed_drop_is_met() {
        let head: &[(u32, u64)] = &[(1, 1), (2, 1), (3, 1), (4, 0)];
        let base: &[(u32, u64)] = &[(1, 1), (2, 1), (3, 1)];
        let sample = Sample::of(coverage(&[("a.rs", head)]))
            .against(coverage(&[("a.rs", base)]))
            .changing("a.rs", [4]);
        assert_eq!(sample.judge("coverage.drop", &[("max", "25")]).kind, OutcomeKind::Met);
        assert_eq!(sample.judge("coverage.drop", &[("max", "24.99")]).kind, OutcomeKind::NotMet);
    }

    #[test]
    fn lines_that_the_change_removes_are_no_loss() {
        let base: &[(u32, u64)] = &[(1, 1), (2, 1), (3, 0), (4, 1)];
        let head: &[(u32, u64)] = &[(1, 0), (2, 1)];
        let sample = Sample::of(coverage(&[("a.rs", head)]))
            .against(coverage(&[("a.rs", base)]))
            .removing("a.rs", [1, 2]);
        let judgement = sample.judge("coverage.drop", &[("unchanged-lines", "counted")]);
        assert_eq!((judgement.kind, judgement.details.len()), (OutcomeKind::Met, 0));
        assert_eq!(judgement.measured_text, "50.0%, 50.0% on the base");
    }

    #[test]
    fn lines_that_the_change_does_not_touch_are_listed_and_count_only_if_asked() {
        let base: &[(u32, u64)] = &[(1, 1), (2, 1), (3, 0)];
        let head: &[(u32, u64)] = &[(2, 1), (3, 0), (4, 1)];
        let sample = Sample::of(coverage(&[("a.rs", head), ("b.rs", &[(1, 0)])]))
            .against(coverage(&[("a.rs", base), ("b.rs", &[(1, 1)])]))
            .changing("a.rs", [1]);
        let judgement = sample.judge("coverage.drop", &[]);
        assert_eq!(judgement.kind, OutcomeKind::Met);
        assert_eq!(
            judgement.measured_text,
            "75.0%, 75.0% on the base; 2 unchanged lines no longer run, not counted"
        );
        let rows: Vec<[&str; 4]> = judgement.details[0].rows[1..]
            .iter()
            .map(|row| [row[0].raw(), row[1].raw(), row[2].raw(), row[3].raw()])
            .collect();
        assert_eq!(rows, [["a.rs", "3", "4", ""], ["b.rs", "1", "", ""]]);
        let counted = sample.judge("coverage.drop", &[("unchanged-lines", "counted"), ("max", "25")]);
        assert_eq!(counted.kind, OutcomeKind::Met);
        let counted = sample.judge("coverage.drop", &[("unchanged-lines", "counted"), ("max", "24")]);
        assert_eq!(counted.kind, OutcomeKind::NotMet);
    }

    /// The base's evidence is older than the merge base, where two lines that do not run came above the others; the
    /// change adds a third at the end.
    fn older() -> Sample {
        let then: &[(u32, u64)] = &[(1, 1), (2, 1), (3, 0), (4, 1)];
        let head: &[(u32, u64)] = &[(1, 0), (2, 0), (3, 1), (4, 1), (5, 0), (6, 1), (7, 0)];
        Sample::of(coverage(&[("a.rs", head), ("new.rs", &[(1, 0)])]))
            .against(coverage(&[("a.rs", then)]))
            .since_then("a.rs", [1, 2], [])
            .since_then("new.rs", [1], [])
            .changing("a.rs", [7])
    }

    #[test]
    fn older_evidence_is_brought_to_the_merge_base_and_what_came_since_counts_on_neither_side() {
        for fields in [&[("max", "15")][..], &[("max", "15"), ("unchanged-lines", "counted")]] {
            let judgement = older().judge("coverage.drop", fields);
            assert_eq!(judgement.kind, OutcomeKind::Met, "{fields:?}");
            assert_eq!(judgement.measured_text, "15 points lost: 60.0%, 75.0% on the base");
            assert_eq!(judgement.details.len(), 0, "no untouched line changed its state");
        }
        assert_eq!(older().judge("coverage.drop", &[("max", "14.99")]).kind, OutcomeKind::NotMet);
    }

    #[test]
    fn a_line_that_came_and_went_is_no_loss_and_one_that_was_removed_since_is_none_either() {
        let head: &[(u32, u64)] = &[(1, 1), (2, 0)];
        let sample = Sample::of(coverage(&[("a.rs", head)]))
            .against(coverage(&[("a.rs", &[(1, 1), (2, 1), (3, 0)])]))
            .since_then("a.rs", [1], [2])
            .removing("a.rs", [1]);
        let judgement = sample.judge("coverage.drop", &[("unchanged-lines", "counted")]);
        assert_eq!(judgement.kind, OutcomeKind::Met);
        assert_eq!(judgement.measured_text, "50.0%, 50.0% on the base");
    }

    #[test]
    fn where_nobody_can_say_what_happened_since_there_is_no_figure() {
        let sample = Sample { since: Some(Err("the clone ends before it")), ..older() };
        let judgement = sample.judge("coverage.drop", &[("max", "100")]);
        assert_eq!(judgement.kind, OutcomeKind::NotMeasured);
        assert_eq!(judgement.reason.raw(), "the clone ends before it");
        let mut nameless = diluted();
        let DiffState::Known(diff) = &mut nameless.diff else { unreachable!() };
        diff.base = Some("b1".to_owned());
        let judgement = nameless.judge("coverage.drop", &[("max", "100")]);
        assert_eq!(judgement.kind, OutcomeKind::NotMeasured, "the evidence names no commit");
    }

    #[test]
    fn on_the_default_branch_the_change_is_what_happened_since_the_evidence() {
        let judgement = older().without_base().judge("coverage.drop", &[("max", "0")]);
        // 3 of 4 lines there; 3 of 7 with the two new lines and the new file here.
        assert_eq!(judgement.measured_text, "32.15 points lost: 42.8%, 75.0% on the base");
    }

    #[test]
    fn without_a_base_it_applies_only_where_a_file_asks_for_it() {
        let sample = Sample::of(coverage(&[("a.rs", &[(1, 1)])]));
        assert_eq!(sample.judge("coverage.drop", &[]).kind, OutcomeKind::NotMeasured);
        assert_eq!(sample.judge_unnamed("coverage.drop").kind, OutcomeKind::NotJudged);
        assert_eq!(Sample::default().judge("coverage.drop", &[]).kind, OutcomeKind::NotMeasured);
    }

    #[test]
    fn a_changed_file_that_no_report_measures_any_more_is_not_measured() {
        let sample = Sample::of(coverage(&[("b.rs", &[(1, 1)])]))
            .against(coverage(&[("a.rs", &[(1, 1)]), ("b.rs", &[(1, 1)])]))
            .changing("a.rs", [1]);
        assert_eq!(sample.judge("coverage.drop", &[]).kind, OutcomeKind::NotMeasured);
    }

    #[test]
    fn an_untouched_file_that_is_no_longer_measured_cannot_lift_the_figure() {
        let mut sample = diluted();
        let base = sample.base.as_mut().unwrap().coverage.as_mut().unwrap();
        let gone = coverage(&[("gone.rs", &[(1, 0), (2, 0)])]).coverage.unwrap();
        base.files.extend(gone.files);
        let judgement = sample.judge("coverage.drop", &[("max", "0")]);
        assert_eq!(judgement.kind, OutcomeKind::NotMet);
        let counted = sample.judge("coverage.drop", &[("unchanged-lines", "counted")]);
        assert_eq!(counted.kind, OutcomeKind::NotMeasured);
    }

    #[test]
    fn a_broken_report_beside_a_good_one_is_never_a_pass() {
        let mut sample = diluted();
        sample.head.reports.push(report("cut.info", Kind::Coverage, Health::Invalid));
        assert_eq!(sample.judge("coverage.drop", &[("max", "50")]).kind, OutcomeKind::NotMeasured);
    }
}
