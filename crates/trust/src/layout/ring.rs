//! Keys in memory: of each role several, each for its time.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use super::{KeyEntry, Layout, LayoutError, MAX_KEY_BYTES, Role, files};
use crate::certificate;
use crate::keys::{Secret, SigningKey};
use crate::window::Window;

/// A key, ready to sign.
#[derive(Clone, Debug)]
pub struct Held {
    /// The key.
    pub key: Arc<SigningKey>,
    /// Its certificate and those above it, DER; of a log's key none.
    pub chain: Vec<Vec<u8>>,
    /// When it is believed.
    pub window: Window,
}

/// The keys of one role.
#[derive(Clone, Debug)]
pub struct KeyRing {
    role: Role,
    /// The newest first.
    held: Vec<Held>,
}

/// The keys of a stack that sign for clients.
#[derive(Clone, Debug)]
pub struct Keys {
    /// Certify signers' keys. Chain: the authority's certificate, the root's.
    pub authority: KeyRing,
    /// Sign the log of Rekor's version 1, and its promises.
    pub rekor1: KeyRing,
    /// Sign the log of Rekor's version 2.
    pub rekor2: KeyRing,
    /// Sign certificate timestamps and the certificate log.
    pub ct: KeyRing,
    /// Sign timestamps. Chain: the signer's certificate, the root's.
    pub tsa: KeyRing,
}

impl KeyRing {
    /// The key to sign with now: of those believed, the newest.
    ///
    /// # Errors
    /// When none is believed now.
    pub fn current(&self, now: Timestamp) -> Result<&Held, LayoutError> {
        self.at(now).ok_or(LayoutError::NoKey { role: self.role })
    }

    /// The key that was to sign with at `time`.
    pub fn at(&self, time: Timestamp) -> Option<&Held> {
        self.held.iter().find(|held| held.window.contains(time))
    }

    /// All of them, the newest first.
    pub fn all(&self) -> &[Held] {
        &self.held
    }
}

impl Layout {
    /// Decrypts the keys that may still have to sign. One whose time is over may have been deleted.
    ///
    /// # Errors
    /// When a key cannot be read or decrypted, is not the one described, or a role has none that is believed now.
    pub fn unlock(&self, secret: &Secret, now: Timestamp) -> Result<Keys, LayoutError> {
        let ring = |role| self.ring(role, secret, now);
        Ok(Keys {
            authority: ring(Role::Authority)?,
            rekor1: ring(Role::Rekor1)?,
            rekor2: ring(Role::Rekor2)?,
            ct: ring(Role::Ct)?,
            tsa: ring(Role::Tsa)?,
        })
    }

    fn ring(&self, role: Role, secret: &Secret, now: Timestamp) -> Result<KeyRing, LayoutError> {
        let entries = self.description().keys.iter().filter(|it| it.role == role);
        let mut held = Vec::new();
        for entry in entries {
            held.extend(self.held(entry, secret, now)?);
        }
        held.sort_by_key(|held| std::cmp::Reverse(held.window.start));
        let ring = KeyRing { role, held };
        ring.current(now)?;
        Ok(ring)
    }

    fn held(
        &self,
        entry: &KeyEntry,
        secret: &Secret,
        now: Timestamp,
    ) -> Result<Option<Held>, LayoutError> {
        let path = self.path(&entry.file);
        let over = entry.end.is_some_and(|end| end < now);
        if over && !path.exists() {
            return Ok(None);
        }
        let key = self.key(entry, secret)?;
        let chain = self.chain(entry)?;
        let fits = chain
            .first()
            .is_none_or(|own| certificate::is_of(own, key.public()));
        let has_chain = matches!(entry.role, Role::Authority | Role::Tsa | Role::Root);
        if !fits || has_chain == chain.is_empty() {
            let path = entry
                .certificates
                .as_deref()
                .map_or(path, |file| self.path(file));
            return Err(LayoutError::Chain { path });
        }
        Ok(Some(Held {
            key: Arc::new(key),
            chain,
            window: entry.window(),
        }))
    }

    /// Decrypts one key, which must be the one described.
    pub(super) fn key(&self, entry: &KeyEntry, secret: &Secret) -> Result<SigningKey, LayoutError> {
        let path = self.path(&entry.file);
        let pem = files::read(&path, MAX_KEY_BYTES)?;
        let pem = String::from_utf8_lossy(&pem);
        let key = SigningKey::unseal(&pem, secret).map_err(|source| LayoutError::Key {
            path: path.clone(),
            source,
        })?;
        if key.public() != entry.spki()? {
            return Err(LayoutError::OtherKey { path });
        }
        Ok(key)
    }
}

impl KeyEntry {
    /// When it is believed.
    pub fn window(&self) -> Window {
        Window {
            start: self.start,
            end: self.end,
        }
    }

    /// SubjectPublicKeyInfo, DER.
    ///
    /// # Errors
    /// When the description's text is not Base64.
    pub fn spki(&self) -> Result<Vec<u8>, LayoutError> {
        STANDARD
            .decode(&self.public)
            .map_err(|_| LayoutError::Public)
    }
}
