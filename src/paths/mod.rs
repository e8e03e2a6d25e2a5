//! Paths of tools become paths of the repository (coverage.md b.7).
//!
//! In this order: folders that the report names (`<source>`), folders in which this commit or any CI service
//! checks out, Go's modules; then the one place that the report's paths start from ([`vote`]). Each step is
//! checked against the tracked files. What could be several files is *ambiguous*, what is none is *outside*;
//! both are listed, and nothing is ever guessed. Case counts.

mod rules;
mod tree;
mod vote;
mod written;

#[cfg(test)]
mod tests;

pub use rules::{PathRule, PathRuleError};
pub use tree::{Tree, count_lines, lines_ended};

use crate::model::{Coverage, CoverageReport, FileCoverage, RepoPath, Untrusted};
use std::collections::BTreeSet;
use vote::Resolution;
use written::Written;

/// A Go module of the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoModule {
    /// Folder that holds its `go.mod`; `None` for the root.
    pub folder: Option<RepoPath>,
    /// Its name, as the `module` line gives it.
    pub name: String,
}

/// What is known beside a report and the tree.
#[derive(Clone, Copy, Debug, Default)]
pub struct PathHints<'h> {
    /// The report's own file, from the root of the tree with `/`; empty if it lies elsewhere.
    pub report: &'h str,
    /// Absolute folders in which this commit is or was checked out, beside those of CI services, which are known.
    pub workspaces: &'h [String],
    /// The Go modules of the tree.
    pub modules: &'h [GoModule],
    /// Rules of the policy; the first that gives a tracked file decides, before anything else.
    pub rules: &'h [PathRule],
}

/// Brings the paths of one report to tracked files.
///
/// Paths that are one file are merged. Files with a line beyond their end are marked as stale. Without a tree
/// (no git repository) paths that are relative, or lie in a known workspace, are taken as they are.
pub fn resolve(report: CoverageReport, tree: Option<&Tree>, hints: &PathHints<'_>) -> Coverage {
    let mut coverage = Coverage::default();
    let roots: Vec<&str> = report.roots.iter().map(Untrusted::raw).collect();
    let Some(tree) = tree else {
        for (text, file) in report.files {
            let path = as_written(text.raw(), &roots, hints);
            put(&mut coverage, path.map_or(Resolution::Outside, Resolution::File), text, file);
        }
        return finish(coverage, None, &roots, hints);
    };
    // What a single path decides is decided first; the rest is decided together.
    let mut open: Vec<(Untrusted, FileCoverage, Written)> = Vec::new();
    for (text, file) in report.files {
        match decide_alone(text.raw(), &roots, tree, hints) {
            Alone::Decided(resolution) => put(&mut coverage, resolution, text, file),
            Alone::Open(written) => open.push((text, file, written)),
        }
    }
    let written: Vec<&Written> = open.iter().map(|(_, _, written)| written).collect();
    let decided = vote::resolve(&written, tree, hints.report);
    for ((text, file, _), resolution) in open.into_iter().zip(decided) {
        put(&mut coverage, resolution, text, file);
    }
    finish(coverage, Some(tree), &roots, hints)
}

/// The tracked file that a test or a finding names; `None` if it is none or could be several.
pub fn resolve_place(text: &str, tree: &Tree, hints: &PathHints<'_>) -> Option<RepoPath> {
    let written = match decide_alone(text, &[], tree, hints) {
        Alone::Decided(Resolution::File(file)) => return Some(file),
        Alone::Decided(Resolution::Ambiguous | Resolution::Outside) => return None,
        Alone::Open(written) => written,
    };
    if let Some(file) = tree.get(&written.path).filter(|_| !written.absolute) {
        return Some(file.clone());
    }
    match vote::resolve(&[&written], tree, "").pop() {
        Some(Resolution::File(file)) => Some(file),
        Some(Resolution::Ambiguous | Resolution::Outside) | None => None,
    }
}

/// The name of the module that a `go.mod` declares.
pub fn go_module_name(go_mod: &str) -> Option<&str> {
    let mut lines = go_mod.lines().map(|line| line.split("//").next().unwrap_or(line).trim());
    let name = lines
        .find_map(|line| line.strip_prefix("module").filter(|rest| rest.starts_with([' ', '\t', '"'])))?;
    let name = name.trim().trim_matches(['"', '`']);
    (!name.is_empty()).then_some(name)
}

/// What a path gives without the others of its report.
enum Alone {
    Decided(Resolution),
    Open(Written),
}

fn decide_alone(text: &str, roots: &[&str], tree: &Tree, hints: &PathHints<'_>) -> Alone {
    // A name that git knows may hold what looks like a separator elsewhere.
    if text.contains('\\')
        && let Some(file) = tree.get(text)
    {
        return Alone::Decided(Resolution::File(file.clone()));
    }
    let Some(written) = Written::new(text) else { return Alone::Decided(Resolution::Outside) };
    if let Some(file) = by_rules(&written, text, roots, tree, hints.rules) {
        return Alone::Decided(Resolution::File(file));
    }
    if let Some(resolution) = go_path(&written, tree, hints.modules) {
        return Alone::Decided(resolution);
    }
    if written.absolute {
        return match below_workspaces(&written, tree, hints) {
            Some(file) => Alone::Decided(Resolution::File(file)),
            None => Alone::Open(written),
        };
    }
    let mut below_roots = BTreeSet::new();
    let mut joined_open = None;
    for root in roots {
        let Some(joined) = Written::new(&format!("{root}/{text}")) else { continue };
        let file = if joined.absolute {
            below_workspaces(&joined, tree, hints)
        } else {
            tree.get(&joined.path).filter(|_| joined.ups == 0).cloned()
        };
        below_roots.extend(file);
        if joined.absolute && joined_open.is_none() {
            joined_open = Some(joined);
        }
    }
    match below_roots.len() {
        0 => {}
        1 => return Alone::Decided(below_roots.pop_first().map_or(Resolution::Outside, Resolution::File)),
        _ => return Alone::Decided(Resolution::Ambiguous),
    }
    if written.ups > 0 {
        return Alone::Decided(from_above(&written, tree, hints));
    }
    // With several roots nobody knows which one the path starts from.
    match joined_open.filter(|_| roots.len() == 1 && tree.get(&written.path).is_none()) {
        Some(joined) => Alone::Open(joined),
        None => Alone::Open(written),
    }
}

/// The tracked file that a rule of the policy gives, for the path itself or below a root of the report.
fn by_rules(
    written: &Written,
    text: &str,
    roots: &[&str],
    tree: &Tree,
    rules: &[PathRule],
) -> Option<RepoPath> {
    if rules.is_empty() {
        return None;
    }
    let joined = roots.iter().filter(|_| !written.absolute);
    let joined: Vec<Written> = joined.filter_map(|root| Written::new(&format!("{root}/{text}"))).collect();
    let paths = || joined.iter().chain([written]);
    rules.iter().find_map(|rule| paths().find_map(|path| tree.get(&rule.apply(path)?).cloned()))
}

/// True if nobody expects the path among the tracked files: code of toolchains and dependencies, and what a rule of
/// the policy leaves out.
fn is_expected_outside(text: &str, roots: &[&str], tree: Option<&Tree>, hints: &PathHints<'_>) -> bool {
    let Some(written) = Written::new(text) else { return false };
    let joined: Vec<Written> =
        roots.iter().filter_map(|root| Written::new(&format!("{root}/{text}"))).collect();
    let of_other_module = tree.is_some_and(|tree| {
        go_path(&written, tree, hints.modules) == Some(Resolution::Outside)
            && !hints.modules.iter().any(|module| written.path.starts_with(&format!("{}/", module.name)))
    });
    of_other_module
        || joined
            .iter()
            .chain([&written])
            .any(|path| path.is_foreign() || hints.rules.iter().any(|rule| rule.leaves_out(path)))
}

/// The tracked file below a known workspace.
fn below_workspaces(written: &Written, tree: &Tree, hints: &PathHints<'_>) -> Option<RepoPath> {
    let known = hints
        .workspaces
        .iter()
        .filter_map(|workspace| Written::new(workspace))
        .find_map(|workspace| written.below(&workspace).and_then(|rest| tree.get(rest)).cloned());
    known.or_else(|| written.below_workspaces().find_map(|rest| tree.get(rest)).cloned())
}

/// A path that begins with `..`: it started below the root, or left the root and entered it again.
fn from_above(written: &Written, tree: &Tree, hints: &PathHints<'_>) -> Resolution {
    let mut folder = hints.report.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut steps = 0;
    while steps < written.ups && !folder.is_empty() {
        folder = folder.rsplit_once('/').map_or("", |(above, _)| above);
        steps += 1;
    }
    if steps == written.ups {
        let slash = if folder.is_empty() { "" } else { "/" };
        if let Some(file) = tree.get(&format!("{folder}{slash}{}", written.path)) {
            return Resolution::File(file.clone());
        }
    }
    for workspace in hints.workspaces.iter().filter_map(|workspace| Written::new(workspace)) {
        let names: Vec<&str> = workspace.path.split('/').collect();
        let Some(left) = names.len().checked_sub(written.ups).and_then(|start| names.get(start..)) else {
            continue;
        };
        let entered = written.path.strip_prefix(&left.join("/")).and_then(|rest| rest.strip_prefix('/'));
        if let Some(file) = entered.and_then(|rest| tree.get(rest)) {
            return Resolution::File(file.clone());
        }
    }
    if written.is_foreign() {
        return Resolution::Outside;
    }
    let mut matches = tree.ending_with(&written.path);
    match (matches.next(), matches.next()) {
        (Some(file), None) if written.path.contains('/') => Resolution::File(file.clone()),
        (Some(_), _) => Resolution::Ambiguous,
        (None, _) => Resolution::Outside,
    }
}

/// A file of a Go package: its import path begins with a host name. The longest module name wins, and what lies
/// in no module is code of somebody else; `None` if it is no such path.
fn go_path(written: &Written, tree: &Tree, modules: &[GoModule]) -> Option<Resolution> {
    let is_go = written.path.ends_with(".go") && !written.absolute && written.ups == 0;
    if !is_go || modules.is_empty() || tree.contains(&written.path) {
        return None;
    }
    let below = |module: &GoModule| {
        let rest = written.path.strip_prefix(module.name.as_str())?.strip_prefix('/')?;
        let folder = module.folder.as_ref().map_or(String::new(), |folder| format!("{}/", folder.as_str()));
        Some((module.name.len(), format!("{folder}{rest}")))
    };
    match modules.iter().filter_map(below).max() {
        Some((_, path)) => {
            Some(tree.get(&path).map_or(Resolution::Outside, |file| Resolution::File(file.clone())))
        }
        None => {
            let host = written.path.split('/').next().unwrap_or_default();
            host.contains('.').then_some(Resolution::Outside)
        }
    }
}

/// Without a tree: the path below a workspace, or the relative path itself.
fn as_written(text: &str, roots: &[&str], hints: &PathHints<'_>) -> Option<RepoPath> {
    let relative = |written: &Written| {
        if !written.absolute {
            return RepoPath::new(&written.path).ok().filter(|_| written.ups == 0);
        }
        let known = hints.workspaces.iter().filter_map(|workspace| Written::new(workspace));
        let below = known.filter_map(|workspace| written.below(&workspace).map(str::to_owned)).next();
        let rest = below.or_else(|| written.below_workspaces().next().map(str::to_owned))?;
        RepoPath::new(&rest).ok()
    };
    let written = Written::new(text)?;
    if let Some(path) = hints.rules.iter().find_map(|rule| rule.apply(&written)) {
        return RepoPath::new(&path).ok();
    }
    if let (false, [root]) = (written.absolute, roots) {
        let joined = Written::new(&format!("{root}/{text}"))?;
        return relative(&joined).or_else(|| relative(&written));
    }
    relative(&written)
}

fn put(coverage: &mut Coverage, resolution: Resolution, text: Untrusted, file: FileCoverage) {
    match resolution {
        Resolution::File(path) => {
            coverage.paths.resolved += 1;
            match coverage.files.entry(path) {
                std::collections::btree_map::Entry::Vacant(vacant) => {
                    vacant.insert(file);
                }
                std::collections::btree_map::Entry::Occupied(mut occupied) => occupied.get_mut().merge(&file),
            }
        }
        Resolution::Ambiguous => coverage.paths.ambiguous.push(text),
        Resolution::Outside => coverage.paths.outside.push(text),
    }
}

fn finish(mut coverage: Coverage, tree: Option<&Tree>, roots: &[&str], hints: &PathHints<'_>) -> Coverage {
    let unexpected = |text: &&Untrusted| !is_expected_outside(text.raw(), roots, tree, hints);
    coverage.paths.unexplained = coverage.paths.outside.iter().filter(unexpected).count() as u64;
    coverage.paths.ambiguous_count = coverage.paths.ambiguous.len() as u64;
    coverage.paths.outside_count = coverage.paths.outside.len() as u64;
    coverage.paths.cap();
    if let Some(tree) = tree {
        let stale = coverage.files.iter().filter(|(path, file)| is_stale(path, file, tree));
        coverage.stale = stale.map(|(path, _)| path.clone()).collect();
    }
    coverage
}

/// True if the report has a line beyond the end of the file. Line 1 of an empty file is none: Python runs
/// something there.
fn is_stale(path: &RepoPath, file: &FileCoverage, tree: &Tree) -> bool {
    match (file.lines.last(), tree.line_count(path)) {
        (Some(last), Some(count)) => last > count.max(1),
        _ => false,
    }
}
