//! Commands that reproduce a failure, made so that they are safe to copy.

/// Commands that reproduce a failure, with `{name}`, `{file}` and `{class}`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reproduce {
    /// For one test.
    pub tests: Option<String>,
    /// For a whole file of tests, where a test's name is not plainly safe to copy into a shell.
    pub tests_file: Option<String>,
    /// For coverage.
    pub coverage: Option<String>,
}

/// What a report says of a test, for the placeholders of a command. Empty text is not known.
#[derive(Clone, Copy, Debug, Default)]
pub struct Placeholders<'t> {
    /// The test's own name.
    pub name: &'t str,
    /// Its file.
    pub file: &'t str,
    /// Its class or module.
    pub class: &'t str,
}

impl Reproduce {
    /// The placeholders that a command may hold.
    pub const PLACEHOLDERS: [&'static str; 3] = ["{name}", "{file}", "{class}"];

    /// The command for a test: the one for a single test, else the one for its file, else empty. A name goes
    /// into a command only if a shell takes it as one plain word.
    pub fn test(&self, test: Placeholders<'_>) -> String {
        let templates = [self.tests.as_deref(), self.tests_file.as_deref()];
        templates.into_iter().flatten().find_map(|template| fill(template, test)).unwrap_or_default()
    }
}

/// The template with its placeholders replaced; `None` if one of them has no safe value.
fn fill(template: &str, test: Placeholders<'_>) -> Option<String> {
    let values = [test.name, test.file, test.class];
    let mut filled = String::new();
    let mut rest = template;
    loop {
        // Placeholders are looked for in the template alone, never in what was put in.
        let next = Reproduce::PLACEHOLDERS
            .iter()
            .zip(values)
            .filter_map(|(key, value)| rest.find(key).map(|at| (at, *key, value)))
            .min_by_key(|(at, ..)| *at);
        let Some((at, key, value)) = next else { break };
        if !is_plainly_safe(value) {
            return None;
        }
        filled.push_str(rest.get(..at)?);
        filled.push_str(value);
        rest = rest.get(at + key.len()..)?;
    }
    filled.push_str(rest);
    Some(filled)
}

/// True for a word that no shell expands and no program takes for an option (`mockups/02-fail.md`).
fn is_plainly_safe(word: &str) -> bool {
    let plain =
        |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b':' | b'.' | b'/' | b'[' | b']' | b'-');
    !word.is_empty() && word.len() <= 200 && !word.starts_with('-') && word.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reproduce() -> Reproduce {
        Reproduce {
            tests: Some("cargo test {name}".to_owned()),
            tests_file: Some("cargo test --test {file}".to_owned()),
            coverage: None,
        }
    }

    #[test]
    fn a_plain_name_goes_into_the_command() {
        let test = Placeholders { name: "ledger::sync_eu", file: "tests/ledger.rs", class: "" };
        assert_eq!(reproduce().test(test), "cargo test ledger::sync_eu");
    }

    #[test]
    fn a_name_that_a_shell_could_misread_runs_the_whole_file() {
        for name in ["$(rm -rf ~)", "a;b", "a b", "a'b", "--exec", "`id`", "a\nb", "", "caf\u{e9}", "{file}"]
        {
            let test = Placeholders { name, file: "tests/ledger.rs", class: "" };
            assert_eq!(reproduce().test(test), "cargo test --test tests/ledger.rs", "{name:?}");
        }
    }

    #[test]
    fn without_a_safe_file_there_is_no_command() {
        let test = Placeholders { name: "a b", file: "$x", class: "" };
        assert_eq!(reproduce().test(test), "");
        assert_eq!(Reproduce::default().test(Placeholders { name: "a", ..Placeholders::default() }), "");
    }
}
