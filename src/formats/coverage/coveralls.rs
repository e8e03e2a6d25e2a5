//! The JSON that Coveralls and Codecov take: `{"source_files": […]}` and `{"coverage": {…}}`.

use super::gather::{Gathered, from_json};
use super::number;
use super::{json_value, line_list};
use crate::diagnostic::Code;
use crate::formats::json::{Json, JsonKind};
use crate::formats::{Context, Format, ParseError, Parsed, Source};
use crate::model::{FileCoverage, Kind, Untrusted};

/// Coveralls.
pub(super) const FORMAT: Format = Format {
    id: "coveralls",
    kind: Kind::Coverage,
    name: "Coveralls JSON",
    default_globs: &["coveralls.json"],
    spec_url: "https://docs.coveralls.io/api-jobs-endpoint",
    sniff: |head| head.json().is_some_and(|json| json.has("source_files")),
    parse,
};

/// Codecov.
pub(super) const CODECOV: Format = Format {
    id: "codecov",
    kind: Kind::Coverage,
    name: "Codecov JSON",
    default_globs: &["codecov.json"],
    spec_url: "https://docs.codecov.com/docs/codecov-custom-coverage-format",
    sniff: |head| {
        let others = ["meta", "timestamp", "command_name", "files"];
        head.json().is_some_and(|json| {
            !json.array && json.has("coverage") && !others.iter().any(|key| json.has(key))
        })
    },
    parse: parse_codecov,
};

fn parse(source: &mut Source<'_>, context: &mut Context) -> Result<Parsed, ParseError> {
    from_json(source, context, |gathered, json| {
        json.object(|json, key| {
            match key {
                "source_files" => {
                    json.array(|json| source_file(gathered, json))?;
                }
                "commit_sha" => gathered.report.commit = commit(json)?,
                "git" => {
                    json.object(|json, key| {
                        if key == "head" {
                            json.object(|json, key| {
                                match key {
                                    "id" => gathered.report.commit = commit(json)?,
                                    _ => json.skip()?,
                                }
                                Ok(())
                            })?;
                        }
                        Ok(())
                    })?;
                }
                _ => json.skip()?,
            }
            Ok(())
        })?;
        Ok(())
    })
}

/// The commit that was measured; none for a text that is no id of a commit, such as `HEAD`.
fn commit(json: &mut Json<'_, '_>) -> Result<Option<Untrusted>, ParseError> {
    let is_id = |text: &String| (7..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit());
    Ok(json.string()?.filter(is_id).map(Untrusted::new))
}

fn source_file(gathered: &mut Gathered<'_>, json: &mut Json<'_, '_>) -> Result<(), ParseError> {
    let (mut path, mut file, mut has_lines) = (None, FileCoverage::default(), false);
    json.object(|json, key| {
        match key {
            "name" => path = json.string()?,
            "coverage" => {
                has_lines = json.kind()? == JsonKind::Array && line_list::take(gathered, json, 1, &mut file)?;
            }
            "branches" => branches(gathered, json, &mut file)?,
            _ => json.skip()?,
        }
        Ok(())
    })?;
    if !has_lines {
        gathered.degrade_with(
            Code::MissingField,
            || "a file has no list of lines".to_owned(),
            || json.position(),
        );
    }
    match path.filter(|path| !path.is_empty()) {
        Some(path) => gathered.put(&path, file, || json.position()),
        None => {
            gathered.unattributed(|| json.position());
            Ok(())
        }
    }
}

/// Four numbers for each branch: line, block, branch, hits.
fn branches(
    gathered: &mut Gathered<'_>,
    json: &mut Json<'_, '_>,
    file: &mut FileCoverage,
) -> Result<(), ParseError> {
    let mut numbers: Vec<Option<u64>> = Vec::with_capacity(4);
    let mut broken = false;
    json.array(|json| {
        numbers.push(json_value::whole(json)?);
        if numbers.len() < 4 {
            return Ok(());
        }
        let small = |index: usize| {
            numbers.get(index).copied().flatten().and_then(|number| u32::try_from(number).ok())
        };
        let hits = numbers.get(3).copied().flatten();
        match (small(0), small(1), small(2), hits) {
            (Some(line), Some(block), Some(branch), Some(hits)) if line > 0 => {
                file.branches.add(line, number::numbered_branch(block, branch), hits > 0);
            }
            _ => broken = true,
        }
        numbers.clear();
        gathered.hold(1, || json.position())
    })?;
    if broken || !numbers.is_empty() {
        gathered.degrade_with(
            Code::BadNumber,
            || "branches are not four numbers each".to_owned(),
            || json.position(),
        );
    }
    Ok(())
}

/// `{"coverage": {"a.rb": [null, 1, 0, "1/2"], "b.rb": {"1": 1}}}`: the first cell of a list is line 0.
fn parse_codecov(source: &mut Source<'_>, context: &mut Context) -> Result<Parsed, ParseError> {
    from_json(source, context, |gathered, json| {
        json.object(|json, key| {
            if key == "coverage" {
                json.entries(|json, path| {
                    let mut file = FileCoverage::default();
                    if !line_list::take(gathered, json, 0, &mut file)? {
                        gathered.degrade_with(
                            Code::Malformed,
                            || "a file has no lines".to_owned(),
                            || json.position(),
                        );
                    }
                    gathered.put(path, file, || json.position())
                })?;
            }
            Ok(())
        })?;
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::coverage::testing::{claims, ratio, read};
    use crate::model::Health;

    #[test]
    fn coveralls_says_which_commit_it_measured() {
        let text = |git: &str| {
            format!(
                "{{\"repo_token\": \"x\", {git}, \"source_files\": [{{\"name\": \"a\", \"coverage\": [1]}}]}}"
            )
        };
        let commit = |git: &str| read(&FORMAT, text(git)).report.commit.map(|commit| commit.raw().to_owned());
        let id = "ab12".repeat(10);
        assert_eq!(
            commit(&format!("\"git\": {{\"branch\": \"x\", \"head\": {{\"id\": \"{id}\"}}}}")),
            Some(id)
        );
        assert_eq!(commit("\"git\": {\"head\": {\"id\": \"HEAD\"}}"), None);
        assert_eq!(commit("\"git\": null"), None);
    }

    #[test]
    fn coveralls_lists_lines_from_one_and_branches_by_four() {
        let text = "{\"repo_token\": \"x\", \"source_files\": [{\"name\": \"a.cpp\", \"coverage\": [null, 1, 0], \"branches\": [2, 0, 0, 1, 2, 0, 1, 0]}, {\"name\": \"b\", \"coverage\": [1]}]}";
        let read = read(&FORMAT, text);
        assert_eq!((read.totals().lines, read.totals().branches), (ratio(2, 3), ratio(1, 2)));
        assert_eq!((read.hits("a.cpp", 2), read.health), (Some(1), Health::Complete));
        assert_eq!(claims(text.as_bytes()), ["coveralls"]);
    }

    #[test]
    fn codecov_lists_lines_from_zero_or_names_them() {
        let text = "{\"coverage\": {\"a.rb\": [null, 1, 0, true, \"1/2\", \"0/2\"], \"b.rb\": {\"7\": 0, \"9\": \"2/2\"}}, \"messages\": {}}";
        let read = read(&CODECOV, text);
        assert_eq!((read.totals().lines, read.totals().branches), (ratio(4, 7), ratio(3, 6)));
        assert_eq!((read.hits("a.rb", 1), read.hits("b.rb", 7)), (Some(1), Some(0)));
        // `true` and `1/2` ran in part.
        assert_eq!(read.file("a.rb").partial_lines(), [3, 4]);
        assert_eq!((read.health, claims(text.as_bytes())), (Health::Complete, vec!["codecov"]));
    }

    #[test]
    fn what_cannot_be_read_is_lost_and_never_a_pass() {
        for file in [
            "{\"name\": \"b\"}",
            "{\"name\": \"b\", \"coverage\": [\"x\"]}",
            "{\"name\": \"b\", \"coverage\": [1], \"branches\": [1, 2]}",
        ] {
            let text = format!("{{\"source_files\": [{{\"name\": \"a\", \"coverage\": [0]}}, {file}]}}");
            assert_eq!(read(&FORMAT, text).health, Health::Degraded, "{file}");
        }
        for file in ["7", "{\"x\": 1}", "[null, [1]]", "[null, \"1/0\"]"] {
            let text = format!("{{\"coverage\": {{\"a\": [null, 0], \"b\": {file}}}}}");
            assert_eq!(read(&CODECOV, text).health, Health::Degraded, "{file}");
        }
        assert_eq!(read(&CODECOV, "{\"coverage\": {}}").health, Health::Empty);
    }
}
