//! OpenCover XML, which coverlet and AltCover write too (coverage.md b.6).
//!
//! A sequence point may span several lines, and a line may hold several: it ran if one of them did, in part if
//! another did not. Branches are
//! the branch points, told apart within a method. OpenCover itself counts the way into each method as one more
//! branch, coverlet does not: the method's own summary tells.

use super::gather::{Gathered, from_xml};
use super::number::{self, Count, LineNumber};
use crate::diagnostic::Code;
use crate::formats::xml::{Event, Reader, Tag};
use crate::formats::{Context, Format, Head, ParseError, Parsed, Source};
use crate::model::{FileCoverage, Kind};
use siphasher::sip::SipHasher13;
use std::collections::BTreeMap;
use std::hash::Hasher as _;
use std::num::NonZeroU32;

/// OpenCover.
pub(super) const FORMAT: Format = Format {
    id: "opencover",
    kind: Kind::Coverage,
    name: "OpenCover XML",
    default_globs: &["*opencover*.xml", "OpenCover.xml"],
    spec_url: "https://github.com/OpenCover/opencover/wiki/Reports",
    sniff,
    parse,
};

fn sniff(head: &Head) -> bool {
    head.xml_root().is_some_and(|root| root.name == "CoverageSession")
}

fn parse(source: &mut Source<'_>, context: &mut Context) -> Result<Parsed, ParseError> {
    from_xml(source, context, |gathered, reader| {
        Reading { gathered, files: BTreeMap::new(), method: Method::default() }.read(reader)
    })
}

/// The number that compilers give to code without a line: 0xFEEFEE.
const HIDDEN: u32 = 16_707_566;

/// A report while it is read.
struct Reading<'g, 'c> {
    gathered: &'g mut Gathered<'c>,
    /// Files of the open module, by their number.
    files: BTreeMap<u64, (String, FileCoverage)>,
    method: Method,
}

/// The method that is open.
#[derive(Default)]
struct Method {
    /// Its full name, while the element with it is open and after.
    name: String,
    in_name: bool,
    /// The file of points that name none.
    file: Option<u64>,
    /// File and line of the first sequence point.
    first: Option<(u64, NonZeroU32)>,
    /// The last sequence point's line, for branch points of versions that give none.
    line: Option<NonZeroU32>,
    /// Branches that the method's summary states: visited and all.
    stated: Option<(u64, u64)>,
    /// Its branch points: visited and all.
    points: (u64, u64),
}

impl Reading<'_, '_> {
    fn read(&mut self, reader: &mut Reader<'_, '_>) -> Result<(), ParseError> {
        loop {
            let event = if self.method.in_name { reader.next()? } else { reader.next_tag()? };
            match event {
                Event::Start(tag) => match tag.name() {
                    b"SequencePoint" => self.sequence_point(&tag)?,
                    b"BranchPoint" => {
                        self.branch_point(&tag);
                        self.gathered.hold(1, || tag.position())?;
                    }
                    b"Method" => self.method = Method::default(),
                    b"Summary" => {
                        self.method.stated =
                            number_of(&tag, "visitedBranchPoints").zip(number_of(&tag, "numBranchPoints"));
                    }
                    b"Name" => self.method.in_name = self.method.name.is_empty(),
                    b"FileRef" => self.method.file = number_of(&tag, "uid"),
                    b"File" => self.file(&tag),
                    _ => {}
                },
                Event::Text(text) => {
                    text.append_to(&mut self.method.name, 4096, self.gathered.context);
                }
                Event::End(b"Name") => self.method.in_name = false,
                Event::End(b"Method") => self.close_method(),
                Event::End(b"Module") => {
                    for (path, file) in std::mem::take(&mut self.files).into_values() {
                        self.gathered.put(&path, file, || reader.position())?;
                    }
                }
                Event::End(_) => {}
                Event::Eof => return Ok(()),
            }
        }
    }

    fn file(&mut self, tag: &Tag<'_>) {
        let path = tag.attribute("fullPath").map(|path| path.value(self.gathered.context).into_owned());
        match (number_of(tag, "uid"), path.filter(|path| !path.is_empty())) {
            (Some(uid), Some(path)) => {
                self.files.insert(uid, (path, FileCoverage::default()));
            }
            _ => {
                let message = || "a `<File>` has no number or no path".to_owned();
                self.gathered.degrade_with(Code::MissingField, message, || tag.position());
            }
        }
    }

    /// `<SequencePoint vc sl sc el ec fileid/>`
    fn sequence_point(&mut self, tag: &Tag<'_>) -> Result<(), ParseError> {
        if says_nothing(tag) {
            return Ok(());
        }
        let (mut visits, mut first, mut last, mut file) = (Count::Unreadable, None, None, None);
        let mut columns = [0_u32; 2];
        for attribute in tag.attributes() {
            let value = attribute.raw();
            match attribute.name() {
                b"vc" => visits = number::count(value),
                b"sl" => first = Some(number::line_number(value)),
                b"sc" => columns[0] = number::small(value),
                b"ec" => columns[1] = number::small(value),
                b"el" => last = Some(number::line_number(value)),
                b"fileid" => file = number::digits(value),
                _ => {}
            }
        }
        let what = || "a `<SequencePoint>`".to_owned();
        let first = first.unwrap_or(LineNumber::Unreadable);
        let Some(first) = self.gathered.line(first, what, || tag.position()) else { return Ok(()) };
        if first.get() == HIDDEN {
            return Ok(());
        }
        let last = match last {
            Some(LineNumber::Line(last)) if last >= first && last.get() != HIDDEN => last,
            Some(_) | None => first,
        };
        let Some(hits) = self.gathered.hits(visits, what, || tag.position()) else { return Ok(()) };
        self.method.line = Some(first);
        let file = file.filter(|file| *file != 0).or(self.method.file);
        self.method.first = self.method.first.or(file.map(|file| (file, first)));
        let Some((_, file)) = file.and_then(|file| self.files.get_mut(&file)) else {
            self.gathered.unattributed(|| tag.position());
            return Ok(());
        };
        let id = number::place_branch([first.get(), columns[0], last.get(), columns[1]]);
        self.gathered.range(
            first.get(),
            last.get(),
            || tag.position(),
            |line| {
                file.lines.at_least(line, hits);
                file.parts.add(line.get(), id, hits > 0);
            },
        )?;
        self.gathered.hold(1, || tag.position())
    }

    /// Adds the way into the method where the summary counts it.
    fn close_method(&mut self) {
        let Method { name, first, stated, points, .. } = std::mem::take(&mut self.method);
        let (Some((visited, all)), Some((file, line))) = (stated, first) else { return };
        let entered = visited.checked_sub(points.0).filter(|entered| *entered <= 1 && all == points.1 + 1);
        if let (Some(entered), Some((_, file))) = (entered, self.files.get_mut(&file)) {
            let mut hasher = SipHasher13::new();
            hasher.write(name.as_bytes());
            file.branches.add(line.get(), number::named_branch(hasher.finish()), entered > 0);
        }
    }

    /// `<BranchPoint vc sl ordinal path offset fileid/>`
    fn branch_point(&mut self, tag: &Tag<'_>) {
        if says_nothing(tag) {
            return;
        }
        let (mut visits, mut line, mut file) = (Count::Unreadable, None, None);
        let mut hasher = SipHasher13::new();
        hasher.write(self.method.name.as_bytes());
        for attribute in tag.attributes() {
            let value = attribute.raw();
            match attribute.name() {
                b"vc" => visits = number::count(value),
                b"sl" => line = Some(number::line_number(value)),
                b"fileid" => file = number::digits(value),
                name @ (b"ordinal" | b"path" | b"offset") => {
                    hasher.write(name);
                    hasher.write(value);
                }
                _ => {}
            }
        }
        let what = || "a `<BranchPoint>`".to_owned();
        let Some(hits) = self.gathered.hits(visits, what, || tag.position()) else { return };
        self.method.points.0 += u64::from(hits > 0);
        self.method.points.1 += 1;
        let line = match line {
            Some(LineNumber::Line(line)) => Some(line),
            Some(LineNumber::NoLine | LineNumber::Unreadable) | None => self.method.line,
        };
        let file =
            file.filter(|file| *file != 0).or(self.method.file).and_then(|file| self.files.get_mut(&file));
        match (line, file) {
            (Some(line), Some((_, file))) if line.get() != HIDDEN => {
                file.branches.add(line.get(), number::named_branch(hasher.finish()), hits > 0);
            }
            (Some(_), Some(_)) => {}
            (None, _) | (_, None) => self.gathered.unattributed(|| tag.position()),
        }
    }
}

fn number_of(tag: &Tag<'_>, name: &str) -> Option<u64> {
    number::digits(tag.attribute(name)?.raw())
}

/// `<SequencePoint />` stands where a compiler left no place: nothing is lost with it.
fn says_nothing(tag: &Tag<'_>) -> bool {
    tag.attributes().next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::coverage::testing::{Read, claims, ratio, read, read_error};
    use crate::model::Health;

    fn method(body: &str) -> Read {
        read(&FORMAT, report(&format!("<Method><Name>N.C::M()</Name><FileRef uid='1'/>{body}</Method>")))
    }

    fn report(methods: &str) -> String {
        format!(
            "\u{feff}<?xml version='1.0'?><CoverageSession><Summary numSequencePoints='9'/><Modules>
            <Module skippedDueTo='Filter'><ModulePath>x.dll</ModulePath></Module>
            <Module hash='1'><Files><File uid='1' fullPath='C:\\a\\A.cs'/></Files><Classes><Class><Methods>{methods}</Methods></Class></Classes></Module>
            </Modules></CoverageSession>"
        )
    }

    #[test]
    fn a_line_ran_if_one_of_its_points_did_and_a_point_may_span_lines() {
        let read = method(
            "<SequencePoints><SequencePoint vc='0' sl='3' el='3' fileid='1'/><SequencePoint vc='2' sl='3' el='5' fileid='1'/>
            <SequencePoint vc='0' sl='7' el='7'/><SequencePoint vc='1' sl='16707566' el='16707566'/></SequencePoints>",
        );
        assert_eq!((read.totals().lines, read.health), (ratio(3, 4), Health::Complete));
        assert_eq!((read.hits("C:\\a\\A.cs", 3), read.hits("C:\\a\\A.cs", 7)), (Some(2), Some(0)));
    }

    #[test]
    fn branch_points_are_branches_also_without_a_line_of_their_own() {
        let read = method(
            "<SequencePoints><SequencePoint vc='1' sl='3' el='3'/></SequencePoints><BranchPoints>
            <BranchPoint vc='0' sl='3' ordinal='0' path='0' offset='1' fileid='1'/><BranchPoint vc='4' sl='3' ordinal='1' path='1' offset='1' fileid='1'/>
            <BranchPoint vc='1' ordinal='2' path='0' offset='9'/></BranchPoints>",
        );
        let lines: Vec<_> =
            read.file("C:\\a\\A.cs").branches.per_line().map(|l| (l.line, l.taken, l.total)).collect();
        assert_eq!(lines, [(3, 2, 3)]);
    }

    #[test]
    fn the_way_into_a_method_is_a_branch_where_its_summary_counts_it() {
        let body = |visited: u32, all: u32| {
            format!(
                "<Summary numBranchPoints='{all}' visitedBranchPoints='{visited}'/><SequencePoint vc='1' sl='3' el='3'/><BranchPoint vc='0' sl='3' ordinal='0'/><BranchPoint vc='1' sl='3' ordinal='1'/>"
            )
        };
        assert_eq!(method(&body(2, 3)).totals().branches, ratio(2, 3));
        assert_eq!(method(&body(1, 3)).totals().branches, ratio(1, 3));
        assert_eq!(method(&body(1, 2)).totals().branches, ratio(1, 2));
    }

    #[test]
    fn the_same_method_in_two_sessions_has_its_branches_once() {
        let body = "<SequencePoint vc='1' sl='3' el='3'/><BranchPoint vc='0' sl='3' ordinal='0' path='0' offset='1'/>";
        let once = method(body);
        let twice = read(
            &FORMAT,
            report(&format!("<Method><Name>N.C::M()</Name><FileRef uid='1'/>{body}</Method>").repeat(2)),
        );
        assert_eq!(once.totals().branches, twice.totals().branches);
    }

    #[test]
    fn a_point_that_says_nothing_is_none() {
        let read = method(
            "<SequencePoints><SequencePoint vc='1' sl='3' el='3'/><SequencePoint /></SequencePoints><BranchPoints><BranchPoint /></BranchPoints>",
        );
        assert_eq!((read.totals().lines, read.totals().branches), (ratio(1, 1), None));
        assert_eq!((read.health, read.codes.len()), (Health::Complete, 0));
    }

    #[test]
    fn points_that_cannot_be_read_are_lost_and_never_a_pass() {
        for broken in [
            "<SequencePoint sl='3' el='3'/>",
            "<SequencePoint vc='1' sl='x'/>",
            "<BranchPoint vc='a' sl='3'/>",
        ] {
            assert_eq!(
                method(&format!("<SequencePoint vc='0' sl='1' el='1'/>{broken}")).health,
                Health::Degraded,
                "{broken}"
            );
        }
        let error = read_error(
            &FORMAT,
            report("<Method><SequencePoint vc='1' sl='1' el='4294967295' fileid='1'/></Method>"),
        );
        assert_eq!(error.code, Code::ReportTooLarge);
        assert_eq!(read(&FORMAT, report("")).health, Health::Empty);
        assert_eq!(claims(report("").as_bytes()), ["opencover"]);
    }
}
