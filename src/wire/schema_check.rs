//! A checker for the part of JSON Schema 2020-12 that our schema uses; a keyword that it does not know is a
//! complaint, so that nothing in the schema goes unchecked.

use crate::model::Date;
use serde_json::Value;

/// The pattern of a day.
const DAY: &str = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$";

/// Everything in which the document breaks the schema.
pub(crate) fn complaints(schema: &str, document: &[u8]) -> Vec<String> {
    let schema: Value = serde_json::from_str(schema).unwrap();
    let document: Value = serde_json::from_slice(document).unwrap();
    let mut complaints = Vec::new();
    check(&schema, &schema, &document, "$", &mut complaints);
    complaints
}

fn check(root: &Value, schema: &Value, value: &Value, path: &str, complaints: &mut Vec<String>) {
    for (keyword, rule) in schema.as_object().unwrap() {
        let mut complain = |what: String| complaints.push(format!("{path}: {what}"));
        match keyword.as_str() {
            "$schema" | "$id" | "$defs" | "title" | "description" => {}
            "$ref" => {
                let target = rule.as_str().unwrap().strip_prefix('#').unwrap();
                check(root, root.pointer(target).unwrap(), value, path, complaints);
            }
            "type" => {
                let words = rule.as_array().cloned().unwrap_or_else(|| vec![rule.clone()]);
                if !words.iter().any(|word| is_of(value, word.as_str().unwrap())) {
                    complain(format!("is no {rule}"));
                }
            }
            "const" if value != rule => complain(format!("is not {rule}")),
            "enum" if !rule.as_array().unwrap().contains(value) => complain(format!("is not in {rule}")),
            "const" | "enum" => {}
            "minimum" => {
                if value.as_f64().is_some_and(|number| number < rule.as_f64().unwrap()) {
                    complain(format!("is below {rule}"));
                }
            }
            // The only pattern that a schema of ours has.
            "pattern" if rule == DAY => {
                if value.as_str().is_some_and(|text| Date::parse(text).is_err()) {
                    complain("is no day".to_owned());
                }
            }
            "required" => {
                for key in rule.as_array().unwrap().iter().map(|key| key.as_str().unwrap()) {
                    if value.as_object().is_some_and(|object| !object.contains_key(key)) {
                        complain(format!("has no {key}"));
                    }
                }
            }
            "properties" => {
                for (key, rule) in rule.as_object().unwrap() {
                    if let Some(part) = value.get(key) {
                        check(root, rule, part, &format!("{path}.{key}"), complaints);
                    }
                }
                // Stricter than the schema, which leaves room for fields of later versions.
                for key in value.as_object().into_iter().flat_map(|object| object.keys()) {
                    if rule.get(key).is_none() {
                        complaints.push(format!("{path}.{key}: is not described"));
                    }
                }
            }
            "additionalProperties" => {
                for (key, part) in value.as_object().into_iter().flatten() {
                    check(root, rule, part, &format!("{path}.{key}"), complaints);
                }
            }
            "items" => {
                for (index, part) in value.as_array().into_iter().flatten().enumerate() {
                    check(root, rule, part, &format!("{path}[{index}]"), complaints);
                }
            }
            "oneOf" => {
                let fitting = rule.as_array().unwrap().iter().filter(|choice| {
                    let mut found = Vec::new();
                    check(root, choice, value, path, &mut found);
                    found.is_empty()
                });
                let count = fitting.count();
                if count != 1 {
                    complain(format!("fits {count} of the choices"));
                }
            }
            other => complain(format!("the checker does not know the keyword {other}")),
        }
    }
}

fn is_of(value: &Value, word: &str) -> bool {
    match word {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "number" => value.is_number(),
        "integer" => value.is_u64() || value.is_i64(),
        _ => false,
    }
}
