//! Clones over SSH, by a user whom the machine does not know.

use std::path::Path;

use assay_git_server::Sshd;

use crate::repository::Repositories;
use crate::script::Script;

#[test]
fn a_key_opens_the_door_of_a_known_host() {
    let Some(sshd) = Sshd::start(&[]) else { return };
    let repositories = Repositories::make();
    let uri = sshd.url(&repositories.bare());
    let script = || {
        // As a value of YAML: no newline at the end, and perhaps those of Windows.
        Script::clone(&uri)
            .by_a_user_for_ssh()
            .env("ASSAY_GIT_SSH_KEY", sshd.key("user").replace('\n', "\r\n").trim_end())
    };
    let known = sshd.known_hosts("host.pub");
    let outcome = script().env("ASSAY_GIT_KNOWN_HOSTS", &known).run().good();
    assert_eq!(outcome.commit(), repositories.commits[2]);
    outcome.assert_nowhere(sshd.key("user").lines().nth(2).unwrap());
    assert!(!outcome.stdout.contains("not checked"), "{}", outcome.stdout);

    let unchecked = script().run().good();
    assert!(unchecked.stdout.contains("the key of the server is not checked"), "{}", unchecked.stdout);

    let impostor = script().env("ASSAY_GIT_KNOWN_HOSTS", &sshd.known_hosts("stranger.pub")).run();
    assert!(impostor.complaint().contains("knownHostsFrom does not hold the key"), "{}", impostor.stderr);

    let stranger = Script::clone(&uri).by_a_user_for_ssh().env("ASSAY_GIT_SSH_KEY", &sshd.key("stranger"));
    let stranger = stranger.env("ASSAY_GIT_KNOWN_HOSTS", &known).run();
    assert!(stranger.complaint().contains("check sshKeyFrom"), "{}", stranger.stderr);
    assert!(stranger.complaint().contains("Permission denied"), "{}", stranger.stderr);

    let absent = Script::clone(&sshd.url(Path::new("/absent.git")))
        .by_a_user_for_ssh()
        .env("ASSAY_GIT_SSH_KEY", &sshd.key("user"));
    let absent = absent.env("ASSAY_GIT_KNOWN_HOSTS", &known).run();
    assert!(absent.complaint().contains("check the URI"), "{}", absent.stderr);
}
