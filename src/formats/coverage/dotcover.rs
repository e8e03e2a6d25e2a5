//! dotCover's DetailedXML report.
//!
//! Statements have ranges of lines: a line ran if a statement on it did, in part if another did not.

use super::gather::{Gathered, from_xml};
use super::number::{self, LineNumber};
use crate::diagnostic::Code;
use crate::formats::xml::{Attribute, Event, Reader, Tag};
use crate::formats::{Context, Format, Head, ParseError, Parsed, Source};
use crate::model::{FileCoverage, Kind};
use std::collections::BTreeMap;

/// dotCover.
pub(super) const FORMAT: Format = Format {
    id: "dotcover",
    kind: Kind::Coverage,
    name: "dotCover DetailedXML",
    default_globs: &["dotcover*.xml", "dotCover*.xml"],
    spec_url: "https://www.jetbrains.com/help/dotcover/dotCover__Console_Runner_Commands.html",
    sniff,
    parse,
};

fn sniff(head: &Head) -> bool {
    head.xml_root().is_some_and(|root| {
        let of_dotcover =
            root.attribute("DotCoverVersion").is_some() || root.attribute("CoveredStatements").is_some();
        root.name == "Root" && of_dotcover
    })
}

fn parse(source: &mut Source<'_>, context: &mut Context) -> Result<Parsed, ParseError> {
    from_xml(source, context, |gathered, reader| {
        let mut files = BTreeMap::new();
        loop {
            match reader.next_tag()? {
                Event::Start(tag) if tag.name() == b"Root" => is_detailed(&tag)?,
                Event::Start(tag) if tag.name() == b"File" => file(gathered, &tag, &mut files),
                Event::Start(tag) if tag.name() == b"Statement" => statement(gathered, &tag, &mut files)?,
                Event::Start(_) | Event::End(_) | Event::Text(_) => {}
                Event::Eof => break,
            }
        }
        put(gathered, reader, files)
    })
}

/// dotCover's other XML has counts of statements per type and names no file: there is nothing to read in it.
fn is_detailed(tag: &Tag<'_>) -> Result<(), ParseError> {
    let of_other_kind = |kind: &Attribute<'_>| !kind.raw().eq_ignore_ascii_case(b"DetailedXml");
    let Some(kind) = tag.attribute("ReportType").filter(of_other_kind) else { return Ok(()) };
    let kind: String = String::from_utf8_lossy(kind.raw()).chars().take(40).collect();
    let message = format!(
        "dotCover's report of type `{kind}` names no lines: write it with `--ReportType=DetailedXML`"
    );
    Err(ParseError::new(Code::WrongFormat, message, tag.position()))
}

/// Files by their index.
type Files = BTreeMap<u64, (String, FileCoverage)>;

fn put(gathered: &mut Gathered<'_>, reader: &Reader<'_, '_>, files: Files) -> Result<(), ParseError> {
    for (path, file) in files.into_values() {
        gathered.put(&path, file, || reader.position())?;
    }
    Ok(())
}

/// `<File Index Name/>`
fn file(gathered: &mut Gathered<'_>, tag: &Tag<'_>, files: &mut Files) {
    let index = tag.attribute("Index").and_then(|index| number::digits(index.raw()));
    let path = tag.attribute("Name").map(|path| path.value(gathered.context).into_owned());
    if let (Some(index), Some(path)) = (index, path.filter(|path| !path.is_empty())) {
        files.insert(index, (path, FileCoverage::default()));
    } else {
        let message = || "a `<File>` has no index or no name".to_owned();
        gathered.degrade_with(Code::MissingField, message, || tag.position());
    }
}

/// `<Statement FileIndex Line Column EndLine EndColumn Covered/>`
fn statement(gathered: &mut Gathered<'_>, tag: &Tag<'_>, files: &mut Files) -> Result<(), ParseError> {
    let (mut index, mut first, mut last, mut covered) = (None, LineNumber::Unreadable, None, None);
    let mut columns = [0_u32; 2];
    for attribute in tag.attributes() {
        let value = attribute.raw();
        match attribute.name() {
            b"FileIndex" => index = number::digits(value),
            b"Line" => first = number::line_number(value),
            b"Column" => columns[0] = number::small(value),
            b"EndColumn" => columns[1] = number::small(value),
            b"EndLine" => last = Some(number::line_number(value)),
            b"Covered" if value.eq_ignore_ascii_case(b"true") => covered = Some(1),
            b"Covered" if value.eq_ignore_ascii_case(b"false") => covered = Some(0),
            _ => {}
        }
    }
    let what = || "a `<Statement>`".to_owned();
    let Some(first) = gathered.line(first, what, || tag.position()) else { return Ok(()) };
    let last = match last {
        Some(LineNumber::Line(last)) if last >= first => last,
        Some(_) | None => first,
    };
    let Some(hits) = covered else {
        let message = || "a `<Statement>` does not say whether it was covered".to_owned();
        gathered.degrade_with(Code::MissingField, message, || tag.position());
        return Ok(());
    };
    let Some((_, file)) = index.and_then(|index| files.get_mut(&index)) else {
        gathered.unattributed(|| tag.position());
        return Ok(());
    };
    let id = number::place_branch([first.get(), columns[0], last.get(), columns[1]]);
    gathered.range(
        first.get(),
        last.get(),
        || tag.position(),
        |line| {
            file.lines.at_least(line, hits);
            file.parts.add(line.get(), id, hits > 0);
        },
    )?;
    gathered.hold(1, || tag.position())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::coverage::testing::{claims, ratio, read, read_error};
    use crate::model::Health;

    fn report(statements: &str) -> String {
        format!(
            "<?xml version='1.0'?><Root CoveredStatements='1' TotalStatements='2' ReportType='DetailedXml' DotCoverVersion='2023.3'>
            <FileIndices><File Index='1' Name='C:\\a\\A.cs'/></FileIndices><Assembly Name='a'><Method>{statements}</Method></Assembly></Root>"
        )
    }

    #[test]
    fn a_report_without_lines_says_which_type_to_write() {
        let error = read_error(
            &FORMAT,
            "<Root CoveredStatements='1' TotalStatements='2' ReportType='Xml' DotCoverVersion='2023.3'><Assembly Name='a'/></Root>",
        );
        assert_eq!(error.code, Code::WrongFormat);
        assert!(
            error.message.ends_with("names no lines: write it with `--ReportType=DetailedXML`"),
            "{error}"
        );
    }

    #[test]
    fn a_line_ran_if_a_statement_on_it_did() {
        let read = read(
            &FORMAT,
            report(
                "<Statement FileIndex='1' Line='3' Column='1' EndLine='4' EndColumn='2' Covered='True'/>
                <Statement FileIndex='1' Line='4' EndLine='5' Covered='False'/>",
            ),
        );
        assert_eq!((read.totals().lines, read.health), (ratio(2, 3), Health::Complete));
        assert_eq!(read.file("C:\\a\\A.cs").partial_lines(), [4]);
        assert_eq!(claims(report("").as_bytes()), ["dotcover"]);
    }

    #[test]
    fn a_statement_that_cannot_be_read_is_lost_and_never_a_pass() {
        for broken in ["<Statement FileIndex='1' Line='3'/>", "<Statement FileIndex='1' Covered='True'/>"] {
            let text = report(&format!("<Statement FileIndex='1' Line='9' Covered='False'/>{broken}"));
            assert_eq!(read(&FORMAT, text).health, Health::Degraded, "{broken}");
        }
        assert_eq!(read(&FORMAT, report("")).health, Health::Empty);
    }
}
