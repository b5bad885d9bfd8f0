//! A signing certificate, told as it stands: also one that breaks Sigstore's profile, which `verify` refuses. Nothing that
//! is read here is ever believed.

use der::asn1::{ObjectIdentifier, Utf8StringRef};
use der::{Decode as _, Encode as _};
use jiff::Timestamp;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::time::Time;

use crate::screen::hex;

/// What a certificate says.
#[derive(Debug)]
pub(crate) struct Certificate {
    /// Subject alternative names.
    pub(crate) names: Vec<String>,
    /// The identity provider that the authority asked (claim 8).
    pub(crate) issuer: Option<String>,
    /// Start of validity.
    pub(crate) not_before: Option<Timestamp>,
    /// End of validity.
    pub(crate) not_after: Option<Timestamp>,
    /// What the authority copied from the identity token: the claim's number below Fulcio's arc, and its value.
    pub(crate) claims: Vec<(u32, String)>,
}

/// Fulcio's arc: its `oid-info.md`.
const CLAIMS: &str = "1.3.6.1.4.1.57264.1.";
/// The claim that names the identity provider.
const ISSUER: u32 = 8;
const SUBJECT_ALT_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");

impl Certificate {
    /// Reads one certificate in DER.
    pub(crate) fn read(der: &[u8]) -> Result<Self, der::Error> {
        let body = x509_cert::Certificate::from_der(der)?.tbs_certificate;
        let extensions = body.extensions.unwrap_or_default();
        let mut claims: Vec<_> = extensions.iter().filter_map(claim).collect();
        let issuer = claims
            .iter()
            .position(|(number, _)| *number == ISSUER)
            .map(|at| claims.remove(at).1);
        Ok(Self {
            names: extensions
                .iter()
                .filter(|it| it.extn_id == SUBJECT_ALT_NAME)
                .flat_map(names)
                .collect(),
            issuer,
            not_before: instant(&body.validity.not_before),
            not_after: instant(&body.validity.not_after),
            claims,
        })
    }
}

/// A claim's name for people; the certificate has a number.
pub(crate) fn claim_label(number: u32) -> String {
    let label = match number {
        9 => "signed by",
        10 => "signer version",
        11 => "runner",
        12 => "repository",
        13 => "commit",
        14 => "ref",
        15 => "repository id",
        16 => "owner",
        17 => "owner id",
        18 => "workflow",
        19 => "workflow version",
        20 => "trigger",
        21 => "run",
        22 => "visibility",
        23 => "environment",
        24 => "token subject",
        _ => return format!("claim {number}"),
    };
    label.to_owned()
}

fn instant(time: &Time) -> Option<Timestamp> {
    Timestamp::from_second(i64::try_from(time.to_unix_duration().as_secs()).ok()?).ok()
}

fn names(extension: &Extension) -> Vec<String> {
    let read = SubjectAltName::from_der(extension.extn_value.as_bytes());
    let text = |name: &GeneralName| match name {
        GeneralName::Rfc822Name(name)
        | GeneralName::DnsName(name)
        | GeneralName::UniformResourceIdentifier(name) => name.to_string(),
        other => other.to_der().map_or_else(
            |_| "a name that cannot be shown".to_owned(),
            |der| hex(&der),
        ),
    };
    read.map(|names| names.0.iter().map(text).collect())
        .unwrap_or_default()
}

fn claim(extension: &Extension) -> Option<(u32, String)> {
    let number = extension
        .extn_id
        .to_string()
        .strip_prefix(CLAIMS)?
        .parse()
        .ok()?;
    let value = extension.extn_value.as_bytes();
    // The claims before 8 are bare text, the others DER strings.
    let text = match Utf8StringRef::from_der(value) {
        Ok(text) => text.as_str().to_owned(),
        Err(_) => String::from_utf8(value.to_vec()).unwrap_or_else(|_| hex(value)),
    };
    Some((number, text))
}
