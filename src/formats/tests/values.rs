//! The expected value and the one that came instead, out of what assertions say.
//!
//! Only forms that libraries print themselves are read; where a message fits none of them, nothing is guessed.

/// The two values of a failed comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Values<'m> {
    pub(super) expected: &'m str,
    pub(super) got: &'m str,
}

/// Finds the values in a message.
pub(super) fn in_message(message: &str) -> Option<Values<'_>> {
    let head = message.get(..message.floor_char_boundary(LOOKED_AT)).unwrap_or(message);
    let found = in_one_line(head)
        .or_else(|| labelled_lines(head))
        .or_else(|| below_a_line(head))
        .or_else(|| bare_assert(head))?;
    (!found.expected.is_empty() && !found.got.is_empty()).then_some(found)
}

/// How much of a message is looked at, in bytes.
const LOOKED_AT: usize = 4 * 1024;

/// `expected: <a> but was: <b>` (JUnit), `Expected:<a>. Actual:<b>.` (MSTest), `Failed asserting that b matches
/// expected a.` (PHPUnit).
fn in_one_line(text: &str) -> Option<Values<'_>> {
    for (before, between, after) in [
        ("expected: <", "> but was: <", ">"),
        ("expected:<", "> but was:<", ">"),
        ("Expected:<", ">. Actual:<", ">"),
    ] {
        let Some((_, rest)) = text.split_once(before) else { continue };
        let Some((expected, rest)) = rest.split_once(between) else { continue };
        let line_end = rest.find('\n').unwrap_or(rest.len());
        // The value itself may hold the end mark: the last one of the line counts.
        let line = rest.get(..line_end)?;
        let end = line.rfind(after).or_else(|| rest.find(after))?;
        return Some(Values { expected, got: rest.get(..end)? });
    }
    if let Some(values) = text.lines().find_map(in_words) {
        return Some(values);
    }
    let (_, rest) = text.split_once("Failed asserting that ")?;
    let line = rest.lines().next()?;
    let (got, expected) =
        line.split_once(" matches expected ").or_else(|| line.split_once(" is identical to "))?;
    Some(Values { expected: expected.trim_end_matches('.'), got })
}

/// A line that says both: `expected 4 to equal 3` (Chai), `Expected 4 to be 3.` (Jasmine), `Expected <3>, actual <4>.`
/// (Kotlin), `XCTAssertEqual failed: ("4") is not equal to ("3")`, `check a == b has failed [4 != 3]` (Boost).
fn in_words(line: &str) -> Option<Values<'_>> {
    let line = line.trim();
    let pair = |before: &str, between: &str, after: &str| {
        let (_, rest) = line.split_once(before)?;
        let (first, rest) = rest.split_once(between)?;
        Some((first, rest.strip_suffix(after)?))
    };
    if let Some((expected, got)) = pair("Expected <", ">, actual <", ">.") {
        return Some(Values { expected, got });
    }
    let found = pair("XCTAssertEqual failed: (\"", "\") is not equal to (\"", "\")")
        .or_else(|| pair("has failed [", " != ", "]"))
        .or_else(|| pair("expected ", " to equal ", ""))
        .or_else(|| pair("expected ", " to deeply equal ", ""))
        .or_else(|| pair("Expected ", " to be ", "."))
        .or_else(|| pair("Expected ", " to equal ", "."));
    let (got, expected) = found?;
    Some(Values { expected, got })
}

/// Two lines with a label each: Jest, xUnit.net, NUnit, RSpec, testify, AssertJ, Hamcrest, Rust.
fn labelled_lines(text: &str) -> Option<Values<'_>> {
    const EXPECTED: &[&str] = &["expected", "right", "expected value", "to be equal to", "+ expected"];
    const GOT: &[&str] = &[
        "but was",
        "actual",
        "received",
        "got",
        "left",
        "but",
        "was",
        "actual value",
        "expecting actual",
        "- actual",
    ];
    let mut expected = None;
    let mut got = None;
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let Some((label, value)) = line.split_once(':') else { continue };
        // testify aligns its colons; a comparison over several lines has its values below the labels.
        let label = label.trim().to_ascii_lowercase();
        let is_expected = EXPECTED.contains(&label.as_str());
        let is_got = GOT.contains(&label.as_str());
        if !is_expected && !is_got {
            continue;
        }
        let mut value = clean(value);
        if value.is_empty() {
            value = lines.peek().map_or("", |next| clean(next));
        }
        let place = if is_expected { &mut expected } else { &mut got };
        place.get_or_insert(value);
        if let (Some(expected), Some(got)) = (expected, got) {
            return Some(Values { expected, got });
        }
    }
    None
}

/// Values below the line that announces them: `4 !== 3` (Node), `4 == 3` (Catch2), and one below the other (GoogleTest, of
/// which nobody can say which is the expected one: its own words put that first).
fn below_a_line(text: &str) -> Option<Values<'_>> {
    let mut lines = text.lines().map(str::trim);
    while let Some(line) = lines.next() {
        let between = match line {
            "with expansion:" => " == ",
            line if line.ends_with("Expected values to be strictly equal:") => " !== ",
            line if line.ends_with("Expected equality of these values:") => {
                return google_test(lines);
            }
            _ => continue,
        };
        let (got, expected) = lines.find(|line| !line.is_empty())?.split_once(between)?;
        return Some(Values { expected, got });
    }
    None
}

/// `  3\n  add(2, 2)\n    Which is: 4`: each side as written, and its value below where that differs.
fn google_test<'m>(lines: impl Iterator<Item = &'m str>) -> Option<Values<'m>> {
    let mut sides: Vec<&str> = Vec::new();
    for line in lines.take(4) {
        match line.strip_prefix("Which is: ") {
            Some(value) => *sides.last_mut()? = value,
            None if sides.len() == 2 || line.is_empty() => break,
            None => sides.push(line),
        }
    }
    match sides.as_slice() {
        [expected, got] => Some(Values { expected, got }),
        _ => None,
    }
}

/// `assert a == b` (pytest), `a != b` behind `AssertionError:` (unittest).
fn bare_assert(text: &str) -> Option<Values<'_>> {
    for line in text.lines() {
        let line = line.trim().strip_prefix("E ").map_or(line.trim(), str::trim);
        let Some(body) = line.strip_prefix("AssertionError:").or(line.starts_with("assert ").then_some(line))
        else {
            continue;
        };
        let body = body.trim();
        let pair = match body.strip_prefix("assert ") {
            Some(body) => body.split_once(" == "),
            None => body.split_once(" != "),
        };
        // A chain or a call with an operator inside cannot be told apart.
        let sides = pair.filter(|(left, right)| ![left, right].iter().any(|side| side.contains(" == ")));
        if let Some((got, expected)) = sides {
            return Some(Values { expected: clean(expected), got: clean(got) });
        }
    }
    None
}

/// Without space around, and without the colour codes that Jest leaves (whose escape character was replaced).
fn clean(value: &str) -> &str {
    let mut value = value.trim();
    for escape in ["\u{1b}[", "\u{fffd}["] {
        while let Some(rest) = value.strip_prefix(escape) {
            let Some((_, rest)) = rest.split_once('m') else { break };
            value = rest.trim_start();
        }
        if let Some((kept, _)) = value.split_once(escape) {
            value = kept.trim_end();
        }
    }
    // Hamcrest: `is <2>`, `was <1>`.
    let inner = value.strip_prefix("is ").or(value.strip_prefix("was ")).unwrap_or(value);
    inner.strip_prefix('<').and_then(|inner| inner.strip_suffix('>')).unwrap_or(inner)
}

#[cfg(test)]
mod tests {
    use super::{Values, in_message};

    #[test]
    fn the_forms_of_common_libraries_are_read() {
        for (message, expected, got) in [
            ("org.opentest4j.AssertionFailedError: expected: <3> but was: <4>\n at x", "3", "4"),
            ("expected:<a<b>> but was:<c>", "a<b>", "c"),
            ("Assert.AreEqual failed. Expected:<3>. Actual:<4>. ", "3", "4"),
            ("Failed asserting that 4 matches expected 3.\n\nx.php:3", "3", "4"),
            ("expect(received).toBe(expected)\n\nExpected: 3\nReceived: 4", "3", "4"),
            ("Expected: \u{fffd}[32m3\u{fffd}[39m\nReceived: \u{fffd}[31m4\u{fffd}[39m", "3", "4"),
            ("Assert.Equal() Failure\nExpected: 3\nActual:   4", "3", "4"),
            ("  Expected: 3\n  But was:  4\n", "3", "4"),
            ("expected: 3\n     got: 4", "3", "4"),
            ("\tError: Not equal: \n\texpected: 3\n\tactual  : 4", "3", "4"),
            ("Expected: is <3>\n     but: was <4>", "3", "4"),
            ("assertion `left == right` failed\n  left: 4\n right: 3", "3", "4"),
            ("Expecting actual:\n  4\nto be equal to:\n  3\n", "3", "4"),
            ("assert 4 == 3\n +  where 4 = f()", "3", "4"),
            ("E       AssertionError: 4 != 3", "3", "4"),
            ("AssertionError: expected 4 to equal 3", "3", "4"),
            ("AssertionError: expected [ 1 ] to deeply equal [ 2 ]", "[ 2 ]", "[ 1 ]"),
            ("Expected 4 to be 3.\n    at <Jasmine>", "3", "4"),
            ("kotlin.AssertionError: Expected <3>, actual <4>.", "3", "4"),
            ("XCTAssertEqual failed: (\"4\") is not equal to (\"3\")", "3", "4"),
            ("a.cpp(3): error: in \"t\": check f() == 3 has failed [4 != 3]", "3", "4"),
            ("Expected values to be strictly equal:\n\n4 !== 3\n", "3", "4"),
            ("REQUIRE( f() == 3 )\nwith expansion:\n  4 == 3\nat a.cpp:3", "3", "4"),
            ("a.cc:3: Failure\nExpected equality of these values:\n  3\n  f()\n    Which is: 4\n", "3", "4"),
            ("Value of: f()\n  Actual: 4\nExpected: 3", "3", "4"),
        ] {
            assert_eq!(in_message(message), Some(Values { expected, got }), "{message}");
        }
    }

    #[test]
    fn what_fits_no_form_is_not_guessed() {
        for message in [
            "",
            "boom",
            "expected",
            "Expected: 3",
            "assert f(a == b) == c == d",
            "left: \nright: ",
            "expected 3",
            "Expected equality of these values:\n  3",
            "with expansion:\n  4 < 3",
        ] {
            assert_eq!(in_message(message), None, "{message}");
        }
    }
}
