//! The only way from [`Untrusted`] to an output: one escaper per output.
//!
//! Every escaper first makes the text plain: escape sequences of terminals are taken out, control,
//! bidirectional and invisible characters become `�`, tokens that look like secrets are blotted out, and the
//! text is cut. Only then it is escaped, so that a cut never falls into an entity.
//!
//! Threats answered here: T14 (HTML and Markdown), T15 (mentions and references), T16 (commands to other
//! bots), T17 (length), T19 (workflow commands), T22 (terminal escapes), T23 (secrets).

mod address;
mod csv;
mod log;
mod markdown;
mod markup;
mod plain;
mod secrets;

pub use address::address_part;
pub use csv::csv_field;
pub use log::{
    Charset, log_line, terminal, terminal_line, terminal_own, workflow_command_data, workflow_command_path,
    workflow_command_property,
};
pub(crate) use markdown::markdown_place;
pub use markdown::{markdown_code, markdown_fence, markdown_own, markdown_text, plain_text, shell_fence};
pub use markup::{html, html_block};
pub use plain::is_hidden;

use crate::model::{RepoPath, Untrusted};

/// The length at which report text in a step or a row is cut, in characters.
pub const SHORT: usize = 200;

/// True if the text can be shown as a command to copy: one line of visible characters and nothing hidden.
///
/// Anything else is not shown as a command at all: what people copy must be what they see.
pub fn is_safe_command(command: &str) -> bool {
    !command.trim().is_empty()
        && command.len() <= 2_000
        // A log would show it with a space between the two.
        && !command.contains("##")
        && !command.chars().any(|c| c.is_control() || is_hidden(c) || (c.is_whitespace() && c != ' '))
}

/// The path, if the text is one inside the repository: what names a file in an output must not lead elsewhere.
pub(super) fn repository_path(text: &Untrusted) -> Option<RepoPath> {
    // Anything else is still shown as text; only the link to a file is left out.
    let path = RepoPath::new(text.raw()).ok()?;
    (one_line(text, usize::MAX) == path.as_str()).then_some(path)
}

/// The text on one line, cut to `max` characters, with nothing hidden in it and not yet escaped for anything.
pub(super) fn one_line(text: &Untrusted, max: usize) -> String {
    plain::cut(&secrets::blotted(&plain::one_line(text.raw())), max)
}
