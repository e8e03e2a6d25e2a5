//! The CI jobs or steps, from a file: `--jobs FILE` (DECISIONS 15).
//!
//! Three forms are read: GitHub's `toJSON(needs)` and `toJSON(steps)` (name → how it ended), the list that the
//! API of GitHub gives (`{"jobs": […]}`, or its pages one after the other), and a bare list of jobs as GitLab's
//! API gives it.

use super::beneath::{OpenError, read_named};
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::model::{BuildJobs, Job, JobFate, JobResult, Untrusted};
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

/// The largest file of jobs that is read, in bytes. `toJSON(needs)` carries the outputs of jobs, at most 1 MiB
/// each.
const LIMIT: u64 = 64 << 20;

/// Reads a file of jobs.
///
/// # Errors
/// `bad-jobs-file` with line and column when the file is of none of the forms, and when a list says of itself
/// that it is not whole.
pub fn read(path: &Path) -> Result<BuildJobs, Box<Diagnostic>> {
    let name = path.to_string_lossy();
    let bytes = read_named(path, LIMIT).map_err(|error| {
        let message = format!("the file of jobs cannot be read: {error}");
        let code = match error {
            OpenError::System(_) | OpenError::NotRegular | OpenError::Symlink | OpenError::Outside => {
                Code::UnreadableFile
            }
            OpenError::TooLarge { .. } => Code::BadJobsFile,
        };
        Box::new(Diagnostic::new(code, Weight::Error, message, Origin::file(&*name)))
    })?;
    parse(&bytes, &name)
}

/// Reads jobs from memory; `name` is the file's name for the diagnostic.
///
/// # Errors
/// As [`read`].
pub fn parse(bytes: &[u8], name: &str) -> Result<BuildJobs, Box<Diagnostic>> {
    let bad = |message: String, line: usize, column: usize| {
        let place = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let origin = Origin::at(name, place(line), place(column));
        Box::new(Diagnostic::new(Code::BadJobsFile, Weight::Error, message, origin))
    };
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut documents = Vec::new();
    for document in serde_json::Deserializer::from_slice(bytes).into_iter::<Document>() {
        documents.push(document.map_err(|error| bad(error.to_string(), error.line(), error.column()))?);
    }
    let mut listed = Vec::new();
    let mut entries = Vec::new();
    let mut total = None;
    for document in documents {
        match document {
            Document::Named(named) => entries.push(named),
            Document::Listed { jobs, total_count } => {
                listed.extend(jobs);
                total = total.max(total_count);
            }
        }
    }
    if let Some(total) = total.filter(|total| *total > listed.len() as u64) {
        let message = format!("the list holds {} of {total} jobs: fetch all its pages", listed.len());
        return Err(bad(message, 0, 0));
    }
    let mut jobs = newest_attempts(listed).map_err(|message| bad(message, 0, 0))?;
    match entries.as_slice() {
        [] if jobs.is_empty() && total.is_none() && bytes.iter().all(u8::is_ascii_whitespace) => {
            return Err(bad("the file is empty".to_owned(), 0, 0));
        }
        [] => {}
        [named] if jobs.is_empty() => {
            for (name, ended) in named {
                jobs.push(Job {
                    name: name.as_str().into(),
                    result: ended.result(name).map_err(|m| bad(m, 0, 0))?,
                    fate: JobFate::Ordinary,
                });
            }
        }
        _ => return Err(bad("several JSON documents that do not belong together".to_owned(), 0, 0)),
    }
    jobs.sort();
    Ok(BuildJobs { jobs, each_leg: entries.is_empty() })
}

/// Of each job only the newest attempt counts (DECISIONS 10); two jobs of one name in one attempt both stay.
fn newest_attempts(listed: Vec<Listed>) -> Result<Vec<Job>, String> {
    let mut newest: BTreeMap<(Option<u64>, String), u64> = BTreeMap::new();
    let key = |job: &Listed| (job.run_id, job.name.clone());
    for job in &listed {
        let attempt = newest.entry(key(job)).or_default();
        *attempt = (*attempt).max(job.run_attempt.unwrap_or(0));
    }
    let mut jobs = Vec::new();
    for job in listed {
        if newest.get(&key(&job)) == Some(&job.run_attempt.unwrap_or(0)) {
            let result = job.result()?;
            jobs.push(Job { result, fate: job.fate(result), name: Untrusted::new(job.name) });
        }
    }
    Ok(jobs)
}

/// One JSON document of the file.
enum Document {
    /// `toJSON(needs)` or `toJSON(steps)`.
    Named(Vec<(String, Ended)>),
    /// A list, and how many jobs it should hold.
    Listed { jobs: Vec<Listed>, total_count: Option<u64> },
}

/// How a job of `needs` or a step of `steps` ended. The keys are GitHub's contexts `needs.<id>.result` and
/// `steps.<id>.{outcome, conclusion}`; others (`outputs`) are passed over.
#[derive(Default)]
struct Ended {
    result: Option<String>,
    outcome: Option<String>,
    conclusion: Option<String>,
}

impl Ended {
    fn result(&self, name: &str) -> Result<JobResult, String> {
        // `conclusion` is what `continue-on-error` made of it; `outcome` is what happened.
        let word = self.outcome.as_ref().or(self.result.as_ref()).or(self.conclusion.as_ref());
        let word = word.ok_or_else(|| {
            format!("`{name}` has neither `result` (as in `needs`) nor `outcome` (as in `steps`)")
        })?;
        Ok(result_of(word))
    }
}

/// One job of a list (GitHub: REST `actions/jobs`; GitLab: `jobs`).
#[derive(Deserialize, Serialize)]
struct Listed {
    name: String,
    #[serde(default)]
    conclusion: Option<String>,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    run_id: Option<u64>,
    #[serde(default)]
    run_attempt: Option<u64>,
    /// GitHub: null or 0 where no runner took the job.
    #[serde(default)]
    runner_id: Option<u64>,
    #[serde(default)]
    steps: Option<Vec<ListedStep>>,
    /// GitLab.
    #[serde(default)]
    failure_reason: Option<String>,
    /// GitLab: null where no runner took the job.
    #[serde(default)]
    started_at: Option<String>,
}

/// One step of a job of GitHub's list.
#[derive(Deserialize, Serialize)]
struct ListedStep {
    #[serde(default)]
    conclusion: Option<String>,
}

impl Listed {
    fn result(&self) -> Result<JobResult, String> {
        let word = self.conclusion.as_ref().or(self.status.as_ref());
        let word =
            word.ok_or_else(|| format!("job `{}` has neither `conclusion` nor `status`", self.name))?;
        Ok(result_of(word))
    }

    /// What the CI did to a job that did not end well. GitHub: a job without steps that no runner took never
    /// started; one that is over while a step of it is not has lost its runner.
    fn fate(&self, result: JobResult) -> JobFate {
        if !matches!(result, JobResult::Failure | JobResult::Cancelled) {
            return JobFate::Ordinary;
        }
        match (self.failure_reason.as_deref(), &self.steps) {
            (Some("runner_system_failure"), _) => JobFate::LostRunner,
            (Some("scheduler_failure" | "runner_unsupported" | "stale_schedule"), _) => JobFate::NeverStarted,
            (Some("stuck_or_timeout_failure"), _) if self.started_at.is_none() => JobFate::NeverStarted,
            (None, Some(steps)) if self.conclusion.is_some() => {
                let is_open = |step: &ListedStep| step.conclusion.is_none();
                match steps.as_slice() {
                    [] if self.runner_id.unwrap_or(0) == 0 => JobFate::NeverStarted,
                    steps if steps.iter().any(is_open) => JobFate::LostRunner,
                    _ => JobFate::Ordinary,
                }
            }
            _ => JobFate::Ordinary,
        }
    }
}

/// GitHub's conclusions and GitLab's statuses. What is not known to be good is not good.
fn result_of(word: &str) -> JobResult {
    match word {
        "success" => JobResult::Success,
        "failure" | "failed" | "startup_failure" => JobResult::Failure,
        "cancelled" | "canceled" | "timed_out" => JobResult::Cancelled,
        "skipped" | "manual" => JobResult::Skipped,
        _ => JobResult::Unknown,
    }
}

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DocumentVisitor)
    }
}

struct DocumentVisitor;

impl<'de> Visitor<'de> for DocumentVisitor {
    type Value = Document;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or list of jobs")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Document, A::Error> {
        let (mut jobs, mut total) = (Vec::new(), None);
        while let Some(element) = seq.next_element::<Element>()? {
            match element {
                Element::Job(job) => jobs.push(job),
                Element::Page { jobs: page, total_count } => {
                    jobs.extend(page);
                    total = total.max(total_count);
                }
            }
        }
        Ok(Document::Listed { jobs, total_count: total })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Document, A::Error> {
        use serde::de::Error as _;
        let mut named: Vec<(String, Ended)> = Vec::new();
        let mut listed = None;
        let mut total_count = None;
        while let Some(key) = map.next_key::<String>()? {
            match map.next_value::<Value>()? {
                Value::List(jobs) if key == "jobs" && listed.is_none() => listed = Some(jobs),
                Value::Number(total) if key == "total_count" => total_count = Some(total),
                Value::Ended(ended) => {
                    if named.iter().any(|(have, _)| *have == key) {
                        return Err(A::Error::custom(format!("`{key}` stands twice")));
                    }
                    named.push((key, ended));
                }
                Value::List(_) | Value::Number(_) | Value::Other => {
                    return Err(A::Error::custom(format!("`{key}` is no job, step or list of jobs")));
                }
            }
        }
        match listed {
            None if total_count.is_none() => Ok(Document::Named(named)),
            Some(jobs) if named.is_empty() => Ok(Document::Listed { jobs, total_count }),
            _ => Err(A::Error::custom("a list of jobs and single jobs in one object")),
        }
    }
}

/// A value under a key of the top level.
enum Value {
    Ended(Ended),
    List(Vec<Listed>),
    Number(u64),
    Other,
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a job, a step or a list of jobs")
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Number(number))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Other)
    }

    fn visit_str<E>(self, _: &str) -> Result<Value, E> {
        Ok(Value::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut jobs = Vec::new();
        while let Some(job) = seq.next_element::<Listed>()? {
            jobs.push(job);
        }
        Ok(Value::List(jobs))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        use serde::de::Error as _;
        let mut ended = Ended::default();
        while let Some(key) = map.next_key::<String>()? {
            let field = match key.as_str() {
                "result" => &mut ended.result,
                "outcome" => &mut ended.outcome,
                "conclusion" => &mut ended.conclusion,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            let word: Option<String> = map.next_value()?;
            if field.is_some() {
                return Err(A::Error::custom(format!("`{key}` stands twice")));
            }
            *field = word;
        }
        Ok(Value::Ended(ended))
    }
}

/// An element of a list: a job, or a page of the API (`gh api --paginate --slurp`).
enum Element {
    Job(Listed),
    Page { jobs: Vec<Listed>, total_count: Option<u64> },
}

impl<'de> Deserialize<'de> for Element {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        let value = serde_json::Value::deserialize(deserializer)?;
        let page = value.get("jobs").is_some();
        if page {
            #[derive(Deserialize)]
            struct Page {
                jobs: Vec<Listed>,
                total_count: Option<u64>,
            }
            let page: Page = serde_json::from_value(value).map_err(D::Error::custom)?;
            return Ok(Self::Page { jobs: page.jobs, total_count: page.total_count });
        }
        serde_json::from_value(value).map(Self::Job).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
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
        let text = r#"[{"name": "rspec", "status": "failed", "allow_failure": false}, {"name": "x", "status": "odd"}]"#;
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
}
