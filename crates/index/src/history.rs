//! What a project's releases say of who built them, in the order in which they came.

use std::collections::{BTreeSet, HashMap};

use touchplate_attest::Publisher;
use touchplate_packaging::simple::Yanked;
use touchplate_packaging::{ProjectName, Version};
use touchplate_policy::history::{FileProvenance, History, ReleaseFacts};
use touchplate_policy::{Builder, Shown};

use crate::Index;
use crate::accounts::Reader;
use crate::ports::{
    AttestedBy, FileId, FormSaid, ProjectFacts, Release, ReleaseMetadata, StoreError, Viewer,
};
use crate::projects::ReadError;

/// A project, what is known of its files, and how its releases are judged by it.
#[derive(Clone, Debug)]
pub struct ProjectHistory {
    /// What is known.
    pub facts: ProjectFacts,
    /// How its releases are judged.
    pub history: History,
    /// Who built each file that has provenance.
    built: HashMap<FileId, FileProvenance>,
}

impl Index {
    /// A project with its history, if the reader may see it.
    pub async fn project_history(
        &self,
        reader: &Reader,
        name: &ProjectName,
    ) -> Result<ProjectHistory, ReadError> {
        let viewer = reader.viewer(name);
        let facts = self.ports.releases.project_facts(name, viewer).await?;
        facts.map(ProjectHistory::of).ok_or(ReadError::NotFound)
    }

    /// A project with its history, whoever may see it: for chores, which tell nobody of it by name.
    pub async fn history_of(
        &self,
        name: &ProjectName,
    ) -> Result<Option<ProjectHistory>, StoreError> {
        let releases = &self.ports.releases;
        let facts = releases.project_facts(name, Viewer::Index).await?;
        Ok(facts.map(ProjectHistory::of))
    }

    /// What the first file of a release declared. The history says that the reader may see the project.
    pub async fn release_metadata(
        &self,
        of: &ProjectHistory,
        version: &Version,
    ) -> Result<ReleaseMetadata, ReadError> {
        let project = of.facts.project.id;
        let found = self.ports.releases.release(project, version).await?;
        found.ok_or(ReadError::NotFound)
    }

    /// What the forms said of the files. The history says that the reader may see the project.
    pub async fn forms_of(
        &self,
        of: &ProjectHistory,
    ) -> Result<HashMap<FileId, FormSaid>, StoreError> {
        let forms = self.ports.releases.forms(of.facts.project.id).await?;
        Ok(forms.into_iter().map(|said| (said.file, said)).collect())
    }
}

impl ProjectHistory {
    /// Judges what is known of a project.
    pub fn of(facts: ProjectFacts) -> Self {
        let built = built(&facts.attested);
        let of_file = |file| built.get(&file).cloned();
        let history = history(&facts, of_file);
        Self {
            facts,
            history,
            built,
        }
    }

    /// Releases that have files; others are left over from before the last of theirs was deleted.
    pub fn with_files(&self) -> impl Iterator<Item = &Release> {
        let has_files = |version: &Version| {
            let judged = self.history.release(version);
            judged.is_some_and(|it| it.facts.files > 0)
        };
        let releases = self.facts.releases.iter();
        releases.filter(move |it| has_files(&it.version))
    }

    /// What an installer would take: not yanked before yanked, no pre-release before pre-releases, then the highest.
    pub fn latest(&self) -> Option<&Release> {
        self.with_files().max_by_key(|release| {
            let version = &release.version;
            (
                release.yanked == Yanked::No,
                !version.is_prerelease(),
                version.clone(),
            )
        })
    }

    /// The publishers that attestations of a file were verified by, each once, in no particular order. Those that this
    /// program cannot read are left out.
    pub fn publishers_of(&self) -> HashMap<FileId, Vec<&Publisher>> {
        let mut found: HashMap<FileId, Vec<&Publisher>> = HashMap::new();
        for by in &self.facts.attested {
            let publishers = found.entry(by.file).or_default();
            if let Some(publisher) = by.publisher.as_ref()
                && !publishers.contains(&publisher)
            {
                publishers.push(publisher);
            }
        }
        found
    }

    /// Who built a file.
    pub fn provenance_of(&self, file: FileId) -> FileProvenance {
        let found = self.built.get(&file).cloned();
        found.unwrap_or(FileProvenance::Absent)
    }
}

fn history(facts: &ProjectFacts, built: impl Fn(FileId) -> Option<FileProvenance>) -> History {
    let new = |release: &Release| {
        let version = release.version.clone();
        let facts = ReleaseFacts::new(version.clone(), release.created_at);
        (version, facts)
    };
    let mut releases: HashMap<Version, ReleaseFacts> = facts.releases.iter().map(new).collect();
    for file in &facts.files {
        if let Some(release) = releases.get_mut(file.filename.version()) {
            release.count(built(file.id).unwrap_or(FileProvenance::Absent));
        }
    }
    History::of(releases.into_values())
}

/// What attestations say of who built each file. One that cannot be read leaves it open who built a file, whatever the others
/// say.
fn built(attested: &[AttestedBy]) -> HashMap<FileId, FileProvenance> {
    let mut built: HashMap<FileId, FileProvenance> = HashMap::new();
    for by in attested {
        let file = built
            .entry(by.file)
            .or_insert_with(|| FileProvenance::By(BTreeSet::new()));
        match (&mut *file, &by.publisher) {
            (FileProvenance::By(builders), Some(publisher)) => {
                let shown = Shown {
                    san: &by.san,
                    repository: by.repository.as_deref(),
                };
                builders.insert(Builder::new(publisher, shown));
            }
            _ => *file = FileProvenance::Unreadable,
        }
    }
    built
}
