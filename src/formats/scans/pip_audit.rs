//! `pip-audit -f json` (security.md b8). It gives no severity at all.

use super::findings::{Draft, Reading, read_scan, sentence, short, shorts};
use crate::diagnostic::{Code, Weight};
use crate::formats::json::{Json, JsonKind};
use crate::formats::{Context, Format, Head, ParseError, Parsed, Source};
use crate::model::{Health, Kind, ScanClass};

pub(super) const FORMAT: Format = Format {
    id: "pip-audit",
    kind: Kind::Scan,
    name: "pip-audit",
    default_globs: &["pip-audit*.json", "pip_audit*.json"],
    spec_url: "https://github.com/pypa/pip-audit#json",
    sniff,
    parse,
};

fn sniff(head: &Head) -> bool {
    let Some(json) = head.json() else { return false };
    if json.array {
        return json.has("name") && (json.has("vulns") || json.has("skip_reason"));
    }
    let only_ours =
        json.has("dependencies") && json.keys.iter().all(|key| key == "dependencies" || key == "fixes");
    let entry = json.has_inner("dependencies", "vulns") || json.has_inner("dependencies", "skip_reason");
    // Nothing audited: `{"dependencies": []}`.
    let dense: String = head.text().chars().take(64).filter(|c| !c.is_whitespace()).collect();
    only_ours && (entry || dense.starts_with("{\"dependencies\":[]"))
}

/// What is known of the report as a whole.
#[derive(Debug, Default)]
struct Audit {
    audited: u64,
    skipped: u64,
    array: bool,
}

fn parse(source: &mut Source<'_>, context: &mut Context) -> Result<Parsed, ParseError> {
    read_scan(source, context, Reading::new("pip-audit", ScanClass::Dependency), |json, context, reading| {
        let mut audit = Audit::default();
        if json.kind()? == JsonKind::Array {
            audit.array = json.array(|json| read_dependency(json, context, reading, &mut audit))?;
        } else {
            json.object(|json, key| {
                match key {
                    "dependencies" => {
                        let array = json.array(|json| read_dependency(json, context, reading, &mut audit))?;
                        audit.array = array;
                    }
                    _ => json.skip()?,
                }
                Ok(())
            })?;
        }
        if !audit.array {
            reading.has_no_list(context, json, "dependencies");
        } else if audit.audited == 0 {
            let reason = "no dependency was audited";
            reading.health.worsen(context, json, Health::Empty, Code::EmptyReport, reason);
        }
        Ok(())
    })
}

fn read_dependency(
    json: &mut Json<'_, '_>,
    context: &mut Context,
    reading: &mut Reading,
    audit: &mut Audit,
) -> Result<(), ParseError> {
    let mut dependency = Draft {
        ecosystem: "pypi".to_owned(),
        source: "pip-audit, no severity".to_owned(),
        ..Draft::default()
    };
    let (mut vulnerabilities, mut audited, mut skipped) = (Vec::new(), false, String::new());
    const MOST: usize = 1_000;
    let is_object = json.object(|json, key| {
        match key {
            "name" => dependency.package = short(json)?,
            "version" => dependency.version = short(json)?,
            "skip_reason" => skipped = sentence(json)?,
            "vulns" => {
                audited = json.array(|json| {
                    let vulnerability = read_vulnerability(json)?;
                    if vulnerabilities.len() == MOST {
                        reading.add_unknown();
                    } else {
                        vulnerabilities.push(vulnerability);
                    }
                    Ok(())
                })?;
            }
            _ => json.skip()?,
        }
        Ok(())
    })?;
    if !is_object || !audited && skipped.is_empty() {
        let reason = "a dependency has neither `vulns` nor a reason why it was skipped";
        reading.health.worsen(context, json, Health::Degraded, Code::MissingField, reason);
    }
    if skipped.is_empty() {
        audit.audited += u64::from(audited);
    } else {
        // Mostly the project itself, or a package of a private index: named, and no defect of the scan.
        audit.skipped += 1;
        context.warn(Code::MissingField, Weight::Warning, format!("not audited: {skipped}"), json.position());
    }
    for Vulnerability { id, aliases, description, fix } in vulnerabilities {
        let mut draft = Draft { rule: id, message: description, ..dependency.clone() };
        draft.traits.fix = fix;
        for alias in &aliases {
            draft.alias(alias);
        }
        reading.add(context, &draft);
    }
    Ok(())
}

/// One entry of `vulns`.
#[derive(Default)]
struct Vulnerability {
    id: String,
    aliases: Vec<String>,
    description: String,
    fix: Option<bool>,
}

fn read_vulnerability(json: &mut Json<'_, '_>) -> Result<Vulnerability, ParseError> {
    let mut vulnerability = Vulnerability::default();
    let Vulnerability { id, aliases, description, fix } = &mut vulnerability;
    json.object(|json, key| {
        match key {
            "id" => *id = short(json)?,
            "aliases" => *aliases = shorts(json)?,
            "description" => *description = sentence(json)?,
            "fix_versions" if json.kind()? == JsonKind::Array => *fix = Some(!shorts(json)?.is_empty()),
            _ => json.skip()?,
        }
        Ok(())
    })?;
    Ok(vulnerability)
}

#[cfg(test)]
mod tests {
    use super::super::testing::read;
    use super::*;
    use crate::model::Severity;

    #[test]
    fn vulnerabilities_have_no_severity() {
        let read = read(
            &FORMAT,
            r#"{"dependencies": [{"name": "p", "version": "1", "vulns": [{"id": "PYSEC-1", "aliases": ["CVE-1"], "fix_versions": ["2"]}]}, {"name": "q", "version": "1", "vulns": []}], "fixes": []}"#,
        );
        assert_eq!((read.severities(), read.health()), (vec![Severity::Unknown], Health::Complete));
        assert_eq!(read.findings()[0].aliases[0].raw(), "CVE-1");
    }

    #[test]
    fn what_was_skipped_is_named() {
        let read = read(
            &FORMAT,
            r#"{"dependencies": [{"name": "p", "version": "1", "vulns": []}, {"name": "q", "skip_reason": "not on PyPI: q"}]}"#,
        );
        assert_eq!(read.health(), Health::Complete);
        assert!(read.warnings[0].message.raw().contains("not on PyPI: q"));
    }

    #[test]
    fn nothing_audited_is_not_clean() {
        assert_eq!(read(&FORMAT, r#"{"dependencies": []}"#).health(), Health::Empty);
        assert_eq!(
            read(&FORMAT, r#"{"dependencies": [{"name": "q", "skip_reason": "s"}]}"#).health(),
            Health::Empty
        );
        assert_eq!(
            read(&FORMAT, r#"{"dependencies": [{"name": "q", "vulns": null}]}"#).health(),
            Health::Empty
        );
        assert_eq!(
            read(&FORMAT, r#"{"dependencies": [{"name": "p", "vulns": []}, {"name": "q", "vulns": null}]}"#)
                .health(),
            Health::Degraded
        );
    }

    #[test]
    fn the_old_array_is_read_and_other_files_with_dependencies_are_not_claimed() {
        let old = read(&FORMAT, r#"[{"name": "p", "version": "1", "vulns": [{"id": "PYSEC-1"}]}]"#);
        assert_eq!(old.severities(), [Severity::Unknown]);
        for text in
            [r#"{"dependencies": {"vulns": "1"}, "name": "x"}"#, r#"{"dependencies": {"left-pad": "1"}}"#]
        {
            assert!(!sniff(&Source::from_bytes(text.as_bytes()).head().unwrap()), "{text}");
        }
    }
}
