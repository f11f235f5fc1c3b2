//! Which cache folder's cluster has this machine. Addresses, the pods' bridge and
//! control groups exist once, so two clusters cannot run side by side, and the
//! clean-up of one must not touch what the other uses.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::layout::Layout;
use crate::leftovers;

/// Names the cache folder of the cluster that was started last.
const OWNER: &str = "/run/assay-devcluster";

/// Says that this cache folder's cluster has the machine now.
///
/// # Errors
/// When the file cannot be written.
pub fn take(layout: &Layout) -> io::Result<()> {
    fs::write(OWNER, layout.cache().as_os_str().as_encoded_bytes())
}

/// Says that no cluster has the machine.
pub fn release() {
    let _ = fs::remove_file(OWNER);
}

/// The cache folder of another cluster that is running now.
#[must_use]
pub fn other(layout: &Layout) -> Option<PathBuf> {
    other_in(Path::new(OWNER), layout)
}

fn other_in(file: &Path, layout: &Layout) -> Option<PathBuf> {
    let cache = PathBuf::from(fs::read_to_string(file).ok()?);
    let theirs = Layout::at(cache.clone()).ok().filter(|_| cache != layout.cache())?;
    (!leftovers::processes(&theirs).is_empty()).then_some(cache)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_without_processes_owns_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::at(folder.path().join("ours")).unwrap();
        let file = folder.path().join("owner");
        assert_eq!(other_in(&file, &layout), None);
        fs::write(&file, "/gone/elsewhere").unwrap();
        assert_eq!(other_in(&file, &layout), None);
    }
}
