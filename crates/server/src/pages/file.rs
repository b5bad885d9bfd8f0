//! `/project/{project}/{version}/{filename}`: one file, and where it came from, in words.

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use touchplate_attest::{TrustDomains, TrustRoot};
use touchplate_index::provenance::{FileStory, in_provenance};
use touchplate_packaging::ProjectName;
use touchplate_packaging::simple::ProjectStatus;

use super::project::{banner, page_path, yanked};
use super::run::{self, RunTold};
use super::told::{self, AttestationTold};
use super::{rendered, sent, units};
use crate::app::App;
use crate::cache::PageKey;
use crate::extract::{Reading, ReleaseFilePath, moved, segment};
use crate::problem::Problem;
use crate::routes::Public;

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
    facts: Vec<(&'static str, String)>,
    digests: Vec<(&'static str, String)>,
    run: Option<RunTold>,
    attestations: Vec<AttestationTold>,
    provenance: String,
    /// Where the index's own API has every attestation, if the provenance object has not.
    known: Option<String>,
    /// Commands that check it all again; empty without attestations.
    check: Vec<String>,
    private_root: bool,
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
        let story = app
            .index
            .file_story(&reader, project, version, filename)
            .await?;
        Ok(rendered(&page(app, &story), story.found.is_public()))
    };
    let page = app.cache.page(key, &reader, render).await?;
    Ok(sent(&page, &headers))
}

/// Whether two paths are one, however they are escaped.
fn same_path(one: &str, other: &str) -> bool {
    let decoded = |path: &str| percent_encoding::percent_decode_str(path).collect::<Vec<u8>>();
    decoded(one) == decoded(other)
}

fn page(app: &App, story: &FileStory) -> FilePage {
    let (project, file) = (&story.found.project, &story.found.file);
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
    let private_root = is_private(&app.index.trust(), &project.name);
    let attestations = story
        .attestations
        .iter()
        .map(|stored| told::told(&stored.record))
        .collect();
    // The commands fetch the provenance object, which may leave some out.
    let publishers = in_provenance(&story.attestations).map(|stored| &stored.publisher);
    let leaves_out = in_provenance(&story.attestations).count() < story.attestations.len();
    FilePage {
        name: project.name.to_string(),
        display: project.display.as_str().to_owned(),
        version: version.to_string(),
        filename: file.filename.to_string(),
        banner: banner(project),
        yanked: yanked(&file.yanked),
        facts: facts(story),
        digests: vec![
            ("SHA-256", file.digests.sha256.to_string()),
            ("BLAKE2b-256", file.digests.blake2b_256.to_string()),
            ("MD5", file.digests.md5.to_string()),
        ],
        run: run::told(story),
        attestations,
        check: told::commands(
            file.filename.as_str(),
            &download,
            &provenance,
            publishers,
            private_root,
        ),
        provenance,
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
        download: (project.status != ProjectStatus::Quarantined).then_some(download),
        private_root,
    }
}

/// Whether a reader needs another root than Sigstore's public-good one to check a file of the project.
fn is_private(trust: &TrustDomains, project: &ProjectName) -> bool {
    let roots = trust.roots_for(project);
    roots.into_iter().any(|(domain, root)| match domain {
        Some(domain) => !domain.is_public_good(),
        None => root.digest() != TrustRoot::public_good().digest(),
    })
}

fn facts(story: &FileStory) -> Vec<(&'static str, String)> {
    let file = &story.found.file;
    let kind = match file.filename.kind() {
        touchplate_packaging::FileKind::Sdist => "source distribution (sdist)",
        touchplate_packaging::FileKind::Wheel => "built distribution (wheel)",
    };
    let uploader = file
        .uploaded_by
        .strip_prefix("user:")
        .unwrap_or(&file.uploaded_by);
    let mut facts = vec![
        ("Kind", kind.to_owned()),
        ("Size", units::size(file.size)),
        (
            "Uploaded",
            format!("{} by {uploader}", units::time(file.uploaded_at)),
        ),
    ];
    facts.extend(
        file.user_agent
            .clone()
            .map(|agent| ("Uploaded with", agent)),
    );
    facts.extend(
        file.requires_python
            .clone()
            .map(|python| ("Requires Python", python)),
    );
    facts
}
