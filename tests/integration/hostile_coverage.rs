//! What a hostile or broken tool may write into a report of coverage, over every format that can say it.

use flate2::Compression;
use flate2::write::GzEncoder;
use std::collections::BTreeSet;
use std::io::{Cursor, Write as _};
use tollgate::formats::{self, Source};
use tollgate::gate::{self, Ground, Keep, Reading, ReportSource};
use tollgate::model::{Health, Kind, RepoPath, ReportRead, Snapshot, Untrusted};
use tollgate::paths::Tree;

/// A report of one line of one file, from the path, the line and its count.
struct Sample {
    format: &'static str,
    text: fn(&str, &str, &str) -> String,
    /// False where a line is only covered or not.
    counts: bool,
    /// True where a line stands at its place in a list, or in a total, without a number.
    is_list: bool,
}

const fn counting(format: &'static str, text: fn(&str, &str, &str) -> String) -> Sample {
    Sample { format, text, counts: true, is_list: false }
}

const SAMPLES: &[Sample] = &[
    counting("lcov", |path, line, count| format!("TN:\nSF:{path}\nDA:{line},{count}\nend_of_record\n")),
    counting("cobertura", |path, line, count| {
        format!(
            "<?xml version='1.0'?>\n<coverage line-rate='1'><packages><package name='p'><classes><class name='c' filename='{path}'><methods/><lines><line number='{line}' hits='{count}'/></lines></class></classes></package></packages></coverage>\n"
        )
    }),
    counting("jacoco", |path, line, count| {
        format!(
            "<?xml version='1.0'?>\n<report name='r'><package name=''><sourcefile name='{path}'><line nr='{line}' mi='0' ci='{count}' mb='0' cb='0'/></sourcefile></package></report>\n"
        )
    }),
    counting("clover", |path, line, count| {
        format!(
            "<?xml version='1.0'?>\n<coverage generated='1' clover='4.4'><project timestamp='1'><package name='p'><file name='x' path='{path}'><line num='{line}' type='stmt' count='{count}'/></file></package></project></coverage>\n"
        )
    }),
    counting("go-cover", |path, line, count| format!("mode: count\n{path}:{line}.1,{line}.9 1 {count}\n")),
    counting("istanbul", |path, line, count| {
        format!(
            "{{\"{path}\": {{\"path\": \"{path}\", \"statementMap\": {{\"0\": {{\"start\": {{\"line\": {line}, \"column\": 0}}, \"end\": {{\"line\": {line}, \"column\": 9}}}}}}, \"fnMap\": {{}}, \"branchMap\": {{}}, \"s\": {{\"0\": {count}}}, \"f\": {{}}, \"b\": {{}}}}}}\n"
        )
    }),
    Sample {
        counts: false,
        is_list: true,
        ..counting("istanbul-summary", |path, _, covered| {
            let totals = |covered: &str| {
                format!(
                    "{{\"lines\": {{\"total\": 1, \"covered\": {covered}, \"skipped\": 0, \"pct\": 100}}, \"statements\": {{\"total\": 1, \"covered\": 1}}}}"
                )
            };
            format!("{{\"total\": {}, \"{path}\": {}}}\n", totals("1"), totals(covered))
        })
    },
    Sample {
        counts: false,
        ..counting("coverage-py", |path, line, _| {
            format!(
                "{{\"meta\": {{\"format\": 3, \"version\": \"7.6\"}}, \"files\": {{\"{path}\": {{\"executed_lines\": [{line}], \"summary\": {{\"covered_lines\": 1, \"num_statements\": 1}}, \"missing_lines\": [], \"excluded_lines\": []}}}}, \"totals\": {{}}}}\n"
            )
        })
    },
    counting("llvm-cov", |path, line, count| {
        format!(
            "{{\"data\": [{{\"files\": [{{\"filename\": \"{path}\", \"segments\": [[{line}, 1, {count}, true, true, false], [{line}, 9, 0, false, false, false]], \"summary\": {{}}}}], \"totals\": {{}}}}], \"type\": \"llvm.coverage.json.export\", \"version\": \"2.0.1\"}}\n"
        )
    }),
    counting("gcov", |path, line, count| {
        format!("        -:    0:Source:{path}\n        -:    0:Runs:1\n{count:>9}:{line:>5}:int x;\n")
    }),
    counting("gcov-json", |path, line, count| {
        format!(
            "{{\"gcc_version\": \"12\", \"files\": [{{\"file\": \"{path}\", \"lines\": [{{\"line_number\": {line}, \"count\": {count}, \"branches\": []}}], \"functions\": []}}], \"format_version\": \"1\", \"current_working_directory\": \"/app\"}}\n"
        )
    }),
    counting("gcovr-json", |path, line, count| {
        format!(
            "{{\"gcovr/format_version\": \"0.12\", \"files\": [{{\"file\": \"{path}\", \"lines\": [{{\"line_number\": {line}, \"count\": {count}, \"branches\": []}}], \"functions\": []}}]}}\n"
        )
    }),
    counting("opencover", |path, line, count| {
        format!(
            "<?xml version='1.0'?>\n<CoverageSession><Modules><Module hash='1'><Files><File uid='1' fullPath='{path}'/></Files><Classes><Class><Methods><Method><Name>M</Name><FileRef uid='1'/><SequencePoints><SequencePoint vc='{count}' sl='{line}' el='{line}' fileid='1'/></SequencePoints></Method></Methods></Class></Classes></Module></Modules></CoverageSession>\n"
        )
    }),
    Sample {
        counts: false,
        ..counting("dotcover", |path, line, count| {
            format!(
                "<?xml version='1.0'?>\n<Root CoveredStatements='1' TotalStatements='1' ReportType='DetailedXml' DotCoverVersion='2023.3'><FileIndices><File Index='1' Name='{path}'/></FileIndices><Assembly Name='a'><Method><Statement FileIndex='1' Line='{line}' Column='1' EndLine='{line}' EndColumn='2' Covered='{}'/></Method></Assembly></Root>\n",
                word(count, "True")
            )
        })
    },
    Sample {
        counts: false,
        ..counting("visual-studio", |path, line, count| {
            format!(
                "<?xml version='1.0'?>\n<results><modules><module name='m'><functions><function name='f'><ranges><range source_id='0' covered='{}' start_line='{line}' end_line='{line}'/></ranges></function></functions><source_files><source_file id='0' path='{path}'/></source_files></module></modules></results>\n",
                word(count, "yes")
            )
        })
    },
    Sample {
        is_list: true,
        ..counting("simplecov", |path, _, count| {
            format!(
                "{{\"RSpec\": {{\"coverage\": {{\"{path}\": {{\"lines\": [{count}, null]}}}}, \"timestamp\": 1}}}}\n"
            )
        })
    },
    counting("xccov", |path, line, count| {
        format!(
            "{{\"{path}\": [{{\"isExecutable\": true, \"line\": {line}, \"executionCount\": {count}}}]}}\n"
        )
    }),
    Sample {
        counts: false,
        ..counting("sonar", |path, line, count| {
            format!(
                "<?xml version='1.0'?>\n<coverage version='1'><file path='{path}'><lineToCover lineNumber='{line}' covered='{}'/></file></coverage>\n",
                word(count, "true")
            )
        })
    },
    counting("codecov", |path, line, count| {
        format!("{{\"coverage\": {{\"{path}\": {{\"{line}\": {count}}}}}, \"messages\": {{}}}}\n")
    }),
    Sample {
        is_list: true,
        ..counting("coveralls", |path, _, count| {
            format!(
                "{{\"repo_token\": \"x\", \"source_files\": [{{\"name\": \"{path}\", \"coverage\": [{count}, null]}}]}}\n"
            )
        })
    },
    counting("scoverage", |path, line, count| {
        format!(
            "<?xml version='1.0'?>\n<scoverage statement-count='1'><packages><package><classes><class filename='x'><methods><method><statements><statement source='{path}' line='{line}' start='1' end='2' branch='false' invocation-count='{count}'/></statements></method></methods></class></classes></package></packages></scoverage>\n"
        )
    }),
];

/// The word for a line that ran; what is no number stays as it is.
fn word(count: &str, covered: &str) -> String {
    if count == "1" { covered.to_owned() } else { count.to_owned() }
}

impl Sample {
    fn is_xml(&self) -> bool {
        self.good().starts_with("<?xml")
    }

    fn is_json(&self) -> bool {
        self.good().starts_with('{')
    }

    fn good(&self) -> String {
        (self.text)("a.c", "1", "1")
    }
}

/// Reads a report against a tree of one file of three lines.
fn read(bytes: &[u8], most: u64) -> Snapshot {
    let tree = Tree::new([(RepoPath::new("a.c").unwrap(), Some(3))]);
    let source = ReportSource {
        file: Untrusted::new("report"),
        entry: "coverage".to_owned(),
        kind: Some(Kind::Coverage),
        format: None,
        classes: tollgate::model::ScanClasses::NONE,
        source: Ok(Source::new(Cursor::new(bytes.to_vec()), most)),
    };
    let ground = Ground { tree: Some(tree), ..Ground::default() };
    gate::read([source], &ground, None, None, Reading::keeping(Keep::Everything))
}

fn read_text(text: &str) -> Snapshot {
    read(text.as_bytes(), u64::MAX)
}

fn row(snapshot: &Snapshot) -> &ReportRead {
    &snapshot.reports[0]
}

fn health(text: &str) -> Health {
    row(&read_text(text)).health
}

/// Lines that ran of all that can, over the tracked files.
fn lines(snapshot: &Snapshot) -> (u64, u64) {
    let totals = snapshot.coverage.as_ref().map(|coverage| coverage.totals(|_| true));
    totals.and_then(|totals| totals.lines).map_or((0, 0), |lines| (lines.part, lines.whole))
}

#[test]
fn every_format_of_coverage_stands_in_the_table_and_its_sample_is_whole() {
    let all: BTreeSet<&str> =
        formats::all().filter(|format| format.kind == Kind::Coverage).map(|format| format.id).collect();
    assert_eq!(SAMPLES.iter().map(|sample| sample.format).collect::<BTreeSet<_>>(), all);
    for sample in SAMPLES {
        let read = read_text(&sample.good());
        assert_eq!(row(&read).format, sample.format);
        assert_eq!(
            (row(&read).health, lines(&read)),
            (Health::Complete, (1, 1)),
            "{}: {read:?}",
            sample.format
        );
    }
}

#[test]
fn a_line_beyond_the_file_is_never_whole_evidence_of_the_file() {
    for sample in SAMPLES.iter().filter(|sample| !sample.is_list) {
        for line in ["4", "4294967295", "4294967296", "99999999999999999999"] {
            let read = read_text(&(sample.text)("a.c", line, "1"));
            let is_stale = read.coverage.as_ref().is_some_and(|coverage| !coverage.stale.is_empty());
            let is_whole = row(&read).health == Health::Complete && !is_stale && lines(&read).0 > 0;
            assert!(!is_whole, "{} {line}: {read:?}", sample.format);
        }
    }
}

#[test]
fn a_line_that_is_no_line_is_never_a_covered_one() {
    for sample in SAMPLES.iter().filter(|sample| !sample.is_list) {
        for line in ["0", "-1", "1.5", "x", ""] {
            let read = read_text(&(sample.text)("a.c", line, "1"));
            assert_eq!(lines(&read).0, 0, "{} `{line}`: {read:?}", sample.format);
        }
    }
}

#[test]
fn a_count_of_twenty_digits_saturates_or_is_lost_and_is_never_a_miss() {
    for sample in SAMPLES.iter().filter(|sample| sample.counts) {
        for count in ["99999999999999999999", "18446744073709551615", "1.5"] {
            let read = read_text(&(sample.text)("a.c", "1", count));
            let is_miss = row(&read).health == Health::Complete && lines(&read) == (0, 1);
            assert!(!is_miss, "{} {count}: {read:?}", sample.format);
        }
    }
}

#[test]
fn a_path_that_is_no_file_of_the_repository_covers_none() {
    for sample in SAMPLES {
        for path in
            ["", "/etc/a.c.d", "../../etc/passwd", "..", "/", "C:/Windows/win.ini", "a.c/../../b", "A.C"]
        {
            let read = read_text(&(sample.text)(path, "1", "1"));
            assert_eq!(lines(&read), (0, 0), "{} `{path}`: {read:?}", sample.format);
            assert_ne!(row(&read).health, Health::Complete, "{} `{path}`: {read:?}", sample.format);
            let said = row(&read).warnings.iter().all(|warning| !warning.help.raw().is_empty());
            assert!(said && !row(&read).warnings.is_empty(), "{} `{path}`: {read:?}", sample.format);
        }
    }
}

#[test]
fn entities_of_the_file_itself_are_refused_and_external_ones_are_not_fetched() {
    let laughs = "<!DOCTYPE x [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>]>\n";
    let external = "<!DOCTYPE x SYSTEM \"http://127.0.0.1:9/x.dtd\">\n";
    for sample in SAMPLES.iter().filter(|sample| sample.is_xml()) {
        let good = sample.good();
        let with = |doctype: &str| good.replacen("?>\n", &format!("?>\n{doctype}"), 1);
        let read = read_text(&with(laughs));
        assert_eq!(row(&read).health, Health::Invalid, "{}: {read:?}", sample.format);
        assert!(
            row(&read).warnings.iter().any(|warning| warning.origin.line > 0),
            "{}: {read:?}",
            sample.format
        );
        assert_eq!(lines(&read_text(&with(external))), (1, 1), "{}", sample.format);
    }
}

#[test]
fn mis_nested_elements_are_refused_with_their_place() {
    for sample in SAMPLES.iter().filter(|sample| sample.is_xml()) {
        let good = sample.good();
        let last = good.rfind("</").unwrap();
        let broken = format!("{}</wrong>{}", &good[..last], &good[last..]);
        let read = read_text(&broken);
        assert_eq!(row(&read).health, Health::Invalid, "{}: {read:?}", sample.format);
        assert!(
            row(&read).warnings.iter().any(|warning| warning.origin.line == 2),
            "{}: {read:?}",
            sample.format
        );
    }
}

#[test]
fn a_file_that_is_cut_off_is_never_whole_unless_it_may_end_there() {
    for sample in SAMPLES {
        let good = sample.good();
        for end in (0..good.len()).filter(|end| good.is_char_boundary(*end)) {
            let cut = &good[..end];
            // A text of lines may end behind any; a document without its last line end is whole.
            let is_text = !(sample.is_xml() || sample.is_json());
            let may_end = cut.trim_end() == good.trim_end() || (is_text && cut.ends_with('\n'));
            let read = read_text(cut);
            let is_whole = row(&read).health == Health::Complete && lines(&read).0 > 0;
            assert!(may_end || !is_whole, "{} cut at {end}: {read:?}", sample.format);
        }
    }
}

#[test]
fn two_formats_in_one_file_are_never_whole() {
    for first in SAMPLES {
        for second in SAMPLES.iter().filter(|second| second.format != first.format) {
            // Both are read by one reader, which loses nothing of either.
            if [first.format, second.format].iter().all(|format| ["gcov-json", "gcovr-json"].contains(format))
            {
                continue;
            }
            let both = format!("{}{}", first.good(), second.good());
            assert_ne!(health(&both), Health::Complete, "{} and {}", first.format, second.format);
        }
    }
}

#[test]
fn a_packed_report_that_grows_beyond_the_limit_is_refused() {
    for sample in SAMPLES {
        let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
        packer.write_all(sample.good().as_bytes()).unwrap();
        let honest = packer.finish().unwrap();
        assert_eq!(lines(&read(&honest, 1 << 20)), (1, 1), "{}", sample.format);
        let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
        packer.write_all(sample.good().as_bytes()).unwrap();
        let filler = vec![b'\n'; 1 << 20];
        (0..8).for_each(|_| packer.write_all(&filler).unwrap());
        let bomb = packer.finish().unwrap();
        let read = read(&bomb, 1 << 20);
        assert_eq!(row(&read).health, Health::Invalid, "{}: {read:?}", sample.format);
    }
}
