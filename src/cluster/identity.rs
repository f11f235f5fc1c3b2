//! Who is behind a token, and what they may do.

use std::collections::BTreeMap;

use k8s_openapi::api::authentication::v1::{TokenReview, TokenReviewSpec};
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec, SubjectAccessReview,
    SubjectAccessReviewSpec,
};
use kube::Api;
use kube::api::PostParams;

use crate::connect::{Cluster, within};
use crate::error::ClusterError;

/// Somebody, as the API server knows them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Identity {
    /// User name, for example `system:serviceaccount:NS:NAME`.
    pub username: String,
    /// uid; empty when the authenticator knows none.
    pub uid: String,
    /// Groups.
    pub groups: Vec<String>,
    /// Further facts, for example the pod to which a token is bound.
    pub extra: BTreeMap<String, Vec<String>>,
}

/// One thing that somebody wants to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Access<'a> {
    /// `get`, `list`, `create`, ...
    pub verb: &'a str,
    /// API group, for example `assay.dev`; empty for the core group.
    pub group: &'a str,
    /// Plural of the kind.
    pub resource: &'a str,
    /// Part of the object, for example `log`; empty for the object itself.
    pub subresource: &'a str,
    /// Namespace; empty for all.
    pub namespace: &'a str,
    /// Name; empty for all.
    pub name: &'a str,
}

impl Access<'_> {
    fn attributes(&self) -> ResourceAttributes {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        ResourceAttributes {
            group: some(self.group),
            resource: some(self.resource),
            subresource: some(self.subresource),
            verb: some(self.verb),
            namespace: some(self.namespace),
            name: some(self.name),
            ..ResourceAttributes::default()
        }
    }
}

impl Cluster {
    /// Who is behind a bearer token; `None` when the token is not good, or not
    /// good for the audience. Without an audience the API server's own is meant.
    ///
    /// # Errors
    /// When the API server does not answer, or refuses us the question.
    pub async fn review_token(&self, token: &str, audience: Option<&str>) -> Result<Option<Identity>, ClusterError> {
        let review = TokenReview {
            spec: TokenReviewSpec {
                token: Some(token.to_owned()),
                audiences: audience.map(|audience| vec![audience.to_owned()]),
            },
            ..TokenReview::default()
        };
        let api = Api::<TokenReview>::all(self.client.clone());
        let answer = within("have a token reviewed", api.create(&PostParams::default(), &review)).await?;
        let Some(status) = answer.status.filter(|status| status.authenticated == Some(true)) else {
            return Ok(None);
        };
        // An API server that does not know audiences leaves the list empty: then nobody checked.
        let heard = |wanted: &str| status.audiences.iter().flatten().any(|audience| audience == wanted);
        if audience.is_some_and(|wanted| !heard(wanted)) {
            return Ok(None);
        }
        let Some(user) = status.user else { return Ok(None) };
        let Some(username) = user.username.filter(|name| !name.is_empty()) else { return Ok(None) };
        Ok(Some(Identity {
            username,
            uid: user.uid.unwrap_or_default(),
            groups: user.groups.unwrap_or_default(),
            extra: user.extra.unwrap_or_default(),
        }))
    }

    /// Whether somebody may do something.
    ///
    /// # Errors
    /// When the API server does not answer, or refuses us the question.
    pub async fn may(&self, identity: &Identity, access: &Access<'_>) -> Result<bool, ClusterError> {
        let review = SubjectAccessReview {
            spec: SubjectAccessReviewSpec {
                user: Some(identity.username.clone()),
                uid: Some(identity.uid.clone()).filter(|uid| !uid.is_empty()),
                groups: Some(identity.groups.clone()),
                extra: Some(identity.extra.clone()).filter(|extra| !extra.is_empty()),
                resource_attributes: Some(access.attributes()),
                ..SubjectAccessReviewSpec::default()
            },
            ..SubjectAccessReview::default()
        };
        let api = Api::<SubjectAccessReview>::all(self.client.clone());
        let answer = within("have a right reviewed", api.create(&PostParams::default(), &review)).await?;
        Ok(answer.status.is_some_and(|status| status.allowed && status.denied != Some(true)))
    }

    /// Whether we may do something ourselves.
    ///
    /// # Errors
    /// When the API server does not answer.
    pub async fn can_i(&self, access: &Access<'_>) -> Result<bool, ClusterError> {
        let review = SelfSubjectAccessReview {
            spec: SelfSubjectAccessReviewSpec {
                resource_attributes: Some(access.attributes()),
                ..SelfSubjectAccessReviewSpec::default()
            },
            ..SelfSubjectAccessReview::default()
        };
        let api = Api::<SelfSubjectAccessReview>::all(self.client.clone());
        let answer = within("have our own right reviewed", api.create(&PostParams::default(), &review)).await?;
        Ok(answer.status.is_some_and(|status| status.allowed))
    }
}
