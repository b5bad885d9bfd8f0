//! What all pages of a project begin with: its name, what its status means, and where to go from here.

use touchplate_index::history::ProjectHistory;
use touchplate_index::ports::{Project, Release};
use touchplate_packaging::Version;
use touchplate_packaging::simple::{ProjectStatus, Yanked};

use super::release_path;
use crate::pages::text;

/// The head of a page.
pub(super) struct Head {
    pub(super) name: String,
    pub(super) display: String,
    /// Of the release that is told; none where all are.
    pub(super) version: Option<String>,
    pub(super) banners: Vec<Banner>,
    /// Where the release that is told has its page.
    pub(super) overview: String,
    pub(super) files: usize,
    pub(super) releases: usize,
    /// The feed of its releases; none where not everybody may see them.
    pub(super) feed: Option<String>,
}

/// What somebody should know before they read on.
pub(super) struct Banner {
    /// `banner-stop`, `banner-warn`, or nothing more than a banner.
    pub(super) class: &'static str,
    pub(super) text: String,
    /// Where to go instead: words and URL.
    pub(super) instead: Option<(String, String)>,
}

impl Head {
    /// The head of the page of `release`, or of all releases.
    pub(super) fn of(found: &ProjectHistory, release: Option<&Release>) -> Self {
        let project = &found.facts.project;
        let name = project.name.to_string();
        let is_shown = |version: &Version| release.is_some_and(|it| it.version == *version);
        let files = found.facts.files.iter();
        Self {
            display: project.display.as_str().to_owned(),
            version: release.map(|it| it.version.to_string()),
            banners: banners(found, release),
            overview: release.map_or_else(
                || format!("/project/{name}/"),
                |it| release_path(&name, &it.version),
            ),
            files: files
                .filter(|file| is_shown(file.filename.version()))
                .count(),
            releases: found.with_files().count(),
            feed: project
                .is_public()
                .then(|| format!("/project/{name}/releases.atom")),
            name,
        }
    }
}

/// The gravest first: quarantined, yanked, archived or deprecated, a pre-release, not the latest.
fn banners(found: &ProjectHistory, release: Option<&Release>) -> Vec<Banner> {
    let project = &found.facts.project;
    let status = banner(project).map(|text| Banner {
        class: match project.status {
            ProjectStatus::Quarantined => "banner-stop",
            ProjectStatus::Archived | ProjectStatus::Deprecated => "banner-warn",
            ProjectStatus::Active => "",
        },
        text,
        instead: None,
    });
    let is_stopped = project.status == ProjectStatus::Quarantined;
    let of_release = release.and_then(|release| about(found, release));
    let (first, then) = if is_stopped {
        (status, of_release)
    } else {
        (of_release, status)
    };
    first.into_iter().chain(then).collect()
}

fn about(found: &ProjectHistory, release: &Release) -> Option<Banner> {
    let better = found.latest().filter(|it| it.version != release.version);
    let instead = better.filter(|it| it.yanked == Yanked::No).map(|it| {
        let path = release_path(found.facts.project.name.as_str(), &it.version);
        (format!("{} is the latest release.", it.version), path)
    });
    if let Some(text) = yanked(&release.yanked) {
        let text =
            format!("{text} Installers take it only where exactly this version is asked for.");
        return Some(Banner {
            class: "banner-stop",
            text,
            instead,
        });
    }
    let text = match (release.version.is_prerelease(), &instead) {
        (true, _) => "This is a pre-release.",
        (false, Some(_)) => "This is not the latest release.",
        (false, None) => return None,
    };
    Some(Banner {
        class: "",
        text: text.to_owned(),
        instead,
    })
}

/// What a project's status means for its readers (PEP 792).
pub(in crate::pages) fn banner(project: &Project) -> Option<String> {
    let says = match project.status {
        ProjectStatus::Active => return None,
        ProjectStatus::Archived => "This project is archived: no further releases are expected.",
        ProjectStatus::Quarantined => {
            "This project is quarantined: its files are not offered to installers."
        }
        ProjectStatus::Deprecated => "This project is deprecated: it is superseded or given up.",
    };
    let reason = project
        .status_reason
        .as_ref()
        .map(|reason| format!(" Reason given: {}", text::line(reason)));
    Some(format!("{says}{}", reason.unwrap_or_default()))
}

/// Why a release is yanked, in words; none if it is not.
pub(in crate::pages) fn yanked(yanked: &Yanked) -> Option<String> {
    match yanked {
        Yanked::No => None,
        Yanked::Yes(Some(reason)) if !reason.is_empty() => Some(format!(
            "Yanked: {}.",
            text::line(reason.trim_end_matches('.'))
        )),
        Yanked::Yes(_) => Some("Yanked, without a reason given.".to_owned()),
    }
}
