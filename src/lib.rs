//! Tollgate: the acceptance gate for pull requests.
//!
//! It reads the evidence that CI left (test results, coverage, security scans, the CI jobs themselves), judges
//! it by a policy that the pull request cannot change, and says in plain words what the contributor has to do.
//!
//! # Invariants
//!
//! Each is kept by tests; code that cannot keep one is wrong, however convenient.
//!
//! 1. **Fail closed.** Unread, unknown, empty, truncated, contradictory → not measured; never a pass, never 0 %
//!    nor 100 %.
//! 2. **Policy from the default branch, evidence from the head.** A pull request cannot loosen its own gate.
//! 3. **Judging is pure and total.** Same inputs, same bytes out, on any machine, in any order of files; no
//!    panic on any input.
//! 4. **Merging is commutative and associative and loses nothing.**
//! 5. **Stricter never loosens.** Raising a bar, a floor or a mode never turns a failure into a pass.
//! 6. **One check per (head SHA, name)**, recomputed from all evidence of the SHA each time.
//! 7. **Nothing from a report is trusted text.** [`model::Untrusted`] reaches an output only through an escaper.
//! 8. **Every problem has a code and a fix**, and what matched nothing is reported.
//! 9. **Numbers are exact.** No float decides; what is shown never contradicts the verdict.
//!
//! # The house
//!
//! Data flows one way, and a room imports only what stands above it in this list.

pub mod model;

pub mod diagnostic;

pub mod formats;

pub mod paths;

pub mod merge;

pub mod compare;

pub mod rules;

pub mod policy;

pub mod evaluate;

pub mod metrics;

pub mod setup;

pub mod records;

pub mod render;

pub mod wire;

pub mod gate;

pub mod io;

pub mod server;

pub mod cli;
