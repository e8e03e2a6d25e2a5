//! Paths as tools write them.

/// True for a URI with a scheme, a path from a root, and a Windows drive.
pub(in crate::formats::scans) fn is_absolute(uri: &str) -> bool {
    let scheme = uri.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
    });
    scheme || uri.starts_with(['/', '\\'])
}

/// Backslashes become slashes; `.`, empty and resolvable `..` components go.
pub(in crate::formats::scans) fn path(path: &str) -> String {
    if is_absolute(path) && path.contains("://") {
        return path.to_owned();
    }
    let path = path.replace('\\', "/");
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let root = if path.starts_with("//") {
        "//"
    } else if path.starts_with('/') {
        "/"
    } else {
        ""
    };
    format!("{root}{}", parts.join("/"))
}
