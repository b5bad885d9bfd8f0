//! Every URL, with its handler and who may keep its answers.

use axum::Router;
use axum::extract::{Request, State};
use axum::handler::Handler;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, CACHE_CONTROL, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{MethodRouter, delete, get, post, put};

use touchplate_packaging::ProjectName;

use crate::api::{answer, files, health, integrity, metrics, oidc, pypi, simple, upload, v1};
use crate::app::App;
use crate::extract::gate;
use crate::observe::observe;
use crate::pages::{self, assets};
use crate::problem::Problem;
use crate::trust;
use Keep::{ForEver, Never, Revalidate};

/// The server's answers to every URL.
pub fn router(app: App) -> Router {
    let kept = |keep, methods: MethodRouter<App>| {
        methods.route_layer(middleware::from_fn_with_state((app.clone(), keep), mark))
    };
    let simple = Router::new()
        .route("/simple/", kept(Revalidate, read(simple::index)))
        .route("/simple", kept(Revalidate, read(pages::to_slash)))
        .route(
            "/simple/{project}/",
            kept(Revalidate, read(simple::project)),
        )
        .route("/simple/{project}", kept(Revalidate, read(simple::project)))
        .route(
            "/integrity/{project}/{version}/{filename}/provenance",
            kept(Revalidate, read(integrity::provenance)),
        )
        .route(
            "/pypi/{project}/json",
            kept(Revalidate, read(pypi::project)),
        )
        .route(
            "/pypi/{project}/json/",
            kept(Revalidate, read(pypi::project)),
        )
        .route(
            "/pypi/{project}/{version}/json",
            kept(Revalidate, read(pypi::release)),
        )
        .route(
            "/pypi/{project}/{version}/json/",
            kept(Revalidate, read(pypi::release)),
        )
        .layer(middleware::map_response(from_anywhere));
    let api = Router::new()
        .route(
            "/api/v1/projects",
            kept(Revalidate, read(v1::projects::list)),
        )
        .route(
            "/api/v1/projects/{project}",
            kept(Revalidate, read(v1::projects::one)),
        )
        .route(
            "/api/v1/projects/{project}/releases",
            kept(Revalidate, read(v1::releases::list)),
        )
        .route(
            "/api/v1/projects/{project}/releases/{version}",
            kept(Revalidate, read(v1::releases::one)),
        )
        .route(
            "/api/v1/projects/{project}/releases/{version}/yank",
            kept(
                Revalidate,
                only(
                    "GET, HEAD, PUT, DELETE",
                    get(v1::yank::get)
                        .put(v1::yank::put)
                        .delete(v1::yank::delete),
                ),
            ),
        )
        .route(
            "/api/v1/projects/{project}/status",
            kept(
                Revalidate,
                only("GET, HEAD, PUT", get(v1::status::get).put(v1::status::put)),
            ),
        )
        .route(
            "/api/v1/projects/{project}/visibility",
            kept(
                Revalidate,
                only(
                    "GET, HEAD, PUT",
                    get(v1::visibility::get).put(v1::visibility::put),
                ),
            ),
        )
        .route(
            "/api/v1/projects/{project}/provenance",
            kept(Revalidate, read(v1::whole::provenance)),
        )
        .route(
            "/api/v1/projects/{project}/downloads",
            kept(Revalidate, read(v1::downloads::of_project)),
        )
        .route(
            "/api/v1/projects/{project}/{version}/{filename}",
            kept(Revalidate, read(v1::files::one)),
        )
        .route(
            "/api/v1/projects/{project}/{version}/{filename}/downloads",
            kept(Revalidate, read(v1::downloads::of_file)),
        )
        .route("/api/v1/search", kept(Revalidate, read(v1::search::find)))
        .route(
            "/api/v1/provenance",
            kept(Never, write(v1::many::provenance)),
        )
        .route(
            "/api/v1/projects/{project}/{version}/{filename}/provenance",
            kept(Revalidate, read(v1::attestations::provenance)),
        )
        .route(
            "/api/v1/projects/{project}/{version}/{filename}/attestations",
            kept(
                Revalidate,
                read_or_write(v1::attestations::list, v1::attestations::add),
            ),
        )
        .route(
            "/api/v1/projects/{project}/attesters",
            kept(
                Revalidate,
                only(
                    "GET, HEAD, PUT",
                    get(v1::attesters::list).put(v1::attesters::put),
                ),
            ),
        )
        .route(
            "/api/v1/projects/{project}/attesters/{id}",
            kept(
                Revalidate,
                only(
                    "GET, HEAD, PUT, DELETE",
                    get(v1::attesters::one)
                        .put(v1::attesters::replace)
                        .delete(v1::attesters::remove),
                ),
            ),
        )
        .route(
            "/api/v1/projects/{project}/publishers",
            kept(
                Revalidate,
                read_or_write(v1::publishers::list, v1::publishers::add),
            ),
        )
        .route(
            "/api/v1/projects/{project}/publishers/{id}",
            kept(
                Revalidate,
                only(
                    "GET, HEAD, DELETE",
                    get(v1::publishers::one).delete(v1::publishers::remove),
                ),
            ),
        )
        .route(
            "/api/v1/projects/{project}/publishers/{id}/terms",
            kept(Never, only("PUT", put(v1::publishers::set_terms))),
        )
        .route(
            "/api/v1/pending-publishers",
            kept(
                Revalidate,
                read_or_write(v1::pending::list, v1::pending::add),
            ),
        )
        .route(
            "/api/v1/pending-publishers/{id}",
            kept(
                Revalidate,
                only(
                    "GET, HEAD, DELETE",
                    get(v1::pending::one).delete(v1::pending::remove),
                ),
            ),
        )
        .route(
            "/api/v1/projects/{project}/ratchets",
            kept(
                Revalidate,
                only(
                    "GET, HEAD, PUT",
                    get(v1::ratchets::list).put(v1::ratchets::turn),
                ),
            ),
        )
        .route(
            "/api/v1/projects/{project}/members",
            kept(Revalidate, read(v1::members::list)),
        )
        .route(
            "/api/v1/projects/{project}/members/{user}",
            kept(
                Never,
                only(
                    "PUT, DELETE",
                    put(v1::members::put).delete(v1::members::remove),
                ),
            ),
        )
        .route(
            "/api/v1/read-tokens",
            kept(
                Revalidate,
                read_or_write(v1::read_tokens::list, v1::read_tokens::add),
            ),
        )
        .route(
            "/api/v1/read-tokens/{token}",
            kept(Never, only("DELETE", delete(v1::read_tokens::revoke))),
        )
        .route(
            "/api/v1/projects/{project}/tokens",
            kept(Revalidate, read(v1::minted::list)),
        )
        .route(
            "/api/v1/projects/{project}/tokens/{token}",
            kept(Never, only("DELETE", delete(v1::minted::revoke))),
        )
        .layer(middleware::from_fn(v1::versions::negotiate))
        .route(
            "/api/v1/openapi.json",
            kept(Revalidate, read(v1::openapi::document)),
        );
    Router::new()
        .merge(simple)
        .route("/legacy/", kept(Never, write(upload::upload)))
        .route("/legacy", kept(Never, write(upload::upload)))
        .route(
            "/",
            kept(Revalidate, read_or_write(pages::front, upload::upload)),
        )
        .route("/search", kept(Revalidate, read(pages::search)))
        .route(
            "/files/{first}/{second}/{rest}/{filename}",
            kept(ForEver, read(files::file)),
        )
        .route(
            "/project/{project}/",
            kept(Revalidate, read(pages::project)),
        )
        .route("/project/{project}", kept(Revalidate, read(pages::project)))
        .route(
            "/project/{project}/history/",
            kept(Revalidate, read(pages::history)),
        )
        .route(
            "/project/{project}/history",
            kept(Revalidate, read(pages::history)),
        )
        .route(
            "/project/{project}/{version}/",
            kept(Revalidate, read(pages::release)),
        )
        .route(
            "/project/{project}/{version}",
            kept(Revalidate, read(pages::release)),
        )
        .route(
            "/project/{project}/{version}/{filename}",
            kept(Revalidate, read(pages::file)),
        )
        .route("/coverage", kept(Revalidate, read(pages::coverage)))
        .route(
            "/project/{project}/releases.atom",
            kept(Revalidate, read(pages::project_releases)),
        )
        .route(
            "/feeds/releases.atom",
            kept(Revalidate, read(pages::releases)),
        )
        .route("/robots.txt", kept(Revalidate, read(assets::robots)))
        .route(
            "/project/{project}/{version}/{filename}/attestations/{name}",
            kept(Revalidate, read(pages::raw)),
        )
        .route(
            "/project/{project}/{version}/{filename}/contents",
            kept(Revalidate, read(pages::contents)),
        )
        .route(
            "/project/{project}/{version}/{filename}/contents/{*member}",
            kept(Revalidate, read(pages::member)),
        )
        .route("/static/{name}", kept(ForEver, read(assets::asset)))
        .merge(api)
        .merge(trust::router(&app))
        .route("/_/oidc/audience", kept(Never, read(oidc::audience)))
        .route("/_/oidc/mint-token", kept(Never, write(oidc::mint)))
        // As PyPI's first clients called it.
        .route("/_/oidc/github/mint-token", kept(Never, write(oidc::mint)))
        .route("/.well-known/pytp", kept(Never, read(oidc::discovery)))
        .route("/healthz", kept(Never, read(health::alive)))
        .route("/readyz", kept(Never, read(health::ready)))
        .route("/metrics", kept(Never, read(metrics::read)))
        .fallback(async || Problem::not_found())
        .layer(middleware::from_fn_with_state(app.clone(), gate))
        .layer(middleware::from_fn_with_state(app.clone(), observe))
        .with_state(app)
}

/// Open to everybody, even where every other read needs credentials: what load balancers ask, and the look of the page
/// that says so. The trust stack has its own clients, which know nothing of the index's tokens.
pub(crate) fn is_open(path: &str) -> bool {
    matches!(
        path,
        "/healthz" | "/readyz" | "/metrics" | "/_/oidc/audience" | "/.well-known/pytp"
    ) || path.starts_with("/static/")
        || trust::owns(path)
}

/// How refusals are shaped where clients expect one shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speaks {
    /// As the client likes it best, or as the handler says.
    Pages,
    /// In problem details: touchplate's own API.
    Details,
    /// As Rekor's version 1.
    Rekor1,
    /// As gateways in front of gRPC: Rekor's version 2, Fulcio.
    Rpc,
}

/// What is spoken below `path`, whatever is refused there and by whom.
pub(crate) fn speaks(path: &str) -> Speaks {
    match path {
        "/api/v1" => Speaks::Details,
        _ if path.starts_with("/api/v1/") => Speaks::Details,
        _ if path.starts_with("/trust/rekor1/") => Speaks::Rekor1,
        _ if path.starts_with("/trust/rekor2/") || path.starts_with("/trust/ca/") => Speaks::Rpc,
        // The authority at the host root.
        _ if path.starts_with("/api/v2/") => Speaks::Rpc,
        _ => Speaks::Pages,
    }
}

/// The project whose page, listing or file `path` asks for, by the name that it would have.
pub(crate) fn project_of(path: &str) -> Option<String> {
    let rest = path
        .strip_prefix("/project/")
        .or_else(|| path.strip_prefix("/simple/"))?;
    let given = rest.split('/').next().unwrap_or_default();
    let name: ProjectName = given.parse().ok()?;
    // Longer than any name in use: no page should be made of it.
    (name.as_str().len() <= 100).then(|| name.to_string())
}

/// What only reads: by method, or the question that is too long for a URL.
pub(crate) fn is_read(method: &Method, path: &str) -> bool {
    method == Method::GET
        || method == Method::HEAD
        || (method == Method::POST && path == "/api/v1/provenance")
}

/// What changes something, but for an upload.
pub(crate) fn changes(method: &Method, path: &str) -> bool {
    let uploads = matches!(path, "/legacy/" | "/legacy" | "/");
    !is_read(method, path) && *method != Method::OPTIONS && !uploads
}

/// How long an answer may be kept, if anybody may see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    /// Under this URL there will never be anything else.
    ForEver,
    /// As long as one asks each time whether it still holds. Not ten minutes as at PyPI: a yank must reach pip at once,
    /// and the question costs an answer without a body.
    Revalidate,
    /// Not at all.
    Never,
}

/// On an answer that anybody may see. Whatever lacks it is kept by nobody: a name that a reader may not see must answer
/// exactly as one that does not exist.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Public;

/// What [`mark`] and `observe` say of a public answer that there will never be another for.
pub(crate) fn mark_for_ever(headers: &mut HeaderMap) {
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(PUBLIC_FOR_EVER));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}

const PUBLIC_FOR_EVER: &str = "public, max-age=31536000, immutable";

async fn mark(State((app, keep)): State<(App, Keep)>, request: Request, next: Next) -> Response {
    let mut response = answer::coded(next.run(request).await).await;
    let public = response.extensions_mut().remove::<Public>().is_some() && app.anonymous_read;
    // A refusal answers one client's conditions: kept under the URL, it would be told to all.
    let refused = response.status().is_client_error() || response.status().is_server_error();
    let public = public && !refused;
    let value = match keep {
        ForEver if public => PUBLIC_FOR_EVER,
        Revalidate if public => "public, max-age=0, must-revalidate",
        ForEver | Revalidate => "private, no-store",
        Never => "no-store",
    };
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static(value));
    response
}

/// Scripts of any site may read what anybody may read; credentials never go along.
async fn from_anywhere(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in [
        (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (ACCESS_CONTROL_ALLOW_METHODS, "GET"),
        (
            ACCESS_CONTROL_ALLOW_HEADERS,
            "Content-Type, If-Match, If-Modified-Since, If-None-Match, If-Unmodified-Since",
        ),
        (ACCESS_CONTROL_MAX_AGE, "86400"),
        (ACCESS_CONTROL_EXPOSE_HEADERS, "X-PyPI-Last-Serial"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// A route's methods, as its answer to others lists them.
pub(crate) fn only(allowed: &'static str, methods: MethodRouter<App>) -> MethodRouter<App> {
    methods.fallback(async move || Problem::method_not_allowed(allowed))
}

pub(crate) fn read<H, T>(handler: H) -> MethodRouter<App>
where
    H: Handler<T, App>,
    T: 'static,
{
    only("GET, HEAD", get(handler))
}

pub(crate) fn write<H, T>(handler: H) -> MethodRouter<App>
where
    H: Handler<T, App>,
    T: 'static,
{
    only("POST", post(handler))
}

fn read_or_write<R, W, T, U>(reads: R, writes: W) -> MethodRouter<App>
where
    R: Handler<T, App>,
    W: Handler<U, App>,
    T: 'static,
    U: 'static,
{
    only("GET, HEAD, POST", get(reads).post(writes))
}
