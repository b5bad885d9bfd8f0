//! `trusted_root.json` (Sigstore's `trustedroot+json;version=0.1`): what a domain's verifiers believe, and when.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::forge::domain::Domain;
use crate::forge::recipe::later;
use crate::keys::SigningKey;
use crate::roots::{authority_json, key_details, log_json};
use crate::window::Window;

/// Keys and authorities are believed from a year before the domain was made: tests sign in the past.
const YEAR: SignedDuration = SignedDuration::from_hours(24 * 365);

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
        let logs = [(&self.log, &windows.log), (&self.log_v2, &windows.log_v2)];
        let logs = logs.map(|(it, window)| log(&it.name, &it.key, it.id(), window));
        let certificate_log = log(
            &format!("ctlog.{}", self.name),
            &self.certificate_log.key,
            self.certificate_log.key.id(),
            &windows.certificate_log,
        );
        let authority = authority_json(
            &self.name,
            "root",
            &format!("https://fulcio.{}", self.name),
            self.authority.chain(),
            &windows.authority,
        );
        let stamps = authority_json(
            &self.name,
            "timestamps root",
            &format!("https://timestamp.{}/api/v1/timestamp", self.name),
            &self.stamps.certificates(),
            &windows.stamps,
        );
        let root = json!({
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": logs,
            "certificateAuthorities": [authority],
            "ctlogs": [certificate_log],
            "timestampAuthorities": [stamps],
        });
        root.to_string().into_bytes()
    }
}

fn log(name: &str, key: &SigningKey, id: [u8; 32], window: &Window) -> Value {
    let details = key_details(key.kind());
    log_json(
        &format!("https://{name}"),
        key.public(),
        details,
        id,
        window,
    )
}
