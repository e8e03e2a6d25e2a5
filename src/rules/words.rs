//! Small words of texts: plurals and ranges.

use crate::compare::Metric;

/// `1 test`, `2 tests`.
pub(super) fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// One and many of what a metric counts.
pub(super) const fn of_metric(metric: Metric) -> (&'static str, &'static str) {
    match metric {
        Metric::Line => ("line", "lines"),
        Metric::Branch => ("branch", "branches"),
        Metric::Function => ("function", "functions"),
    }
}

/// The first line of a text, cut to `most` characters.
pub(super) fn first_line(text: &str, most: usize) -> String {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let mut cut: String = line.chars().take(most).collect();
    if line.chars().count() > most {
        cut.push_str(" ...");
    }
    cut
}
