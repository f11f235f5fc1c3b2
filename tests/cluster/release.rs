//! The Helm release `assay`: installing it as its documentation says, and
//! changing it for a while.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::{fs, io};

use crate::installed::wait_for_admission;
use crate::{CommandError, Place};

/// Namespace of the release.
pub const SYSTEM: &str = "assay-system";
/// Name of the release.
const RELEASE: &str = "assay";
/// What the development cluster has beyond the chart's own values, relative to the top folder.
const VALUES: &str = "tests/cluster/fixtures/install.yaml";
/// One test at a time changes it.
static ONE: Mutex<()> = Mutex::new(());

/// Why the release could not be installed.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// The images were not built.
    #[error("`{0}` is missing: run `make images` first")]
    NoImages(PathBuf),
    /// The values could not be written down.
    #[error("cannot write the values for Helm")]
    Values(#[from] io::Error),
    /// Helm or kubectl said no.
    #[error(transparent)]
    Tool(#[from] CommandError),
}

/// Installs or upgrades the release with the project's chart, and waits until it is ready.
///
/// # Errors
/// When there are no images, or Helm fails.
pub fn install(place: &Place) -> Result<(), ReleaseError> {
    let images = images(place)?;
    let values = ["--values", VALUES, "--values", &images.to_string_lossy()];
    // All that comes afterwards needs it: one refusal of a busy API server is not the last word.
    helm(place, "charts/assay", &values).or_else(|_| helm(place, "charts/assay", &values))?;
    wait_for_admission(place);
    Ok(())
}

/// The values that name the images which were built last.
fn images(place: &Place) -> Result<PathBuf, ReleaseError> {
    let values = place.root().join("bin/images.yaml");
    if values.is_file() { Ok(values) } else { Err(ReleaseError::NoImages(values)) }
}

fn helm(place: &Place, chart: &str, more: &[&str]) -> Result<(), ReleaseError> {
    let upgrade =
        ["upgrade", "--install", RELEASE, chart, "--namespace", SYSTEM, "--create-namespace", "--reset-values"];
    place.helm().run(&[&upgrade[..], more, &["--wait", "--timeout", "180s"]].concat())?;
    Ok(())
}

/// The release while a test changes it: it is as `make install` leaves it when
/// the value is dropped.
#[derive(Debug)]
pub struct Release {
    place: &'static Place,
    changed: AtomicBool,
    _one: MutexGuard<'static, ()>,
}

impl Release {
    /// Waits for its turn.
    pub fn take(place: &'static Place) -> Self {
        Self { place, changed: AtomicBool::new(false), _one: ONE.lock().unwrap_or_else(PoisonError::into_inner) }
    }

    /// Installs the project's chart with further values (YAML), and waits until it is ready.
    ///
    /// # Errors
    /// When there are no images, or Helm fails.
    pub fn with(&self, values: &str) -> Result<(), ReleaseError> {
        let images = images(self.place)?;
        let file = std::env::temp_dir().join(format!("assay-values-{}.yaml", std::process::id()));
        fs::write(&file, values)?;
        self.changed.store(true, Ordering::Relaxed);
        let (images, values) = (images.to_string_lossy(), file.to_string_lossy());
        let done = helm(self.place, "charts/assay", &["--values", VALUES, "--values", &images, "--values", &values]);
        fs::remove_file(&file).ok();
        done
    }

    /// Installs an older chart with today's images, and waits until it is ready.
    ///
    /// # Errors
    /// When there are no images, or Helm fails.
    pub fn older(&self, chart: &str, settings: &[&str]) -> Result<(), ReleaseError> {
        let images = fs::read_to_string(images(self.place)?)?;
        let images: serde_json::Value = serde_yaml::from_str(&images).expect("the values of the images are YAML");
        let tag = |name: &str| {
            let tag = images.pointer(&format!("/image/{name}/tag")).and_then(serde_json::Value::as_str);
            format!("image.{name}.tag={}", tag.unwrap_or("dev"))
        };
        let registry = images.pointer("/image/registry").and_then(serde_json::Value::as_str).unwrap_or_default();
        let tags = [format!("image.registry={registry}"), tag("manager"), tag("runner")];
        self.changed.store(true, Ordering::Relaxed);
        let all = tags.iter().map(String::as_str).chain(settings.iter().copied());
        helm(self.place, chart, &all.flat_map(|setting| ["--set", setting]).collect::<Vec<_>>())
    }

    /// Removes the release, and waits until it is gone.
    ///
    /// # Errors
    /// When Helm fails.
    pub fn remove(&self) -> Result<(), ReleaseError> {
        self.changed.store(true, Ordering::Relaxed);
        let arguments = ["uninstall", RELEASE, "--namespace", SYSTEM, "--cascade", "foreground", "--wait"];
        self.place.helm().run(&[&arguments[..], &["--timeout", "180s"]].concat())?;
        Ok(())
    }

    /// `kubectl -n assay-system ...`.
    ///
    /// # Errors
    /// When kubectl ends with another code than 0.
    pub fn kubectl(&self, arguments: &[&str]) -> Result<String, CommandError> {
        self.place.kubectl().run(&[&["-n", SYSTEM], arguments].concat())
    }
}

impl Drop for Release {
    fn drop(&mut self) {
        if !self.changed.load(Ordering::Relaxed) {
            return;
        }
        if let Err(error) = install(self.place) {
            let said = format!("the installation was not put back: {error}");
            assert!(std::thread::panicking(), "{said}");
            anstream::eprintln!("{said}");
        }
    }
}
