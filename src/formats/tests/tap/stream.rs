//! The points of a stream, and what its plan and its subtests make of them.

use super::point::{Point, plan_of, point_of};
use crate::diagnostic::{Code, Weight};
use crate::formats::lines::Line;
use crate::formats::tests::elements::MARGIN;
use crate::formats::tests::run::{Case, RunBuilder};
use crate::formats::tests::time::{Time, seconds};
use crate::formats::{Context, Position};
use crate::model::{Health, TestStatus};
use std::time::Duration;

/// The test point that was read last, and what is said of it below.
#[derive(Debug, Default)]
struct OpenPoint {
    open: bool,
    name: String,
    status: Option<TestStatus>,
    duration: Option<Duration>,
    message: String,
    file: String,
    line: u32,
    text_left_out: bool,
}

/// The points and the plan of a subtest that is open, known by its indentation.
#[derive(Debug)]
struct Subtest {
    indent: usize,
    points: u64,
    plan: Option<u64>,
}

/// A stream while it is read.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) run: RunBuilder,
    pub(super) health: Health,
    plan: Option<u64>,
    plans: u32,
    point: OpenPoint,
    /// Indentation of the YAML block that is open.
    yaml: Option<usize>,
    /// A point of a subtest failed, and its parent has not come.
    inner_failure: bool,
    /// The plan of a subtest does not fit its points, and its parent has not come.
    inner_misfit: bool,
    /// The subtests that are open, outermost first.
    subtests: Vec<Subtest>,
    /// `pragma +strict`: a line that is no TAP is a failure.
    strict: bool,
    /// The open point's subtests stand behind it, in braces.
    braces: bool,
    seen: Vec<u64>,
    highest: u64,
    repeated: bool,
    max_text: usize,
}

impl Stream {
    /// Test numbers above this are not looked at for repeats.
    const MOST_NUMBERS: u64 = 1 << 20;
    /// Subtests further in than this are not counted.
    const MOST_SUBTESTS: usize = 64;

    /// An empty one.
    pub(super) fn new(context: &Context) -> Self {
        Self {
            run: RunBuilder::new(context),
            health: Health::Complete,
            plan: None,
            plans: 0,
            point: OpenPoint::default(),
            yaml: None,
            inner_failure: false,
            inner_misfit: false,
            subtests: Vec::new(),
            strict: false,
            braces: false,
            seen: Vec::new(),
            highest: 0,
            repeated: false,
            max_text: context.max_text,
        }
    }

    /// Takes a line.
    pub(super) fn line(&mut self, text: &str, line: &Line<'_>, context: &mut Context) {
        let body = text.trim_start();
        let indent = text.len() - body.len();
        if let Some(yaml) = self.yaml {
            if indent == yaml && body.trim_end() == "..." {
                self.yaml = None;
                return;
            }
            // A block that was never closed ends where a test point stands at the margin.
            if indent >= yaml || body.is_empty() {
                self.diagnostic(text.get(yaml.min(indent)..).unwrap_or_default());
                return;
            }
            self.yaml = None;
        }
        if indent == 0 {
            self.margin_line(body, line, context);
        } else if body.trim_end() == "---" && indent < 4 {
            self.yaml = Some(indent);
        } else if let Some(point) = point_of(body) {
            self.inner_failure |= !point.ok && point.directive.is_none();
            if let Some(subtest) = self.subtest(indent) {
                subtest.points += 1;
            }
        } else if let Some(plan) = plan_of(body) {
            if let Some(subtest) = self.subtest(indent) {
                subtest.plan = Some(plan);
            }
        } else if body.starts_with("Bail out!") {
            self.bail_out(body);
        }
    }

    /// The subtest with this indentation; those further in have ended. `None` below more of them than anybody writes.
    fn subtest(&mut self, indent: usize) -> Option<&mut Subtest> {
        self.end_subtests(indent + 1);
        if self.subtests.last().is_none_or(|subtest| subtest.indent < indent) {
            if self.subtests.len() >= Self::MOST_SUBTESTS {
                return None;
            }
            self.subtests.push(Subtest { indent, points: 0, plan: None });
        }
        self.subtests.last_mut()
    }

    /// Ends the subtests with at least this indentation, and holds each one's plan against its points.
    fn end_subtests(&mut self, indent: usize) {
        while let Some(subtest) = self.subtests.pop_if(|subtest| subtest.indent >= indent) {
            self.inner_misfit |= subtest.plan.is_some_and(|plan| plan != subtest.points);
        }
    }

    fn margin_line(&mut self, text: &str, line: &Line<'_>, context: &mut Context) {
        if let Some(point) = point_of(text) {
            self.begin_point(&point, line, context);
        } else if let Some(plan) = plan_of(text) {
            self.plan = Some(plan);
            self.plans += 1;
        } else if text.starts_with("Bail out!") {
            self.bail_out(text);
        } else if let Some(comment) = text.strip_prefix('#') {
            let comment = comment.trim();
            if self.point.status.is_some_and(TestStatus::is_bad) && !comment.starts_with("Subtest:") {
                self.diagnostic(comment);
            }
        } else if text.trim_end() == "}" {
            self.braces = false;
            self.check_inner(line, context);
        } else if let Some(pragma) = text.strip_prefix("pragma ") {
            self.strict = match pragma.trim() {
                "+strict" => true,
                "-strict" => false,
                _ => self.strict,
            };
        } else if self.strict && !text.trim().is_empty() && !text.starts_with("TAP version ") {
            let message = || "a line is no TAP, and the stream asks to take that for a failure".to_owned();
            context.warn_with(Code::BadLine, Weight::Error, message, || line.position());
            self.health = Health::Degraded;
        }
    }

    fn begin_point(&mut self, point: &Point<'_>, line: &Line<'_>, context: &mut Context) {
        self.end_point();
        let status = match (point.directive, point.ok) {
            (Some(_), _) => TestStatus::Skipped,
            (None, true) => TestStatus::Passed,
            (None, false) => TestStatus::Failed,
        };
        self.number(point.number);
        let description = point.description.strip_suffix('{').map(str::trim_end);
        self.braces = description.is_some();
        self.point.open = true;
        self.point.name.clear();
        self.point.name.push_str(description.unwrap_or(point.description));
        self.point.status = Some(status);
        self.point.duration = point.duration;
        self.point.message.clear();
        self.point.file.clear();
        self.point.line = 0;
        self.point.text_left_out = false;
        if let Some((_, reason)) = point.directive {
            self.diagnostic(reason);
        }
        if !self.braces {
            self.check_inner(line, context);
        }
    }

    /// A parent that passed though a subtest failed contradicts itself.
    fn check_inner(&mut self, line: &Line<'_>, context: &mut Context) {
        self.end_subtests(0);
        let failed = std::mem::take(&mut self.inner_failure);
        let misfit = std::mem::take(&mut self.inner_misfit);
        if (failed || misfit) && self.point.status == Some(TestStatus::Passed) {
            let why = if failed {
                "a subtest of it failed"
            } else {
                "the plan of a subtest does not fit its tests"
            };
            let message = || format!("a test passed though {why}");
            context.warn_with(Code::TotalsDisagree, Weight::Error, message, || line.position());
            self.health = Health::Degraded;
        }
    }

    fn number(&mut self, number: Option<u64>) {
        let Some(number) = number else { return };
        self.highest = self.highest.max(number);
        if number >= Self::MOST_NUMBERS {
            return;
        }
        let (Ok(word), bit) = (usize::try_from(number / 64), number % 64) else { return };
        if self.seen.len() <= word {
            self.seen.resize(word + 1, 0);
        }
        if let Some(seen) = self.seen.get_mut(word) {
            self.repeated |= *seen >> bit & 1 == 1;
            *seen |= 1 << bit;
        }
    }

    /// A line of what is said of the open point.
    fn diagnostic(&mut self, text: &str) {
        let point = &mut self.point;
        let entry =
            text.trim().split_once(':').map(|(key, value)| (key, value.trim().trim_matches(['\'', '"'])));
        match entry {
            Some(("duration_ms", value)) if point.duration.is_none() => {
                if let Time::Known(time) = seconds(&format!("{value}ms")) {
                    point.duration = Some(time);
                }
                return;
            }
            Some(("file", value)) if point.file.is_empty() => point.file.push_str(value),
            Some(("line", value)) if point.line == 0 => point.line = value.parse().unwrap_or(0),
            // node: `location: '/x/a.test.js:3:1'`
            Some(("location", value)) if point.file.is_empty() => {
                let mut parts = value.rsplitn(3, ':');
                if let (Some(_), Some(Ok(line)), Some(file)) =
                    (parts.next(), parts.next().map(str::parse), parts.next())
                {
                    point.file.push_str(file);
                    point.line = line;
                }
            }
            _ => {}
        }
        if point.status == Some(TestStatus::Passed) || text.is_empty() && point.message.is_empty() {
            return;
        }
        if !self.run.has_room_for_text() {
            point.text_left_out = true;
            return;
        }
        let room = (self.max_text + MARGIN).saturating_sub(point.message.len());
        if room > 0 {
            if !point.message.is_empty() {
                point.message.push('\n');
            }
            point.message.push_str(text.get(..text.floor_char_boundary(room)).unwrap_or_default());
        }
    }

    /// Hands the open point to the run.
    pub(super) fn end_point(&mut self) {
        if !std::mem::take(&mut self.point.open) {
            return;
        }
        let point = &self.point;
        self.run.case(&Case {
            duration: point.duration,
            place: Some((&point.file, point.line)),
            message: point.message.trim_end(),
            text_left_out: point.text_left_out,
            ..Case::new(&point.name, point.status.unwrap_or(TestStatus::Unknown))
        });
    }

    fn bail_out(&mut self, text: &str) {
        self.end_point();
        let reason = text.trim_start_matches("Bail out!").trim();
        let reason = if reason.is_empty() { "the tests were given up" } else { reason };
        self.run.container_failure("Bail out!", reason);
    }

    /// Holds the plan against the points.
    pub(super) fn judge(&mut self, position: Position, context: &mut Context) {
        let seen = self.run.totals().tests;
        let mut wrong = |code, message: String| {
            context.warn(code, Weight::Error, message, position);
            self.health = Health::Degraded;
        };
        match self.plan {
            None => wrong(
                Code::MissingField,
                "there is no plan (`1..N`), so the stream may be cut off".to_owned(),
            ),
            Some(plan) if plan != seen => {
                wrong(Code::TotalsDisagree, format!("the plan is {plan} tests, and {seen} can be seen"));
            }
            Some(plan) if self.highest > plan => {
                wrong(
                    Code::TotalsDisagree,
                    format!("the plan is {plan} tests, and one is number {}", self.highest),
                );
            }
            Some(_) => {}
        }
        if self.yaml.is_some() {
            wrong(Code::CutOff, "the stream ends inside of a block of diagnostics".to_owned());
        }
        if self.plans > 1 {
            wrong(Code::TotalsDisagree, format!("there are {} plans in one stream", self.plans));
        }
        if self.repeated {
            wrong(Code::TotalsDisagree, "two tests have one number".to_owned());
        }
    }
}
