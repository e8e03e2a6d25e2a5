//! How long entries are kept.

use super::{Checkpoint, Content, Entry, Link};
use crate::model::Moment;

const SECONDS_A_DAY: u64 = 86_400;

/// Old entries, and the entry that says that they are gone.
///
/// The checkpoint is added to the chain first and the entries are removed afterwards: a chain between the two is
/// whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removal {
    /// The last entry that goes; everything before it goes too.
    pub through: Link,
    /// What is added to the chain.
    pub checkpoint: Entry,
}

/// Finds what is older than `keep_days`: the longest beginning of the chain of which every entry is too old.
///
/// `entries` are all that the chain still has, in their order, and their hashes. `None` if nothing is too old. The
/// last entry always stays, so that the chain goes on from it.
pub fn removal(
    entries: impl IntoIterator<Item = (Moment, Link)>,
    now: Moment,
    keep_days: u32,
) -> Option<Removal> {
    let oldest = now.seconds().checked_sub(u64::from(keep_days) * SECONDS_A_DAY)?;
    let (mut through, mut last, mut is_beginning) = (None, None, true);
    for (recorded, link) in entries {
        // What came last so far has an entry after it.
        if is_beginning {
            through = last;
        }
        is_beginning &= recorded.seconds() < oldest;
        last = Some(link);
    }
    let through = through?;
    let content = Content::Checkpoint(Checkpoint { through, keep_days });
    Some(Removal { through, checkpoint: Entry::after(last, now, content) })
}
