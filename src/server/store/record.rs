//! Records of verdicts: each names the one before it in its repository, so that none can be changed or taken out of
//! the middle unseen.

use crate::model::Moment;
use crate::records::chain::{Content, Digest, Entry, Sealed};
use crate::server::clock::Time;
use std::fmt::Write as _;

/// A verdict that is to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRecord {
    /// `owner/name`, as GitHub writes it.
    pub repository: String,
    /// The commit that was judged.
    pub sha: String,
    /// Its pull requests, lowest first; empty for a group of the merge queue.
    pub pulls: Vec<u64>,
    /// The verdict's word: `passed`, `needs-changes` or `no-verdict`.
    pub kind: String,
    /// When it was decided.
    pub decided: Time,
    /// Of the policy in force; `None` where there was none to judge by.
    pub policy: Option<Digest>,
    /// Of the evidence.
    pub evidence: Option<Digest>,
    /// The `verdict/1`, as JSON.
    pub body: Vec<u8>,
}

/// A verdict that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its number over all repositories; later ones are larger.
    pub id: i64,
    /// Its number in its repository's chain, from 1; checkpoints of the retention have numbers, too.
    pub number: i64,
    /// The hash of the record before it in its repository; [`Digest::START`] for number 1.
    pub previous: Digest,
    /// Its own hash: see [`entry`].
    pub hash: Digest,
    /// What is kept.
    pub what: NewRecord,
}

/// A record as an entry of its repository's chain, which has the hash.
pub fn entry(number: i64, previous: Digest, what: &NewRecord) -> Entry {
    Entry {
        sequence: number.unsigned_abs(),
        previous,
        recorded: moment(what.decided),
        content: Content::Verdict(Sealed {
            repository: what.repository.clone(),
            record: Digest::of(&what.body),
            policy: what.policy,
            evidence: what.evidence,
        }),
    }
}

/// A time of the store as an entry of a chain has it.
pub(super) fn moment(time: Time) -> Moment {
    Moment::from_seconds(u64::try_from(time.0 / 1_000).unwrap_or_default())
}

/// A digest as the store keeps it; empty if there is none.
pub(super) fn digest_text(digest: Option<Digest>) -> String {
    digest.map_or(String::new(), |digest| digest.to_string())
}

/// The digest of a text of [`digest_text`]; the outer `None` is any other text.
#[expect(clippy::option_option, reason = "none is kept, and wrong is not")]
pub(super) fn digest_of(text: &str) -> Option<Option<Digest>> {
    if text.is_empty() { Some(None) } else { Digest::parse(text).map(Some) }
}

/// Bytes in lower-case hexadecimal.
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        let _infallible = write!(out, "{byte:02x}");
        out
    })
}

/// Numbers as the store keeps them: `7,12`.
pub(super) fn pulls_text(pulls: &[u64]) -> String {
    let numbers: Vec<String> = pulls.iter().map(u64::to_string).collect();
    numbers.join(",")
}

/// The numbers of a text of [`pulls_text`]; `None` for any other text.
pub(super) fn pulls_of(text: &str) -> Option<Vec<u64>> {
    if text.is_empty() {
        return Some(Vec::new());
    }
    text.split(',').map(|number| number.parse().ok()).collect()
}

/// Which records are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordQuery {
    /// Only of this repository.
    pub repository: Option<String>,
    /// Only of this commit.
    pub sha: Option<String>,
    /// Only with a smaller id: the next page.
    pub before: Option<i64>,
    /// Only decided at this time or later.
    pub since: Option<Time>,
    /// At most so many, newest first; 0 asks for none.
    pub limit: u32,
}
