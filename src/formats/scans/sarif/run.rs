//! One run: its results wait, small, until its tool is known (SARIF 2.1.0 §3.14; the order of keys is free).

use super::super::findings::{Collector, RunHealth, SHORT, Strings, take};
use super::external::{Elsewhere, Part, read_references};
use super::health::{Invocation, read_automation, read_invocation, read_invocations};
use super::package::{Named, Way};
use super::places::Places;
use super::result::RawResult;
use super::rules::ToolTable;
use super::wire::{Level, RawMessage, ResultKind};
use crate::diagnostic::{Code, Weight};
use crate::formats::json::{Json, JsonKind};
use crate::formats::{Context, Folder, ParseError};
use crate::model::Health;
use std::collections::HashMap;

/// What decides the severity of a result: all results with the same key have the same severity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) rule_id: u32,
    pub(super) rule_guid: u32,
    pub(super) rule_index: i32,
    pub(super) component_guid: u32,
    pub(super) component_index: i32,
    pub(super) level: Level,
    pub(super) kind: ResultKind,
    pub(super) invocation: i32,
    pub(super) security_severity: u32,
}

/// How often a key occurs.
#[derive(Debug, Default)]
pub(super) struct KeyCounts {
    pub(super) active: u64,
    pub(super) suppressed: u64,
    /// How many of both wait as [`Pending`].
    pub(super) pending_active: u64,
    pub(super) pending_suppressed: u64,
    texts: u32,
}

/// A result that waits for its tool.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) key: u32,
    pub(super) uri: u32,
    pub(super) uri_base: u32,
    pub(super) artifact: i32,
    pub(super) line: u32,
    /// Index of its text; `u32::MAX` for none.
    pub(super) text: u32,
    /// Index of its package; `u32::MAX` for none.
    pub(super) package: u32,
    pub(super) suppressed: bool,
    pub(super) fingerprint: u64,
    pub(super) line_hash: u64,
    pub(super) snippet: u64,
    pub(super) message: u64,
}

/// The package of a result.
#[derive(Clone, Copy, Debug)]
pub(super) struct PendingPackage {
    pub(super) way: Way,
    pub(super) name: u32,
    pub(super) version: u32,
    pub(super) ecosystem: u32,
    pub(super) has_fix: bool,
}

/// What people read of a result.
#[derive(Debug, Default)]
pub(super) struct Text {
    pub(super) message: RawMessage,
    pub(super) suppressed_by: &'static str,
    pub(super) justification: String,
}

/// What stands for `results`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Results {
    #[default]
    Absent,
    Null,
    Wrong,
    There,
}

/// What the runs of a file may still keep, together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    /// Active findings that can still be kept.
    active: usize,
    /// Suppressed ones.
    suppressed: usize,
    /// How many bytes of text were kept.
    text_bytes: usize,
}

impl Default for Room {
    fn default() -> Self {
        Self { active: Collector::MOST, suppressed: Collector::MOST_SUPPRESSED, text_bytes: 0 }
    }
}

/// A run while it is read.
#[derive(Debug, Default)]
pub(super) struct Run {
    pub(super) tool: ToolTable,
    pub(super) category: String,
    pub(super) health: RunHealth,
    pub(super) invocations: Vec<Invocation>,
    pub(super) places: Places,
    pub(super) strings: Strings,
    keys: HashMap<Key, u32>,
    pub(super) key_counts: Vec<(Key, KeyCounts)>,
    /// In pieces, so that each can be given back as soon as it has become findings.
    pub(super) pending: Vec<Vec<Pending>>,
    pub(super) texts: Vec<Text>,
    pub(super) packages: Vec<PendingPackage>,
    pub(super) room: Room,
    /// Results that were counted without a key: they are no objects, or there are too many kinds of them.
    pub(super) unknown: u64,
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

/// Above this, further texts are kept only for rules that have few.
const SOFT_TEXT_BYTES: usize = 1 << 20;
/// Above this, none is.
const HARD_TEXT_BYTES: usize = 3 << 20;
/// The most texts of one rule.
const MOST_TEXTS_OF_A_KEY: u32 = 100;
/// How many texts a rule may have when many were kept already.
const FEW_TEXTS_OF_A_KEY: u32 = 4;
/// How many results wait in one piece of memory.
const PIECE: usize = 4096;
/// The most different keys; more are hostile.
const MOST_KEYS: usize = 50_000;

fn pending_package(strings: &mut Strings, named: Named<'_>) -> Option<PendingPackage> {
    Some(PendingPackage {
        way: named.way,
        name: strings.intern(named.name)?,
        version: strings.intern(named.version)?,
        ecosystem: strings.intern(&named.ecosystem.to_ascii_lowercase())?,
        has_fix: named.has_fix,
    })
}

/// True for the properties that Trivy gives a run of a container image.
fn names_an_image(json: &mut Json<'_, '_>) -> Result<bool, ParseError> {
    let mut name = String::new();
    json.object(|json, key| match key {
        "imageName" => take(json, &mut name, SHORT),
        _ => json.skip(),
    })?;
    Ok(!name.is_empty())
}

impl Run {
    /// A run that may keep this much.
    pub(super) fn new(room: Room) -> Self {
        Self { room, ..Self::default() }
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
                self.unknown += 1;
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
        let Some(key) = self.key(result) else {
            self.unknown += 1;
            return;
        };
        let suppressed = result.suppressions.suppress();
        let text = self.keep_text(key, result, suppressed, context);
        let Some((_, counts)) = usize::try_from(key).ok().and_then(|key| self.key_counts.get_mut(key)) else {
            return;
        };
        let room = if suppressed {
            counts.suppressed += 1;
            self.room.suppressed > 0
        } else {
            counts.active += 1;
            self.room.active > 0
        };
        if !room || !context.keep_identities {
            return;
        }
        let (Some(uri), Some(uri_base)) =
            (self.strings.intern(&result.uri), self.strings.intern(&result.uri_base))
        else {
            return;
        };
        let package = match result.package().map(|named| pending_package(&mut self.strings, named)) {
            // There is no room for its name.
            Some(None) => return,
            Some(Some(package)) => {
                self.packages.push(package);
                u32::try_from(self.packages.len() - 1).unwrap_or(u32::MAX)
            }
            None => u32::MAX,
        };
        if suppressed {
            counts.pending_suppressed += 1;
            self.room.suppressed -= 1;
        } else {
            counts.pending_active += 1;
            self.room.active -= 1;
        }
        let pending = Pending {
            key,
            uri,
            uri_base,
            artifact: result.artifact,
            line: result.line,
            text,
            package,
            suppressed,
            fingerprint: result.fingerprint(),
            line_hash: result.line_hash,
            snippet: result.snippet,
            message: result.message_hash(),
        };
        match self.pending.last_mut().filter(|piece| piece.len() < PIECE) {
            Some(piece) => piece.push(pending),
            None => {
                let mut piece = Vec::with_capacity(PIECE);
                piece.push(pending);
                self.pending.push(piece);
            }
        }
    }

    fn key(&mut self, result: &RawResult) -> Option<u32> {
        let key = Key {
            rule_id: self.strings.intern(result.own_rule_id())?,
            rule_guid: self.strings.intern(&result.rule.guid)?,
            rule_index: result.own_rule_index(),
            component_guid: self.strings.intern(&result.rule.component_guid)?,
            component_index: result.rule.component_index,
            level: result.level,
            kind: result.kind,
            invocation: result.invocation,
            security_severity: self.strings.intern(&result.security_severity)?,
        };
        if let Some(&known) = self.keys.get(&key) {
            return Some(known);
        }
        if self.keys.len() >= MOST_KEYS {
            return None;
        }
        let index = u32::try_from(self.key_counts.len()).ok()?;
        self.key_counts.push((key, KeyCounts::default()));
        self.keys.insert(key, index);
        Some(index)
    }

    /// Keeps what people read, fairly: which results are the worst is not known before the tool is.
    fn keep_text(&mut self, key: u32, result: &RawResult, suppressed: bool, context: &Context) -> u32 {
        const NOT_KEPT: u32 = u32::MAX;
        let counts = usize::try_from(key).ok().and_then(|key| self.key_counts.get_mut(key));
        let Some((_, counts)) = counts.filter(|_| context.keep_identities) else { return NOT_KEPT };
        let most =
            if self.room.text_bytes < SOFT_TEXT_BYTES { MOST_TEXTS_OF_A_KEY } else { FEW_TEXTS_OF_A_KEY };
        if counts.texts >= most || self.room.text_bytes >= HARD_TEXT_BYTES {
            return NOT_KEPT;
        }
        let message = &result.message;
        let arguments: usize =
            message.arguments.iter().map(|argument| argument.len() + size_of::<String>()).sum();
        let justification =
            if suppressed { result.suppressions.justification.clone() } else { String::new() };
        self.room.text_bytes +=
            size_of::<Text>() + message.text.len() + message.id.len() + arguments + justification.len();
        counts.texts += 1;
        let index = u32::try_from(self.texts.len()).unwrap_or(NOT_KEPT);
        self.texts.push(Text {
            message: message.clone(),
            suppressed_by: if suppressed { result.suppressions.by() } else { "" },
            justification,
        });
        index
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
            json.object(|json, key| {
                match key {
                    "mappedTo" => self.places.read_root(json)?,
                    _ => json.skip()?,
                }
                Ok(())
            })?;
            Ok(())
        })?;
        Ok(())
    }
}
