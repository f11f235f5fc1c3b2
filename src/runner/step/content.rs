//! Files that the plan asks for: the workflow's content before the first step,
//! a step's own before its process starts.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use assay_protocol::PlanFile;

use super::place;
use super::resolve::Resolver;

/// Writes all files; answers what went wrong with the first that could not be.
pub(super) fn write(files: &[PlanFile], workspace: &Path, resolver: &Resolver) -> Option<String> {
    files.iter().find_map(|file| {
        let why = write_one(file, workspace, resolver).err()?;
        Some(format!("the file {} could not be written: {why}", file.path))
    })
}

fn write_one(file: &PlanFile, workspace: &Path, resolver: &Resolver) -> Result<(), String> {
    let path = Path::new(&file.path);
    let placed = if let Some(from) = &file.from {
        let mut source = open_source(Path::new(from)).map_err(|error| format!("its source {from}: {error}"))?;
        place::write(workspace, path, file.mode, |target| io::copy(&mut source, target).map(drop))
    } else {
        let resolved = file.dynamic.then(|| resolver.text(&file.content)).transpose()?;
        let text = resolved.as_ref().unwrap_or(&file.content);
        place::write(workspace, path, file.mode, |target| target.write_all(text.as_bytes()))
    };
    placed.map_err(|error| error.to_string())
}

/// A mounted file; mounts of ConfigMaps and Secrets are full of links, so these are followed.
fn open_source(path: &Path) -> io::Result<File> {
    if path.metadata()?.is_file() { File::open(path) } else { Err(io::Error::other("not a regular file")) }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use assay_protocol::control::Go;

    use super::*;

    fn file(dir: &Path, path: &str, content: &str) -> PlanFile {
        let path = dir.join(path).display().to_string();
        PlanFile { path, content: content.into(), from: None, dynamic: false, mode: 0o640 }
    }

    #[test]
    fn files_are_written_copied_and_resolved() {
        let dir = tempfile::tempdir().expect("a folder");
        let workspace = dir.path().join("ws");
        std::fs::create_dir(&workspace).expect("a folder");
        std::fs::write(dir.path().join("..real"), [0xff, 0]).expect("a file");
        symlink("..real", dir.path().join("mounted")).expect("a link");
        let mut resolver = Resolver::new(&Go::default());
        resolver.set("WHO", "you");
        let plain = file(&workspace, "a/b/plain", "{{ env.WHO }}");
        let dynamic = PlanFile { dynamic: true, mode: 0o755, ..file(&workspace, "run.sh", "hello {{ env.WHO }}") };
        let from = Some(dir.path().join("mounted").display().to_string());
        let copied = PlanFile { from, ..file(&workspace, "copied", "") };
        let again = file(&workspace, "copied", "new");
        assert_eq!(write(&[plain, dynamic, copied], &workspace, &resolver), None);
        let read = |name: &str| std::fs::read(workspace.join(name)).expect("a file");
        assert_eq!(
            (read("a/b/plain"), read("run.sh"), read("copied")),
            (b"{{ env.WHO }}".to_vec(), b"hello you".to_vec(), vec![0xff, 0])
        );
        let mode = |name: &str| workspace.join(name).metadata().expect("a file").permissions().mode() & 0o7777;
        assert_eq!((mode("a"), mode("a/b/plain"), mode("run.sh")), (0o777, 0o640, 0o755));
        assert_eq!(write(&[again], &workspace, &resolver), None);
        assert_eq!(read("copied"), b"new");
    }

    #[test]
    fn nothing_is_written_outside_of_the_workspace() {
        let dir = tempfile::tempdir().expect("a folder");
        let workspace = dir.path().join("ws");
        std::fs::create_dir_all(workspace.join("inner")).expect("folders");
        std::fs::create_dir(dir.path().join("else")).expect("a folder");
        std::fs::write(dir.path().join("else/kept"), "kept").expect("a file");
        symlink(dir.path().join("else"), workspace.join("out")).expect("a link");
        symlink("../else", workspace.join("up")).expect("a link");
        symlink("inner", workspace.join("stays")).expect("a link");
        symlink(dir.path().join("else/kept"), workspace.join("link")).expect("a link");
        let resolver = Resolver::new(&Go::default());
        for path in ["out/x", "up/x", "out/new/x", "../else/x", "/etc/x"] {
            let message = write(&[file(&workspace, path, "bad")], &workspace, &resolver).expect(path);
            assert!(message.contains("outside"), "{message}");
        }
        assert_eq!(std::fs::read_dir(dir.path().join("else")).expect("a folder").count(), 1);
        // A link in the place of the file is replaced, not followed; one that stays inside is a folder like others.
        let good = [file(&workspace, "link", "mine"), file(&workspace, "stays/x", "y")];
        assert_eq!(write(&good, &workspace, &resolver), None);
        assert_eq!(std::fs::read_to_string(dir.path().join("else/kept")).expect("a file"), "kept");
        assert_eq!(std::fs::read_to_string(workspace.join("inner/x")).expect("a file"), "y");
        let absent = PlanFile { from: Some("/nowhere/at/all".into()), ..file(&workspace, "z", "") };
        let message = write(&[absent], &workspace, &resolver).expect("no source");
        assert!(message.contains("its source /nowhere/at/all: "), "{message}");
    }
}
