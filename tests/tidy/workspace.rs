//! The workspace as it lies on disk.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use serde::Deserialize;
use walkdir::WalkDir;

/// Why the workspace could not be read.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    /// A file or folder is not readable.
    #[error("{} is not readable", .0.display())]
    Read(PathBuf, #[source] io::Error),
    /// A manifest is not what Cargo expects.
    #[error("{} is not a manifest", .0.display())]
    Manifest(PathBuf, #[source] Box<toml::de::Error>),
    /// A command did not do its work.
    #[error("`{0}` failed: {1}")]
    Command(String, String),
}

/// The workspace this crate belongs to.
#[derive(Clone, Debug)]
pub struct Workspace {
    /// The folder of the workspace's manifest.
    pub root: PathBuf,
}

/// A room: one crate directly under `src/`.
#[derive(Clone, Debug, Default)]
pub struct Room {
    /// Name of the folder.
    pub name: String,
    /// Name of the package.
    pub package: String,
    /// Packages it is built from, optional and platform ones included.
    pub dependencies: Vec<String>,
    /// Packages only its tests need.
    pub dev_dependencies: Vec<String>,
    /// Are the lints of the workspace switched on?
    pub lints: bool,
    /// Root files of its library and binaries, relative to the workspace.
    pub roots: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", default)]
#[derive(Default)]
struct Manifest {
    package: Package,
    lib: Option<Target>,
    bin: Vec<Target>,
    lints: Lints,
    dependencies: BTreeMap<String, toml::Value>,
    dev_dependencies: BTreeMap<String, toml::Value>,
    build_dependencies: BTreeMap<String, toml::Value>,
    target: BTreeMap<String, Platform>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Package {
    name: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Target {
    path: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Lints {
    workspace: bool,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case", default)]
struct Platform {
    dependencies: BTreeMap<String, toml::Value>,
    build_dependencies: BTreeMap<String, toml::Value>,
}

impl Workspace {
    /// The workspace around this crate.
    #[must_use]
    pub fn here() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new("."));
        Self { root: root.to_path_buf() }
    }

    /// Every room, in the order of their names.
    ///
    /// # Errors
    /// A manifest is missing or broken.
    pub fn rooms(&self) -> Result<Vec<Room>, WorkspaceError> {
        let src = self.root.join("src");
        let mut rooms = Vec::new();
        for entry in fs::read_dir(&src).map_err(|error| WorkspaceError::Read(src.clone(), error))? {
            let folder = entry.map_err(|error| WorkspaceError::Read(src.clone(), error))?.path();
            if folder.join("Cargo.toml").is_file() {
                rooms.push(room(&folder)?);
            }
        }
        rooms.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(rooms)
    }

    /// All Rust files under a folder of the workspace, relative to it, sorted.
    #[must_use]
    pub fn rust_files(&self, under: &str) -> Vec<String> {
        let walk = WalkDir::new(self.root.join(under)).into_iter().filter_entry(|entry| entry.file_name() != "target");
        let mut files: Vec<String> = walk
            .flatten()
            .filter(|entry| entry.path().extension().is_some_and(|extension| extension == "rs"))
            .filter_map(|entry| Some(entry.path().strip_prefix(&self.root).ok()?.to_string_lossy().into_owned()))
            .collect();
        files.sort();
        files
    }

    /// The text of a file; replacement characters for what is no text.
    ///
    /// # Errors
    /// The file is not readable.
    pub fn text(&self, file: &str) -> Result<String, WorkspaceError> {
        let path = self.root.join(file);
        let bytes = fs::read(&path).map_err(|error| WorkspaceError::Read(path, error))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The files that are tracked under these paths.
    ///
    /// # Errors
    /// This is no checkout, or there is no `git`.
    pub fn tracked(&self, paths: &[&str]) -> Result<Vec<String>, WorkspaceError> {
        let mut command = Command::new("git");
        command.args(["ls-files", "-z", "--"]).args(paths);
        let output = self.run(command)?;
        Ok(output.split('\0').filter(|file| !file.is_empty()).map(str::to_owned).collect())
    }

    /// Runs a command in the workspace and returns what it prints.
    ///
    /// # Errors
    /// It does not start or does not succeed.
    pub fn run(&self, mut command: Command) -> Result<String, WorkspaceError> {
        let name = format!("{command:?}");
        let output = command.current_dir(&self.root).output();
        let output = output.map_err(|error| WorkspaceError::Command(name.clone(), error.to_string()))?;
        if !output.status.success() {
            let complaint = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(WorkspaceError::Command(name, complaint));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

fn room(folder: &Path) -> Result<Room, WorkspaceError> {
    let path = folder.join("Cargo.toml");
    let text = fs::read_to_string(&path).map_err(|error| WorkspaceError::Read(path.clone(), error))?;
    let manifest: Manifest = toml::from_str(&text).map_err(|error| WorkspaceError::Manifest(path, Box::new(error)))?;
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut dependencies = packages(&manifest.dependencies);
    dependencies.extend(packages(&manifest.build_dependencies));
    for platform in manifest.target.values() {
        dependencies.extend(packages(&platform.dependencies));
        dependencies.extend(packages(&platform.build_dependencies));
    }
    let stated = manifest.lib.iter().chain(&manifest.bin).filter_map(|target| target.path.clone());
    let usual = ["lib.rs", "main.rs"].map(str::to_owned);
    let mut roots: Vec<String> = stated.chain(usual).filter(|root| folder.join(root).is_file()).collect();
    roots.sort();
    roots.dedup();
    Ok(Room {
        roots: roots.iter().map(|root| format!("src/{name}/{root}")).collect(),
        name,
        package: manifest.package.name,
        dependencies,
        dev_dependencies: packages(&manifest.dev_dependencies),
        lints: manifest.lints.workspace,
    })
}

/// Names of the packages, also where they are imported under another name.
fn packages(table: &BTreeMap<String, toml::Value>) -> Vec<String> {
    let named = |value: &toml::Value| Some(value.get("package")?.as_str()?.to_owned());
    table.iter().map(|(key, value)| named(value).unwrap_or_else(|| key.clone())).collect()
}
