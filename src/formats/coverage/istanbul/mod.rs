//! Istanbul's `coverage-final.json`, which nyc, c8, Jest, Vitest and Karma write (coverage.md b.6).
//!
//! A line's hits are the most of the statements that start on it, as istanbul itself counts; lines on which only
//! a function or a branch starts are none. Branches and functions have the identities that istanbul's own LCOV
//! gives them, so that both reports of one run are one.

mod keyed;
mod plain;

use super::gather::{Gathered, from_json};
use super::json_value;
use super::number;
use super::number::{Count, LineNumber};
use crate::diagnostic::Code;
use crate::formats::json::Json;
use crate::formats::{Context, Format, Head, ParseError, Parsed, Source};
use crate::model::{FileCoverage, Kind};
use keyed::Keyed;
use std::cell::{Cell, RefCell};
use std::ops::Range;

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
    statements: Keyed<Spot>,
    functions: Keyed<(Spot, String)>,
    branches: Keyed<Spot>,
    statement_counts: Keyed<Count>,
    function_counts: Keyed<Count>,
    /// Where the counts of each branch's arms stand in `arms`.
    branch_counts: Keyed<Range<usize>>,
    arms: Vec<Count>,
}

/// Where something starts.
#[derive(Clone, Copy)]
struct Spot {
    line: LineNumber,
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
        let file = self.coverage(json, &mut maps);
        self.gathered.put(&path, file, || json.position())
    }

    fn maps(&mut self, json: &mut Json<'_, '_>, maps: &mut Maps) -> Result<bool, ParseError> {
        json.object(|json, key| {
            match key {
                "path" => maps.path = json.string()?,
                "statementMap" => self.statements(json, &mut maps.statements)?,
                "fnMap" => self.spots(json, |key, spot, name| maps.functions.put(key, (spot, name)))?,
                "branchMap" => self.spots(json, |key, spot, _| maps.branches.put(key, spot))?,
                "s" => self.counts(json, &mut maps.statement_counts)?,
                "f" => self.counts(json, &mut maps.function_counts)?,
                "b" => self.branch_counts(json, maps)?,
                // An older form wraps all of this.
                "data" => {
                    self.maps(json, maps)?;
                }
                _ => json.skip()?,
            }
            Ok(())
        })
    }

    fn statements(&mut self, json: &mut Json<'_, '_>, into: &mut Keyed<Spot>) -> Result<(), ParseError> {
        let taken = Cell::new(0);
        let into = RefCell::new(into);
        json.entries_in_form(
            |text| {
                let mut into = into.borrow_mut();
                plain::places(text, |key, line| {
                    taken.set(taken.get() + 1);
                    into.put(key, Spot { line: LineNumber::Line(line), skip: false });
                })
            },
            |json, key| {
                let (spot, _) = spot(json)?;
                self.keyed(json, key, |key| into.borrow_mut().put(key, spot));
                self.gathered.hold(taken.take() + 1, || json.position())
            },
        )?;
        Ok(())
    }

    fn spots(
        &mut self,
        json: &mut Json<'_, '_>,
        mut put: impl FnMut(u32, Spot, String),
    ) -> Result<(), ParseError> {
        json.entries(|json, key| {
            let (spot, name) = spot(json)?;
            self.keyed(json, key, |key| put(key, spot, name));
            self.gathered.hold(1, || json.position())
        })?;
        Ok(())
    }

    fn counts(&mut self, json: &mut Json<'_, '_>, into: &mut Keyed<Count>) -> Result<(), ParseError> {
        let taken = Cell::new(0);
        let into = RefCell::new(into);
        json.entries_in_form(
            |text| {
                let mut into = into.borrow_mut();
                plain::counts(text, |key, count| {
                    taken.set(taken.get() + 1);
                    into.put(key, Count::Hits(count));
                })
            },
            |json, key| {
                let count = json_value::count(json)?.unwrap_or(Count::Unreadable);
                self.keyed(json, key, |key| into.borrow_mut().put(key, count));
                self.gathered.hold(taken.take() + 1, || json.position())
            },
        )?;
        Ok(())
    }

    fn branch_counts(&mut self, json: &mut Json<'_, '_>, maps: &mut Maps) -> Result<(), ParseError> {
        json.entries(|json, key| {
            let first = maps.arms.len();
            json.array(|json| {
                maps.arms.push(json_value::count(json)?.unwrap_or(Count::Unreadable));
                self.gathered.hold(1, || json.position())
            })?;
            let arms = first..maps.arms.len();
            self.keyed(json, key, |key| maps.branch_counts.put(key, arms));
            Ok(())
        })?;
        Ok(())
    }

    fn keyed(&mut self, json: &Json<'_, '_>, key: &str, put: impl FnOnce(u32)) {
        match key.parse() {
            Ok(key) => put(key),
            Err(_) => self.lose(json, "the key of an entry or a counter is no number"),
        }
    }

    fn coverage(&mut self, json: &Json<'_, '_>, maps: &mut Maps) -> FileCoverage {
        let mut file = FileCoverage::default();
        let what = || "an entry".to_owned();
        maps.statements.sort();
        maps.functions.sort();
        maps.branches.sort();
        maps.statement_counts.sort();
        maps.function_counts.sort();
        maps.branch_counts.sort();
        let are_known = maps.statement_counts.is_within(&maps.statements)
            && maps.function_counts.is_within(&maps.functions)
            && maps.branch_counts.is_within(&maps.branches);
        if !are_known {
            self.lose(json, "a counter belongs to no statement, function or branch");
        }
        for (place, (key, spot)) in maps.statements.iter().enumerate().filter(|(_, (_, spot))| !spot.skip) {
            let count = self.counter(json, maps.statement_counts.get(*key, place).copied());
            let line = self.gathered.line(spot.line, what, || json.position());
            if let (Some(line), Some(hits)) = (line, count) {
                file.lines.at_least(line, hits);
            }
        }
        for (place, (key, (spot, name))) in maps.functions.iter().enumerate() {
            if spot.skip {
                continue;
            }
            if let Some(calls) = self.counter(json, maps.function_counts.get(*key, place).copied()) {
                let line = match spot.line {
                    LineNumber::Line(line) => line.get(),
                    LineNumber::NoLine | LineNumber::Unreadable => 0,
                };
                file.functions.add(line, name, calls);
            }
        }
        for (place, (key, spot)) in maps.branches.iter().enumerate().filter(|(_, (_, spot))| !spot.skip) {
            let Some(arms) = maps.branch_counts.get(*key, place) else {
                self.lose(json, "a branch has no counters");
                continue;
            };
            let Some(line) = self.gathered.line(spot.line, what, || json.position()) else {
                continue;
            };
            for (arm, count) in (0_u32..).zip(maps.arms.get(arms.clone()).unwrap_or_default()) {
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

/// An entry of a map, and its name: a statement is its location; functions have `decl` before `loc`, branches `loc`,
/// in older files only `line` or the locations of their arms.
fn spot(json: &mut Json<'_, '_>) -> Result<(Spot, String), ParseError> {
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
    Ok((Spot { line, skip }, name))
}

/// The line of `{"start": {"line": 1}, …}`.
fn start(json: &mut Json<'_, '_>) -> Result<Option<LineNumber>, ParseError> {
    if let Some(line) = json.in_form(plain::place)? {
        return Ok(Some(LineNumber::Line(line)));
    }
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
