//! Istanbul's `coverage-final.json`, which nyc, c8, Jest, Vitest and Karma write (coverage.md b.6).
//!
//! A line's hits are the most of the statements that start on it, as istanbul itself counts; lines on which only
//! a function or a branch starts are none. Branches and functions have the identities that istanbul's own LCOV
//! gives them, so that both reports of one run are one.

use super::gather::{Gathered, from_json};
use super::json_value;
use super::number;
use super::number::{Count, LineNumber};
use crate::diagnostic::Code;
use crate::formats::json::Json;
use crate::formats::{Context, Format, Head, ParseError, Parsed, Source};
use crate::model::{FileCoverage, Kind};
use std::collections::BTreeMap;

/// Istanbul.
pub(super) const FORMAT: Format = Format {
    id: "istanbul",
    kind: Kind::Coverage,
    name: "Istanbul JSON",
    default_globs: &["coverage-final.json"],
    spec_url: "https://github.com/gotwarlost/istanbul/blob/master/coverage.json.md",
    sniff,
    parse,
};

fn sniff(head: &Head) -> bool {
    head.json().is_some_and(|json| {
        !json.array && json.inner.iter().any(|(_, keys)| keys.iter().any(|key| key == "statementMap"))
    })
}

fn parse(source: &mut Source<'_>, context: &mut Context) -> Result<Parsed, ParseError> {
    from_json(source, context, |gathered, json| {
        let mut reading = Reading { gathered };
        json.entries(|json, path| reading.file(json, path)).map(|_| ())
    })
}

/// A report while it is read.
struct Reading<'g, 'c> {
    gathered: &'g mut Gathered<'c>,
}

/// One file, as its maps and counters say; they may come in any order.
#[derive(Default)]
struct Maps {
    path: Option<String>,
    statements: BTreeMap<u32, Spot>,
    functions: BTreeMap<u32, Spot>,
    branches: BTreeMap<u32, Spot>,
    statement_counts: BTreeMap<u32, Count>,
    function_counts: BTreeMap<u32, Count>,
    branch_counts: BTreeMap<u32, Vec<Count>>,
}

/// Where something starts.
struct Spot {
    line: LineNumber,
    name: String,
    /// Left out by a comment of the author.
    skip: bool,
}

impl Reading<'_, '_> {
    fn file(&mut self, json: &mut Json<'_, '_>, key: &str) -> Result<(), ParseError> {
        let mut maps = Maps::default();
        if !self.maps(json, &mut maps)? {
            self.lose(json, "a file is no object");
            return Ok(());
        }
        let path = maps.path.take().unwrap_or_else(|| key.to_owned());
        let file = self.coverage(json, &maps);
        self.gathered.put(&path, file, || json.position())
    }

    fn maps(&mut self, json: &mut Json<'_, '_>, maps: &mut Maps) -> Result<bool, ParseError> {
        json.object(|json, key| {
            match key {
                "path" => maps.path = json.string()?,
                "statementMap" => self.spots(json, &mut maps.statements)?,
                "fnMap" => self.spots(json, &mut maps.functions)?,
                "branchMap" => self.spots(json, &mut maps.branches)?,
                "s" => self.counts(json, &mut maps.statement_counts)?,
                "f" => self.counts(json, &mut maps.function_counts)?,
                "b" => self.branch_counts(json, &mut maps.branch_counts)?,
                // An older form wraps all of this.
                "data" => {
                    self.maps(json, maps)?;
                }
                _ => json.skip()?,
            }
            Ok(())
        })
    }

    fn spots(&mut self, json: &mut Json<'_, '_>, into: &mut BTreeMap<u32, Spot>) -> Result<(), ParseError> {
        json.entries(|json, key| {
            let spot = spot(json)?;
            match key.parse() {
                Ok(key) => {
                    into.insert(key, spot);
                }
                Err(_) => self.lose(json, "the key of a statement, function or branch is no number"),
            }
            self.gathered.hold(1, || json.position())
        })?;
        Ok(())
    }

    fn counts(&mut self, json: &mut Json<'_, '_>, into: &mut BTreeMap<u32, Count>) -> Result<(), ParseError> {
        json.entries(|json, key| {
            let count = json_value::count(json)?.unwrap_or(Count::Unreadable);
            match key.parse() {
                Ok(key) => {
                    into.insert(key, count);
                }
                Err(_) => self.lose(json, "the key of a counter is no number"),
            }
            self.gathered.hold(1, || json.position())
        })?;
        Ok(())
    }

    fn branch_counts(
        &mut self,
        json: &mut Json<'_, '_>,
        into: &mut BTreeMap<u32, Vec<Count>>,
    ) -> Result<(), ParseError> {
        json.entries(|json, key| {
            let mut arms = Vec::new();
            json.array(|json| {
                arms.push(json_value::count(json)?.unwrap_or(Count::Unreadable));
                self.gathered.hold(1, || json.position())
            })?;
            match key.parse() {
                Ok(key) => {
                    into.insert(key, arms);
                }
                Err(_) => self.lose(json, "the key of a counter is no number"),
            }
            Ok(())
        })?;
        Ok(())
    }

    fn coverage(&mut self, json: &Json<'_, '_>, maps: &Maps) -> FileCoverage {
        let mut file = FileCoverage::default();
        let what = || "an entry".to_owned();
        let known = [
            maps.statement_counts.keys().all(|key| maps.statements.contains_key(key)),
            maps.function_counts.keys().all(|key| maps.functions.contains_key(key)),
            maps.branch_counts.keys().all(|key| maps.branches.contains_key(key)),
        ];
        if known.contains(&false) {
            self.lose(json, "a counter belongs to no statement, function or branch");
        }
        for (key, spot) in maps.statements.iter().filter(|(_, spot)| !spot.skip) {
            let count = self.counter(json, maps.statement_counts.get(key).copied());
            let line = self.gathered.line(spot.line, what, || json.position());
            if let (Some(line), Some(hits)) = (line, count) {
                file.lines.at_least(line, hits);
            }
        }
        for (key, spot) in maps.functions.iter().filter(|(_, spot)| !spot.skip) {
            if let Some(calls) = self.counter(json, maps.function_counts.get(key).copied()) {
                let line = match spot.line {
                    LineNumber::Line(line) => line.get(),
                    LineNumber::NoLine | LineNumber::Unreadable => 0,
                };
                file.functions.add(line, &spot.name, calls);
            }
        }
        for (key, spot) in maps.branches.iter().filter(|(_, spot)| !spot.skip) {
            let Some(arms) = maps.branch_counts.get(key) else {
                self.lose(json, "a branch has no counters");
                continue;
            };
            let Some(line) = self.gathered.line(spot.line, what, || json.position()) else {
                continue;
            };
            for (arm, count) in (0_u32..).zip(arms) {
                if let Some(hits) = self.counter(json, Some(*count)) {
                    file.branches.add(line.get(), number::numbered_branch(*key, arm), hits > 0);
                }
            }
        }
        file
    }

    fn counter(&mut self, json: &Json<'_, '_>, count: Option<Count>) -> Option<u64> {
        let what = || "an entry".to_owned();
        self.gathered.hits(count.unwrap_or(Count::Unreadable), what, || json.position())
    }

    fn lose(&mut self, json: &Json<'_, '_>, message: &str) {
        self.gathered.degrade_with(Code::Malformed, || message.to_owned(), || json.position());
    }
}

/// An entry of a map: a statement is its location; functions have `decl` before `loc`, branches `loc`, in older
/// files only `line` or the locations of their arms.
fn spot(json: &mut Json<'_, '_>) -> Result<Spot, ParseError> {
    // Of several places the first in this order counts.
    let mut lines: [Option<LineNumber>; 5] = [None; 5];
    let (mut name, mut skip) = (String::new(), false);
    json.object(|json, key| {
        match key {
            "decl" => lines[0] = start(json)?,
            "loc" => lines[1] = start(json)?,
            "start" => lines[2] = line_of(json)?,
            "line" => lines[3] = Some(json_value::line(json)?),
            "locations" => {
                let mut first = None;
                json.array(|json| {
                    let line = start(json)?;
                    first = first.or(line);
                    Ok(())
                })?;
                lines[4] = first;
            }
            "name" => name = json.string()?.unwrap_or_default(),
            "skip" => skip = json.boolean()? == Some(true),
            _ => json.skip()?,
        }
        Ok(())
    })?;
    let line = lines.into_iter().flatten().next().unwrap_or(LineNumber::Unreadable);
    Ok(Spot { line, name, skip })
}

/// The line of `{"start": {"line": 1}, …}`.
fn start(json: &mut Json<'_, '_>) -> Result<Option<LineNumber>, ParseError> {
    let mut line = None;
    json.object(|json, key| {
        if key == "start" {
            line = line_of(json)?;
        }
        Ok(())
    })?;
    Ok(line)
}

fn line_of(json: &mut Json<'_, '_>) -> Result<Option<LineNumber>, ParseError> {
    let mut line = None;
    json.object(|json, key| {
        if key == "line" {
            line = Some(json_value::line(json)?);
        }
        Ok(())
    })?;
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::coverage::testing::{Read, claims, ratio, read, read_error};
    use crate::model::Health;

    fn at(line: &str) -> String {
        format!("{{\"start\": {{\"line\": {line}, \"column\": 0}}, \"end\": {{\"line\": 9, \"column\": 1}}}}")
    }

    fn file(body: &str) -> Read {
        read(&FORMAT, format!("{{\"/app/a.js\": {{\"path\": \"/app/a.js\", {body}}}}}"))
    }

    #[test]
    fn a_line_has_the_most_hits_of_the_statements_that_start_on_it() {
        let read = file(&format!(
            "\"statementMap\": {{\"0\": {}, \"1\": {}, \"2\": {}}}, \"s\": {{\"0\": 0, \"1\": 3, \"2\": 0}}",
            at("1"),
            at("1"),
            at("4")
        ));
        assert_eq!((read.hits("/app/a.js", 1), read.hits("/app/a.js", 4)), (Some(3), Some(0)));
        assert_eq!((read.totals().lines, read.health), (ratio(1, 2), Health::Complete));
    }

    #[test]
    fn functions_and_arms_of_branches_are_counted_wherever_their_place_stands() {
        let read = file(&format!(
            "\"f\": {{\"0\": 1, \"1\": 0}}, \"b\": {{\"0\": [1, 0], \"1\": [0], \"2\": [2, 2, 2]}},
             \"fnMap\": {{\"0\": {{\"name\": \"f\", \"decl\": {0}, \"loc\": {1}}}, \"1\": {{\"name\": \"g\", \"line\": 7}}}},
             \"branchMap\": {{\"0\": {{\"loc\": {0}, \"type\": \"if\"}}, \"1\": {{\"line\": 3}}, \"2\": {{\"locations\": [{1}]}}}},
             \"statementMap\": {{\"0\": {0}}}, \"s\": {{\"0\": 1}}",
            at("1"),
            at("2")
        ));
        assert_eq!((read.totals().functions, read.totals().branches), (ratio(1, 2), ratio(4, 6)));
        let lines: Vec<_> =
            read.file("/app/a.js").branches.per_line().map(|l| (l.line, l.taken, l.total)).collect();
        assert_eq!(lines, [(1, 1, 2), (2, 3, 3), (3, 0, 1)]);
        assert_eq!(read.health, Health::Complete);
    }

    #[test]
    fn skipped_nodes_and_places_without_a_line_are_left_out() {
        let read = file(&format!(
            "\"statementMap\": {{\"0\": {}, \"1\": {{\"start\": {{\"line\": 2}}, \"skip\": true}}, \"2\": {}}}, \"s\": {{\"0\": 0, \"1\": 0, \"2\": 0}}",
            at("null"),
            at("4")
        ));
        assert_eq!((read.totals().lines, read.codes), (ratio(0, 1), vec![Code::BadLine]));
        assert_eq!(read.health, Health::Complete);
    }

    #[test]
    fn the_older_form_wraps_each_file() {
        let text = format!(
            "{{\"a.js\": {{\"data\": {{\"path\": \"a.js\", \"statementMap\": {{\"0\": {}}}, \"s\": {{\"0\": 1}}}}}}}}",
            at("1")
        );
        assert_eq!(read(&FORMAT, &text).totals().lines, ratio(1, 1));
        assert_eq!(claims(text.as_bytes()), ["istanbul"]);
    }

    #[test]
    fn counters_that_are_missing_or_odd_are_lost_and_never_a_pass() {
        for counts in
            ["{}", "{\"0\": \"x\"}", "{\"0\": 1, \"5\": 1}", "{\"0\": 1, \"x\": 2}", "{\"0\": null}"]
        {
            let read = file(&format!("\"statementMap\": {{\"0\": {}}}, \"s\": {counts}", at("1")));
            assert_eq!(read.health.max(Health::Degraded), read.health, "{counts}");
        }
        assert_eq!(read_error(&FORMAT, "{\"a\": {\"statementMap\": {}").code, Code::CutOff);
    }
}
