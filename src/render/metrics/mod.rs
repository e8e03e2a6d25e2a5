//! The figures of an innersource programme for people: text, CSV, a picture and a page. Repositories stand in the
//! order of their names; there is no ranking and no name of a person.

mod chart;
mod csv;
mod page;
mod text;

pub use chart::picture;
pub(super) use chart::{STYLE as CHART_STYLE, gridlines};
pub use csv::csv;
pub use page::page;
pub use text::{text, thanks};

use crate::metrics::{Group, Share, TOO_FEW, Unit};
use crate::model::Ratio;

/// What is counted, in words.
const fn unit_words(unit: Unit) -> &'static str {
    match unit {
        Unit::PullRequests => "merged pull requests",
        Unit::Commits => "commits without merges",
        Unit::PassedPullRequests => "pull requests that passed (records do not say what was merged)",
    }
}

/// `28.5% (2 of 7)`, or that there are too few.
fn share_words(share: Share) -> String {
    match share.ratio() {
        Some(ratio) => of(ratio.part, ratio.whole),
        None => format!("too few ({}; at least {TOO_FEW} are needed)", share.total()),
    }
}

/// `64.2% (9 of 14)`; nothing of nothing.
fn of(part: u64, whole: u64) -> String {
    match (Ratio { part, whole }).percent() {
        Some(_) => format!("{} ({part} of {whole})", Ratio { part, whole }.text_against(None)),
        None => "none".to_owned(),
    }
}

/// `41 min`, `3 h 05 min`, `2 d 4 h`.
fn duration_words(seconds: u64) -> String {
    let minutes = seconds / 60;
    match minutes {
        0..60 => format!("{minutes} min"),
        60..1_440 => format!("{} h {:02} min", minutes / 60, minutes % 60),
        _ => format!("{} d {} h", minutes / 1_440, minutes % 1_440 / 60),
    }
}

/// The rows that stand for external people and owners side by side.
const GATE_ROWS: [&str; 5] = [
    "pull requests judged",
    "passed at first attempt",
    "median time to pass, if not at once",
    "reds that asked nothing of the author",
    "stopped most by",
];

/// What a class says in each of the rows; of too few pull requests only how many there are.
fn gate_cells(group: &Group) -> [String; 5] {
    let count = group.pull_requests.to_string();
    if group.is_too_few() {
        let nothing = String::new;
        return [format!("{count}: too few"), nothing(), nothing(), nothing(), nothing()];
    }
    [
        count,
        of(group.passed_at_first, group.pull_requests),
        group.median_seconds_to_pass.map_or_else(|| "none".to_owned(), duration_words),
        of(group.reds_not_authors, group.reds),
        match &group.most_stopping {
            Some((rule, count)) => format!("{rule} ({count} of {})", group.stopped),
            None => "nothing".to_owned(),
        },
    ]
}

/// What is in neither number, each with its count.
fn left_out_words(figures: &crate::metrics::RepositoryFigures) -> Vec<String> {
    let left_out = &figures.left_out;
    [
        (left_out.bots, "by bots"),
        (left_out.unknown_identity, "by authors who may or may not be owners"),
        (left_out.no_owners, "from a time when nobody was named as owner"),
        (
            left_out.direct_commits,
            if left_out.direct_commits == 1 {
                "commit without a pull request"
            } else {
                "commits without a pull request"
            },
        ),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, what)| format!("{count} {what}"))
    .collect()
}

/// What helps where much is left out.
fn advice(figures: &crate::metrics::RepositoryFigures) -> Vec<&'static str> {
    let (left_out, counted) = (&figures.left_out, figures.share.total());
    let mut advice = Vec::new();
    if left_out.no_owners > counted {
        advice.push("name the owners: `--owner @org/team`, `owners:` in the policy, or CODEOWNERS");
    }
    if left_out.unknown_identity > counted {
        advice.push("tie addresses to logins: `.mailmap`, or `emails` of members in `--teams FILE`");
    }
    if left_out.direct_commits > counted && figures.unit == Unit::PullRequests {
        advice.push("where pull requests are rebased, count commits: `--unit commits`");
    }
    advice
}

#[cfg(test)]
mod tests;
