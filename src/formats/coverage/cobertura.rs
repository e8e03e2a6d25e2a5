//! Cobertura XML: the DTD `coverage-04`, as some thirty tools write it (coverage.md b.2).
//!
//! The lines of a class are those of its own `<lines>`; only a class without any has those of its methods (they
//! are the same lines, and istanbul puts lines there that are no statements). Lines of one file that stand in
//! several classes are one line: hits are summed, of branches the larger pair wins. Methods are not counted as
//! functions: half of the tools write none.

use super::gather::Gathered;
use super::number;
use crate::diagnostic::Code;
use crate::formats::xml::{Event, Reader, Tag};
use crate::formats::{Context, Format, Head, ParseError, Parsed, Position, Source};
use crate::model::{FileCoverage, Kind, Ratio, Untrusted};

/// Cobertura.
pub(super) const FORMAT: Format = Format {
    id: "cobertura",
    kind: Kind::Coverage,
    name: "Cobertura XML",
    default_globs: &["cobertura.xml", "cobertura*.xml", "*.cobertura.xml", "*-cobertura.xml", "coverage.xml"],
    spec_url: "https://raw.githubusercontent.com/cobertura/web/master/htdocs/xml/coverage-04.dtd",
    sniff,
    parse,
};

/// `<coverage>` is Clover's and SonarQube's root too: rates or packages tell this format.
fn sniff(head: &Head) -> bool {
    let Some(root) = head.xml_root().filter(|root| root.name == "coverage") else { return false };
    let is_clover = head.xml().iter().any(|element| element.depth == 1 && element.name == "project");
    let has_rates =
        ["line-rate", "branch-rate", "lines-valid"].iter().any(|name| root.attribute(name).is_some());
    let has_packages = head.xml().iter().any(|element| element.depth == 1 && element.name == "packages");
    !is_clover && (has_rates || has_packages)
}

fn parse(source: &mut Source<'_>, context: &mut Context) -> Result<Parsed, ParseError> {
    let mut reading = Reading { gathered: Gathered::new(context), class: None, in_method: false, root: None };
    let result = reading.read(source);
    reading.gathered.conclude(source, result)
}

/// A report while it is read.
struct Reading<'c> {
    gathered: Gathered<'c>,
    class: Option<Class>,
    in_method: bool,
    /// Text of the open `<source>`.
    root: Option<String>,
}

/// The class that is open.
#[derive(Default)]
struct Class {
    path: String,
    own: FileCoverage,
    of_methods: FileCoverage,
}

impl Reading<'_> {
    /// The longest path of a `<source>`, in bytes.
    const LONGEST_ROOT: usize = 4096;
    /// The most `<source>` elements that are kept.
    const MOST_ROOTS: usize = 1000;

    fn read(&mut self, source: &mut Source<'_>) -> Result<(), ParseError> {
        let mut reader = Reader::new(source);
        let mut header = (None, Position::default());
        loop {
            let event = if self.root.is_some() { reader.next()? } else { reader.next_tag()? };
            match event {
                Event::Start(tag) => match tag.name() {
                    b"line" => {
                        self.line(&tag);
                        if let Some(class) = &self.class {
                            let of_methods = class.of_methods.lines.len() as u64 * 24;
                            self.gathered.open(&class.own, of_methods, || tag.position())?;
                        }
                    }
                    b"class" => self.class = Some(self.class(&tag)),
                    b"method" => self.in_method = true,
                    b"source" => self.root = Some(String::new()),
                    b"coverage" => header = (stated(&tag), tag.position()),
                    _ => {}
                },
                Event::End(b"class") => {
                    if let Some(class) = self.class.take() {
                        self.close(class, || reader.position())?;
                    }
                }
                Event::End(b"method") => self.in_method = false,
                Event::End(b"source") => self.close_root(),
                Event::End(_) => {}
                Event::Text(text) => {
                    if let Some(root) = &mut self.root {
                        text.append_to(root, Self::LONGEST_ROOT, self.gathered.context);
                    }
                }
                Event::Eof => {
                    // Never the truth: it counts repeated lines, or an untrimmed report.
                    self.gathered.compare("the header", header.0, header.1);
                    return Ok(());
                }
            }
        }
    }

    fn class(&mut self, tag: &Tag<'_>) -> Class {
        let path = tag.attribute("filename").map(|path| path.value(self.gathered.context).into_owned());
        Class { path: path.unwrap_or_default(), ..Class::default() }
    }

    fn close(&mut self, class: Class, position: impl Fn() -> Position) -> Result<(), ParseError> {
        let file = if class.own.lines.is_empty() { class.of_methods } else { class.own };
        if class.path.is_empty() {
            if !file.lines.is_empty() {
                self.gathered.unattributed(position);
            }
            return Ok(());
        }
        self.gathered.put(&class.path, file, position)
    }

    fn close_root(&mut self) {
        let Some(root) = self.root.take() else { return };
        let root = root.trim();
        if !root.is_empty() && self.gathered.report.roots.len() < Self::MOST_ROOTS {
            self.gathered.report.roots.push(Untrusted::new(root));
        }
    }

    /// `<line number hits branch condition-coverage="50% (1/2)"/>`
    fn line(&mut self, tag: &Tag<'_>) {
        let (mut number, mut hits, mut branch, mut conditions) = (None, None, None, None);
        for attribute in tag.attributes() {
            match attribute.name() {
                b"number" => number = Some(attribute.raw()),
                b"hits" => hits = Some(attribute.raw()),
                b"branch" => branch = Some(attribute.raw()),
                b"condition-coverage" => conditions = Some(attribute.raw()),
                _ => {}
            }
        }
        let Some(class) = &mut self.class else {
            let message = || "a line stands in no class".to_owned();
            self.gathered.degrade_with(Code::UnattributedLines, message, || tag.position());
            return;
        };
        let file = if self.in_method { &mut class.of_methods } else { &mut class.own };
        let number = number::line_number(number.unwrap_or_default());
        let hits = number::count(hits.unwrap_or_default());
        let what = || "a `<line>`".to_owned();
        let Some(number) = self.gathered.line(number, what, || tag.position()) else { return };
        let Some(hits) = self.gathered.hits(hits, what, || tag.position()) else { return };
        file.lines.add(number, hits);
        let has_branches = branch.is_none_or(|branch| branch.eq_ignore_ascii_case(b"true"));
        if let Some(conditions) = conditions.filter(|_| has_branches) {
            match pair(conditions) {
                Some((taken, total)) => file.branches.count_at_least(number.get(), taken, total),
                // Some tools write the percentage alone: then the line has no branches to count.
                None if !conditions.contains(&b'(') => {}
                None => {
                    let message = || "a `condition-coverage` cannot be read".to_owned();
                    self.gathered.degrade_with(Code::BadNumber, message, || tag.position());
                }
            }
        }
    }
}

/// What the root element states of the lines.
fn stated(tag: &Tag<'_>) -> Option<Ratio> {
    let number = |name: &str| tag.attribute(name).and_then(|value| number::digits(value.raw()));
    Some(Ratio { part: number("lines-covered")?, whole: number("lines-valid")? })
}

/// The pair of `50% (1/2)`.
fn pair(conditions: &[u8]) -> Option<(u32, u32)> {
    let open = conditions.iter().rposition(|&byte| byte == b'(')?;
    let inner = conditions.get(open + 1..)?;
    let inner = inner.get(..inner.iter().position(|&byte| byte == b')')?)?;
    let slash = inner.iter().position(|&byte| byte == b'/')?;
    let number = |text: &[u8]| u32::try_from(number::digits(text.trim_ascii())?).ok();
    Some((number(inner.get(..slash)?)?, number(inner.get(slash + 1..)?)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::coverage::testing::{Read, claims, ratio, read, read_error};
    use crate::model::Health;

    /// A report with one class of the file `a.py` that holds this.
    fn class(body: &str) -> Read {
        read(&FORMAT, report(&format!("<class name='a' filename='a.py'>{body}</class>")))
    }

    fn report(classes: &str) -> String {
        format!(
            "<?xml version='1.0'?><!DOCTYPE coverage SYSTEM 'http://cobertura.sourceforge.net/xml/coverage-04.dtd'>
            <coverage line-rate='0.5' version='1'><sources><source> /src </source><source/></sources>
            <packages><package name='p'><classes>{classes}</classes></package></packages></coverage>"
        )
    }

    #[test]
    fn lines_and_branches_of_a_class_are_counted() {
        let read = class(
            "<methods/><lines><line number='1' hits='3'/><line number='2' hits='0' branch='false'/>
            <line number='4' hits='1' branch='True' condition-coverage='50% (1/2)' missing-branches='7'><conditions/></line>
            <line number='5' hits='0' branch='true' condition-coverage='0% (0/2)'/></lines>",
        );
        assert_eq!((read.totals().lines, read.totals().branches), (ratio(2, 4), ratio(1, 4)));
        assert_eq!(read.totals().functions, None);
        assert_eq!((read.health, read.hits("a.py", 1)), (Health::Complete, Some(3)));
        assert_eq!(read.report.roots, ["/src".into()]);
    }

    #[test]
    fn lines_of_methods_count_only_where_the_class_has_none() {
        let methods =
            "<methods><method name='m'><lines><line number='9' hits='1'/></lines></method></methods>";
        let both = class(&format!("{methods}<lines><line number='1' hits='0'/></lines>"));
        assert_eq!(both.totals().lines, ratio(0, 1));
        assert_eq!(class(&format!("{methods}<lines/>")).totals().lines, ratio(1, 1));
        assert_eq!(class(methods).totals().lines, ratio(1, 1));
    }

    #[test]
    fn a_line_of_several_classes_is_one_line_with_the_larger_pair_of_branches() {
        let half = "<lines><line number='1' hits='1' branch='true' condition-coverage='50% (1/2)'/></lines>";
        let more = "<lines><line number='1' hits='2' branch='true' condition-coverage='25% (1/4)'/></lines>";
        let text = report(&format!(
            "<class name='a' filename='a'>{half}</class><class name='b' filename='a'>{more}</class>
             <class name='a' filename='a'>{half}</class>"
        ));
        let read = read(&FORMAT, text);
        assert_eq!((read.totals().lines, read.totals().branches), (ratio(1, 1), ratio(1, 4)));
        assert_eq!(read.hits("a", 1), Some(4));
    }

    #[test]
    fn a_branch_without_its_pair_is_no_branch() {
        let read = class(
            "<lines><line number='1' hits='1' branch='true'/><line number='2' hits='1' branch='true' condition-coverage='100%'/></lines>",
        );
        assert_eq!(
            (read.totals().lines, read.totals().branches, read.health),
            (ratio(2, 2), None, Health::Complete)
        );
    }

    #[test]
    fn counts_may_be_huge_negative_or_floats() {
        let read = class(
            "<lines><line number='1' hits='18446744073709551615'/><line number='2' hits='-1'/><line number='3' hits='1.0'/></lines>",
        );
        assert_eq!((read.totals().lines, read.health), (ratio(2, 3), Health::Complete));
        assert_eq!(read.hits("a.py", 1), Some(u64::MAX));
    }

    #[test]
    fn a_line_that_cannot_be_read_is_lost_and_never_a_pass() {
        for broken in [
            "<line hits='1'/>",
            "<line number='2'/>",
            "<line number='x' hits='1'/>",
            "<line number='2' hits='x'/>",
            "<line number='2' hits='1' branch='true' condition-coverage='(a/b)'/>",
        ] {
            let read = class(&format!("<lines><line number='1' hits='1'/>{broken}</lines>"));
            assert_eq!(read.health, Health::Degraded, "{broken}");
            assert_eq!(read.hits("a.py", 1), Some(1), "{broken}");
        }
    }

    #[test]
    fn classes_without_a_file_are_named() {
        let line = "<lines><line number='1' hits='1'/></lines>";
        let text = report(&format!(
            "<class name='g' filename=''>{line}</class><class name='a' filename='a'>{line}</class>"
        ));
        let read = read(&FORMAT, text);
        assert_eq!((read.totals().lines, read.health), (ratio(1, 1), Health::Complete));
        assert_eq!(read.codes, [Code::UnattributedLines]);
    }

    #[test]
    fn the_header_is_only_compared() {
        let text = report("<class filename='a'><lines><line number='1' hits='1'/></lines></class>")
            .replace("line-rate='0.5'", "lines-valid='7' lines-covered='1'");
        let read = read(&FORMAT, text);
        assert_eq!((read.totals().lines, read.health), (ratio(1, 1), Health::Complete));
        assert_eq!(read.codes, [Code::TotalsDisagree]);
    }

    #[test]
    fn a_report_without_lines_is_empty() {
        assert_eq!(read(&FORMAT, report("")).health, Health::Empty);
        assert_eq!(read(&FORMAT, "<coverage line-rate='1'/>").health, Health::Empty);
    }

    #[test]
    fn a_cut_or_mis_nested_file_is_refused_with_what_was_read() {
        let whole = report(
            "<class filename='a'><lines><line number='1' hits='1'/></lines></class><class filename='b'></class>",
        );
        for (text, code) in [
            (whole.split_at(whole.len() - 30).0.to_owned(), Code::CutOff),
            (whole.replace("</classes>", "</package>"), Code::Malformed),
        ] {
            let error = read_error(&FORMAT, text);
            assert_eq!(error.code, code);
            assert!(error.partial.is_some());
        }
    }

    #[test]
    fn only_its_own_kind_of_coverage_root_is_claimed() {
        let ids = |text: &str| claims(text.as_bytes());
        assert_eq!(ids(&report("")), ["cobertura"]);
        assert_eq!(ids("<coverage><packages/></coverage>"), ["cobertura"]);
        for other in [
            "<coverage generated='1' clover='3.2.0'><project timestamp='1'></project></coverage>",
            "<coverage version='1'><file path='a'><lineToCover lineNumber='1' covered='true'/></file></coverage>",
            "<coverage/>",
            "<report><package/></report>",
        ] {
            assert!(!ids(other).contains(&"cobertura"), "{other}");
        }
    }
}
