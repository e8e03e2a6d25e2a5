//! The README tells the truth: its outputs are those of the program, and its policies are read.

use crate::program::Place;
use std::fs;
use std::path::Path;
use tollgate::policy;

fn readme() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap()
}

/// The blocks of a language, without their fences.
fn blocks(language: &str) -> Vec<String> {
    let text = readme();
    let fence = format!("```{language}\n");
    let blocks = text.split(&fence).skip(1);
    blocks.map(|block| block.split("\n```").next().unwrap().to_owned()).collect()
}

/// The header names this machine's commit, so the README begins below it.
#[test]
fn the_outputs_of_the_first_screen_are_those_of_the_program() {
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/demo");
    let place = Place::new();
    place.copy(&demo, "examples/demo");
    let outputs: Vec<String> =
        blocks("text").into_iter().filter(|block| block.starts_with("$ tollgate check")).collect();
    assert_eq!(outputs.len(), 2, "the first screen shows one failing and one passing summary");
    for block in outputs {
        let (command, shown) = block.split_once('\n').unwrap();
        let directory = command.split_whitespace().nth(3).unwrap();
        let status = if directory.ends_with("failing") { 1 } else { 0 };
        let run = place.tollgate(&["check", directory]).exits(status);
        let (_, below_header) = run.out.split_once("\n\n").unwrap();
        assert_eq!(below_header.trim_end(), shown, "{command}");
    }
}

#[test]
fn every_policy_in_the_readme_is_valid() {
    let policies: Vec<String> =
        blocks("yaml").into_iter().filter(|block| block.contains("version:")).collect();
    assert!(!policies.is_empty());
    for text in policies {
        if let Err(errors) = policy::parse(&text, "README.md") {
            panic!("{errors:#?}\n{text}");
        }
    }
}
