//! Cases of one class stand together in a report: what is known of the last one's place is known of the next one's.

use super::run::Case;

/// Whether a case has the place of the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Neighbour {
    /// Suite, class and both files are the same.
    Same,
    /// Something differs, or it is the first.
    Other,
}

/// Where the last case stood.
#[derive(Debug, Default)]
pub(super) struct LastPlace {
    any: bool,
    /// Suite, class, file, and the file where it failed.
    parts: [String; 4],
}

impl LastPlace {
    /// Goes on to a case, and compares it with the last one.
    pub(super) fn step_to(&mut self, case: &Case<'_>) -> Neighbour {
        if case.is_neighbour {
            return Neighbour::Same;
        }
        let place = case.place.map_or("", |(file, _)| file);
        let parts = [case.suite, case.class, case.file, place];
        if self.any && self.parts.iter().zip(parts).all(|(last, part)| is_same(last, part)) {
            return Neighbour::Same;
        }
        self.any = true;
        for (last, part) in self.parts.iter_mut().zip(parts) {
            last.clear();
            last.push_str(part);
        }
        Neighbour::Other
    }
}

/// Equality of texts of which many are empty: comparing no bytes at an address where none are costs processors with masked
/// loads more than comparing forty.
fn is_same(last: &str, part: &str) -> bool {
    last.len() == part.len() && (part.is_empty() || last == part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::TestStatus;

    #[test]
    fn a_case_is_a_neighbour_of_the_one_before_it_alone() {
        let case = |suite, class, file| Case { suite, class, file, ..Case::new("n", TestStatus::Passed) };
        let mut last = LastPlace::default();
        let first = Case::new("n", TestStatus::Passed);
        assert_eq!(last.step_to(&first), Neighbour::Other, "the first has none");
        assert_eq!(last.step_to(&first), Neighbour::Same);
        for other in [case("s", "", ""), case("s", "c", ""), case("s", "c", "f"), case("", "c", "f")] {
            assert_eq!(last.step_to(&other), Neighbour::Other, "{other:?}");
            assert_eq!(last.step_to(&other), Neighbour::Same);
        }
        let failed = Case { place: Some(("g", 1)), ..case("", "c", "f") };
        assert_eq!(last.step_to(&failed), Neighbour::Other);
    }
}
