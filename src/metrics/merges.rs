//! What the message of a commit says of the pull request that it merged.

/// A commit of the branch, as a merged contribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Merge<'m> {
    /// A pull request (merge request, reviewed change).
    PullRequest {
        /// Its number, where the message says it.
        number: Option<u64>,
        /// The login of the fork that it came from, where the message says it.
        login: Option<&'m str>,
        /// Its title.
        title: &'m str,
    },
    /// A merge of the same branch into itself (`git pull`): what it brings in was pushed elsewhere.
    OwnBranch,
    /// Pushed without a pull request, or rebased so that nothing tells it from such a commit.
    Direct,
}

/// Reads the message of a commit on `branch`. Merges of GitHub, GitLab, Bitbucket, Azure DevOps, Gerrit and bors
/// are known, and squashed pull requests by the number behind their title.
pub fn merge_of<'m>(message: &'m str, is_merge: bool, branch: &str) -> Merge<'m> {
    let mut lines = message.lines().map(str::trim);
    let subject = lines.next().unwrap_or_default();
    let first_of_body = lines.find(|line| !line.is_empty()).unwrap_or(subject);
    let pull_request = |number, title| Merge::PullRequest { number, login: None, title };
    if let Some(rest) = subject.strip_prefix("Merge pull request #") {
        let (digits, rest) = split_digits(rest);
        let from = rest.strip_prefix(" from ").and_then(|from| from.split_once('/'));
        return Merge::PullRequest {
            number: digits.parse().ok(),
            login: from.map(|(login, _)| login),
            title: first_of_body,
        };
    }
    if let Some(rest) = subject.strip_prefix("Merged PR ") {
        let (digits, rest) = split_digits(rest);
        return pull_request(digits.parse().ok(), rest.trim_start_matches(':').trim_start());
    }
    if let Some(rest) = subject.strip_prefix("Merged in ").and_then(|rest| rest.split_once("(pull request #"))
    {
        return pull_request(split_digits(rest.1).0.parse().ok(), first_of_body);
    }
    if let Some(rest) = subject.strip_prefix("Auto merge of #") {
        return pull_request(split_digits(rest).0.parse().ok(), first_of_body);
    }
    if let Some(number) = message.lines().find_map(merge_request) {
        return pull_request(Some(number), if is_merge { first_of_body } else { subject });
    }
    if is_merge {
        return if is_own_branch(subject, branch) { Merge::OwnBranch } else { pull_request(None, subject) };
    }
    if let Some((title, number)) = squashed(subject) {
        return pull_request(Some(number), title);
    }
    if message.lines().any(|line| line.starts_with("Change-Id: I")) {
        return pull_request(None, subject);
    }
    Merge::Direct
}

fn split_digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

/// GitLab: `See merge request group/project!12`.
fn merge_request(line: &str) -> Option<u64> {
    let (_, number) = line.trim().strip_prefix("See merge request ")?.rsplit_once('!')?;
    number.parse().ok()
}

/// `Title (#12)`.
fn squashed(subject: &str) -> Option<(&str, u64)> {
    let (title, number) = subject.strip_suffix(')')?.rsplit_once("(#")?;
    let all_digits = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    all_digits.then(|| number.parse().ok()).flatten().map(|number| (title.trim_end(), number))
}

/// What `git pull` writes: `Merge branch 'main' of host:path`, `Merge remote-tracking branch 'origin/main'`.
fn is_own_branch(subject: &str, branch: &str) -> bool {
    if subject.contains(" into ") {
        return false;
    }
    let quoted = |rest: &str| rest.split('\'').next().unwrap_or_default().to_owned();
    if let Some(rest) = subject.strip_prefix("Merge branch '") {
        return quoted(rest) == branch;
    }
    subject
        .strip_prefix("Merge remote-tracking branch '")
        .is_some_and(|rest| quoted(rest).split_once('/').is_some_and(|(_, name)| name == branch))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(message: &str, is_merge: bool) -> Merge<'_> {
        merge_of(message, is_merge, "main")
    }

    #[test]
    fn merges_of_every_forge_are_known() {
        for (message, is_merge, number, login, title) in [
            (
                "Merge pull request #12 from carol/fix\n\nRound half even",
                true,
                Some(12),
                Some("carol"),
                "Round half even",
            ),
            ("Round half even (#12)\n\n* fix", false, Some(12), None, "Round half even"),
            ("Revert \"x (#9)\" (#12)", false, Some(12), None, "Revert \"x (#9)\""),
            (
                "Merge branch 'fix' into 'main'\n\nRound\n\nSee merge request acme/x!12",
                true,
                Some(12),
                None,
                "Round",
            ),
            ("Round\n\nSee merge request acme/x!12", false, Some(12), None, "Round"),
            ("Merged in fix (pull request #12)\n\nRound", true, Some(12), None, "Round"),
            ("Merged PR 12: Round", false, Some(12), None, "Round"),
            ("Auto merge of #12 - carol:fix, r=alice\n\nRound", true, Some(12), None, "Round"),
            ("Round\n\nChange-Id: I0123", false, None, None, "Round"),
            ("Merge branch 'fix'", true, None, None, "Merge branch 'fix'"),
        ] {
            assert_eq!(read(message, is_merge), Merge::PullRequest { number, login, title }, "{message}");
        }
    }

    #[test]
    fn a_pull_of_the_branch_is_no_contribution() {
        for message in [
            "Merge branch 'main' of https://example.com/acme/x",
            "Merge branch 'main'",
            "Merge remote-tracking branch 'origin/main'",
        ] {
            assert_eq!(read(message, true), Merge::OwnBranch, "{message}");
        }
        assert_ne!(read("Merge branch 'main' into release", true), Merge::OwnBranch);
    }

    #[test]
    fn a_commit_without_a_number_was_pushed_directly() {
        for message in ["Fix", "", "Fix #12", "Fix (#12) more", "Fix (#)", "Fix (#99999999999999999999999)"] {
            assert_eq!(read(message, false), Merge::Direct, "{message}");
        }
    }
}
