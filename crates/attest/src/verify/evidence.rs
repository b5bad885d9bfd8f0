//! What attestations and bundles have in common: a signature, who made it, and what logs and timestamp authorities say
//! of when. Steps 5 to 20 of [`verify`](crate::verify()), the cheap ones before the signatures.

mod apart;

use std::sync::Arc;

use jiff::Timestamp;

pub(super) use apart::{Tried, apart};

use super::body::Kind;
use super::content::Content;
use super::entry;
use super::error::{EntryError, TimestampError, VerifyError};
use super::memory::{CertificateMemory, Holder};
use crate::certificate::{CertificateError, Profile, SigningCertificate};
use crate::crypto::{Algorithm, Hash, KeyKind};
use crate::entry::TransparencyEntry;
use crate::log::{LogEntryFacts, SignedTime, TimeSource};
use crate::managed_key::ManagedKey;
use crate::root::{self, Issuer, Log, NotInForce, TrustRoot};
use crate::stamp::{StampError, Token};

/// A signature with everything that is said of it.
pub(crate) struct Evidence<'a> {
    pub(crate) profile: Profile,
    pub(crate) signer: Signer<'a>,
    pub(crate) content: Content<'a>,
    /// What the signature says that it hashes with, where it says so.
    pub(crate) hash: Option<Hash>,
    pub(crate) signature: &'a [u8],
    pub(crate) entries: &'a [TransparencyEntry],
    pub(crate) timestamps: &'a [Token],
}

/// Whose key signed.
#[derive(Clone, Copy)]
pub(crate) enum Signer<'a> {
    /// The holder of a certificate, with what the bundle has above it.
    Certificate {
        der: &'a [u8],
        intermediates: &'a [Vec<u8>],
    },
    /// Whoever has the private key to one that the caller knows.
    Key(&'a ManagedKey),
}

/// What holds of the evidence.
pub(crate) struct Established {
    /// Whose certificate it was; `None` where a managed key signed.
    pub(crate) holder: Option<Arc<Holder>>,
    pub(crate) entries: Vec<LogEntryFacts>,
    /// Every time that is proved, one at least where a certificate's holder signed.
    pub(crate) times: Vec<SignedTime>,
}

/// A time at which the signature is proved to have been there, and what says so.
pub(super) struct Time {
    pub(super) time: Timestamp,
    pub(super) by: By,
    pub(super) source: TimeSource,
}

/// Whose word a time is, counted from 1.
#[derive(Clone, Copy)]
pub(super) enum By {
    Entry(usize),
    Timestamp(usize),
}

/// Steps 5 to 20 of [`verify`](crate::verify()).
pub(crate) fn establish(
    evidence: &Evidence<'_>,
    root: &TrustRoot,
    now: Timestamp,
    memory: Option<&mut CertificateMemory>,
) -> Result<Established, VerifyError> {
    let mut memory = memory;
    let case = Case {
        evidence,
        root,
        now,
    };
    let claimed = match evidence.signer {
        Signer::Certificate { der, intermediates } => {
            let known = memory
                .as_deref_mut()
                .and_then(|memory| memory.recall(root, evidence.profile, der));
            Some(case.claimed(der, intermediates, known)?) // 5 to 7
        }
        Signer::Key(_) => None,
    };
    let certificate = claimed.as_ref().map(Claimed::certificate);
    let mut logged = case.check_entries(certificate)?; // 8 to 10, 12 to 14
    case.check_timestamps(certificate, &mut logged.times)?;
    let Logged { facts, logs, times } = logged;
    case.check_undated(&logs, &times)?;
    let holder = match (claimed, evidence.signer) {
        (Some(claimed), Signer::Certificate { der, .. }) => {
            let holder = case.check_issuer(claimed, &times)?; // 11, 15, 16
            if let Some(memory) = memory {
                memory.keep(root, evidence.profile, der, &holder);
            }
            Some(holder)
        }
        _ => None,
    };
    for (at, log) in logs.iter().enumerate() {
        log.check().map_err(in_entry(at + 1))?; // 17 to 19
    }
    case.check_signature(holder.as_deref())?; // 20
    let times = times.into_iter().map(|it| SignedTime {
        time: it.time,
        source: it.source,
    });
    Ok(Established {
        holder,
        entries: facts,
        times: times.collect(),
    })
}

/// A certificate whose issuer is not proved yet, and who may be it.
enum Claimed<'r> {
    /// Chain and timestamp were checked before, under the same root.
    Known(Arc<Holder>),
    New {
        certificate: Box<SigningCertificate>,
        /// One at least; those of the root by their number.
        issuers: Vec<(Option<usize>, IssuerRef<'r>)>,
    },
}

enum IssuerRef<'r> {
    OfRoot(&'r Issuer),
    /// A certificate that the bundle brought, issued by one of the root's.
    Below(Box<Issuer>),
}

impl IssuerRef<'_> {
    fn issuer(&self) -> &Issuer {
        match self {
            Self::OfRoot(issuer) => issuer,
            Self::Below(issuer) => issuer,
        }
    }
}

impl Claimed<'_> {
    fn certificate(&self) -> &SigningCertificate {
        match self {
            Self::Known(holder) => holder.certificate(),
            Self::New { certificate, .. } => certificate,
        }
    }
}

/// The evidence and what it is held against.
struct Case<'a> {
    evidence: &'a Evidence<'a>,
    root: &'a TrustRoot,
    now: Timestamp,
}

/// An entry whose log is yet to be asked for its signatures.
struct LogCheck<'a> {
    entry: &'a TransparencyEntry,
    log: &'a Log,
    kind: Kind,
    profile: Profile,
    has_own_time: bool,
}

impl LogCheck<'_> {
    /// Steps 17 to 19.
    fn check(&self) -> Result<(), EntryError> {
        entry::check_promise(self.entry, self.log, self.kind)?; // 17
        entry::check_tree(self.entry, self.log, self.kind, self.profile)
    }
}

/// What the entries say, beside the cryptography.
#[derive(Default)]
struct Logged<'a> {
    facts: Vec<LogEntryFacts>,
    logs: Vec<LogCheck<'a>>,
    times: Vec<Time>,
}

fn in_entry(position: usize) -> impl Fn(EntryError) -> VerifyError {
    move |source| VerifyError::Entry { position, source }
}

fn in_timestamp(position: usize) -> impl Fn(TimestampError) -> VerifyError {
    move |source| VerifyError::Timestamp { position, source }
}

impl<'a> Case<'a> {
    /// Steps 5 to 7.
    fn claimed(
        &self,
        der: &[u8],
        intermediates: &[Vec<u8>],
        known: Option<Arc<Holder>>,
    ) -> Result<Claimed<'a>, VerifyError> {
        if let Some(holder) = known {
            self.check_certificate_timestamp(holder.certificate())?;
            return Ok(Claimed::Known(holder));
        }
        let certificate = Box::new(SigningCertificate::parse(der, self.evidence.profile)?); // 5
        self.check_certificate_timestamp(&certificate)?; // 6
        let issuers = self.issuers(&certificate, intermediates);
        if issuers.is_empty() {
            return Err(VerifyError::UnknownAuthority); // 7
        }
        Ok(Claimed::New {
            certificate,
            issuers,
        })
    }

    /// Step 6: the certificate's timestamp is by a log that was believed then, and the time has come.
    fn check_certificate_timestamp(
        &self,
        certificate: &SigningCertificate,
    ) -> Result<(), VerifyError> {
        let material = self.root.material();
        let Some(sct) = &certificate.sct else {
            // A trust root without certificate logs is one whose authorities do not log.
            if material.certificate_logs.is_empty() {
                return Ok(());
            }
            return Err(CertificateError::NoSct.into());
        };
        let log = material.certificate_log(&sct.log_id);
        let log = log.ok_or_else(|| VerifyError::UnknownCertificateLog {
            log_id: hex::encode(sct.log_id),
        })?;
        if !log.window.contains(sct.time) {
            return Err(VerifyError::CertificateLogNotInForce { time: sct.time });
        }
        if sct.time > self.now {
            return Err(VerifyError::CertificateTimestampInFuture {
                time: sct.time,
                now: self.now,
            });
        }
        Ok(())
    }

    /// Step 7: who may have issued the certificate, by name and key identifier.
    fn issuers(
        &self,
        certificate: &SigningCertificate,
        intermediates: &[Vec<u8>],
    ) -> Vec<(Option<usize>, IssuerRef<'a>)> {
        let of_root = &self.root.material().issuers;
        let below = intermediates
            .iter()
            .filter_map(|der| root::below(der, of_root, self.root.provider()))
            .map(|issuer| (None, IssuerRef::Below(Box::new(issuer))));
        of_root
            .iter()
            .enumerate()
            .map(|(number, issuer)| (Some(number), IssuerRef::OfRoot(issuer)))
            .chain(below)
            .filter(|(_, it)| it.issuer().is_named_by(certificate))
            .collect()
    }

    /// Steps 8 to 10 and 12 to 14 of every entry; gives the times that their promises claim.
    fn check_entries(
        &self,
        certificate: Option<&SigningCertificate>,
    ) -> Result<Logged<'a>, VerifyError> {
        let evidence = self.evidence;
        if evidence.entries.is_empty() && !self.root.material().logs.is_empty() {
            return Err(VerifyError::NoEntry);
        }
        let mut logged = Logged::default();
        for (at, entry) in evidence.entries.iter().enumerate() {
            let position = at + 1;
            let checked = entry::check(entry, evidence, certificate, self.root, self.now);
            let checked = checked.map_err(in_entry(position))?;
            if let Some(time) = checked.time {
                logged.times.push(Time {
                    time,
                    by: By::Entry(position),
                    source: TimeSource::Log {
                        log_id: hex::encode(checked.log.id),
                        url: checked.log.url.clone(),
                    },
                });
            }
            logged.logs.push(LogCheck {
                entry,
                log: checked.log,
                kind: checked.kind,
                profile: evidence.profile,
                has_own_time: checked.time.is_some(),
            });
            logged.facts.push(checked.facts);
        }
        Ok(logged)
    }

    /// Step 9 for timestamps: adds the time of each, which is within the certificate's validity.
    fn check_timestamps(
        &self,
        certificate: Option<&SigningCertificate>,
        times: &mut Vec<Time>,
    ) -> Result<(), VerifyError> {
        self.add_stamped(times)?;
        match certificate {
            Some(certificate) => stamped_within(certificate, times),
            None => Ok(()),
        }
    }

    /// Adds the time of each RFC 3161 timestamp. One of an authority that the root does not have says nothing, and does
    /// no harm; one that an authority of the root is said to have made must hold.
    fn add_stamped(&self, times: &mut Vec<Time>) -> Result<(), VerifyError> {
        let authorities = &self.root.material().timestamp_authorities;
        let mut set_aside = None;
        for (at, token) in self.evidence.timestamps.iter().enumerate() {
            let position = at + 1;
            let signature = self.evidence.signature;
            let verified = token.verify(signature, authorities, self.now, self.root.provider());
            let stamp = match verified {
                Ok(stamp) => stamp,
                Err(unknown @ StampError::UnknownAuthority) => {
                    set_aside = set_aside.or(Some((position, unknown)));
                    continue;
                }
                Err(refused) => return Err(in_timestamp(position)(refused.into())),
            };
            times.push(Time {
                time: stamp.time,
                by: By::Timestamp(position),
                source: TimeSource::Authority {
                    uri: stamp.authority,
                },
            });
        }
        // A managed key does not expire, so its signatures need no time.
        match (self.evidence.signer, set_aside) {
            (Signer::Certificate { .. }, Some((position, unknown))) if times.is_empty() => {
                Err(in_timestamp(position)(unknown.into()))
            }
            (Signer::Certificate { .. }, None) if times.is_empty() => Err(VerifyError::NoTime),
            _ => Ok(()),
        }
    }

    /// Step 10 for entries that carry no time of their own: their log was believed at each proved time.
    fn check_undated(&self, logs: &[LogCheck<'_>], times: &[Time]) -> Result<(), VerifyError> {
        for (at, check) in logs.iter().enumerate().filter(|(_, it)| !it.has_own_time) {
            for it in times {
                entry::believed(check.log, it.time).map_err(in_entry(at + 1))?;
            }
        }
        Ok(())
    }

    /// Steps 11, 15 and 16. Usually one issuer is named; another certificate of the root may bear the same name and key
    /// identifier, with other dates, another window or even another key.
    fn check_issuer(
        &self,
        claimed: Claimed<'_>,
        times: &[Time],
    ) -> Result<Arc<Holder>, VerifyError> {
        let (certificate, issuers) = match claimed {
            Claimed::Known(holder) => {
                let issuer = self.root.material().issuers.get(holder.issuer());
                if issuer.is_some_and(|issuer| in_force(issuer, times).is_ok()) {
                    return Ok(holder);
                }
                let certificate = Box::new(holder.certificate().clone());
                let issuers = self.issuers(&certificate, &[]);
                (certificate, issuers)
            }
            Claimed::New {
                certificate,
                issuers,
            } => (certificate, issuers),
        };
        let mut first = None;
        for (number, it) in &issuers {
            let issuer = it.issuer();
            let held = in_force(issuer, times).and_then(|()| Ok(issuer.signed(&certificate)?));
            if let Err(refused) = held {
                first = first.or(Some(refused));
                continue;
            }
            self.check_certificate_log(&certificate, issuer)?; // 16
            let algorithm = Algorithm::usual_for(certificate.key_kind);
            let key = self.root.provider().key(algorithm, &certificate.spki);
            return Ok(Arc::new(Holder::new(*certificate, *number, key?)));
        }
        Err(first.unwrap_or(VerifyError::UnknownAuthority))
    }

    /// Step 16.
    fn check_certificate_log(
        &self,
        certificate: &SigningCertificate,
        issuer: &Issuer,
    ) -> Result<(), VerifyError> {
        let Some(sct) = &certificate.sct else {
            return Ok(());
        };
        let log = self.root.material().certificate_log(&sct.log_id);
        let log = log.filter(|log| log.scheme == sct.scheme);
        let signed = sct.signed(&certificate.logged_body, &issuer.key_hash);
        let (log, signed) = log.zip(signed).ok_or(VerifyError::CertificateTimestamp(
            crate::crypto::BadSignature,
        ))?;
        log.key
            .verify(&signed, &sct.signature)
            .map_err(VerifyError::CertificateTimestamp)
    }

    /// What a key of some kind signed with: the hash is the one that the bundle names, or the usual one.
    fn algorithm(&self, kind: KeyKind) -> Algorithm {
        let hash = self.evidence.hash;
        hash.map_or(Algorithm::usual_for(kind), |hash| {
            Algorithm::with_hash(kind, hash)
        })
    }

    /// Step 20.
    fn check_signature(&self, holder: Option<&Holder>) -> Result<(), VerifyError> {
        let (content, signature) = (&self.evidence.content, self.evidence.signature);
        match (holder, self.evidence.signer) {
            (Some(holder), _) => {
                let kind = holder.certificate().key_kind;
                let usual = Algorithm::usual_for(kind);
                let algorithm = self.algorithm(kind);
                if algorithm == usual {
                    return content.check_signature(holder.key(), algorithm, signature);
                }
                let spki = &holder.certificate().spki;
                let key = self.root.provider().key(algorithm, spki)?;
                content.check_signature(key.as_ref(), algorithm, signature)
            }
            (None, Signer::Key(managed)) => {
                let algorithm = self.algorithm(managed.kind());
                let key = self.root.provider().key(algorithm, managed.spki())?;
                content.check_signature(key.as_ref(), algorithm, signature)
            }
            (None, Signer::Certificate { .. }) => Err(VerifyError::UnknownAuthority),
        }
    }
}

/// Step 9: each stamped time is within the certificate's validity.
fn stamped_within(certificate: &SigningCertificate, times: &[Time]) -> Result<(), VerifyError> {
    let (not_before, not_after) = (certificate.not_before, certificate.not_after);
    for it in times {
        let (By::Timestamp(position), time) = (it.by, it.time) else {
            continue;
        };
        if time < not_before {
            let refused = TimestampError::BeforeCertificate { time, not_before };
            return Err(in_timestamp(position)(refused));
        }
        if time > not_after {
            let refused = TimestampError::AfterCertificate { time, not_after };
            return Err(in_timestamp(position)(refused));
        }
    }
    Ok(())
}

/// Step 11, for one issuer: it and the certificates above it were in force at every proved time.
fn in_force(issuer: &Issuer, times: &[Time]) -> Result<(), VerifyError> {
    for it in times {
        issuer.in_force(it.time).map_err(|refused| match it.by {
            By::Entry(position) => in_entry(position)(refused.into()),
            By::Timestamp(position) => in_timestamp(position)(refused.into()),
        })?;
    }
    Ok(())
}

impl From<NotInForce> for EntryError {
    fn from(refused: NotInForce) -> Self {
        match refused {
            NotInForce::Authority { time } => Self::AuthorityNotInForce { time },
            NotInForce::Certificate(it) => Self::AuthorityNotValid {
                subject: it.subject,
                not_before: it.not_before,
                not_after: it.not_after,
                time: it.time,
            },
        }
    }
}

impl From<NotInForce> for TimestampError {
    fn from(refused: NotInForce) -> Self {
        match refused {
            NotInForce::Authority { time } => Self::AuthorityNotInForce { time },
            NotInForce::Certificate(it) => Self::AuthorityNotValid {
                subject: it.subject,
                not_before: it.not_before,
                not_after: it.not_after,
                time: it.time,
            },
        }
    }
}
