//! Contents of files, which are fetched when the mirror does not have them.

use std::collections::{BTreeSet, HashMap};

use crate::error::GitError;
use crate::mirror::Mirror;
use crate::session::Session;

/// Bytes that are read at once.
const ROOM: usize = 16 << 20;

/// The contents of these blobs. What is not there, or is no blob, is left out.
pub(crate) async fn read(
    mirror: &Mirror,
    session: &Session,
    ids: &BTreeSet<String>,
) -> Result<HashMap<String, Vec<u8>>, GitError> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let list: String = ids.iter().map(|id| format!("{id}\n")).collect();
    if mirror.lacks_blobs() {
        bring(mirror, session, &list).await?;
    }
    let call = mirror.call("read files", ["cat-file", "--batch"]).input(list).room(ROOM);
    Ok(parse(&session.through(call).good().await?))
}

/// All of them in one request; one by one would be a request each.
async fn bring(mirror: &Mirror, session: &Session, list: &str) -> Result<(), GitError> {
    let arguments = [
        "fetch",
        "--quiet",
        "--no-tags",
        "--no-write-fetch-head",
        "--recurse-submodules=no",
        "--filter=blob:none",
        "--stdin",
        "origin",
    ];
    let call = mirror.call("fetch files", arguments).set("fetch.negotiationAlgorithm", "noop").input(list);
    session.through(call).good().await.map(drop)
}

/// `ID blob SIZE NEWLINE content NEWLINE`, or `ID missing NEWLINE`.
fn parse(mut out: &[u8]) -> HashMap<String, Vec<u8>> {
    let mut blobs = HashMap::new();
    while let Some(end) = out.iter().position(|byte| *byte == b'\n') {
        let head = String::from_utf8_lossy(&out[..end]).into_owned();
        out = &out[end + 1..];
        let mut words = head.split(' ');
        let (id, kind) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let Some(size) = words.next().and_then(|size| size.parse::<usize>().ok()) else { continue };
        if size > out.len() {
            break;
        }
        if kind == "blob" {
            blobs.insert(id.to_owned(), out[..size].to_vec());
        }
        out = &out[(size + 1).min(out.len())..];
    }
    blobs
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn contents_may_look_like_heads() {
        let out = b"aa blob 8\nbb blob \ncc missing\ndd tree 1\nx\nee blob 0\n\n";
        let blobs = parse(out);
        assert_eq!(blobs.len(), 2);
        assert_eq!(blobs["aa"], b"bb blob ");
        assert!(blobs["ee"].is_empty());
        assert!(parse(b"aa blob 99\nshort").is_empty());
    }
}
