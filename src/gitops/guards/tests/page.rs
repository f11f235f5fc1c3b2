//! `docs/rollback.md`: the guards, with what each says, from the tables of these tests.

use std::fmt::Write;
use std::path::Path;

use assay_api::{Answer, Guard};

use super::cases::CASES;
use super::evidence::{agreed, now};
use crate::guards::chain::ask_guard;

const INTRODUCTION: &str = "# What must hold before a revert is written

A gate's `spec.rollback` says what becomes of a revision that failed. Before anything is written, every guard below is asked,
in this order, also after one that says no; `assay rollback explain` and the status of the `Rollback` show all answers.

| answer | what it means |
|---|---|
| `Pass` | it may go on |
| `PullRequest` | it may go on, but only as a pull request |
| `Hold` | not yet; it is asked again when something changes, and at the latest when the failure is too old |
| `Refuse` | no, for good; the record says why |
| `Skipped` | not asked, since what it looks at is not known |

One `Refuse` is a no, whatever the others say. What cannot be found out is a `Refuse` as well. When all agree, mode `Observe` only shows
the commit, mode `PullRequest` opens a pull request, and mode `Push` pushes one commit onto the tip of the branch, never by force.

The sentences are those of the program, made by its tests from one failure in which one thing differs each time; this page is
written by `UPDATE=1 cargo test -p assay-gitops --lib` (`make generate`).
";

const WEBHOOKS: &str = "
## How the forge says that a branch moved

Nothing depends on it: without it a rollback looks at the branch when it is due. With it the manager looks at once.

Put a `webhook-secret` of at least eight bytes into the Secret that the grant names in `spec.forge.secret` (or, without that, in
`spec.credentials`), and let the forge post pushes as JSON to `/hooks/v1/<name of the GitWriteAccess>` of the Service `assay`, port 443,
with the same secret. The manager reads it only with `gitops.write`. In the cluster that is
`https://assay.assay-system.svc/hooks/v1/shop`; from outside let an Ingress or a Gateway lead that path, and no other, to the Service by
HTTPS. The certificate is of Assay's own authority, `ca.crt` of the Secret `assay-tls`:

| forge | where | how it proves itself |
|---|---|---|
| Gitea, Forgejo | Settings, Webhooks, secret; content type `application/json`; the forge's own setting `webhook.ALLOWED_HOST_LIST` must let it reach the manager | `X-Gitea-Signature` or `X-Forgejo-Signature`: HMAC-SHA256 of the body |
| GitHub | Settings, Webhooks, secret; content type `application/json` | `X-Hub-Signature-256` |
| GitLab | Settings, Webhooks, signing token or secret token | `webhook-signature`, at most five minutes old, or `X-Gitlab-Token` |

| answer | meaning |
|---|---|
| 202 | understood: `push`, `ping`, or `nothing` for events that do not concern a branch |
| 400 | signed, but not the JSON of a push; or it did not come within ten seconds |
| 401 | no grant of this name, no secret, or not its signature: which of them is not said (the manager's log says it for grants that exist) |
| 404 | the manager does not listen to forges |
| 413 | more than one mebibyte |
| 429 | too many at once |

A push only makes the manager look; what is there it asks the repository itself. `assay_webhooks_total` counts them by outcome.
";

fn page() -> String {
    let mut page = INTRODUCTION.to_owned();
    for (at, guard) in Guard::ALL.iter().enumerate() {
        let _ = write!(
            page,
            "\n## {}. {guard}\n\n{}\n\n| when | answer | what it says |\n|---|---|---|\n",
            at + 1,
            guard.meaning().trim()
        );
        let rows = CASES.iter().filter(|case| case.guard == *guard && case.answer != Answer::Skipped);
        for case in rows {
            let mut evidence = agreed();
            (case.change)(&mut evidence);
            let message = ask_guard(*guard, &evidence, now()).message;
            let _ = writeln!(
                page,
                "| {} | `{}` | {} |",
                case.when,
                case.answer,
                message.replace('|', "\\|").replace('<', "&lt;")
            );
        }
    }
    page.push_str(WEBHOOKS);
    page
}

#[test]
fn the_page_says_what_the_guards_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/rollback.md");
    let page = page();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, page).expect("the page can be written");
        return;
    }
    let have = std::fs::read_to_string(&path).unwrap_or_default();
    let line = 1 + have.lines().zip(page.lines()).take_while(|(have, want)| have == want).count();
    assert!(have == page, "docs/rollback.md:{line} is behind; run `UPDATE=1 cargo test -p assay-gitops --lib`");
}
