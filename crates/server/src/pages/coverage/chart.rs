//! Bars as numbers of an SVG: pure, without a picture library. Across, everything is a share of the width, so that a chart
//! fits any screen and its words keep their size; upwards, pixels.

use super::super::units;

/// How high the tallest bar may be, in pixels. The template's pictures are this high, and the words below.
const HEIGHT: u64 = 160;

/// How much of its column a bar fills, in hundredths.
const BAR_PERCENT: u64 = 72;

/// One column of a chart before it is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Column {
    /// What stands under it.
    pub(super) label: Label,
    /// The column in words.
    pub(super) tip: String,
    /// What it is made of, from the bottom up.
    pub(super) values: Vec<u64>,
}

/// What stands under a column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Label {
    pub(super) text: String,
    /// A second line.
    pub(super) below: Option<String>,
    /// Whether it stays where there is little room.
    pub(super) major: bool,
}

/// What the top of the picture means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scale {
    /// All of a column.
    Share,
    /// A number that no column exceeds.
    Count,
}

/// A column as it is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bar {
    pub(super) x: String,
    pub(super) width: String,
    pub(super) middle: String,
    pub(super) label: Label,
    pub(super) tip: String,
    pub(super) parts: Vec<Part>,
}

/// A piece of a bar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) y: String,
    pub(super) height: String,
    pub(super) class: &'static str,
}

/// A line across, and what it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tick {
    pub(super) y: String,
    pub(super) label: String,
}

/// A drawn chart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Drawn {
    pub(super) ticks: Vec<Tick>,
    pub(super) bars: Vec<Bar>,
}

/// Draws columns whose values are drawn as `classes`.
pub(super) fn draw(columns: &[Column], classes: &[&'static str], scale: Scale) -> Drawn {
    let most = columns.iter().map(total).max().unwrap_or_default();
    let top = round_top(most);
    let bars = columns.iter().enumerate().map(|(at, column)| {
        let (x, width, middle) = across(at, columns.len());
        let top = match scale {
            Scale::Share => total(column),
            Scale::Count => top,
        };
        Bar {
            x,
            width,
            middle,
            label: column.label.clone(),
            tip: column.tip.clone(),
            parts: parts(&column.values, classes, top),
        }
    });
    let label = |halves: u64| match scale {
        Scale::Share => format!("{}%", halves * 50),
        Scale::Count => units::grouped(top / 2 * halves),
    };
    let tick = |halves: u64| Tick {
        y: pixels((2 - halves) * HEIGHT * 5),
        label: label(halves),
    };
    Drawn {
        ticks: [0, 1, 2].map(tick).into(),
        bars: bars.collect(),
    }
}

fn total(column: &Column) -> u64 {
    column
        .values
        .iter()
        .fold(0, |sum, value| sum.saturating_add(*value))
}

/// The least of 2, 4, 6, 8, 10 and their tenfolds that `most` does not exceed: half of it is a whole number.
fn round_top(most: u64) -> u64 {
    let mut ten = 1_u64;
    loop {
        let fits = [2, 4, 6, 8, 10].map(|step| ten.saturating_mul(step));
        if let Some(top) = fits.into_iter().find(|top| *top >= most) {
            return top;
        }
        ten = ten.saturating_mul(10);
    }
}

/// Where a bar begins, how wide it is, and its middle.
fn across(at: usize, of: usize) -> (String, String, String) {
    let (at, of) = (at as u64, (of as u64).max(1));
    let margin = (100 - BAR_PERCENT) / 2;
    let hundredths = |hundredths_of_a_column: u64| hundredths_of_a_column * 100 / of;
    (
        percent(hundredths(at * 100 + margin)),
        percent(hundredths(BAR_PERCENT)),
        percent(hundredths(at * 100 + 50)),
    )
}

fn parts(values: &[u64], classes: &[&'static str], top: u64) -> Vec<Part> {
    let mut below = 0_u64;
    let mut parts = Vec::new();
    for (value, class) in values.iter().zip(classes) {
        let from = tenths(below, top);
        below = below.saturating_add(*value);
        let to = tenths(below, top);
        // Whatever is there can be seen.
        if *value > 0 {
            let height = (to - from).max(10);
            parts.push(Part {
                y: pixels((HEIGHT * 10).saturating_sub(from + height)),
                height: pixels(height),
                class,
            });
        }
    }
    parts
}

/// How high a value is, in tenths of a pixel.
fn tenths(value: u64, top: u64) -> u64 {
    let height = u128::from(value) * u128::from(HEIGHT) * 10 / u128::from(top.max(1));
    u64::try_from(height)
        .unwrap_or(HEIGHT * 10)
        .min(HEIGHT * 10)
}

fn pixels(tenths: u64) -> String {
    format!("{}.{}", tenths / 10, tenths % 10)
}

fn percent(hundredths: u64) -> String {
    format!("{}.{:02}%", hundredths / 100, hundredths % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(values: &[u64]) -> Column {
        Column {
            label: Label::default(),
            tip: String::new(),
            values: values.to_vec(),
        }
    }

    #[test]
    fn tops_have_whole_halves() {
        for (most, top) in [
            (0, 2),
            (2, 2),
            (3, 4),
            (10, 10),
            (11, 20),
            (99, 100),
            (401, 600),
            (u64::MAX, u64::MAX),
        ] {
            assert_eq!(round_top(most), top, "{most}");
        }
    }

    #[test]
    fn bars_share_the_width() {
        let drawn = draw(&[column(&[1]), column(&[2])], &["a"], Scale::Count);
        let placed: Vec<_> = drawn
            .bars
            .iter()
            .map(|bar| (bar.x.as_str(), bar.width.as_str(), bar.middle.as_str()))
            .collect();
        assert_eq!(
            placed,
            [
                ("7.00%", "36.00%", "25.00%"),
                ("57.00%", "36.00%", "75.00%")
            ]
        );
    }

    #[test]
    fn parts_stand_on_each_other() {
        let drawn = draw(
            &[column(&[3, 1]), column(&[0, 0])],
            &["a", "b"],
            Scale::Share,
        );
        let part = |y: &str, height: &str, class| Part {
            y: y.to_owned(),
            height: height.to_owned(),
            class,
        };
        assert_eq!(
            drawn.bars[0].parts,
            [part("40.0", "120.0", "a"), part("0.0", "40.0", "b")]
        );
        assert!(drawn.bars[1].parts.is_empty());
        let labels: Vec<_> = drawn.ticks.iter().map(|tick| tick.label.as_str()).collect();
        assert_eq!(labels, ["0%", "50%", "100%"]);
    }

    #[test]
    fn what_is_small_can_be_seen_and_what_is_huge_fits() {
        let drawn = draw(
            &[column(&[1]), column(&[1_000_000]), column(&[u64::MAX, 5])],
            &["a", "b"],
            Scale::Count,
        );
        let first = &drawn.bars[0].parts[0];
        assert_eq!((first.y.as_str(), first.height.as_str()), ("159.0", "1.0"));
        let last = &drawn.bars[2].parts;
        assert_eq!(last[0].height, "160.0");
        assert!(draw(&[], &[], Scale::Count).bars.is_empty());
    }
}
