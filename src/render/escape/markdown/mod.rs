//! GitHub's Markdown (and GitLab's): text, code and fences in which nothing acts.
//!
//! Escaping Markdown is not enough: mentions, references and links are made from the *rendered* text, and
//! other bots read the raw one. So what would act is also broken in two by an invisible U+2060.

use super::{one_line, plain, secrets};
use crate::model::Untrusted;
use std::fmt::Write as _;
use std::num::NonZeroU32;

/// Stands inside of what would act: `@` and the name behind it are no longer one word.
const JOINER: char = '\u{2060}';

/// Report text as words in a line or a table's cell; at most `max` characters before escaping.
pub fn markdown_text(text: &Untrusted, max: usize) -> String {
    escape(&broken(&one_line(text, max), Reads::Rendered))
}

/// Report text for a place that GitHub shows as it is, such as the title of a check: one line, at most `max`
/// characters, and nothing that a forge or a bot would act on.
pub fn plain_text(text: &Untrusted, max: usize) -> String {
    broken(&one_line(text, max), Reads::Rendered)
}

/// Text of ours that may hold something from a policy: escaped the same, never cut.
pub fn markdown_own(text: &str) -> String {
    markdown_text(&Untrusted::new(text), usize::MAX)
}

/// Report text as code in a line or a table's cell; at most `max` characters.
///
/// The run of backticks around it is longer than any inside. Text with a pipe becomes a `<code>` element: in a
/// table's cell no other way of writing a pipe means the same inside and outside of a table.
pub fn markdown_code(text: &Untrusted, max: usize) -> String {
    let plain = one_line(text, max);
    if plain.contains('|') {
        return format!("<code>{}</code>", escape(&broken(&plain, Reads::Rendered)));
    }
    let text = broken(&plain, Reads::Raw);
    if text.is_empty() {
        return String::new();
    }
    let fence = "`".repeat(longest_run(&text) + 1);
    // A space at both ends is taken away again (CommonMark 0.31 §6.1), and keeps backticks apart.
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// Report text in its lines, as a fenced block; at most `max` characters and `max_lines` lines.
pub fn markdown_fence(text: &Untrusted, max: usize, max_lines: usize) -> String {
    let mut lines: Vec<String> = plain::lines(text.raw());
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    let left_out = lines.len().saturating_sub(max_lines);
    lines.truncate(max_lines);
    let body = secrets::blotted(&lines.join("\n")).into_owned();
    let mut body = plain::cut(&body, max).lines().map(|line| broken(line, Reads::Raw)).collect::<Vec<_>>();
    if left_out > 0 {
        body.push(format!("… {left_out} more lines"));
    }
    fence("text", &body.join("\n"))
}

/// Commands to copy, one a line. Only what [`is_safe_command`](super::is_safe_command) accepts may come here.
pub fn shell_fence(commands: &[String]) -> String {
    fence("sh", &commands.join("\n"))
}

fn fence(language: &str, body: &str) -> String {
    let fence = "`".repeat((longest_run(body) + 1).max(3));
    format!("{fence}{language}\n{body}\n{fence}\n")
}

/// The longest run of backticks.
fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// Who might act on the text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reads {
    /// Only bots that read the source: GitHub makes nothing from code.
    Raw,
    /// Also the forge, which turns words into links, mentions and pictures.
    Rendered,
}

/// Breaks everything that would act.
fn broken(text: &str, reads: Reads) -> String {
    let characters: Vec<char> = text.chars().collect();
    let at = |index: usize| characters.get(index).copied();
    let mut out = String::with_capacity(text.len() + 16);
    for (index, &c) in characters.iter().enumerate() {
        let before = index.checked_sub(1).and_then(at);
        let next = at(index + 1);
        let starts_word = before.is_none_or(char::is_whitespace);
        out.push(c);
        let breaks = match c {
            '@' => next.is_some(),
            // Issues, and on GitLab merge requests, epics, milestones, labels and alerts.
            '#' | '!' | '&' | '%' | '~' | '^' => next.is_some_and(|next| next.is_ascii_digit()),
            // `GH-1`
            '-' => {
                let g = index.checked_sub(2).and_then(at);
                next.is_some_and(|next| next.is_ascii_digit())
                    && before.is_some_and(|h| h.eq_ignore_ascii_case(&'h'))
                    && g.is_some_and(|g| g.eq_ignore_ascii_case(&'g'))
            }
            // `/lgtm`; a path is no command, but nobody misses the difference.
            '/' => starts_word && next.is_some_and(|next| next.is_ascii_alphabetic()),
            ':' if reads == Reads::Rendered => {
                let is_url = next == Some('/') && at(index + 2) == Some('/');
                is_url || ends_as_emoji(&characters, index + 1)
            }
            'w' | 'W' if reads == Reads::Rendered => {
                let is_w = |c: Option<char>| c.is_some_and(|c| c.eq_ignore_ascii_case(&'w'));
                next == Some('.') && is_w(before) && is_w(index.checked_sub(2).and_then(at))
            }
            _ => false,
        };
        if breaks || (reads == Reads::Rendered && splits_commit_id(&characters, index)) {
            out.push(JOINER);
        }
    }
    out
}

/// True if a name and a colon follow: `:heart:` from its second character on.
fn ends_as_emoji(characters: &[char], start: usize) -> bool {
    let name = characters.iter().skip(start);
    let length =
        name.clone().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '+' | '-')).count();
    length > 0 && name.clone().nth(length) == Some(&':')
}

/// True in the middle of a word that looks like a commit's id: 7 to 64 hexadecimal digits with both letters and
/// digits, or 40 and more of any.
fn splits_commit_id(characters: &[char], index: usize) -> bool {
    let is_word = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
    let at = |index: usize| characters.get(index);
    // Looked at once per word: at its fourth character.
    let Some(start) = index.checked_sub(3) else { return false };
    if start.checked_sub(1).and_then(at).is_some_and(is_word) {
        return false;
    }
    let word: Vec<char> = characters.iter().skip(start).copied().take_while(is_word).take(65).collect();
    let hexadecimal = word.iter().all(char::is_ascii_hexdigit);
    let mixed = word.iter().any(char::is_ascii_digit) && word.iter().any(char::is_ascii_alphabetic);
    hexadecimal && (word.len() >= 40 || (word.len() >= 7 && mixed))
}

/// Makes every sign that Markdown or HTML reads a plain one.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    // What opens a list, a heading or a rule, should the text stand first in a line.
    let ordered = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let number_ends = text.len() - ordered.len();
    let opens_list = number_ends > 0
        && [". ", ") "].iter().any(|marker| ordered.starts_with(marker) || ordered == marker.trim_end());
    for (index, c) in text.char_indices() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '|' => out.push_str("&#124;"),
            // GitHub documents the span for a dollar that is no formula; parsers of the source need the entity.
            '$' => out.push_str("<span>&#36;</span>"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '~' | '^' => {
                out.push('\\');
                out.push(c);
            }
            '-' | '+' | '=' | ':' if index == 0 => {
                out.push('\\');
                out.push(c);
            }
            '.' | ')' if opens_list && index == number_ends => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

/// A file and its line as people read them: `` `src/a.rs`, line 7``; empty without a file.
pub(crate) fn markdown_place(file: &Untrusted, line: Option<NonZeroU32>, max: usize) -> String {
    let mut place = markdown_code(file, max);
    if let (Some(line), false) = (line, place.is_empty()) {
        let _infallible = write!(place, ", line {line}");
    }
    place
}

#[cfg(test)]
mod tests;
