//! SimpleCov's `.resultset.json`, and the JSON of its formatters (coverage.md b.6).
//!
//! The first cell of a list is line 1. Several commands in one resultset are summed.

use super::gather::{Gathered, from_json};
use super::number::{self, Count, LineNumber};
use super::{json_value, line_list};
use crate::diagnostic::Code;
use crate::formats::json::{Json, JsonKind};
use crate::formats::{Context, Format, Head, JsonHead, ParseError, Parsed, Source};
use crate::model::{FileCoverage, Kind};
use siphasher::sip::SipHasher13;
use std::collections::BTreeMap;
use std::hash::Hasher as _;

/// SimpleCov.
pub(super) const FORMAT: Format = Format {
    id: "simplecov",
    kind: Kind::Coverage,
    name: "SimpleCov JSON",
    default_globs: &[".resultset.json", "resultset.json", ".resultset*.json"],
    spec_url: "https://github.com/simplecov-ruby/simplecov",
    sniff,
    parse,
};

fn sniff(head: &Head) -> bool {
    head.json()
        .is_some_and(|json| !json.array && (is_formatted(json) || is_older(json) || is_resultset(json)))
}

/// simplecov_json_formatter: `{"meta": {"simplecov_version": …}, "coverage": {…}}`
fn is_formatted(json: &JsonHead) -> bool {
    json.has_inner("meta", "simplecov_version")
}

/// simplecov-json: `{"timestamp": …, "command_name": …, "files": [{"filename": …, "coverage": …}]}`
fn is_older(json: &JsonHead) -> bool {
    json.has("command_name") && json.has("files")
}

/// `{"RSpec": {"coverage": {"/app/a.rb": …}, "timestamp": …}}`
fn is_resultset(json: &JsonHead) -> bool {
    let others = ["coverage", "meta", "files", "data", "source_files", "totals", "runs", "targets"];
    let named = |(key, keys): &(String, Vec<String>)| {
        !others.contains(&key.as_str()) && keys.iter().take(2).any(|key| key == "coverage")
    };
    json.inner.first().is_some_and(named) && !others.iter().any(|key| json.has(key))
}

fn parse(source: &mut Source<'_>, context: &mut Context) -> Result<Parsed, ParseError> {
    from_json(source, context, |gathered, json| {
        let mut reading = Reading { gathered };
        json.entries(|json, key| match key {
            "coverage" => reading.files(json),
            "files" => reading.older_files(json),
            "meta" | "groups" | "timestamp" | "metrics" | "command_name" => json.skip(),
            // The name of a command.
            _ => reading.command(json),
        })?;
        Ok(())
    })
}

/// A report while it is read.
struct Reading<'g, 'c> {
    gathered: &'g mut Gathered<'c>,
}

impl Reading<'_, '_> {
    fn command(&mut self, json: &mut Json<'_, '_>) -> Result<(), ParseError> {
        json.object(|json, key| match key {
            "coverage" => self.files(json),
            _ => json.skip(),
        })?;
        Ok(())
    }

    fn files(&mut self, json: &mut Json<'_, '_>) -> Result<(), ParseError> {
        let is_map = json.entries(|json, path| {
            let mut file = FileCoverage::default();
            self.file(json, &mut file)?;
            self.gathered.put(path, file, || json.position())
        })?;
        if !is_map {
            self.lose(json, "`coverage` is no object");
        }
        Ok(())
    }

    fn older_files(&mut self, json: &mut Json<'_, '_>) -> Result<(), ParseError> {
        json.array(|json| {
            let mut file = FileCoverage::default();
            let mut path = None;
            json.object(|json, key| match key {
                "filename" => {
                    path = json.string()?;
                    Ok(())
                }
                "coverage" => self.file(json, &mut file),
                _ => json.skip(),
            })?;
            match path {
                Some(path) => self.gathered.put(&path, file, || json.position()),
                None => {
                    self.gathered.unattributed(|| json.position());
                    Ok(())
                }
            }
        })?;
        Ok(())
    }

    /// A list of lines (before 0.18), or `{"lines": […], "branches": …}`.
    fn file(&mut self, json: &mut Json<'_, '_>, file: &mut FileCoverage) -> Result<(), ParseError> {
        if json.kind()? == JsonKind::Array {
            line_list::take(self.gathered, json, 1, file)?;
            return Ok(());
        }
        let mut has_lines = false;
        json.object(|json, key| match key {
            "lines" => {
                has_lines = json.kind()? == JsonKind::Array && line_list::take(self.gathered, json, 1, file)?;
                Ok(())
            }
            "branches" => match json.kind()? {
                JsonKind::Array => self.formatted_branches(json, file),
                _ => self.branches(json, file),
            },
            _ => json.skip(),
        })?;
        if !has_lines {
            self.lose(json, "a file has no list of lines");
        }
        Ok(())
    }

    /// `{"[:if, 0, 12, 4, 14, 7]": {"[:then, 1, 13, 6, 13, 11]": 1, …}}`: kind, number, first line …
    fn branches(&mut self, json: &mut Json<'_, '_>, file: &mut FileCoverage) -> Result<(), ParseError> {
        json.entries(|json, condition| {
            let line = condition.split(',').nth(2).map_or("", str::trim);
            let line = self.gathered.line(
                number::line_number(line.as_bytes()),
                || "a condition".to_owned(),
                || json.position(),
            );
            let condition = condition.to_owned();
            json.entries(|json, arm| {
                let mut hasher = SipHasher13::new();
                hasher.write(condition.as_bytes());
                hasher.write_u8(0xff);
                hasher.write(arm.as_bytes());
                let count = json_value::count(json)?.unwrap_or(Count::Unreadable);
                let hits = self.gathered.hits(count, || "a branch".to_owned(), || json.position());
                if let (Some(line), Some(hits)) = (line, hits) {
                    file.branches.add(line.get(), number::named_branch(hasher.finish()), hits > 0);
                }
                self.gathered.hold(1, || json.position())
            })?;
            Ok(())
        })?;
        Ok(())
    }

    /// `[{"type": "then", "start_line": 13, "end_line": 13, "coverage": 1}]`
    fn formatted_branches(
        &mut self,
        json: &mut Json<'_, '_>,
        file: &mut FileCoverage,
    ) -> Result<(), ParseError> {
        let mut lines: BTreeMap<u32, (u32, u32)> = BTreeMap::new();
        json.array(|json| {
            let (mut line, mut count) = (LineNumber::Unreadable, Some(Count::Unreadable));
            json.object(|json, key| {
                match key {
                    "start_line" => line = json_value::line(json)?,
                    // The word "ignored" is no count and no loss.
                    "coverage" if json.kind()? == JsonKind::Text => {
                        count = if json.text()? == Some("ignored") { None } else { Some(Count::Unreadable) };
                    }
                    "coverage" => count = json_value::count(json)?,
                    _ => json.skip()?,
                }
                Ok(())
            })?;
            let Some(count) = count else { return Ok(()) };
            let what = || "a branch".to_owned();
            let line = self.gathered.line(line, what, || json.position());
            let hits = self.gathered.hits(count, what, || json.position());
            if let (Some(line), Some(hits)) = (line, hits) {
                let entry = lines.entry(line.get()).or_default();
                entry.0 = entry.0.saturating_add(u32::from(hits > 0));
                entry.1 = entry.1.saturating_add(1);
            }
            self.gathered.hold(1, || json.position())
        })?;
        for (line, (taken, total)) in lines {
            file.branches.count_at_least(line, taken, total);
        }
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

    fn resultset(file: &str) -> Read {
        read(&FORMAT, format!("{{\"RSpec\": {{\"coverage\": {{\"/app/a.rb\": {file}}}, \"timestamp\": 1}}}}"))
    }

    #[test]
    fn the_first_cell_is_line_one_and_null_and_ignored_are_no_code() {
        for list in ["[null, 1, 0, \"ignored\"]", "{\"lines\": [null, 1, 0, \"ignored\"]}"] {
            let read = resultset(list);
            assert_eq!((read.hits("/app/a.rb", 1), read.hits("/app/a.rb", 2)), (None, Some(1)));
            assert_eq!((read.totals().lines, read.health), (ratio(1, 2), Health::Complete));
        }
    }

    #[test]
    fn commands_of_one_resultset_are_summed() {
        let text = "{\"RSpec1\": {\"coverage\": {\"a.rb\": [0, 1]}}, \"RSpec2\": {\"coverage\": {\"a.rb\": [2, 0]}}}";
        assert_eq!(read(&FORMAT, text).totals().lines, ratio(2, 2));
        assert_eq!(claims(text.as_bytes()), ["simplecov"]);
    }

    #[test]
    fn branches_stand_on_the_line_of_their_condition() {
        let read = resultset(
            "{\"lines\": [1, 1], \"branches\": {\"[:if, 0, 2, 4, 5, 7]\": {\"[:then, 1, 3, 6, 3, 11]\": 1, \"[:else, 2, 2, 4, 5, 7]\": 0}}}",
        );
        let lines: Vec<_> =
            read.file("/app/a.rb").branches.per_line().map(|l| (l.line, l.taken, l.total)).collect();
        assert_eq!(lines, [(2, 1, 2)]);
    }

    #[test]
    fn the_formatters_own_forms_are_read() {
        let text = "{\"meta\": {\"simplecov_version\": \"0.22\"}, \"coverage\": {\"/app/a.rb\": {\"lines\": [1, 0, \"ignored\"],
            \"branches\": [{\"type\": \"then\", \"start_line\": 1, \"coverage\": 1}, {\"type\": \"else\", \"start_line\": 1, \"coverage\": 0}, {\"start_line\": 1, \"coverage\": \"ignored\"}]}}, \"groups\": {}}";
        let formatted = read(&FORMAT, text);
        assert_eq!((formatted.totals().lines, formatted.totals().branches), (ratio(1, 2), ratio(1, 2)));
        assert_eq!(claims(text.as_bytes()), ["simplecov"]);
        let older = "{\"timestamp\": 1, \"command_name\": \"RSpec\", \"files\": [{\"filename\": \"a.rb\", \"covered_percent\": 50.0, \"coverage\": [1, 0]}], \"metrics\": {}}";
        assert_eq!(read(&FORMAT, older).totals().lines, ratio(1, 2));
        assert_eq!(claims(older.as_bytes()), ["simplecov"]);
    }

    #[test]
    fn cells_that_cannot_be_read_are_lost_and_never_a_pass() {
        for broken in [
            "[0, \"x\"]",
            "[0, {}]",
            "[0, false]",
            "{\"lines\": 7}",
            "7",
            "{\"lines\": [0], \"branches\": {\"[:if, 0]\": {}}}",
        ] {
            assert!(resultset(broken).health >= Health::Degraded, "{broken}");
        }
        assert_eq!(resultset("[]").health, Health::Empty);
    }
}
