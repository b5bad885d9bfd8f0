//! `/api/v1/projects/{project}/provenance`: the provenance and every attestation of all files of a project, as
//! `POST /api/v1/provenance` says it of files by their digests.

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde::Serialize;
use touchplate_index::attesters::KnownFiles;
use touchplate_index::ports::StoreError;
use touchplate_packaging::ProjectName;

use super::VERSION;
use super::paging::{Paging, rendered};
use super::told::{self, AttestedTold};
use crate::app::App;
use crate::cache::Rendered;
use crate::extract::{ProjectPath, Reading};
use crate::problem::Problem;

#[derive(Serialize)]
struct FilesTold<'k> {
    version: u32,
    project: &'k ProjectName,
    files: Vec<AttestedTold<'k>>,
    next: Option<&'k str>,
}

/// `GET …/provenance`: by filename. A page ends early where its attestations are many or large.
pub(crate) async fn provenance(
    State(app): State<App>,
    Reading(reader): Reading,
    ProjectPath { name, .. }: ProjectPath,
    paging: Paging,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let after = paging.cursor.as_deref();
    let found = app
        .index
        .known_files(&reader, &name, after, paging.limit)
        .await?;
    // Megabytes to be read and written anew, beside which others would wait.
    let page = tokio::task::spawn_blocking(move || page(&name, &found));
    let page = page.await.map_err(|error| Problem::internal(&error))?;
    let (page, next) = page.map_err(|error| Problem::internal(&error))?;
    Ok(rendered(&page, next.as_deref(), &uri, &headers))
}

/// The page, and the cursor of the next one if there is one.
fn page(name: &ProjectName, found: &KnownFiles) -> Result<(Rendered, Option<String>), StoreError> {
    let last = found.files.last().filter(|_| found.more);
    let next = last.map(|it| it.file.filename.to_string());
    let files = found.files.iter().map(AttestedTold::of);
    let told = FilesTold {
        version: VERSION,
        project: name,
        files: files.collect::<Result<_, _>>()?,
        next: next.as_deref(),
    };
    let page = Rendered::new(told::json(&told), None, found.public);
    Ok((page, next))
}
