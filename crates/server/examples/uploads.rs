//! Attested uploads for `bench/uploads`, made beforehand.
//!
//! `uploads FOLDER PROJECTS FILES BYTES`: makes a trust domain and writes its `trusted_root.json` into FOLDER, and beside it the
//! upload form of each file of each project, `PROJECT/NUMBER.form`: so many projects, `attested-0` and on, of so many wheels
//! with so many bytes in them, each attested by `release.yml` of `example/PROJECT`.

use std::error::Error;
use std::path::Path;

use jiff::Timestamp;
use touchplate_testkit::http::{Part, multipart};
use touchplate_testkit::sample;
use touchplate_trust::{Domain, Predicate};

type Failure = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let [folder, projects, files, bytes] = given.as_slice() else {
        return Err("expected FOLDER PROJECTS FILES BYTES".into());
    };
    let (projects, files, bytes) = (projects.parse()?, files.parse()?, bytes.parse()?);
    let folder = Path::new(folder);
    let domain = Domain::new("bench.example", Timestamp::now())?;
    std::fs::write(folder.join("trusted_root.json"), domain.trusted_root_json())?;
    for project in 0..projects {
        let project = format!("attested-{project}");
        let forms = folder.join(&project);
        std::fs::create_dir_all(&forms)?;
        for number in 0..files {
            let form = form(&domain, &project, number, bytes)?;
            std::fs::write(forms.join(format!("{number}.form")), form)?;
        }
    }
    Ok(())
}

fn form(domain: &Domain, project: &str, number: u32, bytes: usize) -> Result<Vec<u8>, Failure> {
    let version = format!("{}.{}", number / 5, number % 5);
    let wheel = sample::wheel(project, &version).member("payload.bin", &noise(bytes, number));
    let attestation = domain.attest(
        &sample::workload(project, &version),
        &wheel.filename(),
        &wheel.sha256(),
        Predicate::Publish,
        Timestamp::now(),
    )?;
    let fields = wheel.fields().into_iter();
    let mut parts: Vec<Part> = fields
        .map(|(name, value)| Part::text(&name, value))
        .collect();
    parts.push(Part::text(
        "attestations",
        [b"[", attestation.as_slice(), b"]"].concat(),
    ));
    parts.push(Part::file("content", &wheel.filename(), wheel.bytes()));
    Ok(multipart(&parts))
}

/// Bytes that do not deflate (Knuth's linear congruential generator), the same for the same seed.
fn noise(bytes: usize, seed: u32) -> Vec<u8> {
    let mut state = u64::from(seed);
    let next = std::iter::repeat_with(|| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    });
    next.take(bytes).collect()
}
