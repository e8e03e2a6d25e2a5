//! The functions of one file.

use crate::model::{Ratio, Untrusted};
use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Serialize, Serializer};
use std::collections::BTreeMap;
use std::ops::Range;

/// One function and how often it was called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FunctionCalls<'f> {
    /// First line; 0 if the report does not say.
    pub line: u32,
    /// How often it was called, saturating.
    pub calls: u64,
    name: &'f str,
}

impl<'f> FunctionCalls<'f> {
    /// The name as the tool writes it, for comparing and storing; never for printing.
    pub const fn raw_name(&self) -> &'f str {
        self.name
    }
}

/// The functions of one file, by first line and name.
///
/// Their names lie behind each other in one text: a large report has a hundred thousand of them.
#[derive(Clone, Debug, Default)]
pub struct Functions {
    names: String,
    /// Ascending by line and name.
    entries: Vec<Entry>,
    /// Functions that came far out of order and are not in `entries`.
    late: BTreeMap<(u32, Box<str>), u64>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    calls: u64,
    line: u32,
    start: u32,
    length: u32,
}

impl Entry {
    fn name<'n>(&self, names: &'n str) -> &'n str {
        let start = self.start as usize;
        names.get(start..start + self.length as usize).unwrap_or_default()
    }
}

impl Functions {
    /// How far from the end a function may be put between others; see `Sorted`.
    const NEAR: usize = 64;

    /// Adds calls to a function (saturating), and makes it known if it was not.
    pub fn add(&mut self, line: u32, name: &str, calls: u64) {
        let key = (line, name);
        let is_last = self.entries.last().is_none_or(|last| (last.line, last.name(&self.names)) < key);
        let place = match is_last {
            true => Err(self.entries.len()),
            false => self.entries.binary_search_by(|entry| (entry.line, entry.name(&self.names)).cmp(&key)),
        };
        match place {
            Ok(index) => {
                if let Some(entry) = self.entries.get_mut(index) {
                    entry.calls = entry.calls.saturating_add(calls);
                }
            }
            Err(index) => self.insert(index, key, calls),
        }
    }

    fn insert(&mut self, index: usize, (line, name): (u32, &str), calls: u64) {
        // What waits is below the last function, so one behind it cannot wait already.
        let is_near = self.entries.len() - index <= Self::NEAR && self.late.is_empty();
        if (index == self.entries.len() || is_near) && self.push(index, (line, name), calls) {
            return;
        }
        let late = self.late.entry((line, name.into())).or_default();
        *late = late.saturating_add(calls);
    }

    /// Puts a function between the others. False, and nothing changed, if there is no room for its name.
    fn push(&mut self, index: usize, (line, name): (u32, &str), calls: u64) -> bool {
        let Range { start, end } = self.names.len()..self.names.len() + name.len();
        let (Ok(start), Ok(_), Ok(length)) =
            (u32::try_from(start), u32::try_from(end), u32::try_from(name.len()))
        else {
            return false;
        };
        self.names.push_str(name);
        self.entries.insert(index, Entry { calls, line, start, length });
        true
    }

    /// Each function, by line and name.
    pub fn iter(&self) -> impl Iterator<Item = FunctionCalls<'_>> {
        let in_order = self.entries.iter().map(|entry| FunctionCalls {
            line: entry.line,
            name: entry.name(&self.names),
            calls: entry.calls,
        });
        let late = self.late.iter();
        let mut late =
            late.map(|((line, name), &calls)| FunctionCalls { line: *line, name, calls }).peekable();
        let mut in_order = in_order.peekable();
        std::iter::from_fn(move || match (in_order.peek(), late.peek()) {
            (Some(entry), Some(waiting)) if (waiting.line, waiting.name) < (entry.line, entry.name) => {
                late.next()
            }
            (Some(_), _) => in_order.next(),
            (None, _) => late.next(),
        })
    }

    /// How many functions there are.
    pub fn len(&self) -> usize {
        self.entries.len() + self.late.len()
    }

    /// True if no function is known.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Functions that ran, of all functions.
    pub fn ratio(&self) -> Ratio {
        let late = self.late.values().copied();
        let part =
            self.entries.iter().map(|entry| entry.calls).chain(late).filter(|calls| *calls > 0).count();
        Ratio { part: part as u64, whole: self.len() as u64 }
    }

    /// How many bytes they take, roughly.
    pub fn bytes(&self) -> usize {
        self.names.len() + self.entries.len() * size_of::<Entry>() + (self.len() - self.entries.len()) * 128
    }

    /// Brings late functions to their place and gives back the memory that growing left over.
    pub(super) fn settle(&mut self) {
        self.place_late();
        self.names.shrink_to_fit();
        self.entries.shrink_to_fit();
    }

    fn place_late(&mut self) {
        if self.late.is_empty() {
            return;
        }
        let mut without_room = BTreeMap::new();
        for ((line, name), calls) in std::mem::take(&mut self.late) {
            if !self.push(self.entries.len(), (line, &name), calls) {
                without_room.insert((line, name), calls);
            }
        }
        self.late = without_room;
        let names = &self.names;
        self.entries
            .sort_by(|left, right| (left.line, left.name(names)).cmp(&(right.line, right.name(names))));
    }

    /// Takes everything out into memory of exactly its size, and keeps the room for what comes next.
    pub(super) fn take_settled(&mut self) -> Self {
        self.place_late();
        let late = std::mem::take(&mut self.late);
        let settled = Self { names: self.names.clone(), entries: self.entries.clone(), late };
        self.names.clear();
        self.entries.clear();
        settled
    }
}

impl PartialEq for Functions {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

impl Eq for Functions {}

/// A function as it is stored, before its calls.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Stored {
    line: u32,
    name: Untrusted,
}

/// Stored as `[[{"line": 1, "name": "f"}, calls], …]`, ascending.
impl Serialize for Functions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let stored = |function: FunctionCalls<'_>| {
            (Stored { line: function.line, name: function.name.into() }, function.calls)
        };
        serializer.collect_seq(self.iter().map(stored))
    }
}

impl<'de> Deserialize<'de> for Functions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut functions = Self::default();
        for (Stored { line, name }, calls) in Vec::<(Stored, u64)>::deserialize(deserializer)? {
            let key = (line, name.raw());
            if functions.entries.last().is_some_and(|last| (last.line, last.name(&functions.names)) >= key) {
                return Err(D::Error::custom("functions of a file are not in ascending order"));
            }
            functions.add(line, name.raw(), calls);
        }
        functions.settle();
        Ok(functions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn they_are_what_a_tree_holds_in_any_order(
            mut added in proptest::collection::vec((0_u32..90, "[a-c]{0,2}", 0_u64..3), 0..300),
            reversed: bool,
            settled: bool,
        ) {
            if reversed {
                added.sort_by(|left, right| right.cmp(left));
            }
            let mut functions = Functions::default();
            let mut tree = BTreeMap::new();
            for (line, name, calls) in &added {
                functions.add(*line, name, *calls);
                *tree.entry((*line, name.as_str())).or_insert(0) += calls;
            }
            if settled {
                functions.settle();
            }
            prop_assert_eq!(functions.len(), tree.len());
            let wanted = tree.iter().map(|(&(line, name), &calls)| (line, name, calls));
            prop_assert!(functions.iter().map(|one| (one.line, one.raw_name(), one.calls)).eq(wanted));
            prop_assert_eq!(functions.ratio().part, tree.values().filter(|calls| **calls > 0).count() as u64);
            let stored = serde_json::to_string(&functions).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Functions>(&stored).unwrap(), &functions);
            prop_assert_eq!(&functions.clone().take_settled(), &functions);
        }
    }

    #[test]
    fn they_are_stored_in_order() {
        let mut functions = Functions::default();
        functions.add(7, "f", 2);
        functions.add(3, "g", u64::MAX);
        functions.add(3, "g", 1);
        let stored = serde_json::to_string(&functions).unwrap();
        assert_eq!(stored, r#"[[{"line":3,"name":"g"},18446744073709551615],[{"line":7,"name":"f"},2]]"#);
        for second in [r#""line":3,"name":"g""#, r#""line":2,"name":"g""#, r#""line":2,"name":"h""#] {
            let bad = format!(r#"[[{{"line":3,"name":"g"}},1],[{{{second}}},1]]"#);
            assert!(serde_json::from_str::<Functions>(&bad).is_err(), "{bad}");
        }
    }
}
