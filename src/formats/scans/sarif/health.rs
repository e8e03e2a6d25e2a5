//! Whether a run finished (SARIF 2.1.0 §3.20, Appendix I; security.md b1).

use super::super::findings::{RunHealth, inside, take};
use super::places::Places;
use super::wire::{DescriptorReference, Level, RawMessage, level, read_message};
use crate::diagnostic::Code;
use crate::formats::json::{Json, JsonKind, Scalar};
use crate::formats::{Context, ParseError};
use crate::model::Health;

/// `ruleConfigurationOverrides` of one invocation (§3.20.5): the rule and the level it has there.
#[derive(Debug, Default)]
pub(super) struct Invocation {
    pub(super) overrides: Vec<(DescriptorReference, Level)>,
}

/// The most overrides of a run that are kept.
const MOST_OVERRIDES: usize = 2_000;
/// The most invocations of a run that results can refer to.
const MOST_INVOCATIONS: usize = 2_000;

/// Takes `invocations`. Every one of them must say that it was successful.
pub(super) fn read_invocations(
    json: &mut Json<'_, '_>,
    context: &mut Context,
    health: &mut RunHealth,
    invocations: &mut Vec<Invocation>,
    places: &mut Places,
) -> Result<(), ParseError> {
    let mut overrides_left = MOST_OVERRIDES;
    read_list(json, context, health, |json, context, health| {
        let invocation = read_invocation(json, context, health, places, &mut overrides_left)?;
        if invocations.len() < MOST_INVOCATIONS {
            invocations.push(invocation);
        }
        Ok(())
    })?;
    if overrides_left == 0 {
        let reason = format!("the run overrides the levels of more than {MOST_OVERRIDES} rules");
        health.worsen(context, json, Health::Degraded, Code::FindingsCut, reason);
    }
    Ok(())
}

/// Takes a list that says how the run went. One that is no list hides that.
fn read_list(
    json: &mut Json<'_, '_>,
    context: &mut Context,
    health: &mut RunHealth,
    mut each: impl FnMut(&mut Json<'_, '_>, &mut Context, &mut RunHealth) -> Result<(), ParseError>,
) -> Result<(), ParseError> {
    if json.kind()? == JsonKind::Null {
        return json.skip();
    }
    if !json.array(|json| each(json, context, health))? {
        let reason = "what the run says of how it went is no list";
        health.worsen(context, json, Health::Degraded, Code::MissingField, reason);
    }
    Ok(())
}

/// Takes one `invocation` (§3.20).
pub(super) fn read_invocation(
    json: &mut Json<'_, '_>,
    context: &mut Context,
    health: &mut RunHealth,
    places: &mut Places,
    overrides_left: &mut usize,
) -> Result<Invocation, ParseError> {
    let mut invocation = Invocation::default();
    let mut success_said = false;
    let is_object = json.object(|json, key| {
        match key {
            "executionSuccessful" => {
                success_said = true;
                if json.scalar()? != Some(Scalar::Bool(true)) {
                    let reason = "the tool says that it was not successful (`executionSuccessful`)";
                    health.worsen(context, json, Health::Failed, Code::ToolFailed, reason);
                }
            }
            "processStartFailureMessage" | "exitSignalName" => {
                if let Some(text) =
                    json.text_up_to(300)?.map(|(text, _)| text.to_owned()).filter(|text| !text.is_empty())
                {
                    let what =
                        if key == "exitSignalName" { "was ended by a signal" } else { "did not start" };
                    health.worsen(
                        context,
                        json,
                        Health::Failed,
                        Code::ToolFailed,
                        format!("the tool {what}: {text}"),
                    );
                }
            }
            "toolExecutionNotifications" | "toolConfigurationNotifications" => {
                read_list(json, context, health, read_notification)?;
            }
            "ruleConfigurationOverrides" => {
                json.array(|json| {
                    if *overrides_left == 0 {
                        return json.skip();
                    }
                    *overrides_left -= 1;
                    invocation.overrides.push(read_override(json)?);
                    Ok(())
                })?;
            }
            "workingDirectory" => places.read_root(json)?,
            _ => json.skip()?,
        }
        Ok(())
    })?;
    if !is_object || !success_said {
        // Required by §3.20.14; without it nobody knows how the run ended.
        let reason = "an invocation does not say whether it was successful (`executionSuccessful`)";
        health.worsen(context, json, Health::Degraded, Code::MissingField, reason);
    }
    Ok(invocation)
}

/// Takes one `notification` (§3.58); of level `error`, it means that the run failed (§3.20.21).
fn read_notification(
    json: &mut Json<'_, '_>,
    context: &mut Context,
    health: &mut RunHealth,
) -> Result<(), ParseError> {
    let mut message = RawMessage::default();
    let mut its_level = Level::Absent;
    let is_object = json.object(|json, key| {
        match key {
            "level" => its_level = level(json)?,
            "message" => read_message(json, &mut message, 300)?,
            _ => json.skip()?,
        }
        Ok(())
    })?;
    let text = if message.text.is_empty() { &message.id } else { &message.text };
    match its_level {
        Level::Error => {
            let reason = format!("the tool reports an error: {text}");
            health.worsen(context, json, Health::Failed, Code::ToolFailed, reason);
        }
        // It may be as bad.
        Level::Odd => {
            let reason = format!("the tool reports something of a level that SARIF does not have: {text}");
            health.worsen(context, json, Health::Failed, Code::ToolFailed, reason);
        }
        Level::Absent if !is_object => {
            let reason = "the tool reports something that cannot be read";
            health.worsen(context, json, Health::Degraded, Code::MissingField, reason);
        }
        Level::Absent | Level::None | Level::Note | Level::Warning => {}
    }
    Ok(())
}

/// Takes one `configurationOverride` (§3.51).
fn read_override(json: &mut Json<'_, '_>) -> Result<(DescriptorReference, Level), ParseError> {
    let mut descriptor =
        DescriptorReference { index: -1, component_index: -1, ..DescriptorReference::default() };
    let mut its_level = Level::Absent;
    json.object(|json, key| {
        match key {
            "descriptor" => descriptor.read(json)?,
            "configuration" => {
                inside(json, "level", |json| {
                    its_level = level(json)?;
                    Ok(())
                })?;
            }
            _ => json.skip()?,
        }
        Ok(())
    })?;
    Ok((descriptor, its_level))
}

/// Takes `automationDetails`: the category, which is its id up to the last slash (§3.17.3; without one there is none),
/// and the guid of the run.
pub(super) fn read_automation(
    json: &mut Json<'_, '_>,
    category: &mut String,
    guid: &mut String,
) -> Result<(), ParseError> {
    let mut id = String::new();
    json.object(|json, key| {
        match key {
            "id" => take(json, &mut id, super::super::findings::SHORT)?,
            "guid" => take(json, guid, super::super::findings::SHORT)?,
            _ => json.skip()?,
        }
        Ok(())
    })?;
    *category = id.rsplit_once('/').map(|(category, _)| category.to_owned()).unwrap_or_default();
    Ok(())
}
