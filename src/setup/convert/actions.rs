//! The report actions of a workflow: dorny/test-reporter, EnricoMi/publish-unit-test-result-action,
//! mikepenz/action-junit-report and codecov/codecov-action.

use super::{Work, flag};
use crate::model::Kind;
use crate::setup::draft::RuleLine;
use crate::setup::workflow::{self, Step};
use crate::setup::yaml::Node;

/// How an action is read.
struct Action {
    /// `owner/name`, also the beginning of `owner/name/linux`.
    name: &'static str,
    convert: fn(&mut Work<'_>, &Inputs<'_>),
    /// Inputs about the look and the way of its own output; Tollgate has its own.
    looks: &'static [&'static str],
    /// Inputs that `convert` reads.
    reads: &'static [&'static str],
}

const ACTIONS: &[Action] = &[
    Action {
        name: "dorny/test-reporter",
        convert: dorny,
        looks: &[
            "name",
            "list-suites",
            "list-tests",
            "max-annotations",
            "only-summary",
            "use-actions-summary",
            "badge-title",
            "report-title",
            "collapsed",
            "token",
            "path-replace-backslashes",
        ],
        reads: &["path", "reporter", "fail-on-error", "fail-on-empty", "working-directory", "artifact"],
    },
    Action {
        name: "EnricoMi/publish-unit-test-result-action",
        convert: enrico,
        looks: &[
            "github_token",
            "github_token_actor",
            "github_retries",
            "check_name",
            "check_run",
            "comment_title",
            "comment_mode",
            "job_summary",
            "compare_to_earlier_commit",
            "pull_request_build",
            "event_file",
            "event_name",
            "commit",
            "test_changes_limit",
            "check_run_annotations",
            "check_run_annotations_branch",
            "seconds_between_github_reads",
            "seconds_between_github_writes",
            "secondary_rate_limit_wait_seconds",
            "json_file",
            "json_thousands_separator",
            "json_suite_details",
            "json_test_case_results",
            "report_suite_logs",
            "report_individual_runs",
            "large_files",
            "ignore_runs",
            "root_log_level",
            "log_level",
            "search_pull_requests",
        ],
        reads: &[
            "files",
            "junit_files",
            "nunit_files",
            "xunit_files",
            "trx_files",
            "fail_on",
            "action_fail",
            "action_fail_on_inconclusive",
            "time_unit",
            "deduplicate_classes_by_file_name",
            "test_file_prefix",
        ],
    },
    Action {
        name: "mikepenz/action-junit-report",
        convert: mikepenz,
        looks: &[
            "token",
            "github_token",
            "check_name",
            "check_title_template",
            "summary",
            "update_check",
            "annotate_only",
            "annotate_notice",
            "include_passed",
            "job_summary",
            "job_name",
            "detailed_summary",
            "commit",
            "comment",
            "updateComment",
            "transformers",
            "group_suite",
            "include_time_in_summary",
            "truncate_stack_traces",
            "annotations_limit",
            "follow_symlink",
        ],
        reads: &[
            "report_paths",
            "fail_on_failure",
            "require_tests",
            "require_passed_tests",
            "check_retries",
            "suite_regex",
            "test_files_prefix",
            "exclude_sources",
        ],
    },
    Action {
        name: "codecov/codecov-action",
        convert: codecov,
        looks: &[
            "token",
            "name",
            "slug",
            "url",
            "verbose",
            "version",
            "use_oidc",
            "os",
            "git_service",
            "override_branch",
            "override_build",
            "override_build_url",
            "override_commit",
            "override_pr",
            "commit_parent",
            "binary",
            "dry_run",
            "env_vars",
            "skip_validation",
            "use_pypi",
            "disable_safe_directory",
            "use_legacy_upload_endpoint",
            "codecov_yml_path",
            "job_code",
            "report_code",
        ],
        reads: &[
            "files",
            "file",
            "directory",
            "working-directory",
            "root_dir",
            "flags",
            "fail_ci_if_error",
            "report_type",
            "disable_search",
            "handle_no_reports_found",
        ],
    },
];

/// Converts every step that uses one of [`ACTIONS`].
pub(super) fn convert(root: &Node, work: &mut Work<'_>) {
    for step in workflow::jobs(root).into_iter().flatten() {
        let Some(uses) = step.uses else { continue };
        let name = uses.split('@').next().unwrap_or(uses);
        let is_it = |action: &&Action| {
            let rest = name.get(..action.name.len()).filter(|start| start.eq_ignore_ascii_case(action.name));
            rest.is_some()
                && matches!(name.get(action.name.len()..), Some(rest) if rest.is_empty() || rest.starts_with('/'))
        };
        let Some(action) = ACTIONS.iter().find(is_it) else { continue };
        let inputs = Inputs { action: action.name, step: &step };
        work.origin(step.line, action.name);
        (action.convert)(work, &inputs);
        others(work, action, &step);
    }
    tidy(work);
}

/// The inputs of one step.
struct Inputs<'s> {
    action: &'static str,
    step: &'s Step<'s>,
}

impl<'s> Inputs<'s> {
    /// The text and line of an input that is given.
    fn get(&self, key: &str) -> Option<(&'s str, usize)> {
        let (_, line, node) = self.step.with.iter().find(|(name, ..)| name == key)?;
        Some((node.text()?, *line))
    }

    fn flag(&self, key: &str) -> Option<bool> {
        self.get(key).and_then(|(text, _)| flag(text))
    }

    /// The folder of an input, with `/` at its end; empty if there is none.
    fn folder(&self, key: &str) -> String {
        let folder = self.get(key).map_or("", |(text, _)| text);
        let folder = folder.strip_prefix("./").unwrap_or(folder).trim_end_matches('/');
        if folder.is_empty() || folder == "." { String::new() } else { format!("{folder}/") }
    }
}

/// What no converter reads: the look in one line, unknown inputs one by one.
fn others(work: &mut Work<'_>, action: &Action, step: &Step<'_>) {
    let mut looks = Vec::new();
    for (key, line, _) in step.with {
        if action.looks.contains(&key.as_str()) {
            looks.push(format!("`{key}`"));
        } else if !action.reads.contains(&key.as_str()) {
            work.left_out(
                *line,
                format!("`{key}` of {}", action.name),
                "not known here: look whether you need it",
            );
        }
    }
    if !looks.is_empty() {
        let what = format!("{} of {}", looks.join(", "), action.name);
        work.left_out(
            step.line,
            what,
            "about that action's own output and access; Tollgate has one page and needs no token",
        );
    }
}

fn dorny(work: &mut Work<'_>, inputs: &Inputs<'_>) {
    let optional = inputs.flag("fail-on-empty") == Some(false);
    let folder = inputs.folder("working-directory");
    if let Some((paths, line)) = inputs.get("path") {
        let globs = work.globs(line, "path", &folder, paths.split([',', '\n']));
        work.report("unit", Kind::Tests, globs, optional);
    }
    if let Some((reporter, line)) = inputs.get("reporter") {
        let why = "the content of a report says its format; `format:` is for the rare file of two";
        work.left_out(line, format!("reporter `{reporter}`"), why);
    }
    if let Some((artifact, line)) = inputs.get("artifact") {
        let why = "a gate job reads the artifacts of its own run (examples/workflows/gate-job.yml); another run's are no evidence";
        work.left_out(line, format!("artifact `{artifact}`"), why);
    }
    failing(work, inputs, "fail-on-error", inputs.flag("fail-on-error").unwrap_or(true));
}

fn enrico(work: &mut Work<'_>, inputs: &Inputs<'_>) {
    for (key, name) in [
        ("files", "unit"),
        ("junit_files", "unit"),
        ("nunit_files", "nunit"),
        ("xunit_files", "xunit"),
        ("trx_files", "trx"),
    ] {
        if let Some((paths, line)) = inputs.get(key) {
            let globs = work.globs(line, key, "", paths.lines());
            work.report(name, Kind::Tests, globs, false);
        }
    }
    let fail_on = inputs.get("fail_on");
    if let Some(("errors", line)) = fail_on {
        let why = "failures and errors are one here (tools disagree on the difference): both count";
        work.left_out(line, "fail_on `errors`", why);
    }
    failing(work, inputs, "fail_on", !matches!(fail_on, Some(("nothing", _))));
    for (key, why) in [
        ("time_unit", "times are read as each format defines them"),
        ("deduplicate_classes_by_file_name", "a test is told apart by suite, class, name and file"),
        ("test_file_prefix", "paths are held against the tracked files of the commit"),
        ("action_fail", "the verdict is the exit code of the step"),
        ("action_fail_on_inconclusive", "what cannot be measured is no verdict, exit code 3"),
    ] {
        if let Some((_, line)) = inputs.get(key) {
            work.left_out(line, format!("`{key}`"), why);
        }
    }
}

fn mikepenz(work: &mut Work<'_>, inputs: &Inputs<'_>) {
    let (paths, line) =
        inputs.get("report_paths").unwrap_or(("**/junit-reports/TEST-*.xml", inputs.step.line));
    // Without `require_tests` that action passes when there is nothing; here an announced report must come.
    let globs = work.globs(line, "report_paths", "", paths.split([',', '\n']));
    work.report("unit", Kind::Tests, globs, inputs.flag("require_tests") == Some(false));
    failing(work, inputs, "fail_on_failure", inputs.flag("fail_on_failure").unwrap_or(false));
    for (key, why) in [
        ("require_passed_tests", "`tests.executed: { min: 1 }` holds without being written"),
        ("check_retries", "attempts that the report itself names are read as such; others count one by one"),
        ("suite_regex", "every suite of the report counts"),
        ("test_files_prefix", "paths are held against the tracked files of the commit"),
        ("exclude_sources", "paths are held against the tracked files of the commit"),
    ] {
        if let Some((_, line)) = inputs.get(key) {
            work.left_out(line, format!("`{key}`"), why);
        }
    }
}

fn codecov(work: &mut Work<'_>, inputs: &Inputs<'_>) {
    let is_tests = matches!(inputs.get("report_type"), Some(("test_results" | "testing", _)));
    let (kind, name) = if is_tests { (Kind::Tests, "unit") } else { (Kind::Coverage, "coverage") };
    // A missing upload does not fail that action by default.
    let optional = inputs.flag("handle_no_reports_found") == Some(true);
    let folder = inputs.folder("working-directory");
    let mut found = false;
    for key in ["files", "file"] {
        if let Some((paths, line)) = inputs.get(key) {
            let globs = work.globs(line, key, &folder, paths.split([',', '\n']));
            found |= !globs.is_empty();
            work.report(name, kind, globs, optional);
        }
    }
    if !found {
        let why = "it searches for reports by itself: run `tollgate init` where they were written, or name them under `reports:`";
        work.left_out(inputs.step.line, format!("the files of {}", inputs.action), why);
    }
    for (key, why) in [
        ("flags", "name one entry of `reports:` per flag, and judge parts of the tree under `paths:`"),
        ("directory", "globs of `reports:` begin at the root"),
        ("root_dir", "globs of `reports:` begin at the root"),
        ("fail_ci_if_error", "there is no upload that could fail; a report that is missing is no verdict"),
        ("disable_search", "for a kind that `reports:` names only its globs are read"),
    ] {
        if let Some((_, line)) = inputs.get(key) {
            work.left_out(line, format!("`{key}`"), why);
        }
    }
}

/// Whether a failing test fails the check.
fn failing(work: &mut Work<'_>, inputs: &Inputs<'_>, key: &str, fails: bool) {
    let rule = if fails {
        RuleLine::new("tests.failed", "max: 0", "")
    } else {
        let said = if inputs.get(key).is_some() { "says so" } else { "does so by default" };
        let comment = format!("{} {said}: failures are shown and do not block", inputs.action);
        RuleLine::new("tests.failed", "max: 0, mode: warn", comment)
    };
    work.draft.rules.push(rule);
}

/// Several steps may say something of one rule: the strictest holds.
fn tidy(work: &mut Work<'_>) {
    let rules = std::mem::take(&mut work.draft.rules);
    let strict = rules.iter().find(|rule| !rule.fields.contains("warn")).or(rules.first());
    work.draft.rules = strict.cloned().into_iter().collect();
}
