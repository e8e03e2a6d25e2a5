//! What a chain notices. The chains are made of small records; the bytes of files are held in `wire::chain`.

use super::*;
use proptest::prelude::*;

const DAY: u64 = 86_400;

/// A chain of so many verdicts, one a day.
fn chain(length: u64) -> Vec<Stored> {
    let mut chain: Vec<Stored> = Vec::new();
    for number in 1..=length {
        let record = format!("{{\"number\":{number}}}").into_bytes();
        let content = Content::Verdict(Sealed {
            repository: format!("acme/{}", number % 3),
            record: Digest::of(&record),
            policy: Some(Digest::of(b"policy")),
            evidence: None,
        });
        let last = chain.last().map(|stored| stored.entry.link());
        chain.push(stored(Entry::after(last, Moment::from_seconds(number * DAY), content), Some(record)));
    }
    chain
}

fn stored(entry: Entry, record: Option<Vec<u8>>) -> Stored {
    Stored { hash: entry.hash(), entry, record }
}

fn verified(chain: &[Stored], known: Option<Link>) -> Result<Verified, Broken> {
    let entries = chain.iter().cloned().map(Ok::<_, std::convert::Infallible>);
    match verify(entries, known) {
        Ok(answer) => answer,
        Err(never) => match never {},
    }
}

fn last_of(chain: &[Stored]) -> Link {
    chain.last().unwrap().entry.link()
}

/// The first broken place.
fn breaks(chain: &[Stored], known: Option<Link>) -> (u64, Break) {
    let broken = verified(chain, known).unwrap_err();
    (broken.sequence, broken.what)
}

#[test]
fn an_untouched_chain_is_whole() {
    let chain = chain(4);
    let verified = verified(&chain, Some(chain[1].entry.link())).unwrap();
    assert_eq!((verified.entries, verified.verdicts, verified.known), (4, 4, Known::Held));
    assert_eq!((verified.first.sequence, verified.last), (1, last_of(&chain)));
}

#[test]
fn an_empty_chain_is_no_whole_one() {
    assert_eq!(breaks(&[], None), (0, Break::Empty));
}

#[test]
fn the_first_broken_entry_is_named() {
    let whole = chain(5);
    let mut changed = whole.clone();
    changed[2].record = Some(b"{\"number\":9}".to_vec());
    assert_eq!(breaks(&changed, None), (3, Break::RecordChanged));
    let mut changed = whole.clone();
    changed[2].entry.recorded = Moment::from_seconds(7);
    assert_eq!(breaks(&changed, None), (3, Break::Changed));
    // With a hash that fits, the next one tells.
    changed[2].hash = changed[2].entry.hash();
    assert_eq!(breaks(&changed, None), (4, Break::OtherPrevious));
    let mut removed = whole.clone();
    removed.remove(2);
    assert_eq!(breaks(&removed, None), (4, Break::OutOfOrder { expected: 3 }));
    let mut swapped = whole.clone();
    swapped.swap(1, 2);
    assert_eq!(breaks(&swapped, None), (3, Break::OutOfOrder { expected: 2 }));
    let mut repeated = whole.clone();
    repeated.insert(2, whole[1].clone());
    assert_eq!(breaks(&repeated, None), (2, Break::OutOfOrder { expected: 3 }));
    assert_eq!(breaks(&whole[1..], None), (2, Break::BeginningMissing));
}

#[test]
fn an_end_that_was_cut_off_is_found_by_what_was_noted() {
    let whole = chain(5);
    let known = Some(last_of(&whole));
    assert_eq!(breaks(&whole[..4], known), (5, Break::NotTheKnown));
    // Without it nobody can tell, and the answer says so.
    assert_eq!(verified(&whole[..4], None).unwrap().known, Known::NotNamed);
    // A chain that was made anew ends with other hashes.
    let mut anew = chain(4);
    let content = anew[0].entry.content.clone();
    anew.push(stored(
        Entry::after(Some(last_of(&anew)), Moment::from_seconds(0), content),
        anew[0].record.clone(),
    ));
    assert_eq!(breaks(&anew, known), (5, Break::NotTheKnown));
}

#[test]
fn what_a_retention_removed_is_accounted_for() {
    let whole = chain(10);
    let links = |chain: &[Stored]| -> Vec<_> {
        chain.iter().map(|stored| (stored.entry.recorded, stored.entry.link())).collect()
    };
    let now = Moment::from_seconds(10 * DAY);
    // Day 10, three days are kept: what is of day 7 stays, and day 6 is the last that goes.
    let removal = removal(links(&whole), now, 3).unwrap();
    assert_eq!(removal.through, whole[5].entry.link());
    let mut chain = whole.clone();
    chain.push(stored(removal.checkpoint, None));
    let before = verified(&chain, None).unwrap();
    assert_eq!((before.entries, before.verdicts, before.removed), (11, 10, None));
    let kept = &chain[6..];
    let after = verified(kept, None).unwrap();
    assert_eq!((after.entries, after.first.sequence), (5, 7));
    assert_eq!(after.removed.map(|checkpoint| checkpoint.keep_days), Some(3));
    // More than the checkpoint says is missing.
    assert_eq!(breaks(&chain[7..], None), (8, Break::BeginningMissing));
    // Of what is gone nothing is known but the last.
    assert_eq!(verified(kept, Some(whole[5].entry.link())).unwrap().known, Known::Held);
    assert_eq!(verified(kept, Some(whole[2].entry.link())).unwrap().known, Known::Removed);
    let other = Link { sequence: 6, hash: Digest::of(b"other") };
    assert_eq!(breaks(kept, Some(other)), (6, Break::NotTheKnown));
    // Nothing more is too old on that day.
    assert_eq!(super::removal(links(kept), now, 3), None);
}

#[test]
fn a_retention_keeps_the_last_entry_and_what_stands_behind_a_younger_one() {
    let whole = chain(3);
    let links = |days: [u64; 3]| {
        whole.iter().zip(days).map(|(stored, day)| (Moment::from_seconds(day * DAY), stored.entry.link()))
    };
    let late = Moment::from_seconds(1_000 * DAY);
    assert_eq!(removal(links([1, 2, 3]), late, 30).unwrap().through.sequence, 2);
    // The clock had jumped: what is old by its own word stands behind a younger one and stays.
    assert_eq!(removal(links([999, 2, 3]), late, 30), None);
    assert_eq!(removal(links([1, 2, 3]), Moment::from_seconds(0), 30), None);
    assert_eq!(removal([], late, 30), None);
}

#[test]
fn a_checkpoint_that_removes_what_comes_after_it_is_none() {
    let mut chain = chain(2);
    let through = Link { sequence: 3, hash: Digest::START };
    let content = Content::Checkpoint(Checkpoint { through, keep_days: 1 });
    let entry = Entry::after(Some(last_of(&chain)), Moment::from_seconds(0), content);
    chain.push(stored(entry, None));
    assert_eq!(breaks(&chain, None), (3, Break::CheckpointAhead));
}

#[test]
fn the_hash_of_an_entry_is_pinned() {
    // Worked out with sha256sum from the text that `Entry::hash` describes.
    let text = "chain:1:1\nsequence:1:1\nprevious:64:0000000000000000000000000000000000000000000000000000000000000000\n\
                recorded:5:86400\nrepository:6:acme/1\nrecord:64:";
    let chain = chain(1);
    let Content::Verdict(sealed) = &chain[0].entry.content else { panic!("no verdict") };
    let text = format!(
        "{text}{}\npolicy:64:{}\nevidence:0:\n",
        Digest::of(b"{\"number\":1}"),
        Digest::of(b"policy")
    );
    assert_eq!(sealed.record, Digest::of(b"{\"number\":1}"));
    assert_eq!(chain[0].hash, Digest::of(text.as_bytes()));
}

proptest! {
    #[test]
    fn any_entry_that_is_removed_repeated_or_moved_is_found(
        length in 2_u64..12, at in any::<prop::sample::Index>(), to in any::<prop::sample::Index>()
    ) {
        let whole = chain(length);
        let known = Some(last_of(&whole));
        let (at, to) = (at.index(whole.len()), to.index(whole.len()));
        let mut removed = whole.clone();
        let taken = removed.remove(at);
        prop_assert!(verified(&removed, known).is_err());
        removed.insert(to, taken.clone());
        prop_assert_eq!(verified(&removed, known).is_ok(), at == to);
        let mut repeated = whole.clone();
        repeated.insert(to, taken);
        prop_assert!(verified(&repeated, known).is_err());
    }

    #[test]
    fn a_foreign_entry_is_found_wherever_it_is_put(length in 1_u64..12, at in any::<prop::sample::Index>()) {
        let whole = chain(length);
        let at = at.index(whole.len() + 1);
        let record = b"{}".to_vec();
        let content = Content::Verdict(Sealed {
            repository: "acme/forged".to_owned(),
            record: Digest::of(&record),
            policy: None,
            evidence: None,
        });
        let last = at.checked_sub(1).map(|before| whole[before].entry.link());
        let forged = stored(Entry::after(last, Moment::from_seconds(0), content), Some(record));
        let mut chain = whole.clone();
        chain.insert(at, forged.clone());
        // At the very end it is an entry like any other: only the service may add there.
        prop_assert_eq!(verified(&chain, Some(last_of(&whole))).is_ok(), at == whole.len());
        if at < whole.len() {
            chain.remove(at + 1);
            prop_assert!(verified(&chain, Some(last_of(&whole))).is_err());
        }
    }
}
