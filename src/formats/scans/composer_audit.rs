//! `composer audit --format=json` (security.md b8).

use super::findings::{Draft, Reading, read_failures, read_scan, sentence, short};
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
                    "advisories" => {
                        advisories = by_package(json, reading, |json, package, reading| {
                            read_advisory(json, package, context, reading, false)
                        })?;
                    }
                    "ignored-advisories" => {
                        by_package(json, reading, |json, package, reading| {
                            read_advisory(json, package, context, reading, true)
                        })?;
                    }
                    "filter" => {
                        by_package(json, reading, |json, package, reading| {
                            read_listed(json, package, context, reading)
                        })?;
                    }
                    "abandoned" => read_abandoned(json, context, reading)?,
                    "unreachable-repositories" => {
                        read_failures(json, context, reading, read_unreachable)?;
                    }
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

/// Package → list; PHP writes an empty map as `[]`, and a list with gaps as a map.
fn by_package(
    json: &mut Json<'_, '_>,
    reading: &mut Reading,
    mut each: impl FnMut(&mut Json<'_, '_>, &str, &mut Reading) -> Result<(), ParseError>,
) -> Result<bool, ParseError> {
    if json.kind()? == JsonKind::Array {
        return json.array(|json| {
            reading.add_unknown();
            json.skip()
        });
    }
    json.entries(|json, package| match json.kind()? {
        JsonKind::Array => {
            json.array(|json| each(json, package, reading))?;
            Ok(())
        }
        JsonKind::Object => {
            json.entries(|json, _| each(json, package, reading))?;
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
    let mut draft = Draft { source: "composer, no severity".to_owned(), ..of_package(package) };
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

fn of_package(package: &str) -> Draft {
    Draft {
        package: package.chars().take(200).collect(),
        ecosystem: "packagist".to_owned(),
        file: "composer.lock".to_owned(),
        ..Draft::default()
    }
}

/// A package that stands on a filter list of a repository, of malware say. It fails the audit as an advisory does, and
/// has no severity.
fn read_listed(
    json: &mut Json<'_, '_>,
    package: &str,
    context: &mut Context,
    reading: &mut Reading,
) -> Result<(), ParseError> {
    let mut draft = of_package(package);
    let mut list = String::new();
    let is_object = reading.entry(json, |json, key| {
        match key {
            "id" => draft.rule = short(json)?,
            "listName" => list = short(json)?,
            "reason" => draft.message = sentence(json)?,
            _ => json.skip()?,
        }
        Ok(())
    })?;
    if !is_object {
        return Ok(());
    }
    draft.source = format!("composer filter list {list}, no severity");
    if draft.rule.is_empty() {
        draft.rule = list;
    }
    reading.add(context, &draft);
    Ok(())
}

/// With `--ignore-unreachable` the audit goes on without the advisories of a repository that does not answer.
fn read_unreachable(
    json: &mut Json<'_, '_>,
    context: &mut Context,
    reading: &mut Reading,
) -> Result<(), ParseError> {
    let reason = format!("Composer could not ask for advisories: {}", sentence(json)?);
    reading.health.worsen(context, json, Health::Degraded, Code::ToolFailed, reason);
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
            message: if replacement.is_empty() {
                "the package is abandoned".to_owned()
            } else {
                format!("the package is abandoned; use {replacement}")
            },
            ..of_package(package)
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

    #[test]
    fn a_package_on_a_filter_list_is_a_finding() {
        let text = r#"{"advisories": [], "filter": {"a/b": [{"packageName": "a/b", "listName": "malware", "constraint": ">= 8.0", "url": null, "reason": "steals keys", "id": null}]}, "abandoned": []}"#;
        let read = read(&FORMAT, text);
        assert_eq!((read.severities(), read.health()), (vec![Severity::Unknown], Health::Complete));
        let finding = &read.findings()[0];
        assert_eq!((finding.rule.raw(), finding.message.raw()), ("malware", "steals keys"));
        assert_eq!(finding.package.as_ref().unwrap().name.raw(), "a/b");
    }

    #[test]
    fn advisories_that_could_not_be_asked_for_are_not_clean() {
        let text = r#"{"advisories": [], "unreachable-repositories": ["The following exception was caught"], "abandoned": []}"#;
        let read = read(&FORMAT, text);
        assert_eq!(read.health(), Health::Degraded);
        assert!(read.scan().health_reason.raw().contains("exception was caught"));
    }
}
