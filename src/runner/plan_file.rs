//! Reading the plan.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use assay_protocol::{PROTOCOL_VERSION, PlanDocument};
use sha2::{Digest, Sha256};

/// A plan and what identifies it.
#[derive(Clone, Debug)]
pub struct LoadedPlan {
    /// The plan.
    pub plan: PlanDocument,
    /// SHA-256 of its bytes, in hexadecimal.
    pub hash: String,
}

/// Why there is no plan to obey.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The file cannot be read.
    #[error("the plan {path} could not be read", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not the JSON of a plan.
    #[error("the plan is malformed")]
    Malformed(#[source] serde_json::Error),
    /// It speaks another version of the protocol.
    #[error(
        "the plan is of version {found}, this runner obeys version {PROTOCOL_VERSION}: use the runner image of the operator's version"
    )]
    Version {
        /// The plan's version.
        found: u64,
    },
    /// Its numbers do not fit together.
    #[error("the plan contradicts itself: {0}")]
    Inconsistent(String),
}

impl LoadedPlan {
    /// Reads and checks the plan.
    ///
    /// # Errors
    /// When it cannot be read, is of another version or contradicts itself.
    pub fn read(path: &Path) -> Result<Self, PlanError> {
        let bytes = std::fs::read(path).map_err(|source| PlanError::Unreadable { path: path.to_owned(), source })?;
        Self::parse(&bytes)
    }

    /// Reads a plan from its bytes.
    ///
    /// # Errors
    /// When it is of another version or contradicts itself.
    pub fn parse(bytes: &[u8]) -> Result<Self, PlanError> {
        check_version(bytes)?;
        let plan: PlanDocument = serde_json::from_slice(bytes).map_err(PlanError::Malformed)?;
        check(&plan)?;
        let mut hash = String::new();
        for byte in Sha256::digest(bytes) {
            write!(hash, "{byte:02x}").expect("a String takes everything");
        }
        Ok(Self { plan, hash })
    }
}

/// The version is read first: a plan of another version need not have our fields.
fn check_version(bytes: &[u8]) -> Result<(), PlanError> {
    #[derive(serde::Deserialize)]
    struct Versioned {
        version: u64,
    }
    let found = serde_json::from_slice::<Versioned>(bytes).map_err(PlanError::Malformed)?.version;
    if found == u64::from(PROTOCOL_VERSION) { Ok(()) } else { Err(PlanError::Version { found }) }
}

fn check(plan: &PlanDocument) -> Result<(), PlanError> {
    for (position, step) in plan.steps.iter().enumerate() {
        if usize::from(step.index) != position {
            return Err(PlanError::Inconsistent(format!("step {position} calls itself {}", step.index)));
        }
        if usize::from(step.group) >= plan.groups.len() {
            return Err(PlanError::Inconsistent(format!("step {position} runs in group {}", step.group)));
        }
    }
    Ok(())
}
