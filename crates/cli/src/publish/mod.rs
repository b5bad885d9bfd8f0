//! `touchplate publish`: a release, signed and checked, to any index.

mod attesting;
mod ci;
mod failures;
mod identity;
mod options;
mod plan;
mod preflight;
mod progress;
mod sending;
mod target;
mod tell;

use touchplate_client::fetch::Agent;
use touchplate_client::identity::IdentityToken;
use touchplate_client::publish::access::{Access, Identity, IdentityFailure};

pub(crate) use options::Arguments;

use crate::options::{Common, Format};
use crate::report::{Failure, Outcome, say, say_json};
use crate::signing;
use attesting::Attesting;
use identity::Holder;
use preflight::{Preflight, Wanted};
use sending::Outcomes;
use target::Target;

/// Publishes a release.
pub(crate) fn run(common: &Common, arguments: &Arguments) -> Result<Outcome, Failure> {
    let result = publish(common, arguments);
    if let Err(failure) = &result {
        ci::annotate(failure);
    }
    result
}

/// 1. The files are read, and checked as the index will check them.
/// 2. The index is found, and what it has already.
/// 3. Who attests, who uploads, and whether that is worse than the last release.
/// 4. Everything is signed, and only then the first byte is sent.
fn publish(common: &Common, arguments: &Arguments) -> Result<Outcome, Failure> {
    let settings = signing::settings(common)?;
    let agent = Agent::new(settings.clone());
    let checked = plan::files(&arguments.files)?; // 1
    let target = Target::find(&agent, &arguments.destination)?; // 2
    let holder = Holder::of_run(arguments, &target)?;
    let identity = |audience: &str| -> Result<IdentityToken, IdentityFailure> {
        let holder = holder.as_ref();
        holder.map_or(Err("nobody holds an identity".into()), |holder| {
            holder.token(audience, &agent)
        })
    };
    let identity: Option<Identity<'_>> = if holder.is_some() {
        Some(&identity)
    } else {
        None
    };
    let projects = target::projects(checked.iter().map(|it| &it.file));
    let reader = target.reader(settings);
    let shelf = target.shelf(&reader, &projects)?;
    let mut wanted = Wanted::of(&checked, &shelf, arguments)?;
    let takes = target.takes_attestations(&arguments.destination, &shelf, identity.is_some());
    let more = target.description.claim();
    let now = signing::now_of_system();
    let files = wanted.files(&checked);
    let attesting = Attesting::find(common, arguments, &files, (takes, more), &agent, now)?; // 3
    if attesting.nothing.is_some() {
        wanted.attest_nothing();
    }
    // Who has nothing to send needs no right to send it.
    let access = if wanted.sent().is_empty() {
        Access::None
    } else {
        target.access(&agent, &arguments.destination, identity, &ci::mask)?
    };
    let bearer = match &access {
        Access::Exchanged(exchange) => Some(exchange.introduce()?),
        Access::Given(_) | Access::None => None,
    };
    let preflight = Preflight {
        checked: &checked,
        comparisons: wanted.compare(&checked, &target, &shelf, &attesting, &reader)?,
        target: &target,
        access: &access,
        holder: holder.as_ref(),
        bearer: bearer.as_ref(),
        told: tell::Attested::of(&attesting),
        wanted,
    };
    preflight.permit(arguments.allowed())?;
    if arguments.dry_run {
        return report(&preflight, &Outcomes::none(&preflight), arguments, true);
    }
    let files = preflight.files();
    let made = attesting.make(&files, &agent)?; // 4
    let outcomes = sending::send(&preflight, made, &shelf, &agent)?;
    report(&preflight, &outcomes, arguments, false)?;
    outcomes.end()
}

fn report(
    preflight: &Preflight<'_>,
    outcomes: &Outcomes,
    arguments: &Arguments,
    dry_run: bool,
) -> Result<Outcome, Failure> {
    if !dry_run {
        ci::summarise(&tell::markdown(preflight, outcomes));
    }
    match arguments.reporting.format {
        Format::Text => say(&tell::text(preflight, outcomes, dry_run))?,
        Format::Json => say_json(&tell::json(preflight, outcomes, dry_run))?,
    }
    Ok(Outcome::Done)
}
