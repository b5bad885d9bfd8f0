//! `/project/{project}/{version}/{filename}`: one file, and where it came from, in words.

mod checks;
mod commands;
mod contents;
mod difference;
mod odd;
mod raw;
mod root;
mod sentence;
mod told;
mod words;

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use touchplate_attest::domain::DomainReport;
use touchplate_attest::{Identity, Publisher};
use touchplate_index::attesters::{Expected, KnownAttestation, KnownFile};
use touchplate_index::ports::StoreError;
use touchplate_packaging::simple::ProjectStatus;
use touchplate_policy::history::History;

use self::commands::Commands;
use self::root::Root;
use self::sentence::Sentence;
use self::told::AttestationTold;
use super::project::{banner, page_path, yanked};
use super::run::{self, RunTold};
use super::{rendered, sent, text, units};
use crate::app::App;
use crate::cache::PageKey;
use crate::extract::{Reading, ReleaseFilePath, moved, segment};
use crate::problem::Problem;
use crate::routes::Public;

pub(crate) use contents::{contents, member};
pub(crate) use raw::raw;

#[derive(Template)]
#[template(path = "file.html")]
struct FilePage {
    name: String,
    display: String,
    version: String,
    filename: String,
    banner: Option<String>,
    yanked: Option<String>,
    /// None while the project is quarantined.
    download: Option<String>,
    badge: Badge,
    /// Who built it, in one sentence.
    lede: Sentence,
    facts: Vec<(&'static str, String)>,
    digests: Vec<(&'static str, String)>,
    run: Option<RunTold>,
    /// Those of the upload.
    attestations: Vec<AttestationTold>,
    /// Those that were added later.
    later: Vec<AttestationTold>,
    /// Where its provenance object is, if it has one.
    provenance: Option<String>,
    /// Where the index's own API has every attestation, if the provenance object has not.
    known: Option<String>,
    /// Commands that check it all again; empty without attestations.
    commands: Vec<Commands>,
    /// The page's own path.
    here: String,
    /// Its address for everybody.
    canonical: String,
    /// Where its release's page is.
    release: String,
    /// What was odd about it when it was accepted.
    odd: Vec<String>,
    /// What changed in who builds the project.
    difference: Option<Sentence>,
}

/// What a file's provenance comes to, in a word.
struct Badge {
    class: &'static str,
    words: &'static str,
}

/// `GET /project/{project}/{version}/{filename}`.
pub(crate) async fn file(
    State(app): State<App>,
    Reading(reader): Reading,
    path: ReleaseFilePath,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let ReleaseFilePath {
        project,
        version,
        filename,
    } = path;
    let canonical = page_path(project.as_str(), &version, filename.as_str());
    if !same_path(&canonical, uri.path()) {
        let mut elsewhere = moved(&canonical);
        elsewhere.extensions_mut().insert(Public);
        return Ok(elsewhere);
    }
    let key = PageKey::File {
        project: project.clone(),
        version: version.clone(),
        filename: filename.clone(),
    };
    let (app, project, version, filename) = (&app, &project, &version, &filename);
    let render = |reader| async move {
        let index = &app.index;
        let known = index
            .known_file(&reader, project, version, filename)
            .await?;
        let is_public = known.found.is_public();
        let page = page(app, known).await?;
        Ok(rendered(&page, is_public))
    };
    let page = app.cache.page(key, &reader, render).await?;
    Ok(sent(&page, &headers))
}

/// Whether two paths are one, however they are escaped.
fn same_path(one: &str, other: &str) -> bool {
    let decoded = |path: &str| percent_encoding::percent_decode_str(path).collect::<Vec<u8>>();
    decoded(one) == decoded(other)
}

/// Checks everything once more, on a thread that may block, and tells it.
async fn page(app: &App, known: KnownFile) -> Result<FilePage, StoreError> {
    let project = &known.found.project.name;
    let history = app.cache.history(project).await?;
    let (trust, now) = (app.index.trust(), app.clock.now());
    let checked = tokio::task::spawn_blocking(move || {
        let file = root::facts(&known);
        let report = |it: &KnownAttestation| trust.report(&file, it.json.as_bytes(), now);
        let reports: Vec<_> = known.attestations.iter().map(report).collect();
        (known, reports)
    });
    let (known, reports) = checked
        .await
        .map_err(|cause| StoreError::new("check a file's attestations again", cause))?;
    let downloads = app
        .index
        .downloads_of_file(known.found.file.id, now)
        .await?;
    let mut page = filled(app, &known, &reports, &history);
    page.facts.push(("Downloads", units::downloads(downloads)));
    Ok(page)
}

fn filled(
    app: &App,
    known: &KnownFile,
    reports: &[Option<DomainReport>],
    history: &History,
) -> FilePage {
    let (project, file) = (&known.found.project, &known.found.file);
    let version = file.filename.version();
    let absolute = |link: String| {
        if link.starts_with('/') {
            format!("{}{link}", app.url)
        } else {
            link
        }
    };
    let download = absolute(app.links.file(file));
    let provenance = format!(
        "{}/integrity/{}/{version}/{}/provenance",
        app.url, project.name, file.filename
    );
    let first = reports.first().and_then(Option::as_ref);
    let root = first.map_or(Root::Private, Root::of);
    let here = page_path(project.name.as_str(), version, file.filename.as_str());
    let (mut attestations, later) = told_all(known, reports);
    // The provenance object may leave some out.
    let served = known.in_provenance();
    let leaves_out = served.len() < known.attestations.len();
    let told = commands::Told {
        filename: file.filename.as_str(),
        download: &download,
        page: &format!("{}{here}", app.url),
        provenance: &provenance,
        root,
        publishers: served.iter().filter_map(|it| publisher(it)).collect(),
        signers: signers(reports, root),
    };
    let is_offered = project.status != ProjectStatus::Quarantined;
    let commands = if is_offered {
        commands::commands(&told)
    } else {
        Vec::new()
    };
    FilePage {
        name: project.name.to_string(),
        display: project.display.as_str().to_owned(),
        version: version.to_string(),
        filename: file.filename.to_string(),
        banner: banner(project),
        yanked: yanked(&file.yanked),
        badge: badge(&attestations),
        lede: lede(known, &mut attestations),
        facts: facts(known),
        digests: vec![
            ("SHA-256", file.digests.sha256.to_string()),
            ("BLAKE2b-256", file.digests.blake2b_256.to_string()),
            ("MD5", file.digests.md5.to_string()),
        ],
        run: run::told(known),
        attestations,
        later,
        commands,
        odd: odd::told(&known.findings),
        difference: difference::difference(history, version),
        canonical: format!("{}{here}", app.url),
        release: page_path(project.name.as_str(), version, ""),
        here,
        provenance: (!served.is_empty()).then_some(provenance),
        known: leaves_out.then(|| {
            format!(
                "/api/v1/projects/{}/attestations",
                [
                    project.name.as_str(),
                    &version.to_string(),
                    file.filename.as_str()
                ]
                .map(segment)
                .join("/")
            )
        }),
        download: is_offered.then_some(download),
    }
}

/// The attestations of the upload, and the later ones.
fn told_all(
    known: &KnownFile,
    reports: &[Option<DomainReport>],
) -> (Vec<AttestationTold>, Vec<AttestationTold>) {
    let (mut with_upload, mut later) = (Vec::new(), Vec::new());
    for ((known, report), number) in known.attestations.iter().zip(reports).zip(1..) {
        let told = told::told(number, known, report.as_ref());
        if known.facts.added.is_none() {
            with_upload.push(told);
        } else {
            later.push(told);
        }
    }
    (with_upload, later)
}

/// Who signed, of those attestations that hold under the root that all commands take, and whose issuer Sigstore's own
/// client finds: it looks at the older extension alone.
fn signers(reports: &[Option<DomainReport>], root: Root) -> Vec<(usize, &Identity)> {
    let signer = |report: &DomainReport| {
        let proven = report.proven().filter(|_| Root::of(report) == root)?;
        let certificate = proven.attestation().certificate_facts().ok()?;
        certificate.has_old_issuer.then_some(())
    };
    let numbered = reports.iter().zip(1..);
    numbered
        .filter_map(|(report, number)| {
            let report = report.as_ref()?;
            signer(report)?;
            Some((number, report.proven()?.identity()))
        })
        .collect()
}

fn publisher(known: &KnownAttestation) -> Option<&Publisher> {
    match &known.facts.record.expected {
        Expected::Publisher(publisher) => Some(publisher),
        Expected::Identity(_) => None,
    }
}

fn badge(attestations: &[AttestationTold]) -> Badge {
    let (class, words) = match attestations {
        [] => ("badge-none", "No provenance"),
        all if all.iter().all(|it| it.held) => ("badge-verified", "Provenance verified"),
        _ => ("badge-inconsistent", "Evidence does not hold"),
    };
    Badge { class, words }
}

/// What the first attestation proves; where one does not hold, that; without any, what is known all the same.
fn lede(known: &KnownFile, attestations: &mut [AttestationTold]) -> Sentence {
    let broken = attestations.iter().position(|it| !it.held);
    if let Some(told) = attestations.get_mut(broken.unwrap_or(0)) {
        told.is_lede = true;
        return told.sentence.clone();
    }
    let file = &known.found.file;
    let told = Sentence::of("Nothing proves who built this file, or from which source. ");
    let told = match &known.run {
        Some(run) => told
            .say("A run of ")
            .name(&run.publisher)
            .say(" uploaded it on "),
        None => told
            .say("The index knows that ")
            .name(uploader(&file.uploaded_by))
            .say(" uploaded it on "),
    };
    told.say(&words::moment(file.uploaded_at)).say(".")
}

fn uploader(actor: &str) -> &str {
    actor.strip_prefix("user:").unwrap_or(actor)
}

fn facts(known: &KnownFile) -> Vec<(&'static str, String)> {
    let file = &known.found.file;
    let kind = match file.filename.kind() {
        touchplate_packaging::FileKind::Sdist => "source distribution (sdist)",
        touchplate_packaging::FileKind::Wheel => "built distribution (wheel)",
    };
    let uploaded = format!(
        "{} by {}",
        units::time(file.uploaded_at),
        uploader(&file.uploaded_by)
    );
    let mut facts = vec![
        ("Kind", kind.to_owned()),
        ("Size", units::size(file.size)),
        ("Uploaded", uploaded),
    ];
    let agent = file.user_agent.as_deref();
    facts.extend(agent.map(|agent| ("Uploaded with", text::line(agent).into_owned())));
    let python = file.requires_python.as_deref();
    facts.extend(python.map(|python| ("Requires Python", text::line(python).into_owned())));
    facts
}
