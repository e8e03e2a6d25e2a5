//! The pages under `examples/docs` tell the truth: the reference is the program's own, the policies are read, and
//! what they name exists.

use crate::program::Place;
use std::fs;
use std::path::{Path, PathBuf};
use tollgate::policy;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/docs")
}

fn pages() -> Vec<(String, String)> {
    let mut pages: Vec<(String, String)> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(&path).unwrap())
        })
        .collect();
    pages.sort();
    pages
}

/// `tollgate reference > examples/docs/reference.md` brings it up to date.
#[test]
fn the_reference_is_what_the_program_prints() {
    let printed = Place::new().tollgate(&["reference"]).exits(0).out;
    let path = folder().join("reference.md");
    assert!(
        fs::read_to_string(&path).unwrap() == printed,
        "{} is out of date: `cargo run -- reference > examples/docs/reference.md`",
        path.display()
    );
}

#[test]
fn every_page_for_those_who_come_from_elsewhere_has_a_policy_that_is_read() {
    let mut policies = 0;
    for (name, text) in pages().iter().filter(|(name, _)| name.starts_with("coming-from-")) {
        for block in text.split("```yaml\n").skip(1).map(|rest| rest.split("\n```").next().unwrap()) {
            policies += 1;
            if let Err(errors) = policy::parse(block, name) {
                panic!("{errors:#?}\n{block}");
            }
        }
    }
    assert_eq!(policies, 4);
}

/// Words in backticks that begin a rule with its field, and options, must be those of the program.
#[test]
fn what_the_pages_name_is_there() {
    let place = Place::new();
    let rules = place.tollgate(&["rules"]).exits(0).out;
    let help = place.tollgate(&["check", "--help"]).exits(0).out;
    let formats = place.tollgate(&["formats"]).exits(0).out;
    for (name, text) in pages().iter().filter(|(name, _)| name.starts_with("coming-from-")) {
        // Of each row of a table only what stands in the column "here".
        let here: String = text
            .lines()
            .map(
                |line| {
                    if line.starts_with('|') { line.split(" | ").nth(1).unwrap_or_default() } else { line }
                },
            )
            .collect::<Vec<_>>()
            .join("\n");
        for code in here.split('`').skip(1).step_by(2) {
            if let Some(option) = code.split_whitespace().next().filter(|word| word.starts_with("--")) {
                assert!(help.contains(option), "{name}: `check` has no {option}");
            }
            let rule = code.split(':').next().unwrap();
            let is_rule = ["tests.", "coverage.", "scan."].iter().any(|kind| rule.starts_with(kind));
            if is_rule && !rule.contains(['/', '*', ' ']) {
                assert!(rules.contains(&format!("\n{rule}\n")), "{name}: no rule {rule}");
            }
            if let Some(format) = code.strip_prefix("format: ") {
                assert!(formats.contains(&format!("\n{format} ")), "{name}: no format {format}");
            }
        }
    }
}

#[test]
fn completions_and_manual_pages_are_made_for_every_command() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        place.tollgate(&["completions", shell]).exits(0).says("metrics").says("write-html");
    }
    fs::create_dir(place.path().join("man")).unwrap();
    place.tollgate(&["man", "--dir", "man"]).exits(0);
    let help = place.tollgate(&["--help"]).exits(0).out;
    let commands = help.split("Commands:").nth(1).unwrap().split("Options:").next().unwrap();
    for command in commands.lines().filter_map(|line| line.strip_prefix("  ")) {
        let Some(command) = command.split_whitespace().next().filter(|_| !command.starts_with(' ')) else {
            continue;
        };
        if command == "help" {
            continue;
        }
        let page = fs::read_to_string(place.path().join(format!("man/tollgate-{command}.1")));
        assert!(page.unwrap().contains(".TH"), "{command}");
        let help = place.tollgate(&[command, "--help"]).exits(0).out;
        assert!(help.contains("Usage:"), "{command}");
    }
    place.tollgate(&["man"]).exits(0).says(".TH tollgate 1");
    place.tollgate(&["man", "--dir", "absent"]).exits(2);
}
