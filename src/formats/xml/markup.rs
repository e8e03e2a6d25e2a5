//! What is passed over: comments, processing instructions, the document type.

use super::{Part, Reader};
use crate::diagnostic::Code;
use crate::formats::ParseError;

impl Reader<'_, '_> {
    /// Something that begins with `<!`: a comment, CDATA or the document type.
    pub(super) fn declaration(&mut self) -> Result<(), ParseError> {
        const CDATA: &[u8] = b"<![CDATA[";
        const DOCTYPE: &[u8] = b"<!DOCTYPE";
        loop {
            let ahead = self.ahead();
            if ahead.starts_with(b"<!--") {
                self.note_prolog();
                self.at += 4;
                return self.pass_until(b"-->");
            }
            if ahead.starts_with(CDATA) {
                if self.part != Part::Root {
                    return Err(self.malformed_at(0, "CDATA stands outside of the root element".to_owned()));
                }
                self.at += CDATA.len();
                self.in_cdata = true;
                return Ok(());
            }
            if ahead.get(..DOCTYPE.len()).is_some_and(|start| start.eq_ignore_ascii_case(DOCTYPE)) {
                if self.doctype_seen || !matches!(self.part, Part::Prolog { .. }) {
                    return Err(self.malformed_at(0, "a DOCTYPE stands where none may be".to_owned()));
                }
                self.note_prolog();
                self.doctype_seen = true;
                self.at += DOCTYPE.len();
                return self.doctype();
            }
            let doctype = DOCTYPE.get(..ahead.len()).is_some_and(|start| start.eq_ignore_ascii_case(ahead));
            if !(doctype || b"<!--".starts_with(ahead) || CDATA.starts_with(ahead)) {
                return Err(self.malformed_at(0, "`<!` begins no declaration that is known".to_owned()));
            }
            self.grow()?;
        }
    }

    /// Passes over everything up to and including `end`.
    pub(super) fn pass_until(&mut self, end: &[u8]) -> Result<(), ParseError> {
        loop {
            let ahead = self.ahead();
            if let Some(index) = memchr::memmem::find(ahead, end) {
                self.at += index + end.len();
                return Ok(());
            }
            // The end mark may be split between this window and the next.
            self.at += ahead.len().saturating_sub(end.len() - 1);
            if !self.more()? {
                return Err(self.cut_off());
            }
        }
    }

    /// The document type behind `<!DOCTYPE`. Names of external files are ignored, nothing is ever fetched; an
    /// internal subset is passed over unless it declares an entity (DECISIONS 14).
    fn doctype(&mut self) -> Result<(), ParseError> {
        let mut inside = false;
        loop {
            match self.byte()? {
                quote @ (b'"' | b'\'') => self.pass_until(&[quote])?,
                b'[' if !inside => inside = true,
                b']' if inside => inside = false,
                b'>' if !inside => return Ok(()),
                b'<' if inside => self.subset_markup()?,
                _ => {}
            }
        }
    }

    /// A declaration, comment or processing instruction of the internal subset, behind its `<`.
    fn subset_markup(&mut self) -> Result<(), ParseError> {
        match self.byte()? {
            b'?' => return self.pass_until(b"?>"),
            b'!' => {}
            _ => return Err(self.malformed_at(0, "the DOCTYPE's internal subset holds a tag".to_owned())),
        }
        let mut keyword = Vec::with_capacity(6);
        while keyword.len() < 6 {
            keyword.push(self.byte()?);
            if keyword == b"--" {
                return self.pass_until(b"-->");
            }
            if keyword.ends_with(b">") {
                return Ok(());
            }
        }
        if keyword.eq_ignore_ascii_case(b"ENTITY") {
            let message = "the DOCTYPE declares an entity".to_owned();
            return Err(ParseError::new(Code::EntityDeclaration, message, self.position()));
        }
        loop {
            match self.byte()? {
                quote @ (b'"' | b'\'') => self.pass_until(&[quote])?,
                b'>' => return Ok(()),
                _ => {}
            }
        }
    }

    fn byte(&mut self) -> Result<u8, ParseError> {
        loop {
            if let Some(byte) = self.ahead().first().copied() {
                self.at += 1;
                return Ok(byte);
            }
            if !self.more()? {
                return Err(self.cut_off());
            }
        }
    }
}
