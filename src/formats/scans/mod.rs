//! Formats of scans.
//!
//! Every reader here answers two questions apart from each other: did the scan finish (`health`, security.md
//! b1), and what did it find. Only a scan that says that it finished can be clean.

mod bandit;
mod brakeman;
mod bundler_audit;
mod cargo_audit;
mod checkov;
mod composer_audit;
mod cyclonedx;
mod dependabot;
mod dependency_check;
mod findings;
mod gitlab;
mod gitleaks;
mod gosec;
mod govulncheck;
mod grype;
mod line_hash;
mod npm_audit;
mod osv;
mod pip_audit;
mod sarif;
mod semgrep;
mod snyk;
mod trivy;
mod trufflehog;
mod yarn_audit;

#[cfg(test)]
mod corpus;
#[cfg(test)]
mod looked_for;
#[cfg(test)]
mod mutations;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod traits;

pub use line_hash::{add_line_hashes, line_hashes};

use super::Format;

/// All formats of this kind.
pub const FORMATS: &[&Format] = &[
    &bandit::FORMAT,
    &brakeman::FORMAT,
    &bundler_audit::FORMAT,
    &cargo_audit::FORMAT,
    &checkov::FORMAT,
    &composer_audit::FORMAT,
    &cyclonedx::FORMAT,
    &dependabot::FORMAT,
    &dependency_check::FORMAT,
    &gitlab::FORMAT,
    &gitleaks::FORMAT,
    &gosec::FORMAT,
    &govulncheck::FORMAT,
    &grype::FORMAT,
    &npm_audit::FORMAT,
    &osv::FORMAT,
    &pip_audit::FORMAT,
    &sarif::FORMAT,
    &semgrep::FORMAT,
    &snyk::FORMAT,
    &trivy::FORMAT,
    &trufflehog::FORMAT,
    &yarn_audit::FORMAT,
];
