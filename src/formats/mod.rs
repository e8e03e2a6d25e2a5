//! Bytes in, a report out: one file per format.
//!
//! A format is a value in [`FORMATS`]; adding one is a file and two adjacent lines (`mod x;` beside the
//! others of its kind, `&x::FORMAT,` in its folder's list). [`detect`] lets exactly one format claim a file by
//! its content; [`Format::parse`] then reads it in one pass through the bounded window of [`Source`].
//!
//! Parsers never see paths, policy or the network. They keep what the gate needs and count the rest; each cap
//! that cuts is said as a warning and never stops the counting. What they cannot read is an error with line
//! and column; what they repair is a warning and, where something was lost, a health below `complete`.

mod context;
pub mod frames;
mod gzip;
mod head;
pub mod json;
pub mod lines;
mod names;
mod source;
pub mod xml;

pub mod coverage;
pub mod scans;
pub mod tests;

pub use context::{Context, ParseError, Parsed, Report};
pub use head::{Head, JsonHead, XmlElement};
pub use names::Names;
pub use source::{Decoding, Folder, Position, Source, SourceError};

use crate::model::Kind;
use std::fmt;

/// One format of one kind of report.
pub struct Format {
    /// Id as written in policies (`format: junit`) and JSON.
    pub id: &'static str,
    /// What a report of this format is about.
    pub kind: Kind,
    /// Name as people know it.
    pub name: &'static str,
    /// File names that tools commonly choose. A file that matches one and cannot be read is a failed report,
    /// not an unknown file (DECISIONS 7). They are matched against the file's name alone, and know `*` alone.
    pub default_globs: &'static [&'static str],
    /// Where the format is specified, or the best description of it.
    pub spec_url: &'static str,
    /// True if a file that begins like this is of this format. Looks at content, never at a name.
    pub sniff: fn(&Head) -> bool,
    /// Reads a whole file.
    pub parse: fn(&mut Source<'_>, &mut Context) -> Result<Parsed, ParseError>,
}

impl fmt::Debug for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Format").field("id", &self.id).field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// All formats, by kind.
pub const FORMATS: &[&[&Format]] = &[tests::FORMATS, coverage::FORMATS, scans::FORMATS];

/// All formats in one row.
pub fn all() -> impl Iterator<Item = &'static Format> {
    FORMATS.iter().flat_map(|kind| kind.iter().copied())
}

/// The format with this id.
pub fn by_id(id: &str) -> Option<&'static Format> {
    all().find(|format| format.id == id)
}

/// What [`detect`] found.
#[derive(Debug)]
pub enum Detected {
    /// Exactly one format claims the file.
    One(&'static Format),
    /// None does.
    Unknown,
    /// Several do; their ids.
    Ambiguous(Vec<&'static str>),
}

/// Asks every format whether it claims a file that begins with `head`.
pub fn detect(head: &Head) -> Detected {
    let claims: Vec<&'static Format> = all().filter(|format| (format.sniff)(head)).collect();
    match claims.as_slice() {
        [] => Detected::Unknown,
        [format] => Detected::One(format),
        many => Detected::Ambiguous(many.iter().map(|format| format.id).collect()),
    }
}
