//! The same vulnerability of the same package, reported by several tools, is one finding (security.md d11).
//!
//! Findings in source are never taken for one another: two tools that complain about one line may mean two things.

use crate::model::{Finding, ScanClass, Severity, Tool};
use std::collections::{BTreeMap, HashMap};

/// A finding, and the tool that reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reported<'e> {
    /// The finding.
    pub finding: &'e Finding,
    /// Who says so.
    pub tool: &'e Tool,
}

/// What counts as one finding: all that tools say of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CountedFinding<'e> {
    /// The report with the worst severity, which decides.
    pub main: Reported<'e>,
    /// What other tools say of the same vulnerability, by tool.
    pub others: Vec<Reported<'e>>,
}

impl<'e> CountedFinding<'e> {
    /// The severity that decides: the worst that a tool states.
    pub fn severity(&self) -> Severity {
        self.main.finding.severity
    }

    /// All reports, the deciding one first.
    pub fn reports(&self) -> impl Iterator<Item = Reported<'e>> {
        std::iter::once(self.main).chain(self.others.iter().copied())
    }

    /// What the reports say of a trait together: `true` if one says so, `false` if somebody denies it and nobody
    /// says so, `None` if nobody says anything.
    pub fn says(&self, of: impl Fn(&Finding) -> Option<bool>) -> Option<bool> {
        let said: Vec<bool> = self.reports().filter_map(|reported| of(reported.finding)).collect();
        (!said.is_empty()).then(|| said.contains(&true))
    }

    /// The ids of the vulnerability (or of the rule) over all reports, each once.
    pub fn ids(&self) -> Vec<&'e str> {
        let mut ids: Vec<&str> = self.reports().flat_map(|reported| ids_of(reported.finding)).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }
}

/// Brings findings to what counts as one, worst first. The order of the input does not matter.
///
/// A tool that reports a vulnerability at several places has counted several; with other tools beside it there
/// are as many as the one that reports most of them has. Of these, the n-th is as bad as the worst n-th one.
pub fn count_once<'e>(reported: impl IntoIterator<Item = Reported<'e>>) -> Vec<CountedFinding<'e>> {
    let mut all: Vec<Reported<'e>> = reported.into_iter().collect();
    all.sort_unstable();
    let groups = groups(&all);
    let mut by_group: BTreeMap<usize, BTreeMap<&Tool, Vec<Reported<'e>>>> = BTreeMap::new();
    let mut counted = Vec::with_capacity(all.len());
    for (reported, group) in all.into_iter().zip(groups) {
        match group {
            Some(group) => {
                by_group.entry(group).or_default().entry(reported.tool).or_default().push(reported);
            }
            None => counted.push(CountedFinding { main: reported, others: Vec::new() }),
        }
    }
    for tools in by_group.into_values() {
        // One tool in two versions is one tool.
        let mut by_name: BTreeMap<&str, Vec<Reported<'e>>> = BTreeMap::new();
        for (tool, findings) in tools {
            by_name.entry(tool.name.raw()).or_default().extend(findings);
        }
        by_name.values_mut().for_each(|findings| findings.sort_unstable());
        let most = by_name.values().map(Vec::len).max().unwrap_or(0);
        for index in 0..most {
            let mut nth: Vec<Reported<'e>> =
                by_name.values().filter_map(|findings| findings.get(index).copied()).collect();
            nth.sort_by_key(|reported| reported.finding.severity);
            let mut nth = nth.into_iter();
            counted.extend(nth.next().map(|main| CountedFinding { main, others: nth.collect() }));
        }
    }
    counted.sort_unstable();
    counted
}

/// For each finding the number of its vulnerability, the same for all that report the same one; `None` for what
/// is no vulnerability of a package.
pub(super) fn groups(all: &[Reported<'_>]) -> Vec<Option<usize>> {
    let mut parents: Vec<usize> = (0..all.len()).collect();
    let mut by_key: HashMap<(String, &str, String), usize> = HashMap::new();
    let mut of_any_ecosystem: HashMap<(&str, String), usize> = HashMap::new();
    let vulnerabilities: Vec<Option<Vulnerability<'_>>> =
        all.iter().map(|reported| Vulnerability::of(reported.finding)).collect();
    // Those with an ecosystem first: one without is the same as the first of them, whatever the order of files.
    for known in [true, false] {
        for (index, vulnerability) in vulnerabilities.iter().enumerate() {
            let Some(vulnerability) = vulnerability.as_ref().filter(|it| it.ecosystem.is_empty() != known)
            else {
                continue;
            };
            for id in &vulnerability.ids {
                let package = vulnerability.package.clone();
                let first = if known {
                    *by_key.entry((package.clone(), vulnerability.ecosystem, id.clone())).or_insert(index)
                } else {
                    index
                };
                union(&mut parents, index, first);
                let any = ("", format!("{package}\u{1}{id}"));
                let first = *of_any_ecosystem.entry(any).or_insert(index);
                if !known {
                    union(&mut parents, index, first);
                }
            }
        }
    }
    let number = |(index, vulnerability): (usize, &Option<Vulnerability<'_>>)| {
        vulnerability.as_ref().map(|_| root(&parents, index))
    };
    vulnerabilities.iter().enumerate().map(number).collect()
}

fn root(parents: &[usize], mut index: usize) -> usize {
    while let Some(&parent) = parents.get(index).filter(|parent| **parent != index) {
        index = parent;
    }
    index
}

/// The smaller root becomes the root of both, so that paths stay short where ids repeat.
fn union(parents: &mut [usize], left: usize, right: usize) {
    let (left, right) = (root(parents, left), root(parents, right));
    let (low, high) = (left.min(right), left.max(right));
    if let Some(parent) = parents.get_mut(high) {
        *parent = low;
    }
}

/// What a vulnerability is known by.
struct Vulnerability<'e> {
    ecosystem: &'e str,
    package: String,
    ids: Vec<String>,
}

impl<'e> Vulnerability<'e> {
    fn of(finding: &'e Finding) -> Option<Self> {
        let package = finding.package.as_deref()?;
        if !matches!(finding.class, ScanClass::Dependency | ScanClass::Container) {
            return None;
        }
        let ids: Vec<String> =
            ids_of(finding).filter(|id| !id.is_empty()).map(str::to_ascii_uppercase).collect();
        let ecosystem = ecosystem(package.ecosystem.raw());
        (!ids.is_empty()).then(|| Self {
            ecosystem,
            package: package_name(package.name.raw(), ecosystem),
            ids,
        })
    }
}

fn ids_of(finding: &Finding) -> impl Iterator<Item = &str> {
    std::iter::once(&finding.rule).chain(&*finding.aliases).map(|id| id.raw())
}

/// One word for what tools call an ecosystem differently; empty where the word only says how it is packed.
pub fn ecosystem(word: &str) -> &str {
    const WORDS: &[(&str, &[&str])] = &[
        ("npm", &["npm", "node-pkg", "yarn", "pnpm", "bun", "javascript", "node"]),
        ("cargo", &["cargo", "crates.io", "rust", "rust-crate", "rustbinary", "rust-binary"]),
        ("pypi", &["pypi", "pip", "pipenv", "poetry", "uv", "python", "python-pkg"]),
        ("go", &["go", "golang", "gomod", "gomodules", "go-module", "gobinary"]),
        ("maven", &["maven", "gradle", "sbt", "jar", "pom", "java", "java-archive"]),
        ("rubygems", &["rubygems", "bundler", "gem", "gemspec", "ruby"]),
        ("packagist", &["packagist", "composer", "php-composer", "php"]),
        ("nuget", &["nuget", "dotnet", "dotnet-core", "dotnet-deps"]),
        ("", &["deb", "rpm", "apk", "os-pkgs", "binary", "unknown"]),
    ];
    let word = word.split(':').next().unwrap_or(word);
    let known = WORDS.iter().find(|(_, words)| words.iter().any(|known| known.eq_ignore_ascii_case(word)));
    known.map_or(word, |(ours, _)| ours)
}

/// The name that tools agree on: pip's names differ in case and dashes, and of Maven's some leave out the group.
pub fn package_name(name: &str, ecosystem: &str) -> String {
    let name = name.to_ascii_lowercase();
    match ecosystem {
        "pypi" => name.replace(['_', '.'], "-"),
        "maven" => name.rsplit([':', '/']).next().unwrap_or(&name).to_owned(),
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Package;
    use crate::rules::sample::finding;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn tool(name: &str) -> Tool {
        Tool { name: name.into(), version: "1".into(), ..Tool::default() }
    }

    fn advisory(ids: &[&str], package: (&str, &str), severity: Severity) -> Finding {
        let mut finding = finding(ids[0], severity);
        finding.class = ScanClass::Dependency;
        finding.aliases = ids.iter().skip(1).map(|id| (*id).into()).collect();
        let package = Package { ecosystem: package.0.into(), name: package.1.into(), version: "1.0".into() };
        finding.package = Some(Box::new(package));
        finding
    }

    fn counted(reported: &[(&Tool, &Finding)]) -> Vec<(Severity, Vec<String>)> {
        let reported = reported.iter().map(|(tool, finding)| Reported { finding, tool });
        let name = |reported: Reported<'_>| reported.tool.name.raw().to_owned();
        count_once(reported).iter().map(|it| (it.severity(), it.reports().map(name).collect())).collect()
    }

    #[test]
    fn one_vulnerability_of_several_tools_counts_once_and_the_worst_severity_decides() {
        let (trivy, grype, osv) = (tool("trivy"), tool("grype"), tool("osv"));
        let by_trivy = advisory(&["CVE-1"], ("cargo", "time"), Severity::Medium);
        let by_grype = advisory(&["GHSA-1", "CVE-1"], ("rust-crate", "time"), Severity::High);
        let by_osv = advisory(&["RUSTSEC-1", "GHSA-1"], ("crates.io", "time"), Severity::Unknown);
        let wanted = vec![(Severity::High, vec!["grype".to_owned(), "trivy".to_owned(), "osv".to_owned()])];
        assert_eq!(counted(&[(&trivy, &by_trivy), (&grype, &by_grype), (&osv, &by_osv)]), wanted);
        assert_eq!(counted(&[(&osv, &by_osv), (&grype, &by_grype), (&trivy, &by_trivy)]), wanted);
    }

    #[test]
    fn another_package_or_ecosystem_is_another_finding() {
        let (trivy, grype) = (tool("trivy"), tool("grype"));
        let first = advisory(&["CVE-1"], ("npm", "protobuf"), Severity::Low);
        for other in [("npm", "protobufjs"), ("pypi", "protobuf")] {
            let second = advisory(&["CVE-1"], other, Severity::Low);
            assert_eq!(counted(&[(&trivy, &first), (&grype, &second)]).len(), 2, "{other:?}");
        }
        let unnamed = advisory(&["CVE-1"], ("", "protobuf"), Severity::Low);
        assert_eq!(counted(&[(&trivy, &first), (&grype, &unnamed)]).len(), 1);
    }

    #[test]
    fn names_that_tools_write_differently_are_one() {
        let (trivy, grype) = (tool("trivy"), tool("grype"));
        for (left, right) in [
            (("pip", "Ruamel_Yaml"), ("PyPI", "ruamel.yaml")),
            (("jar", "org.acme:core"), ("java-archive", "core")),
            (("gomod", "example.com/m"), ("go-module", "example.com/m")),
        ] {
            let (first, second) =
                (advisory(&["CVE-1"], left, Severity::Low), advisory(&["CVE-1"], right, Severity::Low));
            assert_eq!(counted(&[(&trivy, &first), (&grype, &second)]).len(), 1, "{left:?}");
        }
    }

    #[test]
    fn places_of_one_tool_stay_as_many_as_it_reports() {
        let (trivy, grype) = (tool("trivy"), tool("grype"));
        let mut second = advisory(&["CVE-1"], ("npm", "a"), Severity::High);
        second.place = None;
        let first = advisory(&["CVE-1"], ("npm", "a"), Severity::Low);
        let other = advisory(&["CVE-1"], ("npm", "a"), Severity::Medium);
        assert_eq!(
            counted(&[(&trivy, &first), (&trivy, &second), (&grype, &other)]),
            [
                (Severity::High, vec!["trivy".to_owned(), "grype".to_owned()]),
                (Severity::Low, vec!["trivy".to_owned()])
            ]
        );
    }

    #[test]
    fn findings_in_source_are_never_merged() {
        let (left, right) = (tool("semgrep"), tool("codeql"));
        let finding = finding("sqli", Severity::High);
        assert_eq!(counted(&[(&left, &finding), (&right, &finding)]).len(), 2);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_no_order_matters(
            found in prop::collection::vec((0..3_usize, 0..4_usize, 0..4_usize, 0..3_usize, 0..6_usize), 0..12),
            seed in any::<u64>(),
        ) {
            let tools = [tool("a"), tool("b"), tool("c")];
            let ids = ["CVE-1", "GHSA-1", "CVE-2", "RUSTSEC-1"];
            let packages = [("npm", "p"), ("", "p"), ("cargo", "p")];
            let findings: Vec<(usize, Finding)> = found
                .iter()
                .map(|&(tool, id, alias, package, severity)| {
                    (tool, advisory(&[ids[id], ids[alias]], packages[package], Severity::ALL[severity]))
                })
                .collect();
            let mut reported: Vec<(&Tool, &Finding)> =
                findings.iter().map(|(tool, finding)| (&tools[*tool], finding)).collect();
            let first = counted(&reported);
            let all: usize = first.iter().map(|(_, tools)| tools.len()).sum();
            prop_assert_eq!(all, reported.len());
            let most = tools.iter().map(|tool| reported.iter().filter(|(its, _)| *its == tool).count()).max();
            prop_assert!(first.len() >= most.unwrap_or(0));
            for (_, tools) in &first {
                prop_assert_eq!(tools.iter().collect::<BTreeSet<_>>().len(), tools.len(), "one tool twice");
            }
            let length = reported.len().max(1);
            reported.rotate_left(usize::try_from(seed % length as u64).unwrap());
            prop_assert_eq!(counted(&reported), first);
        }
    }
}
