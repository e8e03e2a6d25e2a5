//! GitHub's API, as far as a read-only token reaches: the artifacts of a run.

mod artifacts;
mod client;
pub(super) mod manifest;
#[cfg(test)]
mod tests;

pub use artifacts::{Fetched, Request, fetch};
