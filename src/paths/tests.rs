use super::*;
use crate::model::{CoverageReport, Lines};
use std::num::NonZeroU32;

const TREE: &[&str] = &[
    "README.md",
    "src/main.rs",
    "src/lib.rs",
    "crates/a/src/lib.rs",
    "crates/b/src/lib.rs",
    "crates/b/src/util.rs",
    "app/src/main/java/org/acme/Foo.java",
    "lib/src/main/java/org/acme/Foo.java",
    "lib/src/main/java/org/acme/Bar.java",
    "app/src/main/kotlin/org/acme/Baz.kt",
    "py/pkg/calc.py",
    "cmd/x/main.go",
    "sub/y.go",
    "net/Größe.cs",
    "c/Foo.c",
    "c/foo.c",
];

fn tree() -> Tree {
    Tree::new(TREE.iter().map(|path| (RepoPath::new(path).unwrap(), Some(10))))
}

fn report(paths: &[&str], roots: &[&str]) -> CoverageReport {
    let mut lines = Lines::default();
    lines.add(NonZeroU32::new(3).unwrap(), 1);
    let file = FileCoverage { lines, ..FileCoverage::default() };
    CoverageReport {
        files: paths.iter().map(|path| (Untrusted::new(*path), file.clone())).collect(),
        roots: roots.iter().map(|root| Untrusted::new(*root)).collect(),
        commit: None,
    }
}

/// What each path of a report becomes: a file, `?` or `-`.
fn resolved(paths: &[&str], roots: &[&str], hints: &PathHints<'_>) -> Vec<String> {
    let one = |path: &&str| {
        // All paths take part in the vote; which of them became what shows by leaving the others out.
        let all = resolve(report(paths, roots), Some(&tree()), hints);
        let others: Vec<&str> = paths.iter().copied().filter(|other| other != path).collect();
        if all.paths.ambiguous.contains(&Untrusted::new(*path)) {
            return "?".to_owned();
        }
        if all.paths.outside.contains(&Untrusted::new(*path)) {
            return "-".to_owned();
        }
        let mut known: Vec<&RepoPath> = all.files.keys().collect();
        if known.len() > 1 {
            let name = path.rsplit(['/', '\\']).next().unwrap();
            known.retain(|file| file.file_name() == name);
        }
        assert_eq!(known.len(), 1, "{path} among {others:?}");
        known[0].as_str().to_owned()
    };
    paths.iter().map(one).collect()
}

fn alone(path: &str) -> String {
    resolved(&[path], &[], &PathHints::default()).remove(0)
}

#[test]
fn paths_of_the_tree_and_below_known_workspaces_are_exact() {
    for path in [
        "src/main.rs",
        "./src/main.rs",
        "src/../src/main.rs",
        "/github/workspace/src/main.rs",
        "/home/runner/work/tool/tool/src/main.rs",
        "D:\\a\\tool\\tool\\src\\main.rs",
        "/__w/tool/tool/src/main.rs",
        "/_/src/main.rs",
    ] {
        assert_eq!(alone(path), "src/main.rs", "{path}");
    }
    let hints = PathHints { workspaces: &["/srv/here".to_owned()], ..PathHints::default() };
    assert_eq!(resolved(&["/srv/here/src/lib.rs"], &[], &hints), ["src/lib.rs"]);
}

#[test]
fn a_rule_of_the_policy_decides_before_anything_else() {
    let rules =
        |texts: &[&str]| -> Vec<PathRule> { texts.iter().map(|text| PathRule::new(text).unwrap()).collect() };
    let with = |texts: &[&str], path: &str, roots: &[&str]| {
        let rules = rules(texts);
        resolved(&[path], roots, &PathHints { rules: &rules, ..PathHints::default() }).remove(0)
    };
    assert_eq!(with(&["src => crates/b/src"], "src/lib.rs", &[]), "crates/b/src/lib.rs");
    assert_eq!(with(&["/x/y => crates/a"], "/x/y/src/lib.rs", &[]), "crates/a/src/lib.rs");
    assert_eq!(
        with(&["/made => py/pkg"], "calc.py", &["/made"]),
        "py/pkg/calc.py",
        "below a root of the report"
    );
    assert_eq!(
        with(&["src => nowhere"], "src/main.rs", &[]),
        "src/main.rs",
        "a rule that gives no file says nothing"
    );
    assert_eq!(
        with(&["org/acme => lib/src/main/java/org/acme"], "org/acme/Foo.java", &[]),
        "lib/src/main/java/org/acme/Foo.java"
    );
}

#[test]
fn paths_that_nobody_expects_among_the_files_are_told_from_lost_ones() {
    let rules = [PathRule::new("/gen => -").unwrap()];
    let hints = PathHints { rules: &rules, ..PathHints::default() };
    let paths = ["/usr/include/c++/12/vector", "/gen/a.rs", "src/main.rs", "gone/x.rs", "gone/y.rs"];
    let coverage = resolve(report(&paths, &[]), Some(&tree()), &hints);
    let found = &coverage.paths;
    assert_eq!((found.resolved, found.outside_count, found.unexplained), (1, 4, 2));
    assert!(found.is_too_little());
    assert_eq!(found.text(), "1 of 5 paths are files of the repository, 4 are none");
}

#[test]
fn a_folder_that_one_path_proves_decides_for_the_others() {
    assert_eq!(
        resolved(&["/app/src/main.rs", "/app/src/lib.rs"], &[], &PathHints::default()),
        ["src/main.rs", "src/lib.rs"]
    );
    assert_eq!(resolved(&["/app/src/lib.rs"], &[], &PathHints::default()), ["?"], "nothing proves /app");
    let in_b = PathHints { report: "crates/b/lcov.info", ..PathHints::default() };
    assert_eq!(
        resolved(&["src/lib.rs", "src/util.rs"], &[], &in_b),
        ["crates/b/src/lib.rs", "crates/b/src/util.rs"]
    );
    assert_eq!(resolved(&["src/lib.rs"], &[], &in_b), ["?"], "the root has a file of this path too");
    assert_eq!(alone("src/lib.rs"), "src/lib.rs");
}

#[test]
fn code_of_others_is_outside_even_if_its_path_ends_like_ours() {
    for path in [
        "/root/.cargo/registry/src/index-6f17d22bba15001f/serde-1.0/src/lib.rs",
        "/rustc/9fc6b431/library/core/src/lib.rs",
        "/usr/include/c/foo.c",
        "node_modules/x/src/main.rs",
        "../../etc/passwd",
        "",
        "gone.rs",
    ] {
        assert_eq!(alone(path), "-", "{path}");
    }
    assert_eq!(
        resolved(
            &["/app/README.md", "/app/src/lib.rs", "/app/crates/b/src/util.rs", "/elsewhere/src/main.rs"],
            &[],
            &PathHints::default()
        )[3],
        "-",
        "three paths say that the report starts at /app"
    );
}

#[test]
fn what_could_be_several_files_or_another_case_is_ambiguous() {
    for path in ["lib.rs", "org/acme/Foo.java", "c/FOO.c", "readme.md"] {
        assert_eq!(alone(path), "?", "{path}");
    }
}

#[test]
fn sources_are_joined_and_several_that_fit_are_ambiguous() {
    let join = |roots: &[&str], path: &str| resolved(&[path], roots, &PathHints::default()).remove(0);
    assert_eq!(join(&["/home/runner/work/tool/tool/py/pkg"], "calc.py"), "py/pkg/calc.py");
    assert_eq!(join(&["/other/abs", "/github/workspace/py/pkg"], "calc.py"), "py/pkg/calc.py");
    assert_eq!(join(&[], "pkg/calc.py"), "py/pkg/calc.py");
    assert_eq!(join(&["D:\\"], "a/tool/tool/net/Größe.cs"), "net/Größe.cs");
    assert_eq!(join(&["/_/"], "net/Größe.cs"), "net/Größe.cs");
    assert_eq!(join(&["py/pkg"], "calc.py"), "py/pkg/calc.py");
    assert_eq!(join(&["/app/py/pkg"], "calc.py"), "py/pkg/calc.py");
    assert_eq!(join(&["/app"], "README.md"), "README.md");
    assert_eq!(join(&["crates/a/src", "crates/b/src"], "lib.rs"), "?");
}

#[test]
fn jacoco_files_are_told_apart_by_group_or_by_the_module_of_the_report() {
    let inside = PathHints { report: "app/build/reports/jacoco/test.xml", ..PathHints::default() };
    let above = PathHints { report: "build/all.xml", ..PathHints::default() };
    let foo = "app/src/main/java/org/acme/Foo.java";
    assert_eq!(resolved(&["org/acme/Foo.java"], &[], &inside), [foo]);
    assert_eq!(resolved(&["app//org/acme/Foo.java"], &[], &above), [foo]);
    assert_eq!(
        resolved(&["org/acme/Foo.java", "org/acme/Bar.java", "org/acme/Baz.kt"], &[], &above),
        ["?", "lib/src/main/java/org/acme/Bar.java", "app/src/main/kotlin/org/acme/Baz.kt"]
    );
}

#[test]
fn go_paths_start_from_the_longest_module_or_are_outside() {
    let module =
        |folder: &str, name: &str| GoModule { folder: RepoPath::new(folder).ok(), name: name.to_owned() };
    let modules = [module("", "github.com/acme/tool"), module("sub", "github.com/acme/tool/sub")];
    let hints = PathHints { modules: &modules, ..PathHints::default() };
    assert_eq!(
        resolved(&["github.com/acme/tool/cmd/x/main.go", "github.com/acme/tool/sub/y.go"], &[], &hints),
        ["cmd/x/main.go", "sub/y.go"]
    );
    assert_eq!(resolved(&["github.com/other/dep/cmd/x/main.go"], &[], &hints), ["-"]);
    assert_eq!(resolved(&["github.com/acme/tool/v2/cmd/x/main.go"], &[], &hints), ["-"]);
    let v2 = [module("", "github.com/acme/tool/v2")];
    let hints = PathHints { modules: &v2, ..PathHints::default() };
    assert_eq!(resolved(&["github.com/acme/tool/v2/cmd/x/main.go"], &[], &hints), ["cmd/x/main.go"]);
}

#[test]
fn the_name_of_a_go_module_is_read_from_its_file() {
    assert_eq!(
        go_module_name("// about\nmodule github.com/acme/tool // x\n\ngo 1.24\n"),
        Some("github.com/acme/tool")
    );
    assert_eq!(go_module_name("module \"a.b/c\"\n"), Some("a.b/c"));
    assert_eq!(go_module_name("modules x\n"), None);
}

#[test]
fn a_path_that_leaves_and_enters_again_needs_the_name_of_the_folder() {
    let hints = PathHints { workspaces: &["/srv/tool".to_owned()], ..PathHints::default() };
    assert_eq!(resolved(&["../tool/src/main.rs"], &[], &hints), ["src/main.rs"]);
    assert_eq!(resolved(&["../other/src/main.rs"], &[], &hints), ["-"]);
    let built = PathHints { report: "build/lcov.info", ..PathHints::default() };
    assert_eq!(resolved(&["../src/lib.rs"], &[], &built), ["src/lib.rs"]);
}

#[test]
fn two_paths_of_one_file_are_merged_and_counted() {
    let coverage =
        resolve(report(&["src/main.rs", "./src/main.rs"], &[]), Some(&tree()), &PathHints::default());
    assert_eq!((coverage.files.len(), coverage.paths.resolved), (1, 2));
}

#[test]
fn a_report_with_a_line_beyond_the_end_of_its_file_is_stale() {
    let mut report = report(&["src/main.rs", "src/lib.rs"], &[]);
    let file = report.files.get_mut(&Untrusted::new("src/main.rs")).unwrap();
    file.lines.add(NonZeroU32::new(11).unwrap(), 0);
    let coverage = resolve(report, Some(&tree()), &PathHints::default());
    assert_eq!(coverage.stale, [RepoPath::new("src/main.rs").unwrap()]);
}

#[test]
fn without_a_tree_relative_paths_are_taken_as_they_are() {
    let paths = ["./a/b.rs", "/github/workspace/c.rs", "/elsewhere/d.rs", "../e.rs"];
    let coverage = resolve(report(&paths, &[]), None, &PathHints::default());
    assert_eq!(coverage.files.keys().map(RepoPath::as_str).collect::<Vec<_>>(), ["a/b.rs", "c.rs"]);
    assert_eq!(coverage.paths.outside_count, 2);
}

#[test]
fn places_of_tests_and_findings_become_files_where_only_one_fits() {
    let tree = tree();
    let place = |text: &str| resolve_place(text, &tree, &PathHints::default()).map(String::from);
    assert_eq!(place("src/lib.rs"), Some("src/lib.rs".to_owned()));
    assert_eq!(place("/app/src/main.rs"), Some("src/main.rs".to_owned()));
    assert_eq!(place("org/acme/Bar.java"), Some("lib/src/main/java/org/acme/Bar.java".to_owned()));
    for none in ["lib.rs", "gone.rs", "", "/usr/lib/src/main.rs"] {
        assert_eq!(place(none), None, "{none}");
    }
}

#[test]
fn ten_thousand_paths_in_a_tree_of_ten_thousand_files_take_no_time_to_speak_of() {
    let path = |index: usize| format!("part{}/module{}/index{}.js", index % 40, index % 700, index % 9);
    let tree = Tree::new(
        (0..10_000).map(|index| (RepoPath::new(&format!("web/{index}/{}", path(index))).unwrap(), None)),
    );
    let paths: Vec<String> = (0..10_000).map(|index| format!("/srv/build/{index}/{}", path(index))).collect();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let coverage = resolve(report(&paths, &[]), Some(&tree), &PathHints::default());
    assert_eq!(coverage.paths.resolved, 10_000);
}

/// The golden table of paths, where the folder that holds it is there (`TOLLGATE_CORPUS`).
#[test]
#[expect(clippy::disallowed_methods, reason = "a test that reads a folder which only some machines have")]
fn the_golden_table_of_paths_is_exact() {
    let Some(root) = std::env::var_os("TOLLGATE_CORPUS") else { return };
    let golden = std::path::Path::new(&root).join("golden");
    let Ok(table) = std::fs::read_to_string(golden.join("paths.tsv")) else { return };
    let files = std::fs::read_to_string(golden.join("paths_tree.txt")).unwrap();
    let tree = Tree::new(files.lines().map(|path| (RepoPath::new(path).unwrap(), None)));
    let module = |text: &str| {
        let (file, name) = text.split_once("module ")?;
        let folder =
            file.trim_end_matches(": ").strip_suffix("/go.mod").and_then(|folder| RepoPath::new(folder).ok());
        Some(GoModule { folder, name: name.to_owned() })
    };
    for row in table.lines().skip(1) {
        let cells: Vec<&str> = row.split('\t').collect();
        let (id, format, report_file, hint, path, expected) =
            (cells[0], cells[1], cells[2], cells[3], cells[4], cells[5]);
        // The tree has a go.mod, so a Go report is never without modules.
        let modules = match (format, module(hint)) {
            ("gocover", Some(module)) => vec![module],
            ("gocover", None) => vec![GoModule { folder: None, name: "github.com/acme/tool".to_owned() }],
            _ => Vec::new(),
        };
        let path = match (format, hint.strip_prefix("package ")) {
            ("jacoco", Some(hint)) => match hint.split_once("; group ") {
                Some((package, group)) => format!("{group}//{package}/{path}"),
                None => format!("{hint}/{path}"),
            },
            _ => path.to_owned(),
        };
        // What the notes say of the rest of the report.
        let mut paths = vec![path.as_str()];
        match id {
            "p07" => paths.push("/app/src/main.rs"),
            "p11" => paths.push("src/util.rs"),
            _ => {}
        }
        let roots: Vec<&str> = match format {
            "cobertura" => hint.split(';').filter(|root| *root != "(none)").collect(),
            _ => Vec::new(),
        };
        let hints = PathHints {
            rules: &[],
            report: report_file,
            workspaces: &["/home/runner/work/tool/tool".to_owned()],
            modules: &modules,
        };
        let coverage = resolve(report(&paths, &roots), Some(&tree), &hints);
        let listed = |list: &[Untrusted]| list.iter().any(|have| have.raw() == path);
        let got = if listed(&coverage.paths.ambiguous) {
            "(ambiguous)"
        } else if listed(&coverage.paths.outside) {
            "(drop)"
        } else if coverage.files.keys().any(|file| file.as_str() == expected) {
            expected
        } else {
            "another file"
        };
        assert_eq!(got, expected.split(' ').next().unwrap(), "{row}");
    }
}
