//! Damaged input: whatever the bytes, an answer and no panic.

use serde_json::json;
use touchplate_attest::verify::report;
use touchplate_attest::{Attestation, Provenance, Publisher, TrustRoot, verify};

use crate::support::{Case, publisher, tells_the_same};

/// Marsaglia's xorshift: the same sequence on each run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap()
    }

    /// One to four small damages.
    fn damage(&mut self, good: &[u8]) -> Vec<u8> {
        let mut bytes = good.to_vec();
        for _ in 0..=self.below(4) {
            if bytes.is_empty() {
                return bytes;
            }
            let at = self.below(bytes.len());
            match self.below(6) {
                0 => bytes[at] ^= 1 << self.below(8),
                1 => bytes[at] = u8::try_from(self.below(256)).unwrap(),
                2 => bytes.truncate(at),
                3 => {
                    bytes.remove(at);
                }
                4 => {
                    let end = (at + self.below(40)).min(bytes.len());
                    let part = bytes[at..end].to_vec();
                    bytes.splice(at..at, part);
                }
                _ => {
                    let tokens: [&[u8]; 8] = [
                        b"null",
                        b"{",
                        b"]",
                        b"\"",
                        b"-1",
                        b"\\u0000",
                        b"18446744073709551616",
                        b"AAAA",
                    ];
                    bytes.splice(at..at, tokens[self.below(tokens.len())].iter().copied());
                }
            }
        }
        bytes
    }
}

#[test]
fn damaged_documents_are_read_or_refused() {
    let case = Case::good();
    let attestation = case.mint(&case.recipe());
    let provenance = json!({"version": 1, "attestation_bundles": [{"publisher": publisher().to_json(), "attestations": [attestation]}]});
    let attestation = attestation.to_string().into_bytes();
    let array = [b"[", attestation.as_slice(), b"]"].concat();
    let provenance = provenance.to_string().into_bytes();
    let publisher = publisher().to_json().to_string().into_bytes();
    let root = case.root.to_string().into_bytes();
    let mut random = Random(0x7470_2d61_7474_6573);
    for _ in 0..4000 {
        let _ = Attestation::parse(&random.damage(&attestation));
        let _ = Attestation::parse_array(&random.damage(&array));
        if let Ok(provenance) = Provenance::parse(&random.damage(&provenance)) {
            assert!(Provenance::parse(&provenance.to_json()).is_ok());
        }
        let _ = Publisher::parse(&random.damage(&publisher));
    }
    for _ in 0..300 {
        let _ = TrustRoot::from_json(&random.damage(&root));
    }
}

/// The damage goes below the JSON, into certificate, log entry, statement and signature.
#[test]
fn damaged_contents_never_verify() {
    let case = Case::good();
    let good = case.mint(&case.recipe());
    let root = case.root();
    let mut random = Random(0x7665_7269_6679_2121);
    let mut verified = 0;
    for round in 0..600 {
        let mut json = good.clone();
        let entry = "/verification_material/transparency_entries/0";
        let pointer = match round % 7 {
            0 => "/verification_material/certificate".to_owned(),
            1 => "/envelope/statement".to_owned(),
            2 => "/envelope/signature".to_owned(),
            3 => format!("{entry}/canonicalizedBody"),
            4 => format!("{entry}/inclusionPromise/signedEntryTimestamp"),
            5 => format!("{entry}/inclusionProof/checkpoint/envelope"),
            _ => format!("{entry}/inclusionProof/hashes/0"),
        };
        let field = json.pointer_mut(&pointer).unwrap();
        if pointer.ends_with("/envelope") && pointer.contains("checkpoint") {
            let damaged = random.damage(field.as_str().unwrap().as_bytes());
            *field = String::from_utf8_lossy(&damaged).into_owned().into();
        } else {
            let damaged = random.damage(&crate::support::base64::decode(field));
            *field = crate::support::base64::encode(&damaged).into();
        }
        let text = json.to_string();
        tells_the_same(&report(&case.file, text.as_bytes(), &root, case.now));
        let Ok(attestation) = Attestation::parse(text.as_bytes()) else {
            continue;
        };
        let outcome = verify(&case.file, &attestation, &root, case.now);
        if outcome.is_ok() {
            // A damage that undoes itself leaves a good attestation.
            assert!(
                attestation.is_same_as(&Attestation::parse(good.to_string().as_bytes()).unwrap()),
                "{pointer}"
            );
            verified += 1;
        }
    }
    assert!(verified < 30, "{verified}");
}
