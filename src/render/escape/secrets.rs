//! Tokens that must not be shown (T23): a stack trace or an environment dump in a public check.

use std::borrow::Cow;

/// What stands in place of a token.
const BLOT: &str = "[secret removed]";

/// A token: its beginning, the least number of characters that follow, and which ones may.
struct Shape {
    prefix: &'static str,
    least: usize,
    more: fn(char) -> bool,
}

const fn shape(prefix: &'static str, least: usize, more: fn(char) -> bool) -> Shape {
    Shape { prefix, least, more }
}

/// Shapes that their issuers document, so that nothing else looks like them.
const SHAPES: &[Shape] = &[
    shape("ghp_", 30, is_word),
    shape("gho_", 30, is_word),
    shape("ghu_", 30, is_word),
    shape("ghs_", 30, is_word),
    shape("ghr_", 30, is_word),
    shape("github_pat_", 30, is_word),
    shape("glpat-", 20, is_dashed_word),
    shape("AKIA", 16, is_upper),
    shape("ASIA", 16, is_upper),
    shape("AIza", 35, is_dashed_word),
    shape("xoxb-", 20, is_dashed_word),
    shape("xoxp-", 20, is_dashed_word),
    shape("xoxa-", 20, is_dashed_word),
    shape("npm_", 36, is_word),
    shape("pypi-AgE", 40, is_dashed_word),
    shape("sk_live_", 20, is_word),
    shape("rk_live_", 20, is_word),
    shape("dckr_pat_", 20, is_dashed_word),
    // The first part of a JSON Web Token is `{"` in base64url; two dots follow.
    shape("eyJ", 30, is_token),
];

const KEY_BEGINS: &str = "-----BEGIN ";
const KEY_MARK: &str = "PRIVATE KEY-----";
const KEY_ENDS: &str = "-----END ";

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn is_dashed_word(c: char) -> bool {
    is_word(c) || c == '-'
}

fn is_upper(c: char) -> bool {
    c.is_ascii_uppercase() || c.is_ascii_digit()
}

fn is_token(c: char) -> bool {
    is_dashed_word(c) || c == '.'
}

/// The text with every token blotted out.
pub(super) fn blotted(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut rest = text;
    let mut before = None;
    let mut found = false;
    while let Some(c) = rest.chars().next() {
        let at_start = !before.is_some_and(is_word);
        if let Some(after) = key_end(rest).or_else(|| at_start.then(|| token_end(rest)).flatten()) {
            found = true;
            out.push_str(BLOT);
            rest = after;
            before = None;
            continue;
        }
        out.push(c);
        before = Some(c);
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
    }
    if found { Cow::Owned(out) } else { Cow::Borrowed(text) }
}

/// What follows the token that `text` begins with.
fn token_end(text: &str) -> Option<&str> {
    SHAPES.iter().find_map(|shape| {
        let body = text.strip_prefix(shape.prefix)?;
        let after = body.trim_start_matches(shape.more);
        let token = body.get(..body.len() - after.len())?;
        let is_web_token = shape.prefix != "eyJ" || token.matches('.').count() >= 2;
        (token.len() >= shape.least && is_web_token).then_some(after)
    })
}

/// What follows the private key that `text` begins with; a key that was cut off reaches to the end.
fn key_end(text: &str) -> Option<&str> {
    let (label, body) = text.strip_prefix(KEY_BEGINS)?.split_once(KEY_MARK)?;
    if label.len() > 40 {
        return None;
    }
    let Some((_, tail)) = body.split_once(KEY_ENDS) else {
        return Some("");
    };
    Some(tail.split_once(KEY_MARK).map_or("", |(_, after)| after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_of_known_issuers_are_blotted_out() {
        let token = "a1B2".repeat(10);
        for prefix in ["ghp_", "ghs_", "github_pat_", "npm_", "glpat-"] {
            let text = format!("token={prefix}{token} in the environment");
            assert_eq!(blotted(&text), format!("token={BLOT} in the environment"));
        }
        assert_eq!(blotted("key AKIAIOSFODNN7EXAMPLE."), format!("key {BLOT}."));
        let jwt = format!("Bearer eyJ{token}.eyJ{token}.{token}");
        assert_eq!(blotted(&jwt), format!("Bearer {BLOT}"));
    }

    #[test]
    fn a_private_key_goes_whole_even_when_it_is_cut_off() {
        let key = "-----BEGIN RSA PRIVATE KEY----- MIIE -----END RSA PRIVATE KEY----- after";
        assert_eq!(blotted(key), format!("{BLOT} after"));
        assert_eq!(blotted("x -----BEGIN PRIVATE KEY----- MIIE"), format!("x {BLOT}"));
    }

    #[test]
    fn ordinary_names_stay() {
        for text in [
            "ghp_short",
            "eyJust_a_long_test_name_without_any_dots_in_it_at_all",
            "AKIA",
            "npm_config_registry",
        ] {
            assert!(matches!(blotted(text), Cow::Borrowed(_)), "{text}");
        }
    }
}
