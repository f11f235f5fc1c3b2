//! Building engines: into a folder beside, then renamed, so that an interrupted
//! build leaves nothing half done.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::engines::{ENGINES, Engine};
use crate::layout::Layout;
use crate::progress::Progress;

/// Keeps the Go caches after all engines are built.
pub const KEEP_GO_CACHE_ENV: &str = "ASSAY_KEEP_GO_CACHE";

/// Why an engine could not be built.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// A file or folder could not be used.
    #[error("cannot use {0}")]
    File(PathBuf, #[source] io::Error),
    /// `go` is not there.
    #[error("cannot run go, which builds the cluster's engines (Go 1.26 or newer is needed)")]
    NoGo(#[source] io::Error),
    /// Not enough room.
    #[error(
        "building {engines} takes up to {needed} GB, but only {free} GB are free at {folder}; \
         make room or set ASSAY_CACHE to another disk"
    )]
    NoRoom {
        /// Names of the engines.
        engines: String,
        /// Needed, in GB.
        needed: u64,
        /// Free, in GB.
        free: u64,
        /// Where.
        folder: PathBuf,
    },
    /// The Go build failed.
    #[error("building {engine} failed:\n{output}")]
    Failed {
        /// The engine.
        engine: &'static str,
        /// The end of what `go` printed.
        output: String,
    },
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> CompileError + use<> {
    let path = path.to_owned();
    move |source| CompileError::File(path, source)
}

/// Builds whatever is missing and links all programs into one folder.
///
/// # Errors
/// When there is no room, no Go, or a build fails.
pub fn ensure(layout: &Layout, progress: &Progress) -> Result<(), CompileError> {
    if ENGINES.iter().all(|engine| engine.built(layout)) {
        return link_programs(layout);
    }
    fs::create_dir_all(layout.engines()).map_err(at(&layout.engines()))?;
    let lock_path = layout.cache().join("build.lock");
    let lock = File::create(&lock_path).map_err(at(&lock_path))?;
    lock.lock().map_err(at(&lock_path))?;
    remove_unfinished(layout);
    let missing: Vec<&Engine> = ENGINES.iter().filter(|e| !e.built(layout)).collect();
    check_room(layout, &missing)?;
    for engine in missing {
        progress.long(&format!("building {}", engine.name), || build(layout, engine))?;
    }
    if std::env::var_os(KEEP_GO_CACHE_ENV).is_none_or(|value| value != "1") {
        for cache in [gobuild(layout), gomod(layout)] {
            let _ = fs::remove_dir_all(cache);
        }
    }
    link_programs(layout)
}

fn gobuild(layout: &Layout) -> PathBuf {
    layout.cache().join("gobuild")
}

fn gomod(layout: &Layout) -> PathBuf {
    layout.cache().join("gomod")
}

/// Leftovers of builds that were interrupted; the lock says that nobody builds now.
fn remove_unfinished(layout: &Layout) {
    for entry in fs::read_dir(layout.engines()).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().ends_with(".partial") {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn check_room(layout: &Layout, missing: &[&Engine]) -> Result<(), CompileError> {
    let needed: u64 = missing.iter().map(|engine| engine.disk_gb).sum();
    let disk = rustix::fs::statvfs(layout.cache())
        .map_err(|errno| CompileError::File(layout.cache().to_owned(), errno.into()))?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize) / 1_000_000_000;
    if free >= needed {
        return Ok(());
    }
    let engines = missing.iter().map(|engine| engine.name).collect::<Vec<_>>().join(", ");
    Err(CompileError::NoRoom { engines, needed, free, folder: layout.cache().to_owned() })
}

fn build(layout: &Layout, engine: &Engine) -> Result<(), CompileError> {
    let target = engine.folder(layout);
    let partial = target.with_extension("partial");
    let source = partial.join("source");
    let bin = partial.join("bin");
    fs::create_dir_all(&source).map_err(at(&source))?;
    fs::create_dir_all(&bin).map_err(at(&bin))?;
    let files = [("go.mod", Some(engine.go_mod)), ("go.sum", Some(engine.go_sum)), ("main.go", engine.main_go)];
    for (name, text) in files {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            fs::write(source.join(name), text).map_err(at(&source))?;
        }
    }
    for program in engine.programs {
        go_build(layout, engine, program.package, &source, &bin.join(program.file))?;
        for alias in program.aliases {
            std::os::unix::fs::symlink(program.file, bin.join(alias)).map_err(at(&bin))?;
        }
    }
    fs::remove_dir_all(&source).map_err(at(&source))?;
    if target.exists() {
        fs::remove_dir_all(&target).map_err(at(&target))?;
    }
    fs::rename(&partial, &target).map_err(at(&target))
}

fn go_build(layout: &Layout, engine: &Engine, package: &str, source: &Path, output: &Path) -> Result<(), CompileError> {
    let mut go = Command::new("go");
    go.current_dir(source)
        .args(["build", "-trimpath", "-buildvcs=false", "-modcacherw", "-mod=readonly"])
        .arg("-ldflags")
        .arg(format!("-s -w {}", engine.ldflags))
        .env("GOCACHE", gobuild(layout))
        .env("GOMODCACHE", gomod(layout))
        .env("GOTOOLCHAIN", "local")
        .env("GOWORK", "off")
        .env("CGO_ENABLED", if engine.cgo { "1" } else { "0" })
        .env_remove("GOFLAGS");
    if !engine.tags.is_empty() {
        go.args(["-tags", engine.tags]);
    }
    let result = go.arg("-o").arg(output).arg(package).output().map_err(CompileError::NoGo)?;
    if result.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&result.stderr);
    let lines: Vec<&str> = text.lines().collect();
    let output = lines[lines.len().saturating_sub(30)..].join("\n");
    Err(CompileError::Failed { engine: engine.name, output })
}

/// One folder with every program under every name, for `PATH`.
fn link_programs(layout: &Layout) -> Result<(), CompileError> {
    let bin = layout.bin();
    fs::create_dir_all(&bin).map_err(at(&bin))?;
    for engine in ENGINES {
        for program in engine.programs {
            let file = engine.bin(layout).join(program.file);
            for name in program.aliases.iter().chain([&program.file]) {
                link(&file, &bin.join(name))?;
            }
        }
    }
    Ok(())
}

fn link(target: &Path, name: &Path) -> Result<(), CompileError> {
    if fs::read_link(name).is_ok_and(|now| now == target) {
        return Ok(());
    }
    // Renamed over the old link, so that the name never points nowhere.
    let fresh = name.with_extension("new");
    let _ = fs::remove_file(&fresh);
    std::os::unix::fs::symlink(target, &fresh).and_then(|()| fs::rename(&fresh, name)).map_err(at(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_said_before_anything_is_built() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::at(folder.path().into()).unwrap();
        let huge = Engine { disk_gb: u64::MAX / 2, ..ENGINES[0] };
        let error = check_room(&layout, &[&huge]).unwrap_err();
        assert!(error.to_string().contains("building kubernetes takes up to"), "{error}");
        check_room(&layout, &[&Engine { disk_gb: 0, ..huge }]).unwrap();
    }

    #[test]
    fn links_are_renewed() {
        let folder = tempfile::tempdir().unwrap();
        let name = folder.path().join("kubectl");
        link(Path::new("/a"), &name).unwrap();
        link(Path::new("/b"), &name).unwrap();
        link(Path::new("/b"), &name).unwrap();
        assert_eq!(fs::read_link(&name).unwrap(), Path::new("/b"));
    }
}
