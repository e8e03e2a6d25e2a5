//! The second stage: a commit of a pull request is judged by what GitHub holds of it, with a token that the pull
//! request never sees, and one check is posted (gate.md b8).
//!
//! Nothing of a fork is checked out or run. Every trigger recomputes the verdict from all runs of the commit, so
//! that order, repetition and loss of triggers do not matter.
#![expect(clippy::disallowed_methods, reason = "one of the rooms that may touch files and the clock")]

pub mod clock;
pub mod comment;
pub mod configuration;
pub mod evaluation;
pub mod event;
pub mod figures;
pub mod health;
pub mod installations;
pub mod pages;
pub mod plan;
pub mod publication;
pub mod service;
pub mod store;
pub mod sweep;
pub mod webhook;
pub mod worker;
