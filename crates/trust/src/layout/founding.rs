//! Making a stack: keys, certificates, description.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use touchplate_attest::DomainName;
use touchplate_attest::domain::ProjectPattern;

use super::files::{self, Readers};
use super::{
    DESCRIPTION, Description, KeyEntry, Layout, LayoutError, Operator, Role, StackUrl, VERSION,
    read_secret,
};
use crate::chains::{self, Chain};
use crate::forge::TrustError;
use crate::keys::{KeyKind, SealError, Secret, SigningKey};
use crate::roots;
use crate::window::whole_second;

/// Where the description names no other file.
const SECRET: &str = "secret.key";

/// The file that keys are encrypted with.
#[derive(Clone, Debug)]
pub enum SecretFile {
    /// A new one in the stack's folder.
    Beside,
    /// This one: as it is, or made anew where there is none.
    At(PathBuf),
}

/// How a stack is to be made.
#[derive(Clone, Debug)]
pub struct Founding {
    /// Its folder, made if it is not there.
    pub folder: PathBuf,
    /// Where its clients will reach it.
    pub url: StackUrl,
    /// Who runs it.
    pub operator: Operator,
    /// What the index is to call its trust domain.
    pub domain: DomainName,
    /// The project names that the domain may speak for.
    pub projects: Vec<ProjectPattern>,
    /// Where people sign in.
    pub sign_in: Option<String>,
    /// What its keys are encrypted with.
    pub secret: SecretFile,
    /// Where the root's key is written; none: beside the others.
    pub root_key: Option<PathBuf>,
}

impl Founding {
    /// Makes the stack. The description is written last: without it there is none.
    ///
    /// # Errors
    /// When there is a stack already, or something cannot be made or written.
    pub fn found(self, now: Timestamp) -> Result<Layout, LayoutError> {
        files::make_folder(&self.folder)?;
        let _lock = files::lock(&self.folder)?;
        let path = self.folder.join(DESCRIPTION);
        if path.exists() {
            return Err(LayoutError::Exists { path });
        }
        let (secret, secret_path) = self.secret()?;
        let mut layout = Layout {
            folder: self.folder,
            description: Description {
                version: VERSION,
                url: self.url,
                operator: self.operator,
                domain: self.domain,
                projects: self.projects,
                sign_in: self.sign_in,
                secret: secret_path,
                keys: Vec::new(),
            },
        };
        let start = whole_second(now);
        layout.add_authority(&secret, self.root_key.as_deref(), start)?;
        for role in [Role::Rekor1, Role::Rekor2, Role::Ct] {
            layout.add_log_key(role, &secret, start)?;
        }
        layout.add_stamps(&secret, start)?;
        layout.write(now)?;
        Ok(layout)
    }

    fn secret(&self) -> Result<(Secret, PathBuf), LayoutError> {
        let (path, named) = match &self.secret {
            SecretFile::Beside => (self.folder.join(SECRET), PathBuf::from(SECRET)),
            SecretFile::At(path) => {
                // Others may start the server elsewhere.
                let absolute = std::path::absolute(path).map_err(|source| LayoutError::Read {
                    path: path.clone(),
                    source,
                })?;
                (absolute.clone(), absolute)
            }
        };
        if path.exists() {
            return Ok((read_secret(&path)?, named));
        }
        let secret = Secret::random().map_err(TrustError::from)?;
        files::create(&path, secret.to_file().as_bytes(), Readers::Owner)?;
        Ok((secret, named))
    }
}

impl Layout {
    /// A root and an authority below it.
    pub(super) fn add_authority(
        &mut self,
        secret: &Secret,
        root_key: Option<&Path>,
        start: Timestamp,
    ) -> Result<(), LayoutError> {
        let operator = self.description.operator.as_str().to_owned();
        let root = SigningKey::generate(KeyKind::P256).map_err(TrustError::from)?;
        let certificate = chains::root(&operator, &root, start)?;
        let chain = Chain {
            key: root,
            certificates: vec![certificate],
        };
        self.add(Role::Root, &chain, secret, root_key, start)?;
        self.add_intermediate(&chain, secret, start)
    }

    /// Another authority below `root`.
    pub(super) fn add_intermediate(
        &mut self,
        root: &Chain,
        secret: &Secret,
        start: Timestamp,
    ) -> Result<(), LayoutError> {
        let operator = self.description.operator.as_str().to_owned();
        let chain = chains::authority(&operator, root, start)?;
        self.add(Role::Authority, &chain, secret, None, start)
    }

    /// Another key of a log.
    pub(super) fn add_log_key(
        &mut self,
        role: Role,
        secret: &Secret,
        start: Timestamp,
    ) -> Result<(), LayoutError> {
        let kind = match role {
            // What witnesses ask for.
            Role::Rekor2 => KeyKind::Ed25519,
            Role::Root | Role::Authority | Role::Rekor1 | Role::Ct | Role::Tsa => KeyKind::P256,
        };
        let chain = Chain {
            key: SigningKey::generate(kind).map_err(TrustError::from)?,
            certificates: Vec::new(),
        };
        self.add(role, &chain, secret, None, start)
    }

    /// Another timestamp authority, with a root of its own.
    pub(super) fn add_stamps(
        &mut self,
        secret: &Secret,
        start: Timestamp,
    ) -> Result<(), LayoutError> {
        let operator = self.description.operator.as_str().to_owned();
        let chain = chains::stamps(&operator, start)?;
        self.add(Role::Tsa, &chain, secret, None, start)
    }

    /// Writes a key and its certificates, and adds them to the description. The name of the files has the key's digest,
    /// so that what an earlier attempt left is in nobody's way.
    fn add(
        &mut self,
        role: Role,
        chain: &Chain,
        secret: &Secret,
        elsewhere: Option<&Path>,
        start: Timestamp,
    ) -> Result<(), LayoutError> {
        let id = hex::encode(&chain.key.id()[..4]);
        let file = match elsewhere {
            Some(path) => std::path::absolute(path).map_err(|source| LayoutError::Write {
                path: path.to_owned(),
                source,
            })?,
            None => PathBuf::from(format!("keys/{role}-{id}.pem")),
        };
        let path = self.path(&file);
        let seal = |source: SealError| LayoutError::Key {
            path: path.clone(),
            source,
        };
        let sealed = chain.key.seal(secret).map_err(seal)?;
        files::make_folder(&self.folder.join("keys"))?;
        files::create(&path, sealed.as_bytes(), Readers::Owner)?;
        let certificates = if chain.certificates.is_empty() {
            None
        } else {
            files::make_folder(&self.folder.join("certificates"))?;
            let file = PathBuf::from(format!("certificates/{role}-{id}.pem"));
            let pem = chain.to_pem()?;
            files::create(&self.path(&file), pem.as_bytes(), Readers::All)?;
            Some(file)
        };
        self.description.keys.push(KeyEntry {
            role,
            file,
            public: STANDARD.encode(chain.key.public()),
            certificates,
            start,
            end: None,
        });
        Ok(())
    }

    /// Writes what clients need, and then the description.
    pub(super) fn write(&self, now: Timestamp) -> Result<(), LayoutError> {
        for document in roots::documents(self, now)? {
            files::replace(&self.folder.join(document.name), document.json.as_bytes())?;
        }
        let text = toml::to_string(&self.description)
            .map_err(|error| LayoutError::Encode(Box::new(error)))?;
        let text = format!("{HEAD}{text}");
        files::replace(&self.folder.join(DESCRIPTION), text.as_bytes())
    }
}

const HEAD: &str = "\
# A private trust stack: where it is, and each of its keys with the time for which it is believed.
# `touchplate trust rotate` changes it. `projects` and `sign_in` may be edited; `url` is in the logs' names and stays.

";
