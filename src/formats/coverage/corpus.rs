//! Real files with known totals, where the folder that holds them is there (`TOLLGATE_CORPUS`).

#![expect(clippy::disallowed_methods, reason = "a test that reads a folder which only some machines have")]

use crate::formats::{Context, Detected, Report, Source, by_id, detect};
use crate::model::{CoverageReport, Health, Ratio};
use std::path::PathBuf;

/// The manifest's name of a format → ours.
const FORMATS: &[(&str, &str)] = &[
    ("clover", "clover"),
    ("cobertura", "cobertura"),
    ("coveragepy", "coverage-py"),
    ("codecovjson", "codecov"),
    ("coveralls", "coveralls"),
    ("dotcover", "dotcover"),
    ("gcov", "gcov"),
    ("gcovjson", "gcov-json"),
    ("gcovrjson", "gcovr-json"),
    ("gocover", "go-cover"),
    ("istanbul", "istanbul"),
    ("jacoco", "jacoco"),
    ("lcov", "lcov"),
    ("llvmjson", "llvm-cov"),
    ("opencover", "opencover"),
    ("scoverage", "scoverage"),
    ("simplecov", "simplecov"),
    ("sonar", "sonar"),
    ("vs", "visual-studio"),
    ("xccov", "xccov"),
];

/// Where our figure differs from the manifest's, and why: (file, metric, ours, reason).
const DIFFERENCES: &[(&str, &str, (u64, u64), &str)] = &[
    ("gocover/cov-coverage.out", "lines", (857, 1862), "a line with only a block's closing brace is no line"),
    (
        "gocover/octo-coverage.out",
        "lines",
        (3188, 4907),
        "a line with only a block's closing brace is no line",
    ),
    (
        "llvmjson/gen-llvm-cov-export.json",
        "lines",
        (29, 36),
        "the segments, which equal the DA records of the same run's LCOV; its own totals contradict both",
    ),
    (
        "lcov/llvmcov-workspace_root.lcov.info",
        "functions",
        (7, 7),
        "the manifest leaves FNF/FNH of a summary-only file out; the same run's JSON says 7 of 7",
    ),
];

fn corpus() -> Option<PathBuf> {
    let root = std::env::var_os("TOLLGATE_CORPUS")?;
    let folder = PathBuf::from(root).join("coverage");
    folder.is_dir().then_some(folder)
}

fn read(path: &str) -> (CoverageReport, Health) {
    let file = corpus().unwrap().join(path);
    let bytes = std::fs::read(&file).unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut source = Source::from_bytes(&bytes);
    let Detected::One(format) = detect(&source.head().unwrap()) else { panic!("{path}: not recognised") };
    let folder = path.split('/').next().unwrap_or_default();
    let expected = FORMATS.iter().find(|(name, _)| *name == folder).map(|(_, id)| *id);
    assert_eq!(Some(format.id), expected, "{path}: taken for another format");
    let parsed = (format.parse)(&mut source, &mut Context::default());
    let parsed = parsed.unwrap_or_else(|error| panic!("{path}: {error}"));
    let Report::Coverage(report) = parsed.report else { panic!("{path}: not coverage") };
    (report, parsed.health)
}

fn pair(ratio: Option<Ratio>) -> (u64, u64) {
    ratio.map_or((0, 0), |ratio| (ratio.part, ratio.whole))
}

fn is_read(path: &str) -> bool {
    let folder = path.split('/').next().unwrap_or_default();
    FORMATS.iter().any(|(name, id)| *name == folder && by_id(id).is_some())
}

/// The rows of a table, without its header.
fn rows(table: &str) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(corpus().unwrap().join(table)).unwrap();
    text.lines().skip(1).map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}

#[test]
fn every_real_file_has_the_totals_of_the_manifest() {
    if corpus().is_none() {
        return;
    }
    let mut wrong = Vec::new();
    let mut seen = 0;
    for row in rows("MANIFEST.tsv") {
        let path = row[0].as_str();
        if !is_read(path) {
            continue;
        }
        seen += 1;
        let number = |column: usize| row[column].parse::<u64>().unwrap();
        let (report, _) = read(path);
        let totals = report.totals();
        for (metric, ours, column) in [
            ("lines", totals.lines, 6),
            ("branches", totals.branches, 8),
            ("functions", totals.functions, 10),
        ] {
            let stated = (number(column), number(column + 1));
            let explained = DIFFERENCES.iter().find(|row| row.0 == path && row.1 == metric);
            let wanted = explained.map_or(stated, |row| row.2);
            let left_out = metric == "functions" && stated == (0, 0) && explained.is_none();
            if pair(ours) != wanted && !left_out {
                wrong.push(format!("{path}: {metric} are {:?}, wanted {wanted:?}", pair(ours)));
            }
        }
        // Some of the tools that counted leave files without lines out.
        let with_lines = report.files.values().filter(|file| file.totals().lines.is_some()).count() as u64;
        if !(with_lines..=report.files.len() as u64).contains(&number(17)) {
            wrong.push(format!("{path}: {} files, wanted {}", report.files.len(), number(17)));
        }
    }
    assert!(wrong.is_empty(), "{} of {seen} files:\n{}", wrong.len(), wrong.join("\n"));
}

/// `785/1388`, at the beginning of a cell.
fn fraction(cell: &str) -> Option<(u64, u64)> {
    let text: String = cell.chars().take_while(|c| c.is_ascii_digit() || *c == '/').collect();
    let (part, whole) = text.split_once('/')?;
    Some((part.parse().ok()?, whole.parse().ok()?))
}

fn present(path: &str) -> bool {
    is_read(path) && corpus().unwrap().join(path).is_file()
}

#[test]
fn one_run_reported_in_several_formats_has_one_figure() {
    if corpus().is_none() {
        return;
    }
    for row in rows("EQUIV.tsv") {
        let members: Vec<&str> = row[3]
            .split_whitespace()
            .map(|member| member.split('(').next().unwrap_or_default())
            .filter(|member| present(member))
            .collect();
        for member in &members {
            let totals = read(member).0.totals();
            let first = read(members[0]).0.totals();
            assert_eq!(totals.lines, first.lines, "{}: lines of {member}", row[0]);
            // Cobertura's lines carry fewer of istanbul's branches than the other forms do; llvm-cov's LCOV counts
            // the branches of each instantiation of a template, its JSON once.
            if !member.starts_with("cobertura/gen-nyc") && row[0] != "cpp-llvm" {
                assert_eq!(totals.branches, first.branches, "{}: branches of {member}", row[0]);
            }
        }
    }
}

/// The inputs of a row: `x-a.xml + b` means `x-a.xml + x-b.xml`.
fn inputs(cell: &str) -> Vec<String> {
    let mut parts = cell.split(" + ").map(str::trim);
    let first = parts.next().unwrap_or_default().to_owned();
    let mut paths = vec![first.clone()];
    for part in parts {
        paths.push(match part.len() {
            1 => first.replace("-a.", &format!("-{part}.")),
            _ => part.to_owned(),
        });
    }
    paths
}

fn merged(paths: &[String]) -> CoverageReport {
    let mut all = CoverageReport::default();
    for path in paths {
        let report = read(path).0;
        // Paths are resolved against a tree elsewhere; here the one root and the one workspace of these files are enough.
        let root = report.roots.first().map_or_else(String::new, |root| format!("{}/", root.raw()));
        for (name, file) in report.files {
            let name = name.raw().strip_prefix("/home/runner/work/app/app/").unwrap_or(name.raw());
            let name = format!("{root}{name}");
            all.files.entry(name.into()).or_default().merge(&file);
        }
    }
    all
}

#[test]
fn shards_merge_to_the_known_totals_in_any_order() {
    if corpus().is_none() {
        return;
    }
    for row in rows("MERGE.tsv") {
        let paths = inputs(&row[0]);
        let Some(lines) = fraction(&row[1]).filter(|_| paths.iter().all(|path| present(path))) else {
            continue;
        };
        let forwards = merged(&paths);
        let mut reversed = paths.clone();
        reversed.reverse();
        assert_eq!(forwards, merged(&reversed), "{}", row[0]);
        assert_eq!(pair(forwards.totals().lines), lines, "{}: lines", row[0]);
        assert_eq!(Some(pair(forwards.totals().branches)), fraction(&row[2]), "{}: branches", row[0]);
    }
}

#[test]
fn a_report_merged_with_itself_keeps_its_totals() {
    if corpus().is_none() {
        return;
    }
    for row in rows("MANIFEST.tsv") {
        if is_read(&row[0]) {
            let once = read(&row[0]).0.totals();
            let twice = merged(&[row[0].clone(), row[0].clone()]).totals();
            assert_eq!(once, twice, "{}", row[0]);
        }
    }
}
