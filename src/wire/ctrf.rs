//! The merged tests as a CTRF report (<https://ctrf.io>, schema of the npm package `ctrf`).
//!
//! The evidence keeps failed, skipped and flaky cases whole, and of those that passed the names alone: they stand in
//! the report without a time. The counts are those of all tests; `extra` says how many are not listed.

use super::pretty;
use crate::model::{PassedTests, TestCase, TestId, TestRun, TestStatus};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

/// The version of the schema.
const SPEC: &str = "0.0.0";

/// The document. Without any test it holds none, which its readers show as such.
pub fn write(run: Option<&TestRun>) -> Vec<u8> {
    let nothing = TestRun::default();
    let run = run.unwrap_or(&nothing);
    let totals = &run.totals;
    let mut tests: Vec<Value> = run.cases.iter().map(case).collect();
    let listed: BTreeSet<&TestId> =
        run.cases.iter().filter(|case| case.status == TestStatus::Passed).map(|case| &case.id).collect();
    if let PassedTests::Names(names) = &run.passed {
        tests.extend(names.iter().filter(|id| !listed.contains(id)).map(|id| {
            let mut test = test(id, "passed", None);
            test.insert("rawStatus".to_owned(), json!("passed"));
            Value::Object(test)
        }));
    }
    // What failed outside of a case is a failure for every reader of the report.
    tests.extend(run.containers.iter().map(|failure| {
        let name = shown(failure.container.raw(), "(unnamed suite)");
        json!({"name": name, "status": "failed", "duration": 0, "rawStatus": "suite failed", "message": failure.message})
    }));
    let all = totals.tests.saturating_add(totals.container_failures);
    let milliseconds = run.duration.map_or(0, milliseconds);
    pretty(&json!({
        "reportFormat": "CTRF",
        "specVersion": SPEC,
        "generatedBy": concat!("tollgate ", env!("CARGO_PKG_VERSION")),
        "results": {
            "tool": {"name": "tollgate", "version": env!("CARGO_PKG_VERSION")},
            "summary": {
                "tests": all,
                "passed": totals.passed,
                "failed": totals.bad().saturating_add(totals.container_failures),
                "skipped": totals.skipped,
                "pending": 0,
                "other": totals.unknown,
                "flaky": totals.flaky,
                // Reports of several jobs have no common clock: a run begins at 0 and lasts as long as its cases.
                "start": 0,
                "stop": milliseconds,
                "extra": {"not-listed": all.saturating_sub(tests.len() as u64), "without-time": run.untimed},
            },
            "tests": tests,
        },
    }))
}

fn case(case: &TestCase) -> Value {
    let (status, raw) = match case.status {
        TestStatus::Passed => ("passed", "passed"),
        TestStatus::Skipped => ("skipped", "skipped"),
        TestStatus::Unknown => ("other", "unknown"),
        TestStatus::Failed => ("failed", "failed"),
        TestStatus::Errored => ("failed", "errored"),
    };
    let mut test = test(&case.id, status, case.duration);
    test.insert("rawStatus".to_owned(), json!(raw));
    if case.flaky {
        test.insert("flaky".to_owned(), json!(true));
    }
    if !case.message.is_empty() {
        test.insert("message".to_owned(), json!(case.message));
    }
    if let Some(place) = &case.place {
        if !place.file.is_empty() {
            test.insert("filePath".to_owned(), json!(place.file));
        }
        if let Some(line) = place.line {
            test.insert("line".to_owned(), json!(line));
        }
    }
    Value::Object(test)
}

fn test(id: &TestId, status: &str, duration: Option<Duration>) -> Map<String, Value> {
    let mut test = Map::new();
    let display = id.display();
    test.insert("name".to_owned(), json!(shown(display.raw(), "(unnamed test)")));
    test.insert("status".to_owned(), json!(status));
    test.insert("duration".to_owned(), json!(duration.map_or(0, milliseconds)));
    let suite: Vec<&str> = id.suite.raw().split(" > ").filter(|name| !name.is_empty()).collect();
    if !suite.is_empty() {
        test.insert("suite".to_owned(), json!(suite));
    }
    if !id.file.is_empty() {
        test.insert("filePath".to_owned(), json!(id.file));
    }
    test
}

fn shown<'a>(name: &'a str, otherwise: &'a str) -> &'a str {
    if name.is_empty() { otherwise } else { name }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ContainerFailure, TestTotals};

    fn id(name: &str) -> TestId {
        TestId { class: "money".into(), name: name.into(), suite: "a > b".into(), ..TestId::default() }
    }

    fn run() -> TestRun {
        let case = |name: &str, status, flaky| TestCase {
            id: id(name),
            status,
            flaky,
            duration: Some(Duration::from_millis(1_500)),
            place: None,
            message: "expected 10, got 9".into(),
            expected: None,
            got: None,
            repeated: None,
        };
        let totals = TestTotals {
            tests: 5,
            passed: 3,
            failed: 1,
            errored: 1,
            flaky: 1,
            container_failures: 1,
            ..TestTotals::default()
        };
        TestRun {
            totals,
            cases: vec![
                case("breaks", TestStatus::Failed, false),
                case("dies", TestStatus::Errored, false),
                case("wobbles", TestStatus::Passed, true),
            ],
            passed: PassedTests::Names([id("works"), id("wobbles")].into()),
            containers: vec![ContainerFailure { container: "setup".into(), message: "boom".into() }],
            ..TestRun::default()
        }
    }

    #[test]
    fn every_test_is_listed_once_and_what_is_not_is_counted() {
        let report: Value = serde_json::from_slice(&write(Some(&run()))).unwrap();
        let tests = report["results"]["tests"].as_array().unwrap();
        let found: Vec<(&str, &str)> = tests
            .iter()
            .map(|test| (test["name"].as_str().unwrap(), test["status"].as_str().unwrap()))
            .collect();
        let expected = [
            ("money::breaks", "failed"),
            ("money::dies", "failed"),
            ("money::wobbles", "passed"),
            ("money::works", "passed"),
            ("setup", "failed"),
        ];
        assert_eq!(found, expected);
        let summary = &report["results"]["summary"];
        assert_eq!((summary["tests"].as_u64(), summary["failed"].as_u64()), (Some(6), Some(3)));
        assert_eq!(summary["extra"]["not-listed"], 1, "three passed, and two names are known");
        assert_eq!(tests[0]["suite"], json!(["a", "b"]));
        assert_eq!(tests[0]["duration"], 1_500);
    }
}
