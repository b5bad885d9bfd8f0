//! The certificate authorities that a server is checked by: the system's, or those in `SSL_CERT_FILE` and `SSL_CERT_DIR`.

use std::sync::Arc;

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

/// TLS by aws-lc-rs against the system's authorities. Reading them takes milliseconds, so only https does.
pub(super) fn tls() -> Result<TlsConfig, NoRoots> {
    let found = rustls_native_certs::load_native_certs();
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
