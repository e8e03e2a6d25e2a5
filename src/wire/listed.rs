//! `tollgate.verdicts/1`: lists of verdicts, as the pages of the service give them to programs.

use crate::records::Listed;
use serde::Serialize;

/// The schema's id.
pub const SCHEMA: &str = "tollgate.verdicts/1";

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct List<'l> {
    schema: &'static str,
    repositories: Vec<&'l str>,
    verdicts: Vec<Row<'l>>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Row<'l> {
    id: u64,
    repository: &'l str,
    commit: &'l str,
    pull_requests: &'l [u64],
    decided_at: String,
    verdict: &'static str,
    held_back_by: &'l [String],
}

/// Repositories by name, and verdicts, newest first.
pub fn write<'l>(repositories: &[&'l str], verdicts: impl IntoIterator<Item = &'l Listed>) -> Vec<u8> {
    let rows = verdicts.into_iter().map(|listed| Row {
        id: listed.id,
        repository: &listed.repository,
        commit: listed.commit.raw(),
        pull_requests: &listed.pulls,
        decided_at: listed.decided.rfc3339().unwrap_or_default(),
        verdict: listed.kind.word(),
        held_back_by: &listed.blocking,
    });
    super::pretty(&List { schema: SCHEMA, repositories: repositories.to_vec(), verdicts: rows.collect() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Moment, VerdictKind};

    #[test]
    fn a_list_is_pinned() {
        let listed = Listed {
            id: 12,
            repository: "acme/api".to_owned(),
            commit: "4f9c2ab\"\u{202e}".into(),
            pulls: vec![431],
            decided: Moment::parse("2026-11-21T08:03:11Z").unwrap(),
            kind: VerdictKind::NeedsChanges,
            blocking: vec!["tests.failed".to_owned()],
        };
        insta::assert_snapshot!(String::from_utf8(write(&["acme/api"], [&listed])).unwrap());
    }
}
