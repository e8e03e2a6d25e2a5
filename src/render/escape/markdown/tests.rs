use super::*;
use crate::render::escape::is_hidden;
use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

const HOSTILE: &str = "</details>**All passed** @org";

/// What a Markdown parser that is not ours makes of a table's cell: its visible text, and whatever is not
/// text, code or a break.
fn parsed(cell: &str) -> (String, Vec<String>) {
    let page = format!("| a | b |\n|:--|:--|\n| {cell} | end |\n");
    let mut text = String::new();
    let mut odd = Vec::new();
    let mut cells = 0;
    let mut in_body = false;
    for event in Parser::new_ext(&page, Options::all() - Options::ENABLE_SMART_PUNCTUATION) {
        match event {
            Event::Start(Tag::Table(_) | Tag::TableHead) | Event::End(TagEnd::Table) => {}
            Event::Start(Tag::TableRow) | Event::End(TagEnd::TableRow) => {}
            Event::End(TagEnd::TableHead) => in_body = true,
            Event::Start(Tag::TableCell) => cells += 1,
            Event::End(TagEnd::TableCell) => {}
            Event::Text(part) | Event::Code(part) => {
                if in_body && cells == 3 {
                    text.push_str(&part);
                }
            }
            Event::InlineHtml(html) if matches!(&*html, "<span>" | "</span>" | "<code>" | "</code>") => {}
            other => odd.push(format!("{other:?}")),
        }
    }
    assert_eq!(cells, 4, "the table has another shape: {page}");
    (text, odd)
}

/// What GitHub would make a link, mention, picture or reference from, in the rendered text.
fn acts(text: &str) -> Option<String> {
    let characters: Vec<char> = text.chars().collect();
    for (index, pair) in characters.windows(2).enumerate() {
        let (a, b) = (pair[0], pair[1]);
        if (a == '@' && b != JOINER) || (a == '#' && b.is_ascii_digit()) {
            return Some(format!("{a}{b} at {index}"));
        }
    }
    let lower = text.to_ascii_lowercase();
    ["://", "www.", "gh-1"].iter().find(|sign| lower.contains(**sign)).map(|sign| (*sign).to_owned())
}

#[test]
fn t14_a_hostile_test_name_is_inert_as_text() {
    let text = markdown_text(&HOSTILE.into(), 200);
    assert_eq!(text, "&lt;/details&gt;\\*\\*All passed\\*\\* @\u{2060}org");
    let (shown, odd) = parsed(&text);
    assert_eq!(shown, "</details>**All passed** @\u{2060}org");
    assert!(odd.is_empty(), "{odd:?}");
}

#[test]
fn t14_a_hostile_test_name_is_inert_as_code() {
    let code = markdown_code(&HOSTILE.into(), 200);
    assert_eq!(code, "`</details>**All passed** @\u{2060}org`");
    let (shown, odd) = parsed(&code);
    assert_eq!(shown, "</details>**All passed** @\u{2060}org");
    assert!(odd.is_empty(), "{odd:?}");
}

#[test]
fn code_with_backticks_and_pipes_stays_one_cell() {
    for name in ["`", "a`b", "``x``", "a|b", "`|`", "a\\|b", "\\", "a\\`b|c", "|", "<code>|", "a|$b$"] {
        let (shown, odd) = parsed(&markdown_code(&name.into(), 200));
        assert_eq!(shown, name);
        assert!(odd.is_empty(), "{name}: {odd:?}");
    }
}

#[test]
fn t15_references_and_mentions_fall_apart() {
    let text = "Fixes #12, GH-7, acme/repo#3, duplicate of #9, see @acme/sec and me@example.org";
    let text = markdown_text(&text.into(), 500);
    assert_eq!(
        text,
        "Fixes \\#\u{2060}12, GH-\u{2060}7, acme/repo\\#\u{2060}3, duplicate of \\#\u{2060}9, \
             see @\u{2060}acme/sec and me@\u{2060}example.org"
    );
}

#[test]
fn t15_links_commit_ids_pictures_and_formulas_fall_apart() {
    let sha = "0123456789abcdef0123456789abcdef01234567";
    let text = format!("https://evil.example www.evil.example {sha} 4f9c2ab :tada: $x$ ![a](b)");
    assert_eq!(
        markdown_text(&text.into(), 500),
        "https:\u{2060}//evil.example www\u{2060}.evil.example 0123\u{2060}456789abcdef0123456789abcdef01234567 \
             4f9c\u{2060}2ab :\u{2060}tada: <span>&#36;</span>x<span>&#36;</span> !\\[a\\](b)"
    );
}

#[test]
fn t16_commands_to_other_bots_are_broken_even_in_code() {
    assert_eq!(markdown_code(&"/lgtm @bors r+".into(), 200), "`/\u{2060}lgtm @\u{2060}bors r+`");
    assert_eq!(
        markdown_fence(&"ok\n/retest\n@dependabot merge".into(), 500, 10),
        "```text\nok\n/\u{2060}retest\n@\u{2060}dependabot merge\n```\n"
    );
}

#[test]
fn ordinary_names_are_not_touched() {
    for name in ["refund_rounds_half_even", "ledger::sync_eu", "src/refund.rs", "CVE-2026-1234", "Test[1, 2]"]
    {
        assert_eq!(markdown_code(&name.into(), 200), format!("`{name}`"));
    }
    assert_eq!(
        markdown_text(&"1 new failure, 57.1% (12 of 21 lines)".into(), 200),
        "1 new failure, 57.1% (12 of 21 lines)"
    );
}

#[test]
fn a_fence_is_longer_than_any_inside() {
    let text = "a\n````\n</details>\n```";
    assert_eq!(markdown_fence(&text.into(), 500, 10), "`````text\na\n````\n</details>\n```\n`````\n");
    assert_eq!(markdown_fence(&"a\nb\nc\n".into(), 500, 2), "```text\na\nb\n… 1 more lines\n```\n");
}

#[test]
fn a_cut_never_falls_into_an_entity() {
    assert_eq!(markdown_text(&"<<<<".into(), 3), "&lt;&lt;…");
}

#[test]
fn text_that_starts_a_line_opens_no_list_heading_or_rule() {
    for text in [
        "- a", "+ a", "1. a", "12) a", "7.", "-", "# a", "> a", "---", "===", "***", "    a", ": a", "~~~",
        "```",
    ] {
        let escaped = markdown_text(&text.into(), 200);
        let events: Vec<Event<'_>> = Parser::new_ext(&escaped, Options::all()).collect();
        assert!(matches!(events.first(), Some(Event::Start(Tag::Paragraph))), "{text}: {events:?}");
        assert!(!escaped.contains('\n'));
    }
}

/// Text in which every sign that means something somewhere is likely.
fn wild() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        any::<String>(),
        "[@#:/\\\\`*_\\[\\]()<>!|&;$~^%{}=+.\"' \t\n\r-]{1,6}",
        prop_oneof![
            Just("@org"),
            Just("#123"),
            Just("GH-1"),
            Just("https://a.b"),
            Just("www.a.b"),
            Just("</details>"),
            Just("<img src=x>"),
            Just("[a](b)"),
            Just("![a](b)"),
            Just(":tada:"),
            Just("\u{202e}"),
            Just("\u{1b}[31m"),
            Just("::error::"),
            Just("##[add-mask]"),
            Just("fixes "),
            Just("<!--"),
            Just("&#64;"),
            Just("$x$"),
            Just("|"),
            Just("\\|"),
            Just("``"),
            Just("a@b.c"),
            Just("[^1]"),
            Just("e"),
            Just("0123456789abcdef"),
        ]
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(part, 0..8).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn nothing_acts_in_text(raw in wild()) {
        let plain = one_line(&Untrusted::new(raw.as_str()), 300);
        let escaped = markdown_text(&Untrusted::new(raw), 300);
        let (shown, odd) = parsed(&escaped);
        prop_assert!(odd.is_empty(), "{odd:?}");
        prop_assert_eq!(acts(&shown), None);
        prop_assert_eq!(shown.replace(JOINER, ""), plain);
        prop_assert!(!escaped.chars().any(|c| is_hidden(c) && c != JOINER));
    }

    #[test]
    fn nothing_acts_in_code(raw in wild()) {
        let plain = one_line(&Untrusted::new(raw.as_str()), 300);
        let code = markdown_code(&Untrusted::new(raw), 300);
        let (shown, odd) = parsed(&code);
        prop_assert!(odd.is_empty(), "{odd:?}");
        prop_assert_eq!(shown.replace(JOINER, ""), plain);
        prop_assert!(!code.contains("@o"), "a mention in the source: {code}");
    }

    #[test]
    fn a_fenced_block_holds_everything_in_it(raw in wild()) {
        let block = markdown_fence(&Untrusted::new(raw), 300, 20);
        let events: Vec<Event<'_>> = Parser::new_ext(&block, Options::all()).collect();
        let inside = |event: &Event<'_>| matches!(event, Event::Text(_) | Event::Start(Tag::CodeBlock(_)) | Event::End(TagEnd::CodeBlock));
        prop_assert!(events.iter().all(inside), "{events:?}");
        prop_assert!(!block.contains("@o"), "a mention in the source: {block}");
    }
}
