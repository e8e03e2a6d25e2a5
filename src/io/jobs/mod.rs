//! The CI jobs or steps, from a file: `--jobs FILE` (DECISIONS 15).
//!
//! Three forms are read: GitHub's `toJSON(needs)` and `toJSON(steps)` (name → how it ended), the list that the
//! API of GitHub gives (`{"jobs": […]}`, or its pages one after the other), and a bare list of jobs as GitLab's
//! API gives it.

mod legs;
#[cfg(test)]
mod tests;

pub use legs::{Leg, joined};

use super::beneath::{OpenError, read_named};
use super::github::WorkflowJob;
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::model::{BuildJobs, Job, JobFate, JobReports, JobResult, Untrusted};
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
                    reports: ended.reports(),
                });
            }
        }
        _ => return Err(bad("several JSON documents that do not belong together".to_owned(), 0, 0)),
    }
    jobs.sort();
    Ok(BuildJobs { jobs, each_leg: entries.is_empty() })
}

/// A job as GitHub's API lists it, with what the CI did to it.
pub fn of_api(job: &WorkflowJob) -> Job {
    let word = job.conclusion.as_deref().unwrap_or(&job.status);
    let result = result_of(word);
    let listed = Listed {
        name: String::new(),
        conclusion: job.conclusion.clone(),
        status: Some(job.status.clone()),
        run_id: None,
        run_attempt: None,
        runner_id: job.runner_id,
        steps: job.steps.as_ref().map(|steps| {
            steps.iter().map(|step| ListedStep { conclusion: step.conclusion.clone() }).collect()
        }),
        failure_reason: None,
        started_at: job.started_at.clone(),
    };
    Job { name: job.name.clone(), result, fate: listed.fate(result), reports: JobReports::Unknown }
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
            let (fate, reports) = (job.fate(result), JobReports::Unknown);
            jobs.push(Job { result, fate, reports, name: Untrusted::new(job.name) });
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

    /// Only steps have an `outcome`, and they are those of the job that wrote all reports that it judges.
    const fn reports(&self) -> JobReports {
        if self.outcome.is_some() { JobReports::All } else { JobReports::Unknown }
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
pub fn result_of(word: &str) -> JobResult {
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
