//! `tollgate records`: verifies and exports the chain of verdicts.

use super::exit::WrongUse;
use super::judging::now;
use super::kept::{Kept, Service};
use super::{ExitStatus, output};
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::io;
use crate::io::records::Layout;
use crate::model::Moment;
use crate::records::Recorded;
use crate::records::chain::{Content, Digest, Entry, Link, Sealed, Stored, verify};
use crate::render;
use crate::wire::recorded::{self, Keep};
use crate::wire::{chain, verdict};
use clap::{Subcommand, ValueEnum};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// Arguments of `tollgate records`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Say whether a chain of verdicts is whole, and name the first entry that is not; exits 1 then
    Verify(Verify),
    /// Write a chain of verdicts as JSON lines or CSV
    Export(Export),
}

const VERIFY: &str = "\
Each entry holds the hash of the one before it and the digest of its record: an entry that was changed, removed, \
inserted or moved breaks the chain. A chain has no key, so an end that was cut off shows only against a hash that \
was kept elsewhere: each verification prints the last entry, and --head takes it.

Examples:
  tollgate records verify chain.jsonl
  tollgate records verify chain.jsonl --head 1204:5f1c…
  tollgate records verify --data /var/lib/tollgate          # the chain of every repository of a service";

#[derive(Debug, clap::Args)]
#[command(after_help = VERIFY)]
struct Verify {
    /// The chain, as `records export` writes it
    #[arg(value_name = "FILE", required_unless_present_any = ["data", "database"], conflicts_with_all = ["data", "database"])]
    chain: Option<PathBuf>,
    #[command(flatten)]
    service: Service,
    /// An entry that was noted before: it must be in the chain
    #[arg(long, value_name = "NUMBER:HASH", value_parser = parse_link, conflicts_with_all = ["data", "database"])]
    head: Option<Link>,
}

const EXPORT: &str = "\
From a directory of verdict records (`check --write-json`) a new chain is made, by the moment of the decision and \
the name of the file; a record says nothing of the bytes of its policy and its evidence, so these digests stay \
empty. From a chain every entry is verified before it is written.

Examples:
  tollgate records export verdicts/ --output chain.jsonl
  tollgate records export fleet/ --many --output chain.jsonl       # one folder per repository
  tollgate records export chain.jsonl --format csv > verdicts.csv
  tollgate records export --data /var/lib/tollgate --repository acme/api --output api.jsonl";

#[derive(Debug, clap::Args)]
#[command(after_help = EXPORT)]
struct Export {
    /// A directory of verdict records, or a chain
    #[arg(value_name = "DIR|FILE", required_unless_present_any = ["data", "database"], conflicts_with_all = ["data", "database"])]
    from: Option<PathBuf>,
    #[command(flatten)]
    service: Service,
    /// Of a service, the chain of this repository; needed for JSON lines, which hold one chain
    #[arg(long, value_name = "OWNER/NAME", conflicts_with = "from")]
    repository: Option<String>,
    /// The directory holds one folder per repository
    #[arg(long)]
    many: bool,
    /// How it is written
    #[arg(long, value_enum, default_value_t = Format::JsonLines)]
    format: Format,
    /// Where to [default: standard output]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A chain, with the records
    JsonLines,
    /// One row an entry, for a spreadsheet
    Csv,
}

const ONE_CHAIN: &str = "error: JSON lines hold the chain of one repository\n  = help: name it with --repository, or \
                         take --format csv for all";

fn parse_link(text: &str) -> Result<Link, String> {
    Link::parse(text).ok_or("expected NUMBER:HASH, as `records verify` prints it".to_owned())
}

/// Runs it.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitStatus> {
    match &arguments.command {
        Command::Verify(arguments) => verify_chain(arguments),
        Command::Export(arguments) => export(arguments),
    }
}

fn verify_chain(arguments: &Verify) -> anyhow::Result<ExitStatus> {
    if let Some(kept) = arguments.service.open()? {
        return verify_kept(&kept);
    }
    let Some(path) = &arguments.chain else {
        return Err(WrongUse("error: no chain was named".to_owned()).into());
    };
    let entries = io::chain::open(path).map_err(|error| wrong(&error))?;
    match verify(entries, arguments.head) {
        Ok(Ok(verified)) => {
            output::print(&render::records::verified(&verified, output::style()))?;
            Ok(ExitStatus::Passed)
        }
        Ok(Err(broken)) => {
            output::note(&output::diagnostics(&[broken_chain(path, &broken.to_string())]));
            Ok(ExitStatus::NeedsChanges)
        }
        Err(error) => {
            output::note(&output::diagnostics(&[*error]));
            Ok(ExitStatus::NeedsChanges)
        }
    }
}

/// The chains of a service, one line each.
fn verify_kept(kept: &Kept) -> anyhow::Result<ExitStatus> {
    let mut status = ExitStatus::Passed;
    for repository in kept.repositories()? {
        match verify(kept.chain(&repository)?, None)? {
            Ok(verified) => {
                output::print(&render::records::verified_of(&repository, &verified, output::style()))?;
            }
            Err(broken) => {
                let problem = broken_chain(Path::new(&repository), &broken.to_string());
                output::note(&output::diagnostics(&[problem]));
                status = ExitStatus::NeedsChanges;
            }
        }
    }
    Ok(status)
}

fn wrong(problem: &Diagnostic) -> WrongUse {
    WrongUse(output::diagnostics(std::slice::from_ref(problem)))
}

fn broken_chain(path: &Path, what: &str) -> Diagnostic {
    let origin = Origin::file(&*path.to_string_lossy());
    Diagnostic::new(Code::BadRecord, Weight::Error, format!("the chain is broken: {what}"), origin).with_help(
        "compare it with a copy from elsewhere: nothing behind the first broken entry can be trusted",
    )
}

fn export(arguments: &Export) -> anyhow::Result<ExitStatus> {
    let path = arguments.output.as_deref();
    let mut out: Box<dyn Write> = match path {
        Some(path) => Box::new(BufWriter::new(File::create(path).map_err(|error| {
            WrongUse(format!(
                "error: failed to write {}: {error}\n  = help: check that the folder exists and may be written",
                path.display()
            ))
        })?)),
        None => Box::new(BufWriter::new(std::io::stdout())),
    };
    if arguments.format == Format::Csv {
        out.write_all(render::records::CSV_HEADER.as_bytes())?;
    }
    let mut write = |stored: &Stored| -> anyhow::Result<()> {
        let bytes = match arguments.format {
            Format::JsonLines => chain::write(stored)?,
            Format::Csv => render::records::csv_row(&stored.entry, told(stored)?.as_ref()).into_bytes(),
        };
        out.write_all(&bytes)?;
        Ok(())
    };
    let status = match (arguments.service.open()?, &arguments.from) {
        (Some(kept), _) => {
            let repositories = match &arguments.repository {
                Some(repository) => vec![repository.clone()],
                None if arguments.format == Format::Csv => kept.repositories()?,
                None => return Err(WrongUse(ONE_CHAIN.to_owned()).into()),
            };
            let mut status = ExitStatus::Passed;
            for repository in repositories {
                let copied = copy(kept.chain(&repository)?, Path::new(&repository), &mut write)?;
                if copied != ExitStatus::Passed {
                    status = copied;
                }
            }
            status
        }
        (None, Some(from)) if from.is_dir() => {
            seal(from, arguments.many, &mut write)?;
            ExitStatus::Passed
        }
        (None, Some(from)) => {
            let entries = io::chain::open(from).map_err(|error| wrong(&error))?;
            copy(entries.map(|entry| entry.map_err(|problem| wrong_entry(&problem))), from, &mut write)?
        }
        (None, None) => return Err(WrongUse("error: nothing to export was named".to_owned()).into()),
    };
    out.flush()?;
    Ok(status)
}

/// What the record of an entry says; `None` for a checkpoint.
fn told(stored: &Stored) -> anyhow::Result<Option<Recorded>> {
    let (Some(record), Content::Verdict(sealed)) = (&stored.record, &stored.entry.content) else {
        return Ok(None);
    };
    Ok(Some(recorded::read(record, &sealed.repository, "", Keep::Outcomes)?))
}

/// An entry that cannot be read breaks the chain; what is wrong is said where that is found.
fn wrong_entry(problem: &Diagnostic) -> anyhow::Error {
    Unreadable(output::diagnostics(std::slice::from_ref(problem))).into()
}

/// A line of a chain that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Unreadable(String);

/// Every entry of a chain, verified on the way; what was written before a broken one stays, and the exit code says so.
fn copy(
    entries: impl Iterator<Item = anyhow::Result<Stored>>,
    from: &Path,
    write: &mut dyn FnMut(&Stored) -> anyhow::Result<()>,
) -> anyhow::Result<ExitStatus> {
    let mut failed = None;
    // Written one entry late: the verification has then seen it.
    let mut before: Option<Stored> = None;
    let verified = verify(
        entries.inspect(|entry| {
            if let (Some(seen), None) = (&before, &failed) {
                failed = write(seen).err();
            }
            before = entry.as_ref().ok().cloned();
        }),
        None,
    );
    if let Some(failed) = failed {
        return Err(failed);
    }
    match verified {
        Ok(Ok(_)) => {
            before.iter().try_for_each(write)?;
            Ok(ExitStatus::Passed)
        }
        Ok(Err(broken)) => {
            output::note(&output::diagnostics(&[broken_chain(from, &broken.to_string())]));
            Ok(ExitStatus::NeedsChanges)
        }
        Err(error) if error.is::<Unreadable>() => {
            output::note(&error.to_string());
            Ok(ExitStatus::NeedsChanges)
        }
        Err(error) => Err(error),
    }
}

/// A record that waits for its place in the chain.
struct Found {
    decided: Option<String>,
    repository: String,
    file: String,
}

/// Makes a chain of the records of a directory. They are read twice, so that not all are held at once.
fn seal(from: &Path, many: bool, write: &mut dyn FnMut(&Stored) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let layout = if many { Layout::Many } else { Layout::One };
    let now = now().ok_or_else(|| WrongUse("error: the clock of this machine is not set".to_owned()))?;
    let (mut found, mut problems) = (Vec::new(), Vec::new());
    let walked = io::records::walk(from, layout, |file| {
        let record = file.bytes.and_then(|bytes| read_record(&bytes, &file.file));
        match record {
            Ok(record) => {
                let named = record.context.and_then(|context| context.repo);
                let repository = named.unwrap_or(file.repository);
                found.push(Found { decided: record.decided_at, repository, file: file.file });
            }
            Err(problem) => problems.push(*problem),
        }
    })
    .map_err(|error| wrong(&error))?;
    problems.extend(walked.diagnostics);
    if !problems.is_empty() {
        // A chain that leaves out what cannot be read would call the rest whole.
        return Err(WrongUse(output::diagnostics(&problems)).into());
    }
    if found.is_empty() {
        return Err(wrong(&nothing(from)).into());
    }
    let moment = |found: &Found| found.decided.as_deref().and_then(Moment::parse);
    found.sort_by(|a, b| (moment(a), &a.file).cmp(&(moment(b), &b.file)));
    let mut last: Option<Link> = None;
    for Found { repository, file, .. } in found {
        let bytes = io::beneath::read_beneath(from, Path::new(&file), chain::MOST_BYTES as u64)
            .map_err(|error| WrongUse(format!("error: {file}: {error}")))?;
        let record = chain::canonical(&*read_record(&bytes, &file).map_err(|error| wrong(&error))?);
        let content = Content::Verdict(Sealed {
            repository,
            record: Digest::of(&record),
            policy: None,
            evidence: None,
        });
        let entry = Entry::after(last, now, content);
        last = Some(entry.link());
        write(&Stored { hash: entry.hash(), entry, record: Some(record) })?;
    }
    Ok(())
}

fn read_record(bytes: &[u8], file: &str) -> Result<Box<verdict::VerdictRecord>, Box<Diagnostic>> {
    verdict::read(bytes).map(Box::new).map_err(|error| {
        let message = match std::error::Error::source(&error) {
            Some(source) => format!("the record cannot be read: {error}: {source}"),
            None => format!("the record cannot be read: {error}"),
        };
        Box::new(Diagnostic::new(Code::BadRecord, Weight::Error, message, Origin::file(file)))
    })
}

fn nothing(from: &Path) -> Diagnostic {
    let origin = Origin::file(&*from.to_string_lossy());
    Diagnostic::new(Code::BadRecord, Weight::Error, "no record (`*.json`) was found", origin)
        .with_help("`tollgate check --write-json FILE` writes one")
}
