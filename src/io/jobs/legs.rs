//! The legs of a matrix, each as a job of its own.
//!
//! `needs` says of a matrix one word for all its legs; the run's own list names each leg; and what a leg uploaded says
//! how its steps ended. A failure that stands in two of them is one failure, and none may hide the one of a leg that
//! died before its upload.

use crate::model::{Job, JobReports, JobResult};
use std::collections::BTreeSet;

/// A job that uploaded its reports, as its manifest names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leg {
    /// Its id in the workflow.
    pub job: String,
    /// Its place in the matrix.
    pub index: Option<u64>,
    /// How many places the matrix has.
    pub total: Option<u64>,
    /// Whether one of its steps failed; `None` if the manifest says nothing of steps.
    pub failed: Option<bool>,
}

/// Brings together what is known of the same jobs.
///
/// `jobs` is `needs` or the list itself; `listed` is the run's list of jobs that have ended. A job of `needs` that did
/// not end well gives way to its legs in the list, if its name tells them. A failed job gives way to the failed steps
/// of its legs, if every leg uploaded and no more legs failed than have a failed step.
pub fn joined(jobs: Vec<Job>, listed: Option<&[Job]>, legs: &[Leg]) -> Vec<Job> {
    let Some(listed) = listed else { return jobs };
    let names: Vec<String> = jobs.iter().map(|job| job.name.raw().to_owned()).collect();
    let mut jobs: Vec<Job> = jobs.into_iter().flat_map(|job| legs_of(job, listed)).collect();
    let ids: BTreeSet<&str> = legs.iter().map(|leg| leg.job.as_str()).collect();
    for id in &ids {
        let Some(failed_legs) = failed_legs(id, listed, legs) else { continue };
        let has_failed = |job: &&Job| job.result == JobResult::Failure;
        let is_listed = listed.iter().any(|job| is_leg(job.name.raw(), id));
        let of_others = |job: &&Job| {
            names.iter().map(String::as_str).chain(ids.iter().copied()).any(|id| is_leg(job.name.raw(), id))
        };
        // Where no name tells the legs, each failed job that is nobody else's may be one.
        let failed = match is_listed {
            true => listed.iter().filter(|job| is_leg(job.name.raw(), id)).filter(has_failed).count(),
            false => listed.iter().filter(has_failed).filter(|job| !of_others(job)).count(),
        };
        if failed > 0 && failed <= failed_legs {
            jobs.retain(|job| {
                let is_told_by_its_steps = job.result == JobResult::Failure
                    && job.reports == JobReports::Unknown
                    && is_leg(job.name.raw(), id);
                !is_told_by_its_steps
            });
        }
    }
    jobs
}

/// A job of `needs` as its legs, if the list has them and they do not contradict it.
fn legs_of(job: Job, listed: &[Job]) -> Vec<Job> {
    if job.result == JobResult::Success || job.reports != JobReports::Unknown {
        return vec![job];
    }
    let legs: Vec<Job> =
        listed.iter().filter(|leg| is_leg(leg.name.raw(), job.name.raw())).cloned().collect();
    let is_told = legs.iter().any(|leg| leg.result == job.result);
    if is_told && !listed.contains(&job) { legs } else { vec![job] }
}

/// How many legs of a job have a failed step, if every leg is there and says how its steps ended.
fn failed_legs(id: &str, listed: &[Job], legs: &[Leg]) -> Option<usize> {
    let legs: Vec<&Leg> = legs.iter().filter(|leg| leg.job == id).collect();
    let places: BTreeSet<u64> = legs.iter().map(|leg| leg.index.unwrap_or(0)).collect();
    let named = listed.iter().filter(|job| is_leg(job.name.raw(), id)).count() as u64;
    let totals: BTreeSet<u64> = legs.iter().map(|leg| leg.total.unwrap_or(named)).collect();
    let is_whole = places.len() == legs.len() && totals.len() == 1 && totals.contains(&(places.len() as u64));
    let failed: Option<Vec<bool>> = legs.iter().map(|leg| leg.failed).collect();
    failed.filter(|_| is_whole).map(|failed| failed.into_iter().filter(|failed| *failed).count())
}

/// True for the name that GitHub gives to a job of that id, unless the workflow gives it another: `test`,
/// `test (linux, 3.12)`, or `test / unit` for one of a workflow that it calls.
fn is_leg(name: &str, id: &str) -> bool {
    name.strip_prefix(id)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(" (") || rest.starts_with(" / "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::JobFate;
    use crate::model::JobResult::{Cancelled, Failure, Skipped, Success};

    fn jobs(jobs: &[(&str, JobResult)]) -> Vec<Job> {
        let job = |(name, result): &(&str, JobResult)| Job {
            name: (*name).into(),
            result: *result,
            fate: JobFate::Ordinary,
            reports: JobReports::Unknown,
        };
        jobs.iter().map(job).collect()
    }

    fn leg(job: &str, index: u64, total: u64, failed: bool) -> Leg {
        Leg { job: job.to_owned(), index: Some(index), total: Some(total), failed: Some(failed) }
    }

    const LISTED: &[(&str, JobResult)] =
        &[("lint", Success), ("test (a)", Failure), ("test (b)", Failure), ("test (c)", Success)];

    #[test]
    fn a_matrix_that_failed_is_its_legs() {
        let needs = jobs(&[("lint", Success), ("test", Failure)]);
        assert_eq!(joined(needs, Some(&jobs(LISTED)), &[]), jobs(LISTED));
        let cancelled = jobs(&[("test (a)", Success), ("test (b)", Cancelled)]);
        assert_eq!(joined(jobs(&[("test", Cancelled)]), Some(&cancelled), &[]), cancelled);
    }

    #[test]
    fn a_job_whose_name_tells_nothing_and_one_without_a_list_stay_as_they_are() {
        let needs = jobs(&[("test", Failure), ("deploy", Skipped)]);
        assert_eq!(joined(needs.clone(), None, &[leg("test", 0, 1, true)]), needs);
        assert_eq!(joined(needs.clone(), Some(&jobs(&[("Tests on Linux", Failure)])), &[]), needs);
        // The list contradicts `needs`.
        assert_eq!(joined(needs.clone(), Some(&jobs(&[("test (a)", Success)])), &[]), needs);
    }

    #[test]
    fn a_failure_that_its_steps_tell_too_is_one() {
        let needs = jobs(&[("lint", Success), ("test", Failure)]);
        let listed = jobs(&[("lint", Success), ("test", Failure)]);
        let left = joined(needs.clone(), Some(&listed), &[leg("test", 0, 1, true)]);
        assert_eq!(left, jobs(&[("lint", Success)]));
        // As long as no step of it failed, it stays.
        assert_eq!(joined(needs.clone(), Some(&listed), &[leg("test", 0, 1, false)]), needs);
        let silent = Leg { failed: None, ..leg("test", 0, 1, true) };
        assert_eq!(joined(needs.clone(), Some(&listed), &[silent]), needs);
        // A name of its own: the one failed job that is nobody else's.
        let renamed = jobs(&[("lint", Success), ("Unit tests", Failure)]);
        assert_eq!(
            joined(needs.clone(), Some(&renamed), &[leg("test", 0, 1, true)]),
            jobs(&[("lint", Success)])
        );
        let two = jobs(&[("lint", Success), ("Unit a", Failure), ("Unit b", Failure)]);
        assert_eq!(joined(needs.clone(), Some(&two), &[leg("test", 0, 1, true)]), needs);
    }

    #[test]
    fn a_leg_that_died_before_its_upload_stays_a_failure() {
        let needs = jobs(&[("test", Failure)]);
        let legs = [leg("test", 0, 3, true), leg("test", 2, 3, false)];
        assert_eq!(joined(needs.clone(), Some(&jobs(LISTED)), &legs), jobs(&LISTED[1..]));
        // All uploaded, and one failed after its upload.
        let legs = [leg("test", 0, 3, true), leg("test", 1, 3, false), leg("test", 2, 3, false)];
        assert_eq!(joined(needs.clone(), Some(&jobs(LISTED)), &legs), jobs(&LISTED[1..]));
        let legs = [leg("test", 0, 3, true), leg("test", 1, 3, true), leg("test", 2, 3, false)];
        assert_eq!(joined(needs, Some(&jobs(LISTED)), &legs), jobs(&[("test (c)", Success)]));
    }

    #[test]
    fn the_list_itself_gives_way_to_steps_too() {
        let legs = [leg("test", 0, 3, true), leg("test", 1, 3, true), leg("test", 2, 3, false)];
        let left = joined(jobs(LISTED), Some(&jobs(LISTED)), &legs);
        assert_eq!(left, jobs(&[("lint", Success), ("test (c)", Success)]));
    }

    #[test]
    fn manifests_that_contradict_each_other_tell_nothing() {
        let needs = jobs(&[("test", Failure)]);
        let listed = jobs(&[("test", Failure)]);
        for legs in [
            vec![leg("test", 0, 1, true), leg("test", 0, 1, true)],
            vec![leg("test", 0, 2, true), leg("test", 1, 3, true)],
        ] {
            assert_eq!(joined(needs.clone(), Some(&listed), &legs), needs);
        }
    }
}
