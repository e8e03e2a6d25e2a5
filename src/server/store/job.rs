//! The nouns of the queue.

use super::record::hexadecimal;
use crate::server::clock::Time;
use ring::rand::{SecureRandom as _, SystemRandom};

/// What a job does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum JobKind {
    /// Judges a commit that is the head of pull requests, or of the merge queue.
    Judge,
    /// A person asks to stand for the evidence of a commit; the subject is `commit:login`.
    Confirm,
    /// The policy of a repository has changed: its open pull requests are judged by the new one.
    Policy,
    /// A run of a push has ended: what it left is what changes are compared with, if it was one of the default branch.
    Baseline,
    /// Lists the repositories of an installation again.
    Installation,
    /// Finds what was merged in a repository while the service was away; the subject is the [`Outage`](super::Outage).
    /// In place of a repository can stand an installation, or [`EVERYWHERE`](super::EVERYWHERE).
    Outage,
}

impl JobKind {
    /// All kinds.
    pub const ALL: [Self; 6] =
        [Self::Judge, Self::Confirm, Self::Policy, Self::Baseline, Self::Installation, Self::Outage];

    /// The word in the store and in logs.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Judge => "judge",
            Self::Confirm => "confirm",
            Self::Policy => "policy",
            Self::Baseline => "baseline",
            Self::Installation => "installation",
            Self::Outage => "outage",
        }
    }

    /// The kind of a word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// Asks for a job. Triggers of the same kind for the same subject become one job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trigger {
    /// What is to be done.
    pub kind: JobKind,
    /// `owner/name` as GitHub writes it; the account for [`JobKind::Installation`].
    pub repository: String,
    /// The commit, in full hexadecimal; empty where the kind has no commit.
    pub subject: String,
    /// The pull request that the trigger names, as a hint to look it up by; 0 if none.
    pub pull: u64,
    /// The installation of the App that sees the repository.
    pub installation: u64,
    /// Why, in a word of ours.
    pub cause: &'static str,
}

/// A job that is taken. Whoever holds the newest lease may write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its number.
    pub id: i64,
    /// What is to be done.
    pub kind: JobKind,
    /// Where.
    pub repository: String,
    /// The commit.
    pub subject: String,
    /// The pull request that was named last; 0 if none.
    pub pull: u64,
    /// The installation of the App.
    pub installation: u64,
    /// The newest cause.
    pub cause: String,
    /// How often it was taken since it last went well, this time included.
    pub attempts: i64,
    /// When it was asked for first.
    pub asked: Time,
    /// The right to finish it.
    pub lease: Lease,
}

/// The right to finish a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The job.
    pub job: i64,
    /// Unlike that of any other lease.
    pub token: String,
    /// How many triggers had been counted when it was taken.
    pub triggers: i64,
}

/// How a job ends, or goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finish {
    /// It is done; if it was triggered meanwhile, it is due again at this time.
    Done(Time),
    /// It did not go well, and is tried again.
    Retry {
        /// When.
        at: Time,
        /// Why, in words that hold nothing secret.
        problem: String,
    },
    /// It has to wait for something that is no fault of its own; the attempt does not count.
    Wait {
        /// Until when.
        at: Time,
        /// Why, in words that hold nothing secret.
        problem: String,
    },
    /// It is tried no more until a person says so.
    Dead {
        /// Why.
        problem: String,
    },
    /// It was not begun: the service stops. The attempt does not count.
    Released,
}

/// A job that went wrong too often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadJob {
    /// Its number.
    pub id: i64,
    /// What was to be done, as the store has it: a newer replica may have given up a kind that is not known here.
    pub kind: String,
    /// Where.
    pub repository: String,
    /// The commit.
    pub subject: String,
    /// How often it was tried.
    pub attempts: i64,
    /// When it was given up.
    pub died: Time,
    /// Why.
    pub problem: String,
}

/// How the queue is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueFigures {
    /// Jobs that are due and not taken.
    pub due: u64,
    /// Jobs that are due later.
    pub later: u64,
    /// Jobs that are taken.
    pub taken: u64,
    /// Jobs that are given up.
    pub dead: u64,
    /// When the job that waits longest was due.
    pub oldest: Option<Time>,
}

/// A token that nobody guesses or repeats; `None` if the system has no random numbers.
pub(super) fn token() -> Option<String> {
    let mut bytes = [0; 16];
    SystemRandom::new().fill(&mut bytes).ok()?;
    Some(hexadecimal(&bytes))
}
