//! TLS, which the server speaks itself: uv and twine exchange ID tokens over https alone.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use rustls::ServerConfig;
use rustls_pki_types::pem::{self, PemObject as _};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::renewed::Renewed;

/// Of each of both files: a chain of ten certificates has some 20 kilobytes.
const MAX_PEM_BYTES: u64 = 1 << 20;

/// HTTP/2, as TLS names it.
pub(crate) const HTTP_2: &[u8] = b"h2";

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
        source: pem::Error,
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

/// Certificate and key, and what accepts connections with them. Both files are looked at while the server runs.
pub(crate) struct Tls {
    certificate: PathBuf,
    key: PathBuf,
    current: RwLock<TlsAcceptor>,
    files: Mutex<Renewed>,
}

impl Tls {
    /// With the files that the operator named; none without.
    ///
    /// # Errors
    /// When one is missing, cannot be read, or does not fit the other.
    pub(crate) fn open(
        certificate: Option<&Path>,
        key: Option<&Path>,
    ) -> Result<Option<Self>, TlsError> {
        let (certificate, key) = match (certificate, key) {
            (None, None) => return Ok(None),
            (Some(certificate), Some(key)) => (certificate, key),
            (Some(_), None) | (None, Some(_)) => return Err(TlsError::Half),
        };
        let files = Renewed::new([certificate.to_owned(), key.to_owned()]);
        Ok(Some(Self {
            current: RwLock::new(load(certificate, key)?),
            files: Mutex::new(files),
            certificate: certificate.to_owned(),
            key: key.to_owned(),
        }))
    }

    /// What accepts the next connection. Those that are open keep what they began with.
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        let current = self.current.read();
        // Whoever panicked did not leave it half written.
        current.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes up files that have changed. What cannot be used is refused in the log, and the former pair serves on.
    pub(crate) fn look_again(&self) {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if !files.changed() {
            return;
        }
        let certificate = self.certificate.display();
        match load(&self.certificate, &self.key) {
            Ok(renewed) => {
                let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
                *current = renewed;
                tracing::info!(%certificate, "the certificate was renewed; connections that are open keep the former one");
            }
            Err(error) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::error!(%error, cause, "the certificate's renewal is refused; the former one serves on");
            }
        }
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
    let chain = read(certificate)
        .and_then(|pem| CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>());
    let chain = chain.map_err(bad(certificate, "a certificate chain"))?;
    if chain.is_empty() {
        return Err(TlsError::NoCertificate {
            path: certificate.to_owned(),
        });
    }
    let secret = read(key).and_then(|pem| PrivateKeyDer::from_pem_slice(&pem));
    let secret = secret.map_err(bad(key, "a private key"))?;
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
    config.alpn_protocols = vec![HTTP_2.to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn read(path: &Path) -> Result<Vec<u8>, pem::Error> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(pem::Error::Io)?;
    let read = file.take(MAX_PEM_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(pem::Error::Io)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_PEM_BYTES {
        return Err(pem::Error::Io(io::ErrorKind::FileTooLarge.into()));
    }
    Ok(bytes)
}
