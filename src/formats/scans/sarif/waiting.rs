//! Results that wait, small, until their tool is known.

use super::super::findings::{Collector, Strings, Texts};
use super::package::{Named, Way};
use super::result::RawResult;
use super::wire::{Level, ResultKind};
use crate::formats::Context;
use std::collections::HashMap;
use std::sync::Arc;

/// What decides the severity of a result: all results with the same key have the same severity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) rule_id: u32,
    pub(super) rule_guid: u32,
    pub(super) rule_index: i32,
    pub(super) component_guid: u32,
    pub(super) component_index: i32,
    pub(super) level: Level,
    pub(super) kind: ResultKind,
    pub(super) invocation: i32,
    pub(super) security_severity: u32,
}

/// How often a key occurs.
#[derive(Debug, Default)]
pub(super) struct KeyCounts {
    pub(super) active: u64,
    pub(super) suppressed: u64,
    /// How many of both wait as [`Pending`].
    pub(super) pending_active: u64,
    pub(super) pending_suppressed: u64,
    texts: u32,
}

/// A location as a result names it: numbers of its texts, and the index of its artifact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Spot {
    pub(super) uri: u32,
    pub(super) uri_base: u32,
    pub(super) artifact: i32,
}

/// A result that waits for its tool.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) key: u32,
    /// Index of its location.
    pub(super) spot: u32,
    pub(super) line: u32,
    /// Index of its package; `u32::MAX` for none.
    pub(super) package: u32,
    pub(super) suppressed: bool,
    /// The text of its message, if it is kept: most findings take it over as it is.
    pub(super) text: Option<Arc<str>>,
    pub(super) more: Option<Box<More>>,
    pub(super) fingerprint: u64,
    pub(super) line_hash: u64,
    pub(super) snippet: u64,
    pub(super) message: u64,
}

/// The package of a result.
#[derive(Clone, Copy, Debug)]
pub(super) struct PendingPackage {
    pub(super) way: Way,
    pub(super) name: u32,
    pub(super) version: u32,
    pub(super) ecosystem: u32,
    pub(super) has_fix: bool,
}

/// What few results have for people to read beside the text of their message.
#[derive(Debug)]
pub(super) struct More {
    /// Id of the message.
    pub(super) id: String,
    pub(super) arguments: Vec<String>,
    pub(super) suppressed_by: &'static str,
    pub(super) justification: String,
}

/// What the runs of a file may still keep, together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    /// Active findings that can still be kept.
    active: usize,
    /// Suppressed ones.
    suppressed: usize,
    /// How many bytes of text were kept.
    text_bytes: usize,
}

impl Default for Room {
    fn default() -> Self {
        Self { active: Collector::MOST, suppressed: Collector::MOST_SUPPRESSED, text_bytes: 0 }
    }
}

/// The results of a run while it is read.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    strings: Strings,
    keys: HashMap<Key, u32>,
    spot_numbers: HashMap<Spot, u32>,
    room: Room,
    gathered: Gathered,
}

/// The results of a run that was read, without what only finds a text, a key or a location again.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) texts: Texts,
    pub(super) key_counts: Vec<(Key, KeyCounts)>,
    pub(super) spots: Vec<Spot>,
    /// In pieces, so that each can be given back as soon as it has become findings.
    pub(super) pending: Vec<Vec<Pending>>,
    pub(super) packages: Vec<PendingPackage>,
    /// Results that were counted without a key: they are no objects, or there are too many kinds of them.
    pub(super) unknown: u64,
}

/// Above this, further texts are kept only for rules that have few.
const SOFT_TEXT_BYTES: usize = 1 << 20;
/// Above this, none is.
const HARD_TEXT_BYTES: usize = 3 << 20;
/// What a text counts for beside its bytes, so that short ones do not become too many.
const BYTES_OF_A_TEXT: usize = 112;
/// The most texts of one rule.
const MOST_TEXTS_OF_A_KEY: u32 = 100;
/// How many texts a rule may have when many were kept already.
const FEW_TEXTS_OF_A_KEY: u32 = 4;
/// How many results wait in one piece of memory.
const PIECE: usize = 4096;
/// The most different keys; more are hostile.
const MOST_KEYS: usize = 50_000;

impl Waiting {
    /// Results that may keep this much.
    pub(super) fn new(room: Room) -> Self {
        Self { room, ..Self::default() }
    }

    /// What may still be kept.
    pub(super) const fn room(&self) -> Room {
        self.room
    }

    /// Counts a result that is no object.
    pub(super) const fn add_unknown(&mut self) {
        self.gathered.unknown += 1;
    }

    /// The results, when their run is read. Nothing is looked for by its text any more, so the tables for that go
    /// before the findings come.
    pub(super) fn close(self) -> Gathered {
        Gathered { texts: self.strings.close(), ..self.gathered }
    }

    /// Counts a result that counts, and keeps it while there is room.
    pub(super) fn add(&mut self, result: &RawResult, context: &Context) {
        let Some(key) = self.key(result) else {
            self.gathered.unknown += 1;
            return;
        };
        let suppressed = result.suppressions.suppress();
        let (text, more) = self.keep_text(key, result, suppressed, context).unzip();
        let Some((_, counts)) =
            usize::try_from(key).ok().and_then(|key| self.gathered.key_counts.get_mut(key))
        else {
            return;
        };
        let room = if suppressed {
            counts.suppressed += 1;
            self.room.suppressed > 0
        } else {
            counts.active += 1;
            self.room.active > 0
        };
        if !room || !context.keep_identities {
            return;
        }
        // A package is kept when its location is: what is not kept with a result is not kept at all.
        let named = result.package();
        let package = named.map(|named| pending_package(&mut self.strings, named));
        if matches!(package, Some(None)) {
            return;
        }
        let Some(spot) = self.spot(result) else { return };
        let Some(package) = package.flatten().map_or(Some(u32::MAX), |package| self.package(package)) else {
            return;
        };
        let Some((_, counts)) =
            usize::try_from(key).ok().and_then(|key| self.gathered.key_counts.get_mut(key))
        else {
            return;
        };
        if suppressed {
            counts.pending_suppressed += 1;
            self.room.suppressed -= 1;
        } else {
            counts.pending_active += 1;
            self.room.active -= 1;
        }
        let pending = Pending {
            key,
            spot,
            line: result.line,
            package,
            suppressed,
            text,
            more: more.flatten(),
            fingerprint: result.fingerprint(),
            line_hash: result.line_hash,
            snippet: result.snippet,
            message: result.message_hash(),
        };
        match self.gathered.pending.last_mut().filter(|piece| piece.len() < PIECE) {
            Some(piece) => piece.push(pending),
            None => {
                let mut piece = Vec::with_capacity(PIECE);
                piece.push(pending);
                self.gathered.pending.push(piece);
            }
        }
    }

    fn key(&mut self, result: &RawResult) -> Option<u32> {
        let key = Key {
            rule_id: self.strings.intern(result.own_rule_id())?,
            rule_guid: self.strings.intern(&result.rule.guid)?,
            rule_index: result.own_rule_index(),
            component_guid: self.strings.intern(&result.rule.component_guid)?,
            component_index: result.rule.component_index,
            level: result.level,
            kind: result.kind,
            invocation: result.invocation,
            security_severity: self.strings.intern(&result.security_severity)?,
        };
        if let Some(&known) = self.keys.get(&key) {
            return Some(known);
        }
        if self.keys.len() >= MOST_KEYS {
            return None;
        }
        let index = u32::try_from(self.gathered.key_counts.len()).ok()?;
        self.gathered.key_counts.push((key, KeyCounts::default()));
        self.keys.insert(key, index);
        Some(index)
    }

    /// The index of a result's location; `None` if there is no room for its texts.
    fn spot(&mut self, result: &RawResult) -> Option<u32> {
        let spot = Spot {
            uri: self.strings.intern(&result.uri)?,
            uri_base: self.strings.intern(&result.uri_base)?,
            artifact: result.artifact,
        };
        if let Some(&known) = self.spot_numbers.get(&spot) {
            return Some(known);
        }
        let index = u32::try_from(self.gathered.spots.len()).ok()?;
        self.gathered.spots.push(spot);
        self.spot_numbers.insert(spot, index);
        Some(index)
    }

    /// The index of a package of a result.
    fn package(&mut self, package: PendingPackage) -> Option<u32> {
        let index = u32::try_from(self.gathered.packages.len()).ok()?;
        self.gathered.packages.push(package);
        Some(index)
    }

    /// Keeps what people read, fairly: which results are the worst is not known before the tool is.
    fn keep_text(
        &mut self,
        key: u32,
        result: &RawResult,
        suppressed: bool,
        context: &Context,
    ) -> Option<(Arc<str>, Option<Box<More>>)> {
        let counts = usize::try_from(key).ok().and_then(|key| self.gathered.key_counts.get_mut(key));
        let (_, counts) = counts.filter(|_| context.keep_identities)?;
        let most =
            if self.room.text_bytes < SOFT_TEXT_BYTES { MOST_TEXTS_OF_A_KEY } else { FEW_TEXTS_OF_A_KEY };
        if counts.texts >= most || self.room.text_bytes >= HARD_TEXT_BYTES {
            return None;
        }
        let message = &result.message;
        let arguments: usize =
            message.arguments.iter().map(|argument| argument.len() + size_of::<String>()).sum();
        let justification =
            if suppressed { result.suppressions.justification.clone() } else { String::new() };
        let text = context.cap(&message.text).0;
        self.room.text_bytes +=
            BYTES_OF_A_TEXT + text.len() + message.id.len() + arguments + justification.len();
        counts.texts += 1;
        let is_plain = message.id.is_empty() && message.arguments.is_empty() && !suppressed;
        let more = || More {
            id: message.id.clone(),
            arguments: message.arguments.clone(),
            suppressed_by: if suppressed { result.suppressions.by() } else { "" },
            justification,
        };
        Some((text.into(), (!is_plain).then(|| Box::new(more()))))
    }
}

fn pending_package(strings: &mut Strings, named: Named<'_>) -> Option<PendingPackage> {
    Some(PendingPackage {
        way: named.way,
        name: strings.intern(named.name)?,
        version: strings.intern(named.version)?,
        ecosystem: strings.intern(&named.ecosystem.to_ascii_lowercase())?,
        has_fix: named.has_fix,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_to_no_result_that_waits_is_not_kept() {
        let context = Context::default();
        let mut waiting = Waiting::new(Room::default());
        let mut result = RawResult::default();
        for n in 0..40_000 {
            result.uri = format!("{n:0>400}");
            result.purl = format!("pkg:npm/p{n:0>400}");
            waiting.add(&result, &context);
        }
        // There is no more room for texts: new locations of old names, and old locations with new names.
        for n in 0..1_000 {
            (result.uri, result.artifact) = (format!("{:0>400}", 1), n);
            result.purl = format!("pkg:npm/q{n:0>400}");
            waiting.add(&result, &context);
            (result.uri, result.artifact) = (format!("q{n:0>400}"), 0);
            result.purl = format!("pkg:npm/p{:0>400}", 1);
            waiting.add(&result, &context);
        }
        let gathered = waiting.close();
        let waits: usize = gathered.pending.iter().map(Vec::len).sum();
        assert!((1_000..40_000).contains(&waits), "{waits}");
        assert_eq!((gathered.spots.len(), gathered.packages.len()), (waits, waits));
        let counted: u64 = gathered.key_counts.iter().map(|(_, counts)| counts.active).sum();
        assert_eq!(counted, 42_000);
    }
}
