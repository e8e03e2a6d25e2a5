//! Objects, whose keys may stand only once where they are fields.

use super::{Json, JsonKind};
use crate::diagnostic::Code;
use crate::formats::ParseError;
use std::collections::HashSet;
use std::hash::BuildHasher as _;

/// The longest key.
const MAX_KEY: usize = 64 * 1024;
/// The most keys of an object whose keys are all checked for repeats.
const MAX_KEYS: usize = 4096;

impl Json<'_, '_> {
    /// Takes an object; with `each_once`, a key that stands twice is an error. Entries that `plain` takes before a key
    /// (see [`Json::entries_in_form`]) are not looked at.
    pub(super) fn object_with(
        &mut self,
        each_once: bool,
        mut plain: impl FnMut(&[u8]) -> usize,
        mut field: impl FnMut(&mut Self, &str) -> Result<(), ParseError>,
    ) -> Result<bool, ParseError> {
        if self.kind()? != JsonKind::Object {
            self.skip()?;
            return Ok(false);
        }
        self.open()?;
        let mut seen = SeenKeys::default();
        let mut key = self.key_buffers.pop().unwrap_or_default();
        if self.window.token_inside()? != b'}' {
            loop {
                self.window.pass(plain(self.window.rest()));
                self.window.expect(b'"', "a key")?;
                if self.window.read_string(&mut key, MAX_KEY)? {
                    let message = format!("a key of more than {MAX_KEY} bytes");
                    return Err(self.error(Code::TokenTooLong, message));
                }
                let name = key.as_str();
                if each_once && !seen.insert(hash(name)) {
                    let message = format!("the key `{}` stands twice in one object", shorten(name));
                    return Err(self.error(Code::Malformed, message));
                }
                if seen.len() > MAX_KEYS {
                    let message = format!("an object has more than {MAX_KEYS} keys");
                    return Err(self.error(Code::Malformed, message));
                }
                self.window.expect(b':', "`:`")?;
                self.due = true;
                field(self, name)?;
                if self.due {
                    self.skip()?;
                }
                if self.window.token_inside()? != b',' {
                    break;
                }
                self.window.bump();
            }
        }
        self.window.expect(b'}', "`,` or `}`")?;
        self.key_buffers.push(key);
        self.depth -= 1;
        self.due = false;
        Ok(true)
    }
}

/// Hashes of the keys of one object: a few in place, many in a set.
#[derive(Default)]
struct SeenKeys {
    /// One of 64 bits of each hash: a key whose bit is not there is not known.
    bits: u64,
    few: [u64; 16],
    count: usize,
    many: Option<HashSet<u64>>,
}

impl SeenKeys {
    /// False if the key was there. Two keys with one hash count as a repeat: the report is refused, not passed.
    fn insert(&mut self, hash: u64) -> bool {
        let bit = 1 << (hash >> 58);
        if self.bits & bit != 0 {
            let known = self.few.get(..self.count.min(self.few.len())).unwrap_or_default();
            if known.contains(&hash) {
                return false;
            }
        }
        self.bits |= bit;
        if let Some(slot) = self.few.get_mut(self.count) {
            *slot = hash;
        } else if !self.many.get_or_insert_default().insert(hash) {
            return false;
        }
        self.count += 1;
        true
    }

    fn len(&self) -> usize {
        self.count
    }
}

/// A hash that is fast on the short keys of reports. Whoever makes two keys of one hash has only made a report that
/// is refused.
fn hash(key: &str) -> u64 {
    foldhash::quality::FixedState::default().hash_one(key)
}

fn shorten(text: &str) -> String {
    text.chars().take(60).collect()
}
