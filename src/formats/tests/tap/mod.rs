//! TAP, the Test Anything Protocol, versions 12 to 14.
//!
//! The plan is the only thing that tells a whole stream from one that was cut, so a stream without one is not
//! whole. Cases are the test points at the left margin; points of subtests are summed up by their parent's.

use super::elements::MARGIN;
use super::run::{Case, RunBuilder};
use super::time::{Time, seconds};
use crate::diagnostic::{Code, Weight};
use crate::formats::lines::{Line, LineReader};
use crate::formats::{Context, Format, Head, ParseError, Parsed, Position, Source};
use crate::model::{Health, Kind, TestStatus};
use std::borrow::Cow;
use std::time::Duration;

/// TAP.
pub(super) const FORMAT: Format = Format {
    id: "tap",
    kind: Kind::Tests,
    name: "TAP (Test Anything Protocol)",
    default_globs: &["*.tap"],
    spec_url: "https://testanything.org/tap-version-14-specification.html",
    sniff,
    parse,
};

/// The first line that is neither blank nor a comment begins a stream: a version, a plan or a numbered point.
/// (`go test` writes `ok` too, and a package behind it.)
fn sniff(head: &Head) -> bool {
    let first = head.lines().find(|line| !line.trim().is_empty() && !line.starts_with('#'));
    first.is_some_and(|line| {
        line.starts_with("TAP version ") || plan_of(line).is_some() || {
            point_of(line).is_some_and(|point| point.number.is_some())
        }
    })
}

fn parse(source: &mut Source<'_>, context: &mut Context) -> Result<Parsed, ParseError> {
    let mut lines = LineReader::new(source);
    let mut stream = Stream::new(context);
    let read = read_lines(&mut lines, &mut stream, context);
    stream.end_point();
    let read = read.map(|()| {
        stream.judge(lines.position(), context);
        stream.health.and(context.note_decoding(lines.source().decoding()))
    });
    stream.run.conclude(read, context)
}

fn read_lines(
    lines: &mut LineReader<'_, '_>,
    stream: &mut Stream,
    context: &mut Context,
) -> Result<(), ParseError> {
    while let Some(line) = lines.next_line()? {
        if let Some(nul) = line.nul() {
            let message = "the file holds a NUL byte";
            return Err(ParseError::new(Code::NulByte, message, line.position_at(nul)));
        }
        let text = line.text();
        if matches!(text, Cow::Owned(_)) {
            let message = || "bytes that are no UTF-8 were replaced".to_owned();
            context.warn_with(Code::BadEncoding, Weight::Warning, message, || line.position());
        }
        stream.line(&text, &line, context);
    }
    if lines.position().line == 1 {
        return Err(ParseError::new(Code::EmptyFile, "the file is empty", Position::default()));
    }
    Ok(())
}

/// `1..N`.
fn plan_of(line: &str) -> Option<u64> {
    let rest = line.strip_prefix("1..")?;
    let end = rest.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
    let (digits, behind) = rest.split_at_checked(end)?;
    let behind = behind.trim_start();
    if !behind.is_empty() && !behind.starts_with('#') {
        return None;
    }
    digits.parse().ok()
}

/// What stands behind a `#`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Directive {
    Skip,
    Todo,
}

/// `ok 1 - description # SKIP reason`.
#[derive(Clone, Copy, Debug)]
struct Point<'l> {
    ok: bool,
    number: Option<u64>,
    description: &'l str,
    directive: Option<(Directive, &'l str)>,
    duration: Option<Duration>,
}

fn point_of(line: &str) -> Option<Point<'_>> {
    let (ok, rest) = match line.strip_prefix("not ok") {
        Some(rest) => (false, rest),
        None => (true, line.strip_prefix("ok")?),
    };
    if rest.starts_with(|c: char| c.is_alphanumeric() || c == '_') {
        return None;
    }
    let rest = rest.trim_start();
    let end = rest.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
    let (digits, behind) = rest.split_at_checked(end)?;
    let number_ends = behind.is_empty() || behind.starts_with([' ', '\t', '-', '#']);
    let (number, rest) = if number_ends { (digits.parse().ok(), behind) } else { (None, rest) };
    let rest = rest.trim_start();
    let rest = rest.strip_prefix('-').map_or(rest, str::trim_start);
    let mut point = Point { ok, number, description: rest.trim_end(), directive: None, duration: None };
    for (at, _) in rest.match_indices('#') {
        let escaped = rest.get(..at).is_some_and(|before| before.ends_with('\\'));
        let behind = rest.get(at + 1..).unwrap_or_default().trim();
        let word =
            |word: &str| behind.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
        let directive = match (word("skip"), word("todo")) {
            (true, _) => Some(Directive::Skip),
            (_, true) => Some(Directive::Todo),
            _ => None,
        };
        let time = behind.strip_prefix("time=");
        if escaped || (directive.is_none() && time.is_none()) {
            continue;
        }
        point.description = rest.get(..at).unwrap_or_default().trim_end();
        if let Some(Time::Known(time)) = time.map(seconds) {
            point.duration = Some(time);
        }
        let reason = behind.split_once(char::is_whitespace).map_or("", |(_, reason)| reason.trim());
        point.directive = directive.map(|directive| (directive, reason));
        break;
    }
    Some(point)
}

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

#[derive(Debug)]
struct Stream {
    run: RunBuilder,
    health: Health,
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

    fn new(context: &Context) -> Self {
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

    fn line(&mut self, text: &str, line: &Line<'_>, context: &mut Context) {
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

    fn end_point(&mut self) {
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
    fn judge(&mut self, position: Position, context: &mut Context) {
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

#[cfg(test)]
mod tests {
    use crate::diagnostic::Code;
    use crate::formats::tests::support::{detected, read};
    use crate::model::Health;

    #[test]
    fn directives_decide_over_ok_and_not_ok() {
        let seen = read(
            "tap",
            "TAP version 14\n1..7\nok 1 - a\nnot ok 2 - b\nnot ok 3 - c # TODO later\nok 4 - d # skip no network\n\
             ok 5 - e \\# not a directive\nok 6 f # TODO done\nnot ok 7 # SKIPPED\n",
        );
        assert_eq!((seen.figures(), seen.health), ([7, 2, 1, 0, 4], Health::Complete));
        assert_eq!(seen.case("d").message.raw(), "no network");
    }

    #[test]
    fn the_plan_may_stand_anywhere_and_must_fit() {
        for (text, health) in [
            ("1..2\nok 1\nok 2\n", Health::Complete),
            ("ok 1\nok 2\n1..2\n", Health::Complete),
            ("ok 1\n1..2\nok 2\n", Health::Complete),
            ("1..3\nok 1\nok 2\n", Health::Degraded),
            ("1..1\nok 1\nok 2\n", Health::Degraded),
            ("ok 1\nok 2\n", Health::Degraded),
            ("1..2\nok 1\nok 1\n", Health::Degraded),
            ("1..2\nok 1\nok 3\n", Health::Degraded),
            ("1..1\nok 1\n1..1\n", Health::Degraded),
            ("1..0 # SKIP no reason\n", Health::Empty),
        ] {
            assert_eq!(read("tap", text).health, health, "{text}");
        }
    }

    #[test]
    fn a_yaml_block_belongs_to_its_point_and_holds_no_points() {
        let seen = read(
            "tap",
            "1..2\nnot ok 1 - a\n  ---\n  message: boom\n  at:\n    file: x/a.js\n    line: 8\n  duration_ms: 1.5\n  found: |\n    not ok 9\n  ...\nok 2 - b\n",
        );
        assert_eq!((seen.figures(), seen.health), ([2, 1, 1, 0, 0], Health::Complete));
        let case = seen.case("a");
        assert!(case.message.raw().starts_with("message: boom\n"), "{:?}", case.message);
        assert_eq!(case.place.as_ref().unwrap().line.unwrap().get(), 8);
        assert_eq!(case.duration.unwrap().as_micros(), 1_500);
    }

    #[test]
    fn comments_below_a_failed_point_are_its_message() {
        let seen = read(
            "tap",
            "1..1\nnot ok 1 - a\n#   Failed test 'a'\n#          got: '1'\n#     expected: '2'\n",
        );
        let case = seen.only_case();
        assert_eq!(case.message.raw(), "Failed test 'a'\ngot: '1'\nexpected: '2'");
        assert_eq!(case.got.as_ref().unwrap().raw(), "'1'");
    }

    #[test]
    fn points_of_subtests_are_summed_up_by_their_parent() {
        let good = "1..1\n# Subtest: p\n    ok 1 - x\n    not ok 2 - y\n    1..2\nnot ok 1 - p\n";
        assert_eq!(
            (read("tap", good).figures(), read("tap", good).health),
            ([1, 0, 1, 0, 0], Health::Complete)
        );
        let lying = good.replace("\nnot ok 1", "\nok 1");
        assert_eq!(
            (read("tap", &lying).health, read("tap", &lying).codes()),
            (Health::Degraded, vec![Code::TotalsDisagree])
        );
        let braces = "1..2\nok 1 - p {\n    not ok 1 - y\n    1..1\n}\nok 2 - q\n";
        assert_eq!(read("tap", braces).health, Health::Degraded);
        assert_eq!(read("tap", &braces.replace("    not ok", "    ok")).health, Health::Complete);
    }

    #[test]
    fn the_plan_of_a_subtest_must_fit_unless_its_parent_fails() {
        let short = "1..1\n# Subtest: p\n    1..2\n    ok 1 - x\nok 1 - p\n";
        assert_eq!(
            (read("tap", short).health, read("tap", short).codes()),
            (Health::Degraded, vec![Code::TotalsDisagree])
        );
        assert_eq!(read("tap", &short.replace("\nok 1 - p", "\nnot ok 1 - p")).health, Health::Complete);
        let nested = "1..1\n    # Subtest: q\n        ok 1\n        ok 2\n        1..2\n    ok 1 - q\n    1..1\nok 1 - p\n";
        assert_eq!(read("tap", nested).health, Health::Complete);
        assert_eq!(read("tap", &nested.replace("        ok 2\n", "")).health, Health::Degraded);
    }

    #[test]
    fn a_stream_that_ends_inside_of_a_block_is_cut_off() {
        let cut = read("tap", "1..1\nok 1\n  ---\n  duration_ms: 1\n");
        assert_eq!((cut.health, cut.codes()), (Health::Degraded, vec![Code::CutOff]));
    }

    #[test]
    fn a_strict_stream_holds_nothing_but_tap() {
        assert_eq!(read("tap", "TAP version 14\n1..1\nnoise\nok 1\n").health, Health::Complete);
        let strict = "TAP version 14\npragma +strict\n1..1\n\n# a comment\nnoise\nok 1\n";
        assert_eq!(read("tap", strict).codes(), [Code::BadLine]);
        assert_eq!(read("tap", &strict.replace("noise\n", "")).health, Health::Complete);
    }

    #[test]
    fn a_bail_out_is_a_container_failure() {
        let seen = read("tap", "1..2\nok 1\nBail out! no database\n");
        assert_eq!(seen.containers(), [("Bail out!", "no database")]);
        assert_eq!(seen.health, Health::Degraded);
    }

    #[test]
    fn only_what_begins_like_a_stream_is_claimed() {
        assert_eq!(detected(b"ok  \texample.com/p\t0.3s\n"), None);
        assert_eq!(detected(b"okay then\n"), None);
        assert_eq!(detected(b"# comment\n\nok 1 - a\n"), Some("tap"));
        assert_eq!(detected(b"not ok 1\n"), Some("tap"));
    }
}
