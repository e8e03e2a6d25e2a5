//! The settings of other tools as a policy (`tollgate init --from FILE`).
//!
//! Read are the inputs of the report actions in a workflow file, and codecov.yml. What has no counterpart is
//! said in words, never dropped: a setting that somebody chose stands in the list of what was left out.

mod actions;
mod codecov;

use super::draft::{Draft, Entry};
use super::yaml::{self, Node};
use super::{Place, TextFile, Unreadable};
use crate::model::Kind;
use crate::policy::Globs;

/// What was read, for the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Where it stands.
    pub place: Place,
    /// `dorny/test-reporter`, `coverage.status.patch`.
    pub what: String,
}

/// A setting without a counterpart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Where it stands.
    pub place: Place,
    /// The setting.
    pub what: String,
    /// What Tollgate does instead, or what to do.
    pub why: String,
}

/// A policy made from the settings of other tools.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversion {
    /// What was read.
    pub origins: Vec<Origin>,
    /// The policy's text; empty if nothing was found to convert.
    pub policy: String,
    /// What could not be carried over.
    pub left_out: Vec<LeftOut>,
}

/// Converts a workflow file, a composite action or a codecov.yml.
///
/// # Errors
/// The file cannot be read, or is none of these.
pub fn convert(file: &TextFile) -> Result<Conversion, Unreadable> {
    let root = yaml::read(&file.text)?;
    let mut work =
        Work { file: &file.name, draft: Draft::default(), origins: Vec::new(), left_out: Vec::new() };
    let is_codecov = |(key, ..): &(String, usize, Node)| codecov::KEYS.contains(&key.as_str());
    if root.get("jobs").is_some() || root.get("runs").is_some() {
        actions::convert(&root, &mut work);
    } else if root.entries().iter().any(is_codecov) {
        codecov::convert(&root, &mut work);
    } else {
        let why = "it is neither a workflow (`jobs:`) nor a codecov.yml (`coverage:`)".to_owned();
        return Err(Unreadable { line: 0, why });
    }
    let Work { draft, origins, left_out, .. } = work;
    let is_empty = draft.reports.is_empty() && draft.rules.is_empty() && draft.exclude.is_empty();
    let policy = if is_empty { String::new() } else { draft.text() };
    Ok(Conversion { origins, policy, left_out })
}

/// A conversion in the making.
struct Work<'f> {
    file: &'f str,
    draft: Draft,
    origins: Vec<Origin>,
    left_out: Vec<LeftOut>,
}

impl Work<'_> {
    fn place(&self, line: usize) -> Place {
        Place { file: self.file.to_owned(), line }
    }

    fn origin(&mut self, line: usize, what: impl Into<String>) {
        let place = self.place(line);
        self.origins.push(Origin { place, what: what.into() });
    }

    fn left_out(&mut self, line: usize, what: impl Into<String>, why: impl Into<String>) {
        let place = self.place(line);
        self.left_out.push(LeftOut { place, what: what.into(), why: why.into() });
    }

    /// Adds an entry of `reports:`; nothing without a path.
    fn report(&mut self, wanted: &str, kind: Kind, paths: Vec<String>, optional: bool) {
        if !paths.is_empty() {
            let name = self.draft.free_name(wanted);
            self.draft.reports.push(Entry { name, kind, paths, optional });
        }
    }

    /// The globs of a setting, as the policy writes them: from the root, without what no policy can hold.
    fn globs<'t>(
        &mut self,
        line: usize,
        what: &str,
        folder: &str,
        patterns: impl IntoIterator<Item = &'t str>,
    ) -> Vec<String> {
        let mut globs = Vec::new();
        for pattern in patterns.into_iter().map(str::trim).filter(|pattern| !pattern.is_empty()) {
            let pattern = pattern.strip_prefix("${{ github.workspace }}/").unwrap_or(pattern);
            let pattern = pattern.strip_prefix("./").unwrap_or(pattern);
            let pattern = format!("{folder}{pattern}");
            if pattern.contains("${{") {
                self.left_out(line, format!("{what} `{pattern}`"), "an expression: write what it stands for");
            } else if let Some(excluded) = pattern.strip_prefix('!') {
                let why = "no policy takes a file out again: narrow the other globs";
                self.left_out(line, format!("{what} `!{excluded}`"), why);
            } else if let Err(error) = Globs::new([&pattern]) {
                self.left_out(line, format!("{what} `{pattern}`"), error.to_string());
            } else if !globs.contains(&pattern) {
                globs.push(pattern);
            }
        }
        globs
    }
}

/// `true`, `false` and their spellings in YAML 1.1.
fn flag(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" => Some(true),
        "false" | "no" | "off" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
