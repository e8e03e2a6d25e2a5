//! Fields of a CSV file (RFC 4180), which spreadsheets open.

use super::{SHORT, one_line};
use crate::model::Untrusted;

/// Text from outside as one field. A spreadsheet would take what begins with `=`, `+`, `-` or `@` for a formula
/// (T22): such a text gets an apostrophe before it.
pub fn csv_field(text: &Untrusted) -> String {
    let line = one_line(text, SHORT);
    let is_formula = line.trim_start().starts_with(['=', '+', '-', '@']);
    let line = if is_formula { format!("'{line}") } else { line };
    if line.contains(['"', ',', ';']) { format!("\"{}\"", line.replace('"', "\"\"")) } else { line }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_field_ends_early_and_none_is_a_formula() {
        for (raw, field) in [
            ("acme/x", "acme/x"),
            ("a,b", "\"a,b\""),
            ("a\"b", "\"a\"\"b\""),
            ("=1+1", "'=1+1"),
            ("\t=1", "'=1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("-2,x", "\"'-2,x\""),
        ] {
            assert_eq!(csv_field(&raw.into()), field, "{raw:?}");
        }
        assert!(!csv_field(&"a\nb\r\nc".into()).contains(['\n', '\r']));
    }
}
