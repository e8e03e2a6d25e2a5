//! A history of 100,000 commits for `tollgate metrics`: squashes and merges, 200 folders, CODEOWNERS by path.

use crate::Options;
use crate::measure::median;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

const COMMITS: u64 = 100_000;
const TEAMS: u64 = 200;
const PEOPLE: u64 = 500;
/// In seconds of wall time.
const GOAL: f64 = 10.0;

/// Wall time of the whole program, and whether its figures are those of the generator.
pub fn table(options: &Options) -> bool {
    let Ok(program) = options.tollgate.canonicalize() else {
        println!(
            "history: not measured, {} is not there (cargo build --release)",
            options.tollgate.display()
        );
        return true;
    };
    let (repository, pull_requests, external) = repository(&options.data);
    let teams = options.data.join("teams.json");
    std::fs::write(&teams, teams_json()).expect("the data directory can be written");
    println!(
        "history: wall time of `tollgate metrics` over {COMMITS} commits, {pull_requests} pull requests"
    );
    let mut sound = true;
    for (what, arguments) in
        [("by path", vec!["--teams"]), ("one owner", vec!["--owner", "@user1", "--unit", "commits"])]
    {
        let mut times = Vec::new();
        for _ in 0..3 {
            let mut command = Command::new(&program);
            command.arg("metrics").arg(&repository).args(["--since", "2023-01-01", "--until", "2026-12-31"]);
            command.args(["--format", "csv"]).args(&arguments);
            if what == "by path" {
                command.arg(&teams);
            }
            let begin = Instant::now();
            let output = command.output().expect("it starts");
            times.push(begin.elapsed().as_secs_f64());
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            let found: Vec<&str> = text.lines().nth(1).unwrap_or_default().split(',').collect();
            let wanted = [external.to_string(), (pull_requests - external).to_string()];
            if what == "by path" && found.get(3..5) != Some(&[wanted[0].as_str(), wanted[1].as_str()]) {
                println!("WRONG history: expected {wanted:?}, found {found:?}");
                sound = false;
            }
        }
        println!("{what:<12} {:>6.2} s   goal {GOAL:.0} s", median(times));
    }
    sound
}

/// Every team has the two or three people whose number leaves its own behind.
fn teams_json() -> String {
    let team = |team: u64| {
        let members: Vec<String> =
            (team..PEOPLE).step_by(TEAMS as usize).map(|person| format!("\"user{person}\"")).collect();
        format!("\"acme/team{team}\": [{}]", members.join(", "))
    };
    format!("{{{}}}", (0..TEAMS).map(team).collect::<Vec<_>>().join(", "))
}

/// The repository, how many pull requests it holds, and how many of them are external.
fn repository(data: &Path) -> (PathBuf, u64, u64) {
    let folder = data.join("history");
    let is_made = folder.join("made").exists();
    if !is_made {
        std::fs::create_dir_all(&folder).expect("the data directory can be made");
        let init = Command::new("git").args(["init", "-q", "-b", "main"]).current_dir(&folder).status();
        assert!(init.expect("git is here").success());
    }
    let mut stream = Stream { text: String::new(), mark: 0, time: 1_700_000_000 };
    let mut first = vec![("CODEOWNERS".to_owned(), String::new())];
    for team in 0..TEAMS {
        let _ = writeln!(first[0].1, "/team{team}/ @acme/team{team}");
        first.extend(
            (0..20).map(|file| (format!("team{team}/m{}/f{}.rs", file % 5, file % 4), "x".to_owned())),
        );
    }
    let mut main = stream.commit("main", 1, "begin", 0, 0, &first);
    let (mut commits, mut number, mut external) = (1, 0, 0);
    while commits < COMMITS {
        number += 1;
        let person = number % PEOPLE;
        external += u64::from(person % TEAMS != number % TEAMS);
        let path = format!("team{}/m{}/f{}.rs", number % TEAMS, number % 5, number % 4);
        let files = [(path, format!("v{number}"))];
        if number % 3 > 0 {
            main = stream.commit("main", person, &format!("Change {number} (#{number})"), main, 0, &files);
            commits += 1;
        } else {
            let branch = stream.commit("topic", person, "work", main, 0, &files);
            let message = format!("Merge pull request #{number} from user{person}/x\n\nChange {number}");
            main = stream.commit("main", person, &message, main, branch, &files);
            commits += 2;
        }
    }
    if !is_made {
        let mut import = Command::new("git")
            .args(["fast-import", "--quiet"])
            .current_dir(&folder)
            .stdin(Stdio::piped())
            .spawn()
            .expect("git is here");
        let mut input = import.stdin.take().expect("it is piped");
        input.write_all(stream.text.as_bytes()).expect("git reads it");
        drop(input);
        assert!(import.wait().expect("it ends").success());
        std::fs::write(folder.join("made"), "").expect("the data directory can be written");
    }
    (folder, number, external)
}

/// The input of `git fast-import`.
struct Stream {
    text: String,
    mark: u64,
    time: u64,
}

impl Stream {
    fn commit(
        &mut self,
        branch: &str,
        person: u64,
        message: &str,
        from: u64,
        merge: u64,
        files: &[(String, String)],
    ) -> u64 {
        self.mark += 1;
        self.time += 300;
        let (mark, time, text) = (self.mark, self.time, &mut self.text);
        let _ = write!(
            text,
            "commit refs/heads/{branch}\nmark :{mark}\n\
             author P{person} <{person}+user{person}@users.noreply.github.com> {time} +0000\n\
             committer GitHub <noreply@github.com> {time} +0000\ndata {}\n{message}\n",
            message.len()
        );
        if from > 0 {
            let _ = writeln!(text, "from :{from}");
        }
        if merge > 0 {
            let _ = writeln!(text, "merge :{merge}");
        }
        for (path, content) in files {
            let _ = write!(text, "M 100644 inline {path}\ndata {}\n{content}\n", content.len());
        }
        text.push('\n');
        mark
    }
}
