//! HTML.

use super::{one_line, plain, secrets};
use crate::model::Untrusted;

/// Report text for an HTML page, as text or as the value of a quoted attribute.
pub fn html(text: &Untrusted, max: usize) -> String {
    entities(&one_line(text, max))
}

/// Report text in its lines, for a `<pre>`; at most `max` characters.
pub fn html_block(text: &Untrusted, max: usize) -> String {
    let lines = plain::lines(text.raw()).join("\n");
    entities(&plain::cut(&secrets::blotted(lines.trim_end()), max))
}

fn entities(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_tag_and_no_end_of_an_attribute_survives(raw in any::<String>()) {
            let text = html(&Untrusted::new(raw), 500);
            prop_assert!(!text.contains(['<', '>', '"', '\'']), "{text:?}");
            let block = html_block(&Untrusted::new(text), 500);
            prop_assert!(!block.contains(['<', '>', '"', '\'']), "{block:?}");
        }
    }
}
