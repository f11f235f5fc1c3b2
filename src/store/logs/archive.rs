//! A log that will hardly grow any more, compressed: blocks of whole frames, each
//! for itself, then a table of them, so that reading can begin anywhere.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use serde::{Deserialize, Serialize};

use super::ending::{ENDING_BYTES, Ending};
use super::walk::walk;

/// Longest block: several times the longest frame.
const BLOCK_BYTES: usize = 256 * 1024;
/// The last bytes of an archive, behind the length of its table.
const MARK: &[u8; 8] = b"ASSAYLG1";
const FOOTER: usize = 16;
/// Longest table that is believed: that of a log of some terabytes.
const TABLE_LIMIT: u64 = 256 * 1024 * 1024;

/// Where the blocks lie.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Table {
    /// For each block where it ends: in the stream, and in the archive.
    blocks: Vec<(u64, u64)>,
    /// Bytes that were printed in the whole log.
    payload: u64,
}

/// An archive that is open for reading.
#[derive(Debug)]
pub(super) struct Archive {
    file: File,
    table: Table,
}

impl Archive {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let size = file.metadata()?.len();
        let footer = size.checked_sub(FOOTER as u64).ok_or_else(|| damaged("it is too short"))?;
        let mut bytes = [0; FOOTER];
        file.read_exact_at(&mut bytes, footer)?;
        let (length, mark) = bytes.split_at(8);
        if mark != MARK {
            return Err(damaged("its end is missing"));
        }
        let length = u64::from_le_bytes(length.try_into().expect("half of sixteen bytes"));
        let from = footer.checked_sub(length).filter(|_| length <= TABLE_LIMIT);
        let from = from.ok_or_else(|| damaged("its table is too long"))?;
        let mut table = vec![0; usize::try_from(length).map_err(io::Error::other)?];
        file.read_exact_at(&mut table, from)?;
        let table: Table = serde_json::from_slice(&table)?;
        let rises = table.blocks.is_sorted_by(|one, two| one.0 < two.0 && one.1 < two.1);
        if !rises || table.blocks.last().is_some_and(|(_, end)| *end > from) {
            return Err(damaged("its table does not fit"));
        }
        Ok(Self { file, table })
    }

    /// Bytes of the stream.
    pub(super) fn length(&self) -> u64 {
        self.table.blocks.last().map_or(0, |(end, _)| *end)
    }

    /// Fills as much of the buffer as one block has from `offset` on; nothing at the end.
    pub(super) fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let index = self.table.blocks.partition_point(|(end, _)| *end <= offset);
        if index == self.table.blocks.len() {
            return Ok(0);
        }
        let block = self.block(index)?;
        let from = usize::try_from(offset - self.start(index).0).map_err(io::Error::other)?;
        let rest = block.get(from..).unwrap_or_default();
        let length = rest.len().min(buffer.len());
        buffer[..length].copy_from_slice(&rest[..length]);
        Ok(length)
    }

    /// The last frames, at least 64 KiB of them when there are so many.
    pub(super) fn ending(&self) -> io::Result<Ending> {
        let wanted = self.length().saturating_sub(ENDING_BYTES);
        let first = self.table.blocks.partition_point(|(end, _)| *end <= wanted);
        let mut bytes = Vec::new();
        for index in first..self.table.blocks.len() {
            bytes.extend(self.block(index)?);
        }
        Ok(Ending { bytes, payload: self.table.payload })
    }

    /// Writes the stream to a new file.
    pub(super) fn unpack(&self, path: &Path) -> io::Result<()> {
        let mut file = File::create(path)?;
        for index in 0..self.table.blocks.len() {
            file.write_all(&self.block(index)?)?;
        }
        file.sync_all()
    }

    /// Where a block begins: in the stream, and in the archive.
    fn start(&self, index: usize) -> (u64, u64) {
        index.checked_sub(1).map_or((0, 0), |before| self.table.blocks[before])
    }

    fn block(&self, index: usize) -> io::Result<Vec<u8>> {
        let (start, from) = self.start(index);
        let (end, to) = self.table.blocks[index];
        let length = usize::try_from(end - start).map_err(io::Error::other)?;
        if length > BLOCK_BYTES {
            return Err(damaged("a block is too long"));
        }
        let mut packed = vec![0; usize::try_from(to - from).map_err(io::Error::other)?];
        self.file.read_exact_at(&mut packed, from)?;
        let mut block = vec![0; length];
        ZlibDecoder::new(packed.as_slice()).read_exact(&mut block)?;
        Ok(block)
    }
}

/// Compresses a log of so many bytes, which are whole frames, to a file that
/// takes its name when it is complete.
pub(super) fn pack(log: &File, length: u64, path: &Path) -> io::Result<()> {
    let unfinished = path.with_extension("unfinished");
    let done = write(log, length, &unfinished).and_then(|()| std::fs::rename(&unfinished, path));
    // The name must be on disk before the log may go.
    let done = done.and_then(|()| path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all()));
    if done.is_err() {
        // What cannot be removed is overwritten the next time.
        let _ = std::fs::remove_file(&unfinished);
    }
    done
}

fn write(log: &File, length: u64, path: &Path) -> io::Result<()> {
    let mut file = File::create(path)?;
    let mut table = Table::default();
    let (mut offset, mut written) = (0, 0);
    let mut buffer = vec![0; BLOCK_BYTES];
    while offset < length {
        let read = log.read_at(&mut buffer, offset)?;
        let walk = walk(&buffer[..read]);
        if walk.end == 0 {
            return Err(damaged("the log does not consist of whole frames"));
        }
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(&buffer[..walk.end])?;
        let block = encoder.finish()?;
        file.write_all(&block)?;
        offset += walk.end as u64;
        written += block.len() as u64;
        table.payload += walk.payload;
        table.blocks.push((offset, written));
    }
    let table = serde_json::to_vec(&table)?;
    file.write_all(&table)?;
    file.write_all(&(table.len() as u64).to_le_bytes())?;
    file.write_all(MARK)?;
    file.sync_all()
}

fn damaged(how: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the archive of a log is damaged: {how}"))
}
