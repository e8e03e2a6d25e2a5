//! GitHub's API: octocrab's transport below typed calls of our own.
//!
//! [`Client`] sends the requests of one [`Identity`] through one [`Network`]; the files beside it hold the calls by
//! what they are about. Everything that comes back is bounded in bytes and time, a token goes to its API alone, and
//! no write is sent twice.

mod app;
mod artifacts;
mod attestations;
mod change;
mod checks;
mod client;
mod examined;
mod hooks;
mod identity;
pub(super) mod manifest;
mod network;
mod objects;
mod organisation;
mod pulls;
mod repository;
mod runs;
mod sign_in;
mod snapshots;
mod tape;
#[cfg(test)]
mod tests;

pub use app::App;
pub use artifacts::{Artifact, Fetched, Request, Upload, fetch, fetch_run};
pub use attestations::{Bundle, MAX_ATTESTATIONS};
pub use change::{Change, ChangeError, fetch_change};
pub use checks::{
    Annotation, Button, CheckApp, CheckOutput, CheckRun, CheckStatus, CheckWrite, Conclusion, Level,
    MAX_ANNOTATIONS, MAX_TEXT, Output,
};
pub use client::{Client, RequestError};
pub use examined::SetUpFiles;
pub use hooks::{Deliveries, Delivery};
pub use identity::{AppKey, Identity, Scope};
pub use network::{Api, Network, RunsIdentity};
pub use objects::{Commit, Compared, FileContent, Tree, TreeEntry};
pub use organisation::{
    ORGANISATION_REPOSITORIES, OrganisationError, OrganisationRequest, fetch_organisation, not_seen,
    organisation_places,
};
pub use pulls::{Comment, PullRequest, RepositoryId, Side, User};
pub use repository::{BranchRule, ForkWorkflows, Permission, RateLimit, Repository, is_repository};
pub use runs::{Workflow, WorkflowJob, WorkflowRun, WorkflowStep};
pub use sign_in::SignIn;
pub use snapshots::{KEPT, Nearest, NotFound, Place, REFERENCE, Snapshots, Store, distance};
pub use tape::Tape;
