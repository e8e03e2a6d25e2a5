//! Parts of a run that stand in other files of the same folder (SARIF 2.1.0 §3.15).
//!
//! A run names such a file by its bare name and says which of its properties stand there. Nothing is fetched, and no
//! other folder is looked at. Where a part that decides cannot be had, or is not what the run says of it, the run is
//! not complete.

use super::super::findings::{SHORT, take};
use super::run::Run;
use super::wire::read_artifact_location;
use crate::diagnostic::Code;
use crate::formats::json::{Json, JsonKind};
use crate::formats::{Context, Folder, ParseError};
use crate::model::{Health, decode_escapes};

/// The most files of one run.
const MOST_FILES: usize = 16;
/// The most references of one run; more are refused, since what they name would be lost.
const MOST_REFERENCES: usize = 100;

/// A part of a run that decides, and may stand elsewhere. Others (graphs, taxonomies, addresses …) are not needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Results,
    Driver,
    Extensions,
    Artifacts,
    Invocations,
    Conversion,
}

impl Part {
    const ALL: &[(&str, Self)] = &[
        ("results", Self::Results),
        ("driver", Self::Driver),
        ("extensions", Self::Extensions),
        ("artifacts", Self::Artifacts),
        ("invocations", Self::Invocations),
        ("conversion", Self::Conversion),
    ];

    fn of(key: &str) -> Option<Self> {
        Self::ALL.iter().find(|(name, _)| *name == key).map(|row| row.1)
    }

    fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, part)| *part == self).map_or("", |row| row.0)
    }
}

/// `externalPropertyFileReference` (§3.15.3).
#[derive(Debug, Default)]
struct Reference {
    uri: String,
    guid: String,
    items: Option<i64>,
}

/// A part that stands in a file, as the run says it.
#[derive(Debug)]
pub(super) struct Elsewhere {
    part: Part,
    reference: Reference,
    read: bool,
}

impl Elsewhere {
    pub(super) fn is(&self, part: Part) -> bool {
        self.part == part
    }
}

/// What a file says beside its parts (§3.15.4).
#[derive(Debug, Default)]
struct Said {
    version: String,
    guid: String,
    run_guid: String,
}

/// Takes `externalPropertyFileReferences` (§3.14.2): an object, or an array of them, for each part.
pub(super) fn read_references(json: &mut Json<'_, '_>) -> Result<Vec<Elsewhere>, ParseError> {
    let mut all = Vec::new();
    json.object(|json, key| {
        let Some(part) = Part::of(key) else { return json.skip() };
        let mut add = |json: &mut Json<'_, '_>| {
            let mut reference = Reference::default();
            read_reference(json, &mut reference)?;
            if all.len() == MOST_REFERENCES {
                let message = format!("a run names more than {MOST_REFERENCES} parts in other files");
                return Err(json.error(Code::Malformed, message));
            }
            all.push(Elsewhere { part, reference, read: false });
            Ok(())
        };
        match json.kind()? {
            JsonKind::Array => json.array(add).map(|_| ()),
            JsonKind::Null => json.skip(),
            _ => add(json),
        }
    })?;
    Ok(all)
}

/// One that is no object names nothing, which is said when it is looked for.
fn read_reference(json: &mut Json<'_, '_>, reference: &mut Reference) -> Result<(), ParseError> {
    json.object(|json, key| {
        match key {
            "location" => {
                read_artifact_location(json, &mut reference.uri, &mut String::new(), &mut -1)?;
            }
            "guid" => take(json, &mut reference.guid, SHORT)?,
            "itemCount" => reference.items = json.integer()?,
            _ => json.skip()?,
        }
        Ok(())
    })?;
    Ok(())
}

/// The bare name of a file, or why the URI is none.
fn bare_name(uri: &str) -> Result<String, &'static str> {
    let name = decode_escapes(uri.strip_prefix("./").unwrap_or(uri));
    let is_plain = |c: char| !c.is_control() && !matches!(c, '/' | '\\' | ':');
    match name.as_str() {
        "" => Err("is named nowhere"),
        "." | ".." => Err("is no file"),
        _ if name.len() > 255 || !name.chars().all(is_plain) => Err("is not in the folder of the report"),
        _ => Ok(name),
    }
}

impl Run {
    /// Reads the parts that stand elsewhere, file by file, as if they stood here.
    pub(super) fn read_elsewhere(
        &mut self,
        json: &Json<'_, '_>,
        context: &mut Context,
        folder: Option<&Folder>,
    ) {
        let mut parts = std::mem::take(&mut self.elsewhere);
        let mut names: Vec<String> = Vec::new();
        for part in &parts {
            match bare_name(&part.reference.uri) {
                Ok(name) if names.contains(&name) => {}
                Ok(name) if names.len() < MOST_FILES => names.push(name),
                Ok(_) => self.not_had(json, context, part.part, "stands in too many files"),
                Err(why) => {
                    self.not_had(json, context, part.part, &format!("stands in a file that {why}"));
                }
            }
        }
        for name in names {
            let mut of_file: Vec<&mut Elsewhere> = parts
                .iter_mut()
                .filter(|part| bare_name(&part.reference.uri).is_ok_and(|its| its == name))
                .collect();
            let opened = match folder {
                Some(folder) => folder(&name),
                None => Err("only the report itself is at hand here".to_owned()),
            };
            let problem = match opened {
                Ok(mut source) => {
                    let mut file = Json::new(&mut source);
                    let read = self.read_file(&mut file, context, &mut of_file);
                    read.and_then(|()| file.end()).err().map(|error| error.to_string())
                }
                Err(why) => Some(why),
            };
            for part in of_file.iter().filter(|part| problem.is_some() || !part.read) {
                let why = problem.as_deref().unwrap_or("it is not there");
                self.not_had(json, context, part.part, &format!("should stand in `{name}`: {why}"));
            }
        }
    }

    fn not_had(&mut self, json: &Json<'_, '_>, context: &mut Context, part: Part, why: &str) {
        let reason = format!("`{}` of the run {why}", part.name());
        self.health.worsen(context, json, Health::Degraded, Code::ExternalProperties, reason);
    }

    /// Takes one file (§3.15.4): the parts that the run looks for in it.
    fn read_file(
        &mut self,
        json: &mut Json<'_, '_>,
        context: &mut Context,
        parts: &mut [&mut Elsewhere],
    ) -> Result<(), ParseError> {
        let mut said = Said::default();
        let is_object = json.object(|json, key| {
            match key {
                "version" => take(json, &mut said.version, SHORT)?,
                "guid" => take(json, &mut said.guid, SHORT)?,
                "runGuid" => take(json, &mut said.run_guid, SHORT)?,
                _ => {
                    let wanted = Part::of(key);
                    let Some(part) = parts.iter_mut().find(|part| Some(part.part) == wanted) else {
                        return json.skip();
                    };
                    let before = self.results_read;
                    self.read_part(part.part, json, context)?;
                    part.read = true;
                    let items = i64::try_from(self.results_read - before).ok();
                    let stated = part.reference.items.filter(|items| *items >= 0);
                    if part.part == Part::Results && stated.is_some() && stated != items {
                        let reason = "the run says that its file has another number of `results`";
                        self.health.worsen(context, json, Health::Degraded, Code::ExternalProperties, reason);
                    }
                }
            }
            Ok(())
        })?;
        let wrong = |json: &Json<'_, '_>, what: &str| Err(json.error(Code::ExternalProperties, what));
        let differs = |said: &str, wanted: &str| {
            !said.is_empty() && !wanted.is_empty() && !said.eq_ignore_ascii_case(wanted)
        };
        if !is_object {
            return wrong(json, "the file is no object");
        }
        if !said.version.is_empty() && !said.version.starts_with("2.1.0") {
            return wrong(json, "the file is of another version of SARIF");
        }
        if parts.iter().any(|part| differs(&said.guid, &part.reference.guid)) {
            return wrong(json, "the file has another guid than the run says");
        }
        if differs(&said.run_guid, &self.guid) {
            return wrong(json, "the file belongs to another run");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::FORMAT;
    use super::*;
    use crate::formats::{Parsed, Report, Source};
    use crate::model::Scan;

    fn read(run: &str, files: &'static [(&'static str, &'static str)]) -> (Health, Vec<Scan>) {
        let text = format!(r#"{{"version": "2.1.0", "runs": [{{{run}}}]}}"#);
        let mut source = Source::from_bytes(text.as_bytes()).within(Box::new(move |name| {
            let file = files.iter().find(|(have, _)| *have == name);
            file.map(|(_, text)| Source::from_bytes(text.as_bytes())).ok_or_else(|| "no such file".to_owned())
        }));
        let Ok(Parsed { report: Report::Scan(scans), health }) =
            (FORMAT.parse)(&mut source, &mut Context::default())
        else {
            panic!("{text} cannot be read")
        };
        (health, scans)
    }

    const TOOL: &str = r#""tool": {"driver": {"name": "t"}}"#;

    fn run(references: &str) -> String {
        format!(
            r#"{TOOL}, "automationDetails": {{"guid": "G1"}}, "externalPropertyFileReferences": {references}"#
        )
    }

    const RESULTS: &str = r#"{"version": "2.1.0", "guid": "F1", "runGuid": "g1", "results": [{"level": "error"}, {"level": "note"}]}"#;

    #[test]
    fn results_of_a_file_of_the_same_folder_are_those_of_the_run() {
        let one = r#"{"results": [{"location": {"uri": "r.sarif-external-properties"}, "guid": "f1", "itemCount": 2}]}"#;
        let (health, scans) = read(&run(one), &[("r.sarif-external-properties", RESULTS)]);
        assert_eq!((health, scans[0].active.high, scans[0].active.low), (Health::Complete, 1, 1));
        let two = r#"{"results": [{"location": {"uri": "./a%20b"}}, {"location": {"uri": "c"}}]}"#;
        let (health, scans) = read(
            &format!(r#"{}, "results": [{{"level": "warning"}}]"#, run(two)),
            &[("a b", RESULTS), ("c", RESULTS)],
        );
        assert_eq!((health, scans[0].active.total()), (Health::Complete, 5));
    }

    #[test]
    fn rules_and_health_may_stand_there_too() {
        let all = r#"{"driver": {"location": {"uri": "x"}}, "invocations": [{"location": {"uri": "x"}}]}"#;
        let run = format!(r#""externalPropertyFileReferences": {all}, "results": [{{"ruleId": "R"}}]"#);
        let (health, scans) = read(
            &run,
            &[(
                "x",
                r#"{"invocations": [{"executionSuccessful": false}],
                    "driver": {"name": "t", "rules": [{"id": "R", "defaultConfiguration": {"level": "error"}}]}}"#,
            )],
        );
        assert_eq!((health, scans[0].tool.name.raw(), scans[0].active.high), (Health::Failed, "t", 1));
    }

    #[test]
    fn what_cannot_be_had_or_is_not_what_it_should_be_is_never_complete() {
        let named =
            |name: &str| format!(r#"{{"results": [{{"location": {{"uri": "{name}"}}, "guid": "F1"}}]}}"#);
        for name in [
            "absent",
            "../r",
            "/etc/r",
            "file:///r",
            "https://e.invalid/r",
            "a/r",
            "a\\\\r",
            "",
            "..",
            "%2e%2e%2fr",
        ] {
            let (health, _) = read(&run(&named(name)), &[("r", RESULTS)]);
            assert_eq!(health, Health::Degraded, "{name}");
        }
        for (name, file) in [
            ("cut", r#"{"results": [{"level": "error"}"#),
            ("other", r#"{"guid": "F2", "results": []}"#),
            ("another run", r#"{"runGuid": "G2", "results": []}"#),
            ("version", r#"{"version": "1.0.0", "results": []}"#),
            ("without", r#"{"artifacts": []}"#),
            ("null", r#"{"results": null}"#),
            ("list", "[]"),
        ] {
            let text: &'static str = file;
            let files: &'static [(&str, &str)] = Box::leak(Box::new([("r", text)]));
            let (health, _) = read(&run(&named("r")), files);
            assert!(health > Health::Complete, "{name}");
        }
        let many = format!(r#"{{"results": [{}{{}}]}}"#, r#"{"location": {"uri": "r"}}, "#.repeat(100));
        let text = format!(r#"{{"version": "2.1.0", "runs": [{{{}}}]}}"#, run(&many));
        assert!((FORMAT.parse)(&mut Source::from_bytes(text.as_bytes()), &mut Context::default()).is_err());
        let counted = r#"{"results": [{"location": {"uri": "r"}, "itemCount": 3}]}"#;
        assert_eq!(read(&run(counted), &[("r", RESULTS)]).0, Health::Degraded);
        let none = r#"{"results": [{"location": {"uri": "r"}}]}"#;
        let text = format!(r#"{{"version": "2.1.0", "runs": [{{{}}}]}}"#, run(none));
        let parsed =
            (FORMAT.parse)(&mut Source::from_bytes(text.as_bytes()), &mut Context::default()).unwrap();
        assert_eq!(parsed.health, Health::Degraded, "where only the report is at hand");
    }
}
