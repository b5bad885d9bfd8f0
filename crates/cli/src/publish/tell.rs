//! What `publish` reports: what was found before, and what became of each file.

use serde_json::{Value, json};
use touchplate_attest::PredicateType;
use touchplate_client::publish::Standing;
use touchplate_client::publish::access::Access;
use touchplate_client::publish::downgrade::Comparison;
use touchplate_packaging::ProjectName;
use url::Url;

use super::attesting::{Attesting, Made};
use super::preflight::{Compared, Preflight};
use super::sending::{Fate, Outcomes};
use crate::options::REPORT_VERSION;
use crate::report::Failure;
use crate::screen::{Page, quoted};
use crate::signer;

/// What is told of who attests, since whoever signs is used up by it.
#[derive(Debug)]
pub(super) struct Attested {
    instance: Option<(String, String)>,
    /// Where the token is from, its subject, its issuer.
    who: Option<(String, String, String)>,
    held_back: Vec<String>,
    nothing: Option<String>,
}

impl Attested {
    pub(super) fn of(attesting: &Attesting) -> Self {
        let signing = attesting.signing.as_ref();
        Self {
            instance: signing
                .map(|(instance, _)| (instance.origin.clone(), instance.root.digest().to_string())),
            who: signing.map(|(_, signatory)| {
                let token = &signatory.who.token;
                (
                    signatory.who.origin.clone(),
                    token.subject().to_owned(),
                    token.vouching_issuer().to_owned(),
                )
            }),
            held_back: attesting.held_back.clone(),
            nothing: attesting.nothing.clone(),
        }
    }
}

/// For people.
pub(super) fn text(preflight: &Preflight<'_>, outcomes: &Outcomes, dry_run: bool) -> String {
    let mut page = Page::new();
    for (at, (checked, fate)) in preflight.checked.iter().zip(&outcomes.fates).enumerate() {
        let name = checked.file.path().display();
        let made = outcomes.made.get(at).map_or(&[][..], Vec::as_slice);
        match fate {
            Fate::Sent => page.good(&format!("{name}: published{}", with(made))),
            Fate::Found => page.good(&format!("{name}: is there, byte for byte")),
            Fate::Failed(failure) => {
                let messages = failure.messages();
                let message = messages.first().map_or("", String::as_str);
                page.bad(&format!("{name}: not published: {message}"));
            }
            Fate::NotBegun => page.bad(&format!("{name}: not sent, since another file failed")),
            Fate::Planned => page.good(&format!(
                "{name}: {}",
                planned(preflight.wanted.standing(at))
            )),
        }
    }
    page.gap();
    page.title(if dry_run { "would publish" } else { "release" });
    releases(&mut page, preflight);
    page.row("to", preflight.target.destination.url.as_str());
    page.row("found in", &preflight.target.destination.origin);
    if !preflight.wanted.sent().is_empty() {
        page.row("by", &access(preflight));
    }
    if let Some(token) = preflight.bearer {
        page.row(
            "as",
            &format!("{}, says {}", token.subject(), token.vouching_issuer()),
        );
    }
    if !dry_run {
        for (_, url) in links(preflight) {
            page.row("listed at", url.as_str());
        }
    }
    attested(&mut page, preflight, outcomes);
    if !dry_run {
        page.gap();
        page.line(&next(preflight));
    }
    page.take()
}

fn with(made: &[Made]) -> String {
    match made {
        [] => String::new(),
        [one] => format!(", with its {} attestation", kind(one)),
        several => {
            let kinds: Vec<_> = several.iter().map(kind).collect();
            format!(", with its {} attestations", kinds.join(" and "))
        }
    }
}

fn kind(made: &Made) -> &'static str {
    match made.proven.predicate_type() {
        PredicateType::Publish => "publish",
        PredicateType::Slsa => "SLSA",
        PredicateType::IndexPublish => "index",
        PredicateType::Other(_) => "other",
    }
}

fn planned(standing: Option<&Standing>) -> String {
    match standing {
        Some(Standing::Identical { .. }) => {
            "is there, byte for byte, and gets its attestation".into()
        }
        Some(Standing::CannotBeTold { why }) => {
            format!("whether it is there cannot be told: {why}")
        }
        Some(Standing::New | Standing::Conflicting { .. }) | None => "new".into(),
    }
}

fn releases(page: &mut Page, preflight: &Preflight<'_>) {
    for Compared {
        project,
        version,
        comparison,
    } in &preflight.comparisons
    {
        page.row("release", &format!("{project} {version}"));
        page.row("before it", &compared(comparison));
    }
}

fn compared(comparison: &Comparison) -> String {
    let by = |old: &[touchplate_attest::Publisher]| {
        let names: Vec<_> = old
            .iter()
            .map(touchplate_attest::Publisher::describe)
            .collect();
        names.join(" and ")
    };
    match comparison {
        Comparison::First => "no release".to_owned(),
        Comparison::NeverAttested { last } => format!("{last}, not attested"),
        Comparison::Same { last, publisher } => {
            format!(
                "{last}, attested by the same identity: {}",
                publisher.describe()
            )
        }
        Comparison::Downgrade { last, old } => {
            format!(
                "{last}, attested by {}; this one is not, as allowed",
                by(old)
            )
        }
        Comparison::NewIdentity { last, old, .. } => {
            format!(
                "{last}, attested by {}; this one by somebody else, as allowed",
                by(old)
            )
        }
        Comparison::CannotBeTold { why } => format!("cannot be told: {why}"),
    }
}

fn access(preflight: &Preflight<'_>) -> String {
    match preflight.access {
        Access::Given(credential) => format!(
            "{} with the secret from {}",
            credential.username(),
            credential.origin()
        ),
        Access::None => "nobody in particular".to_owned(),
        Access::Exchanged(exchange) => {
            let holder = preflight.holder.map(super::identity::Holder::describe);
            let holder = holder.unwrap_or_default();
            format!(
                "the identity from {holder}, exchanged at {}",
                exchange.door().mint_url()
            )
        }
    }
}

fn attested(page: &mut Page, preflight: &Preflight<'_>, outcomes: &Outcomes) {
    let told = &preflight.told;
    if let Some((origin, _)) = &told.instance {
        page.row("signed by", origin);
    }
    if let Some((origin, subject, issuer)) = &told.who {
        page.row("signed as", &format!("{subject}, says {issuer} ({origin})"));
    }
    if let Some(why) = &told.nothing {
        page.row("not attested", why);
    }
    for held_back in &told.held_back {
        page.row("held back", held_back);
    }
    let made = outcomes.made.iter().flatten();
    if let Some(made) = made.into_iter().find(|made| made.path.is_none()) {
        page.gap();
        page.title("signer");
        signer::identity(page, made.proven.identity(), made.proven.claims());
    }
}

/// Where each project is listed.
fn links(preflight: &Preflight<'_>) -> Vec<(ProjectName, Url)> {
    let Some(simple) = &preflight.target.simple else {
        return Vec::new();
    };
    let projects = super::target::projects(preflight.checked.iter().map(|it| &it.file));
    let below = |project: ProjectName| {
        let mut url = simple.url.clone();
        url.set_path(&format!("{}/{project}/", url.path().trim_end_matches('/')));
        (project, url)
    };
    projects.into_iter().map(below).collect()
}

/// How anybody verifies it.
fn next(preflight: &Preflight<'_>) -> String {
    let release = preflight.comparisons.first();
    match (release, &preflight.target.simple) {
        (Some(release), Some(simple)) => format!(
            "verify it: touchplate verify {}=={} --index {}",
            release.project,
            release.version,
            quoted(simple.url.as_str())
        ),
        _ => "nothing was left to send".to_owned(),
    }
}

/// For the summary of a CI job.
pub(super) fn markdown(preflight: &Preflight<'_>, outcomes: &Outcomes) -> String {
    let mut text = String::from("### touchplate publish\n\n| file | |\n| --- | --- |\n");
    for (checked, fate) in preflight.checked.iter().zip(&outcomes.fates) {
        let name = checked.file.filename();
        text.push_str(&format!("| `{name}` | {} |\n", word(fate)));
    }
    for (project, url) in links(preflight) {
        text.push_str(&format!("\n[{project}]({url})\n"));
    }
    text
}

fn word(fate: &Fate) -> &'static str {
    match fate {
        Fate::Sent => "published",
        Fate::Found => "there already",
        Fate::Failed(_) => "failed",
        Fate::NotBegun => "not sent",
        Fate::Planned => "planned",
    }
}

/// For programs.
pub(super) fn json(preflight: &Preflight<'_>, outcomes: &Outcomes, dry_run: bool) -> Value {
    let told = &preflight.told;
    let destination = &preflight.target.destination;
    let releases: Vec<Value> = preflight.comparisons.iter().map(release).collect();
    let files = preflight.checked.iter().enumerate();
    let files: Vec<Value> = files.map(|(at, _)| file(preflight, outcomes, at)).collect();
    let links = links(preflight).into_iter();
    let links: Vec<Value> = links
        .map(|(project, url)| json!({"project": project, "url": url.as_str()}))
        .collect();
    json!({
        "version": REPORT_VERSION,
        "dry_run": dry_run,
        "published": !dry_run && outcomes.is_whole(),
        "index": {
            "url": destination.url.as_str(),
            "origin": destination.origin,
            "simple": preflight.target.simple.as_ref().map(|it| it.url.as_str()),
        },
        "access": access_json(preflight),
        "signing": told.instance.as_ref().map(|(origin, root)| json!({
            "origin": origin,
            "root_sha256": root,
            "token_from": told.who.as_ref().map(|(from, _, _)| from),
            "subject": told.who.as_ref().map(|(_, subject, _)| subject),
            "issuer": told.who.as_ref().map(|(_, _, issuer)| issuer),
        })),
        "not_attested": told.nothing,
        "held_back": told.held_back,
        "releases": releases,
        "files": files,
        "links": links,
    })
}

fn access_json(preflight: &Preflight<'_>) -> Value {
    match preflight.access {
        Access::None => json!({"kind": "none"}),
        Access::Given(credential) => json!({
            "kind": "credential",
            "username": credential.username(),
            "origin": credential.origin(),
        }),
        Access::Exchanged(exchange) => json!({
            "kind": "trusted-publishing",
            "origin": preflight.holder.map(super::identity::Holder::describe),
            "audience": exchange.door().audience(),
            "mint_url": exchange.door().mint_url().as_str(),
            "subject": preflight.bearer.map(|token| token.subject().to_owned()),
            "issuer": preflight.bearer.map(|token| token.vouching_issuer().to_owned()),
        }),
    }
}

fn release(compared: &Compared) -> Value {
    let (word, last) = match &compared.comparison {
        Comparison::First => ("first", None),
        Comparison::NeverAttested { last } => ("never-attested", Some(last)),
        Comparison::Same { last, .. } => ("same", Some(last)),
        Comparison::Downgrade { last, .. } => ("downgrade", Some(last)),
        Comparison::NewIdentity { last, .. } => ("new-identity", Some(last)),
        Comparison::CannotBeTold { .. } => ("cannot-be-told", None),
    };
    json!({
        "project": compared.project,
        "version": compared.version.to_string(),
        "last": last.map(ToString::to_string),
        "comparison": word,
    })
}

fn file(preflight: &Preflight<'_>, outcomes: &Outcomes, at: usize) -> Value {
    let checked = preflight.checked.get(at);
    let fate = outcomes.fates.get(at);
    let made = outcomes.made.get(at).map_or(&[][..], Vec::as_slice);
    let attestations: Vec<Value> = made
        .iter()
        .map(|made| {
            json!({
                "predicate_type": made.proven.predicate_type().as_str(),
                "path": made.path.as_ref().map(|path| path.display().to_string()),
                "identity": {
                    "san": made.proven.identity().san().as_str(),
                    "issuer": made.proven.identity().issuer(),
                },
                "log_entries": made.proven.log_entries(),
            })
        })
        .collect();
    let error = match fate {
        Some(Fate::Failed(failure)) => Some(failure),
        _ => None,
    };
    json!({
        "path": checked.map(|it| it.file.path().display().to_string()),
        "filename": checked.map(|it| it.file.filename().as_str().to_owned()),
        "sha256": checked.map(|it| it.file.facts().sha256),
        "size": checked.map(|it| it.file.bytes()),
        "before": preflight.wanted.standing(at).map(standing),
        "outcome": fate.map(outcome),
        "attestations": attestations,
        "error": error.map(Failure::messages),
    })
}

fn standing(standing: &Standing) -> &'static str {
    match standing {
        Standing::New => "new",
        Standing::Identical { attested: true } => "identical-attested",
        Standing::Identical { attested: false } => "identical",
        Standing::Conflicting { .. } => "conflicting",
        Standing::CannotBeTold { .. } => "cannot-be-told",
    }
}

fn outcome(fate: &Fate) -> &'static str {
    match fate {
        Fate::Sent => "published",
        Fate::Found => "found",
        Fate::Failed(_) => "failed",
        Fate::NotBegun => "not-begun",
        Fate::Planned => "planned",
    }
}
