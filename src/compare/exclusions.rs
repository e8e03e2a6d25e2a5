//! What a change may write to take code out of the coverage: markers in the code, and settings of the tools
//! (coverage.md G15). They are shown, never judged: there are good reasons for each.

use crate::model::RepoPath;
use memchr::memmem::{self, Finder};
use std::sync::LazyLock;

/// What is looked for in the lines of one file.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    language: Language,
    /// True for a file that holds settings of many tools.
    holds_settings: bool,
}

/// What a file is written in, as far as markers differ by it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Language {
    /// Prose: what it says of markers takes nothing out of the coverage.
    Prose,
    Go,
    Jvm,
    #[default]
    Other,
}

impl Watch {
    /// What is looked for in this file.
    pub fn of(path: &RepoPath) -> Self {
        let language = match path.extension().unwrap_or_default() {
            "md" | "rst" | "txt" | "adoc" => Language::Prose,
            "go" => Language::Go,
            "java" | "kt" | "kts" | "groovy" | "scala" => Language::Jvm,
            _ => Language::Other,
        };
        let name = path.file_name().to_ascii_lowercase();
        let project = [".csproj", ".fsproj", ".vbproj", ".gradle", ".gradle.kts"];
        let holds_settings = SHARED.contains(&name.as_str())
            || ["jest.config.", "vitest.config.", "vite.config.", "karma.conf."]
                .iter()
                .any(|start| name.starts_with(start))
            || project.iter().any(|end| name.ends_with(end))
            || path.as_str().starts_with(".github/workflows/");
        Self { language, holds_settings }
    }

    /// The marker in an added line of code that leaves code out of the coverage, in a word of ours.
    pub fn marker(&self, line: &[u8]) -> Option<&'static str> {
        if self.language == Language::Prose {
            return None;
        }
        let compact = compact(line);
        // Nearly all lines hold none of these, and every marker does.
        if !HINTS.iter().any(|hint| hint.find(&compact).is_some()) {
            return None;
        }
        match self.language {
            Language::Go if compact.starts_with(b"//go:build") || compact.starts_with(b"//+build") => {
                return Some("go:build");
            }
            Language::Jvm if has_generated(&compact) => return Some("@Generated"),
            Language::Prose | Language::Go | Language::Jvm | Language::Other => {}
        }
        let found = MARKERS.iter().find(|(text, _)| memmem::find(&compact, text.as_bytes()).is_some());
        found.map(|(_, word)| *word)
    }

    /// True for a line about the coverage in a file that holds settings of many tools.
    pub fn is_setting(&self, line: &[u8]) -> bool {
        if !self.holds_settings {
            return false;
        }
        let compact = compact(line);
        SETTING_WORDS.iter().any(|word| memmem::find(&compact, word).is_some())
    }

    /// True for a file that holds nothing but settings of a coverage tool.
    pub fn is_settings(path: &RepoPath) -> bool {
        let name = path.file_name().to_ascii_lowercase();
        SETTINGS.contains(&name.as_str())
            || name.starts_with(".nycrc")
            || name.starts_with(".c8rc")
            || name.starts_with("nyc.config.")
            || name.ends_with(".runsettings")
    }
}

/// The line in lower case and without white space: `#  pragma: NO cover` is one marker.
fn compact(line: &[u8]) -> Vec<u8> {
    line.iter().filter(|byte| !byte.is_ascii_whitespace()).map(u8::to_ascii_lowercase).collect()
}

/// JaCoCo leaves out what has an annotation whose name holds `Generated`.
fn has_generated(compact: &[u8]) -> bool {
    compact.split(|byte| *byte == b'@').skip(1).any(|annotation| {
        let end = annotation.iter().position(|byte| !byte.is_ascii_alphanumeric() && !b"._".contains(byte));
        let name = annotation.get(..end.unwrap_or(annotation.len())).unwrap_or_default();
        memmem::find(name, b"generated").is_some()
    })
}

static HINTS: LazyLock<[Finder<'static>; 7]> = LazyLock::new(|| {
    [b"cov".as_slice(), b"ignore", b"pragma", b"generated", b"tarpaulin", b"clover", b"build"]
        .map(Finder::new)
});

/// Markers in lower case without white space, and how they are called.
const MARKERS: &[(&str, &str)] = &[
    // coverage.py
    ("pragma:nocover", "pragma: no cover"),
    ("pragmanocover", "pragma: no cover"),
    ("pragma:nobranch", "pragma: no branch"),
    ("pragmanobranch", "pragma: no branch"),
    // istanbul, c8, vitest, node and deno
    ("istanbulignore", "istanbul ignore"),
    ("c8ignore", "c8 ignore"),
    ("v8ignore", "v8 ignore"),
    ("node:coverage", "node:coverage"),
    ("deno-coverage-ignore", "deno-coverage-ignore"),
    // lcov, gcovr and grcov
    ("lcov_excl_", "LCOV_EXCL"),
    ("lcov_unreachable", "LCOV_UNREACHABLE"),
    ("grcov_excl_", "GRCOV_EXCL"),
    ("grcov-excl-", "GRCOV_EXCL"),
    ("gcovr_excl_", "GCOVR_EXCL"),
    ("gcov_excl_", "GCOV_EXCL"),
    // Rust
    ("coverage(off)", "coverage(off)"),
    ("[no_coverage]", "no_coverage"),
    ("tarpaulin_include", "tarpaulin_include"),
    ("tarpaulin::skip", "tarpaulin::skip"),
    ("cfg(not(coverage", "cfg(not(coverage))"),
    // SimpleCov, PHPUnit, .NET, Clover, Scoverage, Dart, R, Elixir and Go
    (":nocov:", ":nocov:"),
    ("@codecoverageignore", "@codeCoverageIgnore"),
    ("excludefromcodecoverage", "ExcludeFromCodeCoverage"),
    ("clover:off", "CLOVER:OFF"),
    ("$coverage-off$", "$COVERAGE-OFF$"),
    ("coverage:ignore", "coverage:ignore"),
    ("#nocov", "nocov"),
    ("coveralls-ignore", "coveralls-ignore"),
    ("coverage-ignore", "coverage-ignore"),
];

const SETTINGS: &[&str] = &[
    ".coveragerc",
    ".coveragerc.toml",
    "codecov.yml",
    ".codecov.yml",
    "codecov.yaml",
    ".codecov.yaml",
    ".coveralls.yml",
    ".octocov.yml",
    ".testcoverage.yml",
    ".lcovrc",
    "lcovrc",
    "gcovr.cfg",
    "gcovr.toml",
    ".simplecov",
    ".tarpaulin.toml",
    "tarpaulin.toml",
    "scoverage.conf",
    "coverlet.runsettings",
    "coverage.config",
    "dotcover.xml",
    "phpunit.xml",
    "phpunit.xml.dist",
    "phpunit.dist.xml",
];

const SHARED: &[&str] = &[
    "pyproject.toml",
    "setup.cfg",
    "tox.ini",
    "noxfile.py",
    "package.json",
    "deno.json",
    "deno.jsonc",
    "pom.xml",
    "build.sbt",
    "cargo.toml",
    "config.toml",
    "makefile",
    "cmakelists.txt",
    "directory.build.props",
    "sonar-project.properties",
    "mix.exs",
    "rakefile",
    "spec_helper.rb",
    "test_helper.rb",
];

const SETTING_WORDS: &[&[u8]] = &[
    b"coverage",
    b"--cov",
    b"lcov",
    b"gcov",
    b"llvm-cov",
    b"jacoco",
    b"kover",
    b"istanbul",
    b"nyc",
    b"c8",
    b"coverlet",
    b"tarpaulin",
    b"simplecov",
    b"omit",
    b"exclude_lines",
    b"exclude_also",
    b"add_filter",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> RepoPath {
        RepoPath::new(text).unwrap()
    }

    #[test]
    fn markers_are_found_however_they_are_spaced_and_written() {
        for (file, line, word) in [
            ("a.py", "def f():  # pragma: no cover", "pragma: no cover"),
            ("a.py", "if x:  #PRAGMA:NO COVER", "pragma: no cover"),
            ("a.js", "/* istanbul ignore next: reason */", "istanbul ignore"),
            ("a.ts", "/* c8 ignore start */", "c8 ignore"),
            ("a.ts", "/* v8 ignore next 3 */", "v8 ignore"),
            ("a.cpp", "  abort(); // LCOV_EXCL_LINE", "LCOV_EXCL"),
            ("a.cpp", "// GCOVR_EXCL_START", "GCOVR_EXCL"),
            ("a.rs", "#[cfg_attr(coverage_nightly, coverage(off))]", "coverage(off)"),
            ("a.rb", "# :nocov:", ":nocov:"),
            ("a.php", " * @codeCoverageIgnore", "@codeCoverageIgnore"),
            ("a.cs", "[ExcludeFromCodeCoverage]", "ExcludeFromCodeCoverage"),
            ("A.java", "  @lombok.Generated", "@Generated"),
            ("a.scala", "// $COVERAGE-OFF$", "$COVERAGE-OFF$"),
            ("a.dart", "// coverage:ignore-line", "coverage:ignore"),
            ("a.go", "//go:build !coverage", "go:build"),
        ] {
            assert_eq!(Watch::of(&path(file)).marker(line.as_bytes()), Some(word), "{line}");
        }
    }

    #[test]
    fn plain_code_and_documents_have_no_marker() {
        for (file, line) in [
            ("a.py", "recover(build(ignored))"),
            ("README.md", "write `# pragma: no cover`"),
            ("a.js", "// @generated by a tool"),
            ("a.go", "fmt.Println(\"//go:build\")"),
        ] {
            assert_eq!(Watch::of(&path(file)).marker(line.as_bytes()), None, "{line}");
        }
    }

    #[test]
    fn settings_are_whole_files_or_lines_about_the_coverage() {
        for file in [".coveragerc", "web/.nycrc.json", "codecov.yml", "a/Ci.runsettings"] {
            assert!(Watch::is_settings(&path(file)), "{file}");
        }
        assert!(!Watch::is_settings(&path("src/coverage.rs")));
        assert!(Watch::of(&path("pyproject.toml")).is_setting(b"omit = [\"src/*\"]"));
        assert!(Watch::of(&path("web/package.json")).is_setting(b"  \"test\": \"c8 node\""));
        assert!(!Watch::of(&path("pyproject.toml")).is_setting(b"name = \"x\""));
        assert!(!Watch::of(&path("src/a.py")).is_setting(b"omit = 1"));
    }
}
