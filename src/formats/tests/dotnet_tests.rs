//! Quirks of NUnit 2, NUnit 3 and xUnit.net.

use super::support::{read, try_read};
use crate::diagnostic::Code;
use crate::model::{Health, TestStatus};

#[test]
fn nunit_3_results_and_labels_have_their_meaning() {
    for (attributes, want) in [
        ("result='Passed'", TestStatus::Passed),
        ("result='Warning'", TestStatus::Passed),
        ("result='Failed'", TestStatus::Failed),
        ("result='Failed' label='Error'", TestStatus::Errored),
        ("result='Failed' label='Invalid'", TestStatus::Errored),
        ("result='Failed:Error'", TestStatus::Errored),
        ("result='Failed(Child)'", TestStatus::Failed),
        ("result='Skipped' label='Ignored'", TestStatus::Skipped),
        ("result='Inconclusive'", TestStatus::Skipped),
        ("result='Wibble'", TestStatus::Unknown),
        ("", TestStatus::Unknown),
    ] {
        let seen = read("nunit3", &format!("<test-run><test-case name='a' {attributes}/></test-run>"));
        let status = seen.run.cases.first().map_or(TestStatus::Passed, |case| case.status);
        assert_eq!(status, want, "{attributes}");
    }
}

#[test]
fn a_nunit_3_suite_that_failed_for_a_reason_of_its_own_is_a_container_failure() {
    let case = "<test-case name='a' result='Failed'/>";
    let suite = |attributes: &str, content: &str| {
        let text = format!(
            "<test-run><test-suite name='s' {attributes}><failure><message>m</message></failure>{content}</test-suite></test-run>"
        );
        read("nunit3", &text)
    };
    assert_eq!(suite("result='Failed' site='Child'", case).run.totals.container_failures, 0);
    assert_eq!(suite("result='Failed' site='TearDown'", case).containers(), [("s", "m")]);
    assert_eq!(suite("result='Failed' label='Invalid'", "").containers(), [("s", "m")]);
    assert_eq!(
        suite("result='Passed'", case.replace("Failed", "Passed").as_str()).run.totals.container_failures,
        0
    );
    let lying =
        read("nunit3", "<test-run result='Failed(Child)'><test-case name='a' result='Passed'/></test-run>");
    assert_eq!(lying.containers(), [("test run", "it failed, and no test in it shows why")]);
}

#[test]
fn a_failure_inside_of_a_passed_case_fails_it() {
    let nunit3 = "<test-run><test-case name='a' result='Passed'><failure/></test-case></test-run>";
    let nunit2 = "<test-results><test-case name='a' result='Success'><failure/></test-case></test-results>";
    let xunit =
        "<assemblies><assembly><test name='a' result='Pass'><failure/></test></assembly></assemblies>";
    for (format, text) in [("nunit3", nunit3), ("nunit2", nunit2), ("xunit", xunit)] {
        assert_eq!(read(format, text).figures(), [1, 0, 1, 0, 0], "{format}");
    }
}

#[test]
fn nunit_3_suites_are_named_without_the_machines_paths() {
    let text = "<test-run><test-suite name='C:\\build\\a.dll'><test-suite name='N'><test-case name='a' classname='N.K' result='Failed'/></test-suite></test-suite></test-run>";
    let seen = read("nunit3", text);
    let id = &seen.only_case().id;
    assert_eq!((id.suite.raw(), id.class.raw()), ("a.dll > N", "N.K"));
}

#[test]
fn words_of_nunit_2_that_contradict_each_other_count_as_the_worst() {
    for (attributes, want) in [
        ("executed='True' result='Success' success='True'", TestStatus::Passed),
        ("executed='True' success='True'", TestStatus::Passed),
        ("executed='True' success='False'", TestStatus::Failed),
        ("result='Success' success='False'", TestStatus::Failed),
        ("executed='False' result='Ignored'", TestStatus::Skipped),
        ("executed='False'", TestStatus::Skipped),
        ("executed='False' result='NotRunnable'", TestStatus::Errored),
        ("executed='True' result='Inconclusive' success='False'", TestStatus::Skipped),
        ("result='Wibble'", TestStatus::Unknown),
        ("", TestStatus::Unknown),
    ] {
        let seen =
            read("nunit2", &format!("<test-results><test-case name='a' {attributes}/></test-results>"));
        let status = seen.run.cases.first().map_or(TestStatus::Passed, |case| case.status);
        assert_eq!(status, want, "{attributes}");
    }
}

#[test]
fn a_nunit_2_suite_that_failed_without_a_failed_case_is_a_container_failure() {
    let text = "<test-results><test-suite name='N'><results><test-suite name='K' result='Error'><failure><message>setup</message></failure><results/></test-suite></results></test-suite><test-case name='a' result='Success'/></test-results>";
    assert_eq!(read("nunit2", text).containers(), [("N > K", "setup")]);
}

#[test]
fn xunit_errors_outside_of_tests_are_container_failures() {
    let text = "<assemblies><assembly name='/x/a.dll' total='1' errors='1'><errors><error type='assembly-cleanup' name='F'><failure><message>m</message></failure></error></errors><collection><test name='a' result='Pass'/></collection></assembly></assemblies>";
    let seen = read("xunit", text);
    assert_eq!(seen.containers(), [("a.dll > assembly-cleanup > F", "m")]);
    assert_eq!(seen.health, Health::Complete);
    let v1 = "<assembly name='a.dll' total='1'><class name='K'><failure><message>fixture</message></failure><test name='a' result='Pass'/></class></assembly>";
    assert_eq!(read("xunit", v1).containers(), [("K", "fixture")]);
}

#[test]
fn xunit_3_gives_file_and_line_and_tests_that_were_not_run() {
    let text = "<assemblies schema-version='3'><assembly><collection><test name='a' type='K' source-file='/x/k.cs' source-line='7' result='Fail'/><test name='b' result='NotRun'/></collection></assembly></assemblies>";
    let seen = read("xunit", text);
    assert_eq!(seen.figures(), [2, 0, 1, 0, 1]);
    let place = seen.case("a").place.clone().unwrap();
    assert_eq!((place.file.raw(), place.line.unwrap().get()), ("/x/k.cs", 7));
}

#[test]
fn totals_that_declare_more_than_there_is_are_no_pass() {
    for (format, text) in [
        ("nunit3", "<test-run total='2' failed='0'><test-case name='a' result='Passed'/></test-run>"),
        ("nunit3", "<test-run total='1' failed='1'><test-case name='a' result='Passed'/></test-run>"),
        ("nunit2", "<test-results failures='1'><test-case name='a' result='Success'/></test-results>"),
        (
            "xunit",
            "<assemblies><assembly total='1' failed='1'><test name='a' result='Pass'/></assembly></assemblies>",
        ),
        (
            "xunit",
            "<assemblies><assembly total='1' errors='1'><test name='a' result='Pass'/></assembly></assemblies>",
        ),
    ] {
        let seen = read(format, text);
        assert_eq!((seen.health, seen.codes()), (Health::Degraded, vec![Code::TotalsDisagree]), "{text}");
    }
}

#[test]
fn a_failure_that_pytest_nunit_writes_into_every_test_is_none() {
    let case = |result: &str, message: &str, trace: &str| {
        let failure = format!(
            "<failure><message><![CDATA[{message}]]></message><stack-trace>{trace}</stack-trace></failure>"
        );
        let run = format!(
            "<test-run><test-case name='a' result='{result}'>{failure}<reason/></test-case></test-run>"
        );
        read("nunit3", &run).figures()
    };
    assert_eq!(case("Passed", "", "None"), [1, 1, 0, 0, 0]);
    assert_eq!(case("Skipped", "Skipped: needs a printer", "/src/a.py:3"), [1, 0, 0, 0, 1]);
    assert_eq!(case("Failed", "", "None"), [1, 0, 1, 0, 0]);
    assert_eq!(case("Passed", "", ""), [1, 0, 1, 0, 0]);
    assert_eq!(case("Passed", "Skipped: x", ""), [1, 0, 1, 0, 0]);
    assert_eq!(case("Passed", "boom", "None"), [1, 0, 1, 0, 0]);
    assert_eq!(case("exploded", "", "None")[1], 0);
}

#[test]
fn another_root_is_an_error() {
    for format in ["trx", "nunit2", "nunit3", "xunit"] {
        assert_eq!(try_read(format, b"<html/>").err().unwrap().code, Code::WrongFormat, "{format}");
    }
}
