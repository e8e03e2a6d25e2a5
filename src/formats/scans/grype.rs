//! Grype's own JSON (security.md b8).

use super::findings::{
    Draft, Reading, Score, inside, read_failures, read_scan, score, sentence, short, take_scalar,
};
use crate::diagnostic::Code;
use crate::formats::json::Json;
use crate::formats::{Context, Format, Head, ParseError, Parsed, Source};
use crate::model::{Epss, Health, Kind, ScanClass, Severity};

pub(super) const FORMAT: Format = Format {
    id: "grype",
    kind: Kind::Scan,
    name: "Grype JSON",
    default_globs: &["grype*.json"],
    spec_url: "https://github.com/anchore/grype",
    sniff,
    parse,
};

fn sniff(head: &Head) -> bool {
    let Some(json) = head.json().filter(|json| !json.array) else { return false };
    let around = ["descriptor", "source", "distro", "ignoredMatches", "alertsByPackage"];
    json.has("matches")
        && (around.iter().any(|key| json.has(key))
            || json.has_inner("matches", "vulnerability") && json.has_inner("matches", "artifact"))
}

fn parse(source: &mut Source<'_>, context: &mut Context) -> Result<Parsed, ParseError> {
    read_scan(source, context, Reading::new("grype", ScanClass::Dependency), |json, context, reading| {
        let (mut matches, mut image) = (false, false);
        json.object(|json, key| {
            match key {
                "matches" => matches = json.array(|json| read_match(json, context, reading, false))?,
                "ignoredMatches" => {
                    json.array(|json| read_match(json, context, reading, true))?;
                }
                "alertsByPackage" => read_failures(json, context, reading, read_alerts)?,
                "source" => {
                    json.object(|json, key| {
                        match key {
                            "type" => image = short(json)? == "image",
                            _ => json.skip()?,
                        }
                        Ok(())
                    })?;
                }
                "descriptor" => {
                    json.object(|json, key| {
                        match key {
                            "version" => reading.version = short(json)?,
                            "db" => read_database(json, reading)?,
                            _ => json.skip()?,
                        }
                        Ok(())
                    })?;
                }
                _ => json.skip()?,
            }
            Ok(())
        })?;
        if image {
            reading.of_an_image();
        }
        if !matches {
            reading.has_no_list(context, json, "matches");
        }
        Ok(())
    })
}

/// What is amiss with a package beside vulnerabilities. A package of a distribution that Grype has
/// no data for was not looked at; one of a distribution at its end of life was.
fn read_alerts(
    json: &mut Json<'_, '_>,
    context: &mut Context,
    reading: &mut Reading,
) -> Result<(), ParseError> {
    let mut disabled = false;
    inside(json, "alerts", |json| {
        json.array(|json| {
            inside(json, "type", |json| {
                disabled |= short(json)? == "distro-disabled";
                Ok(())
            })?;
            Ok(())
        })?;
        Ok(())
    })?;
    if disabled && reading.health.health < Health::Degraded {
        let reason = "packages of a distribution that Grype does not match were not looked at";
        reading.health.worsen(context, json, Health::Degraded, Code::ToolFailed, reason);
    }
    Ok(())
}

/// When the database was built: `db.built` up to version 5 of its schema, `db.status.built` from 6 on.
fn read_database(json: &mut Json<'_, '_>, reading: &mut Reading) -> Result<(), ParseError> {
    json.object(|json, key| {
        match key {
            "built" => reading.database = short(json)?,
            "status" => {
                inside(json, "built", |json| {
                    reading.database = short(json)?;
                    Ok(())
                })?;
            }
            _ => json.skip()?,
        }
        Ok(())
    })?;
    Ok(())
}

fn read_match(
    json: &mut Json<'_, '_>,
    context: &mut Context,
    reading: &mut Reading,
    ignored: bool,
) -> Result<(), ParseError> {
    let mut draft = Draft::default();
    let (mut understood, mut reason) = (false, String::new());
    json.object(|json, key| {
        match key {
            "vulnerability" => understood = read_vulnerability(json, &mut draft)?,
            "relatedVulnerabilities" => {
                json.array(|json| {
                    json.object(|json, key| {
                        match key {
                            "id" => {
                                let id = short(json)?;
                                draft.alias(&id);
                            }
                            // The figures are those of a CVE, which may be the related one.
                            "epss" => draft.traits.epss = read_epss(json, draft.traits.epss)?,
                            "knownExploited" => {
                                draft.traits.exploited = read_exploited(json)?.or(draft.traits.exploited);
                            }
                            _ => json.skip()?,
                        }
                        Ok(())
                    })?;
                    Ok(())
                })?;
            }
            "artifact" => read_artifact(json, &mut draft)?,
            "appliedIgnoreRules" => {
                json.array(|json| {
                    json.object(|json, key| {
                        match key {
                            "reason" | "vex-status" | "vex-justification" => {
                                let text = sentence(json)?;
                                if reason.is_empty() {
                                    reason = text;
                                }
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
    if !understood {
        reading.add_unknown();
        return Ok(());
    }
    // The related ids may stand before the id itself.
    let id = draft.rule.clone();
    draft.aliases.retain(|alias| *alias != id);
    if ignored {
        draft.suppressed = Some(("ignore-file", reason));
    }
    reading.add(context, &draft);
    Ok(())
}

fn read_vulnerability(json: &mut Json<'_, '_>, draft: &mut Draft) -> Result<bool, ParseError> {
    let (mut severity, mut namespace) = (String::new(), String::new());
    let mut of_cvss: Option<(Severity, String)> = None;
    let is_object = json.object(|json, key| {
        match key {
            "id" => draft.rule = short(json)?,
            "severity" => severity = short(json)?,
            "namespace" => namespace = short(json)?,
            "description" => draft.message = sentence(json)?,
            "fix" => draft.traits.fix = read_fix(json)?,
            "epss" => draft.traits.epss = read_epss(json, draft.traits.epss)?,
            "knownExploited" => draft.traits.exploited = read_exploited(json)?.or(draft.traits.exploited),
            "cvss" => {
                json.array(|json| {
                    inside(json, "metrics", |json| read_metrics(json, &mut of_cvss))?;
                    Ok(())
                })?;
            }
            _ => json.skip()?,
        }
        Ok(())
    })?;
    // `debian:distro:debian:10` → `debian`: who said it.
    let who = namespace.split(':').next().unwrap_or_default();
    let origin = if who.is_empty() { "grype".to_owned() } else { format!("grype/{who}") };
    draft.say(&origin, &severity);
    if let (None, "", Some((severity, text))) = (draft.severity, severity.as_str(), of_cvss) {
        draft.severity = Some(severity);
        draft.source = format!("CVSS {text}");
    }
    Ok(is_object)
}

/// `fix`: `not-fixed` and `wont-fix` say that there is none.
fn read_fix(json: &mut Json<'_, '_>) -> Result<Option<bool>, ParseError> {
    let mut fix = None;
    json.object(|json, key| {
        match key {
            "state" => {
                fix = match json.text()? {
                    Some("fixed") => Some(true),
                    Some("not-fixed" | "wont-fix") => Some(false),
                    _ => None,
                };
            }
            _ => json.skip()?,
        }
        Ok(())
    })?;
    Ok(fix)
}

/// The highest probability of a list and of what was read before.
fn read_epss(json: &mut Json<'_, '_>, before: Option<Epss>) -> Result<Option<Epss>, ParseError> {
    let mut highest = before;
    json.array(|json| {
        json.object(|json, key| {
            match key {
                "epss" => {
                    let mut text = String::new();
                    take_scalar(json, &mut text)?;
                    highest = highest.max(Epss::parse(&text));
                }
                _ => json.skip()?,
            }
            Ok(())
        })?;
        Ok(())
    })?;
    Ok(highest)
}

/// A list with an entry says that it is exploited; without one it says nothing: Grype leaves it out for a
/// vulnerability that its database does not know by a CVE.
fn read_exploited(json: &mut Json<'_, '_>) -> Result<Option<bool>, ParseError> {
    let mut any = None;
    json.array(|json| {
        any = Some(true);
        json.skip()
    })?;
    Ok(any)
}

/// The worst base score of several.
fn read_metrics(json: &mut Json<'_, '_>, worst: &mut Option<(Severity, String)>) -> Result<(), ParseError> {
    json.object(|json, key| {
        match key {
            "baseScore" => {
                let mut text = String::new();
                take_scalar(json, &mut text)?;
                if let Score::Band(severity) = score(&text)
                    && worst.as_ref().is_none_or(|(have, _)| severity < *have)
                {
                    *worst = Some((severity, text));
                }
            }
            _ => json.skip()?,
        }
        Ok(())
    })?;
    Ok(())
}

fn read_artifact(json: &mut Json<'_, '_>, draft: &mut Draft) -> Result<(), ParseError> {
    json.object(|json, key| {
        match key {
            "name" => draft.package = short(json)?,
            "version" => draft.version = short(json)?,
            "type" => draft.ecosystem = short(json)?,
            "locations" => {
                json.array(|json| {
                    if !draft.file.is_empty() {
                        return json.skip();
                    }
                    inside(json, "path", |json| {
                        draft.file = short(json)?;
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

#[cfg(test)]
mod tests {
    use super::super::testing::read;
    use super::*;
    fn report(vulnerability: &str) -> String {
        format!(
            r#"{{"matches": [{{"vulnerability": {vulnerability}, "relatedVulnerabilities": [{{"id": "CVE-1"}}], "artifact": {{"name": "p", "version": "1", "type": "npm", "locations": [{{"path": "/app/package-lock.json"}}, {{"path": "/b"}}]}}}}], "descriptor": {{"name": "grype", "version": "0.80"}}}}"#
        )
    }

    #[test]
    fn the_day_of_the_database_is_read_in_both_forms() {
        let database = |db: &str| {
            let text = format!(r#"{{"matches": [], "descriptor": {{"name": "grype", "db": {db}}}}}"#);
            read(&FORMAT, &text).scan().tool.database.raw().to_owned()
        };
        assert_eq!(
            database(r#"{"built": "2026-11-20T01:00:00Z", "schemaVersion": 5}"#),
            "2026-11-20T01:00:00Z"
        );
        let status = r#"{"status": {"built": "2026-11-21T01:00:00Z"}, "providers": {}}"#;
        assert_eq!(database(status), "2026-11-21T01:00:00Z");
        assert_eq!(database("7"), "");
    }

    #[test]
    fn a_match_is_a_finding_with_its_aliases() {
        let read = read(
            &FORMAT,
            &report(r#"{"id": "GHSA-1", "severity": "High", "namespace": "github:language:javascript"}"#),
        );
        let finding = &read.findings()[0];
        assert_eq!((finding.severity, finding.severity_source.raw()), (Severity::High, "grype/github High"));
        assert_eq!((finding.rule.raw(), finding.aliases[0].raw()), ("GHSA-1", "CVE-1"));
        assert_eq!(finding.place.as_ref().unwrap().file.raw(), "/app/package-lock.json");
        assert_eq!((read.scan().tool.version.raw(), read.health()), ("0.80", Health::Complete));
    }

    #[test]
    fn negligible_is_info_and_a_missing_severity_comes_from_the_worst_score() {
        assert_eq!(
            read(&FORMAT, &report(r#"{"id": "C", "severity": "Negligible"}"#)).severities(),
            [Severity::Info]
        );
        assert_eq!(
            read(
                &FORMAT,
                &report(r#"{"id": "C", "severity": "Unknown", "cvss": [{"metrics": {"baseScore": 9.8}}]}"#)
            )
            .severities(),
            [Severity::Unknown]
        );
        let scored = read(
            &FORMAT,
            &report(
                r#"{"id": "C", "cvss": [{"metrics": {"baseScore": 4.3}}, {"metrics": {"baseScore": 7.5}}]}"#,
            ),
        );
        assert_eq!(scored.findings()[0].severity_source.raw(), "CVSS 7.5");
        assert_eq!(read(&FORMAT, &report(r#"{"id": "C"}"#)).severities(), [Severity::Unknown]);
        assert_eq!(read(&FORMAT, &report("null")).severities(), [Severity::Unknown]);
    }

    #[test]
    fn what_was_ignored_is_suppressed_with_its_reason() {
        let read = read(
            &FORMAT,
            r#"{"matches": [], "ignoredMatches": [{"vulnerability": {"id": "C", "severity": "High"}, "artifact": {"name": "p"}, "appliedIgnoreRules": [{"vulnerability": "C", "reason": "not reachable"}]}]}"#,
        );
        assert_eq!((read.severities().len(), read.scan().suppressed), (0, 1));
        assert_eq!(read.findings()[0].suppression.as_ref().unwrap().reason.raw(), "not reachable");
    }

    #[test]
    fn packages_that_were_not_looked_at_are_not_clean() {
        let health = |alert: &str| {
            read(&FORMAT, &format!(r#"{{"matches": [], "descriptor": {{}}, "alertsByPackage": {alert}}}"#))
                .health()
        };
        let disabled =
            r#"[{"package": {"name": "pacman"}, "alerts": [{"type": "distro-disabled", "message": "m"}]}]"#;
        assert_eq!(health(disabled), Health::Degraded);
        assert_eq!(health(&disabled.replace("distro-disabled", "distro-eol")), Health::Complete);
        assert_eq!(health("[]"), Health::Complete);
        assert_eq!(health("7"), Health::Degraded);
    }

    #[test]
    fn without_an_array_of_matches_the_scan_failed() {
        assert_eq!(read(&FORMAT, r#"{"matches": null, "descriptor": {}}"#).health(), Health::Failed);
        assert_eq!(read(&FORMAT, r#"{"matches": [], "descriptor": {}}"#).health(), Health::Complete);
    }
}
