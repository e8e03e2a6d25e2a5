//! What somebody reads whose policy cannot be used, as the command line prints it.

use crate::program::Place;
use std::fmt::Write as _;

/// The files of a folder, and how `tollgate check` and `policy validate` are told of them.
struct Case<'c> {
    title: &'c str,
    files: &'c [(&'c str, &'c str)],
    arguments: &'c [&'c str],
}

/// What is printed for each, with the command and its exit code.
fn printed(cases: &[Case<'_>]) -> String {
    let mut page = String::new();
    for Case { title, files, arguments } in cases {
        let place = Place::new();
        place.file(
            "junit.xml",
            "<testsuite name='s' tests='1'><testcase classname='c' name='works'/></testsuite>",
        );
        for (name, text) in *files {
            place.file(name, text);
        }
        let run = place.tollgate(arguments);
        writeln!(page, "== {title}\n$ tollgate {}", arguments.join(" ")).unwrap();
        let folder = place.path().file_name().unwrap().to_str().unwrap();
        writeln!(page, "{}exit {}\n", run.all().replace(folder, "FOLDER"), run.status).unwrap();
    }
    page
}

const WAIVER: &str = "version: 1\nwaivers:\n  - { rule: scan.new, match: { id: CVE-2026-1 }, owner: '@acme/sec', reason: not reachable";

#[test]
fn a_repository_s_policy_with_a_mistake_is_wrong_use_and_says_where_and_how_to_mend_it() {
    let without_end = format!("{WAIVER} }}\n");
    let no_date = format!("{WAIVER}, expires: next summer }}\n");
    let no_day = format!("{WAIVER}, expires: 2026-02-30 }}\n");
    let large = format!("version: 1\n# {}\n", "x".repeat(10 << 20));
    let case = |title, files, arguments| Case { title, files, arguments };
    let check: &[&str] = &["check"];
    let page = printed(&[
        case(
            "two files",
            &[("tollgate.yml", "version: 1\n"), (".github/tollgate.yml", "version: 1\n")],
            check,
        ),
        case("an unknown key", &[("tollgate.yml", "version: 1\nrulez: {}\n")], check),
        case(
            "an unknown rule and field",
            &[(
                "tollgate.yml",
                "version: 1\nrules:\n  coverage.chnaged: { min: 80 }\n  tests.failed: { maximum: 0 }\n",
            )],
            check,
        ),
        case(
            "a wrong type",
            &[("tollgate.yml", "version: 1\nrules:\n  tests.failed: { max: none }\n  coverage.total: 80\n")],
            check,
        ),
        case("no version", &[("tollgate.yml", "rules: {}\n")], check),
        case("a version of the future", &[("tollgate.yml", "version: 2\n")], check),
        case("a waiver without an end", &[("tollgate.yml", &without_end)], check),
        case("an end that is no date", &[("tollgate.yml", &no_date)], check),
        case("an end on no day of the calendar", &[("tollgate.yml", &no_day)], check),
        case(
            "an anchor and its alias",
            &[(
                "tollgate.yml",
                "version: 1\nrules: &all { tests.failed: { max: 0 } }\npaths: [{ match: a/**, rules: *all }]\n",
            )],
            check,
        ),
        case("a tag", &[("tollgate.yml", "version: !!int 1\n")], check),
        case("a key twice", &[("tollgate.yml", "version: 1\nexclude: a\nexclude: b\n")], check),
        case("no YAML", &[("tollgate.yml", "version: 1\nrules: [unclosed\n")], check),
        case("an empty file", &[("tollgate.yml", "")], check),
        case("10 MB", &[("tollgate.yml", &large)], check),
        case("a named file that is not there", &[], &["check", "--policy", "other.yml"]),
    ]);
    insta::assert_snapshot!(page);
}

#[test]
fn an_organisation_s_policy_with_a_mistake_is_wrong_use_and_never_no_rules() {
    let long = format!("{WAIVER}, expires: 2028-01-31 }}\n");
    let case = |title, files, arguments| Case { title, files, arguments };
    let check: &[&str] = &["check", "--org-policy", "org", "--as-of", "2026-12-01"];
    let validate: &[&str] = &["policy", "validate", "org"];
    let page = printed(&[
        case(
            "a floor that contradicts a lock",
            &[(
                "org/org.yml",
                "version: 1\nfloor: { coverage.changed: { min: 90 } }\nlocked: { coverage.changed: { min: 80 } }\n",
            )],
            validate,
        ),
        case(
            "a locked rule that the repository names",
            &[
                ("org/org.yml", "version: 1\nlocked: { coverage.changed: { min: 80 } }\n"),
                ("tollgate.yml", "version: 1\nrules: { coverage.changed: { min: 90 } }\n"),
            ],
            check,
        ),
        case(
            "a waiver beyond the longest term",
            &[("org/org.yml", "version: 1\nlimits: { waiver-max-days: 90 }\n"), ("tollgate.yml", &long)],
            check,
        ),
        case(
            "an owner who may own none",
            &[
                ("org/org.yml", "version: 1\nlimits: { waiver-owners: ['@acme/board'] }\n"),
                ("tollgate.yml", &format!("{WAIVER}, expires: 2027-01-31 }}\n")),
            ],
            check,
        ),
        case("an unknown key", &[("org/org.yml", "version: 1\nflor: {}\n")], check),
        case("no YAML", &[("org/org.yml", "version: 1\nfloor: [unclosed\n")], check),
        case(
            "an unknown key in a group",
            &[
                ("org/org.yml", "version: 1\n"),
                ("org/groups/pay.yml", "version: 1\nselct: { name: pay-* }\n"),
            ],
            check,
        ),
        case("no org.yml", &[("org/README.md", "# policies\n")], check),
        case("no folder", &[], check),
    ]);
    insta::assert_snapshot!(page);
}
