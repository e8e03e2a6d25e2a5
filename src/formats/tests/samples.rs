//! One passing and one failing report of each format, and what holds for all of them.

use super::support::{detected, looks_passed, read, try_read};
use crate::model::Health;
use proptest::prelude::*;

struct Sample {
    format: &'static str,
    passing: &'static str,
    failing: &'static str,
    /// Of the failing one: `tests passed failed errored skipped`.
    figures: [u64; 5],
    /// True if a file may be cut between two lines without anything in it showing that.
    lines_stand_alone: bool,
}

const SAMPLES: &[Sample] = &[
    Sample {
        format: "junit",
        passing: "<?xml version=\"1.0\"?>\n<testsuites tests=\"1\"><testsuite name=\"\u{e9}\"><testcase name=\"a\" classname=\"k\" time=\"0.1\"/></testsuite></testsuites>\n",
        failing: "<testsuites tests=\"3\"><testsuite name=\"s\" failures=\"1\"><testcase name=\"a\"/><testcase name=\"b\"><failure message=\"m &lt; n\"><![CDATA[at x]]></failure></testcase><testcase name=\"c\"><skipped/></testcase></testsuite></testsuites>\n",
        figures: [3, 1, 1, 0, 1],
        lines_stand_alone: false,
    },
    Sample {
        format: "trx",
        passing: "<?xml version=\"1.0\"?><TestRun xmlns=\"http://microsoft.com/schemas/VisualStudio/TeamTest/2010\"><Results><UnitTestResult testId=\"1\" testName=\"a\" outcome=\"Passed\" duration=\"00:00:00.1\"/></Results><TestDefinitions><UnitTest id=\"1\"><TestMethod className=\"k\" name=\"a\"/></UnitTest></TestDefinitions><ResultSummary outcome=\"Completed\"><Counters total=\"1\" failed=\"0\"/></ResultSummary></TestRun>\n",
        failing: "<TestRun><Results><UnitTestResult testId=\"1\" testName=\"a\" outcome=\"Passed\"/><UnitTestResult testId=\"2\" testName=\"b\" outcome=\"Failed\"><Output><ErrorInfo><Message>m</Message><StackTrace>at x</StackTrace></ErrorInfo></Output></UnitTestResult><UnitTestResult testId=\"3\" testName=\"c\" outcome=\"Timeout\"/></Results><ResultSummary outcome=\"Failed\"><Counters total=\"3\" failed=\"1\" timeout=\"1\"/></ResultSummary></TestRun>\n",
        figures: [3, 1, 1, 1, 0],
        lines_stand_alone: false,
    },
    Sample {
        format: "nunit3",
        passing: "<test-run result=\"Passed\" total=\"1\" failed=\"0\"><test-suite type=\"Assembly\" name=\"/x/a.dll\" result=\"Passed\"><test-case name=\"a\" classname=\"k\" result=\"Passed\" duration=\"0.1\"/></test-suite></test-run>\n",
        failing: "<test-run result=\"Failed\" total=\"3\" failed=\"2\"><test-suite name=\"s\" result=\"Failed\" site=\"Child\"><failure><message>One or more child tests had errors</message></failure><test-case name=\"a\" result=\"Passed\"/><test-case name=\"b\" result=\"Failed\"><failure><message><![CDATA[m]]></message><stack-trace>at x</stack-trace></failure></test-case><test-case name=\"c\" result=\"Failed\" label=\"Error\"/></test-suite></test-run>\n",
        figures: [3, 1, 1, 1, 0],
        lines_stand_alone: false,
    },
    Sample {
        format: "nunit2",
        passing: "<test-results name=\"x\" total=\"1\" failures=\"0\" errors=\"0\"><test-suite name=\"s\" executed=\"True\" success=\"True\" result=\"Success\"><results><test-case name=\"a\" executed=\"True\" result=\"Success\" success=\"True\" time=\"0.1\"/></results></test-suite></test-results>\n",
        failing: "<test-results name=\"x\" total=\"2\" failures=\"1\" errors=\"0\"><test-suite name=\"s\" success=\"False\" result=\"Failure\"><results><test-case name=\"a\" executed=\"True\" success=\"True\"/><test-case name=\"b\" executed=\"True\" result=\"Failure\" success=\"False\"><failure><message>m</message></failure></test-case><test-case name=\"c\" executed=\"False\" result=\"Ignored\"><reason><message>later</message></reason></test-case></results></test-suite></test-results>\n",
        figures: [3, 1, 1, 0, 1],
        lines_stand_alone: false,
    },
    Sample {
        format: "xunit",
        passing: "<assemblies><assembly name=\"/x/a.dll\" total=\"1\" failed=\"0\" errors=\"0\"><errors/><collection total=\"1\"><test name=\"k.a\" type=\"k\" method=\"a\" time=\"0.1\" result=\"Pass\"/></collection></assembly></assemblies>\n",
        failing: "<assemblies><assembly name=\"a.dll\" total=\"3\" failed=\"1\"><collection><test name=\"a\" result=\"Pass\"/><test name=\"b\" result=\"Fail\"><failure exception-type=\"E\"><message>m</message><stack-trace>at x</stack-trace></failure></test><test name=\"c\" result=\"Skip\"><reason>later</reason></test></collection></assembly></assemblies>\n",
        figures: [3, 1, 1, 0, 1],
        lines_stand_alone: false,
    },
    Sample {
        format: "go-test",
        passing: "{\"Time\":\"2026-01-01T00:00:00Z\",\"Action\":\"start\",\"Package\":\"x/p\"}\n{\"Action\":\"run\",\"Package\":\"x/p\",\"Test\":\"TestA\"}\n{\"Action\":\"output\",\"Package\":\"x/p\",\"Test\":\"TestA\",\"Output\":\"=== RUN   TestA\\n\"}\n{\"Action\":\"pass\",\"Package\":\"x/p\",\"Test\":\"TestA\",\"Elapsed\":0.01}\n{\"Action\":\"pass\",\"Package\":\"x/p\",\"Elapsed\":0.02}\n",
        failing: "{\"Action\":\"start\",\"Package\":\"x/p\"}\n{\"Action\":\"run\",\"Package\":\"x/p\",\"Test\":\"TestA\"}\n{\"Action\":\"run\",\"Package\":\"x/p\",\"Test\":\"TestA/b\"}\n{\"Action\":\"output\",\"Package\":\"x/p\",\"Test\":\"TestA/b\",\"Output\":\"    a_test.go:3: boom\\n\"}\n{\"Action\":\"fail\",\"Package\":\"x/p\",\"Test\":\"TestA/b\"}\n{\"Action\":\"fail\",\"Package\":\"x/p\",\"Test\":\"TestA\"}\n{\"Action\":\"fail\",\"Package\":\"x/p\"}\n",
        figures: [2, 0, 2, 0, 0],
        lines_stand_alone: false,
    },
];

#[test]
fn each_sample_is_claimed_by_its_format_alone() {
    for sample in SAMPLES {
        for text in [sample.passing, sample.failing] {
            assert_eq!(detected(text.as_bytes()), Some(sample.format), "{text}");
        }
    }
}

#[test]
fn passing_samples_pass_and_failing_ones_count_as_written() {
    for sample in SAMPLES {
        let passing = read(sample.format, sample.passing);
        assert_eq!((passing.health, passing.codes()), (Health::Complete, vec![]), "{}", sample.passing);
        assert!(looks_passed(sample.format, sample.passing.as_bytes()), "{}", sample.passing);
        let failing = read(sample.format, sample.failing);
        assert_eq!(failing.figures(), sample.figures, "{}", sample.failing);
        assert!(!looks_passed(sample.format, sample.failing.as_bytes()));
    }
}

#[test]
fn a_sample_that_is_cut_anywhere_is_no_pass() {
    for sample in SAMPLES {
        for text in [sample.passing, sample.failing] {
            let whole = text.trim_end().len();
            for cut in 0..whole {
                let line_end = sample.lines_stand_alone && text.as_bytes().get(cut) == Some(&b'\n');
                let cut_text = text.as_bytes().get(..cut).unwrap_or_default();
                if !line_end {
                    assert!(!looks_passed(sample.format, cut_text), "{} cut at {cut}: {text}", sample.format);
                }
            }
        }
    }
}

#[test]
fn samples_in_utf_16_and_behind_a_mark_read_the_same() {
    for sample in SAMPLES {
        let utf_16: Vec<u8> =
            [0xfeff].into_iter().chain(sample.failing.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        let marked = [b"\xef\xbb\xbf", sample.failing.as_bytes()].concat();
        for bytes in [utf_16, marked] {
            assert_eq!(detected(&bytes), Some(sample.format));
            assert_eq!(try_read(sample.format, &bytes).unwrap().figures(), sample.figures);
        }
    }
}

#[test]
fn an_empty_file_is_an_error_in_every_format() {
    for sample in SAMPLES {
        for bytes in [b"".as_slice(), b"\n \n", b"\0\0\0\0"] {
            assert!(!looks_passed(sample.format, bytes), "{}", sample.format);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn mutated_samples_never_panic(
        index in any::<prop::sample::Index>(),
        from in any::<prop::sample::Index>(),
        len in 0..40_usize,
        with in prop::collection::vec(any::<u8>(), 0..8),
    ) {
        let sample = &SAMPLES[index.index(SAMPLES.len())];
        let mut bytes = sample.failing.as_bytes().to_vec();
        let from = from.index(bytes.len());
        let to = (from + len).min(bytes.len());
        bytes.splice(from..to, with);
        let _ = try_read(sample.format, &bytes);
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        for sample in SAMPLES {
            let _ = try_read(sample.format, &bytes);
        }
    }
}
