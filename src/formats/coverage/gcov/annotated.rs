//! gcov's annotated source.
//!
//! Several files may stand behind each other. A template's line stands once for all its instances and again in
//! the section of each: it ran if one of them did. A `*` behind the count
//! marks a line of which a part did not run. Branches are told apart by their number on the line.

use super::files::{Files, Form};
use crate::diagnostic::Code;
use crate::formats::coverage::number::{self, Count};
use crate::formats::lines::Line;
use crate::formats::{Head, ParseError, Position};
use std::num::NonZeroU32;

/// The first line names the source file: `-: 0:Source:main.c`.
pub(super) fn sniff(head: &Head) -> bool {
    let first = head.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let mut fields = first.splitn(3, ':').map(str::trim);
    fields.next() == Some("-")
        && fields.next() == Some("0")
        && fields.next().is_some_and(|rest| rest.starts_with("Source:"))
}

/// The annotated source while it is read.
#[derive(Default)]
pub(super) struct Annotated {
    /// The line that branches belong to; `None` if it is no code.
    line: Option<NonZeroU32>,
}

impl Form for Annotated {
    fn take(&mut self, files: &mut Files<'_>, line: &Line<'_>) -> Result<(), ParseError> {
        let text = line.bytes.trim_ascii();
        let first_word = text.split(u8::is_ascii_whitespace).next().unwrap_or_default();
        match first_word {
            b"branch" => self.branch(files, text, line),
            // Jumps without a condition, calls, functions, conditions (gcc 14) and paths (gcc 15).
            b"unconditional" | b"call" | b"function" | b"condition" | b"paths" | b"path" | b"BB" | b"" => {}
            _ => match annotated(line.bytes) {
                Some((count, b"0", rest)) if count == b"-" => self.header(files, rest, line)?,
                Some((count, number, _)) => self.line(files, count, number, line),
                // Sections of a template: a row of dashes, and the instance's name.
                None if text.iter().all(|&byte| byte == b'-') || text.ends_with(b":") => {}
                None => files.lose(Code::Malformed, "a line is none of gcov's", line),
            },
        }
        Ok(())
    }

    /// Nothing in this form tells of lines that should follow.
    fn end(&mut self, _files: &mut Files<'_>, _position: Position) {}
}

impl Annotated {
    /// `Source:<path>`, `Graph:…`, `Data:…`, `Runs:…`
    fn header(&mut self, files: &mut Files<'_>, rest: &[u8], line: &Line<'_>) -> Result<(), ParseError> {
        if let Some(path) = rest.strip_prefix(b"Source:") {
            self.line = None;
            files.open(String::from_utf8_lossy(path.trim_ascii()).into_owned(), line)?;
        }
        Ok(())
    }

    fn line(&mut self, files: &mut Files<'_>, count: &[u8], number: &[u8], line: &Line<'_>) {
        self.line = None;
        // `4-block  0` repeats the count of a part of the line.
        if number.contains(&b'-') || count == b"-" {
            return;
        }
        let number = number::line_number(number);
        let what = || "a line".to_owned();
        let Some(number) = files.gathered.line(number, what, || line.position()) else { return };
        if !files.is_open() {
            files.lose(Code::UnattributedLines, "a line stands before any `Source:`", line);
            return;
        }
        if let Some(hits) = files.gathered.hits(executions(count), what, || line.position()) {
            files.file.lines.at_least(number, hits);
            if count.ends_with(b"*") {
                files.file.parts.count_at_least(number.get(), 1, 2);
            }
            self.line = Some(number);
        }
    }

    /// `branch  0 taken 3 (fallthrough)`, `branch  1 taken 50%`, `branch  2 never executed`
    fn branch(&self, files: &mut Files<'_>, text: &[u8], line: &Line<'_>) {
        let mut words = text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).skip(1);
        let number = words.next().and_then(number::digits).and_then(|number| u32::try_from(number).ok());
        let taken = match (words.next(), words.next()) {
            (Some(b"never"), Some(b"executed")) => Some(0),
            (Some(b"taken"), Some(count)) => {
                let count = executions(count.strip_suffix(b"%").unwrap_or(count));
                files.gathered.hits(count, || "a branch".to_owned(), || line.position())
            }
            _ => None,
        };
        match (self.line, number, taken) {
            (Some(line), Some(number), Some(taken)) => {
                files.file.branches.add(line.get(), number::numbered_branch(0, number), taken > 0);
            }
            _ => files.lose(Code::Malformed, "a branch cannot be read", line),
        }
    }
}

/// `<count>:<line>:<source>`
fn annotated(text: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let mut fields = text.splitn(3, |&byte| byte == b':');
    let (count, number) = (fields.next()?.trim_ascii(), fields.next()?.trim_ascii());
    let is_count = matches!(count.first(), Some(b'0'..=b'9' | b'-' | b'#' | b'=' | b'%' | b'$'));
    let is_number = number.first().is_some_and(u8::is_ascii_digit);
    (is_count && is_number).then(|| (count, number, fields.next().unwrap_or_default()))
}

/// A count: `#####` and its like are 0, `*` marks a line with a part that did not run, `1.5k` is rounded.
fn executions(count: &[u8]) -> Count {
    let count = count.strip_suffix(b"*").unwrap_or(count);
    if !count.is_empty() && count.iter().all(|byte| matches!(byte, b'#' | b'=' | b'%' | b'$')) {
        return Count::Hits(0);
    }
    match number::count(count) {
        Count::Unreadable => match count.split_last() {
            Some((b'k' | b'M' | b'G' | b'T' | b'P' | b'E' | b'Z' | b'Y', rounded)) => {
                match number::count(rounded) {
                    Count::Hits(hits) | Count::Rounded(hits) => Count::Hits(hits.max(1)),
                    other => other,
                }
            }
            _ => Count::Unreadable,
        },
        read => read,
    }
}

#[cfg(test)]
mod tests {
    use super::super::FORMAT;
    use crate::diagnostic::Code;
    use crate::formats::coverage::testing::{claims, ratio, read, read_error};
    use crate::model::Health;

    const HEADER: &str = "        -:    0:Source:src/main.cpp\n        -:    0:Runs:1\n";

    #[test]
    fn lines_and_branches_of_a_file_are_counted() {
        let read = read(
            &FORMAT,
            format!(
                "{HEADER}        -:    1:#include <a:b>
function main called 1 returned 100% blocks executed 57%
        3:    3:int main() {{
       1*:    4:  if (a && b)
branch  0 taken 0 (fallthrough)
branch  1 taken 50%
branch  2 never executed
call    3 returned 1
    #####:    5:    return a;
unconditional  0 never executed
    =====:    6:  throw 1;
     1.5k:    7:  loop: x();
    %%%%%:    7-block  0
        -:    8:}}
"
            ),
        );
        assert_eq!((read.totals().lines, read.totals().branches), (ratio(3, 5), ratio(1, 3)));
        assert_eq!((read.health, read.hits("src/main.cpp", 3)), (Health::Complete, Some(3)));
    }

    #[test]
    fn a_line_of_a_template_ran_if_an_instance_did() {
        let section = |name: &str, count: &str| {
            format!(
                "------------------\n{name}:\n    {count}:    3:T f()\nbranch  0 taken {}\n",
                if count == "#####" { "0" } else { "1" }
            )
        };
        let text = format!(
            "{HEADER}        1:    3:T f()\n{}{}------------------\n",
            section("int f<int>()", "    1"),
            section("long f<long>()", "#####")
        );
        let read = read(&FORMAT, text);
        assert_eq!((read.totals().lines, read.totals().branches), (ratio(1, 1), ratio(1, 1)));
        assert_eq!(read.health, Health::Complete);
    }

    #[test]
    fn several_files_may_stand_behind_each_other() {
        let text = format!("{HEADER}        1:    1:x\n        -:    0:Source:b.c\n    #####:    1:y\n");
        let read = read(&FORMAT, text);
        assert_eq!((read.report.files.len(), read.totals().lines), (2, ratio(1, 2)));
    }

    #[test]
    fn what_is_not_gcovs_is_lost_and_never_a_pass() {
        for broken in [
            "hello world",
            "        x:    1:a",
            "branch  0 taken 1",
            "        1:    9:a\nbranch  x taken 1",
            "        1z:    9:a",
        ] {
            let read = read(&FORMAT, format!("{HEADER}    #####:    1:y\n        -:    2:z\n{broken}\n"));
            assert_eq!(read.health, Health::Degraded, "{broken}");
        }
        assert_eq!(read(&FORMAT, format!("{HEADER}        1:    1:in")).codes, [Code::CutOff]);
        assert_eq!(read(&FORMAT, HEADER).health, Health::Empty);
        assert_eq!(read_error(&FORMAT, format!("{HEADER}        1:    1:\0\n")).code, Code::NulByte);
    }

    #[test]
    fn the_first_line_names_the_format() {
        assert_eq!(claims(HEADER.as_bytes()), ["gcov"]);
        assert!(claims(b"-: 1:Source:x\n").is_empty());
    }
}
