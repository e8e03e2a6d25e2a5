//! XML reports of scanners: a walk over elements, with the text of each.

use crate::diagnostic::Code;
use crate::formats::xml::{Event, Reader};
use crate::formats::{Context, ParseError, Source};

/// Names of the open elements, without prefixes, outermost first.
#[derive(Debug, Default)]
pub(in crate::formats::scans) struct Path(Vec<String>);

impl Path {
    /// True if the innermost elements are these.
    pub(in crate::formats::scans) fn ends_with(&self, names: &[&str]) -> bool {
        let tail = self.0.len().checked_sub(names.len()).and_then(|from| self.0.get(from..));
        tail.is_some_and(|tail| tail.iter().zip(names).all(|(have, wanted)| have == wanted))
    }

    /// True if an element of this name is open.
    pub(in crate::formats::scans) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|have| have == name)
    }
}

/// The longest text of one element that is kept, in bytes.
const LONGEST_TEXT: usize = 1024;

/// Walks over a whole document. `open` gets each element with its attributes `ref` and `xmlns`-free names, `close`
/// each element with the text directly inside of it (cut at 1 KiB).
pub(in crate::formats::scans) fn walk(
    source: &mut Source<'_>,
    context: &mut Context,
    mut open: impl FnMut(&Path, &mut dyn FnMut(&str) -> Option<String>),
    mut close: impl FnMut(&Path, &str, &mut Context),
) -> Result<(), ParseError> {
    let mut reader = Reader::new(source);
    let mut path = Path::default();
    let mut texts: Vec<String> = Vec::new();
    loop {
        match reader.next()? {
            Event::Start(tag) => {
                path.0.push(String::from_utf8_lossy(tag.name()).into_owned());
                texts.push(String::new());
                open(&path, &mut |name| {
                    tag.attribute(name).map(|attribute| attribute.value(context).into_owned())
                });
            }
            Event::Text(text) => {
                if let Some(of_element) = texts.last_mut() {
                    text.append_to(of_element, LONGEST_TEXT, context);
                }
            }
            Event::End(_) => {
                let text = texts.pop().unwrap_or_default();
                close(&path, text.trim(), context);
                path.0.pop();
            }
            Event::Eof => return Ok(()),
        }
    }
}

/// True if a document is XML and not JSON.
pub(in crate::formats::scans) fn is_xml(source: &mut Source<'_>) -> Result<bool, ParseError> {
    let head = source.head()?;
    if head.text().trim().is_empty() {
        return Err(ParseError::new(
            Code::CutOff,
            "the file holds nothing but white space",
            source.position(),
        ));
    }
    Ok(head.text().trim_start().starts_with('<'))
}
