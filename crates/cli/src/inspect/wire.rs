//! Pieces of protobuf's JSON, read as they come: what `inspect` shows need not be anything that verification accepts.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};
use touchplate_attest::root_facts::Validity;

/// Bytes in base64.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Bytes(pub(super) Vec<u8>);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        // Some real bundles have lines in it.
        let bytes = STANDARD.decode(text.split_ascii_whitespace().collect::<String>());
        let expected = "standard base64 with padding";
        let bytes =
            bytes.map_err(|_| de::Error::invalid_value(de::Unexpected::Str(&text), &expected))?;
        Ok(Self(bytes))
    }
}

/// A 64-bit number: protobuf writes it as text, some programs as a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Number(pub(super) i64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Either;
        impl Visitor<'_> for Either {
            type Value = i64;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number, or one as text")
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<i64, E> {
                Ok(number)
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<i64, E> {
                let unexpected = de::Unexpected::Unsigned(number);
                i64::try_from(number).map_err(|_| E::invalid_value(unexpected, &self))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<i64, E> {
                let unexpected = de::Unexpected::Str(text);
                text.parse()
                    .map_err(|_| E::invalid_value(unexpected, &self))
            }
        }
        from.deserialize_any(Either).map(Self)
    }
}

/// A certificate's or key's DER.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct RawBytes {
    pub(super) raw_bytes: Bytes,
}

/// Certificates, the lowest first.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Chain {
    pub(super) certificates: Vec<RawBytes>,
}

/// When something counts.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Window {
    pub(super) start: Option<Timestamp>,
    pub(super) end: Option<Timestamp>,
}

impl From<Window> for Validity {
    fn from(Window { start, end }: Window) -> Self {
        Self { start, end }
    }
}
