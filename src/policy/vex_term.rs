//! How long what VEX documents state holds: they have no last day of their own, and a vulnerability that was hidden for
//! good would never be looked at again.

use super::exemptions::SOON_DAYS;
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::model::Date;
use crate::rules::VexStatement;
use std::collections::BTreeMap;

/// How long a statement hides anything, in days from the day on which it was made, if no policy says otherwise.
const DAYS: u64 = 365;

/// How long statements hold, and until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VexTerm {
    /// In days from the day of a statement.
    days: u64,
    /// Today in UTC; where nobody knows it, no statement holds.
    today: Option<Date>,
}

/// Whether a statement holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    Holds,
    EndsSoon,
    Ended,
    /// It does not say when it was made, or says a day that is not there yet.
    Undated,
}

impl VexTerm {
    /// The term that a repository asks for, within what its organisation allows.
    pub(super) fn new(asked: Option<u64>, most: Option<u64>, today: Option<Date>) -> Self {
        let days = asked.unwrap_or(DAYS);
        Self { days: most.map_or(days, |most| days.min(most)), today }
    }

    /// Takes out what hides a vulnerability and does not hold, and says of each document how many of its statements
    /// have ended, or end soon. What says that a vulnerability counts, counts however old it is.
    pub(super) fn end(self, statements: &mut Vec<VexStatement>) -> Vec<Diagnostic> {
        let mut by_document: BTreeMap<(Origin, Standing), u64> = BTreeMap::new();
        statements.retain(|statement| {
            if statement.hides.is_none() {
                return true;
            }
            let standing = self.standing(&statement.stated);
            if standing != Standing::Holds {
                *by_document.entry((statement.origin.clone(), standing)).or_default() += 1;
            }
            matches!(standing, Standing::Holds | Standing::EndsSoon)
        });
        by_document.into_iter().map(|((origin, standing), count)| self.say(origin, standing, count)).collect()
    }

    fn standing(self, stated: &str) -> Standing {
        // What is no day is as good as none.
        let (Some(Ok(date)), Some(today)) = (stated.get(..10).map(Date::parse), self.today) else {
            return Standing::Undated;
        };
        // Somebody's day may have begun before that of UTC.
        if date.days() > today.days().saturating_add(1) {
            return Standing::Undated;
        }
        let age = u64::from(today.days().saturating_sub(date.days()));
        match self.days.checked_sub(age) {
            None => Standing::Ended,
            Some(left) if left <= u64::from(SOON_DAYS) => Standing::EndsSoon,
            Some(_) => Standing::Holds,
        }
    }

    fn say(self, origin: Origin, standing: Standing, count: u64) -> Diagnostic {
        let (what, is, does, hide) = match count {
            1 => ("1 statement".to_owned(), "is", "does", "hides"),
            _ => (format!("{count} statements"), "are", "do", "hide"),
        };
        let (what, days) = (format!("{what} of the VEX document"), self.days);
        let (code, message) = match (standing, self.today) {
            (Standing::Holds | Standing::EndsSoon, _) => (
                Code::WaiverEnding,
                format!(
                    "{what} will be older than {days} days within {SOON_DAYS} days: what is hidden counts again then"
                ),
            ),
            (Standing::Ended, _) => (
                Code::WaiverExpired,
                format!("{what} {is} older than {days} days: what was hidden counts again"),
            ),
            (Standing::Undated, Some(_)) => {
                (Code::WaiverExpired, format!("{what} {does} not say a day that has come: nothing is hidden"))
            }
            (Standing::Undated, None) => {
                (Code::WaiverExpired, format!("today's date is not known, so {what} {hide} nothing"))
            }
        };
        let help =
            "look at them anew and give them a new `timestamp`; `vex-max-days` says how long they hold";
        Diagnostic::new(code, Weight::Warning, message, origin).with_help(help)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::VexPackage;

    fn statement(stated: &str, hides: bool) -> VexStatement {
        VexStatement {
            ids: vec!["CVE-1".to_owned()],
            packages: VexPackage::of_purl("pkg:npm/p").into_iter().collect(),
            hides: hides.then(|| "fixed".to_owned()),
            stated: stated.to_owned(),
            author: "A".to_owned(),
            origin: Origin::file("vex.json"),
        }
    }

    fn ended(term: VexTerm, stated: &str) -> (bool, Option<Code>) {
        let mut statements = vec![statement(stated, true)];
        let said = term.end(&mut statements);
        (statements.is_empty(), said.first().map(|diagnostic| diagnostic.code))
    }

    #[test]
    fn a_statement_holds_for_its_days_and_is_said_before_and_after_its_end() {
        let on = |today: &str| VexTerm::new(Some(30), None, Some(Date::parse(today).unwrap()));
        let stated = "2026-01-01T00:00:00Z";
        assert_eq!(ended(on("2026-01-01"), stated), (false, None));
        assert_eq!(ended(on("2026-01-16"), stated), (false, None));
        assert_eq!(ended(on("2026-01-17"), stated), (false, Some(Code::WaiverEnding)));
        // The thirtieth day is the last.
        assert_eq!(ended(on("2026-01-31"), stated), (false, Some(Code::WaiverEnding)));
        assert_eq!(ended(on("2026-02-01"), stated), (true, Some(Code::WaiverExpired)));
    }

    #[test]
    fn without_a_day_or_with_one_to_come_nothing_is_hidden() {
        let on =
            |today: Option<&str>| VexTerm::new(None, None, today.map(|today| Date::parse(today).unwrap()));
        for stated in ["", "soon", "2099-01-01T00:00:00Z", "2026-13-01T00:00:00Z"] {
            assert_eq!(ended(on(Some("2026-01-01")), stated), (true, Some(Code::WaiverExpired)), "{stated}");
        }
        assert_eq!(ended(on(Some("2026-01-01")), "2026-01-02T03:00:00+05:00"), (false, None));
        assert_eq!(ended(on(None), "2026-01-01T00:00:00Z"), (true, Some(Code::WaiverExpired)));
    }

    #[test]
    fn what_counts_against_the_change_never_ends() {
        let mut statements = vec![statement("2001-01-01T00:00:00Z", false)];
        assert_eq!(
            VexTerm::new(None, None, Some(Date::parse("2026-01-01").unwrap())).end(&mut statements),
            []
        );
        assert_eq!(statements.len(), 1);
    }

    #[test]
    fn the_organisation_bounds_the_term() {
        let term = |asked, most| VexTerm::new(asked, most, None).days;
        assert_eq!(term(None, None), 365);
        assert_eq!(term(Some(900), None), 900);
        assert_eq!(term(Some(900), Some(90)), 90);
        assert_eq!(term(Some(30), Some(90)), 30);
        assert_eq!(term(None, Some(90)), 90);
    }
}
