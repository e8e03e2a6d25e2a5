//! The action files that are shipped, held against the code, and their scripts, run for real.

use super::super::{INPUTS, OUTPUTS};
use std::path::{Path, PathBuf};
use std::process::Command;

fn shipped(file: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
}

/// The keys of one top-level block of an action file, each with the text of one field below it.
fn block<'t>(text: &'t str, name: &str, field: &str) -> Vec<(&'t str, Option<&'t str>)> {
    let mut keys: Vec<(&str, Option<&str>)> = Vec::new();
    let lines = text.lines().skip_while(|line| *line != format!("{name}:")).skip(1);
    for line in lines.take_while(|line| line.starts_with("  ") || line.is_empty()) {
        if let Some(value) = line.strip_prefix(&format!("    {field}: ")) {
            keys.last_mut().unwrap().1 = Some(value.trim_matches('"'));
        } else if !line.starts_with("   ") && !line.is_empty() {
            keys.push((line.trim().trim_end_matches(':'), None));
        }
    }
    keys
}

#[test]
fn the_actions_have_exactly_the_inputs_and_outputs_that_are_read() {
    let inputs: Vec<_> = INPUTS.iter().map(|&(name, default)| (name, Some(default))).collect();
    for file in ["action.yml", ".github/actions/binary/action.yml"] {
        let text = shipped(file);
        assert_eq!(block(&text, "inputs", "default"), inputs, "{file}");
        let outputs: Vec<&str> = block(&text, "outputs", "value").iter().map(|output| output.0).collect();
        assert_eq!(outputs, OUTPUTS, "{file}");
    }
    let binary = shipped(".github/actions/binary/action.yml");
    for (name, _) in INPUTS {
        let variable = format!("INPUT_{}: ${{{{ inputs.{name} }}}}", name.to_uppercase().replace('-', "_"));
        assert!(binary.contains(&variable), "{variable}");
    }
    for output in OUTPUTS {
        assert!(binary.contains(&format!("value: ${{{{ steps.tollgate.outputs.{output} }}}}")), "{output}");
    }
}

#[test]
fn no_shipped_script_has_an_expression_in_it() {
    for file in [".github/actions/binary/action.yml", ".github/actions/collect/action.yml"] {
        for line in shipped(file).lines().filter(|line| line.trim_start().starts_with("run:")) {
            assert!(!line.contains("${{"), "{file}: {line}");
        }
    }
}

/// Runs a script of an action; gives its exit code, its output and what it wrote to `GITHUB_OUTPUT`.
#[cfg(unix)]
fn run(script: &str, workspace: &Path, variables: &[(&str, &str)]) -> (Option<i32>, String, String) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(".github/actions").join(script);
    let runner = tempfile::tempdir_in(workspace.parent().unwrap()).unwrap().keep();
    let output = runner.join("output");
    std::fs::write(&output, "").unwrap();
    let done = Command::new("bash")
        .arg(&script)
        .env("GITHUB_WORKSPACE", workspace)
        .env("GITHUB_ACTION_PATH", script.parent().unwrap())
        .env("GITHUB_OUTPUT", &output)
        .env("RUNNER_TEMP", &runner)
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    (done.status.code(), said, std::fs::read_to_string(&output).unwrap())
}

#[cfg(unix)]
fn collect(workspace: &Path, globs: &str, steps: &str) -> (PathBuf, serde_json::Value) {
    let variables = [
        ("TOLLGATE_PATH", globs),
        ("TOLLGATE_STEPS", steps),
        ("TOLLGATE_MATRIX", "{\"os\": \"x\"}"),
        ("TOLLGATE_INDEX", "3"),
        ("GITHUB_JOB", "test"),
        ("GITHUB_WORKFLOW", "CI \"quoted\" \\ name"),
        ("GITHUB_RUN_ID", "77"),
        ("GITHUB_RUN_ATTEMPT", "2"),
        ("GITHUB_SHA", "abc"),
        ("RUNNER_OS", "Linux"),
    ];
    let (code, said, output) = run("collect/collect.sh", workspace, &variables);
    assert_eq!(code, Some(0), "{said}");
    let folder = PathBuf::from(output.trim_end().strip_prefix("folder=").unwrap());
    let manifest = std::fs::read_to_string(folder.join("manifest.json")).unwrap();
    let manifest = serde_json::from_str(&manifest).unwrap_or_else(|error| panic!("{error}: {manifest}"));
    (folder, manifest)
}

#[cfg(unix)]
fn collected(manifest: &serde_json::Value) -> Vec<String> {
    let files = manifest.get("files").unwrap().as_array().unwrap();
    let mut paths: Vec<String> =
        files.iter().map(|file| file.get("path").unwrap().as_str().unwrap().to_owned()).collect();
    paths.sort();
    paths
}

#[cfg(unix)]
fn workspace(files: &[(&str, &str)]) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("work space");
    std::fs::create_dir(&root).unwrap();
    for (file, content) in files {
        let path = root.join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    (dir, root)
}

#[cfg(unix)]
#[test]
fn reports_are_packed_with_a_manifest_of_what_was_packed() {
    let (_dir, root) = workspace(&[
        ("junit.xml", "abc"),
        ("a/b/junit-2.xml", "<x/>"),
        ("quote\"s \\ $(touch x) `id`.xml", "1"),
        ("node_modules/x/junit.xml", "1"),
        ("other.txt", "1"),
    ]);
    let steps =
        r#"{"unit": {"outputs": {"token": "secret"}, "outcome": "failure", "conclusion": "success"}}"#;
    let (folder, manifest) = collect(&root, "**/junit*.xml\n\n./*.xml\r\n", steps);
    assert_eq!(collected(&manifest), ["a/b/junit-2.xml", "junit.xml", "quote\"s \\ $(touch x) `id`.xml"]);
    let files = manifest.get("files").unwrap().as_array().unwrap();
    let first = files.iter().find(|file| file.get("path").unwrap() == "junit.xml").unwrap();
    assert_eq!(
        first.get("sha256").unwrap(),
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
    assert_eq!(first.get("bytes").unwrap(), 3);
    let packed = folder.join(first.get("file").unwrap().as_str().unwrap());
    assert_eq!(std::fs::read_to_string(packed).unwrap(), "abc");
    assert_eq!(manifest.get("workflow").unwrap(), "CI \"quoted\" \\ name");
    assert_eq!(manifest.get("attempt").unwrap(), 2);
    assert!(!manifest.to_string().contains("secret"), "outputs of steps are left out");
    assert!(manifest.to_string().contains("\"outcome\":\"failure\""));
    assert!(!root.join("x").exists());
}

#[cfg(unix)]
#[test]
fn links_pipes_and_names_with_control_characters_are_not_packed() {
    let (dir, root) = workspace(&[("real.xml", "1"), ("line\nbreak.xml", "1"), ("hard.xml", "1")]);
    std::fs::write(dir.path().join("secret"), "token").unwrap();
    std::os::unix::fs::symlink(dir.path().join("secret"), root.join("link.xml")).unwrap();
    std::os::unix::fs::symlink(dir.path(), root.join("folder")).unwrap();
    std::fs::hard_link(dir.path().join("secret"), root.join("second-name.xml")).unwrap();
    assert!(Command::new("mkfifo").arg(root.join("pipe.xml")).status().unwrap().success());
    let (folder, manifest) = collect(&root, "**/*.xml\n**/secret", "");
    assert_eq!(collected(&manifest), ["hard.xml", "real.xml"]);
    assert_eq!(manifest.get("skipped").unwrap(), 4, "a line end, two links and a pipe");
    assert_eq!(manifest.get("steps").unwrap(), &serde_json::Value::Null);
    assert_eq!(std::fs::read_dir(folder.join("files")).unwrap().count(), 2);
}

#[cfg(unix)]
#[test]
fn nothing_to_pack_is_said_and_left_to_the_gate() {
    let (_dir, root) = workspace(&[("x", "1")]);
    let (_, manifest) = collect(&root, "**/junit.xml", "no json");
    assert_eq!(collected(&manifest), Vec::<String>::new());
    assert_eq!(manifest.get("steps").unwrap(), &serde_json::Value::Null);
}

/// A release on loopback: `/tollgate` holds the program, and nothing else is there.
#[cfg(unix)]
fn release(program: &'static [u8]) -> String {
    use std::io::{BufRead as _, BufReader, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    // Ends with the test's process.
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let first = lines.next().unwrap().unwrap();
            while lines.next().is_some_and(|line| !line.unwrap().is_empty()) {}
            let (status, location, body): (u16, &str, &[u8]) = match first.split(' ').nth(1).unwrap() {
                // GitHub sends a download on to a store.
                "/acme/tollgate/releases/download/v1.2.3/tollgate-x86_64-unknown-linux-gnu" => {
                    (302, "location: /store/tollgate\r\n", b"")
                }
                "/store/tollgate" => (200, "", program),
                _ => (404, "", b"not found"),
            };
            let head = format!(
                "HTTP/1.1 {status} X\r\n{location}connection: close\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            drop(stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body)));
        }
    });
    address
}

/// Runs `install.sh` as the commit of a release has it; the digests are `digests`.
#[cfg(unix)]
fn install(server: &str, digests: &str) -> (Option<i32>, String, String) {
    let (dir, root) = workspace(&[]);
    let action = dir.path().join("action");
    std::fs::create_dir(&action).unwrap();
    std::fs::write(action.join("install.sh"), shipped(".github/actions/binary/install.sh")).unwrap();
    std::fs::write(action.join("digests.txt"), digests).unwrap();
    let script = action.join("install.sh");
    let done = run(
        script.to_str().unwrap(),
        &root,
        &[
            ("RUNNER_OS", "Linux"),
            ("RUNNER_ARCH", "X64"),
            ("TOLLGATE_SERVER", server),
            ("TOLLGATE_REPOSITORY", "acme/tollgate"),
            ("NO_PROXY", "127.0.0.1"),
        ],
    );
    if let Some(program) = done.2.strip_prefix("program=") {
        let said = Command::new(program.trim_end()).output().unwrap();
        assert_eq!(said.stdout, b"hello\n");
    } else {
        let left: Vec<_> = walk(dir.path()).into_iter().filter(|path| path.ends_with("gnu")).collect();
        assert!(left.is_empty(), "{left:?}");
    }
    done
}

/// All files below a folder, as text.
#[cfg(unix)]
fn walk(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path.display().to_string()] })
        .collect()
}

#[cfg(unix)]
const PROGRAM: &[u8] = b"#!/bin/sh\necho hello\n";

#[cfg(unix)]
fn digest(bytes: &[u8]) -> String {
    use sha2::{Digest as _, Sha256};
    crate::io::github::manifest::hex(&Sha256::digest(bytes))
}

#[cfg(unix)]
#[test]
fn the_program_of_a_release_is_fetched_and_held_against_its_digest() {
    let digests = format!(
        "# digests\n{}  v1.2.2  x86_64-unknown-linux-gnu\n{}  v1.2.3  aarch64-apple-darwin\n{}  v1.2.3  x86_64-unknown-linux-gnu\n",
        digest(b"old"),
        digest(b"mac"),
        digest(PROGRAM)
    );
    let (code, said, output) = install(&release(PROGRAM), &digests);
    assert_eq!(code, Some(0), "{said}");
    assert!(output.contains("v1.2.3"), "{output}");
}

#[cfg(unix)]
#[test]
fn a_program_with_another_digest_or_none_at_all_is_not_installed() {
    let digests = format!("{}  v1.2.3  x86_64-unknown-linux-gnu\n", digest(PROGRAM));
    let (code, said, output) = install(&release(b"#!/bin/sh\necho evil\n"), &digests);
    assert_eq!((code, output.as_str()), (Some(2), ""));
    assert!(said.contains("::error") && said.contains("the release says"), "{said}");
    let gone = digests.replace("v1.2.3", "v9.9.9");
    let (code, said, output) = install(&release(PROGRAM), &gone);
    assert_eq!((code, output.as_str()), (Some(2), ""));
    assert!(said.contains("cannot be fetched"), "{said}");
}

#[cfg(unix)]
#[test]
fn a_commit_that_is_no_release_installs_nothing() {
    let (_dir, root) = workspace(&[]);
    let variables = |os, arch| {
        [
            ("RUNNER_OS", os),
            ("RUNNER_ARCH", arch),
            ("TOLLGATE_SERVER", "https://x"),
            ("TOLLGATE_REPOSITORY", "a/b"),
        ]
    };
    let (code, said, output) = run("binary/install.sh", &root, &variables("Linux", "X64"));
    assert_eq!((code, output.as_str()), (Some(2), ""));
    assert!(said.contains("this commit is no release"), "{said}");
    let (code, said, _) = run("binary/install.sh", &root, &variables("Plan9", "MIPS"));
    assert_eq!(code, Some(2));
    assert!(said.contains("there is no program for Plan9"), "{said}");
}
