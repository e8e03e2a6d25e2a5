//! Events of `dart test` and `flutter test` (`--reporter json`, `--machine`).
//!
//! Hidden tests (loading a file, tearing a suite down) count only where they fail: they are then failures of
//! the container.

use super::elements::{MARGIN, warn_unknown_status};
use super::json_lines::{Content, each_line};
use super::run::{Case, RunBuilder};
use super::totals;
use crate::diagnostic::{Code, Weight};
use crate::formats::{Context, Format, Head, ParseError, Parsed, Position, Source};
use crate::model::{Health, Kind, TestStatus};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// Dart and Flutter.
pub(super) const FORMAT: Format = Format {
    id: "dart",
    kind: Kind::Tests,
    name: "Dart and Flutter JSON events",
    default_globs: &["dart*test*.json", "flutter*test*.json", "*.dart-json"],
    spec_url: "https://github.com/dart-lang/test/blob/master/pkgs/test/doc/json_reporter.md",
    sniff,
    parse,
};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    /// Missing in other lines that flutter writes.
    #[serde(rename = "type", default)]
    kind: Option<String>,
    #[serde(default)]
    time: Option<u64>,
    #[serde(default)]
    suite: Option<Suite>,
    #[serde(default)]
    test: Option<Test>,
    #[serde(rename = "testID", default)]
    test_id: Option<u64>,
    #[serde(default)]
    result: Option<String>,
    #[serde(default)]
    skipped: bool,
    #[serde(default)]
    hidden: bool,
    #[serde(default)]
    count: Option<u64>,
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    stack_trace: Option<String>,
    #[serde(default)]
    success: Option<bool>,
    #[serde(default)]
    protocol_version: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Suite {
    id: u64,
    #[serde(default)]
    path: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Test {
    id: u64,
    name: String,
    #[serde(rename = "suiteID", default)]
    suite_id: Option<u64>,
    #[serde(default)]
    line: Option<u32>,
    #[serde(default)]
    metadata: Option<Metadata>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    #[serde(default)]
    skip_reason: Option<String>,
}

fn sniff(head: &Head) -> bool {
    head.objects().filter(|line| line.starts_with('{')).take(20).any(|line| {
        serde_json::from_str::<Event>(line).is_ok_and(|event| {
            let start = event.kind.as_deref() == Some("start") && event.protocol_version.is_some();
            let inner = event.test.is_some() && event.kind.as_deref() == Some("testStart");
            start || inner
        })
    })
}

fn parse(source: &mut Source<'_>, context: &mut Context) -> Result<Parsed, ParseError> {
    let mut state = State {
        run: RunBuilder::new(context),
        suites: BTreeMap::new(),
        open: BTreeMap::new(),
        room: State::ROOM,
        done: None,
        refused: None,
        declared_suites: None,
        max_text: context.max_text,
    };
    let read = each_line(source, context, |content, position, context| {
        if let Content::Object(text) = content {
            state.take(serde_json::from_str(text)?, position, context);
        }
        Ok(())
    });
    // Tests that began and did not end.
    for (_, open) in std::mem::take(&mut state.open) {
        state.close(&open, TestStatus::Errored, None);
    }
    let read = read.and_then(|ended| match (state.refused, state.done) {
        (Some(position), _) => {
            let message = format!("more than {} tests or suites are open at once", State::MOST_OPEN);
            Err(ParseError::new(Code::Malformed, message, position))
        }
        (None, None) => {
            Err(ParseError::new(Code::CutOff, "the file ends before the tests are done", ended.position))
        }
        (None, Some(_)) => Ok(ended.health.and(suites_that_are_missing(&state, ended.position, context))),
    });
    let totals = state.run.totals();
    if state.done == Some(Some(false)) && totals.bad() + totals.container_failures == 0 {
        state.run.container_failure("test run", "it did not succeed, and no test shows why");
    }
    if state.done == Some(None) {
        state.run.container_failure("test run", "it was stopped before its end");
    }
    state.run.conclude(read, context)
}

/// A suite that was loaded and of which nothing is said could have held a failure.
fn suites_that_are_missing(state: &State, position: Position, context: &mut Context) -> Health {
    let seen = state.suites.len() as u64;
    match state.declared_suites {
        Some(declared) if declared > seen => {
            totals::disagree("the report", "suites", [declared, seen], Weight::Error, context, || position);
            Health::Degraded
        }
        Some(_) | None => Health::Complete,
    }
}

#[derive(Debug)]
struct Open {
    name: String,
    suite: Option<u64>,
    line: u32,
    began: Option<u64>,
    message: String,
    /// An error was reported.
    error: bool,
}

struct State {
    run: RunBuilder,
    /// Files of the suites by id.
    suites: BTreeMap<u64, String>,
    open: BTreeMap<u64, Open>,
    /// How many bytes of text may still be kept for open tests and suites.
    room: usize,
    /// What `done` says of success: nothing if the run was stopped.
    done: Option<Option<bool>>,
    refused: Option<Position>,
    /// How many suites there are, where the report says so.
    declared_suites: Option<u64>,
    max_text: usize,
}

impl State {
    const MOST_OPEN: usize = 50_000;
    const ROOM: usize = 8 << 20;

    fn take(&mut self, event: Event, position: Position, context: &mut Context) {
        match event.kind.as_deref() {
            Some("suite") => {
                if let Some(suite) = event.suite {
                    let path = suite.path.unwrap_or_default();
                    if self.suites.len() >= Self::MOST_OPEN || path.len() > self.room {
                        self.refused.get_or_insert(position);
                        return;
                    }
                    self.room -= path.len();
                    self.suites.insert(suite.id, path);
                }
            }
            Some("testStart") => {
                if let Some(test) = event.test {
                    self.begin(test, event.time, position);
                }
            }
            Some("error") => self.error(&event),
            Some("testDone") => self.end(&event, position, context),
            Some("done") => self.done = Some(event.success),
            Some("allSuites") => self.declared_suites = event.count,
            // print, group, debug, start, and what later versions add.
            _ => {}
        }
    }

    fn begin(&mut self, test: Test, began: Option<u64>, position: Position) {
        if self.open.len() >= Self::MOST_OPEN || test.name.len() > self.room {
            self.refused.get_or_insert(position);
            return;
        }
        self.room -= test.name.len();
        let message = test.metadata.and_then(|metadata| metadata.skip_reason).unwrap_or_default();
        let open = Open {
            name: test.name,
            suite: test.suite_id,
            line: test.line.unwrap_or(0),
            began,
            message: message.get(..message.floor_char_boundary(200)).unwrap_or_default().to_owned(),
            error: false,
        };
        self.open.insert(test.id, open);
    }

    fn error(&mut self, event: &Event) {
        let parts = [event.error.as_deref(), event.stack_trace.as_deref()];
        let text: Vec<&str> =
            parts.into_iter().flatten().map(str::trim).filter(|part| !part.is_empty()).collect();
        let text = text.join("\n");
        let Some(open) = event.test_id.and_then(|id| self.open.get_mut(&id)) else {
            // An error behind the end of its test: nothing else shows it.
            self.run.container_failure("a test that had ended", &text);
            return;
        };
        open.error = true;
        let cap = (self.max_text + MARGIN).saturating_sub(open.message.len()).min(self.room);
        let kept = text.get(..text.floor_char_boundary(cap)).unwrap_or_default();
        if !open.message.is_empty() && !kept.is_empty() {
            open.message.push('\n');
        }
        open.message.push_str(kept);
        self.room -= kept.len();
    }

    fn end(&mut self, event: &Event, position: Position, context: &mut Context) {
        let Some(open) = event.test_id.and_then(|id| self.open.remove(&id)) else {
            self.run.container_failure("test run", "a test ended that had not begun");
            return;
        };
        let result = event.result.as_deref().unwrap_or_default();
        let status = match result {
            "success" if open.error => TestStatus::Errored,
            "success" if event.skipped => TestStatus::Skipped,
            "success" => TestStatus::Passed,
            "failure" => TestStatus::Failed,
            "error" => TestStatus::Errored,
            _ => TestStatus::Unknown,
        };
        if status == TestStatus::Unknown {
            warn_unknown_status(result, context, || position);
        }
        let duration = match (open.began, event.time) {
            (Some(began), Some(ended)) => ended.checked_sub(began).map(Duration::from_millis),
            _ => None,
        };
        self.room += open.name.len() + open.message.len();
        if event.hidden {
            // Part of loading and tearing down; shown only by runners that went wrong there.
            if status.is_bad() || status == TestStatus::Unknown {
                self.run.container_failure(&open.name, &open.message);
            }
            return;
        }
        self.close(&open, status, duration);
    }

    fn close(&mut self, open: &Open, status: TestStatus, duration: Option<Duration>) {
        let file = open.suite.and_then(|suite| self.suites.get(&suite)).map_or("", String::as_str);
        // Group names are part of the name.
        self.run.case(&Case {
            file,
            place: Some((file, open.line)),
            duration,
            message: if status == TestStatus::Passed { "" } else { &open.message },
            ..Case::new(&open.name, status)
        });
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnostic::Code;
    use crate::formats::tests::support::{read, try_read};
    use crate::model::Health;

    /// Events of one test with this end, and of a run that was done.
    fn run(done: &str, end: &str) -> String {
        format!(
            "{{\"protocolVersion\":\"0.1.1\",\"type\":\"start\",\"time\":0}}\n\
             {{\"suite\":{{\"id\":0,\"path\":\"test/a_test.dart\"}},\"type\":\"suite\",\"time\":0}}\n\
             {{\"test\":{{\"id\":1,\"name\":\"t\",\"suiteID\":0,\"line\":7}},\"type\":\"testStart\",\"time\":10}}\n\
             {end}\n{{\"success\":{done},\"type\":\"done\",\"time\":40}}\n"
        )
    }

    #[test]
    fn results_flags_and_errors_say_how_a_test_ended() {
        let done = |result: &str, more: &str| {
            run(
                "true",
                &format!("{{\"testID\":1,\"result\":\"{result}\",{more}\"type\":\"testDone\",\"time\":30}}"),
            )
        };
        assert_eq!(read("dart", &done("success", "")).figures(), [1, 1, 0, 0, 0]);
        assert_eq!(read("dart", &done("success", "\"skipped\":true,")).figures(), [1, 0, 0, 0, 1]);
        assert_eq!(read("dart", &done("failure", "")).figures(), [1, 0, 1, 0, 0]);
        assert_eq!(read("dart", &done("error", "")).figures(), [1, 0, 0, 1, 0]);
        assert_eq!(read("dart", &done("wibble", "")).run.totals.unknown, 1);
        let hidden = read("dart", &done("success", "\"hidden\":true,"));
        assert_eq!((hidden.figures(), hidden.health), ([0; 5], Health::Empty));
        assert_eq!(read("dart", &done("error", "\"hidden\":true,")).containers(), [("t", "")]);
        assert_eq!(read("dart", &done("success", "")).run.duration.unwrap().as_millis(), 20);
    }

    #[test]
    fn an_error_gives_the_message_and_a_place() {
        let end = "{\"testID\":1,\"error\":\"Expected: <2>\\n  Actual: <1>\\n\",\"stackTrace\":\"a_test.dart 7:3 main\",\"isFailure\":true,\"type\":\"error\",\"time\":20}\n\
                   {\"testID\":1,\"result\":\"failure\",\"type\":\"testDone\",\"time\":30}";
        let seen = read("dart", &run("false", end));
        let case = seen.only_case();
        assert_eq!(case.message.raw(), "Expected: <2>\n  Actual: <1>\na_test.dart 7:3 main");
        assert_eq!(case.got.as_ref().unwrap().raw(), "1");
        assert_eq!(case.place.as_ref().unwrap().line.unwrap().get(), 7);
    }

    #[test]
    fn a_suite_that_was_counted_and_never_came_is_no_pass() {
        let counted = |suites: u64| {
            let passed = "{\"testID\":1,\"result\":\"success\",\"type\":\"testDone\",\"time\":30}";
            run("true", &format!("{{\"count\":{suites},\"type\":\"allSuites\",\"time\":1}}\n{passed}"))
        };
        assert_eq!(read("dart", &counted(1)).health, Health::Complete);
        let seen = read("dart", &counted(2));
        assert_eq!((seen.health, seen.codes()), (Health::Degraded, vec![Code::TotalsDisagree]));
    }

    #[test]
    fn a_run_that_did_not_succeed_or_end_is_no_pass() {
        let passed = "{\"testID\":1,\"result\":\"success\",\"type\":\"testDone\",\"time\":30}";
        assert_eq!(read("dart", &run("false", passed)).run.totals.container_failures, 1);
        assert_eq!(read("dart", &run("null", passed)).run.totals.container_failures, 1);
        let text = run("true", passed);
        let cut = text.rsplit_once("\n{").unwrap().0.to_owned() + "\n";
        assert_eq!(try_read("dart", cut.as_bytes()).err().unwrap().code, Code::CutOff);
        assert_eq!(read("dart", &run("true", "")).figures(), [1, 0, 0, 1, 0]);
    }

    #[test]
    fn an_error_behind_the_end_of_its_test_is_not_lost() {
        let end = "{\"testID\":1,\"result\":\"success\",\"type\":\"testDone\",\"time\":30}\n{\"testID\":1,\"error\":\"late\",\"type\":\"error\",\"time\":31}";
        assert_eq!(read("dart", &run("false", end)).containers(), [("a test that had ended", "late")]);
    }

    #[test]
    fn other_lines_of_flutter_are_passed_over() {
        let passed = "[{\"event\":\"test.startedProcess\"}]\n{\"id\":1,\"unrelated\":true}\n{\"testID\":1,\"result\":\"success\",\"type\":\"testDone\",\"time\":30}";
        assert_eq!(read("dart", &run("true", passed)).health, Health::Complete);
    }
}
