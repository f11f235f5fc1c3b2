//! Git servers for tests: Git's own `http-backend`, a CGI program, behind whatever a test lets through, and the
//! same over SSH.

mod ssh;

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, Response, Uri};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

pub use ssh::{Sshd, keygen};

/// What a client of Git asked over HTTP.
#[derive(Clone, Debug)]
pub struct Request {
    /// Its method.
    pub method: Method,
    /// Its path and query.
    pub uri: Uri,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

/// The repositories of a folder.
#[derive(Clone, Debug, Default)]
pub struct Folder {
    /// The folder: a repository in it is served under its own path.
    pub root: PathBuf,
    /// Whether contents of files are sent although a client asks to leave them out (`uploadpack.allowFilter`).
    pub whole: bool,
}

impl Folder {
    /// What Git answers. Branches can be pushed and not be deleted.
    ///
    /// # Panics
    /// When Git cannot be run, or does not write what a CGI program writes.
    pub async fn answer(&self, request: Request) -> Response<Body> {
        let mut child = self.backend(&request).spawn().expect("git runs");
        let mut stdin = child.stdin.take().expect("a pipe");
        // Who refuses a request does not read it.
        tokio::spawn(async move { drop(stdin.write_all(&request.body).await) });
        let Output { stdout, .. } = child.wait_with_output().await.expect("it ends");
        read(&stdout)
    }

    fn backend(&self, request: &Request) -> Command {
        let mut command = plain("git");
        command.arg("http-backend").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let header = |name: &str| request.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        command.envs([
            ("REQUEST_METHOD", request.method.as_str()),
            ("PATH_INFO", request.uri.path()),
            ("QUERY_STRING", request.uri.query().unwrap_or_default()),
            ("CONTENT_TYPE", header("content-type")),
            ("CONTENT_LENGTH", &request.body.len().to_string()),
            ("HTTP_CONTENT_ENCODING", header("content-encoding")),
            ("GIT_PROTOCOL", header("git-protocol")),
            ("GIT_HTTP_EXPORT_ALL", "1"),
        ]);
        command.env("GIT_PROJECT_ROOT", &self.root).kill_on_drop(true);
        let filter = if self.whole { "false" } else { "true" };
        let settings = [
            ("http.receivepack", "true"),
            ("safe.directory", "*"),
            ("uploadpack.allowFilter", filter),
            ("receive.denyDeletes", "true"),
        ];
        command.env("GIT_CONFIG_COUNT", settings.len().to_string());
        for (number, (name, value)) in settings.iter().enumerate() {
            command.env(format!("GIT_CONFIG_KEY_{number}"), name).env(format!("GIT_CONFIG_VALUE_{number}"), value);
        }
        command
    }
}

/// A program that sees nothing of this machine's settings.
fn plain(program: impl AsRef<Path>) -> Command {
    let mut command = Command::new(program.as_ref());
    command.env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null").env("HOME", "/dev/null");
    command
}

/// What a CGI program writes: headers, an empty line, the body.
fn read(out: &[u8]) -> Response<Body> {
    let end = out.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or(out.len());
    let mut response = Response::builder();
    for line in String::from_utf8_lossy(&out[..end]).lines() {
        let (name, value) = line.split_once(": ").expect("a header");
        response = match name {
            "Status" => {
                let code = value.split(' ').next().and_then(|code| code.parse::<u16>().ok());
                response.status(code.expect("the code of a status"))
            }
            _ => response.header(name, value),
        };
    }
    let body = out.get(end + 4..).unwrap_or_default().to_vec();
    response.body(Body::from(body)).expect("a response")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_writes_is_a_response() {
        let response = read(b"Status: 404 Not Found\r\nContent-Type: text/plain\r\n\r\nno");
        assert_eq!(
            (response.status().as_u16(), &response.headers()["content-type"]),
            (404, &"text/plain".parse().unwrap())
        );
        assert_eq!(read(b"Expires: never\r\n\r\n").status().as_u16(), 200);
    }
}
