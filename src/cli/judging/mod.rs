//! From a question to its answer: gather → read → judge. `check` and `action` share it.

mod author;
mod clock;
pub(super) mod context;
mod evidence;
mod gather;
mod lines;
mod question;

pub(super) use clock::{now, today};
pub(super) use evidence::find_without_policy;
pub(super) use gather::base_of;
pub(super) use question::{Question, SecondStage};

use super::policies;
use crate::compare;
use crate::diagnostic::Diagnostic;
use crate::gate::{self, Case, Keep, Reading};
use crate::io::git::Base;
use crate::model::{Attestations, Author, Diff, Note, Proposal, Snapshot, Untrusted, Verdict, VerdictKind};
use crate::policy::{Absent, Policy};
use crate::wire::context::Context;
use evidence::read_apart;
use gather::{Gathered, gather};
use std::collections::BTreeSet;
use std::num::NonZeroUsize;

/// The one line that the first pull request of somebody gets when it passes (`summary: { thanks: false }`: none).
const FIRST_PASS: &str = "the first pull request of its author here, and it passes: thank you";

/// How many reports are read at once at most: each may take some 20 MiB while it is read.
const MOST_AT_ONCE: NonZeroUsize = NonZeroUsize::MIN.saturating_add(3);

/// A judgement with what it was made from.
pub(super) struct Judged {
    gathered: Gathered,
    how: How,
    /// Who proposes the change, as a class; `None` where nobody is known to.
    pub(super) author: Option<Author>,
    /// The evidence of the head.
    pub(super) head: Snapshot,
    /// The judgement.
    pub(super) verdict: Verdict,
}

/// Gathers, reads and judges, and writes nothing.
///
/// # Errors
/// [`WrongUse`] for a question that cannot be asked: no directory, a base that does not exist, a policy with
/// mistakes, a damaged snapshot.
pub(super) fn answer(question: Question) -> anyhow::Result<Judged> {
    let (max_bytes, keeps_everything) = (question.max_report_bytes, question.keeps_everything);
    let is_first = question.run.is_first;
    let mut gathered = gather(question)?;
    let keep =
        if keeps_everything || gathered.base.snapshot.is_some() { Keep::Everything } else { Keep::Failures };
    let alone = Reading::keeping(keep);
    let reading = Reading {
        with_repeats: alone.with_repeats || gathered.any_policy(Policy::asks_for_repeats),
        with_places: alone.with_places || gathered.any_policy(Policy::narrows_tests),
        at_once: std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN).min(MOST_AT_ONCE),
        ..alone
    };
    let mut head = match &gathered.reader {
        Some(reader) => {
            read_apart(reader, &gathered, &gathered.evidence, &gathered.policy).unwrap_or_else(|error| {
                gathered.diagnostics.push(*error);
                Snapshot { commit: gathered.commit.clone(), ..Snapshot::default() }
            })
        }
        None => gate::read(
            gathered.evidence.sources(&gathered.policy, max_bytes),
            &gathered.ground,
            gathered.commit.clone(),
            gathered.jobs.clone(),
            reading,
        ),
    };
    head.jobs.clone_from(&gathered.jobs);
    if let Some(provenance) = &mut gathered.provenance {
        compare::raise_isolated(provenance, &head.reports, &|file| gathered.isolated.contains(file));
    }
    let side = gathered.base.side();
    let carried = gate::carry(&mut head, &side, &gathered.diff, &gathered.policy);
    gathered.found.extend(carried);
    let how = How { is_first, max_bytes, reading };
    let verdict = judge(&gathered, &head, how);
    if keeps_everything && gathered.reader.is_none() {
        keep_apart(&mut head, &gathered, max_bytes, reading);
    }
    gate::remember(&mut head, gathered.base.snapshot.as_ref(), gathered.occasion);
    let author = gathered.author.clone();
    Ok(Judged { gathered, how, author, head, verdict })
}

/// How the reports are read, and what is said to whom.
#[derive(Clone, Copy)]
struct How {
    is_first: bool,
    max_bytes: u64,
    reading: Reading,
}

/// Judges what was gathered and read, and what the change would make of the policy.
fn judge(gathered: &Gathered, head: &Snapshot, how: How) -> Verdict {
    let How { is_first, max_bytes, reading } = how;
    let judged_by = |policy: &Policy, head: &Snapshot, found: &[Diagnostic]| {
        gate::judge(Case {
            head,
            base: gathered.base.side(),
            diff: &gathered.diff,
            occasion: gathered.occasion,
            policy,
            provenance: gathered.provenance.as_ref(),
            header: gathered.header.clone(),
            diagnostics: gathered.diagnostics.iter().chain(found).cloned().collect(),
        })
    };
    let mut verdict = judged_by(&gathered.policy, head, &gathered.found);
    if is_first && gathered.policy.thanks && verdict.kind == VerdictKind::Passed {
        verdict.notes.push(Note { kind: "first-pass", text: FIRST_PASS.to_owned(), names: Vec::new() });
    }
    if let Some((proposed, looked)) = &gathered.proposed {
        let tried = match (&proposed.policy, looked) {
            (Ok(policy), Some(looked)) => {
                let mut found = looked.found.clone();
                let (commit, jobs) = (gathered.commit.clone(), gathered.jobs.clone());
                let mut head = match &gathered.reader {
                    Some(reader) => {
                        read_apart(reader, gathered, &looked.evidence, policy).unwrap_or_else(|error| {
                            found.push(*error);
                            Snapshot { commit, ..Snapshot::default() }
                        })
                    }
                    None => {
                        let sources = looked.evidence.sources(policy, max_bytes);
                        gate::read(sources, &gathered.ground, commit, jobs.clone(), reading)
                    }
                };
                head.jobs = jobs;
                found.extend(gate::carry(&mut head, &gathered.base.side(), &gathered.diff, policy));
                judged_by(policy, &head, &found)
            }
            _ => verdict.clone(),
        };
        verdict.diagnostics.push(policies::note(proposed, tried.kind));
        verdict.proposal = Some(Proposal {
            file: proposed.file.clone(),
            changes: proposed.changes.clone(),
            verdict: Box::new(tried),
            mistakes: proposed.policy.as_ref().err().cloned().unwrap_or_default(),
        });
    }
    verdict
}

/// Keeps what the reports say that a later change may leave out, by themselves.
fn keep_apart(head: &mut Snapshot, gathered: &Gathered, max_bytes: u64, reading: Reading) {
    let carried = gathered.policy.reports.iter().filter(|(_, entry)| entry.absent == Absent::Carried);
    for (name, _) in carried {
        // What was carried itself is kept already, as it was.
        if head.parts.contains_key(name) || head.reports.iter().all(|report| report.entry != *name) {
            continue;
        }
        let sources = gathered.evidence.sources(&gathered.policy, max_bytes);
        let sources = sources.filter(|source| source.entry == *name);
        let part = gate::read(sources, &gathered.ground, gathered.commit.clone(), None, reading);
        head.parts.insert(name.clone(), part);
    }
}

impl Judged {
    /// The reports whose signed provenance may change the judgement; `None` if none can, or the policy asks for none.
    pub(super) fn attestable(&self) -> Option<BTreeSet<Untrusted>> {
        let wanted = self.gathered.policy.wants_attested();
        let provenance = self.gathered.provenance.as_ref().filter(|_| !wanted.is_empty())?;
        compare::attestable(provenance, &self.head.reports, &wanted)
    }

    /// The same, judged once more by what came of the provenance of its reports.
    pub(super) fn attested(mut self, attestations: &Attestations) -> Self {
        let wanted = self.gathered.policy.wants_attested();
        let uploads = &self.gathered.uploads;
        // Artifacts may hold files that are shown by the same name: then all of them must be attested.
        let verified = |file: &Untrusted| {
            let of = uploads.get(file).into_iter().flatten();
            let unknown = || Err(Untrusted::new("a report is of no artifact that was looked at"));
            let outcomes =
                of.map(|upload| attestations.artifacts.get(upload).cloned().unwrap_or_else(unknown));
            let all: Vec<Untrusted> = outcomes.collect::<Result<_, _>>()?;
            all.into_iter().next().map_or_else(unknown, Ok)
        };
        if let Some(provenance) = &mut self.gathered.provenance {
            compare::raise_attested(provenance, &self.head.reports, &wanted, &verified);
        }
        self.verdict = judge(&self.gathered, &self.head, self.how);
        self
    }

    /// The change, if it is known.
    pub(super) fn diff(&self) -> Option<&Diff> {
        self.gathered.diff.known()
    }

    /// By what it was judged, for a laptop.
    pub(super) fn context(&self) -> Context {
        context::context_of(&self.gathered)
    }

    /// What a laptop lacks of what CI judges by, in words; empty if it lacks nothing that is known to be there.
    pub(super) fn lacks(&self) -> Vec<&'static str> {
        let gathered = &self.gathered;
        let mut lacks = Vec::new();
        if matches!(gathered.point, Base::Known(_)) && gathered.base.snapshot.is_none() {
            lacks.push("the evidence of the base");
        }
        if !lacks.is_empty() && gathered.sources.organisation.is_none() {
            lacks.push("an organisation's policy");
        }
        if !lacks.is_empty() && gathered.jobs.is_none() {
            lacks.push("how the jobs of CI ended");
        }
        lacks
    }

    /// The policy that judged.
    pub(super) fn policy(&self) -> &Policy {
        &self.gathered.policy
    }
}
