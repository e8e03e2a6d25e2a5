//! Every file of the corpus against its manifest, where the corpus is there (`TOLLGATE_CORPUS`).

use super::FORMATS;
use crate::formats::{Context, Detected, Format, Source, detect};
use crate::model::{Health, ReportTotals};

/// Where our figure and the manifest's differ for a reason: path, our health, our counts, the reason.
const DIFFERENCES: &[(&str, Health, &str, &str)] = &[];

#[test]
#[expect(clippy::disallowed_methods, reason = "the corpus stands outside of the repository")]
fn every_file_of_the_corpus_is_read_as_its_manifest_says() {
    let Ok(corpus) = std::env::var("TOLLGATE_CORPUS") else { return };
    let corpus = std::path::Path::new(&corpus).join("security");
    let manifest = std::fs::read_to_string(corpus.join("MANIFEST.tsv")).unwrap();
    let mut lines = manifest.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let header = lines.next().unwrap();
    let column = |name: &str| header.iter().position(|have| *have == name).unwrap();
    let (path, format, counts, health) =
        (column("path"), column("format"), column("expected_total_c_h_m_l_info"), column("health"));
    let mut wrong = Vec::new();
    let mut checked = 0;
    for row in lines {
        let Some(format) = format_of(row[format]) else { continue };
        checked += 1;
        let bytes = std::fs::read(corpus.join(row[path])).unwrap();
        let (got_health, got, claimed) = read(format, &bytes);
        let difference = DIFFERENCES.iter().find(|difference| difference.0 == row[path]);
        let wanted_health = match (difference, row[health]) {
            (Some(difference), _) => difference.1,
            (None, "ok") => Health::Complete,
            (None, "empty") => Health::Empty,
            (None, "failed") => Health::Failed,
            (None, other) => panic!("the manifest has a new word for a health: {other}"),
        };
        let wanted = difference.map_or(row[counts], |difference| difference.2);
        let counts_agree = got == wanted || wanted == "ERROR" && got_health != Health::Complete;
        if got_health != wanted_health || !counts_agree {
            wrong.push(format!(
                "{} as {claimed}: {got} {}, not {wanted} {}",
                row[path],
                got_health.word(),
                wanted_health.word()
            ));
        }
    }
    assert!(wrong.is_empty(), "{checked} files, of which these are wrong:\n{}", wrong.join("\n"));
    assert!(checked > 0);
}

/// The format that a row of the manifest names.
fn format_of(name: &str) -> Option<&'static Format> {
    let id = match name {
        "npm_audit_v1" | "npm_audit_v2" | "pnpm_audit" => "npm-audit".to_owned(),
        other => other.replace('_', "-"),
    };
    FORMATS.iter().find(|format| format.id == id).copied()
}

/// Health, `total critical high medium low info` (unknown counted under info, as the manifest does), and who
/// claims the file.
fn read(wanted: &'static Format, bytes: &[u8]) -> (Health, String, String) {
    let mut source = Source::from_bytes(bytes);
    let head = source.head().unwrap();
    let format = match detect(&head) {
        Detected::One(format) if format.id == wanted.id => format,
        // `null` may be a report of several tools: the policy has to name the format.
        Detected::Unknown if !head.text().contains(['{', '<']) => wanted,
        other => return (Health::Invalid, String::new(), format!("{other:?}")),
    };
    match (format.parse)(&mut source, &mut Context::default()) {
        Ok(parsed) => {
            let ReportTotals::Scan { active, .. } = parsed.report.totals() else { panic!() };
            let text = format!(
                "{} {} {} {} {} {}",
                active.total(),
                active.critical,
                active.high,
                active.medium,
                active.low,
                active.info + active.unknown
            );
            (parsed.health, text, format.id.to_owned())
        }
        Err(error) => (Health::Invalid, error.to_string(), format.id.to_owned()),
    }
}
