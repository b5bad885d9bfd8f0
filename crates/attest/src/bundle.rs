//! Sigstore bundles: a signature with its certificate or the hint of a key, log entries and timestamps, in one JSON
//! document (sigstore/protobuf-specs, `sigstore_bundle.proto`), and the check that ties it to an artifact.

mod convert;
mod error;
mod read;

use jiff::Timestamp;

pub use error::{BundleError, BundleVerifyError};
pub use read::{MAX_BUNDLE_BYTES, MAX_CHAIN_CERTIFICATES, MAX_TIMESTAMPS};

use crate::artifact::Artifact;
use crate::certificate::{CertificateError, CertificateFacts, Profile, SigningCertificate};
use crate::crypto::Hash;
use crate::entry::TransparencyEntry;
use crate::identity::{Claims, Identity};
use crate::json;
use crate::log::{LogEntryFacts, SignedTime};
use crate::managed_key::ManagedKey;
use crate::publisher::{self, Mismatch};
use crate::root::TrustRoot;
use crate::stamp::Token;
use crate::statement::{PAYLOAD_TYPE, STATEMENT_TYPE, Statement};
use crate::verify::{Content, Evidence, Signer, establish};

/// `_type` of an in-toto Statement before version 1, which npm's provenance and others still have.
const OLD_STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v0.1";

/// A bundle, read but not judged: [`verify_bundle`] does that.
#[derive(Clone, Debug)]
pub struct Bundle {
    media_type: MediaType,
    signer: BundleSigner,
    entries: Vec<TransparencyEntry>,
    timestamps: Vec<Token>,
    content: BundleContent,
    signature: Vec<u8>,
}

/// Version of the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MediaType {
    /// `application/vnd.dev.sigstore.bundle+json;version=0.1`: log entries have a promise.
    V0_1,
    /// `…;version=0.2`: log entries have an inclusion proof.
    V0_2,
    /// `application/vnd.dev.sigstore.bundle.v0.3+json`, or in the spelling of the older ones: a single certificate.
    V0_3,
}

/// Whose signature the bundle says that it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BundleSigner {
    /// The holder of the first certificate, DER; the others are said to stand above it.
    Certificates(Vec<Vec<u8>>),
    /// Whoever has a key that the verifier must know, with a hint which one.
    Key {
        /// Free text.
        hint: String,
    },
}

/// What was signed.
#[derive(Clone, Debug)]
pub enum BundleContent {
    /// A DSSE envelope with an in-toto statement.
    Statement {
        /// The payload as signed.
        payload: Vec<u8>,
        /// What it says.
        statement: Box<Statement>,
    },
    /// The artifact itself. The digest is what the signer says that it is of.
    Artifact {
        /// The hash's function and value, where the bundle has them.
        digest: Option<(Hash, Vec<u8>)>,
    },
}

impl Bundle {
    /// The version of its format.
    pub fn media_type(&self) -> MediaType {
        self.media_type
    }

    /// Whose signature it says that it is.
    pub fn signer(&self) -> &BundleSigner {
        &self.signer
    }

    /// The signing certificate, DER, if there is one.
    pub fn certificate(&self) -> Option<&[u8]> {
        match &self.signer {
            BundleSigner::Certificates(certificates) => certificates.first().map(Vec::as_slice),
            BundleSigner::Key { .. } => None,
        }
    }

    /// What that certificate says, without proof; `None` where there is none.
    pub fn certificate_facts(&self) -> Option<Result<CertificateFacts, CertificateError>> {
        let certificate = SigningCertificate::parse(self.certificate()?, Profile::Bundle);
        Some(certificate.map(CertificateFacts::from))
    }

    /// What was signed.
    pub fn content(&self) -> &BundleContent {
        &self.content
    }

    /// The statement that was signed, if it was one.
    pub fn statement(&self) -> Option<&Statement> {
        match &self.content {
            BundleContent::Statement { statement, .. } => Some(statement),
            BundleContent::Artifact { .. } => None,
        }
    }

    /// The transparency log entries.
    pub fn transparency_entries(&self) -> &[TransparencyEntry] {
        &self.entries
    }

    /// The RFC 3161 timestamps of the signature.
    pub fn timestamps(&self) -> &[Token] {
        &self.timestamps
    }

    /// The signature.
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }
}

/// Checks everything that the cryptography, the log and timestamps prove of a bundle, whoever made it:
///
/// 1. where `key` is given, the bundle is signed by a key and not by a certificate's holder; where not, the other way
///    round;
/// 2. a statement is in-toto's version 1 or 0.1, and one of its subjects is the artifact: each of SHA-256, SHA-384 and
///    SHA-512 that both have is the same, and there is one; a digest beside a signature of the artifact is the artifact's;
/// 3. what steps 5 to 20 of [`verify`](crate::verify()) say, with these differences: any known kind of key may have
///    signed; Rekor v1's entries of kind `hashedrekord` and `intoto` are read as well, and their checkpoints may bear
///    another name than the log's address (its key alone selects it); a root without certificate logs, or without
///    transparency logs, asks for none of their words; a managed key, which does not expire, needs no proved time.
pub fn verify_bundle(
    artifact: &Artifact,
    bundle: &Bundle,
    key: Option<&ManagedKey>,
    root: &TrustRoot,
    now: Timestamp,
) -> Result<ProvenBundle, BundleVerifyError> {
    let signer = match (&bundle.signer, key) {
        (BundleSigner::Certificates(certificates), None) => {
            let (der, intermediates) = certificates
                .split_first()
                .ok_or(BundleVerifyError::NoCertificate)?;
            Signer::Certificate { der, intermediates }
        }
        (BundleSigner::Key { .. }, Some(key)) => Signer::Key(key),
        (BundleSigner::Certificates(_), Some(_)) => return Err(BundleVerifyError::NotByKey),
        (BundleSigner::Key { hint }, None) => {
            return Err(BundleVerifyError::NoCertificateButKey {
                hint: json::shown(hint),
            });
        }
    };
    let content = check_content(artifact, &bundle.content)?;
    let hash = match &bundle.content {
        BundleContent::Artifact { digest } => digest.as_ref().map(|(hash, _)| *hash),
        BundleContent::Statement { .. } => None,
    };
    let evidence = Evidence {
        profile: Profile::Bundle,
        signer,
        content,
        hash,
        signature: &bundle.signature,
        entries: &bundle.entries,
        timestamps: &bundle.timestamps,
    };
    let established = establish(&evidence, root, now, None)?;
    let holder = established.holder;
    let certificate = holder.as_ref().map(|holder| holder.certificate());
    Ok(ProvenBundle {
        identity: certificate.map(|it| it.identity.clone()),
        claims: certificate.map(|it| it.claims.clone()).unwrap_or_default(),
        entries: established.entries,
        times: established.times,
    })
}

/// Step 2.
fn check_content<'a>(
    artifact: &'a Artifact,
    content: &'a BundleContent,
) -> Result<Content<'a>, BundleVerifyError> {
    match content {
        BundleContent::Statement { payload, statement } => {
            check_statement(artifact, statement)?;
            Ok(Content::envelope(PAYLOAD_TYPE, payload))
        }
        BundleContent::Artifact { digest } => {
            if let Some((hash, stated)) = digest {
                let actual = artifact.digest(*hash);
                let actual = actual.ok_or(BundleVerifyError::DigestNotKnown { hash: *hash })?;
                if actual != stated.as_slice() {
                    return Err(BundleVerifyError::OtherArtifact {
                        expected: hex::encode(actual),
                        found: hex::encode(stated),
                    });
                }
            }
            Ok(Content::Artifact(artifact))
        }
    }
}

/// Every digest that both the statement's subject and the caller know must be the same, and there must be one.
fn check_statement(artifact: &Artifact, statement: &Statement) -> Result<(), BundleVerifyError> {
    if ![STATEMENT_TYPE, OLD_STATEMENT_TYPE].contains(&statement.type_uri()) {
        return Err(BundleVerifyError::StatementType {
            found: json::shown(statement.type_uri()),
        });
    }
    let hashes = [
        ("sha256", Hash::Sha256),
        ("sha384", Hash::Sha384),
        ("sha512", Hash::Sha512),
    ];
    let is_about = |subject: &crate::statement::Subject| {
        let mut common = hashes.iter().filter_map(|(name, hash)| {
            let stated = subject.digests.get(*name)?;
            let actual = artifact.digest(*hash)?;
            Some(stated.eq_ignore_ascii_case(&hex::encode(actual)))
        });
        let first = common.next();
        first == Some(true) && common.all(|same| same)
    };
    if statement.subjects().iter().any(is_about) {
        return Ok(());
    }
    Err(BundleVerifyError::NotASubject {
        subjects: statement.subjects().len(),
    })
}

/// What [`verify_bundle`] proved: this artifact was signed at these times by the holder of this identity, or of the key
/// that was given. It does not say that the identity is the right one: [`by_identity`](Self::by_identity) does.
#[derive(Clone, Debug)]
pub struct ProvenBundle {
    identity: Option<Identity>,
    claims: Claims,
    entries: Vec<LogEntryFacts>,
    times: Vec<SignedTime>,
}

impl ProvenBundle {
    /// Who signed; `None` where it was the given key.
    pub fn identity(&self) -> Option<&Identity> {
        self.identity.as_ref()
    }

    /// What the certificate says of the build.
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// Each log entry, in the bundle's order.
    pub fn log_entries(&self) -> &[LogEntryFacts] {
        &self.entries
    }

    /// Every time at which it is proved to have been signed, one at least where a certificate's holder signed.
    pub fn times(&self) -> &[SignedTime] {
        &self.times
    }

    /// Whether the signer is `san`, vouched for by `issuer`: both compared exactly.
    pub fn by_identity(self, san: &str, issuer: &str) -> Result<Self, Mismatch> {
        let identity = self
            .identity
            .as_ref()
            .ok_or(Mismatch::NoIdentity { kind: "public key" })?;
        publisher::issued_by(identity, issuer)?;
        let found = publisher::only_name(identity, san)?.as_str();
        publisher::same("subject alternative name", san, Some(found))?;
        Ok(self)
    }
}
