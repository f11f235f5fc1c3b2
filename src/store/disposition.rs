//! What to do about an error, judged by what the database, the disk or the blob store said.

use std::io;

/// What to do about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// It may go away by itself: try again later.
    Transient,
    /// It will not go away until something else changes.
    Stalled,
    /// It should not be possible.
    Bug,
}

/// Of what a database said.
pub(crate) fn of_database(error: &sqlx::Error) -> Disposition {
    match error {
        sqlx::Error::Database(error) => match error.code() {
            Some(code) if code.len() == 5 => of_sqlstate(&code),
            Some(code) => code.parse().map_or(Disposition::Bug, of_sqlite),
            None => Disposition::Transient,
        },
        sqlx::Error::Configuration(_) => Disposition::Stalled,
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => Disposition::Transient,
        _ => Disposition::Bug,
    }
}

/// Of a result code of SQLite; its low byte is the kind.
fn of_sqlite(code: i64) -> Disposition {
    match code & 0xff {
        // Busy, locked, out of memory, interrupted, I/O, full, cannot open, changed.
        5 | 6 | 7 | 9 | 10 | 13 | 14 | 15 | 17 => Disposition::Transient,
        // No right, read-only, damaged, too big, refused, not a database.
        3 | 8 | 11 | 18 | 23 | 26 => Disposition::Stalled,
        _ => Disposition::Bug,
    }
}

/// Of an SQLSTATE of PostgreSQL; its first two characters are the class.
fn of_sqlstate(code: &str) -> Disposition {
    match code.get(..2).unwrap_or_default() {
        // Connection, conflict, resources, state, operator, system; and a standby that may take over.
        "08" | "40" | "53" | "55" | "57" | "58" | "25" => Disposition::Transient,
        // Who asks, which database, which right, damage.
        "28" | "3D" | "3F" | "XX" => Disposition::Stalled,
        _ if code == "42501" => Disposition::Stalled,
        _ => Disposition::Bug,
    }
}

/// Of what a disk said.
pub(crate) fn of_disk(error: &io::Error) -> Disposition {
    match error.kind() {
        io::ErrorKind::PermissionDenied
        | io::ErrorKind::ReadOnlyFilesystem
        | io::ErrorKind::NotADirectory
        | io::ErrorKind::InvalidData
        | io::ErrorKind::NotFound => Disposition::Stalled,
        io::ErrorKind::InvalidInput => Disposition::Bug,
        _ => Disposition::Transient,
    }
}

/// Of what a blob store said.
pub(crate) fn of_blobs(error: &object_store::Error) -> Disposition {
    use object_store::Error;
    match error {
        Error::PermissionDenied { .. }
        | Error::Unauthenticated { .. }
        | Error::NotFound { .. }
        | Error::UnknownConfigurationKey { .. } => Disposition::Stalled,
        Error::InvalidPath { .. } | Error::NotSupported { .. } | Error::NotImplemented { .. } => Disposition::Bug,
        _ => Disposition::Transient,
    }
}

#[cfg(test)]
mod tests {
    use super::{Disposition, of_sqlite, of_sqlstate};

    #[test]
    fn a_full_or_absent_database_is_worth_another_try() {
        for (code, expected) in [
            (13, Disposition::Transient),
            (10 | (3 << 8), Disposition::Transient),
            (8, Disposition::Stalled),
            (11, Disposition::Stalled),
            (1, Disposition::Bug),
            (19, Disposition::Bug),
        ] {
            assert_eq!(of_sqlite(code), expected, "{code}");
        }
        for (code, expected) in [
            ("57P01", Disposition::Transient),
            ("53100", Disposition::Transient),
            ("25006", Disposition::Transient),
            ("28P01", Disposition::Stalled),
            ("42501", Disposition::Stalled),
            ("42601", Disposition::Bug),
            ("23505", Disposition::Bug),
        ] {
            assert_eq!(of_sqlstate(code), expected, "{code}");
        }
    }
}
