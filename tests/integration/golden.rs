//! Coverage of changed lines from end to end: a history and a report in, every counted line out.
//!
//! The cases of a corpus (`TOLLGATE_CORPUS`) are run where one is at hand; cases of our own, beside them, always.

use crate::program::Place;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Covered and missed lines of each file.
type Lines = BTreeMap<String, (BTreeSet<u64>, BTreeSet<u64>)>;

/// What is found of one change.
#[derive(Debug, PartialEq, Eq)]
struct Found {
    /// Covered of all; `None` if no changed line can be covered.
    figure: Option<(u64, u64)>,
    lines: Lines,
    unmeasured: Vec<String>,
}

/// The rule's fields that a case needs beside those of the built-in policy.
#[derive(Default, Clone, Copy)]
struct Rule {
    partials_uncovered: bool,
    white_space_ignored: bool,
}

/// Judges what is checked out at `place` against `base`.
fn found(place: &Place, base: &str, rule: Rule) -> Found {
    let word = |on: bool, field: &str| if on { field.to_owned() } else { String::new() };
    let policy = format!(
        "version: 1\nrules:\n  coverage.changed: {{ min: 0, min-lines: 0{}{} }}\n",
        word(rule.partials_uncovered, ", partials: uncovered"),
        word(rule.white_space_ignored, ", white-space: ignored"),
    );
    let policy = place.file(".git/policy.yml", policy);
    let policy = policy.to_str().unwrap();
    // In CI the commit alone counts, not what lies in the folder.
    let ci = [("CI", "true")];
    let check = ["check", "--base", base, "--policy", policy, "--format", "json"];
    let run = place.tollgate_with(&check, &ci);
    let verdict: Value = serde_json::from_str(&run.out).unwrap_or_else(|_| panic!("{}", run.all()));
    let rules = verdict["outcomes"].as_array().unwrap_or_else(|| panic!("{verdict:#}"));
    let outcome = rules.iter().find(|rule| rule["rule"] == "coverage.changed").unwrap();
    let figure =
        outcome["of"].as_u64().filter(|of| *of > 0).map(|of| (outcome["covered"].as_u64().unwrap(), of));
    let expected_outcome = if figure.is_some() { "met" } else { "not-judged" };
    assert_eq!(outcome["outcome"], expected_outcome, "{outcome:#}");

    let explain = ["explain", "coverage.changed", "--base", base, "--policy", policy];
    let explained = place.tollgate_with(&explain, &ci).exits(0).out;
    let (_, counted) = explained.split_once("counted lines\n").unwrap_or_default();
    let mut lines = Lines::new();
    for line in counted.lines() {
        let (place, rest) = line.trim().split_once("  ").unwrap();
        let (file, number) = place.rsplit_once(':').unwrap();
        let state = rest.split("  (").next().unwrap();
        if rule.white_space_ignored && state.contains("only white space differs") {
            continue;
        }
        let is_covered = state.starts_with("ran") && !(rule.partials_uncovered && state.contains("in part"));
        let (covered, missed) = lines.entry(file.to_owned()).or_default();
        let into = if is_covered { covered } else { missed };
        into.insert(number.parse().unwrap());
    }
    let summary =
        place.tollgate_with(&["check", "--base", base, "--policy", policy, "--format", "markdown"], &ci).out;
    let unmeasured = table(&summary, "Changed files that no report measures");
    let unmeasured = unmeasured.into_iter().map(|row| row[0].trim_matches('`').to_owned()).collect();
    Found { figure, lines, unmeasured }
}

/// The rows of the folded table whose title begins so.
fn table(summary: &str, title: &str) -> Vec<Vec<String>> {
    let Some((_, rest)) = summary.split_once(&format!("<summary>{title}")) else { return Vec::new() };
    let rest = rest.split("</details>").next().unwrap().replace('\u{2060}', "");
    let rows = rest.lines().filter(|line| line.starts_with('|')).skip(2);
    rows.map(|row| row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()).collect()
}

fn numbers(value: &Value) -> BTreeSet<u64> {
    value.as_array().unwrap().iter().map(|line| line.as_u64().unwrap()).collect()
}

/// What a case of the corpus says should be found.
fn expected(case: &Value) -> Found {
    let expected = &case["expected"];
    let total = expected["lines_total"].as_u64().unwrap();
    let covered = expected["lines_covered"].as_u64().unwrap();
    let mut lines = Lines::new();
    for (file, of_file) in expected["files"].as_object().unwrap() {
        lines.insert(file.clone(), (numbers(&of_file["covered"]), numbers(&of_file["missed"])));
    }
    let unmeasured = expected.get("changed_files_without_data").and_then(Value::as_array);
    let unmeasured = unmeasured.into_iter().flatten().map(|file| file.as_str().unwrap().to_owned()).collect();
    Found { figure: (total > 0).then_some((covered, total)), lines, unmeasured }
}

/// A clone of a case's history, with its report, at the commit that is named so.
fn clone_of(case: &Path, facts: &Value, commit: &str, report: &str, name: &str) -> Place {
    let place = Place::new();
    place.git(&["clone", "-q", case.join("repo.bundle").to_str().unwrap(), "."]);
    place.git(&["checkout", "-q", facts[commit].as_str().unwrap()]);
    place.file(name, fs::read(case.join(report)).unwrap());
    place
}

fn corpus_cases() -> Vec<PathBuf> {
    let Some(corpus) = std::env::var_os("TOLLGATE_CORPUS") else { return Vec::new() };
    let golden = Path::new(&corpus).join("golden");
    let mut cases: Vec<PathBuf> = fs::read_dir(golden).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.retain(|path| path.join("repo.bundle").exists());
    cases.sort();
    cases
}

#[test]
fn every_golden_case_is_exact() {
    let cases = corpus_cases();
    for case in &cases {
        let name = case.file_name().unwrap().to_str().unwrap();
        let facts: Value = serde_json::from_slice(&fs::read(case.join("expected.json")).unwrap()).unwrap();
        let command = facts["command"].as_str().unwrap();
        let rule = Rule {
            partials_uncovered: command.contains("--branch-coverage"),
            white_space_ignored: command.contains("--ignore-whitespace"),
        };
        let report = facts["reports"][0].as_str().unwrap();
        let place = clone_of(case, &facts, "head", report, report);
        let mut found = found(&place, facts["base"].as_str().unwrap(), rule);
        if facts["expected"].get("changed_files_without_data").is_none() {
            // Only some cases say which changed files no report measures.
            found.unmeasured.clear();
        }
        assert_eq!(found, expected(&facts), "{name}");
        if name.starts_with("30-") {
            let policy = place.path().join(".git/policy.yml");
            let base = facts["base"].as_str().unwrap();
            let check =
                ["check", "--base", base, "--policy", policy.to_str().unwrap(), "--format", "markdown"];
            place.tollgate_with(&check, &[("CI", "true")]).says("pragma: no cover");
        }
        if let Some(indirect) = facts["expected"].get("indirect") {
            assert_eq!(indirect_of(case, &facts), *indirect, "{name}");
        }
    }
    assert!(cases.is_empty() || cases.len() >= 20, "only {} golden cases were found", cases.len());
}

/// The unchanged lines whose state differs, as a case writes them.
fn indirect_of(case: &Path, facts: &Value) -> Value {
    let before = clone_of(case, facts, "merge_base", "base-coverage.xml", "coverage.xml");
    let snapshot = before.path().join(".git/base.snapshot");
    let snapshot = snapshot.to_str().unwrap();
    before.tollgate_with(&["check", "--save-snapshot", snapshot], &[("CI", "true")]);
    let after = clone_of(case, facts, "head", "coverage.xml", "coverage.xml");
    let policy = after.file(".git/policy.yml", "version: 1\nrules:\n  coverage.drop: { max: 100 }\n");
    let check = ["check", "--base", facts["base"].as_str().unwrap(), "--base-snapshot", snapshot];
    let run = after.tollgate_with(
        &[&check[..], &["--policy", policy.to_str().unwrap(), "--format", "markdown"]].concat(),
        &[("CI", "true")],
    );
    let mut indirect = serde_json::Map::new();
    for row in table(&run.out, "Coverage of unchanged lines") {
        let mut of_file: BTreeMap<u64, &str> = BTreeMap::new();
        for (cell, state) in row[1..].iter().zip(["hit->miss", "miss->hit", "hit->partial"]) {
            of_file.extend(ranges(cell).map(|line| (line, state)));
        }
        let of_file = of_file.into_iter().map(|(line, state)| (line.to_string(), state.into())).collect();
        indirect.insert(row[0].trim_matches('`').to_owned(), Value::Object(of_file));
    }
    Value::Object(indirect)
}

/// `41-43, 52` in full.
fn ranges(cell: &str) -> impl Iterator<Item = u64> + '_ {
    cell.trim_matches('`').split(", ").filter(|range| !range.is_empty()).flat_map(|range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        first.parse().unwrap()..=last.parse().unwrap()
    })
}

#[test]
fn rounding_never_contradicts_and_is_that_of_the_table() {
    let Some(corpus) = std::env::var_os("TOLLGATE_CORPUS") else { return };
    let table = fs::read_to_string(Path::new(&corpus).join("golden/rounding.tsv")).unwrap();
    let mut rows = 0;
    for row in table.lines().skip(1) {
        let fields: Vec<&str> = row.split('\t').collect();
        let ratio =
            tollgate::model::Ratio { part: fields[0].parse().unwrap(), whole: fields[1].parse().unwrap() };
        let floor = ratio.percent();
        let stated = tollgate::model::Percent::parse(fields[3]).ok();
        assert_eq!(floor, stated, "{row}");
        if floor.is_some() {
            let text = ratio.text_against(None);
            assert_eq!(text.split('.').next().unwrap(), fields[6], "{row}");
            assert_eq!(text == "100.0%", ratio.part == ratio.whole, "{row}");
            never_contradicts(ratio);
        }
        rows += 1;
    }
    assert!(rows > 20, "only {rows} rows of rounding.tsv were read");
}

/// What is shown lies on the same side of every bar as the truth.
fn never_contradicts(ratio: tollgate::model::Ratio) {
    for hundredths in 0..=10_000 {
        let bar = tollgate::model::Percent::from_hundredths(hundredths);
        let text = ratio.text_against(Some(bar));
        let (units, decimals) = text.trim_end_matches('%').split_once('.').unwrap();
        let scale = 10_u128.pow(u32::try_from(decimals.len()).unwrap());
        let shown = units.parse::<u128>().unwrap() * scale + decimals.parse::<u128>().unwrap();
        let reaches = shown * 100 >= u128::from(hundredths) * scale;
        assert_eq!(Some(reaches), ratio.reaches(bar), "{ratio:?} is shown as {text} against {bar}");
    }
}

#[test]
fn a_share_is_shown_on_its_side_of_every_bar() {
    for (part, whole) in [(0, 1), (1, 3), (2, 3), (19_999, 20_000), (796, 1_000), (6_667, 10_000), (1, 1)] {
        never_contradicts(tollgate::model::Ratio { part, whole });
    }
}

/// Our own history: `main` with two files, and a branch that is changed by `change`.
fn own(change: impl FnOnce(&Place)) -> Place {
    let place = Place::new();
    place.git(&["init", "-q"]);
    place.file("src/a.py", "def f(x):\n    if x:\n        return 1\n    return 2\n");
    place.file("src/b.py", "def g():\n    return 3\n");
    place.commit("base");
    place.git(&["checkout", "-q", "-b", "topic"]);
    change(&place);
    place
}

/// A tracefile: per file, lines and hits.
fn lcov(files: &[(&str, &[(u32, u32)])]) -> String {
    let mut text = String::new();
    for (file, lines) in files {
        text.push_str(&format!("SF:{file}\n"));
        lines.iter().for_each(|(line, hits)| text.push_str(&format!("DA:{line},{hits}\n")));
        text.push_str("end_of_record\n");
    }
    text
}

fn lines(file: &str, covered: &[u64], missed: &[u64]) -> Lines {
    let set = |lines: &[u64]| lines.iter().copied().collect();
    [(file.to_owned(), (set(covered), set(missed)))].into()
}

fn is_found(place: &Place, rule: Rule, figure: Option<(u64, u64)>, lines: Lines, unmeasured: &[&str]) {
    let unmeasured = unmeasured.iter().map(|file| (*file).to_owned()).collect();
    assert_eq!(found(place, "main", rule), Found { figure, lines, unmeasured });
}

#[test]
fn an_edit_counts_its_own_lines_and_lists_what_no_report_measures() {
    let place = own(|place| {
        place.file("src/a.py", "def f(x):\n    if x:\n        return 10\n    y = 2\n    return y\n");
        place.file("src/new.py", "x = 1\n");
        place.commit("change");
        place.file("lcov.info", lcov(&[("src/a.py", &[(1, 1), (2, 1), (3, 0), (4, 1), (5, 1)])]));
    });
    is_found(&place, Rule::default(), Some((2, 3)), lines("src/a.py", &[4, 5], &[3]), &["src/new.py"]);
}

#[test]
fn a_pure_rename_a_deleted_file_and_documents_count_nothing() {
    let place = own(|place| {
        place.git(&["mv", "src/a.py", "src/c.py"]);
        place.git(&["rm", "-q", "src/b.py"]);
        place.file("README.md", "words\n");
        place.commit("change");
        place.file("lcov.info", lcov(&[("src/c.py", &[(1, 1), (3, 0)]), ("src/b.py", &[(2, 0)])]));
    });
    is_found(&place, Rule::default(), None, Lines::new(), &[]);
}

#[test]
fn line_ends_alone_are_a_change_unless_white_space_is_ignored() {
    let place = own(|place| {
        place.file("src/b.py", "def g():\r\n    return 3\r\n");
        place.commit("change");
        place.file("lcov.info", lcov(&[("src/b.py", &[(1, 1), (2, 0)])]));
    });
    is_found(&place, Rule::default(), Some((1, 2)), lines("src/b.py", &[1], &[2]), &[]);
    let ignored = Rule { white_space_ignored: true, ..Rule::default() };
    is_found(&place, ignored, None, Lines::new(), &[]);
}

#[test]
fn a_line_of_which_a_branch_did_not_run_is_uncovered_if_the_policy_says_so() {
    let place = own(|place| {
        place.file("src/a.py", "def f(x):\n    if not x:\n        return 1\n    return 2\n");
        place.commit("change");
        let text = lcov(&[("src/a.py", &[(1, 1), (2, 1), (3, 0), (4, 1)])]);
        place.file("lcov.info", text.replace("end_of", "BRDA:2,0,0,0\nBRDA:2,0,1,1\nend_of"));
    });
    is_found(&place, Rule::default(), Some((1, 1)), lines("src/a.py", &[2], &[]), &[]);
    let strict = Rule { partials_uncovered: true, ..Rule::default() };
    is_found(&place, strict, Some((0, 1)), lines("src/a.py", &[], &[2]), &[]);
}

#[test]
fn what_the_base_gained_meanwhile_is_no_part_of_the_change() {
    let place = own(|place| {
        place.file("src/b.py", "def g():\n    return 4\n");
        place.commit("change");
        place.git(&["checkout", "-q", "main"]);
        place.file("src/a.py", "def f(x):\n    return 5\n");
        place.commit("meanwhile");
        place.git(&["checkout", "-q", "topic"]);
        place.file("lcov.info", lcov(&[("src/a.py", &[(2, 0), (3, 0)]), ("src/b.py", &[(2, 1)])]));
    });
    is_found(&place, Rule::default(), Some((1, 1)), lines("src/b.py", &[2], &[]), &[]);
    place.git(&["merge", "-q", "-m", "merge", "main"]);
    place.file("lcov.info", lcov(&[("src/a.py", &[(2, 0)]), ("src/b.py", &[(2, 1)])]));
    is_found(&place, Rule::default(), Some((1, 1)), lines("src/b.py", &[2], &[]), &[]);
}

#[test]
fn a_path_with_spaces_and_letters_and_no_line_end_at_the_end_are_exact() {
    let place = own(|place| {
        place.file("src/größe mit leer.py", "a = 1\nb = 2");
        place.file("src/b.py", "def g():\n    return 3");
        place.commit("change");
        let files: [(&str, &[(u32, u32)]); 2] =
            [("src/größe mit leer.py", &[(1, 1), (2, 0)]), ("src/b.py", &[(1, 1), (2, 1)])];
        place.file("lcov.info", lcov(&files));
    });
    let mut expected = lines("src/größe mit leer.py", &[1], &[2]);
    expected.extend(lines("src/b.py", &[2], &[]));
    is_found(&place, Rule::default(), Some((2, 3)), expected, &[]);
}

#[test]
fn a_line_that_only_moved_is_not_blamed_if_the_base_proves_that_it_was_uncovered() {
    let place = own(|_| {});
    place.git(&["checkout", "-q", "main"]);
    place.file("lcov.info", lcov(&[("src/a.py", &[(1, 1), (2, 1), (3, 0), (4, 1)])]));
    place.tollgate_with(&["check", "--save-snapshot", ".git/base"], &[("CI", "true")]);
    fs::remove_file(place.path().join("lcov.info")).unwrap();
    place.git(&["checkout", "-q", "topic"]);
    place.file("src/a.py", "def f(x):\n    while x:\n        if x:\n            return 1\n    return 2\n");
    place.commit("change");
    place.file("lcov.info", lcov(&[("src/a.py", &[(1, 1), (2, 1), (3, 1), (4, 0), (5, 1)])]));
    let policy =
        place.file(".git/policy.yml", "version: 1\nrules:\n  coverage.changed: { min: 100, min-lines: 0 }\n");
    let check = ["check", "--base", "main", "--policy", policy.to_str().unwrap(), "--format", "markdown"];
    place.tollgate_with(&check, &[("CI", "true")]).exits(1).says("66.6% (2 of 3 lines)");
    let with_base = [&check[..], &["--base-snapshot", ".git/base"]].concat();
    place
        .tollgate_with(&with_base, &[("CI", "true")])
        .exits(0)
        .says("100.0% (2 of 2 lines); 66.6% with 1 line that moved uncovered");
}

#[test]
fn what_the_change_takes_out_of_the_coverage_is_listed() {
    let place = own(|place| {
        place.file("src/b.py", "def g():  # pragma: no cover\n    return 3\n");
        place.file(".coveragerc", "[run]\nomit = src/a.py\n");
        place.commit("change");
        place.file("lcov.info", lcov(&[("src/a.py", &[(1, 1)])]));
    });
    let run =
        place.tollgate_with(&["check", "--base", "main", "--format", "markdown"], &[("CI", "true")]).exits(0);
    let rows = table(&run.out, "Lines of the change that take code out of the coverage (2)");
    assert_eq!(rows[0][1..], ["`1`", "`settings of the coverage`"]);
    assert_eq!(rows[1][1..], ["`1`", "`pragma: no cover`"]);
}
