//! The token with which a caller speaks to Assay's server.

use assay_api::names::SERVICE_ACCOUNT_CLI;
use futures::future::BoxFuture;
use http::header::AUTHORIZATION;
use http::{Request, Response};
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::api::PostParams;
use kube::client::{Body, ConfigExt};
use tower::{BoxError, ServiceBuilder, ServiceExt};

use crate::connect::{Cluster, within};
use crate::error::ClusterError;

type Answer = BoxFuture<'static, Result<Response<Body>, BoxError>>;

/// How long a requested token is good, in seconds; the least that Kubernetes gives.
const SECONDS: i64 = 600;

/// Why no token could be had.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The kubeconfig's own way to a token failed.
    #[error("cannot get a token from the user of the kubeconfig")]
    Credentials(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// There is no stand-in: Assay is not installed there.
    #[error(
        "there is no service account {SERVICE_ACCOUNT_CLI} in namespace {namespace}, so Assay seems not to be \
         installed there; name its namespace with --assay-namespace"
    )]
    NotInstalled {
        /// The namespace in which Assay was looked for.
        namespace: String,
        /// The answer.
        #[source]
        source: ClusterError,
    },
    /// The user has no token, and may not request one for the stand-in.
    #[error(
        "your user has no token of its own, and a token for service account \
         {SERVICE_ACCOUNT_CLI} in namespace {namespace} was not given; ask for the right \
         to create `serviceaccounts/token` there, or use a user with a token"
    )]
    Stand {
        /// The namespace in which Assay is installed.
        namespace: String,
        /// The answer.
        #[source]
        source: ClusterError,
    },
}

impl Cluster {
    /// A bearer token that says who we are: the kubeconfig user's own
    /// (written there, from a file, or from its plugin), else one for the
    /// service account that stands in for users with client certificates.
    ///
    /// A user who impersonates somebody must not lend their own token, so the
    /// stand-in is asked for under the assumed name.
    ///
    /// # Errors
    /// When a plugin fails, or the stand-in's token is not given.
    pub async fn caller_token(&self, system_namespace: &str) -> Result<String, TokenError> {
        if let Some(token) = self.own_token().await.map_err(TokenError::Credentials)? {
            return Ok(token);
        }
        let request = TokenRequest {
            spec: TokenRequestSpec { expiration_seconds: Some(SECONDS), ..TokenRequestSpec::default() },
            ..TokenRequest::default()
        };
        let api = self.api::<ServiceAccount>(system_namespace);
        let params = PostParams::default();
        let answer = within("request a token", api.create_token_request(SERVICE_ACCOUNT_CLI, &params, &request)).await;
        let answer = answer.map_err(|source| {
            let namespace = system_namespace.to_owned();
            if source.not_found() {
                TokenError::NotInstalled { namespace, source }
            } else {
                TokenError::Stand { namespace, source }
            }
        })?;
        Ok(answer.status.map(|status| status.token).unwrap_or_default())
    }

    /// Lets the client's own authentication layer write its header on a
    /// request that goes nowhere: this covers every way that it knows.
    async fn own_token(&self) -> Result<Option<String>, Box<dyn std::error::Error + Send + Sync>> {
        let Some(config) = self.inner.config.clone().filter(|config| config.auth_info.impersonate.is_none()) else {
            return Ok(None);
        };
        // A plugin is run as a process and waited for.
        let Some(layer) = tokio::task::spawn_blocking(move || config.auth_layer()).await?? else {
            return Ok(None);
        };
        let reflect = tower::service_fn(|request: Request<Body>| async move {
            let mut answer = Response::new(Body::empty());
            if let Some(header) = request.headers().get(AUTHORIZATION) {
                answer.headers_mut().insert(AUTHORIZATION, header.clone());
            }
            Ok::<_, BoxError>(answer)
        });
        let service = ServiceBuilder::new().layer(layer).service(reflect);
        // Boxed, because the layer's own future has a type that is too general to be sent.
        let answer: Answer = Box::pin(service.oneshot(Request::new(Body::empty())));
        let answer = answer.await?;
        let header = answer.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        Ok(header.and_then(|value| value.strip_prefix("Bearer ")).map(|token| token.trim().to_owned()))
    }
}
