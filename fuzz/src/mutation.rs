//! A document changed step by step, each step read from the fuzzer's bytes: the JSON's shape, a text, the bytes behind
//! base64, the DER or the JSON inside those.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::der;

/// The fuzzer's bytes as a row of small decisions; zeros once they are used up.
pub(crate) struct Input<'i>(pub(crate) &'i [u8]);

impl<'i> Input<'i> {
    pub(crate) fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        *first
    }

    /// Two bytes' choice of a number under `limit`.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        let choice = usize::from(self.byte()) << 8 | usize::from(self.byte());
        choice % limit.max(1)
    }

    /// As many bytes as the next one says, at most `limit`.
    pub(crate) fn take(&mut self, limit: usize) -> &'i [u8] {
        let count = usize::from(self.byte()).min(limit).min(self.0.len());
        let (taken, rest) = self.0.split_at(count);
        self.0 = rest;
        taken
    }
}

/// One small damage.
pub(crate) fn change_bytes(good: &[u8], input: &mut Input<'_>) -> Vec<u8> {
    let mut bytes = good.to_vec();
    let at = input.below(bytes.len() + 1);
    let kind = input.byte() % 6;
    if at == bytes.len() {
        bytes.extend(input.take(8));
        return bytes;
    }
    match kind {
        0 => bytes[at] ^= 1 << (input.byte() % 8),
        1 => bytes[at] = input.byte(),
        2 => bytes.truncate(at),
        3 => {
            bytes.remove(at);
        }
        4 => {
            bytes.splice(at..at, input.take(40).iter().copied());
        }
        _ => {
            let end = (at + usize::from(input.byte())).min(bytes.len());
            let part = bytes[at..end].to_vec();
            bytes.splice(at..at, part);
        }
    }
    bytes
}

/// One change somewhere in `document`.
pub(crate) fn change(document: &mut Value, input: &mut Input<'_>, depth: usize) {
    let mut at = input.below(count(document));
    if let Some(value) = find(document, &mut at) {
        change_value(value, input, depth);
    }
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Object(fields) => fields.values().map(count).sum(),
        _ => 0,
    }
}

fn find<'v>(value: &'v mut Value, at: &mut usize) -> Option<&'v mut Value> {
    if *at == 0 {
        return Some(value);
    }
    *at -= 1;
    match value {
        Value::Array(items) => items.iter_mut().find_map(|item| find(item, at)),
        Value::Object(fields) => fields.values_mut().find_map(|item| find(item, at)),
        _ => None,
    }
}

fn change_value(value: &mut Value, input: &mut Input<'_>, depth: usize) {
    let kind = input.byte();
    if kind >= 0xe0 {
        *value = other(input);
        return;
    }
    match value {
        Value::String(text) => {
            let changed = change_text(text, kind, input, depth);
            *text = changed;
        }
        Value::Array(items) => change_items(items, kind, input),
        Value::Object(fields) => change_fields(fields, kind, input),
        Value::Number(number) => {
            *value = number
                .as_u64()
                .map_or(Value::Null, |it| it.wrapping_add(u64::from(kind)).into());
        }
        Value::Null | Value::Bool(_) => *value = other(input),
    }
}

fn other(input: &mut Input<'_>) -> Value {
    match input.byte() % 10 {
        0 => Value::Null,
        1 => json!(true),
        2 => json!(0),
        3 => json!(u64::MAX),
        4 => json!(-1),
        5 => json!(1.5),
        6 => json!([]),
        7 => json!({}),
        8 => json!(""),
        _ => String::from_utf8_lossy(input.take(60)).into_owned().into(),
    }
}

fn change_items(items: &mut Vec<Value>, kind: u8, input: &mut Input<'_>) {
    let at = input.below(items.len());
    match (kind % 4, items.get(at).cloned()) {
        (0, Some(item)) => items.insert(at, item),
        (1, Some(_)) => {
            items.remove(at);
        }
        (2, Some(_)) => items.reverse(),
        _ => items.insert(at, other(input)),
    }
}

fn change_fields(fields: &mut Map<String, Value>, kind: u8, input: &mut Input<'_>) {
    let keys: Vec<String> = fields.keys().cloned().collect();
    let mut pick = || {
        keys.get(input.below(keys.len()))
            .cloned()
            .unwrap_or_default()
    };
    let (one, another) = (pick(), pick());
    match kind % 4 {
        0 => {
            fields.remove(&one);
        }
        1 => {
            let value = fields.get(&another).cloned().unwrap_or_default();
            fields.insert(one, value);
        }
        2 => {
            let value = fields.remove(&one).unwrap_or_default();
            fields.insert(format!("{one}x"), value);
        }
        _ => {
            fields.insert("unknown".to_owned(), other(input));
        }
    }
}

/// The text itself, or what it encodes.
fn change_text(text: &str, kind: u8, input: &mut Input<'_>, depth: usize) -> String {
    let inside = STANDARD
        .decode(text.replace('\n', ""))
        .ok()
        .filter(|bytes| bytes.len() > 8);
    let Some(bytes) = inside.filter(|_| !kind.is_multiple_of(8)) else {
        return String::from_utf8_lossy(&change_bytes(text.as_bytes(), input)).into_owned();
    };
    let as_json = (kind % 8 < 5 && depth < 3)
        .then(|| serde_json::from_slice::<Value>(&bytes).ok())
        .flatten();
    let changed = if let Some(mut value) = as_json {
        change(&mut value, input, depth + 1);
        value.to_string().into_bytes()
    } else if kind % 8 < 6 {
        change_der(&bytes, input)
    } else {
        change_bytes(&bytes, input)
    };
    STANDARD.encode(changed)
}

/// Also inside PEM.
fn change_der(bytes: &[u8], input: &mut Input<'_>) -> Vec<u8> {
    const BEGIN: &str = "-----BEGIN CERTIFICATE-----\n";
    const END: &str = "\n-----END CERTIFICATE-----\n";
    let pem = std::str::from_utf8(bytes).ok();
    let pem = pem.and_then(|pem| pem.strip_prefix(BEGIN)?.strip_suffix(END));
    let changed = match pem.and_then(|pem| STANDARD.decode(pem.replace('\n', "")).ok()) {
        Some(inside) => der::change(&inside, input)
            .map(|changed| format!("{BEGIN}{}{END}", STANDARD.encode(changed)).into_bytes()),
        None => der::change(bytes, input),
    };
    changed.unwrap_or_else(|| change_bytes(bytes, input))
}
