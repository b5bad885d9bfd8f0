//! Rendered pages, kept until the journal says that their project changed, whichever process changed it.
//!
//! A page is kept under its name *and a stamp*: the serial of the last change, known here, that concerns its project. The
//! stamp is read before rendering begins, so a page under a stamp has seen at least that change; once a later change is
//! known, the stamp moves and the old page is never asked for again. There is no eviction that could come too early or
//! too late. What is known here is at most `follower::MAX_AGE` old, or nothing is taken from the cache at all.
//!
//! Only what anybody may see is kept. Large pages for installers are also kept in the blob store (`kept`).

mod follower;
mod histories;
mod index_page;
mod kept;
mod listed;
mod rendered;

use std::sync::Arc;
use std::time::Duration;

use moka::policy::EvictionPolicy;
use touchplate_index::files::{FoundFile, Links};
use touchplate_index::ports::{Serial, StoreError};
use touchplate_index::projects::ReadError;
use touchplate_index::{Index, Reader};
use touchplate_packaging::{Filename, ProjectName, Sha256, Version};
use touchplate_policy::history::History;

use crate::hot::Hot;
use crate::problem::Problem;
use follower::Follower;
use histories::Histories;
use index_page::IndexPage;
use kept::Keeper;
use listed::Listed;

pub(crate) use follower::Moment;
pub(crate) use kept::Keeping;
pub(crate) use rendered::Rendered;

/// Bytes of pages kept, with room for both codings of each. A project page of a hundred files takes about 60 kB, so this
/// holds about seven hundred such.
const MAX_BYTES: u64 = 128 << 20;

/// What a page weighs beside its body: key, stamp and bookkeeping.
const OVERHEAD_BYTES: usize = 512;

/// A page that nobody asked for within this time makes room, among them those whose stamp has moved.
const MAX_IDLE: Duration = Duration::from_secs(60 * 60);

/// A page is made anew after this time: how often something was downloaded changes, and no journal row says so.
pub(crate) const MAX_LIFE: Duration = Duration::from_secs(10 * 60);

/// How often the journal is asked for news: a change reaches readers within a quarter of a second or so.
pub(crate) const POLL_EVERY: Duration = Duration::from_millis(200);

/// Names a page.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum PageKey {
    /// `/simple/{project}/`.
    SimpleProject { project: ProjectName, json: bool },
    /// `/pypi/{project}/json`, or `/pypi/{project}/{version}/json`.
    Json {
        project: ProjectName,
        version: Option<Version>,
    },
    /// The Integrity API's object.
    Provenance {
        project: ProjectName,
        version: Version,
        filename: Filename,
    },
    /// `/api/v1/projects/{project}`.
    KnownProject(ProjectName),
    /// `/api/v1/projects/{project}/releases/{version}`.
    KnownRelease {
        project: ProjectName,
        version: Version,
    },
    /// `/api/v1/projects/{project}/{version}/{filename}`.
    KnownFile {
        project: ProjectName,
        version: Version,
        filename: Filename,
    },
    /// `/api/v1/projects/{project}/attesters`.
    Attesters(ProjectName),
    /// `/api/v1/projects/{project}/{version}/{filename}/attestations`.
    Attestations {
        project: ProjectName,
        version: Version,
        filename: Filename,
    },
    /// `/api/v1/projects/{project}/{version}/{filename}/provenance`.
    KnownProvenance {
        project: ProjectName,
        version: Version,
        filename: Filename,
    },
    /// `/`.
    Front,
    /// The feed of a project, or of all.
    Feed(Option<ProjectName>),
    /// `/project/{project}/`, or `/project/{project}/{version}/`: one page of its files.
    Release {
        project: ProjectName,
        version: Option<Version>,
        number: usize,
    },
    /// `/project/{project}/history/`: one page of it.
    History { project: ProjectName, number: usize },
    /// `/project/{project}/{version}/{filename}`.
    File {
        project: ProjectName,
        version: Version,
        filename: Filename,
    },
    /// `/project/{project}/{version}/{filename}/contents`: one page of them.
    Contents {
        project: ProjectName,
        version: Version,
        filename: Filename,
        number: usize,
    },
}

impl PageKey {
    /// The project whose changes it shows; none: every project's.
    fn project(&self) -> Option<&ProjectName> {
        match self {
            Self::Front => None,
            Self::Feed(project) => project.as_ref(),
            Self::SimpleProject { project, .. }
            | Self::Json { project, .. }
            | Self::Provenance { project, .. }
            | Self::KnownProject(project)
            | Self::KnownRelease { project, .. }
            | Self::KnownFile { project, .. }
            | Self::Attesters(project)
            | Self::Attestations { project, .. }
            | Self::KnownProvenance { project, .. }
            | Self::Release { project, .. }
            | Self::History { project, .. }
            | Self::File { project, .. }
            | Self::Contents { project, .. } => Some(project),
        }
    }
}

/// Why a page could not be rendered; shared by all who waited for it.
#[derive(Clone, Debug)]
enum Unrendered {
    Absent,
    Refused(Box<Problem>),
}

/// The pages.
pub struct Cache {
    pages: moka::future::Cache<(PageKey, Moment), Rendered>,
    html_index: IndexPage,
    json_index: IndexPage,
    listed: Listed,
    histories: Histories,
    keeper: Keeper,
    /// Whole answers.
    pub(crate) hot: Hot,
    follower: Follower,
    index: Index,
}

impl Cache {
    /// An empty cache that follows the journal from where it is now.
    pub async fn open(index: Index) -> Result<Self, StoreError> {
        let weigh = |_: &(PageKey, Moment), page: &Rendered| {
            u32::try_from(page.weight().saturating_add(OVERHEAD_BYTES)).unwrap_or(u32::MAX)
        };
        let pages = moka::future::Cache::builder()
            .max_capacity(MAX_BYTES)
            .weigher(weigh)
            // Not the frequency-based default: it would keep a page whose stamp moved over its popular successor.
            .eviction_policy(EvictionPolicy::lru())
            .time_to_idle(MAX_IDLE)
            .time_to_live(MAX_LIFE)
            .build();
        Ok(Self {
            pages,
            html_index: IndexPage::default(),
            json_index: IndexPage::default(),
            listed: Listed::new(),
            histories: Histories::new(),
            keeper: Keeper::default(),
            hot: Hot::default(),
            follower: Follower::open(index.clone()).await?,
            index,
        })
    }

    /// The page of that name as `reader` may see it. `render` makes it for a reader; many who ask for one public page at
    /// once wait for one rendering.
    pub(crate) async fn page<F>(
        &self,
        key: PageKey,
        reader: &Reader,
        render: impl Fn(Reader) -> F,
    ) -> Result<Rendered, Problem>
    where
        F: Future<Output = Result<Rendered, ReadError>>,
    {
        let anonymous = async { render(Reader::Anonymous).await.map_err(Unrendered::from) };
        let for_anybody = match self.follower.moment(key.project()) {
            Some(moment) => {
                let found = self.pages.try_get_with((key, moment), anonymous).await;
                found
                    .map_err(|error| (*error).clone())
                    .map(|page| page.of(moment))
            }
            None => anonymous.await,
        };
        match (for_anybody, reader) {
            (Ok(page), _) => Ok(page),
            (Err(Unrendered::Absent), Reader::Account(_)) => Ok(render(reader.clone()).await?),
            (Err(Unrendered::Absent), Reader::Anonymous) => Err(ReadError::NotFound.into()),
            (Err(Unrendered::Refused(problem)), _) => Err(*problem),
        }
    }

    /// Where a project's page for installers is kept beyond this process, as anybody may see it.
    pub(crate) fn keeping(&self, links: &Links, project: &ProjectName, json: bool) -> Keeping {
        self.keeper.page(&self.index, links, project, json)
    }

    /// `/simple/`, which takes so long in a large index that it may be some seconds old.
    pub(crate) async fn index_page<F>(
        &self,
        json: bool,
        render: impl FnOnce() -> F,
    ) -> Result<Rendered, Problem>
    where
        F: Future<Output = Result<Rendered, ReadError>>,
    {
        let page = if json {
            &self.json_index
        } else {
            &self.html_index
        };
        Ok(page.page(&self.follower, render).await?)
    }

    /// The present of a project's changes, or of all, for what is about to be read; none while nothing may be kept.
    pub(crate) fn moment(&self, project: Option<&ProjectName>) -> Option<Moment> {
        self.follower.moment(project)
    }

    /// The file of that name with that digest, as anybody may see it at `moment`; none: ask the index.
    pub(crate) async fn file(
        &self,
        moment: Moment,
        filename: &Filename,
        digest: &Sha256,
    ) -> Option<Arc<FoundFile>> {
        self.listed
            .file(&self.index, moment, filename, digest)
            .await
    }

    /// How a project's releases are judged, whoever may see it.
    pub(crate) async fn history(&self, project: &ProjectName) -> Result<Arc<History>, StoreError> {
        let moment = self.moment(Some(project));
        self.histories.of(&self.index, moment, project).await
    }

    /// Whether what was read at that moment may still be shown.
    pub(crate) fn lasts(&self, moment: Moment) -> bool {
        self.follower.lasts(moment)
    }

    /// Figures for operators.
    pub(crate) fn told(&self) -> Told {
        let (serial, age) = self.follower.told();
        Told {
            pages_bytes: self.pages.weighted_size(),
            answers_bytes: self.hot.bytes(),
            serial,
            age,
        }
    }

    /// Learns what changed until now. A failure is logged, and pages are rendered afresh until it works again.
    pub async fn catch_up(&self) {
        self.follower.catch_up().await;
    }
}

/// What the cache tells of itself.
pub(crate) struct Told {
    pub(crate) pages_bytes: u64,
    pub(crate) answers_bytes: u64,
    /// The last change that is known here.
    pub(crate) serial: Serial,
    /// How old that knowledge is; none: the journal cannot be read.
    pub(crate) age: Option<Duration>,
}

impl From<ReadError> for Unrendered {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::NotFound => Self::Absent,
            ReadError::NoProvenance(_) | ReadError::Store(_) | ReadError::Blobs(_) => {
                Self::Refused(Box::new(error.into()))
            }
        }
    }
}
