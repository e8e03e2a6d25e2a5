//! The policy of an organisation: `org.yml`, `groups/*.yml` and `repos/<name>.yml` of one folder.

use super::RepoFacts;
use super::beside::{self, Beside};
use super::entries::{OrgEntry, read_mode, read_org_rules};
use super::reader::Reader;
use super::waivers::{self, OrgWaiver};
use super::yaml;
use super::yaml::{Node, Value};
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::model::{Date, Mode, Teams};
use crate::rules::{Feeds, Globs, VexStatement};
use std::collections::{BTreeMap, BTreeSet};

/// An organisation's policy without mistakes.
#[derive(Clone, Debug, Default)]
pub struct OrgPolicy {
    /// What holds for every repository.
    pub all: OrgLayer,
    /// What holds for some of them, in the order of the files.
    pub groups: Vec<Group>,
    /// What holds for one, by the repository's name in lower case.
    pub repositories: BTreeMap<String, OrgLayer>,
    /// What repositories may do.
    pub limits: Limits,
    /// How new requirements arrive.
    pub rollout: Option<Rollout>,
    /// Exemptions of repositories.
    pub waivers: Vec<OrgWaiver>,
    /// Members of its teams, as `teams.json` beside it says.
    pub teams: Teams,
    /// Files of its folder that it names: VEX documents, and copies of KEV and EPSS.
    pub beside: Vec<Beside>,
    /// What its VEX documents state.
    pub vex: Vec<VexStatement>,
    /// Its copies of KEV and EPSS.
    pub feeds: Feeds,
    /// Where it was read from, for the header: `acme/.tollgate at a1b2c3d`.
    pub source: String,
    /// The repository that it was read from, `owner/name`, where that is known.
    pub repository: Option<String>,
}

/// One layer of an organisation's policy.
#[derive(Clone, Debug, Default)]
pub struct OrgLayer {
    /// A repository may change these freely.
    pub defaults: Vec<OrgEntry>,
    /// A repository may only be stricter.
    pub floor: Vec<OrgEntry>,
    /// A repository may not name these at all.
    pub locked: Vec<OrgEntry>,
}

/// A layer for the repositories that it selects.
#[derive(Clone, Debug)]
pub struct Group {
    /// Which repositories; all that is given must fit.
    pub select: Select,
    /// What holds for them.
    pub layer: OrgLayer,
}

/// Selects repositories.
#[derive(Clone, Debug, Default)]
pub struct Select {
    /// Globs of the name.
    pub name: Option<Globs>,
    /// A topic.
    pub topic: Option<String>,
    /// Custom properties.
    pub property: BTreeMap<String, String>,
    /// Where it stands.
    pub origin: Origin,
}

/// What repositories may do.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    /// The longest term of a waiver or quarantine, in days from today.
    pub waiver_max_days: Option<u64>,
    /// How long a VEX statement holds at most, in days from the day on which it was made.
    pub vex_max_days: Option<u64>,
    /// Who may own one; `None` is anybody.
    pub waiver_owners: Option<BTreeSet<String>>,
    /// Paths for which a repository may ask for less, or exclude them; none without this key.
    pub relax_allowed: Globs,
    /// Branches whose own policy file judges the changes that go there; none without this key.
    pub own_branches: Globs,
}

/// How new requirements of the organisation arrive (DECISIONS 24).
#[derive(Clone, Debug)]
pub struct Rollout {
    /// The most that a new entry may do to the verdict before its day.
    pub new_rules: Mode,
    /// The day from which new entries are enforced.
    pub enforce_from: Date,
    /// Entries added after this day are new; without it all are.
    pub since: Option<Date>,
}

/// One file of an organisation's policy.
#[derive(Clone, Copy, Debug)]
pub struct OrgText<'t> {
    /// Its path in the folder: `org.yml`, `groups/service.yml`, `repos/billing.yml`.
    pub path: &'t str,
    /// What people know it as, for origins.
    pub name: &'t str,
    /// The commit that it was read from; empty for a file of a folder.
    pub commit: &'t str,
    /// Its text.
    pub text: &'t str,
}

const EXAMPLE: &str = "defaults: { coverage.total: { min: 70 } }";
const GROUP: &str = "- { select: { topic: tier-1 }, floor: { coverage.total: { min: 80 } } }";
const LAYER: [&str; 3] = ["defaults", "floor", "locked"];

/// Reads all files of an organisation's policy. `source` says for the header where they were read from.
///
/// # Errors
/// Everything that is wrong with any of the files. A folder with a mistake is no policy, and no policy of an
/// organisation is never the same as an empty one.
pub fn parse_org(files: &[OrgText<'_>], source: &str) -> Result<OrgPolicy, Vec<Diagnostic>> {
    let mut policy = OrgPolicy { source: source.to_owned(), ..OrgPolicy::default() };
    let mut errors = Vec::new();
    let mut sorted: Vec<&OrgText<'_>> = files.iter().collect();
    sorted.sort_by_key(|file| file.path);
    for file in &sorted {
        let root = match yaml::read(file.text, file.name) {
            Ok(root) => root,
            Err(mut wrong) => {
                errors.append(&mut wrong);
                continue;
            }
        };
        let mut reader = Reader::new(file.name, file.commit);
        reader.version(&root);
        match file.path.split_once('/') {
            None if file.path == "org.yml" => read_root(&mut reader, &root, &mut policy),
            Some(("groups", _)) => policy.groups.extend(read_group(&mut reader, &root, Versioned::Yes)),
            Some(("repos", name)) => {
                let layer = read_layer(&mut reader, &root, "a repository's file", &["version"]);
                // GitHub does not tell names apart by their case, and so nobody can slip out by it.
                let name = name.trim_end_matches(".yml").to_lowercase();
                if policy.repositories.insert(name.clone(), layer).is_some() {
                    let message =
                        format!("`repos/` holds two files for `{name}`, which differ by case alone");
                    reader.error(Code::TwoPolicies, root.place, message, "keep one of the two");
                }
            }
            _ => {
                let help = "an organisation's policy is `org.yml`, `groups/*.yml` and `repos/<name>.yml`";
                reader.error(
                    Code::UnknownKey,
                    root.place,
                    format!("`{}` is no file of a policy", file.path),
                    help,
                );
            }
        }
        errors.append(&mut reader.into_errors());
    }
    if !files.iter().any(|file| file.path == "org.yml") {
        let message = "the organisation's policy has no `org.yml`";
        let error = Diagnostic::new(Code::MissingKey, Weight::Error, message, Origin::file(source));
        errors.push(error.with_help("add `org.yml`, if need be with nothing but `version: 1`"));
    }
    if errors.is_empty() { Ok(policy) } else { Err(errors) }
}

fn read_root(reader: &mut Reader<'_>, root: &Node, policy: &mut OrgPolicy) {
    let known = [
        "version", "defaults", "floor", "locked", "groups", "limits", "rollout", "waivers", "vex", "kev",
        "epss",
    ];
    for (key, node) in reader.map(root, "an organisation's policy", EXAMPLE) {
        match key.text.as_str() {
            "version" => {}
            "defaults" => policy.all.defaults = read_org_rules(reader, node, "defaults"),
            "floor" => policy.all.floor = read_org_rules(reader, node, "floor"),
            "locked" => policy.all.locked = read_org_rules(reader, node, "locked"),
            "groups" => {
                for item in reader.list(node, "`groups`", GROUP) {
                    policy.groups.extend(read_group(reader, item, Versioned::No));
                }
            }
            "limits" => policy.limits = read_limits(reader, node),
            "rollout" => policy.rollout = read_rollout(reader, node),
            "waivers" => policy.waivers = waivers::read_org(reader, node),
            "vex" | "kev" | "epss" => policy.beside.extend(beside::read(reader, key, node)),
            _ => reader.unknown_key(key, "an organisation's policy", &known, &["override", "branches"]),
        }
    }
}

/// Whether the mapping is a whole file, which says its version.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Versioned {
    Yes,
    No,
}

fn read_group(reader: &mut Reader<'_>, node: &Node, versioned: Versioned) -> Option<Group> {
    let own: &[&str] = if versioned == Versioned::Yes { &["version", "select"] } else { &["select"] };
    let layer = read_layer(reader, node, "a group", own);
    let Value::Map(entries) = &node.value else { return None };
    let Some((_, select)) = entries.iter().find(|(key, _)| key.text == "select") else {
        let help = "add `select:` with `topic`, `property` or `name`";
        reader.error(
            Code::MissingKey,
            node.place,
            "the group does not say which repositories it is for",
            help,
        );
        return None;
    };
    let select = read_select(reader, select)?;
    Some(Group { select, layer })
}

fn read_layer(reader: &mut Reader<'_>, node: &Node, what: &str, own: &[&str]) -> OrgLayer {
    let mut layer = OrgLayer::default();
    for (key, node) in reader.map(node, what, EXAMPLE) {
        match key.text.as_str() {
            "defaults" => layer.defaults = read_org_rules(reader, node, "defaults"),
            "floor" => layer.floor = read_org_rules(reader, node, "floor"),
            "locked" => layer.locked = read_org_rules(reader, node, "locked"),
            text if own.contains(&text) => {}
            _ => {
                let known: Vec<&str> = own.iter().copied().chain(LAYER).collect();
                reader.unknown_key(key, what, &known, &[]);
            }
        }
    }
    layer
}

fn read_select(reader: &mut Reader<'_>, node: &Node) -> Option<Select> {
    let mut select = Select { origin: reader.origin(node.place), ..Select::default() };
    let entries = reader.map(node, "`select`", "select: { topic: tier-1 }");
    for (key, value) in entries {
        match key.text.as_str() {
            "name" => select.name = Some(names(reader.globs(value, "`name`"))),
            "topic" => select.topic = reader.text(value, "`topic`").map(str::to_owned),
            "property" => {
                for (key, value) in reader.map(value, "`property`", "property: { tier: \"1\" }") {
                    if let Some(text) = reader.text(value, "a property") {
                        select.property.insert(key.text.clone(), text.to_owned());
                    }
                }
            }
            _ => reader.unknown_key(key, "`select`", &["name", "topic", "property"], &[]),
        }
    }
    if select.name.is_none() && select.topic.is_none() && select.property.is_empty() {
        let help = "add `name`, `topic` or `property`; what holds for all repositories needs no group";
        reader.error(Code::MissingKey, node.place, "`select` selects nothing", help);
        return None;
    }
    Some(select)
}

fn read_limits(reader: &mut Reader<'_>, node: &Node) -> Limits {
    let mut limits = Limits::default();
    for (key, value) in reader.map(node, "`limits`", "limits: { waiver-max-days: 90 }") {
        match key.text.as_str() {
            "waiver-max-days" => limits.waiver_max_days = reader.count(value, "`waiver-max-days`"),
            "vex-max-days" => limits.vex_max_days = reader.count(value, "`vex-max-days`"),
            "waiver-owners" => {
                let owners = reader.texts(value, "`waiver-owners`");
                limits.waiver_owners = Some(owners.into_iter().map(|(_, owner)| owner.to_owned()).collect());
            }
            "relax-allowed" => limits.relax_allowed = reader.globs(value, "`relax-allowed`"),
            "own-branches" => limits.own_branches = reader.globs(value, "`own-branches`"),
            _ => {
                let known =
                    ["waiver-max-days", "vex-max-days", "waiver-owners", "relax-allowed", "own-branches"];
                reader.unknown_key(key, "`limits`", &known, &[]);
            }
        }
    }
    limits
}

fn read_rollout(reader: &mut Reader<'_>, node: &Node) -> Option<Rollout> {
    let (mut new_rules, mut enforce_from, mut since) = (Mode::Warn, None, None);
    let mut is_wrong = false;
    for (key, value) in
        reader.map(node, "`rollout`", "rollout: { new-rules: warn, enforce-from: 2027-02-01 }")
    {
        match key.text.as_str() {
            "new-rules" => new_rules = read_mode(reader, value).unwrap_or(Mode::Warn),
            "enforce-from" => {
                enforce_from = reader.date(value, "`enforce-from`");
                is_wrong |= enforce_from.is_none();
            }
            "since" => since = reader.date(value, "`since`"),
            _ => reader.unknown_key(key, "`rollout`", &["new-rules", "enforce-from", "since"], &[]),
        }
    }
    if enforce_from.is_none() && !is_wrong && matches!(node.value, Value::Map(_)) {
        let help = "add `enforce-from:` with a day: a trial without an end is no requirement";
        reader.error(Code::MissingKey, node.place, "`rollout` has no `enforce-from`", help);
    }
    Some(Rollout { new_rules, enforce_from: enforce_from?, since })
}

/// Globs of the names of repositories, which GitHub does not tell apart by their case.
pub(super) fn names(globs: Globs) -> Globs {
    let lower: Vec<String> = globs.patterns().iter().map(|pattern| pattern.to_lowercase()).collect();
    // A range such as `[Z-a]` may be none in lower case; it then stays as it was written.
    Globs::new(&lower).unwrap_or(globs)
}

/// True if the name of a repository fits globs made by [`names`].
pub(super) fn is_named(globs: &Globs, name: &str) -> bool {
    globs.is_match_text(&name.to_lowercase())
}

impl Select {
    /// True unless the name alone says that a repository is not selected.
    pub(super) fn may_select(&self, name: &str) -> bool {
        self.name.as_ref().is_none_or(|globs| is_named(globs, name))
    }

    /// True if the repository is selected.
    ///
    /// # Errors
    /// The name of the fact that is needed and not known.
    pub fn selects(&self, facts: &RepoFacts) -> Result<bool, &'static str> {
        let name = match (&self.name, &facts.name) {
            (None, _) => true,
            (Some(globs), Some(name)) => is_named(globs, name),
            (Some(_), None) => return Err("name"),
        };
        let topic = match (&self.topic, &facts.topics) {
            (None, _) => true,
            (Some(topic), Some(topics)) => topics.contains(topic),
            (Some(_), None) => return Err("topics"),
        };
        let property = match &facts.properties {
            _ if self.property.is_empty() => true,
            Some(known) => {
                self.property.iter().all(|(key, value)| known.get(key).is_some_and(|set| set.contains(value)))
            }
            None => return Err("properties"),
        };
        Ok(name && topic && property)
    }
}
