//! Events of `go test -json` (`go tool test2json`).
//!
//! A package may fail without any test: it does not build, an `init` panics, a race is found at exit. A test
//! may begin and never end: a panic took the others with it. And a stream that stops early looks like one that
//! is done, but for packages that never ended.

mod state;

#[cfg(test)]
mod tests;

use super::json_lines::{Content, each_line};
use super::run::RunBuilder;
use super::time::{Time, seconds};
use crate::diagnostic::Code;
use crate::formats::{Context, Format, Head, ParseError, Parsed, Position, Source};
use crate::model::{Kind, TestStatus};
use serde::Deserialize;
use state::State;
use std::borrow::Cow;

/// `go test -json`.
pub(super) const FORMAT: Format = Format {
    id: "go-test",
    kind: Kind::Tests,
    name: "go test -json (test2json)",
    default_globs: &[
        "go-test*.json",
        "gotest*.json",
        "*test2json*.json",
        "go-test*.jsonl",
        "go-test*.ndjson",
    ],
    spec_url: "https://pkg.go.dev/cmd/test2json",
    sniff,
    parse,
};

/// One event. Go 1.24 adds `ImportPath` (of builds) and `FailedBuild`.
#[derive(Debug, Deserialize)]
struct Event<'l> {
    #[serde(rename = "Action", borrow)]
    action: Cow<'l, str>,
    #[serde(rename = "Package", borrow, default)]
    package: Cow<'l, str>,
    #[serde(rename = "Test", borrow, default)]
    test: Option<Cow<'l, str>>,
    #[serde(rename = "Output", borrow, default)]
    output: Option<Cow<'l, str>>,
    #[serde(rename = "Elapsed", default)]
    elapsed: Option<serde_json::Number>,
    #[serde(rename = "ImportPath", borrow, default)]
    import_path: Cow<'l, str>,
    #[serde(rename = "FailedBuild", borrow, default)]
    failed_build: Option<Cow<'l, str>>,
}

const ACTIONS: &[&str] = &[
    "start",
    "run",
    "pause",
    "cont",
    "pass",
    "bench",
    "fail",
    "output",
    "skip",
    "attr",
    "artifacts",
    "build-output",
    "build-fail",
];

fn sniff(head: &Head) -> bool {
    head.objects().filter(|line| line.starts_with('{')).take(20).any(|line| {
        serde_json::from_str::<Event<'_>>(line).is_ok_and(|event| ACTIONS.contains(&&*event.action))
    })
}

fn parse(source: &mut Source<'_>, context: &mut Context) -> Result<Parsed, ParseError> {
    let mut run = RunBuilder::new(context);
    let mut state = State::new(context);
    let read = each_line(source, context, |content, position, _| {
        match content {
            Content::Object(text) => {
                let event: Event<'_> = serde_json::from_str(text)?;
                take(&event, position, &mut state, &mut run);
            }
            Content::Other(text) => state.plain_line(text),
        }
        Ok(())
    });
    let open = state.finish(&mut run);
    let read = read.and_then(|ended| match state.refused {
        Some(position) => {
            let message =
                format!("more than {} tests, packages or builds are open at once", State::MOST_OPEN);
            Err(ParseError::new(Code::Malformed, message, position))
        }
        None if open > 0 => {
            let message = format!("the file ends before {open} of its packages have ended");
            Err(ParseError::new(Code::CutOff, message, ended.position))
        }
        None => Ok(ended.health),
    });
    run.conclude(read, context)
}

fn take(event: &Event<'_>, position: Position, state: &mut State, run: &mut RunBuilder) {
    if !state.admits(&event.package, &event.import_path, position) {
        return;
    }
    let output = event.output.as_deref().unwrap_or_default();
    let duration = event.elapsed.as_ref().and_then(|elapsed| match seconds(&elapsed.to_string()) {
        Time::Known(time) => Some(time),
        Time::Absent | Time::Unclear => None,
    });
    let status = match &*event.action {
        // A benchmark that printed and did not fail.
        "pass" | "bench" => TestStatus::Passed,
        "fail" => TestStatus::Failed,
        "skip" => TestStatus::Skipped,
        "run" => {
            if let Some(test) = &event.test {
                state.begin_test(&event.package, test, position, run);
            }
            return;
        }
        "output" => {
            match &event.test {
                Some(test) => state.test_output(&event.package, test, output),
                None => state.package_output(&event.package, output),
            }
            return;
        }
        "build-output" => return state.build_output(&event.import_path, output),
        "build-fail" => return state.build_failed(&event.import_path, run),
        "start" => return state.begin_package(&event.package),
        // pause, cont, attr, artifacts and what later versions add say nothing of an outcome.
        _ => return,
    };
    match &event.test {
        Some(test) => state.end_test(&event.package, test, status, duration, run),
        None => state.end_package(&event.package, status, event.failed_build.as_deref(), run),
    }
}
