//! `cargo audit --json` (security.md b8).

use super::findings::{Draft, Reading, read_scan, sentence, short, shorts, vector_severity};
use crate::diagnostic::Code;
use crate::formats::json::Json;
use crate::formats::{Context, Format, Head, ParseError, Parsed, Source};
use crate::model::{Health, Kind, ScanClass, Severity};

pub(super) const FORMAT: Format = Format {
    id: "cargo-audit",
    kind: Kind::Scan,
    name: "cargo audit",
    default_globs: &["cargo-audit*.json"],
    spec_url: "https://docs.rs/rustsec/latest/rustsec/report/struct.Report.html",
    sniff,
    parse,
};

fn sniff(head: &Head) -> bool {
    let Some(json) = head.json().filter(|json| !json.array) else { return false };
    json.has("lockfile") && json.has("vulnerabilities") && (json.has("database") || json.has("settings"))
}

fn parse(source: &mut Source<'_>, context: &mut Context) -> Result<Parsed, ParseError> {
    read_scan(
        source,
        context,
        Reading::new("cargo audit", ScanClass::Dependency),
        |json, context, reading| {
            let (mut list, mut stated, mut dependencies) = (false, None, None);
            let mut listed = 0_u64;
            json.object(|json, key| {
                match key {
                    "lockfile" => {
                        json.object(|json, key| {
                            match key {
                                "dependency-count" => {
                                    let what = "the number of dependencies";
                                    dependencies = reading.health.stated(context, json, what)?;
                                }
                                _ => json.skip()?,
                            }
                            Ok(())
                        })?;
                    }
                    "vulnerabilities" => {
                        json.object(|json, key| {
                            match key {
                                "count" => {
                                    let what = "the number of vulnerabilities";
                                    stated = reading.health.stated(context, json, what)?;
                                }
                                "list" => {
                                    list = json.array(|json| {
                                        listed += 1;
                                        read_vulnerability(json, context, reading)
                                    })?;
                                }
                                _ => json.skip()?,
                            }
                            Ok(())
                        })?;
                    }
                    "warnings" => read_warnings(json, context, reading)?,
                    _ => json.skip()?,
                }
                Ok(())
            })?;
            if !list {
                let reason = "the report has no list of vulnerabilities";
                reading.health.worsen(context, json, Health::Failed, Code::MissingResults, reason);
            } else if let Some(stated) = stated.filter(|stated| *stated != listed) {
                let reason = format!("it states {stated} vulnerabilities and lists {listed}");
                reading.health.worsen(context, json, Health::Degraded, Code::TotalsDisagree, reason);
            }
            if dependencies == Some(0) {
                let reason = "the lockfile has no dependency";
                reading.health.worsen(context, json, Health::Empty, Code::EmptyReport, reason);
            }
            Ok(())
        },
    )
}

fn read_vulnerability(
    json: &mut Json<'_, '_>,
    context: &mut Context,
    reading: &mut Reading,
) -> Result<(), ParseError> {
    match read_advisory(json)? {
        Some((draft, _)) => reading.add(context, &draft),
        None => reading.add_unknown(),
    }
    Ok(())
}

/// `warnings`: kind (unmaintained, unsound, yanked, notice) → list. They are outside of the count of
/// vulnerabilities and state no risk.
fn read_warnings(
    json: &mut Json<'_, '_>,
    context: &mut Context,
    reading: &mut Reading,
) -> Result<(), ParseError> {
    json.entries(|json, kind| {
        json.array(|json| {
            let Some((mut draft, scored)) = read_advisory(json)? else {
                reading.add_unknown();
                return Ok(());
            };
            if !scored {
                draft.severity = Some(Severity::Info);
                draft.source = format!("cargo audit warning {kind}");
            }
            if draft.rule.is_empty() {
                kind.clone_into(&mut draft.rule);
            }
            reading.add(context, &draft);
            Ok(())
        })?;
        Ok(())
    })?;
    Ok(())
}

/// An advisory with its package, and whether it has a score.
fn read_advisory(json: &mut Json<'_, '_>) -> Result<Option<(Draft, bool)>, ParseError> {
    let mut draft = Draft {
        ecosystem: "cargo".to_owned(),
        file: "Cargo.lock".to_owned(),
        source: "cargo audit, no severity".to_owned(),
        ..Draft::default()
    };
    let (mut vector, mut aliases) = (String::new(), Vec::new());
    let is_object = json.object(|json, key| {
        match key {
            "versions" => {
                json.object(|json, key| {
                    match key {
                        "patched" => {
                            let mut any = false;
                            let is_list = json.array(|json| {
                                any = true;
                                json.skip()
                            })?;
                            draft.traits.fix = is_list.then_some(any);
                        }
                        _ => json.skip()?,
                    }
                    Ok(())
                })?;
            }
            "advisory" => {
                json.object(|json, key| {
                    match key {
                        "id" => draft.rule = short(json)?,
                        "title" => draft.message = sentence(json)?,
                        "aliases" => aliases = shorts(json)?,
                        "cvss" => vector = short(json)?,
                        _ => json.skip()?,
                    }
                    Ok(())
                })?;
            }
            "package" => {
                json.object(|json, key| {
                    match key {
                        "name" => draft.package = short(json)?,
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
    for alias in &aliases {
        draft.alias(alias);
    }
    let scored = vector_severity(&vector);
    let is_scored = scored.is_some();
    if let Some((severity, source)) = scored {
        draft.severity = Some(severity);
        draft.source = source;
    }
    Ok(is_object.then_some((draft, is_scored)))
}

#[cfg(test)]
mod tests {
    use super::super::testing::read;
    use super::*;

    fn report(list: &str, count: u32, warnings: &str) -> String {
        format!(
            r#"{{"database": {{}}, "lockfile": {{"dependency-count": 9}}, "settings": {{}}, "vulnerabilities": {{"found": true, "count": {count}, "list": [{list}]}}, "warnings": {warnings}}}"#
        )
    }

    const ONE: &str = r#"{"advisory": {"id": "RUSTSEC-2020-0001", "title": "t", "aliases": ["CVE-1"], "cvss": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}, "package": {"name": "p", "version": "1.0.0"}}"#;

    #[test]
    fn vectors_are_scored_and_none_is_unknown() {
        let none = r#"{"advisory": {"id": "RUSTSEC-2", "cvss": null}, "package": {"name": "q"}}"#;
        let read = read(&FORMAT, &report(&format!("{ONE}, {none}"), 2, "{}"));
        assert_eq!(read.severities(), [Severity::Critical, Severity::Unknown]);
        assert_eq!(read.findings()[0].severity_source.raw(), "CVSS 3.1 9.8");
        assert_eq!(read.health(), Health::Complete);
    }

    #[test]
    fn warnings_state_no_risk() {
        let warnings = r#"{"unmaintained": [{"kind": "unmaintained", "advisory": {"id": "RUSTSEC-3"}, "package": {"name": "r"}}], "yanked": [{"advisory": null, "package": {"name": "s"}}]}"#;
        let read = read(&FORMAT, &report("", 0, warnings));
        assert_eq!(read.severities(), [Severity::Info, Severity::Info]);
        let rules: Vec<_> = read.findings().iter().map(|finding| finding.rule.raw()).collect();
        assert!(rules.contains(&"yanked") && rules.contains(&"RUSTSEC-3"), "{rules:?}");
    }

    #[test]
    fn a_report_that_contradicts_itself_or_lists_nothing_is_not_trusted() {
        assert_eq!(read(&FORMAT, &report(ONE, 2, "{}")).health(), Health::Degraded);
        assert_eq!(
            read(&FORMAT, r#"{"database": {}, "lockfile": {}, "vulnerabilities": null}"#).health(),
            Health::Failed
        );
        let empty = report("", 0, "{}").replace("9}", "0}");
        assert_eq!(read(&FORMAT, &empty).health(), Health::Empty);
    }
}
