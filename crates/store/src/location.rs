//! Where an index keeps its rows and its bytes.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::postgres::{InvalidPostgresUrl, PostgresUrl, without_password};
use crate::s3::{InvalidS3Url, S3Url};

/// Where the rows and the bytes are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// The rows.
    pub database: DatabaseUrl,
    /// The bytes.
    pub blobs: BlobsUrl,
}

/// A database: `sqlite:PATH`, or `postgres://USER@HOST/DATABASE`. Its text has no password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A file of SQLite.
    Sqlite(PathBuf),
    /// A database of PostgreSQL.
    Postgres(PostgresUrl),
}

/// A blob store: `file:DIR`, or `s3://BUCKET/PREFIX?endpoint=URL`. Its text has no secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BlobsUrl {
    /// A folder.
    File(PathBuf),
    /// Objects of an S3-compatible store.
    S3(S3Url),
}

/// A text that names no location.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLocation {
    /// It has another form.
    #[error("`{given}` is no {what}: expected `{expected}`")]
    Form {
        /// What was given, without a password.
        given: String,
        /// What was wanted.
        what: &'static str,
        /// Its form.
        expected: &'static str,
    },
    /// It is a URL of PostgreSQL that says something wrong.
    #[error(transparent)]
    Postgres(#[from] InvalidPostgresUrl),
    /// It is a URL of S3 that says something wrong.
    #[error(transparent)]
    S3(#[from] InvalidS3Url),
}

impl FromStr for DatabaseUrl {
    type Err = InvalidLocation;

    fn from_str(given: &str) -> Result<Self, InvalidLocation> {
        if ["postgres://", "postgresql://"]
            .iter()
            .any(|scheme| given.starts_with(scheme))
        {
            let url = given.parse().map(Self::Postgres);
            return url.map_err(InvalidLocation::Postgres);
        }
        after("sqlite:", given)
            .map(Self::Sqlite)
            .ok_or_else(|| InvalidLocation::Form {
                given: without_password(given),
                what: "database",
                expected: "sqlite:PATH` or `postgres://USER@HOST/DATABASE",
            })
    }
}

impl FromStr for BlobsUrl {
    type Err = InvalidLocation;

    fn from_str(given: &str) -> Result<Self, InvalidLocation> {
        if given.starts_with("s3://") {
            return given.parse().map(Self::S3).map_err(InvalidLocation::S3);
        }
        after("file:", given)
            .map(Self::File)
            .ok_or_else(|| InvalidLocation::Form {
                given: without_password(given),
                what: "blob store",
                expected: "file:DIR` or `s3://BUCKET/PREFIX?endpoint=URL",
            })
    }
}

fn after(scheme: &str, given: &str) -> Option<PathBuf> {
    given
        .strip_prefix(scheme)
        .filter(|path| !path.is_empty())
        .map(PathBuf::from)
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(url) => url.fmt(f),
        }
    }
}

impl fmt::Display for BlobsUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::S3(url) => url.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_read_back_and_others_are_refused() {
        assert_eq!(
            "sqlite:/a/b".parse::<DatabaseUrl>().unwrap().to_string(),
            "sqlite:/a/b"
        );
        assert_eq!(
            "file:blobs".parse::<BlobsUrl>().unwrap().to_string(),
            "file:blobs"
        );
        assert_eq!(
            "mysql://x".parse::<DatabaseUrl>().unwrap_err().to_string(),
            "`mysql://x` is no database: expected `sqlite:PATH` or `postgres://USER@HOST/DATABASE`"
        );
        let s3 = "s3://wheels/index?endpoint=http://127.0.0.1:8333";
        assert_eq!(s3.parse::<BlobsUrl>().unwrap().to_string(), s3);
        for (given, why) in [
            (
                "file:",
                "`file:` is no blob store: expected `file:DIR` or `s3://BUCKET/PREFIX?endpoint=URL`",
            ),
            (
                "s3://wheels?at=x",
                "`s3://wheels?at=x` cannot be used: there is no parameter `at`; there are `endpoint`, `region`, \
                 `credentials_file` and `redirect_to`",
            ),
        ] {
            assert_eq!(given.parse::<BlobsUrl>().unwrap_err().to_string(), why);
        }
    }
}
