//! `composer audit --format=json` (security.md b8).

use super::findings::{Draft, Reading, read_scan, sentence, short};
use crate::diagnostic::Code;
use crate::formats::json::{Json, JsonKind};
use crate::formats::{Context, Format, Head, ParseError, Parsed, Source};
use crate::model::{Health, Kind, ScanClass, Severity};

pub(super) const FORMAT: Format = Format {
    id: "composer-audit",
    kind: Kind::Scan,
    name: "composer audit",
    default_globs: &["composer-audit*.json"],
    spec_url: "https://getcomposer.org/doc/03-cli.md#audit",
    sniff,
    parse,
};

fn sniff(head: &Head) -> bool {
    let Some(json) = head.json().filter(|json| !json.array) else { return false };
    let npm = ["metadata", "actions", "muted"].iter().any(|key| json.has(key));
    json.has("advisories") && !npm && (json.has("abandoned") || json.keys.len() == 1)
}

fn parse(source: &mut Source<'_>, context: &mut Context) -> Result<Parsed, ParseError> {
    read_scan(
        source,
        context,
        Reading::new("composer audit", ScanClass::Dependency),
        |json, context, reading| {
            let mut advisories = false;
            json.object(|json, key| {
                match key {
                    "advisories" => advisories = read_advisories(json, context, reading, false)?,
                    "ignored-advisories" => {
                        read_advisories(json, context, reading, true)?;
                    }
                    "abandoned" => read_abandoned(json, context, reading)?,
                    _ => json.skip()?,
                }
                Ok(())
            })?;
            if !advisories {
                let reason = "the report has no advisories, not even an empty list";
                reading.health.worsen(context, json, Health::Failed, Code::MissingResults, reason);
            }
            Ok(())
        },
    )
}

/// Package → advisories; PHP writes an empty map as `[]`, and a list with gaps as a map.
fn read_advisories(
    json: &mut Json<'_, '_>,
    context: &mut Context,
    reading: &mut Reading,
    ignored: bool,
) -> Result<bool, ParseError> {
    if json.kind()? == JsonKind::Array {
        return json.array(|json| {
            reading.add_unknown();
            json.skip()
        });
    }
    json.entries(|json, package| match json.kind()? {
        JsonKind::Array => {
            json.array(|json| read_advisory(json, package, context, reading, ignored))?;
            Ok(())
        }
        JsonKind::Object => {
            json.entries(|json, _| read_advisory(json, package, context, reading, ignored))?;
            Ok(())
        }
        JsonKind::Null | JsonKind::Bool | JsonKind::Number | JsonKind::Text => {
            reading.add_unknown();
            json.skip()
        }
    })
}

fn read_advisory(
    json: &mut Json<'_, '_>,
    package: &str,
    context: &mut Context,
    reading: &mut Reading,
    ignored: bool,
) -> Result<(), ParseError> {
    let mut draft = Draft {
        package: package.chars().take(200).collect(),
        ecosystem: "packagist".to_owned(),
        file: "composer.lock".to_owned(),
        source: "composer, no severity".to_owned(),
        ..Draft::default()
    };
    let (mut cve, mut sources, mut reason) = (String::new(), Vec::new(), String::new());
    let is_object = reading.entry(json, |json, key| {
        match key {
            "advisoryId" => draft.rule = short(json)?,
            "title" => draft.message = sentence(json)?,
            "cve" => cve = short(json)?,
            "ignoreReason" => reason = sentence(json)?,
            "severity" => {
                let word = short(json)?;
                if !word.is_empty() {
                    draft.say("composer", &word);
                }
            }
            "sources" => {
                json.array(|json| {
                    json.object(|json, key| {
                        match key {
                            "remoteId" if sources.len() < 16 => sources.push(short(json)?),
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
    draft.alias(&cve);
    for id in sources.iter().filter(|id| id.starts_with("GHSA-")) {
        draft.alias(id);
    }
    if ignored {
        draft.suppressed = Some(("ignore-file", reason));
    }
    reading.add(context, &draft);
    Ok(())
}

/// Packages that nobody looks after any more: no risk is stated.
fn read_abandoned(
    json: &mut Json<'_, '_>,
    context: &mut Context,
    reading: &mut Reading,
) -> Result<(), ParseError> {
    json.entries(|json, package| {
        let replacement = sentence(json)?;
        let draft = Draft {
            severity: Some(Severity::Info),
            source: "composer abandoned".to_owned(),
            rule: "abandoned".to_owned(),
            package: package.chars().take(200).collect(),
            ecosystem: "packagist".to_owned(),
            file: "composer.lock".to_owned(),
            message: if replacement.is_empty() {
                "the package is abandoned".to_owned()
            } else {
                format!("the package is abandoned; use {replacement}")
            },
            ..Draft::default()
        };
        reading.add(context, &draft);
        Ok(())
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::read;
    use super::*;

    #[test]
    fn advisories_stand_by_package_in_a_list_or_a_map() {
        let read = read(
            &FORMAT,
            r#"{"advisories": {"a/b": [{"advisoryId": "PKSA-1", "title": "t", "cve": "CVE-1", "severity": "high", "sources": [{"name": "GitHub", "remoteId": "GHSA-1"}]}], "c/d": {"0": {"advisoryId": "PKSA-2", "severity": null}, "2": {"advisoryId": "PKSA-3", "severity": "low"}}}, "abandoned": {"e/f": null}}"#,
        );
        assert_eq!(read.severities(), [Severity::High, Severity::Low, Severity::Info, Severity::Unknown]);
        let aliases: Vec<_> = read.findings()[0].aliases.iter().map(|alias| alias.raw()).collect();
        assert_eq!(aliases, ["CVE-1", "GHSA-1"]);
        assert_eq!(read.health(), Health::Complete);
    }

    #[test]
    fn ignored_advisories_are_suppressed() {
        let read = read(
            &FORMAT,
            r#"{"advisories": [], "ignored-advisories": {"a/b": [{"advisoryId": "PKSA-1", "ignoreReason": "why"}]}, "abandoned": []}"#,
        );
        assert_eq!((read.severities().len(), read.scan().suppressed), (0, 1));
    }

    #[test]
    fn an_empty_list_is_clean_and_null_is_not() {
        assert_eq!(read(&FORMAT, r#"{"advisories": [], "abandoned": []}"#).health(), Health::Complete);
        assert_eq!(read(&FORMAT, r#"{"advisories": null, "abandoned": []}"#).health(), Health::Failed);
    }
}
