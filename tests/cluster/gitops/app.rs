//! The app of `examples/gitops`, as a commit puts it into a repository.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::{Outcome, merged};

/// An app of the repository, by the name of its folder in `examples/gitops/apps`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum App {
    /// `apps/web`.
    Web,
    /// `apps/api`.
    Api,
}

/// What the service answers when it is asked for a price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Price {
    /// What its tests want.
    Right,
    /// Something else.
    Wrong,
    /// Something else the first time.
    WrongOnce,
}

/// What a commit makes of an app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Behaviour {
    /// Its version: another one rolls out.
    pub version: String,
    /// What it answers.
    pub price: Price,
    /// Whether its tests look for it where it is; otherwise they cannot judge it.
    pub found: bool,
}

impl App {
    /// Its name, and that of everything in it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Api => "api",
        }
    }

    /// Its folder in the repository.
    pub fn folder(self) -> String {
        format!("apps/{}", self.name())
    }

    /// Its files, as a commit has them; the gate is that of the example, changed by a merge patch, and
    /// without one when that is null.
    ///
    /// # Errors
    /// When the example is not what it was.
    pub fn files(self, root: &Path, behaviour: &Behaviour, gate: &Value) -> Outcome<Vec<(String, String)>> {
        let read = |file: &str| fs::read_to_string(root.join("examples/gitops").join(self.folder()).join(file));
        let service = replaced(&read("service.yaml")?, "1.0.0", &behaviour.version)?;
        let service = replaced(&service, "echo 1190", behaviour.price.script())?;
        let mut tests = read("tests.yaml")?;
        if !behaviour.found {
            tests = replaced(&tests, &format!("http://{}:8080", self.name()), "http://nowhere:8080")?;
        }
        let mut files = vec![("service.yaml", service), ("tests.yaml", tests)];
        if !gate.is_null() {
            let example: Value = serde_yaml::from_str(&read("gate.yaml")?)?;
            files.push(("gate.yaml", serde_yaml::to_string(&merged(example, gate))?));
        }
        Ok(files.into_iter().map(|(file, text)| (format!("{}/{file}", self.folder()), text)).collect())
    }
}

impl Price {
    const fn script(self) -> &'static str {
        match self {
            Self::Right => "echo 1190",
            Self::Wrong => "echo 1191",
            Self::WrongOnce => "if [ -e /tmp/asked ]; then echo 1190; else touch /tmp/asked; echo 1191; fi",
        }
    }
}

impl Behaviour {
    /// A version that its tests like.
    pub fn good(version: &str) -> Self {
        Self { version: version.to_owned(), price: Price::Right, found: true }
    }

    /// A version that fails a test.
    pub fn bad(version: &str) -> Self {
        Self { price: Price::Wrong, ..Self::good(version) }
    }

    /// A version that fails a test once.
    pub fn flaky(version: &str) -> Self {
        Self { price: Price::WrongOnce, ..Self::good(version) }
    }

    /// A version whose tests do not find the service.
    pub fn unjudged(version: &str) -> Self {
        Self { found: false, ..Self::good(version) }
    }
}

fn replaced(text: &str, from: &str, to: &str) -> Outcome<String> {
    if text.contains(from) { Ok(text.replace(from, to)) } else { Err(format!("the example lacks `{from}`").into()) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn root() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
    }

    #[test]
    fn both_apps_can_be_good_and_bad() {
        for app in [App::Web, App::Api] {
            let patch = json!({"spec": {"rollback": {"mode": "Observe"}}});
            let files = app.files(&root(), &Behaviour::bad("1.1.0"), &patch).unwrap();
            assert_eq!(files.len(), 3);
            assert!(files[0].1.contains("echo 1191") && files[0].1.contains("1.1.0"));
            assert!(files[2].1.contains("mode: Observe"), "{}", files[2].1);
            let files = app.files(&root(), &Behaviour::unjudged("1.1.0"), &json!({})).unwrap();
            assert!(files[1].1.contains("nowhere"));
        }
    }
}
