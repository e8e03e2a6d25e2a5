//! The JSON of Jest (`--json`) and Vitest (`--reporter=json`).
//!
//! A file that could not be run has no test at all: its status and message are those of a container. The name
//! of a file stands behind its tests, so these wait for it.

use super::elements::warn_unknown_status;
use super::owned::{OwnedCase, append_name, count, duration, line_number, message_text, name_text, stated};
use super::run::RunBuilder;
use super::totals::{Count, Declared};
use crate::diagnostic::{Code, Weight};
use crate::formats::json::Json;
use crate::formats::{Context, Format, Head, ParseError, Parsed, Source};
use crate::model::{Health, Kind, TestStatus};

/// Jest and Vitest JSON.
pub(super) const FORMAT: Format = Format {
    id: "jest",
    kind: Kind::Tests,
    name: "Jest and Vitest JSON",
    default_globs: &["jest*.json", "vitest*.json"],
    spec_url: "https://jestjs.io/docs/configuration#testresultsprocessor-string",
    sniff,
    parse,
};

fn sniff(head: &Head) -> bool {
    head.json().is_some_and(|json| {
        let counts = ["numTotalTests", "numFailedTests", "numTotalTestSuites", "numFailedTestSuites"];
        !json.array
            && (counts.iter().any(|key| json.has(key)) || json.has_inner("testResults", "assertionResults"))
    })
}

fn parse(source: &mut Source<'_>, context: &mut Context) -> Result<Parsed, ParseError> {
    let mut json = Json::new(source);
    let mut parser = Parser::new(context);
    let read = parser.document(&mut json, context).and_then(|()| json.finish(context));
    parser.waiting.hand_over("", &mut parser.run);
    let health = if read.is_ok() { parser.judge(&json, context) } else { Health::Invalid };
    parser.run.conclude(read.map(|()| health), context)
}

/// Tests of one file, until its name is known.
#[derive(Default)]
struct Waiting {
    cases: Vec<OwnedCase>,
    bytes: usize,
}

impl Waiting {
    /// How many bytes may wait; what comes beyond goes without its file.
    const MOST_BYTES: usize = 8 << 20;

    fn add(&mut self, case: OwnedCase, run: &mut RunBuilder) {
        self.bytes += case.size();
        self.cases.push(case);
        if self.bytes > Self::MOST_BYTES {
            self.hand_over("", run);
        }
    }

    fn hand_over(&mut self, file: &str, run: &mut RunBuilder) {
        for mut case in self.cases.drain(..) {
            case.file.push_str(file);
            case.hand_to(run);
        }
        self.bytes = 0;
    }
}

struct Parser {
    run: RunBuilder,
    declared: Declared,
    waiting: Waiting,
    runtime_errors: u64,
    failed_files: u64,
    success: Option<bool>,
    interrupted: bool,
}

impl Parser {
    fn new(context: &Context) -> Self {
        Self {
            run: RunBuilder::new(context),
            declared: Declared::default(),
            waiting: Waiting::default(),
            runtime_errors: 0,
            failed_files: 0,
            success: None,
            interrupted: false,
        }
    }

    fn document(&mut self, json: &mut Json<'_, '_>, context: &mut Context) -> Result<(), ParseError> {
        json.object(|json, key| {
            match key {
                "numTotalTests" => self.declared.set_tests(stated(json)?),
                "numFailedTests" => self.declared.add_bad(stated(json)?),
                "numRuntimeErrorTestSuites" => match stated(json)? {
                    Count::Known(files) => self.runtime_errors = files,
                    Count::Absent => {}
                    Count::Bad => self.declared.unreadable = true,
                },
                "success" => self.success = json.boolean()?,
                "wasInterrupted" => self.interrupted = json.boolean()? == Some(true),
                "testResults" => {
                    json.array(|json| self.file(json, context))?;
                }
                _ => {}
            }
            Ok(())
        })?;
        Ok(())
    }

    fn file(&mut self, json: &mut Json<'_, '_>, context: &mut Context) -> Result<(), ParseError> {
        let mut name = String::new();
        let mut status = String::new();
        let mut message = String::new();
        let mut exec_error = false;
        let mut cases = 0_u64;
        let mut bad = 0_u64;
        json.object(|json, key| {
            match key {
                // `testFilePath` and `testResults` stand in what Jest gives to processors.
                "name" | "testFilePath" => name = name_text(json)?,
                "status" => status = name_text(json)?,
                "message" | "failureMessage" => {
                    let text = message_text(json, context)?;
                    super::owned::append_line(&mut message, &text, context);
                }
                "testExecError" => {
                    let kind = json.kind()?;
                    exec_error = kind != crate::formats::json::JsonKind::Null;
                }
                "assertionResults" | "testResults" => {
                    json.array(|json| {
                        let case = assertion(json, context)?;
                        cases += 1;
                        bad += u64::from(case.status.is_none_or(|status| {
                            status != TestStatus::Passed && status != TestStatus::Skipped
                        }));
                        self.waiting.add(case, &mut self.run);
                        Ok(())
                    })?;
                }
                _ => {}
            }
            Ok(())
        })?;
        self.waiting.hand_over(&name, &mut self.run);
        let failed = matches!(status.as_str(), "failed") || exec_error;
        self.failed_files += u64::from(failed || bad > 0);
        if failed && bad == 0 {
            let message = if message.trim().is_empty() {
                "the file failed, and no test in it shows why"
            } else {
                message.trim()
            };
            self.run.container_failure(&name, message);
        } else if !matches!(
            status.as_str(),
            "passed" | "failed" | "skipped" | "pending" | "todo" | "focused" | "disabled" | ""
        ) {
            warn_unknown_status(&status, context, || json.position());
            self.run.container_failure(&name, "its status is not known");
        }
        Ok(())
    }

    fn judge(&mut self, json: &Json<'_, '_>, context: &mut Context) -> Health {
        let totals = *self.run.totals();
        self.declared.say_unreadable(context, json.position());
        let mut health =
            self.declared.reconcile("the report", totals.tests, totals.bad(), context, || json.position());
        if self.runtime_errors > self.failed_files {
            let figures = [self.runtime_errors, self.failed_files];
            let what = "files that could not be run";
            super::totals::disagree("the report", what, figures, Weight::Error, context, || json.position());
            health = Health::Degraded;
        }
        if self.success == Some(false) && totals.bad() + totals.container_failures + totals.unknown == 0 {
            self.run.container_failure("test run", "it did not succeed, and no test shows why");
        }
        if self.interrupted {
            context.warn(Code::ToolFailed, Weight::Error, "the run was interrupted", json.position());
            health = health.and(Health::Failed);
        }
        health
    }
}

fn assertion(json: &mut Json<'_, '_>, context: &mut Context) -> Result<OwnedCase, ParseError> {
    let mut case = OwnedCase::default();
    let mut full_name = String::new();
    let mut word = String::new();
    let position = json.position();
    json.object(|json, key| {
        match key {
            "title" => case.name = name_text(json)?,
            "fullName" => full_name = name_text(json)?,
            "status" => word = name_text(json)?,
            "duration" => case.duration = duration(json, "ms")?,
            "ancestorTitles" => {
                json.array(|json| {
                    let title = name_text(json)?;
                    append_name(&mut case.suite, &title);
                    Ok(())
                })?;
            }
            "failureMessages" => {
                json.array(|json| {
                    let message = message_text(json, context)?;
                    case.say(&message, context);
                    Ok(())
                })?;
            }
            "retryReasons" => {
                json.array(|_| {
                    case.flaky = true;
                    Ok(())
                })?;
            }
            "invocations" => case.flaky |= count(json)?.is_some_and(|times| times > 1),
            "location" => {
                json.object(|json, key| {
                    if key == "line" {
                        case.line = line_number(json)?;
                    }
                    Ok(())
                })?;
            }
            _ => {}
        }
        Ok(())
    })?;
    if case.name.is_empty() {
        case.name = full_name;
    }
    // Vitest leaves the messages of attempts that a later one made good.
    case.flaky |= !case.message.is_empty();
    let status = match word.as_str() {
        "passed" => TestStatus::Passed,
        "failed" => TestStatus::Failed,
        // jest-junit puts such a case into files that could not be loaded.
        "error" => TestStatus::Errored,
        "skipped" | "pending" | "todo" | "disabled" => TestStatus::Skipped,
        _ => TestStatus::Unknown,
    };
    if status == TestStatus::Unknown {
        warn_unknown_status(&word, context, || position);
    }
    case.status = Some(status);
    Ok(case)
}

#[cfg(test)]
mod tests {
    use crate::diagnostic::Code;
    use crate::formats::tests::support::read;
    use crate::model::Health;

    fn report(totals: &str, assertions: &str, file: &str) -> String {
        format!(
            "{{{totals},\"testResults\":[{{\"assertionResults\":[{assertions}],\"name\":\"/x/a.test.js\",{file}}}]}}"
        )
    }

    fn test(status: &str) -> String {
        format!(
            "{{\"ancestorTitles\":[\"S\",\"inner\"],\"fullName\":\"S inner t\",\"title\":\"t\",\"status\":\"{status}\",\"duration\":5,\"failureMessages\":[],\"location\":{{\"line\":7,\"column\":1}}}}"
        )
    }

    const PASSED: &str = "\"status\":\"passed\",\"message\":\"\"";

    #[test]
    fn every_status_has_its_meaning() {
        let all: Vec<String> = ["passed", "failed", "skipped", "pending", "todo", "disabled", "wibble"]
            .iter()
            .map(|s| test(s))
            .collect();
        let seen = read(
            "jest",
            &report("\"numTotalTests\":7,\"success\":false", &all.join(","), "\"status\":\"failed\""),
        );
        assert_eq!((seen.figures(), seen.run.totals.unknown), ([7, 1, 1, 0, 4], 1));
        let failed = seen.run.cases.iter().find(|case| case.status.is_bad()).unwrap();
        assert_eq!((failed.id.suite.raw(), failed.id.file.raw()), ("S > inner", "/x/a.test.js"));
        assert_eq!(failed.place.as_ref().unwrap().line.unwrap().get(), 7);
    }

    #[test]
    fn a_file_that_could_not_be_run_is_a_container_failure() {
        let seen = read(
            "jest",
            &report(
                "\"numRuntimeErrorTestSuites\":1,\"success\":false",
                "",
                "\"status\":\"failed\",\"message\":\"SyntaxError\"",
            ),
        );
        assert_eq!(seen.containers(), [("/x/a.test.js", "SyntaxError")]);
        let exec = read(
            "jest",
            &report(
                "\"success\":false",
                &test("passed"),
                "\"status\":\"passed\",\"testExecError\":{\"message\":\"m\"}",
            ),
        );
        assert_eq!(exec.run.totals.container_failures, 1);
    }

    #[test]
    fn a_report_that_claims_success_over_failed_assertions_fails() {
        let seen = read("jest", &report("\"numFailedTests\":0,\"success\":true", &test("failed"), PASSED));
        assert_eq!(seen.figures(), [1, 0, 1, 0, 0]);
    }

    #[test]
    fn what_the_totals_declare_and_nothing_shows_is_no_pass() {
        for totals in ["\"numTotalTests\":2", "\"numFailedTests\":1", "\"numRuntimeErrorTestSuites\":1"] {
            let seen = read("jest", &report(totals, &test("passed"), PASSED));
            assert_eq!(
                (seen.health, seen.codes()),
                (Health::Degraded, vec![Code::TotalsDisagree]),
                "{totals}"
            );
        }
        let seen = read("jest", &report("\"success\":false", &test("passed"), PASSED));
        assert_eq!(seen.run.totals.container_failures, 1);
        let stopped = read("jest", &report("\"wasInterrupted\":true", &test("passed"), PASSED));
        assert_eq!(stopped.health, Health::Failed);
    }

    #[test]
    fn a_total_of_failures_that_nobody_can_read_is_not_taken_for_none() {
        for key in ["numFailedTests", "numRuntimeErrorTestSuites"] {
            for value in ["\"1\"", "1.5", "-1", "true", "[1]", "1e2"] {
                let seen = read("jest", &report(&format!("\"{key}\":{value}"), &test("passed"), PASSED));
                assert_eq!(
                    (seen.health, seen.codes()),
                    (Health::Degraded, vec![Code::BadNumber]),
                    "{key}: {value}"
                );
            }
            let seen = read("jest", &report(&format!("\"{key}\":null"), &test("passed"), PASSED));
            assert_eq!(seen.health, Health::Complete, "{key}");
        }
    }

    #[test]
    fn a_retried_test_that_passed_is_flaky() {
        let retried = test("passed").replace(
            "\"failureMessages\":[]",
            "\"failureMessages\":[],\"invocations\":2,\"retryReasons\":[\"m\"]",
        );
        assert_eq!(read("jest", &report("\"success\":true", &retried, PASSED)).run.totals.flaky, 1);
        // Vitest shows it by the message that it leaves.
        let vitest = test("passed").replace("\"failureMessages\":[]", "\"failureMessages\":[\"m\"]");
        let seen = read("jest", &report("\"success\":true", &vitest, PASSED));
        assert_eq!((seen.figures(), seen.run.totals.flaky), ([1, 1, 0, 0, 0], 1));
    }

    #[test]
    fn a_case_that_stands_for_a_file_that_could_not_be_loaded_is_an_error() {
        let error = "{\"ancestorTitles\":[],\"failureMessages\":[\"no module\"],\"status\":\"error\"}";
        let totals = "\"numRuntimeErrorTestSuites\":1,\"numFailedTests\":0,\"success\":false";
        let seen = read("jest", &report(totals, error, "\"status\":\"failed\",\"message\":\"no module\""));
        assert_eq!((seen.figures(), seen.run.totals.container_failures), ([1, 0, 0, 1, 0], 0));
        assert_eq!(seen.health, Health::Complete);
    }
}
