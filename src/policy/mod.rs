//! What is required: policy files, their layers, and the policy in force.
//!
//! [`parse`] reads one file into a [`PolicyFile`] and reports everything that is wrong with it; [`resolve`]
//! lays it over the built-in policy. Every value of the result knows the file and line that set it.

mod base_snapshot;
mod beside;
mod builtin;
mod contradictions;
mod differences;
mod entries;
#[cfg(test)]
mod errors;
mod exemptions;
mod facts;
mod file;
mod flat;
mod floors;
mod layers;
mod org;
mod publish;
mod reader;
mod reports;
mod schema;
mod suggest;
mod vex;
mod vex_term;
mod waivers;
mod yaml;

pub use crate::rules::{Feeds, GlobError, Globs, Pattern, Quarantined, Reproduce, VexStatement, Waiver};
pub use base_snapshot::{BaseSnapshot, SnapshotStore};
pub use beside::{Beside, BesideKind};
pub use builtin::BUILT_IN;
pub use contradictions::contradictions;
pub use differences::differences;
pub use entries::{OrgEntry, RuleEntry};
pub use exemptions::{Exemption, ExemptionState};
pub use facts::RepoFacts;
pub use file::{BranchEntry, OverlayEntry, PolicyFile, parse, parse_committed};
pub use flat::{FlatSetting, flat_settings};
pub use floors::{Bound, Pin};
pub use layers::{Layers, MOST_LAXER_OVERLAYS, resolve, resolve_layers};
pub use org::{Group, Limits, OrgLayer, OrgPolicy, OrgText, Rollout, Select, parse_org};
pub use publish::{GatePlace, Publishing};
pub use schema::Schema;
pub use vex_term::VexTerm;
pub use waivers::OrgWaiver;

use crate::compare::{ContractState, ShardState};
use crate::diagnostic::{Diagnostic, Origin};
use crate::model::{
    BuildJobs, Date, Diff, DiffState, Health, Job, Kind, Mode, RepoPath, ReportRead, Retries, ScanClasses,
    Snapshot,
};
use crate::paths::PathRule;
use crate::rules::{self, RuleSpec, Settings};
use std::collections::{BTreeMap, BTreeSet};

/// The policy in force, resolved from all its layers. Every value knows the file and line that set it.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Every rule that exists, by the order of `RULES`.
    pub rules: Vec<RuleInForce>,
    /// Stricter (or, where allowed, laxer) requirements for some paths.
    pub overlays: Vec<Overlay>,
    /// What must arrive; empty means that reports are found by their content.
    pub reports: BTreeMap<String, ReportEntry>,
    /// Commands that reproduce a failure, with `{name}`, `{file}`, `{class}`.
    pub reproduce: Reproduce,
    /// Who owns the repository, as written.
    pub owners: Vec<String>,
    /// True if somebody's first pull request that passes gets one line of thanks.
    pub thanks: bool,
    /// Where the verdict is given.
    pub gate: GatePlace,
    /// What the second stage does.
    pub publish: Publishing,
    /// Where the evidence of the base lives.
    pub base_snapshot: BaseSnapshot,
    /// Globs of files whose coverage is not judged.
    pub exclude: Globs,
    /// Globs of the only files whose coverage is judged; empty means all.
    pub include: Globs,
    /// Where paths of reports lie in the repository.
    pub path_rules: Vec<PathRule>,
    /// Where the policy was read from, for the header: `built-in policy`, `.github/tollgate.yml (read from main)`.
    pub sources: Vec<String>,
    /// Waivers that hold today.
    pub waivers: Vec<Waiver>,
    /// The files beside the policy that it names; [`Policy::take_beside`] takes what they hold.
    pub beside: Vec<Beside>,
    /// What the owners state about vulnerabilities, as far as it holds today.
    pub vex: Vec<VexStatement>,
    /// How long it holds.
    pub vex_term: VexTerm,
    /// Dated copies of the lists of exploited vulnerabilities.
    pub feeds: Feeds,
    /// Quarantined tests, as far as it holds today.
    pub quarantine: Vec<Quarantined>,
    /// All waivers and quarantine entries, also those that do not hold.
    pub exemptions: Vec<Exemption>,
    /// The paths for which the organisation lets the repository ask for less; `None` without an organisation,
    /// and then it may everywhere.
    pub relax_allowed: Option<Globs>,
    /// Rules as they will be once entries of the organisation come into force; until then they only warn.
    pub previews: Vec<Preview>,
    /// What is odd about the layers: values below a floor, waivers that do not hold.
    pub diagnostics: Vec<Diagnostic>,
}

/// A rule as it will be from a day on.
#[derive(Clone, Debug)]
pub struct Preview {
    /// The rule, with the mode that it has until then.
    pub rule: RuleInForce,
    /// The first day on which it is enforced.
    pub from: Date,
}

impl Policy {
    /// True if the coverage of the file is not judged. Where the organisation pins a rule about coverage, leaving
    /// a file out asks for less, and is bound like it.
    pub fn excludes(&self, path: &RepoPath) -> bool {
        let named = self.exclude.is_match(path) || !(self.include.is_empty() || self.include.is_match(path));
        named && (self.may_relax(path) || !self.pins_coverage())
    }

    fn pins_coverage(&self) -> bool {
        self.rules.iter().any(|rule| rule.spec.kind == Some(Kind::Coverage) && rule.pin.is_some())
    }

    /// True if the repository may ask for less for this file (DECISIONS 22).
    pub fn may_relax(&self, path: &RepoPath) -> bool {
        self.relax_allowed.as_ref().is_none_or(|globs| globs.is_match(path))
    }

    /// What the policy asked for and what of it came with a commit: the files that were read for each entry,
    /// whatever their health.
    pub fn contract(&self, head: &Snapshot, diff: &DiffState) -> Vec<ContractState> {
        let state = |(name, entry): (&String, &ReportEntry)| {
            let came: Vec<&ReportRead> = head
                .reports
                .iter()
                .filter(|report| report.entry == *name && report.health != Health::Missing)
                .collect();
            ContractState {
                entry: name.clone(),
                kind: entry.kind,
                at_least: entry.at_least,
                arrived: came.len() as u64,
                optional: match entry.absent {
                    Absent::Optional => true,
                    Absent::Required => !entry.is_concerned(diff),
                    // What stands for it came, or the reports are missing.
                    Absent::Carried => false,
                },
                classes: entry.classes,
                shards: entry.shards.as_ref().map(|shards| ShardState {
                    wanted: shards.wanted(head.jobs.as_ref()),
                    came: executions(&came),
                }),
            }
        };
        self.reports.iter().map(state).collect()
    }

    /// Every way in which the policy takes repeated tests, for all tests or for some.
    pub fn retries(&self) -> Vec<Retries> {
        let overlaid = self.overlays.iter().flat_map(|overlay| &overlay.rules);
        let previews = self.previews.iter().map(|preview| &preview.rule);
        let all = self.rules.iter().chain(overlaid).chain(previews);
        let mut retries: Vec<Retries> = all.filter_map(|rule| rules::retries(&rule.settings)).collect();
        retries.sort_unstable();
        retries.dedup();
        retries
    }

    /// The kinds of evidence that must be attested (grade A), also where that only warns or will hold later.
    pub fn wants_attested(&self) -> Vec<Kind> {
        let overlaid = self.overlays.iter().flat_map(|overlay| &overlay.rules);
        let previews = self.previews.iter().map(|preview| &preview.rule);
        let all = self.rules.iter().chain(overlaid).chain(previews);
        let shown = all.filter(|rule| rule.spec.id == "evidence.grade" && rule.mode != Mode::Off);
        let kinds: BTreeSet<Kind> = shown.flat_map(|rule| rules::wants_attested(&rule.settings)).collect();
        kinds.into_iter().collect()
    }

    /// True if the runs of a repeated test are not all tests by themselves.
    pub fn asks_for_repeats(&self) -> bool {
        self.retries().into_iter().any(|retries| retries != Retries::AllPass)
    }

    /// True if a rule about tests differs for some of them.
    pub fn narrows_tests(&self) -> bool {
        self.overlays
            .iter()
            .flat_map(|overlay| &overlay.rules)
            .any(|rule| rule.spec.kind == Some(Kind::Tests))
    }

    /// True if an overlay may ask for less for a test of this file, if it has one (DECISIONS 22).
    pub fn may_relax_test(&self, path: Option<&RepoPath>) -> bool {
        path.map_or(self.relax_allowed.is_none(), |path| self.may_relax(path))
    }

    /// The rule with this id.
    pub fn rule(&self, id: &str) -> Option<&RuleInForce> {
        self.rules.iter().find(|rule| rule.spec.id == id)
    }
}

/// One rule with the settings in force.
#[derive(Clone, Debug)]
pub struct RuleInForce {
    /// Which rule.
    pub spec: &'static RuleSpec,
    /// What it may do to the verdict.
    pub mode: Mode,
    /// Where the mode was set.
    pub mode_origin: Origin,
    /// The fields in force.
    pub settings: Settings,
    /// True if a file names the rule (and not only the built-in policy).
    pub named: bool,
    /// Where the rule as a whole was set last.
    pub origin: Origin,
    /// What the organisation holds the rule to; `None` if it has neither floor nor lock for it.
    pub pin: Option<Pin>,
    /// Every value that a layer set, from the lowest layer up, for `explain`.
    pub trail: Vec<Trace>,
}

/// One value that a layer set, whether it holds in the end or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// Which layer.
    pub layer: LayerKind,
    /// The field's key, or `mode`.
    pub field: &'static str,
    /// The value as text.
    pub value: String,
    /// Where it stands.
    pub origin: Origin,
}

/// The layers of a policy, from the lowest up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LayerKind {
    /// Tollgate's own defaults.
    BuiltIn,
    /// The organisation's `defaults`.
    Defaults,
    /// The defaults of the groups that select the repository.
    Groups,
    /// The organisation's file for the repository.
    OrgRepository,
    /// A waiver of the organisation with another value.
    Relief,
    /// The repository's file.
    Repository,
    /// What the repository's file asks for on the branch, beside.
    Branch,
    /// A floor of the organisation.
    Floor,
    /// A lock of the organisation.
    Lock,
}

impl LayerKind {
    /// The layer in words.
    pub const fn word(self) -> &'static str {
        match self {
            Self::BuiltIn => "built-in",
            Self::Defaults => "organisation default",
            Self::Groups => "group default",
            Self::OrgRepository => "organisation, for this repository",
            Self::Relief => "waiver of the organisation",
            Self::Repository => "this repository",
            Self::Branch => "this repository, for the branch",
            Self::Floor => "floor of the organisation",
            Self::Lock => "locked by the organisation",
        }
    }
}

impl RuleInForce {
    /// Where the requirement that people ask about was set: the first field that a file sets, or else the rule.
    pub fn deciding_origin(&self) -> Origin {
        let fields = self.spec.fields.iter().filter_map(|field| self.settings.get(field.key));
        let mut by_file = fields.filter(|setting| setting.origin.file.raw() != BUILT_IN);
        by_file.next().map_or_else(|| self.origin.clone(), |setting| setting.origin.clone())
    }

    /// True if the mode or any field is laxer than that of `other`. Fields without an order are never laxer.
    pub fn asks_for_less_than(&self, other: &Self) -> bool {
        self.mode < other.mode
            || self.spec.fields.iter().any(|field| {
                let value =
                    |rule: &'_ Self| rule.settings.get(field.key).map(|setting| setting.value.clone());
                field.is_laxer(value(self).as_ref(), value(other).as_ref())
            })
    }
}

/// Requirements for some paths. Where several match a file, the strictest decides (DECISIONS 22).
#[derive(Clone, Debug)]
pub struct Overlay {
    /// Globs from the root; empty for tests of some suites wherever their files are.
    pub globs: Globs,
    /// Suites or classes of tests; empty for those of all.
    pub suites: Vec<Pattern>,
    /// The rules, with every field resolved against the rule itself.
    pub rules: Vec<RuleInForce>,
    /// Where it stands.
    pub origin: Origin,
}

impl Overlay {
    /// True if a test belongs here: its file, if it has one, its suite and its class.
    pub fn fits_test(&self, path: Option<&RepoPath>, suite: &str, class: &str) -> bool {
        let in_suite = |pattern: &Pattern| pattern.fits(suite) || (!class.is_empty() && pattern.fits(class));
        (self.globs.is_empty() || path.is_some_and(|path| self.globs.is_match(path)))
            && (self.suites.is_empty() || self.suites.iter().any(in_suite))
    }

    /// What it is called: `src/**` or `suite api*`.
    pub fn scope(&self) -> String {
        let suites = self.suites.iter().map(|pattern| format!("suite {}", pattern.as_str()));
        let parts: Vec<String> = self.globs.patterns().iter().cloned().chain(suites).collect();
        parts.join(", ")
    }
}

/// Whether an announced report may be absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absent {
    /// It must come.
    Required,
    /// It may be absent.
    Optional,
    /// Where the change touches none of the files that make it due, the base's stands for it.
    Carried,
}

impl Absent {
    /// All words, as policies write them.
    pub const WORDS: [&'static str; 3] = ["required", "optional", "carried"];

    /// The word in policies.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Optional => "optional",
            Self::Carried => "carried",
        }
    }
}

/// How many shards of a report must arrive (DECISIONS 8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shards {
    /// So many.
    Count(u64),
    /// As many as there are jobs with these names; with all names if there is no glob.
    Jobs(Globs),
}

impl Shards {
    /// The number; `None` if the jobs are not known one by one, and then nobody knows.
    fn wanted(&self, jobs: Option<&BuildJobs>) -> Option<u64> {
        match self {
            Self::Count(count) => Some(*count),
            Self::Jobs(names) => {
                let jobs = jobs.filter(|jobs| jobs.each_leg)?;
                let is_meant = |job: &&Job| names.is_empty() || names.is_match_text(job.name.raw());
                Some(jobs.jobs.iter().filter(is_meant).count() as u64).filter(|count| *count > 0)
            }
        }
    }
}

/// How many executions wrote these files: artifacts or folders, and if all lie in one, the files (DECISIONS 8).
fn executions(reports: &[&ReportRead]) -> u64 {
    let folder =
        |report: &&ReportRead| report.file.raw().rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
    let folders: BTreeSet<String> = reports.iter().map(folder).collect();
    match folders.len() {
        0 | 1 => reports.len() as u64,
        several => several as u64,
    }
}

impl ReportEntry {
    /// False if the change is known and touches none of the files that make the reports due.
    fn is_concerned(&self, diff: &DiffState) -> bool {
        diff.known().is_none_or(|diff| self.is_due_by(diff))
    }

    /// True if the change touches one of the files that make the reports due.
    pub fn is_due_by(&self, diff: &Diff) -> bool {
        if self.when.is_empty() {
            return true;
        }
        // Files that cannot be named could be any.
        diff.unreadable_paths > 0
            || diff.files.iter().any(|(path, file)| {
                self.when.is_match(path) || file.old_path.as_ref().is_some_and(|old| self.when.is_match(old))
            })
    }
}

/// One entry of `reports:`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportEntry {
    /// What the reports are about.
    pub kind: Kind,
    /// Globs from the root; `*` does not cross `/`.
    pub path: Globs,
    /// The format, where content cannot decide.
    pub format: Option<String>,
    /// Names of the workflows that write them; empty means any.
    pub workflow: Globs,
    /// Names of the artifacts that they come in; empty means any.
    pub artifact: Globs,
    /// How many files must arrive.
    pub at_least: u64,
    /// How many shards must arrive, if the entry says it.
    pub shards: Option<Shards>,
    /// Globs of changed files, one of which a change must touch for the reports to be due; empty means always.
    pub when: Globs,
    /// Whether it may be absent.
    pub absent: Absent,
    /// True if git-tracked files count too.
    pub tracked: bool,
    /// What its scanners look for, where the reports do not say it.
    pub classes: ScanClasses,
    /// Where the entry stands.
    pub origin: Origin,
}
