//! GitLab's Code Quality report: the steps that stand in a file, as the widget of a merge request shows them.
//!
//! It is not the verdict (a step without a file has no place in it): that is the exit code, and the JUnit report.

use super::escape::{SHORT, one_line, repository_path};
use super::words::{is_blocking, step_line, steps_by_reader};
use crate::model::{Step, Verdict};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// <https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format>
#[derive(Serialize)]
struct Entry {
    description: String,
    check_name: &'static str,
    fingerprint: String,
    severity: &'static str,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u32,
}

/// The JSON document.
pub fn render(verdict: &Verdict) -> String {
    let (yours, _) = steps_by_reader(verdict);
    let mut seen = BTreeMap::new();
    let entries: Vec<Entry> = yours.iter().filter_map(|step| entry(verdict, step, &mut seen)).collect();
    let mut json = serde_json::to_string_pretty(&entries).unwrap_or_else(|_| "null".to_owned());
    json.push('\n');
    json
}

/// `None` for a step whose file is none of the repository.
fn entry(verdict: &Verdict, step: &Step, seen: &mut BTreeMap<String, u32>) -> Option<Entry> {
    let path = String::from(repository_path(&step.file)?);
    let subject = one_line(&step.subject, usize::MAX);
    // Without line and measurement: the same problem keeps its fingerprint while lines move.
    let identity = format!("{}\n{path}\n{subject}", step.rule);
    let repeat = seen.entry(identity.clone()).or_default();
    let mut fingerprint = String::with_capacity(64);
    for byte in Sha256::digest(format!("{identity}\n{repeat}")) {
        let _infallible = write!(fingerprint, "{byte:02x}");
    }
    *repeat += 1;
    Some(Entry {
        description: one_line(&step_line(step, SHORT), usize::MAX),
        check_name: step.rule,
        fingerprint,
        severity: if is_blocking(verdict, step) { "major" } else { "minor" },
        location: Location { path, lines: Lines { begin: step.line.map_or(1, std::num::NonZeroU32::get) } },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fixtures;

    #[test]
    fn a_step_in_a_file_is_an_entry() {
        insta::assert_snapshot!(render(&fixtures::failing()));
    }

    #[test]
    fn a_step_outside_of_the_repository_is_none() {
        assert_eq!(render(&fixtures::hostile("../../etc/passwd")), "[]\n");
        assert_eq!(render(&fixtures::no_verdict()), "[]\n");
    }

    #[test]
    fn equal_steps_have_fingerprints_of_their_own() {
        let mut verdict = fixtures::failing();
        verdict.steps = vec![verdict.steps[0].clone(); 2];
        let entries: Vec<serde_json::Value> = serde_json::from_str(&render(&verdict)).unwrap();
        assert_ne!(entries[0]["fingerprint"], entries[1]["fingerprint"]);
    }
}
