//! Layers become the policy in force: built-in → organisation's defaults → groups → organisation's file for the
//! repository → repository's file → floors → locks. Per field the later layer wins, floors and locks bound what
//! comes out, and every value keeps its origin.

use super::exemptions::{self, has_ended};
use super::floors::{check_locks, clamp, pin, strictest, trace};
use super::{
    BUILT_IN, Group, LayerKind, OrgEntry, OrgLayer, OrgPolicy, Overlay, OverlayEntry, Policy, PolicyFile,
    Preview, RepoFacts, RuleEntry, RuleInForce, Trace, VexTerm, builtin,
};
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::model::{Date, Mode};
use crate::rules::{RuleSpec, Value};
use std::cmp::Ordering;

#[cfg(test)]
mod table;
#[cfg(test)]
mod tests;

/// Everything that a policy is resolved from.
#[derive(Clone, Debug, Default)]
pub struct Layers<'p> {
    /// The organisation's policy, if one was read.
    pub organisation: Option<&'p OrgPolicy>,
    /// What is known of the repository, for groups and exemptions.
    pub facts: RepoFacts,
    /// The repository's file, if there is one.
    pub file: Option<&'p PolicyFile>,
    /// Where the file was read from, for the header: `.github/tollgate.yml (read from main)`.
    pub source: &'p str,
    /// The branch that the change goes to, or that is judged itself; for `branches:`.
    pub branch: Option<&'p str>,
    /// Today, in UTC. Without it no waiver holds and every entry of the organisation is in force.
    pub today: Option<Date>,
}

/// Lays the repository's file over the built-in policy, without an organisation.
pub fn resolve(file: Option<&PolicyFile>, source: &str) -> Policy {
    lay(&Layers { file, source, ..Layers::default() }).0
}

/// Resolves all layers.
///
/// What is missing to know the policy for certain (an organisation's policy that the file extends, facts that a
/// group asks for) is an error among the policy's diagnostics: nothing passes then.
///
/// # Errors
/// Contradictions among the layers, and a repository that names another value than a locked one.
pub fn resolve_layers(layers: &Layers<'_>) -> Result<Policy, Vec<Diagnostic>> {
    let (policy, mut errors) = lay(layers);
    errors.sort();
    errors.dedup();
    if errors.is_empty() { Ok(policy) } else { Err(errors) }
}

/// Which entries of an organisation count.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    /// Those in force today.
    Today,
    /// All of them, also those that wait for their day.
    Later,
}

fn lay(layers: &Layers<'_>) -> (Policy, Vec<Diagnostic>) {
    let (mut notes, mut errors) = (Vec::new(), Vec::new());
    let groups = selected_groups(layers, &mut notes);
    let work = Work { layers, groups };
    let mut rules = Vec::new();
    let mut previews = Vec::new();
    for built_in in builtin::rules() {
        let now = work.rule(built_in.clone(), When::Today, &mut notes, &mut errors);
        if let Some(from) = work.pending(built_in.spec) {
            // What is wrong only later is no error yet.
            let later = work.rule(built_in, When::Later, &mut Vec::new(), &mut Vec::new());
            previews.extend(work.preview(&now, later, from));
        }
        rules.push(now);
    }
    let overlays = layers.file.iter().flat_map(|file| &file.overlays);
    let overlays =
        overlays.map(|overlay| resolve_overlay(overlay, &rules, &mut notes, &mut errors)).collect();
    missing_organisation(layers, &mut notes);
    let relax_allowed = layers.organisation.map(|organisation| organisation.limits.relax_allowed.clone());
    let held = exemptions::in_force(
        layers.file,
        layers.organisation,
        &layers.facts,
        &rules,
        layers.today,
        &mut notes,
    );
    let mut sources = Vec::new();
    sources.extend(layers.file.map(|_| layers.source.to_owned()));
    sources.extend(layers.organisation.map(|organisation| organisation.source.clone()));
    sources.push(BUILT_IN.to_owned());
    let nothing = PolicyFile::default();
    let file = layers.file.unwrap_or(&nothing);
    let most = layers.organisation.and_then(|organisation| organisation.limits.vex_max_days);
    let vex_term = VexTerm::new(file.vex_max_days, most, layers.today);
    let mut vex = layers.organisation.map(|organisation| organisation.vex.clone()).unwrap_or_default();
    notes.extend(vex_term.end(&mut vex));
    let mut policy = Policy {
        rules,
        overlays,
        reports: file.reports.clone(),
        reproduce: file.reproduce.clone(),
        owners: file.owners.clone(),
        thanks: file.thanks != Some(false),
        gate: file.gate.unwrap_or_default(),
        publish: file.publish.clone(),
        base_snapshot: file.base_snapshot,
        exclude: file.exclude.clone(),
        include: file.include.clone(),
        path_rules: file.path_rules.clone(),
        sources,
        waivers: held.waivers,
        quarantine: held.quarantine,
        beside: file.beside.clone(),
        vex,
        vex_term,
        feeds: layers.organisation.map(|organisation| organisation.feeds.clone()).unwrap_or_default(),
        exemptions: held.listed,
        relax_allowed,
        previews,
        diagnostics: Vec::new(),
    };
    refused_relief(&policy, &mut notes);
    too_many_reliefs(&policy, &mut errors);
    notes.sort();
    notes.dedup();
    policy.diagnostics = notes;
    (policy, errors)
}

struct Work<'p> {
    layers: &'p Layers<'p>,
    groups: Vec<&'p Group>,
}

impl<'p> Work<'p> {
    /// One rule through all layers.
    fn rule(
        &self,
        mut rule: RuleInForce,
        when: When,
        notes: &mut Vec<Diagnostic>,
        errors: &mut Vec<Diagnostic>,
    ) -> RuleInForce {
        let spec = rule.spec;
        if let Some(organisation) = self.layers.organisation {
            for entry in self.entries(&organisation.all.defaults, spec, when) {
                lay_over(&mut rule, &entry.rule, LayerKind::Defaults);
            }
            let of_groups: Vec<&OrgEntry> = self
                .groups
                .iter()
                .flat_map(|group| self.entries(&group.layer.defaults, spec, when))
                .collect();
            if let Some(joined) = join(spec, &of_groups, errors) {
                lay_over(&mut rule, &joined, LayerKind::Groups);
            }
            for entry in self.own_layer().into_iter().flat_map(|own| self.entries(&own.defaults, spec, when))
            {
                lay_over(&mut rule, &entry.rule, LayerKind::OrgRepository);
            }
            let floors = self.pins(spec, when, |layer| &layer.floor);
            let locks = self.pins(spec, when, |layer| &layer.locked);
            rule.pin = pin(&rule, &floors, &locks, errors);
            if let Some(entry) = floors.iter().chain(&locks).next() {
                rule.named = true;
                rule.origin = entry.rule.origin.clone();
            }
            // The organisation's own layers are raised to its floors in silence.
            clamp(&mut rule, &mut Vec::new());
            self.relieve(&mut rule, organisation);
        }
        let entries = self.layers.file.iter().flat_map(|file| &file.rules);
        for entry in entries.filter(|entry| entry.spec.id == spec.id) {
            if let Some(pin) = &rule.pin {
                check_locks(entry, pin, notes, errors);
            }
            lay_over(&mut rule, entry, LayerKind::Repository);
        }
        self.for_the_branch(&mut rule, notes, errors);
        clamp(&mut rule, notes);
        rule
    }

    /// What the file asks for on the branch beside: per field the stricter value, so that the order of entries does
    /// not matter. An entry that asks for less is said, for whichever branch it is, and has no effect (DECISIONS 2).
    fn for_the_branch(
        &self,
        rule: &mut RuleInForce,
        notes: &mut Vec<Diagnostic>,
        errors: &mut Vec<Diagnostic>,
    ) {
        let elsewhere = rule.clone();
        for branch in self.layers.file.iter().flat_map(|file| &file.branches) {
            let is_for_this = self.layers.branch.is_some_and(|name| branch.globs.is_match_text(name));
            for entry in branch.rules.iter().filter(|entry| entry.spec.id == elsewhere.spec.id) {
                if let Some(pin) = &rule.pin {
                    check_locks(entry, pin, notes, errors);
                }
                refuse_less(&elsewhere, entry, notes);
                if is_for_this {
                    lay_beside(rule, entry);
                }
            }
        }
    }

    fn entries(
        &self,
        entries: &'p [OrgEntry],
        spec: &RuleSpec,
        when: When,
    ) -> impl Iterator<Item = &'p OrgEntry> {
        let id = spec.id;
        let counts = move |entry: &&OrgEntry| {
            entry.rule.spec.id == id && (when == When::Later || self.waits_for(entry).is_none())
        };
        entries.iter().filter(counts)
    }

    /// The floors or locks of all layers of the organisation that apply to the repository.
    fn pins(&self, spec: &RuleSpec, when: When, of: fn(&OrgLayer) -> &Vec<OrgEntry>) -> Vec<&'p OrgEntry> {
        self.org_layers().flat_map(|layer| self.entries(of(layer), spec, when)).collect()
    }

    fn org_layers(&self) -> impl Iterator<Item = &'p OrgLayer> {
        let all = self.layers.organisation.map(|organisation| &organisation.all);
        all.into_iter().chain(self.groups.iter().map(|group| &group.layer)).chain(self.own_layer())
    }

    fn own_layer(&self) -> Option<&'p OrgLayer> {
        self.layers.organisation?.repositories.get(&self.layers.facts.name.as_ref()?.to_lowercase())
    }

    /// The day that an entry waits for, if it lies ahead (DECISIONS 24).
    fn waits_for(&self, entry: &OrgEntry) -> Option<Date> {
        let rollout = self.layers.organisation.and_then(|organisation| organisation.rollout.as_ref());
        let of_rollout = rollout.filter(|rollout| match (rollout.since, entry.since) {
            (None, _) => true,
            (Some(begin), Some(added)) => added > begin,
            (Some(_), None) => false,
        });
        let day = entry.enforce_from.or(of_rollout.map(|rollout| rollout.enforce_from))?;
        self.layers.today.is_some_and(|today| today < day).then_some(day)
    }

    /// The first day on which an entry for the rule comes into force, if one waits.
    fn pending(&self, spec: &RuleSpec) -> Option<Date> {
        let layers = self.org_layers().flat_map(|layer| [&layer.defaults, &layer.floor, &layer.locked]);
        let entries = layers.flatten().filter(|entry| entry.rule.spec.id == spec.id);
        entries.filter_map(|entry| self.waits_for(entry)).min()
    }

    /// The rule as it will be, if it will be another one.
    fn preview(&self, now: &RuleInForce, mut later: RuleInForce, from: Date) -> Option<Preview> {
        let same = now.mode == later.mode && now.settings == later.settings;
        let rollout = self.layers.organisation.and_then(|organisation| organisation.rollout.as_ref());
        let cap = rollout.map_or(Mode::Warn, |rollout| rollout.new_rules.min(Mode::Warn));
        later.mode = later.mode.min(cap);
        (!same).then_some(Preview { rule: later, from })
    }

    /// An organisation's waiver with a value is the repository's bar until it ends: below the floor, and the
    /// repository may still be stricter.
    fn relieve(&self, rule: &mut RuleInForce, organisation: &OrgPolicy) {
        let Some(name) = &self.layers.facts.name else { return };
        for waiver in &organisation.waivers {
            let Some((key, setting)) = &waiver.relief else { continue };
            let is_for_this = waiver.waiver.rule == rule.spec.id && super::org::is_named(&waiver.repo, name);
            let Some(field) = rule.spec.field(key).filter(|_| is_for_this) else { continue };
            if has_ended(waiver.waiver.expires, self.layers.today) {
                continue;
            }
            let is_laxer = |value: Option<Value>| field.is_laxer(Some(&setting.value), value.as_ref());
            if is_laxer(rule.settings.get(key).map(|setting| setting.value.clone())) {
                rule.settings.set(field.key, setting.clone());
                trace(rule, LayerKind::Relief, field.key, setting);
            }
            let bound = rule.pin.as_mut().and_then(|pin| pin.bounds.get_mut(key));
            if let Some(bound) = bound
                && is_laxer(Some(bound.setting.value.clone()))
            {
                bound.setting = setting.clone();
                bound.exact = false;
            }
        }
    }
}

/// The groups that select the repository. A fact that is asked for and not known is an error of the policy: a
/// group that might apply is not left out in silence (DECISIONS 23).
fn selected_groups<'p>(layers: &'p Layers<'p>, notes: &mut Vec<Diagnostic>) -> Vec<&'p Group> {
    let Some(organisation) = layers.organisation else { return Vec::new() };
    let mut missing = |what: &str, origin: &Origin| {
        let message = format!("the repository's {what} must be known for the organisation's policy");
        notes.push(Diagnostic::new(Code::FactsMissing, Weight::Error, message, origin.clone()));
    };
    if layers.facts.name.is_none() && !organisation.repositories.is_empty() {
        missing("name", &Origin::file(organisation.source.as_str()));
    }
    let mut selected = Vec::new();
    for group in &organisation.groups {
        match group.select.selects(&layers.facts) {
            Ok(true) => selected.push(group),
            Ok(false) => {}
            Err(fact) => missing(fact, &group.select.origin),
        }
    }
    selected
}

/// A file that extends an organisation's policy is not judged without it (DECISIONS 6).
fn missing_organisation(layers: &Layers<'_>, notes: &mut Vec<Diagnostic>) {
    let Some((repository, origin)) = layers.file.and_then(|file| file.extends.as_ref()) else { return };
    let other = match layers.organisation {
        None => String::new(),
        Some(OrgPolicy { repository: Some(read), .. }) if !read.eq_ignore_ascii_case(repository) => {
            format!("; that of `{read}` was")
        }
        Some(_) => return,
    };
    let message = format!("the policy of `{repository}`, which this one extends, was not read{other}");
    notes.push(Diagnostic::new(Code::NoOrganisationPolicy, Weight::Error, message, origin.clone()));
}

/// Says where the repository asks for less than the organisation lets it.
fn refused_relief(policy: &Policy, notes: &mut Vec<Diagnostic>) {
    let Some(allowed) = &policy.relax_allowed else { return };
    let everywhere = if allowed.is_empty() { "nowhere" } else { "only in `limits.relax-allowed`" };
    for overlay in &policy.overlays {
        for overlaid in &overlay.rules {
            let rule = policy.rule(overlaid.spec.id);
            if rule.is_some_and(|rule| overlaid.asks_for_less_than(rule)) {
                let message = format!(
                    "`{}` asks for less here than elsewhere, which the organisation allows {everywhere}",
                    overlaid.spec.id
                );
                let origin = overlaid.origin.clone();
                notes.push(Diagnostic::new(Code::RelaxRefused, Weight::Warning, message, origin));
            }
        }
    }
    let leaves_out = !(policy.exclude.is_empty() && policy.include.is_empty());
    if allowed.is_empty() && leaves_out && policy.pins_coverage() {
        let message =
            "`exclude` and `include` have no effect: the organisation allows no path to be left out";
        let origin =
            policy.sources.first().map_or_else(Origin::default, |source| Origin::file(source.as_str()));
        notes.push(Diagnostic::new(Code::RelaxRefused, Weight::Warning, message, origin));
    }
}

/// Every choice among the laxer overlays of a rule is tried where the rule is not met, so there cannot be many.
pub const MOST_LAXER_OVERLAYS: usize = 6;

fn too_many_reliefs(policy: &Policy, errors: &mut Vec<Diagnostic>) {
    for rule in &policy.rules {
        let of_rule = |overlay: &&Overlay| {
            let mut same = overlay.rules.iter().filter(|overlaid| overlaid.spec.id == rule.spec.id);
            same.any(|overlaid| overlaid.asks_for_less_than(rule))
        };
        if let Some(overlay) = policy.overlays.iter().filter(of_rule).nth(MOST_LAXER_OVERLAYS) {
            let message = format!(
                "more than {MOST_LAXER_OVERLAYS} entries of `paths` ask for less of `{}` than elsewhere",
                rule.spec.id
            );
            let error = Diagnostic::new(Code::BadValue, Weight::Error, message, overlay.origin.clone());
            errors.push(error.with_help("put the globs that have the same values into one entry"));
        }
    }
}

/// Fields that the entry leaves out keep their value. A rule that a file names for the first time is enforced
/// unless the entry says otherwise: who writes down a bar means it.
fn lay_over(rule: &mut RuleInForce, entry: &RuleEntry, layer: LayerKind) {
    let mode = match &entry.mode {
        Some((mode, origin)) => Some((*mode, origin.clone())),
        None if !rule.named => Some((Mode::Enforce, entry.origin.clone())),
        None => None,
    };
    if let Some((mode, origin)) = mode {
        let value = mode.word().to_owned();
        rule.trail.push(Trace { layer, field: "mode", value, origin: origin.clone() });
        (rule.mode, rule.mode_origin) = (mode, origin);
    }
    for (key, setting) in &entry.fields {
        rule.settings.set(key, setting.clone());
        trace(rule, layer, key, setting);
    }
    rule.named = true;
    rule.origin = entry.origin.clone();
}

/// Says where an entry of `branches` asks for less than the rule does elsewhere, or for something else.
fn refuse_less(elsewhere: &RuleInForce, entry: &RuleEntry, notes: &mut Vec<Diagnostic>) {
    let mut refuse = |key: &str, value: &str, there: &str, origin: &Origin| {
        let message = format!(
            "`{}.{key}` is {value} here and {there} for other branches: an entry of `branches` may only be stricter",
            entry.spec.id
        );
        notes.push(Diagnostic::new(Code::RelaxRefused, Weight::Warning, message, origin.clone()));
    };
    for (key, setting) in &entry.fields {
        let (Some(field), there) = (entry.spec.field(key), elsewhere.settings.get(key)) else { continue };
        let there = there.map(|setting| &setting.value);
        if !matches!(field.strictness(Some(&setting.value), there), Some(Ordering::Greater | Ordering::Equal))
        {
            let there = there.map_or_else(|| "not in force".to_owned(), ToString::to_string);
            refuse(key, &setting.value.to_string(), &there, &setting.origin);
        }
    }
    if let Some((mode, origin)) = &entry.mode
        && *mode < elsewhere.mode
    {
        refuse("mode", mode.word(), elsewhere.mode.word(), origin);
    }
}

/// Takes from an entry of `branches` what is stricter than the rule.
fn lay_beside(rule: &mut RuleInForce, entry: &RuleEntry) {
    for (key, setting) in &entry.fields {
        let own = rule.settings.get(key).map(|setting| &setting.value);
        let order = entry.spec.field(key).and_then(|field| field.strictness(Some(&setting.value), own));
        if order == Some(Ordering::Greater) {
            rule.settings.set(key, setting.clone());
            trace(rule, LayerKind::Branch, key, setting);
            rule.origin = entry.origin.clone();
        }
    }
    let (mode, origin) = match &entry.mode {
        Some((mode, origin)) => (*mode, origin),
        // Who writes down a bar means it.
        None if !rule.named => (Mode::Enforce, &entry.origin),
        None => (rule.mode, &entry.origin),
    };
    if mode > rule.mode {
        let (layer, value) = (LayerKind::Branch, mode.word().to_owned());
        rule.trail.push(Trace { layer, field: "mode", value, origin: origin.clone() });
        (rule.mode, rule.mode_origin) = (mode, origin.clone());
    }
    rule.named = true;
}

/// The entries of several groups as one: per field the strictest value, and the strictest mode. Their order
/// does not matter.
fn join(spec: &'static RuleSpec, entries: &[&OrgEntry], errors: &mut Vec<Diagnostic>) -> Option<RuleEntry> {
    let origin = entries.iter().map(|entry| &entry.rule.origin).min()?.clone();
    let fields =
        spec.fields.iter().filter_map(|field| Some((field.key, strictest(field, entries, errors)?.clone())));
    let fields = fields.collect();
    let modes = entries.iter().map(|entry| match &entry.rule.mode {
        Some((mode, origin)) => (*mode, origin.clone()),
        None => (Mode::Enforce, entry.rule.origin.clone()),
    });
    let any_mode = entries.iter().any(|entry| entry.rule.mode.is_some());
    let strictest_mode = modes.reduce(|left, right| match right.0.cmp(&left.0) {
        Ordering::Greater => right,
        Ordering::Equal if right.1 < left.1 => right,
        Ordering::Equal | Ordering::Less => left,
    });
    Some(RuleEntry { spec, mode: strictest_mode.filter(|_| any_mode), fields, origin })
}

/// The overlay's rules, each with the fields of the rule itself below its own. Without a mode of its own an
/// overlay has that of the rule, if a file names the rule. An overlay may be laxer than a floor here; whether
/// its files then leave the rule is for [`Policy::may_relax`].
fn resolve_overlay(
    overlay: &OverlayEntry,
    rules: &[RuleInForce],
    notes: &mut Vec<Diagnostic>,
    errors: &mut Vec<Diagnostic>,
) -> Overlay {
    let mut resolved = Vec::new();
    for entry in &overlay.rules {
        let Some(rule) = rules.iter().find(|rule| rule.spec.id == entry.spec.id) else { continue };
        if let Some(pin) = &rule.pin {
            check_locks(entry, pin, notes, errors);
        }
        let mut rule = rule.clone();
        lay_over(&mut rule, entry, LayerKind::Repository);
        resolved.push(rule);
    }
    Overlay {
        globs: overlay.globs.clone(),
        suites: overlay.suites.clone(),
        rules: resolved,
        origin: overlay.origin.clone(),
    }
}
