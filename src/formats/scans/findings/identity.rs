//! What makes two findings of two commits the same (security.md b6).

use crate::model::FindingId;
use siphasher::sip::SipHasher13;
use std::hash::Hasher as _;

// Fixed: identities of different machines are compared. A collision made on purpose only merges two findings
// of one rule in one file, which the multiset comparison counts as two.
fn hasher() -> SipHasher13 {
    SipHasher13::new_with_keys(0x746f_6c6c_6761_7465, 0x6669_6e64_696e_6731)
}

/// Never 0, which stands for "nothing to compare".
fn there(hasher: &SipHasher13) -> u64 {
    hasher.finish().max(1)
}

/// A hash of a text as it is; 0 for an empty one.
pub(in crate::formats::scans) fn text_hash(text: &str) -> u64 {
    if text.is_empty() {
        return 0;
    }
    let mut hasher = hasher();
    hasher.write(text.as_bytes());
    there(&hasher)
}

/// What GitHub's hash of a line compares, given as it writes it, without `:n`.
pub(in crate::formats::scans) fn line_identity(hexadecimal: &str) -> u64 {
    text_hash(&format!("line {hexadecimal}"))
}

/// A hash of a piece of source without its white space, so that a new indentation or line ending is no
/// change; 0 if nothing is left.
pub(in crate::formats::scans) fn snippet_hash(snippet: &str) -> u64 {
    let mut hasher = hasher();
    let mut any = false;
    for part in snippet.split(char::is_whitespace).filter(|part| !part.is_empty()) {
        hasher.write(part.as_bytes());
        any = true;
    }
    if any { there(&hasher) } else { 0 }
}

/// A hash of a message with every run of digits as one `#`: line numbers and counts move; 0 for an empty one.
pub(in crate::formats::scans) fn masked_hash(message: &str) -> u64 {
    let mut hasher = hasher();
    let mut rest = message;
    while let Some((before, digits)) =
        rest.find(|c: char| c.is_ascii_digit()).and_then(|at| rest.split_at_checked(at))
    {
        hasher.write(before.as_bytes());
        hasher.write_u8(b'#');
        rest = digits.trim_start_matches(|c: char| c.is_ascii_digit());
    }
    hasher.write(rest.as_bytes());
    if message.is_empty() { 0 } else { there(&hasher) }
}

/// The identity of one rank: the rule, and a hash of what the rank compares (0: there is none).
pub(in crate::formats::scans) fn identity(rule: &str, part: u64) -> FindingId {
    if part == 0 {
        return FindingId::ABSENT;
    }
    let mut hasher = hasher();
    hasher.write(rule.as_bytes());
    hasher.write_u8(0xff);
    hasher.write_u64(part);
    FindingId(there(&hasher))
}

/// A package's advisory is the same if package and id are, or package and one well-known alias: ids change when
/// a database gives an advisory a CVE. The version does not take part: an update that does not fix is not new.
pub(in crate::formats::scans) fn of_advisory<'i>(
    package: &str,
    id: &'i str,
    aliases: impl Iterator<Item = &'i str> + Clone,
) -> [FindingId; 3] {
    let package = package.to_ascii_lowercase().replace('_', "-");
    let with = |id: &str| identity("", text_hash(&format!("{package}\u{1}{id}")));
    let first = |prefix: &str| {
        let ids = std::iter::once(id).chain(aliases.clone());
        ids.filter(|id| id.starts_with(prefix)).min()
    };
    let well_known = first("CVE-").or_else(|| first("GHSA-")).unwrap_or(id);
    [with(id), with(well_known), FindingId::ABSENT]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indentation_and_line_ends_do_not_change_a_snippet() {
        assert_eq!(snippet_hash("  let x = 1;\r\n\tf(x)"), snippet_hash("let x=1;\n    f(x)"));
        assert_ne!(snippet_hash("let x = 1;"), snippet_hash("let x = 2;"));
        assert_eq!(snippet_hash(" \n"), 0);
    }

    #[test]
    fn numbers_do_not_change_a_message() {
        assert_eq!(masked_hash("line 7 of 12"), masked_hash("line 1234 of 5"));
        assert_ne!(masked_hash("line 7"), masked_hash("line"));
        assert_ne!(masked_hash("a1b"), masked_hash("ab"));
        assert_eq!(masked_hash(""), 0);
    }

    #[test]
    fn one_message_of_two_rules_is_two_identities() {
        assert_ne!(identity("a", 5), identity("b", 5));
        assert!(!identity("a", 0).is_there());
    }
}
