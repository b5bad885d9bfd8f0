//! The certificate authority: a root, one intermediate below it, and short-lived signing certificates with an embedded
//! certificate timestamp.

use std::str::FromStr as _;

use der::Encode as _;
use der::asn1::{ObjectIdentifier, OctetString};
use jiff::{SignedDuration, Timestamp};
use x509_cert::Certificate;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::{
    BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectAltName, SubjectKeyIdentifier,
};
use x509_cert::name::{Name, RdnSequence};
use x509_cert::time::Validity;

use crate::certificate::{
    BASIC_CONSTRAINTS, Body, EXTENDED_KEY_USAGE, KEY_USAGE, SUBJECT_KEY_ID, authority_key_id,
    extension, general_time, key_id, sign, validity,
};
use crate::forge::certificate_log::CertificateLog;
use crate::forge::domain::TrustError;
use crate::forge::recipe::{CertificateRecipe, KeyHolder, later};
use crate::fulcio::{CODE_SIGNING, SCT_LIST, SUBJECT_ALT_NAME, claim, general_name};
use crate::keys::{KeyKind, SigningKey};

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
    pub(crate) fn new(name: &str, kind: KeyKind, now: Timestamp) -> Result<Self, TrustError> {
        let root_key = SigningKey::generate(kind)?;
        let intermediate_key = SigningKey::generate(kind)?;
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
