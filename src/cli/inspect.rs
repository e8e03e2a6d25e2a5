//! `tollgate inspect`: what is read from each file, alone.

use super::exit::WrongUse;
use super::{ExitStatus, output};
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::formats::{self, Format, Source};
use crate::gate::{self, Ground, Keep, Reading, ReportSource};
use crate::io::reports;
use crate::model::{Health, ScanClasses, Untrusted};
use crate::render;
use crate::wire;
use clap::ValueEnum;
use std::fs::File;
use std::path::{Path, PathBuf};

/// Arguments of `tollgate inspect`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exits 0 if every file is complete, else 3. The figures are those of the file as it is, one by one; `check` \
counts only files that git tracks and merges the reports.

Examples:
  tollgate inspect junit.xml lcov.info
  tollgate inspect --lines lcov.info       # covered, in part, and not covered, by file
  tollgate inspect --format json reports/*.sarif")]
pub(super) struct Arguments {
    /// The files to read
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// How to print
    #[arg(long, value_enum, default_value_t = OutputFormat::Text)]
    format: OutputFormat,
    /// Read the files as this format instead of letting their content decide
    #[arg(long, value_name = "ID")]
    r#as: Option<String>,
    /// Show every line of each file that a report of coverage counts
    #[arg(long, conflicts_with = "format")]
    lines: bool,
    /// The largest file that is read, in bytes
    #[arg(long, value_name = "N", default_value_t = Source::DEFAULT_MAX_BYTES)]
    max_report_bytes: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum OutputFormat {
    /// For people
    Text,
    /// `{"reports": [...]}`
    Json,
}

/// Runs it.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitStatus> {
    let format = match &arguments.r#as {
        Some(id) => Some(formats::by_id(id).ok_or_else(|| {
            WrongUse(format!("error: no format has the id `{id}`\n  = help: `tollgate formats` lists them"))
        })?),
        None => None,
    };
    // In the order of the command line: each file is a snapshot of its own.
    let mut reports = Vec::new();
    let mut lines = Vec::new();
    for file in &arguments.files {
        let source = open(file, format, arguments.max_report_bytes);
        if arguments.lines {
            let (row, coverage) = gate::read_coverage(source);
            reports.push(row);
            lines.push(coverage.unwrap_or_default());
        } else {
            let snapshot =
                gate::read([source], &Ground::default(), None, None, Reading::keeping(Keep::Totals));
            reports.extend(snapshot.reports);
        }
    }
    let text = match arguments.format {
        OutputFormat::Text => render::inspect::render(&reports, &lines, output::style()),
        OutputFormat::Json => String::from_utf8(wire::inspect::write(&reports))?,
    };
    output::print(&text)?;
    let complete = reports.iter().all(|report| report.health == Health::Complete);
    Ok(if complete { ExitStatus::Passed } else { ExitStatus::NoVerdict })
}

fn open(file: &Path, format: Option<&'static Format>, max_bytes: u64) -> ReportSource<'static> {
    let shown = Untrusted::new(file.to_string_lossy());
    let opened = File::open(file).and_then(|opened| {
        let regular = opened.metadata()?.is_file();
        if regular { Ok(opened) } else { Err(std::io::Error::other("not a regular file")) }
    });
    let opened = opened.map(|opened| {
        let source = Source::new(opened, max_bytes);
        match reports::folder_of(file, max_bytes) {
            Some(folder) => source.within(folder),
            None => source,
        }
    });
    let source = opened.map_err(|error| {
        Diagnostic::new(
            Code::UnreadableFile,
            Weight::Error,
            format!("the file cannot be opened: {error}"),
            Origin::file(shown.clone()),
        )
    });
    ReportSource { file: shown, entry: String::new(), kind: None, format, classes: ScanClasses::NONE, source }
}
