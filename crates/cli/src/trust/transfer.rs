//! `trust export` and `trust import`: one file for machines without a network; and the root of a private domain.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use jiff::Timestamp;
use serde_json::{Value, json};
use touchplate_attest::DomainName;
use touchplate_attest::domain::{
    EMBEDDED_AS_OF, MAX_TRUST_CONFIG_BYTES, OidcIssuer, ProjectPattern, Scope, TrustConfig,
};
use touchplate_client::trust_store::{
    Change, ExportError, MAX_EXPORT_BYTES, NotTaken, Origin, StoredDomain, StoredDomains,
    TrustExport, TrustStoreError,
};
use touchplate_server::{Clock as _, SystemClock};

use super::{NoDomain, told};
use crate::files;
use crate::options::{Common, Format, REPORT_VERSION, Reporting};
use crate::report::{Failure, Outcome, say, say_json};
use crate::screen::{Page, instant};

/// Arguments of `trust export`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  touchplate trust export trust.json
  touchplate trust export --domain acme trust.json")]
pub(super) struct ExportArguments {
    /// Where to write
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Only this domain (may be repeated)
    #[arg(long, value_name = "NAME")]
    domain: Vec<DomainName>,
    #[command(flatten)]
    reporting: Reporting,
}

/// Arguments of `trust import`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  touchplate trust import trust.json
  touchplate trust import --name acme --projects 'acme-*,tools' --issuer https://gitlab.acme.example root.json
  touchplate trust import --name staging --projects rehearsal

Without --name, FILE is what `touchplate trust export` wrote; a domain that is here already keeps its
project names and issuers. With --name it is a `trusted_root.json` or a Sigstore ClientTrustConfig; for
`public-good` and `staging` it may be left out, and the embedded root is taken.")]
pub(super) struct ImportArguments {
    /// An export, or with --name a root
    #[arg(value_name = "FILE", required_unless_present = "name")]
    file: Option<PathBuf>,
    /// The trust domain that FILE is the root of
    #[arg(long, value_name = "NAME")]
    name: Option<DomainName>,
    /// Project names that it speaks for: names, beginnings followed by `*`, or `*` for the rest
    #[arg(
        long,
        value_name = "PATTERN,…",
        value_delimiter = ',',
        requires = "name"
    )]
    projects: Vec<ProjectPattern>,
    /// Identity providers on whose word its certificates are taken (may be repeated) [default: any]
    #[arg(long, value_name = "URL", requires = "name")]
    issuer: Vec<OidcIssuer>,
    /// States that `*` among --projects is meant: the domain may speak for every name that no other lists
    #[arg(long, requires = "projects")]
    all_names: bool,
    /// Take it even if it is older than what is here
    #[arg(long)]
    force: bool,
    /// Show what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    reporting: Reporting,
}

#[derive(Debug, thiserror::Error)]
#[error("the export could not be written to `{}`", .0.display())]
struct Unwritten(PathBuf, #[source] std::io::Error);

#[derive(Debug, thiserror::Error)]
#[error("`{}` is no export of trust domains", .0.display())]
struct NoExport(PathBuf, #[source] ExportError);

#[derive(Debug, thiserror::Error)]
#[error("`{}` is neither an export of trust domains nor, without --name, a root that could be taken", .0.display())]
struct NoName(PathBuf);

#[derive(Debug, thiserror::Error)]
#[error("`{}` is not a usable trust root", .0.display())]
struct NoRoot(
    PathBuf,
    #[source] touchplate_attest::domain::TrustConfigError,
);

#[derive(Debug, thiserror::Error)]
#[error("the trust domain {0} needs a FILE: only Sigstore's two have embedded roots")]
struct NoFile(DomainName);

/// Why an import changes nothing.
#[derive(Debug, thiserror::Error)]
enum ImportError {
    #[error("the import was refused, and nothing changed")]
    NotTaken(#[source] NotTaken),
    #[error(transparent)]
    Store(#[from] TrustStoreError),
}

/// Writes domains into a file.
pub(super) fn export(common: &Common, arguments: &ExportArguments) -> Result<Outcome, Failure> {
    let store = super::store(common)?;
    let domains = store.load()?;
    let chosen: Vec<StoredDomain> = if arguments.domain.is_empty() {
        domains.iter().cloned().collect()
    } else {
        let one = |name: &DomainName| {
            let present: Vec<_> = domains.iter().map(|it| it.name.as_str()).collect();
            domains.named(name).cloned().ok_or_else(|| {
                Failure::usage(NoDomain {
                    name: name.clone(),
                    present: present.join(", "),
                })
            })
        };
        arguments.domain.iter().map(one).collect::<Result<_, _>>()?
    };
    let export = TrustExport {
        created_at: SystemClock.now(),
        domains: chosen,
    };
    write(&arguments.file, &export.to_json())
        .map_err(|error| Failure::outside(Unwritten(arguments.file.clone(), error)))?;
    match arguments.reporting.format {
        Format::Text => {
            let mut page = Page::new();
            page.good(&format!("written to {}", arguments.file.display()));
            for domain in &export.domains {
                page.row(domain.name.as_str(), &root_told(domain));
            }
            say(&page.take())?;
        }
        Format::Json => say_json(&json!({
            "version": REPORT_VERSION,
            "created_at": export.created_at,
            "file": arguments.file.display().to_string(),
            "domains": export.domains.iter().map(domain_json).collect::<Vec<_>>(),
        }))?,
    }
    Ok(Outcome::Done)
}

/// Writes a file whole or not at all.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
    let mut file = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

/// Takes in domains, and shows what changes.
pub(super) fn import(common: &Common, arguments: &ImportArguments) -> Result<Outcome, Failure> {
    let store = super::store(common)?;
    let now = SystemClock.now();
    let offered = offered(arguments)?;
    let (force, dry_run) = (arguments.force, arguments.dry_run);
    let take = |domains: &mut StoredDomains| {
        let taken = offered.take(domains, now, force);
        taken.map_err(ImportError::NotTaken)
    };
    let changes = if dry_run {
        let mut domains = store.load()?;
        take(&mut domains).and_then(|changes| {
            store.check(&domains)?;
            Ok(changes)
        })
    } else {
        store.edit(take)
    };
    let changes = changes.map_err(|error| match error {
        ImportError::Store(error) => error.into(),
        ImportError::NotTaken(_) => Failure::refused(error).hint("--force takes it all the same"),
    })?;
    match arguments.reporting.format {
        Format::Text => say(&text(&changes, dry_run))?,
        Format::Json => say_json(&json!({
            "version": REPORT_VERSION,
            "imported_at": now,
            "dry_run": dry_run,
            "domains": changes.iter().map(change_json).collect::<Vec<_>>(),
        }))?,
    }
    Ok(Outcome::Done)
}

/// What is to be taken in.
enum Offered {
    Export(Vec<StoredDomain>),
    Root {
        name: DomainName,
        /// None: the embedded one.
        config: Option<TrustConfig>,
        /// None: as it is.
        scope: Option<Scope>,
    },
}

fn offered(arguments: &ImportArguments) -> Result<Offered, Failure> {
    let Some(name) = &arguments.name else {
        // Clap asks for FILE without --name.
        let path = arguments.file.clone().unwrap_or_default();
        let json = files::read(&path, MAX_EXPORT_BYTES)?;
        if !TrustExport::is_meant(&json) && TrustConfig::parse(&json).is_ok() {
            return Err(Failure::usage(NoName(path))
                .hint("say whose root it is with --name, and what it speaks for with --projects"));
        }
        let export = TrustExport::parse(&json);
        let export = export.map_err(|error| Failure::refused(NoExport(path, error)))?;
        return Ok(Offered::Export(export.domains));
    };
    let read = |path: &PathBuf| {
        let json = files::read(path, MAX_TRUST_CONFIG_BYTES)?;
        TrustConfig::parse(&json).map_err(|error| Failure::usage(NoRoot(path.clone(), error)))
    };
    let config = arguments.file.as_ref().map(read).transpose()?;
    if config.is_none() && name.is_private() {
        return Err(Failure::usage(NoFile(name.clone())));
    }
    let is_given = !arguments.projects.is_empty() || !arguments.issuer.is_empty();
    let scope = is_given.then(|| {
        let scope = Scope::new(arguments.projects.clone(), arguments.issuer.clone());
        if arguments.all_names {
            scope.stating_all_names()
        } else {
            scope
        }
    });
    Ok(Offered::Root {
        name: name.clone(),
        config,
        scope,
    })
}

impl Offered {
    fn take(
        self,
        domains: &mut StoredDomains,
        now: Timestamp,
        force: bool,
    ) -> Result<Vec<Change>, NotTaken> {
        match self {
            Self::Export(offered) => {
                let offered = offered.into_iter();
                offered
                    .map(|domain| domains.take_exported(domain, now, force))
                    .collect()
            }
            Self::Root {
                name,
                config,
                scope,
            } => {
                let present = domains.named(&name).map(|it| it.scope.clone());
                let scope = scope.or(present).unwrap_or_default();
                let (config, origin, as_of) = match config {
                    Some(config) => (config, Origin::File, now),
                    None if name.is_public_good() => {
                        (TrustConfig::public_good(), Origin::Embedded, EMBEDDED_AS_OF)
                    }
                    None => (TrustConfig::staging(), Origin::Embedded, EMBEDDED_AS_OF),
                };
                let domain = StoredDomain {
                    name,
                    config,
                    scope,
                    origin,
                    as_of,
                };
                Ok(vec![domains.take_file(domain, force)?])
            }
        }
    }
}

fn root_told(domain: &StoredDomain) -> String {
    format!(
        "sha256 {}, current at {}",
        domain.config.root().digest(),
        instant(domain.as_of)
    )
}

fn text(changes: &[Change], dry_run: bool) -> String {
    let mut page = Page::new();
    for change in changes {
        let name = &change.after.name;
        page.good(&match &change.before {
            None => format!("{name}: a new trust domain"),
            Some(_) if change.is_new_root() => format!("{name}: a new root"),
            Some(_) => format!("{name}: the root is the one that was here"),
        });
        if let Some(before) = &change.before
            && change.is_new_root()
        {
            page.row("before", &root_told(before));
        }
        page.row("root", &root_told(&change.after));
        let now = told(name, &change.after.scope);
        page.row("speaks for", &now);
        if let Some(before) = &change.before
            && before.scope != change.after.scope
        {
            page.row("before", &told(name, &before.scope));
        }
        let issuers = change.after.scope.issuers();
        issuers
            .iter()
            .for_each(|it| page.row("issuer", it.as_str()));
        if let Some(left_out) = &change.scope_left_out {
            page.row(
                "not taken",
                &format!("that it speaks for {}", told(name, left_out)),
            );
        }
    }
    if dry_run {
        page.hint("nothing was changed; leave out --dry-run to do it");
    }
    page.take()
}

fn domain_json(domain: &StoredDomain) -> Value {
    json!({
        "name": domain.name,
        "root_sha256": domain.config.root().digest(),
        "as_of": domain.as_of,
        "projects": domain.scope.projects(),
        "issuers": domain.scope.issuers(),
        "all_names": domain.scope.states_all_names(),
    })
}

fn change_json(change: &Change) -> Value {
    json!({
        "name": change.after.name,
        "changed": change.is_new_root(),
        "before": change.before.as_ref().map(domain_json),
        "after": domain_json(&change.after),
        "scope_left_out": change.scope_left_out.as_ref().map(|scope| json!({
            "projects": scope.projects(),
            "issuers": scope.issuers(),
            "all_names": scope.states_all_names(),
        })),
    })
}
