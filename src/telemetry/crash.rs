//! Points at which a process may be made to die, for proving that it matters
//! nowhere. Only built with the feature `crash-points`, which no release has.
//!
//! | variable | meaning |
//! |---|---|
//! | `ASSAY_CRASH_AT` | the process kills itself at this point: a number counted from 1, or a part of what the point says |
//! | `ASSAY_CRASH_LOG` | file to which every point is written, a line each |

use std::fs::OpenOptions;
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::process::{Signal, getpid, kill_process};

static PASSED: AtomicU64 = AtomicU64::new(0);

/// Something was just done outside of the process: `what` says it.
pub fn point(what: &str) {
    let number = PASSED.fetch_add(1, Ordering::SeqCst) + 1;
    let dies = std::env::var("ASSAY_CRASH_AT").is_ok_and(|at| match at.parse::<u64>() {
        Ok(at) => at == number,
        Err(_) => what.contains(&at),
    });
    if let Ok(path) = std::env::var("ASSAY_CRASH_LOG") {
        let line = format!("{number}\t{}\t{what}\n", if dies { "dies" } else { "goes on" });
        let file = OpenOptions::new().create(true).append(true).open(path);
        // Nobody can be told; the harness misses the line.
        let _ = file.and_then(|mut file| file.write_all(line.as_bytes()));
    }
    if dies {
        let _ = kill_process(getpid(), Signal::KILL);
    }
}
