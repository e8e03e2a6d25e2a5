//! VEX documents: OpenVEX, CSAF and CycloneDX (security.md b9).
//!
//! Only what is stated plainly hides anything: a statement without a package, without the justification that its
//! format asks for, or of a status that we do not know, hides nothing.

mod csaf;

use crate::diagnostic::Origin;
use crate::rules::{VexPackage, VexStatement};
use csaf::csaf;
use serde_json::Value;
use std::collections::BTreeMap;

/// The most pairs of a vulnerability's id and a package of which all documents of a policy state something.
const MOST_STATED: usize = 250_000;

/// The longest id, in bytes; a longer one is the id of nothing.
const LONGEST_ID: usize = 200;

/// The longest package URL, in bytes; a longer one names no package.
const LONGEST_PURL: usize = 1_000;

/// Reads a document of any of the formats, beside what others have stated.
///
/// # Errors
/// Says why the document is none, or that all together state more than is kept.
pub(super) fn parse(bytes: &[u8], file: &str, others: &[VexStatement]) -> Result<Vec<VexStatement>, String> {
    let root: Value =
        serde_json::from_slice(bytes).map_err(|error| format!("the VEX document is no JSON: {error}"))?;
    let stated = others.iter().map(|other| other.ids.len().saturating_mul(other.packages.len())).sum();
    let document = Document { origin: Origin::file(file), stated, statements: Vec::new() };
    let is = |key: &str, word: &str| text(&root, key).contains(word);
    if is("@context", "openvex") {
        open_vex(&root, document)
    } else if is("bomFormat", "CycloneDX") {
        cyclonedx(&root, document)
    } else if root.get("document").is_some_and(|document| text(document, "category").starts_with("csaf")) {
        csaf(&root, document)
    } else {
        Err("the file is no VEX document: Tollgate reads OpenVEX, CSAF and CycloneDX".to_owned())
    }
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A list that the format requires.
fn required<'v>(value: &'v Value, key: &str) -> Result<&'v [Value], String> {
    let found = value.get(key).and_then(Value::as_array);
    found.map(Vec::as_slice).ok_or_else(|| format!("the VEX document has no list of `{key}`"))
}

/// A list of texts; what is no text is left out, since it names nothing.
fn texts(value: &Value, key: &str) -> Vec<String> {
    list(value, key).iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// OpenVEX 0.2 and older (with bare texts for products and vulnerabilities).
fn open_vex(root: &Value, mut read: Document) -> Result<Vec<VexStatement>, String> {
    let (author, of_document) = (text(root, "author"), text(root, "timestamp"));
    for statement in required(root, "statements")? {
        let ids = match statement.get("vulnerability") {
            Some(Value::String(id)) => vec![id.clone()],
            Some(vulnerability) => {
                let mut ids = texts(vulnerability, "aliases");
                ids.push(text(vulnerability, "name").to_owned());
                ids
            }
            None => Vec::new(),
        };
        let packages = list(statement, "products").iter().flat_map(open_vex_packages).collect();
        let of_statement = [text(statement, "last_updated"), text(statement, "timestamp")];
        let stated = of_statement.into_iter().find(|time| !time.is_empty()).unwrap_or(of_document);
        let why = [text(statement, "justification"), text(statement, "impact_statement")];
        let why = why.into_iter().find(|why| !why.is_empty());
        let status = text(statement, "status");
        read.take(Stated { ids, packages, status, why, stated, author })?;
    }
    Ok(read.statements)
}

/// A product's own package or, where it has subcomponents, theirs: the product is what is released.
fn open_vex_packages(product: &Value) -> Vec<VexPackage> {
    let purl = |value: &Value| {
        let of_identifiers = value.get("identifiers").map(|identifiers| text(identifiers, "purl"));
        let of_id = value.as_str().unwrap_or_else(|| text(value, "@id"));
        let all = [of_identifiers.unwrap_or_default(), of_id];
        all.into_iter().find_map(package)
    };
    match list(product, "subcomponents") {
        [] => purl(product).into_iter().collect(),
        parts => parts.iter().filter_map(purl).collect(),
    }
}

/// CycloneDX with the analysis of each vulnerability.
fn cyclonedx(root: &Value, mut read: Document) -> Result<Vec<VexStatement>, String> {
    let metadata = root.get("metadata").unwrap_or(&Value::Null);
    let (author, stated) = (cyclonedx_author(metadata), text(metadata, "timestamp"));
    let mut components = BTreeMap::new();
    let mut open: Vec<&Value> = list(root, "components").iter().collect();
    while let Some(component) = open.pop() {
        open.extend(list(component, "components"));
        if let Some(package) = package(text(component, "purl")) {
            components.insert(text(component, "bom-ref"), package);
        }
    }
    for vulnerability in required(root, "vulnerabilities")? {
        let analysis = vulnerability.get("analysis").unwrap_or(&Value::Null);
        let status = match text(analysis, "state") {
            "not_affected" | "false_positive" => "not_affected",
            "resolved" | "resolved_with_pedigree" => "fixed",
            "in_triage" => "under_investigation",
            _ => "affected",
        };
        let why = [text(analysis, "justification"), text(analysis, "detail"), text(analysis, "state")];
        let why = why.into_iter().find(|why| !why.is_empty());
        let mut ids: Vec<String> =
            list(vulnerability, "references").iter().map(|other| text(other, "id").to_owned()).collect();
        ids.push(text(vulnerability, "id").to_owned());
        let references = list(vulnerability, "affects").iter().map(|affected| text(affected, "ref"));
        let packages = references
            .filter_map(|reference| {
                // A reference may be the package itself, or point into a bill of materials elsewhere.
                let inside = reference.find("pkg:").and_then(|at| reference.get(at..));
                components.get(reference).cloned().or_else(|| package(inside?))
            })
            .collect();
        read.take(Stated { ids, packages, status, why, stated, author: &author })?;
    }
    Ok(read.statements)
}

fn cyclonedx_author(metadata: &Value) -> String {
    let of_list = list(metadata, "authors").first().map(|author| text(author, "name"));
    let supplier = metadata.get("supplier").map(|supplier| text(supplier, "name"));
    of_list.or(supplier).unwrap_or_default().to_owned()
}

fn package(purl: &str) -> Option<VexPackage> {
    VexPackage::of_purl(purl).filter(|_| purl.len() <= LONGEST_PURL)
}

/// What has been read of a document.
struct Document {
    origin: Origin,
    /// Pairs of a vulnerability's id and a package, with those of other documents.
    stated: usize,
    statements: Vec<VexStatement>,
}

impl Document {
    fn take(&mut self, stated: Stated<'_>) -> Result<(), String> {
        let Some(statement) = stated.into_statement(&self.origin) else { return Ok(()) };
        let more = statement.ids.len().saturating_mul(statement.packages.len());
        self.stated = self.stated.saturating_add(more);
        self.statements.push(statement);
        if self.stated > MOST_STATED {
            return Err(format!(
                "the VEX documents name more than {MOST_STATED} pairs of a vulnerability and a package"
            ));
        }
        Ok(())
    }
}

/// What a document says in one place.
struct Stated<'v> {
    ids: Vec<String>,
    packages: Vec<VexPackage>,
    status: &'v str,
    why: Option<&'v str>,
    stated: &'v str,
    author: &'v str,
}

impl Stated<'_> {
    /// `None` for what is about no vulnerability or no package: it is about nothing.
    fn into_statement(mut self, origin: &Origin) -> Option<VexStatement> {
        self.ids.retain(|id| (1..=LONGEST_ID).contains(&id.len()));
        let hides = match self.status {
            // Without a reason it is ignored, as OpenVEX asks.
            "not_affected" => Some(format!("not_affected: {}", self.why?)),
            // What is fixed is fixed in a version.
            "fixed" => {
                self.packages.retain(|package| !package.version.is_empty());
                Some("fixed".to_owned())
            }
            _ => None,
        };
        if self.ids.is_empty() || self.packages.is_empty() {
            return None;
        }
        let author = if self.author.is_empty() { "somebody" } else { self.author };
        Some(VexStatement {
            ids: self.ids,
            packages: self.packages,
            hides,
            // A longer one is no time.
            stated: self.stated.chars().take(40).collect(),
            author: author.chars().take(200).collect(),
            origin: origin.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ids, packages and what hides, of each statement.
    pub(super) fn read(text: &str) -> Vec<(String, String, Option<String>)> {
        let statements = parse(text.as_bytes(), "vex.json", &[]).unwrap();
        let show = |statement: VexStatement| {
            let packages: Vec<String> = statement
                .packages
                .iter()
                .map(|it| format!("{}/{}@{}", it.ecosystem, it.name, it.version))
                .collect();
            (statement.ids.join(" "), packages.join(" "), statement.hides)
        };
        statements.into_iter().map(show).collect()
    }

    fn open_vex(statement: &str) -> Vec<(String, String, Option<String>)> {
        read(&format!(
            r#"{{"@context": "https://openvex.dev/ns/v0.2.0", "author": "A", "timestamp": "2026-01-01T00:00:00Z", "statements": [{statement}]}}"#
        ))
    }

    const PRODUCT: &str = r#""products": [{"@id": "pkg:npm/p@1"}]"#;

    #[test]
    fn openvex_hides_with_a_justification_only() {
        let vulnerability = r#""vulnerability": {"name": "CVE-1", "aliases": ["GHSA-1"]}"#;
        let with = |rest: &str| open_vex(&format!("{{{vulnerability}, {PRODUCT}, {rest}}}"));
        let reason = r#""status": "not_affected", "justification": "component_not_present""#;
        let hides = Some("not_affected: component_not_present".to_owned());
        assert_eq!(with(reason), [("GHSA-1 CVE-1".to_owned(), "npm/p@1".to_owned(), hides)]);
        assert!(with(r#""status": "not_affected""#).is_empty());
        assert_eq!(with(r#""status": "fixed""#)[0].2, Some("fixed".to_owned()));
        assert_eq!(with(r#""status": "affected""#)[0].2, None);
        assert_eq!(with(r#""status": "a new word""#)[0].2, None);
    }

    #[test]
    fn openvex_is_about_the_subcomponents_of_a_product_and_about_nothing_without_products() {
        let status = r#""status": "not_affected", "impact_statement": "x""#;
        let parts =
            r#""products": [{"@id": "pkg:oci/app", "subcomponents": [{"@id": "pkg:golang/example.com/m"}]}]"#;
        let found = open_vex(&format!(r#"{{"vulnerability": "CVE-1", {parts}, {status}}}"#));
        assert_eq!(found[0].1, "golang/example.com/m@");
        for products in [r#""products": []"#, r#""products": [{"@id": "my app"}]"#, r#""x": 1"#] {
            let found = open_vex(&format!(r#"{{"vulnerability": "CVE-1", {products}, {status}}}"#));
            assert!(found.is_empty(), "{products}");
        }
    }

    #[test]
    fn words_without_end_name_nothing() {
        let long = "x".repeat(1_001);
        let product = format!(r#""products": [{{"@id": "pkg:npm/{long}"}}]"#);
        let status = r#""status": "affected""#;
        assert!(open_vex(&format!(r#"{{"vulnerability": "CVE-1", {product}, {status}}}"#)).is_empty());
        assert!(open_vex(&format!(r#"{{"vulnerability": "{long}", {PRODUCT}, {status}}}"#)).is_empty());
    }

    #[test]
    fn cyclonedx_is_read_by_its_analysis() {
        let text = r#"{"bomFormat": "CycloneDX", "metadata": {"timestamp": "2026-01-01T00:00:00Z"},
            "components": [{"bom-ref": "c", "purl": "pkg:npm/p@1"}],
            "vulnerabilities": [{"id": "CVE-1", "analysis": {"state": "false_positive"}, "affects": [{"ref": "c"}]},
                {"id": "CVE-2", "analysis": {"state": "exploitable"}, "affects": [{"ref": "urn:cdx:x/1#pkg:npm/q@2"}]},
                {"id": "CVE-3", "analysis": {"state": "not_affected"}, "affects": [{"ref": "unknown"}]}]}"#;
        assert_eq!(
            read(text),
            [
                ("CVE-1".to_owned(), "npm/p@1".to_owned(), Some("not_affected: false_positive".to_owned())),
                ("CVE-2".to_owned(), "npm/q@2".to_owned(), None),
            ]
        );
    }

    #[test]
    fn documents_that_a_tool_wrote_are_read() {
        let hides = |why: &str| Some(format!("not_affected: {why}"));
        let package = "npm/parcel-of-nothing@1.0.0";
        let rows = |why: &str| {
            [
                ("CVE-2026-0001".to_owned(), package.to_owned(), hides(why)),
                ("CVE-2026-0002".to_owned(), package.to_owned(), None),
            ]
        };
        let open_vex = include_str!("../../../tests/formats/vex/openvex/vex.json");
        assert_eq!(read(open_vex), rows("vulnerable_code_not_in_execute_path"));
        let cyclonedx = include_str!("../../../tests/formats/vex/cyclonedx/vex.json");
        assert_eq!(read(cyclonedx), rows("code_not_reachable"));
        // Its products have no package URL: what a statement is about is not known, so it hides nothing.
        assert_eq!(read(include_str!("../../../tests/formats/vex/csaf/vex.json")), []);
    }

    #[test]
    fn what_is_no_vex_document_is_an_error() {
        for text in [
            "",
            "{",
            "{}",
            "[]",
            r#"{"@context": "https://openvex.dev/ns"}"#,
            r#"{"bomFormat": "CycloneDX"}"#,
        ] {
            assert!(parse(text.as_bytes(), "vex.json", &[]).is_err(), "{text}");
        }
    }
}
