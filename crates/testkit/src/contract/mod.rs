//! What every implementation of the ports must do. A new one is added to a list in `store/tests/contract.rs`.

mod accounts;
mod attesters;
mod blobs;
mod catalogue;
mod coverage;
mod downloads;
mod inventory;
mod jobs;
mod kept;
mod log;
mod news;
mod projects;
mod publishers;
mod quotas;
mod ratchets;
mod releases;
mod trusted_publishing;

use std::future::Future;
use std::pin::Pin;

use jiff::Timestamp;
use touchplate_index::accounts::UserName;
use touchplate_index::ports::{NewFile, NewProject, ProjectTarget, Viewer};
use touchplate_index::projects::Visibility;
use touchplate_index::{Actor, Origin, Ports, RequestId};
use touchplate_packaging::{CoreMetadata, Filename, Hasher, Profile, ProjectName, Version};

pub use log::{LOGS, LogCheck};
pub use publishers::verified;

/// One check of the contract, on fresh ports.
pub type Check = fn(Ports) -> Pin<Box<dyn Future<Output = ()> + Send>>;

macro_rules! checks {
    ($($module:ident::{$($name:ident),* $(,)?}),* $(,)?) => {
        /// Every check, by name.
        pub const ALL: &[(&str, Check)] =
            &[$($((stringify!($name), |ports| Box::pin($module::$name(ports)))),*),*];
    };
}

checks![
    accounts::{users_and_tokens_are_kept, read_tokens_are_for_the_projects_that_are_there, members_come_and_go, a_project_keeps_an_owner, administrators_are_owners_everywhere, publishers_are_found_by_key},
    projects::{an_empty_index_has_nothing, projects_are_listed_as_a_user_sees_them, the_database_hides_what_a_viewer_may_not_see, every_change_writes_one_journal_row, project_names_are_unique_and_not_confusable, deleting_a_project_takes_everything_but_its_filenames},
    releases::{an_upload_is_recorded_whole, what_is_odd_about_a_file_is_kept_with_it, a_project_of_nobody_belongs_to_the_first_who_uploads, a_refused_upload_changes_nothing, a_deleted_filename_stays_burned, a_yank_shows_on_every_file_of_the_release, a_change_may_ask_that_nothing_came_in_between, what_a_project_has_is_read_at_once, two_racing_uploads_of_one_name_leave_one},
    publishers::{a_publisher_is_pinned_to_the_numbers_it_first_showed, numbers_outlive_their_publisher, a_project_takes_so_many_publishers, uploads_bring_a_file_so_many_attestations, attestations_that_name_the_index_are_kept_and_counted_apart},
    quotas::{a_quota_bounds_what_a_project_has, of_racing_uploads_one_has_the_last_room},
    ratchets::{ratchets_turn_one_way},
    trusted_publishing::{publishers_are_found_in_the_whole_index, a_token_for_one_upload_is_used_up_by_the_one_that_is_recorded, a_token_is_minted_once_for_one_id_token, a_removed_publishers_tokens_reach_nothing, a_pending_publisher_becomes_a_project, a_name_that_was_taken_removes_the_pending_publisher, racing_mints_leave_one_project_and_one_token, what_ended_is_forgotten},
    attesters::{attesters_are_put_replaced_and_removed, attesters_of_a_project_are_bounded, later_attestations_are_kept_aside, an_upload_brings_nothing_that_was_added_before, of_racing_attestations_one_is_kept, files_are_found_by_digest_with_all_their_attestations},
    coverage::{coverage_is_counted_once_and_taken_back, projects_that_lost_their_provenance_are_listed},
    downloads::{downloads_are_counted_by_file_project_and_day, downloads_of_what_is_gone_are_passed_over},
    catalogue::{search_is_told_of_what_anybody_may_find, search_is_told_of_all_projects_by_name, search_is_told_what_releases_say},
    news::{the_latest_releases_are_listed_newest_first, what_not_everybody_may_see_is_no_news},
    inventory::{files_are_walked_through_in_pages, the_latest_review_is_kept, what_nothing_refers_to_is_told_apart},
    kept::{a_page_is_kept_while_it_is_right, only_what_anybody_may_see_is_kept},
    jobs::{a_job_is_one_holders_at_a_time, who_lost_a_turn_is_fenced_off, what_was_done_is_not_done_again_at_once, of_many_who_take_a_turn_one_has_it},
    blobs::{swept_bytes_cannot_be_referred_to, bytes_are_read_back_in_ranges},
];

/// The moment that everything here happens at: 2025-01-01T00:00:00Z.
pub const NOW: Timestamp = Timestamp::constant(1_735_689_600, 0);

/// An operator's change.
pub fn origin() -> Origin {
    Origin {
        actor: Actor::Operator,
        request: RequestId::random(),
        at: NOW,
    }
}

fn user(name: &str) -> UserName {
    name.parse().expect("a user name")
}

fn name(name: &str) -> ProjectName {
    name.parse().expect("a project name")
}

fn version(version: &str) -> Version {
    version.parse().expect("a version")
}

fn filename(filename: &str) -> Filename {
    filename.parse().expect("a filename")
}

fn project(display: &str, owner: Option<&str>) -> NewProject {
    NewProject {
        display: display.parse().expect("a project name"),
        visibility: Visibility::Public,
        owner: owner.map(user),
    }
}

/// An upload of `bytes` under `filename`, with the least metadata.
pub fn upload(target: ProjectTarget, given: &str, bytes: &[u8]) -> NewFile {
    let filename = filename(given);
    let fields = [
        ("metadata_version".to_owned(), "2.1".to_owned()),
        ("name".to_owned(), filename.project().to_string()),
        ("version".to_owned(), filename.version().to_string()),
        ("requires_python".to_owned(), ">=3.8".to_owned()),
    ];
    let mut hasher = Hasher::new();
    hasher.update(bytes);
    let (digests, size) = hasher.finish();
    NewFile {
        target,
        size,
        digests,
        metadata: CoreMetadata::from_form(&fields, Profile::Private).expect("good metadata"),
        core_metadata: given
            .ends_with(".whl")
            .then(|| b"Metadata-Version: 2.1\n".to_vec()),
        differences: Vec::new(),
        notes: Vec::new(),
        pyversion: "py3".to_owned(),
        comment: None,
        attestations: Vec::new(),
        user_agent: Some("contract".to_owned()),
        equal_bytes_allowed: true,
        run: None,
        spends: None,
        max_project_bytes: None,
        sweeps: 0,
        filename,
    }
}

async fn head(ports: &Ports) -> u64 {
    ports.journal.head().await.expect("the journal reads").0
}

/// A project `demo` owned by `alice`.
async fn demo(ports: &Ports) -> ProjectTarget {
    ports
        .accounts
        .add_user(&origin(), &user("alice"))
        .await
        .expect("alice is new");
    let created = ports
        .projects
        .create(&origin(), &project("demo", Some("alice")))
        .await
        .expect("demo is new");
    ProjectTarget::Existing(created.id)
}

async fn filenames(ports: &Ports, project: &str) -> Vec<String> {
    let found = ports
        .releases
        .project_files(&name(project), Viewer::Index)
        .await
        .expect("the store reads");
    let mut names: Vec<_> = found
        .map(|f| f.files)
        .unwrap_or_default()
        .iter()
        .map(|f| f.filename.to_string())
        .collect();
    names.sort();
    names
}
