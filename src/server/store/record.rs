//! Records of verdicts: each names the one before it in its repository, so that none can be changed or taken out of
//! the middle unseen.

use crate::server::clock::Time;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// The digest that stands before the first record of a repository.
pub const FIRST: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Begins what is digested; another way to digest gets another number.
const SCHEME: &str = "tollgate.record/1";

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
    /// The SHA-256 of the policy in force, in hexadecimal.
    pub policy: String,
    /// The SHA-256 of the evidence, in hexadecimal.
    pub evidence: String,
    /// The `verdict/1`, as JSON.
    pub body: Vec<u8>,
}

/// A verdict that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its number over all repositories; later ones are larger.
    pub id: i64,
    /// Its number in its repository, from 1, without a gap.
    pub number: i64,
    /// The digest of the record before it in its repository; [`FIRST`] for number 1.
    pub previous: String,
    /// Its own digest: see [`digest`].
    pub digest: String,
    /// What is kept.
    pub what: NewRecord,
}

/// The digest of a record: over its place in the chain and all that it says, each part with its length, so that no
/// two records give the same bytes.
pub fn digest(number: i64, previous: &str, what: &NewRecord) -> String {
    let mut hasher = Sha256::new();
    let pulls = pulls_text(&what.pulls);
    let (number, decided) = (number.to_string(), what.decided.0.to_string());
    let parts: [&[u8]; 11] = [
        SCHEME.as_bytes(),
        number.as_bytes(),
        previous.as_bytes(),
        what.repository.as_bytes(),
        what.sha.as_bytes(),
        pulls.as_bytes(),
        what.kind.as_bytes(),
        decided.as_bytes(),
        what.policy.as_bytes(),
        what.evidence.as_bytes(),
        &what.body,
    ];
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    hexadecimal(&hasher.finalize())
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
