//! `tollgate formats` and `tollgate rules`: the lists that everything else is made from.

use super::{ExitStatus, output};
use crate::formats;
use crate::render;
use crate::rules::{FieldKind, RULES};
use std::fmt::Write as _;

/// Prints every format with its id, kind and usual file names.
pub(super) fn formats() -> anyhow::Result<ExitStatus> {
    let mut text = String::from("Recognised by content; the names are only the usual ones.\n\n");
    for format in formats::all() {
        writeln!(text, "{:<16} {:<9} {}", format.id, format.kind.word(), format.name)?;
        writeln!(text, "{:<26} usually {}", "", format.default_globs.join(", "))?;
        writeln!(text, "{:<26} {}", "", format.spec_url)?;
    }
    output::print(&text)?;
    Ok(ExitStatus::Passed)
}

/// Prints every rule with its fields and defaults.
pub(super) fn rules() -> anyhow::Result<ExitStatus> {
    let mut text = String::from("Every rule also has `mode: enforce | warn | info | off`.\n");
    for rule in RULES {
        writeln!(text, "\n{}\n    {}", rule.id, rule.doc)?;
        for field in rule.fields {
            let kind = match field.kind {
                FieldKind::Count => "number".to_owned(),
                FieldKind::Percent => "percentage".to_owned(),
                FieldKind::Word(words) => words.join(" | "),
                FieldKind::Words(words) => format!("all | list of {}", words.join(" | ")),
                FieldKind::Flag => "true | false".to_owned(),
                FieldKind::Globs => "list of globs".to_owned(),
            };
            let default = field.default.map_or(String::new(), |default| format!(", default {default}"));
            writeln!(text, "    {} ({kind}{default})\n        {}", field.key, field.doc)?;
        }
    }
    output::print(&text)?;
    Ok(ExitStatus::Passed)
}

/// Prints the reference of rules and formats as Markdown.
pub(super) fn reference() -> anyhow::Result<ExitStatus> {
    output::print(&render::reference::markdown())?;
    Ok(ExitStatus::Passed)
}
