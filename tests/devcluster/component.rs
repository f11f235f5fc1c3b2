//! What one process of the cluster is: program, arguments, files, and how one
//! sees that it is ready.

use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use crate::http::{Credentials, Request, Server};
use crate::layout::Layout;

/// One process of the cluster.
#[derive(Debug, Clone)]
pub struct Component {
    /// Its name: of the log, of the pid file, and on the command line.
    pub name: &'static str,
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<String>,
    /// Environment variables besides the inherited ones.
    pub env: Vec<(String, String)>,
    /// Configuration files, written before every start.
    pub files: Vec<(PathBuf, String)>,
    /// Folders that must exist before the start.
    pub folders: Vec<PathBuf>,
    /// Ports it listens on; nobody else may have them.
    pub ports: Vec<SocketAddr>,
    /// How one sees that it is ready.
    pub probe: Probe,
    /// How long SIGTERM may take before SIGKILL follows.
    pub grace: Duration,
}

/// How one sees that a component is ready.
#[derive(Debug, Clone)]
pub enum Probe {
    /// A plain HTTP answer of 2xx.
    Http(SocketAddr, &'static str),
    /// An HTTPS answer of 2xx under the cluster's authority, without a client certificate.
    Https(SocketAddr, &'static str),
    /// A Unix socket that accepts connections.
    Socket(PathBuf),
}

impl Component {
    /// A component with no files, ports or environment of its own yet.
    #[must_use]
    pub fn new(name: &'static str, program: PathBuf, probe: Probe) -> Self {
        Self {
            name,
            program,
            args: Vec::new(),
            env: Vec::new(),
            files: Vec::new(),
            folders: Vec::new(),
            ports: Vec::new(),
            probe,
            grace: Duration::from_secs(5),
        }
    }

    /// Adds `--name=value` arguments.
    #[must_use]
    pub fn flags(mut self, flags: &[(&str, String)]) -> Self {
        self.args.extend(flags.iter().map(|(name, value)| format!("--{name}={value}")));
        self
    }
}

impl Probe {
    /// Looks once.
    #[must_use]
    pub fn ready(&self, layout: &Layout) -> bool {
        let server = match self {
            Self::Socket(path) => return UnixStream::connect(path).is_ok(),
            Self::Http(address, _) => Server::plain(*address),
            Self::Https(address, _) => {
                let authority = layout.pki().join("ca.crt");
                let credentials = Credentials { authority: &authority, client: None };
                match Server::secure(*address, credentials) {
                    Ok(server) => server,
                    Err(_) => return false,
                }
            }
        };
        let (Self::Http(_, path) | Self::Https(_, path)) = self else { return false };
        server.send(&Request::get(path)).is_ok_and(|answer| answer.ok())
    }
}
