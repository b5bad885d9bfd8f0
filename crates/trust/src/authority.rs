//! The certificate authority: a root, one intermediate below it, and short-lived signing certificates with an embedded
//! certificate timestamp.

use std::str::FromStr as _;
use std::time::Duration;

use der::asn1::{
    Any, BitString, GeneralizedTime, Ia5String, ObjectIdentifier, OctetString, UtcTime,
    Utf8StringRef,
};
use der::{Decode as _, Encode as _};
use jiff::{SignedDuration, Timestamp};
use touchplate_attest::{Sha256, SubjectName};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::name::{GeneralName, OtherName};
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages,
    SubjectAltName, SubjectKeyIdentifier,
};
use x509_cert::name::{Name, RdnSequence};
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::time::{Time, Validity};
use x509_cert::{Certificate, TbsCertificate, Version};

use crate::certificate_log::CertificateLog;
use crate::domain::TrustError;
use crate::keys::{Curve, SigningKey};
use crate::recipe::{CertificateRecipe, KeyHolder, later};

const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
const EXTENDED_KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37");
const SUBJECT_KEY_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.14");
const AUTHORITY_KEY_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.35");
const SUBJECT_ALT_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");
const SCT_LIST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.11129.2.4.2");
/// Fulcio's otherName for an account that has no address.
const USERNAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.7");
const CODE_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.3");

/// The authority's own certificates are valid from a year before to ten years after it is made.
const AUTHORITY_YEARS: i32 = 10;
const YEAR: SignedDuration = SignedDuration::from_hours(24 * 365);

pub(crate) struct Authority {
    root_key: SigningKey,
    intermediate_key: SigningKey,
    root: Certificate,
    intermediate: Certificate,
    chain: [Vec<u8>; 2],
}

impl Authority {
    /// With new keys. `name` becomes part of the certificates' names.
    pub(crate) fn new(name: &str, curve: Curve, now: Timestamp) -> Result<Self, TrustError> {
        let root_key = SigningKey::generate(curve)?;
        let intermediate_key = SigningKey::generate(curve)?;
        let root_name = Name::from_str(&format!("CN=root,O={name}"))?;
        let intermediate_name = Name::from_str(&format!("CN=intermediate,O={name}"))?;
        let validity = validity(later(now, -YEAR), later(now, YEAR * AUTHORITY_YEARS))?;
        let root = sign(
            &Body {
                issuer: root_name.clone(),
                subject: root_name.clone(),
                validity,
                key: root_key.public(),
                extensions: authority_extensions(&root_key, &root_key, 1)?,
            },
            &root_key,
        )?;
        let intermediate = sign(
            &Body {
                issuer: root_name,
                subject: intermediate_name,
                validity,
                key: intermediate_key.public(),
                extensions: authority_extensions(&intermediate_key, &root_key, 0)?,
            },
            &root_key,
        )?;
        Ok(Self {
            chain: [intermediate.to_der()?, root.to_der()?],
            root_key,
            intermediate_key,
            root,
            intermediate,
        })
    }

    /// The certificates from the intermediate up, DER.
    pub(crate) fn chain(&self) -> &[Vec<u8>; 2] {
        &self.chain
    }

    /// Issues the certificate of `recipe` for `key`, DER, with timestamps of `log`.
    pub(crate) fn issue(
        &self,
        recipe: &CertificateRecipe,
        key: &SigningKey,
        log: &CertificateLog,
        stranger: &SigningKey,
    ) -> Result<Vec<u8>, TrustError> {
        let (issuer, right_key) = if recipe.by_root {
            (&self.root, &self.root_key)
        } else {
            (&self.intermediate, &self.intermediate_key)
        };
        let mut extensions = leaf_extensions(recipe, key, right_key)?;
        let (from, to) = (recipe.not_before, recipe.not_after);
        let validity = if recipe.generalized_time {
            Validity {
                not_before: general_time(from)?,
                not_after: general_time(to)?,
            }
        } else {
            validity(from, to)?
        };
        let body = |extensions| -> Result<Body<'_>, TrustError> {
            Ok(Body {
                issuer: issuer.tbs_certificate.subject.clone(),
                subject: RdnSequence::default(),
                validity,
                key: key.public(),
                extensions,
            })
        };
        if !recipe.timestamps.is_empty() {
            // RFC 6962 §3.2: what is signed is the certificate's body without its timestamps.
            let signed = body(extensions.clone())?.to_tbs(right_key)?.to_der()?;
            let list = log.timestamps(&recipe.timestamps, &signed, right_key, stranger)?;
            extensions.push(extension(SCT_LIST, false, &OctetString::new(list)?)?);
        }
        let signer = match recipe.signed_by {
            KeyHolder::Right => right_key,
            KeyHolder::Stranger => stranger,
        };
        Ok(sign(&body(extensions)?, signer)?.to_der()?)
    }
}

/// A certificate before it is signed.
struct Body<'k> {
    issuer: Name,
    subject: Name,
    validity: Validity,
    key: &'k [u8],
    extensions: Vec<Extension>,
}

impl Body<'_> {
    /// The serial number is made from the rest, so that the body is the same with and without timestamps.
    fn to_tbs(&self, signer: &SigningKey) -> Result<TbsCertificate, TrustError> {
        let moment = self
            .validity
            .not_before
            .to_unix_duration()
            .as_nanos()
            .to_be_bytes();
        let digest = Sha256::of(&[self.key, &moment].concat());
        let mut serial = digest.as_bytes()[..20].to_vec();
        serial[0] &= 0x7f; // positive (RFC 5280 §4.1.2.2)
        serial[0] |= 0x40; // and of full length
        Ok(TbsCertificate {
            version: Version::V3,
            serial_number: SerialNumber::new(&serial)?,
            signature: algorithm(signer),
            issuer: self.issuer.clone(),
            validity: self.validity,
            subject: self.subject.clone(),
            subject_public_key_info: SubjectPublicKeyInfoOwned::from_der(self.key)?,
            issuer_unique_id: None,
            subject_unique_id: None,
            extensions: Some(self.extensions.clone()),
        })
    }
}

fn sign(body: &Body<'_>, signer: &SigningKey) -> Result<Certificate, TrustError> {
    let tbs_certificate = body.to_tbs(signer)?;
    let signature = signer.sign(&tbs_certificate.to_der()?)?;
    Ok(Certificate {
        tbs_certificate,
        signature_algorithm: algorithm(signer),
        signature: BitString::from_bytes(&signature)?,
    })
}

fn algorithm(signer: &SigningKey) -> AlgorithmIdentifierOwned {
    let oid = match signer.curve() {
        Curve::P256 => ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2"),
        Curve::P384 => ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3"),
    };
    AlgorithmIdentifierOwned {
        oid,
        parameters: None,
    }
}

fn validity(from: Timestamp, to: Timestamp) -> Result<Validity, TrustError> {
    Ok(Validity {
        not_before: time(from)?,
        not_after: time(to)?,
    })
}

/// RFC 5280 §4.1.2.5: UTCTime before 2050. The `From` of `x509-cert` writes GeneralizedTime, which strict readers refuse.
fn time(at: Timestamp) -> Result<Time, TrustError> {
    match UtcTime::from_unix_duration(since_1970(at)?) {
        Ok(time) => Ok(Time::UtcTime(time)),
        Err(_) => general_time(at),
    }
}

fn general_time(at: Timestamp) -> Result<Time, TrustError> {
    Ok(Time::GeneralTime(GeneralizedTime::from_unix_duration(
        since_1970(at)?,
    )?))
}

fn since_1970(at: Timestamp) -> Result<Duration, TrustError> {
    let seconds = u64::try_from(at.as_second()).map_err(|_| TrustError::Time { found: at })?;
    Ok(Duration::from_secs(seconds))
}

fn extension(
    oid: ObjectIdentifier,
    critical: bool,
    value: &impl der::Encode,
) -> Result<Extension, TrustError> {
    Ok(Extension {
        extn_id: oid,
        critical,
        extn_value: OctetString::new(value.to_der()?)?,
    })
}

/// RFC 7093 §2: the first 160 bits of the key's SHA-256.
fn key_id(key: &SigningKey) -> Result<OctetString, TrustError> {
    Ok(OctetString::new(&key.id()[..20])?)
}

fn authority_extensions(
    key: &SigningKey,
    issuer: &SigningKey,
    below: u8,
) -> Result<Vec<Extension>, TrustError> {
    let usage = KeyUsage(KeyUsages::KeyCertSign | KeyUsages::CRLSign);
    let constraints = BasicConstraints {
        ca: true,
        path_len_constraint: Some(below),
    };
    let mut extensions = vec![
        extension(KEY_USAGE, true, &usage)?,
        extension(BASIC_CONSTRAINTS, true, &constraints)?,
        extension(SUBJECT_KEY_ID, false, &SubjectKeyIdentifier(key_id(key)?))?,
        authority_key_id(issuer)?,
    ];
    if below == 0 {
        extensions.push(extension(
            EXTENDED_KEY_USAGE,
            false,
            &ExtendedKeyUsage(vec![CODE_SIGNING]),
        )?);
    }
    Ok(extensions)
}

fn authority_key_id(issuer: &SigningKey) -> Result<Extension, TrustError> {
    let identifier = AuthorityKeyIdentifier {
        key_identifier: Some(key_id(issuer)?),
        ..AuthorityKeyIdentifier::default()
    };
    extension(AUTHORITY_KEY_ID, false, &identifier)
}

fn leaf_extensions(
    recipe: &CertificateRecipe,
    key: &SigningKey,
    issuer: &SigningKey,
) -> Result<Vec<Extension>, TrustError> {
    let mut extensions = Vec::new();
    if recipe.has_key_usage {
        let usage = if recipe.for_encipherment {
            KeyUsages::KeyEncipherment
        } else {
            KeyUsages::DigitalSignature
        };
        let usage = if recipe.may_sign_certificates {
            usage | KeyUsages::KeyCertSign
        } else {
            usage.into()
        };
        extensions.push(extension(KEY_USAGE, true, &KeyUsage(usage))?);
    }
    if !recipe.extended_key_usage.is_empty() {
        let usages = recipe
            .extended_key_usage
            .iter()
            .map(|oid| ObjectIdentifier::new(oid));
        let usages = usages
            .collect::<Result<_, _>>()
            .map_err(|_| TrustError::Oid)?;
        extensions.push(extension(
            EXTENDED_KEY_USAGE,
            false,
            &ExtendedKeyUsage(usages),
        )?);
    }
    if recipe.is_authority {
        let constraints = BasicConstraints {
            ca: true,
            path_len_constraint: None,
        };
        extensions.push(extension(BASIC_CONSTRAINTS, true, &constraints)?);
    }
    extensions.push(extension(
        SUBJECT_KEY_ID,
        false,
        &SubjectKeyIdentifier(key_id(key)?),
    )?);
    if recipe.has_authority_key_id {
        extensions.push(authority_key_id(issuer)?);
    }
    if !recipe.names.is_empty() {
        let names = recipe
            .names
            .iter()
            .map(general_name)
            .collect::<Result<_, _>>()?;
        extensions.push(extension(
            SUBJECT_ALT_NAME,
            recipe.names_are_critical,
            &SubjectAltName(names),
        )?);
    }
    let issuers = [(1, &recipe.old_issuer), (8, &recipe.issuer)];
    let issuers = issuers
        .into_iter()
        .filter_map(|(number, issuer)| Some((number, issuer.as_deref()?)));
    let mut claims: Vec<_> = issuers.chain(recipe.claims.numbered()).collect();
    claims.sort_by_key(|(number, _)| *number); // as Fulcio orders them
    for (number, value) in claims {
        extensions.push(claim(number, value)?);
    }
    for (oid, critical, value) in &recipe.extensions {
        let extn_id = ObjectIdentifier::new(oid).map_err(|_| TrustError::Oid)?;
        extensions.push(Extension {
            extn_id,
            critical: *critical,
            extn_value: OctetString::new(value.as_slice())?,
        });
    }
    Ok(extensions)
}

fn general_name(name: &SubjectName) -> Result<GeneralName, TrustError> {
    Ok(match name {
        SubjectName::Email(email) => GeneralName::Rfc822Name(Ia5String::new(email)?),
        SubjectName::Uri(uri) => GeneralName::UniformResourceIdentifier(Ia5String::new(uri)?),
        SubjectName::Username(name) => GeneralName::OtherName(OtherName {
            type_id: USERNAME,
            value: Any::from(Utf8StringRef::new(name)?),
        }),
    })
}

/// Fulcio's claims .1 to .6 hold bare text, the later ones a UTF8String.
fn claim(number: u32, value: &str) -> Result<Extension, TrustError> {
    let oid = ObjectIdentifier::new(&format!("1.3.6.1.4.1.57264.1.{number}"))
        .map_err(|_| TrustError::Oid)?;
    let value = if number <= 6 {
        value.as_bytes().to_vec()
    } else {
        Utf8StringRef::new(value)?.to_der()?
    };
    Ok(Extension {
        extn_id: oid,
        critical: false,
        extn_value: OctetString::new(value)?,
    })
}
