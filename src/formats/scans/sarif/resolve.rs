//! A run that was read to its end becomes a scan: severities, places and texts are looked up.

use super::package::{Way, is_advisory};
use super::rules::{Component, Found, Rule, RuleQuery};
use super::run::Run;
use super::tools::{class_of_tool, looked_for_by_tool};
use super::waiting::{Gathered, Key, More, Pending, PendingPackage, Spot};
use super::wire::{DescriptorReference, Level, ResultKind};
use crate::diagnostic::{Code, Weight};
use crate::formats::scans::findings::{
    Collector, Score, Texts, identity, of_advisory, quotes_secrets, score, severity_word,
};
use crate::formats::{Context, Position};
use crate::model::{
    Finding, FindingId, Health, Package, Place, Scan, ScanClass, ScanClasses, Severity, Suppression, Tool,
    Traits, Untrusted,
};
use std::num::NonZeroU32;
use std::sync::Arc;

/// What all results of one key have in common.
struct Resolved<'r> {
    severity: Severity,
    source: Untrusted,
    class: ScanClass,
    /// True if a tag of the rule says what it is about.
    is_tagged: bool,
    rule_id: Untrusted,
    rule: Option<(&'r Rule, &'r Component)>,
    /// Other ids of the advisory.
    aliases: Box<[Untrusted]>,
    /// True if the piece of source or the message may be a secret.
    is_secret: bool,
}

/// Turns a run into a scan. `cut_off` is true for a run whose end was not read: what is not known of its tool
/// may stand behind the cut.
pub(super) fn resolve(mut run: Run, context: &mut Context, position: Position, cut_off: bool) -> Scan {
    run.tool.index();
    let mut gathered = std::mem::take(&mut run.waiting).close();
    let pending = std::mem::take(&mut gathered.pending);
    let resolved: Vec<Resolved<'_>> =
        gathered.key_counts.iter().map(|(key, _)| resolve_key(&run, &gathered.texts, key, cut_off)).collect();
    let files: Vec<Option<Untrusted>> =
        gathered.spots.iter().map(|spot| file(&run, &gathered.texts, spot)).collect();
    let is_of_image = run.image || looked_for_by_tool(&run.tool.name).has(ScanClass::Container);
    let mut collector = Collector::default();
    collector.reserve(pending.iter().map(Vec::len).sum());
    collector.add_unseen(Severity::Unknown, gathered.unknown);
    for ((_, counts), resolved) in gathered.key_counts.iter().zip(&resolved) {
        collector.add_unseen(resolved.severity, counts.active - counts.pending_active);
        collector.add_unseen_suppressed(counts.suppressed - counts.pending_suppressed);
    }
    for result in pending.into_iter().flatten() {
        let Some(of_key) = usize::try_from(result.key).ok().and_then(|key| resolved.get(key)) else {
            // Keys are never taken away, so each is there; should one be missing, its result still counts.
            collector.add_unseen(Severity::Unknown, 1);
            continue;
        };
        let file = usize::try_from(result.spot).ok().and_then(|spot| files.get(spot)).cloned().flatten();
        let package = usize::try_from(result.package).ok().and_then(|index| gathered.packages.get(index));
        let package = package.filter(|package| package.way.is_of(&run.tool.name));
        let place = file.map(|file| Place { file, line: NonZeroU32::new(result.line) });
        let mut found = finding(&result, of_key, place, context);
        if let Some(package) = package {
            name_package(&mut found, package, of_key, &gathered.texts);
        }
        found.traits.also = also(&found, is_of_image);
        collector.add(found);
    }
    let looked_for = looked_for(&run, &resolved);
    say_what_is_odd(&gathered, &resolved, context, position);
    let (name, version) = (run.tool.name.as_str().into(), run.tool.version.as_str().into());
    let tool = Tool { name, version, ..Tool::default() };
    let health = if cut_off { Health::Invalid } else { run.health.health };
    collector.finish(
        context,
        tool,
        run.category.as_str().into(),
        health,
        run.health.reason.clone(),
        looked_for,
    )
}

/// What the run looked for: all that its tool ever does, and what the tags of the rules say that have results.
fn looked_for(run: &Run, resolved: &[Resolved<'_>]) -> ScanClasses {
    let by_name = looked_for_by_tool(&run.tool.name);
    let tagged = resolved.iter().filter(|of_key| of_key.is_tagged).map(|of_key| of_key.class);
    let all = by_name.with(tagged.collect());
    let of_packages = run.image && all.has(ScanClass::Dependency);
    all.with(ScanClasses::of(if of_packages { &[ScanClass::Container] } else { &[] }))
}

/// A vulnerable package of a container image is about the image too.
fn also(finding: &Finding, image: bool) -> ScanClasses {
    let is_of_image = image && finding.class == ScanClass::Dependency;
    ScanClasses::of(if is_of_image { &[ScanClass::Container] } else { &[] })
}

/// The file that a location names. Most URIs are paths already: those are not kept twice.
fn file(run: &Run, texts: &Texts, spot: &Spot) -> Option<Untrusted> {
    let (uri, base) = (texts.get(spot.uri), texts.get(spot.uri_base));
    let path = run.places.path(&uri, &base, spot.artifact)?;
    Some(if path == *uri { Untrusted::new(uri) } else { Untrusted::from(path) })
}

fn finding(result: &Pending, of_key: &Resolved<'_>, place: Option<Place>, context: &Context) -> Finding {
    let more = result.more.as_deref();
    let (rule, is_secret) = (of_key.rule_id.raw(), of_key.is_secret);
    let (line, snippet, message) =
        if is_secret { (0, 0, 0) } else { (result.line_hash, result.snippet, result.message) };
    // The last identity is always there: a finding without a message is compared by rule and file alone.
    let identities: [FindingId; 3] =
        [identity(rule, result.fingerprint), identity(rule, snippet), identity(rule, message.max(1))];
    let message = match (is_secret, &result.text) {
        (true, _) => of_key.rule.map_or("", |(rule, _)| &rule.title).into(),
        (false, Some(text)) => message_of(text, more, of_key, context),
        (false, None) => Untrusted::default(),
    };
    let suppression = result.suppressed.then(|| {
        Box::new(Suppression {
            by: more.map_or("external", |more| more.suppressed_by).to_owned(),
            reason: more.map(|more| more.justification.as_str()).unwrap_or_default().into(),
        })
    });
    Finding {
        severity: of_key.severity,
        severity_source: of_key.source.clone(),
        class: of_key.class,
        rule: of_key.rule_id.clone(),
        aliases: Box::default(),
        message,
        place,
        package: None,
        suppression,
        identities,
        line: identity(rule, line),
        traits: Traits::default(),
    }
}

/// Makes a finding an advisory of a package, known by package and id as those of other tools.
fn name_package(finding: &mut Finding, package: &PendingPackage, of_key: &Resolved<'_>, texts: &Texts) {
    let text = |number: u32| Untrusted::new(texts.get(number));
    let name = text(package.name);
    // Grype's rules are of an advisory and a package: `CVE-2020-8203-lodash`.
    let own = finding.rule.raw().strip_suffix(name.raw()).and_then(|rest| rest.strip_suffix('-'));
    if let Some(id) = own.filter(|id| package.way == Way::Grype && is_advisory(id)) {
        finding.rule = id.into();
    }
    if !is_advisory(finding.rule.raw()) && finding.class != ScanClass::Dependency {
        return;
    }
    let ecosystem = match (text(package.ecosystem), of_key.rule) {
        (said, Some((rule, _))) if said.is_empty() && package.way == Way::Snyk => rule.ecosystem.into(),
        (said, _) => said,
    };
    finding.aliases.clone_from(&of_key.aliases);
    let aliases = finding.aliases.iter().map(Untrusted::raw);
    finding.identities = of_advisory(name.raw(), finding.rule.raw(), aliases);
    if finding.class == ScanClass::Source {
        finding.class = ScanClass::Dependency;
    }
    finding.traits.fix = package.has_fix.then_some(true);
    finding.package = Some(Box::new(Package { ecosystem, name, version: text(package.version) }));
}

/// The message (§3.11): its text, else the text that the rule or its component has for its id, with arguments.
fn message_of(text: &Arc<str>, more: Option<&More>, of_key: &Resolved<'_>, context: &Context) -> Untrusted {
    let (id, arguments) = more.map_or(("", [].as_slice()), |more| (&*more.id, &*more.arguments));
    if arguments.is_empty() && !text.is_empty() {
        return Untrusted::new(Arc::clone(text));
    }
    let found = of_key.rule.and_then(|(rule, component)| component.message(rule, id));
    let template = match (&**text, found) {
        ("", Some(found)) => found,
        ("", None) => of_key.rule.map_or("", |(rule, _)| &rule.title),
        (own, _) => own,
    };
    if arguments.is_empty() {
        return Untrusted::new(context.cap(template).0);
    }
    Untrusted::new(context.cap(&substitute(template, arguments)).0)
}

/// Puts arguments in for `{0}`; `{{` and `}}` are braces (§3.11.5). A placeholder without an argument stays.
fn substitute(template: &str, arguments: &[String]) -> String {
    let mut text = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, brace)) = rest.find(['{', '}']).and_then(|at| rest.split_at_checked(at)) {
        text.push_str(before);
        let doubled =
            ["{{", "}}"].into_iter().find_map(|pair| brace.strip_prefix(pair).map(|tail| (pair, tail)));
        let placeholder = brace.strip_prefix('{').and_then(|body| body.split_once('}'));
        let argument = placeholder.and_then(|(number, tail)| {
            let number: usize = number.parse().ok()?;
            Some((arguments.get(number)?, tail))
        });
        rest = match (doubled, argument) {
            (Some((pair, tail)), _) => {
                text.push_str(pair.get(1..).unwrap_or_default());
                tail
            }
            (None, Some((argument, tail))) => {
                text.push_str(argument);
                tail
            }
            (None, None) => {
                text.push_str(brace.get(..1).unwrap_or_default());
                brace.get(1..).unwrap_or_default()
            }
        };
    }
    text.push_str(rest);
    text
}

fn resolve_key<'r>(run: &'r Run, texts: &Texts, key: &Key, cut_off: bool) -> Resolved<'r> {
    let id = texts.get(key.rule_id);
    let guid = texts.get(key.rule_guid);
    let component_guid = texts.get(key.component_guid);
    let found = run.tool.find(&RuleQuery {
        id: &id,
        guid: &guid,
        index: key.rule_index,
        component_index: key.component_index,
        component_guid: &component_guid,
    });
    let rule = match found {
        Found::Rule(rule, component) => Some((rule, component)),
        Found::Nothing | Found::NotKept => None,
    };
    let (severity, source) = match found {
        Found::NotKept => (Severity::Unknown, "the rule was not kept".into()),
        // What the file would have said of the rule is behind the cut.
        Found::Nothing if cut_off && key.level == Level::Absent => (Severity::Unknown, "cut off".into()),
        Found::Rule(..) | Found::Nothing => severity(run, texts, key, rule.map(|(rule, _)| rule)),
    };
    let tagged = rule.and_then(|(rule, _)| rule.class);
    let rule_id: Arc<str> = match rule {
        Some((rule, _)) if id.is_empty() => Arc::from(&*rule.id),
        _ => id,
    };
    let ids = rule.into_iter().flat_map(|(rule, _)| &rule.aliases).filter(|alias| ***alias != *rule_id);
    let mut aliases: Vec<Untrusted> = ids.map(|alias| (&**alias).into()).collect();
    aliases.sort();
    let class = tagged.unwrap_or_else(|| class_of_tool(&run.tool.name));
    let title = rule.map_or("", |(rule, _)| &*rule.title);
    let is_secret = class == ScanClass::Secret || quotes_secrets(&rule_id) || quotes_secrets(title);
    Resolved {
        severity,
        source,
        class,
        is_tagged: tagged.is_some(),
        rule_id: Untrusted::new(rule_id),
        rule,
        aliases: aliases.into(),
        is_secret,
    }
}

/// The severity of a key, and where it comes from (security.md b3).
///
/// The rule's `security-severity` decides where it is one, else the result's own (which GitHub does not read),
/// else the level.
fn severity(run: &Run, texts: &Texts, key: &Key, rule: Option<&Rule>) -> (Severity, Untrusted) {
    let of_rule = rule.map_or("", |rule| &*rule.security_severity);
    let of_result = texts.get(key.security_severity);
    for text in [of_rule, &of_result] {
        if let Some(severity) = security_severity(text) {
            return (severity, format!("security-severity {text}").into());
        }
    }
    let (level, origin) = level_of(run, key, rule);
    match level {
        Level::Error => (Severity::High, format!("level error{origin}").into()),
        Level::Warning => (Severity::Medium, format!("level warning{origin}").into()),
        Level::Note => (Severity::Low, format!("level note{origin}").into()),
        Level::None | Level::Absent => (Severity::Info, format!("level none{origin}").into()),
        Level::Odd => (Severity::Unknown, "a level that SARIF does not have".into()),
    }
}

/// A number by its band, or a word; `None` for nothing, for 0 and for what is out of range.
fn security_severity(text: &str) -> Option<Severity> {
    if text.is_empty() {
        return None;
    }
    match score(text) {
        Score::Band(severity) => Some(severity),
        Score::Zero | Score::Outside => None,
        // GitHub refuses words; real files have them (security.md b3).
        Score::NotANumber => Some(severity_word(text).unwrap_or(Severity::Unknown)),
    }
}

/// The level of a result (§3.27.10), and a word on where it comes from.
fn level_of(run: &Run, key: &Key, rule: Option<&Rule>) -> (Level, &'static str) {
    if key.level != Level::Absent {
        return (key.level, "");
    }
    if key.kind == ResultKind::Undecided {
        return (Level::None, " (not decided by the tool)");
    }
    let invocation = usize::try_from(key.invocation).ok().and_then(|index| run.invocations.get(index));
    let overridden = invocation.zip(rule).and_then(|(invocation, rule)| {
        let matching = invocation.overrides.iter().find(|(descriptor, _)| names(run, descriptor, rule));
        matching.map(|(_, level)| *level).filter(|level| *level != Level::Absent)
    });
    if let Some(level) = overridden {
        return (level, " (overridden for the run)");
    }
    match rule.map(|rule| rule.level) {
        Some(level) if level != Level::Absent => (level, " of the rule"),
        _ => (Level::Warning, " by default"),
    }
}

fn names(run: &Run, descriptor: &DescriptorReference, rule: &Rule) -> bool {
    let query = RuleQuery {
        id: &descriptor.id,
        guid: &descriptor.guid,
        index: descriptor.index,
        component_index: descriptor.component_index,
        component_guid: &descriptor.component_guid,
    };
    matches!(run.tool.find(&query), Found::Rule(named, _) if std::ptr::eq(named, rule))
}

fn say_what_is_odd(
    gathered: &Gathered,
    resolved: &[Resolved<'_>],
    context: &mut Context,
    position: Position,
) {
    let (mut odd_levels, mut not_kept) = (0, gathered.unknown);
    let (mut no_rule, mut words) = (0, 0);
    for ((key, counts), resolved) in gathered.key_counts.iter().zip(resolved) {
        let results = counts.active + counts.suppressed;
        odd_levels += if key.level == Level::Odd { results } else { 0 };
        not_kept += counts.active - counts.pending_active;
        let names_a_rule =
            key.rule_index >= 0 || key.rule_guid != 0 && !gathered.texts.get(key.rule_guid).is_empty();
        no_rule += if resolved.rule.is_none() && names_a_rule { results } else { 0 };
        let text = resolved.rule.map_or("", |(rule, _)| &rule.security_severity);
        words += if !text.is_empty() && score(text) == Score::NotANumber { results } else { 0 };
    }
    let keeps = context.keep_identities;
    let mut say = |count: u64, code: Code, weight: Weight, text: &str| {
        if count > 0 {
            context.warn(code, weight, format!("{count} {text}"), position);
        }
    };
    say(odd_levels, Code::UnknownSeverity, Weight::Warning, "results have a level that SARIF does not have");
    say(no_rule, Code::UnknownRule, Weight::Note, "results refer to a rule that the file does not have");
    say(words, Code::UnknownSeverity, Weight::Note, "results have a security-severity that is no number");
    if keeps {
        let text = "findings are only counted: there are more than are compared one by one";
        say(not_kept, Code::FindingsCut, Weight::Warning, text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_put_into_the_text() {
        let arguments = ["a".to_owned(), "b".to_owned()];
        let put = |template: &str| substitute(template, &arguments);
        assert_eq!(put("{1}-{0}-{1}"), "b-a-b");
        assert_eq!(put("{{0}} {2} {x} }{"), "{0} {2} {x} }{");
        assert_eq!(put(""), "");
    }
}
