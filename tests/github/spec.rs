//! GitHub's own description of its API, trimmed by `openapi.py`: requests and answers are held against it, and what a
//! test does not care about in an answer is made from it.

use super::answers::{Answer, Body};
use super::server::Asked;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex};

/// Where GitHub answers null though its description says otherwise: the repository of a fork that is gone.
const ALSO_NULL: [&str; 2] = ["/head/repo: null", "/head_repository: null"];

/// How deep an answer is completed.
const DEPTH: usize = 12;

pub(super) struct Spec {
    operations: Vec<Value>,
    schemas: Value,
    validators: Mutex<BTreeMap<String, Arc<jsonschema::Validator>>>,
}

type Loaded = Mutex<BTreeMap<&'static str, Option<Arc<Spec>>>>;

static LOADED: LazyLock<Loaded> = LazyLock::new(Mutex::default);

/// The description of a server; `None`, and a word on it, where it was not fetched.
pub(super) fn of(server: &'static str) -> Option<Arc<Spec>> {
    LOADED.lock().unwrap().entry(server).or_insert_with(|| load(server)).clone()
}

fn load(server: &str) -> Option<Arc<Spec>> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("target/github/{server}.json"));
    let Ok(text) = std::fs::read_to_string(&file) else {
        eprintln!(
            "NOT RUN: requests and answers against GitHub's description of its API; `tests/github/fetch` gets it"
        );
        return None;
    };
    let mut value: Value = serde_json::from_str(&text).unwrap();
    let operations = value["operations"].take().as_array().unwrap().clone();
    Some(Arc::new(Spec { operations, schemas: value["$defs"].take(), validators: Mutex::default() }))
}

/// One operation of the description.
pub(super) struct Operation<'s> {
    spec: &'s Spec,
    value: &'s Value,
    name: String,
}

impl Spec {
    /// The operation of a request: the one with the most literal path.
    pub(super) fn operation(&self, asked: &Asked, segments: &[&str]) -> Option<Operation<'_>> {
        let fits = |operation: &&Value| {
            if operation["method"] != asked.method.as_str() {
                return None;
            }
            let path = operation["path"].as_str().unwrap();
            let template: Vec<&str> = path.split('/').skip(1).collect();
            // The last parameter of a few paths takes slashes too.
            let greedy = ["{path}", "{ref}", "{basehead}"].iter().any(|last| path.ends_with(last));
            let long_enough =
                if greedy { segments.len() >= template.len() } else { segments.len() == template.len() };
            let mut pairs = template.iter().zip(segments);
            let matches =
                long_enough && pairs.all(|(part, segment)| part.starts_with('{') || part == segment);
            matches.then(|| template.iter().filter(|part| !part.starts_with('{')).count())
        };
        let found = self.operations.iter().max_by_key(fits).filter(|operation| fits(operation).is_some());
        found.map(|value| {
            let name = format!("{} {}", asked.method, value["path"].as_str().unwrap());
            Operation { spec: self, value, name }
        })
    }

    fn errors(&self, key: &str, schema: &Value, value: &Value) -> Vec<String> {
        let validator = {
            let mut validators = self.validators.lock().unwrap();
            let made = validators.entry(key.to_owned()).or_insert_with(|| {
                let whole = json!({
                    "$schema": "https://json-schema.org/draft/2020-12/schema", "$defs": self.schemas,
                    "allOf": [schema],
                });
                Arc::new(jsonschema::validator_for(&whole).unwrap())
            });
            Arc::clone(made)
        };
        let errors = validator.iter_errors(value).take(5);
        errors.map(|error| format!("{key}: {}: {error}", error.instance_path())).collect()
    }

    fn resolved<'v>(&'v self, mut schema: &'v Value) -> &'v Value {
        while let Some(name) = schema["$ref"].as_str() {
            schema = &self.schemas[name.trim_start_matches("#/$defs/")];
        }
        schema
    }

    /// Adds what the schema asks for and the value has not.
    fn complete(&self, schema: &Value, value: &mut Value, depth: usize) {
        let schema = self.resolved(schema);
        if depth == 0 {
            return;
        }
        for part in schema["allOf"].as_array().into_iter().flatten() {
            self.complete(part, value, depth - 1);
        }
        if let Some(choices) = schema["anyOf"].as_array().or(schema["oneOf"].as_array()) {
            let fits = |choice: &&Value| self.fits(self.resolved(choice), value, depth);
            if let Some(choice) = choices.iter().find(fits) {
                self.complete(choice, value, depth - 1);
            }
        }
        match value {
            Value::Object(object) => {
                for name in schema["required"].as_array().into_iter().flatten() {
                    let name = name.as_str().unwrap();
                    if !object.contains_key(name) {
                        object.insert(name.to_owned(), self.sample(&schema["properties"][name], depth - 1));
                    }
                }
                for (name, value) in object.iter_mut() {
                    if let Some(schema) = schema["properties"].get(name) {
                        self.complete(schema, value, depth - 1);
                    }
                }
            }
            Value::Array(items) => {
                for item in items {
                    self.complete(&schema["items"], item, depth - 1);
                }
            }
            _ => {}
        }
    }

    /// Whether a choice may be meant: its type, and the words that tell choices apart.
    fn fits(&self, choice: &Value, value: &Value, depth: usize) -> bool {
        if depth == 0 {
            return false;
        }
        if let Some(choices) = choice["anyOf"].as_array().or(choice["oneOf"].as_array()) {
            return choices.iter().any(|choice| self.fits(self.resolved(choice), value, depth - 1));
        }
        let kind = match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(_) => "integer",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        let same =
            choice["type"].as_str().is_none_or(|of| of == kind || (of == "number" && kind == "integer"));
        let telling = value.as_object().into_iter().flatten().all(|(name, value)| {
            let words = choice["properties"][name]["enum"].as_array();
            words.is_none_or(|words| words.contains(value))
        });
        same && telling && (!value.is_null() || kind == choice["type"])
    }

    /// The smallest value that a schema takes.
    fn sample(&self, schema: &Value, depth: usize) -> Value {
        let schema = self.resolved(schema);
        if depth == 0 {
            return Value::Null;
        }
        if let Some(first) = schema["enum"].as_array().and_then(|words| words.first()) {
            return first.clone();
        }
        if let Some(choices) = schema["anyOf"].as_array().or(schema["oneOf"].as_array()) {
            let resolved = choices.iter().map(|choice| self.resolved(choice));
            if resolved.clone().any(|choice| choice["type"] == "null") {
                return Value::Null;
            }
            return choices.first().map_or(Value::Null, |choice| self.sample(choice, depth - 1));
        }
        match schema["type"].as_str() {
            Some("string") => match schema["format"].as_str() {
                Some("date-time") => json!(super::state::WHEN),
                Some("uri") => json!("https://github.example/x"),
                _ => json!("x"),
            },
            Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or(json!(0)),
            Some("boolean") => json!(false),
            Some("array") => json!([]),
            Some("object") | None if schema.get("properties").is_some() || schema.get("allOf").is_some() => {
                let mut value = Value::Object(Map::new());
                self.complete(schema, &mut value, depth - 1);
                value
            }
            Some("object") => json!({}),
            _ => Value::Null,
        }
    }
}

impl Operation<'_> {
    /// What GitHub would not take in a request.
    pub(super) fn refuses(&self, asked: &Asked) -> Vec<String> {
        let mut errors = Vec::new();
        for (name, text) in &asked.query {
            let parameter = &self.value["query"][name];
            if parameter.is_null() {
                errors.push(format!("{}: there is no parameter `{name}`", self.name));
                continue;
            }
            let number = text.parse::<i64>().map(Value::from);
            let is_number = self.spec.resolved(&parameter["schema"])["type"] == "integer";
            let value = if is_number { number.unwrap_or(json!(text)) } else { json!(text) };
            errors.extend(self.spec.errors(&format!("{}?{name}", self.name), &parameter["schema"], &value));
        }
        for (name, parameter) in self.value["query"].as_object().unwrap() {
            if parameter["required"] == true && !asked.query.contains_key(name) {
                errors.push(format!("{}: the parameter `{name}` is missing", self.name));
            }
        }
        match (&self.value["body"], &asked.body) {
            (Value::Null, Some(_)) => errors.push(format!("{}: it takes no body", self.name)),
            (schema, Some(body)) => {
                errors.extend(self.spec.errors(&format!("{} body", self.name), schema, body));
            }
            (_, None) => {}
        }
        errors
    }

    /// Completes an answer, and says what GitHub would not answer.
    pub(super) fn conform(&self, answer: &mut Answer) -> Vec<String> {
        let answers = &self.value["answers"];
        let Some(schema) = answers.get(answer.status.to_string()) else {
            // What any request may meet is not described with each of them.
            let everywhere = [304, 401, 403, 404, 410, 422, 429, 500, 502, 503].contains(&answer.status);
            let said = format!("{}: {} is none of its answers", self.name, answer.status);
            return if everywhere { Vec::new() } else { vec![said] };
        };
        let Body::Json(value) = &mut answer.body else { return Vec::new() };
        if schema.is_null() || answer.status >= 400 {
            return Vec::new();
        }
        self.spec.complete(schema, value, DEPTH);
        let mut errors = self.spec.errors(&format!("{} → {}", self.name, answer.status), schema, value);
        errors.retain(|error| !ALSO_NULL.iter().any(|known| error.contains(known)));
        errors
    }
}
