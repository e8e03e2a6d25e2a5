//! Dated copies of what the world knows of exploited vulnerabilities: CISA's KEV catalogue and FIRST's EPSS. They
//! come with the policy and are never fetched: the same inputs give the same verdict.

use crate::model::Epss;
use std::collections::{BTreeMap, BTreeSet};

/// The copies that the policy names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Feeds {
    /// The catalogue of known exploited vulnerabilities.
    pub kev: Option<Kev>,
    /// The probabilities of exploitation.
    pub epss: Option<EpssScores>,
}

/// CISA's catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kev {
    /// The day of the copy, as it says.
    pub date: String,
    ids: BTreeSet<CveId>,
}

/// FIRST's scores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EpssScores {
    /// The day of the copy, as it says.
    pub date: String,
    scores: BTreeMap<CveId, Epss>,
}

/// `CVE-2026-1234` as its two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct CveId(u16, u32);

impl CveId {
    fn parse(id: &str) -> Option<Self> {
        let (prefix, rest) = id.split_at_checked(4)?;
        let (year, number) = rest.split_once('-')?;
        let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !prefix.eq_ignore_ascii_case("CVE-") || !plain(year) || !plain(number) {
            return None;
        }
        Some(Self(year.parse().ok()?, number.parse().ok()?))
    }
}

/// True for the id of a CVE, which both lists go by.
pub(super) fn is_cve(id: &str) -> bool {
    CveId::parse(id).is_some()
}

impl Kev {
    /// A catalogue of these ids; `Err` gives the first that is none.
    ///
    /// # Errors
    /// Gives back the first id that is none of a CVE.
    pub fn new<'i>(date: String, ids: impl IntoIterator<Item = &'i str>) -> Result<Self, &'i str> {
        let ids: Result<_, _> = ids.into_iter().map(|id| CveId::parse(id).ok_or(id)).collect();
        Ok(Self { date, ids: ids? })
    }

    /// True if the catalogue has one of these ids.
    pub fn has(&self, ids: &[&str]) -> bool {
        ids.iter().filter_map(|id| CveId::parse(id)).any(|id| self.ids.contains(&id))
    }
}

impl EpssScores {
    /// Scores without any.
    pub fn new(date: String) -> Self {
        Self { date, scores: BTreeMap::new() }
    }

    /// Adds one. False if the id is none of a CVE.
    pub fn add(&mut self, id: &str, score: Epss) -> bool {
        CveId::parse(id).map(|id| self.scores.insert(id, score)).is_some()
    }

    /// The highest score of these ids.
    pub fn of(&self, ids: &[&str]) -> Option<Epss> {
        ids.iter().filter_map(|id| self.scores.get(&CveId::parse(id)?).copied()).max()
    }
}
