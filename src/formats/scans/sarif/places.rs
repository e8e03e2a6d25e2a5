//! Artifacts, base ids and URIs become paths (SARIF 2.1.0 §3.4, §3.14.14, §3.14.15).

use super::super::findings::{SHORT, inside, is_absolute, path as normalised};
use super::wire::read_artifact_location;
use crate::formats::ParseError;
use crate::formats::json::Json;
use crate::model::decode_escapes;
use std::collections::BTreeMap;

/// Where the files of a run are.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// `originalUriBaseIds`: id → (URI, id of its own base).
    bases: BTreeMap<String, (String, String)>,
    /// Absolute URIs of folders that stand for the root of the repository.
    roots: Vec<String>,
    artifacts: Artifacts,
    /// True if something was not kept because there was too much of it.
    pub(super) cut: bool,
}

/// `artifacts`, in one text: a report may have a hundred thousand of them.
#[derive(Debug, Default)]
struct Artifacts {
    text: String,
    /// Ends of the URI and of the base id in `text`.
    ends: Vec<(u32, u32)>,
}

impl Places {
    const MOST_BASES: usize = 256;
    const MOST_ROOTS: usize = 16;
    const MOST_ARTIFACT_BYTES: usize = 4 << 20;
    const LONGEST_CHAIN: usize = 16;

    /// Takes `artifacts`: results may name a file by its index alone.
    pub(super) fn read_artifacts(&mut self, json: &mut Json<'_, '_>) -> Result<(), ParseError> {
        let (mut uri, mut base) = (String::new(), String::new());
        json.array(|json| {
            uri.clear();
            base.clear();
            inside(json, "location", |json| read_artifact_location(json, &mut uri, &mut base, &mut -1))?;
            if self.artifacts.text.len() + uri.len() + base.len() > Self::MOST_ARTIFACT_BYTES
                || self.artifacts.ends.len() * 40 > Self::MOST_ARTIFACT_BYTES
            {
                self.cut = true;
                return Ok(());
            }
            self.artifacts.push(&uri, &base);
            Ok(())
        })?;
        Ok(())
    }

    /// Takes `originalUriBaseIds`.
    pub(super) fn read_bases(&mut self, json: &mut Json<'_, '_>) -> Result<(), ParseError> {
        json.entries(|json, id| {
            let (mut uri, mut base) = (String::new(), String::new());
            read_artifact_location(json, &mut uri, &mut base, &mut -1)?;
            if self.bases.len() < Self::MOST_BASES && id.len() <= SHORT {
                self.bases.insert(id.to_owned(), (uri, base));
            } else {
                self.cut = true;
            }
            Ok(())
        })?;
        Ok(())
    }

    /// Takes an artifact location that names a folder which the repository's root is at: the working directory
    /// of the tool, or where a checkout is mapped to.
    pub(super) fn read_root(&mut self, json: &mut Json<'_, '_>) -> Result<(), ParseError> {
        let (mut uri, mut base) = (String::new(), String::new());
        read_artifact_location(json, &mut uri, &mut base, &mut -1)?;
        if is_absolute(&uri) && self.roots.len() < Self::MOST_ROOTS {
            self.roots.push(uri);
        }
        Ok(())
    }

    /// The path of a location: from the root where the report says enough, else as it says it. `None` if it
    /// names no file at all.
    pub(super) fn path(&self, uri: &str, base: &str, artifact: i32) -> Option<String> {
        let (uri, base) = match (uri, usize::try_from(artifact)) {
            ("", Ok(index)) => self.artifacts.get(index)?,
            _ => (uri, base),
        };
        if uri.is_empty() {
            return None;
        }
        let mut relative = uri.to_owned();
        let mut absolute = is_absolute(uri).then(|| uri.to_owned());
        let mut next = base;
        for _ in 0..Self::LONGEST_CHAIN {
            if absolute.is_some() {
                break;
            }
            let Some((base_uri, its_base)) = self.bases.get(next) else { break };
            let joined = join(base_uri, &relative);
            if is_absolute(base_uri) {
                absolute = Some(joined);
            } else {
                relative = joined;
                next = its_base;
            }
        }
        let below_root = absolute.as_deref().and_then(|absolute| self.below_root(absolute));
        let path = match (&below_root, &absolute) {
            (Some(path), _) => path,
            // The folder of a base id stands for the root where nothing better is known.
            (None, Some(absolute)) if is_absolute(uri) => absolute,
            (None, _) => &relative,
        };
        Some(normalised(&decode_escapes(strip_file_scheme(path))))
    }

    fn below_root(&self, absolute: &str) -> Option<String> {
        let longest = self.roots.iter().filter_map(|root| {
            let rest =
                strip_file_scheme(absolute).strip_prefix(strip_file_scheme(root).trim_end_matches('/'))?;
            rest.strip_prefix('/').filter(|rest| !rest.is_empty())
        });
        longest.min_by_key(|rest| rest.len()).map(str::to_owned)
    }
}

impl Artifacts {
    fn push(&mut self, uri: &str, base: &str) {
        self.text.push_str(uri);
        let uri_end = self.text.len();
        self.text.push_str(base);
        let end = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        self.ends.push((end(uri_end), end(self.text.len())));
    }

    fn get(&self, index: usize) -> Option<(&str, &str)> {
        let &(uri_end, base_end) = self.ends.get(index)?;
        let start = index.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |ends| ends.1);
        let part = |from: u32, to: u32| self.text.get(usize::try_from(from).ok()?..usize::try_from(to).ok()?);
        Some((part(start, uri_end)?, part(uri_end, base_end)?))
    }
}

fn join(base: &str, relative: &str) -> String {
    let slash = if base.is_empty() || base.ends_with('/') || relative.starts_with('/') { "" } else { "/" };
    format!("{base}{slash}{relative}")
}

/// `file:///C:/x` → `C:/x`, `file:///x` → `/x`, `file://host/x` → `//host/x`; others as they are.
fn strip_file_scheme(uri: &str) -> &str {
    let is_file = uri.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("file:"));
    let Some(path) = uri.get(5..).filter(|_| is_file) else { return uri };
    let path = path.strip_prefix("//").filter(|rest| rest.starts_with('/')).unwrap_or(path);
    match path.as_bytes() {
        [b'/', drive, b':', ..] if drive.is_ascii_alphabetic() => path.get(1..).unwrap_or(path),
        _ => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::Source;

    fn places(bases: &str, artifacts: &str, root: &str) -> Places {
        let mut places = Places::default();
        places.read_bases(&mut Json::new(&mut Source::from_bytes(bases.as_bytes()))).unwrap();
        places.read_artifacts(&mut Json::new(&mut Source::from_bytes(artifacts.as_bytes()))).unwrap();
        places.read_root(&mut Json::new(&mut Source::from_bytes(root.as_bytes()))).unwrap();
        places
    }

    #[test]
    fn a_chain_of_bases_is_followed_to_the_root() {
        let places = places(
            r#"{"ROOT": {"uri": "file:///home/runner/work/repo/"}, "SRC": {"uri": "src/", "uriBaseId": "ROOT"}}"#,
            "[]",
            "{}",
        );
        assert_eq!(places.path("main.c", "SRC", -1).as_deref(), Some("src/main.c"));
        assert_eq!(places.path("a%20b.c", "ROOT", -1).as_deref(), Some("a b.c"));
        assert_eq!(places.path("a.c", "%SRCROOT%", -1).as_deref(), Some("a.c"));
        assert_eq!(places.path("file:///etc/x", "SRC", -1).as_deref(), Some("/etc/x"));
    }

    #[test]
    fn bases_that_refer_to_each_other_end() {
        let places = places(
            r#"{"A": {"uri": "a/", "uriBaseId": "B"}, "B": {"uri": "b/", "uriBaseId": "A"}}"#,
            "[]",
            "{}",
        );
        assert!(places.path("x", "A", -1).unwrap().ends_with("b/a/x"));
    }

    #[test]
    fn an_absolute_path_below_a_root_is_taken_relative_to_it() {
        let places =
            places(r#"{"R": {"uri": "file:///w/repo/sub/"}}"#, "[]", r#"{"uri": "file:///w/repo/"}"#);
        assert_eq!(places.path("file:///w/repo/src/x.c", "", -1).as_deref(), Some("src/x.c"));
        assert_eq!(places.path("x.c", "R", -1).as_deref(), Some("sub/x.c"));
        assert_eq!(places.path("file:///w/repository/x.c", "", -1).as_deref(), Some("/w/repository/x.c"));
    }

    #[test]
    fn an_artifact_may_be_named_by_its_index_alone() {
        let places = places(
            r#"{"S": {"uri": "src/"}}"#,
            r#"[{"location": {"uri": "a.c"}}, null, {"location": {"uri": "b.c", "uriBaseId": "S"}}]"#,
            "{}",
        );
        assert_eq!(places.path("", "", 0).as_deref(), Some("a.c"));
        assert_eq!(places.path("", "", 1), None);
        assert_eq!(places.path("", "", 2).as_deref(), Some("src/b.c"));
        assert_eq!(places.path("", "", 3), None);
        assert_eq!(places.path("", "", -1), None);
    }

    #[test]
    fn windows_paths_and_odd_uris_are_kept_readable() {
        let places = Places::default();
        for (uri, path) in [
            ("src\\x\\y.cs", "src/x/y.cs"),
            ("file:///C:/src/x.cs", "C:/src/x.cs"),
            ("./a/./b/../c", "a/c"),
            ("../../etc/passwd", "../../etc/passwd"),
            ("https://example.com/a?b", "https://example.com/a?b"),
            ("100%.txt", "100%.txt"),
            ("%ff", "%ff"),
        ] {
            assert_eq!(places.path(uri, "", -1).as_deref(), Some(path), "{uri}");
        }
    }
}
