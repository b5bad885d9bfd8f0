//! `/api/v1/projects/{project}/provenance`: what is known of the attestations of all files of a project, as
//! `POST /api/v1/provenance` says it of files by their digests.

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde::Serialize;
use touchplate_packaging::ProjectName;

use super::VERSION;
use super::many::AttestedTold;
use super::paging::{Paging, listed};
use crate::app::App;
use crate::extract::{ProjectPath, Reading};
use crate::problem::Problem;

#[derive(Serialize)]
struct FilesTold<'k> {
    version: u32,
    project: &'k ProjectName,
    files: Vec<AttestedTold<'k>>,
    next: Option<&'k str>,
}

/// `GET …/provenance`: by filename.
pub(crate) async fn provenance(
    State(app): State<App>,
    Reading(reader): Reading,
    ProjectPath { name, .. }: ProjectPath,
    paging: Paging,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let after = paging.cursor.as_deref();
    // One more, to see whether there is more.
    let found = app
        .index
        .known_files(&reader, &name, after, paging.limit + 1);
    let found = found.await?;
    let filename = |it: &touchplate_index::ports::AttestedFile| it.file.filename.to_string();
    let (files, next) = paging.page(found.files, filename);
    let told = FilesTold {
        version: VERSION,
        project: &name,
        files: files.iter().map(AttestedTold::of).collect(),
        next: next.as_deref(),
    };
    Ok(listed(&told, found.public, told.next, &uri, &headers))
}
