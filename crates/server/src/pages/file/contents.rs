//! `…/{filename}/contents` and below it: what is in a file, and the beginning of each text in it.

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use touchplate_index::contents::ContentsError;
use touchplate_index::files::FoundFile;
use touchplate_index::projects::ReadError;
use touchplate_packaging::archive::{Beginning, Listing, Member, Recorded};
use touchplate_packaging::simple::ProjectStatus;

use crate::app::App;
use crate::cache::PageKey;
use crate::extract::{BelowFilePath, PageNumber, Reading, ReleaseFilePath, segment};
use crate::pages::project::page_path;
use crate::pages::{rendered, sent, text, units};
use crate::problem::Problem;

/// Members on one page: some 150 bytes each.
const PAGE_MEMBERS: usize = 500;

/// Of a text that is shown: long source files have half of it.
const SHOWN_BYTES: usize = 96 << 10;

#[derive(Template)]
#[template(path = "file/contents.html")]
struct ContentsPage {
    file: FileTold,
    /// Why nothing is listed.
    unread: Option<String>,
    /// How many members there are, and what they unpack to.
    total: String,
    is_hashed: bool,
    /// What RECORD says, where it is a wheel.
    record: Option<String>,
    members: Vec<MemberTold>,
    page: usize,
    pages: usize,
}

#[derive(Template)]
#[template(path = "file/member.html")]
struct MemberPage {
    file: FileTold,
    contents: String,
    path: String,
    size: String,
    /// None where it is no text.
    text: Option<String>,
    /// Whether there is more of it.
    is_cut: bool,
}

/// The file that something is in.
struct FileTold {
    name: String,
    display: String,
    version: String,
    /// Where its release's page is.
    release: String,
    filename: String,
    page: String,
}

struct MemberTold {
    path: String,
    page: String,
    size: String,
    sha256: Option<String>,
    /// What RECORD says, in words, and how that is marked.
    recorded: Option<(&'static str, &'static str)>,
}

/// `GET …/{filename}/contents`.
pub(crate) async fn contents(
    State(app): State<App>,
    Reading(reader): Reading,
    path: ReleaseFilePath,
    PageNumber(part): PageNumber,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let key = PageKey::Contents {
        project: path.project.clone(),
        version: path.version.clone(),
        filename: path.filename.clone(),
        number: part,
    };
    let (app, path) = (&app, &path);
    let render = |reader| async move {
        let found = found(app, &reader, path).await?;
        let listing = match app.index.listing(&found).await {
            Ok(listing) => Ok(listing),
            Err(ContentsError::Archive(error)) => Err(error.to_string()),
            Err(ContentsError::Read(error)) => return Err(error),
        };
        let page = listed(&found, listing, part).ok_or(ReadError::NotFound)?;
        Ok(rendered(&page, found.is_public()))
    };
    let page = app.cache.page(key, &reader, render).await?;
    Ok(sent(&page, &headers))
}

/// `GET …/{filename}/contents/{member}`.
pub(crate) async fn member(
    State(app): State<App>,
    Reading(reader): Reading,
    BelowFilePath { file, rest }: BelowFilePath,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let found = found(&app, &reader, &file).await?;
    let beginning = match app.index.beginning(&found, &rest, SHOWN_BYTES).await {
        Ok(beginning) => beginning,
        Err(ContentsError::Archive(_)) => return Err(Problem::not_found()),
        Err(ContentsError::Read(error)) => return Err(error.into()),
    };
    let page = shown(&found, &rest, &beginning);
    Ok(sent(&rendered(&page, found.is_public()), &headers))
}

/// The file, unless its project is quarantined: then nobody has its bytes, nor what is in them.
async fn found(
    app: &App,
    reader: &touchplate_index::Reader,
    path: &ReleaseFilePath,
) -> Result<FoundFile, ReadError> {
    let index = &app.index;
    let found = index
        .file_in(reader, &path.project, &path.version, &path.filename)
        .await?;
    if found.project.status == ProjectStatus::Quarantined {
        return Err(ReadError::NotFound);
    }
    Ok(found)
}

impl FileTold {
    fn of(found: &FoundFile) -> Self {
        let version = found.file.filename.version();
        let (project, filename) = (found.project.name.as_str(), found.file.filename.as_str());
        Self {
            name: project.to_owned(),
            display: text::line(found.project.display.as_str()).into_owned(),
            version: version.to_string(),
            release: page_path(project, version, ""),
            filename: filename.to_owned(),
            page: page_path(project, version, filename),
        }
    }
}

/// None where there is no such part.
fn listed(
    found: &FoundFile,
    listing: Result<Listing, String>,
    page: usize,
) -> Option<ContentsPage> {
    let file = FileTold::of(found);
    let (listing, unread) = match listing {
        Ok(listing) => (Some(listing), None),
        Err(why) => (None, Some(text::line(&why).into_owned())),
    };
    let members = listing.as_ref().map(|it| it.members.as_slice());
    let members = members.unwrap_or_default();
    let pages = members.len().div_ceil(PAGE_MEMBERS).max(1);
    let at = page.checked_sub(1).filter(|at| *at < pages)?;
    let shown = members.iter().skip(at * PAGE_MEMBERS).take(PAGE_MEMBERS);
    let bytes = listing.as_ref().map_or(0, |it| it.bytes);
    Some(ContentsPage {
        members: shown.map(|member| told(&file, member)).collect(),
        total: format!(
            "{} {}, which unpack to {}",
            units::grouped(members.len() as u64),
            if members.len() == 1 { "file" } else { "files" },
            units::size(bytes)
        ),
        is_hashed: listing.as_ref().is_some_and(|it| it.is_hashed),
        record: record(members),
        file,
        unread,
        page,
        pages,
    })
}

/// What RECORD says of all members, in one sentence.
fn record(members: &[Member]) -> Option<String> {
    let count = |wanted: Recorded| {
        let such = members.iter().filter(|it| it.recorded == Some(wanted));
        such.count()
    };
    members.iter().find(|it| it.recorded.is_some())?;
    let (agrees, differs) = (count(Recorded::Agrees), count(Recorded::Differs));
    let silent = count(Recorded::Nothing) + count(Recorded::PathAlone);
    Some(match (differs, silent) {
        (0, 0) if agrees > 0 => "Each digest is the one that the wheel's RECORD states.".to_owned(),
        (0, 0) => "The digests that the wheel's RECORD states were not compared.".to_owned(),
        (0, silent) => {
            format!("The wheel's RECORD states no digest of {silent} of them; the others agree.")
        }
        (differs, _) => format!("The wheel's RECORD states another digest of {differs} of them."),
    })
}

fn told(file: &FileTold, member: &Member) -> MemberTold {
    let parts: Vec<String> = member.path.split('/').map(segment).collect();
    let recorded = member.recorded.map(|recorded| match recorded {
        Recorded::Agrees => ("agrees with RECORD", "badge-verified"),
        Recorded::Differs => ("RECORD has another digest", "badge-lost"),
        Recorded::NotCompared => ("not compared with RECORD", "badge-plain"),
        Recorded::PathAlone => ("no digest in RECORD", "badge-plain"),
        Recorded::Nothing => ("not in RECORD", "badge-inconsistent"),
        Recorded::Exempt => ("RECORD itself", "badge-plain"),
    });
    MemberTold {
        path: text::line(&member.path).into_owned(),
        page: format!("{}/contents/{}", file.page, parts.join("/")),
        size: member.size.map_or_else(
            || "link".to_owned(),
            |size| {
                let size = units::size(size);
                size.split(" (").next().unwrap_or_default().to_owned()
            },
        ),
        sha256: member.sha256.map(|it| it.to_string()),
        recorded,
    }
}

fn shown(found: &FoundFile, path: &str, beginning: &Beginning) -> MemberPage {
    let file = FileTold::of(found);
    let is_cut = (beginning.bytes.len() as u64) < beginning.size;
    MemberPage {
        contents: format!("{}/contents", file.page),
        path: text::line(path).into_owned(),
        size: units::size(beginning.size),
        text: as_text(&beginning.bytes, is_cut).map(|it| text::block(&it).into_owned()),
        is_cut,
        file,
    }
}

/// The text, if it is one: UTF-8 without NUL. A character that the cut went through is left out.
fn as_text(bytes: &[u8], is_cut: bool) -> Option<String> {
    let whole = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) if is_cut && error.error_len().is_none() => {
            std::str::from_utf8(bytes.get(..error.valid_up_to())?).ok()?
        }
        Err(_) => return None,
    };
    (!whole.contains('\0')).then(|| whole.to_owned())
}
