//! One row per repository, for a spreadsheet.

use super::{attention_words, percent};
use crate::model::Untrusted;
use crate::records::{Fleet, Repository};
use crate::render::escape::{Charset, SHORT, terminal};

const HEADER: &str =
    "repository,owners,policy,pull-requests,verdicts,passed,no-verdict,exceptions,last-verdict,attention";

/// RFC 4180, with a header. Rates of fewer than five pull requests are left empty.
pub fn csv(fleet: &Fleet) -> String {
    let mut text = format!("{HEADER}\r\n");
    for repository in &fleet.repositories {
        let row: Vec<String> = row(repository, fleet).iter().map(|cell| quoted(cell)).collect();
        text.push_str(&row.join(","));
        text.push_str("\r\n");
    }
    text
}

fn row(repository: &Repository, fleet: &Fleet) -> [String; 10] {
    let plain = |text: &Untrusted| terminal(text, SHORT, Charset::Unicode);
    let all = repository.verdicts.total();
    let rate = |part: u64| if repository.is_large_enough() { percent(part, all) } else { String::new() };
    let attention: Vec<String> = repository
        .attention
        .iter()
        .map(|why| format!("{}: {}", why.word(), attention_words(why, fleet, plain)))
        .collect();
    let number =
        |number: u64| if repository.is_large_enough() { number.to_string() } else { "under 5".to_owned() };
    [
        plain(&Untrusted::new(repository.name.as_str())),
        plain(&repository.owners),
        plain(&repository.policy),
        number(repository.pull_requests),
        all.to_string(),
        rate(repository.verdicts.passed),
        rate(repository.verdicts.no_verdict),
        repository.exceptions.to_string(),
        repository.last.map_or(String::new(), |day| day.to_string()),
        attention.join("; "),
    ]
}

/// A cell in quotes where it needs them. A spreadsheet runs what begins like a formula: such a cell gets an
/// apostrophe in front.
fn quoted(cell: &str) -> String {
    let cell =
        if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell.to_owned() };
    if cell.contains([',', '"', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
}
