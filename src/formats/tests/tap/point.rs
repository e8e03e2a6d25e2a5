//! One line of a stream: a plan or a test point.

use crate::formats::tests::time::{Time, seconds};
use std::time::Duration;

/// `1..N`.
pub(super) fn plan_of(line: &str) -> Option<u64> {
    let rest = line.strip_prefix("1..")?;
    let end = rest.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
    let (digits, behind) = rest.split_at_checked(end)?;
    let behind = behind.trim_start();
    if !behind.is_empty() && !behind.starts_with('#') {
        return None;
    }
    digits.parse().ok()
}

/// What stands behind a `#`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Directive {
    Skip,
    Todo,
}

/// `ok 1 - description # SKIP reason`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point<'l> {
    pub(super) ok: bool,
    pub(super) number: Option<u64>,
    pub(super) description: &'l str,
    pub(super) directive: Option<(Directive, &'l str)>,
    pub(super) duration: Option<Duration>,
}

/// Reads a test point.
pub(super) fn point_of(line: &str) -> Option<Point<'_>> {
    let (ok, rest) = match line.strip_prefix("not ok") {
        Some(rest) => (false, rest),
        None => (true, line.strip_prefix("ok")?),
    };
    if rest.starts_with(|c: char| c.is_alphanumeric() || c == '_') {
        return None;
    }
    let rest = rest.trim_start();
    let end = rest.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
    let (digits, behind) = rest.split_at_checked(end)?;
    let number_ends = behind.is_empty() || behind.starts_with([' ', '\t', '-', '#']);
    let (number, rest) = if number_ends { (digits.parse().ok(), behind) } else { (None, rest) };
    let rest = rest.trim_start();
    let rest = rest.strip_prefix('-').map_or(rest, str::trim_start);
    let mut point = Point { ok, number, description: rest.trim_end(), directive: None, duration: None };
    for (at, _) in rest.match_indices('#') {
        let escaped = rest.get(..at).is_some_and(|before| before.ends_with('\\'));
        let behind = rest.get(at + 1..).unwrap_or_default().trim();
        let word =
            |word: &str| behind.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
        let directive = match (word("skip"), word("todo")) {
            (true, _) => Some(Directive::Skip),
            (_, true) => Some(Directive::Todo),
            _ => None,
        };
        let time = behind.strip_prefix("time=");
        if escaped || (directive.is_none() && time.is_none()) {
            continue;
        }
        point.description = rest.get(..at).unwrap_or_default().trim_end();
        if let Some(Time::Known(time)) = time.map(seconds) {
            point.duration = Some(time);
        }
        let reason = behind.split_once(char::is_whitespace).map_or("", |(_, reason)| reason.trim());
        point.directive = directive.map(|directive| (directive, reason));
        break;
    }
    Some(point)
}
