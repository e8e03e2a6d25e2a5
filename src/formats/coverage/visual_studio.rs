//! Visual Studio's `coveragexml`: `<results>` of Microsoft.CodeCoverage and dotnet-coverage, and the older
//! `<CoverageDSPriv>` that the IDE exports.
//!
//! Ranges name their file by a number that is explained behind them. A line ran if a range on it did, and only in part
//! if a range did not, or did so partly.

use super::gather::{Gathered, from_xml};
use super::number::{self, LineNumber};
use crate::diagnostic::Code;
use crate::formats::xml::{Event, Reader, Tag};
use crate::formats::{Context, Format, Head, ParseError, Parsed, Position, Source};
use crate::model::{FileCoverage, Kind};
use std::collections::BTreeMap;
use std::num::NonZeroU32;

/// Visual Studio.
pub(super) const FORMAT: Format = Format {
    id: "visual-studio",
    kind: Kind::Coverage,
    name: "Visual Studio coveragexml",
    default_globs: &["*.coveragexml"],
    spec_url: "https://learn.microsoft.com/en-us/visualstudio/test/microsoft-code-coverage-console-tool",
    sniff,
    parse,
};

fn sniff(head: &Head) -> bool {
    head.xml_root().is_some_and(|root| {
        let has_modules = head.xml().iter().any(|element| element.depth == 1 && element.name == "modules");
        root.name == "CoverageDSPriv" || (root.name == "results" && has_modules)
    })
}

fn parse(source: &mut Source<'_>, context: &mut Context) -> Result<Parsed, ParseError> {
    from_xml(source, context, |gathered, reader| {
        Reading {
            gathered,
            ranges: BTreeMap::new(),
            paths: BTreeMap::new(),
            text: None,
            fields: Fields::default(),
        }
        .read(reader)
    })
}

/// A report while it is read.
struct Reading<'g, 'c> {
    gathered: &'g mut Gathered<'c>,
    /// Number of the file → its lines. The numbers are those of a module, or of the whole older report.
    ranges: BTreeMap<u64, FileCoverage>,
    paths: BTreeMap<u64, String>,
    /// Text of an element of the older form that is open.
    text: Option<String>,
    fields: Fields,
}

/// Whether a range ran.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Covered {
    Whole,
    Partly,
    Not,
}

/// Fields of a `<Lines>` or `<SourceFileNames>` of the older form, as text.
#[derive(Default)]
struct Fields {
    first: String,
    last: String,
    first_column: String,
    last_column: String,
    coverage: String,
    file: String,
    name: String,
}

impl Reading<'_, '_> {
    fn read(&mut self, reader: &mut Reader<'_, '_>) -> Result<(), ParseError> {
        loop {
            let event = if self.text.is_some() { reader.next()? } else { reader.next_tag()? };
            match event {
                Event::Start(tag) => match tag.name() {
                    b"range" => self.range(&tag)?,
                    b"source_file" => self.source_file(&tag),
                    b"Lines" | b"SourceFileNames" => self.fields = Fields::default(),
                    b"LnStart" | b"LnEnd" | b"ColStart" | b"ColEnd" | b"Coverage" | b"SourceFileID"
                    | b"SourceFileName" => {
                        self.text = Some(String::new());
                    }
                    _ => {}
                },
                Event::Text(text) => {
                    if let Some(into) = &mut self.text {
                        text.append_to(into, 64 * 1024, self.gathered.context);
                    }
                }
                Event::End(b"module") => self.put(reader)?,
                Event::End(b"Lines") => self.older_line(reader)?,
                Event::End(b"SourceFileNames") => {
                    let fields = std::mem::take(&mut self.fields);
                    if let Some(file) = number::digits(fields.file.trim().as_bytes()) {
                        self.paths.insert(file, fields.name.trim().to_owned());
                    }
                }
                Event::End(name) => {
                    let text = self.text.take();
                    let field = match name {
                        b"LnStart" => &mut self.fields.first,
                        b"LnEnd" => &mut self.fields.last,
                        b"ColStart" => &mut self.fields.first_column,
                        b"ColEnd" => &mut self.fields.last_column,
                        b"Coverage" => &mut self.fields.coverage,
                        b"SourceFileID" => &mut self.fields.file,
                        b"SourceFileName" => &mut self.fields.name,
                        _ => continue,
                    };
                    *field = text.unwrap_or_default();
                }
                Event::Eof => return self.put(reader),
            }
        }
    }

    /// `<range source_id covered start_line end_line/>`
    fn range(&mut self, tag: &Tag<'_>) -> Result<(), ParseError> {
        let (mut file, mut first, mut last, mut covered) = (None, LineNumber::Unreadable, None, None);
        let mut columns = [0_u32; 2];
        for attribute in tag.attributes() {
            let value = attribute.raw();
            match attribute.name() {
                b"source_id" => file = number::digits(value),
                b"start_line" => first = number::line_number(value),
                b"start_column" => columns[0] = number::small(value),
                b"end_column" => columns[1] = number::small(value),
                b"end_line" => last = Some(number::line_number(value)),
                b"covered" => {
                    covered = match value {
                        b"yes" => Some(Covered::Whole),
                        b"partial" => Some(Covered::Partly),
                        b"no" => Some(Covered::Not),
                        _ => None,
                    };
                }
                _ => {}
            }
        }
        let Some(first) = self.gathered.line(first, || "a `<range>`".to_owned(), || tag.position()) else {
            return Ok(());
        };
        let (Some(covered), Some(file)) = (covered, file) else {
            let message = || "a `<range>` names no file, or not whether it was covered".to_owned();
            self.gathered.degrade_with(Code::MissingField, message, || tag.position());
            return Ok(());
        };
        let last = match last {
            Some(LineNumber::Line(last)) if last >= first => last,
            Some(_) | None => first,
        };
        self.take(file, [first, last], columns, covered, || tag.position())
    }

    fn take(
        &mut self,
        file: u64,
        [first, last]: [NonZeroU32; 2],
        columns: [u32; 2],
        covered: Covered,
        position: impl Fn() -> Position,
    ) -> Result<(), ParseError> {
        let file = self.ranges.entry(file).or_default();
        let id = number::place_branch([first.get(), columns[0], last.get(), columns[1]]);
        self.gathered.range(first.get(), last.get(), &position, |line| {
            file.lines.at_least(line, u64::from(covered != Covered::Not));
            file.parts.add(line.get(), id, covered != Covered::Not);
            if covered == Covered::Partly {
                // Which part is not said: no other report of the range can show that it ran.
                file.parts.add(line.get(), id ^ 1, false);
            }
        })?;
        self.gathered.hold(1, position)
    }

    fn source_file(&mut self, tag: &Tag<'_>) {
        let id = tag.attribute("id").and_then(|id| number::digits(id.raw()));
        let path = tag.attribute("path").map(|path| path.value(self.gathered.context).into_owned());
        if let (Some(id), Some(path)) = (id, path) {
            self.paths.insert(id, path);
        }
    }

    /// A `<Lines>` of the older form; its coverage is 0 covered, 1 partly, 2 not.
    fn older_line(&mut self, reader: &Reader<'_, '_>) -> Result<(), ParseError> {
        let fields = std::mem::take(&mut self.fields);
        let line = |text: &str| number::line_number(text.as_bytes());
        let what = || "a `<Lines>`".to_owned();
        let Some(first) = self.gathered.line(line(&fields.first), what, || reader.position()) else {
            return Ok(());
        };
        let last: NonZeroU32 = match line(&fields.last) {
            LineNumber::Line(last) if last >= first => last,
            LineNumber::Line(_) | LineNumber::NoLine | LineNumber::Unreadable => first,
        };
        let columns =
            [&fields.first_column, &fields.last_column].map(|column| number::small(column.trim().as_bytes()));
        let covered = match fields.coverage.trim() {
            "0" => Some(Covered::Whole),
            "1" => Some(Covered::Partly),
            "2" => Some(Covered::Not),
            _ => None,
        };
        let (Some(covered), Some(file)) = (covered, number::digits(fields.file.trim().as_bytes())) else {
            let message = || "a `<Lines>` names no file, or not whether it was covered".to_owned();
            self.gathered.degrade_with(Code::MissingField, message, || reader.position());
            return Ok(());
        };
        self.take(file, [first, last], columns, covered, || reader.position())
    }

    fn put(&mut self, reader: &Reader<'_, '_>) -> Result<(), ParseError> {
        let mut paths = std::mem::take(&mut self.paths);
        for (file, coverage) in std::mem::take(&mut self.ranges) {
            match paths.remove(&file).filter(|path| !path.is_empty()) {
                Some(path) => self.gathered.put(&path, coverage, || reader.position())?,
                None => self.gathered.unattributed(|| reader.position()),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::coverage::testing::{claims, ratio, read};
    use crate::model::Health;

    fn results(ranges: &str) -> String {
        let module = |path: &str, ranges: &str| {
            format!(
                "<module name='m'><functions><function name='f'><ranges>{ranges}</ranges></function></functions>
                <source_files><source_file id='0' path='{path}'/></source_files></module>"
            )
        };
        format!(
            "<?xml version='1.0'?><results><modules>{}{}</modules></results>",
            module("C:\\a\\A.cs", ranges),
            module("C:\\b\\B.cs", "<range source_id='0' covered='no' start_line='1' end_line='1'/>")
        )
    }

    #[test]
    fn ranges_belong_to_the_files_of_their_module_and_partly_is_covered() {
        let read = read(
            &FORMAT,
            results("<range source_id='0' covered='yes' start_line='3' end_line='4'/><range source_id='0' covered='no' start_line='4' end_line='5'/>
                <range source_id='0' covered='partial' start_line='9' end_line='9'/>"),
        );
        assert_eq!((read.totals().lines, read.health), (ratio(3, 5), Health::Complete));
        assert_eq!((read.hits("C:\\a\\A.cs", 4), read.hits("C:\\b\\B.cs", 1)), (Some(1), Some(0)));
        assert_eq!(claims(results("").as_bytes()), ["visual-studio"]);
    }

    #[test]
    fn the_older_form_gives_the_same() {
        let line = |first: u32, coverage: u32| {
            format!(
                "<Lines><LnStart>{first}</LnStart><ColStart>1</ColStart><LnEnd>{first}</LnEnd><Coverage>{coverage}</Coverage><SourceFileID>1</SourceFileID></Lines>"
            )
        };
        let text = format!(
            "<CoverageDSPriv><Module><NamespaceTable><Class><Method>{}{}{}</Method></Class></NamespaceTable></Module>
            <SourceFileNames><SourceFileID>1</SourceFileID><SourceFileName>C:\\a\\A.cs</SourceFileName></SourceFileNames></CoverageDSPriv>",
            line(1, 0),
            line(2, 1),
            line(3, 2)
        );
        let read = read(&FORMAT, &text);
        assert_eq!((read.totals().lines, read.health), (ratio(2, 3), Health::Complete));
        assert_eq!(claims(text.as_bytes()), ["visual-studio"]);
    }

    #[test]
    fn ranges_that_cannot_be_read_are_lost_and_never_a_pass() {
        for broken in [
            "<range source_id='0' covered='maybe' start_line='1'/>",
            "<range covered='yes' start_line='1'/>",
            "<range source_id='0' covered='yes'/>",
        ] {
            assert_eq!(read(&FORMAT, results(broken)).health, Health::Degraded, "{broken}");
        }
    }
}
