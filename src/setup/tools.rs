//! What the tools of a language are called.

use super::Row;
use crate::model::Kind;
use std::collections::BTreeMap;

/// Files at the root that say which language and which tools these are.
pub const MANIFESTS: [&str; 14] = [
    "Cargo.toml",
    ".config/nextest.toml",
    "pyproject.toml",
    "setup.py",
    "setup.cfg",
    "requirements.txt",
    "package.json",
    "go.mod",
    "pom.xml",
    "build.gradle",
    "build.gradle.kts",
    "Gemfile",
    "composer.json",
    "CMakeLists.txt",
];

/// A family of tools.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    Rust,
    Nextest,
    Python,
    Jest,
    Vitest,
    Node,
    Go,
    Maven,
    Gradle,
    Ruby,
    Php,
    Other,
}

fn family(manifests: &BTreeMap<String, String>) -> Family {
    let has = |name: &str| manifests.contains_key(name);
    let package = manifests.get("package.json").map_or("", String::as_str);
    match () {
        () if has(".config/nextest.toml") => Family::Nextest,
        () if has("Cargo.toml") => Family::Rust,
        () if has("go.mod") => Family::Go,
        () if has("pom.xml") => Family::Maven,
        () if has("build.gradle") || has("build.gradle.kts") => Family::Gradle,
        () if has("pyproject.toml") || has("setup.py") || has("setup.cfg") => Family::Python,
        () if package.contains("\"vitest\"") => Family::Vitest,
        () if package.contains("\"jest\"") => Family::Jest,
        () if has("package.json") => Family::Node,
        () if has("requirements.txt") => Family::Python,
        () if has("Gemfile") => Family::Ruby,
        () if has("composer.json") => Family::Php,
        () => Family::Other,
    }
}

/// A command that writes a report of the kind.
pub(super) fn command(kind: Kind, manifests: &BTreeMap<String, String>) -> &'static str {
    match (kind, family(manifests)) {
        (Kind::Tests, Family::Rust | Family::Nextest) => {
            "cargo nextest run --profile ci (junit.path in .config/nextest.toml)"
        }
        (Kind::Tests, Family::Python) => "python -m pytest --junit-xml=junit.xml",
        (Kind::Tests, Family::Jest) => "npx jest --json --outputFile=jest.json",
        (Kind::Tests, Family::Vitest) => "npx vitest run --reporter=junit --outputFile=junit.xml",
        (Kind::Tests, Family::Node) => {
            "node --test --test-reporter=junit --test-reporter-destination=junit.xml"
        }
        (Kind::Tests, Family::Go) => "go test -json ./... > go-test.json",
        (Kind::Tests, Family::Maven) => "mvn test (writes target/surefire-reports)",
        (Kind::Tests, Family::Gradle) => "./gradlew test (writes build/test-results)",
        (Kind::Tests, Family::Ruby) => "bundle exec rspec --format json --out rspec.json",
        (Kind::Tests, Family::Php) => "vendor/bin/phpunit --log-junit junit.xml",
        (Kind::Tests, Family::Other) => "your tests with a JUnit reporter, into junit.xml",
        (Kind::Coverage, Family::Rust | Family::Nextest) => "cargo llvm-cov --lcov --output-path lcov.info",
        (Kind::Coverage, Family::Python) => "python -m pytest --cov --cov-report=lcov",
        (Kind::Coverage, Family::Jest) => "npx jest --coverage",
        (Kind::Coverage, Family::Vitest) => "npx vitest run --coverage --coverage.reporter=lcov",
        (Kind::Coverage, Family::Node) => "npx c8 --reporter=lcov npm test",
        (Kind::Coverage, Family::Go) => "go test -coverprofile=cover.out ./...",
        (Kind::Coverage, Family::Maven) => "mvn test jacoco:report",
        (Kind::Coverage, Family::Gradle) => "./gradlew test jacocoTestReport",
        (Kind::Coverage, Family::Ruby) => "SimpleCov, with simplecov-lcov",
        (Kind::Coverage, Family::Php) => "vendor/bin/phpunit --coverage-clover clover.xml",
        (Kind::Coverage, Family::Other) => "your tests with coverage, as LCOV or Cobertura",
        (Kind::Scan, Family::Rust | Family::Nextest) => "cargo audit --json > cargo-audit.json",
        (Kind::Scan, Family::Python) => "pip-audit -f json -o pip-audit.json",
        (Kind::Scan, Family::Jest | Family::Vitest | Family::Node) => "npm audit --json > npm-audit.json",
        (Kind::Scan, Family::Go) => "govulncheck -format json ./... > govulncheck.json",
        (Kind::Scan, Family::Ruby) => "bundle-audit check --format json --output bundler-audit.json",
        (Kind::Scan, Family::Php) => "composer audit --format=json > composer-audit.json",
        (Kind::Scan, Family::Maven | Family::Gradle | Family::Other) => {
            "trivy fs --format json --output trivy.json ."
        }
    }
}

/// Commands that reproduce a failing test; none where nobody can say.
pub(super) fn reproduce(rows: &[Row], manifests: &BTreeMap<String, String>) -> Vec<(&'static str, String)> {
    if rows.iter().all(|row| row.group.kind != Kind::Tests) {
        return Vec::new();
    }
    let command = match family(manifests) {
        Family::Nextest => "cargo nextest run {name}",
        Family::Rust => "cargo test {name}",
        Family::Python => "python -m pytest -k {name}",
        Family::Jest => "npx jest -t {name}",
        Family::Vitest => "npx vitest run -t {name}",
        Family::Go => "go test -run {name} ./...",
        Family::Maven => "mvn test -Dtest={class}#{name}",
        Family::Gradle => "./gradlew test --tests {class}.{name}",
        Family::Node | Family::Ruby | Family::Php | Family::Other => return Vec::new(),
    };
    vec![("tests", command.to_owned())]
}
