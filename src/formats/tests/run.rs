//! Cases in, a bounded [`TestRun`] out: what every format of test results builds its report with.

use super::identities::{Hasher, Identities};
use super::neighbours::{LastPlace, Neighbour};
use super::places::Places;
use super::repeats::Repeats;
use super::values;
use crate::diagnostic::{Code, Weight};
use crate::formats::{Context, ParseError, Parsed, Position, Report};
use crate::model::{
    ContainerFailure, Health, Place, TestCase, TestId, TestRun, TestStatus, TestTotals, Untrusted,
};
use std::borrow::Cow;
use std::hash::Hasher as _;
use std::num::NonZeroU32;
use std::time::Duration;

/// One case as a parser found it, borrowed from its buffers. Texts may be of any length.
#[derive(Clone, Copy, Debug)]
pub(super) struct Case<'c> {
    /// Names of the containers, outermost first, joined by ` > `.
    pub(super) suite: &'c str,
    /// Class or module.
    pub(super) class: &'c str,
    /// The case's own name.
    pub(super) name: &'c str,
    /// The test's file as the report names it.
    pub(super) file: &'c str,
    /// How it ended.
    pub(super) status: TestStatus,
    /// True if an attempt failed and a later one passed.
    pub(super) flaky: bool,
    /// Time of the case.
    pub(super) duration: Option<Duration>,
    /// True if its time is part of another case's.
    pub(super) nested: bool,
    /// Where it failed: file, and line (0: unknown).
    pub(super) place: Option<(&'c str, u32)>,
    /// What the report says of it.
    pub(super) message: &'c str,
    /// True if the report says more, and the parser did not read it for want of room.
    pub(super) text_left_out: bool,
    /// The expected value, where the format gives it.
    pub(super) expected: Option<&'c str>,
    /// The value that came instead, where the format gives it.
    pub(super) got: Option<&'c str>,
    /// True if the parser knows that suite, class and files are those of the case before. Where it does not, they are
    /// compared.
    pub(super) is_neighbour: bool,
}

impl<'c> Case<'c> {
    /// A case with a name and a status, and nothing else.
    pub(super) const fn new(name: &'c str, status: TestStatus) -> Self {
        Self {
            suite: "",
            class: "",
            name,
            file: "",
            status,
            flaky: false,
            duration: None,
            nested: false,
            place: None,
            message: "",
            text_left_out: false,
            expected: None,
            got: None,
            is_neighbour: false,
        }
    }
}

impl Case<'_> {
    /// Its time, unless it is part of another case's.
    pub(super) fn counted_time(&self) -> Option<Duration> {
        self.duration.filter(|_| !self.nested)
    }

    /// True if it ran and its time is missing.
    pub(super) fn is_untimed(&self) -> bool {
        self.status != TestStatus::Skipped && self.duration.is_none() && !self.nested
    }
}

/// What stands between the names of containers.
pub(super) const SEPARATOR: &str = " > ";

/// Counts every case and keeps what the caps of the [`Context`] allow.
#[derive(Debug)]
pub(super) struct RunBuilder {
    totals: TestTotals,
    duration: Option<Duration>,
    untimed: u64,
    /// Kept cases but the skipped ones.
    cases: Vec<TestCase>,
    skipped: Vec<TestCase>,
    /// Which of the skipped ones hold a text.
    skipped_texts: Vec<usize>,
    /// How many kept cases hold a text.
    texts: usize,
    /// Bytes that kept cases may still take beside their texts.
    room: usize,
    containers: Vec<ContainerFailure>,
    passed: Identities,
    keep_identities: bool,
    hasher: Hasher,
    neighbour: LastPlace,
    /// `None` if nobody asks which cases the report holds several times.
    repeats: Option<Repeats>,
    /// `None` if nobody asks for counts by place.
    places: Option<Places>,
    max_text: usize,
    max_kept: usize,
    not_kept: u64,
    without_text: u64,
    text_cut: u64,
}

impl RunBuilder {
    /// The longest name, class, suite path or file name that is kept whole, in bytes.
    pub(super) const LONGEST_NAME: usize = 2 * 1024;
    /// The longest expected or actual value that is kept, in bytes.
    pub(super) const LONGEST_VALUE: usize = 512;
    /// How many bytes the kept cases may take beside their texts.
    const ROOM: usize = 6 << 20;

    /// An empty run with the caps of `context`.
    pub(super) fn new(context: &Context) -> Self {
        Self {
            totals: TestTotals::default(),
            duration: None,
            untimed: 0,
            cases: Vec::new(),
            skipped: Vec::new(),
            skipped_texts: Vec::new(),
            texts: 0,
            room: Self::ROOM,
            containers: Vec::new(),
            passed: Identities::new(),
            keep_identities: context.keep_passed,
            hasher: Hasher::new(),
            neighbour: LastPlace::default(),
            repeats: context.keep_repeats.then(Repeats::default),
            places: context.keep_places.then(Places::default),
            max_text: context.max_text,
            max_kept: context.max_kept,
            not_kept: 0,
            without_text: 0,
            text_cut: 0,
        }
    }

    /// What was counted so far.
    pub(super) const fn totals(&self) -> &TestTotals {
        &self.totals
    }

    /// False once no text of a case will be kept any more: a parser need not read it.
    pub(super) const fn has_room_for_text(&self) -> bool {
        self.texts < self.max_kept || !self.skipped_texts.is_empty()
    }

    /// Counts a case, and keeps it if it did not simply pass.
    pub(super) fn case(&mut self, case: &Case<'_>) {
        let flaky = case.flaky && case.status == TestStatus::Passed;
        self.totals.count(case.status, flaky);
        if let Some(time) = case.counted_time() {
            self.duration = Some(self.duration.unwrap_or_default().saturating_add(time));
        }
        self.untimed += u64::from(case.is_untimed());
        let passed = case.status == TestStatus::Passed;
        let is_identified = self.keep_identities || self.repeats.is_some();
        if is_identified || self.places.is_some() {
            let neighbour = self.neighbour.step_to(case);
            if let Some(places) = &mut self.places {
                places.count(case, flaky, neighbour);
            }
            if is_identified {
                self.identify(case, passed, neighbour);
            }
        }
        if !passed || flaky {
            self.keep(case, flaky);
        }
    }

    /// Takes note of the case's identity, where somebody asks for it.
    fn identify(&mut self, case: &Case<'_>, passed: bool, neighbour: Neighbour) {
        let whole = [case.suite, case.class, case.name, case.file];
        if whole.iter().all(|part| part.len() <= Self::LONGEST_NAME) {
            self.identify_by(whole, passed, neighbour);
        } else {
            let shortened = whole.map(short);
            self.identify_by(shortened.each_ref().map(|part| &**part), passed, neighbour);
        }
    }

    fn identify_by(&mut self, parts: [&str; 4], passed: bool, neighbour: Neighbour) {
        let hash = self.hasher.hash(parts, neighbour);
        if let Some(repeats) = &mut self.repeats {
            repeats.add(hash, passed);
        }
        if self.keep_identities && passed {
            self.passed.add(hash, parts);
        }
    }

    /// Counts a failure of a container, and keeps it up to the cap.
    pub(super) fn container_failure(&mut self, container: &str, message: &str) {
        self.totals.container_failures += 1;
        if self.containers.len() >= self.max_kept {
            self.not_kept += 1;
            return;
        }
        let message = self.cap(message);
        self.containers.push(ContainerFailure { container: Untrusted::new(short(container)), message });
    }

    /// What a parser gives back: the run with its health, or the error with what was read before it.
    pub(super) fn conclude(
        self,
        read: Result<Health, ParseError>,
        context: &mut Context,
    ) -> Result<Parsed, ParseError> {
        let nothing = self.totals.tests + self.totals.container_failures == 0;
        let no_case = self.totals.tests == 0;
        let run = self.finish(context);
        let mut health = match read {
            Ok(health) => health,
            Err(error) if nothing => return Err(error),
            // A failure that was seen before the end still fails.
            Err(error) => return Err(error.with_partial(Report::Tests(run))),
        };
        if context.warned(Code::BadEncoding) || run.totals.unknown > 0 {
            // A name or a message is not what it was; or it may have failed.
            health = health.and(Health::Degraded);
        }
        if no_case {
            health = health.and(Health::Empty);
            let message = "the report holds no test case";
            context.warn(Code::EmptyReport, Weight::Error, message, Position::default());
        }
        Ok(Parsed { report: Report::Tests(run), health })
    }

    /// The run, sorted. Says in `context` what the caps cut.
    fn finish(mut self, context: &mut Context) -> TestRun {
        if self.text_cut > 0 {
            let message =
                format!("texts longer than {} bytes were cut in {} cases", self.max_text, self.text_cut);
            context.warn(Code::TextCut, Weight::Note, message, Position::default());
        }
        self.not_kept += self.passed.lost;
        if self.not_kept > 0 || self.without_text > 0 {
            let message = format!(
                "{} cases are listed without their text and {} are counted only",
                self.without_text, self.not_kept
            );
            context.warn(Code::CasesCut, Weight::Note, message, Position::default());
        }
        let mut cases = self.cases;
        if let Some(repeats) = &self.repeats {
            if repeats.is_overflown() && self.totals.bad() > 0 {
                let message = format!(
                    "the report holds more than {} cases, so each failing one counts by itself, whatever `retries` says",
                    Repeats::MOST
                );
                context.warn(Code::CasesCut, Weight::Note, message, Position::default());
            }
            repeats.tell(&mut cases);
        }
        cases.append(&mut self.skipped);
        cases.sort_unstable();
        self.containers.sort_unstable();
        TestRun {
            totals: self.totals,
            cases,
            passed: self.passed.finish(),
            containers: self.containers,
            duration: self.duration,
            untimed: self.untimed,
            not_kept: self.not_kept,
            groups: self.places.map(Places::finish).unwrap_or_default(),
        }
    }

    /// Keeps a case: whole while there is room for texts, without its text while there is room for names, else
    /// it is only counted. Skipped cases make room for the others.
    fn keep(&mut self, case: &Case<'_>, flaky: bool) {
        let matters = case.status != TestStatus::Skipped;
        let id = id_of(case);
        let place = place_of(case);
        let cost = cost_of(&id, place.as_ref());
        while self.room < cost {
            let Some(skipped) = self.skipped.pop_if(|_| matters) else {
                self.not_kept += 1;
                return;
            };
            self.room += cost_of(&skipped.id, skipped.place.as_ref());
            self.not_kept += 1;
        }
        self.room -= cost;
        let has_text =
            case.text_left_out || !case.message.is_empty() || case.expected.is_some() || case.got.is_some();
        let whole = has_text && !case.text_left_out && self.take_text_slot(matters);
        let told = values_of(case).filter(|_| whole);
        let kept = TestCase {
            id,
            status: case.status,
            flaky,
            duration: case.duration,
            place,
            message: if whole { self.cap(case.message) } else { Untrusted::default() },
            expected: told.and_then(|(expected, _)| expected.map(value)),
            got: told.and_then(|(_, got)| got.map(value)),
            repeated: None,
        };
        self.without_text += u64::from(has_text && !whole);
        if matters {
            self.cases.push(kept);
        } else {
            if whole {
                self.skipped_texts.push(self.skipped.len());
            }
            self.skipped.push(kept);
        }
    }

    /// Takes one of the places for texts; a case that matters takes it from a skipped one if it must.
    fn take_text_slot(&mut self, matters: bool) -> bool {
        if self.texts < self.max_kept {
            self.texts += 1;
            return true;
        }
        while let Some(index) = self.skipped_texts.pop_if(|_| matters) {
            if let Some(skipped) = self.skipped.get_mut(index) {
                skipped.message = Untrusted::default();
                skipped.expected = None;
                skipped.got = None;
                self.without_text += 1;
                return true;
            }
            // That case is gone, and its text with it.
            self.texts -= 1;
            if self.texts < self.max_kept {
                self.texts += 1;
                return true;
            }
        }
        false
    }

    fn cap(&mut self, text: &str) -> Untrusted {
        let text = &*without_colours(text);
        let cut = start_of(text, self.max_text);
        self.text_cut += u64::from(cut.len() < text.len());
        Untrusted::new(cut)
    }
}

fn id_of(case: &Case<'_>) -> TestId {
    let part = |text| Untrusted::new(short(text));
    TestId { suite: part(case.suite), class: part(case.class), name: part(case.name), file: part(case.file) }
}

fn place_of(case: &Case<'_>) -> Option<Place> {
    let (file, line) = case.place.filter(|(file, _)| !file.is_empty())?;
    Some(Place { file: Untrusted::new(short(file)), line: NonZeroU32::new(line) })
}

/// Expected and actual value: from the format, else from the message of a failure.
fn values_of<'c>(case: &Case<'c>) -> Option<(Option<&'c str>, Option<&'c str>)> {
    if case.expected.is_some() || case.got.is_some() {
        return Some((case.expected, case.got));
    }
    let found = values::in_message(case.message).filter(|_| case.status.is_bad())?;
    Some((Some(found.expected), Some(found.got)))
}

fn value(text: &str) -> Untrusted {
    Untrusted::new(start_of(text, RunBuilder::LONGEST_VALUE))
}

/// About what a kept case takes beside its text, in bytes.
fn cost_of(id: &TestId, place: Option<&Place>) -> usize {
    let names = [&id.suite, &id.class, &id.name, &id.file].into_iter().chain(place.map(|place| &place.file));
    size_of::<TestCase>() + names.map(|name| name.raw().len()).sum::<usize>()
}

/// A name of bearable length. Of a longer one the beginning is kept, and a hash of the whole so that two names
/// that differ stay two.
pub(super) fn short(name: &str) -> Cow<'_, str> {
    if name.len() <= RunBuilder::LONGEST_NAME {
        return Cow::Borrowed(name);
    }
    let mut hasher = TestId::hasher_behind("", "");
    TestId::hash_rest(&mut hasher, name, "");
    let hash = hasher.finish();
    Cow::Owned(format!("{}\u{2026}#{hash:016x}", start_of(name, RunBuilder::LONGEST_NAME / 2)))
}

/// The text without the colour codes of terminals. In XML their escape character was replaced.
fn without_colours(text: &str) -> Cow<'_, str> {
    const ESCAPES: [&str; 2] = ["\u{1b}[", "\u{fffd}["];
    if !ESCAPES.iter().any(|escape| text.contains(escape)) {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    loop {
        let next = ESCAPES.iter().filter_map(|escape| rest.find(escape).map(|at| (at, escape.len()))).min();
        let Some((at, length)) = next else { break };
        let (before, behind) = rest.split_at_checked(at).unwrap_or((rest, ""));
        clean.push_str(before);
        let code = behind.get(length..).unwrap_or_default();
        let end = code.bytes().position(|byte| !matches!(byte, b'0'..=b'9' | b';')).unwrap_or(code.len());
        let is_code = code.get(end..).is_some_and(|behind| behind.starts_with(['m', 'K']));
        let taken = if is_code { length + end + 1 } else { length };
        clean.push_str(if is_code { "" } else { behind.get(..length).unwrap_or_default() });
        rest = behind.get(taken..).unwrap_or_default();
    }
    clean.push_str(rest);
    Cow::Owned(clean)
}

/// The beginning of a text, cut on a character's border.
fn start_of(text: &str, most: usize) -> &str {
    text.get(..text.floor_char_boundary(most)).unwrap_or_default()
}
