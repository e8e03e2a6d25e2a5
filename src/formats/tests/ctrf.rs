//! CTRF, the Common Test Report Format.

use super::elements::warn_unknown_status;
use super::owned::{
    OwnedCase, append_line, append_name, count, duration, line_number, message_text, name_text, stated,
};
use super::run::RunBuilder;
use super::totals::Declared;
use crate::formats::json::{Json, JsonKind};
use crate::formats::{Context, Format, Head, ParseError, Parsed, Source};
use crate::model::{Health, Kind, TestStatus};

/// CTRF.
pub(super) const FORMAT: Format = Format {
    id: "ctrf",
    kind: Kind::Tests,
    name: "CTRF",
    default_globs: &["*ctrf*.json"],
    spec_url: "https://ctrf.io/docs/specification/overview",
    sniff,
    parse,
};

fn sniff(head: &Head) -> bool {
    head.json().is_some_and(|json| {
        let inner = ["tool", "summary", "tests"].iter().filter(|key| json.has_inner("results", key)).count();
        !json.array && (json.scalar("reportFormat") == Some("CTRF") || inner >= 2)
    })
}

fn parse(source: &mut Source<'_>, context: &mut Context) -> Result<Parsed, ParseError> {
    let mut json = Json::new(source);
    let mut parser = Parser { run: RunBuilder::new(context), declared: Declared::default() };
    let read = parser.document(&mut json, context).and_then(|()| json.finish(context));
    let totals = *parser.run.totals();
    let health = if read.is_ok() {
        parser.declared.say_unreadable(context, json.position());
        parser.declared.reconcile("`summary`", totals.tests, totals.bad(), context, || json.position())
    } else {
        Health::Invalid
    };
    parser.run.conclude(read.map(|()| health), context)
}

struct Parser {
    run: RunBuilder,
    declared: Declared,
}

impl Parser {
    fn document(&mut self, json: &mut Json<'_, '_>, context: &mut Context) -> Result<(), ParseError> {
        json.object(|json, key| {
            if key == "results" {
                json.object(|json, key| {
                    match key {
                        "summary" => self.summary(json)?,
                        "tests" => {
                            json.array(|json| {
                                test(json, context)?.hand_to(&mut self.run);
                                Ok(())
                            })?;
                        }
                        _ => {}
                    }
                    Ok(())
                })?;
            }
            Ok(())
        })?;
        Ok(())
    }

    fn summary(&mut self, json: &mut Json<'_, '_>) -> Result<(), ParseError> {
        json.object(|json, key| {
            match key {
                "tests" => self.declared.set_tests(stated(json)?),
                "failed" | "other" => self.declared.add_bad(stated(json)?),
                _ => {}
            }
            Ok(())
        })?;
        Ok(())
    }
}

fn test(json: &mut Json<'_, '_>, context: &mut Context) -> Result<OwnedCase, ParseError> {
    let mut case = OwnedCase::default();
    let mut word = String::new();
    let mut trace = String::new();
    let position = json.position();
    json.object(|json, key| {
        match key {
            "name" => case.name = name_text(json)?,
            "status" => word = name_text(json)?,
            "duration" => case.duration = duration(json, "ms")?,
            "message" => {
                let message = message_text(json, context)?;
                case.message.insert_str(0, message.trim());
            }
            "trace" => trace = message_text(json, context)?,
            "line" => case.line = line_number(json)?,
            "filePath" => case.file = name_text(json)?,
            "flaky" => case.flaky |= json.boolean()? == Some(true),
            "retries" => case.flaky |= count(json)?.is_some_and(|retries| retries > 0),
            "suite" => case.suite = suite(json)?,
            _ => {}
        }
        Ok(())
    })?;
    append_line(&mut case.message, &trace, context);
    let status = match word.as_str() {
        "passed" => TestStatus::Passed,
        "failed" => TestStatus::Failed,
        "skipped" | "pending" => TestStatus::Skipped,
        // Whatever it was, its tool could not call it passed, failed or skipped.
        "other" => TestStatus::Errored,
        _ => TestStatus::Unknown,
    };
    if status == TestStatus::Unknown {
        warn_unknown_status(&word, context, || position);
    }
    case.status = Some(status);
    Ok(case)
}

/// A text in older versions, a list of names in newer ones.
fn suite(json: &mut Json<'_, '_>) -> Result<String, ParseError> {
    if json.kind()? != JsonKind::Array {
        return name_text(json);
    }
    let mut path = String::new();
    json.array(|json| {
        let name = name_text(json)?;
        append_name(&mut path, &name);
        Ok(())
    })?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use crate::diagnostic::Code;
    use crate::formats::tests::support::{detected, read};
    use crate::model::Health;

    fn report(summary: &str, tests: &str) -> String {
        format!(
            "{{\"reportFormat\":\"CTRF\",\"results\":{{\"tool\":{{\"name\":\"x\"}},\"summary\":{{{summary}}},\"tests\":[{tests}]}}}}"
        )
    }

    #[test]
    fn every_status_has_its_meaning() {
        let tests: Vec<String> = ["passed", "failed", "skipped", "pending", "other", "wibble"]
            .iter()
            .map(|status| format!("{{\"name\":\"{status}\",\"status\":\"{status}\",\"duration\":5}}"))
            .collect();
        let seen = read("ctrf", &report("", &tests.join(",")));
        assert_eq!((seen.figures(), seen.run.totals.unknown), ([6, 1, 1, 1, 2], 1));
        assert_eq!(seen.run.duration.unwrap().as_millis(), 30);
    }

    #[test]
    fn details_of_a_test_are_kept() {
        let test = "{\"name\":\"t\",\"status\":\"failed\",\"duration\":5,\"suite\":[\"a\",\"b\"],\"trace\":\"at x\",\"message\":\"\\u001b[31mboom\\u001b[39m\",\"filePath\":\"a/b.ts\",\"line\":7}";
        let seen = read("ctrf", &report("\"tests\":1,\"failed\":1", test));
        let case = seen.only_case();
        assert_eq!((case.id.suite.raw(), case.message.raw()), ("a > b", "boom\nat x"));
        assert_eq!(case.place.as_ref().unwrap().line.unwrap().get(), 7);
        assert_eq!(seen.health, Health::Complete);
    }

    #[test]
    fn a_passed_test_with_retries_is_flaky_and_a_failed_one_is_not() {
        let retried = |status: &str| {
            report("", &format!("{{\"name\":\"t\",\"status\":\"{status}\",\"retries\":2,\"flaky\":true}}"))
        };
        assert_eq!(read("ctrf", &retried("passed")).run.totals.flaky, 1);
        assert_eq!(read("ctrf", &retried("failed")).figures(), [1, 0, 1, 0, 0]);
    }

    #[test]
    fn a_summary_that_declares_more_is_no_pass() {
        let passed = "{\"name\":\"t\",\"status\":\"passed\",\"duration\":5}";
        for summary in ["\"tests\":2", "\"tests\":1,\"failed\":1", "\"tests\":1,\"other\":1"] {
            let seen = read("ctrf", &report(summary, passed));
            assert_eq!(
                (seen.health, seen.codes()),
                (Health::Degraded, vec![Code::TotalsDisagree]),
                "{summary}"
            );
        }
        assert_eq!(detected(report("", passed).as_bytes()), Some("ctrf"));
        assert_eq!(
            detected(report("", passed).replace("\"reportFormat\":\"CTRF\",", "").as_bytes()),
            Some("ctrf")
        );
    }
}
