//! Results that wait for the definitions behind them, which know their class.

use crate::formats::Context;
use crate::formats::tests::run::{Case, RunBuilder};
use crate::model::TestStatus;
use std::collections::HashMap;
use std::hash::Hasher as _;
use std::time::Duration;

/// One result.
#[derive(Debug)]
pub(super) struct Found {
    /// Hash of the id of its test.
    pub(super) test: u64,
    pub(super) name: String,
    pub(super) status: TestStatus,
    pub(super) duration: Option<Duration>,
    pub(super) message: String,
    pub(super) text_left_out: bool,
}

impl Default for Found {
    fn default() -> Self {
        Self {
            test: 0,
            name: String::new(),
            status: TestStatus::Unknown,
            duration: None,
            message: String::new(),
            text_left_out: false,
        }
    }
}

/// Results in the order of the file, and the classes of the tests that are known.
#[derive(Debug)]
pub(super) struct Waiting {
    found: Vec<Found>,
    bytes: usize,
    texts: usize,
    most_texts: usize,
    /// Hash of a test's id, and which class it has.
    tests: Vec<(u64, usize)>,
    classes: Vec<String>,
    class_bytes: usize,
    index: HashMap<String, usize>,
}

impl Waiting {
    /// How many bytes may wait. What comes beyond goes without its class.
    const MOST_BYTES: usize = 12 << 20;
    /// How many definitions and classes are kept, and how many bytes of names of classes.
    const MOST_TESTS: usize = 200_000;
    const MOST_CLASSES: usize = 50_000;
    const MOST_CLASS_BYTES: usize = 4 << 20;

    pub(super) fn new(context: &Context) -> Self {
        Self {
            found: Vec::new(),
            bytes: 0,
            texts: 0,
            most_texts: context.max_kept,
            tests: Vec::new(),
            classes: Vec::new(),
            class_bytes: 0,
            index: HashMap::new(),
        }
    }

    /// False once no more texts are kept.
    pub(super) const fn has_room_for_text(&self) -> bool {
        self.texts < self.most_texts
    }

    /// Lets a result wait.
    pub(super) fn add(&mut self, mut found: Found, run: &mut RunBuilder) {
        found.name.shrink_to_fit();
        found.message.shrink_to_fit();
        self.texts += usize::from(!found.message.is_empty());
        self.bytes += size_of::<Found>() + found.name.len() + found.message.len();
        self.found.push(found);
        if self.bytes > Self::MOST_BYTES {
            self.flush(run);
        }
    }

    /// Notes the class of a test.
    pub(super) fn define(&mut self, test: u64, class: &str) {
        if self.tests.len() >= Self::MOST_TESTS {
            return;
        }
        let class = match self.index.get(class) {
            Some(index) => *index,
            None if self.class_bytes + class.len() > Self::MOST_CLASS_BYTES => return,
            None if self.classes.len() >= Self::MOST_CLASSES => return,
            None => {
                self.class_bytes += class.len();
                self.index.insert(class.to_owned(), self.classes.len());
                self.classes.push(class.to_owned());
                self.classes.len() - 1
            }
        };
        self.tests.push((test, class));
    }

    /// Hands all that wait to the run, with the classes that are known by now.
    pub(super) fn flush(&mut self, run: &mut RunBuilder) {
        self.tests.sort_unstable();
        for found in self.found.drain(..) {
            let test = self.tests.partition_point(|(test, _)| *test < found.test);
            let class = self.tests.get(test).filter(|(test, _)| *test == found.test);
            let class = class.and_then(|(_, class)| self.classes.get(*class)).map_or("", String::as_str);
            run.case(&Case {
                class,
                duration: found.duration,
                message: &found.message,
                text_left_out: found.text_left_out,
                ..Case::new(&found.name, found.status)
            });
        }
        self.bytes = 0;
    }
}

/// A hash of an id, to compare ids of results and definitions.
pub(super) fn hash(id: &[u8]) -> u64 {
    let mut hasher = siphasher::sip::SipHasher13::new_with_keys(0x746f_6c6c_6761_7465, 0x7472_782d_6964_3031);
    hasher.write(id.trim_ascii());
    hasher.finish()
}
