//! Reports of realistic shape and any size. The same size makes the same bytes on every machine.
//!
//! The shapes follow what tools write: JUnit like Surefire (about 150 bytes for a test that passes, stack traces of
//! 15 to 40 frames, captured output for some), LCOV like geninfo (FN, FNDA, BRDA on one line of eight), Cobertura
//! like coverage.py (a line element a line), SARIF like CodeQL (rules with help, code flows in one result of five),
//! JaCoCo without any white space, Istanbul with its three maps and their counts, `go test -json` with the output
//! events of `-v`.

use crate::Options;
use crate::rng::Rng;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

/// A generated file, and what a reader must find in it.
pub struct Input {
    pub path: PathBuf,
    pub expected: String,
}

/// The report of a format at the scale of the options times `factor`; kept from an earlier run if it is there.
pub fn report(format: &str, options: &Options, factor: f64) -> Input {
    let scale = options.scale * factor;
    let path = options.data.join(format!("{format}-{scale}"));
    let note = options.data.join(format!("{format}-{scale}.expected"));
    if let (true, Ok(expected)) = (path.exists(), std::fs::read_to_string(&note)) {
        return Input { path, expected };
    }
    std::fs::create_dir_all(&options.data).expect("the data directory can be made");
    let mut out = BufWriter::with_capacity(1 << 20, File::create(&path).expect("it can be written"));
    let of = |most: f64| (most * scale).max(1.0) as u64;
    let expected = match format {
        "junit" => junit(&mut out, of(1_000_000.0)),
        "lcov" => lcov(&mut out, of(10_000.0)),
        "cobertura" => cobertura(&mut out, of(10_000.0)),
        "sarif" => sarif(&mut out, of(50_000.0)),
        "jacoco" => jacoco(&mut out, of(10_000.0)),
        "istanbul" => istanbul(&mut out, of(5_000.0)),
        "go-test" => go_test(&mut out, of(300_000.0)),
        other => panic!("no generator for {other}"),
    };
    let expected = expected.and_then(|found| out.flush().map(|()| found)).expect("it can be written");
    std::fs::write(&note, &expected).expect("it can be written");
    Input { path, expected }
}

/// A folder of so many JUnit reports, each with suites of its own, that together are about one of full size.
pub fn folder(options: &Options, files: u64) -> PathBuf {
    let folder = options.data.join(format!("junit-{}-in-{files}", options.scale));
    if !folder.exists() {
        let one = report("junit", options, 1.0 / files as f64);
        let text = std::fs::read_to_string(&one.path).expect("the report is there");
        std::fs::create_dir_all(&folder).expect("the data directory can be made");
        for number in 0..files {
            let text = text.replace("<testsuite name=\"", &format!("<testsuite name=\"{number}."));
            std::fs::write(folder.join(format!("TEST-{number}.xml")), text).expect("it can be written");
        }
    }
    folder
}

type Out<'o> = &'o mut dyn Write;
type Written = std::io::Result<String>;

const WORDS: &[&str] = &[
    "account", "batch", "cache", "cursor", "delta", "entry", "filter", "gateway", "handler", "index",
    "journal", "kernel", "ledger", "mapper", "notice", "order", "parser", "queue", "refund", "schema",
    "ticket", "update", "vector", "wallet", "export", "border", "margin", "signal", "tenant", "volume",
    "worker", "record",
];

fn word(index: u64) -> &'static str {
    WORDS[(index % WORDS.len() as u64) as usize]
}

fn title(index: u64) -> String {
    let word = word(index);
    word[..1].to_uppercase() + &word[1..]
}

/// Path of a source file; two to four folders deep and unique.
fn path(index: u64) -> String {
    let deep = if index.is_multiple_of(3) { format!("/{}", word(index / 5)) } else { String::new() };
    let extension = ["py", "rs", "ts", "go"][(index % 4) as usize];
    format!("src/{}/{}{deep}/{}_{index}.{extension}", word(index / 41), word(index / 7), word(index * 31))
}

fn junit(out: Out<'_>, tests: u64) -> Written {
    let mut rng = Rng::new(1);
    let traces: Vec<String> = (0..64).map(|seed| trace(&mut rng, seed)).collect();
    let logs: Vec<String> = (0..64).map(|seed| log(&mut rng, seed)).collect();
    let [mut failed, mut errored, mut skipped] = [0_u64; 3];
    let (mut left, mut number) = (tests, 0);
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>")?;
    while left > 0 {
        let count = rng.between(10, 90).min(left);
        let before = [failed, errored, skipped];
        let class =
            format!("com.acme.{}.{}.{}{number}Test", word(number), word(number / 3), title(number / 7));
        let mut body = Vec::new();
        for case in 0..count {
            let chosen = (traces[rng.below(64) as usize].as_str(), logs[rng.below(64) as usize].as_str());
            junit_case(&mut body, &mut rng, &class, case, chosen, [&mut failed, &mut errored, &mut skipped])?;
        }
        let [f, e, s] = [failed - before[0], errored - before[1], skipped - before[2]];
        writeln!(
            out,
            "<testsuite name=\"{class}\" tests=\"{count}\" failures=\"{f}\" errors=\"{e}\" skipped=\"{s}\" \
             time=\"{}.{:03}\" timestamp=\"2026-11-22T04:52:{:02}\" hostname=\"ci\">\n  <properties>",
            count / 9,
            rng.below(1000),
            number % 60
        )?;
        for property in 0..8 {
            let value = word(number + property);
            writeln!(
                out,
                "    <property name=\"java.{}.home\" value=\"/opt/{value}/lib\"/>",
                word(property)
            )?;
        }
        writeln!(out, "  </properties>")?;
        out.write_all(&body)?;
        if number % 2 == 1 {
            writeln!(out, "  <system-out><![CDATA[{}]]></system-out>", logs[(number % 64) as usize])?;
        }
        writeln!(out, "</testsuite>")?;
        left -= count;
        number += 1;
    }
    writeln!(out, "</testsuites>")?;
    Ok(format!("tests={tests} failed={failed} errored={errored} skipped={skipped}"))
}

fn junit_case(
    out: Out<'_>,
    rng: &mut Rng,
    class: &str,
    case: u64,
    (trace, log): (&str, &str),
    [failed, errored, skipped]: [&mut u64; 3],
) -> std::io::Result<()> {
    let parameters = if case % 5 == 4 {
        format!("(int)[{case}] &quot;{}&quot; -&gt; 3", word(case))
    } else {
        String::new()
    };
    let name = format!("should{}When{}{case}{parameters}", title(rng.below(900)), title(rng.below(900)));
    let time = format!("{}.{:03}", rng.below(2), rng.below(1000));
    write!(out, "  <testcase name=\"{name}\" classname=\"{class}\" time=\"{time}\"")?;
    match rng.below(1000) {
        0..908 => return writeln!(out, "/>"),
        908..928 => {
            *skipped += 1;
            writeln!(out, ">\n    <skipped message=\"disabled on CI: see ACME-{case}\"/>")?;
        }
        928..940 => {
            let element = if rng.chance(200) { "error" } else { "failure" };
            *(if element == "error" { errored } else { failed }) += 1;
            let message = trace.split('\n').next().unwrap_or_default();
            writeln!(
                out,
                ">\n    <{element} message=\"{message}\" type=\"AssertionError\">{trace}</{element}>"
            )?;
        }
        _ => writeln!(out, ">\n    <system-out><![CDATA[{log}]]></system-out>")?,
    }
    writeln!(out, "  </testcase>")
}

/// 15 to 40 frames, as text of an element or attribute.
fn trace(rng: &mut Rng, seed: u64) -> String {
    let mut text = format!(
        "AssertionFailedError: expected: &lt;{seed}&gt; but was: &lt;{}&gt; in {} &amp; co",
        seed + 1,
        word(seed)
    );
    for frame in 0..rng.between(15, 40) {
        let class = title(seed + frame);
        let at = rng.between(10, 900);
        text += &format!("\n\tat com.acme.{}.{class}.{}({class}.java:{at})", word(frame), word(seed * frame));
    }
    text
}

/// Captured output of half a kilobyte to two.
fn log(rng: &mut Rng, seed: u64) -> String {
    let line = |rng: &mut Rng, minute: u64| {
        let level = *rng.pick(&["INFO ", "DEBUG", "WARN "]);
        format!(
            "2026-11-22 04:{minute:02}:07.{:03} {level} [main] c.a.{} - <{}> took {} ms\n",
            rng.below(1000),
            title(seed),
            word(minute),
            rng.below(900)
        )
    };
    (0..rng.between(5, 25)).map(|minute| line(rng, minute)).collect()
}

/// Lines of one source file: (line, hits), about four of five covered, in blocks.
fn covered(rng: &mut Rng, mean: u64) -> Vec<(u64, u64)> {
    let mut lines = Vec::new();
    let (mut line, mut hit) = (rng.between(1, 12), true);
    for _ in 0..rng.between(mean / 4, mean * 7 / 4) {
        if rng.chance(120) {
            hit = rng.chance(800);
        }
        let most = if rng.chance(30) { 2_000_000 } else { 400 };
        lines.push((line, if hit { rng.between(1, most) } else { 0 }));
        line += if rng.chance(250) { rng.between(2, 5) } else { 1 };
    }
    lines
}

fn lcov(out: Out<'_>, files: u64) -> Written {
    let mut rng = Rng::new(2);
    let [mut hit, mut found, mut taken, mut branches] = [0_u64; 4];
    for file in 0..files {
        let lines = covered(&mut rng, 300);
        writeln!(out, "TN:unit\nSF:{}", path(file))?;
        let functions: Vec<_> = lines.iter().step_by(23).collect();
        for (index, (line, _)) in functions.iter().enumerate() {
            writeln!(out, "FN:{line},{}_{}_{index}", word(file), word(*line))?;
        }
        for (index, (line, hits)) in functions.iter().enumerate() {
            writeln!(out, "FNDA:{hits},{}_{}_{index}", word(file), word(*line))?;
        }
        let called = functions.iter().filter(|function| function.1 > 0).count();
        writeln!(out, "FNF:{}\nFNH:{called}", functions.len())?;
        let (before_taken, before_branches) = (taken, branches);
        for (line, hits) in lines.iter().step_by(8) {
            for branch in 0..2 {
                let text = match (hits, branch) {
                    (0, _) => "-".to_owned(),
                    (_, 0) => hits.to_string(),
                    _ => (line % 3).to_string(),
                };
                taken += u64::from(text != "-" && text != "0");
                branches += 1;
                writeln!(out, "BRDA:{line},0,{branch},{text}")?;
            }
        }
        writeln!(out, "BRF:{}\nBRH:{}", branches - before_branches, taken - before_taken)?;
        for (line, hits) in &lines {
            writeln!(out, "DA:{line},{hits}")?;
        }
        let covered = lines.iter().filter(|line| line.1 > 0).count() as u64;
        writeln!(out, "LF:{}\nLH:{covered}\nend_of_record", lines.len())?;
        hit += covered;
        found += lines.len() as u64;
    }
    Ok(format!("lines={hit}/{found} branches={taken}/{branches}"))
}

fn cobertura(out: Out<'_>, files: u64) -> Written {
    let mut rng = Rng::new(3);
    let [mut hit, mut found, mut taken, mut branches] = [0_u64; 4];
    writeln!(
        out,
        "<?xml version=\"1.0\" ?>\n<coverage version=\"7.17.3\" timestamp=\"1795336377385\" complexity=\"0\">\n\
         \t<sources>\n\t\t<source>/src/acme</source>\n\t</sources>\n\t<packages>"
    )?;
    for file in 0..files {
        if file % 25 == 0 {
            writeln!(
                out,
                "\t\t<package name=\"acme.{}.{file}\" line-rate=\"0.8\" branch-rate=\"0.6\" complexity=\"0\">\n\t\t\t<classes>",
                word(file)
            )?;
        }
        let path = path(file);
        let name = path.rsplit('/').next().unwrap_or_default();
        writeln!(
            out,
            "\t\t\t\t<class name=\"{name}\" filename=\"{path}\" complexity=\"0\" line-rate=\"0.8129\" branch-rate=\"0.6111\">\n\t\t\t\t\t<methods/>\n\t\t\t\t\t<lines>"
        )?;
        for (index, (line, hits)) in covered(&mut rng, 225).into_iter().enumerate() {
            found += 1;
            hit += u64::from(hits > 0);
            write!(out, "\t\t\t\t\t\t<line number=\"{line}\" hits=\"{hits}\"")?;
            if index % 8 == 0 {
                let (part, percent) = match (hits, line % 3) {
                    (0, _) => (0, 0),
                    (_, 0) => (2, 100),
                    _ => (1, 50),
                };
                taken += part;
                branches += 2;
                write!(out, " branch=\"true\" condition-coverage=\"{percent}% ({part}/2)\"")?;
            }
            writeln!(out, "/>")?;
        }
        writeln!(out, "\t\t\t\t\t</lines>\n\t\t\t\t</class>")?;
        if file % 25 == 24 || file + 1 == files {
            writeln!(out, "\t\t\t</classes>\n\t\t</package>")?;
        }
    }
    writeln!(out, "\t</packages>\n</coverage>")?;
    Ok(format!("lines={hit}/{found} branches={taken}/{branches}"))
}

fn sarif(out: Out<'_>, results: u64) -> Written {
    const RULES: u64 = 200;
    const LEVELS: [&str; 4] = ["error", "warning", "warning", "note"];
    let mut rng = Rng::new(4);
    // Of each band: critical, high, medium, low; and the suppressed.
    let [mut bands, mut suppressed] = [[0_u64; 4], [0; 4]];
    let band = |rule: u64| match rule % 100 {
        90.. => 0,
        70..90 => 1,
        40..70 => 2,
        1..40 => 3,
        _ => [1, 2, 2, 3][(rule % 4) as usize],
    };
    write!(
        out,
        "{{\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\",\"version\":\"2.1.0\",\"runs\":[{{\"tool\":{{\"driver\":{{\"name\":\"scanner\",\"semanticVersion\":\"2.19.0\",\"rules\":["
    )?;
    for rule in 0..RULES {
        let comma = if rule == 0 { "" } else { "," };
        let help: String = (0..12)
            .map(|line| {
                format!(
                    "# {}\\nAvoid \\\"{}\\\" when <{}> is set – naïve.\\n",
                    title(rule + line),
                    word(rule),
                    word(line)
                )
            })
            .collect();
        write!(
            out,
            "{comma}{{\"id\":\"acme/{}-{rule}\",\"name\":\"{}\",\"shortDescription\":{{\"text\":\"Use of {}\"}},\"defaultConfiguration\":{{\"level\":\"{}\"}},\"help\":{{\"text\":\"{help}\",\"markdown\":\"{help}\"}},\"properties\":{{\"tags\":[\"security\",\"external/cwe/cwe-{rule:03}\"],\"precision\":\"high\",\"security-severity\":\"{}.{}\"}}}}",
            word(rule),
            title(rule),
            word(rule),
            LEVELS[(rule % 4) as usize],
            rule % 100 / 10,
            rule % 10
        )?;
    }
    write!(out, "]}}}},\"results\":[")?;
    for result in 0..results {
        let (rule, file, line) = (rng.below(RULES), rng.below(10_000), rng.between(1, 400));
        let comma = if result == 0 { "" } else { "," };
        let hash = rng.below(1 << 52);
        let place = place(file, line);
        write!(
            out,
            "{comma}{{\"ruleId\":\"acme/{}-{rule}\",\"ruleIndex\":{rule},\"rule\":{{\"id\":\"acme/{}-{rule}\",\"index\":{rule}}},\"level\":\"{}\",\"message\":{{\"text\":\"This \\\"{}\\\" depends on a [value](1).\\nSanitise {} first.\"}},\"locations\":[{{{place}}}],\"partialFingerprints\":{{\"primaryLocationLineHash\":\"{hash:013x}:1\",\"primaryLocationStartColumnFingerprint\":\"{}\"}},\"relatedLocations\":[{{\"id\":1,{place},\"message\":{{\"text\":\"value\"}}}}]",
            word(rule),
            word(rule),
            LEVELS[(rule % 4) as usize],
            word(result),
            title(result),
            line % 40
        )?;
        if result % 5 == 0 {
            write!(out, ",\"codeFlows\":[{{\"threadFlows\":[{{\"locations\":[")?;
            let steps = rng.between(12, 28);
            for step in 0..steps {
                let comma = if step == 0 { "" } else { "," };
                let place = self::place((file + step) % 10_000, line + step);
                write!(
                    out,
                    "{comma}{{\"location\":{{{place},\"message\":{{\"text\":\"{} : String\"}}}}}}",
                    word(step)
                )?;
            }
            write!(out, "]}}]}}]")?;
        }
        let counted = if result % 50 == 7 {
            write!(out, ",\"suppressions\":[{{\"kind\":\"inSource\",\"status\":\"accepted\"}}]")?;
            &mut suppressed
        } else {
            &mut bands
        };
        counted[band(rule)] += 1;
        write!(out, "}}")?;
    }
    writeln!(out, "],\"columnKind\":\"utf16CodeUnits\"}}]}}")?;
    let [critical, high, medium, low] = bands;
    let suppressed: u64 = suppressed.iter().sum();
    Ok(format!("critical={critical} high={high} medium={medium} low={low} other=0 suppressed={suppressed}"))
}

/// One line without white space: classes with their methods, then the lines of each source file.
fn jacoco(out: Out<'_>, files: u64) -> Written {
    let mut rng = Rng::new(5);
    let [mut hit, mut found, mut taken, mut branches] = [0_u64; 4];
    let counter = |kind: &str, missed: u64, covered: u64| {
        format!("<counter type=\"{kind}\" missed=\"{missed}\" covered=\"{covered}\"/>")
    };
    write!(
        out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?><!DOCTYPE report PUBLIC \"-//JACOCO//DTD Report \
         1.1//EN\" \"report.dtd\"><report name=\"acme\"><sessioninfo id=\"ci-1\" start=\"1\" dump=\"2\"/>"
    )?;
    for first in (0..files).step_by(25) {
        let package = format!("com/acme/{}/p{first}", word(first));
        write!(out, "<package name=\"{package}\">")?;
        let mut sources = String::new();
        for file in first..files.min(first + 25) {
            let lines = covered(&mut rng, 120);
            let name = format!("{}{file}", title(file));
            write!(out, "<class name=\"{package}/{name}\" sourcefilename=\"{name}.java\">")?;
            for method in lines.chunks(9) {
                let covered = method.iter().filter(|line| line.1 > 0).count() as u64;
                let missed = method.len() as u64 - covered;
                let counters =
                    counter("INSTRUCTION", missed * 4, covered * 4) + &counter("LINE", missed, covered);
                let (line, called) = (method[0].0, u64::from(covered > 0));
                let name = if line % 7 == 0 { "&lt;init&gt;" } else { word(line) };
                write!(
                    out,
                    "<method name=\"{name}\" desc=\"(Ljava/lang/String;I)V\" line=\"{line}\">{counters}"
                )?;
                write!(out, "{}</method>", counter("METHOD", 1 - called, called))?;
            }
            write!(out, "</class>")?;
            sources += &format!("<sourcefile name=\"{name}.java\">");
            for (index, (line, hits)) in lines.iter().enumerate() {
                let (mi, ci) = if *hits > 0 { (0, 2 + line % 9) } else { (2 + line % 9, 0) };
                let (mb, cb) = match (index % 8, *hits > 0) {
                    (0, true) => (1, 1),
                    (0, false) => (2, 0),
                    _ => (0, 0),
                };
                sources += &format!("<line nr=\"{line}\" mi=\"{mi}\" ci=\"{ci}\" mb=\"{mb}\" cb=\"{cb}\"/>");
                hit += u64::from(ci > 0);
                taken += cb;
                branches += mb + cb;
            }
            found += lines.len() as u64;
            sources += "</sourcefile>";
        }
        write!(out, "{sources}</package>")?;
    }
    write!(out, "{}</report>", counter("LINE", found - hit, hit))?;
    Ok(format!("lines={hit}/{found} branches={taken}/{branches}"))
}

fn istanbul(out: Out<'_>, files: u64) -> Written {
    let mut rng = Rng::new(6);
    let [mut hit, mut found, mut taken, mut branches] = [0_u64; 4];
    let span = |line: u64| {
        let column = line % 40;
        let end = column + 30;
        format!(
            "{{\"start\":{{\"line\":{line},\"column\":{column}}},\"end\":{{\"line\":{line},\"column\":{end}}}}}"
        )
    };
    let list = |entries: Vec<String>| entries.join(",");
    write!(out, "{{")?;
    for file in 0..files {
        let lines = covered(&mut rng, 200);
        let path = format!("/src/acme/{}", path(file));
        let numbered = |make: &dyn Fn(&(u64, u64)) -> String, step: usize| {
            let entries = lines.iter().step_by(step).enumerate();
            list(entries.map(|(index, line)| format!("\"{index}\":{}", make(line))).collect())
        };
        let comma = if file == 0 { "" } else { "," };
        write!(
            out,
            "{comma}\"{path}\":{{\"path\":\"{path}\",\"statementMap\":{{{}}},",
            numbered(&|line| span(line.0), 1)
        )?;
        let function = |line: &(u64, u64)| {
            let (name, at) = (word(line.0), span(line.0));
            format!("{{\"name\":\"{name}\",\"decl\":{at},\"loc\":{at},\"line\":{}}}", line.0)
        };
        write!(out, "\"fnMap\":{{{}}},", numbered(&function, 23))?;
        let branch = |line: &(u64, u64)| {
            let at = span(line.0);
            format!("{{\"loc\":{at},\"type\":\"if\",\"locations\":[{at},{at}],\"line\":{}}}", line.0)
        };
        write!(out, "\"branchMap\":{{{}}},", numbered(&branch, 8))?;
        write!(
            out,
            "\"s\":{{{}}},\"f\":{{{}}},",
            numbered(&|line| line.1.to_string(), 1),
            numbered(&|line| line.1.to_string(), 23)
        )?;
        write!(out, "\"b\":{{{}}}}}", numbered(&|line| format!("[{},{}]", line.1, line.1 % 2), 8))?;
        for line in lines.iter().step_by(8) {
            taken += u64::from(line.1 > 0) + line.1 % 2;
            branches += 2;
        }
        hit += lines.iter().filter(|line| line.1 > 0).count() as u64;
        found += lines.len() as u64;
    }
    writeln!(out, "}}")?;
    Ok(format!("lines={hit}/{found} branches={taken}/{branches}"))
}

fn go_test(out: Out<'_>, tests: u64) -> Written {
    let mut rng = Rng::new(7);
    let [mut failed, mut skipped] = [0_u64; 2];
    for first in (0..tests).step_by(50) {
        let package = format!("example.com/acme/{}/p{first}", word(first));
        let event = |action: &str, test: &str, rest: &str| {
            let test = if test.is_empty() { String::new() } else { format!(",\"Test\":\"{test}\"") };
            format!(
                "{{\"Time\":\"2026-11-22T08:41:35.09683586Z\",\"Action\":\"{action}\",\"Package\":\"{package}\"{test}{rest}}}\n"
            )
        };
        let mut bad = false;
        for test in first..tests.min(first + 50) {
            let name = format!("Test{}{}{test}", title(test), title(test / 3));
            let verdict = match rng.below(1000) {
                0..12 => "fail",
                12..32 => "skip",
                _ => "pass",
            };
            failed += u64::from(verdict == "fail");
            skipped += u64::from(verdict == "skip");
            bad |= verdict == "fail";
            let output = |text: String| event("output", &name, &format!(",\"Output\":\"{text}\\n\""));
            out.write_all(event("run", &name, "").as_bytes())?;
            out.write_all(output(format!("=== RUN   {name}")).as_bytes())?;
            for line in 0..rng.below(if verdict == "fail" { 30 } else { 3 }) {
                out.write_all(
                    output(format!(
                        "    {}_test.go:{line}: got \\\"{}\\\" \\u003c 3",
                        word(test),
                        word(line)
                    ))
                    .as_bytes(),
                )?;
            }
            out.write_all(output(format!("--- {}: {name} (0.01s)", verdict.to_uppercase())).as_bytes())?;
            out.write_all(event(verdict, &name, ",\"Elapsed\":0.01").as_bytes())?;
        }
        out.write_all(event(if bad { "fail" } else { "pass" }, "", ",\"Elapsed\":0.5").as_bytes())?;
    }
    Ok(format!("tests={tests} failed={failed} errored=0 skipped={skipped}"))
}

fn place(file: u64, line: u64) -> String {
    format!(
        "\"physicalLocation\":{{\"artifactLocation\":{{\"uri\":\"{}\",\"uriBaseId\":\"%SRCROOT%\",\"index\":{file}}},\"region\":{{\"startLine\":{line},\"startColumn\":{},\"endLine\":{line},\"endColumn\":{}}}}}",
        path(file),
        line % 40 + 1,
        line % 40 + 19
    )
}
