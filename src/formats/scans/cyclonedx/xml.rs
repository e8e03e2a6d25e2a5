//! CycloneDX as XML: the same names as elements.

use super::super::findings::{Path, Reading, finish, walk};
use super::{Bom, Component, NO_SCAN, Rating, Vulnerability};
use crate::diagnostic::{Code, Weight};
use crate::formats::{Context, ParseError, Parsed, Source};
use crate::model::{Health, ScanClass, Untrusted};

/// Reads a document. Up to version 1.3 vulnerabilities were an extension, inside of components.
pub(super) fn parse_xml(source: &mut Source<'_>, context: &mut Context) -> Result<Parsed, ParseError> {
    let mut reading = Reading::new("CycloneDX", ScanClass::Dependency);
    let mut bom = Bom::default();
    let mut state = XmlState::default();
    let listed = std::cell::Cell::new(false);
    let image = std::cell::Cell::new(false);
    let references = std::cell::RefCell::new(Vec::new());
    let read = walk(
        source,
        context,
        |path, attribute| {
            if path.ends_with(&["vulnerabilities"]) {
                listed.set(true);
            }
            if path.ends_with(&["metadata", "component"]) {
                image.set(attribute("type").as_deref() == Some("container"));
            }
            if path.ends_with(&["component"]) {
                references.borrow_mut().push(attribute("bom-ref").unwrap_or_default());
            } else if path.ends_with(&["vulnerability"]) {
                references.borrow_mut().push(attribute("ref").unwrap_or_default());
            }
        },
        |path, text, _| state.close(path, text, &mut bom, &mut references.borrow_mut()),
    );
    bom.hand_over(context, &mut reading);
    if image.get() {
        reading.of_an_image();
    }
    if read.is_ok() && !listed.get() {
        context.warn(Code::NotAScan, Weight::Error, NO_SCAN, source.position());
        reading.health.health = Health::Empty;
        reading.health.reason = Untrusted::from(NO_SCAN);
    }
    finish(read, context, reading)
}

/// What is open while XML is walked over.
#[derive(Debug, Default)]
struct XmlState {
    vulnerability: Vulnerability,
    rating: Rating,
    /// The group of the component whose name follows.
    group: String,
    /// The open components.
    components: Vec<Component>,
}

impl XmlState {
    fn close(&mut self, path: &Path, text: &str, bom: &mut Bom, references: &mut Vec<String>) {
        if path.has("vulnerability") {
            self.close_in_vulnerability(path, text, bom, references);
        } else if path.ends_with(&["component", "group"]) {
            text.clone_into(&mut self.group);
        } else if path.ends_with(&["component", "name"]) {
            let group = std::mem::take(&mut self.group);
            let name = if group.is_empty() { text.to_owned() } else { format!("{group}/{text}") };
            self.components.push(Component { name, ..Component::default() });
        } else if path.ends_with(&["component", "version"]) {
            if let Some(component) = self.components.last_mut() {
                text.clone_into(&mut component.version);
            }
        } else if path.ends_with(&["component", "purl"]) {
            if let Some(component) = self.components.last_mut() {
                component.take_purl(text);
            }
        } else if path.ends_with(&["component"]) {
            let component = self.components.pop().unwrap_or_default();
            bom.add_component(&references.pop().unwrap_or_default(), component);
        }
    }

    fn close_in_vulnerability(
        &mut self,
        path: &Path,
        text: &str,
        bom: &mut Bom,
        references: &mut Vec<String>,
    ) {
        let vulnerability = &mut self.vulnerability;
        if path.ends_with(&["vulnerability", "id"]) {
            text.clone_into(&mut vulnerability.draft.rule);
        } else if path.ends_with(&["vulnerability", "description"]) {
            text.clone_into(&mut vulnerability.draft.message);
        } else if path.ends_with(&["reference", "id"]) {
            vulnerability.draft.alias(text);
        } else if path.ends_with(&["rating", "severity"]) {
            text.clone_into(&mut self.rating.word);
        } else if path.ends_with(&["rating", "score"]) && !text.is_empty()
            || path.ends_with(&["score", "base"])
        {
            text.clone_into(&mut self.rating.score);
        } else if path.ends_with(&["rating", "vector"]) {
            text.clone_into(&mut self.rating.vector);
        } else if path.ends_with(&["rating", "source", "name"]) {
            text.clone_into(&mut self.rating.source);
        } else if path.ends_with(&["rating", "method"]) {
            text.clone_into(&mut self.rating.method);
        } else if path.ends_with(&["rating"]) {
            vulnerability.rate(&std::mem::take(&mut self.rating));
        } else if path.ends_with(&["analysis", "state"]) {
            text.clone_into(&mut vulnerability.state);
        } else if path.ends_with(&["analysis", "detail"]) {
            text.clone_into(&mut vulnerability.why);
        } else if path.ends_with(&["target", "ref"]) {
            vulnerability.affect(text);
        } else if path.ends_with(&["vulnerability"]) {
            let own = references.pop().filter(|reference| !reference.is_empty());
            let mut done = std::mem::take(vulnerability);
            if done.affects.is_empty() {
                done.affects.extend(own);
            }
            bom.add_vulnerability(done);
        }
    }
}
