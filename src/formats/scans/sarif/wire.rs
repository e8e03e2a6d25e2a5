//! Pieces that results, rules and invocations share, as the file has them.

use super::super::findings::{SHORT, take};
use crate::formats::ParseError;
use crate::formats::json::{Json, JsonKind, Scalar};

const LONGEST_URI: usize = 4096;
const MOST_ARGUMENTS: usize = 32;

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
    pub(super) fn clear(&mut self) {
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

    pub(super) fn read(&mut self, json: &mut Json<'_, '_>, max_text: usize) -> Result<(), ParseError> {
        json.array(|json| {
            self.count += 1;
            let mut accepted = true;
            let is_object = json.object(|json, key| {
                match key {
                    "status" => {
                        accepted = matches!(json.scalar()?, Some(Scalar::Null | Scalar::Text("accepted")));
                    }
                    "kind" => self.in_source |= json.text()? == Some("inSource"),
                    "justification" => take(json, &mut self.justification, max_text)?,
                    _ => json.skip()?,
                }
                Ok(())
            })?;
            self.not_accepted |= !accepted || !is_object;
            Ok(())
        })?;
        Ok(())
    }

    pub(super) fn by(&self) -> &'static str {
        if self.in_source { "in-source" } else { "external" }
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
