//! Files and lines in what a failure says: stack traces, panics, assertions.
//!
//! Nothing here knows the repository. Whoever does takes the first of these that is one of its files; so
//! libraries and the test runner's own frames, which stand on top of most traces, fall out by themselves.

/// One place that a text names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The file as the tool wrote it; for the JVM, with the package as its folder.
    pub file: String,
    /// 1-based.
    pub line: u32,
}

/// The places that a text names, in its order, without repeats, at most [`MOST`]. Places in libraries that
/// package managers lay down are left out: a repository may have a file of the same name.
pub fn frames(text: &str) -> Vec<Frame> {
    let mut found: Vec<Frame> = Vec::new();
    for line in text.lines() {
        for (file, number) in in_line(line) {
            let file = file.strip_prefix("file://").unwrap_or(&file).trim_start_matches("./").to_owned();
            let frame = Frame { file, line: number };
            if number > 0 && !is_foreign(&frame.file) && !found.contains(&frame) {
                found.push(frame);
            }
            if found.len() == MOST {
                return found;
            }
        }
    }
    found
}

/// How many places are looked for.
pub const MOST: usize = 50;

fn in_line(line: &str) -> Vec<(String, u32)> {
    python(line)
        .or_else(|| dotnet(line))
        .or_else(|| perl(line))
        .or_else(|| worded(line))
        .or_else(|| jvm(line))
        .or_else(|| dart(line))
        .map_or_else(|| words(line), |frame| vec![frame])
}

/// `File "/x/a.py", line 3, in f`
fn python(line: &str) -> Option<(String, u32)> {
    let (_, rest) = line.split_once("File \"")?;
    let (file, rest) = rest.split_once("\", line ")?;
    Some((file.to_owned(), number(rest)?))
}

/// `at N.K.M() in C:\x\a.cs:line 3`
fn dotnet(line: &str) -> Option<(String, u32)> {
    let (before, rest) = line.split_once(":line ")?;
    let (_, file) = before.rsplit_once(" in ")?;
    Some((file.to_owned(), number(rest)?))
}

/// `at t/a.t line 3.`
fn perl(line: &str) -> Option<(String, u32)> {
    let (before, rest) = line.rsplit_once(" line ")?;
    let (_, file) = before.rsplit_once("at ")?;
    (has_extension(file) && !file.contains(char::is_whitespace)).then_some(())?;
    Some((file.to_owned(), number(rest)?))
}

/// `in /x/a.php on line 3` (PHP), `(in test file t/a.bats, line 3)` (Bats)
fn worded(line: &str) -> Option<(String, u32)> {
    let (before, rest) = line.split_once(" on line ").or_else(|| line.split_once(", line "))?;
    let file = before.rsplit(char::is_whitespace).next()?;
    has_extension(file).then_some(())?;
    Some((file.to_owned(), number(rest)?))
}

/// `at org.acme.Bar.test(Bar.java:3)`, also with a module: `app//org.acme.Bar.test(Bar.java:3)`
fn jvm(line: &str) -> Option<(String, u32)> {
    let (before, rest) = line.trim_start().strip_prefix("at ")?.split_once('(')?;
    let (inner, _) = rest.split_once(')')?;
    let (file, rest) = inner.split_once(':')?;
    let jvm = [".java", ".kt", ".scala", ".groovy", ".clj"].iter().any(|extension| file.ends_with(extension));
    if !jvm || file.contains(['/', '\\']) {
        return None;
    }
    let class = before.rsplit('/').next().unwrap_or(before);
    let mut parts: Vec<&str> = class.split('.').collect();
    // The method and the class itself; what is left is the package.
    parts.truncate(parts.len().saturating_sub(2));
    let folder: String = parts.iter().flat_map(|part| [*part, "/"]).collect();
    Some((folder + file, number(rest)?))
}

/// `test/a_test.dart 3:5  main.<fn>`
fn dart(line: &str) -> Option<(String, u32)> {
    let (file, rest) = line.trim_start().split_once(".dart ")?;
    if file.contains(char::is_whitespace) {
        return None;
    }
    Some((format!("{file}.dart"), number(rest.trim_start())?))
}

/// `src/lib.rs:3:5`, `/x/a.go:3 +0x9f`, `(/x/a.js:3:5)`, `a.cpp(3): error`, `./a_spec.rb:3:in`
fn words(line: &str) -> Vec<(String, u32)> {
    let mut found = Vec::new();
    let ends = |c: char| {
        c.is_whitespace() || matches!(c, '"' | '\'' | '`' | ',' | ')' | '[' | ']' | '<' | '>' | '|')
    };
    for word in line.split(ends).filter(|word| word.contains('.')) {
        if let Some((file, rest)) = word.split_once('(').filter(|(file, _)| has_extension(file))
            && let Some(number) = number(rest)
        {
            found.push((file.to_owned(), number));
            continue;
        }
        let word = word.rsplit_once('(').map_or(word, |(_, inside)| inside);
        // Firefox and Safari: `test@http://localhost/a.js:3:5`; a folder may have that character too.
        let word = match word.split_once('@') {
            Some((function, rest)) if !function.contains('/') => rest,
            _ => word,
        };
        let word = word.split_once("://").map_or(word, |(scheme, rest)| {
            // Of an address only the path counts.
            if scheme == "file" { rest } else { rest.split_once('/').map_or("", |(_, path)| path) }
        });
        for (at, _) in word.match_indices(':') {
            let (Some(file), Some(rest)) = (word.get(..at), word.get(at + 1..)) else { continue };
            if let Some(number) = number(rest).filter(|_| has_extension(file)) {
                found.push((file.to_owned(), number));
                break;
            }
        }
    }
    found
}

/// The number that a text begins with.
fn number(text: &str) -> Option<u32> {
    let end = text.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    text.get(..end)?.parse().ok()
}

/// True if the last part of a path has a name and an extension as source files have.
fn has_extension(path: &str) -> bool {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    name.rsplit_once('.').is_some_and(|(stem, extension)| {
        let first_is_letter = extension.starts_with(|c: char| c.is_ascii_alphabetic());
        !stem.is_empty()
            && first_is_letter
            && extension.len() <= 8
            && extension.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

/// True for files of libraries and of languages themselves.
fn is_foreign(path: &str) -> bool {
    const FOREIGN: &[&str] = &[
        "node_modules/",
        "site-packages/",
        "dist-packages/",
        "/rustc/",
        ".cargo/registry/",
        "/pkg/mod/",
        "node:",
        "internal/",
        "/gems/",
        "/vendor/bundle/",
        "/usr/lib/",
        "/usr/local/lib/",
        "/usr/local/go/",
        "/usr/include/",
        "package:test_api",
        "dart:",
    ];
    let path = path.replace('\\', "/");
    FOREIGN.iter().any(|part| {
        if part.starts_with('/') {
            path.contains(part)
        } else {
            path.starts_with(part) || path.contains(&format!("/{part}"))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::{MOST, frames};

    #[test]
    fn traces_of_many_languages_name_their_places() {
        for (text, file, line) in [
            ("thread 't' panicked at src/lib.rs:9:5:\nassertion failed", "src/lib.rs", 9),
            ("  File \"/work dir/app/a.py\", line 12, in test_x\n    assert 1", "/work dir/app/a.py", 12),
            ("tests/test_a.py:7: AssertionError", "tests/test_a.py", 7),
            ("    at Object.<anonymous> (/app/src/a.test.js:3:15)", "/app/src/a.test.js", 3),
            ("    at file:///app/src/a.mjs:4:1", "/app/src/a.mjs", 4),
            ("    at http://localhost:3000/src/a.ts:5:1", "src/a.ts", 5),
            ("\tat org.acme.Bar.test(Bar.java:12)", "org/acme/Bar.java", 12),
            ("\tat app//org.acme.Bar$Inner.test(Bar.kt:13)", "org/acme/Bar.kt", 13),
            ("\t/home/me/m/a.go:102 +0x9f", "/home/me/m/a.go", 102),
            ("    a_test.go:3: boom", "a_test.go", 3),
            ("   at N.K.M(Int32 i) in C:\\src\\a.cs:line 67", "C:\\src\\a.cs", 67),
            ("     # ./spec/a_spec.rb:8:in `block'", "spec/a_spec.rb", 8),
            ("/app/tests/ATest.php:21", "/app/tests/ATest.php", 21),
            ("#0 /app/tests/ATest.php(22): f()", "/app/tests/ATest.php", 22),
            ("/x/a.cpp:31: Failure", "/x/a.cpp", 31),
            ("#   at t/money.t line 5.", "t/money.t", 5),
            ("test/a_test.dart 13:9  main.<fn>", "test/a_test.dart", 13),
            ("PHP Fatal error:  Uncaught E in /app/src/A.php:14", "/app/src/A.php", 14),
            ("PHP Warning:  x in /app/src/A.php on line 15", "/app/src/A.php", 15),
            ("(in test file test/a.bats, line 16)", "test/a.bats", 16),
            ("test@http://localhost:9876/base/src/a.js:17:5", "base/src/a.js", 17),
            ("@/app/src/a.js:18:5", "/app/src/a.js", 18),
            ("  at packages/@acme/x/a.ts:19:1", "packages/@acme/x/a.ts", 19),
            ("  Failure:\nATest#test_x [test/a_test.rb:20]:", "test/a_test.rb", 20),
            ("test/a_test.rb:21:in 'ATest#test_x'", "test/a_test.rb", 21),
            ("panic: x\n\ngoroutine 7 [running]:\nx/m.F(...)\n\t/src/m/a.go:22", "/src/m/a.go", 22),
            ("stack backtrace:\n   3: m::f\n             at ./src/m.rs:23:5", "src/m.rs", 23),
            ("a.cpp(24): error: in \"t\": check x has failed", "a.cpp", 24),
            ("  at N.K.M () [0x00001] in /src/a.cs:25 ", "/src/a.cs", 25),
            ("    #1 0x55 in f(int) /src/a.cc:26:3", "/src/a.cc", 26),
            ("  at /src/a.cpp:27\n", "/src/a.cpp", 27),
        ] {
            let found = frames(text);
            let first = found.first().map(|frame| (frame.file.as_str(), frame.line));
            assert_eq!(first, Some((file, line)), "{text}: {found:?}");
        }
    }

    #[test]
    fn libraries_and_other_colons_are_no_places() {
        for text in [
            "    at Runner.run (/app/node_modules/mocha/lib/runner.js:789:12)",
            "    at node:internal/process/task_queues.js:95:5",
            "  File \"/usr/local/lib/python3.12/site-packages/pluggy/_hooks.py\", line 1, in x",
            "   1: core::panicking at /rustc/5980/library/core/src/panicking.rs:80:14",
            "expected: 3",
            "at 12:30:45 it took 1.5:3",
            "see README.md",
            "Caused by: a.b.C: message",
            "x.rs:0:0",
        ] {
            assert_eq!(frames(text), [], "{text}");
        }
    }

    #[test]
    fn repeats_are_left_out_and_the_number_is_bounded() {
        assert_eq!(frames("a.rs:1\na.rs:1\nb.rs:2").len(), 2);
        let many: String = (1..200).map(|line| format!("a.rs:{line}\n")).collect();
        assert_eq!(frames(&many).len(), MOST);
    }
}
