//! Reads what a stranger wrote in a process of its own: no token, no environment, little memory, little time
//! (gate.md b8, T28). Its word is a `snapshot/1` and nothing else.

use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::gate::Ground;
use crate::model::{ScanClasses, Snapshot, Untrusted};
use crate::wire::reading::{self, OtherFile, Reading, ReadingFile};
use crate::wire::snapshot;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// The hidden subcommand.
pub const SUBCOMMAND: &str = "__read";

/// The most memory of the process, in bytes of address space.
pub const MAX_MEMORY: u64 = 2 << 30;

/// The most processor time of the process, in seconds.
pub const MAX_CPU_SECONDS: u64 = 60;

/// The longest that it may take, whatever it does.
const MAX_TIME: Duration = Duration::from_secs(120);

/// One file and its bytes.
#[derive(Clone, Copy, Debug)]
pub struct FileToRead<'f> {
    /// As people see it.
    pub shown: &'f Untrusted,
    /// The entry of the policy that asks for it.
    pub entry: &'f str,
    /// The kind that the entry announces.
    pub kind: Option<crate::model::Kind>,
    /// The format that the entry names.
    pub format: Option<&'static crate::formats::Format>,
    /// What the entry says that its scanners look for.
    pub classes: ScanClasses,
    /// Its content.
    pub bytes: &'f [u8],
    /// Other files of its folder that it may name as parts of itself, each with its name.
    pub others: &'f [(&'f str, &'f [u8])],
}

/// Reads the files in a process of `program`, this program's own file.
///
/// # Errors
/// `reader-stopped` if the process ended before its time, broke a limit, or said what is no snapshot: then nothing
/// of what it was given is evidence.
pub fn read(
    program: &Path,
    files: &[FileToRead<'_>],
    ground: &Ground,
    commit: Option<String>,
) -> Result<Snapshot, Box<Diagnostic>> {
    let asked = Reading {
        schema: reading::SCHEMA.to_owned(),
        commit,
        workspaces: ground.workspaces.clone(),
        path_rules: ground.path_rules.iter().map(|rule| rule.text().to_owned()).collect(),
        tree: ground
            .tree
            .as_ref()
            .map(|tree| tree.files().map(|path| (path.clone(), tree.line_count(path))).collect()),
        modules: ground.modules.iter().map(|module| (module.folder.clone(), module.name.clone())).collect(),
        files: files
            .iter()
            .map(|file| ReadingFile {
                shown: file.shown.clone(),
                entry: file.entry.to_owned(),
                kind: file.kind,
                format: file.format.map(|format| format.id.to_owned()),
                classes: file.classes,
                bytes: file.bytes.len() as u64,
            })
            .collect(),
        others: files
            .iter()
            .enumerate()
            .flat_map(|(of, file)| {
                let other = move |(name, bytes): &(&str, &[u8])| OtherFile {
                    of,
                    name: (*name).to_owned(),
                    bytes: bytes.len() as u64,
                };
                file.others.iter().map(other)
            })
            .collect(),
    };
    let bytes = run(program, &reading::write(&asked), files).map_err(|why| stopped(&why))?;
    snapshot::read(&bytes).map_err(|error| stopped(&format!("its answer cannot be read: {error}")))
}

fn stopped(why: &str) -> Box<Diagnostic> {
    let message = format!("the process that reads the reports gave no answer: {why}");
    Box::new(Diagnostic::new(Code::ReaderStopped, Weight::Error, message, Origin::default()))
}

/// Feeds the process and waits for its answer.
fn run(program: &Path, header: &[u8], files: &[FileToRead<'_>]) -> Result<Vec<u8>, String> {
    let mut child = Command::new(program)
        .arg(SUBCOMMAND)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("it cannot be started: {error}"))?;
    let (Some(mut input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(end(&mut child, "it has no standard input"));
    };
    std::thread::scope(|scope| {
        let (tell, told) = mpsc::channel();
        scope.spawn(move || {
            // A process that ended early does not take all of it; its exit status says so.
            let fed = input.write_all(header);
            let others = files.iter().flat_map(|file| file.others).map(|(_, bytes)| *bytes);
            let mut all = files.iter().map(|file| file.bytes).chain(others);
            drop(all.try_for_each(|bytes| input.write_all(bytes)).and(fed));
        });
        scope.spawn(move || {
            let mut bytes = Vec::new();
            let read = output.take(snapshot::MOST_BYTES as u64 + 1).read_to_end(&mut bytes);
            // The other side may have stopped waiting.
            drop(tell.send(read.map(|_| bytes)));
        });
        let answer = match told.recv_timeout(MAX_TIME) {
            Ok(Ok(bytes)) if bytes.len() <= snapshot::MOST_BYTES => bytes,
            Ok(Ok(_)) => return Err(end(&mut child, "it says too much")),
            Ok(Err(error)) => return Err(end(&mut child, &error.to_string())),
            Err(_) => return Err(end(&mut child, "it took too long")),
        };
        match child.wait() {
            Ok(status) if status.success() => Ok(answer),
            Ok(status) => Err(format!("it ended with {status}")),
            Err(error) => Err(error.to_string()),
        }
    })
}

/// Ends the process; its pipes close with it.
fn end(child: &mut Child, why: &str) -> String {
    // It may have ended by itself.
    drop(child.kill());
    drop(child.wait());
    why.to_owned()
}

/// Takes from this process what it will not need: memory and time beyond the limits, and files. Where the system
/// has no such limits, the parent's time limit alone holds.
///
/// # Errors
/// Says which limit cannot be set.
#[cfg(unix)]
pub fn confine() -> Result<(), String> {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let limits = [
        ("memory", Resource::As, MAX_MEMORY),
        ("processor time", Resource::Cpu, MAX_CPU_SECONDS),
        ("written bytes", Resource::Fsize, 0),
        ("core dumps", Resource::Core, 0),
        ("open files", Resource::Nofile, 16),
    ];
    for (name, resource, most) in limits {
        setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })
            .map_err(|error| format!("the limit of {name} cannot be set: {error}"))?;
    }
    Ok(())
}

/// See above.
///
/// # Errors
/// Never.
#[cfg(not(unix))]
pub fn confine() -> Result<(), String> {
    Ok(())
}
