//! `tollgate.fleet/1`: what the verdicts of many repositories say together. The schema is published as
//! `schema/fleet-1.json`.

use super::pretty;
use crate::model::Untrusted;
use crate::records::{Attention, Column, Counts, Fleet, Repository};
use serde::Serialize;

/// The schema's id.
pub const SCHEMA: &str = "tollgate.fleet/1";

/// The published JSON Schema (2020-12).
pub const JSON_SCHEMA: &str = include_str!("schema/fleet-1.json");

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Document<'f> {
    schema: &'static str,
    until: String,
    days: u32,
    reporting: u64,
    verdicts: CountsRecord,
    owners: ColumnRecord,
    external: ColumnRecord,
    in_neither: u64,
    exceptions: u64,
    ending: u64,
    left_out: u64,
    repositories: Vec<RepositoryRecord<'f>>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct CountsRecord {
    passed: u64,
    needs_changes: u64,
    no_verdict: u64,
}

/// Of too few pull requests everything but that is null.
#[derive(Default, Serialize)]
#[serde(rename_all = "kebab-case")]
struct ColumnRecord {
    pull_requests: Option<u64>,
    verdicts: Option<CountsRecord>,
    begun: Option<u64>,
    passed_at_first: Option<u64>,
    median_seconds_to_pass: Option<u64>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct RepositoryRecord<'f> {
    name: &'f str,
    owners: &'f Untrusted,
    policy: &'f Untrusted,
    /// Null of fewer than five.
    pull_requests: Option<u64>,
    verdicts: u64,
    /// Null of fewer than five pull requests.
    outcomes: Option<CountsRecord>,
    exceptions: u64,
    last_verdict: Option<String>,
    attention: Vec<AttentionRecord<'f>>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "kebab-case")]
struct AttentionRecord<'f> {
    why: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    what: Option<&'f Untrusted>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'f str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pull_requests: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verdicts: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<u64>,
}

impl From<&Counts> for CountsRecord {
    fn from(counts: &Counts) -> Self {
        let Counts { passed, needs_changes, no_verdict } = *counts;
        Self { passed, needs_changes, no_verdict }
    }
}

impl From<&Column> for ColumnRecord {
    fn from(column: &Column) -> Self {
        if !column.is_large_enough() {
            return Self::default();
        }
        Self {
            pull_requests: Some(column.pull_requests),
            verdicts: Some((&column.verdicts).into()),
            begun: Some(column.begun),
            passed_at_first: Some(column.first_attempt),
            median_seconds_to_pass: column.median_seconds,
        }
    }
}

impl<'f> From<&'f Attention> for AttentionRecord<'f> {
    fn from(attention: &'f Attention) -> Self {
        let why = Self { why: attention.word(), ..Self::default() };
        match attention {
            Attention::Silent { since } => Self { since: since.map(|day| day.to_string()), ..why },
            Attention::BelowFloor { what } => Self { what: Some(what), ..why },
            Attention::BrokenBase { test, since, pull_requests } => Self {
                what: Some(test),
                since: Some(since.to_string()),
                pull_requests: Some(*pull_requests),
                ..why
            },
            Attention::NoVerdict { rule, reason, verdicts, of } => {
                Self { what: Some(reason), rule: Some(rule), verdicts: Some(*verdicts), of: Some(*of), ..why }
            }
            Attention::Ending { lifted } => Self {
                what: Some(&lifted.what),
                rule: Some(&lifted.rule),
                until: Some(lifted.until.to_string()),
                ..why
            },
        }
    }
}

impl<'f> From<&'f Repository> for RepositoryRecord<'f> {
    fn from(repository: &'f Repository) -> Self {
        let shown = repository.is_large_enough();
        Self {
            name: &repository.name,
            owners: &repository.owners,
            policy: &repository.policy,
            pull_requests: shown.then_some(repository.pull_requests),
            verdicts: repository.verdicts.total(),
            outcomes: shown.then(|| (&repository.verdicts).into()),
            exceptions: repository.exceptions,
            last_verdict: repository.last.map(|day| day.to_string()),
            attention: repository.attention.iter().map(AttentionRecord::from).collect(),
        }
    }
}

/// The document: all repositories, those that need attention first.
pub fn write(fleet: &Fleet) -> Vec<u8> {
    pretty(&Document {
        schema: SCHEMA,
        until: fleet.window.today.to_string(),
        days: fleet.window.days,
        reporting: fleet.reporting(),
        verdicts: (&fleet.verdicts).into(),
        owners: (&fleet.owners).into(),
        external: (&fleet.external).into(),
        in_neither: fleet.neither,
        exceptions: fleet.exceptions,
        ending: fleet.ending,
        left_out: fleet.left_out,
        repositories: fleet.repositories.iter().map(RepositoryRecord::from).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Date;
    use crate::records::{Lifted, Window};
    use crate::wire::schema_check::complaints;

    #[test]
    fn the_document_fits_its_schema_and_shows_no_rate_of_few() {
        let day = |text: &str| Date::parse(text).unwrap();
        let lifted = Lifted { rule: "scan.new".to_owned(), until: day("2026-12-05"), what: "CVE-1".into() };
        let attention = vec![
            Attention::Silent { since: Some(day("2026-11-01")) },
            Attention::BelowFloor { what: "min: 50% (floor 60%)".into() },
            Attention::BrokenBase { test: "t".into(), since: day("2026-11-30"), pull_requests: 3 },
            Attention::NoVerdict { rule: "tests.failed".into(), reason: "cut".into(), verdicts: 2, of: 9 },
            Attention::Ending { lifted },
        ];
        let of = |name: &str, pull_requests: u64, attention: Vec<Attention>| Repository {
            name: name.to_owned(),
            owners: "@acme/core".into(),
            policy: "tollgate.yml".into(),
            verdicts: Counts { passed: 3, needs_changes: 4, no_verdict: 2 },
            pull_requests,
            exceptions: 1,
            last: Some(day("2026-12-01")),
            attention,
        };
        let column = |pull_requests: u64| Column { pull_requests, begun: 4, ..Column::default() };
        let fleet = Fleet {
            window: Window { today: day("2026-12-01"), days: 7 },
            repositories: vec![of("acme/a", 5, attention), of("acme/b", 4, Vec::new())],
            verdicts: Counts { passed: 6, needs_changes: 8, no_verdict: 4 },
            owners: column(5),
            external: column(4),
            neither: 1,
            exceptions: 2,
            ending: 1,
            worst: None,
            left_out: 0,
        };
        let json = write(&fleet);
        assert_eq!(complaints(JSON_SCHEMA, &json), Vec::<String>::new());
        let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(json["owners"]["begun"], 4);
        assert!(json["external"]["begun"].is_null() && json["external"]["pull-requests"].is_null());
        assert_eq!(json["repositories"][0]["outcomes"]["needs-changes"], 4);
        assert!(json["repositories"][1]["outcomes"].is_null());
        let why: Vec<&str> = json["repositories"][0]["attention"]
            .as_array()
            .unwrap()
            .iter()
            .map(|why| why["why"].as_str().unwrap())
            .collect();
        assert_eq!(why, ["silent", "below floor", "broken base", "no verdict", "exception"]);
    }
}
