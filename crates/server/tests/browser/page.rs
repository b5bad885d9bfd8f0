//! One page: what it loads, what it logs, what axe says of it, who can reach what is on it.

use serde_json::Value;

use crate::chromium::Chromium;
use crate::shots::{self, NARROW, NARROWEST, Scheme, WIDE};

/// Of a first visit: page, stylesheet, script.
const MAX_REQUESTS: usize = 3;

/// Of a first visit, on the wire, heads included.
const MAX_BYTES: u64 = 60_000;

/// WebDriver's name of the key.
const TAB: char = '\u{e004}';

/// Level A and AA of WCAG 2.0, 2.1 and 2.2; the last one's `target-size` has to be asked for by name.
const AXE_OPTIONS: &str = "{ \
    runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }, \
    rules: { 'target-size': { enabled: true } }, resultTypes: ['violations'] }";

/// What a reader gets, without what is there for scripts alone.
const TEXT: &str = "const body = document.body.cloneNode(true); \
    body.querySelectorAll('script, noscript, button').forEach((part) => part.remove()); \
    return body.textContent.replace(/\\s+/g, ' ').trim()";

/// Remembers what can be focused; strikes off what was, and notes what never looked like it.
const WATCH_FOCUS: &str = "document.activeElement.blur(); scrollTo(0, 0); \
    const told = (node) => `${node.tagName} ${(node.textContent || node.name || '').trim().slice(0, 40)}`; \
    const kinds = 'a[href], button, input, select, textarea, summary, [tabindex]'; \
    const seen = [...document.querySelectorAll(kinds)].filter((node) => \
        node.tabIndex >= 0 && !node.disabled && node.checkVisibility({ visibilityProperty: true })); \
    const left = new Set(seen), plain = new Set(), shown = new Set(); \
    document.addEventListener('focusin', ({ target }) => { \
        left.delete(target); \
        const style = getComputedStyle(target); \
        const outlined = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0; \
        (outlined || style.boxShadow !== 'none' ? shown : plain).add(target); \
    }); \
    window.focusLeft = () => ({ left: [...left].map(told), plain: [...plain.difference(shown)].map(told) }); \
    return seen.length";

const UNFOLD: &str =
    "document.querySelectorAll('details').forEach((folded) => { folded.open = true; })";

/// How wide the page is, and what makes it wider than its window.
const STICKS_OUT: &str = "const width = document.documentElement.scrollWidth; \
    const out = [...document.body.querySelectorAll('*')] \
        .filter((node) => node.getBoundingClientRect().right > innerWidth && node.checkVisibility()); \
    const told = (node) => `${node.tagName}.${node.className} ${node.textContent.trim().slice(0, 40)}`; \
    return { width, what: out.slice(-3).map(told) }";

/// How closely a page is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Depth {
    /// In every way.
    Whole,
    /// What it loads and logs, and axe: one of several pages that are made alike.
    Glance,
}

/// A page to be looked at.
pub(crate) struct Visit<'v> {
    pub(crate) browser: &'v Chromium,
    pub(crate) axe: &'v str,
    pub(crate) origin: &'v str,
    pub(crate) name: &'v str,
    pub(crate) path: &'v str,
}

impl Visit<'_> {
    /// Everything that is wrong with the page.
    pub(crate) async fn check(&self, depth: Depth) -> Vec<String> {
        shots::show(self.browser, WIDE, Scheme::Light).await;
        let mut wrong = self.first_visit().await;
        let text = self.browser.run(TEXT).await;
        wrong.extend(self.rules("light").await);
        shots::take(self.browser, self.name, WIDE, Scheme::Light).await;
        if depth == Depth::Whole {
            wrong.extend(self.keyboard().await);
            wrong.extend(self.other_ways().await);
            wrong.extend(self.without_scripts(&text).await);
        }
        // What comes late, or of the keys.
        wrong.extend(self.logged().await);
        wrong
            .into_iter()
            .map(|what| format!("{} ({}): {what}", self.name, self.path))
            .collect()
    }

    fn url(&self) -> String {
        format!("{}{}", self.origin, self.path)
    }

    /// What it loads, with nothing at hand, and what it logs.
    async fn first_visit(&self) -> Vec<String> {
        let browser = self.browser;
        let cacheless = |off: bool| serde_json::json!({ "cacheDisabled": off });
        browser
            .devtools("Network.setCacheDisabled", &cacheless(true))
            .await;
        for log in ["browser", "performance"] {
            browser.log(log).await;
        }
        browser.visit(&self.url()).await;
        browser
            .devtools("Network.setCacheDisabled", &cacheless(false))
            .await;
        let mut wrong = self.logged().await;
        let (mut asked, mut bytes) = (Vec::new(), 0.0);
        for entry in browser.log("performance").await {
            let event: Value = serde_json::from_str(entry["message"].as_str().unwrap()).unwrap();
            let (method, told) = (&event["message"]["method"], &event["message"]["params"]);
            if method == "Network.requestWillBeSent" {
                asked.push(told["request"]["url"].as_str().unwrap().to_owned());
            } else if method == "Network.responseReceived" && told["type"] == "Document" {
                wrong.extend(self.unexpected(&told["response"]["status"]));
            } else if method == "Network.loadingFinished" {
                bytes += told["encodedDataLength"].as_f64().unwrap();
            }
        }
        // What stands in the page itself is not asked for.
        asked.retain(|url| !url.starts_with("data:"));
        let elsewhere = asked.iter().filter(|url| !url.starts_with(self.origin));
        wrong.extend(elsewhere.map(|url| format!("it asks a third party: {url}")));
        if asked.len() > MAX_REQUESTS {
            wrong.push(format!(
                "a first visit takes {} requests: {asked:?}",
                asked.len()
            ));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a page's bytes"
        )]
        let bytes = bytes as u64;
        if bytes > MAX_BYTES {
            wrong.push(format!(
                "a first visit takes {bytes} bytes (at most {MAX_BYTES})"
            ));
        }
        println!("{:28} {} requests, {bytes:6} bytes", self.name, asked.len());
        wrong
    }

    /// A page that is an error's is called so.
    fn unexpected(&self, status: &Value) -> Option<String> {
        let is_error = status != 200;
        (is_error != self.name.starts_with("error-")).then(|| format!("its status is {status}"))
    }

    /// Messages of the console and violations of the content policy since this was last asked.
    async fn logged(&self) -> Vec<String> {
        let entries = self.browser.log("browser").await;
        let told = entries.iter().filter_map(|entry| entry["message"].as_str());
        // That the page itself is an error's page is what it is looked at for.
        let own = format!("{} - Failed to load resource", self.url());
        told.filter(|message| !message.starts_with(&own))
            .map(|message| format!("the console says: {message}"))
            .collect()
    }

    async fn rules(&self, how: &str) -> Vec<String> {
        let script = format!(
            "{} \nconst done = arguments[arguments.length - 1]; \
             axe.run(document, {AXE_OPTIONS}).then(({{ violations }}) => done(violations.map((rule) => {{ \
             const [first] = rule.nodes; \
             return `${{rule.id}} at ${{rule.nodes.length}} places, such as ${{first.target.join(' ')}}: ${{first.failureSummary}}` \
             }})), (error) => done([`axe failed: ${{error}}`]))",
            self.axe
        );
        let told = self.browser.run_until_called(&script).await;
        let told = told.as_array().unwrap().iter();
        told.map(|rule| format!("axe ({how}): {}", rule.as_str().unwrap().replace('\n', " ")))
            .collect()
    }

    /// Narrow, and dark, and with everything unfolded: axe again, whether anything sticks out, and pictures.
    async fn other_ways(&self) -> Vec<String> {
        let browser = self.browser;
        let mut wrong = Vec::new();
        for (width, scheme) in [
            (WIDE, Scheme::Dark),
            (NARROW, Scheme::Light),
            (NARROW, Scheme::Dark),
        ] {
            shots::show(browser, width, scheme).await;
            shots::take(browser, self.name, width, scheme).await;
        }
        browser.run(UNFOLD).await;
        wrong.extend(self.rules("dark, narrow, unfolded").await);
        shots::show(browser, NARROWEST, Scheme::Light).await;
        wrong.extend(self.sideways().await);
        wrong
    }

    /// The page as a whole must not need scrolling both ways.
    async fn sideways(&self) -> Option<String> {
        let told = self.browser.run(STICKS_OUT).await;
        let width = told["width"].as_u64().unwrap();
        (width > u64::from(NARROWEST)).then(|| {
            let what = &told["what"];
            format!("at a width of {NARROWEST} it is {width} wide, by {what}")
        })
    }

    async fn keyboard(&self) -> Vec<String> {
        let seen = self.browser.run(WATCH_FOCUS).await.as_u64().unwrap();
        // A list that scrolls by itself is a stop of its own.
        let stops = usize::try_from(seen).unwrap() + 20;
        self.browser.press(TAB, stops).await;
        // Nor does a focus stay behind that later looks would see.
        let told = "document.activeElement.blur(); scrollTo(0, 0); return focusLeft()";
        let told = self.browser.run(told).await;
        let mut wrong = Vec::new();
        for (kind, what) in [
            ("left", "no key reaches"),
            ("plain", "focus is not seen on"),
        ] {
            let found = told[kind].as_array().unwrap();
            if let Some(first) = found.first() {
                wrong.push(format!("{what} {} of {seen}, such as {first}", found.len()));
            }
        }
        wrong
    }

    /// The same content where scripts are off.
    async fn without_scripts(&self, with: &Value) -> Vec<String> {
        let browser = self.browser;
        let off = |off: bool| serde_json::json!({ "value": off });
        browser
            .devtools("Emulation.setScriptExecutionDisabled", &off(true))
            .await;
        browser.visit(&self.url()).await;
        let without = browser.run(TEXT).await;
        browser
            .devtools("Emulation.setScriptExecutionDisabled", &off(false))
            .await;
        let mut wrong = Vec::new();
        if without.as_str().unwrap_or_default() != with.as_str().unwrap_or_default() {
            wrong.push(format!(
                "with scripts off it says {without}, with them {with}"
            ));
        }
        wrong
    }
}
