//! Files that were made to hurt: one enormous token, one enormous depth, nothing but failures.

use crate::Options;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

/// How a hostile file is built: a beginning, a unit that is repeated up to the size, an end that closes it.
struct Shape {
    name: &'static str,
    format: &'static str,
    before: &'static str,
    unit: Unit,
    after: &'static str,
}

/// What is repeated.
enum Unit {
    /// The same text each time.
    Same(&'static str),
    /// A text with the number of the repetition in place of each `#`.
    Numbered(&'static str),
}

const SUITE: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites><testsuite name=\"s\">";
const FRAMES: &str = "\tat com.acme.Thing.call(Thing.java:7)\n\tat com.acme.Other.run(Other.java:99)\n";

/// Every shape, as (name, format).
pub fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    shapes().into_iter().map(|shape| (shape.name, shape.format))
}

fn shapes() -> Vec<Shape> {
    let same =
        |name, format, before, unit, after| Shape { name, format, before, unit: Unit::Same(unit), after };
    let numbered =
        |name, format, before, unit, after| Shape { name, format, before, unit: Unit::Numbered(unit), after };
    vec![
        same(
            "output-cdata",
            "junit",
            "<testsuite><testcase name=\"a\"><system-out><![CDATA[",
            FRAMES,
            "]]></system-out></testcase></testsuite>",
        ),
        same(
            "failure-cdata",
            "junit",
            "<testsuite><testcase name=\"a\"><failure message=\"m\"><![CDATA[",
            FRAMES,
            "]]></failure></testcase></testsuite>",
        ),
        same(
            "failure-entities",
            "junit",
            "<testsuite><testcase name=\"a\"><failure>",
            "&lt;&amp;",
            "</failure></testcase></testsuite>",
        ),
        same(
            "failure-cdata-pieces",
            "junit",
            "<testsuite><testcase name=\"a\"><failure>",
            "<![CDATA[x]]>",
            "</failure></testcase></testsuite>",
        ),
        same("attribute", "junit", "<testsuite><testcase name=\"", "xxxxxxxxxxxxxxxx", "\"/></testsuite>"),
        numbered("attributes", "junit", "<testsuite><testcase ", "a#=\"1\" ", "/></testsuite>"),
        same("element-name", "junit", "<testsuite><", "xxxxxxxxxxxxxxxx", "/></testsuite>"),
        same("deep", "junit", "<testsuites>", "<testsuite>", ""),
        same("comment", "junit", "<testsuite><!--", " comment ", "--><testcase name=\"a\"/></testsuite>"),
        same("instruction", "junit", "<testsuite><?pi ", "data ", "?><testcase name=\"a\"/></testsuite>"),
        same(
            "doctype",
            "junit",
            "<!DOCTYPE t SYSTEM \"",
            "xxxxxxxxxxxxxxxx",
            "\"><testsuite><testcase name=\"a\"/></testsuite>",
        ),
        same(
            "blank",
            "junit",
            SUITE,
            "                \n",
            "<testcase name=\"a\"/></testsuite></testsuites>",
        ),
        numbered(
            "all-fail",
            "junit",
            SUITE,
            "<testcase name=\"t#\" classname=\"c\"><failure message=\"boom #\">\tat com.acme.Thing.call(Thing.java:7)\n\tat com.acme.Other.run(Other.java:99)\n</failure></testcase>\n",
            "</testsuite></testsuites>",
        ),
        numbered(
            "all-skipped",
            "junit",
            SUITE,
            "<testcase name=\"t#\" classname=\"c#\"><skipped message=\"not today #\"/></testcase>\n",
            "</testsuite></testsuites>",
        ),
        numbered(
            "all-suites-fail",
            "junit",
            "<testsuites>",
            "<testsuite name=\"s#\"><error message=\"no database #\"/></testsuite>\n",
            "</testsuites>",
        ),
        numbered(
            "many-messages",
            "junit",
            "<testsuite><testcase name=\"a\">",
            "<failure message=\"m#\"/>",
            "</testcase></testsuite>",
        ),
        numbered(
            "all-wrong",
            "junit",
            SUITE,
            "<testcase name=\"t#\" time=\"NaN\" status=\"x#\">\u{1}&nbsp;</testcase>\n",
            "</testsuite></testsuites>",
        ),
        numbered(
            "all-fail",
            "jest",
            "{\"numTotalTests\":1,\"testResults\":[{\"name\":\"a\",\"status\":\"failed\",\"assertionResults\":[{\"title\":\"t0\",\"status\":\"passed\"}",
            ",{\"title\":\"t#\",\"fullName\":\"s t#\",\"ancestorTitles\":[\"s#\"],\"status\":\"failed\",\"failureMessages\":[\"boom # at x\"]}",
            "]}]}",
        ),
        numbered(
            "many-files",
            "jest",
            "{\"numTotalTests\":1,\"testResults\":[{\"name\":\"a\",\"status\":\"passed\",\"assertionResults\":[]}",
            ",{\"name\":\"f#\",\"status\":\"failed\",\"message\":\"no module #\",\"assertionResults\":[]}",
            "]}",
        ),
        same(
            "message",
            "jest",
            "{\"numTotalTests\":1,\"testResults\":[{\"name\":\"a\",\"status\":\"failed\",\"message\":\"",
            "a string without an end \\n",
            "\"}]}",
        ),
        numbered(
            "many-ancestors",
            "jest",
            "{\"numTotalTests\":1,\"testResults\":[{\"name\":\"a\",\"status\":\"failed\",\"assertionResults\":[{\"title\":\"t\",\"status\":\"failed\",\"ancestorTitles\":[\"a\"",
            ",\"b#\"",
            "]}]}]}",
        ),
        same("deep", "jest", "{\"numTotalTests\":1,\"testResults\":[{\"name\":\"a\",\"x\":", "[", ""),
        numbered(
            "all-fail",
            "mocha",
            "{\"stats\":{\"suites\":1,\"tests\":1,\"passes\":0,\"pending\":0,\"failures\":1},\"tests\":[{\"title\":\"t0\",\"fullTitle\":\"t0\",\"err\":{}}",
            ",{\"title\":\"t#\",\"fullTitle\":\"s t#\",\"err\":{\"message\":\"boom #\",\"stack\":\"at x\"}}",
            "],\"pending\":[],\"failures\":[],\"passes\":[]}",
        ),
        numbered(
            "failures-only",
            "mocha",
            "{\"stats\":{\"suites\":1,\"tests\":1,\"passes\":0,\"pending\":0,\"failures\":1},\"tests\":[],\"pending\":[],\"passes\":[],\"failures\":[{\"title\":\"t0\",\"fullTitle\":\"t0\",\"err\":{}}",
            ",{\"title\":\"t#\",\"fullTitle\":\"s t#\",\"err\":{\"message\":\"boom #\",\"stack\":\"at x\"}}",
            "]}",
        ),
        numbered(
            "all-fail",
            "rspec",
            "{\"version\":\"3.13\",\"examples\":[{\"id\":\"1\",\"description\":\"a\",\"full_description\":\"a\",\"status\":\"passed\",\"file_path\":\"./a.rb\",\"line_number\":1}",
            ",{\"id\":\"#\",\"description\":\"t#\",\"full_description\":\"s t#\",\"status\":\"failed\",\"file_path\":\"./a#.rb\",\"line_number\":1,\"exception\":{\"class\":\"X\",\"message\":\"boom #\",\"backtrace\":[\"a.rb:1\"]}}",
            "],\"summary\":{\"example_count\":1,\"failure_count\":1,\"pending_count\":0,\"errors_outside_of_examples_count\":0}}",
        ),
        numbered(
            "all-fail",
            "ctrf",
            "{\"results\":{\"tool\":{\"name\":\"x\"},\"summary\":{\"tests\":1,\"passed\":1,\"failed\":0,\"pending\":0,\"skipped\":0,\"other\":0,\"start\":0,\"stop\":1},\"tests\":[{\"name\":\"t0\",\"status\":\"passed\",\"duration\":1}",
            ",{\"name\":\"t#\",\"status\":\"failed\",\"duration\":1,\"suite\":\"s#\",\"message\":\"boom #\",\"trace\":\"at x\"}",
            "]}}",
        ),
        numbered(
            "all-pass",
            "ctrf",
            "{\"results\":{\"tool\":{\"name\":\"x\"},\"summary\":{\"tests\":1,\"passed\":1,\"failed\":0,\"pending\":0,\"skipped\":0,\"other\":0,\"start\":0,\"stop\":1},\"tests\":[{\"name\":\"t0\",\"status\":\"passed\",\"duration\":1}",
            ",{\"name\":\"t#\",\"status\":\"passed\",\"duration\":1,\"suite\":\"s#\",\"filePath\":\"f#\"}",
            "]}}",
        ),
        numbered(
            "all-fail",
            "playwright",
            "{\"config\":{\"rootDir\":\"/x\",\"workers\":1},\"suites\":[{\"title\":\"a\",\"file\":\"a\",\"specs\":[{\"title\":\"t0\",\"ok\":true,\"tests\":[]}",
            ",{\"title\":\"t#\",\"ok\":false,\"file\":\"a#\",\"line\":3,\"tests\":[{\"projectName\":\"p#\",\"expectedStatus\":\"passed\",\"status\":\"unexpected\",\"results\":[{\"status\":\"failed\",\"duration\":1,\"retry\":0,\"error\":{\"message\":\"boom #\"}}]}]}",
            "]}],\"errors\":[],\"stats\":{\"expected\":1,\"unexpected\":1,\"flaky\":0,\"skipped\":0}}",
        ),
        numbered(
            "many-results",
            "playwright",
            "{\"config\":{\"rootDir\":\"/x\",\"workers\":1},\"suites\":[{\"title\":\"a\",\"file\":\"a\",\"specs\":[{\"title\":\"t0\",\"ok\":true,\"tests\":[{\"expectedStatus\":\"passed\",\"status\":\"unexpected\",\"results\":[{\"status\":\"failed\",\"retry\":0}",
            ",{\"status\":\"failed\",\"duration\":1,\"retry\":#,\"error\":{\"message\":\"boom #\"}}",
            "]}]}]}],\"errors\":[],\"stats\":{}}",
        ),
        numbered(
            "many-errors",
            "playwright",
            "{\"config\":{\"rootDir\":\"/x\",\"workers\":1},\"suites\":[],\"errors\":[{\"message\":\"m\"}",
            ",{\"message\":\"boom #\"}",
            "],\"stats\":{}}",
        ),
        same(
            "deep",
            "playwright",
            "{\"config\":{\"rootDir\":\"/x\",\"workers\":1},\"suites\":[",
            "{\"title\":\"a\",\"suites\":[",
            "",
        ),
        numbered(
            "all-fail",
            "cucumber",
            "[{\"uri\":\"a.feature\",\"keyword\":\"Feature\",\"name\":\"f\",\"elements\":[{\"type\":\"scenario\",\"keyword\":\"Scenario\",\"name\":\"s0\",\"steps\":[]}",
            ",{\"type\":\"scenario\",\"keyword\":\"Scenario\",\"name\":\"s#\",\"line\":3,\"steps\":[{\"keyword\":\"Given \",\"name\":\"x#\",\"result\":{\"status\":\"failed\",\"error_message\":\"boom #\"}}]}",
            "]}]",
        ),
        numbered(
            "many-steps",
            "cucumber",
            "[{\"uri\":\"a.feature\",\"keyword\":\"Feature\",\"name\":\"f\",\"elements\":[{\"type\":\"scenario\",\"keyword\":\"Scenario\",\"name\":\"s0\",\"steps\":[{\"keyword\":\"Given \",\"name\":\"x\",\"result\":{\"status\":\"passed\"}}",
            ",{\"keyword\":\"Given \",\"name\":\"x#\",\"result\":{\"status\":\"failed\",\"error_message\":\"boom #\"}}",
            "]}]}]",
        ),
        numbered(
            "all-backgrounds",
            "cucumber",
            "[{\"uri\":\"a.feature\",\"keyword\":\"Feature\",\"name\":\"f\",\"elements\":[{\"type\":\"background\",\"keyword\":\"Background\",\"name\":\"b\",\"steps\":[]}",
            ",{\"type\":\"background\",\"keyword\":\"Background\",\"name\":\"b#\",\"steps\":[{\"keyword\":\"Given \",\"name\":\"x\",\"result\":{\"status\":\"failed\",\"error_message\":\"boom #\"}}]}",
            "]}]",
        ),
        numbered(
            "all-fail",
            "tap",
            "TAP version 13\n",
            "not ok # - t#\n  ---\n  message: boom #\n  ...\n",
            "1..1\n",
        ),
        numbered("all-pass", "tap", "TAP version 13\n", "ok # - t#\n", "1..1\n"),
        same(
            "one-yaml",
            "tap",
            "TAP version 13\nnot ok 1 - a\n  ---\n",
            "  at Thing.call (thing.js:7:1)\n",
            "  ...\n1..1\n",
        ),
        same("one-line", "tap", "TAP version 13\nnot ok 1 - ", "xxxxxxxxxxxxxxxx", "\n1..1\n"),
        numbered("deep", "tap", "TAP version 14\n", "    ok 1 - x#\n        1..#\n", "ok 1\n1..1\n"),
        numbered(
            "all-fail",
            "libtest",
            "{\"type\":\"suite\",\"event\":\"started\",\"test_count\":1}\n",
            "{\"type\":\"test\",\"name\":\"t#\",\"event\":\"failed\",\"stdout\":\"boom #\"}\n",
            "{\"type\":\"suite\",\"event\":\"failed\",\"passed\":0,\"failed\":1}\n",
        ),
        numbered(
            "never-end",
            "libtest",
            "{\"type\":\"suite\",\"event\":\"started\",\"test_count\":1}\n",
            "{\"type\":\"test\",\"name\":\"t#\",\"event\":\"started\"}\n",
            "{\"type\":\"suite\",\"event\":\"failed\",\"passed\":0,\"failed\":1}\n",
        ),
        numbered(
            "many-suites",
            "libtest",
            "",
            "{\"type\":\"suite\",\"event\":\"started\",\"test_count\":#}\n",
            "",
        ),
        numbered(
            "never-end",
            "dart",
            "{\"protocolVersion\":\"0.1.1\",\"runnerVersion\":\"1\",\"pid\":1,\"type\":\"start\",\"time\":0}\n",
            "{\"test\":{\"id\":#,\"name\":\"t#\",\"suiteID\":0,\"groupIDs\":[]},\"type\":\"testStart\",\"time\":1}\n",
            "{\"success\":false,\"type\":\"done\",\"time\":3}\n",
        ),
        numbered(
            "all-fail",
            "dart",
            "{\"protocolVersion\":\"0.1.1\",\"runnerVersion\":\"1\",\"pid\":1,\"type\":\"start\",\"time\":0}\n",
            "{\"test\":{\"id\":#,\"name\":\"t#\",\"suiteID\":0,\"groupIDs\":[]},\"type\":\"testStart\",\"time\":1}\n{\"testID\":#,\"error\":\"boom #\",\"stackTrace\":\"x\",\"isFailure\":true,\"type\":\"error\",\"time\":1}\n{\"testID\":#,\"result\":\"failure\",\"skipped\":false,\"hidden\":false,\"type\":\"testDone\",\"time\":2}\n",
            "{\"success\":false,\"type\":\"done\",\"time\":3}\n",
        ),
        numbered(
            "many-suites",
            "dart",
            "{\"protocolVersion\":\"0.1.1\",\"runnerVersion\":\"1\",\"pid\":1,\"type\":\"start\",\"time\":0}\n",
            "{\"suite\":{\"id\":#,\"platform\":\"vm\",\"path\":\"test/a#_test.dart\"},\"type\":\"suite\",\"time\":0}\n{\"group\":{\"id\":#,\"suiteID\":#,\"name\":\"g#\"},\"type\":\"group\",\"time\":1}\n",
            "{\"success\":false,\"type\":\"done\",\"time\":3}\n",
        ),
        numbered(
            "never-end",
            "go-test",
            "",
            "{\"Action\":\"run\",\"Package\":\"p\",\"Test\":\"T#\"}\n",
            "{\"Action\":\"fail\",\"Package\":\"p\"}\n",
        ),
        numbered("many-packages", "go-test", "", "{\"Action\":\"start\",\"Package\":\"p#\"}\n", ""),
        numbered(
            "all-output",
            "go-test",
            "{\"Action\":\"run\",\"Package\":\"p\",\"Test\":\"T\"}\n",
            "{\"Action\":\"output\",\"Package\":\"p\",\"Test\":\"T\",\"Output\":\"line #\\n\"}\n",
            "{\"Action\":\"fail\",\"Package\":\"p\",\"Test\":\"T\"}\n{\"Action\":\"fail\",\"Package\":\"p\"}\n",
        ),
        numbered(
            "never-end",
            "cucumber-messages",
            "{\"meta\":{\"protocolVersion\":\"27.0.0\",\"implementation\":{\"name\":\"c\"}}}\n",
            "{\"testCaseStarted\":{\"id\":\"s#\",\"testCaseId\":\"c#\",\"attempt\":0,\"timestamp\":{\"seconds\":1,\"nanos\":0}}}\n",
            "{\"testRunFinished\":{\"success\":false}}\n",
        ),
        numbered(
            "many-pickles",
            "cucumber-messages",
            "{\"meta\":{\"protocolVersion\":\"27.0.0\",\"implementation\":{\"name\":\"c\"}}}\n",
            "{\"pickle\":{\"id\":\"p#\",\"uri\":\"a.feature\",\"name\":\"s#\",\"steps\":[],\"tags\":[],\"astNodeIds\":[\"x#\"]}}\n{\"testCase\":{\"id\":\"c#\",\"pickleId\":\"p#\",\"testSteps\":[{\"id\":\"t#\"}]}}\n",
            "{\"testRunFinished\":{\"success\":false}}\n",
        ),
        numbered(
            "all-fail",
            "xunit",
            "<assemblies><assembly name=\"a\" total=\"1\"><collection name=\"c\">",
            "<test name=\"t#\" type=\"T\" method=\"m\" result=\"Fail\"><failure><message>boom #</message></failure></test>\n",
            "</collection></assembly></assemblies>",
        ),
        numbered(
            "all-fail",
            "nunit3",
            "<test-run result=\"Failed\" total=\"1\"><test-suite name=\"s\" result=\"Failed\">",
            "<test-case name=\"t#\" result=\"Failed\"><failure><message>boom #</message></failure></test-case>\n",
            "</test-suite></test-run>",
        ),
        numbered(
            "all-fail",
            "nunit2",
            "<test-results name=\"x\" total=\"1\"><test-suite name=\"s\" result=\"Failure\"><results>",
            "<test-case name=\"t#\" executed=\"True\" result=\"Failure\" success=\"False\"><failure><message>boom #</message></failure></test-case>\n",
            "</results></test-suite></test-results>",
        ),
        numbered(
            "all-fail",
            "trx",
            "<TestRun><Results>",
            "<UnitTestResult testId=\"#\" testName=\"t#\" outcome=\"Failed\"><Output><ErrorInfo><Message>boom #</Message></ErrorInfo></Output></UnitTestResult>\n",
            "</Results><ResultSummary outcome=\"Failed\"/></TestRun>",
        ),
        numbered(
            "all-definitions",
            "trx",
            "<TestRun><TestDefinitions>",
            "<UnitTest id=\"#\" name=\"t#\"><TestMethod className=\"k#\" name=\"t#\"/></UnitTest>\n",
            "</TestDefinitions><Results/></TestRun>",
        ),
        same("one-line", "lcov", "SF:src/a.rs\nDA:1,1\n", "xxxxxxxxxxxxxxxx", "\nend_of_record\n"),
        same("one-path", "lcov", "SF:", "xxxxxxxxxxxxxxxx", "\nDA:1,1\nend_of_record\n"),
        same("no-end", "lcov", "SF:src/a.rs\n", "DA:1,1\n", ""),
        numbered("many-lines", "lcov", "SF:src/a.rs\n", "DA:#,1\n", "end_of_record\n"),
        numbered("many-files", "lcov", "", "SF:src/a#.rs\nDA:1,1\nend_of_record\n", ""),
        numbered("many-branches", "lcov", "SF:src/a.rs\nDA:1,1\n", "BRDA:1,#,0,1\n", "end_of_record\n"),
        numbered(
            "many-functions",
            "lcov",
            "SF:src/a.rs\nDA:1,1\n",
            "FN:1,f#\nFNDA:1,f#\n",
            "end_of_record\n",
        ),
        numbered("all-wrong", "lcov", "SF:src/a.rs\nDA:1,1\n", "DA:x#,y\n", "end_of_record\n"),
        numbered(
            "many-lines",
            "cobertura",
            "<coverage line-rate=\"1\"><packages><package><classes><class filename=\"a\"><lines>",
            "<line number=\"#\" hits=\"1\"/>",
            "</lines></class></classes></package></packages></coverage>",
        ),
        numbered(
            "many-files",
            "cobertura",
            "<coverage line-rate=\"1\"><packages><package><classes>",
            "<class filename=\"a#\"><lines><line number=\"1\" hits=\"1\"/></lines></class>",
            "</classes></package></packages></coverage>",
        ),
        numbered(
            "many-sources",
            "cobertura",
            "<coverage line-rate=\"1\"><sources>",
            "<source>/src/#</source>",
            "</sources><packages/></coverage>",
        ),
        same("deep", "cobertura", "<coverage line-rate=\"1\"><packages>", "<package>", ""),
        same(
            "message",
            "sarif",
            "{\"version\":\"2.1.0\",\"runs\":[{\"tool\":{\"driver\":{\"name\":\"t\"}},\"results\":[{\"ruleId\":\"r\",\"message\":{\"text\":\"",
            "a string without an end \\n",
            "\"}}]}]}",
        ),
        same(
            "ignored-string",
            "sarif",
            "{\"version\":\"2.1.0\",\"runs\":[{\"tool\":{\"driver\":{\"name\":\"t\"}},\"properties\":{\"x\":\"",
            "a string without an end \\n",
            "\"},\"results\":[]}]}",
        ),
        same(
            "key",
            "sarif",
            "{\"version\":\"2.1.0\",\"runs\":[{\"tool\":{\"driver\":{\"name\":\"t\"}},\"",
            "xxxxxxxxxxxxxxxx",
            "\":1,\"results\":[]}]}",
        ),
        same(
            "number",
            "sarif",
            "{\"version\":\"2.1.0\",\"runs\":[{\"tool\":{\"driver\":{\"name\":\"t\"}},\"properties\":{\"x\":1",
            "0000000000000000",
            "},\"results\":[]}]}",
        ),
        same(
            "deep",
            "sarif",
            "{\"version\":\"2.1.0\",\"runs\":[{\"tool\":{\"driver\":{\"name\":\"t\"}},\"properties\":{\"x\":",
            "[",
            "",
        ),
        same(
            "blank",
            "sarif",
            "{\"version\":\"2.1.0\",\"runs\":[{\"tool\":{\"driver\":{\"name\":\"t\"}},",
            "                \n",
            "\"results\":[]}]}",
        ),
        numbered(
            "many-results",
            "sarif",
            "{\"version\":\"2.1.0\",\"runs\":[{\"tool\":{\"driver\":{\"name\":\"t\"}},\"results\":[{\"message\":{\"text\":\"m\"}}",
            ",{\"ruleId\":\"r#\",\"level\":\"error\",\"message\":{\"text\":\"m#\"},\"locations\":[{\"physicalLocation\":{\"artifactLocation\":{\"uri\":\"a#\"}}}]}",
            "]}]}",
        ),
        numbered(
            "many-rules",
            "sarif",
            "{\"version\":\"2.1.0\",\"runs\":[{\"tool\":{\"driver\":{\"name\":\"t\",\"rules\":[{\"id\":\"r\"}",
            ",{\"id\":\"r#\",\"defaultConfiguration\":{\"level\":\"error\"}}",
            "]}},\"results\":[]}]}",
        ),
        numbered(
            "many-runs",
            "sarif",
            "{\"version\":\"2.1.0\",\"runs\":[{\"tool\":{\"driver\":{\"name\":\"t\"}},\"results\":[]}",
            ",{\"tool\":{\"driver\":{\"name\":\"t#\"}},\"results\":[]}",
            "]}",
        ),
        numbered(
            "many-artifacts",
            "sarif",
            "{\"version\":\"2.1.0\",\"runs\":[{\"tool\":{\"driver\":{\"name\":\"t\"}},\"artifacts\":[{}",
            ",{\"location\":{\"uri\":\"a#\"}}",
            "],\"results\":[]}]}",
        ),
        numbered(
            "many-notifications",
            "sarif",
            "{\"version\":\"2.1.0\",\"runs\":[{\"tool\":{\"driver\":{\"name\":\"t\"}},\"invocations\":[{\"executionSuccessful\":true,\"toolExecutionNotifications\":[{}",
            ",{\"level\":\"error\",\"message\":{\"text\":\"n#\"}}",
            "]}],\"results\":[]}]}",
        ),
    ]
}

/// The file of a shape at the size of the options; kept from an earlier run if it is there.
pub fn file(name: &str, format: &str, options: &Options) -> PathBuf {
    let path = options.data.join(format!("hostile-{format}-{name}-{}", options.mib));
    if path.exists() {
        return path;
    }
    std::fs::create_dir_all(&options.data).expect("the data directory can be made");
    let shape = shapes().into_iter().find(|shape| shape.name == name && shape.format == format);
    write(&shape.expect("the shape is in the list"), &path, options.mib << 20).expect("it can be written");
    path
}

fn write(shape: &Shape, path: &PathBuf, size: usize) -> std::io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    out.write_all(shape.before.as_bytes())?;
    let (mut written, mut number) = (0, 0_u64);
    while written < size {
        number += 1;
        match shape.unit {
            Unit::Same(text) => {
                out.write_all(text.as_bytes())?;
                written += text.len();
            }
            Unit::Numbered(text) => {
                let text = text.replace('#', &number.to_string());
                out.write_all(text.as_bytes())?;
                written += text.len();
            }
        }
    }
    out.write_all(shape.after.as_bytes())?;
    out.flush()
}
