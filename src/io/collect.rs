//! Packs the reports of a job into a folder that is uploaded as one artifact, for a gate job to judge.
//!
//! The folder holds what `.github/actions/collect` makes: the files under numbers, and a manifest of their paths
//! and digests beside them. Only regular files with one name are packed: a symlink or a second hard link may lead
//! to what is no report (gate.md T12). Nothing is judged here; what is left out is counted in the manifest, and
//! the gate gives no verdict then.

use super::archive::MAX_ENTRY;
use super::ci::Environment;
use super::git;
use super::github::manifest::{self, Manifest, NAME, READS_AS, VERSION, hex};
use super::jobs;
use super::reports::{self, Found, FoundReport};
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::model::RepoPath;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

/// How many files are packed; with the manifest as many as the gate takes from all artifacts of a run.
pub const MAX_FILES: usize = 4_999;

/// How many bytes are packed: as many as the gate takes from all artifacts of a run.
pub const MAX_BYTES: u64 = 500 << 20;

/// What a folder's name begins with.
const FOLDER: &str = "tollgate-collect-";

/// What was packed.
#[derive(Debug)]
pub struct Collected {
    /// Name of the folder to upload, in the workspace.
    pub folder: String,
    /// How many files it holds.
    pub files: usize,
    /// How many bytes they have together.
    pub bytes: u64,
    /// What was left out, and why.
    pub left_out: Vec<Diagnostic>,
}

/// Packs what was found below `dir` of the workspace; `steps` is the input of that name.
///
/// # Errors
/// `bad-jobs-file` for steps that cannot be read, `output-not-written` when the folder cannot be made.
pub fn collect(
    found: &Found,
    workspace: &Path,
    dir: &Path,
    steps: Option<&str>,
    environment: &Environment,
) -> Result<Collected, Box<Diagnostic>> {
    let steps = steps.map(outcomes).transpose()?;
    let folder = format!("{FOLDER}{:016x}", RandomState::new().hash_one(0));
    let place = workspace.join(&folder);
    let not_written = |error: io::Error| {
        let message = format!("the folder of reports cannot be written: {error}");
        Box::new(Diagnostic::new(
            Code::OutputNotWritten,
            Weight::Error,
            message,
            Origin::file(folder.clone()),
        ))
    };
    // Fails if anything has that name, which nobody could know.
    fs::create_dir(&place).and_then(|()| fs::create_dir(place.join("files"))).map_err(not_written)?;

    let mut packed = Packed { place: &place, files: Vec::new(), bytes: 0 };
    // What a search could not see may have been a report.
    let mut left_out: Vec<Diagnostic> =
        found.diagnostics.iter().filter(|problem| problem.weight == Weight::Error).cloned().collect();
    let prefix = dir.strip_prefix(workspace).unwrap_or(Path::new(""));
    let earlier = |report: &FoundReport| report.path.to_string_lossy().starts_with(FOLDER);
    for report in found.reports.iter().filter(|report| !earlier(report)) {
        match packed.add(report, prefix).map_err(not_written)? {
            Ok(()) => {}
            Err(why) => left_out.push(*why),
        }
    }
    let (count, bytes) = (packed.files.len(), packed.bytes);
    let text = |name: &str| environment.get(name).map(str::to_owned);
    // What is checked out was tested, which is not always the commit that started the run.
    let checked_out = git::open(dir).and_then(|repository| repository.head());
    let manifest = Manifest {
        version: VERSION,
        reads_as: Some(READS_AS),
        workflow: text("GITHUB_WORKFLOW"),
        job: text("GITHUB_JOB"),
        // The runner tells a container nothing of its place in a matrix.
        index: None,
        total: None,
        run: text("GITHUB_RUN_ID").unwrap_or_default(),
        attempt: environment.get("GITHUB_RUN_ATTEMPT").and_then(|attempt| attempt.parse().ok()),
        sha: checked_out.map_or(None, |head| head.commit).or_else(|| text("GITHUB_SHA")),
        os: text("RUNNER_OS"),
        steps,
        skipped: left_out.len() as u64,
        files: packed.files,
    };
    let text = serde_json::to_vec_pretty(&manifest).map_err(|error| not_written(error.into()))?;
    create(&place.join(NAME)).and_then(|mut file| file.write_all(&text)).map_err(not_written)?;
    Ok(Collected { folder, files: count, bytes, left_out })
}

/// How a step ended.
#[derive(Serialize, Deserialize)]
struct Step {
    outcome: Option<String>,
    conclusion: Option<String>,
}

/// The steps without their outputs, which may hold what nobody should read in an artifact.
fn outcomes(steps: &str) -> Result<Box<RawValue>, Box<Diagnostic>> {
    let name = "the input `steps`";
    jobs::parse(steps.as_bytes(), name)?;
    let kept = serde_json::from_str::<BTreeMap<String, Step>>(steps).and_then(|steps| to_raw_value(&steps));
    kept.map_err(|error| {
        let message = format!("it is not what toJSON(steps) gives: {error}");
        Box::new(Diagnostic::new(Code::BadJobsFile, Weight::Error, message, Origin::file(name)))
    })
}

/// The folder while it is filled.
struct Packed<'p> {
    place: &'p Path,
    files: Vec<manifest::File>,
    bytes: u64,
}

impl Packed<'_> {
    /// Copies one report; the inner error says why it is left out.
    fn add(&mut self, report: &FoundReport, prefix: &Path) -> io::Result<Result<(), Box<Diagnostic>>> {
        let left_out = |code: Code, why: &str| {
            let message = format!("the report is left out: {why}");
            Ok(Err(Box::new(Diagnostic::new(
                code,
                Weight::Error,
                message,
                Origin::file(report.shown.clone()),
            ))))
        };
        let file = match reports::open(report) {
            Ok(file) => file,
            Err(why) => return Ok(Err(why)),
        };
        if names_of(&file)? > 1 {
            return left_out(
                Code::NotRegular,
                "it has a second name (a hard link), which may be no report's",
            );
        }
        let Some(path) = name(&prefix.join(&report.path)) else {
            return left_out(Code::UnreadableFile, "its name is not UTF-8 or holds a control character");
        };
        if self.files.len() >= MAX_FILES {
            return left_out(Code::TooManyFiles, "an artifact holds at most 4,999");
        }
        let number = self.files.len();
        let limit = MAX_ENTRY.min(MAX_BYTES - self.bytes);
        let target = self.place.join("files").join(number.to_string());
        // What counts is what is uploaded: the digest is that of the bytes which were copied.
        let Some((bytes, sha256)) = copy(file, &target, limit)? else {
            fs::remove_file(&target)?;
            return left_out(
                Code::ReportTooLarge,
                "it is larger than 64 MiB, or all are larger than 500 MiB",
            );
        };
        self.bytes += bytes;
        self.files.push(manifest::File { path, file: format!("files/{number}"), bytes, sha256 });
        Ok(Ok(()))
    }
}

/// Copies at most `limit` bytes; `None` if there are more.
fn copy(from: File, to: &Path, limit: u64) -> io::Result<Option<(u64, String)>> {
    let mut from = from.take(limit.saturating_add(1));
    let mut to = create(to)?;
    let (mut digest, mut size) = (Sha256::new(), 0_u64);
    let mut buffer = vec![0; 64 << 10];
    loop {
        let count = from.read(&mut buffer)?;
        let Some(read) = buffer.get(..count).filter(|read| !read.is_empty()) else { break };
        size += read.len() as u64;
        if size > limit {
            return Ok(None);
        }
        digest.update(read);
        to.write_all(read)?;
    }
    Ok(Some((size, hex(&digest.finalize()))))
}

fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

/// A path as the manifest can hold it.
fn name(path: &Path) -> Option<String> {
    let parts: Option<Vec<&str>> = path.components().map(|part| part.as_os_str().to_str()).collect();
    let name = parts?.join("/");
    let plain = !name.chars().any(char::is_control) && RepoPath::new(&name).is_ok();
    plain.then_some(name)
}

#[cfg(unix)]
fn names_of(file: &File) -> io::Result<u64> {
    use std::os::unix::fs::MetadataExt as _;
    Ok(file.metadata()?.nlink())
}

/// Other systems do not say it without unsafe code.
#[cfg(not(unix))]
fn names_of(_: &File) -> io::Result<u64> {
    Ok(1)
}
