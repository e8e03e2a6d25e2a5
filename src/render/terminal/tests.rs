use super::page::width_of;
use super::*;
use crate::model::fixtures;
use crate::render::escape::is_hidden;
use proptest::prelude::*;

fn plain(verdict: &Verdict) -> String {
    render(verdict, Style::PLAIN).replace(env!("CARGO_PKG_VERSION"), "0.0.0")
}

#[test]
fn a_passing_verdict_is_short() {
    insta::assert_snapshot!(plain(&fixtures::passing()));
}

#[test]
fn a_failing_verdict_says_what_to_do() {
    insta::assert_snapshot!(plain(&fixtures::failing()));
}

#[test]
fn failures_of_the_base_are_shown_and_not_counted() {
    insta::assert_snapshot!(plain(&fixtures::not_your_fault()));
}

#[test]
fn no_verdict_says_who_acts() {
    insta::assert_snapshot!(plain(&fixtures::no_verdict()));
}

#[test]
fn every_mark_has_its_row() {
    insta::assert_snapshot!(plain(&fixtures::mixed()));
}

#[test]
fn hostile_text_is_inert() {
    insta::assert_snapshot!(plain(&fixtures::hostile(
        "</details>**All passed** @org\n::error::x\u{1b}[2J##[add-mask]\u{202e}"
    )));
}

#[test]
fn the_verdict_is_the_last_line_and_fits() {
    for verdict in [fixtures::passing(), fixtures::failing(), fixtures::no_verdict(), fixtures::mixed()] {
        for width in [0, 40, 60, 80, 500] {
            let text = render(&verdict, Style { width, ..Style::PLAIN });
            let last = text.lines().last().unwrap();
            let word = verdict_words(verdict.kind).to_uppercase();
            assert!(last.starts_with(&format!("{word}: ")), "{last}");
            assert!(width_of(last) <= 80);
        }
    }
}

#[test]
fn no_line_of_ours_is_longer_than_80_columns() {
    for verdict in [fixtures::passing(), fixtures::failing(), fixtures::no_verdict(), fixtures::mixed()] {
        for line in plain(&verdict).lines().filter(|line| !line.trim_start().starts_with("run: ")) {
            assert!(width_of(line) <= 80, "{line}");
        }
    }
}

#[test]
fn colour_adds_nothing_that_words_do_not_say() {
    let colored = render(&fixtures::mixed(), Style { color: true, ..Style::PLAIN });
    assert!(colored.contains("\u{1b}[31mFAIL\u{1b}[0m"));
    let stripped = escape::terminal(&colored.as_str().into(), 100_000, Charset::Unicode);
    let plain = render(&fixtures::mixed(), Style::PLAIN);
    assert_eq!(stripped, plain.split_whitespace().collect::<Vec<_>>().join(" "));
}

#[test]
fn without_utf_8_everything_is_ascii() {
    let text = render(&fixtures::hostile("größer – 日本"), Style { charset: Charset::Ascii, ..Style::PLAIN });
    assert!(text.is_ascii(), "{text}");
}

#[test]
fn a_command_with_something_hidden_is_not_offered() {
    let mut verdict = fixtures::failing();
    verdict.steps[0].run = "cargo test\nrm -rf /".into();
    verdict.steps[1].run = "cargo \u{202e}tset".into();
    assert!(!plain(&verdict).contains("run:"));
}

#[test]
fn more_than_five_steps_are_counted() {
    let mut verdict = fixtures::failing();
    let step = verdict.steps[0].clone();
    verdict.steps = vec![step; 22];
    let text = plain(&verdict);
    assert!(text.contains("\n5. ") && !text.contains("\n6. "), "{text}");
    assert!(text.contains("and 17 more steps"), "{text}");
}

proptest! {
    #[test]
    fn no_text_of_a_report_reaches_a_log_as_a_command(raw in "[ -~\u{1b}\u{202e}\r\n\t:#é]{0,80}") {
        let text = plain(&fixtures::hostile(&raw));
        for line in text.lines() {
            prop_assert!(!line.trim_start().starts_with("::"), "{line}");
            prop_assert!(!line.contains("##"), "{line}");
            prop_assert!(!line.chars().any(is_hidden), "{line}");
        }
        prop_assert!(text.lines().last().is_some_and(|last| last.starts_with("NEEDS CHANGES: ")));
    }
}
