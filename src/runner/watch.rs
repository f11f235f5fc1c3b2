//! Being told when something changes in a folder, instead of asking again and again.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::path::Path;

use rustix::fs::inotify::{self, CreateFlags, Reader, WatchFlags};
use tokio::io::unix::AsyncFd;

/// A set of watched folders.
#[derive(Debug)]
pub(crate) struct Watch(OwnedFd);

impl Watch {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self(inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?))
    }

    /// Files that appear in the folder.
    pub(crate) fn arrivals(&self, dir: &Path) -> io::Result<()> {
        self.add(dir, WatchFlags::CREATE | WatchFlags::MOVED_TO)
    }

    /// Files that go away from the folder.
    pub(crate) fn departures(&self, dir: &Path) -> io::Result<()> {
        self.add(dir, WatchFlags::DELETE)
    }

    /// Files that appear in the folder, and bytes that are appended to them.
    pub(crate) fn growth(&self, dir: &Path) -> io::Result<()> {
        self.add(dir, WatchFlags::CREATE | WatchFlags::MODIFY)
    }

    fn add(&self, dir: &Path, flags: WatchFlags) -> io::Result<()> {
        inotify::add_watch(&self.0, dir, flags | WatchFlags::ONLYDIR)?;
        Ok(())
    }

    /// The same, for the leader's event loop.
    #[expect(
        deprecated,
        reason = "its successor is unsafe for types that may close their descriptor; this one owns it"
    )]
    pub(crate) fn listen(self) -> io::Result<AsyncFd<Self>> {
        AsyncFd::new(self)
    }

    /// Takes everything that was reported so far; true when there was something.
    pub(crate) fn drain(&self) -> bool {
        let mut buffer = [MaybeUninit::<u8>::uninit(); 4096];
        let mut reader = Reader::new(&self.0, &mut buffer);
        let mut something = false;
        while reader.next().is_ok() {
            something = true;
        }
        something
    }
}

impl AsFd for Watch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl AsRawFd for Watch {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}
