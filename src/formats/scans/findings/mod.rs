//! What all formats of scans share: severities, identities, and the bounded collection of findings.

mod collect;
mod cvss;
mod draft;
mod fields;
mod health;
mod identity;
mod npm;
mod path;
mod secrets;
mod severity;
mod strings;
mod xml;

pub(super) use collect::Collector;
pub(super) use cvss::vector_severity;
pub(super) use draft::{Draft, Reading, finish, line, read_failures, read_scan, sentence, short, shorts};
pub(super) use fields::{SHORT, inside, secret_hash, take, take_scalar};
pub(super) use health::RunHealth;
pub(super) use identity::{identity, line_identity, masked_hash, of_advisory, snippet_hash, text_hash};
pub(super) use npm::{name_npm_advisory, read_npm_advisory};
pub(super) use path::{is_absolute, path};
pub(super) use secrets::quotes_secrets;
pub(super) use severity::{Score, score, severity_word};
pub(super) use strings::{Strings, Texts};
pub(super) use xml::{Path, is_xml, walk};
