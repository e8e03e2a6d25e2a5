//! `snyk test --json`, for one project or many, with containers and infrastructure as code (security.md b8).
//! Snyk Code writes SARIF.

use super::findings::{
    Draft, Reading, inside, line, read_scan, sentence, short, shorts, take_scalar, text_hash,
};
use crate::diagnostic::Code;
use crate::formats::json::{Json, JsonKind};
use crate::formats::{Context, Format, Head, ParseError, Parsed, Source};
use crate::model::{Epss, Health, Kind, ScanClass};
use std::collections::HashSet;

pub(super) const FORMAT: Format = Format {
    id: "snyk",
    kind: Kind::Scan,
    name: "Snyk JSON",
    default_globs: &["snyk*.json"],
    spec_url: "https://docs.snyk.io/developer-tools/snyk-cli/commands/test",
    sniff,
    parse,
};

fn sniff(head: &Head) -> bool {
    let Some(json) = head.json() else { return false };
    let around = ["dependencyCount", "packageManager", "uniqueCount", "displayTargetFile", "isPrivate"];
    // A long list of vulnerabilities stands before everything else.
    let entry = json.has_inner("vulnerabilities", "moduleName") && json.has_inner("vulnerabilities", "id");
    json.has("vulnerabilities") && (around.iter().any(|key| json.has(key)) || entry)
        || json.has("ok") && json.has("error") && json.has("path")
        || json.has("infrastructureAsCodeIssues")
}

/// What is known over all projects.
#[derive(Debug, Default)]
struct Projects {
    count: u64,
    dependencies: Option<u64>,
    /// True if one is a container image.
    image: bool,
}

fn parse(source: &mut Source<'_>, context: &mut Context) -> Result<Parsed, ParseError> {
    read_scan(source, context, Reading::of_many("snyk", ScanClass::Dependency), |json, context, reading| {
        let mut projects = Projects::default();
        match json.kind()? {
            JsonKind::Array => {
                json.array(|json| read_project(json, context, reading, &mut projects))?;
            }
            _ => read_project(json, context, reading, &mut projects)?,
        }
        if projects.count == 0 || projects.dependencies == Some(0) && reading.count() == 0 {
            let reason = "Snyk found nothing that it can test";
            reading.health.worsen(context, json, Health::Empty, Code::EmptyReport, reason);
        }
        if projects.image {
            reading.of_an_image();
        }
        Ok(())
    })
}

fn read_project(
    json: &mut Json<'_, '_>,
    context: &mut Context,
    reading: &mut Reading,
    projects: &mut Projects,
) -> Result<(), ParseError> {
    projects.count += 1;
    let (mut file, mut error, mut tested) = (String::new(), None, false);
    let mut seen = HashSet::new();
    let mark = reading.mark();
    json.object(|json, key| {
        match key {
            "vulnerabilities" => {
                tested = json.array(|json| read_vulnerability(json, context, reading, &mut seen, false))?;
                if tested {
                    reading.looked_for(ScanClass::Dependency);
                }
            }
            "infrastructureAsCodeIssues" => {
                tested = json.array(|json| read_issue(json, context, reading))?;
                if tested {
                    reading.looked_for(ScanClass::Infrastructure);
                }
            }
            "filtered" => {
                json.object(|json, key| {
                    match key {
                        "ignore" | "patch" => {
                            json.array(|json| read_vulnerability(json, context, reading, &mut seen, true))?;
                        }
                        _ => json.skip()?,
                    }
                    Ok(())
                })?;
            }
            // Of a container: the projects inside of it.
            "applications" => {
                json.array(|json| read_project(json, context, reading, projects))?;
            }
            "dependencyCount" => {
                let what = "the number of dependencies";
                if let Some(count) = reading.health.stated(context, json, what)? {
                    projects.dependencies =
                        Some(projects.dependencies.map_or(count, |sum| sum.saturating_add(count)));
                }
            }
            "docker" => projects.image |= json.object(|json, _| json.skip())?,
            "licensesPolicy" => read_license_policy(json, reading)?,
            "displayTargetFile" | "targetFile" => {
                let name = short(json)?;
                if !name.is_empty() {
                    file = name;
                }
            }
            "error" => {
                error = Some(match json.kind()? {
                    JsonKind::Text => sentence(json)?,
                    _ => {
                        json.skip()?;
                        String::new()
                    }
                });
            }
            _ => json.skip()?,
        }
        Ok(())
    })?;
    reading.place_since(mark, &file);
    if let Some(error) = error {
        let reason = format!("Snyk could not test a project: {error}");
        reading.health.worsen(context, json, Health::Failed, Code::ToolFailed, reason);
    } else if !tested {
        let reason = "a project has no array of vulnerabilities";
        reading.health.worsen(context, json, Health::Failed, Code::MissingResults, reason);
    }
    Ok(())
}

/// The organisation's rules for licences. Without one no licence can break any.
fn read_license_policy(json: &mut Json<'_, '_>, reading: &mut Reading) -> Result<(), ParseError> {
    json.object(|json, key| {
        match key {
            "severities" | "orgLicenseRules" => {
                json.entries(|json, _| {
                    reading.looked_for(ScanClass::License);
                    json.skip()
                })?;
            }
            _ => json.skip()?,
        }
        Ok(())
    })?;
    Ok(())
}

/// A vulnerability is repeated for each path that leads to its package.
fn read_vulnerability(
    json: &mut Json<'_, '_>,
    context: &mut Context,
    reading: &mut Reading,
    seen: &mut HashSet<u64>,
    ignored: bool,
) -> Result<(), ParseError> {
    let mut draft = Draft { source: "snyk, no severity".to_owned(), ..Draft::default() };
    let (mut module, mut aliases, mut reason) = (String::new(), Vec::new(), String::new());
    let is_object = reading.entry(json, |json, key| {
        match key {
            "id" => draft.rule = short(json)?,
            "title" => draft.message = sentence(json)?,
            "packageName" => draft.package = short(json)?,
            "moduleName" => module = short(json)?,
            "version" => draft.version = short(json)?,
            "packageManager" => draft.ecosystem = short(json)?,
            // An upgrade of what the project names, a patch, or a version of the package itself.
            "isUpgradable" | "isPatchable" => draft.traits.fix = draft.traits.fix.max(json.boolean()?),
            "fixedIn" if json.kind()? == JsonKind::Array => {
                draft.traits.fix = draft.traits.fix.max(Some(!shorts(json)?.is_empty()));
            }
            "epssDetails" => {
                json.object(|json, key| {
                    match key {
                        "probability" => {
                            let mut text = String::new();
                            take_scalar(json, &mut text)?;
                            draft.traits.epss = Epss::parse(&text);
                        }
                        _ => json.skip()?,
                    }
                    Ok(())
                })?;
            }
            // Snyk's own word; its score may stand in another band.
            "severity" => {
                let word = short(json)?;
                draft.say("snyk", &word);
            }
            "type" if json.kind()? == JsonKind::Text => {
                if json.text()? == Some("license") {
                    draft.class = Some(ScanClass::License);
                }
            }
            "identifiers" => {
                json.entries(|json, kind| {
                    match kind {
                        "CVE" | "GHSA" | "ALTERNATIVE" => aliases.append(&mut shorts(json)?),
                        _ => json.skip()?,
                    }
                    Ok(())
                })?;
            }
            "filtered" => {
                json.object(|json, key| {
                    match key {
                        "ignored" => {
                            json.array(|json| {
                                inside(json, "reason", |json| {
                                    reason = sentence(json)?;
                                    Ok(())
                                })?;
                                Ok(())
                            })?;
                        }
                        _ => json.skip()?,
                    }
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
    if draft.package.is_empty() {
        draft.package = module;
    }
    for alias in &aliases {
        draft.alias(alias);
    }
    if ignored {
        draft.suppressed = Some(("ignore-file", reason));
    }
    const MOST_SEEN: usize = 50_000;
    let key = text_hash(&format!("{}\u{1} {}@{} {ignored}", draft.rule, draft.package, draft.version));
    if seen.len() >= MOST_SEEN || seen.insert(key) {
        reading.add(context, &draft);
    }
    Ok(())
}

fn read_issue(
    json: &mut Json<'_, '_>,
    context: &mut Context,
    reading: &mut Reading,
) -> Result<(), ParseError> {
    let mut draft = Draft { class: Some(ScanClass::Infrastructure), ..Draft::default() };
    let mut ignored = false;
    let is_object = reading.entry(json, |json, key| {
        match key {
            "id" => draft.rule = short(json)?,
            "title" => draft.message = sentence(json)?,
            "lineNumber" => draft.line = line(json)?,
            "isIgnored" => ignored = json.boolean()? == Some(true),
            "severity" => {
                let word = short(json)?;
                draft.say("snyk", &word);
            }
            _ => json.skip()?,
        }
        Ok(())
    })?;
    if !is_object {
        return Ok(());
    }
    if ignored {
        draft.suppressed = Some(("ignore-file", String::new()));
    }
    reading.add(context, &draft);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::read;
    use super::*;
    use crate::model::Severity;

    const ONE: &str = r#"{"id": "SNYK-1", "title": "t", "severity": "high", "cvssScore": 9.8, "packageName": "p", "version": "1", "identifiers": {"CVE": ["CVE-1"], "CWE": ["CWE-1"]}}"#;

    fn project(vulnerabilities: &str, more: &str) -> String {
        format!(
            r#"{{"vulnerabilities": [{vulnerabilities}], "ok": false, "dependencyCount": 4, "displayTargetFile": "pom.xml", "packageManager": "maven"{more}}}"#
        )
    }

    #[test]
    fn a_vulnerability_that_is_repeated_for_each_path_is_one_finding() {
        let read = read(&FORMAT, &project(&format!("{ONE}, {ONE}"), ""));
        assert_eq!(read.severities(), [Severity::High]);
        let finding = &read.findings()[0];
        assert_eq!(
            (finding.aliases[0].raw(), finding.place.as_ref().unwrap().file.raw()),
            ("CVE-1", "pom.xml")
        );
    }

    #[test]
    fn many_projects_are_read_and_one_that_failed_fails_the_scan() {
        let good = project(ONE, "");
        assert_eq!(read(&FORMAT, &format!("[{good}, {good}]")).severities().len(), 2);
        let failed = format!(r#"[{good}, {{"ok": false, "error": "could not resolve", "path": "x"}}]"#);
        let failed = read(&FORMAT, &failed);
        assert_eq!((failed.health(), failed.severities().len()), (Health::Failed, 1));
        assert!(failed.scan().health_reason.raw().contains("could not resolve"));
        assert_eq!(read(&FORMAT, r#"{"ok": false, "error": "x", "path": "p"}"#).health(), Health::Failed);
    }

    #[test]
    fn what_is_ignored_is_suppressed_and_licences_are_a_class() {
        let ignored = project(
            "",
            &format!(
                r#", "filtered": {{"ignore": [{}]}}"#,
                ONE.replace("\"title\"", r#""filtered": {"ignored": [{"reason": "why"}]}, "title""#)
            ),
        );
        let ignored = read(&FORMAT, &ignored);
        assert_eq!((ignored.scan().suppressed, ignored.severities().len()), (1, 0));
        assert_eq!(ignored.findings()[0].suppression.as_ref().unwrap().reason.raw(), "why");
        let license = read(&FORMAT, &project(&ONE.replace("\"title\"", r#""type": "license", "title""#), ""));
        assert_eq!(license.findings()[0].class, ScanClass::License);
    }

    #[test]
    fn nothing_to_test_is_empty() {
        assert_eq!(
            read(&FORMAT, &project("", "").replace("\"dependencyCount\": 4", "\"dependencyCount\": 0"))
                .health(),
            Health::Empty
        );
        assert_eq!(read(&FORMAT, &project("", "")).health(), Health::Complete);
        assert_eq!(read(&FORMAT, &project("", "").replace("[]", "null")).health(), Health::Failed);
    }

    #[test]
    fn infrastructure_is_read() {
        let read = read(
            &FORMAT,
            r#"{"infrastructureAsCodeIssues": [{"id": "SNYK-CC-1", "severity": "medium", "title": "t", "lineNumber": 3}], "targetFile": "main.tf"}"#,
        );
        assert_eq!(
            (read.severities(), read.findings()[0].class),
            (vec![Severity::Medium], ScanClass::Infrastructure)
        );
        assert_eq!(read.findings()[0].place.as_ref().unwrap().file.raw(), "main.tf");
    }
}
