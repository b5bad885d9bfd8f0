//! `/coverage`: how much of the index has provenance, by whom, and who lost it; how often files are downloaded.

mod chart;
mod time;
mod told;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde::Deserialize;
use touchplate_index::coverage::IndexCoverage;
use touchplate_index::downloads::{Day, LATELY_DAYS};
use touchplate_index::projects::ReadError;

use self::time::{ChartTold, Spans};
use self::told::{KindTold, LostTold, Sums};
use super::{rendered, sent, units};
use crate::app::App;
use crate::problem::Problem;

/// What was asked for.
#[derive(Debug, Default, Deserialize)]
struct Asked {
    by: Option<String>,
}

#[derive(Template)]
#[template(path = "coverage.html")]
struct CoveragePage {
    is_empty: bool,
    lede: String,
    canonical: String,
    figures: Vec<Figure>,
    by_month: bool,
    charts: Vec<ChartTold>,
    kinds: Vec<KindTold>,
    lost_count: u64,
    lost: Vec<LostTold>,
    /// How many lost it and are not listed.
    lost_more: u64,
}

/// One number that matters.
struct Figure {
    label: &'static str,
    value: String,
    note: String,
}

/// `GET /coverage`.
pub(crate) async fn coverage(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let now = app.clock.now();
    let coverage = app.index.coverage(now).await.map_err(ReadError::from)?;
    // What cannot be read asks for nothing.
    let asked = Query::<Asked>::try_from_uri(&uri).unwrap_or_default();
    let today = Day::of(now);
    let spans = match asked.by.as_deref() {
        Some("month") => Spans::Months,
        Some("day") => Spans::Days,
        _ => Spans::fitting(&coverage, today),
    };
    Ok(sent(
        &rendered(&page(&coverage, &app.url, spans, today), true),
        &headers,
    ))
}

fn page(coverage: &IndexCoverage, url: &str, spans: Spans, today: Day) -> CoveragePage {
    let ever = Sums::of(&coverage.ever);
    let lost = &coverage.lost;
    CoveragePage {
        is_empty: ever.files.whole == 0 && coverage.downloads.is_empty(),
        lede: lede(ever),
        canonical: format!("{url}/coverage"),
        figures: figures(coverage, ever, today),
        by_month: spans == Spans::Months,
        charts: time::charts(coverage, spans, today),
        kinds: told::kinds(coverage),
        lost_count: lost.count,
        lost: lost.latest.iter().map(told::lost).collect(),
        lost_more: lost.count.saturating_sub(lost.latest.len() as u64),
    }
}

fn lede(ever: Sums) -> String {
    let files = ever.files;
    match (files.part, files.whole) {
        (_, 0) => "There are no files in this index yet.".to_owned(),
        (0, whole) => format!(
            "None of the {} in this index has provenance yet.",
            units::counted(whole, "file", "files")
        ),
        (part, whole) if part == whole => format!(
            "Every file in this index has provenance, {} in all: it is proved who built {}.",
            units::grouped(whole),
            if whole == 1 { "it" } else { "them" }
        ),
        (1, whole) => format!(
            "Of the {} files in this index one has provenance: it is proved who built it.",
            units::grouped(whole)
        ),
        (part, whole) => format!(
            "Of the {} files in this index {} have provenance: it is proved who built them.",
            units::grouped(whole),
            units::grouped(part)
        ),
    }
}

fn figures(coverage: &IndexCoverage, ever: Sums, today: Day) -> Vec<Figure> {
    let releases = ever.releases();
    let lately = Sums::of(&coverage.days).files;
    let since = today.minus(LATELY_DAYS.saturating_sub(1));
    let days = coverage.downloads.iter().filter(|(day, _)| *day >= since);
    let downloads = days.map(|(_, count)| count).sum();
    vec![
        Figure {
            label: "Files with provenance",
            value: ever.files.share(),
            note: ever.files.of(),
        },
        Figure {
            label: "The same, of the last 30 days",
            value: lately.share(),
            note: lately.of(),
        },
        Figure {
            label: "Releases with provenance for every file",
            value: releases.share(),
            note: releases.of(),
        },
        Figure {
            label: "Downloads in the last 30 days, about",
            value: units::grouped(downloads),
            note: "whole files".to_owned(),
        },
    ]
}
