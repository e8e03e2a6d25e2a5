//! Bandit's own JSON (security.md b8).

use super::findings::{Draft, Reading, line, read_failures, read_scan, sentence, short, snippet_hash};
use crate::diagnostic::Code;
use crate::formats::json::{Json, Scalar};
use crate::formats::{Context, Format, Head, ParseError, Parsed, Source};
use crate::model::{Health, Kind, ScanClass, ScanClasses};

pub(super) const FORMAT: Format = Format {
    id: "bandit",
    kind: Kind::Scan,
    name: "Bandit JSON",
    default_globs: &["bandit*.json"],
    spec_url: "https://bandit.readthedocs.io/en/latest/formatters/json.html",
    sniff,
    parse,
};

fn sniff(head: &Head) -> bool {
    let Some(json) = head.json().filter(|json| !json.array) else { return false };
    json.has("errors") && json.has("generated_at") && (json.has("metrics") || json.has("results"))
}

fn parse(source: &mut Source<'_>, context: &mut Context) -> Result<Parsed, ParseError> {
    read_scan(source, context, Reading::new("bandit", ScanClass::Source), |json, context, reading| {
        let (mut results, mut lines) = (false, None);
        json.object(|json, key| {
            match key {
                "results" => results = json.array(|json| read_result(json, context, reading))?,
                "errors" => read_failures(json, context, reading, read_error)?,
                "metrics" => {
                    json.entries(|json, file| match file {
                        "_totals" => {
                            lines = read_lines_of_code(json, context, reading)?;
                            Ok(())
                        }
                        _ => json.skip(),
                    })?;
                }
                _ => json.skip()?,
            }
            Ok(())
        })?;
        if !results {
            reading.has_no_list(context, json, "results");
        } else if lines == Some(0) && reading.count() == 0 {
            let reason = "Bandit looked at no line of code";
            reading.health.worsen(context, json, Health::Empty, Code::EmptyReport, reason);
        }
        // Its three rules about passwords do not make it a scanner of secrets.
        reading.looked_for = ScanClasses::of(&[ScanClass::Source]);
        Ok(())
    })
}

fn read_lines_of_code(
    json: &mut Json<'_, '_>,
    context: &mut Context,
    reading: &mut Reading,
) -> Result<Option<u64>, ParseError> {
    let mut lines = None;
    json.entries(|json, key| {
        match key {
            "loc" => lines = reading.health.stated(context, json, "the number of lines")?,
            _ => json.skip()?,
        }
        Ok(())
    })?;
    Ok(lines)
}

/// A file that could not be parsed was not scanned.
fn read_error(
    json: &mut Json<'_, '_>,
    context: &mut Context,
    reading: &mut Reading,
) -> Result<(), ParseError> {
    let (mut file, mut reason) = (String::new(), String::new());
    json.object(|json, key| {
        match key {
            "filename" => file = short(json)?,
            "reason" => reason = sentence(json)?,
            _ => json.skip()?,
        }
        Ok(())
    })?;
    let reason = format!("Bandit could not scan {file}: {reason}");
    reading.health.worsen(context, json, Health::Degraded, Code::ToolFailed, reason);
    Ok(())
}

fn read_result(
    json: &mut Json<'_, '_>,
    context: &mut Context,
    reading: &mut Reading,
) -> Result<(), ParseError> {
    let mut draft = Draft { source: "bandit, no severity".to_owned(), ..Draft::default() };
    let mut code = String::new();
    let is_object = reading.entry(json, |json, key| {
        match key {
            "test_id" => draft.rule = short(json)?,
            "filename" => draft.file = short(json)?,
            "line_number" => draft.line = line(json)?,
            "issue_text" => draft.message = sentence(json)?,
            "issue_severity" => {
                let word = short(json)?;
                draft.say("bandit", &word);
            }
            "code" => {
                if let Some(Scalar::Text(text)) = json.scalar()? {
                    text.get(..text.len().min(16 * 1024)).unwrap_or_default().clone_into(&mut code);
                }
            }
            _ => json.skip()?,
        }
        Ok(())
    })?;
    if !is_object {
        return Ok(());
    }
    // Its tests for passwords quote what they found.
    if matches!(draft.rule.as_str(), "B105" | "B106" | "B107") {
        draft.class = Some(ScanClass::Secret);
        draft.message = "possible hardcoded password".to_owned();
    } else {
        draft.snippet = snippet_hash(line_of(&code, draft.line));
    }
    reading.add(context, &draft);
    Ok(())
}

/// The line of the finding within `code`, which has neighbours too, each behind its number.
fn line_of(code: &str, number: u32) -> &str {
    let number = number.to_string();
    let mut lines = code.lines().filter_map(|line| line.strip_prefix(number.as_str()));
    lines.find(|rest| rest.starts_with([' ', '\t'])).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::testing::read;
    use super::*;
    use crate::model::Severity;

    fn report(results: &str, errors: &str, loc: u32) -> String {
        format!(
            r#"{{"errors": [{errors}], "generated_at": "2026", "metrics": {{"_totals": {{"loc": {loc}, "SEVERITY.HIGH": 1.0}}, "a.py": {{"loc": 1}}}}, "results": {results}}}"#
        )
    }

    fn result(severity: &str, line: u32) -> String {
        format!(
            r#"[{{"test_id": "B303", "filename": "./a.py", "line_number": {line}, "issue_severity": "{severity}", "issue_confidence": "HIGH", "issue_text": "md5", "code": "{} x = 1\n{line} y = md5(x)\n{} z\n"}}]"#,
            line - 1,
            line + 1
        )
    }

    #[test]
    fn its_words_are_ours() {
        for (word, severity) in [
            ("HIGH", Severity::High),
            ("MEDIUM", Severity::Medium),
            ("LOW", Severity::Low),
            ("UNDEFINED", Severity::Unknown),
        ] {
            let read = read(&FORMAT, &report(&result(word, 9), "", 5));
            assert_eq!(read.severities(), [severity], "{word}");
            assert_eq!(read.findings()[0].place.as_ref().unwrap().file.raw(), "a.py");
        }
    }

    #[test]
    fn a_moved_line_is_the_same_finding() {
        let at = |line: u32| read(&FORMAT, &report(&result("HIGH", line), "", 5)).findings()[0].identities;
        assert!(at(9)[1].is_there());
        assert_eq!(at(9), at(100));
    }

    #[test]
    fn a_password_is_not_kept() {
        let text = report(
            &result("LOW", 9)
                .replace("B303", "B105")
                .replace("md5\"", "Possible hardcoded password: 'HUNTER2'\""),
            "",
            5,
        );
        let read = read(&FORMAT, &text);
        assert_eq!(read.findings()[0].class, ScanClass::Secret);
        assert!(!serde_json::to_string(read.scan()).unwrap().contains("HUNTER2"));
    }

    #[test]
    fn files_that_were_not_scanned_and_no_file_at_all_are_not_clean() {
        assert_eq!(
            read(&FORMAT, &report("[]", r#"{"filename": "b.py", "reason": "syntax error"}"#, 5)).health(),
            Health::Degraded
        );
        assert_eq!(read(&FORMAT, &report("[]", "", 0)).health(), Health::Empty);
        assert_eq!(read(&FORMAT, &report("null", "", 5)).health(), Health::Failed);
        assert_eq!(read(&FORMAT, &report("[]", "", 5)).health(), Health::Complete);
    }
}
