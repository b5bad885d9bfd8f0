//! What is attested of a run, and by whom: decided before anything is signed, and told.

use std::collections::BTreeMap;

use jiff::Timestamp;
use touchplate_attest::{Identity, PredicateType, Proven, TrustDomains};
use touchplate_client::fetch::Agent;
use touchplate_client::publish::attest::{ToSign, sign_all};
use touchplate_client::publish::sidecars::{Sidecar, SidecarError, beside};
use touchplate_client::sign::Claim;
use touchplate_packaging::ProjectName;

use super::options::Arguments;
use super::plan::Checked;
use super::progress::Phase;
use crate::options::Common;
use crate::report::Failure;
use crate::root::Trust;
use crate::signing::{For, Instance, Signatory};

/// One attestation of a file.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) json: String,
    pub(super) proven: Proven,
    /// Where it lay; none if this run signed it.
    pub(super) path: Option<std::path::PathBuf>,
}

/// What is attested, and by whom.
#[derive(Debug, Default)]
pub(super) struct Attesting {
    /// Who signs, by which instance; nobody if nothing is to be signed.
    pub(super) signing: Option<(Instance, Signatory)>,
    /// What lies beside the files, by position.
    beside: BTreeMap<usize, Vec<Sidecar>>,
    /// What is claimed beside that a file is published: that it is published to this index, where it asks for that.
    more: Option<Claim>,
    /// What is not sent, and why.
    pub(super) held_back: Vec<String>,
    /// Nothing is attested, for this reason.
    pub(super) nothing: Option<String>,
}

#[derive(Debug, thiserror::Error)]
enum AttestingError {
    #[error("there is no identity to sign with, and --attestations asks for attestations")]
    Nobody,
    #[error("`{}` is attested by {found}, and this run signs as {expected}", .path.display())]
    OtherSigner {
        path: std::path::PathBuf,
        found: String,
        expected: String,
    },
}

const NO_ATTESTATIONS: &str = "--no-attestations publishes without";

impl Attesting {
    /// What lies beside the files that are sent, and who signs the rest. `takes`: whether the index is known to take
    /// attestations, else why they are held back; `more`: the claim that it asks for beside the usual one.
    pub(super) fn find(
        common: &Common,
        arguments: &Arguments,
        files: &[&Checked],
        (takes, more): (Result<(), &'static str>, Option<Claim>),
        agent: &Agent,
        now: Timestamp,
    ) -> Result<Self, Failure> {
        if files.is_empty() {
            return Ok(Self::default());
        }
        if arguments.no_attestations {
            return Ok(Self::without("--no-attestations"));
        }
        if let (Err(why), false) = (takes, arguments.attestations) {
            return Ok(Self::without(&format!("{why}; --attestations sends them")));
        }
        let has_identity = arguments.signing.has_identity();
        let instance = Self::instance(common, arguments, files, has_identity)?;
        let mut found = Self {
            beside: Self::sidecars(common, instance.as_ref(), files, now)?,
            ..Self::default()
        };
        found.hold_back(files);
        let is_all_there = (0..files.len()).all(|at| found.publishes(at));
        if is_all_there && (more.is_none() || !has_identity) {
            return Ok(found);
        }
        found.more = more;
        match instance {
            Some(instance) if has_identity || arguments.attestations => {
                let version = arguments.rekor_version;
                let signatory = Signatory::find(&arguments.signing, &instance, version, agent)?;
                found.signing = Some((instance, signatory));
            }
            _ if arguments.attestations => {
                return Err(Failure::usage(AttestingError::Nobody)
                    .hint("docs/guide/sign.md has what each CI service needs"));
            }
            _ => found.nothing = Some("there is no identity to sign with".to_owned()),
        }
        Ok(found)
    }

    fn without(why: &str) -> Self {
        Self {
            nothing: Some(why.to_owned()),
            ..Self::default()
        }
    }

    /// The instance to sign with: needed where somebody can sign.
    fn instance(
        common: &Common,
        arguments: &Arguments,
        files: &[&Checked],
        has_identity: bool,
    ) -> Result<Option<Instance>, Failure> {
        let is_named = arguments.signing.names_instance() || common.trusted_root.is_some();
        if !has_identity && !arguments.attestations && !is_named {
            return Ok(None);
        }
        let projects: Vec<ProjectName> = super::target::projects(files.iter().map(|it| &it.file));
        let found = Instance::find(common, &arguments.signing, For::Projects(&projects));
        found.map(Some).map_err(|failure| {
            let hint = failure.what_to_do().unwrap_or_default();
            let hint = format!("{hint}; {NO_ATTESTATIONS}");
            failure.hint(hint.trim_start_matches("; "))
        })
    }

    fn sidecars(
        common: &Common,
        instance: Option<&Instance>,
        files: &[&Checked],
        now: Timestamp,
    ) -> Result<BTreeMap<usize, Vec<Sidecar>>, Failure> {
        // Whom this run signs by, and whoever else this machine believes: a build service may sign elsewhere.
        let root = instance.map(|instance| TrustDomains::only(instance.root.clone()));
        let mut believed: Vec<TrustDomains> = root.into_iter().collect();
        believed.push(Trust::read(common)?.domains().clone());
        let mut found = BTreeMap::new();
        for (at, checked) in files.iter().enumerate() {
            let sidecars = beside(&checked.file, &believed, now)?;
            if !sidecars.is_empty() {
                found.insert(at, sidecars);
            }
        }
        Ok(found)
    }

    /// Indexes refuse a whole upload for a type of attestation that they do not know.
    fn hold_back(&mut self, files: &[&Checked]) {
        for (at, sidecars) in &mut self.beside {
            sidecars.retain(|sidecar| {
                let predicate_type = sidecar.proven.predicate_type();
                let is_taken = predicate_type.is_known_to_readers();
                if !is_taken {
                    self.held_back.push(format!(
                        "{}: indexes take publish and SLSA attestations with an upload, and this one is {predicate_type}",
                        sidecar.path.display()
                    ));
                }
                is_taken && *at < files.len()
            });
        }
    }

    /// Whether a publish attestation lies beside the file at this position.
    fn publishes(&self, at: usize) -> bool {
        let beside = self.beside.get(&at).into_iter().flatten();
        let mut types = beside.map(|it| it.proven.predicate_type());
        types.any(|it| it == PredicateType::Publish)
    }

    /// Whether each of so many files would have an attestation.
    pub(super) fn covers(&self, count: usize) -> bool {
        self.signing.is_some() || (0..count).all(|at| self.publishes(at))
    }

    /// What the sidecars' publish attestations prove.
    pub(super) fn proven_beside(&self) -> impl Iterator<Item = &Proven> {
        let sidecars = self.beside.values().flatten();
        let proven = sidecars.map(|sidecar| &sidecar.proven);
        proven.filter(|it| it.predicate_type() == PredicateType::Publish)
    }

    /// Signs what is not signed yet: by file, what is sent with it.
    pub(super) fn make(
        mut self,
        files: &[&Checked],
        agent: &Agent,
    ) -> Result<Vec<Vec<Made>>, Failure> {
        let mut made: Vec<Vec<Made>> = files.iter().map(|_| Vec::new()).collect();
        if let Some((instance, signatory)) = self.signing.take() {
            let (places, wanted) = self.unsigned(files);
            let (signer, _who) = signatory.certified(&instance, agent)?;
            self.agree(&signer.certificate().identity)?;
            let phase = Phase::files("signing", wanted.len());
            let signed = sign_all(&signer, &wanted, &|_| phase.one_more());
            for (at, signed) in places.into_iter().zip(signed) {
                // None is there only behind an error.
                let Some(signed) = signed else { continue };
                let signed = signed?;
                if let Some(place) = made.get_mut(at) {
                    place.push(Made {
                        json: signed.json,
                        proven: signed.proven,
                        path: None,
                    });
                }
            }
        }
        for (at, sidecars) in self.beside {
            if let Some(place) = made.get_mut(at) {
                place.extend(sidecars.into_iter().map(|sidecar| Made {
                    json: sidecar.json,
                    proven: sidecar.proven,
                    path: Some(sidecar.path),
                }));
            }
        }
        Ok(made)
    }

    /// What is to be signed, and of which file each is.
    fn unsigned(&self, files: &[&Checked]) -> (Vec<usize>, Vec<ToSign>) {
        let mut wanted = Vec::new();
        for (at, checked) in files.iter().enumerate() {
            let publish = (!self.publishes(at)).then(Claim::publish);
            let claims = publish.into_iter().chain(self.more.clone());
            wanted.extend(claims.map(|claim| {
                let file = checked.file.facts().clone();
                (at, ToSign { file, claim })
            }));
        }
        wanted.into_iter().unzip()
    }

    /// One release, one publisher: an attestation that somebody else left is no reason to publish as two.
    fn agree(&self, identity: &Identity) -> Result<(), Failure> {
        let beside = self.beside.values().flatten();
        let mut publish = beside.filter(|it| it.proven.predicate_type() == PredicateType::Publish);
        let Some(other) = publish.find(|it| it.proven.identity() != identity) else {
            return Ok(());
        };
        let error = AttestingError::OtherSigner {
            path: other.path.clone(),
            found: other.proven.identity().san().to_string(),
            expected: identity.san().to_string(),
        };
        Err(Failure::refused(error).hint("remove it, and this run signs the file itself"))
    }
}

impl From<SidecarError> for Failure {
    fn from(error: SidecarError) -> Self {
        match &error {
            SidecarError::Unreadable { .. } => Self::outside(error),
            SidecarError::NotOne { .. }
            | SidecarError::NobodyBelieved { .. }
            | SidecarError::DoesNotHold { .. }
            | SidecarError::Twice { .. }
            | SidecarError::TooMany { .. } => Self::refused(error).hint(
                "an index would refuse the upload for it: remove it or make it anew, or name the instance that signed it with \
                 --trust-config or --trusted-root; nothing was sent",
            ),
        }
    }
}
