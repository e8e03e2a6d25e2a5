//! Words that writers of JUnit XML put into `status`, `result` and `outcome`, or use as an element's name.

/// What such a word means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Word {
    /// Nothing is wrong: it passed, or simply ran.
    Fine,
    /// It did not run, or not to its end, on purpose.
    Skipped,
    /// We do not know the word.
    Unknown,
    /// It failed.
    Bad,
}

/// Reads a word, whatever its case and whatever separates its parts.
pub(super) fn meaning(text: &str) -> Word {
    // The words of GoogleTest and Catch2 stand at every case.
    if matches!(text, "run" | "completed" | "passed" | "") {
        return Word::Fine;
    }
    if text.len() > LONGEST {
        return Word::Unknown;
    }
    let word: String = text.chars().filter(|c| c.is_alphanumeric()).map(|c| c.to_ascii_lowercase()).collect();
    match word.as_str() {
        "passed" | "pass" | "passing" | "ok" | "success" | "successful" | "succeeded" | "successfully" => {
            Word::Fine
        }
        "run" | "ran" | "executed" | "completed" | "complete" | "done" | "finished" | "true" => Word::Fine,
        // Jenkins writes FIXED, QtTest bpass (a pass of a blacklisted test), Firebase flaky, GUT risky.
        "fixed" | "bpass" | "flaky" | "flakypassed" | "risky" | "positive" | "good" | "green" | "" => {
            Word::Fine
        }
        "skipped" | "skip" | "notrun" | "notexecuted" | "unexecuted" | "untested" | "notstarted" => {
            Word::Skipped
        }
        "disabled" | "suppressed" | "ignored" | "ignore" | "pending" | "todo" | "incomplete" => Word::Skipped,
        "inconclusive" | "excluded" | "filtered" | "deselected" | "notapplicable" | "na" | "none" => {
            Word::Skipped
        }
        "xfail" | "xfailed" | "expectedfailure" | "expectedfail" | "assumptionfailed" | "deferred" => {
            Word::Skipped
        }
        // QtTest: results of blacklisted tests are ignored.
        "bfail" | "bskip" | "bxfail" | "bxpass" => Word::Skipped,
        "failed" | "fail" | "failure" | "failures" | "failing" | "unsuccessful" | "notok" | "nok" | "ko" => {
            Word::Bad
        }
        "error" | "errored" | "errors" | "broken" | "regression" | "exception" | "fatal" | "invalid" => {
            Word::Bad
        }
        "crashed" | "crash" | "timeout" | "timedout" | "aborted" | "abort" | "killed" | "terminated" => {
            Word::Bad
        }
        "panicked" | "panic" | "interrupted" | "cancelled" | "canceled" | "undefined" | "ambiguous" => {
            Word::Bad
        }
        "xpass" | "xpassed" | "unexpectedsuccess" | "unexpectedpass" | "unexpected" | "false" => Word::Bad,
        "negative" | "bad" | "red" | "leak" | "leaked" => Word::Bad,
        _ => Word::Unknown,
    }
}

/// No word of a status is longer.
const LONGEST: usize = 32;

#[cfg(test)]
mod tests {
    use super::{Word, meaning};

    #[test]
    fn words_of_real_writers_are_known_in_any_spelling() {
        for (text, want) in [
            ("run", Word::Fine),
            ("completed", Word::Fine),
            ("Passed", Word::Fine),
            ("notrun", Word::Skipped),
            ("Not Run", Word::Skipped),
            ("not-executed", Word::Skipped),
            ("suppressed", Word::Skipped),
            ("FAILED", Word::Bad),
            ("timed_out", Word::Bad),
            ("broken", Word::Bad),
            ("wibble", Word::Unknown),
            ("a value that somebody put here for a reason of theirs", Word::Unknown),
        ] {
            assert_eq!(meaning(text), want, "{text}");
        }
    }
}
