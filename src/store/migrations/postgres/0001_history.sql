-- The tables of the SQLite migrations 1 and 2. Texts sort by bytes, as they do there. Times are
-- microseconds since 1970. Bodies are the JSON of the wire types, so that a reader of a newer
-- version sees what the writer meant.

CREATE TABLE executions (
    uid         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    namespace   TEXT COLLATE "C" NOT NULL,
    name        TEXT COLLATE "C" NOT NULL,
    workflow    TEXT COLLATE "C" NOT NULL,
    attempt     BIGINT NOT NULL,
    plan_hash   TEXT   NOT NULL,
    created_us  BIGINT NOT NULL,
    conclusion  TEXT,
    finished_us BIGINT
);

CREATE INDEX executions_by_name ON executions (namespace, name, created_us);
CREATE INDEX executions_by_time ON executions (namespace, created_us, uid);
CREATE INDEX executions_by_workflow ON executions (namespace, workflow, created_us, uid);

CREATE TABLE runs (
    execution_uid TEXT COLLATE "C" NOT NULL REFERENCES executions (uid) ON DELETE CASCADE,
    attempt       BIGINT NOT NULL,
    pod_uid       TEXT COLLATE "C" NOT NULL,
    seen_us       BIGINT NOT NULL,
    PRIMARY KEY (execution_uid, attempt, pod_uid)
);

CREATE TABLE progress (
    execution_uid TEXT COLLATE "C" NOT NULL REFERENCES executions (uid) ON DELETE CASCADE,
    attempt       BIGINT NOT NULL,
    pod_uid       TEXT COLLATE "C" NOT NULL,
    sequence      BIGINT NOT NULL,
    finished      BIGINT NOT NULL,
    body          TEXT   NOT NULL,
    PRIMARY KEY (execution_uid, attempt, pod_uid)
);

CREATE TABLE reports (
    execution_uid TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES executions (uid) ON DELETE CASCADE,
    attempt       BIGINT NOT NULL,
    pod_uid       TEXT COLLATE "C" NOT NULL,
    body          TEXT   NOT NULL
);

CREATE TABLE commands (
    execution_uid TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES executions (uid) ON DELETE CASCADE,
    version       BIGINT NOT NULL,
    body          TEXT   NOT NULL
);

CREATE TABLE artifacts (
    execution_uid TEXT COLLATE "C" NOT NULL REFERENCES executions (uid) ON DELETE CASCADE,
    name          TEXT COLLATE "C" NOT NULL,
    step          TEXT   NOT NULL,
    attempt       BIGINT NOT NULL,
    pod_uid       TEXT COLLATE "C" NOT NULL,
    blob          TEXT COLLATE "C" NOT NULL,
    replaced      TEXT,
    size          BIGINT NOT NULL,
    sha256        TEXT   NOT NULL,
    content_type  TEXT   NOT NULL,
    PRIMARY KEY (execution_uid, name)
);

CREATE INDEX artifacts_by_blob ON artifacts (blob);
