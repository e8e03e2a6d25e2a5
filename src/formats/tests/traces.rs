//! A stack trace of every language reaches whoever looks for the file, through every format.

use super::support::read;
use crate::formats::frames::frames;

/// What a failure looks like in each language: the trace, and the frame that a repository would know.
const TRACES: &[(&str, &str, &str, u32)] = &[
    ("Rust", "thread 't' panicked at src/money.rs:9:5:\nassertion `left == right` failed", "src/money.rs", 9),
    (
        "Python",
        "Traceback (most recent call last):\n  File \"/usr/lib/python3.11/unittest/case.py\", line 57, in run\n  File \
         \"/src/app/tests/test_a.py\", line 7, in test_a\nAssertionError: 4 != 3",
        "/src/app/tests/test_a.py",
        7,
    ),
    (
        "JavaScript",
        "Error: boom\n    at Runner.run (/app/node_modules/mocha/lib/runner.js:9:1)\n    at Context.<anonymous> \
         (/app/test/a.test.js:3:15)",
        "/app/test/a.test.js",
        3,
    ),
    (
        "Java",
        "java.lang.AssertionError: expected:<3> but was:<4>\n\tat org.junit.Assert.fail(Assert.java:89)\n\tat \
         org.acme.MoneyTest.splits(MoneyTest.java:12)",
        "org/acme/MoneyTest.java",
        12,
    ),
    (
        "Go",
        "panic: boom\n\ngoroutine 7 [running]:\nacme/m.Split(...)\n\t/src/m/split.go:41 +0x1d",
        "/src/m/split.go",
        41,
    ),
    (
        "C#",
        "Assert.Equal() Failure\n   at Acme.MoneyTest.Splits() in C:\\src\\MoneyTest.cs:line 67",
        "C:\\src\\MoneyTest.cs",
        67,
    ),
    (
        "Ruby",
        "expected: 3\n     got: 4\n# ./spec/money_spec.rb:8:in `block (2 levels) in <top (required)>'",
        "spec/money_spec.rb",
        8,
    ),
    (
        "PHP",
        "Failed asserting that 4 matches expected 3.\n\n/app/tests/MoneyTest.php:21",
        "/app/tests/MoneyTest.php",
        21,
    ),
    (
        "C++",
        "/x/money_test.cpp:31: Failure\nExpected equality of these values:\n  3\n  4",
        "/x/money_test.cpp",
        31,
    ),
];

/// A report of each format with one failing test whose failure says this.
fn reports(trace: &str) -> Vec<(&'static str, String)> {
    let json = serde_json::to_string(trace).unwrap();
    let yaml: String = trace.lines().map(|line| format!("    {line}\n")).collect();
    let xml = format!("<![CDATA[{trace}]]>");
    let output: String = trace
        .lines()
        .map(|line| {
            let line = serde_json::to_string(&format!("    {line}\n")).unwrap();
            format!("{{\"Action\":\"output\",\"Package\":\"p\",\"Test\":\"T\",\"Output\":{line}}}\n")
        })
        .collect();
    vec![
        ("junit", format!("<testsuite><testcase name='t'><failure>{xml}</failure></testcase></testsuite>")),
        (
            "trx",
            format!(
                "<TestRun><Results><UnitTestResult testId='1' testName='t' outcome='Failed'><Output><ErrorInfo>\
                 <Message>m</Message><StackTrace>{xml}</StackTrace></ErrorInfo></Output></UnitTestResult></Results>\
                 </TestRun>"
            ),
        ),
        (
            "nunit3",
            format!(
                "<test-run><test-case name='t' result='Failed'><failure><message>m</message><stack-trace>{xml}\
                 </stack-trace></failure></test-case></test-run>"
            ),
        ),
        (
            "nunit2",
            format!(
                "<test-results><test-case name='t' executed='True' result='Failure' success='False'><failure>\
                 <message>m</message><stack-trace>{xml}</stack-trace></failure></test-case></test-results>"
            ),
        ),
        (
            "xunit",
            format!(
                "<assemblies><assembly><collection><test name='t' result='Fail'><failure><message>m</message>\
                 <stack-trace>{xml}</stack-trace></failure></test></collection></assembly></assemblies>"
            ),
        ),
        (
            "go-test",
            format!(
                "{{\"Action\":\"run\",\"Package\":\"p\",\"Test\":\"T\"}}\n{output}\
                 {{\"Action\":\"fail\",\"Package\":\"p\",\"Test\":\"T\"}}\n{{\"Action\":\"fail\",\"Package\":\"p\"}}\n"
            ),
        ),
        ("tap", format!("1..1\nnot ok 1 - t\n  ---\n  stack: |-\n{yaml}  ...\n")),
        (
            "libtest",
            format!(
                "{{\"type\":\"suite\",\"event\":\"started\",\"test_count\":1}}\n{{\"type\":\"test\",\"name\":\"t\",\
                 \"event\":\"failed\",\"stdout\":{json}}}\n{{\"type\":\"suite\",\"event\":\"failed\",\"passed\":0,\
                 \"failed\":1}}\n"
            ),
        ),
        (
            "dart",
            format!(
                "{{\"protocolVersion\":\"0.1.1\",\"type\":\"start\",\"time\":0}}\n{{\"test\":{{\"id\":1,\"name\":\"t\"}},\
                 \"type\":\"testStart\",\"time\":1}}\n{{\"testID\":1,\"error\":\"m\",\"stackTrace\":{json},\
                 \"isFailure\":true,\"type\":\"error\",\"time\":1}}\n{{\"testID\":1,\"result\":\"failure\",\
                 \"type\":\"testDone\",\"time\":2}}\n{{\"success\":false,\"type\":\"done\",\"time\":3}}\n"
            ),
        ),
        (
            "mocha",
            format!(
                "{{\"stats\":{{\"tests\":1,\"failures\":1}},\"tests\":[{{\"title\":\"t\",\"err\":{{\"message\":\"m\",\
                 \"stack\":{json}}}}}],\"passes\":[],\"failures\":[{{\"title\":\"t\",\"err\":{{\"message\":\"m\",\
                 \"stack\":{json}}}}}]}}"
            ),
        ),
        (
            "rspec",
            format!(
                "{{\"version\":\"3\",\"examples\":[{{\"description\":\"t\",\"status\":\"failed\",\"exception\":\
                 {{\"message\":{json},\"backtrace\":[]}}}}],\"summary\":{{\"example_count\":1,\"failure_count\":1}}}}"
            ),
        ),
        (
            "ctrf",
            format!(
                "{{\"results\":{{\"tool\":{{\"name\":\"x\"}},\"summary\":{{\"tests\":1,\"failed\":1}},\"tests\":[\
                 {{\"name\":\"t\",\"status\":\"failed\",\"message\":\"m\",\"trace\":{json}}}]}}}}"
            ),
        ),
        (
            "jest",
            format!(
                "{{\"numFailedTests\":1,\"numTotalTests\":1,\"success\":false,\"testResults\":[{{\"assertionResults\":[\
                 {{\"title\":\"t\",\"status\":\"failed\",\"failureMessages\":[{json}]}}],\"name\":\"\",\
                 \"status\":\"failed\",\"message\":\"\"}}]}}"
            ),
        ),
        (
            "playwright",
            format!(
                "{{\"config\":{{\"rootDir\":\"/x\"}},\"suites\":[{{\"title\":\"\",\"specs\":[{{\"title\":\"t\",\
                 \"ok\":false,\"tests\":[{{\"expectedStatus\":\"passed\",\"results\":[{{\"status\":\"failed\",\"error\":\
                 {{\"message\":\"m\",\"stack\":{json}}}}}],\"status\":\"unexpected\"}}]}}]}}],\"errors\":[]}}"
            ),
        ),
        (
            "cucumber",
            format!(
                "[{{\"uri\":\"f.feature\",\"keyword\":\"Feature\",\"name\":\"F\",\"elements\":[{{\"type\":\"scenario\",\
                 \"name\":\"t\",\"steps\":[{{\"name\":\"x\",\"result\":{{\"status\":\"failed\",\"error_message\":{json}\
                 }}}}]}}]}}]"
            ),
        ),
        (
            "cucumber-messages",
            format!(
                "{{\"meta\":{{\"protocolVersion\":\"27.0.0\"}}}}\n{{\"pickle\":{{\"id\":\"p\",\"name\":\"t\"}}}}\n\
                 {{\"testCase\":{{\"id\":\"c\",\"pickleId\":\"p\"}}}}\n{{\"testCaseStarted\":{{\"id\":\"1\",\
                 \"testCaseId\":\"c\"}}}}\n{{\"testStepFinished\":{{\"testCaseStartedId\":\"1\",\"testStepResult\":\
                 {{\"status\":\"FAILED\",\"message\":{json}}}}}}}\n{{\"testCaseFinished\":{{\"testCaseStartedId\":\"1\"\
                 }}}}\n{{\"testRunFinished\":{{\"success\":false}}}}\n"
            ),
        ),
    ]
}

#[test]
fn a_trace_of_every_language_names_its_file_through_every_format() {
    let mut lost = Vec::new();
    for (language, trace, file, line) in TRACES {
        let reports = reports(trace);
        assert_eq!(reports.len(), super::FORMATS.len(), "a format without a report here");
        for (format, report) in reports {
            let seen = read(format, &report);
            let case = seen.only_case();
            let known = |frame: &crate::formats::frames::Frame| frame.file == *file && frame.line == *line;
            if !frames(case.message.raw()).iter().any(known) {
                lost.push(format!("{language} in {format}: {}", case.message.raw()));
            }
        }
    }
    assert!(lost.is_empty(), "{}", lost.join("\n"));
}

#[test]
fn the_values_of_a_comparison_are_read_through_every_format() {
    let mut lost = Vec::new();
    for (format, report) in reports("assertion `left == right` failed\n  left: 4\n right: 3") {
        let seen = read(format, &report);
        let case = seen.only_case();
        let text =
            |value: &Option<crate::model::Untrusted>| value.as_ref().map(|value| value.raw().to_owned());
        if (text(&case.expected).as_deref(), text(&case.got).as_deref()) != (Some("3"), Some("4")) {
            lost.push(format!("{format}: {:?} {:?}", case.expected, case.got));
        }
    }
    assert!(lost.is_empty(), "{}", lost.join("\n"));
}
