//! A distribution file, as JSON, and `/api/v1/projects/{project}/{version}/{filename}`.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use jiff::Timestamp;
use serde::Serialize;
use touchplate_attest::Publisher;
use touchplate_index::files::Links;
use touchplate_index::history::ProjectHistory;
use touchplate_index::ports::StoredFile;
use touchplate_index::projects::ReadError;
use touchplate_packaging::simple::{ProjectStatus, Yanked};
use touchplate_packaging::{ProjectName, Sha256, Version};

use super::told::{self, DigestsTold};
use super::{JSON, VERSION};
use crate::api::answer;
use crate::app::App;
use crate::cache::{PageKey, Rendered};
use crate::extract::{Reading, ReleaseFilePath};
use crate::problem::Problem;

/// A file.
#[derive(Serialize)]
pub(super) struct DistributionTold<'k> {
    filename: &'k str,
    /// `sdist` or `bdist_wheel`.
    kind: &'static str,
    size: u64,
    digests: DigestsTold,
    /// Where it is; null while its project is quarantined.
    url: Option<String>,
    /// The digest of the metadata file beside it (PEP 658).
    core_metadata: Option<Sha256>,
    requires_python: Option<&'k str>,
    uploaded_at: Timestamp,
    uploaded_by: &'k str,
    /// Where the Integrity API has its provenance object.
    integrity: Option<String>,
    /// Whom its upload's attestations were verified by.
    publishers: Vec<&'k Publisher>,
}

impl<'k> DistributionTold<'k> {
    /// The files of a project, by name, or of one of its releases.
    pub(super) fn all(
        found: &'k ProjectHistory,
        release: Option<&Version>,
        links: &Links,
    ) -> Vec<Self> {
        let project = &found.facts.project;
        let offered = project.status != ProjectStatus::Quarantined;
        let mut publishers = found.publishers_of();
        let wanted = |file: &&StoredFile| release.is_none_or(|it| file.filename.version() == it);
        let mut files: Vec<_> = found.facts.files.iter().filter(wanted).collect();
        files.sort_by(|one, two| one.filename.cmp(&two.filename));
        let told = |file: &'k StoredFile| {
            let by = publishers.remove(&file.id).unwrap_or_default();
            let links = Some(links).filter(|_| offered);
            Self::of(&project.name, file, links, by)
        };
        files.into_iter().map(told).collect()
    }

    fn of(
        project: &ProjectName,
        file: &'k StoredFile,
        links: Option<&Links>,
        publishers: Vec<&'k Publisher>,
    ) -> Self {
        let attested = links.filter(|_| file.attestations > 0);
        Self {
            filename: file.filename.as_str(),
            kind: file.filename.kind().as_str(),
            size: file.size,
            digests: DigestsTold::of(&file.digests),
            url: links.map(|links| links.file(file)),
            core_metadata: file.core_metadata,
            requires_python: file.requires_python.as_deref(),
            uploaded_at: file.uploaded_at,
            uploaded_by: &file.uploaded_by,
            integrity: attested.and_then(|links| links.provenance(project, file)),
            publishers,
        }
    }
}

#[derive(Serialize)]
struct FileWholeTold<'k> {
    version: u32,
    project: &'k ProjectName,
    release: &'k Version,
    yanked: bool,
    yanked_reason: Option<&'k str>,
    #[serde(flatten)]
    file: DistributionTold<'k>,
}

/// `GET …/{version}/{filename}`.
pub(crate) async fn one(
    State(app): State<App>,
    Reading(reader): Reading,
    path: ReleaseFilePath,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let key = PageKey::KnownFile {
        project: path.project.clone(),
        version: path.version.clone(),
        filename: path.filename.clone(),
    };
    let (app, path) = (&app, &path);
    let render = |reader| async move {
        let found = app.index.project_history(&reader, &path.project).await?;
        let told = told_of(&found, path, &app.links).ok_or(ReadError::NotFound)?;
        let public = found.facts.project.is_public();
        Ok(Rendered::new(told::json(&told), None, public))
    };
    let page = app.cache.page(key, &reader, render).await?;
    Ok(answer::page(&page, JSON, &headers))
}

fn told_of<'k>(
    found: &'k ProjectHistory,
    path: &ReleaseFilePath,
    links: &Links,
) -> Option<FileWholeTold<'k>> {
    let mut files = found.facts.files.iter();
    let file = files.find(|it| it.filename == path.filename)?;
    let release = Some(file.filename.version()).filter(|it| **it == path.version)?;
    let project = &found.facts.project;
    let links = Some(links).filter(|_| project.status != ProjectStatus::Quarantined);
    let publishers = found.publishers_of().remove(&file.id).unwrap_or_default();
    Some(FileWholeTold {
        version: VERSION,
        project: &project.name,
        release,
        yanked: file.yanked != Yanked::No,
        yanked_reason: reason(&file.yanked),
        file: DistributionTold::of(&project.name, file, links, publishers),
    })
}

/// Why something is yanked, if a reason was given.
pub(super) fn reason(yanked: &Yanked) -> Option<&str> {
    match yanked {
        Yanked::No => None,
        Yanked::Yes(reason) => reason.as_deref(),
    }
}
