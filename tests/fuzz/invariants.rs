//! What holds for every reader and any bytes: no panic, and nothing comes back that the invariants forbid. Shared by the
//! fuzz target and by the test that runs it for a short time without libFuzzer.

use std::io::Read;
use tollgate::formats::{self, Context, Detected, Format, ParseError, Parsed, Report, Source};
use tollgate::model::Health;

/// What holds for every format and any bytes; panics where it does not.
pub(crate) fn hold(bytes: &[u8]) {
    detect(bytes);
    for format in formats::all() {
        let whole = parse(format, bytes);
        if let Ok(parsed) = &whole {
            check(format, parsed);
            pieces_change_nothing(format, bytes, parsed);
            a_cut_is_seen(format, bytes, parsed);
        }
    }
}

type Outcome = Result<Parsed, ParseError>;

/// Detection answers, whatever the bytes are.
fn detect(bytes: &[u8]) {
    if let Ok(head) = Source::from_bytes(bytes).head() {
        match formats::detect(&head) {
            Detected::One(format) => assert!((format.sniff)(&head)),
            Detected::Ambiguous(ids) => assert!(ids.len() > 1),
            Detected::Unknown => {}
        }
    }
}

fn parse(format: &Format, bytes: &[u8]) -> Outcome {
    (format.parse)(&mut Source::from_bytes(bytes), &mut context())
}

/// Small caps, so that small files reach them.
fn context() -> Context {
    let mut context = Context::default();
    context.max_kept = 10;
    context.max_text = 64;
    context
}

/// What holds for every report that was read to its end.
fn check(format: &Format, parsed: &Parsed) {
    let id = format.id;
    assert!(parsed.report.kind() == format.kind, "{id}: a report of another kind");
    assert!(!matches!(parsed.health, Health::Invalid | Health::Missing), "{id}: that is for errors");
    let complete = parsed.health == Health::Complete;
    match &parsed.report {
        Report::Tests(run) => {
            let t = run.totals;
            assert_eq!(t.tests, t.passed + t.failed + t.errored + t.skipped + t.unknown, "{id}: the totals");
            assert!(t.flaky <= t.passed, "{id}: flaky is a part of passed");
            assert!(!complete || t.tests > 0, "{id}: complete without a case");
            assert!(!complete || t.unknown == 0, "{id}: complete with an unknown outcome");
            for case in &run.cases {
                assert!(case.message.raw().len() <= 4 * 64 + 16, "{id}: the cap of texts");
            }
            let kept = (run.cases.len() + run.containers.len()) as u64;
            let shown = t.bad() + t.skipped + t.unknown + t.flaky + t.container_failures;
            assert_eq!(kept + run.not_kept, shown, "{id}: kept and not kept are all that is no plain pass");
        }
        Report::Coverage(coverage) => {
            let totals = coverage.totals();
            for ratio in [totals.lines, totals.branches, totals.functions].into_iter().flatten() {
                assert!(ratio.part <= ratio.whole, "{id}: more covered than there is");
            }
            assert!(
                !complete || totals.lines.is_some_and(|lines| lines.whole > 0),
                "{id}: complete without a line"
            );
        }
        Report::Scan(scans) => {
            assert!(!complete || !scans.is_empty(), "{id}: complete without a run");
            for scan in scans {
                assert!(
                    !complete || scan.health == Health::Complete,
                    "{id}: complete with a run that is not"
                );
                let active =
                    scan.findings.iter().filter(|finding| finding.suppression.is_none()).count() as u64;
                assert_eq!(active + scan.not_kept.total(), scan.active.total(), "{id}: kept and not kept");
            }
        }
    }
}

/// The same bytes, however they arrive, say the same.
fn pieces_change_nothing(format: &Format, bytes: &[u8], whole: &Parsed) {
    let size = 1 + bytes.iter().fold(0_usize, |sum, byte| sum.wrapping_add(usize::from(*byte))) % 61;
    let mut source = Source::new(Pieces { rest: bytes, size }, u64::MAX);
    let pieces = (format.parse)(&mut source, &mut context());
    let pieces = pieces.unwrap_or_else(|error| panic!("{}: in pieces of {size} bytes: {error}", format.id));
    // Behind a cap no text is looked at, and where that is to the byte depends on the pieces: whether bytes that are no
    // UTF-8 are met there does too.
    if std::str::from_utf8(bytes).is_ok() {
        assert_eq!(format!("{whole:?}"), format!("{pieces:?}"), "{}: in pieces of {size} bytes", format.id);
    }
}

struct Pieces<'b> {
    rest: &'b [u8],
    size: usize,
}

impl Read for Pieces<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let count = self.size.min(self.rest.len()).min(into.len());
        let (now, later) = self.rest.split_at(count);
        into[..count].copy_from_slice(now);
        self.rest = later;
        Ok(count)
    }
}

/// Of a whole XML or JSON report, no beginning is a whole report (but for blanks and comments behind its end).
fn a_cut_is_seen(format: &Format, bytes: &[u8], whole: &Parsed) {
    let xml = matches!(
        format.id,
        "junit" | "trx" | "nunit2" | "nunit3" | "xunit" | "cobertura" | "clover" | "jacoco" | "sonar"
    );
    let json = matches!(
        format.id,
        "sarif" | "jest" | "mocha" | "rspec" | "ctrf" | "playwright" | "cucumber" | "semgrep" | "bandit"
    );
    if !(xml || json) || whole.health != Health::Complete {
        return;
    }
    let cut = bytes.len() * usize::from(bytes[bytes.len() / 2]) / 256;
    let (beginning, rest) = bytes.split_at(cut);
    let missing = rest.iter().find(|byte| !byte.is_ascii_whitespace() && **byte != 0);
    let Some(next) = missing else { return };
    if let Ok(parsed) = parse(format, beginning) {
        let behind_the_end = xml && *next == b'<' && beginning.trim_ascii_end().ends_with(b">");
        assert!(
            parsed.health != Health::Complete || behind_the_end,
            "{}: complete though cut at {cut}",
            format.id
        );
    }
}
