//! The certificate authorities that a server is checked by: the system's, or those in `SSL_CERT_FILE` and `SSL_CERT_DIR`.

use std::fmt;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// There is nobody to check a server by.
#[derive(Debug, thiserror::Error)]
pub enum NoRoots {
    /// The store was found and is empty.
    #[error(
        "no certificate authorities were found; install the system's (`ca-certificates`), or name a file of them in SSL_CERT_FILE"
    )]
    Empty,
    /// The store could not be read.
    #[error(
        "the certificate authorities could not be read; see SSL_CERT_FILE and SSL_CERT_DIR, or install the system's (`ca-certificates`)"
    )]
    Unreadable(#[source] rustls_native_certs::Error),
}

/// Certificate authorities beside the system's.
#[derive(Clone, Default)]
pub struct Authorities(Vec<CertificateDer<'static>>);

/// A file holds no certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected certificates in PEM, found none or something broken")]
pub struct InvalidAuthorities;

impl Authorities {
    /// Reads certificates, PEM; there must be one at least.
    ///
    /// # Errors
    /// When there is none, or one is broken.
    pub fn from_pem(pem: &[u8]) -> Result<Self, InvalidAuthorities> {
        let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
        let found = found.map_err(|_says_no_more| InvalidAuthorities)?;
        if found.is_empty() {
            return Err(InvalidAuthorities);
        }
        Ok(Self(found))
    }
}

impl fmt::Debug for Authorities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Authorities({})", self.0.len())
    }
}

/// The same for a connection of our own, by the system's authorities; none where there are none.
pub(super) fn config() -> Option<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return None;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let versions =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    Some(
        versions
            .ok()?
            .with_root_certificates(roots)
            .with_no_client_auth(),
    )
}

/// TLS by aws-lc-rs against the system's authorities, and `further` ones. Reading them takes milliseconds, so only https
/// does.
pub(super) fn tls(further: Option<&Authorities>) -> Result<TlsConfig, NoRoots> {
    let mut found = rustls_native_certs::load_native_certs();
    found
        .certs
        .extend(further.into_iter().flat_map(|it| it.0.iter().cloned()));
    if found.certs.is_empty() {
        return Err(found
            .errors
            .into_iter()
            .next()
            .map_or(NoRoots::Empty, NoRoots::Unreadable));
    }
    let certificates: Vec<_> = found
        .certs
        .iter()
        .map(|certificate| Certificate::from_der(certificate).to_owned())
        .collect();
    Ok(TlsConfig::builder()
        .root_certs(RootCerts::new_with_certs(&certificates))
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .build())
}
