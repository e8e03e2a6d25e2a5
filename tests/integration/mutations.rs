//! No false green: whatever happens to a failing report, the verdict never becomes `passed`.
//!
//! Every report of our own fixtures (and of a corpus, where `TOLLGATE_CORPUS` names one) is judged under a
//! policy that any blemish breaks. Those that do not pass are cut, stripped, wrapped, re-encoded and damaged
//! in many ways; no mutant may pass.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use tollgate::compare::{BaseSide, Occasion};
use tollgate::formats::Source;
use tollgate::gate::{self, Ground, Keep, Reading, ReportSource};
use tollgate::model::{DiffState, Untrusted, VerdictKind};
use tollgate::policy;

/// Anything but a clean report fails under this policy.
const STRICT: &str = "
version: 1
rules:
  tests.failed: { max: 0 }
  tests.executed: { min: 1 }
  coverage.total: { min: 100, mode: enforce }
  scan.all: { critical: 0, high: 0, medium: 0, low: 0, info: 0, unknown-as: high, mode: enforce }
";

/// Judges one file by itself.
fn verdict_of(name: &str, bytes: &[u8]) -> VerdictKind {
    let file = policy::parse(STRICT, "strict.yml").unwrap_or_else(|errors| panic!("{errors:?}"));
    let policy = policy::resolve(Some(&file), "strict.yml");
    let source = ReportSource {
        file: Untrusted::new(name),
        entry: String::new(),
        kind: None,
        format: None,
        source: Ok(Source::from_bytes(bytes)),
    };
    let head = gate::read([source], &Ground::default(), None, None, Reading::keeping(Keep::Everything));
    let case = gate::Case {
        head: &head,
        base: BaseSide::default(),
        diff: &DiffState::NoBase,
        occasion: Occasion::Absolute,
        policy: &policy,
        provenance: None,
        header: Vec::new(),
        diagnostics: Vec::new(),
    };
    gate::judge(case).kind
}

fn reports() -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formats");
    collect(&fixtures, &fixtures, &mut found);
    if let Some(corpus) = std::env::var_os("TOLLGATE_CORPUS").map(PathBuf::from) {
        for kind in ["tests", "coverage", "security"] {
            collect(&corpus, &corpus.join(kind), &mut found);
        }
    }
    found
}

fn collect(root: &Path, folder: &Path, found: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.unwrap().path();
        let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            collect(root, &path, found);
        } else if !name.ends_with(".tsv") && !name.ends_with("SOURCE") && !name.ends_with("expected.json") {
            found.insert(name, fs::read(&path).unwrap());
        }
    }
}

/// All mutants of a report, each with what was done to it.
fn mutants(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    cuts(bytes, &mut all);
    let Ok(text) = std::str::from_utf8(bytes) else { return all };
    encodings(text, &mut all);
    if text.trim_start_matches('\u{feff}').trim_start().starts_with('<') {
        xml(text, &mut all);
    }
    all.push(("written twice".to_owned(), [bytes, bytes].concat()));
    for share in [1, 3, 7] {
        let mut damaged = bytes.to_vec();
        let at = damaged.len() * share / 8;
        damaged.insert(at, 0);
        all.push((format!("NUL byte at {at}"), damaged));
    }
    all
}

fn cuts(bytes: &[u8], all: &mut Vec<(String, Vec<u8>)>) {
    let length = bytes.len();
    let mut at: Vec<usize> = (0..60).map(|share| length * share / 60).collect();
    at.extend((1..8).filter_map(|back| length.checked_sub(back)));
    at.sort_unstable();
    at.dedup();
    for end in at {
        all.push((format!("cut at {end} of {length}"), bytes[..end].to_vec()));
    }
}

fn encodings(text: &str, all: &mut Vec<(String, Vec<u8>)>) {
    let plain = text.trim_start_matches('\u{feff}');
    let units: Vec<u16> = std::iter::once(0xfeff).chain(plain.encode_utf16()).collect();
    all.push(("UTF-16 LE".to_owned(), units.iter().flat_map(|unit| unit.to_le_bytes()).collect()));
    all.push(("UTF-16 BE".to_owned(), units.iter().flat_map(|unit| unit.to_be_bytes()).collect()));
    all.push(("UTF-8 with a mark".to_owned(), format!("\u{feff}{plain}").into_bytes()));
    all.push(("CRLF".to_owned(), plain.replace("\r\n", "\n").replace('\n', "\r\n").into_bytes()));
    let half = units.len() * 2 / 3;
    all.push(("UTF-16 cut".to_owned(), units[..half].iter().flat_map(|unit| unit.to_le_bytes()).collect()));
}

/// Attributes that state totals, in all XML formats.
const TOTALS: &[&str] = &[
    "tests",
    "failures",
    "errors",
    "skipped",
    "skip",
    "disabled",
    "assertions",
    "total",
    "passed",
    "failed",
    "inconclusive",
    "lines-valid",
    "lines-covered",
    "line-rate",
    "branch-rate",
    "branches-valid",
    "branches-covered",
    "executed",
    "count",
];

fn xml(text: &str, all: &mut Vec<(String, Vec<u8>)>) {
    let (mut without, mut zeroed) = (text.to_owned(), text.to_owned());
    for name in TOTALS {
        without = replace_attribute(&without, name, None);
        zeroed = replace_attribute(&zeroed, name, Some("0"));
    }
    all.push(("without totals".to_owned(), without.into_bytes()));
    all.push(("totals of zero".to_owned(), zeroed.into_bytes()));
    let root = text.find("<testsuite").filter(|_| text.contains("<testcase"));
    if let Some(at) = root {
        let body = &text[at..];
        for (before, after) in [
            ("<testsuites><testsuite name=\"wrapper\" tests=\"1\">", "</testsuite></testsuites>"),
            ("<testsuite name=\"wrapper\">", "</testsuite>"),
            ("<t:testsuites xmlns:t=\"urn:x\"><t:testsuite>", "</t:testsuite></t:testsuites>"),
        ] {
            all.push((format!("wrapped in {before}"), format!("{before}{body}{after}").into_bytes()));
        }
        let nested = format!("{}{body}{}", "<testsuite>".repeat(40), "</testsuite>".repeat(40));
        all.push(("wrapped 40 times".to_owned(), nested.into_bytes()));
    }
}

/// Replaces (or removes) every ` name="…"` outside of CDATA's content; crude, and enough for reports.
fn replace_attribute(text: &str, name: &str, value: Option<&str>) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    let marker = format!(" {name}=");
    while let Some(at) = rest.find(&marker) {
        let (before, tail) = rest.split_at(at);
        result.push_str(before);
        let tail = &tail[marker.len()..];
        let quote = tail.chars().next().unwrap_or(' ');
        let end = (quote == '"' || quote == '\'').then(|| tail[1..].find(quote)).flatten();
        let Some(end) = end else {
            result.push_str(&marker);
            rest = tail;
            continue;
        };
        if let Some(value) = value {
            result.push_str(&format!("{marker}\"{value}\""));
        }
        rest = &tail[end + 2..];
    }
    result.push_str(rest);
    result
}

#[test]
fn a_failing_report_never_passes_whatever_happens_to_it() {
    let (mut originals, mut tried, mut green) = (0, 0, Vec::new());
    for (name, bytes) in reports() {
        if verdict_of(&name, &bytes) == VerdictKind::Passed {
            continue;
        }
        originals += 1;
        for (what, mutant) in mutants(&bytes) {
            tried += 1;
            if verdict_of(&name, &mutant) == VerdictKind::Passed && !explained(&name, &what) {
                green.push(format!("{name}: {what}"));
            }
        }
    }
    println!("{tried} mutants of {originals} failing reports, {} passed", green.len());
    assert!(originals >= 10, "only {originals} failing originals: are the fixtures there?");
    assert!(green.is_empty(), "{} mutants pass:\n{}", green.len(), green.join("\n"));
}

/// Mutants that may pass, each for a reason that no reader of the one file can see through.
fn explained(_name: &str, _what: &str) -> bool {
    false
}
