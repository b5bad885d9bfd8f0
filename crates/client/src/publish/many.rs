//! Many files at once: wheels before sdists, the first one alone where it creates the project.

use touchplate_packaging::FileKind;

use super::upload::{Item, UploadError, Uploaded, Uploader};
use crate::crew::each;

/// Files on their way at once: enough to hide waiting, and few enough for an index of one core, which reads each archive.
const MAX_AT_ONCE: usize = 4;

/// What is told while files are on their way.
pub trait Watch: Sync {
    /// So many bytes of this item's form are on their way; fewer than before if it was begun anew.
    fn sent(&self, item: usize, bytes: u64);
    /// This item is done.
    fn done(&self, item: usize);
}

/// Sends items, in their order; what is after the first that fails is not begun, and is `None`.
pub fn upload_all(
    uploader: &Uploader<'_>,
    items: &[Item],
    first_alone: bool,
    watch: &dyn Watch,
) -> Vec<Option<Result<Uploaded, UploadError>>> {
    let wheels = items
        .iter()
        .take_while(|item| item.file.filename().kind() == FileKind::Wheel)
        .count();
    let alone = usize::from(first_alone).min(items.len());
    let mut results = Vec::new();
    // What ends a part is awaited before the next part begins.
    for end in [alone, wheels.max(alone), items.len()] {
        let begin = results.len();
        let part = items.get(begin..end).unwrap_or_default();
        let is_stopped = results.iter().any(|it| !matches!(it, Some(Ok(_))));
        if is_stopped {
            results.extend(part.iter().map(|_| None));
            continue;
        }
        results.extend(each(MAX_AT_ONCE, part, Result::is_ok, |at, item| {
            let at = begin + at;
            let uploaded = uploader.upload(item, &mut |bytes| watch.sent(at, bytes))?;
            watch.done(at);
            Ok(uploaded)
        }));
    }
    results
}
