//! Which parser reads a file.

use crate::diagnostic::Code;
use crate::formats::{self, Detected, Format, Head, Source};
use crate::model::Kind;

/// Why no parser was chosen.
pub(super) struct NoFormat {
    pub(super) code: Code,
    pub(super) message: String,
    /// The format that the entry names or the content shows, where that much is known.
    pub(super) format: Option<&'static Format>,
}

pub(super) fn choose_format(
    source: &mut Source<'_>,
    named: Option<&'static Format>,
    announced: Option<Kind>,
) -> Result<&'static Format, NoFormat> {
    let head = source.head().map_err(|error| NoFormat {
        code: error.code,
        message: error.message,
        format: named,
    })?;
    if head.text().is_empty() && source.at_end() {
        return Err(NoFormat {
            code: Code::EmptyFile,
            message: "the file holds nothing".to_owned(),
            format: named,
        });
    }
    match (named, detected(&head)) {
        // The entry's word stands where content cannot decide; where content decides otherwise, it is wrong.
        (Some(named), Ok(found)) if found.id != named.id => Err(NoFormat {
            code: Code::WrongFormat,
            message: format!("the policy calls the file {}, and its content is {}", named.id, found.id),
            format: Some(named),
        }),
        (Some(named), _) => Ok(named),
        (None, Ok(found)) if announced.is_some_and(|kind| kind != found.kind) => Err(NoFormat {
            code: Code::WrongFormat,
            message: format!(
                "the policy expects {} here, and the file is {} ({})",
                announced.map_or("something else", Kind::word),
                found.name,
                found.kind.word()
            ),
            format: None,
        }),
        (None, found) => found,
    }
}

fn detected(head: &Head) -> Result<&'static Format, NoFormat> {
    match formats::detect(head) {
        Detected::One(format) => Ok(format),
        Detected::Unknown => Err(NoFormat {
            code: Code::UnknownFormat,
            message: "no format that Tollgate reads begins like this file".to_owned(),
            format: None,
        }),
        Detected::Ambiguous(ids) => Err(NoFormat {
            code: Code::AmbiguousFormat,
            message: format!("the file could be any of {}", ids.join(", ")),
            format: None,
        }),
    }
}
