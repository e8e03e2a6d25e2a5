//! A stranger's reports are read by a process that has nothing to lose.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use tollgate::formats::Source;
use tollgate::gate::{self, Ground, Keep, Reading, ReportSource, Text, Texts};
use tollgate::io::isolated::{self, FileToRead};
use tollgate::model::{Health, Kind, RepoPath, Untrusted};
use tollgate::paths::Tree;

const PROGRAM: &str = env!("CARGO_BIN_EXE_tollgate");

fn file<'f>(shown: &'f Untrusted, bytes: &'f [u8]) -> FileToRead<'f> {
    FileToRead {
        shown,
        entry: "unit",
        kind: Some(Kind::Tests),
        format: None,
        classes: tollgate::model::ScanClasses::NONE,
        bytes,
        others: &[],
    }
}

#[test]
fn what_the_process_reads_comes_back_whole() {
    let shown = Untrusted::from("ci/junit.xml");
    let junit = br#"<testsuite tests="2"><testcase name="a" file="/w/tests/a.py"/>
        <testcase name="b"><failure message="no"/></testcase></testsuite>"#;
    let files = [RepoPath::new("tests/a.py").unwrap()];
    let ground = Ground {
        tree: Some(Tree::new(files.into_iter().map(|file| (file, Some(3))))),
        workspaces: vec!["/w".to_owned()],
        ..Ground::default()
    };
    let snapshot = isolated::read(Path::new(PROGRAM), &[file(&shown, junit)], &ground, None).unwrap();
    let tests = snapshot.tests.unwrap();
    assert_eq!((tests.totals.tests, tests.totals.failed), (2, 1));
    assert_eq!(snapshot.reports[0].entry, "unit");
}

#[test]
fn the_lines_of_findings_are_known_as_where_the_process_had_the_files() {
    let result = |line: u32, more: &str| {
        format!(
            r#"{{"ruleId": "r", "locations": [{{"physicalLocation": {{"artifactLocation": {{"uri": "src/a.rs"}},
                "region": {{"startLine": {line}}}}}}}]{more}}}"#
        )
    };
    let sarif = |results: &[String]| {
        format!(
            r#"{{"version": "2.1.0", "runs": [{{"tool": {{"driver": {{"name": "t"}}}}, "results": [{}]}}]}}"#,
            results.join(", ")
        )
    };
    let carried = r#", "partialFingerprints": {"primaryLocationLineHash": "54703d4cd895b18:1"}"#;
    let reports = [sarif(&[result(1, ""), result(3, "")]), sarif(&[result(1, carried), result(9, "")])];
    let ground = Ground {
        tree: Some(Tree::new([(RepoPath::new("src/a.rs").unwrap(), Some(3))])),
        texts: Some(Texts(Box::new(|path| {
            (path.as_str() == "src/a.rs").then(|| Text::Whole(b"bad();\n\nworse();\n".to_vec()))
        }))),
        ..Ground::default()
    };
    let shown = [Untrusted::from("a.sarif"), Untrusted::from("b.sarif")];
    let files: Vec<FileToRead<'_>> = std::iter::zip(&shown, &reports)
        .map(|(shown, report)| FileToRead { kind: Some(Kind::Scan), ..file(shown, report.as_bytes()) })
        .collect();
    let mut apart = isolated::read(Path::new(PROGRAM), &files, &ground, None).unwrap();
    assert!(apart.scans.iter().flat_map(|scan| &scan.findings).any(|finding| !finding.line.is_there()));
    gate::find_lines(&mut apart, &ground);
    let sources = files.iter().map(|file| ReportSource {
        file: file.shown.clone(),
        entry: file.entry.to_owned(),
        kind: file.kind,
        format: None,
        classes: tollgate::model::ScanClasses::NONE,
        source: Ok(Source::from_bytes(file.bytes)),
    });
    let here = gate::read(sources, &ground, None, None, Reading::keeping(Keep::Failures));
    assert_eq!(apart, here);
    let known = here.scans.iter().flat_map(|scan| &scan.findings).filter(|finding| finding.line.is_there());
    assert_eq!(known.count(), 3, "line 9 is not in the file");
}

#[test]
fn a_report_that_is_cut_off_comes_back_as_such() {
    let shown = Untrusted::from("junit.xml");
    let cut = file(&shown, b"<testsuite tests=\"2\"><testcase name=\"a\"/>");
    let snapshot = isolated::read(Path::new(PROGRAM), &[cut], &Ground::default(), None).unwrap();
    assert_eq!(snapshot.reports[0].health.word(), "invalid");
}

#[test]
fn a_process_that_ends_early_is_no_evidence() {
    let problem = |program: &str| {
        let shown = Untrusted::from("junit.xml");
        let large = vec![b' '; 4 << 20];
        let read = isolated::read(Path::new(program), &[file(&shown, &large)], &Ground::default(), None);
        let problem = read.unwrap_err();
        assert_eq!(problem.code.id(), "reader-stopped");
        problem.message.raw().to_owned()
    };
    assert!(problem("/bin/false").contains("exit status: 1"));
    assert!(problem("/bin/true").contains("cannot be read"));
    assert!(problem("/nowhere/tollgate").contains("cannot be started"));
}

#[test]
fn the_process_refuses_what_is_no_question() {
    let ask = |bytes: &[u8]| {
        let mut child = Command::new(PROGRAM)
            .arg(isolated::SUBCOMMAND)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // It may refuse before it has read everything.
        drop(child.stdin.take().unwrap().write_all(bytes));
        let output = child.wait_with_output().unwrap();
        assert!(output.stdout.is_empty());
        output.status.success()
    };
    for bytes in [b"".as_slice(), b"\0\0\0\0\0\0\0\x02{}", b"\xff\xff\xff\xff\xff\xff\xff\xff", b"hello"] {
        assert!(!ask(bytes), "{bytes:?}");
    }
}

/// The reader's limits hold on the system that CI and the service run on.
#[cfg(target_os = "linux")]
#[test]
fn t28_the_process_cannot_write_files_nor_take_all_memory() {
    let mut child = Command::new(PROGRAM)
        .arg(isolated::SUBCOMMAND)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut limits = String::new();
    // It sets them before it reads; until then the line says "unlimited".
    for _ in 0..500 {
        limits = std::fs::read_to_string(format!("/proc/{}/limits", child.id())).unwrap_or_default();
        if limits.lines().any(|line| line.starts_with("Max open files") && line.contains(" 16 ")) {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let environment = std::fs::read(format!("/proc/{}/environ", child.id())).unwrap();
    drop(child.stdin.take());
    drop(child.wait());
    let limit =
        |name: &str| limits.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned();
    assert!(limit("Max address space").contains(&isolated::MAX_MEMORY.to_string()), "{limits}");
    assert!(limit("Max cpu time").contains(&isolated::MAX_CPU_SECONDS.to_string()), "{limits}");
    assert!(limit("Max file size").contains(" 0 "), "{limits}");
    assert_eq!(environment, b"", "the process has no environment");
}

#[test]
fn parts_of_a_report_that_lie_beside_it_are_read_apart_too() {
    let report = r#"{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "CodeQL"}}, "externalPropertyFileReferences": {"results": [{"location": {"uri": "parts.json"}, "itemCount": 1}]}}]}"#;
    let parts =
        br#"{"version": "2.1.0", "results": [{"ruleId": "r", "level": "error", "message": {"text": "m"}}]}"#;
    let shown = "a.sarif".into();
    let read = |others: &[(&str, &[u8])]| {
        let file = FileToRead { kind: Some(Kind::Scan), others, ..file(&shown, report.as_bytes()) };
        isolated::read(Path::new(PROGRAM), &[file], &Ground::default(), None).unwrap()
    };
    let whole = read(&[("parts.json", parts)]);
    assert_eq!((whole.scans[0].health, whole.scans[0].active.high), (Health::Complete, 1));
    // Of another name, nobody has it: that is never a clean scan.
    for others in [&[][..], &[("other.json", &parts[..])]] {
        let lost = read(others);
        assert_ne!(lost.scans[0].health, Health::Complete);
    }
}
