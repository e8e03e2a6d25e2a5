//! Touches the world: files, git, and GitHub's API.
//!
//! Everything is gathered here before anything is judged (DESIGN.md 5): report files ([`reports`]), the
//! repository, its base and the change ([`git`]), the policy's text ([`policy`]), the CI jobs ([`jobs`]), what
//! CI says of the run ([`ci`], [`actions`]), and the artifacts of other jobs ([`github`], [`archive`]) with their provenance ([`attestation`]), or packed for
//! another job to judge ([`collect`]). Nothing here reads the process's environment: it comes in as a list of
//! variables.
//!
//! What cannot be gathered is a [`Diagnostic`](crate::diagnostic::Diagnostic) of weight `Error`; nothing that
//! goes with one may pass.
#![expect(clippy::disallowed_methods, reason = "one of the rooms that may touch files")]

pub mod actions;
pub mod archive;
pub mod attestation;
pub mod beneath;
pub mod chain;
pub mod ci;
pub mod collect;
pub mod git;
pub mod github;
pub mod isolated;
pub mod jobs;
pub mod policy;
pub mod records;
pub mod reports;
pub mod setup;
#[cfg(test)]
mod testing;
