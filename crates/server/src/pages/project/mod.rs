//! What a project is: one of its releases (`/project/{project}/`, `/project/{project}/{version}/`), and what all of them say
//! of who built them (`/project/{project}/history/`).

mod files;
mod head;
mod history;
mod install;
mod metadata;
mod release;
mod strip;
mod words;

use touchplate_packaging::Version;

use crate::extract::segment;

pub(super) use head::{banner, yanked};
pub(crate) use history::history;
pub(crate) use release::{project, release};

/// Where a file's page is.
pub(super) fn page_path(project: &str, version: &Version, filename: &str) -> String {
    format!(
        "/project/{}/{}/{}",
        segment(project),
        segment(&version.to_string()),
        segment(filename)
    )
}

/// Where a release's page is.
fn release_path(project: &str, version: &Version) -> String {
    page_path(project, version, "")
}

/// Links to the neighbours of one page of a long list; the URLs are relative to the list's own.
struct Pages {
    number: usize,
    of: usize,
    /// What is listed.
    what: &'static str,
}

impl Pages {
    /// The part of `items` that is on page `number`, and the links, if there is more than one page; none if there is no such
    /// page. There is always a first one.
    fn cut<'i, T>(
        items: &'i [T],
        per_page: usize,
        number: usize,
        what: &'static str,
    ) -> Option<(&'i [T], Option<Self>)> {
        let of = items.len().div_ceil(per_page).max(1);
        if number < 1 || number > of {
            return None;
        }
        let from = (number - 1) * per_page;
        let to = items.len().min(from + per_page);
        let pages = (of > 1).then_some(Self { number, of, what });
        Some((items.get(from..to)?, pages))
    }
}
