-- The deliveries of which executions are hooks. A delivery makes a new execution with every try, and deletes
-- the old one, so the count of them is kept here.
CREATE TABLE deliveries (
    execution_uid TEXT    NOT NULL PRIMARY KEY REFERENCES executions (uid) ON DELETE CASCADE,
    kind          TEXT    NOT NULL,
    namespace     TEXT    NOT NULL,
    name          TEXT    NOT NULL,
    revision      TEXT    NOT NULL,
    hook          TEXT    NOT NULL,
    workflow      TEXT    NOT NULL,
    attempt       INTEGER NOT NULL
) STRICT;

CREATE INDEX deliveries_by_revision ON deliveries (namespace, name, revision);
