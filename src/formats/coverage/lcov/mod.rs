//! LCOV tracefiles: `geninfo(1)`, section "TRACEFILE FORMAT", of LCOV 1.x and 2.x, as it says and as tools
//! write it (coverage.md b.1).
//!
//! Health. Records that name no line (line 0, `undefined`) and negative counts are known quirks and lose
//! nothing. A record that cannot be read, is unknown or belongs to no file loses something: degraded. So does a
//! last record without `end_of_record`: real tools leave it out, but a cut-off file looks the same, and its
//! totals are still worth showing. A file cut exactly behind an `end_of_record` cannot be told from a whole one.

mod plain;
mod record;
#[cfg(test)]
mod tests;

use super::digits;
use super::gather::Gathered;
use super::number::{self, LineNumber};
use crate::diagnostic::{Code, Weight};
use crate::formats::lines::{Line, LineEnd, LineReader};
use crate::formats::{Context, Format, Head, ParseError, Parsed, Source};
use crate::model::{Kind, Untrusted};
use record::Record;
use siphasher::sip::SipHasher13;
use std::borrow::Cow;
use std::hash::Hasher as _;
use std::num::NonZeroU32;

/// LCOV.
pub(super) const FORMAT: Format = Format {
    id: "lcov",
    kind: Kind::Coverage,
    name: "LCOV tracefile",
    default_globs: &["lcov.info", "*.lcov", "lcov*.info", "coverage.info"],
    spec_url: "https://manpages.debian.org/unstable/lcov/geninfo.1.en.html#TRACEFILE_FORMAT",
    sniff,
    parse,
};

/// The first line that is neither blank nor a comment begins a record, or the run's name.
fn sniff(head: &Head) -> bool {
    let mut lines =
        head.lines().map(str::trim_start).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.next().is_some_and(|line| line.starts_with("TN:") || line.starts_with("SF:"))
}

fn parse(source: &mut Source<'_>, context: &mut Context) -> Result<Parsed, ParseError> {
    let mut tracefile = Tracefile::new(context);
    let result = tracefile.read(source);
    tracefile.gathered.conclude(source, result)
}

/// A tracefile while it is read.
struct Tracefile<'c> {
    gathered: Gathered<'c>,
    /// The file that the record is about, between `SF` and `end_of_record`.
    path: Option<String>,
    record: Record,
    /// A `TN` was read and no `SF` yet.
    announced: bool,
}

impl<'c> Tracefile<'c> {
    fn new(context: &'c mut Context) -> Self {
        Self { gathered: Gathered::new(context), path: None, record: Record::default(), announced: false }
    }

    fn read(&mut self, source: &mut Source<'_>) -> Result<(), ParseError> {
        let mut lines = LineReader::new(source);
        loop {
            if self.path.is_some() {
                let (bytes, count) = plain::take(lines.rest(), &mut self.record);
                lines.pass(bytes, count);
                self.gathered.open(&self.record.file, self.record.text_bytes(), || lines.position())?;
            }
            match lines.next_line()? {
                Some(line) => self.take(&line)?,
                None => break,
            }
        }
        let end = lines.position();
        if self.path.is_some() {
            let message = if lines.ends_within_line() {
                "the file ends within a line"
            } else {
                "the last record has no end_of_record"
            };
            self.gathered.degrade(Code::CutOff, message, end);
            self.close(&Line { bytes: b"", end: LineEnd::EndOfFile, number: end.line, offset: end.offset })?;
        } else if self.announced && !self.gathered.report.files.is_empty() {
            self.gathered.degrade(Code::CutOff, "no record follows the last TN", end);
        }
        Ok(())
    }

    /// Takes any line.
    fn take(&mut self, line: &Line<'_>) -> Result<(), ParseError> {
        let text = line.bytes.trim_ascii_start();
        if let Some(at) = line.nul() {
            return Err(ParseError::new(Code::NulByte, "a NUL byte", line.position_at(at)));
        }
        if line.end == LineEnd::Cut {
            self.lose(line, Code::LineTooLong, "a line of more than 64 KiB is skipped");
            return Ok(());
        }
        if text.is_empty() || text.starts_with(b"#") {
            return Ok(());
        }
        if text.trim_ascii_end() == b"end_of_record" {
            return self.close(line);
        }
        let colon = memchr::memchr(b':', text).unwrap_or(text.len());
        let (name, rest) = text.split_at(colon);
        let rest = rest.get(1..).unwrap_or_default();
        match name {
            b"TN" => self.announced = self.path.is_none(),
            b"SF" => self.open(rest, line)?,
            b"VER" | b"MCDC" | b"MCF" | b"MCH" if self.path.is_some() => {}
            b"DA" | b"BRDA" | b"BA" | b"FN" | b"FNDA" | b"FNL" | b"FNA" if self.path.is_none() => {
                let message = format!("{} belongs to no file (no SF before it)", quoted(text));
                self.lose(line, Code::UnattributedLines, message);
            }
            b"DA" => self.line(rest, line),
            b"BRDA" => self.branch(rest, line),
            b"BA" => self.unnamed_branch(rest, line),
            b"FN" => self.function(rest, line),
            b"FNDA" => self.function_calls(rest, line),
            b"FNL" => self.group(rest, line),
            b"FNA" => self.group_calls(rest, line),
            b"LF" => self.record.stated.lines.0 = number::digits(rest),
            b"LH" => self.record.stated.lines.1 = number::digits(rest),
            b"BRF" => self.record.stated.branches.0 = number::digits(rest),
            b"BRH" => self.record.stated.branches.1 = number::digits(rest),
            b"FNF" => self.record.stated.functions.0 = number::digits(rest),
            b"FNH" => self.record.stated.functions.1 = number::digits(rest),
            _ => self.lose(line, Code::Malformed, format!("{} is no record of LCOV", quoted(text))),
        }
        Ok(())
    }

    fn lose(&mut self, line: &Line<'_>, code: Code, message: impl Into<Untrusted>) {
        self.gathered.degrade(code, message, line.position());
    }

    fn open(&mut self, path: &[u8], line: &Line<'_>) -> Result<(), ParseError> {
        if self.path.is_some() {
            self.lose(line, Code::CutOff, "the record before has no end_of_record");
            self.close(line)?;
        }
        self.announced = false;
        let path = String::from_utf8_lossy(path.trim_ascii_start());
        if let Cow::Owned(lossy) = &path {
            let message = format!("the path `{lossy}` is not UTF-8");
            self.gathered.context.warn(Code::BadEncoding, Weight::Warning, message, line.position());
        }
        self.path = Some(path.into_owned());
        Ok(())
    }

    fn close(&mut self, line: &Line<'_>) -> Result<(), ParseError> {
        let Some(path) = self.path.take() else {
            self.lose(line, Code::Malformed, "end_of_record without a record");
            return Ok(());
        };
        let has_records = !self.record.file.lines.is_empty();
        let disagreement = self.record.disagreement();
        let file = self.record.take_file();
        if path.is_empty() {
            if has_records || file.summary.is_some() {
                self.gathered.unattributed(|| line.position());
            }
            return Ok(());
        }
        if let Some(message) = disagreement {
            self.gathered.context.warn(Code::TotalsDisagree, Weight::Note, message, line.position());
        }
        self.gathered.put(&path, file, || line.position())
    }

    /// `DA:<line>,<count>[,<checksum>]`
    fn line(&mut self, rest: &[u8], line: &Line<'_>) {
        let mut fields = rest.splitn(3, |&byte| byte == b',');
        let number = number::line_number(fields.next().unwrap_or_default());
        let Some(hits) = fields.next() else {
            self.lose(line, Code::BadNumber, format!("{} has no count", quoted(line.bytes)));
            return;
        };
        let hits = self.count(hits, line);
        if let (Some(number), Some(hits)) = (self.line_number(number, line), hits) {
            self.record.file.lines.add(number, hits);
        }
    }

    /// `BRDA:<line>,[e|f][U]<block>,<branch>,<taken>`; the branch is any text, also with commas.
    fn branch(&mut self, rest: &[u8], line: &Line<'_>) {
        let fields = split_first(rest).and_then(|(number, rest)| {
            let (block, rest) = split_first(rest)?;
            let comma = memchr::memrchr(b',', rest)?;
            Some((number, block, rest.get(..comma)?, rest.get(comma + 1..)?))
        });
        let Some((number, block, branch, taken)) = fields else {
            self.lose(line, Code::Malformed, format!("{} is no branch record", quoted(line.bytes)));
            return;
        };
        let number = number::line_number(number);
        let Some(number) = self.line_number(number, line) else { return };
        let (flags, block) = block_flags(block);
        if flags.contains(&b'U') {
            // Marked as unreachable by the user: neither taken nor missed.
            return;
        }
        let taken = match taken.trim_ascii() {
            b"-" => Some(0),
            taken => self.count(taken, line),
        };
        if let Some(taken) = taken {
            self.record.file.branches.add(number.get(), branch_id(block, branch), taken > 0);
        }
    }

    /// `BA:<line>,<taken>`: 0 not reached, 1 not taken, 2 taken.
    fn unnamed_branch(&mut self, rest: &[u8], line: &Line<'_>) {
        let Some((number, taken)) = split_first(rest) else {
            self.lose(line, Code::Malformed, format!("{} is no branch record", quoted(line.bytes)));
            return;
        };
        let number = number::line_number(number);
        let taken = self.count(taken, line);
        if let (Some(number), Some(taken)) = (self.line_number(number, line), taken) {
            let entry = self.record.unnamed_branches.entry(number.get()).or_default();
            entry.0 = entry.0.saturating_add(u32::from(taken >= 2));
            entry.1 = entry.1.saturating_add(1);
        }
    }

    /// `FN:<line>,[<end line>,]<name>`; a name may hold commas.
    fn function(&mut self, rest: &[u8], line: &Line<'_>) {
        let Some((start, name)) = split_first(rest) else {
            self.lose(line, Code::Malformed, format!("{} is no function record", quoted(line.bytes)));
            return;
        };
        let name = match split_first(name) {
            Some((end, name)) if number::digits(end).is_some() => name,
            _ => name,
        };
        self.record.function(name, function_line(start));
    }

    /// `FNDA:<calls>,<name>`
    fn function_calls(&mut self, rest: &[u8], line: &Line<'_>) {
        let Some((calls, name)) = split_first(rest) else {
            self.lose(line, Code::Malformed, format!("{} is no function record", quoted(line.bytes)));
            return;
        };
        if let Some(calls) = self.count(calls, line) {
            self.record.calls(name, calls);
        }
    }

    /// `FNL:<index>,<line>[,<end line>]` (LCOV 2.2)
    fn group(&mut self, rest: &[u8], line: &Line<'_>) {
        let mut fields = rest.split(|&byte| byte == b',');
        let index = fields.next().and_then(number::digits);
        let (Some(index), Some(start)) = (index, fields.next()) else {
            self.lose(line, Code::Malformed, format!("{} is no function record", quoted(line.bytes)));
            return;
        };
        self.record.groups.entry(index).or_default().0 = function_line(start);
    }

    /// `FNA:<index>,<calls>,<alias>` (LCOV 2.2): the aliases of one function count once.
    fn group_calls(&mut self, rest: &[u8], line: &Line<'_>) {
        let fields = split_first(rest).and_then(|(index, rest)| {
            let (calls, name) = split_first(rest)?;
            Some((number::digits(index)?, calls, name))
        });
        let Some((index, calls, name)) = fields else {
            self.lose(line, Code::Malformed, format!("{} is no function record", quoted(line.bytes)));
            return;
        };
        let Some(calls) = self.count(calls, line) else { return };
        self.record.note_text(name.len());
        let group = self.record.groups.entry(index).or_default();
        let name = text(name);
        // The smallest name, so that two files which list the aliases in other orders agree.
        if group.1.as_ref().is_none_or(|have| name < *have) {
            group.1 = Some(name);
        }
        group.2 = group.2.saturating_add(calls);
    }

    fn count(&mut self, count: &[u8], line: &Line<'_>) -> Option<u64> {
        let count = number::count(count);
        self.gathered.hits(count, || quoted(line.bytes), || line.position())
    }

    fn line_number(&mut self, number: LineNumber, line: &Line<'_>) -> Option<NonZeroU32> {
        self.gathered.line(number, || quoted(line.bytes), || line.position())
    }
}

fn split_first(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let comma = text.iter().position(|&byte| byte == b',')?;
    Some((text.get(..comma)?, text.get(comma + 1..)?))
}

/// Splits the flags of LCOV 2.x (`e` exception, `f` fall-through, `U` unreachable) from a block's number.
fn block_flags(block: &[u8]) -> (&[u8], &[u8]) {
    let flags = block.iter().take_while(|byte| matches!(byte, b'e' | b'f' | b'U')).count();
    match block.split_at_checked(flags) {
        Some((flags, number)) if number.first().is_some_and(u8::is_ascii_digit) => (flags, number),
        _ => (&[], block),
    }
}

/// Identity of a branch within its line: its numbers, or a hash of its names. The flags are no part of it: LCOV
/// 1.x writes none for the same branch.
fn branch_id(block: &[u8], branch: &[u8]) -> u64 {
    let small = |text: &[u8]| match digits::number(text) {
        Some((number, [])) => u32::try_from(number).ok(),
        _ => None,
    };
    if let (Some(block), Some(branch)) = (small(block), small(branch)) {
        return number::numbered_branch(block, branch);
    }
    // The key is fixed because snapshots of different machines are merged by these identities.
    let mut hasher = SipHasher13::new_with_keys(0x746f_6c6c_6761_7465, 0x6272_616e_6368_6964);
    hasher.write(block);
    hasher.write_u8(b',');
    hasher.write(branch);
    number::named_branch(hasher.finish())
}

/// First line of a function; 0 where the tool has none (grcov writes `FN:-1`).
fn function_line(text: &[u8]) -> u32 {
    match number::line_number(text) {
        LineNumber::Line(line) => line.get(),
        LineNumber::NoLine | LineNumber::Unreadable => 0,
    }
}

fn text(bytes: &[u8]) -> Box<str> {
    String::from_utf8_lossy(bytes).into()
}

/// The beginning of a line, for a message.
fn quoted(bytes: &[u8]) -> String {
    const MOST: usize = 60;
    let text = String::from_utf8_lossy(bytes.get(..MOST).unwrap_or(bytes));
    let dots = if bytes.len() > MOST { "…" } else { "" };
    format!("`{text}{dots}`")
}
