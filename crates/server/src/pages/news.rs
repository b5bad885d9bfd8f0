//! A release in a list of the latest, in words.

use touchplate_index::ports::ReleaseNews;
use touchplate_packaging::simple::Yanked;

use super::text;
use super::units;
use crate::extract::segment;

/// A release as the front page shows it.
pub(super) struct NewsTold {
    pub(super) name: String,
    pub(super) version: String,
    /// The release's page.
    pub(super) page: String,
    pub(super) summary: Option<String>,
    /// The class of the badge, and its words.
    pub(super) provenance: (&'static str, String),
    /// What the attestations say, in a sentence.
    pub(super) sentence: String,
    /// The repository that they name, without its scheme.
    pub(super) built_from: Option<String>,
    pub(super) yanked: bool,
    pub(super) day: String,
    pub(super) datetime: String,
}

impl NewsTold {
    pub(super) fn of(news: &ReleaseNews) -> Self {
        Self {
            name: text::line(news.display.as_str()).into_owned(),
            version: news.version.to_string(),
            page: format!(
                "/project/{}/{}/",
                news.project,
                segment(&news.version.to_string())
            ),
            summary: news
                .summary
                .as_deref()
                .filter(|summary| !summary.trim().is_empty())
                .map(|summary| text::line(summary).into_owned()),
            provenance: badge(news),
            sentence: sentence(news),
            built_from: news.built_from.as_deref().map(|from| {
                let bare = from.strip_prefix("https://").unwrap_or(from);
                text::line(bare).into_owned()
            }),
            yanked: news.yanked != Yanked::No,
            day: units::day(news.released_at),
            datetime: news.released_at.to_string(),
        }
    }
}

fn badge(news: &ReleaseNews) -> (&'static str, String) {
    match (news.attested, news.files) {
        (0, _) => ("none", "No provenance".to_owned()),
        (attested, files) if attested == files => ("full", "Full provenance".to_owned()),
        (attested, files) => (
            "partial",
            format!("Provenance for {attested} of {files} files"),
        ),
    }
}

fn sentence(news: &ReleaseNews) -> String {
    let from = news.built_from.as_deref().map(text::line);
    let from = from.map_or(String::new(), |from| format!(" and name {from}"));
    match (news.attested, news.files) {
        (0, 1) => "Its file has no attestations: nothing proves who built it.".to_owned(),
        (0, files) => {
            format!("None of its {files} files has attestations: nothing proves who built them.")
        }
        (1, 1) => format!("Its file has attestations, which were verified{from}."),
        (attested, files) if attested == files => {
            format!("All of its {files} files have attestations, which were verified{from}.")
        }
        (attested, files) => format!(
            "{attested} of its {files} files have attestations, which were verified{from}; nothing proves who built the others."
        ),
    }
}
