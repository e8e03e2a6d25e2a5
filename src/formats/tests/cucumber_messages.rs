//! Cucumber Messages, the stream of envelopes that newer Cucumbers write (`--format message`).
//!
//! A scenario (`pickle`) becomes a test case, and that is started once for each attempt. Only the last attempt
//! decides; an attempt that will be retried makes a pass flaky.

use super::elements::warn_unknown_status;
use super::json_lines::{Content, each_line};
use super::owned::{OwnedCase, append_line};
use super::run::RunBuilder;
use super::steps::Step;
use crate::diagnostic::Code;
use crate::formats::{Context, Format, Head, ParseError, Parsed, Position, Source};
use crate::model::{Kind, TestStatus};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// Cucumber Messages.
pub(super) const FORMAT: Format = Format {
    id: "cucumber-messages",
    kind: Kind::Tests,
    name: "Cucumber Messages (NDJSON)",
    default_globs: &["cucumber*.ndjson", "*messages*.ndjson"],
    spec_url: "https://github.com/cucumber/messages",
    sniff,
    parse,
};

/// One line: exactly one of these is there.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    #[serde(default)]
    meta: Option<Meta>,
    #[serde(default)]
    pickle: Option<Pickle>,
    #[serde(default)]
    test_case: Option<TestCase>,
    #[serde(default)]
    test_case_started: Option<Started>,
    #[serde(default)]
    test_step_finished: Option<StepFinished>,
    #[serde(default)]
    test_case_finished: Option<Finished>,
    #[serde(default)]
    parse_error: Option<UnreadableFeature>,
    #[serde(default)]
    test_run_hook_finished: Option<HookFinished>,
    #[serde(default)]
    test_run_finished: Option<RunFinished>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Meta {
    #[serde(default)]
    protocol_version: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Pickle {
    id: String,
    #[serde(default)]
    uri: String,
    #[serde(default)]
    name: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct TestCase {
    id: String,
    pickle_id: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Started {
    id: String,
    test_case_id: String,
    #[serde(default)]
    attempt: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct StepFinished {
    test_case_started_id: String,
    test_step_result: StepResult,
}

#[derive(Debug, Deserialize)]
struct StepResult {
    status: String,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    duration: Option<Time>,
}

#[derive(Debug, Deserialize)]
struct Time {
    #[serde(default)]
    seconds: u64,
    #[serde(default)]
    nanos: u32,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Finished {
    test_case_started_id: String,
    #[serde(default)]
    will_be_retried: bool,
}

/// A feature that is no Gherkin; none of its scenarios ran.
#[derive(Debug, Deserialize)]
struct UnreadableFeature {
    #[serde(default)]
    source: Option<FeatureSource>,
    #[serde(default)]
    message: String,
}

#[derive(Debug, Deserialize)]
struct FeatureSource {
    #[serde(default)]
    uri: Option<String>,
}

#[derive(Debug, Deserialize)]
struct HookFinished {
    result: StepResult,
}

#[derive(Debug, Deserialize)]
struct RunFinished {
    #[serde(default)]
    success: Option<bool>,
    #[serde(default)]
    message: Option<String>,
}

fn sniff(head: &Head) -> bool {
    head.objects().filter(|line| line.starts_with('{')).take(3).any(|line| {
        serde_json::from_str::<Envelope>(line).is_ok_and(|envelope| {
            let meta = envelope.meta.is_some_and(|meta| meta.protocol_version.is_some());
            meta || envelope.pickle.is_some() || envelope.test_case_started.is_some()
        })
    })
}

fn parse(source: &mut Source<'_>, context: &mut Context) -> Result<Parsed, ParseError> {
    let mut state = State {
        run: RunBuilder::new(context),
        pickles: BTreeMap::new(),
        cases: BTreeMap::new(),
        open: BTreeMap::new(),
        retried: BTreeMap::new(),
        room: State::ROOM,
        success: None,
        done: false,
        refused: None,
    };
    let read = each_line(source, context, |content, position, context| {
        if let Content::Object(text) = content {
            state.take(serde_json::from_str(text)?, position, context);
        }
        Ok(())
    });
    for (_, mut open) in std::mem::take(&mut state.open) {
        // It began and did not end.
        open.case.status = Some(TestStatus::Errored);
        open.case.hand_to(&mut state.run);
    }
    for (_, mut open) in std::mem::take(&mut state.retried) {
        // It was to be run again, and nothing came: what was seen counts.
        open.case.status = Some(open.worst.status());
        open.case.hand_to(&mut state.run);
    }
    let read = read.and_then(|ended| match state.refused {
        Some(position) => {
            Err(ParseError::new(Code::Malformed, "the stream holds more scenarios than are read", position))
        }
        None if !state.done => {
            Err(ParseError::new(Code::CutOff, "the file ends before the run has finished", ended.position))
        }
        None => Ok(ended.health),
    });
    let totals = state.run.totals();
    if state.success == Some(false) && totals.bad() + totals.container_failures + totals.unknown == 0 {
        // Strict mode: pending steps fail a run, and so do errors outside of scenarios.
        state.run.container_failure("test run", "it did not succeed, and no scenario shows why");
    }
    state.run.conclude(read, context)
}

struct Open {
    /// Its test case.
    of: String,
    case: OwnedCase,
    worst: Step,
}

struct State {
    run: RunBuilder,
    /// Uri and name of each pickle.
    pickles: BTreeMap<String, (String, String)>,
    /// Test case to pickle.
    cases: BTreeMap<String, String>,
    /// Started attempts.
    open: BTreeMap<String, Open>,
    /// Attempts that are to be followed by another one, by test case.
    retried: BTreeMap<String, Open>,
    /// How many bytes pickles, cases and attempts may still take.
    room: usize,
    success: Option<bool>,
    done: bool,
    refused: Option<Position>,
}

impl State {
    const ROOM: usize = 12 << 20;
    /// About what an entry takes beside its texts, in bytes.
    const ENTRY: usize = 128;

    fn take(&mut self, envelope: Envelope, position: Position, context: &mut Context) {
        if let Some(pickle) = envelope.pickle
            && self.take_room(pickle.id.len() + pickle.uri.len() + pickle.name.len(), position)
        {
            self.pickles.insert(pickle.id, (pickle.uri, pickle.name));
        }
        if let Some(case) = envelope.test_case
            && self.take_room(case.id.len() + case.pickle_id.len(), position)
        {
            self.cases.insert(case.id, case.pickle_id);
        }
        if let Some(started) = envelope.test_case_started {
            self.begin(started, position);
        }
        if let Some(step) = envelope.test_step_finished {
            self.step(&step, position, context);
        }
        if let Some(finished) = envelope.test_case_finished {
            self.end(&finished);
        }
        if let Some(error) = envelope.parse_error {
            let uri = error.source.and_then(|source| source.uri).unwrap_or_default();
            self.run.container_failure(&uri, &error.message);
        }
        if let Some(hook) = envelope.test_run_hook_finished {
            let step = Step::of(&hook.result.status);
            if !matches!(step, Step::Passed | Step::Skipped) {
                self.run
                    .container_failure("hook of the run", hook.result.message.as_deref().unwrap_or_default());
            }
        }
        if let Some(run) = envelope.test_run_finished {
            self.done = true;
            self.success = run.success;
            if let Some(message) = run.message.filter(|message| !message.trim().is_empty()) {
                self.run.container_failure("test run", message.trim());
            }
        }
    }

    fn take_room(&mut self, bytes: usize, position: Position) -> bool {
        match self.room.checked_sub(bytes + Self::ENTRY) {
            Some(room) => self.room = room,
            None => {
                self.refused.get_or_insert(position);
            }
        }
        self.refused.is_none()
    }

    fn begin(&mut self, started: Started, position: Position) {
        if let Some(before) = self.retried.remove(&started.test_case_id) {
            self.room += before.of.len() + size_of::<Open>() + Self::ENTRY;
        }
        let bytes = started.id.len() + started.test_case_id.len() + size_of::<Open>();
        if !self.take_room(bytes, position) {
            return;
        }
        let mut case = OwnedCase { flaky: started.attempt > 0, ..OwnedCase::default() };
        if let Some((uri, name)) =
            self.cases.get(&started.test_case_id).and_then(|pickle| self.pickles.get(pickle))
        {
            case.file.clone_from(uri);
            case.name.clone_from(name);
        }
        self.open.insert(started.id, Open { of: started.test_case_id, case, worst: Step::None });
    }

    fn step(&mut self, step: &StepFinished, position: Position, context: &mut Context) {
        let result = &step.test_step_result;
        let Some(open) = self.open.get_mut(&step.test_case_started_id) else { return };
        let own = Step::of(&result.status);
        if own == Step::Unknown {
            warn_unknown_status(&result.status, context, || position);
        }
        open.worst = open.worst.max(own);
        if let Some(time) = &result.duration {
            let time =
                Duration::from_secs(time.seconds).saturating_add(Duration::from_nanos(time.nanos.into()));
            open.case.duration = Some(open.case.duration.unwrap_or_default().saturating_add(time));
        }
        if own >= Step::Pending && self.run.has_room_for_text() {
            append_line(&mut open.case.message, result.message.as_deref().unwrap_or_default(), context);
        }
    }

    fn end(&mut self, finished: &Finished) {
        let Some(mut open) = self.open.remove(&finished.test_case_started_id) else {
            self.run.container_failure("test run", "a scenario ended that had not begun");
            return;
        };
        if finished.will_be_retried {
            // The next attempt decides, and knows by its number that it is not the first.
            self.retried.insert(open.of.clone(), open);
            return;
        }
        self.room += finished.test_case_started_id.len() + open.of.len() + size_of::<Open>() + Self::ENTRY;
        open.case.status = Some(open.worst.status());
        open.case.hand_to(&mut self.run);
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnostic::Code;
    use crate::formats::tests::support::{read, try_read};
    use crate::model::Health;

    const HEAD: &str = "{\"meta\":{\"protocolVersion\":\"27.0.0\",\"implementation\":{\"name\":\"x\"}}}\n{\"pickle\":{\"id\":\"p\",\"uri\":\"f.feature\",\"name\":\"s\",\"steps\":[]}}\n{\"testCase\":{\"id\":\"c\",\"pickleId\":\"p\",\"testSteps\":[]}}\n";

    fn attempt(id: &str, number: u32, status: &str, retried: bool) -> String {
        format!(
            "{{\"testCaseStarted\":{{\"id\":\"{id}\",\"testCaseId\":\"c\",\"attempt\":{number}}}}}\n\
             {{\"testStepFinished\":{{\"testCaseStartedId\":\"{id}\",\"testStepResult\":{{\"status\":\"{status}\",\"message\":\"boom\",\"duration\":{{\"seconds\":1,\"nanos\":5}}}}}}}}\n\
             {{\"testCaseFinished\":{{\"testCaseStartedId\":\"{id}\",\"willBeRetried\":{retried}}}}}\n"
        )
    }

    fn done(success: bool) -> String {
        format!("{{\"testRunFinished\":{{\"success\":{success}}}}}\n")
    }

    #[test]
    fn the_last_attempt_decides() {
        let text = format!(
            "{HEAD}{}{}{}",
            attempt("1", 0, "FAILED", true),
            attempt("2", 1, "PASSED", false),
            done(true)
        );
        let seen = read("cucumber-messages", &text);
        assert_eq!(
            (seen.figures(), seen.run.totals.flaky, seen.health),
            ([1, 1, 0, 0, 0], 1, Health::Complete)
        );
        let text = format!("{HEAD}{}{}", attempt("1", 0, "FAILED", false), done(false));
        let seen = read("cucumber-messages", &text);
        let case = seen.only_case();
        assert_eq!((case.id.name.raw(), case.id.file.raw(), case.message.raw()), ("s", "f.feature", "boom"));
    }

    #[test]
    fn a_retry_that_never_came_leaves_the_failure() {
        let other = attempt("9", 0, "PASSED", false);
        let seen =
            read("cucumber-messages", &format!("{HEAD}{}{}", attempt("1", 0, "FAILED", true), done(true)));
        assert_eq!(seen.figures(), [1, 0, 1, 0, 0]);
        let twice = [attempt("1", 0, "FAILED", true), attempt("2", 1, "FAILED", true)].concat();
        assert_eq!(
            read("cucumber-messages", &format!("{HEAD}{twice}{}", done(true))).figures(),
            [1, 0, 1, 0, 0]
        );
        assert_eq!(
            read("cucumber-messages", &format!("{HEAD}{other}{}", done(true))).figures(),
            [1, 1, 0, 0, 0]
        );
    }

    #[test]
    fn a_feature_that_is_no_gherkin_is_a_container_failure() {
        let error = "{\"parseError\":{\"source\":{\"uri\":\"b.feature\"},\"message\":\"expected: #EOF\"}}\n";
        let passed = attempt("1", 0, "PASSED", false);
        let seen = read("cucumber-messages", &format!("{HEAD}{error}{passed}{}", done(true)));
        assert_eq!(seen.containers(), [("b.feature", "expected: #EOF")]);
    }

    #[test]
    fn every_status_has_its_meaning() {
        for (status, figures) in [
            ("PASSED", [1, 1, 0, 0, 0]),
            ("FAILED", [1, 0, 1, 0, 0]),
            ("SKIPPED", [1, 0, 0, 0, 1]),
            ("PENDING", [1, 0, 0, 0, 1]),
            ("UNDEFINED", [1, 0, 0, 1, 0]),
            ("AMBIGUOUS", [1, 0, 0, 1, 0]),
            ("UNKNOWN", [1, 0, 0, 0, 0]),
        ] {
            let text = format!("{HEAD}{}{}", attempt("1", 0, status, false), done(true));
            assert_eq!(read("cucumber-messages", &text).figures(), figures, "{status}");
        }
    }

    #[test]
    fn a_run_that_did_not_succeed_or_finish_is_no_pass() {
        let passed = attempt("1", 0, "PASSED", false);
        assert_eq!(
            read("cucumber-messages", &format!("{HEAD}{passed}{}", done(false)))
                .run
                .totals
                .container_failures,
            1
        );
        let error = try_read("cucumber-messages", format!("{HEAD}{passed}").as_bytes()).err().unwrap();
        assert_eq!(error.code, Code::CutOff);
        let hook = "{\"testRunHookFinished\":{\"testRunHookStartedId\":\"h\",\"result\":{\"status\":\"FAILED\",\"message\":\"no db\"}}}\n";
        let seen = read("cucumber-messages", &format!("{HEAD}{passed}{hook}{}", done(true)));
        assert_eq!(seen.containers(), [("hook of the run", "no db")]);
    }
}
