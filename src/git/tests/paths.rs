//! A small monorepo that tests agree on.

use super::author::Author;
use crate::Look;

pub(super) const KEY: &str = "0123456789abcdef0123";

/// Two apps and a base. Answers with the good commit.
pub(super) fn good(author: &Author) -> String {
    author
        .write("apps/shop/kustomization.yaml", "resources: [deployment.yaml, ../../base]\n")
        .write("apps/shop/deployment.yaml", "kind: Deployment\nmetadata: {name: shop}\n")
        .script("apps/shop/run.sh", "#!/bin/sh\n")
        .link("apps/shop/link", "deployment.yaml")
        .write("apps/blog/deployment.yaml", "kind: Deployment\nmetadata: {name: blog}\n")
        .write("base/kustomization.yaml", "resources: [service.yaml]\n")
        .write("base/service.yaml", "kind: Service\nmetadata: {name: x}\n");
    let id = author.commit("Good");
    author.publish();
    id
}

/// Breaks the shop. Answers with the bad commit.
pub(super) fn bad(author: &Author) -> String {
    author.write("apps/shop/deployment.yaml", "kind: Deployment\nmetadata: {name: broken}\n");
    let id = author.commit("Bad");
    author.publish();
    id
}

pub(super) fn shop(good: &str, bad: &str) -> Look {
    Look {
        branch: "main".to_owned(),
        paths: vec!["apps/shop".to_owned()],
        bad: bad.to_owned(),
        good: Some(good.to_owned()),
        deployed: Some(bad.to_owned()),
        key: KEY.to_owned(),
        ..Look::default()
    }
}
