use super::*;
use crate::model::fixtures;
use crate::render::escape::is_hidden;
use crate::render::title;
use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser, Tag};

fn page(verdict: &Verdict) -> String {
    render(verdict, Page::JOB_SUMMARY)
}

#[test]
fn a_passing_page_asks_for_nothing() {
    insta::assert_snapshot!(page(&fixtures::passing()));
}

#[test]
fn a_failing_page_says_what_to_do() {
    insta::assert_snapshot!(page(&fixtures::failing()));
}

#[test]
fn a_failure_of_the_base_is_not_yours() {
    insta::assert_snapshot!(page(&fixtures::not_your_fault()));
}

#[test]
fn what_could_not_be_measured_is_the_owners() {
    insta::assert_snapshot!(page(&fixtures::no_verdict()));
}

#[test]
fn one_is_yours_and_one_is_not() {
    insta::assert_snapshot!(page(&fixtures::mixed()));
}

#[test]
fn t14_hostile_text_is_inert_everywhere() {
    insta::assert_snapshot!(page(&fixtures::hostile("</details>**All passed** @org")));
}

#[test]
fn titles_are_made_of_words_of_ours() {
    let titles: Vec<String> = [
        fixtures::passing(),
        fixtures::failing(),
        fixtures::not_your_fault(),
        fixtures::no_verdict(),
        fixtures::mixed(),
    ]
    .iter()
    .map(title)
    .collect();
    insta::assert_snapshot!(titles.join("\n"), @r"
        Passed: 4 of 4 criteria are met
        Needs changes: tests: 1 new failure; coverage of changed lines 57.1% (need 80%)
        Passed: 4 of 4 criteria are met (3 failures are not from this change)
        No verdict: coverage of changed lines not measured; the owners need to act
        Needs changes: tests: 1 new failure (1 failure is not from this change)
        ");
    let hostile = fixtures::hostile("</details>**All passed** @org");
    let expected = format!("{} (1 failure is not from this change)", title(&fixtures::failing()));
    assert_eq!(title(&hostile), expected);
}

#[test]
fn details_go_first_when_the_page_is_too_long() {
    let mut verdict = fixtures::failing();
    let mut rows = vec![vec!["File".into(), "Lines".into()]];
    rows.extend((0..5_000).map(|n| vec![format!("src/file{n}.rs").into(), "1-2".into()]));
    verdict.details[1].rows = rows;
    let whole = page(&verdict);
    assert!(whole.contains("src/file4999.rs") && !whole.contains("did not fit"));
    for budget_bytes in [0, 2_000, 8_000, 64_000] {
        let short = render(&verdict, Page { budget_bytes, note: "" });
        assert!(short.len() <= budget_bytes.max(2_000), "{} of {budget_bytes}", short.len());
        assert!(short.starts_with("### ❌ Needs changes: 2 of 4 acceptance criteria are not met\n"));
        assert!(short.contains("| Security findings | ✅ met |"));
        assert!(short.contains("did not fit here: see the JSON record."), "{short}");
    }
}

#[test]
fn a_check_is_short_enough_even_when_every_character_is_escaped() {
    let mut verdict = fixtures::hostile(&"$".repeat(500));
    verdict.steps = vec![verdict.steps[0].clone(); 20];
    verdict.not_counted = vec![verdict.not_counted[0].clone(); 20];
    verdict.outcomes =
        [verdict.outcomes.clone(), verdict.outcomes.clone(), verdict.outcomes.clone()].concat();
    let page = render(&verdict, Page { budget_bytes: 65_535, note: "" });
    assert!(page.len() <= 65_535, "{}", page.len());
    assert_eq!(page.matches("| Security findings | ✅ met |").count(), 3);
    assert!(page.contains("5. **Fix 1 new test failure.**"));
}

#[test]
fn a_policy_that_cannot_be_read_is_said_openly() {
    let mut verdict = fixtures::no_verdict();
    verdict.outcomes.clear();
    verdict.steps.clear();
    let page = page(&verdict);
    assert!(page.contains("**What is wrong**\n\n* no file matched the entry"), "{page}");
}

/// Tags that are ours.
fn is_ours(html: &str) -> bool {
    let html = html.trim();
    matches!(html, "<details>" | "</details>" | "<span>" | "</span>" | "<code>" | "</code>")
        || (html.starts_with("<summary>") && html.ends_with("</summary>") && html.matches('<').count() == 2)
}

proptest! {
    #[test]
    fn nothing_in_a_page_acts(raw in "[ -~]{0,20}(</details>|@org|#12|https://a.b|www.a|\\|\\||```|<img src=x>|\u{202e}|\n|::error::){0,4}[ -~]{0,20}") {
        let page = page(&fixtures::hostile(&raw));
        let mut depth = 0_i32;
        for event in Parser::new_ext(&page, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_FOOTNOTES) {
            match event {
                Event::Html(html) | Event::InlineHtml(html) => {
                    prop_assert!(is_ours(&html), "{html}");
                    depth += i32::from(html.contains("<details>")) - i32::from(html.contains("</details>"));
                }
                Event::Start(Tag::Link { .. } | Tag::Image { .. } | Tag::FootnoteDefinition(_)) => prop_assert!(false, "{page}"),
                _ => {}
            }
            prop_assert!(depth >= 0);
        }
        prop_assert_eq!(depth, 0);
        prop_assert!(!page.contains("@o") && !page.replace("&#124;", "").contains("#12"), "{page}");
        prop_assert!(page.starts_with("### ❌ Needs changes: 2 of 4"));
        let hidden = page.chars().any(|c| is_hidden(c) && !matches!(c, '\n' | '\u{2060}' | '\u{fe0f}'));
        prop_assert!(!hidden, "{page}");
    }
}
