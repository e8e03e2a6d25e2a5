//! What the workflow files themselves show.

use super::super::yaml::{self, Node};
use super::super::{Place, TextFile};
use super::{CHECK, Examined, GitHubFacts, Unseen};
use crate::policy::GatePlace;
use std::collections::BTreeMap;

/// Filters of an event that keep a workflow from running.
const FILTERS: [&str; 4] = ["paths", "paths-ignore", "branches", "branches-ignore"];

/// What the job that posts the check needs.
const RIGHTS: [(&str, &str); 4] =
    [("actions", "read"), ("checks", "write"), ("contents", "read"), ("pull-requests", "read")];

/// What signs a provenance.
const ATTESTING: [&str; 2] = ["actions/attest-build-provenance@", "actions/attest@"];

/// A workflow file that can be read.
pub(super) struct Workflow {
    pub(super) file: String,
    /// What people call it; the file's path if it does not say.
    pub(super) name: String,
    root: Node,
}

/// A job of a workflow.
pub(super) struct Job<'w> {
    /// What its check is called.
    pub(super) name: &'w str,
    pub(super) line: usize,
    node: &'w Node,
}

impl<'w> Job<'w> {
    /// The actions that its steps use.
    fn uses(&self) -> impl Iterator<Item = &'w str> {
        let steps = self.node.get("steps").map(Node::items).unwrap_or_default();
        steps.iter().filter_map(|step| step.get("uses")?.text())
    }
}

impl Workflow {
    /// An event, with the line of its name and its settings if it has any.
    fn event(&self, name: &str) -> Option<(usize, Option<&Node>)> {
        let on = self.root.get("on")?;
        if on.text() == Some(name) {
            return Some((on.line, None));
        }
        let listed = on.items().iter().find(|item| item.text() == Some(name));
        let keyed = on.entries().iter().find(|(key, ..)| key == name);
        listed.map(|item| (item.line, None)).or(keyed.map(|(_, line, node)| (*line, Some(node))))
    }

    pub(super) fn jobs(&self) -> Vec<Job<'_>> {
        let jobs = self.root.get("jobs").map(Node::entries).unwrap_or_default();
        jobs.iter()
            .map(|(id, line, node)| {
                let name = node.get("name").and_then(Node::text).unwrap_or(id);
                Job { name, line: *line, node }
            })
            .collect()
    }

    fn at(&self, line: usize) -> Option<Place> {
        Some(Place { file: self.file.clone(), line })
    }

    fn steps(&self) -> impl Iterator<Item = (&Node, &str)> {
        let jobs = self.root.get("jobs").map(Node::entries).unwrap_or_default();
        let steps = jobs.iter().flat_map(|(.., job)| job.get("steps").map(Node::items).unwrap_or_default());
        steps.filter_map(|step| Some((step, step.get("uses")?.text()?)))
    }

    /// True if a step of it is Tollgate, in whatever stage.
    fn has_tollgate(&self) -> bool {
        self.steps().any(|(_, uses)| is_tollgate(uses))
    }

    /// True if it posts the check for other runs.
    pub(super) fn is_second_stage(&self) -> bool {
        let by_event = self.event("workflow_run").is_some() && self.has_tollgate();
        by_event
            || self.steps().any(|(step, uses)| {
                let stage = step.get("with").and_then(|with| with.get("stage")).and_then(Node::text);
                is_tollgate(uses) && stage == Some("publish")
            })
    }

    /// True if it judges or collects for a pull request.
    fn is_first_stage(&self) -> bool {
        self.event("pull_request").is_some() && self.has_tollgate()
    }

    /// The names that a second stage listens to.
    fn listens_to(&self) -> Vec<&str> {
        let settings = self.event("workflow_run").and_then(|(_, settings)| settings);
        let names = settings.and_then(|settings| settings.get("workflows"));
        match names {
            Some(names) if names.text().is_some() => names.text().into_iter().collect(),
            Some(names) => names.items().iter().filter_map(Node::text).collect(),
            None => Vec::new(),
        }
    }
}

/// The action itself, or one of those that are shipped with it.
fn is_tollgate(uses: &str) -> bool {
    uses.contains("/tollgate@") || uses.contains("/tollgate/.github/actions/") || uses.contains("/tollgate:")
}

/// Reads the files; one that cannot be read is said.
pub(super) fn read(files: &[TextFile], examined: &mut Examined) -> Vec<Workflow> {
    let mut workflows = Vec::new();
    for file in files {
        match yaml::read(&file.text) {
            Ok(root) => {
                let name = root.get("name").and_then(Node::text).unwrap_or(&file.name).to_owned();
                workflows.push(Workflow { file: file.name.clone(), name, root });
            }
            Err(error) => examined.unseen.push(Unseen {
                what: "what every workflow does",
                why: format!("{}:{} cannot be read: {}", file.name, error.line, error.why),
            }),
        }
    }
    workflows
}

/// Examines the files, with what GitHub says where it makes a difference.
pub(super) fn examine(
    workflows: &[Workflow],
    gate: GatePlace,
    github: Option<&GitHubFacts>,
    examined: &mut Examined,
) {
    let second: Vec<&Workflow> = workflows.iter().filter(|workflow| workflow.is_second_stage()).collect();
    let heard: Vec<&str> = second.iter().flat_map(|workflow| workflow.listens_to()).collect();
    let first: Vec<&Workflow> = workflows
        .iter()
        .filter(|workflow| !workflow.is_second_stage())
        .filter(|workflow| workflow.is_first_stage() || heard.contains(&workflow.name.as_str()))
        .collect();
    if first.is_empty() && second.is_empty() {
        examined.problem(
            "no-gate",
            None,
            "no workflow uses Tollgate, so nothing is judged",
            "run `tollgate init`: it prints the step to add",
        );
    }
    for workflow in &first {
        filters(workflow, examined);
        merge_group(workflow, github, examined);
    }
    if !first.is_empty() && !examined.has("filtered-required-workflow") {
        examined.fine.push("no filter keeps a judging workflow from running");
    }
    for workflow in &second {
        second_stage(workflow, workflows, examined);
    }
    if gate == GatePlace::Publish && second.is_empty() && !first.is_empty() {
        examined.problem(
            "no-second-stage",
            None,
            "the policy says `gate: publish`, and no workflow posts the check",
            "add examples/workflows/publish.yml to the default branch",
        );
    }
    look_alikes(workflows, gate, examined);
    for workflow in workflows.iter().filter(|workflow| workflow.has_tollgate()) {
        if let Some((line, _)) = workflow.event("pull_request_target") {
            examined.problem(
                "pull-request-target",
                workflow.at(line),
                "`pull_request_target` gives the run a token that may write and the secrets; Tollgate refuses to judge there",
                "use `pull_request`, and the second stage for the check",
            );
        }
    }
}

/// A required check of a workflow that does not run stays "Expected" for ever (gate.md e3).
fn filters(workflow: &Workflow, examined: &mut Examined) {
    for event in ["pull_request", "merge_group"] {
        let Some((_, Some(settings))) = workflow.event(event) else { continue };
        let filters = settings.entries().iter().filter(|(key, ..)| FILTERS.contains(&key.as_str()));
        for (key, line, _) in filters {
            examined.problem(
                "filtered-required-workflow",
                workflow.at(*line),
                format!("`{key}` keeps this workflow from running for some changes: a required check then waits for ever"),
                "take the filter away; let the policy say which reports a change has to bring (`when: { changed: [...] }`)",
            );
        }
    }
}

/// A queue waits for a check that nobody posts, until it gives up (gate.md b5).
fn merge_group(workflow: &Workflow, github: Option<&GitHubFacts>, examined: &mut Examined) {
    if workflow.event("merge_group").is_some() {
        return;
    }
    let queue = github.map(|facts| facts.demands.as_ref().map(|demands| demands.merge_queue));
    let line = workflow.event("pull_request").map_or(1, |(line, _)| line);
    let fix = "add `merge_group:` to `on:`";
    match queue {
        Some(Ok(true)) => examined.problem(
            "missing-merge-group",
            workflow.at(line),
            "changes go through the merge queue, and this workflow does not run there: the queue waits for it until it gives up",
            fix,
        ),
        // Without a queue nothing is missing.
        Some(Ok(false)) => {}
        Some(Err(_)) | None => examined.advice(
            "missing-merge-group",
            workflow.at(line),
            "this workflow does not run in the merge queue; if one is switched on, it will wait for it",
            fix,
        ),
    }
}

fn second_stage(workflow: &Workflow, all: &[Workflow], examined: &mut Examined) {
    let heard = workflow.listens_to();
    let line = workflow.event("workflow_run").map_or(1, |(line, _)| line);
    let named = |name: &&str| all.iter().filter(|other| other.name == **name).count();
    for name in &heard {
        match named(name) {
            0 => examined.problem(
                "second-stage-hears-nothing",
                workflow.at(line),
                format!("`workflows:` names `{name}`, and no workflow is called so: the check never comes"),
                "write the `name:` of the workflow that runs the tests",
            ),
            1 => {}
            _ => examined.problem(
                "look-alike-workflow",
                workflow.at(line),
                format!("several workflows are called `{name}`, and each of them starts the second stage"),
                "give every workflow a name of its own; the policy's `workflows` tells them apart by file",
            ),
        }
    }
    for (step, uses) in workflow.steps() {
        if uses.starts_with("actions/checkout@") {
            examined.problem(
                "checkout-in-second-stage",
                workflow.at(step.line),
                "the workflow that may write checks out code; a pull request's code must never run with that token",
                "take the step away: the second stage needs no checkout",
            );
        }
    }
    for job in workflow.jobs() {
        let rights = job.node.get("permissions").or_else(|| workflow.root.get("permissions"));
        let Some(rights) = rights else { continue };
        if rights.text() == Some("write-all") {
            examined.advice(
                "more-rights-than-needed",
                workflow.at(rights.line),
                "the job that posts the check may write everything",
                "give it `actions: read`, `checks: write`, `contents: read` and `pull-requests: read`",
            );
            continue;
        }
        for (name, level) in RIGHTS.into_iter().filter(|(name, level)| !is_given(Some(rights), name, level)) {
            examined.problem(
                "missing-right",
                workflow.at(job.line),
                format!("the job that posts the check has no `{name}: {level}`"),
                format!("add `{name}: {level}` to its `permissions:`"),
            );
        }
    }
}

/// Evidence is attested only where the run that uploads it signs it, and who judges may read what was signed.
pub(super) fn attestations(workflows: &[Workflow], examined: &mut Examined) {
    let mut signs = false;
    for workflow in workflows {
        let is_second = workflow.is_second_stage();
        for job in workflow.jobs() {
            let signing = job.uses().any(|uses| ATTESTING.iter().any(|action| uses.starts_with(action)));
            let publishing = is_second && job.uses().any(is_tollgate);
            let needed: &[(&str, &str)] = match (publishing, signing) {
                (true, _) => &[("attestations", "read")],
                (false, true) => &[("attestations", "write"), ("id-token", "write")],
                (false, false) => &[],
            };
            signs |= signing && !is_second && workflow.event("pull_request").is_some();
            let rights = job.node.get("permissions").or_else(|| workflow.root.get("permissions"));
            for (name, level) in needed.iter().filter(|(name, level)| !is_given(rights, name, level)) {
                let whose = if publishing { "posts the check" } else { "signs what it uploads" };
                examined.problem(
                    "missing-right",
                    workflow.at(job.line),
                    format!("the policy asks for attested evidence (grade A), and the job that {whose} has no `{name}: {level}`"),
                    format!("add `{name}: {level}` to its `permissions:`"),
                );
            }
        }
    }
    if !signs {
        examined.problem(
            "nothing-attested",
            None,
            "the policy asks for attested evidence (grade A), and no workflow of a pull request signs what it uploads",
            "add `actions/attest-build-provenance` behind the upload, as examples/workflows/attested.yml has it",
        );
    }
}

/// Whether a job has a right, or may have it: without any `permissions:` the repository's settings say what there is,
/// and of `id-token` that is never anything
/// (<https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#permissions>).
fn is_given(rights: Option<&Node>, name: &str, level: &str) -> bool {
    let Some(rights) = rights else { return name != "id-token" };
    let given = rights.get(name).and_then(Node::text);
    let all = rights.text();
    given == Some("write")
        || given == Some(level)
        || all == Some("write-all")
        || (all == Some("read-all") && level == "read")
}

/// Jobs whose check is called like ours, or like one of another workflow: GitHub takes the newest of a name (gate.md
/// finding 2).
fn look_alikes(workflows: &[Workflow], gate: GatePlace, examined: &mut Examined) {
    let mut by_name: BTreeMap<&str, Vec<(&Workflow, usize)>> = BTreeMap::new();
    for workflow in workflows {
        for job in workflow.jobs() {
            by_name.entry(job.name).or_default().push((workflow, job.line));
        }
    }
    for (name, jobs) in by_name {
        if gate != GatePlace::Step && name == CHECK {
            for (workflow, line) in &jobs {
                examined.problem(
                    "look-alike-job",
                    workflow.at(*line),
                    format!("this job is called `{name}`, like the check: its result stands beside the verdict under one name"),
                    "give the job another name",
                );
            }
        }
        let judges = jobs.iter().any(|(workflow, _)| workflow.has_tollgate());
        if let [(first, _), (second, line), ..] = jobs.as_slice()
            && judges
            && first.file != second.file
        {
            examined.problem(
                "look-alike-job",
                second.at(*line),
                format!(
                    "{} has a job called `{name}` too: a required check of that name takes either",
                    first.file
                ),
                "give each job a name of its own",
            );
        }
    }
    if !examined.has("look-alike-job") {
        examined.fine.push("no job is called like the check or like a judging job of another workflow");
    }
}
