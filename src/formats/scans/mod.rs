//! Formats of scans.
//!
//! Every reader here answers two questions apart from each other: did the scan finish (`health`, security.md
//! b1), and what did it find. Only a scan that says that it finished can be clean.

mod bandit;
mod bundler_audit;
mod cargo_audit;
mod composer_audit;
mod findings;
mod gitleaks;
mod grype;
mod npm_advisory;
mod npm_audit;
mod osv;
mod pip_audit;
mod sarif;
mod semgrep;
mod trivy;
mod trufflehog;
mod yarn_audit;

#[cfg(test)]
mod corpus;
#[cfg(test)]
mod testing;

use super::Format;

/// All formats of this kind.
pub const FORMATS: &[&Format] = &[
    &bandit::FORMAT,
    &bundler_audit::FORMAT,
    &cargo_audit::FORMAT,
    &composer_audit::FORMAT,
    &gitleaks::FORMAT,
    &grype::FORMAT,
    &npm_audit::FORMAT,
    &osv::FORMAT,
    &pip_audit::FORMAT,
    &sarif::FORMAT,
    &semgrep::FORMAT,
    &trivy::FORMAT,
    &trufflehog::FORMAT,
    &yarn_audit::FORMAT,
];
