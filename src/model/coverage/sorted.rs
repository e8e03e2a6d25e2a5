//! A map for records that nearly always come in order: a sorted vector.

use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Serialize, Serializer};
use std::collections::BTreeMap;

/// Key → value in ascending order, in as little memory as the pairs themselves need.
///
/// A key that comes far out of order waits in a tree beside the vector, so that a report in reversed order
/// costs no more than one in order; [`Sorted::settle`] brings both together.
#[derive(Clone, Debug)]
pub(super) struct Sorted<K, V> {
    entries: Vec<(K, V)>,
    /// Keys that are not in `entries`; each is below its last.
    #[expect(clippy::box_collection, reason = "rarely any; ten thousand files have four of these each")]
    late: Option<Box<BTreeMap<K, V>>>,
}

impl<K, V> Default for Sorted<K, V> {
    fn default() -> Self {
        Self { entries: Vec::new(), late: None }
    }
}

impl<K: Ord, V> Sorted<K, V> {
    /// How far from the end a key may be put between others: so few are moved that a tree would cost more.
    const NEAR: usize = 64;

    /// Puts a pair behind all others. False, and nothing changed, if its place is not there.
    #[inline]
    pub(super) fn push(&mut self, key: K, value: V) -> bool {
        let is_last = self.entries.last().is_none_or(|last| last.0 < key);
        if is_last {
            self.entries.push((key, value));
        }
        is_last
    }

    /// Puts a pair behind all others, where the caller knows that its place is there.
    #[inline]
    pub(super) fn append(&mut self, key: K, value: V) {
        self.entries.push((key, value));
    }

    /// How many values are so.
    pub(super) fn count(&self, is: impl Fn(&V) -> bool) -> usize {
        let late = self.late.as_ref().map_or(0, |late| late.values().filter(|value| is(value)).count());
        self.entries.iter().filter(|entry| is(&entry.1)).count() + late
    }

    /// Sets the value of a key, from the one it has.
    pub(super) fn upsert(&mut self, key: K, update: impl FnOnce(Option<&V>) -> V) {
        if self.entries.last().is_none_or(|last| last.0 < key) {
            self.entries.push((key, update(None)));
            return;
        }
        match self.entries.binary_search_by(|entry| entry.0.cmp(&key)) {
            Ok(index) => {
                if let Some(entry) = self.entries.get_mut(index) {
                    entry.1 = update(Some(&entry.1));
                }
            }
            Err(index) => {
                let waiting = self.late.as_mut().and_then(|late| late.get_mut(&key));
                if let Some(value) = waiting {
                    *value = update(Some(value));
                } else if self.entries.len() - index <= Self::NEAR {
                    self.entries.insert(index, (key, update(None)));
                } else {
                    self.late.get_or_insert_default().insert(key, update(None));
                }
            }
        }
    }

    /// The value of a key.
    pub(super) fn get(&self, key: &K) -> Option<&V> {
        match self.entries.binary_search_by(|entry| entry.0.cmp(key)) {
            Ok(index) => self.entries.get(index).map(|entry| &entry.1),
            Err(_) => self.late.as_ref()?.get(key),
        }
    }

    /// All pairs, ascending.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        let mut entries = self.entries.iter().peekable();
        let mut late = self.late.iter().flat_map(|late| late.iter()).peekable();
        std::iter::from_fn(move || match (entries.peek(), late.peek()) {
            (Some(entry), Some(waiting)) if *waiting.0 < entry.0 => late.next(),
            (Some(_), _) => entries.next().map(|entry| (&entry.0, &entry.1)),
            (None, _) => late.next(),
        })
    }

    /// The largest key.
    pub(super) fn last(&self) -> Option<&K> {
        self.entries.last().map(|entry| &entry.0)
    }

    /// How many pairs there are.
    pub(super) fn len(&self) -> usize {
        self.entries.len() + self.late.as_ref().map_or(0, |late| late.len())
    }

    /// True if there is no pair.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Brings late pairs to their place and gives back the memory that growing left over.
    pub(super) fn settle(&mut self) {
        if let Some(late) = self.late.take() {
            self.entries.extend(*late);
            self.entries.sort_by(|left, right| left.0.cmp(&right.0));
        }
        self.entries.shrink_to_fit();
    }
}

impl<K: Ord + Copy, V: Copy> Sorted<K, V> {
    /// Takes everything out into memory of exactly its size, and keeps the room for what comes next.
    pub(super) fn take_settled(&mut self) -> Self {
        if self.late.is_some() {
            self.settle();
        }
        let settled = Self { entries: self.entries.clone(), late: None };
        self.entries.clear();
        settled
    }
}

impl<K: Ord, V: PartialEq> PartialEq for Sorted<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

impl<K: Ord, V: Eq> Eq for Sorted<K, V> {}

impl<K: Ord + Serialize, V: Serialize> Serialize for Sorted<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de, K: Ord + Deserialize<'de>, V: Deserialize<'de>> Deserialize<'de> for Sorted<K, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let entries = Vec::<(K, V)>::deserialize(deserializer)?;
        let ascending = entries.windows(2).all(|pair| matches!(pair, [left, right] if left.0 < right.0));
        if !ascending {
            return Err(D::Error::custom("records of coverage are not in ascending order"));
        }
        Ok(Self { entries, late: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_holds_what_a_tree_holds_in_any_order(
            mut pairs in proptest::collection::vec((0_u32..500, 0_u32..9), 0..400),
            reversed: bool,
            settled: bool,
        ) {
            if reversed {
                pairs.sort_by_key(|pair| std::cmp::Reverse(pair.0));
            }
            let mut sorted = Sorted::default();
            let mut tree = BTreeMap::new();
            for (key, value) in pairs {
                sorted.upsert(key, |old| old.copied().unwrap_or(0) + value);
                *tree.entry(key).or_insert(0) += value;
            }
            if settled {
                sorted.settle();
            }
            prop_assert_eq!(sorted.len(), tree.len());
            prop_assert!(sorted.iter().eq(tree.iter()));
            for key in 0..500 {
                prop_assert_eq!(sorted.get(&key), tree.get(&key));
            }
        }
    }

    #[test]
    fn a_stored_map_out_of_order_is_refused() {
        let good: Sorted<u32, u32> = serde_json::from_str("[[1,2],[3,4]]").unwrap();
        assert_eq!(serde_json::to_string(&good).unwrap(), "[[1,2],[3,4]]");
        assert!(serde_json::from_str::<Sorted<u32, u32>>("[[3,2],[3,4]]").is_err());
    }
}
