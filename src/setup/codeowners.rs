//! Who owns the repository, by its CODEOWNERS.

use super::TextFile;

/// Where GitHub looks, in its order.
pub const PLACES: [&str; 3] = [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"];

/// Owners of the whole repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owners {
    /// `@user` or `@org/team`, in the order of the line.
    pub names: Vec<String>,
    /// The file.
    pub file: String,
    /// The line that names them, 1-based.
    pub line: usize,
}

/// The owners of everything: those of the last line whose pattern covers the whole repository (the last match
/// wins). `None` if no line does: who owns a part is no owner of the whole.
pub(super) fn whole_repository(codeowners: &TextFile) -> Option<Owners> {
    let mut found = None;
    for (index, line) in codeowners.text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or(line);
        let mut words = line.split_whitespace();
        if !matches!(words.next(), Some("*" | "**" | "/" | "/**" | "/*")) {
            continue;
        }
        let names: Vec<String> = words.filter(|name| is_name(name)).map(str::to_owned).collect();
        // A pattern without an owner takes the ownership away.
        found = (!names.is_empty()).then(|| Owners { names, file: codeowners.name.clone(), line: index + 1 });
    }
    found
}

/// `@user` or `@org/team`; an address of mail is left out.
fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    name.strip_prefix('@')
        .is_some_and(|rest| !rest.is_empty() && rest.len() <= 100 && rest.chars().all(plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owners(text: &str) -> Option<(Vec<String>, usize)> {
        let file = TextFile { name: "CODEOWNERS".to_owned(), text: text.to_owned() };
        whole_repository(&file).map(|owners| (owners.names, owners.line))
    }

    #[test]
    fn the_last_line_for_everything_names_the_owners() {
        let text = "# ours\n* @acme/old\n/docs/ @acme/writers\n*  @acme/core @lead # both\n";
        assert_eq!(owners(text), Some((vec!["@acme/core".to_owned(), "@lead".to_owned()], 4)));
    }

    #[test]
    fn who_owns_a_part_does_not_own_the_whole() {
        assert_eq!(owners("/src/ @acme/core\n*.rs @acme/core\n"), None);
        assert_eq!(owners("* @acme/core\n*\n"), None);
        assert_eq!(owners("* someone@example.com\n"), None);
    }
}
