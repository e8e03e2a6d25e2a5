//! `tollgate.reading/1`: what a process without a token is asked to read. It stands in front of the files' bytes on
//! its standard input, and a `snapshot/1` comes back.

use crate::model::{Kind, RepoPath, ScanClasses, Untrusted};
use serde::{Deserialize, Serialize};

/// The schema's id.
pub const SCHEMA: &str = "tollgate.reading/1";

/// The most bytes of the JSON part; a tree of a million files takes 100 MB.
pub const MOST_BYTES: usize = 256 << 20;

/// What to read, and what to hold paths against.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Reading {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// The commit, in full hexadecimal.
    pub commit: Option<String>,
    /// Folders that all mean the checkout.
    pub workspaces: Vec<String>,
    /// Tracked files, each with the number of its lines where it is known; `None` without a tree.
    pub tree: Option<Vec<(RepoPath, Option<u32>)>>,
    /// Go modules: their folder and their name.
    pub modules: Vec<(Option<RepoPath>, String)>,
    /// The policy's rules for paths, as it writes them.
    pub path_rules: Vec<String>,
    /// The files, whose bytes follow in this order.
    pub files: Vec<ReadingFile>,
    /// Other files of their folders, whose bytes follow behind those.
    pub others: Vec<OtherFile>,
}

/// One file to read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ReadingFile {
    /// As people see it.
    pub shown: Untrusted,
    /// The entry of the policy that asks for it; empty if none does.
    pub entry: String,
    /// The kind that the entry announces.
    pub kind: Option<Kind>,
    /// Id of the format that the entry names.
    pub format: Option<String>,
    /// What the entry says that its scanners look for.
    pub classes: ScanClasses,
    /// How many bytes of it follow.
    pub bytes: u64,
}

/// A file of a report's folder that the report may name as a part of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct OtherFile {
    /// The report, by its place among the files.
    pub of: usize,
    /// Its name in the folder.
    pub name: String,
    /// How many bytes of it follow.
    pub bytes: u64,
}

/// The JSON with its length in front: eight bytes, the highest first.
pub fn write(reading: &Reading) -> Vec<u8> {
    let json = serde_json::to_vec(reading).unwrap_or_else(super::unserializable);
    let mut out = (json.len() as u64).to_be_bytes().to_vec();
    out.extend_from_slice(&json);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ScanClass;

    #[test]
    fn what_is_written_is_read() {
        let reading = Reading {
            schema: SCHEMA.to_owned(),
            commit: Some("0".repeat(40)),
            workspaces: vec!["/w".to_owned()],
            tree: Some(vec![(RepoPath::new("a.rs").unwrap(), Some(3))]),
            modules: vec![(None, "example.com/m".to_owned())],
            path_rules: vec!["/build => .".to_owned()],
            files: vec![ReadingFile {
                shown: "ci/junit.xml".into(),
                entry: "unit".to_owned(),
                kind: Some(Kind::Tests),
                format: None,
                classes: ScanClasses::of(&[ScanClass::Secret]),
                bytes: 7,
            }],
            others: vec![OtherFile { of: 0, name: "parts.json".to_owned(), bytes: 3 }],
        };
        let written = write(&reading);
        let (length, json) = written.split_first_chunk::<8>().unwrap();
        assert_eq!(u64::from_be_bytes(*length), json.len() as u64);
        assert_eq!(serde_json::from_slice::<Reading>(json).unwrap(), reading);
        assert!(serde_json::from_slice::<Reading>(br#"{"schema": "x", "else": 1}"#).is_err());
    }
}
