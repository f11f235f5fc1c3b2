//! Bodies of requests: bytes, or a file that is read while it is sent.

use std::fs::File;
use std::io::{self, Read};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

use super::meter::FileMeter;

const CHUNK: usize = 64 * 1024;

/// What a request carries.
#[derive(Debug)]
pub(super) enum Payload {
    /// These bytes.
    Bytes(Bytes),
    /// So many bytes of this file.
    File {
        /// The file.
        file: File,
        /// What is still to be sent.
        left: u64,
        /// Counts what was taken.
        meter: Arc<FileMeter>,
    },
}

impl Body for Payload {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let chunk = match &mut *self {
            Self::Bytes(bytes) => Ok(std::mem::take(bytes)),
            Self::File { file, left, meter } => read_chunk(file, left).inspect(|chunk| meter.add(chunk.len() as u64)),
        };
        Poll::Ready(match chunk {
            Ok(chunk) if chunk.is_empty() => None,
            Ok(chunk) => Some(Ok(Frame::data(chunk))),
            Err(error) => Some(Err(error)),
        })
    }

    fn is_end_stream(&self) -> bool {
        self.left() == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left())
    }
}

impl Payload {
    fn left(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File { left, .. } => *left,
        }
    }
}

/// The length was announced, so a file that shrank ends the request and one that grew is cut.
fn read_chunk(file: &mut File, left: &mut u64) -> io::Result<Bytes> {
    let mut chunk = vec![0; usize::try_from(*left).unwrap_or(CHUNK).min(CHUNK)];
    let length = file.read(&mut chunk)?;
    if length == 0 && *left > 0 {
        return Err(io::Error::other("the file became shorter while it was sent"));
    }
    chunk.truncate(length);
    *left -= length as u64;
    Ok(chunk.into())
}
