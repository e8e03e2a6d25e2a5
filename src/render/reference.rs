//! The reference of rules and formats as Markdown, made from the lists that the program works by.

use crate::formats;
use crate::model::Kind;
use crate::rules::{FieldKind, RULES};
use std::fmt::Write as _;

/// The page; the text is all ours.
pub fn markdown() -> String {
    let mut out = String::from(
        "# Reference\n\nMade from the program's own lists by `tollgate reference`; a test holds it to them.\n\n## Rules\n\n\
         Every rule also has `mode: enforce | warn | info | off`. `tollgate explain RULE` says what is in force and why.\n",
    );
    for rule in RULES {
        let _infallible = write!(out, "\n### `{}`\n\n{}\n\n", rule.id, sentence(rule.doc));
        if rule.fields.is_empty() {
            out.push_str("No fields.\n");
            continue;
        }
        out.push_str("| Field | Value | Default | Meaning |\n|:--|:--|:--|:--|\n");
        for field in rule.fields {
            let default = field.default.map_or(String::new(), |default| format!("`{default}`"));
            let _infallible = writeln!(
                out,
                "| `{}` | {} | {default} | {} |",
                field.key,
                value(field.kind),
                cell(field.doc)
            );
        }
    }
    out.push_str(
        "\n## Formats\n\nRecognised by content; the names are only the usual ones. `format: ID` in the policy names one.\n",
    );
    for (kind, heading) in [(Kind::Tests, "Tests"), (Kind::Coverage, "Coverage"), (Kind::Scan, "Scans")] {
        let _infallible = write!(out, "\n### {heading}\n\n| Id | Format | Usual names |\n|:--|:--|:--|\n");
        for format in formats::all().filter(|format| format.kind == kind) {
            let names: Vec<String> = format.default_globs.iter().map(|glob| format!("`{glob}`")).collect();
            let _infallible = writeln!(
                out,
                "| `{}` | [{}]({}) | {} |",
                format.id,
                cell(format.name),
                format.spec_url,
                names.join(", ")
            );
        }
    }
    out
}

fn value(kind: FieldKind) -> String {
    match kind {
        FieldKind::Count => "number".to_owned(),
        FieldKind::Percent => "percentage".to_owned(),
        FieldKind::Word(words) => words.join(", "),
        FieldKind::Words(words) => format!("all, or a list of {}", words.join(", ")),
        FieldKind::Flag => "true, false".to_owned(),
        FieldKind::Globs => "list of globs".to_owned(),
    }
}

/// A bar would end the cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn sentence(text: &str) -> String {
    if text.ends_with('.') { text.to_owned() } else { format!("{text}.") }
}
