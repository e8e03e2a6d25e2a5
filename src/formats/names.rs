//! What the files of a format are usually called.

use super::Format;
use memchr::memmem;

/// The default globs of formats, ready to be matched. A set of regular expressions would be compiled in each run,
/// which takes longer than to read and judge a small report.
pub struct Names(Vec<(Name, &'static Format)>);

impl Names {
    /// The names of these formats.
    pub fn of(formats: impl Iterator<Item = &'static Format>) -> Self {
        let names =
            |format: &'static Format| format.default_globs.iter().map(move |glob| (Name::of(glob), format));
        Self(formats.flat_map(names).collect())
    }

    /// The formats of which a default glob matches a file's name.
    pub fn called(&self, name: &[u8]) -> Vec<&'static Format> {
        let mut called: Vec<&'static Format> = Vec::new();
        for (_, format) in self.0.iter().filter(|(known, _)| known.fits(name)) {
            if called.last().is_none_or(|last| last.id != format.id) {
                called.push(format);
            }
        }
        called
    }
}

/// A glob that knows `*` alone, cut at its stars.
struct Name {
    first: &'static [u8],
    /// What stands behind the first star: pieces in their order, and the last one. `None` without a star.
    more: Option<(Vec<&'static [u8]>, &'static [u8])>,
}

impl Name {
    fn of(glob: &'static str) -> Self {
        let mut pieces = glob.as_bytes().split(|byte| *byte == b'*');
        let (first, last) = (pieces.next().unwrap_or_default(), pieces.next_back());
        Self { first, more: last.map(|last| (pieces.collect(), last)) }
    }

    fn fits(&self, name: &[u8]) -> bool {
        let Some(rest) = name.strip_prefix(self.first) else { return false };
        let Some((pieces, last)) = &self.more else { return rest.is_empty() };
        let Some(mut rest) = rest.strip_suffix(*last) else { return false };
        for piece in pieces {
            let behind = memmem::find(rest, piece).and_then(|at| rest.get(at + piece.len()..));
            let Some(behind) = behind else { return false };
            rest = behind;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::super::all;
    use super::*;
    use globset::Glob;
    use proptest::prelude::*;

    fn fits(glob: &'static str, name: &[u8]) -> bool {
        Name::of(glob).fits(name)
    }

    fn globs() -> Vec<&'static str> {
        all().flat_map(|format| format.default_globs.iter().copied()).collect()
    }

    #[test]
    fn the_default_globs_know_a_star_alone() {
        for glob in globs() {
            assert!(!glob.is_empty() && !glob.contains(['?', '[', ']', '{', '}', '\\', '/', '!']), "{glob}");
        }
    }

    #[test]
    fn a_name_may_be_that_of_several_formats_and_each_is_named_once() {
        let called = |name: &str| -> Vec<&str> {
            Names::of(all()).called(name.as_bytes()).iter().map(|format| format.id).collect()
        };
        assert_eq!(called("cobertura.xml"), ["cobertura"]);
        assert_eq!(called("TestResult.xml"), ["nunit3", "nunit2"]);
        assert!(called("main.rs").is_empty());
    }

    #[test]
    fn a_piece_counts_once() {
        assert!(fits("a*a", b"aa") && !fits("a*a", b"a"));
        assert!(fits("*ab*b", b"abb") && !fits("*ab*b", b"ab"));
        assert!(fits("lcov.info", b"lcov.info") && !fits("lcov.info", b"lcov.info2"));
    }

    proptest! {
        #[test]
        fn a_name_is_matched_as_the_globs_of_a_policy_match_it(
            glob in prop::sample::select([globs(), vec!["a*a", "*ab*b", "*a*b*"]].concat()),
            pieces in prop::collection::vec("[ab.]{0,3}", 4),
            cut in 0_usize..3,
        ) {
            let known = Glob::new(glob).unwrap().compile_matcher();
            let mut name = String::new();
            for (piece, between) in glob.split('*').zip(&pieces) {
                name.push_str(piece);
                name.push_str(between);
            }
            name.truncate(name.len().saturating_sub(cut));
            prop_assert_eq!(fits(glob, name.as_bytes()), known.is_match(&name), "{} {}", glob, name);
            prop_assert_eq!(fits(glob, pieces[0].as_bytes()), known.is_match(&pieces[0]), "{} {}", glob, pieces[0]);
        }
    }
}
