//! Files that stand beside a policy and belong to it: VEX documents, and dated copies of KEV and EPSS. They are read
//! where the policy is read, so that a change cannot bring its own.

use super::reader::Reader;
use super::yaml::{Key, Node};
use super::{OrgPolicy, Policy, vex};
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::model::{Epss, RepoPath};
use crate::rules::{EpssScores, Feeds, Kev, VexStatement};
use serde_json::Value;

/// What a file beside the policy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BesideKind {
    /// OpenVEX, CSAF or CycloneDX.
    Vex,
    /// CISA's catalogue as JSON.
    Kev,
    /// FIRST's scores as CSV.
    Epss,
}

/// A file that the policy names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beside {
    /// What it is.
    pub kind: BesideKind,
    /// Its path from the root.
    pub path: RepoPath,
    /// Where the policy names it.
    pub origin: Origin,
}

impl Beside {
    /// The largest file that is read, in bytes.
    pub const fn most_bytes(&self) -> u64 {
        match self.kind {
            BesideKind::Vex => 4 << 20,
            BesideKind::Kev => 8 << 20,
            BesideKind::Epss => 48 << 20,
        }
    }
}

/// Reads `vex`, `kev` or `epss` of a policy: one path, for VEX or several.
pub(super) fn read(reader: &mut Reader<'_>, key: &Key, node: &Node) -> Vec<Beside> {
    let kind = match key.text.as_str() {
        "vex" => BesideKind::Vex,
        "kev" => BesideKind::Kev,
        _ => BesideKind::Epss,
    };
    let what = format!("`{}`", key.text);
    let texts = match kind {
        BesideKind::Vex => reader.texts(node, &what),
        BesideKind::Kev | BesideKind::Epss => {
            reader.text(node, &what).map(|text| (node.place, text)).into_iter().collect()
        }
    };
    let mut files = Vec::new();
    for (place, text) in texts {
        match RepoPath::new(text) {
            Ok(path) => files.push(Beside { kind, path, origin: reader.origin(place) }),
            Err(error) => {
                let help = "write the file's path from the root: `.github/vex/openvex.json`";
                reader.error(Code::BadValue, place, format!("{what} is `{text}`: {error}"), help);
            }
        }
    }
    files
}

impl Policy {
    /// Takes the bytes of a file that the policy names. A copy of KEV or EPSS that the organisation has given stays.
    /// Returns what has to be said of it: VEX statements that have ended, or end soon.
    ///
    /// # Errors
    /// Says why the file is not what the policy calls it. Nothing may pass then: nobody knows what it would have
    /// said.
    pub fn take_beside(&mut self, beside: &Beside, bytes: &[u8]) -> Result<Vec<Diagnostic>, Diagnostic> {
        let organisation = self.feeds.clone();
        let mut vex = take(beside, bytes, beside.path.as_str(), &self.vex, &mut self.feeds)?;
        let notes = self.vex_term.end(&mut vex);
        self.vex.append(&mut vex);
        self.feeds.kev = organisation.kev.or(self.feeds.kev.take());
        self.feeds.epss = organisation.epss.or(self.feeds.epss.take());
        Ok(notes)
    }
}

impl OrgPolicy {
    /// The same for a file that the organisation's policy names; `file` is what people know it as.
    ///
    /// # Errors
    /// As [`Policy::take_beside`].
    pub fn take_beside(&mut self, beside: &Beside, bytes: &[u8], file: &str) -> Result<(), Diagnostic> {
        let mut vex = take(beside, bytes, file, &self.vex, &mut self.feeds)?;
        self.vex.append(&mut vex);
        Ok(())
    }
}

/// Takes the copy of a list, or returns the statements of a VEX document.
fn take(
    beside: &Beside,
    bytes: &[u8],
    file: &str,
    others: &[VexStatement],
    feeds: &mut Feeds,
) -> Result<Vec<VexStatement>, Diagnostic> {
    let makers = "put the file anew into the repository, as its makers publish it";
    let (taken, help) = match beside.kind {
        BesideKind::Vex => {
            let help = "put the file anew into the repository, as its makers publish it or without what is about no package of yours";
            (vex::parse(bytes, file, others), help)
        }
        BesideKind::Kev => (kev(bytes).map(|kev| feeds.kev = Some(kev)).map(|()| Vec::new()), makers),
        BesideKind::Epss => {
            (epss(bytes).map(|scores| feeds.epss = Some(scores)).map(|()| Vec::new()), makers)
        }
    };
    taken.map_err(|why| {
        Diagnostic::new(Code::Malformed, Weight::Error, why, Origin::file(file)).with_help(help)
    })
}

/// `known_exploited_vulnerabilities.json` of CISA.
fn kev(bytes: &[u8]) -> Result<Kev, String> {
    let root: Value =
        serde_json::from_slice(bytes).map_err(|error| format!("the KEV catalogue is no JSON: {error}"))?;
    let list = root.get("vulnerabilities").and_then(Value::as_array);
    let list = list.ok_or("the KEV catalogue has no list of vulnerabilities")?;
    let date = root.get("dateReleased").and_then(Value::as_str).map(day).unwrap_or_default();
    if date.is_empty() || list.is_empty() {
        return Err("the KEV catalogue has no date or no entry".to_owned());
    }
    let stated = root.get("count").and_then(Value::as_u64);
    if stated.is_some_and(|stated| stated != list.len() as u64) {
        return Err("the KEV catalogue states another number of entries than it has".to_owned());
    }
    let ids: Option<Vec<&str>> =
        list.iter().map(|entry| entry.get("cveID").and_then(Value::as_str)).collect();
    let ids = ids.ok_or("an entry of the KEV catalogue has no `cveID`")?;
    Kev::new(date, ids).map_err(|id| format!("`{id}` of the KEV catalogue is no CVE"))
}

/// `epss_scores-DATE.csv` of FIRST: a comment with the date, the names of the columns, and a row per CVE.
fn epss(bytes: &[u8]) -> Result<EpssScores, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "the EPSS scores are no text")?;
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let comment = lines.next().filter(|line| line.starts_with('#')).unwrap_or_default();
    let date = comment.split_once("score_date:").map(|(_, date)| day(date)).unwrap_or_default();
    if date.is_empty() || lines.next().is_none_or(|names| !names.starts_with("cve,epss")) {
        return Err("the EPSS scores do not begin with their date and `cve,epss,percentile`".to_owned());
    }
    let mut scores = EpssScores::new(date);
    let mut any = false;
    for line in lines {
        let mut cells = line.split(',');
        let (id, score) = (cells.next().unwrap_or_default(), cells.next().and_then(Epss::parse));
        let taken = score.is_some_and(|score| scores.add(id, score));
        if !taken {
            return Err(format!("`{line}` is no row of the EPSS scores"));
        }
        any = true;
    }
    if any { Ok(scores) } else { Err("the EPSS scores have no row".to_owned()) }
}

/// The day of a point in time: `2026-11-20`.
fn day(time: &str) -> String {
    time.trim().chars().take(10).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{parse, resolve};

    fn beside(kind: BesideKind) -> Beside {
        Beside { kind, path: RepoPath::new("x").unwrap(), origin: Origin::default() }
    }

    fn taken(kind: BesideKind, text: &str) -> Result<Policy, String> {
        let mut policy = resolve(None, "");
        policy.take_beside(&beside(kind), text.as_bytes()).map_err(|error| error.message.raw().to_owned())?;
        Ok(policy)
    }

    #[test]
    fn a_policy_names_the_files_beside_it() {
        let text = "version: 1\nvex: [a.json, b/c.json]\nkev: kev.json\nepss: epss.csv\n";
        let file = parse(text, "tollgate.yml").unwrap();
        let named: Vec<(BesideKind, &str)> =
            file.beside.iter().map(|beside| (beside.kind, beside.path.as_str())).collect();
        assert_eq!(
            named,
            [
                (BesideKind::Vex, "a.json"),
                (BesideKind::Vex, "b/c.json"),
                (BesideKind::Kev, "kev.json"),
                (BesideKind::Epss, "epss.csv")
            ]
        );
        for text in ["vex: ../a", "kev: /a", "kev: [a, b]", "epss: https://example.com/\n"] {
            assert!(
                parse(&format!("version: 1\n{text}\n"), "tollgate.yml").is_err() || text.contains("://"),
                "{text}"
            );
        }
    }

    #[test]
    fn the_catalogue_and_the_scores_are_read_with_their_dates() {
        let policy = taken(
            BesideKind::Kev,
            r#"{"dateReleased": "2026-11-20T15:00:00Z", "count": 1, "vulnerabilities": [{"cveID": "CVE-2026-7"}]}"#,
        )
        .unwrap();
        let kev = policy.feeds.kev.unwrap();
        assert_eq!((kev.date.as_str(), kev.has(&["GHSA-1", "cve-2026-7"])), ("2026-11-20", true));
        let text = "#model_version:v2025.03.14,score_date:2026-11-21T00:00:00+0000\ncve,epss,percentile\nCVE-2026-7,0.97532,0.999\n";
        let scores = taken(BesideKind::Epss, text).unwrap().feeds.epss.unwrap();
        assert_eq!(
            (scores.date.as_str(), scores.of(&["CVE-2026-7"])),
            ("2026-11-21", Some(Epss::of(97_532)))
        );
    }

    #[test]
    fn a_list_that_is_cut_off_empty_or_of_another_form_is_no_list() {
        for text in [
            "",
            "{}",
            r#"{"dateReleased": "2026-11-20", "vulnerabilities": []}"#,
            r#"{"vulnerabilities": [{"cveID": "CVE-2026-7"}]}"#,
            r#"{"dateReleased": "2026-11-20", "count": 2, "vulnerabilities": [{"cveID": "CVE-2026-7"}]}"#,
            r#"{"dateReleased": "2026-11-20", "vulnerabilities": [{"id": "CVE-2026-7"}]}"#,
            r#"{"dateReleased": "2026-11-20", "vulnerabilities": [{"cveID": "7"}]}"#,
        ] {
            assert!(taken(BesideKind::Kev, text).is_err(), "{text}");
        }
        let head = "#score_date:2026-11-21\ncve,epss,percentile\n";
        for text in
            [String::new(), head.to_owned(), format!("{head}CVE-2026-7,0.9"), format!("{head}CVE-2026-7\n")]
        {
            let whole = text.ends_with("0.9");
            assert_eq!(taken(BesideKind::Epss, &text).is_err(), !whole, "{text}");
        }
    }
}
