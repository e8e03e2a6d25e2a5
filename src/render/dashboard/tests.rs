//! Every page with every hostile text: nothing of it becomes markup, and pages stay small.

use super::*;
use crate::model::{AuthorClass, Date, Moment, fixtures};
use crate::records::chain::{Digest, Link};
use crate::records::tests::{none, verdict as recorded};
use crate::records::{Fleet, Lifted, MergedAway, Point, Recorded, Window, fleet};
use proptest::prelude::*;
use quick_xml::Reader;
use quick_xml::events::Event;

fn day(text: &str) -> Date {
    Date::parse(text).unwrap()
}

fn place() -> Link {
    Link { sequence: 3, hash: Digest::of(b"entry") }
}

fn window() -> Window {
    Window { today: day("2026-11-22"), days: 7 }
}

/// A fleet with every kind of attention, its texts being `text`.
fn fleet_of(text: &str) -> Fleet {
    let mut records: Vec<Recorded> = (0..6)
        .map(|number| recorded("acme/api", number, "2026-11-21T08:00:00Z", AuthorClass::External, (9, 10)))
        .collect();
    let mut odd = recorded(&format!("acme/{text}"), 7, "2026-11-21T09:00:00Z", AuthorClass::Owner, (1, 10));
    odd.owners = text.into();
    odd.below_floor = vec![text.into()];
    odd.broken_base = vec![text.into()];
    odd.lifted = vec![Lifted { rule: text.to_owned(), until: day("2026-11-29"), what: text.into() }];
    records.push(odd);
    records.extend((0..2).map(|n| none("acme/web", n, "2026-11-21T08:00:00Z", AuthorClass::Owner, text)));
    fleet(&records, &["acme/silent".to_owned()], window())
}

fn listed(text: &str) -> Listed {
    Listed {
        id: 12,
        repository: format!("acme/{text}"),
        commit: text.into(),
        pulls: vec![431, 432],
        decided: Moment::parse("2026-11-21T08:03:11Z").unwrap(),
        kind: VerdictKind::NeedsChanges,
        blocking: vec!["tests.failed".to_owned(), text.to_owned()],
    }
}

/// Merged while the gate was away: one that passes, one that does not, one without a verdict and one not judged yet.
fn merged(text: &str) -> Vec<MergedAway> {
    let of = |(n, verdict): (u64, Option<VerdictKind>)| MergedAway {
        repository: format!("acme/{text}"),
        pull: 40 + n,
        commit: text.into(),
        at: Moment::parse("2026-11-20T08:03:11Z").unwrap(),
        verdict: verdict.map(|kind| (n, kind)),
    };
    let kinds =
        [Some(VerdictKind::Passed), None, Some(VerdictKind::NoVerdict), Some(VerdictKind::NeedsChanges)];
    (1..).zip(kinds).map(of).collect()
}

fn first_page<'o>(fleet: &'o Fleet, merged: &'o [MergedAway], left_out: &'o str) -> Overview<'o> {
    Overview { fleet, merged, days: 30, left_out }
}

/// Every page, with a text in every place that can hold one.
fn pages(text: &str) -> Vec<(&'static str, String)> {
    let viewer = Viewer { login: Some(text.into()) };
    let fleet = fleet_of(text);
    let (listed, told, away) = (listed(text), fixtures::hostile(text), merged(text));
    let query = OverviewQuery { why: "below floor".to_owned(), name: text.to_owned(), page: 1 };
    let found = Found { repositories: vec![&listed.repository], verdicts: vec![&listed] };
    let points = [
        Point { decided: listed.decided, coverage: Some(8_750), tests: Some(1_284), findings: None },
        Point { decided: listed.decided, coverage: None, tests: Some(12_840), findings: Some(0) },
    ];
    let odd = fleet.repositories.iter().find(|repository| repository.exceptions > 0).unwrap();
    let lifted = [Lifted { rule: text.to_owned(), until: day("2026-11-29"), what: text.into() }];
    vec![
        ("overview", overview(&viewer, &first_page(&fleet, &away, text), &OverviewQuery::default())),
        ("one kind", overview(&viewer, &first_page(&fleet, &[], ""), &query)),
        (
            "repositories",
            repositories(&viewer, &fleet, &OverviewQuery { name: String::new(), ..query.clone() }),
        ),
        (
            "no repository",
            repositories(&viewer, &fleet, &OverviewQuery { name: format!("?{text}"), ..query }),
        ),
        (
            "repository",
            repository(
                &viewer,
                &RepositoryPage {
                    fleet: &fleet,
                    repository: odd,
                    newest: Some(&told),
                    lifted: &lifted,
                    points: &points,
                    merged: &away,
                    verdicts: std::slice::from_ref(&listed),
                    days: 30,
                    page: 1,
                },
            ),
        ),
        (
            "verdict",
            verdict(
                &viewer,
                &VerdictPage {
                    listed: &listed,
                    verdict: Some(&told),
                    place: place(),
                    policy: None,
                    evidence: Some(Digest::of(b"evidence")),
                },
            ),
        ),
        ("search", search(&viewer, text, &found)),
        ("nothing found", search(&viewer, &format!("?{text}"), &Found::default())),
        ("message", message(&viewer, text, text)),
        ("sign in", sign_in()),
    ]
}

/// The elements of a page with their attributes' names, read as strictly as XML.
fn shape(name: &str, page: &str) -> Vec<String> {
    let page = page
        .replacen("<!DOCTYPE html>", "", 1)
        .replace("<meta charset=\"utf-8\">", "")
        .replace("<br>", "<br/>");
    // These have no end in HTML.
    let mut closed = String::new();
    for part in page.split_inclusive('>') {
        let begins = ["<meta ", "<link ", "<input "]
            .iter()
            .any(|tag| part.trim_start().starts_with(tag) || part.contains(tag));
        match part.strip_suffix('>').filter(|_| begins) {
            Some(open) => closed.push_str(&format!("{open}/>")),
            None => closed.push_str(part),
        }
    }
    let mut reader = Reader::from_str(&closed);
    let mut shape = Vec::new();
    loop {
        match reader.read_event().unwrap_or_else(|error| panic!("{name}: {error}\n{closed}")) {
            Event::Start(tag) | Event::Empty(tag) => {
                shape.push(tag.name().as_ref().to_owned());
                for attribute in tag.attributes() {
                    shape.push(attribute.unwrap().key.as_ref().to_owned());
                }
            }
            Event::Eof => return shape,
            _ => {}
        }
    }
}

#[test]
fn the_overview_begins_with_what_needs_somebody() {
    let fleet = fleet_of("odd");
    let page =
        overview(&Viewer::default(), &first_page(&fleet, &merged("odd"), ""), &OverviewQuery::default());
    insta::assert_snapshot!(page);
    let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("no {text}"));
    assert!(at("Needs attention") < at("acme/silent") && at("acme/silent") < at("below floor</td>"));
    assert!(at("below floor</td>") < at("no verdict</td>"));
    let away =
        [at("while the gate was away"), at("#44"), at("#43"), at("#42"), at("#41"), at("Needs attention")];
    assert!(away.is_sorted(), "{away:?}");
    let nothing = overview(&Viewer::default(), &first_page(&fleet, &[], ""), &OverviewQuery::default());
    assert!(!nothing.contains("while the gate was away"));
    insta::assert_snapshot!(merged_csv(&merged("=odd,")));
}

#[test]
fn a_repository_says_what_is_asked_of_it_and_how_it_went() {
    let pages = pages("odd");
    let (_, page) = pages.iter().find(|(name, _)| *name == "repository").unwrap();
    insta::assert_snapshot!(page);
}

#[test]
fn a_verdict_is_explained_and_its_place_in_the_chain_said() {
    let (fleet, listed, told) = (fleet_of("odd"), listed("api"), fixtures::failing());
    assert!(!fleet.repositories.is_empty());
    let page = VerdictPage {
        listed: &listed,
        verdict: Some(&told),
        place: place(),
        policy: None,
        evidence: Some(Digest::of(b"evidence")),
    };
    let shown = verdict(&Viewer::default(), &page);
    assert!(shown.contains(&crate::render::html::body(&told)), "{shown}");
    assert!(
        shown.contains(&format!("<code>{}</code>", place().hash))
            && shown.contains("pull request #431, #432")
    );
    let unreadable = verdict(&Viewer::default(), &VerdictPage { verdict: None, ..page });
    assert!(unreadable.contains("cannot be read"));
    insta::assert_snapshot!(outcomes_csv(&told));
    insta::assert_snapshot!(verdicts_csv([&listed]));
}

#[test]
fn nothing_runs_and_nothing_is_loaded_but_the_style_sheet() {
    for (name, page) in pages("<script>alert(1)</script><img src=x onerror=y>\" onclick=\"z") {
        for forbidden in
            ["<script", "<img", " onclick=\"", " style=\"", "<style", "<iframe", "javascript:", "src=\""]
        {
            assert!(!page.contains(forbidden), "{name} holds {forbidden}");
        }
        assert!(!page.contains("http://") && !page.contains("https://"), "{name} leads elsewhere");
    }
    let style = stylesheet();
    assert!(!style.contains("url(") && !style.contains("@import") && !style.contains("//"));
}

#[test]
fn pages_of_2_000_repositories_stay_below_500_kilobytes() {
    let text = "ü".repeat(65_000);
    let mut records = Vec::new();
    for number in 0..2_000 {
        let mut record = recorded(
            &format!("acme/{number}-{}", "x".repeat(90)),
            1,
            "2026-11-21T08:00:00Z",
            AuthorClass::Owner,
            (1, 10),
        );
        record.owners = text.as_str().into();
        record.below_floor = vec![text.as_str().into(); 3];
        records.push(record);
    }
    let fleet = fleet(&records, &[], window());
    let away: Vec<_> = merged(&"x".repeat(90)).into_iter().cycle().take(4_000).collect();
    for page in [
        overview(&Viewer::default(), &first_page(&fleet, &away, ""), &OverviewQuery::default()),
        overview(
            &Viewer::default(),
            &first_page(&fleet, &away, ""),
            &OverviewQuery { page: 120, ..OverviewQuery::default() },
        ),
        repositories(&Viewer::default(), &fleet, &OverviewQuery { page: 40, ..OverviewQuery::default() }),
    ] {
        assert!(page.len() < 500_000, "{} bytes", page.len());
        assert!(page.contains("rel=\"prev\"") || page.contains("rel=\"next\""));
    }
}

#[test]
fn a_page_beyond_the_last_is_the_last() {
    let rows: Vec<usize> = (0..120).collect();
    assert_eq!(Paging::new(99, rows.len()).of(&rows), &rows[100..]);
    assert_eq!(Paging::new(0, rows.len()).of(&rows), &rows[..50]);
    assert_eq!(Paging::new(1, 0), Paging { page: 1, pages: 1 });
    assert!(Paging::new(1, 0).of(&rows[..0]).is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_text_becomes_markup(raw in any::<String>()) {
        let plain: Vec<_> = pages("x").iter().map(|(name, page)| shape(name, page)).collect();
        let text = format!("x{}", raw.replace('/', ""));
        for ((name, page), plain) in pages(&text).iter().zip(plain) {
            prop_assert_eq!(shape(name, page), plain, "{}", name);
        }
    }
}
