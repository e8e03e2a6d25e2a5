//! Reading recorded verdicts, for `simulate` and `fleet`.

use super::exit::WrongUse;
use super::output;
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::io::records::{self, Layout};
use crate::model::{Date, Moment};
use crate::records::Recorded;
use crate::wire::recorded::{self, Keep};
use std::path::Path;

/// So many unreadable records are named.
const MOST_NAMED: usize = 10;

/// What a directory holds.
pub(super) struct Read {
    /// The records, in the order of their paths.
    pub(super) records: Vec<Recorded>,
    /// The repositories, also those without a record.
    pub(super) repositories: Vec<String>,
}

/// `90d` or `90`.
pub(super) fn parse_days(text: &str) -> Result<u32, String> {
    let days = text.strip_suffix('d').unwrap_or(text).parse::<u32>();
    days.ok()
        .filter(|days| (1..=3_660).contains(days))
        .ok_or("expected a number of days, such as 90d".to_owned())
}

/// Reads every record; what cannot be read is said on standard error and left out. `window` keeps those of the
/// last days before a day; one without a date is then left out.
///
/// # Errors
/// The directory cannot be searched, or holds no record at all.
pub(super) fn read(
    dir: &Path,
    layout: Layout,
    keep: Keep,
    window: Option<(u32, Date)>,
) -> anyhow::Result<Read> {
    let mut kept = Vec::new();
    let mut problems: Vec<Diagnostic> = Vec::new();
    let (mut seen, mut unreadable) = (0_u64, 0_u64);
    let walked = records::walk(dir, layout, |record| {
        seen += 1;
        let read = record.bytes.and_then(|bytes| {
            recorded::read(&bytes, &record.repository, &record.file, keep).map_err(|error| {
                let message = match std::error::Error::source(&error) {
                    Some(source) => format!("the record is left out: {error}: {source}"),
                    None => format!("the record is left out: {error}"),
                };
                let origin = Origin::file(record.file.as_str());
                Box::new(Diagnostic::new(Code::BadRecord, Weight::Warning, message, origin))
            })
        });
        match read {
            Ok(read) => {
                kept.extend(Some(read).filter(|read| window.is_none_or(|window| is_inside(read, window))));
            }
            Err(problem) => {
                unreadable += 1;
                if problems.len() < MOST_NAMED {
                    problems.push(*problem);
                }
            }
        }
    })
    .map_err(|error| WrongUse(output::diagnostics(&[*error])))?;
    problems.extend(walked.diagnostics);
    output::note(&output::diagnostics(&problems));
    if unreadable > MOST_NAMED as u64 {
        output::note(&format!("and {} more records that cannot be read\n", unreadable - MOST_NAMED as u64));
    }
    if seen == 0 {
        let message = format!(
            "error: no record (`*.json`) was found in {}\n  = help: `tollgate check --write-json FILE` writes one",
            dir.display()
        );
        return Err(WrongUse(message).into());
    }
    Ok(Read { records: kept, repositories: walked.repositories })
}

fn is_inside(record: &Recorded, (days, today): (u32, Date)) -> bool {
    let day = record.decided.and_then(Moment::day);
    day.is_some_and(|day| day <= today && today.days() - day.days() < days)
}
