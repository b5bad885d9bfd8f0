//! Every page in Debian's Chromium, held to axe-core's rules, drawn for people to look at.
//!
//! `./test browser` runs it, with `TOUCHPLATE_AXE` set to the file `axe.min.js`; without it, it says that it was skipped. The
//! screenshots are in `screenshots` of cargo's target folder: look at them after a change to a page.
// What the tests' own functions unwrap is what a test expects; the figures of each page are told as it goes.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

mod chromium;
mod genuine;
mod minted;
mod page;
mod shots;

use chromium::Chromium;
use page::{Depth, Visit};
use touchplate_testkit::TestServer;

/// Each page of an index, with its screenshot's name and how closely it is looked at.
type Pages = Vec<(String, String, Depth)>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_holds_in_a_real_browser() {
    let Some(axe) = std::env::var_os("TOUCHPLATE_AXE") else {
        println!("skip the pages in a browser: TOUCHPLATE_AXE is not set (./test browser sets it)");
        return;
    };
    let axe = std::fs::read_to_string(axe).expect("TOUCHPLATE_AXE is axe-core's axe.min.js");
    let browser = Chromium::start().await;
    let mut wrong = Vec::new();
    let (index, pages) = minted().await;
    wrong.extend(visited(&browser, &axe, &index, pages).await);
    if let Some(index) = genuine::index().await {
        let pages = closely(genuine::PAGES).collect();
        wrong.extend(visited(&browser, &axe, &index, pages).await);
    } else {
        println!(
            "skip the pages of real files: no corpus (TOUCHPLATE_CORPUS, or ../shared/corpus)"
        );
    }
    browser.quit().await;
    assert!(
        wrong.is_empty(),
        "{} problems:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

async fn minted() -> (TestServer, Pages) {
    let index = minted::index().await;
    let kinds = minted::kinds().into_iter();
    let kinds = kinds.map(|(name, path)| (name, path, Depth::Glance));
    (index, closely(minted::PAGES).chain(kinds).collect())
}

fn closely(pages: &[(&str, &str)]) -> impl Iterator<Item = (String, String, Depth)> {
    let owned =
        |(name, path): &(&str, &str)| ((*name).to_owned(), (*path).to_owned(), Depth::Whole);
    pages.iter().map(owned)
}

/// What is wrong with the pages. `TOUCHPLATE_PAGES` visits only those whose name holds its text.
async fn visited(browser: &Chromium, axe: &str, index: &TestServer, pages: Pages) -> Vec<String> {
    let only = std::env::var("TOUCHPLATE_PAGES").unwrap_or_default();
    let origin = format!("http://{}", index.client.address);
    let mut wrong = Vec::new();
    for (name, path, depth) in pages {
        if !name.contains(&only) {
            continue;
        }
        let visit = Visit {
            browser,
            axe,
            origin: &origin,
            name: &name,
            path: &path,
        };
        wrong.extend(visit.check(depth).await);
    }
    wrong
}
