//! Brakeman's own JSON (security.md b8). It has a confidence and no severity.

use super::findings::{
    Draft, Reading, inside, line, read_failures, read_scan, sentence, short, snippet_hash, text_hash,
};
use crate::diagnostic::Code;
use crate::formats::json::Json;
use crate::formats::{Context, Format, Head, ParseError, Parsed, Source};
use crate::model::{Health, Kind, ScanClass};

pub(super) const FORMAT: Format = Format {
    id: "brakeman",
    kind: Kind::Scan,
    name: "Brakeman JSON",
    default_globs: &["brakeman*.json"],
    spec_url: "https://brakemanscanner.org/docs/jenkins/",
    sniff,
    parse,
};

fn sniff(head: &Head) -> bool {
    let Some(json) = head.json().filter(|json| !json.array) else { return false };
    json.has("scan_info")
        && (json.has("warnings")
            || json.has("ignored_warnings")
            || json.has_inner("scan_info", "brakeman_version"))
}

fn parse(source: &mut Source<'_>, context: &mut Context) -> Result<Parsed, ParseError> {
    read_scan(source, context, Reading::new("brakeman", ScanClass::Source), |json, context, reading| {
        let mut warnings = false;
        json.object(|json, key| {
            match key {
                "scan_info" => {
                    inside(json, "brakeman_version", |json| {
                        reading.version = short(json)?;
                        Ok(())
                    })?;
                }
                "warnings" => warnings = json.array(|json| read_warning(json, context, reading, false))?,
                "ignored_warnings" => {
                    json.array(|json| read_warning(json, context, reading, true))?;
                }
                "errors" => read_failures(json, context, reading, read_error)?,
                _ => json.skip()?,
            }
            Ok(())
        })?;
        if !warnings {
            reading.has_no_list(context, json, "warnings");
        }
        Ok(())
    })
}

fn read_error(
    json: &mut Json<'_, '_>,
    context: &mut Context,
    reading: &mut Reading,
) -> Result<(), ParseError> {
    let mut text = String::new();
    inside(json, "error", |json| {
        text = sentence(json)?;
        Ok(())
    })?;
    let reason = format!("Brakeman reports an error: {text}");
    reading.health.worsen(context, json, Health::Degraded, Code::ToolFailed, reason);
    Ok(())
}

fn read_warning(
    json: &mut Json<'_, '_>,
    context: &mut Context,
    reading: &mut Reading,
    ignored: bool,
) -> Result<(), ParseError> {
    let mut draft = Draft::default();
    let (mut kind, mut check, mut confidence, mut note) =
        (String::new(), String::new(), String::new(), String::new());
    let is_object = reading.entry(json, |json, key| {
        match key {
            "warning_type" => kind = short(json)?,
            "check_name" => check = short(json)?,
            "message" => draft.message = sentence(json)?,
            "file" => draft.file = short(json)?,
            "line" => draft.line = line(json)?,
            "confidence" => confidence = short(json)?,
            "note" => note = sentence(json)?,
            "fingerprint" => draft.fingerprint = text_hash(&short(json)?),
            "code" => draft.snippet = json.text_up_to(64 * 1024)?.map_or(0, |(text, _)| snippet_hash(text)),
            _ => json.skip()?,
        }
        Ok(())
    })?;
    if !is_object {
        return Ok(());
    }
    draft.rule = if check.is_empty() { kind } else { check };
    draft.source = format!("brakeman, confidence {confidence}, no severity");
    if ignored {
        draft.suppressed = Some(("ignore-file", note));
    }
    reading.add(context, &draft);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::read;
    use super::*;
    use crate::model::Severity;

    const ONE: &str = r#"{"warning_type": "SQL Injection", "check_name": "SQL", "fingerprint": "f0", "message": "m", "file": "app/a.rb", "line": 3, "confidence": "High", "code": "x", "note": "why"}"#;

    fn report(warnings: &str, rest: &str) -> String {
        format!(
            r#"{{"scan_info": {{"brakeman_version": "6.1"}}, "warnings": {warnings}, "errors": []{rest}}}"#
        )
    }

    #[test]
    fn a_confidence_is_no_severity() {
        let read = read(&FORMAT, &report(&format!("[{ONE}]"), ""));
        assert_eq!((read.severities(), read.health()), (vec![Severity::Unknown], Health::Complete));
        assert_eq!(read.findings()[0].severity_source.raw(), "brakeman, confidence High, no severity");
        assert!(read.findings()[0].identities[0].is_there());
    }

    #[test]
    fn ignored_warnings_are_suppressed_and_errors_degrade() {
        let read_ignored = read(&FORMAT, &report("[]", &format!(r#", "ignored_warnings": [{ONE}]"#)));
        assert_eq!(read_ignored.findings()[0].suppression.as_ref().unwrap().reason.raw(), "why");
        let errors = report("[]", "").replace(r#""errors": []"#, r#""errors": [{"error": "parse"}]"#);
        assert_eq!(read(&FORMAT, &errors).health(), Health::Degraded);
        assert_eq!(read(&FORMAT, &report("null", "")).health(), Health::Failed);
    }
}
