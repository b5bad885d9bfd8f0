//! How a page is shown: so wide, light or dark; and pictures of it.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;

use crate::chromium::Chromium;

/// A desk's window, and a telephone's.
pub(crate) const WIDE: u32 = 1280;
pub(crate) const NARROW: u32 = 390;

/// The width at which a page must not need scrolling both ways (WCAG 2.2, 1.4.10): 1280 pixels at 400 per cent.
pub(crate) const NARROWEST: u32 = 320;

const HEIGHT: u32 = 900;

/// A longer page is cut: what is below looks as what is above.
const MAX_SHOT_HEIGHT: u64 = 5000;

/// A reader's colour scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Light,
    Dark,
}

impl Scheme {
    fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// From now on the window is so wide, and its reader likes this scheme.
pub(crate) async fn show(browser: &Chromium, width: u32, scheme: Scheme) {
    let window =
        json!({ "width": width, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": false });
    browser
        .devtools("Emulation.setDeviceMetricsOverride", &window)
        .await;
    let liked = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme.name() }] });
    browser.devtools("Emulation.setEmulatedMedia", &liked).await;
}

/// A picture of the page as it is shown, from its top.
pub(crate) async fn take(browser: &Chromium, name: &str, width: u32, scheme: Scheme) {
    let height = browser
        .run("scrollTo(0, 0); return document.documentElement.scrollHeight")
        .await;
    let height = height.as_u64().unwrap().min(MAX_SHOT_HEIGHT);
    let asked = json!({
        "format": "png", "captureBeyondViewport": true,
        "clip": { "x": 0, "y": 0, "width": width, "height": height, "scale": 1 },
    });
    let shot = browser.devtools("Page.captureScreenshot", &asked).await;
    let png = BASE64_STANDARD
        .decode(shot["data"].as_str().unwrap())
        .unwrap();
    let folder = folder();
    std::fs::create_dir_all(&folder).unwrap();
    let file = format!("{name}-{width}-{}.png", scheme.name());
    std::fs::write(folder.join(file), png).unwrap();
}

/// `screenshots` in cargo's target folder.
fn folder() -> PathBuf {
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR"));
    scratch.parent().unwrap_or(scratch).join("screenshots")
}
