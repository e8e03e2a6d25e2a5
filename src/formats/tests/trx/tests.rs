use crate::diagnostic::Code;
use crate::formats::tests::support::{Seen, read};
use crate::model::{Health, PassedTests, TestStatus};

/// A run with these results, definitions and summary.
fn run(results: &str, definitions: &str, summary: &str) -> Seen {
    read(
        "trx",
        &format!(
            "<TestRun><Results>{results}</Results><TestDefinitions>{definitions}</TestDefinitions>{summary}</TestRun>"
        ),
    )
}

const PASSED: &str = "<UnitTestResult testId='1' testName='a' outcome='Passed'/>";

#[test]
fn every_outcome_of_the_schema_has_its_meaning_and_none_is_an_error() {
    for (outcome, want) in [
        ("outcome='Passed'", TestStatus::Passed),
        ("outcome='Failed'", TestStatus::Failed),
        ("", TestStatus::Errored),
        ("outcome='Error'", TestStatus::Errored),
        ("outcome='Timeout'", TestStatus::Errored),
        ("outcome='Aborted'", TestStatus::Errored),
        ("outcome='PassedButRunAborted'", TestStatus::Errored),
        ("outcome='Disconnected'", TestStatus::Errored),
        ("outcome='InProgress'", TestStatus::Errored),
        ("outcome='NotRunnable'", TestStatus::Errored),
        ("outcome='NotExecuted'", TestStatus::Skipped),
        ("outcome='Inconclusive'", TestStatus::Skipped),
        ("outcome='Pending'", TestStatus::Skipped),
        ("outcome='Warning'", TestStatus::Unknown),
        ("outcome='Completed'", TestStatus::Unknown),
        ("outcome='Wibble'", TestStatus::Unknown),
    ] {
        let seen = run(&format!("<UnitTestResult testId='1' testName='a' {outcome}/>"), "", "");
        let status = seen.run.cases.first().map_or(TestStatus::Passed, |case| case.status);
        assert_eq!(status, want, "{outcome}");
        assert_eq!(seen.health == Health::Degraded, want == TestStatus::Unknown, "{outcome}");
    }
}

#[test]
fn the_class_comes_from_the_definitions_whether_before_or_behind() {
    let definitions =
        "<UnitTest name='a' id='1'><TestMethod className='N.K, Assembly, Version=1.0' name='a'/></UnitTest>";
    let failed = "<UnitTestResult testId='1' testName='a' outcome='Failed'/>";
    for text in [
        format!(
            "<TestRun><Results>{failed}</Results><TestDefinitions>{definitions}</TestDefinitions></TestRun>"
        ),
        format!(
            "<TestRun><TestDefinitions>{definitions}</TestDefinitions><Results>{failed}</Results></TestRun>"
        ),
    ] {
        assert_eq!(read("trx", &text).only_case().id.display().raw(), "N.K::a");
    }
    let seen = run(PASSED, definitions, "");
    let PassedTests::Names(names) = seen.run.passed else { panic!("not by name") };
    assert_eq!(names.first().unwrap().class.raw(), "N.K");
}

#[test]
fn rows_of_a_data_driven_test_count_too() {
    let seen = run(
        "<UnitTestResult testId='1' testName='a' outcome='Failed'><InnerResults>\
         <UnitTestResult testId='1' testName='a (row 0)' outcome='Passed'></UnitTestResult>\
         <UnitTestResult testId='1' testName='a (row 1)' outcome='Failed'><Output><ErrorInfo><Message>m</Message></ErrorInfo></Output></UnitTestResult>\
         </InnerResults></UnitTestResult>",
        "",
        "<ResultSummary outcome='Failed'><Counters total='1' failed='1'/></ResultSummary>",
    );
    assert_eq!((seen.figures(), seen.health), ([3, 1, 2, 0, 0], Health::Complete));
    assert_eq!(seen.case("a (row 1)").message.raw(), "m");
    assert_eq!(seen.case("a").message.raw(), "");
}

#[test]
fn results_of_other_kinds_of_tests_count() {
    let seen = run(
        "<WebTestResult testId='1' testName='w' outcome='Failed'/><ManualTestResult testId='2' testName='m' outcome='Passed'/>",
        "",
        "",
    );
    assert_eq!(seen.figures(), [2, 1, 1, 0, 0]);
}

#[test]
fn a_run_that_failed_though_every_test_passed_is_a_container_failure() {
    for outcome in ["Failed", "Error", "Aborted", "Timeout", "Wibble"] {
        let seen = run(PASSED, "", &format!("<ResultSummary outcome='{outcome}'/>"));
        assert_eq!(seen.run.totals.container_failures, 1, "{outcome}");
    }
    assert_eq!(run(PASSED, "", "<ResultSummary outcome='Completed'/>").run.totals.container_failures, 0);
}

#[test]
fn an_error_of_the_run_counts_unless_it_only_repeats_a_failed_test() {
    let info = |text: &str| {
        format!(
            "<ResultSummary outcome='Failed'><RunInfos><RunInfo outcome='Error'><Text>{text}</Text></RunInfo></RunInfos></ResultSummary>"
        )
    };
    let failed = "<UnitTestResult testId='1' testName='a' outcome='Failed'/>";
    let repeated = info("[xUnit.net 00:00:00.39]     N.K.a [FAIL]");
    assert_eq!(run(failed, "", &repeated).run.totals.container_failures, 0);
    assert_eq!(run(PASSED, "", &repeated).run.totals.container_failures, 1);
    let crashed =
        run(failed, "", &info("The active test run was aborted. Reason: Test host process crashed"));
    let containers = crashed.containers();
    assert_eq!(
        containers,
        [("test run", "The active test run was aborted. Reason: Test host process crashed")]
    );
}

#[test]
fn counters_that_declare_more_than_there_is_are_no_pass() {
    for counters in ["total='2'", "total='1' failed='1'", "total='1' timeout='1'", "total='1' aborted='1'"] {
        let seen = run(
            PASSED,
            "",
            &format!("<ResultSummary outcome='Completed'><Counters {counters}/></ResultSummary>"),
        );
        assert_eq!((seen.health, seen.codes()), (Health::Degraded, vec![Code::TotalsDisagree]), "{counters}");
    }
}

#[test]
fn message_and_trace_are_kept_and_output_is_not() {
    let seen = run(
        "<UnitTestResult testId='1' testName='a' outcome='Failed' duration='00:00:01.5'><Output><StdOut>noise</StdOut><ErrorInfo>\
         <Message>Assert.Equal() Failure&#xD;\nExpected: 3&#xD;\nActual:   4</Message><StackTrace>   at N.K.a() in C:\\x.cs:line 3</StackTrace>\
         </ErrorInfo></Output></UnitTestResult>",
        "",
        "",
    );
    let case = seen.only_case();
    assert!(
        case.message.raw().ends_with("Actual:   4\n   at N.K.a() in C:\\x.cs:line 3"),
        "{:?}",
        case.message
    );
    assert_eq!(case.expected.as_ref().unwrap().raw(), "3");
    assert_eq!(case.duration.unwrap().as_millis(), 1_500);
}
