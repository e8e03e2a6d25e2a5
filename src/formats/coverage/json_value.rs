//! Counts and lines as values of JSON.

use super::number::{self, Count, LineNumber};
use crate::formats::ParseError;
use crate::formats::json::{Json, Scalar};
use crate::model::Ratio;

/// Takes a count; `None` for `null`.
pub(super) fn count(json: &mut Json<'_, '_>) -> Result<Option<Count>, ParseError> {
    Ok(match json.scalar()? {
        Some(Scalar::Null) => None,
        Some(Scalar::Number(text)) => Some(number::count(text.as_bytes())),
        Some(Scalar::Bool(_) | Scalar::Text(_)) | None => Some(Count::Unreadable),
    })
}

/// Takes a line number; `null` names no line.
pub(super) fn line(json: &mut Json<'_, '_>) -> Result<LineNumber, ParseError> {
    Ok(match json.scalar()? {
        Some(Scalar::Null) => LineNumber::NoLine,
        // An empty number is `NaN`.
        Some(Scalar::Number("")) => LineNumber::NoLine,
        Some(Scalar::Number(text)) => number::line_number(text.strip_suffix(".0").unwrap_or(text).as_bytes()),
        Some(Scalar::Bool(_) | Scalar::Text(_)) | None => LineNumber::Unreadable,
    })
}

/// Takes a whole number of 64 bits that is not negative; `None` if it is anything else.
pub(super) fn whole(json: &mut Json<'_, '_>) -> Result<Option<u64>, ParseError> {
    Ok(match count(json)? {
        Some(Count::Hits(number)) => Some(number),
        Some(Count::Rounded(_) | Count::Negative | Count::Unreadable) | None => None,
    })
}

/// Takes an object that holds a whole and a part under these names; `None` without both, or of nothing.
pub(super) fn ratio(
    json: &mut Json<'_, '_>,
    whole_key: &str,
    part_key: &str,
) -> Result<Option<Ratio>, ParseError> {
    let (mut all, mut part) = (None, None);
    json.object(|json, key| {
        if key == whole_key {
            all = whole(json)?;
        } else if key == part_key {
            part = whole(json)?;
        }
        Ok(())
    })?;
    Ok(match (all, part) {
        (Some(all), Some(part)) if all > 0 => Some(Ratio { part: part.min(all), whole: all }),
        _ => None,
    })
}
