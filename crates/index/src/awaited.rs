//! Archives are read on threads that may block, for somebody who may leave: an uploader who broke off, a reader who went on.
//! What nobody waits for stops at its next read, and only so many are read at once, whoever left.

use std::io::{self, Read, Seek, SeekFrom};
use std::sync::{Arc, Weak};

use tokio::sync::Semaphore;

/// A file that cannot be read any more once nobody waits for what is made of it.
pub(crate) struct Awaited<F> {
    file: F,
    waiting: Weak<()>,
}

impl<F: Read> Read for Awaited<F> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.waiting.strong_count() == 0 {
            // Not `Interrupted`, which readers take for a reason to try again.
            return Err(io::Error::other("nobody waits for it any more"));
        }
        self.file.read(into)
    }
}

impl<F: Seek> Seek for Awaited<F> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

/// Does `work` with `file` when there is a turn, on a thread that may block. The turn ends with the work, not with the wait:
/// those who leave make no room for more than `turns` at once.
///
/// # Errors
/// When the thread cannot be had or ends early.
pub(crate) async fn awaited<F, T>(
    turns: &Arc<Semaphore>,
    file: F,
    work: impl FnOnce(&mut Awaited<F>) -> T + Send + 'static,
) -> io::Result<T>
where
    F: Send + 'static,
    T: Send + 'static,
{
    let turn = Arc::clone(turns).acquire_owned().await;
    let turn = turn.map_err(io::Error::other)?;
    let here = Arc::new(());
    let mut file = Awaited {
        file,
        waiting: Arc::downgrade(&here),
    };
    let done = tokio::task::spawn_blocking(move || {
        let made = work(&mut file);
        drop(turn);
        made
    });
    let made = done.await.map_err(io::Error::other);
    drop(here);
    made
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn what_nobody_waits_for_ends_at_its_next_read() {
        let turns = Arc::new(Semaphore::new(1));
        let (began, begins) = mpsc::channel();
        let (ended, ends) = mpsc::channel();
        let forever = move |file: &mut Awaited<io::Repeat>| {
            began.send(()).unwrap();
            let error = io::copy(file, &mut io::sink()).unwrap_err();
            ended.send(error.to_string()).unwrap();
        };
        let waiting = tokio::spawn({
            let turns = Arc::clone(&turns);
            async move { awaited(&turns, io::repeat(0), forever).await }
        });
        let begun = tokio::task::spawn_blocking(move || begins.recv().unwrap());
        begun.await.unwrap();
        // Its turn is not over before it is.
        assert_eq!(turns.available_permits(), 0);
        waiting.abort();
        let end = tokio::task::spawn_blocking(move || ends.recv().unwrap());
        assert_eq!(end.await.unwrap(), "nobody waits for it any more");
        drop(turns.acquire().await.unwrap());
    }

    #[tokio::test]
    async fn what_is_waited_for_is_done() {
        let turns = Arc::new(Semaphore::new(1));
        let text = |file: &mut Awaited<&[u8]>| io::read_to_string(file).unwrap();
        for _ in 0..2 {
            let read = awaited(&turns, &b"abc"[..], text).await;
            assert_eq!(read.unwrap(), "abc");
        }
    }
}
