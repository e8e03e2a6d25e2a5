//! A verdict for people: pure functions from [`Verdict`](crate::model::Verdict) to text.
//!
//! Everything is made from that one value, so title, table, last line and exit code cannot disagree. Text of
//! reports goes through [`escape`] and nothing else; a test holds the other files to it.

pub mod annotations;
pub mod badge;
pub mod check_run;
pub mod code_quality;
pub mod dashboard;
pub mod doctor;
pub mod escape;
pub mod explain;
pub mod fleet;
pub mod html;
mod html_proposal;
pub mod inspect;
pub mod junit;
pub mod metrics;
pub mod policy;
pub mod records;
pub mod reference;
pub mod setup;
pub mod simulate;
pub mod snapshot;
pub mod summary;
pub mod terminal;
mod words;

pub use words::title;

#[cfg(test)]
mod tests {
    use std::path::Path;

    /// The files below `folder`, but not the escapers and the tests.
    #[expect(clippy::disallowed_methods, reason = "reads this house's own source")]
    fn sources(folder: &Path, found: &mut Vec<(String, String)>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() && name != "escape" && name != "snapshots" {
                sources(&path, found);
            } else if name.ends_with(".rs") && name != "tests.rs" {
                let text = std::fs::read_to_string(&path).unwrap();
                let code = text.split("#[cfg(test)]").next().unwrap().to_owned();
                found.push((path.display().to_string(), code));
            }
        }
    }

    #[test]
    fn only_the_escapers_touch_the_text_of_a_report() {
        let mut found = Vec::new();
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/render"), &mut found);
        assert!(found.len() >= 8, "{} files", found.len());
        for (path, code) in found {
            assert!(!code.contains(".raw()"), "{path} takes the text of a report past the escapers");
        }
    }
}
