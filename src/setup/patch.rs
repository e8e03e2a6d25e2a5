//! Unified diffs that only add lines.

use std::fmt::Write as _;

/// Lines of context around an addition.
const CONTEXT: usize = 3;

/// Lines to add behind a line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addition {
    /// 1-based; 0 is the beginning of the file.
    pub after: usize,
    /// The lines, without their ends.
    pub lines: Vec<String>,
}

/// A file that does not exist yet.
pub(super) fn new_file(name: &str, text: &str) -> String {
    let mut patch = format!("--- /dev/null\n+++ b/{name}\n@@ -0,0 +1,{} @@\n", text.lines().count());
    for line in text.lines() {
        let _infallible = writeln!(patch, "+{line}");
    }
    patch
}

/// A file with additions, which are in the order of their places.
pub(super) fn additions(name: &str, text: &str, additions: &[Addition]) -> String {
    let old: Vec<&str> = text.lines().collect();
    let mut patch = format!("--- a/{name}\n+++ b/{name}\n");
    let mut rest = additions;
    let mut added_before = 0;
    while let Some(first) = rest.first() {
        // Additions whose contexts touch stand in one hunk.
        let mut count = 1;
        let mut last = first.after;
        while let Some(next) = rest.get(count).filter(|next| next.after <= last + 2 * CONTEXT) {
            last = next.after;
            count += 1;
        }
        let (hunk, later) = rest.split_at(count);
        let from = first.after.saturating_sub(CONTEXT);
        let to = (last + CONTEXT).min(old.len());
        let added: usize = hunk.iter().map(|addition| addition.lines.len()).sum();
        let context = to - from;
        let _infallible = writeln!(
            patch,
            "@@ -{},{context} +{},{} @@",
            if context == 0 { from } else { from + 1 },
            from + 1 + added_before,
            context + added
        );
        let mut at = from;
        for addition in hunk {
            push_context(&mut patch, &old, at, addition.after, text);
            if addition.after == old.len() {
                end_last_line(&mut patch, &old, text);
            }
            for line in &addition.lines {
                let _infallible = writeln!(patch, "+{line}");
            }
            at = addition.after;
        }
        push_context(&mut patch, &old, at, to, text);
        added_before += added;
        rest = later;
    }
    patch
}

fn push_context(patch: &mut String, old: &[&str], from: usize, to: usize, text: &str) {
    for (index, line) in old.iter().enumerate().take(to).skip(from) {
        let _infallible = writeln!(patch, " {line}");
        if index + 1 == old.len() && !text.ends_with('\n') {
            patch.push_str("\\ No newline at end of file\n");
        }
    }
}

/// Gives the last line the end that it lacks, so that another one can follow.
fn end_last_line(patch: &mut String, old: &[&str], text: &str) {
    let Some(last) = old.last().filter(|_| !text.ends_with('\n')) else { return };
    let as_context = format!(" {last}\n\\ No newline at end of file\n");
    if let Some(before) = patch.strip_suffix(&as_context).map(str::len) {
        patch.truncate(before);
        let _infallible = write!(patch, "-{last}\n\\ No newline at end of file\n+{last}\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(after: usize, line: &str) -> Addition {
        Addition { after, lines: vec![line.to_owned()] }
    }

    #[test]
    fn additions_near_each_other_share_a_hunk() {
        let text = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n";
        let patch = additions("f", text, &[add(1, "a"), add(4, "b"), add(14, "c")]);
        let expected = "--- a/f\n+++ b/f\n@@ -1,7 +1,9 @@\n 1\n+a\n 2\n 3\n 4\n+b\n 5\n 6\n 7\n\
                        @@ -12,3 +14,4 @@\n 12\n 13\n 14\n+c\n";
        assert_eq!(patch, expected);
    }

    #[test]
    fn behind_a_last_line_without_an_end_the_line_gets_one() {
        let patch = additions("f", "1\n2", &[add(2, "a")]);
        let expected = "--- a/f\n+++ b/f\n@@ -1,2 +1,3 @@\n 1\n-2\n\\ No newline at end of file\n+2\n+a\n";
        assert_eq!(patch, expected);
    }

    #[test]
    fn a_new_file_is_all_addition() {
        assert_eq!(new_file("a/b", "x\ny\n"), "--- /dev/null\n+++ b/a/b\n@@ -0,0 +1,2 @@\n+x\n+y\n");
    }
}
