//! The JSON of RSpec's `json` formatter.

use super::elements::warn_unknown_status;
use super::owned::{OwnedCase, append_line, count, duration, line_number, message_text, name_text, stated};
use super::run::RunBuilder;
use super::totals::Declared;
use crate::formats::json::Json;
use crate::formats::{Context, Format, Head, ParseError, Parsed, Source};
use crate::model::{Health, Kind, TestStatus};

/// RSpec JSON.
pub(super) const FORMAT: Format = Format {
    id: "rspec",
    kind: Kind::Tests,
    name: "RSpec JSON",
    default_globs: &["rspec*.json"],
    spec_url: "https://rspec.info/features/3-13/rspec-core/formatters/json-formatter/",
    sniff,
    parse,
};

fn sniff(head: &Head) -> bool {
    head.json().is_some_and(|json| {
        let others = ["version", "summary", "summary_line"].iter().any(|key| json.has(key));
        !json.array && json.has("examples") && others
    })
}

fn parse(source: &mut Source<'_>, context: &mut Context) -> Result<Parsed, ParseError> {
    let mut json = Json::new(source);
    let mut parser = Parser {
        run: RunBuilder::new(context),
        declared: Declared::default(),
        outside: 0,
        messages: Vec::new(),
    };
    let read = parser.document(&mut json, context).and_then(|()| json.finish(context));
    let health = if read.is_ok() { parser.judge(&json, context) } else { Health::Invalid };
    parser.run.conclude(read.map(|()| health), context)
}

struct Parser {
    run: RunBuilder,
    declared: Declared,
    /// Errors outside of examples: files that could not be loaded, hooks around the suite.
    outside: u64,
    /// What the run prints of these.
    messages: Vec<String>,
}

impl Parser {
    const MOST_MESSAGES: usize = 20;

    fn document(&mut self, json: &mut Json<'_, '_>, context: &mut Context) -> Result<(), ParseError> {
        json.object(|json, key| {
            match key {
                "examples" => {
                    json.array(|json| {
                        example(json, context)?.hand_to(&mut self.run);
                        Ok(())
                    })?;
                }
                "messages" => {
                    json.array(|json| {
                        let message = message_text(json, context)?;
                        if self.messages.len() < Self::MOST_MESSAGES && !message.trim().is_empty() {
                            self.messages.push(message.trim().to_owned());
                        }
                        Ok(())
                    })?;
                }
                "summary" => self.summary(json)?,
                _ => {}
            }
            Ok(())
        })?;
        Ok(())
    }

    fn summary(&mut self, json: &mut Json<'_, '_>) -> Result<(), ParseError> {
        json.object(|json, key| {
            match key {
                "example_count" => self.declared.set_tests(stated(json)?),
                "failure_count" => self.declared.add_bad(stated(json)?),
                "errors_outside_of_examples_count" => self.outside = count(json)?.unwrap_or(1),
                _ => {}
            }
            Ok(())
        })?;
        Ok(())
    }

    fn judge(&mut self, json: &Json<'_, '_>, context: &mut Context) -> Health {
        let totals = *self.run.totals();
        for index in 0..self.outside.min(1_000) {
            let message = usize::try_from(index).ok().and_then(|index| self.messages.get(index));
            let message = message.map_or("an error occurred outside of examples", String::as_str);
            self.run.container_failure("outside of examples", message);
        }
        self.declared.say_unreadable(context, json.position());
        self.declared.reconcile("`summary`", totals.tests, totals.bad(), context, || json.position())
    }
}

fn example(json: &mut Json<'_, '_>, context: &mut Context) -> Result<OwnedCase, ParseError> {
    let mut case = OwnedCase::default();
    let mut description = String::new();
    let mut full = String::new();
    let mut word = String::new();
    let position = json.position();
    json.object(|json, key| {
        match key {
            "description" => description = name_text(json)?,
            "full_description" => full = name_text(json)?,
            "status" => word = name_text(json)?,
            "file_path" => case.file = name_text(json)?,
            "line_number" => case.line = line_number(json)?,
            "run_time" => case.duration = duration(json, "s")?,
            "pending_message" => {
                let message = message_text(json, context)?;
                case.say(&message, context);
            }
            "exception" => exception(&mut case, json, context)?,
            _ => {}
        }
        Ok(())
    })?;
    let status = match word.as_str() {
        "passed" => TestStatus::Passed,
        "failed" => TestStatus::Failed,
        "pending" => TestStatus::Skipped,
        _ => TestStatus::Unknown,
    };
    if status == TestStatus::Unknown {
        warn_unknown_status(&word, context, || position);
    }
    case.status = Some(status);
    // The groups' descriptions stand before the example's own.
    match full.strip_suffix(description.as_str()) {
        Some(groups) if !description.is_empty() => {
            case.suite.push_str(groups.trim_end());
            case.name = description;
        }
        _ => case.name = if full.is_empty() { description } else { full },
    }
    Ok(case)
}

fn exception(case: &mut OwnedCase, json: &mut Json<'_, '_>, context: &mut Context) -> Result<(), ParseError> {
    let mut class = String::new();
    let mut trace = String::new();
    json.object(|json, key| {
        match key {
            "class" => class = name_text(json)?,
            "message" => {
                let message = message_text(json, context)?;
                case.say(&message, context);
            }
            "backtrace" => {
                json.array(|json| {
                    let line = message_text(json, context)?;
                    append_line(&mut trace, &line, context);
                    Ok(())
                })?;
            }
            _ => {}
        }
        Ok(())
    })?;
    if case.message.is_empty() {
        case.say(&class, context);
    }
    case.say(&trace, context);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::diagnostic::Code;
    use crate::formats::tests::support::read;
    use crate::model::Health;

    fn report(examples: &str, summary: &str) -> String {
        format!(
            "{{\"version\":\"3.13.0\",\"messages\":[\"\\nAn error occurred while loading ./a_spec.rb.\"],\"examples\":[{examples}],\"summary\":{{{summary}}}}}"
        )
    }

    fn example(status: &str) -> String {
        format!(
            "{{\"id\":\"1\",\"description\":\"works\",\"full_description\":\"Thing works\",\"status\":\"{status}\",\"file_path\":\"./a_spec.rb\",\"line_number\":7,\"run_time\":0.5,\"exception\":{{\"class\":\"E\",\"message\":\"expected: 3\\n     got: 4\",\"backtrace\":[\"a.rb:1\",\"b.rb:2\"]}}}}"
        )
    }

    #[test]
    fn statuses_place_and_exception_are_read() {
        let all = [example("passed"), example("failed"), example("pending"), example("wibble")].join(",");
        let seen = read(
            "rspec",
            &report(&all, "\"example_count\":4,\"failure_count\":1,\"errors_outside_of_examples_count\":0"),
        );
        assert_eq!((seen.figures(), seen.run.totals.unknown), ([4, 1, 1, 0, 1], 1));
        assert_eq!(seen.health, Health::Degraded);
        let failed = seen.run.cases.iter().find(|case| case.status.is_bad()).unwrap();
        assert_eq!((failed.id.suite.raw(), failed.id.name.raw()), ("Thing", "works"));
        assert_eq!(failed.message.raw(), "expected: 3\n     got: 4\na.rb:1\nb.rb:2");
        assert_eq!(failed.expected.as_ref().unwrap().raw(), "3");
        assert_eq!(failed.place.as_ref().unwrap().line.unwrap().get(), 7);
    }

    #[test]
    fn errors_outside_of_examples_are_container_failures() {
        let seen = read(
            "rspec",
            &report(&example("passed"), "\"example_count\":1,\"errors_outside_of_examples_count\":2"),
        );
        assert_eq!(
            seen.containers(),
            [
                ("outside of examples", "An error occurred while loading ./a_spec.rb."),
                ("outside of examples", "an error occurred outside of examples")
            ]
        );
    }

    #[test]
    fn a_summary_that_declares_more_is_no_pass() {
        for summary in ["\"example_count\":2", "\"example_count\":1,\"failure_count\":1"] {
            let seen = read("rspec", &report(&example("passed"), summary));
            assert_eq!(
                (seen.health, seen.codes()),
                (Health::Degraded, vec![Code::TotalsDisagree]),
                "{summary}"
            );
        }
    }
}
