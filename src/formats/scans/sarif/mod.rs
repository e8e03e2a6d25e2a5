//! SARIF 2.1.0: what static analysis tools write (security.md b1–b5, b7).
//!
//! One pass. The order of keys is free: Semgrep and Cppcheck write `results` before `tool`, so results wait
//! in a small form ([`run::Pending`]) until their run ends and rules, base ids and artifacts are known. The
//! severity is looked up once for all results that name their rule in the same way.
//!
//! Everything is lenient but the health: one odd property never loses a result, and a run is complete only if
//! nothing says otherwise.

mod external;
mod health;
mod package;
mod places;
mod resolve;
mod result;
mod rules;
mod run;
mod tools;
mod waiting;
mod wire;

#[cfg(test)]
mod tests;

use crate::diagnostic::{Code, Weight};
use crate::formats::json::{Json, JsonKind};
use crate::formats::{Context, Folder, Format, Head, ParseError, Parsed, Report, Source};
use crate::model::{Health, Kind, Scan, Untrusted};
use run::Run;
use waiting::Room;

pub(super) const FORMAT: Format = Format {
    id: "sarif",
    kind: Kind::Scan,
    name: "SARIF",
    default_globs: &["*.sarif", "*.sarif.json"],
    spec_url: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html",
    sniff,
    parse,
};

/// More runs than this are refused; GitHub takes 20.
const MOST_RUNS: usize = 500;

fn sniff(head: &Head) -> bool {
    let Some(json) = head.json().filter(|json| !json.array) else { return false };
    let is_log = |schema: &str| schema.contains("sarif") && !schema.contains("external-propert");
    let schema = json.scalar("$schema").is_some_and(|schema| is_log(&schema.to_ascii_lowercase()));
    let run = ["tool", "results", "invocations", "artifacts"].iter().any(|key| json.has_inner("runs", key));
    schema || json.has("runs") && (run || json.has("version"))
}

/// A log file while it is read (SARIF 2.1.0 §3.13).
#[derive(Default)]
struct Log {
    scans: Vec<Scan>,
    /// The run that is being read.
    run: Option<Run>,
    room: Room,
    /// Opens other files of the folder.
    folder: Option<Box<Folder>>,
    version: Option<String>,
    runs: Option<JsonKind>,
    inline: bool,
}

fn parse(source: &mut Source<'_>, context: &mut Context) -> Result<Parsed, ParseError> {
    let mut log = Log { folder: source.take_folder(), ..Log::default() };
    let mut json = Json::new(source);
    let read = log.read(&mut json, context);
    let position = json.position();
    if let Some(run) = log.run.take() {
        log.scans.push(resolve::resolve(run, context, position, true));
    }
    match read {
        Ok(health) => Ok(Parsed { report: Report::Scan(log.scans), health }),
        Err(error) if log.scans.is_empty() => Err(error),
        Err(error) => Err(error.with_partial(Report::Scan(log.scans))),
    }
}

impl Log {
    fn read(&mut self, json: &mut Json<'_, '_>, context: &mut Context) -> Result<Health, ParseError> {
        let is_object = json.object(|json, key| {
            match key {
                "version" => self.version = json.string()?,
                "runs" => self.read_runs(json, context)?,
                "inlineExternalProperties" => self.read_inline(json, context)?,
                _ => json.skip()?,
            }
            Ok(())
        })?;
        if !is_object {
            return Err(json.error(Code::Malformed, "the file is no object"));
        }
        json.finish(context)?;
        self.health(json, context)
    }

    fn read_runs(&mut self, json: &mut Json<'_, '_>, context: &mut Context) -> Result<(), ParseError> {
        self.runs = Some(json.kind()?);
        json.array(|json| {
            if self.scans.len() == MOST_RUNS {
                return Err(json.error(Code::Malformed, format!("the file has more than {MOST_RUNS} runs")));
            }
            // Kept here, so that what was read of it is not lost when the file is cut off.
            let run = self.run.insert(Run::new(self.room));
            run.read(json, context, self.folder.as_deref())?;
            if let Some(run) = self.run.take() {
                self.room = run.waiting.room();
                self.scans.push(resolve::resolve(run, context, json.position(), false));
            }
            Ok(())
        })?;
        Ok(())
    }

    /// Properties of runs that stand beside the runs (§3.13.5): no tool that we know writes them.
    fn read_inline(&mut self, json: &mut Json<'_, '_>, context: &mut Context) -> Result<(), ParseError> {
        json.array(|json| {
            self.inline = true;
            json.skip()
        })?;
        if self.inline {
            let message =
                "parts of the runs stand in `inlineExternalProperties`, which Tollgate does not read";
            context.warn(Code::ExternalProperties, Weight::Error, message, json.position());
        }
        Ok(())
    }

    /// The health of the whole file.
    fn health(&mut self, json: &Json<'_, '_>, context: &mut Context) -> Result<Health, ParseError> {
        let version = self.version.as_deref().unwrap_or_default();
        let is = |wanted: &str| {
            version.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '.']))
        };
        match self.runs {
            Some(JsonKind::Array) if self.scans.is_empty() => {
                let message = "the file has no run: no tool wrote anything into it";
                context.warn(Code::EmptyReport, Weight::Error, message, json.position());
            }
            Some(JsonKind::Array) => {}
            Some(_) | None => {
                // §3.13.4: null says that the tool could not get any.
                let message = "the file has no array of runs";
                context.warn(Code::MissingResults, Weight::Error, message, json.position());
                self.scans.push(failed(message));
            }
        }
        let mut health = self.scans.iter().map(|scan| scan.health).max().unwrap_or(Health::Empty);
        if self.inline {
            health = health.and(Health::Degraded);
        }
        if is("2.2") {
            let message = format!("the file has the draft version {version} of SARIF; Tollgate reads 2.1.0");
            context.warn(Code::UnsupportedVersion, Weight::Error, message, json.position());
            health = health.and(Health::Degraded);
        } else if !is("2.1.0") {
            let message = match version {
                "" => "the file does not say its version of SARIF".to_owned(),
                version => format!("the file has the version {version} of SARIF; Tollgate reads 2.1.0"),
            };
            return Err(json.error(Code::UnsupportedVersion, message));
        }
        Ok(health)
    }
}

/// A run that is not there, so that the snapshot has something to say.
fn failed(reason: &str) -> Scan {
    Scan {
        tool: crate::model::Tool::default(),
        category: Untrusted::default(),
        health: Health::Failed,
        health_reason: reason.into(),
        looked_for: crate::model::ScanClasses::NONE,
        active: crate::model::SeverityCounts::default(),
        suppressed: 0,
        findings: Vec::new(),
        not_kept: crate::model::SeverityCounts::default(),
    }
}
