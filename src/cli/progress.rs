//! How far long work has come: one line on a terminal, nothing anywhere else.

use super::output;
use std::env;
use std::io::{self, IsTerminal as _};

/// A line of standard error that is written over and over.
pub(super) struct Progress {
    is_shown: bool,
    is_dirty: bool,
}

impl Progress {
    /// Shown only where somebody looks: standard error is a terminal that can go back in its line.
    pub(super) fn new() -> Self {
        let dumb = env::var("TERM").map_or(true, |term| term.is_empty() || term == "dumb");
        let in_ci = env::var_os("CI").is_some();
        Self { is_shown: io::stderr().is_terminal() && !dumb && !in_ci, is_dirty: false }
    }

    /// Says how far it is; words of ours and numbers only.
    pub(super) fn say(&mut self, text: &str) {
        if self.is_shown {
            self.is_dirty = true;
            output::note(&format!("\r\u{1b}[2K{text}"));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.is_dirty {
            output::note("\r\u{1b}[2K");
        }
    }
}
