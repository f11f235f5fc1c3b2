//! Gitea: a forge with pull requests, webhooks and protected branches, under one
//! address for pods and host.

use std::fs;
use std::io;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::addresses::{NODE_IP, POD_CIDR, SERVICE_CIDR, on_node, port};
use crate::component::{Component, Probe};
use crate::engines;
use crate::layout::Layout;
use crate::secret;

/// Name of the component.
pub const COMPONENT: &str = "gitea";
/// Debian's `nobody` and `nogroup`: Gitea refuses to run as root.
const NOBODY: u32 = 65534;
/// The cache may lie below a folder that only root may enter, so the right to pass
/// through folders is all that Gitea keeps of root's.
const PASS: &str = "-all,+dac_read_search";

/// The component.
#[must_use]
pub fn component(layout: &Layout) -> Component {
    let place = Place::of(layout);
    let probe = Probe::Http(on_node(port::GITEA), "/api/healthz");
    let mut gitea = Component::new(COMPONENT, PathBuf::from("setpriv"), probe);
    gitea.args = place.words(&["web"]);
    gitea.env = place.variables();
    gitea.files.push((place.config.clone(), place.settings()));
    gitea.ports = vec![on_node(port::GITEA), on_node(port::GITEA_SSH)];
    gitea.grace = Duration::from_secs(10);
    gitea
}

/// Where Gitea's files are, and how it is called.
#[derive(Debug, Clone)]
pub struct Place {
    engine: PathBuf,
    config: PathBuf,
    /// Root's own: Gitea's user may change nothing in it.
    data: PathBuf,
}

impl Place {
    /// That of the cluster.
    #[must_use]
    pub fn of(layout: &Layout) -> Self {
        let engine = engines::of_addon("gitea").folder(layout);
        Self { engine, config: layout.config().join("gitea.ini"), data: layout.data("gitea") }
    }

    /// Where everything of the forge is reached over HTTP, without a slash at the end.
    #[must_use]
    pub fn url() -> String {
        format!("http://{}", on_node(port::GITEA))
    }

    /// The file with the administrator's name, password and token.
    #[must_use]
    pub fn account(&self) -> PathBuf {
        self.data.join("account.json")
    }

    /// The public half of the SSH server's key, in OpenSSH's form.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn host_key(&self) -> io::Result<String> {
        fs::read_to_string(self.private_key().with_extension("pub"))
    }

    /// Makes folders, secrets and keys that are not there yet, and gives them to
    /// Gitea's user.
    ///
    /// # Errors
    /// When something cannot be written.
    pub fn prepare(&self) -> io::Result<()> {
        for folder in [self.work(), self.secrets(), self.home(), self.temporary()] {
            fs::create_dir_all(&folder)?;
            chown(&folder, Some(NOBODY), Some(NOBODY))?;
        }
        for name in ["secret-key", "internal-token", "jwt-secret"] {
            let file = self.secrets().join(name);
            if !file.exists() {
                secret::write(&file, &secret::random()?)?;
            }
            chown(&file, Some(NOBODY), Some(NOBODY))?;
        }
        self.make_host_key()
    }

    fn make_host_key(&self) -> io::Result<()> {
        let file = self.private_key();
        if !file.exists() {
            let output = Command::new("ssh-keygen")
                .args(["-q", "-t", "ed25519", "-N", "", "-C", COMPONENT, "-f"])
                .arg(&file)
                .output()?;
            if !output.status.success() {
                return Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()));
            }
        }
        chown(&file, Some(NOBODY), Some(NOBODY))
    }

    /// One of Gitea's own commands, as its user.
    #[must_use]
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new("setpriv");
        command.args(self.words(words)).envs(self.variables()).current_dir("/");
        command
    }

    /// What `setpriv` is given.
    fn words(&self, words: &[&str]) -> Vec<String> {
        let mut all = vec!["--reuid=nobody".to_owned(), "--regid=nogroup".to_owned(), "--clear-groups".to_owned()];
        // Git asks the kernel with access(2), which leaves a user other than root no right unless told so.
        all.extend(["--no-new-privs", "--securebits=+no_setuid_fixup"].map(str::to_owned));
        all.extend(["bounding-set", "inh-caps", "ambient-caps"].map(|set| format!("--{set}={PASS}")));
        all.push(text(&self.engine.join("bin/gitea")));
        all.extend(words.iter().map(|&word| word.to_owned()));
        all.extend(["--config".to_owned(), text(&self.config)]);
        all
    }

    fn variables(&self) -> Vec<(String, String)> {
        let variables = [
            ("HOME", text(&self.home())),
            ("USER", "nobody".to_owned()),
            ("GITEA_WORK_DIR", text(&self.work())),
            ("TMPDIR", text(&self.temporary())),
        ];
        variables.map(|(name, value)| (name.to_owned(), value)).to_vec()
    }

    fn settings(&self) -> String {
        include_str!("../manifests/gitea.ini")
            .replace("@WORK@", &text(&self.work()))
            .replace("@SECRETS@", &text(&self.secrets()))
            .replace("@STATIC@", &text(&self.engine.join("static")))
            .replace("@HOST_KEY@", &text(&self.private_key()))
            .replace("@NODE_IP@", &NODE_IP.to_string())
            .replace("@HTTP@", &port::GITEA.to_string())
            .replace("@SSH@", &port::GITEA_SSH.to_string())
            .replace("@URL@", &Self::url())
            .replace("@POD_CIDR@", POD_CIDR)
            .replace("@SERVICE_CIDR@", SERVICE_CIDR)
    }

    fn work(&self) -> PathBuf {
        self.data.join("work")
    }

    fn home(&self) -> PathBuf {
        self.work().join("home")
    }

    fn temporary(&self) -> PathBuf {
        self.work().join("tmp")
    }

    fn secrets(&self) -> PathBuf {
        self.work().join("secrets")
    }

    fn private_key(&self) -> PathBuf {
        self.secrets().join("host_ed25519")
    }
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gitea_keeps_one_right_of_root_and_no_other() {
        let layout = Layout::at("/cache".into()).unwrap();
        let words = Place::of(&layout).words(&["web"]);
        assert_eq!(words[..3], ["--reuid=nobody", "--regid=nogroup", "--clear-groups"]);
        let sets = words.iter().filter(|word| word.ends_with("=-all,+dac_read_search"));
        assert_eq!(sets.count(), 3);
        assert!(words.ends_with(&[
            "web".to_owned(),
            "--config".to_owned(),
            "/cache/cluster/config/gitea.ini".to_owned()
        ]));
    }

    #[test]
    fn what_was_made_is_not_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::at(folder.path().into()).unwrap();
        let place = Place::of(&layout);
        if !rustix::process::geteuid().is_root() {
            return;
        }
        place.prepare().unwrap();
        let before = (place.host_key().unwrap(), fs::read_to_string(place.secrets().join("jwt-secret")).unwrap());
        place.prepare().unwrap();
        let after = (place.host_key().unwrap(), fs::read_to_string(place.secrets().join("jwt-secret")).unwrap());
        assert_eq!(before, after);
        assert!(before.0.starts_with("ssh-ed25519 "));
    }

    #[test]
    fn the_settings_name_one_address() {
        let layout = Layout::at("/cache".into()).unwrap();
        let settings = Place::of(&layout).settings();
        assert!(settings.contains("ROOT_URL = http://172.30.0.1:3000/\n"), "{settings}");
        assert!(settings.contains("HTTP_ADDR = 172.30.0.1\n"));
    }
}
