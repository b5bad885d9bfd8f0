//! Steps 5 to 20 apart: each is tried though another failed, where it does not stand on that one. What holds here says
//! nothing alone; [`establish`](super::establish) does.

use jiff::Timestamp;

use super::{By, Case, Evidence, IssuerRef, Signer, Time, in_entry, in_force, stamped_within};
use crate::certificate::SigningCertificate;
use crate::log::TimeSource;
use crate::root::{Issuer, Log, TrustRoot};
use crate::verify::body::{self, Kind};
use crate::verify::entry;
use crate::verify::error::{EntryError, VerifyError};
use crate::verify::report::Check;

/// What came of a step; `Err(None)` where it was not reached, since one that it stands on failed.
pub(in crate::verify) type Tried<T = ()> = Result<T, Option<VerifyError>>;

/// What a step stands on: it is not reached unless that held.
fn on<T>(tried: &Tried<T>) -> Result<&T, Option<VerifyError>> {
    tried.as_ref().map_err(|_| None)
}

/// A log entry's kind and log.
type InLog<'r> = (Kind, &'r Log);

fn refused_in(position: usize) -> impl Fn(EntryError) -> Option<VerifyError> {
    move |refused| Some(in_entry(position)(refused))
}

/// What each of these checks says, whichever of the others failed.
pub(in crate::verify) fn apart(
    evidence: &Evidence<'_>,
    root: &TrustRoot,
    now: Timestamp,
) -> [(Check, Tried); 8] {
    let case = Case {
        evidence,
        root,
        now,
    };
    let certificate = case.profile();
    let issuers = case.signing_issuers(&certificate);
    let logs = case.logs();
    let times = case.times(&logs);
    let seen = case.seen(&certificate, &issuers, &times);
    let valid = case.valid(&certificate, &issuers, &logs, &times);
    [
        (Check::CertificateLog, seen),
        (Check::Logged, case.logged(&logs)),
        (Check::Validity, valid),
        (Check::Inclusion, case.included(&logs)),
        (Check::Signature, case.signed(&certificate)),
        (Check::Time, times.map(drop)),
        (Check::Authority, issuers.map(drop)),
        (Check::Profile, certificate.map(drop)),
    ]
}

impl<'a> Case<'a> {
    /// Step 5.
    fn profile(&self) -> Tried<SigningCertificate> {
        match self.evidence.signer {
            Signer::Certificate { der, .. } => {
                let read = SigningCertificate::parse(der, self.evidence.profile);
                read.map_err(|refused| Some(refused.into()))
            }
            Signer::Key(_) => Err(None),
        }
    }

    /// Steps 7 and 15: the authorities of the root that signed the certificate, one at least.
    fn signing_issuers(
        &self,
        certificate: &Tried<SigningCertificate>,
    ) -> Tried<Vec<IssuerRef<'a>>> {
        let certificate = on(certificate)?;
        let mut first = None;
        let mut signing = Vec::new();
        for (_, it) in self.issuers(certificate, &[]) {
            match it.issuer().signed(certificate) {
                Ok(()) => signing.push(it),
                Err(refused) => first = first.or(Some(refused.into())),
            }
        }
        if signing.is_empty() {
            return Err(Some(first.unwrap_or(VerifyError::UnknownAuthority)));
        }
        Ok(signing)
    }

    /// Steps 6 and 16.
    fn seen(
        &self,
        certificate: &Tried<SigningCertificate>,
        issuers: &Tried<Vec<IssuerRef<'a>>>,
        times: &Tried<Vec<Time>>,
    ) -> Tried {
        let certificate = on(certificate)?;
        self.check_certificate_timestamp(certificate)?;
        // What a certificate log signs names the issuer's key, whether or not that signed as well.
        let named = self.issuers(certificate, &[]);
        let named = named.iter().map(|(_, it)| it.issuer());
        let signing = issuers.as_deref().unwrap_or_default();
        let times = times.as_deref().unwrap_or_default();
        let mut candidates: Vec<&Issuer> = signing.iter().map(IssuerRef::issuer).collect();
        candidates.sort_by_key(|it| in_force(it, times).is_err());
        let issuer = candidates.into_iter().chain(named).next().ok_or(None)?;
        self.check_certificate_log(certificate, issuer)?;
        Ok(())
    }

    /// Step 8.
    fn logs(&self) -> Vec<Tried<InLog<'a>>> {
        let entries = self.evidence.entries.iter().zip(1..);
        let found = entries.map(|(entry, position)| {
            entry::find_log(entry, self.evidence.profile, self.root).map_err(refused_in(position))
        });
        found.collect()
    }

    /// Steps 8, 13 and 14.
    fn logged(&self, logs: &[Tried<InLog<'a>>]) -> Tried {
        let evidence = self.evidence;
        if evidence.entries.is_empty() && !self.root.material().logs.is_empty() {
            return Err(Some(VerifyError::NoEntry));
        }
        for ((found, entry), position) in logs.iter().zip(evidence.entries).zip(1..) {
            let refused = refused_in(position);
            let Ok((kind, _)) = found else {
                // Once more, for its error.
                let found = entry::find_log(entry, evidence.profile, self.root);
                return found.map(drop).map_err(refused);
            };
            let (content, signature) = (&evidence.content, evidence.signature);
            body::check(entry, *kind, content, signature, &evidence.signer).map_err(refused)?;
        }
        Ok(())
    }

    /// Steps 9, as far as it is not about the certificate, and 17: every time that is proved, one at least.
    fn times(&self, logs: &[Tried<InLog<'a>>]) -> Tried<Vec<Time>> {
        let mut times = Vec::new();
        for ((found, entry), position) in logs.iter().zip(self.evidence.entries).zip(1..) {
            let &(kind, log) = on(found)?;
            let refused = refused_in(position);
            let time = entry::claimed_time(entry, kind, self.evidence, self.now);
            let time = time.map_err(&refused)?;
            entry::check_promise(entry, log, kind).map_err(&refused)?;
            times.extend(time.map(|time| Time {
                time,
                by: By::Entry(position),
                source: TimeSource::Log {
                    log_id: hex::encode(log.id),
                    url: log.url.clone(),
                },
            }));
        }
        self.add_stamped(&mut times)?;
        Ok(times)
    }

    /// Steps 9, as far as it is about the certificate, 10 and 11.
    fn valid(
        &self,
        certificate: &Tried<SigningCertificate>,
        issuers: &Tried<Vec<IssuerRef<'a>>>,
        logs: &[Tried<InLog<'a>>],
        times: &Tried<Vec<Time>>,
    ) -> Tried {
        let (certificate, times) = (on(certificate)?, on(times)?);
        for it in times {
            if let By::Entry(position) = it.by {
                entry::within(certificate, it.time).map_err(refused_in(position))?;
            }
        }
        stamped_within(certificate, times)?;
        for (found, position) in logs.iter().zip(1..) {
            let (_, log) = on(found)?;
            log_believed(log, position, times).map_err(refused_in(position))?;
        }
        let mut first = None;
        for it in on(issuers)? {
            match in_force(it.issuer(), times) {
                Ok(()) => return Ok(()),
                Err(refused) => first = first.or(Some(refused)),
            }
        }
        Err(first)
    }

    /// Steps 12, 18 and 19.
    fn included(&self, logs: &[Tried<InLog<'a>>]) -> Tried {
        let profile = self.evidence.profile;
        for ((found, entry), position) in logs.iter().zip(self.evidence.entries).zip(1..) {
            let &(kind, log) = on(found)?;
            entry::agree(entry, kind, log, profile)
                .and_then(|_| entry::check_tree(entry, log, kind, profile))
                .map_err(refused_in(position))?;
        }
        Ok(())
    }

    /// Step 20.
    fn signed(&self, certificate: &Tried<SigningCertificate>) -> Tried {
        let certificate = on(certificate)?;
        let algorithm = self.algorithm(certificate.key_kind);
        let key = self.root.provider().key(algorithm, &certificate.spki);
        let key = key.map_err(VerifyError::from)?;
        let (content, signature) = (&self.evidence.content, self.evidence.signature);
        content.check_signature(key.as_ref(), algorithm, signature)?;
        Ok(())
    }
}

/// Step 10 for one entry: at its own time, or at every proved one where it has none.
fn log_believed(log: &Log, position: usize, times: &[Time]) -> Result<(), EntryError> {
    let is_own = |it: &Time| matches!(it.by, By::Entry(at) if at == position);
    let has_own = times.iter().any(is_own);
    let mut asked = times.iter().filter(|it| !has_own || is_own(it));
    asked.try_for_each(|it| entry::believed(log, it.time))
}
