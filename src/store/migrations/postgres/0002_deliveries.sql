-- The tables of the SQLite migration 3.
CREATE TABLE deliveries (
    execution_uid TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES executions (uid) ON DELETE CASCADE,
    kind          TEXT   NOT NULL,
    namespace     TEXT   NOT NULL,
    name          TEXT   NOT NULL,
    revision      TEXT   NOT NULL,
    hook          TEXT   NOT NULL,
    workflow      TEXT   NOT NULL,
    attempt       BIGINT NOT NULL
);

CREATE INDEX deliveries_by_revision ON deliveries (namespace, name, revision);
