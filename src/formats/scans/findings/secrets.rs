//! Rules whose findings quote a secret.

/// True if the id or the title of a rule says that it looks for secrets. What such a rule says of a finding may hold
/// the secret itself, so its words and its piece of source are not kept, whatever the finding's class is.
pub(in crate::formats::scans) fn quotes_secrets(rule: &str) -> bool {
    const WORDS: &[&str] = &[
        "secret",
        "password",
        "passwd",
        "passphrase",
        "credential",
        "apikey",
        "privatekey",
        "accesskey",
        "accesstoken",
        "authtoken",
    ];
    // Bandit's tests for passwords have numbers for names.
    if matches!(rule, "B105" | "B106" | "B107" | "G101") {
        return true;
    }
    let letters: String =
        rule.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    WORDS.iter().any(|word| letters.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_about_secrets_are_known_by_their_names() {
        for rule in [
            "B105",
            "G101",
            "generic.secrets.security.detected-aws-key",
            "js/hardcoded-credentials",
            "no-secrets/no-secrets",
            "javascript/NoHardcodedPasswords",
            "Passwords And Secrets - Generic API Key",
            "private-key",
        ] {
            assert!(quotes_secrets(rule), "{rule}");
        }
        for rule in ["B602", "sql-injection", "csrf-token", "keyboard", ""] {
            assert!(!quotes_secrets(rule), "{rule}");
        }
    }
}
