//! SonarQube's generic coverage.

use super::gather::{Gathered, from_xml};
use super::number::{self, LineNumber};
use crate::diagnostic::Code;
use crate::formats::xml::{Event, Tag};
use crate::formats::{Context, Format, Head, ParseError, Parsed, Source};
use crate::model::{FileCoverage, Kind};

/// SonarQube.
pub(super) const FORMAT: Format = Format {
    id: "sonar",
    kind: Kind::Coverage,
    name: "SonarQube generic coverage",
    default_globs: &["sonar-coverage.xml", "sonarqube*.xml", "SonarQube.xml", "sonar-generic-coverage.xml"],
    spec_url: "https://docs.sonarsource.com/sonarqube-server/latest/analyzing-source-code/test-coverage/generic-test-data/",
    sniff,
    parse,
};

/// `<coverage>` is Cobertura's and Clover's root too: files directly below it tell this format.
fn sniff(head: &Head) -> bool {
    let Some(root) = head.xml_root().filter(|root| root.name == "coverage") else { return false };
    let mut below = head.xml().iter().filter(|element| element.depth == 1);
    match below.next() {
        Some(first) => first.name == "file" && first.attribute("path").is_some(),
        None => root.attribute("version") == Some("1") && root.attributes.len() == 1,
    }
}

fn parse(source: &mut Source<'_>, context: &mut Context) -> Result<Parsed, ParseError> {
    from_xml(source, context, |gathered, reader| {
        let mut open: Option<(String, FileCoverage)> = None;
        loop {
            match reader.next_tag()? {
                Event::Start(tag) if tag.name() == b"file" => {
                    let path = tag.attribute("path").map(|path| path.value(gathered.context).into_owned());
                    open = Some((path.unwrap_or_default(), FileCoverage::default()));
                }
                Event::Start(tag) if tag.name() == b"lineToCover" => match &mut open {
                    Some((_, file)) => {
                        line(gathered, &tag, file);
                        gathered.open(file, 0, || tag.position())?;
                    }
                    None => {
                        let message = || "a line stands in no file".to_owned();
                        gathered.degrade_with(Code::UnattributedLines, message, || tag.position());
                    }
                },
                Event::End(b"file") => match open.take() {
                    Some((path, file)) if path.is_empty() && !file.lines.is_empty() => {
                        gathered.unattributed(|| reader.position());
                    }
                    Some((path, file)) if !path.is_empty() => {
                        gathered.put(&path, file, || reader.position())?;
                    }
                    Some(_) | None => {}
                },
                Event::Start(_) | Event::End(_) | Event::Text(_) => {}
                Event::Eof => return Ok(()),
            }
        }
    })
}

/// `<lineToCover lineNumber covered branchesToCover coveredBranches/>`
fn line(gathered: &mut Gathered<'_>, tag: &Tag<'_>, file: &mut FileCoverage) {
    let (mut number, mut covered, mut total, mut taken) = (LineNumber::Unreadable, None, None, None);
    let small = |value: &[u8]| number::digits(value).and_then(|number| u32::try_from(number).ok());
    for attribute in tag.attributes() {
        let value = attribute.raw();
        match attribute.name() {
            b"lineNumber" => number = number::line_number(value),
            b"covered" if value.eq_ignore_ascii_case(b"true") => covered = Some(1),
            b"covered" if value.eq_ignore_ascii_case(b"false") => covered = Some(0),
            b"branchesToCover" => total = Some(small(value)),
            b"coveredBranches" => taken = Some(small(value)),
            _ => {}
        }
    }
    let what = || "a `<lineToCover>`".to_owned();
    let Some(number) = gathered.line(number, what, || tag.position()) else { return };
    match covered {
        Some(hits) => file.lines.at_least(number, hits),
        None => {
            let message = || "a `<lineToCover>` does not say whether it was covered".to_owned();
            gathered.degrade_with(Code::MissingField, message, || tag.position());
        }
    }
    match (total, taken.unwrap_or(Some(0))) {
        (None, _) => {}
        (Some(Some(total)), Some(taken)) if total > 0 => {
            file.branches.count_at_least(number.get(), taken, total);
        }
        (Some(Some(_)), Some(_)) => {}
        (Some(None), _) | (_, None) => {
            let message = || "a `<lineToCover>` has branches that cannot be read".to_owned();
            gathered.degrade_with(Code::BadNumber, message, || tag.position());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::coverage::testing::{claims, ratio, read};
    use crate::model::Health;

    fn report(lines: &str) -> String {
        format!("<?xml version='1.0'?><coverage version='1'><file path='src/a.cs'>{lines}</file></coverage>")
    }

    #[test]
    fn lines_and_branches_are_counted() {
        let read = read(
            &FORMAT,
            report("<lineToCover lineNumber='1' covered='true'/><lineToCover lineNumber='2' covered='true' branchesToCover='2' coveredBranches='1'/>
                <lineToCover lineNumber='3' covered='false' branchesToCover='2'/>"),
        );
        assert_eq!((read.totals().lines, read.totals().branches), (ratio(2, 3), ratio(1, 4)));
        assert_eq!(read.health, Health::Complete);
    }

    #[test]
    fn lines_that_cannot_be_read_are_lost_and_never_a_pass() {
        for broken in [
            "<lineToCover lineNumber='x' covered='true'/>",
            "<lineToCover lineNumber='2'/>",
            "<lineToCover lineNumber='2' covered='true' branchesToCover='x'/>",
        ] {
            let text = report(&format!("<lineToCover lineNumber='1' covered='false'/>{broken}"));
            assert_eq!(read(&FORMAT, text).health, Health::Degraded, "{broken}");
        }
        assert_eq!(read(&FORMAT, report("")).health, Health::Empty);
    }

    #[test]
    fn only_files_directly_below_coverage_are_claimed() {
        assert_eq!(claims(report("").as_bytes()), ["sonar"]);
        assert_eq!(claims(b"<coverage version=\"1\"/>"), ["sonar"]);
        assert!(!claims(b"<coverage line-rate='1' version='1'><packages/></coverage>").contains(&"sonar"));
        assert!(
            !claims(b"<coverage clover='1'><project><file path='x'/></project></coverage>")
                .contains(&"sonar")
        );
    }
}
