//! `/api/v1/projects/{project}/{version}/{filename}/…`: everything known of a file, and where attestations are added to it.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use touchplate_attest::attestation::MAX_ATTESTATION_BYTES;
use touchplate_index::attesters::{Added, KnownFile};
use touchplate_index::projects::ReadError;

use super::JSON;
use super::body::CallersJson;
use super::told::{self, AttestationTold, AttestationsTold, ProvenanceTold};
use crate::api::answer;
use crate::app::App;
use crate::cache::{PageKey, Rendered};
use crate::extract::{Reading, ReleaseFilePath, segment};
use crate::problem::Problem;

/// `GET …/attestations`: each attestation of a file, its publishers' and later ones, with what was checked.
pub(crate) async fn list(
    State(app): State<App>,
    Reading(reader): Reading,
    path: ReleaseFilePath,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let key = PageKey::Attestations {
        project: path.project.clone(),
        version: path.version.clone(),
        filename: path.filename.clone(),
    };
    let (app, path) = (&app, &path);
    let render = |reader| async move {
        let KnownFile {
            found,
            attestations,
            ..
        } = known(app, &reader, path).await?;
        let told = told::json(&AttestationsTold::of(&found, &attestations)?);
        Ok(Rendered::new(told, None, found.is_public()))
    };
    let page = app.cache.page(key, &reader, render).await?;
    Ok(answer::page(&page, JSON, &headers))
}

/// `GET …/provenance`: the file, and who says what of it, in bundles as the Integrity API has them.
pub(crate) async fn provenance(
    State(app): State<App>,
    Reading(reader): Reading,
    path: ReleaseFilePath,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let key = PageKey::KnownProvenance {
        project: path.project.clone(),
        version: path.version.clone(),
        filename: path.filename.clone(),
    };
    let (app, path) = (&app, &path);
    let render = |reader| async move {
        let known = known(app, &reader, path).await?;
        let found = &known.found;
        let has_object = found.file.attestations > 0;
        let integrity = app.links.provenance(&found.project.name, &found.file);
        let integrity = integrity.filter(|_| has_object);
        let told = told::json(&ProvenanceTold::of(&known, integrity)?);
        Ok(Rendered::new(told, None, found.is_public()))
    };
    let page = app.cache.page(key, &reader, render).await?;
    Ok(answer::page(&page, JSON, &headers))
}

async fn known(
    app: &App,
    reader: &touchplate_index::Reader,
    path: &ReleaseFilePath,
) -> Result<KnownFile, ReadError> {
    let ReleaseFilePath {
        project,
        version,
        filename,
    } = path;
    app.index
        .known_file(reader, project, version, filename)
        .await
}

/// `POST …/attestations`: one attestation object. 201 where it is new, 200 where the same was there.
pub(crate) async fn add(
    State(app): State<App>,
    path: Result<ReleaseFilePath, Problem>,
    CallersJson { calling, json }: CallersJson<MAX_ATTESTATION_BYTES>,
) -> Result<Response, Problem> {
    let ReleaseFilePath {
        project,
        version,
        filename,
    } = path?;
    let file = (&project, &version, &filename);
    let added = app
        .index
        .add_attestation(&calling.origin, &calling.caller, file, &json)
        .await?;
    // Who adds and then reads must find what they added.
    app.cache.catch_up().await;
    let (status, facts) = match &added {
        Added::New(facts) => (StatusCode::CREATED, facts),
        Added::Equal(facts) => (StatusCode::OK, facts),
    };
    let body = told::json(&AttestationTold::of(facts));
    let mut response = (status, [(header::CONTENT_TYPE, JSON)], body).into_response();
    let parts = [project.as_str(), &version.to_string(), filename.as_str()].map(segment);
    let location = format!("/api/v1/projects/{}/attestations", parts.join("/"));
    if let Ok(location) = HeaderValue::try_from(location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}
