//! Signals as something that can be polled.

use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::process::Signal;
use signal_hook::consts;

/// Signals that are passed on to the process.
const FORWARDED: [(i32, Signal); 6] = [
    (consts::SIGTERM, Signal::TERM),
    (consts::SIGINT, Signal::INT),
    (consts::SIGQUIT, Signal::QUIT),
    (consts::SIGHUP, Signal::HUP),
    (consts::SIGUSR1, Signal::USR1),
    (consts::SIGUSR2, Signal::USR2),
];

/// All signals that the step runner minds.
#[derive(Debug)]
pub(super) struct Signals {
    bell: UnixStream,
    raised: Vec<(Arc<AtomicBool>, Signal)>,
}

impl Signals {
    /// Takes over the signals of this process.
    pub(super) fn new() -> io::Result<Self> {
        let (bell, rope) = UnixStream::pair()?;
        bell.set_nonblocking(true)?;
        rope.set_nonblocking(true)?;
        let mut raised = Vec::new();
        for (number, signal) in FORWARDED {
            let flag = Arc::new(AtomicBool::new(false));
            // The flag is registered first, so it is set when the bell rings.
            signal_hook::flag::register(number, Arc::clone(&flag))?;
            signal_hook::low_level::pipe::register(number, rope.try_clone()?)?;
            raised.push((flag, signal));
        }
        signal_hook::low_level::pipe::register(consts::SIGCHLD, rope)?;
        Ok(Self { bell, raised })
    }

    /// Signals that arrived since the last time, children's ends not counted.
    pub(super) fn take(&mut self) -> Vec<Signal> {
        let mut buffer = [0; 64];
        while matches!(self.bell.read(&mut buffer), Ok(length) if length > 0) {}
        let raised = self.raised.iter().filter(|(flag, _)| flag.swap(false, Ordering::SeqCst));
        raised.map(|(_, signal)| *signal).collect()
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.bell.as_fd()
    }
}

/// Whether a signal asks for the end.
pub(super) fn asks_to_end(signal: Signal) -> bool {
    [Signal::TERM, Signal::INT, Signal::QUIT].contains(&signal)
}
