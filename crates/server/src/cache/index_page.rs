//! The list of all projects. Every change concerns it, and in a large index it takes long to render: it is rendered at most
//! as often as that is worth.

use std::time::{Duration, Instant};

use touchplate_index::projects::ReadError;

use super::{Follower, Moment, Rendered};

/// A page that was rendered within this time is rendered again after every change.
const QUICKLY: Duration = Duration::from_millis(100);

/// One that takes longer is shown, though it is old, for so many times as long: rendering it then takes at most a
/// twentieth of a processor.
const TIMES: u32 = 20;

/// However long it takes: what was uploaded is listed, and what became private is not, a few seconds later.
const MOST: Duration = Duration::from_secs(5);

/// The list in one of its shapes.
#[derive(Default)]
pub(super) struct IndexPage {
    /// Held while it is rendered: whoever asks meanwhile gets that.
    last: tokio::sync::Mutex<Option<Last>>,
}

struct Last {
    page: Rendered,
    moment: Moment,
    shown_until: Instant,
}

impl IndexPage {
    /// The page, as it is or was a moment ago.
    pub(super) async fn page<F>(
        &self,
        follower: &Follower,
        render: impl FnOnce() -> F,
    ) -> Result<Rendered, ReadError>
    where
        F: Future<Output = Result<Rendered, ReadError>>,
    {
        let mut last = self.last.lock().await;
        let began = Instant::now();
        let Some(moment) = follower.moment(None) else {
            drop(last);
            return render().await;
        };
        if let Some(last) = &*last
            && (last.moment == moment || began < last.shown_until)
        {
            return Ok(last.page.clone());
        }
        let page = render().await?.of(moment);
        let ended = Instant::now();
        *last = Some(Last {
            page: page.clone(),
            moment,
            shown_until: ended + patience(ended.duration_since(began)),
        });
        Ok(page)
    }
}

/// For how long a page may be shown that took so long.
fn patience(took: Duration) -> Duration {
    if took < QUICKLY {
        Duration::ZERO
    } else {
        took.saturating_mul(TIMES).min(MOST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quickly_rendered_is_never_old_and_nothing_is_for_long() {
        let ms = Duration::from_millis;
        for (took, expected) in [
            (0, 0),
            (99, 0),
            (100, 2000),
            (200, 4000),
            (400, 5000),
            (60_000, 5000),
        ] {
            assert_eq!(patience(ms(took)), ms(expected), "{took} ms");
        }
    }
}
