//! Output and secrets at full size, and what they cost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use assay_protocol::Section;
use assay_protocol::frame::{self, HEADER_BYTES, PAYLOAD_LIMIT, Stream};

use crate::container::Container;
use crate::pod::Pod;

/// Bytes that a process has for itself at most; its file, mapped from the image, is not counted.
pub struct Memory {
    ended: Arc<AtomicBool>,
    watcher: JoinHandle<u64>,
}

impl Memory {
    pub fn watch(pid: u32) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&ended);
        let watcher = std::thread::spawn(move || {
            let mut most = 0;
            while !seen.load(Ordering::SeqCst) {
                // Its number may be somebody else's once it was waited for.
                let Ok(status) = std::fs::read_to_string(format!("/proc/{pid}/status")) else { break };
                let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
                let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
                most = most.max(kib.unwrap_or(0) * 1024);
                std::thread::sleep(Duration::from_millis(5));
            }
            most
        });
        Self { ended, watcher }
    }

    pub fn most(self) -> u64 {
        self.ended.store(true, Ordering::SeqCst);
        self.watcher.join().unwrap()
    }
}

#[test]
fn a_line_of_two_hundred_megabytes_takes_little_memory() {
    const LENGTH: usize = 200_000_000;
    let mut pod = Pod::new(1);
    pod.shell(Section::Steps, 0, &format!("head -c {LENGTH} /dev/zero | tr '\\0' x"));
    let began = Instant::now();
    let container = Container::start(pod);
    let memory = Memory::watch(container.child.id());
    let done = container.done(0, 1);
    let (took, most) = (began.elapsed(), memory.most());
    let remains = container.dismiss();
    let spool = remains.spool(0);
    assert_eq!(done.log_end, spool.len() as u64);
    let (mut bytes, mut at, mut frames) = (0, 0, 0);
    while at < spool.len() {
        let (next, length) = frame::decode(&spool[at..]).unwrap();
        assert_eq!(next.header.offset, bytes as u64, "the pieces of the line follow each other");
        assert!(next.payload.iter().all(|byte| *byte == b'x'));
        (bytes, at, frames) = (bytes + next.payload.len(), at + length, frames + 1);
    }
    assert_eq!(bytes, LENGTH);
    assert!(frames <= LENGTH / PAYLOAD_LIMIT + usize::try_from(took.as_millis() / 20).unwrap() + 2, "{frames} frames");
    assert!(most <= 8 * 1024 * 1024, "{most} bytes of memory");
    eprintln!("200 MB in {took:?}, {most} bytes of memory, {frames} frames");
}

#[test]
fn bytes_are_kept_as_they_are() {
    let mut pod = Pod::new(1);
    pod.shell(
        Section::Steps,
        0,
        "head -c 3000000 /dev/urandom > sent; cat sent; printf 'a\\0b\\377\\r\\n\\033[1m' >&2",
    );
    let container = Container::start(pod);
    container.done(0, 1);
    let remains = container.dismiss();
    let sent = std::fs::read(remains.path().join("data/sent")).unwrap();
    assert!(remains.printed(0, 0, 1, Stream::Stdout) == sent);
    assert_eq!(remains.printed(0, 0, 1, Stream::Stderr), b"a\0b\xff\r\n\x1b[1m");
}

#[test]
fn a_progress_bar_costs_few_frames() {
    let mut pod = Pod::new(1);
    pod.shell(Section::Steps, 0, "i=0; while test $i -lt 20000; do printf '\\r%d' $i; i=$((i+1)); done");
    let began = Instant::now();
    let container = Container::start(pod);
    container.done(0, 1);
    let took = usize::try_from(began.elapsed().as_millis()).unwrap();
    let remains = container.dismiss();
    let printed = remains.printed(0, 0, 1, Stream::Stdout);
    assert!(printed.ends_with(b"\r19999") && printed.starts_with(b"\r0\r1\r2"));
    let frames = (remains.spool(0).len() - printed.len()) / HEADER_BYTES;
    assert!(frames <= took / 20 + 3, "{frames} frames in {took} ms");
}

#[test]
fn mounted_secrets_of_full_size_are_masked_within_bounds() {
    let mut pod = Pod::new(1);
    let secrets = pod.path().join("mounted");
    std::fs::create_dir(&secrets).unwrap();
    let lines = |seed: u64, count: u64| -> String {
        let word = |number: u64| format!("{:016x}", (seed + number).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        (0..count).map(|number| word(4 * number) + &word(4 * number + 1) + &word(4 * number + 2) + "\n").collect()
    };
    std::fs::write(secrets.join("bundle"), lines(1, 1200)).unwrap();
    std::fs::write(secrets.join("line"), lines(1_000_000, 300).replace('\n', "")).unwrap();
    pod.plan.groups[0].secret_files = vec![secrets.display().to_string()];
    let path = secrets.display();
    pod.shell(
        Section::Steps,
        0,
        &format!("cat {path}/bundle; cat {path}/line; echo; base64 -w0 {path}/line; echo; seq 200000; cp {path}/line $ASSAY_OUTPUTS/key"),
    );
    let began = Instant::now();
    let container = Container::start(pod);
    let memory = Memory::watch(container.child.id());
    let done = container.done(0, 1);
    let (took, most) = (began.elapsed(), memory.most());
    let remains = container.dismiss();
    let text = remains.stdout(0, 0);
    let mut lines = text.lines();
    assert!(lines.by_ref().take(1200).all(|line| line == "***"));
    assert_eq!(lines.next(), Some("***"));
    let encoded = lines.next().unwrap();
    assert!(encoded.starts_with("***") && encoded.len() < 3 * 80, "{encoded}");
    assert!(lines.eq((1..=200_000).map(|number| number.to_string())));
    assert!(done.outputs.is_empty() && done.notes[0].contains("longer than 4096 bytes"), "{:?}", done.notes);
    assert!(most <= 40 * 1024 * 1024, "{most} bytes of memory");
    eprintln!("72 KiB of secrets: {took:?}, {most} bytes of memory");
}

#[test]
fn the_secrets_of_a_common_step_cost_little() {
    let mut pod = Pod::new(1);
    let word = |seed: u64| format!("{:016x}", (seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let key: String = (0..26).map(|line| (0..4).map(|part| word(4 * line + part)).collect::<String>() + "\n").collect();
    let names = ["S0", "S1", "S2", "S3", "S4", "S5", "S6", "S7", "S8", "S9"];
    pod.env = names.iter().zip(200..).map(|(name, seed)| (*name, word(seed) + &word(2 * seed) + "!")).collect();
    pod.env.push(("KEY", format!("-----BEGIN PRIVATE KEY-----\n{key}-----END PRIVATE KEY-----\n")));
    pod.plan.groups[0].secrets = pod.env.iter().map(|(name, _)| (*name).to_owned()).collect();
    pod.shell(Section::Steps, 0, "seq 1000000; echo \"$KEY\"; echo \"$KEY\" | base64; echo $S3-$S4");
    let began = Instant::now();
    let container = Container::start(pod);
    let memory = Memory::watch(container.child.id());
    container.done(0, 1);
    let (took, most) = (began.elapsed(), memory.most());
    let remains = container.dismiss();
    let text = remains.stdout(0, 0);
    let rest = &text[text.rfind("1000000\n").unwrap() + 8..];
    let lines: Vec<&str> = rest.lines().collect();
    assert_eq!(
        (lines[0], lines[27], *lines.last().unwrap()),
        ("-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----", "***-***")
    );
    assert!(lines[1..27].iter().all(|line| *line == "***"), "{rest}");
    assert!(lines[29..lines.len() - 2].iter().all(|line| line.len() < 20), "{rest}");
    assert!(most <= 8 * 1024 * 1024, "{most} bytes of memory");
    eprintln!("11 secrets, 7 MB of output: {took:?}, {most} bytes of memory");
}
