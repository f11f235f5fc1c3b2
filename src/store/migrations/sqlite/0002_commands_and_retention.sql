CREATE TABLE commands (
    execution_uid TEXT    NOT NULL PRIMARY KEY REFERENCES executions (uid) ON DELETE CASCADE,
    version       INTEGER NOT NULL,
    body          TEXT    NOT NULL
) STRICT;

-- When an execution was concluded; of those from before this column, when it began.
ALTER TABLE executions ADD COLUMN finished_us INTEGER;
UPDATE executions SET finished_us = created_us WHERE conclusion IS NOT NULL;

-- The blob that the last change of an artifact replaced, so that one statement can say it.
ALTER TABLE artifacts ADD COLUMN replaced TEXT;
