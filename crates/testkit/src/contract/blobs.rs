//! Bytes and their sweeping.

use futures_util::TryStreamExt as _;
use touchplate_index::Ports;
use touchplate_index::ports::{RecordError, StoredBlob};
use touchplate_index::spool::SpoolRoom;
use touchplate_packaging::Sha256;

use super::{demo, origin, upload};

pub(super) async fn swept_bytes_cannot_be_referred_to(ports: Ports) {
    let at = demo(&ports).await;
    let digest = Sha256::of(b"bytes");
    assert_eq!(ports.releases.sweeps(&digest).await.unwrap(), 0);
    assert!(ports.releases.begin_sweep(&digest).await.unwrap());
    assert_eq!(
        ports.releases.unfinished_sweeps().await.unwrap(),
        std::slice::from_ref(&digest)
    );
    let mut file = upload(at, "demo-1.0.tar.gz", b"bytes");
    let late = ports.releases.record(&origin(), &file).await;
    assert!(
        matches!(late, Err(RecordError::BytesSwept)),
        "stored before the sweep: {late:?}"
    );
    file.sweeps = ports.releases.sweeps(&digest).await.unwrap();
    let underway = ports.releases.record(&origin(), &file).await;
    assert!(
        matches!(underway, Err(RecordError::BytesSwept)),
        "stored during the sweep: {underway:?}"
    );
    ports.releases.swept(&digest).await.unwrap();
    assert!(ports.releases.unfinished_sweeps().await.unwrap().is_empty());
    ports
        .releases
        .record(&origin(), &file)
        .await
        .expect("stored after the sweep");
    assert!(
        !ports.releases.begin_sweep(&digest).await.unwrap(),
        "a file refers to them now"
    );
}

pub(super) async fn bytes_are_read_back_in_ranges(ports: Ports) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    // Larger than one read of the disk store, and no multiple of it.
    let content: Vec<u8> = (0..700_001_u32)
        .map(|n| u8::try_from(n % 251).expect("below 251"))
        .collect();
    let digest = Sha256::of(&content);
    for _ in 0..2 {
        // The disk store renames the spooled file, so it must be on the same file system: temporary folders are.
        let room = SpoolRoom::open(folder.path()).expect("a spool room");
        let mut writer = room.writer(1 << 20);
        writer.write(&content.clone().into()).await.unwrap();
        ports
            .blobs
            .put(&digest, writer.finish().await.unwrap())
            .await
            .unwrap();
    }
    assert_eq!(ports.blobs.size(&digest).await.unwrap(), Some(700_001));
    for range in [
        0..700_001_usize,
        0..1,
        5..5,
        262_143..262_145,
        700_000..700_001,
        1..700_000,
    ] {
        let stream = ports
            .blobs
            .read(&digest, range.start as u64..range.end as u64)
            .await
            .unwrap()
            .expect("it is there");
        let read: Vec<u8> = stream
            .try_fold(Vec::new(), |mut all, piece| async move {
                all.extend_from_slice(&piece);
                Ok(all)
            })
            .await
            .unwrap();
        assert!(read == content[range.clone()], "{range:?}");
    }
    let stored: Vec<StoredBlob> = ports.blobs.stored().try_collect().await.unwrap();
    let found: Vec<_> = stored.iter().map(|it| (&it.digest, it.size)).collect();
    assert_eq!(found, [(&digest, 700_001)]);
    // Another machine's clock, to the second: not long ago.
    let hour = std::time::Duration::from_secs(60 * 60);
    let now = std::time::SystemTime::now();
    assert!(stored[0].stored_at > now - hour && stored[0].stored_at < now + hour);
    ports.blobs.remove(&digest).await.unwrap();
    let stored: Vec<StoredBlob> = ports.blobs.stored().try_collect().await.unwrap();
    assert_eq!(stored, []);
    assert_eq!(ports.blobs.size(&digest).await.unwrap(), None);
}
