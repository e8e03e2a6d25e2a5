//! Whether anybody looked for what a rule about scans counts: a report without findings does not say what it was made
//! for, so finding nothing proves nothing by itself.

use super::{Judgement, Scope};
use crate::compare::Evidence;
use crate::model::{Kind, OutcomeKind, Scan, ScanClass, ScanClasses, Untrusted};

/// Which classes of findings must have been looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Searched {
    /// Each of these.
    Each(ScanClasses),
    /// One of these at least.
    Any(ScanClasses),
}

impl Searched {
    /// The classes that it is about.
    pub(super) const fn classes(self) -> ScanClasses {
        match self {
            Self::Each(classes) | Self::Any(classes) => classes,
        }
    }

    /// Turns "met" into "not measured" where nobody looked for a class. A class counts as looked for by what reports
    /// and the policy say ([`Scan::looked_for`]); one that only reports can show that the policy lets be absent is not
    /// asked for.
    pub(super) fn settle<'s>(
        self,
        mut judgement: Judgement,
        scans: impl Iterator<Item = &'s Scan>,
        evidence: &Evidence<'_>,
        scope: &Scope<'_>,
    ) -> Judgement {
        if judgement.kind != OutcomeKind::Met {
            return judgement;
        }
        let looked_for = scans.fold(ScanClasses::NONE, |all, scan| all.with(scan.looked_for));
        let asked = match self {
            Self::Each(classes) => classes,
            Self::Any(classes) if classes.iter().any(|class| looked_for.has(class)) => return judgement,
            Self::Any(classes) => classes,
        };
        let missing = asked.without(looked_for);
        let excused = if scope.pinned { ScanClasses::NONE } else { may_be_absent(evidence) };
        let unexcused = match self {
            Self::Each(_) => missing.without(excused),
            // One of them would do.
            Self::Any(_) if missing.iter().any(|class| excused.has(class)) => ScanClasses::NONE,
            Self::Any(_) => missing,
        };
        if missing.is_empty() {
            return judgement;
        }
        if !unexcused.is_empty() {
            judgement.kind = OutcomeKind::NotMeasured;
            judgement.reason = reason(self, unexcused);
        } else if missing == asked {
            judgement.kind = OutcomeKind::NotJudged;
            judgement.reason = reason(self, missing);
        }
        judgement
    }
}

/// The classes that only reports look for which the policy lets be absent, and which are. An entry that states no
/// class may be of any.
fn may_be_absent(evidence: &Evidence<'_>) -> ScanClasses {
    let entries = evidence.contract.iter();
    let absent = entries.filter(|entry| entry.kind == Kind::Scan && entry.optional && entry.arrived == 0);
    absent.fold(ScanClasses::NONE, |all, entry| match entry.classes.is_empty() {
        true => all.with(ScanClass::ALL.into_iter().collect()),
        false => all.with(entry.classes),
    })
}

fn reason(searched: Searched, missing: ScanClasses) -> Untrusted {
    let words: Vec<&str> = missing.iter().map(things).collect();
    let or = match searched {
        Searched::Each(_) => " and for ",
        Searched::Any(_) => " or ",
    };
    Untrusted::new(format!(
        "no report says that it looked for {}; if one did, state `class: [{}]` in its entry of `reports:`",
        words.join(or),
        missing.words()
    ))
}

/// What findings of a class are called.
const fn things(class: ScanClass) -> &'static str {
    match class {
        ScanClass::Source => "faults in source code",
        ScanClass::Dependency => "vulnerable dependencies",
        ScanClass::Secret => "secrets",
        ScanClass::Infrastructure => "faults in infrastructure as code",
        ScanClass::Container => "vulnerabilities in container images",
        ScanClass::License => "licences",
    }
}
