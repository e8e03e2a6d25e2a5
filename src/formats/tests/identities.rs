//! Which cases passed: by name while they are few, by hash when they are many (DECISIONS 17).

use super::neighbours::Neighbour;
use crate::model::{PassedTests, TestId, Untrusted};
use siphasher::sip::SipHasher13;

/// Collects the identities of passed cases.
///
/// Most files of reports are small, and the largest hold millions of cases; so names lie behind each other in
/// one text, the suite and class that a row of cases shares only once, and nothing is allocated for a case.
#[derive(Debug)]
pub(super) struct Identities {
    /// Names and hashes, until they are too many.
    names: Option<Names>,
    hashes: Vec<u64>,
    /// With so many hashes repeats are removed.
    tidy_at: usize,
    /// How many cases are not among the hashes, because there are too many.
    pub(super) lost: u64,
}

/// Hashes of identities, where consecutive cases mostly share suite and class.
#[derive(Debug)]
pub(super) struct Hasher {
    /// `None` before the first case.
    behind_class: Option<SipHasher13>,
    /// Name and file as they are hashed, in one piece: the hasher is slow with many small ones.
    rest: Vec<u8>,
}

impl Hasher {
    pub(super) const fn new() -> Self {
        Self { behind_class: None, rest: Vec::new() }
    }

    /// The hash of the identity with these parts, of which no name is longer than what is kept.
    pub(super) fn hash(&mut self, [suite, class, name, file]: [&str; 4], neighbour: Neighbour) -> u64 {
        let behind_class = match self.behind_class {
            Some(hasher) if neighbour == Neighbour::Same => hasher,
            _ => *self.behind_class.insert(TestId::hasher_behind(suite, class)),
        };
        TestId::hash_behind(behind_class, name, file, &mut self.rest)
    }
}

#[derive(Debug, Default)]
struct Names {
    text: String,
    entries: Vec<Entry>,
    /// With so many entries repeats are removed, to see whether there are too many without them.
    tidy_at: usize,
    /// Where suite, class and file of the last case stand.
    suite: Span,
    class: Span,
    file: Span,
}

/// A stretch of the text.
#[derive(Clone, Copy, Debug, Default)]
struct Span {
    from: usize,
    to: usize,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    hash: u64,
    suite: Span,
    class: Span,
    name: Span,
    file: Span,
}

impl Identities {
    /// How many bytes names may take before they become hashes.
    const MOST_BYTES: usize = 8 << 20;
    /// How many hashes are kept. No test suite is larger; a hostile file may be.
    const MOST_HASHES: usize = 6 << 20;
    /// From how many hashes on repeats are worth removing.
    const MANY: usize = 1 << 20;

    pub(super) fn new() -> Self {
        Self {
            names: Some(Names { tidy_at: PassedTests::MOST_NAMES + 1, ..Names::default() }),
            hashes: Vec::new(),
            tidy_at: Self::MANY,
            lost: 0,
        }
    }

    /// Adds a case with its hash and the parts of its identity: suite, class, name and file.
    pub(super) fn add(&mut self, hash: u64, parts: [&str; 4]) {
        let Some(names) = &mut self.names else {
            self.push_hash(hash);
            return;
        };
        names.add(hash, parts);
        // The text stays until the end: without repeats it would be as long.
        let is_too_long = names.text.len() > Self::MOST_BYTES;
        if names.entries.len() >= names.tidy_at || is_too_long {
            if !is_too_long {
                names.tidy();
            }
            // Repeats alone are no reason to give up names.
            if names.entries.len() > PassedTests::MOST_NAMES || is_too_long {
                self.hashes = names.entries.iter().map(|entry| entry.hash).collect();
                self.names = None;
            }
        }
    }

    fn push_hash(&mut self, hash: u64) {
        if self.hashes.len() >= self.tidy_at {
            self.hashes.sort_unstable();
            self.hashes.dedup();
            self.tidy_at = (self.hashes.len() * 2).clamp(Self::MANY, Self::MOST_HASHES);
        }
        if self.hashes.len() < Self::MOST_HASHES {
            self.hashes.push(hash);
        } else {
            self.lost += 1;
        }
    }

    pub(super) fn finish(self) -> PassedTests {
        if let Some(mut names) = self.names {
            names.tidy();
            let text = |span: Span| Untrusted::new(names.text.get(span.from..span.to).unwrap_or_default());
            let id = |entry: &Entry| TestId {
                suite: text(entry.suite),
                class: text(entry.class),
                name: text(entry.name),
                file: text(entry.file),
            };
            return PassedTests::Names(names.entries.iter().map(id).collect());
        }
        let mut hashes = self.hashes;
        hashes.sort_unstable();
        hashes.dedup();
        PassedTests::Hashes(hashes)
    }
}

impl Names {
    fn add(&mut self, hash: u64, [suite, class, name, file]: [&str; 4]) {
        self.suite = self.shared(self.suite, suite);
        self.class = self.shared(self.class, class);
        self.file = self.shared(self.file, file);
        let name = self.push(name);
        self.entries.push(Entry { hash, suite: self.suite, class: self.class, name, file: self.file });
    }

    /// The last stretch if it says the same, else a new one.
    fn shared(&mut self, last: Span, text: &str) -> Span {
        if self.text.get(last.from..last.to) == Some(text) { last } else { self.push(text) }
    }

    fn push(&mut self, text: &str) -> Span {
        let from = self.text.len();
        self.text.push_str(text);
        Span { from, to: self.text.len() }
    }

    /// Removes repeats: equal hashes are taken for equal names, as they are once there are many.
    fn tidy(&mut self) {
        self.entries.sort_unstable_by_key(|entry| entry.hash);
        self.entries.dedup_by_key(|entry| entry.hash);
        self.tidy_at = self.entries.len() + PassedTests::MOST_NAMES;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_neighbour_has_the_hash_of_its_identity_too() {
        let mut hasher = Hasher::new();
        let parts = ["s", "c", "shouldDoWhatItSays", ""];
        let other = ["s", "d", "ünïcode", "tests/a.py"];
        for (parts, neighbour) in [
            (parts, Neighbour::Other),
            (parts, Neighbour::Same),
            (other, Neighbour::Other),
            (["s", "d", "", "tests/b.py"], Neighbour::Same),
        ] {
            let [suite, class, name, file] = parts.map(Untrusted::from);
            let id = TestId { suite, class, name, file };
            assert_eq!(hasher.hash(parts, neighbour), id.hash64(), "{parts:?}");
        }
    }
}
