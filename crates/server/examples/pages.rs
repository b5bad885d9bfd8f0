//! Load for `bench/pages`: readers of an index's pages, who come when they come.
//!
//! `pages FOLDER` makes a trust domain, writes its `trusted_root.json` into FOLDER and a line to standard output; then it reads lines
//! from standard input and answers each with one:
//!
//! `fill ADDRESS TOKEN PROJECT RELEASES WHEELS`: uploads so many releases of so many attested wheels, by `release.yml` of
//! `example/PROJECT`;
//! `read ADDRESS RATE REQUESTS PATH…`: so many requests at that rate, of each path in turn, and what they took, as JSON.

mod load;

use std::io::{BufRead as _, Write as _};
use std::path::Path;

use jiff::Timestamp;
use load::Failure;
use touchplate_testkit::http::{Client, Part, Request, multipart, multipart_type};
use touchplate_testkit::sample::{self, Sample};
use touchplate_trust::{Domain, Predicate};

fn main() -> Result<(), Failure> {
    let folder = std::env::args().nth(1).ok_or("expected a folder")?;
    let domain = Domain::new("bench.example", Timestamp::now())?;
    std::fs::write(
        Path::new(&folder).join("trusted_root.json"),
        domain.trusted_root_json(),
    )?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut out = std::io::stdout();
    writeln!(out, "ready")?;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let asked: Vec<&str> = line.split(' ').collect();
        let told = match asked.as_slice() {
            ["fill", address, token, project, releases, wheels] => {
                let client = Client::at(address.parse()?);
                let project = Project {
                    name: project,
                    releases: releases.parse()?,
                    wheels: wheels.parse()?,
                };
                runtime.block_on(fill(&client, token, &domain, &project))?
            }
            ["read", address, rate, requests, paths @ ..] => {
                let paths = paths.iter().map(|path| (*path).to_owned()).collect();
                let reading =
                    load::open::read(address.parse()?, rate.parse()?, requests.parse()?, paths);
                let (told, bytes) = runtime.block_on(reading)?;
                let mut figures = told.figures("requests");
                figures.insert("body_bytes".to_owned(), bytes.into());
                serde_json::Value::Object(figures).to_string()
            }
            _ => return Err(format!("expected `fill …` or `read …`, found {line:?}").into()),
        };
        writeln!(out, "{told}")?;
    }
    Ok(())
}

struct Project<'p> {
    name: &'p str,
    releases: usize,
    wheels: usize,
}

async fn fill(
    client: &Client,
    token: &str,
    domain: &Domain,
    project: &Project<'_>,
) -> Result<String, Failure> {
    for release in 0..project.releases {
        let version = format!("{}.{}", release / 10, release % 10);
        for number in 0..project.wheels {
            let platform = ["manylinux_2_28_x86_64", "macosx_11_0_arm64"][number % 2];
            let python = format!("cp3{}", 9 + number / 2);
            let stem = project.name.replace('-', "_");
            let filename = format!("{stem}-{version}-{python}-{python}-{platform}.whl");
            let wheel = sample::wheel(project.name, &version)
                .field("pyversion", &python)
                .member("built", filename.as_bytes())
                .called(&filename);
            let request = upload(token, domain, project.name, &version, &wheel)?;
            let answer = client.send(&request).await;
            if answer.status != 200 {
                return Err(format!("{filename}: {} {}", answer.status, answer.reason).into());
            }
        }
    }
    Ok((project.releases * project.wheels).to_string())
}

fn upload(
    token: &str,
    domain: &Domain,
    project: &str,
    version: &str,
    wheel: &Sample,
) -> Result<Request, Failure> {
    let attestation = domain.attest(
        &sample::workload(project, version),
        &wheel.filename(),
        &wheel.sha256(),
        Predicate::Publish,
        Timestamp::now(),
    )?;
    let fields = wheel.fields().into_iter();
    let mut parts: Vec<Part> = fields
        .map(|(name, value)| Part::text(&name, value))
        .collect();
    parts.push(Part::file("content", &wheel.filename(), wheel.bytes()));
    parts.push(Part::text(
        "attestations",
        [b"[", attestation.as_slice(), b"]"].concat(),
    ));
    let request = Request::new("POST", "/legacy/").token(token);
    Ok(request.body(&multipart_type(), multipart(&parts)))
}
