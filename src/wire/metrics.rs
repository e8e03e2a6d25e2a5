//! `tollgate.metrics/1`: the figures of an innersource programme. The schema is published as `schema/metrics-1.json`.

use super::{Decimal, pretty};
use crate::metrics::{Companions, Group, RepositoryFigures, Share, share_of};
use crate::model::Untrusted;
use serde::Serialize;

/// The schema's id.
pub const SCHEMA: &str = "tollgate.metrics/1";

/// The published JSON Schema (2020-12).
pub const JSON_SCHEMA: &str = include_str!("schema/metrics-1.json");

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Figures<'a> {
    schema: &'static str,
    all: ShareRecord,
    repositories: Vec<RepositoryRecord<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct RepositoryRecord<'a> {
    name: &'a Untrusted,
    unit: &'static str,
    from: String,
    until: String,
    share: ShareRecord,
    classed_on_the_day: u64,
    left_out: LeftOutRecord,
    history_begins: Option<String>,
    months: Vec<MonthRecord>,
    gate: Option<GateRecord>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct ShareRecord {
    external: u64,
    owners: u64,
    /// Rounded down to hundredths; null of fewer than five.
    percent: Option<Decimal>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct LeftOutRecord {
    bots: u64,
    unknown_identity: u64,
    no_owners: u64,
    direct_commits: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct MonthRecord {
    month: String,
    share: ShareRecord,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct GateRecord {
    external: GroupRecord,
    owners: GroupRecord,
    left_out: u64,
}

/// Of too few pull requests everything but their number is null.
#[derive(Default, Serialize)]
#[serde(rename_all = "kebab-case")]
struct GroupRecord {
    pull_requests: u64,
    passed_at_first: Option<u64>,
    median_seconds_to_pass: Option<u64>,
    reds: Option<u64>,
    reds_not_authors: Option<u64>,
    stopped: Option<u64>,
    stopped_most_by: Option<String>,
    no_verdicts: Option<u64>,
    verdicts: Option<u64>,
}

impl From<Share> for ShareRecord {
    fn from(share: Share) -> Self {
        let percent = share.ratio().and_then(|ratio| ratio.percent());
        let percent = percent.map(|percent| Decimal::from_hundredths(u64::from(percent.hundredths())));
        Self { external: share.external, owners: share.owners, percent }
    }
}

impl From<&Group> for GroupRecord {
    fn from(group: &Group) -> Self {
        if group.is_too_few() {
            return Self { pull_requests: group.pull_requests, ..Self::default() };
        }
        Self {
            pull_requests: group.pull_requests,
            passed_at_first: Some(group.passed_at_first),
            median_seconds_to_pass: group.median_seconds_to_pass,
            reds: Some(group.reds),
            reds_not_authors: Some(group.reds_not_authors),
            stopped: Some(group.stopped),
            stopped_most_by: group.most_stopping.as_ref().map(|(rule, _)| rule.clone()),
            no_verdicts: Some(group.no_verdicts),
            verdicts: Some(group.verdicts),
        }
    }
}

impl From<&Companions> for GateRecord {
    fn from(gate: &Companions) -> Self {
        Self { external: (&gate.external).into(), owners: (&gate.owners).into(), left_out: gate.left_out }
    }
}

/// The document.
pub fn write(repositories: &[RepositoryFigures]) -> Vec<u8> {
    let records = repositories.iter().map(|figures| RepositoryRecord {
        name: &figures.name,
        unit: figures.unit.word(),
        from: figures.window.from.to_string(),
        until: figures.window.until.to_string(),
        share: figures.share.into(),
        classed_on_the_day: figures.on_the_day,
        left_out: LeftOutRecord {
            bots: figures.left_out.bots,
            unknown_identity: figures.left_out.unknown_identity,
            no_owners: figures.left_out.no_owners,
            direct_commits: figures.left_out.direct_commits,
        },
        history_begins: figures.cut_at.map(|date| date.to_string()),
        months: figures
            .months
            .iter()
            .map(|period| MonthRecord { month: period.month.clone(), share: period.share.into() })
            .collect(),
        gate: figures.gate.as_ref().map(GateRecord::from),
    });
    pretty(&Figures { schema: SCHEMA, all: share_of(repositories).into(), repositories: records.collect() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{Contribution, Unit, Window, figures};
    use crate::model::AuthorClass;
    use crate::model::Date;
    use crate::wire::schema_check::complaints;

    fn some(gate: Option<Companions>) -> RepositoryFigures {
        let day = |text: &str| Date::parse(text).unwrap();
        let contribution = |class| Contribution {
            at: 1_790_000_000,
            number: Some(1),
            title: "t".into(),
            class,
            on_the_day: false,
        };
        let all = [
            AuthorClass::External,
            AuthorClass::Owner,
            AuthorClass::Owner,
            AuthorClass::Owner,
            AuthorClass::Owner,
            AuthorClass::Owner,
        ];
        let all = all.map(contribution);
        let window = Window { from: day("2026-09-01"), until: day("2026-10-01") };
        let cut_at = gate.is_none().then(|| day("2026-09-02"));
        RepositoryFigures { gate, cut_at, ..figures("acme/x".into(), Unit::PullRequests, window, &all, &[]) }
    }

    #[test]
    fn the_document_fits_its_schema() {
        let judged = Group { pull_requests: 5, most_stopping: Some(("r".to_owned(), 1)), ..Group::default() };
        let gate = Companions { external: judged, owners: Group::default(), left_out: 0 };
        let json = write(&[some(Some(gate)), some(None)]);
        assert_eq!(complaints(JSON_SCHEMA, &json), Vec::<String>::new());
        let text = String::from_utf8(json).unwrap();
        assert!(
            text.contains("\"external\": 1,\n        \"owners\": 5,\n        \"percent\": 16.66"),
            "{text}"
        );
    }
}
