//! Bytes in files: `DIR/ab/<the other 62 digits>`, spooled in `DIR/spool`.
//!
//! One level of folders: making one is slow on ext4, and two levels made one or two for each upload until there were 65,536. All of
//! them are made before the first blob is stored.
//! Files that were stored then, as `DIR/ab/cd/<60 digits>`, are found where they are.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use touchplate_index::ports::{BlobError, Blobs, Bytestream, Listing, StoredBlob};
use touchplate_index::spool::{Flushed, Spool};
use touchplate_packaging::Sha256;

mod in_memory;

/// A folder of blobs.
#[derive(Clone, Debug)]
pub struct Disk {
    folder: PathBuf,
    /// Whether this process has seen to the folders of all first digits.
    has_folders: Arc<Mutex<bool>>,
}

/// Of what is in memory. Small enough to stay in a processor's cache on its way to the client, and for the allocator to use
/// the same memory again and again; large enough that the calls cost little beside the copy.
const COPY_BYTES: usize = 64 << 10;

/// From the disk. Large enough that a read is worth its hop to another thread, small enough for hundreds of downloads at once.
const READ_BYTES: usize = 256 << 10;

impl Disk {
    /// Opens the folder, making it if it is not there.
    pub fn open(folder: &Path) -> Result<Self, BlobError> {
        let folder = std::path::absolute(folder)
            .map_err(|cause| BlobError::new("find its folder", cause))?;
        fs::create_dir_all(&folder).map_err(|cause| BlobError::new("make its folder", cause))?;
        Ok(Self {
            folder,
            has_folders: Arc::default(),
        })
    }

    /// Where uploads may be spooled so that storing them is a rename.
    pub fn spool_folder(&self) -> PathBuf {
        self.folder.join("spool")
    }

    fn path(&self, digest: &Sha256) -> PathBuf {
        let digits = digest.to_string();
        let (first, rest) = digits.split_at(2);
        self.folder.join(first).join(rest)
    }

    /// Where it may be from before.
    fn path_before(&self, digest: &Sha256) -> PathBuf {
        let digits = digest.to_string();
        let (first, rest) = digits.split_at(2);
        let (second, rest) = rest.split_at(2);
        self.folder.join(first).join(second).join(rest)
    }

    fn paths(&self, digest: &Sha256) -> [PathBuf; 2] {
        [self.path(digest), self.path_before(digest)]
    }

    /// Makes the folders of all first digits before the first blob is stored, and flushes them: made one by one, each costs the
    /// upload that is the first of its digits another flush. Whoever comes meanwhile waits: a folder that somebody else has just
    /// made need not be on the disk yet.
    fn make_folders(&self) -> io::Result<()> {
        let mut made = self
            .has_folders
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if !*made {
            for first in 0..=u8::MAX {
                make_folder(&self.folder.join(format!("{first:02x}")))?;
            }
            File::open(&self.folder)?.sync_all()?;
            *made = true;
        }
        Ok(())
    }

    /// The order is the promise: the bytes are on the disk before they have their name, and the name is on the disk before
    /// anybody hears that they are stored.
    fn store(&self, path: &Path, flushed: Flushed) -> io::Result<()> {
        self.make_folders()?;
        let parent = path
            .parent()
            .ok_or_else(|| io::Error::other("a blob's path has a parent"))?;
        // Somebody may have tidied up empty folders since.
        let made = make_folder(parent)?;
        // Over an equal blob too: the new file's time tells the sweep that it is in use.
        flushed.persist(path)?;
        File::open(parent)?.sync_all()?;
        if made {
            File::open(&self.folder)?.sync_all()?;
        }
        Ok(())
    }
}

/// Makes a folder; false if it was there.
fn make_folder(path: &Path) -> io::Result<bool> {
    match fs::create_dir(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

/// Runs `work` on a thread that may block.
async fn blocking<T: Send + 'static>(
    doing: &'static str,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, BlobError> {
    let done = tokio::task::spawn_blocking(work)
        .await
        .map_err(|cause| BlobError::new(doing, cause))?;
    done.map_err(|cause| BlobError::new(doing, cause))
}

/// None where `result` says that there is no such file.
fn if_there<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// What `look` finds at the first path where there is something.
fn at_first<T>(paths: &[PathBuf], look: impl Fn(&Path) -> io::Result<T>) -> io::Result<Option<T>> {
    for path in paths {
        if let Some(found) = if_there(look(path))? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

#[async_trait]
impl Blobs for Disk {
    async fn put(&self, digest: &Sha256, bytes: Spool) -> Result<(), BlobError> {
        let (disk, path) = (self.clone(), self.path(digest));
        let doing = "store bytes";
        let flushed = bytes.flushed().await;
        let flushed = flushed.map_err(|cause| BlobError::new(doing, cause))?;
        blocking(doing, move || disk.store(&path, flushed)).await
    }

    async fn size(&self, digest: &Sha256) -> Result<Option<u64>, BlobError> {
        let paths = self.paths(digest);
        let look = move || at_first(&paths, |path| fs::metadata(path));
        let size = blocking("look at bytes", look).await?;
        Ok(size.map(|metadata| metadata.len()))
    }

    async fn read(
        &self,
        digest: &Sha256,
        range: Range<u64>,
    ) -> Result<Option<Bytestream>, BlobError> {
        let reading = match in_memory::open(&self.path(digest)) {
            Some(file) => Some(Reading::new(file, range)),
            None => {
                let paths = self.paths(digest);
                let open = move || {
                    let file = at_first(&paths, |path| File::open(path))?;
                    // The first piece comes with the opening: most files are no longer than that.
                    file.map(|file| Reading::new(file, range).read_on())
                        .transpose()
                };
                blocking("open bytes", open).await?
            }
        };
        Ok(reading.map(|reading| -> Bytestream { Box::pin(stream::try_unfold(reading, pieces)) }))
    }

    async fn remove(&self, digest: &Sha256) -> Result<(), BlobError> {
        let paths = self.paths(digest);
        let remove = move || {
            for path in paths {
                if_there(fs::remove_file(path))?;
            }
            Ok(())
        };
        blocking("remove bytes", remove).await
    }

    /// Folder by folder.
    fn stored(&self) -> Listing {
        let folders = stream::iter(0..=u8::MAX).then({
            let disk = self.clone();
            move |first| {
                let folder = disk.folder.clone();
                let found = blocking("list bytes", move || list(&folder, &format!("{first:02x}")));
                async move {
                    match found.await {
                        Ok(found) => found.into_iter().map(Ok).collect(),
                        Err(error) => vec![Err(error)],
                    }
                }
            }
        });
        folders.flat_map(stream::iter).boxed()
    }
}

/// A file that is being read: what is left of it, and a piece that is there already.
struct Reading {
    file: File,
    left: Range<u64>,
    ready: Option<Bytes>,
}

impl Reading {
    fn new(file: File, left: Range<u64>) -> Self {
        let ready = None;
        Self { file, left, ready }
    }

    /// How many bytes the next piece has, which should have at most `most`.
    fn next_bytes(&self, most: usize) -> usize {
        let left = self.left.end.saturating_sub(self.left.start);
        usize::try_from(left).map_or(most, |left| left.min(most))
    }

    /// With its next piece, which the disk may have to be waited for.
    fn read_on(mut self) -> io::Result<Self> {
        let most = self.next_bytes(READ_BYTES);
        let mut piece = Vec::with_capacity(most);
        self.file.seek(SeekFrom::Start(self.left.start))?;
        (&self.file).take(most as u64).read_to_end(&mut piece)?;
        if piece.is_empty() && most > 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.ready = Some(piece.into());
        Ok(self)
    }
}

async fn pieces(mut reading: Reading) -> Result<Option<(Bytes, Reading)>, BlobError> {
    if reading.ready.is_none() {
        let most = reading.next_bytes(COPY_BYTES);
        if most == 0 {
            return Ok(None);
        }
        reading.ready = in_memory::read(&reading.file, reading.left.start, most);
    }
    if reading.ready.is_none() {
        reading = blocking("read bytes", move || reading.read_on()).await?;
    }
    let Some(piece) = reading.ready.take().filter(|piece| !piece.is_empty()) else {
        return Ok(None);
    };
    reading.left.start = reading.left.start.saturating_add(piece.len() as u64);
    Ok(Some((piece, reading)))
}

/// The blobs whose digests begin with these two digits.
fn list(folder: &Path, first: &str) -> io::Result<Vec<StoredBlob>> {
    let folder = folder.join(first);
    let mut found = Vec::new();
    list_in(&folder, first, &mut found)?;
    for second in directories(&folder)? {
        list_in(&second, &(first.to_owned() + &name_of(&second)), &mut found)?;
    }
    Ok(found)
}

/// The blobs of one folder; `digits` is what their digests begin with.
fn list_in(folder: &Path, digits: &str, found: &mut Vec<StoredBlob>) -> io::Result<()> {
    for entry in if_there(fs::read_dir(folder))?.into_iter().flatten() {
        let path = entry?.path();
        let Ok(digest) = format!("{digits}{}", name_of(&path)).parse() else {
            continue;
        };
        if let Some(metadata) = if_there(fs::metadata(&path))? {
            found.push(StoredBlob {
                digest,
                size: metadata.len(),
                stored_at: metadata.modified()?,
            });
        }
    }
    Ok(())
}

/// The folders whose names are two characters.
fn directories(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in if_there(fs::read_dir(folder))?.into_iter().flatten() {
        let entry = entry?;
        if entry.file_name().len() == 2 && entry.file_type()?.is_dir() {
            found.push(entry.path());
        }
    }
    Ok(found)
}

fn name_of(path: &Path) -> String {
    let name = path.file_name().and_then(|name| name.to_str());
    name.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use futures_util::TryStreamExt as _;
    use touchplate_index::spool::SpoolRoom;

    use super::*;

    #[tokio::test]
    async fn bytes_that_lie_two_folders_deep_are_found_listed_and_removed() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::open(folder.path()).unwrap();
        let digest = Sha256::of(b"old");
        let path = disk.path_before(&digest);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, b"old").unwrap();
        assert_eq!(disk.size(&digest).await.unwrap(), Some(3));
        let read = disk.read(&digest, 0..3).await.unwrap().unwrap();
        let pieces: Vec<Bytes> = read.try_collect().await.unwrap();
        assert_eq!(pieces.concat(), b"old");
        let stored: Vec<_> = disk.stored().try_collect().await.unwrap();
        assert_eq!((&stored[0].digest, stored[0].size), (&digest, 3));
        assert_eq!(stored.len(), 1);
        disk.remove(&digest).await.unwrap();
        assert_eq!(disk.size(&digest).await.unwrap(), None);
        let stored: Vec<_> = disk.stored().try_collect().await.unwrap();
        assert_eq!(stored, []);
    }

    async fn put(disk: &Disk, bytes: &'static [u8]) -> Result<(), BlobError> {
        let room = SpoolRoom::open(&disk.spool_folder()).unwrap();
        let mut writer = room.writer(u64::MAX);
        writer.write(&Bytes::from_static(bytes)).await.unwrap();
        let spool = writer.finish().await.unwrap();
        disk.put(&Sha256::of(bytes), spool).await
    }

    #[tokio::test]
    async fn the_folders_of_all_digits_are_made_with_the_first_blob_and_one_that_goes_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::open(folder.path()).unwrap();
        assert!(directories(folder.path()).unwrap().is_empty());
        put(&disk, b"first").await.unwrap();
        let mut made = directories(folder.path()).unwrap();
        made.sort();
        let all: Vec<_> = (0..=u8::MAX)
            .map(|first| folder.path().join(format!("{first:02x}")))
            .collect();
        assert_eq!(made, all);

        let digest = Sha256::of(b"second");
        fs::remove_dir(disk.path(&digest).parent().unwrap()).unwrap();
        put(&disk, b"second").await.unwrap();
        assert_eq!(disk.size(&digest).await.unwrap(), Some(6));
    }
}
