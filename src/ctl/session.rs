//! The cluster, and where in it we are.

use std::sync::Arc;

use assay_api::TestExecution;
use assay_cluster::Cluster;

use crate::failure::Failure;
use crate::meant::Place;
use crate::remote::Remote;

/// A connection, for the time of one command.
pub(crate) struct Session {
    /// The cluster.
    pub(crate) cluster: Cluster,
    /// The namespace in which the command works.
    pub(crate) namespace: String,
    system: String,
}

impl Session {
    /// Connects.
    ///
    /// # Errors
    /// When the cluster cannot be found or reached.
    pub(crate) async fn open(place: &Place) -> Result<Self, Failure> {
        let cluster = Cluster::connect(&place.connect).await?;
        let namespace = place.namespace.clone().unwrap_or_else(|| cluster.default_namespace().to_owned());
        Ok(Self { cluster, namespace, system: place.system.clone() })
    }

    /// The way to Assay's server, for one execution.
    pub(crate) fn remote(&self, execution: &str) -> Arc<Remote> {
        Arc::new(Remote::new(self.cluster.clone(), &self.system, &self.namespace, execution))
    }

    /// The execution of that name.
    ///
    /// # Errors
    /// When there is none, or the cluster does not tell.
    pub(crate) async fn execution(&self, name: &str) -> Result<TestExecution, Failure> {
        let found = self.cluster.get::<TestExecution>(&self.namespace, name).await?;
        found.ok_or_else(|| self.no_execution(name))
    }

    /// There is no execution of that name.
    pub(crate) fn no_execution(&self, name: &str) -> Failure {
        Failure::errored(format!("there is no TestExecution {name} in namespace {}", self.namespace))
            .hint("`assay get` lists them; `-n` chooses the namespace")
    }
}
