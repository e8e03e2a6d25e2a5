//! `llvm-cov export` JSON (coverage.md b.6), which cargo-llvm-cov writes too.
//!
//! Lines come from the segments of a file, by the rule of LLVM's `LineCoverageStats`: they are then equal to the
//! `DA` records of its LCOV export, while its own totals are not. Branches and functions are those that the file's
//! summary states; without segments (`--summary-only`) the lines are, too.

use super::gather::{Gathered, from_json};
use super::json_value;
use super::number::{self, Count, LineNumber};
use crate::diagnostic::Code;
use crate::formats::json::{Json, Scalar};
use crate::formats::{Context, Format, Head, ParseError, Parsed, Source};
use crate::model::{FileCoverage, Kind, Summary};

/// llvm-cov.
pub(super) const FORMAT: Format = Format {
    id: "llvm-cov",
    kind: Kind::Coverage,
    name: "llvm-cov export JSON",
    default_globs: &["llvm-cov.json", "*llvm-cov*.json"],
    spec_url: "https://llvm.org/docs/CommandGuide/llvm-cov.html#llvm-cov-export",
    sniff,
    parse,
};

/// The type stands behind megabytes of data, so the data's own shape has to tell.
fn sniff(head: &Head) -> bool {
    head.json().is_some_and(|json| {
        json.scalar("type") == Some("llvm.coverage.json.export")
            || (json.has_inner("data", "files") && json.has_inner("data", "filename"))
    })
}

fn parse(source: &mut Source<'_>, context: &mut Context) -> Result<Parsed, ParseError> {
    from_json(source, context, |gathered, json| Reading { gathered }.read(json))
}

/// A report while it is read.
struct Reading<'g, 'c> {
    gathered: &'g mut Gathered<'c>,
}

/// A place where the count of the code behind it changes.
#[derive(Clone, Copy, Default)]
struct Segment {
    line: u32,
    count: u64,
    has_count: bool,
    is_entry: bool,
    is_gap: bool,
}

impl Segment {
    /// True if a counted region starts here that is more than the gap between two others.
    const fn starts_region(&self) -> bool {
        self.has_count && self.is_entry && !self.is_gap
    }
}

impl Reading<'_, '_> {
    fn read(&mut self, json: &mut Json<'_, '_>) -> Result<(), ParseError> {
        json.object(|json, key| {
            if key == "data" {
                json.array(|json| {
                    json.object(|json, key| {
                        if key == "files" {
                            json.array(|json| self.file(json))?;
                        }
                        Ok(())
                    })?;
                    Ok(())
                })?;
            }
            Ok(())
        })?;
        Ok(())
    }

    fn file(&mut self, json: &mut Json<'_, '_>) -> Result<(), ParseError> {
        let (mut path, mut segments, mut summary) = (None, None, Summary::default());
        let mut file = FileCoverage::default();
        json.object(|json, key| {
            match key {
                "filename" => path = json.string()?,
                "segments" => segments = Some(self.segments(json)?),
                "branches" => self.branches(json, &mut file)?,
                "summary" => summary = self::summary(json)?,
                _ => json.skip()?,
            }
            Ok(())
        })?;
        if let Some(segments) = segments {
            self.lines(json, &segments, &mut file)?;
            summary.lines = None;
        }
        file.summary = (summary != Summary::default()).then(|| Box::new(summary));
        match path.filter(|path| !path.is_empty()) {
            Some(path) => self.gathered.put(&path, file, || json.position()),
            None => {
                self.gathered.unattributed(|| json.position());
                Ok(())
            }
        }
    }

    /// `[line, column, count, has count, is region entry, is gap]`; the last is missing before LLVM 11.
    fn segments(&mut self, json: &mut Json<'_, '_>) -> Result<Vec<Segment>, ParseError> {
        let mut segments: Vec<Segment> = Vec::new();
        json.array(|json| {
            let mut segment = Segment::default();
            let (mut index, mut good) = (0, true);
            json.array(|json| {
                match index {
                    0 => match json_value::line(json)? {
                        LineNumber::Line(line) => segment.line = line.get(),
                        LineNumber::NoLine | LineNumber::Unreadable => good = false,
                    },
                    2 => match self.count(json, "a segment")? {
                        Some(count) => segment.count = count,
                        None => good = false,
                    },
                    3..=5 => match (flag(json)?, index) {
                        (Some(flag), 3) => segment.has_count = flag,
                        (Some(flag), 4) => segment.is_entry = flag,
                        (Some(flag), _) => segment.is_gap = flag,
                        (None, _) => good = false,
                    },
                    _ => json.skip()?,
                }
                index += 1;
                Ok(())
            })?;
            let in_order = segments.last().is_none_or(|last| last.line <= segment.line);
            if good && index >= 5 && in_order {
                segments.push(segment);
            } else {
                let message = || "a segment cannot be read".to_owned();
                self.gathered.degrade_with(Code::Malformed, message, || json.position());
            }
            self.gathered.hold(1, || json.position())
        })?;
        Ok(segments)
    }

    /// A count of `what`, said where it had to be rounded; `None` if it cannot be read.
    fn count(&mut self, json: &mut Json<'_, '_>, what: &str) -> Result<Option<u64>, ParseError> {
        let count = json_value::count(json)?.unwrap_or(Count::Unreadable);
        Ok(self.gathered.hits(count, || what.to_owned(), || json.position()))
    }

    /// `[line, column, last line, last column, true count, false count, …]`. They say which lines ran in part; how
    /// many there are says the summary.
    fn branches(&mut self, json: &mut Json<'_, '_>, file: &mut FileCoverage) -> Result<(), ParseError> {
        json.array(|json| {
            let (mut numbers, mut index) = ([None; 6], 0);
            json.array(|json| {
                match (numbers.get_mut(index), index) {
                    (Some(number), 0..4) => *number = json_value::whole(json)?,
                    (Some(number), _) => *number = self.count(json, "a branch")?,
                    (None, _) => json.skip()?,
                }
                index += 1;
                Ok(())
            })?;
            let place: Vec<u32> =
                numbers.iter().take(4).filter_map(|number| u32::try_from((*number)?).ok()).collect();
            if let (&[line, column, last, last_column], [.., Some(if_true), Some(if_false)]) =
                (place.as_slice(), numbers)
                && line > 0
            {
                let id = number::place_branch([line, column, last, last_column]);
                file.parts.add(line, id, if_true > 0);
                file.parts.add(line, id ^ 1, if_false > 0);
            } else {
                let message = || "a branch cannot be read".to_owned();
                self.gathered.degrade_with(Code::Malformed, message, || json.position());
            }
            self.gathered.hold(1, || json.position())
        })?;
        Ok(())
    }

    fn lines(
        &mut self,
        json: &Json<'_, '_>,
        segments: &[Segment],
        file: &mut FileCoverage,
    ) -> Result<(), ParseError> {
        // The segment that the line before ended in.
        let mut around: Option<Segment> = None;
        let mut rest = segments;
        while let Some(first) = rest.first().copied() {
            let here = rest.iter().take_while(|segment| segment.line == first.line).count();
            let (on_line, behind) = rest.split_at(here);
            if let Some(hits) = hits_of_line(on_line, around) {
                self.gathered.range(
                    first.line,
                    first.line,
                    || json.position(),
                    |line| file.lines.add(line, hits),
                )?;
            }
            around = on_line.last().copied();
            if let (Some(around), Some(next)) = (around.filter(|around| around.has_count), behind.first())
                && next.line > first.line + 1
            {
                let (from, to) = (first.line + 1, next.line - 1);
                self.gathered.range(
                    from,
                    to,
                    || json.position(),
                    |line| file.lines.add(line, around.count),
                )?;
            }
            rest = behind;
        }
        Ok(())
    }
}

/// The most of the regions that start on a line and of the one around its beginning; `None` if the line is not
/// mapped: there is no count, or the line starts code that the preprocessor skips.
fn hits_of_line(on_line: &[Segment], around: Option<Segment>) -> Option<u64> {
    let skipped = on_line.first().is_some_and(|first| first.is_entry && !first.has_count);
    let starts = on_line.iter().filter(|segment| segment.starts_region()).map(|segment| segment.count).max();
    let around = around.filter(|around| around.has_count).map(|around| around.count);
    if skipped {
        // Newer versions count such a line all the same where a counted region starts behind it.
        return starts.map(|starts| starts.max(around.unwrap_or(0)));
    }
    starts.max(around)
}

/// A flag: `true`, or 1 in exports before LLVM 8.
fn flag(json: &mut Json<'_, '_>) -> Result<Option<bool>, ParseError> {
    Ok(match json.scalar()? {
        Some(Scalar::Bool(value)) => Some(value),
        Some(Scalar::Number("1")) => Some(true),
        Some(Scalar::Number("0")) => Some(false),
        Some(Scalar::Number(_) | Scalar::Text(_) | Scalar::Null) | None => None,
    })
}

fn summary(json: &mut Json<'_, '_>) -> Result<Summary, ParseError> {
    let mut summary = Summary::default();
    json.object(|json, key| {
        match key {
            "lines" => summary.lines = json_value::ratio(json, "count", "covered")?,
            "branches" => summary.branches = json_value::ratio(json, "count", "covered")?,
            "functions" => summary.functions = json_value::ratio(json, "count", "covered")?,
            _ => json.skip()?,
        }
        Ok(())
    })?;
    Ok(summary)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::coverage::testing::{Read, claims, ratio, read, read_error};
    use crate::model::Health;

    fn text(file: &str) -> String {
        format!(
            "{{\"data\": [{{\"files\": [{{\"filename\": \"/a.c\", {file}}}], \"totals\": {{}}}}], \"type\": \"llvm.coverage.json.export\", \"version\": \"2.0.1\"}}"
        )
    }

    fn file(body: &str) -> Read {
        read(&FORMAT, text(body))
    }

    fn lines(read: &Read) -> Vec<(u32, u64)> {
        read.file("/a.c").lines.iter().map(|line| (line.line.get(), line.hits)).collect()
    }

    #[test]
    fn a_line_has_the_most_of_the_regions_on_it_and_around_it() {
        // if (a)      [1] count 4 from column 1; the arm on line 2 ran 0 times; a gap on line 1 says nothing.
        let read = file(
            "\"segments\": [[1,1,4,true,true,false],[1,8,0,true,false,true],[2,5,0,true,true,false],[2,9,4,true,false,false],[5,2,0,false,false,false]]",
        );
        assert_eq!(lines(&read), [(1, 4), (2, 0), (3, 4), (4, 4), (5, 4)]);
        assert_eq!(read.health, Health::Complete);
    }

    #[test]
    fn a_count_that_had_to_be_rounded_is_said() {
        for count in ["0.5", "18446744073709552000"] {
            let read =
                file(&format!("\"segments\": [[1,1,{count},true,true,false],[2,2,0,false,false,false]]"));
            assert_eq!(
                (read.health, read.codes.as_slice()),
                (Health::Complete, [Code::BadNumber].as_slice())
            );
        }
    }

    #[test]
    fn code_outside_of_all_regions_and_skipped_code_is_no_line() {
        let read = file(
            "\"segments\": [[1,1,1,true,true,false],[2,2,0,false,false,false],[6,1,3,true,true,false],[7,1,0,false,true,false],[8,1,3,true,false,false],[9,2,0,false,false,false]]",
        );
        assert_eq!(lines(&read), [(1, 1), (2, 1), (6, 3), (9, 3)]);
    }

    #[test]
    fn branches_and_functions_are_those_of_the_summary() {
        let read = file(
            "\"segments\": [[1,1,1,true,true],[2,2,0,false,false]], \"summary\": {\"lines\": {\"count\": 9, \"covered\": 9}, \"branches\": {\"count\": 4, \"covered\": 1}, \"functions\": {\"count\": 2, \"covered\": 1}}",
        );
        assert_eq!((read.totals().lines, read.totals().branches), (ratio(2, 2), ratio(1, 4)));
        assert_eq!(read.totals().functions, ratio(1, 2));
    }

    #[test]
    fn a_summary_alone_has_totals_and_no_lines() {
        let read = file(
            "\"summary\": {\"lines\": {\"count\": 9, \"covered\": 3}, \"branches\": {\"count\": 0, \"covered\": 0}}",
        );
        assert_eq!((read.totals().lines, read.totals().branches), (ratio(3, 9), None));
        assert_eq!(read.codes, [Code::SummaryOnly]);
    }

    #[test]
    fn segments_that_cannot_be_read_are_lost_and_never_a_pass() {
        for segment in ["[0,1,1,true,true]", "[1,1,\"x\",true,true]", "[1,1,1,2,true]", "[1,1]", "7"] {
            let read = file(&format!("\"segments\": [{segment}]"));
            assert!(read.codes.contains(&Code::Malformed), "{segment}");
            assert!(read.health >= Health::Degraded, "{segment}");
        }
        assert_eq!(
            read_error(&FORMAT, text("\"segments\": [[1,1,1,true,true],[4294967295,1,1,true,true]]")).code,
            Code::ReportTooLarge
        );
    }

    #[test]
    fn the_format_is_known_by_its_type_or_by_its_data() {
        assert_eq!(claims(text("\"segments\": []").as_bytes()), ["llvm-cov"]);
        assert_eq!(
            claims(b"{\"data\":[{\"files\":[{\"branches\":[],\"filename\":\"/a.c\",\"seg"),
            ["llvm-cov"]
        );
    }
}
