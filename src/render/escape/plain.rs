//! Plain text: visible characters and single spaces.

use std::iter::Peekable;

/// What stands for a character that must not reach an output.
const SHOWN_INSTEAD: char = '\u{fffd}';

/// More accents than this on one letter are dropped: they paint over the lines above and below.
const MOST_MARKS: u32 = 2;

/// The text on one line: every run of white space is one space.
pub(super) fn one_line(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len().min(1024));
    for line in lines(raw) {
        for word in line.split_whitespace() {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(word);
        }
    }
    text
}

/// The text in its lines, without trailing white space; tabs are four spaces.
pub(super) fn lines(raw: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut marks = 0;
    let mut hidden_before = false;
    let mut characters = without_escapes(raw).peekable();
    while let Some(c) = characters.next() {
        let mut hidden = false;
        match c {
            '\r' if characters.peek() == Some(&'\n') => {}
            '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => {
                line.truncate(line.trim_end().len());
                lines.push(std::mem::take(&mut line));
            }
            '\t' => line.push_str("    "),
            // They choose between two looks of the character before; nothing is lost without them.
            '\u{fe00}'..='\u{fe0f}' => {}
            c if is_hidden(c) => {
                hidden = true;
                // One sign for a run of them: an invisible text must not push the visible one away.
                if !hidden_before {
                    line.push(SHOWN_INSTEAD);
                }
            }
            c if c.is_whitespace() => line.push(' '),
            c if is_mark(c) => {
                marks += 1;
                if marks <= MOST_MARKS {
                    line.push(c);
                }
            }
            c => line.push(c),
        }
        hidden_before = hidden;
        if !is_mark(c) {
            marks = 0;
        }
    }
    line.truncate(line.trim_end().len());
    lines.push(line);
    lines
}

/// Cut to `max` characters, the `…` counted.
pub(super) fn cut(text: &str, max: usize) -> String {
    if text.chars().nth(max).is_none() {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(max.saturating_sub(1)).collect();
    short.truncate(short.trim_end().len());
    if max > 0 {
        short.push('…');
    }
    short
}

/// True for characters that no reader sees: controls, direction marks, zero-width characters, fillers, tags and
/// code points that are no characters. White space is not among them, except that which is a control.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fdd0}'..='\u{fdef}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
        || u32::from(c) & 0xfffe == 0xfffe
}

/// True for accents that stand on the character before them.
fn is_mark(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

/// Without the escape sequences of terminals (ECMA-48 §5.3, §5.4, §5.6, §8.2.1): colours, cursor movements,
/// titles, links.
fn without_escapes(raw: &str) -> impl Iterator<Item = char> + '_ {
    let mut rest = raw.chars().peekable();
    std::iter::from_fn(move || {
        loop {
            match rest.next()? {
                '\u{1b}' => match rest.peek().copied() {
                    Some('[') => {
                        rest.next();
                        skip_control_sequence(&mut rest);
                    }
                    Some(']' | 'P' | 'X' | '^' | '_') => {
                        rest.next();
                        skip_string(&mut rest);
                    }
                    Some(' '..='/') => {
                        while rest.next_if(|c| matches!(c, ' '..='/')).is_some() {}
                        rest.next_if(|c| matches!(c, '0'..='~'));
                    }
                    Some('0'..='~') => {
                        rest.next();
                    }
                    _ => {}
                },
                '\u{9b}' => skip_control_sequence(&mut rest),
                '\u{90}' | '\u{98}' | '\u{9d}' | '\u{9e}' | '\u{9f}' => skip_string(&mut rest),
                c => return Some(c),
            }
        }
    })
}

/// Skips parameters, intermediates and the final character.
fn skip_control_sequence(rest: &mut Peekable<std::str::Chars<'_>>) {
    while rest.next_if(|c| matches!(c, ' '..='?')).is_some() {}
    rest.next_if(|c| matches!(c, '@'..='~'));
}

/// Skips up to the terminator; a string that has none hides nothing: only its introducer goes.
fn skip_string(rest: &mut Peekable<std::str::Chars<'_>>) {
    let mut ahead = rest.clone();
    while let Some(c) = ahead.next() {
        let ends = match c {
            '\u{7}' | '\u{9c}' => true,
            '\u{1b}' => ahead.next_if_eq(&'\\').is_some(),
            // No terminal reads a title or a link over a line's end.
            '\n' => return,
            _ => false,
        };
        if ends {
            *rest = ahead;
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn colours_titles_and_links_of_terminals_leave_no_trace() {
        assert_eq!(one_line("\u{1b}[31mred\u{1b}[0m"), "red");
        assert_eq!(one_line("\u{1b}]0;owned\u{7}title"), "title");
        assert_eq!(one_line("\u{1b}]8;;https://evil.example\u{1b}\\text\u{1b}]8;;\u{1b}\\"), "text");
        assert_eq!(one_line("\u{9b}2Jcleared"), "cleared");
        assert_eq!(one_line("\u{1b}(Bcharset\u{1b}c"), "charset");
    }

    #[test]
    fn a_sequence_that_never_ends_hides_nothing() {
        assert_eq!(one_line("\u{1b}]0;the rest is evidence"), "0;the rest is evidence");
    }

    #[test]
    fn hidden_characters_are_shown_as_one_sign() {
        assert_eq!(one_line("a\u{202e}\u{2066}b\u{200b}c"), "a\u{fffd}b\u{fffd}c");
        assert_eq!(one_line("nul\0"), "nul\u{fffd}");
    }

    #[test]
    fn every_kind_of_line_end_is_a_space() {
        assert_eq!(one_line("a\r\n\tb\u{2028}c\rd\u{85}e"), "a b c d e");
    }

    #[test]
    fn accents_do_not_pile_up() {
        assert_eq!(one_line("e\u{301}\u{302}\u{303}\u{304}x"), "e\u{301}\u{302}x");
    }

    #[test]
    fn the_ellipsis_counts() {
        assert_eq!(cut("abcdef", 4), "abc…");
        assert_eq!(cut("abcd", 4), "abcd");
        assert_eq!(cut("abc", 0), "");
    }

    proptest! {
        #[test]
        fn nothing_hidden_survives(raw in any::<String>()) {
            let text = one_line(&raw);
            prop_assert!(!text.chars().any(is_hidden), "{text:?}");
            prop_assert!(!text.contains('\n'));
        }

        #[test]
        fn escape_sequences_in_any_mixture_leave_no_control(raw in "[\u{1b}\u{9b}\u{9d}\u{7}\\[\\]a-c;0-9\\\\\n\r\u{202e}]{0,40}") {
            let text = one_line(&raw);
            prop_assert!(!text.chars().any(is_hidden), "{text:?}");
        }
    }
}
