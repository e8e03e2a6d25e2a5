//! Compressed reports: gcov writes `*.gcov.json.gz`, and artifacts keep others so.

use flate2::read::MultiGzDecoder;
use std::io::{self, Read};

/// How a compressed file begins.
pub(super) const MAGIC: &[u8] = b"\x1f\x8b";

/// Below this size a file may expand as far as the format can.
const FREE_BYTES: u64 = 64 << 20;
/// Reports expand some 20-fold, of the same line over and over some 300-fold.
const MOST_EXPANSION: u64 = 500;

/// The bytes of a compressed stream, as long as it does not expand beyond reason.
pub(super) struct Inflate<R> {
    decoder: MultiGzDecoder<Counted<R>>,
    produced: u64,
}

/// Counts what is read of the compressed stream.
struct Counted<R> {
    reader: R,
    consumed: u64,
}

impl<R: Read> Inflate<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { decoder: MultiGzDecoder::new(Counted { reader, consumed: 0 }), produced: 0 }
    }
}

impl<R: Read> Read for Inflate<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.decoder.read(into)?;
        self.produced += count as u64;
        let consumed = self.decoder.get_ref().consumed;
        if self.produced > FREE_BYTES && self.produced / MOST_EXPANSION > consumed {
            let message = format!("the compressed file expands more than {MOST_EXPANSION}-fold");
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
        }
        Ok(count)
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(into)?;
        self.consumed += count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnostic::Code;
    use crate::formats::{Source, SourceError};
    use flate2::{Compression, GzBuilder};
    use std::io::Write as _;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzBuilder::new().write(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn read_all(bytes: &[u8]) -> Result<Vec<u8>, SourceError> {
        let mut source = Source::from_bytes(bytes);
        let mut text = Vec::new();
        loop {
            text.extend_from_slice(source.available());
            source.consume(source.available().len());
            if source.fill()? == 0 {
                return Ok(text);
            }
        }
    }

    #[test]
    fn a_compressed_report_is_read_as_what_it_holds() {
        let text = "{\"k\": \"v\"}\n".repeat(100_000);
        assert_eq!(read_all(&gzip(text.as_bytes())).unwrap(), text.as_bytes());
        let parts = [gzip(b"one "), gzip(b"two")].concat();
        assert_eq!(read_all(&parts).unwrap(), b"one two");
        let wide: Vec<u8> =
            [0xff, 0xfe].into_iter().chain("{\u{e9}}".encode_utf16().flat_map(u16::to_le_bytes)).collect();
        assert_eq!(read_all(&gzip(&wide)).unwrap(), "{\u{e9}}".as_bytes());
    }

    #[test]
    fn a_compressed_report_that_is_cut_or_damaged_is_an_error() {
        let whole = gzip("some text that is not repeated: 0123456789".as_bytes());
        assert_eq!(read_all(&whole[..whole.len() - 6]).unwrap_err().code, Code::CutOff);
        let mut damaged = whole.clone();
        let middle = damaged.len() / 2;
        damaged[middle] ^= 0xff;
        assert!(matches!(read_all(&damaged).unwrap_err().code, Code::Malformed | Code::CutOff));
        assert_eq!(read_all(b"\x1f\x8bbut no compressed file behind it").unwrap_err().code, Code::Malformed);
    }

    #[test]
    fn a_bomb_is_refused() {
        let bomb = gzip(&vec![b' '; 100 << 20]);
        let mut source = Source::from_bytes(&bomb);
        let error = loop {
            source.consume(source.available().len());
            match source.fill() {
                Ok(0) => panic!("the bomb was read"),
                Ok(_) => {}
                Err(error) => break error,
            }
        };
        assert_eq!(error.code, Code::ReportTooLarge);
    }
}
