//! A path as a tool wrote it: slashes, drives, dots, and folders of CI services.

/// A path brought to one form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Written {
    /// True if it starts at a root or a drive.
    pub(super) absolute: bool,
    /// True if it starts at a drive.
    pub(super) drive: bool,
    /// How many `..` it begins with (a relative path only).
    pub(super) ups: usize,
    /// The components behind these, joined by `/`; never empty.
    pub(super) path: String,
    /// A name that the format gives beside the path, before `//`: the module of a JaCoCo group.
    pub(super) group: Option<String>,
}

impl Written {
    /// Brings a path to one form; `None` if it names nothing.
    pub(super) fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_prefix("file://").unwrap_or(text).replace('\\', "/");
        if text.contains('\0') {
            return None;
        }
        let (group, text) = match text.split_once("//") {
            Some((group, rest)) if !group.is_empty() && !group.ends_with(':') && !group.starts_with('/') => {
                (Some(group.to_owned()), rest.to_owned())
            }
            _ => (None, text),
        };
        let drive = matches!(text.as_bytes(), [letter, b':', rest @ ..]
            if letter.is_ascii_alphabetic() && matches!(rest, [] | [b'/', ..]));
        let rest = if drive { text.get(2..).unwrap_or_default() } else { &text };
        let absolute = drive || rest.starts_with('/');
        let mut ups = 0;
        let mut parts: Vec<&str> = Vec::new();
        for part in rest.split('/') {
            match part {
                "" | "." => {}
                // Above the root is the root.
                ".." => {
                    if parts.pop().is_none() && !absolute {
                        ups += 1;
                    }
                }
                part => parts.push(part),
            }
        }
        if parts.is_empty() {
            return None;
        }
        Some(Self { absolute, drive, ups, path: parts.join("/"), group })
    }

    /// The path below the folders that `root` names, if it lies there. Both are absolute.
    pub(super) fn below<'p>(&'p self, root: &Self) -> Option<&'p str> {
        if !self.absolute || !root.absolute {
            return None;
        }
        self.path.strip_prefix(root.path.as_str())?.strip_prefix('/')
    }

    /// What follows the folder in which a CI service checks repositories out, for each service whose folder
    /// this may be.
    pub(super) fn below_workspaces(&self) -> impl Iterator<Item = &str> {
        let patterns: &[&[&str]] = match (self.absolute, self.drive) {
            (false, _) => &[],
            (true, false) => WORKSPACES,
            (true, true) => DRIVE_WORKSPACES,
        };
        let fixed = patterns.iter().filter_map(|pattern| strip(&self.path, pattern));
        // A self-hosted runner's folder, wherever it is installed.
        let runner = self.path.split_once("/_work/").filter(|_| self.absolute);
        fixed.chain(runner.and_then(|(_, rest)| strip(rest, &["*", "*"])))
    }

    /// True if the path lies where toolchains and package managers keep code that is never the repository's.
    pub(super) fn is_foreign(&self) -> bool {
        let path = self.path.as_str();
        let system = ["rustc/", "usr/", "nix/store/", "Library/", "System/", "Applications/"];
        // The usual working directory of container images.
        let image = path.starts_with("usr/src/app/") || path.starts_with("usr/src/");
        let of_system = self.absolute && system.iter().any(|root| path.starts_with(root)) && !image;
        let folders = [
            ".cargo",
            ".rustup",
            ".nuget",
            ".m2",
            ".gradle",
            ".venv",
            ".tox",
            "node_modules",
            "site-packages",
            "dist-packages",
        ];
        let mut parts = path.split('/').peekable();
        let mut in_folder = false;
        while let Some(part) = parts.next() {
            in_folder |= folders.contains(&part) || (part == "pkg" && parts.peek() == Some(&"mod"));
        }
        of_system || in_folder
    }
}

/// Folders of CI services, `*` for any one name.
const WORKSPACES: &[&[&str]] = &[
    &["github", "workspace"],
    &["home", "runner", "work", "*", "*"],
    &["Users", "runner", "work", "*", "*"],
    &["__w", "*", "*"],
    &["home", "vsts", "work", "1", "s"],
    &["home", "circleci", "project"],
    &["root", "project"],
    &["builds", "*", "*"],
    &["var", "jenkins_home", "workspace", "*"],
    &["home", "jenkins", "workspace", "*"],
    &["home", "jenkins", "agent", "workspace", "*"],
    &["home", "travis", "build", "*", "*"],
    &["opt", "atlassian", "pipelines", "agent", "build"],
    &["bitrise", "src"],
    &["drone", "src"],
    &["workspace"],
    // Deterministic builds of .NET name the repository's root so.
    &["_"],
];

const DRIVE_WORKSPACES: &[&[&str]] = &[&["a", "*", "*"], &["github", "workspace"], &["builds", "*", "*"]];

fn strip<'p>(path: &'p str, pattern: &[&str]) -> Option<&'p str> {
    pattern.iter().try_fold(path, |rest, wanted| {
        let (part, rest) = rest.split_once('/')?;
        (*wanted == "*" || *wanted == part).then_some(rest)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> String {
        Written::new(text).unwrap().path
    }

    #[test]
    fn slashes_drives_and_dots_are_brought_to_one_form() {
        assert_eq!(path("./src//x/../main.rs"), "main.rs", "what stands before // is a group");
        assert_eq!(path("/app//src/x/../main.rs"), "app/src/main.rs");
        assert_eq!(path("D:\\a\\b.rs"), "a/b.rs");
        assert_eq!(path("/../../etc"), "etc");
        assert_eq!(path("file:///app/x.c"), "app/x.c");
        let up = Written::new("../../x/./y").unwrap();
        assert_eq!((up.ups, up.path.as_str(), up.absolute), (2, "x/y", false));
        for nothing in ["", ".", "/", "..", "C:", "C:\\", "a\0b", " "] {
            assert_eq!(Written::new(nothing), None, "{nothing:?}");
        }
    }

    #[test]
    fn folders_of_ci_services_are_known() {
        for text in [
            "/github/workspace/src/x",
            "/home/runner/work/tool/tool/src/x",
            "D:\\a\\tool\\tool\\src\\x",
            "/__w/tool/tool/src/x",
            "/opt/runner/_work/tool/tool/src/x",
            "/_/src/x",
            "/builds/acme/tool/src/x",
        ] {
            let written = Written::new(text).unwrap();
            assert!(written.below_workspaces().any(|rest| rest == "src/x"), "{text}");
        }
        assert_eq!(Written::new("a/tool/tool/src/x").unwrap().below_workspaces().count(), 0);
    }

    #[test]
    fn code_of_toolchains_and_packages_is_foreign() {
        for text in [
            "/root/.cargo/registry/src/index-1/serde-1.0/src/lib.rs",
            "/rustc/9fc6b431/library/core/src/lib.rs",
            "/usr/include/c++/12/vector",
            "web/node_modules/x/index.js",
            "/go/pkg/mod/github.com/x/y.go",
        ] {
            assert!(Written::new(text).unwrap().is_foreign(), "{text}");
        }
        for text in ["/usr/src/app/index.js", "/app/src/lib.rs", "usr/x.c", "pkg/model/x.go"] {
            assert!(!Written::new(text).unwrap().is_foreign(), "{text}");
        }
    }
}
