//! The chain of verdicts for people: whether it is whole, and a table for a spreadsheet.

use super::escape::csv_field;
use super::terminal::{Page, Style};
use super::words::{count_of, grouped};
use crate::model::{OutcomeKind, Untrusted};
use crate::records::Recorded;
use crate::records::chain::{Content, Entry, Known, Verified};

/// The text of `tollgate records verify` on a chain that is whole.
pub fn verified(verified: &Verified, style: Style) -> String {
    let mut page = Page::new(style);
    page.line(&format!(
        "whole: {}, {} of them verdicts, from {} to {}",
        if verified.entries == 1 {
            "1 entry".to_owned()
        } else {
            format!("{} entries", grouped(verified.entries))
        },
        grouped(verified.verdicts),
        verified.first.sequence,
        verified.last.sequence
    ));
    if let Some(removed) = verified.removed {
        page.wrapped(
            "  ",
            2,
            &format!(
                "entries up to {} were removed by a retention of {}: a checkpoint in the chain accounts for them",
                removed.through.sequence,
                count_of(removed.keep_days as usize, "day")
            ),
        );
    }
    page.line(&format!("  last entry  {}", verified.last));
    page.wrapped(
        "  ",
        2,
        match verified.known {
            Known::NotNamed => {
                "Whether its end was cut off, or all of it made anew, only a hash from elsewhere can tell: keep the last \
                 entry in another place and name it next time with --head."
            }
            Known::Held => "The entry that you named is in the chain.",
            Known::Removed => {
                "The entry that you named was removed as too old: it proves nothing any more. Keep the last entry in \
                 another place and name it next time with --head."
            }
        },
    );
    page.finish()
}

/// One line of `tollgate records verify` on the chains of a service.
pub fn verified_of(repository: &str, verified: &Verified, style: Style) -> String {
    let mut page = Page::new(style);
    let name = page.text(&Untrusted::new(repository), 200);
    let removed = verified.removed.map_or(String::new(), |removed| {
        let days = count_of(removed.keep_days as usize, "day");
        format!("  up to {} removed after {days}", removed.through.sequence)
    });
    let verdicts = grouped(verified.verdicts);
    page.line(&format!("whole  {name}  {verdicts} verdicts  last {}{removed}", verified.last));
    page.finish()
}

/// The first row of the table.
pub const CSV_HEADER: &str = "sequence,recorded-at,entry,repository,pull-request,decided-at,verdict,author-class,not-met,\
                              not-measured,policy,record-sha256,policy-sha256,evidence-sha256,hash\r\n";

/// One entry as a row (RFC 4180); `recorded` is what its record says.
pub fn csv_row(entry: &Entry, recorded: Option<&Recorded>) -> String {
    let digest = |digest: Option<crate::records::chain::Digest>| {
        digest.map(|digest| digest.to_string()).unwrap_or_default()
    };
    let moment = |moment: crate::model::Moment| moment.rfc3339().unwrap_or_default();
    let (what, repository, digests) = match &entry.content {
        Content::Verdict(sealed) => (
            "verdict".to_owned(),
            csv_field(&Untrusted::new(sealed.repository.as_str())),
            [sealed.record.to_string(), digest(sealed.policy), digest(sealed.evidence)],
        ),
        Content::Checkpoint(checkpoint) => (
            format!("removed through {}", checkpoint.through.sequence),
            String::new(),
            [const { String::new() }; 3],
        ),
    };
    let rules = |kind: OutcomeKind| {
        let outcomes = recorded.iter().flat_map(|recorded| &recorded.outcomes);
        let mut ids: Vec<&str> =
            outcomes.filter(|outcome| outcome.kind == kind).map(|outcome| outcome.id.as_str()).collect();
        ids.dedup();
        csv_field(&Untrusted::new(ids.join(" ")))
    };
    let of_record = |text: fn(&Recorded) -> String| recorded.map(text).unwrap_or_default();
    let [record, policy, evidence] = digests;
    let row = [
        entry.sequence.to_string(),
        moment(entry.recorded),
        what,
        repository,
        of_record(|record| record.pull_request.map(|number| number.to_string()).unwrap_or_default()),
        of_record(|record| record.decided.and_then(crate::model::Moment::rfc3339).unwrap_or_default()),
        of_record(|record| record.kind.word().to_owned()),
        of_record(|record| record.class.word().to_owned()),
        rules(OutcomeKind::NotMet),
        rules(OutcomeKind::NotMeasured),
        of_record(|record| csv_field(&record.policy)),
        record,
        policy,
        evidence,
        entry.hash().to_string(),
    ];
    format!("{}\r\n", row.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::AuthorClass;
    use crate::model::Moment;
    use crate::records::chain::{Checkpoint, Digest, Link, Sealed};
    use crate::records::tests::verdict;

    #[test]
    fn each_entry_is_one_row_of_as_many_cells_as_the_header() {
        let record = verdict("=cmd()", 431, "2026-11-22T08:03:11Z", AuthorClass::External, (1, 2));
        let content = Content::Verdict(Sealed {
            repository: "=cmd(),\r\n\"x\"".to_owned(),
            record: Digest::of(b"record"),
            policy: Some(Digest::of(b"policy")),
            evidence: None,
        });
        let first = Entry::after(None, Moment::from_seconds(86_400), content);
        let through = Link { sequence: 1, hash: first.hash() };
        let content = Content::Checkpoint(Checkpoint { through, keep_days: 400 });
        let second = Entry::after(Some(first.link()), Moment::from_seconds(172_800), content);
        insta::assert_snapshot!(format!(
            "{CSV_HEADER}{}{}",
            csv_row(&first, Some(&record)),
            csv_row(&second, None)
        ));
    }

    #[test]
    fn a_whole_chain_says_what_it_does_not_prove() {
        let last = Link { sequence: 1_207, hash: Digest::of(b"last") };
        let through = Link { sequence: 3, hash: Digest::of(b"gone") };
        let mut whole = Verified {
            entries: 1_204,
            verdicts: 1_203,
            first: Link { sequence: 4, hash: Digest::of(b"first") },
            last,
            removed: Some(Checkpoint { through, keep_days: 400 }),
            known: Known::NotNamed,
        };
        let not_named = verified(&whole, Style::PLAIN);
        whole.known = Known::Removed;
        insta::assert_snapshot!(format!("{not_named}---\n{}", verified(&whole, Style::PLAIN)));
    }
}
