//! The cluster's certificates: one authority for the cluster, one for the
//! aggregation layer, and a key that signs service account tokens. They are made
//! once and kept, because a certificate says nothing about a cluster's content.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use sha2::{Digest, Sha256};

use crate::addresses::{API_SERVICE_IP, NODE, NODE_IP};

/// Why the certificates could not be made.
#[derive(Debug, thiserror::Error)]
pub enum PkiError {
    /// A file could not be written.
    #[error("cannot write {0}")]
    Write(PathBuf, #[source] io::Error),
    /// A certificate could not be signed.
    #[error("cannot make the certificate {0}")]
    Sign(String, #[source] rcgen::Error),
}

/// One certificate below the cluster's authority.
struct Leaf {
    file: &'static str,
    common_name: String,
    organization: Option<&'static str>,
    names: Vec<String>,
    server: bool,
}

impl Leaf {
    fn client(file: &'static str, common_name: &str, organization: Option<&'static str>) -> Self {
        let common_name = common_name.to_owned();
        Self { file, common_name, organization, names: Vec::new(), server: false }
    }

    fn server(file: &'static str, common_name: &str, names: &[String]) -> Self {
        let common_name = common_name.to_owned();
        Self { file, common_name, organization: None, names: names.to_vec(), server: true }
    }
}

fn leaves() -> Vec<Leaf> {
    let api = [
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        "kubernetes.default.svc.cluster.local",
        "localhost",
        "127.0.0.1",
    ];
    let mut api: Vec<String> = api.map(str::to_owned).to_vec();
    api.extend([API_SERVICE_IP.to_string(), NODE_IP.to_string()]);
    let local = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let node = [NODE.to_owned(), NODE_IP.to_string(), "127.0.0.1".to_owned()];
    vec![
        Leaf::server("apiserver", "kube-apiserver", &api),
        Leaf::server("localhost", "localhost", &local),
        Leaf::server("kubelet", NODE, &node),
        Leaf::client("admin", "devcluster-admin", Some("system:masters")),
        Leaf::client("apiserver-kubelet-client", "kube-apiserver", Some("system:masters")),
        Leaf::client("controller-manager", "system:kube-controller-manager", None),
        Leaf::client("scheduler", "system:kube-scheduler", None),
        Leaf::client("proxy", "system:kube-proxy", None),
        Leaf::client("node", &format!("system:node:{NODE}"), Some("system:nodes")),
    ]
}

/// Makes all certificates and keys in `folder`, unless they are there already.
///
/// # Errors
/// When a certificate cannot be signed or a file cannot be written.
pub fn ensure(folder: &Path) -> Result<(), PkiError> {
    let marker = folder.join("complete");
    let wanted = fingerprint();
    if fs::read_to_string(&marker).is_ok_and(|found| found == wanted) {
        return Ok(());
    }
    fs::create_dir_all(folder).map_err(|e| PkiError::Write(folder.to_owned(), e))?;
    let authority = authority(folder, "ca", "devcluster-ca")?;
    for leaf in leaves() {
        sign(folder, &leaf, &authority)?;
    }
    let front = self::authority(folder, "front-proxy-ca", "devcluster-front-proxy-ca")?;
    sign(folder, &Leaf::client("front-proxy-client", "front-proxy-client", None), &front)?;
    let tokens = KeyPair::generate().map_err(|e| PkiError::Sign("sa".into(), e))?;
    write(folder, "sa.key", &tokens.serialize_pem())?;
    write(folder, "sa.pub", &tokens.public_key_pem())?;
    write(folder, "complete", &wanted)
}

/// Changes whenever the certificates would be made differently.
fn fingerprint() -> String {
    let mut hash = Sha256::new();
    hash.update("1");
    for leaf in leaves() {
        hash.update(format!(
            "{} {} {:?} {:?} {}",
            leaf.file, leaf.common_name, leaf.organization, leaf.names, leaf.server
        ));
    }
    format!("{:x}", hash.finalize())
}

fn authority(folder: &Path, file: &str, name: &str) -> Result<Issuer<'static, KeyPair>, PkiError> {
    let failed = |e| PkiError::Sign(file.to_owned(), e);
    let key = KeyPair::generate().map_err(failed)?;
    // Validity stays at rcgen's default of "forever": the authority never leaves
    // this machine and is thrown away with the cache.
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
    let certificate = params.self_signed(&key).map_err(failed)?;
    write(folder, &format!("{file}.crt"), &certificate.pem())?;
    write(folder, &format!("{file}.key"), &key.serialize_pem())?;
    Ok(Issuer::new(params, key))
}

fn sign(folder: &Path, leaf: &Leaf, issuer: &Issuer<'static, KeyPair>) -> Result<(), PkiError> {
    let failed = |e| PkiError::Sign(leaf.file.to_owned(), e);
    let key = KeyPair::generate().map_err(failed)?;
    let mut params = CertificateParams::new(leaf.names.clone()).map_err(failed)?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, &leaf.common_name);
    if let Some(organization) = leaf.organization {
        params.distinguished_name.push(DnType::OrganizationName, organization);
    }
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages =
        vec![if leaf.server { ExtendedKeyUsagePurpose::ServerAuth } else { ExtendedKeyUsagePurpose::ClientAuth }];
    let certificate = params.signed_by(&key, issuer).map_err(failed)?;
    write(folder, &format!("{}.crt", leaf.file), &certificate.pem())?;
    write(folder, &format!("{}.key", leaf.file), &key.serialize_pem())
}

fn write(folder: &Path, file: &str, text: &str) -> Result<(), PkiError> {
    let path = folder.join(file);
    let mode = if file.ends_with(".key") { 0o600 } else { 0o644 };
    fs::OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(true)
        .mode(mode)
        .open(&path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|source| PkiError::Write(path, source))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_are_made_once_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        ensure(folder.path()).unwrap();
        let first = fs::read_to_string(folder.path().join("admin.crt")).unwrap();
        assert!(first.starts_with("-----BEGIN CERTIFICATE-----"));
        ensure(folder.path()).unwrap();
        assert_eq!(fs::read_to_string(folder.path().join("admin.crt")).unwrap(), first);
        fs::write(folder.path().join("complete"), "older").unwrap();
        ensure(folder.path()).unwrap();
        assert_ne!(fs::read_to_string(folder.path().join("admin.crt")).unwrap(), first);
    }

    #[test]
    fn keys_are_private() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        ensure(folder.path()).unwrap();
        for key in ["ca.key", "sa.key", "admin.key", "front-proxy-client.key"] {
            let mode = fs::metadata(folder.path().join(key)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{key}");
        }
    }
}
