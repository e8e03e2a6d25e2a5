//! `tollgate portal-feed`: `repos.json` for the InnerSource portal.

use super::exit::WrongUse;
use super::judging::now;
use super::{ExitStatus, output};
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::io::beneath::read_named;
use crate::io::records;
use crate::metrics::{Attempt, Facts, Newest, by_repository, gate_health, portal_entry};
use crate::model::Moment;
use crate::wire;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The largest file of facts that is read, in bytes.
const MOST_BYTES: u64 = 256 << 20;

/// Arguments of `tollgate portal-feed`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
FACTS is a file or a folder, exported without Tollgate: GitHub's `GET /repos/{owner}/{repo}`, a list of them, or the \
answer of a search. In a folder every `*.json` is read; beside the facts of one repository (`x/repo.json`) stand its \
`innersource.json`, its `participation.json` (`/stats/participation`) and, empty or not, its `CONTRIBUTING.md`.

The score is the repository activity score of the InnerSource Commons, by its published formula. It orders a portal \
and says nothing of quality: an empty repository made today scores 1050, and the score jumps by 800 at 3000. How the \
gate does stands apart from it, in `_InnerSourceMetadata.tollgate`.

Examples:
  gh api --paginate 'search/repositories?q=org:acme+topic:inner-source' > found.json
  tollgate portal-feed found.json > repos.json
  tollgate portal-feed facts/ --records verdicts/ --as-of 2026-01-10 > repos.json")]
pub(super) struct Arguments {
    /// Files or folders of repository facts
    #[arg(required = true, value_name = "FACTS")]
    facts: Vec<PathBuf>,
    /// Verdict records (tollgate.verdict/1), in any folders below this one
    #[arg(long, value_name = "DIR")]
    records: Option<PathBuf>,
    /// The moment that ages are counted to: 2026-01-10, 2026-01-10T08:00:00Z [default: now]
    #[arg(long, value_name = "MOMENT", value_parser = moment)]
    as_of: Option<Moment>,
    /// Days of records that count
    #[arg(long, value_name = "N", default_value_t = 90)]
    window_days: u64,
}

fn moment(text: &str) -> Result<Moment, String> {
    Moment::parse(text).ok_or_else(|| "expected 2026-01-10 or 2026-01-10T08:00:00Z".to_owned())
}

/// Runs it.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitStatus> {
    let now = arguments
        .as_of
        .or_else(now)
        .ok_or_else(|| WrongUse("error: the clock of this machine is not set".to_owned()))?;
    let mut diagnostics = Vec::new();
    let (attempts, newest) = match &arguments.records {
        Some(dir) => read_records(dir, &mut diagnostics)?,
        None => Default::default(),
    };
    let by_repository = by_repository(&attempts, now, arguments.window_days);
    let mut read = Vec::new();
    for path in &arguments.facts {
        facts_in(path, &mut read)?;
    }
    let (mut entries, mut is_wrong) = (Vec::new(), read.is_empty());
    if read.is_empty() {
        let message = "no facts of a repository were found";
        diagnostics.push(Diagnostic::new(Code::BadExport, Weight::Error, message, Origin::default()));
    }
    for (file, facts) in &read {
        let name = facts
            .repository
            .get("full_name")
            .and_then(Value::as_str)
            .unwrap_or("a repository without a name");
        let key = name.to_lowercase();
        let health = newest.get(&key).map(|newest| {
            let attempts = by_repository.get(key.as_str()).map_or(&[][..], Vec::as_slice);
            gate_health(attempts, newest, arguments.window_days)
        });
        let mut say = |weight, what: String| {
            diagnostics.push(Diagnostic::new(
                Code::BadExport,
                weight,
                format!("{name}: {what}"),
                Origin::file(&**file),
            ));
        };
        match portal_entry(facts, health, now) {
            Ok(entry) => {
                entry.doubts.into_iter().for_each(|doubt| say(Weight::Warning, doubt));
                entries.push(entry.value);
            }
            Err(lacks) => {
                is_wrong = true;
                lacks.into_iter().for_each(|lack| say(Weight::Error, lack));
            }
        }
    }
    if is_wrong {
        // The portal reads the score of every entry: a feed with a hole in it breaks its page.
        return Err(WrongUse(output::diagnostics(&diagnostics)).into());
    }
    output::note(&output::diagnostics(&diagnostics));
    output::print(&format!("{:#}\n", Value::Array(entries)))?;
    Ok(ExitStatus::Passed)
}

type Records = (Vec<Attempt>, BTreeMap<String, Newest>);

fn read_records(dir: &Path, diagnostics: &mut Vec<Diagnostic>) -> anyhow::Result<Records> {
    let (mut attempts, mut newest) = (Vec::new(), BTreeMap::<String, Newest>::new());
    let rest = records::each(dir, &mut |record| {
        if let Some(attempt) = wire::verdict::attempt(&record) {
            let found = wire::verdict::newest(&record, attempt.decided_at);
            let slot = newest.entry(attempt.repo.clone()).or_default();
            if found.decided_at >= slot.decided_at {
                *slot = found;
            }
            attempts.push(attempt);
        }
    })
    .map_err(|error| WrongUse(output::diagnostics(&[*error])))?;
    diagnostics.extend(rest.diagnostics);
    Ok((attempts, newest))
}

/// The facts of a file or folder, with the file that they came from.
fn facts_in(path: &Path, read: &mut Vec<(String, Facts)>) -> anyhow::Result<()> {
    if !path.is_dir() {
        return facts_of_file(path, read);
    }
    let mut entries = Vec::new();
    let listed =
        std::fs::read_dir(path).map_err(|error| wrong(path, &format!("cannot be listed: {error}")))?;
    for entry in listed {
        let entry = entry?;
        entries.push((entry.path(), entry.file_type()?));
    }
    entries.sort_by(|left, right| left.0.cmp(&right.0));
    for (path, kind) in entries {
        let is_side =
            path.file_name().is_some_and(|name| name == "innersource.json" || name == "participation.json");
        if kind.is_dir() {
            facts_in(&path, read)?;
        } else if kind.is_file() && path.extension().is_some_and(|extension| extension == "json") && !is_side
        {
            facts_of_file(&path, read)?;
        }
    }
    Ok(())
}

/// One document or several behind each other (`gh api --paginate`): a repository, a list, or a search's answer.
fn facts_of_file(path: &Path, read: &mut Vec<(String, Facts)>) -> anyhow::Result<()> {
    let text = read_text(path)?;
    let mut repositories = Vec::new();
    for document in serde_json::Deserializer::from_str(&text).into_iter::<Value>() {
        let document = document.map_err(|error| wrong(path, &format!("is no JSON: {error}")))?;
        let items = match document {
            Value::Array(items) => items,
            Value::Object(mut object) => match object.remove("items") {
                Some(Value::Array(items)) => items,
                Some(_) => return Err(wrong(path, "has `items` that are no list").into()),
                None => vec![Value::Object(object)],
            },
            _ => return Err(wrong(path, "is neither a repository nor a list of them").into()),
        };
        for item in items {
            match item {
                Value::Object(repository) => repositories.push(repository),
                _ => return Err(wrong(path, "lists something that is no repository").into()),
            }
        }
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    // What stands beside the facts belongs to one repository, or to none of them.
    let has_sides = repositories.len() == 1;
    for repository in repositories {
        let mut facts = Facts { repository, ..Facts::default() };
        if has_sides {
            facts.innersource = side(folder, "innersource.json")?.map(object).transpose()?;
            facts.participation = side(folder, "participation.json")?.map(|(_, value)| value);
            let guide = "CONTRIBUTING.md";
            facts.guidelines = folder.join(guide).is_file().then(|| guide.to_owned());
        }
        read.push((path.to_string_lossy().into_owned(), facts));
    }
    Ok(())
}

fn side(folder: &Path, name: &str) -> anyhow::Result<Option<(PathBuf, Value)>> {
    let path = folder.join(name);
    if !path.is_file() {
        return Ok(None);
    }
    let value = serde_json::from_str(&read_text(&path)?);
    let value = value.map_err(|error| wrong(&path, &format!("is no JSON: {error}")))?;
    Ok(Some((path, value)))
}

fn object((path, value): (PathBuf, Value)) -> anyhow::Result<Map<String, Value>> {
    match value {
        Value::Object(map) => Ok(map),
        _ => Err(wrong(&path, "is no JSON object").into()),
    }
}

fn read_text(path: &Path) -> anyhow::Result<String> {
    let bytes =
        read_named(path, MOST_BYTES).map_err(|error| wrong(path, &format!("cannot be read: {error}")))?;
    Ok(String::from_utf8(bytes).map_err(|_| wrong(path, "is not valid UTF-8"))?)
}

fn wrong(path: &Path, what: &str) -> WrongUse {
    let message = format!("the export {what}");
    let origin = Origin::file(&*path.to_string_lossy());
    WrongUse(output::diagnostics(&[Diagnostic::new(Code::BadExport, Weight::Error, message, origin)]))
}
