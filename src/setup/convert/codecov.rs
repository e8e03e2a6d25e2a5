//! codecov.yml, by its reference at <https://docs.codecov.com/docs/codecovyml-reference>.

use super::{Work, flag};
use crate::model::Percent;
use crate::policy::Globs;
use crate::setup::draft::RuleLine;
use crate::setup::yaml::{Node, Value};

/// Keys of the top level.
pub(super) const KEYS: &[&str] = &[
    "coverage",
    "codecov",
    "ignore",
    "comment",
    "flags",
    "flag_management",
    "component_management",
    "parsers",
    "fixes",
    "github_checks",
    "profiling",
    "slack_app",
    "test_analytics",
    "cli",
];

/// Converts the file.
pub(super) fn convert(root: &Node, work: &mut Work<'_>) {
    let mut said_status = false;
    for (key, line, node) in root.entries() {
        match key.as_str() {
            "coverage" => {
                said_status = node.get("status").is_some();
                coverage(node, work);
            }
            "ignore" => ignore(*line, node, work),
            "codecov" => codecov(node, work),
            other => work.left_out(*line, format!("`{other}`"), top_level(other)),
        }
    }
    if !said_status {
        // https://docs.codecov.com/docs/codecov-yaml#default-yaml
        let comment = "Codecov's default: no drop against the base";
        work.draft.rules.push(RuleLine::new("coverage.drop", "max: 0", comment));
        work.left_out(0, "the default status `patch`", PATCH_AUTO);
    }
}

const PATCH_AUTO: &str = "it asks changed lines for the base's total coverage; a bar of its own is clearer here: \
                          coverage.changed warns below 80% until you write one";

fn top_level(key: &str) -> &'static str {
    match key {
        "comment" => "there is no comment: the job summary and the check say everything",
        "flags" | "flag_management" => {
            "name one entry of `reports:` per flag, and judge parts of the tree under `paths:`; `absent: carried` with `when` is the nearest to `carryforward`"
        }
        "component_management" => "judge parts of the tree under `paths:`",
        "parsers" => "partly taken branches are counted as the report says",
        "fixes" => "paths are held against the tracked files of the commit",
        "github_checks" => "annotations stand on the changed lines that need a test",
        _ => "not known here: look whether you need it",
    }
}

fn codecov(node: &Node, work: &mut Work<'_>) {
    for (key, line, value) in node.entries() {
        match key.as_str() {
            "notify" => {
                for (key, line, value) in value.entries() {
                    let why = match key.as_str() {
                        "after_n_builds" => {
                            "say how many reports must come under `reports:` (`at-least:`), per kind instead of over all"
                        }
                        "wait_for_ci" | "require_ci_to_pass" => "`build.jobs` judges how the CI jobs ended",
                        _ => "there is no service to notify",
                    };
                    let text = value.text().unwrap_or_default();
                    work.left_out(*line, format!("`notify.{key}: {text}`"), why);
                }
            }
            "require_ci_to_pass" => {
                let why =
                    "`build.jobs` judges how the CI jobs ended (input `needs` or `steps` of the action)";
                work.left_out(*line, "`require_ci_to_pass`", why);
            }
            "branch" => work.left_out(*line, "`branch`", "the default branch is git's"),
            other => work.left_out(*line, format!("`codecov.{other}`"), "about the service"),
        }
    }
}

fn coverage(node: &Node, work: &mut Work<'_>) {
    for (key, line, value) in node.entries() {
        match key.as_str() {
            "status" => status(value, work),
            "precision" | "round" | "range" => {
                let why = "numbers are exact, shown rounded down, and have no colours";
                work.left_out(*line, format!("`coverage.{key}`"), why);
            }
            "ignore" => ignore(*line, value, work),
            other => work.left_out(
                *line,
                format!("`coverage.{other}`"),
                "not known here: look whether you need it",
            ),
        }
    }
}

fn status(node: &Node, work: &mut Work<'_>) {
    for (key, line, value) in node.entries() {
        match key.as_str() {
            "project" => for_each(*line, "project", value, work, project),
            "patch" => for_each(*line, "patch", value, work, patch),
            "changes" => {
                let off = value.text().and_then(flag) == Some(false);
                if !off {
                    let why = "lines that the change does not touch are listed; `coverage.drop: { unchanged-lines: counted }` counts them";
                    work.left_out(*line, "status `changes`", why);
                }
            }
            other => work.left_out(
                *line,
                format!("`coverage.status.{other}`"),
                "not known here: look whether you need it",
            ),
        }
    }
}

/// A status is on, off, or a table of contexts, of which the one without paths and flags is the whole.
fn for_each(
    line: usize,
    name: &str,
    node: &Node,
    work: &mut Work<'_>,
    rule: fn(&Settings, &mut Work<'_>) -> Option<RuleLine>,
) {
    let add = |settings: &Settings, work: &mut Work<'_>| {
        work.origin(settings.line, format!("coverage.status.{name}"));
        if let Some(rule) = rule(settings, work)
            && work.draft.rules.iter().all(|known| known.id != rule.id)
        {
            work.draft.rules.push(rule);
        }
    };
    match &node.value {
        Value::Scalar(text) if flag(text) == Some(false) => {}
        Value::Scalar(_) => add(&Settings { line, ..Settings::default() }, work),
        Value::List(_) => work.left_out(line, format!("status `{name}`"), "a list is not known here"),
        Value::Map(contexts) => {
            // Before contexts had names, a status was a table itself.
            if ["target", "threshold"]
                .iter()
                .any(|key| node.get(key).is_some_and(|node| node.text().is_some()))
            {
                let settings = Settings::read(line, name, node, work);
                add(&settings, work);
                return;
            }
            for (context, line, value) in contexts {
                if value.text().and_then(flag) == Some(false) {
                    continue;
                }
                if value.get("paths").is_some() || value.get("flags").is_some() {
                    let why = "a part of the tree: write it under `paths:` with its own bar";
                    work.left_out(*line, format!("status `{name}.{context}`"), why);
                    continue;
                }
                let settings = Settings::read(*line, name, value, work);
                if !settings.disabled {
                    add(&settings, work);
                }
            }
        }
    }
}

/// One context of a status.
#[derive(Default)]
struct Settings {
    line: usize,
    /// In hundredths of a percent; `None` is `auto`.
    target: Option<u32>,
    threshold: u32,
    informational: bool,
    disabled: bool,
}

impl Settings {
    fn read(line: usize, name: &str, node: &Node, work: &mut Work<'_>) -> Self {
        let mut settings = Self { line, ..Self::default() };
        for (key, line, value) in node.entries() {
            let text = value.text().unwrap_or_default();
            match key.as_str() {
                "target" if text == "auto" => {}
                "target" | "threshold" => match Percent::parse(text) {
                    Ok(percent) if key == "target" => settings.target = Some(percent.hundredths()),
                    Ok(percent) => settings.threshold = percent.hundredths(),
                    Err(error) => work.left_out(*line, format!("`{name}.{key}: {text}`"), error.to_string()),
                },
                "informational" => settings.informational = flag(text) == Some(true),
                "enabled" => settings.disabled = flag(text) == Some(false),
                "if_not_found" | "if_no_uploads" | "if_ci_failed" => {
                    let why = "what is missing or broken never passes here";
                    work.left_out(*line, format!("`{name}.{key}: {text}`"), why);
                }
                "only_pulls" | "base" | "branches" | "removed_code_behavior" => {
                    let why =
                        "a change is compared with its merge base, and lines that it removes are no loss";
                    work.left_out(*line, format!("`{name}.{key}`"), why);
                }
                other => {
                    work.left_out(
                        *line,
                        format!("`{name}.{other}`"),
                        "not known here: look whether you need it",
                    );
                }
            }
        }
        settings
    }

    fn fields(&self, key: &str, hundredths: u32) -> String {
        let percent = Percent::from_hundredths(hundredths).to_string();
        let mode = if self.informational { ", mode: warn" } else { "" };
        format!("{key}: {}{mode}", percent.trim_end_matches('%'))
    }

    /// The bar: the target, less what may be missing from it.
    fn bar(&self) -> Option<(u32, String)> {
        let target = self.target?;
        let bar = target.saturating_sub(self.threshold);
        let comment = match self.threshold {
            0 => String::new(),
            threshold => format!(
                "target {} less the threshold of {}",
                Percent::from_hundredths(target),
                Percent::from_hundredths(threshold)
            ),
        };
        Some((bar, comment))
    }
}

fn project(settings: &Settings, _: &mut Work<'_>) -> Option<RuleLine> {
    Some(match settings.bar() {
        Some((bar, comment)) => RuleLine::new("coverage.total", settings.fields("min", bar), comment),
        None => {
            let comment = "target auto: no more than this below the base";
            RuleLine::new("coverage.drop", settings.fields("max", settings.threshold), comment)
        }
    })
}

fn patch(settings: &Settings, work: &mut Work<'_>) -> Option<RuleLine> {
    let Some((bar, comment)) = settings.bar() else {
        work.left_out(settings.line, "status `patch` with target `auto`", PATCH_AUTO);
        return None;
    };
    let why =
        "fewer than 20 changed lines that can be covered are not judged here; `min-lines: 1` judges them all";
    work.left_out(settings.line, "status `patch` for small changes", why);
    Some(RuleLine::new("coverage.changed", settings.fields("min", bar), comment))
}

/// Files that do not count. Codecov takes globs and regular expressions; of the latter only `folder/.*` is
/// plainly a glob.
fn ignore(line: usize, node: &Node, work: &mut Work<'_>) {
    work.origin(line, "ignore");
    for item in node.items() {
        let Some(text) = item.text() else { continue };
        match glob_of(text) {
            Some(glob) => work.draft.exclude.push(glob),
            None => {
                let why = "a regular expression: write it as a glob under `exclude:`";
                work.left_out(item.line, format!("ignore `{text}`"), why);
            }
        }
    }
}

fn glob_of(text: &str) -> Option<String> {
    let text = text.strip_prefix("./").or_else(|| text.strip_prefix('/')).unwrap_or(text);
    let glob = match text.strip_suffix("/.*") {
        Some(folder) => format!("{folder}/**"),
        None if text.ends_with('/') => format!("{text}**"),
        // A name without an extension is a folder for Codecov.
        None if !text.contains('*') && !text.rsplit('/').next().unwrap_or(text).contains('.') => {
            format!("{text}/**")
        }
        None if text.starts_with('*') && !text.starts_with("**") && !text.contains('/') => {
            format!("**/{text}")
        }
        None => text.to_owned(),
    };
    let is_regex =
        glob.contains(".*") && !glob.contains("*.") || glob.contains(['^', '$', '(', ')', '|', '\\', '+']);
    (!is_regex && Globs::new([&glob]).is_ok()).then_some(glob)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_plainly_a_glob_is_taken_and_a_regular_expression_is_not() {
        for (text, glob) in [
            ("tests", "tests/**"),
            ("docs/", "docs/**"),
            ("test/.*", "test/**"),
            ("./a/b.rs", "a/b.rs"),
            ("*.min.css", "**/*.min.css"),
            ("**/*.pb.go", "**/*.pb.go"),
            ("a/*", "a/*"),
        ] {
            assert_eq!(glob_of(text).as_deref(), Some(glob), "{text}");
        }
        for text in ["^src/.*", "(a|b)", "a/.*/b", "a\\.b", "../x"] {
            assert_eq!(glob_of(text), None, "{text}");
        }
    }
}
