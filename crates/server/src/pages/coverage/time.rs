//! What was counted over time: three charts, each with its table.

use std::collections::BTreeMap;

use touchplate_index::coverage::{IndexCoverage, MONTHS};
use touchplate_index::downloads::{Day, LATELY_DAYS};

use super::super::units;
use super::chart::{Column, Drawn, Label, Scale, draw};
use super::told::{Part, Sums, by_start};

/// A young index's chart has so many months at least.
const FEWEST_MONTHS: usize = 6;

/// Spans of time that a reader may choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spans {
    Months,
    Days,
}

/// A chart with its words and its table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ChartTold {
    pub(super) id: &'static str,
    pub(super) heading: &'static str,
    pub(super) title: String,
    pub(super) description: String,
    /// What each colour means.
    pub(super) keys: Vec<(&'static str, &'static str)>,
    pub(super) drawn: Drawn,
    pub(super) head: Vec<&'static str>,
    /// Newest first; spans without anything are left out.
    pub(super) rows: Vec<Row>,
}

/// A row of a chart's table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) span: String,
    pub(super) cells: Vec<String>,
}

/// One span of time, with what was counted in it.
struct Span {
    start: Day,
    sums: Sums,
    downloads: u64,
}

impl Spans {
    /// Months, unless there is but one or two to tell of.
    pub(super) fn fitting(coverage: &IndexCoverage, now: Day) -> Self {
        let first = coverage.months.first().map_or(now, |tally| tally.start);
        if first < now.month().minus(1).month() {
            Self::Months
        } else {
            Self::Days
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Months => "month",
            Self::Days => "day",
        }
    }

    fn span(self, start: Day) -> String {
        match self {
            Self::Months => start.date().strftime("%B %Y").to_string(),
            Self::Days => start.date().strftime("%-d %B %Y").to_string(),
        }
    }

    /// The span as the answer to "when?".
    fn when(self, start: Day) -> String {
        let preposition = match self {
            Self::Months => "in",
            Self::Days => "on",
        };
        format!("{preposition} {}", self.span(start))
    }

    fn label(self, start: Day, to_the_end: usize) -> Label {
        let date = start.date();
        match self {
            Self::Months => Label {
                text: date.strftime("%b").to_string(),
                below: (date.month() == 1).then(|| date.year().to_string()),
                major: date.month() % 3 == 1,
            },
            Self::Days => {
                let major = to_the_end.is_multiple_of(5);
                Label {
                    text: if major {
                        date.strftime("%-d %b").to_string()
                    } else {
                        String::new()
                    },
                    below: None,
                    major,
                }
            }
        }
    }

    fn all(self, coverage: &IndexCoverage, now: Day) -> Vec<Span> {
        let (starts, tallies) = match self {
            Self::Months => (months(coverage, now), &coverage.months),
            Self::Days => {
                let days = (0..LATELY_DAYS).rev().map(|back| now.minus(back));
                (days.collect(), &coverage.days)
            }
        };
        let sums = by_start(tallies);
        let mut downloads: BTreeMap<Day, u64> = BTreeMap::new();
        for (day, count) in &coverage.downloads {
            let start = match self {
                Self::Months => day.month(),
                Self::Days => *day,
            };
            *downloads.entry(start).or_default() += count;
        }
        let span = |start: Day| Span {
            start,
            sums: sums.get(&start).copied().unwrap_or_default(),
            downloads: downloads.get(&start).copied().unwrap_or_default(),
        };
        starts.into_iter().map(span).collect()
    }
}

/// From the first month that there is something of, or half a year ago if that is earlier.
fn months(coverage: &IndexCoverage, now: Day) -> Vec<Day> {
    let counted = coverage.months.first().map(|tally| tally.start);
    let downloaded = coverage.downloads.first().map(|(day, _)| day.month());
    let first = counted.into_iter().chain(downloaded).min();
    let mut months = vec![now.month()];
    while let Some(month) = months.last().copied() {
        let enough = months.len() >= FEWEST_MONTHS && first.is_none_or(|first| month <= first);
        if enough || months.len() >= usize::try_from(MONTHS).unwrap_or(FEWEST_MONTHS) {
            break;
        }
        months.push(month.minus(1).month());
    }
    months.reverse();
    months
}

/// The three charts.
pub(super) fn charts(coverage: &IndexCoverage, spans: Spans, now: Day) -> Vec<ChartTold> {
    let all = spans.all(coverage, now);
    vec![
        files(spans, &all),
        releases(spans, &all),
        downloads(spans, &all),
    ]
}

fn columns(
    spans: Spans,
    all: &[Span],
    values: impl Fn(&Span) -> Vec<u64>,
    tip: impl Fn(&Span) -> String,
) -> Vec<Column> {
    let column = |(at, span): (usize, &Span)| Column {
        label: spans.label(span.start, all.len().saturating_sub(at + 1)),
        tip: format!("{}: {}", spans.span(span.start), tip(span)),
        values: values(span),
    };
    all.iter().enumerate().map(column).collect()
}

fn rows(
    spans: Spans,
    all: &[Span],
    is_there: impl Fn(&Span) -> bool,
    cells: impl Fn(&Span) -> Vec<String>,
) -> Vec<Row> {
    let row = |span: &Span| Row {
        span: spans.span(span.start),
        cells: cells(span),
    };
    all.iter()
        .rev()
        .filter(|span| is_there(span))
        .map(row)
        .collect()
}

fn files(spans: Spans, all: &[Span]) -> ChartTold {
    let values = |span: &Span| {
        let Part { part, whole } = span.sums.files;
        vec![part, whole - part]
    };
    let tip = |span: &Span| match span.sums.files {
        Part { whole: 0, .. } => "no files".to_owned(),
        files => format!("{} files with provenance, {}", files.of(), files.share()),
    };
    let cells = |span: &Span| {
        let files = span.sums.files;
        let counts = [files.whole, files.part].map(units::grouped);
        counts.into_iter().chain([files.share()]).collect()
    };
    ChartTold {
        id: "files",
        heading: "Files",
        title: format!(
            "Share of files with provenance, by {} of upload",
            spans.words()
        ),
        description: range(spans, all, |span| span.sums.files),
        keys: vec![("with", "with provenance"), ("without", "without")],
        drawn: draw(
            &columns(spans, all, values, tip),
            &["with", "without"],
            Scale::Share,
        ),
        head: vec!["Files", "With provenance", "Share"],
        rows: rows(spans, all, |span| span.sums.files.whole > 0, cells),
    }
}

fn releases(spans: Spans, all: &[Span]) -> ChartTold {
    let values = |span: &Span| vec![span.sums.full, span.sums.partial, span.sums.none];
    let tip = |span: &Span| match span.sums.releases() {
        Part { whole: 0, .. } => "no releases".to_owned(),
        full => format!(
            "{} releases with provenance for every file, {} more for some",
            full.of(),
            units::grouped(span.sums.partial)
        ),
    };
    let cells = |span: &Span| {
        let releases = span.sums.releases();
        let sums = span.sums;
        let counts = [releases.whole, sums.full, sums.partial, sums.none].map(units::grouped);
        counts.into_iter().chain([releases.share()]).collect()
    };
    ChartTold {
        id: "releases",
        heading: "Releases",
        title: format!(
            "Share of releases with provenance, by {} of their first file",
            spans.words()
        ),
        description: range(spans, all, |span| span.sums.releases()),
        keys: vec![
            ("with", "for every file"),
            ("some", "for some files"),
            ("without", "for none"),
        ],
        drawn: draw(
            &columns(spans, all, values, tip),
            &["with", "some", "without"],
            Scale::Share,
        ),
        head: vec![
            "Releases",
            "Every file",
            "Some files",
            "None",
            "Share with every file",
        ],
        rows: rows(spans, all, |span| span.sums.releases().whole > 0, cells),
    }
}

fn downloads(spans: Spans, all: &[Span]) -> ChartTold {
    let tip = |span: &Span| units::counted(span.downloads, "download", "downloads");
    let most = all.iter().max_by_key(|span| span.downloads);
    let description = match most {
        Some(most) if most.downloads > 0 => {
            let (when, tip) = (spans.when(most.start), tip(most));
            format!("The most in one {}: {tip}, {when}.", spans.words())
        }
        _ => "There were none.".to_owned(),
    };
    ChartTold {
        id: "downloads",
        heading: "Downloads",
        title: format!("Downloads by {}, about", spans.words()),
        description,
        keys: Vec::new(),
        drawn: draw(
            &columns(spans, all, |span| vec![span.downloads], tip),
            &["downloads"],
            Scale::Count,
        ),
        head: vec!["Downloads"],
        rows: rows(
            spans,
            all,
            |span| span.downloads > 0,
            |span| vec![units::grouped(span.downloads)],
        ),
    }
}

/// The first and the last span that there is something of.
fn range(spans: Spans, all: &[Span], part: impl Fn(&Span) -> Part) -> String {
    let mut there = all.iter().filter(|span| part(span).whole > 0);
    let said = |span: &Span| format!("{} {}", part(span).share(), spans.when(span.start));
    match (there.next(), there.next_back()) {
        (None, _) => "There is nothing to show yet.".to_owned(),
        (Some(only), None) => format!("{}.", said(only)),
        (Some(first), Some(last)) => format!("From {} to {}.", said(first), said(last)),
    }
}
