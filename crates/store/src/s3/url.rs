//! `s3://BUCKET/PREFIX?endpoint=…`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use object_store::path::Path as ObjectPath;
use touchplate_index::ports::BlobError;
use url::Url;

/// What S3-compatible servers take for their own where nobody configured another, and what signatures need one for.
const REGION: &str = "us-east-1";

/// Objects of an S3-compatible store. Its text has no secrets: those are in the environment (`AWS_ACCESS_KEY_ID`,
/// `AWS_SECRET_ACCESS_KEY` and the rest that AWS's own tools read), or in the file of `credentials_file`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct S3Url {
    given: String,
    pub(super) bucket: String,
    /// Before each object's name; empty, or without a slash at its end.
    pub(super) prefix: ObjectPath,
    /// Where the store answers; none: at AWS.
    pub(super) endpoint: Option<Url>,
    /// In which region signatures hold; none: what the environment says.
    pub(super) region: Option<String>,
    credentials_file: Option<PathBuf>,
    /// Where readers reach the store, if they are sent there for files.
    pub(super) redirect_to: Option<Box<Url>>,
}

/// A text that is no such URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` cannot be used: {why}")]
pub struct InvalidS3Url {
    given: String,
    why: String,
}

/// Whose requests these are.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Keys {
    pub(super) id: String,
    pub(super) secret: String,
}

impl FromStr for S3Url {
    type Err = InvalidS3Url;

    fn from_str(given: &str) -> Result<Self, InvalidS3Url> {
        let invalid = |why: String| InvalidS3Url {
            given: shown(given),
            why,
        };
        let parsed = Url::parse(given).map_err(|cause| invalid(cause.to_string()))?;
        if !parsed.username().is_empty() || parsed.password().is_some() {
            return Err(invalid(
                "it has a user before the bucket's name; keys are in `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, or in \
                 the file of `credentials_file`"
                    .to_owned(),
            ));
        }
        let bucket = parsed.host_str().filter(|bucket| !bucket.is_empty());
        let Some(bucket) = bucket.map(str::to_owned) else {
            return Err(invalid(
                "it names no bucket: expected `s3://BUCKET/PREFIX?endpoint=URL`".to_owned(),
            ));
        };
        if parsed.port().is_some() || parsed.fragment().is_some() {
            return Err(invalid(
                "what follows `s3://` is a bucket's name; the server is named by `endpoint`"
                    .to_owned(),
            ));
        }
        let prefix = ObjectPath::from_url_path(parsed.path());
        let prefix = prefix.map_err(|cause| invalid(cause.to_string()))?;
        let mut url = Self {
            given: given.to_owned(),
            bucket,
            prefix,
            endpoint: None,
            region: None,
            credentials_file: None,
            redirect_to: None,
        };
        for (key, value) in parsed.query_pairs() {
            match &*key {
                "endpoint" => url.endpoint = Some(server(&key, &value).map_err(invalid)?),
                "redirect_to" => {
                    let address = server(&key, &value).map_err(invalid)?;
                    url.redirect_to = Some(Box::new(address));
                }
                "region" => url.region = Some(value.into_owned()),
                "credentials_file" => url.credentials_file = Some(PathBuf::from(&*value)),
                _ => {
                    return Err(invalid(format!(
                        "there is no parameter `{key}`; there are `endpoint`, `region`, `credentials_file` and `redirect_to`"
                    )));
                }
            }
        }
        Ok(url)
    }
}

fn server(key: &str, given: &str) -> Result<Url, String> {
    let wanted = |found: String| {
        format!("`{key}` should be the URL of a server, such as `https://s3.example`: {found}")
    };
    let url = Url::parse(given).map_err(|cause| wanted(cause.to_string()))?;
    let plain = url.username().is_empty() && url.query().is_none() && url.fragment().is_none();
    if !matches!(url.scheme(), "http" | "https") || !plain || url.host_str().is_none() {
        return Err(wanted(format!("found `{}`", shown(given))));
    }
    Ok(url)
}

impl S3Url {
    /// The region, where the URL or the server's kind says which.
    pub(super) fn region(&self) -> Option<&str> {
        let region = self.region.as_deref();
        region.or_else(|| self.endpoint.is_some().then_some(REGION))
    }

    /// What the file of `credentials_file` has: the two lines that AWS's own has, `aws_access_key_id = …` and
    /// `aws_secret_access_key = …`.
    pub(super) fn keys(&self) -> Result<Option<Keys>, BlobError> {
        let Some(path) = &self.credentials_file else {
            return Ok(None);
        };
        let failed = |why: String| {
            let path = path.display();
            BlobError::new(
                "read its keys",
                format!("the file of `credentials_file`, `{path}`, {why}"),
            )
        };
        let text = std::fs::read_to_string(path)
            .map_err(|cause| failed(format!("cannot be read: {cause}")))?;
        let value = |wanted: &str| {
            let lines = text.lines().filter_map(|line| line.split_once('='));
            let mut found = lines.filter(|(key, _)| key.trim() == wanted);
            let found = found.next().map(|(_, value)| value.trim().to_owned());
            found.ok_or_else(|| failed(format!("has no line `{wanted} = …`")))
        };
        Ok(Some(Keys {
            id: value("aws_access_key_id")?,
            secret: value("aws_secret_access_key")?,
        }))
    }
}

/// Without what could be a secret: all that stands before an `@`.
fn shown(given: &str) -> String {
    match (given.split_once("://"), given.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, place))) => format!("{scheme}://***@{place}"),
        _ => given.to_owned(),
    }
}

impl fmt::Display for S3Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.given)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_name_a_bucket_a_prefix_and_a_server() {
        let given = "s3://wheels/index/files?endpoint=http://127.0.0.1:8333&region=eu-1";
        let url: S3Url = given.parse().unwrap();
        assert_eq!(url.to_string(), given);
        assert_eq!(
            (url.bucket.as_str(), url.prefix.as_ref()),
            ("wheels", "index/files")
        );
        assert_eq!(
            url.endpoint.as_ref().map(Url::as_str),
            Some("http://127.0.0.1:8333/")
        );
        assert_eq!(url.region(), Some("eu-1"));
        let bare: S3Url = "s3://wheels".parse().unwrap();
        assert_eq!(
            (bare.prefix.as_ref(), bare.region(), &bare.endpoint),
            ("", None, &None)
        );
        let other: S3Url = "s3://wheels?endpoint=https://s3.example".parse().unwrap();
        assert_eq!(other.region(), Some(REGION));
    }

    #[test]
    fn others_are_refused_and_no_secret_is_shown() {
        for (given, why) in [
            ("s3://", "no bucket"),
            ("s3://key:s3cr3t@wheels/x", "`AWS_ACCESS_KEY_ID`"),
            ("s3://wheels:9000/x", "named by `endpoint`"),
            ("s3://wheels?secret=x", "there is no parameter `secret`"),
            (
                "s3://wheels?endpoint=127.0.0.1:8333",
                "`endpoint` should be the URL of a server",
            ),
            (
                "s3://wheels?endpoint=http://a:s3cr3t@h",
                "`endpoint` should be the URL of a server",
            ),
            (
                "s3://wheels?redirect_to=yes",
                "`redirect_to` should be the URL of a server",
            ),
        ] {
            let error = given.parse::<S3Url>().unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
            assert!(!error.contains("s3cr3t"), "{error}");
        }
    }

    #[test]
    fn keys_are_read_from_the_two_lines_of_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        let given = format!("s3://wheels?credentials_file={}", path.display());
        let url: S3Url = given.parse().unwrap();
        let error = url.keys().err().unwrap();
        assert!(
            error.cause.to_string().contains("cannot be read"),
            "{}",
            error.cause
        );
        std::fs::write(&path, "[default]\naws_access_key_id = ci\n").unwrap();
        let error = url.keys().err().unwrap();
        assert!(
            error
                .cause
                .to_string()
                .contains("no line `aws_secret_access_key"),
            "{}",
            error.cause
        );
        std::fs::write(
            &path,
            "[default]\naws_access_key_id = ci\naws_secret_access_key=s/e+c=\n",
        )
        .unwrap();
        let keys = url.keys().unwrap().unwrap();
        assert_eq!((keys.id.as_str(), keys.secret.as_str()), ("ci", "s/e+c="));
    }
}
