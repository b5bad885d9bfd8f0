//! Where to publish, by what right, and what is there already.

use std::collections::BTreeMap;
use std::path::Path;

use touchplate_client::fetch::{Agent, Cause, FileEntry, Netrc, Places, Settings};
use touchplate_client::publish::access::{Access, Exchange, Identity, Lease};
use touchplate_client::publish::binding::SelfDescription;
use touchplate_client::publish::credentials::{
    Credential, CredentialsError, Destination, Given, Keyring,
};
use touchplate_client::publish::door::{Door, DoorError};
use touchplate_client::publish::remote::{Listing, SimpleApi};
use touchplate_client::publish::upload::Lookup;
use touchplate_client::publish::{Distribution, Standing};
use touchplate_packaging::ProjectName;
use url::Url;

use super::options::{Arguments, DestinationOptions, TrustedPublishing};
use crate::report::Failure;
use crate::{files, signing};

/// A token has some hundred bytes; those that carry claims some thousand.
const MAX_TOKEN_FILE_BYTES: usize = 64 << 10;

/// Where to publish.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) destination: Destination,
    /// Where it exchanges identities, if it does.
    pub(super) door: Option<Door>,
    /// What it says of itself beside that.
    pub(super) description: SelfDescription,
    pub(super) simple: Option<SimpleApi>,
}

#[derive(Debug, thiserror::Error)]
enum TargetError {
    #[error("nothing says which index to publish to")]
    NoIndex,
    #[error(
        "there is neither a credential for {0} nor an identity that could be exchanged for one"
    )]
    NoAccess(Url),
    #[error("{0} has no trusted publishing, and no other credential for it was found")]
    NoDoor(Url),
    #[error("{0} has no trusted publishing")]
    NotAlways(Url),
}

impl Target {
    /// Finds the index, and asks it how it wants to be spoken to.
    pub(super) fn find(agent: &Agent, options: &DestinationOptions) -> Result<Self, Failure> {
        let token = options.token_file.as_deref().map(token).transpose()?;
        let given = Given {
            index: options.index.as_deref(),
            username: options.username.as_deref(),
            password: None,
            token: token.as_deref(),
        };
        let destination = with_places(|places| Ok(Destination::find(&given, places)?))?;
        let destination = destination.ok_or_else(|| {
            Failure::usage(TargetError::NoIndex).hint(
                "name its upload URL with --index URL, UV_PUBLISH_URL, TWINE_REPOSITORY_URL, or in .pypirc",
            )
        })?;
        let door = Door::find(agent, &destination.url)?;
        let discovered = door.as_ref().and_then(Door::discovered);
        let description = discovered.map_or(Ok(SelfDescription::default()), |discovered| {
            SelfDescription::read(discovered, &destination.url)
        });
        let description = description.map_err(|error| {
            Failure::outside(error).hint("name the upload URL as the index itself does")
        })?;
        let said = options.check_url.as_ref().or(destination.simple.as_ref());
        let simple = SimpleApi::of(&destination.url, said, description.simple.as_ref());
        Ok(Self {
            destination,
            door,
            description,
            simple,
        })
    }

    /// By what right files are sent: what was said, else the identity, else what the machine keeps for the host.
    pub(super) fn access<'a>(
        &self,
        agent: &'a Agent,
        options: &DestinationOptions,
        identity: Option<Identity<'a>>,
        minted: &'a (dyn Fn(&Lease) + Sync),
    ) -> Result<Access<'a>, Failure> {
        let url = || self.destination.url.clone();
        let wants = options.trusted_publishing;
        let given = self.destination.credential.clone();
        if let Some(credential) = given.filter(|_| wants != TrustedPublishing::Always) {
            return Ok(Access::Given(credential));
        }
        let door = self.door.as_ref();
        let door = door.filter(|_| wants != TrustedPublishing::Never);
        if let (Some(door), Some(identity)) = (door, identity) {
            let clock = &signing::now_of_system;
            let exchange = Exchange::new(agent, door.clone(), identity, clock, minted);
            return Ok(Access::Exchanged(Box::new(exchange)));
        }
        if wants == TrustedPublishing::Always && self.door.is_none() {
            return Err(Failure::usage(TargetError::NotAlways(url())));
        }
        if let Some(kept) = self.kept()? {
            return Ok(Access::Given(kept));
        }
        let error = match identity {
            Some(_) => TargetError::NoDoor(url()),
            None => TargetError::NoAccess(url()),
        };
        Err(Failure::usage(error).hint(
            "in a CI job, let it ask for an ID token; elsewhere give a token with --token-file, UV_PUBLISH_TOKEN or in \
             .pypirc; docs/guide/publish.md has what each place needs",
        ))
    }

    /// Whether the index is known to take attestations from whoever uploads; else why they are held back.
    pub(super) fn takes_attestations(
        &self,
        options: &DestinationOptions,
        shelf: &Shelf<'_>,
        has_identity: bool,
    ) -> Result<(), &'static str> {
        let is_given = self.destination.credential.is_some()
            && options.trusted_publishing != TrustedPublishing::Always;
        match &self.door {
            // PyPI, which says nothing of itself by PEP 807, refuses them from all but publishers.
            Some(door) if door.discovered().is_none() && (is_given || !has_identity) => Err(
                "an index that speaks as PyPI does refuses them with a password or an API token",
            ),
            Some(_) => Ok(()),
            None if shelf.has_attestations() => Ok(()),
            None => Err("the index does not say that it takes them, and some lose or refuse them"),
        }
    }

    fn kept(&self) -> Result<Option<Credential>, Failure> {
        let Destination { url, username, .. } = &self.destination;
        let netrc = Netrc::from_environment(&|name| std::env::var(name).ok());
        let netrc = netrc.map_err(Failure::outside)?;
        let keyring = Keyring::default();
        let kept = Credential::kept(url, username.as_deref(), &netrc, Some(&keyring));
        Ok(kept?)
    }

    /// Who asks what is there: where files go with a credential that was given, the listing is asked by it as well, since a
    /// project that a reader may not see looks like a new one. A minted token is for uploads alone.
    pub(super) fn reader(&self, mut settings: Settings) -> Agent {
        let given = self.destination.credential.as_ref();
        if let Some(credential) = given {
            let header = Some(credential.authorization());
            settings.credentials.give(&self.destination.url, header);
        }
        Agent::new(settings)
    }

    /// What is there of each project.
    pub(super) fn shelf<'t>(
        &'t self,
        agent: &'t Agent,
        projects: &[ProjectName],
    ) -> Result<Shelf<'t>, Failure> {
        let mut listings = BTreeMap::new();
        for project in projects {
            let listing = Listing::ask(agent, self.simple.as_ref(), project)?;
            listings.insert(project.as_str().to_owned(), listing);
        }
        Ok(Shelf {
            agent,
            simple: self.simple.as_ref(),
            listings,
        })
    }
}

/// What the index had when the run began, and what it has now.
#[derive(Debug)]
pub(super) struct Shelf<'t> {
    agent: &'t Agent,
    simple: Option<&'t SimpleApi>,
    listings: BTreeMap<String, Listing>,
}

impl Shelf<'_> {
    /// What it had of a project.
    pub(super) fn listing(&self, project: &ProjectName) -> Option<&Listing> {
        self.listings.get(project.as_str())
    }

    /// Where it stood with a file.
    pub(super) fn stood(&self, file: &Distribution) -> Standing {
        let listing = self.listing(file.filename().project());
        listing.map_or(Standing::New, |listing| listing.standing(file.facts()))
    }

    /// Whether it says of any file that there are attestations: then it takes them.
    pub(super) fn has_attestations(&self) -> bool {
        self.listings.values().any(|listing| match listing {
            Listing::Page(page) => page.files.iter().any(FileEntry::is_attested),
            Listing::NoProject | Listing::CannotBeTold { .. } => false,
        })
    }
}

impl Lookup for Shelf<'_> {
    fn standing(&self, file: &Distribution) -> Standing {
        match Listing::ask(self.agent, self.simple, file.filename().project()) {
            Ok(listing) => listing.standing(file.facts()),
            Err(error) => Standing::CannotBeTold {
                why: error.to_string(),
            },
        }
    }
}

/// Projects in the order of the files, each once.
pub(super) fn projects<'f>(files: impl Iterator<Item = &'f Distribution>) -> Vec<ProjectName> {
    let mut projects: Vec<ProjectName> = Vec::new();
    for file in files {
        let project = file.filename().project();
        if !projects.contains(project) {
            projects.push(project.clone());
        }
    }
    projects
}

fn token(path: &Path) -> Result<String, Failure> {
    let bytes = if path == Path::new("-") {
        signing::standard_input(MAX_TOKEN_FILE_BYTES)?
    } else {
        files::read(path, MAX_TOKEN_FILE_BYTES)?
    };
    Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
}

fn with_places<T>(find: impl FnOnce(Places<'_>) -> Result<T, Failure>) -> Result<T, Failure> {
    let folder = std::env::current_dir().map_err(Failure::outside)?;
    find(Places {
        variable: &|name| std::env::var(name).ok(),
        folder: &folder,
        system: Path::new("/"),
    })
}

impl Arguments {
    /// The options that allow what is worse than before.
    pub(super) fn allowed(&self) -> touchplate_client::publish::downgrade::Allowed {
        touchplate_client::publish::downgrade::Allowed {
            downgrade: self.allow_downgrade,
            new_identity: self.allow_new_identity,
        }
    }
}

impl From<DoorError> for Failure {
    fn from(error: DoorError) -> Self {
        match error.cause() {
            Cause::Outside => Self::outside(error),
            Cause::No => Self::refused(error),
            Cause::Configuration => Self::usage(error),
        }
    }
}

impl From<CredentialsError> for Failure {
    fn from(error: CredentialsError) -> Self {
        Self::usage(error)
    }
}
