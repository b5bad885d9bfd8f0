//! When a key or an authority is believed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// When a key or an authority is believed; both ends belong to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// From when on.
    pub start: Timestamp,
    /// Until when; without end if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<Timestamp>,
}

impl Window {
    /// Whether `time` is in it.
    pub fn contains(&self, time: Timestamp) -> bool {
        self.start <= time && self.end.is_none_or(|end| time <= end)
    }

    /// As Sigstore's roots write it.
    pub(crate) fn to_json(&self) -> Value {
        match self.end {
            None => json!({"start": whole_second(self.start).to_string()}),
            Some(end) => json!({
                "start": whole_second(self.start).to_string(),
                "end": whole_second(end).to_string(),
            }),
        }
    }
}

/// The second that `time` is in. Some readers of protobuf's JSON take 3, 6 or 9 digits of a fraction and no other number.
pub(crate) fn whole_second(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}
