//! gosec's own JSON (security.md b8).

use super::findings::{Draft, Reading, read_scan, sentence, short, snippet_hash};
use crate::diagnostic::Code;
use crate::formats::json::{Json, JsonKind, Scalar};
use crate::formats::{Context, Format, Head, ParseError, Parsed, Source};
use crate::model::{Health, Kind, ScanClass};

pub(super) const FORMAT: Format = Format {
    id: "gosec",
    kind: Kind::Scan,
    name: "gosec JSON",
    default_globs: &["gosec*.json"],
    spec_url: "https://github.com/securego/gosec",
    sniff,
    parse,
};

fn sniff(head: &Head) -> bool {
    let Some(json) = head.json().filter(|json| !json.array) else { return false };
    let around = ["Stats", "Golang errors", "GosecVersion"];
    json.has("Issues") && (around.iter().any(|key| json.has(key)) || json.has_inner("Issues", "rule_id"))
        || json.has("Golang errors") && json.has("Stats")
}

fn parse(source: &mut Source<'_>, context: &mut Context) -> Result<Parsed, ParseError> {
    read_scan(source, context, Reading::new("gosec", ScanClass::Source), |json, context, reading| {
        let (mut issues, mut files, mut found) = (false, None, None);
        json.object(|json, key| {
            match key {
                "GosecVersion" => reading.version = short(json)?,
                // Go writes an empty list as null.
                "Issues" => {
                    issues = json.kind()? == JsonKind::Null;
                    issues |= json.array(|json| read_issue(json, context, reading))?;
                }
                "Golang errors" => {
                    let is_null = json.kind()? == JsonKind::Null;
                    let is_map = json.entries(|json, package| {
                        let reason =
                            format!("gosec could not load {}", package.chars().take(200).collect::<String>());
                        reading.health.worsen(context, json, Health::Degraded, Code::ToolFailed, reason);
                        json.skip()
                    })?;
                    if !is_map && !is_null {
                        let reason = "the list of what gosec could not load cannot be read";
                        reading.health.worsen(context, json, Health::Degraded, Code::MissingField, reason);
                    }
                }
                "Stats" => {
                    json.object(|json, key| {
                        match key {
                            "files" => {
                                files = reading.health.stated(context, json, "the number of files")?;
                            }
                            "found" => {
                                found = reading.health.stated(context, json, "the number of issues")?;
                            }
                            _ => json.skip()?,
                        }
                        Ok(())
                    })?;
                }
                _ => json.skip()?,
            }
            Ok(())
        })?;
        if !issues {
            let reason = "the report has no list of issues";
            reading.health.worsen(context, json, Health::Failed, Code::MissingResults, reason);
        } else if files == Some(0) {
            let reason = "gosec looked at no file";
            reading.health.worsen(context, json, Health::Empty, Code::EmptyReport, reason);
        }
        let listed = reading.count();
        if let Some(found) = found.filter(|found| *found > listed) {
            let reason = format!("it states {found} issues and lists {listed}");
            reading.health.worsen(context, json, Health::Degraded, Code::TotalsDisagree, reason);
        }
        Ok(())
    })
}

fn read_issue(
    json: &mut Json<'_, '_>,
    context: &mut Context,
    reading: &mut Reading,
) -> Result<(), ParseError> {
    let mut draft = Draft { source: "gosec, no severity".to_owned(), ..Draft::default() };
    let mut suppressed: Option<String> = None;
    let is_object = reading.entry(json, |json, key| {
        match key {
            "rule_id" => draft.rule = short(json)?,
            "details" => draft.message = sentence(json)?,
            "file" => draft.file = short(json)?,
            "severity" => {
                let word = short(json)?;
                draft.say("gosec", &word);
            }
            // `12` or `12-14`.
            "line" => {
                if let Some(Scalar::Text(text) | Scalar::Number(text)) = json.scalar()? {
                    let first = text.split('-').next().unwrap_or_default();
                    draft.line = first.parse().unwrap_or(0);
                }
            }
            "code" => {
                let code = json.text_up_to(64 * 1024)?.map(|(text, _)| without_numbers(text));
                draft.snippet = code.map_or(0, |code| snippet_hash(&code));
            }
            "nosec" => {
                if json.boolean()? == Some(true) {
                    suppressed.get_or_insert_default();
                }
            }
            "suppressions" => {
                json.array(|json| {
                    suppressed.get_or_insert_default();
                    json.object(|json, key| {
                        match key {
                            "justification" => suppressed = Some(sentence(json)?),
                            _ => json.skip()?,
                        }
                        Ok(())
                    })?;
                    Ok(())
                })?;
            }
            _ => json.skip()?,
        }
        Ok(())
    })?;
    if !is_object {
        return Ok(());
    }
    draft.suppressed = suppressed.map(|reason| ("in-source", reason));
    reading.add(context, &draft);
    Ok(())
}

/// The code without the numbers that newer versions put before each line (`79: x()`).
fn without_numbers(code: &str) -> String {
    let lines = code.lines().map(|line| {
        let (number, rest) = line.split_once(':').unwrap_or(("", line));
        if number.is_empty() || number.bytes().any(|byte| !byte.is_ascii_digit()) { line } else { rest }
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::super::testing::read;
    use super::*;
    use crate::model::Severity;

    fn report(issues: &str, rest: &str) -> String {
        format!(
            r#"{{"Golang errors": {{}}, "Issues": {issues}, "Stats": {{"files": 2, "lines": 9, "nosec": 0, "found": 0}}, "GosecVersion": "2.20"{rest}}}"#
        )
    }

    fn issue(more: &str, line: &str, code: &str) -> String {
        format!(
            r#"[{{"severity": "HIGH", "confidence": "LOW", "rule_id": "G104", "details": "d", "file": "/src/a.go", "line": "{line}", "code": "{code}"{more}}}]"#
        )
    }

    #[test]
    fn a_range_of_lines_begins_at_its_first() {
        let read = read(&FORMAT, &report(&issue("", "12-14", "x()"), ""));
        assert_eq!(read.severities(), [Severity::High]);
        assert_eq!(read.findings()[0].place.as_ref().unwrap().line.unwrap().get(), 12);
    }

    #[test]
    fn numbers_before_the_code_do_not_identify_it() {
        let at = |line: &str, code: &str| {
            read(&FORMAT, &report(&issue("", line, code), "")).findings()[0].identities
        };
        assert_eq!(at("7", "6: a\\n7: x()"), at("70", "69: a\\n70: x()"));
        assert_ne!(at("7", "7: x()"), at("7", "7: y()"));
    }

    #[test]
    fn nosec_is_a_suppression() {
        for more in [
            r#", "nosec": true"#,
            r#", "nosec": false, "suppressions": [{"kind": "inSource", "justification": "why"}]"#,
        ] {
            assert_eq!(read(&FORMAT, &report(&issue(more, "1", "x"), "")).scan().suppressed, 1, "{more}");
        }
        assert_eq!(
            read(&FORMAT, &report(&issue(r#", "nosec": false, "suppressions": null"#, "1", "x"), ""))
                .scan()
                .suppressed,
            0
        );
    }

    #[test]
    fn what_gosec_could_not_load_is_not_clean() {
        let errors = report("[]", "")
            .replace(r#""Golang errors": {}"#, r#""Golang errors": {"pkg": [{"error": "e"}]}"#);
        assert_eq!(read(&FORMAT, &errors).health(), Health::Degraded);
        assert_eq!(
            read(&FORMAT, &report("[]", "").replace("\"files\": 2", "\"files\": 0")).health(),
            Health::Empty
        );
        assert_eq!(
            read(&FORMAT, &report("[]", "").replace("\"found\": 0", "\"found\": 3")).health(),
            Health::Degraded
        );
        assert_eq!(read(&FORMAT, &report("7", "")).health(), Health::Failed);
        assert_eq!(read(&FORMAT, &report("null", "")).health(), Health::Complete);
    }
}
