//! The figures of an innersource programme, from merged contributions and from verdicts.
//!
//! Everything here counts pull requests and classes of people (`owner`, `external`), never persons: nothing that
//! leaves this room names one, and nothing is ranked (people.md 1). `io` walks the history and gives
//! [`Contribution`]s; `wire` turns verdict records into [`Attempt`]s.

mod activity;
mod attempts;
mod code_owners;
mod merges;
mod owners;
mod people;
mod portal;
mod proposer;
mod share;

pub use crate::model::{Handle, Teams};
pub use activity::{Activity, activity_score};
pub use attempts::{Attempt, Companions, Group, companions};
pub use code_owners::{CODE_OWNERS_PLACES, CodeOwners, MOST_BYTES};
pub use merges::{Merge, merge_of};
pub use owners::{Owners, Standing};
pub use people::{Mailbox, People, Person};
pub use portal::{Entry, Facts, Newest, by_repository, gate_health, portal_entry};
pub use proposer::proposer;
pub use share::{
    Contribution, LeftOut, Period, RepositoryFigures, Share, TOO_FEW, Unit, Window, figures, share_of,
};

/// The middle of a list; of an even number the lower of the two in the middle. `None` of nothing.
fn median(mut values: Vec<u64>) -> Option<u64> {
    values.sort_unstable();
    values.get(values.len().checked_sub(1)? / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn the_median_of_an_even_number_is_the_lower_of_the_two_in_the_middle() {
        assert_eq!(median(vec![]), None);
        assert_eq!(median(vec![7]), Some(7));
        assert_eq!(median(vec![9, 1, 4]), Some(4));
        assert_eq!(median(vec![9, 1, 4, 5]), Some(4));
    }
}
