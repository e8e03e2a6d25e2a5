//! JSON events of Rust's libtest (`--format json`), also as cargo-nextest writes them.

use super::json_lines::{Content, each_line};
use super::run::{Case, RunBuilder};
use super::time::{Time, seconds};
use super::totals::Declared;
use crate::diagnostic::Code;
use crate::formats::tests::elements::warn_unknown_status;
use crate::formats::{Context, Format, Head, ParseError, Parsed, Position, Source};
use crate::model::{Health, Kind, TestStatus};
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::time::Duration;

/// libtest JSON.
pub(super) const FORMAT: Format = Format {
    id: "libtest",
    kind: Kind::Tests,
    name: "libtest JSON (cargo test, cargo nextest)",
    default_globs: &["libtest*.json", "cargo-test*.json", "libtest*.jsonl", "libtest*.ndjson"],
    spec_url: "https://doc.rust-lang.org/beta/unstable-book/compiler-flags/report-time.html",
    sniff,
    parse,
};

/// One event; suites and tests share the fields.
#[derive(Debug, Deserialize)]
struct Event<'l> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'l, str>,
    #[serde(borrow, default)]
    event: Cow<'l, str>,
    #[serde(borrow, default)]
    name: Cow<'l, str>,
    /// A number, or (in rustc's own tests) a placeholder.
    #[serde(default)]
    exec_time: Option<serde_json::Value>,
    #[serde(borrow, default)]
    stdout: Option<Cow<'l, str>>,
    #[serde(borrow, default)]
    message: Option<Cow<'l, str>>,
    #[serde(default)]
    test_count: Option<u64>,
    #[serde(default)]
    failed: Option<u64>,
}

fn sniff(head: &Head) -> bool {
    head.objects().take(20).any(|line| {
        serde_json::from_str::<Event<'_>>(line).is_ok_and(|event| {
            matches!(&*event.kind, "suite" | "test" | "bench")
                && (!event.event.is_empty() || !event.name.is_empty())
        })
    })
}

fn parse(source: &mut Source<'_>, context: &mut Context) -> Result<Parsed, ParseError> {
    let mut state = State {
        run: RunBuilder::new(context),
        health: Health::Complete,
        open: BTreeSet::new(),
        suite: None,
        suites: 0,
        plain_error: None,
        refused: None,
        nextest: false,
    };
    let read = each_line(source, context, |content, position, context| {
        match content {
            Content::Object(text) => state.take(&serde_json::from_str(text)?, position, context),
            Content::Other(text) => state.plain_line(text),
        }
        Ok(())
    });
    // Tests that began and did not end.
    for name in std::mem::take(&mut state.open) {
        state.run.case(&Case::new(&name, TestStatus::Errored));
    }
    let read = read.and_then(|ended| match (state.refused, &state.suite) {
        (Some(position), _) => {
            let message = format!("more than {} tests run at once", State::MOST_OPEN);
            Err(ParseError::new(Code::Malformed, message, position))
        }
        (None, Some(_)) => {
            Err(ParseError::new(Code::CutOff, "the file ends before its suite has ended", ended.position))
        }
        (None, None) if state.suites == 0 && state.run.totals().tests > 0 => {
            Err(ParseError::new(Code::CutOff, "no suite ends in the file", ended.position))
        }
        (None, None) => Ok(ended.health.and(state.health)),
    });
    let explained = state.run.totals().bad() + state.run.totals().container_failures > 0;
    if let Some(line) = state.plain_error.filter(|_| !explained) {
        state.run.container_failure("cargo", &line);
    }
    state.run.conclude(read, context)
}

/// A suite that is open: what was counted before it, and how many tests it announced.
struct Suite {
    tests_before: u64,
    bad_before: u64,
    announced: Option<u64>,
}

struct State {
    run: RunBuilder,
    health: Health,
    open: BTreeSet<String>,
    suite: Option<Suite>,
    /// How many suites have ended.
    suites: u64,
    plain_error: Option<String>,
    refused: Option<Position>,
    nextest: bool,
}

impl State {
    /// How many tests may be open at once.
    const MOST_OPEN: usize = 50_000;

    fn take(&mut self, event: &Event<'_>, position: Position, context: &mut Context) {
        match (&*event.kind, &*event.event) {
            ("suite", "started") => {
                // A suite that never ended before the next began.
                if self.suite.is_some() {
                    self.run.container_failure("suite", "it began and did not end");
                }
                self.begin_suite(event.test_count);
            }
            ("suite", "ok" | "failed") => self.end_suite(event, position, context),
            ("suite" | "test", "discovery" | "discovered" | "completed") | ("report", _) => {}
            ("test", "started") => {
                if self.open.len() >= Self::MOST_OPEN {
                    self.refused.get_or_insert(position);
                } else {
                    self.open.insert(attempt_of(&event.name).0.to_owned());
                }
            }
            // It runs for more than a minute, and goes on.
            ("test", "timeout") => {}
            ("test", word) => self.end_test(event, word, position, context),
            ("bench", _) => self.end_test(event, "ok", position, context),
            (_, word) => {
                warn_unknown_status(word, context, || position);
                self.health = Health::Degraded;
            }
        }
    }

    fn begin_suite(&mut self, announced: Option<u64>) {
        let totals = self.run.totals();
        self.suite = Some(Suite { tests_before: totals.tests, bad_before: totals.bad(), announced });
    }

    fn end_test(&mut self, event: &Event<'_>, word: &str, position: Position, context: &mut Context) {
        self.open.remove(attempt_of(&event.name).0);
        let status = match word {
            "ok" => TestStatus::Passed,
            // `#[should_panic]` that did not, and the like, are failures, too.
            "failed" => TestStatus::Failed,
            "ignored" | "allowed_failure" => TestStatus::Skipped,
            _ => TestStatus::Unknown,
        };
        if status == TestStatus::Unknown {
            warn_unknown_status(word, context, || position);
        }
        // nextest: `crate::binary$module::test`.
        let (name, attempt) = attempt_of(&event.name);
        self.nextest |= name.contains('$');
        let (class, name) = name.split_once('$').unwrap_or(("", name));
        let mut message = event.stdout.as_deref().unwrap_or_default().trim().to_owned();
        if let Some(more) = event.message.as_deref() {
            if !message.is_empty() {
                message.insert(0, '\n');
            }
            message.insert_str(0, more.trim());
        }
        self.run.case(&Case {
            class,
            flaky: attempt > 1,
            duration: event.exec_time.as_ref().and_then(time_of),
            message: if status == TestStatus::Passed && attempt < 2 { "" } else { &message },
            ..Case::new(name, status)
        });
    }

    fn end_suite(&mut self, event: &Event<'_>, position: Position, context: &mut Context) {
        let Some(suite) = self.suite.take() else {
            self.run.container_failure("suite", "it ended and did not begin");
            return;
        };
        self.suites += 1;
        let totals = *self.run.totals();
        let bad = totals.bad() - suite.bad_before;
        if event.event == "failed" && bad == 0 {
            self.run.container_failure("suite", "it failed, and no test in it shows why");
        }
        // nextest ends the suite of a binary again for each test that it tries again.
        let announced = suite.announced.filter(|_| !self.nextest);
        let announced = announced.map(|tests| tests.saturating_sub(self.open.len() as u64));
        let declared = Declared { tests: announced, bad: event.failed, unreadable: false };
        let tests = totals.tests - suite.tests_before;
        self.health = self.health.and(declared.reconcile("a suite", tests, bad, context, || position));
    }

    /// cargo says on its own lines that something did not build or did not pass.
    fn plain_line(&mut self, line: &str) {
        let error = line.strip_prefix("error").is_some_and(|rest| rest.starts_with([':', '[']));
        if error && self.plain_error.is_none() {
            self.plain_error = Some(line.get(..line.floor_char_boundary(300)).unwrap_or(line).to_owned());
        }
    }
}

/// The name without the number of the attempt that nextest puts behind it (`#3`), and that number.
fn attempt_of(name: &str) -> (&str, u32) {
    let attempt = name.rsplit_once('#').and_then(|(name, number)| Some((name, number.parse().ok()?)));
    attempt.unwrap_or((name, 1))
}

fn time_of(value: &serde_json::Value) -> Option<Duration> {
    let text = match value {
        serde_json::Value::Number(number) => number.to_string(),
        serde_json::Value::String(text) => text.clone(),
        _ => return None,
    };
    match seconds(&text) {
        Time::Known(time) => Some(time),
        Time::Absent | Time::Unclear => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnostic::Code;
    use crate::formats::tests::support::{read, try_read};
    use crate::model::Health;

    const STARTED: &str = "{ \"type\": \"suite\", \"event\": \"started\", \"test_count\": 1 }\n";
    const PASSED: &str = "{ \"type\": \"test\", \"event\": \"started\", \"name\": \"a\" }\n{ \"type\": \"test\", \"name\": \"a\", \"event\": \"ok\", \"exec_time\": 0.5 }\n";
    const OK: &str = "{ \"type\": \"suite\", \"event\": \"ok\", \"passed\": 1, \"failed\": 0 }\n";
    const FAILED: &str = "{ \"type\": \"suite\", \"event\": \"failed\", \"passed\": 0, \"failed\": 1 }\n";

    #[test]
    fn a_suite_that_failed_without_a_test_is_no_pass() {
        let seen = read("libtest", &format!("{STARTED}{PASSED}{FAILED}"));
        assert_eq!(seen.containers(), [("suite", "it failed, and no test in it shows why")]);
        assert_eq!((seen.health, seen.codes()), (Health::Degraded, vec![Code::TotalsDisagree]));
    }

    #[test]
    fn a_test_that_never_ends_is_errored_and_a_slow_one_only_says_so() {
        let begun = "{\"type\":\"test\",\"event\":\"started\",\"name\":\"a\"}\n{\"type\":\"test\",\"event\":\"timeout\",\"name\":\"a\"}\n";
        let seen = read("libtest", &format!("{STARTED}{begun}{FAILED}"));
        assert_eq!((seen.figures(), seen.run.totals.container_failures), ([1, 0, 0, 1, 0], 1));
        let ended = format!("{STARTED}{begun}{}{OK}", PASSED.lines().last().unwrap().to_owned() + "\n");
        let seen = read("libtest", &ended);
        assert_eq!((seen.figures(), seen.health), ([1, 1, 0, 0, 0], Health::Complete));
        assert_eq!(seen.run.duration.unwrap().as_millis(), 500);
    }

    #[test]
    fn a_stream_without_the_end_of_its_suite_is_cut_off() {
        for text in
            [format!("{STARTED}{PASSED}"), PASSED.to_owned(), format!("{STARTED}{PASSED}{OK}{STARTED}")]
        {
            assert_eq!(try_read("libtest", text.as_bytes()).err().unwrap().code, Code::CutOff);
        }
    }

    #[test]
    fn suites_behind_each_other_and_plain_lines_between_are_read() {
        let text = format!("   Compiling x\n{STARTED}{PASSED}{OK}     Running y\n{STARTED}{PASSED}{OK}");
        let seen = read("libtest", &text);
        assert_eq!((seen.figures(), seen.health), ([2, 2, 0, 0, 0], Health::Complete));
        let broken = read("libtest", &format!("{STARTED}{PASSED}{OK}error: could not compile `z`\n"));
        assert_eq!(broken.containers(), [("cargo", "error: could not compile `z`")]);
    }

    #[test]
    fn names_of_nextest_carry_their_binary() {
        let text = format!(
            "{STARTED}{}{FAILED}",
            "{\"type\":\"test\",\"event\":\"failed\",\"name\":\"c::bin$m::t\",\"stdout\":\"left: 1\\nright: 2\"}\n"
        );
        let seen = read("libtest", &text);
        let case = seen.only_case();
        assert_eq!(case.id.display().raw(), "c::bin::m::t");
        assert_eq!(case.expected.as_ref().unwrap().raw(), "2");
    }

    #[test]
    fn attempts_of_nextest_are_one_case_and_a_late_pass_is_flaky() {
        let attempts = |event: &str| {
            format!(
                "{STARTED}{{\"type\":\"test\",\"event\":\"started\",\"name\":\"c$t\"}}\n{}{STARTED}{{\"type\":\"test\",\"event\":\"{event}\",\"name\":\"c$t#2\"}}\n{}",
                OK.replace("\"passed\": 1", "\"passed\": 0"),
                if event == "ok" { OK } else { FAILED },
            )
        };
        let passed = read("libtest", &attempts("ok"));
        assert_eq!(
            (passed.figures(), passed.run.totals.flaky, passed.health),
            ([1, 1, 0, 0, 0], 1, Health::Complete)
        );
        let failed = read("libtest", &attempts("failed"));
        assert_eq!((failed.figures(), failed.health), ([1, 0, 1, 0, 0], Health::Complete));
    }

    #[test]
    fn an_unknown_event_is_no_pass() {
        let text = format!("{STARTED}{}{OK}", "{\"type\":\"test\",\"event\":\"wibble\",\"name\":\"a\"}\n");
        let seen = read("libtest", &text);
        assert_eq!((seen.run.totals.unknown, seen.health), (1, Health::Degraded));
    }
}
