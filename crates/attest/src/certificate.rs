//! A signing certificate, read and held against Fulcio's profile. Nothing here checks a signature.

mod parts;

use der::asn1::{ObjectIdentifier, OctetString, Utf8StringRef};
use der::{Decode as _, Reader as _, SliceReader};
use jiff::Timestamp;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::sct::{HashAlgorithm, SignatureAlgorithm};
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages,
    SignedCertificateTimestampList, SubjectAltName,
};
use x509_cert::spki::SubjectPublicKeyInfoRef;
use x509_cert::time::{Time, Validity};

use crate::crypto::KeyKind;
use crate::identity::{Claims, Identity, SubjectName};
use parts::{Extension, Parts};

/// The longest certificate that is read. Fulcio's have 800 to 2,000 bytes, most of it claims.
const MAX_CERTIFICATE_BYTES: usize = 16 * 1024;

/// Subject alternative names that are read. Fulcio gives one.
const MAX_NAMES: usize = 8;

const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
const EXTENDED_KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37");
const SUBJECT_ALT_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");
const AUTHORITY_KEY_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.35");
const SCT_LIST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.11129.2.4.2");
const CODE_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.3");
/// Fulcio's user names, which stand among the subject alternative names (.1.7).
const USER_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.7");
/// Fulcio's older issuer claim (.1.1).
const OLD_ISSUER: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.1");
const FULCIO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1");

/// As the field has it (RFC 5280 §4.1.2.1).
const VERSION_3: u8 = 2;

/// What is asked of a signing certificate beside what Fulcio's profile always has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// PEP 740 version 1: a P-256 key, an authority key identifier, an e-mail address or a URI as its name.
    Attestation,
    /// Sigstore bundles: any known kind of key, Fulcio's user names as well; a certificate timestamp is not asked for
    /// here, but where the trust root has certificate logs.
    Bundle,
}

/// A certificate that fits the profile: what it says, still without proof.
#[derive(Clone, Debug)]
pub(crate) struct SigningCertificate {
    pub(crate) identity: Identity,
    pub(crate) claims: Claims,
    pub(crate) has_old_issuer: bool,
    pub(crate) not_before: Timestamp,
    pub(crate) not_after: Timestamp,
    /// The issuer's distinguished name, DER.
    pub(crate) issuer_name: Vec<u8>,
    pub(crate) authority_key_id: Option<Vec<u8>>,
    pub(crate) sct: Option<Sct>,
    /// The holder's public key, DER of the SubjectPublicKeyInfo.
    pub(crate) spki: Vec<u8>,
    pub(crate) key_kind: KeyKind,
    /// What the authority signed, with which algorithm, and its signature.
    pub(crate) body: Vec<u8>,
    pub(crate) signature_algorithm: ObjectIdentifier,
    pub(crate) signature: Vec<u8>,
    /// What the certificate log signed: the body without the timestamps.
    pub(crate) logged_body: Vec<u8>,
}

/// What a signing certificate says, for showing it. Nothing of it is proved.
#[derive(Clone, Debug)]
pub struct CertificateFacts {
    /// Whom it says it was issued to.
    pub identity: Identity,
    /// What it says of the build.
    pub claims: Claims,
    /// Start of validity.
    pub not_before: Timestamp,
    /// End of validity.
    pub not_after: Timestamp,
    /// When its certificate log says that it saw it, where it has such a timestamp.
    pub logged_at: Option<Timestamp>,
    /// The holder's key: SubjectPublicKeyInfo, DER.
    pub public_key: Vec<u8>,
    /// Whether the issuer stands in Fulcio's older extension (.1.1) too, the only one that some readers look at.
    pub has_old_issuer: bool,
}

impl CertificateFacts {
    /// Reads a signing certificate of Fulcio's profile, DER.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(der: &[u8]) -> Result<Self, CertificateError> {
        Ok(SigningCertificate::parse(der, Profile::Bundle)?.into())
    }
}

impl From<SigningCertificate> for CertificateFacts {
    fn from(certificate: SigningCertificate) -> Self {
        Self {
            identity: certificate.identity,
            claims: certificate.claims,
            not_before: certificate.not_before,
            not_after: certificate.not_after,
            logged_at: certificate.sct.map(|sct| sct.time),
            public_key: certificate.spki,
            has_old_issuer: certificate.has_old_issuer,
        }
    }
}

/// The signed certificate timestamp (RFC 6962 §3.2): a certificate log's promise.
#[derive(Clone, Debug)]
pub(crate) struct Sct {
    pub(crate) log_id: [u8; 32],
    /// Milliseconds since 1970, as signed.
    pub(crate) millis: u64,
    pub(crate) time: Timestamp,
    pub(crate) extensions: Vec<u8>,
    pub(crate) scheme: SctScheme,
    pub(crate) signature: Vec<u8>,
}

impl Sct {
    /// What the log signed (RFC 6962 §3.2): this timestamp, for a certificate with that body by the issuer with that key.
    pub(crate) fn signed(&self, body: &[u8], issuer_key_hash: &[u8; 32]) -> Option<Vec<u8>> {
        /// Version 1, `certificate_timestamp`; below, `precert_entry`.
        const START: [u8; 2] = [0, 0];
        const PRECERTIFICATE: [u8; 2] = [0, 1];
        let [0, length @ ..] = u32::try_from(body.len()).ok()?.to_be_bytes() else {
            return None;
        };
        let extensions = u16::try_from(self.extensions.len()).ok()?.to_be_bytes();
        Some(
            [
                &START[..],
                &self.millis.to_be_bytes(),
                &PRECERTIFICATE,
                issuer_key_hash,
                &length,
                body,
                &extensions,
                &self.extensions,
            ]
            .concat(),
        )
    }
}

/// How a certificate log signs: with SHA-256 always (RFC 6962 §2.1.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SctScheme {
    Ecdsa,
    Rsa,
}

/// Why bytes are no signing certificate of Fulcio's profile.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// Longer than is read.
    #[error("expected at most {MAX_CERTIFICATE_BYTES} bytes, found {found}")]
    TooLarge {
        /// Its length.
        found: usize,
    },
    /// Not one X.509 certificate in DER and nothing else.
    #[error("not an X.509 certificate in DER")]
    Malformed(#[source] Option<der::Error>),
    /// RFC 5280 §4.1.2.1: extensions need version 3.
    #[error("expected an X.509 certificate of version 3")]
    Version,
    /// RFC 5280 §4.2: each extension at most once.
    #[error("the extension {oid} occurs twice")]
    DuplicateExtension {
        /// Its OID.
        oid: String,
    },
    /// RFC 5280 §4.2: an unknown critical extension must be refused.
    #[error("the critical extension {oid} is not known here")]
    UnknownCritical {
        /// Its OID.
        oid: String,
    },
    /// An extension's value is not what its OID says.
    #[error("the extension {oid} is malformed")]
    MalformedExtension {
        /// Its OID.
        oid: String,
    },
    /// RFC 5280 §4.1.2.5: UTCTime up to the year 2049.
    #[error("the certificate's validity is written as GeneralizedTime before the year 2050")]
    TimeEncoding,
    /// A certificate authority signs certificates, not files.
    #[error("the certificate is a certificate authority's")]
    Authority,
    /// No key usage at all.
    #[error("the certificate has no key usage")]
    NoKeyUsage,
    /// Key usage without `digitalSignature`.
    #[error("the certificate's key may not be used for digital signatures")]
    KeyUsage,
    /// RFC 5280 §4.2.1.9: only an authority may sign certificates.
    #[error("the certificate's key may sign certificates, and it is no authority's")]
    SignsCertificates,
    /// No extended key usage at all.
    #[error("the certificate has no extended key usage")]
    NoExtendedKeyUsage,
    /// Fulcio's profile: code signing and nothing else.
    #[error("expected code signing as the only extended key usage, found {}", found.join(", "))]
    ExtendedKeyUsage {
        /// The OIDs found.
        found: Vec<String>,
    },
    /// PEP 740 version 1 signs with ECDSA P-256 and SHA-256.
    #[error("expected a P-256 key, found {found}")]
    KeyAlgorithm {
        /// The algorithm's OID, and the curve's.
        found: String,
    },
    /// RFC 5280 §4.2.1.1 requires the authority key identifier.
    #[error("the certificate does not say which key issued it (authority key identifier)")]
    NoAuthorityKeyId,
    /// No subject alternative name.
    #[error("the certificate names nobody (no subject alternative name)")]
    NoName,
    /// RFC 5280 §4.2.1.6: with an empty subject, the alternative name must be critical.
    #[error("the certificate's only name is not marked critical")]
    NameNotCritical,
    /// More than are read.
    #[error("expected at most {MAX_NAMES} subject alternative names, found {found}")]
    TooManyNames {
        /// How many there are.
        found: usize,
    },
    /// A name that is neither e-mail address nor URI.
    #[error("expected an e-mail address or a URI as subject alternative name, found another kind")]
    NameKind,
    /// No issuer claim (.1.8).
    #[error(
        "the certificate does not say which identity provider vouched (OID 1.3.6.1.4.1.57264.1.8)"
    )]
    NoIssuer,
    /// The old issuer claim (.1.1) contradicts the new one.
    #[error("the certificate names two identity providers: {new:?} and, in the old claim, {old:?}")]
    TwoIssuers {
        /// .1.8
        new: String,
        /// .1.1
        old: String,
    },
    /// No certificate timestamp.
    #[error("the certificate carries no signed certificate timestamp")]
    NoSct,
    /// Several: readers differ on whether one good one is enough.
    #[error("expected one signed certificate timestamp, found {found}")]
    SctCount {
        /// How many there are.
        found: usize,
    },
    /// The timestamp's inside is not as RFC 6962 has it.
    #[error("the signed certificate timestamp is malformed")]
    MalformedSct,
    /// RFC 6962 §2.1.4: SHA-256 with ECDSA or RSA.
    #[error("the signed certificate timestamp is not signed with SHA-256 and ECDSA or RSA")]
    SctScheme,
    /// RFC 5280 §4.1.1.2: the signature's algorithm stands in the certificate twice.
    #[error("the certificate names two different signature algorithms")]
    TwoSignatureAlgorithms,
}

impl SigningCertificate {
    pub(crate) fn parse(bytes: &[u8], profile: Profile) -> Result<Self, CertificateError> {
        use CertificateError as Error;
        if bytes.len() > MAX_CERTIFICATE_BYTES {
            return Err(Error::TooLarge { found: bytes.len() });
        }
        let malformed = |error| Error::Malformed(Some(error));
        let parts = Parts::read(bytes).map_err(malformed)?;
        if parts.version != VERSION_3 {
            return Err(Error::Version);
        }
        if parts.body_algorithm != parts.signature_algorithm {
            return Err(Error::TwoSignatureAlgorithms);
        }
        check_time_encoding(&parts.validity)?;
        let extensions = Extensions::new(&parts.extensions)?;
        may_sign_code(&extensions)?;
        let spki = SubjectPublicKeyInfoRef::from_der(parts.spki).map_err(malformed)?;
        let key_kind = key_kind(&spki, profile)?;
        let (claims, issuer) = read_claims(&extensions)?;
        let (san, further) = read_names(&extensions, profile)?;
        if !parts.has_subject && !extensions.is_critical(SUBJECT_ALT_NAME) {
            return Err(Error::NameNotCritical);
        }
        let authority = extensions.read::<AuthorityKeyIdentifier>(AUTHORITY_KEY_ID)?;
        let key_id = authority.and_then(|authority| authority.key_identifier);
        let authority_key_id = key_id.map(OctetString::into_bytes);
        if authority_key_id.is_none() && profile == Profile::Attestation {
            return Err(Error::NoAuthorityKeyId);
        }
        let sct = read_sct(&extensions)?;
        if sct.is_none() && profile == Profile::Attestation {
            return Err(Error::NoSct);
        }
        Ok(Self {
            identity: Identity::new(san, further, issuer),
            claims,
            has_old_issuer: extensions.find(OLD_ISSUER).is_some(),
            not_before: timestamp(&parts.validity.not_before),
            not_after: timestamp(&parts.validity.not_after),
            issuer_name: parts.issuer.to_vec(),
            authority_key_id,
            sct,
            spki: parts.spki.to_vec(),
            key_kind,
            body: parts.body.to_vec(),
            signature_algorithm: parts.signature_algorithm.oid,
            signature: parts.signature.to_vec(),
            logged_body: parts.body_without(SCT_LIST).map_err(malformed)?,
        })
    }
}

/// The part of a certificate that its issuer signed (RFC 5280 §4.1.1.1), as it stands.
pub(crate) fn signed_body(certificate: &[u8]) -> Result<&[u8], der::Error> {
    let mut reader = SliceReader::new(certificate)?;
    let header = der::Header::decode(&mut reader)?;
    header.tag.assert_eq(der::Tag::Sequence)?;
    reader.tlv_bytes()
}

/// A certificate's time, in whole seconds.
pub(crate) fn timestamp(time: &Time) -> Timestamp {
    let seconds = i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX);
    // X.509 times end with the year 9999, as jiff's do; the fallback cannot be reached.
    Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX)
}

/// A certificate of this body that nobody signed, so that what a certificate log has is read as the certificate is.
pub(crate) fn unsigned(body: &[u8]) -> Result<Vec<u8>, CertificateError> {
    parts::around(body).map_err(|error| CertificateError::Malformed(Some(error)))
}

fn check_time_encoding(validity: &Validity) -> Result<(), CertificateError> {
    /// The first year that UTCTime cannot say.
    const FIRST_GENERAL_YEAR: u16 = 2050;
    let early = |time: &Time| match time {
        Time::UtcTime(_) => false,
        Time::GeneralTime(time) => time.to_date_time().year() < FIRST_GENERAL_YEAR,
    };
    if early(&validity.not_before) || early(&validity.not_after) {
        return Err(CertificateError::TimeEncoding);
    }
    Ok(())
}

/// The extensions of one certificate, each there at most once.
struct Extensions<'c>(&'c [Extension<'c>]);

impl<'c> Extensions<'c> {
    fn new(extensions: &'c [Extension<'c>]) -> Result<Self, CertificateError> {
        const UNDERSTOOD: [ObjectIdentifier; 4] = [
            BASIC_CONSTRAINTS,
            KEY_USAGE,
            EXTENDED_KEY_USAGE,
            SUBJECT_ALT_NAME,
        ];
        let mut oids: Vec<_> = extensions.iter().map(|it| it.oid).collect();
        oids.sort_unstable();
        if let Some([oid, _]) = oids.array_windows().find(|[a, b]| a == b) {
            return Err(CertificateError::DuplicateExtension { oid: dotted(oid) });
        }
        for extension in extensions.iter().filter(|it| it.critical) {
            let understood = UNDERSTOOD.iter().any(|it| it.as_bytes() == extension.oid);
            if !understood {
                return Err(CertificateError::UnknownCritical {
                    oid: dotted(extension.oid),
                });
            }
        }
        Ok(Self(extensions))
    }

    fn find(&self, oid: ObjectIdentifier) -> Option<&'c [u8]> {
        let extension = self
            .0
            .iter()
            .find(|extension| extension.oid == oid.as_bytes());
        extension.map(|extension| extension.value)
    }

    fn is_critical(&self, oid: ObjectIdentifier) -> bool {
        let extension = self
            .0
            .iter()
            .find(|extension| extension.oid == oid.as_bytes());
        extension.is_some_and(|extension| extension.critical)
    }

    fn read<T: der::Decode<'c>>(
        &self,
        oid: ObjectIdentifier,
    ) -> Result<Option<T>, CertificateError> {
        let value = self.find(oid).map(T::from_der).transpose();
        value.map_err(|_| malformed(oid))
    }
}

/// An identifier in numbers and dots; in hex where it has more than can be held.
fn dotted(oid: &[u8]) -> String {
    ObjectIdentifier::from_bytes(oid).map_or_else(|_| hex::encode(oid), |oid| oid.to_string())
}

fn malformed(oid: ObjectIdentifier) -> CertificateError {
    CertificateError::MalformedExtension {
        oid: oid.to_string(),
    }
}

fn may_sign_code(extensions: &Extensions<'_>) -> Result<(), CertificateError> {
    use CertificateError as Error;
    let constraints = extensions.read::<BasicConstraints>(BASIC_CONSTRAINTS)?;
    if constraints.is_some_and(|constraints| constraints.ca) {
        return Err(Error::Authority);
    }
    let usage = extensions
        .read::<KeyUsage>(KEY_USAGE)?
        .ok_or(Error::NoKeyUsage)?;
    if !usage.0.contains(KeyUsages::DigitalSignature) {
        return Err(Error::KeyUsage);
    }
    if usage.0.contains(KeyUsages::KeyCertSign) {
        return Err(Error::SignsCertificates);
    }
    let extended = extensions.read::<ExtendedKeyUsage>(EXTENDED_KEY_USAGE)?;
    let extended = extended.ok_or(Error::NoExtendedKeyUsage)?.0;
    if extended != [CODE_SIGNING] {
        let found = extended.iter().map(ToString::to_string).collect();
        return Err(Error::ExtendedKeyUsage { found });
    }
    Ok(())
}

fn key_kind(
    key: &SubjectPublicKeyInfoRef<'_>,
    profile: Profile,
) -> Result<KeyKind, CertificateError> {
    /// An uncompressed point: 0x04 and two coordinates of 32 bytes.
    const POINT_BYTES: usize = 65;
    let curve = key
        .algorithm
        .parameters
        .as_ref()
        .and_then(|parameters| parameters.decode_as::<ObjectIdentifier>().ok());
    let kind = KeyKind::of_oids(key.algorithm.oid, curve);
    let point = key.subject_public_key.as_bytes().unwrap_or_default();
    let uncompressed = point.first() == Some(&4) && point.len() == POINT_BYTES;
    match (kind, profile) {
        (Some(KeyKind::P256), _) if uncompressed => return Ok(KeyKind::P256),
        (Some(kind), Profile::Bundle) if kind != KeyKind::P256 => return Ok(kind),
        _ => {}
    }
    let curve = curve
        .map(|curve| format!(" on {curve}"))
        .unwrap_or_default();
    Err(CertificateError::KeyAlgorithm {
        found: format!("{}{curve}", key.algorithm.oid),
    })
}

/// The first name, and any further ones.
fn read_names(
    extensions: &Extensions<'_>,
    profile: Profile,
) -> Result<(SubjectName, Vec<SubjectName>), CertificateError> {
    use CertificateError as Error;
    let names = extensions
        .read::<SubjectAltName>(SUBJECT_ALT_NAME)?
        .ok_or(Error::NoName)?
        .0;
    if names.len() > MAX_NAMES {
        return Err(Error::TooManyNames { found: names.len() });
    }
    let name = |name: &GeneralName| match name {
        GeneralName::Rfc822Name(email) => Ok(SubjectName::Email(email.to_string())),
        GeneralName::UniformResourceIdentifier(uri) => Ok(SubjectName::Uri(uri.to_string())),
        GeneralName::OtherName(other)
            if profile == Profile::Bundle && other.type_id == USER_NAME =>
        {
            let text = other.value.decode_as::<Utf8StringRef<'_>>();
            let text = text.map_err(|_| malformed(SUBJECT_ALT_NAME))?;
            Ok(SubjectName::Username(text.to_string()))
        }
        _ => Err(Error::NameKind),
    };
    let (first, further) = names.split_first().ok_or(Error::NoName)?;
    Ok((
        name(first)?,
        further.iter().map(name).collect::<Result<_, _>>()?,
    ))
}

/// The claims and the issuer. `.1` to `.6` hold bare text, those from `.8` on a DER UTF8String.
fn read_claims(extensions: &Extensions<'_>) -> Result<(Claims, String), CertificateError> {
    use CertificateError as Error;
    /// The last number of the OIDs that hold bare text.
    const LAST_BARE: u32 = 6;
    let mut claims = Claims::default();
    let (mut issuer, mut old_issuer) = (None, None);
    for extension in extensions.0 {
        let oid = extension.oid;
        let Some(number) = below_fulcio(oid) else {
            continue;
        };
        let unreadable = || CertificateError::MalformedExtension { oid: dotted(oid) };
        let bytes = extension.value;
        let value = if number <= LAST_BARE {
            std::str::from_utf8(bytes)
                .map_err(|_| unreadable())?
                .to_owned()
        } else {
            Utf8StringRef::from_der(bytes)
                .map_err(|_| unreadable())?
                .to_string()
        };
        match number {
            1 => old_issuer = Some(value),
            8 => issuer = Some(value),
            _ => match claims.field(number) {
                Some(field) => *field = Some(value),
                None => {
                    claims.other.insert(number, value);
                }
            },
        }
    }
    let new = issuer.ok_or(Error::NoIssuer)?;
    match old_issuer {
        Some(old) if old != new => Err(Error::TwoIssuers { new, old }),
        _ => Ok((claims, new)),
    }
}

/// The last number of an OID right below Fulcio's arc.
fn below_fulcio(oid: &[u8]) -> Option<u32> {
    let number = oid.strip_prefix(FULCIO.as_bytes())?;
    // Base 128, most significant first; the last octet has no high bit (X.690 §8.19.2).
    let (last, first) = number.split_last()?;
    let more = first.iter().all(|octet| octet & 0x80 != 0) && last & 0x80 == 0;
    let digit = |sum: u32, octet: &u8| Some(sum.checked_mul(128)? | u32::from(octet & 0x7f));
    number.iter().try_fold(0, digit).filter(|_| more)
}

fn read_sct(extensions: &Extensions<'_>) -> Result<Option<Sct>, CertificateError> {
    use CertificateError as Error;
    let Some(list) = extensions.find(SCT_LIST) else {
        return Ok(None);
    };
    let list = SignedCertificateTimestampList::from_der(list).map_err(|_| malformed(SCT_LIST))?;
    let timestamps = list.parse_timestamps().map_err(|_| malformed(SCT_LIST))?;
    let [timestamp] = timestamps.as_slice() else {
        return Err(Error::SctCount {
            found: timestamps.len(),
        });
    };
    let sct = timestamp
        .parse_timestamp()
        .map_err(|_| Error::MalformedSct)?;
    let millis = i64::try_from(sct.timestamp).map_err(|_| Error::MalformedSct)?;
    let algorithm = sct.signature.algorithm;
    let scheme = match (algorithm.hash, algorithm.signature) {
        (HashAlgorithm::Sha256, SignatureAlgorithm::Ecdsa) => SctScheme::Ecdsa,
        (HashAlgorithm::Sha256, SignatureAlgorithm::Rsa) => SctScheme::Rsa,
        _ => return Err(Error::SctScheme),
    };
    Ok(Some(Sct {
        log_id: sct.log_id.key_id,
        millis: sct.timestamp,
        time: Timestamp::from_millisecond(millis).map_err(|_| Error::MalformedSct)?,
        extensions: sct.extensions.into_vec(),
        scheme,
        signature: sct.signature.signature.into_vec(),
    }))
}
