//! `gate:` and `publish:`: where the verdict is given, and what the second stage does.

use super::reader::Reader;
use super::yaml::Node;
use crate::diagnostic::Code;
use crate::model::RepoPath;

/// Where the verdict is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GatePlace {
    /// In the pull request's own run.
    #[default]
    Step,
    /// By the second stage; a run of the first shows a preview.
    Publish,
    /// By the organisation's service; a run of the first stage shows a preview.
    Service,
}

impl GatePlace {
    /// The words of a policy.
    pub const WORDS: [(&'static str, Self); 3] =
        [("step", Self::Step), ("publish", Self::Publish), ("service", Self::Service)];

    /// Its word.
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, place)| *place == self).map_or("", |(word, _)| word)
    }

    /// True if the first stage is not the gate.
    pub const fn is_elsewhere(self) -> bool {
        !matches!(self, Self::Step)
    }
}

/// What the second stage does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Publishing {
    /// True if the verdict also stands in one comment.
    pub comment: bool,
    /// Workflows that run nothing of the change: what they report is isolated (grade B) while the change leaves their
    /// file as it is on the base.
    pub isolated: Vec<RepoPath>,
}

/// Reads `gate:`.
pub(super) fn read_gate(reader: &mut Reader<'_>, node: &Node) -> Option<GatePlace> {
    let text = reader.text(node, "`gate`")?;
    let known = GatePlace::WORDS.into_iter().find(|(word, _)| *word == text);
    if known.is_none() {
        let message = format!("`gate` is `{text}`: expected `step`, `publish` or `service`");
        reader.error(Code::BadValue, node.place, message, "write where the verdict is given");
    }
    known.map(|(_, place)| place)
}

/// Reads `publish:`.
pub(super) fn read(reader: &mut Reader<'_>, node: &Node) -> Publishing {
    const KEYS: [&str; 2] = ["comment", "isolated"];
    let mut publishing = Publishing::default();
    for (key, value) in reader.map(node, "`publish`", "publish: { comment: true }") {
        match key.text.as_str() {
            "comment" => publishing.comment = reader.flag(value, "`comment`").unwrap_or(false),
            "isolated" => publishing.isolated = isolated(reader, value),
            _ => reader.unknown_key(key, "`publish`", &KEYS, &[]),
        }
    }
    publishing
}

fn isolated(reader: &mut Reader<'_>, node: &Node) -> Vec<RepoPath> {
    let mut files = Vec::new();
    for (place, text) in reader.texts(node, "`isolated`") {
        let is_workflow = |path: &RepoPath| {
            let name = path.as_str().strip_prefix(".github/workflows/").unwrap_or_default();
            !name.contains('/') && (name.ends_with(".yml") || name.ends_with(".yaml"))
        };
        match RepoPath::new(text).ok().filter(is_workflow) {
            Some(path) => files.push(path),
            None => {
                let message = format!("`{text}` is no file of a workflow");
                let help = "write the file as GitHub names it: `.github/workflows/scan.yml`";
                reader.error(Code::BadValue, place, message, help);
            }
        }
    }
    files
}
