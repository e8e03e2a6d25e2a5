//! Fields of a report, taken into buffers.

use super::text_hash;
use crate::formats::ParseError;
use crate::formats::json::{Json, Scalar};

/// Longest id, name or word that is kept, in bytes.
pub(in crate::formats::scans) const SHORT: usize = 512;

/// Takes a string into a buffer; anything else leaves it empty.
pub(in crate::formats::scans) fn take(
    json: &mut Json<'_, '_>,
    into: &mut String,
    cap: usize,
) -> Result<(), ParseError> {
    json.text_into(into, cap)?;
    Ok(())
}

/// Takes a string or a number as text.
pub(in crate::formats::scans) fn take_scalar(
    json: &mut Json<'_, '_>,
    into: &mut String,
) -> Result<(), ParseError> {
    into.clear();
    if let Some(Scalar::Text(text) | Scalar::Number(text)) = json.scalar()? {
        into.push_str(text.get(..text.len().min(64)).unwrap_or_default());
    }
    Ok(())
}

/// Takes an object of which one property alone matters. False if the value was something else.
pub(in crate::formats::scans) fn inside<'j, 's>(
    json: &mut Json<'j, 's>,
    name: &str,
    mut property: impl FnMut(&mut Json<'j, 's>) -> Result<(), ParseError>,
) -> Result<bool, ParseError> {
    json.object(|json, key| if key == name { property(json) } else { json.skip() })
}

/// Tells two secrets of one rule in one file apart; 0 for one that the tool has masked.
pub(in crate::formats::scans) fn secret_hash(json: &mut Json<'_, '_>) -> Result<u64, ParseError> {
    let Some((secret, _)) = json.text_up_to(4096)? else { return Ok(0) };
    let masked = secret.contains("REDACTED") || secret.bytes().all(|byte| byte == b'*');
    Ok(if masked { 0 } else { text_hash(secret) })
}
