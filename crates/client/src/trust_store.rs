//! The trust store: a folder that says which trust domains are believed, and for what.
//!
//! `domains.toml` lists them; each root is a file beside it, named by the domain and its digest. A change writes the new
//! files first and `domains.toml` last, in one rename: readers see the old set or the new one, and need no lock. Writers
//! take turns.

mod document;
mod error;
mod export;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use touchplate_attest::Sha256;
use touchplate_attest::domain::{
    DomainName, DomainsError, EMBEDDED_AS_OF, MAX_DOMAINS, MAX_TRUST_CONFIG_BYTES, Scope,
    TrustConfig, TrustDomain, TrustDomains,
};

use document::{Document, Record};
pub use error::TrustStoreError;
pub use export::{Change, ExportError, MAX_EXPORT_BYTES, NotTaken, TrustExport};

/// The list of domains.
const LIST: &str = "domains.toml";

/// The longest list that is read: sixteen domains with a thousand names of 60 bytes each.
const MAX_LIST_BYTES: usize = 1 << 20;

/// The variable that names the folder.
pub const FOLDER_VARIABLE: &str = "TOUCHPLATE_TRUST";

/// A domain as it is kept.
#[derive(Clone, Debug)]
pub struct StoredDomain {
    /// Its name.
    pub name: DomainName,
    /// Its root, and how to sign for it if that is known.
    pub config: TrustConfig,
    /// What it may speak for.
    pub scope: Scope,
    /// Where the root is from.
    pub origin: Origin,
    /// When the root was last known to be its instance's current one.
    pub as_of: Timestamp,
}

/// Where a root is from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// This program.
    Embedded,
    /// A TUF repository.
    Tuf {
        /// Its URL.
        url: String,
    },
    /// A file.
    File,
}

impl StoredDomain {
    /// The public-good domain as embedded.
    pub fn public_good() -> Self {
        Self {
            name: DomainName::public_good(),
            config: TrustConfig::public_good(),
            scope: Scope::default(),
            origin: Origin::Embedded,
            as_of: EMBEDDED_AS_OF,
        }
    }

    /// The domain to verify by.
    ///
    /// # Errors
    /// When its scope does not fit it.
    pub fn trust_domain(&self) -> Result<TrustDomain, DomainsError> {
        let (name, scope) = (self.name.clone(), self.scope.clone());
        TrustDomain::new(name, self.config.root().clone(), scope)
    }
}

/// The domains of a store, by name.
#[derive(Clone, Debug)]
pub struct StoredDomains(BTreeMap<DomainName, StoredDomain>);

impl Default for StoredDomains {
    /// What holds where there is no store: the public-good domain, as embedded.
    fn default() -> Self {
        let public_good = StoredDomain::public_good();
        Self(BTreeMap::from([(public_good.name.clone(), public_good)]))
    }
}

impl StoredDomains {
    /// Each domain.
    pub fn iter(&self) -> impl Iterator<Item = &StoredDomain> {
        self.0.values()
    }

    /// The domain of this name.
    pub fn named(&self, name: &DomainName) -> Option<&StoredDomain> {
        self.0.get(name)
    }

    /// Adds a domain, or puts it in the place of the one with its name.
    pub fn put(&mut self, domain: StoredDomain) {
        self.0.insert(domain.name.clone(), domain);
    }

    /// The domains to verify by.
    ///
    /// # Errors
    /// When they do not fit together.
    pub fn trust_domains(&self) -> Result<TrustDomains, DomainsError> {
        let domains: Result<Vec<_>, _> = self.iter().map(StoredDomain::trust_domain).collect();
        TrustDomains::new(domains?)
    }
}

/// The folder.
#[derive(Clone, Debug)]
pub struct TrustStore {
    folder: PathBuf,
}

impl TrustStore {
    /// The store in `folder`, which need not exist.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    /// The caller's own: `$TOUCHPLATE_TRUST`, else `touchplate/trust` in `$XDG_DATA_HOME` or `~/.local/share`. None where
    /// the environment names no home at all.
    pub fn of_environment(variable: impl Fn(&str) -> Option<OsString>) -> Option<Self> {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        if let Some(folder) = set(FOLDER_VARIABLE) {
            return Some(Self::at(folder));
        }
        // XDG Base Directory Specification: relative paths there are to be ignored.
        let data = set("XDG_DATA_HOME").map(PathBuf::from);
        let data = data.filter(|path| path.is_absolute());
        let data = data.or_else(|| Some(PathBuf::from(set("HOME")?).join(".local/share")))?;
        Some(Self::at(data.join("touchplate").join("trust")))
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where what TUF needs to remember of a domain's repository is kept.
    pub fn tuf_folder(&self, domain: &DomainName) -> PathBuf {
        self.folder.join("tuf").join(domain.as_str())
    }

    /// Whether anything was ever stored in it. What cannot be looked at counts as there: [`load`](Self::load) then says why,
    /// and nobody falls back to what is embedded.
    pub fn exists(&self) -> bool {
        !matches!(self.folder.join(LIST).try_exists(), Ok(false))
    }

    /// Its domains; the embedded public-good one where there is no store.
    ///
    /// # Errors
    /// When the store is there and cannot be read, or is not as it was written.
    pub fn load(&self) -> Result<StoredDomains, TrustStoreError> {
        /// A writer that finishes in between takes the old root away; it cannot do so again and again within
        /// microseconds.
        const ATTEMPTS: usize = 3;
        for _ in 1..ATTEMPTS {
            match self.load_once() {
                Err(TrustStoreError::Unreadable { source, .. })
                    if source.kind() == io::ErrorKind::NotFound => {}
                loaded => return loaded,
            }
        }
        self.load_once()
    }

    fn load_once(&self) -> Result<StoredDomains, TrustStoreError> {
        let path = self.folder.join(LIST);
        let list = match read(&path, MAX_LIST_BYTES) {
            Err(TrustStoreError::Unreadable { source, .. })
                if source.kind() == io::ErrorKind::NotFound =>
            {
                return Ok(StoredDomains::default());
            }
            list => list?,
        };
        let document = Document::parse(&path, &list)?;
        if document.domains.len() > MAX_DOMAINS {
            let found = document.domains.len();
            return Err(self.unfit(DomainsError::TooMany { found }));
        }
        let mut domains = StoredDomains(BTreeMap::new());
        for (name, record) in document.domains {
            domains.put(self.stored(name, record)?);
        }
        self.check(&domains)?;
        Ok(domains)
    }

    /// Whether domains fit together, so that they could be stored.
    ///
    /// # Errors
    /// When they do not.
    pub fn check(&self, domains: &StoredDomains) -> Result<(), TrustStoreError> {
        let fit = domains.trust_domains();
        fit.map(drop).map_err(|error| self.unfit(error))
    }

    fn unfit(&self, source: DomainsError) -> TrustStoreError {
        TrustStoreError::Domains {
            path: self.folder.join(LIST),
            source,
        }
    }

    /// A record and the files that it names.
    fn stored(&self, name: DomainName, record: Record) -> Result<StoredDomain, TrustStoreError> {
        let mut scope = Scope::new(record.projects, record.issuers);
        if record.all_names {
            scope = scope.stating_all_names();
        }
        let embedded = |config| StoredDomain {
            name: name.clone(),
            config,
            scope: scope.clone(),
            origin: Origin::Embedded,
            as_of: EMBEDDED_AS_OF,
        };
        let Some(sha256) = record.root_sha256 else {
            return match name.as_str() {
                DomainName::PUBLIC_GOOD => Ok(embedded(TrustConfig::public_good())),
                DomainName::STAGING => Ok(embedded(TrustConfig::staging())),
                _ => Err(TrustStoreError::NoRoot { name }),
            };
        };
        let path = self.folder.join(root_file(&name, &sha256));
        let json = read_exactly(&path, &sha256)?;
        let mut config =
            TrustConfig::parse(&json).map_err(|source| TrustStoreError::Root { path, source })?;
        if let Some(sha256) = record.signing_config_sha256 {
            let path = self.folder.join(signing_file(&name, &sha256));
            let json = read_exactly(&path, &sha256)?;
            let text = String::from_utf8(json);
            let text = text.map_err(|source| TrustStoreError::NotText { path, source })?;
            config = config.with_signing_config(Some(text));
        }
        Ok(StoredDomain {
            config,
            scope,
            origin: record.origin.unwrap_or(Origin::File),
            as_of: record
                .as_of
                .ok_or_else(|| TrustStoreError::NoDate { name: name.clone() })?,
            name,
        })
    }

    /// Changes the domains: `change` gets them as they are, while no other process can write. If it fails, or what it
    /// leaves does not fit together, nothing is changed.
    ///
    /// # Errors
    /// What `change` returns, or why the store cannot be read or written.
    pub fn edit<T, E: From<TrustStoreError>>(
        &self,
        change: impl FnOnce(&mut StoredDomains) -> Result<T, E>,
    ) -> Result<T, E> {
        let _turn = self.lock()?;
        let mut domains = self.load()?;
        let done = change(&mut domains)?;
        self.check(&domains)?;
        self.write(&domains)?;
        Ok(done)
    }

    /// Waits for its turn; it ends when the file is closed.
    fn lock(&self) -> Result<File, TrustStoreError> {
        let path = self.folder.join(".lock");
        let unwritable = |source| TrustStoreError::Unwritable {
            path: path.clone(),
            source,
        };
        fs::create_dir_all(&self.folder).map_err(unwritable)?;
        let options = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path);
        let file = options.map_err(unwritable)?;
        file.lock().map_err(unwritable)?;
        Ok(file)
    }

    fn write(&self, domains: &StoredDomains) -> Result<(), TrustStoreError> {
        let mut kept = Vec::new();
        for domain in domains.iter().filter(|it| it.origin != Origin::Embedded) {
            let root = root_file(&domain.name, domain.config.root().digest());
            self.place(&root, domain.config.root_json())?;
            kept.push(root);
            if let Some(signing) = domain.config.signing_config() {
                let file = signing_file(&domain.name, &Sha256::of(signing.as_bytes()));
                self.place(&file, signing)?;
                kept.push(file);
            }
        }
        self.place(LIST, &Document::of(domains).text())?;
        self.sweep(&kept);
        Ok(())
    }

    /// Puts a file in its place: whole and on the disk, or not at all.
    fn place(&self, name: &str, text: &str) -> Result<(), TrustStoreError> {
        let path = self.folder.join(name);
        let write = || -> io::Result<()> {
            let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
            file.write_all(text.as_bytes())?;
            // Roots are public; a server of another user may be told to read the store.
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt as _;
                let readable = fs::Permissions::from_mode(0o644);
                file.as_file().set_permissions(readable)?;
            }
            file.as_file().sync_all()?;
            file.persist(&path)?;
            // The rename too; where a folder is no file, the system sees to that.
            #[cfg(unix)]
            File::open(&self.folder)?.sync_all()?;
            Ok(())
        };
        write().map_err(|source| TrustStoreError::Unwritable {
            path: path.clone(),
            source,
        })
    }

    /// Removes roots that no domain has any more. What cannot be removed does no harm: nothing reads it.
    fn sweep(&self, kept: &[String]) {
        let Ok(entries) = fs::read_dir(&self.folder) else {
            return;
        };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            if is_ours(name) && !kept.iter().any(|it| it == name) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

/// How much of a digest is in a file's name: enough that no two files of a domain have the same.
const SHOWN_DIGITS: usize = 16;

const ROOT_SUFFIX: &str = ".root.json";
const SIGNING_SUFFIX: &str = ".signing-config.json";

fn root_file(name: &DomainName, sha256: &Sha256) -> String {
    format!("{name}.{:.SHOWN_DIGITS$}{ROOT_SUFFIX}", sha256.to_string())
}

fn signing_file(name: &DomainName, sha256: &Sha256) -> String {
    format!(
        "{name}.{:.SHOWN_DIGITS$}{SIGNING_SUFFIX}",
        sha256.to_string()
    )
}

/// Whether a file is one of those above: an operator's own files beside them are left alone.
fn is_ours(name: &str) -> bool {
    let stem = name.strip_suffix(ROOT_SUFFIX);
    let stem = stem.or_else(|| name.strip_suffix(SIGNING_SUFFIX));
    let digits = stem
        .and_then(|stem| stem.split_once('.'))
        .map(|(_, digits)| digits);
    digits.is_some_and(|digits| {
        digits.len() == SHOWN_DIGITS && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

fn read(path: &Path, limit: usize) -> Result<Vec<u8>, TrustStoreError> {
    let unreadable = |source| TrustStoreError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    let mut bounded = file.take(limit as u64 + 1);
    bounded.read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() > limit {
        return Err(TrustStoreError::TooLarge {
            path: path.to_owned(),
            limit,
        });
    }
    Ok(bytes)
}

fn read_exactly(path: &Path, sha256: &Sha256) -> Result<Vec<u8>, TrustStoreError> {
    let bytes = read(path, MAX_TRUST_CONFIG_BYTES)?;
    let found = Sha256::of(&bytes);
    if found != *sha256 {
        return Err(TrustStoreError::Digest {
            path: path.to_owned(),
            expected: *sha256,
            found,
        });
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests;
