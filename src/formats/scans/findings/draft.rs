//! One finding of a scanner's own format, and the reading of such a report as a whole.

use super::{
    Collector, RunHealth, SHORT, Strings, identity, masked_hash, of_advisory, path, quotes_secrets,
    severity_word,
};
use crate::diagnostic::{Code, Weight};
use crate::formats::json::{Json, JsonKind};
use crate::formats::{Context, ParseError, Parsed, Position, Report, Source};
use crate::model::{
    Finding, FindingId, Health, Package, Place, Scan, ScanClass, ScanClasses, Severity, Suppression, Tool,
    Traits, Untrusted,
};
use std::num::NonZeroU32;

/// A finding as a format's reader fills it in. Empty text means that the report does not say.
#[derive(Clone, Debug, Default)]
pub(in crate::formats::scans) struct Draft {
    /// `None` is unknown.
    pub(in crate::formats::scans) severity: Option<Severity>,
    pub(in crate::formats::scans) source: String,
    /// What it is about, where it differs from the rest of the report.
    pub(in crate::formats::scans) class: Option<ScanClass>,
    pub(in crate::formats::scans) rule: String,
    pub(in crate::formats::scans) aliases: Vec<String>,
    pub(in crate::formats::scans) message: String,
    pub(in crate::formats::scans) file: String,
    pub(in crate::formats::scans) line: u32,
    pub(in crate::formats::scans) ecosystem: String,
    pub(in crate::formats::scans) package: String,
    pub(in crate::formats::scans) version: String,
    /// Who suppressed it, and why.
    pub(in crate::formats::scans) suppressed: Option<(&'static str, String)>,
    /// Hash of the tool's own fingerprint; 0 for none.
    pub(in crate::formats::scans) fingerprint: u64,
    /// Hash of the piece of source; 0 for none.
    pub(in crate::formats::scans) snippet: u64,
    pub(in crate::formats::scans) traits: Traits,
}

impl Draft {
    /// Sets the severity from a tool's word; one that we do not know stays unknown.
    pub(in crate::formats::scans) fn say(&mut self, origin: &str, word: &str) {
        self.severity = severity_word(word);
        self.source = format!("{origin} {word}").trim().to_owned();
    }

    /// Adds another id of the same advisory.
    pub(in crate::formats::scans) fn alias(&mut self, id: &str) {
        const MOST: usize = 16;
        if !id.is_empty()
            && id != self.rule
            && self.aliases.len() < MOST
            && !self.aliases.iter().any(|have| have == id)
        {
            self.aliases.push(id.to_owned());
        }
    }
}

/// A report of one scanner while it is read.
#[derive(Debug)]
pub(in crate::formats::scans) struct Reading {
    pub(in crate::formats::scans) tool: String,
    pub(in crate::formats::scans) version: String,
    /// The vulnerability database, by when it was made; empty if the report does not say.
    pub(in crate::formats::scans) database: String,
    pub(in crate::formats::scans) category: String,
    /// What the findings are about, unless one of them says otherwise.
    pub(in crate::formats::scans) class: ScanClass,
    /// What the report says that was looked for, or what its tool can only have looked for.
    pub(in crate::formats::scans) looked_for: ScanClasses,
    pub(in crate::formats::scans) health: RunHealth,
    collector: Collector,
    strings: Strings,
    message_bytes: usize,
    aliases: usize,
    not_understood: u64,
}

/// Other ids of advisories beyond this are not kept (they still take part in identities).
const MOST_ALIASES: usize = 150_000;
/// Messages beyond this are not kept.
const MOST_MESSAGE_BYTES: usize = 3 << 20;

impl Reading {
    /// A report of this tool, which looks for nothing else than this class.
    pub(in crate::formats::scans) fn new(tool: &str, class: ScanClass) -> Self {
        Self {
            tool: tool.to_owned(),
            version: String::new(),
            database: String::new(),
            category: String::new(),
            class,
            looked_for: ScanClasses::of(&[class]),
            health: RunHealth::default(),
            collector: Collector::default(),
            strings: Strings::default(),
            message_bytes: 0,
            aliases: 0,
            not_understood: 0,
        }
    }

    /// The same for a tool that looks for several things, or for what it is told to: the report has to say it.
    pub(in crate::formats::scans) fn of_many(tool: &str, class: ScanClass) -> Self {
        Self { looked_for: ScanClasses::NONE, ..Self::new(tool, class) }
    }

    /// Takes down that somebody looked for this class.
    pub(in crate::formats::scans) fn looked_for(&mut self, class: ScanClass) {
        self.looked_for = self.looked_for.with(ScanClasses::of(&[class]));
    }

    /// Takes down that a container image was scanned: what was looked for in its packages is about it too.
    pub(in crate::formats::scans) fn of_an_image(&mut self) {
        if self.looked_for.has(ScanClass::Dependency) {
            self.looked_for(ScanClass::Container);
        }
        let packages = self.collector.since((0, 0)).filter(|finding| finding.class == ScanClass::Dependency);
        for finding in packages {
            finding.traits.also = ScanClasses::of(&[ScanClass::Container]);
        }
    }

    /// Counts a finding, and keeps it while there is room. Whoever finds a thing has looked for it.
    pub(in crate::formats::scans) fn add(&mut self, context: &Context, draft: &Draft) {
        draft.class.into_iter().for_each(|class| self.looked_for(class));
        let severity = draft.severity.unwrap_or(Severity::Unknown);
        match self.finding(context, draft, severity) {
            Some(finding) => self.collector.add(finding),
            None if draft.suppressed.is_some() => self.collector.add_unseen_suppressed(1),
            None => self.collector.add_unseen(severity, 1),
        }
    }

    /// Reads an entry of a list of findings, which must be an object. False if it is none: it counts as one that cannot
    /// be understood.
    pub(in crate::formats::scans) fn entry<'j, 's>(
        &mut self,
        json: &mut Json<'j, 's>,
        property: impl FnMut(&mut Json<'j, 's>, &str) -> Result<(), ParseError>,
    ) -> Result<bool, ParseError> {
        let is_object = json.object(property)?;
        if !is_object {
            self.add_unknown();
        }
        Ok(is_object)
    }

    /// Counts a finding that cannot be understood; the report is not whole then.
    pub(in crate::formats::scans) fn add_unknown(&mut self) {
        self.collector.add_unseen(Severity::Unknown, 1);
        self.not_understood += 1;
        if self.health.health < Health::Degraded {
            self.health.health = Health::Degraded;
            self.health.reason = "an entry of the report cannot be understood".into();
        }
    }

    /// A report without its list of findings (`results`, say) did not get as far as that: the scan failed.
    pub(in crate::formats::scans) fn has_no_list(
        &mut self,
        context: &mut Context,
        json: &Json<'_, '_>,
        list: &str,
    ) {
        let reason = format!("the report has no array of {list}");
        self.health.worsen(context, json, Health::Failed, Code::MissingResults, reason);
    }

    /// Marks the findings so far, for [`Reading::since`].
    pub(in crate::formats::scans) fn mark(&self) -> (usize, usize) {
        self.collector.mark()
    }

    /// Sets the file of the findings since a mark that have none: reports may name it behind its findings.
    pub(in crate::formats::scans) fn place_since(&mut self, mark: (usize, usize), file: &str) {
        let Some(file) = self.shared(&path(file)).filter(|file| !file.is_empty()) else { return };
        for finding in self.collector.since(mark) {
            let place = finding.place.get_or_insert_with(|| Place { file: Untrusted::default(), line: None });
            if place.file.is_empty() {
                place.file = file.clone();
            }
        }
    }

    /// Sets the ecosystem of the packages since a mark that have none.
    pub(in crate::formats::scans) fn ecosystem_since(&mut self, mark: (usize, usize), ecosystem: &str) {
        let Some(ecosystem) = self.shared(&ecosystem.to_ascii_lowercase()) else { return };
        for package in self.collector.since(mark).filter_map(|finding| finding.package.as_mut()) {
            if package.ecosystem.is_empty() {
                package.ecosystem = ecosystem.clone();
            }
        }
    }

    /// Sets whether there is a fix for the findings since a mark.
    pub(in crate::formats::scans) fn fix_since(&mut self, mark: (usize, usize), fix: Option<bool>) {
        self.collector.since(mark).for_each(|finding| finding.traits.fix = fix);
    }

    /// Sets what the findings since a mark are about.
    pub(in crate::formats::scans) fn class_since(&mut self, mark: (usize, usize), class: ScanClass) {
        self.collector.since(mark).for_each(|finding| finding.class = class);
    }

    /// How many findings there are, active and suppressed.
    pub(in crate::formats::scans) fn count(&self) -> u64 {
        self.collector.count()
    }

    fn finish(self, context: &Context, cut_off: bool) -> Scan {
        let tool = Tool {
            name: self.tool.as_str().into(),
            version: self.version.as_str().into(),
            database: self.database.as_str().into(),
        };
        let health = if cut_off { Health::Invalid } else { self.health.health };
        self.collector.finish(
            context,
            tool,
            self.category.as_str().into(),
            health,
            self.health.reason,
            self.looked_for,
        )
    }

    fn shared(&mut self, text: &str) -> Option<Untrusted> {
        let number = self.strings.intern(text)?;
        Some(Untrusted::new(self.strings.get(number)))
    }

    /// `None` if there is no room for it.
    fn finding(&mut self, context: &Context, draft: &Draft, severity: Severity) -> Option<Finding> {
        if !context.keep_identities {
            return None;
        }
        let class = draft.class.unwrap_or(self.class);
        self.aliases += draft.aliases.len();
        let kept = if self.aliases > MOST_ALIASES { &[] } else { draft.aliases.as_slice() };
        let mut aliases = Vec::with_capacity(kept.len());
        for alias in kept {
            aliases.push(self.shared(alias)?);
        }
        aliases.sort();
        let file = path(&draft.file);
        // An empty file may still be filled in by `place_since`.
        let place = if file.is_empty() && draft.line == 0 {
            None
        } else {
            Some(Place { file: self.shared(&file)?, line: NonZeroU32::new(draft.line) })
        };
        let package = if draft.package.is_empty() {
            None
        } else {
            Some(Box::new(Package {
                ecosystem: self.shared(&draft.ecosystem.to_ascii_lowercase())?,
                name: self.shared(&draft.package)?,
                version: self.shared(&draft.version)?,
            }))
        };
        // A secret scanner's own reader has seen to it that its message is none.
        let is_told = class == ScanClass::Secret || !quotes_secrets(&draft.rule);
        let message = if is_told { context.cap(&draft.message).0 } else { "" };
        self.message_bytes += message.len();
        let message = if self.message_bytes > MOST_MESSAGE_BYTES { "" } else { message };
        Some(Finding {
            severity,
            severity_source: self.shared(&draft.source)?,
            class,
            rule: self.shared(&draft.rule)?,
            aliases: aliases.into(),
            message: Untrusted::new(message),
            place,
            package,
            suppression: draft.suppressed.as_ref().map(|(by, reason)| {
                Box::new(Suppression { by: (*by).to_owned(), reason: reason.as_str().into() })
            }),
            identities: identities(draft, class),
            line: FindingId::ABSENT,
            traits: draft.traits,
        })
    }
}

fn identities(draft: &Draft, class: ScanClass) -> [FindingId; 3] {
    if !draft.package.is_empty() {
        return of_advisory(&draft.package, &draft.rule, draft.aliases.iter().map(String::as_str));
    }
    let rule = &draft.rule;
    let quotes = quotes_secrets(rule);
    let message = if class == ScanClass::Secret || quotes { 0 } else { masked_hash(&draft.message) };
    let snippet = if quotes { 0 } else { draft.snippet };
    [identity(rule, draft.fingerprint), identity(rule, snippet), identity(rule, message.max(1))]
}

/// Reads a report that is one JSON value.
pub(in crate::formats::scans) fn read_scan(
    source: &mut Source<'_>,
    context: &mut Context,
    mut reading: Reading,
    read: impl FnOnce(&mut Json<'_, '_>, &mut Context, &mut Reading) -> Result<(), ParseError>,
) -> Result<Parsed, ParseError> {
    let mut json = Json::new(source);
    let result = read(&mut json, context, &mut reading).and_then(|()| json.finish(context));
    let left_out = reading.collector.not_kept().total();
    if left_out > 0 && context.keep_identities {
        let message = format!("{left_out} findings are only counted, not compared one by one");
        context.warn(Code::FindingsCut, Weight::Warning, message, json.position());
    }
    finish(result, context, reading)
}

/// The report, or the error with what was read before it.
pub(in crate::formats::scans) fn finish(
    result: Result<(), ParseError>,
    context: &mut Context,
    reading: Reading,
) -> Result<Parsed, ParseError> {
    if reading.not_understood > 0 {
        let message = format!(
            "{} entries cannot be understood; they count as of unknown severity",
            reading.not_understood
        );
        context.warn(Code::UnknownSeverity, Weight::Error, message, Position::default());
    }
    match result {
        Ok(()) => {
            let health = reading.health.health;
            Ok(Parsed { report: Report::Scan(vec![reading.finish(context, false)]), health })
        }
        Err(error) if reading.count() == 0 => Err(error),
        Err(error) => Err(error.with_partial(Report::Scan(vec![reading.finish(context, true)]))),
    }
}

/// Takes the list in which a tool names what went wrong. One that is no list hides that: it degrades the report.
pub(in crate::formats::scans) fn read_failures(
    json: &mut Json<'_, '_>,
    context: &mut Context,
    reading: &mut Reading,
    each: fn(&mut Json<'_, '_>, &mut Context, &mut Reading) -> Result<(), ParseError>,
) -> Result<(), ParseError> {
    if json.kind()? == JsonKind::Null {
        return json.skip();
    }
    if !json.array(|json| each(json, context, reading))? {
        let reason = "the list of what went wrong cannot be read";
        reading.health.worsen(context, json, Health::Degraded, Code::MissingField, reason);
    }
    Ok(())
}

/// Takes a string of at most [`SHORT`] bytes; empty if it is none.
pub(in crate::formats::scans) fn short(json: &mut Json<'_, '_>) -> Result<String, ParseError> {
    Ok(json.text_up_to(SHORT)?.map(|(text, _)| text.to_owned()).unwrap_or_default())
}

/// Takes a message of at most 1 KiB; empty if it is none.
pub(in crate::formats::scans) fn sentence(json: &mut Json<'_, '_>) -> Result<String, ParseError> {
    Ok(json.text_up_to(1024)?.map(|(text, _)| text.to_owned()).unwrap_or_default())
}

/// Takes a line number; 0 if it is none.
pub(in crate::formats::scans) fn line(json: &mut Json<'_, '_>) -> Result<u32, ParseError> {
    Ok(json.integer()?.and_then(|line| u32::try_from(line).ok()).unwrap_or(0))
}

/// Takes an array of strings, each of at most [`SHORT`] bytes, up to 32 of them.
pub(in crate::formats::scans) fn shorts(json: &mut Json<'_, '_>) -> Result<Vec<String>, ParseError> {
    let mut all: Vec<String> = Vec::new();
    json.array(|json| {
        let text = json.text_up_to(SHORT)?.map(|(text, _)| text.to_owned());
        all.extend(text.filter(|_| all.len() < 32));
        Ok(())
    })?;
    Ok(all)
}
