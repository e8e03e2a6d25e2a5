//! Settings that are no policy, in the same strict YAML: keys with one text or a list of texts.

use super::suggest;
use super::yaml::{self, Node, Value};
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};

/// One setting of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlatSetting {
    /// Its key.
    pub key: String,
    /// Its texts; one unless the file has a list.
    pub values: Vec<String>,
    /// Where it stands.
    pub origin: Origin,
}

/// Reads a file of settings whose keys are among these.
///
/// # Errors
/// Everything that is wrong with it.
pub fn flat_settings(text: &str, file: &str, keys: &[&str]) -> Result<Vec<FlatSetting>, Vec<Diagnostic>> {
    let root = yaml::read(text, file)?;
    let Value::Map(entries) = root.value else {
        return Err(vec![wrong("the file is no mapping of settings".to_owned(), Origin::at(file, 1, 1))]);
    };
    let mut settings = Vec::new();
    let mut errors = Vec::new();
    for (key, node) in entries {
        let origin = Origin::at(file, key.place.line, key.place.column);
        if !keys.contains(&key.text.as_str()) {
            let help =
                suggest::help(&key.text, keys.iter().copied(), "`tollgate serve --help` lists all settings");
            errors.push(wrong(format!("no setting is called `{}`", key.text), origin).with_help(help));
            continue;
        }
        match texts(node) {
            Some(values) => settings.push(FlatSetting { key: key.text, values, origin }),
            None => errors.push(wrong(format!("`{}` wants a text or a list of texts", key.text), origin)),
        }
    }
    if errors.is_empty() { Ok(settings) } else { Err(errors) }
}

fn texts(node: Node) -> Option<Vec<String>> {
    let text = |node: Node| match node.value {
        Value::Scalar { text, .. } => Some(text),
        Value::List(_) | Value::Map(_) => None,
    };
    match node.value {
        Value::List(items) => items.into_iter().map(text).collect(),
        Value::Scalar { text, .. } => Some(vec![text]),
        Value::Map(_) => None,
    }
}

fn wrong(message: String, origin: Origin) -> Diagnostic {
    Diagnostic::new(Code::BadSetting, Weight::Error, message, origin)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: [&str; 2] = ["listen", "workers"];

    #[test]
    fn a_setting_is_a_text_or_a_list_and_knows_its_line() {
        let settings = flat_settings("listen: 127.0.0.1:1\nworkers: [a, b]\n", "f.yml", &KEYS).unwrap();
        let found: Vec<(&str, usize, u32)> =
            settings.iter().map(|one| (one.key.as_str(), one.values.len(), one.origin.line)).collect();
        assert_eq!(found, [("listen", 1, 1), ("workers", 2, 2)]);
    }

    #[test]
    fn what_is_wrong_is_said_all_at_once() {
        let errors = flat_settings("lisen: x\nworkers: { a: b }\n", "f.yml", &KEYS).unwrap_err();
        let said: Vec<&str> = errors.iter().map(|error| error.message.raw()).collect();
        assert_eq!(said, ["no setting is called `lisen`", "`workers` wants a text or a list of texts"]);
        assert!(errors[0].help.raw().contains("did you mean `listen`?"));
        assert!(flat_settings("- listen\n", "f.yml", &KEYS).is_err());
    }
}
