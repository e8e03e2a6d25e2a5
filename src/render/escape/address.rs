//! Parts of an address: segments of a path and values of a query (RFC 3986).

use std::fmt::Write as _;

/// Any text as one segment of a path or one value of a query: everything but letters, digits and `-._~` is encoded.
pub fn address_part(text: &str) -> String {
    // Alone, these two would mean a folder.
    let is_dots = matches!(text, "." | "..");
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        if !is_dots && (byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)) {
            out.push(char::from(byte));
        } else {
            let _infallible = write!(out, "%{byte:02X}");
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_leaves_its_segment() {
        for (text, part) in [
            ("acme-api_1.0~x", "acme-api_1.0~x"),
            ("../a?b#c&d=e", "..%2Fa%3Fb%23c%26d%3De"),
            ("..", "%2E%2E"),
            ("é\"<", "%C3%A9%22%3C"),
        ] {
            assert_eq!(address_part(text), part);
        }
    }
}
