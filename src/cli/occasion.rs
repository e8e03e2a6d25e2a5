//! The record of a verdict with its occasion: where and when CI decided it.

use crate::io::actions;
use crate::io::ci::Environment;
use crate::model::{Author, Moment, Verdict};
use crate::wire::verdict::{Context, VerdictRecord};

/// The record that `simulate` and `fleet` read. On a laptop it has no occasion, and is the same bytes each time.
pub(super) fn record(verdict: &Verdict, author: Option<&Author>, environment: &Environment) -> VerdictRecord {
    let mut record = VerdictRecord::from(verdict);
    if !environment.is_github_actions() {
        return record;
    }
    record.decided_at = super::judging::now().and_then(Moment::rfc3339);
    // An event that cannot be read has already kept the run from judging.
    let pull_request = actions::event(environment).ok().and_then(|event| event.pull_request());
    let repo = environment.get("GITHUB_REPOSITORY").map(str::to_owned);
    record.context = Some(Context { repo, pull_request, author: author.map(Into::into) });
    record
}
