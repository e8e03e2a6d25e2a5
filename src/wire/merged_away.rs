//! `tollgate.merged/1`: what was merged while the gate was away, as the pages of the service give it to programs.

use crate::records::MergedAway;
use serde::Serialize;

/// The schema's id.
pub const SCHEMA: &str = "tollgate.merged/1";

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct List<'l> {
    schema: &'static str,
    merged: Vec<Row<'l>>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Row<'l> {
    repository: &'l str,
    pull_request: u64,
    commit: &'l str,
    merged_at: String,
    /// Null while it is not judged.
    verdict: Option<&'static str>,
    verdict_id: Option<u64>,
}

/// The list, newest first.
pub fn write<'l>(merged: impl IntoIterator<Item = &'l MergedAway>) -> Vec<u8> {
    let rows = merged.into_iter().map(|one| Row {
        repository: &one.repository,
        pull_request: one.pull,
        commit: one.commit.raw(),
        merged_at: one.at.rfc3339().unwrap_or_default(),
        verdict: one.verdict.map(|(_, kind)| kind.word()),
        verdict_id: one.verdict.map(|(id, _)| id),
    });
    super::pretty(&List { schema: SCHEMA, merged: rows.collect() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Moment, VerdictKind};

    #[test]
    fn a_list_is_pinned() {
        let of = |verdict| MergedAway {
            repository: "acme/api".to_owned(),
            pull: 431,
            commit: "4f9c2ab\"\u{202e}".into(),
            at: Moment::parse("2026-11-21T08:03:11Z").unwrap(),
            verdict,
        };
        let list = [of(Some((12, VerdictKind::NeedsChanges))), of(None)];
        insta::assert_snapshot!(String::from_utf8(write(&list)).unwrap());
    }
}
