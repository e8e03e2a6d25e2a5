//! GitLab's security report schemas, which many scanners write (security.md b8).

use super::findings::{Draft, Reading, inside, line, read_failures, read_scan, sentence, short, text_hash};
use crate::diagnostic::{Code, Weight};
use crate::formats::json::Json;
use crate::formats::{Context, Format, Head, ParseError, Parsed, Source};
use crate::model::{Health, Kind, ScanClass};

pub(super) const FORMAT: Format = Format {
    id: "gitlab",
    kind: Kind::Scan,
    name: "GitLab security report",
    default_globs: &["gl-*-report.json"],
    spec_url: "https://gitlab.com/gitlab-org/security-products/security-report-schemas",
    sniff,
    parse,
};

fn sniff(head: &Head) -> bool {
    let Some(json) = head.json().filter(|json| !json.array) else { return false };
    let by_entry =
        ["identifiers", "category", "location"].iter().filter(|key| json.has_inner("vulnerabilities", key));
    let of_a_scan = json.has_inner("scan", "scanner")
        || json.has_inner("scan", "analyzer")
        || json.has_inner("scan", "status");
    json.has("version")
        && json.has("vulnerabilities")
        && !json.has("bomFormat")
        && (of_a_scan || by_entry.count() > 1)
        || json.has("version") && of_a_scan && json.has_inner("scan", "type")
}

fn parse(source: &mut Source<'_>, context: &mut Context) -> Result<Parsed, ParseError> {
    read_scan(
        source,
        context,
        Reading::of_many("GitLab report", ScanClass::Source),
        |json, context, reading| {
            let mut listed = false;
            let (mut kind, mut status) = (String::new(), None);
            json.object(|json, key| {
                match key {
                    "vulnerabilities" => {
                        listed = json.array(|json| read_vulnerability(json, context, reading))?;
                    }
                    "scan" => read_scan_object(json, context, reading, &mut kind, &mut status)?,
                    _ => json.skip()?,
                }
                Ok(())
            })?;
            if let Some(class) = class_of(&kind) {
                reading.class_since((0, 0), class);
                reading.looked_for(class);
            }
            reading.category = kind;
            if status.as_deref().is_some_and(|status| status != "success") {
                let reason = format!("the scanner says that it ended with `{}`", status.unwrap_or_default());
                reading.health.worsen(context, json, Health::Failed, Code::ToolFailed, reason);
            }
            if !listed {
                reading.has_no_list(context, json, "vulnerabilities");
            }
            Ok(())
        },
    )
}

fn class_of(kind: &str) -> Option<ScanClass> {
    match kind {
        "dependency_scanning" => Some(ScanClass::Dependency),
        "container_scanning" | "cluster_image_scanning" => Some(ScanClass::Container),
        "secret_detection" => Some(ScanClass::Secret),
        "sast_iac" => Some(ScanClass::Infrastructure),
        "sast" | "dast" | "api_fuzzing" | "coverage_fuzzing" => Some(ScanClass::Source),
        _ => None,
    }
}

fn read_scan_object(
    json: &mut Json<'_, '_>,
    context: &mut Context,
    reading: &mut Reading,
    kind: &mut String,
    status: &mut Option<String>,
) -> Result<(), ParseError> {
    json.object(|json, key| {
        match key {
            "type" => *kind = short(json)?,
            "status" => *status = Some(short(json)?),
            "scanner" => {
                json.object(|json, key| {
                    match key {
                        "name" => reading.tool = short(json)?,
                        "version" => reading.version = short(json)?,
                        _ => json.skip()?,
                    }
                    Ok(())
                })?;
            }
            "messages" => read_failures(json, context, reading, read_message)?,
            _ => json.skip()?,
        }
        Ok(())
    })?;
    Ok(())
}

fn read_message(
    json: &mut Json<'_, '_>,
    context: &mut Context,
    reading: &mut Reading,
) -> Result<(), ParseError> {
    let (mut level, mut value) = (String::new(), String::new());
    json.object(|json, key| {
        match key {
            "level" => level = short(json)?,
            "value" => value = sentence(json)?,
            _ => json.skip()?,
        }
        Ok(())
    })?;
    let reason = format!("the scanner says: {value}");
    match level.as_str() {
        "fatal" | "error" => reading.health.worsen(context, json, Health::Failed, Code::ToolFailed, reason),
        "info" => {}
        _ => context.warn(Code::ToolFailed, Weight::Warning, reason, json.position()),
    }
    Ok(())
}

fn read_vulnerability(
    json: &mut Json<'_, '_>,
    context: &mut Context,
    reading: &mut Reading,
) -> Result<(), ParseError> {
    let mut draft = Draft { source: "GitLab report, no severity".to_owned(), ..Draft::default() };
    let (mut name, mut message) = (String::new(), String::new());
    let is_object = json.object(|json, key| {
        match key {
            "category" => draft.class = class_of(&short(json)?),
            "name" => name = sentence(json)?,
            "message" => message = sentence(json)?,
            "severity" => {
                let word = short(json)?;
                draft.say("GitLab report", &word);
            }
            "identifiers" => {
                json.array(|json| {
                    let id = read_identifier(json)?;
                    // The first one is the primary one.
                    if draft.rule.is_empty() {
                        draft.rule = id;
                    } else {
                        draft.alias(&id);
                    }
                    Ok(())
                })?;
            }
            "location" => read_location(json, &mut draft)?,
            "tracking" => read_tracking(json, &mut draft)?,
            // `raw_source_code_extract` is the secret itself.
            _ => json.skip()?,
        }
        Ok(())
    })?;
    draft.message = if message.is_empty() { name } else { message };
    if is_object {
        reading.add(context, &draft);
    } else {
        reading.add_unknown();
    }
    Ok(())
}

fn read_identifier(json: &mut Json<'_, '_>) -> Result<String, ParseError> {
    let (mut name, mut value) = (String::new(), String::new());
    json.object(|json, key| {
        match key {
            "name" => name = short(json)?,
            "value" => value = short(json)?,
            _ => json.skip()?,
        }
        Ok(())
    })?;
    Ok(if name.is_empty() { value } else { name })
}

fn read_location(json: &mut Json<'_, '_>, draft: &mut Draft) -> Result<(), ParseError> {
    let mut image = String::new();
    json.object(|json, key| {
        match key {
            "file" => draft.file = short(json)?,
            "start_line" => draft.line = line(json)?,
            "image" => image = short(json)?,
            "dependency" => {
                json.object(|json, key| {
                    match key {
                        "package" => {
                            inside(json, "name", |json| {
                                draft.package = short(json)?;
                                Ok(())
                            })?;
                        }
                        "version" => draft.version = short(json)?,
                        _ => json.skip()?,
                    }
                    Ok(())
                })?;
            }
            _ => json.skip()?,
        }
        Ok(())
    })?;
    if draft.file.is_empty() {
        draft.file = image;
    }
    Ok(())
}

/// Signatures of the place. Those by scope survive moved lines; the one called `location` does not.
fn read_tracking(json: &mut Json<'_, '_>, draft: &mut Draft) -> Result<(), ParseError> {
    json.object(|json, key| {
        match key {
            "items" => {
                json.array(|json| {
                    json.object(|json, key| {
                        match key {
                            "signatures" => {
                                json.array(|json| read_signature(json, draft))?;
                            }
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
    Ok(())
}

fn read_signature(json: &mut Json<'_, '_>, draft: &mut Draft) -> Result<(), ParseError> {
    let (mut algorithm, mut value) = (String::new(), String::new());
    json.object(|json, key| {
        match key {
            "algorithm" => algorithm = short(json)?,
            "value" => value = short(json)?,
            _ => json.skip()?,
        }
        Ok(())
    })?;
    if draft.fingerprint == 0 && algorithm.starts_with("scope_offset") {
        draft.fingerprint = text_hash(&format!("{algorithm} {value}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::read;
    use super::*;
    use crate::model::Severity;

    fn report(vulnerabilities: &str, scan: &str) -> String {
        format!(
            r#"{{"version": "15.0.7", "vulnerabilities": {vulnerabilities}, "remediations": [], "scan": {{"scanner": {{"id": "s", "name": "Semgrep", "version": "1"}}, {scan}}}}}"#
        )
    }

    const ONE: &str = r#"{"id": "1", "name": "n", "severity": "High", "identifiers": [{"type": "semgrep_id", "name": "rule", "value": "v"}, {"type": "cve", "name": "CVE-1", "value": "CVE-1"}], "location": {"file": "a.c", "start_line": 7}, "tracking": {"items": [{"signatures": [{"algorithm": "scope_offset", "value": "x"}]}]}, "raw_source_code_extract": "HUNTER2"}"#;

    #[test]
    fn the_first_identifier_is_the_rule_and_the_type_of_the_scan_the_class() {
        let read =
            read(&FORMAT, &report(&format!("[{ONE}]"), r#""type": "secret_detection", "status": "success""#));
        let finding = &read.findings()[0];
        assert_eq!((finding.rule.raw(), finding.aliases[0].raw()), ("rule", "CVE-1"));
        assert_eq!((finding.class, finding.severity), (ScanClass::Secret, Severity::High));
        assert!(finding.identities[0].is_there());
        assert!(!serde_json::to_string(read.scan()).unwrap().contains("HUNTER2"));
        assert_eq!(
            (read.scan().tool.name.raw(), read.scan().category.raw()),
            ("Semgrep", "secret_detection")
        );
    }

    #[test]
    fn words_that_nobody_knows_are_unknown() {
        let read = read(
            &FORMAT,
            &report(
                &format!("[{}, null]", ONE.replace("High", "Severe")),
                r#""type": "sast", "status": "success""#,
            ),
        );
        assert_eq!(read.severities(), [Severity::Unknown, Severity::Unknown]);
    }

    #[test]
    fn only_success_is_success() {
        for (scan, health) in [
            (r#""type": "sast", "status": "success""#, Health::Complete),
            (r#""type": "sast", "status": "failure""#, Health::Failed),
            (r#""type": "sast", "status": "new word""#, Health::Failed),
            (
                r#""type": "sast", "status": "success", "messages": [{"level": "fatal", "value": "boom"}]"#,
                Health::Failed,
            ),
            (
                r#""type": "sast", "status": "success", "messages": [{"level": "warn", "value": "slow"}]"#,
                Health::Complete,
            ),
        ] {
            assert_eq!(read(&FORMAT, &report("[]", scan)).health(), health, "{scan}");
        }
        assert_eq!(
            read(&FORMAT, &report("null", r#""type": "sast", "status": "success""#)).health(),
            Health::Failed
        );
    }
}
