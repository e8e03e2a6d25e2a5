//! What a workflow file of GitHub Actions says: which reports it names, and where the gate's step belongs.

use super::yaml::{self, Node, Value};
use super::{Addition, Place, TextFile, Unreadable, patch};
use crate::formats::{self, Format};
use crate::model::RepoPath;
use crate::policy::Globs;
use std::collections::BTreeSet;

/// The action as the docs call it.
const ACTION: &str = "acme/tollgate@v1";

/// The first line of the file that names the report: by its path, by its end, or by a glob that matches it.
pub(super) fn line_naming(workflow: &TextFile, report: &str) -> Option<usize> {
    let path = RepoPath::new(report).ok();
    let mut best: Option<(u8, usize)> = None;
    for (index, line) in workflow.text.lines().enumerate() {
        for word in words(line) {
            let rank = if word == report {
                0
            } else if word.contains('.') && report.ends_with(&format!("/{word}")) {
                1
            } else if word.contains('*')
                && path.as_ref().is_some_and(|path| Globs::new([word]).is_ok_and(|glob| glob.is_match(path)))
            {
                2
            } else {
                continue;
            };
            if best.is_none_or(|(known, _)| rank < known) {
                best = Some((rank, index + 1));
            }
        }
    }
    best.map(|(_, line)| line)
}

/// A report that a workflow names by a file name that a tool commonly writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedReport {
    /// As it is written.
    pub path: String,
    /// The format whose tools call their files so.
    pub format: &'static str,
    /// Where it is named.
    pub place: Place,
}

/// The reports that the file names, each once.
pub(super) fn reports_named(workflow: &TextFile) -> Vec<(NamedReport, &'static Format)> {
    let globs: Vec<(Globs, &'static Format)> = formats::all()
        .filter_map(|format| Globs::new(format.default_globs).ok().map(|globs| (globs, format)))
        .collect();
    let mut seen = BTreeSet::new();
    let mut named = Vec::new();
    for (index, line) in workflow.text.lines().enumerate() {
        for word in words(line) {
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/');
            if !word.chars().all(plain) || RepoPath::new(word).is_err() {
                continue;
            }
            let name = word.rsplit('/').next().unwrap_or(word);
            let format = globs.iter().find(|(globs, _)| globs.is_match_text(name)).map(|(_, format)| *format);
            if let Some(format) = format
                && seen.insert(word.to_owned())
            {
                let place = Place { file: workflow.name.clone(), line: index + 1 };
                named.push((NamedReport { path: word.to_owned(), format: format.name, place }, format));
            }
        }
    }
    named
}

/// The words of a line that may be paths: without quotes, options and `./`.
fn words(line: &str) -> impl Iterator<Item = &str> {
    let split = |c: char| c.is_whitespace() || "\"'`=,;:()<>|&{}".contains(c);
    line.split(split)
        .map(|word| word.strip_prefix("./").unwrap_or(word))
        .filter(|word| !word.is_empty() && !word.starts_with('#'))
}

/// A step of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step<'n> {
    pub(super) line: usize,
    pub(super) uses: Option<&'n str>,
    /// Inputs with their lines.
    pub(super) with: &'n [(String, usize, Node)],
}

/// The steps of all jobs (or of a composite action), job by job.
pub(super) fn jobs(root: &Node) -> Vec<Vec<Step<'_>>> {
    let of_jobs = root.get("jobs").map(Node::entries).unwrap_or_default().iter().map(|(.., job)| job);
    let jobs = of_jobs.chain(root.get("runs")).map(steps);
    jobs.filter(|steps| !steps.is_empty()).collect()
}

fn steps(job: &Node) -> Vec<Step<'_>> {
    job.get("steps").map(Node::items).unwrap_or_default().iter().map(step).collect()
}

fn step(node: &Node) -> Step<'_> {
    Step {
        line: node.line,
        uses: node.get("uses").and_then(Node::text),
        with: node.get("with").map(Node::entries).unwrap_or_default(),
    }
}

/// Where the gate's step belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GateStep {
    /// The line behind which it is added.
    pub place: Place,
    /// A unified diff that `git apply` takes.
    pub patch: String,
    /// What else has to be changed by hand.
    pub notes: Vec<String>,
}

/// What can be said of a workflow as a place for the gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    /// The step to add.
    Step(GateStep),
    /// It is there already.
    There(Place),
    /// No place was found in the file.
    None,
}

/// Makes the step that judges, for the job in which `line` stands, else for the first job.
///
/// # Errors
/// The file cannot be read.
pub(super) fn gate_step(workflow: &TextFile, line: Option<usize>) -> Result<Fit, Unreadable> {
    let root = yaml::read(&workflow.text)?;
    let jobs = jobs(&root);
    let is_gate = |step: &&Step<'_>| step.uses.is_some_and(|uses| uses.contains("/tollgate@"));
    if let Some(step) = jobs.iter().flatten().find(is_gate) {
        return Ok(Fit::There(Place { file: workflow.name.clone(), line: step.line }));
    }
    let begins_before = |steps: &&Vec<Step<'_>>| {
        line.is_some_and(|line| steps.first().is_some_and(|first| first.line <= line))
    };
    let Some(steps) = jobs.iter().rfind(begins_before).or(jobs.first()) else { return Ok(Fit::None) };
    let lines: Vec<&str> = workflow.text.lines().collect();
    let Some((indent, after)) = steps.last().and_then(|last| end_of_step(&lines, last.line)) else {
        return Ok(Fit::None);
    };
    let mut notes = Vec::new();
    let mut additions = checkout(&lines, steps, workflow, &mut notes);
    let pad = " ".repeat(indent);
    additions.push(Addition {
        after,
        lines: vec![
            format!("{pad}- if: ${{{{ !cancelled() }}}}"),
            format!("{pad}  uses: {ACTION}"),
            format!("{pad}  with: {{ steps: \"${{{{ toJSON(steps) }}}}\" }}"),
        ],
    });
    if !runs_on_pull_requests(&root) {
        notes.push(format!(
            "{} does not run `on: pull_request`: add the event, so that changes are judged",
            workflow.name
        ));
    }
    Ok(Fit::Step(GateStep {
        place: Place { file: workflow.name.clone(), line: after },
        patch: patch::additions(&workflow.name, &workflow.text, &additions),
        notes,
    }))
}

/// The column of a step's dash, and the step's last line (1-based); `None` if the step is written in flow style.
fn end_of_step(lines: &[&str], first: usize) -> Option<(usize, usize)> {
    let indent_of = |line: &str| line.len() - line.trim_start().len();
    let start = first.checked_sub(1)?;
    let line = lines.get(start)?;
    let indent = indent_of(line);
    if !line.trim_start().starts_with("- ") {
        return None;
    }
    let mut end = first;
    for (index, line) in lines.iter().enumerate().skip(first) {
        if line.trim().is_empty() {
            continue;
        }
        if indent_of(line) <= indent {
            break;
        }
        end = index + 1;
    }
    Some((indent, end))
}

/// The changed lines need the merge commit's parents: two commits instead of one.
fn checkout(
    lines: &[&str],
    steps: &[Step<'_>],
    workflow: &TextFile,
    notes: &mut Vec<String>,
) -> Vec<Addition> {
    let is_checkout = |step: &&Step<'_>| step.uses.is_some_and(|uses| uses.starts_with("actions/checkout@"));
    let Some(step) = steps.iter().find(is_checkout) else { return Vec::new() };
    if step.with.iter().any(|(key, ..)| key == "fetch-depth") {
        return Vec::new();
    }
    let simple = end_of_step(lines, step.line).and_then(|(indent, end)| {
        let uses = lines.get(end - 1)?;
        // Only the plainest form is changed by a line; anything else is for a person.
        (step.with.is_empty() && end == step.line && uses.trim_start().starts_with("- uses:")).then(|| {
            Addition {
                after: end,
                lines: vec![format!("{}  with: {{ fetch-depth: 2 }}", " ".repeat(indent))],
            }
        })
    });
    match simple {
        Some(addition) => vec![addition],
        None => {
            notes.push(format!(
                "{}:{}: add `fetch-depth: 2` to the inputs of actions/checkout, so that the changed lines are known",
                workflow.name, step.line
            ));
            Vec::new()
        }
    }
}

/// True if a pull request starts the workflow (or another workflow calls it, which may be one for pull requests).
pub(super) fn runs_on_pull_requests(root: &Node) -> bool {
    let wanted = |event: &str| matches!(event, "pull_request" | "workflow_call");
    match root.get("on").map(|on| &on.value) {
        Some(Value::Scalar(event)) => wanted(event),
        Some(Value::List(events)) => events.iter().filter_map(Node::text).any(wanted),
        Some(Value::Map(events)) => events.iter().any(|(event, ..)| wanted(event)),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workflow(text: &str) -> TextFile {
        TextFile { name: "ci.yml".to_owned(), text: text.to_owned() }
    }

    const CI: &str = "on: { pull_request: {} }\njobs:\n  test:\n    steps:\n      - uses: actions/checkout@v5\n      \
                      - run: |\n          pytest --junit-xml=out/junit.xml\n          mv x lcov.info\n\n  docs:\n    \
                      steps:\n      - run: make\n";

    #[test]
    fn the_line_that_names_a_report_is_found() {
        assert_eq!(line_naming(&workflow(CI), "out/junit.xml"), Some(7));
        assert_eq!(line_naming(&workflow(CI), "app/out/junit.xml"), Some(7));
        assert_eq!(line_naming(&workflow(CI), "lcov.info"), Some(8));
        assert_eq!(line_naming(&workflow(CI), "other.xml"), None);
        let glob = workflow("x:\n  path: '**/TEST-*.xml'\n");
        assert_eq!(line_naming(&glob, "a/b/TEST-c.xml"), Some(2));
    }

    #[test]
    fn reports_are_recognised_by_the_names_that_tools_give_them() {
        let named: Vec<(String, usize)> = reports_named(&workflow(CI))
            .into_iter()
            .map(|(named, _)| (named.path, named.place.line))
            .collect();
        assert_eq!(named, [("out/junit.xml".to_owned(), 7), ("lcov.info".to_owned(), 8)]);
    }

    #[test]
    fn the_step_goes_behind_the_last_step_of_the_job_that_writes_the_reports() {
        let Ok(Fit::Step(step)) = gate_step(&workflow(CI), Some(8)) else { panic!("no step") };
        assert_eq!(step.place.line, 8);
        assert!(step.patch.contains("+        with: { fetch-depth: 2 }\n"), "{}", step.patch);
        assert!(step.patch.contains("+      - if: ${{ !cancelled() }}\n"), "{}", step.patch);
        assert!(step.notes.is_empty(), "{:?}", step.notes);
    }

    #[test]
    fn a_workflow_for_pushes_alone_is_said() {
        let text = CI.replace("pull_request: {}", "push: {}");
        let Ok(Fit::Step(step)) = gate_step(&workflow(&text), None) else { panic!("no step") };
        assert!(step.notes[0].contains("on: pull_request"), "{:?}", step.notes);
    }

    #[test]
    fn a_step_that_is_there_is_not_added_again() {
        let text = format!("{CI}      - uses: acme/tollgate@v1\n");
        assert_eq!(
            gate_step(&workflow(&text), None),
            Ok(Fit::There(Place { file: "ci.yml".to_owned(), line: 13 }))
        );
    }

    #[test]
    fn steps_in_flow_style_are_left_to_a_person() {
        let text = "jobs: { a: { steps: [ { run: x } ] } }\n";
        assert_eq!(gate_step(&workflow(text), None), Ok(Fit::None));
        assert!(gate_step(&workflow("a: ["), None).is_err());
    }
}
