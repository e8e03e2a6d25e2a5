//! The lines of one file and their hits.

use super::sorted::Sorted;
use crate::model::Ratio;
use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Serialize, Serializer};
use std::collections::BTreeMap;
use std::num::NonZeroU32;

/// One line that can be covered, and how often it ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineHits {
    /// 1-based line of the file.
    pub line: NonZeroU32,
    /// How often it ran, saturating; 0 is a miss. A line that cannot run is absent, never 0.
    pub hits: u64,
}

/// The lines of one file that can be covered, in 4 to 8 bytes each.
///
/// Adding a line that is there already adds its hits (coverage.md b.1). Memory follows the number of lines,
/// never the largest line number.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    store: Store,
    /// Hits that do not fit into the store, whose largest value stands for them there.
    large: BTreeMap<u32, u64>,
}

/// Takes lines that come in order; see [`Lines::in_order`].
#[derive(Debug)]
pub struct InOrder<'l> {
    lines: &'l mut Sorted<u16, u16>,
    /// The last line that is there; 0 if there is none.
    last: u16,
}

impl InOrder<'_> {
    /// Adds a line behind all others. False, and nothing added, if it is not behind them or too large.
    #[inline]
    pub fn push(&mut self, line: u32, hits: u32) -> bool {
        match (u16::try_from(line), u16::try_from(hits)) {
            (Ok(line), Ok(hits)) if line > self.last && hits < u16::MAX => {
                self.last = line;
                self.lines.append(line, hits);
                true
            }
            _ => false,
        }
    }
}

/// Nearly every file has fewer than 65,536 lines, and nearly every line fewer hits: half the memory.
#[derive(Clone, Debug)]
enum Store {
    Narrow(Sorted<u16, u16>),
    Wide(Sorted<u32, u32>),
}

impl Default for Store {
    fn default() -> Self {
        Self::Narrow(Sorted::default())
    }
}

impl Lines {
    /// Adds `hits` to a line, and makes the line coverable if it was not.
    #[inline]
    pub fn add(&mut self, line: NonZeroU32, hits: u64) {
        // Nearly all lines come in order and small: this is the path that decides the speed of reading.
        if let (Store::Narrow(lines), Ok(key), Ok(narrow)) =
            (&mut self.store, u16::try_from(line.get()), u16::try_from(hits))
            && narrow < u16::MAX
            && lines.push(key, narrow)
        {
            return;
        }
        self.upsert(line, |old| old.unwrap_or(0).saturating_add(hits));
    }

    /// Takes lines that come in order and are small, for a reader of large reports; `None` if a line is here for
    /// which there is no room in that form.
    pub fn in_order(&mut self) -> Option<InOrder<'_>> {
        match &mut self.store {
            Store::Narrow(lines) => Some(InOrder { last: lines.last().copied().unwrap_or(0), lines }),
            Store::Wide(_) => None,
        }
    }

    /// Sets a line to the larger of its hits and `hits`.
    pub fn at_least(&mut self, line: NonZeroU32, hits: u64) {
        self.upsert(line, |old| old.unwrap_or(0).max(hits));
    }

    /// The hits of a line; `None` if it cannot be covered.
    pub fn get(&self, line: NonZeroU32) -> Option<u64> {
        let line = line.get();
        match &self.store {
            Store::Narrow(lines) => {
                let hits = *lines.get(&u16::try_from(line).ok()?)?;
                Some(self.widen_narrow(line, hits))
            }
            Store::Wide(lines) => lines.get(&line).map(|&hits| self.widen(line, hits)),
        }
    }

    /// All lines in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = LineHits> + '_ {
        let (narrow, wide) = match &self.store {
            Store::Narrow(lines) => (Some(lines.iter()), None),
            Store::Wide(lines) => (None, Some(lines.iter())),
        };
        let narrow = narrow.into_iter().flatten().map(|(&line, &hits)| {
            let line = u32::from(line);
            (line, self.widen_narrow(line, hits))
        });
        let wide = wide.into_iter().flatten().map(|(&line, &hits)| (line, self.widen(line, hits)));
        narrow.chain(wide).filter_map(|(line, hits)| Some(LineHits { line: NonZeroU32::new(line)?, hits }))
    }

    /// How many lines can be covered.
    pub fn len(&self) -> usize {
        match &self.store {
            Store::Narrow(lines) => lines.len(),
            Store::Wide(lines) => lines.len(),
        }
    }

    /// True if no line can be covered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Covered lines of all lines.
    pub fn ratio(&self) -> Ratio {
        let part = match &self.store {
            Store::Narrow(lines) => lines.count(|hits| *hits > 0),
            Store::Wide(lines) => lines.count(|hits| *hits > 0),
        };
        Ratio { part: part as u64, whole: self.len() as u64 }
    }

    /// The largest line, if there is one.
    pub fn last(&self) -> Option<u32> {
        match &self.store {
            Store::Narrow(lines) => lines.last().map(|&line| u32::from(line)),
            Store::Wide(lines) => lines.last().copied(),
        }
    }

    /// Gives back the memory that growing left over; call once a file is complete.
    pub fn shrink(&mut self) {
        match &mut self.store {
            Store::Narrow(lines) => lines.settle(),
            Store::Wide(lines) => lines.settle(),
        }
    }

    /// Takes everything out into memory of exactly its size, and keeps the room for the next file.
    pub(super) fn take_settled(&mut self) -> Self {
        let large = std::mem::take(&mut self.large);
        match &mut self.store {
            Store::Narrow(lines) => Self { store: Store::Narrow(lines.take_settled()), large },
            Store::Wide(_) => {
                let mut lines = std::mem::take(self);
                lines.large = large;
                lines.shrink();
                lines
            }
        }
    }

    fn widen_narrow(&self, line: u32, hits: u16) -> u64 {
        if hits == u16::MAX { self.large_hits(line, u64::from(hits)) } else { u64::from(hits) }
    }

    fn widen(&self, line: u32, hits: u32) -> u64 {
        if hits == u32::MAX { self.large_hits(line, u64::from(hits)) } else { u64::from(hits) }
    }

    fn large_hits(&self, line: u32, least: u64) -> u64 {
        self.large.get(&line).copied().unwrap_or(least)
    }

    fn upsert(&mut self, line: NonZeroU32, update: impl Fn(Option<u64>) -> u64) {
        let line = line.get();
        if let Store::Narrow(lines) = &mut self.store {
            // A tree's entry takes several times the room that the narrow form saves.
            let worth_it = self.large.len() <= 16 + lines.len() / 8;
            if let (Ok(key), true) = (u16::try_from(line), worth_it) {
                let large = &mut self.large;
                lines.upsert(key, |old| {
                    let old = old.map(|&hits| match hits {
                        u16::MAX => large.get(&line).copied().unwrap_or(u64::from(hits)),
                        hits => u64::from(hits),
                    });
                    let hits = update(old);
                    let narrow = u16::try_from(hits).unwrap_or(u16::MAX);
                    if narrow == u16::MAX {
                        large.insert(line, hits);
                    }
                    narrow
                });
                return;
            }
            self.make_wide();
        }
        if let Store::Wide(lines) = &mut self.store {
            let large = &mut self.large;
            lines.upsert(line, |old| {
                let old = old.map(|&hits| match hits {
                    u32::MAX => large.get(&line).copied().unwrap_or(u64::from(hits)),
                    hits => u64::from(hits),
                });
                let hits = update(old);
                let wide = u32::try_from(hits).unwrap_or(u32::MAX);
                if wide == u32::MAX {
                    large.insert(line, hits);
                }
                wide
            });
        }
    }

    fn make_wide(&mut self) {
        let mut wide = Sorted::default();
        let mut large = BTreeMap::new();
        for LineHits { line, hits } in self.iter() {
            let narrow = u32::try_from(hits).unwrap_or(u32::MAX);
            if narrow == u32::MAX {
                large.insert(line.get(), hits);
            }
            wide.upsert(line.get(), |_| narrow);
        }
        *self = Self { store: Store::Wide(wide), large };
    }
}

impl PartialEq for Lines {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

impl Eq for Lines {}

/// Stored as `[[line, hits], …]`, ascending.
impl Serialize for Lines {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(|line| (line.line, line.hits)))
    }
}

impl<'de> Deserialize<'de> for Lines {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut lines = Self::default();
        let mut last = 0;
        for (line, hits) in Vec::<(NonZeroU32, u64)>::deserialize(deserializer)? {
            if line.get() <= last {
                return Err(D::Error::custom("lines of coverage are not in ascending order"));
            }
            last = line.get();
            lines.add(line, hits);
        }
        lines.shrink();
        Ok(lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn line(number: u32) -> NonZeroU32 {
        NonZeroU32::new(number).unwrap()
    }

    #[test]
    fn a_line_that_stands_twice_has_the_sum_of_its_hits() {
        let mut lines = Lines::default();
        lines.add(line(7), 1);
        lines.add(line(3), 0);
        lines.add(line(7), 2);
        assert_eq!(lines.get(line(7)), Some(3));
        assert_eq!(lines.get(line(4)), None);
        assert_eq!(lines.ratio(), Ratio { part: 1, whole: 2 });
    }

    #[test]
    fn hits_saturate_and_keep_their_64_bits() {
        let mut lines = Lines::default();
        lines.add(line(1), u64::from(u32::MAX));
        lines.add(line(2), u64::MAX);
        lines.add(line(2), 5);
        lines.add(line(1), 1);
        assert_eq!(lines.get(line(1)), Some(u64::from(u32::MAX) + 1));
        assert_eq!(lines.get(line(2)), Some(u64::MAX));
    }

    #[test]
    fn the_largest_line_number_takes_no_more_room_than_any_other() {
        let mut lines = Lines::default();
        lines.add(line(u32::MAX), 1);
        lines.add(line(1), 70_000);
        assert_eq!((lines.len(), lines.last()), (2, Some(u32::MAX)));
        assert_eq!(lines.get(line(1)), Some(70_000));
    }

    #[test]
    fn two_maps_with_the_same_lines_are_equal_however_they_are_stored() {
        let mut narrow = Lines::default();
        narrow.add(line(1), 5);
        let mut wide = Lines::default();
        wide.add(line(1), 5);
        wide.make_wide();
        assert_eq!(narrow, wide);
        assert_eq!(serde_json::to_string(&wide).unwrap(), "[[1,5]]");
        assert_eq!(serde_json::from_str::<Lines>("[[1,5]]").unwrap(), narrow);
        assert!(serde_json::from_str::<Lines>("[[2,1],[1,5]]").is_err());
        assert!(serde_json::from_str::<Lines>("[[0,1]]").is_err());
    }

    fn any_hits() -> impl Strategy<Value = u64> {
        prop_oneof![0_u64..3, 65_530_u64..65_540, Just(u64::from(u32::MAX)), Just(u64::MAX)]
    }

    proptest! {
        #[test]
        fn lines_hold_what_a_tree_holds(
            adds in proptest::collection::vec((prop_oneof![1_u32..200, 65_530_u32..65_540], any_hits()), 0..300)
        ) {
            let mut lines = Lines::default();
            let mut tree: BTreeMap<u32, u64> = BTreeMap::new();
            for (number, hits) in adds {
                lines.add(line(number), hits);
                let entry = tree.entry(number).or_default();
                *entry = entry.saturating_add(hits);
            }
            prop_assert_eq!(lines.last(), tree.keys().last().copied());
            let got: Vec<(u32, u64)> = lines.iter().map(|hit| (hit.line.get(), hit.hits)).collect();
            prop_assert_eq!(&got, &tree.into_iter().collect::<Vec<_>>());
            for (number, hits) in got {
                prop_assert_eq!(lines.get(line(number)), Some(hits));
            }
        }
    }
}
