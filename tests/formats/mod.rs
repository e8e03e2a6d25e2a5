//! Every report in this folder is read as its `expected.json` says; see `README.md` beside this file.

use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use tollgate::formats::{self, Context, Detected, Format, Source};
use tollgate::io::reports;
use tollgate::model::{Health, Ratio, ReportTotals};

/// What the library says of one report, in the words of `inspect --format json`.
struct Read {
    format: &'static str,
    kind: &'static str,
    health: &'static str,
    totals: Value,
    codes: BTreeSet<&'static str>,
}

#[test]
fn every_report_is_read_as_expected() {
    let mut wrong = Vec::new();
    let mut compared = 0;
    for case in cases() {
        let expected = std::fs::read_to_string(case.join("expected.json")).unwrap();
        let expected: Value = serde_json::from_str(&expected).unwrap();
        for row in expected["reports"].as_array().unwrap() {
            let format = row.get("format").and_then(Value::as_str);
            if format.is_some_and(|id| formats::by_id(id).is_none()) {
                continue;
            }
            let file = case.join(row["file"].as_str().unwrap());
            compared += 1;
            wrong.extend(
                differences(row, &read(&file)).into_iter().map(|line| format!("{}: {line}", shown(&file))),
            );
        }
    }
    assert!(compared > 100, "only {compared} reports were found");
    assert!(wrong.is_empty(), "{} of {compared} reports differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_case_names_its_source() {
    for case in cases() {
        let source = std::fs::read_to_string(case.join("SOURCE")).unwrap();
        assert!(source.starts_with("tool:") || source.starts_with("made by hand"), "{}", shown(&case));
    }
}

fn cases() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formats");
    let mut cases: Vec<PathBuf> = folders(&root).iter().flat_map(|format| folders(format)).collect();
    cases.retain(|case| case.join("expected.json").exists());
    cases.sort();
    cases
}

fn folders(of: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(of).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.is_dir()).collect()
}

fn shown(path: &Path) -> String {
    let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
    parts[parts.len().saturating_sub(3)..].join("/")
}

fn read(file: &Path) -> Read {
    let bytes = std::fs::read(file).unwrap();
    let folder = reports::folder_of(file, u64::MAX).unwrap();
    let mut source = Source::from_bytes(&bytes).within(folder);
    let mut codes = BTreeSet::new();
    let found = match formats::detect(&source.head().unwrap()) {
        Detected::One(format) => Some(format),
        Detected::Unknown => None,
        Detected::Ambiguous(ids) => panic!("{} is claimed by {ids:?}", shown(file)),
    };
    if bytes.is_empty() {
        codes.insert("empty-file");
    }
    let Some(format) = found else {
        return Read { format: "", kind: "", health: "invalid", totals: Value::Null, codes };
    };
    parse(format, &mut source, codes)
}

fn parse(format: &'static Format, source: &mut Source<'_>, mut codes: BTreeSet<&'static str>) -> Read {
    let mut context = Context::default();
    let (health, totals) = match (format.parse)(source, &mut context) {
        Ok(parsed) => (parsed.health, totals(&parsed.report.totals())),
        Err(error) => {
            codes.insert(error.code.id());
            (Health::Invalid, error.partial.map_or(Value::Null, |report| totals(&report.totals())))
        }
    };
    codes.extend(context.take_warnings().iter().map(|warning| warning.code.id()));
    Read { format: format.id, kind: format.kind.word(), health: health.word(), totals, codes }
}

fn totals(totals: &ReportTotals) -> Value {
    let ratio = |ratio: Option<Ratio>| ratio.map(|r| json!({ "covered": r.part, "total": r.whole }));
    match totals {
        ReportTotals::None => Value::Null,
        ReportTotals::Tests(tests) => serde_json::to_value(tests).unwrap(),
        ReportTotals::Coverage(c) => {
            json!({ "lines": ratio(c.lines), "branches": ratio(c.branches), "functions": ratio(c.functions) })
        }
        ReportTotals::Scan { active, suppressed } => {
            let mut counts = serde_json::to_value(active).unwrap();
            counts["suppressed"] = json!(suppressed);
            counts
        }
    }
}

fn differences(row: &Value, read: &Read) -> Vec<String> {
    let mut differences = Vec::new();
    let mut differ = |what: &str, expected: &Value, got: &dyn std::fmt::Display| {
        differences.push(format!("{what}: expected {expected}, got {got}"));
    };
    for (key, got) in [("format", read.format), ("kind", read.kind)] {
        if row.get(key).is_some_and(|expected| expected != got) {
            differ(key, &row[key], &got);
        }
    }
    match row.get("health") {
        Some(Value::Array(any)) if !any.iter().any(|one| one == read.health) => {
            differ("health", &row["health"], &read.health);
        }
        Some(Value::String(one)) if one != read.health => differ("health", &row["health"], &read.health),
        _ => {}
    }
    for (key, expected) in row.get("totals").and_then(Value::as_object).into_iter().flatten() {
        if read.totals.get(key).unwrap_or(&Value::Null) != expected {
            differ(key, expected, &read.totals.get(key).unwrap_or(&Value::Null));
        }
    }
    let missing = row.get("warnings").and_then(Value::as_array).into_iter().flatten();
    for code in missing.filter(|code| !read.codes.contains(code.as_str().unwrap())) {
        let got: Vec<_> = read.codes.iter().copied().collect();
        differ("warning", code, &got.join(" "));
    }
    differences
}

/// Reports of one run of one program in several formats: line by line they say the same.
const SAME_RUN: &[&[&str]] = &[
    &["lcov/coveragepy/lcov.info", "cobertura/coveragepy/cobertura.xml", "coverage-py/plain/coverage.json"],
    &[
        "istanbul/nyc/coverage-final.json",
        "lcov/nyc/lcov.info",
        "cobertura/nyc/cobertura.xml",
        "clover/nyc/clover.xml",
    ],
    &[
        "istanbul/jest/coverage-final.json",
        "lcov/jest/lcov.info",
        "cobertura/jest/cobertura.xml",
        "clover/jest/clover.xml",
    ],
    &["istanbul/vitest-v8/coverage-final.json", "lcov/vitest/lcov.info", "cobertura/vitest/cobertura.xml"],
    // V8's own lines: istanbul's form holds them as statements, the others as they are.
    &["istanbul/c8/coverage-final.json", "lcov/c8/lcov.info", "cobertura/c8/cobertura.xml"],
    &[
        "lcov/gcovr/lcov.info",
        "cobertura/gcovr-8/cobertura.xml",
        "gcovr-json/version-8/gcovr.json",
        "sonar/gcovr-8/sonar.xml",
        "clover/gcovr/clover.xml",
        "coveralls/gcovr/coveralls.json",
    ],
    // gcov writes a file for each source or object file; its JSON holds the headers of the standard library too.
    &[
        "lcov/geninfo/lcov.info",
        "gcov/text/main.cpp.gcov gcov/text/money.cpp.gcov gcov/text/money.hpp.gcov",
        "gcov-json/plain/app-main.gcov.json gcov-json/plain/app-money.gcov.json",
        "gcovr-json/version-8/gcovr.json",
    ],
    &["cobertura/gcovr-5/cobertura.xml", "gcovr-json/version-5/gcovr.json", "sonar/gcovr-5/sonar.xml"],
    &["lcov/llvm-cov/lcov.info", "llvm-cov/export/llvm.json"],
    &["clover/phpunit/clover.xml", "cobertura/phpunit/cobertura.xml"],
    // One program with one input, measured by two tools.
    &["jacoco/fee/jacoco.xml", "cobertura/fee/cobertura.xml"],
];

/// File name → line → whether it ran.
type Ran = std::collections::BTreeMap<String, std::collections::BTreeMap<u32, bool>>;

/// The lines of reports that stand with a space between them; a line ran if one of them says so.
fn lines_of(reports: &str) -> Ran {
    let mut ran = Ran::new();
    for report in reports.split(' ') {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formats").join(report);
        let bytes = std::fs::read(&file).unwrap();
        let mut source = Source::from_bytes(&bytes);
        let Detected::One(format) = formats::detect(&source.head().unwrap()) else { panic!("{report}") };
        let parsed =
            (format.parse)(&mut source, &mut Context::default()).unwrap_or_else(|_| panic!("{report}"));
        let formats::Report::Coverage(read) = parsed.report else { panic!("{report} is no coverage") };
        for (path, coverage) in read.files.iter().filter(|(_, coverage)| !coverage.lines.is_empty()) {
            let name = path.raw().rsplit(['/', '\\']).next().unwrap_or_default();
            let lines = ran.entry(name.to_owned()).or_default();
            for line in coverage.lines.iter() {
                *lines.entry(line.line.get()).or_default() |= line.hits > 0;
            }
        }
    }
    ran
}

#[test]
fn one_run_in_several_formats_says_the_same_of_every_line() {
    for group in SAME_RUN {
        let first = lines_of(group[0]);
        assert!(first.values().map(std::collections::BTreeMap::len).sum::<usize>() >= 8, "{}", group[0]);
        for other in &group[1..] {
            let mut lines = lines_of(other);
            lines.retain(|file, _| !other.starts_with("gcov-json/") || first.contains_key(file));
            assert_eq!(first, lines, "{} and {other}", group[0]);
        }
    }
}
