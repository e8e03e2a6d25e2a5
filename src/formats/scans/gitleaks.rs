//! Gitleaks' own JSON, version 8 and 7 (security.md b8). Of a secret only a hash leaves this reader; commits,
//! authors and their addresses do not.

use super::findings::{Draft, Reading, line, read_scan, secret_hash, sentence, short};
use crate::diagnostic::Code;
use crate::formats::json::{Json, JsonKind};
use crate::formats::{Context, Format, Head, ParseError, Parsed, Source};
use crate::model::{Health, Kind, ScanClass};

pub(super) const FORMAT: Format = Format {
    id: "gitleaks",
    kind: Kind::Scan,
    name: "Gitleaks JSON",
    default_globs: &["gitleaks*.json"],
    spec_url: "https://github.com/gitleaks/gitleaks",
    sniff,
    parse,
};

fn sniff(head: &Head) -> bool {
    let Some(json) = head.json().filter(|json| json.array) else { return false };
    let version_8 = json.has("RuleID") && (json.has("Secret") || json.has("Match") || json.has("StartLine"));
    let version_7 = json.has("rule") && json.has("offender");
    version_8 || version_7
}

fn parse(source: &mut Source<'_>, context: &mut Context) -> Result<Parsed, ParseError> {
    read_scan(source, context, Reading::new("gitleaks", ScanClass::Secret), |json, context, reading| {
        match json.kind()? {
            JsonKind::Array => {
                json.array(|json| read_leak(json, context, reading))?;
            }
            // No leak, as version 7 writes it.
            JsonKind::Null => json.skip()?,
            _ => {
                let reason = "the report is no array of leaks";
                reading.health.worsen(context, json, Health::Failed, Code::MissingResults, reason);
                json.skip()?;
            }
        }
        Ok(())
    })
}

fn read_leak(
    json: &mut Json<'_, '_>,
    context: &mut Context,
    reading: &mut Reading,
) -> Result<(), ParseError> {
    let mut draft = Draft { source: "gitleaks, no severity".to_owned(), ..Draft::default() };
    let is_object = json.object(|json, key| {
        match key {
            "RuleID" | "rule" => draft.rule = short(json)?,
            "Description" => draft.message = sentence(json)?,
            "File" | "file" => draft.file = short(json)?,
            "StartLine" | "lineNumber" => draft.line = line(json)?,
            "Secret" | "offender" => draft.fingerprint = secret_hash(json)?,
            _ => json.skip()?,
        }
        Ok(())
    })?;
    if is_object {
        reading.add(context, &draft);
    } else {
        reading.add_unknown();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{read, read_as};
    use super::*;
    use crate::model::{FindingId, Severity};

    const LEAK: &str = r#"{"Description": "AWS key", "StartLine": 3, "Match": "k=AKIAHUNTER2", "Secret": "AKIAHUNTER2", "File": "a.env", "Commit": "c0ffee", "Author": "Ada", "Email": "ada@example.com", "Message": "add AKIAHUNTER2", "RuleID": "aws", "Fingerprint": "c0ffee:a.env:aws:3"}"#;

    #[test]
    fn a_leak_is_a_secret_of_unknown_severity_and_nothing_of_it_is_kept() {
        let read = read(&FORMAT, &format!("[{LEAK}]"));
        assert_eq!(read.severities(), [Severity::Unknown]);
        let finding = &read.findings()[0];
        assert_eq!((finding.class, finding.rule.raw()), (ScanClass::Secret, "aws"));
        assert_eq!(finding.place.as_ref().unwrap().line.unwrap().get(), 3);
        let kept = serde_json::to_string(read.scan()).unwrap();
        for secret in ["HUNTER2", "Ada", "ada@", "c0ffee"] {
            assert!(!kept.contains(secret), "{kept}");
        }
    }

    #[test]
    fn another_secret_is_another_finding_and_a_masked_one_has_no_fingerprint() {
        let print = |secret: &str| {
            read(&FORMAT, &format!("[{}]", LEAK.replace("AKIAHUNTER2", secret))).findings()[0].identities[0]
        };
        assert_ne!(print("one"), print("two"));
        assert_eq!(print("REDACTED"), FindingId::ABSENT);
        assert_eq!(print("****"), FindingId::ABSENT);
    }

    #[test]
    fn version_7_is_read() {
        let read = read(
            &FORMAT,
            r#"[{"line": "k=x", "lineNumber": 224, "offender": "REDACTED", "rule": "AWS", "file": "s.yml", "author": "A"}]"#,
        );
        assert_eq!(read.findings()[0].place.as_ref().unwrap().line.unwrap().get(), 224);
    }

    #[test]
    fn no_leaks_are_null_or_an_empty_array_where_the_policy_names_the_format() {
        for text in ["null", "[]"] {
            assert_eq!(read_as(&FORMAT, text.as_bytes()).health(), Health::Complete, "{text}");
        }
        assert_eq!(read_as(&FORMAT, b"{}").health(), Health::Failed);
        assert_eq!(read_as(&FORMAT, b"[1]").severities(), [Severity::Unknown]);
    }
}
