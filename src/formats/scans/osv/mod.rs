//! OSV-Scanner's own JSON (security.md b8). One group of aliases of one package is one finding.

mod records;

use super::findings::{Draft, Reading, Score, inside, read_scan, score, short, shorts, take_scalar};
use crate::diagnostic::Code;
use crate::formats::json::Json;
use crate::formats::{Context, Format, Head, ParseError, Parsed, Source};
use crate::model::{Health, Kind, ScanClass, Severity};
use records::{Record, bytes_of, read_record};
use std::collections::BTreeMap;

pub(super) const FORMAT: Format = Format {
    id: "osv",
    kind: Kind::Scan,
    name: "OSV-Scanner JSON",
    default_globs: &["osv*.json"],
    spec_url: "https://google.github.io/osv-scanner/output/",
    sniff,
    parse,
};

fn sniff(head: &Head) -> bool {
    let Some(json) = head.json().filter(|json| !json.array) else { return false };
    let around = ["experimental_config", "license_summary", "image_metadata"];
    json.has("results") && (json.has_inner("results", "packages") || around.iter().any(|key| json.has(key)))
}

fn parse(source: &mut Source<'_>, context: &mut Context) -> Result<Parsed, ParseError> {
    read_scan(
        source,
        context,
        Reading::new("osv-scanner", ScanClass::Dependency),
        |json, context, reading| {
            let (mut results, mut image) = (false, false);
            json.object(|json, key| {
                match key {
                    "results" => results = json.array(|json| read_result(json, context, reading))?,
                    "image_metadata" => image = json.object(|json, _| json.skip())?,
                    "experimental_config" => read_config(json, reading)?,
                    "experimental_generic_findings" => {
                        json.array(|json| read_generic_finding(json, context, reading))?;
                    }
                    _ => json.skip()?,
                }
                Ok(())
            })?;
            if image {
                reading.of_an_image();
            }
            if !results {
                reading.has_no_list(context, json, "results");
            }
            Ok(())
        },
    )
}

/// Licences break rules only where there are any: a list of those that are allowed.
fn read_config(json: &mut Json<'_, '_>, reading: &mut Reading) -> Result<(), ParseError> {
    json.object(|json, key| {
        match key {
            "licenses" => {
                json.object(|json, key| {
                    match key {
                        "allowlist" => {
                            json.array(|json| {
                                reading.looked_for(ScanClass::License);
                                json.skip()
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
    Ok(())
}

/// What its detectors found that is about no package: a weak credential, say.
fn read_generic_finding(
    json: &mut Json<'_, '_>,
    context: &mut Context,
    reading: &mut Reading,
) -> Result<(), ParseError> {
    let mut draft = Draft { class: Some(ScanClass::Infrastructure), ..Draft::default() };
    let mut severity = String::new();
    let is_object = inside(json, "Adv", |json| {
        json.object(|json, key| {
            match key {
                "ID" => {
                    inside(json, "Reference", |json| {
                        draft.rule = short(json)?;
                        Ok(())
                    })?;
                }
                "Title" => draft.message = short(json)?,
                "Sev" => take_scalar(json, &mut severity)?,
                _ => json.skip()?,
            }
            Ok(())
        })?;
        Ok(())
    })?;
    if !is_object {
        reading.add_unknown();
        return Ok(());
    }
    // The numbers of OSV-SCALIBR's `SeverityEnum`; 0 is unspecified.
    draft.severity = match severity.as_str() {
        "1" => Some(Severity::Info),
        "2" => Some(Severity::Low),
        "3" => Some(Severity::Medium),
        "4" => Some(Severity::High),
        "5" => Some(Severity::Critical),
        _ => None,
    };
    draft.source = format!("osv-scanner severity {severity}");
    reading.add(context, &draft);
    Ok(())
}

fn read_result(
    json: &mut Json<'_, '_>,
    context: &mut Context,
    reading: &mut Reading,
) -> Result<(), ParseError> {
    let (mut path, mut packages) = (String::new(), false);
    let mark = reading.mark();
    let is_object = json.object(|json, key| {
        match key {
            "source" => {
                inside(json, "path", |json| {
                    path = short(json)?;
                    Ok(())
                })?;
            }
            "packages" => {
                packages = json.array(|json| read_package(json, context, reading))?;
            }
            _ => json.skip()?,
        }
        Ok(())
    })?;
    if !is_object {
        reading.add_unknown();
    } else if !packages {
        let reason = "a result has no array of packages";
        reading.health.worsen(context, json, Health::Degraded, Code::MissingField, reason);
    }
    reading.place_since(mark, &path);
    Ok(())
}

impl Group {
    fn bytes(&self) -> usize {
        size_of::<Self>() + bytes_of(&self.ids) + bytes_of(&self.aliases)
    }
}

/// Several ids of one vulnerability.
#[derive(Debug, Default)]
struct Group {
    ids: Vec<String>,
    aliases: Vec<String>,
    max_severity: String,
    /// Whether the code calls it, where OSV-Scanner looked for calls.
    reachable: Option<bool>,
}

/// Groups and records of a single package beyond this are only counted.
const MOST_BYTES_OF_A_PACKAGE: usize = 4 << 20;

fn read_package(
    json: &mut Json<'_, '_>,
    context: &mut Context,
    reading: &mut Reading,
) -> Result<(), ParseError> {
    let mut draft = Draft::default();
    let mut records: BTreeMap<String, Record> = BTreeMap::new();
    let mut groups: Vec<Group> = Vec::new();
    let mut licenses = Vec::new();
    let (mut record_bytes, mut group_bytes, mut records_left_out) = (0, 0, 0_u64);
    let is_object = json.object(|json, key| {
        match key {
            "package" => {
                json.object(|json, key| {
                    match key {
                        "name" => draft.package = short(json)?,
                        "version" => draft.version = short(json)?,
                        "ecosystem" => draft.ecosystem = short(json)?,
                        _ => json.skip()?,
                    }
                    Ok(())
                })?;
            }
            "dependency_groups" => draft.traits.development = read_groups_of_dependency(json)?,
            "vulnerabilities" => {
                json.array(|json| {
                    let (id, record) = read_record(json, &draft.package, &draft.ecosystem)?;
                    record_bytes += record.bytes();
                    if record_bytes < MOST_BYTES_OF_A_PACKAGE {
                        records.insert(id, record);
                    } else {
                        records_left_out += 1;
                    }
                    Ok(())
                })?;
            }
            "groups" => {
                let is_list = json.array(|json| {
                    let group = read_group(json)?;
                    group_bytes += group.bytes();
                    if group_bytes < MOST_BYTES_OF_A_PACKAGE {
                        groups.push(group);
                    } else {
                        reading.add_unknown();
                    }
                    Ok(())
                })?;
                if !is_list {
                    let reason = "the groups of a package are no array";
                    reading.health.worsen(context, json, Health::Degraded, Code::MissingField, reason);
                }
            }
            "license_violations" => licenses = shorts(json)?,
            _ => json.skip()?,
        }
        Ok(())
    })?;
    if !is_object {
        reading.add_unknown();
        return Ok(());
    }
    if groups.is_empty() {
        (0..records_left_out).for_each(|_| reading.add_unknown());
        groups = records.keys().map(|id| Group { ids: vec![id.clone()], ..Group::default() }).collect();
    }
    for group in &groups {
        let finding = describe(group, &records, draft.clone());
        reading.add(context, &finding);
    }
    for license in licenses {
        let finding = Draft {
            class: Some(ScanClass::License),
            rule: license,
            source: "license not allowed".to_owned(),
            message: "the licence is not on the allowed list of osv-scanner".to_owned(),
            ..draft.clone()
        };
        reading.add(context, &finding);
    }
    Ok(())
}

/// True if the package is in groups of the development alone. A package in no group, or in one of another name, may
/// be anything: not every lockfile tells.
fn read_groups_of_dependency(json: &mut Json<'_, '_>) -> Result<Option<bool>, ParseError> {
    let groups = shorts(json)?;
    let is_development = |group: &String| ["dev", "develop", "development"].contains(&group.as_str());
    Ok((!groups.is_empty() && groups.iter().all(is_development)).then_some(true))
}

fn describe(group: &Group, records: &BTreeMap<String, Record>, mut draft: Draft) -> Draft {
    draft.rule = group.ids.first().cloned().unwrap_or_default();
    let members = || group.ids.iter().filter_map(|id| records.get(id));
    for id in group.ids.iter().chain(&group.aliases).chain(members().flat_map(|record| &record.aliases)) {
        draft.alias(id);
    }
    draft.message =
        members().map(|record| record.summary.clone()).find(|text| !text.is_empty()).unwrap_or_default();
    draft.traits.reachable = group.reachable;
    draft.traits.fix = members().map(|record| record.fix).max().flatten();
    let worst = |pick: fn(&Record) -> &Option<(Severity, String)>| {
        members().filter_map(|record| pick(record).clone()).min_by_key(|(severity, _)| *severity)
    };
    let stated = match score(&group.max_severity) {
        Score::Band(severity) => Some((severity, format!("osv max severity {}", group.max_severity))),
        Score::Zero => Some((Severity::Info, format!("osv max severity {}", group.max_severity))),
        Score::Outside | Score::NotANumber => None,
    };
    let found = stated.or_else(|| worst(|record| &record.scored)).or_else(|| worst(|record| &record.word));
    match found {
        Some((severity, source)) => {
            draft.severity = Some(severity);
            draft.source = source;
        }
        None => draft.source = "osv, no severity".to_owned(),
    }
    draft
}

fn read_group(json: &mut Json<'_, '_>) -> Result<Group, ParseError> {
    let mut group = Group::default();
    json.object(|json, key| {
        match key {
            "ids" => group.ids = shorts(json)?,
            "aliases" => group.aliases = shorts(json)?,
            "max_severity" => take_scalar(json, &mut group.max_severity)?,
            "experimental_analysis" | "experimentalAnalysis" => group.reachable = read_analysis(json)?,
            _ => json.skip()?,
        }
        Ok(())
    })?;
    Ok(group)
}

/// Ids → whether each is called. One that a distribution calls unimportant is listed here too, which says nothing of
/// calls.
fn read_analysis(json: &mut Json<'_, '_>) -> Result<Option<bool>, ParseError> {
    let mut reachable = None;
    json.entries(|json, _| {
        let (mut called, mut unimportant) = (None, false);
        json.object(|json, key| {
            match key {
                "called" => called = json.boolean()?,
                "unimportant" => unimportant = json.boolean()? == Some(true),
                _ => json.skip()?,
            }
            Ok(())
        })?;
        reachable = reachable.max(called.filter(|called| *called || !unimportant));
        Ok(())
    })?;
    Ok(reachable)
}

#[cfg(test)]
mod tests {
    use super::super::testing::read;
    use super::*;

    fn report(package: &str) -> String {
        format!(
            r#"{{"results": [{{"source": {{"path": "/src/yarn.lock", "type": "lockfile"}}, "packages": [{{"package": {{"name": "p", "version": "1", "ecosystem": "npm"}}, {package}}}]}}]}}"#
        )
    }

    #[test]
    fn aliases_of_one_group_are_one_finding() {
        let read = read(
            &FORMAT,
            &report(
                r#""groups": [{"ids": ["GHSA-1", "GO-1"], "aliases": ["CVE-1", "GHSA-1"], "max_severity": "8.1"}], "vulnerabilities": [{"id": "GHSA-1", "summary": "bad"}, {"id": "GO-1"}]"#,
            ),
        );
        let finding = &read.findings()[0];
        assert_eq!((read.severities(), finding.message.raw()), (vec![Severity::High], "bad"));
        let aliases: Vec<_> = finding.aliases.iter().map(|alias| alias.raw()).collect();
        assert_eq!((finding.rule.raw(), aliases), ("GHSA-1", vec!["CVE-1", "GO-1"]));
        assert_eq!(finding.place.as_ref().unwrap().file.raw(), "/src/yarn.lock");
    }

    #[test]
    fn without_a_stated_severity_vectors_and_then_words_decide() {
        for (record, severity) in [
            (
                r#""severity": [{"type": "CVSS_V2", "score": "AV:N/AC:L/Au:N/C:N/I:N/A:P"}, {"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}], "database_specific": {"severity": "LOW"}"#,
                Severity::Critical,
            ),
            (r#""database_specific": {"severity": "MODERATE"}"#, Severity::Medium),
            (r#""severity": [{"type": "Ubuntu", "score": "high"}]"#, Severity::High),
            (r#""severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/broken"}]"#, Severity::Unknown),
            (r#""summary": "s""#, Severity::Unknown),
        ] {
            let read = read(
                &FORMAT,
                &report(&format!(
                    r#""vulnerabilities": [{{"id": "A", {record}}}], "groups": [{{"ids": ["A"], "max_severity": ""}}]"#
                )),
            );
            assert_eq!(read.severities(), [severity], "{record}");
        }
    }

    #[test]
    fn records_without_groups_are_findings_and_so_are_licences_that_are_not_allowed() {
        let read = read(
            &FORMAT,
            &report(r#""vulnerabilities": [{"id": "A"}, {"id": "B"}], "license_violations": ["GPL-3.0"]"#),
        );
        assert_eq!(read.findings().len(), 3);
        assert_eq!(read.findings().iter().filter(|finding| finding.class == ScanClass::License).count(), 1);
    }

    #[test]
    fn what_is_about_no_package_is_a_finding_too() {
        let read = read(
            &FORMAT,
            r#"{"results": [], "experimental_config": {}, "experimental_generic_findings": [{"Adv": {"ID": {"Publisher": "CVE", "Reference": "weak-password"}, "Title": "t", "Sev": 4}, "Target": {"Extra": "/etc/shadow"}, "Plugins": ["weakcredentials/etcshadow"]}, {"Adv": {"Sev": 0}}, 7]}"#,
        );
        assert_eq!(read.severities(), [Severity::High, Severity::Unknown, Severity::Unknown]);
        assert_eq!(read.findings()[0].rule.raw(), "weak-password");
        assert_eq!(read.health(), Health::Degraded);
    }

    #[test]
    fn without_an_array_of_results_the_scan_failed() {
        assert_eq!(read(&FORMAT, r#"{"results": null, "experimental_config": {}}"#).health(), Health::Failed);
        assert_eq!(read(&FORMAT, r#"{"results": [], "experimental_config": {}}"#).health(), Health::Complete);
    }
}
