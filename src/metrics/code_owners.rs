//! CODEOWNERS: which owners a path has.
//!
//! <https://docs.github.com/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners>
//! and, for sections, <https://docs.gitlab.com/user/project/codeowners/reference/>. The last line that matches a
//! path decides; owners of several lines do not add up, those of several sections do.

use super::Handle;
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

/// GitHub reads no file that is larger.
pub const MOST_BYTES: usize = 3 << 20;
/// More lines than any organisation keeps by hand.
const MOST_RULES: usize = 20_000;

/// Where GitHub and GitLab look, in their order; the first that is there counts.
pub const CODE_OWNERS_PLACES: [&str; 4] =
    [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS"];

/// One file, compiled.
#[derive(Clone, Debug)]
pub struct CodeOwners {
    rules: Vec<Rule>,
    /// Every glob, and the rule that it belongs to.
    set: GlobSet,
    rule_of_glob: Vec<usize>,
    sections: usize,
    /// Lines that cannot be read.
    unread: u64,
}

#[derive(Clone, Debug)]
struct Rule {
    section: usize,
    is_for_all: bool,
    owners: Vec<Handle>,
    /// Users and teams as the line writes them; addresses are left out.
    written: Vec<String>,
    /// Its line, 1-based.
    line: usize,
}

impl CodeOwners {
    /// Reads a file. A line that cannot be read is left out and counted, as GitHub does; a file that is too large
    /// or has too many lines is `None`.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > MOST_BYTES {
            return None;
        }
        let mut rules: Vec<Rule> = Vec::new();
        let (mut builder, mut rule_of_glob) = (GlobSetBuilder::new(), Vec::new());
        let (mut sections, mut defaults, mut unread) = (0, Vec::new(), 0);
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if let Some(owners) = section_owners(line) {
                sections += 1;
                defaults = owners;
                continue;
            }
            let (pattern, rest) = pattern_and_rest(line);
            let Some(globs) = globs_of(&pattern) else {
                unread += 1;
                continue;
            };
            let mut owners = handles(rest);
            if owners.is_empty() {
                owners.clone_from(&defaults);
            }
            for glob in globs {
                builder.add(glob);
                rule_of_glob.push(rules.len());
            }
            rules.push(Rule {
                section: sections,
                is_for_all: matches!(pattern.as_str(), "*" | "**" | "/**" | "/"),
                owners,
                written: written(rest),
                line: index + 1,
            });
            if rules.len() > MOST_RULES {
                return None;
            }
        }
        let set = builder.build().ok()?;
        Some(Self { rules, set, rule_of_glob, sections: sections + 1, unread })
    }

    /// The owners of a path from the root of the repository.
    pub fn owners_of(&self, path: &str) -> Vec<&Handle> {
        let mut last: Vec<Option<usize>> = vec![None; self.sections];
        for glob in self.set.matches(path) {
            let Some(index) = self.rule_of_glob.get(glob).copied() else { continue };
            if let Some(slot) = self.rules.get(index).and_then(|rule| last.get_mut(rule.section)) {
                *slot = (*slot).max(Some(index));
            }
        }
        let rules = last.into_iter().flatten().filter_map(|index| self.rules.get(index));
        rules.flat_map(|rule| &rule.owners).collect()
    }

    /// The owners of every path, if one list holds for all of them: then nobody has to look at paths.
    pub fn same_for_all(&self) -> Option<Vec<&Handle>> {
        let all = self.rules.iter().all(|rule| rule.is_for_all);
        (all && self.sections == 1)
            .then(|| self.rules.last().map_or(Vec::new(), |rule| rule.owners.iter().collect()))
    }

    /// Users and teams that own the whole repository, as they are written, and the line that names them: the last
    /// line whose pattern covers every path (the last match wins). `None` if no line does, or if it takes the
    /// ownership away: who owns a part is no owner of the whole.
    pub fn of_everything(&self) -> Option<(&[String], usize)> {
        let last = self.rules.iter().rfind(|rule| rule.is_for_all)?;
        (!last.written.is_empty()).then_some((last.written.as_slice(), last.line))
    }

    /// How many lines cannot be read.
    pub const fn unread(&self) -> u64 {
        self.unread
    }
}

/// The default owners of a section, if the line begins one: `[Docs][2] @team`, `^[Optional]`.
fn section_owners(line: &str) -> Option<Vec<Handle>> {
    let mut rest = line.strip_prefix('^').unwrap_or(line).strip_prefix('[')?.split_once(']')?.1;
    if let Some(approvals) = rest.strip_prefix('[') {
        rest = approvals.split_once(']')?.1;
    }
    (rest.is_empty() || rest.starts_with([' ', '\t'])).then(|| handles(rest))
}

fn handles(text: &str) -> Vec<Handle> {
    text.split_whitespace().take_while(|word| !word.starts_with('#')).filter_map(Handle::parse).collect()
}

/// `@user` and `@org/team` of a line, as they stand there.
fn written(text: &str) -> Vec<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    let is_name = |name: &&str| {
        let rest = name.strip_prefix('@').unwrap_or_default();
        !rest.is_empty() && rest.len() <= 100 && rest.chars().all(plain)
    };
    text.split_whitespace()
        .take_while(|word| !word.starts_with('#'))
        .filter(is_name)
        .map(str::to_owned)
        .collect()
}

/// The pattern, in which `\ ` is a space, and what follows it.
fn pattern_and_rest(line: &str) -> (String, &str) {
    let mut pattern = String::new();
    let mut characters = line.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '\\' => pattern.extend(characters.next().map(|(_, escaped)| escaped)),
            c if c.is_whitespace() => return (pattern, line.get(at..).unwrap_or_default()),
            c => pattern.push(c),
        }
    }
    (pattern, "")
}

/// The globs of a pattern; `None` if GitHub reads it as no pattern either (`!`, `[`).
fn globs_of(pattern: &str) -> Option<Vec<globset::Glob>> {
    if pattern.starts_with('!') || pattern.contains(['[', ']']) {
        return None;
    }
    let is_folder = pattern.ends_with('/');
    let bare = pattern.trim_end_matches('/');
    let is_anchored = bare.contains('/');
    let bare = bare.trim_start_matches('/');
    let plain: String = bare.chars().fold(String::new(), |mut plain, c| {
        if matches!(c, '{' | '}' | '\\') {
            plain.push('\\');
        }
        plain.push(c);
        plain
    });
    let base = match (plain.is_empty(), is_anchored) {
        (true, _) => "**".to_owned(),
        (false, true) => plain,
        (false, false) => format!("**/{plain}"),
    };
    let last = base.rsplit('/').next().unwrap_or(&base);
    let texts = if last == "**" || (last == "*" && is_anchored) {
        // `docs/*` is the files in the folder, and none below.
        vec![base]
    } else if is_folder {
        vec![format!("{base}/**")]
    } else {
        vec![format!("{base}/**"), base]
    };
    let glob =
        |text: &String| GlobBuilder::new(text).literal_separator(true).backslash_escape(true).build().ok();
    texts.iter().map(glob).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owners(text: &str, path: &str) -> Vec<String> {
        let file = CodeOwners::parse(text).unwrap();
        let name = |handle: &Handle| match handle {
            Handle::Login(text) | Handle::Email(text) | Handle::Team(text) => text.clone(),
        };
        file.owners_of(path).into_iter().map(name).collect()
    }

    #[test]
    fn the_last_line_that_matches_decides() {
        let text = "* @all\n/pay/ @acme/pay # ours\n/pay/docs/ @acme/docs @bob\n";
        assert_eq!(owners(text, "README.md"), ["all"]);
        assert_eq!(owners(text, "pay/a.rs"), ["acme/pay"]);
        assert_eq!(owners(text, "pay/docs/x/y.md"), ["acme/docs", "bob"]);
        assert_eq!(owners(text, "web/pay/a.rs"), ["all"]);
    }

    #[test]
    fn patterns_mean_what_the_documentation_of_github_says() {
        for (pattern, path, matches) in [
            ("*.js", "a/b/c.js", true),
            ("/build/logs/", "build/logs/x/y.log", true),
            ("/build/logs/", "src/build/logs/y.log", false),
            ("docs/*", "docs/getting-started.md", true),
            ("docs/*", "docs/build-app/troubleshooting.md", false),
            ("apps/", "x/apps/y/z", true),
            ("/docs/", "docs/a", true),
            ("/docs/", "x/docs/a", false),
            ("/scripts", "scripts/a", true),
            ("**/logs", "deeply/nested/logs/a", true),
            ("**/logs", "logs", true),
            ("/apps/github", "apps/github/x", true),
            ("a\\ b/", "a b/x", true),
            ("/{x}", "{x}", true),
            ("docs/**/*.md", "docs/a/b/c.md", true),
        ] {
            let text = format!("{pattern} @owner\n");
            assert_eq!(!owners(&text, path).is_empty(), matches, "{pattern} {path}");
        }
    }

    #[test]
    fn a_line_without_owners_takes_the_owner_away() {
        assert!(owners("/apps/ @octocat\n/apps/github\n", "apps/github/x").is_empty());
    }

    #[test]
    fn sections_of_gitlab_add_up_and_give_defaults() {
        let text = "* @all\n[Docs][2] @docs\n*.md\n^[Security]\n/auth/ @sec\n";
        assert_eq!(owners(text, "auth/x.md"), ["all", "docs", "sec"]);
    }

    fn of_everything(text: &str) -> Option<(Vec<String>, usize)> {
        CodeOwners::parse(text).unwrap().of_everything().map(|(names, line)| (names.to_vec(), line))
    }

    #[test]
    fn the_last_line_for_everything_names_the_owners_of_the_whole() {
        let text = "# ours\n* @acme/old\n/docs/ @acme/writers\n*  @acme/Core @lead # both\n";
        assert_eq!(of_everything(text), Some((vec!["@acme/Core".to_owned(), "@lead".to_owned()], 4)));
    }

    #[test]
    fn who_owns_a_part_does_not_own_the_whole() {
        assert_eq!(of_everything("/src/ @acme/core\n*.rs @acme/core\n"), None);
        assert_eq!(of_everything("/* @acme/core\n"), None, "the files at the root alone");
        assert_eq!(of_everything("* @acme/core\n*\n"), None);
        assert_eq!(of_everything("* someone@example.com\n"), None);
    }

    #[test]
    fn a_file_that_names_everybody_for_everything_needs_no_paths() {
        let file = CodeOwners::parse("# team\n* @a @b\n").unwrap();
        assert_eq!(file.same_for_all().map(|owners| owners.len()), Some(2));
        assert!(CodeOwners::parse("* @a\n/x/ @b\n").unwrap().same_for_all().is_none());
        let odd = CodeOwners::parse("!x @a\n[ab].rs @b\n* @c\n").unwrap();
        assert_eq!(odd.unread(), 2);
    }
}
