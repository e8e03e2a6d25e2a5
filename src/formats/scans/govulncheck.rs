//! `govulncheck -json`: a stream of objects, or an array of them (security.md b8). It gives no severity.

use super::findings::{Draft, Reading, finish, inside, line, sentence, short, shorts};
use crate::diagnostic::Code;
use crate::formats::json::{Json, JsonKind};
use crate::formats::{Context, Format, Head, ParseError, Parsed, Source};
use crate::model::{Health, Kind, ScanClass};
use std::collections::BTreeMap;

pub(super) const FORMAT: Format = Format {
    id: "govulncheck",
    kind: Kind::Scan,
    name: "govulncheck JSON",
    default_globs: &["govulncheck*.json"],
    spec_url: "https://pkg.go.dev/golang.org/x/vuln/internal/govulncheck",
    sniff,
    parse,
};

fn sniff(head: &Head) -> bool {
    let Some(json) = head.json() else { return false };
    let messages = ["config", "SBOM", "progress", "osv", "finding"];
    json.keys.len() == 1
        && json.keys.iter().all(|key| messages.contains(&key.as_str()))
        && ["\"protocol_version\"", "\"scanner_name\"", "govulncheck"]
            .iter()
            .any(|word| head.text().contains(word))
}

/// How a vulnerability is reached; a stream repeats it with ever more exact traces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
    #[default]
    Required,
    Imported,
    Called,
}

/// The messages of a stream.
#[derive(Debug, Default)]
struct Stream {
    configured: bool,
    /// The analysis went down to symbols.
    by_symbol: bool,
    /// It got as far as looking: a finding, or a step behind the one that fetches the database.
    looked: bool,
    /// A run before the last one did not get as far: some write the runs of several modules into one file.
    stopped: bool,
    /// Vulnerability and module → how it is reached, and the finding.
    findings: BTreeMap<(String, String), (Reach, Draft)>,
    /// Records: what a vulnerability is called. They are no findings.
    records: BTreeMap<String, (Vec<String>, String)>,
    record_bytes: usize,
    not_kept: u64,
}

fn parse(source: &mut Source<'_>, context: &mut Context) -> Result<Parsed, ParseError> {
    let mut reading = Reading::new("govulncheck", ScanClass::Dependency);
    let mut json = Json::new(source);
    let mut stream = Stream::default();
    let read = stream.read(&mut json, &mut reading).and_then(|()| json.finish(context));
    if read.is_ok() && !stream.configured {
        let reason = "the stream lacks the scanner's configuration";
        reading.health.worsen(context, &json, Health::Degraded, Code::MissingField, reason);
    }
    if read.is_ok() && (stream.stopped || !stream.looked) {
        let reason = "govulncheck stopped before it compared anything with the vulnerability database";
        reading.health.worsen(context, &json, Health::Failed, Code::ToolFailed, reason);
    }
    stream.hand_over(context, &mut reading);
    finish(read, context, reading)
}

impl Stream {
    fn read(&mut self, json: &mut Json<'_, '_>, reading: &mut Reading) -> Result<(), ParseError> {
        while json.more()? {
            if json.kind()? == JsonKind::Array {
                json.array(|json| self.read_message(json, reading))?;
            } else {
                self.read_message(json, reading)?;
            }
        }
        Ok(())
    }

    fn read_message(&mut self, json: &mut Json<'_, '_>, reading: &mut Reading) -> Result<(), ParseError> {
        let is_object = json.object(|json, key| {
            match key {
                "config" => {
                    self.stopped |= self.configured && !self.looked;
                    (self.configured, self.looked) = (true, false);
                    json.object(|json, key| {
                        match key {
                            "scanner_version" => reading.version = short(json)?,
                            "db_last_modified" => reading.database = short(json)?,
                            "scan_level" => self.by_symbol = json.text()? == Some("symbol"),
                            _ => json.skip()?,
                        }
                        Ok(())
                    })?;
                }
                "osv" => self.read_record(json)?,
                "finding" => {
                    self.looked = true;
                    self.read_finding(json)?;
                }
                "progress" => self.read_progress(json)?,
                _ => json.skip()?,
            }
            Ok(())
        })?;
        self.not_kept += u64::from(!is_object);
        Ok(())
    }

    /// What it is about to do. With the database out of reach nothing follows "Fetching vulnerabilities from the
    /// database...", and all that stands before is the same in a clean run.
    fn read_progress(&mut self, json: &mut Json<'_, '_>) -> Result<(), ParseError> {
        inside(json, "message", |json| {
            self.looked = !short(json)?.starts_with("Fetching vulnerabilities");
            Ok(())
        })?;
        Ok(())
    }

    fn read_record(&mut self, json: &mut Json<'_, '_>) -> Result<(), ParseError> {
        const MOST_BYTES: usize = 4 << 20;
        let (mut id, mut aliases, mut summary) = (String::new(), Vec::new(), String::new());
        json.object(|json, key| {
            match key {
                "id" => id = short(json)?,
                "aliases" => aliases = shorts(json)?,
                "summary" => summary = sentence(json)?,
                _ => json.skip()?,
            }
            Ok(())
        })?;
        self.record_bytes +=
            96 + id.len() + summary.len() + aliases.iter().map(|alias| alias.len() + 24).sum::<usize>();
        if self.record_bytes < MOST_BYTES {
            self.records.insert(id, (aliases, summary));
        }
        Ok(())
    }

    fn read_finding(&mut self, json: &mut Json<'_, '_>) -> Result<(), ParseError> {
        const MOST: usize = 5_000;
        let mut draft = Draft { ecosystem: "go".to_owned(), ..Draft::default() };
        let mut reach = Reach::Required;
        let mut frame = 0_u64;
        let is_object = json.object(|json, key| {
            match key {
                "osv" => draft.rule = short(json)?,
                "fixed_version" => draft.traits.fix = Some(!short(json)?.is_empty()),
                // The first frame is the vulnerable one; the last one with a position is in the project.
                "trace" => {
                    json.array(|json| {
                        frame += 1;
                        read_frame(json, &mut draft, (frame == 1).then_some(&mut reach))
                    })?;
                }
                _ => json.skip()?,
            }
            Ok(())
        })?;
        let key = (draft.rule.clone(), draft.package.clone());
        if !is_object || self.findings.len() >= MOST && !self.findings.contains_key(&key) {
            self.not_kept += 1;
            return Ok(());
        }
        let known = self.findings.entry(key).or_insert_with(|| (reach, draft.clone()));
        if reach > known.0 {
            *known = (reach, draft);
        }
        Ok(())
    }

    fn hand_over(self, context: &Context, reading: &mut Reading) {
        for ((id, _), (reach, mut draft)) in self.findings {
            let how = match reach {
                Reach::Required => "required",
                Reach::Imported => "imported",
                Reach::Called => "called",
            };
            draft.source = format!("govulncheck, {how}, no severity");
            // Only an analysis down to symbols can tell that nothing is called.
            draft.traits.reachable = match reach {
                Reach::Called => Some(true),
                Reach::Imported | Reach::Required => self.by_symbol.then_some(false),
            };
            if let Some((aliases, summary)) = self.records.get(&id) {
                aliases.iter().for_each(|alias| draft.alias(alias));
                draft.message.clone_from(summary);
            }
            reading.add(context, &draft);
        }
        for _ in 0..self.not_kept {
            reading.add_unknown();
        }
    }
}

fn read_frame(
    json: &mut Json<'_, '_>,
    draft: &mut Draft,
    first: Option<&mut Reach>,
) -> Result<(), ParseError> {
    let (mut module, mut version) = (String::new(), String::new());
    let (mut has_package, mut has_function) = (false, false);
    let (mut file, mut number) = (String::new(), 0);
    json.object(|json, key| {
        match key {
            "module" => module = short(json)?,
            "version" => version = short(json)?,
            "package" => has_package = !short(json)?.is_empty(),
            "function" => has_function = !short(json)?.is_empty(),
            "position" => {
                json.object(|json, key| {
                    match key {
                        "filename" => file = short(json)?,
                        "line" => number = line(json)?,
                        _ => json.skip()?,
                    }
                    Ok(())
                })?;
            }
            _ => json.skip()?,
        }
        Ok(())
    })?;
    if let Some(reach) = first {
        draft.package = module;
        draft.version = version;
        *reach = match (has_function, has_package) {
            (true, _) => Reach::Called,
            (false, true) => Reach::Imported,
            (false, false) => Reach::Required,
        };
    }
    if !file.is_empty() {
        (draft.file, draft.line) = (file, number);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::read;
    use super::*;
    use crate::model::Severity;

    const CONFIG: &str = r#"{"config": {"protocol_version": "v1.0.0", "scanner_name": "govulncheck", "scanner_version": "v1.1"}}"#;
    const SBOM: &str = r#"{"SBOM": {"go_version": "go1.26", "modules": [{"path": "own"}]}}"#;
    const FETCHING: &str = r#"{"progress": {"message": "Fetching vulnerabilities from the database..."}}"#;
    const SCANNING: &str =
        r#"{"progress": {"message": "Scanning your binary for known vulnerabilities..."}}"#;
    const CHECKING: &str = r#"{"progress": {"message": "Checking the code against the vulnerabilities..."}}"#;
    const RECORD: &str = r#"{"osv": {"id": "GO-1", "aliases": ["CVE-1"], "summary": "s"}}"#;

    fn finding(frame: &str) -> String {
        format!(
            r#"{{"finding": {{"osv": "GO-1", "trace": [{{"module": "m", "version": "v1"{frame}}}, {{"module": "own", "position": {{"filename": "main.go", "line": 9}}}}]}}}}"#
        )
    }

    #[test]
    fn records_are_no_findings() {
        let read = read(&FORMAT, &format!("{CONFIG}{SBOM}{FETCHING}{RECORD}{RECORD}{CHECKING}"));
        assert_eq!((read.severities().len(), read.health()), (0, Health::Complete));
    }

    #[test]
    fn a_run_that_got_no_database_is_not_clean() {
        for (stream, health) in [
            (CONFIG.to_owned(), Health::Failed),
            (format!("{CONFIG}{SBOM}"), Health::Failed),
            (format!("{CONFIG}{SBOM}{FETCHING}"), Health::Failed),
            (format!("{CONFIG}{SBOM}{FETCHING}{RECORD}"), Health::Failed),
            (format!("{CONFIG}{SBOM}{FETCHING}{CHECKING}"), Health::Complete),
            // Version 1.0 says one thing only.
            (format!("{CONFIG}{SCANNING}"), Health::Complete),
            (format!("{CONFIG}{}", finding("")), Health::Complete),
            // A binary; and two modules, of which one got none.
            (format!("{CONFIG}{SCANNING}{FETCHING}"), Health::Failed),
            (format!("{CONFIG}{FETCHING}{CONFIG}{FETCHING}{CHECKING}"), Health::Failed),
            (format!("{CONFIG}{FETCHING}{CHECKING}{CONFIG}{FETCHING}{CHECKING}"), Health::Complete),
        ] {
            assert_eq!(read(&FORMAT, &stream).health(), health, "{stream}");
        }
    }

    #[test]
    fn ever_more_exact_findings_of_one_vulnerability_are_one() {
        let stream = format!(
            "{CONFIG}{}{}{}{RECORD}",
            finding(""),
            finding(r#", "package": "p", "function": "F""#),
            finding(r#", "package": "p""#)
        );
        for text in [stream.clone(), format!("[{}]", stream.replace("}{", "},{"))] {
            let read = read(&FORMAT, &text);
            assert_eq!(read.severities(), [Severity::Unknown]);
            let found = &read.findings()[0];
            assert_eq!(found.severity_source.raw(), "govulncheck, called, no severity");
            assert_eq!((found.aliases[0].raw(), found.message.raw()), ("CVE-1", "s"));
            assert_eq!(found.place.as_ref().unwrap().file.raw(), "main.go");
        }
    }

    #[test]
    fn a_stream_without_a_configuration_is_not_trusted() {
        let text = format!("{}\n{}", r#"{"progress": {"message": "govulncheck"}}"#, finding(""));
        assert_eq!(read(&FORMAT, &text).health(), Health::Degraded);
    }

    #[test]
    fn findings_before_a_cut_are_not_lost() {
        let text = format!("{CONFIG}{}{{\"fin", finding(""));
        let partial = read(&FORMAT, &text).parsed.unwrap_err().partial.unwrap();
        assert!(
            matches!(partial.totals(), crate::model::ReportTotals::Scan { active, .. } if active.unknown == 1)
        );
    }
}
