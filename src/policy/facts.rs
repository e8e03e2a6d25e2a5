//! What is known of a repository beside its files: `--repo-facts FILE`.

use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What is known of a repository beside its files. `None` is not known, which is not the same as none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RepoFacts {
    /// Its name, without the owner.
    pub name: Option<String>,
    /// Its topics.
    pub topics: Option<BTreeSet<String>>,
    /// Its custom properties; one that allows several values may have several.
    pub properties: Option<BTreeMap<String, BTreeSet<String>>>,
}

impl RepoFacts {
    /// Reads JSON in the form of GitHub's API (`GET /repos/{owner}/{repo}`): `name`, `topics` and
    /// `custom_properties`. Other keys are not looked at; a key that is absent is not known.
    ///
    /// # Errors
    /// The text is no JSON, or one of the keys has another form. The fault is that of who made the file.
    pub fn parse(text: &str, file: &str) -> Result<Self, Diagnostic> {
        Self::of(&json(text, file)?, file)
    }

    /// Reads a list of repositories in the form of GitHub's API (`GET /orgs/{org}/repos`).
    ///
    /// # Errors
    /// As [`RepoFacts::parse`], and a repository without a name.
    pub fn parse_list(text: &str, file: &str) -> Result<Vec<Self>, Diagnostic> {
        let Value::Array(items) = json(text, file)? else {
            return Err(wrong(file, "the repositories are no JSON list".to_owned()));
        };
        let mut repositories = Vec::new();
        for item in &items {
            let facts = Self::of(item, file)?;
            if facts.name.is_none() {
                return Err(wrong(file, "a repository of the list has no `name`".to_owned()));
            }
            repositories.push(facts);
        }
        Ok(repositories)
    }

    fn of(value: &Value, file: &str) -> Result<Self, Diagnostic> {
        let wrong = |message: String| wrong(file, message);
        let Value::Object(facts) = value else {
            return Err(wrong("the facts are no JSON object".to_owned()));
        };
        let name =
            facts.get("name").map(|name| one(name).ok_or_else(|| wrong("`name` is no text".to_owned())));
        let topics = facts.get("topics").map(|topics| {
            let topics =
                topics.as_array().map(|topics| topics.iter().map(one).collect::<Option<BTreeSet<_>>>());
            topics.flatten().ok_or_else(|| wrong("`topics` is no list of texts".to_owned()))
        });
        let properties = facts.get("custom_properties").map(|properties| {
            let all = properties.as_object().map(|properties| {
                let entry = |(key, value): (&String, &Value)| Some((key.clone(), values(value)?));
                properties.iter().map(entry).collect::<Option<BTreeMap<_, _>>>()
            });
            all.flatten().ok_or_else(|| wrong("`custom_properties` is no object of texts".to_owned()))
        });
        Ok(Self { name: name.transpose()?, topics: topics.transpose()?, properties: properties.transpose()? })
    }
}

fn json(text: &str, file: &str) -> Result<Value, Diagnostic> {
    serde_json::from_str(text).map_err(|error| wrong(file, format!("this is no JSON: {error}")))
}

fn wrong(file: &str, message: String) -> Diagnostic {
    Diagnostic::new(Code::FactsMissing, Weight::Error, message, Origin::file(file))
}

fn one(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// The values of a property; `null` is a property without a value.
fn values(value: &Value) -> Option<BTreeSet<String>> {
    match value {
        Value::Null => Some(BTreeSet::new()),
        Value::String(text) => Some([text.clone()].into()),
        Value::Array(items) => items.iter().map(one).collect(),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_read_in_the_form_of_the_api() {
        let text = r#"{"id": 1, "name": "billing", "topics": ["tier-1"],
            "custom_properties": {"team": "pay", "areas": ["a", "b"], "none": null}}"#;
        let facts = RepoFacts::parse(text, "facts.json").unwrap();
        assert_eq!(facts.name.as_deref(), Some("billing"));
        assert_eq!(facts.topics, Some(["tier-1".to_owned()].into()));
        let properties = facts.properties.unwrap();
        assert_eq!(properties["areas"].len(), 2);
        assert!(properties["none"].is_empty());
    }

    #[test]
    fn what_is_absent_is_not_known() {
        assert_eq!(RepoFacts::parse("{}", "facts.json"), Ok(RepoFacts::default()));
    }

    #[test]
    fn facts_of_another_form_are_an_error() {
        for text in [
            "",
            "[]",
            r#"{"name": 1}"#,
            r#"{"topics": "a"}"#,
            r#"{"topics": [1]}"#,
            r#"{"custom_properties": {"a": 1}}"#,
        ] {
            assert!(RepoFacts::parse(text, "facts.json").is_err(), "{text}");
        }
    }
}
