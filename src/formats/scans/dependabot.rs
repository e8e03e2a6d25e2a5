//! Dependabot alerts, as GitHub's REST and GraphQL interfaces give them (security.md b8).

use super::findings::{Draft, Reading, inside, read_scan, sentence, short, take_scalar};
use crate::diagnostic::Code;
use crate::formats::json::{Json, JsonKind};
use crate::formats::{Context, Format, Head, ParseError, Parsed, Source};
use crate::model::{Epss, Health, Kind, ScanClass};

pub(super) const FORMAT: Format = Format {
    id: "dependabot",
    kind: Kind::Scan,
    name: "Dependabot alerts",
    default_globs: &["dependabot*.json"],
    spec_url: "https://docs.github.com/en/rest/dependabot/alerts",
    sniff,
    parse,
};

fn sniff(head: &Head) -> bool {
    let Some(json) = head.json() else { return false };
    if json.array {
        return json.has("security_advisory") && json.has("dependency");
    }
    json.has("data") && head.text().contains("\"vulnerabilityAlerts\"")
}

fn parse(source: &mut Source<'_>, context: &mut Context) -> Result<Parsed, ParseError> {
    read_scan(source, context, Reading::new("Dependabot", ScanClass::Dependency), |json, context, reading| {
        let (mut lists, mut failed) = (0_u64, false);
        // `gh api --paginate` writes one answer per page, behind one another.
        while json.more()? {
            let before = lists;
            if json.kind()? == JsonKind::Array {
                lists += 1;
                json.array(|json| read_page(json, context, reading))?;
            } else {
                find_lists(json, context, reading, &mut lists)?;
            }
            // An error in place of a page.
            failed |= lists == before;
        }
        if failed || lists == 0 {
            let reason = "the answer has no list of alerts";
            reading.health.worsen(context, json, Health::Failed, Code::MissingResults, reason);
        }
        Ok(())
    })
}

/// An alert, or a page of them inside of the list of pages (`--slurp`).
fn read_page(
    json: &mut Json<'_, '_>,
    context: &mut Context,
    reading: &mut Reading,
) -> Result<(), ParseError> {
    if json.kind()? != JsonKind::Array {
        return read_alert(json, context, reading);
    }
    json.array(|json| read_alert(json, context, reading))?;
    Ok(())
}

/// Looks for `vulnerabilityAlerts` anywhere in a GraphQL answer: queries differ.
fn find_lists(
    json: &mut Json<'_, '_>,
    context: &mut Context,
    reading: &mut Reading,
    lists: &mut u64,
) -> Result<(), ParseError> {
    match json.kind()? {
        JsonKind::Array => {
            json.array(|json| find_lists(json, context, reading, lists))?;
        }
        JsonKind::Object => {
            json.object(|json, key| match key {
                "vulnerabilityAlerts" => read_list(json, context, reading, lists),
                "errors" => {
                    if json.kind()? != JsonKind::Null {
                        let reason = "GitHub's answer reports errors";
                        reading.health.worsen(context, json, Health::Failed, Code::ToolFailed, reason);
                    }
                    json.skip()
                }
                _ => find_lists(json, context, reading, lists),
            })?;
        }
        JsonKind::Null | JsonKind::Bool | JsonKind::Number | JsonKind::Text => json.skip()?,
    }
    Ok(())
}

fn read_list(
    json: &mut Json<'_, '_>,
    context: &mut Context,
    reading: &mut Reading,
    lists: &mut u64,
) -> Result<(), ParseError> {
    let (mut total, mut listed, mut more) = (None, 0_u64, false);
    json.object(|json, key| {
        match key {
            "nodes" => {
                let is_list = json.array(|json| {
                    listed += 1;
                    read_alert(json, context, reading)
                })?;
                *lists += u64::from(is_list);
            }
            "edges" => {
                let is_list = json.array(|json| {
                    listed += 1;
                    inside(json, "node", |json| read_alert(json, context, reading))?;
                    Ok(())
                })?;
                *lists += u64::from(is_list);
            }
            "totalCount" => total = reading.health.stated(context, json, "the number of alerts")?,
            "pageInfo" => {
                json.object(|json, key| {
                    match key {
                        "hasNextPage" => more = json.boolean()? != Some(false),
                        _ => json.skip()?,
                    }
                    Ok(())
                })?;
            }
            _ => json.skip()?,
        }
        Ok(())
    })?;
    if more || total.is_some_and(|total| total > listed) {
        let reason = "the answer is one page of several: not all alerts are in the file";
        reading.health.worsen(context, json, Health::Degraded, Code::TotalsDisagree, reason);
    }
    Ok(())
}

/// What an alert says, in either interface.
#[derive(Debug, Default)]
struct Alert {
    draft: Draft,
    state: String,
    reason: String,
    /// `security_vulnerability` counts before the advisory as a whole.
    severity: String,
    advisory_severity: String,
}

fn read_alert(
    json: &mut Json<'_, '_>,
    context: &mut Context,
    reading: &mut Reading,
) -> Result<(), ParseError> {
    let mut alert = Alert::default();
    let is_object = reading.entry(json, |json, key| {
        match key {
            "state" => alert.state = short(json)?.to_ascii_lowercase(),
            "dismissReason" | "dismissed_reason" => alert.reason = sentence(json)?,
            "dependencyScope" => alert.draft.traits.development = read_scope(json)?,
            "vulnerableManifestPath" => alert.draft.file = short(json)?,
            "dependency" => {
                json.object(|json, key| {
                    match key {
                        "scope" => alert.draft.traits.development = read_scope(json)?,
                        "manifest_path" => alert.draft.file = short(json)?,
                        "package" => read_package(json, &mut alert.draft)?,
                        _ => json.skip()?,
                    }
                    Ok(())
                })?;
            }
            "securityVulnerability" | "security_vulnerability" => {
                json.object(|json, key| {
                    match key {
                        "severity" => alert.severity = short(json)?,
                        // Null: there is none.
                        "firstPatchedVersion" | "first_patched_version" => {
                            alert.draft.traits.fix = Some(json.kind()? != JsonKind::Null);
                        }
                        "package" => read_package(json, &mut alert.draft)?,
                        "advisory" => read_advisory(json, &mut alert)?,
                        _ => json.skip()?,
                    }
                    Ok(())
                })?;
            }
            "securityAdvisory" | "security_advisory" => read_advisory(json, &mut alert)?,
            _ => json.skip()?,
        }
        Ok(())
    })?;
    if !is_object {
        return Ok(());
    }
    let Alert { mut draft, state, reason, severity, advisory_severity } = alert;
    draft.say("GitHub", if severity.is_empty() { &advisory_severity } else { &severity });
    match state.as_str() {
        "fixed" => return Ok(()),
        "dismissed" | "auto_dismissed" => draft.suppressed = Some(("external", reason)),
        // Also without a state, and with one that we do not know.
        _ => {}
    }
    reading.add(context, &draft);
    Ok(())
}

/// `runtime` or `development`, in any case.
fn read_scope(json: &mut Json<'_, '_>) -> Result<Option<bool>, ParseError> {
    let word = short(json)?.to_ascii_lowercase();
    Ok(match word.as_str() {
        "development" => Some(true),
        "runtime" => Some(false),
        _ => None,
    })
}

fn read_package(json: &mut Json<'_, '_>, draft: &mut Draft) -> Result<(), ParseError> {
    json.object(|json, key| {
        match key {
            "name" => draft.package = short(json)?,
            "ecosystem" => draft.ecosystem = short(json)?,
            _ => json.skip()?,
        }
        Ok(())
    })?;
    Ok(())
}

fn read_advisory(json: &mut Json<'_, '_>, alert: &mut Alert) -> Result<(), ParseError> {
    let mut identifiers = Vec::new();
    json.object(|json, key| {
        match key {
            "ghsaId" | "ghsa_id" => alert.draft.rule = short(json)?,
            "severity" => alert.advisory_severity = short(json)?,
            "summary" => alert.draft.message = sentence(json)?,
            "epss" => {
                if json.kind()? == JsonKind::Array {
                    json.array(|json| read_epss(json, &mut alert.draft))?;
                } else {
                    read_epss(json, &mut alert.draft)?;
                }
            }
            "identifiers" => {
                json.array(|json| {
                    json.object(|json, key| {
                        match key {
                            "value" if identifiers.len() < 16 => identifiers.push(short(json)?),
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
    if alert.draft.rule.is_empty() {
        alert.draft.rule = identifiers.first().cloned().unwrap_or_default();
    }
    for identifier in &identifiers {
        alert.draft.alias(identifier);
    }
    Ok(())
}

fn read_epss(json: &mut Json<'_, '_>, draft: &mut Draft) -> Result<(), ParseError> {
    inside(json, "percentage", |json| {
        let mut text = String::new();
        take_scalar(json, &mut text)?;
        draft.traits.epss = draft.traits.epss.max(Epss::parse(&text));
        Ok(())
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::read;
    use super::*;
    use crate::model::Severity;

    fn answer(nodes: &str, more: &str) -> String {
        format!(r#"{{"data": {{"repository": {{"vulnerabilityAlerts": {{"nodes": [{nodes}]{more}}}}}}}}}"#)
    }

    const NODE: &str = r#"{"state": "OPEN", "vulnerableManifestPath": "yarn.lock", "securityVulnerability": {"severity": "MODERATE", "package": {"name": "p", "ecosystem": "NPM"}, "advisory": {"ghsaId": "GHSA-1", "summary": "s", "identifiers": [{"type": "GHSA", "value": "GHSA-1"}, {"type": "CVE", "value": "CVE-1"}]}}}"#;

    #[test]
    fn an_open_alert_is_a_finding() {
        let read = read(&FORMAT, &answer(NODE, ""));
        let finding = &read.findings()[0];
        assert_eq!((finding.severity, finding.rule.raw()), (Severity::Medium, "GHSA-1"));
        assert_eq!((finding.aliases.len(), finding.aliases[0].raw()), (1, "CVE-1"));
        assert_eq!(finding.package.as_ref().unwrap().ecosystem.raw(), "npm");
    }

    #[test]
    fn fixed_alerts_do_not_count_and_dismissed_ones_are_suppressed() {
        let dismissed = NODE.replace("\"OPEN\"", "\"DISMISSED\", \"dismissReason\": \"why\"");
        let read = read(&FORMAT, &answer(&format!("{}, {dismissed}", NODE.replace("OPEN", "FIXED")), ""));
        assert_eq!((read.severities().len(), read.scan().suppressed), (0, 1));
    }

    #[test]
    fn one_page_of_several_is_not_complete() {
        for more in [r#", "pageInfo": {"hasNextPage": true}"#, r#", "totalCount": 9"#] {
            assert_eq!(read(&FORMAT, &answer(NODE, more)).health(), Health::Degraded, "{more}");
        }
        assert_eq!(read(&FORMAT, &answer(NODE, r#", "totalCount": 1"#)).health(), Health::Complete);
        let errors = answer(NODE, "").replacen('{', r#"{"errors": [{}], "#, 1);
        assert_eq!(read(&FORMAT, &errors).health(), Health::Failed);
        assert_eq!(
            read(&FORMAT, r#"{"data": {"repository": {"vulnerabilityAlerts": null}}}"#).health(),
            Health::Failed
        );
    }

    #[test]
    fn the_rest_interface_is_read() {
        let read = read(
            &FORMAT,
            r#"[{"number": 1, "state": "open", "dependency": {"package": {"ecosystem": "pip", "name": "p"}, "manifest_path": "req.txt", "scope": "runtime"}, "security_advisory": {"ghsa_id": "GHSA-1", "cve_id": "CVE-1", "severity": "low", "identifiers": [{"value": "CVE-1"}]}, "security_vulnerability": {"severity": "critical", "package": {"name": "p"}}}]"#,
        );
        assert_eq!(read.severities(), [Severity::Critical]);
        assert_eq!(read.findings()[0].place.as_ref().unwrap().file.raw(), "req.txt");
    }

    #[test]
    fn pages_behind_one_another_and_in_a_list_are_read() {
        let page = |number: u8| {
            format!(
                r#"[{{"state": "open", "dependency": {{"package": {{"name": "p{number}"}}}}, "security_advisory": {{"ghsa_id": "GHSA-1", "severity": "low"}}}}]"#
            )
        };
        for pages in [format!("{}{}", page(1), page(2)), format!("{}\n{}\n", page(1), page(2))] {
            let read = read(&FORMAT, &pages);
            assert_eq!((read.severities().len(), read.health()), (2, Health::Complete), "{pages}");
        }
        let slurped =
            super::super::testing::read_as(&FORMAT, format!("[{},{}]", page(1), page(2)).as_bytes());
        assert_eq!((slurped.severities().len(), slurped.health()), (2, Health::Complete));
        let failed = format!(r#"{}{{"message": "Bad credentials"}}"#, page(1));
        assert_eq!(read(&FORMAT, &failed).health(), Health::Failed);
    }
}
