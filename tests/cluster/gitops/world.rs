//! A namespace, a repository and a delivery that belong together, and what a person does with them.

use std::fs;
use std::time::Duration;

use serde_json::{Value, json};

use super::delivery::git_repository;
use super::{App, Behaviour, Board, Bot, Engine, Forge, Live, Object, Outcome, Repository, merged};
use crate::release::SYSTEM;
use crate::{Namespace, Place, PodSecurity};

/// The longest wait for anything that comes by itself.
pub const PATIENCE: Duration = Duration::from_secs(300);

/// How a world is made.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Who delivers.
    pub engine: Engine,
    /// What is delivered.
    pub apps: Vec<App>,
    /// Changes to the gates of the example.
    pub gate: Value,
    /// Changes to what delivers.
    pub delivery: Value,
    /// Changes to Flux's `GitRepository`.
    pub source: Value,
    /// Changes to the grant; without one when absent.
    pub grant: Option<Value>,
    /// Further files of the repository.
    pub more: Vec<(String, String)>,
    /// Whether the manager is the test's own, whose own namespace is that of the world.
    pub own_manager: bool,
}

impl Plan {
    /// One app, delivered by an engine, with a gate that may push.
    pub fn new(engine: Engine) -> Self {
        let nothing = json!({});
        Self {
            engine,
            apps: vec![App::Web],
            gate: nothing.clone(),
            delivery: nothing.clone(),
            source: nothing.clone(),
            grant: Some(nothing),
            more: Vec::new(),
            own_manager: false,
        }
    }

    /// With changes to the gates of the example.
    #[must_use]
    pub fn gate(mut self, patch: Value) -> Self {
        self.gate = merged(self.gate, &patch);
        self
    }

    /// With changes to the rollback policy of the gates.
    #[must_use]
    pub fn policy(self, patch: Value) -> Self {
        self.gate(json!({"spec": {"rollback": patch}}))
    }

    /// With changes to what delivers.
    #[must_use]
    pub fn delivery(mut self, patch: Value) -> Self {
        self.delivery = merged(self.delivery, &patch);
        self
    }

    /// With several apps.
    #[must_use]
    pub fn apps(mut self, apps: &[App]) -> Self {
        self.apps = apps.to_vec();
        self
    }

    /// Without gates, and so without a grant.
    #[must_use]
    pub fn gateless(mut self) -> Self {
        self.gate = Value::Null;
        self.grant = None;
        self
    }

    /// With a further file of the repository.
    #[must_use]
    pub fn file(mut self, path: &str, text: &str) -> Self {
        self.more.push((path.to_owned(), text.to_owned()));
        self
    }

    /// With changes to the grant.
    #[must_use]
    pub fn grant(mut self, patch: Value) -> Self {
        self.grant = Some(patch);
        self
    }
}

/// A repository that is delivered into a namespace of its own.
pub struct World {
    place: &'static Place,
    live: &'static Live,
    plan: Plan,
    namespace: Namespace,
    repository: Repository,
    bot: Bot,
}

impl World {
    /// Makes everything and pushes the first commit, but delivers nothing yet.
    ///
    /// # Errors
    /// When the cluster or the forge refuses.
    pub fn open(place: &'static Place, forge: &Forge, prefix: &str, plan: Plan) -> Outcome<Self> {
        let live = Live::shared(place);
        let bot = forge.bot()?;
        let namespace = Namespace::create(place, prefix, PodSecurity::Open)?;
        let repository = Repository::create(place, forge, namespace.name())?;
        forge.let_write(repository.name(), &bot.name)?;
        let world = Self { place, live, plan, namespace, repository, bot };
        Ok(world)
    }

    /// Pushes good versions of all apps, grants, delivers, and waits until each is judged green; the commit.
    ///
    /// # Errors
    /// When that does not come.
    pub fn begin(&self) -> Outcome<String> {
        let first = self.begin_with(&Behaviour::good("1.0.0"))?;
        for app in &self.plan.apps {
            self.verdict(*app, &first, "passed")?;
        }
        Ok(first)
    }

    /// Pushes the first versions of all apps, grants and delivers; the commit.
    ///
    /// # Errors
    /// When the cluster or the forge refuses.
    pub fn begin_with(&self, behaviour: &Behaviour) -> Outcome<String> {
        let first = self.first_commit(behaviour)?;
        self.give_grant()?;
        self.deliver()?;
        Ok(first)
    }

    /// Pushes the first versions of all apps; the commit.
    ///
    /// # Errors
    /// When Git refuses.
    pub fn first_commit(&self, behaviour: &Behaviour) -> Outcome<String> {
        self.repository.write(&self.plan.more)?;
        for app in &self.plan.apps {
            self.repository.write(&self.files(*app, behaviour)?)?;
        }
        let first = self.repository.commit("Open the shop")?;
        self.repository.push()?;
        Ok(first)
    }

    /// Gives the grant, unless the plan has none, and waits until it works.
    ///
    /// # Errors
    /// When it does not.
    pub fn give_grant(&self) -> Outcome<()> {
        let Some(patch) = &self.plan.grant else { return Ok(()) };
        let name = self.name();
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": self.system()},
            "stringData": {"username": self.bot.name, "password": self.bot.password, "token": self.bot.token,
                "webhook-secret": self.webhook_secret()}});
        let grant = json!({"apiVersion": "assay.dev/v1alpha1", "kind": "GitWriteAccess", "metadata": {"name": name},
            "spec": {"repository": self.repository.url(), "branches": ["main"], "namespaces": [name], "mode": "Push",
                "credentials": {"name": name}, "forge": {"kind": "Gitea"}, "budget": {"count": 5, "window": "30m"}}});
        self.apply(&secret)?;
        self.apply(&merged(grant, patch))?;
        self.live.until("the grant works", PATIENCE, |board| {
            board.get("GitWriteAccess", "", name).filter(|grant| grant.condition("Ready") == "True").map(drop)
        })
    }

    /// With which the forge signs what it tells the manager.
    fn webhook_secret(&self) -> String {
        format!("hook-of-{}", self.name())
    }

    /// Has the forge tell the manager of every push, by the address of its Service.
    ///
    /// # Errors
    /// When the cluster or the forge refuses.
    pub fn tell_manager(&self) -> Outcome<()> {
        let path = r#"jsonpath={.spec.clusterIP}:{.spec.ports[?(@.name=="https")].port}"#;
        let address = self.kubectl(&["-n", self.system(), "get", "service", "assay", "-o", path])?;
        let url = format!("https://{}/hooks/v1/{}", address.trim(), self.name());
        self.repository.forge().tell(self.repository.name(), &url, &self.webhook_secret())
    }

    /// Lets the engine deliver.
    ///
    /// # Errors
    /// When the cluster refuses.
    pub fn deliver(&self) -> Outcome<()> {
        let (name, url) = (self.name(), self.repository.url());
        if self.plan.engine == Engine::Flux {
            self.apply(&git_repository(name, &url, &self.plan.source))?;
        }
        for app in &self.plan.apps {
            let delivery = self.delivery_name(*app);
            self.apply(&self.plan.engine.delivery(&delivery, name, &url, &app.folder(), &self.plan.delivery))?;
        }
        Ok(())
    }

    /// Applies an object.
    ///
    /// # Errors
    /// When the cluster refuses.
    pub fn apply(&self, object: &Value) -> Outcome<()> {
        self.place.kubectl().run_with(&["apply", "-f", "-"], &object.to_string())?;
        Ok(())
    }

    /// `kubectl ...`, not bound to the namespace.
    ///
    /// # Errors
    /// When kubectl ends with another code than 0.
    pub fn kubectl(&self, arguments: &[&str]) -> Outcome<String> {
        Ok(self.place.kubectl().run(arguments)?)
    }

    /// The namespace of the manager, in which Secrets are.
    fn system(&self) -> &str {
        if self.plan.own_manager { self.name() } else { SYSTEM }
    }

    /// Name of the namespace, the repository, the grant and its Secret.
    pub fn name(&self) -> &str {
        self.namespace.name()
    }

    /// The namespace.
    pub fn namespace(&self) -> &Namespace {
        &self.namespace
    }

    /// The repository.
    pub fn repository(&self) -> &Repository {
        &self.repository
    }

    /// How it was made.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// What happens.
    pub fn live(&self) -> &'static Live {
        self.live
    }

    /// The account with which Assay writes.
    pub fn bot(&self) -> &Bot {
        &self.bot
    }

    /// Name of what delivers an app.
    pub fn delivery_name(&self, app: App) -> String {
        format!("{}-{}", self.name(), app.name())
    }

    /// The files of an app, its gate among them.
    ///
    /// # Errors
    /// When the example is not what it was.
    pub fn files(&self, app: App, behaviour: &Behaviour) -> Outcome<Vec<(String, String)>> {
        let engine = self.plan.engine;
        let delivery = json!({"kind": engine.kind(), "name": self.delivery_name(app),
            "namespace": engine.home(self.name())});
        let gate = merged(json!({"spec": {"delivery": delivery}}), &self.plan.gate);
        app.files(self.place.root(), behaviour, &gate)
    }

    /// Commits a version of an app, pushes, and lets the engine look; the commit.
    ///
    /// # Errors
    /// When Git or the cluster refuses.
    pub fn commit(&self, app: App, message: &str, behaviour: &Behaviour) -> Outcome<String> {
        let id = self.repository.change(message, &self.files(app, behaviour)?)?;
        self.nudge()?;
        Ok(id)
    }

    /// Lets the engine look at Git now, as a webhook would.
    ///
    /// # Errors
    /// When the cluster refuses.
    pub fn nudge(&self) -> Outcome<()> {
        match self.plan.engine {
            Engine::Argo => {
                for app in &self.plan.apps {
                    self.annotate(
                        "application",
                        "argocd",
                        &self.delivery_name(*app),
                        "argocd.argoproj.io/refresh=normal",
                    )?;
                }
            }
            Engine::Flux => {
                let asked = format!("reconcile.fluxcd.io/requestedAt={}", jiff::Timestamp::now());
                self.annotate("gitrepository", self.name(), "shop", &asked)?;
            }
        }
        Ok(())
    }

    /// Sets or, with `name-`, removes an annotation.
    ///
    /// # Errors
    /// When the cluster refuses.
    pub fn annotate(&self, kind: &str, namespace: &str, name: &str, annotation: &str) -> Outcome<()> {
        self.kubectl(&["-n", namespace, "annotate", "--overwrite", kind, name, annotation]).map(drop)
    }

    /// The gate of an app, once it is as wanted.
    ///
    /// # Errors
    /// When it does not become so in time.
    pub fn gate_when(&self, app: App, what: &str, wanted: impl Fn(&Object) -> bool) -> Outcome<Object> {
        let what = format!("gate {}: {what}", app.name());
        self.live.until(&what, PATIENCE, |board| {
            board.get("TestGate", self.name(), app.name()).filter(|gate| wanted(gate)).cloned()
        })
    }

    /// The gate of an app, once it has judged a revision.
    ///
    /// # Errors
    /// When it does not in time, or judges otherwise.
    pub fn verdict(&self, app: App, revision: &str, verdict: &str) -> Outcome<Object> {
        let judged = |gate: &Object| judgement(gate, revision).is_some();
        let gate = self.gate_when(app, &format!("judges {revision}"), judged)?;
        let said = judgement(&gate, revision).unwrap_or_default();
        if said == verdict {
            return Ok(gate);
        }
        Err(format!("the verdict of {revision} is {said}, not {verdict}: {}", gate.text("/status/message")).into())
    }

    /// The delivery of an app, once it is as wanted.
    ///
    /// # Errors
    /// When it does not become so in time.
    pub fn delivery_when(&self, app: App, what: &str, wanted: impl Fn(&Object) -> bool) -> Outcome<Object> {
        let (kind, name) = (self.plan.engine.kind(), self.delivery_name(app));
        let home = self.plan.engine.home(self.name());
        let what = format!("{kind} {name}: {what}");
        self.live.until(&what, PATIENCE, |board| board.get(kind, home, &name).filter(|object| wanted(object)).cloned())
    }

    /// Every record of a rollback in the namespace.
    pub fn records(&self) -> Vec<Object> {
        self.live.now(|board: &Board| board.of("Rollback", self.name()).into_iter().cloned().collect())
    }

    /// The record about a bad revision of an app, once it is as wanted.
    ///
    /// # Errors
    /// When it does not become so in time.
    pub fn record_when(&self, app: App, bad: &str, what: &str, wanted: impl Fn(&Object) -> bool) -> Outcome<Object> {
        let what = format!("rollback of {bad}: {what}");
        self.live.until(&what, PATIENCE, |board| {
            let records = board.of("Rollback", self.name());
            let mine =
                |record: &&Object| record.text("/spec/gate") == app.name() && record.text("/spec/bad/revision") == bad;
            records.into_iter().find(|record| mine(record) && wanted(record)).cloned()
        })
    }

    /// The record about a bad revision, once it is in a phase.
    ///
    /// # Errors
    /// When it does not come to it in time, or ends in another.
    pub fn phase(&self, app: App, bad: &str, phase: &str) -> Outcome<Object> {
        let there = |record: &Object| record.text("/status/phase") == phase || is_final(record.text("/status/phase"));
        let record = self.record_when(app, bad, &format!("is {phase}"), there)?;
        if record.text("/status/phase") == phase {
            return Ok(record);
        }
        let (is, why) = (record.text("/status/phase"), record.text("/status/message"));
        Err(format!("the rollback is {is}, not {phase}: {why}\n{}", record.objections().join("\n")).into())
    }

    /// Everything that helps to understand what went wrong, written to a file; its path and the story.
    pub fn autopsy(&self) -> String {
        let ask = |arguments: &[&str]| self.kubectl(arguments).unwrap_or_else(|error| error.to_string());
        let moments = self
            .live
            .now(|board| board.moments(self.name()).iter().map(|moment| format!("{moment}\n")).collect::<String>());
        let home = self.plan.engine.home(self.name());
        let mut text = format!("{moments}\n");
        let resource = self.plan.engine.kind().to_lowercase();
        for app in &self.plan.apps {
            text.push_str(&ask(&["-n", home, "get", &resource, &self.delivery_name(*app), "-o", "yaml"]));
        }
        let all = ["-n", self.name(), "get", "tg,rb,tex,deployments,pods,events", "-o", "yaml"];
        text.push_str(&ask(&all));
        let log = self.repository.git(&["log", "--graph", "--stat", "--all"]);
        text.push_str(&log.unwrap_or_else(|error| error.to_string()));
        let manager = ask(&["-n", SYSTEM, "logs", "deployment/assay", "--tail=4000"]);
        let mine = manager.lines().filter(|line| line.contains(self.name()) || !line.contains("\"INFO\""));
        text.extend(mine.map(|line| format!("{line}\n")));
        let folder = self.place.root().join("target/gitops/autopsies");
        let file = folder.join(format!("{}.txt", self.name()));
        let written = fs::create_dir_all(&folder).and_then(|()| fs::write(&file, text));
        let place = written.map_or_else(|error| error.to_string(), |()| file.display().to_string());
        format!("{moments}everything about it: {place}")
    }
}

/// The verdict of a revision, which may not be the current one any more.
fn judgement(gate: &Object, revision: &str) -> Option<String> {
    let all = std::iter::once(&gate.0["status"]["current"]).chain(gate.list("/status/verdicts"));
    let mut of_it = all.filter(|one| one["revision"] == revision && one["reason"] != "Superseded");
    of_it.find_map(|one| one["verdict"].as_str()).map(str::to_owned)
}

fn is_final(phase: &str) -> bool {
    ["Observed", "Refused", "Recovered", "Failed", "Superseded", "Expired"].contains(&phase)
}

impl Drop for World {
    fn drop(&mut self) {
        let name = self.name().to_owned();
        if self.plan.engine == Engine::Argo {
            for app in &self.plan.apps {
                let delivery = self.delivery_name(*app);
                self.kubectl(&["-n", "argocd", "delete", "application", &delivery, "--wait=false"]).ok();
            }
        }
        self.kubectl(&["delete", "gitwriteaccess", &name, "--ignore-not-found", "--wait=false"]).ok();
        self.kubectl(&["-n", self.system(), "delete", "secret", &name, "--ignore-not-found"]).ok();
    }
}
