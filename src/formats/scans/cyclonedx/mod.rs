//! CycloneDX with vulnerabilities, JSON and XML (security.md b8, b9). A bill of materials without them is no
//! scan.

mod xml;

use super::findings::{
    Draft, Reading, Score, inside, is_xml, read_scan, score, sentence, severity_word, short, take_scalar,
    vector_severity,
};
use crate::diagnostic::Code;
use crate::formats::json::Json;
use crate::formats::{Context, Format, Head, ParseError, Parsed, Source};
use crate::model::{Epss, Health, Kind, ScanClass, Severity, purl_package};
use std::collections::HashMap;

pub(super) const FORMAT: Format = Format {
    id: "cyclonedx",
    kind: Kind::Scan,
    name: "CycloneDX vulnerabilities",
    default_globs: &["*.cdx.json", "*.cdx.xml"],
    spec_url: "https://cyclonedx.org/docs/1.6/json/",
    sniff,
    parse,
};

fn sniff(head: &Head) -> bool {
    if let Some(root) = head.xml_root() {
        return root.name == "bom" && head.text().contains("cyclonedx.org/schema");
    }
    head.json().is_some_and(|json| !json.array && json.scalar("bomFormat") == Some("CycloneDX"))
}

const NO_SCAN: &str =
    "the file has no vulnerabilities, not even an empty list: it is a bill of materials, no scan";

/// One of several ratings. Stated words count above scores, and those above vectors; of several the worst.
#[derive(Clone, Debug, Default)]
struct Rating {
    /// Who rates.
    source: String,
    word: String,
    score: String,
    vector: String,
    method: String,
}

/// A vulnerability while it is read.
#[derive(Debug, Default)]
struct Vulnerability {
    draft: Draft,
    worst: [Option<(Severity, String)>; 3],
    state: String,
    why: String,
    affects: Vec<String>,
    /// Affected components beyond those in `affects`.
    more_affected: u64,
}

/// A component of the bill of materials.
#[derive(Clone, Debug, Default)]
struct Component {
    /// From its package URL: the bill has no other word for it.
    ecosystem: String,
    name: String,
    version: String,
}

impl Component {
    fn take_purl(&mut self, purl: &str) {
        if let Some([ecosystem, ..]) = purl_package(purl) {
            self.ecosystem = ecosystem;
        }
    }

    /// What a reference stands for that is no `bom-ref` of the document: a package URL, also one inside of a link to
    /// another bill (`urn:cdx:…#pkg:…`); something else is the name itself.
    fn of_reference(reference: &str) -> Self {
        let purl = reference.find("pkg:").and_then(|at| purl_package(reference.get(at..)?));
        match purl {
            Some([ecosystem, name, version]) => Self { ecosystem, name, version },
            None => Self { name: reference.to_owned(), ..Self::default() },
        }
    }
}

/// The whole document, with its components by their `bom-ref`.
#[derive(Debug, Default)]
struct Bom {
    components: HashMap<String, Component>,
    component_bytes: usize,
    vulnerability_bytes: usize,
    vulnerabilities: Vec<Vulnerability>,
    not_kept: u64,
}

impl Vulnerability {
    fn affect(&mut self, reference: &str) {
        const MOST: usize = 5_000;
        if self.affects.len() < MOST {
            self.affects.push(reference.to_owned());
        } else {
            self.more_affected += 1;
        }
    }

    fn rate(&mut self, rating: &Rating) {
        // Grype writes the probability of EPSS, and that CISA lists the vulnerability, as ratings too.
        if rating.source == "FIRST" || rating.source.contains("EPSS") {
            self.draft.traits.epss = self.draft.traits.epss.max(Epss::parse(&rating.score));
            return;
        }
        if rating.source.contains("KEV") {
            self.draft.traits.exploited = Some(true);
            return;
        }
        let is_cvss = rating.method.is_empty() || rating.method.starts_with("CVSS");
        let said = [
            severity_word(&rating.word).map(|severity| (severity, format!("CycloneDX {}", rating.word))),
            match score(&rating.score) {
                // OWASP's and others' are on scales of their own.
                _ if !is_cvss => None,
                Score::Band(severity) => {
                    Some((severity, format!("{} {}", rating.method, rating.score).trim().to_owned()))
                }
                Score::Zero => Some((Severity::Info, format!("{} 0", rating.method).trim().to_owned())),
                Score::Outside | Score::NotANumber => None,
            },
            vector_severity(&rating.vector),
        ];
        for (worst, said) in self.worst.iter_mut().zip(said) {
            let Some(said) = said.filter(|said| said.0 != Severity::Unknown) else { continue };
            if worst.as_ref().is_none_or(|have| said.0 < have.0) {
                *worst = Some(said);
            }
        }
    }
}

impl Bom {
    fn add_component(&mut self, reference: &str, component: Component) {
        const MOST_BYTES: usize = 4 << 20;
        let Component { ecosystem, name, version } = &component;
        self.component_bytes += reference.len() + ecosystem.len() + name.len() + version.len() + 128;
        if !reference.is_empty() && self.component_bytes < MOST_BYTES {
            self.components.insert(reference.to_owned(), component);
        }
    }

    fn add_vulnerability(&mut self, vulnerability: Vulnerability) {
        const MOST_BYTES: usize = 6 << 20;
        let affected: usize = vulnerability.affects.iter().map(|reference| reference.len() + 32).sum();
        let aliases: usize = vulnerability.draft.aliases.iter().map(|alias| alias.len() + 32).sum();
        self.vulnerability_bytes +=
            size_of::<Vulnerability>() + vulnerability.draft.message.len() + affected + aliases;
        self.not_kept += vulnerability.more_affected;
        if self.vulnerability_bytes < MOST_BYTES {
            self.vulnerabilities.push(vulnerability);
        } else {
            self.not_kept += vulnerability.affects.len().max(1) as u64;
        }
    }

    /// One finding for each component that a vulnerability affects.
    fn hand_over(self, context: &Context, reading: &mut Reading) {
        for Vulnerability { mut draft, worst, state, why, affects, .. } in self.vulnerabilities {
            match worst.into_iter().flatten().next() {
                Some((severity, source)) => {
                    draft.severity = Some(severity);
                    draft.source = source;
                }
                None => draft.source = "CycloneDX, no severity".to_owned(),
            }
            if matches!(
                state.as_str(),
                "not_affected" | "false_positive" | "resolved" | "resolved_with_pedigree"
            ) {
                draft.suppressed = Some(("vex", if why.is_empty() { state } else { why }));
            }
            if affects.is_empty() {
                reading.add(context, &draft);
            }
            for reference in affects {
                let known = self.components.get(&reference).cloned();
                let Component { ecosystem, name, version } =
                    known.unwrap_or_else(|| Component::of_reference(&reference));
                let draft = Draft { package: name, version, ecosystem, ..draft.clone() };
                reading.add(context, &draft);
            }
        }
        for _ in 0..self.not_kept {
            reading.add_unknown();
        }
    }
}

fn parse(source: &mut Source<'_>, context: &mut Context) -> Result<Parsed, ParseError> {
    if is_xml(source)? {
        return xml::parse_xml(source, context);
    }
    read_scan(source, context, Reading::new("CycloneDX", ScanClass::Dependency), |json, context, reading| {
        let mut bom = Bom::default();
        let (mut listed, mut image) = (false, false);
        let read = json.object(|json, key| {
            match key {
                "components" => read_components(json, &mut bom)?,
                "metadata" => image = is_of_an_image(json)?,
                "vulnerabilities" => {
                    listed = json.array(|json| {
                        let vulnerability = read_vulnerability(json)?;
                        match vulnerability {
                            Some(vulnerability) => bom.add_vulnerability(vulnerability),
                            None => bom.not_kept += 1,
                        }
                        Ok(())
                    })?;
                }
                _ => json.skip()?,
            }
            Ok(())
        });
        bom.hand_over(context, reading);
        read?;
        if image {
            reading.of_an_image();
        }
        if !listed {
            reading.health.worsen(context, json, Health::Empty, Code::NotAScan, NO_SCAN);
        }
        Ok(())
    })
}

/// True if the bill is that of a container image.
fn is_of_an_image(json: &mut Json<'_, '_>) -> Result<bool, ParseError> {
    let mut kind = String::new();
    json.object(|json, key| {
        match key {
            "component" => {
                inside(json, "type", |json| {
                    kind = short(json)?;
                    Ok(())
                })?;
            }
            _ => json.skip()?,
        }
        Ok(())
    })?;
    Ok(kind == "container")
}

fn read_components(json: &mut Json<'_, '_>, bom: &mut Bom) -> Result<(), ParseError> {
    json.array(|json| {
        let (mut reference, mut group, mut component) = (String::new(), String::new(), Component::default());
        json.object(|json, key| {
            match key {
                "bom-ref" => reference = short(json)?,
                "group" => group = short(json)?,
                "name" => component.name = short(json)?,
                "version" => component.version = short(json)?,
                "purl" => component.take_purl(&short(json)?),
                "components" => read_components(json, bom)?,
                _ => json.skip()?,
            }
            Ok(())
        })?;
        if !group.is_empty() {
            component.name = format!("{group}/{}", component.name);
        }
        bom.add_component(&reference, component);
        Ok(())
    })?;
    Ok(())
}

fn read_vulnerability(json: &mut Json<'_, '_>) -> Result<Option<Vulnerability>, ParseError> {
    let mut vulnerability = Vulnerability::default();
    let (mut aliases, mut detail, mut justification) = (Vec::new(), String::new(), String::new());
    let is_object = json.object(|json, key| {
        match key {
            "id" => vulnerability.draft.rule = short(json)?,
            "description" => vulnerability.draft.message = sentence(json)?,
            "references" => {
                json.array(|json| {
                    json.object(|json, key| {
                        match key {
                            "id" if aliases.len() < 32 => aliases.push(short(json)?),
                            _ => json.skip()?,
                        }
                        Ok(())
                    })?;
                    Ok(())
                })?;
            }
            "ratings" => {
                json.array(|json| {
                    let rating = read_rating(json)?;
                    vulnerability.rate(&rating);
                    Ok(())
                })?;
            }
            "analysis" => {
                json.object(|json, key| {
                    match key {
                        "state" => vulnerability.state = short(json)?,
                        "detail" => detail = sentence(json)?,
                        "justification" => justification = short(json)?,
                        _ => json.skip()?,
                    }
                    Ok(())
                })?;
            }
            "affects" => {
                json.array(|json| {
                    let mut reference = String::new();
                    inside(json, "ref", |json| {
                        reference = short(json)?;
                        Ok(())
                    })?;
                    vulnerability.affect(&reference);
                    Ok(())
                })?;
            }
            _ => json.skip()?,
        }
        Ok(())
    })?;
    vulnerability.why = if detail.is_empty() { justification } else { detail };
    for alias in &aliases {
        vulnerability.draft.alias(alias);
    }
    Ok(is_object.then_some(vulnerability))
}

fn read_rating(json: &mut Json<'_, '_>) -> Result<Rating, ParseError> {
    let mut rating = Rating::default();
    json.object(|json, key| {
        match key {
            "source" => {
                inside(json, "name", |json| {
                    rating.source = short(json)?;
                    Ok(())
                })?;
            }
            "severity" => rating.word = short(json)?,
            "score" => take_scalar(json, &mut rating.score)?,
            "vector" => rating.vector = short(json)?,
            "method" => rating.method = short(json)?,
            _ => json.skip()?,
        }
        Ok(())
    })?;
    Ok(rating)
}

#[cfg(test)]
mod tests {
    use super::super::testing::read;
    use super::*;

    fn json(vulnerability: &str) -> String {
        format!(
            r#"{{"bomFormat": "CycloneDX", "specVersion": "1.5", "vulnerabilities": [{{"id": "CVE-1", {vulnerability}}}], "components": [{{"bom-ref": "r1", "group": "g", "name": "n", "version": "1", "components": [{{"bom-ref": "r2", "name": "inner", "version": "2"}}]}}]}}"#
        )
    }

    #[test]
    fn each_affected_component_is_a_finding() {
        let read = read(
            &FORMAT,
            &json(
                r#""ratings": [{"severity": "high"}], "references": [{"id": "GHSA-1"}], "affects": [{"ref": "r1"}, {"ref": "r2"}, {"ref": "urn:cdx:x/1#pkg:npm/%40a/b@3?x=1"}]"#,
            ),
        );
        assert_eq!(read.severities(), [Severity::High; 3]);
        let mut packages: Vec<_> = read
            .findings()
            .iter()
            .map(|finding| finding.package.as_ref().unwrap())
            .map(|package| (package.name.raw(), package.version.raw()))
            .collect();
        packages.sort();
        assert_eq!(packages, [("@a/b", "3"), ("g/n", "1"), ("inner", "2")]);
        assert_eq!(read.findings()[0].aliases[0].raw(), "GHSA-1");
    }

    #[test]
    fn the_ecosystem_is_that_of_the_package_url() {
        let in_json = json(r#""affects": [{"ref": "r1"}]"#)
            .replace(r#""version": "1""#, r#""version": "1", "purl": "pkg:maven/g/n@1""#);
        let in_xml = r#"<bom xmlns="http://cyclonedx.org/schema/bom/1.5"><components><component bom-ref="r1"><group>g</group><name>n</name><version>1</version><purl>pkg:maven/g/n@1</purl></component></components><vulnerabilities><vulnerability><id>CVE-1</id><affects><target><ref>r1</ref></target></affects></vulnerability></vulnerabilities></bom>"#;
        for text in [in_json.as_str(), in_xml] {
            let read = read(&FORMAT, text);
            let package = read.findings()[0].package.as_ref().unwrap();
            assert_eq!((package.ecosystem.raw(), package.name.raw()), ("maven", "g/n"), "{text}");
        }
    }

    #[test]
    fn the_worst_stated_word_counts_and_a_vector_only_where_nothing_is_stated() {
        for (ratings, severity) in [
            (r#"[{"severity": "medium"}, {"severity": "critical"}, {"score": 1.0}]"#, Severity::Critical),
            (r#"[{"severity": "low", "score": 9.8}]"#, Severity::Low),
            (r#"[{"score": 7.5, "method": "CVSSv31"}, {"severity": "unknown"}]"#, Severity::High),
            (r#"[{"score": 0.9, "method": "other", "source": {"name": "FIRST"}}]"#, Severity::Unknown),
            (r#"[{"score": 2.5, "method": "OWASP"}]"#, Severity::Unknown),
            (r#"[{"vector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]"#, Severity::Critical),
            ("[]", Severity::Unknown),
        ] {
            assert_eq!(
                read(&FORMAT, &json(&format!(r#""ratings": {ratings}"#))).severities(),
                [severity],
                "{ratings}"
            );
        }
    }

    #[test]
    fn an_analysis_may_suppress() {
        for (state, suppressed) in [
            ("not_affected", 1),
            ("false_positive", 1),
            ("resolved", 1),
            ("in_triage", 0),
            ("exploitable", 0),
            ("new", 0),
        ] {
            let read =
                read(&FORMAT, &json(&format!(r#""analysis": {{"state": "{state}", "detail": "why"}}"#)));
            assert_eq!(read.scan().suppressed, suppressed, "{state}");
        }
    }

    #[test]
    fn a_bill_of_materials_is_no_scan() {
        assert_eq!(read(&FORMAT, r#"{"bomFormat": "CycloneDX", "components": []}"#).health(), Health::Empty);
        assert_eq!(
            read(&FORMAT, r#"{"bomFormat": "CycloneDX", "vulnerabilities": null}"#).health(),
            Health::Empty
        );
        assert_eq!(
            read(&FORMAT, r#"{"bomFormat": "CycloneDX", "vulnerabilities": []}"#).health(),
            Health::Complete
        );
        let xml =
            r#"<?xml version="1.0"?><bom xmlns="http://cyclonedx.org/schema/bom/1.4"><components/></bom>"#;
        assert_eq!(read(&FORMAT, xml).health(), Health::Empty);
    }

    #[test]
    fn xml_is_read_the_same() {
        let read_new = read(
            &FORMAT,
            r#"<bom xmlns="http://cyclonedx.org/schema/bom/1.4"><components><component bom-ref="r1"><name>n</name><version>1</version></component></components><vulnerabilities><vulnerability bom-ref="v"><id>CVE-1</id><references><reference><id>GHSA-1</id></reference></references><ratings><rating><severity>medium</severity></rating><rating><score>9.8</score><severity>high</severity></rating></ratings><analysis><state>in_triage</state></analysis><affects><target><ref>r1</ref></target></affects></vulnerability></vulnerabilities></bom>"#,
        );
        let finding = &read_new.findings()[0];
        assert_eq!(
            (finding.severity, finding.rule.raw(), finding.aliases[0].raw()),
            (Severity::High, "CVE-1", "GHSA-1")
        );
        assert_eq!(finding.package.as_ref().unwrap().name.raw(), "n");
        let old = read(
            &FORMAT,
            r#"<bom xmlns="http://cyclonedx.org/schema/bom/1.2" xmlns:v="http://cyclonedx.org/schema/ext/vulnerability/1.0"><components><component bom-ref="pkg:npm/n@1"><name>n</name><version>1</version><v:vulnerabilities><v:vulnerability ref="pkg:npm/n@1"><v:id>CVE-2</v:id><v:ratings><v:rating><v:score><v:base>7.1</v:base></v:score></v:rating></v:ratings></v:vulnerability></v:vulnerabilities></component></components></bom>"#,
        );
        assert_eq!((old.severities(), old.findings()[0].rule.raw()), (vec![Severity::High], "CVE-2"));
        assert_eq!(old.findings()[0].package.as_ref().unwrap().version.raw(), "1");
    }
}
