//! Long descriptions as HTML.

use touchplate_readme::{Images, Readme};

/// The description as it stands in a page; none if there is nothing to read.
///
/// It takes milliseconds for the longest, which other requests shall not wait for: it is made on the threads for such work,
/// once for each page that is kept.
pub(crate) async fn render(text: Option<&str>, content_type: Option<&str>) -> Option<Readme> {
    let text = text.filter(|text| !text.trim().is_empty())?.to_owned();
    let content_type = content_type.map(str::to_owned);
    let rendering = tokio::task::spawn_blocking(move || {
        touchplate_readme::render(&text, content_type.as_deref(), Images::Link)
    });
    match rendering.await {
        Ok(readme) => Some(readme),
        Err(error) => {
            tracing::error!(%error, "a description could not be rendered; its page goes without");
            None
        }
    }
}
