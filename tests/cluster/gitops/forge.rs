//! The Git server and forge of the development cluster, through its own interface.

use std::io::Read;
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::{Value, json};

use super::Outcome;
use crate::Place;

/// A forge (Gitea), and the person who owns the repositories of the suite.
#[derive(Clone)]
pub struct Forge {
    place: &'static Place,
    base: String,
    owner: String,
    token: String,
}

/// The account with which Assay writes. Its password and token are the canaries of the suite: they are found
/// nowhere else.
#[derive(Clone)]
pub struct Bot {
    /// Name of the account.
    pub name: String,
    /// Password, with which it pushes.
    pub password: String,
    /// Token, with which it speaks to the forge.
    pub token: String,
}

impl Forge {
    /// A forge at an address, and a token of the owner with every right.
    pub fn new(place: &'static Place, base: &str, owner: &str, token: &str) -> Self {
        let base = base.trim_end_matches('/').to_owned();
        Self { place, base, owner: owner.to_owned(), token: token.to_owned() }
    }

    /// Its address.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Who owns the repositories.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// The owner's token.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Where a repository is, as everybody names it.
    pub fn url(&self, repository: &str) -> String {
        format!("{}/{}/{repository}.git", self.base, self.owner)
    }

    /// Makes an empty public repository.
    ///
    /// # Errors
    /// When the forge refuses.
    pub fn create_repository(&self, name: &str) -> Outcome<()> {
        let wanted = json!({"name": name, "private": false, "auto_init": false, "default_branch": "main"});
        self.wants("POST", "/user/repos", Some(&wanted)).map(drop)
    }

    /// Removes a repository.
    ///
    /// # Errors
    /// When the forge refuses.
    pub fn delete_repository(&self, name: &str) -> Outcome<()> {
        self.wants("DELETE", &self.of(name, ""), None).map(drop)
    }

    /// The account with which Assay writes, made once in this process.
    ///
    /// # Errors
    /// When the forge refuses.
    pub fn bot(&self) -> Outcome<Bot> {
        static BOT: OnceLock<Result<Bot, String>> = OnceLock::new();
        Ok(BOT.get_or_init(|| self.make_bot().map_err(|error| error.to_string())).clone()?)
    }

    fn make_bot(&self) -> Outcome<Bot> {
        let name = format!("assay-{}", random(4)?);
        let password = format!("canary-{}", random(16)?);
        let account = json!({"username": name, "email": format!("{name}@example.com"), "password": password,
            "must_change_password": false});
        self.wants("POST", "/admin/users", Some(&account))?;
        let scopes = json!({"name": "suite", "scopes": ["write:repository", "write:issue", "read:user"]});
        let path = format!("/users/{name}/tokens");
        let made = self.ask_as(&format!("user = \"{name}:{password}\"\n"), "POST", &path, Some(&scopes))?;
        let token = made.1["sha1"].as_str().ok_or_else(|| format!("no token for {name}: {made:?}"))?.to_owned();
        Ok(Bot { name, password, token })
    }

    /// Lets an account write to a repository.
    ///
    /// # Errors
    /// When the forge refuses.
    pub fn let_write(&self, repository: &str, account: &str) -> Outcome<()> {
        let path = self.of(repository, &format!("/collaborators/{account}"));
        self.wants("PUT", &path, Some(&json!({"permission": "write"}))).map(drop)
    }

    /// Lets only the owner push to a branch.
    ///
    /// # Errors
    /// When the forge refuses.
    pub fn protect(&self, repository: &str, branch: &str) -> Outcome<()> {
        let rule = json!({"branch_name": branch, "rule_name": branch, "enable_push": true, "enable_push_whitelist": true,
            "push_whitelist_usernames": [self.owner]});
        self.wants("POST", &self.of(repository, "/branch_protections"), Some(&rule)).map(drop)
    }

    /// Has the forge tell somebody of every push, signed with a secret.
    ///
    /// # Errors
    /// When the forge refuses.
    pub fn tell(&self, repository: &str, url: &str, secret: &str) -> Outcome<()> {
        let hook = json!({"type": "gitea", "active": true, "events": ["push"],
            "config": {"url": url, "content_type": "json", "secret": secret}});
        self.wants("POST", &self.of(repository, "/hooks"), Some(&hook)).map(drop)
    }

    /// The open pull requests of a repository.
    ///
    /// # Errors
    /// When the forge does not answer.
    pub fn pull_requests(&self, repository: &str) -> Outcome<Vec<Value>> {
        let answer = self.wants("GET", &self.of(repository, "/pulls?state=all"), None)?;
        Ok(answer.as_array().cloned().unwrap_or_default())
    }

    /// Merges a pull request, as a person does with the button.
    ///
    /// # Errors
    /// When the forge refuses.
    pub fn merge(&self, repository: &str, number: i64) -> Outcome<()> {
        let path = self.of(repository, &format!("/pulls/{number}/merge"));
        // What was just opened is being looked at, and cannot be merged meanwhile.
        let once = || match self.wants("POST", &path, Some(&json!({"Do": "merge"}))) {
            Err(error) if error.to_string().contains("try again later") => None,
            other => Some(other.map(drop)),
        };
        let merged = crate::wait_for(Duration::from_secs(60), once);
        merged.unwrap_or_else(|| Err(format!("pull request {number} cannot be merged").into()))
    }

    /// The statuses of a commit, newest first: context and state.
    ///
    /// # Errors
    /// When the forge does not answer.
    pub fn statuses(&self, repository: &str, commit: &str) -> Outcome<Vec<(String, String)>> {
        let answer = self.wants("GET", &self.of(repository, &format!("/commits/{commit}/statuses")), None)?;
        let text = |status: &Value, field: &str| status[field].as_str().unwrap_or_default().to_owned();
        // Several may be of one second.
        let mut statuses = answer.as_array().cloned().unwrap_or_default();
        statuses.sort_by_key(|status| std::cmp::Reverse(status["id"].as_i64()));
        Ok(statuses.iter().map(|status| (text(status, "context"), text(status, "status"))).collect())
    }

    fn of(&self, repository: &str, what: &str) -> String {
        format!("/repos/{}/{repository}{what}", self.owner)
    }

    fn wants(&self, method: &str, path: &str, body: Option<&Value>) -> Outcome<Value> {
        let header = format!("header = \"Authorization: token {}\"\n", self.token);
        let (code, answer) = self.ask_as(&header, method, path, body)?;
        if (200..300).contains(&code) {
            return Ok(answer);
        }
        Err(format!("the forge answers {method} {path} with {code}: {answer}").into())
    }

    /// Everything goes by standard input, so that no list of processes shows it.
    fn ask_as(&self, who: &str, method: &str, path: &str, body: Option<&Value>) -> Outcome<(u16, Value)> {
        let mut config = format!("{who}request = \"{method}\"\nurl = \"{}/api/v1{path}\"\n", self.base);
        if let Some(body) = body {
            let body = body.to_string().replace('\\', "\\\\").replace('"', "\\\"");
            config.push_str(&format!("header = \"Content-Type: application/json\"\ndata = \"{body}\"\n"));
        }
        let arguments = ["-sS", "--max-time", "30", "-w", "\\n%{http_code}", "-K", "-"];
        let said = self.place.tool("curl").run_with(&arguments, &config)?;
        let (answer, code) = said.rsplit_once('\n').ok_or("curl prints the code at the end")?;
        Ok((code.parse()?, serde_json::from_str(answer).unwrap_or(Value::Null)))
    }
}

/// So many random bytes, in hexadecimal.
fn random(bytes: usize) -> Outcome<String> {
    let mut buffer = vec![0; bytes];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut buffer)?;
    Ok(buffer.iter().map(|byte| format!("{byte:02x}")).collect())
}
