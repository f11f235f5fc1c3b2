//! Where a command works: what every command takes.

use std::path::PathBuf;

use anstream::ColorChoice;
use assay_api::names::{DEFAULT_SYSTEM_NAMESPACE, FIELD_MANAGER_CLI};
use assay_cluster::ConnectOptions;
use clap::{Args as ClapArgs, ValueEnum};

/// What every command takes.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Global {
    /// Path of the kubeconfig.
    #[arg(long, global = true, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// Context of the kubeconfig.
    #[arg(long, global = true)]
    context: Option<String>,
    /// Namespace; without it the one of the context.
    #[arg(short, long, global = true)]
    namespace: Option<String>,
    /// User to act as.
    #[arg(long = "as", global = true, value_name = "USER")]
    impersonate: Option<String>,
    /// Group to act as; may be given more than once.
    #[arg(long = "as-group", global = true, value_name = "GROUP", requires = "impersonate")]
    impersonate_groups: Vec<String>,
    /// Namespace in which Assay is installed.
    #[arg(long, global = true, env = "ASSAY_NAMESPACE", default_value = DEFAULT_SYSTEM_NAMESPACE, value_name = "NAMESPACE")]
    assay_namespace: String,
    /// Whether to use colours; `auto` obeys NO_COLOR.
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    color: Color,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Color {
    /// Where somebody sees them.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Where things are.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// The way to the cluster.
    pub(crate) connect: ConnectOptions,
    /// Namespace that was named; `None` for that of the context.
    pub(crate) namespace: Option<String>,
    /// Namespace in which Assay is installed.
    pub(crate) system: String,
}

impl Global {
    /// Colours as they were asked for.
    pub(crate) fn colours(&self) -> ColorChoice {
        match self.color {
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        }
    }
}

impl From<Global> for Place {
    fn from(global: Global) -> Self {
        let connect = ConnectOptions {
            kubeconfig: global.kubeconfig,
            context: global.context,
            impersonate: global.impersonate,
            impersonate_groups: global.impersonate_groups,
            field: FIELD_MANAGER_CLI.to_owned(),
            retry: false,
        };
        Self { connect, namespace: global.namespace, system: global.assay_namespace }
    }
}
