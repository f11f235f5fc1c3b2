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
