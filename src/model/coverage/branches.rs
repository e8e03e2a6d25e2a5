//! The branches of one file.

use super::sorted::Sorted;
use crate::model::Ratio;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The branches of one file: by identity where the format gives one, else as counts per line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Branches {
    by_id: Ids,
    /// line → (taken, total), for formats that only count.
    by_count: Sorted<u32, (u32, u32)>,
}

/// Line and identity within the line, split so that it needs no padding.
type Id = (u32, [u32; 2]);

/// Branches with an identity: in six bytes those that small numbers name on one of the first 65,535 lines, which
/// nearly all are, the others in twelve.
#[derive(Clone, Debug, Default)]
struct Ids {
    /// Line and identity → taken.
    narrow: Sorted<(u16, u16), bool>,
    wide: Option<Box<Wide>>,
}

/// Those that were taken, and those that were missed or are among the taken ones, too.
#[derive(Clone, Debug, Default)]
struct Wide {
    taken: Sorted<Id, ()>,
    missed: Sorted<Id, ()>,
}

/// The short form of a branch: of its identity the lowest byte of each half, if there is no more.
#[inline]
fn narrow((line, [high, low]): Id) -> Option<(u16, u16)> {
    let ([0, 0, 0, high], [0, 0, 0, low]) = (high.to_be_bytes(), low.to_be_bytes()) else { return None };
    Some((u16::try_from(line).ok()?, u16::from_be_bytes([high, low])))
}

fn widened((line, id): (u16, u16)) -> Id {
    let [high, low] = id.to_be_bytes();
    (line.into(), [high.into(), low.into()])
}

impl Ids {
    #[inline]
    fn add(&mut self, id: Id, taken: bool) {
        let Some(narrow) = narrow(id) else { return self.wide.get_or_insert_default().add(id, taken) };
        if !self.narrow.push(narrow, taken) {
            self.narrow.upsert(narrow, |old| taken || old == Some(&true));
        }
    }

    /// Each branch once, ascending, and whether it was taken.
    fn iter(&self) -> impl Iterator<Item = (Id, bool)> {
        let mut narrow = self.narrow.iter().map(|(&id, &taken)| (widened(id), taken)).peekable();
        let mut wide = self.wide.iter().flat_map(|wide| wide.iter()).peekable();
        std::iter::from_fn(move || match (narrow.peek(), wide.peek()) {
            (Some(short), Some(long)) if long.0 < short.0 => wide.next(),
            (Some(_), _) => narrow.next(),
            (None, _) => wide.next(),
        })
    }

    fn ratio(&self) -> Ratio {
        let part = self.narrow.count(|taken| *taken);
        let mut ratio = Ratio { part: part as u64, whole: self.narrow.len() as u64 };
        for (_, taken) in self.wide.iter().flat_map(|wide| wide.iter()) {
            ratio.part += u64::from(taken);
            ratio.whole += 1;
        }
        ratio
    }

    /// How many records are kept: a branch in the long form that was missed and taken may count for two.
    fn len(&self) -> usize {
        self.narrow.len() + self.wide.as_ref().map_or(0, |wide| wide.taken.len() + wide.missed.len())
    }

    fn take_settled(&mut self) -> Self {
        let wide = self.wide.as_mut().filter(|wide| !wide.is_empty());
        let wide =
            wide.map(|wide| Wide { taken: wide.taken.take_settled(), missed: wide.missed.take_settled() });
        Self { narrow: self.narrow.take_settled(), wide: wide.map(Box::new) }
    }

    fn settle(&mut self) {
        self.narrow.settle();
        if let Some(wide) = &mut self.wide {
            wide.taken.settle();
            wide.missed.settle();
        }
    }
}

impl Wide {
    fn add(&mut self, id: Id, taken: bool) {
        let into = if taken { &mut self.taken } else { &mut self.missed };
        if !into.push(id, ()) {
            into.upsert(id, |_| ());
        }
    }

    fn is_empty(&self) -> bool {
        self.taken.is_empty() && self.missed.is_empty()
    }

    fn iter(&self) -> impl Iterator<Item = (Id, bool)> {
        let mut taken = self.taken.iter().map(|(id, ())| *id).peekable();
        let mut missed = self.missed.iter().map(|(id, ())| *id).peekable();
        std::iter::from_fn(move || match (taken.peek().copied(), missed.peek().copied()) {
            (Some(id), other) if other.is_none_or(|other| id <= other) => {
                missed.next_if_eq(&id);
                taken.next().map(|id| (id, true))
            }
            (_, Some(_)) => missed.next().map(|id| (id, false)),
            (Some(_), None) | (None, None) => None,
        })
    }
}

impl PartialEq for Ids {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Ids {}

/// Stored as `[[[line, [high, low]], taken], …]`, ascending.
impl Serialize for Ids {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Ids {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut ids = Self::default();
        for (id, taken) in Sorted::<Id, bool>::deserialize(deserializer)?.iter() {
            ids.add(*id, *taken);
        }
        Ok(ids)
    }
}

/// Branches of one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineBranches {
    /// 1-based line; 0 if the report does not say.
    pub line: u32,
    /// Branches that were taken.
    pub taken: u32,
    /// All branches.
    pub total: u32,
}

impl Branches {
    /// Adds one branch with an identity (a 64-bit hash of what the tool calls it within the line). A branch is
    /// taken if any record of it says so.
    #[inline]
    pub fn add(&mut self, line: u32, id: u64, taken: bool) {
        let [a, b, c, d, e, f, g, h] = id.to_be_bytes();
        let id = [u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h])];
        self.by_id.add((line, id), taken);
    }

    /// Adds counts to a line: the larger total wins, then the larger part; totals are never summed. A part
    /// above its total is the total.
    pub fn count_at_least(&mut self, line: u32, taken: u32, total: u32) {
        let taken = taken.min(total);
        self.by_count.upsert(line, |old| match old {
            Some(&(old_taken, old_total)) if (old_total, old_taken) >= (total, taken) => {
                (old_taken, old_total)
            }
            _ => (taken, total),
        });
    }

    /// Taken branches of all branches. A line that has both forms counts once, with the larger total and then
    /// the larger part: they describe the same branches.
    pub fn ratio(&self) -> Ratio {
        if self.by_count.is_empty() {
            return self.by_id.ratio();
        }
        let mut ratio = Ratio::default();
        for line in self.per_line() {
            ratio.part += u64::from(line.taken);
            ratio.whole += u64::from(line.total);
        }
        ratio
    }

    /// The branches of each line that has any, in ascending order of lines.
    pub fn per_line(&self) -> impl Iterator<Item = LineBranches> + '_ {
        let mut ids = self.by_id.iter().map(|((line, _), taken)| (line, taken)).peekable();
        let mut by_id = std::iter::from_fn(move || {
            let (line, taken) = ids.next()?;
            let mut sum = LineBranches { line, taken: u32::from(taken), total: 1 };
            while let Some((_, taken)) = ids.next_if(|(next, _)| *next == line) {
                sum.taken += u32::from(taken);
                sum.total += 1;
            }
            Some(sum)
        })
        .peekable();
        let mut by_count = self
            .by_count
            .iter()
            .map(|(&line, &(taken, total))| LineBranches { line, taken, total })
            .peekable();
        std::iter::from_fn(move || match (by_id.peek(), by_count.peek()) {
            (Some(id), Some(count)) if id.line == count.line => {
                let (id, count) = (by_id.next()?, by_count.next()?);
                Some(if (count.total, count.taken) > (id.total, id.taken) { count } else { id })
            }
            (Some(id), Some(count)) if count.line < id.line => by_count.next(),
            (Some(_), _) => by_id.next(),
            (None, _) => by_count.next(),
        })
    }

    /// How many records are kept: identities and counted lines. A branch that one report misses and another
    /// takes may count for two.
    pub fn len(&self) -> usize {
        self.by_id.len() + self.by_count.len()
    }

    /// True if there is no record of a branch.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Both together: per identity taken in one is taken, per counted line the larger.
    pub(super) fn merge(&mut self, other: &Self) {
        for (key, taken) in other.by_id.iter() {
            self.by_id.add(key, taken);
        }
        for (&line, &(taken, total)) in other.by_count.iter() {
            self.count_at_least(line, taken, total);
        }
    }

    /// The same at other lines; what has none any more is gone.
    pub(super) fn renumbered(&self, number: impl Fn(u32) -> Option<u32>) -> Self {
        let mut branches = Self::default();
        for ((line, id), taken) in self.by_id.iter() {
            if let Some(line) = number(line) {
                branches.by_id.add((line, id), taken);
            }
        }
        for (&line, &(taken, total)) in self.by_count.iter() {
            if let Some(line) = number(line) {
                branches.count_at_least(line, taken, total);
            }
        }
        branches
    }

    pub(super) fn take_settled(&mut self) -> Self {
        Self { by_id: self.by_id.take_settled(), by_count: self.by_count.take_settled() }
    }

    pub(super) fn shrink(&mut self) {
        self.by_id.settle();
        self.by_count.settle();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn branches_of_short_and_long_identities_are_what_a_tree_holds(
            added in proptest::collection::vec(
                (
                    prop_oneof![1_u32..4, 65_534_u32..65_538],
                    prop_oneof![0_u64..2, 255_u64..257],
                    prop_oneof![0_u64..2, 255_u64..257, Just(u64::from(u32::MAX))],
                    any::<bool>(),
                ),
                0..60,
            ),
        ) {
            let mut branches = Branches::default();
            let mut tree = BTreeMap::new();
            for (line, high, low, taken) in added {
                let id = high << 32 | low;
                branches.add(line, id, taken);
                *tree.entry((line, id)).or_insert(false) |= taken;
            }
            let id = |[high, low]: [u32; 2]| u64::from(high) << 32 | u64::from(low);
            let got: Vec<_> = branches.by_id.iter().map(|((line, two), taken)| ((line, id(two)), taken)).collect();
            prop_assert_eq!(got, tree.iter().map(|(key, taken)| (*key, *taken)).collect::<Vec<_>>());
            let taken = tree.values().filter(|taken| **taken).count() as u64;
            prop_assert_eq!(branches.ratio(), Ratio { part: taken, whole: tree.len() as u64 });
            let stored = serde_json::to_string(&branches).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Branches>(&stored).unwrap(), &branches);
            prop_assert_eq!(&branches.clone().take_settled(), &branches);
        }
    }

    #[test]
    fn a_line_with_ids_and_counts_counts_its_branches_once() {
        let mut branches = Branches::default();
        branches.add(5, 1, true);
        branches.add(5, 2, false);
        branches.count_at_least(5, 1, 2);
        branches.count_at_least(9, 0, 2);
        branches.count_at_least(3, 3, 3);
        let lines: Vec<_> = branches.per_line().map(|line| (line.line, line.taken, line.total)).collect();
        assert_eq!(lines, [(3, 3, 3), (5, 1, 2), (9, 0, 2)]);
        assert_eq!(branches.ratio(), Ratio { part: 4, whole: 7 });
    }

    #[test]
    fn a_branch_that_is_missed_and_taken_is_the_same_as_one_that_is_taken() {
        let (mut both, mut taken) = (Branches::default(), Branches::default());
        both.add(5, 1, false);
        both.add(5, 1, true);
        both.add(5, 2, false);
        taken.add(5, 2, false);
        taken.add(5, 1, true);
        assert_eq!(both, taken);
        let stored = serde_json::to_string(&both).unwrap();
        assert_eq!(stored, r#"{"by-id":[[[5,[0,1]],true],[[5,[0,2]],false]],"by-count":[]}"#);
        assert_eq!(serde_json::from_str::<Branches>(&stored).unwrap(), both);
        assert!(serde_json::from_str::<Branches>(&stored.replace("[0,1]", "[0,2]")).is_err());
    }

    #[test]
    fn a_branch_taken_once_is_taken_and_totals_are_not_summed() {
        let mut branches = Branches::default();
        branches.add(5, 1, true);
        branches.add(5, 1, false);
        branches.count_at_least(6, 1, 2);
        branches.count_at_least(6, 0, 2);
        branches.count_at_least(7, 9, 2);
        assert_eq!(branches.ratio(), Ratio { part: 1 + 1 + 2, whole: 1 + 2 + 2 });
    }
}
