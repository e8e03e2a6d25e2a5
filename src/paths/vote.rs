//! Which folder the paths of one report start from, where no single path can tell.
//!
//! A report names all its files from one place, or from few. A path that only one tracked file ends with shows
//! such a place: `/app/src/main.rs` is `src/main.rs`, so `/app` is the repository's root. Paths that several
//! files end with are then taken from the places that others have shown, or stay ambiguous.

use super::tree::Tree;
use super::written::Written;
use crate::model::RepoPath;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// What became of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Resolution {
    /// It is this tracked file.
    File(RepoPath),
    /// It could be several tracked files, or one in other upper and lower case.
    Ambiguous,
    /// It is no tracked file.
    Outside,
}

/// A place that paths start from: what stands before them in the report, and what in the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place<'p> {
    /// Prefix of the report's path, with its last slash; empty for relative paths.
    written: &'p str,
    absolute: bool,
    /// Folder of the tree with its last slash; empty for its root.
    folder: &'p str,
}

/// One path and what the tree has for it.
struct Open<'p> {
    written: &'p Written,
    /// The longest ending that any tracked file has (of a relative path the whole of it).
    ending: &'p str,
    /// Tracked files with this ending, up to [`MOST`].
    matches: Vec<&'p RepoPath>,
}

/// So many files with one ending are told apart; beyond it a path is ambiguous unless a place is known.
const MOST: usize = 16;
/// So many places of one report are tried.
const MOST_PLACES: usize = 64;

/// Resolves the paths of one report together. `report` is the report's own file, from the root of the tree.
pub(super) fn resolve(written: &[&Written], tree: &Tree, report: &str) -> Vec<Resolution> {
    let open: Vec<Open<'_>> = written.iter().map(|written| Open::new(written, tree)).collect();
    let places = places(&open, tree, report);
    let mut decided: Vec<(Resolution, u64)> =
        open.iter().map(|path| path.decide(&places, tree, report)).collect();
    drop_copies(&open, &mut decided);
    decided.into_iter().map(|(resolution, _)| resolution).collect()
}

impl<'p> Open<'p> {
    fn new(written: &'p Written, tree: &'p Tree) -> Self {
        let mut ending = written.path.as_str();
        let find = |ending: &str| tree.ending_with(ending).take(MOST + 1).collect::<Vec<_>>();
        let mut matches = if written.is_foreign() { Vec::new() } else { find(ending) };
        let name = ending.rsplit('/').next().unwrap_or(ending);
        if written.absolute && !written.is_foreign() && tree.ending_with(name).next().is_some() {
            while let (true, Some((_, shorter))) = (matches.is_empty(), ending.split_once('/')) {
                ending = shorter;
                matches = find(ending);
            }
        }
        if matches.is_empty()
            && let Some(file) = tree.get(&written.path).filter(|_| !written.absolute)
        {
            matches.push(file);
        }
        Self { written, ending, matches }
    }

    /// The place that a single match shows.
    fn shown(&self) -> Option<Place<'p>> {
        let [only] = self.matches.as_slice() else { return None };
        Some(Place {
            written: self.written.path.strip_suffix(self.ending)?,
            absolute: self.written.absolute,
            folder: only.as_str().strip_suffix(self.ending)?,
        })
    }

    /// The tracked file that this path is if it starts from `place`.
    fn from(&self, place: Place<'_>, tree: &'p Tree) -> Option<&'p RepoPath> {
        if self.written.absolute != place.absolute {
            return None;
        }
        let rest = self.written.path.strip_prefix(place.written)?;
        if place.folder.is_empty() { tree.get(rest) } else { tree.get(&format!("{}{rest}", place.folder)) }
    }

    /// What the path is, and how many paths speak for it.
    fn decide(&self, places: &BTreeMap<Place<'p>, Votes>, tree: &'p Tree, report: &str) -> (Resolution, u64) {
        if self.matches.is_empty() {
            let other_case = !self.written.absolute && tree.contains_in_other_case(&self.written.path);
            return (if other_case { Resolution::Ambiguous } else { Resolution::Outside }, 0);
        }
        let mut options: Vec<(Votes, Place<'_>, &RepoPath)> = places
            .iter()
            .filter_map(|(place, votes)| Some((*votes, *place, self.from(*place, tree)?)))
            .collect();
        options.sort_by_key(|option| Reverse(option.0.explained));
        let outvoted = |votes: &Votes, file: &RepoPath| {
            options.iter().any(|other| other.0.explained >= votes.explained && other.2 != file)
        };
        if let Some((votes, place, file)) = options.first().filter(|best| !outvoted(&best.0, best.2)) {
            let enough = match (self.matches.len(), self.written.absolute) {
                (1, false) => true,
                (1, true) => self.stands_alone(*place, *votes, places),
                // The repository's own root needs most paths, any other folder all of them.
                (_, false) if place.folder.is_empty() => true,
                (_, _) if place.folder.is_empty() => votes.explained * 2 > votes.of,
                (_, _) => votes.explained == votes.of,
            };
            if enough {
                return (Resolution::File((*file).clone()), votes.explained);
            }
            if self.matches.len() == 1 {
                return (Resolution::Outside, 0);
            }
        }
        let exact = !self.written.absolute && tree.contains(&self.written.path);
        match self.hinted(report).filter(|_| !exact) {
            Some(file) => (Resolution::File(file.clone()), 1),
            None => (Resolution::Ambiguous, 0),
        }
    }

    /// True if the only match of an absolute path is more than a name that two projects share by chance.
    fn stands_alone(&self, place: Place<'_>, votes: Votes, places: &BTreeMap<Place<'p>, Votes>) -> bool {
        let long = self.ending.contains('/');
        let others = places
            .iter()
            .any(|(other, of_other)| other.absolute && *other != place && of_other.explained >= 3);
        votes.explained >= 2 || (long && !others)
    }

    /// Of several matches the one in the group that the format names, or in the module that holds the report.
    fn hinted(&self, report: &str) -> Option<&'p RepoPath> {
        if self.matches.len() > MOST {
            return None;
        }
        let folders =
            |file: &'p RepoPath| file.as_str().rsplit_once('/').map_or("", |(folders, _)| folders).split('/');
        if let Some(group) = &self.written.group {
            let name = group.rsplit('/').next().unwrap_or(group);
            let mut inside = self.matches.iter().filter(|file| folders(file).any(|part| part == name));
            if let (Some(file), None) = (inside.next(), inside.next()) {
                return Some(file);
            }
        }
        let module = report.rsplit_once('/').map_or("", |(folders, _)| folders);
        let shared = |file: &'p RepoPath| {
            folders(file)
                .zip(module.split('/'))
                .take_while(|(left, right)| left == right && !left.is_empty())
                .count()
        };
        let most = self.matches.iter().map(|file| shared(file)).max().filter(|most| *most > 0)?;
        let mut nearest = self.matches.iter().filter(|file| shared(file) == most);
        match (nearest.next(), nearest.next()) {
            (Some(file), None) => Some(file),
            _ => None,
        }
    }
}

/// How many paths a place explains, of those below it that the tree has anything for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Votes {
    explained: u64,
    of: u64,
}

/// The places that the report's paths show, with the root of the tree and the folders around the report, and
/// how many paths each explains.
fn places<'p>(open: &[Open<'p>], tree: &'p Tree, report: &'p str) -> BTreeMap<Place<'p>, Votes> {
    let mut shown: BTreeMap<Place<'p>, u64> = BTreeMap::new();
    for place in open.iter().filter_map(Open::shown) {
        *shown.entry(place).or_default() += 1;
    }
    let mut ranked: Vec<(u64, Place<'p>)> = shown.into_iter().map(|(place, votes)| (votes, place)).collect();
    ranked.sort_by(|left, right| right.0.cmp(&left.0).then_with(|| left.1.cmp(&right.1)));
    ranked.truncate(MOST_PLACES);
    let mut places: BTreeSet<Place<'p>> = ranked.into_iter().map(|(_, place)| place).collect();
    let around = report.match_indices('/').filter_map(|(slash, _)| report.get(..=slash));
    for folder in around.chain([""]) {
        places.insert(Place { written: "", absolute: false, folder });
    }
    let mut counted: BTreeMap<Place<'p>, Votes> =
        places.into_iter().map(|place| (place, Votes::default())).collect();
    for path in open.iter().filter(|path| !path.matches.is_empty()) {
        for (place, votes) in &mut counted {
            let below =
                path.written.absolute == place.absolute && path.written.path.starts_with(place.written);
            votes.of += u64::from(below);
            votes.explained += u64::from(below && path.from(*place, tree).is_some());
        }
    }
    counted.retain(|_, votes| votes.explained > 0);
    counted
}

/// Two absolute paths from different places cannot be one file: the place that fewer paths speak for is wrong.
fn drop_copies(open: &[Open<'_>], decided: &mut [(Resolution, u64)]) {
    let mut best: BTreeMap<RepoPath, u64> = BTreeMap::new();
    for (path, (resolution, votes)) in open.iter().zip(&*decided) {
        if let (Resolution::File(file), true) = (resolution, path.written.absolute) {
            let most = best.entry(file.clone()).or_default();
            *most = (*most).max(*votes);
        }
    }
    for (path, (resolution, votes)) in open.iter().zip(decided) {
        if let Resolution::File(file) = resolution
            && path.written.absolute
            && best.get(file).is_some_and(|most| most > votes)
        {
            *resolution = Resolution::Outside;
        }
    }
}
