//! `tollgate.doctor/1`: what `tollgate doctor --json` prints. The schema is published as `schema/doctor-1.json`.

use super::pretty;
use crate::setup::doctor::Examined;
use serde::Serialize;

/// The schema's id.
pub const SCHEMA: &str = "tollgate.doctor/1";

/// The published JSON Schema (2020-12).
pub const JSON_SCHEMA: &str = include_str!("schema/doctor-1.json");

#[derive(Serialize)]
struct Record<'e> {
    schema: &'static str,
    repository: Option<&'e str>,
    findings: Vec<FindingRecord<'e>>,
    #[serde(rename = "not-looked-at")]
    not_looked_at: Vec<UnseenRecord<'e>>,
}

#[derive(Serialize)]
struct FindingRecord<'e> {
    code: &'static str,
    level: &'static str,
    what: &'e str,
    file: Option<&'e str>,
    line: Option<usize>,
    fix: &'e str,
}

#[derive(Serialize)]
struct UnseenRecord<'e> {
    what: &'static str,
    why: &'e str,
}

/// The record of an examination.
pub fn write(examined: &Examined, repository: Option<&str>) -> Vec<u8> {
    let findings = examined.findings.iter().map(|finding| FindingRecord {
        code: finding.code,
        level: finding.level.word(),
        what: &finding.what,
        file: finding.place.as_ref().map(|place| place.file.as_str()),
        line: finding.place.as_ref().map(|place| place.line),
        fix: &finding.fix,
    });
    let unseen = examined.unseen.iter().map(|unseen| UnseenRecord { what: unseen.what, why: &unseen.why });
    pretty(&Record {
        schema: SCHEMA,
        repository,
        findings: findings.collect(),
        not_looked_at: unseen.collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::schema_check::complaints;
    use super::*;
    use crate::setup::Place;
    use crate::setup::doctor::{Finding, Level, Unseen};

    #[test]
    fn a_record_is_what_its_schema_says() {
        let examined = Examined {
            findings: vec![Finding {
                level: Level::Problem,
                code: "unpinned-check-source",
                what: "any source".to_owned(),
                place: Some(Place { file: "ci.yml".to_owned(), line: 3 }),
                fix: "choose one".to_owned(),
            }],
            fine: Vec::new(),
            unseen: vec![Unseen { what: "what runs of forks are given", why: "403".to_owned() }],
        };
        let bytes = write(&examined, Some("acme/payments"));
        assert_eq!(complaints(JSON_SCHEMA, &bytes), Vec::<String>::new());
        let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(value["findings"][0]["level"], "problem");
    }
}
