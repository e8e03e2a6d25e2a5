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
