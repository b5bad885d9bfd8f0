//! Tokens in the making. They are encoded by hand: the types of `cms` write nothing that is wrong.

use aws_lc_rs::digest::{self, SHA256, SHA384, SHA512};
use der::Encode as _;
use der::asn1::{ObjectIdentifier, UtcTime};
use jiff::Timestamp;

use super::{Link, StampAuthority, oid};
use crate::certificate::{algorithm, key_id};
use crate::forge::domain::TrustError;
use crate::forge::recipe::KeyHolder;
use crate::keys::{KeyKind, SigningKey};

const SIGNED_DATA: &str = "1.2.840.113549.1.7.2";
const TST_INFO: &str = "1.2.840.113549.1.9.16.1.4";
/// The policy of Sigstore's authorities.
const POLICY: &str = "1.3.6.1.4.1.57264.2";
const SHA256_OID: &str = "2.16.840.1.101.3.4.2.1";
const SHA384_OID: &str = "2.16.840.1.101.3.4.2.2";
const SHA512_OID: &str = "2.16.840.1.101.3.4.2.3";
const CONTENT_TYPE: &str = "1.2.840.113549.1.9.3";
const MESSAGE_DIGEST: &str = "1.2.840.113549.1.9.4";
const SIGNING_TIME: &str = "1.2.840.113549.1.9.5";
const SIGNING_CERTIFICATE_V2: &str = "1.2.840.113549.1.9.16.2.47";

const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
/// Context-specific and constructed, number 0.
const TAG_0: u8 = 0xa0;
const TAG_1: u8 = 0xa1;
/// Context-specific and primitive, number 0.
const IMPLICIT_0: u8 = 0x80;

/// A timestamp token. OIDs are in dotted decimals.
#[derive(Clone, Debug)]
pub struct TokenRecipe {
    /// The response's PKIStatus, 0 to begin with; without one there is only the token.
    pub status: Option<u8>,
    /// Whether the response has a token.
    pub has_token: bool,
    /// The type of the CMS message.
    pub content_type: String,
    /// The type of what is signed.
    pub signed_type: String,
    /// Whether what is signed is there.
    pub has_content: bool,
    /// The TSTInfo's version.
    pub version: u8,
    /// The TSTInfo's time, as it is written.
    pub time: String,
    /// What the message is hashed with. Where it is none of SHA-256, SHA-384 and SHA-512, it is SHA-256 all the same.
    pub hash: String,
    /// Another digest than the message's.
    pub imprint: Option<Vec<u8>>,
    /// Extensions of the TSTInfo: OID, critical, value.
    pub extensions: Vec<(String, bool, Vec<u8>)>,
    /// Certificates that it embeds, DER; the signer's to begin with.
    pub embedded: Vec<Vec<u8>>,
    /// How often the signer is listed.
    pub signers: usize,
    /// The signer named by the identifier of its key instead of issuer and serial number.
    pub by_key_id: bool,
    /// The signer's hash function, fitting its key to begin with.
    pub digest_algorithm: String,
    /// What is signed; without any attributes, the content itself.
    pub attributes: Vec<AttributeRecipe>,
    /// The attributes in the order of the recipe instead of DER's.
    pub unsorted: bool,
    /// Another signature algorithm than the key's.
    pub signature_algorithm: Option<String>,
    /// Whose key signs.
    pub signed_by: KeyHolder,
}

/// A signed attribute.
#[derive(Clone, Debug)]
pub struct AttributeRecipe {
    /// Its type.
    pub oid: String,
    /// Its values; one to begin with.
    pub values: Vec<AttributeValue>,
}

/// A signed attribute's value.
#[derive(Clone, Debug)]
pub enum AttributeValue {
    /// An object identifier.
    Oid(String),
    /// The content's digest.
    ContentDigest,
    /// The digest of other bytes.
    DigestOf(Vec<u8>),
    /// A SigningCertificateV2 (RFC 5816).
    SigningCertificate {
        /// What the certificate is hashed with; SHA-256 where it is left out.
        hash: Option<String>,
        /// Another certificate than the signer's, DER.
        other: Option<Vec<u8>>,
        /// With issuer and serial number of this authority's certificate, counted from the signer's, which is 0.
        issuer_and_serial_of: Option<usize>,
    },
    /// DER.
    Raw(Vec<u8>),
}

impl StampAuthority {
    /// A good token of `time`, in whole seconds, to be changed and given to [`stamp`](Self::stamp).
    pub fn recipe(&self, time: Timestamp) -> Result<TokenRecipe, TrustError> {
        let attribute = |oid: &str, value: AttributeValue| AttributeRecipe {
            oid: oid.to_owned(),
            values: vec![value],
        };
        let since_1970 = u64::try_from(time.as_second());
        let since_1970 = since_1970.map_err(|_| TrustError::Time { found: time })?;
        let signing_time = UtcTime::from_unix_duration(std::time::Duration::from_secs(since_1970))?;
        let signer = self.links.first();
        Ok(TokenRecipe {
            status: Some(0),
            has_token: true,
            content_type: SIGNED_DATA.to_owned(),
            signed_type: TST_INFO.to_owned(),
            has_content: true,
            version: 1,
            time: time.strftime("%Y%m%d%H%M%SZ").to_string(),
            hash: SHA256_OID.to_owned(),
            imprint: None,
            extensions: Vec::new(),
            embedded: signer.map(|it| it.der.clone()).into_iter().collect(),
            signers: 1,
            by_key_id: false,
            digest_algorithm: signer
                .map_or(SHA256_OID, |it| usual_hash(&it.key))
                .to_owned(),
            attributes: vec![
                attribute(CONTENT_TYPE, AttributeValue::Oid(TST_INFO.to_owned())),
                attribute(SIGNING_TIME, AttributeValue::Raw(signing_time.to_der()?)),
                attribute(MESSAGE_DIGEST, AttributeValue::ContentDigest),
                attribute(
                    SIGNING_CERTIFICATE_V2,
                    AttributeValue::SigningCertificate {
                        hash: None,
                        other: None,
                        issuer_and_serial_of: None,
                    },
                ),
            ],
            unsorted: false,
            signature_algorithm: None,
            signed_by: KeyHolder::Right,
        })
    }

    /// The response of `recipe` to a request for `message`, DER.
    pub fn stamp(&self, recipe: &TokenRecipe, message: &[u8]) -> Result<Vec<u8>, TrustError> {
        let token = if recipe.has_token {
            self.token(recipe, message)?
        } else {
            Vec::new()
        };
        Ok(match recipe.status {
            None => token,
            Some(status) => {
                let status = value(SEQUENCE, &[&value(INTEGER, &[&[status]])]);
                value(SEQUENCE, &[&status, &token])
            }
        })
    }

    /// RFC 5652 §3 and §5.1.
    fn token(&self, recipe: &TokenRecipe, message: &[u8]) -> Result<Vec<u8>, TrustError> {
        let [signer, ..] = self.links.as_slice() else {
            return Err(TrustError::Oid);
        };
        let info = recipe.info(message)?;
        let content = if recipe.has_content {
            value(TAG_0, &[&value(OCTET_STRING, &[&info])])
        } else {
            Vec::new()
        };
        let content = value(SEQUENCE, &[&encoded(&recipe.signed_type)?, &content]);
        let certificates = if recipe.embedded.is_empty() {
            Vec::new()
        } else {
            value(TAG_0, &[&recipe.embedded.concat()])
        };
        let signer = self.signer_info(recipe, signer, &info)?;
        let digest_algorithm = value(SEQUENCE, &[&encoded(&recipe.digest_algorithm)?]);
        let signed_data = value(
            SEQUENCE,
            &[
                &value(INTEGER, &[&[3]]),
                &value(SET, &[&digest_algorithm]),
                &content,
                &certificates,
                &value(SET, &[&signer.repeat(recipe.signers)]),
            ],
        );
        Ok(value(
            SEQUENCE,
            &[
                &encoded(&recipe.content_type)?,
                &value(TAG_0, &[&signed_data]),
            ],
        ))
    }

    /// RFC 5652 §5.3.
    fn signer_info(
        &self,
        recipe: &TokenRecipe,
        signer: &Link,
        info: &[u8],
    ) -> Result<Vec<u8>, TrustError> {
        let key = match recipe.signed_by {
            KeyHolder::Right => &signer.key,
            KeyHolder::Stranger => &self.stranger,
        };
        let (version, identifier) = if recipe.by_key_id {
            let id = key_id(&signer.key)?;
            (3, value(IMPLICIT_0, &[id.as_bytes()]))
        } else {
            (1, issuer_and_serial(signer)?)
        };
        let mut attributes = Vec::new();
        for attribute in &recipe.attributes {
            attributes.push(self.attribute(recipe, attribute, info)?);
        }
        if !recipe.unsorted {
            attributes.sort(); // X.690 §11.6
        }
        let attributes = attributes.concat();
        let (signature, attributes) = if attributes.is_empty() {
            (key.sign(info)?, Vec::new())
        } else {
            let signature = key.sign(&value(SET, &[&attributes]))?;
            (signature, value(TAG_0, &[&attributes]))
        };
        let signature_algorithm = match &recipe.signature_algorithm {
            Some(named) => value(SEQUENCE, &[&encoded(named)?]),
            None => algorithm(key).to_der()?,
        };
        Ok(value(
            SEQUENCE,
            &[
                &value(INTEGER, &[&[version]]),
                &identifier,
                &value(SEQUENCE, &[&encoded(&recipe.digest_algorithm)?]),
                &attributes,
                &signature_algorithm,
                &value(OCTET_STRING, &[&signature]),
            ],
        ))
    }

    fn attribute(
        &self,
        recipe: &TokenRecipe,
        attribute: &AttributeRecipe,
        info: &[u8],
    ) -> Result<Vec<u8>, TrustError> {
        let mut values = Vec::new();
        for it in &attribute.values {
            values.push(match it {
                AttributeValue::Oid(id) => encoded(id)?,
                AttributeValue::ContentDigest => {
                    let digest = hashed(&recipe.digest_algorithm, info);
                    value(OCTET_STRING, &[&digest])
                }
                AttributeValue::DigestOf(other) => {
                    let digest = hashed(&recipe.digest_algorithm, other);
                    value(OCTET_STRING, &[&digest])
                }
                AttributeValue::SigningCertificate {
                    hash,
                    other,
                    issuer_and_serial_of,
                } => {
                    let issuer_and_serial = issuer_and_serial_of.and_then(|it| self.links.get(it));
                    let der = other.as_ref().or(self.links.first().map(|it| &it.der));
                    let der = der.ok_or(TrustError::Oid)?;
                    signing_certificate(hash.as_deref(), der, issuer_and_serial)?
                }
                AttributeValue::Raw(der) => der.clone(),
            });
        }
        values.sort();
        let oid = encoded(&attribute.oid)?;
        Ok(value(SEQUENCE, &[&oid, &value(SET, &[&values.concat()])]))
    }
}

impl TokenRecipe {
    /// RFC 3161 §2.4.2.
    fn info(&self, message: &[u8]) -> Result<Vec<u8>, TrustError> {
        let imprint = match &self.imprint {
            Some(imprint) => imprint.clone(),
            None => hashed(&self.hash, message),
        };
        let hash = value(SEQUENCE, &[&encoded(&self.hash)?]);
        let imprint = value(SEQUENCE, &[&hash, &value(OCTET_STRING, &[&imprint])]);
        let mut extensions = Vec::new();
        for (id, critical, content) in &self.extensions {
            let critical: &[u8] = if *critical { &[0x01, 0x01, 0xff] } else { &[] };
            let content = value(OCTET_STRING, &[content]);
            extensions.extend(value(SEQUENCE, &[&encoded(id)?, critical, &content]));
        }
        let extensions = if extensions.is_empty() {
            Vec::new()
        } else {
            value(TAG_1, &[&extensions])
        };
        Ok(value(
            SEQUENCE,
            &[
                &value(INTEGER, &[&[self.version]]),
                &encoded(POLICY)?,
                &imprint,
                &value(INTEGER, &[&[1]]), // serial number
                &value(GENERALIZED_TIME, &[self.time.as_bytes()]),
                &extensions,
            ],
        ))
    }
}

/// RFC 5035 §3.
fn signing_certificate(
    hash: Option<&str>,
    der: &[u8],
    issuer_and_serial: Option<&Link>,
) -> Result<Vec<u8>, TrustError> {
    let algorithm = match hash {
        Some(hash) => value(SEQUENCE, &[&encoded(hash)?]),
        None => Vec::new(),
    };
    let digest = value(OCTET_STRING, &[&hashed(hash.unwrap_or(SHA256_OID), der)]);
    let issuer_and_serial = match issuer_and_serial {
        Some(link) => {
            let body = &link.certificate.tbs_certificate;
            // A GeneralName's choice directoryName is [4], and explicit.
            let issuer = value(SEQUENCE, &[&value(0xa4, &[&body.issuer.to_der()?])]);
            value(SEQUENCE, &[&issuer, &body.serial_number.to_der()?])
        }
        None => Vec::new(),
    };
    let first = value(SEQUENCE, &[&algorithm, &digest, &issuer_and_serial]);
    Ok(value(SEQUENCE, &[&value(SEQUENCE, &[&first])]))
}

fn issuer_and_serial(signer: &Link) -> Result<Vec<u8>, TrustError> {
    let body = &signer.certificate.tbs_certificate;
    let (issuer, serial) = (body.issuer.to_der()?, body.serial_number.to_der()?);
    Ok(value(SEQUENCE, &[&issuer, &serial]))
}

fn usual_hash(key: &SigningKey) -> &'static str {
    match key.kind() {
        KeyKind::P256 | KeyKind::Rsa => SHA256_OID,
        KeyKind::P384 => SHA384_OID,
        KeyKind::P521 | KeyKind::Ed25519 => SHA512_OID, // the latter by RFC 8419 §3.1
    }
}

fn hashed(hash: &str, bytes: &[u8]) -> Vec<u8> {
    let hash = match hash {
        SHA384_OID => &SHA384,
        SHA512_OID => &SHA512,
        _ => &SHA256,
    };
    digest::digest(hash, bytes).as_ref().to_vec()
}

fn encoded(text: &str) -> Result<Vec<u8>, TrustError> {
    let oid: ObjectIdentifier = oid(text)?;
    Ok(oid.to_der()?)
}

/// A DER value of these parts. Tokens are far shorter than the 64 kB that two bytes of length can say.
fn value(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let [.., high, low] = content.len().to_be_bytes();
    let mut der = match content.len() {
        0..0x80 => vec![tag, low],
        0x80..0x100 => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    };
    der.extend(content);
    der
}
