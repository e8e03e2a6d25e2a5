//! `tollgate metrics`: the figures of an innersource programme.

use super::exit::WrongUse;
use super::judging::today;
use super::progress::Progress;
use super::{ExitStatus, output};
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::io::beneath::read_named;
use crate::io::git::{self, CommittedFile, Found, HistoryQuery, OwnersThen, Repository};
use crate::io::policy::{LIMIT, PLACES};
use crate::io::records;
use crate::metrics::{self, Attempt, Contribution, Handle, RepositoryFigures, Standing, Teams, Unit, Window};
use crate::model::{AuthorClass, Date, Moment, Untrusted, VerdictKind};
use crate::policy;
use crate::render;
use crate::wire;
use clap::ValueEnum;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The largest `teams.json` that is read, in bytes.
const MOST_TEAMS: u64 = 64 << 20;
/// How deep a folder is searched for repositories.
const MOST_DEPTH: usize = 3;

/// Arguments of `tollgate metrics`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The share is: merged pull requests by external people / merged pull requests by external people or owners. Owners \
are those of the policy (`owners:`) and of CODEOWNERS, both as they were when the pull request was merged; with \
verdict records the class is the one that the gate decided on the day. Bots, and authors of whom nobody can say \
whether they are owners, are in neither number and are printed. Below 5 contributions there is no share.

Examples:
  tollgate metrics                                       # this repository, the last 365 days
  tollgate metrics ~/src --since 90d                     # every repository in a folder
  tollgate metrics --teams teams.json --owner @acme/core # who the owners are
  tollgate metrics --records verdicts/                   # with first-attempt pass rate and time to pass
  tollgate metrics --unit commits --format csv           # commits by author instead of pull requests
  tollgate metrics --write-html innersource.html         # drawn over time
  tollgate metrics --thanks 2026-10-01                   # what outsiders had merged since, for a newsletter")]
pub(super) struct Arguments {
    /// A repository, or a folder of repositories
    #[arg(default_value = ".", value_name = "DIR")]
    dir: PathBuf,
    /// Verdict records (tollgate.verdict/1), in any folders below this one
    #[arg(long, value_name = "DIR")]
    records: Option<PathBuf>,
    /// Members of teams: {"acme/core": ["alice", {"login": "bob", "emails": ["bob@example.com"]}]}
    #[arg(long, value_name = "FILE")]
    teams: Option<PathBuf>,
    /// An owner where the policy of the time names none: @login, @org/team or an address; may be repeated
    #[arg(long = "owner", value_name = "OWNER")]
    owners: Vec<String>,
    /// The login, name or address of a program that does not call itself [bot]; may be repeated
    #[arg(long = "bot", value_name = "NAME")]
    bots: Vec<String>,
    /// What is counted
    #[arg(long, value_enum, default_value_t = UnitWord::PullRequests)]
    unit: UnitWord,
    /// The first day that counts, or how many days: 2026-01-01, 90d
    #[arg(long, value_name = "DATE-OR-DAYS", default_value = "365d")]
    since: String,
    /// The last day that counts [default: today, in UTC]
    #[arg(long, value_name = "DATE")]
    until: Option<String>,
    /// List the merged pull requests of external people since then instead: titles and numbers, no names
    #[arg(long, value_name = "DATE-OR-DAYS")]
    thanks: Option<String>,
    /// What to print
    #[arg(long, value_enum, default_value_t = OutputFormat::Text)]
    format: OutputFormat,
    /// Also draw the share over time, as a page without scripts
    #[arg(long, value_name = "FILE")]
    write_html: Option<PathBuf>,
    /// Also draw the share over time, as a picture
    #[arg(long, value_name = "FILE")]
    write_svg: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum UnitWord {
    /// Merged pull requests: merge commits, and squashed ones by the number behind their title
    PullRequests,
    /// Commits that are no merges
    Commits,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum OutputFormat {
    /// For people
    Text,
    /// tollgate.metrics/1
    Json,
    /// One row a repository and month
    Csv,
}

/// Runs it.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitStatus> {
    let until = match &arguments.until {
        Some(text) => Date::parse(text).map_err(|error| wrong_day("--until", text, &error.to_string()))?,
        None => today().ok_or_else(|| WrongUse("error: the clock of this machine is not set".to_owned()))?,
    };
    let (flag, since) = match &arguments.thanks {
        Some(since) => ("--thanks", since),
        None => ("--since", &arguments.since),
    };
    let window = window_of(flag, since, until)?;
    let mut diagnostics = Vec::new();
    let attempts = match &arguments.records {
        Some(dir) => read_records(dir, &mut diagnostics)?,
        None => Vec::new(),
    };
    let teams = match &arguments.teams {
        Some(path) => read_teams(path)?,
        None => Teams::default(),
    };
    let mut survey = Survey { arguments, window, teams, attempts, diagnostics, progress: Progress::new() };
    let mut repositories = Vec::new();
    for path in repositories_in(&arguments.dir, !survey.attempts.is_empty())? {
        repositories.push(survey.repository(&path)?);
    }
    repositories.extend(survey.repositories_without_clone(&repositories));
    repositories.sort_by(|left, right| left.figures.name.cmp(&right.figures.name));
    drop(survey.progress);
    output::note(&output::diagnostics(&survey.diagnostics));
    if arguments.thanks.is_some() {
        let lists: Vec<_> = repositories.into_iter().map(|one| (one.figures.name, one.thanks)).collect();
        output::print(&render::metrics::thanks(window, &lists, output::style()))?;
        return Ok(ExitStatus::Passed);
    }
    let figures: Vec<RepositoryFigures> = repositories.into_iter().map(|one| one.figures).collect();
    if let Some(path) = &arguments.write_html {
        output::write_file(path, render::metrics::page(&figures).as_bytes())?;
    }
    if let Some(path) = &arguments.write_svg {
        output::write_file(path, render::metrics::picture(&figures).as_bytes())?;
    }
    let text = match arguments.format {
        OutputFormat::Text => render::metrics::text(&figures, output::style()),
        OutputFormat::Csv => render::metrics::csv(&figures),
        OutputFormat::Json => String::from_utf8(wire::metrics::write(&figures))?,
    };
    output::print(&text)?;
    Ok(ExitStatus::Passed)
}

fn wrong(problem: Diagnostic) -> WrongUse {
    WrongUse(output::diagnostics(&[problem]))
}

fn wrong_day(flag: &str, text: &str, why: &str) -> WrongUse {
    WrongUse(format!(
        "error: `{flag} {text}`: {why}\n  = help: write a day such as 2026-01-31, or days such as 90d"
    ))
}

/// From `90d` before the last day, that one included, or from a day.
fn window_of(flag: &str, since: &str, until: Date) -> Result<Window, WrongUse> {
    let from = match since.strip_suffix('d').map(str::parse::<u32>) {
        Some(Ok(days)) if days > 0 => {
            let first = u64::from(until.days()).saturating_sub(u64::from(days) - 1);
            Date::from_unix_seconds(first * 86_400)
                .ok_or_else(|| wrong_day(flag, since, "so many days cannot be counted"))?
        }
        Some(_) => return Err(wrong_day(flag, since, "expected a number of days")),
        None => Date::parse(since).map_err(|error| wrong_day(flag, since, &error.to_string()))?,
    };
    if from > until {
        return Err(wrong_day(flag, since, &format!("the window would end on {until}, before it begins")));
    }
    Ok(Window { from, until })
}

fn read_teams(path: &Path) -> anyhow::Result<Teams> {
    let file = path.to_string_lossy();
    let bytes = read_named(path, MOST_TEAMS).map_err(|error| {
        let message = format!("the teams cannot be read: {error}");
        wrong(Diagnostic::new(Code::BadExport, Weight::Error, message, Origin::file(&*file)))
    })?;
    Ok(Teams::parse(&String::from_utf8_lossy(&bytes), &file).map_err(|error| wrong(*error))?)
}

/// The attempts that the records of a directory tell of.
pub(super) fn read_records(dir: &Path, diagnostics: &mut Vec<Diagnostic>) -> anyhow::Result<Vec<Attempt>> {
    let (mut attempts, mut silent) = (Vec::new(), 0_u64);
    let rest = records::each(dir, &mut |record| match wire::verdict::attempt(&record) {
        Some(attempt) => attempts.push(attempt),
        None => silent += 1,
    })
    .map_err(|error| wrong(*error))?;
    diagnostics.extend(rest.diagnostics);
    if silent > 0 || attempts.is_empty() {
        let message = format!(
            "{silent} of {} verdict records are of no pull request or do not say when they were decided, and are not counted",
            rest.read
        );
        let origin = Origin::file(&*dir.to_string_lossy());
        let help = "keep the records that `publish` or `serve` write: they carry `context` and `decided-at`";
        diagnostics.push(Diagnostic::new(Code::BadExport, Weight::Warning, message, origin).with_help(help));
    }
    Ok(attempts)
}

/// The directory itself if it is a repository, else those in it.
fn repositories_in(dir: &Path, has_records: bool) -> anyhow::Result<Vec<PathBuf>> {
    if !dir.is_dir() {
        let message = format!(
            "error: `{}` is no directory\n  = help: name a repository, or a folder of repositories",
            dir.display()
        );
        return Err(WrongUse(message).into());
    }
    if is_repository(dir) {
        return Ok(vec![dir.to_owned()]);
    }
    let (mut found, mut open) = (Vec::new(), vec![(dir.to_owned(), 0)]);
    while let Some((folder, depth)) = open.pop() {
        let entries = std::fs::read_dir(&folder).map_err(|error| {
            WrongUse(format!(
                "error: {} cannot be listed: {error}\n  = help: name a folder that may be read",
                folder.display()
            ))
        })?;
        for entry in entries {
            let entry = entry?;
            let path = entry.path();
            if !entry.file_type()?.is_dir() {
                continue;
            }
            if is_repository(&path) {
                found.push(path);
            } else if depth + 1 < MOST_DEPTH {
                open.push((path, depth + 1));
            }
        }
    }
    found.sort();
    if found.is_empty() {
        // A folder inside of a repository: what was merged below it.
        match git::open(dir) {
            Ok(_) => found.push(dir.to_owned()),
            Err(_) if has_records => {}
            Err(mut error) => {
                error.weight = Weight::Error;
                return Err(wrong(
                    (*error).with_help("name a repository, a folder of repositories, or `--records DIR`"),
                )
                .into());
            }
        }
    }
    Ok(found)
}

/// With a working tree, or bare.
fn is_repository(dir: &Path) -> bool {
    dir.join(".git").exists() || (dir.join("HEAD").is_file() && dir.join("objects").is_dir())
}

/// One repository's figures, and the material for thanks.
struct Surveyed {
    figures: RepositoryFigures,
    thanks: Vec<Contribution>,
    /// Names under which records may know it.
    called: BTreeSet<String>,
}

struct Survey<'a> {
    arguments: &'a Arguments,
    window: Window,
    teams: Teams,
    attempts: Vec<Attempt>,
    diagnostics: Vec<Diagnostic>,
    progress: Progress,
}

impl Survey<'_> {
    fn repository(&mut self, path: &Path) -> anyhow::Result<Surveyed> {
        let repository = git::open(path).map_err(|error| wrong(*error))?;
        let name = repository.full_name();
        let unit = match self.arguments.unit {
            UnitWord::PullRequests => Unit::PullRequests,
            UnitWord::Commits => Unit::Commits,
        };
        let called: BTreeSet<String> = self.called(&name);
        let progress = &mut self.progress;
        let wanted = HistoryQuery { unit, window: self.window, bots: &self.arguments.bots };
        let mut history = repository
            .history(&wanted, &mut |commits| progress.say(&format!("walking the history: {commits} commits")))
            .map_err(|error| wrong(*error))?;
        history.people.learn_logins(&self.teams);
        let of_day = self.classes_of_the_day(&called);
        let today = self.owners_today(&repository);
        let mut owners = OwnersThen::new(&repository, today);
        let mut contributions = Vec::new();
        let total = history.found.len();
        for (index, found) in history.found.iter().enumerate() {
            if index.is_multiple_of(1_000) {
                self.progress.say(&format!("asking who owned what: {index} of {total} contributions"));
            }
            let paths = match repository.prefix() {
                "" => None,
                _ => Some(owners.changed_paths(found).map_err(|error| wrong(*error))?),
            };
            if paths.as_ref().is_some_and(|paths| !paths.iter().any(|path| repository.is_below(path))) {
                continue;
            }
            let known = found.number.and_then(|number| of_day.get(&number)).copied();
            let class = match known {
                Some(class) => class,
                None => self.estimate(&repository, &mut owners, &history.people, found)?,
            };
            let (title, number) = (found.title.clone(), found.number);
            contributions.push(Contribution {
                at: found.at,
                number,
                title,
                class,
                on_the_day: known.is_some(),
            });
        }
        for place in owners.unread() {
            let message = "CODEOWNERS is too large to be read, so nobody counts as its owner";
            self.diagnostics.push(Diagnostic::new(
                Code::BadExport,
                Weight::Warning,
                message,
                Origin::file(place),
            ));
        }
        let mut figures = metrics::figures(name, unit, self.window, &contributions, &history.direct);
        figures.cut_at = history.cut_at.filter(|at| self.window.holds(*at)).and_then(Date::from_unix_seconds);
        figures.gate = self.gate(&called);
        contributions.retain(|one| one.class == AuthorClass::External && self.window.holds(one.at));
        Ok(Surveyed { figures, thanks: contributions, called })
    }

    /// The names under which records may know a repository: its full name, or any owner's if only its own is known.
    fn called(&self, name: &Untrusted) -> BTreeSet<String> {
        let name = name.raw().to_lowercase();
        if name.contains('/') {
            return [name].into();
        }
        let repos = self.attempts.iter().map(|attempt| &attempt.repo);
        repos.filter(|repo| repo.rsplit('/').next() == Some(&name)).cloned().collect()
    }

    /// The class of each pull request by its last verdict, where the gate knew it.
    fn classes_of_the_day(&self, called: &BTreeSet<String>) -> BTreeMap<u64, AuthorClass> {
        let mut last: BTreeMap<u64, (u64, AuthorClass)> = BTreeMap::new();
        for attempt in self.attempts.iter().filter(|attempt| called.contains(&attempt.repo)) {
            let entry = last.entry(attempt.pull_request).or_insert((attempt.decided_at, attempt.class));
            if attempt.decided_at >= entry.0 {
                *entry = (attempt.decided_at, attempt.class);
            }
        }
        let known = last.into_iter().filter(|(_, (_, class))| *class != AuthorClass::UnknownIdentity);
        known.map(|(number, (_, class))| (number, class)).collect()
    }

    fn gate(&self, called: &BTreeSet<String>) -> Option<metrics::Companions> {
        let mine =
            |attempt: &&Attempt| called.contains(&attempt.repo) && self.window.holds(attempt.decided_at);
        let mut mine = self.attempts.iter().filter(mine).peekable();
        mine.peek()?;
        Some(metrics::companions(mine))
    }

    fn estimate(
        &self,
        repository: &Repository,
        owners: &mut OwnersThen<'_>,
        people: &metrics::People,
        found: &Found,
    ) -> anyhow::Result<AuthorClass> {
        let Some(mut person) = people.get(found.author).cloned() else {
            return Ok(AuthorClass::UnknownIdentity);
        };
        // The branch of a fork names its owner; a branch of the repository itself names the organisation.
        let organisation = repository.full_name().raw().split('/').next().unwrap_or_default().to_lowercase();
        if let Some(login) = found.login.as_deref().filter(|login| *login != organisation) {
            person.is_bot |= people.is_bot_login(login);
            person.logins.insert(login.to_owned());
        }
        let then = owners.of(found).map_err(|error| wrong(*error))?;
        Ok(match then.standing(&person, &self.teams) {
            Standing::Decided(class) => class,
            Standing::ByPaths => {
                let paths = owners.changed_paths(found).map_err(|error| wrong(*error))?;
                then.class_by_paths(&person, &self.teams, paths.iter().map(String::as_str))
            }
        })
    }

    /// The owners where the policy of the time names none: those of the command line, else of today's policy.
    fn owners_today(&mut self, repository: &Repository) -> Vec<Handle> {
        if !self.arguments.owners.is_empty() {
            return self.arguments.owners.iter().filter_map(|owner| Handle::parse(owner)).collect();
        }
        let Ok(Some(head)) = repository.head().map(|head| head.commit) else { return Vec::new() };
        for place in PLACES {
            let read = repository.file_at(&head, place, LIMIT);
            let bytes = match read {
                Ok(CommittedFile::Bytes(bytes)) => bytes,
                Ok(CommittedFile::Absent) => continue,
                Ok(CommittedFile::TooLarge | CommittedFile::NotRegular) => {
                    let message = "the policy is no small file, so its owners are not known";
                    let origin = Origin::file(place);
                    self.diagnostics.push(Diagnostic::new(
                        Code::PolicyTooLarge,
                        Weight::Warning,
                        message,
                        origin,
                    ));
                    continue;
                }
                Err(error) => {
                    self.diagnostics.push(*error);
                    continue;
                }
            };
            match policy::parse(&String::from_utf8_lossy(&bytes), place) {
                Ok(file) => return file.owners.iter().filter_map(|owner| Handle::parse(owner)).collect(),
                Err(errors) => self.diagnostics.extend(errors),
            }
        }
        Vec::new()
    }

    /// Repositories that only records know: there a pull request that passed counts, merged or not.
    fn repositories_without_clone(&self, cloned: &[Surveyed]) -> Vec<Surveyed> {
        let known: BTreeSet<&String> = cloned.iter().flat_map(|one| &one.called).collect();
        let names: BTreeSet<&String> =
            self.attempts.iter().map(|attempt| &attempt.repo).filter(|repo| !known.contains(repo)).collect();
        let surveyed = names.into_iter().map(|name| {
            let called: BTreeSet<String> = [name.clone()].into();
            let classes = self.classes_of_the_day(&called);
            let mut passed: BTreeMap<u64, u64> = BTreeMap::new();
            for attempt in self.attempts.iter().filter(|attempt| attempt.repo == *name) {
                if attempt.verdict == VerdictKind::Passed {
                    let first = passed.entry(attempt.pull_request).or_insert(attempt.decided_at);
                    *first = attempt.decided_at.min(*first);
                }
            }
            let contributions: Vec<Contribution> = passed
                .into_iter()
                .map(|(number, at)| Contribution {
                    at: Moment::from_seconds(at).seconds(),
                    number: Some(number),
                    title: Untrusted::default(),
                    class: classes.get(&number).copied().unwrap_or(AuthorClass::UnknownIdentity),
                    on_the_day: true,
                })
                .collect();
            let unit = Unit::PassedPullRequests;
            let shown = if name.is_empty() { "(no repository named)" } else { name };
            let mut figures = metrics::figures(shown.into(), unit, self.window, &contributions, &[]);
            figures.gate = self.gate(&called);
            Surveyed { figures, thanks: Vec::new(), called }
        });
        surveyed.collect()
    }
}
