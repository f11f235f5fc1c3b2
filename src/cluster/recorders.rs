//! The recorders of Kubernetes Events, kept so that repeats are counted.

use std::collections::HashMap;
use std::sync::Mutex;

use kube::runtime::events::Recorder;

/// Recorders by reporting instance; each counts repeats instead of writing them anew.
#[derive(Default)]
pub(crate) struct Recorders(pub(crate) Mutex<HashMap<String, Recorder>>);
