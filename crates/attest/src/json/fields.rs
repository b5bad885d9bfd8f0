//! Access to the fields of a document that was read strictly.

use std::borrow::Cow;
use std::fmt;

use serde_json::{Map, Value};

use super::shown;
use crate::encoding::{self, Base64Error};

/// Why a field of a document is not what its format says.
#[derive(Debug, thiserror::Error)]
pub enum FieldError {
    /// The value is no object.
    #[error("expected {at} to be an object, found {found}")]
    NotAnObject {
        /// Where, as a path.
        at: String,
        /// The JSON type found.
        found: &'static str,
    },
    /// A required key is absent (or null).
    #[error("{at} has no `{key}`")]
    Missing {
        /// Where, as a path.
        at: String,
        /// The key.
        key: &'static str,
    },
    /// The value has another type.
    #[error("expected `{key}` of {at} to be {expected}, found {found}")]
    WrongType {
        /// Where, as a path.
        at: String,
        /// The key.
        key: &'static str,
        /// The type wanted.
        expected: &'static str,
        /// The JSON type found.
        found: &'static str,
    },
    /// The text is no canonical base64.
    #[error("`{key}` of {at} is not canonical base64")]
    Base64 {
        /// Where, as a path.
        at: String,
        /// The key.
        key: &'static str,
        /// What is wrong with it.
        source: Base64Error,
    },
    /// Decoded, it has another length.
    #[error("expected `{key}` of {at} to hold {expected} bytes, found {found}")]
    Length {
        /// Where, as a path.
        at: String,
        /// The key.
        key: &'static str,
        /// Bytes wanted.
        expected: usize,
        /// Bytes found.
        found: usize,
    },
    /// No whole number from 0 to 2⁶³-1 as protobuf's JSON writes it.
    #[error("expected `{key}` of {at} to be a decimal number from 0 to 2^63-1, found {found:?}")]
    Number {
        /// Where, as a path.
        at: String,
        /// The key.
        key: &'static str,
        /// What stands there, shortened.
        found: String,
    },
    /// An array is longer than its bound.
    #[error("expected at most {limit} items in `{key}` of {at}, found {found}")]
    TooMany {
        /// Where, as a path.
        at: String,
        /// The key.
        key: &'static str,
        /// The bound.
        limit: usize,
        /// The number found.
        found: usize,
    },
    /// The object is closed, and this key is not one of its keys.
    #[error("{at} has the unknown key {key:?}")]
    Unknown {
        /// Where, as a path.
        at: String,
        /// The key, shortened.
        key: String,
    },
}

/// An object with the name that messages call it by.
#[derive(Clone)]
pub(crate) struct Object<'v> {
    at: At,
    fields: &'v Map<String, Value>,
}

/// Where an object stands: put into words only for a message, since reading makes many and refuses few.
#[derive(Clone)]
struct At {
    root: Root,
    /// The keys below the root, outermost first.
    keys: [&'static str; At::KEYS],
    depth: usize,
}

#[derive(Clone)]
enum Root {
    Named(Cow<'static, str>),
    /// One of several, counted from 1.
    Numbered(&'static str, usize),
}

impl At {
    /// No format that is read here goes deeper.
    const KEYS: usize = 6;

    fn of(root: Root) -> Self {
        Self {
            root,
            keys: [""; Self::KEYS],
            depth: 0,
        }
    }

    fn below(&self, key: &'static str) -> Self {
        let mut below = self.clone();
        match below.keys.get_mut(below.depth) {
            Some(place) => {
                *place = key;
                below.depth += 1;
                below
            }
            None => Self::of(Root::Named(format!("`{key}` of {self}").into())),
        }
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for key in self.keys.iter().take(self.depth).rev() {
            write!(f, "`{key}` of ")?;
        }
        match &self.root {
            Root::Named(name) => f.write_str(name),
            Root::Numbered(name, number) => write!(f, "{name} {number}"),
        }
    }
}

impl<'v> Object<'v> {
    pub(crate) fn new(
        value: &'v Value,
        at: impl Into<Cow<'static, str>>,
    ) -> Result<Self, FieldError> {
        Self::at_place(value, At::of(Root::Named(at.into())))
    }

    /// The object that is called `name` and a number, counted from 1.
    pub(crate) fn numbered(
        value: &'v Value,
        name: &'static str,
        number: usize,
    ) -> Result<Self, FieldError> {
        Self::at_place(value, At::of(Root::Numbered(name, number)))
    }

    fn at_place(value: &'v Value, at: At) -> Result<Self, FieldError> {
        match value {
            Value::Object(fields) => Ok(Self { at, fields }),
            other => Err(FieldError::NotAnObject {
                at: at.to_string(),
                found: type_of(other),
            }),
        }
    }

    fn at(&self) -> String {
        self.at.to_string()
    }

    pub(crate) fn fields(&self) -> &'v Map<String, Value> {
        self.fields
    }

    /// The value under `key`; `null` counts as absent, as it does in protobuf's JSON and in what Python models write.
    pub(crate) fn optional(&self, key: &str) -> Option<&'v Value> {
        self.fields.get(key).filter(|value| !value.is_null())
    }

    pub(crate) fn required(&self, key: &'static str) -> Result<&'v Value, FieldError> {
        self.optional(key)
            .ok_or_else(|| FieldError::Missing { at: self.at(), key })
    }

    pub(crate) fn wrong_type(
        &self,
        key: &'static str,
        expected: &'static str,
        value: &Value,
    ) -> FieldError {
        FieldError::WrongType {
            at: self.at(),
            key,
            expected,
            found: type_of(value),
        }
    }

    pub(crate) fn object(&self, key: &'static str) -> Result<Object<'v>, FieldError> {
        let value = self.required(key)?;
        Object::at_place(value, self.at.below(key))
    }

    pub(crate) fn optional_object(
        &self,
        key: &'static str,
    ) -> Result<Option<Object<'v>>, FieldError> {
        self.optional(key).map(|_| self.object(key)).transpose()
    }

    pub(crate) fn array(&self, key: &'static str, limit: usize) -> Result<&'v [Value], FieldError> {
        match self.required(key)? {
            Value::Array(items) if items.len() > limit => Err(FieldError::TooMany {
                at: self.at(),
                key,
                limit,
                found: items.len(),
            }),
            Value::Array(items) => Ok(items),
            other => Err(self.wrong_type(key, "an array", other)),
        }
    }

    pub(crate) fn text(&self, key: &'static str) -> Result<&'v str, FieldError> {
        match self.required(key)? {
            Value::String(text) => Ok(text),
            other => Err(self.wrong_type(key, "a string", other)),
        }
    }

    pub(crate) fn optional_text(&self, key: &'static str) -> Result<Option<&'v str>, FieldError> {
        self.optional(key).map(|_| self.text(key)).transpose()
    }

    /// Canonical base64 on one line.
    pub(crate) fn bytes(&self, key: &'static str) -> Result<Vec<u8>, FieldError> {
        encoding::base64(self.text(key)?).map_err(|source| self.not_base64(key, source))
    }

    /// Canonical base64, on one line or in lines of 76 as MIME writes it.
    pub(crate) fn wrapped_bytes(&self, key: &'static str) -> Result<Vec<u8>, FieldError> {
        encoding::wrapped_base64(self.text(key)?).map_err(|source| self.not_base64(key, source))
    }

    fn not_base64(&self, key: &'static str, source: Base64Error) -> FieldError {
        FieldError::Base64 {
            at: self.at(),
            key,
            source,
        }
    }

    pub(crate) fn hash(&self, key: &'static str) -> Result<[u8; 32], FieldError> {
        let bytes = self.bytes(key)?;
        <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| FieldError::Length {
            at: self.at(),
            key,
            expected: 32,
            found: bytes.len(),
        })
    }

    /// An array of canonical base64, empty where it is absent.
    pub(crate) fn byte_strings(
        &self,
        key: &'static str,
        limit: usize,
    ) -> Result<Vec<Vec<u8>>, FieldError> {
        if self.optional(key).is_none() {
            return Ok(Vec::new());
        }
        let bytes = |item: &Value| {
            let Value::String(text) = item else {
                return Err(self.wrong_type(key, "an array of strings", item));
            };
            encoding::base64(text).map_err(|source| self.not_base64(key, source))
        };
        self.array(key, limit)?.iter().map(bytes).collect()
    }

    pub(crate) fn hashes(
        &self,
        key: &'static str,
        limit: usize,
    ) -> Result<Vec<[u8; 32]>, FieldError> {
        let hash = |bytes: Vec<u8>| {
            <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| FieldError::Length {
                at: self.at(),
                key,
                expected: 32,
                found: bytes.len(),
            })
        };
        let hashes = self.byte_strings(key, limit)?;
        hashes.into_iter().map(hash).collect()
    }

    /// An int64 of protobuf's JSON that must not be negative: a string of digits or a whole number, absent for 0.
    pub(crate) fn number(&self, key: &'static str) -> Result<u64, FieldError> {
        let Some(value) = self.optional(key) else {
            return Ok(0);
        };
        let number = match value {
            Value::String(text) => encoding::decimal(text),
            Value::Number(number) => number.as_u64(),
            other => return Err(self.wrong_type(key, "a number or a string of digits", other)),
        };
        let fits = number.filter(|&number| i64::try_from(number).is_ok());
        fits.ok_or_else(|| FieldError::Number {
            at: self.at(),
            key,
            found: shown(value.as_str().unwrap_or(&value.to_string())),
        })
    }

    /// Refuses keys other than `known`: the object belongs to a format in which an unknown key may change the meaning.
    pub(crate) fn only(&self, known: &[&str]) -> Result<(), FieldError> {
        match self
            .fields
            .keys()
            .find(|key| !known.contains(&key.as_str()))
        {
            Some(key) => Err(FieldError::Unknown {
                at: self.at(),
                key: shown(key),
            }),
            None => Ok(()),
        }
    }
}

/// A document of protobuf's JSON with each key in lowerCamelCase: parsers accept the original snake_case names as well
/// (ProtoJSON, "Field names"). A key in both spellings is a duplicate.
pub(crate) fn camel_case(value: Value) -> Result<Value, super::JsonError> {
    match value {
        Value::Array(items) => items.into_iter().map(camel_case).collect(),
        Value::Object(fields) => {
            let mut renamed = Map::new();
            for (key, value) in fields {
                let camel = if key.contains('_') { camel(&key) } else { key };
                if renamed.contains_key(&camel) {
                    return Err(super::JsonError::DuplicateKey { key: shown(&camel) });
                }
                renamed.insert(camel, camel_case(value)?);
            }
            Ok(Value::Object(renamed))
        }
        other => Ok(other),
    }
}

fn camel(key: &str) -> String {
    let mut camel = String::with_capacity(key.len());
    let mut upper = false;
    for c in key.chars() {
        if c == '_' {
            upper = true;
        } else if upper {
            camel.push(c.to_ascii_uppercase());
            upper = false;
        } else {
            camel.push(c);
        }
    }
    camel
}

/// What `value` is, in words.
pub(crate) fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_digits_or_a_whole_number_below_2_to_the_63() {
        let number = |json: &str| {
            let value: Value = serde_json::from_str(json).unwrap();
            Object::new(&value, "it").unwrap().number("n").ok()
        };
        assert_eq!(number(r#"{"n":"0"}"#), Some(0));
        assert_eq!(number(r#"{"n":7}"#), Some(7));
        assert_eq!(number(r#"{}"#), Some(0));
        assert_eq!(number(r#"{"n":null}"#), Some(0));
        assert_eq!(
            number(r#"{"n":"9223372036854775807"}"#),
            Some(i64::MAX as u64)
        );
        for refused in [
            r#""9223372036854775808""#,
            "9223372036854775808",
            r#""-1""#,
            "-1",
            "1.0",
            r#"" 1""#,
            r#""+1""#,
            r#""01""#,
            r#""""#,
            r#""0x1""#,
            r#""１""#,
            "true",
            "[1]",
        ] {
            assert_eq!(number(&format!(r#"{{"n":{refused}}}"#)), None, "{refused}");
        }
    }
}
