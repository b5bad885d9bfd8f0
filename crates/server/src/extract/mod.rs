//! What handlers take from a request, already valid.

pub(crate) mod accept;
pub(crate) mod credentials;
pub(crate) mod encoding;
mod path;
mod reading;

pub(crate) use path::{
    AttesterPath, BelowFilePath, FilePath, MemberPath, PageNumber, PendingPath, ProjectPath,
    PublisherPath, ReadTokenPath, ReleaseFilePath, ReleasePath, TokenPath, moved, segment,
};
pub(crate) use reading::{Calling, Reading, gate, occasion};
