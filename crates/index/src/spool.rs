//! Where an upload's bytes wait, hashed and counted, until they are accepted or dropped.
//!
//! Each process has a room of its own under the spool folder, with a lock that the operating system lets go of when the
//! process ends, however it ends. Opening a room sweeps those whose process is gone, so a crash leaves nothing for long.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use tempfile::{NamedTempFile, TempDir, TempPath};
use tokio::task::JoinHandle;
use touchplate_packaging::{Digests, Hasher};

/// A process's room in the spool folder.
#[derive(Debug)]
pub struct SpoolRoom {
    room: TempDir,
    /// Whether bytes are flushed to the disk as soon as they have all come.
    flushes: bool,
    _lock: File,
}

const LOCK: &str = "lock";
const GATE: &str = "gate";

impl SpoolRoom {
    /// Opens a room under `folder`, which must be on the file system of the blobs, and sweeps rooms of dead processes.
    ///
    /// # Errors
    /// When the folder cannot be made or locked.
    pub fn open(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        // One at a time: between a room's making and its locking, nobody else may take it for a dead one's.
        let gate = File::create(folder.join(GATE))?;
        gate.lock()?;
        sweep(folder)?;
        let room = tempfile::Builder::new()
            .prefix("room-")
            .tempdir_in(folder)?;
        let lock = File::create(room.path().join(LOCK))?;
        lock.lock()?;
        Ok(Self {
            room,
            flushes: true,
            _lock: lock,
        })
    }

    /// For a store that takes the bytes elsewhere: what is spooled here need not survive a power cut.
    #[must_use]
    pub fn without_flushing(mut self) -> Self {
        self.flushes = false;
        self
    }

    /// Starts to spool an upload of at most `limit` bytes.
    pub fn writer(&self, limit: u64) -> SpoolWriter {
        SpoolWriter {
            folder: self.room.path().to_owned(),
            flushes: self.flushes,
            limit,
            seen: 0,
            buffer: Vec::new(),
            behind: Behind::Nothing,
        }
    }
}

/// Whoever holds the gate knows that a room whose lock is free, or missing, is a dead process's.
fn sweep(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if !path.is_dir() {
            continue;
        }
        let alive = File::open(path.join(LOCK)).is_ok_and(|lock| lock.try_lock().is_err());
        if !alive && let Err(error) = fs::remove_dir_all(&path) {
            tracing::warn!(path = %path.display(), %error, "a spool room of a process that is gone could not be removed");
        }
    }
    Ok(())
}

/// Bytes that arrived in full, with their digests. Dropping it deletes them.
#[derive(Debug)]
pub struct Spool {
    path: TempPath,
    size: u64,
    digests: Digests,
    /// None where it was not begun.
    flushing: Option<JoinHandle<io::Result<()>>>,
}

impl Spool {
    /// Where the bytes are.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many there are.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Their digests.
    pub fn digests(&self) -> &Digests {
        &self.digests
    }

    /// Waits until the bytes are on the disk.
    ///
    /// # Errors
    /// When the disk fails.
    pub async fn flushed(self) -> io::Result<Flushed> {
        let Self { path, flushing, .. } = self;
        let flushing = flushing.unwrap_or_else(|| {
            let path = path.to_path_buf();
            tokio::task::spawn_blocking(move || File::open(path)?.sync_all())
        });
        flushing.await.map_err(io::Error::other)??;
        Ok(Flushed(path))
    }
}

/// Bytes that survive a power cut, if their name does. Dropping it deletes them.
#[derive(Debug)]
pub struct Flushed(TempPath);

impl Flushed {
    /// Gives them their name, in place of what has it.
    ///
    /// # Errors
    /// When the name is on another file system, or the disk fails.
    pub fn persist(self, path: &Path) -> io::Result<()> {
        Ok(self.0.persist(path)?)
    }
}

/// Why bytes could not be spooled.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// More came than may.
    #[error("the file is larger than {limit} bytes")]
    TooLarge {
        /// The most that may come.
        limit: u64,
    },
    /// The disk failed or is full.
    #[error("the upload could not be spooled to disk")]
    Disk(#[from] io::Error),
}

/// Takes bytes as they arrive. Memory does not grow with the file: two buffers, one filling while the other is hashed
/// and written behind it.
#[derive(Debug)]
pub struct SpoolWriter {
    folder: PathBuf,
    flushes: bool,
    limit: u64,
    seen: u64,
    buffer: Vec<u8>,
    behind: Behind,
}

#[derive(Debug)]
enum Behind {
    Nothing,
    Running(JoinHandle<io::Result<Sink>>),
}

#[derive(Debug)]
struct Sink {
    file: NamedTempFile,
    hasher: Hasher,
}

/// Large enough that handing it to another thread costs nothing beside hashing it, small enough for hundreds at once.
const BUFFER_BYTES: usize = 1 << 20;

impl SpoolWriter {
    /// Takes the next bytes.
    ///
    /// # Errors
    /// [`SpoolError::TooLarge`] as soon as one byte too many came.
    pub async fn write(&mut self, bytes: &Bytes) -> Result<(), SpoolError> {
        self.seen = self.seen.saturating_add(bytes.len() as u64);
        if self.seen > self.limit {
            return Err(SpoolError::TooLarge { limit: self.limit });
        }
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= BUFFER_BYTES {
            self.flush().await?;
        }
        Ok(())
    }

    /// No more bytes come: hashes and writes what is left.
    ///
    /// # Errors
    /// When the disk fails.
    pub async fn finish(mut self) -> Result<Spool, SpoolError> {
        self.flush().await?;
        let sink = self.caught_up().await?;
        let Sink { file, hasher } = match sink {
            Some(sink) => sink,
            None => Sink::create(&self.folder)?,
        };
        let (digests, size) = hasher.finish();
        let (file, path) = file.into_parts();
        Ok(Spool {
            path,
            size,
            digests,
            // The disk has begun when the archive is looked at, and most uploads are accepted.
            flushing: self
                .flushes
                .then(|| tokio::task::spawn_blocking(move || file.sync_all())),
        })
    }

    async fn flush(&mut self) -> Result<(), SpoolError> {
        let sink = self.caught_up().await?;
        let buffer = std::mem::take(&mut self.buffer);
        let folder = self.folder.clone();
        self.behind = Behind::Running(tokio::task::spawn_blocking(move || {
            let mut sink = sink.map_or_else(|| Sink::create(&folder), Ok)?;
            sink.hasher.update(&buffer);
            sink.file.write_all(&buffer)?;
            Ok(sink)
        }));
        Ok(())
    }

    async fn caught_up(&mut self) -> Result<Option<Sink>, SpoolError> {
        match std::mem::replace(&mut self.behind, Behind::Nothing) {
            Behind::Nothing => Ok(None),
            Behind::Running(task) => Ok(Some(task.await.map_err(io::Error::other)??)),
        }
    }
}

impl Sink {
    fn create(folder: &Path) -> io::Result<Self> {
        Ok(Self {
            file: NamedTempFile::new_in(folder)?,
            hasher: Hasher::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(folder: &Path) -> usize {
        fs::read_dir(folder)
            .unwrap()
            .filter(|entry| entry.as_ref().unwrap().path().is_dir())
            .map(|room| {
                fs::read_dir(room.unwrap().path())
                    .unwrap()
                    .filter(|f| f.as_ref().unwrap().file_name() != LOCK)
                    .count()
            })
            .sum()
    }

    #[tokio::test]
    async fn bytes_are_hashed_and_counted_and_vanish_when_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let room = SpoolRoom::open(folder.path()).unwrap();
        let mut writer = room.writer(10 << 20);
        let chunk = Bytes::from(vec![7; 300_000]);
        for _ in 0..10 {
            writer.write(&chunk).await.unwrap();
        }
        let spool = writer.finish().await.unwrap();
        let bytes = fs::read(spool.path()).unwrap();
        assert_eq!((bytes.len() as u64, spool.size()), (3_000_000, 3_000_000));
        assert_eq!(
            spool.digests().sha256,
            touchplate_packaging::Sha256::of(&bytes)
        );
        drop(spool);
        assert_eq!(files(folder.path()), 0);
    }

    #[tokio::test]
    async fn what_was_not_flushed_at_once_is_flushed_when_it_is_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let room = SpoolRoom::open(folder.path()).unwrap().without_flushing();
        let mut writer = room.writer(5);
        writer.write(&Bytes::from_static(b"12345")).await.unwrap();
        let spool = writer.finish().await.unwrap();
        assert!(spool.flushing.is_none());
        let kept = folder.path().join("kept");
        spool.flushed().await.unwrap().persist(&kept).unwrap();
        assert_eq!(fs::read(kept).unwrap(), b"12345");
    }

    #[tokio::test]
    async fn one_byte_too_many_is_refused_and_nothing_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let room = SpoolRoom::open(folder.path()).unwrap();
        let mut writer = room.writer(5);
        writer.write(&Bytes::from_static(b"12345")).await.unwrap();
        assert!(matches!(
            writer.write(&Bytes::from_static(b"6")).await,
            Err(SpoolError::TooLarge { limit: 5 })
        ));
        drop(writer);
        assert_eq!(files(folder.path()), 0);
    }

    #[test]
    fn rooms_opened_at_the_same_moment_are_all_kept() {
        let folder = tempfile::tempdir().unwrap();
        let open = || SpoolRoom::open(folder.path()).unwrap();
        let rooms = std::thread::scope(|scope| {
            let opening: Vec<_> = (0..16).map(|_| scope.spawn(open)).collect();
            opening
                .into_iter()
                .map(|one| one.join().unwrap())
                .collect::<Vec<_>>()
        });
        assert!(
            rooms
                .iter()
                .all(|room| room.room.path().join(LOCK).exists())
        );
    }

    #[test]
    fn rooms_of_dead_processes_are_swept_and_living_ones_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let living = SpoolRoom::open(folder.path()).unwrap();
        let dead = folder.path().join("room-dead");
        fs::create_dir(&dead).unwrap();
        fs::write(dead.join(LOCK), "").unwrap();
        fs::write(dead.join("half"), "x").unwrap();
        let _second = SpoolRoom::open(folder.path()).unwrap();
        assert!(!dead.exists());
        assert!(living.room.path().exists());
    }
}
