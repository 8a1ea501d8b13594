"""The tables, as numbered scripts. A released script never changes; a new form of the data is a new script."""

from __future__ import annotations

from typing import Final

UNFINISHED: Final = "status IN ('QUEUED', 'RUNNING', 'WAITING')"
"""Spelt in queries exactly as in the partial indexes, or SQLite does not see that they belong together."""

_RUNS: Final = f"""
-- What lists and the sweeper ask for. Everything else about a run is in its journal.
CREATE TABLE runs (
    n INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    workflow_id TEXT NOT NULL,
    workflow_version INTEGER NOT NULL,
    user_id TEXT NOT NULL,
    status TEXT NOT NULL,
    seq INTEGER NOT NULL,
    trigger TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    finished_at INTEGER,
    waiting_for TEXT,
    due_at INTEGER,
    deadline_at INTEGER,
    owner TEXT,
    cancel_requested INTEGER NOT NULL,
    deaths INTEGER NOT NULL,
    death_seq INTEGER NOT NULL,
    parent_run_id TEXT,
    scheduled_at INTEGER,
    dedupe_key TEXT,
    payload_hash TEXT,
    error_code TEXT,
    error TEXT
);

-- Lists: each is a merge of one range per status, so that every filter is a short walk along an index.
CREATE INDEX runs_user ON runs (user_id, status, created_at, trigger);
CREATE INDEX runs_workflow ON runs (workflow_id, status, created_at, trigger);
CREATE INDEX runs_status ON runs (status, created_at, trigger);
CREATE INDEX runs_parent ON runs (parent_run_id, status, created_at, trigger) WHERE parent_run_id IS NOT NULL;

CREATE UNIQUE INDEX runs_key ON runs (workflow_id, dedupe_key) WHERE dedupe_key IS NOT NULL;

-- The sweeper: these hold unfinished runs only, so a run that is accepted and finished in one commit is in none.
CREATE INDEX runs_due ON runs (due_at) WHERE owner IS NULL AND due_at IS NOT NULL AND {UNFINISHED};
CREATE INDEX runs_deadline ON runs (deadline_at) WHERE owner IS NULL AND deadline_at IS NOT NULL AND {UNFINISHED};
CREATE INDEX runs_owner ON runs (owner) WHERE owner IS NOT NULL AND {UNFINISHED};
CREATE INDEX runs_cancel ON runs (owner) WHERE cancel_requested = 1 AND {UNFINISHED};

-- One row per commit: a batch of events as a JSON array. `pos` is the place in the feed, `seq` the first event's.
CREATE TABLE journal (
    pos INTEGER PRIMARY KEY,
    run_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    events TEXT NOT NULL
);
CREATE UNIQUE INDEX journal_run ON journal (run_id, seq);

CREATE TABLE blobs (
    run_id TEXT NOT NULL,
    ref TEXT NOT NULL,
    data BLOB NOT NULL,
    UNIQUE (run_id, ref)
);

CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    workflow_id TEXT NOT NULL,
    run_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    step_id TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    status TEXT NOT NULL,
    run_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    error TEXT
) WITHOUT ROWID;
CREATE INDEX jobs_user ON jobs (user_id, status, id);
CREATE INDEX jobs_workflow ON jobs (workflow_id, status, id);
CREATE INDEX jobs_status ON jobs (status, id);
CREATE INDEX jobs_run ON jobs (run_id, status, id);

-- Processes that execute runs, and until when they are believed to live.
CREATE TABLE owners (
    owner TEXT PRIMARY KEY,
    until INTEGER NOT NULL,
    info TEXT
) WITHOUT ROWID;

-- Numbers to remember: 'floor' is the highest place in the feed that was ever removed.
CREATE TABLE marks (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO marks VALUES ('floor', 0), ('probe', 0);
"""

_DOCUMENTS: Final = """
CREATE TABLE users (
    id TEXT PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    role TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    token_version INTEGER NOT NULL
) WITHOUT ROWID;

-- `doc` stands last: lists look at the columns before it and never read a large document they do not return.
CREATE TABLE workflows (
    id TEXT NOT NULL UNIQUE,
    owner_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    enabled INTEGER NOT NULL,
    name_folded TEXT NOT NULL,
    tags TEXT NOT NULL,
    doc TEXT NOT NULL
);
CREATE INDEX workflows_owner ON workflows (owner_id, id);

CREATE TABLE workflow_versions (
    workflow_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    saved_at INTEGER NOT NULL,
    saved_by TEXT NOT NULL,
    name TEXT NOT NULL,
    steps INTEGER NOT NULL,
    doc TEXT NOT NULL,
    UNIQUE (workflow_id, version)
);

-- Workflows that are gone while some of their versions may still be needed by runs.
CREATE TABLE deleted_workflows (
    workflow_id TEXT PRIMARY KEY
) WITHOUT ROWID;

CREATE TABLE schedules (
    workflow_id TEXT NOT NULL REFERENCES workflows (id) ON DELETE CASCADE,
    schedule_id TEXT NOT NULL,
    cron TEXT NOT NULL,
    timezone TEXT NOT NULL,
    next_at INTEGER NOT NULL,
    step_id TEXT,
    PRIMARY KEY (workflow_id, schedule_id)
) WITHOUT ROWID;
CREATE INDEX schedules_next ON schedules (next_at);
"""

_CALLS: Final = f"""
-- Runs called by other runs, and what runs have yet to hear.
ALTER TABLE runs ADD COLUMN caller_run_id TEXT;
ALTER TABLE runs ADD COLUMN call TEXT;
ALTER TABLE runs ADD COLUMN poked INTEGER NOT NULL DEFAULT 0;
CREATE INDEX runs_caller ON runs (caller_run_id, status, created_at, trigger) WHERE caller_run_id IS NOT NULL;
CREATE INDEX runs_poked ON runs (owner) WHERE poked = 1 AND {UNFINISHED};

CREATE TABLE messages (
    n INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    run_id TEXT NOT NULL,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (run_id, id)
);
"""

_SECRETS: Final = """
-- `sealed` is ciphertext; the key is not in this file. The lease says who may renew it.
CREATE TABLE secrets (
    owner_id TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    revision INTEGER NOT NULL,
    key_id TEXT NOT NULL,
    sealed TEXT NOT NULL,
    about TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    used_at INTEGER,
    lease_holder TEXT,
    lease_until INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (owner_id, name)
) WITHOUT ROWID;
"""

_TENANCY: Final = """
-- `members` is the truth; the rows of workspace_members only find a user's workspaces and change with it.
CREATE TABLE workspaces (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    members TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE workspace_members (
    user_id TEXT NOT NULL,
    workspace_id TEXT NOT NULL,
    PRIMARY KEY (user_id, workspace_id)
) WITHOUT ROWID;
CREATE INDEX workspace_members_workspace ON workspace_members (workspace_id);

-- API keys, sessions and invitations. What was given out is not in here, only its hash.
CREATE TABLE credentials (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    digest TEXT NOT NULL UNIQUE,
    user_id TEXT NOT NULL,
    workspace_id TEXT,
    about TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    used_at INTEGER
) WITHOUT ROWID;
CREATE INDEX credentials_user ON credentials (user_id, kind, id);
CREATE INDEX credentials_workspace ON credentials (workspace_id, kind, id) WHERE workspace_id IS NOT NULL;
CREATE INDEX credentials_expiry ON credentials (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE audit (
    id TEXT PRIMARY KEY,
    at INTEGER NOT NULL,
    workspace_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    action TEXT NOT NULL,
    target TEXT NOT NULL,
    before TEXT,
    after TEXT,
    credential_id TEXT,
    address TEXT NOT NULL,
    request_id TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX audit_workspace ON audit (workspace_id, id);
CREATE INDEX audit_target ON audit (target, id);
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit BEGIN
    SELECT RAISE(ABORT, 'the audit log is only ever added to');
END;
CREATE TRIGGER audit_is_not_shortened BEFORE DELETE ON audit BEGIN
    SELECT RAISE(ABORT, 'the audit log is only ever added to');
END;
"""

_LIMITS: Final = f"""
-- Runs that wait for their turn, and what several processes count together.
ALTER TABLE runs ADD COLUMN limit_key TEXT;
CREATE INDEX runs_held ON runs (limit_key, created_at)
    WHERE waiting_for = 'limit' AND owner IS NULL AND due_at IS NULL AND {UNFINISHED};
CREATE INDEX runs_turn ON runs (user_id, due_at) WHERE owner IS NULL AND due_at IS NOT NULL AND {UNFINISHED};

CREATE TABLE tallies (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    tag TEXT NOT NULL,
    expires_at INTEGER
) WITHOUT ROWID;
CREATE INDEX tallies_expired ON tallies (expires_at) WHERE expires_at IS NOT NULL;
"""

_PRACTICE: Final = """
-- What people keep for trying workflows out; no run in earnest reads it.
CREATE TABLE practice (
    workflow_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    at INTEGER NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (workflow_id, kind, name)
) WITHOUT ROWID;
"""

_SCHEDULES: Final = """
-- Of a schedule everything that was written about it, and what happened to it; `rev` counts changes.
CREATE TABLE schedules_now (
    workflow_id TEXT NOT NULL REFERENCES workflows (id) ON DELETE CASCADE,
    schedule_id TEXT NOT NULL,
    schedule TEXT NOT NULL,
    next_at INTEGER NOT NULL,
    step_id TEXT,
    enabled INTEGER NOT NULL,
    state TEXT NOT NULL,
    rev INTEGER NOT NULL,
    PRIMARY KEY (workflow_id, schedule_id)
) WITHOUT ROWID;
INSERT INTO schedules_now
SELECT workflow_id, schedule_id, json_object('kind', 'cron', 'text', cron, 'timezone', timezone), next_at, step_id, 1,
    json_object('cursor', next_at - 1), 0
FROM schedules;
DROP TABLE schedules;
ALTER TABLE schedules_now RENAME TO schedules;
CREATE INDEX schedules_next ON schedules (next_at);
"""

_OWED: Final = """
-- Failed runs whose `onFailure` workflow has yet to be started.
ALTER TABLE runs ADD COLUMN owed INTEGER NOT NULL DEFAULT 0;
CREATE INDEX runs_owed ON runs (finished_at) WHERE owed = 1;
"""

_POLICIES: Final = """
-- What is laid down for a whole workspace: quotas, and where its steps may connect to. Personal ones can have one.
CREATE TABLE policies (
    workspace_id TEXT PRIMARY KEY,
    revision INTEGER NOT NULL,
    value TEXT NOT NULL
) WITHOUT ROWID;
"""

_WAITING: Final = """
-- Finds those few of a user's runs that wait for somebody; runs that have ended wait for nothing.
CREATE INDEX runs_waiting ON runs (user_id, waiting_for, status, created_at, trigger) WHERE waiting_for IS NOT NULL;
"""

MIGRATIONS: Final[tuple[str, ...]] = (
    _RUNS + _DOCUMENTS,
    _CALLS,
    _SECRETS,
    _TENANCY,
    _LIMITS,
    _PRACTICE,
    _SCHEDULES,
    _OWED,
    _POLICIES,
    _WAITING,
)
