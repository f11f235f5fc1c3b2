//! What somebody asked of a running execution.

use assay_protocol::ingest::Commands;
use sqlx::Row;

use crate::database::{Database, signed, unsigned};
use crate::record::RecordError;

/// Keeps other commands than are kept, under a higher version.
const REPLACE: &str = "UPDATE commands
    SET version = CASE WHEN $2 > version THEN $2 ELSE version + 1 END, body = $3
    WHERE execution_uid = $1 AND body <> $3";

/// As [`REPLACE`], and keeps the first ones.
const KEEP: &str = "INSERT INTO commands (execution_uid, version, body) VALUES ($1, $2, $3)
    ON CONFLICT (execution_uid) DO UPDATE
    SET version = CASE WHEN excluded.version > commands.version THEN excluded.version ELSE commands.version + 1 END,
        body = excluded.body
    WHERE commands.body <> excluded.body";

/// The table of commands. A body says what is asked; its version is the column.
#[derive(Clone, Debug)]
pub(crate) struct CommandTable {
    pub(crate) database: Database,
}

impl CommandTable {
    /// Keeps commands unless they ask what is asked already. Their version is
    /// raised above the kept one when it is not higher. Whether something changed.
    pub(crate) async fn set(&self, uid: &str, commands: &Commands) -> Result<bool, RecordError> {
        let nothing = !commands.pause && commands.resume.is_empty();
        let body = serde_json::to_string(&Commands { version: 0, ..commands.clone() })?;
        let done = sqlx::query(if nothing { REPLACE } else { KEEP })
            .bind(uid)
            .bind(signed(commands.version.max(1)))
            .bind(body)
            .execute(&self.database.writer)
            .await
            .map_err(RecordError::of_a_row)?;
        Ok(done.rows_affected() > 0)
    }

    /// The commands of an execution; the default when nobody asked for anything.
    pub(crate) async fn of(&self, uid: &str) -> Result<Commands, RecordError> {
        let row = sqlx::query("SELECT version, body FROM commands WHERE execution_uid = $1")
            .bind(uid)
            .fetch_optional(&self.database.readers)
            .await?;
        let Some(row) = row else { return Ok(Commands::default()) };
        let commands: Commands = serde_json::from_str(row.try_get("body")?)?;
        Ok(Commands { version: unsigned(row.try_get("version")?), ..commands })
    }
}
