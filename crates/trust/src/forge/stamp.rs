//! A timestamp authority (RFC 3161): certificates from the signer's up, and tokens.

mod token;

use std::str::FromStr as _;

use der::Encode as _;
use der::asn1::{ObjectIdentifier, OctetString};
use jiff::{SignedDuration, Timestamp};
use x509_cert::Certificate;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::{
    BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectKeyIdentifier,
};
use x509_cert::name::Name;

use crate::certificate::{
    BASIC_CONSTRAINTS, Body, EXTENDED_KEY_USAGE, KEY_USAGE, SUBJECT_KEY_ID, authority_key_id,
    extension, key_id, sign, validity,
};
use crate::forge::domain::TrustError;
use crate::forge::recipe::later;
use crate::keys::{KeyKind, SigningKey};

pub use token::{AttributeRecipe, AttributeValue, TokenRecipe};

const TIME_STAMPING: &str = "1.3.6.1.5.5.7.3.8";

/// An authority's certificates are valid from a year before to ten years after it is made.
const YEARS: i32 = 10;
const YEAR: SignedDuration = SignedDuration::from_hours(24 * 365);

/// A timestamp authority with its keys.
pub struct StampAuthority {
    /// From the signer's up.
    links: Vec<Link>,
    stranger: SigningKey,
}

struct Link {
    key: SigningKey,
    certificate: Certificate,
    der: Vec<u8>,
}

/// A certificate of a timestamp authority. Each is signed by the next one of its chain, the last by itself.
#[derive(Clone, Debug)]
pub struct StampCertificateRecipe {
    /// The subject's common name.
    pub common_name: String,
    /// The subject's organization.
    pub organization: String,
    /// Another issuer's common name than the next certificate's.
    pub other_issuer: Option<String>,
    /// Its key.
    pub kind: KeyKind,
    /// Start of validity.
    pub not_before: Timestamp,
    /// End of validity.
    pub not_after: Timestamp,
    /// Marked as a certificate authority's.
    pub is_authority: bool,
    /// How many authorities a certificate authority allows below itself.
    pub path_length: Option<u8>,
    /// Its key usage: signatures, certificates, both or, without an extension, any.
    pub signs: bool,
    /// See [`signs`](Self::signs).
    pub issues: bool,
    /// OIDs of the extended key usage; none without.
    pub extended_key_usage: Vec<String>,
    /// The extended key usage marked critical.
    pub extended_is_critical: bool,
    /// Whether it says which key it is of and which issued it.
    pub has_key_ids: bool,
    /// Further extensions: OID, critical, DER value.
    pub extensions: Vec<(String, bool, Vec<u8>)>,
    /// Signed by a stranger's key of this kind instead of the issuer's.
    pub signed_by_stranger: Option<KeyKind>,
}

impl StampCertificateRecipe {
    /// The certificate of a signer of timestamps.
    pub fn signer(organization: &str, now: Timestamp) -> Self {
        Self {
            common_name: "timestamps".to_owned(),
            organization: organization.to_owned(),
            other_issuer: None,
            kind: KeyKind::P256,
            not_before: later(now, -YEAR),
            not_after: later(now, YEAR * YEARS),
            is_authority: false,
            path_length: None,
            signs: true,
            issues: false,
            extended_key_usage: vec![TIME_STAMPING.to_owned()],
            extended_is_critical: true,
            has_key_ids: true,
            extensions: Vec::new(),
            signed_by_stranger: None,
        }
    }

    /// The certificate of an authority that allows `path_length` others below itself.
    pub fn authority(
        common_name: &str,
        organization: &str,
        path_length: u8,
        now: Timestamp,
    ) -> Self {
        Self {
            common_name: common_name.to_owned(),
            is_authority: true,
            path_length: Some(path_length),
            signs: false,
            issues: true,
            extended_key_usage: Vec::new(),
            ..Self::signer(organization, now)
        }
    }

    fn name(&self, common_name: &str) -> Result<Name, TrustError> {
        Ok(Name::from_str(&format!(
            "CN={common_name},O={}",
            self.organization
        ))?)
    }

    fn extensions(
        &self,
        key: &SigningKey,
        issuer: &SigningKey,
    ) -> Result<Vec<Extension>, TrustError> {
        let mut extensions = Vec::new();
        let usage = match (self.signs, self.issues) {
            (true, false) => Some(KeyUsages::DigitalSignature.into()),
            (false, true) => Some(KeyUsages::KeyCertSign | KeyUsages::CRLSign),
            (true, true) => Some(KeyUsages::DigitalSignature | KeyUsages::KeyCertSign),
            (false, false) => None,
        };
        if let Some(usage) = usage {
            extensions.push(extension(KEY_USAGE, true, &KeyUsage(usage))?);
        }
        if self.is_authority {
            let constraints = BasicConstraints {
                ca: true,
                path_len_constraint: self.path_length,
            };
            extensions.push(extension(BASIC_CONSTRAINTS, true, &constraints)?);
        }
        if !self.extended_key_usage.is_empty() {
            let usages = self.extended_key_usage.iter();
            let usages = usages.map(|it| oid(it)).collect::<Result<_, _>>()?;
            extensions.push(extension(
                EXTENDED_KEY_USAGE,
                self.extended_is_critical,
                &ExtendedKeyUsage(usages),
            )?);
        }
        if self.has_key_ids {
            let own = SubjectKeyIdentifier(key_id(key)?);
            extensions.push(extension(SUBJECT_KEY_ID, false, &own)?);
            extensions.push(authority_key_id(issuer)?);
        }
        for (id, critical, value) in &self.extensions {
            extensions.push(Extension {
                extn_id: oid(id)?,
                critical: *critical,
                extn_value: OctetString::new(value.as_slice())?,
            });
        }
        Ok(extensions)
    }
}

impl StampAuthority {
    /// A signer and the root above it, with new keys. `name` becomes part of the certificates' names.
    pub fn new(name: &str, now: Timestamp) -> Result<Self, TrustError> {
        Self::from_recipes(&[
            StampCertificateRecipe::signer(name, now),
            StampCertificateRecipe::authority("timestamps root", name, 0, now),
        ])
    }

    /// One with these certificates, from the signer's up, with new keys.
    pub fn from_recipes(recipes: &[StampCertificateRecipe]) -> Result<Self, TrustError> {
        let keys = recipes.iter().map(|it| SigningKey::generate(it.kind));
        let keys: Vec<SigningKey> = keys.collect::<Result<_, _>>()?;
        let mut certificates = Vec::new();
        for (position, (recipe, key)) in recipes.iter().zip(&keys).enumerate() {
            let issuer = recipes.get(position + 1).unwrap_or(recipe);
            let issuer_key = keys.get(position + 1).unwrap_or(key);
            let named = recipe.other_issuer.as_ref().unwrap_or(&issuer.common_name);
            let body = Body {
                issuer: issuer.name(named)?,
                subject: recipe.name(&recipe.common_name)?,
                validity: validity(recipe.not_before, recipe.not_after)?,
                key: key.public(),
                extensions: recipe.extensions(key, issuer_key)?,
            };
            certificates.push(match recipe.signed_by_stranger {
                None => sign(&body, issuer_key)?,
                Some(kind) => sign(&body, &SigningKey::generate(kind)?)?,
            });
        }
        let links = keys.into_iter().zip(certificates);
        let links = links.map(|(key, certificate)| -> Result<Link, TrustError> {
            Ok(Link {
                key,
                der: certificate.to_der()?,
                certificate,
            })
        });
        Ok(Self {
            links: links.collect::<Result<_, _>>()?,
            stranger: SigningKey::generate(KeyKind::P256)?,
        })
    }

    /// The certificates from the signer's up, DER.
    pub fn certificates(&self) -> Vec<Vec<u8>> {
        self.links.iter().map(|link| link.der.clone()).collect()
    }
}

fn oid(text: &str) -> Result<ObjectIdentifier, TrustError> {
    ObjectIdentifier::new(text).map_err(|_| TrustError::Oid)
}
