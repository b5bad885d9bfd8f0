//! A signing certificate, told as it stands: also one that breaks Sigstore's profile, which `verify` refuses. Nothing that
//! is read here is ever believed.

use der::asn1::{ObjectIdentifier, OctetStringRef, Utf8StringRef};
use der::{Decode as _, Encode as _};
use jiff::Timestamp;
use serde_json::{Value, json};
use touchplate_attest::Sha256;
use touchplate_attest::crypto::KeyKind;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{BasicConstraints, SubjectAltName};
use x509_cert::time::Time;

use crate::report::causes;
use crate::screen::{Page, hex, instant};

/// What a certificate says.
#[derive(Debug)]
pub(super) struct Certificate {
    /// SHA-256 of the certificate.
    sha256: Sha256,
    serial: String,
    /// Whose it is, by its subject; signing certificates of Sigstore have none.
    subject: String,
    /// Who issued it.
    authority: String,
    /// Subject alternative names.
    names: Vec<String>,
    /// The identity provider that the authority asked (claim 8, or 1 in old certificates).
    issuer: Option<String>,
    not_before: Option<Timestamp>,
    not_after: Option<Timestamp>,
    key: &'static str,
    key_sha256: Option<Sha256>,
    is_authority: bool,
    /// What the authority copied from the identity token: the claim's number below Fulcio's arc, and its value.
    claims: Vec<(u32, String)>,
    /// Certificate timestamps (RFC 6962): the log's id and its time.
    logged: Vec<(Vec<u8>, Option<Timestamp>)>,
    /// There is a list of them that cannot be read.
    logged_unreadably: bool,
}

/// Fulcio's arc: its `oid-info.md`.
const CLAIMS: &str = "1.3.6.1.4.1.57264.1.";
/// The claim that names the identity provider, and the one that did before there was that.
const ISSUER: u32 = 8;
const OLD_ISSUER: u32 = 1;
const SUBJECT_ALT_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");
const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
/// Embedded certificate timestamps (RFC 6962 §3.3).
const CERTIFICATE_TIMESTAMPS: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.3.6.1.4.1.11129.2.4.2");

impl Certificate {
    /// Reads one certificate in DER.
    pub(super) fn read(der: &[u8]) -> Result<Self, der::Error> {
        let body = x509_cert::Certificate::from_der(der)?.tbs_certificate;
        let extensions = body.extensions.unwrap_or_default();
        let mut claims: Vec<_> = extensions.iter().filter_map(claim).collect();
        let issuer = claims
            .iter()
            .position(|(number, _)| *number == ISSUER)
            .map(|at| claims.remove(at).1);
        let old = claims.iter().find(|(number, _)| *number == OLD_ISSUER);
        let issuer = issuer.or_else(|| old.map(|(_, value)| value.clone()));
        let of = |oid| extensions.iter().filter(move |it| it.extn_id == oid);
        let logged = of(CERTIFICATE_TIMESTAMPS).map(|it| timestamps(it.extn_value.as_bytes()));
        let logged: Option<Vec<_>> = logged.collect();
        let constraints =
            of(BASIC_CONSTRAINTS).map(|it| BasicConstraints::from_der(it.extn_value.as_bytes()));
        let key = body.subject_public_key_info.to_der().ok();
        Ok(Self {
            sha256: Sha256::of(der),
            serial: hex(body.serial_number.as_bytes()),
            subject: body.subject.to_string(),
            authority: body.issuer.to_string(),
            names: of(SUBJECT_ALT_NAME).flat_map(names).collect(),
            issuer,
            not_before: time(&body.validity.not_before),
            not_after: time(&body.validity.not_after),
            key: key.as_deref().map_or(OTHER_KEY, key_kind),
            key_sha256: key.as_deref().map(Sha256::of),
            is_authority: constraints.flatten().any(|it| it.ca),
            claims,
            logged_unreadably: logged.is_none(),
            logged: logged.unwrap_or_default().into_iter().flatten().collect(),
        })
    }

    /// What it is, in words.
    pub(super) fn what(&self) -> &'static str {
        if self.is_authority {
            "a certificate authority's certificate"
        } else if self.issuer.is_some() {
            "a signing certificate"
        } else {
            "a certificate"
        }
    }

    /// One line of it.
    pub(super) fn summary(&self) -> String {
        let name = match self.names.first() {
            Some(name) => name,
            None => &self.subject,
        };
        format!(
            "{name}, {}, {}, sha256 {}",
            self.key,
            self.validity(),
            self.sha256
        )
    }

    fn validity(&self) -> String {
        let time = |time: Option<Timestamp>| time.map_or_else(|| "no time".to_owned(), instant);
        format!("{} to {}", time(self.not_before), time(self.not_after))
    }

    /// For people.
    pub(super) fn text(&self, page: &mut Page) {
        for name in &self.names {
            page.row("certificate of", name);
        }
        if self.names.is_empty() || !self.subject.is_empty() {
            page.row("subject", &self.subject);
        }
        if self.is_authority {
            page.row("may issue", "certificates");
        }
        // An authority's own certificate is not about anybody's identity.
        if self.issuer.is_some() || !self.is_authority {
            let issuer = self.issuer.as_deref();
            page.row("vouched for by", issuer.unwrap_or("nobody"));
        }
        page.row("issued by", &self.authority);
        page.row("valid", &self.validity());
        page.row("key", self.key);
        page.row("serial number", &self.serial);
        page.row("sha256", &self.sha256.to_string());
        for (log, time) in &self.logged {
            let time = time.map_or_else(|| "no time".to_owned(), instant);
            page.row("logged at", &format!("{time}, in the log {}", hex(log)));
        }
        if self.logged_unreadably {
            page.row("logged at", "a malformed list of timestamps");
        }
        for (number, value) in &self.claims {
            page.row(&claim_label(*number), value);
        }
    }

    /// For programs.
    pub(super) fn json(&self) -> Value {
        let claims = self
            .claims
            .iter()
            .map(|(number, value)| (number.to_string(), value.as_str().into()));
        let logged = self.logged.iter();
        let logged = logged.map(|(log, time)| json!({"log_id": hex(log), "time": time}));
        json!({
            "names": self.names,
            "subject": self.subject,
            "authority": self.authority,
            "is_authority": self.is_authority,
            "issuer": self.issuer,
            "not_before": self.not_before,
            "not_after": self.not_after,
            "serial_number": self.serial,
            "sha256": self.sha256,
            "key": {"kind": self.key, "sha256": self.key_sha256},
            "claims": claims.collect::<serde_json::Map<_, _>>(),
            "certificate_timestamps": (!self.logged_unreadably).then(|| logged.collect::<Vec<_>>()),
        })
    }

    /// For programs, of a certificate that stands in another document: what it says, or why it cannot be read.
    pub(super) fn read_json(der: &[u8]) -> Value {
        match Self::read(der) {
            Ok(read) => read.json(),
            Err(error) => json!({"unreadable": causes(&error).collect::<Vec<_>>()}),
        }
    }
}

const OTHER_KEY: &str = "of another kind";

fn key_kind(spki: &[u8]) -> &'static str {
    match KeyKind::of_spki(spki) {
        Ok(KeyKind::P256) => "P-256",
        Ok(KeyKind::P384) => "P-384",
        Ok(KeyKind::P521) => "P-521",
        Ok(KeyKind::Ed25519) => "Ed25519",
        Ok(KeyKind::Rsa) => "RSA",
        Err(_) => OTHER_KEY,
    }
}

/// A claim's name for people; the certificate has a number.
fn claim_label(number: u32) -> String {
    let label = match number {
        1 => "provider",
        2 => "GitHub trigger",
        3 => "GitHub commit",
        4 => "GitHub workflow",
        5 => "GitHub repo",
        6 => "GitHub ref",
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

fn time(time: &Time) -> Option<Timestamp> {
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

/// The log and the time of each embedded certificate timestamp: RFC 6962 §3.2 and §3.3, in TLS's encoding.
fn timestamps(extension: &[u8]) -> Option<Vec<(Vec<u8>, Option<Timestamp>)>> {
    let mut rest = OctetStringRef::from_der(extension).ok()?.as_bytes();
    let mut list = counted(&mut rest)?;
    let mut found = Vec::new();
    while !list.is_empty() {
        let mut one = counted(&mut list)?;
        // Version 1 is 0.
        let (0, after) = one.split_first()? else {
            return None;
        };
        one = after;
        let (log, after) = one.split_at_checked(32)?;
        let (time, _extensions_and_signature) = after.split_first_chunk::<8>()?;
        let millisecond = i64::try_from(u64::from_be_bytes(*time)).ok();
        let time = millisecond.and_then(|it| Timestamp::from_millisecond(it).ok());
        found.push((log.to_vec(), time));
    }
    rest.is_empty().then_some(found)
}

/// Takes bytes with their number, in two bytes, in front.
fn counted<'b>(from: &mut &'b [u8]) -> Option<&'b [u8]> {
    let (count, after) = from.split_first_chunk::<2>()?;
    let (bytes, rest) = after.split_at_checked(usize::from(u16::from_be_bytes(*count)))?;
    *from = rest;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_certificate_timestamps_is_whole_or_unreadable() {
        let mut one = vec![0];
        one.extend([7; 32]);
        one.extend(1_700_000_000_123_u64.to_be_bytes());
        one.extend([0, 0, 4, 3, 0, 1, 9]);
        let list = |one: &[u8], more: usize| {
            let mut bytes = vec![0x04, u8::try_from(one.len() + 4).unwrap(), 0];
            bytes.push(u8::try_from(one.len() + 2 + more).unwrap());
            bytes.extend([0, u8::try_from(one.len()).unwrap()]);
            bytes.extend(one);
            bytes
        };
        let time = Timestamp::from_millisecond(1_700_000_000_123).unwrap();
        assert_eq!(
            timestamps(&list(&one, 0)),
            Some(vec![(vec![7; 32], Some(time))])
        );
        assert_eq!(timestamps(&[4, 2, 0, 0]), Some(Vec::new()));
        assert_eq!(timestamps(&list(&one, 1)), None, "longer than it is");
        assert_eq!(timestamps(&list(&one[..40], 0)), None, "cut short");
        one[0] = 1;
        assert_eq!(timestamps(&list(&one, 0)), None, "another version");
        for bytes in [&[][..], &[4, 0], &[4, 1, 0], &[5, 0]] {
            assert_eq!(timestamps(bytes), None, "{bytes:?}");
        }
    }
}
