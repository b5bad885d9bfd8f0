//! `trust refresh`: the current roots, from TUF repositories. The one command here that uses the network.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use indicatif::ProgressBar;
use jiff::Timestamp;
use serde_json::{Value, json};
use touchplate_attest::{DomainName, Sha256};
use touchplate_client::fetch::{Agent, Cause, Settings};
use touchplate_client::trust_store::{
    Origin, StoredDomain, StoredDomains, TrustStore, TrustStoreError,
};
use touchplate_client::tuf::{self, Fetched, MAX_METADATA_BYTES, Repository, TufError};
use touchplate_server::{Clock as _, SystemClock};
use url::Url;

use super::NoDomain;
use crate::files;
use crate::options::{Common, Format, REPORT_VERSION, Reporting};
use crate::report::{Failure, Outcome, say, say_json};
use crate::screen::{Page, instant};

/// Arguments of `trust refresh`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  touchplate trust refresh
  touchplate trust refresh --url https://tuf-mirror.acme.example
  touchplate trust refresh --domain acme --url https://tuf.acme.example --tuf-root 1.root.json

Where anything is wrong with what the repository offers (a signature, an expiry, an older version),
the root stays as it was.")]
pub(super) struct Arguments {
    /// Only this domain [default: every one that has a TUF repository]
    #[arg(long, value_name = "NAME")]
    domain: Option<DomainName>,
    /// Its TUF repository, or a mirror of that [default: Sigstore's own, or the one used before]
    #[arg(long, value_name = "URL", value_parser = repository_url)]
    url: Option<Url>,
    /// The first `root.json` of the repository, where none is embedded; needed once
    #[arg(long, value_name = "FILE", requires = "url")]
    tuf_root: Option<PathBuf>,
    #[command(flatten)]
    reporting: Reporting,
}

#[derive(Debug, thiserror::Error)]
#[error("--offline forbids the network, and there is no refreshing without it")]
struct Offline;

#[derive(Debug, thiserror::Error)]
#[error("the trust domain {0} has no TUF repository")]
struct NoRepository(DomainName);

#[derive(Debug, thiserror::Error)]
#[error("the root of the trust domain {name} was not refreshed; it stays as it was")]
struct NotRefreshed {
    name: DomainName,
    #[source]
    source: TufError,
}

#[derive(Debug, thiserror::Error)]
#[error("expected an http or https URL")]
struct NoUrl;

fn repository_url(text: &str) -> Result<Url, NoUrl> {
    let url: Url = text.parse().map_err(|_| NoUrl)?;
    let fits = matches!(url.scheme(), "http" | "https") && url.has_host();
    if fits { Ok(url) } else { Err(NoUrl) }
}

/// One domain, refreshed.
struct Refreshed {
    before: StoredDomain,
    after: StoredDomain,
    targets_version: u64,
    expires: Timestamp,
}

/// Refreshes each domain in turn. The first one that fails ends it; those before it are refreshed.
pub(super) fn run(common: &Common, arguments: &Arguments) -> Result<Outcome, Failure> {
    if common.offline {
        return Err(Failure::usage(Offline));
    }
    let store = super::store(common)?;
    let domains = store.load()?;
    let wanted = wanted(&domains, arguments)?;
    let agent = agent()?;
    let now = SystemClock.now();
    let mut done = Vec::new();
    let mut failed = None;
    for (domain, url) in wanted {
        match refresh(&store, &agent, &domain, url, arguments, now) {
            Ok(refreshed) => done.push(refreshed),
            Err(failure) => {
                failed = Some(failure);
                break;
            }
        }
    }
    match arguments.reporting.format {
        Format::Text => say(&text(&done))?,
        Format::Json if failed.is_none() || !done.is_empty() => say_json(&report(&done, now))?,
        Format::Json => {}
    }
    failed.map_or(Ok(Outcome::Done), Err)
}

/// The domains to refresh, each with its repository.
fn wanted(
    domains: &StoredDomains,
    arguments: &Arguments,
) -> Result<Vec<(StoredDomain, Url)>, Failure> {
    // A mirror is one domain's.
    let public_good = DomainName::public_good();
    let named = arguments.domain.as_ref();
    let named = named.or_else(|| arguments.url.as_ref().map(|_| &public_good));
    let Some(name) = named else {
        let all = domains.iter();
        return Ok(all
            .filter_map(|domain| Some((domain.clone(), repository(domain)?)))
            .collect());
    };
    let domain = domains.named(name).ok_or_else(|| {
        let present: Vec<_> = domains.iter().map(|it| it.name.as_str()).collect();
        Failure::usage(NoDomain {
            name: name.clone(),
            present: present.join(", "),
        })
        .hint("`touchplate trust import --name NAME --projects PATTERN FILE` makes a domain")
    })?;
    let url = arguments.url.clone().or_else(|| repository(domain));
    let url = url.ok_or_else(|| {
        Failure::usage(NoRepository(name.clone()))
            .hint("name it with --url, and its first root.json with --tuf-root")
    })?;
    Ok(vec![(domain.clone(), url)])
}

/// Where a domain's root was refreshed from before, else where Sigstore has it.
fn repository(domain: &StoredDomain) -> Option<Url> {
    match &domain.origin {
        Origin::Tuf { url } => url.parse().ok(),
        Origin::Embedded | Origin::File => tuf::known_url(&domain.name),
    }
}

fn agent() -> Result<Arc<Agent>, Failure> {
    let user_agent = concat!("touchplate/", env!("CARGO_PKG_VERSION"));
    let settings = Settings::from_environment(user_agent, &|name| std::env::var(name).ok());
    Ok(Arc::new(Agent::new(settings.map_err(Failure::usage)?)))
}

fn refresh(
    store: &TrustStore,
    agent: &Arc<Agent>,
    domain: &StoredDomain,
    url: Url,
    arguments: &Arguments,
    now: Timestamp,
) -> Result<Refreshed, Failure> {
    let limit = usize::try_from(MAX_METADATA_BYTES).unwrap_or(usize::MAX);
    let first_root = arguments.tuf_root.as_ref();
    let first_root = first_root
        .map(|path| files::read(path, limit))
        .transpose()?;
    let repository = Repository {
        domain: domain.name.clone(),
        state: store.tuf_folder(&domain.name),
        first_root,
        url,
    };
    let bar = progress(&repository);
    let fetched = tuf::fetch(agent, &repository, now);
    bar.finish_and_clear();
    let fetched = fetched.map_err(|source| not_refreshed(&domain.name, source))?;
    let after = store.edit(|domains| {
        // As it is now: another process may have changed its scope meanwhile.
        let mut after = domains.named(&domain.name).unwrap_or(domain).clone();
        after.config = fetched.config.clone();
        after.as_of = now;
        after.origin = Origin::Tuf {
            url: repository.url.to_string(),
        };
        domains.put(after.clone());
        Ok::<_, TrustStoreError>(after)
    })?;
    let Fetched {
        targets_version,
        expires,
        ..
    } = fetched;
    Ok(Refreshed {
        before: domain.clone(),
        after,
        targets_version,
        expires,
    })
}

fn not_refreshed(name: &DomainName, source: TufError) -> Failure {
    let cause = source.cause();
    let error = NotRefreshed {
        name: name.clone(),
        source,
    };
    match cause {
        Cause::Outside => Failure::outside(error),
        Cause::No => Failure::refused(error),
        Cause::Configuration => Failure::usage(error),
    }
}

fn progress(repository: &Repository) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let host = repository.url.host_str().unwrap_or_default();
    let bar = ProgressBar::new_spinner();
    bar.set_message(format!(
        "asking {host} for the root of {}",
        repository.domain
    ));
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

fn digest(domain: &StoredDomain) -> Sha256 {
    *domain.config.root().digest()
}

fn text(done: &[Refreshed]) -> String {
    let mut page = Page::new();
    for refreshed in done {
        let (before, after) = (&refreshed.before, &refreshed.after);
        if digest(before) == digest(after) {
            page.good(&format!(
                "{}: the root is current, and has not changed",
                after.name
            ));
        } else {
            page.good(&format!("{}: there is a new root", after.name));
            page.row("before", &digest(before).to_string());
        }
        page.row("sha256", &digest(after).to_string());
        if let Origin::Tuf { url } = &after.origin {
            page.row("from", url);
        }
        page.row("ask again by", &instant(refreshed.expires));
    }
    page.take()
}

fn report(done: &[Refreshed], now: Timestamp) -> Value {
    let domains = done.iter().map(|refreshed| {
        let (before, after) = (&refreshed.before, &refreshed.after);
        json!({
            "name": after.name,
            "changed": digest(before) != digest(after),
            "before_sha256": digest(before),
            "root_sha256": digest(after),
            "origin": super::show::origin_json(&after.origin),
            "targets_version": refreshed.targets_version,
            "expires": refreshed.expires,
        })
    });
    json!({
        "version": REPORT_VERSION,
        "refreshed_at": now,
        "domains": domains.collect::<Vec<_>>(),
    })
}
