//! Cucumber's JSON: features, scenarios, steps.
//!
//! A scenario ends as its worst step or hook. A background that stands before it belongs to it.

use super::elements::warn_unknown_status;
use super::owned::{OwnedCase, append_line, duration, line_number, message_text, name_text};
use super::run::RunBuilder;
use super::steps::Step;
use crate::formats::json::Json;
use crate::formats::{Context, Format, Head, ParseError, Parsed, Source};
use crate::model::{Health, Kind};

/// Cucumber JSON.
pub(super) const FORMAT: Format = Format {
    id: "cucumber",
    kind: Kind::Tests,
    name: "Cucumber JSON",
    default_globs: &["cucumber*.json"],
    spec_url: "https://github.com/cucumber/cucumber-json-schema",
    sniff,
    parse,
};

fn sniff(head: &Head) -> bool {
    head.json().is_some_and(|json| {
        let feature = json.has("uri") || json.has("keyword") || json.has_inner("elements", "steps");
        json.array && json.has("elements") && feature
    })
}

fn parse(source: &mut Source<'_>, context: &mut Context) -> Result<Parsed, ParseError> {
    let mut json = Json::new(source);
    let mut parser = Parser { run: RunBuilder::new(context), waiting: Vec::new(), bytes: 0 };
    let read = parser.document(&mut json, context).and_then(|()| json.finish(context));
    parser.hand_over("", "");
    parser.run.conclude(read.map(|()| Health::Complete), context)
}

struct Parser {
    run: RunBuilder,
    /// Scenarios of the feature that is open: its name may stand behind them.
    waiting: Vec<OwnedCase>,
    bytes: usize,
}

/// One element of a feature while it is read.
#[derive(Default)]
struct Element {
    case: OwnedCase,
    kind: String,
    keyword: String,
    worst: Step,
}

impl Parser {
    /// How many bytes of scenarios may wait for their feature's name.
    const MOST_BYTES: usize = 8 << 20;

    fn document(&mut self, json: &mut Json<'_, '_>, context: &mut Context) -> Result<(), ParseError> {
        json.array(|json| self.feature(json, context))?;
        Ok(())
    }

    fn feature(&mut self, json: &mut Json<'_, '_>, context: &mut Context) -> Result<(), ParseError> {
        let mut name = String::new();
        let mut uri = String::new();
        json.object(|json, key| {
            match key {
                "name" => name = name_text(json)?,
                "uri" => uri = name_text(json)?,
                "elements" => {
                    let mut background = Element::default();
                    json.array(|json| {
                        let element = element(json, context)?;
                        self.element(element, &mut background, context);
                        Ok(())
                    })?;
                }
                _ => {}
            }
            Ok(())
        })?;
        self.hand_over(&name, &uri);
        Ok(())
    }

    fn element(&mut self, mut element: Element, background: &mut Element, context: &Context) {
        if element.kind == "background" || (element.kind.is_empty() && element.keyword == "Background") {
            *background = element;
            return;
        }
        let before = std::mem::take(background);
        element.worst = element.worst.max(before.worst);
        element.case.say(&before.case.message, context);
        element.case.status = Some(element.worst.status());
        if let Some(time) = before.case.duration {
            element.case.duration = Some(element.case.duration.unwrap_or_default().saturating_add(time));
        }
        self.bytes += element.case.size();
        self.waiting.push(element.case);
        if self.bytes > Self::MOST_BYTES {
            self.hand_over("", "");
        }
    }

    fn hand_over(&mut self, feature: &str, uri: &str) {
        for mut case in self.waiting.drain(..) {
            case.class.push_str(feature);
            case.file.push_str(uri);
            case.hand_to(&mut self.run);
        }
        self.bytes = 0;
    }
}

fn element(json: &mut Json<'_, '_>, context: &mut Context) -> Result<Element, ParseError> {
    let mut element = Element::default();
    json.object(|json, key| {
        match key {
            "name" => element.case.name = name_text(json)?,
            "type" => element.kind = name_text(json)?,
            "keyword" => element.keyword = name_text(json)?,
            "line" => element.case.line = line_number(json)?,
            "steps" | "before" | "after" => {
                json.array(|json| step(&mut element, json, context))?;
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(element)
}

/// A step or a hook, with the hooks inside of it.
fn step(element: &mut Element, json: &mut Json<'_, '_>, context: &mut Context) -> Result<(), ParseError> {
    let mut name = String::new();
    let mut message = String::new();
    let mut own = None;
    let position = json.position();
    json.object(|json, key| {
        match key {
            "name" => name = name_text(json)?,
            "result" => {
                json.object(|json, key| {
                    match key {
                        "status" => {
                            let word = name_text(json)?;
                            let step = Step::of(&word);
                            if step == Step::Unknown {
                                warn_unknown_status(&word, context, || position);
                            }
                            own = Some(step);
                        }
                        "error_message" => message = message_text(json, context)?,
                        "duration" => {
                            if let Some(time) = duration(json, "ns")? {
                                let all = element.case.duration.unwrap_or_default();
                                element.case.duration = Some(all.saturating_add(time));
                            }
                        }
                        _ => {}
                    }
                    Ok(())
                })?;
            }
            "before" | "after" => {
                json.array(|json| step(element, json, context))?;
            }
            _ => {}
        }
        Ok(())
    })?;
    // A step without a result was never judged.
    let own = own.unwrap_or(Step::Undefined);
    element.worst = element.worst.max(own);
    if own >= Step::Pending {
        append_line(&mut element.case.message, &name, context);
        append_line(&mut element.case.message, &message, context);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::formats::tests::support::{detected, read};
    use crate::model::{Health, TestStatus};

    fn report(elements: &str) -> String {
        format!(
            "[{{\"elements\":[{elements}],\"keyword\":\"Feature\",\"name\":\"F\",\"uri\":\"f.feature\",\"line\":1}}]"
        )
    }

    fn scenario(steps: &str, more: &str) -> String {
        format!(
            "{{\"type\":\"scenario\",\"keyword\":\"Scenario\",\"name\":\"s\",\"line\":7,\"steps\":[{steps}]{more}}}"
        )
    }

    fn step(status: &str) -> String {
        format!(
            "{{\"name\":\"does\",\"result\":{{\"status\":\"{status}\",\"duration\":1000000,\"error_message\":\"boom\"}}}}"
        )
    }

    #[test]
    fn a_scenario_ends_as_its_worst_step() {
        for (steps, want) in [
            (vec!["passed", "passed"], TestStatus::Passed),
            (vec!["passed", "skipped"], TestStatus::Skipped),
            (vec!["failed", "skipped"], TestStatus::Failed),
            (vec!["passed", "pending", "skipped"], TestStatus::Skipped),
            (vec!["undefined", "skipped"], TestStatus::Errored),
            (vec!["ambiguous"], TestStatus::Errored),
            (vec!["passed", "wibble"], TestStatus::Unknown),
            (vec![], TestStatus::Skipped),
        ] {
            let steps: Vec<String> = steps.iter().map(|word| step(word)).collect();
            let seen = read("cucumber", &report(&scenario(&steps.join(","), "")));
            assert_eq!(
                seen.run.cases.first().map_or(TestStatus::Passed, |case| case.status),
                want,
                "{steps:?}"
            );
        }
        let seen = read("cucumber", &report(&scenario("{\"name\":\"no result\"}", "")));
        assert_eq!(seen.figures(), [1, 0, 0, 1, 0]);
    }

    #[test]
    fn hooks_count_wherever_they_stand() {
        for more in [format!(",\"before\":[{}]", step("failed")), format!(",\"after\":[{}]", step("failed"))]
        {
            assert_eq!(
                read("cucumber", &report(&scenario(&step("passed"), &more))).figures(),
                [1, 0, 1, 0, 0]
            );
        }
        let inside =
            format!("{{\"name\":\"x\",\"result\":{{\"status\":\"passed\"}},\"after\":[{}]}}", step("failed"));
        assert_eq!(read("cucumber", &report(&scenario(&inside, ""))).figures(), [1, 0, 1, 0, 0]);
    }

    #[test]
    fn a_background_belongs_to_the_scenario_behind_it() {
        let background =
            scenario(&step("failed"), "").replace("\"type\":\"scenario\"", "\"type\":\"background\"");
        let text = report(&format!(
            "{background},{},{}",
            scenario(&step("skipped"), ""),
            scenario(&step("passed"), "")
        ));
        let seen = read("cucumber", &text);
        assert_eq!((seen.figures(), seen.health), ([2, 1, 1, 0, 0], Health::Complete));
        let case = seen.only_case();
        assert_eq!((case.id.display().raw(), case.id.file.raw()), ("F::s", "f.feature"));
        assert_eq!(case.message.raw(), "does\nboom");
    }

    #[test]
    fn nothing_at_all_is_no_pass() {
        assert_eq!(read("cucumber", "[]").health, Health::Empty);
        assert_eq!(detected(b"[]"), None);
        assert_eq!(detected(report("").as_bytes()), Some("cucumber"));
    }
}
