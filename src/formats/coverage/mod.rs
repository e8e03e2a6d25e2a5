//! Formats of coverage.
//!
//! Every parser puts what it reads into [`gather::Gathered`], file by file, under the path that the tool wrote.
//! Figures are counted from records; totals that a tool states are a cross-check, and stand in for records only
//! where a report has none (coverage.md b).

mod digits;
mod gather;
mod json_value;
mod line_list;
mod number;

#[cfg(test)]
mod corpus;
#[cfg(test)]
mod testing;

mod clover;
mod cobertura;
mod coverage_py;
mod coveralls;
mod dotcover;
mod gcov;
mod gcov_json;
mod go_cover;
mod istanbul;
mod istanbul_summary;
mod jacoco;
mod lcov;
mod llvm;
mod opencover;
mod scoverage;
mod simplecov;
mod sonar;
mod visual_studio;
mod xccov;

use super::Format;

/// All formats of this kind.
pub const FORMATS: &[&Format] = &[
    &clover::FORMAT,
    &cobertura::FORMAT,
    &coverage_py::FORMAT,
    &coveralls::FORMAT,
    &coveralls::CODECOV,
    &dotcover::FORMAT,
    &gcov::FORMAT,
    &gcov_json::FORMAT,
    &gcov_json::GCOVR,
    &go_cover::FORMAT,
    &istanbul::FORMAT,
    &istanbul_summary::FORMAT,
    &jacoco::FORMAT,
    &lcov::FORMAT,
    &llvm::FORMAT,
    &opencover::FORMAT,
    &scoverage::FORMAT,
    &simplecov::FORMAT,
    &sonar::FORMAT,
    &visual_studio::FORMAT,
    &xccov::FORMAT,
];
