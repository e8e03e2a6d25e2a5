//! OWASP dependency-check, XML and JSON (security.md b8).

use super::findings::{
    Draft, Path, Reading, Score, finish, inside, is_xml, read_scan, score, sentence, severity_word, short,
    take_scalar, walk,
};
use crate::diagnostic::{Code, Weight};
use crate::formats::json::Json;
use crate::formats::{Context, Format, Head, ParseError, Parsed, Source};
use crate::model::{Health, Kind, ScanClass, Untrusted, purl_package};

pub(super) const FORMAT: Format = Format {
    id: "dependency-check",
    kind: Kind::Scan,
    name: "OWASP dependency-check",
    default_globs: &["dependency-check-report.xml", "dependency-check-report.json"],
    spec_url: "https://jeremylong.github.io/DependencyCheck/",
    sniff,
    parse,
};

fn sniff(head: &Head) -> bool {
    if let Some(root) = head.xml_root() {
        return root.name == "analysis" && head.text().contains("dependency-check");
    }
    let Some(json) = head.json().filter(|json| !json.array) else { return false };
    json.has("reportSchema") && (json.has("scanInfo") || json.has("dependencies"))
}

/// A vulnerability while it is read.
#[derive(Clone, Debug, Default)]
struct Vulnerability {
    draft: Draft,
    severity: String,
    /// Words and scores of CVSS 4, 3 and 2, by falling version.
    words: [String; 3],
    scores: [String; 3],
    notes: String,
}

impl Vulnerability {
    /// The severity as it is stated, else the word and then the score of the newest CVSS.
    fn into_draft(self, suppressed: bool) -> Draft {
        let mut draft = self.draft;
        draft.source = "dependency-check, no severity".to_owned();
        let words = std::iter::once(&self.severity).chain(&self.words);
        if let Some(word) = words.into_iter().find(|word| severity_word(word).is_some()) {
            draft.say("dependency-check", word);
        } else {
            for (version, text) in ["4", "3", "2"].into_iter().zip(&self.scores) {
                if let Score::Band(severity) = score(text) {
                    draft.severity = Some(severity);
                    draft.source = format!("CVSS {version} {text}");
                    break;
                }
            }
        }
        if suppressed {
            draft.suppressed = Some(("ignore-file", self.notes));
        }
        draft
    }
}

/// A dependency: a file, and the package that it is if dependency-check could tell.
#[derive(Debug, Default)]
struct Dependency {
    file_name: String,
    file_path: String,
    /// Ecosystem, name and version.
    package: Option<[String; 3]>,
}

impl Dependency {
    /// Takes an id of the package; of several the first package URL.
    fn take_id(&mut self, id: &str) {
        self.package = self.package.take().or_else(|| purl_package(id));
    }

    /// The finding in this dependency. A file's name has the version in it, and other tools do not know it.
    fn name(&self, draft: &mut Draft) {
        draft.file.clone_from(&self.file_path);
        draft.package.clone_from(&self.file_name);
        if let Some([ecosystem, name, version]) = &self.package {
            draft.ecosystem.clone_from(ecosystem);
            draft.package.clone_from(name);
            draft.version.clone_from(version);
        }
    }
}

const NOTHING: &str = "the report names no dependency: nothing was scanned";

fn parse(source: &mut Source<'_>, context: &mut Context) -> Result<Parsed, ParseError> {
    if is_xml(source)? {
        return parse_xml(source, context);
    }
    read_scan(
        source,
        context,
        Reading::new("dependency-check", ScanClass::Dependency),
        |json, context, reading| {
            let (mut dependencies, mut named) = (None, false);
            json.object(|json, key| {
                match key {
                    "scanInfo" => {
                        named = true;
                        read_scan_info(json, context, reading)?;
                    }
                    "dependencies" => {
                        let mut count = 0_u64;
                        let is_list = json.array(|json| {
                            count += 1;
                            read_dependency(json, context, reading)
                        })?;
                        dependencies = is_list.then_some(count);
                    }
                    _ => json.skip()?,
                }
                Ok(())
            })?;
            match dependencies {
                None => {
                    let reason = "the report has no list of dependencies";
                    reading.health.worsen(context, json, Health::Failed, Code::MissingResults, reason);
                }
                Some(_) if !named => {
                    let reason = "the report does not say what scanned (`scanInfo`)";
                    reading.health.worsen(context, json, Health::Degraded, Code::MissingField, reason);
                }
                Some(0) => reading.health.worsen(context, json, Health::Empty, Code::EmptyReport, NOTHING),
                Some(_) => {}
            }
            Ok(())
        },
    )
}

fn read_scan_info(
    json: &mut Json<'_, '_>,
    context: &mut Context,
    reading: &mut Reading,
) -> Result<(), ParseError> {
    json.object(|json, key| {
        match key {
            "engineVersion" => reading.version = short(json)?,
            "dataSource" => {
                json.array(|json| {
                    let (mut name, mut time) = (String::new(), String::new());
                    json.object(|json, key| {
                        match key {
                            "name" => name = short(json)?,
                            "timestamp" => time = short(json)?,
                            _ => json.skip()?,
                        }
                        Ok(())
                    })?;
                    take_database(reading, &name, &time);
                    Ok(())
                })?;
            }
            "analysisExceptions" => {
                json.array(|json| {
                    let reason = "dependency-check reports an exception of its analysis";
                    reading.health.worsen(context, json, Health::Degraded, Code::ToolFailed, reason);
                    json.skip()
                })?;
            }
            _ => json.skip()?,
        }
        Ok(())
    })?;
    Ok(())
}

/// When the NVD's data was last modified there, else when it was last asked for: `NVD API Last Modified`, `NVD CVE
/// Modified`, `NVD API Last Checked`, `NVD CVE Checked`.
fn take_database(reading: &mut Reading, name: &str, time: &str) {
    let is_modified = name.starts_with("NVD") && name.ends_with("Modified");
    let is_checked = name.starts_with("NVD") && name.ends_with("Checked");
    if is_modified || is_checked && reading.database.is_empty() {
        time.clone_into(&mut reading.database);
    }
}

/// Related dependencies carry the same findings again; they are skipped.
fn read_dependency(
    json: &mut Json<'_, '_>,
    context: &mut Context,
    reading: &mut Reading,
) -> Result<(), ParseError> {
    const MOST: usize = 5_000;
    let mut dependency = Dependency::default();
    let mut found: Vec<(Vulnerability, bool)> = Vec::new();
    let is_object = json.object(|json, key| {
        match key {
            "fileName" => dependency.file_name = short(json)?,
            "filePath" => dependency.file_path = short(json)?,
            "packages" => {
                json.array(|json| {
                    inside(json, "id", |json| {
                        dependency.take_id(&short(json)?);
                        Ok(())
                    })?;
                    Ok(())
                })?;
            }
            "vulnerabilities" | "suppressedVulnerabilities" => {
                json.array(|json| {
                    match read_vulnerability(json)? {
                        Some(vulnerability) if found.len() < MOST => {
                            found.push((vulnerability, key == "suppressedVulnerabilities"));
                        }
                        _ => reading.add_unknown(),
                    }
                    Ok(())
                })?;
            }
            _ => json.skip()?,
        }
        Ok(())
    })?;
    if !is_object {
        reading.add_unknown();
    }
    for (vulnerability, suppressed) in found {
        let mut draft = vulnerability.into_draft(suppressed);
        dependency.name(&mut draft);
        reading.add(context, &draft);
    }
    Ok(())
}

fn read_vulnerability(json: &mut Json<'_, '_>) -> Result<Option<Vulnerability>, ParseError> {
    let mut vulnerability = Vulnerability::default();
    let Vulnerability { draft, severity, words, scores, notes } = &mut vulnerability;
    let [word_4, word_3, word_2] = words;
    let [score_4, score_3, score_2] = scores;
    let is_object = json.object(|json, key| {
        match key {
            "name" => draft.rule = short(json)?,
            "description" => draft.message = sentence(json)?,
            "severity" => *severity = short(json)?,
            // There only for what CISA's catalogue lists.
            "knownExploitedVulnerability" => {
                draft.traits.exploited = json.object(|json, _| json.skip())?.then_some(true);
            }
            "notes" => *notes = sentence(json)?,
            "cvssv4" => read_cvss(json, word_4, score_4)?,
            "cvssv3" => read_cvss(json, word_3, score_3)?,
            "cvssv2" => read_cvss(json, word_2, score_2)?,
            _ => json.skip()?,
        }
        Ok(())
    })?;
    Ok(is_object.then_some(vulnerability))
}

fn read_cvss(json: &mut Json<'_, '_>, word: &mut String, number: &mut String) -> Result<(), ParseError> {
    json.object(|json, key| {
        match key {
            "baseSeverity" | "severity" => *word = short(json)?,
            "baseScore" | "score" => take_scalar(json, number)?,
            _ => json.skip()?,
        }
        Ok(())
    })?;
    Ok(())
}

/// XML: the namespace changes with the version, the names do not.
fn parse_xml(source: &mut Source<'_>, context: &mut Context) -> Result<Parsed, ParseError> {
    let mut reading = Reading::new("dependency-check", ScanClass::Dependency);
    let mut state = XmlState::default();
    let read = walk(
        source,
        context,
        |_, _| {},
        |path, text, context| state.close(path, text, context, &mut reading),
    );
    if read.is_ok() {
        let problem = match (state.exceptions, state.dependencies) {
            (_, 0) => Some((Health::Empty, Code::EmptyReport, NOTHING)),
            (0, _) => None,
            (_, _) => {
                let reason = "dependency-check reports an exception of its analysis";
                Some((Health::Degraded, Code::ToolFailed, reason))
            }
        };
        if let Some((health, code, reason)) = problem {
            context.warn(code, Weight::Error, reason, source.position());
            reading.health.health = health;
            reading.health.reason = Untrusted::from(reason);
        }
    }
    finish(read, context, reading)
}

/// What is open while XML is walked over.
#[derive(Debug, Default)]
struct XmlState {
    vulnerability: Vulnerability,
    dependency: Dependency,
    dependencies: u64,
    exceptions: u64,
    /// The name of the source of data that is open.
    source: String,
}

impl XmlState {
    fn close(&mut self, path: &Path, text: &str, context: &Context, reading: &mut Reading) {
        if path.has("relatedDependency") {
            return;
        }
        let suppressed = path.has("suppressedVulnerability");
        if path.ends_with(&["dependency", "fileName"]) {
            text.clone_into(&mut self.dependency.file_name);
        } else if path.ends_with(&["dependency", "filePath"]) {
            text.clone_into(&mut self.dependency.file_path);
        } else if path.ends_with(&["identifiers", "package", "id"]) {
            self.dependency.take_id(text);
        } else if path.ends_with(&["dependency"]) {
            self.dependencies += 1;
            self.dependency = Dependency::default();
        } else if path.ends_with(&["scanInfo", "engineVersion"]) {
            text.clone_into(&mut reading.version);
        } else if path.ends_with(&["dataSource", "name"]) {
            text.clone_into(&mut self.source);
        } else if path.ends_with(&["dataSource", "timestamp"]) {
            take_database(reading, &self.source, text);
        } else if path.has("scanInfo") && path.ends_with(&["exception"]) {
            self.exceptions += 1;
        } else if path.ends_with(&["vulnerability"]) || path.ends_with(&["suppressedVulnerability"]) {
            let mut draft = std::mem::take(&mut self.vulnerability).into_draft(suppressed);
            self.dependency.name(&mut draft);
            reading.add(context, &draft);
        } else if path.has("vulnerability") || suppressed {
            self.close_in_vulnerability(path, text);
        }
    }

    fn close_in_vulnerability(&mut self, path: &Path, text: &str) {
        let Vulnerability { draft, severity, words, scores, notes } = &mut self.vulnerability;
        let [word_4, word_3, word_2] = words;
        let [score_4, score_3, score_2] = scores;
        let field = |name: &str| {
            path.ends_with(&["vulnerability", name]) || path.ends_with(&["suppressedVulnerability", name])
        };
        if field("knownExploitedVulnerability") {
            draft.traits.exploited = Some(true);
        }
        let cvss = |version: &str, name: &str| path.ends_with(&[version, name]);
        let target = match () {
            () if field("name") => &mut draft.rule,
            () if field("description") => &mut draft.message,
            () if field("severity") => severity,
            () if field("notes") => notes,
            // The oldest reports have the score directly inside.
            () if field("cvssScore") || cvss("cvssV2", "score") => score_2,
            () if cvss("cvssV2", "severity") => word_2,
            () if cvss("cvssV3", "baseScore") => score_3,
            () if cvss("cvssV3", "baseSeverity") => word_3,
            () if cvss("cvssV4", "baseScore") => score_4,
            () if cvss("cvssV4", "baseSeverity") => word_4,
            () => return,
        };
        text.clone_into(target);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::read;
    use super::*;
    use crate::model::Severity;

    fn xml(inside: &str) -> String {
        format!(
            r#"<?xml version="1.0"?><analysis xmlns="https://jeremylong.github.io/DependencyCheck/dependency-check.2.5.xsd"><scanInfo><engineVersion>9.0</engineVersion></scanInfo><dependencies><dependency><fileName>a.jar</fileName><filePath>/lib/a.jar</filePath><relatedDependencies><relatedDependency><fileName>b.jar</fileName></relatedDependency></relatedDependencies><vulnerabilities>{inside}</vulnerabilities></dependency></dependencies></analysis>"#
        )
    }

    #[test]
    fn a_dependency_is_named_by_its_package_url_and_else_by_its_file() {
        let json = |packages: &str| {
            format!(
                r#"{{"reportSchema": "1.1", "scanInfo": {{}}, "dependencies": [{{"fileName": "core-1.0.jar", "filePath": "/lib/core-1.0.jar", "relatedDependencies": [{{"fileName": "b.jar", "packageIds": [{{"id": "pkg:maven/b/b@9"}}]}}]{packages}, "vulnerabilities": [{{"name": "CVE-1", "severity": "HIGH"}}]}}]}}"#
            )
        };
        let named = r#", "packages": [{"id": "cpe:2.3:a:x:core"}, {"id": "pkg:maven/org.x/core@1.0"}]"#;
        let in_xml = xml("<vulnerability><name>CVE-1</name></vulnerability>").replace(
            "<vulnerabilities>",
            "<identifiers><package confidence=\"HIGH\"><id>pkg:maven/org.x/core@1.0</id></package></identifiers><vulnerabilities>",
        );
        for (text, wanted) in [
            (json(named), ("maven", "org.x/core", "1.0")),
            (in_xml, ("maven", "org.x/core", "1.0")),
            (json(""), ("", "core-1.0.jar", "")),
        ] {
            let read = read(&FORMAT, &text);
            let package = read.findings()[0].package.as_ref().unwrap();
            assert_eq!(
                (package.ecosystem.raw(), package.name.raw(), package.version.raw()),
                wanted,
                "{text}"
            );
        }
    }

    #[test]
    fn the_stated_severity_counts_in_any_case_then_the_newest_score() {
        let read = read(
            &FORMAT,
            &xml(
                "<vulnerability><name>CVE-1</name><severity>hIgH</severity><cvssV3><baseScore>9.8</baseScore></cvssV3></vulnerability>\
             <vulnerability><name>CVE-2</name><cvssV2><score>9.9</score><severity>HIGH</severity></cvssV2><cvssV3><baseScore>4.0</baseScore><baseSeverity>MEDIUM</baseSeverity></cvssV3></vulnerability>\
             <vulnerability><name>CVE-3</name><cvssScore>2.1</cvssScore></vulnerability>\
             <vulnerability><name>CVE-4</name></vulnerability>",
            ),
        );
        assert_eq!(read.severities(), [Severity::High, Severity::Medium, Severity::Low, Severity::Unknown]);
        let finding = &read.findings()[0];
        assert_eq!((finding.rule.raw(), finding.package.as_ref().unwrap().name.raw()), ("CVE-1", "a.jar"));
        assert_eq!((read.health(), read.scan().tool.version.raw()), (Health::Complete, "9.0"));
    }

    #[test]
    fn suppressed_vulnerabilities_have_their_notes() {
        let read = read(
            &FORMAT,
            &xml(
                "<suppressedVulnerability><name>CVE-1</name><severity>High</severity><notes>why</notes></suppressedVulnerability>",
            ),
        );
        assert_eq!((read.severities().len(), read.scan().suppressed), (0, 1));
        assert_eq!(read.findings()[0].suppression.as_ref().unwrap().reason.raw(), "why");
    }

    #[test]
    fn no_dependency_and_an_exception_are_not_clean() {
        let empty = r#"<analysis xmlns="https://jeremylong.github.io/DependencyCheck/dependency-check.2.5.xsd"><dependencies/></analysis>"#;
        assert_eq!(read(&FORMAT, empty).health(), Health::Empty);
        let exception = xml("").replace("</engineVersion>", "</engineVersion><analysisExceptions><exception><message>m</message></exception></analysisExceptions>");
        assert_eq!(read(&FORMAT, &exception).health(), Health::Degraded);
        assert_eq!(
            read(&FORMAT, r#"{"reportSchema": "1.1", "scanInfo": {}, "dependencies": []}"#).health(),
            Health::Empty
        );
        assert_eq!(read(&FORMAT, r#"{"reportSchema": "1.1", "scanInfo": {}}"#).health(), Health::Failed);
    }

    #[test]
    fn json_is_read_the_same() {
        let read = read(
            &FORMAT,
            r#"{"reportSchema": "1.1", "scanInfo": {"engineVersion": "9"}, "dependencies": [{"fileName": "a.jar", "vulnerabilities": [{"name": "CVE-1", "severity": "CRITICAL", "cvssv3": {"baseScore": 9.8}}, {"name": "CVE-2", "cvssv2": {"score": 5.0}}], "suppressedVulnerabilities": [{"name": "CVE-3", "severity": "LOW"}], "filePath": "/lib/a.jar"}]}"#,
        );
        assert_eq!(read.severities(), [Severity::Critical, Severity::Medium]);
        assert_eq!(read.scan().suppressed, 1);
        assert_eq!(read.findings()[0].place.as_ref().unwrap().file.raw(), "/lib/a.jar");
    }
}
