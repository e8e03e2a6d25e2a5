//! Whether the change leaves the dependencies as they are: then an advisory about one of them is not from it
//! (people.md 3.1 no. 10). The proof is git's: no file that decides about dependencies is touched.

use super::{BaseSide, Occasion};
use crate::model::{Diff, DiffState, FileChange, Finding, NotCounted, RepoPath, ScanClass, Untrusted};
use std::collections::BTreeSet;

/// What the change touches, as far as dependencies go.
#[derive(Debug)]
pub(crate) struct Dependencies<'e> {
    side: &'e BaseSide<'e>,
    diff: &'e Diff,
    /// The ecosystems whose files it touches.
    touched: BTreeSet<&'static str>,
    /// True if it touches what could decide about dependencies of any ecosystem.
    any: bool,
    /// True if it touches what runs before a scanner and may install something.
    builds: bool,
}

impl<'e> Dependencies<'e> {
    /// `None` where no change is judged, or nobody knows what it touches.
    pub(crate) fn of(base: &'e BaseSide<'e>, occasion: Occasion, diff: &'e DiffState) -> Option<Self> {
        let diff = diff.known().filter(|_| occasion == Occasion::Change)?;
        let mut all = Self {
            side: base,
            diff,
            touched: BTreeSet::new(),
            any: diff.unreadable_paths > 0,
            builds: false,
        };
        for (path, file) in &diff.files {
            for path in [Some(path), file.old_path.as_ref()].into_iter().flatten() {
                let is_module = file.change == FileChange::NotText && path.extension().is_none();
                all.touch(decides(path.as_str()), is_module);
            }
        }
        Some(all)
    }

    /// Notes a touched file. A submodule brings a whole tree of files that the diff does not show.
    fn touch(&mut self, decides: Option<Decides>, is_module: bool) {
        match decides {
            Some(Decides::Of(ecosystem)) => {
                self.touched.insert(ecosystem);
            }
            Some(Decides::ByBuilding) => self.builds = true,
            Some(Decides::OfAny) => self.any = true,
            None => self.any |= is_module,
        }
    }

    /// The proof that an advisory is not from the change; `None` if there is none.
    pub(crate) fn ambient(&self, rule: &'static str, finding: &Finding) -> Option<NotCounted> {
        let package = finding.package.as_ref()?;
        let place = finding.place.as_ref().map(|place| RepoPath::new(place.file.raw()));
        let file = match place {
            Some(Ok(path)) if self.diff.files.contains_key(&path) => return None,
            Some(Ok(path)) => match decides(path.as_str()) {
                Some(Decides::Of(ecosystem)) => Some(ecosystem),
                Some(Decides::OfAny | Decides::ByBuilding) | None => None,
            },
            Some(Err(_)) | None => None,
        };
        let is_known = file.is_some();
        let ecosystem = file.or_else(|| family(package.ecosystem.raw()));
        let ecosystem = match (finding.class, ecosystem) {
            (ScanClass::Dependency, Some(ecosystem)) => ecosystem,
            (ScanClass::Dependency | ScanClass::Container, _) if self.touched.is_empty() => "",
            _ => return None,
        };
        let is_touched = self.any || self.touched.contains(ecosystem) || (self.builds && !is_known);
        (!is_touched).then(|| {
            let gap = if ecosystem.is_empty() { "" } else { " " };
            let branch = self.side.branch();
            NotCounted {
                rules: vec![rule],
                what: Untrusted::new(
                    format!("{} in {} {}", finding.rule.raw(), package.name.raw(), package.version.raw())
                        .trim_end(),
                ),
                cause: "ambient-advisory",
                proof: Untrusted::new(format!(
                    "the change leaves every {ecosystem}{gap}dependency as it is on {branch}"
                )),
            }
        })
    }
}

/// About what a file decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Decides {
    /// About the dependencies of one ecosystem: a manifest or a lockfile.
    Of(&'static str),
    /// About some that its name does not tell.
    OfAny,
    /// About what a build installs.
    ByBuilding,
}

/// Files by ecosystem, in lower case; a star stands for any text.
const FILES: &[(&str, &[&str])] = &[
    ("cargo", &["cargo.toml", "cargo.lock"]),
    (
        "npm",
        &[
            "package.json",
            "package-lock.json",
            "npm-shrinkwrap.json",
            "yarn.lock",
            ".yarnrc*",
            ".npmrc",
            "pnpm-*.yaml",
            ".pnpmfile*",
            "bun.lock*",
            "deno.json*",
            "deno.lock",
            "lerna.json",
        ],
    ),
    (
        "pypi",
        &[
            "*requirements*",
            "*constraints*",
            "pyproject.toml",
            "poetry.lock",
            "pipfile*",
            "uv.lock",
            "pdm.lock",
            "pylock*",
            "setup.py",
            "setup.cfg",
            "environment*.yml",
            "environment*.yaml",
            "conda*",
            "pixi.*",
            "*.whl",
        ],
    ),
    ("go", &["go.mod", "go.sum", "go.work*", "gopkg.*", "glide.*"]),
    (
        "maven",
        &[
            "pom.xml",
            "*.pom",
            "*.gradle",
            "*.gradle.kts",
            "gradle.properties",
            "gradle.lockfile",
            "*.versions.toml",
            "build.sbt",
            "ivy.xml",
            "*.jar",
            "*.war",
            "*.aar",
            "maven_install.json",
            "deps.edn",
            "project.clj",
        ],
    ),
    (
        "nuget",
        &[
            "*.csproj",
            "*.fsproj",
            "*.vbproj",
            "packages.lock.json",
            "packages.config",
            "directory.*.props",
            "directory.*.targets",
            "nuget.config",
            "paket.*",
            "project.assets.json",
            "*.deps.json",
            "*.nupkg",
            "*.dll",
        ],
    ),
    ("rubygems", &["gemfile*", "gems.rb", "gems.locked", "*.gemspec", "*.gem"]),
    ("packagist", &["composer.json", "composer.lock"]),
    ("hex", &["mix.exs", "mix.lock", "rebar.*"]),
    ("pub", &["pubspec.yaml", "pubspec.lock", "pubspec_overrides.yaml"]),
    ("swift", &["package.swift", "package.resolved", "podfile*", "*.podspec", "cartfile*"]),
];

/// Files that decide about dependencies of ecosystems that their names do not tell.
const ANY: &[&str] = &[
    "*lock*",
    "*depend*",
    "*deps*",
    "*packages*",
    "*versions*",
    "*third_party*",
    "*third-party*",
    "vcpkg*",
    "conan*",
    "*.nix",
    "workspace",
    "workspace.bazel",
    "module.bazel",
    ".gitmodules",
    "stack.yaml",
    "*.cabal",
    "cpanfile*",
    "rockspec",
    "*.rockspec",
    "renv*",
    "description",
    "project.toml",
    "manifest.toml",
];

/// Folders of foreign code: what lies in them is a dependency.
const FOLDERS: &[&str] =
    &["vendor", "vendored", "node_modules", "third_party", "third-party", "external", "bower_components"];

/// Files that run before a scanner and may install something.
const BUILDS: &[&str] = &[
    "dockerfile*",
    "*.dockerfile",
    "containerfile*",
    "makefile*",
    "*.mk",
    "justfile",
    "*.sh",
    "*.ps1",
    "*.bat",
    "tox.ini",
    "noxfile.py",
    "jenkinsfile*",
    ".gitlab-ci*",
    "azure-pipelines*",
    "taskfile*",
    "rakefile",
    "magefile*",
    "earthfile",
    "build.rs",
    "docker-compose*",
    "compose*.y*ml",
];

fn decides(path: &str) -> Option<Decides> {
    let path = path.to_lowercase();
    let name = path.rsplit('/').next().unwrap_or(&path);
    let fits = |patterns: &[&str]| patterns.iter().any(|pattern| is_like(pattern, name));
    if let Some((ecosystem, _)) = FILES.iter().find(|(_, patterns)| fits(patterns)) {
        return Some(Decides::Of(ecosystem));
    }
    let mut folders = path.split('/');
    folders.next_back();
    if fits(ANY) || folders.clone().any(|folder| FOLDERS.contains(&folder)) {
        return Some(Decides::OfAny);
    }
    let is_ci = folders.next() == Some(".github") || path.starts_with(".circleci/");
    (is_ci || fits(BUILDS)).then_some(Decides::ByBuilding)
}

/// True if the whole name is like the pattern.
fn is_like(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = name.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// The ecosystem of a package, as scanners call it.
fn family(ecosystem: &str) -> Option<&'static str> {
    Some(match ecosystem.to_lowercase().as_str() {
        "cargo" | "crates.io" | "crates" | "rust" | "rust-crate" | "rustbinary" => "cargo",
        "npm" | "yarn" | "pnpm" | "javascript" | "node-pkg" | "nodejs" => "npm",
        "pypi" | "pip" | "python" | "python-pkg" | "poetry" | "pipenv" | "uv" => "pypi",
        "go" | "golang" | "gomod" | "gobinary" | "go-module" => "go",
        "maven" | "java" | "java-archive" | "gradle" | "pom" | "jar" | "sbt" => "maven",
        "nuget" | "dotnet" | "dotnet-core" => "nuget",
        "rubygems" | "gem" | "bundler" | "ruby" | "gemspec" => "rubygems",
        "packagist" | "composer" | "php" | "php-composer" => "packagist",
        "hex" | "mix" | "elixir" | "erlang" => "hex",
        "pub" | "dart" => "pub",
        "swift" | "cocoapods" | "swifturl" => "swift",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::Occasion::{Absolute, Change};
    use crate::model::{DiffFile, FindingId, LineMarks, LineRanges, Package, Place, Severity, Traits};

    fn diff(paths: &[&str]) -> DiffState {
        let file = |path: &&str| {
            let change = DiffFile {
                change: FileChange::Modified,
                old_path: None,
                added: LineRanges::default(),
                removed: LineRanges::default(),
                marks: LineMarks::default(),
            };
            (RepoPath::new(path).unwrap(), change)
        };
        DiffState::Known(Diff { files: paths.iter().map(file).collect(), ..Diff::default() })
    }

    fn advisory(ecosystem: &str, place: &str) -> Finding {
        let package =
            Package { ecosystem: ecosystem.into(), name: "left-pad".into(), version: "1.0.0".into() };
        Finding {
            severity: Severity::High,
            severity_source: Untrusted::default(),
            class: ScanClass::Dependency,
            rule: "GHSA-0000-0000-0000".into(),
            aliases: Box::default(),
            message: Untrusted::default(),
            place: (!place.is_empty()).then(|| Place { file: place.into(), line: None }),
            package: Some(Box::new(package)),
            suppression: None,
            identities: [FindingId::ABSENT; 3],
            line: FindingId::ABSENT,
            traits: Traits::default(),
        }
    }

    fn is_ambient(paths: &[&str], finding: &Finding) -> bool {
        let (side, diff) = (BaseSide::default(), diff(paths));
        Dependencies::of(&side, Change, &diff).unwrap().ambient("scan.new", finding).is_some()
    }

    #[test]
    fn an_advisory_about_untouched_dependencies_is_ambient_and_says_how_we_know() {
        let side = BaseSide { name: "main".into(), ..BaseSide::default() };
        let diff = diff(&["src/lib.rs", "README.md"]);
        let excused = Dependencies::of(&side, Change, &diff)
            .unwrap()
            .ambient("scan.new", &advisory("npm", "web/package-lock.json"))
            .unwrap();
        assert_eq!(excused.what.raw(), "GHSA-0000-0000-0000 in left-pad 1.0.0");
        assert_eq!(excused.proof.raw(), "the change leaves every npm dependency as it is on main");
    }

    #[test]
    fn a_touched_manifest_or_lockfile_of_the_ecosystem_makes_it_the_changes() {
        let finding = advisory("npm", "web/package-lock.json");
        for path in [
            "web/package-lock.json",
            "web/package.json",
            "package.json",
            "web/.npmrc",
            "Cargo.lock.patch",
            "vendor/x/a.js",
        ] {
            assert!(!is_ambient(&[path], &finding), "{path}");
        }
        for path in ["Cargo.lock", "api/go.mod", "web/src/index.js", "Makefile", ".github/workflows/ci.yml"] {
            assert!(is_ambient(&[path], &finding), "{path}");
        }
    }

    #[test]
    fn without_a_lockfile_that_the_report_names_a_build_could_have_installed_it() {
        assert!(is_ambient(&["src/a.py"], &advisory("pypi", "")));
        for path in
            ["Makefile", "ci/install.sh", "tox.ini", ".github/workflows/ci.yml", "requirements-dev.txt"]
        {
            assert!(!is_ambient(&[path], &advisory("pypi", "")), "{path}");
        }
        // An ecosystem that nobody knows: any dependency could be it.
        assert!(!is_ambient(&["Cargo.lock"], &advisory("conan", "")));
        assert!(is_ambient(&["src/a.c"], &advisory("conan", "")));
    }

    #[test]
    fn only_advisories_about_dependencies_of_a_change_are_ambient() {
        let finding = advisory("npm", "package-lock.json");
        for class in [ScanClass::Source, ScanClass::Secret, ScanClass::Infrastructure] {
            assert!(!is_ambient(&["README.md"], &Finding { class, ..finding.clone() }), "{class:?}");
        }
        assert!(!is_ambient(&["README.md"], &Finding { package: None, ..finding.clone() }));
        assert!(!is_ambient(
            &["lib"],
            &Finding { place: Some(Place { file: "lib".into(), line: None }), ..finding.clone() }
        ));
        let (side, known) = (BaseSide::default(), diff(&[]));
        assert!(Dependencies::of(&side, Absolute, &known).is_none());
        assert!(Dependencies::of(&side, Change, &DiffState::NoBase).is_none());
    }

    #[test]
    fn a_submodule_or_a_path_that_cannot_be_read_could_be_any_dependency() {
        let finding = advisory("npm", "package-lock.json");
        let side = BaseSide::default();
        let DiffState::Known(mut known) = diff(&["lib/module"]) else { unreachable!() };
        known.files.values_mut().for_each(|file| file.change = FileChange::NotText);
        let submodule = DiffState::Known(known);
        assert!(Dependencies::of(&side, Change, &submodule).unwrap().ambient("r", &finding).is_none());
        let unreadable = DiffState::Known(Diff { unreadable_paths: 1, ..Diff::default() });
        assert!(Dependencies::of(&side, Change, &unreadable).unwrap().ambient("r", &finding).is_none());
    }
}
