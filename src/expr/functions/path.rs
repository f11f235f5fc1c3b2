//! Paths as text; nothing is looked up.

use super::call::Call;
use crate::diagnostic::Fault;
use crate::value::Value;

/// The second path, seen from the first unless it is absolute.
pub(crate) fn makepath(call: &Call<'_>) -> Result<Value, Fault> {
    let (parent, path) = (call.text(0)?, call.text(1)?);
    let joined = if parent.is_empty() || path.starts_with('/') { path.to_owned() } else { format!("{parent}/{path}") };
    Ok(clean(&joined).into())
}

/// The absolute path of a path in a folder.
pub(crate) fn abspath(call: &Call<'_>) -> Result<Value, Fault> {
    let path = call.text(0)?;
    if path.starts_with('/') {
        return Ok(clean(path).into());
    }
    let folder = folder(call)?;
    if !folder.starts_with('/') {
        return Err(call.wrong(1, "an absolute path", call.value(1), "begin it with `/`"));
    }
    Ok(clean(&format!("{folder}/{path}")).into())
}

/// The way from a folder to a path.
pub(crate) fn relpath(call: &Call<'_>) -> Result<Value, Fault> {
    let (path, folder) = (clean(call.text(0)?), clean(folder(call)?));
    if path.starts_with('/') != folder.starts_with('/') {
        let message = format!("there is no way from `{folder}` to `{path}`");
        return Err(Fault::new(message, "make both paths absolute, or both relative to the same folder"));
    }
    let (to, from) = (parts(&path), parts(&folder));
    let shared = to.iter().zip(&from).take_while(|(a, b)| a == b).count();
    if from[shared..].contains(&"..") {
        let message = format!("what lies above `{folder}` is not known");
        return Err(Fault::new(message, "write both paths from the same folder on"));
    }
    let up = from[shared..].iter().map(|_| "..");
    let way: Vec<&str> = up.chain(to[shared..].iter().copied()).collect();
    Ok(if way.is_empty() { ".".into() } else { way.join("/").into() })
}

/// The folder that paths are seen from. There is no current one where
/// expressions are evaluated.
fn folder<'a>(call: &Call<'a>) -> Result<&'a str, Fault> {
    if call.has(1) {
        return call.text(1);
    }
    let message = format!("`{}` needs the folder that the path is seen from", call.function);
    Err(Fault::new(
        message,
        format!("write it as the second argument, as in `{}(path, \"/data/repo\")`", call.function),
    ))
}

fn parts(path: &str) -> Vec<&str> {
    path.split('/').filter(|part| !part.is_empty() && *part != ".").collect()
}

/// The path without `.`, `..` and repeated slashes.
fn clean(path: &str) -> String {
    let is_absolute = path.starts_with('/');
    let mut kept: Vec<&str> = Vec::new();
    for part in parts(path) {
        match (part, kept.last()) {
            ("..", Some(&last)) if last != ".." => {
                kept.pop();
            }
            ("..", None) if is_absolute => {}
            _ => kept.push(part),
        }
    }
    let joined = kept.join("/");
    match (is_absolute, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }
}
