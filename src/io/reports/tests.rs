//! What is found in real folders, with two formats of our own: a suite (`<suite`) and coverage (`COV`).

use super::*;
use crate::formats::{Context, ParseError, Parsed, Position, Source};
use crate::io::git;
use crate::io::testing::Repo;
use crate::model::ScanClasses;
use crate::policy::{Absent, Globs};
use std::time::Duration;

fn unread(_: &mut Source<'_>, _: &mut Context) -> Result<Parsed, ParseError> {
    Err(ParseError::new(Code::Malformed, "never read here", Position::default()))
}

static SUITE: Format = Format {
    id: "suite",
    kind: Kind::Tests,
    name: "Suite",
    default_globs: &["TEST-*.xml", "junit*.xml"],
    spec_url: "",
    sniff: |head| head.text().starts_with("<suite"),
    parse: unread,
};

static COVER: Format = Format {
    id: "cover",
    kind: Kind::Coverage,
    name: "Cover",
    default_globs: &["lcov.info"],
    spec_url: "",
    sniff: |head| head.text().starts_with("COV"),
    parse: unread,
};

fn detect(head: &Head) -> Detected {
    let claims: Vec<&'static Format> =
        [&SUITE, &COVER].into_iter().filter(|format| (format.sniff)(head)).collect();
    match claims.as_slice() {
        [] if head.text().starts_with("<both") => Detected::Ambiguous(vec!["suite", "cover"]),
        [format] => Detected::One(format),
        _ => Detected::Unknown,
    }
}

fn formats() -> Formats {
    Formats::new([&SUITE, &COVER].into_iter(), detect)
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (file, content) in files {
        put(dir.path(), file, content);
    }
    dir
}

fn put(dir: &Path, file: &str, content: &str) {
    let path = dir.join(file);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
}

fn entry(kind: Kind, globs: &[&str]) -> ReportEntry {
    ReportEntry {
        kind,
        path: Globs::new(globs).unwrap(),
        format: None,
        workflow: Globs::none(),
        artifact: Globs::none(),
        at_least: 1,
        shards: None,
        when: Globs::none(),
        absent: Absent::Required,
        tracked: false,
        classes: ScanClasses::NONE,
        origin: Origin::file("policy"),
    }
}

fn entries(list: &[(&str, Kind, &[&str])]) -> BTreeMap<String, ReportEntry> {
    list.iter().map(|&(name, kind, globs)| (name.to_owned(), entry(kind, globs))).collect()
}

fn search(dir: &Path, entries: &BTreeMap<String, ReportEntry>) -> Found {
    let nothing = Tracking::nothing();
    find_among(&Search { dir, entries, tracking: Some(&nothing), written: &[], not_before: None }, &formats())
}

fn by_content(dir: &Path) -> Found {
    search(dir, &BTreeMap::new())
}

/// entry, path, format
fn names(found: &Found) -> Vec<(String, String, &'static str)> {
    let row = |report: &FoundReport| {
        let format = report.format.map_or("", |format| format.id);
        (report.entry.clone(), report.shown.raw().to_owned(), format)
    };
    found.reports.iter().map(row).collect()
}

fn paths(found: &Found) -> Vec<&str> {
    found.reports.iter().map(|report| report.shown.raw()).collect()
}

fn codes(found: &Found) -> Vec<(Code, Weight)> {
    found.diagnostics.iter().map(|diagnostic| (diagnostic.code, diagnostic.weight)).collect()
}

#[test]
fn reports_are_found_by_their_content_in_output_folders_too() {
    let dir = folder(&[
        ("target/surefire-reports/any.xml", "<suite/>"),
        ("build/x.out", "COV"),
        ("coverage/lcov.info", "COV"),
        ("readme.md", "<suite/>"),
        ("pom.xml", "<project/>"),
        ("empty.xml", ""),
    ]);
    let found = by_content(dir.path());
    let row = |path: &str, format| (String::new(), path.to_owned(), format);
    assert_eq!(
        names(&found),
        [
            row("build/x.out", "cover"),
            row("coverage/lcov.info", "cover"),
            row("target/surefire-reports/any.xml", "suite")
        ]
    );
    assert!(found.is_whole() && found.diagnostics.is_empty());
}

#[test]
fn a_file_that_is_called_like_a_report_is_one_whatever_it_holds() {
    let dir = folder(&[
        ("junit.xml", ""),
        ("a/junit-2.xml", "<html>"),
        ("lcov.info", "\0\0"),
        ("TEST-x.xml", "<both/>"),
    ]);
    let found = by_content(dir.path());
    assert_eq!(paths(&found), ["TEST-x.xml", "a/junit-2.xml", "junit.xml", "lcov.info"]);
    assert!(found.reports.iter().all(|report| report.format.is_none() && report.refused.is_none()));
    let kinds: Vec<_> = found.reports.iter().map(|report| report.kind.unwrap()).collect();
    assert_eq!(kinds, [Kind::Tests, Kind::Tests, Kind::Tests, Kind::Coverage]);
}

#[test]
fn what_two_formats_claim_is_not_passed_over() {
    let dir = folder(&[("odd.xml", "<both/>")]);
    assert_eq!(paths(&by_content(dir.path())), ["odd.xml"]);
}

#[test]
fn dependencies_and_caches_are_not_looked_into() {
    let folders = [
        ".git",
        "node_modules/x",
        "vendor/x",
        ".venv/lib",
        "venv",
        "target/debug/deps",
        "target/debug/incremental",
        "target/x86_64-unknown-linux-gnu/release/build/y",
        "build/_deps/z",
        ".gradle",
    ];
    let dir = tempfile::tempdir().unwrap();
    for folder in folders {
        put(dir.path(), &format!("{folder}/junit.xml"), "<suite/>");
    }
    put(dir.path(), "deps/junit.xml", "<suite/>");
    put(dir.path(), "target/nextest/ci/junit.xml", "<suite/>");
    put(dir.path(), "build/junit.xml", "<suite/>");
    let found = by_content(dir.path());
    assert_eq!(paths(&found), ["build/junit.xml", "deps/junit.xml", "target/nextest/ci/junit.xml"]);
}

#[test]
fn files_that_git_tracks_are_fixtures() {
    let repo = Repo::new();
    repo.write("tests/junit.xml", "<suite/>");
    repo.write(".gitignore", "target\n");
    repo.commit("base");
    repo.write("target/junit.xml", "<suite/>");
    repo.write("tests/fresh.xml", "<suite/>");
    let tracking = git::open(repo.path()).unwrap().tracking().unwrap();
    let none = BTreeMap::new();
    let found = find_among(
        &Search {
            dir: repo.path(),
            entries: &none,
            tracking: Some(&tracking),
            written: &[],
            not_before: None,
        },
        &formats(),
    );
    assert_eq!(paths(&found), ["target/junit.xml", "tests/fresh.xml"]);
}

#[test]
fn what_a_repository_inside_tracks_is_a_fixture_too() {
    let dir = tempfile::tempdir().unwrap();
    let inner = Repo::new();
    inner.write("tests/junit.xml", "<suite/>");
    inner.commit("base");
    inner.write("out/junit.xml", "<suite/>");
    std::fs::rename(inner.path(), dir.path().join("inner")).unwrap();
    assert_eq!(paths(&by_content(dir.path())), ["inner/out/junit.xml"]);
}

#[test]
fn without_knowing_what_git_tracks_nothing_is_found_by_content_and_nothing_passes() {
    let dir = folder(&[("junit.xml", "<suite/>"), ("u.xml", "<suite/>")]);
    let none = BTreeMap::new();
    let blind = |entries| {
        find_among(
            &Search { dir: dir.path(), entries, tracking: None, written: &[], not_before: None },
            &formats(),
        )
    };
    let found = blind(&none);
    assert!(found.reports.is_empty() && !found.is_whole());
    let all = entries(&[
        ("c", Kind::Coverage, &["c"]),
        ("s", Kind::Scan, &["s"]),
        ("unit", Kind::Tests, &["u.xml"]),
    ]);
    let found = blind(&all);
    assert_eq!(paths(&found), ["u.xml"]);
    assert!(found.is_whole());
}

#[test]
fn of_a_kind_that_is_named_only_the_globs_are_read_and_strays_are_said() {
    let dir =
        folder(&[("out/junit.xml", "<suite/>"), ("other/junit.xml", "<suite/>"), ("cov/lcov.info", "COV")]);
    let contract = entries(&[("unit", Kind::Tests, &["out/*.xml"])]);
    let found = search(dir.path(), &contract);
    let row = |entry: &str, path: &str, format| (entry.to_owned(), path.to_owned(), format);
    assert_eq!(names(&found), [row("", "cov/lcov.info", "cover"), row("unit", "out/junit.xml", "")]);
    assert_eq!(codes(&found), [(Code::StrayReport, Weight::Note)]);
    assert_eq!(found.diagnostics.first().unwrap().origin.file.raw(), "other/junit.xml");
}

#[test]
fn globs_begin_at_the_root_and_a_star_does_not_cross_a_slash() {
    let dir = folder(&[
        ("a.xml", "x"),
        ("d/b.xml", "x"),
        ("d/e/c.xml", "x"),
        ("d/[1].xml", "x"),
        (".h/y.xml", "x"),
    ]);
    let of = |glob: &str| {
        let contract = entries(&[("unit", Kind::Tests, &[glob])]);
        let found = search(dir.path(), &contract);
        found.reports.iter().map(|report| report.shown.raw().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(of("*.xml"), ["a.xml"]);
    assert_eq!(of("*/b.xml"), ["d/b.xml"]);
    assert_eq!(of("d/**"), ["d/[1].xml", "d/b.xml", "d/e/c.xml"]);
    assert_eq!(of("**/c.xml"), ["d/e/c.xml"]);
    assert_eq!(of("{a,d/b}.xml"), ["a.xml", "d/b.xml"]);
    assert_eq!(of("{x,d/e}/*.xml"), ["d/e/c.xml"]);
    assert_eq!(of("d/\\[1\\].xml"), ["d/[1].xml"]);
    assert_eq!(of(".h/*.xml"), [".h/y.xml"]);
    assert_eq!(of("A.xml"), Vec::<String>::new());
}

#[test]
fn a_named_folder_of_dependencies_is_looked_into_but_never_git_itself() {
    let dir = folder(&[
        ("vendor/x/junit.xml", "<suite/>"),
        (".git/junit.xml", "<suite/>"),
        ("a/vendor/junit.xml", ""),
    ]);
    let contract = entries(&[(
        "unit",
        Kind::Tests,
        &["vendor/**/*.xml", ".git/*.xml", "**/junit.xml", ".git/junit.xml"],
    )]);
    let found = search(dir.path(), &contract);
    assert_eq!(paths(&found), ["vendor/x/junit.xml"]);
}

#[test]
fn a_glob_that_cannot_be_used_or_matches_nothing_is_said() {
    let dir = folder(&[("out/a.xml", "x")]);
    for glob in ["/abs/*.xml", "../x.xml", "a/../../x", "", "["] {
        assert!(Globs::new([glob]).is_err(), "{glob}");
    }
    for (glob, help) in [("nope/*.xml", "remove"), ("out", "`out/**`"), ("n.xml", "remove")] {
        let found = search(dir.path(), &entries(&[("unit", Kind::Tests, &[glob])]));
        assert_eq!(codes(&found), [(Code::GlobMatchedNothing, Weight::Warning)], "{glob}");
        assert!(found.diagnostics.first().unwrap().help.raw().contains(help), "{glob}: {found:?}");
    }
}

#[test]
fn tracked_files_count_only_where_the_entry_says_so() {
    let repo = Repo::new();
    repo.write("fixture.xml", "<suite/>");
    repo.commit("base");
    let tracking = git::open(repo.path()).unwrap().tracking().unwrap();
    let mut contract = entries(&[("unit", Kind::Tests, &["fixture.xml"])]);
    let find = |contract: &BTreeMap<String, ReportEntry>| {
        find_among(
            &Search {
                dir: repo.path(),
                entries: contract,
                tracking: Some(&tracking),
                written: &[],
                not_before: None,
            },
            &formats(),
        )
    };
    let found = find(&contract);
    assert!(found.reports.is_empty());
    assert!(found.diagnostics.first().unwrap().help.raw().contains("`tracked: true`"));
    contract.get_mut("unit").unwrap().tracked = true;
    assert_eq!(paths(&find(&contract)), ["fixture.xml"]);
}

#[test]
fn a_file_that_two_entries_name_is_evidence_once_and_for_its_own_kind() {
    let dir = folder(&[("r/a.xml", "<suite/>"), ("r/b.xml", "COV")]);
    let contract = entries(&[
        ("cov", Kind::Coverage, &["r/*.xml"]),
        ("more", Kind::Tests, &["r/a.xml"]),
        ("unit", Kind::Tests, &["**/*.xml"]),
    ]);
    let found = search(dir.path(), &contract);
    let rows: Vec<_> =
        found.reports.iter().map(|r| (r.entry.as_str(), r.shown.raw(), r.kind.unwrap())).collect();
    assert_eq!(rows, [("cov", "r/b.xml", Kind::Coverage), ("more", "r/a.xml", Kind::Tests)]);
}

#[test]
fn a_missing_directory_is_an_error() {
    assert!(!by_content(Path::new("/nonexistent")).is_whole());
    let dir = folder(&[("file", "")]);
    assert!(!by_content(&dir.path().join("file")).is_whole());
}

#[test]
fn a_report_from_before_the_job_has_failed() {
    let dir = folder(&[("junit.xml", "<suite/>")]);
    let modified = std::fs::metadata(dir.path().join("junit.xml")).unwrap().modified().unwrap();
    let none = BTreeMap::new();
    let nothing = Tracking::nothing();
    let at = |not_before| {
        let search = Search {
            dir: dir.path(),
            entries: &none,
            tracking: Some(&nothing),
            written: &[],
            not_before: Some(not_before),
        };
        find_among(&search, &formats())
    };
    assert!(at(modified).reports.first().unwrap().refused.is_none());
    let found = at(modified + Duration::from_secs(1));
    let report = found.reports.first().unwrap();
    assert_eq!(report.refused.as_ref().unwrap().code, Code::StaleReport);
    assert_eq!(open(report).unwrap_err().code, Code::StaleReport);
}

#[test]
fn what_this_run_writes_is_not_read_as_a_report_of_the_next() {
    let dir = folder(&[("lcov.info", "COV"), ("merged.info", "COV")]);
    let none = BTreeMap::new();
    let nothing = Tracking::nothing();
    let written = [dir.path().join("merged.info"), dir.path().join("not-there-yet.json")];
    let search = Search {
        dir: dir.path(),
        entries: &none,
        tracking: Some(&nothing),
        written: &written,
        not_before: None,
    };
    assert_eq!(paths(&find_among(&search, &formats())), ["lcov.info"]);
}

#[test]
fn the_order_of_entries_and_files_is_always_the_same() {
    let dir = folder(&[
        ("b/junit.xml", "<suite/>"),
        ("a/junit.xml", "<suite/>"),
        ("a.junit/junit.xml", "<suite/>"),
    ]);
    assert_eq!(paths(&by_content(dir.path())), ["a/junit.xml", "a.junit/junit.xml", "b/junit.xml"]);
}

#[cfg(unix)]
mod unix {
    use super::*;
    use std::io::Read as _;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_symlink_that_leaves_the_directory_is_a_failed_report() {
        let outside = folder(&[("secret.xml", "<suite/>")]);
        let dir = folder(&[("x", "")]);
        symlink(outside.path().join("secret.xml"), dir.path().join("junit.xml")).unwrap();
        symlink("/proc/self/environ", dir.path().join("TEST-env.xml")).unwrap();
        symlink("nowhere", dir.path().join("lcov.info")).unwrap();
        symlink(outside.path().join("secret.xml"), dir.path().join("other.xml")).unwrap();
        for contract in [
            BTreeMap::new(),
            entries(&[("unit", Kind::Tests, &["**/*.xml"]), ("c", Kind::Coverage, &["lcov.info"])]),
        ] {
            let found = search(dir.path(), &contract);
            assert!(found.reports.len() >= 3, "{found:?}");
            for report in &found.reports {
                assert_eq!(open(report).unwrap_err().code, Code::SymlinkOutside);
            }
        }
    }

    #[test]
    fn folders_that_lead_outside_are_not_walked() {
        let outside = folder(&[("pkg/TEST-x.xml", "<suite/>")]);
        let dir = folder(&[("x", "")]);
        symlink(outside.path(), dir.path().join("bazel-testlogs")).unwrap();
        symlink(outside.path(), dir.path().join("unremarkable")).unwrap();
        let found = by_content(dir.path());
        assert!(found.reports.is_empty());
        assert_eq!(codes(&found), [(Code::SymlinkOutside, Weight::Warning)]);
        let found = search(dir.path(), &entries(&[("unit", Kind::Tests, &["bazel-testlogs/**/*.xml"])]));
        assert_eq!(found.reports.len(), 1);
        assert_eq!(open(found.reports.first().unwrap()).unwrap_err().code, Code::SymlinkOutside);
        let found = search(dir.path(), &entries(&[("unit", Kind::Tests, &["*/pkg/*.xml"])]));
        assert!(found.reports.is_empty());
        let outside = found.diagnostics.iter().filter(|diagnostic| diagnostic.code == Code::SymlinkOutside);
        assert_eq!(outside.count(), 2);
    }

    #[test]
    fn links_inside_of_the_directory_are_followed_once() {
        let dir = folder(&[("runs/7/junit.xml", "<suite/>")]);
        symlink("7", dir.path().join("runs/latest")).unwrap();
        symlink("runs/7/junit.xml", dir.path().join("junit.xml")).unwrap();
        symlink("..", dir.path().join("runs/up")).unwrap();
        assert_eq!(paths(&by_content(dir.path())), ["runs/7/junit.xml"]);
        let found = search(dir.path(), &entries(&[("unit", Kind::Tests, &["**/junit.xml"])]));
        assert_eq!(found.reports.len(), 1);
        put(dir.path(), ".git/config", "token");
        symlink(".git/config", dir.path().join("junit-token.xml")).unwrap();
        symlink(".git", dir.path().join("hidden")).unwrap();
        let globs = &["junit-*.xml", "hidden/*", "**/config"];
        let found = search(dir.path(), &entries(&[("unit", Kind::Tests, globs)]));
        assert!(found.reports.is_empty(), "{found:?}");
        let found = search(dir.path(), &entries(&[("unit", Kind::Tests, &["runs/latest/*.xml"])]));
        assert_eq!(paths(&found), ["runs/latest/junit.xml"]);
        let mut text = String::new();
        open(found.reports.first().unwrap()).unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "<suite/>");
        assert!(found.is_whole());
    }

    #[test]
    fn a_link_that_is_put_in_after_the_search_is_not_followed() {
        let outside = folder(&[("secret", "<suite/>")]);
        let dir = folder(&[("out/junit.xml", "<suite/>")]);
        let found = by_content(dir.path());
        let report = found.reports.first().unwrap();
        assert!(open(report).is_ok());
        std::fs::remove_file(dir.path().join("out/junit.xml")).unwrap();
        symlink(outside.path().join("secret"), dir.path().join("out/junit.xml")).unwrap();
        assert_eq!(open(report).unwrap_err().code, Code::SymlinkOutside);
        std::fs::remove_dir_all(dir.path().join("out")).unwrap();
        put(outside.path(), "junit.xml", "<suite/>");
        symlink(outside.path(), dir.path().join("out")).unwrap();
        assert_eq!(open(report).unwrap_err().code, Code::SymlinkOutside);
    }

    #[test]
    fn pipes_and_sockets_are_failed_reports_and_do_not_hang() {
        let dir = folder(&[("x", "")]);
        let made = std::process::Command::new("mkfifo").arg(dir.path().join("junit.xml")).status().unwrap();
        assert!(made.success());
        let _socket = std::os::unix::net::UnixListener::bind(dir.path().join("lcov.info")).unwrap();
        for found in [by_content(dir.path()), search(dir.path(), &entries(&[("unit", Kind::Tests, &["*"])]))]
        {
            assert!(!found.reports.is_empty());
            for report in &found.reports {
                let code = open(report).map(|_| ()).map_err(|diagnostic| diagnostic.code);
                assert!(matches!(code, Err(Code::NotRegular)) || report.shown.raw() == "x", "{report:?}");
            }
        }
    }

    #[test]
    fn a_folder_of_links_to_itself_ends() {
        let dir = folder(&[("a/b/junit.xml", "<suite/>")]);
        for (name, target) in [("a/l1", ".."), ("a/l2", "b"), ("a/b/l3", "../.."), ("a/b/l4", "..")] {
            symlink(target, dir.path().join(name)).unwrap();
        }
        let found = search(dir.path(), &entries(&[("unit", Kind::Tests, &["**/junit.xml"])]));
        assert_eq!(found.reports.len(), 1);
        assert!(found.is_whole(), "{found:?}");
    }

    #[test]
    fn names_that_are_no_text_are_shown_and_can_be_opened() {
        use std::os::unix::ffi::OsStrExt as _;
        let dir = folder(&[("x", "")]);
        let name = OsStr::from_bytes(b"junit-\xff\n.xml");
        std::fs::write(dir.path().join(name), "<suite/>").unwrap();
        let found = by_content(dir.path());
        let report = found.reports.first().unwrap();
        assert_eq!(report.shown.raw(), "junit-\u{fffd}\n.xml");
        assert!(open(report).is_ok());
    }
}

/// Two reports of coverage in folders that are called like artifacts, and what entries of one glob take of them.
fn by_artifact(list: &[(&str, &str)]) -> Found {
    let dir = folder(&[("got/cov-linux/x.cover", "COV"), ("got/cov-mac/x.cover", "COV")]);
    let entries = list.iter().map(|&(name, artifact)| {
        let artifact = Globs::new([artifact]).unwrap();
        (name.to_owned(), ReportEntry { artifact, ..entry(Kind::Coverage, &["**/*.cover"]) })
    });
    search(dir.path(), &entries.collect())
}

#[test]
fn downloaded_artifacts_are_told_apart_by_their_folders() {
    let found = by_artifact(&[("linux", "cov-linux"), ("mac", "cov-mac")]);
    let entries: Vec<(&str, &str)> =
        found.reports.iter().map(|report| (report.entry.as_str(), report.shown.raw())).collect();
    assert_eq!(entries, [("linux", "got/cov-linux/x.cover"), ("mac", "got/cov-mac/x.cover")]);
    assert!(found.is_whole());
}

#[test]
fn where_no_folder_tells_the_artifact_the_path_decides_and_it_is_said() {
    let found = by_artifact(&[("unit", "other")]);
    assert_eq!(found.reports.len(), 2);
    assert_eq!(codes(&found), [(Code::OtherOrigin, Weight::Note)]);
}

#[test]
fn what_only_the_artifact_tells_apart_gives_no_verdict_where_nothing_tells_it() {
    let found = by_artifact(&[("one", "first"), ("two", "second")]);
    assert!(!found.is_whole());
    assert!(codes(&found).contains(&(Code::UnknownOrigin, Weight::Error)), "{:?}", codes(&found));
}
