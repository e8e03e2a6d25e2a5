//! Formats of tests.

mod ctrf;
mod cucumber;
mod cucumber_messages;
mod dart;
mod go_test;
mod jest;
mod junit;
mod libtest;
mod mocha;
mod nunit2;
mod nunit3;
mod playwright;
mod rspec;
mod tap;
mod trx;
mod xunit;

mod elements;
mod identities;
mod json_lines;
mod neighbours;
mod open_test;
mod owned;
mod places;
mod repeats;
mod run;
mod steps;
mod time;
mod totals;
mod values;

#[cfg(test)]
mod corpus;
#[cfg(test)]
mod dotnet_tests;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod support;
#[cfg(test)]
mod traces;

use super::Format;

/// All formats of this kind.
pub const FORMATS: &[&Format] = &[
    &junit::FORMAT,
    &trx::FORMAT,
    &nunit3::FORMAT,
    &nunit2::FORMAT,
    &xunit::FORMAT,
    &go_test::FORMAT,
    &tap::FORMAT,
    &libtest::FORMAT,
    &dart::FORMAT,
    &mocha::FORMAT,
    &rspec::FORMAT,
    &ctrf::FORMAT,
    &jest::FORMAT,
    &playwright::FORMAT,
    &cucumber::FORMAT,
    &cucumber_messages::FORMAT,
];
