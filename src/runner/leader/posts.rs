//! The step containers as the leader sees them: who is up, who has finished
//! an attempt, who is dead.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::PathBuf;

use assay_protocol::control::{Done, Go, Stop, attempt_file};
use jiff::Timestamp;
use rustix::fs::{FlockOperation, flock};

use super::facts::Event;
use crate::control_dir::{self, ControlDir, EXIT, GroupDir, parse_attempt};
use crate::watch::Watch;

/// Longest done file: fifty thousand collected files.
const DONE_LIMIT: u64 = 32 * 1024 * 1024;

/// All step containers of the pod.
#[derive(Debug)]
pub(super) struct Posts {
    control: ControlDir,
    groups: Vec<Post>,
    /// What could not be written yet: a full disk may have room again.
    unwritten: Vec<Order>,
}

/// What a step container is told.
#[derive(Debug)]
struct Order {
    group: u16,
    name: String,
    bytes: Vec<u8>,
}

#[derive(Debug)]
struct Post {
    dir: GroupDir,
    ready: bool,
    lost: bool,
    read: BTreeSet<(u16, u32)>,
}

impl Posts {
    /// Makes the folders, whoever else may also do it, and watches them.
    pub(super) fn open(control: ControlDir, groups: usize, watch: &Watch) -> io::Result<Self> {
        control_dir::open_dir(&control.leader())?;
        let mut posts = Vec::new();
        for group in 0..groups {
            let dir = control.group(u16::try_from(group).map_err(io::Error::other)?);
            dir.prepare()?;
            watch.arrivals(dir.path())?;
            posts.push(Post { dir, ready: false, lost: false, read: BTreeSet::new() });
        }
        Ok(Self { control, groups: posts, unwritten: Vec::new() })
    }

    /// Folders in which step containers put copies.
    pub(super) fn outs(&self) -> impl Iterator<Item = PathBuf> {
        self.groups.iter().map(|post| post.dir.out())
    }

    /// Spools by group.
    pub(super) fn spools(&self) -> Vec<PathBuf> {
        self.groups.iter().map(|post| post.dir.spool()).collect()
    }

    /// Tells step containers what they could not be told before.
    pub(super) fn repeat(&mut self) {
        let orders = std::mem::take(&mut self.unwritten).into_iter();
        self.unwritten = orders.filter(|order| self.write(order).is_err()).collect();
    }

    /// Tells step containers that there is a leader.
    pub(super) fn beat(&self) {
        let now = Timestamp::now();
        let written = control_dir::publish(&self.control.leader(), "heartbeat", now.to_string().as_bytes());
        if written.is_err() {
            // Its time can be set also where there is no room for a file.
            let _ = File::open(self.control.heartbeat()).and_then(|file| file.set_modified(now.into()));
        }
    }

    /// What is new since the last look, and who died, after all that he left.
    pub(super) fn look_around(&mut self) -> Vec<Event> {
        // Looked for first: who dies between the two looks has said everything that he had to say.
        let dead = self.look_for_dead();
        let mut events = self.look();
        events.extend(dead);
        events
    }

    /// What is new since the last look.
    pub(super) fn look(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        for (group, post) in self.groups.iter_mut().enumerate() {
            let group = u16::try_from(group).expect("checked when it was opened");
            if !post.ready
                && let Some(at) = post.dir.ready_at()
            {
                post.ready = true;
                events.push(Event::Ready { group, at });
            }
            post.look_for_done(group, &mut events);
        }
        events
    }

    /// Groups whose runner died: its lock can be taken.
    fn look_for_dead(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        for (group, post) in self.groups.iter_mut().enumerate() {
            if post.ready && !post.lost && post.is_dead() {
                post.lost = true;
                events.push(Event::Lost { group: u16::try_from(group).expect("checked when it was opened") });
            }
        }
        events
    }

    /// Starts an attempt. What cannot be written now is for [`Posts::repeat`].
    pub(super) fn go(&mut self, group: u16, step: u16, attempt: u32, go: &Go) -> io::Result<()> {
        let bytes = serde_json::to_vec(go).expect("plain data");
        self.order(Order { group, name: attempt_file("go", step, attempt), bytes })
    }

    /// Stops an attempt. What cannot be written now is for [`Posts::repeat`].
    pub(super) fn stop(&mut self, group: u16, step: u16, attempt: u32, why: Stop) -> io::Result<()> {
        let bytes = serde_json::to_vec(&why).expect("plain data");
        self.order(Order { group, name: attempt_file("stop", step, attempt), bytes })
    }

    fn order(&mut self, order: Order) -> io::Result<()> {
        self.write(&order).inspect_err(|_| self.unwritten.push(order))
    }

    fn write(&self, order: &Order) -> io::Result<()> {
        self.groups[usize::from(order.group)].dir.publish(&order.name, &order.bytes)
    }

    /// Sends everybody home.
    pub(super) fn dismiss(&self) {
        for post in &self.groups {
            let _ = post.dir.publish(EXIT, b"");
        }
    }
}

impl Post {
    fn look_for_done(&mut self, group: u16, events: &mut Vec<Event>) {
        for name in self.dir.names() {
            let Some(("done", step, attempt)) = parse_attempt(&name) else { continue };
            if !self.read.insert((step, attempt)) {
                continue;
            }
            let bytes = control_dir::read_plain(&self.dir.path().join(&name), DONE_LIMIT);
            match bytes.map_err(|_| ()).and_then(|bytes| serde_json::from_slice::<Done>(&bytes).map_err(|_| ())) {
                Ok(done) if (done.step, done.attempt) == (step, attempt) => events.push(Event::Done(Box::new(done))),
                // Not what a runner writes: whoever wrote it, nothing can be judged.
                _ => events.push(Event::Lost { group }),
            }
        }
    }

    fn is_dead(&self) -> bool {
        let Ok(file) = control_dir::open_plain(&self.dir.alive()) else { return false };
        flock(&file, FlockOperation::NonBlockingLockShared).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant, SystemTime};

    use super::*;

    fn posts(groups: usize) -> (tempfile::TempDir, Posts) {
        let dir = tempfile::tempdir().unwrap();
        let posts = Posts::open(ControlDir::new(dir.path()), groups, &Watch::new().unwrap()).unwrap();
        (dir, posts)
    }

    #[test]
    fn what_found_no_room_is_told_later() {
        let (_dir, mut posts) = posts(1);
        // As on a full disk: the file cannot be made.
        let obstacle = posts.groups[0].dir.path().join(".stop-0-1.tmp");
        std::fs::create_dir(&obstacle).unwrap();
        assert!(posts.stop(0, 0, 1, Stop::Cancelled).is_err());
        posts.repeat();
        let told = posts.groups[0].dir.path().join("stop-0-1");
        assert!(!told.exists());
        std::fs::remove_dir(obstacle).unwrap();
        posts.repeat();
        assert!(told.exists() && posts.unwritten.is_empty());
    }

    #[test]
    fn the_heart_beats_where_nothing_can_be_written() {
        let (_dir, posts) = posts(0);
        posts.beat();
        let heartbeat = posts.control.heartbeat();
        let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1000);
        File::options().write(true).open(&heartbeat).unwrap().set_modified(long_ago).unwrap();
        // As on a full disk: the file cannot be made.
        std::fs::create_dir(posts.control.leader().join(".heartbeat.tmp")).unwrap();
        posts.beat();
        assert!(control_dir::modified(&heartbeat).unwrap() > long_ago);
    }

    #[test]
    fn the_last_word_of_who_dies_is_heard() {
        let done = br#"{"step":0,"attempt":1,"ending":"exited","exitCode":0,"signal":null,"message":null,"files":[],
            "startedAt":"2026-01-01T00:00:00Z","finishedAt":"2026-01-01T00:00:00Z","notes":[],"logEnd":0}"#;
        // Often enough that a death falls between any two looks.
        for round in 0..50 {
            let (_dir, mut posts) = posts(1);
            let dir = posts.groups[0].dir.clone();
            dir.publish(control_dir::ALIVE, b"").unwrap();
            let alive = File::open(dir.alive()).unwrap();
            flock(&alive, FlockOperation::LockExclusive).unwrap();
            dir.publish(control_dir::READY, b"").unwrap();
            assert!(matches!(posts.look_around()[..], [Event::Ready { group: 0, .. }]));
            let dying = std::thread::spawn(move || {
                dir.publish("done-0-1", done).unwrap();
                drop(alive);
            });
            let (began, mut events) = (Instant::now(), Vec::new());
            while !events.iter().any(|event| matches!(event, Event::Lost { .. })) {
                assert!(began.elapsed() < Duration::from_secs(60), "nobody is missed");
                events.extend(posts.look_around());
            }
            assert!(matches!(events[..], [Event::Done(_), Event::Lost { group: 0 }]), "round {round}: {events:?}");
            dying.join().unwrap();
        }
    }
}
