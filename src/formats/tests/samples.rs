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
}

const SAMPLES: &[Sample] = &[
    Sample {
        format: "junit",
        passing: "<?xml version=\"1.0\"?>\n<testsuites tests=\"1\"><testsuite name=\"\u{e9}\"><testcase name=\"a\" classname=\"k\" time=\"0.1\"/></testsuite></testsuites>\n",
        failing: "<testsuites tests=\"3\"><testsuite name=\"s\" failures=\"1\"><testcase name=\"a\"/><testcase name=\"b\"><failure message=\"m &lt; n\"><![CDATA[at x]]></failure></testcase><testcase name=\"c\"><skipped/></testcase></testsuite></testsuites>\n",
        figures: [3, 1, 1, 0, 1],
    },
    Sample {
        format: "trx",
        passing: "<?xml version=\"1.0\"?><TestRun xmlns=\"http://microsoft.com/schemas/VisualStudio/TeamTest/2010\"><Results><UnitTestResult testId=\"1\" testName=\"a\" outcome=\"Passed\" duration=\"00:00:00.1\"/></Results><TestDefinitions><UnitTest id=\"1\"><TestMethod className=\"k\" name=\"a\"/></UnitTest></TestDefinitions><ResultSummary outcome=\"Completed\"><Counters total=\"1\" failed=\"0\"/></ResultSummary></TestRun>\n",
        failing: "<TestRun><Results><UnitTestResult testId=\"1\" testName=\"a\" outcome=\"Passed\"/><UnitTestResult testId=\"2\" testName=\"b\" outcome=\"Failed\"><Output><ErrorInfo><Message>m</Message><StackTrace>at x</StackTrace></ErrorInfo></Output></UnitTestResult><UnitTestResult testId=\"3\" testName=\"c\" outcome=\"Timeout\"/></Results><ResultSummary outcome=\"Failed\"><Counters total=\"3\" failed=\"1\" timeout=\"1\"/></ResultSummary></TestRun>\n",
        figures: [3, 1, 1, 1, 0],
    },
    Sample {
        format: "nunit3",
        passing: "<test-run result=\"Passed\" total=\"1\" failed=\"0\"><test-suite type=\"Assembly\" name=\"/x/a.dll\" result=\"Passed\"><test-case name=\"a\" classname=\"k\" result=\"Passed\" duration=\"0.1\"/></test-suite></test-run>\n",
        failing: "<test-run result=\"Failed\" total=\"3\" failed=\"2\"><test-suite name=\"s\" result=\"Failed\" site=\"Child\"><failure><message>One or more child tests had errors</message></failure><test-case name=\"a\" result=\"Passed\"/><test-case name=\"b\" result=\"Failed\"><failure><message><![CDATA[m]]></message><stack-trace>at x</stack-trace></failure></test-case><test-case name=\"c\" result=\"Failed\" label=\"Error\"/></test-suite></test-run>\n",
        figures: [3, 1, 1, 1, 0],
    },
    Sample {
        format: "nunit2",
        passing: "<test-results name=\"x\" total=\"1\" failures=\"0\" errors=\"0\"><test-suite name=\"s\" executed=\"True\" success=\"True\" result=\"Success\"><results><test-case name=\"a\" executed=\"True\" result=\"Success\" success=\"True\" time=\"0.1\"/></results></test-suite></test-results>\n",
        failing: "<test-results name=\"x\" total=\"2\" failures=\"1\" errors=\"0\"><test-suite name=\"s\" success=\"False\" result=\"Failure\"><results><test-case name=\"a\" executed=\"True\" success=\"True\"/><test-case name=\"b\" executed=\"True\" result=\"Failure\" success=\"False\"><failure><message>m</message></failure></test-case><test-case name=\"c\" executed=\"False\" result=\"Ignored\"><reason><message>later</message></reason></test-case></results></test-suite></test-results>\n",
        figures: [3, 1, 1, 0, 1],
    },
    Sample {
        format: "xunit",
        passing: "<assemblies><assembly name=\"/x/a.dll\" total=\"1\" failed=\"0\" errors=\"0\"><errors/><collection total=\"1\"><test name=\"k.a\" type=\"k\" method=\"a\" time=\"0.1\" result=\"Pass\"/></collection></assembly></assemblies>\n",
        failing: "<assemblies><assembly name=\"a.dll\" total=\"3\" failed=\"1\"><collection><test name=\"a\" result=\"Pass\"/><test name=\"b\" result=\"Fail\"><failure exception-type=\"E\"><message>m</message><stack-trace>at x</stack-trace></failure></test><test name=\"c\" result=\"Skip\"><reason>later</reason></test></collection></assembly></assemblies>\n",
        figures: [3, 1, 1, 0, 1],
    },
    Sample {
        format: "go-test",
        passing: "{\"Time\":\"2026-01-01T00:00:00Z\",\"Action\":\"start\",\"Package\":\"x/p\"}\n{\"Action\":\"run\",\"Package\":\"x/p\",\"Test\":\"TestA\"}\n{\"Action\":\"output\",\"Package\":\"x/p\",\"Test\":\"TestA\",\"Output\":\"=== RUN   TestA\\n\"}\n{\"Action\":\"pass\",\"Package\":\"x/p\",\"Test\":\"TestA\",\"Elapsed\":0.01}\n{\"Action\":\"pass\",\"Package\":\"x/p\",\"Elapsed\":0.02}\n",
        failing: "{\"Action\":\"start\",\"Package\":\"x/p\"}\n{\"Action\":\"run\",\"Package\":\"x/p\",\"Test\":\"TestA\"}\n{\"Action\":\"run\",\"Package\":\"x/p\",\"Test\":\"TestA/b\"}\n{\"Action\":\"output\",\"Package\":\"x/p\",\"Test\":\"TestA/b\",\"Output\":\"    a_test.go:3: boom\\n\"}\n{\"Action\":\"fail\",\"Package\":\"x/p\",\"Test\":\"TestA/b\"}\n{\"Action\":\"fail\",\"Package\":\"x/p\",\"Test\":\"TestA\"}\n{\"Action\":\"fail\",\"Package\":\"x/p\"}\n",
        figures: [2, 0, 2, 0, 0],
    },
    Sample {
        format: "tap",
        passing: "TAP version 14\nok 1 - a # time=3ms\n1..1\n",
        failing: "1..3\nok 1 - a\nnot ok 2 - b\n  ---\n  message: boom\n  ...\nok 3 - c # SKIP later\n",
        figures: [3, 1, 1, 0, 1],
    },
    Sample {
        format: "libtest",
        passing: "{ \"type\": \"suite\", \"event\": \"started\", \"test_count\": 1 }\n{ \"type\": \"test\", \"event\": \"started\", \"name\": \"a\" }\n{ \"type\": \"test\", \"name\": \"a\", \"event\": \"ok\" }\n{ \"type\": \"suite\", \"event\": \"ok\", \"passed\": 1, \"failed\": 0, \"exec_time\": 0.1 }\n",
        failing: "{ \"type\": \"suite\", \"event\": \"started\", \"test_count\": 3 }\n{ \"type\": \"test\", \"name\": \"a\", \"event\": \"ok\" }\n{ \"type\": \"test\", \"name\": \"b\", \"event\": \"failed\", \"stdout\": \"boom\" }\n{ \"type\": \"test\", \"name\": \"c\", \"event\": \"ignored\" }\n{ \"type\": \"suite\", \"event\": \"failed\", \"passed\": 1, \"failed\": 1 }\n",
        figures: [3, 1, 1, 0, 1],
    },
    Sample {
        format: "dart",
        passing: "{\"protocolVersion\":\"0.1.1\",\"type\":\"start\",\"time\":0}\n{\"test\":{\"id\":1,\"name\":\"a\",\"suiteID\":0},\"type\":\"testStart\",\"time\":1}\n{\"testID\":1,\"result\":\"success\",\"skipped\":false,\"hidden\":false,\"type\":\"testDone\",\"time\":2}\n{\"success\":true,\"type\":\"done\",\"time\":3}\n",
        failing: "{\"protocolVersion\":\"0.1.1\",\"type\":\"start\",\"time\":0}\n{\"test\":{\"id\":1,\"name\":\"a\"},\"type\":\"testStart\",\"time\":1}\n{\"testID\":1,\"error\":\"boom\",\"stackTrace\":\"at x\",\"isFailure\":true,\"type\":\"error\",\"time\":1}\n{\"testID\":1,\"result\":\"failure\",\"type\":\"testDone\",\"time\":2}\n{\"success\":false,\"type\":\"done\",\"time\":3}\n",
        figures: [1, 0, 1, 0, 0],
    },
    Sample {
        format: "mocha",
        passing: "{\"stats\":{\"tests\":1,\"passes\":1,\"failures\":0},\"tests\":[{\"title\":\"a\",\"err\":{}}],\"pending\":[],\"failures\":[],\"passes\":[{\"title\":\"a\",\"fullTitle\":\"s a\",\"duration\":1,\"err\":{}}]}\n",
        failing: "{\"stats\":{\"tests\":2,\"passes\":1,\"failures\":1},\"tests\":[{\"title\":\"a\",\"err\":{}},{\"title\":\"b\",\"err\":{\"message\":\"m\"}}],\"pending\":[],\"failures\":[{\"title\":\"b\",\"err\":{\"message\":\"m\"}}],\"passes\":[{\"title\":\"a\",\"err\":{}}]}\n",
        figures: [2, 1, 1, 0, 0],
    },
    Sample {
        format: "rspec",
        passing: "{\"version\":\"3.13.0\",\"examples\":[{\"description\":\"a\",\"full_description\":\"s a\",\"status\":\"passed\",\"run_time\":0.1}],\"summary\":{\"example_count\":1,\"failure_count\":0,\"errors_outside_of_examples_count\":0}}\n",
        failing: "{\"version\":\"3.13.0\",\"examples\":[{\"description\":\"a\",\"status\":\"passed\"},{\"description\":\"b\",\"status\":\"failed\",\"exception\":{\"message\":\"m\"}},{\"description\":\"c\",\"status\":\"pending\"}],\"summary\":{\"example_count\":3,\"failure_count\":1}}\n",
        figures: [3, 1, 1, 0, 1],
    },
    Sample {
        format: "ctrf",
        passing: "{\"results\":{\"tool\":{\"name\":\"x\"},\"summary\":{\"tests\":1,\"failed\":0,\"other\":0},\"tests\":[{\"name\":\"a\",\"status\":\"passed\",\"duration\":1}]}}\n",
        failing: "{\"results\":{\"tool\":{\"name\":\"x\"},\"summary\":{\"tests\":3,\"failed\":1,\"other\":1},\"tests\":[{\"name\":\"a\",\"status\":\"passed\"},{\"name\":\"b\",\"status\":\"failed\",\"message\":\"m\"},{\"name\":\"c\",\"status\":\"other\"}]}}\n",
        figures: [3, 1, 1, 1, 0],
    },
    Sample {
        format: "jest",
        passing: "{\"numFailedTests\":0,\"numTotalTests\":1,\"success\":true,\"testResults\":[{\"assertionResults\":[{\"ancestorTitles\":[\"s\"],\"title\":\"a\",\"status\":\"passed\",\"duration\":1,\"failureMessages\":[]}],\"name\":\"/x/a.js\",\"status\":\"passed\",\"message\":\"\"}]}\n",
        failing: "{\"numFailedTests\":1,\"numTotalTests\":3,\"success\":false,\"testResults\":[{\"assertionResults\":[{\"title\":\"a\",\"status\":\"passed\"},{\"title\":\"b\",\"status\":\"failed\",\"failureMessages\":[\"m\"]},{\"title\":\"c\",\"status\":\"todo\"}],\"name\":\"/x/a.js\",\"status\":\"failed\",\"message\":\"\"}]}\n",
        figures: [3, 1, 1, 0, 1],
    },
    Sample {
        format: "playwright",
        passing: "{\"config\":{\"rootDir\":\"/x\"},\"suites\":[{\"title\":\"a.ts\",\"specs\":[{\"title\":\"a\",\"ok\":true,\"tests\":[{\"expectedStatus\":\"passed\",\"projectName\":\"p\",\"results\":[{\"status\":\"passed\",\"duration\":1}],\"status\":\"expected\"}]}]}],\"errors\":[],\"stats\":{\"expected\":1,\"skipped\":0,\"unexpected\":0,\"flaky\":0}}\n",
        failing: "{\"config\":{\"rootDir\":\"/x\"},\"suites\":[{\"title\":\"a.ts\",\"specs\":[{\"title\":\"a\",\"ok\":false,\"tests\":[{\"expectedStatus\":\"passed\",\"results\":[{\"status\":\"failed\",\"error\":{\"message\":\"m\"}}],\"status\":\"unexpected\"},{\"expectedStatus\":\"passed\",\"results\":[{\"status\":\"timedOut\"}],\"status\":\"unexpected\"}]}]}],\"errors\":[]}\n",
        figures: [2, 0, 1, 1, 0],
    },
    Sample {
        format: "cucumber",
        passing: "[{\"uri\":\"f.feature\",\"keyword\":\"Feature\",\"name\":\"F\",\"elements\":[{\"type\":\"scenario\",\"name\":\"a\",\"steps\":[{\"name\":\"x\",\"result\":{\"status\":\"passed\",\"duration\":1}}]}]}]\n",
        failing: "[{\"uri\":\"f.feature\",\"keyword\":\"Feature\",\"name\":\"F\",\"elements\":[{\"type\":\"scenario\",\"name\":\"a\",\"steps\":[{\"name\":\"x\",\"result\":{\"status\":\"failed\",\"error_message\":\"m\"}}]},{\"type\":\"scenario\",\"name\":\"b\",\"steps\":[{\"name\":\"x\",\"result\":{\"status\":\"undefined\"}}]}]}]\n",
        figures: [2, 0, 1, 1, 0],
    },
    Sample {
        format: "cucumber-messages",
        passing: "{\"meta\":{\"protocolVersion\":\"27.0.0\"}}\n{\"pickle\":{\"id\":\"p\",\"uri\":\"f.feature\",\"name\":\"a\"}}\n{\"testCase\":{\"id\":\"c\",\"pickleId\":\"p\"}}\n{\"testCaseStarted\":{\"id\":\"1\",\"testCaseId\":\"c\",\"attempt\":0}}\n{\"testStepFinished\":{\"testCaseStartedId\":\"1\",\"testStepResult\":{\"status\":\"PASSED\"}}}\n{\"testCaseFinished\":{\"testCaseStartedId\":\"1\",\"willBeRetried\":false}}\n{\"testRunFinished\":{\"success\":true}}\n",
        failing: "{\"meta\":{\"protocolVersion\":\"27.0.0\"}}\n{\"pickle\":{\"id\":\"p\",\"name\":\"a\"}}\n{\"testCase\":{\"id\":\"c\",\"pickleId\":\"p\"}}\n{\"testCaseStarted\":{\"id\":\"1\",\"testCaseId\":\"c\"}}\n{\"testStepFinished\":{\"testCaseStartedId\":\"1\",\"testStepResult\":{\"status\":\"FAILED\",\"message\":\"m\"}}}\n{\"testCaseFinished\":{\"testCaseStartedId\":\"1\"}}\n{\"testRunFinished\":{\"success\":false}}\n",
        figures: [1, 0, 1, 0, 0],
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
                let cut_text = text.as_bytes().get(..cut).unwrap_or_default();
                assert!(!looks_passed(sample.format, cut_text), "{} cut at {cut}: {text}", sample.format);
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
