use super::*;

fn read_text(text: &str) -> Result<Vec<(String, JobResult)>, String> {
    let jobs = parse(text.as_bytes(), "jobs.json").map_err(|diagnostic| {
        assert_eq!(diagnostic.code, Code::BadJobsFile);
        format!("{}:{} {}", diagnostic.origin.line, diagnostic.origin.column, diagnostic.message.raw())
    })?;
    Ok(jobs.jobs.into_iter().map(|job| (job.name.raw().to_owned(), job.result)).collect())
}

#[test]
fn the_needs_of_a_job_are_read_and_sorted() {
    let text = r#"{"test": {"result": "failure", "outputs": {"result": {}}}, "build": {"result": "success"},
                   "lint": {"result": "skipped"}, "e2e": {"result": "cancelled"}}"#;
    let expected = [
        ("build", JobResult::Success),
        ("e2e", JobResult::Cancelled),
        ("lint", JobResult::Skipped),
        ("test", JobResult::Failure),
    ];
    assert_eq!(read_text(text).unwrap(), expected.map(|(name, result)| (name.to_owned(), result)));
}

#[test]
fn a_list_says_what_the_ci_did_to_a_job() {
    let fates = |text: &str| -> Vec<JobFate> {
        parse(text.as_bytes(), "jobs.json").unwrap().jobs.iter().map(|job| job.fate).collect()
    };
    // GitHub: `runner_id` is 0 or null, and no step was made.
    let github = r#"{"jobs": [
        {"name": "a", "conclusion": "failure", "runner_id": 7, "steps": [{"conclusion": "success"}, {"conclusion": "failure"}]},
        {"name": "b", "conclusion": "failure", "runner_id": 7, "steps": [{"conclusion": "success"}, {"conclusion": null}]},
        {"name": "c", "conclusion": "cancelled", "runner_id": 0, "steps": []},
        {"name": "d", "conclusion": "skipped", "runner_id": 0, "steps": []}]}"#;
    let (ordinary, never, lost) = (JobFate::Ordinary, JobFate::NeverStarted, JobFate::LostRunner);
    assert_eq!(fates(github), [ordinary, lost, never, ordinary]);
    let gitlab = r#"[{"name": "a", "status": "failed", "failure_reason": "script_failure"},
        {"name": "b", "status": "failed", "failure_reason": "runner_system_failure", "started_at": "x"},
        {"name": "c", "status": "failed", "failure_reason": "stuck_or_timeout_failure", "started_at": null},
        {"name": "d", "status": "failed", "failure_reason": "stuck_or_timeout_failure", "started_at": "x"}]"#;
    assert_eq!(fates(gitlab), [ordinary, lost, never, ordinary]);
}

#[test]
fn a_step_that_failed_and_was_let_through_has_failed() {
    let text = r#"{"unit": {"outputs": {}, "outcome": "failure", "conclusion": "success"}}"#;
    assert_eq!(read_text(text).unwrap(), [("unit".to_owned(), JobResult::Failure)]);
}

#[test]
fn the_list_of_the_api_is_read_and_the_newest_attempt_counts() {
    let text = r#"{"total_count": 3, "jobs": [
        {"id": 1, "name": "a", "run_id": 7, "run_attempt": 1, "status": "completed", "conclusion": "failure"},
        {"id": 2, "name": "a", "run_id": 7, "run_attempt": 2, "status": "completed", "conclusion": "success"},
        {"id": 3, "name": "b", "run_id": 7, "run_attempt": 1, "status": "in_progress", "conclusion": null}]}"#;
    let expected = [("a".to_owned(), JobResult::Success), ("b".to_owned(), JobResult::Unknown)];
    assert_eq!(read_text(text).unwrap(), expected);
}

#[test]
fn pages_one_after_the_other_are_one_list_and_a_missing_page_is_noticed() {
    let page = |name: &str| {
        format!(r#"{{"total_count": 2, "jobs": [{{"name": "{name}", "conclusion": "success"}}]}}"#)
    };
    assert_eq!(read_text(&format!("{}\n{}", page("a"), page("b"))).unwrap().len(), 2);
    assert_eq!(read_text(&format!("[{},{}]", page("a"), page("b"))).unwrap().len(), 2);
    assert!(read_text(&page("a")).unwrap_err().contains("1 of 2 jobs"));
}

#[test]
fn a_bare_list_as_gitlab_gives_it_is_read() {
    let text =
        r#"[{"name": "rspec", "status": "failed", "allow_failure": false}, {"name": "x", "status": "odd"}]"#;
    let expected = [("rspec".to_owned(), JobResult::Failure), ("x".to_owned(), JobResult::Unknown)];
    assert_eq!(read_text(text).unwrap(), expected);
}

#[test]
fn two_jobs_of_one_name_both_stay() {
    let text = r#"[{"name": "t", "conclusion": "success"}, {"name": "t", "conclusion": "failure"}]"#;
    assert_eq!(read_text(text).unwrap().len(), 2);
}

#[test]
fn what_is_none_of_the_forms_is_an_error_with_its_place() {
    for text in [
        "",
        "  \n",
        "null",
        "3",
        "\"x\"",
        "{",
        "{\"a\": {\"result\": \"success\"}",
        "{\"a\": 1}",
        "{\"a\": {}}",
        "{\"a\": {\"result\": 1}}",
        "{\"a\": {\"result\": \"failure\", \"result\": \"success\"}}",
        "{\"a\": {\"result\": \"failure\"}, \"a\": {\"result\": \"success\"}}",
        "[1]",
        "[{}]",
        "[{\"name\": \"a\"}]",
        "{\"jobs\": [], \"a\": {\"result\": \"success\"}}",
        "{\"a\": {\"result\": \"success\"}} {\"b\": {\"result\": \"success\"}}",
        "<jobs/>",
    ] {
        assert!(read_text(text).is_err(), "{text}");
    }
    assert!(read_text("{\n  \"a\": x}").unwrap_err().starts_with("2:"));
}

#[test]
fn no_needs_are_no_jobs() {
    assert_eq!(read_text("{}").unwrap(), []);
}

#[test]
fn nesting_is_bounded() {
    assert!(read_text(&"[".repeat(100_000)).is_err());
    assert!(read_text(&"{\"a\":".repeat(100_000)).is_err());
}

#[test]
fn a_missing_file_is_unreadable() {
    let error = read(Path::new("/nonexistent/jobs.json")).unwrap_err();
    assert_eq!(error.code, Code::UnreadableFile);
}
