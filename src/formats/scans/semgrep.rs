//! Semgrep's own JSON (security.md b8).

use super::findings::{
    Draft, Reading, inside, line, read_failures, read_scan, sentence, short, snippet_hash, text_hash,
};
use crate::diagnostic::{Code, Weight};
use crate::formats::json::Json;
use crate::formats::{Context, Format, Head, ParseError, Parsed, Source};
use crate::model::{Health, Kind, ScanClass, Severity};

pub(super) const FORMAT: Format = Format {
    id: "semgrep",
    kind: Kind::Scan,
    name: "Semgrep JSON",
    default_globs: &["semgrep*.json"],
    spec_url: "https://semgrep.dev/docs/semgrep-appsec-platform/json-and-sarif",
    sniff,
    parse,
};

fn sniff(head: &Head) -> bool {
    let Some(json) = head.json().filter(|json| !json.array) else { return false };
    let around = ["paths", "skipped_rules", "engine_requested", "interfile_languages_used"];
    let has_results = json.has_inner("results", "check_id") && json.has_inner("results", "extra");
    let is_empty = json.has("results") && json.has("errors") && around.iter().any(|key| json.has(key));
    !json.has("check_type") && has_results
        || is_empty
        || json.has("errors") && around.iter().filter(|key| json.has(key)).count() > 1
}

fn parse(source: &mut Source<'_>, context: &mut Context) -> Result<Parsed, ParseError> {
    read_scan(source, context, Reading::new("semgrep", ScanClass::Source), |json, context, reading| {
        let (mut results, mut scanned, mut skipped_rules) = (false, None, 0_u64);
        json.object(|json, key| {
            match key {
                "version" => reading.version = short(json)?,
                "results" => results = json.array(|json| read_result(json, context, reading))?,
                "errors" => read_failures(json, context, reading, read_error)?,
                "paths" => {
                    json.object(|json, key| {
                        match key {
                            "scanned" => {
                                let mut count = 0_u64;
                                let is_array = json.array(|json| {
                                    count += 1;
                                    json.skip()
                                })?;
                                scanned = is_array.then_some(count);
                            }
                            _ => json.skip()?,
                        }
                        Ok(())
                    })?;
                }
                "skipped_rules" => {
                    json.array(|json| {
                        skipped_rules += 1;
                        json.skip()
                    })?;
                }
                _ => json.skip()?,
            }
            Ok(())
        })?;
        if !results {
            reading.has_no_list(context, json, "results");
        } else if scanned == Some(0) && reading.count() == 0 {
            let reason = "Semgrep scanned no file";
            reading.health.worsen(context, json, Health::Empty, Code::EmptyReport, reason);
        }
        if skipped_rules > 0 {
            let message = format!("Semgrep skipped {skipped_rules} rules");
            context.warn(Code::UnknownRule, Weight::Warning, message, json.position());
        }
        Ok(())
    })
}

/// What Semgrep writes in place of a value for those who are not logged in.
const NO_VALUE: &str = "requires login";

fn read_result(
    json: &mut Json<'_, '_>,
    context: &mut Context,
    reading: &mut Reading,
) -> Result<(), ParseError> {
    let mut draft = Draft { source: "semgrep, no severity".to_owned(), ..Draft::default() };
    let is_object = json.object(|json, key| {
        match key {
            "check_id" => draft.rule = short(json)?,
            "path" => draft.file = short(json)?,
            "start" => {
                inside(json, "line", |json| {
                    draft.line = line(json)?;
                    Ok(())
                })?;
            }
            "extra" => read_extra(json, &mut draft)?,
            _ => json.skip()?,
        }
        Ok(())
    })?;
    if draft.class == Some(ScanClass::Secret) {
        draft.snippet = 0;
        draft.message = String::new();
    }
    if is_object {
        reading.add(context, &draft);
    } else {
        reading.add_unknown();
    }
    Ok(())
}

fn read_extra(json: &mut Json<'_, '_>, draft: &mut Draft) -> Result<(), ParseError> {
    let mut ignored = false;
    json.object(|json, key| {
        match key {
            "message" => draft.message = sentence(json)?,
            "severity" => {
                let word = short(json)?;
                draft.say("semgrep", &word);
                draft.severity = of_old_word(&word).or(draft.severity);
            }
            "fingerprint" => {
                if let Some((text, _)) = json.text_up_to(4096)?.filter(|(text, _)| *text != NO_VALUE) {
                    draft.fingerprint = text_hash(text);
                }
            }
            "lines" => {
                if let Some((text, _)) = json.text_up_to(64 * 1024)?.filter(|(text, _)| *text != NO_VALUE) {
                    draft.snippet = snippet_hash(text);
                }
            }
            "is_ignored" => ignored = json.boolean()? == Some(true),
            // Only its secret rules validate what they find.
            "validation_state" => {
                let state = short(json)?;
                if !matches!(state.as_str(), "" | "NO_VALIDATOR") {
                    draft.class = Some(ScanClass::Secret);
                }
                draft.traits.verified = match state.as_str() {
                    "CONFIRMED_VALID" => Some(true),
                    "CONFIRMED_INVALID" => Some(false),
                    _ => None,
                };
            }
            "sca_info" => {
                draft.class = Some(ScanClass::Dependency);
                inside(json, "reachable", |json| {
                    draft.traits.reachable = json.boolean()?;
                    Ok(())
                })?;
            }
            _ => json.skip()?,
        }
        Ok(())
    })?;
    if ignored {
        draft.suppressed = Some(("in-source", "nosemgrep".to_owned()));
    }
    Ok(())
}

/// The words of Semgrep's first scale; the second has those that everybody has.
fn of_old_word(word: &str) -> Option<Severity> {
    match word {
        "ERROR" => Some(Severity::High),
        "WARNING" => Some(Severity::Medium),
        // Elsewhere a word for no risk; here the lowest of three.
        "INFO" => Some(Severity::Low),
        "EXPERIMENT" | "INVENTORY" => Some(Severity::Info),
        _ => None,
    }
}

/// An error stops the scan of a file (or of everything); a warning means that a file was read in parts or
/// that a rule ran out of time.
fn read_error(
    json: &mut Json<'_, '_>,
    context: &mut Context,
    reading: &mut Reading,
) -> Result<(), ParseError> {
    let (mut level, mut message, mut path) = (String::new(), String::new(), String::new());
    json.object(|json, key| {
        match key {
            "level" => level = short(json)?,
            "message" | "long_msg" | "short_msg" if message.is_empty() => message = sentence(json)?,
            "path" => path = short(json)?,
            _ => json.skip()?,
        }
        Ok(())
    })?;
    let health = match level.as_str() {
        "info" => return Ok(()),
        "warn" | "warning" => Health::Degraded,
        _ => Health::Failed,
    };
    let what = if health == Health::Degraded { "a warning" } else { "an error" };
    let place = if path.is_empty() { String::new() } else { format!(" in {path}") };
    let reason = format!("Semgrep reports {what}{place}: {message}");
    reading.health.worsen(context, json, health, Code::ToolFailed, reason);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::read;
    use super::*;
    use crate::model::FindingId;

    fn report(results: &str, errors: &str) -> String {
        format!(
            r#"{{"version": "1.90.0", "results": [{results}], "errors": [{errors}], "paths": {{"scanned": ["a.py"]}}}}"#
        )
    }

    fn result(severity: &str, extra: &str) -> String {
        format!(
            r#"{{"check_id": "r", "path": "a.py", "start": {{"line": 7}}, "extra": {{"message": "m", "severity": "{severity}"{extra}}}}}"#
        )
    }

    #[test]
    fn both_scales_of_severity_are_known() {
        for (word, severity) in [
            ("ERROR", Severity::High),
            ("WARNING", Severity::Medium),
            ("INFO", Severity::Low),
            ("CRITICAL", Severity::Critical),
            ("HIGH", Severity::High),
            ("MEDIUM", Severity::Medium),
            ("LOW", Severity::Low),
            ("INVENTORY", Severity::Info),
            ("SHRUG", Severity::Unknown),
        ] {
            assert_eq!(read(&FORMAT, &report(&result(word, ""), "")).severities(), [severity], "{word}");
        }
    }

    #[test]
    fn what_needs_a_login_identifies_nothing() {
        let read = read(
            &FORMAT,
            &report(&result("ERROR", r#", "fingerprint": "requires login", "lines": "requires login""#), ""),
        );
        assert_eq!(read.findings()[0].identities[..2], [FindingId::ABSENT; 2]);
    }

    #[test]
    fn errors_fail_and_warnings_degrade_the_scan() {
        for (level, health) in [
            ("error", Health::Failed),
            ("warn", Health::Degraded),
            ("info", Health::Complete),
            ("new", Health::Failed),
        ] {
            let text = report(
                "",
                &format!(r#"{{"level": "{level}", "type": "Timeout", "message": "m", "path": "a.py"}}"#),
            );
            assert_eq!(read(&FORMAT, &text).health(), health, "{level}");
        }
    }

    #[test]
    fn nothing_scanned_is_empty() {
        let text = report("", "").replace(r#"["a.py"]"#, "[]");
        assert_eq!(read(&FORMAT, &text).health(), Health::Empty);
        assert_eq!(read(&FORMAT, &report("", "")).health(), Health::Complete);
        let none = report("", "").replace(r#""results": []"#, r#""results": null"#);
        assert_eq!(read(&FORMAT, &none).health(), Health::Failed);
    }

    #[test]
    fn nosemgrep_is_a_suppression_and_secrets_are_not_kept() {
        let ignored = read(&FORMAT, &report(&result("ERROR", r#", "is_ignored": true"#), ""));
        assert_eq!(ignored.scan().suppressed, 1);
        let secret = read(
            &FORMAT,
            &report(
                &result("ERROR", r#", "validation_state": "CONFIRMED_VALID", "lines": "k = HUNTER2""#)
                    .replace("\"m\"", "\"found HUNTER2\""),
                "",
            ),
        );
        assert_eq!(secret.findings()[0].class, ScanClass::Secret);
        assert!(!serde_json::to_string(secret.scan()).unwrap().contains("HUNTER2"));
    }
}
