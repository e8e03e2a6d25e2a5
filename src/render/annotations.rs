//! Annotations of GitHub's runner: workflow commands, one a line.
//!
//! The first one is the verdict; the others stand on the lines that the steps are about. GitHub shows ten of a
//! level per step and says nothing of the rest, so we stop at ten and say it ourselves.

use super::escape::{SHORT, workflow_command_data, workflow_command_path, workflow_command_property};
use super::title;
use super::words::{count_of, is_blocking, step_line, steps_by_reader};
use crate::model::{Step, Uncovered, Untrusted, Verdict, VerdictKind};
use std::fmt::Write as _;

/// GitHub keeps ten annotations per step and level.
const MOST: usize = 10;

/// GitHub cuts an annotation at 4,096 characters. An escaped character is three, and a path takes up to 400.
const MOST_CHARACTERS: usize = 800;

/// The commands, each a line without its line feed.
pub fn render(verdict: &Verdict) -> Vec<String> {
    let (yours, _) = steps_by_reader(verdict);
    let places: Vec<(&Step, Option<&Uncovered>)> =
        yours.iter().flat_map(|step| places_of(verdict, step)).collect();
    let room = MOST - 1;
    let mut first = title(verdict);
    if places.len() > room {
        let _infallible = write!(first, " ({} not annotated)", count_of(places.len() - room, "more place"));
    }
    let level = match verdict.kind {
        VerdictKind::Passed => "notice",
        VerdictKind::NeedsChanges => "error",
        VerdictKind::NoVerdict => "warning",
    };
    let message = workflow_command_data(&Untrusted::new(first), MOST_CHARACTERS);
    let mut lines = vec![format!("::{level} title=Tollgate::{message}")];
    lines.extend(places.iter().take(room).map(|(step, group)| annotation(verdict, step, *group)));
    lines
}

/// A step about uncovered lines stands on each group of them, any other where it says.
fn places_of<'v>(verdict: &'v Verdict, step: &'v Step) -> Vec<(&'v Step, Option<&'v Uncovered>)> {
    let is_here = |group: &&Uncovered| group.rule == step.rule && group.file == step.file;
    let groups: Vec<_> = verdict.uncovered.iter().filter(is_here).map(|group| (step, Some(group))).collect();
    if groups.is_empty() { vec![(step, None)] } else { groups }
}

fn annotation(verdict: &Verdict, step: &Step, group: Option<&Uncovered>) -> String {
    let level = if is_blocking(verdict, step) { "error" } else { "warning" };
    let title = workflow_command_property(&Untrusted::new(format!("Tollgate: {}", step.rule)), SHORT);
    let mut properties = format!("title={title}");
    if let Some(file) = workflow_command_path(&step.file) {
        let _infallible = write!(properties, ",file={file}");
        match group {
            Some(group) => {
                let _infallible = write!(properties, ",line={},endLine={}", group.first, group.last);
            }
            None => {
                if let Some(line) = step.line {
                    let _infallible = write!(properties, ",line={line}");
                }
            }
        }
    }
    let message = workflow_command_data(&step_line(step, 2 * SHORT), MOST_CHARACTERS);
    format!("::{level} {properties}::{message}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fixtures;
    use proptest::prelude::*;
    use std::num::NonZeroU32;

    #[test]
    fn the_first_annotation_is_the_verdict() {
        insta::assert_snapshot!(render(&fixtures::failing()).join("\n"), @r"
        ::error title=Tollgate::Needs changes: tests: 1 new failure; coverage of changed lines 57.1%25 (need 80%25)
        ::error title=Tollgate%3A tests.failed,file=tests/refund.rs,line=88::Fix 1 new test failure: refund_rounds_half_even: expected 10.02, got 10.03; passes on main
        ::error title=Tollgate%3A coverage.changed,file=src/refund.rs::Test 9 more changed lines: 41-46, 52, 58-59: 5 of them are enough to reach 80%25
        ");
        assert_eq!(
            render(&fixtures::passing()),
            ["::notice title=Tollgate::Passed: 4 of 4 criteria are met"]
        );
        assert_eq!(render(&fixtures::no_verdict()).len(), 1);
    }

    #[test]
    fn uncovered_lines_are_annotated_group_by_group_from_their_first_line_to_their_last() {
        let mut verdict = fixtures::failing();
        let line = |line: u32| NonZeroU32::new(line).unwrap();
        let groups = [(41, 46), (52, 52)].map(|(first, last)| Uncovered {
            rule: "coverage.changed",
            file: "src/refund.rs".into(),
            first: line(first),
            last: line(last),
        });
        verdict.uncovered = groups.to_vec();
        let lines = render(&verdict);
        let places: Vec<&str> =
            lines.iter().filter_map(|line| line.split("file=src/refund.rs,").nth(1)).collect();
        let places: Vec<&str> = places.iter().filter_map(|place| place.split("::").next()).collect();
        assert_eq!(places, ["line=41,endLine=46", "line=52,endLine=52"]);
        // Of another file or rule, it stands on no group.
        verdict.uncovered.iter_mut().for_each(|group| group.file = "src/other.rs".into());
        assert!(render(&verdict).iter().all(|line| !line.contains("endLine")));
    }

    #[test]
    fn ten_at_most_and_the_rest_is_counted() {
        let mut verdict = fixtures::failing();
        verdict.steps = vec![verdict.steps[0].clone(); 30];
        let lines = render(&verdict);
        assert_eq!(lines.len(), 10);
        assert!(lines[0].ends_with("(21 more places not annotated)"), "{}", lines[0]);
    }

    proptest! {
        #[test]
        fn t19_a_report_cannot_end_its_annotation_or_begin_another(raw in "(::|%0A|%|\n|\r|,|:|##\\[|file=x|[ -~é]){0,12}") {
            let long = raw.repeat(400);
            for raw in [raw, long] {
                let lines = render(&fixtures::hostile(&raw));
                prop_assert_eq!(lines.len(), 3);
                for line in lines {
                    prop_assert!(!line.contains(['\n', '\r']) && !line.contains("##"), "{line}");
                    prop_assert!(line.chars().count() <= 4_096, "{}", line.len());
                    let (properties, _) = line.strip_prefix("::").unwrap().split_once("::").unwrap();
                    prop_assert!(properties.matches(',').count() <= 2 && !properties.contains("::"), "{properties}");
                }
            }
        }
    }
}
