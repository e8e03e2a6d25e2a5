//! `coverage.changed`: the lines that the change adds or modifies are tested.

#[cfg(test)]
mod tests;

use super::uncovered::{detail, exclusions_detail, groups, steps, unmeasured_detail};
use super::words::counted;
use super::{Direction, Field, FieldKind, Judgement, Replayed, Rule, RuleSpec, Scope, Settings, doubt};
use crate::compare::{
    ChangedFile, ChangedLines, Counted, Counting, Drift, Evidence, Metric, Moved, Partials, Respaced,
};
use crate::diagnostic::Code;
use crate::model::{
    Coverage, Diff, DiffState, Kind, Measured, OutcomeKind, PathResolution, Percent, Ratio, Replay, RepoPath,
    Step, Untrusted,
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
        // What is not in the figure is said beside it: 100% of the rest would look like all.
        let unmeasured = match changed.unmeasured.iter().filter(|path| (scope.wanted)(path)).count() as u64 {
            0 => String::new(),
            some => format!(
                "; {}",
                counted(some, "changed file is in no report", "changed files are in no report")
            ),
        };
        let Some(reached) = ratio.reaches(self.min) else {
            let text = match sum.excused {
                0 => format!("no changed {one} can be covered{unmeasured}"),
                _ => format!("the only uncovered {many} were uncovered before they moved{unmeasured}"),
            };
            return Judgement::new(OutcomeKind::NotJudged, Measured::Share(ratio), "", required)
                .because(text);
        };
        let lines = counted(ratio.whole, &format!("changed {one}"), &format!("changed {many}"));
        if ratio.whole < self.min_lines {
            let text = format!("{lines} can be covered{unmeasured}");
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
        text.push_str(&unmeasured);
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
            let why = match &evidence.head.coverage {
                Some(coverage) => unusable(coverage, path),
                None => format!("no report measures {}", path.as_str()),
            };
            return Some(why.into());
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

/// Why no figure can rest on what the reports say of a changed file.
fn unusable(coverage: &Coverage, path: &RepoPath) -> String {
    let name = path.as_str();
    match coverage.files.get(path) {
        _ if coverage.stale.contains(path) => {
            format!("the coverage of {name} is of another state of the file")
        }
        Some(file) if file.lines.is_empty() => format!("the reports have totals of {name}, and no lines"),
        Some(_) | None => format!("{name} is no text any more, so nobody sees which of its lines changed"),
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
    let old = |path: &RepoPath, diff: Option<&Diff>| diff?.files.get(path)?.old_path.clone();
    let at_merge_base = old(path, evidence.diff()).unwrap_or_else(|| path.clone());
    // Where the evidence is older, the file may have moved since.
    let since = match evidence.base_side.drift {
        Drift::Known(since) => old(&at_merge_base, Some(since)),
        Drift::None | Drift::Unknown(_) => None,
    };
    [Some(path), Some(&at_merge_base), since.as_ref()]
        .into_iter()
        .flatten()
        .any(|path| coverage.files.contains_key(path))
}
