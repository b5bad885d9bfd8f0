//! Bytes in a real S3 server: what is too long for one request, and what goes wrong.

// A failure here is a failed test.
#![allow(clippy::unwrap_used)]

use std::error::Error as _;
use std::sync::Arc;

use futures_util::TryStreamExt as _;
use touchplate_index::ports::{BlobError, Blobs, Unavailable};
use touchplate_index::spool::SpoolRoom;
use touchplate_packaging::Sha256;
use touchplate_store::{BlobsUrl, open_blobs};
use touchplate_testkit::s3::TestBucket;

async fn opened(url: &str) -> Result<Arc<dyn Blobs>, String> {
    let url: BlobsUrl = url.parse().unwrap();
    match open_blobs(&url).await {
        Ok(opened) => Ok(opened.blobs),
        Err(error) => {
            let cause = error.source().and_then(std::error::Error::source).unwrap();
            Err(cause.to_string())
        }
    }
}

async fn put(blobs: &dyn Blobs, named: &[u8], bytes: &[u8]) -> Result<(), BlobError> {
    let folder = tempfile::tempdir().unwrap();
    let room = SpoolRoom::open(folder.path()).unwrap();
    let mut writer = room.writer(u64::MAX);
    writer.write(&bytes.to_vec().into()).await.unwrap();
    let spool = writer.finish().await.unwrap();
    blobs.put(&Sha256::of(named), spool).await
}

async fn read(blobs: &dyn Blobs, named: &[u8]) -> Result<Vec<u8>, BlobError> {
    let length = named.len() as u64;
    let read = blobs.read(&Sha256::of(named), 0..length).await?;
    let pieces: Vec<bytes::Bytes> = read.unwrap().try_collect().await?;
    Ok(pieces.concat())
}

#[tokio::test]
async fn what_is_long_is_sent_in_parts_and_read_whole() {
    let Some(bucket) = TestBucket::fresh() else {
        return;
    };
    let blobs = opened(bucket.url()).await.unwrap();
    // Three parts, the last of one byte.
    let bytes: Vec<u8> = (0..(16 << 20) + 1).map(|n: u32| (n % 251) as u8).collect();
    put(&*blobs, &bytes, &bytes).await.unwrap();
    assert_eq!(
        blobs.size(&Sha256::of(&bytes)).await.unwrap(),
        Some(bytes.len() as u64)
    );
    assert!(read(&*blobs, &bytes).await.unwrap() == bytes);
    put(&*blobs, b"", b"").await.unwrap();
    assert_eq!(blobs.size(&Sha256::of(b"")).await.unwrap(), Some(0));
}

#[tokio::test]
async fn an_object_that_was_cut_off_is_not_passed_off_as_the_file() {
    let Some(bucket) = TestBucket::fresh() else {
        return;
    };
    let blobs = opened(bucket.url()).await.unwrap();
    put(&*blobs, b"twelve bytes", b"twelve").await.unwrap();
    let error = read(&*blobs, b"twelve bytes").await.unwrap_err();
    let said = error.cause.to_string();
    assert!(
        said.contains("should have the bytes 0 to 12, and has 0 to 6"),
        "{said}"
    );
}

#[tokio::test]
async fn what_is_wrong_in_the_configuration_is_told_when_it_is_opened() {
    let Some(bucket) = TestBucket::fresh() else {
        return;
    };
    let keys = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(
        keys.path(),
        "aws_access_key_id = ciaccess\naws_secret_access_key = another\n",
    )
    .unwrap();
    let (place, _) = bucket.url().split_once("&credentials_file=").unwrap();
    let wrong_key = format!("{place}&credentials_file={}", keys.path().display());
    let no_bucket = bucket.url().replace("s3://wheels/", "s3://eggs/");
    for (url, said) in [
        (&wrong_key, "the object store refused the key or the region"),
        (&no_bucket, "the object store has no such bucket"),
    ] {
        let error = opened(url).await.err().unwrap();
        assert!(error.starts_with(said), "{url}: {error}");
    }
}

#[tokio::test]
async fn a_store_that_does_not_answer_may_later() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let keys = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(
        keys.path(),
        "aws_access_key_id = a\naws_secret_access_key = b\n",
    )
    .unwrap();
    let url = format!(
        "s3://wheels?endpoint={endpoint}&credentials_file={}",
        keys.path().display()
    );
    let url: BlobsUrl = url.parse().unwrap();
    let error = open_blobs(&url).await.err().unwrap();
    let cause = error.source().and_then(std::error::Error::source).unwrap();
    assert!(cause.is::<Unavailable>(), "{cause}");
    assert_eq!(
        cause.to_string(),
        "the object store: the connection broke or could not be made"
    );
}
