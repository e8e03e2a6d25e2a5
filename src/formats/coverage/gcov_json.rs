//! gcov's JSON intermediate format (`gcov --json-format`) and gcovr's JSON, which is close to it (coverage.md b.6).
//!
//! A line stands once per function that holds it (templates, constructors): hits are summed, a branch was taken if
//! one of them took it. Branches are numbered on their line as LCOV's tools number them.

use super::gather::{Gathered, from_json};
use super::json_value;
use super::number::{self, Count, LineNumber};
use crate::diagnostic::Code;
use crate::formats::json::Json;
use crate::formats::{Context, Format, Head, ParseError, Parsed, Source};
use crate::model::{FileCoverage, Kind, Ratio, Summary, Untrusted};

/// gcov's own.
pub(super) const FORMAT: Format = Format {
    id: "gcov-json",
    kind: Kind::Coverage,
    name: "gcov JSON",
    default_globs: &["*.gcov.json", "*.gcov.json.gz"],
    spec_url: "https://gcc.gnu.org/onlinedocs/gcc/Invoking-Gcov.html",
    sniff: |head| {
        head.json().is_some_and(|json| {
            json.has("gcc_version")
                || json.has_inner("files", "functions") && json.has("current_working_directory")
        })
    },
    parse,
};

/// gcovr's.
pub(super) const GCOVR: Format = Format {
    id: "gcovr-json",
    kind: Kind::Coverage,
    name: "gcovr JSON",
    default_globs: &["gcovr.json", "gcovr*.json"],
    spec_url: "https://gcovr.com/en/stable/output/json.html",
    sniff: sniff_gcovr,
    parse,
};

fn sniff_gcovr(head: &Head) -> bool {
    head.json()
        .is_some_and(|json| json.has("gcovr/format_version") || json.has("gcovr/summary_format_version"))
}

fn parse(source: &mut Source<'_>, context: &mut Context) -> Result<Parsed, ParseError> {
    from_json(source, context, |gathered, json| {
        // `gcov --stdout` writes one text per object file behind the other.
        loop {
            Reading { gathered }.document(json)?;
            if !json.more()? {
                return Ok(());
            }
        }
    })
}

/// A report while it is read.
struct Reading<'g, 'c> {
    gathered: &'g mut Gathered<'c>,
}

impl Reading<'_, '_> {
    fn document(&mut self, json: &mut Json<'_, '_>) -> Result<(), ParseError> {
        let mut has_files = false;
        json.object(|json, key| {
            match key {
                "files" => has_files = json.array(|json| self.file(json))?,
                "current_working_directory" => {
                    let root = json.string()?.map(Untrusted::new);
                    let roots = &mut self.gathered.report.roots;
                    roots.extend(
                        root.filter(|root| !root.is_empty() && !roots.contains(root) && roots.len() < 1000),
                    );
                }
                _ => json.skip()?,
            }
            Ok(())
        })?;
        if !has_files {
            let message = || "a JSON text without a list of files stands in the report".to_owned();
            self.gathered.degrade_with(Code::Malformed, message, || json.position());
        }
        Ok(())
    }

    fn file(&mut self, json: &mut Json<'_, '_>) -> Result<(), ParseError> {
        let mut file = FileCoverage::default();
        let mut path = None;
        let mut totals = [None; 6];
        json.object(|json, key| {
            match key {
                "file" | "filename" => path = json.string()?,
                "lines" => {
                    json.array(|json| self.line(json, &mut file))?;
                }
                "functions" => {
                    json.array(|json| self.function(json, &mut file))?;
                }
                "line_total" => totals[0] = json_value::whole(json)?,
                "line_covered" => totals[1] = json_value::whole(json)?,
                "branch_total" => totals[2] = json_value::whole(json)?,
                "branch_covered" => totals[3] = json_value::whole(json)?,
                "function_total" => totals[4] = json_value::whole(json)?,
                "function_covered" => totals[5] = json_value::whole(json)?,
                _ => json.skip()?,
            }
            Ok(())
        })?;
        if file.lines.is_empty() {
            file.summary = summary(totals).map(Box::new);
        }
        match path.filter(|path| !path.is_empty()) {
            Some(path) => self.gathered.put(&path, file, || json.position()),
            None => {
                self.gathered.unattributed(|| json.position());
                Ok(())
            }
        }
    }

    fn line(&mut self, json: &mut Json<'_, '_>, file: &mut FileCoverage) -> Result<(), ParseError> {
        let (mut line, mut count, mut left_out) = (LineNumber::Unreadable, Count::Unreadable, false);
        let mut partly = false;
        // The block that a branch leaves and whether it was taken; `None` if that cannot be read.
        let mut branches: Vec<(u32, Option<Count>)> = Vec::new();
        json.object(|json, key| {
            match key {
                "line_number" => line = json_value::line(json)?,
                "count" => count = json_value::count(json)?.unwrap_or(Count::Unreadable),
                "unexecuted_block" => partly = json.boolean()? == Some(true),
                "branches" => {
                    json.array(|json| {
                        branches.extend(branch(json)?);
                        self.gathered.hold(1, || json.position())
                    })?;
                }
                "gcovr/noncode" | "gcovr/excluded" => left_out |= json.boolean()? == Some(true),
                _ => json.skip()?,
            }
            Ok(())
        })?;
        if left_out {
            return Ok(());
        }
        let what = || "a line".to_owned();
        let Some(line) = self.gathered.line(line, what, || json.position()) else { return Ok(()) };
        let Some(hits) = self.gathered.hits(count, what, || json.position()) else { return Ok(()) };
        file.lines.add(line, hits);
        if partly && hits > 0 {
            file.parts.count_at_least(line.get(), 1, 2);
        }
        for (number, (block, count)) in (0_u32..).zip(branches) {
            let count = count.unwrap_or(Count::Unreadable);
            if let Some(taken) = self.gathered.hits(count, || "a branch".to_owned(), || json.position()) {
                file.branches.add(line.get(), number::numbered_branch(block, number), taken > 0);
            }
        }
        Ok(())
    }

    fn function(&mut self, json: &mut Json<'_, '_>, file: &mut FileCoverage) -> Result<(), ParseError> {
        let (mut name, mut line, mut calls, mut left_out) = (None, 0, Count::Unreadable, false);
        json.object(|json, key| {
            match key {
                "name" => name = json.string()?,
                "demangled_name" if name.is_none() => name = json.string()?,
                "start_line" | "lineno" => {
                    if let LineNumber::Line(number) = json_value::line(json)? {
                        line = number.get();
                    }
                }
                "execution_count" => calls = json_value::count(json)?.unwrap_or(Count::Unreadable),
                "gcovr/excluded" => left_out = json.boolean()? == Some(true),
                _ => json.skip()?,
            }
            Ok(())
        })?;
        if left_out {
            return Ok(());
        }
        let Some(name) = name else {
            self.gathered.degrade_with(
                Code::MissingField,
                || "a function has no name".to_owned(),
                || json.position(),
            );
            return Ok(());
        };
        if let Some(calls) = self.gathered.hits(calls, || "a function".to_owned(), || json.position()) {
            file.functions.add(line, &name, calls);
        }
        self.gathered.hold(1, || json.position())
    }
}

/// A branch: the block that it leaves (gcovr gives it, and its LCOV does), and its count. `None` if the branch is
/// excluded.
fn branch(json: &mut Json<'_, '_>) -> Result<Option<(u32, Option<Count>)>, ParseError> {
    let (mut block, mut count, mut left_out) = (0, None, false);
    json.object(|json, key| {
        match key {
            "count" => count = json_value::count(json)?,
            "source_block_id" => {
                let id = json_value::whole(json)?;
                block = id.and_then(|id| u32::try_from(id).ok()).unwrap_or_default();
            }
            "gcovr/excluded" => left_out = json.boolean()? == Some(true),
            _ => json.skip()?,
        }
        Ok(())
    })?;
    Ok((!left_out).then_some((block, count)))
}

fn summary(totals: [Option<u64>; 6]) -> Option<Summary> {
    let [lines, lines_covered, branches, branches_covered, functions, functions_covered] = totals;
    let ratio = |whole: Option<u64>, part: Option<u64>| {
        let (whole, part) = whole.filter(|whole| *whole > 0).zip(part)?;
        Some(Ratio { part: part.min(whole), whole })
    };
    let summary = Summary {
        lines: ratio(lines, lines_covered),
        branches: ratio(branches, branches_covered),
        functions: ratio(functions, functions_covered),
    };
    summary.lines.is_some().then_some(summary)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::coverage::testing::{Read, claims, ratio, read};
    use crate::model::Health;

    fn gcov(lines: &str) -> String {
        format!(
            "{{\"gcc_version\": \"12\", \"files\": [{{\"file\": \"a.cpp\", \"lines\": [{lines}], \"functions\": [{{\"name\": \"f\", \"start_line\": 3, \"execution_count\": 1}}]}}], \"format_version\": \"1\", \"current_working_directory\": \"/app/build\"}}"
        )
    }

    fn lines(lines: &str) -> Read {
        read(&FORMAT, gcov(lines))
    }

    #[test]
    fn a_line_of_two_functions_has_the_sum_of_their_counts() {
        let read = lines(
            "{\"line_number\": 3, \"count\": 0, \"function_name\": \"f\", \"branches\": [{\"count\": 0, \"throw\": false}, {\"count\": 1}]},
             {\"line_number\": 3, \"count\": 2, \"function_name\": \"g\", \"branches\": [{\"count\": 2}, {\"count\": 0, \"throw\": true}]},
             {\"line_number\": 4, \"count\": 0, \"branches\": []}",
        );
        assert_eq!((read.totals().lines, read.totals().branches), (ratio(1, 2), ratio(2, 2)));
        assert_eq!((read.totals().functions, read.hits("a.cpp", 3)), (ratio(1, 1), Some(2)));
        assert_eq!((read.health, read.report.roots), (Health::Complete, vec!["/app/build".into()]));
    }

    #[test]
    fn several_texts_may_stand_behind_each_other() {
        let text = format!(
            "{}\n{}\n",
            gcov("{\"line_number\": 3, \"count\": 0}"),
            gcov("{\"line_number\": 3, \"count\": 1}")
        );
        assert_eq!(read(&FORMAT, text).totals().lines, ratio(1, 1));
    }

    #[test]
    fn gcovr_marks_what_is_left_out() {
        let text = "{\"gcovr/format_version\": \"0.12\", \"files\": [{\"file\": \"a.cpp\", \"lines\": [
            {\"line_number\": 3, \"count\": 1, \"branches\": [{\"source_block_id\": 4, \"count\": 1}, {\"source_block_id\": 4, \"count\": 0}, {\"count\": 0, \"gcovr/excluded\": true}]},
            {\"line_number\": 4, \"count\": 0, \"gcovr/excluded\": true}, {\"line_number\": 5, \"count\": 0, \"gcovr/noncode\": true}],
            \"functions\": [{\"name\": \"f\", \"lineno\": 3, \"execution_count\": 0}, {\"name\": \"g\", \"execution_count\": 0, \"gcovr/excluded\": true}]}]}";
        let read = read(&GCOVR, text);
        assert_eq!((read.totals().lines, read.totals().branches), (ratio(1, 1), ratio(1, 2)));
        assert_eq!((read.totals().functions, read.health), (ratio(0, 1), Health::Complete));
        assert_eq!(claims(text.as_bytes()), ["gcovr-json"]);
        assert_eq!(claims(gcov("").as_bytes()), ["gcov-json"]);
    }

    #[test]
    fn gcovrs_summary_has_totals_and_no_lines() {
        let text = "{\"root\": \".\", \"gcovr/summary_format_version\": \"0.6\", \"files\": [{\"filename\": \"a.cpp\", \"line_total\": 4, \"line_covered\": 3, \"branch_total\": 0}]}";
        let read = read(&GCOVR, text);
        assert_eq!((read.totals().lines, read.codes), (ratio(3, 4), vec![Code::SummaryOnly]));
    }

    #[test]
    fn what_cannot_be_read_is_lost_and_never_a_pass() {
        for broken in [
            "{\"line_number\": 3}",
            "{\"count\": 1}",
            "{\"line_number\": 3, \"count\": 1, \"branches\": [{}]}",
            "7",
        ] {
            let read = lines(&format!("{{\"line_number\": 9, \"count\": 0}}, {broken}"));
            assert_eq!(read.health, Health::Degraded, "{broken}");
        }
        assert_eq!(lines("").health, Health::Empty);
    }
}
