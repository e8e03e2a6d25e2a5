//! One result, as the file has it: the few properties that decide, in buffers that are used again.

use super::super::findings::{
    SHORT, inside, line_identity, masked_hash, snippet_hash, take, take_scalar, text_hash,
};
use super::package::{Named, named};
use super::wire::{
    DescriptorReference, Level, RawMessage, ResultKind, Suppressions, index, level, read_artifact_location,
    read_message,
};
use crate::formats::ParseError;
use crate::formats::json::Json;

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
    /// What GitHub's line hash compares, where the report carries it; 0 for none.
    pub(super) line_hash: u64,
    fingerprint: Fingerprint,
    pub(super) suppressions: Suppressions,
    pub(super) baseline_absent: bool,
    pub(super) invocation: i32,
    pub(super) security_severity: String,
    /// `fullyQualifiedName` of its first logical location that has one.
    pub(super) logical: String,
    /// `properties.purl`.
    pub(super) purl: String,
}

/// The fingerprint that is compared, of all that a result has.
#[derive(Debug, Default)]
struct Fingerprint {
    trust: u8,
    name: String,
    version: u64,
    hash: u64,
}

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
        self.line_hash = 0;
        self.fingerprint.trust = 0;
        self.fingerprint.hash = 0;
        self.suppressions = Suppressions::default();
        self.baseline_absent = false;
        self.invocation = -1;
        self.security_severity.clear();
        self.logical.clear();
        self.purl.clear();
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
                "suppressions" => self.suppressions.read(json, max_text)?,
                "baselineState" => self.baseline_absent = json.text()? == Some("absent"),
                "provenance" => {
                    inside(json, "invocationIndex", |json| {
                        self.invocation = index(json)?;
                        Ok(())
                    })?;
                }
                "properties" => {
                    json.entries(|json, key| {
                        match key {
                            "security-severity" => take_scalar(json, &mut self.security_severity)?,
                            "purl" => take(json, &mut self.purl, SHORT)?,
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

    /// The package that it names.
    pub(super) fn package(&self) -> Option<Named<'_>> {
        named(&self.message.text, &self.logical, &self.purl)
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
                    "logicalLocations" => self.read_logical(json)?,
                    _ => json.skip()?,
                }
                Ok(())
            })?;
            Ok(())
        })?;
        Ok(())
    }

    fn read_logical(&mut self, json: &mut Json<'_, '_>) -> Result<(), ParseError> {
        json.array(|json| {
            json.object(|json, key| match key {
                "fullyQualifiedName" if self.logical.is_empty() => take(json, &mut self.logical, SHORT),
                _ => json.skip(),
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
            let is_line_hash = base == "primaryLocationLineHash";
            if is_line_hash {
                // Without `:n`: equal lines are told apart by counting them.
                let hash = value.split(':').next().unwrap_or(value);
                self.line_hash = line_identity(hash);
            }
            let trust = trust + u8::from(is_line_hash);
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
}
