//! The copy of an organisation's policy that the service keeps for when GitHub does not answer.

use super::context::OrganisationFile;
use serde::{Deserialize, Serialize};

/// The version of the format.
const SCHEMA: &str = "tollgate.policy-copy/1";

/// What is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PolicyCopy {
    /// Where it was read, in words.
    pub source: String,
    /// `owner/name`, where that is known.
    pub repository: Option<String>,
    /// The text of `teams.json`, where there is one.
    pub teams: Option<String>,
    /// Its files.
    pub files: Vec<OrganisationFile>,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    schema: String,
    copy: PolicyCopy,
}

/// Compact JSON: the same bytes for the same copy.
pub fn write(copy: PolicyCopy) -> Vec<u8> {
    let stored = Stored { schema: SCHEMA.to_owned(), copy };
    serde_json::to_vec(&stored).unwrap_or_else(super::unserializable)
}

/// Reads a copy; `None` for one of another version, or for anything else.
pub fn read(bytes: &[u8]) -> Option<PolicyCopy> {
    let stored: Stored = serde_json::from_slice(bytes).ok()?;
    (stored.schema == SCHEMA).then_some(stored.copy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_nothing_else() {
        let copy = PolicyCopy {
            source: "acme/.tollgate at a1b2c3d".to_owned(),
            teams: Some("{}".to_owned()),
            ..PolicyCopy::default()
        };
        let bytes = write(copy.clone());
        assert_eq!(read(&bytes), Some(copy));
        assert_eq!(read(bytes.get(1..).unwrap()), None);
        let newer = String::from_utf8(bytes).unwrap().replace("copy/1", "copy/2");
        assert_eq!(read(newer.as_bytes()), None);
    }
}
