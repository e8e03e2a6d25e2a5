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
use tollgate::model::{DiffState, Kind, Untrusted, VerdictKind};
use tollgate::policy;

/// Anything but a clean report of the kind fails under this policy. It names no rule about another kind: that one's
/// evidence would be missing, and then nothing could pass, whatever became of the report.
fn strict(name: &str) -> &'static str {
    let format = tollgate::formats::by_id(name.split('/').next().unwrap_or_default());
    match format.map(|format| format.kind) {
        Some(Kind::Tests) => "version: 1\nrules: { tests.failed: { max: 0 }, tests.executed: { min: 1 } }\n",
        Some(Kind::Coverage) => "version: 1\nrules: { coverage.total: { min: 100, mode: enforce } }\n",
        Some(Kind::Scan) => {
            "version: 1\nrules:\n  scan.all: { critical: 0, high: 0, medium: 0, low: 0, info: 0, unknown-as: high, mode: enforce }\n"
        }
        None if name.starts_with("tests/") => strict("junit/"),
        None if name.starts_with("coverage/") => strict("lcov/"),
        None => strict("sarif/"),
    }
}

/// Judges one file by itself.
fn verdict_of(name: &str, bytes: &[u8]) -> VerdictKind {
    let file = policy::parse(strict(name), "strict.yml").unwrap_or_else(|errors| panic!("{errors:?}"));
    let policy = policy::resolve(Some(&file), "strict.yml");
    let source = ReportSource {
        file: Untrusted::new(name),
        entry: String::new(),
        kind: None,
        format: None,
        classes: tollgate::model::ScanClasses::NONE,
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

pub(crate) fn reports() -> BTreeMap<String, Vec<u8>> {
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
fn mutants(name: &str, bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    cuts(bytes, &mut all);
    let Ok(text) = std::str::from_utf8(bytes) else { return all };
    encodings(text, &mut all);
    if text.trim_start_matches('\u{feff}').trim_start().starts_with('<') {
        xml(text, &mut all);
    }
    let is_sarif = format_of(name) == "sarif" || name.ends_with(".sarif");
    if is_of_tests(name) || is_sarif {
        outcomes(text, &mut all);
    }
    if is_of_tests(name) {
        totals_in_json(text, &mut all);
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

/// Words for a test that did not pass, as the formats quote them.
const BAD_WORDS: &[&str] = &[
    "failed",
    "Failed",
    "FAILED",
    "fail",
    "Fail",
    "failure",
    "Failure",
    "error",
    "Error",
    "ERROR",
    "errored",
    "broken",
    "unexpected",
    "timedOut",
    "Timeout",
    "undefined",
    "UNDEFINED",
    "other",
    "Aborted",
];

/// Every word for a failure becomes one that nobody knows.
fn outcomes(text: &str, all: &mut Vec<(String, Vec<u8>)>) {
    let mut renamed = text.to_owned();
    for word in BAD_WORDS {
        for quote in ['"', '\''] {
            renamed = renamed.replace(&format!("{quote}{word}{quote}"), &format!("{quote}exploded{quote}"));
        }
    }
    if renamed != text {
        all.push(("unknown outcomes".to_owned(), renamed.into_bytes()));
    }
}

/// Keys that state totals, in the JSON formats of tests.
const JSON_TOTALS: &[&str] = &[
    "tests",
    "failures",
    "failed",
    "passes",
    "passed",
    "pending",
    "skipped",
    "other",
    "expected",
    "unexpected",
    "flaky",
    "numFailedTests",
    "numPassedTests",
    "numTotalTests",
    "numFailedTestSuites",
    "numRuntimeErrorTestSuites",
    "example_count",
    "failure_count",
    "pending_count",
    "errors_outside_of_examples_count",
    "test_count",
];

/// All totals become zero.
fn totals_in_json(text: &str, all: &mut Vec<(String, Vec<u8>)>) {
    let mut zeroed = text.to_owned();
    for name in JSON_TOTALS {
        for marker in [format!("\"{name}\":"), format!("\"{name}\": ")] {
            let mut result = String::with_capacity(zeroed.len());
            let mut rest = zeroed.as_str();
            while let Some(at) = rest.find(&marker) {
                let (before, behind) = rest.split_at(at + marker.len());
                result.push_str(before);
                let digits = behind.bytes().take_while(u8::is_ascii_digit).count();
                result.push_str(if digits > 0 { "0" } else { "" });
                rest = &behind[digits..];
            }
            result.push_str(rest);
            zeroed = result;
        }
    }
    if zeroed != text {
        all.push(("JSON totals of zero".to_owned(), zeroed.into_bytes()));
    }
}

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
    let mut by_format: BTreeMap<String, u64> = BTreeMap::new();
    for (name, bytes) in reports() {
        if verdict_of(&name, &bytes) == VerdictKind::Passed {
            continue;
        }
        originals += 1;
        for (what, mutant) in mutants(&name, &bytes) {
            tried += 1;
            *by_format.entry(format_of(&name)).or_default() += 1;
            if verdict_of(&name, &mutant) == VerdictKind::Passed && !explained(&name, &what) {
                green.push(format!("{name}: {what}"));
            }
        }
    }
    println!("{tried} mutants of {originals} failing reports, {} passed: {by_format:?}", green.len());
    assert!(tried >= 5_000, "only {tried} mutants");
    let tests = tollgate::formats::tests::FORMATS.iter().map(|format| format.id);
    let untried: Vec<&str> = tests.filter(|id| !by_format.contains_key(*id)).collect();
    assert!(untried.is_empty(), "no mutant of {untried:?}");
    assert!(originals >= 10, "only {originals} failing originals: are the fixtures there?");
    assert!(green.is_empty(), "{} mutants pass:\n{}", green.len(), green.join("\n"));
}

/// Mutants that may pass, each for a reason that no reader of the one file can see through: file, what was done, why.
const EXPLAINED: &[(&str, &str, &str)] = &[
    ("junit/hostile-entities/", "wrapped", "the declaration of entities is cut away"),
    ("junit/hostile-numbers/", "without totals", "the totals are its only blemish"),
    ("junit/hostile-numbers/", "totals of zero", "the totals are its only blemish"),
    ("junit/libtest-two-documents/", "wrapped", "two documents become one"),
    ("junit/text-after-root/", "wrapped", "text between suites is no text behind the root"),
    ("junit/text-after-root/", "cut at 93 ", "what stands behind the root is cut away"),
    ("junit/totals-declare-a-failure/", "without totals", "the declared failure is taken away"),
    ("junit/totals-declare-a-failure/", "totals of zero", "the declared failure is taken away"),
    ("tests/junit/jenkins-junit__junit-report-1233.xml", "without totals", "the totals are its only blemish"),
    ("tests/junit/jenkins-junit__junit-report-1233.xml", "totals of zero", "the totals are its only blemish"),
    ("ctrf/summary-declares/", "JSON totals of zero", "the declared failure is taken away"),
    ("cobertura/two-documents/", "cut at 3", "the second document is cut away"),
    (
        "coverage/gocover/cm-go-coverage-atomic.out",
        "cut at 133 ",
        "a profile has no end; this one ends with a whole line",
    ),
    ("go-cover/count-coverpkg/", "cut at 59 ", "a profile has no end; this one ends with a whole line"),
    ("go-cover/cut-off/", "cut at 59 ", "a profile has no end; this one ends with a whole line"),
    (
        "coverage/lcov/cov-test.lcov",
        "cut at 174 ",
        "a tracefile has no end; this one ends with a whole record",
    ),
    (
        "gcov/text/main.cpp.gcov",
        "cut at 308 ",
        "the text of gcov has no end; this one ends with a whole line",
    ),
];

fn explained(name: &str, what: &str) -> bool {
    EXPLAINED.iter().any(|(file, done, _)| name.starts_with(file) && what.starts_with(done))
}

fn is_of_tests(name: &str) -> bool {
    name.starts_with("tests/")
        || tollgate::formats::tests::FORMATS.iter().any(|format| format.id == format_of(name))
}

/// The format of a fixture, by its folder.
fn format_of(name: &str) -> String {
    name.split('/').next().unwrap_or_default().to_owned()
}

/// The same report in other clothes: what a checkout, an editor or an upload makes of a file without changing what it
/// says.
fn clothes(text: &str) -> Vec<(&'static str, Vec<u8>)> {
    let plain = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
    let bytes = |text: String| text.into_bytes();
    let mut all = vec![
        ("as it is", bytes(text.to_owned())),
        ("CRLF", bytes(plain.replace('\n', "\r\n"))),
        ("a mark", bytes(format!("\u{feff}{plain}"))),
        ("a blank line behind", bytes(format!("{plain}\n"))),
        ("no line end behind", bytes(plain.trim_end().to_owned())),
    ];
    let is_xml = plain.starts_with('<');
    let is_json = plain.starts_with(['{', '[']);
    if is_xml || is_json {
        let units: Vec<u16> = std::iter::once(0xfeff).chain(plain.encode_utf16()).collect();
        let declared =
            plain.replace("encoding=\"UTF-8\"", "encoding=\"UTF-16\"").encode_utf16().collect::<Vec<_>>();
        let declared: Vec<u16> = std::iter::once(0xfeff).chain(declared).collect();
        all.push(("UTF-16 LE", units.iter().flat_map(|unit| unit.to_le_bytes()).collect()));
        all.push(("UTF-16 BE, declared", declared.iter().flat_map(|unit| unit.to_be_bytes()).collect()));
    }
    if is_xml {
        all.push(("a comment behind", bytes(format!("{plain}<!-- made by CI -->\n"))));
        all.push(("single quotes", bytes(single_quotes(&plain))));
        all.push(("space in tags", bytes(plain.replace("/>", "  />"))));
        if !plain.starts_with("<?xml") {
            all.push((
                "a declaration",
                bytes(format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{plain}")),
            ));
        }
    }
    let packed = {
        use std::io::Write as _;
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(plain.as_bytes()).unwrap();
        packer.finish().unwrap()
    };
    all.push(("gzip", packed));
    all
}

/// Attributes in the other quotes, where nothing else in the file could be one.
fn single_quotes(text: &str) -> String {
    let attributes = text.matches("=\"").count() * 2 == text.matches('"').count();
    let plain = attributes && !text.contains('\'') && !text.contains("<![CDATA[") && !text.contains("<!--");
    if plain { text.replace('"', "'") } else { text.to_owned() }
}

/// Reports of tests that hold no failure by our own count of the fixture or by the corpus' independent one, and that
/// nevertheless may not pass, each with its reason.
const NO_PASS: &[(&str, &str)] = &[
    ("tests/junit/jenkins-junit__junit-report-1233.xml", "a suite declares 456 tests and lists 5"),
    (
        "tests/junit/jenkins-junit__junit-report-nested-testsuites.xml",
        "the report declares 186 tests and lists 2",
    ),
    ("tests/trx/jenkins-mstest__JENKINS-17506.trx", "the run itself failed, though each result passed"),
];

#[test]
fn a_passing_report_of_tests_passes_in_any_clothes() {
    let (mut originals, mut tried, mut red) = (0_u64, 0_u64, Vec::new());
    for (name, bytes) in reports() {
        let (true, Ok(text)) = (is_of_tests(&name), std::str::from_utf8(&bytes)) else {
            continue;
        };
        if !says_all_passed(&name) || NO_PASS.iter().any(|(known, _)| *known == name) {
            continue;
        }
        originals += 1;
        for (what, dressed) in clothes(text) {
            tried += 1;
            if verdict_of(&name, &dressed) != VerdictKind::Passed {
                red.push(format!("{name}: {what}"));
            }
        }
    }
    println!("{tried} clothes of {originals} passing reports, {} do not pass", red.len());
    assert!(originals >= 20, "only {originals} passing originals: are the fixtures there?");
    assert!(red.len() as u64 * 1_000 <= tried, "{} do not pass:\n{}", red.len(), red.join("\n"));
}

/// True for a fixture that is called passing, and for a file of the corpus of which an independent count says so.
fn says_all_passed(name: &str) -> bool {
    let Some(path) = name.strip_prefix("tests/") else {
        return name.split('/').nth(1).is_some_and(|case| case.ends_with("passing"));
    };
    let Some(root) = std::env::var_os("TOLLGATE_CORPUS") else { return false };
    let manifest = fs::read_to_string(Path::new(&root).join("tests/MANIFEST.tsv")).unwrap();
    let rows = manifest.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let row = rows.into_iter().find(|fields| fields[0] == path);
    let figures: Vec<u64> =
        row.map_or(Vec::new(), |fields| fields[7].split(' ').map_while(|word| word.parse().ok()).collect());
    matches!(figures[..], [_, 1..=u64::MAX, 0, 0, _, ..])
}
