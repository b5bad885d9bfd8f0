//! What the kernel has in memory, opened and read without waiting for a disk, and so without another thread. Each function
//! answers none where it would have to wait, or cannot tell.

#[cfg(target_os = "linux")]
mod linux {
    use std::fs::File;
    use std::io::IoSliceMut;
    use std::path::Path;

    use bytes::Bytes;
    use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat2};
    use rustix::io::{ReadWriteFlags, preadv2};

    /// Opens a file whose whole path is known (Linux 5.12).
    pub(in super::super) fn open(path: &Path) -> Option<File> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let file = openat2(CWD, path, flags, Mode::empty(), ResolveFlags::CACHED);
        file.ok().map(File::from)
    }

    /// Reads what is there of at most so many bytes from that place on (Linux 4.14).
    pub(in super::super) fn read(file: &File, from: u64, most: usize) -> Option<Bytes> {
        let mut piece = vec![0; most];
        let into = &mut [IoSliceMut::new(&mut piece)];
        let read = preadv2(file, into, from, ReadWriteFlags::NOWAIT).ok()?;
        piece.truncate(read);
        // At the end of a file nothing is there: whoever waits finds out.
        (read > 0).then(|| piece.into())
    }
}

#[cfg(not(target_os = "linux"))]
mod elsewhere {
    use std::fs::File;
    use std::path::Path;

    use bytes::Bytes;

    /// Cannot be told.
    pub(in super::super) fn open(_: &Path) -> Option<File> {
        None
    }

    /// Cannot be told.
    pub(in super::super) fn read(_: &File, _: u64, _: usize) -> Option<Bytes> {
        None
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) use elsewhere::{open, read};
#[cfg(target_os = "linux")]
pub(super) use linux::{open, read};
