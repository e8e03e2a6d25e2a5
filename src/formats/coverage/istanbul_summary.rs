//! Istanbul's `coverage-summary.json`: totals of each file, and no lines.

use super::gather::{Gathered, from_json};
use super::json_value;
use crate::diagnostic::Code;
use crate::formats::json::Json;
use crate::formats::{Context, Format, Head, ParseError, Parsed, Source};
use crate::model::{FileCoverage, Kind, Ratio, Summary};

/// Istanbul's summary.
pub(super) const FORMAT: Format = Format {
    id: "istanbul-summary",
    kind: Kind::Coverage,
    name: "Istanbul JSON summary",
    default_globs: &["coverage-summary.json"],
    spec_url: "https://github.com/istanbuljs/istanbuljs/tree/main/packages/istanbul-reports",
    sniff,
    parse,
};

fn sniff(head: &Head) -> bool {
    head.json().is_some_and(|json| {
        !json.array && ["lines", "statements", "pct"].iter().all(|key| json.has_inner("total", key))
    })
}

fn parse(source: &mut Source<'_>, context: &mut Context) -> Result<Parsed, ParseError> {
    from_json(source, context, |gathered, json| {
        let mut stated = None;
        json.entries(|json, path| match path {
            "total" => {
                stated = totals(gathered, json)?.lines;
                Ok(())
            }
            path => {
                let summary = totals(gathered, json)?;
                let summary = (summary != Summary::default()).then(|| Box::new(summary));
                gathered.put(path, FileCoverage { summary, ..FileCoverage::default() }, || json.position())
            }
        })?;
        gathered.compare("the total", stated, json.position());
        Ok(())
    })
}

/// `{"lines": {"total": 4, "covered": 3, "skipped": 0, "pct": 75}, …}`; the percentage is rounded and not read.
fn totals(gathered: &mut Gathered<'_>, json: &mut Json<'_, '_>) -> Result<Summary, ParseError> {
    let mut summary = Summary::default();
    let mut has_lines = false;
    json.object(|json, key| {
        let into = match key {
            "lines" => &mut summary.lines,
            "branches" => &mut summary.branches,
            "functions" => &mut summary.functions,
            _ => return json.skip(),
        };
        let (mut all, mut covered) = (None, None);
        json.object(|json, key| {
            match key {
                "total" => all = json_value::whole(json)?,
                "covered" => covered = json_value::whole(json)?,
                _ => json.skip()?,
            }
            Ok(())
        })?;
        match (all, covered) {
            (Some(all), Some(covered)) if covered <= all => {
                has_lines |= key == "lines";
                *into = (all > 0).then_some(Ratio { part: covered, whole: all });
            }
            _ => {
                let message = || "totals of a file cannot be read".to_owned();
                gathered.degrade_with(Code::BadNumber, message, || json.position());
            }
        }
        Ok(())
    })?;
    if !has_lines {
        let message = || "a file has no totals of its lines".to_owned();
        gathered.degrade_with(Code::MissingField, message, || json.position());
    }
    Ok(summary)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::coverage::testing::{claims, ratio, read};
    use crate::model::Health;

    fn entry(lines: &str) -> String {
        format!(
            "{{\"lines\":{lines},\"functions\":{{\"total\":5,\"covered\":4,\"skipped\":0,\"pct\":80}},\
             \"statements\":{{\"total\":9,\"covered\":9,\"skipped\":0,\"pct\":100}},\
             \"branches\":{{\"total\":0,\"covered\":0,\"skipped\":0,\"pct\":100}}}}"
        )
    }

    fn report(lines: &str) -> String {
        let total = entry("{\"total\":14,\"covered\":9,\"skipped\":0,\"pct\":64.28}");
        format!("{{\"total\": {total}\n,\"/app/a.js\": {}\n}}\n", entry(lines))
    }

    #[test]
    fn each_file_has_totals_and_no_lines() {
        let text = report("{\"total\":14,\"covered\":9,\"skipped\":0,\"pct\":64.28}");
        let read = read(&FORMAT, &text);
        let totals = read.totals();
        assert_eq!((totals.lines, totals.branches, totals.functions), (ratio(9, 14), None, ratio(4, 5)));
        assert!(read.file("/app/a.js").lines.is_empty());
        assert_eq!((read.health, read.codes), (Health::Complete, vec![Code::SummaryOnly]));
        assert_eq!(claims(text.as_bytes()), ["istanbul-summary"]);
    }

    #[test]
    fn totals_that_cannot_be_read_are_lost_and_never_a_pass() {
        for lines in ["{\"total\":14}", "{\"total\":\"x\",\"covered\":1}", "{\"total\":1,\"covered\":2}", "7"]
        {
            assert!(read(&FORMAT, report(lines)).health >= Health::Degraded, "{lines}");
        }
    }

    #[test]
    fn the_total_is_only_compared() {
        let read = read(&FORMAT, report("{\"total\":2,\"covered\":1,\"skipped\":0,\"pct\":50}"));
        assert_eq!(read.totals().lines, ratio(1, 2));
        assert!(read.codes.contains(&Code::TotalsDisagree));
    }
}
