//! How many calls an evaluation takes.

use super::{CI, FAILS, PASSES, POLICY, evidence_of_main, github, publish_as_action, ran};
use crate::github::{GitHub, REPOSITORY, TOKEN};
use tollgate::io::github::{Api, Client, Network};
use tollgate::policy::Globs;
use tollgate::server::evaluation::{self, Judgement, Target};
use tollgate::server::publication;

/// Calls that count: not git objects and downloads, and not what GitHub says is unchanged, which costs nothing.
fn counted(github: &GitHub) -> Vec<String> {
    let asked = github.asked();
    let counts = |path: &str| !path.contains("/git/") && !path.contains("/zip") && !path.contains("/blob/");
    let asked = asked.iter().filter(|asked| counts(&asked.path) && !asked.unchanged);
    asked.map(|asked| format!("{} {}", asked.method, asked.path)).collect()
}

#[test]
fn a_warm_evaluation_takes_at_most_eight_calls_beside_git_objects() {
    let github = GitHub::start();
    let base = github.commit(
        "main",
        &[
            ("src/a.py", "a = 1\n"),
            ("tests/test_a.py", "x\ny\n"),
            ("tollgate.yml", POLICY),
            (CI, "on: push\n"),
        ],
    );
    github.commit_in("acme/.tollgate", "main", &[("org.yml", "version: 1\n")]);
    github.pull(7).of_fork("eve").changes(&[("src/a.py", "a = 2\n")]);
    evidence_of_main(&github, &base, PASSES);
    // As a service does: one client for all evaluations, and a commit that comes after another one.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let client = Client::new(Api::new(github.url()).unwrap(), TOKEN, &Network::direct()).unwrap();
        for round in ["cold", "warm"] {
            let head = github.pull(7).pushes(&[("src/a.py", &format!("a = '{round}'\n"))]).head_sha();
            ran(&github, FAILS, "failure");
            github.forget_calls();
            let target = Target::new(REPOSITORY, &head, Globs::new(["tollgate-reports-*"]).unwrap());
            let scratch = tempfile::tempdir().unwrap();
            let judge = |question: evaluation::Question<'_>| -> Judgement {
                assert!(matches!(question.base, Some(Ok(_))), "{:?}", question.base);
                assert!(question.organisation.is_some());
                evaluation::unjudged(question.diagnostics.into_iter().next().unwrap_or_else(sample), "main")
            };
            let evaluated =
                evaluation::evaluate(
                    &client,
                    &target,
                    scratch.path(),
                    &|question| Ok(judge(question).into()),
                )
                .await;
            let place = publication::Place {
                repository: REPOSITORY,
                sha: &head,
                app: None,
                details_url: None,
                note: publication::ADVISORY,
                has_buttons: false,
                until: None,
            };
            publication::publish(&client, &place, &evaluated.unwrap()).await.unwrap();
            assert_eq!(github.checks(&head).len(), 1);
            let counted = counted(&github);
            assert!(round == "cold" || counted.len() <= 8, "{counted:#?}");
        }
    });
}

fn sample() -> tollgate::diagnostic::Diagnostic {
    use tollgate::diagnostic::{Code, Diagnostic, Origin, Weight};
    Diagnostic::new(Code::NoReport, Weight::Error, "a sample", Origin::default())
}

#[test]
fn the_process_of_a_job_takes_at_most_ten_calls_beside_git_objects() {
    let github = github();
    let head = github.pull(7).head_sha();
    ran(&github, PASSES, "success");
    publish_as_action(&github, &[]).exits(0).says("the check is posted");
    assert_eq!(github.checks(&head).len(), 1);
    let counted = counted(&github);
    assert!(counted.len() <= 10, "{counted:#?}");
}
