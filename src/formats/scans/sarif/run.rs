//! One run: its results wait, small, until its tool is known (SARIF 2.1.0 §3.14; the order of keys is free).

use super::super::findings::{RunHealth, SHORT, inside, take};
use super::external::{Elsewhere, Part, read_references};
use super::health::{Invocation, read_automation, read_invocation, read_invocations};
use super::places::Places;
use super::result::RawResult;
use super::rules::ToolTable;
use super::waiting::{Room, Waiting};
use super::wire::ResultKind;
use crate::diagnostic::{Code, Weight};
use crate::formats::json::{Json, JsonKind};
use crate::formats::{Context, Folder, ParseError};
use crate::model::Health;

/// What stands for `results`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Results {
    #[default]
    Absent,
    Null,
    Wrong,
    There,
}

/// A run while it is read.
#[derive(Debug, Default)]
pub(super) struct Run {
    pub(super) tool: ToolTable,
    pub(super) category: String,
    pub(super) health: RunHealth,
    pub(super) invocations: Vec<Invocation>,
    pub(super) places: Places,
    pub(super) waiting: Waiting,
    results: Results,
    /// Results of any kind, with those that do not count.
    pub(super) results_read: u64,
    /// Parts of the run that stand in other files.
    pub(super) elsewhere: Vec<Elsewhere>,
    /// True if a container image was scanned, as Trivy says it.
    pub(super) image: bool,
    /// `automationDetails.guid`, which such files may refer to.
    pub(super) guid: String,
    odd_kinds: u64,
    /// Results that the run says are of an earlier one (`baselineState`).
    gone: u64,
    buffer: RawResult,
}

/// True for the properties that Trivy gives a run of a container image.
fn names_an_image(json: &mut Json<'_, '_>) -> Result<bool, ParseError> {
    let mut name = String::new();
    inside(json, "imageName", |json| take(json, &mut name, SHORT))?;
    Ok(!name.is_empty())
}

impl Run {
    /// A run that may keep this much.
    pub(super) fn new(room: Room) -> Self {
        Self { waiting: Waiting::new(room), ..Self::default() }
    }

    /// Takes a run.
    pub(super) fn read(
        &mut self,
        json: &mut Json<'_, '_>,
        context: &mut Context,
        folder: Option<&Folder>,
    ) -> Result<(), ParseError> {
        let is_object = json.object(|json, key| {
            match key {
                "tool" => self.tool.read(json)?,
                "results" => self.read_part(Part::Results, json, context)?,
                "invocations" => self.read_part(Part::Invocations, json, context)?,
                "conversion" => self.read_part(Part::Conversion, json, context)?,
                "artifacts" => self.read_part(Part::Artifacts, json, context)?,
                "originalUriBaseIds" => self.places.read_bases(json)?,
                "versionControlProvenance" => self.read_mapped_to(json)?,
                "automationDetails" => read_automation(json, &mut self.category, &mut self.guid)?,
                "properties" => self.image = names_an_image(json)?,
                "externalPropertyFileReferences" => self.elsewhere = read_references(json)?,
                _ => json.skip()?,
            }
            Ok(())
        })?;
        if !is_object {
            return Err(json.error(Code::Malformed, "a run is no object"));
        }
        let results_elsewhere = self.elsewhere.iter().any(|part| part.is(Part::Results));
        self.read_elsewhere(json, context, folder);
        self.check(json, context, results_elsewhere);
        Ok(())
    }

    /// Takes a part of the run that may stand in another file too. Lists are added to what is there.
    pub(super) fn read_part(
        &mut self,
        part: Part,
        json: &mut Json<'_, '_>,
        context: &mut Context,
    ) -> Result<(), ParseError> {
        match part {
            Part::Results => self.read_results(json, context),
            Part::Driver => self.tool.read_driver(json),
            Part::Extensions => self.tool.read_extensions(json),
            Part::Artifacts => self.places.read_artifacts(json),
            Part::Invocations => {
                let (health, places) = (&mut self.health, &mut self.places);
                read_invocations(json, context, health, &mut self.invocations, places)
            }
            Part::Conversion => self.read_conversion(json, context),
        }
    }

    /// What can only be said at the end of a run.
    fn check(&mut self, json: &Json<'_, '_>, context: &mut Context, results_elsewhere: bool) {
        if !self.tool.has_driver {
            let reason = "the run does not say which tool made it (`tool.driver`)";
            self.health.worsen(context, json, Health::Degraded, Code::MissingField, reason);
        } else if self.tool.name.is_empty() {
            let message = "the tool of the run has no name";
            context.warn(Code::MissingField, Weight::Warning, message, json.position());
        }
        let missing = match self.results {
            Results::There => None,
            // Whether they could be read there is said already.
            Results::Absent if results_elsewhere => None,
            Results::Absent => Some("the run has no `results`"),
            Results::Null => Some("`results` of the run is null"),
            Results::Wrong => Some("`results` of the run is no array"),
        };
        if let Some(reason) = missing {
            let reason = format!("{reason}: the tool did not start to analyse");
            self.health.worsen(context, json, Health::Failed, Code::MissingResults, reason);
        }
        if self.tool.is_cut() {
            let message =
                "the tool has more than 50000 rules; findings of the others count as of unknown severity";
            context.warn(Code::FindingsCut, Weight::Warning, message, json.position());
        }
        if self.places.cut {
            let message = "the run names too many files; findings may lack their place";
            context.warn(Code::FindingsCut, Weight::Warning, message, json.position());
        }
        if self.odd_kinds > 0 {
            let message =
                format!("{} results have a kind that SARIF does not have; they count", self.odd_kinds);
            context.warn(Code::UnknownStatus, Weight::Warning, message, json.position());
        }
        if self.gone > 0 {
            let message = format!(
                "results that the run calls gone (`baselineState: absent`) do not count: {}",
                self.gone
            );
            context.warn(Code::GoneResults, Weight::Warning, message, json.position());
        }
    }

    fn read_results(&mut self, json: &mut Json<'_, '_>, context: &mut Context) -> Result<(), ParseError> {
        self.results = match json.kind()? {
            JsonKind::Array => Results::There,
            JsonKind::Null => Results::Null,
            JsonKind::Bool | JsonKind::Number | JsonKind::Text | JsonKind::Object => Results::Wrong,
        };
        let mut buffer = std::mem::take(&mut self.buffer);
        json.array(|json| {
            self.results_read += 1;
            if buffer.read(json, context.max_text)? {
                self.take_result(&buffer, context);
            } else {
                self.waiting.add_unknown();
                let reason = "a result is no object; it counts as of unknown severity";
                self.health.worsen(context, json, Health::Degraded, Code::UnknownSeverity, reason);
            }
            Ok(())
        })?;
        self.buffer = buffer;
        Ok(())
    }

    fn take_result(&mut self, result: &RawResult, context: &Context) {
        self.odd_kinds += u64::from(result.kind_is_odd);
        if result.kind == ResultKind::NoFinding {
            return;
        }
        if result.baseline_absent {
            self.gone += 1;
            return;
        }
        self.waiting.add(result, context);
    }

    /// A converter that failed has not converted everything (§3.22).
    fn read_conversion(&mut self, json: &mut Json<'_, '_>, context: &mut Context) -> Result<(), ParseError> {
        json.object(|json, key| {
            match key {
                "invocation" => {
                    read_invocation(json, context, &mut self.health, &mut self.places, &mut 0)?;
                }
                _ => json.skip()?,
            }
            Ok(())
        })?;
        Ok(())
    }

    fn read_mapped_to(&mut self, json: &mut Json<'_, '_>) -> Result<(), ParseError> {
        json.array(|json| {
            inside(json, "mappedTo", |json| self.places.read_root(json))?;
            Ok(())
        })?;
        Ok(())
    }
}
