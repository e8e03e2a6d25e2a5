//! The readers that are measured: Tollgate's, and the barest loop over the same bytes.

use quick_xml::events::Event;
use serde::de::IgnoredAny;
use std::fs::File;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use tollgate::formats::{self, Context, Source};
use tollgate::gate::{self, Ground, Keep, Reading, ReportSource};
use tollgate::model::{Ratio, ReportTotals, ScanClasses};

/// A reader with what it needs before the clock starts.
pub enum Prepared {
    /// Reads the file through the bounded window, as the program does.
    Tollgate(&'static formats::Format, Context),
    /// Reads all files of a folder, so many at once, and merges them.
    Folder(NonZeroUsize),
    /// Runs over bytes that are in memory already.
    Slice(fn(&[u8]) -> String, Vec<u8>),
}

/// Names of readers: `tollgate:<format>`, `totals:<format>` (no identities kept), or a bare loop.
pub fn prepare(reader: &str, file: &Path) -> Prepared {
    let bytes = || std::fs::read(file).expect("the file is there");
    if let Some(at_once) = reader.strip_prefix("folder:") {
        return Prepared::Folder(at_once.parse().expect("a number of threads"));
    }
    if let Some((how, id)) = reader.split_once(':') {
        let format = formats::by_id(id).unwrap_or_else(|| panic!("no format is called {id}"));
        let mut context = Context::default();
        context.keep_identities = how != "totals";
        // As `check` reads without a base, and with one.
        context.keep_passed = matches!(how, "tollgate" | "everything");
        context.keep_repeats = how == "everything";
        context.keep_places = how == "everything";
        return Prepared::Tollgate(format, context);
    }
    let loop_: fn(&[u8]) -> String = match reader {
        "quick-xml" => quick_xml_events,
        "memchr-lines" => memchr_lines,
        "hand-lcov" => hand_lcov,
        "ignored-any" => ignored_any,
        "ignored-lines" => ignored_lines,
        other => panic!("no reader is called {other}"),
    };
    Prepared::Slice(loop_, bytes())
}

impl Prepared {
    pub fn run(self, file: &Path) -> String {
        match self {
            Self::Slice(run, bytes) => run(&bytes),
            Self::Tollgate(format, context) => tollgate(format, context, file),
            Self::Folder(at_once) => folder(at_once, file),
        }
    }
}

fn folder(at_once: NonZeroUsize, folder: &Path) -> String {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("a file").path())
        .collect();
    files.sort();
    let sources = files.iter().map(|file| ReportSource {
        file: file.to_string_lossy().into_owned().into(),
        entry: String::new(),
        kind: None,
        format: None,
        classes: ScanClasses::NONE,
        source: Ok(Source::new(File::open(file).expect("the file is there"), u64::MAX)),
    });
    let reading = Reading { at_once, ..Reading::keeping(Keep::Everything) };
    let snapshot = gate::read(sources, &Ground::default(), None, None, reading);
    let run = snapshot.tests.expect("reports of tests");
    totals(&ReportTotals::Tests(run.totals))
}

fn tollgate(format: &'static formats::Format, mut context: Context, file: &Path) -> String {
    let file = File::open(file).expect("the file is there");
    let mut source = Source::new(file, u64::MAX);
    match (format.parse)(&mut source, &mut context) {
        Ok(parsed) => format!("{} {}", parsed.health.word(), totals(&parsed.report.totals())),
        Err(error) => format!("refused: {}: {error}", error.code).chars().take(120).collect(),
    }
}

fn totals(totals: &ReportTotals) -> String {
    let ratio = |r: Option<Ratio>| r.map_or("-".into(), |r| format!("{}/{}", r.part, r.whole));
    match totals {
        ReportTotals::None => "nothing".into(),
        ReportTotals::Tests(t) => {
            format!("tests={} failed={} errored={} skipped={}", t.tests, t.failed, t.errored, t.skipped)
        }
        ReportTotals::Coverage(c) => format!("lines={} branches={}", ratio(c.lines), ratio(c.branches)),
        ReportTotals::Scan { active: a, suppressed } => format!(
            "critical={} high={} medium={} low={} other={} suppressed={suppressed}",
            a.critical,
            a.high,
            a.medium,
            a.low,
            a.info + a.unknown
        ),
    }
}

/// quick-xml's event loop over a slice, in its default configuration; no attribute is looked at.
fn quick_xml_events(bytes: &[u8]) -> String {
    let mut reader = quick_xml::Reader::from_reader(bytes);
    let mut events = 0_u64;
    loop {
        match reader.read_event() {
            Ok(Event::Eof) => return format!("events={events}"),
            Ok(_) => events += 1,
            Err(error) => return format!("refused: {error}"),
        }
    }
}

/// From line end to line end.
fn memchr_lines(bytes: &[u8]) -> String {
    format!("lines={}", memchr::memchr_iter(b'\n', bytes).count())
}

/// A path, and its lines with their hits.
type HandFile<'b> = (&'b [u8], Vec<(u32, u32)>);

/// One memchr a line; SF and DA are understood, path and (line, hits) kept.
fn hand_lcov(bytes: &[u8]) -> String {
    let mut files: Vec<HandFile<'_>> = Vec::new();
    let mut rest = bytes;
    while let Some(end) = memchr::memchr(b'\n', rest) {
        let line = &rest[..end];
        rest = &rest[end + 1..];
        if let Some(record) = line.strip_prefix(b"DA:") {
            let (number, tail) = digits(record);
            let (hits, _) = digits(tail.strip_prefix(b",").unwrap_or(tail));
            if let Some((_, lines)) = files.last_mut() {
                lines.push((number, hits));
            }
        } else if let Some(path) = line.strip_prefix(b"SF:") {
            files.push((path, Vec::new()));
        }
    }
    let all = || files.iter().flat_map(|(_, lines)| lines);
    format!("lines={}/{}", all().filter(|line| line.1 > 0).count(), all().count())
}

fn digits(text: &[u8]) -> (u32, &[u8]) {
    let mut value = 0_u32;
    for (index, byte) in text.iter().enumerate() {
        match byte {
            b'0'..=b'9' => value = value.wrapping_mul(10).wrapping_add(u32::from(byte - b'0')),
            _ => return (value, &text[index..]),
        }
    }
    (value, &[])
}

fn ignored_any(bytes: &[u8]) -> String {
    match serde_json::from_slice::<IgnoredAny>(bytes) {
        Ok(_) => "skipped".into(),
        Err(error) => format!("refused: {error}"),
    }
}

/// The same, value after value: JSON lines.
fn ignored_lines(bytes: &[u8]) -> String {
    let mut values = 0_u64;
    for value in serde_json::Deserializer::from_slice(bytes).into_iter::<IgnoredAny>() {
        match value {
            Ok(_) => values += 1,
            Err(error) => return format!("refused: {error}"),
        }
    }
    format!("values={values}")
}
