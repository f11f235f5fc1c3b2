//! Images: built by buildah from a folder, pushed to the cluster's registry, and
//! only when the folder's content is not there already.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};

use crate::addresses::{REGISTRY, local, port};
use crate::http::{HttpError, Request, Response, Server};
use crate::layout::Layout;

/// The image that holds the namespaces of each pod.
pub const PAUSE: &str = "pause:dev";
/// A small image with a shell, for checks.
pub const BUSYBOX: &str = "busybox:dev";

/// What a manifest may be.
const MANIFESTS: &str = "application/vnd.oci.image.manifest.v1+json, \
     application/vnd.docker.distribution.manifest.v2+json, \
     application/vnd.oci.image.index.v1+json";

/// Why an image could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// A file of the context could not be read, or a work file not written.
    #[error("cannot use {0}")]
    File(PathBuf, #[source] io::Error),
    /// The name is not a plain image name with a tag.
    #[error("{0:?} is not an image name like runner:dev")]
    Name(String),
    /// The registry does not answer.
    #[error("the image registry at {REGISTRY} does not answer")]
    Registry(#[from] HttpError),
    /// The registry refused a tag.
    #[error("the image registry refused {reference} with status {status}")]
    Refused {
        /// The image.
        reference: String,
        /// The status code.
        status: u16,
    },
    /// buildah could not be run.
    #[error("cannot run buildah")]
    Run(#[source] io::Error),
    /// buildah failed.
    #[error("buildah {step} failed for {reference}:\n{output}")]
    Failed {
        /// `bud` or `push`.
        step: &'static str,
        /// The image.
        reference: String,
        /// The end of what it printed.
        output: String,
    },
}

/// What came of asking for an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// The reference to use in a pod.
    pub reference: String,
    /// Whether it had to be built.
    pub built: bool,
}

/// Builds `context` and pushes it as `name` (with tag; `latest` when there is
/// none), unless the registry has this content already.
///
/// # Errors
/// When the context cannot be read, the registry does not answer, or buildah fails.
pub fn ensure(layout: &Layout, context: &Path, name: &str, file: Option<&Path>) -> Result<Image, ImageError> {
    let (repository, tag) = split(name)?;
    let reference = format!("{REGISTRY}/{repository}:{tag}");
    let file = file.map_or_else(|| context.join("Dockerfile"), Path::to_owned);
    let content_tag = format!("content-{}", &content_hash(context, &file)?[..32]);
    let registry = Registry { server: Server::plain(local(port::REGISTRY)) };
    if let Some(known) = registry.manifest(repository, &content_tag)? {
        registry.tag(repository, tag, &known)?;
        return Ok(Image { reference, built: false });
    }
    let buildah = Buildah { layout, reference: &reference };
    buildah.build(context, &file)?;
    buildah.push(&reference)?;
    buildah.push(&format!("{REGISTRY}/{repository}:{content_tag}"))?;
    buildah.forget();
    Ok(Image { reference, built: true })
}

/// Pushes the images that a node needs: `pause:dev` and `busybox:dev`.
///
/// # Errors
/// As for [`ensure`].
pub fn ensure_builtin(layout: &Layout) -> Result<(), ImageError> {
    let recipes = [
        (PAUSE, "pause", layout.program("pause"), include_str!("images/pause.Dockerfile")),
        (BUSYBOX, "busybox", "/bin/busybox".into(), include_str!("images/busybox.Dockerfile")),
    ];
    for (name, program, source, recipe) in recipes {
        let at = |source: io::Error| ImageError::File(layout.run(), source);
        let context = tempfile::tempdir().map_err(at)?;
        fs::copy(&source, context.path().join(program)).map_err(|error| ImageError::File(source.clone(), error))?;
        fs::write(context.path().join("Dockerfile"), recipe).map_err(at)?;
        ensure(layout, context.path(), name, None)?;
    }
    Ok(())
}

fn split(name: &str) -> Result<(&str, &str), ImageError> {
    let (repository, tag) = name.split_once(':').unwrap_or((name, "latest"));
    let plain = |text: &str, extra: &[char]| {
        !text.is_empty()
            && text.chars().all(|c| c.is_ascii_alphanumeric() || extra.contains(&c))
            && !text.starts_with(['-', '.', '/'])
    };
    let lower = !repository.chars().any(|c| c.is_ascii_uppercase());
    if lower && plain(repository, &['-', '_', '.', '/']) && plain(tag, &['-', '_', '.']) {
        Ok((repository, tag))
    } else {
        Err(ImageError::Name(name.to_owned()))
    }
}

/// A hash over names, kinds, executable bits and contents of everything in a folder.
fn content_hash(context: &Path, file: &Path) -> Result<String, ImageError> {
    let mut hash = Sha256::new();
    hash.update(read(file)?);
    hash_folder(context, context, &mut hash)?;
    Ok(format!("{:x}", hash.finalize()))
}

fn read(path: &Path) -> Result<Vec<u8>, ImageError> {
    fs::read(path).map_err(|source| ImageError::File(path.to_owned(), source))
}

fn hash_folder(root: &Path, folder: &Path, hash: &mut Sha256) -> Result<(), ImageError> {
    let at = |source| ImageError::File(folder.to_owned(), source);
    let mut entries: Vec<_> = fs::read_dir(folder).map_err(at)?.collect::<Result<_, _>>().map_err(at)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let kind = entry.file_type().map_err(at)?;
        let mode = entry.metadata().map_err(at)?.permissions().mode();
        let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
        hash.update(format!("\0{name}\0{:o}\0", mode & 0o111));
        if kind.is_dir() {
            hash_folder(root, &path, hash)?;
        } else if kind.is_symlink() {
            let target = fs::read_link(&path).map_err(at)?;
            hash.update(target.as_os_str().as_encoded_bytes());
        } else if kind.is_file() {
            hash.update(Sha256::digest(read(&path)?));
        }
    }
    Ok(())
}

struct Registry {
    server: Server,
}

impl Registry {
    fn manifest(&self, repository: &str, tag: &str) -> Result<Option<Response>, ImageError> {
        let path = format!("/v2/{repository}/manifests/{tag}");
        let headers = [("Accept", MANIFESTS)];
        let answer = self.server.send(&Request { headers: &headers, ..Request::get(&path) })?;
        Ok(Some(answer).filter(Response::ok))
    }

    /// Makes `tag` name the same image as `known`.
    fn tag(&self, repository: &str, tag: &str, known: &Response) -> Result<(), ImageError> {
        const DIGEST: &str = "docker-content-digest";
        let now = self.manifest(repository, tag)?;
        if now.is_some_and(|now| now.header(DIGEST) == known.header(DIGEST)) {
            return Ok(());
        }
        let path = format!("/v2/{repository}/manifests/{tag}");
        let headers = [("Content-Type", known.header("content-type").unwrap_or_default())];
        let answer = self.server.send(&Request {
            method: "PUT",
            headers: &headers,
            body: &known.body,
            ..Request::get(&path)
        })?;
        if answer.ok() {
            return Ok(());
        }
        let reference = format!("{REGISTRY}/{repository}:{tag}");
        Err(ImageError::Refused { reference, status: answer.status })
    }
}

struct Buildah<'a> {
    layout: &'a Layout,
    reference: &'a str,
}

impl Buildah<'_> {
    fn command(&self) -> Command {
        let store = self.layout.cache().join("buildah");
        let mut buildah = Command::new("buildah");
        buildah.arg("--root").arg(store.join("root"));
        buildah.arg("--runroot").arg(store.join("run"));
        buildah.args(["--storage-driver", "vfs"]);
        buildah.env("TMPDIR", std::env::temp_dir());
        buildah
    }

    fn build(&self, context: &Path, file: &Path) -> Result<(), ImageError> {
        let mut buildah = self.command();
        buildah.args(["bud", "--isolation", "chroot", "--tls-verify=false"]);
        buildah.arg("--signature-policy").arg(self.policy()?);
        buildah.args(["--tag", self.reference, "--file"]).arg(file).arg(context);
        self.run("bud", buildah)
    }

    fn push(&self, target: &str) -> Result<(), ImageError> {
        let mut buildah = self.command();
        buildah.args(["push", "--tls-verify=false"]);
        buildah.arg("--signature-policy").arg(self.policy()?);
        buildah.arg(self.reference).arg(format!("docker://{target}"));
        self.run("push", buildah)
    }

    /// Frees the local copy: the vfs driver keeps every layer in full.
    fn forget(&self) {
        let _ = self.command().args(["rmi", self.reference]).output();
    }

    fn policy(&self) -> Result<PathBuf, ImageError> {
        let store = self.layout.cache().join("buildah");
        let path = store.join("policy.json");
        fs::create_dir_all(&store)
            .and_then(|()| fs::write(&path, r#"{"default":[{"type":"insecureAcceptAnything"}]}"#))
            .map_err(|source| ImageError::File(path.clone(), source))?;
        Ok(path)
    }

    fn run(&self, step: &'static str, mut command: Command) -> Result<(), ImageError> {
        let result = command.output().map_err(ImageError::Run)?;
        if result.status.success() {
            return Ok(());
        }
        let mut text = String::from_utf8_lossy(&result.stdout).into_owned();
        text.push_str(&String::from_utf8_lossy(&result.stderr));
        let lines: Vec<&str> = text.lines().collect();
        let output = lines[lines.len().saturating_sub(20)..].join("\n");
        Err(ImageError::Failed { step, reference: self.reference.to_owned(), output })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart() {
        assert_eq!(split("runner:dev").unwrap(), ("runner", "dev"));
        assert_eq!(split("tests/junit").unwrap(), ("tests/junit", "latest"));
        for bad in ["", "Runner:dev", "a b", "-x", "localhost:5000/x", "a:"] {
            assert!(matches!(split(bad), Err(ImageError::Name(_))), "{bad}");
        }
    }

    #[test]
    fn the_content_hash_sees_names_bits_and_contents() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let file = root.join("Dockerfile");
        fs::write(&file, "FROM scratch").unwrap();
        fs::write(root.join("a"), "1").unwrap();
        let hash = || content_hash(root, &file).unwrap();
        let first = hash();
        assert_eq!(hash(), first);
        fs::set_permissions(root.join("a"), fs::Permissions::from_mode(0o755)).unwrap();
        let executable = hash();
        assert_ne!(executable, first);
        fs::rename(root.join("a"), root.join("b")).unwrap();
        let renamed = hash();
        assert_ne!(renamed, executable);
        fs::write(root.join("b"), "2").unwrap();
        assert_ne!(hash(), renamed);
    }
}
