use crate::diagnostic::Code;
use crate::formats::tests::support::{self, Seen, detected};
use crate::formats::{ParseError, Report};
use crate::model::{Health, PassedTests, TestStatus};
use proptest::prelude::*;
use std::time::Duration;

fn read(text: &str) -> Seen {
    support::read("junit", text)
}

fn try_read(bytes: &[u8]) -> Result<Seen, ParseError> {
    support::try_read("junit", bytes)
}

fn looks_passed(bytes: &[u8]) -> bool {
    support::looks_passed("junit", bytes)
}

/// A report with one suite that holds `cases`.
fn suite(cases: &str) -> Seen {
    read(&format!("<testsuites><testsuite name='s'>{cases}</testsuite></testsuites>"))
}

/// How a single case with these attributes and this content ends.
fn status(attributes: &str, content: &str) -> TestStatus {
    let seen = suite(&format!("<testcase name='t' {attributes}>{content}</testcase>"));
    let totals = seen.run.totals;
    match (totals.passed, totals.failed, totals.errored, totals.skipped, totals.unknown) {
        (1, 0, 0, 0, 0) => TestStatus::Passed,
        (0, 1, 0, 0, 0) => TestStatus::Failed,
        (0, 0, 1, 0, 0) => TestStatus::Errored,
        (0, 0, 0, 1, 0) => TestStatus::Skipped,
        (0, 0, 0, 0, 1) => TestStatus::Unknown,
        _ => panic!("{totals:?}"),
    }
}

#[test]
fn either_root_is_read_with_a_namespace_too() {
    let cases = "<testcase name='a'/><testcase name='b'><failure/></testcase>";
    for text in [
        format!("<testsuite>{cases}</testsuite>"),
        format!("<testsuites><testsuite>{cases}</testsuite></testsuites>"),
        format!("<testsuites>{cases}</testsuites>"),
        format!("<testsuites xmlns='urn:x'><testsuite>{cases}</testsuite></testsuites>"),
        format!(
            "<j:testsuite xmlns:j='urn:x'>{}</j:testsuite>",
            cases.replace('<', "<j:").replace("<j:/", "</j:")
        ),
    ] {
        assert_eq!(detected(text.as_bytes()), Some("junit"));
        assert_eq!(read(&text).figures(), [2, 1, 1, 0, 0], "{text}");
    }
}

#[test]
fn another_root_is_an_error_and_not_zero_tests() {
    let error = try_read(b"<html><body/></html>").err().unwrap();
    assert_eq!((error.code, error.position.line, error.position.column), (Code::WrongFormat, 1, 1));
}

#[test]
fn cases_count_at_any_depth_and_beside_inner_suites() {
    let seen = read(
        "<testsuites><testsuite name='a'><testcase name='1'/><testsuite name='b'><testsuite name='c'>\
         <testcase name='2' classname='k'><failure/></testcase></testsuite></testsuite><testcase name='3'/>\
         </testsuite></testsuites>",
    );
    assert_eq!(seen.figures(), [3, 2, 1, 0, 0]);
    let id = &seen.only_case().id;
    assert_eq!((id.suite.raw(), id.class.raw(), id.name.raw()), ("a > b > c", "k", "2"));
}

#[test]
fn cases_inside_of_an_unknown_element_count_too() {
    let seen = suite("<wrapper><testcase name='1'><failure/></testcase></wrapper>");
    assert_eq!(seen.figures(), [1, 0, 1, 0, 0]);
}

#[test]
fn totals_are_not_required_and_never_added_over_levels() {
    let inner =
        "<testsuite name='b' tests='1' failures='1'><testcase name='1'><failure/></testcase></testsuite>";
    let seen = read(&format!(
        "<testsuites tests='1' failures='1'><testsuite tests='1' failures='1'>{inner}</testsuite></testsuites>"
    ));
    assert_eq!((seen.figures(), seen.health), ([1, 0, 1, 0, 0], Health::Complete));
    assert_eq!(suite("<testcase name='1'/>").health, Health::Complete);
}

#[test]
fn a_declared_failure_that_no_case_shows_is_no_pass_and_names_its_numbers() {
    for totals in ["failures='2'", "errors='2'", "failures='1' errors='1'"] {
        let seen = read(&format!("<testsuite name='s' {totals}>\n<testcase name='1'/></testsuite>"));
        assert_eq!(seen.health, Health::Degraded, "{totals}");
        assert_eq!(seen.codes(), [Code::TotalsDisagree]);
        let warning = &seen.warnings[0];
        assert_eq!(
            warning.message.raw(),
            "suite `s` declares 2 failures and errors, and 0 can be seen in it"
        );
        assert_eq!(warning.origin.line, 2);
    }
    let outer = read(
        "<testsuites failures='1'><testsuite failures='0'><testcase name='1'/></testsuite></testsuites>",
    );
    assert_eq!(outer.health, Health::Degraded);
}

#[test]
fn more_declared_tests_than_cases_are_said_unless_something_explains_them() {
    let missing = read("<testsuite tests='8'><testcase name='1'/></testsuite>");
    assert_eq!((missing.health, missing.codes()), (Health::Degraded, vec![Code::TotalsDisagree]));
    // mocha-junit-reporter counts pending tests and does not list them.
    for of_mocha in [
        "<testsuites name='Mocha Tests'><testsuite tests='8'><testcase name='1'/></testsuite></testsuites>",
        "<testsuites><testsuite name='Root Suite' tests='0'/><testsuite tests='8'><testcase name='1'/></testsuite></testsuites>",
    ] {
        let pending = read(of_mocha);
        assert_eq!((pending.health, pending.codes()), (Health::Complete, vec![Code::TotalsDisagree]));
    }
    for explained in [
        "<testsuite tests='2' time='1'><testcase name='1'><flakyFailure/></testcase></testsuite>",
        "<testsuite tests='3' time='1'><testcase name='1'><failure/><rerunFailure/><rerunError/></testcase></testsuite>",
        "<testsuite tests='2' time='1' errors='1'><error/><testcase name='1'/></testsuite>",
        "<testsuite tests='3' time='1' skipped='2'><testcase name='1'/></testsuite>",
    ] {
        assert_eq!(read(explained).health, Health::Complete, "{explained}");
    }
}

#[test]
fn totals_of_pytest_count_subtests_and_its_failures_still_decide() {
    let pytest = |totals: &str| {
        read(&format!("<testsuite name='pytest' {totals} time='1'><testcase name='a'/></testsuite>"))
    };
    assert_eq!(pytest("tests='4' failures='0' errors='0'").health, Health::Complete);
    assert_eq!(pytest("tests='4' failures='1' errors='0'").health, Health::Degraded);
}

#[test]
fn a_test_that_ctest_could_not_run_is_an_error_and_a_skip_on_purpose_is_none() {
    let attributes = "status='notrun'";
    assert_eq!(status(attributes, "<skipped message='Unable to find executable'/>"), TestStatus::Errored);
    assert_eq!(status(attributes, "<skipped message='SKIP_RETURN_CODE=77'/>"), TestStatus::Skipped);
}

#[test]
fn totals_that_count_attempts_agree_with_a_flaky_case() {
    let seen = read(
        "<testsuite tests='1' failures='2'><testcase name='1'><flakyFailure/><flakyFailure/></testcase></testsuite>",
    );
    assert_eq!((seen.health, seen.codes().len()), (Health::Complete, 0));
    assert_eq!((seen.run.totals.passed, seen.run.totals.flaky), (1, 1));
}

#[test]
fn totals_that_are_too_low_only_warn_because_cases_decide() {
    let seen = read(
        "<testsuite tests='0' failures='0' errors='0'><testcase name='1'><failure/></testcase></testsuite>",
    );
    assert_eq!((seen.figures(), seen.health), ([1, 0, 1, 0, 0], Health::Complete));
    assert_eq!(seen.codes(), [Code::TotalsDisagree, Code::TotalsDisagree]);
}

#[test]
fn totals_of_catch2_and_doctest_count_assertions() {
    let cases = "<testcase classname='x.global' name='a' time='0' status='run'/>";
    let catch2 = format!(
        "<testsuites><testsuite name='x' errors='0' failures='0' skipped='0' tests='12' hostname='tbd' time='0.1' timestamp='2026-01-01T00:00:00Z'>{cases}</testsuite></testsuites>"
    );
    assert_eq!(read(&catch2).health, Health::Complete);
    let doctest = format!(
        "<testsuites><testsuite name='x' errors='0' failures='0' tests='12'>{cases}</testsuite></testsuites>"
    );
    assert_eq!(read(&doctest).health, Health::Complete);
    assert_eq!(read(&doctest.replace("failures='0'", "failures='1'")).health, Health::Degraded);
}

#[test]
fn odd_totals_are_read_or_said() {
    assert_eq!(
        read("<testsuite tests='1.0' failures='' errors='null'><testcase name='1'/></testsuite>").codes(),
        []
    );
    let unreadable = read("<testsuite tests='1' failures='many'><testcase name='1'/></testsuite>");
    assert_eq!((unreadable.codes(), unreadable.health), (vec![Code::BadNumber], Health::Degraded));
}

#[test]
fn totals_without_a_case_are_no_pass() {
    let passes = read("<testsuite tests='5' failures='0'/>");
    assert_eq!(passes.health, Health::Empty);
    assert!(passes.codes().contains(&Code::EmptyReport));
    let failures = read("<testsuite tests='5' failures='2'/>");
    assert_eq!((failures.health, failures.codes()[0]), (Health::Empty, Code::TotalsDisagree));
    assert_eq!(read("<testsuites/>").health, Health::Empty);
}

#[test]
fn an_empty_suite_beside_a_full_one_is_no_defect() {
    let seen = read(
        "<testsuites><testsuite tests='0'/><testsuite tests='1'><testcase name='1'/></testsuite></testsuites>",
    );
    assert_eq!(seen.health, Health::Complete);
}

#[test]
fn a_failure_of_a_suite_is_one_of_a_container() {
    let seen =
        suite("<testsuite name='k'><error message='no class'>trace</error><testcase name='1'/></testsuite>");
    assert_eq!((seen.figures(), seen.run.totals.container_failures), ([1, 1, 0, 0, 0], 1));
    let failure = &seen.run.containers[0];
    assert_eq!((failure.container.raw(), failure.message.raw()), ("s > k", "no class\ntrace"));
}

#[test]
fn a_suite_that_says_it_failed_and_shows_nothing_is_no_pass() {
    assert_eq!(read("<testsuite status='failed'><testcase name='1'/></testsuite>").health, Health::Degraded);
    assert_eq!(read("<testsuite status='passed'><testcase name='1'/></testsuite>").health, Health::Complete);
}

#[test]
fn a_test_that_is_still_to_be_done_does_not_fail() {
    let todo = "<skipped type='todo' message='true'/>";
    assert_eq!(status("", &format!("{todo}<failure message='m'/>")), TestStatus::Skipped);
    assert_eq!(
        status("", "<skipped type='skipped' message='true'/><failure message='m'/>"),
        TestStatus::Failed
    );
    assert_eq!(status("", &format!("{todo}<error message='m'/>")), TestStatus::Errored);
    assert_eq!(status("status='failed'", &format!("{todo}<failure/>")), TestStatus::Failed);
    // node's totals of a `describe` count it on both sides.
    let suite = format!(
        "<testsuites><testsuite name='s' tests='1' failures='1' skipped='1'><testcase name='t'>{todo}<failure/></testcase></testsuite></testsuites>"
    );
    assert_eq!((read(&suite).figures(), read(&suite).health), ([1, 0, 0, 0, 1], Health::Complete));
}

#[test]
fn error_wins_over_failure_and_failure_over_skipped_in_any_order() {
    assert_eq!(status("", "<skipped/><failure/><error/>"), TestStatus::Errored);
    assert_eq!(status("", "<error/><failure/><skipped/>"), TestStatus::Errored);
    assert_eq!(status("", "<skipped/><failure/>"), TestStatus::Failed);
    assert_eq!(status("", "<failure/><skipped/>"), TestStatus::Failed);
    assert_eq!(status("", "<skipped/>"), TestStatus::Skipped);
    assert_eq!(status("status='disabled'", "<failure/>"), TestStatus::Failed);
}

#[test]
fn a_status_in_an_attribute_alone_counts() {
    for (attributes, want) in [
        ("status='run' result='completed'", TestStatus::Passed),
        ("status='notrun' result='suppressed'", TestStatus::Skipped),
        ("status='notrun'", TestStatus::Skipped),
        ("status='disabled'", TestStatus::Skipped),
        ("result='skipped' status='run'", TestStatus::Skipped),
        ("status='passed'", TestStatus::Passed),
        ("status='failed'", TestStatus::Failed),
        ("result='error' status='run'", TestStatus::Failed),
        ("status='broken'", TestStatus::Failed),
        ("status='wibble'", TestStatus::Unknown),
    ] {
        assert_eq!(status(attributes, ""), want, "{attributes}");
    }
}

#[test]
fn an_unknown_status_degrades_the_report_and_is_quoted() {
    let seen = suite("<testcase name='t' status='wibble'/>");
    assert_eq!((seen.health, seen.codes()), (Health::Degraded, vec![Code::UnknownStatus]));
    assert!(seen.warnings[0].message.raw().contains("`wibble`"));
    // What a child element says explains the case whatever the word is.
    assert_eq!(status("status='wibble'", "<skipped/>"), TestStatus::Skipped);
}

#[test]
fn retries_inside_of_a_case_are_attempts() {
    assert_eq!(status("", "<flakyFailure/>"), TestStatus::Passed);
    assert_eq!(status("", "<flakyError/><failure/>"), TestStatus::Failed);
    assert_eq!(status("", "<failure/><rerunFailure/>"), TestStatus::Failed);
    assert_eq!(status("", "<rerunFailure/>"), TestStatus::Failed);
    let seen = suite(
        "<testcase name='t'><flakyFailure message='m'><stackTrace>at x</stackTrace><system-out>noise</system-out></flakyFailure></testcase>",
    );
    let case = seen.only_case();
    assert_eq!((case.status, case.flaky, case.message.raw()), (TestStatus::Passed, true, "m\nat x"));
}

#[test]
fn repeated_cases_stay_separate() {
    let seen = suite("<testcase name='t'><failure/></testcase><testcase name='t'/>");
    assert_eq!(seen.figures(), [2, 1, 1, 0, 0]);
}

#[test]
fn names_may_be_empty_or_missing() {
    let seen = read(
        "<testsuite name='s'><testcase name='' classname='c'><error/></testcase><testcase><failure/></testcase></testsuite>",
    );
    assert_eq!(seen.figures(), [2, 0, 1, 1, 0]);
    let shown: Vec<_> = seen.run.cases.iter().map(|case| case.id.display().raw().to_owned()).collect();
    assert_eq!(shown, ["s", "c"]);
}

#[test]
fn several_failures_are_one_failed_case_with_all_messages() {
    let seen = suite(
        "<testcase name='t'><failure message='one'/><failure>two</failure><failure type='Three'/></testcase>",
    );
    assert_eq!(seen.figures(), [1, 0, 1, 0, 0]);
    assert_eq!(seen.only_case().message.raw(), "one\ntwo\nThree");
}

#[test]
fn text_comes_whole_from_attribute_references_and_cdata() {
    let seen = suite(
        "<testcase name='t'><failure message='a &lt; b'>\n x&#10;y <![CDATA[<&]]><![CDATA[>]]> &amp; z\n</failure></testcase>",
    );
    assert_eq!(seen.only_case().message.raw(), "a < b\nx\ny <&> & z");
}

#[test]
fn a_text_that_begins_with_the_message_is_not_told_twice() {
    let seen = suite("<testcase name='t'><failure message='boom'>boom\n  at x</failure></testcase>");
    assert_eq!(seen.only_case().message.raw(), "boom\n  at x");
}

#[test]
fn long_text_is_cut_and_said_and_costs_no_count() {
    let long = "x".repeat(20_000);
    let seen = suite(&format!(
        "<testcase name='t'><failure>{long}</failure></testcase><testcase name='u'><error/></testcase>"
    ));
    assert_eq!(seen.figures(), [2, 0, 1, 1, 0]);
    assert!(seen.run.cases.iter().any(|case| case.message.raw().len() == 8 * 1024));
    assert_eq!((seen.codes(), seen.health), (vec![Code::TextCut], Health::Complete));
}

#[test]
fn place_comes_from_the_failure_else_from_the_case_else_from_the_suite() {
    let place = |text: &str| {
        let seen = read(text);
        let place = seen.only_case().place.clone().unwrap();
        (place.file.raw().to_owned(), place.line.map_or(0, std::num::NonZeroU32::get))
    };
    let case = "<testcase name='t' file='c.py' line='3'><failure";
    assert_eq!(
        place(&format!("<testsuite file='s.py'>{case} file='f.py' line='7'/></testcase></testsuite>")),
        ("f.py".into(), 7)
    );
    assert_eq!(place(&format!("<testsuite file='s.py'>{case}/></testcase></testsuite>")), ("c.py".into(), 3));
    assert_eq!(
        place("<testsuite filepath='s.py'><testcase name='t' lineno='0'><failure/></testcase></testsuite>"),
        ("s.py".into(), 0)
    );
}

#[test]
fn a_bad_time_never_fails_the_report() {
    let seen = suite(
        "<testcase name='a' time='1,024.5'/><testcase name='b' time='NaN'/><testcase name='c' time='1e300'/>\
         <testcase name='d' time='-3'/><testcase name='e' time=''/>",
    );
    assert_eq!((seen.figures(), seen.health), ([5, 5, 0, 0, 0], Health::Complete));
    assert_eq!(seen.run.duration, Some(Duration::from_millis(1_024_500)));
    assert_eq!(seen.codes(), [Code::BadTime, Code::BadTime, Code::BadTime]);
}

#[test]
fn the_output_of_a_passing_test_is_passed_over_whatever_it_holds() {
    let seen = suite(
        "<properties><property name='a'>x</property></properties><system-out>\u{1} &nope; <![CDATA[<failure/>]]></system-out><testcase name='t'><system-out><failure/></system-out><system-err>y</system-err></testcase>",
    );
    assert_eq!((seen.figures(), seen.codes().len()), ([1, 1, 0, 0, 0], 0));
}

#[test]
fn repairs_of_kept_text_are_said_and_lost_bytes_degrade() {
    let control = suite("<testcase name='a\u{1b}b'/>");
    assert_eq!((control.health, control.codes()), (Health::Complete, vec![Code::IllegalCharacter]));
    let entity = suite("<testcase name='R&D &nbsp;'/>");
    assert_eq!((entity.health, entity.codes()), (Health::Complete, vec![Code::UnknownEntity]));
    let bytes = try_read(b"<testsuite><testcase name='caf\xe9'/></testsuite>").unwrap();
    assert_eq!((bytes.health, bytes.codes()), (Health::Degraded, vec![Code::BadEncoding]));
}

#[test]
fn utf_16_is_read_and_said_and_a_damaged_one_degrades() {
    let text = "<testsuite><testcase name='\u{e9}'><failure/></testcase></testsuite>";
    let bytes = |text: &str| -> Vec<u8> {
        [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
    };
    let seen = try_read(&bytes(text)).unwrap();
    assert_eq!(
        (seen.figures(), seen.health, seen.codes()),
        ([1, 0, 1, 0, 0], Health::Complete, vec![Code::Utf16])
    );
    let mut damaged = bytes(&text.replace("<failure/>", ""));
    let place = damaged.windows(2).position(|two| two == [0xe9, 0]).unwrap();
    damaged[place + 1] = 0xd8;
    let seen = try_read(&damaged).unwrap();
    assert_eq!((seen.health, seen.codes()), (Health::Degraded, vec![Code::Utf16, Code::BadEncoding]));
}

#[test]
fn a_cut_report_is_an_error_that_carries_the_failures_before_the_cut() {
    let text = "<testsuite><testcase name='1'/><testcase name='2'><failure message='m'>half a tra";
    let error = try_read(text.as_bytes()).err().unwrap();
    assert_eq!(error.code, Code::CutOff);
    let Some(Report::Tests(run)) = error.partial.map(|report| *report) else { panic!("nothing was kept") };
    assert_eq!((run.totals.passed, run.totals.failed), (1, 1));
    assert_eq!(try_read(b"").err().unwrap().code, Code::EmptyFile);
    assert_eq!(try_read(b"<testsuite/><testsuite/>").err().unwrap().code, Code::Malformed);
    assert_eq!(
        try_read(b"<testsuite><testcase><testcase/></testcase></testsuite>").err().unwrap().code,
        Code::Malformed
    );
}

#[test]
fn caps_cut_what_is_kept_and_never_the_count() {
    let skipped = "<testcase name='s'><skipped message='later'/></testcase>".repeat(1_500);
    let failed = "<testcase name='f'><failure message='boom'/></testcase>".repeat(1_200);
    let seen = suite(&(skipped + &failed));
    assert_eq!(seen.figures(), [2_700, 0, 1_200, 0, 1_500]);
    let with_text: Vec<_> = seen.run.cases.iter().filter(|case| !case.message.is_empty()).collect();
    assert_eq!(with_text.len(), 1_000);
    assert!(
        with_text.iter().all(|case| case.status == TestStatus::Failed),
        "failures come before skipped cases"
    );
    assert_eq!(seen.run.cases.len(), 2_700);
    assert_eq!((seen.codes(), seen.health), (vec![Code::CasesCut], Health::Complete));
}

#[test]
fn passed_cases_are_known_by_name_and_by_hash_when_they_are_many() {
    let few = suite("<testcase name='a' classname='c'/><testcase name='a' classname='c'/>");
    let PassedTests::Names(names) = &few.run.passed else { panic!("not by name") };
    let id = names.iter().next().unwrap().clone();
    assert_eq!((names.len(), id.class.raw(), id.suite.raw()), (1, "c", "s"));
    let cases: String =
        (0..60_000).map(|index| format!("<testcase name='{index}' classname='c'/>")).collect();
    let many = suite(&(cases.clone() + "<testcase name='a' classname='c'/>"));
    assert!(matches!(&many.run.passed, PassedTests::Hashes(hashes) if hashes.len() == 60_001));
    assert!(many.run.passed.contains(&id));
    assert!(
        matches!(suite(&(cases.clone() + &cases)).run.passed, PassedTests::Hashes(hashes) if hashes.len() == 60_000)
    );
}

#[test]
fn a_very_long_name_is_kept_short_and_stays_itself() {
    let name = "n".repeat(10_000);
    let seen = suite(&format!("<testcase name='{name}1'/><testcase name='{name}2'/>"));
    assert_eq!(seen.run.passed.len(), 2);
}

/// A failing report with a bit of everything.
const FAILING: &str = "<?xml version=\"1.0\"?>\n<testsuites tests=\"4\" failures=\"1\" errors=\"1\">\n  \
    <testsuite name=\"a\" tests=\"3\" failures=\"1\" errors=\"1\" time=\"1.5\">\n    <testcase name=\"x\" time=\"0.5\"/>\n    \
    <testcase name=\"y\" classname=\"k\"><failure message=\"a &lt; b\"><![CDATA[at k:1]]></failure></testcase>\n    \
    <testcase name=\"z\"><error>e</error><system-out>o</system-out></testcase>\n  </testsuite>\n  \
    <testsuite name=\"b\" tests=\"1\"><testcase name=\"w\"/></testsuite>\n</testsuites>\n";

#[test]
fn a_failing_report_cut_anywhere_is_never_a_pass() {
    for cut in 0..FAILING.len() {
        assert!(!looks_passed(&FAILING.as_bytes()[..cut]), "cut at {cut}");
    }
}

#[test]
fn a_failing_report_in_another_coat_is_never_a_pass() {
    let body = FAILING.split_once('\n').unwrap().1;
    for text in [
        FAILING.replace(" failures=\"1\"", "").replace(" errors=\"1\"", ""),
        FAILING.replace("failures=\"1\"", "failures=\"0\"").replace("errors=\"1\"", "errors=\"0\""),
        format!("<testsuite name='o'><testsuite name='p'>{body}</testsuite></testsuite>"),
        format!("<testsuites><wrapper>{body}</wrapper></testsuites>"),
        FAILING.replace("<failure", "<x-failure").replace("</failure", "</x-failure"),
        FAILING.replace("<failure message", "<failure/><failure message"),
        FAILING.replace("testsuites", "n:testsuites"),
    ] {
        assert!(!looks_passed(text.as_bytes()), "{text}");
    }
    let latin: Vec<u8> =
        FAILING.replace("message=\"", "message=\"\u{e9}").chars().map(|c| u8::try_from(c).unwrap()).collect();
    assert!(!looks_passed(&latin));
    assert!(looks_passed(b"<testsuite tests='1'><testcase name='x'/></testsuite>"));
}

proptest! {
    #[test]
    fn what_is_known_of_the_case_before_changes_nothing(cases in prop::collection::vec((0..3_u8, 0..3_u8, 0..4_u8), 0..12)) {
        let attribute = |name: &str, value: u8| match value {
            0 => String::new(),
            value => format!(" {name}='{value}'"),
        };
        let case = |(class, file, failure): &(u8, u8, u8)| {
            let failure = failure.checked_sub(1).map(|file| format!("<failure{}/>", attribute("file", file)));
            let (class, file) = (attribute("classname", *class), attribute("file", *file));
            format!("<testcase name='t'{class}{file}>{}</testcase>", failure.unwrap_or_default())
        };
        let cases: Vec<String> = cases.iter().map(case).collect();
        // Where a suite begins anew, its place is compared with the last one.
        let run = |between: &str| {
            let cases = cases.join(between);
            read(&format!("<testsuites><testsuite name='s'>{cases}</testsuite></testsuites>")).run
        };
        prop_assert_eq!(run(""), run("</testsuite><testsuite name='s'>"));
    }

    #[test]
    fn mutated_reports_never_panic(from in 0..FAILING.len(), len in 0..40_usize, with in prop::collection::vec(any::<u8>(), 0..8)) {
        let mut bytes = FAILING.as_bytes().to_vec();
        bytes.splice(from..(from + len).min(FAILING.len()), with);
        let _ = try_read(&bytes);
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = try_read(&bytes);
        let mut framed = b"<testsuite>".to_vec();
        framed.extend(bytes);
        let _ = try_read(&framed);
    }
}
