//! The rules of a run's tool, and how a result finds its own (SARIF 2.1.0 §3.52, §3.54).

use super::super::findings::{SHORT, inside, take, take_scalar};
use super::package::{ecosystem_of_tag, ids_in_parentheses, is_advisory};
use super::wire::{Level, level};
use crate::formats::ParseError;
use crate::formats::json::Json;
use crate::model::ScanClass;
use std::collections::HashMap;

/// `reportingDescriptor` (§3.49), the parts that decide.
#[derive(Debug, Default)]
pub(super) struct Rule {
    pub(super) id: Box<str>,
    guid: Box<str>,
    /// `defaultConfiguration.level`.
    pub(super) level: Level,
    /// `properties.security-severity`, as written; empty for none.
    pub(super) security_severity: Box<str>,
    /// The class that a tag names.
    pub(super) class: Option<ScanClass>,
    /// `shortDescription`, else `name`.
    pub(super) title: Box<str>,
    /// Other ids of the advisory that the rule is.
    pub(super) aliases: Vec<Box<str>>,
    /// The manager of packages that a tag names; empty for none.
    pub(super) ecosystem: &'static str,
    strings: Vec<(Box<str>, Box<str>)>,
}

/// `toolComponent` (§3.19): the driver or an extension.
#[derive(Debug, Default)]
pub(super) struct Component {
    pub(super) guid: String,
    rules: Vec<Rule>,
    strings: HashMap<Box<str>, Box<str>>,
    /// True if it has more rules than are kept.
    cut: bool,
    by_id: HashMap<Box<str>, usize>,
    by_guid: HashMap<Box<str>, usize>,
}

/// The tool of a run.
#[derive(Debug, Default)]
pub(super) struct ToolTable {
    /// True once a driver was read.
    pub(super) has_driver: bool,
    pub(super) name: String,
    pub(super) version: String,
    driver: Component,
    extensions: Vec<Component>,
    room: Room,
}

/// How much of the rules may still be kept, over all of a run.
#[derive(Debug)]
struct Room {
    rules: usize,
    text: usize,
}

impl Default for Room {
    fn default() -> Self {
        Self { rules: 50_000, text: 3 << 20 }
    }
}

/// What a lookup found.
#[derive(Clone, Copy, Debug)]
pub(super) enum Found<'t> {
    /// The rule and the component that holds it.
    Rule(&'t Rule, &'t Component),
    /// There is none.
    Nothing,
    /// There may be one among the rules that were not kept.
    NotKept,
}

/// How something names its rule.
#[derive(Clone, Copy, Debug)]
pub(super) struct RuleQuery<'q> {
    pub(super) id: &'q str,
    pub(super) guid: &'q str,
    pub(super) index: i32,
    pub(super) component_index: i32,
    pub(super) component_guid: &'q str,
}

impl ToolTable {
    const MOST_EXTENSIONS: usize = 1_000;
    const MOST_STRINGS: usize = 64;

    /// Takes the `tool` object (§3.18).
    pub(super) fn read(&mut self, json: &mut Json<'_, '_>) -> Result<(), ParseError> {
        json.object(|json, key| match key {
            "driver" => self.read_driver(json),
            "extensions" => self.read_extensions(json),
            _ => json.skip(),
        })?;
        Ok(())
    }

    /// Takes the driver.
    pub(super) fn read_driver(&mut self, json: &mut Json<'_, '_>) -> Result<(), ParseError> {
        let (mut name, mut full_name) = (String::new(), String::new());
        let (mut version, mut semantic) = (String::new(), String::new());
        self.has_driver = read_component(json, &mut self.driver, &mut self.room, |json, key| {
            match key {
                "name" => take(json, &mut name, SHORT)?,
                "fullName" => take(json, &mut full_name, SHORT)?,
                "version" => take(json, &mut version, SHORT)?,
                "semanticVersion" => take(json, &mut semantic, SHORT)?,
                _ => json.skip()?,
            }
            Ok(())
        })?;
        self.name = if name.is_empty() { full_name } else { name };
        self.version = if semantic.is_empty() { version } else { semantic };
        Ok(())
    }

    /// Takes the extensions.
    pub(super) fn read_extensions(&mut self, json: &mut Json<'_, '_>) -> Result<(), ParseError> {
        json.array(|json| {
            if self.extensions.len() >= Self::MOST_EXTENSIONS {
                return json.skip();
            }
            let mut extension = Component::default();
            read_component(json, &mut extension, &mut self.room, |json, _| json.skip())?;
            // Also a broken one keeps its place: results refer to it by index.
            self.extensions.push(extension);
            Ok(())
        })?;
        Ok(())
    }

    /// True if the tool has more rules than are kept.
    pub(super) fn is_cut(&self) -> bool {
        self.components().any(|component| component.cut)
    }

    /// Prepares the lookup by id; call once when the run is complete.
    pub(super) fn index(&mut self) {
        for component in std::iter::once(&mut self.driver).chain(&mut self.extensions) {
            for (position, rule) in component.rules.iter().enumerate() {
                // Ids may repeat (§3.52.5 has two CA1711); without an index the first counts.
                component.by_id.entry(rule.id.clone()).or_insert(position);
                component.by_guid.entry(rule.guid.clone()).or_insert(position);
            }
        }
    }

    /// Looks a rule up: by index, guid and id in the component that the reference names; then, because real
    /// files break the rules, by id in all others.
    ///
    /// An index whose rule has another id than the result loses against the id.
    pub(super) fn find(&self, query: &RuleQuery<'_>) -> Found<'_> {
        let named = self.component(query);
        if let Some(component) = named {
            let at_index = usize::try_from(query.index).ok().and_then(|index| component.rules.get(index));
            if let Some(rule) =
                at_index.filter(|rule| query.id.is_empty() || is_same_or_below(query.id, &rule.id))
            {
                return Found::Rule(rule, component);
            }
            let by_guid = component.by_guid.get(query.guid).filter(|_| !query.guid.is_empty());
            if let Some(rule) = by_guid.and_then(|&position| component.rules.get(position)) {
                return Found::Rule(rule, component);
            }
        }
        for component in named.into_iter().chain(self.components()) {
            if let Some(rule) = component.by_hierarchical_id(query.id) {
                return Found::Rule(rule, component);
            }
        }
        if self.is_cut() && (query.index >= 0 || !query.id.is_empty()) {
            Found::NotKept
        } else {
            Found::Nothing
        }
    }

    fn components(&self) -> impl Iterator<Item = &Component> {
        std::iter::once(&self.driver).chain(&self.extensions)
    }

    /// The component of a reference (§3.54.2): the driver if it names none.
    fn component(&self, query: &RuleQuery<'_>) -> Option<&Component> {
        if let Ok(index) = usize::try_from(query.component_index) {
            return self.extensions.get(index);
        }
        if query.component_guid.is_empty() {
            return Some(&self.driver);
        }
        self.components().find(|component| component.guid == query.component_guid)
    }
}

impl Rule {
    fn alias(&mut self, id: &str, room: &mut Room) {
        const MOST: usize = 16;
        let known = *self.id == *id || self.aliases.iter().any(|have| **have == *id);
        if !known && self.aliases.len() < MOST && id.len() <= room.text {
            room.text -= id.len();
            self.aliases.push(id.into());
        }
    }
}

impl Component {
    /// The rule whose id is `id`, else the one with the longest id that is a hierarchical parent of it:
    /// `CA5350` for `CA5350/md5` (§3.52.4).
    fn by_hierarchical_id(&self, id: &str) -> Option<&Rule> {
        let mut prefix = id;
        while !prefix.is_empty() {
            if let Some(rule) = self.by_id.get(prefix).and_then(|&position| self.rules.get(position)) {
                return Some(rule);
            }
            prefix = prefix.rsplit_once('/').map_or("", |(parent, _)| parent);
        }
        None
    }

    /// The text of a message of this rule (§3.11.7).
    pub(super) fn message<'m>(&'m self, rule: &'m Rule, id: &str) -> Option<&'m str> {
        let own = rule.strings.iter().find(|(name, _)| **name == *id).map(|(_, text)| &**text);
        own.or_else(|| self.strings.get(id).map(|text| &**text))
    }
}

/// True if `id` is `parent` or stands below it component by component: `abc/defg` is not below `abc/def`.
fn is_same_or_below(id: &str, parent: &str) -> bool {
    id.strip_prefix(parent).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Reads what all components have; `other` gets the keys that only the driver needs.
fn read_component(
    json: &mut Json<'_, '_>,
    component: &mut Component,
    room: &mut Room,
    mut other: impl FnMut(&mut Json<'_, '_>, &str) -> Result<(), ParseError>,
) -> Result<bool, ParseError> {
    json.object(|json, key| {
        match key {
            "guid" => take(json, &mut component.guid, SHORT)?,
            "rules" => {
                json.array(|json| {
                    let Some(left) = room.rules.checked_sub(1) else {
                        component.cut = true;
                        return json.skip();
                    };
                    room.rules = left;
                    let rule = read_rule(json, room)?;
                    component.rules.push(rule);
                    Ok(())
                })?;
            }
            "globalMessageStrings" => {
                json.entries(|json, id| {
                    if let (Some(text), true) = (read_string_text(json, room)?, id.len() <= SHORT) {
                        component.strings.insert(id.into(), text);
                    }
                    Ok(())
                })?;
            }
            _ => other(json, key)?,
        }
        Ok(())
    })
}

fn read_rule(json: &mut Json<'_, '_>, room: &mut Room) -> Result<Rule, ParseError> {
    let mut rule = Rule::default();
    let (mut id, mut guid, mut severity) = (String::new(), String::new(), String::new());
    let (mut title, mut name) = (None, String::new());
    json.object(|json, key| {
        match key {
            "id" => take(json, &mut id, SHORT)?,
            "guid" => take(json, &mut guid, SHORT)?,
            "name" => take(json, &mut name, SHORT)?,
            "shortDescription" => title = read_string_text(json, room)?,
            "fullDescription" => {
                json.object(|json, key| {
                    match key {
                        "text" => {
                            let text = json.text_up_to(SHORT)?.map_or("", |(text, _)| text);
                            ids_in_parentheses(text).for_each(|id| rule.alias(id, room));
                        }
                        _ => json.skip()?,
                    }
                    Ok(())
                })?;
            }
            "deprecatedIds" => {
                json.array(|json| {
                    if let Some((id, _)) = json.text_up_to(SHORT)?.filter(|(id, _)| is_advisory(id)) {
                        rule.alias(id, room);
                    }
                    Ok(())
                })?;
            }
            "defaultConfiguration" => {
                inside(json, "level", |json| {
                    rule.level = level(json)?;
                    Ok(())
                })?;
            }
            "messageStrings" => {
                json.entries(|json, id| {
                    if rule.strings.len() == ToolTable::MOST_STRINGS || id.len() > SHORT {
                        return json.skip();
                    }
                    if let Some(text) = read_string_text(json, room)? {
                        rule.strings.push((id.into(), text));
                    }
                    Ok(())
                })?;
            }
            "properties" => {
                json.entries(|json, key| {
                    match key {
                        "security-severity" => take_scalar(json, &mut severity)?,
                        "tags" => {
                            json.array(|json| {
                                if let Some(tag) = json.text()? {
                                    rule.class = rule.class.or(class_of_tag(tag));
                                    rule.ecosystem = ecosystem_of_tag(tag).unwrap_or(rule.ecosystem);
                                    if is_advisory(tag) {
                                        rule.alias(tag, room);
                                    }
                                }
                                Ok(())
                            })?;
                        }
                        _ => json.skip()?,
                    }
                    Ok(())
                })?;
            }
            _ => json.skip()?,
        }
        Ok(())
    })?;
    rule.id = id.into();
    rule.guid = guid.into();
    rule.security_severity = severity.into();
    rule.title = title.unwrap_or_else(|| name.into());
    Ok(rule)
}

/// `multiformatMessageString.text` (§3.12), while there is room.
fn read_string_text(json: &mut Json<'_, '_>, room: &mut Room) -> Result<Option<Box<str>>, ParseError> {
    let mut kept: Option<Box<str>> = None;
    json.object(|json, key| {
        match key {
            "text" => {
                if let Some((text, _)) = json.text_up_to(1024.min(room.text))? {
                    room.text -= text.len().min(room.text);
                    kept = Some(text.into());
                }
            }
            _ => json.skip()?,
        }
        Ok(())
    })?;
    Ok(kept.filter(|text| !text.is_empty()))
}

/// What a rule is about, if one of its tags says so (Trivy, Snyk and others tag their rules).
fn class_of_tag(tag: &str) -> Option<ScanClass> {
    const TAGS: &[(&str, ScanClass)] = &[
        ("secret", ScanClass::Secret),
        ("secrets", ScanClass::Secret),
        ("license", ScanClass::License),
        ("misconfiguration", ScanClass::Infrastructure),
        ("iac", ScanClass::Infrastructure),
        ("vulnerability", ScanClass::Dependency),
    ];
    TAGS.iter().find(|(name, _)| tag.eq_ignore_ascii_case(name)).map(|row| row.1)
}
