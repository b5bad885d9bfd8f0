//! The certificate authority, as Fulcio speaks: a key and an ID token in, a certificate out.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use touchplate_attest::id_token::ReceivedToken;
use touchplate_trust::authority::{
    self, Authority, CertificateLogError, CertifiedIdentity, IdentityError, IssueError, IssuerKind,
    KeyRequestError, ProvenKey,
};

use super::TrustStack;
use super::limits::WithinLimits;
use crate::api::v1::body::JsonBody;
use crate::app::App;
use crate::outbound::{InForce, Issuer, Issuers, TokenRefused};
use crate::problem::Problem;

/// A token of 16 KiB, a request of 8 KiB in base64, and room for their names.
const MAX_BODY_BYTES: usize = 32 << 10;

/// A key set that is not to be had is asked for again after ten seconds.
const KEYS_AGAIN: HeaderValue = HeaderValue::from_static("10");

/// The authority and those whom it believes.
#[derive(Debug)]
pub struct Ca {
    authority: Authority,
    issuers: InForce,
    /// Each chain from the issuing certificate up to the root, PEM.
    chains: Vec<Vec<String>>,
}

impl Ca {
    /// An authority that believes these issuers.
    ///
    /// # Errors
    /// When a certificate has no PEM, which none is without.
    pub fn new(authority: Authority, issuers: Arc<Issuers>) -> Result<Self, UnwrittenChain> {
        let chains = authority.chains().map(chain_to_pem);
        let chains = chains.collect::<Result<_, _>>()?;
        Ok(Self {
            authority,
            issuers: InForce::new(issuers),
            chains,
        })
    }

    /// Believes these issuers from now on.
    pub(crate) fn believe(&self, issuers: Arc<Issuers>) {
        self.issuers.replace(issuers);
    }
}

/// A certificate cannot be written as PEM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a certificate of the authority cannot be written as PEM")]
pub struct UnwrittenChain;

fn chain_to_pem(chain: &[Vec<u8>]) -> Result<Vec<String>, UnwrittenChain> {
    let pem = chain.iter().map(|it| authority::to_pem(it));
    pem.collect::<Result<_, _>>().map_err(|_| UnwrittenChain)
}

/// `/trust/ca/…`, and the same at the host root: sigstore-python drops a base path.
pub(crate) fn router() -> Router<App> {
    let at = |base: &str| {
        Router::new()
            .route(
                &format!("{base}/api/v2/signingCert"),
                post(signing_cert).fallback(async || Problem::method_not_allowed("POST")),
            )
            .route(
                &format!("{base}/api/v2/trustBundle"),
                get(trust_bundle).fallback(async || Problem::method_not_allowed("GET, HEAD")),
            )
            .route(
                &format!("{base}/api/v2/configuration"),
                get(configuration).fallback(async || Problem::method_not_allowed("GET, HEAD")),
            )
    };
    at("").merge(at("/trust/ca"))
}

/// Fulcio's `CreateSigningCertificateRequest`. Fields that are not here change nothing.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SigningRequest {
    credentials: Option<Credentials>,
    /// PEM, base64.
    #[serde(alias = "certificate_signing_request")]
    certificate_signing_request: Option<String>,
    #[serde(alias = "public_key_request")]
    public_key_request: Option<PublicKeyRequest>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Credentials {
    #[serde(alias = "oidc_identity_token")]
    oidc_identity_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PublicKeyRequest {
    #[serde(alias = "public_key")]
    public_key: PublicKey,
    /// A signature, base64.
    #[serde(alias = "proof_of_possession")]
    proof_of_possession: String,
}

/// Its algorithm stands in the key.
#[derive(Deserialize)]
struct PublicKey {
    /// PEM.
    content: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SigningAnswer {
    signed_certificate_embedded_sct: Embedded,
}

#[derive(Serialize)]
struct Embedded {
    chain: Chain,
}

#[derive(Serialize)]
struct Chain {
    certificates: Vec<String>,
}

#[derive(Serialize)]
struct Bundle {
    chains: Vec<Chain>,
}

#[derive(Serialize)]
struct Configuration<'c> {
    issuers: Vec<ConfiguredIssuer<'c>>,
}

/// Fulcio's `OIDCIssuer`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ConfiguredIssuer<'c> {
    issuer_url: &'c str,
    audience: &'c str,
    challenge_claim: &'static str,
    issuer_type: &'static str,
}

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
enum SigningRefused {
    #[error("the request is not readable")]
    Form(#[source] serde_json::Error),
    #[error(
        "expected an ID token in `credentials.oidcIdentityToken` or as a bearer token, found none"
    )]
    NoToken,
    #[error("the ID token is not accepted")]
    Token(#[source] TokenRefused),
    #[error("the ID token gives no right to a certificate")]
    Identity(#[source] IdentityError),
    #[error("expected either `certificateSigningRequest` or `publicKeyRequest`, found {found}")]
    NoKey { found: &'static str },
    #[error("expected base64 as `{field}`")]
    Base64 {
        field: &'static str,
        source: base64::DecodeError,
    },
    #[error("the key is not accepted")]
    Key(#[source] KeyRequestError),
    #[error("the certificate could not be issued")]
    Issue(#[source] IssueError),
    #[error("the certificate could not be written")]
    Written(#[source] UnwrittenChain),
}

impl From<SigningRefused> for Problem {
    fn from(error: SigningRefused) -> Self {
        match &error {
            SigningRefused::Form(_)
            | SigningRefused::NoToken
            | SigningRefused::NoKey { .. }
            | SigningRefused::Base64 { .. }
            | SigningRefused::Key(_) => Self::client(StatusCode::BAD_REQUEST, &error),
            // As Fulcio answers tokens: 400, and not 401.
            SigningRefused::Token(TokenRefused::Token(_) | TokenRefused::UnknownIssuer { .. }) => {
                Self::client(StatusCode::BAD_REQUEST, &error)
            }
            SigningRefused::Token(TokenRefused::Keys { .. }) => {
                Self::client(StatusCode::SERVICE_UNAVAILABLE, &error).with(RETRY_AFTER, KEYS_AGAIN)
            }
            SigningRefused::Identity(
                IdentityError::NotAllowed { .. } | IdentityError::Required { .. },
            ) => Self::client(StatusCode::FORBIDDEN, &error),
            SigningRefused::Identity(
                IdentityError::Missing { .. }
                | IdentityError::Form { .. }
                | IdentityError::Unverified
                | IdentityError::NoCertificates { .. }
                | IdentityError::TooLong,
            ) => Self::client(StatusCode::BAD_REQUEST, &error),
            SigningRefused::Issue(IssueError::Log(CertificateLogError::Busy)) => {
                const AT_ONCE: HeaderValue = HeaderValue::from_static("1");
                Self::client(StatusCode::SERVICE_UNAVAILABLE, &error).with(RETRY_AFTER, AT_ONCE)
            }
            SigningRefused::Issue(_) | SigningRefused::Written(_) => Self::internal(&error),
        }
    }
}

/// `POST /api/v2/signingCert`: a certificate for whom the token names and whose key the request proves.
async fn signing_cert(
    _: WithinLimits,
    State(app): State<App>,
    stack: TrustStack,
    headers: HeaderMap,
    JsonBody(body): JsonBody<MAX_BODY_BYTES>,
) -> Result<Response, Problem> {
    let request: SigningRequest = serde_json::from_slice(&body).map_err(SigningRefused::Form)?;
    let now = app.clock.now();
    let ca = &stack.ca;
    let token = token(&request, &headers).ok_or(SigningRefused::NoToken)?;
    let identity = ca.identify(token, now).await?;
    stack
        .limits
        .check_identity(identity.issuer(), identity.name().as_str())
        .await?;
    let key = key(&request, &identity)?;
    let issued = ca.authority.issue(&identity, &key, now).await;
    let issued = issued.map_err(SigningRefused::Issue)?;
    let own = [issued.certificate];
    let chain = chain_to_pem(&own).and_then(|mut chain| {
        chain.extend(chain_to_pem(issued.above)?);
        Ok(chain)
    });
    let answer = SigningAnswer {
        signed_certificate_embedded_sct: Embedded {
            chain: Chain {
                certificates: chain.map_err(SigningRefused::Written)?,
            },
        },
    };
    Ok(Json(answer).into_response())
}

impl Ca {
    async fn identify(
        &self,
        token: &str,
        now: jiff::Timestamp,
    ) -> Result<CertifiedIdentity, SigningRefused> {
        let read = ReceivedToken::parse(token).map_err(TokenRefused::Token);
        let read = read.map_err(SigningRefused::Token)?;
        let issuers = self.issuers.current();
        let issuer = issuers.of(&read).map_err(SigningRefused::Token)?;
        let token = issuer.prove(read, issuer.signing_audiences(), now).await;
        let token = token.map_err(SigningRefused::Token)?;
        let identity = issuer.policy().identify(&token);
        identity.map_err(SigningRefused::Identity)
    }
}

/// The body's token, or else the header's.
fn token<'r>(request: &'r SigningRequest, headers: &'r HeaderMap) -> Option<&'r str> {
    let credentials = request.credentials.as_ref();
    let given = credentials.and_then(|it| it.oidc_identity_token.as_deref());
    given.filter(|token| !token.is_empty()).or_else(|| {
        let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
        let (scheme, token) = value.split_once(' ')?;
        let token = token.trim();
        (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
    })
}

fn key(
    request: &SigningRequest,
    identity: &CertifiedIdentity,
) -> Result<ProvenKey, SigningRefused> {
    let decode = |field, text: &str| {
        let decoded = STANDARD.decode(text);
        decoded.map_err(|source| SigningRefused::Base64 { field, source })
    };
    let proven = match (
        &request.certificate_signing_request,
        &request.public_key_request,
    ) {
        (Some(csr), None) => ProvenKey::from_request(&decode("certificateSigningRequest", csr)?),
        (None, Some(asked)) => ProvenKey::from_proof(
            asked.public_key.content.as_bytes(),
            &decode("proofOfPossession", &asked.proof_of_possession)?,
            identity.challenges(),
        ),
        (None, None) => return Err(SigningRefused::NoKey { found: "neither" }),
        (Some(_), Some(_)) => return Err(SigningRefused::NoKey { found: "both" }),
    };
    proven.map_err(SigningRefused::Key)
}

/// Clients ask before they sign; a rotation must reach them at once.
const REVALIDATE: (axum::http::HeaderName, HeaderValue) = (
    CACHE_CONTROL,
    HeaderValue::from_static("public, max-age=0, must-revalidate"),
);

/// `GET /api/v2/trustBundle`: the chains that certificates end in, those of earlier keys too.
async fn trust_bundle(_: WithinLimits, stack: TrustStack) -> Response {
    let chains = stack.ca.chains.iter().cloned();
    let chains = chains.map(|certificates| Chain { certificates });
    let bundle = Bundle {
        chains: chains.collect(),
    };
    ([REVALIDATE], Json(bundle)).into_response()
}

/// `GET /api/v2/configuration`: whose tokens get certificates.
async fn configuration(_: WithinLimits, stack: TrustStack) -> Response {
    let issuers = stack.ca.issuers.current();
    let issuers = issuers.all();
    // From others there are no certificates.
    let issuers = issuers.filter(|issuer| !issuer.policy().allow.is_empty());
    let configuration = Configuration {
        issuers: issuers.map(configured).collect(),
    };
    ([REVALIDATE], Json(&configuration)).into_response()
}

fn configured(issuer: &Issuer) -> ConfiguredIssuer<'_> {
    let (challenge_claim, issuer_type) = match issuer.policy().kind {
        IssuerKind::Google | IssuerKind::Email => ("email", "email"),
        IssuerKind::Kubernetes => ("sub", "kubernetes"),
        IssuerKind::Generic => ("sub", "uri"),
        IssuerKind::GitHub
        | IssuerKind::GitLab
        | IssuerKind::CircleCI
        | IssuerKind::Buildkite
        | IssuerKind::ActiveState => ("sub", "ci-provider"),
    };
    ConfiguredIssuer {
        issuer_url: issuer.url(),
        audience: crate::outbound::SIGSTORE,
        challenge_claim,
        issuer_type,
    }
}
