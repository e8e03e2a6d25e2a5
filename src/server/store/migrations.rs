//! The tables, by version. Only forward: a store that a newer Tollgate has changed is not opened by an older one.

/// What the two databases call differently.
pub(super) struct Words {
    /// A number that counts up, as the primary key.
    pub(super) serial: &'static str,
    /// A column of bytes.
    pub(super) bytes: &'static str,
}

impl Words {
    /// A step in the words of the database.
    pub(super) fn of(&self, step: &str) -> String {
        step.replace("{serial}", self.serial).replace("{bytes}", self.bytes)
    }
}

/// The steps; number 1 makes the first tables. A step that was released never changes.
pub(super) const MIGRATIONS: &[&str] = &[
    r"
CREATE TABLE deliveries (
    id         TEXT PRIMARY KEY,
    event      TEXT NOT NULL,
    repository TEXT NOT NULL,
    received   BIGINT NOT NULL
);
CREATE INDEX deliveries_received ON deliveries (received);

CREATE TABLE jobs (
    id           {serial},
    kind         TEXT NOT NULL,
    repository   TEXT NOT NULL,
    subject      TEXT NOT NULL,
    pull         BIGINT NOT NULL,
    installation BIGINT NOT NULL,
    cause        TEXT NOT NULL,
    turn         BIGINT NOT NULL,
    triggers     BIGINT NOT NULL,
    attempts     BIGINT NOT NULL,
    asked        BIGINT NOT NULL,
    due          BIGINT NOT NULL,
    lease        TEXT NOT NULL,
    leased_until BIGINT NOT NULL,
    died         BIGINT NOT NULL,
    problem      TEXT NOT NULL,
    UNIQUE (repository, kind, subject)
);
CREATE INDEX jobs_turn ON jobs (died, turn, due);
CREATE INDEX jobs_of_repository ON jobs (repository, turn);
CREATE INDEX jobs_leased ON jobs (leased_until);

CREATE TABLE commits (
    repository   TEXT NOT NULL,
    sha          TEXT NOT NULL,
    pull         BIGINT NOT NULL,
    installation BIGINT NOT NULL,
    opened       BIGINT NOT NULL,
    changed      BIGINT NOT NULL,
    state        TEXT NOT NULL,
    PRIMARY KEY (repository, sha)
);
CREATE INDEX commits_state ON commits (state, changed);

CREATE TABLE confirmations (
    repository TEXT NOT NULL,
    sha        TEXT NOT NULL,
    login      TEXT NOT NULL,
    confirmed  BIGINT NOT NULL,
    PRIMARY KEY (repository, sha, login)
);

CREATE TABLE verdicts (
    id         {serial},
    repository TEXT NOT NULL,
    number     BIGINT NOT NULL,
    sha        TEXT NOT NULL,
    pulls      TEXT NOT NULL,
    kind       TEXT NOT NULL,
    decided    BIGINT NOT NULL,
    policy     TEXT NOT NULL,
    evidence   TEXT NOT NULL,
    body       {bytes} NOT NULL,
    previous   TEXT NOT NULL,
    digest     TEXT NOT NULL,
    UNIQUE (repository, number)
);
CREATE INDEX verdicts_decided ON verdicts (decided);
CREATE INDEX verdicts_sha ON verdicts (sha);

CREATE TABLE evidence (
    digest TEXT PRIMARY KEY,
    stored BIGINT NOT NULL,
    body   {bytes} NOT NULL
);
CREATE INDEX evidence_stored ON evidence (stored);

CREATE TABLE policies (
    place   TEXT PRIMARY KEY,
    etag    TEXT NOT NULL,
    body    {bytes} NOT NULL,
    fetched BIGINT NOT NULL,
    stale   BIGINT NOT NULL
);

CREATE TABLE baselines (
    repository TEXT NOT NULL,
    branch     TEXT NOT NULL,
    sha        TEXT NOT NULL,
    stored     BIGINT NOT NULL,
    body       {bytes} NOT NULL,
    PRIMARY KEY (repository, sha)
);
CREATE INDEX baselines_of_branch ON baselines (repository, branch, stored);

CREATE TABLE repositories (
    repository     TEXT PRIMARY KEY,
    installation   BIGINT NOT NULL,
    default_branch TEXT NOT NULL,
    private        BIGINT NOT NULL,
    seen           BIGINT NOT NULL
);

CREATE TABLE marks (
    name TEXT PRIMARY KEY,
    said TEXT NOT NULL
);
",
    r"
CREATE TABLE checkpoints (
    repository   TEXT NOT NULL,
    number       BIGINT NOT NULL,
    recorded     BIGINT NOT NULL,
    through      BIGINT NOT NULL,
    through_hash TEXT NOT NULL,
    keep_days    BIGINT NOT NULL,
    previous     TEXT NOT NULL,
    digest       TEXT NOT NULL,
    PRIMARY KEY (repository, number)
);
",
    r"
ALTER TABLE commits ADD COLUMN merged BIGINT NOT NULL DEFAULT 0;
ALTER TABLE commits ADD COLUMN merged_pull BIGINT NOT NULL DEFAULT 0;
CREATE INDEX commits_merged ON commits (merged) WHERE merged > 0;

CREATE TABLE alive (
    id   BIGINT PRIMARY KEY,
    seen BIGINT NOT NULL
);
",
    // 0 stays with what a replica of before adds while the replicas are replaced: nobody knows since when it is known.
    r"
ALTER TABLE repositories ADD COLUMN known BIGINT NOT NULL DEFAULT 0;
UPDATE repositories SET known = 1;
",
];

/// The version that this program knows.
pub(super) fn newest() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}
