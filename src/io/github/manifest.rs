//! The manifest that `.github/actions/collect` and the stage `collect` write beside the reports: a claim, held
//! against what is there.

use crate::io::archive::Unpacked;
use crate::io::jobs::{self, Leg};
use crate::model::{BuildJobs, Job, JobReports, JobResult, RepoPath, Untrusted};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// Where it stands in the artifact.
pub(in crate::io) const NAME: &str = "manifest.json";

/// The version that is written; it and the one before are read. Version 2 brought the number of places in the matrix.
pub(in crate::io) const VERSION: u64 = 2;

/// The oldest version by whose rules what is written can be read: a second stage of the version before takes it too.
pub(in crate::io) const READS_AS: u64 = VERSION - 1;

/// What a job says of the reports that it packed.
#[derive(Serialize, Deserialize)]
pub(in crate::io) struct Manifest {
    pub(in crate::io) version: u64,
    /// The oldest version by whose rules it can be read; its own if it does not say.
    #[serde(rename = "reads-as", skip_serializing_if = "Option::is_none")]
    pub(in crate::io) reads_as: Option<u64>,
    pub(in crate::io) workflow: Option<String>,
    pub(in crate::io) job: Option<String>,
    /// The place in the matrix.
    pub(in crate::io) index: Option<u64>,
    /// How many places the matrix has.
    pub(in crate::io) total: Option<u64>,
    #[serde(rename = "run-id")]
    pub(in crate::io) run: String,
    pub(in crate::io) attempt: Option<u64>,
    /// The commit that was tested.
    pub(in crate::io) sha: Option<String>,
    pub(in crate::io) os: Option<String>,
    pub(in crate::io) steps: Option<Box<RawValue>>,
    /// How many reports were left out.
    pub(in crate::io) skipped: u64,
    pub(in crate::io) files: Vec<File>,
}

/// One packed file.
#[derive(Serialize, Deserialize)]
pub(in crate::io) struct File {
    /// Where it stood in the workspace.
    pub(in crate::io) path: String,
    /// Where it stands in the artifact.
    pub(in crate::io) file: String,
    pub(in crate::io) bytes: u64,
    pub(in crate::io) sha256: String,
}

/// One report of an artifact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Report {
    /// Where it stood in the workspace, as the manifest claims; without one, where it stands in the artifact.
    pub(super) path: RepoPath,
    /// Its content.
    pub(super) bytes: Vec<u8>,
}

/// What an artifact holds.
#[derive(Debug, Default)]
pub(super) struct Content {
    pub(super) reports: Vec<Report>,
    /// How the steps of the job ended, if it says so.
    pub(super) jobs: BuildJobs,
    /// Which job it was, if the manifest says it.
    pub(super) leg: Option<Leg>,
    /// Files that the collector left out.
    pub(super) skipped: u64,
    /// The commit that was tested, as the manifest claims.
    pub(super) tested: Option<String>,
}

/// Takes an artifact apart: by its manifest, or as plain files where it has none.
///
/// # Errors
/// A sentence for an artifact whose manifest is damaged, belongs to another run or attempt, or names what is
/// not there.
pub(super) fn content(files: Vec<Unpacked>, run: u64, attempt: Option<u64>) -> Result<Content, &'static str> {
    let Some(manifest) = files.iter().find(|file| file.path.as_str() == NAME) else {
        let reports = files.into_iter().map(|file| Report { path: file.path, bytes: file.bytes });
        return Ok(Content { reports: reports.collect(), ..Content::default() });
    };
    let manifest: Manifest =
        serde_json::from_slice(&manifest.bytes).map_err(|_| "its manifest cannot be read")?;
    if !is_read(manifest.version, manifest.reads_as) {
        return Err("its manifest is of a version that is not read: use the same release in both stages");
    }
    if manifest.run != run.to_string() {
        return Err("its manifest names another run");
    }
    if attempt.is_some() && attempt != manifest.attempt {
        return Err("its manifest names another attempt than the artifact's name");
    }
    let mut there: BTreeMap<String, Vec<u8>> =
        files.into_iter().map(|file| (file.path.as_str().to_owned(), file.bytes)).collect();
    there.remove(NAME);
    let mut reports = Vec::new();
    for file in &manifest.files {
        let bytes = there.remove(&file.file).ok_or("its manifest names a file that is not there")?;
        if bytes.len() as u64 != file.bytes || hex(&Sha256::digest(&bytes)) != file.sha256 {
            return Err("a file in it is not the one that its manifest names");
        }
        let path =
            RepoPath::new(&file.path).map_err(|_| "its manifest names a path outside the workspace")?;
        reports.push(Report { path, bytes });
    }
    if !there.is_empty() {
        return Err("it holds files that its manifest does not name");
    }
    let jobs = steps(&manifest)?;
    let leg = manifest.job.clone().map(|job| Leg {
        job,
        index: manifest.index,
        total: manifest.total,
        failed: manifest.steps.as_ref().map(|_| jobs.jobs.iter().any(|job| job.result == JobResult::Failure)),
    });
    Ok(Content { reports, jobs, leg, skipped: manifest.skipped, tested: manifest.sha.clone() })
}

/// True for a manifest of this version, of the one before, and of a later one that can be read as one of them.
fn is_read(version: u64, reads_as: Option<u64>) -> bool {
    let ours = READS_AS..=VERSION;
    ours.contains(&version) || version > VERSION && reads_as.is_some_and(|of| (1..=VERSION).contains(&of))
}

/// The steps, named after their job: `test (0) / unit`.
fn steps(manifest: &Manifest) -> Result<BuildJobs, &'static str> {
    let Some(steps) = &manifest.steps else { return Ok(BuildJobs::default()) };
    let read = jobs::parse(steps.get().as_bytes(), NAME)
        .map_err(|_| "its manifest says of its steps what cannot be read")?;
    let job = manifest.job.as_deref().unwrap_or("?");
    let index = manifest.index.map_or(String::new(), |index| format!(" ({index})"));
    let named = |step: Job| Job {
        name: Untrusted::new(format!("{job}{index} / {}", step.name.raw())),
        result: step.result,
        fate: step.fate,
        reports: JobReports::Unknown,
    };
    Ok(BuildJobs { jobs: read.jobs.into_iter().map(named).collect(), each_leg: false })
}

/// Bytes in lower-case hexadecimal.
pub(in crate::io) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_of_neighbouring_versions_read_each_other() {
        // What this version writes: also a reader of the version before takes it.
        assert!(is_read(VERSION, Some(READS_AS)));
        // What the version before wrote.
        assert!(is_read(VERSION - 1, None) && is_read(VERSION - 1, Some(VERSION - 1)));
        // What the next version writes, as it says itself.
        assert!(is_read(VERSION + 1, Some(VERSION)));
        // What is older, or says nothing of how it can be read.
        assert!(!is_read(VERSION - 2, None) && !is_read(VERSION + 1, None));
        assert!(!is_read(VERSION + 2, Some(VERSION + 1)) && !is_read(VERSION + 1, Some(0)));
    }
}
