//! Sending logs: whatever is new in any group's spool, as soon as the server
//! has taken the piece before it.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use assay_protocol::ingest::{Acknowledged, LEADER_GROUP, Welcome};
use bytes::Bytes;
use http::{Method, StatusCode};
use tokio::io::unix::AsyncFd;

use super::backoff::Backoff;
use super::body::Payload;
use super::client::{CallError, Client, Connection, OCTETS};
use super::mailbox::{LogDesk, Mailbox};
use super::tail::{Tail, clear};
use crate::watch::Watch;

const PATIENCE: Duration = Duration::from_secs(30);
/// Longest sleep, so that a lost notification costs little.
const RECHECK: Duration = Duration::from_secs(5);

/// The sender of all groups' streams.
pub(super) struct LogSender {
    client: Arc<Client>,
    mail: Arc<Mailbox>,
    groups: Vec<Stream>,
    watch: AsyncFd<Watch>,
    /// Group that is asked first, so that none starves.
    turn: usize,
    own_given_up: bool,
    /// The streams' ends are known and were looked at.
    ends_known: bool,
    /// People know that the server takes nothing.
    told: bool,
}

#[derive(Debug)]
struct Stream {
    dir: PathBuf,
    tail: Tail,
    given_up: bool,
}

/// A piece of one group's stream.
struct Piece {
    group: u16,
    offset: u64,
    bytes: Bytes,
}

impl LogSender {
    pub(super) fn new(client: Arc<Client>, mail: Arc<Mailbox>, spools: Vec<PathBuf>) -> io::Result<Self> {
        let watch = Watch::new()?;
        for spool in &spools {
            watch.growth(spool)?;
        }
        let stream = |dir: PathBuf| Stream { tail: Tail::new(dir.clone()), dir, given_up: false };
        Ok(Self {
            client,
            mail,
            groups: spools.into_iter().map(stream).collect(),
            watch: watch.listen()?,
            turn: 0,
            own_given_up: false,
            ends_known: false,
            told: false,
        })
    }

    /// Sends what there is, for ever.
    pub(super) async fn run(mut self) {
        let mut backoff = Backoff::new();
        loop {
            backoff.pause().await;
            match self.client.open().await {
                Ok((connection, welcome)) => {
                    self.resume(&welcome);
                    // Ends only when the connection does.
                    self.send_all(connection, &mut backoff).await;
                }
                Err(CallError::Refused { status, detail }) => {
                    self.give_up_all(&format!("{status} {detail}"));
                    self.wait().await;
                }
                Err(error) => self.tell_of(&error),
            }
        }
    }

    /// Says once that the server takes nothing: it is away, or it is full.
    fn tell_of(&mut self, error: &CallError) {
        if !std::mem::replace(&mut self.told, true) {
            self.mail.notice(format!("{error}; the log is kept and sent later"));
        }
    }

    /// The server says what it has; from there on is sent.
    fn resume(&mut self, welcome: &Welcome) {
        for (group, stream) in self.groups.iter_mut().enumerate() {
            let group = u16::try_from(group).unwrap_or(LEADER_GROUP);
            stream.tail.acknowledge(welcome.acknowledged.get(&group).copied().unwrap_or(0));
        }
        let own = welcome.acknowledged.get(&LEADER_GROUP).copied().unwrap_or(0);
        self.mail.logs.change(|desk| desk.own.acknowledge(own));
    }

    async fn send_all(&mut self, mut connection: Connection, backoff: &mut Backoff) {
        loop {
            // Taken before reading, so that what comes while we read wakes us again.
            self.watch.get_ref().drain();
            let Some(piece) = self.next_piece() else {
                self.settle();
                self.wait().await;
                continue;
            };
            let target = format!("logs/{}?offset={}", piece.group, piece.offset);
            let payload = Payload::Bytes(piece.bytes);
            match connection.call(Method::POST, &target, OCTETS, payload, PATIENCE).await {
                Ok(answer) => {
                    let Ok(known) = answer.json::<Acknowledged>() else { return };
                    let stuck = answer.status == StatusCode::CONFLICT && known.acknowledged == piece.offset;
                    self.acknowledge(piece.group, known.acknowledged);
                    if stuck {
                        return;
                    }
                    backoff.reset();
                    self.mail.meter.add(known.acknowledged.saturating_sub(piece.offset));
                    if std::mem::take(&mut self.told) {
                        self.mail.notice("the server answers again; the log goes on".to_owned());
                    }
                }
                Err(CallError::Refused { status, detail }) => self.give_up(piece.group, &format!("{status} {detail}")),
                Err(CallError::Lost(_)) => return,
                Err(error @ CallError::Later(_)) => {
                    self.tell_of(&error);
                    return;
                }
            }
        }
    }

    fn next_piece(&mut self) -> Option<Piece> {
        let own = self.mail.logs.look().own.batch().filter(|_| !self.own_given_up);
        if let Some(bytes) = own {
            let offset = self.mail.logs.look().own.start;
            return Some(Piece { group: LEADER_GROUP, offset, bytes });
        }
        let count = self.groups.len();
        for step in 0..count {
            let group = (self.turn + step) % count;
            let number = u16::try_from(group).unwrap_or(LEADER_GROUP);
            let stream = &mut self.groups[group];
            if stream.given_up {
                clear(&stream.dir);
                continue;
            }
            match stream.tail.read() {
                Ok(Some(bytes)) => {
                    self.turn = group + 1;
                    return Some(Piece { group: number, offset: stream.tail.position(), bytes });
                }
                Ok(None) => {}
                Err(error) => self.give_up(number, &error.to_string()),
            }
        }
        None
    }

    fn acknowledge(&mut self, group: u16, position: u64) {
        match self.groups.get_mut(usize::from(group)) {
            Some(stream) => stream.tail.acknowledge(position),
            None => self.mail.logs.change(|desk| desk.own.acknowledge(position)),
        }
    }

    /// The stream cannot be sent; its steps go on, and the log is not complete.
    fn give_up(&mut self, group: u16, why: &str) {
        match self.groups.get_mut(usize::from(group)) {
            Some(stream) => stream.given_up = true,
            None => self.own_given_up = true,
        }
        self.mail.notice(format!("the rest of the log of group {group} is lost: {why}"));
    }

    fn give_up_all(&mut self, why: &str) {
        if !self.own_given_up {
            self.mail.notice(format!("the server takes no log of this execution: {why}"));
        }
        self.own_given_up = true;
        self.groups.iter_mut().for_each(|stream| stream.given_up = true);
        self.groups.iter().for_each(|stream| clear(&stream.dir));
        self.settle();
    }

    /// Nothing is left to send now; says so when nothing more will come.
    fn settle(&mut self) {
        let lost = self.own_given_up || self.groups.iter().any(|stream| stream.given_up);
        let groups = &self.groups;
        self.ends_known = self.mail.logs.change(|desk| {
            if desk.complete.is_none() && desk.ends.as_ref().is_some_and(|ends| reached(ends.iter(), groups)) {
                desk.complete = Some(!lost);
            }
            desk.ends.is_some()
        });
    }

    /// Until a spool grows, the leader says something, or a while has passed.
    async fn wait(&self) {
        let (own_given_up, ends_known) = (self.own_given_up, self.ends_known);
        let something = |desk: &mut LogDesk| {
            let own = !own_given_up && !desk.own.waiting.is_empty();
            (own || desk.ends.is_some() != ends_known).then_some(())
        };
        tokio::select! {
            ready = self.watch.readable() => {
                if let Ok(mut ready) = ready {
                    ready.get_inner().drain();
                    ready.clear_ready();
                }
            }
            () = self.mail.logs.until(something) => {}
            () = tokio::time::sleep(RECHECK) => {}
        }
    }
}

fn reached<'a>(mut ends: impl Iterator<Item = (&'a u16, &'a u64)>, groups: &[Stream]) -> bool {
    ends.all(|(group, end)| {
        groups.get(usize::from(*group)).is_none_or(|stream| stream.given_up || stream.tail.position() >= *end)
    })
}
