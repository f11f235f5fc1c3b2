-- Times are microseconds since 1970. Bodies are the JSON of the wire types, so that a
-- reader of a newer version sees what the writer meant.

CREATE TABLE executions (
    uid        TEXT    NOT NULL PRIMARY KEY,
    namespace  TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    workflow   TEXT    NOT NULL,
    attempt    INTEGER NOT NULL,
    plan_hash  TEXT    NOT NULL,
    created_us INTEGER NOT NULL,
    conclusion TEXT
) STRICT;

CREATE INDEX executions_by_name ON executions (namespace, name, created_us);
CREATE INDEX executions_by_time ON executions (namespace, created_us, uid);
CREATE INDEX executions_by_workflow ON executions (namespace, workflow, created_us, uid);

CREATE TABLE runs (
    execution_uid TEXT    NOT NULL REFERENCES executions (uid) ON DELETE CASCADE,
    attempt       INTEGER NOT NULL,
    pod_uid       TEXT    NOT NULL,
    seen_us       INTEGER NOT NULL,
    PRIMARY KEY (execution_uid, attempt, pod_uid)
) STRICT, WITHOUT ROWID;

CREATE TABLE progress (
    execution_uid TEXT    NOT NULL REFERENCES executions (uid) ON DELETE CASCADE,
    attempt       INTEGER NOT NULL,
    pod_uid       TEXT    NOT NULL,
    sequence      INTEGER NOT NULL,
    finished      INTEGER NOT NULL,
    body          TEXT    NOT NULL,
    PRIMARY KEY (execution_uid, attempt, pod_uid)
) STRICT;

CREATE TABLE reports (
    execution_uid TEXT    NOT NULL PRIMARY KEY REFERENCES executions (uid) ON DELETE CASCADE,
    attempt       INTEGER NOT NULL,
    pod_uid       TEXT    NOT NULL,
    body          TEXT    NOT NULL
) STRICT;

CREATE TABLE artifacts (
    execution_uid TEXT    NOT NULL REFERENCES executions (uid) ON DELETE CASCADE,
    name          TEXT    NOT NULL,
    step          TEXT    NOT NULL,
    attempt       INTEGER NOT NULL,
    pod_uid       TEXT    NOT NULL,
    blob          TEXT    NOT NULL,
    size          INTEGER NOT NULL,
    sha256        TEXT    NOT NULL,
    content_type  TEXT    NOT NULL,
    PRIMARY KEY (execution_uid, name)
) STRICT;

CREATE INDEX artifacts_by_blob ON artifacts (blob);
