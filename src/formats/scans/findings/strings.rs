//! Texts that many findings share.

use std::collections::HashMap;
use std::sync::Arc;

/// Texts that many findings share, each once; the empty text is always there, as number 0.
#[derive(Debug)]
pub(in crate::formats::scans) struct Strings {
    map: HashMap<Arc<str>, u32>,
    all: Vec<Arc<str>>,
    bytes: usize,
}

impl Default for Strings {
    fn default() -> Self {
        Self { map: HashMap::new(), all: vec!["".into()], bytes: 0 }
    }
}

impl Strings {
    const MOST_BYTES: usize = 6 << 20;

    /// The number of a text; `None` if there is no room for another.
    pub(in crate::formats::scans) fn intern(&mut self, text: &str) -> Option<u32> {
        if text.is_empty() {
            return Some(0);
        }
        if let Some(&known) = self.map.get(text) {
            return Some(known);
        }
        // A text stands in the map, in the list and on the heap.
        self.bytes += text.len() + 64;
        if self.bytes > Self::MOST_BYTES {
            return None;
        }
        let number = u32::try_from(self.all.len()).ok()?;
        let shared: Arc<str> = text.into();
        self.map.insert(Arc::clone(&shared), number);
        self.all.push(shared);
        Some(number)
    }

    /// The text of a number.
    pub(in crate::formats::scans) fn get(&self, number: u32) -> Arc<str> {
        get(&self.all, number)
    }

    /// The texts by their numbers alone, when no further one will come.
    pub(in crate::formats::scans) fn close(self) -> Texts {
        Texts(self.all)
    }
}

/// The texts of a [`Strings`] that takes no more.
#[derive(Debug, Default)]
pub(in crate::formats::scans) struct Texts(Vec<Arc<str>>);

impl Texts {
    /// The text of a number.
    pub(in crate::formats::scans) fn get(&self, number: u32) -> Arc<str> {
        get(&self.0, number)
    }
}

fn get(all: &[Arc<str>], number: u32) -> Arc<str> {
    let text = usize::try_from(number).ok().and_then(|number| all.get(number));
    text.map_or_else(|| "".into(), Arc::clone)
}
