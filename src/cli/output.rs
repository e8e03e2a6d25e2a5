//! Writing to the terminal and to files.

use super::exit::WrongUse;
use crate::diagnostic::Diagnostic;
use crate::render;
use crate::render::escape::{Charset, log_line};
use crate::render::terminal::Style;
use anyhow::Context as _;
use std::env;
use std::fs;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;

/// Writes to standard output. A reader that went away is no error: the verdict stands in the exit code.
pub(super) fn print(text: &str) -> anyhow::Result<()> {
    print_bytes(text.as_bytes())
}

/// The same for what is no text.
pub(super) fn print_bytes(bytes: &[u8]) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.context("failed to write to standard output"),
    }
}

/// Writes to standard error; nothing can be done if that fails.
pub(super) fn note(text: &str) {
    let mut err = io::stderr().lock();
    if err.write_all(text.as_bytes()).is_err() {
        // Nobody is listening.
    }
}

/// Diagnostics as text for standard error, without colour: they end up in logs.
pub(super) fn diagnostics(diagnostics: &[Diagnostic]) -> String {
    render::terminal::render_problems(diagnostics, Style { color: false, ..style() })
}

/// Says why the program did not do what it was asked for.
pub(super) fn complain(error: &anyhow::Error) {
    let text = if error.is::<WrongUse>() { error.to_string() } else { format!("error: {error:#}") };
    for line in text.trim_end().lines() {
        // A runner reads standard error for its commands too.
        note(&format!("{}\n", log_line(line)));
    }
}

/// Writes a file that the user asked for.
pub(super) fn write_file(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    fs::write(path, bytes).map_err(|error| {
        WrongUse(format!(
            "error: failed to write {}: {error}\n  = help: check that the folder exists and may be written",
            path.display()
        ))
        .into()
    })
}

/// How text for people looks here: colour only on a terminal that wants it, words everywhere.
pub(super) fn style() -> Style {
    let terminal = io::stdout().is_terminal();
    let set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    let dumb = env::var("TERM").is_ok_and(|term| term == "dumb");
    let locale =
        ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| env::var(name).ok().filter(|v| !v.is_empty()));
    let unicode = locale.is_some_and(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    });
    let charset = if unicode { Charset::Unicode } else { Charset::Ascii };
    Style { color: terminal && !set("NO_COLOR") && !dumb, charset, ..Style::PLAIN }
}
