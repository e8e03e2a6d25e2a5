//! Path rules of the policy: `FROM => TO` (coverage.md b.7).
//!
//! `FROM` is the beginning of a path as a tool wrote it, in whole components, `*` for any one of them; `TO` is a
//! folder of the repository, `.` for its root. `FROM => -` says that such paths are no files of the repository.

use super::written::Written;

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathRule {
    text: String,
    absolute: bool,
    from: Vec<String>,
    /// The folder with a slash at its end, empty for the root; `None` for paths that are no files of the repository.
    to: Option<String>,
}

/// Why a text is no rule. The fault is the policy author's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathRuleError {
    /// No arrow, or several.
    #[error("expected `FROM => TO`, such as `/build => src`")]
    NoArrow,
    /// What the tool writes is left out, or leaves its folder.
    #[error("what stands before `=>` must be the beginning of a path that a tool writes, without `..`")]
    From,
    /// Not a folder of the repository.
    #[error("what stands behind `=>` must be a folder of the repository, `.` for its root, or `-`")]
    To,
    /// Longer than paths are.
    #[error("a rule has at most 1024 bytes and 64 folders")]
    TooLong,
}

impl PathRule {
    /// Reads a rule.
    ///
    /// # Errors
    /// Says which side is wrong.
    pub fn new(text: &str) -> Result<Self, PathRuleError> {
        if text.len() > 1024 {
            return Err(PathRuleError::TooLong);
        }
        let (from, to) = text.split_once("=>").ok_or(PathRuleError::NoArrow)?;
        let (from, to) = (from.trim(), to.trim());
        if to.contains("=>") {
            return Err(PathRuleError::NoArrow);
        }
        let (absolute, from) = match (from, Written::new(from)) {
            ("." | "./", _) => (false, Vec::new()),
            (_, Some(written)) if written.ups == 0 && written.group.is_none() => {
                (written.absolute, written.path.split('/').map(str::to_owned).collect())
            }
            (_, Some(_) | None) => return Err(PathRuleError::From),
        };
        if from.len() > 64 {
            return Err(PathRuleError::TooLong);
        }
        let to = match (to, Written::new(to)) {
            ("-", _) => None,
            ("." | "./", _) => Some(String::new()),
            (_, Some(written))
                if !written.absolute
                    && written.ups == 0
                    && written.group.is_none()
                    && !written.path.contains('*') =>
            {
                Some(format!("{}/", written.path))
            }
            (_, Some(_) | None) => return Err(PathRuleError::To),
        };
        Ok(Self { text: text.trim().to_owned(), absolute, from, to })
    }

    /// The rule as it is written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The path in the repository that a path becomes; `None` if the rule says nothing of it.
    pub(super) fn apply(&self, written: &Written) -> Option<String> {
        let folder = self.to.as_ref()?;
        match self.rest(written)? {
            // The rule names the file itself.
            "" => Some(folder.trim_end_matches('/').to_owned()),
            rest => Some(format!("{folder}{rest}")),
        }
    }

    /// True if the rule says that the path is no file of the repository.
    pub(super) fn leaves_out(&self, written: &Written) -> bool {
        self.to.is_none() && self.rest(written).is_some()
    }

    /// What follows `FROM`.
    fn rest<'w>(&self, written: &'w Written) -> Option<&'w str> {
        if self.absolute != written.absolute || written.ups > 0 {
            return None;
        }
        let mut rest = Some(written.path.as_str());
        for wanted in &self.from {
            let path = rest?;
            let (part, behind) = match path.split_once('/') {
                Some((part, behind)) => (part, Some(behind)),
                None => (path, None),
            };
            if wanted != "*" && wanted != part {
                return None;
            }
            rest = behind;
        }
        Some(rest.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(rule: &str, path: &str) -> Option<String> {
        PathRule::new(rule).unwrap().apply(&Written::new(path).unwrap())
    }

    #[test]
    fn whole_components_are_replaced() {
        assert_eq!(applied("/build => src", "/build/a/b.rs").as_deref(), Some("src/a/b.rs"));
        assert_eq!(applied("/build => src", "/builder/b.rs"), None);
        assert_eq!(applied("/build => .", "build/b.rs"), None, "one is absolute, the other not");
        assert_eq!(
            applied("com/acme => app/src/com/acme", "com/acme/X.java").as_deref(),
            Some("app/src/com/acme/X.java")
        );
        assert_eq!(applied(". => web", "src/a.ts").as_deref(), Some("web/src/a.ts"));
        assert_eq!(applied("/home/*/tool => .", "/home/ci/tool/a.c").as_deref(), Some("a.c"));
        assert_eq!(
            applied("C:\\src => .", "D:\\src\\a.cs").as_deref(),
            Some("a.cs"),
            "drives are no part of a path"
        );
        assert_eq!(applied("gen.py => tools/gen.py", "gen.py").as_deref(), Some("tools/gen.py"));
    }

    #[test]
    fn a_rule_that_says_nothing_is_refused() {
        for (rule, error) in [
            ("/build", PathRuleError::NoArrow),
            ("/a => b => c", PathRuleError::NoArrow),
            (" => src", PathRuleError::From),
            ("../x => src", PathRuleError::From),
            ("/a => /b", PathRuleError::To),
            ("/a => ../b", PathRuleError::To),
            ("/a => b/*", PathRuleError::To),
            ("/a =>", PathRuleError::To),
        ] {
            assert_eq!(PathRule::new(rule), Err(error), "{rule}");
        }
        let deep = format!("{}x => y", "*/".repeat(200));
        assert_eq!(PathRule::new(&deep), Err(PathRuleError::TooLong));
    }
}
