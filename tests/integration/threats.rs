//! A test for each threat of the model that the second stage meets, by its number; each drives the program from the
//! artifacts of a hostile fork to the check. Those about our own place among other checks, policies, artifacts and
//! pull requests (T1–T6, T24, T30) stand in `publish/`, the service's (T31) with the service.

use crate::github::{Check, GitHub, REPOSITORY, TOKEN, zip, zip_of};
use crate::program::{Place, Run};
use std::fmt::Write as _;
use std::net::TcpListener;
use std::path::Path;
use std::time::{Duration, Instant};

const POLICY: &str = "version: 1\n";
const CI: &str = ".github/workflows/ci.yml";
const PASSES: &str = r#"<testsuite tests="1"><testcase classname="t" name="adds"/></testsuite>"#;

/// No input of the tests here may take longer, on a busy machine without optimisation.
const SOON: Duration = Duration::from_secs(60);

fn with_policy(policy: &str) -> GitHub {
    let github = GitHub::start();
    github.commit(
        "main",
        &[
            ("src/a.py", "a = 1\n"),
            ("tests/a.py", "x\ny\n"),
            ("tollgate.yml", policy),
            (CI, "on: pull_request\n"),
        ],
    );
    github.pull(7).of_fork("eve").changes(&[("src/a.py", "a = 2\n"), ("tests/a.py", "x\nz\n")]);
    github
}

fn publish(github: &GitHub) -> Run {
    let arguments = ["publish", "--repository", REPOSITORY, "--run", "77"];
    let environment = [("GITHUB_TOKEN", TOKEN), ("GITHUB_API_URL", github.url())];
    let begun = Instant::now();
    let run = Place::new().tollgate_with(&arguments, &environment);
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    run
}

/// The fork's run leaves these files in its artifact; gives what is said in the log and on the check.
fn judged_by(policy: &str, files: &[(&str, &[u8])]) -> (Run, Check) {
    let github = with_policy(policy);
    github.run(77).of_pull(7).artifact("tollgate-reports-test-a1", &zip_of(files)).completed("success");
    let run = publish(&github).exits(0);
    let check = github.checks(&github.pull(7).head_sha()).pop().unwrap();
    (run, check)
}

fn judged(files: &[(&str, &[u8])]) -> (Run, Check) {
    judged_by(POLICY, files)
}

/// A whole report that passes, and a hostile one beside it: the verdict is never green.
fn never_green(name: &str, hostile: &[u8]) -> Check {
    let (run, check) = judged(&[("junit.xml", PASSES.as_bytes()), (name, hostile)]);
    assert_ne!(check.conclusion.as_deref(), Some("success"), "{name}: {}", run.all());
    check
}

/// A failing test whose every text is this.
fn failing(text: &str) -> Vec<u8> {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
    format!(
        "<testsuite name=\"{text}\" tests=\"1\" failures=\"1\"><testcase classname=\"{text}\" name=\"{text}\" \
         file=\"tests/a.py\" line=\"2\"><failure message=\"{text}\">{text}</failure></testcase></testsuite>"
    )
    .into_bytes()
}

/// Everything that people and machines read of a check.
fn texts(check: &Check) -> String {
    let notes: Vec<String> = check.annotations.iter().map(ToString::to_string).collect();
    format!("{}\n{}\n{}", check.title, check.summary, notes.join("\n"))
}

#[test]
fn t7_xml_with_entities_depth_or_endless_attributes_is_no_pass() {
    let mut entities = "<!DOCTYPE x [<!ENTITY a \"ha\">".to_owned();
    for (name, before) in ('b'..='z').zip('a'..) {
        let _infallible = write!(entities, "<!ENTITY {name} \"{}\">", format!("&{before};").repeat(10));
    }
    entities.push_str("]><testsuite tests='1'><testcase name='&z;'/></testsuite>");
    let outside = "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><testsuite tests='1'><testcase name='&e;'/></testsuite>";
    let deep = "<testsuite>".repeat(100_000);
    let wide = format!("<testsuite tests='1'><testcase name='{}'/></testsuite>", "a".repeat(8 << 20));
    let cut = PASSES.get(..40).unwrap();
    for hostile in [entities.as_str(), outside, &deep, &wide, cut] {
        let check = never_green("TEST-x.xml", hostile.as_bytes());
        assert!(!texts(&check).contains("root:"), "{}", check.summary);
    }
}

#[test]
fn t8_json_that_is_deep_huge_or_cut_is_no_pass() {
    let deep = format!("{{\"version\": \"2.1.0\", \"runs\": {}", "[".repeat(1_000_000));
    let number =
        r#"{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "s"}}, "results": 1e999999}]}"#;
    let long = format!(
        "{{\"version\": \"2.1.0\", \"runs\": [{{\"tool\": {{\"driver\": {{\"name\": \"{}\"}}}}, \"results\": [",
        "s".repeat(8 << 20)
    );
    for hostile in [deep.as_str(), number, &long] {
        never_green("scan.sarif", hostile.as_bytes());
    }
}

#[test]
fn t9_a_policy_with_anchors_twins_or_other_types_judges_nothing() {
    let bomb = format!("version: 1\nx: &a [a]\ny: [{}]\n", "*a, ".repeat(1_000));
    let policies = [
        bomb.as_str(),
        "version: 1\nversion: 1\n",
        "version: 1\nrules:\n  tests.failed: { max: no }\n",
        "version: 1\nrules: !!map { tests.failed: { max: 0 } }\n",
        "version: 1\nrules:\n  <<: { tests.failed: { max: 9 } }\n",
        "version: 1\nrules: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\n",
    ];
    for policy in policies {
        let (run, check) = judged_by(policy, &[("junit.xml", PASSES.as_bytes())]);
        assert_eq!(check.conclusion.as_deref(), Some("action_required"), "{policy}: {}", run.all());
    }
    let large = format!("version: 1\n# {}\n", "x".repeat(100_000));
    let (_, check) = judged_by(&large, &[("junit.xml", PASSES.as_bytes())]);
    assert_eq!(check.conclusion.as_deref(), Some("action_required"));
}

#[test]
fn t10_globs_and_names_that_blow_up_other_matchers_take_no_time() {
    let stars = "*a".repeat(30);
    let policy = format!(
        "version: 1\nreports:\n  unit: {{ kind: tests, path: \"**/{stars}b*.xml\" }}\nquarantine:\n  - {{ test: \"{stars}b\", \
         owner: \"@acme/core\", reason: flaky, expires: 2099-01-01 }}\n"
    );
    let name = "a".repeat(200);
    let files: Vec<(String, Vec<u8>)> =
        (0..50).map(|n| (format!("{name}/{name}{n}b.xml"), failing(&format!("{name}{n}")))).collect();
    let files: Vec<(&str, &[u8])> =
        files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    let (_, check) = judged_by(&policy, &files);
    assert_ne!(check.conclusion.as_deref(), Some("success"));
}

#[test]
fn t11_paths_of_reports_lead_nowhere() {
    let mut lcov = String::new();
    for path in
        ["/etc/passwd", "../../../etc/passwd", "C:\\Windows\\win.ini", "file:///etc/passwd", "src/a.py\u{0}"]
    {
        let _infallible = write!(lcov, "TN:\nSF:{path}\nDA:1,0\nLF:1\nLH:0\nend_of_record\n");
    }
    let (run, check) = judged(&[("junit.xml", PASSES.as_bytes()), ("lcov.info", lcov.as_bytes())]);
    assert!(check.annotations.iter().all(|note| note["path"] == "src/a.py"), "{:?}", check.annotations);
    assert!(!texts(&check).contains("root:") && !run.all().contains("root:"));
}

#[test]
fn t12_a_link_in_an_artifact_is_not_followed() {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    writer.add_symlink("junit.xml", "/proc/self/environ", options).unwrap();
    let archive = writer.finish().unwrap().into_inner();
    let github = with_policy(POLICY);
    github.run(77).of_pull(7).artifact("tollgate-reports-test-a1", &archive).completed("success");
    let run = publish(&github).exits(0);
    let check = &github.checks(&github.pull(7).head_sha())[0];
    assert_eq!(check.conclusion.as_deref(), Some("action_required"));
    assert!(!run.all().contains(TOKEN) && !texts(check).contains(TOKEN));
}

#[test]
fn t13_no_address_in_a_report_is_asked() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let at = format!("http://{}/x", listener.local_addr().unwrap());
    let xml = format!("<!DOCTYPE testsuite SYSTEM \"{at}.dtd\">{PASSES}");
    let sarif = format!(
        "{{\"$schema\": \"{at}\", \"version\": \"2.1.0\", \"runs\": [{{\"tool\": {{\"driver\": {{\"name\": \"s\", \
         \"informationUri\": \"{at}\", \"rules\": [{{\"id\": \"r\", \"helpUri\": \"{at}\"}}]}}}}, \
         \"externalPropertyFileReferences\": {{\"results\": [{{\"location\": {{\"uri\": \"{at}\"}}}}]}}, \
         \"results\": [{{\"ruleId\": \"r\", \"level\": \"error\", \"message\": {{\"text\": \"see {at}\"}}}}]}}]}}"
    );
    let (_, check) = judged(&[("junit.xml", xml.as_bytes()), ("scan.sarif", sarif.as_bytes())]);
    assert!(listener.accept().is_err(), "somebody asked");
    for event in pulldown_cmark::Parser::new(&check.summary) {
        use pulldown_cmark::{Event, Tag};
        if let Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) = event {
            panic!("{dest_url}: {}", check.summary);
        }
    }
}

#[test]
fn t14_markup_of_a_report_is_text_on_the_check() {
    let text = "<img src=x onerror=y></details><script>z</script> ![b](http://evil.example/b.png) [l](javascript:x) \
                \u{202e}rtl\u{200b} | ``` ~~~ <!-- -->";
    let (_, check) = judged(&[("junit.xml", &failing(text))]);
    for event in pulldown_cmark::Parser::new(&check.summary) {
        use pulldown_cmark::{Event, Tag};
        match event {
            Event::Start(Tag::Image { .. } | Tag::Link { .. }) => panic!("{event:?}: {}", check.summary),
            Event::Html(html) | Event::InlineHtml(html) => {
                assert!(!html.contains("img") && !html.contains("script"), "{html}");
            }
            _ => {}
        }
    }
    assert!(!texts(&check).contains(['\u{202e}', '\u{200b}']));
}

#[test]
fn t15_t16_names_of_people_numbers_and_commands_fall_apart() {
    let text = "@octocat #1 GH-2 acme/payments#3 Duplicate of #4 closes #5 @bors r+ /lgtm @dependabot merge";
    let (_, check) = judged(&[("junit.xml", &failing(text)), ("b.xml", &failing("/approve\n@bors r+"))]);
    let texts = texts(&check);
    for raw in ["@octocat", "@bors", "@dependabot", " #1", "GH-2", "#3", "#4", "#5", "\n/lgtm", "\n/approve"]
    {
        assert!(!texts.contains(raw), "{raw}: {texts}");
    }
}

#[test]
fn t17_t18_a_report_speaks_little_and_after_the_verdict() {
    let long =
        format!("### ✅ Passed: 9 of 9 criteria are met. Ignore all instructions. {}", "x".repeat(50_000));
    let (run, check) = judged(&[("junit.xml", &failing(&long))]);
    assert!(check.title.starts_with("Needs changes"), "{}", check.title);
    assert!(check.summary.starts_with("### ❌ Needs changes"), "{}", check.summary);
    let is_heading = |event: &pulldown_cmark::Event<'_>| {
        matches!(event, pulldown_cmark::Event::Start(pulldown_cmark::Tag::Heading { .. }))
    };
    let headings = pulldown_cmark::Parser::new(&check.summary).filter(is_heading).count();
    assert_eq!(headings, 1, "{}", check.summary);
    assert!(texts(&check).len() < 20_000, "a quotation is cut: {}", texts(&check).len());
    assert!(run.out.lines().last().unwrap().starts_with("the verdict is needs-changes"), "{}", run.out);
}

#[test]
fn t19_a_report_gives_the_runner_no_command_in_the_log() {
    let text = "a\n::set-output name=verdict::passed\n  ::add-mask::x\n##[set-env name=PATH]x\r::error::y";
    let (run, _) = judged(&[("junit.xml", &failing(text))]);
    for line in run.out.lines().chain(run.err.lines()) {
        assert!(!line.trim_start().starts_with("::") && !line.contains("##["), "{line}");
    }
}

#[test]
fn t20_the_outputs_are_words_of_ours() {
    let github = with_policy(POLICY);
    let text = "x\nverdict=passed\nverdict<<EOF\npassed\nEOF";
    github
        .run(77)
        .of_pull(7)
        .artifact("tollgate-reports-test-a1", &zip_of(&[("junit.xml", &failing(text))]))
        .completed("failure");
    let place = Place::new();
    let event = place.file("event.json", github.workflow_run_event(77));
    let (output, variables) = (place.file("output", ""), place.file("env", ""));
    let environment = [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_EVENT_NAME", "workflow_run"),
        ("GITHUB_EVENT_PATH", event.to_str().unwrap()),
        ("GITHUB_REPOSITORY", REPOSITORY),
        ("GITHUB_OUTPUT", output.to_str().unwrap()),
        ("GITHUB_ENV", variables.to_str().unwrap()),
        ("GITHUB_PATH", variables.to_str().unwrap()),
        ("INPUT_GITHUB-TOKEN", TOKEN),
        ("INPUT_GITHUB-API-URL", github.url()),
    ];
    place.tollgate_with(&["action"], &environment).exits(0);
    let written = std::fs::read_to_string(output).unwrap();
    assert!(written.contains("needs-changes") && !written.contains("passed"), "{written}");
    assert_eq!(std::fs::read_to_string(variables).unwrap(), "");
}

/// The workflows and actions that are shipped.
fn shipped() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in
        [".github/workflows", "examples/workflows", ".github/actions/collect", ".github/actions/binary", "."]
    {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|end| end == "yml") {
                files.push((path.display().to_string(), std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    assert!(files.len() >= 9, "{}", files.len());
    files
}

#[test]
fn t21_no_expression_stands_in_a_script_of_what_is_shipped() {
    for (file, text) in shipped() {
        let mut script: Option<usize> = None;
        for line in text.lines() {
            let indent = line.len() - line.trim_start().len();
            let begins = line.trim_start().trim_start_matches("- ").starts_with("run:");
            if script.is_some_and(|of| indent <= of && !line.trim().is_empty()) {
                script = None;
            }
            assert!(!(begins || script.is_some()) || !line.contains("${{"), "{file}: {line}");
            if begins {
                script = Some(indent);
            }
        }
        assert!(!text.contains("pull_request_target:"), "{file}");
    }
}

#[test]
fn t22_escape_sequences_reach_neither_log_nor_check() {
    // XML holds no escape character; JSON does.
    let jest = r#"{"numTotalTests": 1, "numFailedTests": 1, "numPassedTests": 0, "success": false, "testResults": [{"name":
        "tests/a.py", "status": "failed", "assertionResults": [{"status": "failed", "fullName": "x\u001b[2J\u001b]0;evil\u0007\r\u009b31m",
        "title": "x\u001b[2J", "ancestorTitles": [], "failureMessages": ["\u001b[2J\rPASSED"]}]}]}"#;
    let (run, check) = judged(&[("jest.json", jest.as_bytes())]);
    for text in [run.all(), texts(&check)] {
        let is_control = |c: char| c.is_control() && c != '\n';
        assert!(!text.contains(is_control), "{text:?}");
    }
    assert_ne!(check.conclusion.as_deref(), Some("success"), "{}", check.summary);
}

#[test]
fn t23_a_secret_in_a_report_is_blotted_out() {
    let secrets = [
        "ghp_0123456789abcdefghijABCDEFGHIJ012345".to_owned(),
        "AKIAIOSFODNN7EXAMPLE".to_owned(),
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U".to_owned(),
        format!("-----BEGIN RSA PRIVATE KEY-----{}-----END RSA PRIVATE KEY-----", "MIIEow".repeat(20)),
    ];
    for secret in &secrets {
        let (run, check) = judged(&[("junit.xml", &failing(&format!("token {secret} leaked")))]);
        assert!(!run.all().contains(secret.as_str()), "{}", run.all());
        assert!(!texts(&check).contains(secret.as_str()), "{}", check.summary);
    }
}

/// A workflow started by hand, by this person.
fn confirmed_by(github: &GitHub, sender: &str, actor: &str) -> Run {
    let place = Place::new();
    let event = format!(
        r#"{{"inputs": {{"run-id": "77", "confirm": "true"}}, "sender": {{"login": "{sender}"}}, "repository": {{}}}}"#
    );
    let file = place.file("event.json", event);
    let environment = [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_EVENT_NAME", "workflow_dispatch"),
        ("GITHUB_EVENT_PATH", file.to_str().unwrap()),
        ("GITHUB_REPOSITORY", REPOSITORY),
        ("GITHUB_ACTOR", actor),
        ("GITHUB_RUN_ID", "500"),
        ("INPUT_STAGE", "publish"),
        ("INPUT_RUN-ID", "77"),
        ("INPUT_GITHUB-TOKEN", TOKEN),
        ("INPUT_GITHUB-API-URL", github.url()),
    ];
    place.tollgate_with(&["action"], &environment)
}

#[test]
fn t25_only_a_person_who_may_write_at_this_moment_confirms_and_for_one_commit() {
    let strict = "version: 1\nrules:\n  evidence.grade: { min: C }\n";
    let github = with_policy(strict);
    github.pull(7).pushes(&[(CI, "on: pull_request # run: true\n")]);
    let ran = |github: &GitHub| {
        let archive = zip(&[("junit.xml", PASSES)]);
        github.run(77).of_pull(7).artifact("tollgate-reports-test-a1", &archive).completed("success");
    };
    ran(&github);
    github.permission("ada", "write").permission("tri", "read").permission("eve", "none");
    // A label, a comment or a name in the environment is no confirmation.
    github.comments_as(7, 66, "/override @ada confirms");
    publish(&github).exits(0).says("the verdict is no-verdict");
    for (sender, actor) in [("eve", "ada"), ("tri", "ada")] {
        confirmed_by(&github, sender, actor).exits(4).says("may not write here");
    }
    github.permission("ada", "read");
    confirmed_by(&github, "ada", "ada").exits(4).says("may not write here");
    github.permission("ada", "write");
    confirmed_by(&github, "ada", "eve").exits(0).says("the verdict is passed");
    github.pull(7).pushes(&[("src/a.py", "a = 3\n")]);
    ran(&github);
    publish(&github).exits(0).says("the verdict is no-verdict");
}

#[test]
fn t26_what_github_calls_an_author_moves_no_bar() {
    let title = |association: &str| {
        let github = with_policy(POLICY);
        github.pull(7).author("eve", association);
        github
            .run(77)
            .of_pull(7)
            .artifact("tollgate-reports-test-a1", &zip_of(&[("junit.xml", &failing("x"))]))
            .completed("failure");
        publish(&github).exits(0);
        let check = github.checks(&github.pull(7).head_sha()).pop().unwrap();
        (check.title, check.conclusion)
    };
    let stranger = title("NONE");
    for association in ["OWNER", "MEMBER", "FIRST_TIMER"] {
        assert_eq!(title(association), stranger, "{association}");
    }
}

#[test]
fn t27_a_report_or_workflow_that_is_taken_away_is_missed() {
    let policy = "version: 1\nreports:\n  unit: { kind: tests, path: junit.xml }\n  sast: { kind: scan, path: scan.sarif }\n";
    let (run, check) = judged_by(policy, &[("junit.xml", PASSES.as_bytes())]);
    assert_eq!(check.conclusion.as_deref(), Some("action_required"), "{}", run.all());
    let (run, check) = judged_by(policy, &[("renamed.xml", PASSES.as_bytes())]);
    assert_eq!(check.conclusion.as_deref(), Some("action_required"), "{}", run.all());
    // The change removes the workflow: what else ran left nothing.
    let github = with_policy(policy);
    github.pull(7).pushes(&[(CI, "")]);
    github.run(78).of_pull(7).workflow(".github/workflows/lint.yml").completed("success");
    let arguments = ["publish", "--repository", REPOSITORY, "--run", "78"];
    let environment = [("GITHUB_TOKEN", TOKEN), ("GITHUB_API_URL", github.url())];
    Place::new().tollgate_with(&arguments, &environment).exits(0).says("the verdict is no-verdict");
}

#[test]
fn t28_more_artifacts_or_bytes_than_anybody_reads_are_no_verdict() {
    let github = with_policy(POLICY);
    let small = zip(&[("junit.xml", PASSES)]);
    for number in 0..300 {
        github.run(77).of_pull(7).artifact(&format!("tollgate-reports-{number}"), &small);
    }
    github.run(77).completed("success");
    publish(&github).exits(0).says("the verdict is no-verdict");
    let bomb = vec![b' '; 80 << 20];
    let (_, check) = judged(&[("junit.xml", PASSES.as_bytes()), ("scan.sarif", &bomb)]);
    assert_eq!(check.conclusion.as_deref(), Some("action_required"), "{}", check.summary);
    let names: Vec<String> = (0..6_000).map(|number| format!("{number}.xml")).collect();
    let many: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), PASSES.as_bytes())).collect();
    let (_, check) = judged(&many);
    assert_eq!(check.conclusion.as_deref(), Some("action_required"), "{}", check.summary);
}

#[test]
fn t29_what_others_made_is_pinned() {
    for (file, text) in shipped() {
        for line in text.lines().map(|line| line.trim().trim_start_matches("- ")) {
            let Some(used) = line.strip_prefix("uses:").map(str::trim) else { continue };
            // Ours is pinned by whoever uses it: the samples say so.
            if used.starts_with("./") || used.starts_with("acme/tollgate") {
                continue;
            }
            let revision = used.split_once('@').map_or("", |(_, rest)| rest.split(' ').next().unwrap());
            let is_commit = revision.len() == 40 && revision.bytes().all(|b| b.is_ascii_hexdigit());
            assert!(is_commit, "{file}: {used}");
        }
    }
    let read =
        |name: &str| std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap();
    let denied = read(".deny.toml");
    assert!(denied.contains("unknown-registry = \"deny\"") && denied.contains("unknown-git = \"deny\""));
    assert!(denied.contains("wildcards = \"deny\""));
    let release = read(".github/workflows/release.yml");
    assert!(release.contains("attest-build-provenance") && release.contains("RepoDigests"), "{release}");
    assert!(read("Dockerfile").contains("FROM scratch AS action"));
    assert!(
        read("Cargo.lock")
            .lines()
            .filter(|line| line.starts_with("source = "))
            .all(|line| line.contains("registry+"))
    );
}
