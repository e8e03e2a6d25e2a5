//! A chain of verdicts in a file of JSON lines.

use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::records::chain::Stored;
use crate::wire::chain;
use std::fs::File;
use std::io::{BufRead, BufReader, Read as _};
use std::path::Path;

/// Opens the file; its entries come one at a time, so that a chain of years needs no memory.
///
/// # Errors
/// The file cannot be opened. What is wrong with a line is the error of that entry, and the last one.
pub fn open(
    path: &Path,
) -> Result<impl Iterator<Item = Result<Stored, Box<Diagnostic>>> + use<>, Box<Diagnostic>> {
    let name = path.to_string_lossy().into_owned();
    let file = File::open(path).map_err(|error| {
        let message = format!("the chain of verdicts cannot be read: {error}");
        Box::new(Diagnostic::new(Code::UnreadableFile, Weight::Error, message, Origin::file(name.as_str())))
    })?;
    Ok(entries(BufReader::new(file), name))
}

/// The entries of the lines of a file that is called so.
fn entries(mut lines: impl BufRead, name: String) -> impl Iterator<Item = Result<Stored, Box<Diagnostic>>> {
    let (mut number, mut is_over) = (0_u32, false);
    std::iter::from_fn(move || {
        if is_over {
            return None;
        }
        number = number.saturating_add(1);
        let read = next_line(&mut lines).transpose()?.and_then(|line| {
            chain::read(&line).map_err(|error| match std::error::Error::source(&error) {
                Some(source) => format!("{error}: {source}"),
                None => error.to_string(),
            })
        });
        Some(read.map_err(|why| {
            is_over = true;
            let message = format!("the chain is broken here: {why}");
            let origin = Origin::at(name.as_str(), number, 0);
            let help =
                "compare the line with a copy of the chain from elsewhere: nothing behind it can be trusted";
            Box::new(Diagnostic::new(Code::BadRecord, Weight::Error, message, origin).with_help(help))
        }))
    })
}

/// The next line without its line feed; `None` behind the last.
fn next_line(lines: &mut impl BufRead) -> Result<Option<Vec<u8>>, String> {
    let mut line = Vec::new();
    let most = chain::MOST_BYTES as u64 + 1;
    lines.take(most).read_until(b'\n', &mut line).map_err(|error| error.to_string())?;
    match line.pop() {
        None => Ok(None),
        Some(b'\n') => Ok(Some(line)),
        Some(_) if line.len() as u64 + 1 == most => Err("the line is longer than any entry".to_owned()),
        Some(_) => Err("the line has no end: the file is cut off".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Moment, fixtures};
    use crate::records::chain::{Broken, Content, Digest, Entry, Link, Sealed, Verified, verify};
    use crate::wire::verdict::VerdictRecord;
    use proptest::prelude::*;

    /// A file of two verdicts, and the place of its end.
    fn written() -> (Vec<u8>, Link) {
        let (mut file, mut last) = (Vec::new(), None);
        for (number, verdict) in [(1, fixtures::failing()), (2, fixtures::passing())] {
            let record = chain::canonical(&VerdictRecord::from(&verdict));
            let content = Content::Verdict(Sealed {
                repository: "acme/\u{202e}\"payments\"\n".to_owned(),
                record: Digest::of(&record),
                policy: Some(Digest::of(b"policy")),
                evidence: None,
            });
            let entry = Entry::after(last, Moment::from_seconds(number * 86_400), content);
            let stored = Stored { hash: entry.hash(), entry, record: Some(record) };
            file.extend(chain::write(&stored).unwrap());
            last = Some(stored.entry.link());
        }
        (file, last.unwrap())
    }

    fn verified(file: &[u8], known: Link) -> Result<Result<Verified, Broken>, Box<Diagnostic>> {
        verify(entries(file, "chain.jsonl".to_owned()), Some(known))
    }

    #[test]
    fn a_chain_is_read_as_it_was_written() {
        let (file, last) = written();
        let verified = verified(&file, last).unwrap().unwrap();
        assert_eq!((verified.entries, verified.last), (2, last));
    }

    #[test]
    fn a_line_that_is_damaged_is_named() {
        let (file, last) = written();
        let cut = verified(&file[..file.len() - 1], last).unwrap_err();
        assert_eq!((cut.origin.line, cut.code), (2, Code::BadRecord));
        assert!(cut.message.raw().contains("cut off"), "{}", cut.message.raw());
        let first_line = file.iter().position(|byte| *byte == b'\n').unwrap();
        for spelled_otherwise in [[b" ".as_slice(), &file].concat(), [&file[..first_line], b"\r\n"].concat()]
        {
            let error = verified(&spelled_otherwise, last).unwrap_err();
            assert_eq!(error.origin.line, 1, "{}", error.message.raw());
        }
        assert!(verified(b"", last).unwrap().is_err());
        assert!(open(Path::new("/nowhere/at/all")).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn a_byte_that_changes_anywhere_is_found(at in any::<prop::sample::Index>(), flip in 1_u8..) {
            let (mut file, last) = written();
            let at = at.index(file.len());
            file[at] ^= flip;
            let answer = verified(&file, last);
            prop_assert!(!matches!(answer, Ok(Ok(_))), "byte {at} of {}", file.len());
        }

        #[test]
        fn bytes_that_are_taken_out_or_put_in_are_found(
            at in any::<prop::sample::Index>(), bytes in prop::collection::vec(any::<u8>(), 1..4), cut in 1_usize..5
        ) {
            let (file, last) = written();
            let at = at.index(file.len());
            let inserted = [&file[..at], &bytes, &file[at..]].concat();
            prop_assert!(!matches!(verified(&inserted, last), Ok(Ok(_))));
            let mut removed = file.clone();
            removed.drain(at..(at + cut).min(file.len()));
            prop_assert!(!matches!(verified(&removed, last), Ok(Ok(_))));
        }
    }
}
