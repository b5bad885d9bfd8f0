//! TLS, which the server speaks itself: uv and twine exchange ID tokens over https alone.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

/// Why TLS cannot be spoken.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// One key without the other.
    #[error("expected both `tls_cert` and `tls_key`, or neither")]
    Half,
    /// A file.
    #[error("expected {expected} in PEM in {}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What it should hold.
        expected: &'static str,
        /// Why it does not.
        source: rustls_pki_types::pem::Error,
    },
    /// The chain is empty.
    #[error("there is no certificate in {}", .path.display())]
    NoCertificate {
        /// Which file.
        path: PathBuf,
    },
    /// Both do not fit together, or are of a kind that nobody uses.
    #[error("the certificate in {} and the key in {} are not usable together", .certificate.display(), .key.display())]
    Pair {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's.
        key: PathBuf,
        /// Why not.
        source: rustls::Error,
    },
}

/// What accepts TLS connections, if the operator named certificate and key. Both are read once, at start.
///
/// # Errors
/// When one is missing, cannot be read, or does not fit the other.
pub(crate) fn acceptor(
    certificate: Option<&Path>,
    key: Option<&Path>,
) -> Result<Option<TlsAcceptor>, TlsError> {
    match (certificate, key) {
        (None, None) => Ok(None),
        (Some(certificate), Some(key)) => Ok(Some(load(certificate, key)?)),
        (Some(_), None) | (None, Some(_)) => Err(TlsError::Half),
    }
}

fn load(certificate: &Path, key: &Path) -> Result<TlsAcceptor, TlsError> {
    let bad = |path: &Path, expected| {
        let path = path.to_owned();
        move |source| TlsError::File {
            path,
            expected,
            source,
        }
    };
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(bad(certificate, "a certificate chain"))?;
    if chain.is_empty() {
        return Err(TlsError::NoCertificate {
            path: certificate.to_owned(),
        });
    }
    let secret = PrivateKeyDer::from_pem_file(key).map_err(bad(key, "a private key"))?;
    let unfit = |source| TlsError::Pair {
        certificate: certificate.to_owned(),
        key: key.to_owned(),
        source,
    };
    // Named, not the process's default: who embeds the server may have installed another.
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(unfit)?
        .with_no_client_auth()
        .with_single_cert(chain, secret)
        .map_err(unfit)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
