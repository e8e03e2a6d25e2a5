//! Trivy's own JSON (security.md b8): vulnerabilities, misconfigurations, secrets, licences.

use super::findings::{Draft, Reading, inside, line, read_scan, sentence, short};
use crate::diagnostic::Code;
use crate::formats::json::{Json, JsonKind};
use crate::formats::{Context, Format, Head, ParseError, Parsed, Source};
use crate::model::{Health, Kind, ScanClass};

pub(super) const FORMAT: Format = Format {
    id: "trivy",
    kind: Kind::Scan,
    name: "Trivy JSON",
    default_globs: &["trivy*.json"],
    spec_url: "https://trivy.dev/latest/docs/configuration/reporting/#json",
    sniff,
    parse,
};

fn sniff(head: &Head) -> bool {
    let Some(json) = head.json() else { return false };
    if json.array {
        // Before schema 2 the file was the array of results.
        let content = ["Vulnerabilities", "Misconfigurations", "Secrets", "Licenses", "Type", "Class"];
        return json.has("Target") && content.iter().any(|key| json.has(key));
    }
    let of_a_cluster = ["Vulnerabilities", "Misconfigurations", "Resources", "Findings"];
    json.has("SchemaVersion") && (json.has("ArtifactName") || json.has("ArtifactType") || json.has("Results"))
        || json.has("ClusterName") && of_a_cluster.iter().any(|key| json.has(key))
}

fn parse(source: &mut Source<'_>, context: &mut Context) -> Result<Parsed, ParseError> {
    read_scan(source, context, Reading::of_many("Trivy", ScanClass::Dependency), |json, context, reading| {
        let mut seen = Seen::default();
        match json.kind()? {
            JsonKind::Array => {
                json.array(|json| {
                    seen.results = true;
                    read_result(json, context, reading, &mut seen)
                })?;
            }
            JsonKind::Object => {
                json.object(|json, key| read_top(json, key, context, reading, &mut seen))?;
            }
            JsonKind::Null | JsonKind::Bool | JsonKind::Number | JsonKind::Text => json.skip()?,
        }
        if !seen.results {
            let reason = "Trivy found nothing that it can scan (no `Results`)";
            reading.health.worsen(context, json, Health::Empty, Code::EmptyReport, reason);
        }
        seen.say(reading);
        Ok(())
    })
}

/// What the results are of. Trivy does not say what it was told to look for: only a result does.
#[derive(Debug, Default)]
struct Seen {
    results: bool,
    /// True if a container image was scanned.
    image: bool,
    /// Packages are listed where they are looked up for vulnerabilities, and where their licences are.
    packages: bool,
    licenses: bool,
    vulnerabilities: bool,
}

impl Seen {
    /// Takes the class of a result. Secrets and licences have one only where something was found.
    fn class(&mut self, class: &str, reading: &mut Reading) {
        match class {
            "os-pkgs" | "lang-pkgs" => self.packages = true,
            "config" => reading.looked_for(ScanClass::Infrastructure),
            "secret" => reading.looked_for(ScanClass::Secret),
            "license" | "license-file" => {
                self.licenses = true;
                reading.looked_for(ScanClass::License);
            }
            _ => {}
        }
    }

    fn say(&self, reading: &mut Reading) {
        if self.vulnerabilities || self.packages && !self.licenses {
            reading.looked_for(ScanClass::Dependency);
        }
        if self.image {
            reading.of_an_image();
        }
    }
}

fn read_top(
    json: &mut Json<'_, '_>,
    key: &str,
    context: &mut Context,
    reading: &mut Reading,
    seen: &mut Seen,
) -> Result<(), ParseError> {
    match key {
        "ArtifactType" => seen.image = short(json)? == "container_image",
        "SchemaVersion" => {
            let version = json.integer()?;
            if version != Some(2) {
                let message = "the schema version of the report is not 2";
                reading.health.worsen(context, json, Health::Degraded, Code::UnsupportedVersion, message);
            }
        }
        "Trivy" => {
            json.object(|json, key| {
                match key {
                    "Version" => reading.version = short(json)?,
                    "VulnerabilityDB" => read_database(json, reading)?,
                    // Where a server scans, its database counts.
                    "Server" => {
                        inside(json, "VulnerabilityDB", |json| read_database(json, reading))?;
                    }
                    _ => json.skip()?,
                }
                Ok(())
            })?;
        }
        "Results" => {
            json.array(|json| {
                seen.results = true;
                read_result(json, context, reading, seen)
            })?;
        }
        // Of a cluster: per resource, with results inside.
        "Vulnerabilities" | "Misconfigurations" | "Resources" | "Findings" => {
            json.array(|json| {
                seen.results = true;
                read_resource(json, context, reading, seen)
            })?;
        }
        _ => json.skip()?,
    }
    Ok(())
}

/// When the database was built. Trivy names it from the version on that writes `Trivy.VulnerabilityDB`; older reports
/// do not say it.
fn read_database(json: &mut Json<'_, '_>, reading: &mut Reading) -> Result<(), ParseError> {
    inside(json, "UpdatedAt", |json| {
        reading.database = short(json)?;
        Ok(())
    })?;
    Ok(())
}

fn read_resource(
    json: &mut Json<'_, '_>,
    context: &mut Context,
    reading: &mut Reading,
    seen: &mut Seen,
) -> Result<(), ParseError> {
    let is_object = json.object(|json, key| {
        match key {
            "Results" => {
                json.array(|json| read_result(json, context, reading, seen))?;
            }
            "Error" => {
                let text = sentence(json)?;
                if !text.is_empty() {
                    let reason = format!("Trivy could not scan a resource: {text}");
                    reading.health.worsen(context, json, Health::Degraded, Code::ToolFailed, reason);
                }
            }
            _ => json.skip()?,
        }
        Ok(())
    })?;
    if !is_object {
        reading.add_unknown();
    }
    Ok(())
}

fn read_result(
    json: &mut Json<'_, '_>,
    context: &mut Context,
    reading: &mut Reading,
    seen: &mut Seen,
) -> Result<(), ParseError> {
    let (mut target, mut kind) = (String::new(), String::new());
    let mark = reading.mark();
    let is_object = json.object(|json, key| {
        match key {
            "Target" => target = short(json)?,
            "Type" => kind = short(json)?,
            "Class" => seen.class(&short(json)?, reading),
            "Vulnerabilities" => {
                seen.vulnerabilities |= json.kind()? == JsonKind::Array;
                read_findings(json, context, reading, ScanClass::Dependency)?;
            }
            "Misconfigurations" => read_findings(json, context, reading, ScanClass::Infrastructure)?,
            "Secrets" => read_findings(json, context, reading, ScanClass::Secret)?,
            "Licenses" => read_findings(json, context, reading, ScanClass::License)?,
            "ExperimentalModifiedFindings" | "ModifiedFindings" => {
                json.array(|json| read_modified(json, context, reading))?;
            }
            _ => json.skip()?,
        }
        Ok(())
    })?;
    if !is_object {
        reading.add_unknown();
    } else if target.is_empty() {
        let reason = "a result does not say what was scanned (`Target`)";
        reading.health.worsen(context, json, Health::Degraded, Code::MissingField, reason);
    }
    reading.place_since(mark, &target);
    reading.ecosystem_since(mark, &kind);
    Ok(())
}

fn read_findings(
    json: &mut Json<'_, '_>,
    context: &mut Context,
    reading: &mut Reading,
    class: ScanClass,
) -> Result<(), ParseError> {
    json.array(|json| {
        match read_finding(json, class)? {
            Some((draft, true)) => reading.add(context, &draft),
            Some((_, false)) => {}
            None => reading.add_unknown(),
        }
        Ok(())
    })?;
    Ok(())
}

/// A finding, and whether it is one: misconfigurations also list what passed. `None` if it is no object.
fn read_finding(json: &mut Json<'_, '_>, class: ScanClass) -> Result<Option<(Draft, bool)>, ParseError> {
    let mut draft = Draft { class: Some(class), ..Draft::default() };
    let (mut severity, mut source) = (String::new(), String::new());
    let (mut id, mut status, mut license) = (String::new(), String::new(), String::new());
    let (mut message, mut fixed) = (String::new(), String::new());
    let is_object = json.object(|json, key| {
        match key {
            "VulnerabilityID" | "ID" | "RuleID" => id = short(json)?,
            "PkgName" => draft.package = short(json)?,
            "InstalledVersion" => draft.version = short(json)?,
            "PkgPath" | "FilePath" => draft.file = short(json)?,
            "Severity" => severity = short(json)?,
            "SeveritySource" => source = short(json)?,
            "Status" => status = short(json)?,
            "FixedVersion" => fixed = short(json)?,
            "Title" => draft.message = sentence(json)?,
            // The line of a secret is masked by Trivy; it is not kept all the same.
            "Message" | "Description" => message = sentence(json)?,
            "Name" => license = short(json)?,
            "StartLine" => draft.line = line(json)?,
            "CauseMetadata" => {
                inside(json, "StartLine", |json| {
                    draft.line = line(json)?;
                    Ok(())
                })?;
            }
            "VendorIDs" => {
                json.array(|json| {
                    let vendor_id = short(json)?;
                    draft.alias(&vendor_id);
                    Ok(())
                })?;
            }
            _ => json.skip()?,
        }
        Ok(())
    })?;
    if !is_object {
        return Ok(None);
    }
    let origin = if source.is_empty() { "trivy".to_owned() } else { format!("trivy/{source}") };
    draft.say(&origin, &severity);
    draft.rule = if class == ScanClass::License { license } else { id };
    if draft.message.is_empty() {
        draft.message = message;
    }
    // `will_not_fix`, `fix_deferred` and `end_of_life` say that there is none.
    draft.traits.fix = match (class, fixed.is_empty(), status.as_str()) {
        (ScanClass::Dependency, false, _) => Some(true),
        (ScanClass::Dependency, true, "affected" | "will_not_fix" | "fix_deferred" | "end_of_life") => {
            Some(false)
        }
        _ => None,
    };
    let failed = class != ScanClass::Infrastructure || !matches!(status.as_str(), "PASS" | "EXCEPTION");
    Ok(Some((draft, failed)))
}

/// A finding that VEX or an ignore file hides.
fn read_modified(
    json: &mut Json<'_, '_>,
    context: &mut Context,
    reading: &mut Reading,
) -> Result<(), ParseError> {
    let (mut status, mut statement) = (String::new(), String::new());
    let mut finding = None;
    json.object(|json, key| {
        match key {
            "Status" => status = short(json)?,
            "Statement" => statement = sentence(json)?,
            "Finding" => finding = read_finding(json, ScanClass::Dependency)?,
            _ => json.skip()?,
        }
        Ok(())
    })?;
    let Some((mut draft, _)) = finding else {
        reading.add_unknown();
        return Ok(());
    };
    let by = if status == "ignored" { "ignore-file" } else { "vex" };
    draft.suppressed = Some((by, if statement.is_empty() { status } else { statement }));
    reading.add(context, &draft);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::read;
    use super::*;
    use crate::model::Severity;

    fn result(fields: &str) -> String {
        format!(
            r#"{{"SchemaVersion": 2, "ArtifactName": "app", "Results": [{{{fields}, "Target": "Cargo.lock", "Type": "cargo"}}]}}"#
        )
    }

    #[test]
    fn the_vendors_severity_is_taken_as_it_is_and_not_computed_anew() {
        let read = read(
            &FORMAT,
            &result(
                r#""Vulnerabilities": [{"VulnerabilityID": "CVE-1", "PkgName": "p", "InstalledVersion": "1", "Severity": "LOW", "SeveritySource": "ghsa", "Title": "t", "CVSS": {"nvd": {"V3Score": 9.8}}}, {"VulnerabilityID": "CVE-2", "PkgName": "q", "Severity": "UNKNOWN"}, {"VulnerabilityID": "CVE-3", "PkgName": "q"}]"#,
            ),
        );
        assert_eq!(read.severities(), [Severity::Low, Severity::Unknown, Severity::Unknown]);
        let finding = read.findings().iter().find(|finding| finding.severity == Severity::Low).unwrap();
        assert_eq!(finding.severity_source.raw(), "trivy/ghsa LOW");
        let package = finding.package.as_ref().unwrap();
        assert_eq!((package.ecosystem.raw(), package.name.raw(), package.version.raw()), ("cargo", "p", "1"));
        // The file's name stands behind the findings.
        assert_eq!(finding.place.as_ref().unwrap().file.raw(), "Cargo.lock");
    }

    #[test]
    fn of_misconfigurations_only_those_that_failed_count() {
        let read = read(
            &FORMAT,
            &result(
                r#""Misconfigurations": [{"ID": "DS001", "Severity": "HIGH", "Status": "FAIL", "CauseMetadata": {"StartLine": 3}}, {"ID": "DS002", "Severity": "HIGH", "Status": "PASS"}, {"ID": "DS003", "Severity": "HIGH", "Status": "EXCEPTION"}, {"ID": "DS004", "Severity": "HIGH", "Status": "new word"}]"#,
            ),
        );
        assert_eq!(read.severities(), [Severity::High, Severity::High]);
        assert_eq!(read.findings()[0].class, ScanClass::Infrastructure);
        assert_eq!(read.findings()[0].place.as_ref().unwrap().line.unwrap().get(), 3);
    }

    #[test]
    fn secrets_and_licences_are_classes_of_their_own() {
        let read = read(
            &FORMAT,
            &result(
                r#""Secrets": [{"RuleID": "aws", "Severity": "CRITICAL", "Title": "AWS key", "Match": "key=AKIAHUNTER2", "StartLine": 4}], "Licenses": [{"Name": "GPL-3.0", "PkgName": "p", "Severity": "HIGH"}]"#,
            ),
        );
        let classes: Vec<_> =
            read.findings().iter().map(|finding| (finding.class, finding.rule.raw())).collect();
        assert_eq!(classes, [(ScanClass::Secret, "aws"), (ScanClass::License, "GPL-3.0")]);
        assert!(!serde_json::to_string(read.findings()).unwrap().contains("HUNTER2"));
    }

    #[test]
    fn what_vex_hides_is_suppressed() {
        let read = read(
            &FORMAT,
            &result(
                r#""ExperimentalModifiedFindings": [{"Type": "vulnerability", "Status": "not_affected", "Statement": "not reachable", "Finding": {"VulnerabilityID": "CVE-1", "PkgName": "p", "Severity": "HIGH"}}]"#,
            ),
        );
        assert_eq!((read.severities().len(), read.scan().suppressed), (0, 1));
        assert_eq!(read.findings()[0].suppression.as_ref().unwrap().reason.raw(), "not reachable");
    }

    #[test]
    fn nothing_scanned_is_empty_and_nothing_found_is_complete() {
        assert_eq!(read(&FORMAT, r#"{"SchemaVersion": 2, "ArtifactName": "x"}"#).health(), Health::Empty);
        assert_eq!(
            read(&FORMAT, r#"{"SchemaVersion": 2, "ArtifactName": "x", "Results": null}"#).health(),
            Health::Empty
        );
        assert_eq!(read(&FORMAT, &result(r#""Class": "lang-pkgs""#)).health(), Health::Complete);
        assert_eq!(super::super::testing::read_as(&FORMAT, b"null").health(), Health::Empty);
    }

    #[test]
    fn another_schema_is_not_trusted() {
        let read =
            read(&FORMAT, r#"{"SchemaVersion": 3, "ArtifactName": "x", "Results": [{"Target": "t"}]}"#);
        assert_eq!(read.health(), Health::Degraded);
    }

    #[test]
    fn clusters_and_the_old_array_are_read() {
        let old = read(
            &FORMAT,
            r#"[{"Target": "t", "Type": "npm", "Vulnerabilities": [{"VulnerabilityID": "CVE-1", "Severity": "HIGH"}]}]"#,
        );
        assert_eq!(old.severities(), [Severity::High]);
        let cluster = read(
            &FORMAT,
            r#"{"ClusterName": "c", "Resources": [{"Results": [{"Target": "t", "Misconfigurations": [{"ID": "K1", "Severity": "LOW", "Status": "FAIL"}]}]}, {"Error": "denied"}]}"#,
        );
        assert_eq!((cluster.severities(), cluster.health()), (vec![Severity::Low], Health::Degraded));
    }

    #[test]
    fn what_is_no_object_counts_as_unknown() {
        let read = read(&FORMAT, &result(r#""Vulnerabilities": [null]"#));
        assert_eq!(read.severities(), [Severity::Unknown]);
    }
}
