//! The JSON of Playwright Test's `json` reporter.
//!
//! A spec runs once for each project, and each of these runs is a case. Its status says how its results
//! compare with what was expected, so that a test that must fail and does is `expected`.

use super::elements::{SuitePath, warn_unknown_status};
use super::owned::{OwnedCase, append_line, count, duration, line_number, message_text, name_text, stated};
use super::run::RunBuilder;
use super::totals::Declared;
use crate::formats::json::Json;
use crate::formats::{Context, Format, Head, ParseError, Parsed, Source};
use crate::model::{Health, Kind, TestStatus};

/// Playwright JSON.
pub(super) const FORMAT: Format = Format {
    id: "playwright",
    kind: Kind::Tests,
    name: "Playwright JSON",
    default_globs: &["playwright*.json"],
    spec_url: "https://playwright.dev/docs/test-reporters#json-reporter",
    sniff,
    parse,
};

fn sniff(head: &Head) -> bool {
    head.json().is_some_and(|json| {
        let config =
            ["rootDir", "projects", "workers", "forbidOnly"].iter().any(|key| json.has_inner("config", key));
        !json.array && config && (json.has("suites") || json.has("errors") || json.keys.len() == 1)
    })
}

fn parse(source: &mut Source<'_>, context: &mut Context) -> Result<Parsed, ParseError> {
    let mut json = Json::new(source);
    let mut parser =
        Parser { run: RunBuilder::new(context), path: SuitePath::default(), declared: Declared::default() };
    let read = parser.document(&mut json, context).and_then(|()| json.finish(context));
    let totals = *parser.run.totals();
    let health = if read.is_ok() {
        parser.declared.say_unreadable(context, json.position());
        parser.declared.reconcile("`stats`", totals.tests, totals.bad(), context, || json.position())
    } else {
        Health::Invalid
    };
    parser.run.conclude(read.map(|()| health), context)
}

struct Parser {
    run: RunBuilder,
    path: SuitePath,
    declared: Declared,
}

/// What stands around the tests of a spec.
#[derive(Default)]
struct Spec {
    title: String,
    file: String,
    line: u32,
    ok: Option<bool>,
}

impl Parser {
    fn document(&mut self, json: &mut Json<'_, '_>, context: &mut Context) -> Result<(), ParseError> {
        json.object(|json, key| {
            match key {
                "suites" => {
                    json.array(|json| self.suite(json, context))?;
                }
                "errors" => {
                    json.array(|json| {
                        let text = error(json, context)?;
                        self.run.container_failure("test run", &text);
                        Ok(())
                    })?;
                }
                "stats" => self.stats(json)?,
                _ => {}
            }
            Ok(())
        })?;
        Ok(())
    }

    fn stats(&mut self, json: &mut Json<'_, '_>) -> Result<(), ParseError> {
        let mut all = Vec::new();
        json.object(|json, key| {
            match key {
                "expected" | "skipped" | "flaky" => all.extend(count(json)?),
                "unexpected" => {
                    self.declared.add_bad(stated(json)?);
                    all.extend(self.declared.bad);
                }
                _ => {}
            }
            Ok(())
        })?;
        if all.len() == 4 {
            self.declared.tests = Some(all.into_iter().fold(0, u64::saturating_add));
        }
        Ok(())
    }

    /// A file or a `describe` block. Its title comes before what stands in it.
    fn suite(&mut self, json: &mut Json<'_, '_>, context: &mut Context) -> Result<(), ParseError> {
        let mut opened = false;
        json.object(|json, key| {
            match key {
                "title" => {
                    let title = name_text(json)?;
                    if !opened {
                        self.path.open(&title);
                        opened = true;
                    }
                }
                "specs" => {
                    json.array(|json| self.spec(json, context))?;
                }
                "suites" => {
                    json.array(|json| self.suite(json, context))?;
                }
                _ => {}
            }
            Ok(())
        })?;
        if opened {
            self.path.close();
        }
        Ok(())
    }

    fn spec(&mut self, json: &mut Json<'_, '_>, context: &mut Context) -> Result<(), ParseError> {
        let mut spec = Spec::default();
        let mut cases = Vec::new();
        let mut bytes = 0;
        json.object(|json, key| {
            match key {
                "title" => spec.title = name_text(json)?,
                "file" => spec.file = name_text(json)?,
                "line" => spec.line = line_number(json)?,
                "ok" => spec.ok = json.boolean()?,
                "tests" => {
                    json.array(|json| {
                        let case = test(json, context)?;
                        bytes += case.size();
                        if bytes < MOST_BYTES {
                            cases.push(case);
                        } else {
                            case.hand_to(&mut self.run);
                        }
                        Ok(())
                    })?;
                }
                _ => {}
            }
            Ok(())
        })?;
        let bad = cases.iter().any(|case| case.status.is_none_or(TestStatus::is_bad));
        for mut case in cases {
            // File and title may stand before or behind the tests.
            case.name.clone_from(&spec.title);
            case.file.clone_from(&spec.file);
            case.suite.push_str(self.path.as_str());
            case.line = if case.line == 0 { spec.line } else { case.line };
            if spec.ok == Some(false) && !bad && case.status != Some(TestStatus::Skipped) {
                case.status = Some(TestStatus::Failed);
            }
            case.hand_to(&mut self.run);
        }
        Ok(())
    }
}

/// So many bytes of the runs of one spec wait for its title; what comes beyond goes without.
const MOST_BYTES: usize = 4 << 20;

/// The runs of one spec in one project.
fn test(json: &mut Json<'_, '_>, context: &mut Context) -> Result<OwnedCase, ParseError> {
    let mut case = OwnedCase::default();
    let mut word = String::new();
    let mut expected = String::new();
    let mut last = String::new();
    let position = json.position();
    json.object(|json, key| {
        match key {
            "projectName" => case.class = name_text(json)?,
            "status" => word = name_text(json)?,
            "expectedStatus" => expected = name_text(json)?,
            "results" => {
                json.array(|json| result(&mut case, &mut last, json, context))?;
            }
            _ => {}
        }
        Ok(())
    })?;
    let status = match word.as_str() {
        // It says that all was as expected, and its last result was not.
        "expected" if !expected.is_empty() && !last.is_empty() && last != expected => TestStatus::Failed,
        // It says that all was as expected, and that nothing ran.
        "expected" if last.is_empty() => TestStatus::Unknown,
        "expected" => TestStatus::Passed,
        "flaky" => {
            case.flaky = true;
            TestStatus::Passed
        }
        "unexpected" if matches!(last.as_str(), "timedOut" | "interrupted") => TestStatus::Errored,
        "unexpected" => TestStatus::Failed,
        "skipped" => TestStatus::Skipped,
        _ => TestStatus::Unknown,
    };
    if status == TestStatus::Unknown {
        warn_unknown_status(&word, context, || position);
    }
    case.status = Some(status);
    Ok(case)
}

/// One attempt: its errors become the case's message, its status the last one.
fn result(
    case: &mut OwnedCase,
    last: &mut String,
    json: &mut Json<'_, '_>,
    context: &mut Context,
) -> Result<(), ParseError> {
    json.object(|json, key| {
        match key {
            "status" => *last = name_text(json)?,
            "duration" => {
                if let Some(time) = duration(json, "ms")? {
                    case.duration = Some(case.duration.unwrap_or_default().saturating_add(time));
                }
            }
            "error" => {
                let text = error(json, context)?;
                case.say(&text, context);
            }
            "errors" => {
                json.array(|json| {
                    let text = error(json, context)?;
                    case.say(&text, context);
                    Ok(())
                })?;
            }
            "errorLocation" => {
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
    Ok(())
}

fn error(json: &mut Json<'_, '_>, context: &Context) -> Result<String, ParseError> {
    let mut message = String::new();
    let mut stack = String::new();
    json.object(|json, key| {
        match key {
            "message" | "value" => message = message_text(json, context)?,
            "stack" => stack = message_text(json, context)?,
            _ => {}
        }
        Ok(())
    })?;
    let mut text = String::new();
    if !stack.contains(message.trim()) {
        append_line(&mut text, &message, context);
    }
    append_line(&mut text, &stack, context);
    Ok(text)
}

#[cfg(test)]
mod tests {
    use crate::diagnostic::Code;
    use crate::formats::tests::support::read;
    use crate::model::Health;

    fn report(tests: &str, more: &str) -> String {
        format!(
            "{{\"config\":{{\"rootDir\":\"/x\",\"projects\":[]}},\"suites\":[{{\"title\":\"a.spec.ts\",\"file\":\"a.spec.ts\",\"specs\":[],\"suites\":[{{\"title\":\"S\",\"specs\":[{{\"title\":\"t\",\"ok\":true,\"tests\":[{tests}],\"file\":\"a.spec.ts\",\"line\":7}}]}}]}}],\"errors\":[]{more}}}"
        )
    }

    fn test(status: &str, expected: &str, result: &str) -> String {
        format!(
            "{{\"projectName\":\"chromium\",\"expectedStatus\":\"{expected}\",\"status\":\"{status}\",\"results\":[{{\"status\":\"{result}\",\"duration\":5,\"retry\":0,\"errors\":[{{\"message\":\"boom\"}}]}}]}}"
        )
    }

    #[test]
    fn a_status_compares_results_with_what_was_expected() {
        for (test, figures) in [
            (test("expected", "passed", "passed"), [1, 1, 0, 0, 0]),
            (test("expected", "failed", "failed"), [1, 1, 0, 0, 0]),
            (test("expected", "passed", "failed"), [1, 0, 1, 0, 0]),
            (test("unexpected", "passed", "failed"), [1, 0, 1, 0, 0]),
            (test("unexpected", "passed", "timedOut"), [1, 0, 0, 1, 0]),
            (test("unexpected", "failed", "passed"), [1, 0, 1, 0, 0]),
            (test("skipped", "skipped", "skipped"), [1, 0, 0, 0, 1]),
            (test("wibble", "passed", "passed"), [1, 0, 0, 0, 0]),
        ] {
            assert_eq!(read("playwright", &report(&test, "")).figures(), figures, "{test}");
        }
        assert_eq!(read("playwright", &report(&test("flaky", "passed", "passed"), "")).run.totals.flaky, 1);
    }

    #[test]
    fn a_case_is_named_by_file_blocks_title_and_project() {
        let seen = read("playwright", &report(&test("unexpected", "passed", "failed"), ""));
        let case = seen.only_case();
        assert_eq!((case.id.suite.raw(), case.id.display().raw()), ("a.spec.ts > S", "chromium::t"));
        assert_eq!((case.message.raw(), case.place.as_ref().unwrap().line.unwrap().get()), ("boom", 7));
    }

    #[test]
    fn errors_outside_of_tests_are_container_failures() {
        let text = report(&test("expected", "passed", "passed"), "")
            .replace("\"errors\":[]}", "\"errors\":[{\"message\":\"no server\"}]}");
        assert_eq!(read("playwright", &text).containers(), [("test run", "no server")]);
    }

    #[test]
    fn a_spec_that_is_not_ok_is_no_pass_and_stats_may_not_declare_more() {
        let passed = test("expected", "passed", "passed");
        assert_eq!(
            read("playwright", &report(&passed, "").replace("\"ok\":true", "\"ok\":false")).figures(),
            [1, 0, 1, 0, 0]
        );
        for stats in [
            "\"expected\":2,\"skipped\":0,\"unexpected\":0,\"flaky\":0",
            "\"expected\":1,\"skipped\":0,\"unexpected\":1,\"flaky\":0",
        ] {
            let seen = read("playwright", &report(&passed, &format!(",\"stats\":{{{stats}}}")));
            assert_eq!((seen.health, seen.codes()[0]), (Health::Degraded, Code::TotalsDisagree), "{stats}");
        }
    }
}
