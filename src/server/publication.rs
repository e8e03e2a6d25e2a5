//! One check per commit and name, written once (DECISIONS 36).
//!
//! Ours is found by the commit, the name, our App and the mark in its `external_id`; the mark also says what it was
//! made from, so that the same evidence writes nothing and older evidence never overwrites newer. GitHub adds
//! annotations and never takes one back: where they have to change, a new run of the same name is made.

use super::evaluation::{Evaluation, Judged, NoRun};
use super::plan::{CONFIRM, REEVALUATE};
use crate::io::github::{
    Annotation, Button, CheckApp, CheckRun, CheckStatus, CheckWrite, Client, Conclusion, Level, Output,
    RequestError,
};
use crate::model::RepoPath;
use crate::render::check_run::{self, ANNOTATIONS_PER_REQUEST};
use crate::render::escape::{markdown_own, markdown_text};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::num::NonZeroU32;
use std::time::Instant;

/// What the check is called.
pub const NAME: &str = "Tollgate";

/// Begins the `external_id` of every check of ours.
const MARK: &str = "tg1";

/// Where and how a check is posted.
#[derive(Clone, Debug)]
pub struct Place<'p> {
    /// `owner/name`.
    pub repository: &'p str,
    /// The commit.
    pub sha: &'p str,
    /// The App that posts, if it is known; the App of a job's token is GitHub's own.
    pub app: Option<u64>,
    /// Where a person can read on.
    pub details_url: Option<String>,
    /// A sentence of ours under the verdict: what the check is worth.
    pub note: &'p str,
    /// Whether somebody listens to buttons on the check.
    pub has_buttons: bool,
    /// Until when it may be written; somebody else may write it after that.
    pub until: Option<Instant>,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Posted {
    /// There is nothing to say of this commit.
    Nothing,
    /// The check says the same already.
    Unchanged,
    /// Newer evidence has made the check meanwhile.
    Overtaken,
    /// The time in which it may be written has passed.
    TooLate,
    /// The check was written.
    Written,
}

/// Posts what an evaluation says.
///
/// # Errors
/// As every request. A write that got no answer may have arrived: the next try finds it by its mark.
pub async fn publish(
    client: &Client,
    place: &Place<'_>,
    evaluation: &Evaluation,
) -> Result<Posted, RequestError> {
    let wanted = match evaluation {
        Evaluation::Nothing(_) => return Ok(Posted::Nothing),
        Evaluation::Queued(why) => queued(*why),
        Evaluation::AwaitsApproval => waiting(
            "Waiting: a maintainer must approve the run",
            "**Nothing for you to do.** A maintainer has to approve the run of the tests first. This is usual for a \
             first contribution.",
        ),
        Evaluation::Waits(runs) => {
            let mut text = "**Nothing for you to do.** The verdict comes when these are over:\n".to_owned();
            for run in runs.iter().take(20) {
                let _infallible = write!(text, "\n* {}", markdown_text(run, 200));
            }
            waiting("Waiting for reports", &text)
        }
        Evaluation::Judged(judged) => judgement(judged, place.note),
    };
    let ours = ours(client, place).await?;
    write_check(client, place, &wanted, ours.as_ref()).await
}

/// The check of ours on the commit; the newest if there are several.
async fn ours(client: &Client, place: &Place<'_>) -> Result<Option<CheckRun>, RequestError> {
    let found = client.check_runs(place.repository, place.sha, NAME, place.app).await?;
    Ok(found.into_iter().filter(|check| Mark::of(check).is_some()).max_by_key(|check| check.id))
}

/// The App that posted our check: what else we write has the same author.
pub(super) async fn author(client: &Client, place: &Place<'_>) -> Result<Option<CheckApp>, RequestError> {
    Ok(ours(client, place).await?.and_then(|check| check.app))
}

/// What the check is to say.
struct Wanted {
    mark: Mark,
    status: CheckStatus,
    conclusion: Option<Conclusion>,
    title: String,
    summary: String,
    annotations: Vec<Annotation>,
    buttons: Vec<Button>,
}

/// What a check was made from: `tg1:<output>:<annotations>:<run>.<attempt>`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mark {
    output: String,
    annotations: String,
    generation: (u64, u64),
}

impl Mark {
    fn new(parts: &[&str], annotations: &[Annotation], generation: (u64, u64)) -> Self {
        let notes: Vec<String> = annotations
            .iter()
            .map(|note| format!("{}\0{}\0{}", note.path, note.start_line, note.message))
            .collect();
        Self { output: digest(&parts.join("\0")), annotations: digest(&notes.join("\0")), generation }
    }

    /// The mark of a check of ours; `None` for any other, such as a job that is called like ours.
    fn of(check: &CheckRun) -> Option<Self> {
        let mut parts = check.external_id.as_deref()?.split(':');
        let (mark, output, annotations) = (parts.next()?, parts.next()?, parts.next()?);
        let (run, attempt) = parts.next()?.split_once('.')?;
        let generation = (run.parse().ok()?, attempt.parse().ok()?);
        let is_ours = mark == MARK && parts.next().is_none();
        is_ours.then(|| Self { output: output.to_owned(), annotations: annotations.to_owned(), generation })
    }

    fn text(&self) -> String {
        let (run, attempt) = self.generation;
        format!("{MARK}:{}:{}:{run}.{attempt}", self.output, self.annotations)
    }
}

/// The first 16 digits of the SHA-256 of a text.
fn digest(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().take(8).fold(String::new(), |mut out, byte| {
        let _infallible = write!(out, "{byte:02x}");
        out
    })
}

/// A check that is still open.
fn waiting(title: &str, text: &str) -> Wanted {
    let summary = format!("### ⏳ {title}\n\n{text}\n");
    Wanted {
        // Whatever ran already, the verdict that follows is newer.
        mark: Mark::new(&[&summary], &[], (0, 0)),
        status: CheckStatus::InProgress,
        conclusion: None,
        title: title.to_owned(),
        summary,
        annotations: Vec::new(),
        buttons: Vec::new(),
    }
}

/// A check of a commit for which nothing has run. It is no verdict: a run may still come.
fn queued(why: NoRun) -> Wanted {
    let (title, text) = match why {
        NoRun::Yet => (
            "Queued: no run has begun yet",
            "**Nothing for you to do.** The verdict comes when the tests have run.",
        ),
        NoRun::NoWorkflow => (
            "Queued: no workflow ran, the repository has none",
            "**No workflow ran for this commit: the repository has none that is switched on.** The verdict is made \
             from the reports of a workflow. Owners add one under `.github/workflows` that runs `on: pull_request` \
             and uploads its reports, or switch one on under *Actions*; `tollgate init` proposes one. When it has \
             run, the verdict comes by itself.",
        ),
        NoRun::NoneRan => (
            "Queued: no workflow ran for this commit",
            "**No workflow ran for this commit: nothing has uploaded reports, and so there is no verdict.** GitHub runs \
             nothing for a pull request that conflicts with its base: if it says so below, bring the branch up to \
             date. Else owners look whether a workflow runs `on: pull_request`, whether its `branches` or `paths` \
             leave this change out, and whether Actions are switched on. A push runs them again, and the verdict \
             then comes by itself.",
        ),
    };
    Wanted { status: CheckStatus::Queued, ..waiting(title, text) }
}

/// The buttons of a check that a service listens to: a person who may write has a commit judged again, or stands for
/// its evidence where that is what the verdict waits for.
fn buttons(conclusion: Conclusion) -> Vec<Button> {
    let button = |label: &str, description: &str, identifier: &str| Button {
        label: label.to_owned(),
        description: description.to_owned(),
        identifier: identifier.to_owned(),
    };
    let mut buttons = vec![button("Re-evaluate", "Judge this commit once more", REEVALUATE)];
    if conclusion == Conclusion::ActionRequired {
        buttons.push(button("Confirm the evidence", "Vouch for the reports of this commit", CONFIRM));
    }
    buttons
}

fn judgement(judged: &Judged, note: &str) -> Wanted {
    let diff = judged.judgement.diff.as_ref();
    let is_changed = |path: &RepoPath, line: NonZeroU32| {
        diff.and_then(|diff| diff.files.get(path)).is_some_and(|file| file.added.contains(line.get()))
    };
    let mut check = check_run::render(&judged.judgement.verdict, note, "", &is_changed);
    if let [_, _, ..] = judged.pulls.as_slice() {
        let numbers: Vec<String> = judged.pulls.iter().map(u64::to_string).collect();
        let shared = format!(
            "\n{}\n",
            markdown_own(&format!(
                "This commit is the head of several pull requests ({}); the strictest verdict of them is shown.",
                numbers.join(", ")
            ))
        );
        if check.summary.len() + shared.len() <= check_run::MAX_TEXT {
            check.summary.push_str(&shared);
        }
    }
    let annotations: Vec<Annotation> = check.annotations.iter().map(annotation).collect();
    let conclusion = match check.conclusion {
        check_run::Conclusion::Success => Conclusion::Success,
        check_run::Conclusion::Failure => Conclusion::Failure,
        check_run::Conclusion::ActionRequired => Conclusion::ActionRequired,
    };
    let parts = [check.conclusion.word(), &check.title, &check.summary];
    Wanted {
        mark: Mark::new(&parts, &annotations, judged.generation),
        status: CheckStatus::Completed,
        conclusion: Some(conclusion),
        title: check.title,
        summary: check.summary,
        annotations,
        buttons: buttons(conclusion),
    }
}

fn annotation(note: &check_run::Annotation) -> Annotation {
    Annotation {
        path: note.path.as_str().to_owned(),
        start_line: note.start_line.get(),
        end_line: note.end_line.get(),
        annotation_level: if note.level == "failure" { Level::Failure } else { Level::Warning },
        message: note.message.clone(),
        title: Some(note.title.clone()),
        raw_details: None,
    }
}

async fn write_check(
    client: &Client,
    place: &Place<'_>,
    wanted: &Wanted,
    ours: Option<&CheckRun>,
) -> Result<Posted, RequestError> {
    let known = ours.and_then(|check| Some((check, Mark::of(check)?)));
    if let Some((check, mark)) = &known {
        let is_complete = check.status == "completed";
        if *mark == wanted.mark && is_whole(check, wanted) {
            return Ok(Posted::Unchanged);
        }
        let is_older = wanted.mark.generation < mark.generation;
        if is_older && (is_complete || wanted.status == CheckStatus::Completed) {
            // A re-run that has begun opens the check again; anything older than its evidence does not.
            let reopens = wanted.status == CheckStatus::InProgress && wanted.mark.generation == (0, 0);
            if !reopens {
                return Ok(Posted::Overtaken);
            }
        }
    }
    // An open check is completed. A completed one is written over while its notes stay the same; else a new run
    // of the same name takes its place.
    let reused = known.filter(|(check, mark)| {
        let same_notes = mark.annotations == wanted.mark.annotations && is_whole(check, wanted);
        check.status != "completed" && check.output.annotations_count == 0
            || check.status == "completed" && wanted.status == CheckStatus::Completed && same_notes
    });
    let mut batches = wanted.annotations.chunks(ANNOTATIONS_PER_REQUEST);
    let notes = if reused.as_ref().is_some_and(|(check, _)| check.status == "completed") {
        &[]
    } else {
        batches.next().unwrap_or_default()
    };
    let write = CheckWrite {
        name: Some(NAME.to_owned()),
        head_sha: reused.is_none().then(|| place.sha.to_owned()),
        details_url: place.details_url.clone(),
        external_id: Some(wanted.mark.text()),
        status: Some(wanted.status),
        conclusion: wanted.conclusion,
        output: Some(output(wanted, notes)),
        actions: if place.has_buttons { wanted.buttons.clone() } else { Vec::new() },
        ..CheckWrite::default()
    };
    if place.until.is_some_and(|until| Instant::now() >= until) {
        return Ok(Posted::TooLate);
    }
    let id = match &reused {
        Some((check, _)) => client.update_check_run(place.repository, check.id, &write).await?.id,
        None => client.create_check_run(place.repository, &write).await?.id,
    };
    if reused.is_none_or(|(check, _)| check.status != "completed") {
        for notes in batches {
            let more = CheckWrite { output: Some(output(wanted, notes)), ..CheckWrite::default() };
            client.update_check_run(place.repository, id, &more).await?;
        }
    }
    Ok(Posted::Written)
}

/// True if all notes of the check arrived: the network may have gone away between two batches.
fn is_whole(check: &CheckRun, wanted: &Wanted) -> bool {
    check.output.annotations_count == wanted.annotations.len() as u64
}

fn output(wanted: &Wanted, annotations: &[Annotation]) -> Output {
    Output {
        title: wanted.title.clone(),
        summary: wanted.summary.clone(),
        text: None,
        annotations: annotations.to_vec(),
    }
}

/// What a check by the App of GitHub's own Actions is worth (gate.md c).
pub const ADVISORY: &str = "Advisory: this check is posted by the App that every workflow uses, so a job of the same \
     name can imitate it.";

/// What a check by an App of the organisation's own is worth.
pub const OWN_APP: &str = "Posted by an App of its own: no job can imitate it where a ruleset names the App as the \
     expected source.";
