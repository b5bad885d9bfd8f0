//! Bytes in an S3-compatible object store: `PREFIX/ab/<the other 62 digits>`, as a [folder](crate::Disk) has them, so that the
//! one may be copied to the other by any tool.
//!
//! An object is there whole or not at all, and equal bytes may be stored twice: whoever comes second replaces the first by the
//! same, and its newer time tells the sweep that it is in use. So no race needs a conditional request.

use std::fs::File;
use std::io::Read as _;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use ::url::Url;
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path as ObjectPath;
use object_store::signer::{Method, SignedUrlOptions, Signer as _};
use object_store::{
    BackoffConfig, ClientOptions, GetOptions, MultipartUpload, ObjectStore, ObjectStoreExt as _,
    PutPayload, RetryConfig,
};
use touchplate_index::ports::{BlobError, Blobs, Bytestream, Listing, StoredBlob};
use touchplate_index::spool::Spool;
use touchplate_packaging::{Filename, Sha256};

mod said;
mod url;

pub use url::{InvalidS3Url, S3Url};

/// The objects below a prefix of a bucket.
#[derive(Clone, Debug)]
pub struct S3 {
    store: Arc<AmazonS3>,
    /// Signs for the address at which readers reach the store, if they are to be sent there.
    outside: Option<Arc<AmazonS3>>,
    prefix: ObjectPath,
}

/// A file up to here is one request. So much of each upload is in memory; S3 wants at least 5 MiB of each part but the last.
const PART_BYTES: u64 = 8 << 20;

/// S3 takes no more of one object.
const MOST_PARTS: u64 = 10_000;

/// A store that does not answer is asked again for so long; then whoever waits hears of it, and may try later.
const PATIENCE: Duration = Duration::from_secs(10);

/// Time enough to follow a redirect and to begin; who is still reading then reads on.
const ELSEWHERE_LASTS: Duration = Duration::from_secs(5 * 60);

/// For one request, or the next bytes of one.
const REQUEST_TIME: Duration = Duration::from_secs(20);

impl S3 {
    /// Opens what a URL names, and asks for one name, so that a wrong key or name shows now.
    ///
    /// # Errors
    /// When the store does not answer, or refuses.
    pub async fn open(url: &S3Url) -> Result<Self, BlobError> {
        let doing = OPEN;
        let outside = url.redirect_to.as_deref();
        let outside = outside
            .map(|address| built(url, Some(address)))
            .transpose()?;
        let opened = Self {
            store: Arc::new(built(url, url.endpoint.as_ref())?),
            outside: outside.map(Arc::new),
            prefix: url.prefix.clone(),
        };
        let mut names = opened.store.list(Some(&opened.prefix));
        names.try_next().await.map_err(said::explained(doing))?;
        drop(names);
        Ok(opened)
    }

    fn path(&self, digest: &Sha256) -> ObjectPath {
        let digits = digest.to_string();
        let (first, rest) = digits.split_at(2);
        self.prefix.clone().join(first).join(rest)
    }

    /// The digest that an object is named by; none of what is no blob.
    fn digest(&self, path: &ObjectPath) -> Option<Sha256> {
        let digits: String = path
            .prefix_match(&self.prefix)?
            .map(|part| part.as_ref().to_owned())
            .collect();
        digits.parse().ok()
    }

    async fn put_whole(&self, path: &ObjectPath, spool: &Spool) -> Result<(), BlobError> {
        let file = opened(spool).await?;
        let (_, bytes) = part(file, spool.size()).await?;
        let put = self.store.put(path, PutPayload::from_bytes(bytes)).await;
        put.map(|_| ()).map_err(said::explained(STORE))
    }

    async fn put_in_parts(&self, path: &ObjectPath, spool: &Spool) -> Result<(), BlobError> {
        let begun = self.store.put_multipart(path).await;
        let mut upload = begun.map_err(said::explained(STORE))?;
        let sent = send_parts(&mut *upload, spool).await;
        if sent.is_err() {
            // What is left when this fails too, or the process ends, the bucket's lifecycle rules remove.
            if let Err(error) = upload.abort().await {
                tracing::warn!(%error, "the parts of a failed upload were not removed from the object store");
            }
        }
        sent
    }
}

const OPEN: &str = "be opened";
const STORE: &str = "store bytes";
const READ: &str = "read bytes";

/// The store that a URL names, at that address.
fn built(url: &S3Url, address: Option<&Url>) -> Result<AmazonS3, BlobError> {
    let mut builder = AmazonS3Builder::from_env()
        .with_bucket_name(&url.bucket)
        .with_retry(retries())
        .with_client_options(client(url)?);
    if let Some(address) = address {
        // By path: names below a server's own need DNS entries that few of them have.
        builder = builder
            .with_endpoint(address.as_str().trim_end_matches('/'))
            .with_virtual_hosted_style_request(false);
    }
    if let Some(region) = url.region() {
        builder = builder.with_region(region);
    }
    if let Some(keys) = url.keys()? {
        builder = builder
            .with_access_key_id(keys.id)
            .with_secret_access_key(keys.secret);
    }
    builder.build().map_err(said::explained(OPEN))
}

async fn send_parts(upload: &mut dyn MultipartUpload, spool: &Spool) -> Result<(), BlobError> {
    // Of equal size but for the last, which some stores want.
    let size = PART_BYTES.max(spool.size().div_ceil(MOST_PARTS));
    let mut file = opened(spool).await?;
    let mut left = spool.size();
    while left > 0 {
        let now = left.min(size);
        let (rest, bytes) = part(file, now).await?;
        file = rest;
        let put = upload.put_part(PutPayload::from_bytes(bytes)).await;
        put.map_err(said::explained(STORE))?;
        left = left.saturating_sub(now);
    }
    let completed = upload.complete().await;
    completed.map(|_| ()).map_err(said::explained(STORE))
}

async fn opened(spool: &Spool) -> Result<File, BlobError> {
    let path = spool.path().to_owned();
    blocking(move || File::open(path)).await
}

/// The next `count` bytes, and the file for those after them.
async fn part(mut file: File, count: u64) -> Result<(File, Bytes), BlobError> {
    blocking(move || {
        let count = usize::try_from(count).map_err(std::io::Error::other)?;
        let mut bytes = vec![0; count];
        file.read_exact(&mut bytes)?;
        Ok((file, bytes.into()))
    })
    .await
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, BlobError> {
    let done = tokio::task::spawn_blocking(work).await;
    let done = done.map_err(|cause| BlobError::new(STORE, cause))?;
    done.map_err(|cause| BlobError::new(STORE, cause))
}

fn retries() -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(50),
            max_backoff: Duration::from_secs(1),
            base: 3.0,
        },
        // The time decides.
        max_retries: usize::MAX,
        retry_timeout: PATIENCE,
    }
}

fn client(url: &S3Url) -> Result<ClientOptions, BlobError> {
    let plain = url
        .endpoint
        .as_ref()
        .is_some_and(|it| it.scheme() == "http");
    let name = concat!("touchplate/", env!("CARGO_PKG_VERSION"));
    let name = name
        .parse()
        .map_err(|cause| BlobError::new("be opened", cause))?;
    Ok(ClientOptions::new()
        .with_user_agent(name)
        .with_allow_http(plain)
        .with_timeout_disabled()
        .with_read_timeout(REQUEST_TIME)
        .with_connect_timeout(Duration::from_secs(5)))
}

/// None where the store says that there is no such object.
fn if_there<T>(
    doing: &'static str,
    result: object_store::Result<T>,
) -> Result<Option<T>, BlobError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(object_store::Error::NotFound { source, .. }) if said::is_of_an_object(&*source) => {
            Ok(None)
        }
        Err(error) => Err(said::explained(doing)(error)),
    }
}

#[async_trait]
impl Blobs for S3 {
    async fn put(&self, digest: &Sha256, bytes: Spool) -> Result<(), BlobError> {
        let path = self.path(digest);
        match bytes.size() {
            0..=PART_BYTES => self.put_whole(&path, &bytes).await,
            _ => self.put_in_parts(&path, &bytes).await,
        }
    }

    async fn size(&self, digest: &Sha256) -> Result<Option<u64>, BlobError> {
        let found = self.store.head(&self.path(digest)).await;
        Ok(if_there("look at bytes", found)?.map(|object| object.size))
    }

    async fn read(
        &self,
        digest: &Sha256,
        range: Range<u64>,
    ) -> Result<Option<Bytestream>, BlobError> {
        if range.is_empty() {
            // No range of HTTP is empty.
            let there = self.size(digest).await?.is_some();
            return Ok(there.then(|| -> Bytestream { Box::pin(stream::empty()) }));
        }
        let options = GetOptions::new().with_range(Some(range.clone()));
        let found = self.store.get_opts(&self.path(digest), options).await;
        let Some(found) = if_there(READ, found)? else {
            return Ok(None);
        };
        if found.range != range {
            let (wanted, has) = (range, found.range.clone());
            let cause = format!(
                "the object `{}` should have the bytes {} to {}, and has {} to {}: it was cut off or replaced",
                found.meta.location, wanted.start, wanted.end, has.start, has.end
            );
            return Err(BlobError::new(READ, cause));
        }
        Ok(Some(
            found.into_stream().map_err(said::explained(READ)).boxed(),
        ))
    }

    async fn remove(&self, digest: &Sha256) -> Result<(), BlobError> {
        let removed = self.store.delete(&self.path(digest)).await;
        if_there("remove bytes", removed)?;
        Ok(())
    }

    fn sends_elsewhere(&self) -> bool {
        self.outside.is_some()
    }

    async fn elsewhere(
        &self,
        digest: &Sha256,
        filename: &Filename,
    ) -> Result<Option<String>, BlobError> {
        let Some(outside) = &self.outside else {
            return Ok(None);
        };
        // As this index would serve it: browsers save it, and do not guess what it is.
        let asked = SignedUrlOptions::new().with_query([
            (
                "response-content-disposition",
                format!("attachment; filename=\"{filename}\""),
            ),
            (
                "response-content-type",
                "application/octet-stream".to_owned(),
            ),
        ]);
        let path = self.path(digest);
        let signed = outside.signed_url_opts(Method::GET, &path, ELSEWHERE_LASTS, &asked);
        let signed = signed.await.map_err(said::explained("sign a URL"))?;
        Ok(Some(signed.into()))
    }

    fn stored(&self) -> Listing {
        let opened = self.clone();
        let objects = self.store.list(Some(&self.prefix));
        let blobs = objects.map_err(said::explained("list bytes"));
        blobs
            .try_filter_map(move |object| {
                let blob = opened.digest(&object.location).map(|digest| StoredBlob {
                    digest,
                    size: object.size,
                    stored_at: object.last_modified.into(),
                });
                async move { Ok(blob) }
            })
            .boxed()
    }
}
