//! What both forms have in common: lines, and files behind each other.

use crate::diagnostic::Code;
use crate::formats::coverage::gather::Gathered;
use crate::formats::lines::{Line, LineEnd, LineReader};
use crate::formats::{Context, ParseError, Parsed, Position, Source};
use crate::model::FileCoverage;

/// One form of gcov's text.
pub(super) trait Form {
    /// Takes a line.
    fn take(&mut self, files: &mut Files<'_>, line: &Line<'_>) -> Result<(), ParseError>;

    /// Looks at the last file before it is closed.
    fn end(&mut self, files: &mut Files<'_>, position: Position);
}

/// The files of a report while it is read.
pub(super) struct Files<'c> {
    pub(super) gathered: Gathered<'c>,
    /// The file that is open.
    path: Option<String>,
    pub(super) file: FileCoverage,
}

/// Reads a report of this form.
pub(super) fn parse(
    mut form: impl Form,
    source: &mut Source<'_>,
    context: &mut Context,
) -> Result<Parsed, ParseError> {
    let mut files = Files { gathered: Gathered::new(context), path: None, file: FileCoverage::default() };
    let result = files.read(&mut form, source);
    files.gathered.conclude(source, result)
}

impl Files<'_> {
    fn read(&mut self, form: &mut impl Form, source: &mut Source<'_>) -> Result<(), ParseError> {
        let mut lines = LineReader::new(source);
        while let Some(line) = lines.next_line()? {
            if let Some(at) = line.nul() {
                return Err(ParseError::new(Code::NulByte, "a NUL byte", line.position_at(at)));
            }
            if line.end == LineEnd::EndOfFile {
                self.lose(Code::CutOff, "the file ends within a line", &line);
            }
            form.take(self, &line)?;
            self.gathered.open(&self.file, 0, || line.position())?;
        }
        let end = lines.position();
        form.end(self, end);
        self.close(end)
    }

    /// True if lines belong to a file.
    pub(super) const fn is_open(&self) -> bool {
        self.path.is_some()
    }

    /// Begins the next file.
    pub(super) fn open(&mut self, path: String, line: &Line<'_>) -> Result<(), ParseError> {
        self.close(line.position())?;
        self.path = Some(path);
        Ok(())
    }

    /// Says that a line is lost.
    pub(super) fn lose(&mut self, code: Code, message: &'static str, line: &Line<'_>) {
        self.gathered.degrade(code, message, line.position());
    }

    fn close(&mut self, position: Position) -> Result<(), ParseError> {
        let file = std::mem::take(&mut self.file);
        match self.path.take() {
            Some(path) if !path.is_empty() => self.gathered.put(&path, file, || position),
            Some(_) | None => {
                if !file.lines.is_empty() {
                    self.gathered.unattributed(|| position);
                }
                Ok(())
            }
        }
    }
}
