//! `trust show`: each domain's scope, the age of its root, and the keys in it.

use std::path::Path;

use clap::Args;
use jiff::Timestamp;
use serde_json::{Value, json};
use touchplate_attest::DomainName;
use touchplate_attest::domain::{EMBEDDED_AS_OF, MAX_TRUST_CONFIG_BYTES, Scope, TrustConfig};
use touchplate_attest::root_facts::{
    AuthorityFacts, LogFacts, RootFacts, RootFactsError, Validity,
};
use touchplate_client::trust_store::{Origin, StoredDomain, TrustStore};
use touchplate_server::{Clock as _, SystemClock};

use super::{NoDomain, told};
use crate::files;
use crate::options::{Common, Format, REPORT_VERSION, Reporting};
use crate::report::{Failure, Outcome, say, say_json};
use crate::screen::{Page, instant};

/// Arguments of `trust show`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  touchplate trust show
  touchplate trust show --domain acme --format json
  touchplate trust show --trusted-root root.json")]
pub(super) struct Arguments {
    /// Only this domain
    #[arg(long, value_name = "NAME", conflicts_with = "trusted_root")]
    domain: Option<DomainName>,
    #[command(flatten)]
    reporting: Reporting,
}

/// Sigstore announces a new key or log some months before it uses it: a root that is older may not know it.
const STALE_AFTER_DAYS: i64 = 90;

/// Time to bring a new root to every machine.
const ENDING_WITHIN_DAYS: i64 = 30;

const SECONDS_PER_DAY: i64 = 24 * 60 * 60;

/// What is shown of one root.
struct Shown {
    /// None for a root given by `--trusted-root`.
    stored: Option<StoredDomain>,
    config: TrustConfig,
    facts: RootFacts,
    warnings: Vec<String>,
}

#[derive(Debug, thiserror::Error)]
#[error("the root cannot be described")]
struct Undescribed(#[source] RootFactsError);

/// Shows what is believed. A warning is no failure.
pub(super) fn run(common: &Common, arguments: &Arguments) -> Result<Outcome, Failure> {
    let now = SystemClock.now();
    let store = crate::root::store(common);
    let shown = match &common.trusted_root {
        Some(path) => {
            let json = files::read(path, MAX_TRUST_CONFIG_BYTES)?;
            let config = TrustConfig::parse(&json).map_err(Failure::usage)?;
            vec![Shown::new(None, config, now)?]
        }
        None => {
            let domains = store.as_ref().map(TrustStore::load).transpose()?;
            let domains = domains.unwrap_or_default();
            let wanted = domains.iter().filter(|it| {
                arguments
                    .domain
                    .as_ref()
                    .is_none_or(|name| *name == it.name)
            });
            let shown: Result<Vec<_>, _> = wanted
                .map(|it| Shown::new(Some(it.clone()), it.config.clone(), now))
                .collect();
            let shown = shown?;
            if let (Some(name), true) = (&arguments.domain, shown.is_empty()) {
                let present: Vec<_> = domains.iter().map(|it| it.name.as_str()).collect();
                return Err(Failure::usage(NoDomain {
                    name: name.clone(),
                    present: present.join(", "),
                }));
            }
            shown
        }
    };
    let store = store.filter(|store| common.trusted_root.is_none() && store.exists());
    let missing = crate::root::named_folder(common).filter(|_| store.is_none());
    match arguments.reporting.format {
        Format::Text => say(&text(store.as_ref(), missing.as_deref(), &shown, now))?,
        Format::Json => say_json(&json!({
            "version": REPORT_VERSION,
            "shown_at": now,
            "store": store.map(|store| store.folder().display().to_string()),
            "domains": shown.iter().map(|it| it.json(now)).collect::<Vec<_>>(),
        }))?,
    }
    Ok(Outcome::Done)
}

impl Shown {
    fn new(
        stored: Option<StoredDomain>,
        config: TrustConfig,
        now: Timestamp,
    ) -> Result<Self, Failure> {
        let facts = RootFacts::read(config.root_json().as_bytes());
        let facts = facts.map_err(|error| Failure::usage(Undescribed(error)))?;
        let mut warnings = stored.as_ref().map(|it| stale(it, now)).unwrap_or_default();
        warnings.extend(ending(&facts, now));
        Ok(Self {
            stored,
            config,
            facts,
            warnings,
        })
    }

    fn json(&self, now: Timestamp) -> Value {
        let none = Scope::default();
        let stored = self.stored.as_ref();
        let scope = stored.map_or(&none, |it| &it.scope);
        let logs = |logs: &[LogFacts]| logs.iter().map(|it| log_json(it, now)).collect::<Vec<_>>();
        let authorities = |authorities: &[AuthorityFacts]| {
            let authorities = authorities.iter();
            authorities
                .map(|it| authority_json(it, now))
                .collect::<Vec<_>>()
        };
        json!({
            "name": stored.map(|it| &it.name),
            "projects": scope.projects(),
            "issuers": scope.issuers(),
            "all_names": scope.states_all_names(),
            "root_sha256": self.config.root().digest(),
            "origin": stored.map(|it| origin_json(&it.origin)),
            "as_of": stored.map(|it| it.as_of),
            "age_days": stored.map(|it| days(it.as_of, now)),
            "signing_config": self.config.signing_config().is_some(),
            "warnings": self.warnings,
            "logs": logs(&self.facts.logs),
            "authorities": authorities(&self.facts.authorities),
            "certificate_logs": logs(&self.facts.certificate_logs),
            "timestamp_authorities": authorities(&self.facts.timestamp_authorities),
        })
    }
}

fn days(from: Timestamp, to: Timestamp) -> i64 {
    to.as_second().saturating_sub(from.as_second()) / SECONDS_PER_DAY
}

/// Whether a root that its instance renews is old.
fn stale(domain: &StoredDomain, now: Timestamp) -> Vec<String> {
    let age = days(domain.as_of, now);
    if domain.name.is_private() && !matches!(domain.origin, Origin::Tuf { .. }) {
        // Nobody renews it but the operator.
        return Vec::new();
    }
    let mut warnings = Vec::new();
    if domain.as_of < EMBEDDED_AS_OF && !domain.name.is_private() {
        warnings.push(format!(
            "the root is older than the one embedded in this program, which is of {}",
            instant(EMBEDDED_AS_OF)
        ));
    }
    if age > STALE_AFTER_DAYS {
        warnings.push(format!(
            "the root is {age} days old: a newer key may be missing; `touchplate trust refresh` fetches it"
        ));
    }
    warnings
}

/// Kinds of keys of which none is left, or will soon be.
fn ending(facts: &RootFacts, now: Timestamp) -> Vec<String> {
    let soon = ENDING_WITHIN_DAYS * SECONDS_PER_DAY;
    let then = Timestamp::from_second(now.as_second().saturating_add(soon)).unwrap_or(now);
    let logs = |logs: &[LogFacts]| logs.iter().map(|it| it.window).collect::<Vec<_>>();
    // An authority is of use as long as its window and one of its certificates are.
    let authorities = |authorities: &[AuthorityFacts]| {
        let authorities = authorities.iter();
        let ends = authorities.map(|it| {
            let shortest = it.certificates.iter().filter_map(|it| it.window.end).min();
            let end = [it.window.end, shortest].into_iter().flatten().min();
            Validity {
                start: it.window.start,
                end,
            }
        });
        ends.collect::<Vec<_>>()
    };
    let mut warnings = Vec::new();
    for (what, windows) in [
        ("transparency log", logs(&facts.logs)),
        ("certificate authority", authorities(&facts.authorities)),
        ("certificate log", logs(&facts.certificate_logs)),
        (
            "timestamp authority",
            authorities(&facts.timestamp_authorities),
        ),
    ] {
        if windows.is_empty() || windows.iter().any(|window| window.contains(then)) {
            continue;
        }
        warnings.push(if windows.iter().any(|window| window.contains(now)) {
            format!("no {what} of the root is in force {ENDING_WITHIN_DAYS} days from now")
        } else {
            format!("no {what} of the root is in force: what is signed now cannot verify")
        });
    }
    warnings
}

fn text(
    store: Option<&TrustStore>,
    missing: Option<&Path>,
    shown: &[Shown],
    now: Timestamp,
) -> String {
    let mut page = Page::new();
    for shown in shown {
        page.gap();
        one(&mut page, shown, now);
    }
    page.gap();
    match store {
        None if let Some(folder) = missing => {
            page.bad(&format!(
                "there are no trust domains in {} yet: until there are, commands that judge by them refuse to",
                folder.display()
            ));
        }
        Some(store) => page.faint(&format!("trust store: {}", store.folder().display())),
        None if shown.iter().all(|it| it.stored.is_some()) => {
            page.faint("no trust store: what is embedded is believed");
        }
        None => {}
    }
    page.take()
}

fn one(page: &mut Page, shown: &Shown, now: Timestamp) {
    match &shown.stored {
        None => page.title("the root given, for every name"),
        Some(stored) => {
            page.title(stored.name.as_str());
            page.row("speaks for", &told(&stored.name, &stored.scope));
            let issuers = stored.scope.issuers().iter().map(ToString::to_string);
            let issuers: Vec<_> = issuers.collect();
            page.row(
                "issuers",
                &if issuers.is_empty() {
                    "any".to_owned()
                } else {
                    issuers.join(", ")
                },
            );
            let from = match &stored.origin {
                Origin::Embedded => "embedded in this program".to_owned(),
                Origin::Tuf { url } => format!("refreshed from {url}"),
                Origin::File => "imported".to_owned(),
            };
            let age = match days(stored.as_of, now) {
                1 => "1 day old".to_owned(),
                days => format!("{days} days old"),
            };
            page.row(
                "root",
                &format!("{from}, current at {} ({age})", instant(stored.as_of)),
            );
        }
    }
    page.row("sha256", &shown.config.root().digest().to_string());
    if shown.config.signing_config().is_some() {
        page.row("signing", "the signing configuration is known");
    }
    shown
        .facts
        .logs
        .iter()
        .for_each(|it| log(page, "transparency log", it, now));
    shown
        .facts
        .authorities
        .iter()
        .for_each(|it| authority(page, "authority", it, now));
    shown
        .facts
        .certificate_logs
        .iter()
        .for_each(|it| log(page, "certificate log", it, now));
    let timestamps = shown.facts.timestamp_authorities.iter();
    timestamps.for_each(|it| authority(page, "timestamps", it, now));
    shown.warnings.iter().for_each(|it| page.bad(it));
}

fn log(page: &mut Page, label: &str, log: &LogFacts, now: Timestamp) {
    page.row(label, &format!("{}, {}", log.url, span(log.window, now)));
    page.row("", &format!("id {} ({})", log.id, log.key_details));
}

fn authority(page: &mut Page, label: &str, authority: &AuthorityFacts, now: Timestamp) {
    page.row(
        label,
        &format!("{}, {}", authority.uri, span(authority.window, now)),
    );
    for certificate in &authority.certificates {
        let window = span(certificate.window, now);
        page.row(
            "",
            &format!("{}, certificate {window}", certificate.subject),
        );
        page.row("", &format!("sha256 {}", certificate.sha256));
    }
}

/// A span of time in words.
fn span(window: Validity, now: Timestamp) -> String {
    let day = |time: Timestamp| time.strftime("%Y-%m-%d").to_string();
    let span = match (window.start, window.end) {
        (None, None) => "without a date".to_owned(),
        (Some(start), None) => format!("since {}", day(start)),
        (None, Some(end)) => format!("until {}", day(end)),
        (Some(start), Some(end)) => format!("{} to {}", day(start), day(end)),
    };
    if window.has_ended(now) {
        format!("{span} (ended)")
    } else if window.contains(now) {
        span
    } else {
        format!("{span} (not yet)")
    }
}

/// Where a root is from.
pub(super) fn origin_json(origin: &Origin) -> Value {
    match origin {
        Origin::Embedded => json!({"kind": "embedded"}),
        Origin::Tuf { url } => json!({"kind": "tuf", "url": url}),
        Origin::File => json!({"kind": "file"}),
    }
}

fn window_json(window: Validity, now: Timestamp) -> Value {
    json!({"start": window.start, "end": window.end, "in_force": window.contains(now)})
}

fn log_json(log: &LogFacts, now: Timestamp) -> Value {
    json!({
        "url": log.url,
        "id": log.id,
        "key_details": log.key_details,
        "key_sha256": log.key_sha256,
        "window": window_json(log.window, now),
    })
}

fn authority_json(authority: &AuthorityFacts, now: Timestamp) -> Value {
    let certificates = authority.certificates.iter().map(|it| {
        json!({
            "subject": it.subject,
            "sha256": it.sha256,
            "window": window_json(it.window, now),
        })
    });
    json!({
        "uri": authority.uri,
        "window": window_json(authority.window, now),
        "certificates": certificates.collect::<Vec<_>>(),
    })
}
