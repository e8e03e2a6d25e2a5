//! Terminals and logs, and the workflow commands of GitHub's runner.

use super::{one_line, plain, repository_path};
use crate::model::Untrusted;

/// Which characters the output can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charset {
    /// Printable ASCII only: the locale is not UTF-8.
    Ascii,
    /// Everything that is visible.
    Unicode,
}

/// Report text for a terminal or a log: one line, at most `max` characters, no escape sequence, nothing hidden.
pub fn terminal(text: &Untrusted, max: usize, charset: Charset) -> String {
    let text = match charset {
        Charset::Unicode => one_line(text, max),
        Charset::Ascii => {
            let ascii = in_ascii(&one_line(text, usize::MAX));
            match ascii.get(max..) {
                None | Some("") => ascii,
                Some(_) => format!("{}...", ascii.get(..max.saturating_sub(3)).unwrap_or_default()),
            }
        }
    };
    without_old_commands(&text)
}

/// The same for text of ours that may hold something from a policy: nothing is cut.
pub fn terminal_own(text: &str, charset: Charset) -> String {
    terminal(&Untrusted::new(text), usize::MAX, charset)
}

/// A line of a file or a diff of ours that may hold something of the repository: its spaces stay.
pub fn terminal_line(text: &str, charset: Charset) -> String {
    let text = plain::lines(text).join(" ");
    let text = super::secrets::blotted(&text);
    match charset {
        Charset::Unicode => without_old_commands(&text),
        Charset::Ascii => without_old_commands(&in_ascii(&text)),
    }
}

/// A whole line as it goes into a log: the runner must not take it for a command of its own (T19).
///
/// The runner reads `::command` at the start of a line, white space before it allowed, and `##[command]`
/// (others: `##vso[`, `##teamcity[`) anywhere in it.
pub fn log_line(line: &str) -> String {
    let line = without_old_commands(line);
    let indent = line.len() - line.trim_start().len();
    match line.trim_start().strip_prefix("::") {
        Some(rest) => format!("{}: :{rest}", " ".repeat(indent)),
        None => line,
    }
}

/// The message of a workflow command, escaped as the runner undoes it.
pub fn workflow_command_data(text: &Untrusted, max: usize) -> String {
    escape_data(&without_old_commands(&one_line(text, max)))
}

/// A property of a workflow command (`file=`, `title=`).
pub fn workflow_command_property(text: &Untrusted, max: usize) -> String {
    escape_data(&without_old_commands(&one_line(text, max))).replace(':', "%3A").replace(',', "%2C")
}

/// A file as a property: `None` if the text is no path inside the repository, longer than 400 characters, or
/// cannot be written as it is.
pub fn workflow_command_path(file: &Untrusted) -> Option<String> {
    let path = repository_path(file)?;
    let is_exact = path.as_str().chars().count() <= 400 && !path.as_str().contains("##");
    is_exact.then(|| workflow_command_property(file, usize::MAX))
}

fn escape_data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// `##[` and its kin fall apart when a space stands between the two signs.
fn without_old_commands(text: &str) -> String {
    if !text.contains("##") {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() + 8);
    let mut before = ' ';
    for c in text.chars() {
        if c == '#' && before == '#' {
            out.push(' ');
        }
        out.push(c);
        before = c;
    }
    out
}

/// Common signs become their ASCII neighbours, everything else beyond ASCII a `?`.
fn in_ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            ' '..='~' => out.push(c),
            '…' => out.push_str("..."),
            '‐'..='―' | '−' => out.push('-'),
            '‘' | '’' => out.push('\''),
            '“' | '”' => out.push('"'),
            '→' => out.push_str("->"),
            '≥' => out.push_str(">="),
            '≤' => out.push_str("<="),
            '×' => out.push('x'),
            '·' | '•' => out.push('*'),
            c if plain::is_hidden(c) => {}
            _ => out.push('?'),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn t19_a_line_of_a_report_is_no_workflow_command() {
        assert_eq!(log_line("  ::set-output name=x::1"), "  : :set-output name=x::1");
        assert_eq!(log_line("a ##[add-mask]b"), "a # #[add-mask]b");
        assert_eq!(log_line("ledger::sync_eu"), "ledger::sync_eu");
    }

    #[test]
    fn t22_escape_sequences_do_not_reach_the_terminal() {
        let text = Untrusted::new("\u{1b}[2J\u{1b}]0;x\u{7}ok\rFAIL\u{8}");
        assert_eq!(terminal(&text, 80, Charset::Unicode), "ok FAIL\u{fffd}");
        assert_eq!(terminal(&text, 80, Charset::Ascii), "ok FAIL?");
    }

    #[test]
    fn ascii_is_cut_with_three_points() {
        assert_eq!(terminal(&"größer – gleich".into(), 10, Charset::Ascii), "gr??er ...");
        assert_eq!(terminal(&"größer".into(), 6, Charset::Ascii), "gr??er");
    }

    #[test]
    fn a_property_cannot_end_early() {
        let text = Untrusted::new("a,line=1::b%0A\nc");
        assert_eq!(workflow_command_property(&text, 80), "a%2Cline=1%3A%3Ab%250A c");
        assert_eq!(workflow_command_data(&text, 80), "a,line=1::b%250A c");
    }

    #[test]
    fn t11_a_path_that_leaves_the_repository_is_no_file_of_an_annotation() {
        assert_eq!(workflow_command_path(&"src/a,b.rs".into()), Some("src/a%2Cb.rs".to_owned()));
        for path in ["../x", "/etc/passwd", "C:\\x", "", "a\u{202e}b", "a\nb"] {
            assert_eq!(workflow_command_path(&path.into()), None, "{path:?}");
        }
    }

    proptest! {
        #[test]
        fn no_workflow_command_survives_in_a_line(raw in "[ \t:#a-z\\[\\]\u{1b}\r\n]{0,60}") {
            let line = log_line(&terminal(&Untrusted::new(raw), 200, Charset::Unicode));
            prop_assert!(!line.trim_start().starts_with("::"), "{line:?}");
            prop_assert!(!line.contains("##"), "{line:?}");
            prop_assert!(!line.contains(['\n', '\r']), "{line:?}");
        }

        #[test]
        fn ascii_is_ascii_and_within_its_length(raw in any::<String>(), max in 3_usize..300) {
            let text = terminal(&Untrusted::new(raw.replace("##", "")), max, Charset::Ascii);
            prop_assert!(text.bytes().all(|b| (b' '..=b'~').contains(&b)), "{text:?}");
            prop_assert!(text.len() <= max, "{text:?}");
        }
    }
}
