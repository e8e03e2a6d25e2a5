//! gcov's intermediate text: `gcov --intermediate-format` of gcc 4.9 to 8.
//!
//! Several files stand behind each other. From gcc 8 on a line stands once for each function that holds it
//! (templates, constructors): hits are summed, and a branch was taken if one of them took it.

use super::files::{Files, Form};
use crate::diagnostic::{Code, Weight};
use crate::formats::coverage::number::{self, Count, LineNumber};
use crate::formats::lines::Line;
use crate::formats::{Head, ParseError, Position};
use std::num::NonZeroU32;

/// The first line names the source file, behind the version of gcc from 8 on.
pub(super) fn sniff(head: &Head) -> bool {
    let mut lines = head.lines().map(str::trim_end).filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or_default();
    let file = if first.starts_with("version:") { lines.next().unwrap_or_default() } else { first };
    let record = lines.next().unwrap_or_default();
    let records = ["function:", "lcount:", "file:"];
    file.starts_with("file:") && (record.is_empty() || records.iter().any(|name| record.starts_with(name)))
}

/// The intermediate form while it is read.
#[derive(Default)]
pub(super) struct Intermediate {
    /// The line of the last `lcount`, which branches belong to.
    counted: Option<NonZeroU32>,
    /// Branches of that `lcount` so far.
    branches: u32,
    /// The first line of the last function of the file.
    last_start: u32,
}

impl Form for Intermediate {
    fn take(&mut self, files: &mut Files<'_>, line: &Line<'_>) -> Result<(), ParseError> {
        let text = line.bytes.trim_ascii_end();
        if text.is_empty() {
            return Ok(());
        }
        let colon = memchr::memchr(b':', text).unwrap_or(text.len());
        let (name, rest) = text.split_at(colon);
        let rest = rest.get(1..).unwrap_or_default();
        let is_record = matches!(name, b"function" | b"lcount" | b"branch");
        if is_record && !files.is_open() {
            files.lose(Code::UnattributedLines, "a record stands before any `file:`", line);
            return Ok(());
        }
        match name {
            b"version" => {}
            b"file" => {
                *self = Self::default();
                let path = String::from_utf8_lossy(rest.trim_ascii());
                if matches!(path, std::borrow::Cow::Owned(_)) {
                    let message = format!("the path `{path}` is not UTF-8");
                    files.gathered.context.warn(Code::BadEncoding, Weight::Warning, message, line.position());
                }
                files.open(path.into_owned(), line)?;
            }
            b"function" => self.function(files, rest, line),
            b"lcount" => self.line(files, rest, line),
            b"branch" => self.branch(files, rest, line),
            _ => files.lose(Code::Malformed, "a line is none of gcov's", line),
        }
        Ok(())
    }

    /// Functions stand before the lines of their file, and each has a line at its beginning or behind it: where the last
    /// one has none, the report is cut.
    fn end(&mut self, files: &mut Files<'_>, position: Position) {
        if files.file.lines.last().is_none_or(|last| last < self.last_start) && self.last_start > 0 {
            files.gathered.degrade(Code::CutOff, "the lines of the last function are missing", position);
        }
    }
}

impl Intermediate {
    /// `function:<line>,<calls>,<name>`, from gcc 8 on with the last line before the calls.
    fn function(&mut self, files: &mut Files<'_>, rest: &[u8], line: &Line<'_>) {
        let mut fields = rest.splitn(4, |&byte| byte == b',');
        let (start, second) = (fields.next(), fields.next());
        let (third, fourth) = (fields.next(), fields.next());
        // A demangled name may hold commas; a count never follows on one that is no number.
        let (calls, name) = match (second, third, fourth) {
            (_, Some(calls), Some(name)) if number::count(calls) != Count::Unreadable => {
                (calls, name.to_vec())
            }
            (Some(calls), Some(name), rest) => {
                let mut name = name.to_vec();
                if let Some(rest) = rest {
                    name.push(b',');
                    name.extend_from_slice(rest);
                }
                (calls, name)
            }
            _ => return files.lose(Code::Malformed, "a function cannot be read", line),
        };
        let what = || "a function".to_owned();
        if let Some(calls) = files.gathered.hits(number::count(calls), what, || line.position()) {
            let start = match number::line_number(start.unwrap_or_default()) {
                LineNumber::Line(start) => start.get(),
                LineNumber::NoLine | LineNumber::Unreadable => 0,
            };
            self.last_start = self.last_start.max(start);
            files.file.functions.add(start, &String::from_utf8_lossy(&name), calls);
        }
    }

    /// `lcount:<line>,<count>`, from gcc 8 on with 1 behind it if a part of the line did not run.
    fn line(&mut self, files: &mut Files<'_>, rest: &[u8], line: &Line<'_>) {
        (self.counted, self.branches) = (None, 0);
        let mut fields = rest.split(|&byte| byte == b',');
        let number = number::line_number(fields.next().unwrap_or_default());
        let count = number::count(fields.next().unwrap_or_default());
        let what = || "a line".to_owned();
        let Some(number) = files.gathered.line(number, what, || line.position()) else { return };
        let Some(hits) = files.gathered.hits(count, what, || line.position()) else { return };
        files.file.lines.add(number, hits);
        if hits > 0 && fields.next() == Some(b"1") {
            files.file.parts.count_at_least(number.get(), 1, 2);
        }
        self.counted = Some(number);
    }

    /// `branch:<line>,<taken | nottaken | notexec>`
    fn branch(&mut self, files: &mut Files<'_>, rest: &[u8], line: &Line<'_>) {
        let comma = memchr::memchr(b',', rest).unwrap_or(rest.len());
        let (number, outcome) = rest.split_at(comma);
        let taken = match outcome {
            b",taken" => Some(true),
            b",nottaken" | b",notexec" => Some(false),
            _ => None,
        };
        match (number::line_number(number), self.counted, taken) {
            (LineNumber::Line(number), Some(counted), Some(taken)) if number == counted => {
                files.file.branches.add(number.get(), number::numbered_branch(0, self.branches), taken);
                self.branches = self.branches.saturating_add(1);
            }
            _ => files.lose(Code::Malformed, "a branch cannot be read, or not with the line before it", line),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::FORMAT;
    use crate::diagnostic::Code;
    use crate::formats::coverage::testing::{claims, ratio, read, read_error};
    use crate::model::Health;

    #[test]
    fn the_records_before_gcc_8_are_counted() {
        let text = "file:main.cpp\nfunction:3,1,main\nfunction:9,0,std::pair<int, int> f()\nlcount:3,1\nlcount:4,2\n\
                    branch:4,taken\nbranch:4,nottaken\nlcount:9,0\nbranch:9,notexec\nfile:a.h\nlcount:1,-2\n";
        let read = read(&FORMAT, text);
        let totals = read.totals();
        assert_eq!(
            (totals.lines, totals.branches, totals.functions),
            (ratio(2, 4), ratio(1, 3), ratio(1, 2))
        );
        assert_eq!((read.hits("main.cpp", 4), read.hits("a.h", 1)), (Some(2), Some(0)));
        assert_eq!((read.health, read.codes), (Health::Complete, vec![Code::BadNumber]), "-2 is said");
        assert_eq!(claims(text.as_bytes()), ["gcov"]);
    }

    #[test]
    fn the_records_of_gcc_8_have_last_lines_and_parts() {
        let text = "version:8.3.0\nfile:a.cpp\nfunction:3,5,1,main\nfunction:7,7,0,f(int, int)\n\
                    lcount:3,1,0\nlcount:4,1,1\nlcount:7,0,1\n";
        let read = read(&FORMAT, text);
        assert_eq!((read.totals().lines, read.totals().functions), (ratio(2, 3), ratio(1, 2)));
        let functions: Vec<_> =
            read.file("a.cpp").functions.iter().map(|function| (function.line, function.calls)).collect();
        assert_eq!(functions, [(3, 1), (7, 0)]);
        assert_eq!(read.file("a.cpp").partial_lines(), [4], "a line that did not run is no line in part");
        assert_eq!(claims(text.as_bytes()), ["gcov"]);
    }

    #[test]
    fn a_line_of_two_functions_has_the_sum_and_its_branches_once() {
        let text = "version:8.3.0\nfile:a.cpp\nlcount:3,0,1\nbranch:3,nottaken\nbranch:3,nottaken\n\
                    lcount:3,2,0\nbranch:3,taken\nbranch:3,nottaken\n";
        let read = read(&FORMAT, text);
        assert_eq!((read.totals().lines, read.totals().branches), (ratio(1, 1), ratio(1, 2)));
        assert_eq!(read.hits("a.cpp", 3), Some(2));
    }

    #[test]
    fn records_that_cannot_be_read_are_lost_and_never_a_pass() {
        for broken in [
            "lcount:x,1",
            "lcount:5",
            "lcount:5,x",
            "branch:2,taken",
            "lcount:1,1\nbranch:1,perhaps",
            "function:3,1",
            "hello",
        ] {
            let read = read(&FORMAT, format!("file:a.c\nlcount:1,0\nlcount:2,0\nlcount:3,0\n{broken}\n"));
            assert_eq!(read.health, Health::Degraded, "{broken}");
        }
        assert_eq!(read(&FORMAT, "file:a.c\nlcount:1,1").codes, [Code::CutOff]);
        let cut = read(&FORMAT, "file:a.c\nfunction:1,1,f\nfunction:5,0,g\nlcount:1,1\nlcount:3,1\n");
        assert_eq!((cut.health, cut.codes), (Health::Degraded, vec![Code::CutOff]), "where is `g`?");
        assert_eq!(read(&FORMAT, "file:a.c\n").health, Health::Empty);
        assert_eq!(read_error(&FORMAT, "file:a.c\nlcount:1,\0\n").code, Code::NulByte);
        assert!(claims(b"file:a.c\nhello\n").is_empty());
    }
}
