//! Text and attribute values: references, line ends, repairs.

use super::words;
use crate::diagnostic::{Code, Weight};
use crate::formats::{Context, Position, Source};
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::BytesRef;

/// A piece of text or of a CDATA section. No reference, character or line end is split between two pieces.
#[derive(Clone, Copy, Debug)]
pub struct Text<'e> {
    source: &'e Source<'e>,
    at: usize,
    raw: &'e [u8],
    cdata: bool,
}

impl<'e> Text<'e> {
    pub(super) fn new(source: &'e Source<'_>, at: usize, raw: &'e [u8], cdata: bool) -> Self {
        Self { source, at, raw, cdata }
    }

    /// The bytes as written.
    pub fn raw(&self) -> &'e [u8] {
        self.raw
    }

    /// True if only white space stands here; CDATA never counts as that.
    pub fn is_space(&self) -> bool {
        !self.cdata && self.raw.iter().all(u8::is_ascii_whitespace)
    }

    /// Appends the text to `out` until that holds `cap` bytes; behind that nothing is even looked at. True if
    /// something was left out. What had to be repaired is said in `context`.
    pub fn append_to(&self, out: &mut String, cap: usize, context: &mut Context) -> bool {
        let mode = if self.cdata { Mode::Cdata } else { Mode::Text };
        let repairs = decode(self.raw, mode, out, cap);
        repairs.report(context, || self.position());
        repairs.cut
    }

    /// Where the piece begins. Costs a look over the window.
    pub fn position(&self) -> Position {
        self.source.position_at(self.at)
    }
}

/// What rules hold for a stretch of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Text,
    Cdata,
    Attribute,
}

/// What had to be done to make text of bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Repairs {
    /// Something was left out because of the cap.
    pub(super) cut: bool,
    /// A reference that nothing explains was kept as written: the first one.
    pub(super) unknown_entity: Option<String>,
    /// A control character, raw or as a reference, became U+FFFD.
    pub(super) illegal: Option<u32>,
    /// Bytes that are no UTF-8 became U+FFFD.
    pub(super) not_utf8: bool,
}

impl Repairs {
    /// Warns of each kind of repair.
    pub(super) fn report(&self, context: &mut Context, position: impl Fn() -> Position) {
        if let Some(entity) = &self.unknown_entity {
            let message = || format!("`{entity}` is no reference that XML knows; kept as written");
            context.warn_with(Code::UnknownEntity, Weight::Warning, message, &position);
        }
        if let Some(code) = self.illegal {
            let message = || format!("the character U+{code:04X} may not stand in XML; replaced");
            context.warn_with(Code::IllegalCharacter, Weight::Warning, message, &position);
        }
        if self.not_utf8 {
            let message = || "bytes that are no UTF-8 were replaced".to_owned();
            context.warn_with(Code::BadEncoding, Weight::Warning, message, &position);
        }
    }
}

/// The value if it is text that means itself: no reference, no control character, valid UTF-8.
pub(super) fn plain(raw: &[u8]) -> Option<&str> {
    // Without a way out the loop works on many bytes at once.
    let special = raw.iter().fold(false, |special, byte| special | (*byte < 0x20) | (*byte == b'&'));
    if special { None } else { std::str::from_utf8(raw).ok() }
}

/// Makes text of bytes and appends it to `out` until that holds `cap` bytes.
pub(super) fn decode(raw: &[u8], mode: Mode, out: &mut String, cap: usize) -> Repairs {
    let mut repairs = Repairs::default();
    let cap = cap.max(out.len());
    let mut rest = raw;
    while let Some(first) = rest.first() {
        let room = cap.saturating_sub(out.len());
        let run = plain_run(rest.get(..room).unwrap_or(rest), mode);
        if run > 0 || room == 0 {
            let run = whole_characters(rest, run);
            let (text, behind) = rest.split_at_checked(run).unwrap_or((rest, &[]));
            push_utf8(text, out, &mut repairs);
            rest = behind;
            if run == 0 {
                repairs.cut = true;
                break;
            }
            continue;
        }
        let taken = match first {
            b'&' => reference(rest, out, &mut repairs),
            b'\r' => {
                out.push(if mode == Mode::Attribute { ' ' } else { '\n' });
                1 + usize::from(rest.get(1) == Some(&b'\n'))
            }
            b'\n' | b'\t' => {
                out.push(' ');
                1
            }
            other => {
                repairs.illegal.get_or_insert(u32::from(*other));
                out.push(char::REPLACEMENT_CHARACTER);
                1
            }
        };
        rest = rest.get(taken..).unwrap_or_default();
    }
    if out.len() > cap {
        // A replacement may be longer than what it replaces.
        repairs.cut = true;
        let mut end = cap;
        while !out.is_char_boundary(end) {
            end -= 1;
        }
        out.truncate(end);
    }
    repairs
}

/// How many bytes at the beginning mean themselves.
fn plain_run(bytes: &[u8], mode: Mode) -> usize {
    const BLOCK: usize = 32;
    let special = |byte: u8| match byte {
        b'&' => mode != Mode::Cdata,
        b'\n' | b'\t' => mode == Mode::Attribute,
        other => other < 0x20,
    };
    // Blocks are looked at whole, many bytes at once; only the one that holds something is looked at closely.
    let calm = bytes.chunks_exact(BLOCK).take_while(|block| {
        !block.iter().fold(false, |any, byte| {
            any | ((*byte < 0x20) & (*byte != b'\n') & (*byte != b'\t')) | (*byte == b'&')
        }) && (mode != Mode::Attribute || !block.iter().fold(false, |any, byte| any | (*byte < 0x20)))
    });
    let mut run = calm.count() * BLOCK;
    loop {
        run += words::calm(bytes.get(run..).unwrap_or_default());
        match bytes.get(run) {
            Some(byte) if !special(*byte) => run += 1,
            Some(_) | None => return run,
        }
    }
}

/// Shortens a run that would end inside of a character.
fn whole_characters(bytes: &[u8], run: usize) -> usize {
    let inside = |at: usize| bytes.get(at).is_some_and(|byte| byte & 0xc0 == 0x80);
    let shorter = (0..4_usize).find_map(|back| {
        let at = run.checked_sub(back)?;
        (!inside(at)).then_some(at)
    });
    // Four continuation bytes in a row are no character at all: cut anywhere.
    shorter.unwrap_or(run)
}

fn push_utf8(bytes: &[u8], out: &mut String, repairs: &mut Repairs) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        out.push_str(text);
        return;
    }
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            out.push(char::REPLACEMENT_CHARACTER);
            repairs.not_utf8 = true;
        }
    }
}

/// A reference (or a dangling ampersand) at the beginning of `rest`; returns how many bytes it took.
fn reference(rest: &[u8], out: &mut String, repairs: &mut Repairs) -> usize {
    let body = rest.get(1..LONGEST_REFERENCE.min(rest.len())).unwrap_or_default();
    let end = body
        .iter()
        .position(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'#' | b'_' | b'-' | b'.')));
    let name = match end {
        Some(end) if end > 0 && body.get(end) == Some(&b';') => body.get(..end).unwrap_or_default(),
        _ => {
            repairs.unknown_entity.get_or_insert_with(|| "&".to_owned());
            out.push('&');
            return 1;
        }
    };
    // Only ASCII was let through.
    let name = std::str::from_utf8(name).unwrap_or_default();
    if let Some(value) = resolve_xml_entity(name) {
        out.push_str(value);
    } else if let Some(digits) = name.strip_prefix('#').filter(|digits| is_number(digits)) {
        match BytesRef::new(name).resolve_char_ref() {
            Ok(Some(value)) if is_legal(value) => out.push(value),
            _ => {
                let code =
                    digits.strip_prefix('x').map_or(digits.parse(), |hex| u32::from_str_radix(hex, 16));
                repairs.illegal.get_or_insert(code.unwrap_or(u32::MAX));
                out.push(char::REPLACEMENT_CHARACTER);
            }
        }
    } else {
        repairs.unknown_entity.get_or_insert_with(|| format!("&{name};"));
        out.push('&');
        return 1;
    }
    name.len() + 2
}

fn is_number(digits: &str) -> bool {
    match digits.strip_prefix('x') {
        Some(hex) => !hex.is_empty() && hex.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()),
    }
}

/// XML 1.0 §2.2: the characters a document may hold.
const fn is_legal(value: char) -> bool {
    matches!(value, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// No reference is longer than this; what is longer is an ampersand that somebody forgot to escape.
const LONGEST_REFERENCE: usize = 64;

/// How much of a text whose end is not in the window can be handed over without splitting anything.
pub(super) fn whole_pieces(ahead: &[u8], is_last: bool) -> usize {
    if is_last {
        return ahead.len();
    }
    let tail = ahead.len().saturating_sub(LONGEST_REFERENCE);
    let end = ahead.get(tail..).and_then(|tail| memchr::memrchr(b'&', tail));
    match end {
        // A reference that is closed may be handed over.
        Some(index) if !ahead.get(tail + index..).is_some_and(|name| name.contains(&b';')) => tail + index,
        _ => whole_line_end(ahead, ahead.len()),
    }
}

/// The same for CDATA: its end mark must not be split either.
pub(super) fn whole_cdata(ahead: &[u8]) -> usize {
    let marks = ahead.iter().rev().take(2).take_while(|byte| **byte == b']').count();
    whole_line_end(ahead, ahead.len() - marks)
}

/// Leaves a trailing carriage return or half a character to the next piece.
fn whole_line_end(ahead: &[u8], end: usize) -> usize {
    let Some(last) = end.checked_sub(1).and_then(|last| ahead.get(last)) else { return end };
    if *last == b'\r' {
        return end - 1;
    }
    if *last < 0x80 {
        return end;
    }
    for back in 1..=4_usize {
        let Some(at) = end.checked_sub(back) else { break };
        let Some(byte) = ahead.get(at) else { break };
        let needs = match byte {
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            0x80..=0xbf => continue,
            _ => 1,
        };
        return if needs > back { at } else { end };
    }
    end
}
