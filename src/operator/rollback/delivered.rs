//! What a record's delivery delivers.

use assay_api::{GitSource, RollbackSpec};
use assay_gitops::{Delivery, find};

use crate::gitops::Gitops;

/// The delivery as it is now.
pub(super) fn delivery(gitops: &Gitops, namespace: &str, spec: &RollbackSpec) -> Option<Delivery> {
    find(gitops, &spec.delivery, namespace)
}

/// What is restored: what is delivered now, as long as the path that failed is a part of that; otherwise that path
/// alone.
pub(super) fn paths(delivery: Option<&Delivery>, source: &GitSource) -> Vec<String> {
    let known = delivery.map(|delivery| delivery.paths.as_slice()).unwrap_or_default();
    let holds = |folder: &String| {
        let rest = source.path.strip_prefix(folder.as_str());
        folder.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    if known.iter().any(holds) { known.to_vec() } else { vec![source.path.clone()] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_judged_is_what_is_restored() {
        let source = GitSource { path: "apps/shop".to_owned(), ..GitSource::default() };
        for (delivered, restored) in [
            (&["apps/shop"][..], &["apps/shop"][..]),
            (&["apps/shop", "base"], &["apps/shop", "base"]),
            (&["apps"], &["apps"]),
            (&[""], &[""]),
            (&["apps/shop2"], &["apps/shop"]),
            (&["other"], &["apps/shop"]),
            (&[], &["apps/shop"]),
        ] {
            let paths = delivered.iter().map(|path| (*path).to_owned()).collect();
            let delivery = Delivery { paths, ..Delivery::default() };
            assert_eq!(self::paths(Some(&delivery), &source), restored, "{delivered:?}");
        }
    }
}
