//! Building engines: into a folder beside, then renamed, so that an interrupted
//! build leaves nothing half done.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::engines::{ADDON_ENGINES, Asset, ENGINES, Engine};
use crate::layout::Layout;
use crate::progress::Progress;

/// Keeps the Go caches after all engines are built.
pub const KEEP_GO_CACHE_ENV: &str = "ASSAY_KEEP_GO_CACHE";

/// Between two engines.
const PAUSE: Duration = Duration::from_millis(200);

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

/// Builds whatever is missing of `wanted`, in that order, and links all programs that
/// are built into one folder. Several may build at the same time: they take turns,
/// engine by engine.
///
/// # Errors
/// When there is no room, no Go, or a build fails.
pub fn ensure(layout: &Layout, wanted: &[&Engine], progress: &Progress) -> Result<(), CompileError> {
    let missing: Vec<&Engine> = wanted.iter().copied().filter(|engine| !engine.built(layout)).collect();
    if missing.is_empty() {
        return link_programs(layout);
    }
    fs::create_dir_all(layout.engines()).map_err(at(&layout.engines()))?;
    check_room(layout, &missing)?;
    let users = lock_file(layout, "build.users")?;
    users.lock_shared().map_err(at(layout.cache()))?;
    for engine in missing {
        take_turn(layout, engine, progress)?;
    }
    users.unlock().map_err(at(layout.cache()))?;
    if std::env::var_os(KEEP_GO_CACHE_ENV).is_none_or(|value| value != "1") {
        remove_go_cache(layout, &users);
    }
    link_programs(layout)
}

fn lock_file(layout: &Layout, name: &str) -> Result<File, CompileError> {
    let path = layout.cache().join(name);
    File::create(&path).map_err(at(&path))
}

/// Builds one engine when nobody else builds, unless the other has built it meanwhile.
fn take_turn(layout: &Layout, engine: &Engine, progress: &Progress) -> Result<(), CompileError> {
    let turn = lock_file(layout, "build.lock")?;
    if turn.try_lock().is_err() {
        progress.long("waiting for another build", || turn.lock()).map_err(at(layout.cache()))?;
    }
    if engine.built(layout) {
        return Ok(());
    }
    remove_unfinished(layout);
    progress.long(&format!("building {}", engine.name), || build(layout, engine))?;
    drop(turn);
    // Whoever waits has the next turn, not this process again.
    std::thread::sleep(PAUSE);
    Ok(())
}

/// The last one who builds removes what all have used.
fn remove_go_cache(layout: &Layout, users: &File) {
    if users.try_lock().is_err() {
        return;
    }
    for cache in [gobuild(layout), gomod(layout)] {
        let _ = fs::remove_dir_all(cache);
    }
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
    for asset in engine.assets {
        copy_asset(layout, engine, asset, &source)?;
    }
    fs::remove_dir_all(&source).map_err(at(&source))?;
    if target.exists() {
        fs::remove_dir_all(&target).map_err(at(&target))?;
    }
    fs::rename(&partial, &target).map_err(at(&target))
}

fn go_build(layout: &Layout, engine: &Engine, package: &str, source: &Path, output: &Path) -> Result<(), CompileError> {
    let mut go = go(layout, engine, source);
    go.args(["build", "-trimpath", "-buildvcs=false", "-modcacherw", "-mod=readonly"]);
    go.arg("-ldflags").arg(format!("-s -w {}", engine.ldflags));
    if !engine.tags.is_empty() {
        go.args(["-tags", engine.tags]);
    }
    run(engine, go.arg("-o").arg(output).arg(package)).map(drop)
}

/// A `go` that sees nothing but the engine's own module and this harness's caches.
fn go(layout: &Layout, engine: &Engine, source: &Path) -> Command {
    let mut go = Command::new("go");
    go.current_dir(source)
        .env("GOCACHE", gobuild(layout))
        .env("GOMODCACHE", gomod(layout))
        .env("GOTOOLCHAIN", "local")
        .env("GOWORK", "off")
        .env("CGO_ENABLED", if engine.cgo { "1" } else { "0" })
        .env_remove("GOFLAGS");
    go
}

/// What it prints, when all is well.
fn run(engine: &Engine, go: &mut Command) -> Result<String, CompileError> {
    let result = go.output().map_err(CompileError::NoGo)?;
    if result.status.success() {
        return Ok(String::from_utf8_lossy(&result.stdout).into_owned());
    }
    let text = String::from_utf8_lossy(&result.stderr);
    let lines: Vec<&str> = text.lines().collect();
    let output = lines[lines.len().saturating_sub(30)..].join("\n");
    Err(CompileError::Failed { engine: engine.name, output })
}

fn copy_asset(layout: &Layout, engine: &Engine, asset: &Asset, source: &Path) -> Result<(), CompileError> {
    let mut go = go(layout, engine, source);
    let folder = run(engine, go.args(["list", "-modcacherw", "-mod=readonly", "-m", "-f", "{{.Dir}}", asset.module]))?;
    let target = engine.folder(layout).with_extension("partial").join(asset.to);
    let mode = if asset.to.starts_with("bin/") { 0o755 } else { 0o644 };
    copy(&Path::new(folder.trim()).join(asset.from), &target, mode)
}

/// Copies a file, or a folder with everything in it.
fn copy(from: &Path, to: &Path, mode: u32) -> Result<(), CompileError> {
    if !from.is_dir() {
        let folder = to.parent().unwrap_or(to);
        return fs::create_dir_all(folder)
            .and_then(|()| fs::copy(from, to))
            .and_then(|_| fs::set_permissions(to, fs::Permissions::from_mode(mode)))
            .map_err(at(from));
    }
    fs::create_dir_all(to).map_err(at(to))?;
    for entry in fs::read_dir(from).map_err(at(from))? {
        let entry = entry.map_err(at(from))?;
        copy(&entry.path(), &to.join(entry.file_name()), mode)?;
    }
    Ok(())
}

/// One folder with every built program under every name, for `PATH`.
fn link_programs(layout: &Layout) -> Result<(), CompileError> {
    let bin = layout.bin();
    fs::create_dir_all(&bin).map_err(at(&bin))?;
    for engine in ENGINES.iter().chain(ADDON_ENGINES).filter(|engine| engine.built(layout)) {
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
    fn a_folder_is_copied_whole_and_can_be_written() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        fs::create_dir_all(from.join("a/b")).unwrap();
        fs::write(from.join("a/b/c"), "text").unwrap();
        // As it is in the module cache.
        fs::set_permissions(from.join("a/b/c"), fs::Permissions::from_mode(0o444)).unwrap();
        copy(&from, &to, 0o644).unwrap();
        assert_eq!(fs::read_to_string(to.join("a/b/c")).unwrap(), "text");
        assert_eq!(fs::metadata(to.join("a/b/c")).unwrap().permissions().mode() & 0o777, 0o644);
        assert!(copy(&from.join("nothing"), &to, 0o644).is_err());
    }

    #[test]
    fn the_go_cache_stays_while_somebody_else_builds() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::at(folder.path().into()).unwrap();
        fs::create_dir_all(gobuild(&layout)).unwrap();
        let other = lock_file(&layout, "build.users").unwrap();
        other.lock_shared().unwrap();
        remove_go_cache(&layout, &lock_file(&layout, "build.users").unwrap());
        assert!(gobuild(&layout).exists());
        other.unlock().unwrap();
        remove_go_cache(&layout, &lock_file(&layout, "build.users").unwrap());
        assert!(!gobuild(&layout).exists());
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
