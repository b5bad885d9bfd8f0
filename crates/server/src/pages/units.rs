//! Sizes and times as people read them.

use jiff::Timestamp;
use touchplate_index::downloads::{DownloadCount, LATELY_DAYS};

/// `4.7 kB (4,661 bytes)`.
pub(super) fn size(bytes: u64) -> String {
    let (exact, rounded) = (exact(bytes), rounded(bytes));
    if rounded == exact {
        exact
    } else {
        format!("{rounded} ({exact})")
    }
}

/// `4.7 kB`.
pub(super) fn rounded(bytes: u64) -> String {
    let mut tenths = u128::from(bytes) * 10;
    let mut unit = None;
    for next in ["kB", "MB", "GB", "TB"] {
        if tenths < 10_000 {
            break;
        }
        tenths = tenths.div_ceil(1000);
        unit = Some(next);
    }
    match unit {
        None => exact(bytes),
        Some(unit) => format!("{}.{} {unit}", tenths / 10, tenths % 10),
    }
}

fn exact(bytes: u64) -> String {
    format!("{} bytes", grouped(bytes))
}

/// `4,661`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 file`, `1,204 files`.
pub(super) fn counted(number: u64, one: &str, many: &str) -> String {
    let noun = if number == 1 { one } else { many };
    format!("{} {noun}", grouped(number))
}

/// `about 320 in 30 days, 1,204 ever`.
pub(super) fn downloads(count: DownloadCount) -> String {
    match count {
        DownloadCount { ever: 0, .. } => "none yet".to_owned(),
        DownloadCount { ever, lately } => format!(
            "about {} in {LATELY_DAYS} days, {} ever",
            grouped(lately),
            grouped(ever)
        ),
    }
}

/// `2026-11-24 12:00:00 UTC`: one zone for readers everywhere.
pub(super) fn time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// `2026-11-24`.
pub(super) fn day(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_rounded_up_and_exact() {
        for (bytes, expected) in [
            (0, "0 bytes"),
            (999, "999 bytes"),
            (1000, "1.0 kB (1,000 bytes)"),
            (4661, "4.7 kB (4,661 bytes)"),
            (1_500_000, "1.5 MB (1,500,000 bytes)"),
            (u64::MAX, "18446744.1 TB (18,446,744,073,709,551,615 bytes)"),
        ] {
            assert_eq!(size(bytes), expected);
        }
    }

    #[test]
    fn downloads_are_told_about() {
        let told = |ever, lately| downloads(DownloadCount { ever, lately });
        assert_eq!(told(0, 0), "none yet");
        assert_eq!(told(1204, 320), "about 320 in 30 days, 1,204 ever");
    }

    #[test]
    fn times_are_in_one_zone() {
        let noon: Timestamp = "2026-11-24T13:00:00.5+01:00".parse().unwrap();
        assert_eq!(
            (time(noon).as_str(), day(noon).as_str()),
            ("2026-11-24 12:00:00 UTC", "2026-11-24")
        );
    }
}
