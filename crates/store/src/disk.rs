//! Bytes in files: `DIR/ab/cd/<the other 60 digits>`, spooled in `DIR/spool`.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream;
use touchplate_index::ports::{BlobError, Blobs, Bytestream};
use touchplate_index::spool::{Flushed, Spool};
use touchplate_packaging::Sha256;

mod in_memory;

/// A folder of blobs.
#[derive(Clone, Debug)]
pub struct Disk {
    folder: PathBuf,
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
        Ok(Self { folder })
    }

    /// Where uploads may be spooled so that storing them is a rename.
    pub fn spool_folder(&self) -> PathBuf {
        self.folder.join("spool")
    }

    fn path(&self, digest: &Sha256) -> PathBuf {
        let digits = digest.to_string();
        let (first, rest) = digits.split_at(2);
        let (second, rest) = rest.split_at(2);
        self.folder.join(first).join(second).join(rest)
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

/// The order is the promise: the bytes are on the disk before they have their name, and the name is on the disk before
/// anybody hears that they are stored. Each directory made on the way is flushed into its parent.
fn store(folder: &Path, path: &Path, flushed: Flushed) -> io::Result<()> {
    let parent = path
        .parent()
        .ok_or_else(|| io::Error::other("a blob's path has a parent"))?;
    let mut made = Vec::new();
    for directory in parent
        .ancestors()
        .take_while(|directory| *directory != folder)
    {
        match fs::create_dir(directory) {
            Ok(()) => made.push(directory.to_owned()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => break,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                fs::create_dir_all(directory)?;
                made.extend(
                    directory
                        .ancestors()
                        .take_while(|d| *d != folder)
                        .map(Path::to_owned),
                );
                break;
            }
            Err(error) => return Err(error),
        }
    }
    // Over an equal blob too: the new file's time tells the sweep that it is in use.
    flushed.persist(path)?;
    File::open(parent)?.sync_all()?;
    for directory in made {
        if let Some(above) = directory.parent() {
            File::open(above)?.sync_all()?;
        }
    }
    Ok(())
}

#[async_trait]
impl Blobs for Disk {
    async fn put(&self, digest: &Sha256, bytes: Spool) -> Result<(), BlobError> {
        let (folder, path) = (self.folder.clone(), self.path(digest));
        let doing = "store bytes";
        let flushed = bytes.flushed().await;
        let flushed = flushed.map_err(|cause| BlobError::new(doing, cause))?;
        blocking(doing, move || store(&folder, &path, flushed)).await
    }

    async fn size(&self, digest: &Sha256) -> Result<Option<u64>, BlobError> {
        let path = self.path(digest);
        let size = blocking("look at bytes", move || if_there(fs::metadata(path))).await?;
        Ok(size.map(|metadata| metadata.len()))
    }

    async fn read(
        &self,
        digest: &Sha256,
        range: Range<u64>,
    ) -> Result<Option<Bytestream>, BlobError> {
        let path = self.path(digest);
        let reading = match in_memory::open(&path) {
            Some(file) => Some(Reading::new(file, range)),
            None => {
                let open = move || {
                    let file = if_there(File::open(path))?;
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
        let path = self.path(digest);
        blocking("remove bytes", move || if_there(fs::remove_file(path))).await?;
        Ok(())
    }

    async fn stored_before(&self, before: SystemTime) -> Result<Vec<Sha256>, BlobError> {
        let folder = self.folder.clone();
        blocking("list bytes", move || list(&folder, before)).await
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

fn list(folder: &Path, before: SystemTime) -> io::Result<Vec<Sha256>> {
    let mut found = Vec::new();
    for first in directories(folder, 2)? {
        for second in directories(&first, 2)? {
            for blob in fs::read_dir(&second)? {
                let blob = blob?;
                let old = if_there(blob.metadata())?
                    .is_some_and(|m| m.modified().is_ok_and(|at| at < before));
                if old && let Some(digest) = digest_of(&first, &second, &blob.path()) {
                    found.push(digest);
                }
            }
        }
    }
    Ok(found)
}

fn directories(folder: &Path, name_length: usize) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().len() == name_length && entry.file_type()?.is_dir() {
            found.push(entry.path());
        }
    }
    Ok(found)
}

fn digest_of(first: &Path, second: &Path, blob: &Path) -> Option<Sha256> {
    let name = |path: &Path| {
        path.file_name()
            .and_then(|name| name.to_str())
            .map(str::to_owned)
    };
    format!("{}{}{}", name(first)?, name(second)?, name(blob)?)
        .parse()
        .ok()
}
