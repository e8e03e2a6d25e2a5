//! Values by number, as istanbul's maps and counters have them.

/// Number → value. The numbers nearly always come in order, from 0.
pub(super) struct Keyed<T> {
    entries: Vec<(u32, T)>,
    is_sorted: bool,
}

impl<T> Default for Keyed<T> {
    fn default() -> Self {
        Self { entries: Vec::new(), is_sorted: true }
    }
}

impl<T> Keyed<T> {
    pub(super) fn put(&mut self, key: u32, value: T) {
        self.is_sorted &= self.entries.last().is_none_or(|last| last.0 < key);
        self.entries.push((key, value));
    }

    /// Brings all in order, once; of values with one number the last stays.
    pub(super) fn sort(&mut self) {
        if !self.is_sorted {
            self.entries.reverse();
            self.entries.sort_by_key(|entry| entry.0);
            self.entries.dedup_by_key(|entry| entry.0);
            self.is_sorted = true;
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &(u32, T)> {
        self.entries.iter()
    }

    /// The value of a number, which most likely stands at `place`.
    pub(super) fn get(&self, key: u32, place: usize) -> Option<&T> {
        let entry = self.entries.get(place).filter(|entry| entry.0 == key);
        let entry = entry.or_else(|| {
            let index = self.entries.binary_search_by_key(&key, |entry| entry.0).ok()?;
            self.entries.get(index)
        });
        entry.map(|entry| &entry.1)
    }

    /// True if each number here has a value in `other`.
    pub(super) fn is_within<U>(&self, other: &Keyed<U>) -> bool {
        self.entries.iter().enumerate().all(|(place, (key, _))| other.get(*key, place).is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_in_any_order_and_the_last_of_a_number_stays() {
        let mut keyed = Keyed::default();
        for (key, value) in [(0, 'a'), (4, 'b'), (2, 'c'), (4, 'd')] {
            keyed.put(key, value);
        }
        keyed.sort();
        let all: Vec<_> = keyed.iter().copied().collect();
        assert_eq!(all, [(0, 'a'), (2, 'c'), (4, 'd')]);
        assert_eq!([keyed.get(4, 0), keyed.get(4, 2), keyed.get(3, 1)], [Some(&'d'), Some(&'d'), None]);
        let mut more = Keyed::default();
        more.put(7, ());
        assert!(!more.is_within(&keyed));
    }
}
