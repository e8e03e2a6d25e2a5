//! One result, as the file has it: the few properties that decide, in buffers that are used again.

use super::super::findings::{SHORT, masked_hash, snippet_hash, take, take_scalar, text_hash};
use crate::formats::ParseError;
use crate::formats::json::{Json, JsonKind, Scalar};

/// `result.level` and `reportingConfiguration.level` (SARIF 2.1.0 §3.27.10).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Level {
    /// The property is not there.
    #[default]
    Absent,
    None,
    Note,
    Warning,
    Error,
    /// A word that SARIF does not have.
    Odd,
}

impl Level {
    pub(super) fn of(word: &str) -> Self {
        match word {
            "none" => Self::None,
            "note" => Self::Note,
            "warning" => Self::Warning,
            "error" => Self::Error,
            _ => Self::Odd,
        }
    }
}

/// `result.kind` (§3.27.9).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum ResultKind {
    /// Also without the property, and with a word that SARIF does not have.
    #[default]
    Fail,
    /// `review`, `open`: the tool could not decide.
    Undecided,
    /// `pass`, `notApplicable`, `informational`: no finding.
    NoFinding,
}

/// `reportingDescriptorReference` (§3.52): how a result or an override names its rule.
#[derive(Clone, Debug, Default)]
pub(super) struct DescriptorReference {
    pub(super) id: String,
    pub(super) guid: String,
    /// -1 for none.
    pub(super) index: i32,
    /// `toolComponent.index`; -1 for none.
    pub(super) component_index: i32,
    pub(super) component_guid: String,
}

impl DescriptorReference {
    fn clear(&mut self) {
        self.id.clear();
        self.guid.clear();
        self.index = -1;
        self.component_index = -1;
        self.component_guid.clear();
    }

    pub(super) fn read(&mut self, json: &mut Json<'_, '_>) -> Result<(), ParseError> {
        self.clear();
        json.object(|json, key| {
            match key {
                "id" => take(json, &mut self.id, SHORT)?,
                "guid" => take(json, &mut self.guid, SHORT)?,
                "index" => self.index = index(json)?,
                "toolComponent" => {
                    json.object(|json, key| {
                        match key {
                            "index" => self.component_index = index(json)?,
                            "guid" => take(json, &mut self.component_guid, SHORT)?,
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
}

/// `message` (§3.11).
#[derive(Clone, Debug, Default)]
pub(super) struct RawMessage {
    pub(super) text: String,
    pub(super) id: String,
    pub(super) arguments: Vec<String>,
}

/// `suppressions` (§3.27.23), combined as Microsoft's SDK does: one element that is not accepted is enough to
/// keep the finding active.
#[derive(Clone, Debug, Default)]
pub(super) struct Suppressions {
    count: u64,
    not_accepted: bool,
    in_source: bool,
    pub(super) justification: String,
}

impl Suppressions {
    pub(super) fn suppress(&self) -> bool {
        self.count > 0 && !self.not_accepted
    }

    pub(super) fn by(&self) -> &'static str {
        if self.in_source { "in-source" } else { "external" }
    }
}

/// `result` (§3.27).
#[derive(Debug, Default)]
pub(super) struct RawResult {
    pub(super) rule_id: String,
    pub(super) rule_index: i32,
    pub(super) rule: DescriptorReference,
    pub(super) level: Level,
    pub(super) kind: ResultKind,
    pub(super) kind_is_odd: bool,
    pub(super) message: RawMessage,
    pub(super) uri: String,
    pub(super) uri_base: String,
    pub(super) artifact: i32,
    pub(super) has_place: bool,
    pub(super) line: u32,
    pub(super) snippet: u64,
    fingerprint: Fingerprint,
    pub(super) suppressions: Suppressions,
    pub(super) baseline_absent: bool,
    pub(super) invocation: i32,
    pub(super) security_severity: String,
}

/// The fingerprint that is compared, of all that a result has.
#[derive(Debug, Default)]
struct Fingerprint {
    trust: u8,
    name: String,
    version: u64,
    hash: u64,
}

const LONGEST_URI: usize = 4096;
const MOST_ARGUMENTS: usize = 32;

impl RawResult {
    fn clear(&mut self) {
        self.rule_id.clear();
        self.rule_index = -1;
        self.rule.clear();
        self.level = Level::Absent;
        self.kind = ResultKind::Fail;
        self.kind_is_odd = false;
        self.message.text.clear();
        self.message.id.clear();
        self.message.arguments.clear();
        self.uri.clear();
        self.uri_base.clear();
        self.artifact = -1;
        self.has_place = false;
        self.line = 0;
        self.snippet = 0;
        self.fingerprint.trust = 0;
        self.fingerprint.hash = 0;
        self.suppressions = Suppressions::default();
        self.baseline_absent = false;
        self.invocation = -1;
        self.security_severity.clear();
    }

    /// Takes the next value. False if it is no object.
    pub(super) fn read(&mut self, json: &mut Json<'_, '_>, max_text: usize) -> Result<bool, ParseError> {
        self.clear();
        json.object(|json, key| {
            match key {
                "ruleId" => take(json, &mut self.rule_id, SHORT)?,
                "ruleIndex" => self.rule_index = index(json)?,
                "rule" => self.rule.read(json)?,
                "level" => self.level = level(json)?,
                "kind" => self.read_kind(json)?,
                "message" => read_message(json, &mut self.message, max_text)?,
                "locations" => self.read_locations(json)?,
                "fingerprints" => self.read_fingerprints(json, 3)?,
                "partialFingerprints" => self.read_fingerprints(json, 1)?,
                "suppressions" => self.read_suppressions(json, max_text)?,
                "baselineState" => self.baseline_absent = json.text()? == Some("absent"),
                "provenance" => {
                    json.object(|json, key| {
                        match key {
                            "invocationIndex" => self.invocation = index(json)?,
                            _ => json.skip()?,
                        }
                        Ok(())
                    })?;
                }
                "properties" => {
                    json.entries(|json, key| {
                        match key {
                            "security-severity" => take_scalar(json, &mut self.security_severity)?,
                            _ => json.skip()?,
                        }
                        Ok(())
                    })?;
                }
                _ => json.skip()?,
            }
            Ok(())
        })
    }

    /// The id of the rule as the result itself gives it; empty if it gives none.
    pub(super) fn own_rule_id(&self) -> &str {
        if self.rule_id.is_empty() { &self.rule.id } else { &self.rule_id }
    }

    /// The index of the rule as the result itself gives it; -1 for none.
    pub(super) fn own_rule_index(&self) -> i32 {
        if self.rule.index >= 0 { self.rule.index } else { self.rule_index }
    }

    /// What the tool's own fingerprint compares; 0 for none.
    pub(super) fn fingerprint(&self) -> u64 {
        self.fingerprint.hash
    }

    /// What the message compares: its id and arguments where it has an id, so that a new translation is no
    /// new finding.
    pub(super) fn message_hash(&self) -> u64 {
        let message = &self.message;
        if message.id.is_empty() && message.arguments.is_empty() {
            return masked_hash(&message.text);
        }
        let mut whole = if message.id.is_empty() { message.text.clone() } else { message.id.clone() };
        for argument in &message.arguments {
            whole.push('\u{1}');
            whole.push_str(argument);
        }
        masked_hash(&whole)
    }

    fn read_kind(&mut self, json: &mut Json<'_, '_>) -> Result<(), ParseError> {
        self.kind = match json.text()? {
            Some("pass" | "notApplicable" | "informational") => ResultKind::NoFinding,
            Some("review" | "open") => ResultKind::Undecided,
            Some("fail") => ResultKind::Fail,
            _ => {
                self.kind_is_odd = true;
                ResultKind::Fail
            }
        };
        Ok(())
    }

    /// Several locations are one finding (§3.27.12); the first with a file is its place.
    fn read_locations(&mut self, json: &mut Json<'_, '_>) -> Result<(), ParseError> {
        json.array(|json| {
            if self.has_place {
                return json.skip();
            }
            json.object(|json, key| {
                match key {
                    "physicalLocation" => self.read_physical(json)?,
                    _ => json.skip()?,
                }
                Ok(())
            })?;
            Ok(())
        })?;
        Ok(())
    }

    fn read_physical(&mut self, json: &mut Json<'_, '_>) -> Result<(), ParseError> {
        json.object(|json, key| {
            match key {
                "artifactLocation" => {
                    read_artifact_location(json, &mut self.uri, &mut self.uri_base, &mut self.artifact)?;
                }
                "region" => self.read_region(json)?,
                _ => json.skip()?,
            }
            Ok(())
        })?;
        self.has_place = !self.uri.is_empty() || self.artifact >= 0;
        Ok(())
    }

    fn read_region(&mut self, json: &mut Json<'_, '_>) -> Result<(), ParseError> {
        json.object(|json, key| {
            match key {
                "startLine" => {
                    self.line = json.integer()?.and_then(|line| u32::try_from(line).ok()).unwrap_or(0);
                }
                "snippet" => {
                    json.object(|json, key| {
                        match key {
                            // Beyond 64 KiB the beginning tells snippets apart well enough.
                            "text" => {
                                let text = json.text_up_to(64 * 1024)?;
                                self.snippet = text.map_or(0, |(text, _)| snippet_hash(text));
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

    /// `fingerprints` are trusted above `partialFingerprints` (§3.27.17), of those GitHub's line hash above
    /// others; of one name the greatest version, and of several names the first by alphabet, counts.
    fn read_fingerprints(&mut self, json: &mut Json<'_, '_>, trust: u8) -> Result<(), ParseError> {
        // Gitleaks puts the commit and its author here: personal, and changed by every rebase.
        const NO_FINGERPRINT: &[&str] = &["author", "email", "date", "commitMessage", "commitSha"];
        // What Semgrep writes for a fingerprint to those who are not logged in.
        const NO_VALUE: &[&str] = &["", "0", "requires login"];
        json.entries(|json, name| {
            let Some((value, _)) = json.text_up_to(4096)? else { return Ok(()) };
            if NO_FINGERPRINT.contains(&name) || NO_VALUE.contains(&value) {
                return Ok(());
            }
            let (base, version) = match name.rsplit_once("/v") {
                Some((base, version)) => match version.parse::<u64>() {
                    Ok(version) => (base, version),
                    Err(_) => (name, 0),
                },
                None => (name, 0),
            };
            let trust = trust + u8::from(base == "primaryLocationLineHash");
            let have = &mut self.fingerprint;
            let better = trust > have.trust
                || trust == have.trust
                    && (base < have.name.as_str() || base == have.name && version > have.version);
            if better {
                have.trust = trust;
                have.version = version;
                base.clone_into(&mut have.name);
                have.hash = text_hash(&format!("{name}\u{1}{value}"));
            }
            Ok(())
        })?;
        Ok(())
    }

    fn read_suppressions(&mut self, json: &mut Json<'_, '_>, max_text: usize) -> Result<(), ParseError> {
        let suppressions = &mut self.suppressions;
        json.array(|json| {
            suppressions.count += 1;
            let mut accepted = true;
            let is_object = json.object(|json, key| {
                match key {
                    "status" => {
                        accepted = matches!(json.scalar()?, Some(Scalar::Null | Scalar::Text("accepted")));
                    }
                    "kind" => suppressions.in_source |= json.text()? == Some("inSource"),
                    "justification" => take(json, &mut suppressions.justification, max_text)?,
                    _ => json.skip()?,
                }
                Ok(())
            })?;
            suppressions.not_accepted |= !accepted || !is_object;
            Ok(())
        })?;
        Ok(())
    }
}

/// `level`; something that is no string is odd, and `null` is absent.
pub(super) fn level(json: &mut Json<'_, '_>) -> Result<Level, ParseError> {
    Ok(match json.scalar()? {
        Some(Scalar::Text(word)) => Level::of(word),
        Some(Scalar::Null) => Level::Absent,
        Some(Scalar::Bool(_) | Scalar::Number(_)) | None => Level::Odd,
    })
}

/// `message`; a plain string is read as its text.
pub(super) fn read_message(
    json: &mut Json<'_, '_>,
    message: &mut RawMessage,
    max_text: usize,
) -> Result<(), ParseError> {
    if json.kind()? == JsonKind::Text {
        return take(json, &mut message.text, max_text);
    }
    json.object(|json, key| {
        match key {
            "text" => take(json, &mut message.text, max_text)?,
            "id" => take(json, &mut message.id, SHORT)?,
            "arguments" => {
                json.array(|json| {
                    if message.arguments.len() == MOST_ARGUMENTS {
                        return json.skip();
                    }
                    // A wrong argument keeps its place, or the others would move.
                    let argument = json.text_up_to(SHORT)?.map(|(text, _)| text.to_owned());
                    message.arguments.push(argument.unwrap_or_default());
                    Ok(())
                })?;
            }
            _ => json.skip()?,
        }
        Ok(())
    })?;
    Ok(())
}

/// `artifactLocation` (§3.4).
pub(super) fn read_artifact_location(
    json: &mut Json<'_, '_>,
    uri: &mut String,
    base: &mut String,
    artifact: &mut i32,
) -> Result<(), ParseError> {
    json.object(|json, key| {
        match key {
            "uri" => take(json, uri, LONGEST_URI)?,
            "uriBaseId" => take(json, base, SHORT)?,
            "index" => *artifact = index(json)?,
            _ => json.skip()?,
        }
        Ok(())
    })?;
    Ok(())
}

/// An index; -1 for none and for what cannot be one.
pub(super) fn index(json: &mut Json<'_, '_>) -> Result<i32, ParseError> {
    let number = json.integer()?.and_then(|number| i32::try_from(number).ok());
    Ok(number.filter(|number| *number >= 0).unwrap_or(-1))
}
