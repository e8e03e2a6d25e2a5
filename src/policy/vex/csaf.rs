//! CSAF: what is stated of products, by the vulnerability.

use super::{Document, Stated, list, package, required, text};
use crate::rules::{VexPackage, VexStatement};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// CSAF 2.0, category `csaf_vex` and others with a product status.
pub(super) fn csaf(root: &Value, mut read: Document) -> Result<Vec<VexStatement>, String> {
    let document = root.get("document").unwrap_or(&Value::Null);
    let author = document.get("publisher").map_or("", |publisher| text(publisher, "name"));
    let stated = document.get("tracking").map_or("", |tracking| text(tracking, "current_release_date"));
    let tree = root.get("product_tree").unwrap_or(&Value::Null);
    let (products, groups) = (csaf_products(tree), csaf_groups(tree));
    for vulnerability in required(root, "vulnerabilities")? {
        let mut ids: Vec<String> =
            list(vulnerability, "ids").iter().map(|id| text(id, "text").to_owned()).collect();
        ids.push(text(vulnerability, "cve").to_owned());
        let Some(status) = vulnerability.get("product_status") else { continue };
        let reasons = CsafReasons::new(vulnerability, &groups);
        for (bucket, word) in [
            ("known_not_affected", "not_affected"),
            ("fixed", "fixed"),
            ("first_fixed", "fixed"),
            ("known_affected", "affected"),
            ("first_affected", "affected"),
            ("last_affected", "affected"),
            ("under_investigation", "under_investigation"),
        ] {
            let named: BTreeSet<&str> = list(status, bucket).iter().filter_map(Value::as_str).collect();
            // Each product has reasons of its own.
            let mut packages: BTreeMap<Option<&str>, Vec<VexPackage>> = BTreeMap::new();
            for (id, package) in named.into_iter().filter_map(|id| Some((id, products.get(id)?))) {
                packages.entry(reasons.of(id)).or_default().push(package.clone());
            }
            for (why, packages) in packages {
                let ids = ids.clone();
                read.take(Stated { ids, packages, status: word, why, stated, author })?;
            }
        }
    }
    Ok(read.statements)
}

/// Id of a product → the groups that it is in.
fn csaf_groups(tree: &Value) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut groups: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for group in list(tree, "product_groups") {
        let Some(id) = group.get("group_id").and_then(Value::as_str) else { continue };
        for product in list(group, "product_ids").iter().filter_map(Value::as_str) {
            groups.entry(product).or_default().insert(id);
        }
    }
    groups
}

/// Why a vulnerability does not affect its products: a flag, or else a threat of the category `impact`, that names the
/// product or a group with it, or neither products nor groups (CSAF 2.0, 3.2.3.5 and 3.2.3.14).
struct CsafReasons<'v> {
    groups: &'v BTreeMap<&'v str, BTreeSet<&'v str>>,
    flags: CsafEntries<'v>,
    impacts: CsafEntries<'v>,
}

/// The entries of one list, by what they name; of several about the same the first counts.
#[derive(Default)]
struct CsafEntries<'v> {
    words: Vec<&'v str>,
    for_all: Option<usize>,
    by_product: BTreeMap<&'v str, usize>,
    by_group: BTreeMap<&'v str, usize>,
}

impl<'v> CsafReasons<'v> {
    fn new(vulnerability: &'v Value, groups: &'v BTreeMap<&'v str, BTreeSet<&'v str>>) -> Self {
        let flags = list(vulnerability, "flags").iter();
        let impacts = list(vulnerability, "threats").iter();
        Self {
            groups,
            flags: CsafEntries::new(flags, "label"),
            impacts: CsafEntries::new(impacts.filter(|it| text(it, "category") == "impact"), "details"),
        }
    }

    fn of(&self, product: &str) -> Option<&'v str> {
        let of = |entries: &CsafEntries<'v>| entries.of(product, self.groups.get(product));
        of(&self.flags).or_else(|| of(&self.impacts)).filter(|why| !why.is_empty())
    }
}

impl<'v> CsafEntries<'v> {
    fn new(entries: impl Iterator<Item = &'v Value>, word: &str) -> Self {
        let mut all = Self::default();
        for (at, entry) in entries.enumerate() {
            all.words.push(text(entry, word));
            if entry.get("product_ids").or_else(|| entry.get("group_ids")).is_none() {
                all.for_all.get_or_insert(at);
            }
            for (key, named) in [("product_ids", &mut all.by_product), ("group_ids", &mut all.by_group)] {
                for id in list(entry, key).iter().filter_map(Value::as_str) {
                    named.entry(id).or_insert(at);
                }
            }
        }
        all
    }

    /// The word of the first entry about a product in these groups. A product may be in many groups, and a
    /// vulnerability may name many: the fewer are gone through.
    fn of(&self, product: &str, groups: Option<&BTreeSet<&str>>) -> Option<&'v str> {
        let of_groups = groups.and_then(|groups| {
            if groups.len() < self.by_group.len() {
                groups.iter().filter_map(|group| self.by_group.get(group)).min()
            } else {
                self.by_group.iter().filter(|(group, _)| groups.contains(*group)).map(|(_, at)| at).min()
            }
        });
        let of_product = self.by_product.get(product);
        let first = [self.for_all.as_ref(), of_product, of_groups].into_iter().flatten().min()?;
        self.words.get(*first).copied()
    }
}

/// Id of a product → its package. A relationship (a component within a product) is its component.
fn csaf_products(tree: &Value) -> BTreeMap<String, VexPackage> {
    let mut products = BTreeMap::new();
    let mut open: Vec<&Value> = vec![tree];
    while let Some(value) = open.pop() {
        open.extend(list(value, "branches"));
        let own = value.get("product").into_iter().chain(list(value, "full_product_names"));
        for product in own {
            let helper = product.get("product_identification_helper");
            if let Some(package) = helper.and_then(|helper| package(text(helper, "purl"))) {
                products.insert(text(product, "product_id").to_owned(), package);
            }
        }
    }
    for relationship in list(tree, "relationships") {
        let whole = relationship.get("full_product_name").map_or("", |whole| text(whole, "product_id"));
        if let Some(component) = products.get(text(relationship, "product_reference")).cloned() {
            products.insert(whole.to_owned(), component);
        }
    }
    products
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::super::tests::read;

    #[test]
    fn csaf_is_read_by_its_product_status() {
        let text = r#"{"document": {"category": "csaf_vex", "publisher": {"name": "A"}, "tracking": {"current_release_date": "2026-01-01T00:00:00Z"}},
            "product_tree": {"branches": [{"branches": [{"product": {"product_id": "P", "product_identification_helper": {"purl": "pkg:maven/org.acme/core@1.2"}}}]}],
                "relationships": [{"product_reference": "P", "full_product_name": {"product_id": "APP:P"}}]},
            "vulnerabilities": [{"cve": "CVE-1", "flags": [{"label": "vulnerable_code_not_present"}], "product_status": {"known_not_affected": ["APP:P", "other"], "known_affected": ["P"]}},
                {"cve": "CVE-2", "product_status": {"known_not_affected": ["P"]}}, {"cve": "CVE-3", "product_status": {"fixed": ["P"]}}]}"#;
        let package = "maven/org.acme/core@1.2".to_owned();
        assert_eq!(
            read(text),
            [
                (
                    "CVE-1".to_owned(),
                    package.clone(),
                    Some("not_affected: vulnerable_code_not_present".to_owned())
                ),
                ("CVE-1".to_owned(), package.clone(), None),
                ("CVE-3".to_owned(), package, Some("fixed".to_owned())),
            ]
        );
    }

    #[test]
    fn a_reason_of_csaf_is_one_for_its_own_products_only() {
        let product = |id: &str| {
            format!(
                r#"{{"product_id": "{id}", "product_identification_helper": {{"purl": "pkg:npm/{id}@1"}}}}"#
            )
        };
        let products: Vec<String> = ["a", "b", "c", "d"].into_iter().map(product).collect();
        let read_with = |reasons: &str| {
            let text = format!(
                r#"{{"document": {{"category": "csaf_vex"}}, "product_tree": {{"full_product_names": [{}],
                    "product_groups": [{{"group_id": "g", "product_ids": ["c"]}}]}},
                    "vulnerabilities": [{{"cve": "CVE-1", {reasons}, "product_status": {{"known_not_affected": ["a", "b", "c", "d"]}}}}]}}"#,
                products.join(", ")
            );
            let hidden = read(&text).into_iter();
            hidden.map(|(_, packages, why)| (packages, why.unwrap())).collect::<Vec<_>>()
        };
        let hidden = read_with(
            r#""flags": [{"label": "component_not_present", "product_ids": ["a"]}, {"label": "inline_mitigations_already_exist", "group_ids": ["g"]}],
                "threats": [{"category": "impact", "details": "never called", "product_ids": ["d"]}, {"category": "exploit_status", "details": "none", "product_ids": ["b"]}]"#,
        );
        let expected = [
            ("npm/a@1", "not_affected: component_not_present"),
            ("npm/c@1", "not_affected: inline_mitigations_already_exist"),
            ("npm/d@1", "not_affected: never called"),
        ];
        assert_eq!(hidden, expected.map(|(package, why)| (package.to_owned(), why.to_owned())));
        // One without products is for all; one whose products cannot be read is for none.
        let all = ("npm/a@1 npm/b@1 npm/c@1 npm/d@1".to_owned(), "not_affected: x".to_owned());
        assert_eq!(read_with(r#""flags": [{"label": "x"}]"#), [all]);
        assert!(read_with(r#""flags": [{"label": "x", "product_ids": "a"}]"#).is_empty());
    }

    #[test]
    fn a_document_of_many_products_groups_and_reasons_is_read_in_one_pass() {
        const MANY: usize = 20_000;
        let ids: Vec<String> = (0..MANY).map(|n| format!("\"p{n}\"")).collect();
        let products: Vec<String> = (0..MANY)
            .map(|n| {
                format!(
                    r#"{{"product_id": "p{n}", "product_identification_helper": {{"purl": "pkg:npm/p{n}"}}}}"#
                )
            })
            .collect();
        let flags = r#"{"label": "x", "group_ids": ["g"]}, "#.repeat(MANY);
        let text = format!(
            r#"{{"document": {{"category": "csaf_vex"}}, "product_tree": {{"full_product_names": [{}],
                "product_groups": [{{"group_id": "g", "product_ids": [{}]}}]}},
                "vulnerabilities": [{{"cve": "CVE-1", "flags": [{flags} {{"label": "y"}}], "product_status": {{"known_not_affected": [{}]}}}}]}}"#,
            products.join(", "),
            ids.join(", "),
            ids.join(", "),
        );
        let statements = parse(text.as_bytes(), "vex.json", &[]).unwrap();
        assert_eq!((statements.len(), statements[0].packages.len()), (1, MANY));
        assert_eq!(statements[0].hides.as_deref(), Some("not_affected: x"));
        // Beside what others have stated it is too much.
        let others = vec![statements[0].clone(); 12];
        let refused = parse(text.as_bytes(), "vex.json", &others).unwrap_err();
        assert!(refused.contains("more than 250000 pairs"), "{refused}");
    }
}
