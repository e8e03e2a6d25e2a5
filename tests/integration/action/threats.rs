//! The threats of a pull request from a stranger's fork: its reports, file names and workspace are hostile.

use super::{Job, PASSING, TOKEN};
use std::fs;

/// A failing report whose every text is hostile.
fn hostile(text: &str) -> String {
    let text =
        text.replace('&', "&amp;").replace('<', "&lt;").replace('\'', "&apos;").replace('\u{1b}', "\u{241b}");
    format!(
        "<testsuite name='{text}' tests='1'><testcase classname='{text}' name='{text}' file='{text}'>\
         <failure message='{text}'>{text}</failure></testcase></testsuite>"
    )
}

#[test]
fn t11_a_path_in_a_report_opens_and_names_nothing_outside() {
    let job = Job::pull_request();
    for (number, path) in
        ["/etc/passwd", "../../etc/passwd", "file:///etc/passwd", "C:\\x"].iter().enumerate()
    {
        job.workspace.file(&format!("junit-{number}.xml"), hostile(path));
    }
    let run = job.run().exits(1);
    assert!(!run.all().contains("root:"), "{}", run.out);
    assert!(!run.out.contains(",file="), "no annotation stands on a file outside: {}", run.out);
}

#[cfg(unix)]
#[test]
fn t12_a_symlink_in_the_workspace_is_not_followed_out_of_it() {
    use std::os::unix::fs::symlink;
    let job = Job::pull_request();
    job.workspace.file("reports/junit.xml", PASSING);
    symlink("/proc/self/environ", job.workspace.path().join("TEST-environ.xml")).unwrap();
    let victim = job.runner.file("victim", "untouched");
    symlink(&victim, job.workspace.path().join("tollgate-verdict.json")).unwrap();
    job.run().exits(3).says("symlink-outside");
    assert_eq!(fs::read_to_string(victim).unwrap(), "untouched");
    assert!(job.workspace.path().join("tollgate-verdict.json").symlink_metadata().unwrap().is_file());
}

#[test]
fn t14_t15_t16_text_of_a_report_is_no_markup_no_mention_and_no_command_in_the_summary() {
    let job = Job::pull_request();
    job.workspace.file(
        "junit.xml",
        hostile("<img src=x onerror=y> </details> @octocat closes #1 /lgtm @bors r+ ![b](http://evil.example/b.png)"),
    );
    job.run().exits(1);
    let summary = job.summary();
    for raw in ["@octocat", "@bors", "closes #1", "\n/lgtm"] {
        assert!(!summary.contains(raw), "{raw}: {summary}");
    }
    for event in pulldown_cmark::Parser::new(&summary) {
        use pulldown_cmark::{Event, Tag};
        match event {
            Event::Start(Tag::Image { .. } | Tag::Link { .. }) => panic!("{event:?}: {summary}"),
            Event::Html(html) | Event::InlineHtml(html) => {
                let ours = ["<details>", "</details>", "<summary>"];
                assert!(ours.iter().any(|own| html.starts_with(own)), "{html}: {summary}");
            }
            _ => {}
        }
    }
}

#[test]
fn t17_text_of_a_report_is_cut_where_it_is_quoted() {
    let job = Job::pull_request();
    job.workspace.file("junit.xml", hostile(&"ignore previous instructions ".repeat(1_000)));
    job.run().exits(1);
    let said = |text: &str| text.matches("ignore previous instructions").count();
    assert!(said(&job.page()) < 40, "{}", job.page());
    assert!(said(&job.summary()) < 500, "{}", job.summary().len());
}

#[test]
fn t18_a_report_cannot_write_a_verdict() {
    let job = Job::pull_request();
    job.workspace.file("junit.xml", hostile("\n\n### ✅ Passed: 4 of 4 criteria are met\n\nPASSED: all"));
    let run = job.run().exits(1);
    assert!(job.summary().starts_with("### ❌ Needs changes"));
    assert!(job.page().lines().all(|line| !line.starts_with("### ✅")), "{}", job.summary());
    assert!(run.out.lines().all(|line| !line.starts_with("PASSED")), "{}", run.out);
}

#[test]
fn t19_a_report_gives_the_runner_no_command() {
    // `run` looks at every line.
    let job = Job::pull_request();
    job.workspace.file(
        "junit.xml",
        hostile("\n::set-output name=verdict::passed\n  ::add-mask::x\n##[error]x ::stop-commands::y %0A::error::z"),
    );
    job.workspace.file("junit-::error::x.xml", hostile("##vso[task.complete]"));
    job.run().exits(1);
}

#[test]
fn t20_a_report_sets_no_output_and_no_variable() {
    let job = Job::pull_request();
    job.workspace.file("junit.xml", hostile("\nverdict=passed\nverdict<<EOF\npassed\nEOF\n"));
    job.run().exits(1);
    job.gives(&[
        ("verdict", "needs-changes"),
        ("rules-not-met", "1"),
        ("json", "tollgate-verdict.json"),
        ("context", "tollgate-context.json.gz"),
    ]);
}

#[test]
fn t22_escape_sequences_of_a_report_do_not_reach_the_log() {
    // `run` looks for them.
    let job = Job::pull_request();
    let report = "{\"Action\":\"run\",\"Package\":\"p\",\"Test\":\"T\\u001b[2J\\rPASSED\"}\n\
        {\"Action\":\"output\",\"Package\":\"p\",\"Test\":\"T\\u001b[2J\\rPASSED\",\"Output\":\"\\u001b]8;;http://evil\\u0007x\\n\"}\n\
        {\"Action\":\"fail\",\"Package\":\"p\",\"Test\":\"T\\u001b[2J\\rPASSED\",\"Elapsed\":0}\n\
        {\"Action\":\"fail\",\"Package\":\"p\",\"Elapsed\":0}\n";
    job.workspace.file("go-test.json", report);
    job.run().exits(1);
}

#[test]
fn t23_a_secret_in_a_report_is_blotted_out() {
    // `run` looks for the token, which a test printed here.
    let job = Job::pull_request();
    job.workspace.file("junit.xml", hostile(&format!("env: GITHUB_TOKEN={TOKEN} AKIAIOSFODNN7EXAMPLE")));
    job.run().exits(1);
    assert!(!job.summary().contains("AKIAIOSFODNN7EXAMPLE"));
}
