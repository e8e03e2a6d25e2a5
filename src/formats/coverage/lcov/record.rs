//! One record of a tracefile, from `SF` to `end_of_record`.

use crate::model::{FileCoverage, Ratio, Summary};
use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;

/// What one record says of its file.
#[derive(Default)]
pub(super) struct Record {
    pub(super) file: FileCoverage,
    /// Names of functions, behind each other.
    names: String,
    /// `FN`, with the calls of its `FNDA` where these come in the same order, as they nearly always do.
    functions: Vec<Function>,
    /// The next function to get calls.
    next: usize,
    /// `FNDA` out of order: name and calls.
    calls: Vec<(Range<usize>, u64)>,
    /// `FNL` and `FNA`: index → first line, name, calls of all aliases.
    pub(super) groups: BTreeMap<u64, (u32, Option<Box<str>>, u64)>,
    /// `BA` (LCOV before 1.10, Bazel): line → taken and total, since these branches have no names.
    pub(super) unnamed_branches: BTreeMap<u32, (u32, u32)>,
    pub(super) stated: Stated,
    text_bytes: u64,
}

struct Function {
    name: Range<usize>,
    line: u32,
    calls: Option<u64>,
}

/// `LF`, `LH`, `BRF`, `BRH`, `FNF`, `FNH`: hints that tools get wrong (llvm-cov 14 writes LF:38 over 36 `DA`).
#[derive(Default)]
pub(super) struct Stated {
    pub(super) lines: (Option<u64>, Option<u64>),
    pub(super) branches: (Option<u64>, Option<u64>),
    pub(super) functions: (Option<u64>, Option<u64>),
}

impl Record {
    /// Bytes of the names that are held until the record ends, with what each takes beside.
    pub(super) fn text_bytes(&self) -> u64 {
        self.text_bytes + (self.groups.len() + self.unnamed_branches.len()) as u64 * 64
    }

    /// Counts a name that is held outside of the lists here.
    pub(super) fn note_text(&mut self, bytes: usize) {
        self.text_bytes += bytes as u64;
    }

    /// Takes an `FN`.
    pub(super) fn function(&mut self, name: &[u8], line: u32) {
        let name = self.keep(name);
        self.functions.push(Function { name, line, calls: None });
    }

    /// Takes an `FNDA`.
    pub(super) fn calls(&mut self, name: &[u8], calls: u64) {
        match self.functions.get_mut(self.next) {
            Some(function) if self.names.as_bytes().get(function.name.clone()) == Some(name) => {
                function.calls = Some(calls);
                self.next += 1;
            }
            _ => {
                let name = self.keep(name);
                self.calls.push((name, calls));
            }
        }
    }

    fn keep(&mut self, name: &[u8]) -> Range<usize> {
        self.text_bytes += 64 + name.len() as u64;
        let start = self.names.len();
        match std::str::from_utf8(name) {
            Ok(name) => self.names.push_str(name),
            Err(_) => self.names.push_str(&String::from_utf8_lossy(name)),
        }
        start..self.names.len()
    }

    /// What the stated totals say against the records, if they do.
    pub(super) fn disagreement(&self) -> Option<String> {
        let counted = self.file.lines.ratio();
        let (found, hit) = self.stated.lines;
        let found = found.filter(|&found| found != counted.whole);
        let hit = hit.filter(|&hit| hit != counted.part);
        if counted.whole == 0 || (found.is_none() && hit.is_none()) {
            return None;
        }
        let say = |name: &str, stated: Option<u64>| stated.map(|stated| format!("{name}:{stated}"));
        let stated: Vec<String> = [say("LF", found), say("LH", hit)].into_iter().flatten().collect();
        Some(format!(
            "{} is stated, the DA records say {} of {} lines",
            stated.join(" and "),
            counted.part,
            counted.whole
        ))
    }

    /// Takes out what was read, and is ready for the next file.
    pub(super) fn take_file(&mut self) -> FileCoverage {
        let stated = std::mem::take(&mut self.stated);
        self.add_functions();
        self.text_bytes = 0;
        for (index, (line, name, calls)) in std::mem::take(&mut self.groups) {
            // A group without an alias is still a function: its index keeps it apart.
            let name = name.unwrap_or_else(|| format!("#{index}").into());
            self.file.functions.add(line, &name, calls);
        }
        for (line, (taken, total)) in std::mem::take(&mut self.unnamed_branches) {
            self.file.branches.count_at_least(line, taken, total);
        }
        let mut file = self.file.take_settled();
        if file.lines.is_empty() {
            let ratio = |(whole, part): (Option<u64>, Option<u64>)| match (whole, part) {
                (Some(whole), Some(part)) if whole > 0 => Some(Ratio { part: part.min(whole), whole }),
                _ => None,
            };
            let summary = Summary {
                lines: ratio(stated.lines),
                branches: ratio(stated.branches),
                functions: ratio(stated.functions),
            };
            file.summary = summary.lines.is_some().then(|| Box::new(summary));
        }
        file
    }

    /// Brings `FN` and `FNDA` together by name; of functions with one name the first belongs to the first.
    fn add_functions(&mut self) {
        let Self { names, functions, calls, file, .. } = self;
        let name = |range: &Range<usize>| names.get(range.clone()).unwrap_or_default();
        let mut waiting: BTreeMap<&str, VecDeque<u32>> = BTreeMap::new();
        let mut lines: BTreeMap<&str, u32> = BTreeMap::new();
        for function in &*functions {
            if !calls.is_empty() {
                lines.insert(name(&function.name), function.line);
                if function.calls.is_none() {
                    waiting.entry(name(&function.name)).or_default().push_back(function.line);
                    continue;
                }
            }
            file.functions.add(function.line, name(&function.name), function.calls.unwrap_or(0));
        }
        for (called, hits) in &*calls {
            let called = name(called);
            // Calls of a function that has had its calls: a function at the same place. Of none: one without a place.
            let line = waiting.get_mut(called).and_then(VecDeque::pop_front);
            let line = line.or_else(|| lines.get(called).copied()).unwrap_or(0);
            file.functions.add(line, called, *hits);
        }
        for (name, places) in waiting {
            places.into_iter().for_each(|line| file.functions.add(line, name, 0));
        }
        functions.clear();
        calls.clear();
        names.clear();
        self.next = 0;
    }
}
