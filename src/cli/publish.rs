//! `tollgate publish`, and the action's stage of that name: gather → judge → post one check (gate.md b8).

use super::exit::{PublishFailed, WrongUse};
use super::judging::{self, Judged, SecondStage};
use super::policies::{Elsewhere, PolicyOptions};
use super::proposer::{self, Sources};
use super::{ExitStatus, output};
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::io::actions::{self, Publishing};
use crate::io::ci::Environment;
use crate::io::github::{Client, Network};
use crate::model::{Attestations, Author, Moment, Untrusted};
use crate::records::chain::Digest;
use crate::render;
use crate::render::escape::log_line;
use crate::server::comment;
use crate::server::evaluation::{
    self, Answer, Digests, Evaluation, Judgement, Open, Question, Target, Trust,
};
use crate::server::publication::{self, Place, Posted};
use crate::wire;
use crate::wire::verdict::{Context, VerdictRecord};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Arguments of `tollgate publish`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The token is taken from GITHUB_TOKEN, and the API's address from GITHUB_API_URL. Nothing of the pull request is \
checked out or run: the reports come from the artifacts of its runs, the change from git objects, the policy from \
the default branch.

Examples:
  tollgate publish --repository acme/payments --run 1234567890
  tollgate publish --repository acme/payments --run 1234567890 --trial   # judge, and post nothing")]
pub(super) struct Arguments {
    /// The repository
    #[arg(long, value_name = "OWNER/NAME")]
    repository: String,
    /// A run of the commit that is judged
    #[arg(long, value_name = "ID")]
    run: u64,
    /// Names of the artifacts that hold reports; may be repeated [default: tollgate-reports-*]
    #[arg(long = "artifact", value_name = "GLOB")]
    artifacts: Vec<String>,
    /// Where the evidence of the base is: artifacts of the default branch's push runs, or a git reference
    #[arg(long, value_name = "artifact|reference|none", default_value = "artifact")]
    base_snapshot: String,
    /// Whose signatures make evidence attested (grade A), as `gh attestation trusted-root` prints it [default: Sigstore's
    /// public instance and GitHub's own]
    #[arg(long, value_name = "FILE")]
    trusted_root: Option<PathBuf>,
    /// Write the verdict as JSON, with the class of who proposes the change
    #[arg(long, value_name = "FILE")]
    write_json: Option<PathBuf>,
    /// Judge and print, and post nothing
    #[arg(long)]
    trial: bool,
}

/// Runs the subcommand.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitStatus> {
    let environment = Environment::new(std::env::vars_os());
    let api = environment.get("GITHUB_API_URL").unwrap_or("https://api.github.com");
    let token = environment.get("GITHUB_TOKEN").unwrap_or_default();
    let artifacts = arguments.artifacts.join("\n");
    let publishing = Publishing::new(&arguments.repository, arguments.run, api, token, &artifacts)
        .map_err(|error| WrongUse(output::diagnostics(&[*error])))?;
    let base_evidence = actions::base_evidence(&arguments.base_snapshot)
        .map_err(|error| WrongUse(output::diagnostics(&[*error])))?;
    let authorities = arguments.trusted_root.as_deref().map(actions::trusted_root_file).transpose();
    let authorities = authorities.map_err(|error| WrongUse(output::diagnostics(&[*error])))?;
    publish(
        &environment,
        &Publishing {
            trial: arguments.trial,
            base_evidence,
            authorities,
            record: arguments.write_json.clone(),
            ..publishing
        },
    )
}

/// Evaluates the commit of the run and posts the check.
pub(super) fn publish(environment: &Environment, publishing: &Publishing) -> anyhow::Result<ExitStatus> {
    let network = Network::new(environment).map_err(|error| WrongUse(output::diagnostics(&[*error])))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let said = runtime.block_on(async {
        let client = Client::new(publishing.api.clone(), &publishing.token, &network)
            .map_err(|error| PublishFailed(error.to_string()))?;
        publish_with(&client, publishing, &network).await
    })?;
    let mut text = said.page;
    text.push_str(&log_line(&said.last_line));
    text.push('\n');
    output::print(&text)?;
    let mut outputs = vec![actions::Output { name: "verdict", value: said.verdict.to_owned() }];
    if let (Some(path), Some(record)) = (&publishing.record, &said.record) {
        let written = actions::replace_file(path, &wire::verdict::write(record));
        written.map_err(|error| PublishFailed(output::diagnostics(&[*error])))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        outputs.push(actions::Output { name: "json", value: name.into_owned() });
    }
    if let Some(path) = &publishing.output {
        let written = actions::write_outputs(path, &outputs);
        written.map_err(|error| PublishFailed(output::diagnostics(&[*error])))?;
    }
    Ok(ExitStatus::Passed)
}

/// What the log says.
struct Said {
    page: String,
    last_line: String,
    verdict: &'static str,
    record: Option<VerdictRecord>,
}

async fn publish_with(client: &Client, publishing: &Publishing, network: &Network) -> anyhow::Result<Said> {
    let failed = |what: &str, error: &dyn std::fmt::Display| PublishFailed(format!("{what}: {error}"));
    let repository = &publishing.repository;
    let sha = match &publishing.head {
        Some(sha) => sha.clone(),
        None => {
            client
                .run(repository, publishing.run)
                .await
                .map_err(|error| failed("the run cannot be read", &error))?
                .ok_or_else(|| PublishFailed("there is no such run".to_owned()))?
                .head_sha
        }
    };
    let confirmed_by = confirmation(client, publishing).await?;
    let organisation = match &publishing.organisation_token {
        Some(token) => {
            let reader = Client::new(publishing.api.clone(), token, network);
            Some(Arc::new(reader.map_err(|error| PublishFailed(error.to_string()))?))
        }
        None => None,
    };
    let target = Target {
        confirmed_by,
        organisation,
        base_evidence: publishing.base_evidence,
        trust: Trust { authorities: publishing.authorities.clone(), reader: None },
        ..Target::new(repository, &sha, publishing.artifacts.clone())
    };
    let scratch = tempfile::tempdir()?;
    let reader = std::env::current_exe()?;
    let evaluation = evaluation::evaluate(client, &target, scratch.path(), &|question| {
        judge(question, repository, &reader)
    })
    .await
    .map_err(|error| failed("the commit cannot be judged", &error))?;
    let posted = if publishing.trial {
        None
    } else {
        let place = Place {
            repository,
            sha: &target.sha,
            app: None,
            details_url: publishing.run_page.clone(),
            note: publication::ADVISORY,
            has_buttons: false,
            until: None,
        };
        let posted = publication::publish(client, &place, &evaluation).await;
        let posted = posted.map_err(|error| failed("the check cannot be posted", &error))?;
        comment::comment(client, &place, &evaluation).await.map_err(|error| {
            failed("the check is posted, and the comment cannot be written (`pull-requests: write`)", &error)
        })?;
        Some(posted)
    };
    Ok(Said { record: record(&evaluation, repository), ..said(&evaluation, posted) })
}

/// The maintainer who confirms, if the event says so and the person may write here at this moment (T25).
async fn confirmation(client: &Client, publishing: &Publishing) -> anyhow::Result<Option<Untrusted>> {
    let Some(login) = &publishing.confirmed_by else { return Ok(None) };
    let permission = client
        .permission(&publishing.repository, login)
        .await
        .map_err(|error| PublishFailed(format!("the permission of {login} cannot be read: {error}")))?;
    if !permission.may_write() {
        return Err(PublishFailed(format!("{login} may not write here, so cannot confirm evidence")).into());
    }
    Ok(Some(login.as_str().into()))
}

/// Judges a change as `check` does, but for where everything comes from.
pub(super) fn judge(question: Question<'_>, repository: &str, reader: &Path) -> anyhow::Result<Answer> {
    let name = repository.rsplit('/').next().unwrap_or(repository);
    let dir = question.repository.dir().to_owned();
    let base_branch = question.run.base_branch.clone().unwrap_or_default();
    let sources =
        Sources::read(&question.repository, &question.default_branch, question.organisation.as_ref());
    let proposer = question.proposer.clone();
    let judged = match judging::answer(judging::Question {
        jobs: Some(question.jobs.clone()),
        policy: PolicyOptions {
            elsewhere: Elsewhere::Fetched(question.organisation),
            as_of: question.as_of,
            ..PolicyOptions::default()
        },
        facts: question.facts,
        workspaces: actions::runner_workspaces(name),
        artifacts: Some(question.evidence.clone()),
        second_stage: Some(SecondStage {
            repository: question.repository,
            reader: reader.to_owned(),
            base: question.base,
            since: question.since,
            lowered: question.lowered,
            workflows: question.workflows,
            confirmed: question.confirmed,
            diagnostics: question.diagnostics,
        }),
        ..judging::Question::new(dir, question.run)
    }) {
        Ok(judged) => judged,
        // Where the change waits, nobody of it can mend the policy: the check says that the owners must
        // (DECISIONS 27).
        Err(error) if error.is::<WrongUse>() => {
            return Ok(evaluation::unjudged(broken_policy(&error.to_string()), &base_branch).into());
        }
        Err(error) => return Err(error),
    };
    let author = proposer.map(|proposer| sources.class(&proposer, judged.policy(), judged.diff()));
    let judgement = published(&judged, author.clone(), None);
    let open = judged.attestable().map(|reports| Open {
        reports,
        again: Box::new(move |attestations| {
            published(&judged.attested(attestations), author, Some(attestations))
        }),
    });
    Ok(Answer { judgement, open })
}

/// A judgement as it is published: with who proposes the change, and what it was made from.
fn published(judged: &Judged, author: Option<Author>, attestations: Option<&Attestations>) -> Judgement {
    let policy = judged.policy();
    let mut verdict = judged.verdict.clone();
    if let Some(author) = &author {
        proposer::tell(&mut verdict, author, policy);
    }
    let mut evidence = wire::snapshot::write(&judged.head);
    // What was signed is evidence too, where it was looked for.
    for ((run, artifact), outcome) in attestations.into_iter().flat_map(|sought| &sought.artifacts) {
        let (outcome, said) = match outcome {
            Ok(said) => ("verified", said),
            Err(said) => ("not", said),
        };
        evidence.extend_from_slice(format!("\0{run}\0{artifact}\0{outcome}\0{}", said.raw()).as_bytes());
    }
    Judgement {
        verdict,
        diff: judged.diff().cloned(),
        digests: Some(Digests {
            policy: Digest::of(&wire::policy::write(policy)),
            evidence: Digest::of(&evidence),
        }),
        comment: policy.publish.comment,
        author,
    }
}

/// The first problem of a policy with mistakes; `tollgate policy validate` shows all of them.
fn broken_policy(text: &str) -> Diagnostic {
    let first = text.lines().next().unwrap_or_default();
    let place = text.lines().find_map(|line| line.trim().strip_prefix("--> ")).unwrap_or_default();
    let message = format!("the policy cannot be used: {first}");
    Diagnostic::new(Code::PolicySyntax, Weight::Error, message, Origin::file(place))
        .with_help("the owners must mend it: `tollgate policy validate` shows every mistake")
}

/// The record of a verdict, for `simulate`, `fleet` and `metrics`.
fn record(evaluation: &Evaluation, repository: &str) -> Option<VerdictRecord> {
    let Evaluation::Judged(judged) = evaluation else { return None };
    let mut record = VerdictRecord::from(&judged.judgement.verdict);
    record.decided_at = judging::now().and_then(Moment::rfc3339);
    record.context = Some(Context {
        repo: Some(repository.to_owned()),
        pull_request: judged.pulls.first().copied(),
        author: judged.judgement.author.as_ref().map(Into::into),
    });
    Some(record)
}

fn said(evaluation: &Evaluation, posted: Option<Posted>) -> Said {
    let done = match posted {
        None => "nothing is posted: this is a trial",
        Some(Posted::Nothing) => "nothing is posted",
        Some(Posted::Unchanged) => "the check says so already",
        Some(Posted::Overtaken) => "newer evidence has made the check meanwhile",
        Some(Posted::TooLate) => "the check was not written in time",
        Some(Posted::Written) => "the check is posted",
    };
    let (page, first, verdict) = match evaluation {
        Evaluation::Nothing(why) => (String::new(), (*why).to_owned(), ""),
        Evaluation::Queued(_) => (String::new(), "no run has begun yet".to_owned(), ""),
        Evaluation::AwaitsApproval => {
            (String::new(), "a run waits for a maintainer's approval".to_owned(), "")
        }
        Evaluation::Waits(runs) => (String::new(), format!("{} runs are not over yet", runs.len()), ""),
        Evaluation::Judged(judged) => {
            let verdict = &judged.judgement.verdict;
            let page = render::terminal::render(verdict, render::terminal::Style::PLAIN);
            (page, format!("the verdict is {}", verdict.kind.word()), verdict.kind.word())
        }
    };
    Said { page, last_line: format!("{first}; {done}"), verdict, record: None }
}
