//! The verdict as one comment on a pull request: headline, table and where to read on.
//!
//! Nothing of a report stands in it. Other bots read comments as commands whatever quotes them (gate.md T15–T17), and a
//! comment notifies people; so it holds words and numbers of ours alone, and no line begins with what is a command.

use super::headline;
use super::table::{HEAD, name, result};
use crate::model::Verdict;
use crate::render::escape::markdown_own;
use std::fmt::Write as _;

/// Begins every comment of ours, where people do not see it.
pub const MARKER: &str = "<!-- tollgate: verdict -->";

/// The comment of a verdict. `note` is a sentence of ours; `details` is where people read on, if that is known.
pub fn render(verdict: &Verdict, note: &str, details: Option<&str>) -> String {
    let mut text = format!("{MARKER}\n{}", headline(verdict));
    if verdict.rows().next().is_some() {
        text.push('\n');
        text.push_str(HEAD);
    }
    for row in verdict.rows() {
        let (name, result, required) = (name(row), result(row), markdown_own(&row.required_text));
        let measured = markdown_own(&row.measured_text);
        let _infallible = writeln!(text, "| {name} | {result} | {measured} | {required} |");
    }
    text.push_str(&match details {
        Some(page) if is_plain(page) => {
            format!("\nWhat to do stands in the check Tollgate, made by [this run]({page}).\n")
        }
        _ => "\nWhat to do stands in the check Tollgate.\n".to_owned(),
    });
    let _infallible = write!(text, "\n{}\n", markdown_own(note));
    text
}

/// An address that ends a link nowhere else than at its end.
fn is_plain(address: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~:/?=&%".contains(c);
    address.starts_with("https://") && address.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fixtures;

    #[test]
    fn a_comment_holds_headline_and_table_and_nothing_of_a_report() {
        let page = "https://github.com/acme/payments/actions/runs/7";
        insta::assert_snapshot!(render(&fixtures::failing(), "Advisory.", Some(page)));
        let hostile = fixtures::hostile("\n/lgtm\n@bors r+ <!-- --> [x](https://evil.example) EVIL");
        let text = render(&hostile, "Advisory.", Some("https://x.example/) [me](https://evil.example"));
        assert!(!text.contains("evil") && !text.contains("EVIL"), "{text}");
        for line in text.lines() {
            assert!(!line.starts_with('/') && !line.starts_with('@'), "{line}");
        }
    }
}
