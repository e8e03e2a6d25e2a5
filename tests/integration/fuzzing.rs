//! The fuzz target for a short time, with a mutator of our own: no build of its own, the same bytes on every machine.
//! `tests/fuzz/run` feeds it with libFuzzer for as long as one likes.

use super::mutations::reports;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

#[path = "../fuzz/invariants.rs"]
mod invariants;

/// How long it runs, on a machine of any speed.
const TIME: Duration = Duration::from_secs(20);
/// No input is larger, so that many are tried.
const LONGEST: usize = 20_000;

/// Numbers that look random and are the same everywhere: SplitMix64 (Steele, Lea, Flood, 2014).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) >> 33).unwrap() % limit.max(1)
    }

    /// A report with some of its bytes changed, dropped, doubled, or taken from another report.
    fn mutant(&mut self, reports: &[Vec<u8>], words: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = reports[self.below(reports.len())].clone();
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len());
            let end = (at + 1 + self.below(40)).min(bytes.len());
            match self.below(6) {
                0 if !bytes.is_empty() => bytes[at] = u8::try_from(self.below(256)).unwrap(),
                1 => drop(bytes.drain(at.min(end)..end)),
                2 => {
                    let piece = bytes[at.min(end)..end].to_vec();
                    bytes.splice(at..at, piece);
                }
                3 => drop(bytes.splice(at..at, words[self.below(words.len())].iter().copied())),
                4 => bytes.truncate(at),
                _ => {
                    let other = &reports[self.below(reports.len())];
                    let from = self.below(other.len());
                    let to = (from + self.below(400)).min(other.len());
                    bytes.splice(at..at, other[from..to].iter().copied());
                }
            }
        }
        bytes.truncate(LONGEST);
        bytes
    }
}

/// The words of libFuzzer's dictionary, as far as they are plain.
fn words() -> Vec<Vec<u8>> {
    let dictionary = include_str!("../fuzz/words.dict");
    let quoted = dictionary.lines().filter_map(|line| line.split_once('"')?.1.rsplit_once('"'));
    quoted.map(|(word, _)| word.replace("\\\"", "\"").into_bytes()).collect()
}

#[test]
fn every_reader_stands_twenty_seconds_of_mutated_reports() {
    let (words, begin) = (words(), Instant::now());
    let reports: Vec<Vec<u8>> = reports().into_values().filter(|bytes| bytes.len() <= LONGEST).collect();
    assert!(reports.len() > 100 && words.len() > 20, "the fixtures or the dictionary are gone");
    let mut tried = 0_u64;
    while begin.elapsed() < TIME {
        let bytes = Random(tried).mutant(&reports, &words);
        if catch_unwind(AssertUnwindSafe(|| invariants::hold(&bytes))).is_err() {
            let kept = concat!(env!("CARGO_MANIFEST_DIR"), "/target/crash-of-fuzzing");
            std::fs::write(kept, &bytes).unwrap();
            panic!("input {tried} breaks an invariant: `tests/fuzz/run 0 {kept}` shows it again");
        }
        tried += 1;
    }
    println!("{tried} inputs in {} s", TIME.as_secs());
    assert!(tried > 100, "only {tried} inputs were tried");
}
