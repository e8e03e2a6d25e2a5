//! Tests of the program from the outside, of whole reports, and of the house from the inside.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that cannot go on has failed"
)]
#![expect(clippy::disallowed_methods, reason = "tests make files and read the environment")]
#![expect(clippy::print_stderr, reason = "what is not run is said")]

mod action;
mod base_evidence;
mod carried;
mod check;
mod docs;
mod doctor;
#[path = "../formats/mod.rs"]
mod formats;
mod fuzzing;
#[path = "../gates/mod.rs"]
mod gates;
#[path = "../github/mod.rs"]
mod github;
mod golden;
mod hostile_coverage;
mod house;
mod init;
mod inspect;
mod isolated;
mod metrics;
mod mutations;
mod organisation;
mod outputs;
mod policy;
mod policy_errors;
mod portal_feed;
#[path = "../postgres/mod.rs"]
mod postgres;
mod program;
mod publish;
mod readme;
mod records;
mod rejudging;
mod secrets;
mod serve;
#[path = "../signing/mod.rs"]
mod signing;
mod threats;
