//! A first policy for a repository: what `tollgate init` finds, proposes and converts.
//!
//! [`propose`] turns what was found (reports of today, workflow files, CODEOWNERS) into a short policy that the
//! repository would pass today. [`convert`] turns the settings of other tools into one. Both are pure; `cli`
//! gathers and writes, `render` shows.

mod convert;
pub mod doctor;
mod draft;
mod group;
mod patch;
mod tools;
mod workflow;
mod yaml;

pub use convert::{Conversion, LeftOut, Origin, convert};
pub use group::{Figures, Group};
pub use patch::Addition;
pub use tools::MANIFESTS;
pub use workflow::{GateStep, NamedReport};
pub use yaml::Unreadable;

use crate::formats;
use crate::metrics::CodeOwners;
use crate::model::{Health, Kind, Percent, Ratio, Severity, SeverityCounts, Snapshot};
use draft::{Draft, Entry, RuleLine};
use std::collections::BTreeMap;
use workflow::Fit;

/// Where the policy is written.
pub const POLICY_PLACE: &str = ".github/tollgate.yml";
/// How far back a line counts as changed lately, in days.
pub const RECENT_DAYS: u32 = 90;
/// Bars are proposed in steps of so many percent.
const STEP_PERCENT: u32 = 5;
/// Shares of fewer lines than the rule judges by default say nothing about the next change.
const FEWEST_LINES: u64 = 20;

/// A file of the repository, with its path from the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextFile {
    /// The path, with `/`.
    pub name: String,
    /// What it says.
    pub text: String,
}

/// Owners of the whole repository, by its CODEOWNERS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owners {
    /// `@user` or `@org/team`, in the order of the line.
    pub names: Vec<String>,
    /// The file.
    pub file: String,
    /// The line that names them, 1-based.
    pub line: usize,
}

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file.
    pub file: String,
    /// 1-based.
    pub line: usize,
}

/// How well the lines of the last [`RECENT_DAYS`] days are covered today.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recent {
    /// Covered lines of those that can be covered.
    Share(Ratio),
    /// Nobody can say, and why.
    Unknown(String),
}

/// Everything that a proposal is made from.
#[derive(Clone, Debug)]
pub struct Facts<'f> {
    /// The evidence of today, found by content.
    pub head: &'f Snapshot,
    /// How many failures `tests.failed` counts today.
    pub failed: u64,
    /// Coverage of the lines that changed lately.
    pub recent: Recent,
    /// The workflow files.
    pub workflows: &'f [TextFile],
    /// CODEOWNERS, if there is one.
    pub codeowners: Option<&'f TextFile>,
    /// CONTRIBUTING, if there is one.
    pub contributing: Option<&'f TextFile>,
    /// Files at the root that say which language and which tools these are ([`MANIFESTS`]).
    pub manifests: &'f BTreeMap<String, String>,
}

/// What was found of one kind of report, and what is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The reports.
    pub group: Group,
    /// The format's name for people.
    pub format: &'static str,
    /// Where a workflow names it.
    pub place: Option<Place>,
}

/// A kind of report that is not in the working tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The kind.
    pub kind: Kind,
    /// Reports of the kind that a workflow names.
    pub named: Vec<NamedReport>,
    /// A command that would write one.
    pub command: &'static str,
}

/// A policy for the repository, and what it rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The reports that were found.
    pub rows: Vec<Row>,
    /// The kinds that were not.
    pub missing: Vec<Missing>,
    /// Who owns the repository.
    pub owners: Option<Owners>,
    /// The policy's text; empty if no report was found.
    pub policy: String,
    /// What a person should look at.
    pub notes: Vec<String>,
    /// The step to add to a workflow.
    pub step: Option<GateStep>,
}

impl Proposal {
    /// The policy as a unified diff.
    pub fn policy_patch(&self) -> String {
        patch::new_file(POLICY_PLACE, &self.policy)
    }
}

/// Proposes a policy that the repository would pass today.
pub fn propose(facts: &Facts<'_>) -> Proposal {
    let (groups, unnamed) = group::groups(&facts.head.reports);
    let mut notes: Vec<String> = Vec::new();
    for report in unnamed {
        let why = match report.kind {
            None => "is called like a report and no format claims it",
            Some(_) => "has a name that no policy can hold",
        };
        notes.push(format!("`{}` {why}: it is left out", report.file.raw()));
    }
    let (groups, doubles) = without_doubles(groups);
    for double in doubles {
        notes.push(format!(
            "`{}` stands beside another report of the same coverage: it is left out",
            double.files.join("`, `")
        ));
    }
    let rows: Vec<Row> = groups
        .into_iter()
        .map(|group| Row {
            format: formats::by_id(&group.format).map_or("no known format", |format| format.name),
            place: place_of(&group, facts.workflows),
            group,
        })
        .collect();
    for row in rows.iter().filter(|row| row.group.health != Health::Complete) {
        notes.push(format!(
            "`{}` is {}: `tollgate check` gives no verdict until the tool writes it whole",
            row.group.files.join("`, `"),
            row.group.health.word()
        ));
    }
    let missing = missing(facts, &rows);
    let owners = facts.codeowners.and_then(whole_repository);
    if facts.codeowners.is_some() && owners.is_none() {
        notes.push(
            "CODEOWNERS has no line for the whole repository (`* @owner`): name `owners:` yourself"
                .to_owned(),
        );
    }
    notes.extend(contributing_note(facts.contributing));
    let policy =
        if rows.is_empty() { String::new() } else { draft(facts, &rows, &missing, owners.as_ref()).text() };
    let step = step(facts.workflows, &rows, &mut notes);
    Proposal { rows, missing, owners, policy, notes, step }
}

/// The owners of everything, if a line of CODEOWNERS names any.
fn whole_repository(codeowners: &TextFile) -> Option<Owners> {
    let file = CodeOwners::parse(&codeowners.text)?;
    let (names, line) = file.of_everything()?;
    Some(Owners { names: names.to_vec(), file: codeowners.name.clone(), line })
}

/// One tool often writes its coverage in several formats side by side; one of them says it all.
fn without_doubles(groups: Vec<Group>) -> (Vec<Group>, Vec<Group>) {
    const BEST_FIRST: [&str; 4] = ["lcov", "cobertura", "jacoco", "istanbul"];
    let rank = |group: &Group| {
        BEST_FIRST.iter().position(|format| *format == group.format).unwrap_or(BEST_FIRST.len())
    };
    let folders = |group: &Group| -> Vec<String> {
        let folder = |file: &String| file.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        let mut folders: Vec<String> = group.files.iter().map(folder).collect();
        folders.dedup();
        folders
    };
    let is_double = |group: &Group, index: usize| {
        group.kind == Kind::Coverage
            && groups.iter().enumerate().any(|(other_index, other)| {
                other.kind == Kind::Coverage
                    && other.health == Health::Complete
                    && other.figures.lines.whole > 0
                    && folders(other) == folders(group)
                    && (rank(other), other_index) < (rank(group), index)
            })
    };
    let doubles: Vec<bool> =
        groups.iter().enumerate().map(|(index, group)| is_double(group, index)).collect();
    let (mut kept, mut left) = (Vec::new(), Vec::new());
    for (group, is_double) in groups.into_iter().zip(doubles) {
        if is_double { left.push(group) } else { kept.push(group) }
    }
    (kept, left)
}

fn place_of(group: &Group, workflows: &[TextFile]) -> Option<Place> {
    group.files.iter().take(1).find_map(|file| {
        workflows.iter().find_map(|workflow| {
            let line = workflow::line_naming(workflow, file)?;
            Some(Place { file: workflow.name.clone(), line })
        })
    })
}

/// The kinds of which no report was found, with those that a workflow names.
fn missing(facts: &Facts<'_>, rows: &[Row]) -> Vec<Missing> {
    let kinds = [Kind::Tests, Kind::Coverage, Kind::Scan];
    let absent = kinds.into_iter().filter(|kind| rows.iter().all(|row| row.group.kind != *kind));
    absent
        .map(|kind| {
            let named = facts.workflows.iter().flat_map(workflow::reports_named);
            let named = named.filter(|(_, format)| format.kind == kind).map(|(named, _)| named);
            Missing { kind, named: named.collect(), command: tools::command(kind, facts.manifests) }
        })
        .collect()
}

fn draft(facts: &Facts<'_>, rows: &[Row], missing: &[Missing], owners: Option<&Owners>) -> Draft {
    let mut draft = Draft::default();
    for row in rows {
        let wanted = match row.group.kind {
            Kind::Tests if draft.reports.iter().all(|entry| entry.kind != Kind::Tests) => "unit",
            Kind::Coverage if draft.reports.iter().all(|entry| entry.kind != Kind::Coverage) => "coverage",
            kind if row.group.format.is_empty() => kind.word(),
            _ => &row.group.format,
        };
        let name = draft.free_name(wanted);
        draft.reports.push(Entry {
            name,
            kind: row.group.kind,
            paths: row.group.globs.clone(),
            optional: false,
        });
    }
    for missing in missing {
        for named in missing.named.iter().take(1) {
            let name = draft.free_name(missing.kind.word());
            let entry = Entry { name, kind: missing.kind, paths: vec![named.path.clone()], optional: false };
            let why = format!("{}:{} names it, and it is not here yet", named.place.file, named.place.line);
            draft.later.push((entry, why));
        }
    }
    let has = |kind: Kind| rows.iter().any(|row| row.group.kind == kind);
    let mut today = Vec::new();
    if has(Kind::Tests) {
        today.push(format!("{} failed", facts.failed));
        let comment = match facts.failed {
            0 => String::new(),
            _ => "as many as today: lower it as you mend them".to_owned(),
        };
        draft.rules.push(RuleLine::new("tests.failed", format!("max: {}", facts.failed), comment));
    }
    if has(Kind::Coverage) {
        let total = total_coverage(facts.head);
        if total.whole > 0 {
            today.push(format!("total coverage {}", total.text_against(None)));
        }
        draft.rules.extend(changed_bar(&facts.recent, total));
        draft.rules.push(RuleLine::new("coverage.drop", "max: 0.5, mode: warn", "no fixed minimum proposed"));
    }
    if has(Kind::Scan) {
        let counts = active(facts.head);
        today.push(match counts.total() {
            1 => "1 finding".to_owned(),
            total => format!("{total} findings"),
        });
        draft.rules.push(scan_rule(&counts));
    }
    draft.rules_comment = format!("today: {}", today.join(", "));
    draft.reproduce = tools::reproduce(rows, facts.manifests);
    draft.owners = owners.map(|owners| owners.names.clone()).unwrap_or_default();
    draft
}

fn total_coverage(head: &Snapshot) -> Ratio {
    let totals = head.coverage.as_ref().map(|coverage| coverage.totals(|_| true)).unwrap_or_default();
    totals.lines.unwrap_or_default()
}

/// The bar for changed lines: what those of the last months reach today, rounded down.
fn changed_bar(recent: &Recent, total: Ratio) -> Option<RuleLine> {
    let (ratio, comment) = match recent {
        Recent::Share(ratio) if ratio.whole >= FEWEST_LINES => {
            let share = ratio.text_against(None);
            (*ratio, format!("lines changed in the last {RECENT_DAYS} days: {share} covered today"))
        }
        Recent::Share(ratio) => {
            let lines = match ratio.whole {
                0 => "no line".to_owned(),
                1 => "only 1 line".to_owned(),
                lines => format!("only {lines} lines"),
            };
            (total, format!("from the total: {lines} changed in the last {RECENT_DAYS} days"))
        }
        Recent::Unknown(why) => (total, format!("from the total: {why}")),
    };
    let bar = rounded_down(ratio.percent()?);
    (bar > 0).then(|| RuleLine::new("coverage.changed", format!("min: {bar}, mode: warn"), comment))
}

/// Whole percents, in steps of [`STEP_PERCENT`].
fn rounded_down(percent: Percent) -> u32 {
    let whole = percent.hundredths().min(10_000) / 100;
    whole - whole % STEP_PERCENT
}

fn active(head: &Snapshot) -> SeverityCounts {
    let mut counts = SeverityCounts::default();
    for scan in &head.scans {
        counts.add(&scan.active);
    }
    counts
}

/// Without a serious finding, none may be new. With some, no more than today: without the base's scan nobody
/// could say which are new.
fn scan_rule(counts: &SeverityCounts) -> RuleLine {
    let unknown = counts.get(Severity::Unknown);
    let critical = counts.get(Severity::Critical).saturating_add(unknown);
    // The limit of `high` bounds critical findings too.
    let high = counts.get(Severity::High).saturating_add(unknown).max(critical);
    if high == 0 {
        return RuleLine::new("scan.new", "critical: 0, high: 0", "");
    }
    RuleLine::new(
        "scan.all",
        format!("critical: {critical}, high: {high}"),
        "as many as today: lower them as you mend, or compare with a base (scan.new)",
    )
}

/// What CONTRIBUTING lacks.
fn contributing_note(contributing: Option<&TextFile>) -> Option<String> {
    let advice = "a contributor whose check is red needs the command that runs the tests";
    match contributing {
        None => Some(format!("there is no CONTRIBUTING.md: {advice}")),
        Some(file) if !says_how_to_test(&file.text) => {
            Some(format!("{} does not say how to run the tests: {advice}", file.name))
        }
        Some(_) => None,
    }
}

/// True if a heading or a command (a fenced or indented line, or text between backticks) speaks of tests.
fn says_how_to_test(text: &str) -> bool {
    let speaks = |text: &str| text.to_lowercase().split(|c: char| !c.is_alphanumeric()).any(is_test_word);
    let mut fenced = false;
    for line in text.lines() {
        let trimmed = line.trim_start();
        if trimmed.starts_with("```") || trimmed.starts_with("~~~") {
            fenced = !fenced;
            continue;
        }
        let is_command = fenced || line.starts_with("    ") || line.starts_with('\t');
        if (is_command || trimmed.starts_with('#')) && speaks(trimmed) {
            return true;
        }
        if trimmed.split('`').skip(1).step_by(2).any(speaks) {
            return true;
        }
    }
    false
}

fn is_test_word(word: &str) -> bool {
    matches!(
        word,
        "test" | "tests" | "testing" | "pytest" | "nextest" | "jest" | "vitest" | "rspec" | "tox" | "ctest"
    )
}

/// The step for the workflow that names the reports, else for one that runs on pull requests.
fn step(workflows: &[TextFile], rows: &[Row], notes: &mut Vec<String>) -> Option<GateStep> {
    let last_named = rows.iter().filter_map(|row| row.place.as_ref()).max_by_key(|place| place.line);
    let on_pull_requests =
        |file: &&TextFile| yaml::read(&file.text).is_ok_and(|root| workflow::runs_on_pull_requests(&root));
    let chosen = match last_named {
        Some(place) => workflows.iter().find(|file| file.name == place.file),
        None => workflows.iter().find(on_pull_requests),
    };
    let Some(chosen) = chosen else {
        if workflows.is_empty() {
            notes.push(
                "there is no workflow in .github/workflows: the README shows a whole one (\"Put it in CI\")"
                    .to_owned(),
            );
        } else {
            notes.push(
                "no workflow runs on pull requests: add the step to the one that runs the tests".to_owned(),
            );
        }
        return None;
    };
    match workflow::gate_step(chosen, last_named.map(|place| place.line)) {
        Ok(Fit::Step(step)) => {
            notes.extend(step.notes.iter().cloned());
            Some(step)
        }
        Ok(Fit::There(place)) => {
            notes.push(format!("{}:{} has the step of the gate already", place.file, place.line));
            None
        }
        Ok(Fit::None) => {
            notes.push(format!("{}: no place for the step was found: add it behind the tests", chosen.name));
            None
        }
        Err(error) => {
            notes.push(format!("{} cannot be read ({}): add the step yourself", chosen.name, error.why));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_what_today_reaches_rounded_down() {
        let bar = |part, whole| {
            changed_bar(&Recent::Share(Ratio { part, whole }), Ratio { part: 71, whole: 100 })
                .map(|rule| rule.fields)
        };
        assert_eq!(bar(78, 100).as_deref(), Some("min: 75, mode: warn"));
        assert_eq!(bar(7_999, 10_000).as_deref(), Some("min: 75, mode: warn"));
        assert_eq!(bar(80, 100).as_deref(), Some("min: 80, mode: warn"));
        assert_eq!(bar(4, 100), None);
        // Fewer than 20 lines say nothing: the total does.
        assert_eq!(bar(19, 19).as_deref(), Some("min: 70, mode: warn"));
    }

    #[test]
    fn limits_of_findings_hold_todays_findings() {
        let counts =
            |critical, high, unknown| SeverityCounts { critical, high, unknown, ..SeverityCounts::default() };
        assert_eq!(scan_rule(&counts(0, 0, 0)).id, "scan.new");
        assert_eq!(scan_rule(&counts(0, 3, 0)).fields, "critical: 0, high: 3");
        // `high` bounds critical ones too, and an unknown one may be either.
        assert_eq!(scan_rule(&counts(2, 1, 0)).fields, "critical: 2, high: 2");
        assert_eq!(scan_rule(&counts(0, 1, 1)).fields, "critical: 1, high: 2");
    }

    #[test]
    fn contributing_says_how_to_run_the_tests_by_a_heading_or_a_command() {
        assert!(says_how_to_test("## Running the tests\nas usual"));
        assert!(says_how_to_test("Run `npm test` first"));
        assert!(says_how_to_test("```sh\npython -m pytest\n```\n"));
        assert!(!says_how_to_test("Please test your change well.\n# Latest news\n"));
        assert!(!says_how_to_test(""));
    }
}
