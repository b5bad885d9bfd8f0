//! Who built a file, in one sentence.

use touchplate_attest::{
    Claims, Identity, LogEntryFacts, Publisher, SignedTime, SubjectName, TimeSource,
};
use touchplate_index::attesters::{AttesterRole, Capacity, Expected};

use super::words;
use crate::pages::link::Link;
use crate::pages::text;

/// A part of a sentence: words, a name from outside, or a name that leads somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::pages) struct Piece {
    pub(in crate::pages) text: String,
    /// A name, and not the sentence's own words.
    pub(in crate::pages) is_name: bool,
    pub(in crate::pages) href: Option<String>,
}

/// A sentence in parts, so that names stand out and lead to what they name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::pages) struct Sentence(Vec<Piece>);

impl Sentence {
    pub(in crate::pages) fn pieces(&self) -> &[Piece] {
        &self.0
    }

    pub(super) fn of(words: &str) -> Self {
        Self::default().say(words)
    }

    /// The sentence's own words.
    pub(super) fn say(mut self, words: &str) -> Self {
        match self.0.last_mut() {
            Some(last) if !last.is_name => last.text.push_str(words),
            _ => self.0.push(Piece {
                text: words.to_owned(),
                is_name: false,
                href: None,
            }),
        }
        self
    }

    /// A name from outside.
    pub(super) fn name(mut self, name: &str) -> Self {
        self.0.push(Piece {
            text: text::line(name).into_owned(),
            is_name: true,
            href: None,
        });
        self
    }

    /// A name that leads where `url` says, if that is on the web.
    fn lead(mut self, name: &str, url: &str) -> Self {
        let link = Link::new(name, url);
        self.0.push(Piece {
            text: link.text,
            is_name: true,
            href: link.href,
        });
        self
    }
}

impl std::fmt::Display for Sentence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|piece| f.write_str(&piece.text))
    }
}

/// What is proved of one attestation.
pub(super) struct Proof<'p> {
    pub(super) identity: &'p Identity,
    pub(super) claims: &'p Claims,
    pub(super) expected: &'p Expected,
    pub(super) capacity: Capacity,
    pub(super) entries: &'p [LogEntryFacts],
    pub(super) times: &'p [SignedTime],
    /// Whether the root is Sigstore's public one.
    pub(super) is_public_good: bool,
}

/// Who made an attestation, from which source, how, and where it is recorded.
pub(super) fn sentence(proof: &Proof<'_>) -> Sentence {
    let (told, built) = who(proof);
    let told = recorded(told, proof).say(".");
    if built {
        told
    } else {
        told.say(" Where it was built is not proved.")
    }
}

/// The maker, and whether that is something that builds.
fn who(proof: &Proof<'_>) -> (Sentence, bool) {
    let Proof {
        identity, claims, ..
    } = proof;
    let publisher = match proof.expected {
        Expected::Publisher(publisher) => Some(publisher),
        Expected::Identity(_) => None,
    };
    match publisher {
        Some(Publisher::Google { email }) => (
            Sentence::of("Signed by the Google Cloud service account ").name(email),
            false,
        ),
        Some(Publisher::Buildkite {
            organization,
            pipeline,
        }) => {
            let told = Sentence::of(verb(proof))
                .say(" the Buildkite pipeline ")
                .lead(
                    &format!("{organization}/{pipeline}"),
                    identity.san().as_str(),
                );
            (circumstances(at_commit(told, claims), claims), true)
        }
        Some(Publisher::CircleCI { .. }) => (circleci(proof), true),
        Some(Publisher::Kubernetes {
            issuer,
            namespace,
            service_account,
        }) => {
            let told = Sentence::of("Signed by the service account ")
                .name(&format!("{namespace}/{service_account}"))
                .say(" of the Kubernetes cluster ")
                .name(words::without_scheme(issuer));
            (told, false)
        }
        Some(Publisher::GitLab { .. } | Publisher::GitLabSelfManaged { .. }) => {
            (source_build(proof, "pipeline"), true)
        }
        _ if claims.source_repository_uri.is_some() => (source_build(proof, "workflow"), true),
        _ => (signer(identity), false),
    }
}

/// Somebody of whom only a name is known, and who vouches for it.
fn signer(identity: &Identity) -> Sentence {
    let told = Sentence::of("Signed by ").name(identity.san().as_str());
    let vouches = match identity.san() {
        SubjectName::Email(_) => ", for whom ",
        SubjectName::Uri(_) | SubjectName::Username(_) => ", for which ",
    };
    told.say(vouches)
        .name(words::without_scheme(identity.issuer()))
        .say(" vouches")
}

/// What whoever attests says to have done.
fn verb(proof: &Proof<'_>) -> &'static str {
    match proof.capacity {
        Capacity::Publisher | Capacity::Attester(AttesterRole::Builder) => "Built by",
        Capacity::Attester(AttesterRole::Rebuilder) => "Built once more and compared by",
        Capacity::Attester(AttesterRole::Auditor) => "Attested by",
    }
}

/// A workflow or pipeline of a repository.
fn source_build(proof: &Proof<'_>, what: &str) -> Sentence {
    let claims = proof.claims;
    let repository = claims.source_repository_uri.as_deref().unwrap_or_default();
    let place = words::without_scheme(repository);
    let mut told = Sentence::of(verb(proof));
    told = match &claims.build_config_uri {
        Some(config) => told
            .say(&format!(" the {what} "))
            .name(&words::workflow(config, repository))
            .say(" of ")
            .lead(place, repository),
        None => Sentence::of("Built from ").lead(place, repository),
    };
    told = at_commit(told, claims);
    let called = claims.build_signer_uri.as_deref();
    let called = called.filter(|uri| Some(*uri) != claims.build_config_uri.as_deref());
    if let Some((repository, workflow)) = called.and_then(words::called) {
        told = told
            .say(", through the reusable workflow ")
            .name(&workflow)
            .say(" of ")
            .lead(words::without_scheme(&repository), &repository);
    }
    circumstances(told, claims)
}

fn circleci(proof: &Proof<'_>) -> Sentence {
    let claims = proof.claims;
    let mut told = Sentence::of(verb(proof));
    told = match words::circleci(proof.identity.san().as_str()) {
        Some((project, definition)) => told
            .say(" the CircleCI pipeline definition ")
            .name(definition)
            .say(" of project ")
            .name(project),
        None => told
            .say(" the CircleCI pipeline ")
            .name(proof.identity.san().as_str()),
    };
    let repository = claims.source_repository_uri.as_deref();
    if let Some(repository) = repository {
        let url = format!("https://{}", words::without_scheme(repository));
        told = told
            .say(", from ")
            .lead(words::without_scheme(repository), &url);
    }
    circumstances(at_commit(told, claims), claims)
}

fn at_commit(told: Sentence, claims: &Claims) -> Sentence {
    let Some(commit) = &claims.source_repository_digest else {
        return told;
    };
    let short = words::short_commit(commit);
    let told = told.say(" at commit ");
    match words::commit_page(claims.source_repository_uri.as_deref(), commit) {
        Some(page) => told.lead(short, &page),
        None => told.name(short),
    }
}

/// What started it, where it ran.
fn circumstances(mut told: Sentence, claims: &Claims) -> Sentence {
    let started = words::started(
        claims.build_trigger.as_deref(),
        claims.source_repository_ref.as_deref(),
    );
    if let Some((words, name)) = started {
        told = told.say(", ").say(&words);
        told = name.iter().fold(told, |told, name| told.name(name));
    }
    if let Some(environment) = &claims.deployment_environment {
        told = told
            .say(", in the deployment environment ")
            .name(environment);
    }
    match claims.runner_environment.as_deref() {
        None => told,
        Some(kind) => match words::runner(kind) {
            Some(words) => told.say(", ").say(words),
            None => told.say(", on a runner of the kind ").name(kind),
        },
    }
}

/// Where and when it was recorded.
fn recorded(told: Sentence, proof: &Proof<'_>) -> Sentence {
    let Some(entry) = proof.entries.first() else {
        return told;
    };
    let told = told.say("; recorded in the ");
    let told = if proof.is_public_good {
        told.say("transparency log")
    } else {
        told.say("private transparency log ")
            .name(words::without_scheme(&entry.log_url))
    };
    let told = match entry.integrated_time {
        Some(time) => told.say(" on ").say(&words::moment(time)),
        None => told,
    };
    let number = entry.log_index.to_string();
    let told = told.say(" as entry ");
    let told = match words::entry_page(entry) {
        Some(page) => told.lead(&number, &page),
        None => told.name(&number),
    };
    let stamped = proof.times.iter().find_map(|it| match &it.source {
        TimeSource::Authority { uri } => Some((it.time, uri)),
        TimeSource::Log { .. } => None,
    });
    match stamped {
        Some((time, uri)) if entry.integrated_time.is_none() => told
            .say(", and stamped by ")
            .name(words::host(uri))
            .say(" on ")
            .say(&words::moment(time)),
        _ => told,
    }
}
