//! New keys in the place of old ones. What the old ones signed goes on verifying.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};

use super::{Layout, LayoutError, Role, files};
use crate::chains::Chain;
use crate::keys::Secret;
use crate::window::whole_second;

/// Which keys are rotated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// The certificate authority below the root.
    Authority,
    /// The root, and the authority below it.
    Root,
    /// Both transparency logs.
    Log,
    /// The certificate log.
    Ct,
    /// The timestamp authority.
    Tsa,
}

/// What a rotation needs.
#[derive(Clone, Copy, Debug)]
pub struct Rotated<'a> {
    /// Which keys.
    pub what: Rotation,
    /// What the stack's keys are encrypted with.
    pub secret: &'a Secret,
    /// Where the root's key is, or is to be written; none: where the description says.
    pub root_key: Option<&'a Path>,
    /// For how long the old keys are believed beside the new ones: until every server has taken up the new ones.
    pub overlap: SignedDuration,
}

impl Layout {
    /// Makes new keys that are believed from now on, and ends the time of the old ones.
    ///
    /// # Errors
    /// When a key cannot be made, written or, to certify the new ones, opened.
    pub fn rotate(folder: &Path, how: &Rotated<'_>, now: Timestamp) -> Result<Self, LayoutError> {
        let _lock = files::lock(folder)?;
        // Under the lock: another rotation may just have ended.
        let mut layout = Self::open(folder)?.ok_or_else(|| LayoutError::Read {
            path: folder.join(super::DESCRIPTION),
            source: std::io::ErrorKind::NotFound.into(),
        })?;
        let start = whole_second(now);
        let end = start.saturating_add(how.overlap).unwrap_or(start);
        let retired: &[Role] = match how.what {
            Rotation::Authority => &[Role::Authority],
            Rotation::Root => &[Role::Root, Role::Authority],
            Rotation::Log => &[Role::Rekor1, Role::Rekor2],
            Rotation::Ct => &[Role::Ct],
            Rotation::Tsa => &[Role::Tsa],
        };
        // Before the old root is retired: it certifies the new authority.
        let root = match how.what {
            Rotation::Authority => Some(layout.root(how)?),
            Rotation::Root | Rotation::Log | Rotation::Ct | Rotation::Tsa => None,
        };
        layout.retire(retired, end);
        match (how.what, root) {
            (Rotation::Authority, Some(root)) => {
                layout.add_intermediate(&root, how.secret, start)?;
            }
            (Rotation::Authority | Rotation::Root, _) => {
                layout.add_authority(how.secret, how.root_key, start)?;
            }
            (Rotation::Log, _) => {
                layout.add_log_key(Role::Rekor1, how.secret, start)?;
                layout.add_log_key(Role::Rekor2, how.secret, start)?;
            }
            (Rotation::Ct, _) => layout.add_log_key(Role::Ct, how.secret, start)?,
            (Rotation::Tsa, _) => layout.add_stamps(how.secret, start)?,
        }
        layout.write(now)?;
        Ok(layout)
    }

    /// Ends the time of these roles' keys. One that ends sooner anyway stays.
    fn retire(&mut self, roles: &[Role], end: Timestamp) {
        let retired = self.description.keys.iter_mut();
        for entry in retired.filter(|entry| roles.contains(&entry.role)) {
            let sooner = entry.end.is_some_and(|its| its <= end);
            if !sooner {
                entry.end = Some(end);
            }
        }
    }

    /// The root that certifies authorities, with its key.
    fn root(&self, how: &Rotated<'_>) -> Result<Chain, LayoutError> {
        let roots = self.description.keys.iter();
        let mut roots = roots.filter(|it| it.role == Role::Root && it.end.is_none());
        let entry = roots
            .next_back()
            .ok_or(LayoutError::NoKey { role: Role::Root })?;
        let mut entry = entry.clone();
        if let Some(path) = how.root_key {
            entry.file = std::path::absolute(path).map_err(|source| LayoutError::Read {
                path: path.to_owned(),
                source,
            })?;
        }
        Ok(Chain {
            key: self.key(&entry, how.secret)?,
            certificates: self.chain(&entry)?,
        })
    }
}
