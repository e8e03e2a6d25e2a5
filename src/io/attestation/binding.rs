//! Whether a verified provenance is of the very run that uploaded an artifact. GitHub says what ran; the provenance says
//! who signed; only where both are the same is the artifact attested (gate.md b7).

use super::{Claims, PROVENANCE};

/// The events whose runs are evidence of a change. `pull_request_target` runs with the rights of the base on what the
/// change says, and `workflow_run` on what another run left.
const TRIGGERS: [&str; 3] = ["pull_request", "merge_group", "push"];

/// An artifact and the run that uploaded it, as GitHub tells them.
#[derive(Clone, Copy, Debug)]
pub struct Uploaded<'u> {
    /// Who gives the runs of this server their identity: `https://token.actions.githubusercontent.com`.
    pub issuer: &'u str,
    /// The server's pages: `https://github.com`.
    pub server: &'u str,
    /// `owner/name`.
    pub repository: &'u str,
    /// The repository's number, which stays when it is renamed or handed over.
    pub repository_id: u64,
    /// The number of the repository that the commit of the run lies in; `None` for a fork that is gone.
    pub head_repository_id: Option<u64>,
    /// The run.
    pub run: u64,
    /// Which of its attempts uploaded the artifact.
    pub attempt: Attempt,
    /// The file of its workflow.
    pub workflow: &'u str,
    /// What started it.
    pub event: &'u str,
    /// The commits that it may have run for: the head, and merges of it into the base that git confirms.
    pub commits: &'u [&'u str],
}

/// The attempt of a run that uploaded an artifact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// This one: the artifact's name says it.
    Exactly(u64),
    /// Any that there was: a run that is repeated in part keeps the artifacts of its earlier attempts.
    UpTo(u64),
}

/// Why a provenance is not of the run that uploaded the artifact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unbound {
    /// A fork's run gets no identity, so what signed was something else.
    #[error("the run is of a fork, which has no identity to sign with")]
    Fork,
    /// No provenance, but something else that is signed.
    #[error("what is signed is no build provenance (SLSA 1)")]
    Predicate,
    /// Signed for another issuer's identity.
    #[error("its signer is no run of GitHub Actions on this server")]
    Issuer,
    /// Signed in another repository.
    #[error("its provenance is of another repository")]
    Repository,
    /// Started by what makes no evidence, or by something else than GitHub says.
    #[error("its provenance is of a run that another event started")]
    Trigger,
    /// Another run.
    #[error("its provenance is of another run")]
    Run,
    /// Another attempt of the same run.
    #[error("its provenance is of another attempt of the run")]
    Attempt,
    /// Another workflow.
    #[error("its provenance is of another workflow")]
    Workflow,
    /// Another commit.
    #[error("its provenance is of another commit")]
    Commit,
}

/// Holds what a verified provenance claims against the run that uploaded the artifact.
///
/// # Errors
/// The first thing that is not the same.
pub fn bind(claims: &Claims, uploaded: &Uploaded<'_>) -> Result<(), Unbound> {
    let holds = |is_so: bool, not: Unbound| if is_so { Ok(()) } else { Err(not) };
    holds(uploaded.head_repository_id == Some(uploaded.repository_id), Unbound::Fork)?;
    holds(claims.predicate_type == PROVENANCE, Unbound::Predicate)?;
    holds(is_issuer(&claims.issuer, uploaded.issuer), Unbound::Issuer)?;
    holds(claims.repository_id == uploaded.repository_id.to_string(), Unbound::Repository)?;
    let is_of_change = TRIGGERS.contains(&claims.trigger.as_str());
    holds(is_of_change && claims.trigger == uploaded.event, Unbound::Trigger)?;
    let attempt = attempt_of(&claims.run, uploaded).ok_or(Unbound::Run)?;
    let is_attempt = match uploaded.attempt {
        Attempt::Exactly(named) => attempt == named,
        Attempt::UpTo(newest) => (1..=newest).contains(&attempt),
    };
    holds(is_attempt, Unbound::Attempt)?;
    holds(is_workflow(&claims.workflow, uploaded), Unbound::Workflow)?;
    holds(uploaded.commits.contains(&claims.commit.as_str()), Unbound::Commit)
}

/// The issuer itself, or below it the name of an enterprise that has its own.
fn is_issuer(claimed: &str, issuer: &str) -> bool {
    let Some(rest) = claimed.strip_prefix(issuer) else { return false };
    let is_name = |name: &str| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
    };
    rest.is_empty() || rest.strip_prefix('/').is_some_and(is_name)
}

/// What stands behind the repository's address: `/actions/runs/77/attempts/1`. The repository is
/// called as it is today: what was signed before it got another name is of another run. The case of a name may differ.
fn behind_the_repository<'c>(address: &'c str, uploaded: &Uploaded<'_>) -> Option<&'c str> {
    let below = address.strip_prefix(uploaded.server)?.strip_prefix('/')?;
    let (name, rest) = below.split_at_checked(uploaded.repository.len())?;
    name.eq_ignore_ascii_case(uploaded.repository).then(|| rest.strip_prefix('/')).flatten()
}

/// The attempt that the address of a run names, if it is our run.
fn attempt_of(address: &str, uploaded: &Uploaded<'_>) -> Option<u64> {
    let below = behind_the_repository(address, uploaded)?.strip_prefix("actions/runs/")?;
    let (run, attempt) = below.split_once("/attempts/")?;
    (number(run)? == uploaded.run).then(|| number(attempt)).flatten()
}

/// A number as GitHub writes it, and in no other way.
fn number(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

/// The file of the run's workflow, at whatever reference.
fn is_workflow(address: &str, uploaded: &Uploaded<'_>) -> bool {
    let below =
        behind_the_repository(address, uploaded).and_then(|path| path.strip_prefix(uploaded.workflow));
    let reference = below.and_then(|rest| rest.strip_prefix('@'));
    reference.is_some_and(|reference| !reference.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "1111111111111111111111111111111111111111";
    const MERGE: &str = "2222222222222222222222222222222222222222";

    fn claims() -> Claims {
        Claims {
            issuer: "https://token.actions.githubusercontent.com".to_owned(),
            repository_id: "42".to_owned(),
            commit: MERGE.to_owned(),
            workflow: "https://github.com/acme/payments/.github/workflows/ci.yml@refs/pull/7/merge"
                .to_owned(),
            run: "https://github.com/acme/payments/actions/runs/77/attempts/2".to_owned(),
            trigger: "pull_request".to_owned(),
            predicate_type: PROVENANCE.to_owned(),
        }
    }

    fn uploaded() -> Uploaded<'static> {
        Uploaded {
            issuer: "https://token.actions.githubusercontent.com",
            server: "https://github.com",
            repository: "acme/payments",
            repository_id: 42,
            head_repository_id: Some(42),
            run: 77,
            attempt: Attempt::Exactly(2),
            workflow: ".github/workflows/ci.yml",
            event: "pull_request",
            commits: &[HEAD, MERGE],
        }
    }

    /// What comes of the claims with one thing changed.
    fn claiming(change: impl FnOnce(&mut Claims)) -> Result<(), Unbound> {
        let mut claims = claims();
        change(&mut claims);
        bind(&claims, &uploaded())
    }

    #[test]
    fn a_provenance_of_the_very_run_binds() {
        assert_eq!(bind(&claims(), &uploaded()), Ok(()));
        assert_eq!(claiming(|claims| claims.commit = HEAD.to_owned()), Ok(()));
    }

    #[test]
    fn the_owner_and_the_name_may_be_written_in_another_case() {
        let renamed = |text: &str| text.replace("acme/payments", "Acme/Payments");
        assert_eq!(claiming(|claims| claims.run = renamed(&claims.run)), Ok(()));
        assert_eq!(claiming(|claims| claims.workflow = renamed(&claims.workflow)), Ok(()));
    }

    #[test]
    fn an_enterprise_may_have_an_issuer_of_its_own_below_the_servers() {
        let issuer = |text: &str| claiming(|claims| claims.issuer = text.to_owned());
        assert_eq!(issuer("https://token.actions.githubusercontent.com/acme-corp"), Ok(()));
        for other in [
            "",
            "https://token.actions.githubusercontent.com/",
            "https://token.actions.githubusercontent.com/a/b",
            "https://token.actions.githubusercontent.com.evil.example",
            "https://token.actions.githubusercontent.com@evil.example",
            "https://token.actions.acme.ghe.com",
            "http://token.actions.githubusercontent.com",
            "https://accounts.google.com",
        ] {
            assert_eq!(issuer(other), Err(Unbound::Issuer), "{other}");
        }
    }

    #[test]
    fn a_fork_has_nothing_to_sign_with() {
        let of = |head| bind(&claims(), &Uploaded { head_repository_id: head, ..uploaded() });
        assert_eq!(of(Some(43)), Err(Unbound::Fork));
        assert_eq!(of(None), Err(Unbound::Fork));
    }

    #[test]
    fn what_is_signed_must_be_a_provenance() {
        for other in ["https://spdx.dev/Document/v2.3", "https://slsa.dev/provenance/v0.2", ""] {
            assert_eq!(claiming(|claims| claims.predicate_type = other.to_owned()), Err(Unbound::Predicate));
        }
    }

    #[test]
    fn another_repository_is_told_by_its_number() {
        for other in ["43", "042", "", "42 "] {
            assert_eq!(claiming(|claims| claims.repository_id = other.to_owned()), Err(Unbound::Repository));
        }
    }

    #[test]
    fn a_run_that_another_event_started_makes_no_evidence() {
        for other in ["pull_request_target", "workflow_run", "push", "merge_group", "workflow_dispatch", ""] {
            assert_eq!(
                claiming(|claims| claims.trigger = other.to_owned()),
                Err(Unbound::Trigger),
                "{other}"
            );
        }
        // Not even where GitHub says the same of the run.
        for both in ["pull_request_target", "workflow_run", "workflow_dispatch"] {
            let claims = Claims { trigger: both.to_owned(), ..claims() };
            let uploaded = Uploaded { event: both, ..uploaded() };
            assert_eq!(bind(&claims, &uploaded), Err(Unbound::Trigger), "{both}");
        }
        for both in ["push", "merge_group"] {
            let claims = Claims { trigger: both.to_owned(), ..claims() };
            assert_eq!(bind(&claims, &Uploaded { event: both, ..uploaded() }), Ok(()));
        }
    }

    #[test]
    fn a_provenance_of_another_run_does_not_bind() {
        for other in [
            "https://github.com/acme/payments/actions/runs/78/attempts/2",
            "https://github.com/acme/payments/actions/runs/077/attempts/2",
            "https://github.com/acme/payments/actions/runs/+77/attempts/2",
            "https://github.com/acme/payments/actions/runs/77",
            "https://github.com/acme/payments/actions/runs/77/attempts/",
            "https://github.com/acme/payments/actions/runs/77/attempts/2/",
            "https://github.com/acme/payments-2/actions/runs/77/attempts/2",
            "https://github.com/eve/payments/actions/runs/77/attempts/2",
            "https://github.com.evil.example/acme/payments/actions/runs/77/attempts/2",
            "https://evil.example/acme/payments/actions/runs/77/attempts/2",
            "",
        ] {
            assert_eq!(claiming(|claims| claims.run = other.to_owned()), Err(Unbound::Run), "{other}");
        }
    }

    #[test]
    fn another_attempt_does_not_bind_unless_nobody_knows_which_uploaded() {
        let run =
            |attempt: u64| format!("https://github.com/acme/payments/actions/runs/77/attempts/{attempt}");
        let of = |claimed: u64, attempt: Attempt| {
            let claims = Claims { run: run(claimed), ..claims() };
            bind(&claims, &Uploaded { attempt, ..uploaded() })
        };
        assert_eq!(of(1, Attempt::Exactly(2)), Err(Unbound::Attempt));
        assert_eq!(of(3, Attempt::Exactly(2)), Err(Unbound::Attempt));
        assert_eq!(of(1, Attempt::UpTo(2)), Ok(()));
        assert_eq!(of(2, Attempt::UpTo(2)), Ok(()));
        assert_eq!(of(3, Attempt::UpTo(2)), Err(Unbound::Attempt));
        assert_eq!(of(0, Attempt::UpTo(2)), Err(Unbound::Attempt));
    }

    #[test]
    fn another_workflow_does_not_bind() {
        for other in [
            "https://github.com/acme/payments/.github/workflows/evil.yml@refs/pull/7/merge",
            "https://github.com/acme/payments/.github/workflows/ci.yml",
            "https://github.com/acme/payments/.github/workflows/ci.yml@",
            "https://github.com/acme/payments/.github/workflows/ci.yml.evil.yml@refs/heads/main",
            "https://github.com/eve/payments/.github/workflows/ci.yml@refs/pull/7/merge",
            "",
        ] {
            assert_eq!(
                claiming(|claims| claims.workflow = other.to_owned()),
                Err(Unbound::Workflow),
                "{other}"
            );
        }
    }

    #[test]
    fn another_commit_does_not_bind() {
        let other = "3333333333333333333333333333333333333333";
        assert_eq!(claiming(|claims| claims.commit = other.to_owned()), Err(Unbound::Commit));
        assert_eq!(claiming(|claims| claims.commit = String::new()), Err(Unbound::Commit));
        // A short one could be of many.
        assert_eq!(claiming(|claims| claims.commit = "1111111".to_owned()), Err(Unbound::Commit));
    }
}
