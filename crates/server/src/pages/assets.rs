//! The stylesheet and the script, under names that change with them, so that they may be kept for ever.
//!
//! A first visit is three requests: page, stylesheet, script. The icon is in the page, because a browser that is given
//! no icon asks for one.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::HeaderMap;
use axum::response::Response;
use touchplate_packaging::Sha256;

use crate::api::answer;
use crate::cache::Rendered;
use crate::problem::Problem;

/// One sheet, written in parts: one for what every page has, one for each page that needs more.
const SHEET: &str = concat!(
    include_str!("../../templates/style/base.css"),
    include_str!("../../templates/style/home.css"),
    include_str!("../../templates/style/project.css"),
    include_str!("../../templates/style/readme.css"),
    include_str!("../../templates/style/file.css"),
    include_str!("../../templates/style/coverage.css"),
);

const SCRIPT: &str = include_str!("../../templates/script.js");

/// A file that every page asks for.
struct Asset {
    name: String,
    body: Rendered,
    content_type: &'static str,
}

impl Asset {
    fn new(stem: &str, extension: &str, text: &str, content_type: &'static str) -> Self {
        let digest = Sha256::of(text.as_bytes()).to_string();
        // 64 bits of it: a name must differ from its predecessors', nothing more.
        let digest = digest.get(..16).unwrap_or(&digest);
        Self {
            name: format!("{stem}-{digest}.{extension}"),
            body: Rendered::new(text.as_bytes().to_vec(), None, true),
            content_type,
        }
    }
}

static STYLESHEET: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("style", "css", SHEET, "text/css; charset=utf-8"));

static MODULE: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("script", "js", SCRIPT, "text/javascript; charset=utf-8"));

/// Where the stylesheet is.
pub(crate) fn stylesheet() -> String {
    format!("/static/{}", STYLESHEET.name)
}

/// Where the script is.
pub(crate) fn script() -> String {
    format!("/static/{}", MODULE.name)
}

/// `GET /static/{name}`.
pub(crate) async fn asset(
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let known = [&STYLESHEET, &MODULE];
    let asset = known.into_iter().find(|asset| asset.name == name);
    let asset = asset.ok_or_else(Problem::not_found)?;
    Ok(answer::page(&asset.body, asset.content_type, &headers))
}

/// What machines that follow every link should not ask for: answers to questions, the bytes themselves, what is for
/// programs.
static ROBOTS: LazyLock<Rendered> = LazyLock::new(|| {
    const TEXT: &str = "User-agent: *\nDisallow: /search\nDisallow: /files/\nDisallow: /simple/\nDisallow: /api/\nDisallow: /integrity/\nDisallow: /trust/\n";
    Rendered::new(TEXT.as_bytes().to_vec(), None, true)
});

/// `GET /robots.txt`.
pub(crate) async fn robots(headers: HeaderMap) -> Response {
    answer::page(&ROBOTS, "text/plain; charset=utf-8", &headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The colours of the first `:root` (light), or of the second with the first's below it (dark).
    fn colours(dark: bool) -> std::collections::BTreeMap<&'static str, [f64; 3]> {
        let roots = SHEET.split(":root {").skip(1).take(1 + usize::from(dark));
        let rules = roots.filter_map(|root| root.split_once('}'));
        let declared = rules.flat_map(|(rules, _)| rules.split(';'));
        let named = declared.filter_map(|rule| {
            let (name, value) = rule.trim().split_once(": #")?;
            let channel =
                |at: usize| Some(u8::from_str_radix(value.get(at..at + 2)?, 16).ok()?.into());
            Some((name, [channel(0)?, channel(2)?, channel(4)?]))
        });
        named.collect()
    }

    /// WCAG 2.2's definitions of relative luminance and contrast ratio.
    fn contrast(one: [f64; 3], other: [f64; 3]) -> f64 {
        let luminance = |colour: [f64; 3]| {
            let linear = colour.map(|channel| {
                let channel = channel / 255.0;
                if channel <= 0.04045 {
                    channel / 12.92
                } else {
                    ((channel + 0.055) / 1.055).powf(2.4)
                }
            });
            0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
        };
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    #[test]
    fn every_colour_can_be_read_on_every_paper() {
        // 4.5 for text (WCAG 1.4.3, AA).
        for dark in [false, true] {
            let colours = colours(dark);
            let papers = [
                "--paper",
                "--raise",
                "--code-paper",
                "--accent-paper",
                "--good-paper",
                "--warn-paper",
                "--stop-paper",
            ];
            for ink in ["--ink", "--muted", "--accent", "--good", "--warn", "--stop"] {
                for paper in papers {
                    let ratio = contrast(colours[ink], colours[paper]);
                    assert!(ratio >= 4.5, "{ink} on {paper}, dark {dark}: {ratio:.2}");
                }
            }
        }
    }

    #[test]
    fn the_sheet_and_the_script_ask_nobody_else() {
        for text in [SHEET, SCRIPT] {
            for call in ["url(", "@import", "http:", "https:", "eval(", "innerHTML"] {
                assert!(!text.contains(call), "{call}");
            }
        }
    }
}
