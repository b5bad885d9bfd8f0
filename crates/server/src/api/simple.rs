//! The Simple API: what installers read (PEPs 503, 691, 700, 714, 740, 792; `reference/index-behaviour.md` §5).

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use touchplate_index::Reader;
use touchplate_index::ports::StoreError;
use touchplate_index::projects::Visibility;

use super::answer;
use crate::app::App;
use crate::cache::{PageKey, Rendered};
use crate::extract::accept::Accept;
use crate::extract::{ProjectPath, Reading};
use crate::problem::Problem;
use crate::routes::Public;

/// The shapes of a page, under the media types that ask for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SimpleFormat {
    /// `text/html`.
    Html,
    /// `application/vnd.pypi.simple.v1+html`: the same bytes.
    V1Html,
    /// `application/vnd.pypi.simple.v1+json`.
    V1Json,
}

impl SimpleFormat {
    /// By `Accept`; HTML where nothing fits: an installer that asks for something odd has always got a page, never 406.
    pub(crate) fn asked(headers: &HeaderMap) -> Self {
        let offers = [
            ("text/html", Self::Html),
            ("application/vnd.pypi.simple.v1+html", Self::V1Html),
            ("application/vnd.pypi.simple.v1+json", Self::V1Json),
        ];
        Accept::of(headers).prefer(&offers).unwrap_or(Self::Html)
    }

    fn content_type(self) -> &'static str {
        match self {
            Self::Html => "text/html; charset=UTF-8",
            Self::V1Html => "application/vnd.pypi.simple.v1+html; charset=UTF-8",
            Self::V1Json => "application/vnd.pypi.simple.v1+json",
        }
    }
}

/// `GET /simple/`: the public projects.
pub(crate) async fn index(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    let format = SimpleFormat::asked(&headers);
    let json = format == SimpleFormat::V1Json;
    let index = &app.index;
    let render = || async move {
        let page = index.index_page().await?;
        // A million projects take a second.
        let rendering = tokio::task::spawn_blocking(move || {
            let body = if json { page.to_json() } else { page.to_html() };
            Rendered::new(body, Some(page.serial), true)
        });
        let stopped = |error| StoreError::new("be rendered", error);
        Ok(rendering.await.map_err(stopped)?)
    };
    let page = app.cache.index_page(json, render).await?;
    Ok(vary(answer::page(&page, format.content_type(), &headers)))
}

/// `GET /simple/{project}/`: the files of one project.
pub(crate) async fn project(
    State(app): State<App>,
    Reading(reader): Reading,
    path: ProjectPath,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if let Some(mut elsewhere) = path.redirect("/simple/", &uri) {
        elsewhere.extensions_mut().insert(Public);
        return Ok(elsewhere);
    }
    let format = SimpleFormat::asked(&headers);
    let json = format == SimpleFormat::V1Json;
    let (index, links, name) = (&app.index, &app.links, &path.name);
    let cache = &app.cache;
    let render = |reader| async move {
        let keeping = match &reader {
            Reader::Anonymous => Some(cache.keeping(links, name, json)),
            Reader::Account(_) => None,
        };
        if let Some(keeping) = keeping.clone()
            && let Some(page) = keeping.find().await
        {
            return Ok(page);
        }
        let found = index.project_page(&reader, name, links).await?;
        let body = if json {
            found.page.to_json()
        } else {
            found.page.to_html()
        };
        let public = found.visibility == Visibility::Public;
        let page = Rendered::new(body, Some(found.page.serial), public);
        Ok(match keeping {
            Some(keeping) if public => keeping.keep(page),
            _ => page,
        })
    };
    let key = PageKey::SimpleProject {
        project: name.clone(),
        json,
    };
    let page = app
        .cache
        .page(key, &reader, render)
        .await
        .map_err(Problem::in_text)?;
    Ok(vary(answer::page(&page, format.content_type(), &headers)))
}

fn vary(mut response: Response) -> Response {
    answer::varies_by_accept(&mut response);
    response
}
