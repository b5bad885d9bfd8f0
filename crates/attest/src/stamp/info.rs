//! The TSTInfo: what an authority signs (RFC 3161 §2.4.2).

use der::asn1::{AnyRef, GeneralizedTime, ObjectIdentifier};
use der::{FixedTag as _, Reader, SliceReader, Tag, TagMode, TagNumber, Tagged as _};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use x509_cert::ext::Extensions;
use x509_cert::ext::pkix::name::GeneralName;
use x509_tsp::{Accuracy, MessageImprint};

use super::StampError;
use crate::crypto::Hash;

/// The digest of the message that was stamped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Imprint {
    pub(super) hash: Hash,
    pub(super) digest: Vec<u8>,
}

/// What is taken from a TSTInfo.
pub(super) struct Info {
    pub(super) time: Timestamp,
    pub(super) imprint: Imprint,
    /// The octets of the number that the request gave.
    pub(super) nonce: Option<Vec<u8>>,
}

/// A TSTInfo's time, message digest and nonce, the rest of it held against its format.
pub(super) fn read(der: &[u8]) -> Result<Info, StampError> {
    let fields = Fields::read(der).map_err(StampError::Info)?;
    if fields.version != [1] {
        let found = match fields.version {
            [byte] => byte.to_string(),
            bytes => hex::encode(bytes),
        };
        return Err(StampError::InfoVersion { found });
    }
    if let Some(extension) = fields.extensions.iter().flatten().find(|it| it.critical) {
        return Err(StampError::CriticalExtension {
            oid: extension.extn_id.to_string(),
        });
    }
    let imprint = read_imprint(&fields.imprint)?;
    let time = read_time(fields.time).ok_or_else(|| StampError::Time {
        found: String::from_utf8_lossy(fields.time).into_owned(),
    })?;
    Ok(Info {
        time,
        imprint,
        nonce: fields.nonce.map(<[u8]>::to_vec),
    })
}

struct Fields<'d> {
    version: &'d [u8],
    imprint: MessageImprint,
    time: &'d [u8],
    nonce: Option<&'d [u8]>,
    extensions: Option<Extensions>,
}

impl<'d> Fields<'d> {
    /// By hand, since the `TstInfo` of `x509-tsp` takes no fractions of a second, which RFC 3161 has.
    fn read(der: &'d [u8]) -> der::Result<Self> {
        let mut reader = SliceReader::new(der)?;
        let fields = reader.sequence(|reader| {
            let version = value(reader, Tag::Integer)?;
            let _policy: ObjectIdentifier = reader.decode()?;
            let imprint = reader.decode()?;
            let _serial_number = value(reader, Tag::Integer)?;
            let time = value(reader, GeneralizedTime::TAG)?;
            let _accuracy: Option<Accuracy> = reader.decode()?;
            let ordering: Option<bool> = reader.decode()?;
            if ordering == Some(false) {
                // The default, which DER leaves out.
                return Err(der::ErrorKind::Noncanonical { tag: Tag::Boolean }.into());
            }
            let has_nonce = !reader.is_finished() && reader.peek_tag()? == Tag::Integer;
            let nonce = has_nonce.then(|| value(reader, Tag::Integer)).transpose()?;
            let _authority: Option<GeneralName> = explicit(reader, TagNumber::N0)?;
            let extensions = reader.context_specific(TagNumber::N1, TagMode::Implicit)?;
            Ok(Self {
                version,
                imprint,
                time,
                nonce,
                extensions,
            })
        })?;
        reader.finish(fields)
    }
}

/// The bytes of a value that has this tag.
fn value<'d>(reader: &mut impl Reader<'d>, tag: Tag) -> der::Result<&'d [u8]> {
    let value: AnyRef<'d> = reader.decode()?;
    value.tag().assert_eq(tag)?;
    Ok(value.value())
}

/// An optional value in an explicit tag, for types without a tag of their own.
fn explicit<'d, T: der::Decode<'d>>(
    reader: &mut impl Reader<'d>,
    number: TagNumber,
) -> der::Result<Option<T>> {
    let tag = Tag::ContextSpecific {
        constructed: true,
        number,
    };
    if reader.is_finished() || reader.peek_tag()? != tag {
        return Ok(None);
    }
    T::from_der(value(reader, tag)?).map(Some)
}

fn read_imprint(imprint: &MessageImprint) -> Result<Imprint, StampError> {
    let oid = imprint.hash_algorithm.oid;
    let hash = Hash::of_oid(oid).ok_or_else(|| StampError::ImprintAlgorithm {
        oid: oid.to_string(),
    })?;
    let digest = imprint.hashed_message.as_bytes();
    let expected = match hash {
        Hash::Sha256 => 32,
        Hash::Sha384 => 48,
        Hash::Sha512 => 64,
    };
    if digest.len() != expected {
        return Err(StampError::ImprintLength {
            expected,
            found: digest.len(),
        });
    }
    Ok(Imprint {
        hash,
        digest: digest.to_vec(),
    })
}

/// RFC 3161 §2.4.2: `YYYYMMDDhhmmss[.s…]Z`, the fraction without trailing zeros; to the nanosecond here.
fn read_time(text: &[u8]) -> Option<Timestamp> {
    /// As many digits as a [`Timestamp`] has after the point.
    const FRACTION_DIGITS: usize = 9;
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let (whole, fraction) = match text.split_once('.') {
        Some((_, fraction)) if fraction.is_empty() || fraction.ends_with('0') => return None,
        Some(parts) => parts,
        None => (text, ""),
    };
    let is_decimal = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() != 14 || !is_decimal(whole) || !is_decimal(fraction) {
        return None;
    }
    if fraction.len() > FRACTION_DIGITS {
        return None;
    }
    let two = |from: usize| whole.get(from..from + 2)?.parse::<i8>().ok();
    let nanoseconds = format!("{fraction:0<FRACTION_DIGITS$}").parse().ok()?;
    let (year, month, day) = (whole.get(..4)?.parse().ok()?, two(4)?, two(6)?);
    let date = DateTime::new(year, month, day, two(8)?, two(10)?, two(12)?, nanoseconds).ok()?;
    TimeZone::UTC.to_timestamp(date).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_one_spelling() {
        let read = |text: &str| read_time(text.as_bytes()).map(|time| time.to_string());
        assert_eq!(
            read("20250131235959Z").as_deref(),
            Some("2025-01-31T23:59:59Z")
        );
        assert_eq!(
            read("20240229000000.05Z").as_deref(),
            Some("2024-02-29T00:00:00.05Z")
        );
        for other in [
            "",
            "Z",
            "20250131235959",
            "20250131235959z",
            "202501312359Z",
            "20250131235959.Z",
            "20250131235959.50Z",
            "20250131235959.1234567891Z",
            "20250131235959,5Z",
            "20250131235959+0000",
            "20250231000000Z",
            "20250131240000Z",
            "20250131235960Z",
            "2025013123595éZ",
            "+2501312359590Z",
        ] {
            assert_eq!(read(other), None, "{other:?}");
        }
    }
}
