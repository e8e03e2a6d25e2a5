//! Packages and tests between their first event and their last.

use crate::formats::frames::frames;
use crate::formats::tests::run::{Case, RunBuilder};
use crate::formats::{Context, Position};
use crate::model::TestStatus;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// What is open.
#[derive(Debug)]
pub(super) struct State {
    packages: BTreeMap<String, Package>,
    /// Output of builds that have not failed yet, by import path.
    builds: BTreeMap<String, String>,
    /// Builds that failed and were counted.
    failed_builds: BTreeSet<String>,
    /// A plain line that says that something failed, outside of all events.
    plain_failure: Option<String>,
    open_tests: usize,
    /// Where a limit was met.
    pub(super) refused: Option<Position>,
    max_text: usize,
    /// How many bytes of output may still be kept for what is open.
    room: usize,
    /// How many bytes names of packages, builds and open tests may still take.
    names_room: usize,
}

#[derive(Debug, Default)]
struct Package {
    tests: BTreeMap<String, Test>,
    output: String,
    /// Failed and unfinished tests since its first event.
    bad: u64,
    ended: bool,
}

#[derive(Debug, Default)]
struct Test {
    output: String,
    text_left_out: bool,
}

impl State {
    /// How many tests may be open at once, and how many packages and builds there may be.
    pub(super) const MOST_OPEN: usize = 50_000;
    /// How many bytes of output are kept for all that is open.
    const ROOM: usize = 8 << 20;

    pub(super) fn new(context: &Context) -> Self {
        Self {
            packages: BTreeMap::new(),
            builds: BTreeMap::new(),
            failed_builds: BTreeSet::new(),
            plain_failure: None,
            open_tests: 0,
            refused: None,
            max_text: context.max_text,
            room: Self::ROOM,
            names_room: Self::ROOM,
        }
    }

    /// True if there is room for what an event names; else the file is refused at its end.
    pub(super) fn admits(&mut self, package: &str, build: &str, position: Position) -> bool {
        let new_package = !self.packages.contains_key(package);
        let new_build = !build.is_empty() && !self.builds.contains_key(build);
        let bytes = if new_package { package.len() } else { 0 } + if new_build { build.len() } else { 0 };
        let fits = bytes <= self.names_room
            && !(new_package && self.packages.len() >= Self::MOST_OPEN)
            && !(new_build && self.builds.len() + self.failed_builds.len() >= Self::MOST_OPEN);
        if fits {
            self.names_room -= bytes;
        } else {
            self.refused.get_or_insert(position);
        }
        fits
    }

    pub(super) fn begin_package(&mut self, package: &str) {
        self.package(package).ended = false;
    }

    pub(super) fn begin_test(&mut self, package: &str, test: &str, position: Position, run: &mut RunBuilder) {
        if self.open_tests >= Self::MOST_OPEN || test.len() > self.names_room {
            self.refused.get_or_insert(position);
            return;
        }
        self.names_room -= test.len();
        self.package(package).ended = false;
        if let Some(unfinished) = self.package(package).tests.insert(test.to_owned(), Test::default()) {
            // It began again without an end: the first time counts, too.
            self.close(package, test, unfinished, TestStatus::Errored, None, run);
        } else {
            self.open_tests += 1;
        }
    }

    pub(super) fn test_output(&mut self, package: &str, test: &str, output: &str) {
        const FRAME: &[&str] =
            &["=== RUN ", "=== PAUSE ", "=== CONT ", "=== NAME ", "--- PASS", "--- SKIP", "--- FAIL"];
        if FRAME.iter().any(|mark| output.trim_start().starts_with(mark)) {
            return;
        }
        let (room, max_text) = (self.room, self.max_text);
        let Some(test) = self.packages.get_mut(package).and_then(|package| package.tests.get_mut(test))
        else {
            return;
        };
        let before = test.output.len();
        append(&mut test.output, output, max_text.min(before + room));
        test.text_left_out |= test.output.is_empty();
        self.room -= test.output.len() - before;
    }

    pub(super) fn end_test(
        &mut self,
        package: &str,
        test: &str,
        status: TestStatus,
        duration: Option<Duration>,
        run: &mut RunBuilder,
    ) {
        // An end without a beginning is one all the same.
        let open = self.package(package).tests.remove(test);
        if open.is_some() {
            self.open_tests -= 1;
            self.names_room += test.len();
        }
        self.close(package, test, open.unwrap_or_default(), status, duration, run);
    }

    pub(super) fn package_output(&mut self, package: &str, output: &str) {
        let (room, max_text) = (self.room, self.max_text);
        let package = self.package(package);
        let before = package.output.len();
        append(&mut package.output, output, max_text.min(before + room));
        let more = package.output.len() - before;
        self.room -= more;
    }

    pub(super) fn end_package(
        &mut self,
        name: &str,
        status: TestStatus,
        failed_build: Option<&str>,
        run: &mut RunBuilder,
    ) {
        self.close_tests(name, run);
        let build_counted = failed_build.is_some_and(|build| self.failed_builds.contains(build));
        let package = self.package(name);
        let output = std::mem::take(&mut package.output);
        let bad = std::mem::take(&mut package.bad);
        package.ended = true;
        self.room += output.len();
        if status == TestStatus::Failed && bad == 0 && !build_counted {
            run.container_failure(&shown(name), output.trim());
        }
    }

    pub(super) fn build_output(&mut self, path: &str, output: &str) {
        let before = self.builds.get(path).map_or(0, String::len);
        let text = self.builds.entry(path.to_owned()).or_default();
        append(text, output, self.max_text.min(before + self.room));
        self.room -= text.len() - before;
    }

    pub(super) fn build_failed(&mut self, path: &str, run: &mut RunBuilder) {
        let output = self.builds.remove(path).unwrap_or_default();
        self.room += output.len();
        run.container_failure(&format!("build of {path}"), output.trim());
        self.failed_builds.insert(path.to_owned());
    }

    /// A line that is no event. Before Go 1.24 a package that does not build shows itself only so.
    pub(super) fn plain_line(&mut self, line: &str) {
        if line == "FAIL" || line.starts_with("FAIL\t") || line.starts_with("FAIL ") {
            let line = line.get(..line.floor_char_boundary(300)).unwrap_or(line);
            self.plain_failure.get_or_insert_with(|| line.to_owned());
        }
    }

    /// Ends what is open. Returns how many packages did not end.
    pub(super) fn finish(&mut self, run: &mut RunBuilder) -> usize {
        let open: Vec<String> = self
            .packages
            .iter()
            .filter(|(_, package)| !package.ended)
            .map(|(name, _)| name.clone())
            .collect();
        for name in &open {
            self.close_tests(name, run);
        }
        let explained = run.totals().bad() + run.totals().container_failures > 0;
        if let Some(line) = self.plain_failure.take().filter(|_| !explained) {
            run.container_failure("go test", &line);
        }
        open.len()
    }

    fn package(&mut self, name: &str) -> &mut Package {
        if !self.packages.contains_key(name) {
            self.packages.insert(name.to_owned(), Package::default());
        }
        self.packages.entry(name.to_owned()).or_default()
    }

    /// Ends the tests of a package that began and did not end.
    fn close_tests(&mut self, name: &str, run: &mut RunBuilder) {
        let tests = std::mem::take(&mut self.package(name).tests);
        self.open_tests -= tests.len();
        for (test, open) in tests {
            self.close(name, &test, open, TestStatus::Errored, None, run);
        }
    }

    fn close(
        &mut self,
        package: &str,
        test: &str,
        open: Test,
        status: TestStatus,
        duration: Option<Duration>,
        run: &mut RunBuilder,
    ) {
        self.room += open.output.len();
        self.package(package).bad += u64::from(status.is_bad());
        // Go names the file of a failure without its folder, which the package is.
        let frame = if status.is_bad() { frames(&open.output).into_iter().next() } else { None };
        let place = frame.map(|frame| match frame.file.contains('/') || package.is_empty() {
            true => (frame.file, frame.line),
            false => (format!("{package}/{}", frame.file), frame.line),
        });
        run.case(&Case {
            class: package,
            place: place.as_ref().map(|(file, line)| (file.as_str(), *line)),
            duration,
            // The time of a subtest is part of its parent's.
            nested: test.contains('/'),
            message: if status == TestStatus::Passed { "" } else { open.output.trim() },
            text_left_out: open.text_left_out,
            ..Case::new(test, status)
        });
    }
}

/// Appends as much as fits into `cap` bytes.
fn append(to: &mut String, text: &str, cap: usize) {
    let room = cap.saturating_sub(to.len());
    to.push_str(text.get(..text.floor_char_boundary(room)).unwrap_or_default());
}

fn shown(package: &str) -> String {
    if package.is_empty() { "the test binary".to_owned() } else { package.to_owned() }
}
