//! Sigstore bundles, each under its row's root alone.

use std::error::Error;
use std::path::Path;

use jiff::Timestamp;
use touchplate_attest::{Artifact, Bundle, ManagedKey, TrustRoot, verify_bundle};

use crate::Row;

type Refusal = Box<dyn Error>;

/// What was accepted in words.
pub(crate) fn judge(row: &Row, folder: &Path, root: &TrustRoot) -> Result<String, Refusal> {
    let bundle = Bundle::parse(&std::fs::read(folder.join(&row.path))?)?;
    let key = row.public_key.as_ref().map(|path| -> Result<_, Refusal> {
        Ok(ManagedKey::parse(&std::fs::read(folder.join(path))?)?)
    });
    let key = key.transpose()?;
    let artifact = artifact(row, folder)?;
    let proven = verify_bundle(&artifact, &bundle, key.as_ref(), root, Timestamp::now())?;
    let Some(identity) = proven.identity() else {
        return Ok("by the given key".to_owned());
    };
    let words = format!("by {}", identity.san());
    if let Some(expected) = &row.identity {
        let issuer = identity.issuer().to_owned();
        let san = identity.san().to_string();
        proven.by_identity(
            expected.san.as_deref().unwrap_or(&san),
            expected.issuer.as_deref().unwrap_or(&issuer),
        )?;
    }
    Ok(words)
}

/// The artifact by its bytes, or by the digests that the row has.
fn artifact(row: &Row, folder: &Path) -> Result<Artifact, Refusal> {
    if let Some(path) = &row.artifact {
        return Ok(Artifact::of(&std::fs::read(folder.join(path))?));
    }
    let digests = row.artifact_digest.clone().unwrap_or_default();
    let sha256 = row.artifact_sha256.as_ref().or(digests.get("sha256"));
    let sha256 = sha256.map(|hex| bytes::<32>(hex)).transpose()?;
    let sha384 = digests.get("sha384").map(|hex| bytes::<48>(hex));
    let sha512 = digests.get("sha512").map(|hex| bytes::<64>(hex));
    Ok(Artifact {
        sha256,
        sha384: sha384.transpose()?,
        sha512: sha512.transpose()?,
    })
}

fn bytes<const N: usize>(hex: &str) -> Result<[u8; N], Refusal> {
    let bytes = hex::decode(hex)?;
    let bytes = bytes.try_into();
    bytes.map_err(|_| format!("expected {N} bytes in hex, found {hex}").into())
}
