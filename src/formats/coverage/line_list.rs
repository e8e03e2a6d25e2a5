//! Lists with one cell per line, of SimpleCov, Coveralls and Codecov.

use super::gather::Gathered;
use super::number::{self, Count, LineNumber};
use crate::diagnostic::Code;
use crate::formats::ParseError;
use crate::formats::json::{Json, JsonKind, Scalar};
use crate::model::FileCoverage;
use std::num::NonZeroU32;

/// What a cell says of its line.
enum Cell {
    /// No code.
    NoCode,
    /// Ran so often.
    Count(Count),
    /// So many of its branches were taken: `1/2`.
    Branches(u32, u32),
    /// It ran in part, which is all that is said.
    InPart,
}

/// Takes a list whose first cell is that of line `first`, or (Codecov) an object with line numbers as keys.
/// False if the value is neither.
pub(super) fn take(
    gathered: &mut Gathered<'_>,
    json: &mut Json<'_, '_>,
    first: u32,
    file: &mut FileCoverage,
) -> Result<bool, ParseError> {
    if json.kind()? == JsonKind::Object {
        return json.entries(|json, key| {
            let line = number::line_number(key.as_bytes());
            cell(gathered, json, line, file)
        });
    }
    let mut next = first;
    json.array(|json| {
        // The cell of line 0, where lists begin with one, says nothing.
        let line = NonZeroU32::new(next).map_or(LineNumber::NoLine, LineNumber::Line);
        next = next.saturating_add(1);
        if line == LineNumber::NoLine {
            return json.skip();
        }
        cell(gathered, json, line, file)
    })
}

fn cell(
    gathered: &mut Gathered<'_>,
    json: &mut Json<'_, '_>,
    line: LineNumber,
    file: &mut FileCoverage,
) -> Result<(), ParseError> {
    let read = match json.scalar()? {
        Some(Scalar::Null) => Some(Cell::NoCode),
        Some(Scalar::Number(text)) => Some(Cell::Count(number::count(text.as_bytes()))),
        // Codecov: partly covered.
        Some(Scalar::Bool(true)) => Some(Cell::InPart),
        Some(Scalar::Text(text)) => self::text(text),
        Some(Scalar::Bool(false)) | None => None,
    };
    let what = || "the cell of a line".to_owned();
    match read {
        Some(Cell::NoCode) => return Ok(()),
        Some(Cell::Count(count)) => {
            let Some(line) = gathered.line(line, what, || json.position()) else { return Ok(()) };
            if let Some(hits) = gathered.hits(count, what, || json.position()) {
                file.lines.add(line, hits);
            }
        }
        Some(Cell::Branches(taken, total)) => {
            let Some(line) = gathered.line(line, what, || json.position()) else { return Ok(()) };
            file.lines.add(line, u64::from(taken));
            file.branches.count_at_least(line.get(), taken, total);
        }
        Some(Cell::InPart) => {
            let Some(line) = gathered.line(line, what, || json.position()) else { return Ok(()) };
            file.lines.add(line, 1);
            file.parts.count_at_least(line.get(), 1, 2);
        }
        None => {
            let message = || "the cell of a line is neither count nor null".to_owned();
            gathered.degrade_with(Code::BadNumber, message, || json.position());
        }
    }
    gathered.hold(1, || json.position())
}

fn text(text: &str) -> Option<Cell> {
    if text == "ignored" {
        return Some(Cell::NoCode);
    }
    if let Some((taken, total)) = text.split_once('/') {
        let number = |text: &str| u32::try_from(number::digits(text.as_bytes())?).ok();
        let (taken, total) = (number(taken)?, number(total)?);
        return (total > 0).then_some(Cell::Branches(taken, total));
    }
    Some(Cell::Count(number::count(text.as_bytes())))
}
