//! The JSON of Mocha's `json` reporter (also Cypress with it).
//!
//! `tests` lists all tests and does not say how they ended; `passes`, `pending` and `failures` do. Hooks that
//! fail stand in `failures` alone: they are failures of a container.

use super::elements::warn_unknown_status;
use super::owned::{OwnedCase, append_line, count, duration, message_text, name_text, stated};
use super::run::RunBuilder;
use super::totals::Declared;
use crate::formats::json::Json;
use crate::formats::{Context, Format, Head, ParseError, Parsed, Source};
use crate::model::{Health, Kind, TestStatus};

/// Mocha JSON.
pub(super) const FORMAT: Format = Format {
    id: "mocha",
    kind: Kind::Tests,
    name: "Mocha JSON",
    default_globs: &["mocha*.json"],
    spec_url: "https://mochajs.org/#json",
    sniff,
    parse,
};

fn sniff(head: &Head) -> bool {
    head.json().is_some_and(|json| {
        let lists = ["tests", "passes", "failures", "pending"].iter().any(|list| json.has(list));
        // mochawesome has the same `stats` and other lists.
        !json.array && json.has_inner("stats", "passes") && lists && !json.has("results")
    })
}

fn parse(source: &mut Source<'_>, context: &mut Context) -> Result<Parsed, ParseError> {
    let mut json = Json::new(source);
    let mut parser = Parser::new(context);
    let read = parser.document(&mut json, context).and_then(|()| json.finish(context));
    let health = if read.is_ok() { parser.judge(&json, context) } else { Health::Invalid };
    parser.run.conclude(read.map(|()| health), context)
}

struct Parser {
    run: RunBuilder,
    declared: Declared,
    hooks: u64,
    /// How many tests `tests` lists.
    listed: u64,
    /// How many of these carry an error.
    listed_bad: u64,
}

impl Parser {
    fn new(context: &Context) -> Self {
        Self {
            run: RunBuilder::new(context),
            declared: Declared::default(),
            hooks: 0,
            listed: 0,
            listed_bad: 0,
        }
    }

    fn document(&mut self, json: &mut Json<'_, '_>, context: &mut Context) -> Result<(), ParseError> {
        json.object(|json, key| {
            match key {
                "stats" => self.stats(json)?,
                "tests" => {
                    json.array(|json| {
                        let case = entry(json, context)?;
                        self.listed += 1;
                        self.listed_bad += u64::from(!case.message.is_empty());
                        Ok(())
                    })?;
                }
                "passes" => self.list(TestStatus::Passed, json, context)?,
                "pending" => self.list(TestStatus::Skipped, json, context)?,
                "failures" => self.list(TestStatus::Failed, json, context)?,
                _ => {}
            }
            Ok(())
        })?;
        Ok(())
    }

    fn stats(&mut self, json: &mut Json<'_, '_>) -> Result<(), ParseError> {
        json.object(|json, key| {
            match key {
                "tests" => self.declared.set_tests(stated(json)?),
                "failures" => self.declared.add_bad(stated(json)?),
                _ => {}
            }
            Ok(())
        })?;
        Ok(())
    }

    fn list(
        &mut self,
        status: TestStatus,
        json: &mut Json<'_, '_>,
        context: &mut Context,
    ) -> Result<(), ParseError> {
        json.array(|json| {
            let mut case = entry(json, context)?;
            if status == TestStatus::Failed && is_hook(&case.name) {
                self.hooks += 1;
                let name = if case.suite.is_empty() {
                    case.name.clone()
                } else {
                    format!("{} {}", case.suite, case.name)
                };
                self.run.container_failure(&name, &case.message);
                return Ok(());
            }
            // What is no object has its status: unknown.
            case.status = Some(match case.status.unwrap_or(status) {
                // A test in `passes` that carries an error contradicts itself.
                TestStatus::Passed if !case.message.is_empty() && !case.flaky => TestStatus::Failed,
                status => status,
            });
            case.hand_to(&mut self.run);
            Ok(())
        })?;
        Ok(())
    }

    fn judge(&mut self, json: &Json<'_, '_>, context: &mut Context) -> Health {
        let totals = *self.run.totals();
        let bad = totals.bad() + self.hooks;
        self.declared.say_unreadable(context, json.position());
        let health = self.declared.reconcile("`stats`", totals.tests, bad, context, || json.position());
        let listed = Declared { tests: Some(self.listed), bad: Some(self.listed_bad), unreadable: false };
        if self.listed > totals.tests || self.listed_bad > bad {
            return health.and(listed.reconcile("`tests`", totals.tests, bad, context, || json.position()));
        }
        health
    }
}

fn is_hook(title: &str) -> bool {
    ["\"before all\" hook", "\"before each\" hook", "\"after all\" hook", "\"after each\" hook"]
        .iter()
        .any(|hook| title.starts_with(hook))
}

/// One test of a list. Its message is empty if it carries no error.
fn entry(json: &mut Json<'_, '_>, context: &mut Context) -> Result<OwnedCase, ParseError> {
    let mut case = OwnedCase::default();
    let mut full_title = String::new();
    let position = json.position();
    let is_object = json.object(|json, key| {
        match key {
            "title" => case.name = name_text(json)?,
            "fullTitle" => full_title = name_text(json)?,
            "file" => case.file = name_text(json)?,
            "duration" => case.duration = duration(json, "ms")?,
            "currentRetry" => case.flaky = count(json)?.is_some_and(|retries| retries > 0),
            "err" => error(&mut case, json, context)?,
            _ => {}
        }
        Ok(())
    })?;
    if !is_object {
        warn_unknown_status("not an object", context, || position);
        case.status = Some(TestStatus::Unknown);
    }
    let prefix = full_title.strip_suffix(case.name.as_str()).unwrap_or_default();
    case.suite.push_str(prefix.trim_end());
    Ok(case)
}

fn error(case: &mut OwnedCase, json: &mut Json<'_, '_>, context: &mut Context) -> Result<(), ParseError> {
    let mut message = String::new();
    let mut stack = String::new();
    let mut any = false;
    json.object(|json, key| {
        any = true;
        match key {
            "message" => message = message_text(json, context)?,
            "stack" => stack = message_text(json, context)?,
            "expected" => {
                case.expected = json.text_up_to(RunBuilder::LONGEST_VALUE)?.map(|(text, _)| text.to_owned());
            }
            "actual" => {
                case.got = json.text_up_to(RunBuilder::LONGEST_VALUE)?.map(|(text, _)| text.to_owned());
            }
            _ => {}
        }
        Ok(())
    })?;
    if stack.contains(message.trim()) {
        append_line(&mut case.message, &stack, context);
    } else {
        append_line(&mut case.message, &message, context);
        append_line(&mut case.message, &stack, context);
    }
    if any && case.message.is_empty() {
        case.message.push_str("an error without a message");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::diagnostic::Code;
    use crate::formats::tests::support::read;
    use crate::model::Health;

    fn report(stats: &str, tests: &str, passes: &str, pending: &str, failures: &str) -> String {
        format!(
            "{{\"stats\":{{{stats}}},\"tests\":[{tests}],\"pending\":[{pending}],\"failures\":[{failures}],\"passes\":[{passes}]}}"
        )
    }

    const A: &str = "{\"title\":\"a\",\"fullTitle\":\"S a\",\"file\":\"/x/a.js\",\"duration\":3,\"currentRetry\":0,\"err\":{}}";

    #[test]
    fn the_lists_say_how_tests_ended() {
        let b = A.replace("\"a\"", "\"b\"").replace("\"err\":{}", "\"err\":{\"message\":\"boom\",\"stack\":\"Error: boom\\n at x\",\"expected\":\"1\",\"actual\":\"2\"}");
        let c = A.replace("\"a\"", "\"c\"").replace("S a", "S c");
        let text = report("\"tests\":3,\"passes\":1,\"failures\":1", &format!("{A},{b},{c}"), A, &c, &b);
        let seen = read("mocha", &text);
        assert_eq!((seen.figures(), seen.health), ([3, 1, 1, 0, 1], Health::Complete));
        let case = seen.case("b");
        assert_eq!((case.message.raw(), case.got.as_ref().unwrap().raw()), ("Error: boom\n at x", "2"));
        assert_eq!(seen.case("c").id.suite.raw(), "S");
    }

    #[test]
    fn a_hook_that_failed_is_a_container_failure() {
        let hook = "{\"title\":\"\\\"before all\\\" hook for \\\"a\\\"\",\"fullTitle\":\"S \\\"before all\\\" hook for \\\"a\\\"\",\"err\":{\"message\":\"no db\"}}";
        let seen = read("mocha", &report("\"tests\":1,\"failures\":1", A, A, "", hook));
        assert_eq!(seen.containers(), [("S \"before all\" hook for \"a\"", "no db")]);
        assert_eq!((seen.figures(), seen.health), ([1, 1, 0, 0, 0], Health::Complete));
    }

    #[test]
    fn what_stats_or_tests_say_more_is_no_pass() {
        for text in [
            report("\"tests\":2,\"passes\":1,\"failures\":0", A, A, "", ""),
            report("\"tests\":1,\"passes\":1,\"failures\":1", A, A, "", ""),
            report("\"tests\":1,\"passes\":1", &format!("{A},{A}"), A, "", ""),
        ] {
            let seen = read("mocha", &text);
            assert_eq!((seen.health, seen.codes()[0]), (Health::Degraded, Code::TotalsDisagree), "{text}");
        }
    }

    #[test]
    fn a_passed_test_with_an_error_failed_and_a_retried_one_is_flaky() {
        let liar = A.replace("\"err\":{}", "\"err\":{\"message\":\"m\"}");
        assert_eq!(
            read("mocha", &report("\"tests\":1,\"passes\":1", &liar, &liar, "", "")).figures(),
            [1, 0, 1, 0, 0]
        );
        let retried = A.replace("\"currentRetry\":0", "\"currentRetry\":1");
        assert_eq!(
            read("mocha", &report("\"tests\":1,\"passes\":1", &retried, &retried, "", "")).run.totals.flaky,
            1
        );
    }
}
