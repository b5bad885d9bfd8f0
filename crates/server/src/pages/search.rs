//! `/search`: projects by name, by what they say of themselves, and by who built them.

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use touchplate_index::projects::ReadError;
use touchplate_index::search::{
    HITS_A_PAGE, Hit, MAX_HITS, MAX_QUERY_CHARS, Match, Query, Results, Source, ToldRelease,
};

use super::text::line;
use super::{rendered, sent, units};
use crate::app::App;
use crate::extract::segment;
use crate::problem::Problem;

#[derive(Template)]
#[template(path = "search.html")]
struct SearchPage {
    /// As it was typed; longer than [`MAX_QUERY_CHARS`] it is cut, as search cuts it.
    typed: String,
    /// The same, for people alone.
    title: String,
    asked: Option<Asked>,
}

/// What was asked, and its answer.
struct Asked {
    understood: Vec<Understood>,
    cut: bool,
    /// None: nothing in the text can be looked for.
    found: Option<FoundTold>,
}

/// One kind of thing that was looked for.
struct Understood {
    words: &'static str,
    values: Vec<String>,
}

struct FoundTold {
    /// "1 project", "over 1,000 projects".
    count: String,
    /// The part of the list on this page, if there are several.
    part: Option<String>,
    /// What a reader must know of how it was found.
    note: Option<&'static str>,
    /// Whether search is being made and has not seen every project.
    partial: bool,
    hits: Vec<HitTold>,
    pages: Vec<PageLink>,
}

struct HitTold {
    href: String,
    display: String,
    summary: Option<String>,
    version: Option<String>,
    released: Option<Day>,
    /// The second half of a badge's class, and its words.
    provenance: Option<(&'static str, String)>,
    states: Vec<String>,
    yanked: bool,
    built_by: Vec<String>,
}

/// A day, for programs and for people.
struct Day {
    datetime: String,
    day: String,
}

struct PageLink {
    text: String,
    href: Option<String>,
    current: bool,
    rel: Option<&'static str>,
}

/// What is suggested below a search field, as list items that the page's script puts there.
#[derive(Template)]
#[template(path = "suggestions.html")]
struct Suggestions {
    hits: Vec<HitTold>,
}

/// `GET /search`: with `q`, what it finds, on page `page`; with `fragment`, names that somebody who types may mean.
pub(crate) async fn search(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let asked = Parameters::of(&uri);
    let query = Query::read(&asked.typed);
    if asked.fragment {
        let hits = app.search.suggest(&query).await.map_err(ReadError::from)?;
        let hits = hits.iter().map(HitTold::of).collect();
        return Ok(sent(&rendered(&Suggestions { hits }, true), &headers));
    }
    let found = app.search.find(&query, asked.page);
    let found = match query.is_empty() {
        true => None,
        false => Some(found.await.map_err(ReadError::from)?),
    };
    let shown = |it: &Results| FoundTold::of(it, &query, &asked.typed);
    let page = SearchPage {
        asked: (!asked.typed.trim().is_empty()).then(|| Asked {
            understood: understood(&query),
            cut: query.cut,
            found: found.as_ref().map(shown),
        }),
        title: line(&asked.typed).into_owned(),
        typed: asked.typed,
    };
    Ok(sent(&rendered(&page, true), &headers))
}

/// What a URL asks for. Whatever is not understood is left out: a search field takes any text.
struct Parameters {
    typed: String,
    page: usize,
    fragment: bool,
}

impl Parameters {
    fn of(uri: &Uri) -> Self {
        let mut asked = Self {
            typed: String::new(),
            page: 1,
            fragment: false,
        };
        // Octets that are no UTF-8 become replacement characters, which are no letters to search for.
        for (key, value) in url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
        {
            match &*key {
                // One more than is read: search then says that it was cut.
                "q" => asked.typed = value.chars().take(MAX_QUERY_CHARS + 1).collect(),
                "page" => asked.page = value.parse().unwrap_or(1),
                "fragment" => asked.fragment = true,
                _ => {}
            }
        }
        asked
    }
}

fn understood(query: &Query) -> Vec<Understood> {
    let kinds = [
        ("the words", &query.words),
        ("projects built from", &query.publishers),
        ("projects built by the workflow", &query.workflows),
    ];
    let kinds = kinds.into_iter().filter(|(_, values)| !values.is_empty());
    kinds
        .map(|(words, values)| Understood {
            words,
            values: values.clone(),
        })
        .collect()
}

impl FoundTold {
    fn of(results: &Results, query: &Query, typed: &str) -> Self {
        let from = (results.page - 1) * HITS_A_PAGE;
        let part = (results.pages > 1 && !results.hits.is_empty())
            .then(|| format!("{} to {}", from + 1, from + results.hits.len()));
        let count = match (results.total, results.more) {
            (_, true) => format!("Over {} projects", units::grouped(MAX_HITS as u64)),
            (0, false) => "No projects".to_owned(),
            (1, false) => "1 project".to_owned(),
            (total, false) => format!("{} projects", units::grouped(total as u64)),
        };
        Self {
            count,
            part,
            note: note(results, query),
            partial: !results.whole,
            hits: results.hits.iter().map(HitTold::of).collect(),
            pages: pages(results, typed),
        }
    }
}

fn note(results: &Results, query: &Query) -> Option<&'static str> {
    let of = |kind: Match| results.hits.iter().any(|hit| hit.matched == kind);
    if of(Match::Some) {
        return Some("No project has all of these words; these have some of them.");
    }
    if results.more && results.page == results.pages {
        return Some("Only so many are listed. One more word leaves fewer.");
    }
    if results.page == 1 && of(Match::NameNear) && !query.has_filters() {
        return Some(
            "No project has this name; those whose name is nearly the same are among these.",
        );
    }
    None
}

/// Links to the pages around this one, the first and the last.
fn pages(results: &Results, typed: &str) -> Vec<PageLink> {
    if results.pages < 2 {
        return Vec::new();
    }
    let href = |page: usize| {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("q", typed);
        if page > 1 {
            query.append_pair("page", &page.to_string());
        }
        format!("/search?{}", query.finish())
    };
    let (page, last) = (results.page, results.pages);
    let link = |to: usize, text: String, rel| PageLink {
        text,
        href: (to != page).then(|| href(to)),
        current: to == page,
        rel,
    };
    let mut links = Vec::new();
    if page > 1 {
        links.push(link(page - 1, "Previous".to_owned(), Some("prev")));
    }
    for number in 1..=last {
        if number == 1 || number == last || number.abs_diff(page) <= 2 {
            links.push(link(number, number.to_string(), None));
        } else if number.abs_diff(page) == 3 {
            links.push(PageLink {
                text: "…".to_owned(),
                href: None,
                current: false,
                rel: None,
            });
        }
    }
    if page < last {
        links.push(link(page + 1, "Next".to_owned(), Some("next")));
    }
    links
}

impl HitTold {
    fn of(hit: &Hit) -> Self {
        let latest = hit.told.latest.as_ref();
        let mut states: Vec<String> = hit.told.status.iter().map(|it| capital(it)).collect();
        if latest.is_none() {
            states.push("No releases".to_owned());
        }
        Self {
            href: format!("/project/{}/", segment(hit.name.as_str())),
            display: line(hit.told.display.as_str()).into_owned(),
            summary: hit.told.summary.as_deref().map(|it| line(it).into_owned()),
            version: latest.map(|it| it.version.to_string()),
            released: latest.map(|it| Day {
                datetime: it.at.to_string(),
                day: units::day(it.at),
            }),
            provenance: latest.map(provenance),
            states,
            yanked: latest.is_some_and(|it| it.yanked),
            built_by: hit.told.sources.iter().map(source).collect(),
        }
    }
}

/// A state as it begins a line.
fn capital(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

fn provenance(release: &ToldRelease) -> (&'static str, String) {
    match (release.attested, release.files) {
        (0, _) => ("none", "No provenance".to_owned()),
        (attested, files) if attested == files => ("full", "Full provenance".to_owned()),
        (attested, files) => (
            "partial",
            format!("Provenance for {attested} of {files} files"),
        ),
    }
}

fn source(source: &Source) -> String {
    let told = match &source.workflow {
        Some(workflow) => format!("{} by {workflow}", source.at),
        None => source.at.clone(),
    };
    line(&told).into_owned()
}
