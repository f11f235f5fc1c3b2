//! Which gate is meant.

use clap::Args as ClapArgs;
use clap_complete::engine::ArgValueCompleter;

use crate::complete;
use crate::names;

/// A gate by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, ClapArgs)]
pub(crate) struct Named {
    /// Name of the gate.
    #[arg(value_parser = names::gate, add = ArgValueCompleter::new(complete::gates))]
    pub(super) name: String,
}
