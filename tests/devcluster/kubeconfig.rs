//! Kubeconfig files with everything inside, so that one can be copied.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::addresses::port;
use crate::layout::Layout;

/// Why a kubeconfig could not be written.
#[derive(Debug, thiserror::Error)]
pub enum KubeconfigError {
    /// A certificate could not be read.
    #[error("cannot read {0}")]
    Read(PathBuf, #[source] io::Error),
    /// The file could not be written.
    #[error("cannot write {0}")]
    Write(PathBuf, #[source] io::Error),
}

/// Writes the administrator's kubeconfig and those of the components.
///
/// # Errors
/// When a certificate cannot be read or a file cannot be written.
pub fn write_all(layout: &Layout) -> Result<(), KubeconfigError> {
    write(layout, "admin", &layout.admin_kubeconfig(), "default")?;
    for user in ["controller-manager", "scheduler", "proxy", "node"] {
        write(layout, user, &layout.kubeconfig(user), "default")?;
    }
    Ok(())
}

/// Writes a kubeconfig of the administrator that means another namespace.
///
/// # Errors
/// When a certificate cannot be read or the file cannot be written.
pub fn write_in_namespace(layout: &Layout, path: &Path, namespace: &str) -> Result<(), KubeconfigError> {
    write(layout, "admin", path, namespace)
}

fn write(layout: &Layout, user: &str, path: &Path, namespace: &str) -> Result<(), KubeconfigError> {
    let pki = layout.pki();
    let read = |file: &str| {
        let path = pki.join(file);
        fs::read(&path).map_err(|source| KubeconfigError::Read(path, source))
    };
    let authority = read("ca.crt")?;
    let certificate = read(&format!("{user}.crt"))?;
    let key = read(&format!("{user}.key"))?;
    fs::write(path, render(user, namespace, &authority, &certificate, &key))
        .and_then(|()| fs::set_permissions(path, fs::Permissions::from_mode(0o600)))
        .map_err(|source| KubeconfigError::Write(path.to_owned(), source))
}

fn render(user: &str, namespace: &str, authority: &[u8], certificate: &[u8], key: &[u8]) -> String {
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "devcluster", "cluster": {
            "server": format!("https://127.0.0.1:{}", port::API),
            "certificate-authority-data": STANDARD.encode(authority),
        }}],
        "users": [{"name": user, "user": {
            "client-certificate-data": STANDARD.encode(certificate),
            "client-key-data": STANDARD.encode(key),
        }}],
        "contexts": [{"name": "devcluster", "context": {
            "cluster": "devcluster", "user": user, "namespace": namespace,
        }}],
        "current-context": "devcluster",
    });
    serde_yaml::to_string(&config).expect("plain data is always YAML")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kubeconfig_carries_its_certificates() {
        let text = render("admin", "argocd", b"authority", b"certificate", b"key");
        assert!(text.contains("server: https://127.0.0.1:6443"));
        assert!(text.contains(&format!("client-key-data: {}", STANDARD.encode("key"))));
        assert!(text.contains("current-context: devcluster"));
        assert!(text.contains("namespace: argocd"));
    }
}
