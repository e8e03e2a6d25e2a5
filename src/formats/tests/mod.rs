//! Formats of tests.

mod go_test;
mod junit;
mod nunit2;
mod nunit3;
mod trx;
mod xunit;

mod elements;
mod identities;
mod json_lines;
mod run;
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

use super::Format;

/// All formats of this kind.
pub const FORMATS: &[&Format] =
    &[&junit::FORMAT, &trx::FORMAT, &nunit3::FORMAT, &nunit2::FORMAT, &xunit::FORMAT, &go_test::FORMAT];
