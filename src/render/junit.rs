//! The gate as a JUnit report: one case per rule, so that Jenkins, Azure DevOps and GitLab show the verdict.
//!
//! The report fails exactly when the verdict is not `passed`.

use super::escape::{SHORT, one_line};
use super::words::{sentence, step_line, verdict_words};
use crate::model::{Mode, Outcome, OutcomeKind, Verdict, VerdictKind};
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};
use std::io;

/// How a case ends, and what it says.
enum Ending {
    Passed,
    Skipped(String),
    Failed(String),
    Errored(String),
}

/// The document.
pub fn render(verdict: &Verdict) -> String {
    let mut cases: Vec<(String, Ending)> =
        verdict.rows().map(|outcome| (name(outcome), ending(verdict, outcome))).collect();
    let says_so = cases.iter().any(|(_, ending)| matches!(ending, Ending::Failed(_) | Ending::Errored(_)));
    if !says_so && verdict.kind != VerdictKind::Passed {
        // A policy that cannot be read has no rows, and is no pass.
        let text = format!("{}: {}", verdict_words(verdict.kind), sentence(verdict, "criteria"));
        cases.push(("verdict".to_owned(), Ending::Errored(text)));
    }
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    // A vector takes every byte: writing to it cannot fail, and what is cut off is no report.
    match write(&mut writer, &cases) {
        Ok(()) => String::from_utf8(writer.into_inner()).unwrap_or_default() + "\n",
        Err(_) => String::new(),
    }
}

fn write(writer: &mut Writer<Vec<u8>>, cases: &[(String, Ending)]) -> io::Result<()> {
    let count =
        |wanted: fn(&Ending) -> bool| cases.iter().filter(|(_, ending)| wanted(ending)).count().to_string();
    let counts = [
        ("tests", cases.len().to_string()),
        ("failures", count(|ending| matches!(ending, Ending::Failed(_)))),
        ("errors", count(|ending| matches!(ending, Ending::Errored(_)))),
        ("skipped", count(|ending| matches!(ending, Ending::Skipped(_)))),
    ];
    let attributes = || counts.iter().map(|(key, value)| (*key, value.as_str()));
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    writer.create_element("testsuites").with_attributes(attributes()).write_inner_content(|writer| {
        let suite = writer.create_element("testsuite").with_attribute(("name", "tollgate"));
        suite.with_attributes(attributes()).write_inner_content(|writer| {
            cases.iter().try_for_each(|(name, ending)| write_case(writer, name, ending))
        })?;
        Ok(())
    })?;
    Ok(())
}

fn write_case(writer: &mut Writer<Vec<u8>>, name: &str, ending: &Ending) -> io::Result<()> {
    let case = writer.create_element("testcase").with_attribute(("classname", "tollgate"));
    let case = case.with_attribute(("name", name));
    let (element, text) = match ending {
        Ending::Passed => return case.write_empty().map(|_| ()),
        Ending::Skipped(text) => ("skipped", text),
        Ending::Failed(text) => ("failure", text),
        Ending::Errored(text) => ("error", text),
    };
    case.write_inner_content(|writer| {
        let message = text.lines().next().unwrap_or_default();
        let element = writer.create_element(element).with_attribute(("message", message));
        element.write_text_content(BytesText::new(text)).map(|_| ())
    })?;
    Ok(())
}

fn name(outcome: &Outcome) -> String {
    let title = if outcome.title.is_empty() { outcome.rule } else { outcome.title };
    if outcome.scope.is_empty() { title.to_owned() } else { format!("{title} in {}", outcome.scope) }
}

fn ending(verdict: &Verdict, outcome: &Outcome) -> Ending {
    let reason = one_line(&outcome.reason, SHORT);
    let measured = [outcome.measured_text.as_str(), reason.as_str()];
    let measured = measured.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join("; ");
    let mut text = format!("{measured} (required: {})", outcome.required_text);
    for step in verdict.steps.iter().filter(|step| step.rule == outcome.rule) {
        text.push('\n');
        text.push_str(&one_line(&step_line(step, SHORT), usize::MAX));
    }
    match (outcome.mode, outcome.kind) {
        (_, OutcomeKind::Met) => Ending::Passed,
        (_, OutcomeKind::Waived) => Ending::Skipped(format!("waived: {text}")),
        (_, OutcomeKind::NotJudged) => Ending::Skipped(format!("not judged: {text}")),
        (Mode::Enforce, OutcomeKind::NotMet) => Ending::Failed(text),
        (Mode::Enforce, OutcomeKind::NotMeasured) => Ending::Errored(format!("not measured: {text}")),
        (Mode::Warn, OutcomeKind::NotMet | OutcomeKind::NotMeasured) => {
            Ending::Skipped(format!("{}, only warns: {text}", outcome.kind.word()))
        }
        (Mode::Info | Mode::Off, OutcomeKind::NotMet | OutcomeKind::NotMeasured) => {
            Ending::Skipped(format!("{}, for information: {text}", outcome.kind.word()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fixtures;
    use proptest::prelude::*;
    use quick_xml::Reader;

    /// Numbers of cases, failures and errors, as a reader sees them.
    fn counts(xml: &str) -> (usize, usize, usize) {
        let mut reader = Reader::from_str(xml);
        let mut counts = (0, 0, 0);
        loop {
            match reader.read_event().unwrap() {
                Event::Start(tag) | Event::Empty(tag) => {
                    for attribute in tag.attributes() {
                        attribute.unwrap();
                    }
                    match tag.name().as_ref() {
                        "testcase" => counts.0 += 1,
                        "failure" => counts.1 += 1,
                        "error" => counts.2 += 1,
                        _ => {}
                    }
                }
                Event::Eof => return counts,
                _ => {}
            }
        }
    }

    #[test]
    fn a_rule_is_a_case() {
        insta::assert_snapshot!(render(&fixtures::failing()));
    }

    #[test]
    fn it_fails_exactly_when_the_verdict_is_no_pass() {
        assert_eq!(counts(&render(&fixtures::passing())), (4, 0, 0));
        assert_eq!(counts(&render(&fixtures::failing())), (4, 2, 0));
        assert_eq!(counts(&render(&fixtures::no_verdict())), (4, 0, 1));
        assert_eq!(counts(&render(&fixtures::mixed())), (6, 1, 0));
        let mut empty = fixtures::no_verdict();
        empty.outcomes.clear();
        assert_eq!(counts(&render(&empty)), (1, 0, 1));
    }

    proptest! {
        #[test]
        fn any_text_stays_text(raw in any::<String>()) {
            let xml = render(&fixtures::hostile(&raw));
            prop_assert_eq!(counts(&xml), (4, 2, 0));
            let hidden = xml.chars().any(|c| c != '\n' && crate::render::escape::is_hidden(c));
            prop_assert!(!hidden, "{xml}");
        }
    }
}
