use super::*;
use crate::model::{AuthorClass, Date};
use crate::records::tests::{none, verdict};
use crate::records::{Lifted, Recorded, Window, fleet};

fn a_fleet() -> Fleet {
    let mut records: Vec<Recorded> = Vec::new();
    for number in 1..=6 {
        records.push(verdict("web-shell", number, "2026-11-23T08:00:00Z", AuthorClass::Owner, (90, 100)));
    }
    for number in 11..=16 {
        records.push(verdict("web-shell", number, "2026-11-24T08:00:00Z", AuthorClass::External, (10, 100)));
        records.push(verdict("web-shell", number, "2026-11-24T11:05:00Z", AuthorClass::External, (90, 100)));
    }
    records.last_mut().unwrap().broken_base = vec!["ledger_sync_eu".into()];
    for number in 1..=6 {
        records.push(none(
            "mobile-core",
            number,
            "2026-11-25T08:00:00Z",
            AuthorClass::External,
            "lcov.info was not written",
        ));
    }
    let mut billing = verdict("billing-legacy", 7, "2026-11-26T08:00:00Z", AuthorClass::Owner, (9, 10));
    let until = Date::parse("2026-11-29").unwrap();
    billing.lifted = vec![Lifted { rule: "coverage.changed".to_owned(), until, what: Untrusted::default() }];
    billing.below_floor = vec![
        "`coverage.changed.min` is 40% here, and the organisation asks for 60% (org.yml:4), which holds"
            .into(),
    ];
    records.push(billing);
    records.push(verdict("data-lake-etl", 3, "2026-11-18T08:00:00Z", AuthorClass::Bot, (9, 10)));
    records.push(verdict("quiet", 9, "2026-11-27T08:00:00Z", AuthorClass::Bot, (9, 10)));
    let names: Vec<String> =
        ["data-lake-etl", "mobile-core", "billing-legacy", "web-shell", "quiet", "<b>hostile</b>::error::"]
            .iter()
            .map(|name| (*name).to_owned())
            .collect();
    fleet(&records, &names, Window { today: Date::parse("2026-11-28").unwrap(), days: 7 })
}

#[test]
fn the_report_puts_what_needs_somebody_first() {
    insta::assert_snapshot!(text(&a_fleet(), Extent::Short, Style::PLAIN));
}

#[test]
fn the_audit_names_silence_floors_and_exceptions() {
    insta::assert_snapshot!(audit(&a_fleet(), Style::PLAIN));
}

#[test]
fn the_csv_has_a_row_per_repository() {
    insta::assert_snapshot!(csv(&a_fleet()).replace("\r\n", "\n"));
}

#[test]
fn a_cell_that_a_spreadsheet_would_run_is_text() {
    let names = vec!["=HYPERLINK(\"x\")".to_owned()];
    let fleet = fleet(&[], &names, Window { today: Date::parse("2026-11-28").unwrap(), days: 7 });
    assert!(csv(&fleet).contains("\"'=HYPERLINK(\"\"x\"\")\""), "{}", csv(&fleet));
}

#[test]
fn the_page_is_one_static_file() {
    let page = html(&a_fleet());
    for forbidden in ["<script", "http://", "https://", "<b>hostile", "src=", "url("] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    assert!(page.contains("&lt;b&gt;hostile"), "{page}");
    insta::assert_snapshot!(page.split("<main>").nth(1).unwrap());
}

#[test]
fn two_thousand_repositories_fit_into_one_page() {
    let names: Vec<String> = (0..2_000).map(|number| format!("repository-{number:04}")).collect();
    let records: Vec<Recorded> = names
        .iter()
        .enumerate()
        .map(|(index, name)| verdict(name, index as u64, "2026-11-27T08:00:00Z", AuthorClass::Owner, (9, 10)))
        .collect();
    let fleet = fleet(&records, &names, Window { today: Date::parse("2026-11-28").unwrap(), days: 7 });
    let page = html(&fleet);
    assert!(page.len() < 1_000_000, "{} bytes", page.len());
    assert_eq!(page.matches("<tr>").count(), 2_000 + 1 + 1 + 5);
}

#[test]
fn durations_are_said_as_people_say_them() {
    assert_eq!(duration(41 * 60 + 59), "41 min");
    assert_eq!(duration(3 * 3_600 + 5 * 60), "3 h 05 min");
    assert_eq!(duration(50 * 3_600), "2 d 2 h");
}
