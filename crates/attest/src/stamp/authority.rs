//! The timestamp authorities of a trust root, and which of them a token's signer belongs to.

use std::fmt;

use der::asn1::ObjectIdentifier;
use jiff::Timestamp;

use super::certificate::Certificate;
use super::{StampError, Token};
use crate::crypto::{Algorithm, Hash, KeyKind, Provider, PublicKey};

/// Certificates of one authority, from its signer's up. Three in GitHub's, the longest in use.
pub const MAX_AUTHORITY_CERTIFICATES: usize = 8;

/// RFC 8017 §A.1: an RSA key. CMS may name it as the signature's algorithm, with the hash beside it (RFC 3370 §3.2).
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// A timestamp authority of a trust root, its certificates read and its signer's key prepared once.
pub struct Authority {
    uri: String,
    start: Option<Timestamp>,
    end: Option<Timestamp>,
    /// The signer that the root names, if it names one.
    own: Option<OwnSigner>,
    /// Certificate authorities, each signed by the next.
    chain: Vec<Certificate>,
}

pub(super) struct OwnSigner {
    certificate: Certificate,
    kind: KeyKind,
    /// For each algorithm of the key that the provider has.
    keys: Vec<(Algorithm, Box<dyn PublicKey>)>,
}

impl Authority {
    /// An authority of a root. `certificates` are DER, from the signer's up, each signed by the next; or those of
    /// certificate authorities alone, and then the signer's is embedded in each token. `start` and `end` are when the
    /// root believes the authority, both included, an absent one open.
    ///
    /// # Errors
    ///
    /// What [`StampError`] has under "Certificates".
    pub fn read(
        uri: &str,
        certificates: &[Vec<u8>],
        start: Option<Timestamp>,
        end: Option<Timestamp>,
        provider: &dyn Provider,
    ) -> Result<Self, StampError> {
        if !(1..=MAX_AUTHORITY_CERTIFICATES).contains(&certificates.len()) {
            return Err(StampError::CertificateCount {
                found: certificates.len(),
            });
        }
        let read = |(position, der): (usize, &Vec<u8>)| {
            Certificate::read(der).map_err(|source| StampError::Certificate {
                position: position + 1,
                source,
            })
        };
        let certificates = certificates.iter().enumerate().map(read);
        let mut chain: Vec<Certificate> = certificates.collect::<Result<_, _>>()?;
        let has_signer = chain.first().is_some_and(|first| !first.is_authority());
        let own = if has_signer {
            let certificate = chain.remove(0);
            certificate.may_stamp()?;
            if let Some(issuer) = chain.first() {
                is_issued_by(&certificate, issuer, provider)?;
            }
            Some(OwnSigner::new(certificate, provider)?)
        } else {
            None
        };
        for (below, issuer) in chain.iter().enumerate() {
            issuer.may_issue(below)?;
            if let Some(above) = chain.get(below + 1) {
                is_issued_by(issuer, above, provider)?;
            }
        }
        Ok(Self {
            uri: uri.to_owned(),
            start,
            end,
            own,
            chain,
        })
    }

    /// What the root calls it.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    fn is_believed_at(&self, time: Timestamp) -> bool {
        self.start.is_none_or(|start| start <= time) && self.end.is_none_or(|end| time <= end)
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority")
            .field("uri", &self.uri)
            .field("start", &self.start)
            .field("end", &self.end)
            .finish_non_exhaustive()
    }
}

fn is_issued_by(
    certificate: &Certificate,
    issuer: &Certificate,
    provider: &dyn Provider,
) -> Result<(), StampError> {
    if !certificate.names_issuer(issuer) {
        return Err(StampError::BrokenChain {
            subject: certificate.subject(),
        });
    }
    certificate.is_signed_by(issuer, provider)
}

impl OwnSigner {
    fn new(certificate: Certificate, provider: &dyn Provider) -> Result<Self, StampError> {
        let kind = certificate.key_kind()?;
        let hashes = [Hash::Sha256, Hash::Sha384, Hash::Sha512];
        let mut keys: Vec<(Algorithm, Box<dyn PublicKey>)> = Vec::new();
        let mut error = None;
        for algorithm in hashes.map(|hash| Algorithm::with_hash(kind, hash)) {
            if keys.iter().any(|(other, _)| *other == algorithm) {
                continue;
            }
            match provider.key(algorithm, &certificate.key) {
                Ok(key) => keys.push((algorithm, key)),
                Err(source) => error = Some(source),
            }
        }
        match error {
            Some(source) if keys.is_empty() => Err(StampError::Key {
                subject: certificate.subject(),
                source,
            }),
            _ => Ok(Self {
                certificate,
                kind,
                keys,
            }),
        }
    }
}

/// The certificate of a token's signer, on the side of one authority.
pub(super) enum Signer<'a> {
    /// The root has it.
    Own {
        authority: &'a Authority,
        signer: &'a OwnSigner,
    },
    /// The token embeds it.
    Embedded {
        authority: &'a Authority,
        path: Box<Path<'a>>,
    },
}

/// An embedded certificate and those above it, up to the top of an authority's.
pub(super) struct Path<'a> {
    signer: Certificate,
    /// Embedded, from the signer's issuer up.
    embedded: Vec<Certificate>,
    /// The authority's, from the first one that issued an embedded one.
    chain: &'a [Certificate],
}

impl Token {
    /// Who may have signed it: an authority whose own signer it names, or else those that its embedded certificate
    /// names as its issuer. Where a root has the signer's certificate, it also says when that is believed, so a
    /// neighbour under the same issuer is not asked.
    pub(super) fn signers<'a>(&self, authorities: &'a [Authority]) -> Vec<Signer<'a>> {
        let own = authorities.iter().filter_map(|authority| {
            let signer = authority.own.as_ref()?;
            let is_signer = signer.certificate.is(&self.signer);
            is_signer.then_some(Signer::Own { authority, signer })
        });
        let own: Vec<Signer<'a>> = own.collect();
        if !own.is_empty() {
            return own;
        }
        let embedded = authorities.iter().filter_map(|authority| {
            let path = Box::new(self.path_to(authority)?);
            Some(Signer::Embedded { authority, path })
        });
        embedded.collect()
    }

    /// The embedded certificates from the signer's to one that names one of the authority's as its issuer. Unreadable
    /// ones are hints that help nobody.
    fn path_to<'a>(&self, authority: &'a Authority) -> Option<Path<'a>> {
        let certificates = self.certificates().iter();
        let mut unused: Vec<Certificate> = certificates
            .filter_map(|der| Certificate::read(der).ok())
            .collect();
        let signer = unused.iter().position(|it| it.is(&self.signer))?;
        let signer = unused.swap_remove(signer);
        let mut embedded: Vec<Certificate> = Vec::new();
        loop {
            let last = embedded.last().unwrap_or(&signer);
            let issuer = authority.chain.iter().position(|it| last.names_issuer(it));
            if let Some(chain) = issuer.and_then(|issuer| authority.chain.get(issuer..)) {
                return Some(Path {
                    signer,
                    embedded,
                    chain,
                });
            }
            let issuer = unused.iter().position(|it| last.names_issuer(it))?;
            embedded.push(unused.swap_remove(issuer));
        }
    }
}

impl Signer<'_> {
    pub(super) fn authority(&self) -> &Authority {
        match self {
            Self::Own { authority, .. } | Self::Embedded { authority, .. } => authority,
        }
    }

    pub(super) fn certificate(&self) -> &Certificate {
        match self {
            Self::Own { signer, .. } => &signer.certificate,
            Self::Embedded { path, .. } => &path.signer,
        }
    }

    /// The certificates above the signer's, in order.
    fn above(&self) -> impl Iterator<Item = &Certificate> {
        let (embedded, chain): (&[Certificate], &[Certificate]) = match self {
            Self::Own { authority, .. } => (&[], &authority.chain),
            Self::Embedded { path, .. } => (&path.embedded, path.chain),
        };
        embedded.iter().chain(chain)
    }

    /// Whether the authority issued an embedded certificate for timestamps. The root's own were checked when read.
    pub(super) fn is_issued(&self, provider: &dyn Provider) -> Result<(), StampError> {
        let Self::Embedded { path, .. } = self else {
            return Ok(());
        };
        path.signer.may_stamp()?;
        let mut certificate = &path.signer;
        for (below, issuer) in self.above().enumerate() {
            issuer.may_issue(below)?;
            // Those above are the authority's, and checked.
            if below <= path.embedded.len() {
                certificate.is_signed_by(issuer, provider)?;
            }
            certificate = issuer;
        }
        Ok(())
    }

    /// Whether the root believes the authority at `time`, and the signer's certificate and each above it are valid.
    pub(super) fn is_valid_at(&self, time: Timestamp) -> Result<(), StampError> {
        let authority = self.authority();
        if !authority.is_believed_at(time) {
            return Err(StampError::OutsideWindow {
                authority: authority.uri.clone(),
                time,
            });
        }
        self.certificate().is_valid_at(time)?;
        self.above().try_for_each(|it| it.is_valid_at(time))
    }

    /// Whether the signer signed the token's attributes.
    pub(super) fn verify(&self, token: &Token, provider: &dyn Provider) -> Result<(), StampError> {
        let message = &token.attributes.der;
        let checked = match self {
            Self::Own { signer, .. } => {
                let algorithm = algorithm(token, signer.kind)?;
                let key = signer.keys.iter().find(|(it, _)| *it == algorithm);
                let (_, key) = key.ok_or_else(|| unfit(token))?;
                key.verify(message, &token.signature)
            }
            Self::Embedded { path, .. } => {
                let algorithm = algorithm(token, path.signer.key_kind()?)?;
                let key = provider.key(algorithm, &path.signer.key);
                let key = key.map_err(|source| StampError::Key {
                    subject: path.signer.subject(),
                    source,
                })?;
                key.verify(message, &token.signature)
            }
        };
        checked.map_err(StampError::Signature)
    }
}

/// How a key of this kind made the token's signature. Ed25519 hashes in its own way, so the signer's hash is free there.
fn algorithm(token: &Token, kind: KeyKind) -> Result<Algorithm, StampError> {
    let named = if token.signature_algorithm == RSA_ENCRYPTION && kind == KeyKind::Rsa {
        Some(Algorithm::with_hash(kind, token.hash))
    } else {
        Algorithm::of_signature(token.signature_algorithm, kind)
    };
    let fits = |it: &Algorithm| it.hash().is_none_or(|hash| hash == token.hash);
    named.filter(fits).ok_or_else(|| unfit(token))
}

fn unfit(token: &Token) -> StampError {
    StampError::SignatureAlgorithm {
        oid: token.signature_algorithm.to_string(),
    }
}
