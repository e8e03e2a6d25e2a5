//! `tollgate.chain/1`: the chain of verdicts as JSON lines, one entry a line.
//!
//! A line has one spelling. It is read strictly and held against what would be written, so that no byte of it can
//! change unseen. The record stands in it as its canonical bytes: compact JSON of `tollgate.verdict/1`.

use super::verdict::VerdictRecord;
use super::{ReadError, check_envelope};
use crate::model::Moment;
use crate::records::chain::{Checkpoint, Content, Digest, Entry, Link, Sealed, Stored};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The schema's id.
pub const SCHEMA: &str = "tollgate.chain/1";

/// No honest line is longer: a record and the little around it.
pub const MOST_BYTES: usize = 65 * 1024 * 1024;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Line<'l> {
    schema: String,
    sequence: u64,
    previous: String,
    recorded_at: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    verdict: Option<Seal>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    checkpoint: Option<Gone>,
    hash: String,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    record: Option<&'l RawValue>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Seal {
    repository: String,
    record: String,
    policy: Option<String>,
    evidence: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Gone {
    through: String,
    keep_days: u32,
}

/// The bytes of a record that are sealed: JSON on one line, always the same for the same record.
pub fn canonical(record: &VerdictRecord) -> Vec<u8> {
    serde_json::to_vec(record).unwrap_or_else(super::unserializable)
}

/// One line, with its line feed.
///
/// # Errors
/// The record is no JSON, or the moment is beyond the year 9999: nobody could read the line again.
pub fn write(stored: &Stored) -> Result<Vec<u8>, ReadError> {
    let wrong = |what: &'static str| ReadError::Contradiction { what };
    let record = stored.record.as_deref().map(serde_json::from_slice::<&RawValue>).transpose();
    let record = record.map_err(|source| ReadError::Malformed { schema: super::verdict::SCHEMA, source })?;
    let entry = &stored.entry;
    let (verdict, checkpoint) = match &entry.content {
        Content::Verdict(sealed) => (Some(seal(sealed)), None),
        Content::Checkpoint(checkpoint) => {
            let through = checkpoint.through.to_string();
            (None, Some(Gone { through, keep_days: checkpoint.keep_days }))
        }
    };
    let line = Line {
        schema: SCHEMA.to_owned(),
        sequence: entry.sequence,
        previous: entry.previous.to_string(),
        recorded_at: entry.recorded.rfc3339().ok_or(wrong("its moment is beyond the year 9999"))?,
        verdict,
        checkpoint,
        hash: stored.hash.to_string(),
        record,
    };
    let mut bytes = serde_json::to_vec(&line).unwrap_or_else(super::unserializable);
    bytes.push(b'\n');
    Ok(bytes)
}

fn seal(sealed: &Sealed) -> Seal {
    let text = |digest: Digest| digest.to_string();
    Seal {
        repository: sealed.repository.clone(),
        record: text(sealed.record),
        policy: sealed.policy.map(text),
        evidence: sealed.evidence.map(text),
    }
}

/// Reads one line, without its line feed.
///
/// # Errors
/// Says what is wrong; also where the line is spelled otherwise than [`write()`] would.
pub fn read(line: &[u8]) -> Result<Stored, ReadError> {
    let wrong = |what: &'static str| ReadError::Contradiction { what };
    check_envelope(line, SCHEMA, MOST_BYTES)?;
    let read: Line<'_> =
        serde_json::from_slice(line).map_err(|source| ReadError::Malformed { schema: SCHEMA, source })?;
    let digest = |text: &str| Digest::parse(text).ok_or(wrong("a digest is not 64 hexadecimal digits"));
    let content = match (read.verdict, read.checkpoint) {
        (Some(seal), None) => Content::Verdict(Sealed {
            repository: seal.repository,
            record: digest(&seal.record)?,
            policy: seal.policy.as_deref().map(digest).transpose()?,
            evidence: seal.evidence.as_deref().map(digest).transpose()?,
        }),
        (None, Some(gone)) => Content::Checkpoint(Checkpoint {
            through: Link::parse(&gone.through).ok_or(wrong("a checkpoint names no entry"))?,
            keep_days: gone.keep_days,
        }),
        (Some(_), Some(_)) | (None, None) => {
            return Err(wrong("an entry is a verdict or a checkpoint, and one of the two"));
        }
    };
    let stored = Stored {
        entry: Entry {
            sequence: read.sequence,
            previous: digest(&read.previous)?,
            recorded: Moment::parse(&read.recorded_at)
                .ok_or(wrong("`recorded-at` is no moment, such as 2026-11-22T08:03:11Z"))?,
            content,
        },
        hash: digest(&read.hash)?,
        record: read.record.map(|record| record.get().as_bytes().to_owned()),
    };
    if write(&stored)?.strip_suffix(b"\n") != Some(line) {
        return Err(wrong("the line is not spelled as it was written"));
    }
    Ok(stored)
}
