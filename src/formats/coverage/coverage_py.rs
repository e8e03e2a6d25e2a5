//! coverage.py's JSON report: `coverage json` (coverage.md b.6).
//!
//! Branches are counted per line: where a jump from a line may go is known here by line numbers and in the
//! tool's LCOV by words, and both reports of one run must be one.

use super::gather::{Gathered, from_json};
use super::json_value;
use super::number::LineNumber;
use crate::diagnostic::Code;
use crate::formats::json::Json;
use crate::formats::{Context, Format, Head, ParseError, Parsed, Source};
use crate::model::{FileCoverage, Kind};
use std::collections::BTreeMap;

/// coverage.py.
pub(super) const FORMAT: Format = Format {
    id: "coverage-py",
    kind: Kind::Coverage,
    name: "coverage.py JSON",
    default_globs: &["coverage.json"],
    spec_url: "https://coverage.readthedocs.io/en/latest/commands/cmd_json.html",
    sniff,
    parse,
};

fn sniff(head: &Head) -> bool {
    head.json().is_some_and(|json| {
        json.has("files")
            && (json.has_inner("meta", "branch_coverage") || json.has_inner("files", "executed_lines"))
    })
}

fn parse(source: &mut Source<'_>, context: &mut Context) -> Result<Parsed, ParseError> {
    from_json(source, context, |gathered, json| Reading { gathered }.read(json))
}

/// A report while it is read.
struct Reading<'g, 'c> {
    gathered: &'g mut Gathered<'c>,
}

impl Reading<'_, '_> {
    fn read(&mut self, json: &mut Json<'_, '_>) -> Result<(), ParseError> {
        let mut stated = None;
        json.object(|json, key| {
            match key {
                "files" => {
                    if !json.entries(|json, path| self.file(json, path))? {
                        self.lose(json, "`files` is no object");
                    }
                }
                "totals" => stated = json_value::ratio(json, "num_statements", "covered_lines")?,
                _ => json.skip()?,
            }
            Ok(())
        })?;
        self.gathered.compare("the total", stated, json.position());
        Ok(())
    }

    fn file(&mut self, json: &mut Json<'_, '_>, path: &str) -> Result<(), ParseError> {
        let mut file = FileCoverage::default();
        // Line → taken and all branches that leave it.
        let mut branches: BTreeMap<u32, (u32, u32)> = BTreeMap::new();
        let mut has_lines = false;
        json.object(|json, key| {
            match key {
                "executed_lines" => {
                    has_lines = true;
                    self.lines(json, &mut file, 1)?;
                }
                "missing_lines" => self.lines(json, &mut file, 0)?,
                "executed_branches" => self.branches(json, &mut branches, 1)?,
                "missing_branches" => self.branches(json, &mut branches, 0)?,
                _ => json.skip()?,
            }
            Ok(())
        })?;
        if !has_lines {
            self.lose(json, "a file has no `executed_lines`");
        }
        for (line, (taken, total)) in branches {
            file.branches.count_at_least(line, taken, total);
        }
        self.gathered.put(path, file, || json.position())
    }

    fn lines(
        &mut self,
        json: &mut Json<'_, '_>,
        file: &mut FileCoverage,
        hits: u64,
    ) -> Result<(), ParseError> {
        let is_list = json.array(|json| {
            let line = json_value::line(json)?;
            let what = || "a line".to_owned();
            if let Some(line) = self.gathered.line(line, what, || json.position()) {
                file.lines.at_least(line, hits);
            }
            self.gathered.hold(1, || json.position())
        })?;
        if !is_list {
            self.lose(json, "lines of a file are no list");
        }
        Ok(())
    }

    /// A list of `[from, to]`.
    fn branches(
        &mut self,
        json: &mut Json<'_, '_>,
        into: &mut BTreeMap<u32, (u32, u32)>,
        taken: u32,
    ) -> Result<(), ParseError> {
        json.array(|json| {
            let mut from = None;
            json.array(|json| {
                let line = json_value::line(json)?;
                from = from.or(Some(line));
                Ok(())
            })?;
            match from {
                Some(LineNumber::Line(line)) => {
                    let entry = into.entry(line.get()).or_default();
                    entry.0 = entry.0.saturating_add(taken);
                    entry.1 = entry.1.saturating_add(1);
                }
                Some(LineNumber::NoLine | LineNumber::Unreadable) | None => {
                    self.lose(json, "a branch leaves no line");
                }
            }
            self.gathered.hold(1, || json.position())
        })?;
        Ok(())
    }

    fn lose(&mut self, json: &Json<'_, '_>, message: &str) {
        self.gathered.degrade_with(Code::Malformed, || message.to_owned(), || json.position());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::coverage::testing::{Read, claims, ratio, read};
    use crate::model::Health;

    fn text(file: &str) -> String {
        format!(
            "{{\"meta\": {{\"format\": 3, \"version\": \"7\", \"branch_coverage\": true}}, \"files\": {{\"a.py\": {{{file}}}}}, \"totals\": {{\"covered_lines\": 2, \"num_statements\": 3}}}}"
        )
    }

    fn file(body: &str) -> Read {
        read(&FORMAT, text(body))
    }

    #[test]
    fn executed_and_missing_lines_and_branches_are_counted() {
        let read = file(
            "\"executed_lines\": [1, 4], \"missing_lines\": [5], \"excluded_lines\": [9], \"summary\": {\"covered_lines\": 99},
             \"executed_branches\": [[4, 5], [1, -1]], \"missing_branches\": [[4, -1]], \"functions\": {\"f\": {\"executed_lines\": [77]}}",
        );
        assert_eq!((read.totals().lines, read.totals().branches), (ratio(2, 3), ratio(2, 3)));
        assert_eq!((read.hits("a.py", 5), read.hits("a.py", 9)), (Some(0), None));
        assert_eq!((read.health, read.codes.len()), (Health::Complete, 0));
        assert_eq!(claims(text("").as_bytes()), ["coverage-py"]);
    }

    #[test]
    fn totals_are_only_compared() {
        let read = file("\"executed_lines\": [1], \"missing_lines\": []");
        assert_eq!((read.totals().lines, read.codes), (ratio(1, 1), vec![Code::TotalsDisagree]));
    }

    #[test]
    fn what_is_no_line_is_lost_and_never_a_pass() {
        for body in [
            "\"executed_lines\": [\"x\"]",
            "\"executed_lines\": {}",
            "\"missing_lines\": [1]",
            "\"executed_lines\": [1], \"executed_branches\": [[]]",
        ] {
            assert!(file(body).health >= Health::Degraded, "{body}");
        }
        assert_eq!(file("\"executed_lines\": [], \"missing_lines\": []").health, Health::Empty);
    }
}
