//! Files of the workflow's `content`, written before the first step.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use assay_protocol::PlanFile;

use crate::control_dir::open_dir;

/// Writes all files; answers what went wrong with the first that could not be.
pub(super) fn write(files: &[PlanFile], workspace: &str) -> Option<String> {
    files.iter().find_map(|file| {
        let error = write_one(file, Path::new(workspace)).err()?;
        Some(format!("the file {} could not be written: {error}", file.path))
    })
}

fn write_one(file: &PlanFile, workspace: &Path) -> io::Result<()> {
    let path = Path::new(&file.path);
    // Steps of other containers may run as other users and work in these folders too.
    let parents: Vec<&Path> = path.ancestors().skip(1).take_while(|dir| *dir != workspace).collect();
    for dir in parents.into_iter().rev().filter(|dir| !dir.exists()) {
        open_dir(dir)?;
    }
    std::fs::write(path, &file.content)?;
    std::fs::set_permissions(path, Permissions::from_mode(file.mode & 0o7777))
}
