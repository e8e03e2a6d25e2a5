//! Scoverage XML, for Scala.
//!
//! A line ran if a statement on it did, in part if another did not. Statements that are branches are the branches of their line.

use super::gather::{Gathered, from_xml};
use super::number::{self, Count, LineNumber};
use crate::diagnostic::Code;
use crate::formats::xml::{Event, Reader, Tag};
use crate::formats::{Context, Format, Head, ParseError, Parsed, Source};
use crate::model::{FileCoverage, Kind};
use std::collections::BTreeMap;

/// Scoverage.
pub(super) const FORMAT: Format = Format {
    id: "scoverage",
    kind: Kind::Coverage,
    name: "Scoverage XML",
    default_globs: &["scoverage.xml"],
    spec_url: "https://github.com/scoverage/scalac-scoverage-plugin",
    sniff,
    parse,
};

fn sniff(head: &Head) -> bool {
    head.xml_root().is_some_and(|root| root.name == "scoverage")
}

fn parse(source: &mut Source<'_>, context: &mut Context) -> Result<Parsed, ParseError> {
    from_xml(source, context, read)
}

fn read(gathered: &mut Gathered<'_>, reader: &mut Reader<'_, '_>) -> Result<(), ParseError> {
    let mut files: BTreeMap<String, FileCoverage> = BTreeMap::new();
    let mut class = String::new();
    loop {
        match reader.next_tag()? {
            Event::Start(tag) if tag.name() == b"class" => class = text_of(gathered, &tag, "filename"),
            Event::Start(tag) if tag.name() == b"statement" => statement(gathered, &tag, &class, &mut files)?,
            Event::Start(_) | Event::End(_) | Event::Text(_) => {}
            Event::Eof => break,
        }
    }
    for (path, file) in files {
        gathered.put(&path, file, || reader.position())?;
    }
    Ok(())
}

fn text_of(gathered: &mut Gathered<'_>, tag: &Tag<'_>, name: &str) -> String {
    tag.attribute(name).map(|value| value.value(gathered.context).into_owned()).unwrap_or_default()
}

/// `<statement source line branch invocation-count ignored start end/>`
fn statement(
    gathered: &mut Gathered<'_>,
    tag: &Tag<'_>,
    class: &str,
    files: &mut BTreeMap<String, FileCoverage>,
) -> Result<(), ParseError> {
    let (mut line, mut count, mut is_branch, mut ignored) =
        (LineNumber::Unreadable, Count::Unreadable, false, false);
    let mut place = [0_u32; 2];
    for attribute in tag.attributes() {
        let value = attribute.raw();
        match attribute.name() {
            b"line" => line = number::line_number(value),
            b"invocation-count" => count = number::count(value),
            b"branch" => is_branch = value.eq_ignore_ascii_case(b"true"),
            b"ignored" => ignored = value.eq_ignore_ascii_case(b"true"),
            b"start" => place[0] = number::small(value),
            b"end" => place[1] = number::small(value),
            _ => {}
        }
    }
    if ignored {
        return Ok(());
    }
    let what = || "a `<statement>`".to_owned();
    let Some(line) = gathered.line(line, what, || tag.position()) else { return Ok(()) };
    let Some(hits) = gathered.hits(count, what, || tag.position()) else { return Ok(()) };
    let mut path = text_of(gathered, tag, "source");
    if path.is_empty() {
        class.clone_into(&mut path);
    }
    if path.is_empty() {
        gathered.degrade_with(
            Code::UnattributedLines,
            || "a statement names no file".to_owned(),
            || tag.position(),
        );
        return Ok(());
    }
    let file = files.entry(path).or_default();
    file.lines.at_least(line, hits);
    let id = number::numbered_branch(place[0], place[1]);
    file.parts.add(line.get(), id, hits > 0);
    if is_branch {
        file.branches.add(line.get(), id, hits > 0);
    }
    gathered.hold(1, || tag.position())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::coverage::testing::{claims, ratio, read};
    use crate::model::Health;

    fn report(statements: &str) -> String {
        format!(
            "<scoverage statement-count='3'><packages><package><classes><class filename='A.scala'><methods><method><statements>{statements}</statements></method></methods></class></classes></package></packages></scoverage>"
        )
    }

    #[test]
    fn a_line_ran_if_a_statement_on_it_did_and_branches_are_counted() {
        let read = read(
            &FORMAT,
            report("<statement source='src/A.scala' line='3' start='1' end='2' branch='false' invocation-count='0'/>
                <statement source='src/A.scala' line='3' start='3' end='4' branch='true' invocation-count='2' ignored='false'/>
                <statement source='src/A.scala' line='4' start='5' end='6' branch='true' invocation-count='0'/>
                <statement source='src/A.scala' line='9' start='7' end='8' branch='true' invocation-count='0' ignored='true'/>"),
        );
        assert_eq!((read.totals().lines, read.totals().branches), (ratio(1, 2), ratio(1, 2)));
        assert_eq!((read.health, read.hits("src/A.scala", 3)), (Health::Complete, Some(2)));
        assert_eq!(read.file("src/A.scala").partial_lines(), [3]);
        assert_eq!(claims(report("").as_bytes()), ["scoverage"]);
    }

    #[test]
    fn a_statement_without_source_is_of_its_class_and_one_that_cannot_be_read_is_lost() {
        assert_eq!(
            read(&FORMAT, report("<statement line='1' invocation-count='1'/>")).hits("A.scala", 1),
            Some(1)
        );
        for broken in ["<statement line='2'/>", "<statement invocation-count='1'/>"] {
            let text = report(&format!("<statement line='1' invocation-count='0'/>{broken}"));
            assert_eq!(read(&FORMAT, text).health, Health::Degraded, "{broken}");
        }
        assert_eq!(read(&FORMAT, report("")).health, Health::Empty);
    }
}
