//! The statements, in the words that both databases understand. Parameters first appear in the order of their numbers,
//! so that SQLite counts them as PostgreSQL does.

/// The latest time at which anything was kept.
pub(super) const LATEST_TIME: &str = "SELECT COALESCE(MAX(kept), 0) FROM (SELECT MAX(received) AS kept FROM deliveries \
     UNION ALL SELECT MAX(asked) FROM jobs UNION ALL SELECT MAX(changed) FROM commits \
     UNION ALL SELECT MAX(decided) FROM verdicts UNION ALL SELECT MAX(seen) FROM alive) AS times";

pub(super) const FIRST_ALIVE: &str =
    "INSERT INTO alive (id, seen) VALUES (1, $1) ON CONFLICT (id) DO NOTHING";

pub(super) const LAST_ALIVE: &str = "SELECT seen FROM alive WHERE id = 1";

pub(super) const ALIVE: &str = "UPDATE alive SET seen = $1 WHERE id = 1 AND seen < $1";

pub(super) const ACCEPT: &str = "INSERT INTO deliveries (id, event, repository, received) VALUES ($1, $2, $3, $4) \
     ON CONFLICT (id) DO NOTHING";

/// A new job's turn is behind all jobs of its repository, and not before the job whose turn it is now: so a repository
/// with thousands of jobs does not keep another one waiting.
pub(super) const TRIGGER: &str = "INSERT INTO jobs (kind, repository, subject, pull, installation, cause, turn, \
     triggers, attempts, asked, due, lease, leased_until, died, problem) VALUES ($1, $2, $3, $4, $5, $6, \
     (SELECT CASE WHEN now_on > own THEN now_on ELSE own END FROM (SELECT \
     COALESCE((SELECT turn FROM jobs WHERE died = 0 AND due <= $7 ORDER BY turn LIMIT 1), 0) AS now_on, \
     COALESCE((SELECT MAX(turn) + 1 FROM jobs WHERE repository = $2 AND died = 0), 0) AS own) AS turns), \
     1, 0, $7, $8, '', 0, 0, '') \
     ON CONFLICT (repository, kind, subject) DO UPDATE SET triggers = jobs.triggers + 1, cause = excluded.cause, \
     installation = excluded.installation, \
     pull = CASE WHEN excluded.pull = 0 THEN jobs.pull ELSE excluded.pull END, \
     due = CASE WHEN jobs.died > 0 OR jobs.due > excluded.due THEN excluded.due ELSE jobs.due END, \
     attempts = CASE WHEN jobs.died > 0 THEN 0 ELSE jobs.attempts END, died = 0";

/// A kind that this program does not know is left to a newer replica: nobody is kept waiting by it, and it is not lost.
pub(super) const NEXT_DUE: &str = "SELECT id FROM jobs AS j WHERE died = 0 AND due <= $1 AND leased_until <= $1 AND \
     kind IN ('judge', 'confirm', 'policy', 'baseline', 'installation', 'outage') AND \
     (SELECT COUNT(*) FROM jobs AS o WHERE o.repository = j.repository AND o.leased_until > $1) < $2 \
     ORDER BY turn, due, id LIMIT 1";

pub(super) const TAKE: &str = "UPDATE jobs SET lease = $1, leased_until = $2, attempts = attempts + 1 WHERE id = $3 \
     RETURNING id, kind, repository, subject, installation, cause, attempts, asked, triggers, pull";

pub(super) const KEEP: &str = "UPDATE jobs SET leased_until = $1 WHERE id = $2 AND lease = $3";

pub(super) const IS_OURS: &str =
    "SELECT repository, subject, installation, pull FROM jobs WHERE id = $1 AND lease = $2";

pub(super) const DONE: &str = "DELETE FROM jobs WHERE id = $1 AND lease = $2 AND triggers = $3";

/// It was triggered while it was done.
pub(super) const DONE_AND_DUE: &str =
    "UPDATE jobs SET lease = '', leased_until = 0, attempts = 0, due = $1 WHERE id = $2 AND lease = $3";

pub(super) const RETRY: &str =
    "UPDATE jobs SET lease = '', leased_until = 0, due = $1, problem = $2 WHERE id = $3 AND lease = $4";

pub(super) const WAIT: &str = "UPDATE jobs SET lease = '', leased_until = 0, attempts = attempts - 1, due = $1, \
     problem = $2 WHERE id = $3 AND lease = $4";

/// One that was triggered meanwhile is not given up.
pub(super) const DIE: &str = "UPDATE jobs SET lease = '', leased_until = 0, died = $1, problem = $2 \
     WHERE id = $3 AND lease = $4 AND triggers = $5";

pub(super) const RELEASE: &str =
    "UPDATE jobs SET lease = '', leased_until = 0, attempts = attempts - 1 WHERE id = $1 AND lease = $2";

pub(super) const DEAD: &str = "SELECT id, kind, repository, subject, attempts, died, problem FROM jobs \
     WHERE died > 0 ORDER BY died DESC, id DESC LIMIT $1";

pub(super) const REVIVE: &str =
    "UPDATE jobs SET died = 0, attempts = 0, due = $1 WHERE died > 0 AND (CAST($2 AS BIGINT) < 0 OR id = $2)";

pub(super) const QUEUE: &str = "SELECT \
     (SELECT COUNT(*) FROM jobs WHERE died = 0 AND due <= $1 AND leased_until <= $1), \
     (SELECT COUNT(*) FROM jobs WHERE died = 0 AND due > $1 AND leased_until <= $1), \
     (SELECT COUNT(*) FROM jobs WHERE leased_until > $1), \
     (SELECT COUNT(*) FROM jobs WHERE died > 0), \
     COALESCE((SELECT MIN(due) FROM jobs WHERE died = 0 AND due <= $1 AND leased_until <= $1), -1)";

/// The check of a commit that is opened again gets a new deadline.
pub(super) const COMMIT: &str = "INSERT INTO commits (repository, sha, pull, installation, opened, changed, state) \
     VALUES ($1, $2, $3, $4, $5, $5, $6) ON CONFLICT (repository, sha) DO UPDATE SET \
     pull = CASE WHEN excluded.pull = 0 THEN commits.pull ELSE excluded.pull END, \
     installation = excluded.installation, changed = excluded.changed, \
     opened = CASE WHEN commits.state = 'done' AND excluded.state = 'open' THEN excluded.opened \
     ELSE commits.opened END, state = excluded.state";

/// A commit that had a verdict when it was merged is not marked, and one that is marked is not marked again.
pub(super) const MERGED_AWAY: &str = "INSERT INTO commits (repository, sha, pull, installation, opened, changed, \
     state, merged, merged_pull) SELECT $1, $2, CAST($3 AS BIGINT), CAST($4 AS BIGINT), CAST($5 AS BIGINT), \
     CAST($5 AS BIGINT), 'open', CAST($6 AS BIGINT), CAST($3 AS BIGINT) WHERE NOT EXISTS (SELECT 1 FROM verdicts \
     WHERE repository = $1 AND sha = $2 AND decided <= $7) ON CONFLICT (repository, sha) DO UPDATE SET \
     opened = excluded.opened, changed = excluded.changed, state = excluded.state, merged = excluded.merged, \
     merged_pull = excluded.merged_pull WHERE commits.merged = 0";

/// With what the newest verdict says. An empty name asks for all repositories.
pub(super) const MERGED_SINCE: &str = "SELECT c.repository, c.sha, c.merged_pull, c.merged, COALESCE(v.id, 0), \
     COALESCE(v.kind, '') FROM commits AS c LEFT JOIN verdicts AS v ON v.id = (SELECT MAX(n.id) FROM verdicts AS n \
     WHERE n.repository = c.repository AND n.sha = c.sha) WHERE c.merged > 0 AND ($1 = '' OR c.repository = $1) AND \
     c.merged >= $2 ORDER BY c.merged DESC, c.repository, c.sha LIMIT $3";

pub(super) const COMMITS_OPEN: &str = "SELECT repository, sha, installation, opened, changed, state, pull, merged, \
     merged_pull FROM commits \
     WHERE state = 'open' AND changed <= $1 ORDER BY changed, repository, sha LIMIT $2";

pub(super) const COMMITS_OF: &str = "SELECT repository, sha, installation, opened, changed, state, pull, merged, \
     merged_pull FROM commits \
     WHERE repository = $1 AND changed >= $2 ORDER BY changed DESC, sha LIMIT $3";

pub(super) const COMMIT_OF: &str = "SELECT repository, sha, installation, opened, changed, state, pull, merged, \
     merged_pull FROM commits \
     WHERE repository = $1 AND sha = $2";

pub(super) const CONFIRM: &str = "INSERT INTO confirmations (repository, sha, login, confirmed) \
     VALUES ($1, $2, $3, $4) ON CONFLICT (repository, sha, login) DO NOTHING";

pub(super) const CONFIRMED: &str = "SELECT login, confirmed FROM confirmations WHERE repository = $1 AND sha = $2 \
     ORDER BY confirmed, login LIMIT 1";

pub(super) const LAST_OF_COMMIT: &str = "SELECT kind, policy, evidence FROM verdicts \
     WHERE repository = $1 AND sha = $2 ORDER BY number DESC LIMIT 1";

/// Verdicts and checkpoints are one chain.
pub(super) const LAST_OF_REPOSITORY: &str = "SELECT number, digest, decided FROM verdicts WHERE repository = $1 \
     UNION ALL SELECT number, digest, recorded FROM checkpoints WHERE repository = $1 ORDER BY 1 DESC LIMIT 1";

pub(super) const FIRST_OF_REPOSITORY: &str = "SELECT number, digest, decided FROM verdicts WHERE repository = $1 \
     UNION ALL SELECT number, digest, recorded FROM checkpoints WHERE repository = $1 ORDER BY 1 LIMIT $2";

pub(super) const CHECKPOINT: &str = "INSERT INTO checkpoints (repository, number, recorded, through, through_hash, \
     keep_days, previous, digest) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

pub(super) const CHECKPOINTS: &str = "SELECT number, recorded, through, through_hash, keep_days, previous, digest \
     FROM checkpoints WHERE repository = $1 ORDER BY number";

pub(super) const OLD_RECORDS: &str = "DELETE FROM verdicts WHERE repository = $1 AND number <= $2";

pub(super) const OLD_CHECKPOINTS: &str = "DELETE FROM checkpoints WHERE repository = $1 AND number <= $2";

pub(super) const REPOSITORIES_WITH_OLD: &str = "SELECT DISTINCT repository FROM verdicts WHERE repository > $1 \
     AND decided < $2 ORDER BY repository LIMIT $3";

pub(super) const CHAINS: &str = "SELECT repository FROM verdicts WHERE repository > $1 \
     UNION SELECT repository FROM checkpoints WHERE repository > $1 ORDER BY 1 LIMIT $2";

pub(super) const RECORD: &str = "INSERT INTO verdicts (repository, number, sha, pulls, kind, decided, policy, \
     evidence, body, previous, digest) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";

/// Empty texts and negative numbers ask for everything.
pub(super) const RECORDS: &str = "SELECT id, repository, number, sha, pulls, kind, decided, policy, evidence, body, \
     previous, digest FROM verdicts WHERE ($1 = '' OR repository = $1) AND ($2 = '' OR sha = $2) AND \
     (CAST($3 AS BIGINT) < 0 OR id < $3) AND decided >= $4 ORDER BY id DESC LIMIT $5";

pub(super) const RECORD_OF: &str = "SELECT id, repository, number, sha, pulls, kind, decided, policy, evidence, body, \
     previous, digest FROM verdicts WHERE id = $1";

pub(super) const KEEP_EVIDENCE: &str = "INSERT INTO evidence (digest, stored, body) VALUES ($1, $2, $3) ON CONFLICT (digest) DO UPDATE SET \
     stored = excluded.stored";

pub(super) const EVIDENCE: &str = "SELECT body FROM evidence WHERE digest = $1";

pub(super) const POLICY: &str = "SELECT place, etag, body, fetched, stale FROM policies WHERE place = $1";

pub(super) const KEEP_POLICY: &str = "INSERT INTO policies (place, etag, body, fetched, stale) \
     VALUES ($1, $2, $3, $4, $5) ON CONFLICT (place) DO UPDATE SET etag = excluded.etag, body = excluded.body, \
     fetched = excluded.fetched, stale = excluded.stale";

pub(super) const POLICIES_CHANGED: &str =
    "UPDATE policies SET stale = 1 WHERE SUBSTR(place, 1, LENGTH($1)) = $1";

pub(super) const KEEP_BASELINE: &str = "INSERT INTO baselines (repository, branch, sha, stored, body) \
     VALUES ($1, $2, $3, $4, $5) ON CONFLICT (repository, sha) DO UPDATE SET branch = excluded.branch, \
     stored = excluded.stored, body = excluded.body";

pub(super) const BASELINE: &str = "SELECT repository, branch, sha, stored, body FROM baselines \
     WHERE repository = $1 AND sha = $2";

pub(super) const BASELINES: &str =
    "SELECT sha, stored FROM baselines WHERE repository = $1 AND branch = $2 ORDER BY stored DESC, sha";

/// Of a repository the newest fifty are kept.
pub(super) const TOO_MANY_BASELINES: &str = "DELETE FROM baselines WHERE repository = $1 AND sha NOT IN \
     (SELECT sha FROM baselines WHERE repository = $1 ORDER BY stored DESC, sha LIMIT 50)";

pub(super) const FORGET_BASELINE: &str = "DELETE FROM baselines WHERE repository = $1 AND sha = $2";

pub(super) const KEEP_REPOSITORY: &str = "INSERT INTO repositories (repository, installation, default_branch, \
     private, seen, known) VALUES ($1, $2, $3, $4, $5, $5) ON CONFLICT (repository) DO UPDATE SET \
     installation = excluded.installation, private = excluded.private, seen = excluded.seen, \
     default_branch = CASE WHEN excluded.default_branch = '' THEN repositories.default_branch \
     ELSE excluded.default_branch END";

pub(super) const FORGET_REPOSITORY: &str = "DELETE FROM repositories WHERE repository = $1";

pub(super) const REPOSITORY: &str =
    "SELECT repository, installation, default_branch, private, seen FROM repositories WHERE repository = $1";

pub(super) const REPOSITORIES: &str = "SELECT repository, installation, default_branch, private, seen \
     FROM repositories WHERE repository > $1 ORDER BY repository LIMIT $2";

pub(super) const REPOSITORIES_GIVEN: &str = "SELECT repository, installation, default_branch, private, seen \
     FROM repositories WHERE installation = $1 AND (known = 0 OR known >= $2) ORDER BY repository";

pub(super) const MARK: &str = "SELECT said FROM marks WHERE name = $1";

pub(super) const SET_MARK: &str =
    "INSERT INTO marks (name, said) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET said = excluded.said";

/// Only over what was read before.
pub(super) const REPLACE_MARK: &str = "INSERT INTO marks (name, said) VALUES ($1, $2) ON CONFLICT (name) \
     DO UPDATE SET said = excluded.said WHERE marks.said = $3";

pub(super) const OLD_DELIVERIES: &str = "DELETE FROM deliveries WHERE received < $1";

pub(super) const OLD_EVIDENCE: &str = "DELETE FROM evidence WHERE stored < $1";

/// What was merged without a verdict stays known: its verdict is judged again as that of a merged commit.
pub(super) const OLD_COMMITS: &str =
    "DELETE FROM commits WHERE state = 'done' AND merged = 0 AND changed < $1";

pub(super) const OLD_BASELINES: &str = "DELETE FROM baselines WHERE stored < $1 AND EXISTS (SELECT 1 FROM baselines \
     AS newer WHERE newer.repository = baselines.repository AND newer.branch = baselines.branch AND \
     newer.stored > baselines.stored)";
