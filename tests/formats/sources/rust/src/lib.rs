//! Amounts in whole cents.

/// `part / whole`, rounded to the nearest integer; a half goes to the even neighbour.
pub fn round_half_even(part: i64, whole: i64) -> i64 {
    assert!(whole > 0, "whole must be positive");
    let (down, rest) = (part.div_euclid(whole), part.rem_euclid(whole));
    if 2 * rest > whole || 2 * rest == whole && down % 2 == 1 {
        down + 1
    } else {
        down
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_half_goes_to_the_even_neighbour() {
        assert_eq!(round_half_even(5, 2), 2);
    }

    #[test]
    fn passes_too() {
        println!("<out> & \u{1b}[31mred\u{1b}[0m");
    }

    #[test]
    fn fails_always() {
        assert_eq!(round_half_even(5, 2), 3, "expected <here> & \"there\" ]]>");
    }

    #[test]
    #[should_panic]
    fn does_not_panic_but_should() {}

    #[test]
    #[ignore = "needs a printer"]
    fn ignored() {}

    #[test]
    fn needs_a_second_attempt() {
        let counter = std::env::temp_dir().join("ledger-attempts");
        let attempts = std::fs::read_to_string(&counter).unwrap_or_default();
        std::fs::write(&counter, format!("{attempts}x")).unwrap();
        assert!(!attempts.is_empty(), "first attempt");
        std::fs::remove_file(&counter).unwrap();
    }
}
