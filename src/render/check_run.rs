//! The check of GitHub's API: one title, one page, one conclusion, and annotations on changed lines.
//!
//! Everything stays within the limits that GitHub documents for check runs (65,535 characters per text, which is
//! counted here in bytes; 50 annotations per request; a title and a message of an annotation of 255 characters and
//! 64 KB), after escaping. The verdict is never cut.

use super::escape::{SHORT, plain_text};
use super::summary::{self, Page};
use super::title;
use super::words::{is_blocking, step_line, steps_by_reader};
use crate::model::{RepoPath, Untrusted, Verdict, VerdictKind};
use std::num::NonZeroU32;

/// The most bytes of a text of the check's output.
pub const MAX_TEXT: usize = 65_535;

/// How many annotations one request may carry.
pub const ANNOTATIONS_PER_REQUEST: usize = 50;

/// How many annotations a check gets at all; more would bury the change.
const MAX_ANNOTATIONS: usize = 200;

/// The most characters of a check's title; GitHub shows less in the merge box.
const MAX_TITLE: usize = 250;

/// GitHub's conclusion of a check. Never `neutral` or `skipped`: they satisfy a required check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conclusion {
    /// Passed.
    Success,
    /// The change misses a bar.
    Failure,
    /// Nobody can say, or a person has to act.
    ActionRequired,
}

impl Conclusion {
    /// The conclusion of a verdict.
    pub const fn of(kind: VerdictKind) -> Self {
        match kind {
            VerdictKind::Passed => Self::Success,
            VerdictKind::NeedsChanges => Self::Failure,
            VerdictKind::NoVerdict => Self::ActionRequired,
        }
    }

    /// The word of the API.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::ActionRequired => "action_required",
        }
    }
}

/// A note on a changed line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotation {
    /// The file, from the repository's root.
    pub path: RepoPath,
    /// The first line.
    pub start_line: NonZeroU32,
    /// The last line, at least the first.
    pub end_line: NonZeroU32,
    /// `failure` or `warning`.
    pub level: &'static str,
    /// What asks for it: `Tollgate: tests.failed`.
    pub title: String,
    /// What to do.
    pub message: String,
}

/// What a check says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckRun {
    /// The verdict in one line.
    pub title: String,
    /// The page, as Markdown.
    pub summary: String,
    /// What it means for merging.
    pub conclusion: Conclusion,
    /// Notes on changed lines.
    pub annotations: Vec<Annotation>,
}

/// The check of a verdict. `note` is a sentence of ours under the verdict; `prefix` is the judged directory below
/// the repository's root, with `/` at its end; `is_changed` says whether the change adds a line of a file (by
/// its path below that directory).
pub fn render(
    verdict: &Verdict,
    note: &str,
    prefix: &str,
    is_changed: &dyn Fn(&RepoPath, NonZeroU32) -> bool,
) -> CheckRun {
    let title = plain_text(&Untrusted::new(title(verdict)), MAX_TITLE);
    CheckRun {
        title,
        summary: summary::render(verdict, Page { budget_bytes: MAX_TEXT, note }),
        conclusion: Conclusion::of(verdict.kind),
        annotations: annotations(verdict, prefix, is_changed),
    }
}

fn annotations(
    verdict: &Verdict,
    prefix: &str,
    is_changed: &dyn Fn(&RepoPath, NonZeroU32) -> bool,
) -> Vec<Annotation> {
    let (yours, _) = steps_by_reader(verdict);
    let mut found = Vec::new();
    for step in yours {
        let Some(path) = super::escape::repository_path(&step.file) else { continue };
        let Some(line) = step.line.filter(|line| is_changed(&path, *line)) else { continue };
        // A prefix and a path below it make a path; one that is too long for that has no place on the page.
        let Ok(path) = RepoPath::new(&format!("{prefix}{}", path.as_str())) else { continue };
        found.push(Annotation {
            path,
            start_line: line,
            end_line: line,
            level: if is_blocking(verdict, step) { "failure" } else { "warning" },
            title: plain_text(&Untrusted::new(format!("Tollgate: {}", step.rule)), SHORT),
            message: plain_text(&step_line(step, 2 * SHORT), 4 * SHORT),
        });
        if found.len() == MAX_ANNOTATIONS {
            break;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fixtures;
    use proptest::prelude::*;

    fn all_lines(_: &RepoPath, _: NonZeroU32) -> bool {
        true
    }

    #[test]
    fn a_verdict_becomes_title_page_conclusion_and_notes() {
        let check = render(&fixtures::failing(), "A note.", "", &all_lines);
        assert_eq!(
            check.title,
            "Needs changes: tests: 1 new failure; coverage of changed lines 57.1% (need 80%)"
        );
        assert_eq!(check.conclusion.word(), "failure");
        assert!(check.summary.starts_with("### ❌ Needs changes"), "{}", check.summary);
        assert!(check.summary.contains("_A note._"), "{}", check.summary);
        let note = &check.annotations[0];
        assert_eq!(
            (note.path.as_str(), note.start_line.get(), note.level),
            ("tests/refund.rs", 88, "failure")
        );
        assert_eq!(check.annotations.len(), 1, "a step without a line has no note");
    }

    #[test]
    fn no_verdict_is_a_call_for_action_and_never_neutral() {
        let conclusion = |verdict: &Verdict| render(verdict, "", "", &all_lines).conclusion;
        assert_eq!(conclusion(&fixtures::passing()), Conclusion::Success);
        assert_eq!(conclusion(&fixtures::no_verdict()), Conclusion::ActionRequired);
    }

    #[test]
    fn notes_stand_on_changed_lines_only_and_name_the_file_from_the_root() {
        let verdict = fixtures::failing();
        assert_eq!(render(&verdict, "", "", &|_, _| false).annotations, []);
        let check = render(&verdict, "", "apps/pay/", &all_lines);
        assert_eq!(check.annotations[0].path.as_str(), "apps/pay/tests/refund.rs");
    }

    #[test]
    fn thousands_of_steps_give_no_more_notes_than_a_person_reads() {
        let mut verdict = fixtures::failing();
        verdict.steps = vec![verdict.steps[0].clone(); 3_000];
        assert_eq!(render(&verdict, "", "", &all_lines).annotations.len(), MAX_ANNOTATIONS);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn t14_whatever_a_report_says_the_check_stays_within_github_s_limits(
            raw in "(@|#1|<b>|\u{202e}|/lgtm |\n|\r|`|\\|[ -~é]){0,12}",
        ) {
            for raw in [raw.clone(), raw.repeat(300)] {
                let check = render(&fixtures::hostile(&raw), "note", "", &all_lines);
                prop_assert!(check.summary.len() <= MAX_TEXT, "{}", check.summary.len());
                prop_assert!(check.title.chars().count() <= 255 && !check.title.contains('\n'), "");
                for note in check.annotations {
                    prop_assert!(note.title.chars().count() <= 255 && note.message.len() <= 64_000);
                    let hidden = note.message.contains(['\n', '\r', '\u{202e}']);
                    prop_assert!(!hidden, "{}", note.message);
                    // A mention falls apart.
                    let words = note.message.split('@').skip(1);
                    prop_assert!(words.into_iter().all(|after| after.is_empty() || after.starts_with('\u{2060}')), "");
                }
            }
        }
    }
}
