//! `base-snapshot:`, where the evidence of the base lives (DECISIONS 35).

use super::reader::{Reader, quoted};
use super::suggest;
use super::yaml::Node;
use crate::diagnostic::Code;

/// Where the snapshots of the default branch are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SnapshotStore {
    /// Artifacts of the default branch's push runs.
    Artifact,
    /// Files below a git reference.
    Reference,
    /// Nowhere: only a file that is given is taken.
    Nowhere,
}

impl SnapshotStore {
    /// Every place with its word.
    pub const ALL: [(Self, &'static str); 3] =
        [(Self::Artifact, "artifact"), (Self::Reference, "reference"), (Self::Nowhere, "none")];
}

/// What a policy says of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BaseSnapshot {
    /// Where they are; `None` leaves it to who runs the check.
    pub from: Option<SnapshotStore>,
    /// How many are kept below a git reference; at least 1.
    pub keep: Option<u64>,
}

pub(super) fn read(reader: &mut Reader<'_>, node: &Node) -> BaseSnapshot {
    let mut read = BaseSnapshot::default();
    for (key, value) in reader.map(node, "`base-snapshot`", "base-snapshot: { from: reference, keep: 50 }") {
        match key.text.as_str() {
            "from" => {
                let Some(text) = reader.text(value, "`from`") else { continue };
                let words = SnapshotStore::ALL.map(|(_, word)| word);
                read.from =
                    SnapshotStore::ALL.into_iter().find(|(_, word)| *word == text).map(|(store, _)| store);
                if read.from.is_none() {
                    let help = suggest::help(text, words, &format!("write {}", quoted(&words)));
                    reader.error(Code::BadValue, value.place, format!("`from` is `{text}`"), help);
                }
            }
            "keep" => {
                read.keep = reader.count(value, "`keep`");
                if read.keep == Some(0) {
                    let help = "keep at least 1, or write `from: none`";
                    reader.error(Code::BadValue, value.place, "`keep` is 0: none would be left", help);
                }
            }
            _ => reader.unknown_key(key, "`base-snapshot`", &["from", "keep"], &[]),
        }
    }
    read
}
