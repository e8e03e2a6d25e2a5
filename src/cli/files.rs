//! The files that `check` writes beside what it prints: one verdict, for every tool that people look at.

use super::{occasion, output};
use crate::io::ci::Environment;
use crate::model::{Author, Snapshot, Verdict};
use crate::render;
use crate::render::summary::Page;
use crate::wire;
use std::path::PathBuf;

/// Each is written if its option names a file.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Files to write")]
pub(super) struct Files {
    /// Also write the Markdown summary
    #[arg(long, value_name = "FILE")]
    write_summary: Option<PathBuf>,
    /// Also write the verdict as JSON (tollgate.verdict/1)
    #[arg(long, value_name = "FILE")]
    write_json: Option<PathBuf>,
    /// Also write the verdict as a page: one file, no script, light and dark, printable
    #[arg(long, value_name = "FILE")]
    write_html: Option<PathBuf>,
    /// Also write the verdict as a badge (SVG)
    #[arg(long, value_name = "FILE")]
    write_badge: Option<PathBuf>,
    /// Also write the verdict as JUnit XML, one case a rule: Jenkins, Azure DevOps and GitLab show it
    #[arg(long, value_name = "FILE")]
    write_junit: Option<PathBuf>,
    /// Also write the steps that stand in a file as GitLab's code quality report
    #[arg(long, value_name = "FILE")]
    write_code_quality: Option<PathBuf>,
    /// Also write the merged tests as a CTRF report
    #[arg(long, value_name = "FILE")]
    write_ctrf: Option<PathBuf>,
    /// Also write the merged coverage as an LCOV tracefile
    #[arg(long, value_name = "FILE")]
    write_lcov: Option<PathBuf>,
    /// Also write the merged coverage as Cobertura XML
    #[arg(long, value_name = "FILE")]
    write_cobertura: Option<PathBuf>,
}

impl Files {
    /// The files; one left from the last run is no report.
    pub(super) fn paths(&self) -> impl Iterator<Item = &PathBuf> {
        let verdict =
            [&self.write_summary, &self.write_json, &self.write_html, &self.write_badge, &self.write_junit];
        let evidence = [&self.write_code_quality, &self.write_ctrf, &self.write_lcov, &self.write_cobertura];
        verdict.into_iter().chain(evidence).flatten()
    }

    /// True if the names of tests that passed are wanted.
    pub(super) const fn lists_tests(&self) -> bool {
        self.write_ctrf.is_some()
    }

    /// Writes them.
    pub(super) fn write(
        &self,
        head: &Snapshot,
        verdict: &Verdict,
        author: Option<&Author>,
        environment: &Environment,
    ) -> anyhow::Result<()> {
        let lcov = || head.coverage.as_ref().map(wire::lcov::tracefile).unwrap_or_default();
        let write = |path: &Option<PathBuf>, bytes: &dyn Fn() -> Vec<u8>| match path {
            Some(path) => output::write_file(path, &bytes()),
            None => Ok(()),
        };
        write(&self.write_summary, &|| render::summary::render(verdict, Page::JOB_SUMMARY).into_bytes())?;
        write(&self.write_json, &|| wire::verdict::write(&occasion::record(verdict, author, environment)))?;
        write(&self.write_html, &|| render::html::render(verdict).into_bytes())?;
        write(&self.write_badge, &|| render::badge::render(verdict).into_bytes())?;
        write(&self.write_junit, &|| render::junit::render(verdict).into_bytes())?;
        write(&self.write_code_quality, &|| render::code_quality::render(verdict).into_bytes())?;
        write(&self.write_ctrf, &|| wire::ctrf::write(head.tests.as_ref()))?;
        write(&self.write_lcov, &|| lcov().into_bytes())?;
        write(&self.write_cobertura, &|| wire::cobertura::document(head.coverage.as_ref()).into_bytes())
    }
}
