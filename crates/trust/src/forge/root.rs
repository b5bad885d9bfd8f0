//! `trusted_root.json` (Sigstore's `trustedroot+json;version=0.1`): what a domain's verifiers believe, and when.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::forge::domain::Domain;
use crate::forge::entry::key_details;
use crate::forge::recipe::later;
use crate::keys::SigningKey;

/// Keys and authorities are believed from a year before the domain was made: tests sign in the past.
const YEAR: SignedDuration = SignedDuration::from_hours(24 * 365);

/// When a key or an authority is believed; both ends belong to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// From when on.
    pub start: Timestamp,
    /// Until when; without end if there is none.
    pub end: Option<Timestamp>,
}

/// When each part of a domain is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Windows {
    /// The key of the transparency log of Rekor's version 1.
    pub log: Window,
    /// The key of the transparency log of Rekor's version 2.
    pub log_v2: Window,
    /// The certificate authority.
    pub authority: Window,
    /// The certificate log's key.
    pub certificate_log: Window,
    /// The timestamp authority.
    pub stamps: Window,
}

impl Windows {
    /// Everything is believed from a year before `made`, without end.
    pub(crate) fn since(made: Timestamp) -> Self {
        let window = Window {
            start: later(made, -YEAR),
            end: None,
        };
        Self {
            log: window.clone(),
            log_v2: window.clone(),
            authority: window.clone(),
            certificate_log: window.clone(),
            stamps: window,
        }
    }
}

impl Window {
    fn to_json(&self) -> Value {
        // Whole seconds: some readers of protobuf's JSON take 3, 6 or 9 digits of a fraction and no other number.
        let written = |time: Timestamp| {
            let second = Timestamp::from_second(time.as_second());
            second.unwrap_or(time).to_string()
        };
        match self.end {
            None => json!({"start": written(self.start)}),
            Some(end) => json!({"start": written(self.start), "end": written(end)}),
        }
    }
}

impl Domain {
    /// The domain's `trusted_root.json`, as Sigstore's clients read it.
    pub fn trusted_root_json(&self) -> Vec<u8> {
        self.trusted_root_json_within(&self.windows)
    }

    /// When each part of the domain is believed, to be changed and given to
    /// [`trusted_root_json_within`](Self::trusted_root_json_within).
    pub fn windows(&self) -> Windows {
        self.windows.clone()
    }

    /// The same root with other windows, such as one of a log that has ended.
    pub fn trusted_root_json_within(&self, windows: &Windows) -> Vec<u8> {
        let chain = |certificates: &[Vec<u8>]| {
            let certificates = certificates.iter();
            let certificates = certificates.map(|der| json!({"rawBytes": STANDARD.encode(der)}));
            json!({"certificates": certificates.collect::<Vec<_>>()})
        };
        let logs = [(&self.log, &windows.log), (&self.log_v2, &windows.log_v2)];
        let logs = logs.map(|(it, window)| log(&it.name, &it.key, it.id(), window));
        let certificate_log = log(
            &format!("ctlog.{}", self.name),
            &self.certificate_log.key,
            self.certificate_log.key.id(),
            &windows.certificate_log,
        );
        let root = json!({
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": logs,
            "certificateAuthorities": [{
                "subject": {"organization": self.name, "commonName": "root"},
                "uri": format!("https://fulcio.{}", self.name),
                "certChain": chain(self.authority.chain()),
                "validFor": windows.authority.to_json(),
            }],
            "ctlogs": [certificate_log],
            "timestampAuthorities": [{
                "subject": {"organization": self.name, "commonName": "timestamps root"},
                "uri": format!("https://timestamp.{}/api/v1/timestamp", self.name),
                "certChain": chain(&self.stamps.certificates()),
                "validFor": windows.stamps.to_json(),
            }],
        });
        root.to_string().into_bytes()
    }
}

fn log(name: &str, key: &SigningKey, id: [u8; 32], window: &Window) -> Value {
    json!({
        "baseUrl": format!("https://{name}"),
        "hashAlgorithm": "SHA2_256",
        "publicKey": {
            "rawBytes": STANDARD.encode(key.public()),
            "keyDetails": key_details(key),
            "validFor": window.to_json(),
        },
        "logId": {"keyId": STANDARD.encode(id)},
    })
}
