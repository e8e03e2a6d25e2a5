use super::*;
use crate::metrics::{Companions, LeftOut, Period, RepositoryFigures, Window};
use crate::model::Date;
use crate::render::terminal::Style;

fn day(text: &str) -> Date {
    Date::parse(text).unwrap()
}

fn figures(name: &str, external: u64, owners: u64) -> RepositoryFigures {
    let period =
        |month: &str, external, owners| Period { month: month.to_owned(), share: Share { external, owners } };
    let group = Group {
        pull_requests: 14,
        passed_at_first: 9,
        passed: 12,
        median_seconds_to_pass: Some(11_100),
        reds: 8,
        reds_not_authors: 1,
        most_stopping: Some(("coverage.changed".to_owned(), 4)),
        stopped: 6,
        verdicts: 20,
        no_verdicts: 1,
    };
    let owners_group = Group { pull_requests: 4, ..Group::default() };
    RepositoryFigures {
        name: name.into(),
        unit: Unit::PullRequests,
        window: Window { from: day("2026-09-01"), until: day("2026-11-26") },
        share: Share { external, owners },
        on_the_day: 5,
        left_out: LeftOut { bots: 3, unknown_identity: 1, no_owners: 0, direct_commits: 14 },
        months: vec![
            period("2026-09", 1, 3),
            period("2026-10", external - 1, owners - 3),
            period("2026-11", 0, 0),
        ],
        cut_at: None,
        gate: Some(Companions { external: group, owners: owners_group, left_out: 2 }),
    }
}

#[test]
fn one_repository_is_shown_in_full() {
    insta::assert_snapshot!(text(&[figures("acme/x", 4, 10)], Style::PLAIN));
}

#[test]
fn several_repositories_stand_in_the_order_given_with_their_sum() {
    insta::assert_snapshot!(text(&[figures("acme/a", 1, 3), figures("acme/x", 4, 10)], Style::PLAIN));
}

#[test]
fn csv_has_a_row_for_the_window_and_one_a_month() {
    let text = csv(&[figures("=acme/x", 4, 10)]);
    insta::assert_snapshot!(text);
    let columns: Vec<usize> = text.lines().map(|line| line.split(',').count()).collect();
    assert!(columns.iter().all(|count| *count == columns[0]), "{columns:?}");
}

#[test]
fn the_picture_says_its_numbers_in_words() {
    insta::assert_snapshot!(picture(&[figures("acme/x", 4, 10)]));
}

#[test]
fn a_hostile_name_is_inert_on_the_page_and_in_the_picture() {
    let hostile = figures("</title><script>alert(1)</script>\u{202e}", 4, 10);
    let one = page(std::slice::from_ref(&hostile));
    let many = page(&[hostile.clone(), hostile.clone()]);
    for text in [one, many, picture(&[hostile])] {
        assert!(!text.contains("<script") && !text.contains('\u{202e}'), "{text}");
    }
}
