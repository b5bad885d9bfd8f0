//! The strict reader of outside JSON.
//!
//! Lenient readers see different documents in the same bytes: the first or the last of two equal keys, a number or
//! its rounding, text before or after the value. An attestation is read by many programs, so what two of them could
//! read differently is refused here.

mod fields;

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeOwned, DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::map::Entry;
use serde_json::{Map, Value};

pub use fields::FieldError;
pub(crate) use fields::{Object, camel_case, type_of};

/// Arrays and objects inside each other. A provenance object needs 10, the deepest SLSA predicates seen about as many;
/// every reader's stack survives this.
pub(crate) const MAX_DEPTH: usize = 32;

/// Values in one document. A megabyte of `[[],[],…]` would become 30 MB of memory; the largest real documents have
/// some hundred values, an SLSA predicate that names a thousand dependencies some thousands.
pub(crate) const MAX_VALUES: usize = 100_000;

/// Why text is not the JSON that this crate reads.
#[derive(Debug, thiserror::Error)]
pub enum JsonError {
    /// More bytes than the kind of document may have.
    #[error("expected at most {limit} bytes of JSON, found {found}")]
    TooLarge {
        /// The most that is read.
        limit: usize,
        /// What was offered.
        found: usize,
    },
    /// RFC 8259 §8.1 forbids a byte order mark, and readers differ on it.
    #[error("expected JSON, found a byte order mark in front of it")]
    ByteOrderMark,
    /// RFC 8259 §8.1: UTF-8 is the one encoding.
    #[error("expected JSON in UTF-8, found other bytes")]
    NotUtf8(#[source] std::str::Utf8Error),
    /// One object has a key twice: readers differ on which one counts (RFC 8259 §4).
    #[error("the key {key:?} occurs twice in one object")]
    DuplicateKey {
        /// The key, shortened.
        key: String,
    },
    /// Deeper than any real document.
    #[error("arrays and objects are nested more than {MAX_DEPTH} deep")]
    TooDeep,
    /// More than any real document.
    #[error("the document has more than {MAX_VALUES} values")]
    TooManyValues,
    /// Something follows the value.
    #[error("expected nothing after the JSON value, found more")]
    Trailing(#[source] serde_json::Error),
    /// No JSON by RFC 8259.
    #[error("not valid JSON")]
    Syntax(#[source] serde_json::Error),
}

/// The value in `bytes`: one document and nothing else, at most `limit` bytes, without what two readers could read
/// differently: see [`JsonError`].
pub fn read(bytes: &[u8], limit: usize) -> Result<Value, JsonError> {
    Ok(read_text(bytes, limit)?.0)
}

/// `value` as a `T`, if it is an object: serde makes a struct of an array of its fields, too.
pub fn from_object<T: DeserializeOwned>(value: Value) -> Result<T, serde_json::Error> {
    match value {
        Value::Object(fields) => T::deserialize(fields),
        other => {
            let found = type_of(&other);
            Err(serde_json::Error::custom(format!(
                "expected an object, found {found}"
            )))
        }
    }
}

/// [`read`], and the text of the document.
pub(crate) fn read_text(bytes: &[u8], limit: usize) -> Result<(Value, &str), JsonError> {
    let text = text(bytes, limit)?;
    let state = State::default();
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = Node {
        state: &state,
        depth: 0,
    }
    .deserialize(&mut reader)
    .map_err(|error| state.refused.take().unwrap_or(JsonError::Syntax(error)))?;
    reader.end().map_err(JsonError::Trailing)?;
    Ok((value, text))
}

/// `bytes` as the text of a document: bounded, UTF-8, no mark in front. Its syntax is not looked at.
pub(crate) fn text(bytes: &[u8], limit: usize) -> Result<&str, JsonError> {
    if bytes.len() > limit {
        return Err(JsonError::TooLarge {
            limit,
            found: bytes.len(),
        });
    }
    if bytes.starts_with(b"\xef\xbb\xbf") {
        return Err(JsonError::ByteOrderMark);
    }
    std::str::from_utf8(bytes).map_err(JsonError::NotUtf8)
}

/// What one read keeps beside the value: the rule that was broken, since serde's errors hold only text.
#[derive(Default)]
struct State {
    refused: Cell<Option<JsonError>>,
    values: Cell<usize>,
}

struct Node<'a> {
    state: &'a State,
    depth: usize,
}

impl Node<'_> {
    fn refuse<E: serde::de::Error>(&self, why: JsonError) -> E {
        let error = E::custom(&why);
        self.state.refused.set(Some(why));
        error
    }

    fn inner<E: serde::de::Error>(&self) -> Result<Self, E> {
        if self.depth >= MAX_DEPTH {
            return Err(self.refuse(JsonError::TooDeep));
        }
        Ok(Self {
            state: self.state,
            depth: self.depth + 1,
        })
    }

    fn again(&self) -> Self {
        Self {
            state: self.state,
            depth: self.depth,
        }
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        let values = self.state.values.get() + 1;
        if values > MAX_VALUES {
            return Err(self.refuse(JsonError::TooManyValues));
        }
        self.state.values.set(values);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        let number = serde_json::Number::from_f64(value);
        number
            .map(Value::Number)
            .ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(inner.again())? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut fields = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            match fields.entry(key) {
                Entry::Vacant(place) => {
                    place.insert(map.next_value_seed(inner.again())?);
                }
                Entry::Occupied(there) => {
                    let key = shown(there.key());
                    return Err(self.refuse(JsonError::DuplicateKey { key }));
                }
            }
        }
        Ok(Value::Object(fields))
    }
}

/// `text` as it may stand in a message: the start of a long one, control characters escaped.
pub(crate) fn shown(text: &str) -> String {
    /// Long enough for a URL; a message ends up in a log line or an HTTP reason phrase.
    const SHOWN: usize = 160;
    let mut shown = String::new();
    for c in text.chars().take(SHOWN) {
        if c.is_control() {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

/// Valid JSON `text` without the white space between its tokens and with every character beyond ASCII escaped: the
/// same document to every reader, key order and number spelling kept.
pub(crate) fn compact_ascii(text: &str) -> String {
    let mut compact = String::with_capacity(text.len());
    let mut in_string = false;
    let mut escaped = false;
    for c in text.chars() {
        if in_string {
            if escaped {
                escaped = false;
            } else if c == '\\' {
                escaped = true;
            } else if c == '"' {
                in_string = false;
            }
        } else if c == '"' {
            in_string = true;
        } else if c.is_ascii_whitespace() {
            continue;
        }
        if c.is_ascii() {
            compact.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                compact.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    compact
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &[u8]) -> JsonError {
        read(text, 4096).unwrap_err()
    }

    #[test]
    fn what_it_reads_is_what_serde_json_reads() {
        for text in [
            "null",
            " { } ",
            r#"{"a":[1,-1,1.5,1e3,true,false,null,"x\u00e9\ud83d\ude00"],"b":{"a":{}}}"#,
            "18446744073709551615",
            "[]\n",
        ] {
            let expected: Value = serde_json::from_str(text).unwrap();
            assert_eq!(read(text.as_bytes(), 4096).unwrap(), expected);
        }
    }

    #[test]
    fn each_rule_has_its_own_refusal() {
        use JsonError as E;
        assert!(matches!(
            read(b"[1]", 2).unwrap_err(),
            E::TooLarge { limit: 2, found: 3 }
        ));
        assert!(matches!(refusal(b"\xef\xbb\xbf{}"), E::ByteOrderMark));
        assert!(matches!(refusal(b"\xff\xfe{\0}\0"), E::NotUtf8(_)));
        assert!(
            matches!(refusal(br#"{"a":{"b":1,"c":2,"b":1}}"#), E::DuplicateKey { key } if key == "b")
        );
        assert!(matches!(refusal(br#"{"a":1,"\u0061":1}"#), E::DuplicateKey { key } if key == "a"));
        assert!(matches!(refusal(b"{} {}"), E::Trailing(_)));
        assert!(matches!(refusal(b"{}\0"), E::Trailing(_)));
        for syntax in [
            &b""[..],
            b"{",
            b"nan",
            b"[NaN]",
            b"01",
            b"[1,]",
            br#""\ud800""#,
            br#"{"a" 1}"#,
            b"'a'",
            b"1e999",
            b"\"\x01\"",
        ] {
            assert!(matches!(refusal(syntax), E::Syntax(_)), "{syntax:?}");
        }
    }

    #[test]
    fn depth_and_number_of_values_are_bounded() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(read(nested(MAX_DEPTH).as_bytes(), 1 << 20).is_ok());
        let deep = nested(MAX_DEPTH + 1);
        assert!(matches!(refusal(deep.as_bytes()), JsonError::TooDeep));
        let abyss = "[".repeat(100_000);
        assert!(matches!(
            read(abyss.as_bytes(), 1 << 20).unwrap_err(),
            JsonError::TooDeep
        ));
        let wide = format!("[{}0]", "0,".repeat(MAX_VALUES - 2));
        assert!(read(wide.as_bytes(), 1 << 20).is_ok());
        let wider = format!("[{}0]", "0,".repeat(MAX_VALUES - 1));
        assert!(matches!(
            read(wider.as_bytes(), 1 << 20).unwrap_err(),
            JsonError::TooManyValues
        ));
    }

    #[test]
    fn a_message_shows_the_start_and_no_control_character() {
        assert_eq!(shown("é\r\n\0"), "é\\r\\n\\u{0}");
        assert_eq!(shown(&"é".repeat(160)), "é".repeat(160));
        assert_eq!(shown(&"é".repeat(161)), format!("{}…", "é".repeat(160)));
    }

    #[test]
    fn compacting_changes_no_value() {
        let text = "{ \"a b\" : [ 1.50 , \"\\\" \\\\\" , \"— 😀\" ] ,\n \"c\" : -0 }";
        let compact = compact_ascii(text);
        assert_eq!(
            compact,
            r#"{"a b":[1.50,"\" \\","\u2014 \ud83d\ude00"],"c":-0}"#
        );
        let value = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        assert_eq!(value(&compact), value(text));
    }
}
