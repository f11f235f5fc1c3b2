//! Waiting for any of some descriptors.

use std::os::fd::BorrowedFd;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Waits until something can be read or the time is over; says which.
pub(super) fn wait(descriptors: &[BorrowedFd<'_>], time: Duration) -> Vec<bool> {
    let mut polled: Vec<PollFd<'_>> =
        descriptors.iter().map(|descriptor| PollFd::from_borrowed_fd(*descriptor, PollFlags::IN)).collect();
    let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    let timeout = Timespec { tv_sec: seconds, tv_nsec: i64::from(time.subsec_nanos()) };
    match poll(&mut polled, Some(&timeout)) {
        Ok(_) => polled.iter().map(|entry| !entry.revents().is_empty()).collect(),
        // Interrupted by a signal, whose bell the next turn hears.
        Err(_) => vec![false; descriptors.len()],
    }
}
