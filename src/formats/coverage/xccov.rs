//! Xcode: `xcrun xccov view --archive --json` (lines) and `--report --json` (totals and functions).

use super::gather::{Gathered, from_json};
use super::json_value;
use super::number::{Count, LineNumber};
use crate::diagnostic::Code;
use crate::formats::json::Json;
use crate::formats::{Context, Format, Head, ParseError, Parsed, Source};
use crate::model::{FileCoverage, Kind, Ratio, Summary};

/// Xcode.
pub(super) const FORMAT: Format = Format {
    id: "xccov",
    kind: Kind::Coverage,
    name: "Xcode xccov JSON",
    default_globs: &["xccov*.json", "xccoverage*.json"],
    spec_url: "https://keith.github.io/xcode-man-pages/xccov.1.html",
    sniff,
    parse,
};

fn sniff(head: &Head) -> bool {
    head.json().is_some_and(|json| {
        let archive = json.inner.iter().any(|(_, keys)| keys.iter().any(|key| key == "isExecutable"));
        let report = json.has("targets")
            && (json.has("executableLines") || json.has_inner("targets", "executableLines"));
        !json.array && (archive || report)
    })
}

fn parse(source: &mut Source<'_>, context: &mut Context) -> Result<Parsed, ParseError> {
    from_json(source, context, |gathered, json| {
        let mut reading = Reading { gathered };
        json.entries(|json, key| match key {
            "targets" => reading.targets(json),
            "coveredLines" | "executableLines" | "lineCoverage" => json.skip(),
            path => reading.archived_file(json, path),
        })?;
        Ok(())
    })
}

/// A report while it is read.
struct Reading<'g, 'c> {
    gathered: &'g mut Gathered<'c>,
}

impl Reading<'_, '_> {
    /// `"/app/A.swift": [{"line": 1, "isExecutable": true, "executionCount": 3}]`
    fn archived_file(&mut self, json: &mut Json<'_, '_>, path: &str) -> Result<(), ParseError> {
        let mut file = FileCoverage::default();
        let is_list = json.array(|json| {
            let (mut line, mut count, mut executable) = (LineNumber::Unreadable, Count::Unreadable, None);
            let mut partly = false;
            json.object(|json, key| {
                match key {
                    "line" => line = json_value::line(json)?,
                    "executionCount" => count = json_value::count(json)?.unwrap_or(Count::Unreadable),
                    "isExecutable" => executable = json.boolean()?,
                    "subranges" => partly = self.has_unexecuted(json)?,
                    _ => json.skip()?,
                }
                Ok(())
            })?;
            if executable == Some(false) {
                return Ok(());
            }
            let what = || "a line".to_owned();
            let line = self.gathered.line(line, what, || json.position());
            let hits = self.gathered.hits(count, what, || json.position());
            if let (Some(line), Some(hits)) = (line, hits) {
                file.lines.add(line, hits);
                if partly && hits > 0 {
                    file.parts.count_at_least(line.get(), 1, 2);
                }
            }
            self.gathered.hold(1, || json.position())
        })?;
        if !is_list {
            self.gathered.degrade_with(
                Code::Malformed,
                || "a file has no list of lines".to_owned(),
                || json.position(),
            );
        }
        self.gathered.put(path, file, || json.position())
    }

    /// True if a part of a line did not run: `[{"column": 3, "length": 2, "executionCount": 0}]`
    fn has_unexecuted(&mut self, json: &mut Json<'_, '_>) -> Result<bool, ParseError> {
        let mut found = false;
        json.array(|json| {
            json.object(|json, key| {
                match key {
                    "executionCount" => {
                        let count = json_value::count(json)?;
                        found |= matches!(count, Some(Count::Hits(0) | Count::Rounded(0)));
                    }
                    _ => json.skip()?,
                }
                Ok(())
            })?;
            Ok(())
        })?;
        Ok(found)
    }

    fn targets(&mut self, json: &mut Json<'_, '_>) -> Result<(), ParseError> {
        json.array(|json| {
            json.object(|json, key| {
                if key == "files" {
                    json.array(|json| self.reported_file(json))?;
                }
                Ok(())
            })?;
            Ok(())
        })?;
        Ok(())
    }

    fn reported_file(&mut self, json: &mut Json<'_, '_>) -> Result<(), ParseError> {
        let (mut file, mut path, mut covered, mut all) = (FileCoverage::default(), None, None, None);
        json.object(|json, key| {
            match key {
                "path" => path = json.string()?,
                "coveredLines" => covered = json_value::whole(json)?,
                "executableLines" => all = json_value::whole(json)?,
                "functions" => {
                    json.array(|json| self.function(json, &mut file))?;
                }
                _ => json.skip()?,
            }
            Ok(())
        })?;
        match (covered, all) {
            (Some(covered), Some(all)) if all > 0 => {
                let lines = Some(Ratio { part: covered.min(all), whole: all });
                file.summary = Some(Box::new(Summary { lines, ..Summary::default() }));
            }
            (Some(_), Some(_)) => {}
            (None, _) | (_, None) => {
                self.gathered.degrade_with(
                    Code::MissingField,
                    || "a file has no totals".to_owned(),
                    || json.position(),
                );
            }
        }
        match path.filter(|path| !path.is_empty()) {
            Some(path) => self.gathered.put(&path, file, || json.position()),
            None => {
                self.gathered.unattributed(|| json.position());
                Ok(())
            }
        }
    }

    fn function(&mut self, json: &mut Json<'_, '_>, file: &mut FileCoverage) -> Result<(), ParseError> {
        let (mut name, mut line, mut calls) = (None, 0, Count::Unreadable);
        json.object(|json, key| {
            match key {
                "name" => name = json.string()?,
                "lineNumber" => {
                    if let LineNumber::Line(number) = json_value::line(json)? {
                        line = number.get();
                    }
                }
                "executionCount" => calls = json_value::count(json)?.unwrap_or(Count::Unreadable),
                _ => json.skip()?,
            }
            Ok(())
        })?;
        let calls = self.gathered.hits(calls, || "a function".to_owned(), || json.position());
        if let Some(calls) = calls {
            file.functions.add(line, &name.unwrap_or_default(), calls);
        }
        self.gathered.hold(1, || json.position())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::coverage::testing::{claims, ratio, read};
    use crate::model::Health;

    #[test]
    fn lines_of_an_archive_are_counted() {
        let text = "{\"/app/A.swift\": [{\"isExecutable\": false, \"line\": 1}, {\"isExecutable\": true, \"line\": 2, \"executionCount\": 3, \"subranges\": [{\"column\": 1}]}, {\"isExecutable\": true, \"line\": 3, \"executionCount\": 0}]}";
        let read = read(&FORMAT, text);
        assert_eq!((read.totals().lines, read.health), (ratio(1, 2), Health::Complete));
        assert_eq!(read.hits("/app/A.swift", 2), Some(3));
        assert_eq!(claims(text.as_bytes()), ["xccov"]);
    }

    #[test]
    fn a_report_has_totals_and_functions_and_no_lines() {
        let text = "{\"coveredLines\": 3, \"executableLines\": 4, \"lineCoverage\": 0.75, \"targets\": [{\"name\": \"App\", \"files\": [
            {\"path\": \"/app/A.swift\", \"name\": \"A.swift\", \"coveredLines\": 3, \"executableLines\": 4, \"functions\": [{\"name\": \"a\", \"lineNumber\": 2, \"executionCount\": 1}, {\"name\": \"b\", \"lineNumber\": 5, \"executionCount\": 0}]}]}]}";
        let read = read(&FORMAT, text);
        assert_eq!((read.totals().lines, read.totals().functions), (ratio(3, 4), ratio(1, 2)));
        assert_eq!((read.codes, read.health), (vec![Code::SummaryOnly], Health::Complete));
        assert_eq!(claims(text.as_bytes()), ["xccov"]);
    }

    #[test]
    fn what_cannot_be_read_is_lost_and_never_a_pass() {
        for broken in [
            "[{\"isExecutable\": true, \"line\": 2}]",
            "[{\"isExecutable\": true, \"executionCount\": 2}]",
            "{}",
        ] {
            let text = format!(
                "{{\"/a\": [{{\"isExecutable\": true, \"line\": 1, \"executionCount\": 0}}], \"/b\": {broken}}}"
            );
            assert_eq!(read(&FORMAT, text).health, Health::Degraded, "{broken}");
        }
    }
}
