//! What a release says of itself: the key `info`. Fields stand in the order of their keys, which sorts the output.

use std::collections::BTreeMap;

use serde::Serialize;
use touchplate_index::ports::{Project, Release};
use touchplate_packaging::CoreMetadata;
use touchplate_packaging::simple::Yanked;

/// As the release's first file declared it. What is empty is null, but for `classifiers`, which every reader goes through.
#[derive(Serialize)]
pub(super) struct Info<'k> {
    author: Option<&'k str>,
    author_email: Option<&'k str>,
    /// Of a form that no uploader has sent since 2010.
    bugtrack_url: (),
    classifiers: &'k [String],
    description: Option<&'k str>,
    description_content_type: Option<&'k str>,
    docs_url: (),
    download_url: Option<&'k str>,
    downloads: Uncounted,
    dynamic: Option<&'k [String]>,
    home_page: Option<&'k str>,
    keywords: Option<String>,
    license: Option<&'k str>,
    license_expression: Option<&'k str>,
    license_files: Option<&'k [String]>,
    maintainer: Option<&'k str>,
    maintainer_email: Option<&'k str>,
    name: &'k str,
    package_url: String,
    platform: Option<&'k str>,
    project_url: String,
    project_urls: Option<BTreeMap<&'k str, &'k str>>,
    provides_extra: Option<&'k [String]>,
    release_url: String,
    requires_dist: Option<&'k [String]>,
    requires_python: Option<&'k str>,
    summary: Option<&'k str>,
    version: String,
    yanked: bool,
    yanked_reason: Option<&'k str>,
}

/// PyPI has counted nothing here for years, and readers know -1 as "not counted"; the counts are at `/api/v1`.
#[derive(Clone, Copy, Serialize)]
struct Uncounted {
    last_day: i8,
    last_month: i8,
    last_week: i8,
}

/// Not counted.
pub(super) const UNCOUNTED: i8 = -1;

impl<'k> Info<'k> {
    pub(super) fn of(
        project: &'k Project,
        release: &'k Release,
        metadata: &'k CoreMetadata,
        url: &str,
    ) -> Self {
        let page = format!("{url}/project/{}/", project.name);
        let urls = metadata.project_urls.iter();
        let urls = urls.map(|(label, url)| (label.as_str(), url.as_str()));
        Self {
            author: metadata.author.as_deref(),
            author_email: metadata.author_email.as_deref(),
            bugtrack_url: (),
            classifiers: &metadata.classifiers,
            description: metadata.description.as_deref(),
            description_content_type: metadata.description_content_type.as_deref(),
            docs_url: (),
            download_url: metadata.download_url.as_deref(),
            downloads: Uncounted {
                last_day: UNCOUNTED,
                last_month: UNCOUNTED,
                last_week: UNCOUNTED,
            },
            dynamic: some(&metadata.dynamic),
            home_page: metadata.home_page.as_deref(),
            keywords: some(&metadata.keywords).map(|words| words.join(",")),
            license: metadata.license.as_deref(),
            license_expression: metadata.license_expression.as_deref(),
            license_files: some(&metadata.license_files),
            maintainer: metadata.maintainer.as_deref(),
            maintainer_email: metadata.maintainer_email.as_deref(),
            name: project.display.as_str(),
            platform: metadata.platforms.first().map(String::as_str),
            project_urls: some(&metadata.project_urls).map(|_| urls.collect()),
            provides_extra: some(&metadata.provides_extra),
            release_url: format!(
                "{page}{}/",
                crate::extract::segment(&release.version.to_string())
            ),
            requires_dist: some(&metadata.requires_dist),
            requires_python: metadata.requires_python.as_deref(),
            summary: metadata.summary.as_deref(),
            version: release.version.to_string(),
            yanked: release.yanked != Yanked::No,
            yanked_reason: reason(&release.yanked),
            package_url: page.clone(),
            project_url: page,
        }
    }
}

fn some<T>(list: &[T]) -> Option<&[T]> {
    (!list.is_empty()).then_some(list)
}

/// Why something is yanked, if a reason was given.
pub(super) fn reason(yanked: &Yanked) -> Option<&str> {
    match yanked {
        Yanked::No => None,
        Yanked::Yes(reason) => reason.as_deref(),
    }
}
