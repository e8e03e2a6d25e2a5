//! `tollgate.context/1`: by what a commit was judged, so that a laptop judges it likewise (DECISIONS 35).
//!
//! The texts of the policies, what they name beside, the facts of the repository and the base's snapshot. No token, no
//! secret and no person: of an organisation's teams only those owners stand here whom the policy names anyway.

use super::snapshot::{self, MOST_BYTES};
use super::{ReadError, check_envelope};
use crate::model::{RepoPath, Snapshot};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The schema's id.
pub const SCHEMA: &str = "tollgate.context/1";

/// Everything that a judgement rests on beside the commit and its reports.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Context {
    /// The version of Tollgate that wrote it.
    pub tollgate: String,
    /// The commit that was judged, in full hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// What it was compared with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<BaseCommit>,
    /// The branch whose requirements held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// The repository's policy; `None` for the built-in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicySource>,
    /// The organisation's policy, if one was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<OrganisationSource>,
    /// The repository's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its topics.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topics: Option<BTreeSet<String>>,
    /// Its custom properties.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub properties: Option<BTreeMap<String, BTreeSet<String>>>,
    /// Files that the policy names, by their path; UTF-8.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub beside: BTreeMap<String, String>,
    /// True if CI knew how its jobs ended.
    #[serde(default)]
    pub knew_jobs: bool,
    /// The evidence of the base, if there was any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<Snapshot>,
}

/// The base of a change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct BaseCommit {
    /// What people call it.
    pub name: String,
    /// Where the change begins, in full hexadecimal.
    pub merge_base: String,
}

/// The text of a policy, and where it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PolicySource {
    /// The file.
    pub file: String,
    /// Its text.
    pub text: String,
    /// Where it was read, in words.
    pub read_from: String,
    /// The commit that it was read from; empty if it was none.
    pub commit: String,
}

/// The texts of an organisation's policy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct OrganisationSource {
    /// Where it was read, in words.
    pub source: String,
    /// `owner/name`, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// Its files.
    pub files: Vec<OrganisationFile>,
    /// What they name beside: VEX documents, and copies of KEV and EPSS.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub beside: Vec<OrganisationBeside>,
    /// Owners of waivers whom the organisation's teams allow.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub waiver_owners: BTreeSet<String>,
}

/// One file of an organisation's policy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct OrganisationFile {
    /// Its path in the folder of the policy.
    pub path: String,
    /// What people know it as.
    pub name: String,
    /// The commit that it was read from; empty if it was none.
    pub commit: String,
    /// Its text.
    pub text: String,
}

/// A file that an organisation's policy names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct OrganisationBeside {
    /// What it is.
    pub kind: BesideWord,
    /// Its path in the folder of the policy.
    pub path: RepoPath,
    /// What people know it as.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// What a file beside a policy is, by the key that names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BesideWord {
    /// A VEX document.
    Vex,
    /// A copy of KEV.
    Kev,
    /// A copy of EPSS.
    Epss,
}

#[derive(Serialize)]
struct Written<'c> {
    schema: &'static str,
    context: &'c Context,
}

#[derive(Deserialize)]
struct Stored {
    context: Context,
}

/// Compact JSON, packed with gzip: the same bytes for the same context.
pub fn write(context: &Context) -> Vec<u8> {
    let written = Written { schema: SCHEMA, context };
    snapshot::packed(serde_json::to_vec(&written).unwrap_or_else(super::unserializable))
}

/// Reads a context, packed or plain, that somebody may have damaged.
///
/// # Errors
/// Says whether the file is too large, of another schema, damaged, or contradicts itself.
pub fn read(bytes: &[u8]) -> Result<Context, ReadError> {
    if bytes.len() > MOST_BYTES {
        return Err(ReadError::TooLarge { bytes: bytes.len(), most: MOST_BYTES });
    }
    let bytes = snapshot::unpacked(bytes)?;
    check_envelope(&bytes, SCHEMA, MOST_BYTES)?;
    let stored: Stored =
        serde_json::from_slice(&bytes).map_err(|source| ReadError::Malformed { schema: SCHEMA, source })?;
    match stored.context.snapshot.as_ref().and_then(snapshot::contradiction) {
        None => Ok(stored.context),
        Some(what) => Err(ReadError::Contradiction { what }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_is_read_as_it_was_written_and_a_damaged_one_is_refused() {
        let context = Context {
            tollgate: "0.1.0".to_owned(),
            commit: Some("a".repeat(40)),
            base: Some(BaseCommit { name: "main".to_owned(), merge_base: "b".repeat(40) }),
            policy: Some(PolicySource { text: "version: 1\n".to_owned(), ..PolicySource::default() }),
            snapshot: Some(Snapshot { commit: Some("b".repeat(40)), ..Snapshot::default() }),
            ..Context::default()
        };
        let bytes = write(&context);
        assert_eq!(bytes, write(&context));
        assert_eq!(read(&bytes).unwrap(), context);
        let cut = bytes.get(..bytes.len() / 2).unwrap();
        assert!(matches!(read(cut), Err(ReadError::Packed { .. })));
        assert!(matches!(read(b"{\"schema\":\"tollgate.snapshot/1\"}"), Err(ReadError::OtherSchema { .. })));
        assert!(matches!(read(b"{\"schema\":\"tollgate.context/1\"}"), Err(ReadError::Malformed { .. })));
        let odd = Snapshot { commit: Some("x".to_owned()), ..Snapshot::default() };
        let odd = write(&Context { snapshot: Some(odd), ..context });
        assert!(matches!(read(&odd), Err(ReadError::Contradiction { .. })));
    }
}
