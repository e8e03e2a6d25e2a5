//! `bundler-audit check --format json` (security.md b8).

use super::findings::{Draft, Reading, Score, read_scan, score, sentence, short, shorts, take_scalar};
use crate::formats::json::{Json, JsonKind};
use crate::formats::{Context, Format, Head, ParseError, Parsed, Source};
use crate::model::{Kind, ScanClass};

pub(super) const FORMAT: Format = Format {
    id: "bundler-audit",
    kind: Kind::Scan,
    name: "bundler-audit",
    default_globs: &["bundler-audit*.json", "bundle-audit*.json"],
    spec_url: "https://github.com/rubysec/bundler-audit",
    sniff,
    parse,
};

fn sniff(head: &Head) -> bool {
    let Some(json) = head.json().filter(|json| !json.array) else { return false };
    json.has("created_at") && json.has("results") && json.has("version")
}

fn parse(source: &mut Source<'_>, context: &mut Context) -> Result<Parsed, ParseError> {
    read_scan(
        source,
        context,
        Reading::new("bundler-audit", ScanClass::Dependency),
        |json, context, reading| {
            let mut results = false;
            json.object(|json, key| {
                match key {
                    "version" => reading.version = short(json)?,
                    "results" => results = json.array(|json| read_result(json, context, reading))?,
                    _ => json.skip()?,
                }
                Ok(())
            })?;
            if !results {
                reading.has_no_list(context, json, "results");
            }
            Ok(())
        },
    )
}

fn read_result(
    json: &mut Json<'_, '_>,
    context: &mut Context,
    reading: &mut Reading,
) -> Result<(), ParseError> {
    let mut draft = Draft {
        ecosystem: "rubygems".to_owned(),
        file: "Gemfile.lock".to_owned(),
        source: "bundler-audit, no severity".to_owned(),
        ..Draft::default()
    };
    let (mut kind, mut source) = (String::new(), String::new());
    let is_object = reading.entry(json, |json, key| {
        match key {
            "type" => kind = short(json)?,
            "source" => source = short(json)?,
            "gem" => {
                json.object(|json, key| {
                    match key {
                        "name" => draft.package = short(json)?,
                        "version" => draft.version = short(json)?,
                        _ => json.skip()?,
                    }
                    Ok(())
                })?;
            }
            "advisory" => read_advisory(json, &mut draft)?,
            _ => json.skip()?,
        }
        Ok(())
    })?;
    if !is_object {
        return Ok(());
    }
    if draft.rule.is_empty() {
        // A gem that comes over a connection without encryption.
        draft.rule = if kind.is_empty() { "unknown".to_owned() } else { kind };
        draft.message = source;
    }
    reading.add(context, &draft);
    Ok(())
}

fn read_advisory(json: &mut Json<'_, '_>, draft: &mut Draft) -> Result<(), ParseError> {
    let (mut criticality, mut v2, mut v3) = (String::new(), String::new(), String::new());
    let (mut id, mut cve, mut ghsa) = (String::new(), String::new(), String::new());
    json.object(|json, key| {
        match key {
            "id" => id = short(json)?,
            "cve" => cve = short(json)?,
            "ghsa" => ghsa = short(json)?,
            "title" => draft.message = sentence(json)?,
            "patched_versions" if json.kind()? == JsonKind::Array => {
                draft.traits.fix = Some(!shorts(json)?.is_empty());
            }
            "criticality" => criticality = short(json)?,
            "cvss_v2" => take_scalar(json, &mut v2)?,
            "cvss_v3" => take_scalar(json, &mut v3)?,
            _ => json.skip()?,
        }
        Ok(())
    })?;
    draft.rule = id;
    for (prefix, number) in [("CVE-", &cve), ("GHSA-", &ghsa)] {
        if !number.is_empty() {
            draft.alias(&if number.starts_with(prefix) {
                number.clone()
            } else {
                format!("{prefix}{number}")
            });
        }
    }
    if !criticality.is_empty() {
        draft.say("bundler-audit", &criticality);
        return Ok(());
    }
    for (version, text) in [("3", &v3), ("2", &v2)] {
        if let Score::Band(severity) = score(text) {
            draft.severity = Some(severity);
            draft.source = format!("CVSS {version} {text}");
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::read;
    use super::*;
    use crate::model::{Health, Severity};

    fn report(results: &str) -> String {
        format!(r#"{{"version": "0.9.1", "created_at": "2026-01-01", "results": {results}}}"#)
    }

    #[test]
    fn the_stated_criticality_counts_then_the_newer_score() {
        let read = read(
            &FORMAT,
            &report(
                r#"[{"type": "unpatched_gem", "gem": {"name": "rack", "version": "1"}, "advisory": {"id": "CVE-2020-1", "cve": "2020-1", "ghsa": "xxxx", "title": "t", "criticality": "high", "cvss_v3": 9.8}},
                {"type": "unpatched_gem", "gem": {"name": "rack"}, "advisory": {"id": "OSVDB-1", "criticality": null, "cvss_v2": 9.3, "cvss_v3": 5.3}},
                {"type": "insecure_source", "source": "http://rubygems.org"}]"#,
            ),
        );
        assert_eq!(read.severities(), [Severity::High, Severity::Medium, Severity::Unknown]);
        assert_eq!(read.findings()[0].aliases[0].raw(), "GHSA-xxxx");
        assert!(read.findings().iter().any(|finding| finding.rule.raw() == "insecure_source"));
    }

    #[test]
    fn a_clean_report_has_an_array() {
        assert_eq!(read(&FORMAT, &report("[]")).health(), Health::Complete);
        assert_eq!(read(&FORMAT, &report("null")).health(), Health::Failed);
    }
}
